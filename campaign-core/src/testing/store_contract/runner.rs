//! What is promised about who runs, and about what a new runner finds.

use super::ContractStore;
use super::scene::{
    Scene, Target, answered, assert_counts_equal_the_report, at, commit, evidence, happened, lane,
    report, wall,
};
use crate::delivery::{Ack, DeliveryId, Doubt, Happening, Reason, State};
use crate::limits::WarmthSoFar;
use crate::store::{
    Answer, CampaignQuery, Change, Command, Effect, Happened, Journal, LaneHealth, LaneNote, Lost,
    Store, StoreError, Trusted,
};

/// There is one runner; it is named to whoever else tries, and leaves by stepping down or by its end.
pub async fn a_second_runner_is_refused_until_the_first_is_gone(database: &impl ContractStore) {
    let first = database.open().await;
    first.take_over(at(0)).await.unwrap();
    let second = database.open().await;
    match second.take_over(at(1)).await {
        Err(StoreError::RunnerBusy { holder }) => assert!(!holder.is_empty()),
        other => panic!("two runners: {other:?}"),
    }
    // Reading needs no lock.
    assert!(
        second
            .campaigns(&CampaignQuery::All)
            .await
            .unwrap()
            .is_empty()
    );
    second.step_down().await.unwrap();
    assert!(
        second.take_over(at(2)).await.is_err(),
        "only the runner can step down"
    );
    first.step_down().await.unwrap();
    second.take_over(at(3)).await.unwrap();
    assert!(first.take_over(at(4)).await.is_err());
    drop(second);
    first.take_over(at(5)).await.unwrap();
}

/// What the earlier runner left under way is in doubt, due at once, and known to be over at the take-over.
pub async fn a_take_over_turns_sending_into_unconfirmed(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("orphans", 0..5).await;
    for target in &targets[..4] {
        scene.send(10, *target).await;
    }
    scene
        .one(11, answered(targets[1].delivery, Happening::Accepted))
        .await;
    scene
        .one(12, evidence(targets[3].delivery, Ack::Server))
        .await;
    let key = {
        let store = &scene.store;
        store.step_down().await.unwrap();
        store.take_over(at(13)).await.unwrap().message_key
    };
    assert_eq!(scene.state(targets[0].delivery).await, State::Unconfirmed);
    let (_, more) = scene.running("more", 10..11).await;
    let lane_record = lane(&scene.store, 1).await;
    let journal = Change::Journal(Journal {
        epoch: lane_record.epoch,
        ..scene.journal_of(more[0])
    });
    scene.one(14, journal).await;
    drop(scene);

    let store = database.open().await;
    let taken = store.take_over(at(100)).await.unwrap();
    assert_eq!((taken.orphaned, taken.is_restored), (1, false));
    assert_eq!(taken.message_key, key, "a database keeps its key");
    assert_eq!(taken.at, at(100));
    let states: Vec<_> = report(&store, campaign)
        .await
        .iter()
        .map(|row| row.standing)
        .collect();
    assert_eq!(
        states
            .iter()
            .map(|standing| standing.state)
            .collect::<Vec<_>>(),
        [
            State::Unconfirmed,
            State::Accepted,
            State::Unconfirmed,
            State::Sent,
            State::Scheduled
        ]
    );
    assert_eq!(states[0].reason, Some(Reason::OwnerDied));
    assert_counts_equal_the_report(&store, campaign).await;
    let scene = Scene {
        lane: lane(&store, 1).await,
        store,
    };
    let page = scene.doubts(100).await;
    let ended: Vec<_> = page
        .doubts
        .iter()
        .map(|doubt| (doubt.started, doubt.ended))
        .collect();
    assert_eq!(
        ended,
        [(at(10), at(13)), (at(10), at(13)), (at(14), at(100))]
    );
    assert_eq!(page.next_due, None);
}

/// A runner that does not know whether its last batch was saved takes over again from itself.
pub async fn a_runner_may_take_over_again(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("again", 0..1).await;
    scene.send(1, targets[0]).await;
    let taken = scene.store.take_over(at(2)).await.unwrap();
    assert_eq!(taken.orphaned, 1);
    assert!(lane(&scene.store, 1).await.epoch > scene.lane.epoch);
    assert_eq!(scene.store.take_over(at(3)).await.unwrap().orphaned, 0);
}

/// With each take-over the epochs rise, and what was written under an earlier one is lost.
pub async fn what_an_earlier_owner_writes_is_lost(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("owners", 0..2).await;
    scene.send(1, targets[0]).await;
    scene.store.step_down().await.unwrap();
    let next = Scene::run(database.open().await, 2).await;
    assert!(next.lane.epoch > scene.lane.epoch);
    assert_eq!(next.lane.id, scene.lane.id);
    let note = |scene: &Scene<_>| {
        Change::Lane(Box::new(LaneNote {
            health: LaneHealth::default(),
            lane: scene.lane.id,
            epoch: scene.lane.epoch,
            day: None,
            warmth: WarmthSoFar::default(),
            hold: None,
            cold_hold: None,
            trusted: Trusted::default(),
            store_on: None,
        }))
    };
    let effects = scene
        .commit(3, vec![scene.journal(targets[1]), note(&scene)])
        .await;
    assert_eq!(
        effects,
        [Effect::Lost(Lost::NotOwner), Effect::Lost(Lost::NotOwner)]
    );
    assert_eq!(next.state(targets[1].delivery).await, State::Scheduled);
    // The answer that an earlier owner still got is evidence all the same.
    scene
        .one(4, answered(targets[0].delivery, Happening::Accepted))
        .await;
    assert_eq!(next.state(targets[0].delivery).await, State::Accepted);
    assert_eq!(next.one(5, note(&next)).await, Effect::Done);
    next.send(6, targets[1]).await;
    assert_counts_equal_the_report(&next.store, campaign).await;
}

/// Waits that were written under a wrong clock, more than an hour ahead, are over.
pub async fn waits_far_ahead_are_over_after_a_take_over(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    far_ahead_waits_end(&scene, async || {
        scene.store.take_over(at(100)).await.unwrap();
    })
    .await;
}

/// Who runs may find that the clock was wrong.
pub async fn waits_far_ahead_are_over_when_they_are_cut(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    far_ahead_waits_end(&scene, async || {
        assert_eq!(scene.one(100, Change::CutWaits).await, Effect::Done);
    })
    .await;
}

async fn far_ahead_waits_end<S: Store>(scene: &Scene<S>, cut: impl AsyncFnOnce()) {
    let (campaign, targets) = scene.running("waits", 0..4).await;
    let waits = [3_000, 400_000, 3_000, 400_000];
    for (index, (target, wait)) in targets.iter().zip(waits).enumerate() {
        scene.send(1, *target).await;
        let happening = match index {
            0 | 1 => Happening::NotHandedOver { counts: true },
            _ => Happening::MaybeSent(Doubt::NoAnswer),
        };
        let change = Change::Happened(Happened {
            ends_attempt: true,
            next: Some(wall(wait)),
            ..happened(target.delivery, happening)
        });
        scene.one(2, change).await;
    }
    assert_eq!(scene.ready_ids(campaign, 100).await, []);
    assert_eq!(scene.doubt_ids(100).await, []);
    cut().await;
    assert_eq!(scene.ready_ids(campaign, 100).await, [targets[1].delivery]);
    assert_eq!(scene.doubt_ids(100).await, [targets[3].delivery]);
    assert_eq!(scene.ready(campaign, 100).await.next_due, Some(wall(3_000)));
    assert_eq!(scene.doubts(100).await.next_due, Some(wall(3_000)));
}

/// An older copy does not know what was sent since: nothing of it is sent before it was looked up.
pub async fn a_restored_copy_doubts_whatever_was_open(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("restored", 0..7).await;
    scene.send_and(1, targets[0], Happening::Accepted).await;
    scene.send_and(3, targets[1], Happening::Refused).await;
    scene
        .send_and(5, targets[2], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene
        .one(
            7,
            Change::Happened(happened(targets[3].delivery, Happening::Cancelled)),
        )
        .await;
    scene
        .send_and(8, targets[6], Happening::MaybeSent(Doubt::Restricted))
        .await;
    scene.send(9, targets[4]).await;
    let later = Change::Looked {
        delivery: targets[2].delivery,
        next: None,
        missing: "a control".into(),
    };
    scene.one(10, later).await;
    let key = scene.store.take_over(at(11)).await.unwrap().message_key;
    database.back_up().await;
    // The original goes on.
    let lane_record = lane(&scene.store, 1).await;
    let journal = Change::Journal(Journal {
        epoch: lane_record.epoch,
        ..scene.journal_of(targets[5])
    });
    scene.one(20, journal).await;
    drop(scene);
    let Some(store) = database.restore().await else {
        return;
    };

    let taken = store.take_over(at(1_000)).await.unwrap();
    assert!(taken.is_restored);
    assert_eq!(taken.message_key, key, "its messages keep their ids");
    let rows = report(&store, campaign).await;
    let states: Vec<_> = rows.iter().map(|row| row.standing.state).collect();
    assert_eq!(
        states,
        [
            State::Accepted,
            State::Failed,
            State::Unconfirmed,
            State::Cancelled,
            State::Unconfirmed,
            State::Unconfirmed,
            State::Unconfirmed
        ]
    );
    for (index, attempts) in [(2, 1), (4, 1), (5, 0), (6, 0)] {
        let standing = rows[index].standing;
        assert_eq!(
            (standing.reason, standing.attempts),
            (Some(Reason::Restored), attempts),
            "row {index}"
        );
    }
    assert_counts_equal_the_report(&store, campaign).await;
    let scene = Scene {
        lane: lane(&store, 1).await,
        store,
    };
    assert_eq!(scene.ready_ids(campaign, 2_000).await, []);
    let page = scene.doubts(1_000).await;
    assert_eq!(page.doubts.len(), 4, "all of them are due at once");
    for doubt in &page.doubts {
        assert_eq!((doubt.lane, doubt.ended), (scene.lane.id, at(1_000)));
        assert!(doubt.started.wall <= wall(11), "{:?}", doubt.started);
    }
    assert_eq!(page.doubts[2].phone, targets[5].phone);
    // What is proved absent is sent after all.
    let absent = Change::Happened(happened(targets[5].delivery, Happening::ProvedAbsent));
    scene.one(1_001, absent).await;
    scene.send(1_002, targets[5]).await;
    assert!(
        !scene.store.take_over(at(1_003)).await.unwrap().is_restored,
        "found out once"
    );
}

/// What was asked for when an older copy was made may have been done since: nothing is sent twice because it is asked for there.
pub async fn a_restored_copy_sends_nothing_again_that_was_asked_for_before(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("restored", 0..2).await;
    scene.send_and(1, targets[0], Happening::Refused).await;
    let resend = Command::Resend {
        deliveries: vec![targets[0].delivery],
    };
    let retry = Command::Retry {
        campaign,
        reason: None,
    };
    let again = [
        scene.store.submit(&resend).await.unwrap(),
        scene.store.submit(&retry).await.unwrap(),
    ];
    let pause = Command::Pause { campaign };
    let other = scene.store.submit(&pause).await.unwrap();
    database.back_up().await;
    // Whoever takes over the original does all of it.
    scene.store.take_over(at(3)).await.unwrap();
    let open = scene.store.open_commands().await.unwrap();
    assert_eq!(open.len(), 3, "nothing was put in place");
    let done = again.map(|command| Change::Answer {
        command,
        answer: Answer::Done,
    });
    commit(&scene.store, 4, done.into()).await;
    let lane_record = lane(&scene.store, 1).await;
    let journal = Change::Journal(Journal {
        epoch: lane_record.epoch,
        ..scene.journal_of(targets[1])
    });
    scene.one(5, journal).await;
    drop(scene);
    let Some(store) = database.restore().await else {
        return;
    };
    assert!(store.take_over(at(1_000)).await.unwrap().is_restored);
    let open = store.open_commands().await.unwrap();
    assert_eq!(open, [(other, pause)]);
    for command in again {
        let answer = store.answer(command).await.unwrap();
        assert_eq!(answer, Some(Answer::may_have_been_done()));
    }
}

/// Who was sent to again after an older copy was made was sent to under numbers that the copy does not know. They are not given anew, however
/// often a copy is put in place.
pub async fn a_restored_copy_gives_no_generation_again(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("restored", 0..4).await;
    for target in &targets {
        scene.send_and(1, *target, Happening::Refused).await;
    }
    assert_eq!(renewed(&scene, 3, targets[1]).await.generation(), 1);
    database.back_up().await;
    let mut lost = renewed_and_sent(&scene, 4, targets[0]).await.generation();
    drop(scene);
    for (second, first, then) in [(1_000, 0, 2), (2_000, 2, 3)] {
        let Some(store) = database.restore().await else {
            return;
        };
        assert!(store.take_over(at(second)).await.unwrap().is_restored);
        let scene = Scene {
            lane: lane(&store, 1).await,
            store,
        };
        let made = renewed(&scene, second + 1, targets[first]).await;
        assert_eq!(made.generation(), lost + DeliveryId::GENERATIONS_LEFT_OUT);
        assert_counts_equal_the_report(&scene.store, campaign).await;
        database.back_up().await;
        let sent = renewed_and_sent(&scene, second + 2, targets[then]).await;
        lost = sent.generation();
    }
}

async fn renewed<S: Store>(scene: &Scene<S>, second: i64, target: Target) -> DeliveryId {
    let anew = Change::NewGeneration {
        delivery: target.delivery,
    };
    match scene.one(second, anew).await {
        Effect::Created(made) => made,
        other => panic!("no new generation: {other:?}"),
    }
}

async fn renewed_and_sent<S: Store>(scene: &Scene<S>, second: i64, target: Target) -> DeliveryId {
    let delivery = renewed(scene, second, target).await;
    scene.send(second + 1, Target { delivery, ..target }).await;
    delivery
}

/// Others can read who runs and what it said last.
pub async fn the_runner_leaves_word(database: &impl ContractStore) {
    let store = database.open().await;
    let reader = database.open().await;
    assert_eq!(reader.runner().await.unwrap(), None);
    store.take_over(at(0)).await.unwrap();
    assert!(reader.runner().await.unwrap().is_some());
    store.publish(r#"{"sent":1}"#).await.unwrap();
    store.publish(r#"{"sent":2}"#).await.unwrap();
    let word = reader.runner().await.unwrap().expect("a runner");
    assert_eq!(word.word, r#"{"sent":2}"#);
    assert!(!word.holder.is_empty());
    store.step_down().await.unwrap();
    assert_eq!(reader.runner().await.unwrap(), None);
}
