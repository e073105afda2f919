//! Who knows whom, in a file of many: pages for few among many are short steps, and who is taken out is forgotten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use campaign_core::campaign::CampaignState;
use campaign_core::gateway::Account;
use campaign_core::store::{Change, ReadyQuery, Reply, Store, Whom};
use scene::*;
use sql_store::Prune;

fn account() -> Account {
    Account(phone(999_999))
}

fn wrote(number: u64, seconds: i64) -> Change {
    Change::Reply(Reply {
        account: account(),
        message_id: format!("{number}").into(),
        from: phone(number),
        received_at: now(seconds).wall,
        text: "halo".into(),
    })
}

#[tokio::test]
async fn a_page_for_few_among_many_is_given_back_after_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path().join("many.db"));
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "many", 20_000).await;
    commit(&store, 5, vec![wrote(3, 4), wrote(19_999, 4)]).await;
    for (whom, wanted) in [
        (Whom::KnownTo([account()].into()), 2),
        (Whom::KnownToNone([account()].into()), 19_998),
        (Whom::everybody(), 20_000),
    ] {
        let mut query = ReadyQuery {
            campaign,
            after: None,
            whom,
            due: now(10).wall,
            limit: 500,
        };
        let (mut found, mut pages) = (Vec::new(), 0);
        loop {
            let page = store.ready(query.clone()).await.unwrap();
            pages += 1;
            assert!(page.ready.len() <= 500);
            let last = page.ready.last().map(|ready| ready.delivery);
            found.extend(page.ready);
            if !page.has_more {
                break;
            }
            let after = page.read_to.or(last);
            assert!(after > query.after, "it goes on");
            query.after = after;
        }
        assert_eq!(found.len(), wanted, "{:?}", query.whom);
        assert!(found.is_sorted_by_key(|ready| ready.delivery));
        let pages_max = if wanted == 2 { 5 } else { 50 };
        assert!((2..=pages_max).contains(&pages), "{pages} for {wanted}");
    }
}

#[tokio::test]
async fn who_is_taken_out_is_known_to_nobody_unless_they_were_heard_of_since() {
    use CampaignState::{Completed, Running, Settled};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("known.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let lane = lane(&store).await;
    let old = running(&store, "old", 3).await;
    for ordinal in 0..3 {
        commit(&store, 10, vec![journal(&lane, old, ordinal)]).await;
        commit(&store, 11, vec![accepted(old, ordinal)]).await;
    }
    let end = vec![
        moved(old, Running, Completed),
        moved(old, Completed, Settled),
    ];
    commit(&store, 12, end).await;
    commit(&store, 500, vec![wrote(1, 500)]).await;
    let known = || -> Vec<i64> {
        let connection = rusqlite::Connection::open(&path).unwrap();
        let mut statement = connection
            .prepare("SELECT phone FROM known ORDER BY phone")
            .unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        found.map(Result::unwrap).collect()
    };
    assert_eq!(known().len(), 3);
    store.step_down().await.unwrap();
    let pruning = store.begin_prune().await.unwrap();
    while pruning.page(old, now(900).wall).await.unwrap().is_some() {}
    assert_eq!(known(), [phone(1).digits().cast_signed()]);
}
