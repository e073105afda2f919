//! Becoming the runner: the lock, the epochs, what a dead runner left behind, and what an older copy of the database does not
//! know. The marks of a whole audience are set by one statement, along the table that [`apply`] gives.

use campaign_core::clock::Stamp;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, State, apply};
use campaign_core::store::TakeOver;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::Database;
use super::fault::{Fault, Result};
use super::lock::{RunnerLock, Seen};
use super::moves::{Differences, Moves};
use super::rows::{
    self, CAMPAIGNS_LEFT_OUT, GENERATIONS, OWNER_DIED, RECIPIENTS_LEFT_OUT, WAIT_MAX_MICROS,
};
use crate::holder::holder;
use crate::random::random;

/// What the database is, and how far it has come.
pub(super) struct Meta {
    database: [u8; 16],
    pub(super) message_key: [u8; 16],
    batches: u64,
    pub(super) last: Stamp,
    is_marked_restored: bool,
}

impl Database {
    pub(super) fn take_over(&mut self, now: Stamp) -> Result<TakeOver> {
        let is_new = self.lock.is_none();
        if is_new {
            let known = || self.holder_on_record().ok().flatten();
            self.lock = Some(RunnerLock::take(&self.path, known)?);
        }
        let taken = self.taken(now);
        if taken.is_err() && is_new {
            self.lock = None;
            self.seen = None;
        }
        taken
    }

    fn taken(&mut self, now: Stamp) -> Result<TakeOver> {
        self.begin()?;
        let made = self.take(now);
        let (taken, meta) = match made {
            Ok(made) => made,
            Err(fault) => {
                self.roll_back();
                return Err(fault);
            }
        };
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            self.roll_back();
            return Err(error.into());
        }
        // Written last: were it older than the database for a moment, nothing would be lost.
        self.seen = Some(Seen::open(&self.path, meta.database, meta.batches)?);
        self.sweeps.clear();
        self.commands.forget();
        Ok(taken)
    }

    fn take(&self, now: Stamp) -> Result<(TakeOver, Meta)> {
        let mut meta = self.meta()?;
        let is_restored = self.is_restored(&meta);
        self.connection
            .execute("UPDATE lane SET epoch = epoch + 1", [])?;
        let orphaned = self.orphan(now)?;
        if is_restored {
            self.distrust(&meta, now)?;
            self.refuse_what_sends_again()?;
            meta.database = self.begin_anew()?;
        }
        cut_waits(&self.connection, now.wall)?;
        self.forget_what_is_over(now.wall)?;
        let (elapsed, wall, boot) = rows::columns(now);
        self.connection.execute(
            "UPDATE meta SET is_marked_restored = 0, last_elapsed = ?, last_wall = ?, last_boot = ?",
            params![elapsed, wall, boot],
        )?;
        self.connection.execute(
            "INSERT OR REPLACE INTO runner (one, holder, word) VALUES (1, ?, 'null')",
            [holder()],
        )?;
        let taken = TakeOver {
            message_key: meta.message_key,
            orphaned,
            is_restored,
            at: now,
            accounts: self.accounts()?,
        };
        Ok((taken, meta))
    }

    pub(super) fn mark_restored(&mut self) -> Result<()> {
        let known = || self.holder_on_record().ok().flatten();
        let _lock = RunnerLock::take(&self.path, known)?;
        self.connection
            .execute("UPDATE meta SET is_marked_restored = 1", [])?;
        Ok(())
    }

    /// Whether this is an older copy of a database that was sent from since.
    pub(super) fn is_restored(&self, meta: &Meta) -> bool {
        let seen = || Seen::read(&self.path, meta.database);
        meta.is_marked_restored
            || (meta.batches > 0 && seen().is_none_or(|seen| seen > meta.batches))
    }

    pub(super) fn meta(&self) -> Result<Meta> {
        let mut statement = self.connection.prepare_cached(
            "SELECT database_id, message_key, batches, is_marked_restored, last_elapsed, last_wall, last_boot FROM meta",
        )?;
        let mut found = statement.query([])?;
        let row = found
            .next()?
            .ok_or_else(|| Fault::unreadable("a database without its first row"))?;
        let batches: i64 = row.get(2)?;
        Ok(Meta {
            database: row.get(0)?,
            message_key: row.get(1)?,
            batches: u64::try_from(batches).map_err(Fault::unreadable)?,
            is_marked_restored: row.get(3)?,
            last: rows::stamp((row.get(4)?, row.get(5)?, row.get(6)?))?,
        })
    }

    /// What another process left in `sending` may have been sent. No request of it is written after now.
    fn orphan(&self, now: Stamp) -> Result<u64> {
        let sending: Vec<i64> = self
            .connection
            .prepare(
                "SELECT delivery FROM open_chat JOIN delivery ON id = delivery WHERE state = ? ORDER BY delivery",
            )?
            .query_map([State::Sending as u8], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut moves = Moves::new(&self.connection, now);
        for number in &sending {
            let delivery = rows::delivery(*number)?;
            if let Some(row) = moves.find(delivery)?
                && let Ok(to) = apply(row.standing, Happening::OwnerDied)
            {
                moves.put(&row, to, None, None)?;
            }
        }
        moves.write_counts()?;
        // Those that evidence had overtaken as well. All of them are younger than what was considered for silence, or kept for later.
        let (elapsed, wall, boot) = rows::columns(now);
        self.connection.execute(
            "UPDATE attempt SET ended_elapsed = ?, ended_wall = ?, ended_boot = ?, outcome = ?
             WHERE ended_wall IS NULL
               AND (seq > (SELECT silent_seq FROM meta) OR seq IN (SELECT attempt FROM unheard))",
            params![elapsed, wall, boot, OWNER_DIED],
        )?;
        Ok(u64::try_from(sending.len()).unwrap_or(u64::MAX))
    }

    /// Whatever was open in an older copy may have been sent since the copy was made.
    fn distrust(&self, meta: &Meta, now: Stamp) -> Result<()> {
        let restored = Reason::Restored as u8;
        let open: Vec<u8> = rows::distrusted().map(|state| state as u8).collect();
        let open = serde_json::to_string(&open)?;
        // Whoever opted out may have been told so in the time that is lost, and is not told twice.
        self.connection.execute(
            "UPDATE wish SET is_to_be_confirmed = 0 WHERE is_to_be_confirmed = 1",
            [],
        )?;
        let (last, now_columns) = (rows::columns(meta.last), rows::columns(now));
        self.connection.execute(
            "UPDATE restoration SET ended_elapsed = ?, ended_wall = ?, ended_boot = ?",
            params![now_columns.0, now_columns.1, now_columns.2],
        )?;
        self.connection.execute(
            "INSERT INTO restoration (started_elapsed, started_wall, started_boot, ended_elapsed, ended_wall, ended_boot, attempt_max)
             VALUES (?, ?, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM attempt))",
            params![last.0, last.1, last.2, now_columns.0, now_columns.1, now_columns.2],
        )?;
        let restoration = self.connection.last_insert_rowid();
        let differences = self.leaving(&open)?;
        self.connection.execute(
            "DELETE FROM remark WHERE delivery IN (
                SELECT id FROM delivery WHERE flags & 4 AND state IN (SELECT value FROM json_each(?)))",
            [&open],
        )?;
        self.connection.execute(
            "INSERT INTO doubt (delivery, next_look, restoration)
                SELECT id, 0, ?1 FROM delivery WHERE state IN (SELECT value FROM json_each(?2))
             ON CONFLICT DO UPDATE SET next_look = 0, looks = 0, missing = NULL,
                restoration = coalesce(restoration, excluded.restoration)",
            params![restoration, open],
        )?;
        self.connection.execute("DELETE FROM ready", [])?;
        self.connection.execute(
            "UPDATE delivery SET state = ?1, reason = ?2, flags = flags & 3, changed_at = ?3,
                attempts = iif(state = ?1 AND reason = ?5, max(attempts - 1, 0), attempts)
             WHERE state IN (SELECT value FROM json_each(?4)) AND (state <> ?1 OR reason <> ?2)",
            params![
                State::Unconfirmed as u8,
                restored,
                now_columns.1,
                open,
                Reason::Restricted as u8,
            ],
        )?;
        let mut moves = Moves::new(&self.connection, now);
        moves.add_counts(differences);
        moves.write_counts()?;
        self.leave_numbers_out()
    }

    /// The counters' differences when all of these states become unconfirmed.
    fn leaving(&self, open: &str) -> Result<Differences> {
        let mut differences = Differences::new();
        let mut statement = self.connection.prepare(
            "SELECT campaign, state, reason, n FROM campaign_count
             WHERE n > 0 AND state IN (SELECT value FROM json_each(?))",
        )?;
        let mut found = statement.query([open])?;
        while let Some(row) = found.next()? {
            let campaign = rows::campaign(row.get(0)?)?;
            let from = (
                campaign,
                rows::state(row.get(1)?)?,
                rows::reason(row.get(2)?)?,
            );
            let count: i64 = row.get(3)?;
            *differences.entry(from).or_default() -= count;
            *differences
                .entry((campaign, State::Unconfirmed, Some(Reason::Restored)))
                .or_default() += count;
        }
        Ok(differences)
    }

    /// From here on it is another database than the one that the copy was made of: copies of that one are told from copies of this one.
    fn begin_anew(&self) -> Result<[u8; 16]> {
        let database = random()?;
        self.connection
            .execute("UPDATE meta SET database_id = ?", [database])?;
        Ok(database)
    }

    fn leave_numbers_out(&self) -> Result<()> {
        self.connection.execute(
            "UPDATE meta SET next_campaign = next_campaign + ?",
            [CAMPAIGNS_LEFT_OUT],
        )?;
        self.connection.execute(
            "UPDATE campaign SET next_ordinal = min(next_ordinal + ?1, ?2), first_ordinal = min(next_ordinal + ?1, ?2)",
            [RECIPIENTS_LEFT_OUT, DeliveryId::RECIPIENTS_MAX],
        )?;
        self.connection.execute(
            "UPDATE campaign SET first_generation = min(?2 + 1, ?1 + max(first_generation,
                 (SELECT coalesce(max(id & ?2), 0) FROM delivery WHERE id BETWEEN campaign.id << ?3 AND ((campaign.id + 1) << ?3) - 1)))",
            params![DeliveryId::GENERATIONS_LEFT_OUT, GENERATIONS, DeliveryId::BITS - CampaignId::BITS],
        )?;
        Ok(())
    }
}

/// No wait is that long: it was written under a wrong clock.
pub(super) fn cut_waits(connection: &Connection, now: Timestamp) -> Result<()> {
    let latest = rows::micros(now).saturating_add(WAIT_MAX_MICROS);
    connection.execute(
        "UPDATE ready SET not_before = 0 WHERE not_before > ?",
        [latest],
    )?;
    connection.execute(
        "UPDATE doubt SET next_look = 0 WHERE next_look > ?",
        [latest],
    )?;
    Ok(())
}
