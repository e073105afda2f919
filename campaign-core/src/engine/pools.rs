//! Campaigns over several sessions: whose accounts those are, and since when each of them cannot send.
//!
//! Somebody whom one account of a pool knows is left to it; whoever is known to none goes to whichever may send now, so that the rest is shared
//! by what each has left. When an account could not send for so long as the campaign's policy says, its people are open to the others.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use super::job::Job;
use crate::campaign::PoolPolicy;
use crate::clock::{Elapsed, Now};
use crate::delivery::CampaignId;
use crate::gateway::{Account, Session};
use crate::limits::Slot;

/// What is known of the accounts of all pools.
#[derive(Debug, Default)]
pub(super) struct Pools {
    /// Whose the sessions are, or were when they were last seen to work.
    accounts: BTreeMap<Session, Account>,
    /// Since when they cannot send, as this runner has seen it.
    held: BTreeMap<(Account, Slot), Elapsed>,
    jobs: BTreeSet<CampaignId>,
    /// Those of them that do not know yet what has changed of their accounts.
    stale: BTreeSet<CampaignId>,
    /// Accounts that may not be able to send any more, or may be again.
    changed: BTreeSet<Account>,
}

/// The accounts of one campaign; empty where it has one session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pool {
    members: BTreeMap<Session, Account>,
    /// Those of them that cannot send in its slot, and since when.
    held: BTreeMap<Account, Elapsed>,
}

impl Pool {
    pub(super) fn account_of(&self, session: &Session) -> Option<Account> {
        self.members.get(session).copied()
    }

    /// Each once.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Account> {
        let accounts: BTreeSet<Account> = self.members.values().copied().collect();
        accounts.into_iter()
    }

    /// When the people of an account that cannot send are open to the others.
    pub(super) fn moves_at(&self, account: Account, policy: PoolPolicy) -> Option<Elapsed> {
        match policy {
            PoolPolicy::Wait => None,
            PoolPolicy::MoveAfter(time) => Some(*self.held.get(&account)? + time),
        }
    }

    /// The accounts whose people are open to the others.
    pub(super) fn given_up(&self, policy: PoolPolicy, now: Now) -> impl Iterator<Item = Account> {
        let held = self.held.keys().copied();
        held.filter(move |account| {
            let moves_at = self.moves_at(*account, policy);
            moves_at.is_some_and(|moment| moment <= now.elapsed)
        })
    }
}

impl Pools {
    pub(super) fn new(accounts: BTreeMap<Session, Account>) -> Self {
        Self {
            changed: accounts.values().copied().collect(),
            accounts,
            ..Self::default()
        }
    }

    /// Whether an account can send is to be looked at anew.
    pub(super) fn changed(&mut self, account: Account) {
        self.changed.insert(account);
    }

    pub(super) fn forget(&mut self, campaign: CampaignId) {
        self.jobs.remove(&campaign);
        self.stale.remove(&campaign);
    }
}

impl Engine {
    /// A campaign has come; it may be one over several sessions.
    pub(super) fn pool_came(&mut self, campaign: CampaignId) {
        let job = self.jobs.get(&campaign);
        if job.is_some_and(|job| job.sessions().are_pool()) {
            self.pools.jobs.insert(campaign);
            self.pools.stale.insert(campaign);
        }
    }

    /// A session works, and it is this account's.
    pub(super) fn account_seen(&mut self, session: &Session, account: Account) {
        let before = self.pools.accounts.insert(session.clone(), account);
        if before != Some(account) {
            self.pools.changed.extend(before);
            self.pools.changed(account);
            self.wake_pools_of(session);
        }
    }

    /// Takes note of accounts that cannot send any more, or can again.
    pub(super) fn watch_pools(&mut self, now: Now) {
        if self.pools.jobs.is_empty() {
            return;
        }
        for account in std::mem::take(&mut self.pools.changed) {
            for slot in Slot::ALL {
                let is_able = self.can_send(account, slot, now);
                if is_able != self.pools.held.contains_key(&(account, slot)) {
                    continue;
                }
                match is_able {
                    true => self.pools.held.remove(&(account, slot)),
                    false => self.pools.held.insert((account, slot), now.elapsed),
                };
                let sessions = self.pools.accounts.iter();
                let sessions = sessions.filter(|(_, other)| **other == account);
                let sessions: Vec<Session> = sessions.map(|(it, _)| it.clone()).collect();
                for session in sessions {
                    self.wake_pools_of(&session);
                }
            }
        }
    }

    /// Its lane is open, its session works, and nothing holds it; it may have to wait for a limit all the same.
    fn can_send(&self, account: Account, slot: Slot, now: Now) -> bool {
        let lane = self.lanes.of_account(account);
        lane.is_some_and(|lane| self.is_working(lane) && lane.held(slot, now).is_none())
    }

    fn wake_pools_of(&mut self, session: &Session) {
        for campaign in &self.pools.jobs {
            let is_in = |job: &Job| job.sessions().contains(session);
            if self.jobs.get(campaign).is_some_and(is_in) {
                self.pools.stale.insert(*campaign);
                self.jobs.wake(*campaign);
            }
        }
    }

    /// Brings what a campaign knows of its accounts up to date. With other accounts it reads its people anew.
    pub(super) fn gather(&mut self, campaign: CampaignId) {
        if !self.pools.stale.remove(&campaign) {
            return;
        }
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        let slot = job.slot();
        let sessions = job.sessions().iter();
        let members: BTreeMap<Session, Account> = sessions
            .filter_map(|session| Some((session.clone(), *self.pools.accounts.get(session)?)))
            .collect();
        let held = members.values().filter_map(|account| {
            let since = self.pools.held.get(&(*account, slot))?;
            Some((*account, *since))
        });
        let held = held.collect();
        let are_others = job.pool.members != members;
        job.set_pool(Pool { members, held });
        if are_others {
            let since = job.completed_at;
            job.start_over();
            // Nothing has come back: it is at its end as before.
            job.completed_at = since;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
