//! What this engine attends: all that there is, or, of several workers, the sessions that its roster names.
//!
//! What is not attended is left alone: nothing is begun through such a session, and it is not looked at. Of one that somebody else is to attend
//! the engine lets go when nothing is under way through it and its lane's last note is on record. The worker that attends a campaign's first
//! session leads it: it moves the campaign on and obeys its commands. The others send.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Engine, Step};
use crate::campaign::Sessions;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::{Notice, Session};
use crate::store::{Command, LaneId, LaneNote, News, Roster};

/// No reading takes so long.
const HEARD_OF_FOR: Duration = Duration::from_secs(60);

/// What a worker attends.
#[derive(Debug, Default)]
pub(super) struct Duty {
    own: BTreeSet<Session>,
    /// What it is to let go of, and how far that has come.
    leaving: BTreeMap<Session, Leaving>,
    /// It obeys what concerns no campaign.
    is_first: bool,
    /// Campaigns that others have changed while they were not known here, and when that was: what is being read of them may be older.
    heard_of: BTreeMap<CampaignId, Elapsed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// Something is still under way.
    Ending,
    /// The lane's last note goes on record.
    Noting,
}

/// Whether a campaign is taken as others have left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adopting {
    /// As it is being read now.
    This,
    /// As it is read after that.
    TheNext,
}

impl Duty {
    fn attends(&self, session: &Session) -> bool {
        self.own.contains(session)
    }
}

impl Engine {
    /// Whether this engine sends through a session. The only one attends all.
    pub(super) fn attends(&self, session: &Session) -> bool {
        let duty = self.duty.as_ref();
        duty.is_none_or(|duty| duty.attends(session))
    }

    /// Whether an event is for another worker to take: every one may hear what happens in all sessions. What people write is taken by all, so
    /// that no wish is lost while a session passes from one to another.
    pub(super) fn is_for_others(&self, notice: &Notice) -> bool {
        let Some(duty) = &self.duty else {
            return false;
        };
        match notice {
            Notice::Ack { session, .. }
            | Notice::Echo { session, .. }
            | Notice::ByHand { session, .. }
            | Notice::Status { session, .. } => {
                !duty.attends(session) && !duty.leaving.contains_key(session)
            }
            Notice::Reply { .. } | Notice::HiddenReply { .. } | Notice::Gap { .. } => false,
        }
    }

    /// Whether it attends one of these.
    pub fn attends_any(&self, sessions: &Sessions) -> bool {
        sessions.iter().any(|session| self.attends(session))
    }

    /// Whether it moves this campaign on.
    pub(super) fn leads(&self, campaign: CampaignId) -> bool {
        let job = self.jobs.get(&campaign);
        job.is_some_and(|job| self.attends(job.sessions().first()))
    }

    /// Whether others send for this campaign as well.
    pub(super) fn shares(&self, campaign: CampaignId) -> bool {
        let job = self.jobs.get(&campaign);
        let are_all_own = |sessions: &Sessions| sessions.iter().all(|it| self.attends(it));
        job.is_some_and(|job| !are_all_own(job.sessions()))
    }

    /// Whether a command is for this engine to obey. What is about a campaign is for whoever leads it, and must be told of it first.
    pub fn obeys(&self, command: &Command) -> bool {
        let Some(duty) = &self.duty else {
            return true;
        };
        match (command.campaign(), command) {
            (Some(campaign), _) => self.leads(campaign),
            (None, Command::SetLimits { account, .. }) => {
                // Whoever sends from it keeps them from the moment on at which they are on record.
                let mut sessions = self.pools.sessions_of(*account).peekable();
                match sessions.peek() {
                    Some(_) => sessions.any(|session| self.attends(session)),
                    None => duty.is_first,
                }
            }
            (None, _) => duty.is_first,
        }
    }

    /// The lease was renewed: what to attend from here on, and how the others stand.
    pub(super) fn on_duty(&mut self, roster: Roster, now: Now) {
        let Some(duty) = &mut self.duty else {
            return;
        };
        duty.is_first = roster.place == 0;
        duty.heard_of
            .retain(|_, heard| now.elapsed.since(*heard) < HEARD_OF_FOR);
        let before = std::mem::replace(&mut duty.own, roster.sessions);
        let own = duty.own.clone();
        for session in before.difference(&own) {
            duty.leaving.insert(session.clone(), Leaving::Ending);
        }
        duty.leaving.retain(|session, _| !own.contains(session));
        for session in before.symmetric_difference(&own) {
            self.duty_changed(session, now);
        }
        for (session, account) in &roster.accounts {
            // Of its own it knows better, once it has seen them.
            if !own.contains(session) || !self.pools.knows(session) {
                self.account_seen(session, *account);
            }
        }
        self.others_are_held(&roster.held, now);
    }

    fn duty_changed(&mut self, session: &Session, now: Now) {
        let Some(view) = self.sessions.get_mut(session) else {
            return;
        };
        // What it told while others attended it is old.
        view.observe_at = now.elapsed;
        let jobs = view.jobs.clone();
        if let Some(lane) = view.lane {
            self.lanes.wake(lane);
        }
        for campaign in jobs {
            self.pool_came(campaign);
            self.read_to_adopt(campaign);
        }
        self.doubts.load_at(now.elapsed);
    }

    /// Lets go of what others are to attend, as far as nothing of it is under way.
    pub(super) fn let_go(&mut self) {
        let Some(duty) = &self.duty else {
            return;
        };
        let ending = duty.leaving.iter();
        let ending = ending.filter(|(_, how_far)| **how_far == Leaving::Ending);
        let ending: Vec<Session> = ending.map(|(session, _)| session.clone()).collect();
        for session in ending {
            let lane = self.sessions.get(&session).and_then(|view| view.lane);
            let lane = lane.filter(|id| {
                let lane = self.lanes.get(*id);
                lane.is_some_and(|lane| lane.session == session)
            });
            let Some(lane) = lane else {
                self.has_let_go(session);
                continue;
            };
            if self.is_under_way(lane) {
                continue;
            }
            if let Some(lane) = self.lanes.get_mut(lane) {
                lane.is_noteworthy = true;
            }
            if let Some(duty) = &mut self.duty {
                duty.leaving.insert(session, Leaving::Noting);
            }
        }
    }

    fn is_under_way(&self, lane: LaneId) -> bool {
        let is_sending = self.flights.values().any(|flight| flight.lane == lane);
        let restart = self.lanes.get(lane);
        let restart = restart.and_then(|lane| lane.health.restart.under_way());
        is_sending || restart.is_some()
    }

    /// The last that is to be known of a lane is on record, or another one is its owner already.
    pub(super) fn noted_last(&mut self, note: &LaneNote) {
        let session = self.lanes.get(note.lane).map(|lane| lane.session.clone());
        let noting = self.duty.as_ref().zip(session);
        let noting =
            noting.filter(|(duty, session)| duty.leaving.get(session) == Some(&Leaving::Noting));
        let Some((_, session)) = noting else {
            return;
        };
        if let Some(lane) = self.lanes.remove(note.lane) {
            self.pools.changed(lane.account);
        }
        for (_, view) in self.sessions.iter_mut() {
            view.lane = view.lane.filter(|lane| *lane != note.lane);
        }
        self.doubts.forget(note.lane);
        self.has_let_go(session);
    }

    fn has_let_go(&mut self, session: Session) {
        if let Some(duty) = &mut self.duty {
            duty.leaving.remove(&session);
        }
        let jobs = self.sessions.get(&session);
        let jobs = jobs.map(|view| view.jobs.clone()).unwrap_or_default();
        for campaign in jobs {
            self.jobs.wake(campaign);
        }
        self.steps.push_back(Step::LetGo(session));
    }

    /// The session is attended by somebody else after all.
    pub(super) fn is_attended_elsewhere(&mut self, session: &Session, now: Now) {
        let again = now.elapsed + self.settings.observe_every;
        if let Some(view) = self.sessions.get_mut(session) {
            view.is_opening = false;
            view.observe_at = again;
        }
    }

    /// What is read of a campaign for the first time may be from before the news of it.
    pub(super) fn adopt_if_heard_of(&mut self, campaign: CampaignId) {
        let heard = self.duty.as_mut().map(|duty| &mut duty.heard_of);
        if heard.is_some_and(|heard| heard.remove(&campaign).is_some()) {
            self.read_to_adopt(campaign);
        }
    }

    /// Others may have moved a campaign, or said what it says from now on.
    fn read_to_adopt(&mut self, campaign: CampaignId) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        // What is being read may be from before that.
        job.adopting = Some(match std::mem::replace(&mut job.is_rereading, true) {
            true => Adopting::TheNext,
            false => {
                self.steps.push_back(Step::Reread(campaign));
                Adopting::This
            }
        });
    }

    /// Takes over what others have left of a campaign, which was just read.
    pub(super) fn adopt(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        match job.adopting.take() {
            None => {}
            Some(adopting) if job.is_moving || adopting == Adopting::TheNext => {
                self.read_to_adopt(campaign);
            }
            Some(_) => {
                if !job.is_edited {
                    job.say(job.record.definition.message.clone());
                }
                if job.state != job.record.state {
                    job.state = job.record.state;
                    self.stands_elsewhere(campaign, now);
                }
            }
        }
    }

    /// Others have changed what is in memory here.
    pub(super) fn heard(&mut self, news: BTreeSet<News>, now: Now) {
        for news in news {
            match news {
                News::Campaign(campaign) => {
                    match self.jobs.get_mut(&campaign) {
                        Some(job) => job.start_over(),
                        None => {
                            let duty = self.duty.as_mut();
                            duty.map(|duty| duty.heard_of.insert(campaign, now.elapsed));
                        }
                    }
                    self.read_to_adopt(campaign);
                }
                News::Limits(account) => {
                    // What was set here is not the last word any more.
                    self.given_limits.remove(&account);
                    if let Some(lane) = self.lanes.of_account(account) {
                        let session = lane.session.clone();
                        self.steps.push_back(Step::OpenLane { account, session });
                    }
                }
                News::Doubts => self.doubts.load_at(now.elapsed),
                News::Wished(phone, wish) => self.wished(phone, wish),
                // Those are for whoever drives the engine.
                News::Roster | News::Hidden => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
