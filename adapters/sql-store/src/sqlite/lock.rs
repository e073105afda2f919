//! The runner's lock, and the file that remembers how far this database has come.
//!
//! The lock is the system's own on a file beside the database, so that it ends with its process. The other file holds the
//! number of the last batch that may have sent something: a database behind it is an older copy of itself.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use campaign_core::store::StoreError;

use super::fault::{Fault, Result};
use super::schema::{beside, private_file};
use crate::holder::{holder, somebody};

/// Others only look whether the lock is held; that takes them a moment.
const LOOKS_MAX: u32 = 10;
const LOOK: Duration = Duration::from_millis(20);

/// Held by the one process that sends.
#[derive(Debug)]
pub(super) struct RunnerLock {
    _file: File,
}

impl RunnerLock {
    /// Takes it.
    ///
    /// # Errors
    /// [`StoreError::RunnerBusy`] with who holds it; `known` names them where the file cannot be read (Windows).
    pub(super) fn take(path: &Path, known: impl FnOnce() -> Option<String>) -> Result<Self> {
        let path = beside(path, ".lock");
        let mut file = private_file(&path)?;
        let mut looks = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if looks < LOOKS_MAX => {
                    looks += 1;
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = named_in(&path).or_else(known).unwrap_or_else(somebody);
                    return Err(StoreError::RunnerBusy { holder }.into());
                }
                Err(TryLockError::Error(error)) => return Err(Fault::file(&path, error)),
            }
        }
        let named = file
            .set_len(0)
            .and_then(|()| file.write_all(holder().as_bytes()));
        named.map_err(|error| Fault::file(&path, error))?;
        Ok(Self { _file: file })
    }

    /// Whether some process holds it.
    pub(super) fn is_held(path: &Path) -> Result<bool> {
        Ok(Self::holder(path)?.is_some())
    }

    /// Who holds it, if anybody does.
    pub(super) fn holder(path: &Path) -> Result<Option<String>> {
        let path = beside(path, ".lock");
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::file(&path, error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(named_in(&path).unwrap_or_else(somebody))),
            Err(TryLockError::Error(error)) => Err(Fault::file(&path, error)),
        }
    }
}

fn named_in(lock: &Path) -> Option<String> {
    let text = fs::read_to_string(lock).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The database's number and its last batch that may have sent something, in one line of fixed length.
#[derive(Debug)]
pub(super) struct Seen {
    file: File,
    path: PathBuf,
    database: [u8; 16],
}

impl Seen {
    const LENGTH: usize = 32 + 1 + 20 + 1;

    /// What the file beside the database says: the last batch of this database, if it is of this database at all.
    pub(super) fn read(path: &Path, database: [u8; 16]) -> Option<u64> {
        let (id, batch) = Self::line(path)?;
        (id == hex(database)).then_some(batch)
    }

    /// Whether anything was sent from the database that was here last, whichever that was.
    pub(super) fn was_sent_from(path: &Path) -> bool {
        Self::line(path).is_some_and(|(_, batch)| batch > 0)
    }

    fn line(path: &Path) -> Option<(String, u64)> {
        let mut text = String::new();
        File::open(beside(path, ".seen"))
            .ok()?
            .take(Self::LENGTH as u64)
            .read_to_string(&mut text)
            .ok()?;
        let (id, batch) = text.trim_end().split_once(' ')?;
        Some((id.to_owned(), batch.trim_start().parse().ok()?))
    }

    /// Opens the file to be written from now on.
    pub(super) fn open(path: &Path, database: [u8; 16], batch: u64) -> Result<Self> {
        let path = beside(path, ".seen");
        let mut seen = Self {
            file: private_file(&path)?,
            path,
            database,
        };
        seen.write(batch)?;
        seen.file
            .set_len(Self::LENGTH as u64)
            .and_then(|()| seen.file.sync_all())
            .map_err(|error| Fault::file(&seen.path, error))?;
        Ok(seen)
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used)]
    pub(super) fn that_cannot_be_written(path: &Path) -> Self {
        Self {
            file: File::open(path).unwrap(),
            path: path.to_path_buf(),
            database: [0; 16],
        }
    }

    /// Remembers a batch. It outlives the process at once and the machine a little later: after a loss of power it may lag behind,
    /// which only means that an older copy of the very last moments is not recognised.
    pub(super) fn write(&mut self, batch: u64) -> Result<()> {
        let line = format!("{} {batch:20}\n", hex(self.database));
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(line.as_bytes()))
            .map_err(|error| Fault::file(&self.path, error))
    }
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}
