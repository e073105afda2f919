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
mod tests;
