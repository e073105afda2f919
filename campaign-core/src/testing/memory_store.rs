//! A store in memory: for tests, dry runs and simulations. It keeps every promise of [`Store`] but durability, which it plays:
//! other handles on the same data stand for other processes, and a snapshot stands for a backup.

mod audience;
mod changes;
mod consent;
mod generations;
mod known;
mod pages;
mod runner;
mod tables;
mod workers;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use self::tables::Tables;
use self::workers::Roll;
use crate::campaign::{Category, Definition};
use crate::clock::{Now, Stamp};
use crate::consent::{Consent, DueConfirmation, Rules};
use crate::delivery::{CampaignId, DeliveryId};
use crate::gateway::{Account, Session};
use crate::limits::{LaneLimits, SharedRecord};
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, Batch, CampaignQuery, CampaignRecord, Command, CommandId, Created, DoubtPage,
    DoubtQuery, EarlierMessage, Effect, HiddenOptOut, Imported, Inquiry, LaneRecord, MayNot,
    NewRecipient, News, ReadyPage, ReadyQuery, ReplyQuery, ReplyRow, ReportQuery, ReportRow,
    RunnerWord, Store, StoreError, Suppression, TakeOver,
};

/// A store in memory. A clone is the same process; [`MemoryStore::other_process`] is another one on the same data.
///
/// ```
/// use campaign_core::testing::MemoryStore;
///
/// let store = MemoryStore::new();
/// let reader = store.other_process();
/// let after_the_crash = store.crashed();
/// # drop((reader, after_the_crash));
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    process: Arc<Process>,
}

/// A copy of a [`MemoryStore`]'s data, as a backup is.
#[derive(Clone)]
pub struct Snapshot(Tables);

/// How a commit goes wrong, on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// It fails, and nothing takes place.
    Failed,
    /// It is not known whether it is durable, and it is not.
    UnknownLost,
    /// It is not known whether it is durable, and it is.
    UnknownKept,
}

/// What one process holds; when the last clone of its handle is dropped, its lock is free.
struct Process {
    number: u64,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    tables: Tables,
    processes: u64,
    runner: Option<u64>,
    roll: Roll,
    word: Option<String>,
    commits: u64,
    faults: BTreeMap<u64, CommitFault>,
    /// So many pages more are not going to be read.
    unreadable: u32,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with(Tables::new())
    }

    /// The store that comes up from a backup: the next take-over finds that it is an older copy of itself.
    pub fn restored_from(snapshot: &Snapshot) -> Self {
        let mut tables = snapshot.0.clone();
        tables.is_restored = true;
        tables.leave_numbers_out();
        Self::with(tables)
    }

    /// The store as it was then, and nothing tells it that it was ever further: what a loss of power leaves of a store that said
    /// durable before the disk did.
    pub fn set_back_to(snapshot: &Snapshot) -> Self {
        Self::with(snapshot.0.clone())
    }

    /// A copy of everything, as a backup.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.shared().tables.clone())
    }

    /// Another process on the same data.
    pub fn other_process(&self) -> Self {
        let mut shared = self.shared();
        shared.processes += 1;
        Self {
            process: Arc::new(Process {
                number: shared.processes,
                shared: Arc::clone(&self.process.shared),
            }),
        }
    }

    /// The process of this handle, and every other one, dies here: its lock is free, and this is a new process on the same data.
    /// What the dead still write through their handles arrives, as a request that was under way would.
    pub fn crashed(&self) -> Self {
        self.shared().runner = None;
        self.other_process()
    }

    /// How many commits there were.
    pub fn commits(&self) -> u64 {
        self.shared().commits
    }

    /// Makes a commit go wrong: the one after so many more.
    pub fn fail_commit(&self, after: u64, fault: CommitFault) {
        let mut shared = self.shared();
        let number = shared.commits + after;
        shared.faults.insert(number, fault);
    }

    /// Makes the next so many readings of deliveries that are due go wrong.
    pub fn fail_pages(&self, count: u32) {
        self.shared().unreadable = count;
    }

    fn with(tables: Tables) -> Self {
        let shared = Shared {
            tables,
            processes: 1,
            runner: None,
            roll: Roll::default(),
            word: None,
            commits: 0,
            faults: BTreeMap::new(),
            unreadable: 0,
        };
        Self {
            process: Arc::new(Process {
                number: 1,
                shared: Arc::new(Mutex::new(shared)),
            }),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.process
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore(process {})", self.process.number)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot(..)")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.runner == Some(self.number) {
            shared.runner = None;
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        let mut shared = self.shared();
        let number = self.process.number;
        if let Some(runner) = shared.runner.filter(|runner| *runner != number) {
            return Err(StoreError::RunnerBusy {
                holder: holder(runner),
            });
        }
        if shared.roll.lives() {
            return Err(StoreError::RunnerBusy {
                holder: shared.roll.holder(),
            });
        }
        shared.runner = Some(number);
        shared.word = None;
        Ok(shared.tables.take_over(now))
    }

    async fn step_down(&self) -> Result<(), StoreError> {
        let mut shared = self.shared();
        let number = self.process.number;
        if shared.runner == Some(number) {
            shared.runner = None;
        }
        shared.roll.leave(number);
        Ok(())
    }

    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError> {
        let mut shared = self.shared();
        shared.may_open(self.process.number, account, session)?;
        Ok(shared.tables.lane(account, session, limits))
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError> {
        let mut shared = self.shared();
        let process = self.process.number;
        shared.roll.must_live(process)?;
        let number = shared.commits;
        shared.commits += 1;
        match shared.faults.remove(&number) {
            None => Ok(shared.commit(process, &batch)),
            Some(CommitFault::Failed) => Err(StoreError::Failed("told to fail".into())),
            Some(CommitFault::UnknownLost) => Err(StoreError::Unknown("told to fail".into())),
            Some(CommitFault::UnknownKept) => {
                shared.commit(process, &batch);
                Err(StoreError::Unknown("told to fail".into()))
            }
        }
    }

    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError> {
        let mut shared = self.shared();
        if shared.unreadable > 0 {
            shared.unreadable -= 1;
            return Err(StoreError::Failed("told to fail".into()));
        }
        Ok(shared.tables.ready_page(query))
    }

    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError> {
        let shared = self.shared();
        let own = |lane| !query.is_for_worker || shared.attends(self.process.number, lane);
        Ok(shared.tables.doubt_page(query, own))
    }

    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        Ok(self
            .shared()
            .mark_silent(self.process.number, before, limit))
    }

    async fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>, StoreError> {
        Ok(self.shared().tables.delivery_of(foreign_id))
    }

    async fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>, StoreError> {
        let shared = self.shared();
        Ok(shared.tables.open_attempt(account, to, kind, text_hash))
    }

    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        self.shared().tables.create(definition, columns, now)
    }

    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        let mut shared = self.shared();
        let tables = &mut shared.tables;
        tables.create_whole(definition, columns, recipients, now)
    }

    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        let mut shared = self.shared();
        shared.tables.import(campaign, recipients, rejected)
    }

    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        let mut shared = self.shared();
        let added = shared.tables.add(campaign, recipients, rejected, now)?;
        let news = News::Campaign(campaign);
        shared.roll.tell(self.process.number, news);
        Ok(added)
    }

    async fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>, StoreError> {
        Ok(self.shared().tables.campaign_named(name))
    }

    async fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>, StoreError> {
        Ok(self.shared().tables.campaign_records(which))
    }

    async fn report(&self, query: ReportQuery) -> Result<Vec<ReportRow>, StoreError> {
        Ok(self.shared().tables.report_page(&query))
    }

    async fn earlier_messages(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<EarlierMessage>, StoreError> {
        let shared = self.shared();
        let campaign = shared.tables.campaigns.get(&campaign);
        Ok(campaign.map_or_else(Vec::new, |campaign| campaign.earlier_messages.clone()))
    }

    async fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>, StoreError> {
        let shared = self.shared();
        let known = numbers
            .iter()
            .filter_map(|phone| Some((*phone, shared.tables.is_on_whatsapp(*phone, since)?)));
        Ok(known.collect())
    }

    async fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>, StoreError> {
        Ok(self.shared().tables.replies_page(query))
    }

    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError> {
        let mut shared = self.shared();
        for number in numbers {
            shared.tables.people.suppress(number);
        }
        Ok(())
    }

    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError> {
        let mut shared = self.shared();
        let on_it = |number: &&PhoneNumber| shared.tables.people.unsuppress(**number);
        Ok(numbers.iter().filter(on_it).count() as u64)
    }

    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError> {
        Ok(self.shared().tables.suppressed_page(after, limit))
    }

    async fn rules(&self) -> Result<Rules, StoreError> {
        Ok(self.shared().tables.people.rules.clone())
    }

    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError> {
        self.shared().tables.people.rules = rules.clone();
        Ok(())
    }

    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError> {
        let mut shared = self.shared();
        for consent in consents {
            shared.tables.people.record_consent(consent);
        }
        Ok(())
    }

    async fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        Ok(self.shared().tables.people.consents_page(after, limit))
    }

    async fn may_not(
        &self,
        inquiries: &[Inquiry],
        now: Timestamp,
    ) -> Result<Vec<MayNot>, StoreError> {
        let shared = self.shared();
        let people = &shared.tables.people;
        let answers = inquiries.iter().map(|inquiry| people.may_not(inquiry, now));
        Ok(answers.collect())
    }

    async fn shared_limits(&self) -> Result<Vec<SharedRecord>, StoreError> {
        let shared = self.shared();
        let all = shared.tables.shared_limits.iter();
        let all = all.map(|(scope, (limits, past))| SharedRecord {
            scope: scope.clone(),
            limits: limits.clone(),
            past: past.clone(),
        });
        Ok(all.collect())
    }

    async fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>, StoreError> {
        Ok(self.shared().tables.due_confirmations(limit))
    }

    async fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>, StoreError> {
        Ok(self.shared().tables.hidden_opt_outs())
    }

    async fn submit(&self, command: &Command) -> Result<CommandId, StoreError> {
        Ok(self.shared().tables.submit(command))
    }

    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError> {
        Ok(self.shared().tables.open_commands())
    }

    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError> {
        Ok(self.shared().tables.answer(command))
    }

    async fn publish(&self, word: &str) -> Result<(), StoreError> {
        self.shared().word = Some(word.to_owned());
        Ok(())
    }

    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError> {
        let shared = self.shared();
        let workers = shared.roll.lives().then(|| shared.roll.holder());
        Ok(shared
            .runner
            .map(holder)
            .or(workers)
            .map(|holder| RunnerWord {
                holder,
                word: shared.word.clone().unwrap_or_else(|| "null".to_owned()),
            }))
    }
}

fn holder(process: u64) -> String {
    format!("process {process} of this test")
}
