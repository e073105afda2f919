//! What is promised about lanes.

use std::time::Duration;

use jiff::civil::date;

use super::ContractStore;
use super::scene::{Scene, Target, account, answered, at, wall};
use crate::clock::{BootId, Stamp};
use crate::delivery::Happening;
use crate::failure::Trouble;
use crate::gateway::Session;
use crate::limits::{
    DayCount, Gap, LaneLimits, Rest, Run, Scope, SharedLimits, SharedPast, SharedRecord, Slot,
    WarmthSoFar, Window,
};
use crate::message::MessageKind;
use crate::store::{
    Change, Condition, Effect, Journal, LaneHealth, LaneHold, LaneNote, PastAttempt, Store,
    StoreOn, Trusted, Unwell,
};

fn limits(sends_max: u32) -> LaneLimits {
    LaneLimits {
        gap: Gap {
            min: Duration::from_millis(1_500),
            max: Duration::from_secs(4),
        },
        windows: vec![
            Window {
                sends_max,
                span: Duration::from_secs(60),
            },
            Window {
                sends_max: 2,
                span: Duration::from_secs(5),
            },
        ],
        ..LaneLimits::default()
    }
}

fn cold(started: i64, ended: Option<i64>) -> PastAttempt {
    PastAttempt {
        slot: Slot::Cold,
        started: at(started),
        ended: ended.map(at),
        taken_over: None,
    }
}

/// An account has one lane, whatever its session is called; its limits, day, hold and trust outlive the process.
pub async fn a_lane_keeps_what_it_was_told(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let made = store
        .lane(account(2), &Session::new("a"), &limits(7))
        .await
        .unwrap();
    assert_ne!(made.id, scene.lane.id);
    assert_eq!((made.account, &made.limits), (account(2), &limits(7)));
    assert_eq!(
        (made.day, &made.trusted, &made.store_on),
        (None, &Trusted::default(), &None)
    );
    assert_eq!((made.hold, made.cold_hold), (None, None));
    assert_eq!(made.health, LaneHealth::default());
    assert_eq!(made.attempts, []);
    let again = store
        .lane(account(2), &Session::new("b"), &limits(9))
        .await
        .unwrap();
    assert_eq!(
        (again.id, again.epoch, &again.limits),
        (made.id, made.epoch, &limits(7))
    );

    let note = LaneNote {
        lane: made.id,
        epoch: made.epoch,
        day: Some(DayCount {
            date: date(2026, 2, 2),
            sends: 41,
            cold: 40,
        }),
        warmth: WarmthSoFar {
            since: Some(date(2026, 1, 20)),
            days: 9,
            last: Some(date(2026, 2, 1)),
        },
        hold: Some(LaneHold {
            trouble: Trouble::Unreachable,
            until: wall(900),
            told: at(1),
        }),
        cold_hold: Some(LaneHold {
            trouble: Trouble::Restricted,
            until: wall(1_900),
            told: Stamp {
                boot: BootId(u64::MAX),
                ..at(0)
            },
        }),
        trusted: Trusted {
            platform: "2026.7 NOWEB".into(),
            kinds: vec![MessageKind::Text, MessageKind::File],
        },
        store_on: Some(StoreOn {
            session: Session::new("a"),
            since: at(1),
        }),
        health: LaneHealth {
            cold: Condition::default(),
            reply: Condition {
                unwell: None,
                times: 2,
            },
            session: Condition {
                unwell: Some(Unwell {
                    trouble: Trouble::SuspectedDead,
                    since: wall(800),
                    until: wall(860),
                }),
                times: 3,
            },
            restarted_at: Some(at(810)),
        },
    };
    let given = Change::Limits {
        account: account(2),
        limits: limits(3),
    };
    let effects = scene
        .commit(1, vec![Change::Lane(Box::new(note.clone())), given])
        .await;
    assert_eq!(effects, [Effect::Done, Effect::Done]);
    drop(scene);
    let store = database.open().await;
    store.take_over(at(10)).await.unwrap();
    let kept = store
        .lane(account(2), &Session::new("a"), &limits(9))
        .await
        .unwrap();
    assert_eq!((kept.id, &kept.limits), (made.id, &limits(3)));
    assert_eq!(
        (kept.day, &kept.trusted, &kept.store_on),
        (note.day, &note.trusted, &note.store_on)
    );
    assert_eq!((kept.hold, kept.cold_hold), (note.hold, note.cold_hold));
    assert_eq!((&kept.warmth, kept.health), (&note.warmth, note.health));

    let cleared = Change::Lane(Box::new(LaneNote {
        epoch: kept.epoch,
        hold: None,
        cold_hold: None,
        health: LaneHealth::default(),
        ..note.clone()
    }));
    super::scene::commit(&store, 11, vec![cleared]).await;
    let kept = store
        .lane(account(2), &Session::new("a"), &limits(9))
        .await
        .unwrap();
    assert_eq!(
        (kept.day, kept.hold, kept.cold_hold, kept.health),
        (note.day, None, None, LaneHealth::default())
    );
}

/// Limits may be set before anything is sent from an account; the latest hold.
pub async fn a_lane_begins_with_the_limits_that_were_set_before(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    for (second, sends_max) in [(1, 3), (2, 4)] {
        let given = Change::Limits {
            account: account(3),
            limits: limits(sends_max),
        };
        assert_eq!(scene.one(second, given).await, Effect::Done);
    }
    drop(scene);
    let store = database.open().await;
    store.take_over(at(10)).await.unwrap();
    for session in ["a", "b"] {
        let session = Session::new(session);
        let lane = store.lane(account(3), &session, &limits(9)).await.unwrap();
        assert_eq!(lane.limits, limits(4), "{session}");
    }
    let other = store.lane(account(4), &Session::new("c"), &limits(9)).await;
    assert_eq!(other.unwrap().limits, limits(9));
}

/// However many cold messages went out since, the last reply is told with them, and the other way round: each slot has a gap of its own.
pub async fn a_lane_remembers_the_last_attempt_of_each_slot(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let given = Change::Limits {
        account: account(1),
        limits: limits(2),
    };
    scene.one(0, given).await;
    let (_, targets) = scene.running("slots", 0..9).await;
    let in_slot = |slot, target| {
        Change::Journal(Journal {
            slot,
            ..scene.journal_of(target)
        })
    };
    let end = |seconds: i64, target: Target, happening| {
        scene.one(seconds, answered(target.delivery, happening))
    };
    scene.one(10, in_slot(Slot::Reply, targets[0])).await;
    end(11, targets[0], Happening::Accepted).await;
    // Proved not handed over: it charges nothing, so that the one before it is the last.
    scene.one(20, in_slot(Slot::Reply, targets[1])).await;
    let proved = Happening::NotHandedOver { counts: false };
    end(21, targets[1], proved).await;
    for (index, target) in targets[2..6].iter().enumerate() {
        let at = 30 + 10 * index as i64;
        scene.send_and(at, *target, Happening::Accepted).await;
    }
    let reply = PastAttempt {
        slot: Slot::Reply,
        started: at(10),
        ended: Some(at(11)),
        taken_over: None,
    };
    let record = super::scene::lane(&scene.store, 1).await;
    let expected = [cold(60, Some(61)), cold(50, Some(51)), reply];
    assert_eq!(first_of_each(&record.attempts, 2), expected);

    for (index, target) in targets[6..9].iter().enumerate() {
        let at = 70 + 10 * index as i64;
        scene.one(at, in_slot(Slot::Reply, *target)).await;
    }
    let record = super::scene::lane(&scene.store, 1).await;
    let open = |started| PastAttempt {
        slot: Slot::Reply,
        started: at(started),
        ended: None,
        taken_over: None,
    };
    let expected = [open(90), open(80), cold(60, Some(61))];
    assert_eq!(first_of_each(&record.attempts, 2), expected);

    // A rest comes after so many cold ones, however many replies go between them.
    let limits = LaneLimits {
        rest: Some(Rest {
            after: 3,
            min: Duration::from_secs(60),
            max: Duration::from_secs(90),
        }),
        ..limits(2)
    };
    let account = account(1);
    scene.one(100, Change::Limits { account, limits }).await;
    let record = super::scene::lane(&scene.store, 1).await;
    let is_cold = |attempt: &&PastAttempt| attempt.slot == Slot::Cold;
    let told: Vec<_> = record.attempts.iter().filter(is_cold).take(3).collect();
    let expected = [cold(60, Some(61)), cold(50, Some(51)), cold(40, Some(41))];
    assert_eq!(told, expected.iter().collect::<Vec<_>>());

    // Taken over once, they were not written later than that, however often they are taken over again.
    for runner in [200, 300] {
        scene.store.take_over(at(runner)).await.unwrap();
    }
    let record = super::scene::lane(&scene.store, 1).await;
    let left = |started| PastAttempt {
        taken_over: Some(at(200)),
        ..open(started)
    };
    assert_eq!(record.attempts[..3], [left(90), left(80), left(70)]);
}

/// The newest so many, and the newest of each slot besides: what a lane asks for, however many more a store tells.
fn first_of_each(attempts: &[PastAttempt], count: usize) -> Vec<PastAttempt> {
    let mut seen = Vec::new();
    let wanted = attempts.iter().enumerate().filter(|(index, attempt)| {
        let is_new = !seen.contains(&attempt.slot);
        seen.push(attempt.slot);
        is_new || *index < count
    });
    wanted.map(|(_, attempt)| *attempt).collect()
}

/// The latest attempts are told, newest first, with their ends: as many as the largest window admits.
pub async fn a_lane_remembers_the_attempts_that_its_windows_need(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let given = Change::Limits {
        account: account(1),
        limits: limits(5),
    };
    scene.one(0, given).await;
    let (_, targets) = scene.running("first", 0..6).await;
    let (_, more) = scene.running("second", 10..13).await;
    for (index, target) in targets.iter().chain(&more[..2]).enumerate() {
        scene
            .send_and(10 * index as i64, *target, Happening::Accepted)
            .await;
    }
    scene.send(80, more[2]).await;
    let record = super::scene::lane(&scene.store, 1).await;
    let newest: Vec<_> = record.attempts.iter().take(5).copied().collect();
    let expected = [
        cold(80, None),
        cold(70, Some(71)),
        cold(60, Some(61)),
        cold(50, Some(51)),
        cold(40, Some(41)),
    ];
    assert_eq!(newest, expected);
    scene
        .one(85, answered(more[2].delivery, Happening::Refused))
        .await;
    drop(scene);
    let next = Scene::run(database.open().await, 100).await;
    assert_eq!(next.lane.attempts[0], cold(80, Some(85)));
}

/// Limits above the accounts are there for the next process, with what was sent under them. Others take their place and leave what was sent;
/// where there are none, nothing is kept.
pub async fn limits_above_the_accounts_are_kept_with_what_was_sent(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, _) = scene.running("shared", 0..1).await;
    let limits = |sends_max| SharedLimits {
        windows: limits(sends_max).windows,
        sends_per_day_max: Some(sends_max * 10),
        ..SharedLimits::default()
    };
    let set = |scope: &Scope, limits: Option<SharedLimits>| Change::SharedLimits {
        scope: scope.clone(),
        limits,
    };
    let past = SharedPast {
        at: at(5),
        day: Some(DayCount {
            date: date(2026, 2, 2),
            sends: 4,
            cold: 3,
        }),
        ended: vec![
            Run {
                ago_micros: 0,
                sends: 1,
            },
            Run {
                ago_micros: 86_400_000_000,
                sends: 3,
            },
        ],
        ended_cold: Vec::new(),
        under_way: [2, 1],
    };
    let sent = |scope: &Scope| Change::SharedPast {
        scope: scope.clone(),
        past: past.clone(),
    };
    let scopes = [
        Scope::Installation,
        Scope::Server("waha.example:3000".into()),
        Scope::Tenant("PT \"Maju\"".into()),
        Scope::Campaign(campaign),
    ];
    assert_eq!(scene.store.shared_limits().await.unwrap(), []);
    for scope in scopes.iter().rev() {
        let effects = scene
            .commit(5, vec![sent(scope), set(scope, Some(limits(7)))])
            .await;
        assert_eq!(effects, [Effect::Done, Effect::Done], "{scope}");
    }
    let record = |scope: &Scope, sends_max, past: Option<&SharedPast>| SharedRecord {
        scope: scope.clone(),
        limits: limits(sends_max),
        past: past.cloned(),
    };
    let nothing_sent: Vec<_> = scopes.iter().map(|it| record(it, 7, None)).collect();
    let reader = database.open().await;
    assert_eq!(reader.shared_limits().await.unwrap(), nothing_sent);
    let [installation, server, tenant, own] = &scopes;
    scene.commit(6, vec![sent(server), sent(own)]).await;
    let others = vec![
        set(server, Some(limits(9))),
        set(installation, None),
        set(own, None),
        set(own, Some(limits(8))),
    ];
    scene.commit(7, others).await;
    let left = [
        record(server, 9, Some(&past)),
        record(tenant, 7, None),
        record(own, 8, None),
    ];
    assert_eq!(reader.shared_limits().await.unwrap(), left);
}
