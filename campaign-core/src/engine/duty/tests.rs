use std::sync::Arc;
use std::time::Duration;

use super::super::testing::{
    World, account_of, at, delivery, id, lane, person, running, session, single, urgent,
};
use super::*;
use crate::campaign::{CampaignState, Definition, PoolPolicy};
use crate::clock::BootId;
use crate::delivery::{Ack, Reason, State};
use crate::engine::Input;
use crate::failure::Outcome;
use crate::gateway::Account;
use crate::limits::{LaneLimits, Slot};
use crate::message_id::MessageIds;
use crate::store::{Answer, CampaignRecord, Change, Effect, HeldAccount, LEASE, Lost};

use CampaignState::{Completed, Paused, Running};

/// A campaign over the first two sessions, to so many people.
fn pool(people: u32) -> CampaignRecord {
    let definition = Definition {
        sessions: Sessions::new([session(1), session(2)]).unwrap(),
        pool_policy: PoolPolicy::MoveAfter(Duration::from_secs(60)),
        ..urgent("codes", 1)
    };
    running(9, definition, people)
}

/// Nobody is left of the campaign, or so it seems.
fn idle(world: &mut World) {
    left(world, Running, &[(State::Scheduled, 1)]);
    world.add_idle(pool(0));
}

/// A worker that attends these sessions of two.
fn worker(own: &[u32]) -> World {
    let mut world = World::of_worker(LaneLimits::unpaced(1));
    on_duty(&mut world, own, Vec::new());
    world
}

fn on_duty(world: &mut World, own: &[u32], held: Vec<HeldAccount>) {
    let accounts = [1, 2].map(|number| (session(number), account_of(number)));
    let roster = Roster {
        at: world.now.stamp(BootId(0)),
        lease: LEASE,
        sessions: own.iter().map(|number| session(*number)).collect(),
        accounts: accounts.into(),
        held,
        workers: 2,
        place: u32::from(!own.contains(&1)),
    };
    world.tell(Input::OnDuty(Box::new(roster)));
}

fn looked_at(world: &World) -> BTreeSet<Session> {
    let looks = world.steps.iter().filter_map(|(_, step)| match step {
        Step::Observe(session) => Some(session.clone()),
        _ => None,
    });
    looks.collect()
}

/// Who was written to, and through which session.
fn sent(world: &World) -> BTreeMap<u32, Session> {
    let sent = world.steps.iter().filter_map(|(_, step)| match step {
        Step::Send(sending) => Some((sending.delivery.ordinal(), sending.session.clone())),
        _ => None,
    });
    sent.collect()
}

/// What was let go of, and how many batches were durable by then.
fn let_go(world: &World) -> Vec<Session> {
    let left = world.steps.iter().filter_map(|(_, step)| match step {
        Step::LetGo(session) => Some(session.clone()),
        _ => None,
    });
    left.collect()
}

fn is_known_to(world: &mut World, ordinal: u32, account: Account) {
    world.row(delivery(9, ordinal)).account = Some(account);
}

#[test]
fn a_worker_does_only_what_it_is_on_duty_for() {
    let mut world = World::of_worker(LaneLimits::unpaced(1));
    world.add(single(1, 1, None));
    world.until(5);
    assert!(world.steps.is_empty() && !world.engine.knows(id(1)));
    on_duty(&mut world, &[2], Vec::new());
    world.add(single(1, 1, None));
    world.add(pool(3));
    is_known_to(&mut world, 2, account_of(1));
    world.until(20);
    assert!(!world.engine.knows(id(1)), "it is another one's");
    assert_eq!(looked_at(&world), [session(2)].into());
    let expected = [0, 1].map(|ordinal| (ordinal, session(2)));
    assert_eq!(
        sent(&world),
        expected.into(),
        "whom an account knows is left to it"
    );
}

#[test]
fn it_lets_go_when_nothing_is_under_way_and_the_last_note_is_on_record() {
    let mut world = worker(&[1]);
    world.leaves = |step| matches!(step, Step::Send(_) | Step::Commit(_));
    world.add(single(1, 1, None));
    world.add(single(2, 1, None));
    world.until(1);
    world.catches_up();
    world.until(2);
    on_duty(&mut world, &[], Vec::new());
    world.until(3);
    assert_eq!(sent(&world).len(), 1);
    assert_eq!(let_go(&world), [], "a message is under way");
    for (second, what) in [
        (4, "its answer is not on record"),
        (5, "the note is not on record"),
    ] {
        world.catches_up();
        world.until(second);
        assert_eq!(let_go(&world), [], "{what}");
    }
    world.catches_up();
    world.until(30);
    assert_eq!(let_go(&world), [session(1)]);
    let last = world.kept().last();
    assert!(matches!(last, Some(Change::Lane(_))), "{last:?}");
    assert_eq!(
        world.sent.len(),
        1,
        "the other message is for whoever comes"
    );
    let looks = world.when(|step| matches!(step, Step::Observe(_)));
    assert!(looks.iter().all(|second| *second < 2), "{looks:?}");
    assert!(!world.engine.knows(id(2)));
}

#[test]
fn a_session_without_a_lane_is_let_go_of_at_once() {
    let mut world = worker(&[1, 2]);
    world.add_idle(single(1, 1, None));
    world.until(1);
    on_duty(&mut world, &[1], Vec::new());
    world.until(2);
    assert_eq!(let_go(&world), [session(2)]);
    on_duty(&mut world, &[1], Vec::new());
    world.until(3);
    assert_eq!(let_go(&world), [session(2)], "once");
}

#[test]
fn what_it_is_to_attend_again_it_does_not_let_go_of() {
    let mut world = worker(&[1]);
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(single(1, 1, None));
    world.add(single(2, 1, None));
    world.until(1);
    on_duty(&mut world, &[], Vec::new());
    world.until(2);
    on_duty(&mut world, &[1], Vec::new());
    // Whatever it attends newly is told of again.
    world.add(single(2, 1, None));
    world.leaves = |_| false;
    world.catches_up();
    world.until(10);
    assert_eq!(let_go(&world), []);
    assert_eq!(world.sent.len(), 2);
}

#[test]
fn a_lane_that_others_have_taken_over_is_let_go_of_all_the_same() {
    let mut world = worker(&[1]);
    world.add(single(1, 1, None));
    world.until(5);
    world.otherwise = Box::new(|change| {
        matches!(change, Change::Lane(_)).then_some(Effect::Lost(Lost::NotOwner))
    });
    on_duty(&mut world, &[], Vec::new());
    world.until(6);
    assert_eq!(let_go(&world), [session(1)]);
}

#[test]
fn a_session_of_an_account_that_others_have_is_left_to_them() {
    let mut world = worker(&[1]);
    world.leaves = |step| matches!(step, Step::OpenLane { .. });
    world.add(single(1, 1, None));
    world.until(1);
    world.tell(Input::AttendedElsewhere {
        session: session(1),
    });
    world.until(9);
    let opens = |step: &Step| matches!(step, Step::OpenLane { .. });
    assert_eq!(world.when(opens), [0]);
    world.until(15);
    assert_eq!(
        world.when(opens),
        [0, 11],
        "it is asked again when it is looked at again"
    );
}

#[test]
fn one_worker_leads_a_campaign_and_obeys() {
    let start = Command::Resume { campaign: id(9) };
    let elsewhere = Command::Resume { campaign: id(8) };
    let for_one = Command::ResolveLid {
        lid: "1@lid".parse().unwrap(),
        phone: None,
    };
    let limits_of = |number| Command::SetLimits {
        account: account_of(number),
        limits: LaneLimits::unpaced(1),
    };
    for (own, obeys) in [(&[1][..], true), (&[2], false), (&[1, 2], true)] {
        let mut world = worker(own);
        world.add_idle(pool(0));
        assert_eq!(world.engine.obeys(&start), obeys, "{own:?}");
        assert!(!world.engine.obeys(&elsewhere));
        for number in [1, 2] {
            let is_own = own.contains(&number);
            assert_eq!(world.engine.obeys(&limits_of(number)), is_own, "{own:?}");
        }
        // Whose session nobody knows.
        assert_eq!(world.engine.obeys(&limits_of(3)), obeys, "{own:?}");
        assert_eq!(world.engine.obeys(&for_one), obeys, "{own:?}");
    }
    let alone = World::new(LaneLimits::unpaced(1));
    assert!(alone.engine.obeys(&start) && alone.engine.obeys(&for_one));
}

/// The record of the pool, as others have left it.
fn left(world: &mut World, state: CampaignState, counts: &[(State, u64)]) {
    let counts = counts
        .iter()
        .map(|(state, count)| ((*state, None::<Reason>), *count));
    let mut record = pool(0);
    record.state = state;
    record.counts.0 = counts.collect();
    world.records.insert(id(9), record);
}

fn gates(world: &World) -> Vec<bool> {
    let gates = world.steps.iter().filter_map(|(_, step)| match step {
        Step::Gate { is_open, .. } => Some(*is_open),
        _ => None,
    });
    gates.collect()
}

#[test]
fn what_others_have_done_to_a_campaign_is_adopted() {
    let mut world = worker(&[2]);
    idle(&mut world);
    world.until(5);
    left(&mut world, Paused, &[(State::Scheduled, 1)]);
    world.tell(Input::Heard([News::Campaign(id(9))].into()));
    world.until(6);
    assert_eq!(gates(&world), [true, false]);
    world.are_due(id(9), 1);
    world.until(8);
    assert_eq!(world.sent.len(), 0);
    left(&mut world, Running, &[(State::Scheduled, 1)]);
    Arc::make_mut(&mut world.records.get_mut(&id(9)).unwrap().definition).message =
        crate::message::MessageTemplate::text("Lain").unwrap();
    world.tell(Input::Heard([News::Campaign(id(9))].into()));
    world.until(9);
    let said = world.steps.iter().find_map(|(_, step)| match step {
        Step::Send(sending) => Some(sending.message.text.clone()),
        _ => None,
    });
    assert_eq!(said.as_deref(), Some("Lain"));
    assert_eq!(world.moves(), [], "who does not lead moves nothing");
    left(&mut world, CampaignState::Settled, &[]);
    world.tell(Input::Heard([News::Campaign(id(9))].into()));
    world.until(11);
    assert!(!world.engine.knows(id(9)));
}

#[test]
fn what_was_read_before_the_news_is_read_again() {
    let mut world = worker(&[2]);
    idle(&mut world);
    world.until(5);
    world.leaves = |step| matches!(step, Step::Reread(_));
    let heard = || Input::Heard([News::Campaign(id(9))].into());
    world.tell(heard());
    world.until(6);
    world.tell(heard());
    world.until(7);
    assert_eq!(world.take_left().len(), 1);
    // Read before the second news came.
    world.tell(Input::Campaign(Box::new(pool(0))));
    world.until(8);
    left(&mut world, Paused, &[]);
    world.leaves = |_| false;
    world.catches_up();
    world.until(9);
    assert_eq!(gates(&world), [true, false]);
}

#[test]
fn a_campaign_of_several_workers_ends_by_its_counters() {
    for (own, moves) in [(&[1][..], vec![(Running, Completed)]), (&[2], Vec::new())] {
        let mut world = worker(own);
        left(
            &mut world,
            Running,
            &[(State::Scheduled, 2), (State::Sent, 1)],
        );
        world.add(pool(1));
        world.until(30);
        assert_eq!(world.moves(), [], "others have something to send");
        left(
            &mut world,
            Running,
            &[(State::Sending, 1), (State::Sent, 2)],
        );
        world.until(60);
        assert_eq!(world.moves(), [], "others are sending");
        left(&mut world, Running, &[(State::Sent, 3)]);
        world.until(80);
        assert_eq!(world.moves(), moves, "{own:?}");
    }
}

#[test]
fn a_pause_waits_for_what_others_have_in_flight() {
    let mut world = worker(&[1]);
    left(&mut world, Running, &[(State::Sending, 1)]);
    world.add(pool(0));
    world.until(5);
    left(&mut world, Paused, &[(State::Sending, 1)]);
    world.asks(1, Command::Pause { campaign: id(9) });
    world.until(7);
    assert_eq!(world.moves(), [(Running, Paused)]);
    assert_eq!(world.answers(), [].into());
    left(&mut world, Paused, &[(State::Accepted, 1)]);
    world.until(9);
    let quiet = Answer::Campaign {
        state: Paused,
        in_flight: 0,
    };
    assert_eq!(world.answers(), [(1, quiet)].into());
}

#[test]
fn whom_others_cannot_write_to_is_open_after_a_while() {
    let mut world = worker(&[2]);
    world.add(pool(2));
    is_known_to(&mut world, 0, account_of(1));
    world.until(5);
    assert_eq!(sent(&world), [(1, session(2))].into());
    let held = HeldAccount {
        account: account_of(1),
        slot: Slot::Cold,
        since: world.now.stamp(BootId(0)),
    };
    let both = [Slot::Cold, Slot::Reply].map(|slot| HeldAccount { slot, ..held });
    on_duty(&mut world, &[2], both.into());
    world.until(64);
    assert_eq!(sent(&world).len(), 1);
    world.until(66);
    assert_eq!(sent(&world), [(0, session(2)), (1, session(2))].into());
    assert_eq!(
        world.engine.held_accounts(world.now),
        [],
        "of its own it tells"
    );
}

#[test]
fn what_happens_in_sessions_of_others_is_for_them_but_what_people_write() {
    let mut world = worker(&[2]);
    world.add(pool(0));
    world.until(5);
    world.batches.clear();
    let ack = |number: u32| {
        Input::Noticed(Notice::Ack {
            session: session(number),
            account: Some(account_of(number)),
            message_id: MessageIds::new([0; 16]).encode(delivery(9, 0)).into(),
            ack: Ack::Server,
        })
    };
    let reply = |number: u32| {
        Input::Noticed(Notice::Reply {
            session: session(number),
            account: account_of(number),
            message_id: "IN".into(),
            from: person(delivery(9, 0)).phone,
            received_at: at(5).wall,
            text: "STOP".into(),
        })
    };
    for (input, changes) in [(ack(1), 0), (ack(2), 1), (reply(1), 1), (reply(2), 1)] {
        world.batches.clear();
        world.tell(input);
        world.until(world.now.elapsed.as_micros() / 1_000_000 + 1);
        let kept = world
            .kept()
            .filter(|change| matches!(change, Change::Happened(_) | Change::Reply(_)));
        assert_eq!(kept.count(), changes);
    }
}

#[test]
fn limits_that_others_have_set_are_read_again() {
    let mut world = worker(&[1]);
    world.add_idle(single(1, 1, None));
    world.until(5);
    world.leaves = |step| matches!(step, Step::OpenLane { .. });
    world.tell(Input::Heard([News::Limits(account_of(1))].into()));
    world.until(6);
    let mut record = lane(account_of(1), LaneLimits::unpaced(7));
    record.epoch = world.engine.lanes.of_account(account_of(1)).unwrap().epoch;
    world.tell(Input::Lane {
        session: session(1),
        record: Box::new(record),
    });
    let lane = world.engine.lanes.of_account(account_of(1)).unwrap();
    assert_eq!(*lane.pacer.limits(), LaneLimits::unpaced(7));
}

#[test]
fn an_answer_that_comes_when_the_lane_is_gone_harms_nobody() {
    let mut world = worker(&[1]);
    world.leaves = |step| matches!(step, Step::Find(_));
    world.add(single(1, 1, None));
    world.until(5);
    on_duty(&mut world, &[], Vec::new());
    world.until(6);
    assert_eq!(let_go(&world), [session(1)]);
    let outcome = Outcome::Accepted { message_id: None };
    let delivery = person(delivery(1, 0)).delivery;
    world.tell(Input::SendEnded { delivery, outcome });
    world.until(7);
}
