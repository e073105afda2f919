//! How a database is opened.

use std::time::Duration;

use campaign_core::store::LEASE;

/// What survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Every batch survives a loss of power: `synchronous=FULL` in SQLite, `synchronous_commit=on` in PostgreSQL.
    #[default]
    Full,
    /// Every batch survives the end of the process; a loss of power may cost the last ones, and with them the promise that nobody gets
    /// a message twice: `synchronous=NORMAL` in SQLite, `synchronous_commit=off` in PostgreSQL.
    Normal,
}

/// How a database is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What survives.
    pub durability: Durability,
    /// For how long a worker has its lease from when it renewed it, the same for all of a database. A shorter one lets others take over a dead
    /// worker's sessions sooner; within a third of it, what a living one has written must have arrived. In SQLite there are no workers.
    pub lease: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            lease: LEASE,
        }
    }
}
