//! A breaker for one account: after too many failures nothing is sent for a while, then one message tries for all.
//!
//! It is fed one judgement for each message ([`super::pulse`] sees to that) and knows nothing of why one failed. The pause grows with
//! each opening, so that a server that stays broken is troubled less and less.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Elapsed;
use crate::failure::Trouble;

/// So many failures in a row open it. At one lost answer in a hundred, which is what queues in front of WAHA were measured to meet, five
/// in a row are one chance in ten thousand million; and five doubts are few enough to be looked up.
const RUN_MAX: u32 = 5;
/// The latest judgements that are kept. Fewer would make a share of them a matter of luck.
const LATEST: usize = 20;
/// Of those, so many failures open it: a server that fails every other message makes more doubts than deliveries.
const FAILED_MAX: usize = LATEST / 2;
/// What jitter adds at most, as a part of the pause: accounts of one server that broke together do not come back together.
const JITTER: f64 = 0.25;
/// Beyond this many doublings every pause is the longest.
const DOUBLINGS_MAX: u32 = 16;

/// How long it stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pauses {
    /// The first time.
    pub(super) min: Duration,
    /// The longest: it doubles up to here.
    pub(super) max: Duration,
}

impl Pauses {
    /// The longest there is, with all its jitter.
    pub(super) fn longest(self) -> Duration {
        self.max + self.max.mul_f64(JITTER)
    }
}

#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    /// Latest judgements while closed, oldest first; true: it failed.
    latest: VecDeque<bool>,
    run: u32,
    /// How often it has opened since all was well.
    openings: u32,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open(Opening),
    /// One message may try.
    HalfOpen(Opening),
}

/// Why it is open, since when and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) trouble: Trouble,
    /// When it opened first without having been closed in between.
    pub(super) since: Elapsed,
    pub(super) until: Elapsed,
}

impl Breaker {
    /// As it was when another process had it.
    pub(super) fn opened(opening: Option<Opening>, openings: u32) -> Self {
        Self {
            state: opening.map_or(State::Closed, State::Open),
            openings,
            ..Self::default()
        }
    }

    /// Why nothing may be sent now, and until when.
    pub(super) fn held(&self, now: Elapsed) -> Option<Opening> {
        match self.state {
            State::Open(opening) if opening.until > now => Some(opening),
            _ => None,
        }
    }

    /// Nothing has gone well since it opened, whether or not a message may try.
    pub(super) fn opening(&self) -> Option<Opening> {
        match self.state {
            State::Closed => None,
            State::Open(opening) | State::HalfOpen(opening) => Some(opening),
        }
    }

    /// How often it has opened since all was well.
    pub(super) fn openings(&self) -> u32 {
        self.openings
    }

    /// The pause is over: one message may try, and no other beside it.
    pub(super) fn is_half_open(&self, now: Elapsed) -> bool {
        match self.state {
            State::Closed => false,
            State::Open(opening) => opening.until <= now,
            State::HalfOpen(_) => true,
        }
    }

    /// A message is tried.
    pub(super) fn tries(&mut self) {
        if let State::Open(opening) = self.state {
            self.state = State::HalfOpen(opening);
        }
    }

    /// One message may try at once, whatever pause is left.
    pub(super) fn may_try(&mut self, now: Elapsed) {
        if let State::Open(opening) = &mut self.state {
            opening.until = opening.until.min(now);
        }
    }

    /// How a message went while it is closed. Tells whether that opens it. `unit` (0 to 1) draws the jitter.
    pub(super) fn judged(
        &mut self,
        is_failure: bool,
        pauses: Pauses,
        now: Elapsed,
        unit: f64,
    ) -> bool {
        if self.state != State::Closed {
            // It was under way when this opened; the trial's own end comes by another door.
            return false;
        }
        self.latest.push_back(is_failure);
        if self.latest.len() > LATEST {
            self.latest.pop_front();
        }
        self.run = if is_failure { self.run + 1 } else { 0 };
        let failed = self.latest.iter().filter(|failed| **failed).count();
        if failed == 0 && self.latest.len() == LATEST {
            self.openings = 0;
        }
        let is_too_much =
            self.run >= RUN_MAX || (self.latest.len() == LATEST && failed >= FAILED_MAX);
        if is_failure && is_too_much {
            self.open(Trouble::RepeatedFailures, pauses, now, unit);
            return true;
        }
        false
    }

    /// Opens it, or opens it again for longer.
    pub(super) fn open(&mut self, trouble: Trouble, pauses: Pauses, now: Elapsed, unit: f64) {
        let doublings = self.openings.min(DOUBLINGS_MAX);
        let pause = pauses.min.saturating_mul(1 << doublings).min(pauses.max);
        let pause = pause + pause.mul_f64(JITTER * unit.clamp(0.0, 1.0));
        self.openings = self.openings.saturating_add(1);
        self.state = State::Open(Opening {
            trouble,
            since: self.opening().map_or(now, |opening| opening.since),
            until: now + pause,
        });
        self.forget();
    }

    /// The trial went well, or there is other proof that all is well. The pauses stay long until enough messages in a row went well.
    pub(super) fn close(&mut self) {
        self.state = State::Closed;
        self.forget();
    }

    fn forget(&mut self) {
        self.latest.clear();
        self.run = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAUSES: Pauses = Pauses {
        min: Duration::from_secs(30),
        max: Duration::from_secs(300),
    };

    fn at(second: i64) -> Elapsed {
        Elapsed::from_micros(second * 1_000_000)
    }

    /// Judges one message a second from 0 on (`x` failed); tells after which of them it was open.
    fn opens_after(history: &str) -> Option<usize> {
        let mut breaker = Breaker::default();
        for (index, it) in history.chars().enumerate() {
            if breaker.judged(it == 'x', PAUSES, at(index as i64), 0.0) {
                return Some(index + 1);
            }
        }
        None
    }

    #[test]
    fn a_run_of_failures_opens_it_and_so_does_a_share_of_them() {
        let rows = [
            ("....................", None),
            ("xxxx", None),
            ("xxxxx", Some(5)),
            ("xxxx.xxxx", None),
            ("..........xxxx.xxxxx", Some(20)),
            // Nine of twenty are borne, ten are not.
            ("x.x.x.x.x.x.x.x.x...", None),
            ("x.x.x.x.x.x.x.x.x.x.", None),
            ("x.x.x.x.x.x.x.x.x..x", Some(20)),
            (".x.x.x.x.x.x.x.x.x.x", Some(20)),
            // The share is of the latest: what is longer ago counts no more.
            ("xxxx.xxxx................x.x.x.x.x.x.x", None),
            ("x...x...x...x...x...x...x...x...x...", None),
        ];
        for (history, opens) in rows {
            assert_eq!(opens_after(history), opens, "{history}");
        }
    }

    #[test]
    fn it_is_open_until_its_time_and_then_one_may_try() {
        let mut breaker = Breaker::default();
        breaker.open(Trouble::RepeatedFailures, PAUSES, at(0), 0.0);
        let opening = breaker.held(at(29)).unwrap();
        assert_eq!((opening.since, opening.until), (at(0), at(30)));
        assert!(!breaker.is_half_open(at(29)));
        assert_eq!(breaker.held(at(30)), None);
        assert!(breaker.is_half_open(at(30)));
        breaker.tries();
        assert!(breaker.is_half_open(at(31)) && breaker.opening().is_some());
        // What was under way says nothing about the trial.
        assert!(!breaker.judged(false, PAUSES, at(32), 0.0));
        assert!(breaker.is_half_open(at(32)));
        breaker.close();
        assert!(!breaker.is_half_open(at(33)) && breaker.opening().is_none());
    }

    #[test]
    fn pauses_grow_until_much_has_gone_well() {
        let mut breaker = Breaker::default();
        let mut second = 0;
        let mut pauses = Vec::new();
        for _ in 0..6 {
            breaker.open(Trouble::SuspectedDead, PAUSES, at(second), 0.0);
            let opening = breaker.opening().unwrap();
            assert_eq!(opening.since, at(0), "since it opened first");
            pauses.push(opening.until.since(at(second)).as_secs());
            second += 1_000;
            breaker.tries();
        }
        assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
        breaker.close();
        for count in 0..19 {
            breaker.judged(false, PAUSES, at(second + count), 0.0);
        }
        assert_eq!(breaker.openings(), 6, "not yet");
        breaker.judged(false, PAUSES, at(second + 20), 0.0);
        assert_eq!(breaker.openings(), 0);
    }

    #[test]
    fn an_operator_need_not_wait_for_the_pause() {
        let mut breaker = Breaker::default();
        breaker.open(Trouble::RepeatedFailures, PAUSES, at(0), 0.0);
        breaker.may_try(at(5));
        assert!(breaker.is_half_open(at(5)));
        let mut closed = Breaker::default();
        closed.may_try(at(5));
        assert!(!closed.is_half_open(at(5)));
    }

    #[test]
    fn another_process_goes_on_with_the_same_pause() {
        let mut breaker = Breaker::default();
        for second in [0, 100, 200] {
            breaker.open(Trouble::SuspectedDead, PAUSES, at(second), 1.0);
        }
        let mut next = Breaker::opened(breaker.opening(), breaker.openings());
        assert_eq!(next.held(at(201)), breaker.held(at(201)));
        next.open(Trouble::SuspectedDead, PAUSES, at(400), 0.0);
        assert_eq!(next.opening().unwrap().until, at(640));
    }

    #[test]
    fn what_went_wrong_before_it_was_closed_counts_no_more() {
        let mut breaker = Breaker::default();
        for _ in 0..RUN_MAX {
            breaker.judged(true, PAUSES, at(0), 0.0);
        }
        breaker.close();
        for count in 1..=RUN_MAX {
            let opens = breaker.judged(true, PAUSES, at(100), 0.0);
            assert_eq!(opens, count == RUN_MAX, "{count}");
        }
    }

    #[test]
    fn the_longest_pause_is_that_with_all_its_jitter() {
        let mut breaker = Breaker::opened(None, DOUBLINGS_MAX);
        breaker.open(Trouble::RepeatedFailures, PAUSES, at(0), 1.0);
        assert_eq!(breaker.opening().unwrap().until, at(0) + PAUSES.longest());
    }

    proptest! {
        #[test]
        fn jitter_only_lengthens_and_a_pause_has_a_bound(openings in 0u32..100, unit in -1.0f64..2.0) {
            let mut breaker = Breaker::opened(None, openings);
            breaker.open(Trouble::RepeatedFailures, PAUSES, at(0), unit);
            let until = breaker.opening().unwrap().until;
            prop_assert!(until >= at(30) && until <= at(375), "{until:?}");
        }
    }
}
