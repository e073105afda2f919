//! People are taken out of a server's database as out of a file.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;
mod scene;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, Doubt, Happening, State};
use campaign_core::store::{Change, Effect, Lost, Store, StoreError, Sweep};
use cluster::{Cluster, cluster};
use scene::*;
use sql_store::{Options, PostgresStore, Prune};

/// A database that is removed with the test.
struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    fn new() -> Option<Self> {
        let cluster = cluster()?;
        let name = cluster.new_name();
        cluster.create(&name);
        Some(Self { cluster, name })
    }

    async fn open(&self) -> PostgresStore {
        let url = self.cluster.url(&self.name);
        PostgresStore::open(&url, Options::default()).await.unwrap()
    }

    fn rows_in(&self, table: &str, of: CampaignId) -> i64 {
        let key = match table {
            "delivery" | "delivery_content" => "id >> 32",
            "recipient" => "campaign",
            _ => "delivery >> 32",
        };
        let sql = format!("SELECT count(*) FROM {table} WHERE {key} = {}", of.number());
        self.cluster.sql(&self.name, &sql).parse().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

#[tokio::test]
async fn people_leave_and_counts_stay() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    store.take_over(at(0)).await.unwrap();
    let old = settled(&store, "lama", 40, 10).await;
    let young = settled(&store, "baru", 3, 200 * DAY).await;
    let before = record(&store, "lama").await;
    store.step_down().await.unwrap();

    assert_eq!(prune(&store, 100 * DAY).await, ["lama"]);
    let after = record(&store, "lama").await;
    assert_eq!(after.counts, before.counts);
    assert_eq!(after.definition, before.definition);
    assert_eq!(after.pruned_at, Some(now(100 * DAY).wall));
    assert_eq!(rows(&store, old).await, []);
    for table in OF_PEOPLE {
        assert_eq!(database.rows_in(table, old), 0, "{table}");
    }
    assert_eq!(rows(&store, young).await.len(), 3);
    assert_counts(&store, "baru").await;
    let kept = store.delivery_of("baru-2").await.unwrap();
    assert_eq!(kept, Some(delivery(young, 2)));
    assert_eq!(store.delivery_of("lama-2").await.unwrap(), None);
    let again = store.prunable(now(100 * DAY).wall).await.unwrap();
    assert!(again.is_empty(), "once");

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
async fn the_tables_are_written_anew_and_the_space_is_given_back() {
    // A server lets go of no row that somebody may still read: here nobody else connects, and it does not read for its own statistics.
    if cluster().is_none() {
        return;
    }
    let cluster = Cluster::start("-c autovacuum=off", |_| {}).unwrap();
    let url = cluster.url("postgres");
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
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
    let left = "SELECT sum(pg_relation_size(t)) FROM unnest('{delivery,delivery_content,recipient,attempt,foreign_id}'::regclass[]) t";
    assert_eq!(cluster.sql("postgres", left), "0");
}

#[tokio::test]
async fn what_is_not_over_stays_whole() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
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

    let due = store.prunable(now(900 * DAY).wall).await.unwrap();
    assert!(due.is_empty(), "{due:?}");
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
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "lama", 5_000).await;
    let cancelled = moved(campaign, CampaignState::Running, CampaignState::Cancelled);
    let sweep = Change::Sweep {
        campaign,
        what: Sweep::Cancel,
        deliveries_max: 10_000,
    };
    commit(&store, 1, vec![cancelled, sweep]).await;
    let other = database.open().await;
    let refused = other.begin_prune().await.map(|_| ());
    assert!(matches!(refused, Err(StoreError::RunnerBusy { .. })));
    store.step_down().await.unwrap();

    let pruning = other.begin_prune().await.unwrap();
    assert!(
        store.take_over(at(2)).await.is_err(),
        "nobody sends meanwhile"
    );
    let went = pruning.page(campaign, now(DAY).wall).await.unwrap();
    let went = went.unwrap();
    assert!((1..5_000).contains(&went), "{went}");
    drop(pruning);

    assert!(record(&store, "lama").await.pruned_at.is_some());
    // As recent as can be: it was begun.
    assert_eq!(prune(&other, 0).await, ["lama"]);
    assert_eq!(rows(&store, campaign).await, []);
    let counts = record(&store, "lama").await.counts;
    assert_eq!(counts.of(State::Cancelled), 5_000);
    for table in OF_PEOPLE {
        assert_eq!(database.rows_in(table, campaign), 0, "{table}");
    }
}

/// A person whom another campaign has written to since stays known; limits go on from what was sent.
#[tokio::test]
async fn what_later_campaigns_know_stays() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await;
    store.take_over(at(0)).await.unwrap();
    settled(&store, "lama", 5, 10).await;
    store.mark_silent(now(100).wall, 100).await.unwrap();
    settled(&store, "baru", 2, 101 * DAY).await;
    store.step_down().await.unwrap();
    assert_eq!(prune(&store, 100 * DAY).await, ["lama"]);
    let known = database
        .cluster
        .sql(&database.name, "SELECT count(*) FROM known");
    assert_eq!(known, "2");

    store.take_over(at(102 * DAY)).await.unwrap();
    let campaign = running(&store, "juni", 1).await;
    let lane = lane(&store).await;
    commit(&store, 102 * DAY, vec![journal(&lane, campaign, 0)]).await;
    commit(&store, 102 * DAY, vec![accepted(campaign, 0)]).await;
    let marked = store.mark_silent(now(103 * DAY).wall, 100).await.unwrap();
    assert_eq!(marked, 1, "later attempts are heard of as before");
}
