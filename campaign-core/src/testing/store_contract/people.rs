//! What is promised about people whatever the campaign: whether they are on WhatsApp, and what they write.

use jiff::{SignedDuration, Timestamp};

use super::ContractStore;
use super::scene::{Scene, account, at, commit, phone, wall};
use crate::delivery::State;
use crate::limits::{LaneLimits, SentByHand, Slot};
use crate::store::{
    Batch, ByHand, Change, Effect, Journal, Lost, PRESENCE_KEPT_FOR, REPLIES_KEPT_FOR, ReadyQuery,
    Reply, ReplyQuery, ReplyRow, Store, Whom,
};

/// Whether a number is on WhatsApp is known for its time, by the last word about it, and told with what is due.
pub async fn presence_is_known_for_its_time(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (campaign, _) = scene.running("presence", 0..3).await;
    let seen = |number, is_on_whatsapp| Change::Presence {
        phone: phone(number),
        is_on_whatsapp,
    };
    let first = vec![seen(0, false), seen(1, true), seen(9, true)];
    scene.commit(0, first).await;
    scene.commit(100, vec![seen(0, true)]).await;
    let known = async |since| {
        let asked: Vec<_> = (0..4).map(phone).collect();
        let known = store.presence(&asked, since).await.unwrap();
        known.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(known(wall(0)).await, [(phone(0), true), (phone(1), true)]);
    assert_eq!(known(wall(1)).await, [(phone(0), true)]);
    let due = async |due: Timestamp| {
        let query = ReadyQuery {
            campaign,
            after: None,
            whom: Whom::everybody(),
            due,
            limit: 10,
        };
        let page = store.ready(query).await.unwrap();
        let ready = page.ready.into_iter();
        ready.map(|ready| ready.is_on_whatsapp).collect::<Vec<_>>()
    };
    let last = wall(0).checked_add(PRESENCE_KEPT_FOR).unwrap();
    let after = last.checked_add(SignedDuration::from_secs(1)).unwrap();
    assert_eq!(due(last).await, [Some(true), Some(true), None]);
    assert_eq!(due(after).await, [Some(true), None, None]);
}

/// A message of somebody in a campaign is kept once, for the latest campaign with that person in it; nobody else's is.
pub async fn replies_are_kept_once_and_from_recipients_only(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    let (first, _) = scene.running("first", 0..2).await;
    let (second, _) = scene.running("second", 1..3).await;
    let reply = |number, id: &str, text: &str| Reply {
        account: account(1),
        message_id: id.into(),
        from: phone(number),
        received_at: wall(40),
        text: text.into(),
    };
    let replies = [
        reply(0, "A", "Halo"),
        reply(1, "B", "'; DROP TABLE reply; -- \u{1F44D}"),
        reply(0, "A", "Halo"),
        reply(7, "C", "siapa ini?"),
        reply(0, "D", ""),
    ];
    let changes = replies.iter().cloned().map(Change::Reply).collect();
    assert_eq!(scene.commit(50, changes).await, [const { Effect::Done }; 5]);
    let row = |number, campaign, reply: &Reply| ReplyRow {
        number,
        campaign,
        reply: reply.clone(),
    };
    let query = |campaign, after, limit| ReplyQuery {
        campaign,
        after,
        limit,
    };
    let all = store.replies(&query(None, 0, 10)).await.unwrap();
    let numbers: Vec<u64> = all.iter().map(|row| row.number).collect();
    assert!(numbers.is_sorted() && numbers.len() == 3, "{numbers:?}");
    let rows = [
        row(numbers[0], first, &replies[0]),
        row(numbers[1], second, &replies[1]),
        row(numbers[2], first, &replies[4]),
    ];
    assert_eq!(all, rows);
    let page = async |campaign, after, limit| {
        let page = store.replies(&query(campaign, after, limit)).await;
        page.unwrap()
    };
    assert_eq!(page(Some(second), 0, 10).await, rows[1..2]);
    assert_eq!(page(Some(first), numbers[0], 10).await, rows[2..]);
    assert_eq!(page(None, 0, 2).await, rows[..2]);

    let late = SignedDuration::from_secs(1) + REPLIES_KEPT_FOR;
    let mut stamp = at(0);
    stamp.wall = stamp.wall.checked_add(late).unwrap();
    let batch = Batch {
        at: stamp,
        changes: vec![Change::Reply(reply(0, "E", "setelah lama"))],
    };
    store.commit(batch.into()).await.unwrap();
    assert_eq!(page(None, numbers[2], 10).await, []);
    commit(store, 51, vec![Change::Reply(reply(0, "E", "halo lagi"))]).await;
    assert_eq!(page(None, numbers[2], 10).await.len(), 1);
}

/// Where that is asked for, only who has written to this very account since a moment is written to: the latest message counts, in whatever
/// order they are told, one from the future as one of now, whoever wrote it.
pub async fn who_has_not_written_of_late_is_left_in_peace(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("heard", 0..5).await;
    let wrote = |number, to, received_at| {
        Change::Reply(Reply {
            account: account(to),
            message_id: format!("{number} {received_at}").into(),
            from: phone(number),
            received_at: wall(received_at),
            text: "halo".into(),
        })
    };
    let told = vec![
        wrote(0, 1, 40),
        wrote(1, 1, 60),
        wrote(1, 1, 20),
        wrote(2, 2, 60),
        wrote(3, 1, 9_000),
        // In no campaign.
        wrote(77, 1, 60),
    ];
    scene.commit(70, told).await;
    let journal = |target, since| {
        Change::Journal(Journal {
            if_heard_since: Some(wall(since)),
            ..scene.journal_of(target)
        })
    };
    let is_journalled = async |target, since| match scene.one(80, journal(target, since)).await {
        Effect::Moved { .. } => true,
        Effect::Lost(Lost::NotHeard) => false,
        other => panic!("{other:?}"),
    };
    assert!(!is_journalled(targets[0], 41).await);
    assert!(is_journalled(targets[0], 40).await);
    assert!(is_journalled(targets[1], 60).await);
    assert!(!is_journalled(targets[2], 50).await, "another account");
    assert!(!is_journalled(targets[3], 71).await, "the future is now");
    assert!(is_journalled(targets[3], 70).await);
    assert!(!is_journalled(targets[4], 0).await, "never wrote");
    assert_eq!(scene.state(targets[4].delivery).await, State::Scheduled);
    let later = scene.running("later", 77..78).await.1[0];
    assert!(is_journalled(later, 60).await);
}

/// A message that a person sent counts once, in the slot of replies where the other had written within a day before, and only where the
/// account's limits count such messages. It outlives the process, and nothing older than a month is kept.
pub async fn what_a_person_sends_counts_once_in_its_slot(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let sent = |number, id: &str, second| {
        Change::ByHand(ByHand {
            account: account(1),
            message_id: id.into(),
            to: phone(number),
            at: wall(second),
        })
    };
    let counted = |slot, second| {
        let at = wall(second);
        Effect::Counted(SentByHand { slot, at })
    };
    let effects = scene.commit(10, vec![sent(0, "A", 5)]).await;
    assert_eq!(effects, [Effect::Done], "its limits do not count it");

    let limits = LaneLimits {
        sends_per_day_max: Some(50),
        counts_by_hand: true,
        ..LaneLimits::default()
    };
    let account = account(1);
    scene.one(20, Change::Limits { account, limits }).await;
    let heard = |second, id: &str| {
        Change::Reply(Reply {
            account,
            message_id: id.into(),
            from: phone(1),
            received_at: wall(second),
            text: "halo".into(),
        })
    };
    let day = 86_400;
    let changes = vec![
        sent(0, "A", 21),
        sent(0, "A", 21),
        sent(1, "B", 22),
        heard(23, "H"),
        sent(1, "C", 22),
        sent(1, "D", 24),
        sent(0, "E", 24),
        // Of the future: now, by our clock.
        sent(1, "F", 400),
        sent(0, "G", -32 * day),
    ];
    let effects = scene.commit(30, changes).await;
    let expected = [
        counted(Slot::Cold, 21),
        Effect::Done,
        counted(Slot::Cold, 22),
        Effect::Done,
        counted(Slot::Cold, 22),
        counted(Slot::Reply, 24),
        counted(Slot::Cold, 24),
        counted(Slot::Reply, 30),
        Effect::Done,
    ];
    assert_eq!(effects, expected);
    let effects = scene
        .commit(
            day + 40,
            vec![sent(1, "I", day + 23), sent(1, "J", day + 24)],
        )
        .await;
    let expected = [
        counted(Slot::Reply, day + 23),
        counted(Slot::Cold, day + 24),
    ];
    assert_eq!(effects, expected);

    drop(scene);
    let next = Scene::run(database.open().await, day + 50).await;
    let effects = next.commit(day + 60, vec![sent(0, "A", 21)]).await;
    assert_eq!(effects, [Effect::Done], "it is known");
    let mut kept: Vec<_> = next
        .lane
        .by_hand
        .iter()
        .map(|it| (it.at, it.slot))
        .collect();
    kept.sort_unstable();
    let expected = [
        (21, Slot::Cold),
        (22, Slot::Cold),
        (22, Slot::Cold),
        (24, Slot::Cold),
        (24, Slot::Reply),
        (30, Slot::Reply),
        (day + 23, Slot::Reply),
        (day + 24, Slot::Cold),
    ];
    assert_eq!(kept, expected.map(|(second, slot)| (wall(second), slot)));

    // A month later only what is new is there, and no more than the limits need is told.
    next.commit(33 * day, vec![sent(0, "K", 33 * day)]).await;
    let few = LaneLimits {
        sends_per_day_max: Some(1),
        counts_by_hand: true,
        ..LaneLimits::default()
    };
    let limits = few;
    next.one(33 * day + 1, Change::Limits { account, limits })
        .await;
    let record = super::scene::lane(&next.store, 1).await;
    let newest = record.by_hand.iter().max_by_key(|it| it.at);
    assert_eq!(newest.map(|it| it.at), Some(wall(33 * day)));
}
