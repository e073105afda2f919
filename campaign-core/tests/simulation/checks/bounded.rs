//! P9: what the engine asks for and is not done with does not grow with the audience.

use super::super::world::World;

pub(super) fn p9_bounded(world: &World) {
    let flights: usize = world
        .plan
        .lanes
        .iter()
        .map(|lane| usize::from(lane.limits.in_flight_max) * 2)
        .sum();
    // Half a window is read when half a window is left; beside it, as many again may wait for their moment.
    let admitted = world.plan.window as usize * 5 / 2 + flights;
    assert!(
        world.ledger.in_memory_max <= admitted,
        "P9: {} deliveries of one campaign in memory, {admitted} admitted",
        world.ledger.in_memory_max
    );
}
