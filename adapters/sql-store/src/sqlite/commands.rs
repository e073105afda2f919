//! Commands and their answers, and the runner's word: what other processes write beside the runner.

use campaign_core::store::{Answer, Command, CommandId, RunnerWord};
use rusqlite::{OptionalExtension, params};

use super::Database;
use super::fault::Result;
use super::lock::RunnerLock;

/// The open commands as last read. They are asked for several times a second and hardly ever change: SQLite tells for next to
/// nothing whether another connection has written.
#[derive(Debug, Default)]
pub(super) struct OpenCommands {
    read: Option<(i64, Vec<(CommandId, Command)>)>,
}

impl OpenCommands {
    /// This connection has written some.
    pub(super) fn forget(&mut self) {
        self.read = None;
    }
}

impl Database {
    pub(super) fn submit(&mut self, command: &Command) -> Result<CommandId> {
        self.commands.forget();
        self.together(|| {
            self.connection
                .prepare_cached("INSERT INTO command (body) VALUES (?)")?
                .execute([serde_json::to_string(command)?])?;
            let id = self.connection.last_insert_rowid();
            Ok(CommandId(id.cast_unsigned()))
        })
    }

    pub(super) fn open_commands(&mut self) -> Result<Vec<(CommandId, Command)>> {
        let version: i64 = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if let Some((read, commands)) = &self.commands.read
            && *read == version
        {
            return Ok(commands.clone());
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, body FROM command WHERE answer IS NULL ORDER BY id")?;
        let mut commands = Vec::new();
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let id: i64 = row.get(0)?;
            let body: String = row.get(1)?;
            commands.push((CommandId(id.cast_unsigned()), serde_json::from_str(&body)?));
        }
        self.commands.read = Some((version, commands.clone()));
        Ok(commands)
    }

    /// This is an older copy: what it holds open may have been done in the time that it does not know of.
    pub(super) fn refuse_what_sends_again(&self) -> Result<()> {
        let open = self
            .connection
            .prepare("SELECT id, body FROM command WHERE answer IS NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
        let answer = serde_json::to_string(&Answer::may_have_been_done())?;
        for (id, body) in open {
            let command: Command = serde_json::from_str(&body)?;
            if command.sends_again() {
                self.connection
                    .prepare_cached("UPDATE command SET answer = ? WHERE id = ?")?
                    .execute(params![answer, id])?;
            }
        }
        Ok(())
    }

    pub(super) fn answer(&self, command: CommandId) -> Result<Option<Answer>> {
        let answer: Option<Option<String>> = self
            .connection
            .prepare_cached("SELECT answer FROM command WHERE id = ?")?
            .query_row([command.0.cast_signed()], |row| row.get(0))
            .optional()?;
        Ok(answer
            .flatten()
            .map(|answer| serde_json::from_str(&answer))
            .transpose()?)
    }

    pub(super) fn publish(&self, word: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE runner SET word = ?")?
            .execute([word])?;
        Ok(())
    }

    pub(super) fn runner(&self) -> Result<Option<RunnerWord>> {
        if self.lock.is_none() && !RunnerLock::is_held(&self.path)? {
            return Ok(None);
        }
        let found = self
            .connection
            .prepare_cached("SELECT holder, word FROM runner")?
            .query_row([], |row| {
                Ok(RunnerWord {
                    holder: row.get(0)?,
                    word: row.get(1)?,
                })
            })
            .optional()?;
        Ok(found)
    }

    pub(super) fn holder_on_record(&self) -> Result<Option<String>> {
        Ok(self
            .connection
            .prepare_cached("SELECT holder FROM runner")?
            .query_row([], |row| row.get(0))
            .optional()?)
    }

    /// Does everything in one transaction, or nothing.
    pub(super) fn together<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.begin()?;
        let done = work().and_then(|done| {
            self.connection.execute_batch("COMMIT")?;
            Ok(done)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }
}
