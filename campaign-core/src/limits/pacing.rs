//! The gap, the sliding windows and the daily cap of one account.
//!
//! A send occupies its windows from its journal to its end: the answer, or the moment at which waiting
//! for one stops. WhatsApp may have taken the message at any time in between, so a window is free for
//! another send only when enough *ends* lie a whole span back. That makes the limit hold for the moments
//! the server sees, not only for those we see.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::Date;

use super::{LaneLimits, Limit};
use crate::clock::{Elapsed, Now};

/// When the account may send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At once.
    Now,
    /// Not before this moment, because of this limit.
    At(Elapsed, Limit),
    /// When a send under way has ended.
    AfterAnEnd(Limit),
}

/// A send of the past, as the store remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// When it was journalled.
    pub started: Elapsed,
    /// When it ended.
    pub ended: Elapsed,
}

/// What a store knows of an account's earlier sends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The latest sends, in any order: at least as many as the largest window admits, if there were so many.
    pub sends: Vec<Past>,
    /// The day last counted and its sends.
    pub day: Option<(Date, u32)>,
}

/// Keeps one account within its limits.
#[derive(Debug, Clone)]
pub struct Pacer {
    limits: LaneLimits,
    /// Ends of finished sends, ascending; no more than the largest window admits.
    ends: VecDeque<Elapsed>,
    in_flight: usize,
    /// Drawn when the last send ended.
    next_gap: Duration,
    day: Option<(Date, u32)>,
}

impl Pacer {
    /// The pacer of an account with this past. `gap_unit` (0 to 1) draws the first gap.
    pub fn new(limits: LaneLimits, history: History, gap_unit: f64) -> Self {
        let mut ends: Vec<Elapsed> = history.sends.iter().map(|past| past.ended).collect();
        ends.sort_unstable();
        let mut pacer = Self {
            next_gap: limits.gap.draw(gap_unit),
            ends: ends.into(),
            limits,
            in_flight: 0,
            day: history.day,
        };
        pacer.forget_surplus();
        pacer
    }

    /// The limits it keeps.
    pub fn limits(&self) -> &LaneLimits {
        &self.limits
    }

    /// Keeps other limits from now on; what was charged stays charged.
    ///
    /// A larger window than before knows only the sends remembered so far, so it begins by counting those. Another zone begins no
    /// day: what was sent today counts on the day that is there now, be it the next one.
    pub fn set_limits(&mut self, limits: LaneLimits, now: Now) {
        if limits.zone != self.limits.zone {
            let (day, count) = self.day_at(now);
            self.day = Some((day.max(limits.zone.date(now.wall)), count));
        }
        self.limits = limits;
        self.forget_surplus();
    }

    /// When the next send may be journalled.
    pub fn when(&self, now: Now) -> When {
        if self.in_flight >= self.limits.concurrency() {
            return When::AfterAnEnd(Limit::InFlight);
        }
        let mut answer = When::Now;
        if let Some(last) = self.ends.back().filter(|_| !self.next_gap.is_zero()) {
            answer = later(answer, *last + self.next_gap, Limit::Gap, now);
        }
        for window in &self.limits.windows {
            let admits = window.sends_max as usize;
            let Some(free) = admits.checked_sub(self.in_flight).filter(|free| *free > 0) else {
                return When::AfterAnEnd(Limit::Window);
            };
            if let Some(end) = self
                .ends
                .len()
                .checked_sub(free)
                .and_then(|index| self.ends.get(index))
            {
                // One microsecond more: an interval of exactly the span must not hold both ends.
                answer = later(
                    answer,
                    *end + window.span + Duration::from_micros(1),
                    Limit::Window,
                    now,
                );
            }
        }
        if let Some(cap) = self.limits.sends_per_day_max {
            let (day, count) = self.day_at(now);
            if count >= cap {
                answer = later(answer, self.next_day(day, now), Limit::DailyCap, now);
            }
        }
        answer
    }

    /// Charges a send that is about to be journalled.
    pub fn charge(&mut self, now: Now) {
        let (day, count) = self.day_at(now);
        self.day = Some((day, count + 1));
        self.in_flight += 1;
    }

    /// The send has ended at `now`: it was answered, or waiting for its answer is over. `gap_unit` (0 to 1) draws the gap after it.
    pub fn end(&mut self, now: Now, gap_unit: f64) {
        // Handed over on the day it began or on the day it ended: the new day counts it too.
        self.day = self.day.map(|_| self.day_at(now));
        self.in_flight = self.in_flight.saturating_sub(1);
        self.next_gap = self.limits.gap.draw(gap_unit);
        self.remember(now.elapsed);
    }

    /// A send whose end was assumed turned out to have ended later than that.
    pub fn ended_later(&mut self, assumed: Elapsed, now: Now) {
        if let Some(index) = self.ends.iter().rposition(|end| *end == assumed) {
            self.ends.remove(index);
        }
        self.remember(now.elapsed);
    }

    /// The send is proved not handed over: its charge is given back.
    pub fn give_back(&mut self, started: Now) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some((day, count)) = self.day.as_mut()
            && *day == self.limits.zone.date(started.wall)
        {
            *count = count.saturating_sub(1);
        }
    }

    /// How many sends are under way.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// The day counted at present and its sends.
    pub fn day(&self, now: Now) -> (Date, u32) {
        self.day_at(now)
    }

    /// The day that `now` counts on. A clock that was set back does not bring an earlier day back, and what is
    /// under way when the day turns may be handed over on the new one.
    fn day_at(&self, now: Now) -> (Date, u32) {
        let today = self.limits.zone.date(now.wall);
        match self.day {
            Some((day, count)) if day >= today => (day, count),
            _ => (today, u32::try_from(self.in_flight).unwrap_or(u32::MAX)),
        }
    }

    fn next_day(&self, day: Date, now: Now) -> Elapsed {
        match self.limits.zone.start_of_day_after(day) {
            Some(midnight) => {
                now.elapsed
                    + Duration::try_from(midnight.duration_since(now.wall)).unwrap_or_default()
            }
            None => Elapsed::NEVER,
        }
    }

    fn remember(&mut self, end: Elapsed) {
        let after = self
            .ends
            .iter()
            .rposition(|other| *other <= end)
            .map_or(0, |index| index + 1);
        self.ends.insert(after, end);
        self.forget_surplus();
    }

    fn forget_surplus(&mut self) {
        let keep = self
            .limits
            .windows
            .iter()
            .map(|window| window.sends_max as usize)
            .max()
            .unwrap_or(0)
            .max(1);
        while self.ends.len() > keep {
            self.ends.pop_front();
        }
    }
}

fn later(answer: When, moment: Elapsed, limit: Limit, now: Now) -> When {
    if moment <= now.elapsed {
        return answer;
    }
    match answer {
        When::At(other, _) if other >= moment => answer,
        _ => When::At(moment, limit),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::{Gap, Window, Zone};
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(micros: i64) -> Now {
        let midnight: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(micros),
            wall: midnight
                .checked_add(jiff::SignedDuration::from_micros(micros))
                .unwrap(),
        }
    }

    fn limits() -> LaneLimits {
        LaneLimits {
            gap: Gap::NONE,
            windows: Vec::new(),
            sends_per_day_max: None,
            zone: "Asia/Jakarta".parse::<Zone>().unwrap(),
            ..LaneLimits::unpaced(8)
        }
    }

    fn pacer(limits: LaneLimits) -> Pacer {
        Pacer::new(limits, History::default(), 0.5)
    }

    fn send(pacer: &mut Pacer, start: i64, end: i64) {
        assert_eq!(pacer.when(at(start)), When::Now);
        pacer.charge(at(start));
        pacer.end(at(end), 0.5);
    }

    #[test]
    fn the_gap_runs_from_the_end_of_the_last_send() {
        let gap = Duration::from_secs(2);
        let mut pacer = pacer(LaneLimits {
            gap: Gap { min: gap, max: gap },
            ..limits()
        });
        pacer.charge(at(0));
        assert_eq!(pacer.when(at(SECOND)), When::AfterAnEnd(Limit::InFlight));
        pacer.end(at(3 * SECOND), 0.0);
        assert_eq!(
            pacer.when(at(3 * SECOND)),
            When::At(Elapsed::from_micros(5 * SECOND), Limit::Gap)
        );
        assert_eq!(pacer.when(at(5 * SECOND)), When::Now);
    }

    #[test]
    fn a_window_of_one_admits_one() {
        let window = Window {
            sends_max: 1,
            span: Duration::from_secs(10),
        };
        let mut pacer = pacer(LaneLimits {
            windows: vec![window],
            ..limits()
        });
        pacer.charge(at(0));
        assert_eq!(pacer.when(at(SECOND)), When::AfterAnEnd(Limit::Window));
        pacer.end(at(2 * SECOND), 0.0);
        assert_eq!(
            pacer.when(at(12 * SECOND)),
            When::At(Elapsed::from_micros(12 * SECOND + 1), Limit::Window)
        );
        send(&mut pacer, 12 * SECOND + 1, 12 * SECOND + 2);
    }

    #[test]
    fn a_cap_of_one_admits_one_a_day_of_the_named_zone() {
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        let day = 86_400 * SECOND;
        send(&mut pacer, 0, 1);
        assert_eq!(
            pacer.when(at(2)),
            When::At(Elapsed::from_micros(day), Limit::DailyCap)
        );
        assert_eq!(
            pacer.when(at(day - 1)),
            When::At(Elapsed::from_micros(day), Limit::DailyCap)
        );
        send(&mut pacer, day, day + 1);
    }

    #[test]
    fn a_send_under_way_at_midnight_counts_on_both_days() {
        let day = 86_400 * SECOND;
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        pacer.charge(at(day - 5));
        assert!(matches!(
            pacer.when(at(day + 5)),
            When::At(_, Limit::DailyCap)
        ));
        pacer.end(at(day + 5), 0.0);
        assert!(matches!(
            pacer.when(at(day + 6)),
            When::At(_, Limit::DailyCap)
        ));
        assert_eq!(pacer.when(at(2 * day)), When::Now);
    }

    #[test]
    fn another_zone_begins_no_day() {
        let capped = |zone: &str| LaneLimits {
            sends_per_day_max: Some(1),
            zone: zone.parse().unwrap(),
            ..limits()
        };
        let hour = 3_600 * SECOND;
        let mut pacer = pacer(capped("Asia/Jakarta"));
        send(&mut pacer, 22 * hour, 22 * hour + 1);
        // 22:30 in Jakarta is 00:30 of the next day in Jayapura.
        let half_past = 22 * hour + hour / 2;
        pacer.set_limits(capped("Asia/Jayapura"), at(half_past));
        let until = 46 * hour;
        let wait = When::At(Elapsed::from_micros(until), Limit::DailyCap);
        assert_eq!(pacer.when(at(half_past)), wait);
        send(&mut pacer, until, until + 1);
        // And back: the day in Jakarta is not over yet.
        pacer.set_limits(capped("Asia/Jakarta"), at(until + 2));
        let wait = When::At(Elapsed::from_micros(72 * hour), Limit::DailyCap);
        assert_eq!(pacer.when(at(until + 2)), wait);
    }

    #[test]
    fn a_clock_set_back_does_not_start_the_day_anew() {
        let day = 86_400 * SECOND;
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        send(&mut pacer, day + 1, day + 2);
        let mut back = at(day + 10);
        back.wall = at(10).wall;
        assert!(matches!(pacer.when(back), When::At(_, Limit::DailyCap)));
    }

    #[test]
    fn a_charge_is_given_back_only_by_proof() {
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        pacer.charge(at(0));
        pacer.give_back(at(0));
        assert_eq!(pacer.when(at(1)), When::Now);
    }

    #[test]
    fn the_past_is_charged_after_a_restart() {
        let window = Window {
            sends_max: 2,
            span: Duration::from_secs(60),
        };
        let past = |ended| Past {
            started: Elapsed::from_micros(ended),
            ended: Elapsed::from_micros(ended),
        };
        let history = History {
            sends: vec![past(5), past(SECOND)],
            day: None,
        };
        let pacer = Pacer::new(
            LaneLimits {
                windows: vec![window],
                ..limits()
            },
            history,
            0.0,
        );
        assert_eq!(
            pacer.when(at(2 * SECOND)),
            When::At(Elapsed::from_micros(60 * SECOND + 6), Limit::Window)
        );
    }

    proptest! {
        /// Whatever the latencies, no interval of the span holds more hand-overs than the window admits,
        /// wherever between start and end each hand-over really took place.
        #[test]
        fn no_interval_holds_more_than_its_window(
            sends_max in 1u32..6, span_s in 1u64..30, seed: u64, latencies in prop::collection::vec((0i64..8 * SECOND, 0.0f64..=1.0), 10..60)
        ) {
            let span = Duration::from_secs(span_s);
            let windows = vec![Window { sends_max, span }, Window { sends_max: sends_max * 3, span: span * 4 }];
            let mut pacer = pacer(LaneLimits { windows: windows.clone(), in_flight_max: 3, ..limits() });
            let mut open: Vec<(i64, i64)> = Vec::new();
            let mut handed: Vec<i64> = Vec::new();
            let mut clock = (seed % 1_000) as i64;
            for (latency, share) in latencies {
                loop {
                    let next_end = open.iter().map(|(_, end)| *end).min();
                    match pacer.when(at(clock)) {
                        When::Now => break,
                        When::At(moment, _) if next_end.is_none_or(|end| moment.as_micros() <= end) => clock = moment.as_micros(),
                        _ => {
                            let end = next_end.unwrap();
                            clock = clock.max(end);
                            let index = open.iter().position(|(_, other)| *other == end).unwrap();
                            let (_, end) = open.remove(index);
                            pacer.end(at(end), 0.5);
                        }
                    }
                }
                pacer.charge(at(clock));
                open.push((clock, clock + latency));
                handed.push(clock + (latency as f64 * share) as i64);
            }
            handed.sort_unstable();
            for window in windows {
                let span = window.span.as_micros() as i64;
                for (index, first) in handed.iter().enumerate() {
                    let within = handed[index..].iter().take_while(|moment| **moment - first <= span).count();
                    prop_assert!(within <= window.sends_max as usize, "{within} in {span} us from {first}");
                }
            }
        }
    }
}
