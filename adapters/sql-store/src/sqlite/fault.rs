//! What can go wrong in SQLite, in words that say what to do.

use std::path::Path;

use campaign_core::store::StoreError;
use rusqlite::ErrorCode;

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A failure inside the store; becomes a [`StoreError`] at its edge.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{}{error}", advice(.error))]
    Sql {
        #[from]
        error: rusqlite::Error,
    },
    #[error("the file {path}: {source}")]
    File {
        path: String,
        source: std::io::Error,
    },
    #[error("the database holds something this program cannot read: {0}")]
    Unreadable(String),
    #[error("the store has been closed")]
    Closed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.display().to_string(),
            source,
        }
    }

    pub(super) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unreadable(what.to_string())
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql { error } if is(error, ErrorCode::DatabaseBusy))
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::unreadable(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            other => StoreError::Failed(Box::new(other)),
        }
    }
}

fn is(error: &rusqlite::Error, code: ErrorCode) -> bool {
    error.sqlite_error_code() == Some(code)
}

fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full, free some space: ",
        Some(ErrorCode::SystemIoFailure) => "the disk failed to read or write: ",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process kept the database locked for too long: "
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "the database cannot be written by this user: "
        }
        Some(ErrorCode::CannotOpen) => "the database cannot be opened: ",
        Some(ErrorCode::NotADatabase) => "this file is not a database: ",
        Some(ErrorCode::DatabaseCorrupt) => "the database is damaged, restore a backup: ",
        _ => "",
    }
}
