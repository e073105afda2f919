//! How far messages got.

use serde::Deserialize;

use crate::ids::{ChatId, MessageId, any_chat};
use crate::types::{Ack, Extra, Raw, optional_number};

/// How far a message got. Acknowledgements may skip levels, come out of order, twice, or never. Recorded, for
/// people and for groups.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageAck {
    /// The message. Its chat may be a LID where the send named a phone: compare with [`MessageId::is_same_message`].
    pub id: MessageId,
    /// The chat.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// The other side, on engines that tell.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Whose receipt it is, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    #[serde(default)]
    from_me: Option<bool>,
    /// The level.
    pub ack: Ack,
    /// The level's name, as it came.
    #[serde(default)]
    pub ack_name: Option<String>,
    /// Why WhatsApp refused it, on servers that tell.
    #[serde(default)]
    pub error: Option<AckError>,
    /// The engine's own form of it.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came: for a message to a person, WEBJS tells the whole message (WAHA source).
    #[serde(flatten)]
    pub extra: Extra,
}

impl MessageAck {
    /// Whether the account sent the message: as stated, or else as its id says.
    pub fn is_from_me(&self) -> bool {
        self.from_me.or(self.id.from_me()).unwrap_or(false)
    }
}

/// Why WhatsApp refused a message (servers after 2026.7.1, from WAHA's source).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct AckError {
    /// WhatsApp's number, such as 463.
    #[serde(default, deserialize_with = "optional_number")]
    pub code: Option<i64>,
    /// Whatever else came: `blocked`, `reason`, `until`.
    #[serde(flatten)]
    pub extra: Extra,
}
