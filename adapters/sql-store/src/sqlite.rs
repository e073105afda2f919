//! The store in one SQLite file. One thread owns the connection and takes one call after another; statements are
//! prepared once. The file is in WAL mode, so that other processes read beside the runner, and leave commands.

mod batch;
mod campaigns;
mod commands;
mod consent;
mod copies;
mod fault;
mod inspect;
mod known;
#[cfg(feature = "postgres")]
mod leaving;
mod lock;
mod moved;
mod moves;
mod people;
mod prune;
mod reading;
mod ready;
mod recipients;
mod rows;
mod schema;
mod shared_limits;
mod silence;
mod since;
mod take_over;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use async_trait::async_trait;
use campaign_core::campaign::{Category, Definition};
use campaign_core::clock::{Now, Stamp};
use campaign_core::consent::{Consent, DueConfirmation, Rules};
use campaign_core::delivery::{CampaignId, DeliveryId};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{LaneLimits, SharedRecord};
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Answer, Batch, CampaignQuery, CampaignRecord, Command, CommandId, Created, DoubtPage,
    DoubtQuery, EarlierMessage, Effect, HiddenOptOut, Imported, Inquiry, LaneRecord, MayNot,
    NewRecipient, ReadyPage, ReadyQuery, ReplyQuery, ReplyRow, ReportQuery, ReportRow, RunnerWord,
    SinglesLeft, Store, StoreError, Suppression, TakeOver,
};
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::oneshot;

use self::batch::Sweeps;
use self::commands::OpenCommands;
pub use self::copies::{Existing, Restored, restore};
use self::fault::Fault;
pub use self::fault::{Trouble, TroubleKind};
pub use self::inspect::{Depth, Inspection, inspect, may_write};
#[cfg(feature = "postgres")]
pub(crate) use self::leaving::Origin;
use self::lock::{RunnerLock, Seen};
#[cfg(feature = "postgres")]
pub(crate) use self::moved::Mark;
use self::recipients::Recipients;
pub use self::since::{CampaignSince, Since};
use crate::options::Options;

/// A store in one SQLite file.
///
/// The file, and those that belong to it, can be read by their owner only (Unix: mode 0600). Beside `campaigns.db` there are
/// `campaigns.db-wal` and `-shm` while it is open, `campaigns.db.lock` (who sends), and `campaigns.db.seen`: by it a database
/// that was copied back from a backup is recognised at the next take-over, and everything open in it is looked up before
/// anything is sent. Move the files together. What it cannot recognise is a backup of all files together; after
/// bringing one back, call [`SqliteStore::mark_restored`].
///
/// ```
/// use campaign_core::store::Store;
/// use sql_store::{Options, SqliteStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let store = SqliteStore::open(folder.path().join("campaigns.db"), Options::default())?;
/// assert!(store.campaign("tagihan mei").await?.is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    moved_to: Option<String>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

type Job = Box<dyn FnOnce(&mut Database) + Send>;

/// The connection, and what its thread remembers between calls.
#[derive(Debug)]
struct Database {
    connection: Connection,
    path: PathBuf,
    lock: Option<RunnerLock>,
    seen: Option<Seen>,
    commands: OpenCommands,
    /// Imports that were begun here.
    imports: HashMap<CampaignId, i64>,
    /// Who is on the lists that are coming in.
    recipients: HashMap<CampaignId, Recipients>,
    sweeps: Sweeps,
}

impl SqliteStore {
    /// Opens a database, and makes it when there is none. An older schema is brought up to date after the file has been copied to
    /// `<path>.v<version>.bak`.
    ///
    /// # Errors
    /// [`StoreError::TooNew`] for a database of a newer program, [`StoreError::Refused`] for one of another program,
    /// [`StoreError::Failed`] when the file cannot be opened, and when it is missing or empty although `.seen` knows that messages were sent
    /// from it ([`TroubleKind::Lost`]): bring a backup back; who was written to is known nowhere else.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        let mut database = Database::open(&path, &options).map_err(|fault| fault.at(&path))?;
        let mark = database.went_to().map_err(|fault| fault.at(&path))?;
        let (jobs, queue) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || {
                while let Ok(job) = queue.recv() {
                    job(&mut database);
                }
            })
            .map_err(|error| Fault::file(&path, error).at(&path))?;
        Ok(Self {
            path,
            moved_to: mark.map(|mark| mark.name),
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the database as of one moment to a new file, while it is in use, and reads the copy through: what it returns is what the
    /// copy holds. Opened under its new name, or brought back by [`restore`], it counts as restored.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when there is such a file already; [`StoreError::Failed`] when it cannot be written. A copy that failed
    /// leaves nothing behind.
    pub async fn backup(&self, to: impl AsRef<Path>) -> Result<Inspection, StoreError> {
        let to = to.as_ref().to_path_buf();
        self.call(move |database| copies::back_up(&database.connection, &to))
            .await
    }

    /// Says that this database was brought back from a backup, where that cannot be seen: after a copy of all its files together, of a
    /// whole disk or of a virtual machine. The next take-over looks everything open up before anything is sent.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] while a process sends from it.
    pub async fn mark_restored(&self) -> Result<(), StoreError> {
        self.call(Database::mark_restored).await
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> fault::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || Fault::Closed.at(&self.path);
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |database| {
            // Nobody waits for the answer any more: the work is done all the same.
            let _ = answer.send(work(database));
        });
        let jobs = self.jobs.as_ref().ok_or_else(closed)?;
        jobs.send(job).map_err(|_| closed())?;
        match answered.await {
            Ok(result) => result.map_err(|fault| fault.at(&self.path)),
            // The thread ended half-way.
            Err(error) => Err(StoreError::Unknown(Box::new(error))),
        }
    }

    /// Reads as of one moment, which also takes the file's locks once rather than for each statement.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> fault::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.call(move |database| {
            let snapshot = database.connection.unchecked_transaction()?;
            let read = work(database)?;
            snapshot.finish()?;
            Ok(read)
        })
        .await
    }
}

impl Drop for SqliteStore {
    /// Finishes what was begun, and gives the lock back.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It ended early: there is nothing left to wait for.
            let _ = thread.join();
        }
    }
}

impl Database {
    fn open(path: &Path, options: &Options) -> fault::Result<Self> {
        let database = Self {
            connection: schema::open(path, options)?,
            path: path.to_path_buf(),
            lock: None,
            seen: None,
            commands: OpenCommands::default(),
            imports: HashMap::new(),
            recipients: HashMap::new(),
            sweeps: Sweeps::new(),
        };
        // From the first batch on, a database without its file is a copy: also one made before anything was sent.
        if database.batches()? == 0 {
            let id = database.id()?;
            if Seen::read(path, id).is_none() {
                Seen::open(path, id, 0)?;
            }
        }
        Ok(database)
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        self.call(move |database| database.take_over(now)).await
    }

    async fn step_down(&self) -> Result<(), StoreError> {
        self.call(|database| {
            database.lock = None;
            database.seen = None;
            Ok(())
        })
        .await
    }

    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError> {
        let (session, limits) = (session.clone(), limits.clone());
        self.call(move |database| database.lane(account, &session, &limits))
            .await
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError> {
        self.call(move |database| database.commit(&batch)).await
    }

    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError> {
        self.read(move |database| database.ready(&query)).await
    }

    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError> {
        self.read(move |database| database.doubts(query)).await
    }

    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.call(move |database| database.mark_silent(before, limit))
            .await
    }

    async fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>, StoreError> {
        let foreign_id = foreign_id.to_owned();
        self.call(move |database| database.delivery_of(&foreign_id))
            .await
    }

    async fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>, StoreError> {
        self.call(move |database| database.open_attempt(account, to, kind, text_hash))
            .await
    }

    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        let (definition, columns) = (definition.clone(), columns.to_vec());
        self.call(move |database| database.create(&definition, &columns, now))
            .await
    }

    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        let (definition, columns) = (definition.clone(), columns.to_vec());
        self.call(move |database| database.create_whole(&definition, &columns, &recipients, now))
            .await
    }

    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        self.call(move |database| database.import(campaign, &recipients, rejected))
            .await
    }

    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        self.call(move |database| database.add(campaign, &recipients, rejected, now))
            .await
    }

    async fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>, StoreError> {
        let name = name.to_owned();
        self.read(move |database| database.campaign(&name)).await
    }

    async fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>, StoreError> {
        let which = which.clone();
        self.read(move |database| database.campaigns(&which)).await
    }

    async fn singles_left(&self) -> Result<SinglesLeft, StoreError> {
        self.read(|database| database.singles_left()).await
    }

    async fn report(&self, query: ReportQuery) -> Result<Vec<ReportRow>, StoreError> {
        self.read(move |database| database.report(&query)).await
    }

    async fn earlier_messages(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<EarlierMessage>, StoreError> {
        self.read(move |database| database.earlier_messages(campaign))
            .await
    }

    async fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>, StoreError> {
        let numbers = numbers.to_vec();
        self.read(move |database| database.presence(&numbers, since))
            .await
    }

    async fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>, StoreError> {
        let query = *query;
        self.call(move |database| database.replies(&query)).await
    }

    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError> {
        let numbers = numbers.to_vec();
        self.call(move |database| database.suppress(&numbers)).await
    }

    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError> {
        let numbers = numbers.to_vec();
        self.call(move |database| database.unsuppress(&numbers))
            .await
    }

    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError> {
        self.call(move |database| database.suppressed(after, limit))
            .await
    }

    async fn rules(&self) -> Result<Rules, StoreError> {
        self.call(|database| database.rules()).await
    }

    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError> {
        let rules = rules.clone();
        self.call(move |database| database.set_rules(&rules)).await
    }

    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError> {
        let consents = consents.to_vec();
        self.call(move |database| database.record_consents(&consents))
            .await
    }

    async fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        self.call(move |database| database.consents(after, limit))
            .await
    }

    async fn may_not(
        &self,
        inquiries: &[Inquiry],
        now: Timestamp,
    ) -> Result<Vec<MayNot>, StoreError> {
        let inquiries = inquiries.to_vec();
        self.read(move |database| database.may_not(&inquiries, now))
            .await
    }

    async fn shared_limits(&self) -> Result<Vec<SharedRecord>, StoreError> {
        self.call(|database| database.shared_limits()).await
    }

    async fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>, StoreError> {
        self.call(move |database| database.due_confirmations(limit))
            .await
    }

    async fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>, StoreError> {
        self.call(|database| database.hidden_opt_outs()).await
    }

    async fn submit(&self, command: &Command) -> Result<CommandId, StoreError> {
        let command = command.clone();
        self.call(move |database| database.submit(&command)).await
    }

    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError> {
        self.call(Database::open_commands).await
    }

    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError> {
        self.call(move |database| database.answer(command)).await
    }

    async fn publish(&self, word: &str) -> Result<(), StoreError> {
        let word = word.to_owned();
        self.call(move |database| database.publish(&word)).await
    }

    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError> {
        self.call(|database| database.runner()).await
    }
}
