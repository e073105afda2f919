//! What is promised about sending again: one row and one count per recipient, and nobody twice without having been asked for.

use super::ContractStore;
use super::scene::{
    Scene, Target, answered, assert_counts_equal_the_report, evidence, happened, moved_to, report,
    state_after,
};
use crate::campaign::CampaignState;
use crate::delivery::{Ack, CampaignId, DeliveryId, Doubt, Happening, Reason, Standing, State};
use crate::store::{CampaignQuery, Change, Effect, Lost, Store, Sweep};

/// The new generation is scheduled at once, with the same recipient; the old one leaves the counts and the report.
pub async fn a_new_generation_takes_the_place_of_the_old_one(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("anew", 0..3).await;
    scene.send_and(1, targets[1], Happening::Refused).await;
    let before = scene.row(targets[1].delivery).await;
    let again = renew(&scene, 5, targets[1]).await;
    assert_eq!(Some(again.delivery), targets[1].delivery.next_generation());
    let rows = report(&scene.store, campaign).await;
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1].delivery, again.delivery);
    assert_eq!((rows[1].row, rows[1].phone), (before.row, before.phone));
    assert_eq!(
        (&rows[1].key, &rows[1].values),
        (&before.key, &before.values)
    );
    assert_eq!(rows[1].standing, Standing::NEW);
    assert_eq!(rows[1].message, None);
    assert_counts_equal_the_report(&scene.store, campaign).await;
    let ready = scene.ready(campaign, 6).await.ready;
    assert_eq!(
        ready.iter().map(|ready| ready.delivery).collect::<Vec<_>>(),
        [targets[0].delivery, again.delivery, targets[2].delivery]
    );
    assert_eq!(
        (ready[1].phone, &ready[1].values),
        (before.phone, &before.values)
    );
    scene.send_and(7, again, Happening::Accepted).await;
    assert_eq!(scene.state(again.delivery).await, State::Accepted);
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// What was called off stays so: nothing of a cancelled campaign is sent again.
pub async fn a_cancelled_campaign_gets_no_new_generation(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("called off", 0..3).await;
    scene.send_and(1, targets[0], Happening::Refused).await;
    let lost_answer = Happening::MaybeSent(Doubt::NoAnswer);
    scene.send_and(1, targets[1], lost_answer).await;
    let cancel = Change::Campaign {
        campaign,
        from: CampaignState::Running,
        to: CampaignState::Cancelled,
    };
    scene.one(3, cancel).await;
    let retry = Change::Sweep {
        campaign,
        what: Sweep::Retry(None),
        deliveries_max: 10,
    };
    let lost = Effect::Lost(Lost::Campaign(CampaignState::Cancelled));
    for change in [anew(targets[0]), anew(targets[1]), retry] {
        assert_eq!(scene.one(4, change).await, lost);
    }
    assert_eq!(scene.state(targets[0].delivery).await, State::Failed);
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// Whoever runs next looks after what is live: a campaign with somebody to send to is not settled, in whichever order it was settled and sent
/// again. One of which nothing is sent again stays settled.
pub async fn what_is_sent_again_is_not_settled(database: &impl ContractStore) {
    use CampaignState::{Completed, Running, Settled};
    let scene = Scene::open(database).await;
    let store = &scene.store;
    for (name, is_swept) in [("resent", false), ("retried", true)] {
        let (campaign, targets) = scene.running(name, 0..1).await;
        let state = async || store.campaign(name).await.unwrap().unwrap().state;
        let moved = |from, to| Change::Campaign { campaign, from, to };
        let retry = |reason| Change::Sweep {
            campaign,
            what: Sweep::Retry(reason),
            deliveries_max: 10,
        };
        scene.send_and(1, targets[0], Happening::Refused).await;
        assert_eq!(scene.one(3, moved(Running, Completed)).await, Effect::Done);
        assert_eq!(scene.one(4, moved(Completed, Settled)).await, Effect::Done);
        let nothing = scene.one(5, retry(Some(Reason::Expired))).await;
        assert_eq!((nothing, state().await), (Effect::Swept(0), Settled));
        let again = match is_swept {
            true => scene.one(6, retry(None)).await,
            false => scene.one(6, anew(targets[0])).await,
        };
        assert!(!matches!(again, Effect::Lost(_)), "{again:?}");
        assert_eq!(state().await, Completed);
        let early = Effect::Lost(Lost::Campaign(Completed));
        assert_eq!(scene.one(7, moved(Completed, Settled)).await, early);
        assert_eq!(state().await, Completed);
        assert_eq!(scene.one(8, moved(Completed, Running)).await, Effect::Done);
        let live = store.campaigns(&CampaignQuery::Live).await.unwrap();
        assert!(live.iter().any(|record| record.id == campaign));
    }
    let (campaign, targets) = scene.running("in one batch", 0..1).await;
    scene.send_and(1, targets[0], Happening::Refused).await;
    let moved = |from, to| Change::Campaign { campaign, from, to };
    let changes = vec![
        moved(Running, Completed),
        moved(Completed, Settled),
        anew(targets[0]),
        moved(Completed, Settled),
        moved(Completed, Running),
    ];
    let effects = scene.commit(9, changes).await;
    let early = Effect::Lost(Lost::Campaign(Completed));
    assert_eq!((&effects[3], &effects[4]), (&early, &Effect::Done));
}

/// From any other state, and from a generation that is not the newest, there is none.
pub async fn only_what_failed_or_is_unconfirmed_gets_a_new_generation(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("only", 0..6).await;
    let [scheduled, sending, accepted, failed, unconfirmed, cancelled] =
        [0, 1, 2, 3, 4, 5].map(|index: usize| targets[index]);
    scene.send(1, sending).await;
    scene.send_and(1, accepted, Happening::Accepted).await;
    scene.send_and(1, failed, Happening::Exhausted).await;
    scene
        .send_and(1, unconfirmed, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene
        .one(
            3,
            Change::Happened(happened(cancelled.delivery, Happening::Cancelled)),
        )
        .await;
    for target in [scheduled, sending, accepted, cancelled] {
        let standing = scene.row(target.delivery).await.standing;
        let lost = scene.one(4, anew(target)).await;
        assert_eq!(lost, Effect::Lost(Lost::Delivery(standing)));
    }
    for target in [failed, unconfirmed] {
        renew(&scene, 5, target).await;
        let lost = scene.one(6, anew(target)).await;
        assert!(matches!(lost, Effect::Lost(Lost::Delivery(_))), "{lost:?}");
    }
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// A retry renews what failed for the given reason, or for any but that the operator gave it up.
pub async fn a_retry_renews_what_failed(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("retry", 0..8).await;
    for target in &targets[..3] {
        scene.send_and(1, *target, Happening::Refused).await;
    }
    for target in &targets[3..5] {
        scene.send_and(1, *target, Happening::Exhausted).await;
    }
    scene
        .send_and(1, targets[5], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene
        .one(
            3,
            Change::Happened(happened(targets[5].delivery, Happening::GivenUpByOperator)),
        )
        .await;
    scene
        .send_and(1, targets[6], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene.send_and(1, targets[7], Happening::Accepted).await;
    let retry = |reason, deliveries_max| Change::Sweep {
        campaign,
        what: Sweep::Retry(reason),
        deliveries_max,
    };
    assert_eq!(
        scene.one(5, retry(Some(Reason::Exhausted), 100)).await,
        Effect::Swept(2)
    );
    assert_eq!(scene.one(6, retry(None, 2)).await, Effect::Swept(2));
    assert_eq!(scene.one(7, retry(None, 2)).await, Effect::Swept(1));
    assert_eq!(scene.one(8, retry(None, 2)).await, Effect::Swept(0));
    let ready = scene.ready_ids(campaign, 9).await;
    let expected: Vec<_> = targets[..5]
        .iter()
        .map(|target| target.delivery.next_generation().unwrap())
        .collect();
    assert_eq!(ready, expected);
    assert_eq!(
        scene.one(9, retry(Some(Reason::GivenUp), 9)).await,
        Effect::Swept(1)
    );
    let states: Vec<_> = report(&scene.store, campaign)
        .await
        .iter()
        .map(|row| (row.delivery.generation(), row.standing.state))
        .collect();
    let mut expected = vec![(1, State::Scheduled); 6];
    expected.extend([(0, State::Unconfirmed), (0, State::Accepted)]);
    assert_eq!(states, expected);
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// A recipient has a last generation; neither a resend nor a retry goes beyond it.
pub async fn generations_run_out(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("many", 0..1).await;
    let mut target = targets[0];
    for generation in 1..=DeliveryId::GENERATION_MAX {
        scene.send_and(1, target, Happening::Refused).await;
        target = renew(&scene, 3, target).await;
        assert_eq!(target.delivery.generation(), generation);
    }
    scene.send_and(4, target, Happening::Refused).await;
    assert_eq!(
        scene.one(6, anew(target)).await,
        Effect::Lost(Lost::NoGeneration)
    );
    let retry = Change::Sweep {
        campaign,
        what: Sweep::Retry(None),
        deliveries_max: 5,
    };
    assert_eq!(scene.one(7, retry).await, Effect::Swept(0));
    assert_eq!(scene.state(target.delivery).await, State::Failed);
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// The operator who sends again knows that it may arrive twice: the chat is not kept by the doubt.
pub async fn a_new_generation_does_not_wait_for_the_doubt_it_replaces(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("again", 0..1).await;
    scene
        .send_and(1, targets[0], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    let again = renew(&scene, 3, targets[0]).await;
    scene.send(4, again).await;
    assert_eq!(
        scene.doubt_ids(9).await,
        [targets[0].delivery],
        "it is still looked up"
    );
    // The old one's end does not free the chat of the new one.
    scene
        .one(5, evidence(targets[0].delivery, Ack::Server))
        .await;
    let (_, others) = scene.running("other", 0..1).await;
    let busy = scene.one(6, scene.journal(others[0])).await;
    assert_eq!(busy, Effect::Lost(Lost::ChatBusy(again.delivery)));
    assert_eq!(scene.state(again.delivery).await, State::Sending);
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// When an earlier generation turns out to have arrived, the one that waits is not sent, and the earlier one counts again.
pub async fn evidence_for_an_earlier_generation_cancels_one_that_waits(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("arrived", 0..3).await;
    let [doubted, failed, error] = [0, 1, 2].map(|index: usize| targets[index]);
    scene
        .send_and(1, doubted, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    scene.send_and(1, failed, Happening::Refused).await;
    scene
        .send_and(1, error, Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    let renewed = [
        renew(&scene, 3, doubted).await,
        renew(&scene, 3, failed).await,
        renew(&scene, 3, error).await,
    ];
    scene.one(4, evidence(doubted.delivery, Ack::Device)).await;
    scene.one(4, evidence(failed.delivery, Ack::Server)).await;
    // That WhatsApp refused the earlier one is no reason not to send this one.
    scene.one(4, evidence(error.delivery, Ack::Error)).await;
    assert_eq!(scene.ready_ids(campaign, 9).await, [renewed[2].delivery]);
    let rows = report(&scene.store, campaign).await;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.delivery, row.standing.state, row.standing.corrected))
        .collect();
    assert_eq!(
        shown,
        [
            (doubted.delivery, State::Delivered, false),
            (failed.delivery, State::Sent, true),
            (renewed[2].delivery, State::Scheduled, false)
        ]
    );
    assert_counts_equal_the_report(&scene.store, campaign).await;
    for target in &renewed[..2] {
        let lost = scene.one(5, scene.journal(*target)).await;
        let Effect::Lost(Lost::Delivery(standing)) = lost else {
            panic!("sent although an earlier one arrived: {lost:?}");
        };
        assert_eq!(
            (standing.state, standing.reason),
            (State::Cancelled, Some(Reason::EarlierArrived))
        );
    }
}

/// It was under way when the evidence came, and comes back unsent: then it is not needed any more.
pub async fn one_that_comes_back_is_not_sent_when_an_earlier_one_arrived(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("late", 0..2).await;
    for target in &targets {
        scene
            .send_and(1, *target, Happening::MaybeSent(Doubt::NoAnswer))
            .await;
        let again = renew(&scene, 3, *target).await;
        scene.send(4, again).await;
        scene.one(5, evidence(target.delivery, Ack::Server)).await;
    }
    let outcomes = [
        Happening::NotHandedOver { counts: true },
        Happening::Refused,
    ];
    for (target, outcome) in targets.iter().zip(outcomes) {
        let again = target.delivery.next_generation().unwrap();
        let effect = scene.one(6, answered(again, outcome)).await;
        let after = moved_to(&effect).expect("the answer counts").state;
        assert!(matches!(after, State::Cancelled | State::Failed), "{after}");
    }
    assert_eq!(scene.ready_ids(campaign, 9).await, []);
    let rows = report(&scene.store, campaign).await;
    for (row, target) in rows.iter().zip(&targets) {
        assert_eq!(
            (row.delivery, row.standing.state),
            (target.delivery, State::Sent)
        );
    }
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// Proved absent after it was replaced: its successor is the one to be sent, and no other.
pub async fn an_earlier_generation_is_never_scheduled_again(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets): (CampaignId, _) = scene.running("replaced", 0..1).await;
    scene
        .send_and(1, targets[0], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    let again = renew(&scene, 3, targets[0]).await;
    let absent = Change::Happened(happened(targets[0].delivery, Happening::ProvedAbsent));
    assert_ne!(state_after(&scene.one(4, absent).await), State::Scheduled);
    assert_eq!(scene.ready_ids(campaign, 9).await, [again.delivery]);
    assert_eq!(scene.doubt_ids(9).await, [], "its doubt is settled");
    let lost = scene.one(5, scene.journal(targets[0])).await;
    assert!(matches!(lost, Effect::Lost(Lost::Delivery(_))), "{lost:?}");
    scene.send(6, again).await;
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

fn anew(target: Target) -> Change {
    Change::NewGeneration {
        delivery: target.delivery,
    }
}

async fn renew<S: Store>(scene: &Scene<S>, seconds: i64, target: Target) -> Target {
    let effect = scene.one(seconds, anew(target)).await;
    let Effect::Created(delivery) = effect else {
        panic!("no new generation: {effect:?}");
    };
    Target { delivery, ..target }
}
