//! What people answer to polls and to invitations. The types are those of WAHA's specification.

use serde::Deserialize;

use crate::ids::{ChatId, MessageId, any_chat};
use crate::types::{
    Extra, MessageSource, Raw, any_id, instant_ms, instant_number, list, optional_number, text_enum,
};

/// Which message something is about, and between whom.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageDestination {
    /// The message.
    #[serde(default, deserialize_with = "any_id")]
    pub id: Option<MessageId>,
    /// Whom it was written to.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// Whether the account did.
    #[serde(default)]
    pub from_me: Option<bool>,
    /// Who wrote it, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Somebody voted in a poll. A vote that could not be decrypted comes as [`Payload::PollVoteFailed`](super::Payload::PollVoteFailed),
/// without options.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct PollVote {
    /// The vote.
    pub vote: Vote,
    /// The poll.
    pub poll: MessageDestination,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What somebody voted for. It replaces their earlier vote.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Vote {
    /// The vote, which is a message itself.
    #[serde(default, deserialize_with = "any_id")]
    pub id: Option<MessageId>,
    /// The options that are chosen now, by their texts; none when the vote was taken back.
    #[serde(default, deserialize_with = "list")]
    pub selected_options: Vec<String>,
    /// When, Unix milliseconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_ms")]
    pub timestamp_ms: i64,
    /// Whom it was sent to.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Who voted.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// Whether the account did.
    #[serde(default)]
    pub from_me: Option<bool>,
    /// Who voted, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

text_enum! {
    /// Whether somebody comes.
    Attendance {
        /// Not said.
        NotSaid = "UNKNOWN",
        /// Yes.
        Going = "GOING",
        /// No.
        NotGoing = "NOT_GOING",
        /// Perhaps.
        Maybe = "MAYBE",
    }
}

/// Somebody answered an invitation. One that could not be decrypted comes as
/// [`Payload::EventResponseFailed`](super::Payload::EventResponseFailed), without an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventResponse {
    /// Of the answer, which is a message itself.
    pub id: MessageId,
    /// When, Unix seconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_number")]
    pub timestamp_s: i64,
    /// The chat.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// The other side, on engines that tell.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Who answered, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    /// Whether the account did.
    #[serde(default)]
    pub from_me: Option<bool>,
    /// From which device, when it was the account.
    #[serde(default)]
    pub source: Option<MessageSource>,
    /// The invitation.
    pub event_creation_key: MessageDestination,
    /// The answer.
    #[serde(default)]
    pub event_response: Option<EventAnswer>,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether somebody comes to an event, and with how many.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventAnswer {
    /// Whether they come.
    pub response: Attendance,
    /// When they said so, Unix milliseconds.
    #[serde(rename = "timestampMs", default, deserialize_with = "instant_number")]
    pub timestamp_ms: i64,
    /// How many they bring.
    #[serde(default, deserialize_with = "optional_number")]
    pub extra_guest_count: Option<i64>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}
