//! The gap, the sliding windows and the daily cap of one account, for both of its slots.
//!
//! A send occupies its windows from its journal to its end: the answer, or the moment at which waiting
//! for one stops. WhatsApp may have taken the message at any time in between, so a window is free for
//! another send only when enough *ends* lie a whole span back. That makes the limit hold for the moments
//! the server sees, not only for those we see.
//!
//! Each [`Slot`] has a gap and sends under way of its own; windows and cap are the account's, and a part of the
//! long ones is kept for replies ([`LaneLimits::kept_for_replies`]).

use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::by_hand::ByHand;
use super::ends::Ends;
use super::{LaneLimits, Limit, Resting, SentByHand, Slot, Spell, WarmthSoFar};
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
    /// In which slot.
    pub slot: Slot,
    /// When it was journalled.
    pub started: Elapsed,
    /// When it ended; of an open one, until when it may still be executed.
    pub ended: Elapsed,
    /// Nobody knows when it ended: its process died.
    pub is_open: bool,
}

/// What was sent on one calendar day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCount {
    /// Which day, in the zone of the lane.
    pub date: Date,
    /// All sends.
    pub sends: u32,
    /// Those of the cold slot among them.
    pub cold: u32,
}

impl DayCount {
    fn add(&mut self, slot: Slot) {
        self.sends += 1;
        self.cold += u32::from(slot == Slot::Cold);
    }

    fn take_back(&mut self, slot: Slot) {
        self.sends = self.sends.saturating_sub(1);
        self.cold = self.cold.saturating_sub(u32::from(slot == Slot::Cold));
    }
}

/// What a store knows of an account's earlier sends.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// The latest sends, in any order: at least as many as [`LaneLimits::remembers`] tells, if there were so many, and the last one of
    /// each slot.
    pub sends: Vec<Past>,
    /// The day last counted.
    pub day: Option<DayCount>,
    /// How far the number was warmed up.
    pub warmth: WarmthSoFar,
    /// The latest messages that a person sent, in any order: as many as [`LaneLimits::remembers_by_hand`] tells, if there were so many.
    pub by_hand: Vec<(SentByHand, Elapsed)>,
}

/// Keeps one account within its limits.
#[derive(Debug, Clone)]
pub struct Pacer {
    limits: LaneLimits,
    all: Ends,
    cold: Ends,
    slots: [Turn; 2],
    /// The pauses between cold sends are so many times longer than the limits want.
    slowness: u32,
    day: Option<DayCount>,
    warmth: WarmthSoFar,
    /// Of cold sends.
    spell: Spell,
    /// Sends of an earlier process that nobody answered, and until when they may still be executed.
    left_open: Vec<(Slot, Elapsed)>,
    by_hand: ByHand,
}

/// Moments at which sends ended, the earliest first, and how many at each: of all sends, and of cold ones.
pub(super) struct Tallies<I> {
    pub(super) all: I,
    pub(super) cold: I,
}

/// What a slot has for itself.
#[derive(Debug, Clone, Copy, Default)]
struct Turn {
    in_flight: usize,
    /// When its last send ended.
    last_end: Option<Elapsed>,
    /// Drawn when its last send ended.
    next_gap: Duration,
}

impl Pacer {
    /// The pacer of an account with this past. `gap_units` (0 to 1) draw the first gap of each slot.
    pub fn new(limits: LaneLimits, history: History, gap_units: [f64; 2]) -> Self {
        let mut pacer = Self {
            all: Ends::default(),
            cold: Ends::default(),
            slots: [Turn::default(); 2],
            slowness: 1,
            day: history.day,
            warmth: history.warmth,
            spell: Spell::default(),
            left_open: Vec::new(),
            by_hand: ByHand::default(),
            limits,
        };
        let mut sends = history.sends;
        let left_open = sends.iter().filter(|past| past.is_open);
        pacer.left_open = left_open.map(|past| (past.slot, past.ended)).collect();
        if let Some(rest) = pacer.limits.rest {
            let cold: Vec<Past> = sends
                .iter()
                .filter(|past| past.slot == Slot::Cold)
                .copied()
                .collect();
            pacer.spell = Spell::after(rest, &cold, gap_units[0]);
        }
        sends.sort_unstable_by_key(|past| past.ended);
        for past in sends {
            pacer.remember(past.slot, past.ended);
        }
        for (sent, at) in &history.by_hand {
            pacer.fill(sent.slot, *at);
        }
        let by_hand = history.by_hand.into_iter().map(|(sent, _)| sent).collect();
        pacer.by_hand = ByHand::new(by_hand, &pacer.limits);
        for (slot, unit) in [Slot::Cold, Slot::Reply].into_iter().zip(gap_units) {
            let next_gap = pacer.limits.gap(slot).draw(unit);
            pacer.slots[slot as usize].next_gap = next_gap;
        }
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
            let day = self.day_at(now);
            self.day = Some(DayCount {
                date: day.date.max(limits.zone.date(now.wall)),
                ..day
            });
        }
        self.limits = limits;
        self.by_hand.recount(&self.limits.zone);
        self.forget_surplus();
    }

    /// Makes the pauses between cold sends so many times longer than the limits want.
    pub fn slow_down(&mut self, times: u32) {
        self.slowness = times.max(1);
    }

    /// When the next send of a slot may be journalled.
    pub fn when(&self, slot: Slot, now: Now) -> When {
        let turn = self.slots[slot as usize];
        if turn.in_flight >= self.limits.concurrency(slot) {
            return When::AfterAnEnd(Limit::InFlight);
        }
        let mut answer = When::Now;
        if let Some(last) = turn.last_end.filter(|_| !turn.next_gap.is_zero()) {
            let slowness = if slot == Slot::Cold { self.slowness } else { 1 };
            answer = later(answer, last + turn.next_gap * slowness, Limit::Gap, now);
        }
        let in_flight = self.slots.iter().map(|turn| turn.in_flight).sum();
        for window in &self.limits.windows {
            let admitted = [
                (&self.all, in_flight, window.sends_max),
                (&self.cold, turn.in_flight, self.limits.cold_max(window)),
            ];
            for (ends, in_flight, sends_max) in admitted.into_iter().take(limits_of(slot)) {
                match ends.free_at(in_flight, sends_max, window) {
                    None => return When::AfterAnEnd(Limit::Window),
                    Some(moment) => answer = later(answer, moment, Limit::Window, now),
                }
            }
        }
        let day = self.by_hand.beside(self.day_at(now));
        if let Some((cap, limit)) = self.cap_on(day.date) {
            let cold_cap = cap - self.limits.kept_for_replies(cap);
            if day.sends >= cap || (slot == Slot::Cold && day.cold >= cold_cap) {
                answer = later(answer, self.next_day(day.date, now), limit, now);
            }
        }
        match self.resting(slot, now) {
            Resting::No => answer,
            Resting::Until(moment) => later(answer, moment, Limit::Rest, now),
            Resting::AfterAnEnd => When::AfterAnEnd(Limit::Rest),
        }
    }

    /// The most sends of a day, and whether warming up or the daily cap says so.
    fn cap_on(&self, day: Date) -> Option<(u32, Limit)> {
        let warm_up = self.limits.warm_up.as_ref();
        let step = warm_up.map_or(1, |warm_up| self.warmth.step(warm_up, day));
        let cap = self.limits.sends_per_day_max_on(step)?;
        let is_daily = self.limits.sends_per_day_max == Some(cap);
        Some((
            cap,
            if is_daily {
                Limit::DailyCap
            } else {
                Limit::WarmUp
            },
        ))
    }

    fn resting(&self, slot: Slot, now: Now) -> Resting {
        match (slot, self.limits.rest) {
            (Slot::Cold, Some(rest)) => {
                let in_flight = self.in_flight_of(slot);
                self.spell.when(rest, now.elapsed, in_flight)
            }
            _ => Resting::No,
        }
    }

    /// Charges a send that is about to be journalled.
    pub fn charge(&mut self, slot: Slot, now: Now) {
        if let (Slot::Cold, Some(rest)) = (slot, self.limits.rest) {
            let in_flight = self.in_flight_of(slot);
            self.spell.begins(rest, now.elapsed, in_flight);
        }
        let mut day = self.day_at(now);
        day.add(slot);
        self.day = Some(day);
        self.slots[slot as usize].in_flight += 1;
    }

    /// The send has ended at `now`: it was answered, or waiting for its answer is over. `gap_unit` (0 to 1) draws the gap after it.
    pub fn end(&mut self, slot: Slot, now: Now, gap_unit: f64) {
        // Handed over on the day it began or on the day it ended: the new day counts it too.
        self.day = self.day.map(|_| self.day_at(now));
        if let Some(warm_up) = &self.limits.warm_up {
            self.warmth.sent(warm_up, self.limits.zone.date(now.wall));
        }
        if let (Slot::Cold, Some(rest)) = (slot, self.limits.rest) {
            self.spell.ended(rest, now.elapsed, gap_unit);
        }
        self.slots[slot as usize].next_gap = self.limits.gap(slot).draw(gap_unit);
        self.no_longer_in_flight(slot);
        self.remember(slot, now.elapsed);
    }

    /// A send whose end was assumed turned out to have ended later than that.
    pub fn ended_later(&mut self, slot: Slot, assumed: Elapsed, now: Now) {
        self.all.forget(assumed);
        if slot == Slot::Cold {
            self.cold.forget(assumed);
        }
        self.remember(slot, now.elapsed);
    }

    /// The send is proved not handed over: its charge is given back. It counts on the day counted last, whatever the calendar says: on
    /// that it was charged, or into that it was under way.
    pub fn give_back(&mut self, slot: Slot) {
        if slot == Slot::Cold {
            self.spell.given_back();
        }
        self.no_longer_in_flight(slot);
        if let Some(day) = &mut self.day {
            day.take_back(slot);
        }
    }

    /// A person sent a message: it fills windows and counts on its day, whatever is left of them.
    pub fn sent_by_hand(&mut self, sent: SentByHand, now: Now) {
        let (sent, at) = sent.placed(now);
        self.by_hand.add(sent, &self.limits);
        self.fill(sent.slot, at);
    }

    /// How many sends are under way.
    pub fn in_flight(&self) -> usize {
        self.slots.iter().map(|turn| turn.in_flight).sum()
    }

    /// How many sends of a slot are under way.
    pub fn in_flight_of(&self, slot: Slot) -> usize {
        self.slots[slot as usize].in_flight
    }

    /// Sends of an earlier process that may still be executed.
    pub(super) fn left_open_of(&self, slot: Slot, now: Now) -> usize {
        let open = self.left_open.iter();
        open.filter(|(of, until)| *of == slot && *until > now.elapsed)
            .count()
    }

    /// The ends that the windows count.
    pub(super) fn tallies(
        &self,
    ) -> Tallies<impl DoubleEndedIterator<Item = (Elapsed, u32)> + use<'_>> {
        Tallies {
            all: self.all.moments(),
            cold: self.cold.moments(),
        }
    }

    /// Counts these ends too, so many at each moment, the earliest first.
    pub(super) fn recall(&mut self, all: Vec<(Elapsed, u32)>, cold: Vec<(Elapsed, u32)>) {
        for (ends, moments) in [(&mut self.all, all), (&mut self.cold, cold)] {
            for (end, sends) in moments {
                ends.insert(end, sends);
            }
        }
        self.forget_surplus();
    }

    /// How far the number is warmed up.
    pub fn warmth(&self) -> &WarmthSoFar {
        &self.warmth
    }

    /// The day counted at present and its sends.
    pub fn day(&self, now: Now) -> DayCount {
        self.day_at(now)
    }

    /// The day that `now` counts on. A clock that was set back does not bring an earlier day back, and what is
    /// under way when the day turns may be handed over on the new one.
    fn day_at(&self, now: Now) -> DayCount {
        let today = self.limits.zone.date(now.wall);
        match self.day {
            Some(day) if day.date >= today => day,
            _ => {
                let under_way = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
                let mut day = DayCount {
                    date: today,
                    sends: under_way(self.in_flight()),
                    cold: under_way(self.slots[Slot::Cold as usize].in_flight),
                };
                for (slot, end) in &self.left_open {
                    if now
                        .wall_at(*end)
                        .is_none_or(|end| self.limits.zone.date(end) >= today)
                    {
                        day.add(*slot);
                    }
                }
                day
            }
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

    fn no_longer_in_flight(&mut self, slot: Slot) {
        let turn = &mut self.slots[slot as usize];
        turn.in_flight = turn.in_flight.saturating_sub(1);
    }

    fn remember(&mut self, slot: Slot, end: Elapsed) {
        let turn = &mut self.slots[slot as usize];
        turn.last_end = turn.last_end.max(Some(end));
        self.fill(slot, end);
    }

    fn fill(&mut self, slot: Slot, end: Elapsed) {
        self.all.insert(end, 1);
        if slot == Slot::Cold {
            self.cold.insert(end, 1);
        }
        self.forget_surplus();
    }

    fn forget_surplus(&mut self) {
        let windows = self.limits.windows.iter();
        let keep = windows.map(|window| window.sends_max).max().unwrap_or(0);
        for ends in [&mut self.all, &mut self.cold] {
            ends.keep(keep as usize);
        }
    }
}

/// How many of a window's two limits a slot has: replies have the one over all sends, cold sends one of their own besides.
fn limits_of(slot: Slot) -> usize {
    match slot {
        Slot::Reply => 1,
        Slot::Cold => 2,
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

    use super::super::{Gap, Rest, WarmUp, Window, Zone};
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
            reply_gap: Gap::NONE,
            windows: Vec::new(),
            sends_per_day_max: None,
            zone: "Asia/Jakarta".parse::<Zone>().unwrap(),
            ..LaneLimits::unpaced(8)
        }
    }

    fn pacer(limits: LaneLimits) -> Pacer {
        Pacer::new(limits, History::default(), [0.5; 2])
    }

    fn send(pacer: &mut Pacer, start: i64, end: i64) {
        assert_eq!(pacer.when(Slot::Cold, at(start)), When::Now);
        pacer.charge(Slot::Cold, at(start));
        pacer.end(Slot::Cold, at(end), 0.5);
    }

    #[test]
    fn the_gap_runs_from_the_end_of_the_last_send() {
        let gap = Duration::from_secs(2);
        let mut pacer = pacer(LaneLimits {
            gap: Gap { min: gap, max: gap },
            ..limits()
        });
        pacer.charge(Slot::Cold, at(0));
        assert_eq!(
            pacer.when(Slot::Cold, at(SECOND)),
            When::AfterAnEnd(Limit::InFlight)
        );
        pacer.end(Slot::Cold, at(3 * SECOND), 0.0);
        assert_eq!(
            pacer.when(Slot::Cold, at(3 * SECOND)),
            When::At(Elapsed::from_micros(5 * SECOND), Limit::Gap)
        );
        assert_eq!(pacer.when(Slot::Cold, at(5 * SECOND)), When::Now);
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
        pacer.charge(Slot::Cold, at(0));
        assert_eq!(
            pacer.when(Slot::Cold, at(SECOND)),
            When::AfterAnEnd(Limit::Window)
        );
        pacer.end(Slot::Cold, at(2 * SECOND), 0.0);
        assert_eq!(
            pacer.when(Slot::Cold, at(12 * SECOND)),
            When::At(Elapsed::from_micros(12 * SECOND + 1), Limit::Window)
        );
        send(&mut pacer, 12 * SECOND + 1, 12 * SECOND + 2);
    }

    #[test]
    fn what_is_waited_for_is_the_limit_that_lasts_longest() {
        let limits = |gap_s, span_s| LaneLimits {
            gap: Gap {
                min: Duration::from_secs(gap_s),
                max: Duration::from_secs(gap_s),
            },
            windows: vec![Window {
                sends_max: 1,
                span: Duration::from_secs(span_s),
            }],
            ..limits()
        };
        for (limits, until, limit) in [
            (limits(30, 10), 30 * SECOND, Limit::Gap),
            (limits(10, 30), 30 * SECOND + 1, Limit::Window),
        ] {
            let mut pacer = pacer(limits);
            send(&mut pacer, 0, 0);
            let until = When::At(Elapsed::from_micros(until), limit);
            assert_eq!(pacer.when(Slot::Cold, at(SECOND)), until);
        }
    }

    /// WhatsApp warns: cold messages go slower, and who waits for an answer waits no longer.
    #[test]
    fn only_the_pauses_between_cold_sends_are_made_longer() {
        let gap = Gap {
            min: Duration::from_secs(10),
            max: Duration::from_secs(10),
        };
        let mut pacer = pacer(LaneLimits {
            gap,
            reply_gap: gap,
            ..limits()
        });
        for slot in Slot::ALL {
            pacer.charge(slot, at(0));
            pacer.end(slot, at(0), 0.5);
        }
        let until = |second| When::At(Elapsed::from_micros(second * SECOND), Limit::Gap);
        for (times, cold) in [(1, 10), (4, 40), (0, 10)] {
            pacer.slow_down(times);
            assert_eq!(pacer.when(Slot::Cold, at(1)), until(cold), "{times}");
            assert_eq!(pacer.when(Slot::Reply, at(1)), until(10), "{times}");
        }
    }

    #[test]
    fn a_send_that_ended_later_than_was_assumed_is_still_one() {
        let mut pacer = pacer(LaneLimits {
            windows: vec![Window {
                sends_max: 2,
                span: Duration::from_secs(60),
            }],
            ..limits()
        });
        send(&mut pacer, 0, 20 * SECOND);
        let assumed = Elapsed::from_micros(20 * SECOND);
        pacer.ended_later(Slot::Cold, assumed, at(50 * SECOND));
        send(&mut pacer, 51 * SECOND, 52 * SECOND);
        let until = Elapsed::from_micros(110 * SECOND + 1);
        let full = When::At(until, Limit::Window);
        assert_eq!(pacer.when(Slot::Cold, at(53 * SECOND)), full);
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
            pacer.when(Slot::Cold, at(2)),
            When::At(Elapsed::from_micros(day), Limit::DailyCap)
        );
        assert_eq!(
            pacer.when(Slot::Cold, at(day - 1)),
            When::At(Elapsed::from_micros(day), Limit::DailyCap)
        );
        send(&mut pacer, day, day + 1);
    }

    /// Clocks on walls count in nanoseconds: the wait for midnight must not end a part of a microsecond before it.
    #[test]
    fn a_day_lasts_until_its_last_nanosecond() {
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        send(&mut pacer, 0, 1);
        let mut now = at(2);
        now.wall = now
            .wall
            .checked_add(jiff::SignedDuration::from_nanos(1))
            .unwrap();
        let When::At(until, Limit::DailyCap) = pacer.when(Slot::Cold, now) else {
            panic!("the day is used up");
        };
        let passes = jiff::SignedDuration::try_from(until.since(now.elapsed)).unwrap();
        let then = Now {
            elapsed: until,
            wall: now.wall.checked_add(passes).unwrap(),
        };
        assert_eq!(pacer.when(Slot::Cold, then), When::Now);
        assert_eq!(pacer.day(then).sends, 0, "it is another day");
    }

    #[test]
    fn a_send_under_way_at_midnight_counts_on_both_days() {
        let day = 86_400 * SECOND;
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        pacer.charge(Slot::Cold, at(day - 5));
        assert!(matches!(
            pacer.when(Slot::Cold, at(day + 5)),
            When::At(_, Limit::DailyCap)
        ));
        pacer.end(Slot::Cold, at(day + 5), 0.0);
        assert!(matches!(
            pacer.when(Slot::Cold, at(day + 6)),
            When::At(_, Limit::DailyCap)
        ));
        assert_eq!(pacer.when(Slot::Cold, at(2 * day)), When::Now);
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
        assert_eq!(pacer.when(Slot::Cold, at(half_past)), wait);
        send(&mut pacer, until, until + 1);
        // And back: the day in Jakarta is not over yet.
        pacer.set_limits(capped("Asia/Jakarta"), at(until + 2));
        let wait = When::At(Elapsed::from_micros(72 * hour), Limit::DailyCap);
        assert_eq!(pacer.when(Slot::Cold, at(until + 2)), wait);
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
        assert!(matches!(
            pacer.when(Slot::Cold, back),
            When::At(_, Limit::DailyCap)
        ));
    }

    #[test]
    fn a_charge_is_given_back_only_by_proof() {
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(1),
            ..limits()
        });
        pacer.charge(Slot::Cold, at(0));
        pacer.give_back(Slot::Cold);
        assert_eq!(pacer.when(Slot::Cold, at(1)), When::Now);
        // Also of what a day leaves to cold sends: 19 of 20.
        let mut pacer = super::Pacer::new(
            LaneLimits {
                sends_per_day_max: Some(20),
                ..limits()
            },
            History::default(),
            [0.5; 2],
        );
        pacer.charge(Slot::Cold, at(0));
        pacer.give_back(Slot::Cold);
        for second in 1..=19 {
            send(&mut pacer, second * SECOND, second * SECOND);
        }
        let wait = pacer.when(Slot::Cold, at(20 * SECOND));
        assert!(matches!(wait, When::At(_, Limit::DailyCap)));
    }

    /// The account has moved west, and its day of the east goes on: what comes to nothing must not use that day up.
    #[test]
    fn a_charge_is_given_back_on_the_day_that_it_counts_on() {
        let capped = |zone: &str| LaneLimits {
            sends_per_day_max: Some(2),
            zone: zone.parse().unwrap(),
            ..limits()
        };
        let hour = 3_600 * SECOND;
        let mut pacer = pacer(capped("Asia/Jayapura"));
        send(&mut pacer, 23 * hour, 23 * hour + 1);
        pacer.set_limits(capped("Asia/Jakarta"), at(23 * hour + 2));
        for second in 1..5 {
            let now = at(23 * hour + second * SECOND);
            assert_eq!(pacer.when(Slot::Cold, now), When::Now, "{second}");
            pacer.charge(Slot::Cold, now);
            pacer.give_back(Slot::Cold);
        }
        // And one that was under way when the day turned.
        let mut pacer = super::Pacer::new(capped("Asia/Jakarta"), History::default(), [0.5; 2]);
        pacer.charge(Slot::Cold, at(23 * hour));
        send(&mut pacer, 25 * hour, 25 * hour + 1);
        pacer.give_back(Slot::Cold);
        send(&mut pacer, 25 * hour + 2, 25 * hour + 3);
    }

    #[test]
    fn a_reply_waits_for_no_cold_send_and_keeps_a_gap_of_its_own() {
        let gap = |seconds| Gap {
            min: Duration::from_secs(seconds),
            max: Duration::from_secs(seconds),
        };
        let mut pacer = pacer(LaneLimits {
            gap: gap(30),
            reply_gap: gap(2),
            ..limits()
        });
        pacer.charge(Slot::Cold, at(0));
        assert_eq!(pacer.when(Slot::Reply, at(1)), When::Now);
        pacer.charge(Slot::Reply, at(1));
        let busy = When::AfterAnEnd(Limit::InFlight);
        assert_eq!(pacer.when(Slot::Reply, at(2)), busy);
        assert_eq!(pacer.when(Slot::Cold, at(2)), busy);
        pacer.end(Slot::Reply, at(SECOND), 0.5);
        pacer.end(Slot::Cold, at(2 * SECOND), 0.5);
        let until = |second| When::At(Elapsed::from_micros(second * SECOND), Limit::Gap);
        assert_eq!(pacer.when(Slot::Reply, at(2 * SECOND)), until(3));
        assert_eq!(pacer.when(Slot::Reply, at(3 * SECOND)), When::Now);
        assert_eq!(pacer.when(Slot::Cold, at(3 * SECOND)), until(32));
        // Replies that go out meanwhile do not put the next cold one off.
        pacer.charge(Slot::Reply, at(31 * SECOND));
        pacer.end(Slot::Reply, at(31 * SECOND + 1), 0.5);
        assert_eq!(pacer.when(Slot::Cold, at(32 * SECOND)), When::Now);
    }

    #[test]
    fn cold_sends_never_use_up_the_day_or_a_long_window() {
        let hour = Window {
            sends_max: 20,
            span: Duration::from_secs(3_600),
        };
        let caps = [
            LaneLimits {
                sends_per_day_max: Some(20),
                ..limits()
            },
            LaneLimits {
                windows: vec![hour],
                ..limits()
            },
        ];
        for limits in caps {
            let mut pacer = pacer(limits);
            for second in 0..19 {
                let now = at(second * SECOND);
                assert_eq!(pacer.when(Slot::Cold, now), When::Now, "{second}");
                pacer.charge(Slot::Cold, now);
                pacer.end(Slot::Cold, now, 0.5);
            }
            let now = at(20 * SECOND);
            assert!(matches!(pacer.when(Slot::Cold, now), When::At(..)));
            assert_eq!(pacer.when(Slot::Reply, now), When::Now);
            pacer.charge(Slot::Reply, now);
            pacer.end(Slot::Reply, now, 0.5);
            assert!(matches!(pacer.when(Slot::Reply, now), When::At(..)));
        }
    }

    #[test]
    fn replies_may_use_what_cold_sends_leave_and_then_cold_sends_have_less() {
        let mut pacer = pacer(LaneLimits {
            sends_per_day_max: Some(20),
            ..limits()
        });
        for _ in 0..15 {
            pacer.charge(Slot::Reply, at(0));
            pacer.end(Slot::Reply, at(0), 0.5);
        }
        for _ in 0..5 {
            assert_eq!(pacer.when(Slot::Cold, at(1)), When::Now);
            pacer.charge(Slot::Cold, at(1));
            pacer.end(Slot::Cold, at(1), 0.5);
        }
        for slot in Slot::ALL {
            let capped = matches!(pacer.when(slot, at(2)), When::At(_, Limit::DailyCap));
            assert!(capped, "{slot:?}");
        }
    }

    #[test]
    fn a_new_number_sends_more_from_day_to_day_on_which_it_sends() {
        let day = 86_400 * SECOND;
        let limits = LaneLimits {
            sends_per_day_max: Some(4),
            warm_up: Some(WarmUp {
                starts_on: "2026-11-21".parse().unwrap(),
                growth: "2+50%".parse().unwrap(),
            }),
            ..limits()
        };
        let mut pacer = pacer(limits.clone());
        // Days 0, 1, 4 and 5: what is between them warms nothing up.
        for (first, sends, limit) in [
            (0, 2, Limit::WarmUp),
            (1, 3, Limit::WarmUp),
            (4, 4, Limit::DailyCap),
            (5, 4, Limit::DailyCap),
        ] {
            for second in 0..sends {
                send(&mut pacer, first * day + second, first * day + second);
            }
            let until = Elapsed::from_micros((first + 1) * day);
            let now = at(first * day + 10);
            assert_eq!(pacer.when(Slot::Cold, now), When::At(until, limit));
            assert_eq!(pacer.when(Slot::Reply, now), When::At(until, limit));
            // Another process knows how far it has come.
            let history = History {
                sends: Vec::new(),
                day: Some(pacer.day(now)),
                warmth: pacer.warmth().clone(),
                by_hand: Vec::new(),
            };
            pacer = Pacer::new(limits.clone(), history, [0.5; 2]);
            assert_eq!(pacer.when(Slot::Cold, now), When::At(until, limit));
        }
    }

    #[test]
    fn cold_sends_rest_after_so_many_and_replies_do_not() {
        let limits = LaneLimits {
            rest: Some(Rest {
                after: 2,
                min: Duration::from_secs(60),
                max: Duration::from_secs(60),
            }),
            ..limits()
        };
        let mut pacer = pacer(limits.clone());
        send(&mut pacer, 0, 1);
        send(&mut pacer, SECOND, 2 * SECOND);
        let rest = When::At(Elapsed::from_micros(62 * SECOND), Limit::Rest);
        assert_eq!(pacer.when(Slot::Cold, at(3 * SECOND)), rest);
        assert_eq!(pacer.when(Slot::Reply, at(3 * SECOND)), When::Now);
        let past = |started, ended| Past {
            slot: Slot::Cold,
            started: Elapsed::from_micros(started),
            ended: Elapsed::from_micros(ended),
            is_open: false,
        };
        let history = History {
            sends: vec![past(SECOND, 2 * SECOND), past(0, 1)],
            ..History::default()
        };
        let next = Pacer::new(limits, history, [0.5; 2]);
        assert_eq!(next.when(Slot::Cold, at(3 * SECOND)), rest);
        send(&mut pacer, 62 * SECOND, 63 * SECOND);
        // One that is proved not handed over makes nobody tired.
        pacer.charge(Slot::Cold, at(64 * SECOND));
        pacer.give_back(Slot::Cold);
        send(&mut pacer, 65 * SECOND, 66 * SECOND);
        assert!(matches!(
            pacer.when(Slot::Cold, at(67 * SECOND)),
            When::At(_, Limit::Rest)
        ));
    }

    #[test]
    fn the_past_is_charged_after_a_restart() {
        let window = Window {
            sends_max: 2,
            span: Duration::from_secs(60),
        };
        let past = |ended| Past {
            slot: Slot::Cold,
            started: Elapsed::from_micros(ended),
            ended: Elapsed::from_micros(ended),
            is_open: false,
        };
        let history = History {
            sends: vec![past(5), past(SECOND)],
            ..History::default()
        };
        let pacer = Pacer::new(
            LaneLimits {
                windows: vec![window],
                ..limits()
            },
            history,
            [0.0; 2],
        );
        assert_eq!(
            pacer.when(Slot::Cold, at(2 * SECOND)),
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
                    match pacer.when(Slot::Cold, at(clock)) {
                        When::Now => break,
                        When::At(moment, _) if next_end.is_none_or(|end| moment.as_micros() <= end) => clock = moment.as_micros(),
                        _ => {
                            let end = next_end.unwrap();
                            clock = clock.max(end);
                            let index = open.iter().position(|(_, other)| *other == end).unwrap();
                            let (_, end) = open.remove(index);
                            pacer.end(Slot::Cold, at(end), 0.5);
                        }
                    }
                }
                pacer.charge(Slot::Cold, at(clock));
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
