#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;
use crate::clock::{BootId, Elapsed};
use crate::consent::Barred;
use crate::engine::testing::{World, id, plain, running};
use crate::engine::{Beginning, Input, Settings, Step};
use crate::gateway::{Account, Session};
use crate::limits::{LaneLimits, Slot};
use crate::phone::PhoneNumber;
use crate::store::{Change, Command, LaneHold, LaneId, LaneRecord, Lost, PastAttempt};

const BOOT: BootId = BootId(1);

fn at(second: i64, wall: &str) -> Now {
    Now {
        elapsed: Elapsed::from_micros(second * 1_000_000),
        wall: wall.parse().unwrap(),
    }
}

fn lane(number: u32, attempts: Vec<PastAttempt>) -> LaneRecord {
    let phone = PhoneNumber::from_digits(6_281_200_000_000 + u64::from(number));
    let account = Account(phone.unwrap());
    LaneRecord {
        attempts,
        ..LaneRecord::new(LaneId(number), account, LaneLimits::unpaced(1))
    }
}

/// The first lane remembers that the clock was eighteen hours ahead a while ago; the restriction of the second was written since then.
#[test]
fn a_lane_that_opens_while_the_clock_is_in_question_waits_with_the_others() {
    let now = at(1_000, "2026-11-21T00:45:00Z");
    let beginning = Beginning {
        message_key: [0; 16],
        at: now.stamp(BOOT),
        accounts: BTreeMap::new(),
        shared: Vec::new(),
        is_worker: false,
    };
    let mut engine = Engine::new(Settings::default(), beginning);
    let before = at(900, "2026-11-21T18:43:20Z").stamp(BOOT);
    let attempt = PastAttempt {
        slot: Slot::Cold,
        started: before,
        ended: Some(before),
        taken_over: None,
    };
    let restriction = LaneHold {
        trouble: Trouble::Restricted,
        until: at(1_060, "2026-11-21T00:46:00Z").wall,
        told: at(940, "2026-11-21T00:44:00Z").stamp(BOOT),
    };
    let restricted = LaneRecord {
        cold_hold: Some(restriction),
        ..lane(2, Vec::new())
    };
    for (name, record) in [("one", lane(1, vec![attempt])), ("two", restricted)] {
        let session = Session::new(name);
        engine.sessions.get_or_insert(&session);
        let record = Box::new(record);
        engine.handle(Input::Lane { session, record }, now);
        assert!(!matches!(engine.next(now), Step::Send(_)));
    }
    let steady = engine.steady(now);
    for lane in engine.lanes.values() {
        let hold = lane.held(Slot::Cold, steady).unwrap();
        assert_eq!(hold.trouble, Trouble::ClockJumped, "{:?}", lane.id);
    }
    engine.believe_the_clock(steady);
    assert!(engine.changes.contains(&Change::CutWaits));
    let held = |number| {
        engine
            .lanes
            .get(LaneId(number))
            .unwrap()
            .held(Slot::Cold, now)
    };
    assert_eq!(held(1), None);
    let hold = held(2).unwrap();
    let ends = now.elapsed + Duration::from_secs(60);
    assert_eq!((hold.trouble, hold.until), (Trouble::Restricted, ends));
}

#[test]
fn an_earlier_moment_tells_what_the_clock_showed_only_of_the_same_boot_and_while_it_is_not_in_question()
 {
    let hour = Duration::from_secs(3_600);
    let other = BootId(2);
    // The boot of the earlier moment, how far ahead the clock is now, whether it is known to be out of step, whether it was borne out.
    let rows = [
        (BOOT, hour, false, false, true),
        (BOOT, CLOCK_JUMP, false, false, false),
        (BOOT, hour, true, false, false),
        (BOOT, hour, false, true, false),
        (other, hour, false, false, false),
        (other, hour, false, true, false),
    ];
    for (boot, ahead, is_out_of_step, is_confirmed, is_recalled) in rows {
        let expected = at(1_000, "2026-11-21T00:45:00Z");
        let earlier = at(900, "2026-11-21T00:43:20Z").stamp(boot);
        let beginning = Beginning {
            message_key: [0; 16],
            at: expected.stamp(BOOT),
            accounts: BTreeMap::new(),
            shared: Vec::new(),
            is_worker: false,
        };
        let mut engine = Engine::new(Settings::default(), beginning);
        engine.out_of_step = is_out_of_step.then_some(expected.wall);
        engine.is_clock_confirmed = is_confirmed;
        let shown = Now {
            wall: expected.wall.checked_add(ahead).unwrap(),
            ..expected
        };
        let wanted = if is_recalled { expected } else { shown };
        let row = (boot, ahead, is_out_of_step, is_confirmed);
        assert_eq!(engine.recall(earlier, shown), wanted, "{row:?}");
    }
}

#[test]
fn when_the_clock_is_borne_out_whoever_waited_by_the_wrong_one_is_read_anew() {
    let mut world = World::new(LaneLimits::unpaced(1));
    let tomorrow = world.now.wall.checked_add(Duration::from_secs(86_400));
    let capped = Barred::Capped {
        until: tomorrow.unwrap(),
        may_wait: true,
    };
    world.lose([Lost::Barred(capped)]);
    world.add(running(1, plain("promo", 1), 1));
    world.until(60);
    let ahead = world.now.wall.checked_add(Duration::from_secs(100_000));
    world.now.wall = ahead.unwrap();
    world.until(120);
    assert!(world.sent.is_empty());
    let campaign = id(1);
    world.asks(1, Command::Resume { campaign });
    world.rests();
    assert_eq!(world.sent, [campaign]);
}
