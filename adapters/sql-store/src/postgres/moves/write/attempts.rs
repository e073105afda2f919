//! Attempts: put on record, ended, and known by the ids that servers chose.

use std::collections::BTreeMap;

use super::super::{Begun, Ended};
use crate::postgres::fault::Result;
use crate::postgres::transaction::{Tx, int};

pub(super) async fn begin_attempts(
    tx: &Tx<'_>,
    (elapsed, wall, boot): (i64, i64, i64),
    begun: &[Begun],
) -> Result<()> {
    if begun.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = begun.iter().map(|it| it.seq).collect();
    let deliveries: Vec<i64> = begun.iter().map(|it| it.delivery).collect();
    let previous: Vec<Option<i64>> = begun.iter().map(|it| it.previous).collect();
    let hashes: Vec<i64> = begun.iter().map(|it| it.text_hash.cast_signed()).collect();
    let lanes: Vec<i32> = begun
        .iter()
        .map(|it| int(it.lane.0))
        .collect::<Result<_>>()?;
    let epochs: Vec<i32> = begun
        .iter()
        .map(|it| int(it.epoch.0))
        .collect::<Result<_>>()?;
    let kinds: Vec<i16> = begun.iter().map(|it| it.kind.into()).collect();
    let slots: Vec<i16> = begun.iter().map(|it| (it.slot as u8).into()).collect();
    tx.execute(
        "INSERT INTO attempt (seq, delivery, previous, text_hash, lane, epoch, kind, slot, started_elapsed, started_wall, started_boot)
         SELECT *, $9::bigint, $10::bigint, $11::bigint FROM unnest(
             $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], $6::integer[], $7::smallint[], $8::smallint[])",
        &[
            &seqs, &deliveries, &previous, &hashes, &lanes, &epochs, &kinds, &slots, &elapsed, &wall, &boot,
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn end_attempts(
    tx: &Tx<'_>,
    (elapsed, wall, boot): (i64, i64, i64),
    ended: &BTreeMap<i64, Ended>,
) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = ended.keys().copied().collect();
    let outcomes: Vec<i16> = ended.values().map(|it| it.outcome.into()).collect();
    let messages: Vec<Option<&str>> = ended.values().map(|it| it.message.as_deref()).collect();
    tx.execute(
        "UPDATE attempt a SET ended_elapsed = $4, ended_wall = $5, ended_boot = $6, outcome = e.outcome, message = e.message
         FROM unnest($1::bigint[], $2::smallint[], $3::text[]) AS e (seq, outcome, message)
         CROSS JOIN LATERAL (SELECT ctid FROM attempt WHERE seq = e.seq OFFSET 0) AS there
         WHERE a.ctid = there.ctid AND a.ended_wall IS NULL",
        &[&seqs, &outcomes, &messages, &elapsed, &wall, &boot],
    )
    .await?;
    Ok(())
}

pub(super) async fn claim(tx: &Tx<'_>, claims: &[(String, i64, Option<i64>)]) -> Result<()> {
    if claims.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = claims.iter().map(|(id, ..)| id.as_str()).collect();
    let deliveries: Vec<i64> = claims.iter().map(|(_, delivery, _)| *delivery).collect();
    tx.execute(
        "INSERT INTO foreign_id (id, delivery) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING",
        &[&ids, &deliveries],
    )
    .await?;
    // The last id of an attempt stays.
    let last: BTreeMap<i64, &str> = claims
        .iter()
        .filter_map(|(id, _, attempt)| Some(((*attempt)?, id.as_str())))
        .collect();
    let (attempts, ids): (Vec<i64>, Vec<&str>) = last.into_iter().unzip();
    tx.execute(
        "UPDATE attempt a SET foreign_id = c.id FROM unnest($1::bigint[], $2::text[]) AS c (seq, id)
         CROSS JOIN LATERAL (SELECT ctid FROM attempt WHERE seq = c.seq OFFSET 0) AS there
         WHERE a.ctid = there.ctid",
        &[&attempts, &ids],
    )
    .await?;
    Ok(())
}

/// Their turn to be considered for silence may be over: they get another.
pub(super) async fn keep_unheard(tx: &Tx<'_>, attempts: Vec<i64>) -> Result<()> {
    if attempts.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO unheard (attempt) SELECT seq FROM unnest($1::bigint[]) AS l (seq) JOIN meta ON silent_seq >= seq
         ON CONFLICT DO NOTHING",
        &[&attempts],
    )
    .await?;
    Ok(())
}
