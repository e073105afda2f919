use std::time::Duration;

use super::super::testing::{
    World, account_of, at, delivery, id, running, session, single, urgent, working,
};
use super::super::{Input, Step};
use super::*;
use crate::campaign::{CampaignState, Definition, Sessions};
use crate::failure::Trouble;
use crate::gateway::{Observation, Readiness};
use crate::limits::LaneLimits;
use crate::store::{CampaignRecord, Counts};

const AFTER_A_MINUTE: PoolPolicy = PoolPolicy::MoveAfter(Duration::from_secs(60));

/// A campaign over the first two sessions, to so many people.
fn pool(policy: PoolPolicy, people: u32) -> CampaignRecord {
    let definition = Definition {
        sessions: Sessions::new([session(1), session(2)]).unwrap(),
        pool_policy: policy,
        ..urgent("codes", 1)
    };
    running(9, definition, people)
}

/// They are known to these accounts.
fn are_known(world: &mut World, accounts: &[(u32, u32)]) {
    for (ordinal, account) in accounts {
        world.row(delivery(9, *ordinal)).account = Some(account_of(*account));
    }
}

/// A runner whose accounts are known, and work.
fn world() -> World {
    let mut world = World::new(LaneLimits::unpaced(1));
    for number in [1, 2] {
        world.add_idle(single(number, number, None));
    }
    world.until(5);
    world
}

fn is(world: &mut World, number: u32, readiness: Readiness) {
    let shown = Observation {
        account: Some(account_of(number)),
        ..Observation::only(readiness.clone())
    };
    world.shows.insert(session(number), shown);
    world.is_told(number, readiness, Some(account_of(number)));
}

fn goes_away(world: &mut World, number: u32) {
    is(world, number, Readiness::NotReady("STOPPED".into()));
}

/// Who was written to through which session, and at which second, in the order of the people.
fn sent(world: &World) -> BTreeMap<u32, (u32, i64)> {
    let mut sent = BTreeMap::new();
    for (at, step) in &world.steps {
        if let Step::Send(sending) = step {
            let through = sending.session.0.parse().unwrap();
            let how = (through, at.as_micros() / 1_000_000);
            let before = sent.insert(sending.delivery.ordinal(), how);
            assert_eq!(before, None);
        }
    }
    sent
}

#[test]
fn accounts_that_are_seen_first_when_a_campaign_has_begun_write_to_whom_they_know() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| match step {
        Step::Observe(it) => *it == session(2),
        step => matches!(step, Step::Send(_)),
    };
    world.add(pool(PoolPolicy::Wait, 4));
    are_known(&mut world, &[(1, 1), (2, 2), (3, 2)]);
    world.until(5);
    assert_eq!(sent(&world), [(1, (1, 0))].into());
    world.tell(Input::Observed {
        session: session(2),
        observation: working(account_of(2)),
    });
    world.until(6);
    world.leaves = |_| false;
    world.catches_up();
    world.until(7);
    let expected = [(0, (1, 6)), (1, (1, 0)), (2, (2, 5)), (3, (2, 6))];
    assert_eq!(sent(&world), expected.into());
}

#[test]
fn whom_an_account_knows_is_open_to_others_when_it_could_not_send_for_so_long() {
    for (policy, back_at, expected) in [
        (AFTER_A_MINUTE, 500, Some((1, 66))),
        (AFTER_A_MINUTE, 30, Some((2, 30))),
        (PoolPolicy::Wait, 500, None),
    ] {
        let mut world = world();
        goes_away(&mut world, 2);
        world.until(6);
        world.add(pool(policy, 2));
        are_known(&mut world, &[(1, 2)]);
        world.until(back_at.min(100));
        if back_at < 100 {
            is(&mut world, 2, Readiness::Working);
        }
        world.until(100);
        let mut sent = sent(&world);
        assert_eq!(sent.remove(&0), Some((1, 6)));
        assert_eq!(sent.remove(&1), expected, "{policy:?}, back at {back_at}");
    }
}

#[test]
fn an_account_that_is_asked_to_wait_cannot_send_either() {
    let mut world = world();
    let (settings, now) = (world.engine.settings.clone(), world.now);
    let lane = world.engine.lanes.of_account_mut(account_of(2)).unwrap();
    let asked = Some(Duration::from_secs(300));
    lane.hold_for(Trouble::RateLimited, asked, &settings, now);
    world.add(pool(AFTER_A_MINUTE, 1));
    are_known(&mut world, &[(0, 2)]);
    world.until(100);
    assert_eq!(sent(&world), [(0, (1, 65))].into());
}

/// It cannot send for a while, and then again.
#[test]
fn how_long_an_account_could_not_send_begins_anew_each_time() {
    let mut world = world();
    world.add_idle(pool(AFTER_A_MINUTE, 1));
    goes_away(&mut world, 2);
    world.until(50);
    is(&mut world, 2, Readiness::Working);
    world.until(51);
    goes_away(&mut world, 2);
    world.until(52);
    let held = world.engine.pools.held.get(&(account_of(2), Slot::Reply));
    assert_eq!(held, Some(&Elapsed::from_micros(51_000_000)));
    assert!(
        !world
            .engine
            .pools
            .held
            .contains_key(&(account_of(1), Slot::Reply))
    );
}

/// Nothing of it is due any more, and it was known before whose its sessions are.
#[test]
fn a_pool_that_is_over_stays_over_when_a_session_comes_to_be_anothers() {
    let mut world = world();
    let record = CampaignRecord {
        state: CampaignState::Completed,
        counts: Counts([((crate::delivery::State::Read, None), 1)].into()),
        ..pool(PoolPolicy::Wait, 0)
    };
    world.records.insert(record.id, record.clone());
    world.add(record);
    world.until(50);
    let shown = Observation {
        account: Some(account_of(3)),
        ..Observation::only(Readiness::Working)
    };
    world.shows.insert(session(2), shown);
    world.until(94);
    assert!(world.engine.knows(id(9)));
    world.until(95);
    assert_eq!(
        world.moves(),
        [(CampaignState::Completed, CampaignState::Settled)]
    );
    assert!(!world.engine.knows(id(9)) && world.engine.pools.jobs.is_empty());
}

#[test]
fn people_are_left_to_another_account_until_it_is_given_up() {
    let of_three = |held: &[u32]| Pool {
        members: (1..=3).map(|it| (session(it), account_of(it))).collect(),
        others: BTreeSet::new(),
        held: held
            .iter()
            .map(|it| (account_of(*it), at(0).elapsed))
            .collect(),
    };
    let mut job = Job::new(pool(AFTER_A_MINUTE, 1), at(0).elapsed);
    // Who is held since the start, when a message of the first is looked at, and to whom it leaves people.
    let rows: [(&[u32], i64, &[u32]); 6] = [
        (&[2], 0, &[2, 3]),
        (&[2], 59, &[2, 3]),
        (&[2], 60, &[3]),
        (&[2, 3], 61, &[]),
        (&[], 62, &[2, 3]),
        (&[1, 3], 63, &[2]),
    ];
    for (held, second, left) in rows {
        if job.pool != of_three(held) {
            job.set_pool(of_three(held));
        }
        let left: Vec<Account> = left.iter().map(|it| account_of(*it)).collect();
        for _ in 0..2 {
            let others = job.left_to_others(account_of(1), at(second));
            assert_eq!(*others, left, "{held:?} at {second} s");
        }
    }
}
