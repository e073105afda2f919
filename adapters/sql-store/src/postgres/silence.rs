//! Accepted deliveries that no ack followed. Attempts are considered once, in the order in which they began; a few that end
//! late, or are accepted late, get another turn. So do those of lanes that another worker attends.

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::delivery::{Happening, State};
use jiff::Timestamp;

use super::fault::Result;
use super::moves::{Moves, Wanted};
use super::transaction::{Columns, Tx};
use crate::codes;

/// Attempts read in one call, however few of them are silent.
const ATTEMPTS_MAX: usize = 2_000;

/// An attempt whose turn it is.
struct Attempt {
    seq: i64,
    delivery: i64,
    /// This is another turn.
    is_again: bool,
    /// It gets another turn.
    is_later: bool,
    is_silent: bool,
}

/// Of attempts of these lanes, or of all.
pub(super) async fn mark_silent(
    tx: &Tx<'_>,
    before: Timestamp,
    limit: u32,
    lanes: Option<&[i32]>,
) -> Result<u32> {
    let before = codes::micros(before);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = unheard(tx, before, lanes).await?;
    let next = next_attempts(tx, before, lanes).await?;
    let went_through = next.len() >= ATTEMPTS_MAX;
    found.extend(next);
    let mut silent = found
        .iter()
        .enumerate()
        .filter(|(_, attempt)| attempt.is_silent);
    if let Some((place, _)) = silent.nth(limit) {
        found.truncate(place);
    }
    if found.is_empty() {
        return Ok(0);
    }
    mark(tx, &found).await?;
    let silent = found.iter().filter(|attempt| attempt.is_silent).count();
    Ok(u32::try_from(silent)
        .unwrap_or(u32::MAX)
        .max(u32::from(went_through)))
}

/// Those that wait for another turn, and whose turn it is.
async fn unheard(tx: &Tx<'_>, before: i64, lanes: Option<&[i32]>) -> Result<Vec<Attempt>> {
    let found = tx
        .rows(
            "SELECT a.seq, a.delivery, d.attempt = a.seq AND d.state = $1
             FROM unheard u CROSS JOIN LATERAL (SELECT * FROM attempt WHERE seq = u.attempt OFFSET 0) AS a
             CROSS JOIN LATERAL (SELECT attempt, state FROM delivery WHERE id = a.delivery OFFSET 0) AS d
             WHERE a.ended_wall < $2 AND ($4::integer[] IS NULL OR a.lane = ANY($4)) ORDER BY a.seq LIMIT $3",
            &[
                &i16::from(State::Accepted as u8),
                &before,
                &(ATTEMPTS_MAX as i64),
                &lanes,
            ],
        )
        .await?;
    let attempt = |row: &tokio_postgres::Row| {
        Ok(Attempt {
            seq: row.at(0)?,
            delivery: row.at(1)?,
            is_again: true,
            is_later: false,
            is_silent: row.at::<Option<bool>>(2)? == Some(true),
        })
    };
    found.iter().map(attempt).collect()
}

/// The next ones, up to the last of them that can have ended before: that began before.
async fn next_attempts(tx: &Tx<'_>, before: i64, lanes: Option<&[i32]>) -> Result<Vec<Attempt>> {
    let rows = tx
        .rows(
            "SELECT a.seq, a.delivery, d.attempt = a.seq AND d.state = $1, a.ended_wall, a.started_wall,
                    $3::integer[] IS NULL OR a.lane = ANY($3)
             FROM attempt a CROSS JOIN LATERAL (SELECT attempt, state FROM delivery WHERE id = a.delivery OFFSET 0) AS d
             WHERE a.seq > (SELECT silent_seq FROM meta) ORDER BY a.seq LIMIT $2",
            &[
                &i16::from(State::Accepted as u8),
                &(ATTEMPTS_MAX as i64),
                &lanes,
            ],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    let mut began: Vec<i64> = Vec::with_capacity(rows.len());
    for row in rows {
        let ended: Option<i64> = row.at(3)?;
        let is_over = ended.is_some_and(|ended| ended < before);
        let is_silent = is_over && row.at::<Option<bool>>(2)? == Some(true);
        let is_own: bool = row.at(5)?;
        found.push(Attempt {
            seq: row.at(0)?,
            delivery: row.at(1)?,
            is_again: false,
            is_later: !is_over || (is_silent && !is_own),
            is_silent: is_silent && is_own,
        });
        began.push(row.at(4)?);
    }
    let due = began.iter().rposition(|began| *began < before);
    if due.is_none() && found.len() >= ATTEMPTS_MAX && clock_went_back(tx, &began).await? {
        return Ok(found);
    }
    found.truncate(due.map_or(0, |last| last + 1));
    Ok(found)
}

/// Whether these began at moments that have not come yet, for somebody has set the clock back since: they get another turn.
async fn clock_went_back(tx: &Tx<'_>, began: &[i64]) -> Result<bool> {
    let newest = tx
        .maybe(
            "SELECT started_wall FROM attempt ORDER BY seq DESC LIMIT 1",
            &[],
        )
        .await?;
    let Some(row) = newest else {
        return Ok(false);
    };
    let newest: i64 = row.at(0)?;
    Ok(began.iter().all(|began| *began > newest))
}

async fn mark(tx: &Tx<'_>, found: &[Attempt]) -> Result<()> {
    let silent = found.iter().filter(|attempt| attempt.is_silent);
    let silent = silent.map(|attempt| Ok(codes::delivery(attempt.delivery)?));
    let silent = silent.collect::<Result<Vec<_>>>()?;
    let nothing = Stamp {
        elapsed: Elapsed::default(),
        wall: Timestamp::UNIX_EPOCH,
        boot: BootId::default(),
    };
    let wanted = Wanted::these(silent.iter().copied());
    let mut moves = Moves::read(tx, nothing, &wanted).await?;
    moves.keeps_time = true;
    for delivery in silent {
        moves.put_as_it_happens(delivery, Happening::Silent);
    }
    moves.write(tx).await?;
    let again: Vec<i64> = found
        .iter()
        .filter(|attempt| attempt.is_again)
        .map(|attempt| attempt.seq)
        .collect();
    tx.execute("DELETE FROM unheard WHERE attempt = ANY($1)", &[&again])
        .await?;
    let later: Vec<i64> = found
        .iter()
        .filter(|attempt| attempt.is_later)
        .map(|attempt| attempt.seq)
        .collect();
    tx.execute(
        "INSERT INTO unheard (attempt) SELECT * FROM unnest($1::bigint[]) ON CONFLICT DO NOTHING",
        &[&later],
    )
    .await?;
    if let Some(last) = found.iter().rfind(|attempt| !attempt.is_again) {
        tx.execute("UPDATE meta SET silent_seq = $1", &[&last.seq])
            .await?;
    }
    Ok(())
}
