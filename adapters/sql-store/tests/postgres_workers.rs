//! Several workers on one PostgreSQL: who comes at once, whose process stops, whose clock is set, and whose database is a copy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;
mod scene;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition, Sessions};
use campaign_core::clock::BootId;
use campaign_core::delivery::{CampaignId, Happening, State};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{
    Batch, Change, DoubtQuery, Doubtful, Effect, LaneId, LaneRecord, Roster, Store, StoreError,
    Sweep, Workers,
};
use cluster::{Cluster, cluster};
use scene::{
    at, commit, definition, delivery, happened, journal, moved, now, phone, recipients, record,
};
use sql_store::{Options, PostgresStore, Prune};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

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

    /// A process that has joined.
    async fn worker(&self) -> PostgresStore {
        let store = self.open().await;
        store.join(at(0)).await.unwrap();
        store
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    /// Somebody sets the server's clock: workers see that by the time that has passed for them.
    fn set_clock(&self, seconds: i64) {
        self.sql(&format!(
            "UPDATE clock SET began = began - {seconds} * 1000000::bigint"
        ));
    }

    fn end_leases(&self) {
        self.sql("UPDATE worker SET lease_until = 0");
    }

    fn boot(&self) -> BootId {
        let boot: i64 = self.sql("SELECT boot FROM clock").parse().unwrap();
        BootId(boot.cast_unsigned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

fn named(number: usize) -> Session {
    Session::new(&format!("session-{number}"))
}

/// A running campaign over so many sessions.
async fn pool(store: &impl Store, name: &str, sessions: usize, people: u64) -> CampaignId {
    let definition = Definition {
        sessions: Sessions::new((0..sessions).map(named)).unwrap(),
        ..definition(name)
    };
    let columns = ["nama".into()];
    let campaign = store.create(&definition, &columns, now(0)).await.unwrap();
    let import = store.import(campaign, recipients(0..people), 0).await;
    import.unwrap();
    store.freeze(campaign, at(0)).await.unwrap();
    use CampaignState::{Frozen, Running};
    commit(store, 0, vec![moved(campaign, Frozen, Running)]).await;
    campaign
}

async fn opened(store: &impl Store, number: u64, through: usize) -> Result<LaneRecord, StoreError> {
    let account = Account(phone(900_000 + number));
    let limits = LaneLimits::unpaced(64);
    store.lane(account, &named(through), &limits).await
}

async fn roster(store: &impl Workers) -> Roster {
    store.renew(&[]).await.unwrap()
}

async fn doubts(store: &impl Store) -> Vec<Doubtful> {
    let query = DoubtQuery {
        after: None,
        due: now(1_000).wall,
        limit: 100,
        is_for_worker: true,
    };
    store.doubts(query).await.unwrap().doubts
}

fn is_busy<T>(refused: &Result<T, StoreError>) -> bool {
    matches!(refused, Err(StoreError::RunnerBusy { .. }))
}

fn is_dismissed<T>(refused: &Result<T, StoreError>) -> bool {
    matches!(refused, Err(StoreError::Dismissed))
}

async fn writes_nothing(store: &impl Store) -> Result<(), StoreError> {
    let batch = Batch {
        at: at(1),
        changes: Vec::new(),
    };
    store.commit(Arc::new(batch)).await.map(drop)
}

#[tokio::test]
async fn workers_that_join_at_once_do_not_keep_each_other_away() {
    let Some(database) = Database::new() else {
        return;
    };
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(database.open().await);
    }
    let [a, b, c, d] = &stores[..] else {
        unreachable!("there are four");
    };
    let joined = tokio::join!(a.join(at(0)), b.join(at(0)), c.join(at(0)), d.join(at(0)));
    for taken in [joined.0, joined.1, joined.2, joined.3] {
        assert!(!taken.unwrap().is_restored);
    }
    let mut places = BTreeSet::new();
    for store in &stores {
        let roster = roster(store).await;
        assert_eq!(roster.workers, 4);
        places.insert(roster.place);
    }
    assert_eq!(places, (0..4).collect());
}

#[tokio::test]
async fn of_a_runner_and_a_worker_that_come_at_once_one_comes() {
    let Some(database) = Database::new() else {
        return;
    };
    let (alone, worker) = (database.open().await, database.open().await);
    for round in 0..12 {
        // Who is first is different from round to round.
        let (ran, joined) = if round % 2 == 0 {
            tokio::join!(alone.take_over(at(0)), worker.join(at(0)))
        } else {
            let (joined, ran) = tokio::join!(worker.join(at(0)), alone.take_over(at(0)));
            (ran, joined)
        };
        assert_ne!(ran.is_ok(), joined.is_ok(), "{ran:?} {joined:?}");
        assert!(is_busy(&ran) || is_busy(&joined), "{ran:?} {joined:?}");
        alone.step_down().await.unwrap();
        worker.step_down().await.unwrap();
    }
}

/// Of two that meet, neither goes by what was there before.
#[tokio::test]
async fn what_one_worker_sends_again_another_does_not_settle() {
    const ROUNDS: u32 = 30;
    let Some(database) = Database::new() else {
        return;
    };
    let (first, second) = (database.worker().await, database.worker().await);
    let campaign = pool(&first, "again", 1, ROUNDS.into()).await;
    roster(&first).await;
    let lane = opened(&first, 1, 0).await.unwrap();
    for ordinal in 0..ROUNDS {
        let refused = happened(campaign, ordinal, Happening::Refused);
        commit(&first, 1, vec![journal(&lane, campaign, ordinal), refused]).await;
    }
    use CampaignState::{Completed, Running, Settled};
    for ordinal in 0..ROUNDS {
        commit(&first, 2, vec![moved(campaign, Running, Completed)]).await;
        let again = Change::NewGeneration {
            delivery: delivery(campaign, ordinal),
        };
        let (settled, again) = tokio::join!(
            commit(&first, 3, vec![moved(campaign, Completed, Settled)]),
            commit(&second, 3, vec![again]),
        );
        assert!(matches!(again[..], [Effect::Created(_)]), "{again:?}");
        let stands = record(&first, "again").await.state;
        assert_eq!(stands, Completed, "{settled:?}");
        let nobody_left = Change::Sweep {
            campaign,
            what: Sweep::Expire,
            deliveries_max: 1,
        };
        let goes_on = moved(campaign, Completed, Running);
        commit(&first, 4, vec![goes_on, nobody_left]).await;
    }
}

#[tokio::test]
async fn whoever_wants_to_be_alone_is_told_who_works() {
    let Some(database) = Database::new() else {
        return;
    };
    let (first, _second) = (database.worker().await, database.worker().await);
    let alone = database.open().await;
    let pruning = alone.begin_prune().await.map(drop);
    assert!(is_busy(&pruning), "{pruning:?}");
    let marked = alone.mark_restored().await;
    assert!(is_busy(&marked), "{marked:?}");
    let own = format!("process {} on", std::process::id());
    match alone.take_over(at(1)).await {
        Err(StoreError::RunnerBusy { holder }) => assert_eq!(holder.matches(&own).count(), 2),
        other => panic!("a runner beside workers: {other:?}"),
    }
    let seen = PostgresStore::inspect(&database.cluster.url(&database.name)).await;
    let runner = seen.unwrap().unwrap().runner.unwrap();
    assert_eq!(runner.matches(&own).count(), 2);
    database.end_leases();
    alone.take_over(at(2)).await.unwrap();
    assert!(is_dismissed(&first.renew(&[]).await));
    assert!(is_busy(&first.join(at(3)).await));
}

#[tokio::test]
async fn what_workers_do_is_told_as_of_one() {
    let Some(database) = Database::new() else {
        return;
    };
    let (first, second) = (database.worker().await, database.worker().await);
    let words = [
        r#"{"is_busy":false,"campaigns":{"1":{"state":"running"}}}"#,
        r#"{"is_busy":true,"campaigns":{"2":{"state":"paused"}}}"#,
    ];
    first.publish(words[0]).await.unwrap();
    second.publish(words[1]).await.unwrap();
    let told = database.open().await.runner().await.unwrap().unwrap();
    let told: serde_json::Value = serde_json::from_str(&told.word).unwrap();
    let all = serde_json::json!({
        "is_busy": true,
        "campaigns": {"1": {"state": "running"}, "2": {"state": "paused"}},
    });
    assert_eq!(told, all);
    first.step_down().await.unwrap();
    second.step_down().await.unwrap();
    assert_eq!(database.open().await.runner().await.unwrap(), None);
}

#[tokio::test]
async fn when_somebody_sets_the_server_s_clock_all_workers_begin_anew() {
    for seconds in [3_600, -3_600] {
        let Some(database) = Database::new() else {
            return;
        };
        let (first, second) = (database.worker().await, database.worker().await);
        pool(&first, "promo", 2, 4).await;
        let before = roster(&first).await;
        assert_eq!(before.sessions, [named(0)].into());
        assert_eq!(roster(&second).await.sessions, [named(1)].into());
        assert_eq!(before.at.boot, database.boot());

        database.set_clock(seconds);
        // By such a clock its lease may be over long since.
        database.end_leases();
        let renewed = first.renew(&[]).await;
        assert!(is_dismissed(&renewed), "{renewed:?}");
        assert_ne!(database.boot(), before.at.boot);
        assert!(is_dismissed(&writes_nothing(&first).await));
        assert!(is_dismissed(&writes_nothing(&second).await));
        assert!(is_dismissed(&second.renew(&[]).await));

        // How long their leases really lasted nobody knows: what they attended is theirs for as long as one may last.
        let third = database.open().await;
        let taken = third.join(at(0)).await.unwrap();
        assert_eq!(taken.at.boot, database.boot());
        let now = roster(&third).await;
        assert_eq!((now.workers, now.sessions), (3, BTreeSet::new()));
        assert_eq!(now.at.boot, database.boot());
        first.join(at(0)).await.unwrap();
        second.join(at(0)).await.unwrap();
        // Their old places were given up with that.
        assert_eq!(roster(&first).await.workers, 3);
        let boot = database.boot();
        assert_eq!(roster(&second).await.at.boot, boot);
        assert_eq!(database.boot(), boot, "it was set once");
    }
}

#[tokio::test]
async fn a_worker_that_stood_still_does_not_take_the_clock_for_set() {
    let Some(database) = Database::new() else {
        return;
    };
    let (first, second) = (database.worker().await, database.worker().await);
    roster(&first).await;
    let boot = database.boot();
    // As after an hour without its machine, in which the others have found it dead.
    let id = first.worker().unwrap();
    database.sql(&format!(
        "UPDATE worker SET lease_until = 0 WHERE id = {id}"
    ));
    roster(&second).await;
    let set_back = "UPDATE clock SET began = began - 1";
    database.sql(set_back);
    assert!(is_dismissed(&first.renew(&[]).await));
    first.join(at(0)).await.unwrap();
    assert_eq!(roster(&first).await.workers, 2);
    assert_eq!(roster(&second).await.at.boot, boot);
}

#[tokio::test]
async fn leases_of_a_copy_s_original_do_not_count() {
    let Some(database) = Database::new() else {
        return;
    };
    let worker = database.worker().await;
    let campaign = pool(&worker, "promo", 1, 3).await;
    roster(&worker).await;
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.sql");
    database.cluster.dump(&database.name, &dump);
    for is_worker in [false, true] {
        let Some(copy) = Database::new() else { return };
        copy.cluster.read_dump(&copy.name, &dump);
        assert_eq!(copy.sql("SELECT count(*) FROM worker"), "1");
        let store = copy.open().await;
        assert_eq!(store.runner().await.unwrap(), None);
        let taken = match is_worker {
            true => store.join(at(60)).await.unwrap(),
            false => store.take_over(at(60)).await.unwrap(),
        };
        assert!(taken.is_restored);
        let counts = record(&store, "promo").await.counts;
        assert_eq!(counts.of(State::Unconfirmed), 3);
        if is_worker {
            let roster = roster(&store).await;
            assert_eq!((roster.workers, roster.sessions), (1, [named(0)].into()));
        }
    }
    assert_eq!(record(&worker, "promo").await.id, campaign);
}

/// Whoever died before that would live until the clock is there again.
#[tokio::test]
async fn no_lease_lasts_longer_when_the_clock_was_set_back_since() {
    let Some(database) = Database::new() else {
        return;
    };
    let (_dead, alone) = (database.worker().await, database.open().await);
    let left = || -> f64 {
        let sql =
            "SELECT max(lease_until) / 1e6 - extract(epoch FROM clock_timestamp()) FROM worker";
        database.sql(sql).parse().unwrap()
    };
    let an_hour_more = "UPDATE worker SET lease_until = lease_until + 3600 * 1000000::bigint";
    database.sql(an_hour_more);
    assert!(is_busy(&alone.take_over(at(1)).await));
    assert!((1.0..45.1).contains(&left()), "{}", left());
    database.sql(an_hour_more);
    let other = database.worker().await;
    assert!((1.0..45.1).contains(&left()), "{}", left());
    other.step_down().await.unwrap();
    database.end_leases();
    alone.take_over(at(2)).await.unwrap();
}

/// As when a standby has taken the server's place, which may lack the last moments.
#[tokio::test]
async fn a_worker_whose_database_has_another_place_is_dismissed() {
    let Some(database) = Database::new() else {
        return;
    };
    let (first, second) = (database.worker().await, database.worker().await);
    pool(&first, "promo", 1, 3).await;
    writes_nothing(&first).await.unwrap();
    database.sql("UPDATE home SET place = 'elsewhere'");
    assert!(is_dismissed(&writes_nothing(&first).await));
    assert!(is_dismissed(&first.renew(&[]).await));
    assert!(first.join(at(60)).await.unwrap().is_restored);
    writes_nothing(&first).await.unwrap();
    assert!(is_dismissed(&writes_nothing(&second).await));
    assert!(!second.join(at(61)).await.unwrap().is_restored);
}

#[tokio::test]
async fn what_everybody_has_heard_is_forgotten_and_nothing_is_told_to_nobody() {
    let Some(database) = Database::new() else {
        return;
    };
    let rows = || database.sql("SELECT count(*) FROM news");
    let alone = database.open().await;
    alone.take_over(at(0)).await.unwrap();
    pool(&alone, "promo", 1, 1).await;
    alone.step_down().await.unwrap();
    let first = database.worker().await;
    pool(&first, "more", 2, 1).await;
    assert_eq!(rows(), "0", "nobody else was there");
    let second = database.worker().await;
    pool(&first, "most", 3, 1).await;
    assert_ne!(rows(), "0");
    second.renew(&[]).await.unwrap();
    first.news().await.unwrap();
    first.renew(&[]).await.unwrap();
    assert_ne!(rows(), "0", "one of them has not heard it");
    assert!(!second.news().await.unwrap().is_empty());
    second.renew(&[]).await.unwrap();
    first.renew(&[]).await.unwrap();
    assert_eq!(rows(), "0");
    assert!(second.news().await.unwrap().is_empty());
}

/// What was waiting when the copy was made has no attempt: it is looked up where its campaign's session is.
#[tokio::test]
async fn what_is_in_doubt_without_an_attempt_goes_by_its_session() {
    let Some(database) = Database::new() else {
        return;
    };
    let first = database.worker().await;
    pool(&first, "promo", 2, 3).await;
    first.step_down().await.unwrap();
    first.mark_restored().await.unwrap();
    assert!(first.join(at(60)).await.unwrap().is_restored);
    let second = database.worker().await;
    assert_eq!(roster(&first).await.sessions, [named(0)].into());
    assert_eq!(roster(&second).await.sessions, [named(1)].into());
    let lanes = async |store| -> Vec<u32> {
        let found = doubts(store).await;
        found.iter().map(|doubt| doubt.lane.0).collect()
    };
    // Nobody has a lane yet.
    assert_eq!(lanes(&first).await, [0; 3]);
    assert_eq!(lanes(&second).await, [0; 3]);
    let LaneId(lane) = opened(&first, 1, 0).await.unwrap().id;
    assert_eq!(lanes(&first).await, [lane; 3]);
    assert_eq!(lanes(&second).await, [0; 0]);
    // The account goes over to a session of the other.
    first.let_go(&[named(0)]).await.unwrap();
    let again = opened(&second, 1, 1).await.unwrap();
    assert_eq!(again.id.0, lane);
    assert_eq!(lanes(&second).await, [0; 3], "the session has no lane now");
    let LaneId(other) = {
        assert_eq!(roster(&first).await.sessions, [named(0)].into());
        opened(&first, 2, 0).await.unwrap().id
    };
    assert_eq!(lanes(&first).await, [other; 3]);
    assert_eq!(lanes(&second).await, [0; 0]);
}

/// The way to the server, which stands still when it is told to: as the machine of a process that is stopped does.
async fn way_that_stops(server: &Path, way: &Path, at: &'static [u8]) {
    let listener = UnixListener::bind(way.join(".s.PGSQL.5432")).unwrap();
    let server = server.join(".s.PGSQL.5432");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            if let Ok(server) = UnixStream::connect(&server).await {
                tokio::spawn(forward(client, server, at));
            }
        }
    });
}

async fn forward(mut client: UnixStream, mut server: UnixStream, at: &[u8]) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                if asked[..length].windows(at.len()).any(|it| it == at) {
                    std::future::pending::<()>().await;
                }
                if server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whoever writes keeps everybody else from writing until it is done, or the server has ended it.
#[tokio::test]
async fn a_process_that_stops_while_it_writes_does_not_stop_the_others() {
    let Some(database) = Database::new() else {
        return;
    };
    database.sql(&format!(
        "ALTER DATABASE {} SET idle_in_transaction_session_timeout = '300ms'",
        database.name
    ));
    let folder = tempfile::tempdir().unwrap();
    way_that_stops(database.cluster.folder(), folder.path(), b"\"stop here\"").await;
    let url = database.cluster.url_at(&database.name, folder.path());
    let stops = PostgresStore::open(&url, Options::default()).await.unwrap();
    stops.join(at(0)).await.unwrap();
    let other = database.worker().await;
    let writes = tokio::spawn(async move { stops.publish("\"stop here\"").await });
    let holds = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'";
    while database.sql(holds) == "0" {
        tokio::task::yield_now().await;
    }
    assert_eq!(roster(&other).await.workers, 2);
    assert!(!writes.is_finished());
    writes.abort();
}

#[tokio::test]
async fn a_session_that_writes_may_not_be_idle_for_long() {
    let Some(database) = Database::new() else {
        return;
    };
    for (set, holds) in [("0", "15s"), ("'1min'", "15s"), ("'2s'", "2s")] {
        database.sql(&format!(
            "ALTER DATABASE {} SET idle_in_transaction_session_timeout = {set}",
            database.name
        ));
        let store = database.open().await;
        store.take_over(at(0)).await.unwrap();
        database.sql(
            "CREATE TABLE IF NOT EXISTS seen (setting text); TRUNCATE seen;
             CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 INSERT INTO seen VALUES (current_setting('idle_in_transaction_session_timeout'));
                 RETURN NULL;
             END $$;
             CREATE OR REPLACE TRIGGER look AFTER UPDATE ON runner FOR EACH STATEMENT EXECUTE FUNCTION look()",
        );
        store.publish("{}").await.unwrap();
        assert_eq!(database.sql("SELECT setting FROM seen"), holds, "{set}");
    }
}

/// It has until its lease is over to come back, as if it had only been slow.
#[tokio::test]
async fn a_worker_whose_connections_were_lost_goes_on() {
    let Some(database) = Database::new() else {
        return;
    };
    let worker = database.worker().await;
    let campaign = pool(&worker, "promo", 1, 2).await;
    roster(&worker).await;
    let lane = opened(&worker, 1, 0).await.unwrap();
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    assert_eq!(worker.news().await.unwrap(), BTreeSet::new());
    commit(&worker, 1, vec![journal(&lane, campaign, 0)]).await;
    assert_eq!(roster(&worker).await.sessions, [named(0)].into());
}
