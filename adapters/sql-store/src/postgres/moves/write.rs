//! Writes what has become of a run of changes: one statement for each kind of row, in the order of keys.

mod attempts;
mod lanes;
mod persons;

use std::collections::{BTreeMap, BTreeSet};

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::CampaignId;
use campaign_core::store::LaneId;

use self::attempts::{begin_attempts, claim, end_attempts, keep_unheard};
use self::lanes::write_lanes;
use self::persons::{write_known, write_written};
use super::{Chat, Delivery, Differences, Moves};
use crate::codes::{self, CORRECTED, REMARKED, SUPERSEDED};
use crate::postgres::fault::{Fault, Result};
use crate::postgres::transaction::{Tx, int};

impl Moves {
    /// The last thing that is done with them.
    pub(in crate::postgres) async fn write(self, tx: &Tx<'_>) -> Result<()> {
        let now = codes::columns(self.at);
        write_renewed(tx, &self.renewed).await?;
        // An attempt of this run may end in it.
        tokio::try_join!(
            biased;
            begin_attempts(tx, now, &self.begun),
            move_deliveries(tx, &self.deliveries),
            add_deliveries(tx, &self.deliveries),
            write_ready(tx, &self.ready),
            write_doubts(tx, &self.deliveries),
            write_remarks(tx, &self.remarks),
            write_chats(tx, &self.chats),
            write_written(tx, &self.persons),
            write_known(tx, &self.persons),
            write_lanes(tx, &self.lanes),
            write_counts(tx, &self.counts),
        )?;
        tokio::try_join!(
            biased;
            end_attempts(tx, now, &self.ended),
            claim(tx, &self.claims),
            keep_unheard(tx, self.accepted_late.iter().copied().collect()),
        )?;
        Ok(())
    }
}

/// Waits for who is about to move them, so that what they move to is seen here.
async fn write_renewed(tx: &Tx<'_>, campaigns: &BTreeSet<CampaignId>) -> Result<()> {
    if campaigns.is_empty() {
        return Ok(());
    }
    let ids = campaigns.iter().map(|campaign| int(campaign.number()));
    let ids = ids.collect::<Result<Vec<i32>>>()?;
    let settled = CampaignState::Settled;
    tx.execute(
        "UPDATE campaign SET state = CASE state WHEN $2 THEN $3 ELSE state END WHERE id = ANY($1)",
        &[
            &ids,
            &i16::from(settled as u8),
            &i16::from(settled.once_renewed() as u8),
        ],
    )
    .await?;
    Ok(())
}

/// A delivery's columns that a move changes.
#[derive(Default)]
struct Moved {
    ids: Vec<i64>,
    phones: Vec<i64>,
    attempts_of: Vec<Option<i64>>,
    changed: Vec<i64>,
    states: Vec<i16>,
    reasons: Vec<i16>,
    attempts: Vec<i16>,
    flags: Vec<i16>,
    was: Vec<i16>,
}

impl Moved {
    fn push(&mut self, found: &Delivery) {
        let row = &found.row;
        let flags = u8::from(row.standing.corrected) * CORRECTED
            + u8::from(row.is_superseded) * SUPERSEDED
            + u8::from(row.is_remarked) * REMARKED;
        self.ids.push(codes::number(row.id));
        self.phones.push(row.phone);
        self.attempts_of
            .push(row.attempt.map(|attempt| attempt.seq));
        self.changed.push(row.changed_at);
        self.states.push((row.standing.state as u8).into());
        self.reasons
            .push(codes::reason_number(row.standing.reason).into());
        self.attempts.push(row.standing.attempts.into());
        self.flags.push(flags.into());
        self.was
            .push(found.was.map_or(-1, |state| (state as u8).into()));
    }
}

async fn move_deliveries(tx: &Tx<'_>, deliveries: &BTreeMap<i64, Delivery>) -> Result<()> {
    let mut moved = Moved::default();
    let changed = deliveries.values().filter(|it| it.is_moved);
    for found in changed.filter(|it| it.was.is_some()) {
        moved.push(found);
    }
    if moved.ids.is_empty() {
        return Ok(());
    }
    let count = tx
        .execute(
            "UPDATE delivery d SET state = n.state, reason = n.reason, attempts = n.attempts, flags = n.flags,
                    attempt = n.attempt, changed_at = n.changed_at
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::smallint[], $6::smallint[],
                         $7::smallint[], $8::smallint[])
                  AS n (id, attempt, changed_at, state, reason, attempts, flags, was)
             CROSS JOIN LATERAL (SELECT ctid FROM delivery WHERE id = n.id OFFSET 0) AS there
             WHERE d.ctid = there.ctid AND d.state = n.was",
            &[
                &moved.ids,
                &moved.attempts_of,
                &moved.changed,
                &moved.states,
                &moved.reasons,
                &moved.attempts,
                &moved.flags,
                &moved.was,
            ],
        )
        .await?;
    if count != moved.ids.len() as u64 {
        return Err(Fault::Overtaken);
    }
    Ok(())
}

async fn add_deliveries(tx: &Tx<'_>, deliveries: &BTreeMap<i64, Delivery>) -> Result<()> {
    let mut added = Moved::default();
    for found in deliveries.values().filter(|it| it.was.is_none()) {
        added.push(found);
    }
    if added.ids.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO delivery (id, phone, attempt, changed_at, state, reason, attempts, flags)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::smallint[], $6::smallint[],
                              $7::smallint[], $8::smallint[])",
        &[
            &added.ids,
            &added.phones,
            &added.attempts_of,
            &added.changed,
            &added.states,
            &added.reasons,
            &added.attempts,
            &added.flags,
        ],
    )
    .await?;
    Ok(())
}

async fn write_ready(tx: &Tx<'_>, ready: &BTreeMap<i64, Option<i64>>) -> Result<()> {
    let gone: Vec<i64> = ready
        .iter()
        .filter_map(|(id, due)| due.is_none().then_some(*id))
        .collect();
    let due = ready.iter().filter_map(|(id, due)| Some((*id, (*due)?)));
    let (ids, moments): (Vec<i64>, Vec<i64>) = due.unzip();
    tokio::try_join!(
        biased;
        delete(tx, "DELETE FROM ready WHERE delivery = ANY($1)", &gone),
        async {
            if ids.is_empty() {
                return Ok(0);
            }
            tx.execute(
                "INSERT INTO ready (delivery, not_before) SELECT * FROM unnest($1::bigint[], $2::bigint[])
                 ON CONFLICT (delivery) DO UPDATE SET not_before = excluded.not_before",
                &[&ids, &moments],
            )
            .await
        },
    )?;
    Ok(())
}

async fn delete(tx: &Tx<'_>, sql: &str, keys: &[i64]) -> Result<u64> {
    if keys.is_empty() {
        return Ok(0);
    }
    tx.execute(sql, &[&keys]).await
}

async fn write_doubts(tx: &Tx<'_>, deliveries: &BTreeMap<i64, Delivery>) -> Result<()> {
    let changed = || deliveries.iter().filter(|(_, it)| it.is_doubt_changed);
    let gone: Vec<i64> = changed()
        .filter(|(_, it)| it.was_in_doubt && it.row.doubt.is_none())
        .map(|(id, _)| *id)
        .collect();
    delete(tx, "DELETE FROM doubt WHERE delivery = ANY($1)", &gone).await?;
    let mut there = Vec::new();
    let mut lanes = Vec::new();
    for (id, it) in changed() {
        if let Some(doubt) = &it.row.doubt {
            there.push((*id, doubt));
            // What has no attempt was in doubt before.
            let lane = it.row.attempt.map_or(0, |attempt| attempt.lane.0);
            lanes.push(int(lane)?);
        }
    }
    if there.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = there.iter().map(|(id, _)| *id).collect();
    let next: Vec<Option<i64>> = there.iter().map(|(_, it)| it.next_look).collect();
    let restorations: Vec<Option<i64>> = there.iter().map(|(_, it)| it.restoration).collect();
    let looks: Vec<i16> = there.iter().map(|(_, it)| it.looks.into()).collect();
    let missing: Vec<Option<&str>> = there.iter().map(|(_, it)| it.missing.as_deref()).collect();
    tx.execute(
        "INSERT INTO doubt (delivery, next_look, restoration, looks, missing, lane)
         SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::integer[])
         ON CONFLICT (delivery) DO UPDATE SET next_look = excluded.next_look, restoration = excluded.restoration,
             looks = excluded.looks, missing = excluded.missing,
             lane = CASE excluded.lane WHEN 0 THEN doubt.lane ELSE excluded.lane END",
        &[&ids, &next, &restorations, &looks, &missing, &lanes],
    )
    .await?;
    Ok(())
}

async fn write_remarks(tx: &Tx<'_>, remarks: &BTreeMap<i64, Option<String>>) -> Result<()> {
    let gone: Vec<i64> = remarks
        .iter()
        .filter_map(|(id, words)| words.is_none().then_some(*id))
        .collect();
    delete(tx, "DELETE FROM remark WHERE delivery = ANY($1)", &gone).await?;
    let said = remarks
        .iter()
        .filter_map(|(id, words)| Some((*id, words.as_deref()?)));
    let (ids, words): (Vec<i64>, Vec<&str>) = said.unzip();
    if ids.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO remark (delivery, message) SELECT * FROM unnest($1::bigint[], $2::text[])
         ON CONFLICT (delivery) DO UPDATE SET message = excluded.message",
        &[&ids, &words],
    )
    .await?;
    Ok(())
}

async fn write_chats(tx: &Tx<'_>, chats: &BTreeMap<(LaneId, i64), Chat>) -> Result<()> {
    let changed = chats.iter().filter(|(_, chat)| chat.delivery != chat.was);
    let mut gone: (Vec<i32>, Vec<i64>) = Default::default();
    let mut open: (Vec<i32>, Vec<i64>, Vec<i64>) = Default::default();
    for ((lane, phone), chat) in changed {
        match chat.delivery {
            Some(delivery) => {
                open.0.push(int(lane.0)?);
                open.1.push(*phone);
                open.2.push(delivery);
            }
            None => {
                gone.0.push(int(lane.0)?);
                gone.1.push(*phone);
            }
        }
    }
    tokio::try_join!(
        biased;
        async {
            if gone.0.is_empty() {
                return Ok(0);
            }
            tx.execute(
                "DELETE FROM open_chat WHERE ctid = ANY(ARRAY(
                     SELECT there.ctid FROM unnest($1::integer[], $2::bigint[]) AS g (lane, phone)
                     CROSS JOIN LATERAL (SELECT ctid FROM open_chat WHERE lane = g.lane AND phone = g.phone OFFSET 0) AS there))",
                &[&gone.0, &gone.1],
            )
            .await
        },
        async {
            if open.0.is_empty() {
                return Ok(0);
            }
            tx.execute(
                "INSERT INTO open_chat (lane, phone, delivery)
                 SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[])
                 ON CONFLICT (lane, phone) DO UPDATE SET delivery = excluded.delivery",
                &[&open.0, &open.1, &open.2],
            )
            .await
        },
    )?;
    Ok(())
}

/// Adds the differences to the counters.
pub(in crate::postgres) async fn write_counts(
    tx: &Tx<'_>,
    differences: &Differences,
) -> Result<()> {
    let there: Vec<_> = differences.iter().filter(|(_, n)| **n != 0).collect();
    if there.is_empty() {
        return Ok(());
    }
    let campaigns: Vec<i32> = there
        .iter()
        .map(|((campaign, ..), _)| int(campaign.number()))
        .collect::<Result<_>>()?;
    let states: Vec<i16> = there
        .iter()
        .map(|((_, state, _), _)| (*state as u8).into())
        .collect();
    let reasons: Vec<i16> = there
        .iter()
        .map(|((_, _, reason), _)| codes::reason_number(*reason).into())
        .collect();
    let differences: Vec<i64> = there.iter().map(|(_, n)| **n).collect();
    tx.execute(
        "WITH d AS (
             SELECT * FROM unnest($1::integer[], $2::smallint[], $3::smallint[], $4::bigint[]) AS d (campaign, state, reason, n)
         ), added AS (
             UPDATE campaign_count c SET n = c.n + d.n FROM d
             CROSS JOIN LATERAL (
                 SELECT ctid FROM campaign_count WHERE campaign = d.campaign AND state = d.state AND reason = d.reason OFFSET 0) AS there
             WHERE c.ctid = there.ctid
             RETURNING c.campaign, c.state, c.reason
         )
         INSERT INTO campaign_count (campaign, state, reason, n)
         SELECT campaign, state, reason, n FROM d
         WHERE NOT EXISTS (
             SELECT 1 FROM added a WHERE a.campaign = d.campaign AND a.state = d.state AND a.reason = d.reason)",
        &[&campaigns, &states, &reasons, &differences],
    )
    .await?;
    Ok(())
}
