//! What happened around chats: who is there, calls, labels, the archive; and what engines say in words of their own.

use serde::Deserialize;

use crate::ids::ChatId;
use crate::types::{Extra, Raw, instant_number, optional_number, text_enum};

text_enum! {
    /// What somebody does.
    PresenceState {
        /// Not there.
        Offline = "offline",
        /// There.
        Online = "online",
        /// Writes.
        Typing = "typing",
        /// Records a voice message.
        Recording = "recording",
        /// Has stopped writing.
        Paused = "paused",
    }
}

/// Who is there in a chat. Comes only for chats that were subscribed to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChatPresence {
    /// The chat: a person or a group.
    pub id: ChatId,
    /// Of each person of whom something is known.
    #[serde(default)]
    pub presences: Vec<Presence>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What somebody does, and when they were last there.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Presence {
    /// Who.
    #[serde(default)]
    pub participant: Option<ChatId>,
    /// Last there at this Unix second, where they let it be known.
    #[serde(rename = "lastSeen", default, deserialize_with = "optional_number")]
    pub last_seen_s: Option<i64>,
    /// What they do.
    #[serde(default)]
    pub last_known_presence: Option<PresenceState>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A call.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Call {
    /// Its id: what rejecting it takes.
    pub id: String,
    /// Who calls.
    #[serde(default)]
    pub from: Option<ChatId>,
    /// When, Unix seconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_number")]
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

/// A label of WhatsApp Business.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LabelState {
    /// Its id, a number as text.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The number of its colour.
    #[serde(default, deserialize_with = "optional_number")]
    pub color: Option<i64>,
    /// Its colour as `#rrggbb`.
    #[serde(default)]
    pub color_hex: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A chat got a label or lost one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LabelledChat {
    /// The label.
    pub label_id: String,
    /// The chat.
    pub chat_id: ChatId,
    /// The label itself, when the engine knows it.
    #[serde(default)]
    pub label: Option<LabelState>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A chat went into the archive or came out of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChatArchive {
    /// The chat.
    pub id: ChatId,
    /// Whether it is in the archive now.
    pub archived: bool,
    /// When, Unix seconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_number")]
    pub timestamp_s: i64,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the engine below said, in its own words, which change with its version.
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
