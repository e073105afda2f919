//! The connections of one process, and what it writes through them: each call one transaction, made to its end, and tried again where another
//! transaction was in its way.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use campaign_core::campaign::Definition;
use campaign_core::clock::{Now, Stamp};
use campaign_core::consent::{Consent, Rules};
use campaign_core::delivery::CampaignId;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, Command, CommandId, Created, Effect, Imported, LaneRecord, NewRecipient, StoreError,
    Suppression, TakeOver,
};
use deadpool_postgres::{Client, Pool};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::audience::{self, Door};
use super::batch::{Making, Sweeps};
use super::connections::Server;
use super::fault::{Fault, Result};
use super::lock::{self, RunnerLock};
use super::take_over::LastTakeOver;
use super::transaction::{Committed, Fate, Number, Parameters, TRIES_MAX, TRY_PAUSE, Tx, fate_of};
use super::workers::{self, Working};
use super::{commands, consent, lanes, prune, schema, silence, take_over};
use crate::codes;
use crate::holder::somebody;
use crate::options::Options;

/// Connections that read.
const READERS: usize = 4;
/// A COMMIT whose answer was lost is asked after for so long: a server that was only started anew is back by then.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);
const SETTLING_PAUSE: Duration = Duration::from_millis(300);

/// One process's way to the database.
pub(super) struct Database {
    server: Server,
    pub(super) options: Options,
    /// Of one connection: whoever has it writes.
    writer: Pool,
    readers: Pool,
    pub(super) running: tokio::sync::Mutex<Option<Running>>,
    memory: Mutex<Memory>,
}

/// This process is the runner.
pub(super) struct Running {
    lock: RunnerLock,
    since: LastTakeOver,
}

/// What a process remembers between calls.
#[derive(Debug, Default)]
struct Memory {
    /// Imports that were begun here.
    imports: HashMap<CampaignId, i32>,
    sweeps: Sweeps,
    working: Option<Working>,
}

/// Does the work to its end, also when nobody waits for it any more.
pub(super) async fn finish<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> std::result::Result<T, StoreError> {
    match tokio::spawn(work).await {
        Ok(done) => done.map_err(Fault::told),
        // It ended half-way.
        Err(error) => Err(StoreError::Unknown(Box::new(error))),
    }
}

/// One transaction that writes, tried again where another was in its way, or where the connection turned out to be lost before the COMMIT:
/// nothing of it took place then. A COMMIT whose answer was lost is asked after.
macro_rules! transaction {
    ($database:ident, $tx:ident => $work:expr) => {{
        let mut tries = 1;
        loop {
            let mut client = $database.writer().await?;
            let done = async {
                let tx = Tx::write(&mut client, $database.options.durability).await?;
                let made = {
                    let $tx = &tx;
                    $work.await?
                };
                Ok::<_, Fault>((made, tx.commit().await?))
            }
            .await;
            drop(client);
            match done {
                Ok((made, Committed::Surely)) => break Ok(made),
                Ok((made, Committed::InDoubt { transaction, error })) => {
                    break $database.settle(transaction, error).await.map(|()| made);
                }
                Err(fault) if fault.is_conflict() && tries < TRIES_MAX => {
                    tokio::time::sleep(TRY_PAUSE * tries).await;
                    tries += 1;
                }
                Err(fault) if (fault.is_lost() || fault.is_read_only()) && tries < TRIES_MAX => {
                    tries += 1;
                    $database.part_with_connections();
                }
                Err(fault) => break Err(fault),
            }
        }
    }};
}
pub(super) use transaction;

impl Database {
    pub(super) async fn open(url: &str, options: Options) -> Result<Self> {
        let server = Server::at(url)?;
        let database = Self {
            writer: server.pool(1)?,
            readers: server.pool(READERS)?,
            server,
            options,
            running: tokio::sync::Mutex::new(None),
            memory: Mutex::default(),
        };
        let is_up_to_date = {
            let mut client = database.reader().await?;
            let tx = Tx::snapshot(&mut client).await?;
            schema::check_server(&tx).await?;
            schema::is_up_to_date(&tx).await?
        };
        if !is_up_to_date {
            let this = &database;
            let migrated: Result<()> = transaction!(this, tx => schema::migrate(tx));
            migrated?;
        }
        Ok(database)
    }

    /// The database for people.
    pub(super) fn name(&self) -> String {
        self.server.name()
    }

    pub(super) async fn reader(&self) -> Result<Client> {
        Ok(self.readers.get().await?)
    }

    pub(super) async fn writer(&self) -> Result<Client> {
        Ok(self.writer.get().await?)
    }

    /// Where one was lost the others are as well, which they may not know yet.
    pub(super) fn part_with_connections(&self) {
        self.writer.retain(|_, _| false);
        self.readers.retain(|_, _| false);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // It holds nothing that could be half-way.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of a transaction whose COMMIT nobody answered: the server knows it by its number.
    pub(super) async fn settle(
        &self,
        transaction: Option<Number>,
        error: tokio_postgres::Error,
    ) -> Result<()> {
        let Some(transaction) = transaction else {
            return Ok(());
        };
        let until = Instant::now() + SETTLED_WITHIN;
        loop {
            match self.fate_of(&transaction).await {
                Ok(Fate::Committed) => return Ok(()),
                Ok(Fate::RolledBack) => return Err(error.into()),
                // The server may not be back yet.
                Ok(Fate::Unknown) | Err(_) if Instant::now() < until => {
                    tokio::time::sleep(SETTLING_PAUSE).await;
                }
                Ok(Fate::Unknown) | Err(_) => {
                    return Err(StoreError::Unknown(Box::new(Fault::from(error))).into());
                }
            }
        }
    }

    async fn fate_of(&self, transaction: &Number) -> Result<Fate> {
        let mut client = self.reader().await?;
        let tx = Tx::snapshot(&mut client).await?;
        fate_of(&tx, transaction).await
    }

    /// One statement, as of the moment at which it is made; again where the connection turned out to be lost.
    pub(super) async fn read_alone(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>> {
        let mut tries = 1;
        loop {
            let read = async {
                let client = self.reader().await?;
                let statement = client.prepare_cached(sql).await?;
                Ok::<_, Fault>(client.query(&statement, parameters).await?)
            };
            match read.await {
                Err(fault) if fault.is_lost() && tries < TRIES_MAX => {
                    tries += 1;
                    self.part_with_connections();
                }
                done => break done,
            }
        }
    }

    /// Which worker this is, if it is one.
    pub(super) fn worker(&self) -> Option<i32> {
        self.memory().working.as_ref().map(|working| working.id)
    }

    pub(super) fn working(&self) -> Option<Working> {
        self.memory().working.clone()
    }

    pub(super) fn begin_to_work(&self, working: Working) {
        let mut memory = self.memory();
        memory.working = Some(working);
        memory.sweeps.clear();
    }

    /// Changes what this worker knows, unless it has become another one, or none.
    pub(super) fn at_work<T>(&self, id: i32, change: impl FnOnce(&mut Working) -> T) -> Option<T> {
        let mut memory = self.memory();
        let working = memory.working.as_mut().filter(|working| working.id == id);
        working.map(change)
    }

    pub(super) async fn take_over(&self, now: Stamp) -> Result<TakeOver> {
        let mut running = self.running.lock().await;
        let kept = running.take().map(|running| running.lock);
        let lock = match kept.filter(RunnerLock::is_held_here) {
            Some(lock) => lock,
            None => self.take_lock().await?,
        };
        // Should it fail, the lock is free again: nobody runs.
        let (taken, since) = transaction!(self, tx => async {
            let taken = take_over::run(tx, now).await?;
            Ok::<_, Fault>((taken, take_over::last(tx).await?))
        })?;
        *running = Some(Running { lock, since });
        let mut memory = self.memory();
        memory.working = None;
        memory.sweeps.clear();
        Ok(taken)
    }

    /// The runner's lock ends with its session, which the server may end, or a standby that takes the server's place. It is taken again before
    /// anything else is put on record. This process is the runner no more once another has run since, or the last moments may be missing.
    async fn keep_running(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        let Some(lost) = running
            .as_mut()
            .filter(|running| !running.lock.is_held_here())
        else {
            return Ok(());
        };
        let lock = self.take_lock().await?;
        let mut client = self.reader().await?;
        let tx = Tx::snapshot(&mut client).await?;
        if !take_over::is_still(&tx, &lost.since).await? {
            let why = "the connection was lost, and the database is not as this process left it";
            return Err(StoreError::Unknown(why.into()).into());
        }
        lost.lock = lock;
        Ok(())
    }

    /// For whoever is to be alone: there are no workers either.
    pub(super) async fn take_lock(&self) -> Result<RunnerLock> {
        let Some(lock) = RunnerLock::take(&self.server).await? else {
            let mut client = self.reader().await?;
            let tx = Tx::snapshot(&mut client).await?;
            // A worker has it as well, for as long as it takes to join.
            let holder = match lock::is_held(&tx).await? {
                true => lock::holder_on_record(&tx).await?,
                false => somebody(),
            };
            return Err(lock::busy(holder).into());
        };
        // Nobody joins from here on.
        let workers: Option<String> = transaction!(self, tx => workers::in_the_way(tx))?;
        match workers {
            None => Ok(lock),
            Some(workers) => {
                lock.give_back().await?;
                Err(lock::busy(workers).into())
            }
        }
    }

    pub(super) async fn step_down(&self) -> Result<()> {
        let running = self.running.lock().await.take();
        let working = self.memory().working.take();
        if let Some(working) = working {
            self.leave(&working).await?;
        }
        match running {
            Some(running) => running.lock.give_back().await,
            None => Ok(()),
        }
    }

    pub(super) async fn mark_restored(&self) -> Result<()> {
        let lock = self.take_lock().await?;
        let marked: Result<()> = transaction!(self, tx => take_over::mark_restored(tx));
        lock.give_back().await?;
        marked
    }

    pub(super) async fn commit(&self, batch: &Batch) -> Result<Vec<Effect>> {
        self.keep_running().await?;
        let (effects, sweeps) = transaction!(self, tx => self.make(tx, batch))?;
        self.memory().sweeps = sweeps;
        Ok(effects)
    }

    async fn make(&self, tx: &Tx<'_>, batch: &Batch) -> Result<(Vec<Effect>, Sweeps)> {
        let (imports, sweeps) = {
            let memory = self.memory();
            (memory.imports.clone(), memory.sweeps.clone())
        };
        let mut making = Making {
            tx,
            batch,
            imports,
            sweeps,
            worker: self.worker(),
        };
        let effects = making.make().await?;
        Ok((effects, making.sweeps))
    }

    pub(super) async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord> {
        let worker = self.worker();
        {
            let mut client = self.reader().await?;
            let tx = Tx::snapshot(&mut client).await?;
            if lanes::is_open(&tx, account, session, worker).await? {
                return lanes::record(&tx, account).await;
            }
        }
        let opened = transaction!(self, tx => async {
            if let Some(worker) = worker
                && !workers::may_open(tx, worker, account, session).await?
            {
                return Ok(None);
            }
            lanes::open(tx, account, session, limits).await?;
            lanes::record(tx, account).await.map(Some)
        })?;
        opened.ok_or_else(|| StoreError::Attended.into())
    }

    pub(super) async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32> {
        let worker = self.worker();
        transaction!(self, tx => async {
            let lanes = workers::lanes_of(tx, worker).await?;
            silence::mark_silent(tx, before, limit, lanes.as_deref()).await
        })
    }

    pub(super) async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId> {
        let worker = self.worker();
        let (id, import) =
            transaction!(self, tx => audience::create(tx, definition, columns, now, worker))?;
        self.memory().imports.insert(id, import);
        Ok(id)
    }

    pub(super) async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: &[NewRecipient],
        now: Now,
    ) -> Result<Created> {
        let worker = self.worker();
        transaction!(self, tx => audience::create_whole(tx, definition, columns, recipients, now, worker))
    }

    pub(super) async fn import(
        &self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
    ) -> Result<Vec<Imported>> {
        let begun = self.memory().imports.get(&campaign).copied();
        let door = Door::Import { begun };
        transaction!(self, tx => audience::take_in(tx, campaign, recipients, rejected, door))
    }

    pub(super) async fn add(
        &self,
        campaign: CampaignId,
        recipients: &[NewRecipient],
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>> {
        let door = Door::Addition {
            at: codes::micros(now.wall),
            worker: self.worker(),
        };
        transaction!(self, tx => audience::take_in(tx, campaign, recipients, rejected, door))
    }

    pub(super) async fn suppress(&self, numbers: &[Suppression]) -> Result<()> {
        transaction!(self, tx => consent::suppress(tx, numbers))
    }

    pub(super) async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64> {
        transaction!(self, tx => consent::unsuppress(tx, numbers))
    }

    pub(super) async fn set_rules(&self, rules: &Rules) -> Result<()> {
        transaction!(self, tx => consent::set_rules(tx, rules))
    }

    pub(super) async fn record_consents(&self, consents: &[Consent]) -> Result<()> {
        transaction!(self, tx => consent::record_consents(tx, consents))
    }

    pub(super) async fn submit(&self, command: &Command) -> Result<CommandId> {
        transaction!(self, tx => commands::submit(tx, command))
    }

    pub(super) async fn prune_page(
        &self,
        campaign: CampaignId,
        now: Timestamp,
    ) -> Result<Option<u64>> {
        transaction!(self, tx => prune::page(tx, campaign, now))
    }

    pub(super) async fn publish(&self, word: &str) -> Result<()> {
        match self.worker() {
            Some(worker) => transaction!(self, tx => workers::publish(tx, worker, word)),
            None => transaction!(self, tx => commands::publish(tx, word)),
        }
    }
}
