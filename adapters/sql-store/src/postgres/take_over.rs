//! Becoming the runner, or the first worker: the epochs, what a dead process left behind, and what an older copy of the database does not
//! know. The marks of a whole audience are set by one statement, along the table that [`apply`] gives.

use campaign_core::clock::Stamp;
use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Reason, State};
use campaign_core::store::TakeOver;
use jiff::Timestamp;

use super::commands::refuse_what_sends_again;
use super::consent::forget_what_is_over;
use super::doubts::lane_of;
use super::fault::{Fault, Result};
use super::known;
use super::moves::{Differences, Moves, Wanted, write_counts};
use super::transaction::{Columns, TIMELINE, Tx, int};
use crate::codes::{
    self, CAMPAIGNS_LEFT_OUT, GENERATIONS, OWNER_DIED, RECIPIENTS_LEFT_OUT, WAIT_MAX_MICROS,
};
use crate::holder::holder;

/// Where the database is: which server's files, which history of them, and which database in it. It is another place after a recovery to a
/// point in time, and after a standby took the place of the primary, which may lack the last moments.
fn place() -> String {
    format!(
        "(SELECT system_identifier FROM pg_control_system()) || '/' || {TIMELINE} || '/'
            || (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
}

/// What the database is, and how far it has come.
struct Meta {
    message_key: [u8; 16],
    last: Stamp,
    is_marked_restored: bool,
}

pub(super) async fn take_over(tx: &Tx<'_>, now: Stamp) -> Result<TakeOver> {
    let meta = meta(tx).await?;
    let is_restored = is_restored(tx).await?;
    let found = tx.rows("SELECT id FROM lane", &[]).await?;
    let lanes: Vec<i32> = found.iter().map(|row| row.at(0)).collect::<Result<_>>()?;
    let orphaned = take_up(tx, &lanes, now).await?;
    if is_restored {
        distrust(tx, &meta, now).await?;
        refuse_what_sends_again(tx).await?;
    }
    cut_waits(tx, now.wall).await?;
    forget_what_is_over(tx, now.wall).await?;
    let (elapsed, wall, boot) = codes::columns(now);
    tx.execute(
        "UPDATE meta SET is_marked_restored = false, last_elapsed = $1, last_wall = $2, last_boot = $3",
        &[&elapsed, &wall, &boot],
    )
    .await?;
    settle_in(tx).await?;
    Ok(TakeOver {
        orphaned,
        is_restored,
        ..found_by(tx, meta, now).await?
    })
}

/// What somebody finds who takes nothing over.
pub(super) async fn found(tx: &Tx<'_>, now: Stamp) -> Result<TakeOver> {
    found_by(tx, meta(tx).await?, now).await
}

async fn found_by(tx: &Tx<'_>, meta: Meta, now: Stamp) -> Result<TakeOver> {
    Ok(TakeOver {
        message_key: meta.message_key,
        orphaned: 0,
        is_restored: false,
        at: now,
        accounts: known::accounts(tx).await?,
    })
}

/// Puts this process on record as the runner. There are no workers: none that lives, or this is a copy of the database that had them.
pub(super) async fn run(tx: &Tx<'_>, now: Stamp) -> Result<TakeOver> {
    let taken = take_over(tx, now).await?;
    tx.execute("DELETE FROM worker", &[]).await?;
    tx.execute("DELETE FROM news", &[]).await?;
    tx.execute(
        "INSERT INTO runner (one, holder, word) VALUES (1, $1, 'null')
         ON CONFLICT (one) DO UPDATE SET holder = excluded.holder, word = excluded.word",
        &[&holder()],
    )
    .await?;
    Ok(taken)
}

/// The owner of these lanes is dead, or has let go of them: what is left in `sending` may have been sent.
pub(super) async fn take_up(tx: &Tx<'_>, lanes: &[i32], now: Stamp) -> Result<u64> {
    if lanes.is_empty() {
        return Ok(0);
    }
    tx.execute(
        "UPDATE lane SET epoch = epoch + 1 WHERE id = ANY($1)",
        &[&lanes],
    )
    .await?;
    orphan(tx, lanes, now).await
}

/// Which take-over was the last one: by its transaction, and where the database was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastTakeOver(String);

pub(super) async fn last(tx: &Tx<'_>) -> Result<LastTakeOver> {
    let row = tx
        .one("SELECT written_in || ' ' || place FROM home", &[])
        .await?;
    Ok(LastTakeOver(row.at(0)?))
}

/// Whether nobody has taken over since, and the database is where it was then.
pub(super) async fn is_still(tx: &Tx<'_>, one: &LastTakeOver) -> Result<bool> {
    Ok(last(tx).await? == *one && !is_away_from_home(tx).await?)
}

/// Whether the database is the one that was last taken over, in SQL; nothing where nobody ever did. A copy is elsewhere, or its rows were written
/// anew.
pub(super) fn at_home() -> String {
    format!(
        "(SELECT written_in = xmin::text::bigint AND place IS NOT DISTINCT FROM {} FROM home)",
        place()
    )
}

async fn is_away_from_home(tx: &Tx<'_>) -> Result<bool> {
    let sql = format!("SELECT {}", at_home());
    let is_at_home: Option<bool> = tx.one(&sql, &[]).await?.at(0)?;
    Ok(is_at_home == Some(false))
}

/// Whether this is an older copy, as far as that can be seen, or somebody has said so.
pub(super) async fn is_restored(tx: &Tx<'_>) -> Result<bool> {
    Ok(meta(tx).await?.is_marked_restored || is_away_from_home(tx).await?)
}

async fn settle_in(tx: &Tx<'_>) -> Result<()> {
    let sql = format!(
        "INSERT INTO home (one, written_in, place) VALUES (1, pg_current_xact_id()::text::bigint & 4294967295, {})
         ON CONFLICT (one) DO UPDATE SET written_in = excluded.written_in, place = excluded.place",
        place()
    );
    tx.execute(&sql, &[]).await?;
    Ok(())
}

/// Says that this database was brought back from a backup.
pub(super) async fn mark_restored(tx: &Tx<'_>) -> Result<()> {
    tx.execute("UPDATE meta SET is_marked_restored = true", &[])
        .await?;
    Ok(())
}

async fn meta(tx: &Tx<'_>) -> Result<Meta> {
    let row = tx
        .one(
            "SELECT message_key, last_elapsed, last_wall, last_boot, is_marked_restored FROM meta",
            &[],
        )
        .await?;
    let key: &[u8] = row.at(0)?;
    Ok(Meta {
        message_key: key.try_into().map_err(Fault::unreadable)?,
        last: codes::stamp((row.at(1)?, row.at(2)?, row.at(3)?))?,
        is_marked_restored: row.at(4)?,
    })
}

/// What another process left in `sending` of these lanes may have been sent. No request of it is written after now.
async fn orphan(tx: &Tx<'_>, lanes: &[i32], now: Stamp) -> Result<u64> {
    let found = tx
        .rows(
            "SELECT d.id FROM unnest($1::integer[]) AS l (lane)
             CROSS JOIN LATERAL (SELECT delivery FROM open_chat WHERE lane = l.lane OFFSET 0) AS o
             CROSS JOIN LATERAL (SELECT id, state FROM delivery WHERE id = o.delivery OFFSET 0) AS d WHERE d.state = $2",
            &[&lanes, &i16::from(State::Sending as u8)],
        )
        .await?;
    let sending = found.iter().map(|row| Ok(codes::delivery(row.at(0)?)?));
    let sending: Vec<DeliveryId> = sending.collect::<Result<_>>()?;
    let wanted = Wanted::these(sending.iter().copied());
    let mut moves = Moves::read(tx, now, &wanted).await?;
    for delivery in &sending {
        moves.put_as_it_happens(*delivery, Happening::OwnerDied);
    }
    moves.write(tx).await?;
    // Those that evidence had overtaken as well. All of them are younger than what was considered for silence, or kept for later.
    let (elapsed, wall, boot) = codes::columns(now);
    let died = i16::from(OWNER_DIED);
    for open in [
        "FROM unnest($5::integer[]) AS l (lane) CROSS JOIN LATERAL (
             SELECT ctid FROM attempt WHERE lane = l.lane AND lane > 0 AND seq > (SELECT silent_seq FROM meta) AND ended_wall IS NULL OFFSET 0) AS there",
        "FROM unheard u CROSS JOIN LATERAL (
             SELECT ctid FROM attempt WHERE seq = u.attempt AND lane = ANY($5::integer[]) AND ended_wall IS NULL OFFSET 0) AS there",
    ] {
        tx.execute(
            &format!(
                "UPDATE attempt a SET ended_elapsed = $1, ended_wall = $2, ended_boot = $3, outcome = $4 {open}
                 WHERE a.ctid = there.ctid"
            ),
            &[&elapsed, &wall, &boot, &died, &lanes],
        )
        .await?;
    }
    u64::try_from(sending.len()).map_err(Fault::unreadable)
}

/// Whatever was open in an older copy may have been sent since the copy was made.
async fn distrust(tx: &Tx<'_>, meta: &Meta, now: Stamp) -> Result<()> {
    let open: Vec<i16> = codes::distrusted()
        .map(|state| (state as u8).into())
        .collect();
    // Whoever opted out may have been told so in the time that is lost, and is not told twice.
    tx.execute(
        "UPDATE wish SET is_to_be_confirmed = false WHERE is_to_be_confirmed",
        &[],
    )
    .await?;
    let (last, ended) = (codes::columns(meta.last), codes::columns(now));
    tx.execute(
        "UPDATE restoration SET ended_elapsed = $1, ended_wall = $2, ended_boot = $3",
        &[&ended.0, &ended.1, &ended.2],
    )
    .await?;
    let restoration: i64 = tx
        .one(
            "INSERT INTO restoration (started_elapsed, started_wall, started_boot, ended_elapsed, ended_wall, ended_boot, attempt_max)
             VALUES ($1, $2, $3, $4, $5, $6, (SELECT coalesce(max(seq), 0) FROM attempt)) RETURNING id",
            &[&last.0, &last.1, &last.2, &ended.0, &ended.1, &ended.2],
        )
        .await?
        .at(0)?;
    let differences = leaving(tx, &open).await?;
    tx.execute(
        "DELETE FROM remark m USING delivery d WHERE d.id = m.delivery AND d.state = ANY($1)",
        &[&open],
    )
    .await?;
    tx.execute(
        &format!(
            "INSERT INTO doubt (delivery, next_look, restoration, lane)
             SELECT id, 0, $1::bigint, {} FROM delivery AS d WHERE state = ANY($2)
             ON CONFLICT (delivery) DO UPDATE SET next_look = 0, looks = 0, missing = NULL,
                restoration = coalesce(doubt.restoration, excluded.restoration)",
            lane_of("d.id")
        ),
        &[&restoration, &open],
    )
    .await?;
    tx.execute("DELETE FROM ready", &[]).await?;
    tx.execute(
        "UPDATE delivery SET state = $1, reason = $2, flags = flags & 3, changed_at = $3,
            attempts = CASE WHEN state = $1 AND reason = $5 THEN greatest(attempts - 1, 0) ELSE attempts END
         WHERE state = ANY($4) AND (state <> $1 OR reason <> $2)",
        &[
            &i16::from(State::Unconfirmed as u8),
            &i16::from(Reason::Restored as u8),
            &ended.1,
            &open,
            &i16::from(Reason::Restricted as u8),
        ],
    )
    .await?;
    write_counts(tx, &differences).await?;
    leave_numbers_out(tx).await
}

/// The counters' differences when all of these states become unconfirmed.
async fn leaving(tx: &Tx<'_>, open: &[i16]) -> Result<Differences> {
    let found = tx
        .rows(
            "SELECT campaign, state, reason, n FROM campaign_count WHERE n > 0 AND state = ANY($1)",
            &[&open],
        )
        .await?;
    let mut differences = Differences::new();
    for row in found {
        let campaign = codes::campaign(row.at::<i32>(0)?.into())?;
        let (state, reason) = (codes::state(row.byte(1)?)?, codes::reason(row.byte(2)?)?);
        let count: i64 = row.at(3)?;
        *differences.entry((campaign, state, reason)).or_default() -= count;
        let to = (campaign, State::Unconfirmed, Some(Reason::Restored));
        *differences.entry(to).or_default() += count;
    }
    Ok(differences)
}

async fn leave_numbers_out(tx: &Tx<'_>) -> Result<()> {
    tx.execute(
        "UPDATE meta SET next_campaign = next_campaign + $1",
        &[&int(CAMPAIGNS_LEFT_OUT)?],
    )
    .await?;
    tx.execute(
        "UPDATE campaign SET next_ordinal = least(next_ordinal + $1, $2), first_ordinal = least(next_ordinal + $1, $2)",
        &[&int(RECIPIENTS_LEFT_OUT)?, &int(DeliveryId::RECIPIENTS_MAX)?],
    )
    .await?;
    tx.execute(
        "UPDATE campaign c SET first_generation = least($2 + 1, $1 + greatest(c.first_generation, known.newest))
         FROM (SELECT id >> $3 AS campaign, max(id & $2)::smallint AS newest FROM delivery GROUP BY 1) AS known WHERE known.campaign = c.id",
        &[
            &i16::from(DeliveryId::GENERATIONS_LEFT_OUT),
            &GENERATIONS,
            &int(DeliveryId::BITS - CampaignId::BITS)?,
        ],
    )
    .await?;
    Ok(())
}

/// No wait is that long: it was written under a wrong clock.
pub(super) async fn cut_waits(tx: &Tx<'_>, now: Timestamp) -> Result<()> {
    let latest = codes::micros(now).saturating_add(WAIT_MAX_MICROS);
    tx.execute(
        "UPDATE ready SET not_before = 0 WHERE not_before > $1",
        &[&latest],
    )
    .await?;
    tx.execute(
        "UPDATE doubt SET next_look = 0 WHERE next_look > $1",
        &[&latest],
    )
    .await?;
    Ok(())
}
