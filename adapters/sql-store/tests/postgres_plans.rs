//! What the store asks of PostgreSQL goes by keys, whatever the server takes the sizes of the tables for: a plan that was made while they
//! were empty serves a million rows as well.
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
use campaign_core::delivery::{Doubt, Happening};
use campaign_core::store::{Change, DoubtQuery, Effect, ReadyQuery, ReportQuery, Store, Whom};
use cluster::{Cluster, cluster};
use scene::{accepted, at, commit, definition, happened, journal, moved, now, recipients};
use sql_store::{Options, PostgresStore};

const RECIPIENTS: u64 = 8_000;
const BATCH: u32 = 128;
const BATCHES: u32 = 12;

/// Rows that were read so far: by reading a table through, and by an index.
fn read_so_far(cluster: &Cluster, name: &str) -> (u64, u64) {
    let sums = "SELECT sum(seq_tup_read), sum(coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables";
    let sums = cluster.sql(name, sums);
    let (through, by_key) = sums.split_once('|').unwrap();
    (through.parse().unwrap(), by_key.parse().unwrap())
}

/// What connections have counted is told at the latest when they end.
fn end_connections(cluster: &Cluster, name: &str) {
    let others =
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    cluster.sql(name, &format!("SELECT pg_terminate_backend(pid) {others}"));
    while cluster.sql(name, &format!("SELECT count(*) {others}")) != "0" {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[tokio::test]
async fn a_plan_that_was_made_for_empty_tables_serves_full_ones() {
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let url = cluster.url(&name);
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    // From now on the server takes all of them for empty.
    cluster.sql(&name, "VACUUM");
    store.take_over(at(0)).await.unwrap();
    let lane = scene::lane(&store).await;
    let columns = ["nama".into()];
    let campaign = store.create(&definition("mei"), &columns, now(0)).await;
    let campaign = campaign.unwrap();
    // Few at first: whatever is planned once is planned by then.
    for first in 0..10 {
        let page = recipients(first * 2..first * 2 + 2);
        store.import(campaign, page, 0).await.unwrap();
    }
    for first in (20..RECIPIENTS).step_by(1_000) {
        let page = recipients(first..RECIPIENTS.min(first + 1_000));
        store.import(campaign, page, 0).await.unwrap();
    }
    store.freeze(campaign, at(0)).await.unwrap();
    let (from, to) = (CampaignState::Frozen, CampaignState::Running);
    commit(&store, 0, vec![moved(campaign, from, to)]).await;
    for batch in 0..BATCHES {
        let first = batch * BATCH;
        let last = first.checked_sub(BATCH).map(|last| last..first);
        let ended = last.into_iter().flatten().map(|ordinal| match ordinal % 8 {
            0 => happened(campaign, ordinal, Happening::MaybeSent(Doubt::NoAnswer)),
            _ => accepted(campaign, ordinal),
        });
        let begun = (first..first + BATCH).map(|ordinal| journal(&lane, campaign, ordinal));
        let changes: Vec<Change> = ended.chain(begun).collect();
        let effects = commit(&store, i64::from(batch), changes).await;
        let is_moved = |effect: &Effect| matches!(effect, Effect::Moved { .. });
        assert!(effects.iter().all(is_moved), "{effects:?}");
    }
    let nobody = scene::phone(999_998);
    for whom in [
        Whom::everybody(),
        Whom::KnownToNone(vec![campaign_core::gateway::Account(nobody)].into()),
    ] {
        for _ in 0..12 {
            let page = store.ready(ReadyQuery {
                campaign,
                after: None,
                whom: whom.clone(),
                due: now(60).wall,
                limit: 256,
            });
            assert_eq!(page.await.unwrap().ready.len(), 256);
        }
    }
    for _ in 0..12 {
        let page = store.report(ReportQuery {
            campaign,
            after: None,
            states: Vec::new(),
            limit: 100,
        });
        assert_eq!(page.await.unwrap().len(), 100);
        let page = store.doubts(DoubtQuery {
            after: None,
            due: now(60).wall,
            limit: 50,
            is_for_worker: false,
        });
        assert_eq!(page.await.unwrap().doubts.len(), 50);
    }
    store.mark_silent(now(600).wall, 1_000).await.unwrap();
    drop(store);
    end_connections(cluster, &name);
    let (through, by_key) = read_so_far(cluster, &name);
    println!("read through: {through} rows, by a key: {by_key}");
    // Tables of one row, and what is read of the server itself, are read through.
    assert!(through < 2_000, "{through} rows of tables read through");
    // Mostly those that pages by account pass over: 4,096 for each.
    assert!(by_key < 200_000, "{by_key} rows read by a key");
    cluster.remove(&name);
}
