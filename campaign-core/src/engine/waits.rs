//! What a campaign waits for.

use std::time::Duration;

use serde::Serialize;

use super::Engine;
use super::job::Job;
use super::lane::{self, Hold};
use crate::campaign::CampaignState;
use crate::clock::Now;
use crate::delivery::CampaignId;
use crate::failure::Trouble;
use crate::gateway::Readiness;
use crate::limits::{Limit, When};

impl Engine {
    /// Where a campaign stands, and what it waits for.
    pub fn waits_for(&self, campaign: CampaignId, now: Now) -> Option<(CampaignState, WaitsFor)> {
        let job = self.jobs.get(&campaign)?;
        Some((job.state, self.waits(job, now)))
    }

    fn waits(&self, job: &Job, now: Now) -> WaitsFor {
        match job.state {
            CampaignState::Paused => return WaitsFor::Operator,
            CampaignState::Running | CampaignState::Scheduled => {}
            CampaignState::Completed if self.doubts.are_pending() => {
                return match self.lane_of(job.session()).and_then(|lane| lane.hold) {
                    Some(hold) if lane::lifts_by_itself(hold.trouble) => WaitsFor::Lane {
                        trouble: hold.trouble,
                        until: hold.until.since(now.elapsed),
                    },
                    _ => WaitsFor::Nothing,
                };
            }
            _ => return WaitsFor::Nothing,
        }
        if let Err(until) = job.open(now) {
            return WaitsFor::Hours {
                until: until.map(|moment| moment.since(now.elapsed)),
            };
        }
        let Some(lane) = self.lane_of(job.session()) else {
            let status = self
                .sessions
                .get(job.session())
                .and_then(|view| view.readiness.clone());
            return WaitsFor::Session { status };
        };
        if let Some(Hold { trouble, until }) = lane.hold {
            return WaitsFor::Lane {
                trouble,
                until: until.since(now.elapsed),
            };
        }
        match lane.pacer.when(now) {
            When::At(moment, limit) => WaitsFor::Limit {
                limit,
                until: moment.since(now.elapsed),
            },
            _ => WaitsFor::Nothing,
        }
    }
}

/// What a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "waits_for")]
pub enum WaitsFor {
    /// Nothing: it sends, or it has ended.
    Nothing,
    /// Its sending hours, or its start.
    Hours {
        /// How much longer; `None`: for ever.
        until: Option<Duration>,
    },
    /// A limit of its lane.
    Limit {
        /// Which.
        limit: Limit,
        /// How much longer.
        until: Duration,
    },
    /// A lane in trouble.
    Lane {
        /// What trouble.
        trouble: Trouble,
        /// Looked at again after this.
        until: Duration,
    },
    /// A session that is not WORKING yet.
    Session {
        /// Its status, when it is known.
        #[serde(serialize_with = "show_readiness")]
        status: Option<Readiness>,
    },
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
