use super::super::Input;
use super::super::testing::{World, account_of, at, id, session, single, working};
use super::*;
use crate::gateway::Observation;
use crate::limits::LaneLimits;
use crate::store::LaneHealth;

#[test]
fn it_is_asked_for_only_once_it_is_on_record_and_then_not_for_half_an_hour() {
    let boot = BootId(1);
    let mut restart = Restart::new(None, boot, at(0));
    assert!(restart.is_due(at(0)));
    restart.begins(at(10), boot);
    assert!(restart.is_under_way() && !restart.is_due(at(10)));
    assert!(!restart.recorded(None), "an older note");
    assert!(restart.recorded(restart.at()));
    assert!(!restart.recorded(restart.at()), "and once");
    restart.ended(true);
    assert!(!restart.is_under_way() && restart.works() && !restart.works());
    assert!(!restart.is_due(at(1_809)) && restart.is_due(at(1_810)));
    // Another process, of the same boot and of another.
    for boot in [boot, BootId(2)] {
        let next = Restart::new(restart.at(), boot, at(20));
        assert!(
            !next.is_due(at(1_809)) && next.is_due(at(1_810)),
            "{boot:?}"
        );
        assert_eq!(next.next_due(at(20)), Some(at(1_810).elapsed));
    }
}

#[test]
fn one_that_failed_counts_as_one() {
    let mut restart = Restart::new(None, BootId(1), at(0));
    restart.begins(at(0), BootId(1));
    restart.recorded(restart.at());
    restart.ended(false);
    assert!(!restart.works() && !restart.is_due(at(60)));
}

#[test]
fn nothing_is_sent_from_when_it_goes_on_record_until_the_server_has_answered() {
    let mut restart = Restart::new(None, BootId(1), at(0));
    assert_eq!((restart.under_way(), restart.next_due(at(0))), (None, None));
    restart.begins(at(10), BootId(1));
    let usual = Some((at(10).elapsed, at(40).elapsed));
    assert_eq!(restart.under_way(), usual);
    restart.recorded(restart.at());
    assert_eq!(restart.under_way(), usual);
    restart.ended(true);
    assert_eq!(restart.under_way(), None);
    let due = Some(at(1_810).elapsed);
    assert_eq!(restart.next_due(at(1_809)), due);
    assert_eq!(restart.next_due(at(1_810)), None, "it is due");
}

/// A runner of a campaign of which nothing is due, whose sessions have FAILED after their lanes were opened.
fn failed(policy: RestartPolicy, sessions: u32) -> World {
    let mut world = World::new(LaneLimits {
        restart: policy,
        ..LaneLimits::unpaced(1)
    });
    for number in 1..=sessions {
        world.add_idle(single(number, number, None));
    }
    world.until(5);
    for number in 1..=sessions {
        shows(&mut world, number, "FAILED");
    }
    world
}

fn shows(world: &mut World, number: u32, status: &str) {
    let readiness = Readiness::NotReady(status.into());
    let shown = Observation::only(readiness);
    world.shows.insert(session(number), shown);
}

/// Its server has done it.
fn is_restarted(world: &mut World) {
    let ended = Input::Restarted {
        session: session(1),
        is_done: true,
    };
    world.tell(ended);
}

fn restarts(world: &World) -> Vec<i64> {
    world.when(|step| matches!(step, Step::Restart(_)))
}

#[test]
fn a_session_that_has_failed_is_restarted_where_that_is_wanted() {
    for (policy, status, is_restarted) in [
        (RestartPolicy::WhenSuspected, "FAILED", true),
        (RestartPolicy::Never, "FAILED", false),
        (RestartPolicy::WhenSuspected, "STOPPED", false),
    ] {
        let mut world = failed(policy, 1);
        shows(&mut world, 1, status);
        world.until(60);
        let case = format!("{policy:?} {status}");
        assert_eq!(restarts(&world).len(), usize::from(is_restarted), "{case}");
    }
}

#[test]
fn a_session_that_cannot_be_reached_is_not_restarted() {
    let mut world = failed(RestartPolicy::WhenSuspected, 1);
    let shown = Observation::only(Readiness::Unreachable);
    world.shows.insert(session(1), shown);
    world.until(60);
    assert!(restarts(&world).is_empty());
}

/// The lane of the account that it had before does nothing to it.
#[test]
fn a_session_that_is_another_accounts_by_now_is_that_accounts_matter() {
    let mut world = failed(RestartPolicy::WhenSuspected, 1);
    let other = working(account_of(2));
    world.shows.insert(session(1), other);
    world.until(20);
    assert!(world.engine.lanes.get(LaneId(2)).is_some());
    shows(&mut world, 1, "FAILED");
    world.until(60);
    assert_eq!(restarts(&world).len(), 1);
    let of = |number| world.engine.lanes.get(LaneId(number)).unwrap();
    assert!(of(1).health.restart.at().is_none());
    assert!(of(2).health.restart.at().is_some());
}

#[test]
fn a_restart_that_goes_on_record_when_the_account_changes_is_not_done_to_the_next_one() {
    let mut world = failed(RestartPolicy::WhenSuspected, 1);
    world.leaves = |step| matches!(step, Step::Commit(_));
    world.until(20);
    let other = account_of(2);
    world.shows.insert(session(1), working(other));
    world.is_told(1, Readiness::Working, Some(other));
    world.leaves = |_| false;
    world.catches_up();
    world.until(60);
    assert!(restarts(&world).is_empty());
}

#[test]
fn a_restart_is_asked_for_when_it_is_on_record_and_again_half_an_hour_later() {
    let mut world = failed(RestartPolicy::WhenSuspected, 1);
    world.leaves = |step| matches!(step, Step::Commit(_));
    world.until(20);
    assert!(restarts(&world).is_empty());
    let lane = world.engine.lanes.get(LaneId(1)).unwrap();
    let began = lane.health.restart.last_elapsed.unwrap();
    assert!(began >= at(5).elapsed && began <= at(20).elapsed);
    world.leaves = |_| false;
    world.catches_up();
    world.until(21);
    assert_eq!(restarts(&world), [20]);
    let looked = world.when(|step| matches!(step, Step::Observe(_))).len();
    is_restarted(&mut world);
    world.rests();
    let looks = world.when(|step| matches!(step, Step::Observe(_)));
    assert_eq!(looks[looked..], [21], "it is looked at at once");
    // Nothing else makes anybody look at that moment.
    world.leaves = |step| matches!(step, Step::Observe(_));
    let began = began.as_micros() / 1_000_000;
    world.until(began + 1_799);
    assert_eq!(restarts(&world), [20]);
    world.until(began + 1_800);
    assert_eq!(restarts(&world), [20, began + 1_800]);
}

#[test]
fn a_session_is_not_restarted_while_a_message_of_its_own_account_is_under_way() {
    for flying in [1, 2] {
        let mut world = failed(RestartPolicy::WhenSuspected, 2);
        for number in [1, 2] {
            world.shows.remove(&session(number));
        }
        world.leaves = |step| matches!(step, Step::Send(_));
        world.add(single(3, flying, None));
        world.until(20);
        assert_eq!(world.sent.len(), 1);
        shows(&mut world, 1, "FAILED");
        world.until(40);
        assert_eq!(restarts(&world).len(), usize::from(flying == 2));
        world.catches_up();
        world.until(60);
        assert_eq!(restarts(&world).len(), 1, "{flying}");
    }
}

#[test]
fn a_session_that_works_after_a_restart_is_tried_at_once() {
    let mut world = failed(RestartPolicy::WhenSuspected, 1);
    world.seems_dead(1, 600);
    world.until(20);
    assert_eq!(restarts(&world).len(), 1);
    let held = |world: &World| {
        let lane = world.engine.lanes.get(LaneId(1)).unwrap();
        lane.health.held(Slot::Cold, world.now)
    };
    assert!(held(&world).is_some());
    is_restarted(&mut world);
    assert!(held(&world).is_some());
    world.shows.remove(&session(1));
    world.until(21);
    assert_eq!(held(&world), None);
}

#[test]
fn the_operators_word_for_a_campaign_is_kept_for_its_accounts() {
    let mut world = failed(RestartPolicy::Never, 2);
    let now = world.now;
    for number in [1, 2] {
        world.seems_dead(number, 600);
    }
    world.engine.vouch_for_lane(id(1), now);
    for (number, is_vouched_for) in [(1, true), (2, false)] {
        let lane = world.engine.lanes.get(LaneId(number)).unwrap();
        assert_eq!(lane.is_noteworthy, is_vouched_for, "{number}");
        let held = lane.health.held(Slot::Cold, now);
        assert_eq!(held.is_none(), is_vouched_for, "{number}");
    }
    // All is well, as far as is known: there is no news.
    world.is_recorded(2, LaneHealth::default());
    world.engine.vouch_for_lane(id(2), now);
    let lane = world.engine.lanes.get(LaneId(2)).unwrap();
    assert!(!lane.is_noteworthy);
}
