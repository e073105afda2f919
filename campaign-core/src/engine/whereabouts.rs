//! Where the account is that sent a message in doubt.

use super::Engine;
use super::job::Job;
use super::jobs::Jobs;
use super::lanes::Lanes;
use super::sessions::Views;
use crate::delivery::CampaignId;
use crate::gateway::Session;
use crate::store::{Change, Doubtful};

/// Whether an account can be asked about what it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// Its session and server answer, as far as is known.
    Here,
    /// They do not at present, or nothing is known of them yet.
    Away,
    /// Its session is another account's, and no other session is known to be its own.
    Gone,
}

pub(super) fn whereabouts(
    lanes: &Lanes,
    sessions: &Views,
    jobs: &Jobs,
    doubt: &Doubtful,
) -> Whereabouts {
    let lane_of = |session: &Session| sessions.get(session).and_then(|view| view.lane);
    let lane = lanes.get(doubt.lane);
    if let Some(lane) = lane.filter(|lane| lane_of(&lane.session) == Some(lane.id)) {
        return match lane.is_there() {
            true => Whereabouts::Here,
            false => Whereabouts::Away,
        };
    }
    let is_known = |session: &Session| lane_of(session).is_some();
    let are_others = match jobs.get(&doubt.delivery.campaign()) {
        Some(job) => job.sessions().iter().all(is_known),
        None => lane.is_some_and(|lane| is_known(&lane.session)),
    };
    match are_others {
        true => Whereabouts::Gone,
        false => Whereabouts::Away,
    }
}

impl Engine {
    pub(super) fn whereabouts(&self, doubt: &Doubtful) -> Whereabouts {
        whereabouts(&self.lanes, &self.sessions, &self.jobs, doubt)
    }

    /// An account has come, or come back: what was left to a person because it was gone may be found out now.
    pub(super) fn account_came(&mut self, session: &Session, is_back: bool) {
        let Some(view) = self.sessions.get(session) else {
            return;
        };
        // Counters are as old as the job where the runner has just begun, and older where it has not.
        let in_doubt = |id: &&CampaignId| is_back || self.jobs.get(id).is_some_and(Job::has_doubts);
        let campaigns = view.jobs.iter().filter(in_doubt).copied();
        let looks = campaigns.map(|campaign| Change::LookNow { campaign });
        self.changes.extend(looks);
    }
}

#[cfg(test)]
mod tests;
