//! What events say: the kinds that tell of sessions, messages and acknowledgements; the others are kept as they came.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::ids::{ChatId, MessageId};
use crate::types::{Ack, Extra, Message, Raw, SessionStatus, instant_number, optional_number};

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Payload {
    /// `session.status`: a session changed, or tells again what it is.
    SessionStatus(SessionChange),
    /// `message`: somebody else's message. Own ones never come as this.
    Message(Box<Message>),
    /// `message.any`: any message, own ones too; the same message may also come as [`Payload::Message`].
    AnyMessage(Box<Message>),
    /// `message.ack`: how far a message to a person got.
    Ack(MessageAck),
    /// `message.ack.group`: how far a message to a group got with one participant.
    GroupAck(MessageAck),
    /// Any other kind, and payloads that do not read as their kind.
    Unknown(UnknownPayload),
}

impl Payload {
    pub(super) fn read(event: &str, payload: Option<&RawValue>) -> Self {
        let result = match event {
            "session.status" => read(payload).map(Self::SessionStatus),
            "message" => read(payload).map(|message| Self::Message(Box::new(message))),
            "message.any" => read(payload).map(|message| Self::AnyMessage(Box::new(message))),
            "message.ack" => read(payload).map(Self::Ack),
            "message.ack.group" => read(payload).map(Self::GroupAck),
            _ => Err(None),
        };
        result.unwrap_or_else(|problem| {
            Self::Unknown(UnknownPayload {
                event: event.to_owned(),
                payload: payload.and_then(|raw| serde_json::from_str(raw.get()).ok()),
                problem,
            })
        })
    }
}

fn read<T: DeserializeOwned>(payload: Option<&RawValue>) -> Result<T, Option<String>> {
    let raw = payload.ok_or_else(|| Some("it has no payload".to_owned()))?;
    serde_json::from_str(raw.get()).map_err(|error| Some(error.to_string()))
}

/// A payload of a kind that this version of the client does not know.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UnknownPayload {
    /// The kind's name.
    pub event: String,
    /// The payload as it came.
    pub payload: Option<Raw>,
    /// For a known kind: why its payload does not read as one.
    pub problem: Option<String>,
}

/// A session's status.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SessionChange {
    /// The session's name.
    pub name: String,
    /// What it is now.
    pub status: SessionStatus,
    /// The last few statuses, oldest first, this one included.
    #[serde(default)]
    pub statuses: Vec<StatusPoint>,
    /// What belongs to the status, such as a passkey's challenge (since 2026.7.1).
    #[serde(default)]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// When a session came into a status.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct StatusPoint {
    /// The status.
    pub status: SessionStatus,
    /// Since when, Unix milliseconds.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_number")]
    pub timestamp_ms: i64,
}

/// How far a message got. Acknowledgements may skip levels, come out of order, twice, or never.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageAck {
    /// The message. Its chat may be a LID where the send named a phone: compare with [`MessageId::is_same_message`].
    pub id: MessageId,
    /// The chat.
    #[serde(default)]
    pub from: Option<ChatId>,
    /// The other side, on engines that tell.
    #[serde(default)]
    pub to: Option<ChatId>,
    /// Whose receipt it is, in a group.
    #[serde(default)]
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
    /// Whatever else came.
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
