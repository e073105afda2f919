//! A store and a gateway around the real ones that end the process at a chosen point: before a write reaches the store, after it is
//! durable and before anybody learns of it, and between a message's hand-over and its record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use campaign_core::campaign::{Category, Definition};
use campaign_core::clock::{BootId, Clock, Elapsed, Now, Stamp};
use campaign_core::consent::{Consent, DueConfirmation, Rules};
use campaign_core::delivery::{CampaignId, DeliveryId, Doubt, Happening};
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{
    Account, Finding, Found, Gateway, Guard, Observation, Sending, Session,
};
use campaign_core::limits::{LaneLimits, SharedRecord};
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Answer, Batch, CampaignQuery, CampaignRecord, Change, Command, CommandId, Created, DoubtPage,
    DoubtQuery, EarlierMessage, Effect, HiddenOptOut, Imported, Inquiry, LaneRecord, MayNot,
    NewRecipient, ReadyPage, ReadyQuery, ReplyQuery, ReplyRow, ReportQuery, ReportRow, RunnerWord,
    Store, StoreError, Suppression, Sweep, TakeOver,
};
use jiff::Timestamp;
use tokio::sync::Notify;

/// Any call that writes.
pub(crate) const ANY_WRITE: &str = "any write";
/// Nothing of the request's body is written.
pub(crate) const BODY: &str = "send: before its body";
/// The server has the whole request, and nobody has its answer.
pub(crate) const UNANSWERED: &str = "send: before its answer";
/// The answer is known and not on record.
pub(crate) const ANSWERED: &str = "send: after its answer";
/// The same of a look-up.
pub(crate) const FOUND: &str = "look-up: after its answer";

/// On which side of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Before it reaches the store.
    Before,
    /// When it is durable, and nobody has learnt of it.
    After,
}

/// Where to end the process: at which occurrence of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) side: Side,
    pub(crate) nth: u32,
}

impl Point {
    pub(crate) fn line(&self) -> String {
        let side = match self.side {
            Side::Before => "before",
            Side::After => "after",
        };
        format!("{}|{side}|{}", self.name, self.nth)
    }

    pub(crate) fn read(line: &str) -> Self {
        let mut parts = line.split('|');
        let mut part = || parts.next().unwrap();
        Self {
            name: part().to_owned(),
            side: if part() == "before" {
                Side::Before
            } else {
                Side::After
            },
            nth: part().parse().unwrap(),
        }
    }
}

/// The points at which this process ends, whichever comes first.
pub(crate) struct Points {
    folder: PathBuf,
    known: Vec<String>,
    armed: Mutex<Vec<Point>>,
    is_over: AtomicBool,
}

impl Points {
    /// As the lines of `points` in the folder say. `known` are all names there can be; another one is noted in `unknown`.
    pub(crate) fn read(folder: &Path, known: Vec<String>) -> Arc<Self> {
        let lines = std::fs::read_to_string(folder.join("points")).unwrap();
        Arc::new(Self {
            folder: folder.to_owned(),
            known,
            armed: Mutex::new(lines.lines().map(Point::read).collect()),
            is_over: AtomicBool::new(false),
        })
    }

    /// Whether this is the occurrence that was chosen; what the process ends at is on disk then.
    fn is_reached(&self, name: &str, side: Side) -> bool {
        if !self.known.iter().any(|known| known == name) {
            std::fs::write(self.folder.join("unknown"), name).unwrap();
        }
        let mut armed = self.armed.lock().unwrap();
        let Some(point) = armed
            .iter_mut()
            .find(|point| point.name == name && point.side == side)
        else {
            return false;
        };
        point.nth = point.nth.saturating_sub(1);
        if point.nth > 0 || self.is_over.swap(true, Ordering::AcqRel) {
            return false;
        }
        std::fs::write(self.folder.join("hit"), point.line()).unwrap();
        true
    }

    fn reach(&self, name: &str, side: Side) {
        if self.is_reached(name, side) {
            std::process::abort();
        }
    }

    async fn around<T>(&self, name: &str, write: impl Future<Output = T>) -> T {
        self.around_all(&[name.to_owned()], write).await
    }

    async fn around_all<T>(&self, names: &[String], write: impl Future<Output = T>) -> T {
        for name in names.iter().map(String::as_str).chain([ANY_WRITE]) {
            self.reach(name, Side::Before);
        }
        let written = write.await;
        for name in names.iter().map(String::as_str).chain([ANY_WRITE]) {
            self.reach(name, Side::After);
        }
        written
    }
}

/// What a change is called.
fn name_of(change: &Change) -> String {
    match change {
        Change::Journal(_) => "journal".into(),
        Change::Happened(happened) => match happened.happening {
            Happening::NotHandedOver { counts: true } => "not handed over".into(),
            Happening::NotHandedOver { counts: false } => "not handed over: held".into(),
            Happening::MaybeSent(_) => "maybe sent".into(),
            Happening::Evidence(ack) => format!("evidence: {ack:?}").to_lowercase(),
            Happening::ProvedAbsentForGood(_) => "proved absent for good".into(),
            Happening::Skipped(reason) => format!("skipped: {reason:?}").to_lowercase(),
            Happening::ProvedAbsent => "proved absent".into(),
            Happening::ConfirmedByOperator => "confirmed by operator".into(),
            Happening::GivenUpByOperator => "given up by operator".into(),
            other => format!("{other:?}").to_lowercase(),
        },
        Change::Looked { .. } => "looked".into(),
        Change::Campaign { from, to, .. } => format!("campaign: {from} to {to}"),
        Change::Lane(_) => "lane note".into(),
        Change::Sweep { what, .. } => match what {
            Sweep::Retry(_) => "sweep: retry".into(),
            Sweep::Cancel => "sweep: cancel".into(),
            Sweep::Expire => "sweep: expire".into(),
        },
        Change::LookNow { .. } => "look now".into(),
        Change::Limits { .. } => "limits".into(),
        Change::SharedLimits { .. } => "shared limits".into(),
        Change::SharedPast { .. } => "shared past".into(),
        Change::NewGeneration { .. } => "new generation".into(),
        Change::Message { .. } => "message".into(),
        Change::Share { .. } => "share".into(),
        Change::Presence { .. } => "presence".into(),
        Change::Reply(_) => "reply".into(),
        Change::ByHand(_) => "by hand".into(),
        Change::HiddenReply(_) => "hidden reply".into(),
        Change::Lid { .. } => "lid".into(),
        Change::Dismiss { .. } => "dismiss".into(),
        Change::Confirmed { .. } => "confirmed".into(),
        Change::CutWaits => "cut waits".into(),
        Change::Answer { .. } => "answer".into(),
    }
}

/// A store whose process ends at its points.
pub(crate) struct DyingStore<S> {
    pub(crate) inner: S,
    pub(crate) points: Arc<Points>,
}

#[async_trait]
impl<S: Store> Store for DyingStore<S> {
    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        self.points
            .around("take-over", self.inner.take_over(now))
            .await
    }

    async fn step_down(&self) -> Result<(), StoreError> {
        self.points
            .around("step-down", self.inner.step_down())
            .await
    }

    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError> {
        let opening = self.inner.lane(account, session, limits);
        self.points.around("lane", opening).await
    }

    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError> {
        let mut names: Vec<String> = batch.changes.iter().map(name_of).collect();
        names.sort_unstable();
        names.dedup();
        self.points
            .around_all(&names, self.inner.commit(batch))
            .await
    }

    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let marking = self.inner.mark_silent(before, limit);
        self.points.around("mark silent", marking).await
    }

    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        let creation = self.inner.create(definition, columns, now);
        self.points.around("create", creation).await
    }

    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        let creation = self
            .inner
            .create_whole(definition, columns, recipients, now);
        self.points.around("create whole", creation).await
    }

    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        let import = self.inner.import(campaign, recipients, rejected);
        self.points.around("import", import).await
    }

    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError> {
        self.points
            .around("suppress", self.inner.suppress(numbers))
            .await
    }

    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError> {
        self.points
            .around("unsuppress", self.inner.unsuppress(numbers))
            .await
    }

    async fn rules(&self) -> Result<Rules, StoreError> {
        self.inner.rules().await
    }

    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError> {
        self.points
            .around("set_rules", self.inner.set_rules(rules))
            .await
    }

    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError> {
        let recording = self.inner.record_consents(consents);
        self.points.around("record_consents", recording).await
    }

    async fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError> {
        self.inner.consents(after, limit).await
    }

    async fn may_not(
        &self,
        inquiries: &[Inquiry],
        now: Timestamp,
    ) -> Result<Vec<MayNot>, StoreError> {
        self.inner.may_not(inquiries, now).await
    }

    async fn shared_limits(&self) -> Result<Vec<SharedRecord>, StoreError> {
        self.inner.shared_limits().await
    }

    async fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>, StoreError> {
        self.inner.due_confirmations(limit).await
    }

    async fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>, StoreError> {
        self.inner.hidden_opt_outs().await
    }

    async fn submit(&self, command: &Command) -> Result<CommandId, StoreError> {
        self.points
            .around("submit", self.inner.submit(command))
            .await
    }

    async fn publish(&self, word: &str) -> Result<(), StoreError> {
        self.points
            .around("publish", self.inner.publish(word))
            .await
    }

    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError> {
        self.inner.ready(query).await
    }

    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError> {
        self.inner.doubts(query).await
    }

    async fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>, StoreError> {
        self.inner.delivery_of(foreign_id).await
    }

    async fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>, StoreError> {
        self.inner.open_attempt(account, to, kind, text_hash).await
    }

    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        let addition = self.inner.add(campaign, recipients, rejected, now);
        self.points.around("add", addition).await
    }

    async fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>, StoreError> {
        self.inner.campaign(name).await
    }

    async fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>, StoreError> {
        self.inner.campaigns(which).await
    }

    async fn earlier_messages(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<EarlierMessage>, StoreError> {
        self.inner.earlier_messages(campaign).await
    }

    async fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>, StoreError> {
        self.inner.presence(numbers, since).await
    }

    async fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>, StoreError> {
        self.inner.replies(query).await
    }

    async fn report(&self, query: ReportQuery) -> Result<Vec<ReportRow>, StoreError> {
        self.inner.report(query).await
    }

    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError> {
        self.inner.suppressed(after, limit).await
    }

    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError> {
        self.inner.open_commands().await
    }

    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError> {
        self.inner.answer(command).await
    }

    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError> {
        self.inner.runner().await
    }
}

/// What becomes of sends to some people without any of them reaching the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Never {
    /// The connection breaks before the body.
    Connected,
    /// Refused for good.
    Taken,
    /// No answer, though nothing was sent.
    Answered,
}

/// A gateway whose process ends at its points.
pub(crate) struct DyingGateway<G> {
    pub(crate) inner: G,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) points: Arc<Points>,
    pub(crate) never: BTreeMap<u64, Never>,
}

#[async_trait]
impl<G: Gateway> Gateway for DyingGateway<G> {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        if let Some(never) = self.never.get(&sending.to.digits()) {
            return unsent(*never);
        }
        let written = Arc::new(Notify::new());
        let clock = AskedClock {
            guard,
            clock: Arc::clone(&self.clock),
            points: Arc::clone(&self.points),
            written: Arc::clone(&written),
        };
        let guard = Guard::new(Arc::new(clock), sending.deadline, Arc::default());
        let mut answer = std::pin::pin!(self.inner.send(sending, guard));
        let outcome = tokio::select! {
            biased;
            () = written.notified() => {
                // The rest of the request goes out by itself. The process is killed when the server has it.
                let folder = &self.points.folder;
                std::fs::write(folder.join("written.part"), sending.to.digits().to_string()).unwrap();
                std::fs::rename(folder.join("written.part"), folder.join("written")).unwrap();
                std::future::pending().await
            }
            outcome = &mut answer => outcome,
        };
        if matches!(outcome, Outcome::Accepted { .. }) {
            self.points.reach(ANSWERED, Side::Before);
        }
        outcome
    }

    async fn find(&self, finding: &Finding) -> Found {
        let found = self.inner.find(finding).await;
        self.points.reach(FOUND, Side::Before);
        found
    }

    async fn observe(&self, session: &Session) -> Observation {
        self.inner.observe(session).await
    }
}

fn unsent(never: Never) -> Outcome {
    let message = "made up by the test".into();
    match never {
        Never::Connected => Outcome::NotHandedOver {
            why: NotHandedOver::Broken,
            retry_after: None,
            message,
        },
        Never::Taken => Outcome::Refused { message },
        Never::Answered => Outcome::MaybeSent {
            doubt: Doubt::NoAnswer,
            signal: None,
            message,
        },
    }
}

/// Notices when the guard is asked, which is when the body is about to be written.
struct AskedClock {
    guard: Guard,
    clock: Arc<dyn Clock>,
    points: Arc<Points>,
    written: Arc<Notify>,
}

#[async_trait]
impl Clock for AskedClock {
    fn now(&self) -> Now {
        let now = self.clock.now();
        if self.guard.ask().is_err() {
            let elapsed = Elapsed::NEVER;
            return Now { elapsed, ..now };
        }
        self.points.reach(BODY, Side::Before);
        if self.points.is_reached(UNANSWERED, Side::Before) {
            self.written.notify_one();
        }
        now
    }

    fn boot(&self) -> BootId {
        self.clock.boot()
    }

    async fn wait_until(&self, moment: Elapsed) {
        self.clock.wait_until(moment).await;
    }
}
