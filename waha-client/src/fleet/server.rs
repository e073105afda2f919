//! A server of the fleet: its name, and how it stands.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::error::FleetError;
use super::health::Health;
use crate::client::WahaClient;

/// The longest name of a server; enough for a host's name (RFC 1035: 63 characters).
const NAME_CHARS_MAX: usize = 63;

/// What a server is called in errors, logs and tables: letters, digits, `-`, `_` and `.`, at most 63 of them. So an address with
/// its credentials cannot be one. Ours: WAHA knows of no fleet.
///
/// ```
/// use waha_client::fleet::ServerName;
///
/// assert!(ServerName::new("waha-1.internal").is_ok());
/// assert!(ServerName::new("http://me:pass@host").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(String);

impl ServerName {
    /// A checked name.
    ///
    /// # Errors
    ///
    /// [`FleetError::Name`].
    pub fn new(name: impl Into<String>) -> Result<Self, FleetError> {
        let name = name.into();
        let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
        if (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(FleetError::Name)
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for ServerName {
    type Err = FleetError;

    fn from_str(name: &str) -> Result<Self, FleetError> {
        Self::new(name)
    }
}

impl TryFrom<String> for ServerName {
    type Error = FleetError;

    fn try_from(name: String) -> Result<Self, FleetError> {
        Self::new(name)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0
    }
}

/// How a server stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerState {
    /// Its name.
    pub name: ServerName,
    /// How many sessions it holds at most.
    pub capacity: u32,
    /// How many are known to live there, stopped ones too.
    pub sessions: u32,
    /// Whether it answers. A server that was never asked is taken to.
    pub is_healthy: bool,
    /// Whether it takes no new sessions because it was told so.
    pub is_draining: bool,
}

impl ServerState {
    /// How many more sessions it holds.
    pub fn free(&self) -> u32 {
        self.capacity.saturating_sub(self.sessions)
    }
}

/// A server as the fleet keeps it.
pub(super) struct Member {
    pub(super) client: WahaClient,
    pub(super) capacity: u32,
    pub(super) is_draining: bool,
    pub(super) health: Health,
}
