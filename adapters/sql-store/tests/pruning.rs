//! People are taken out of campaigns that are long over; everything else stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::path::Path;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, Doubt, Happening, State};
use campaign_core::store::{Change, Effect, Lost, Store, StoreError};
use scene::*;
use sql_store::Prune;

fn rows_in(path: &Path, table: &str, of: CampaignId) -> i64 {
    let key = match table {
        "delivery" | "delivery_content" => "id >> 32",
        "recipient" => "campaign",
        _ => "delivery >> 32",
    };
    let connection = rusqlite::Connection::open(path).unwrap();
    let sql = format!("SELECT count(*) FROM {table} WHERE {key} = {}", of.number());
    connection.query_row(&sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn people_leave_and_counts_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let old = settled(&store, "lama", 40, 10).await;
    let young = settled(&store, "baru", 3, 200 * DAY).await;
    let before = record(&store, "lama").await;
    assert!(fs::read(&path).unwrap().len() > 4_096 || path.exists());
    store.step_down().await.unwrap();

    assert_eq!(prune(&store, 100 * DAY).await, ["lama"]);
    let after = record(&store, "lama").await;
    assert_eq!(after.counts, before.counts);
    assert_eq!(after.definition, before.definition);
    assert_eq!(after.pruned_at, Some(now(100 * DAY).wall));
    assert_eq!(rows(&store, old).await, []);
    for table in OF_PEOPLE {
        assert_eq!(rows_in(&path, table, old), 0, "{table}");
    }
    assert_eq!(rows(&store, young).await.len(), 3);
    assert_counts(&store, "baru").await;
    assert_eq!(
        store.delivery_of("baru-2").await.unwrap(),
        Some(delivery(young, 2))
    );
    assert!(
        store
            .prunable(now(100 * DAY).wall)
            .await
            .unwrap()
            .is_empty(),
        "once"
    );

    let again = store.create(&definition("lama"), &[], now(300 * DAY)).await;
    assert!(
        matches!(again, Err(StoreError::Refused(_))),
        "the name stays taken: {again:?}"
    );
    let goes_on = moved(old, CampaignState::Settled, CampaignState::Running);
    let effects = commit(&store, 300 * DAY, vec![goes_on]).await;
    assert_eq!(
        effects,
        [Effect::Lost(Lost::Campaign(CampaignState::Settled))]
    );
}

#[tokio::test]
async fn nothing_of_them_is_left_in_the_file_and_the_space_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = settled(&store, "lama", 600, 10).await;
    store.step_down().await.unwrap();
    let pruning = store.begin_prune().await.unwrap();
    while pruning
        .page(campaign, now(DAY).wall)
        .await
        .unwrap()
        .is_some()
    {}
    let freed = pruning.shrink().await.unwrap().unwrap();
    assert!(freed > 100_000, "{freed}");
    drop(pruning);
    drop(store);
    let bytes = fs::read(&path).unwrap();
    for secret in [SECRET, "Budi 17", "lama-17"] {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is still in the file");
    }
    assert!(
        sql_store::inspect(&path, sql_store::Depth::Thorough)
            .unwrap()
            .unwrap()
            .damage
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_not_over_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path().join("campaigns.db"));
    store.take_over(at(0)).await.unwrap();
    let lane = lane(&store).await;
    let doubtful = running(&store, "ragu", 2).await;
    commit(&store, 1, vec![journal(&lane, doubtful, 0)]).await;
    let doubt = Happening::MaybeSent(Doubt::NoAnswer);
    commit(&store, 2, vec![happened(doubtful, 0, doubt)]).await;
    let over = moved(doubtful, CampaignState::Running, CampaignState::Cancelled);
    commit(&store, 3, vec![over]).await;
    running(&store, "jalan", 2).await;
    store.step_down().await.unwrap();

    assert!(
        store
            .prunable(now(900 * DAY).wall)
            .await
            .unwrap()
            .is_empty()
    );
    let pruning = store.begin_prune().await.unwrap();
    let refused = pruning.page(doubtful, now(DAY).wall).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(record(&store, "ragu").await.pruned_at, None);
    assert_eq!(rows(&store, doubtful).await.len(), 2);
}

#[tokio::test]
async fn it_is_done_alone_and_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "lama", 5_000).await;
    let cancelled = moved(campaign, CampaignState::Running, CampaignState::Cancelled);
    let sweep = Change::Sweep {
        campaign,
        what: campaign_core::store::Sweep::Cancel,
        deliveries_max: 10_000,
    };
    commit(&store, 1, vec![cancelled, sweep]).await;
    let other = open(&path);
    let refused = other.begin_prune().await;
    assert!(matches!(refused, Err(StoreError::RunnerBusy { .. })));
    store.step_down().await.unwrap();

    let pruning = other.begin_prune().await.unwrap();
    assert!(
        store.take_over(at(2)).await.is_err(),
        "nobody sends meanwhile"
    );
    let went = pruning
        .page(campaign, now(DAY).wall)
        .await
        .unwrap()
        .unwrap();
    assert!((1..5_000).contains(&went), "{went}");
    drop(pruning);

    assert!(record(&store, "lama").await.pruned_at.is_some());
    // As recent as can be: it was begun.
    assert_eq!(prune(&other, 0).await, ["lama"]);
    assert_eq!(rows(&store, campaign).await, []);
    assert_eq!(
        record(&store, "lama").await.counts.of(State::Cancelled),
        5_000
    );
    for table in OF_PEOPLE {
        assert_eq!(rows_in(&path, table, campaign), 0, "{table}");
    }
}

/// What was considered for silence is remembered by the attempt's number: a number that is given out again would never be considered.
#[tokio::test]
async fn later_attempts_are_heard_of_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    settled(&store, "lama", 5, 10).await;
    store.mark_silent(now(100).wall, 100).await.unwrap();
    store.step_down().await.unwrap();
    assert_eq!(prune(&store, 100 * DAY).await, ["lama"]);

    store.take_over(at(101 * DAY)).await.unwrap();
    let campaign = running(&store, "baru", 1).await;
    let lane = lane(&store).await;
    commit(&store, 101 * DAY, vec![journal(&lane, campaign, 0)]).await;
    commit(&store, 101 * DAY, vec![accepted(campaign, 0)]).await;
    let marked = store.mark_silent(now(102 * DAY).wall, 100).await.unwrap();
    assert_eq!(marked, 1);
    assert_eq!(doubts(&store, 102 * DAY).await.doubts.len(), 1);
}
