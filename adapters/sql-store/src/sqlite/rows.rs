//! SQLite's columns, read as the engine's words.

use campaign_core::clock::Stamp;
use campaign_core::delivery::Standing;
use campaign_core::store::LaneHold;
use rusqlite::Row;

use super::fault::Result;
pub(super) use crate::codes::*;

/// A stamp in three columns from `first` on; `None` where they are empty.
pub(super) fn stamp_at(row: &Row<'_>, first: usize) -> Result<Option<Stamp>> {
    let wall: Option<i64> = row.get(first + 1)?;
    let Some(wall) = wall else {
        return Ok(None);
    };
    Ok(Some(stamp((row.get(first)?, wall, row.get(first + 2)?))?))
}

pub(super) fn hold_at(row: &Row<'_>, first: usize) -> Result<Option<LaneHold>> {
    Ok(hold((
        row.get(first)?,
        row.get(first + 1)?,
        row.get(first + 2)?,
    ))?)
}

/// A standing from four columns from `first` on: state, reason, attempts, flags.
pub(super) fn standing_at(row: &Row<'_>, first: usize) -> Result<Standing> {
    Ok(standing((
        row.get(first)?,
        row.get(first + 1)?,
        row.get(first + 2)?,
        row.get(first + 3)?,
    ))?)
}
