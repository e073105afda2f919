//! Looks at a database without changing anything: neither the file, nor those beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use campaign_core::store::StoreError;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::fault::{Fault, Result, Trouble};
use super::lock::{RunnerLock, Seen};
use super::rows;
use super::schema::{MOVED_SINCE, beside, newest, refuse_lost, refuse_others};
use crate::seen::{LaneColumns, LaneSeen};

/// Findings are named up to here; a file that is damaged in one place is restored like one that is damaged in many.
const FINDINGS_MAX: u32 = 10;
/// A database that somebody begins to use while it is looked at is looked at again.
const LOOKS_MAX: u32 = 3;

/// What a process that sends writes to: the database, and what stands beside it.
#[cfg(unix)]
const FILES: [&str; 5] = ["", "-wal", "-shm", ".lock", ".seen"];

/// How closely a database is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// What it says about itself.
    #[default]
    Quick,
    /// Every page of it, too: as long as it takes to read the file.
    Thorough,
}

/// What a database holds, as far as that can be seen from outside.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Inspection {
    /// The size of its file, and of what has not been written into that yet.
    pub bytes: u64,
    /// The version of its schema.
    pub schema: u32,
    /// Whether that is the version that this program works with; an older one is brought up to date when it is opened.
    pub is_newest: bool,
    /// Whether it is in WAL mode, as it is while it is in use; a copy need not be.
    pub is_wal: bool,
    /// Campaigns in it.
    pub campaigns: u64,
    /// Recipients of all campaigns.
    pub deliveries: u64,
    /// The moment of the last batch.
    pub last_change: Option<Timestamp>,
    /// The accounts that it has sent from, and what was learnt about each.
    pub lanes: Vec<LaneSeen>,
    /// Who sends from it at this moment.
    pub runner: Option<String>,
    /// Where it was moved to: it is not sent from any more.
    pub moved_to: Option<String>,
    /// What is broken in it. Empty where nothing is, and where nobody looked ([`Depth::Quick`]).
    pub damage: Vec<String>,
}

/// Looks at a database that another process may be using. Nothing is made, migrated or repaired. Not for one that this process opens at the
/// same time: until the look is over, that one can only be read.
///
/// `None` for a file that holds nothing yet, as a crash leaves it between making a database and filling it: opening it goes on with that.
///
/// # Errors
/// [`StoreError::Refused`] for a file that is no database of this program, [`StoreError::TooNew`] for one of a newer version,
/// [`StoreError::Failed`] for one that cannot be read, is too damaged to be, or was lost ([`TroubleKind::Lost`](crate::TroubleKind::Lost)).
pub fn inspect(
    path: impl AsRef<Path>,
    depth: Depth,
) -> std::result::Result<Option<Inspection>, StoreError> {
    let path = path.as_ref();
    look(path, depth).map_err(|fault| fault.at(path))
}

/// Whether this user may write a database: its files and their folder, or the folder in which it would be made. Nothing is tried; where the
/// system has no such question (Windows), nothing stands in the way.
///
/// # Errors
/// [`StoreError::Failed`] for the first that may not be written.
pub fn may_write(path: impl AsRef<Path>) -> std::result::Result<(), StoreError> {
    let path = path.as_ref();
    rights(path).map_err(|fault| fault.at(path))
}

#[cfg(unix)]
fn rights(path: &Path) -> Result<()> {
    use rustix::fs::{Access, access};
    let whole = std::path::absolute(path).map_err(|error| Fault::file(path, error))?;
    let files = FILES.map(|ending| beside(&whole, ending));
    let files = files.iter().map(PathBuf::as_path).filter(|it| it.exists());
    let folder = whole.ancestors().skip(1).find(|it| it.exists());
    for it in files.chain(folder) {
        access(it, Access::WRITE_OK).map_err(|error| Fault::file(it, error.into()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn rights(_: &Path) -> Result<()> {
    Ok(())
}

/// A file without a log is read as it lies there, without a lock. What was seen of it counts where nobody has written to it meanwhile.
pub(super) fn look(path: &Path, depth: Depth) -> Result<Option<Inspection>> {
    for _ in 1..LOOKS_MAX {
        let before = as_it_lies(path);
        let found = look_once(path, depth);
        if as_it_lies(path) == before {
            return found;
        }
    }
    look_once(path, depth)
}

/// Size and time of a file without a log.
fn as_it_lies(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let metadata = fs::metadata(path).ok()?;
    let has_log = beside(path, "-wal").exists();
    (!has_log).then(|| (metadata.len(), metadata.modified().ok()))
}

fn look_once(path: &Path, depth: Depth) -> Result<Option<Inspection>> {
    refuse_lost(path)?;
    let was_sent_from = Seen::was_sent_from(path);
    let metadata = fs::metadata(path).map_err(|error| Fault::file(path, error))?;
    // Whoever uses a database in WAL mode has a log beside it. Such a file is not opened by hand: when a process closes a file, POSIX ends
    // all locks that it has on that file, SQLite's too.
    let is_wal = beside(path, "-wal").exists() || says_wal(path);
    let connection = open(path)?;
    let schema = refuse_others(&connection, path)?;
    if schema == 0 {
        return match was_sent_from {
            true => Err(Trouble::lost(path).into()),
            false => Ok(None),
        };
    }
    let number = |sql: &str| -> Result<u64> {
        let number: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        u64::try_from(number).map_err(Fault::unreadable)
    };
    let last: i64 = connection.query_row("SELECT last_wall FROM meta", [], |row| row.get(0))?;
    let waiting = fs::metadata(beside(path, "-wal")).map_or(0, |wal| wal.len());
    Ok(Some(Inspection {
        bytes: metadata.len() + waiting,
        schema,
        is_newest: schema == newest(),
        is_wal,
        campaigns: number("SELECT count(*) FROM campaign")?,
        deliveries: number("SELECT count(*) FROM delivery WHERE flags & 2 = 0")?,
        last_change: (last > 0).then(|| rows::moment(last)).transpose()?,
        lanes: lanes(&connection, schema)?,
        runner: RunnerLock::holder(path)?,
        moved_to: moved_to(&connection, schema)?,
        damage: match depth {
            Depth::Quick => Vec::new(),
            Depth::Thorough => damage(&connection),
        },
    }))
}

/// A connection that can only read.
pub(super) fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Whoever opens a database in WAL mode makes files beside it. Where they are missing nobody has it open: it can be read as
    // it lies there. Where they are, what they hold belongs to it.
    let how = match (beside(path, "-wal").exists(), beside(path, "-shm").exists()) {
        (false, _) => "immutable=1",
        (true, true) => "readonly_shm=1",
        // A log without that memory, as a copy of both files may be: SQLite reads it in no other way than by making the memory.
        (true, false) => "mode=ro",
    };
    let connection = Connection::open_with_flags(uri(path, how), flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(connection)
}

fn uri(path: &Path, how: &str) -> String {
    let path = path.to_string_lossy();
    let path = if cfg!(windows) {
        format!("/{}", path.replace('\\', "/"))
    } else {
        path.into_owned()
    };
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{path}?{how}")
}

/// The file's own word for it: a connection that takes the file as it lies there would say otherwise.
fn says_wal(path: &Path) -> bool {
    use std::io::Read;
    const READ_VERSION: usize = 19;
    let mut header = [0; READ_VERSION + 1];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[READ_VERSION] == 2
}

fn moved_to(connection: &Connection, schema: u32) -> Result<Option<String>> {
    if schema < MOVED_SINCE {
        return Ok(None);
    }
    let name = connection.query_row("SELECT name FROM moved", [], |row| row.get(0));
    Ok(name.optional()?)
}

fn damage(connection: &Connection) -> Vec<String> {
    let findings = || -> rusqlite::Result<Vec<String>> {
        let sql = format!("PRAGMA integrity_check({FINDINGS_MAX})");
        let mut statement = connection.prepare(&sql)?;
        let found = statement.query_map([], |row| row.get(0))?;
        found.collect()
    };
    match findings() {
        Ok(findings) => findings.into_iter().filter(|line| line != "ok").collect(),
        Err(error) => vec![error.to_string()],
    }
}

fn lanes(connection: &Connection, schema: u32) -> Result<Vec<LaneSeen>> {
    // What an older database has no column for, it has nothing to tell of.
    let of = |since: u32, column: &'static str| if schema >= since { column } else { "NULL" };
    let mut statement = connection.prepare(&format!(
        "SELECT account, session, trusted, store_on, hold, hold_until, {}, {}, {} FROM lane ORDER BY id",
        of(3, "cold_hold"),
        of(3, "cold_hold_until"),
        of(4, "health")
    ))?;
    let mut found = statement.query([])?;
    let mut lanes = Vec::new();
    while let Some(row) = found.next()? {
        let columns = LaneColumns {
            account: row.get(0)?,
            session: row.get(1)?,
            trusted: row.get(2)?,
            store_on: row.get(3)?,
            holds: [(row.get(4)?, row.get(5)?), (row.get(6)?, row.get(7)?)],
            health: row.get(8)?,
        };
        lanes.push(columns.seen()?);
    }
    Ok(lanes)
}
