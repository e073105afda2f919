//! How a database is opened.

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What survives.
    pub durability: Durability,
}
