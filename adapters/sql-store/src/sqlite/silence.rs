//! Accepted deliveries that no ack followed. Attempts are considered once, in the order in which they began; a few that end
//! late, or are accepted late, get another turn.

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::delivery::{Happening, State, apply};
use jiff::Timestamp;
use rusqlite::params;

use super::Database;
use super::fault::Result;
use super::moves::Moves;
use super::rows;

/// Attempts read in one call, however few of them are silent.
const ATTEMPTS_MAX: i64 = 20_000;

impl Database {
    pub(super) fn mark_silent(&mut self, before: Timestamp, limit: u32) -> Result<u32> {
        let before = rows::micros(before);
        let found = self.unheard(before, limit)?;
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
        let went_through = i64::try_from(found.len()).is_ok_and(|count| count >= ATTEMPTS_MAX);
        Ok(u32::try_from(accepted)
            .unwrap_or(u32::MAX)
            .max(u32::from(went_through)))
    }

    /// Attempts whose turn it is: first those that wait for another turn, then the next ones.
    fn unheard(&self, before: i64, limit: u32) -> Result<Vec<Attempt>> {
        let mut found = Vec::new();
        let mut accepted = 0;
        for (sql, is_again) in [
            (
                "SELECT seq, a.delivery, ended_wall, d.attempt = seq AND state = ?1, started_wall
                 FROM unheard u JOIN attempt a ON a.seq = u.attempt JOIN delivery d ON d.id = a.delivery
                 WHERE ended_wall < ?3 ORDER BY seq LIMIT ?2",
                true,
            ),
            (
                "SELECT seq, a.delivery, ended_wall, d.attempt = seq AND state = ?1, started_wall
                 FROM attempt a JOIN delivery d ON d.id = a.delivery
                 WHERE seq > (SELECT silent_seq FROM meta)
                 ORDER BY seq LIMIT ?2",
                false,
            ),
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            let state = State::Accepted as u8;
            let mut attempts = if is_again {
                statement.query(params![state, ATTEMPTS_MAX, before])?
            } else {
                statement.query(params![state, ATTEMPTS_MAX])?
            };
            while accepted < limit
                && let Some(row) = attempts.next()?
            {
                // Those that began later cannot have ended before.
                if !is_again && row.get::<_, i64>(4)? >= before {
                    break;
                }
                let ended: Option<i64> = row.get(2)?;
                let is_over = ended.is_some_and(|ended| ended < before);
                let is_accepted = is_over && row.get(3)?;
                accepted += u32::from(is_accepted);
                found.push(Attempt {
                    seq: row.get(0)?,
                    delivery: row.get(1)?,
                    is_again,
                    is_over,
                    is_accepted,
                });
            }
        }
        Ok(found)
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
