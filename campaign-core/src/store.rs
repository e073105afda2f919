//! What the engine needs kept: all-or-nothing batches, counters, and pages in key order.
//!
//! A store promises that a batch is durable when [`Store::commit`] returns, that each change of it either
//! took place or is reported as lost with the reason, and that nothing of a failed batch took place. Journalling
//! checks, in the transaction itself, everything that must hold at send time. `testing::store_contract` checks
//! each promise.

mod by_hand;
mod commands;
mod health;
mod people;
mod replies;
mod report;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::by_hand::{BY_HAND_KEPT_FOR, ByHand};
pub use self::commands::{Answer, Command, CommandId};
pub use self::health::{Condition, LaneHealth, LaneHold, Unwell};
pub use self::people::{HiddenOptOut, HiddenReply, Inquiry, MayNot, Suppression};
pub use self::replies::{REPLIES_KEPT_FOR, Reply, ReplyQuery, ReplyRow};
pub use self::report::{ReportPages, ReportQuery, ReportRow};
pub use self::workers::{HeldAccount, LEASE, News, Roster, Workers, fair_share};
use crate::campaign::{CampaignState, Category, Definition, Share};
use crate::clock::{Now, Stamp};
use crate::consent::{Barred, Consent, DueConfirmation, Lid, Rules, Terms, Wish};
use crate::delivery::{CampaignId, DeliveryId, Happening, Reason, Standing, State};
use crate::gateway::{Account, Session};
use crate::limits::{
    DayCount, LaneLimits, Scope, SentByHand, SharedLimits, SharedPast, SharedRecord, Slot,
    WarmthSoFar,
};
use crate::message::{MessageKind, MessageTemplate};
use crate::phone::PhoneNumber;

/// A lane's number in its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u32);

/// Counts who may write for a lane. It grows with each take-over; what an earlier owner still writes is lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

/// What went wrong in a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process is the runner of this database.
    #[error("{holder} is already sending from this database: let it go on, or stop it first")]
    RunnerBusy {
        /// Who holds it, as far as it can be named.
        holder: String,
    },
    /// The database is from a newer version of this program.
    #[error(
        "the database has schema version {found}, this program knows {known}: use the newer program"
    )]
    TooNew {
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// The lease of this worker is over: others may be sending what it attended. It may join again.
    #[error("this worker was replaced: its lease was not renewed in time, or somebody ended it")]
    Dismissed,
    /// The account is another worker's, or its session is. It may be asked for again.
    #[error("another worker sends from this account")]
    Attended,
    /// What was asked for does not exist.
    #[error("there is no {what}")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// What was asked for cannot be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// The batch may or may not be durable. Take over again to find out.
    #[error("it is not known whether the last changes were saved: {0}")]
    Unknown(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database failed; nothing was changed.
    #[error("the database failed: {0}")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a new runner finds.
#[derive(Debug, Clone)]
pub struct TakeOver {
    /// The key under which this database's message ids are derived.
    pub message_key: [u8; 16],
    /// Deliveries that another process left in `sending`; they are `unconfirmed` now.
    pub orphaned: u64,
    /// The database is an older copy of itself: whatever was open in it is `unconfirmed` now and looked up first.
    pub is_restored: bool,
    /// The moment of the take-over: no earlier process writes a request after it.
    pub at: Stamp,
    /// Whose the sessions were when a lane was last opened through them.
    pub accounts: BTreeMap<Session, Account>,
}

/// An account's lane as the store keeps it.
#[derive(Debug, Clone)]
pub struct LaneRecord {
    /// Its number.
    pub id: LaneId,
    /// Whose lane.
    pub account: Account,
    /// Who may write for it.
    pub epoch: Epoch,
    /// Its limits.
    pub limits: LaneLimits,
    /// The latest attempts, newest first: at least as many as [`LaneLimits::remembers`] tells, the newest of each slot, and whichever
    /// nobody knows the end of while their delivery is in doubt.
    pub attempts: Vec<PastAttempt>,
    /// The day last counted, and its sends.
    pub day: Option<DayCount>,
    /// How far the number was warmed up.
    pub warmth: WarmthSoFar,
    /// Why it is held, and until when.
    pub hold: Option<LaneHold>,
    /// Why nothing may be sent to people who have not written of late, and until when.
    pub cold_hold: Option<LaneHold>,
    /// Kinds of message whose ids came back as given, under this platform.
    pub trusted: Trusted,
    /// Where its messages are kept, as far as that was seen.
    pub store_on: Option<StoreOn>,
    /// How well it was.
    pub health: LaneHealth,
    /// The latest messages that a person sent from it, in any order: at least as many as [`LaneLimits::remembers_by_hand`] tells.
    pub by_hand: Vec<SentByHand>,
}

impl LaneRecord {
    /// A lane that nothing was sent through yet, and of which nothing was learnt.
    pub fn new(id: LaneId, account: Account, limits: LaneLimits) -> Self {
        Self {
            id,
            account,
            epoch: Epoch(1),
            limits,
            attempts: Vec::new(),
            day: None,
            warmth: WarmthSoFar::default(),
            hold: None,
            cold_hold: None,
            trusted: Trusted::default(),
            store_on: None,
            health: LaneHealth::default(),
            by_hand: Vec::new(),
        }
    }
}

/// An attempt that charges its lane's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastAttempt {
    /// In which slot.
    pub slot: Slot,
    /// When it was journalled.
    pub started: Stamp,
    /// When it ended; `None`: that is not known.
    pub ended: Option<Stamp>,
    /// When its owner was found dead: nothing of it is written after this, and what was written may still be executed for a while.
    pub taken_over: Option<Stamp>,
}

/// Where message ids have proved to be honoured: on one platform (version and engine), for some kinds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Trusted {
    /// Version and engine of the server.
    pub platform: Box<str>,
    /// The kinds.
    pub kinds: Vec<MessageKind>,
}

/// A session whose message store was seen on, and not off since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreOn {
    /// Which session: another one of the same account has another store.
    pub session: Session,
    /// When it was first seen on.
    pub since: Stamp,
}

/// A campaign as the store keeps it.
#[derive(Debug, Clone)]
pub struct CampaignRecord {
    /// Its number.
    pub id: CampaignId,
    /// What it is.
    pub definition: Arc<Definition>,
    /// The names of its variables, in the order in which rows hold their values.
    pub columns: Arc<[Box<str>]>,
    /// Where it stands.
    pub state: CampaignState,
    /// When it was created.
    pub created_at: Timestamp,
    /// Rows refused at import.
    pub rejected: u64,
    /// How many deliveries stand where; one per recipient, its newest generation.
    pub counts: Counts,
    /// When its people were taken out of the store: then this record is all that is left of it, and nothing moves it any more.
    pub pruned_at: Option<Timestamp>,
}

impl CampaignRecord {
    /// Something of it is left to be sent, or under way.
    pub fn has_open(&self) -> bool {
        let mut open = [State::Scheduled, State::Sending].into_iter();
        open.any(|state| self.counts.of(state) > 0)
    }

    /// It was sent, and WhatsApp may still acknowledge some of it.
    pub fn awaits_acks(&self) -> bool {
        self.state == CampaignState::Completed && self.counts.of(State::Accepted) > 0
    }
}

/// How many deliveries stand where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(pub BTreeMap<(State, Option<Reason>), u64>);

impl Counts {
    /// How many are in this state, whatever the reason.
    pub fn of(&self, state: State) -> u64 {
        self.0
            .iter()
            .filter(|((other, _), _)| *other == state)
            .map(|(_, count)| count)
            .sum()
    }

    /// How many there are in all.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// A recipient on the way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecipient {
    /// The row in its file, for the report.
    pub row: u64,
    /// Whom to write to.
    pub phone: PhoneNumber,
    /// The value of the key column, when the campaign has one.
    pub key: Option<Box<str>>,
    /// The values of the campaign's columns, in their order.
    pub values: Box<[Box<str>]>,
    /// It is imported, and skipped for this reason.
    pub skip: Option<Reason>,
    /// Its row counts among the rejected ones of this campaign until it comes in.
    pub was_rejected: bool,
}

impl NewRecipient {
    /// A recipient without a key, who is not skipped.
    pub fn new<V>(row: u64, phone: PhoneNumber, values: V) -> Self
    where
        V: IntoIterator<Item: Into<Box<str>>>,
    {
        Self {
            row,
            phone,
            key: None,
            values: values.into_iter().map(Into::into).collect(),
            skip: None,
            was_rejected: false,
        }
    }
}

/// What became of a recipient on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// It is in.
    Added(DeliveryId),
    /// The same recipient came in earlier.
    Duplicate {
        /// In this row.
        first_row: u64,
    },
}

/// What came of creating a campaign with its whole audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is there now, frozen.
    New(CampaignId),
    /// There is one of this name, which got further than its import; nothing was changed.
    There(CampaignId),
}

/// Which campaigns to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CampaignQuery {
    /// Every one there ever was.
    All,
    /// Those that a runner has something to do for, as [`CampaignState::is_live`] tells.
    Live,
    /// Every one that people named. How many single messages there are ([`Definition::is_single`]) makes no difference.
    Named,
    /// Of those the live ones.
    LiveNamed,
    /// Those that were made at this moment or later.
    Since(Timestamp),
    /// These, as far as there are such.
    These(Vec<CampaignId>),
}

/// What is left of single messages ([`Definition::is_single`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SinglesLeft {
    /// One of the live ones is to be sent, is under way, or will be looked up without a person asking for it.
    pub is_some: bool,
    /// WhatsApp may still acknowledge one that was sent.
    pub awaits_acks: bool,
}

/// Asks for deliveries that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyQuery {
    /// Of this campaign.
    pub campaign: CampaignId,
    /// After this one, in key order.
    pub after: Option<DeliveryId>,
    /// To these people.
    pub whom: Whom,
    /// Not waiting beyond this moment.
    pub due: Timestamp,
    /// At most so many.
    pub limit: u32,
}

/// People by the account that knows them: the last one that wrote to them, unless that is proved not to have been handed over, or that they
/// wrote to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Everybody whom none of these accounts knows: with no account, everybody.
    KnownToNone(Arc<[Account]>),
    /// Whom one of these accounts knows.
    KnownTo(Arc<[Account]>),
}

impl Whom {
    /// Everybody, whoever knows them.
    pub fn everybody() -> Self {
        Whom::KnownToNone(Arc::new([]))
    }
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Which.
    pub delivery: DeliveryId,
    /// To whom.
    pub phone: PhoneNumber,
    /// The account that knows the person, of those that the page was asked for by ([`Whom::KnownTo`]): the person stays with it.
    pub account: Option<Account>,
    /// Attempts that counted so far.
    pub attempts: u8,
    /// The values of the campaign's columns, in their order.
    pub values: Box<[Box<str>]>,
    /// Whether the number is on WhatsApp, as far as that was found out within [`PRESENCE_KEPT_FOR`].
    pub is_on_whatsapp: Option<bool>,
}

/// For how long it holds whether a number is on WhatsApp: 90 days.
pub const PRESENCE_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A page of deliveries that are due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadyPage {
    /// In key order.
    pub ready: Vec<Ready>,
    /// When the next one after the page's start that still waits comes due; or an earlier moment, where that would take long to find out.
    pub next_due: Option<Timestamp>,
    /// Whether more may follow.
    pub has_more: bool,
    /// How far it was read, where that is further than its last delivery: most people were others, and more may follow after this one.
    pub read_to: Option<DeliveryId>,
}

/// Asks for deliveries whose look-up is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoubtQuery {
    /// After this one, in key order.
    pub after: Option<DeliveryId>,
    /// Whose next look comes no later than this.
    pub due: Timestamp,
    /// At most so many.
    pub limit: u32,
    /// Of a [worker](Workers): only of lanes that were opened last through sessions that it attends.
    pub is_for_worker: bool,
}

/// An unconfirmed delivery, or an accepted one that no ack followed, with what is known of its last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// Which.
    pub delivery: DeliveryId,
    /// To whom.
    pub phone: PhoneNumber,
    /// Where it stands.
    pub standing: Standing,
    /// From which lane.
    pub lane: LaneId,
    /// The database was restored from a copy that may be older than its last attempt: that may have gone from any account of its campaign.
    pub is_restored: bool,
    /// The kind of message.
    pub kind: MessageKind,
    /// When its last attempt was journalled; for one that is in doubt because the database was restored, the last moment that the copy knows of.
    pub started: Stamp,
    /// When that attempt ended, or was taken over. No request of it is written after this.
    pub ended: Stamp,
    /// The id the server chose, where it did not take ours.
    pub foreign_id: Option<Box<str>>,
    /// Looks so far; of very many, see [`Doubtful::looks_after`].
    pub looks: u8,
    /// An accepted message of the same lane, near to it in time. With each look the next nearest, and the nearest again after those; ones that
    /// WAHA had answered for before come first.
    pub control: Option<ControlRow>,
}

impl Doubtful {
    /// Where the count of looks goes on after its last number. The 120 numbers from here on are whole rounds of up to six controls, which are
    /// asked for one after the other for as long as it takes.
    pub const LOOKS_GO_ON_FROM: u8 = u8::MAX - 119;

    /// The count after one look more.
    pub fn looks_after(looks: u8) -> u8 {
        looks.checked_add(1).unwrap_or(Self::LOOKS_GO_ON_FROM)
    }
}

/// An accepted message that a look-up must be able to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlRow {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Whose chat it is in.
    pub phone: PhoneNumber,
    /// The id the server chose, where it did not take ours.
    pub foreign_id: Option<Box<str>>,
    /// WAHA answered for it before the doubtful attempt began: where it is found, the store was on by then.
    pub accepted_before: bool,
}

/// A page of deliveries whose look-up is due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoubtPage {
    /// In key order.
    pub doubts: Vec<Doubtful>,
    /// When the next look comes due of one that is not on the page: of those behind a full page, and of all where it is the last one, whatever
    /// it came after.
    pub next_due: Option<Timestamp>,
}

/// An attempt to be put on record before its request may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    /// Whose attempt.
    pub delivery: DeliveryId,
    /// To whom.
    pub phone: PhoneNumber,
    /// From which lane.
    pub lane: LaneId,
    /// As whose owner.
    pub epoch: Epoch,
    /// In which of the lane's slots.
    pub slot: Slot,
    /// Only if the person has written to the account since this moment.
    pub if_heard_since: Option<Timestamp>,
    /// Only if none of these accounts knows the person: the others of its campaign, unless it has moved away from them.
    pub unless_known_to: Arc<[Account]>,
    /// The kind of message.
    pub kind: MessageKind,
    /// The hash of its text or caption.
    pub text_hash: u64,
    /// What its campaign says of itself that decides to whom it may go.
    pub terms: Terms,
}

/// Something that happened to a delivery, with what goes on record beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// To which.
    pub delivery: DeliveryId,
    /// What.
    pub happening: Happening,
    /// Whether this ends the open attempt.
    pub ends_attempt: bool,
    /// Scheduled: not before this moment. Unconfirmed or silent: the next look. `None`: at once, or never again.
    pub next: Option<Timestamp>,
    /// The id the server chose, where it did not take ours.
    pub foreign_id: Option<Box<str>>,
    /// The server's words, for the report.
    pub message: Option<Box<str>>,
}

/// One change of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Puts an attempt on record. Lost unless the campaign runs, the delivery is scheduled, [`crate::consent::bar`] lets it through by what is
    /// known of the person, the epoch is the lane's, the person has been heard of where that is asked for, no account that it is to be left
    /// to knows them, and no other attempt of the lane to that chat is open. Until it is proved that nothing was sent, it counts in the
    /// person's frequency caps, and the lane's account is the one that knows the person.
    Journal(Journal),
    /// Moves a delivery as [`crate::delivery::apply`] judges it.
    Happened(Happened),
    /// A look-up was made and decided nothing; the next one is due then, or never by itself.
    Looked {
        /// Of which delivery.
        delivery: DeliveryId,
        /// The next look.
        next: Option<Timestamp>,
        /// What is missing, for the list of what is unconfirmed.
        missing: Box<str>,
    },
    /// Moves a campaign, if it stands at `from`; to its settlement only when nobody is left to be sent to.
    Campaign {
        /// Which.
        campaign: CampaignId,
        /// From where.
        from: CampaignState,
        /// To where.
        to: CampaignState,
    },
    /// Keeps what a lane has counted and learnt.
    Lane(Box<LaneNote>),
    /// Does the same to the next so many deliveries of a campaign.
    Sweep {
        /// Of which campaign.
        campaign: CampaignId,
        /// What.
        what: Sweep,
        /// At most so many.
        deliveries_max: u32,
    },
    /// Makes the look-up of every unconfirmed delivery of a campaign due at once.
    LookNow {
        /// Of which campaign.
        campaign: CampaignId,
    },
    /// Gives an account's lane other limits. One that is not there yet begins with them.
    Limits {
        /// Whose.
        account: Account,
        /// Which.
        limits: LaneLimits,
    },
    /// Sets limits above the accounts, or takes them away. Where others take the place of some, what was counted stays counted.
    SharedLimits {
        /// Whose.
        scope: Scope,
        /// Which; `None`: none any more.
        limits: Option<SharedLimits>,
    },
    /// Keeps what was sent under limits above the accounts, where there are such.
    SharedPast {
        /// Whose limits.
        scope: Scope,
        /// What was sent.
        past: SharedPast,
    },
    /// Gives a recipient a new generation, scheduled, from a delivery that failed or is unconfirmed, unless its campaign was cancelled.
    /// The old one leaves the counts, and a campaign that was settled is completed again.
    NewGeneration {
        /// The newest generation so far.
        delivery: DeliveryId,
    },
    /// Gives a campaign another message, for whoever has not been written to yet. The earlier one is kept.
    Message {
        /// Which campaign.
        campaign: CampaignId,
        /// What it says from now on.
        message: MessageTemplate,
    },
    /// Gives a campaign another share of its accounts, in whatever state it is.
    Share {
        /// Which campaign.
        campaign: CampaignId,
        /// Which share, from now on.
        share: Share,
    },
    /// Keeps whether a number is on WhatsApp.
    Presence {
        /// Which number.
        phone: PhoneNumber,
        /// Whether it is.
        is_on_whatsapp: bool,
    },
    /// Keeps when somebody wrote last, and what they wrote, once, when they are in a campaign created within [`REPLIES_KEPT_FOR`]. Where it is a
    /// word for it, the person is on the suppression list from here on, or no longer, unless a later word said otherwise.
    Reply(Reply),
    /// Keeps that a person sent a message from an account, once, where the account's limits count that.
    ByHand(ByHand),
    /// Keeps what somebody wrote whose phone nobody told, for [`REPLIES_KEPT_FOR`], and an opt-out among it until it is known whose it is.
    HiddenReply(HiddenReply),
    /// Keeps whose phone belongs to a LID. What was written under it is kept as what that person wrote, wishes included.
    Lid {
        /// The LID.
        lid: Lid,
        /// Whose it is.
        phone: PhoneNumber,
    },
    /// The operator says that a hidden opt-out concerns nobody who is written to.
    Dismiss {
        /// Whose.
        lid: Lid,
    },
    /// The confirmation of a person's opt-out has been made.
    Confirmed {
        /// Whose.
        phone: PhoneNumber,
    },
    /// Ends each wait of a delivery and of a look-up that lasts for more than an hour from the batch's moment: no such wait is given, so that
    /// it was written by a clock that was ahead. A take-over does the same.
    CutWaits,
    /// Answers a command.
    Answer {
        /// Which.
        command: CommandId,
        /// With this.
        answer: Answer,
    },
}

/// What happens to many deliveries at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Scheduled ones are cancelled.
    Cancel,
    /// Scheduled ones are skipped as expired.
    Expire,
    /// Failed ones, of this reason or of any but given up, get a new generation, unless their campaign was cancelled. One that was settled is
    /// completed again when there are any.
    Retry(Option<Reason>),
}

/// What a lane has counted and learnt.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneNote {
    /// Which lane.
    pub lane: LaneId,
    /// As whose owner.
    pub epoch: Epoch,
    /// The day counted and its sends.
    pub day: Option<DayCount>,
    /// How far the number is warmed up.
    pub warmth: WarmthSoFar,
    /// Why it is held, and until when.
    pub hold: Option<LaneHold>,
    /// Why nothing may be sent to people who have not written of late, and until when.
    pub cold_hold: Option<LaneHold>,
    /// Where ids have proved to be honoured.
    pub trusted: Trusted,
    /// Where its messages are kept, as far as that was seen.
    pub store_on: Option<StoreOn>,
    /// How well it is.
    pub health: LaneHealth,
}

/// Changes that take place together or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The moment of all its changes.
    pub at: Stamp,
    /// In this order.
    pub changes: Vec<Change>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It took place, or had nothing to do.
    Done,
    /// The delivery stands there now.
    Moved {
        /// Before.
        from: Standing,
        /// After.
        to: Standing,
    },
    /// So many deliveries were swept.
    Swept(u32),
    /// The new generation.
    Created(DeliveryId),
    /// A message sent by hand counts from now on.
    Counted(SentByHand),
    /// The person asked for something that they had not asked for before.
    Wished(PhoneNumber, Wish),
    /// Somebody opted out whose phone is not known.
    HiddenOptOut,
    /// It did not take place.
    Lost(Lost),
}

/// Why a change did not take place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// There is no such delivery, campaign or lane.
    NotFound,
    /// The delivery stands elsewhere.
    Delivery(Standing),
    /// The campaign stands elsewhere.
    Campaign(CampaignState),
    /// The number is on the suppression list.
    Suppressed,
    /// It may not go to this person, or not yet.
    Barred(Barred),
    /// Another attempt of this lane to the same chat is open: that of this delivery.
    ChatBusy(DeliveryId),
    /// The person has not written to the account since the moment asked for.
    NotHeard,
    /// This account knows the person, and it is to be left to it.
    KnownTo(Account),
    /// Somebody else owns the lane.
    NotOwner,
    /// The recipient has had as many generations as there can be.
    NoGeneration,
}

impl From<Barred> for Lost {
    fn from(barred: Barred) -> Self {
        match barred {
            Barred::Suppressed => Lost::Suppressed,
            other => Lost::Barred(other),
        }
    }
}

/// Keeps campaigns, deliveries, lanes and commands.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Becomes the runner: takes the lock, raises every lane's epoch, and turns what an earlier runner left in `sending` into
    /// `unconfirmed`, to be looked up at once. When the database turns out to be an older copy of itself, everything that is not
    /// terminal becomes `unconfirmed` first. Waits that lie more than an hour ahead of `now` are over.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] while another process runs.
    async fn take_over(&self, now: Stamp) -> Result<TakeOver, StoreError>;

    /// Gives the runner's lock back. Dropping the store, or the end of the process, does the same.
    async fn step_down(&self) -> Result<(), StoreError>;

    /// The lane of an account, made with these limits when there is none.
    async fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord, StoreError>;

    /// Makes all changes of a batch, or none. The effects are in the order of the changes.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] when it cannot be told whether the batch is durable; any other error means that nothing took place.
    async fn commit(&self, batch: Arc<Batch>) -> Result<Vec<Effect>, StoreError>;

    /// Deliveries that are due, in key order.
    async fn ready(&self, query: ReadyQuery) -> Result<ReadyPage, StoreError>;

    /// Deliveries whose look-up is due, in key order.
    async fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage, StoreError>;

    /// Whether something of a campaign will still be looked up without a person asking for it.
    async fn has_pending_doubts(&self, campaign: CampaignId) -> Result<bool, StoreError> {
        let (first, last) = DeliveryId::range(campaign);
        let query = DoubtQuery {
            after: first.checked_sub(1).and_then(DeliveryId::from_number),
            due: Timestamp::MAX,
            limit: 1,
            is_for_worker: false,
        };
        let page = self.doubts(query).await?;
        let is_of_it = |doubt: &Doubtful| doubt.delivery.number() <= last;
        Ok(page.doubts.iter().any(is_of_it))
    }

    /// Whether nothing of a campaign will be looked up without a person asking for it, and nothing was since this record of it was read: what
    /// was shown not to have been sent is to be sent again, of which the record cannot tell.
    async fn is_looked_up(&self, record: &CampaignRecord) -> Result<bool, StoreError> {
        const MOVED: [State; 3] = [State::Scheduled, State::Sending, State::Unconfirmed];
        if self.has_pending_doubts(record.id).await? {
            return Ok(false);
        }
        let query = CampaignQuery::These(vec![record.id]);
        let now = self.campaigns(&query).await?;
        let stands = |it: &CampaignRecord| MOVED.map(|state| it.counts.of(state));
        Ok(now
            .iter()
            .all(|it| it.state == record.state && stands(it) == stands(record)))
    }

    /// Gives the next so many accepted deliveries whose attempt ended before `before` and that no ack followed a look-up that is due at once.
    /// Each attempt is considered once. Returns how many were considered. A [worker](Workers) considers those of the lanes that it attends.
    async fn mark_silent(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The delivery that a server's own message id belongs to.
    async fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>, StoreError>;

    /// The one open attempt of an account to a chat, when its kind and text are these.
    async fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>, StoreError>;

    /// Creates a campaign in `importing`, or empties one of the same name that never got further than that.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when a campaign of that name has been frozen.
    async fn create(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        now: Now,
    ) -> Result<CampaignId, StoreError>;

    /// Creates a campaign with its whole audience and freezes it, all at once; for few recipients, such as the one of a single message.
    /// When there is one of this name that got further than its import, nothing is changed: of any number of callers with one name, one
    /// creates it.
    async fn create_whole(
        &self,
        definition: &Definition,
        columns: &[Box<str>],
        recipients: Vec<NewRecipient>,
        now: Now,
    ) -> Result<Created, StoreError>;

    /// Adds recipients, in order. What is already there is reported as a duplicate.
    async fn import(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
    ) -> Result<Vec<Imported>, StoreError>;

    /// Adds recipients to an audience that is whole, by an operator's explicit wish: what was mended among the rejected rows, or who was
    /// forgotten. They are due at once, in order after those that are there; what is there already is reported as a duplicate. Whoever
    /// comes in and was rejected is one of the rejected rows less. A campaign that had come to its end runs again.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the campaign is still being imported, or was cancelled.
    async fn add(
        &self,
        campaign: CampaignId,
        recipients: Vec<NewRecipient>,
        rejected: u64,
        now: Now,
    ) -> Result<Vec<Imported>, StoreError>;

    /// Closes a campaign's import: its audience is whole, and it can be started.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when it is not being imported, or somebody has begun to import it anew.
    async fn freeze(&self, campaign: CampaignId, at: Stamp) -> Result<(), StoreError> {
        let changes = vec![Change::Campaign {
            campaign,
            from: CampaignState::Importing,
            to: CampaignState::Frozen,
        }];
        let effects = self.commit(Arc::new(Batch { at, changes })).await?;
        match effects.first() {
            Some(Effect::Done) => Ok(()),
            Some(Effect::Lost(Lost::Campaign(CampaignState::Importing))) => {
                let why = "somebody else has begun to import this campaign: import it again";
                Err(StoreError::Refused(why.into()))
            }
            Some(Effect::Lost(Lost::Campaign(state))) => Err(StoreError::Refused(format!(
                "the campaign is {state}: only one that is being imported can be frozen"
            ))),
            _ => Err(StoreError::NotFound {
                what: format!("campaign {}", campaign.number()),
            }),
        }
    }

    /// A campaign by name.
    async fn campaign(&self, name: &str) -> Result<Option<CampaignRecord>, StoreError>;

    /// Campaigns, newest first.
    async fn campaigns(&self, which: &CampaignQuery) -> Result<Vec<CampaignRecord>, StoreError>;

    /// What is left of single messages. There may be very many of them: a store for these answers by its indexes, without reading each.
    async fn singles_left(&self) -> Result<SinglesLeft, StoreError> {
        let mut left = SinglesLeft::default();
        let live = self.campaigns(&CampaignQuery::Live).await?;
        for single in live.iter().filter(|it| it.definition.is_single()) {
            let is_in_doubt = single.counts.of(State::Unconfirmed) > 0;
            left.awaits_acks |= single.awaits_acks();
            left.is_some |= single.has_open() || is_in_doubt && !self.is_looked_up(single).await?;
        }
        Ok(left)
    }

    /// A page of the report, in key order; one row per recipient, its newest generation.
    async fn report(&self, query: ReportQuery) -> Result<Vec<ReportRow>, StoreError>;

    /// What a campaign said before its message was edited, the oldest first.
    async fn earlier_messages(
        &self,
        campaign: CampaignId,
    ) -> Result<Vec<EarlierMessage>, StoreError>;

    /// Which of these numbers are on WhatsApp, as far as that was found out since a moment.
    async fn presence(
        &self,
        numbers: &[PhoneNumber],
        since: Timestamp,
    ) -> Result<BTreeMap<PhoneNumber, bool>, StoreError>;

    /// What people wrote, the earliest kept first.
    async fn replies(&self, query: &ReplyQuery) -> Result<Vec<ReplyRow>, StoreError>;

    /// Puts numbers on the suppression list. Effective for everything journalled after it returns. A number that is there already stays as it
    /// is, unless it was there by a reply alone: what the person could take back is then replaced by what it cannot.
    async fn suppress(&self, numbers: &[Suppression]) -> Result<(), StoreError>;

    /// Takes numbers off the suppression list; returns how many were on it.
    async fn unsuppress(&self, numbers: &[PhoneNumber]) -> Result<u64, StoreError>;

    /// The suppression list, in order of numbers.
    async fn suppressed(
        &self,
        after: Option<PhoneNumber>,
        limit: u32,
    ) -> Result<Vec<Suppression>, StoreError>;

    /// The rules that hold over all campaigns; the default ones until others are set.
    async fn rules(&self) -> Result<Rules, StoreError>;

    /// Sets the rules. They hold for whatever is committed after it returns.
    async fn set_rules(&self, rules: &Rules) -> Result<(), StoreError>;

    /// Keeps who agreed to what, and who withdrew it. The last word about a person and category counts, as it is given here.
    async fn record_consents(&self, consents: &[Consent]) -> Result<(), StoreError>;

    /// Who agreed to what or withdrew it, in order of numbers and categories.
    async fn consents(
        &self,
        after: Option<(PhoneNumber, Category)>,
        limit: u32,
    ) -> Result<Vec<Consent>, StoreError>;

    /// Which of these messages might not go to their people if they were put on record now, and why not.
    async fn may_not(
        &self,
        inquiries: &[Inquiry],
        now: Timestamp,
    ) -> Result<Vec<MayNot>, StoreError>;

    /// All limits above the accounts, with what was sent under them, in order of scopes.
    async fn shared_limits(&self) -> Result<Vec<SharedRecord>, StoreError>;

    /// Opt-outs that are still to be confirmed.
    async fn due_confirmations(&self, limit: u32) -> Result<Vec<DueConfirmation>, StoreError>;

    /// Opt-outs of people who are known by a LID alone, the earliest first.
    async fn hidden_opt_outs(&self) -> Result<Vec<HiddenOptOut>, StoreError>;

    /// Leaves a command for the runner.
    async fn submit(&self, command: &Command) -> Result<CommandId, StoreError>;

    /// Commands without an answer, oldest first.
    async fn open_commands(&self) -> Result<Vec<(CommandId, Command)>, StoreError>;

    /// The answer to a command, once there is one.
    async fn answer(&self, command: CommandId) -> Result<Option<Answer>, StoreError>;

    /// Leaves word of what the runner is doing, for others to read.
    async fn publish(&self, word: &str) -> Result<(), StoreError>;

    /// What the runner is doing, if there is one, and who it is.
    async fn runner(&self) -> Result<Option<RunnerWord>, StoreError>;
}

/// What a campaign said until its message was edited.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierMessage {
    /// What it said.
    pub message: MessageTemplate,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// How many deliveries were not waiting to be sent any more by then.
    pub past: u64,
}

/// What the runner is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerWord {
    /// Who runs: process id, host.
    pub holder: String,
    /// Its last word, as JSON.
    pub word: String,
}
