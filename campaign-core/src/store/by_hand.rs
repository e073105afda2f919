//! What a person sends from an account.

use jiff::{SignedDuration, Timestamp};

use crate::gateway::Account;
use crate::phone::PhoneNumber;

/// For so long it is kept what a person sent: longer than any window that limits are likely to have. Our own choice.
pub const BY_HAND_KEPT_FOR: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A message that a person sent from the phone or from WhatsApp Web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// From which account.
    pub account: Account,
    /// Its bare id, by which it counts once.
    pub message_id: Box<str>,
    /// To whom: where they wrote to the account within [`REPLY_OPEN_FOR`](crate::limits::REPLY_OPEN_FOR) before, it counts as a reply.
    pub to: PhoneNumber,
    /// When.
    pub at: Timestamp,
}
