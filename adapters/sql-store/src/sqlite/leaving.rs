//! A database that leaves its file for a server: it is told table by table, as of one moment in which nobody else writes, and marked.

use campaign_core::store::StoreError;
use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row, params};
use tokio::sync::mpsc;

use super::fault::{Fault, Result};
use super::lock::RunnerLock;
use super::moved::Mark;
use super::schema::set_durability;
use super::{Database, SqliteStore};
use crate::migrate::{Chunk, Table};
use crate::options::Durability;

/// Lines are handed on when they have grown to this.
const CHUNK: usize = 64 * 1024;

/// What goes along besides rows.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) message_key: [u8; 16],
    pub(crate) next_campaign: i64,
    pub(crate) silent_seq: i64,
    /// The moment of the last batch: elapsed, wall, boot.
    pub(crate) last: (i64, i64, i64),
    /// Whether this is an older copy, so that what is open has to be looked up first.
    pub(crate) is_restored: bool,
    /// The last number that a command was given.
    pub(crate) last_command: i64,
    /// Where the database went already.
    pub(crate) mark: Option<Mark>,
}

impl SqliteStore {
    /// From here on nobody sends from it and nobody else writes, until it has left, or the store is dropped.
    pub(crate) async fn begin_to_leave(&self) -> std::result::Result<Origin, StoreError> {
        self.call(Database::begin_to_leave).await
    }

    /// Sends all rows of a table.
    pub(crate) async fn tell(
        &self,
        table: &'static Table,
        chunks: mpsc::Sender<Chunk>,
    ) -> std::result::Result<(), StoreError> {
        self.call(move |database| database.tell(table, &chunks))
            .await
    }

    /// Marks it as gone, durably.
    pub(crate) async fn leave(&self, mark: Mark) -> std::result::Result<(), StoreError> {
        self.call(move |database| database.leave(&mark)).await
    }

    /// Takes the mark away: it has surely not arrived.
    pub(crate) async fn stay(&self) -> std::result::Result<(), StoreError> {
        self.call(|database| {
            database.connection.execute("DELETE FROM moved", [])?;
            Ok(())
        })
        .await
    }
}

impl Database {
    fn begin_to_leave(&mut self) -> Result<Origin> {
        let known = || self.holder_on_record().ok().flatten();
        self.lock = Some(RunnerLock::take(&self.path, known)?);
        // The mark must outlive a loss of power, or both would be sent from.
        set_durability(&self.connection, Durability::Full)?;
        self.keep_others_from_writing()?;
        let meta = self.meta()?;
        let (next_campaign, silent_seq) =
            self.connection
                .query_row("SELECT next_campaign, silent_seq FROM meta", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let last_command: Option<i64> = self
            .connection
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'command'",
                [],
                |row| row.get(0),
            )
            .optional()?;
        Ok(Origin {
            message_key: meta.message_key,
            next_campaign,
            silent_seq,
            last: crate::codes::columns(meta.last),
            is_restored: self.is_restored(&meta),
            last_command: last_command.unwrap_or_default(),
            mark: self.went_to()?,
        })
    }

    fn tell(&self, table: &Table, chunks: &mpsc::Sender<Chunk>) -> Result<()> {
        let said = table
            .columns
            .iter()
            .map(|column| table.said_by_file(column));
        let said: Vec<String> = said.collect();
        let sql = format!("SELECT {} FROM {}", said.join(", "), table.name);
        let mut statement = self.connection.prepare(&sql)?;
        let mut found = statement.query([])?;
        let mut chunk = Chunk::empty();
        while let Some(row) = found.next()? {
            chunk.add(row, said.len())?;
            if chunk.lines.len() >= CHUNK {
                send(chunks, std::mem::replace(&mut chunk, Chunk::empty()))?;
            }
        }
        send(chunks, chunk)
    }

    fn leave(&self, mark: &Mark) -> Result<()> {
        self.connection.execute(
            "INSERT OR REPLACE INTO moved (one, place, name) VALUES (1, ?, ?)",
            params![mark.place, mark.name],
        )?;
        Ok(self.connection.execute_batch("COMMIT")?)
    }
}

fn send(chunks: &mpsc::Sender<Chunk>, chunk: Chunk) -> Result<()> {
    // Whoever took them has failed, and says why.
    chunks.blocking_send(chunk).map_err(|_| Fault::Closed)
}

impl Chunk {
    fn empty() -> Self {
        Self {
            lines: Vec::with_capacity(CHUNK + CHUNK / 8),
            rows: 0,
        }
    }

    fn add(&mut self, row: &Row<'_>, columns: usize) -> Result<()> {
        for column in 0..columns {
            if column > 0 {
                self.lines.push(b'\t');
            }
            match row.get_ref(column)? {
                ValueRef::Null => self.lines.extend_from_slice(b"\\N"),
                ValueRef::Integer(number) => {
                    self.lines.extend_from_slice(number.to_string().as_bytes());
                }
                ValueRef::Text(text) => {
                    let text = std::str::from_utf8(text).map_err(Fault::unreadable)?;
                    self.add_text(text);
                }
                ValueRef::Real(_) | ValueRef::Blob(_) => {
                    return Err(Fault::unreadable("a column of another kind"));
                }
            }
        }
        self.lines.push(b'\n');
        self.rows += 1;
        Ok(())
    }

    /// As COPY reads it. PostgreSQL has no NUL in text.
    fn add_text(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'\\' => self.lines.extend_from_slice(b"\\\\"),
                b'\n' => self.lines.extend_from_slice(b"\\n"),
                b'\r' => self.lines.extend_from_slice(b"\\r"),
                b'\t' => self.lines.extend_from_slice(b"\\t"),
                0 => self.lines.extend_from_slice("\u{fffd}".as_bytes()),
                other => self.lines.push(other),
            }
        }
    }
}
