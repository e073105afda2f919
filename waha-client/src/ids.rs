//! Names of sessions, chats and messages: checked when built by hand, read leniently from the server.
//!
//! WAHA does not validate chat ids: it answers 201 for a number that cannot exist (recorded), so they are made here.
//! Which number belongs to whom is left out: see the check-exists call.

mod chat;
mod message;
mod reading;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use chat::{ChatId, ChatKind};
pub use message::MessageId;
pub(crate) use reading::any_chat;

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

/// The name of a session: one WhatsApp account connected to a server. WAHA's rule for it is recorded.
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

    /// A name as it came.
    pub(crate) fn lenient(name: impl Into<String>) -> Self {
        Self(name.into())
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
        write!(f, "{:?}", masked(&self.0))
    }
}

impl std::str::FromStr for SessionName {
    type Err = IdError;

    fn from_str(name: &str) -> Result<Self, IdError> {
        Self::new(name)
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
    fn debug_hides_most_of_a_number_that_names_a_session() {
        let session = SessionName::new("shop-6281200000002").unwrap();
        assert_eq!(format!("{session:?}"), r#""shop-628…02""#);
        assert_eq!(session.to_string(), "shop-6281200000002");
    }
}
