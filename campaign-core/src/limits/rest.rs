//! After so many messages a longer pause, as a person makes one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Past;
use crate::clock::Elapsed;

/// After so many sends in a row, nothing for a time that is drawn anew each time, evenly between two bounds.
///
/// WAHA's documentation ("How to Avoid Blocking") advises it: random pauses between messages are not enough, stop for a while after
/// every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// After how many sends; 0 is taken as 1.
    pub after: u32,
    /// The shortest rest.
    pub min: Duration,
    /// The longest rest.
    pub max: Duration,
}

impl Rest {
    /// The rest that stands at `unit` (0 to 1) between the bounds.
    pub fn draw(self, unit: f64) -> Duration {
        let range = self.max.saturating_sub(self.min);
        self.min + range.mul_f64(unit.clamp(0.0, 1.0))
    }
}

/// What a lane that rests may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resting {
    /// It does not rest.
    No,
    /// It rests until this moment.
    Until(Elapsed),
    /// It rests when its sends under way have ended; the length is drawn then.
    AfterAnEnd,
}

/// The sends since a lane's last rest. A pause that came by itself, such as a night, counts as a rest when it is as long as the
/// shortest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spell {
    begun: u32,
    last_end: Option<Elapsed>,
    /// Drawn when the send that makes a rest due has ended.
    rest: Option<Duration>,
}

impl Spell {
    /// The spell of a lane with these earlier sends. As many as [`Rest::after`] tell it exactly; of fewer, it begins with those.
    /// `unit` (0 to 1) draws the rest, if one is due.
    pub fn after(rest: Rest, past: &[Past], unit: f64) -> Self {
        let mut sends = past.to_vec();
        sends.sort_unstable_by_key(|send| send.started);
        let mut spell = Self::default();
        for send in sends {
            spell.begins(rest, send.started, 0);
            spell.ended(rest, send.ended, unit);
        }
        spell
    }

    /// Whether a send may begin at `now`, with `in_flight` others under way.
    pub fn when(&self, rest: Rest, now: Elapsed, in_flight: usize) -> Resting {
        if self.begun < rest.after.max(1) || self.has_rested(rest, now, in_flight) {
            return Resting::No;
        }
        match (self.last_end, self.rest) {
            (Some(end), Some(length)) if in_flight == 0 => Resting::Until(end + length),
            _ if in_flight > 0 => Resting::AfterAnEnd,
            // The rest was switched on after the last send had ended, so none was drawn: the shortest.
            (Some(end), None) => Resting::Until(end + rest.min),
            _ => Resting::No,
        }
    }

    /// A send begins at `now`, with `in_flight` others under way.
    pub fn begins(&mut self, rest: Rest, now: Elapsed, in_flight: usize) {
        if self.has_rested(rest, now, in_flight) {
            self.begun = 0;
            self.rest = None;
        }
        self.begun = self.begun.saturating_add(1);
    }

    /// A send has ended. `unit` (0 to 1) draws the rest, if one is due.
    pub fn ended(&mut self, rest: Rest, ended: Elapsed, unit: f64) {
        self.last_end = Some(self.last_end.map_or(ended, |last| last.max(ended)));
        if self.begun >= rest.after.max(1) {
            self.rest = Some(rest.draw(unit));
        }
    }

    /// A send that had begun is proved not handed over.
    pub fn given_back(&mut self) {
        self.begun = self.begun.saturating_sub(1);
    }

    fn has_rested(&self, rest: Rest, now: Elapsed, in_flight: usize) -> bool {
        let wanted = self.rest.unwrap_or(rest.min);
        let is_idle_since = |end: Elapsed| in_flight == 0 && now >= end + wanted;
        // A rest of no length is none, unless it was drawn so.
        (self.rest.is_some() || !wanted.is_zero()) && self.last_end.is_some_and(is_idle_since)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Slot;
    use super::*;

    fn second(seconds: i64) -> Elapsed {
        Elapsed::from_micros(seconds * 1_000_000)
    }

    fn rest(after: u32, min: u64, max: u64) -> Rest {
        Rest {
            after,
            min: Duration::from_secs(min),
            max: Duration::from_secs(max),
        }
    }

    fn send(spell: &mut Spell, rest: Rest, start: i64, end: i64) {
        assert_eq!(spell.when(rest, second(start), 0), Resting::No, "{start}");
        spell.begins(rest, second(start), 0);
        spell.ended(rest, second(end), 0.5);
    }

    #[test]
    fn a_rest_comes_after_so_many_sends_and_is_drawn_between_its_bounds() {
        let rest = rest(2, 60, 120);
        let mut spell = Spell::default();
        send(&mut spell, rest, 0, 1);
        send(&mut spell, rest, 2, 3);
        assert_eq!(spell.when(rest, second(4), 0), Resting::Until(second(93)));
        assert_eq!(spell.when(rest, second(92), 0), Resting::Until(second(93)));
        send(&mut spell, rest, 93, 94);
        send(&mut spell, rest, 95, 96);
        assert_eq!(spell.when(rest, second(96), 0), Resting::Until(second(186)));
    }

    #[test]
    fn a_rest_after_every_send_and_a_rest_of_no_length_are_possible() {
        for after in [0, 1] {
            let rest = rest(after, 10, 10);
            let mut spell = Spell::default();
            send(&mut spell, rest, 0, 1);
            assert_eq!(spell.when(rest, second(2), 0), Resting::Until(second(11)));
            send(&mut spell, rest, 11, 12);
        }
        let none = rest(1, 0, 0);
        let mut spell = Spell::default();
        send(&mut spell, none, 0, 1);
        send(&mut spell, none, 1, 2);
    }

    #[test]
    fn a_pause_that_came_by_itself_is_a_rest_if_it_is_long_enough() {
        let rest = rest(3, 60, 120);
        let mut spell = Spell::default();
        send(&mut spell, rest, 0, 1);
        send(&mut spell, rest, 2, 3);
        send(&mut spell, rest, 63, 64);
        send(&mut spell, rest, 70, 71);
        // 59 seconds are too few.
        send(&mut spell, rest, 130, 131);
        assert_eq!(
            spell.when(rest, second(131), 0),
            Resting::Until(second(221))
        );
    }

    #[test]
    fn sends_under_way_count_and_the_rest_begins_when_the_last_has_ended() {
        let rest = rest(2, 60, 60);
        let mut spell = Spell::default();
        spell.begins(rest, second(0), 0);
        spell.begins(rest, second(1), 1);
        assert_eq!(spell.when(rest, second(2), 2), Resting::AfterAnEnd);
        spell.ended(rest, second(5), 0.5);
        assert_eq!(spell.when(rest, second(5), 1), Resting::AfterAnEnd);
        spell.ended(rest, second(3), 0.5);
        assert_eq!(spell.when(rest, second(6), 0), Resting::Until(second(65)));
    }

    #[test]
    fn what_was_not_handed_over_is_no_reason_to_rest() {
        let rest = rest(1, 60, 60);
        let mut spell = Spell::default();
        spell.begins(rest, second(0), 0);
        spell.given_back();
        assert_eq!(spell.when(rest, second(1), 0), Resting::No);
    }

    #[test]
    fn a_rest_goes_on_over_a_restart_and_one_that_is_switched_on_looks_back() {
        let past = |start, end| Past {
            slot: Slot::Cold,
            started: second(start),
            ended: second(end),
            is_open: false,
        };
        let sends = [past(4, 5), past(0, 1), past(2, 3)];
        let spell = Spell::after(rest(3, 60, 100), &sends, 0.5);
        assert_eq!(
            spell.when(rest(3, 60, 100), second(6), 0),
            Resting::Until(second(85))
        );
        let spell = Spell::after(rest(9, 60, 100), &sends, 0.5);
        assert_eq!(spell.when(rest(9, 60, 100), second(6), 0), Resting::No);
        assert_eq!(
            spell.when(rest(3, 60, 100), second(6), 0),
            Resting::Until(second(65))
        );
    }

    proptest! {
        /// However it is used, no more sends than `after` begin between two pauses as long as the shortest rest.
        #[test]
        fn no_batch_is_larger_than_it_may_be(
            after in 1u32..6, min in 1u64..50, more in 0u64..50,
            waits in prop::collection::vec((0i64..80, 0i64..20, 0.0f64..=1.0), 1..80)
        ) {
            let rest = rest(after, min, min + more);
            let (mut spell, mut clock, mut batch) = (Spell::default(), second(0), 0);
            let mut last_end: Option<Elapsed> = None;
            for (wait, takes, unit) in waits {
                clock = clock + Duration::from_secs(wait as u64);
                if let Resting::Until(until) = spell.when(rest, clock, 0) {
                    prop_assert!(until > clock);
                    clock = until;
                }
                prop_assert_eq!(spell.when(rest, clock, 0), Resting::No);
                let is_rested = last_end.is_none_or(|end| clock >= end + rest.min);
                batch = if is_rested { 1 } else { batch + 1 };
                prop_assert!(batch <= after, "{} in one batch", batch);
                spell.begins(rest, clock, 0);
                clock = clock + Duration::from_secs(takes as u64);
                spell.ended(rest, clock, unit);
                last_end = Some(clock);
            }
        }
    }
}
