use super::*;
use crate::phone::PhoneNumber;

fn at(seconds: i64, wall: &str) -> Now {
    Now {
        elapsed: Elapsed::from_micros(seconds * 1_000_000),
        wall: wall.parse().unwrap(),
    }
}

fn lane_with(hold: LaneHold, begins: Now) -> Lane {
    let account = Account(PhoneNumber::from_digits(6_281_200_000_001).unwrap());
    let record = LaneRecord {
        hold: Some(LaneHold {
            trouble: Trouble::RateLimited,
            ..hold
        }),
        cold_hold: Some(hold),
        ..LaneRecord::new(LaneId(1), account, LaneLimits::unpaced(1))
    };
    let session = Session::new("default");
    Lane::new(record, session, &Settings::default(), BootId(2), begins)
}

/// Told at that moment of a boot that it lasts ten minutes.
fn restricted(told: Now, boot: BootId) -> LaneHold {
    LaneHold {
        trouble: Trouble::Restricted,
        until: told
            .wall
            .checked_add(jiff::SignedDuration::from_mins(10))
            .unwrap(),
        told: told.stamp(boot),
    }
}

#[track_caller]
fn assert_ends(lane: &Lane, now: Now, ends: Elapsed) {
    let holds = [lane.held(Slot::Reply, now), lane.new_chats.held(now)];
    assert_eq!(holds.map(|hold| hold.map(|it| it.until)), [Some(ends); 2]);
}

/// Its process was told of it by a clock that was nine hours behind, or ahead.
#[test]
fn a_hold_of_this_boot_lasts_however_the_clock_is_set() {
    for (wrong, begins) in [
        ("2026-11-20T15:29:55Z", "2026-11-20T15:30:00Z"),
        ("2026-11-21T09:29:55Z", "2026-11-21T00:30:00Z"),
    ] {
        let (told, begins) = (at(5, wrong), at(10, begins));
        let mut lane = lane_with(restricted(told, BootId(2)), begins);
        let right = at(70, "2026-11-21T00:31:00Z");
        for now in [begins, right] {
            assert_ends(&lane, now, at(605, wrong).elapsed);
            lane.place_anew(right);
        }
    }
}

/// The boot before was two days ahead. What it was told of a moment ago lies two days from now by a clock that is right.
#[test]
fn a_hold_that_another_boot_was_told_of_in_the_future_was_told_of_now() {
    let kept = restricted(at(5_000, "2026-11-23T00:30:00Z"), BootId(1));
    let begins = at(10, "2026-11-21T00:31:00Z");
    let mut lane = lane_with(kept, begins);
    assert_ends(&lane, begins, at(610, "2026-11-21T00:41:00Z").elapsed);
    let noted = lane.note(begins).cold_hold;
    assert_eq!(noted, Some(kept), "as it was read");
    // It was this clock that was behind, and has been set right since.
    let right = at(70, "2026-11-23T00:32:00Z");
    lane.place_anew(right);
    assert_ends(&lane, right, at(70 + 480, "2026-11-23T00:40:00Z").elapsed);
}

#[test]
fn a_hold_is_noted_as_lasting_from_now_on() {
    let begins = at(10, "2026-11-21T00:31:00Z");
    let mut lane = lane_with(
        restricted(at(5_000, "2026-11-20T00:30:00Z"), BootId(1)),
        begins,
    );
    lane.new_chats.restrict(Duration::from_secs(300), begins);
    let later = at(70, "2026-11-21T09:32:00Z");
    assert_eq!(
        lane.note(later).cold_hold,
        Some(LaneHold {
            trouble: Trouble::Restricted,
            until: at(310, "2026-11-21T09:36:00Z").wall,
            told: later.stamp(BootId(2)),
        })
    );
}

/// Nine hours behind at first, and set right after a minute; the restriction ends two minutes after that.
#[test]
fn a_hold_that_was_read_by_a_wrong_clock_ends_when_it_ends() {
    let begins = at(10, "2026-11-20T15:30:00Z");
    let kept = restricted(at(5_000, "2026-11-21T00:23:00Z"), BootId(1));
    let (settings, mut lane) = (Settings::default(), lane_with(kept, begins));
    let right = at(70, "2026-11-21T00:31:00Z");
    lane.place_anew(right);
    assert_ends(&lane, right, at(190, "2026-11-21T00:33:00Z").elapsed);
    // One that began since is measured by the clock that nobody sets.
    lane.hold_for(
        Trouble::RateLimited,
        Some(Duration::from_secs(600)),
        &settings,
        right,
    );
    let began = lane.hold;
    lane.place_anew(at(80, "2026-11-21T08:00:00Z"));
    assert_eq!(lane.hold, began);
    assert_eq!(lane.new_chats.held(at(80, "2026-11-21T08:00:00Z")), None);
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many seconds after all of these began.
fn after(passed: u64) -> Now {
    let begins = at(10, "2026-11-21T00:31:00Z");
    Now {
        elapsed: begins.elapsed + seconds(passed),
        wall: begins.wall.checked_add(seconds(passed)).unwrap(),
    }
}

/// One of which nothing bad is known.
fn well() -> Lane {
    let account = Account(PhoneNumber::from_digits(6_281_200_000_001).unwrap());
    let record = LaneRecord::new(LaneId(1), account, LaneLimits::unpaced(9));
    let session = Session::new("default");
    Lane::new(record, session, &Settings::default(), BootId(2), after(0))
}

fn hold(lane: &mut Lane, trouble: Trouble, asked: Option<u64>, now: Now) {
    lane.hold_for(trouble, asked.map(seconds), &Settings::default(), now);
}

fn learn(lane: &mut Lane, observation: &Observation, now: Now) {
    lane.learn(observation, &Settings::default(), BootId(2), now);
}

fn working() -> Observation {
    Observation::only(Readiness::Working)
}

fn keeping(store_on: bool) -> Observation {
    Observation {
        store_on: Some(store_on),
        ..working()
    }
}

/// Whether there was something to note since it was asked last.
fn is_news(lane: &mut Lane) -> bool {
    std::mem::take(&mut lane.is_noteworthy)
}

#[test]
fn holds_in_a_row_become_longer_until_something_succeeds() {
    let mut lane = well();
    let mut passed = 0;
    for expected in [2, 4, 8, 16, 32, 60, 60, 60] {
        hold(&mut lane, Trouble::Unreachable, None, after(passed));
        let until = lane.hold.unwrap().until;
        assert_eq!(until, after(passed + expected).elapsed);
        assert!(is_news(&mut lane));
        passed += 100;
    }
    lane.praise(Slot::Reply, after(passed));
    hold(&mut lane, Trouble::Unreachable, None, after(passed));
    assert_eq!(lane.hold.unwrap().until, after(passed + 2).elapsed);
}

#[test]
fn each_trouble_holds_a_lane_for_a_while_of_its_own() {
    for (trouble, asked, expected) in [
        (Trouble::Unreachable, None, 2),
        (Trouble::Unreachable, Some(1), 2),
        (Trouble::Unreachable, Some(30), 30),
        (Trouble::RateLimited, None, 60),
        (Trouble::RateLimited, Some(1), 2),
        (Trouble::RateLimited, Some(300), 300),
        (Trouble::ClockJumped, None, 60),
        (Trouble::OtherAccount, Some(300), 60),
        (Trouble::NewChatsUsedUp, None, 3_600),
        (Trouble::NewChatsUsedUp, Some(10), 10),
    ] {
        let mut lane = well();
        hold(&mut lane, trouble, asked, after(0));
        let expected = Hold {
            trouble,
            since: Some(after(0).elapsed),
            until: after(expected).elapsed,
        };
        assert_eq!(lane.hold, Some(expected), "{asked:?}");
    }
}

#[test]
fn a_restriction_holds_up_nobody_but_new_people() {
    let mut lane = well();
    hold(&mut lane, Trouble::Restricted, Some(600), after(0));
    assert!(is_news(&mut lane));
    assert_eq!(lane.hold, None);
    assert_eq!(lane.held(Slot::Reply, after(1)), None);
    let held = lane.held(Slot::Cold, after(1));
    assert_eq!(held.map(|hold| hold.until), Some(after(600).elapsed));
    // It is told once more, and ends no later.
    hold(&mut lane, Trouble::Restricted, Some(10), after(1));
    assert!(!is_news(&mut lane));
    let day = seconds(24 * 3_600);
    let heard = lane.only_if_heard_since(after(1));
    assert_eq!(heard, Some(after(1).wall.checked_sub(day).unwrap()));
    assert_eq!(lane.only_if_heard_since(after(600)), None);
    // What concerns everybody is told first.
    hold(&mut lane, Trouble::RateLimited, Some(300), after(2));
    let held = lane.held(Slot::Cold, after(3)).unwrap();
    assert_eq!(held.trouble, Trouble::RateLimited);
}

#[test]
fn a_hold_gives_way_only_to_one_that_lasts_longer_and_is_no_lighter() {
    use Trouble::{ClockJumped, RateLimited, SessionNotReady, Unreachable};
    for (first, second, remains) in [
        ((RateLimited, 300), (Unreachable, 10), RateLimited),
        ((Unreachable, 300), (RateLimited, 10), Unreachable),
        ((Unreachable, 300), (RateLimited, 600), RateLimited),
        ((Unreachable, 300), (SessionNotReady, 600), SessionNotReady),
        ((RateLimited, 300), (Unreachable, 600), RateLimited),
        ((RateLimited, 10), (ClockJumped, 0), ClockJumped),
    ] {
        let mut lane = well();
        for (trouble, asked) in [first, second] {
            hold(&mut lane, trouble, Some(asked), after(0));
        }
        let held = lane.hold.unwrap().trouble;
        assert_eq!(held, remains, "{first:?} and then {second:?}");
    }
}

#[test]
fn a_hold_that_goes_on_began_when_its_trouble_began() {
    let mut lane = well();
    for passed in [0, 100, 200] {
        hold(&mut lane, Trouble::Unreachable, None, after(passed));
        assert_eq!(lane.hold.unwrap().since, Some(after(0).elapsed));
    }
    hold(&mut lane, Trouble::RateLimited, Some(300), after(210));
    assert_eq!(lane.hold.unwrap().since, Some(after(210).elapsed));
}

#[test]
fn a_session_is_away_from_its_first_trouble_until_it_is_well() {
    use Trouble::{OtherAccount, SessionNotReady, Unreachable};
    for trouble in [Unreachable, SessionNotReady, OtherAccount] {
        let mut lane = well();
        assert_eq!(lane.is_well(after(0)), Duration::ZERO);
        assert_eq!(lane.steady_since, Some(after(0).elapsed));
        for passed in [10, 50] {
            hold(&mut lane, trouble, None, after(passed));
            assert_eq!(lane.steady_since, None);
        }
        assert_eq!(lane.is_well(after(100)), seconds(90));
        assert_eq!(lane.is_well(after(110)), Duration::ZERO);
        assert_eq!(lane.steady_since, Some(after(100).elapsed));
        // That somebody asked to wait is no absence.
        hold(&mut lane, Trouble::RateLimited, None, after(120));
        assert_eq!(lane.is_well(after(130)), Duration::ZERO);
        assert_eq!(lane.steady_since, Some(after(100).elapsed));
    }
}

#[test]
fn a_lane_is_there_unless_its_session_or_server_is_away() {
    use Trouble as T;
    let mut lane = well();
    assert!(lane.is_there());
    for (trouble, is_there) in [
        (T::Unreachable, false),
        (T::SessionNotReady, false),
        (T::Unauthorized, false),
        (T::OtherAccount, false),
        (T::RateLimited, true),
        (T::NewChatsUsedUp, true),
        (T::ClockJumped, true),
    ] {
        lane.hold = None;
        hold(&mut lane, trouble, None, after(0));
        assert_eq!(lane.is_there(), is_there, "{trouble:?}");
        is_news(&mut lane);
        lane.release();
        assert!(lane.is_there() && is_news(&mut lane));
        lane.release();
        assert!(!is_news(&mut lane), "it was not held");
    }
}

#[test]
fn a_message_store_is_kept_since_it_was_first_seen_on_and_not_off_after() {
    let mut lane = well();
    let since = |passed| Keeping::Since(after(passed).stamp(BootId(2)));
    lane.is_well(after(0));
    for (passed, seen, expected, news) in [
        (1, working(), Keeping::Unknown, false),
        (2, keeping(true), since(2), true),
        (3, keeping(true), since(2), false),
        (4, working(), since(2), false),
    ] {
        learn(&mut lane, &seen, after(passed));
        assert_eq!((lane.keeping, is_news(&mut lane)), (expected, news));
        assert_eq!(lane.steady_since, Some(after(0).elapsed));
    }
    let kept = lane.note(after(5)).store_on.map(|it| it.since);
    assert_eq!(kept, Some(after(2).stamp(BootId(2))));
    learn(&mut lane, &keeping(false), after(6));
    assert_eq!((lane.keeping, is_news(&mut lane)), (Keeping::Not, true));
    assert_eq!(lane.note(after(6)).store_on, None);
    // What was sent meanwhile cannot be looked for.
    lane.is_well(after(7));
    assert_eq!(lane.steady_since, None);
    learn(&mut lane, &keeping(true), after(8));
    assert_eq!((lane.keeping, is_news(&mut lane)), (since(8), true));
    lane.is_well(after(9));
    assert_eq!(lane.steady_since, Some(after(9).elapsed));
    // Another session has another store.
    lane.move_to(Session::new("default"));
    assert_eq!(
        (lane.keeping, lane.steady_since),
        (since(8), Some(after(9).elapsed))
    );
    lane.move_to(Session::new("second"));
    assert_eq!((lane.keeping, lane.steady_since), (Keeping::Unknown, None));
}

#[test]
fn a_session_that_does_not_work_tells_nothing_but_of_its_server() {
    let mut lane = well();
    lane.is_well(after(0));
    let stopped = Observation {
        readiness: Readiness::NotReady("STOPPED".into()),
        server_up_since: Some(after(1).elapsed),
        ..keeping(true)
    };
    learn(&mut lane, &stopped, after(2));
    assert_eq!(lane.keeping, Keeping::Unknown);
    assert_eq!((lane.steady_since, is_news(&mut lane)), (None, false));
    // The next look does not show it.
    learn(&mut lane, &working(), after(3));
    assert_eq!(lane.server_up_since, Some(after(1).elapsed));
}

#[test]
fn a_restriction_that_a_look_shows_is_kept() {
    let mut lane = well();
    let until = Some(after(600).wall);
    let restriction = Some(crate::gateway::Restriction { until });
    let seen = Observation {
        allowance: crate::gateway::Allowance {
            restriction,
            quota: None,
        },
        ..working()
    };
    for is_new in [true, false] {
        learn(&mut lane, &seen, after(0));
        assert_eq!(is_news(&mut lane), is_new);
    }
    assert!(lane.held(Slot::Cold, after(1)).is_some());
}

#[test]
fn after_a_restriction_new_people_are_written_to_one_by_one_until_one_message_is_accepted() {
    let mut lane = well();
    lane.charge(Slot::Cold, after(0));
    assert!(!lane.is_trying(Slot::Cold), "nothing has happened yet");
    lane.pacer.give_back(Slot::Cold);
    hold(&mut lane, Trouble::Restricted, Some(60), after(0));
    is_news(&mut lane);
    assert!(!lane.is_trying(Slot::Cold));
    for slot in Slot::ALL {
        lane.charge(slot, after(100));
    }
    assert!(is_news(&mut lane));
    assert!(lane.is_trying(Slot::Cold) && !lane.is_trying(Slot::Reply));
    lane.praise(Slot::Reply, after(101));
    assert!(lane.is_trying(Slot::Cold) && !is_news(&mut lane));
    lane.praise(Slot::Cold, after(101));
    assert!(!lane.is_trying(Slot::Cold) && is_news(&mut lane));
}

#[test]
fn an_id_is_trusted_once_it_came_back_and_until_three_in_a_row_did_not() {
    use MessageKind::{Image, Text};
    let mut lane = well();
    assert!(!lane.trusts(Text) && !lane.has_trusted(Text));
    let mut learns = |kind, is_ours| {
        let is_first = lane.learn_id(kind, is_ours);
        let trusts = [Text, Image].map(|kind| lane.trusts(kind));
        (is_first, trusts, is_news(&mut lane))
    };
    let both = [true, true];
    for (step, (kind, is_ours, expected)) in [
        (Image, false, (false, [false, false], false)),
        (Text, true, (true, [true, false], true)),
        (Text, true, (false, [true, false], false)),
        (Image, true, (true, both, true)),
        (Image, false, (false, both, false)),
        (Image, false, (false, both, false)),
        (Image, true, (false, both, false)),
        (Image, false, (false, both, false)),
        (Image, false, (false, both, false)),
        (Image, false, (false, [true, false], true)),
        (Image, false, (false, [true, false], false)),
        // It was trusted before: whoever waits for that has been told.
        (Image, true, (false, both, true)),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(learns(kind, is_ours), expected, "step {step}");
    }
    for _ in 0..3 {
        lane.learn_id(Image, false);
    }
    assert!(!lane.trusts(Image) && lane.has_trusted(Image));
}

#[test]
fn what_was_learnt_about_ids_holds_for_one_platform() {
    let mut lane = well();
    let on = |platform: &str| Observation {
        platform: Some(platform.into()),
        ..working()
    };
    learn(&mut lane, &on("2026.10.1 NOWEB"), after(0));
    lane.learn_id(MessageKind::Text, true);
    is_news(&mut lane);
    learn(&mut lane, &on("2026.10.1 NOWEB"), after(1));
    assert!(lane.trusts(MessageKind::Text) && !is_news(&mut lane));
    learn(&mut lane, &on("2026.10.1 WEBJS"), after(2));
    assert!(!lane.trusts(MessageKind::Text) && is_news(&mut lane));
    assert!(!lane.has_trusted(MessageKind::Text));
}

#[test]
fn silence_makes_a_session_suspect_when_its_time_has_come() {
    let settings = Settings::default();
    let mut lane = well();
    let campaign = crate::delivery::CampaignId::new(1).unwrap();
    let delivery = |number| crate::delivery::DeliveryId::new(campaign, number).unwrap();
    let (ack, slot) = (crate::delivery::Ack::Server, Slot::Cold);
    let now = after(0);
    lane.health
        .acknowledged(delivery(0), ack, None, &settings, now);
    for number in 1..=3 {
        let end = super::super::health::Ended::Accepted;
        lane.health
            .ended(delivery(number), slot, end, false, &settings, after(1));
    }
    lane.passes(&settings, after(60));
    assert!(!is_news(&mut lane) && lane.held(slot, after(60)).is_none());
    lane.passes(&settings, after(61));
    let held = lane.held(slot, after(61)).unwrap();
    assert_eq!(held.trouble, Trouble::SuspectedDead);
    assert!(is_news(&mut lane));
    lane.passes(&settings, after(62));
    assert!(!is_news(&mut lane));
}

#[test]
fn other_limits_hold_at_once() {
    let mut lane = well();
    let limits = LaneLimits::unpaced(2);
    lane.set_limits(limits.clone(), after(0));
    assert_eq!(*lane.pacer.limits(), limits);
    assert!(is_news(&mut lane));
}

#[test]
fn chance_is_drawn_anew_each_time() {
    let mut lane = well();
    let drawn = [lane.unit(), lane.unit(), lane.unit()];
    assert!(drawn.iter().all(|unit| (0.0..1.0).contains(unit)));
    assert!(drawn[0] != drawn[1] && drawn[1] != drawn[2], "{drawn:?}");
}

#[test]
fn what_is_over_is_not_waited_for() {
    assert_eq!(wait_between(after(10), after(40).wall), seconds(30));
    assert_eq!(wait_between(after(10), after(10).wall), Duration::ZERO);
    assert_eq!(wait_between(after(10), after(0).wall), Duration::ZERO);
}
