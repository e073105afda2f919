//! Accepted deliveries that no ack followed. Attempts are considered once, in the order in which they began; a few that end
//! late, or are accepted late, get another turn.

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::delivery::{Happening, State, apply};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::Database;
use super::fault::Result;
use super::moves::Moves;
use super::rows;

/// Attempts read in one call, however few of them are silent.
const ATTEMPTS_MAX: usize = 2_000;

impl Database {
    pub(super) fn mark_silent(&mut self, before: Timestamp, limit: u32) -> Result<u32> {
        let before = rows::micros(before);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = self.unheard(before)?;
        let next = self.next_attempts(before)?;
        let went_through = next.len() >= ATTEMPTS_MAX;
        found.extend(next);
        let accepted = found
            .iter()
            .enumerate()
            .filter(|(_, attempt)| attempt.is_accepted);
        if let Some((place, _)) = accepted.clone().nth(limit) {
            found.truncate(place);
        }
        if found.is_empty() {
            return Ok(0);
        }
        self.begin()?;
        let marked = self.mark(&found);
        if let Err(fault) = marked.and_then(|()| Ok(self.connection.execute_batch("COMMIT")?)) {
            self.roll_back();
            return Err(fault);
        }
        let accepted = found.iter().filter(|attempt| attempt.is_accepted).count();
        Ok(u32::try_from(accepted)
            .unwrap_or(u32::MAX)
            .max(u32::from(went_through)))
    }

    /// Those that wait for another turn, and whose turn it is.
    fn unheard(&self, before: i64) -> Result<Vec<Attempt>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, a.delivery, d.attempt = seq AND state = ?
             FROM unheard u CROSS JOIN attempt a ON a.seq = u.attempt CROSS JOIN delivery d ON d.id = a.delivery
             WHERE ended_wall < ? ORDER BY seq LIMIT ?",
        )?;
        let mut rows =
            statement.query(params![State::Accepted as u8, before, ATTEMPTS_MAX as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Attempt {
                seq: row.get(0)?,
                delivery: row.get(1)?,
                is_again: true,
                is_over: true,
                is_accepted: row.get(2)?,
            });
        }
        Ok(found)
    }

    /// The next ones, up to the last of them that can have ended before: that began before.
    fn next_attempts(&self, before: i64) -> Result<Vec<Attempt>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, a.delivery, d.attempt = seq AND state = ?, ended_wall, started_wall
             FROM attempt a CROSS JOIN delivery d ON d.id = a.delivery
             WHERE seq > (SELECT silent_seq FROM meta) ORDER BY seq LIMIT ?",
        )?;
        let mut rows = statement.query(params![State::Accepted as u8, ATTEMPTS_MAX as i64])?;
        let mut found = Vec::new();
        let mut began = Vec::new();
        while let Some(row) = rows.next()? {
            let ended: Option<i64> = row.get(3)?;
            let is_over = ended.is_some_and(|ended| ended < before);
            found.push(Attempt {
                seq: row.get(0)?,
                delivery: row.get(1)?,
                is_again: false,
                is_over,
                is_accepted: is_over && row.get(2)?,
            });
            began.push(row.get::<_, i64>(4)?);
        }
        let due = began.iter().rposition(|began| *began < before);
        if due.is_none() && found.len() >= ATTEMPTS_MAX && self.clock_went_back(&began)? {
            return Ok(found);
        }
        found.truncate(due.map_or(0, |last| last + 1));
        Ok(found)
    }

    /// Whether these began at moments that have not come yet, for somebody has set the clock back since: they get another turn.
    fn clock_went_back(&self, began: &[i64]) -> Result<bool> {
        let newest: Option<i64> = self
            .connection
            .query_row(
                "SELECT started_wall FROM attempt ORDER BY seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?;
        Ok(newest.is_some_and(|newest| began.iter().all(|began| *began > newest)))
    }

    fn mark(&self, found: &[Attempt]) -> Result<()> {
        let nothing = Stamp {
            elapsed: Elapsed::default(),
            wall: Timestamp::UNIX_EPOCH,
            boot: BootId::default(),
        };
        let mut moves = Moves::new(&self.connection, nothing);
        moves.keeps_time = true;
        for attempt in found {
            if attempt.is_again {
                self.connection
                    .prepare_cached("DELETE FROM unheard WHERE attempt = ?")?
                    .execute([attempt.seq])?;
            } else if !attempt.is_over {
                self.connection
                    .prepare_cached("INSERT OR IGNORE INTO unheard (attempt) VALUES (?)")?
                    .execute([attempt.seq])?;
            }
            if attempt.is_accepted
                && let Some(row) = moves.find(rows::delivery(attempt.delivery)?)?
                && let Ok(to) = apply(row.standing, Happening::Silent)
            {
                moves.put(&row, to, None, None)?;
            }
        }
        moves.write_counts()?;
        if let Some(last) = found.iter().rfind(|attempt| !attempt.is_again) {
            self.connection
                .execute("UPDATE meta SET silent_seq = ?", [last.seq])?;
        }
        Ok(())
    }
}

/// An attempt whose turn it is.
struct Attempt {
    seq: i64,
    delivery: i64,
    is_again: bool,
    is_over: bool,
    is_accepted: bool,
}
