//! Stores that go back to what they were: a backup is brought back, or the disk never had the last commits.

use std::collections::BTreeSet;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Elapsed;
use campaign_core::store::{CampaignQuery, Command, CommandId, Store};
use campaign_core::testing::{MemoryStore, Snapshot};

use super::super::coverage::Strike;
use super::audience::Mailing;
use super::{World, run};

/// The store as it was at a moment.
#[derive(Debug)]
pub(super) struct Copy {
    at: Elapsed,
    snapshot: Snapshot,
}

impl World {
    pub(super) fn copied(&self) -> Copy {
        Copy {
            at: self.now.elapsed,
            snapshot: self.store.snapshot(),
        }
    }

    pub(super) fn restore_copy(&mut self) {
        let Some(copy) = self.copy.take() else { return };
        self.write_down(|| "restored from a copy".into());
        self.settle_commit();
        self.crash(Strike::Restored);
        self.go_back(&copy, true);
    }

    /// The store is what it was then. Where that is announced, the next runner knows.
    pub(super) fn go_back(&mut self, copy: &Copy, is_announced: bool) {
        let now = self.now.elapsed;
        if is_announced {
            self.store = MemoryStore::restored_from(&copy.snapshot);
        } else {
            self.ledger.forget_journals(copy.at);
            self.store = MemoryStore::set_back_to(&copy.snapshot);
        }
        self.ledger.went_back.push((copy.at, now));
        self.ledger.attempts_are_unknown(copy.at);
        for wished in &mut self.ledger.wishes {
            if wished.recorded > copy.at {
                wished.forgotten.get_or_insert(now);
            }
        }
        self.ledger.known.retain(|_, since| *since <= copy.at);
        let there = run(self.store.campaigns(&CampaignQuery::All)).unwrap();
        for mailing in &mut self.mailings {
            mailing.is_lost |= !there.iter().any(|record| record.id == mailing.id);
        }
        // Who came on the list after the copy was made is not on it any more.
        self.ledger
            .suppressed
            .retain(|(_, since)| *since <= copy.at);
        self.forget_limits(copy.at);
        self.forget_commands();
        let lanes: Vec<usize> = self.kept().flat_map(Mailing::lanes).collect();
        self.copy_has_control = lanes.into_iter().all(|lane| self.has_control(lane));
    }

    /// Limits that were set later are in force no more.
    fn forget_limits(&mut self, at: Elapsed) {
        let (now, wall) = (self.now.elapsed, self.now.wall);
        for lane in 0..self.handsets.len() {
            let account = self.handsets[lane].account;
            let mut set = self.ledger.limits.iter();
            let limits = set.rfind(|(of, since, ..)| *of == account && *since <= at);
            let limits = limits.map(|(.., limits)| limits);
            let limits = limits.unwrap_or(&self.plan.lanes[lane].limits).clone();
            // The operator's last word may differ from what was in force: an earlier copy may have brought a command of his back.
            self.handsets[lane].limits = limits.clone();
            self.ledger.limits.push((account, now, wall, limits));
        }
    }

    /// Pauses and cancels that the copy knows nothing of are in force no more. The operator sees what it does not know to be started or to
    /// go on again.
    fn forget_commands(&mut self) {
        let commands = run(self.store.open_commands()).unwrap();
        let open: BTreeSet<CommandId> = commands.iter().map(|(id, _)| *id).collect();
        let now = self.now.elapsed;
        let mut again = Vec::new();
        let records = self.records();
        let kept = self.mailings.iter_mut().filter(|it| !it.is_lost);
        for (mailing, record) in kept.zip(&records) {
            // One that is paused by its word is not cancelled.
            let is_cancelled = record.state == CampaignState::Cancelled;
            let is_stopped = is_cancelled || record.state == CampaignState::Paused;
            let pauses = mailing.pauses.iter_mut().filter(|_| !is_stopped);
            let cancel = mailing.cancel.iter_mut().filter(|_| !is_cancelled);
            for stop in pauses
                .chain(cancel)
                .filter(|it| !open.contains(&it.command))
            {
                stop.resumed.get_or_insert(now);
            }
            let campaign = record.id;
            let is_paused = mailing.pauses.last().is_some_and(|it| it.resumed.is_none());
            let will_be_paused = record.state == CampaignState::Paused
                || commands
                    .iter()
                    .any(|(_, it)| *it == Command::Pause { campaign });
            if record.state == CampaignState::Frozen && mailing.started.is_some() {
                again.push(Command::Start { campaign });
            }
            if will_be_paused && !is_paused {
                again.push(Command::Resume { campaign });
            }
        }
        for command in again
            .into_iter()
            .filter(|it| !commands.iter().any(|(_, open)| open == it))
        {
            run(self.store.submit(&command)).unwrap();
        }
    }
}
