use super::super::testing::{World, id, single};
use crate::limits::{Gap, LaneLimits};

use super::*;

/// So many lanes, with two messages each. The first of each is out, that of the first lane half a second before the others.
fn waiting(lanes: u32) -> World {
    let mut world = World::new(every_second());
    for number in 0..lanes * 2 {
        if number == 1 {
            world.until_sent(1);
            world.wait(Duration::from_millis(500));
        }
        world.add(single(number + 1, number % lanes + 1, None));
    }
    let next = world.until_sent(usize::MAX);
    assert_eq!(world.sent.len(), usize::try_from(lanes).unwrap());
    assert_eq!(next, Some(Elapsed::from_micros(1_000_000)));
    world
}

fn every_second() -> LaneLimits {
    let second = Duration::from_secs(1);
    let gap = Gap {
        min: second,
        max: second,
    };
    LaneLimits {
        gap,
        reply_gap: gap,
        ..LaneLimits::unpaced(1)
    }
}

#[test]
fn a_thousand_lanes_that_wait_make_no_step_longer() {
    let looked_at = |lanes: u32| {
        let mut world = waiting(lanes);
        world.lanes_max = 0;
        let before = world.engine.lanes.attended;
        world.wait(Duration::from_millis(500));
        let next = world.until_sent(usize::MAX);
        assert_eq!(next, Some(Elapsed::from_micros(1_500_000)));
        assert_eq!(world.sent.last(), Some(&id(lanes + 1)));
        (world.engine.lanes.attended - before, world.lanes_max)
    };
    let few = looked_at(10);
    assert_eq!(looked_at(1_000), few);
    assert!(few.1 <= 1, "{few:?}");
}

#[test]
fn lanes_take_turns_message_by_message() {
    let mut lanes = Lanes::default();
    for id in [1, 2, 1, 3] {
        lanes.queue(Slot::Cold, LaneId(id));
    }
    lanes.queue(Slot::Reply, LaneId(1));
    let mut turns = Vec::new();
    while let Some(id) = lanes.in_turn(Slot::Cold) {
        turns.push(id.0);
        if turns.len() < 6 && id.0 != 2 {
            lanes.queue(Slot::Cold, id);
        }
    }
    assert_eq!(turns, [1, 2, 3, 1, 3, 1, 3]);
    assert_eq!(lanes.in_turn(Slot::Reply), Some(LaneId(1)));
}

#[test]
fn whoever_would_be_asleep_when_its_moment_comes_is_found_out() {
    let mut world = waiting(2);
    let [first, second] = [1_000_000, 1_500_000].map(Elapsed::from_micros);
    assert!(world.engine.nobody_oversleeps(Some(first), world.now));
    assert!(!world.engine.nobody_oversleeps(Some(second), world.now));
    assert!(!world.engine.nobody_oversleeps(None, world.now));
    // Nobody has queued it.
    world.wait(Duration::from_millis(500));
    assert!(!world.engine.nobody_oversleeps(Some(second), world.now));
}
