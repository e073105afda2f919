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

use super::audience::{self, Door};
use super::batch::{Making, Sweeps};
use super::connections::Server;
use super::fault::{Fault, Result};
use super::lock::{self, RunnerLock};
use super::take_over::LastTakeOver;
use super::transaction::{self, Committed, Fate, Number, TRIES_MAX, TRY_PAUSE, Tx};
use super::{commands, consent, lanes, prune, schema, silence, take_over};
use crate::codes;
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
    running: tokio::sync::Mutex<Option<Running>>,
    memory: Mutex<Memory>,
}

/// This process is the runner.
struct Running {
    lock: RunnerLock,
    since: LastTakeOver,
}

/// What a process remembers between calls.
#[derive(Debug, Default)]
struct Memory {
    /// Imports that were begun here.
    imports: HashMap<CampaignId, i32>,
    sweeps: Sweeps,
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
        transaction::fate_of(&tx, transaction).await
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
            let taken = take_over::take_over(tx, now).await?;
            Ok::<_, Fault>((taken, take_over::last(tx).await?))
        })?;
        *running = Some(Running { lock, since });
        self.memory().sweeps.clear();
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

    pub(super) async fn take_lock(&self) -> Result<RunnerLock> {
        if let Some(lock) = RunnerLock::take(&self.server).await? {
            return Ok(lock);
        }
        let mut client = self.reader().await?;
        let tx = Tx::snapshot(&mut client).await?;
        Err(lock::busy(lock::holder_on_record(&tx).await?).into())
    }

    pub(super) async fn step_down(&self) -> Result<()> {
        match self.running.lock().await.take() {
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
        {
            let mut client = self.reader().await?;
            let tx = Tx::snapshot(&mut client).await?;
            if lanes::is_open(&tx, account, session).await? {
                return lanes::record(&tx, account).await;
            }
        }
        transaction!(self, tx => async {
            lanes::open(tx, account, session, limits).await?;
            lanes::record(tx, account).await
        })
    }

    pub(super) async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32> {
        transaction!(self, tx => silence::mark_silent(tx, before, limit))
    }

    pub(super) async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId> {
        let (id, import) =
            transaction!(self, tx => audience::create(tx, definition, columns, now))?;
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
        transaction!(self, tx => audience::create_whole(tx, definition, columns, recipients, now))
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
        transaction!(self, tx => commands::publish(tx, word))
    }
}
