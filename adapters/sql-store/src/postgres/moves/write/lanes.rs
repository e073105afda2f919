//! What lanes have counted and learnt, written as their owner.

use std::collections::BTreeMap;

use campaign_core::store::{LaneId, LaneNote};

use super::super::Lane;
use crate::codes;
use crate::postgres::fault::{Fault, Result};
use crate::postgres::transaction::{Tx, int};

/// A lane that changed hands since it was read takes nothing from its earlier owner.
pub(super) async fn write_lanes(tx: &Tx<'_>, lanes: &BTreeMap<LaneId, Lane>) -> Result<()> {
    for (id, lane) in lanes {
        let (id, epoch) = (int(id.0)?, int(lane.epoch.0)?);
        if lane.newest_cold.is_some() || lane.newest_reply.is_some() {
            let count = tx
                .execute(
                    "UPDATE lane SET newest_cold = coalesce($3, newest_cold), newest_reply = coalesce($4, newest_reply)
                     WHERE id = $1 AND epoch = $2",
                    &[&id, &epoch, &lane.newest_cold, &lane.newest_reply],
                )
                .await?;
            if count == 0 {
                return Err(Fault::Overtaken);
            }
        }
        if let Some(note) = &lane.note {
            write_note(tx, id, epoch, note).await?;
        }
    }
    Ok(())
}

async fn write_note(tx: &Tx<'_>, lane: i32, epoch: i32, note: &LaneNote) -> Result<()> {
    let (hold, until) = codes::hold_columns(note.hold)?;
    let (cold_hold, cold_until) = codes::hold_columns(note.cold_hold)?;
    let day = note.day.map(|day| day.date.to_string());
    let sends = int(note.day.map_or(0, |day| day.sends))?;
    let cold = int(note.day.map_or(0, |day| day.cold))?;
    let store_on = note
        .store_on
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?;
    let count = tx
        .execute(
            "UPDATE lane SET day = $3, day_sends = $4, day_cold = $5, warmth = $6, hold = $7, hold_until = $8,
                    cold_hold = $9, cold_hold_until = $10, trusted = $11, store_on = $12, health = $13
             WHERE id = $1 AND epoch = $2",
            &[
                &lane,
                &epoch,
                &day,
                &sends,
                &cold,
                &serde_json::to_string(&note.warmth)?,
                &hold,
                &until,
                &cold_hold,
                &cold_until,
                &serde_json::to_string(&note.trusted)?,
                &store_on,
                &serde_json::to_string(&note.health)?,
            ],
        )
        .await?;
    if count == 0 {
        return Err(Fault::Overtaken);
    }
    Ok(())
}
