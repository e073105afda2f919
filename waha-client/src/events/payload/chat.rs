//! What happened around chats: calls, labels, the archive; and what engines say in words of their own.

use serde::Deserialize;

use crate::api::labels::Label;
use crate::ids::{ChatId, any_chat};
use crate::types::{Extra, Raw, instant_s, readable, text_or_number};

/// A call. Recorded, received and rejected.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Call {
    /// Its id: what rejecting it takes.
    pub id: String,
    /// Who calls.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// When, Unix seconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_s")]
    pub timestamp_s: i64,
    /// Whether it is with video.
    #[serde(default)]
    pub is_video: Option<bool>,
    /// Whether it is to a group.
    #[serde(default)]
    pub is_group: Option<bool>,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A chat got a label or lost one (WAHA specification).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LabelledChat {
    /// The label.
    #[serde(deserialize_with = "text_or_number")]
    pub label_id: String,
    /// The chat.
    pub chat_id: ChatId,
    /// The label itself, when the engine knows it.
    #[serde(default, deserialize_with = "readable")]
    pub label: Option<Label>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A chat went into the archive or came out of it (WAHA specification).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChatArchive {
    /// The chat.
    pub id: ChatId,
    /// Whether it is in the archive now.
    pub archived: bool,
    /// When, Unix seconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_s")]
    pub timestamp_s: i64,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the engine below said, in its own words, which change with its version. Recorded.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct EngineEvent {
    /// The engine's name for it.
    pub event: String,
    /// What belongs to it.
    #[serde(default)]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}
