//! What is PostgreSQL's own: whom it lets in, who holds the lock, what a dump leaves, and what an error tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::store::{CampaignQuery, Store, StoreError};
use cluster::{Cluster, cluster};
use jiff::Timestamp;
use sql_store::{Options, PostgresStore};

fn at(seconds: i64) -> Stamp {
    Stamp {
        elapsed: Elapsed::from_micros(seconds * 1_000_000),
        wall: Timestamp::from_second(1_770_000_000 + seconds).unwrap(),
        boot: BootId(1),
    }
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

    async fn open(&self) -> Result<PostgresStore, StoreError> {
        let url = self.cluster.url(&self.name);
        PostgresStore::open(&url, Options::default()).await
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

#[tokio::test]
async fn a_new_database_that_many_open_at_once_has_one_key() {
    let Some(database) = Database::new() else {
        return;
    };
    let (one, two, three, four) = tokio::join!(
        database.open(),
        database.open(),
        database.open(),
        database.open()
    );
    for store in [one, two, three, four] {
        store.unwrap();
    }
    assert_eq!(database.sql("SELECT count(*) FROM meta"), "1");
}

#[tokio::test]
async fn another_program_s_schema_is_refused_as_it_is() {
    let Some(database) = Database::new() else {
        return;
    };
    database.sql("CREATE TABLE contact (name text)");
    let refused = database.open().await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    let tables =
        "SELECT string_agg(relname, ',') FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.sql(tables), "contact");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let Some(database) = Database::new() else {
        return;
    };
    database.open().await.unwrap();
    database.sql("UPDATE waha_campaign_schema SET version = 99");
    let refused = database.open().await;
    assert!(
        matches!(refused, Err(StoreError::TooNew { found: 99, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_runner_s_lock_ends_with_its_connection() {
    let Some(database) = Database::new() else {
        return;
    };
    let first = database.open().await.unwrap();
    first.take_over(at(0)).await.unwrap();
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    let second = database.open().await.unwrap();
    second.take_over(at(1)).await.unwrap();
    let refused = first.take_over(at(2)).await;
    assert!(
        matches!(refused, Err(StoreError::RunnerBusy { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_database_says_so_when_it_is_marked_as_restored() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    assert!(!store.take_over(at(0)).await.unwrap().is_restored);
    let other = database.open().await.unwrap();
    let refused = other.mark_restored().await;
    assert!(
        matches!(refused, Err(StoreError::RunnerBusy { .. })),
        "{refused:?}"
    );
    store.step_down().await.unwrap();
    other.mark_restored().await.unwrap();
    assert!(store.take_over(at(1)).await.unwrap().is_restored);
    assert!(!store.take_over(at(2)).await.unwrap().is_restored);
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    store.campaigns(&CampaignQuery::All).await.unwrap();
    store.publish("{}").await.unwrap();
    database.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    store.campaigns(&CampaignQuery::All).await.unwrap();
    store.publish("{}").await.unwrap();
}

#[tokio::test]
async fn a_dump_that_was_read_back_in_place_is_recognised() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    assert!(!store.take_over(at(0)).await.unwrap().is_restored);
    drop(store);
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump.sql");
    database.cluster.dump(&database.name, &dump);
    database.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    database.cluster.read_dump(&database.name, &dump);
    let store = database.open().await.unwrap();
    assert!(store.take_over(at(1)).await.unwrap().is_restored);
    assert!(!store.take_over(at(2)).await.unwrap().is_restored);
}

#[tokio::test]
async fn a_database_that_was_tidied_up_is_no_copy() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    store.take_over(at(0)).await.unwrap();
    for tidying in [
        "VACUUM FULL",
        "VACUUM FREEZE",
        "CHECKPOINT",
        "REINDEX SCHEMA public",
    ] {
        database.sql(tidying);
    }
    assert!(!store.take_over(at(1)).await.unwrap().is_restored);
}

#[tokio::test]
async fn an_ordinary_user_who_owns_the_database_may_do_everything() {
    let Some(database) = Database::new() else {
        return;
    };
    let user = format!("{}_user", database.name);
    database.sql(&format!("CREATE ROLE {user} LOGIN"));
    database.sql(&format!("ALTER DATABASE {} OWNER TO {user}", database.name));
    let url = database.cluster.url(&database.name);
    let url = url.replace("user=campaign", &format!("user={user}"));
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    assert!(!store.take_over(at(0)).await.unwrap().is_restored);
    assert!(!store.take_over(at(1)).await.unwrap().is_restored);
    assert!(store.runner().await.unwrap().is_some());
    store.step_down().await.unwrap();
    store.mark_restored().await.unwrap();
    assert!(store.take_over(at(2)).await.unwrap().is_restored);
}

#[tokio::test]
async fn nobody_sends_through_a_session_that_is_shared_with_another_runner() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    // As one of a pooler is that gave it to the runner for a while.
    database.sql(&format!(
        "ALTER DATABASE {} SET waha_campaign.runs = 'true'",
        database.name
    ));
    let refused = store.take_over(at(0)).await;
    assert!(
        matches!(&refused, Err(StoreError::Refused(why)) if why.contains("pooler")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_password_is_told_to_nobody() {
    let secret = "s3cr3t";
    let urls = [
        format!("postgres://app:{secret}@127.0.0.1:1/campaigns"),
        format!("postgres://app:{secret}/x@127.0.0.1:{secret}/campaigns"),
        format!("postgres://app:{secret}@127.0.0.1/campaigns?sslmode=require"),
        format!("postgres://app:{secret}@127.0.0.1/campaigns?nothing={secret}"),
    ];
    for url in urls {
        let error = PostgresStore::open(&url, Options::default())
            .await
            .unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(!told.contains(secret), "{told}");
    }
}

#[tokio::test]
async fn an_error_says_what_the_server_said_and_what_to_do() {
    let Some(database) = Database::new() else {
        return;
    };
    let url = database.cluster.url(&database.name);
    let table = [
        (
            url.replace("user=campaign", "user=nobody"),
            "name and password",
            "\"nobody\"",
        ),
        (
            url.replace(&database.name, "nowhere"),
            "create it first",
            "\"nowhere\"",
        ),
    ];
    for (url, what_to_do, said) in table {
        let error = PostgresStore::open(&url, Options::default()).await;
        let told = error.unwrap_err().to_string();
        assert!(told.contains(what_to_do) && told.contains(said), "{told}");
    }
}

#[tokio::test]
async fn a_row_that_moves_is_written_without_an_index() {
    let Some(database) = Database::new() else {
        return;
    };
    database.open().await.unwrap();
    let indexes = "SELECT count(*) FROM pg_index WHERE indrelid = 'delivery'::regclass";
    assert_eq!(database.sql(indexes), "1", "its key");
    let narrow =
        "SELECT sum(attlen) FROM pg_attribute WHERE attrelid = 'delivery'::regclass AND attnum > 0";
    assert_eq!(database.sql(narrow), "40");
}

#[tokio::test]
async fn text_that_postgresql_does_not_take_fails_no_batch() {
    let Some(database) = Database::new() else {
        return;
    };
    let store = database.open().await.unwrap();
    store.take_over(at(0)).await.unwrap();
    store.publish("\"a\0b\"").await.unwrap();
    let word = store.runner().await.unwrap().unwrap().word;
    assert_eq!(word, "\"a\u{fffd}b\"");
}
