//! What people answer.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::delivery::CampaignId;
use crate::gateway::Account;
use crate::phone::PhoneNumber;

/// A message counts as a reply to a campaign that was created so long ago at most: 90 days.
pub const REPLIES_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// What somebody wrote to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reply {
    /// To whom.
    pub account: Account,
    /// The message's id: the same message is kept once.
    pub message_id: Box<str>,
    /// Who wrote it.
    pub from: PhoneNumber,
    /// When, by WhatsApp's clock.
    pub received_at: Timestamp,
    /// What they wrote; empty for a picture without words.
    pub text: Box<str>,
}

/// Asks for replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyQuery {
    /// To this campaign only.
    pub campaign: Option<CampaignId>,
    /// After the one of this number.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// A reply as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyRow {
    /// Its number: replies are numbered as they are kept.
    pub number: u64,
    /// The latest campaign with that person in it.
    pub campaign: CampaignId,
    /// What was written.
    pub reply: Reply,
}
