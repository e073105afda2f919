//! Deliveries that wait because another attempt to their chat is open: each goes on when that one has ended. A doubt may stay open until a
//! person decides about it, so that looking whether it has ended by chance becomes rarer and rarer.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Engine;
use crate::clock::Now;
use crate::delivery::DeliveryId;

/// The first look, and the longest time between two: our own choice. An end that the engine learns of is acted on at once.
const PAUSE: Duration = Duration::from_secs(15);
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// More than so many are not remembered; they look now and then.
const WAITING_MAX: usize = 4_096;

/// Which delivery waits behind which.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// How often each has looked, by whom it waits for.
    waiting: BTreeMap<DeliveryId, BTreeMap<DeliveryId, u32>>,
    count: usize,
}

impl Behind {
    /// Waits for the attempt of `open` to end: how long until it is looked at again.
    pub(super) fn wait(&mut self, open: DeliveryId, delivery: DeliveryId) -> Duration {
        let is_full = self.count >= WAITING_MAX;
        let behind = self.waiting.get(&open);
        let is_known = behind.is_some_and(|behind| behind.contains_key(&delivery));
        if is_full && !is_known {
            return PAUSE_MAX / 4;
        }
        self.count += usize::from(!is_known);
        let looks = self.waiting.entry(open).or_default();
        let looks = looks.entry(delivery).or_default();
        let pause = (PAUSE * 2u32.pow((*looks).min(16))).min(PAUSE_MAX);
        *looks += 1;
        pause
    }

    /// Who waited for this one.
    pub(super) fn ended(&mut self, open: DeliveryId) -> impl Iterator<Item = DeliveryId> {
        let waited = self.waiting.remove(&open).unwrap_or_default();
        self.count -= waited.len();
        waited.into_keys()
    }
}

impl Engine {
    /// The attempt of this delivery is open no more: whoever waited for its chat may go on.
    pub(super) fn chat_is_free(&mut self, delivery: DeliveryId, now: Now) {
        for waited in self.behind.ended(delivery) {
            if let Some(job) = self.jobs.get_mut(&waited.campaign()) {
                job.hasten(waited, now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::CampaignId;

    fn delivery(ordinal: u32) -> DeliveryId {
        DeliveryId::new(CampaignId::new(1).unwrap(), ordinal).unwrap()
    }

    #[test]
    fn looks_become_rarer_and_an_end_is_told_to_all_who_wait_for_it() {
        let mut behind = Behind::default();
        let [open, other, one, two] = [0, 1, 2, 3].map(delivery);
        let pauses: Vec<u64> = (0..10).map(|_| behind.wait(open, one).as_secs()).collect();
        assert_eq!(
            pauses,
            [15, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]
        );
        assert_eq!(behind.wait(open, two), PAUSE);
        assert_eq!(behind.ended(other).count(), 0);
        assert_eq!(behind.ended(open).collect::<Vec<_>>(), [one, two]);
        assert_eq!(behind.ended(open).count(), 0);
        assert_eq!(behind.wait(other, one), PAUSE, "another wait");
    }

    #[test]
    fn no_more_are_remembered_than_fit() {
        let mut behind = Behind::default();
        let most = WAITING_MAX as u32;
        for ordinal in 1..=most {
            assert_eq!(behind.wait(delivery(0), delivery(ordinal)), PAUSE);
        }
        let one_more = behind.wait(delivery(0), delivery(most + 1));
        assert!((PAUSE..=PAUSE_MAX).contains(&one_more) && one_more > PAUSE);
        assert_eq!(behind.ended(delivery(0)).count(), WAITING_MAX);
        assert_eq!(behind.wait(delivery(0), delivery(most + 1)), PAUSE);
    }
}
