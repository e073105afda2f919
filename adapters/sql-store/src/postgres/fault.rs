//! What can go wrong in PostgreSQL, in words that say what to do.

use campaign_core::store::StoreError;
use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::error::{Severity, SqlState};

use crate::codes::Unreadable;

/// What the server says when it ends a connection.
const ENDED: [SqlState; 3] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
];

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A failure inside the store; becomes a [`StoreError`] at its edge.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{}{}", advice(error), words(error))]
    Sql {
        #[from]
        error: tokio_postgres::Error,
    },
    #[error("no connection to PostgreSQL came free")]
    NoConnection,
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// What was read has been changed by somebody since: reading it anew tells how.
    #[error("another process changed the same rows again and again")]
    Overtaken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault {
    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unreadable(Unreadable::new(what))
    }

    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Store(StoreError::Refused(why.into()))
    }

    /// Nothing of the transaction took place, and the same once more may go through.
    pub(super) fn is_conflict(&self) -> bool {
        match self {
            Self::Overtaken => true,
            Self::Sql { error } => error.code().is_some_and(|code| {
                *code == SqlState::T_R_SERIALIZATION_FAILURE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED
                    // Of several statements under way at once another one has failed, and its own word may say more the next time.
                    || *code == SqlState::IN_FAILED_SQL_TRANSACTION
            }),
            _ => false,
        }
    }

    /// The connection broke, or the server closed it. Unless a COMMIT was on its way, nothing took place.
    pub(super) fn is_lost(&self) -> bool {
        let Self::Sql { error } = self else {
            return false;
        };
        match error.as_db_error() {
            Some(told) => ENDED.contains(told.code()),
            None => error.is_closed(),
        }
    }

    /// This connection takes no changes, which another one may: the primary may be elsewhere by now, or the setting may be another one.
    pub(super) fn is_read_only(&self) -> bool {
        matches!(self, Self::Sql { error } if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION))
    }

    /// The error that callers get.
    pub(super) fn told(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            other => StoreError::Failed(Box::new(other)),
        }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::unreadable(error)
    }
}

impl From<PoolError> for Fault {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            _ => Self::NoConnection,
        }
    }
}

/// Whether the server has said that a COMMIT did not take place. A connection that broke, or that the server is closing, says nothing.
pub(super) fn is_rolled_back(error: &tokio_postgres::Error) -> bool {
    let severity = error.as_db_error().map(|error| error.parsed_severity());
    severity == Some(Some(Severity::Error))
}

/// What the server said, or what came between. Its details are left out: they quote rows, and so phone numbers.
fn words(error: &tokio_postgres::Error) -> String {
    if let Some(told) = error.as_db_error() {
        return told.message().to_owned();
    }
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        words = format!("{words}: {deeper}");
        cause = deeper.source();
    }
    words
}

fn advice(error: &tokio_postgres::Error) -> &'static str {
    let Some(code) = error.code() else {
        return if error.is_closed() {
            "the connection to PostgreSQL was lost: "
        } else {
            "PostgreSQL cannot be reached, or gave no answer: "
        };
    };
    match code.code().get(..2) {
        Some("28") => "PostgreSQL does not let this user in, look at its name and password: ",
        Some("3D") => "there is no such database, create it first: ",
        Some("42") if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            "this user may not do that, it must own the schema of the store: "
        }
        Some("53") if *code == SqlState::DISK_FULL => {
            "the disk of PostgreSQL is full, free some space: "
        }
        Some("53") => "PostgreSQL has not enough of something, such as connections: ",
        Some("57") if *code == SqlState::QUERY_CANCELED => {
            "PostgreSQL broke off a statement, look at its statement_timeout and at who cancels statements: "
        }
        Some("57") => "PostgreSQL is being stopped or started: ",
        Some("25") if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            "PostgreSQL takes no changes here, connect to the primary, or look at default_transaction_read_only: "
        }
        Some("23") => "the database contradicts itself, restore a backup: ",
        Some("XX") => "the database is damaged, restore a backup: ",
        _ => "",
    }
}
