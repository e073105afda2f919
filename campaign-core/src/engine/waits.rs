//! What a campaign waits for.

use jiff::{Timestamp, Unit};
use serde::Serialize;

use super::Engine;
use super::job::Job;
use super::lane::{self, Hold};
use crate::campaign::CampaignState;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::failure::Trouble;
use crate::gateway::Readiness;
use crate::limits::{Limit, When};

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
                return match self.lane_of(job.session()).and_then(|lane| lane.hold) {
                    Some(hold) if lane::lifts_by_itself(hold.trouble) => WaitsFor::Lane {
                        trouble: hold.trouble,
                        since: hold.since.map(|moment| before(moment, now)),
                        until: at(hold.until, now),
                    },
                    _ => WaitsFor::Nothing,
                };
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
        let Some(lane) = self.lane_of(job.session()) else {
            let status = self
                .sessions
                .get(job.session())
                .and_then(|view| view.readiness.clone());
            return WaitsFor::Session { status };
        };
        let slot = job.slot();
        if let Some(Hold {
            trouble,
            since,
            until,
        }) = lane.held(slot, now)
        {
            return WaitsFor::Lane {
                trouble,
                since: since.map(|moment| before(moment, now)),
                until: at(until, now),
            };
        }
        match lane.pacer.when(slot, now) {
            When::At(moment, limit) => {
                // The hours may be over by then.
                let then = Now {
                    elapsed: moment,
                    wall: at(moment, now),
                };
                let opens = job.open(then).err().flatten();
                WaitsFor::Limit {
                    limit,
                    until: at(opens.unwrap_or(moment), now),
                }
            }
            _ if self.hidden.keeps_waiting(job.id()) && !job.has_work(now) => {
                WaitsFor::HiddenOptOut
            }
            _ => WaitsFor::Nothing,
        }
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
