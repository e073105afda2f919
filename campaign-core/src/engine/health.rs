//! An account's health: a breaker for each of its slots, fed once for each message, and one for the suspicion that its session is dead.
//!
//! Messages wait, and after a pause one of them tries for all. What the wait costs nobody is a recipient: deliveries stay where they are,
//! and look-ups go on. Slots are judged apart, because WhatsApp refuses strangers while replies pass; a dead session holds both.

use std::time::Duration;

use jiff::Timestamp;

use super::Settings;
use super::breaker::{Breaker, Opening, Pauses};
use super::chance::Chance;
use super::lane::{Hold, wait_between};
use super::pulse::Pulse;
use super::restart::Restart;
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{Ack, DeliveryId};
use crate::failure::Trouble;
use crate::limits::Slot;
use crate::store::{Condition, LaneHealth, Unwell};

/// A message that tries for all is given so many times the silence: its look-up comes after one.
const SILENCES_FOR_TRIAL: u32 = 2;

#[derive(Debug)]
pub(super) struct Health {
    slots: [Guarded; 2],
    /// Opened by silence, and closed by any sign of life.
    session: Guarded,
    pulse: Pulse,
    /// The operator has said that the account is well: WAHA's word is enough for the next trial.
    is_vouched_for: bool,
    pub(super) restart: Restart,
    /// Draws the jitter of its pauses.
    chance: Chance,
}

#[derive(Debug, Default)]
struct Guarded {
    breaker: Breaker,
    trial: Option<Trial>,
}

/// The message that tries for all.
#[derive(Debug, Clone, Copy)]
struct Trial {
    delivery: DeliveryId,
    /// Accepted by WAHA: its ack is waited for until then.
    ack_by: Option<Elapsed>,
}

/// How an attempt ended, to the health of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// WAHA took it.
    Accepted,
    /// WAHA or WhatsApp failed.
    Failed,
    /// It says nothing about the account: withheld, held, refused for what it is, or limited.
    Neither,
}

impl Health {
    /// As it is on record.
    pub(super) fn new(
        record: LaneHealth,
        chance: Chance,
        boot: BootId,
        settings: &Settings,
        now: Now,
    ) -> Self {
        let guarded = |record| Guarded::new(record, pauses(settings), now);
        Self {
            slots: [guarded(record.cold), guarded(record.reply)],
            session: guarded(record.session),
            pulse: Pulse::default(),
            is_vouched_for: false,
            restart: Restart::new(record.restarted_at, boot, now),
            chance,
        }
    }

    /// Why nothing may be sent in a slot now, and until when that is so at least.
    pub(super) fn held(&self, slot: Slot, now: Now) -> Option<Hold> {
        let restarting = self.restart.under_way().map(|(since, until)| Opening {
            trouble: Trouble::SessionNotReady,
            since,
            until,
        });
        let opening = restarting
            .or_else(|| self.session.held(now))
            .or_else(|| self.slots[slot as usize].held(now))?;
        Some(Hold {
            trouble: opening.trouble,
            since: Some(opening.since),
            until: opening.until,
        })
    }

    /// One message tries for both slots, so that nothing else of the account may be under way.
    pub(super) fn is_session_on_trial(&self, now: Now) -> bool {
        self.session.breaker.is_half_open(now.elapsed)
    }

    /// One message tries for its slot.
    pub(super) fn is_slot_on_trial(&self, slot: Slot, now: Now) -> bool {
        self.slots[slot as usize].breaker.is_half_open(now.elapsed)
    }

    /// It is thought to be dead, and no message tries at present.
    pub(super) fn is_suspected(&self) -> bool {
        self.session.breaker.opening().is_some() && self.session.trial.is_none()
    }

    /// A message is about to be journalled.
    pub(super) fn begins(&mut self, delivery: DeliveryId, slot: Slot, now: Now) {
        self.session.begins(delivery, now);
        self.slots[slot as usize].begins(delivery, now);
    }

    /// An attempt ended; `is_judged`: WhatsApp had spoken of it before. Tells whether there is news to keep.
    pub(super) fn ended(
        &mut self,
        delivery: DeliveryId,
        slot: Slot,
        end: Ended,
        is_judged: bool,
        settings: &Settings,
        now: Now,
    ) -> bool {
        match end {
            Ended::Neither => {
                self.session.no_trial(delivery);
                self.slots[slot as usize].no_trial(delivery);
                false
            }
            _ if is_judged => false,
            Ended::Failed => self.judge(delivery, slot, true, settings, now),
            Ended::Accepted => {
                self.pulse.accepted(delivery, slot, now.elapsed);
                let is_suspect = self.session.breaker.opening().is_some() && !self.is_vouched_for;
                if !self.pulse.acks_come() && !is_suspect {
                    self.pulse.heard_of(delivery);
                    return self.judge(delivery, slot, false, settings, now);
                }
                let ack_by = now.elapsed + settings.silence * SILENCES_FOR_TRIAL;
                self.session.waits_for_ack(delivery, ack_by);
                self.slots[slot as usize].waits_for_ack(delivery, ack_by);
                false
            }
        }
    }

    /// An event brought WhatsApp's word on a message; `in_flight`: the slot of one whose answer is still awaited. Tells whether there is
    /// news to keep.
    pub(super) fn acknowledged(
        &mut self,
        delivery: DeliveryId,
        ack: Ack,
        in_flight: Option<Slot>,
        settings: &Settings,
        now: Now,
    ) -> bool {
        if ack == Ack::Pending {
            return false;
        }
        self.pulse.ack_came(now.elapsed);
        let slot = self.pulse.heard_of(delivery).or(in_flight);
        let is_judged =
            slot.is_some_and(|slot| self.judge(delivery, slot, ack == Ack::Error, settings, now));
        self.lift_suspicion() || is_judged
    }

    /// A look-up found a message, accepted at this moment, acknowledged so far. Tells whether there is news to keep.
    pub(super) fn found(
        &mut self,
        delivery: DeliveryId,
        ack: Ack,
        accepted: Elapsed,
        settings: &Settings,
        now: Now,
    ) -> bool {
        if ack == Ack::Pending {
            self.pulse.found_without_ack(delivery, accepted);
            return false;
        }
        self.pulse.was_alive(accepted);
        let slot = self.pulse.heard_of(delivery);
        let is_judged =
            slot.is_some_and(|slot| self.judge(delivery, slot, ack == Ack::Error, settings, now));
        let is_lifted = self.pulse.is_cleared() && self.lift_suspicion();
        is_lifted || is_judged
    }

    /// WhatsApp was heard of in another way: somebody wrote to the account, or from it by hand.
    pub(super) fn is_alive(&mut self, now: Now) -> bool {
        self.pulse.was_alive(now.elapsed);
        self.lift_suspicion()
    }

    /// Acks may have been missed.
    pub(super) fn missed_events(&mut self) {
        self.pulse.distrust_silence();
    }

    /// The operator has seen to it: one message may try at once, and its answer is enough.
    pub(super) fn vouch(&mut self, now: Now) -> bool {
        self.pulse.distrust_silence();
        self.is_vouched_for = self.session.breaker.opening().is_some();
        let mut is_open = false;
        for guarded in self.all() {
            is_open |= guarded.breaker.opening().is_some();
            // What it waits for may never come.
            guarded.trial = guarded.trial.filter(|trial| trial.ack_by.is_none());
        }
        self.may_try(now);
        is_open
    }

    /// The session has been restarted and works: what was held against it was held against what it was before.
    pub(super) fn is_back(&mut self, now: Now) {
        self.may_try(now);
    }

    /// What the passing of time brings. Tells whether there is news to keep.
    pub(super) fn passes(&mut self, settings: &Settings, now: Now) -> bool {
        let unit = self.chance.clone().unit();
        let mut is_news = false;
        for guarded in self.all() {
            let ack_by = guarded.trial.and_then(|trial| trial.ack_by);
            if ack_by.is_some_and(|by| by <= now.elapsed) {
                guarded.fails_trial(pauses(settings), now, unit);
                is_news = true;
            }
        }
        let is_suspect = self.session.breaker.opening().is_none()
            && self.pulse.is_suspect(settings.silence, now.elapsed);
        if is_suspect {
            self.session
                .breaker
                .open(Trouble::SuspectedDead, pauses(settings), now.elapsed, unit);
            is_news = true;
        }
        if is_news {
            // The next is another one.
            self.chance.unit();
        }
        is_news
    }

    /// When the passing of time brings something next.
    pub(super) fn next_moment(&self, settings: &Settings) -> Option<Elapsed> {
        let guarded = self.slots.iter().chain([&self.session]);
        let trials = guarded.filter_map(|it| it.trial?.ack_by);
        let suspicion = match self.session.breaker.opening() {
            Some(_) => None,
            None => self.pulse.suspect_at(settings.silence),
        };
        trials.chain(suspicion).min()
    }

    /// What is to be kept of it.
    pub(super) fn record(&self, now: Now) -> LaneHealth {
        LaneHealth {
            cold: self.slots[Slot::Cold as usize].record(now),
            reply: self.slots[Slot::Reply as usize].record(now),
            session: self.session.record(now),
            restarted_at: self.restart.at(),
        }
    }

    fn judge(
        &mut self,
        delivery: DeliveryId,
        slot: Slot,
        is_failure: bool,
        settings: &Settings,
        now: Now,
    ) -> bool {
        let unit = self.chance.unit();
        let pauses = pauses(settings);
        let is_news = self.slots[slot as usize].judged(delivery, is_failure, pauses, now, unit);
        if !self.session.is_trial(delivery) {
            return is_news;
        }
        if is_failure {
            self.session.fails_trial(pauses, now, unit);
        } else {
            self.lift_suspicion();
        }
        true
    }

    fn lift_suspicion(&mut self) -> bool {
        let is_lifted = self.session.breaker.opening().is_some();
        if is_lifted {
            self.session.close();
            self.pulse.forgive();
            self.is_vouched_for = false;
        }
        is_lifted
    }

    fn may_try(&mut self, now: Now) {
        self.pulse.forgive();
        for guarded in self.all() {
            guarded.breaker.may_try(now.elapsed);
        }
    }

    fn all(&mut self) -> impl Iterator<Item = &mut Guarded> {
        self.slots.iter_mut().chain([&mut self.session])
    }
}

impl Guarded {
    fn new(record: Condition, pauses: Pauses, now: Now) -> Self {
        // What lies further ahead was written, or is read, under a wrong clock.
        let wait_max = pauses.longest();
        let opening = record.unwell.map(|unwell| Opening {
            trouble: unwell.trouble,
            since: now.elapsed - passed(unwell.since, now),
            until: now.elapsed + wait_between(now, unwell.until).min(wait_max),
        });
        Self {
            breaker: Breaker::opened(opening, record.times),
            trial: None,
        }
    }

    fn held(&self, now: Now) -> Option<Opening> {
        self.breaker.held(now.elapsed).or_else(|| {
            let opening = self.breaker.opening()?;
            let until = self.trial?.ack_by?;
            Some(Opening { until, ..opening })
        })
    }

    fn begins(&mut self, delivery: DeliveryId, now: Now) {
        if self.breaker.is_half_open(now.elapsed) {
            self.breaker.tries();
            self.trial = Some(Trial {
                delivery,
                ack_by: None,
            });
        }
    }

    fn waits_for_ack(&mut self, delivery: DeliveryId, until: Elapsed) {
        if let Some(trial) = self.trial.as_mut().filter(|it| it.delivery == delivery) {
            trial.ack_by = Some(until);
        }
    }

    /// How a message went, the trial or another one. Tells whether there is news to keep.
    fn judged(
        &mut self,
        delivery: DeliveryId,
        is_failure: bool,
        pauses: Pauses,
        now: Now,
        unit: f64,
    ) -> bool {
        match self.is_trial(delivery) {
            false => self.breaker.judged(is_failure, pauses, now.elapsed, unit),
            true if is_failure => {
                self.fails_trial(pauses, now, unit);
                true
            }
            true => {
                self.close();
                true
            }
        }
    }

    fn fails_trial(&mut self, pauses: Pauses, now: Now, unit: f64) {
        self.trial = None;
        if let Some(opening) = self.breaker.opening() {
            self.breaker
                .open(opening.trouble, pauses, now.elapsed, unit);
        }
    }

    fn no_trial(&mut self, delivery: DeliveryId) {
        self.trial = self.trial.filter(|trial| trial.delivery != delivery);
    }

    fn is_trial(&self, delivery: DeliveryId) -> bool {
        self.trial.is_some_and(|trial| trial.delivery == delivery)
    }

    fn close(&mut self) {
        self.trial = None;
        self.breaker.close();
    }

    fn record(&self, now: Now) -> Condition {
        let moment = |at: Elapsed| {
            let ahead = now.wall.checked_add(at.since(now.elapsed));
            let moment = ahead.and_then(|moment| moment.checked_sub(now.elapsed.since(at)));
            moment.unwrap_or(now.wall)
        };
        Condition {
            unwell: self.breaker.opening().map(|opening| Unwell {
                trouble: opening.trouble,
                since: moment(opening.since),
                until: moment(opening.until),
            }),
            times: self.breaker.openings(),
        }
    }
}

fn pauses(settings: &Settings) -> Pauses {
    Pauses {
        min: settings.pause_min,
        max: settings.pause_max,
    }
}

/// How long ago that was, by the wall clock.
fn passed(moment: Timestamp, now: Now) -> Duration {
    Duration::try_from(now.wall.duration_since(moment)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
