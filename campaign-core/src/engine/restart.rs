//! Restarts a session that is dead or has FAILED, where its account's limits allow that: seldom, on record before it happens, and never
//! while a message of the account is under way.

use std::time::Duration;

use super::lane::Lane;
use super::sessions::SessionView;
use super::{Engine, Step};
use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::delivery::CampaignId;
use crate::gateway::{Readiness, Session};
use crate::limits::{RestartPolicy, Slot};
use crate::store::{LaneId, LaneNote};

/// A session is restarted at most once in so long. A restart that did not help will not help in a minute, and WhatsApp sees each
/// as a new connection of the device.
const ONCE_IN: Duration = Duration::from_secs(30 * 60);
/// How long it usually takes: WAHA answers after it has stopped the session, within seconds (recorded).
const USUAL: Duration = Duration::from_secs(30);

/// How far a lane has come with restarting its session.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Restart {
    stage: Stage,
    /// When it was done last, whichever process did it.
    last: Option<Stamp>,
    /// The same on this clock.
    last_elapsed: Option<Elapsed>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Nothing,
    /// It goes on record.
    Recording,
    Asked,
    /// The server has restarted it, and it was not seen to work since.
    Coming,
}

impl Restart {
    pub(super) fn new(last: Option<Stamp>, boot: BootId, now: Now) -> Self {
        Self {
            stage: Stage::Nothing,
            last,
            last_elapsed: last.map(|last| now.place(last, boot)),
        }
    }

    pub(super) fn at(&self) -> Option<Stamp> {
        self.last
    }

    /// Since when, and for about how long: nothing may be sent until the server has answered.
    pub(super) fn under_way(&self) -> Option<(Elapsed, Elapsed)> {
        let since = self.last_elapsed.filter(|_| self.is_under_way())?;
        Some((since, since + USUAL))
    }

    fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Recording | Stage::Asked)
    }

    fn is_due(&self, now: Now) -> bool {
        let is_long_ago = |last: Elapsed| now.elapsed.since(last) >= ONCE_IN;
        !self.is_under_way() && self.last_elapsed.is_none_or(is_long_ago)
    }

    /// When it may be done again, where that is not yet.
    pub(super) fn next_due(&self, now: Now) -> Option<Elapsed> {
        let due = self.last_elapsed.map(|last| last + ONCE_IN);
        due.filter(|due| *due > now.elapsed)
    }

    fn begins(&mut self, now: Now, boot: BootId) {
        self.stage = Stage::Recording;
        self.last = Some(now.stamp(boot));
        self.last_elapsed = Some(now.elapsed);
    }

    /// It is on record. Tells whether the server is to be asked now.
    fn recorded(&mut self, at: Option<Stamp>) -> bool {
        let is_recorded = self.stage == Stage::Recording && self.last == at;
        if is_recorded {
            self.stage = Stage::Asked;
        }
        is_recorded
    }

    fn ended(&mut self, is_done: bool) {
        self.stage = if is_done {
            Stage::Coming
        } else {
            Stage::Nothing
        };
    }

    /// The session is another account's by now. What goes on record is not done.
    pub(super) fn call_off(&mut self) {
        self.stage = Stage::Nothing;
    }

    /// The session is seen to work. Tells whether that is the first time since it was restarted.
    pub(super) fn works(&mut self) -> bool {
        let is_back = self.stage == Stage::Coming;
        if is_back {
            self.stage = Stage::Nothing;
        }
        is_back
    }
}

impl Engine {
    /// Begins to restart a lane's session that needs it, once it may.
    pub(super) fn restart_if_dead(&mut self, id: LaneId, now: Now) {
        let is_due = self.lanes.get(id).is_some_and(|lane| {
            self.needs_restart(lane) && lane.health.restart.is_due(now) && !self.is_flying(id)
        });
        if let Some(lane) = self.lanes.get_mut(id).filter(|_| is_due) {
            lane.health.restart.begins(now, self.boot);
            lane.is_noteworthy = true;
        }
    }

    /// Its session is dead, or WAHA gave it up: it stays FAILED until it is restarted (recorded). One that is another account's by now is that
    /// account's matter.
    fn needs_restart(&self, lane: &Lane) -> bool {
        let has_failed = |view: &SessionView| match &view.readiness {
            Some(Readiness::NotReady(name)) => **name == *"FAILED",
            _ => false,
        };
        let view = self.sessions.get(&lane.session);
        view.is_some_and(|view| {
            view.lane == Some(lane.id)
                && lane.pacer.limits().restart == RestartPolicy::WhenSuspected
                && (lane.health.is_suspected() || has_failed(view))
        })
    }

    /// The operator has seen to a campaign's accounts.
    pub(super) fn vouch_for_lane(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.get(&campaign) else {
            return;
        };
        for session in job.sessions() {
            let lane = self.sessions.get(session).and_then(|view| view.lane);
            if let Some(lane) = lane.and_then(|id| self.lanes.get_mut(id)) {
                lane.is_noteworthy |= lane.health.vouch(now);
            }
        }
    }

    /// A lane's note is on record; the restart that it tells of may be done.
    pub(super) fn noted(&mut self, note: &LaneNote) {
        let Some(lane) = self.lanes.get_mut(note.lane) else {
            return;
        };
        if lane.epoch == note.epoch && lane.health.restart.recorded(note.health.restarted_at) {
            lane.interrupted();
            self.steps.push_back(Step::Restart(lane.session.clone()));
        }
    }

    pub(super) fn restarted(&mut self, session: &Session, is_done: bool, now: Now) {
        let Some(view) = self.sessions.get_mut(session) else {
            return;
        };
        view.observe_at = now.elapsed;
        if let Some(lane) = view.lane.and_then(|id| self.lanes.get_mut(id)) {
            lane.health.restart.ended(is_done);
            lane.interrupted();
        }
    }

    /// When a session that needs it may be restarted again.
    pub(super) fn restart_moment(&self, lane: &Lane, now: Now) -> Option<Elapsed> {
        lane.health
            .restart
            .next_due(now)
            .filter(|_| self.needs_restart(lane))
    }

    /// A message tries for all, and is still under way.
    pub(super) fn has_trial_under_way(&self, lane: &Lane, slot: Slot, now: Now) -> bool {
        let mut flights = self
            .flights
            .values()
            .filter(|flight| flight.lane == lane.id);
        if lane.health.is_session_on_trial(now) {
            flights.next().is_some()
        } else {
            lane.health.is_slot_on_trial(slot, now) && flights.any(|flight| flight.slot == slot)
        }
    }

    /// A message of the lane is under way, answered or not.
    pub(super) fn is_flying(&self, lane: LaneId) -> bool {
        self.flights.values().any(|flight| flight.lane == lane)
    }
}

#[cfg(test)]
mod tests;
