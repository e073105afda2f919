//! What lanes have counted and learnt, written as their owner.

use std::collections::BTreeMap;

use campaign_core::store::LaneId;

use super::super::Lane;
use crate::codes;
use crate::postgres::fault::{Fault, Result};
use crate::postgres::transaction::{Tx, int};

/// A lane that changed hands since it was read takes nothing from its earlier owner.
pub(super) async fn write_lanes(tx: &Tx<'_>, lanes: &BTreeMap<LaneId, Lane>) -> Result<()> {
    write_newest(tx, lanes).await?;
    write_notes(tx, lanes).await
}

async fn write_newest(tx: &Tx<'_>, lanes: &BTreeMap<LaneId, Lane>) -> Result<()> {
    // Whose note is written has them in it.
    let sent = lanes.iter().filter(|(_, lane)| {
        lane.note.is_none() && (lane.newest_cold.is_some() || lane.newest_reply.is_some())
    });
    let sent: Vec<(&LaneId, &Lane)> = sent.collect();
    if sent.is_empty() {
        return Ok(());
    }
    let ids: Vec<i32> = sent.iter().map(|it| int(it.0.0)).collect::<Result<_>>()?;
    let epochs = sent.iter().map(|it| int(it.1.epoch.0));
    let epochs: Vec<i32> = epochs.collect::<Result<_>>()?;
    let cold: Vec<Option<i64>> = sent.iter().map(|it| it.1.newest_cold).collect();
    let reply: Vec<Option<i64>> = sent.iter().map(|it| it.1.newest_reply).collect();
    let count = tx
        .execute(
            "UPDATE lane l SET newest_cold = coalesce(n.cold, newest_cold), newest_reply = coalesce(n.reply, newest_reply)
             FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::bigint[]) AS n (id, epoch, cold, reply)
             CROSS JOIN LATERAL (SELECT ctid FROM lane WHERE id = n.id OFFSET 0) AS there
             WHERE l.ctid = there.ctid AND l.epoch = n.epoch",
            &[&ids, &epochs, &cold, &reply],
        )
        .await?;
    all_of(ids.len(), count)
}

/// Columns of what lanes have learnt.
#[derive(Default)]
struct Notes {
    ids: Vec<i32>,
    epochs: Vec<i32>,
    days: Vec<Option<String>>,
    sends: Vec<i32>,
    cold: Vec<i32>,
    warmth: Vec<String>,
    holds: Vec<Option<String>>,
    until: Vec<Option<i64>>,
    told: Vec<Option<String>>,
    cold_holds: Vec<Option<String>>,
    cold_until: Vec<Option<i64>>,
    cold_told: Vec<Option<String>>,
    trusted: Vec<String>,
    store_on: Vec<Option<String>>,
    health: Vec<String>,
    newest_cold: Vec<Option<i64>>,
    newest_reply: Vec<Option<i64>>,
}

impl Notes {
    fn of(lanes: &BTreeMap<LaneId, Lane>) -> Result<Self> {
        let mut notes = Self::default();
        for (id, lane) in lanes {
            let Some(note) = &lane.note else { continue };
            let (hold, until, told) = codes::hold_columns(note.hold)?;
            let (cold_hold, cold_until, cold_told) = codes::hold_columns(note.cold_hold)?;
            let store_on = note.store_on.as_ref().map(serde_json::to_string);
            notes.ids.push(int(id.0)?);
            notes.epochs.push(int(lane.epoch.0)?);
            notes.days.push(note.day.map(|day| day.date.to_string()));
            notes.sends.push(int(note.day.map_or(0, |day| day.sends))?);
            notes.cold.push(int(note.day.map_or(0, |day| day.cold))?);
            notes.warmth.push(serde_json::to_string(&note.warmth)?);
            notes.holds.push(hold);
            notes.until.push(until);
            notes.told.push(told);
            notes.cold_holds.push(cold_hold);
            notes.cold_until.push(cold_until);
            notes.cold_told.push(cold_told);
            notes.trusted.push(serde_json::to_string(&note.trusted)?);
            notes.store_on.push(store_on.transpose()?);
            notes.health.push(serde_json::to_string(&note.health)?);
            notes.newest_cold.push(lane.newest_cold);
            notes.newest_reply.push(lane.newest_reply);
        }
        Ok(notes)
    }
}

async fn write_notes(tx: &Tx<'_>, lanes: &BTreeMap<LaneId, Lane>) -> Result<()> {
    let notes = Notes::of(lanes)?;
    if notes.ids.is_empty() {
        return Ok(());
    }
    let count = tx
        .execute(
            "UPDATE lane l SET day = n.day, day_sends = n.sends, day_cold = n.cold, warmth = n.warmth, hold = n.hold, hold_until = n.until,
                    hold_told = n.told, cold_hold = n.cold_hold, cold_hold_until = n.cold_until, cold_hold_told = n.cold_told,
                    trusted = n.trusted, store_on = n.store_on, health = n.health,
                    newest_cold = coalesce(n.newest_cold, l.newest_cold), newest_reply = coalesce(n.newest_reply, l.newest_reply)
             FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::text[], $8::bigint[],
                         $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[])
                  AS n (id, epoch, day, sends, cold, warmth, hold, until, told, cold_hold, cold_until, cold_told, trusted, store_on, health,
                        newest_cold, newest_reply)
             CROSS JOIN LATERAL (SELECT ctid FROM lane WHERE id = n.id OFFSET 0) AS there
             WHERE l.ctid = there.ctid AND l.epoch = n.epoch",
            &[
                &notes.ids,
                &notes.epochs,
                &notes.days,
                &notes.sends,
                &notes.cold,
                &notes.warmth,
                &notes.holds,
                &notes.until,
                &notes.told,
                &notes.cold_holds,
                &notes.cold_until,
                &notes.cold_told,
                &notes.trusted,
                &notes.store_on,
                &notes.health,
                &notes.newest_cold,
                &notes.newest_reply,
            ],
        )
        .await?;
    all_of(notes.ids.len(), count)
}

fn all_of(wanted: usize, written: u64) -> Result<()> {
    if written == wanted as u64 {
        Ok(())
    } else {
        Err(Fault::Overtaken)
    }
}
