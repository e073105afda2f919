//! What became of a message after it was sent: reactions, edits, deletions. All of the types are recorded.

use serde::Deserialize;

use crate::ids::{ChatId, MessageId, any_chat};
use crate::types::{Extra, Message, MessageSource, Raw, any_id, instant_s, readable_raw};

/// Somebody reacted to a message, or took a reaction back.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageReaction {
    /// Of the reaction, which is a message itself.
    pub id: MessageId,
    /// When, Unix seconds; WEBJS sends fractions of them (WAHA documentation), which are left out.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_s")]
    pub timestamp_s: i64,
    /// The chat.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// The other side, on engines that tell.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Who reacted, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    /// Whether the account itself reacted.
    #[serde(default)]
    pub from_me: Option<bool>,
    /// From which device, when it was the account itself.
    #[serde(default)]
    pub source: Option<MessageSource>,
    /// What, and to which message.
    pub reaction: Reaction,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A reaction and the message that it is to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reaction {
    /// The emoji; empty when a reaction was taken back (recorded).
    #[serde(default)]
    pub text: String,
    /// The message.
    #[serde(default, deserialize_with = "any_id")]
    pub message_id: Option<MessageId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A message was changed by who wrote it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EditedMessage {
    /// The message as it is now. Its id is that of the edit.
    pub message: Message,
    /// The message that was changed, often the bare id alone (recorded).
    pub edited_id: Option<MessageId>,
}

/// The part of an edit that a [`Message`] does not have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Edit {
    #[serde(default, deserialize_with = "any_id")]
    pub(super) edited_message_id: Option<MessageId>,
}

/// A message was deleted for everybody.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RevokedMessage {
    /// The message that was deleted, often the bare id alone.
    #[serde(default, deserialize_with = "any_id")]
    pub revoked_message_id: Option<MessageId>,
    /// What stands in its place; on WPP no more than its bare id (WAHA source).
    #[serde(default, deserialize_with = "readable_raw")]
    pub after: Option<Message>,
    /// The message as it was, on engines that still have it; NOWEB sends null (recorded), WPP no more than its bare id (WAHA
    /// source).
    #[serde(default, deserialize_with = "readable_raw")]
    pub before: Option<Message>,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}
