//! A store of one's own: where campaigns are kept is a trait, and one suite says whether it is kept.
//!
//! ```sh
//! cargo run -p examples --example own_store
//! ```
//!
//! [`Mirrored`] keeps everything in another store and, whenever a batch is durable, writes each move of a delivery down as a
//! line, in the way a billing system would update its invoices. A store of another database fills the same methods with its own
//! statements. What makes it a store is that it passes the contract: [`store_contract`] checks every promise of the trait.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

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
    Answer, Batch, CampaignQuery, CampaignRecord, Change, Command, CommandId, Created, DoubtPage,
    DoubtQuery, EarlierMessage, Effect, HiddenOptOut, Imported, Inquiry, LaneRecord, MayNot,
    NewRecipient, ReadyPage, ReadyQuery, ReplyQuery, ReplyRow, ReportQuery, ReportRow, RunnerWord,
    Store, StoreError, Suppression, TakeOver,
};
use campaign_core::testing::MemoryStore;
use campaign_core::testing::store_contract::{self, ContractStore};
use examples::say;
use jiff::Timestamp;

/// A store that also writes down how deliveries move.
struct Mirrored<S> {
    inner: S,
    mirror: Arc<Mutex<File>>,
}

/// How the contract opens the store, as often as it needs another process.
struct Database {
    memory: MemoryStore,
    mirror: Arc<Mutex<File>>,
}

#[async_trait]
impl ContractStore for Database {
    type Store = Mirrored<MemoryStore>;

    async fn open(&self) -> Mirrored<MemoryStore> {
        Mirrored {
            inner: self.memory.other_process(),
            mirror: Arc::clone(&self.mirror),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("moves.txt");
    let mirror = Arc::new(Mutex::new(File::create(&path)?));
    // In a crate of your own: `campaign_core::store_contract_tests!(...)`, one test for each promise.
    store_contract::run_all(async || Database {
        memory: MemoryStore::new(),
        mirror: Arc::clone(&mirror),
    })
    .await;
    let moves = fs::read_to_string(&path)?;
    say(format_args!(
        "every promise is kept; {} moves were written down, the last one as {:?}",
        moves.lines().count(),
        moves.lines().last().unwrap_or_default()
    ));
    Ok(())
}

impl<S> Mirrored<S> {
    /// The line comes after the fact. A crash in between loses the line, never the move: whoever needs both writes both in one
    /// transaction, inside `commit`.
    fn mirror(&self, batch: &Batch, effects: &[Effect]) -> std::io::Result<()> {
        let mut mirror = self.mirror.lock().unwrap_or_else(PoisonError::into_inner);
        for (change, effect) in batch.changes.iter().zip(effects) {
            if let (Change::Happened(happened), Effect::Moved { from, to }) = (change, effect) {
                let delivery = happened.delivery.number();
                writeln!(mirror, "{delivery}: {} -> {}", from.state, to.state)?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<S: Store> Store for Mirrored<S> {
    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError> {
        let effects = self.inner.commit(Arc::clone(&batch)).await?;
        // The batch is durable. An error now would say that it is not, and somebody would get the message twice.
        if let Err(error) = self.mirror(&batch, &effects) {
            say(format_args!("the mirror lags behind: {error}"));
        }
        Ok(effects)
    }

    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError> {
        self.inner.take_over(now).await
    }

    async fn step_down(&self) -> Result<(), StoreError> {
        self.inner.step_down().await
    }

    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError> {
        self.inner.lane(account, session, limits).await
    }

    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError> {
        self.inner.ready(query).await
    }

    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError> {
        self.inner.doubts(query).await
    }

    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.inner.mark_silent(before, limit).await
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

    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError> {
        self.inner.create(definition, columns, now).await
    }

    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError> {
        self.inner
            .create_whole(definition, columns, recipients, now)
            .await
    }

    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError> {
        self.inner.import(campaign, recipients, rejected).await
    }

    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError> {
        self.inner.add(campaign, recipients, rejected, now).await
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

    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError> {
        self.inner.suppress(numbers).await
    }

    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError> {
        self.inner.unsuppress(numbers).await
    }

    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError> {
        self.inner.suppressed(after, limit).await
    }

    async fn rules(&self) -> Result<Rules, StoreError> {
        self.inner.rules().await
    }

    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError> {
        self.inner.set_rules(rules).await
    }

    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError> {
        self.inner.record_consents(consents).await
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
        self.inner.submit(command).await
    }

    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError> {
        self.inner.open_commands().await
    }

    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError> {
        self.inner.answer(command).await
    }

    async fn publish(&self, word: &str) -> Result<(), StoreError> {
        self.inner.publish(word).await
    }

    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError> {
        self.inner.runner().await
    }
}
