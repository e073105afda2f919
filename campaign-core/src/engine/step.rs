//! What the engine wants done, and what it must be told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::notices::Unclaimed;
use crate::clock::{Elapsed, Stamp};
use crate::consent::Lid;
use crate::delivery::{CampaignId, DeliveryId};
use crate::failure::Outcome;
use crate::gateway::{
    Account, Finding, Found, Notice, NumberStatus, Observation, Sending, Session,
};
use crate::limits::{SharedRecord, Slot};
use crate::message::MessageKind;
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, CampaignRecord, Command, CommandId, DoubtPage, DoubtQuery, Effect, HiddenOptOut, LaneId,
    LaneRecord, News, ReadyPage, ReadyQuery, Roster,
};

/// What the engine wants done. Steps other than the last three may be carried out side by side.
#[derive(Debug, Clone)]
pub enum Step {
    /// Read a campaign again; tell by [`Input::Campaign`].
    Reread(CampaignId),
    /// Open an account's lane; tell by [`Input::Lane`].
    OpenLane {
        /// Whose.
        account: Account,
        /// Through which session.
        session: Session,
    },
    /// Read deliveries that are due; tell by [`Input::Loaded`].
    Load(ReadyQuery),
    /// Read deliveries whose look-up is due; tell by [`Input::DoubtsLoaded`].
    LoadDoubts(DoubtQuery),
    /// Consider accepted deliveries without an ack; tell by [`Input::SilentMarked`].
    MarkSilent {
        /// Whose attempt ended before this.
        before: Timestamp,
        /// At most so many.
        limit: u32,
    },
    /// Find the delivery that a notice with a foreign id is about; tell by [`Input::Resolved`].
    Resolve(Unclaimed),
    /// Make these changes durable; tell by [`Input::Committed`] or [`Input::CommitFailed`].
    Commit(Arc<Batch>),
    /// Open or close the gate of a campaign: a closed gate withholds every body that is not written yet.
    Gate {
        /// Whose gate.
        campaign: CampaignId,
        /// Whether sends may pass.
        is_open: bool,
    },
    /// Hand a message over; tell by [`Input::SendEnded`].
    Send(Sending),
    /// Look a message up; tell by [`Input::FindEnded`].
    Find(Finding),
    /// Find out whether a number is on WhatsApp; tell by [`Input::Checked`].
    Check {
        /// From which lane.
        lane: LaneId,
        /// In which of its slots.
        slot: Slot,
        /// Through which session.
        session: Session,
        /// Which number.
        phone: PhoneNumber,
    },
    /// Find out whose phone belongs to a LID; tell by [`Input::PhoneOf`].
    PhoneOf {
        /// Through which session.
        session: Session,
        /// Which LID.
        lid: Lid,
    },
    /// Find out the LID of a phone; tell by [`Input::LidOf`].
    LidOf {
        /// From which lane.
        lane: LaneId,
        /// Through which session.
        session: Session,
        /// Whose.
        phone: PhoneNumber,
    },
    /// Withhold the body of a send that is not written yet: the person has opted out.
    Withhold(DeliveryId),
    /// Make the confirmations that are due, as [`crate::consent::make_confirmations`] does; nothing is to be told.
    Confirm,
    /// Look at a session; tell by [`Input::Observed`].
    Observe(Session),
    /// Restart a session; tell by [`Input::Restarted`].
    Restart(Session),
    /// Let go of a session that another worker is to attend ([`crate::store::Workers::let_go`]); nothing is to be told.
    LetGo(Session),
    /// Nothing to do before this moment, unless something is told earlier.
    WaitUntil(Elapsed),
    /// Nothing to do until something is told.
    Idle,
    /// Everything is put away after [`Input::Stop`].
    Stopped,
}

/// What the engine must be told.
#[derive(Debug, Clone)]
pub enum Input {
    /// A campaign to work on, as the store has it now.
    Campaign(Box<CampaignRecord>),
    /// A lane that was asked for.
    Lane {
        /// The session it was asked for.
        session: Session,
        /// The lane of its account.
        record: Box<LaneRecord>,
    },
    /// The lane that was asked for is another worker's, or its session is.
    AttendedElsewhere {
        /// The session it was asked for.
        session: Session,
    },
    /// The lease was renewed ([`crate::store::Workers::renew`]): what to attend from here on.
    OnDuty(Box<Roster>),
    /// Other workers have changed something ([`crate::store::Workers::news`]).
    Heard(BTreeSet<News>),
    /// Deliveries that are due.
    Loaded {
        /// Of which campaign.
        campaign: CampaignId,
        /// The page.
        page: ReadyPage,
    },
    /// Deliveries whose look-up is due.
    DoubtsLoaded(DoubtPage),
    /// So many accepted deliveries were considered.
    SilentMarked(u32),
    /// Which delivery a notice with a foreign id is about.
    Resolved {
        /// The notice.
        notice: Unclaimed,
        /// The delivery, if there is one.
        delivery: Option<DeliveryId>,
        /// Only chat, kind and text fit: no delivery is known under that id.
        is_by_text: bool,
    },
    /// The batch is durable, with these effects.
    Committed(Vec<Effect>),
    /// Nothing of the batch took place.
    CommitFailed,
    /// Reading failed; it is tried again later.
    ReadFailed(ReadFailed),
    /// An attempt ended.
    SendEnded {
        /// Whose.
        delivery: DeliveryId,
        /// How.
        outcome: Outcome,
    },
    /// A look-up ended.
    FindEnded {
        /// Whose.
        delivery: DeliveryId,
        /// How.
        found: Found,
    },
    /// What was found out about the number that a lane asked after.
    Checked {
        /// Which lane.
        lane: LaneId,
        /// In which of its slots.
        slot: Slot,
        /// What was found out.
        status: NumberStatus,
    },
    /// Opt-outs of people who are known by a LID alone, as a runner finds them.
    HiddenOptOuts(Vec<HiddenOptOut>),
    /// Whose phone belongs to a LID, if that is known.
    PhoneOf {
        /// Which LID.
        lid: Lid,
        /// Whose phone.
        phone: Option<PhoneNumber>,
    },
    /// The LID that a lane asked for, if it is known.
    LidOf {
        /// Which lane.
        lane: LaneId,
        /// Which LID.
        lid: Option<Lid>,
    },
    /// How a session stands.
    Observed {
        /// Which.
        session: Session,
        /// As seen.
        observation: Observation,
    },
    /// The server was asked to restart a session.
    Restarted {
        /// Which.
        session: Session,
        /// Whether it has begun to.
        is_done: bool,
    },
    /// An event reached us.
    Noticed(Notice),
    /// The operator asks for something.
    Asked(CommandId, Command),
    /// Put everything away: finish what is in flight, begin nothing.
    Stop,
}

/// Which reading failed.
#[derive(Debug, Clone)]
pub enum ReadFailed {
    /// [`Step::Reread`].
    Campaign(CampaignId),
    /// [`Step::OpenLane`].
    Lane(Session),
    /// [`Step::Load`].
    Load(CampaignId),
    /// [`Step::LoadDoubts`].
    Doubts,
    /// [`Step::MarkSilent`].
    Silent,
}

/// The waits and bounds of the engine. The defaults are those of the design; tests and simulators shorten them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Draws jitter and gaps.
    pub seed: u64,
    /// The request must be written within this time of its journal.
    pub send_deadline: Duration,
    /// How long an unanswered send of text occupies its limits.
    pub hold_horizon_text: Duration,
    /// The same for media.
    pub hold_horizon_media: Duration,
    /// How long a server may hold a text and still execute it.
    pub absence_horizon_text: Duration,
    /// The same for media.
    pub absence_horizon_media: Duration,
    /// An accepted message without an ack for so long is looked up.
    pub silence: Duration,
    /// After a campaign has completed, acks are waited for so long before it is settled.
    pub ack_time: Duration,
    /// How often a healthy session is looked at.
    pub observe_every: Duration,
    /// How long a lane is held at first when its session or server is in trouble; it doubles up to `hold_max`.
    pub hold_min: Duration,
    /// The longest such hold.
    pub hold_max: Duration,
    /// How long WhatsApp's reach-out timelock (463) holds a lane when no end is stated.
    pub restriction_hold: Duration,
    /// How long nothing is sent from an account when too many of its messages failed, or when its session seems to be dead, before one
    /// message tries for all; it doubles up to `pause_max` each time that comes to nothing.
    pub pause_min: Duration,
    /// The longest such pause, but for a quarter of jitter.
    pub pause_max: Duration,
    /// Deliveries kept in memory for each campaign.
    pub window: u32,
    /// Look-ups under way at once.
    pub finds_max: u32,
    /// Changes in one batch.
    pub batch_max: usize,
    /// A doubt is looked up so often without a decision before it waits for the operator.
    pub looks_max: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            send_deadline: Duration::from_secs(5),
            hold_horizon_text: Duration::from_secs(20),
            hold_horizon_media: Duration::from_secs(90),
            absence_horizon_text: Duration::from_secs(120),
            absence_horizon_media: Duration::from_secs(600),
            silence: Duration::from_secs(60),
            ack_time: Duration::from_secs(90),
            observe_every: Duration::from_secs(10),
            hold_min: Duration::from_secs(2),
            hold_max: Duration::from_secs(60),
            restriction_hold: Duration::from_secs(3_600),
            pause_min: Duration::from_secs(30),
            pause_max: Duration::from_secs(900),
            window: 1_024,
            finds_max: 4,
            batch_max: 512,
            looks_max: 12,
        }
    }
}

impl Settings {
    /// How long an unanswered send occupies its limits.
    pub fn hold_horizon(&self, kind: MessageKind) -> Duration {
        match kind {
            MessageKind::Text => self.hold_horizon_text,
            _ => self.hold_horizon_media,
        }
    }

    /// How long a server may hold a send and still execute it.
    pub fn absence_horizon(&self, kind: MessageKind) -> Duration {
        match kind {
            MessageKind::Text => self.absence_horizon_text,
            _ => self.absence_horizon_media,
        }
    }

    /// How long after a doubt arose it is looked up first.
    pub(super) fn first_look(&self) -> Duration {
        self.absence_horizon_text / 24
    }
}

/// What a runner starts from.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The key of the database's message ids.
    pub message_key: [u8; 16],
    /// The moment of the take-over.
    pub at: Stamp,
    /// Whose the sessions were, as far as that is on record.
    pub accounts: BTreeMap<Session, Account>,
    /// The limits above the accounts, with what was sent under them.
    pub shared: Vec<SharedRecord>,
    /// It is one of several workers, and attends what it is told by [`Input::OnDuty`]. Otherwise it attends all.
    pub is_worker: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_given_more_time_than_text() {
        let settings = Settings::default();
        for (kind, hold, absence) in [
            (MessageKind::Text, 20, 120),
            (MessageKind::Image, 90, 600),
            (MessageKind::File, 90, 600),
        ] {
            assert_eq!(settings.hold_horizon(kind), Duration::from_secs(hold));
            assert_eq!(settings.absence_horizon(kind), Duration::from_secs(absence));
        }
        assert_eq!(settings.first_look(), Duration::from_secs(5));
    }
}
