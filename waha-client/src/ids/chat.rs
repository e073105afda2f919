//! Chats: people by phone number or LID, groups, channels, status posts.

use std::fmt;

use serde::{Serialize, Serializer};

use super::IdError;
use crate::error::masked;

/// Where status posts go (WAHA specification).
const STATUS: &str = "status@broadcast";

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
    /// Status posts: `status@broadcast`.
    Status,
    /// A broadcast list: any other `@broadcast`.
    Broadcast,
    /// Any other.
    Other,
}

/// The id of a chat in WAHA's form: `6281234567890@c.us`.
///
/// `@s.whatsapp.net` is read as `@c.us`, and a device suffix (`:12@`) is left out (both recorded). whatsapp-web.js also writes it
/// as an object (whatsapp-web.js source). `Debug` hides most of the number.
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
    /// [`IdError::Number`] for anything but digits, or twice digits with a hyphen between them.
    pub fn group(number: &str) -> Result<Self, IdError> {
        let (creator, time) = number.split_once('-').unwrap_or((number, "0"));
        if !is_number(creator) || !is_number(time) {
            return Err(IdError::Number);
        }
        Ok(Self(format!("{number}@g.us")))
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

    /// A broadcast list by its number.
    ///
    /// # Errors
    ///
    /// [`IdError::Number`] for anything but digits.
    pub fn broadcast_list(number: &str) -> Result<Self, IdError> {
        Self::numbered(number, "broadcast")
    }

    /// Where status posts go: `status@broadcast`.
    pub fn status() -> Self {
        Self(STATUS.to_owned())
    }

    fn numbered(number: &str, domain: &str) -> Result<Self, IdError> {
        if is_number(number) {
            Ok(Self(format!("{number}@{domain}")))
        } else {
            Err(IdError::Number)
        }
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
            _ if self.0 == STATUS => ChatKind::Status,
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

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

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
    fn every_kind_of_chat_is_made_from_a_checked_number() {
        let number = "120363000000000001";
        for (made, id, kind) in [
            (
                ChatId::group(number),
                "120363000000000001@g.us",
                ChatKind::Group,
            ),
            (
                ChatId::group("6281200000001-1580000000"),
                "6281200000001-1580000000@g.us",
                ChatKind::Group,
            ),
            (ChatId::lid(number), "120363000000000001@lid", ChatKind::Lid),
            (
                ChatId::channel(number),
                "120363000000000001@newsletter",
                ChatKind::Channel,
            ),
            (
                ChatId::broadcast_list("17"),
                "17@broadcast",
                ChatKind::Broadcast,
            ),
            (Ok(ChatId::status()), "status@broadcast", ChatKind::Status),
        ] {
            let chat = made.unwrap();
            assert_eq!((chat.as_str(), chat.kind()), (id, kind));
            assert_eq!(chat.phone_digits(), None);
        }
        for bad in ["", "-", "1-", "-1", "1-2-3", "1 2", "1@g.us", "a", "١"] {
            assert_eq!(ChatId::group(bad), Err(IdError::Number), "{bad}");
            assert_eq!(ChatId::lid(bad), Err(IdError::Number), "{bad}");
            assert_eq!(ChatId::channel(bad), Err(IdError::Number), "{bad}");
            assert_eq!(ChatId::broadcast_list(bad), Err(IdError::Number), "{bad}");
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
                ChatKind::Status,
            ),
            (r#""17@broadcast""#, "17@broadcast", ChatKind::Broadcast),
            (
                r#"{"server":"c.us","user":"628","_serialized":"628@c.us"}"#,
                "628@c.us",
                ChatKind::Phone,
            ),
            (r#"{"server":"lid","user":"1"}"#, "1@lid", ChatKind::Lid),
            (
                r#"{"server":"lid","user":"1","_serialized":null,"$1":"1@lid"}"#,
                "1@lid",
                ChatKind::Lid,
            ),
            (r#"{"$1":"1@g.us","device":5}"#, "1@g.us", ChatKind::Group),
            (r#""odd""#, "odd", ChatKind::Other),
        ] {
            let chat: ChatId = serde_json::from_str(raw).unwrap();
            assert_eq!((chat.as_str(), chat.kind()), (canonical, kind), "{raw}");
        }
    }
}
