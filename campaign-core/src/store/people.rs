//! People as stores know them beyond their numbers: those that wrote under a LID, and whom nothing may be sent to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::consent::{Barred, Lid, Origin, Terms};
use crate::gateway::{Account, Session};
use crate::limits::Slot;
use crate::phone::PhoneNumber;
use crate::store::Reply;

/// A number that must not be written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// The number.
    pub phone: PhoneNumber,
    /// How it came on the list.
    pub origin: Origin,
    /// The same in words: which list, which message.
    pub source: Box<str>,
    /// When.
    pub since: Timestamp,
}

/// What somebody wrote to an account under a LID, while nobody told whose phone that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenReply {
    /// To whom.
    pub account: Account,
    /// The message's id: the same message is kept once.
    pub message_id: Box<str>,
    /// Who wrote it.
    pub lid: Lid,
    /// When, by WhatsApp's clock.
    pub received_at: Timestamp,
    /// What they wrote; empty for a picture without words.
    pub text: Box<str>,
}

impl HiddenReply {
    /// The same as what a person wrote, whose phone has become known.
    pub fn of(&self, phone: PhoneNumber) -> Reply {
        Reply {
            account: self.account,
            message_id: self.message_id.clone(),
            from: phone,
            received_at: self.received_at,
            text: self.text.clone(),
        }
    }
}

/// An opt-out of somebody who is known by a LID alone. Until it is found out who that is, broadcasts of the account go only to people whose
/// LID is known to be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenOptOut {
    /// Who opted out.
    pub lid: Lid,
    /// Towards which account.
    pub account: Account,
    /// Through which session the account was last used.
    pub session: Session,
    /// When.
    pub since: Timestamp,
}

/// Asks whether a message might go to a person, before there is a campaign for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inquiry {
    /// To whom.
    pub phone: PhoneNumber,
    /// Through which slot.
    pub slot: Slot,
    /// What its campaign says of itself.
    pub terms: Terms,
    /// The hash of its text.
    pub text_hash: u64,
}

/// What an [`Inquiry`] is answered with: why not, if not. That somebody is known by a LID alone depends on the account, and is left out.
pub type MayNot = Option<Barred>;
