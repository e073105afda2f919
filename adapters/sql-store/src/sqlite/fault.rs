//! What can go wrong in SQLite, in words that say what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use campaign_core::store::StoreError;
use rusqlite::ErrorCode;

use super::schema::beside;
use crate::codes::Unreadable;

pub(super) type Result<T> = std::result::Result<T, Fault>;

/// A failure inside the store; becomes a [`StoreError`] at its edge.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{}{error}", advice(kind_of(.error)))]
    Sql {
        #[from]
        error: rusqlite::Error,
    },
    #[error("{}the file {}: {source}", advice(kind_of_file(source)), path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("the store has been closed")]
    Closed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault {
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_path_buf(),
            source,
        }
    }

    pub(super) fn unreadable(what: impl fmt::Display) -> Self {
        Self::Unreadable(Unreadable::new(what))
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql { error } if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// Of a copy: whether it is the new file that could not be written, not the old one that could not be read.
    pub(super) fn is_about_writing(&self) -> bool {
        use TroubleKind::{CannotOpen, Disk, Full, ReadOnly};
        matches!(self, Self::Sql { error } if matches!(kind_of(error), CannotOpen | Disk | Full | ReadOnly))
    }

    /// The error that callers get, with the file that it is about.
    pub(super) fn at(self, database: &Path) -> StoreError {
        let detail = self.to_string();
        let (path, kind) = match self {
            Self::Store(error) => return error,
            Self::Closed => return StoreError::Failed(detail.into()),
            Self::Sql { error } => (database.to_path_buf(), kind_of(&error)),
            Self::File { path, source } => (path, kind_of_file(&source)),
            Self::Unreadable(_) => (database.to_path_buf(), TroubleKind::Damaged),
        };
        StoreError::Failed(Box::new(Trouble { path, kind, detail }))
    }

    /// The same when it cannot be told whether something was saved.
    pub(super) fn in_doubt_at(self, database: &Path) -> StoreError {
        match self.at(database) {
            StoreError::Failed(source) => StoreError::Unknown(source),
            other => StoreError::Unknown(Box::new(other)),
        }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::unreadable(error)
    }
}

/// What is wrong with a database's file. It travels as the source of [`StoreError::Failed`], and of [`StoreError::Unknown`].
#[derive(Debug)]
pub struct Trouble {
    path: PathBuf,
    kind: TroubleKind,
    detail: String,
}

/// What is wrong with a file, told apart by what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TroubleKind {
    /// Another process holds it.
    Locked,
    /// This user may not write it, or its folder.
    ReadOnly,
    /// The disk is full.
    Full,
    /// The disk fails to read or write: also when a quota or a limit of file sizes is used up, which SQLite does not tell apart.
    Disk,
    /// It has been damaged.
    Damaged,
    /// It is something else.
    NotADatabase,
    /// It is not there, or cannot be opened.
    CannotOpen,
    /// It is not there, or empty, and the file beside it says that messages were sent from it.
    Lost,
    /// Anything else.
    Other,
}

impl Trouble {
    /// What is wrong with this error's file, if that is what it is about.
    pub fn of(error: &StoreError) -> Option<&Self> {
        match error {
            StoreError::Failed(source) | StoreError::Unknown(source) => source.downcast_ref(),
            _ => None,
        }
    }

    /// What kind of trouble an error is, if it is about a file at all.
    pub fn kind_of(error: &StoreError) -> Option<TroubleKind> {
        Self::of(error).map(Self::kind)
    }

    pub(super) fn damaged(path: &Path, findings: &[String]) -> StoreError {
        StoreError::Failed(Box::new(Self {
            path: path.to_path_buf(),
            kind: TroubleKind::Damaged,
            detail: findings.join("; "),
        }))
    }

    pub(super) fn lost(path: &Path) -> StoreError {
        StoreError::Failed(Box::new(Self {
            path: path.to_path_buf(),
            kind: TroubleKind::Lost,
            detail: format!(
                "{}it is missing or empty, and {} says that messages were sent from it",
                advice(TroubleKind::Lost),
                beside(path, ".seen").display()
            ),
        }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What to do about it depends on this.
    pub fn kind(&self) -> TroubleKind {
        self.kind
    }

    /// What SQLite or the system says.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.detail)
    }
}

impl std::error::Error for Trouble {}

fn kind_of(error: &rusqlite::Error) -> TroubleKind {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => TroubleKind::Locked,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => TroubleKind::ReadOnly,
        Some(ErrorCode::DiskFull) => TroubleKind::Full,
        Some(ErrorCode::SystemIoFailure) => TroubleKind::Disk,
        // Rows that contradict each other were not written by us: pages of different moments make such a database.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => TroubleKind::Damaged,
        Some(ErrorCode::NotADatabase) => TroubleKind::NotADatabase,
        Some(ErrorCode::CannotOpen) => TroubleKind::CannotOpen,
        _ => TroubleKind::Other,
    }
}

fn kind_of_file(error: &io::Error) -> TroubleKind {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            TroubleKind::ReadOnly
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            TroubleKind::Full
        }
        io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            TroubleKind::CannotOpen
        }
        _ if is_of_the_disk(error) => TroubleKind::Disk,
        _ => TroubleKind::Other,
    }
}

/// A disk that fails has a number of the system's, and no kind.
#[cfg(unix)]
fn is_of_the_disk(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::IO)
}

#[cfg(not(unix))]
fn is_of_the_disk(_: &io::Error) -> bool {
    false
}

fn advice(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::Full => "the disk is full, free some space: ",
        TroubleKind::Disk => "the disk failed to read or write, look at its health and at quotas: ",
        TroubleKind::Locked => {
            "another process kept the database locked for too long, close it and try again: "
        }
        TroubleKind::ReadOnly => {
            "the database cannot be written by this user, give it the file and its folder: "
        }
        TroubleKind::CannotOpen => {
            "the database cannot be opened, check its path and the permissions: "
        }
        TroubleKind::NotADatabase => {
            "this is not a database, name another file or restore a backup: "
        }
        TroubleKind::Damaged => "the database is damaged, restore a backup: ",
        TroubleKind::Lost => {
            "the database was lost, restore a backup, or remove the file .seen beside it to begin anew without knowing who was written to: "
        }
        TroubleKind::Other => "",
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_file_says_what_to_do() {
        use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem, StorageFull};
        let table: [(io::Error, &str); 5] = [
            (PermissionDenied.into(), "give it the file and its folder"),
            (ReadOnlyFilesystem.into(), "give it the file and its folder"),
            (StorageFull.into(), "free some space"),
            (NotFound.into(), "check its path"),
            (rustix::io::Errno::IO.into(), "look at its health"),
        ];
        for (error, what_to_do) in table {
            let path = Path::new("campaigns.db.seen");
            let told = Fault::file(path, error).at(Path::new("campaigns.db"));
            let told = told.to_string();
            assert!(
                told.contains(what_to_do) && told.contains("campaigns.db.seen"),
                "{told}"
            );
        }
    }
}
