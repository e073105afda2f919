//! Opens the file: its rights, its settings, and its schema brought up to date, with a copy made first.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use campaign_core::store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OptionalExtension, params};

use super::fault::{Fault, Result, Trouble};
use super::lock::Seen;
use crate::options::{Durability, Options};
use crate::random::random;

/// "WAHC": tells our files from other programs' databases.
const APPLICATION_ID: i32 = 0x5741_4843;
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_campaigns.sql"),
    include_str!("../../migrations/sqlite/0002_operator.sql"),
    include_str!("../../migrations/sqlite/0003_slots.sql"),
    include_str!("../../migrations/sqlite/0004_people_and_sharing.sql"),
];
/// The schema that knows where a database went.
pub(super) const MOVED_SINCE: u32 = 4;
/// Another process's write is waited for this long, look by look: its longest is a page of an import.
const BUSY_LOOKS_MAX: i32 = 5_000;
const BUSY_LOOK: Duration = Duration::from_millis(1);
/// Memory of pages, whatever the size of the file.
const CACHE_KIB: i32 = 8 * 1024;

pub(super) fn open(path: &Path, options: &Options) -> Result<Connection> {
    refuse_lost(path)?;
    private_database(path)?;
    let mut connection = Connection::open(path)?;
    // SQLite makes do with reading where it may not write.
    if connection.is_readonly(MAIN_DB)? {
        return Err(Fault::file(path, io::ErrorKind::PermissionDenied.into()));
    }
    connection.set_prepared_statement_cache_capacity(128);
    // Statements find rows by keys, whatever is bound to them: without this, some are compiled anew for each value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.busy_handler(Some(|looks| {
        std::thread::sleep(BUSY_LOOK);
        looks < BUSY_LOOKS_MAX
    }))?;
    refuse_others(&connection, path)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "mmap_size", 0)?;
    keep_wal(&connection)?;
    set_durability(&connection, options.durability)?;
    migrate(&mut connection, path, MIGRATIONS)?;
    Ok(connection)
}

pub(super) fn set_durability(connection: &Connection, durability: Durability) -> Result<()> {
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    Ok(())
}

/// Refuses a database that is gone, or empty, where one was sent from: SQLite would remove what is left of its log, and whoever brings a
/// list in again would write to everybody twice.
pub(super) fn refuse_lost(path: &Path) -> Result<()> {
    // Asked first: whoever sent from a database had filled it before.
    let was_sent_from = Seen::was_sent_from(path);
    let is_empty = match fs::metadata(path) {
        Ok(found) => found.is_file() && found.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    match was_sent_from && is_empty {
        true => Err(Trouble::lost(path).into()),
        false => Ok(()),
    }
}

/// Makes sure that the database is a file that only its owner can read; SQLite gives its other files the same rights.
///
/// One that is there is not opened here. When a process closes a file, POSIX ends all locks that it has on that file, SQLite's too: another
/// process would then take itself for the last one to use the database, and remove the log under a store that is open.
fn private_database(path: &Path) -> Result<()> {
    // No thread has it open while another one still makes it.
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    match fs::metadata(path) {
        Ok(_) => {
            close_to_others(path);
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => private_file(path).map(drop),
        Err(error) => Err(Fault::file(path, error)),
    }
}

/// Opens a file that only its owner can read, and makes it where there is none. Never a database that may be in use.
pub(super) fn private_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    close_to_others(path);
    options.open(path).map_err(|error| Fault::file(path, error))
}

/// Takes the rights to a file away from all but its owner.
fn close_to_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if let Ok(metadata) = fs::metadata(path)
            && metadata.is_file()
            && metadata.permissions().mode() & 0o077 != 0
        {
            // Not the owner: the file works all the same, and its rights are the owner's matter.
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// Only a database of ours, and one that this program understands; returns its schema's version.
pub(super) fn refuse_others(connection: &Connection, path: &Path) -> Result<u32> {
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(StoreError::Refused(format!(
            "{} is a database of another program: name another file",
            path.display()
        ))
        .into());
    }
    let found = version(connection)?;
    let known = newest();
    if found > known {
        return Err(StoreError::TooNew { found, known }.into());
    }
    Ok(found)
}

/// Two processes may turn a new file to WAL at the same moment, which no busy handler waits for.
fn keep_wal(connection: &Connection) -> Result<()> {
    for look in 0.. {
        let changed: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
        match changed.map_err(Fault::from) {
            Ok(mode) if mode == "wal" => break,
            Ok(_) => {
                return Err(StoreError::Refused(
                    "this file system cannot hold the database: it needs shared memory, as local disks have it".into(),
                )
                .into());
            }
            Err(fault) if fault.is_busy() && look < BUSY_LOOKS_MAX => std::thread::sleep(BUSY_LOOK),
            Err(fault) => return Err(fault),
        }
    }
    Ok(())
}

/// The version of the schema that this program works with.
pub(super) fn newest() -> u32 {
    known(MIGRATIONS)
}

fn known(migrations: &[&str]) -> u32 {
    u32::try_from(migrations.len()).unwrap_or(u32::MAX)
}

fn version(connection: &Connection) -> Result<u32> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[&str]) -> Result<()> {
    let known = known(migrations);
    while version(connection)? < known {
        let from = version(connection)?;
        if from > 0 {
            copy(connection, &copy_path(path, from))?;
        }
        step(connection, path, from, migrations)?;
    }
    Ok(())
}

/// Brings a database up to date of which a copy is kept anyway.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<()> {
    while version(connection)? < newest() {
        let from = version(connection)?;
        step(connection, path, from, MIGRATIONS)?;
    }
    Ok(())
}

/// From one version of the schema to the next.
fn step(connection: &mut Connection, path: &Path, from: u32, migrations: &[&str]) -> Result<()> {
    let known = known(migrations);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if version(&transaction)? == from {
        // A new database is made at once: what never was in between needs no copy.
        let to = if from == 0 { known } else { from + 1 };
        for (_, migration) in (0..to).zip(migrations).skip(from as usize) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", to)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        identify(&transaction, path)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Gives a new database its identity, and the file beside it that knows it: from then on a database without that file is a copy.
fn identify(connection: &Connection, path: &Path) -> Result<()> {
    let is_known: Option<i64> = connection
        .query_row("SELECT one FROM meta", [], |row| row.get(0))
        .optional()?;
    if is_known.is_none() {
        // A file whose log was lost still has its first page.
        if Seen::was_sent_from(path) {
            return Err(Trouble::lost(path).into());
        }
        let id = random()?;
        connection.execute(
            "INSERT INTO meta (one, database_id, message_key) VALUES (1, ?, ?)",
            params![id, random()?],
        )?;
        Seen::open(path, id, 0)?;
    }
    Ok(())
}

/// Copies the whole database, as of one moment, to a file that must not hold anything yet.
pub(super) fn copy(connection: &Connection, to: &Path) -> Result<()> {
    let file = private_file(to)?;
    let length = file
        .metadata()
        .map_err(|error| Fault::file(to, error))?
        .len();
    if length > 0 {
        return Err(exists(to));
    }
    let name = to.to_str().ok_or_else(|| {
        StoreError::Refused(format!("{} is not a name that SQLite takes", to.display()))
    })?;
    let made = connection
        .execute("VACUUM INTO ?", [name])
        .map_err(Fault::from)
        .and_then(|_| file.sync_all().map_err(|error| Fault::file(to, error)));
    if made.is_err() {
        // Half a copy must not be taken for one.
        let _ = fs::remove_file(to);
    }
    made
}

pub(super) fn exists(path: &Path) -> Fault {
    let why = format!("{} exists already: name another file", path.display());
    StoreError::Refused(why).into()
}

/// `campaigns.db.v1.bak`, or the next such name that is free.
fn copy_path(path: &Path, version: u32) -> PathBuf {
    free_name(path, &format!(".v{version}"), ".bak")
}

/// A name beside the file that nothing has yet: with a number in the middle if need be.
pub(super) fn free_name(path: &Path, middle: &str, ending: &str) -> PathBuf {
    let numbered = |again: u32| match again {
        0 => beside(path, &format!("{middle}{ending}")),
        again => beside(path, &format!("{middle}.{again}{ending}")),
    };
    (0u32..)
        .map(numbered)
        // A broken link has the name too.
        .find(|name| name.symlink_metadata().is_err())
        .unwrap_or_else(|| numbered(u32::MAX))
}

/// The file of the same name with something after it.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn opened(folder: &tempfile::TempDir) -> (Connection, PathBuf) {
        let path = folder.path().join("campaigns.db");
        (open(&path, &Options::default()).unwrap(), path)
    }

    fn copies(folder: &tempfile::TempDir) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".bak"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_copy_is_made_before_a_migration_and_a_failed_one_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut connection, path) = opened(&folder);
        assert!(copies(&folder).is_empty(), "there was nothing to copy");
        let later = "ALTER TABLE lane ADD COLUMN colour TEXT";
        let broken = "ALTER TABLE lane ADD COLUMN taste TEXT; ALTER TABLE nothing ADD COLUMN x;";
        connection
            .execute(
                "INSERT INTO suppression (phone, source, since) VALUES (6281200000001, 'opt-out', 0)",
                [],
            )
            .unwrap();

        let now = known(MIGRATIONS);
        let with = |more: &[&'static str]| [MIGRATIONS, more].concat();
        let failed = migrate(&mut connection, &path, &with(&[later, broken]));
        assert!(failed.is_err());
        assert_eq!(version(&connection).unwrap(), now + 1);
        assert!(connection.prepare("SELECT colour FROM lane").is_ok());
        assert!(connection.prepare("SELECT taste FROM lane").is_err());
        let first = format!("campaigns.db.v{now}.bak");
        assert_eq!(
            copies(&folder),
            [first.clone(), format!("campaigns.db.v{}.bak", now + 1)]
        );

        let mended = with(&[later, "ALTER TABLE lane ADD COLUMN taste TEXT"]);
        migrate(&mut connection, &path, &mended).unwrap();
        assert_eq!(version(&connection).unwrap(), now + 2);
        assert_eq!(copies(&folder).len(), 3, "no copy is written over");
        let copy = Connection::open(folder.path().join(first)).unwrap();
        assert_eq!(version(&copy).unwrap(), now);
        let kept: i64 = copy
            .query_row("SELECT phone FROM suppression", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, 6_281_200_000_001);
    }

    #[test]
    fn a_newer_database_is_refused_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, path) = opened(&folder);
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        let refused = open(&path, &Options::default()).map_err(|fault| fault.at(&path));
        assert!(
            matches!(refused, Err(StoreError::TooNew { found: 99, .. })),
            "{refused:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn another_program_s_database_is_refused_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contacts.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE contact (name TEXT)")
            .unwrap();
        let before = fs::read(&path).unwrap();
        let refused = open(&path, &Options::default()).map_err(|fault| fault.at(&path));
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
        assert_eq!(fs::read(&path).unwrap(), before);
        fs::write(&path, "this is no database, whatever its name says").unwrap();
        let refused = open(&path, &Options::default()).map_err(|fault| fault.at(&path));
        let Err(StoreError::Failed(error)) = refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("not a database"), "{error}");
    }

    #[test]
    fn settings_are_those_that_were_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
            let path = folder.path().join(format!("{synchronous}.db"));
            let connection = open(
                &path,
                &Options {
                    durability,
                    ..Options::default()
                },
            )
            .unwrap();
            let setting = |name| -> i64 {
                connection
                    .pragma_query_value(None, name, |row| row.get(0))
                    .unwrap()
            };
            assert_eq!(setting("synchronous"), synchronous);
            assert_eq!(setting("cache_size"), i64::from(-CACHE_KIB));
            let mode: String = connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .unwrap();
            assert_eq!(mode, "wal");
        }
    }

    #[test]
    fn a_new_file_that_many_open_at_once_has_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("campaigns.db");
        let keys: Vec<[u8; 16]> = std::thread::scope(|scope| {
            let open = || {
                let connection = open(&path, &Options::default()).unwrap();
                connection
                    .query_row("SELECT message_key FROM meta", [], |row| row.get(0))
                    .unwrap()
            };
            let openers: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            openers
                .into_iter()
                .map(|opener| opener.join().unwrap())
                .collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        assert_ne!(keys[0], [0; 16]);
    }
}
