//! The campaigns at work, and which of them have something to do now: a step costs what it changes, however many others wait.
//!
//! Whoever changes a campaign wakes it. The next step looks at those that are awake and at those whose moment has come, lets each take part in
//! the turns of its sessions and slot when it has something to send, and lets it sleep until its next moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::alarms::Alarms;
use super::job::{Job, Wanted};
use super::turns::Turns;
use crate::campaign::Share;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::Session;
use crate::limits::Slot;

/// The campaigns at work.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    all: BTreeMap<CampaignId, Job>,
    awake: BTreeSet<CampaignId>,
    /// When each has something to do by itself.
    alarms: Alarms<CampaignId>,
    /// From when on the counters of each may be read again. Nobody waits for these moments.
    rereads: Alarms<CampaignId>,
    turns: BTreeMap<Session, BTreeMap<Slot, Turns>>,
    /// In which turns each takes part, and how.
    taking_part: BTreeMap<CampaignId, (Wanted, Slot, Share)>,
    /// Those whose sessions are watched.
    live: BTreeSet<CampaignId>,
    /// Sessions for which there is something to send that was not there before, or that need to be watched, or no more.
    stirred: BTreeSet<Session>,
    /// How many were looked at so far.
    #[cfg(test)]
    pub(super) attended: u64,
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
        self.live.remove(&id);
        self.taking_part.remove(&id);
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

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &CampaignId> {
        self.all.keys()
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Job> {
        self.all.values()
    }

    pub(super) fn wake_all(&mut self) {
        self.awake.extend(self.all.keys());
    }

    /// Wakes those whose moment has come.
    pub(super) fn ring(&mut self, now: Elapsed) {
        for alarms in [&mut self.alarms, &mut self.rereads] {
            while let Some(id) = alarms.take_due(now) {
                self.awake.insert(id);
            }
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
        let is_live = job.state.is_live();
        let is_news = match is_live {
            true => self.live.insert(id),
            false => self.live.remove(&id),
        };
        if is_news {
            self.stirred.extend(job.sessions().iter().cloned());
        }
        let part = (job.wanted(now), job.slot(), job.record.definition.share());
        if self.taking_part.get(&id) == Some(&part) {
            return;
        }
        let (wanted, slot, share) = &part;
        for session in job.sessions() {
            if wanted.is_through(session) {
                let slots = self.turns.entry(session.clone()).or_default();
                if slots.entry(*slot).or_default().join(id, *share) {
                    self.stirred.insert(session.clone());
                }
            } else if let Some(slots) = self.turns.get_mut(session)
                && let Some(turns) = slots.get_mut(slot)
            {
                turns.leave(id);
            }
        }
        self.taking_part.insert(id, part);
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

    /// Whether a campaign has something to send.
    pub(super) fn are_waiting(&self, session: &Session, slot: Slot) -> bool {
        self.in_turn(session, slot).is_some()
    }

    /// Sessions that have more to do than before, or less.
    pub(super) fn take_stirred(&mut self) -> BTreeSet<Session> {
        std::mem::take(&mut self.stirred)
    }

    /// When the first of them has something to do by itself.
    pub(super) fn next_moment(&self) -> Option<Elapsed> {
        self.alarms.first()
    }
}

#[cfg(test)]
mod tests;
