//! Sessions as they are seen to stand, and the lanes that open through them.

use std::collections::{BTreeMap, BTreeSet};

use super::alarms::Alarms;
use super::clocks::{CLOCK_JUMP, apart};
use super::lane::{self, Lane};
use super::{Engine, Step};
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::failure::Trouble;
use crate::gateway::{Account, Observation, Readiness, Session};
use crate::store::{LaneId, LaneRecord};

/// A session without sends or doubts is looked at so many times less often.
const QUIET_FACTOR: u32 = 30;

/// What is known of a session, whether or not it has a lane yet.
#[derive(Debug, Default)]
pub(super) struct SessionView {
    pub(super) lane: Option<LaneId>,
    pub(super) jobs: BTreeSet<CampaignId>,
    pub(super) readiness: Option<Readiness>,
    /// The server that it lives on, where the gateway names it.
    pub(super) server: Option<Box<str>>,
    /// What was last seen of it while it has no lane that could note it.
    pub(super) seen: Option<(Observation, Now)>,
    pub(super) is_observing: bool,
    pub(super) is_opening: bool,
    pub(super) observe_at: Elapsed,
}

/// The sessions, and when each is looked at next.
#[derive(Debug, Default)]
pub(super) struct Views {
    all: BTreeMap<Session, SessionView>,
    /// Those of which something has changed.
    awake: BTreeSet<Session>,
    /// When each is looked at, where somebody needs it.
    looks: Alarms<Session>,
}

impl Views {
    pub(super) fn get(&self, session: &Session) -> Option<&SessionView> {
        self.all.get(session)
    }

    /// To change it: when it is looked at is worked out anew with the next step.
    pub(super) fn get_mut(&mut self, session: &Session) -> Option<&mut SessionView> {
        let view = self.all.get_mut(session)?;
        self.awake.insert(session.clone());
        Some(view)
    }

    /// The same, known from here on if it was not.
    pub(super) fn get_or_insert(&mut self, session: &Session) -> &mut SessionView {
        self.awake.insert(session.clone());
        self.all.entry(session.clone()).or_default()
    }

    /// To change all of them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&Session, &mut SessionView)> {
        self.awake.extend(self.all.keys().cloned());
        self.all.iter_mut()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Session, &SessionView)> {
        self.all.iter()
    }

    /// Whether somebody needs it may have changed.
    pub(super) fn wake(&mut self, session: Session) {
        if self.all.contains_key(&session) {
            self.awake.insert(session);
        }
    }

    /// One that is to be looked at now; it is being looked at from here on.
    pub(super) fn look_at_next(&mut self, now: Elapsed) -> Option<Session> {
        let session = self.looks.take_due(now)?;
        self.all.get_mut(&session)?.is_observing = true;
        Some(session)
    }

    /// When the first of them is looked at.
    pub(super) fn next_look(&self) -> Option<Elapsed> {
        self.looks.first()
    }
}

impl Engine {
    pub(super) fn lane_opened(&mut self, session: Session, record: LaneRecord, now: Now) {
        let account = record.account;
        // Attempts are journalled by a steady clock.
        let journalled = record.attempts.first().map(|attempt| attempt.started);
        let shown = now.wall;
        let now = match journalled {
            Some(journalled) if !self.lanes.contains(record.id) => self.recall(journalled, now),
            _ => now,
        };
        // By an attempt of the same boot the clock is as it was then, whatever it showed to a runner in between.
        let is_right = journalled.is_some_and(|it| it.boot == self.boot)
            && self.out_of_step.is_none()
            && now.wall == shown;
        let attends = self.attends(&session);
        let Some(view) = self.sessions.get_mut(&session) else {
            return;
        };
        view.is_opening = false;
        if !attends {
            return;
        }
        view.lane = Some(record.id);
        view.observe_at = now.elapsed;
        let seen = view.seen.take();
        let known = session.clone();
        let is_back = self.lanes.contains(record.id);
        let id = record.id;
        if let Some(lane) = self.lanes.get_mut(id) {
            // Another worker may have set them.
            lane.set_limits(record.limits.clone(), now);
        } else {
            let session = session.clone();
            let lane = Lane::new(record, session, &self.settings, self.boot, now);
            self.lanes.insert(lane);
        }
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        lane.move_to(session);
        if let Some(limits) = self.given_limits.get(&account) {
            // They may have been set while the lane was being opened.
            lane.set_limits(limits.clone(), now);
        }
        if let Some((observation, at)) = seen {
            lane.learn(&observation, &self.settings, self.boot, at);
        }
        if self.out_of_step.is_some() {
            // It is held with the others, until the clock is borne out.
            lane.hold_for(Trouble::ClockJumped, None, &self.settings, now);
        }
        self.account_seen(&known, account);
        self.account_came(&known, is_back);
        self.unpark();
        self.lane_counts_by_hand(account);
        if is_right || self.is_clock_confirmed {
            self.release_clock_holds();
        }
    }

    pub(super) fn lane_of(&self, session: &Session) -> Option<&Lane> {
        self.lanes.get(self.sessions.get(session)?.lane?)
    }

    pub(super) fn observed(&mut self, session: Session, observation: Observation, now: Now) {
        let is_quiet = self.is_quiet(now);
        let Some(view) = self.sessions.get_mut(&session) else {
            return;
        };
        view.is_observing = false;
        view.observe_at =
            now.elapsed + self.settings.observe_every * if is_quiet { QUIET_FACTOR } else { 1 };
        if !self.attends(&session) {
            return;
        }
        let Some(view) = self.sessions.get_mut(&session) else {
            return;
        };
        let is_told = observation.readiness == Readiness::Working || observation.server.is_some();
        if is_told {
            view.server = observation.server.clone();
        }
        let lane = view.lane;
        self.session_changed(
            &session,
            observation.readiness.clone(),
            observation.account,
            now,
        );
        let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) else {
            let Some(view) = self.sessions.get_mut(&session) else {
                return;
            };
            // An event tells that it works, and not whether it keeps messages: of what is sent before that is known, no doubt can be settled.
            if let (Readiness::Working, Some(account), false) =
                (&observation.readiness, observation.account, view.is_opening)
            {
                view.is_opening = true;
                self.steps.push_back(Step::OpenLane { account, session });
            }
            view.seen = Some((observation, now));
            return;
        };
        lane.learn(&observation, &self.settings, self.boot, now);
        let is_held = lane
            .hold
            .is_some_and(|hold| hold.trouble == Trouble::ClockJumped);
        let shown = self.out_of_step.unwrap_or(now.wall);
        // It may be held for longer by something else, which may itself have been read by the wrong clock.
        if (is_held || self.out_of_step.is_some())
            && observation
                .server_time
                .is_some_and(|server| apart(server, shown) <= CLOCK_JUMP)
        {
            self.believe_the_clock(now);
        }
    }

    pub(super) fn session_changed(
        &mut self,
        session: &Session,
        readiness: Readiness,
        account: Option<Account>,
        now: Now,
    ) {
        let Some(view) = self.sessions.get_mut(session) else {
            return;
        };
        view.readiness = Some(readiness.clone());
        let lane = view.lane.and_then(|lane| self.lanes.get_mut(lane));
        let trouble = match readiness {
            Readiness::Working => None,
            Readiness::NotReady(_) | Readiness::Missing => Some(Trouble::SessionNotReady),
            Readiness::Unauthorized => Some(Trouble::Unauthorized),
            Readiness::Unreachable | Readiness::Foreign => Some(Trouble::Unreachable),
        };
        let Some(lane) = lane else {
            // Without a lane there is nothing to hold; opening one waits for a session that works.
            if readiness != Readiness::Working {
                view.observe_at = view.observe_at.min(now.elapsed + self.settings.hold_min);
            }
            return;
        };
        if account.is_some_and(|account| account != lane.account) && readiness == Readiness::Working
        {
            lane.interrupted();
            lane.health.restart.call_off();
            let id = lane.id;
            view.lane = None;
            view.observe_at = now.elapsed;
            // What is not written yet would go out from an account whose limits do not count it.
            let of_it = self.flights.iter().filter(|(_, it)| it.lane == id);
            let withheld = of_it.map(|(delivery, _)| Step::Withhold(*delivery));
            self.steps.extend(withheld);
            return;
        }
        match trouble {
            Some(trouble) => {
                lane.hold_for(trouble, None, &self.settings, now);
                view.observe_at = lane.hold.map_or(now.elapsed, |hold| hold.until);
            }
            None => {
                lane.works_again(now);
                let away = lane.is_well(now);
                let lifts = lane.hold.is_some_and(|hold| {
                    let is_over = hold.trouble != Trouble::ClockJumped && hold.until <= now.elapsed;
                    is_over || lane::lifts_by_itself(hold.trouble)
                });
                if lifts {
                    lane.release();
                    self.doubts.load_at(now.elapsed);
                }
                if away > self.settings.hold_max {
                    // Looks at doubts may have been used up in the meantime.
                    self.look_again_at(session);
                }
            }
        }
    }

    /// Works out when sessions are looked at of which something has changed.
    pub(super) fn attend_sessions(&mut self) {
        for session in self.jobs.take_stirred() {
            let view = self.sessions.get(&session);
            if let Some(lane) = view.and_then(|view| view.lane) {
                self.lanes.wake(lane);
            }
            self.sessions.wake(session);
        }
        while let Some(session) = self.sessions.awake.pop_first() {
            let look = self.sessions.get(&session);
            let look = look.and_then(|view| self.look_at(&session, view));
            self.sessions.looks.set(session, look);
        }
    }

    /// When a session is looked at next, if a campaign needs it.
    pub(super) fn look_at(&self, session: &Session, view: &SessionView) -> Option<Elapsed> {
        let is_needed = |id: &CampaignId| self.jobs.get(id).is_some_and(|job| job.state.is_live());
        let is_watched = !view.is_observing && !view.is_opening && view.jobs.iter().any(is_needed);
        let is_watched = is_watched && self.attends(session);
        is_watched.then_some(view.observe_at)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
