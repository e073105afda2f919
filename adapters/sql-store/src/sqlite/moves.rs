//! Moves single deliveries inside a transaction: judged by [`apply`], written against the expected state, and with them
//! everything that follows a delivery's state: what is ready, in doubt, open, counted.

use std::collections::BTreeMap;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Stamp;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, Standing, State};
use campaign_core::store::{Effect, Happened, Lost};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::consent;
use super::fault::{Fault, Result};
use super::known;
use super::rows::{self, CORRECTED, GENERATIONS, REMARKED, SUPERSEDED, is_doubtful, outcome};

/// The differences that a transaction makes to the counters.
pub(super) type Differences = BTreeMap<(CampaignId, State, Option<Reason>), i64>;

/// The deliveries of one transaction.
pub(super) struct Moves<'a> {
    pub(super) connection: &'a Connection,
    pub(super) at: Stamp,
    /// Moves do not count as changes that people ask the time of.
    pub(super) keeps_time: bool,
    /// Those that failed in it.
    pub(super) failed: Vec<DeliveryId>,
    counts: Differences,
}

/// A delivery as its row has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: DeliveryId,
    pub(super) phone: i64,
    pub(super) standing: Standing,
    pub(super) is_superseded: bool,
    pub(super) is_remarked: bool,
    pub(super) attempt: Option<i64>,
}

impl<'a> Moves<'a> {
    pub(super) fn new(connection: &'a Connection, at: Stamp) -> Self {
        Self {
            connection,
            at,
            keeps_time: false,
            failed: Vec::new(),
            counts: Differences::new(),
        }
    }

    pub(super) fn find(&self, id: DeliveryId) -> Result<Option<Row>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT state, reason, attempts, flags, phone, attempt FROM delivery WHERE id = ?",
        )?;
        let mut rows = statement.query([rows::number(id)])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let flags: u8 = row.get(3)?;
        Ok(Some(Row {
            id,
            phone: row.get(4)?,
            standing: rows::standing_at(row, 0)?,
            is_superseded: flags & SUPERSEDED != 0,
            is_remarked: flags & REMARKED != 0,
            attempt: row.get(5)?,
        }))
    }

    /// What happens to a delivery, with everything that goes on record beside it.
    pub(super) fn happened(&mut self, change: &Happened) -> Result<Effect> {
        let Some(row) = self.find(change.delivery)? else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        let from = row.standing;
        let Some(to) = rows::judge(row.standing, row.is_superseded, change.happening) else {
            return Ok(Effect::Lost(Lost::Delivery(from)));
        };
        // Evidence overtakes the answer, which may still come; whatever else ends `sending` ends the attempt.
        let is_over = from.state == State::Sending
            && to.state != State::Sending
            && !matches!(change.happening, Happening::Evidence(_));
        if change.ends_attempt || is_over {
            self.end_attempt(&row, change)?;
        }
        if let Some(foreign) = &change.foreign_id {
            self.claim(&row, foreign)?;
        }
        if change.happening.proves_nothing_was_sent() && from.state.is_open() {
            consent::give_back(self.connection, row.phone, row.id)?;
            known::give_back(self.connection, row.phone, rows::number(row.id))?;
        }
        if to.reason == Some(Reason::RefusedByWhatsapp) && from.reason != to.reason {
            consent::did_not_read(self.connection, row.phone, row.id)?;
        }
        if to.state.is_handed_over() && !from.state.is_handed_over() && from.state != State::Sending
        {
            consent::had_it(self.connection, row.phone, row.id, self.at.wall)?;
        }
        self.put(&row, to, change.next, change.message.as_deref())?;
        if row.is_superseded || row.id.generation() > 0 {
            self.prefer_what_arrived(row.id)?;
            let to = self.find(row.id)?.map_or(to, |row| row.standing);
            return Ok(Effect::Moved { from, to });
        }
        Ok(Effect::Moved { from, to })
    }

    /// Writes where a delivery stands now, and what follows from it.
    pub(super) fn put(
        &mut self,
        row: &Row,
        to: Standing,
        next: Option<Timestamp>,
        message: Option<&str>,
    ) -> Result<()> {
        let from = row.standing;
        if from == to && message.is_none() {
            return Ok(());
        }
        let id = rows::number(row.id);
        // What the server said about an earlier state would be wrong about this one.
        let is_remarked = match message {
            Some(message) => {
                self.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO remark (delivery, message) VALUES (?, ?)",
                    )?
                    .execute(params![id, message])?;
                true
            }
            None if row.is_remarked && from.state != to.state => {
                self.connection
                    .prepare_cached("DELETE FROM remark WHERE delivery = ?")?
                    .execute([id])?;
                false
            }
            None => row.is_remarked,
        };
        let row = &Row {
            is_remarked,
            ..*row
        };
        self.write(row, to, row.is_superseded)?;
        match (from.state == State::Scheduled, to.state == State::Scheduled) {
            (false, true) => self.make_ready(row.id, next)?,
            (true, false) => {
                self.connection
                    .prepare_cached("DELETE FROM ready WHERE delivery = ?")?
                    .execute([id])?;
            }
            _ => {}
        }
        if let Some(attempt) = row.attempt {
            if from.state.is_open() && !to.state.is_open() {
                self.close_chat(attempt, row)?;
            }
            if to.state == State::Accepted
                && !matches!(from.state, State::Sending | State::Accepted)
            {
                self.accepted_late(attempt)?;
            }
        }
        match (is_doubtful(from), is_doubtful(to)) {
            (false, true) => {
                self.connection
                    .prepare_cached("INSERT INTO doubt (delivery, next_look) VALUES (?, ?)")?
                    .execute(params![id, next.map_or(0, rows::micros)])?;
            }
            (true, false) => {
                self.connection
                    .prepare_cached("DELETE FROM doubt WHERE delivery = ?")?
                    .execute([id])?;
            }
            // The latest words are shown.
            (true, true) if message.is_some() => {
                self.connection
                    .prepare_cached("UPDATE doubt SET missing = NULL WHERE delivery = ?")?
                    .execute([id])?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives a recipient a new generation from this one, which leaves the counts.
    pub(super) fn new_generation(
        &mut self,
        delivery: DeliveryId,
        is_cancelled: bool,
    ) -> Result<Effect> {
        let Some(row) = self.find(delivery)? else {
            return Ok(Effect::Lost(Lost::NotFound));
        };
        if row.is_superseded || !matches!(row.standing.state, State::Failed | State::Unconfirmed) {
            return Ok(Effect::Lost(Lost::Delivery(row.standing)));
        }
        if is_cancelled {
            // What was called off stays so.
            return Ok(Effect::Lost(Lost::Campaign(CampaignState::Cancelled)));
        }
        let first = self.first_generation(delivery.campaign())?;
        let Some(next) = self.newest(delivery)?.next_generation_from(first) else {
            return Ok(Effect::Lost(Lost::NoGeneration));
        };
        self.supersede(&row, true)?;
        // The operator has decided: the earlier attempt no longer keeps its chat from the new one.
        if let Some(attempt) = row.attempt.filter(|_| row.standing.state.is_open()) {
            self.close_chat(attempt, &row)?;
        }
        self.connection
            .prepare_cached(
                "INSERT INTO delivery (id, phone, state, changed_at) VALUES (?, ?, 0, ?)",
            )?
            .execute(params![
                rows::number(next),
                row.phone,
                rows::micros(self.at.wall)
            ])?;
        self.count(next.campaign(), Standing::NEW, 1);
        self.make_ready(next, None)?;
        Ok(Effect::Created(next))
    }

    /// Brings the counters up to date: the last thing a transaction does.
    pub(super) fn write_counts(&mut self) -> Result<()> {
        write_counts(self.connection, std::mem::take(&mut self.counts))
    }

    pub(super) fn add_counts(&mut self, differences: Differences) {
        for (place, difference) in differences {
            *self.counts.entry(place).or_default() += difference;
        }
    }

    fn write(&mut self, row: &Row, to: Standing, is_superseded: bool) -> Result<()> {
        let flags = u8::from(to.corrected) * CORRECTED
            + u8::from(is_superseded) * SUPERSEDED
            + u8::from(row.is_remarked) * REMARKED;
        let changed_at =
            (to != row.standing && !self.keeps_time).then(|| rows::micros(self.at.wall));
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE delivery SET state = ?, reason = ?, attempts = ?, flags = ?, attempt = ?,
                        changed_at = coalesce(?, changed_at)
                 WHERE id = ? AND state = ?",
            )?
            .execute(params![
                to.state as u8,
                rows::reason_number(to.reason),
                to.attempts,
                flags,
                row.attempt,
                changed_at,
                rows::number(row.id),
                row.standing.state as u8,
            ])?;
        if changed != 1 {
            return Err(Fault::unreadable(
                "a delivery that moved under its own transaction",
            ));
        }
        if to.state == State::Failed && row.standing.state != State::Failed {
            self.failed.push(row.id);
        }
        let campaign = row.id.campaign();
        if !row.is_superseded {
            self.count(campaign, row.standing, -1);
        }
        if !is_superseded {
            self.count(campaign, to, 1);
        }
        Ok(())
    }

    fn count(&mut self, campaign: CampaignId, standing: Standing, difference: i64) {
        *self
            .counts
            .entry((campaign, standing.state, standing.reason))
            .or_default() += difference;
    }

    fn make_ready(&self, delivery: DeliveryId, not_before: Option<Timestamp>) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO ready (delivery, not_before) VALUES (?, ?)")?
            .execute([rows::number(delivery), not_before.map_or(0, rows::micros)])?;
        Ok(())
    }

    /// When one generation of a recipient has been handed over, a later one is not sent any more, and the one that
    /// was counts. What is under way has to end first.
    fn prefer_what_arrived(&mut self, one: DeliveryId) -> Result<()> {
        let id = rows::number(one);
        let numbers: Vec<i64> = self
            .connection
            .prepare_cached("SELECT id FROM delivery WHERE id BETWEEN ? AND ? ORDER BY id DESC")?
            .query_map([id & !GENERATIONS, id | GENERATIONS], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut generations = Vec::with_capacity(numbers.len());
        for number in numbers {
            generations.extend(self.find(rows::delivery(number)?)?);
        }
        let Some(counting) = generations.iter().find(|row| !row.is_superseded) else {
            return Ok(());
        };
        let state = counting.standing.state;
        if state.is_handed_over() || state.is_open() {
            return Ok(());
        }
        let Some(arrived) = generations
            .iter()
            .find(|row| row.standing.state.is_handed_over())
        else {
            return Ok(());
        };
        let mut counting = *counting;
        if let Some(cancelled) = rows::called_off(counting.standing) {
            self.put(&counting, cancelled, None, None)?;
            counting.standing = cancelled;
        }
        self.supersede(&counting, true)?;
        self.supersede(arrived, false)
    }

    fn supersede(&mut self, row: &Row, is_superseded: bool) -> Result<()> {
        let standing = row.standing;
        self.write(row, standing, is_superseded)
    }

    /// The last generation there is of a recipient.
    fn newest(&self, delivery: DeliveryId) -> Result<DeliveryId> {
        let id = rows::number(delivery);
        let newest = self
            .connection
            .prepare_cached("SELECT max(id) FROM delivery WHERE id BETWEEN ? AND ?")?
            .query_row([id & !GENERATIONS, id | GENERATIONS], |row| row.get(0))?;
        Ok(rows::delivery(newest)?)
    }

    /// Those below it may have been given before, in what an older copy does not know.
    fn first_generation(&self, campaign: CampaignId) -> Result<u8> {
        Ok(self
            .connection
            .prepare_cached("SELECT first_generation FROM campaign WHERE id = ?")?
            .query_row([campaign.number()], |row| row.get(0))?)
    }

    fn end_attempt(&self, row: &Row, change: &Happened) -> Result<()> {
        let (elapsed, wall, boot) = rows::columns(self.at);
        self.connection
            .prepare_cached(
                "UPDATE attempt SET ended_elapsed = ?, ended_wall = ?, ended_boot = ?, outcome = ?, message = ?
                 WHERE seq = ? AND ended_wall IS NULL",
            )?
            .execute(params![
                elapsed,
                wall,
                boot,
                outcome(row.standing.state, change.happening),
                change.message,
                row.attempt
            ])?;
        Ok(())
    }

    /// Its attempt's turn to be considered for silence may be over: it gets another.
    fn accepted_late(&self, attempt: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO unheard (attempt) SELECT ?1 FROM meta WHERE silent_seq >= ?1",
            )?
            .execute([attempt])?;
        Ok(())
    }

    fn claim(&self, row: &Row, foreign: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO foreign_id (id, delivery) VALUES (?, ?)")?
            .execute(params![foreign, rows::number(row.id)])?;
        self.connection
            .prepare_cached("UPDATE attempt SET foreign_id = ? WHERE seq = ?")?
            .execute(params![foreign, row.attempt])?;
        Ok(())
    }

    fn close_chat(&self, attempt: i64, row: &Row) -> Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM open_chat WHERE lane = (SELECT lane FROM attempt WHERE seq = ?) AND phone = ? AND delivery = ?",
            )?
            .execute([attempt, row.phone, rows::number(row.id)])?;
        Ok(())
    }
}

/// Adds the differences to the counters.
pub(super) fn write_counts(connection: &Connection, differences: Differences) -> Result<()> {
    for ((campaign, state, reason), difference) in differences {
        if difference == 0 {
            continue;
        }
        let place = (campaign.number(), state as u8, rows::reason_number(reason));
        let changed = connection
            .prepare_cached(
                "UPDATE campaign_count SET n = n + ? WHERE campaign = ? AND state = ? AND reason = ?",
            )?
            .execute(params![difference, place.0, place.1, place.2])?;
        if changed == 0 {
            connection
                .prepare_cached(
                    "INSERT INTO campaign_count (n, campaign, state, reason) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![difference, place.0, place.1, place.2])?;
        }
    }
    Ok(())
}
