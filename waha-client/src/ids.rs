//! Names of sessions, chats and messages: checked when built by hand, read leniently from the server.
//!
//! WAHA does not validate chat ids: it answers 201 for a number that cannot exist (recorded), so they are made here.
//! Which number belongs to whom is left out: see the check-exists call.

use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::masked;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A session's name has letters, digits, `-` and `_`, 1 to 54 of them (WAHA's own rule, recorded).
    #[error("a session's name has 1 to 54 letters, digits, hyphens and underscores")]
    SessionName,
    /// A phone number has 7 to 15 digits, country code first (E.164).
    #[error("a phone number has 7 to 15 digits with the country code first, no leading zero")]
    Phone,
    /// The number of a group, LID or channel has digits, and a hyphen in old groups.
    #[error("the number of a group, LID or channel has digits only (and a hyphen in old groups)")]
    Number,
    /// A chat id looks like `6281234567890@c.us`.
    #[error("a chat id looks like 6281234567890@c.us")]
    ChatId,
}

/// The name of a session: one WhatsApp account connected to a server.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionName(String);

impl SessionName {
    /// A checked name.
    ///
    /// # Errors
    ///
    /// [`IdError::SessionName`] when WAHA would refuse it.
    pub fn new(name: impl Into<String>) -> Result<Self, IdError> {
        let name = name.into();
        let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if (1..=54).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(IdError::SessionName)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::str::FromStr for SessionName {
    type Err = IdError;

    fn from_str(name: &str) -> Result<Self, IdError> {
        Self::new(name)
    }
}

/// What kind of chat an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatKind {
    /// A person by phone number: `@c.us`.
    Phone,
    /// A person by WhatsApp's own number, which hides the phone's: `@lid`.
    Lid,
    /// A group: `@g.us`.
    Group,
    /// A channel: `@newsletter`.
    Channel,
    /// Status posts and broadcast lists: `@broadcast`.
    Broadcast,
    /// Any other.
    Other,
}

/// The id of a chat in WAHA's form: `6281234567890@c.us`.
///
/// `@s.whatsapp.net` is read as `@c.us`, and a device suffix (`:12@`) is left out. `Debug` hides most of the number.
///
/// ```
/// use waha_client::{ChatId, ChatKind};
///
/// let chat = ChatId::phone("+6281234567890")?;
/// assert_eq!(chat.as_str(), "6281234567890@c.us");
/// assert_eq!(chat, ChatId::parse("6281234567890:12@s.whatsapp.net")?);
/// assert_eq!(chat.kind(), ChatKind::Phone);
/// assert!(ChatId::phone("081234567890").is_err());
/// # Ok::<(), waha_client::IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(String);

impl ChatId {
    /// The chat with a phone number: E.164 digits, a leading `+` allowed, nothing else.
    ///
    /// # Errors
    ///
    /// [`IdError::Phone`] for anything but 7 to 15 digits (ITU E.164) without a leading zero.
    pub fn phone(number: &str) -> Result<Self, IdError> {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let fits = (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|c| c.is_ascii_digit());
        if !fits {
            return Err(IdError::Phone);
        }
        Ok(Self(format!("{digits}@c.us")))
    }

    /// A group by its number: `120363000000000001`, or `creator-time` for old ones.
    ///
    /// # Errors
    ///
    /// [`IdError::Number`] for anything but digits and hyphens.
    pub fn group(number: &str) -> Result<Self, IdError> {
        Self::numbered(number, "g.us")
    }

    /// A person by LID.
    ///
    /// # Errors
    ///
    /// [`IdError::Number`] for anything but digits.
    pub fn lid(number: &str) -> Result<Self, IdError> {
        Self::numbered(number, "lid")
    }

    /// A channel by its number.
    ///
    /// # Errors
    ///
    /// [`IdError::Number`] for anything but digits.
    pub fn channel(number: &str) -> Result<Self, IdError> {
        Self::numbered(number, "newsletter")
    }

    fn numbered(number: &str, domain: &str) -> Result<Self, IdError> {
        let allowed = |c: u8| c.is_ascii_digit() || (c == b'-' && domain == "g.us");
        if number.is_empty() || !number.bytes().all(allowed) {
            return Err(IdError::Number);
        }
        Ok(Self(format!("{number}@{domain}")))
    }

    /// Any id with a domain, as other systems write it.
    ///
    /// # Errors
    ///
    /// [`IdError::ChatId`] without exactly one `@` between two parts, or with spaces.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let parts = text.split_once('@');
        let fits = parts.is_some_and(|(user, domain)| {
            !user.is_empty() && !domain.is_empty() && !domain.contains('@')
        });
        if fits && !text.contains(char::is_whitespace) {
            Ok(Self::lenient(text))
        } else {
            Err(IdError::ChatId)
        }
    }

    /// The id in canonical form, whatever it is.
    pub(crate) fn lenient(text: &str) -> Self {
        let Some((user, domain)) = text.split_once('@') else {
            return Self(text.to_owned());
        };
        let user = match user.split_once(':') {
            Some((user, device)) if device.bytes().all(|c| c.is_ascii_digit()) => user,
            _ => user,
        };
        match domain {
            "s.whatsapp.net" => Self(format!("{user}@c.us")),
            _ => Self(format!("{user}@{domain}")),
        }
    }

    /// The id as WAHA takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`: a phone number, a LID, a group's number.
    pub fn user(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(user, _)| user)
    }

    /// What kind of chat it is.
    pub fn kind(&self) -> ChatKind {
        match self.0.split_once('@').map(|(_, domain)| domain) {
            Some("c.us") => ChatKind::Phone,
            Some("lid") => ChatKind::Lid,
            Some("g.us") => ChatKind::Group,
            Some("newsletter") => ChatKind::Channel,
            Some("broadcast") => ChatKind::Broadcast,
            _ => ChatKind::Other,
        }
    }

    /// The phone number's digits, when the chat is with a phone number.
    pub fn phone_digits(&self) -> Option<&str> {
        (self.kind() == ChatKind::Phone).then(|| self.user())
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl std::str::FromStr for ChatId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl Serialize for ChatId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ChatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = ChatId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a chat id")
            }

            fn visit_str<E>(self, text: &str) -> Result<ChatId, E> {
                Ok(ChatId::lenient(text))
            }

            // whatsapp-web.js writes an id as {"server","user","_serialized"}.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChatId, A::Error> {
                let (mut user, mut server, mut whole) = (None, None, None);
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "user" => user = map.next_value::<Option<String>>()?,
                        "server" => server = map.next_value::<Option<String>>()?,
                        "_serialized" => whole = map.next_value::<Option<String>>()?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                match (whole, user, server) {
                    (Some(whole), _, _) => Ok(ChatId::lenient(&whole)),
                    (None, Some(user), Some(server)) => {
                        Ok(ChatId::lenient(&format!("{user}@{server}")))
                    }
                    _ => Err(de::Error::custom("a chat id without user and server")),
                }
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// The id of a message, whichever form the engine gave it.
///
/// WAHA's canonical form is `true_6281234567890@c.us_3EB0...[_participant]`; NOWEB answers a send with Baileys' `key`,
/// WEBJS with an object, and a pre-generated id is the bare part alone. Compare with [`MessageId::is_same_message`]: the chat may
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
        self.participant.as_ref()
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
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
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
    // `_serialized` has been renamed before inside WhatsApp Web: the parts count first.
    fn join(self) -> Option<MessageId> {
        match (self.bare, self.whole) {
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

    use super::*;

    #[test]
    fn session_names_follow_wahas_rule() {
        for good in ["default", "a", "A-b_9", &"x".repeat(54)] {
            assert!(SessionName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "../x", "é", &"x".repeat(55)] {
            assert_eq!(SessionName::new(bad), Err(IdError::SessionName), "{bad}");
        }
    }

    #[test]
    fn phone_chats_are_made_from_e164_digits_only() {
        assert_eq!(
            ChatId::phone("6281200000002").unwrap().as_str(),
            "6281200000002@c.us"
        );
        for bad in [
            "",
            "+",
            "0812345678",
            "62 812",
            "628123456789012345",
            "62812a",
            "123456",
        ] {
            assert_eq!(ChatId::phone(bad), Err(IdError::Phone), "{bad}");
        }
    }

    #[test]
    fn chat_ids_of_every_engine_come_to_one_form() {
        for (raw, canonical, kind) in [
            (r#""628@s.whatsapp.net""#, "628@c.us", ChatKind::Phone),
            (r#""628:12@s.whatsapp.net""#, "628@c.us", ChatKind::Phone),
            (r#""628:7@c.us""#, "628@c.us", ChatKind::Phone),
            (r#""1@lid""#, "1@lid", ChatKind::Lid),
            (r#""1@g.us""#, "1@g.us", ChatKind::Group),
            (r#""1@newsletter""#, "1@newsletter", ChatKind::Channel),
            (
                r#""status@broadcast""#,
                "status@broadcast",
                ChatKind::Broadcast,
            ),
            (
                r#"{"server":"c.us","user":"628","_serialized":"628@c.us"}"#,
                "628@c.us",
                ChatKind::Phone,
            ),
            (r#"{"server":"lid","user":"1"}"#, "1@lid", ChatKind::Lid),
            (r#""odd""#, "odd", ChatKind::Other),
        ] {
            let chat: ChatId = serde_json::from_str(raw).unwrap();
            assert_eq!((chat.as_str(), chat.kind()), (canonical, kind), "{raw}");
        }
    }

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
        ] {
            let id: MessageId = serde_json::from_str(raw).unwrap();
            assert_eq!(id.to_string(), canonical, "{raw}");
        }
        let group = MessageId::parse("true_1@g.us_3EB0_628@c.us");
        assert_eq!(group.participant().unwrap().as_str(), "628@c.us");
        assert_eq!(group.to_string(), "true_1@g.us_3EB0_628@c.us");
        assert_eq!(MessageId::parse("3EB0C767").to_string(), "3EB0C767");
        assert!(serde_json::from_str::<MessageId>(r#"{"fromMe":true}"#).is_err());
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
