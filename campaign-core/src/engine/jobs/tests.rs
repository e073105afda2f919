use super::super::testing::{World, delivery, id, person, plain, running, session, single};
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
    assert!(few.0 >= 80 && few.1 <= 3, "{few:?}");
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

/// So many campaigns through one session, each with somebody to write to.
fn working(campaigns: u32) -> Jobs {
    let mut jobs = Jobs::default();
    for number in 1..=campaigns {
        let mut job = Job::new(running(number, plain("promo", 1), 1), Elapsed::default());
        job.put_back(person(delivery(number, 0)));
        jobs.insert(id(number), job);
    }
    rest(&mut jobs);
    jobs
}

/// Attends to all that are awake, and tells which those were.
fn rest(jobs: &mut Jobs) -> Vec<CampaignId> {
    let mut awake = Vec::new();
    while let Some(id) = jobs.next_awake() {
        let now = World::of(0, None).now;
        jobs.rest(id, Duration::from_secs(90), now);
        awake.push(id);
    }
    awake
}

/// Whose turns the next so many are.
fn turns(jobs: &mut Jobs, count: usize) -> Vec<CampaignId> {
    let mut had = Vec::new();
    while had.len() < count {
        let id = jobs.in_turn(&session(1), Slot::Cold).unwrap();
        jobs.had_turn(id, &session(1), Slot::Cold);
        had.push(id);
    }
    had
}

#[test]
fn a_turn_that_came_to_nothing_is_no_turn() {
    let mut jobs = working(2);
    assert_eq!(turns(&mut jobs, 5), [1, 2, 1, 2, 1].map(id));
    let mut jobs = working(2);
    for _ in 0..2 {
        jobs.had_turn(id(1), &session(1), Slot::Cold);
    }
    jobs.give_turn_back(id(1), &session(1), Slot::Cold);
    assert_eq!(turns(&mut jobs, 2), [2, 1].map(id));
}

#[test]
fn one_that_is_forgotten_leaves_the_others_their_turns() {
    let mut jobs = working(2);
    jobs.remove(id(1));
    assert!(!jobs.contains(id(1)) && jobs.contains(id(2)));
    assert_eq!(turns(&mut jobs, 2), [2, 2].map(id));
    jobs.remove(id(2));
    assert!(jobs.is_empty());
    assert_eq!(jobs.in_turn(&session(1), Slot::Cold), None);
    assert!(jobs.turns.is_empty(), "nothing is kept of it");
}

#[test]
fn whoever_is_woken_is_attended_to_once() {
    let mut jobs = working(3);
    assert_eq!(rest(&mut jobs), []);
    jobs.wake(id(2));
    jobs.wake(id(2));
    jobs.wake(id(9));
    assert_eq!(rest(&mut jobs), [id(2)]);
    jobs.wake_all();
    assert_eq!(rest(&mut jobs), [1, 2, 3].map(id));
}
