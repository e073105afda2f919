use super::super::testing::{World, account_of, delivery, plain, running, session};
use super::*;
use crate::campaign::{Definition, Sessions};
use crate::delivery::Doubt;
use crate::engine::Input;
use crate::failure::NotHandedOver;
use crate::limits::{LaneLimits, Scope, SharedLimits, Window};
use crate::store::{Command, DoubtPage};

const SECOND: Duration = Duration::from_secs(1);

/// A broadcast whose messages nobody answers for but the test.
fn unanswered(limits: LaneLimits, people: u32) -> World {
    let mut world = World::new(limits);
    world.leaves = |step| matches!(step, Step::Send(_));
    world.add(running(1, plain("promo", 1), people));
    world
}

/// Two may go today, and one in ten seconds: from the account, or from the whole installation.
fn two_today(is_shared: bool) -> World {
    let windows = vec![Window {
        sends_max: 1,
        span: 10 * SECOND,
    }];
    let sends_per_day_max = Some(2);
    let own = match is_shared {
        true => LaneLimits::unpaced(16),
        false => LaneLimits {
            windows: windows.clone(),
            sends_per_day_max,
            ..LaneLimits::unpaced(16)
        },
    };
    let mut world = unanswered(own, 5);
    let limits = is_shared.then(|| SharedLimits {
        windows,
        sends_per_day_max,
        ..SharedLimits::default()
    });
    let scope = Scope::Installation;
    let set = Command::SetSharedLimits { scope, limits };
    world.asks(1, set);
    world
}

fn not_handed_over(why: NotHandedOver, message: &str) -> Outcome {
    Outcome::NotHandedOver {
        why,
        retry_after: None,
        message: message.into(),
    }
}

fn no_answer() -> Outcome {
    Outcome::MaybeSent {
        doubt: Doubt::NoAnswer,
        signal: None,
        message: "".into(),
    }
}

fn ends(world: &mut World, delivery: DeliveryId, outcome: Outcome) {
    world.tell(Input::SendEnded { delivery, outcome });
    world.rests();
}

#[test]
fn a_send_without_an_answer_gives_its_place_free_after_the_hold_horizon_and_a_late_answer_counts() {
    let accepted = Outcome::Accepted { message_id: None };
    let withheld = not_handed_over(NotHandedOver::Withheld, "");
    // What is told after 25 seconds, and when the next may go.
    let rows = [
        (None, 30),
        (Some(accepted), 35),
        (Some(no_answer()), 35),
        (Some(withheld), 30),
    ];
    for is_shared in [false, true] {
        for (told, next) in rows.clone() {
            let row = format!("shared: {is_shared}, {told:?}");
            let mut world = two_today(is_shared);
            world.rests();
            assert_eq!(world.gone(), [delivery(1, 0)], "{row}");
            world.until(25);
            assert_eq!(world.gone(), [], "{row}");
            if let Some(outcome) = told {
                ends(&mut world, delivery(1, 0), outcome);
            }
            world.until(next);
            assert_eq!(world.gone(), [], "{row}: no interval holds two");
            world.wait(Duration::from_micros(1));
            world.rests();
            assert_eq!(world.gone().len(), 1, "{row}");
            world.until(3_700);
            assert_eq!(world.gone(), [], "{row}: both of today are used up");
        }
    }
}

#[test]
fn who_has_not_written_or_still_waits_for_another_message_is_tried_again_after_a_while() {
    for lost in [Lost::NotHeard, Lost::ChatBusy(delivery(7, 0))] {
        let mut world = unanswered(LaneLimits::unpaced(1), 1);
        world.lose([lost]);
        world.until(14);
        assert_eq!(world.gone(), [], "{lost:?}");
        world.until(15);
        assert_eq!(world.gone(), [delivery(1, 0)], "{lost:?}");
    }
}

#[test]
fn a_lane_that_somebody_else_owns_is_opened_again_after_a_pause() {
    let mut world = unanswered(LaneLimits::unpaced(1), 1);
    world.lose([Lost::NotOwner]);
    world.rests();
    world.wait(STORE_PAUSE - Duration::from_millis(1));
    world.rests();
    assert_eq!(world.gone(), []);
    assert!(world.engine.lanes.get(LaneId(1)).is_none());
    world.wait(Duration::from_millis(1));
    world.rests();
    assert_eq!(world.gone(), [delivery(1, 0)]);
}

#[test]
fn the_words_of_a_server_go_on_record_where_it_has_some() {
    let rows = [("no route to host", Some("no route to host")), ("", None)];
    for (words, kept) in rows {
        let mut world = unanswered(LaneLimits::unpaced(1), 1);
        world.rests();
        let outcome = not_handed_over(NotHandedOver::Broken, words);
        ends(&mut world, delivery(1, 0), outcome);
        let mut ended = world.kept().filter_map(|change| match change {
            Change::Happened(happened) => Some(happened.message.as_deref()),
            _ => None,
        });
        assert_eq!(ended.next(), Some(kept));
    }
}

#[test]
fn a_doubt_is_looked_up_a_moment_after_it_arose() {
    let mut world = unanswered(LaneLimits::unpaced(1), 1);
    world.rests();
    assert_eq!(world.gone(), [delivery(1, 0)]);
    world.leaves = |step| matches!(step, Step::LoadDoubts(_));
    ends(&mut world, delivery(1, 0), no_answer());
    world.until(4);
    assert!(world.take_left().is_empty());
    world.until(5);
    assert_eq!(world.take_left().len(), 1);
    world.tell(Input::DoubtsLoaded(DoubtPage::default()));
}

/// On a busy machine it may be asked a little later than it wanted to be.
#[test]
fn a_place_is_given_free_too_when_its_moment_was_missed() {
    let mut world = two_today(false);
    world.rests();
    world.wait(22 * SECOND);
    world.rests();
    world.until(32);
    assert_eq!(world.gone(), [delivery(1, 0)]);
    world.wait(Duration::from_micros(1));
    world.rests();
    assert_eq!(world.gone(), [delivery(1, 1)]);
}

#[test]
fn a_message_that_is_never_handed_over_is_tried_so_often_and_then_given_up() {
    let mut world = unanswered(LaneLimits::unpaced(1), 1);
    let mut tries = 0;
    for turn in 1..=10 {
        world.until(turn * 10);
        for delivery in world.gone() {
            tries += 1;
            let outcome = not_handed_over(NotHandedOver::Broken, "");
            ends(&mut world, delivery, outcome);
        }
    }
    assert_eq!(tries, 3);
    let (_, standing) = &world.people[&delivery(1, 0)];
    assert_eq!(standing.reason, Some(Reason::Exhausted));
}

#[test]
fn whom_another_account_of_a_pool_knows_is_left_to_it() {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.leaves = |step| matches!(step, Step::Send(_));
    let pool = Definition {
        sessions: Sessions::new([1, 2].map(session)).unwrap(),
        ..plain("promo", 1)
    };
    world.lose([Lost::KnownTo(account_of(2))]);
    world.add(running(1, pool, 1));
    world.rests();
    let left = world.take_left();
    let [Step::Send(sending)] = &left[..] else {
        panic!("{left:?}");
    };
    assert_eq!(sending.session, session(2));
}
