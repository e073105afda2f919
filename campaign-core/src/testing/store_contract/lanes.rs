//! What is promised about lanes.

use std::time::Duration;

use jiff::civil::date;

use super::ContractStore;
use super::scene::{Scene, account, answered, at, wall};
use crate::delivery::Happening;
use crate::failure::Trouble;
use crate::gateway::Session;
use crate::limits::{Gap, LaneLimits, Window};
use crate::message::MessageKind;
use crate::store::{Change, Effect, LaneNote, Lost, Store, StoreOn, Trusted};

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
        (made.day, made.hold, &made.trusted, &made.store_on),
        (None, None, &Trusted::default(), &None)
    );
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
        day: Some((date(2026, 2, 2), 41)),
        hold: Some((Trouble::Restricted, wall(900))),
        trusted: Trusted {
            platform: "2026.7 NOWEB".into(),
            kinds: vec![MessageKind::Text, MessageKind::File],
        },
        store_on: Some(StoreOn {
            session: Session::new("a"),
            since: at(1),
        }),
    };
    let given = Change::Limits {
        account: account(2),
        limits: limits(3),
    };
    let unknown = Change::Limits {
        account: account(3),
        limits: limits(3),
    };
    let effects = scene
        .commit(1, vec![Change::Lane(note.clone()), given, unknown])
        .await;
    assert_eq!(
        effects,
        [Effect::Done, Effect::Done, Effect::Lost(Lost::NotFound)]
    );
    drop(scene);
    let store = database.open().await;
    store.take_over(at(10)).await.unwrap();
    let kept = store
        .lane(account(2), &Session::new("a"), &limits(9))
        .await
        .unwrap();
    assert_eq!((kept.id, &kept.limits), (made.id, &limits(3)));
    assert_eq!(
        (kept.day, kept.hold, &kept.trusted, &kept.store_on),
        (note.day, note.hold, &note.trusted, &note.store_on)
    );

    let cleared = Change::Lane(LaneNote {
        epoch: kept.epoch,
        hold: None,
        ..note.clone()
    });
    super::scene::commit(&store, 11, vec![cleared]).await;
    let kept = store
        .lane(account(2), &Session::new("a"), &limits(9))
        .await
        .unwrap();
    assert_eq!((kept.day, kept.hold), (note.day, None));
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
        (at(80), None),
        (at(70), Some(at(71))),
        (at(60), Some(at(61))),
        (at(50), Some(at(51))),
        (at(40), Some(at(41))),
    ];
    assert_eq!(newest, expected);
    scene
        .one(85, answered(more[2].delivery, Happening::Refused))
        .await;
    drop(scene);
    let next = Scene::run(database.open().await, 100).await;
    assert_eq!(next.lane.attempts[0], (at(80), Some(at(85))));
}
