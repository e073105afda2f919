use super::super::testing::{
    World, account_of, every_second, id, plain, running, session, single, urgent, working,
};
use super::super::{Input, Step};
use crate::campaign::{Definition, NumberCheck};
use crate::consent::Barred;
use crate::delivery::Ack;
use crate::failure::Trouble;
use crate::gateway::{Notice, NumberStatus};
use crate::limits::LaneLimits;
use crate::store::{Command, Effect, LaneHealth, Lost};

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
    let next = world.rests();
    assert_eq!(world.sent.len(), usize::try_from(lanes).unwrap());
    assert_eq!(next, Some(Elapsed::from_micros(1_000_000)));
    world
}

#[test]
fn a_thousand_lanes_that_wait_make_no_step_longer() {
    let looked_at = |lanes: u32| {
        let mut world = waiting(lanes);
        world.lanes_max = 0;
        let before = world.engine.lanes.attended;
        world.wait(Duration::from_millis(500));
        let next = world.rests();
        assert_eq!(next, Some(Elapsed::from_micros(1_500_000)));
        assert_eq!(world.sent.last(), Some(&id(lanes + 1)));
        (world.engine.lanes.attended - before, world.lanes_max)
    };
    let few = looked_at(10);
    assert_eq!(looked_at(1_000), few);
    assert_eq!(few, (few.0, 1));
    assert!((1..10).contains(&few.0), "{few:?}");
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

#[test]
fn other_limits_hold_at_once_for_a_lane_that_is_open() {
    let mut world = World::of(1, None);
    world.until_sent(1);
    let (account, limits) = (account_of(1), LaneLimits::unpaced(7));
    world.asks(
        1,
        Command::SetLimits {
            account,
            limits: limits.clone(),
        },
    );
    let lane = world.engine.lanes.of_account(account).unwrap();
    assert_eq!(*lane.pacer.limits(), limits);
}

/// A runner whose first two lanes are open, with room for several messages at once, and servers that do not answer.
fn mute() -> World {
    let mut world = World::new(LaneLimits::unpaced(9));
    for number in [1, 2] {
        world.add_idle(single(number, number, None));
    }
    world.until(5);
    world.leaves = |step| matches!(step, Step::Send(_));
    world
}

fn lane(world: &mut World) -> &mut Lane {
    world.engine.lanes.get_mut(LaneId(1)).unwrap()
}

fn hold(world: &mut World, trouble: Trouble, seconds: u64) {
    let (settings, now) = (world.engine.settings.clone(), world.now);
    let asked = Some(Duration::from_secs(seconds));
    lane(world).hold_for(trouble, asked, &settings, now);
}

#[test]
fn a_clock_that_is_corrected_brings_the_next_day_at_another_moment() {
    let mut world = World::new(LaneLimits {
        sends_per_day_max: Some(1),
        ..LaneLimits::unpaced(1)
    });
    world.add(running(1, urgent("codes", 1), 2));
    world.until(5);
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.until(10);
    world.now.wall = world.now.wall.checked_add(Duration::from_secs(30)).unwrap();
    // Midnight in Jakarta was sixteen hours away.
    world.until(16 * 3_600 - 31);
    assert_eq!(world.sent.len(), 1);
    world.until(16 * 3_600 - 30);
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn a_session_falls_under_suspicion_when_its_time_has_come_and_that_is_kept() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add(single(1, 1, None));
    world.until(1);
    let sent = world.steps.iter().find_map(|(_, step)| match step {
        Step::Send(sending) => Some(sending.message_id.clone()),
        _ => None,
    });
    let ack = Notice::Ack {
        session: session(1),
        account: None,
        message_id: sent.unwrap().into(),
        ack: Ack::Server,
    };
    world.tell(Input::Noticed(ack));
    world.until(2);
    for number in 2..=4 {
        world.add(single(number, 1, None));
    }
    let kept = |world: &World| {
        let notes = world.kept().filter_map(|change| match change {
            Change::Lane(note) => note.health.session.unwell,
            _ => None,
        });
        notes.map(|unwell| unwell.trouble).next()
    };
    world.until(61);
    assert_eq!((world.sent.len(), kept(&world)), (4, None));
    world.until(62);
    assert_eq!(kept(&world), Some(Trouble::SuspectedDead));
    let now = world.now;
    assert!(lane(&mut world).held(Slot::Reply, now).is_some());
}

#[test]
fn what_holds_a_lane_until_somebody_has_answered_holds_it_when_its_time_is_over_too() {
    let mut world = mute();
    world.leaves = |step| matches!(step, Step::Send(_) | Step::Observe(_));
    hold(&mut world, Trouble::RateLimited, 60);
    world.add(single(3, 1, None));
    for second in [64, 65, 66, 100] {
        world.until(second);
        assert_eq!(world.sent, [], "{second}");
    }
    world.is_told(1, Readiness::Working, Some(account_of(1)));
    world.until(100);
    assert_eq!(world.sent, [id(3)]);
}

#[test]
fn after_a_restriction_one_message_goes_at_its_end_and_the_others_when_it_was_accepted() {
    let mut world = mute();
    hold(&mut world, Trouble::Restricted, 63);
    world.add(running(3, plain("promo", 1), 3));
    world.until(67);
    assert_eq!(world.sent.len(), 0);
    world.until(68);
    assert_eq!(world.sent.len(), 1);
    world.until(72);
    assert_eq!(world.sent.len(), 1);
    world.catches_up();
    world.until(72);
    assert_eq!(world.sent.len(), 3);
}

/// What another account has under way says nothing about it.
#[test]
fn one_message_tries_whether_a_session_is_dead() {
    let mut world = mute();
    world.seems_dead(1, 11);
    world.add(single(3, 2, None));
    world.until(6);
    assert_eq!(world.sent, [id(3)]);
    world.add(running(4, urgent("codes", 1), 3));
    world.add(running(5, plain("promo", 1), 3));
    world.until(15);
    assert_eq!(world.sent.len(), 1);
    world.until(16);
    assert_eq!(world.sent.len(), 2);
    world.until(20);
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn one_message_tries_for_its_slot_and_holds_up_no_other() {
    let mut world = mute();
    let health = LaneHealth {
        cold: world.unwell(Trouble::RepeatedFailures, 11),
        ..LaneHealth::default()
    };
    world.is_recorded(1, health);
    world.add(single(3, 1, None));
    world.until(6);
    assert_eq!(world.sent, [id(3)]);
    world.add(running(4, plain("promo", 1), 3));
    world.until(15);
    assert_eq!(world.sent, [id(3)]);
    world.until(16);
    assert_eq!(world.sent, [id(3), id(4)]);
    world.add(single(5, 1, None));
    world.until(20);
    assert_eq!(world.sent, [id(3), id(4), id(5)]);
}

#[test]
fn while_a_number_is_asked_after_nothing_else_of_its_slot_is_begun() {
    let mut world = mute();
    let asking = Definition {
        check: NumberCheck::New,
        ..urgent("codes", 1)
    };
    world.add(running(3, asking, 2));
    world.add(running(4, urgent("other", 1), 2));
    world.until(8);
    let asked = |world: &World| world.when(|step| matches!(step, Step::Check { .. }));
    let begun = (asked(&world).len(), world.sent.len());
    assert!(begun.0 == 1, "{begun:?}");
    world.until(9);
    assert_eq!((asked(&world).len(), world.sent.len()), begun);
    let checked = Input::Checked {
        lane: LaneId(1),
        slot: Slot::Reply,
        status: NumberStatus::OnWhatsapp,
    };
    world.tell(checked);
    world.until(9);
    assert!(world.sent.len() > begun.1);
}

#[test]
fn while_it_is_found_out_whether_somebody_has_opted_out_only_replies_go() {
    let mut world = mute();
    world.otherwise = Box::new(|change| match change {
        Change::Journal(journal) if journal.delivery.campaign() == id(3) => {
            Some(Effect::Lost(Lost::Barred(Barred::MayBeHidden)))
        }
        _ => None,
    });
    world.add(running(3, plain("promo", 1), 1));
    world.until(6);
    let asked = world.when(|step| matches!(step, Step::LidOf { .. }));
    assert_eq!(asked.len(), 1);
    world.add(running(4, plain("other", 1), 1));
    world.add(running(5, plain("elsewhere", 2), 1));
    world.add(single(6, 1, None));
    world.until(7);
    world.sent.sort();
    assert_eq!(world.sent, [5, 6].map(id));
    let known = Input::LidOf {
        lane: LaneId(1),
        lid: None,
    };
    world.tell(known);
    world.until(7);
    assert_eq!(world.sent, [5, 6, 4].map(id));
}

#[test]
fn nothing_goes_through_the_lane_of_an_account_whose_session_is_anothers_by_now() {
    let mut world = World::of(1, None);
    world.until(5);
    world.is_told(1, Readiness::Working, Some(account_of(3)));
    world.shows.insert(session(1), working(account_of(3)));
    world.until(6);
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(running(3, urgent("codes", 1), 4));
    world.until(7);
    // Something else happens to the lane, while messages wait.
    let (account, limits) = (account_of(1), LaneLimits::unpaced(7));
    world.asks(1, Command::SetLimits { account, limits });
    world.until(8);
    let lanes = world.kept().filter_map(|change| match change {
        Change::Journal(journal) => Some(journal.lane),
        _ => None,
    });
    assert_eq!(lanes.collect::<Vec<_>>(), [LaneId(1), LaneId(3)]);
}
