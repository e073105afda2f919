//! Where the whole path keeps its record: a file of SQLite, or a PostgreSQL of the bench's own with everything durable.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use campaign_core::store::Store;
use sql_store::{Durability, Options, PostgresStore, SqliteStore};

use self::cluster::Cluster;
use crate::Failure;
use crate::process::cpu_time_of_family;

#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared with the tests, where a server that does not start is the end"
)]
#[path = "../../adapters/sql-store/tests/cluster/mod.rs"]
mod cluster;

/// A database that can be opened again and again.
#[derive(Debug, Clone)]
pub enum Base {
    /// In this file.
    Sqlite(PathBuf),
    /// At this address.
    Postgres(String),
}

impl Base {
    /// As an argument of a process.
    ///
    /// # Errors
    /// When its path is no text.
    pub fn argument(&self) -> Result<String, Failure> {
        match self {
            Self::Sqlite(file) => Ok(file.to_str().ok_or("a path that is no text")?.to_owned()),
            Self::Postgres(url) => Ok(url.clone()),
        }
    }

    /// From such an argument.
    pub fn named(argument: &str) -> Self {
        if argument.starts_with("postgres:") {
            Self::Postgres(argument.to_owned())
        } else {
            Self::Sqlite(argument.into())
        }
    }

    /// Opens it, and makes it where it is not there.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn open(&self, durability: Durability) -> Result<Arc<dyn Store>, Failure> {
        let options = Options {
            durability,
            ..Options::default()
        };
        Ok(match self {
            Self::Sqlite(file) => Arc::new(SqliteStore::open(file, options)?),
            Self::Postgres(url) => Arc::new(PostgresStore::open(url, options).await?),
        })
    }
}

/// A PostgreSQL server that nobody else uses. It keeps what it holds in a temporary folder (`TMPDIR`), which must be on a disk.
pub struct Server(Cluster);

impl Server {
    /// Starts it; `None`, and a word about it, where PostgreSQL is not installed.
    pub fn start() -> Option<Self> {
        let cluster = Cluster::start("-c fsync=on", |_| {});
        if cluster.is_none() {
            println!("skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)\n");
        }
        cluster.map(Self)
    }

    /// A new database.
    pub fn create(&self) -> Database<'_> {
        let name = self.0.new_name();
        self.0.create(&name);
        Database { server: self, name }
    }

    /// The time that its processes have spent on processors, where the system says so.
    pub fn cpu_time(&self) -> Option<Duration> {
        let file = self.0.folder().join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).ok()?;
        cpu_time_of_family(text.lines().next()?.trim().parse().ok()?)
    }
}

/// A database of the server, there as long as the value is.
pub struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl Database<'_> {
    /// To open it by.
    pub fn base(&self) -> Base {
        Base::Postgres(self.url())
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.server.0.url(&self.name)
    }

    /// How many bytes it takes on the disk.
    ///
    /// # Errors
    /// When the server does not say.
    pub fn bytes(&self) -> Result<u64, Failure> {
        self.number("SELECT pg_database_size(current_database())")
    }

    /// How many bytes the server has written ahead (WAL) so far.
    ///
    /// # Errors
    /// When the server does not say.
    pub fn written_ahead(&self) -> Result<u64, Failure> {
        self.number("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint")
    }

    /// Writes its dump, as text, to a file.
    pub fn dump(&self, to: &Path) {
        self.server.0.dump(&self.name, to);
    }

    fn number(&self, sql: &str) -> Result<u64, Failure> {
        Ok(self.server.0.sql(&self.name, sql).parse()?)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        self.server.0.remove(&self.name);
    }
}
