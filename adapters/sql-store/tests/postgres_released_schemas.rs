//! Databases of every schema that a server has: they open, nothing in them is lost, and what newer tables hold is found out from the older ones.
//!
//! `fixtures/README.md` tells how one is made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;
mod scene;

use std::path::{Path, PathBuf};

use campaign_core::campaign::{CampaignState, Definition, Sessions};
use campaign_core::delivery::{Doubt, Happening};
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{LaneRecord, Store, Workers};
use cluster::{Cluster, cluster};
use scene::*;
use sql_store::{Options, PostgresStore};

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/fixtures/postgres-schema-{version}.sql"))
}

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

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    fn schema(&self) -> u32 {
        let version = self.sql("SELECT version FROM waha_campaign_schema");
        version.parse().unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

#[tokio::test]
#[ignore = "makes a fixture: see fixtures/README.md"]
async fn make_the_fixture_of_this_schema() {
    let database = Database::new().expect("PostgreSQL is needed");
    fill(&database.open().await).await;
    let to = fixture(database.schema());
    assert!(!to.exists(), "{} is there already", to.display());
    database.cluster.dump(&database.name, &to);
    // Older versions of psql have no such commands.
    let dump = std::fs::read_to_string(&to).unwrap();
    let lines = dump.lines();
    let lines = lines.filter(|it| !it.starts_with("\\restrict") && !it.starts_with("\\unrestrict"));
    let dump: String = lines.map(|line| format!("{line}\n")).collect();
    std::fs::write(&to, dump).unwrap();
}

/// Tables, columns, indices and constraints as PostgreSQL describes them.
fn definitions(database: &Database) -> String {
    database.sql(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS it
         FROM information_schema.columns WHERE table_schema = 'public'
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
         UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace
         ORDER BY it",
    )
}

/// Everything that a row of the report and a counter say, in one text.
fn standing(database: &Database) -> Vec<String> {
    let said = [
        "SELECT name, state, rejected, created_at, definition FROM campaign ORDER BY id",
        "SELECT campaign, state, reason, n FROM campaign_count WHERE n > 0 ORDER BY campaign, state, reason",
        "SELECT * FROM delivery ORDER BY id",
        "SELECT * FROM attempt ORDER BY seq",
        "SELECT delivery, next_look, restoration, looks, missing FROM doubt ORDER BY delivery",
        "SELECT * FROM lane ORDER BY id",
    ];
    said.map(|sql| database.sql(sql)).to_vec()
}

fn newest(database: &Database) -> (u32, String) {
    (database.schema(), definitions(database))
}

#[tokio::test]
async fn every_schema_that_servers_have_is_brought_over_whole() {
    let Some(new) = Database::new() else { return };
    new.open().await;
    let (newest, expected) = newest(&new);
    for version in 1..=newest {
        let fixture = fixture(version);
        if version == newest && !fixture.exists() {
            // It gets one when it is released, with the next migration at the latest.
            continue;
        }
        let Some(database) = Database::new() else {
            return;
        };
        database.cluster.read_dump(&database.name, &fixture);
        assert_eq!(database.schema(), version);
        let before = standing(&database);
        assert!(before.iter().all(|rows| !rows.is_empty()), "{before:?}");
        let store = database.open().await;
        assert_eq!(database.schema(), newest);
        assert_eq!(definitions(&database), expected, "schema {version}");
        assert_eq!(standing(&database), before, "schema {version}");
        is_ready_for_workers(&database, &store).await;
    }
}

/// The sessions of all campaigns are there, and each doubt goes by the lane that its message may have gone from.
async fn is_ready_for_workers(database: &Database, store: &PostgresStore) {
    let sessions = "SELECT string_agg(name, ',' ORDER BY name) FROM session WHERE worker IS NULL";
    assert_eq!(database.sql(sessions), "default,gudang,toko");
    let lanes = "SELECT c.name || ' ' || coalesce(l.session, 'nobody') || ' ' || count(*)
         FROM doubt u JOIN campaign c ON c.id = u.delivery >> 32 LEFT JOIN lane l ON l.id = u.lane
         GROUP BY c.name, l.session ORDER BY 1";
    let expected = ["promo nobody 3", "tagihan default 5"];
    assert_eq!(database.sql(lanes), expected.join("\n"));
    assert!(store.join(at(100)).await.unwrap().is_restored);
    assert_eq!(store.renew(&[]).await.unwrap().sessions.len(), 3);
    assert_eq!(database.sql(lanes), expected.join("\n"));
}

/// Three campaigns, one of them over two sessions; the database was restored after some of it was sent.
async fn fill(store: &PostgresStore) {
    store.take_over(at(0)).await.unwrap();
    let lane = lane(store).await;
    let alone = running(store, "tagihan", 6).await;
    let sent = |ordinal| journal(&lane, alone, ordinal);
    commit(store, 1, vec![sent(0), sent(1), sent(2)]).await;
    let ended = vec![
        accepted(alone, 0),
        happened(alone, 1, Happening::MaybeSent(Doubt::NoAnswer)),
    ];
    commit(store, 2, ended).await;

    let pool = pool(store).await;
    let second = second_lane(store).await;
    commit(store, 3, vec![journal(&second, pool, 0)]).await;
    commit(store, 4, vec![accepted(pool, 0)]).await;
    settled(store, "lama", 2, 5).await;
    store.step_down().await.unwrap();
    store.mark_restored().await.unwrap();
    let taken = store.take_over(at(60)).await.unwrap();
    assert!(taken.is_restored);
    store.step_down().await.unwrap();
}

async fn pool(store: &PostgresStore) -> campaign_core::delivery::CampaignId {
    let definition = Definition {
        sessions: Sessions::new(["toko", "gudang"].map(Session::new)).unwrap(),
        ..definition("promo")
    };
    let columns = ["nama".into()];
    let campaign = store.create(&definition, &columns, now(0)).await.unwrap();
    store.import(campaign, recipients(0..4), 0).await.unwrap();
    store.freeze(campaign, at(0)).await.unwrap();
    use CampaignState::{Frozen, Running};
    commit(store, 0, vec![moved(campaign, Frozen, Running)]).await;
    campaign
}

async fn second_lane(store: &PostgresStore) -> LaneRecord {
    let account = Account(phone(999_998));
    let limits = LaneLimits::unpaced(64);
    let opened = store.lane(account, &Session::new("gudang"), &limits).await;
    opened.unwrap()
}
