use std::time::Duration;

use super::super::testing::{World, every_second, id, single};
use super::*;
use crate::limits::LaneLimits;
use crate::store::{Command, Counts};

use CampaignState::{Cancelled, Completed, Paused, Running, Scheduled, Settled};

/// One that stands there, with so many deliveries in each of these states.
fn campaign(state: CampaignState, counts: &[(State, u64)]) -> CampaignRecord {
    let counts = counts.iter().map(|(state, count)| ((*state, None), *count));
    CampaignRecord {
        state,
        counts: Counts(counts.collect()),
        ..single(1, 1, None)
    }
}

/// One of which everything was read.
fn over(state: CampaignState) -> CampaignRecord {
    campaign(state, &[(State::Read, 1)])
}

/// A runner that is told of a campaign of which nothing is due.
fn idle(record: CampaignRecord) -> World {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add_idle(record);
    world
}

fn rereads(world: &World) -> usize {
    world.when(|step| matches!(step, Step::Reread(_))).len()
}

fn loads(world: &World) -> usize {
    world.when(|step| matches!(step, Step::Load(_))).len()
}

#[test]
fn a_campaign_that_was_over_goes_on_only_when_the_store_has_more_to_send() {
    for (state, scheduled, moves) in [
        (Completed, 1, vec![(Completed, Running)]),
        (Completed, 0, vec![]),
        (Settled, 0, vec![]),
    ] {
        let counts = [(State::Scheduled, scheduled), (State::Read, 1)];
        let mut world = idle(campaign(state, &counts));
        world.rests();
        assert_eq!(world.moves(), moves, "{state} with {scheduled} scheduled");
    }
}

#[test]
fn a_campaign_starts_at_its_moment_and_not_before() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let mut record = campaign(Scheduled, &[(State::Scheduled, 1)]);
    let start = world.now.wall.checked_add(Duration::from_secs(3_600));
    Arc::make_mut(&mut record.definition).starts_at = start.ok();
    world.add(record);
    world.until(3_599);
    assert_eq!((world.moves(), world.sent.len()), (vec![], 0));
    world.until(3_600);
    assert_eq!(world.moves(), [(Scheduled, Running)]);
    assert_eq!(world.sent.len(), 1);
}

/// The counters are worth a reading now and then. What the store has not got is not read over and over for that.
#[test]
fn what_another_process_has_under_way_is_waited_for() {
    let sending = campaign(Running, &[(State::Sending, 1)]);
    let mut world = idle(sending.clone());
    world.records.insert(id(1), sending);
    world.until(8);
    assert_eq!((rereads(&world), loads(&world)), (1, 1));
    world.until(9);
    assert_eq!((rereads(&world), loads(&world)), (2, 1));
    assert_eq!(world.moves(), []);
}

#[test]
fn counters_that_are_being_read_are_not_asked_for_again() {
    let mut world = idle(over(Running));
    world.until(5);
    assert_eq!(rereads(&world), 1);
    world.now.elapsed = world.now.elapsed + Duration::from_secs(60);
    // Somebody set the clock: everybody looks again.
    world.until(70);
    assert_eq!(rereads(&world), 1);
}

#[test]
fn a_campaign_that_is_on_its_way_elsewhere_does_not_come_to_its_end_as_well() {
    let mut world = idle(over(Running));
    world.until(1);
    world.leaves = |step| matches!(step, Step::Commit(_));
    world.asks(1, Command::Pause { campaign: id(1) });
    world.until(2);
    world.add(over(Running));
    world.leaves = |_| false;
    world.catches_up();
    world.until(3);
    assert_eq!(world.moves(), [(Running, Paused)]);
}

/// Its counters may have been read before it was sent.
#[test]
fn a_campaign_with_a_message_under_way_is_not_over() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(campaign(Running, &[(State::Scheduled, 1)]));
    world.until_sent(1);
    world.add(over(Running));
    world.until(1);
    assert_eq!(world.moves(), []);
}

#[test]
fn a_completed_campaign_is_settled_and_forgotten_when_the_time_for_acks_is_over() {
    let mut world = idle(over(Running));
    world.records.insert(id(1), over(Running));
    world.until(1);
    assert_eq!(world.moves(), [(Running, Completed)]);
    assert_eq!(rereads(&world), 1);
    world.until(50);
    world.add(over(Completed));
    world.until(89);
    assert_eq!((world.moves().len(), rereads(&world)), (1, 1));
    world.until(90);
    assert_eq!(world.moves()[1..], [(Completed, Settled)]);
    assert!(!world.engine.knows(id(1)));
}

#[test]
fn a_completed_campaign_with_a_doubt_is_not_settled_and_one_with_more_to_send_goes_on() {
    let doubt = (State::Unconfirmed, 1);
    let mut world = idle(over(Running));
    world.records.insert(id(1), campaign(Running, &[doubt]));
    world.until(200);
    assert_eq!(world.moves(), [(Running, Completed)]);
    world.add_idle(campaign(Completed, &[(State::Scheduled, 1), doubt]));
    world.until(201);
    assert_eq!(world.moves()[1], (Completed, Running));
}

/// The page was read before its attempt was put on record.
#[test]
fn what_is_under_way_is_not_taken_up_again_from_an_older_page() {
    let mut world = World::new(every_second());
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(campaign(Running, &[(State::Scheduled, 1)]));
    let earlier = world.people.clone();
    world.until_sent(1);
    world.asks(1, Command::Pause { campaign: id(1) });
    world.until(11);
    world.people = earlier;
    world.asks(2, Command::Resume { campaign: id(1) });
    world.until(12);
    assert_eq!(world.moves(), [(Running, Paused), (Paused, Running)]);
    assert_eq!(loads(&world), 2);
    world.catches_up();
    world.until(20);
    assert_eq!(world.sent.len(), 1);
}

/// Another process was faster.
#[test]
fn a_campaign_stands_where_the_store_says_and_not_where_it_was_to_go() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.otherwise = Box::new(|change| {
        let is_move = matches!(change, Change::Campaign { .. });
        is_move.then_some(Effect::Lost(Lost::Campaign(Cancelled)))
    });
    world.add(campaign(Paused, &[(State::Scheduled, 1)]));
    world.asks(1, Command::Resume { campaign: id(1) });
    world.until(1);
    assert_eq!(world.sent, []);
    let sweeps = world.kept().filter(|change| {
        matches!(
            change,
            Change::Sweep {
                what: Sweep::Cancel,
                ..
            }
        )
    });
    assert_eq!(sweeps.count(), 1, "it is cancelled to its end");
    let opens = world.when(|step| matches!(step, Step::Gate { is_open: true, .. }));
    assert!(opens.is_empty());
}

#[test]
fn one_that_was_settled_elsewhere_is_kept_while_a_message_is_under_way() {
    for is_mute in [false, true] {
        let mut world = World::new(LaneLimits::unpaced(1));
        if is_mute {
            world.leaves = |step| matches!(step, Step::Send(_));
        }
        world.otherwise = Box::new(|change| {
            let is_move = matches!(change, Change::Campaign { .. });
            is_move.then_some(Effect::Lost(Lost::Campaign(Settled)))
        });
        world.add(campaign(Running, &[(State::Scheduled, 1)]));
        world.until(1);
        world.asks(1, Command::Pause { campaign: id(1) });
        // The pause is answered after ten seconds, whatever is under way.
        world.until(15);
        assert_eq!(world.engine.knows(id(1)), is_mute);
        world.catches_up();
        world.until(16);
        assert!(!world.engine.knows(id(1)));
    }
}

#[test]
fn a_retry_brings_a_campaign_back_only_when_there_is_something_to_retry() {
    for (swept, moves) in [(0, vec![]), (3, vec![(Completed, Running)])] {
        let mut world = idle(over(Completed));
        world.otherwise = Box::new(move |change| {
            let is_sweep = matches!(change, Change::Sweep { .. });
            is_sweep.then_some(Effect::Swept(swept))
        });
        let campaign = id(1);
        let reason = None;
        world.asks(1, Command::Retry { campaign, reason });
        world.until(1);
        assert_eq!(world.moves(), moves, "{swept}");
    }
}
