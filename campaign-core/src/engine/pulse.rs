//! Whether a session that says WORKING still reaches WhatsApp, by what its messages come back with.
//!
//! WAHA accepts messages for a session that is dead, and they stay without an acknowledgement for ever. So several accepted messages
//! that nothing acknowledged, while nothing else was heard of WhatsApp either, make a session suspect. Where acks come by events, their
//! absence is enough; where none were heard, a look-up must have found that WAHA has the message and WhatsApp has not.
//! WAHA's echo of a message that it was given is no sign of life: it makes that itself, before its answer at times (recorded).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::clock::Elapsed;
use crate::delivery::DeliveryId;
use crate::limits::Slot;

/// So many accepted messages without an ack make a session suspect. Single acks get lost; that three in a row do is rare enough, and
/// each further message would be one more that WhatsApp never saw.
const SUSPECTS: usize = 3;
/// Accepted messages whose ack is waited for. Beyond that the oldest are not judged at all.
const WAITING_MAX: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Accepted and neither acknowledged nor judged.
    waiting: BTreeMap<DeliveryId, Slot>,
    order: VecDeque<DeliveryId>,
    /// The first that were accepted since anything was heard of WhatsApp, oldest first.
    suspects: VecDeque<Elapsed>,
    /// Those that a look-up found without an ack, and when they were accepted.
    looked_up: BTreeMap<DeliveryId, Elapsed>,
    alive_at: Option<Elapsed>,
    acks_come: bool,
}

impl Pulse {
    /// Acks have been heard by events, and none can have been missed since: that one does not come means something.
    pub(super) fn acks_come(&self) -> bool {
        self.acks_come
    }

    /// WAHA accepted a message.
    pub(super) fn accepted(&mut self, delivery: DeliveryId, slot: Slot, now: Elapsed) {
        if self.waiting.insert(delivery, slot).is_none() {
            self.order.push_back(delivery);
        }
        while self.order.len() > WAITING_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.waiting.remove(&oldest);
            }
        }
        if self.suspects.len() < SUSPECTS {
            self.suspects.push_back(now);
        }
    }

    /// WhatsApp said something about a message. Tells the slot of one that this was waited for of.
    pub(super) fn heard_of(&mut self, delivery: DeliveryId) -> Option<Slot> {
        self.waiting.remove(&delivery)
    }

    /// An event brought an ack.
    pub(super) fn ack_came(&mut self, now: Elapsed) {
        self.acks_come = true;
        self.was_alive(now);
    }

    /// WhatsApp was reached at this moment, or when the message was accepted that a look-up found acknowledged.
    pub(super) fn was_alive(&mut self, at: Elapsed) {
        self.alive_at = self.alive_at.max(Some(at));
        self.suspects.retain(|since| *since > at);
        self.looked_up.retain(|_, since| *since > at);
    }

    /// A look-up found a message, accepted at this moment, that WhatsApp has not acknowledged.
    pub(super) fn found_without_ack(&mut self, delivery: DeliveryId, accepted: Elapsed) {
        if self.alive_at.is_none_or(|alive| accepted > alive) && self.looked_up.len() < SUSPECTS {
            self.looked_up.insert(delivery, accepted);
        }
    }

    /// Acks may have been missed, or are not to be relied on: until one is heard again, look-ups decide.
    pub(super) fn distrust_silence(&mut self) {
        self.acks_come = false;
    }

    /// Nothing is held against the session any more.
    pub(super) fn forgive(&mut self) {
        self.suspects.clear();
        self.looked_up.clear();
    }

    /// Several messages have been without any ack for so long.
    pub(super) fn is_suspect(&self, silence: Duration, now: Elapsed) -> bool {
        self.looked_up.len() >= SUSPECTS
            || self.suspect_at(silence).is_some_and(|moment| moment <= now)
    }

    /// When it will be suspect, if nothing is heard until then.
    pub(super) fn suspect_at(&self, silence: Duration) -> Option<Elapsed> {
        let last = self.suspects.get(SUSPECTS - 1)?;
        self.acks_come.then(|| *last + silence)
    }

    /// Too little is held against it to suspect it, however long that has been.
    pub(super) fn is_cleared(&self) -> bool {
        self.suspects.len() < SUSPECTS && self.looked_up.len() < SUSPECTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::CampaignId;

    const SILENCE: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Elapsed {
        Elapsed::from_micros(second * 1_000_000)
    }

    fn delivery(number: u32) -> DeliveryId {
        DeliveryId::new(CampaignId::new(1).unwrap(), number).unwrap()
    }

    /// Messages accepted at these seconds, in a session whose acks come by events.
    fn accepted(seconds: &[i64]) -> Pulse {
        let mut pulse = Pulse::default();
        pulse.ack_came(at(0));
        for (number, second) in (0..).zip(seconds) {
            pulse.accepted(delivery(number), Slot::Cold, at(*second));
        }
        pulse
    }

    #[test]
    fn several_messages_without_any_ack_make_a_session_suspect() {
        for (seconds, suspect_at) in [
            (&[][..], None),
            (&[10, 20], None),
            (&[10, 20, 30], Some(90)),
            (&[10, 20, 30, 200], Some(90)),
        ] {
            let pulse = accepted(seconds);
            assert_eq!(pulse.suspect_at(SILENCE), suspect_at.map(at), "{seconds:?}");
            if let Some(moment) = suspect_at {
                assert!(!pulse.is_suspect(SILENCE, at(moment - 1)), "{seconds:?}");
                assert!(pulse.is_suspect(SILENCE, at(moment)), "{seconds:?}");
            }
        }
    }

    #[test]
    fn whatever_is_heard_of_whatsapp_clears_what_was_accepted_before() {
        let mut pulse = accepted(&[10, 20, 30]);
        pulse.ack_came(at(40));
        assert!(pulse.is_cleared() && !pulse.is_suspect(SILENCE, at(500)));
        for second in [50, 60, 70] {
            pulse.accepted(delivery(second), Slot::Cold, at(i64::from(second)));
        }
        assert!(pulse.is_suspect(SILENCE, at(130)), "the later ones count");
        // A message that a look-up finds acknowledged tells of its own time.
        pulse.was_alive(at(10));
        assert!(pulse.is_suspect(SILENCE, at(130)));
        pulse.was_alive(at(50));
        assert!(!pulse.is_suspect(SILENCE, at(130)));
    }

    #[test]
    fn where_no_ack_was_heard_only_look_ups_make_it_suspect() {
        let mut pulse = Pulse::default();
        for number in 0..9 {
            pulse.accepted(delivery(number), Slot::Cold, at(1));
        }
        assert!(!pulse.is_suspect(SILENCE, at(1_000)));
        for number in [0, 1, 1, 1] {
            pulse.found_without_ack(delivery(number), at(1));
        }
        assert!(!pulse.is_suspect(SILENCE, at(1_000)), "two messages");
        pulse.found_without_ack(delivery(2), at(1));
        assert!(pulse.is_suspect(SILENCE, at(1_000)));
        let mut alive = accepted(&[]);
        alive.was_alive(at(50));
        for number in 0..9 {
            alive.found_without_ack(delivery(number), at(50));
        }
        assert!(!alive.is_suspect(SILENCE, at(1_000)), "long over");
    }

    #[test]
    fn a_gap_in_the_events_is_no_silence() {
        let mut pulse = accepted(&[10, 20, 30]);
        pulse.distrust_silence();
        assert!(!pulse.is_suspect(SILENCE, at(1_000)) && !pulse.acks_come());
        pulse.ack_came(at(1_000));
        assert!(!pulse.is_suspect(SILENCE, at(2_000)) && pulse.acks_come());
    }

    #[test]
    fn each_message_is_judged_once_and_memory_is_bounded() {
        let mut pulse = accepted(&[10]);
        assert_eq!(pulse.heard_of(delivery(0)), Some(Slot::Cold));
        assert_eq!(pulse.heard_of(delivery(0)), None);
        assert_eq!(pulse.heard_of(delivery(7)), None);
        for number in 0..5_000 {
            pulse.accepted(delivery(number), Slot::Reply, at(20));
        }
        assert!(pulse.waiting.len() <= WAITING_MAX && pulse.order.len() <= WAITING_MAX);
        assert_eq!(pulse.heard_of(delivery(4_999)), Some(Slot::Reply));
        assert_eq!(pulse.heard_of(delivery(100)), None);
    }

    /// Accepted at these seconds, and found so by look-ups as well; the last sign of life, and whether the session is suspect long after.
    #[test]
    fn only_what_was_accepted_after_the_last_sign_of_life_counts() {
        for (accepted_at, alive, is_suspect) in [
            (&[10, 20, 30][..], 9, true),
            (&[10, 20, 30], 10, false),
            (&[10, 20, 30], 11, false),
            (&[10, 10, 10], 9, true),
            (&[10, 10, 10], 10, false),
            (&[10, 20], 9, false),
            // Of many the first few are kept.
            (&[10, 20, 30, 40], 10, false),
        ] {
            let by_events = accepted(accepted_at);
            let mut by_look_ups = Pulse::default();
            for (number, second) in (0..).zip(accepted_at) {
                by_look_ups.found_without_ack(delivery(number), at(*second));
            }
            for mut pulse in [by_events, by_look_ups] {
                pulse.was_alive(at(alive));
                let case = format!("{accepted_at:?}, alive at {alive}: {pulse:?}");
                assert_eq!(pulse.is_suspect(SILENCE, at(1_000)), is_suspect, "{case}");
                assert_eq!(!pulse.is_cleared(), is_suspect, "{case}");
            }
        }
    }

    #[test]
    fn what_a_look_up_finds_of_a_message_from_before_the_last_sign_of_life_is_long_over() {
        for (accepted_at, is_suspect) in [(49, false), (50, false), (51, true)] {
            let mut pulse = Pulse::default();
            pulse.was_alive(at(50));
            for number in 0..3 {
                pulse.found_without_ack(delivery(number), at(accepted_at));
            }
            assert_eq!(
                pulse.is_suspect(SILENCE, at(60)),
                is_suspect,
                "{accepted_at}"
            );
        }
    }

    #[test]
    fn what_is_forgiven_is_not_held_against_it() {
        let mut pulse = accepted(&[10, 20, 30]);
        for number in 0..3 {
            pulse.found_without_ack(delivery(number), at(20));
        }
        pulse.forgive();
        assert!(pulse.is_cleared() && !pulse.is_suspect(SILENCE, at(1_000)));
        assert!(pulse.acks_come());
    }

    #[test]
    fn the_latest_thousand_messages_are_waited_for() {
        let mut pulse = accepted(&[]);
        for number in 0..1_024 {
            pulse.accepted(delivery(number), Slot::Cold, at(1));
        }
        assert_eq!(pulse.heard_of(delivery(0)), Some(Slot::Cold));
        for number in [0, 2_000] {
            pulse.accepted(delivery(number), Slot::Cold, at(2));
        }
        assert_eq!(pulse.heard_of(delivery(2)), Some(Slot::Cold));
        assert_eq!(pulse.heard_of(delivery(1)), None);
    }
}
