//! Several workers on the store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Shared, holder};
use crate::clock::{Clock, Elapsed, Stamp};
use crate::delivery::Happening;
use crate::gateway::{Account, Session};
use crate::store::{
    Batch, Change, Effect, HeldAccount, LEASE, LaneId, Lost, News, Roster, StoreError, TakeOver,
    Workers, fair_share,
};

/// Who works, and who attends what.
#[derive(Default)]
pub(super) struct Roll {
    /// The database's clock.
    clock: Option<Arc<dyn Clock>>,
    /// Where it stands, while there is none.
    time: Option<Stamp>,
    /// By the number of their process; those that were replaced stay.
    workers: BTreeMap<u64, Worker>,
    attended: BTreeMap<Session, u64>,
    /// Sessions of accounts whose lane was opened through another one: they stay with it.
    followers: BTreeSet<Session>,
    /// And by whom they were told.
    news: Vec<(u64, News)>,
}

struct Worker {
    leased_until: Elapsed,
    /// So many news were told to it.
    heard: usize,
    held: Vec<HeldAccount>,
    /// It is about to leave.
    retires: bool,
}

impl Roll {
    fn time(&self) -> Option<Stamp> {
        let clock = self.clock.as_ref();
        let told = clock.map(|clock| clock.now().stamp(clock.boot()));
        told.or(self.time)
    }

    fn now(&self) -> Elapsed {
        let time = self.time();
        time.map_or_else(Elapsed::default, |time| time.elapsed)
    }

    fn is_living(&self, process: u64) -> bool {
        let worker = self.workers.get(&process);
        worker.is_some_and(|worker| worker.leased_until > self.now())
    }

    fn living(&self) -> Vec<u64> {
        let workers = self.workers.keys().copied();
        workers.filter(|process| self.is_living(*process)).collect()
    }

    /// Among whom sessions are shared out.
    fn staying(&self) -> Vec<u64> {
        let mut staying = self.living();
        staying.retain(|process| self.workers.get(process).is_some_and(|it| !it.retires));
        staying
    }

    pub(super) fn lives(&self) -> bool {
        !self.living().is_empty()
    }

    /// Who holds the store.
    pub(super) fn holder(&self) -> String {
        let living = self.living().into_iter().map(holder);
        living.collect::<Vec<_>>().join(", ")
    }

    /// Nothing is taken of a worker whose lease is over.
    pub(super) fn must_live(&self, process: u64) -> Result<(), StoreError> {
        match self.workers.contains_key(&process) && !self.is_living(process) {
            true => Err(StoreError::Dismissed),
            false => Ok(()),
        }
    }

    /// Others are told.
    pub(super) fn tell(&mut self, by: u64, news: News) {
        self.news.push((by, news));
    }

    pub(super) fn leave(&mut self, process: u64) {
        if self.workers.remove(&process).is_some() {
            self.attended.retain(|_, by| *by != process);
            self.tell(process, News::Roster);
        }
    }

    /// Who attends a session, if somebody does who lives.
    fn attendant(&self, session: &Session) -> Option<u64> {
        let by = self.attended.get(session).copied();
        by.filter(|process| self.is_living(*process))
    }
}

impl Shared {
    /// Whether a worker attends a lane; whoever is none attends all.
    pub(super) fn attends(&self, process: u64, lane: LaneId) -> bool {
        if !self.roll.workers.contains_key(&process) {
            return true;
        }
        let lane = self.tables.lanes.get(&lane);
        lane.is_none_or(|lane| self.roll.attendant(&lane.session) == Some(process))
    }

    pub(super) fn commit(&mut self, process: u64, batch: &Batch) -> Vec<Effect> {
        let Shared { tables, roll, .. } = self;
        let is_worker = roll.workers.contains_key(&process);
        let effects = tables.commit(batch, |tables, change| {
            // Only whoever attends the lane knows that nothing was tried from it since.
            let Change::Happened(happened) = change else {
                return Ok(());
            };
            let is_absence = matches!(
                happened.happening,
                Happening::ProvedAbsent | Happening::ProvedAbsentForGood(_)
            );
            let lane = tables.lane_in_doubt(happened.delivery);
            let lane = lane.and_then(|lane| tables.lanes.get(&lane));
            let attends = |session| roll.attendant(session) == Some(process);
            match lane.filter(|_| is_worker && is_absence) {
                Some(lane) if !attends(&lane.session) => Err(Lost::NotOwner),
                _ => Ok(()),
            }
        });
        for (change, effect) in batch.changes.iter().zip(&effects) {
            if let Some(news) = News::of(change, effect) {
                self.roll.tell(process, news);
            }
        }
        effects
    }

    pub(super) fn mark_silent(&mut self, process: u64, before: Timestamp, limit: u32) -> u32 {
        let lanes = self.tables.lanes.keys().copied();
        let own: BTreeSet<LaneId> = lanes.filter(|lane| self.attends(process, *lane)).collect();
        let is_own = |lane: LaneId| own.contains(&lane);
        self.tables.mark_silent(before, limit, is_own)
    }

    /// Whether this process may open the lane of an account through a session. Where another worker has it, that one attends the session too
    /// from here on.
    pub(super) fn may_open(
        &mut self,
        process: u64,
        account: Account,
        session: &Session,
    ) -> Result<(), StoreError> {
        if !self.roll.workers.contains_key(&process) {
            return Ok(());
        }
        self.roll.must_live(process)?;
        if self.roll.attendant(session) != Some(process) {
            return Err(StoreError::Attended);
        }
        let Some(id) = self.tables.lane_of(account) else {
            return Ok(());
        };
        let through = self.tables.lanes.get(&id).map(|lane| lane.session.clone());
        let owner = through.and_then(|session| self.roll.attendant(&session));
        match owner {
            Some(owner) if owner == process => Ok(()),
            Some(owner) => {
                self.roll.attended.insert(session.clone(), owner);
                self.roll.followers.insert(session.clone());
                self.roll.tell(process, News::Roster);
                Err(StoreError::Attended)
            }
            None => {
                if let Some(now) = self.roll.time() {
                    self.tables.take_up(id, now);
                }
                Ok(())
            }
        }
    }

    /// Takes up what nobody attends, as far as it is this worker's share, and returns what it is to attend.
    fn share_out(&mut self, process: u64, now: Stamp) -> BTreeSet<Session> {
        let campaigns = self.tables.campaigns.values();
        let sessions = campaigns.flat_map(|it| it.definition.sessions.iter().cloned());
        let all: BTreeSet<Session> = sessions.collect();
        let of = |by: Option<u64>| {
            let theirs = all.iter().filter(|it| self.roll.attendant(it) == by);
            theirs.cloned().collect::<Vec<_>>()
        };
        let staying = self.roll.staying();
        if !staying.contains(&process) {
            return BTreeSet::new();
        }
        let mut own = of(Some(process));
        let others = staying.into_iter().filter(|it| *it != process);
        let others: Vec<usize> = others.map(|other| of(Some(other)).len()).collect();
        let share = fair_share(own.len(), &others, all.len());
        let free = of(None);
        for session in free.into_iter().take(share.saturating_sub(own.len())) {
            let lanes = self.tables.lanes.iter();
            let through: Vec<LaneId> = lanes
                .filter(|(_, lane)| lane.session == session)
                .map(|(id, _)| *id)
                .collect();
            for lane in through {
                self.tables.take_up(lane, now);
            }
            self.roll.attended.insert(session.clone(), process);
            self.roll.followers.remove(&session);
            own.push(session);
        }
        own.sort_by_key(|session| !self.roll.followers.contains(session));
        own.truncate(share);
        own.into_iter().collect()
    }
}

impl MemoryStore {
    /// Gives the database a clock, which workers' leases go by. Without one, its time stands where the first worker joined.
    pub fn set_clock(&self, clock: Arc<dyn Clock>) {
        self.shared().roll.clock = Some(clock);
    }

    /// Whether this process is a worker whose lease is over.
    pub fn is_dismissed(&self) -> bool {
        self.shared().roll.must_live(self.process.number).is_err()
    }

    /// Ends the lease of this process, if it is a worker.
    pub fn end_lease(&self) {
        let mut shared = self.shared();
        let now = shared.roll.now();
        if let Some(worker) = shared.roll.workers.get_mut(&self.process.number) {
            worker.leased_until = now;
        }
    }
}

#[async_trait]
impl Workers for MemoryStore {
    async fn join(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        if let Some(runner) = shared.runner {
            return Err(StoreError::RunnerBusy {
                holder: holder(runner),
            });
        }
        let now = shared.roll.time().unwrap_or(now);
        shared.roll.time = Some(now);
        shared.roll.leave(process);
        let taken = match shared.roll.lives() {
            true => shared.tables.found(now),
            false => shared.tables.take_over(now),
        };
        let worker = Worker {
            leased_until: now.elapsed + LEASE,
            heard: shared.roll.news.len(),
            held: Vec::new(),
            retires: false,
        };
        shared.roll.workers.insert(process, worker);
        Ok(taken)
    }

    async fn renew(&self, held: &[HeldAccount]) -> Result<Roster, StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        let now = shared.roll.time();
        let now = now.filter(|_| shared.roll.is_living(process));
        let Some(now) = now else {
            return Err(StoreError::Dismissed);
        };
        if let Some(worker) = shared.roll.workers.get_mut(&process) {
            worker.leased_until = now.elapsed + LEASE;
            worker.held = held.to_vec();
        }
        let sessions = shared.share_out(process, now);
        let living = shared.roll.living();
        let others = living.iter().filter(|other| **other != process);
        let others = others.filter_map(|other| shared.roll.workers.get(other));
        let staying = shared.roll.staying();
        let place = staying.iter().position(|it| *it == process);
        let place = place.unwrap_or(staying.len());
        Ok(Roster {
            at: now,
            lease: LEASE,
            sessions,
            accounts: shared.tables.accounts(),
            held: others.flat_map(|other| other.held.clone()).collect(),
            workers: u32::try_from(staying.len()).unwrap_or(u32::MAX),
            place: u32::try_from(place).unwrap_or(u32::MAX),
        })
    }

    async fn retire(&self) -> Result<(), StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        shared.roll.must_live(process)?;
        if let Some(worker) = shared.roll.workers.get_mut(&process) {
            worker.retires = true;
        }
        Ok(())
    }

    async fn let_go(&self, sessions: &[Session]) -> Result<(), StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        shared.roll.must_live(process)?;
        let roll = &mut shared.roll;
        let before = roll.attended.len();
        roll.attended
            .retain(|session, by| *by != process || !sessions.contains(session));
        if roll.attended.len() < before {
            roll.tell(process, News::Roster);
        }
        Ok(())
    }

    async fn news(&self) -> Result<BTreeSet<News>, StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        let all = shared.roll.news.len();
        let Some(worker) = shared.roll.workers.get_mut(&process) else {
            return Ok(BTreeSet::new());
        };
        let heard = std::mem::replace(&mut worker.heard, all);
        let told = shared.roll.news.iter().skip(heard);
        let told = told.filter(|(by, _)| *by != process);
        Ok(told.map(|(_, news)| news.clone()).collect())
    }
}
