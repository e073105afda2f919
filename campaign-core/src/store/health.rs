//! What a store keeps of a lane's health.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::failure::Trouble;

/// Why a lane waits, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneHold {
    /// Why.
    pub trouble: Trouble,
    /// Until when, by the clock that `told` was read from.
    pub until: Timestamp,
    /// When that was found.
    pub told: Stamp,
}

impl LaneHold {
    /// When it is over on this clock. It lasts as long from when it was told, and what was told in the future counts as told now: a wall
    /// clock that was ahead, or has been set back since, makes it no longer.
    pub(crate) fn ends(&self, now: Now, boot: BootId) -> Elapsed {
        let lasts = Duration::try_from(self.until.duration_since(self.told.wall));
        now.place(self.told, boot) + lasts.unwrap_or_default()
    }
}

/// How well an account was when its lane was last noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneHealth {
    /// How its cold messages go.
    pub cold: Condition,
    /// How its replies go.
    pub reply: Condition,
    /// Whether its session seems to reach WhatsApp.
    pub session: Condition,
    /// When its session was last restarted by us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Stamp>,
}

/// What holds messages back because earlier ones went wrong, and how often that has been so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// What is wrong, where something is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwell: Option<Unwell>,
    /// How often it has become so since all was well for long: pauses grow with it.
    pub times: u32,
}

/// Messages wait because earlier ones went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwell {
    /// What is wrong.
    pub trouble: Trouble,
    /// Since when.
    pub since: Timestamp,
    /// When one message may try.
    pub until: Timestamp,
}
