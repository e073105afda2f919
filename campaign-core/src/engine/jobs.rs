//! The campaigns at work, and which of them have something to do now: a step costs what it changes, however many others wait.
//!
//! Whoever changes a campaign wakes it. The next step looks at those that are awake and at those whose moment has come, lets each take part in
//! the turns of its sessions and slot when it has something to send, and lets it sleep until its next moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::job::Job;
use super::turns::Turns;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::Session;
use crate::limits::Slot;

/// When the two clocks drift apart by more than this, moments on the wall clock are worked out anew.
const DRIFT_MICROS: i64 = 100_000;

/// The campaigns at work.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: BTreeMap<CampaignId, Job>,
    awake: BTreeSet<CampaignId>,
    /// When each has something to do by itself.
    alarms: Alarms,
    /// From when on the counters of each may be read again. Nobody waits for these moments.
    rereads: Alarms,
    turns: BTreeMap<Session, BTreeMap<Slot, Turns>>,
    /// How far the wall clock was from elapsed time when the alarms were set.
    apart_micros: Option<i64>,
    /// How many were looked at so far.
    #[cfg(test)]
    attended: u64,
}

/// One moment for each campaign, the earliest first.
#[derive(Debug, Default)]
struct Alarms {
    in_order: BTreeSet<(Elapsed, CampaignId)>,
    of: BTreeMap<CampaignId, Elapsed>,
}

impl Alarms {
    fn set(&mut self, id: CampaignId, moment: Option<Elapsed>) {
        if let Some(earlier) = self.of.remove(&id) {
            self.in_order.remove(&(earlier, id));
        }
        if let Some(moment) = moment {
            self.of.insert(id, moment);
            self.in_order.insert((moment, id));
        }
    }

    fn first(&self) -> Option<Elapsed> {
        self.in_order.first().map(|(moment, _)| *moment)
    }

    fn take_due(&mut self, now: Elapsed) -> Option<CampaignId> {
        let (moment, id) = *self.in_order.first()?;
        if moment > now {
            return None;
        }
        self.set(id, None);
        Some(id)
    }
}

impl Jobs {
    pub(super) fn get(&self, id: &CampaignId) -> Option<&Job> {
        self.all.get(id)
    }

    /// To change it: it is looked at with the next step.
    pub(super) fn get_mut(&mut self, id: &CampaignId) -> Option<&mut Job> {
        let job = self.all.get_mut(id)?;
        self.awake.insert(*id);
        Some(job)
    }

    /// It is looked at with the next step.
    pub(super) fn wake(&mut self, id: CampaignId) {
        if self.all.contains_key(&id) {
            self.awake.insert(id);
        }
    }

    /// To do what its moment asks for.
    pub(super) fn attended(&mut self, id: CampaignId) -> Option<&mut Job> {
        self.all.get_mut(&id)
    }

    pub(super) fn insert(&mut self, id: CampaignId, job: Job) {
        self.all.insert(id, job);
        self.awake.insert(id);
    }

    pub(super) fn remove(&mut self, id: CampaignId) {
        self.alarms.set(id, None);
        self.rereads.set(id, None);
        self.awake.remove(&id);
        let Some(job) = self.all.remove(&id) else {
            return;
        };
        for session in job.sessions() {
            let Some(slots) = self.turns.get_mut(session) else {
                continue;
            };
            for turns in slots.values_mut() {
                turns.forget(id);
            }
            slots.retain(|_, turns| !turns.is_empty());
            if slots.is_empty() {
                self.turns.remove(session);
            }
        }
    }

    pub(super) fn contains(&self, id: CampaignId) -> bool {
        self.all.contains_key(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &CampaignId> {
        self.all.keys()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Job> {
        self.all.values()
    }

    /// Wakes those whose moment has come. When somebody sets the wall clock, or corrects it, all of them.
    pub(super) fn ring(&mut self, now: Now) {
        let apart = now.wall.as_microsecond() - now.elapsed.as_micros();
        let is_off = |before: i64| apart.abs_diff(before) > DRIFT_MICROS.unsigned_abs();
        if self.apart_micros.is_none_or(is_off) {
            self.apart_micros = Some(apart);
            self.awake.extend(self.all.keys());
        }
        while let Some(id) = self.alarms.take_due(now.elapsed) {
            self.awake.insert(id);
        }
        while let Some(id) = self.rereads.take_due(now.elapsed) {
            self.awake.insert(id);
        }
    }

    /// One that is awake. It is not any more, and must be put to [`rest`](Jobs::rest) when it has been attended to.
    pub(super) fn next_awake(&mut self) -> Option<CampaignId> {
        let id = self.awake.pop_first();
        #[cfg(test)]
        {
            self.attended += u64::from(id.is_some());
        }
        id
    }

    /// Lets it take part in the turns of each session for which it has something to send now, and sets its alarms.
    pub(super) fn rest(&mut self, id: CampaignId, ack_time: Duration, now: Now) {
        let Some(job) = self.all.get(&id) else { return };
        let moments = job.moments(ack_time, now);
        self.alarms.set(id, moments.next);
        self.rereads.set(id, moments.rereads);
        let share = job.record.definition.share();
        for session in job.sessions() {
            if job.may_send(session, Elapsed::NEVER, now).is_some() {
                let slots = self.turns.entry(session.clone()).or_default();
                slots.entry(job.slot()).or_default().join(id, share);
            } else if let Some(slots) = self.turns.get_mut(session)
                && let Some(turns) = slots.get_mut(&job.slot())
            {
                turns.leave(id);
            }
        }
    }

    /// Whose turn it is.
    pub(super) fn in_turn(&self, session: &Session, slot: Slot) -> Option<CampaignId> {
        self.turns.get(session)?.get(&slot)?.next()
    }

    /// It has had its turn.
    pub(super) fn had_turn(&mut self, id: CampaignId, session: &Session, slot: Slot) {
        if let Some(turns) = self.turns_of(session, slot) {
            turns.had(id);
        }
    }

    /// Its last turn came to nothing.
    pub(super) fn give_turn_back(&mut self, id: CampaignId, session: &Session, slot: Slot) {
        if let Some(turns) = self.turns_of(session, slot) {
            turns.give_back(id);
        }
    }

    fn turns_of(&mut self, session: &Session, slot: Slot) -> Option<&mut Turns> {
        self.turns.get_mut(session)?.get_mut(&slot)
    }

    /// Sessions and slots in which something waits to be sent.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&Session, Slot)> {
        self.turns.iter().flat_map(|(session, slots)| {
            let slots = slots.iter().filter(|(_, turns)| !turns.are_over());
            slots.map(move |(slot, _)| (session, *slot))
        })
    }

    /// When the first of them has something to do by itself.
    pub(super) fn next_moment(&self) -> Option<Elapsed> {
        self.alarms.first()
    }
}

#[cfg(test)]
mod tests;
