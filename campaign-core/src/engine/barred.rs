//! What becomes of a message that may not go to its person, or not yet.

use super::lane::wait_between;
use super::{Engine, happened};
use crate::clock::Now;
use crate::consent::Barred;
use crate::delivery::{Happening, Reason};
use crate::store::{LaneId, Ready};

impl Engine {
    /// What can only be skipped is skipped; what a cap holds waits, unless that would outlast the campaign or the rules' patience.
    pub(super) fn barred(&mut self, lane: LaneId, ready: Ready, barred: Barred, now: Now) {
        let window = self.window();
        let delivery = ready.delivery;
        let reason = match barred {
            Barred::Suppressed => Reason::Suppressed,
            Barred::NoConsent => Reason::NoConsent,
            Barred::Repeated => Reason::Repeated,
            Barred::MayBeHidden => return self.ask_for_lid(lane, ready, now),
            Barred::Capped { until, may_wait } => {
                let Some(job) = self.jobs.get_mut(&delivery.campaign()) else {
                    return;
                };
                let expiry = job.record.definition.expires_at;
                if may_wait && expiry.is_none_or(|expiry| until < expiry) {
                    let until = now.elapsed + wait_between(now, until);
                    return job.put_off(ready, until, window);
                }
                Reason::FrequencyCapped
            }
        };
        self.changes
            .push(happened(delivery, Happening::Skipped(reason)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::testing::{World, single};
    use crate::limits::LaneLimits;
    use crate::store::{Change, Lost};

    #[test]
    fn what_a_cap_holds_waits_unless_that_outlasts_its_campaign_or_the_rules_patience() {
        let noon = "2026-11-21T05:00:00Z";
        let rows = [
            (true, None, true),
            (false, None, false),
            (true, Some("2026-11-21T05:01:00Z"), true),
            (true, Some(noon), false),
            (true, Some("2026-11-21T04:59:00Z"), false),
        ];
        for (may_wait, expires_at, waits) in rows {
            let mut world = World::new(LaneLimits::unpaced(1));
            let mut record = single(1, 1, None);
            let definition = Arc::make_mut(&mut record.definition);
            definition.expires_at = expires_at.map(|moment| moment.parse().unwrap());
            world.add(record);
            let until = noon.parse().unwrap();
            world.lose([Lost::Barred(Barred::Capped { until, may_wait })]);
            world.until_sent(1);
            let is_capped = |change: &Change| match change {
                Change::Happened(happened) => {
                    happened.happening == Happening::Skipped(Reason::FrequencyCapped)
                }
                _ => false,
            };
            let row = (may_wait, expires_at);
            assert_eq!(!world.kept().any(is_capped), waits, "{row:?}");
            assert_eq!(world.sent.len(), 0, "{row:?}");
            let left = world.now.wall.duration_until(until).unsigned_abs();
            world.wait(left);
            world.until_sent(1);
            assert_eq!(world.sent.len(), usize::from(waits), "{row:?}");
        }
    }
}
