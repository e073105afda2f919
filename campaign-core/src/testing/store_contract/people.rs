//! What is promised about people whatever the campaign: whether they are on WhatsApp, and what they write.

use jiff::{SignedDuration, Timestamp};

use super::ContractStore;
use super::scene::{Scene, account, at, commit, phone, wall};
use crate::store::{
    Batch, Change, Effect, PRESENCE_KEPT_FOR, REPLIES_KEPT_FOR, ReadyQuery, Reply, ReplyQuery,
    ReplyRow, Store,
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
