//! The lanes, and which of them have something to do now: a step costs what it changes, however many others wait.
//!
//! Whoever changes a lane wakes it. The next step lets each that is awake see what time has brought, queues it where a message may go through it
//! now, and lets it sleep until its next moment. Lanes that may send take turns, one message each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::Engine;
use super::alarms::{Alarms, DRIFT_MICROS};
use super::budgets::{Longest, Waiter};
use super::lane::Lane;
use crate::clock::{Elapsed, Now};
use crate::gateway::{Account, Readiness};
use crate::limits::{Slot, When};
use crate::store::{Change, LaneId};

/// The lanes.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    all: BTreeMap<LaneId, Lane>,
    of: BTreeMap<Account, LaneId>,
    awake: BTreeSet<LaneId>,
    alarms: Alarms<LaneId>,
    /// Those that may send, each once. One that may not any more is found out when its turn comes.
    able: [VecDeque<LaneId>; 2],
    queued: BTreeSet<(Slot, LaneId)>,
    /// Those that may have news for the store.
    changed: BTreeSet<LaneId>,
    /// How many were looked at so far.
    #[cfg(test)]
    pub(super) attended: u64,
}

impl Lanes {
    pub(super) fn get(&self, id: LaneId) -> Option<&Lane> {
        self.all.get(&id)
    }

    /// To change it: it is looked at with the next step.
    pub(super) fn get_mut(&mut self, id: LaneId) -> Option<&mut Lane> {
        let lane = self.all.get_mut(&id)?;
        self.awake.insert(id);
        self.changed.insert(id);
        Some(lane)
    }

    /// The one of an account.
    pub(super) fn of_account(&self, account: Account) -> Option<&Lane> {
        self.get(*self.of.get(&account)?)
    }

    /// The same, to change it.
    pub(super) fn of_account_mut(&mut self, account: Account) -> Option<&mut Lane> {
        self.get_mut(*self.of.get(&account)?)
    }

    pub(super) fn contains(&self, id: LaneId) -> bool {
        self.all.contains_key(&id)
    }

    pub(super) fn insert(&mut self, lane: Lane) {
        let id = lane.id;
        self.of.insert(lane.account, id);
        self.all.insert(id, lane);
        self.awake.insert(id);
    }

    pub(super) fn remove(&mut self, id: LaneId) -> Option<Lane> {
        self.alarms.set(id, None);
        self.awake.remove(&id);
        self.changed.remove(&id);
        let lane = self.all.remove(&id)?;
        self.of.remove(&lane.account);
        Some(lane)
    }

    /// To change all of them.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.wake_all();
        self.changed.extend(self.all.keys());
        self.all.values_mut()
    }

    #[cfg(test)]
    pub(super) fn values(&self) -> impl Iterator<Item = &Lane> {
        self.all.values()
    }

    /// What a lane waits for may have come.
    pub(super) fn wake(&mut self, id: LaneId) {
        if self.contains(id) {
            self.awake.insert(id);
        }
    }

    pub(super) fn wake_all(&mut self) {
        self.awake.extend(self.all.keys());
    }

    /// Wakes those whose moment has come.
    pub(super) fn ring(&mut self, now: Elapsed) {
        while let Some(id) = self.alarms.take_due(now) {
            self.awake.insert(id);
        }
    }

    /// When the first of them has something to do by itself.
    pub(super) fn next_moment(&self) -> Option<Elapsed> {
        self.alarms.first()
    }

    /// What the store is to keep of those that have changed.
    pub(super) fn notes(&mut self, now: Now) -> impl Iterator<Item = Change> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(move |id| {
            let lane = self.all.get_mut(&id)?;
            let is_noteworthy = std::mem::take(&mut lane.is_noteworthy);
            is_noteworthy.then(|| Change::Lane(Box::new(lane.note(now))))
        })
    }

    /// Those that are awake now.
    fn awake(&self) -> Vec<LaneId> {
        self.awake.iter().copied().collect()
    }

    /// To do what its moment asks for.
    fn attended(&mut self, id: LaneId) -> Option<&mut Lane> {
        self.changed.insert(id);
        self.all.get_mut(&id)
    }

    /// One message may go through it. Those that wait for the same are before it.
    pub(super) fn queue(&mut self, slot: Slot, id: LaneId) {
        if self.queued.insert((slot, id)) {
            self.able[slot as usize].push_back(id);
        }
    }

    /// Whose turn it is. It is not queued any more.
    pub(super) fn in_turn(&mut self, slot: Slot) -> Option<LaneId> {
        let id = self.able[slot as usize].pop_front()?;
        self.queued.remove(&(slot, id));
        Some(id)
    }
}

impl Engine {
    /// Lets lanes that are awake see that time has passed: sessions fall under suspicion, trials come to nothing, and what is dead is restarted.
    pub(super) fn attend_lanes(&mut self, now: Now) {
        for id in self.lanes.awake() {
            if let Some(lane) = self.lanes.attended(id) {
                lane.passes(&self.settings, now);
                self.pools.changed(lane.account);
            }
            if !self.is_stopping {
                self.restart_if_dead(id, now);
            }
        }
    }

    /// Queues lanes that may send, and lets all sleep until their next moment.
    pub(super) fn rest_lanes(&mut self, now: Now) {
        while let Some(id) = self.lanes.awake.pop_first() {
            #[cfg(test)]
            {
                self.lanes.attended += 1;
            }
            let Some(lane) = self.lanes.get(id) else {
                continue;
            };
            let mut next = self.lane_moment(lane, now);
            let mut able = [None; 2];
            for slot in Slot::ALL {
                let is_wanted = self.jobs.are_waiting(&lane.session, slot);
                if !is_wanted && lane.held(slot, now).is_none() {
                    continue;
                }
                match self.opens(lane, slot, now) {
                    Some(moment) if moment <= now.elapsed => able[slot as usize] = Some(slot),
                    Some(moment) => next = Some(next.map_or(moment, |next| next.min(moment))),
                    None => {}
                }
                let shared = self.shared_when(&lane.session, slot, now);
                self.budgets.wait(shared, Waiter::Lane(id));
            }
            for slot in able.into_iter().flatten() {
                self.lanes.queue(slot, id);
            }
            self.lanes.alarms.set(id, next);
        }
    }

    /// When the passing of time brings something to a lane, whether or not anybody has something to send.
    fn lane_moment(&self, lane: &Lane, now: Now) -> Option<Elapsed> {
        let health = lane.health.next_moment(&self.settings);
        let health = health.filter(|moment| *moment > now.elapsed);
        [health, self.restart_moment(lane, now)]
            .into_iter()
            .flatten()
            .min()
    }

    /// When a message may be journalled on a lane, as far as it and all above it say; `None`: after something has changed.
    pub(super) fn opens(&self, lane: &Lane, slot: Slot, now: Now) -> Option<Elapsed> {
        if let Some(hold) = lane.held(slot, now) {
            // Some last until somebody has answered.
            return Some(hold.until).filter(|until| *until > now.elapsed);
        }
        if !self.is_working(lane)
            || lane.is_trying(slot)
            || self.has_trial_under_way(lane, slot, now)
            || self.checks.is_asking(lane.id, slot)
            || (slot == Slot::Cold && self.hidden.is_asking(lane.id))
        {
            return None;
        }
        let own = Longest::of_lane(lane.pacer.when(slot, now));
        match own.or(self.shared_when(&lane.session, slot, now)).when {
            When::Now => Some(now.elapsed),
            When::At(moment, _) => Some(moment),
            When::AfterAnEnd(_) => None,
        }
    }

    /// Its session works, as this account.
    pub(super) fn is_working(&self, lane: &Lane) -> bool {
        let view = self.sessions.get(&lane.session);
        let is_working = view.is_some_and(|view| {
            view.lane == Some(lane.id) && view.readiness == Some(Readiness::Working)
        });
        is_working && self.attends(&lane.session)
    }

    /// Whether whoever could do something by itself before `next` is going to be woken for it. Asks everybody: for checks of builds that
    /// are tested.
    pub(super) fn nobody_oversleeps(&self, next: Option<Elapsed>, now: Now) -> bool {
        let is_in_time = |moment: Elapsed| {
            moment <= now.elapsed
                || next.is_some_and(|next| next <= moment + Duration::from_micros(DRIFT_MICROS))
        };
        let lanes = self.lanes.all.values().all(|lane| {
            let health = self.lane_moment(lane, now).is_none_or(is_in_time);
            let slots = Slot::ALL.into_iter().all(|slot| {
                let is_wanted = self.jobs.are_waiting(&lane.session, slot);
                match self.opens(lane, slot, now).filter(|_| is_wanted) {
                    Some(moment) if moment <= now.elapsed => {
                        self.lanes.queued.contains(&(slot, lane.id))
                    }
                    moment => moment.is_none_or(is_in_time),
                }
            });
            health && slots
        });
        let looks = self.sessions.iter().all(|(session, view)| {
            let look = self.look_at(session, view);
            look.is_none_or(|moment| self.is_stopping || is_in_time(moment))
        });
        lanes && looks
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
