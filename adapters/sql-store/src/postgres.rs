//! The store in a PostgreSQL database. One connection writes, in transactions that come one after another; others read, each a moment of its
//! own. The runner's lock is a session's of its own; workers have leases.

#[cfg(feature = "sqlite")]
mod arrival;
mod audience;
mod batch;
mod campaigns;
mod commands;
mod connections;
mod consent;
mod doubts;
mod fault;
mod hidden;
mod inspect;
mod known;
mod lanes;
mod lock;
mod moves;
mod people;
mod prune;
mod reading;
mod ready;
mod schema;
mod shared_limits;
mod silence;
mod take_over;
mod tls;
mod transaction;
mod url;
mod workers;
mod writing;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

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

#[cfg(feature = "sqlite")]
pub(crate) use self::arrival::arrive;
use self::fault::Fault;
pub use self::inspect::ServerInspection;
use self::transaction::{TRIES_MAX, Tx};
use self::writing::{Database, finish};
use crate::options::Options;

/// A store in a PostgreSQL database, version 14 or later.
///
/// It makes its tables in the schema that the connection's `search_path` names first, `public` unless told otherwise, and takes none that
/// holds other tables. One process sends at a time, or several workers share the sessions among them ([`Workers`](campaign_core::store::Workers));
/// any other may read and leave commands. Where workers lose the server for less than their lease they go on; where somebody sets its clock, or it is
/// in another place than it was, all of them have to join again. A database that was read back from a dump, into the
/// same place or another, recovered to a point in time, or whose standby took over, is recognised at the next take-over, and everything open in
/// it is looked up before anything is sent. What cannot be recognised is a copy of the server's files put back in their place, of a whole disk
/// or of a virtual machine: after that, call [`PostgresStore::mark_restored`].
///
/// Each process has five connections at most, and the runner one more, which it holds as long as it runs. A pooler between them has to keep a
/// connection for each client (`pool_mode = session`).
///
/// ```no_run
/// use campaign_core::store::Store;
/// use sql_store::{Options, PostgresStore};
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::open("postgres://app@localhost/campaigns", Options::default()).await?;
/// assert!(store.campaign("tagihan mei").await?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    database: Arc<Database>,
}

impl PostgresStore {
    /// Opens a database by its URL, `postgres://user:password@host/database`, and makes the tables when there are none. An older schema is
    /// brought up to date; make a dump before you start a newer version of this program. The password is kept out of every error.
    ///
    /// `sslmode` in the URL means what it means to libpq: `disable`; `prefer` (as without it), TLS where the server has it; `require`, TLS with
    /// whoever answers; `verify-ca` and `verify-full`, only with a server whose certificate an authority vouches for, the latter for the very
    /// host. The authorities are those of the system, or those in the file `sslrootcert`, with which `require` is `verify-ca`. Over a network
    /// that is not yours alone, take `verify-full`: the others do not notice who sits between. Certificates of clients, the mode `allow` and
    /// channel binding are not supported; a unix socket has no TLS.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for what is no such URL, names a server that is too old or a schema
    /// that belongs to another program; [`StoreError::TooNew`] for one of a newer version; [`StoreError::Failed`] when it cannot be reached.
    pub async fn open(url: &str, options: Options) -> Result<Self, StoreError> {
        let database = Database::open(url, options).await.map_err(Fault::told)?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// Whether the tables of this program have been made in a database. Nothing is made.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn is_made(url: &str) -> Result<bool, StoreError> {
        inspect::is_made(url).await.map_err(Fault::told)
    }

    /// Looks at a database that others may be using, and changes nothing: `None` where it has no tables of this program yet.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn inspect(url: &str) -> Result<Option<ServerInspection>, StoreError> {
        inspect::inspect(url).await.map_err(Fault::told)
    }

    /// The number of the worker that this handle has become by joining, until it steps down.
    pub fn worker(&self) -> Option<u32> {
        self.database.worker().map(i32::cast_unsigned)
    }

    /// Says that this database was brought back from a backup, where that cannot be seen. The next take-over looks everything open up before
    /// anything is sent.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] while a process sends from it.
    pub async fn mark_restored(&self) -> Result<(), StoreError> {
        let database = Arc::clone(&self.database);
        finish(async move { database.mark_restored().await }).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("database", &self.database.name())
            .finish_non_exhaustive()
    }
}

/// Reads as of one moment; again where the connection turned out to be lost.
macro_rules! read {
    ($store:ident, $tx:ident => $work:expr) => {{
        let mut tries = 1;
        loop {
            let read = async {
                let mut client = $store.database.reader().await?;
                let $tx = &Tx::snapshot(&mut client).await?;
                $work.await
            };
            match read.await {
                Err(fault) if fault.is_lost() && tries < TRIES_MAX => {
                    tries += 1;
                    $store.database.part_with_connections();
                }
                done => break done.map_err(Fault::told),
            }
        }
    }};
}

/// Writes, to the end, also when nobody waits for it any more.
macro_rules! written {
    ($store:ident, $database:ident => $work:expr) => {{
        let $database = Arc::clone(&$store.database);
        finish(async move { $work.await }).await
    }};
}

#[async_trait]
impl Store for PostgresStore {
    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        written!(self, database => database.take_over(now))
    }

    async fn step_down(&self) -> Result<(), StoreError> {
        written!(self, database => database.step_down())
    }

    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError> {
        let (session, limits) = (session.clone(), limits.clone());
        written!(self, database => database.lane(account, &session, &limits))
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError> {
        written!(self, database => database.commit(&batch))
    }

    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError> {
        read!(self, tx => ready::ready(tx, &query))
    }

    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError> {
        let worker = self.database.worker().filter(|_| query.is_for_worker);
        read!(self, tx => async {
            let lanes = workers::lanes_of(tx, worker).await?;
            doubts::doubts(tx, &query, lanes.as_deref()).await
        })
    }

    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        written!(self, database => database.mark_silent(before, limit))
    }

    async fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>, StoreError> {
        read!(self, tx => reading::delivery_of(tx, foreign_id))
    }

    async fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>, StoreError> {
        read!(self, tx => reading::open_attempt(tx, account, to, kind, text_hash))
    }

    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        let (definition, columns) = (definition.clone(), columns.to_vec());
        written!(self, database => database.create(&definition, &columns, now))
    }

    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        let (definition, columns) = (definition.clone(), columns.to_vec());
        written!(self, database => database.create_whole(&definition, &columns, &recipients, now))
    }

    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        written!(self, database => database.import(campaign, &recipients, rejected))
    }

    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        written!(self, database => database.add(campaign, &recipients, rejected, now))
    }

    async fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>, StoreError> {
        read!(self, tx => campaigns::campaign(tx, name))
    }

    async fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>, StoreError> {
        read!(self, tx => campaigns::campaigns(tx, which))
    }

    async fn singles_left(&self) -> Result<SinglesLeft, StoreError> {
        read!(self, tx => campaigns::singles_left(tx))
    }

    async fn report(&self, query: ReportQuery) -> Result<Vec<ReportRow>, StoreError> {
        read!(self, tx => reading::report(tx, &query))
    }

    async fn earlier_messages(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<EarlierMessage>, StoreError> {
        read!(self, tx => campaigns::earlier_messages(tx, campaign))
    }

    async fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>, StoreError> {
        read!(self, tx => people::presence(tx, numbers, since))
    }

    async fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>, StoreError> {
        read!(self, tx => people::replies(tx, query))
    }

    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError> {
        let numbers = numbers.to_vec();
        written!(self, database => database.suppress(&numbers))
    }

    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError> {
        let numbers = numbers.to_vec();
        written!(self, database => database.unsuppress(&numbers))
    }

    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError> {
        read!(self, tx => consent::suppressed(tx, after, limit))
    }

    async fn rules(&self) -> Result<Rules, StoreError> {
        read!(self, tx => consent::rules(tx))
    }

    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError> {
        let rules = rules.clone();
        written!(self, database => database.set_rules(&rules))
    }

    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError> {
        let consents = consents.to_vec();
        written!(self, database => database.record_consents(&consents))
    }

    async fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        read!(self, tx => consent::consents(tx, after, limit))
    }

    async fn may_not(
        &self,
        inquiries: &[Inquiry],
        now: Timestamp,
    ) -> Result<Vec<MayNot>, StoreError> {
        read!(self, tx => consent::may_not(tx, inquiries, now))
    }

    async fn shared_limits(&self) -> Result<Vec<SharedRecord>, StoreError> {
        read!(self, tx => shared_limits::all(tx))
    }

    async fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>, StoreError> {
        read!(self, tx => consent::due_confirmations(tx, limit))
    }

    async fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>, StoreError> {
        read!(self, tx => hidden::all_hidden(tx))
    }

    async fn submit(&self, command: &Command) -> Result<CommandId, StoreError> {
        let command = command.clone();
        written!(self, database => database.submit(&command))
    }

    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError> {
        read!(self, tx => commands::open(tx))
    }

    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError> {
        read!(self, tx => commands::answer_to(tx, command))
    }

    async fn publish(&self, word: &str) -> Result<(), StoreError> {
        let word = word.to_owned();
        written!(self, database => database.publish(&word))
    }

    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError> {
        read!(self, tx => commands::runner(tx))
    }
}
