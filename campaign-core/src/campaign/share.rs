//! How campaigns of one account share it: who goes first, and in what proportion.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which campaigns of an account and slot go first. Of ten turns nine go to the highest priority that has something to send, and one to the next
/// below it that has, so that nothing waits for ever.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After the others.
    Low,
    /// As most are.
    #[default]
    Normal,
    /// Before the others.
    High,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Priority; 3] = [Priority::Low, Priority::Normal, Priority::High];

    /// Its name in reports, routes and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many turns a campaign gets for each turn of one that weighs 1, among those of its priority: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Weight(u8);

impl Weight {
    /// The greatest.
    pub const MAX: Weight = Weight(100);

    /// `None` when it is not between 1 and 100.
    pub const fn new(weight: u8) -> Option<Self> {
        match weight {
            1..=100 => Some(Self(weight)),
            _ => None,
        }
    }

    /// As a number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<u8> for Weight {
    type Error = String;

    fn try_from(weight: u8) -> Result<Self, String> {
        Self::new(weight).ok_or_else(|| format!("a weight is between 1 and 100, not {weight}"))
    }
}

impl From<Weight> for u8 {
    fn from(weight: Weight) -> u8 {
        weight.0
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A campaign's share of its accounts. It may be changed while the campaign runs, and is no part of what makes it this campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Share {
    /// Who goes first.
    pub priority: Priority,
    /// In what proportion, among those of its priority.
    pub weight: Weight,
}
