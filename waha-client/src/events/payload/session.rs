//! What events say of a session. The types are recorded.

use serde::Deserialize;

use crate::types::{Extra, Raw, SessionStatus, instant_number};

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
