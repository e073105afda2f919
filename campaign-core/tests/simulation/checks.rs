//! What must hold in every history, by the ledger of the world and never by the engine's own word alone: a function for each promise.

mod bounded;
mod forbidden;
mod hours;
mod lost;
mod numbers;
mod once;
mod pace;
mod repeats;
mod replies;
mod shared;
mod trouble;

use std::time::Duration;

pub(crate) use self::lost::{
    p2_acks_move_nothing_back, p2_nothing_is_claimed_by_content,
    p8_nothing_is_looked_for_without_end,
};
pub(crate) use self::replies::{p10_replies_first, p10_replies_first_where_nothing_is_wrong};
pub(crate) use self::trouble::p6_nobody_fails_for_a_restriction;
use super::world::World;

/// An unanswered text occupies its limits for so long.
const HOLD_HORIZON: Duration = Duration::from_secs(20);
/// A server may hold a text for so long and still execute it.
const ABSENCE_HORIZON: Duration = Duration::from_secs(120);

pub(crate) fn all(world: &World) {
    once::p1_once(world);
    lost::p2_nobody_lost(world);
    lost::p2_doubts_are_settled(world);
    pace::p3_never_too_fast(world);
    shared::p3_never_too_fast_together(world);
    hours::p4_never_outside_its_hours(world);
    forbidden::p5_never_to_whom_it_must_not(world);
    trouble::p6_a_lane_in_trouble_harms_nobody(world);
    repeats::p7_only_what_is_safe_is_repeated(world);
    // P8 is judged while the world runs: it must come to its end within its bound.
    bounded::p9_bounded(world);
    numbers::checked_at_the_lanes_pace(world);
}
