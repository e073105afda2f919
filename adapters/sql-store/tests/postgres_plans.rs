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

use campaign_core::campaign::{CampaignState, Definition, Sessions};
use campaign_core::delivery::{Doubt, Happening};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{
    CampaignQuery, Change, DoubtQuery, Effect, ReadyQuery, ReportQuery, Store, Whom, Workers,
};
use cluster::{Cluster, cluster};
use scene::{accepted, at, commit, definition, happened, journal, moved, now, recipients};
use sql_store::{Options, PostgresStore};

const RECIPIENTS: u64 = 8_000;
const BATCH: u32 = 128;
const BATCHES: u32 = 12;
const SINGLES: u32 = 20_000;

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
    cluster.sql(
        &name,
        &format!(
            "INSERT INTO campaign (id, created_at, state, kind, category, name, session, definition, columns)
             SELECT id + number, created_at, state, kind, category, 'send:' || number, session, definition, columns
             FROM campaign, generate_series(1, {SINGLES}) AS number;
             INSERT INTO campaign_count (n, campaign, state, reason)
             SELECT 1, {campaign} + number, 0, 0 FROM generate_series(1, {SINGLES}) AS number",
            campaign = campaign.number()
        ),
    );
    for _ in 0..12 {
        for query in [CampaignQuery::LiveNamed, CampaignQuery::Named] {
            let named = store.campaigns(&query).await.unwrap();
            assert_eq!(named.len(), 1, "{query:?}");
        }
        assert!(store.singles_left().await.unwrap().is_some);
    }
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

/// What one worker has in doubt costs the others nothing, and what they ask several times a second finds what is new alone.
#[tokio::test]
async fn a_worker_reads_what_is_its_own_and_what_is_new() {
    const OF_OTHERS: u32 = 6_000;
    const OWN: u32 = 150;
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let url = cluster.url(&name);
    let open = || async { PostgresStore::open(&url, Options::default()).await.unwrap() };
    let (first, second) = (open().await, open().await);
    // From now on the server takes all of them for empty.
    cluster.sql(&name, "VACUUM");
    first.join(at(0)).await.unwrap();
    second.join(at(0)).await.unwrap();
    let sessions = ["gudang", "toko"].map(Session::new);
    let definition = Definition {
        sessions: Sessions::new(sessions.clone()).unwrap(),
        ..definition("mei")
    };
    let columns = ["nama".into()];
    let campaign = first.create(&definition, &columns, now(0)).await.unwrap();
    for page in (0..u64::from(OF_OTHERS + OWN)).step_by(1_000) {
        let page = recipients(page..(page + 1_000).min(u64::from(OF_OTHERS + OWN)));
        first.import(campaign, page, 0).await.unwrap();
    }
    first.freeze(campaign, at(0)).await.unwrap();
    let (from, to) = (CampaignState::Frozen, CampaignState::Running);
    commit(&first, 0, vec![moved(campaign, from, to)]).await;
    for (worker, session, people) in [
        (&first, &sessions[0], 0..OF_OTHERS),
        (&second, &sessions[1], OF_OTHERS..OF_OTHERS + OWN),
    ] {
        assert_eq!(
            worker.renew(&[]).await.unwrap().sessions,
            [session.clone()].into()
        );
        let account = Account(scene::phone(900_000 + u64::from(people.start)));
        let limits = LaneLimits::unpaced(64);
        let lane = worker.lane(account, session, &limits).await.unwrap();
        let people: Vec<u32> = people.collect();
        for (moment, people) in (1..).zip(people.chunks(50)) {
            let begun = people.iter().map(|it| journal(&lane, campaign, *it));
            commit(worker, moment, begun.collect()).await;
            let ended = people.iter().map(|it| match it % 3 {
                0 => accepted(campaign, *it),
                _ => happened(campaign, *it, Happening::MaybeSent(Doubt::NoAnswer)),
            });
            commit(worker, moment, ended.collect()).await;
        }
    }
    second.news().await.unwrap();
    let own = OWN - OWN / 3;
    end_connections(cluster, &name);
    let before = read_so_far(cluster, &name);
    for _ in 0..20 {
        let mut after = None;
        let mut found = 0;
        loop {
            let page = second.doubts(DoubtQuery {
                after,
                due: now(60).wall,
                limit: 50,
                is_for_worker: true,
            });
            let page = page.await.unwrap();
            found += page.doubts.len();
            after = page.doubts.last().map(|it| it.delivery);
            if page.doubts.len() < 50 {
                break;
            }
        }
        assert_eq!(found, own as usize);
        assert_eq!(second.news().await.unwrap().len(), 0);
        second.renew(&[]).await.unwrap();
    }
    end_connections(cluster, &name);
    let pages = read_so_far(cluster, &name);
    // Each page reads who is due, and for each row of it its delivery, attempt, campaign and controls.
    let (through, by_key) = (pages.0 - before.0, pages.1 - before.1);
    println!("pages: read through {through} rows, by a key {by_key}");
    assert!(through < 2_000, "{through} rows of tables read through");
    assert!(by_key < 60_000, "{by_key} rows read by a key");

    // Those of others are passed over once.
    let mut marked = 0;
    loop {
        match second.mark_silent(now(600).wall, 1_000).await.unwrap() {
            0 => break,
            more => marked += more,
        }
    }
    assert!(marked >= OWN / 3, "{marked}");
    for _ in 0..20 {
        assert_eq!(second.mark_silent(now(600).wall, 1_000).await.unwrap(), 0);
    }
    end_connections(cluster, &name);
    let silent = read_so_far(cluster, &name);
    let (through, by_key) = (silent.0 - pages.0, silent.1 - pages.1);
    println!("silence: read through {through} rows, by a key {by_key}");
    assert!(through < 2_000, "{through} rows of tables read through");
    assert!(by_key < 120_000, "{by_key} rows read by a key");
    cluster.remove(&name);
}
