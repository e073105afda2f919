//! Chats in the words of each engine.

use serde::Deserialize;

use super::Chat;
use crate::ids::ChatId;
use crate::types::{Extra, optional_number, text};

/// The time of the last message is `timestamp` on WEBJS and `t` on WPP.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChatFields {
    id: ChatId,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "optional_number")]
    conversation_timestamp: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    timestamp: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    t: Option<i64>,
    #[serde(default, deserialize_with = "optional_number")]
    unread_count: Option<i64>,
    #[serde(flatten)]
    extra: Extra,
}

impl From<ChatFields> for Chat {
    fn from(fields: ChatFields) -> Self {
        Self {
            id: fields.id,
            name: fields.name,
            conversation_timestamp_s: fields
                .conversation_timestamp
                .or(fields.timestamp)
                .or(fields.t),
            unread_count: fields.unread_count,
            extra: fields.extra,
        }
    }
}
