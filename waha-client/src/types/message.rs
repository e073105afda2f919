//! Messages: what a send answers, what look-ups and events carry.

use bytes::Bytes;
use serde::de::{IgnoredAny, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Extra, Media, Raw, instant_s, optional_number, text_enum};
use crate::ids::{ChatId, MessageId, any_chat};

text_enum! {
    /// Which device an own message was sent from (recorded). Only events have it for certain.
    MessageSource {
        /// Through WAHA.
        Api = "api",
        /// On the phone, or in another client.
        App = "app",
    }
}

/// How far a message got (WAHA specification). WhatsApp may skip levels, and WAHA may report them out of order (recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ack {
    /// -1: refused.
    Error,
    /// 0: with WAHA, not yet with WhatsApp.
    Pending,
    /// 1: with WhatsApp.
    Server,
    /// 2: on a device of the receiver.
    Device,
    /// 3: read. Receivers can switch this off.
    Read,
    /// 4: played, for voice and video.
    Played,
    /// A level that this version of the client does not know.
    Unknown(i64),
}

impl Ack {
    /// The level as WAHA numbers it.
    pub fn level(self) -> i64 {
        match self {
            Self::Error => -1,
            Self::Pending => 0,
            Self::Server => 1,
            Self::Device => 2,
            Self::Read => 3,
            Self::Played => 4,
            Self::Unknown(level) => level,
        }
    }

    /// The name, as filters take it; `None` for an unknown level.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Error => Some("ERROR"),
            Self::Pending => Some("PENDING"),
            Self::Server => Some("SERVER"),
            Self::Device => Some("DEVICE"),
            Self::Read => Some("READ"),
            Self::Played => Some("PLAYED"),
            Self::Unknown(_) => None,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [
            Self::Error,
            Self::Pending,
            Self::Server,
            Self::Device,
            Self::Read,
            Self::Played,
        ]
        .into_iter()
        .find(|ack| ack.name() == Some(name))
    }
}

impl From<i64> for Ack {
    fn from(level: i64) -> Self {
        match level {
            -1 => Self::Error,
            0 => Self::Pending,
            1 => Self::Server,
            2 => Self::Device,
            3 => Self::Read,
            4 => Self::Played,
            other => Self::Unknown(other),
        }
    }
}

impl Serialize for Ack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.level())
    }
}

impl<'de> Deserialize<'de> for Ack {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Level;

        impl Visitor<'_> for Level {
            type Value = Ack;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an acknowledgement level")
            }

            fn visit_i64<E>(self, level: i64) -> Result<Ack, E> {
                Ok(Ack::from(level))
            }

            fn visit_u64<E>(self, level: u64) -> Result<Ack, E> {
                Ok(i64::try_from(level).map_or(Ack::Unknown(i64::MAX), Ack::from))
            }

            fn visit_f64<E>(self, level: f64) -> Result<Ack, E> {
                Ok(Ack::from(level as i64))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Ack, E> {
                let number = text.parse::<i64>().ok().map(Ack::from);
                number
                    .or_else(|| Ack::from_name(text))
                    .ok_or_else(|| E::custom("not an acknowledgement level"))
            }
        }

        deserializer.deserialize_any(Level)
    }
}

/// What a send answered: one type for all engines.
///
/// That there is a `Sent` at all means that WAHA accepted the message, not that WhatsApp did. The id can be missing: some
/// engines answer 201 with an empty body at times; a message whose id was chosen beforehand is still known by that.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The message's id, composed from whatever the engine gave.
    pub id: Option<MessageId>,
    /// When, Unix seconds, if the engine says.
    pub timestamp_s: Option<i64>,
    raw: Bytes,
}

impl Sent {
    /// Reads the body of a 201. Never fails: whatever the body is, the message was accepted.
    pub fn from_body(body: Bytes) -> Self {
        let fields: SentFields = serde_json::from_slice(&body).unwrap_or_default();
        let id = fields.id.or(fields.key).filter(|id| !id.bare().is_empty());
        Self {
            id,
            timestamp_s: fields.timestamp.or(fields.message_timestamp),
            raw: body,
        }
    }

    /// The body as it came.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The body as JSON; null when it is empty or not JSON.
    pub fn raw_value(&self) -> serde_json::Value {
        serde_json::from_slice(&self.raw).unwrap_or_default()
    }
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent")
            .field("id", &self.id)
            .field("timestamp_s", &self.timestamp_s)
            .field("raw_bytes", &self.raw.len())
            .finish()
    }
}

/// NOWEB answers with `key` (recorded); GOWS, WEBJS and WPP with `id` (WAHA source).
#[derive(Default, Deserialize)]
#[serde(default)]
struct SentFields {
    #[serde(deserialize_with = "any_id")]
    id: Option<MessageId>,
    #[serde(deserialize_with = "any_id")]
    key: Option<MessageId>,
    #[serde(deserialize_with = "optional_number")]
    timestamp: Option<i64>,
    #[serde(rename = "messageTimestamp", deserialize_with = "optional_number")]
    message_timestamp: Option<i64>,
}

/// An id in any form; `None` for anything that is not one.
pub(crate) fn any_id<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<MessageId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum AnyId {
        Id(MessageId),
        Other(IgnoredAny),
    }
    Ok(match AnyId::deserialize(deserializer)? {
        AnyId::Id(id) => Some(id),
        AnyId::Other(_) => None,
    })
}

/// A message as look-ups and events describe it. WAHA gives it one form for all engines (NOWEB recorded, the others WAHA
/// source); only [`Message::data`] is the engine's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// When it was made, Unix seconds; 0 when the server does not say.
    #[serde(rename = "timestamp", default, deserialize_with = "instant_s")]
    pub timestamp_s: i64,
    /// The chat, also for own messages.
    #[serde(default, deserialize_with = "any_chat")]
    pub from: Option<ChatId>,
    /// The other side, on engines that tell.
    #[serde(default, deserialize_with = "any_chat")]
    pub to: Option<ChatId>,
    /// Who wrote it, in a group.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    #[serde(default)]
    from_me: Option<bool>,
    /// Which device an own message was sent from.
    #[serde(default)]
    pub source: Option<MessageSource>,
    /// Its text, or the caption of its media.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether it has media.
    #[serde(default)]
    pub has_media: Option<bool>,
    /// Its media, when downloaded.
    #[serde(default)]
    pub media: Option<Media>,
    /// How far it got.
    #[serde(default)]
    pub ack: Option<Ack>,
    /// The level's name, as it came.
    #[serde(default)]
    pub ack_name: Option<String>,
    /// A place, when it is one.
    #[serde(default)]
    pub location: Option<Location>,
    /// Contacts, when it holds some.
    #[serde(default, rename = "vCards")]
    pub v_cards: Option<Vec<String>>,
    /// The message it answers.
    #[serde(default)]
    pub reply_to: Option<QuotedMessage>,
    /// The engine's own form of it, which changes with the engine and its version.
    #[serde(default, rename = "_data")]
    pub data: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// Whether the account sent it: as stated, or else as its id says.
    pub fn is_from_me(&self) -> bool {
        self.from_me.or(self.id.from_me()).unwrap_or(false)
    }
}

/// A place within a message. WAHA writes coordinates as texts (recorded).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Location {
    /// Degrees, as text or number.
    #[serde(default)]
    pub latitude: serde_json::Value,
    /// Degrees, as text or number.
    #[serde(default)]
    pub longitude: serde_json::Value,
    /// Whatever else came: `live`, `name`, `address`, `url`, `description`, `thumbnail`.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The message that another one answers (WAHA specification).
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct QuotedMessage {
    /// Its id, often the bare part alone.
    #[serde(default, deserialize_with = "any_id")]
    pub id: Option<MessageId>,
    /// Who wrote it.
    #[serde(default, deserialize_with = "any_chat")]
    pub participant: Option<ChatId>,
    /// Its text.
    #[serde(default)]
    pub body: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}
