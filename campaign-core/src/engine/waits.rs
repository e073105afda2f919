//! What a campaign waits for.

use jiff::{Timestamp, Unit};
use serde::Serialize;

use super::Engine;
use super::budgets::Longest;
use super::job::Job;
use super::lane::{self, Hold};
use crate::campaign::CampaignState;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::failure::Trouble;
use crate::gateway::{Readiness, Session};
use crate::limits::{Limit, Scope, When};

impl Engine {
    /// Where a campaign stands, and what it waits for.
    pub fn waits_for(&self, campaign: CampaignId, now: Now) -> Option<(CampaignState, WaitsFor)> {
        let job = self.jobs.get(&campaign)?;
        Some((job.state, self.waits(job, self.as_steady(now))))
    }

    fn waits(&self, job: &Job, now: Now) -> WaitsFor {
        match job.state {
            CampaignState::Paused => return WaitsFor::Operator,
            CampaignState::Running | CampaignState::Scheduled => {}
            CampaignState::Completed if self.doubts.are_pending() => {
                let holds = job.sessions().iter();
                let holds = holds.filter_map(|session| self.lane_of(session)?.hold);
                let mut away = holds.filter(|hold| lane::lifts_by_itself(hold.trouble));
                return away
                    .next()
                    .map_or(WaitsFor::Nothing, |hold| held(hold, now));
            }
            _ => return WaitsFor::Nothing,
        }
        if let Err(until) = job.open(now) {
            return WaitsFor::Hours {
                until: until.map(|moment| at(moment, now)),
            };
        }
        if let Some(opens) = job.everybody_closed_until(now) {
            return WaitsFor::Hours {
                until: Some(at(opens, now)),
            };
        }
        // What is left may be some accounts' alone. With nothing in memory, any of them may be next.
        let mut sessions: Vec<&Session> = job.sessions().iter().collect();
        if job.has_work(now) {
            sessions.retain(|session| job.has_work_for(session, now));
        }
        let waits = sessions
            .into_iter()
            .map(|session| self.waits_for_session(job, session, now));
        waits.min_by_key(nearness).unwrap_or(WaitsFor::Nothing)
    }

    /// What keeps one session from sending the next message of a campaign.
    fn waits_for_session(&self, job: &Job, session: &Session, now: Now) -> WaitsFor {
        let Some(lane) = self.lane_of(session) else {
            let view = self.sessions.get(session);
            let status = view.and_then(|view| view.readiness.clone());
            return WaitsFor::Session { status };
        };
        let slot = job.slot();
        if let Some(hold) = lane.held(slot, now) {
            return held(hold, now);
        }
        let shared = self.shared_when(session, slot, now);
        let shared = shared.or(self.job_when(job, now));
        let own = Longest::of_lane(lane.pacer.when(slot, now));
        let longest = own.or(shared);
        match longest.when {
            When::At(moment, limit) => {
                // The hours may be over by then.
                let then = Now {
                    elapsed: moment,
                    wall: at(moment, now),
                };
                let opens = job.open(then).err().flatten();
                let until = at(opens.unwrap_or(moment), now);
                match self.budgets.scope_of(longest) {
                    None => WaitsFor::Limit { limit, until },
                    Some(scope) => WaitsFor::SharedLimit {
                        scope: scope.clone(),
                        limit,
                        until,
                    },
                }
            }
            _ if self.hidden.keeps_waiting(job.id()) && !job.has_work(now) => {
                WaitsFor::HiddenOptOut
            }
            _ => WaitsFor::Nothing,
        }
    }
}

fn held(hold: Hold, now: Now) -> WaitsFor {
    WaitsFor::Lane {
        trouble: hold.trouble,
        since: hold.since.map(|moment| before(moment, now)),
        until: at(hold.until, now),
    }
}

/// A campaign over several accounts waits for whichever can send first: only when none can, for one in trouble.
fn nearness(waits_for: &WaitsFor) -> (u8, Option<Timestamp>) {
    match waits_for {
        WaitsFor::Nothing => (0, None),
        WaitsFor::Limit { until, .. } | WaitsFor::SharedLimit { until, .. } => (1, Some(*until)),
        WaitsFor::HiddenOptOut => (2, None),
        WaitsFor::Lane { until, .. } => (3, Some(*until)),
        WaitsFor::Session { .. } => (4, None),
        WaitsFor::Hours { .. } | WaitsFor::Operator => (5, None),
    }
}

/// When that will be, to the second: the same moment must not look like another one each time it is asked for.
fn at(moment: Elapsed, now: Now) -> Timestamp {
    let wall = now.wall.checked_add(moment.since(now.elapsed));
    let rounded = wall.and_then(|wall| wall.round(Unit::Second));
    rounded.unwrap_or(Timestamp::MAX)
}

/// When that was, to the second.
fn before(moment: Elapsed, now: Now) -> Timestamp {
    let wall = now.wall.checked_sub(now.elapsed.since(moment));
    let rounded = wall.and_then(|wall| wall.round(Unit::Second));
    rounded.unwrap_or(Timestamp::MIN)
}

/// What a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "waits_for")]
pub enum WaitsFor {
    /// Nothing: it sends, or it has ended.
    Nothing,
    /// Its sending hours, or its start.
    Hours {
        /// Until when; `None`: for ever.
        until: Option<Timestamp>,
    },
    /// A limit of its lane.
    Limit {
        /// Which.
        limit: Limit,
        /// Until when.
        until: Timestamp,
    },
    /// A limit that several accounts or campaigns keep together, or the campaign's own.
    SharedLimit {
        /// Whose.
        scope: Scope,
        /// Which.
        limit: Limit,
        /// Until when.
        until: Timestamp,
    },
    /// A lane in trouble.
    Lane {
        /// What trouble.
        trouble: Trouble,
        /// Since when, where this process saw it begin or it is on record.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// When it is looked at again.
        until: Timestamp,
    },
    /// A session that is not WORKING yet.
    Session {
        /// Its status, when it is known.
        #[serde(serialize_with = "show_readiness")]
        status: Option<Readiness>,
    },
    /// Somebody whose phone nobody knows has opted out, and of those who are left it is not known that they are somebody else.
    HiddenOptOut,
    /// The operator.
    Operator,
}

fn show_readiness<S: serde::Serializer>(
    status: &Option<Readiness>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match status {
        None => serializer.serialize_none(),
        Some(Readiness::NotReady(name)) => serializer.serialize_str(name),
        Some(other) => serializer.serialize_str(&format!("{other:?}").to_uppercase()),
    }
}

#[cfg(test)]
mod tests;
