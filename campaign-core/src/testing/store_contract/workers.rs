//! What is promised to several workers that share a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::SharedStore;
use super::scene::{
    Scene, Target, account, answered, at, columns, definition, evidence, happened, imported, lane,
    recipient, report, row, session, state_after, wall,
};
use crate::campaign::{CampaignState, Definition, Sessions};
use crate::consent::Wish;
use crate::delivery::{Ack, DeliveryId, Doubt, Happening, Reason, State};
use crate::gateway::Session;
use crate::limits::{LaneLimits, Slot};
use crate::store::{
    Batch, CampaignQuery, Change, DoubtQuery, Effect, HeldAccount, Imported, LaneRecord, Lost,
    News, Reply, Store, StoreError, Workers,
};

fn named(number: usize) -> Session {
    Session::new(&format!("session-{number}"))
}

/// A worker, with what it attends.
async fn worker<D: SharedStore>(database: &D) -> D::Store {
    let store = database.open().await;
    store.join(at(0)).await.unwrap();
    store
}

async fn attends(store: &impl Workers) -> BTreeSet<Session> {
    store.renew(&[]).await.unwrap().sessions
}

fn set(sessions: impl IntoIterator<Item = Session>) -> BTreeSet<Session> {
    sessions.into_iter().collect()
}

/// A running campaign over so many sessions, with recipients for these phones.
async fn pool(
    store: &impl Store,
    name: &str,
    sessions: usize,
    phones: std::ops::Range<u64>,
) -> Vec<Target> {
    let definition = Definition {
        sessions: Sessions::new((0..sessions).map(named)).unwrap(),
        ..definition(name)
    };
    let campaign = store
        .create(&definition, &columns(), super::scene::now(0))
        .await
        .unwrap();
    let rows = phones.clone().enumerate();
    let rows = rows
        .map(|(row, number)| recipient(row as u64 + 2, number))
        .collect();
    let added = store.import(campaign, rows, 0).await.unwrap();
    use CampaignState::{Frozen, Importing, Running};
    for (from, to) in [(Importing, Frozen), (Frozen, Running)] {
        let moved = one(store, 0, Change::Campaign { campaign, from, to }).await;
        assert_eq!(moved, Effect::Done);
    }
    let targets = added
        .into_iter()
        .zip(phones)
        .map(|(added, number)| match added {
            Imported::Added(delivery) => Target {
                delivery,
                phone: super::scene::phone(number),
            },
            Imported::Duplicate { .. } => panic!("a new recipient was not added"),
        });
    targets.collect()
}

async fn one(store: &impl Store, seconds: i64, change: Change) -> Effect {
    let effects = super::scene::commit(store, seconds, vec![change]).await;
    effects.into_iter().next().unwrap()
}

async fn opened(
    store: &impl Store,
    number: u64,
    through: &Session,
) -> Result<LaneRecord, StoreError> {
    let limits = LaneLimits::unpaced(16);
    store.lane(account(number), through, &limits).await
}

/// What is in doubt.
async fn doubts(store: &impl Store, is_for_worker: bool) -> Vec<DeliveryId> {
    let query = DoubtQuery {
        after: None,
        due: wall(1_000),
        limit: 10,
        is_for_worker,
    };
    let page = store.doubts(query).await.unwrap();
    page.doubts.iter().map(|doubt| doubt.delivery).collect()
}

/// Opens a lane, and journals a message from it.
async fn sends<S: Store>(store: S, through: &Session, number: u64, target: Target) -> Scene<S> {
    let lane = opened(&store, number, through).await.unwrap();
    let scene = Scene { store, lane };
    scene.send(1, target).await;
    scene
}

/// A store has one process that sends, or workers; whoever comes second is told who is there, and may come when they have left.
pub async fn a_store_has_a_runner_or_workers(database: &impl SharedStore) {
    let (alone, first) = (database.open().await, database.open().await);
    alone.take_over(at(0)).await.unwrap();
    match first.join(at(1)).await {
        Err(StoreError::RunnerBusy { holder }) => assert!(!holder.is_empty()),
        other => panic!("a worker beside a runner: {other:?}"),
    }
    alone.step_down().await.unwrap();
    first.join(at(2)).await.unwrap();
    match alone.take_over(at(3)).await {
        Err(StoreError::RunnerBusy { holder }) => assert!(!holder.is_empty()),
        other => panic!("a runner beside a worker: {other:?}"),
    }
    assert!(first.runner().await.unwrap().is_some());
    first.step_down().await.unwrap();
    alone.take_over(at(4)).await.unwrap();
}

/// The first worker finds what a runner would find. Later ones change nothing of what is under way.
pub async fn only_the_first_worker_takes_over(database: &impl SharedStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("orphans", 0..2).await;
    scene.send(1, targets[0]).await;
    scene.store.step_down().await.unwrap();
    let first = database.open().await;
    let taken = first.join(at(10)).await.unwrap();
    assert_eq!((taken.orphaned, taken.is_restored), (1, false));
    assert_eq!(
        row(&first, targets[0].delivery).await.standing.state,
        State::Unconfirmed
    );
    attends(&first).await;
    let first = sends(first, &session(), 1, targets[1]).await;
    assert!(first.lane.epoch > scene.lane.epoch);
    let second = database.open().await;
    let joined = second.join(at(20)).await.unwrap();
    assert_eq!(
        (joined.orphaned, joined.message_key),
        (0, taken.message_key)
    );
    attends(&second).await;
    assert_eq!(first.state(targets[1].delivery).await, State::Sending);
    let answer = answered(targets[1].delivery, Happening::Accepted);
    assert_eq!(state_after(&first.one(21, answer).await), State::Accepted);
}

/// Whoever joins gets its share as soon as the others have let go of it, and nobody attends what somebody else does.
pub async fn sessions_are_shared_out_among_workers(database: &impl SharedStore) {
    let first = worker(database).await;
    pool(&first, "many", 4, 0..1).await;
    let all = set((0..4).map(named));
    assert_eq!(attends(&first).await, all);
    let second = worker(database).await;
    assert_eq!(attends(&second).await, set([]));
    let kept = attends(&first).await;
    assert_eq!(kept.len(), 2);
    assert_eq!(attends(&second).await, set([]), "before it was let go of");
    let given: Vec<Session> = all.difference(&kept).cloned().collect();
    first.let_go(&given).await.unwrap();
    assert_eq!(attends(&second).await, set(given));
    assert_eq!(attends(&first).await, kept);
    let roster = second.renew(&[]).await.unwrap();
    assert_eq!((roster.workers, roster.place), (2, 1));
    // Whoever leaves hands over at once.
    first.step_down().await.unwrap();
    assert_eq!(attends(&second).await, all);
}

/// What it lets go of is the others', also beyond what was their share beside it; what it still attends stays its own until then.
pub async fn whoever_is_about_to_leave_takes_up_nothing_more(database: &impl SharedStore) {
    let first = worker(database).await;
    pool(&first, "leaving", 4, 0..1).await;
    let all = attends(&first).await;
    let (second, third) = (worker(database).await, worker(database).await);
    first.retire().await.unwrap();
    let roster = first.renew(&[]).await.unwrap();
    assert_eq!((roster.sessions, roster.workers), (set([]), 2));
    assert_eq!(roster.place, 2, "none of those that stay");
    let roster = second.renew(&[]).await.unwrap();
    assert_eq!((roster.workers, roster.place), (2, 0));
    assert_eq!(roster.sessions, set([]), "nothing was let go of yet");
    let targets = pool(&first, "under way", 1, 1..2).await;
    let under_way = sends(first, &named(0), 1, targets[0]).await;
    let idle: Vec<Session> = all.into_iter().filter(|it| *it != named(0)).collect();
    under_way.store.let_go(&idle).await.unwrap();
    let mut taken = attends(&second).await;
    taken.extend(attends(&third).await);
    assert_eq!(taken, set(idle));
    let answer = answered(targets[0].delivery, Happening::Accepted);
    let ended = under_way.one(2, answer).await;
    assert_eq!(state_after(&ended), State::Accepted);
    under_way.store.let_go(&[named(0)]).await.unwrap();
    assert_eq!(attends(&under_way.store).await, set([]));
    let mut taken = attends(&second).await;
    taken.extend(attends(&third).await);
    assert_eq!(taken.len(), 4);
}

/// With what a worker takes up the epoch rises: of its earlier owner nothing more is taken.
pub async fn what_is_let_go_of_gets_a_new_epoch(database: &impl SharedStore) {
    let first = worker(database).await;
    let targets = pool(&first, "handed over", 2, 0..2).await;
    attends(&first).await;
    let before = opened(&first, 2, &named(1)).await.unwrap();
    let second = worker(database).await;
    first.let_go(&[named(1)]).await.unwrap();
    assert_eq!(attends(&second).await, set([named(1)]));
    let after = opened(&second, 2, &named(1)).await.unwrap();
    assert_eq!(after.id, before.id);
    assert!(after.epoch > before.epoch);
    let [earlier, later] =
        [(first, before), (second, after)].map(|(store, lane)| Scene { store, lane });
    let late = earlier.one(1, earlier.journal(targets[0])).await;
    assert_eq!(late, Effect::Lost(Lost::NotOwner));
    later.send(2, targets[1]).await;
}

/// When a lease is over, others take up what was attended, doubt what was under way, and nothing more is taken of that worker until it has
/// joined again.
pub async fn what_a_dead_worker_attended_is_taken_up(database: &impl SharedStore) {
    let first = worker(database).await;
    let targets = pool(&first, "dead", 2, 0..3).await;
    attends(&first).await;
    let second = worker(database).await;
    let first = sends(first, &named(0), 1, targets[0]).await;
    assert_eq!(attends(&second).await, set([]));
    database.end_lease(&first.store).await;
    assert_eq!(attends(&second).await, set([named(0), named(1)]));
    let standing = first.row(targets[0].delivery).await.standing;
    assert_eq!(
        (standing.state, standing.reason),
        (State::Unconfirmed, Some(Reason::OwnerDied))
    );
    let batch = Batch {
        at: at(5),
        changes: vec![
            first.journal(targets[1]),
            answered(targets[0].delivery, Happening::Accepted),
        ],
    };
    let late = first.store.commit(Arc::new(batch)).await;
    assert!(matches!(late, Err(StoreError::Dismissed)), "{late:?}");
    assert!(matches!(
        first.store.renew(&[]).await,
        Err(StoreError::Dismissed)
    ));
    let late = opened(&first.store, 1, &named(0)).await;
    assert!(matches!(late, Err(StoreError::Dismissed)));
    assert_eq!(first.state(targets[0].delivery).await, State::Unconfirmed);
    let lane = opened(&second, 1, &named(0)).await.unwrap();
    assert!(lane.epoch > first.lane.epoch);
    let open = lane.attempts.first().unwrap();
    assert!(
        open.ended.is_none() && open.taken_over.is_some(),
        "{open:?}"
    );
    first.store.join(at(7)).await.unwrap();
    assert_eq!(
        attends(&first.store).await,
        set([]),
        "what is taken up is let go of first"
    );
    assert_eq!(attends(&second).await.len(), 1);
}

/// A lane is opened by whoever attends the session. The sessions of one account come to the worker that has its lane.
pub async fn the_sessions_of_an_account_have_one_attendant(database: &impl SharedStore) {
    let first = worker(database).await;
    pool(&first, "twins", 2, 0..1).await;
    attends(&first).await;
    let second = worker(database).await;
    let refused = opened(&second, 1, &named(0)).await;
    assert!(matches!(refused, Err(StoreError::Attended)), "{refused:?}");
    first.let_go(&[named(1)]).await.unwrap();
    assert_eq!(attends(&second).await, set([named(1)]));
    let lane = opened(&first, 1, &named(0)).await.unwrap();
    let refused = opened(&second, 1, &named(1)).await;
    assert!(matches!(refused, Err(StoreError::Attended)), "{refused:?}");
    for _ in 0..3 {
        assert_eq!(attends(&second).await, set([]));
        let kept = attends(&first).await;
        assert!(
            kept.contains(&named(1)),
            "whoever follows an account stays with it: {kept:?}"
        );
    }
    let again = opened(&first, 1, &named(1)).await.unwrap();
    assert_eq!((again.id, again.epoch), (lane.id, lane.epoch));
}

/// What was proved not to have been sent may be tried again: only whoever attends its lane knows that it was not tried since.
pub async fn only_its_attendant_proves_absence(database: &impl SharedStore) {
    let first = worker(database).await;
    let targets = pool(&first, "absent", 2, 0..1).await;
    let delivery = targets[0].delivery;
    attends(&first).await;
    let first = sends(first, &named(0), 1, targets[0]).await;
    first
        .one(2, answered(delivery, Happening::MaybeSent(Doubt::NoAnswer)))
        .await;
    let second = worker(database).await;
    first.store.let_go(&[named(0)]).await.unwrap();
    assert_eq!(attends(&second).await, set([named(0)]));
    let absent = || Change::Happened(happened(delivery, Happening::ProvedAbsent));
    assert_eq!(first.one(3, absent()).await, Effect::Lost(Lost::NotOwner));
    assert_eq!(first.state(delivery).await, State::Unconfirmed);
    // Evidence is welcome from anybody.
    assert_eq!(
        state_after(&one(&second, 4, absent()).await),
        State::Scheduled
    );
    let late = first.one(5, evidence(delivery, Ack::Server)).await;
    assert!(!matches!(late, Effect::Lost(_)), "{late:?}");
}

/// Each worker looks up what was sent from lanes that it attends.
pub async fn each_worker_has_its_own_doubts(database: &impl SharedStore) {
    let first = worker(database).await;
    let targets = pool(&first, "doubts", 2, 0..4).await;
    attends(&first).await;
    let second = worker(database).await;
    first.let_go(&[named(1)]).await.unwrap();
    assert_eq!(attends(&second).await, set([named(1)]));
    let first = sends(first, &named(0), 1, targets[0]).await;
    let second = sends(second, &named(1), 2, targets[1]).await;
    first.send(1, targets[2]).await;
    second.send(1, targets[3]).await;
    for (scene, in_doubt, silent) in [(&first, 0, 2), (&second, 1, 3)] {
        let doubt = Happening::MaybeSent(Doubt::NoAnswer);
        scene
            .one(2, answered(targets[in_doubt].delivery, doubt))
            .await;
        scene
            .one(2, answered(targets[silent].delivery, Happening::Accepted))
            .await;
    }
    let ids = |places: &[usize]| {
        places
            .iter()
            .map(|it| targets[*it].delivery)
            .collect::<Vec<_>>()
    };
    assert_eq!(doubts(&first.store, true).await, ids(&[0]));
    assert_eq!(doubts(&second.store, true).await, ids(&[1]));
    assert_eq!(doubts(&first.store, false).await, ids(&[0, 1]));
    assert_eq!(first.store.mark_silent(wall(1_000), 10).await.unwrap(), 1);
    assert_eq!(doubts(&first.store, true).await, ids(&[0, 2]));
    assert_eq!(doubts(&second.store, true).await, ids(&[1]));
    assert_eq!(second.store.mark_silent(wall(1_000), 10).await.unwrap(), 1);
    assert_eq!(doubts(&second.store, true).await, ids(&[1, 3]));
    let campaign = targets[0].delivery.campaign();
    assert!(second.store.has_pending_doubts(campaign).await.unwrap());
}

/// What one worker has changed the others are told once, whoever joins later is not.
pub async fn workers_tell_each_other_what_they_have_changed(database: &impl SharedStore) {
    let first = worker(database).await;
    let second = worker(database).await;
    let targets = pool(&first, "news", 1, 0..2).await;
    let campaign = targets[0].delivery.campaign();
    assert!(
        second
            .news()
            .await
            .unwrap()
            .contains(&News::Campaign(campaign))
    );
    assert_eq!(second.news().await.unwrap(), [].into());
    let reply = Reply {
        account: account(1),
        message_id: "AAAA".into(),
        from: targets[0].phone,
        received_at: wall(1),
        text: "STOP".into(),
    };
    let limits = LaneLimits::unpaced(3);
    let changes = vec![
        Change::Reply(reply),
        Change::LookNow { campaign },
        Change::Limits {
            account: account(1),
            limits,
        },
        // Lost: it is there already.
        Change::Campaign {
            campaign,
            from: CampaignState::Frozen,
            to: CampaignState::Running,
        },
    ];
    super::scene::commit(&first, 2, changes).await;
    let third = worker(database).await;
    let wished = News::Wished(targets[0].phone, Wish::OptOut);
    let told = [wished, News::Doubts, News::Limits(account(1))];
    let heard = second.news().await.unwrap();
    let heard: BTreeSet<News> = heard.into_iter().filter(|it| *it != News::Roster).collect();
    assert_eq!(heard, told.into());
    assert_eq!(
        first.news().await.unwrap(),
        [].into(),
        "its own are no news"
    );
    assert_eq!(third.news().await.unwrap(), [].into());
    // Another process adds people.
    let outside = database.open().await;
    outside
        .add(campaign, vec![recipient(9, 9)], 0, super::scene::now(3))
        .await
        .unwrap();
    assert_eq!(
        first.news().await.unwrap(),
        [News::Campaign(campaign)].into()
    );
    first.step_down().await.unwrap();
    assert!(second.news().await.unwrap().contains(&News::Roster));
    let records = second.campaigns(&CampaignQuery::Live).await.unwrap();
    assert_eq!(report(&second, records[0].id).await.len(), 3);
}

/// Which of its accounts cannot send, a worker tells the others.
pub async fn others_know_which_accounts_cannot_send(database: &impl SharedStore) {
    let first = worker(database).await;
    let second = worker(database).await;
    let (campaign, _) = imported(&first, "held", 0..1).await;
    assert_eq!(report(&first, campaign).await.len(), 1);
    attends(&first).await;
    lane(&first, 1).await;
    let held = HeldAccount {
        account: account(1),
        slot: Slot::Cold,
        since: at(7),
    };
    let roster = first.renew(&[held]).await.unwrap();
    assert_eq!(roster.held, [], "one's own are known");
    let roster = second.renew(&[]).await.unwrap();
    assert_eq!(roster.held, [held]);
    assert_eq!(roster.accounts, [(session(), account(1))].into());
    first.renew(&[]).await.unwrap();
    assert_eq!(second.renew(&[]).await.unwrap().held, []);
}
