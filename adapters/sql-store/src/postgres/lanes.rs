//! Lanes: whose they are, and what of their past their limits need.

use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{DayCount, LaneLimits, Slot, WarmthSoFar};
use campaign_core::store::{Epoch, LaneHealth, LaneId, LaneRecord, PastAttempt, Trusted};
use tokio_postgres::Row;

use super::fault::{Fault, Result};
use super::transaction::{Columns, Tx, int, text};
use super::{doubts, people, workers};
use crate::codes::{self, NOT_HANDED_OVER, OWNER_DIED};

/// Whether the lane is there, opened through this session last, and this worker attends it, if it is one.
pub(super) async fn is_open(
    tx: &Tx<'_>,
    account: Account,
    session: &Session,
    worker: Option<i32>,
) -> Result<bool> {
    let sql = format!(
        "SELECT session, $2::integer IS NULL
                OR ($2 = (SELECT worker FROM session WHERE name = lane.session) AND {})
         FROM lane WHERE account = $1",
        workers::lives("$2")
    );
    let found = tx
        .maybe(&sql, &[&codes::digits(account.0), &worker])
        .await?;
    match found {
        Some(row) => {
            let attends = row.at::<Option<bool>>(1)? == Some(true);
            Ok(attends && row.at::<&str>(0)? == &*session.0)
        }
        None => Ok(false),
    }
}

/// Makes the lane where there is none, and remembers the session.
pub(super) async fn open(
    tx: &Tx<'_>,
    account: Account,
    session: &Session,
    limits: &LaneLimits,
) -> Result<()> {
    let digits = codes::digits(account.0);
    let session = text(&session.0);
    let there = tx
        .execute(
            "UPDATE lane SET session = $2 WHERE account = $1",
            &[&digits, &session],
        )
        .await?;
    if there > 0 {
        return doubts::find_lanes_again(tx).await;
    }
    tx.execute(
        "INSERT INTO lane (account, session, limits, trusted)
         VALUES ($1, $2, coalesce((SELECT limits FROM early_limits WHERE account = $1), $3), $4)",
        &[
            &digits,
            &session,
            &serde_json::to_string(limits)?,
            &serde_json::to_string(&Trusted::default())?,
        ],
    )
    .await?;
    tx.execute("DELETE FROM early_limits WHERE account = $1", &[&digits])
        .await?;
    doubts::find_lanes_again(tx).await
}

/// Other limits; a lane that is not there yet begins with them.
pub(super) async fn set_limits(tx: &Tx<'_>, account: Account, limits: &LaneLimits) -> Result<()> {
    let (digits, limits) = (codes::digits(account.0), serde_json::to_string(limits)?);
    let changed = tx
        .execute(
            "UPDATE lane SET limits = $2 WHERE account = $1",
            &[&digits, &limits],
        )
        .await?;
    if changed == 0 {
        tx.execute(
            "INSERT INTO early_limits (account, limits) VALUES ($1, $2)
             ON CONFLICT (account) DO UPDATE SET limits = excluded.limits",
            &[&digits, &limits],
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn record(tx: &Tx<'_>, account: Account) -> Result<LaneRecord> {
    let row = tx
        .one(
            "SELECT id, epoch, limits, day, day_sends, day_cold, hold, hold_until, hold_told, cold_hold, cold_hold_until, cold_hold_told,
                    newest_cold, newest_reply, trusted, store_on, warmth, health
             FROM lane WHERE account = $1",
            &[&codes::digits(account.0)],
        )
        .await?;
    let id = LaneId(row.count(0)?);
    let limits: LaneLimits = serde_json::from_str(row.at(2)?)?;
    let day: Option<&str> = row.at(3)?;
    let day = match day {
        Some(day) => Some(DayCount {
            date: day.parse().map_err(Fault::unreadable)?,
            sends: row.count(4)?,
            cold: row.count(5)?,
        }),
        None => None,
    };
    let newest = [(Slot::Cold, row.at(12)?), (Slot::Reply, row.at(13)?)];
    Ok(LaneRecord {
        id,
        account,
        epoch: Epoch(row.count(1)?),
        attempts: attempts(tx, id, &limits, newest).await?,
        by_hand: people::by_hand(tx, account, &limits).await?,
        limits,
        day,
        warmth: match row.at::<Option<&str>>(16)? {
            Some(text) => serde_json::from_str(text)?,
            None => WarmthSoFar::default(),
        },
        hold: codes::hold((row.at(6)?, row.at(7)?, row.at(8)?))?,
        cold_hold: codes::hold((row.at(9)?, row.at(10)?, row.at(11)?))?,
        trusted: serde_json::from_str(row.at(14)?)?,
        store_on: row
            .at::<Option<&str>>(15)?
            .map(serde_json::from_str)
            .transpose()?,
        health: match row.at::<Option<&str>>(17)? {
            Some(text) => serde_json::from_str(text)?,
            None => LaneHealth::default(),
        },
    })
}

/// The latest attempts that charge the lane's limits, the last of each slot, and those whose end nobody knows, newest first.
async fn attempts(
    tx: &Tx<'_>,
    lane: LaneId,
    limits: &LaneLimits,
    newest: [(Slot, Option<i64>); 2],
) -> Result<Vec<PastAttempt>> {
    let (all, cold) = limits.remembers();
    let lane = int(lane.0)?;
    let mut attempts = attempts_before(tx, "true", lane, (i64::MAX, all.into())).await?;
    for (slot, newest) in newest {
        // The gap needs the last one, whatever the windows.
        let (of_slot, needed) = match slot {
            Slot::Cold => ("a.slot = 0", cold),
            Slot::Reply => ("a.slot = 1", 1),
        };
        let known = attempts.iter().filter(|(_, attempt)| attempt.slot == slot);
        if let Some(newest) = newest.filter(|_| known.count() < needed as usize) {
            attempts.retain(|(_, attempt)| attempt.slot != slot);
            attempts.extend(attempts_before(tx, of_slot, lane, (newest, needed.into())).await?);
        }
    }
    let open = format!(
        "(outcome IS NULL OR outcome = {OWNER_DIED}) AND seq = ANY(ARRAY(
            SELECT d.attempt FROM open_chat o
            CROSS JOIN LATERAL (SELECT attempt FROM delivery WHERE id = o.delivery OFFSET 0) AS d WHERE o.lane = $1))"
    );
    attempts.extend(attempts_before(tx, &open, lane, (i64::MAX, i64::MAX)).await?);
    attempts.sort_unstable_by_key(|(seq, _)| std::cmp::Reverse(*seq));
    attempts.dedup_by_key(|(seq, _)| *seq);
    Ok(attempts.into_iter().map(|(_, attempt)| attempt).collect())
}

/// Attempts of a lane up to a number, newest first. The end of one whose owner died is not known.
async fn attempts_before(
    tx: &Tx<'_>,
    which: &str,
    lane: i32,
    (last, limit): (i64, i64),
) -> Result<Vec<(i64, PastAttempt)>> {
    let [held, again, last_time] = NOT_HANDED_OVER;
    let sql = format!(
        "SELECT seq, slot, outcome, started_elapsed, started_wall, started_boot, ended_elapsed, ended_wall, ended_boot
         FROM attempt a WHERE a.lane = $1 AND a.lane > 0 AND seq <= $2
           AND (outcome IS NULL OR outcome NOT IN ({held}, {again}, {last_time})) AND {which}
         ORDER BY seq DESC LIMIT $3"
    );
    let found = tx.rows(&sql, &[&lane, &last, &limit]).await?;
    let attempt = |row: &Row| {
        let is_left = row.byte_or_none(2)? == Some(OWNER_DIED);
        let started = stamp(row, 3)?;
        let ended = stamp(row, 6)?;
        let attempt = PastAttempt {
            slot: codes::slot(row.byte(1)?)?,
            started: started.ok_or_else(|| Fault::unreadable("an attempt without a beginning"))?,
            ended: ended.filter(|_| !is_left),
            taken_over: ended.filter(|_| is_left),
        };
        Ok((row.at(0)?, attempt))
    };
    found.iter().map(attempt).collect()
}

/// A stamp in three columns from `first` on; `None` where they are empty.
pub(super) fn stamp(row: &Row, first: usize) -> Result<Option<campaign_core::clock::Stamp>> {
    let Some(wall) = row.at::<Option<i64>>(first + 1)? else {
        return Ok(None);
    };
    Ok(Some(codes::stamp((
        row.at(first)?,
        wall,
        row.at(first + 2)?,
    ))?))
}
