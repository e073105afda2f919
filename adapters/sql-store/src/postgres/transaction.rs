//! Transactions: those that read one moment, and those that write, one at a time.

#[cfg(feature = "sqlite")]
use std::io::Cursor;
use std::time::Duration;

use deadpool_postgres::{Client, Transaction};
#[cfg(feature = "sqlite")]
use tokio_postgres::CopyInSink;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{IsolationLevel, Row};

use super::fault::{Fault, Result, is_rolled_back};
use crate::options::Durability;

/// "WAHC": the number of the lock that a transaction holds while it writes. Other programs' locks have other numbers.
const WRITING: i32 = 0x5741_4843;
/// A transaction that lost against another one, or its connection, is tried so often in all.
pub(super) const TRIES_MAX: u32 = 5;
/// The pause before another try grows by this.
pub(super) const TRY_PAUSE: Duration = Duration::from_millis(5);

/// Which history of the server's files is being written, in SQL. A standby that takes the place of the primary begins another one, in which the
/// number of a transaction may be that of another transaction.
pub(super) const TIMELINE: &str = "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)";

pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction that has written, as the server knows it.
#[derive(Debug)]
pub(super) struct Number {
    timeline: String,
    number: String,
}

/// A transaction; dropped, it is rolled back.
pub(super) struct Tx<'a> {
    inner: Transaction<'a>,
    /// One that writes.
    number: Option<Number>,
}

/// What is known of a COMMIT.
#[must_use]
pub(super) enum Committed {
    /// It took place.
    Surely,
    /// The connection broke before the answer came. The server knows by the transaction's number; one without writes nothing.
    InDoubt {
        transaction: Option<Number>,
        error: tokio_postgres::Error,
    },
}

impl<'a> Tx<'a> {
    /// Reads the database as of one moment.
    pub(super) async fn snapshot(client: &'a mut Client) -> Result<Self> {
        let builder = client.build_transaction();
        let builder = builder
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true);
        Ok(Self {
            inner: builder.start().await?,
            number: None,
        })
    }

    /// Writes, after every other transaction that does: each statement sees whatever those before it have committed.
    pub(super) async fn write(client: &'a mut Client, durability: Durability) -> Result<Self> {
        let builder = client.build_transaction();
        let builder = builder.isolation_level(IsolationLevel::ReadCommitted);
        let mut tx = Self {
            inner: builder.start().await?,
            number: None,
        };
        let (weaker, setting) = match durability {
            Durability::Full => ("off", "on"),
            Durability::Normal => ("on", "off"),
        };
        // Whatever the server's own setting is, what is asked for holds; a stronger one than `on` is left alone. By the number its COMMIT can be
        // asked after: no connection outlives the end of a timeline, and on a standby, which has none to give, the first change is refused.
        let sql = format!(
            "SELECT pg_advisory_xact_lock($1, hashtext(current_schema())),
                    CASE current_setting('synchronous_commit') WHEN $2 THEN set_config('synchronous_commit', $3, true) END,
                    CASE WHEN NOT pg_is_in_recovery() THEN pg_current_xact_id()::text END,
                    CASE WHEN NOT pg_is_in_recovery() THEN {TIMELINE} END"
        );
        let row = tx.one(&sql, &[&WRITING, &weaker, &setting]).await?;
        let number: Option<String> = row.at(2)?;
        let known = number.zip(row.at(3)?);
        tx.number = known.map(|(number, timeline)| Number { timeline, number });
        Ok(tx)
    }

    pub(super) async fn rows(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>> {
        let statement = self.inner.prepare_cached(sql).await?;
        Ok(self.inner.query(&statement, parameters).await?)
    }

    /// The first row, where there is one.
    pub(super) async fn maybe(&self, sql: &str, parameters: Parameters<'_>) -> Result<Option<Row>> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    pub(super) async fn one(&self, sql: &str, parameters: Parameters<'_>) -> Result<Row> {
        let row = self.maybe(sql, parameters).await?;
        row.ok_or_else(|| Fault::unreadable("a database without a row that each has"))
    }

    /// How many rows were changed.
    pub(super) async fn execute(&self, sql: &str, parameters: Parameters<'_>) -> Result<u64> {
        let statement = self.inner.prepare_cached(sql).await?;
        Ok(self.inner.execute(&statement, parameters).await?)
    }

    /// Statements without parameters, such as a migration.
    pub(super) async fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.inner.batch_execute(sql).await?)
    }

    /// Rows as COPY reads them.
    #[cfg(feature = "sqlite")]
    pub(super) async fn copy_in(&self, sql: &str) -> Result<CopyInSink<Cursor<Vec<u8>>>> {
        Ok(self.inner.copy_in(sql).await?)
    }

    pub(super) async fn commit(self) -> Result<Committed> {
        let transaction = self.number;
        match self.inner.commit().await {
            Ok(()) => Ok(Committed::Surely),
            Err(error) if is_rolled_back(&error) => Err(error.into()),
            Err(error) => Ok(Committed::InDoubt { transaction, error }),
        }
    }
}

/// What the server knows of a transaction that somebody asks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Committed,
    RolledBack,
    /// It is still under way, or this server, which took the place of another, never saw it.
    Unknown,
}

pub(super) async fn fate_of(tx: &Tx<'_>, transaction: &Number) -> Result<Fate> {
    let row = tx
        .one(
            &format!(
                "SELECT CASE WHEN pg_is_in_recovery() THEN NULL WHEN {TIMELINE} = $2 THEN pg_xact_status($1::text::xid8) END"
            ),
            &[&transaction.number, &transaction.timeline],
        )
        .await?;
    Ok(match row.at::<Option<&str>>(0)? {
        Some("committed") => Fate::Committed,
        Some("aborted") => Fate::RolledBack,
        _ => Fate::Unknown,
    })
}

/// A row's columns, by their place.
pub(super) trait Columns {
    fn at<'r, T: FromSql<'r>>(&'r self, place: usize) -> Result<T>;

    /// A small number.
    fn byte(&self, place: usize) -> Result<u8> {
        u8::try_from(self.at::<i16>(place)?).map_err(Fault::unreadable)
    }

    /// A small number, where there is one.
    fn byte_or_none(&self, place: usize) -> Result<Option<u8>> {
        let number: Option<i16> = self.at(place)?;
        number
            .map(u8::try_from)
            .transpose()
            .map_err(Fault::unreadable)
    }

    /// A number that is never negative.
    fn count(&self, place: usize) -> Result<u32> {
        u32::try_from(self.at::<i32>(place)?).map_err(Fault::unreadable)
    }
}

impl Columns for Row {
    fn at<'r, T: FromSql<'r>>(&'r self, place: usize) -> Result<T> {
        Ok(self.try_get(place)?)
    }
}

/// Text as PostgreSQL takes it: it has no NUL.
pub(super) fn text(words: &str) -> String {
    words.replace('\0', "\u{fffd}")
}

/// A number for an `integer` column.
pub(super) fn int(number: u32) -> Result<i32> {
    i32::try_from(number).map_err(Fault::unreadable)
}
