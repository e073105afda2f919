use super::testing::{World, single};
use super::*;
use crate::limits::LaneLimits;

/// After a failed commit nothing is lost, and the store is left alone for a while.
#[test]
fn a_commit_that_failed_is_tried_again_after_a_pause() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(single(1, 1, None));
    world.failing = 1;
    let again = Elapsed::from_micros(1_000_000);
    assert_eq!(world.until_sent(1), Some(again));
    world.wait(STORE_PAUSE);
    world.until_sent(1);
    assert_eq!(world.sent.len(), 1);
}
