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
use crate::store::HeldAccount;

/// What is known of the accounts of all pools.
#[derive(Debug, Default)]
pub(super) struct Pools {
    /// Whose the sessions are, or were when they were last seen to work.
    accounts: BTreeMap<Session, Account>,
    /// Since when they cannot send, as this runner has seen it.
    held: BTreeMap<(Account, Slot), Elapsed>,
    /// The same of accounts that other workers attend, as these have told.
    told: BTreeMap<(Account, Slot), Elapsed>,
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
    /// Those of them that another worker attends.
    others: BTreeSet<Account>,
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

    /// Those that another worker attends.
    pub(super) fn others(&self) -> impl Iterator<Item = Account> {
        self.others.iter().copied()
    }

    /// Whether the people of this account are to be in memory, or those of none: where another worker attends it, when it is given up.
    pub(super) fn is_ours(&self, account: Option<Account>, policy: PoolPolicy, now: Now) -> bool {
        let is_given_up = |account| self.given_up(policy, now).any(|it| it == account);
        account.is_none_or(|it| !self.others.contains(&it) || is_given_up(it))
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

    /// Whether it has been seen whose this session is.
    pub(super) fn knows(&self, session: &Session) -> bool {
        self.accounts.contains_key(session)
    }

    /// Those that are an account's, or were when they were last seen to work.
    pub(super) fn sessions_of(&self, account: Account) -> impl Iterator<Item = &Session> {
        let sessions = self.accounts.iter();
        let sessions = sessions.filter(move |(_, other)| **other == account);
        sessions.map(|(session, _)| session)
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
                let held_since = match self.is_others(account) {
                    true => self.pools.told.get(&(account, slot)).copied(),
                    false => (!self.can_send(account, slot, now)).then_some(now.elapsed),
                };
                if held_since.is_some() == self.pools.held.contains_key(&(account, slot)) {
                    continue;
                }
                match held_since {
                    None => self.pools.held.remove(&(account, slot)),
                    Some(since) => self.pools.held.insert((account, slot), since),
                };
                let sessions: Vec<Session> = self.pools.sessions_of(account).cloned().collect();
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

    /// Its sessions are all attended by other workers.
    fn is_others(&self, account: Account) -> bool {
        let mut sessions = self.pools.sessions_of(account);
        self.duty.is_some() && !sessions.any(|session| self.attends(session))
    }

    /// Which accounts of other workers cannot send.
    pub(super) fn others_are_held(&mut self, held: &[HeldAccount], now: Now) {
        let held = held.iter();
        let told = held.map(|it| ((it.account, it.slot), now.place(it.since, self.boot)));
        self.pools.told = told.collect();
        self.pools.changed.extend(self.pools.accounts.values());
    }

    /// Which of its own accounts cannot send, for the others to know.
    pub fn held_accounts(&self, now: Now) -> Vec<HeldAccount> {
        let held = self.pools.held.iter();
        let own = held.filter(|((account, _), _)| !self.is_others(*account));
        let told = own.map(|((account, slot), since)| HeldAccount {
            account: *account,
            slot: *slot,
            since: Now {
                elapsed: *since,
                wall: now.wall_at(*since).unwrap_or(now.wall),
            }
            .stamp(self.boot),
        });
        told.collect()
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
        let Some(job) = self.jobs.get(&campaign) else {
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
        let others = members.values().copied();
        let others = others.filter(|account| self.is_others(*account)).collect();
        let is_shared = self.shares(campaign);
        let Some(job) = self.jobs.attended(campaign) else {
            return;
        };
        job.is_shared = is_shared;
        job.set_pool(Pool {
            members,
            held,
            others,
        });
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
