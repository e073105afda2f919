//! Pages of deliveries whose look-up is due, each with an accepted message that the look-up must be able to find.

use std::collections::BTreeMap;

use campaign_core::clock::Stamp;
use campaign_core::delivery::{Reason, State};
use campaign_core::store::{ControlRow, DoubtPage, DoubtQuery, Doubtful, LaneId};
use tokio_postgres::Row;

use super::fault::Result;
use super::lanes::stamp;
use super::transaction::{Columns, Tx, int};
use crate::codes::{self, ACCEPTED};
use crate::doubt::{self, CONTROL_REACH, CONTROLS, DOUBTS_SORTED_MAX};

/// From which lane a delivery may have gone, in SQL: its attempt's, or the first that was opened through its campaign's session last; 0: there is
/// none. The number is named with its table, which has an alias.
pub(super) fn lane_of(number: &str) -> String {
    format!(
        "coalesce((SELECT lane FROM attempt WHERE seq = (SELECT attempt FROM delivery WHERE id = {number})),
                  (SELECT min(id) FROM lane WHERE session = (SELECT session FROM campaign WHERE id = ({number} >> 32)::integer)), 0)"
    )
}

/// Finds out from which lanes everything in doubt may have gone, which came without that.
pub(super) async fn find_lanes(tx: &Tx<'_>) -> Result<()> {
    let sql = format!("UPDATE doubt AS d SET lane = {}", lane_of("d.delivery"));
    tx.execute(&sql, &[]).await?;
    Ok(())
}

/// The same, after a lane was opened through another session: only what has no attempt goes by sessions, and only a restored database has such.
pub(super) async fn find_lanes_again(tx: &Tx<'_>) -> Result<()> {
    let sql = format!(
        "UPDATE doubt SET lane = found.lane
         FROM (SELECT ctid, lane AS known, {} AS lane FROM doubt AS d WHERE restoration IS NOT NULL OFFSET 0) AS found
         WHERE doubt.ctid = found.ctid AND found.known <> found.lane",
        lane_of("d.delivery")
    );
    tx.execute(&sql, &[]).await?;
    Ok(())
}

/// Of these lanes, or of all.
pub(super) async fn doubts(
    tx: &Tx<'_>,
    query: &DoubtQuery,
    lanes: Option<&[i32]>,
) -> Result<DoubtPage> {
    let after = query.after.map_or(-1, codes::number);
    let due = codes::micros(query.due);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut numbers = due_numbers(tx, query, lanes).await?;
    let has_more = numbers.len() > limit;
    numbers.truncate(limit);
    let found = tx
        .rows(
            "SELECT d.state, d.reason, d.attempts, d.flags, d.phone, u.looks, u.lane, coalesce(a.kind, c.kind),
                    a.started_elapsed, a.started_wall, a.started_boot,
                    a.ended_elapsed, a.ended_wall, a.ended_boot,
                    r.started_elapsed, r.started_wall, r.started_boot,
                    r.ended_elapsed, r.ended_wall, r.ended_boot,
                    a.foreign_id, a.outcome, coalesce(a.seq, r.attempt_max, 0), u.restoration IS NOT NULL, u.delivery
             FROM doubt u CROSS JOIN LATERAL (SELECT * FROM delivery WHERE id = u.delivery OFFSET 0) AS d
             CROSS JOIN LATERAL (SELECT kind FROM campaign WHERE id = (u.delivery >> 32)::integer OFFSET 0) AS c
             LEFT JOIN LATERAL (SELECT * FROM attempt WHERE seq = d.attempt OFFSET 0) AS a ON true
             LEFT JOIN LATERAL (SELECT * FROM restoration WHERE id = u.restoration OFFSET 0) AS r ON true
             WHERE u.delivery = ANY($1) ORDER BY u.delivery",
            &[&numbers],
        )
        .await?;
    let mut doubts: Vec<(Doubtful, i64)> = found.iter().map(doubtful).collect::<Result<_>>()?;
    give_controls(tx, &mut doubts).await?;
    let doubts: Vec<Doubtful> = doubts.into_iter().map(|(doubt, _)| doubt).collect();
    let (when, rest) = if has_more {
        // Others are due already.
        let last = doubts.last().map(|doubt| codes::number(doubt.delivery));
        ("<=", last.unwrap_or(after))
    } else {
        // Of those before it as well: whoever reads page after page is told here when to begin again.
        (">", -1)
    };
    let when = format!("next_look IS NOT NULL AND next_look {when} $1 AND delivery > $2");
    let (of_each, first) = ("ORDER BY next_look", "ORDER BY next_look");
    let next = numbers_of(
        tx,
        lanes,
        "next_look",
        [&when, of_each, first],
        (due, rest, 1),
    )
    .await?;
    let next_due = next.first().copied().map(codes::moment).transpose()?;
    Ok(DoubtPage { doubts, next_due })
}

/// The first of those that are due, in the order of their numbers, and one more where there are more.
async fn due_numbers(tx: &Tx<'_>, query: &DoubtQuery, lanes: Option<&[i32]>) -> Result<Vec<i64>> {
    let after = query.after.map_or(-1, codes::number);
    let due = codes::micros(query.due);
    // By when they are due, unless they are too many to be sorted: then those that are not due are few to pass over.
    let when = "next_look IS NOT NULL AND next_look <= $1 AND delivery > $2";
    let sorted_max = DOUBTS_SORTED_MAX as i64;
    let sql = [when, "ORDER BY next_look", ""];
    let mut numbers = numbers_of(tx, lanes, "delivery", sql, (due, after, sorted_max + 1)).await?;
    if numbers.len() > DOUBTS_SORTED_MAX {
        let sql = [
            "next_look <= $1 AND delivery > $2",
            "ORDER BY delivery",
            "ORDER BY delivery",
        ];
        let limit = i64::from(query.limit) + 1;
        numbers = numbers_of(tx, lanes, "delivery", sql, (due, after, limit)).await?;
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A column of what is in doubt: for which rows, in which order of each lane, and in which of all of them, up to a limit.
async fn numbers_of(
    tx: &Tx<'_>,
    lanes: Option<&[i32]>,
    column: &str,
    [when, of_each, of_all]: [&str; 3],
    (due, after, limit): (i64, i64, i64),
) -> Result<Vec<i64>> {
    let found = match lanes {
        None => {
            let sql = format!("SELECT {column} FROM doubt WHERE {when} {of_each} LIMIT $3");
            tx.rows(&sql, &[&due, &after, &limit]).await?
        }
        Some(lanes) => {
            let sql = format!(
                "SELECT {column} FROM unnest($4::integer[]) AS l (own) CROSS JOIN LATERAL (
                     SELECT delivery, next_look FROM doubt WHERE lane = l.own AND lane >= 0 AND {when} {of_each} LIMIT $3) AS u
                 {of_all} LIMIT $3"
            );
            tx.rows(&sql, &[&due, &after, &limit, &lanes]).await?
        }
    };
    found.iter().map(|row| row.at(0)).collect()
}

/// What is in doubt, with the number of its attempt, or of the last one that an older copy knows of.
fn doubtful(row: &Row) -> Result<(Doubtful, i64)> {
    let (started, ended) = open_time(row)?;
    let doubt = Doubtful {
        delivery: codes::delivery(row.at(24)?)?,
        phone: codes::phone(row.at(4)?)?,
        standing: codes::standing((row.byte(0)?, row.byte(1)?, row.byte(2)?, row.byte(3)?))?,
        lane: LaneId(row.count(6)?),
        is_restored: row.at(23)?,
        kind: codes::kind(row.byte(7)?)?,
        started,
        ended,
        foreign_id: row.at::<Option<String>>(20)?.map(Into::into),
        looks: row.byte(5)?,
        control: None,
    };
    Ok((doubt, row.at(22)?))
}

fn open_time(row: &Row) -> Result<(Stamp, Stamp)> {
    let attempt = (stamp(row, 8)?, stamp(row, 11)?);
    let restored = (stamp(row, 14)?, stamp(row, 17)?);
    Ok(doubt::open_time(attempt, row.byte_or_none(21)?, restored)?)
}

/// Accepted messages near to a doubt, with when they began.
type Near = Vec<(i64, ControlRow)>;

/// Gives each one of the nearest attempts of its lane whose message WAHA has taken: each look another one. Those that it had answered for
/// before come first.
async fn give_controls(tx: &Tx<'_>, doubts: &mut [(Doubtful, i64)]) -> Result<()> {
    if doubts.is_empty() {
        return Ok(());
    }
    let all: Vec<&(Doubtful, i64)> = doubts.iter().collect();
    let mut near = controls(tx, &all, Side::AnsweredBefore).await?;
    let lacking: Vec<&(Doubtful, i64)> = doubts
        .iter()
        .filter(|(doubt, _)| {
            let near = near.get(&codes::number(doubt.delivery));
            near.is_none_or(|near| near.len() < CONTROLS)
        })
        .collect();
    if !lacking.is_empty() {
        let (before, after) = tokio::try_join!(
            biased;
            controls(tx, &lacking, Side::Before),
            controls(tx, &lacking, Side::After),
        )?;
        for (number, others) in before.into_iter().chain(after) {
            let near = near.entry(number).or_default();
            for other in others {
                if near.iter().all(|(_, row)| row.delivery != other.1.delivery) {
                    near.push(other);
                }
            }
        }
    }
    for (doubt, _) in doubts {
        let near = near.remove(&codes::number(doubt.delivery));
        let moment = doubt.started.wall;
        doubt.control = doubt::control(near.unwrap_or_default(), moment, doubt.looks);
    }
    Ok(())
}

/// Where controls are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Among the attempts before, and answered for before the doubtful one began.
    AnsweredBefore,
    Before,
    After,
}

async fn controls(
    tx: &Tx<'_>,
    doubts: &[&(Doubtful, i64)],
    side: Side,
) -> Result<BTreeMap<i64, Near>> {
    let numbers: Vec<i64> = doubts
        .iter()
        .map(|(doubt, _)| codes::number(doubt.delivery))
        .collect();
    let lanes: Vec<i32> = doubts
        .iter()
        .map(|(doubt, _)| int(doubt.lane.0))
        .collect::<Result<_>>()?;
    let seqs: Vec<i64> = doubts.iter().map(|(_, seq)| *seq).collect();
    let moments: Vec<i64> = doubts
        .iter()
        .map(|(doubt, _)| codes::micros(doubt.started.wall))
        .collect();
    let (within, order, and_answered) = match side {
        Side::AnsweredBefore => (
            format!("w.seq - {CONTROL_REACH} AND w.seq"),
            "DESC",
            format!("AND a.outcome = {ACCEPTED} AND a.ended_wall <= w.moment"),
        ),
        Side::Before => (
            format!("w.seq - {CONTROL_REACH} AND w.seq"),
            "DESC",
            String::new(),
        ),
        Side::After => (
            format!("w.seq + 1 AND w.seq + {CONTROL_REACH}"),
            "ASC",
            String::new(),
        ),
    };
    // The operator's word does not put a message where a look-up can find it; WAHA's answer does.
    let (accepted, played, by_operator) = (
        State::Accepted as u8,
        State::Played as u8,
        Reason::ByOperator as u8,
    );
    let found = tx
        .rows(
            &format!(
                "SELECT w.number, n.started_wall, n.delivery, n.phone, n.foreign_id
                 FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bigint[]) AS w (number, lane, seq, moment)
                 CROSS JOIN LATERAL (
                     SELECT a.started_wall, a.delivery, d.phone, a.foreign_id
                     FROM attempt a CROSS JOIN LATERAL (
                         SELECT * FROM delivery WHERE id = a.delivery AND attempt = a.seq OFFSET 0) AS d
                     WHERE a.lane = w.lane AND a.lane > 0 AND a.seq BETWEEN {within} AND a.delivery <> w.number {and_answered}
                       AND d.state BETWEEN {accepted} AND {played}
                       AND (d.reason <> {by_operator} OR a.outcome = {ACCEPTED})
                     ORDER BY a.seq {order} LIMIT {CONTROLS}
                 ) AS n"
            ),
            &[&numbers, &lanes, &seqs, &moments],
        )
        .await?;
    let mut near: BTreeMap<i64, Near> = BTreeMap::new();
    for row in found {
        let control = ControlRow {
            delivery: codes::delivery(row.at(2)?)?,
            phone: codes::phone(row.at(3)?)?,
            foreign_id: row.at::<Option<String>>(4)?.map(Into::into),
            accepted_before: side == Side::AnsweredBefore,
        };
        let near = near.entry(row.at(0)?).or_default();
        near.push((row.at(1)?, control));
    }
    Ok(near)
}
