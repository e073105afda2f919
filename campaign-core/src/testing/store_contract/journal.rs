//! What is promised about putting an attempt on record, and about batches.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::ContractStore;
use super::scene::{
    Scene, Target, answered, assert_counts_equal_the_report, at, commit, imported, join, lane,
    moved_to, phone, report, state_after, wall,
};
use crate::campaign::CampaignState;
use crate::consent::Origin;
use crate::delivery::{CampaignId, DeliveryId, Doubt, Happening, Standing, State};
use crate::store::{Batch, Change, Effect, Epoch, Journal, LaneId, Lost, Store, Suppression};

/// The same attempt cannot be put on record twice, neither in one batch nor in two.
pub async fn journalling_twice_never_succeeds_twice(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("twice", 0..2).await;
    scene.send(1, targets[0]).await;
    let again = scene.one(2, scene.journal(targets[0])).await;
    let Effect::Lost(Lost::Delivery(standing)) = again else {
        panic!("journalled twice: {again:?}");
    };
    assert_eq!((standing.state, standing.attempts), (State::Sending, 1));

    let both = vec![scene.journal(targets[1]), scene.journal(targets[1])];
    let effects = scene.commit(3, both).await;
    assert_eq!(state_after(&effects[0]), State::Sending);
    assert!(matches!(effects[1], Effect::Lost(Lost::Delivery(_))));
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// Two processes that try at the same time: one of them loses.
pub async fn two_processes_that_journal_at_once_do_not_both_succeed(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("at once", 0..8).await;
    let other = database.open().await;
    for target in targets {
        let one = commit(&scene.store, 1, vec![scene.journal(target)]);
        let two = commit(&other, 1, vec![scene.journal(target)]);
        let (one, two) = join(one, two).await;
        let moved = [one, two]
            .iter()
            .filter(|effects| moved_to(&effects[0]).is_some())
            .count();
        assert_eq!(moved, 1, "{target:?}");
    }
}

/// The checks are made in this order: the lane's owner, the campaign, the delivery, suppression, the chat.
pub async fn a_lost_journal_names_the_first_reason_and_changes_nothing(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (first, blockers) = scene.running("blocker", 0..1).await;
    let (campaign, targets) = scene.running("lost", 0..1).await;
    let target = targets[0];
    let chat = [suppression(target)];
    scene.send(1, blockers[0]).await;
    scene.store.suppress(&chat).await.unwrap();
    scene
        .one(2, Change::Happened(cancelled(target.delivery)))
        .await;
    scene.one(3, pause(campaign)).await;
    let before = report(&scene.store, campaign).await;

    let foreign = Change::Journal(Journal {
        epoch: Epoch(scene.lane.epoch.0 + 1),
        ..scene.journal_of(target)
    });
    assert_eq!(scene.one(4, foreign).await, Effect::Lost(Lost::NotOwner));
    let paused = Effect::Lost(Lost::Campaign(CampaignState::Paused));
    assert_eq!(scene.one(5, scene.journal(target)).await, paused);
    scene.one(6, resume(campaign)).await;
    let elsewhere = scene.one(7, scene.journal(target)).await;
    assert!(
        matches!(
            elsewhere,
            Effect::Lost(Lost::Delivery(Standing {
                state: State::Cancelled,
                ..
            }))
        ),
        "{elsewhere:?}"
    );
    assert_eq!(report(&scene.store, campaign).await, before);

    let (campaign, targets) = scene.running("lost too", 0..1).await;
    let before = report(&scene.store, campaign).await;
    let suppressed = scene.one(8, scene.journal(targets[0])).await;
    assert_eq!(suppressed, Effect::Lost(Lost::Suppressed));
    scene.store.unsuppress(&[target.phone]).await.unwrap();
    let busy = scene.one(9, scene.journal(targets[0])).await;
    assert_eq!(busy, Effect::Lost(Lost::ChatBusy(blockers[0].delivery)));
    assert_eq!(report(&scene.store, campaign).await, before);
    assert_eq!(scene.ready_ids(campaign, 10).await, [targets[0].delivery]);

    scene
        .one(11, answered(blockers[0].delivery, Happening::Accepted))
        .await;
    scene.send(12, targets[0]).await;
    for campaign in [first, campaign] {
        assert_counts_equal_the_report(&scene.store, campaign).await;
    }
}

/// Changes to deliveries, campaigns, lanes and commands that do not exist are lost as not found.
pub async fn what_does_not_exist_is_not_found(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("there", 0..1).await;
    let nowhere = CampaignId::new(campaign.number() + 7).unwrap();
    let nobody = DeliveryId::new(campaign, 99).unwrap();
    let of_nowhere = DeliveryId::new(nowhere, 0).unwrap();
    let journal = scene.journal_of(targets[0]);
    let delivery = |delivery| Journal {
        delivery,
        ..journal.clone()
    };
    let lane = LaneId(scene.lane.id.0 + 7);
    let effects = scene
        .commit(
            1,
            vec![
                Change::Journal(delivery(nobody)),
                Change::Journal(delivery(of_nowhere)),
                Change::Journal(Journal {
                    lane,
                    ..journal.clone()
                }),
                answered(nobody, Happening::Accepted),
                pause(nowhere),
                Change::NewGeneration { delivery: nobody },
            ],
        )
        .await;
    for (number, effect) in effects.iter().enumerate() {
        assert_eq!(*effect, Effect::Lost(Lost::NotFound), "change {number}");
    }
    assert_eq!(
        scene
            .store
            .campaign("nowhere")
            .await
            .unwrap()
            .map(|record| record.id),
        None
    );
}

/// Every change has its effect at its place, and one that is lost does not take others with it.
pub async fn effects_are_in_order_and_a_lost_change_harms_no_other(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("order", 0..4).await;
    let [a, b, c, d] = [0, 1, 2, 3].map(|index: usize| targets[index]);
    scene.send(1, b).await;
    let effects = scene
        .commit(
            2,
            vec![
                scene.journal(d),
                answered(a.delivery, Happening::Refused),
                answered(b.delivery, Happening::Refused),
                scene.journal(a),
                scene.journal(b),
                answered(a.delivery, Happening::Accepted),
                scene.journal(c),
                resume(campaign),
            ],
        )
        .await;
    assert_eq!(state_after(&effects[0]), State::Sending);
    assert_eq!(effects[1], Effect::Lost(Lost::Delivery(Standing::NEW)));
    assert_eq!(state_after(&effects[2]), State::Failed);
    assert_eq!(state_after(&effects[3]), State::Sending);
    assert!(matches!(
        effects[4],
        Effect::Lost(Lost::Delivery(Standing {
            state: State::Failed,
            ..
        }))
    ));
    assert_eq!(state_after(&effects[5]), State::Accepted);
    assert_eq!(state_after(&effects[6]), State::Sending);
    let running = Effect::Lost(Lost::Campaign(CampaignState::Running));
    assert_eq!(effects[7], running);
    let states: Vec<State> = report(&scene.store, campaign)
        .await
        .iter()
        .map(|row| row.standing.state)
        .collect();
    assert_eq!(
        states,
        [
            State::Accepted,
            State::Failed,
            State::Sending,
            State::Sending
        ]
    );
}

/// Outcomes come before journals in a batch: the chat that one frees, the next may use.
pub async fn what_one_change_frees_a_later_one_of_its_batch_may_use(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, first) = scene.running("first", 0..1).await;
    let (_, second) = scene.running("second", 0..1).await;
    scene.send(1, first[0]).await;
    let effects = scene
        .commit(
            2,
            vec![
                scene.journal(second[0]),
                answered(first[0].delivery, Happening::Accepted),
                scene.journal(second[0]),
            ],
        )
        .await;
    assert_eq!(effects[0], Effect::Lost(Lost::ChatBusy(first[0].delivery)));
    assert_eq!(state_after(&effects[1]), State::Accepted);
    assert_eq!(state_after(&effects[2]), State::Sending);
}

/// Who stops waiting for a commit finds it done whole, or not at all.
pub async fn an_abandoned_commit_takes_place_whole_or_not_at_all(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("abandoned", 0..50).await;
    let changes = targets
        .iter()
        .map(|target| scene.journal(*target))
        .collect();
    let batch = Batch { at: at(1), changes };
    {
        let mut commit = pin!(scene.store.commit(Arc::new(batch)));
        let _unfinished = poll_fn(|context| Poll::Ready(commit.as_mut().poll(context))).await;
    }
    // A commit of the same process comes after it.
    scene.one(2, Change::LookNow { campaign }).await;
    let rows = report(&scene.store, campaign).await;
    let sending = rows
        .iter()
        .filter(|row| row.standing.state == State::Sending)
        .count();
    assert!(
        sending == 0 || sending == rows.len(),
        "{sending} of {}",
        rows.len()
    );
    assert_counts_equal_the_report(&scene.store, campaign).await;
}

/// A chat is busy until the attempt is neither under way nor in doubt; for other accounts it is not.
pub async fn a_chat_has_one_open_attempt_from_each_lane(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let other = lane(&scene.store, 2).await;
    assert_ne!(other.id, scene.lane.id);
    let (_, first) = scene.running("first", 0..1).await;
    let (_, second) = scene.running("second", 0..1).await;
    let (_, third) = scene.running("third", 0..1).await;
    scene
        .send_and(1, first[0], Happening::MaybeSent(Doubt::NoAnswer))
        .await;
    let busy = scene.one(3, scene.journal(second[0])).await;
    assert_eq!(
        busy,
        Effect::Lost(Lost::ChatBusy(first[0].delivery)),
        "a doubt keeps the chat"
    );

    let from_other = Change::Journal(Journal {
        lane: other.id,
        epoch: other.epoch,
        ..scene.journal_of(third[0])
    });
    assert_eq!(state_after(&scene.one(4, from_other).await), State::Sending);
    // What the other account sends to this chat changes nothing for this one.
    scene
        .one(5, answered(third[0].delivery, Happening::Accepted))
        .await;
    let busy = scene.one(6, scene.journal(second[0])).await;
    assert_eq!(busy, Effect::Lost(Lost::ChatBusy(first[0].delivery)));

    let absent = Change::Happened(super::scene::happened(
        first[0].delivery,
        Happening::ProvedAbsent,
    ));
    assert_eq!(state_after(&scene.one(7, absent).await), State::Scheduled);
    scene.send(8, second[0]).await;
    let busy = scene.one(9, scene.journal(first[0])).await;
    assert_eq!(busy, Effect::Lost(Lost::ChatBusy(second[0].delivery)));
}

/// Suppression stops what is journalled after it returns, in every campaign; taking a number off the list lets it through.
pub async fn suppression_holds_for_everything_journalled_after_it(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, first) = scene.running("before", 0..2).await;
    scene.send(1, first[0]).await;
    let reader = database.open().await;
    let both = [suppression(first[0]), suppression(first[1])];
    reader.suppress(&both).await.unwrap();
    reader.suppress(&both).await.unwrap();
    let (_, second) = scene.running("after", 1..2).await;
    for target in [first[1], second[0]] {
        let lost = scene.one(2, scene.journal(target)).await;
        assert_eq!(lost, Effect::Lost(Lost::Suppressed));
    }
    // What was on its way before is in flight, and its answer counts.
    let answer = scene
        .one(3, answered(first[0].delivery, Happening::Accepted))
        .await;
    assert_eq!(state_after(&answer), State::Accepted);

    let off = [first[1].phone, phone(77)];
    assert_eq!(reader.unsuppress(&off).await.unwrap(), 1);
    assert_eq!(reader.unsuppress(&off).await.unwrap(), 0);
    scene.send(4, first[1]).await;
}

/// What a commit returned is there after the process is gone.
pub async fn what_was_committed_is_there_for_the_next_process(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (campaign, targets) = scene.running("kept", 0..3).await;
    scene.send_and(1, targets[0], Happening::Accepted).await;
    scene.send_and(3, targets[1], Happening::Refused).await;
    let rows = report(&scene.store, campaign).await;
    assert_eq!(rows[0].changed_at, wall(2));
    drop(scene);
    let next = database.open().await;
    assert_eq!(report(&next, campaign).await, rows);
    let record = next.campaign("kept").await.unwrap().expect("the campaign");
    assert_eq!(
        (record.id, record.state),
        (campaign, CampaignState::Running)
    );
    assert_counts_equal_the_report(&next, campaign).await;
    let (other, _) = imported(&next, "another", 0..1).await;
    assert_ne!(other, campaign);
}

pub(super) fn suppression(target: Target) -> Suppression {
    Suppression {
        phone: target.phone,
        origin: Origin::Operator,
        source: "opt-out".into(),
        since: wall(0),
    }
}

pub(super) fn pause(campaign: CampaignId) -> Change {
    Change::Campaign {
        campaign,
        from: CampaignState::Running,
        to: CampaignState::Paused,
    }
}

pub(super) fn resume(campaign: CampaignId) -> Change {
    Change::Campaign {
        campaign,
        from: CampaignState::Paused,
        to: CampaignState::Running,
    }
}

fn cancelled(delivery: DeliveryId) -> crate::store::Happened {
    super::scene::happened(delivery, Happening::Cancelled)
}
