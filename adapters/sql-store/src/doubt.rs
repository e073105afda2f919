//! What any SQL store makes of the rows of a doubt: when its message may have been handed over, and which accepted message its look-up must
//! be able to find.

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::store::ControlRow;
use jiff::Timestamp;

use crate::codes::{self, NOT_HANDED_OVER, Unreadable};

/// With more doubts due than this, reading them in key order finds them sooner than sorting them.
pub(crate) const DOUBTS_SORTED_MAX: usize = 4_096;
/// So many of the nearest accepted messages take turns as the control of a look-up.
pub(crate) const CONTROLS: usize = 4;
/// A control is looked for among so many attempts before, and as many after.
pub(crate) const CONTROL_REACH: i64 = 2_000;

/// Between which moments a doubtful message may have been handed over: by its attempt, and by the time that an older copy does not know of.
pub(crate) fn open_time(
    attempt: (Option<Stamp>, Option<Stamp>),
    outcome: Option<u8>,
    restored: (Option<Stamp>, Option<Stamp>),
) -> Result<(Stamp, Stamp), Unreadable> {
    let was_handed_back = outcome.is_some_and(|outcome| NOT_HANDED_OVER.contains(&outcome));
    let started = match (attempt.0, restored.0) {
        // Its own attempt, which the copy knows to be open, began before the copy was made.
        (Some(started), Some(_)) if !was_handed_back => started,
        (_, Some(restored)) => restored,
        (Some(started), None) => started,
        (None, None) => return Err(Unreadable::new("a doubt without an attempt")),
    };
    // A request that is still under way has not ended yet: a moment in the future counts as now.
    let not_yet = Stamp {
        elapsed: Elapsed::NEVER,
        wall: Timestamp::MAX,
        boot: BootId::default(),
    };
    let ended = match restored.1 {
        Some(restored) => restored,
        None => attempt.1.unwrap_or(not_yet),
    };
    Ok((started, ended))
}

/// Of the accepted messages around a moment, with when they began, the one whose turn it is at this look: those that WAHA had answered for
/// before the doubt come first, then the nearest.
pub(crate) fn control(
    mut near: Vec<(i64, ControlRow)>,
    moment: Timestamp,
    looks: u8,
) -> Option<ControlRow> {
    let moment = codes::micros(moment);
    near.sort_unstable_by_key(|(began, row)| {
        (!row.accepted_before, began.abs_diff(moment), row.delivery)
    });
    near.truncate(CONTROLS);
    let turn = usize::from(looks).checked_rem(near.len())?;
    near.into_iter().nth(turn).map(|(_, row)| row)
}
