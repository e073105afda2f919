use super::super::testing::{World, id, single};
use super::*;

#[test]
fn ten_thousand_that_wait_make_no_step_longer() {
    let looked_at = |singles: u32| {
        let mut world = World::of(singles, None);
        world.until_sent(10);
        let before = world.engine.jobs.attended;
        world.jobs_max = 0;
        world.until_sent(90);
        (world.engine.jobs.attended - before, world.jobs_max)
    };
    let few = looked_at(100);
    assert_eq!(looked_at(10_000), few);
    assert!(few.1 <= 3, "{few:?}");
}

#[test]
fn those_that_are_closed_wait_together_for_the_moment_they_open() {
    let mut world = World::of(1_000, Some("09:00-10:00"));
    let before_the_hour = world.until_sent(1);
    assert!(world.sent.is_empty());
    let attended = world.engine.jobs.attended;
    for _ in 0..100 {
        world.until_sent(1);
    }
    assert_eq!(world.engine.jobs.attended, attended);
    assert!(before_the_hour <= Some(Elapsed::from_micros(3_600_000_000)));
    world.wait(Duration::from_secs(3_600));
    world.until_sent(1_000);
    assert_eq!(world.sent.len(), 1_000);
}

#[test]
fn they_take_turns_and_whoever_comes_later_is_not_overtaken_for_ever() {
    let mut world = World::of(5, None);
    world.until_sent(2);
    world.add(single(6, 1, None));
    world.until_sent(6);
    assert_eq!(world.sent, [1, 2, 3, 4, 5, 6].map(id));
}
