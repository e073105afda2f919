//! Messages: one form of their ids for all engines.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::ChatId;

/// The id of a message, whichever form the engine gave it.
///
/// WAHA's canonical form is `true_6281234567890@c.us_3EB0...[_participant]`; NOWEB answers a send with Baileys' `key`,
/// WEBJS with an object, and a pre-generated id is the bare part alone (NOWEB's forms are recorded, the others WAHA's source). Compare with [`MessageId::is_same_message`]: the chat may
/// be written by phone in one place and by LID in another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageId {
    from_me: Option<bool>,
    chat: Option<ChatId>,
    bare: String,
    participant: Option<ChatId>,
}

impl MessageId {
    /// Reads the canonical form; anything else is taken as a bare id.
    ///
    /// ```
    /// use waha_client::MessageId;
    ///
    /// let id = MessageId::parse("true_6281234567890@s.whatsapp.net_3EB0AA");
    /// assert_eq!(id.bare(), "3EB0AA");
    /// assert_eq!(id.to_string(), "true_6281234567890@c.us_3EB0AA");
    /// assert!(id.is_same_message(&MessageId::parse("3EB0AA")));
    /// assert!(!id.is_same_message(&MessageId::parse("false_6281234567890@c.us_3EB0AA")));
    /// ```
    pub fn parse(text: &str) -> Self {
        let mut parts = text.splitn(4, '_');
        let (Some(from_me), Some(chat), Some(bare)) = (
            parts.next().and_then(|text| text.parse::<bool>().ok()),
            parts.next(),
            parts.next(),
        ) else {
            return Self::from_bare(text);
        };
        Self {
            from_me: Some(from_me),
            chat: Some(ChatId::lenient(chat)),
            bare: bare.to_owned(),
            participant: parts.next().map(ChatId::lenient),
        }
    }

    /// Reads the id out of whatever an engine names a message by, or answers a send with: a text, Baileys' `key`,
    /// whatsapp-web.js' object in either of its forms, or an object that holds one of these as `key` or `id`. `None` when
    /// there is none. The same as [`MessageId`]'s `Deserialize` and [`Sent::id`](crate::Sent), for JSON at hand.
    ///
    /// ```
    /// use serde_json::json;
    /// use waha_client::MessageId;
    ///
    /// let noweb = json!({"key": {"remoteJid": "6281234567890@s.whatsapp.net", "fromMe": true, "id": "3EB0AA"}});
    /// let webjs = json!({"fromMe": true, "remote": "6281234567890@c.us", "id": "3EB0AA"});
    /// for answer in [noweb, webjs] {
    ///     let id = MessageId::from_json(&answer).unwrap();
    ///     assert_eq!(id.to_string(), "true_6281234567890@c.us_3EB0AA");
    /// }
    /// ```
    pub fn from_json(value: &Value) -> Option<Self> {
        let key = value.get("key").filter(|key| key.is_object());
        let inner = key.or(value.get("id").filter(|id| id.is_object()));
        let id = Self::deserialize(inner.unwrap_or(value)).ok()?;
        Some(id).filter(|id| !id.bare.is_empty())
    }

    fn from_bare(text: &str) -> Self {
        Self {
            from_me: None,
            chat: None,
            bare: text.to_owned(),
            participant: None,
        }
    }

    /// The id of a message of one's own, as chosen before it is sent.
    pub fn own(chat: ChatId, bare: impl Into<String>) -> Self {
        Self {
            from_me: Some(true),
            chat: Some(chat),
            bare: bare.into(),
            participant: None,
        }
    }

    /// The part that WhatsApp itself knows: `3EB0...`.
    pub fn bare(&self) -> &str {
        &self.bare
    }

    /// Whether the account sent it; `None` for a bare id.
    pub fn from_me(&self) -> Option<bool> {
        self.from_me
    }

    /// The chat it is in; `None` for a bare id.
    pub fn chat(&self) -> Option<&ChatId> {
        self.chat.as_ref()
    }

    /// Who wrote it, in a group; in GOWS and in group acks the account's own id.
    pub fn participant(&self) -> Option<&ChatId> {
        // WhatsApp Web ends ids of messages to oneself in `_out` and `_in`.
        self.participant
            .as_ref()
            .filter(|id| id.as_str().contains('@'))
    }

    /// Whether both name one message of one account: same bare id, and not one sent and the other received.
    pub fn is_same_message(&self, other: &Self) -> bool {
        let directions_fit = match (self.from_me, other.from_me) {
            (Some(one), Some(two)) => one == two,
            _ => true,
        };
        self.bare == other.bare && directions_fit
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(from_me), Some(chat)) = (self.from_me, &self.chat) else {
            return f.write_str(&self.bare);
        };
        write!(f, "{from_me}_{chat}_{}", self.bare)?;
        match &self.participant {
            Some(participant) => write!(f, "_{participant}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(from_me), Some(chat)) = (self.from_me, &self.chat) else {
            return f.write_str(&self.bare);
        };
        write!(f, "{from_me}_{chat:?}_{}", self.bare)
    }
}

impl Serialize for MessageId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MessageId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyForm;

        impl<'de> Visitor<'de> for AnyForm {
            type Value = MessageId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a message id: a text, a key or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<MessageId, E> {
                Ok(MessageId::parse(text))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<MessageId, A::Error> {
                let mut parts = Parts::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "fromMe" => parts.from_me = map.next_value()?,
                        "remote" | "remoteJid" => parts.chat = map.next_value()?,
                        "id" => parts.bare = map.next_value()?,
                        "participant" => parts.participant = map.next_value()?,
                        "_serialized" => parts.whole = map.next_value()?,
                        // WhatsApp Web calls it `$1` since July 2026, and may call it otherwise tomorrow.
                        _ => parts.note_whole(&map.next_value()?),
                    }
                }
                parts
                    .join()
                    .ok_or_else(|| de::Error::custom("a message id without its id part"))
            }
        }

        deserializer.deserialize_any(AnyForm)
    }
}

/// The fields of the engines' id objects: Baileys' `key` and whatsapp-web.js' `id`.
#[derive(Default)]
struct Parts {
    from_me: Option<bool>,
    chat: Option<ChatId>,
    bare: Option<String>,
    participant: Option<ChatId>,
    whole: Option<String>,
}

impl Parts {
    /// Takes a text of the canonical form for the whole id, whatever its field is called.
    fn note_whole(&mut self, value: &Value) {
        let whole = value.as_str();
        let whole = whole.filter(|text| MessageId::parse(text).from_me.is_some());
        if self.whole.is_none() {
            self.whole = whole.map(str::to_owned);
        }
    }

    // `_serialized` has been renamed before inside WhatsApp Web: the parts count first.
    fn join(self) -> Option<MessageId> {
        match (self.bare, self.whole) {
            // A whole message: its `id` is the whole id already.
            (Some(bare), _) if MessageId::parse(&bare).from_me.is_some() => {
                Some(MessageId::parse(&bare))
            }
            (Some(bare), _) if !bare.is_empty() => Some(MessageId {
                from_me: self.from_me,
                chat: self.chat,
                bare,
                participant: self.participant.filter(|id| !id.as_str().is_empty()),
            }),
            (_, Some(whole)) if !whole.is_empty() => Some(MessageId::parse(&whole)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    #[test]
    fn message_ids_of_every_engine_come_to_one_form() {
        let canonical = "true_6281200000002@c.us_3EB0C767";
        for raw in [
            r#""true_6281200000002@c.us_3EB0C767""#,
            r#""true_6281200000002:12@s.whatsapp.net_3EB0C767""#,
            r#"{"remoteJid":"6281200000002@s.whatsapp.net","fromMe":true,"id":"3EB0C767"}"#,
            r#"{"fromMe":true,"remote":"6281200000002@c.us","id":"3EB0C767","_serialized":"true_6281200000002@c.us_3EB0C767"}"#,
            r#"{"fromMe":true,"remote":{"server":"c.us","user":"6281200000002"},"id":"3EB0C767","$1":"true_x"}"#,
            r#"{"_serialized":"true_6281200000002@c.us_3EB0C767"}"#,
            r#"{"$1":"true_6281200000002@c.us_3EB0C767","rowId":"7"}"#,
        ] {
            let id: MessageId = serde_json::from_str(raw).unwrap();
            assert_eq!(id.to_string(), canonical, "{raw}");
            let value = serde_json::from_str(raw).unwrap();
            assert_eq!(MessageId::from_json(&value), Some(id), "{raw}");
        }
        let group = MessageId::parse("true_1@g.us_3EB0_628@c.us");
        assert_eq!(group.participant().unwrap().as_str(), "628@c.us");
        assert_eq!(group.to_string(), "true_1@g.us_3EB0_628@c.us");
        assert_eq!(MessageId::parse("3EB0C767").to_string(), "3EB0C767");
        assert!(serde_json::from_str::<MessageId>(r#"{"fromMe":true}"#).is_err());
    }

    #[test]
    fn what_each_engine_answers_a_send_with_comes_to_one_form() {
        let person = "true_6281200000002@c.us_3EB0C767";
        let group = "true_120363000000000001@g.us_3EB0C767_6281200000001@c.us";
        let lid = "false_111@lid_3EB0C767";
        for (engine, answer, canonical) in [
            (
                "NOWEB",
                json!({"key": {"remoteJid": "6281200000002@s.whatsapp.net", "fromMe": true, "id": "3EB0C767"},
                    "message": {"extendedTextMessage": {"text": "hello"}}, "messageTimestamp": "1795220389"}),
                person,
            ),
            (
                "NOWEB",
                json!({"key": {"remoteJid": "120363000000000001@g.us", "fromMe": true, "id": "3EB0C767",
                    "participant": "6281200000001:12@s.whatsapp.net"}}),
                group,
            ),
            (
                "NOWEB",
                json!({"key": {"remoteJid": "111@lid", "fromMe": false, "id": "3EB0C767", "remoteJidAlt": "628@s.whatsapp.net"}}),
                lid,
            ),
            (
                "GOWS",
                json!({"id": "true_6281200000002@c.us_3EB0C767", "_data": {"Info": {"ID": "3EB0C767"}}}),
                person,
            ),
            (
                "GOWS",
                json!({"id": "true_120363000000000001@g.us_3EB0C767_6281200000001@c.us", "_data": null}),
                group,
            ),
            (
                "WEBJS",
                json!({"_data": {}, "ack": 0, "fromMe": true, "id": {"fromMe": true, "remote": "6281200000002@c.us",
                    "id": "3EB0C767", "_serialized": "true_6281200000002@c.us_3EB0C767"}}),
                person,
            ),
            (
                "WEBJS since July 2026",
                json!({"id": {"fromMe": false, "remote": "111@lid", "id": "3EB0C767", "$1": "false_111@lid_3EB0C767"}}),
                lid,
            ),
            (
                "WEBJS in a group",
                json!({"id": {"fromMe": true, "remote": {"server": "g.us", "user": "120363000000000001"}, "id": "3EB0C767",
                    "participant": {"server": "c.us", "user": "6281200000001", "_serialized": "6281200000001@c.us"}}}),
                group,
            ),
            (
                "WPP",
                json!({"id": "true_6281200000002@c.us_3EB0C767", "from": "6281200000002@c.us", "fromMe": true}),
                person,
            ),
            ("WPP", json!("true_6281200000002@c.us_3EB0C767"), person),
            ("a pre-generated id", json!({"id": "3EB0C767"}), "3EB0C767"),
        ] {
            let id = MessageId::from_json(&answer).unwrap();
            assert_eq!(id.to_string(), canonical, "{engine}");
            assert_eq!(id.bare(), "3EB0C767", "{engine}");
        }
        for nothing in [
            json!(null),
            json!(7),
            json!([]),
            json!({}),
            json!({"id": null}),
            json!(""),
        ] {
            assert_eq!(MessageId::from_json(&nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_message_to_oneself_has_no_participant_and_keeps_its_id() {
        let id = MessageId::parse("true_628@c.us_3EB0_out");
        assert_eq!((id.bare(), id.participant()), ("3EB0", None));
        assert_eq!(id.to_string(), "true_628@c.us_3EB0_out");
    }

    #[test]
    fn one_message_is_recognised_by_phone_and_by_lid() {
        let by_phone = MessageId::parse("true_628@c.us_3EB0");
        let by_lid = MessageId::parse("true_111@lid_3EB0");
        assert!(by_phone.is_same_message(&by_lid));
        assert!(!by_phone.is_same_message(&MessageId::parse("true_628@c.us_3EB1")));
    }

    #[test]
    fn debug_hides_most_of_a_number() {
        let chat = ChatId::phone("6281200000002").unwrap();
        assert!(!format!("{chat:?}").contains("81200000"));
        assert!(!format!("{:?}", MessageId::own(chat, "3EB0")).contains("81200000"));
    }
}
