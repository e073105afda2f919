//! Pages in key order, and single look-ups.

use campaign_core::clock::Stamp;
use campaign_core::delivery::{DeliveryId, Reason, State};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{DayCount, LaneLimits, Slot, WarmthSoFar};
use campaign_core::message::MessageKind;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    ControlRow, DoubtPage, DoubtQuery, Doubtful, Epoch, LaneHealth, LaneId, LaneRecord,
    PastAttempt, ReportQuery, ReportRow,
};
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::Database;
use super::fault::{Fault, Result};
use super::rows::{self, ACCEPTED, GENERATIONS, NOT_HANDED_OVER, OWNER_DIED, SUPERSEDED};
use crate::doubt::{self, CONTROL_REACH, CONTROLS, DOUBTS_SORTED_MAX};

impl Database {
    pub(super) fn doubts(&self, query: DoubtQuery) -> Result<DoubtPage> {
        let after = query.after.map_or(-1, rows::number);
        let due = rows::micros(query.due);
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let mut numbers = self.numbers(
            "SELECT delivery FROM doubt INDEXED BY doubt_due
             WHERE next_look IS NOT NULL AND next_look <= ? AND delivery > ? LIMIT ?",
            [due, after, DOUBTS_SORTED_MAX as i64 + 1],
        )?;
        if numbers.len() > DOUBTS_SORTED_MAX {
            numbers = self.numbers(
                "SELECT delivery FROM doubt NOT INDEXED
                 WHERE next_look <= ? AND delivery > ? ORDER BY delivery LIMIT ?",
                [due, after, i64::from(query.limit) + 1],
            )?;
        }
        numbers.sort_unstable();
        let has_more = numbers.len() > limit;
        numbers.truncate(limit);
        let doubts = numbers
            .into_iter()
            .map(|number| self.doubtful(number))
            .collect::<Result<Vec<Doubtful>>>()?;
        let next_due = if has_more {
            // Others are due already.
            let rest = doubts
                .last()
                .map_or(after, |doubt| rows::number(doubt.delivery));
            self.next_look("next_look <= ?", [due, rest])?
        } else {
            // Of those before it as well: whoever reads page after page is told here when to begin again.
            self.next_look("next_look > ?", [due, -1])?
        };
        Ok(DoubtPage { doubts, next_due })
    }

    fn next_look(&self, when: &str, parameters: [i64; 2]) -> Result<Option<Timestamp>> {
        let next: Option<i64> = self
            .connection
            .prepare_cached(&format!(
                "SELECT next_look FROM doubt INDEXED BY doubt_due
                 WHERE next_look IS NOT NULL AND {when} AND delivery > ? ORDER BY next_look LIMIT 1"
            ))?
            .query_row(parameters, |row| row.get(0))
            .optional()?;
        Ok(next.map(rows::moment).transpose()?)
    }

    fn doubtful(&self, number: i64) -> Result<Doubtful> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.state, d.reason, d.attempts, d.flags, d.phone, looks,
                    coalesce(a.lane, (SELECT id FROM lane WHERE session = c.session ORDER BY id LIMIT 1), 0),
                    coalesce(a.kind, c.kind),
                    a.started_elapsed, a.started_wall, a.started_boot,
                    a.ended_elapsed, a.ended_wall, a.ended_boot,
                    r.started_elapsed, r.started_wall, r.started_boot,
                    r.ended_elapsed, r.ended_wall, r.ended_boot,
                    a.foreign_id, a.outcome, coalesce(a.seq, r.attempt_max, 0), u.restoration IS NOT NULL
             FROM doubt u JOIN delivery d ON d.id = u.delivery JOIN campaign c ON c.id = u.delivery >> 32
             LEFT JOIN attempt a ON a.seq = d.attempt LEFT JOIN restoration r ON r.id = u.restoration
             WHERE u.delivery = ?",
        )?;
        let mut found = statement.query([number])?;
        let row = found
            .next()?
            .ok_or_else(|| Fault::unreadable(format!("the doubt about delivery {number}")))?;
        let (started, ended) = open_time(row)?;
        let lane = LaneId(row.get(6)?);
        let looks: u8 = row.get(5)?;
        Ok(Doubtful {
            delivery: rows::delivery(number)?,
            phone: rows::phone(row.get(4)?)?,
            standing: rows::standing_at(row, 0)?,
            lane,
            is_restored: row.get(23)?,
            kind: rows::kind(row.get(7)?)?,
            started,
            ended,
            foreign_id: row.get(20)?,
            looks,
            control: self.control(number, lane, (row.get(22)?, started), looks)?,
        })
    }

    /// One of the nearest attempts of the lane whose message WAHA has taken: each look another one. Those that it had answered for
    /// before come first.
    fn control(
        &self,
        number: i64,
        lane: LaneId,
        (seq, started): (i64, Stamp),
        looks: u8,
    ) -> Result<Option<ControlRow>> {
        let moment = rows::micros(started.wall);
        let (before, after) = (
            (seq - CONTROL_REACH, seq, "DESC"),
            (seq + 1, seq + CONTROL_REACH, "ASC"),
        );
        let mut near = self.controls(number, lane, before, Some(moment))?;
        if near.len() < CONTROLS {
            let mut others = self.controls(number, lane, before, None)?;
            others.extend(self.controls(number, lane, after, None)?);
            others.retain(|(_, other)| near.iter().all(|(_, row)| row.delivery != other.delivery));
            near.extend(others);
        }
        Ok(doubt::control(near, started.wall, looks))
    }

    /// The nearest in that direction, with when they began; only those that WAHA had answered for by a moment, where one is given.
    fn controls(
        &self,
        number: i64,
        lane: LaneId,
        (first, last, order): (i64, i64, &str),
        answered_by: Option<i64>,
    ) -> Result<Vec<(i64, ControlRow)>> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT a.started_wall, a.delivery, d.phone, a.foreign_id
             FROM attempt a CROSS JOIN delivery d ON d.id = a.delivery AND d.attempt = a.seq
             WHERE a.seq BETWEEN ?1 AND ?2 AND a.lane = ?3 AND a.delivery <> ?4
               AND (?9 IS NULL OR (a.outcome = ?10 AND a.ended_wall <= ?9))
               AND d.state BETWEEN ?5 AND ?6 AND (d.reason <> ?7 OR a.outcome = ?10)
             ORDER BY a.seq {order} LIMIT ?8"
        ))?;
        let mut found = statement.query(params![
            first,
            last,
            lane.0,
            number,
            State::Accepted as u8,
            State::Played as u8,
            // The operator's word does not put a message where a look-up can find it; WAHA's answer does.
            Reason::ByOperator as u8,
            CONTROLS as i64,
            answered_by,
            ACCEPTED
        ])?;
        let mut near = Vec::new();
        while let Some(row) = found.next()? {
            let control = ControlRow {
                delivery: rows::delivery(row.get(1)?)?,
                phone: rows::phone(row.get(2)?)?,
                foreign_id: row.get(3)?,
                accepted_before: answered_by.is_some(),
            };
            near.push((row.get(0)?, control));
        }
        Ok(near)
    }

    pub(super) fn report(&self, query: &ReportQuery) -> Result<Vec<ReportRow>> {
        // A recipient that was shown is not shown again because it has a new generation.
        let (first, last) = match query.after {
            Some(after) => (
                (rows::number(after) | GENERATIONS) + 1,
                rows::range(query.campaign).1,
            ),
            None => rows::range(query.campaign),
        };
        let states = query
            .states
            .iter()
            .fold(0i64, |mask, state| mask | 1 << (*state as u8));
        let states = if query.states.is_empty() {
            i64::MAX
        } else {
            states
        };
        let mut statement = self.connection.prepare_cached(
            "SELECT state, reason, attempts, flags, d.id, c.row, phone, c.key, c.\"values\", changed_at,
                    coalesce(u.missing, m.message), l.account
             FROM delivery d JOIN delivery_content c ON c.id = d.id & ~?1
             LEFT JOIN attempt a ON a.seq = d.attempt LEFT JOIN lane l ON l.id = a.lane
             LEFT JOIN doubt u ON u.delivery = d.id LEFT JOIN remark m ON m.delivery = d.id
             WHERE d.id BETWEEN ?2 AND ?3 AND flags & ?4 = 0 AND (?5 >> state) & 1 ORDER BY d.id LIMIT ?6",
        )?;
        let mut found = statement.query(params![
            GENERATIONS,
            first,
            last,
            SUPERSEDED,
            states,
            query.limit
        ])?;
        let mut page = Vec::new();
        while let Some(row) = found.next()? {
            let (file_row, values): (i64, String) = (row.get(5)?, row.get(8)?);
            page.push(ReportRow {
                delivery: rows::delivery(row.get(4)?)?,
                row: file_row.cast_unsigned(),
                phone: rows::phone(row.get(6)?)?,
                key: row.get(7)?,
                values: rows::texts(&values)?,
                standing: rows::standing_at(row, 0)?,
                changed_at: rows::moment(row.get(9)?)?,
                account: row
                    .get::<_, Option<i64>>(11)?
                    .map(rows::phone)
                    .transpose()?
                    .map(Account),
                message: row.get(10)?,
            });
        }
        Ok(page)
    }

    pub(super) fn delivery_of(&self, foreign_id: &str) -> Result<Option<DeliveryId>> {
        let found: Option<i64> = self
            .connection
            .prepare_cached("SELECT delivery FROM foreign_id WHERE id = ?")?
            .query_row([foreign_id], |row| row.get(0))
            .optional()?;
        Ok(found.map(rows::delivery).transpose()?)
    }

    pub(super) fn open_attempt(
        &self,
        account: Account,
        to: PhoneNumber,
        kind: MessageKind,
        text_hash: u64,
    ) -> Result<Option<DeliveryId>> {
        let found: Option<i64> = self
            .connection
            .prepare_cached(
                "SELECT o.delivery FROM lane l JOIN open_chat o ON o.lane = l.id
                 JOIN delivery d ON d.id = o.delivery JOIN attempt a ON a.seq = d.attempt
                 WHERE l.account = ? AND o.phone = ? AND a.kind = ? AND a.text_hash = ?",
            )?
            .query_row(
                params![
                    rows::digits(account.0),
                    rows::digits(to),
                    kind as u8,
                    text_hash.cast_signed()
                ],
                |row| row.get(0),
            )
            .optional()?;
        Ok(found.map(rows::delivery).transpose()?)
    }

    pub(super) fn lane(
        &self,
        account: Account,
        session: &Session,
        limits: &LaneLimits,
    ) -> Result<LaneRecord> {
        let digits = rows::digits(account.0);
        let opened: Option<String> = self
            .connection
            .prepare_cached("SELECT session FROM lane WHERE account = ?")?
            .query_row([digits], |row| row.get(0))
            .optional()?;
        if opened.as_deref() != Some(&*session.0) {
            self.together(|| self.open_lane(digits, session, limits))?;
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT id, epoch, limits, day, day_sends, day_cold, hold, hold_until, hold_told, cold_hold, cold_hold_until, cold_hold_told,
                    newest_cold, newest_reply, trusted, store_on, warmth, health
             FROM lane WHERE account = ?",
        )?;
        let mut found = statement.query([digits])?;
        let row = found
            .next()?
            .ok_or_else(|| Fault::unreadable("a lane that was just opened"))?;
        let id = LaneId(row.get(0)?);
        let limits: LaneLimits = serde_json::from_str(&row.get::<_, String>(2)?)?;
        let day: Option<String> = row.get(3)?;
        let day = match day {
            Some(day) => Some(DayCount {
                date: day.parse().map_err(Fault::unreadable)?,
                sends: row.get(4)?,
                cold: row.get(5)?,
            }),
            None => None,
        };
        let by_hand = self.by_hand(account, &limits)?;
        let newest = [(Slot::Cold, row.get(12)?), (Slot::Reply, row.get(13)?)];
        Ok(LaneRecord {
            id,
            account,
            epoch: Epoch(row.get(1)?),
            attempts: self.attempts(id, &limits, newest)?,
            limits,
            day,
            warmth: match row.get::<_, Option<String>>(16)? {
                Some(text) => serde_json::from_str(&text)?,
                None => WarmthSoFar::default(),
            },
            hold: rows::hold_at(row, 6)?,
            cold_hold: rows::hold_at(row, 9)?,
            trusted: serde_json::from_str(&row.get::<_, String>(14)?)?,
            store_on: row
                .get::<_, Option<String>>(15)?
                .map(|text| serde_json::from_str(&text))
                .transpose()?,
            health: match row.get::<_, Option<String>>(17)? {
                Some(text) => serde_json::from_str(&text)?,
                None => LaneHealth::default(),
            },
            by_hand,
        })
    }

    /// Makes the lane where there is none, and remembers the session.
    fn open_lane(&self, account: i64, session: &Session, limits: &LaneLimits) -> Result<()> {
        let nothing = campaign_core::store::Trusted::default();
        self.connection
            .prepare_cached(
                "INSERT INTO lane (account, session, limits, trusted)
                 VALUES (?1, ?2, coalesce((SELECT limits FROM early_limits WHERE account = ?1), ?3), ?4)
                 ON CONFLICT (account) DO UPDATE SET session = excluded.session",
            )?
            .execute(params![
                account,
                &*session.0,
                serde_json::to_string(limits)?,
                serde_json::to_string(&nothing)?
            ])?;
        self.connection
            .prepare_cached("DELETE FROM early_limits WHERE account = ?")?
            .execute([account])?;
        Ok(())
    }

    /// The latest attempts that charge the lane's limits, the last of each slot, and those whose end nobody knows, newest first.
    fn attempts(
        &self,
        lane: LaneId,
        limits: &LaneLimits,
        newest: [(Slot, Option<i64>); 2],
    ) -> Result<Vec<PastAttempt>> {
        let (all, cold) = limits.remembers();
        let lane = i64::from(lane.0);
        let mut attempts = self.attempts_before("TRUE", [lane, i64::MAX, i64::from(all)])?;
        for (slot, newest) in newest {
            // The gap needs the last one, whatever the windows.
            let (of_slot, needed) = match slot {
                Slot::Cold => ("slot = 0", cold),
                Slot::Reply => ("slot = 1", 1),
            };
            let known = attempts.iter().filter(|(_, attempt)| attempt.slot == slot);
            if let Some(newest) = newest.filter(|_| known.count() < needed as usize) {
                attempts.retain(|(_, attempt)| attempt.slot != slot);
                attempts.extend(self.attempts_before(of_slot, [lane, newest, i64::from(needed)])?);
            }
        }
        let open = format!(
            "(outcome IS NULL OR outcome = {OWNER_DIED}) AND seq IN (
                SELECT delivery.attempt FROM open_chat JOIN delivery ON delivery.id = open_chat.delivery WHERE open_chat.lane = ?1
             )"
        );
        attempts.extend(self.attempts_before(&open, [lane, i64::MAX, i64::MAX])?);
        attempts.sort_unstable_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        attempts.dedup_by_key(|(seq, _)| *seq);
        Ok(attempts.into_iter().map(|(_, attempt)| attempt).collect())
    }

    /// Attempts of a lane up to a number, newest first. The end of one whose owner died is not known.
    fn attempts_before(
        &self,
        which: &str,
        [lane, last, limit]: [i64; 3],
    ) -> Result<Vec<(i64, PastAttempt)>> {
        let [held, again, last_time] = NOT_HANDED_OVER;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT seq, slot, outcome, started_elapsed, started_wall, started_boot, ended_elapsed, ended_wall, ended_boot
             FROM attempt WHERE lane = ? AND seq <= ? AND (outcome IS NULL OR outcome NOT IN (?, ?, ?)) AND {which}
             ORDER BY seq DESC LIMIT ?"
        ))?;
        let mut found = statement.query(params![lane, last, held, again, last_time, limit])?;
        let mut attempts = Vec::new();
        while let Some(row) = found.next()? {
            let slot = Slot::from_number(row.get(1)?);
            let outcome: Option<u8> = row.get(2)?;
            let started = rows::stamp_at(row, 3)?;
            let ended = rows::stamp_at(row, 6)?;
            let is_left = outcome == Some(OWNER_DIED);
            let attempt = PastAttempt {
                slot: slot.ok_or_else(|| Fault::unreadable("an attempt in no slot"))?,
                started: started
                    .ok_or_else(|| Fault::unreadable("an attempt without a beginning"))?,
                ended: ended.filter(|_| !is_left),
                taken_over: ended.filter(|_| is_left),
            };
            attempts.push((row.get(0)?, attempt));
        }
        Ok(attempts)
    }

    fn numbers(&self, sql: &str, parameters: [i64; 3]) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_map(parameters, |row| row.get(0))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

fn open_time(row: &Row<'_>) -> Result<(Stamp, Stamp)> {
    let attempt = (rows::stamp_at(row, 8)?, rows::stamp_at(row, 11)?);
    let restored = (rows::stamp_at(row, 14)?, rows::stamp_at(row, 17)?);
    Ok(doubt::open_time(attempt, row.get(21)?, restored)?)
}
