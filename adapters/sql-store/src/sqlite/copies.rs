//! Backups, and bringing one back. Files get their names when they are whole, and nothing that is there is ever written over.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use campaign_core::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::{Fault, Result, Trouble};
use super::inspect::{self, Depth, Inspection, look};
use super::lock::RunnerLock;
use super::schema::{
    MOVED_SINCE, beside, bring_up_to_date, copy, exists, free_name, refuse_others,
};
use super::since::{self, Since};

/// What becomes of a database that is in the place of the one that is brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// It stays, and nothing is brought back.
    #[default]
    Refuse,
    /// It is kept beside, under a name that is free.
    Keep,
}

/// What was brought back.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Restored {
    /// What the database holds now.
    pub inspection: Inspection,
    /// Where the one that was there before is kept.
    pub kept: Option<PathBuf>,
    /// What the one that was there before knew besides; `None` where there was none, and what became known after the backup was made is
    /// known nowhere.
    pub since: Option<Since>,
}

/// Copies a database to a new file, and reads the copy through.
pub(super) fn back_up(connection: &Connection, to: &Path) -> Result<Inspection> {
    // The name is taken first and filled last: a file of that name that holds anything is whole.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(to) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(to)),
        Err(error) => return Err(Fault::file(to, error)),
    }
    let part = free_name(to, "", ".part");
    let made = copy(connection, &part)
        .and_then(|()| whole(&part))
        .and_then(|inspection| {
            give_name(&part, to)?;
            Ok(inspection)
        });
    if made.is_err() {
        remove(&part);
        remove(to);
    }
    made.map_err(|fault| match fault.is_about_writing() {
        true => fault.at(to).into(),
        false => fault,
    })
}

/// Puts a backup in the place of a database.
///
/// What comes back is a database of its own: the next process that sends from it looks up whatever was not settled in it before
/// it sends anything. Whom the database that is replaced must not write to, the new one must not write to either ([`Since`]): opt-outs that
/// came after the backup was made are not lost with the file. A crash at any moment leaves the one that was there, or the one that was brought back.
///
/// # Errors
/// [`StoreError::RunnerBusy`] while a process sends from `to`; [`StoreError::Refused`] when there is a database that is not to be replaced,
/// or `from` is no database of this program; [`StoreError::TooNew`] when it is a newer version's; [`StoreError::Failed`] when it is damaged,
/// when another process has `to` open, or when a file cannot be read or written. What was at `to` is there as it was.
pub fn restore(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    existing: Existing,
) -> std::result::Result<Restored, StoreError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let found = whole(from).map_err(|fault| fault.at(from))?;
    if found.runner.is_some() || is_same(from, to) {
        let why = format!(
            "{} is a database in use, not a copy: make one with backup",
            from.display()
        );
        return Err(StoreError::Refused(why));
    }
    let _lock = RunnerLock::take(to, || None).map_err(|fault| fault.at(to))?;
    let is_there = to.symlink_metadata().is_ok();
    if is_there && existing == Existing::Refuse {
        let why = format!("there is a database already: {}", to.display());
        return Err(StoreError::Refused(why));
    }
    let new = free_name(to, "", ".restoring");
    let made = bring(from, &new).map_err(|fault| match fault.is_about_writing() {
        true => fault.at(to),
        false => fault.at(from),
    });
    let placed = made.and_then(|mut inspection| {
        let mut finish = || -> Result<Restored> {
            // Nobody else has it open from here on, or nothing is replaced.
            let since = match is_there {
                true => {
                    bring_together(to)?;
                    Some(learn(to, &new)?)
                }
                false => None,
            };
            inspection.bytes = fs::metadata(&new)
                .map_err(|error| Fault::file(&new, error))?
                .len();
            let kept = place(&new, to, is_there)?;
            Ok(Restored {
                inspection: inspection.clone(),
                kept,
                since,
            })
        };
        finish().map_err(|fault| fault.at(to))
    });
    if placed.is_err() {
        remove(&new);
    }
    placed
}

/// What it holds, when nothing in it is broken.
fn whole(path: &Path) -> Result<Inspection> {
    let inspection = look(path, Depth::Thorough)?.ok_or_else(|| {
        let why = format!("{} holds no campaigns: name another file", path.display());
        StoreError::Refused(why)
    })?;
    if !inspection.damage.is_empty() {
        return Err(Trouble::damaged(path, &inspection.damage).into());
    }
    Ok(inspection)
}

/// Makes the database that will be put in place.
fn bring(from: &Path, new: &Path) -> Result<Inspection> {
    copy(&inspect::open(from)?, new)?;
    {
        let connection = Connection::open(new)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // The file beside the database knows it only where batches were made since; a copy of this very moment would look the same.
        connection.execute("UPDATE meta SET is_marked_restored = 1", [])?;
        // A database that went to a server is an older copy of what is there, if that is brought back.
        if refuse_others(&connection, new)? >= MOVED_SINCE {
            connection.execute("DELETE FROM moved", [])?;
        }
    }
    whole(new)
}

/// Tells the new database what the one that it replaces knew besides.
fn learn(to: &Path, new: &Path) -> Result<Since> {
    let mut connection = Connection::open(new)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    bring_up_to_date(&mut connection, new)?;
    since::take_over(to, &mut connection)
}

/// Sets aside what is there and gives the new one its name.
fn place(new: &Path, to: &Path, is_there: bool) -> Result<Option<PathBuf>> {
    let kept = match is_there {
        true => Some(set_aside(to)?),
        false => None,
    };
    // What is left of another database's log would be taken for this one's.
    for ending in ["-wal", "-shm"] {
        let left = beside(to, ending);
        if left.symlink_metadata().is_ok() {
            let aside = match &kept {
                Some(kept) => beside(kept, ending),
                None => free_name(&left, "", ".stale"),
            };
            fs::rename(&left, &aside).map_err(|error| Fault::file(&left, error))?;
        }
    }
    if let Err(fault) = give_name(new, to) {
        if let Some(kept) = kept.filter(|_| !to.exists()) {
            // Nothing more can be done where this fails too: the message names the file.
            let _ = fs::rename(kept, to);
        }
        return Err(fault);
    }
    Ok(kept)
}

/// Gives the database that is there a second name, or another one where a file has but one.
fn set_aside(to: &Path) -> Result<PathBuf> {
    bring_together(to)?;
    let kept = free_name(to, ".before-restore", "");
    // With two names there is no moment without a database, in which somebody would make an empty one.
    fs::hard_link(to, &kept)
        .or_else(|_| fs::rename(to, &kept))
        .map_err(|error| Fault::file(to, error))?;
    Ok(kept)
}

/// Writes what is only in the log into the file. This succeeds when nobody else has it open, and then nobody's log is left.
fn bring_together(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let together = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(2))?;
        connection.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))
    };
    match together() {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            Err(error.into())
        }
        // A database that is broken is kept as it is: it may be why another one is brought back.
        _ => Ok(()),
    }
}

fn give_name(file: &Path, name: &Path) -> Result<()> {
    fs::rename(file, name).map_err(|error| Fault::file(name, error))?;
    sync_folder(name).map_err(|error| Fault::file(name, error))
}

/// A name survives a loss of power when its folder has been written.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Takes away what this call made and could not finish.
fn remove(path: &Path) {
    for ending in ["", "-journal"] {
        let _absent = fs::remove_file(beside(path, ending));
    }
}
