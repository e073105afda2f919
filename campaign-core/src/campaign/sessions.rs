//! The sessions that a campaign is sent from, and what becomes of messages whose account cannot send.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gateway::Session;

/// The sessions of a campaign, in the order in which they were given: one in everyday life, several in a pool. Never empty, and none twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "OneOrMore")]
pub struct Sessions(Box<[Session]>);

/// Why sessions cannot be those of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionsError {
    /// There is none.
    #[error("a campaign needs a session to be sent from: name one")]
    None,
    /// One is there more than once.
    #[error("the session {0} is named twice: name each once")]
    Twice(Session),
}

impl Sessions {
    /// These sessions.
    ///
    /// # Errors
    /// [`SessionsError`] when there is none, or one is named twice.
    pub fn new(sessions: impl IntoIterator<Item = Session>) -> Result<Self, SessionsError> {
        let sessions: Box<[Session]> = sessions.into_iter().collect();
        if sessions.is_empty() {
            return Err(SessionsError::None);
        }
        let mut earlier = std::collections::BTreeSet::new();
        match sessions.iter().find(|session| !earlier.insert(*session)) {
            Some(twice) => Err(SessionsError::Twice(twice.clone())),
            None => Ok(Self(sessions)),
        }
    }

    /// The one that was named first: for whatever needs one of them alone.
    pub fn first(&self) -> &Session {
        // Never empty: the constructors see to it.
        &self.0[0]
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Session> {
        self.0.iter()
    }

    /// There are several.
    pub fn are_pool(&self) -> bool {
        self.0.len() > 1
    }

    /// Whether this is one of them.
    pub fn contains(&self, session: &Session) -> bool {
        self.0.contains(session)
    }
}

impl From<Session> for Sessions {
    fn from(session: Session) -> Self {
        Self([session].into())
    }
}

impl<'a> IntoIterator for &'a Sessions {
    type Item = &'a Session;
    type IntoIter = std::slice::Iter<'a, Session>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, session) in self.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{session}")?;
        }
        Ok(())
    }
}

/// Campaigns that were stored before there were pools have one session.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(Session),
    More(Vec<Session>),
}

impl TryFrom<OneOrMore> for Sessions {
    type Error = SessionsError;

    fn try_from(stored: OneOrMore) -> Result<Self, SessionsError> {
        match stored {
            OneOrMore::One(session) => Ok(session.into()),
            OneOrMore::More(sessions) => Self::new(sessions),
        }
    }
}

/// What becomes of messages to people whom one account of a pool knows, while that account cannot send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolPolicy {
    /// They wait for it.
    #[default]
    Wait,
    /// When it could not send for so long, another account of the pool writes to them. What is in doubt stays, and is looked up where it
    /// was sent from. The time counts from when the runner has seen that it cannot send: another runner begins anew.
    MoveAfter(Duration),
}

impl fmt::Display for PoolPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolPolicy::Wait => f.write_str("wait"),
            PoolPolicy::MoveAfter(time) => write!(f, "move after {} s", time.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_empty_and_none_holds_a_session_twice() {
        let [a, b] = ["a", "b"].map(Session::new);
        assert_eq!(Sessions::new([]), Err(SessionsError::None));
        let twice = Sessions::new([a.clone(), b.clone(), a.clone()]);
        assert_eq!(twice, Err(SessionsError::Twice(a.clone())));
        let pool = Sessions::new([b, a]).unwrap();
        assert_eq!(pool.to_string(), "b, a", "the order is kept");
    }

    #[test]
    fn what_was_stored_with_one_session_is_read() {
        let one: Sessions = serde_json::from_str("\"a\"").unwrap();
        assert_eq!(one, Session::new("a").into());
        let written = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Sessions>(&written).unwrap(), one);
        assert!(serde_json::from_str::<Sessions>("[]").is_err());
        assert!(serde_json::from_str::<Sessions>("[\"a\",\"a\"]").is_err());
    }
}
