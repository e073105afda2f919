use std::time::Duration;

use super::super::Input;
use super::super::lane::Hold;
use super::super::testing::{World, account_of, delivery, id, lane, session, single, working};
use super::*;
use crate::campaign::CampaignState;
use crate::clock::{BootId, Stamp};
use crate::delivery::State;
use crate::failure::{NotHandedOver, Outcome};
use crate::limits::{LaneLimits, Slot};
use crate::store::{CampaignRecord, Change, Counts, LaneHold, PastAttempt};

/// A campaign of which nothing is due, on the first session.
fn idle(state: CampaignState) -> World {
    let mut world = World::new(LaneLimits::unpaced(1));
    world.add_idle(CampaignRecord {
        state,
        ..single(1, 1, None)
    });
    world
}

fn not_ready(name: &str) -> Readiness {
    Readiness::NotReady(name.into())
}

fn looks(world: &World) -> Vec<i64> {
    world.when(|step| matches!(step, Step::Observe(_)))
}

fn opened(world: &World) -> Vec<Account> {
    let opened = world.steps.iter().filter_map(|(_, step)| match step {
        Step::OpenLane { account, .. } => Some(*account),
        _ => None,
    });
    opened.collect()
}

fn hold_of(world: &World) -> Option<Hold> {
    world.engine.lanes.get(LaneId(1)).unwrap().hold
}

#[test]
fn a_session_is_looked_at_while_somebody_needs_it_and_seldom_when_nothing_is_sent() {
    let mut world = idle(CampaignState::Running);
    world.until(800);
    let often = (0..=130).step_by(10);
    // For two minutes after the last send nothing is quiet; opening its lane makes it looked at at once.
    let expected: Vec<i64> = [0].into_iter().chain(often).chain([430, 730]).collect();
    assert_eq!(looks(&world), expected);
    for state in [CampaignState::Importing, CampaignState::Frozen] {
        let mut world = idle(state);
        world.until(100);
        assert!(looks(&world).is_empty(), "{state}");
    }
}

#[test]
fn a_session_is_looked_at_from_the_start_of_its_campaign_until_that_is_settled() {
    let mut world = idle(CampaignState::Frozen);
    world.until(7);
    let campaign = id(1);
    world.are_due(campaign, 1);
    let read = Counts([((State::Read, None), 1)].into());
    let record = CampaignRecord {
        counts: read,
        ..single(1, 1, None)
    };
    world.records.insert(campaign, record);
    world.asks(1, crate::store::Command::Start { campaign });
    world.until(7);
    assert_eq!((looks(&world)[0], world.sent.len()), (7, 1));
    world.until(300);
    assert!(!world.engine.knows(campaign));
    let last = looks(&world);
    world.until(2_000);
    assert_eq!(looks(&world), last);
}

#[test]
fn a_look_that_is_not_answered_is_not_made_again() {
    let mut world = idle(CampaignState::Running);
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.until(100);
    assert_eq!(looks(&world), [0]);
    // Another campaign needs it too.
    world.add_idle(single(2, 1, None));
    world.until(200);
    assert_eq!(looks(&world), [0]);
}

#[test]
fn a_lane_opens_through_a_session_that_works_and_tells_whose_it_is() {
    let works = || Observation::only(Readiness::Working);
    for (shown, is_opened, seen_at) in [
        (working(account_of(1)), true, [0, 0, 10]),
        (works(), false, [0, 10, 20]),
        (
            Observation {
                readiness: not_ready("STARTING"),
                ..working(account_of(1))
            },
            false,
            [0, 2, 4],
        ),
    ] {
        let mut world = idle(CampaignState::Running);
        world.shows.insert(session(1), shown.clone());
        world.until(20);
        assert_eq!(opened(&world).len(), usize::from(is_opened), "{shown:?}");
        assert_eq!(looks(&world)[..3], seen_at, "{shown:?}");
    }
}

#[test]
fn a_lane_is_asked_for_once() {
    let mut world = idle(CampaignState::Running);
    for _ in 0..2 {
        world.tell(Input::Observed {
            session: session(1),
            observation: working(account_of(1)),
        });
    }
    let asked = std::iter::from_fn(|| match world.engine.next(world.now) {
        Step::WaitUntil(_) | Step::Idle => None,
        step => Some(matches!(step, Step::OpenLane { .. })),
    });
    assert_eq!(asked.filter(|is_open_lane| *is_open_lane).count(), 1);
}

#[test]
fn nothing_is_sent_before_a_look_has_shown_whether_messages_are_kept() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let shown = |readiness| Observation {
        readiness,
        store_on: Some(true),
        ..working(account_of(1))
    };
    world.shows.insert(session(1), shown(not_ready("STARTING")));
    world.add(single(1, 1, None));
    world.until(1);
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.is_told(1, Readiness::Working, Some(account_of(1)));
    world.rests();
    assert_eq!((opened(&world).len(), world.sent.len()), (0, 0));
    world.shows.insert(session(1), shown(Readiness::Working));
    world.wait(Duration::from_secs(1));
    let seen = world.now.stamp(BootId(0));
    world.catches_up();
    world.rests();
    let lane = world.engine.lanes.get(LaneId(1)).unwrap();
    assert_eq!(lane.keeping, lane::Keeping::Since(seen));
    assert_eq!(world.sent.len(), 1);
}

#[test]
fn a_session_that_is_another_accounts_opens_another_lane() {
    for (told, is_other) in [
        (working(account_of(2)), true),
        (working(account_of(1)), false),
        (Observation::only(Readiness::Working), false),
        (
            Observation {
                readiness: not_ready("SCAN_QR_CODE"),
                ..working(account_of(2))
            },
            false,
        ),
    ] {
        let mut world = idle(CampaignState::Running);
        world.until(5);
        world.shows.insert(session(1), told.clone());
        world.is_told(1, told.readiness.clone(), told.account);
        world.until(8);
        let mut expected = vec![account_of(1)];
        expected.extend(is_other.then(|| account_of(2)));
        assert_eq!(opened(&world), expected, "{told:?}");
    }
}

/// Otherwise it would go out from an account whose limits do not count it.
#[test]
fn what_is_not_written_when_a_session_is_seen_to_be_anothers_goes_through_the_new_lane() {
    let journals = |step: &Step| match step {
        Step::Commit(batch) => matches!(batch.changes[..], [Change::Journal(_), ..]),
        _ => false,
    };
    let sends = |step: &Step| matches!(step, Step::Send(_));
    let leaves: [fn(&Step) -> bool; 2] = [journals, sends];
    for (leaves, of) in leaves.into_iter().flat_map(|it| [(it, 1), (it, 2)]) {
        let mut world = World::new(LaneLimits::unpaced(1));
        world.leaves = leaves;
        world.add(single(1, 1, None));
        world.rests();
        world.leaves = |_| false;
        world.shows.insert(session(1), working(account_of(of)));
        world.is_told(1, Readiness::Working, Some(account_of(of)));
        world.rests();
        let withheld = world.when(|step| matches!(step, Step::Withhold(_)));
        if world.sent.is_empty() || withheld.is_empty() {
            world.catches_up();
        } else {
            let outcome = Outcome::NotHandedOver {
                why: NotHandedOver::Withheld,
                retry_after: None,
                message: "".into(),
            };
            let delivery = delivery(1, 0);
            world.tell(Input::SendEnded { delivery, outcome });
        }
        world.rests();
        let sends_of = |number| {
            let lane = world.engine.lanes.get(LaneId(number));
            lane.map_or(0, |lane| lane.pacer.day(world.now).sends)
        };
        assert_eq!([1, 2].map(sends_of), [1, 2].map(|it| u32::from(it == of)));
    }
}

#[test]
fn a_session_that_works_lifts_what_was_held_for_it_and_what_is_over() {
    use Trouble as T;
    for (trouble, lasts, is_lifted) in [
        (T::Unreachable, 10, true),
        (T::SessionNotReady, 10, true),
        (T::Unauthorized, 10, true),
        (T::OtherAccount, 10, true),
        (T::RateLimited, 10, false),
        (T::RateLimited, 0, true),
        (T::NewChatsUsedUp, 10, false),
        (T::ClockJumped, 10, false),
        (T::ClockJumped, 0, false),
    ] {
        let mut world = idle(CampaignState::Running);
        world.until(5);
        world.engine.lanes.get_mut(LaneId(1)).unwrap().hold = Some(Hold {
            trouble,
            since: None,
            until: world.now.elapsed + Duration::from_secs(lasts),
        });
        world.is_told(1, Readiness::Working, Some(account_of(1)));
        let case = format!("{trouble:?} for {lasts}");
        assert_eq!(hold_of(&world).is_none(), is_lifted, "{case}");
    }
}

#[test]
fn each_way_of_not_working_holds_the_lane_until_it_is_looked_at_again() {
    for (readiness, trouble) in [
        (not_ready("STARTING"), Trouble::SessionNotReady),
        (Readiness::Missing, Trouble::SessionNotReady),
        (Readiness::Unauthorized, Trouble::Unauthorized),
        (Readiness::Unreachable, Trouble::Unreachable),
        (Readiness::Foreign, Trouble::Unreachable),
    ] {
        let mut world = idle(CampaignState::Running);
        world.until(5);
        let seen = looks(&world).len();
        let shown = Observation::only(readiness.clone());
        world.shows.insert(session(1), shown);
        world.is_told(1, readiness, None);
        assert_eq!(hold_of(&world).map(|hold| hold.trouble), Some(trouble));
        world.until(20);
        assert_eq!(looks(&world)[seen..], [7, 11, 19], "{trouble:?}");
    }
}

/// Looks at doubts may have been used up in the meantime.
#[test]
fn doubts_are_looked_at_when_a_session_is_back_after_long() {
    for (away, is_long) in [(59, false), (60, false), (61, true)] {
        let mut world = idle(CampaignState::Running);
        world.until(5);
        world.leaves = |step| matches!(step, Step::Observe(_));
        world.is_told(1, not_ready("STOPPED"), None);
        world.until(5 + away);
        world.is_told(1, Readiness::Working, Some(account_of(1)));
        world.until(5 + away);
        let look = Change::LookNow { campaign: id(1) };
        let looks = world.kept().filter(|change| **change == look);
        assert_eq!(looks.count() == 1, is_long, "{away}");
    }
}

/// Limits above the accounts count by server.
#[test]
fn a_session_that_works_tells_whether_its_server_has_a_name() {
    for (readiness, server, known) in [
        (Readiness::Working, None, None),
        (Readiness::Working, Some("two"), Some("two")),
        (not_ready("STOPPED"), Some("two"), Some("two")),
        (Readiness::Unreachable, None, Some("one")),
    ] {
        let mut world = idle(CampaignState::Running);
        for (readiness, server) in [(Readiness::Working, Some("one")), (readiness, server)] {
            let observation = Observation {
                server: server.map(Into::into),
                ..Observation::only(readiness)
            };
            world.tell(Input::Observed {
                session: session(1),
                observation,
            });
        }
        let view = world.engine.sessions.get(&session(1)).unwrap();
        assert_eq!(view.server.as_deref(), known);
    }
}

/// Whether the wall clock is an hour off, whether the lane waits for that, and how far the server's clock is from what it shows.
#[test]
fn a_server_whose_clock_shows_the_same_bears_ours_out() {
    for (is_off, is_held, apart, is_borne_out) in [
        (true, true, Some(60), true),
        (true, true, Some(-60), true),
        (true, true, Some(61), false),
        (true, true, None, false),
        // It was held before this runner began.
        (false, true, Some(0), true),
        (false, true, Some(61), false),
        // Something else holds it for longer.
        (true, false, Some(0), true),
    ] {
        let mut world = idle(CampaignState::Running);
        world.until(5);
        world.leaves = |step| matches!(step, Step::Observe(_));
        let hour = Duration::from_secs(if is_off { 3_600 } else { 0 });
        world.now.wall = world.now.wall.checked_add(hour).unwrap();
        world.until(6);
        let trouble = match is_held {
            true => Trouble::ClockJumped,
            false => Trouble::RateLimited,
        };
        let until = world.now.elapsed + Duration::from_secs(300);
        let lane = world.engine.lanes.get_mut(LaneId(1)).unwrap();
        lane.hold = Some(Hold {
            trouble,
            since: None,
            until,
        });
        let server_time = apart.map(|apart| {
            let apart = jiff::SignedDuration::from_secs(apart);
            world.now.wall.checked_add(apart).unwrap()
        });
        let observed = Input::Observed {
            session: session(1),
            observation: Observation {
                server_time,
                ..working(account_of(1))
            },
        };
        world.tell(observed);
        let case = format!("{is_off}, {is_held}, {apart:?}");
        let is_out_of_step = world.engine.out_of_step.is_some();
        assert_eq!(is_out_of_step, is_off && !is_borne_out, "{case}");
        let waits = hold_of(&world).is_some_and(|hold| hold.trouble == Trouble::ClockJumped);
        assert_eq!(waits, is_held && !is_borne_out, "{case}");
    }
}

#[test]
fn nobody_bears_out_a_clock_that_nobody_doubts() {
    let mut world = idle(CampaignState::Running);
    world.until(5);
    let server_time = Some(world.now.wall);
    let shown = Observation {
        server_time,
        ..working(account_of(1))
    };
    world.shows.insert(session(1), shown);
    world.until(12);
    assert!(!world.engine.is_clock_confirmed);
}

const BOOT: BootId = BootId(0);

/// An attempt of which the wall clock showed so many seconds more than it should.
fn attempt(world: &World, ahead: i64, boot: BootId) -> PastAttempt {
    let ahead = jiff::SignedDuration::from_secs(ahead);
    let started = Stamp {
        wall: world.now.wall.checked_add(ahead).unwrap(),
        ..world.now.stamp(boot)
    };
    PastAttempt {
        slot: Slot::Cold,
        started,
        ended: Some(started),
        taken_over: None,
    }
}

fn opens(world: &mut World, through: u32, record: &LaneRecord) {
    let opened = Input::Lane {
        session: session(through),
        record: Box::new(record.clone()),
    };
    world.tell(opened);
}

/// The runner before found the clock changed, and nobody bore it out until it died.
#[test]
fn a_lane_that_waits_for_the_clock_goes_on_when_its_own_attempts_bear_that_out() {
    const HOUR: i64 = 3_600;
    for (attempted, is_confirmed, is_off, waits) in [
        (Some((0, BOOT)), false, false, false),
        (Some((0, BootId(7))), false, false, true),
        (Some((HOUR, BOOT)), false, false, true),
        (Some((0, BOOT)), false, true, true),
        (None, false, false, true),
        (None, true, false, false),
    ] {
        let mut world = idle(CampaignState::Running);
        world.leaves = |step| matches!(step, Step::Observe(_));
        world.until(5);
        let attempts = attempted.map(|(ahead, boot)| attempt(&world, ahead, boot));
        let record = LaneRecord {
            attempts: attempts.into_iter().collect(),
            hold: Some(LaneHold {
                trouble: Trouble::ClockJumped,
                until: world.now.wall.checked_add(Duration::from_secs(60)).unwrap(),
                told: world.now.stamp(BOOT),
            }),
            ..lane(account_of(1), LaneLimits::unpaced(1))
        };
        world.engine.is_clock_confirmed = is_confirmed;
        if is_off {
            let hour = Duration::from_secs(3_600);
            world.now.wall = world.now.wall.checked_add(hour).unwrap();
        }
        opens(&mut world, 1, &record);
        let case = format!("{attempted:?}, {is_confirmed}, {is_off}");
        assert_eq!(hold_of(&world).is_some(), waits, "{case}");
    }
}

/// What its attempts tell of the clock was told when it was opened first.
#[test]
fn a_lane_that_is_known_tells_nothing_new_of_the_clock() {
    let mut world = idle(CampaignState::Running);
    world.add_idle(single(2, 2, None));
    world.leaves = |step| matches!(step, Step::Observe(_));
    world.until(5);
    let record = LaneRecord {
        attempts: vec![attempt(&world, 3_600, BOOT)],
        ..lane(account_of(1), LaneLimits::unpaced(1))
    };
    opens(&mut world, 1, &record);
    world.until(6);
    assert!(world.engine.out_of_step.is_some());
    let now = world.now;
    world.engine.believe_the_clock(now);
    // It is set once more, and set right.
    let hour = Duration::from_secs(3_600);
    let right = world.now.wall;
    world.now.wall = right.checked_add(hour).unwrap();
    world.until(6);
    world.now.wall = right;
    world.until(6);
    assert!(world.engine.out_of_step.is_none() && !world.engine.is_clock_confirmed);
    opens(&mut world, 2, &record);
    world.until(6);
    assert!(world.engine.out_of_step.is_none());
    let lane = world.engine.lanes.get(LaneId(1)).unwrap();
    assert_eq!((lane.hold, &lane.session), (None, &session(2)));
}

#[test]
fn limits_that_were_set_while_a_lane_was_being_opened_hold() {
    let mut world = idle(CampaignState::Running);
    let limits = LaneLimits::unpaced(7);
    let account = account_of(1);
    world.asks(
        1,
        crate::store::Command::SetLimits {
            account,
            limits: limits.clone(),
        },
    );
    world.until(5);
    let lane = world.engine.lanes.get(LaneId(1)).unwrap();
    assert_eq!(*lane.pacer.limits(), limits);
}
