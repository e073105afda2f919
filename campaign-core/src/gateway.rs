//! What the engine asks of the outside world: hand a message over, find out about one, look at a session.
//!
//! A gateway reports what happened and never repeats anything on its own. The words of one service (HTTP
//! statuses, message bodies) end here; the engine knows [`Outcome`]s.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, Elapsed};
use crate::consent::Lid;
use crate::delivery::{Ack, DeliveryId};
use crate::failure::Outcome;
use crate::message::{MessageKind, RenderedMessage};
use crate::phone::PhoneNumber;

/// The name of a session on its server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session(pub Arc<str>);

impl Session {
    /// The session with this name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A WhatsApp account, by its phone number. Limits belong to accounts: a session paired anew with another number is another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(pub PhoneNumber);

/// One attempt, ready to go. It exists only after its journal is known to be durable.
#[derive(Debug, Clone)]
pub struct Sending {
    /// Whose message.
    pub delivery: DeliveryId,
    /// From which session.
    pub session: Session,
    /// To whom.
    pub to: PhoneNumber,
    /// The id the message must have.
    pub message_id: String,
    /// What to send.
    pub message: RenderedMessage,
    /// The request may not be written after this moment.
    pub deadline: Elapsed,
}

/// Asked when the request's body is about to be written, and not before.
#[derive(Clone)]
pub struct Guard {
    clock: Arc<dyn Clock>,
    deadline: Elapsed,
    closed: Arc<AtomicBool>,
    withheld: Option<Arc<AtomicBool>>,
}

/// The body must not be written: the attempt came too late, or its campaign was paused or cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Withheld {
    /// The deadline has passed.
    #[error("the moment to send this has passed")]
    TooLate,
    /// The campaign was paused or cancelled, sending was stopped, or the person has just opted out.
    #[error("sending was stopped")]
    Stopped,
}

impl Guard {
    /// A guard that refuses after `deadline`, and once `closed` is set.
    pub fn new(clock: Arc<dyn Clock>, deadline: Elapsed, closed: Arc<AtomicBool>) -> Self {
        Self {
            clock,
            deadline,
            closed,
            withheld: None,
        }
    }

    /// Refuses once `withheld` is set, too: whoever it is for wants no more messages.
    #[must_use]
    pub fn unless(self, withheld: Arc<AtomicBool>) -> Self {
        Self {
            withheld: Some(withheld),
            ..self
        }
    }

    /// Whether the body may be written at this very moment.
    ///
    /// # Errors
    /// [`Withheld`] with the reason; the attempt then counts as not handed over.
    pub fn ask(&self) -> Result<(), Withheld> {
        let is_withheld = self.withheld.as_ref();
        let is_withheld = is_withheld.is_some_and(|it| it.load(Ordering::Acquire));
        if is_withheld || self.closed.load(Ordering::Acquire) {
            Err(Withheld::Stopped)
        } else if self.clock.now().elapsed > self.deadline {
            Err(Withheld::TooLate)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guard(until {:?})", self.deadline)
    }
}

/// A message of the same session that is known to be accepted: a look-up that cannot find it proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Whose chat it is in.
    pub to: PhoneNumber,
    /// Its bare id.
    pub message_id: String,
}

/// A look-up of a message by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whose message.
    pub delivery: DeliveryId,
    /// In which session.
    pub session: Session,
    /// In whose chat.
    pub to: PhoneNumber,
    /// The bare id.
    pub message_id: String,
    /// What the same look-up must be able to find.
    pub control: Option<Control>,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The message is there; WhatsApp has acknowledged it so far.
    Found(Ack),
    /// It is not there.
    Absent {
        /// Whether the same look-up found the control, in the same session, with the message store on.
        complete: bool,
    },
    /// The look-up did not work.
    Unknown {
        /// Why, for the list of what is unconfirmed.
        why: Box<str>,
    },
}

/// Whether a number is on WhatsApp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberStatus {
    /// It is.
    OnWhatsapp,
    /// It is not.
    NotOnWhatsapp,
    /// It could not be found out.
    Unknown,
}

/// How a session stands, as seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Whether it can send.
    pub readiness: Readiness,
    /// Whose account it is, when known.
    pub account: Option<Account>,
    /// When the server process started, by this machine's elapsed time: that of the clock that the driver was given.
    pub server_up_since: Option<Elapsed>,
    /// What the server's clock shows.
    pub server_time: Option<Timestamp>,
    /// Whether the session keeps its messages, so that look-ups mean something.
    pub store_on: Option<bool>,
    /// Version and engine: what trust in ids is bound to.
    pub platform: Option<Box<str>>,
    /// The server that the session lives on, by a name that stays the same: whose limits it counts in ([`crate::limits::Scope::Server`]).
    pub server: Option<Box<str>>,
    /// What WhatsApp lets the account do, as far as the server tells.
    pub allowance: Allowance,
}

impl Observation {
    /// An observation that saw no more than this.
    pub fn only(readiness: Readiness) -> Self {
        Self {
            readiness,
            account: None,
            server_up_since: None,
            server_time: None,
            store_on: None,
            platform: None,
            server: None,
            allowance: Allowance::default(),
        }
    }
}

/// What WhatsApp lets an account do towards people it has no chat with. That the server tells nothing says nothing: a message may be
/// refused with error 463 all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Writing to them is forbidden at present.
    pub restriction: Option<Restriction>,
    /// How many of them may be written to in a cycle.
    pub quota: Option<Quota>,
}

/// WhatsApp's reach-out timelock, as the server tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restriction {
    /// When it ends, if that is told.
    pub until: Option<Timestamp>,
}

/// WhatsApp's quota of new chats, as the server tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many the cycle has.
    pub total: u32,
    /// How many of them are used.
    pub used: u32,
    /// How often WhatsApp has warned in this cycle.
    pub warnings: u8,
    /// When the next cycle begins, if that is told.
    pub renews_at: Option<Timestamp>,
}

/// Whether a session can send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// WORKING.
    Working,
    /// Any other status, by its name.
    NotReady(Box<str>),
    /// There is no such session.
    Missing,
    /// The server refuses the key.
    Unauthorized,
    /// The server does not answer.
    Unreachable,
    /// Something answers that is not such a server.
    Foreign,
}

/// Something that reached us without being asked for: an event of the websocket or a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A message of ours was acknowledged.
    Ack {
        /// The session that reports it.
        session: Session,
        /// The account that sent it, when the event says so.
        account: Option<Account>,
        /// The bare message id.
        message_id: Box<str>,
        /// How far it got.
        ack: Ack,
    },
    /// A message sent through the API appeared in the session.
    Echo {
        /// The session that reports it.
        session: Session,
        /// The account that sent it, when the event says so.
        account: Option<Account>,
        /// The bare message id.
        message_id: Box<str>,
        /// Whose chat it is in, when the event tells the phone.
        to: Option<PhoneNumber>,
        /// What kind of message, when it can be told.
        kind: Option<MessageKind>,
        /// The hash of its text or caption.
        text_hash: u64,
    },
    /// Somebody wrote to the account.
    Reply {
        /// The session that reports it.
        session: Session,
        /// The account that it was written to.
        account: Account,
        /// The bare message id.
        message_id: Box<str>,
        /// Who wrote it.
        from: PhoneNumber,
        /// When.
        received_at: Timestamp,
        /// What they wrote; empty for a picture without words.
        text: Box<str>,
    },
    /// A person sent a message from the account, on the phone or in WhatsApp Web: to somebody, not to a group or as a status.
    ByHand {
        /// The session that reports it.
        session: Session,
        /// The account that it was sent from.
        account: Account,
        /// Whom it was sent to.
        to: PhoneNumber,
        /// When.
        at: Timestamp,
        /// The bare message id.
        message_id: Box<str>,
    },
    /// Somebody wrote to the account, of whom the event tells a LID and no phone.
    HiddenReply {
        /// The session that reports it.
        session: Session,
        /// The account that it was written to.
        account: Account,
        /// The bare message id.
        message_id: Box<str>,
        /// Who wrote it.
        lid: Lid,
        /// When.
        received_at: Timestamp,
        /// What they wrote; empty for a picture without words.
        text: Box<str>,
    },
    /// A session changed its status.
    Status {
        /// Which.
        session: Session,
        /// The new status.
        readiness: Readiness,
        /// Whose account it is, when the event says so.
        account: Option<Account>,
    },
    /// Events may have been missed since the last one.
    Gap {
        /// Which session, or all of them.
        session: Option<Session>,
    },
}

/// The way to WhatsApp.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Hands one message over, once. Asks the guard in the same poll that writes the request's body; never repeats.
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome;

    /// Looks a message up by its id.
    async fn find(&self, finding: &Finding) -> Found;

    /// Finds out whether a number is on WhatsApp. A gateway that cannot tell says so each time; messages are then sent without.
    async fn check(&self, _session: &Session, _phone: PhoneNumber) -> NumberStatus {
        NumberStatus::Unknown
    }

    /// Restarts a session, which must not be sending. Tells whether its server has begun to. A gateway that cannot restart anything
    /// says no each time.
    async fn restart(&self, _session: &Session) -> bool {
        false
    }

    /// Whose phone belongs to a LID; `None` when the session does not know, or does not answer.
    async fn phone_of(&self, _session: &Session, _lid: Lid) -> Option<PhoneNumber> {
        None
    }

    /// The LID of a phone; `None` when the session does not know, or does not answer.
    async fn lid_of(&self, _session: &Session, _phone: PhoneNumber) -> Option<Lid> {
        None
    }

    /// Looks at a session and its server.
    async fn observe(&self, session: &Session) -> Observation;
}
