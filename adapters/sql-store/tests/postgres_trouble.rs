//! A PostgreSQL that does not do what it is asked while a campaign runs: what passes by itself is tried again unseen, the rest is told with what
//! to do about it, and once the cause is gone everybody gets it once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod cluster;
mod play;
mod scene;

use std::time::Duration;

use campaign_core::store::{Store, StoreError};
use cluster::{Cluster, cluster};
use play::{Done, Player};
use sql_store::{Options, PostgresStore};
use tokio_postgres::NoTls;

const PEOPLE: u64 = 16;
/// A transaction is tried five times in all.
const TRIES: u32 = 5;

/// A database that is removed with the test.
struct Database<'a> {
    cluster: &'a Cluster,
    name: String,
}

impl<'a> Database<'a> {
    fn of(cluster: &'a Cluster) -> Self {
        let name = cluster.new_name();
        cluster.create(&name);
        Self { cluster, name }
    }

    async fn open(&self) -> PostgresStore {
        let url = self.cluster.url(&self.name);
        PostgresStore::open(&url, Options::default()).await.unwrap()
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    /// The next so many writes of deliveries do this, and no others.
    fn breaks(&self, times: u32, how: &str) {
        // A sequence counts on also where a transaction is rolled back.
        self.sql(&format!(
            "DROP SEQUENCE IF EXISTS broken; CREATE SEQUENCE broken;
             CREATE OR REPLACE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('broken') <= {times} THEN {how} END IF;
                 RETURN NULL;
             END $$;
             DROP TRIGGER IF EXISTS break ON delivery;
             CREATE TRIGGER break AFTER UPDATE ON delivery FOR EACH STATEMENT EXECUTE FUNCTION break()"
        ));
    }

    /// Settings that whoever connects from now on has; who is connected is sent away.
    fn set(&self, setting: &str) {
        self.sql(&format!("ALTER DATABASE {} {setting}", self.name));
        self.send_away();
    }

    fn send_away(&self) {
        self.cluster.sql(
            "postgres",
            &format!(
                "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE datname = '{}'",
                self.name
            ),
        );
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        self.cluster.remove(&self.name);
    }
}

/// A campaign some messages in.
async fn under_way(store: &PostgresStore) -> Player<'_, PostgresStore> {
    play::start(store, PEOPLE).await;
    let player = Player::begin(store, 1, Duration::ZERO, 3).await;
    let mut player = player.unwrap();
    while player.gateway.received().len() < 5 {
        assert_ne!(player.turn().await.unwrap(), Done::All);
    }
    player
}

/// Goes on until the store has refused something; what it said.
async fn refused(player: &mut Player<'_, PostgresStore>) -> String {
    while player.failures.is_empty() {
        assert_ne!(
            player.turn().await.unwrap(),
            Done::All,
            "nothing was refused"
        );
    }
    told(player)
}

fn told(player: &Player<'_, PostgresStore>) -> String {
    let failures = player.failures.iter();
    let told: Vec<String> = failures.map(StoreError::to_string).collect();
    told.join("; ")
}

async fn goes_on_to_the_end(player: &mut Player<'_, PostgresStore>) {
    player.go_on().await.unwrap();
    let end = play::end(player.store, &player.gateway, PEOPLE).await;
    assert!(end.is_once(), "{end:?}");
}

fn raise(code: &str, message: &str) -> String {
    format!("RAISE EXCEPTION '{message}' USING ERRCODE = '{code}';")
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_unseen() {
    let Some(cluster) = cluster() else { return };
    let table = [
        ("deadlock", raise("40P01", "deadlock detected")),
        (
            "serialization",
            raise("40001", "could not serialize access"),
        ),
        (
            "connection ended",
            "PERFORM pg_terminate_backend(pg_backend_pid());".to_owned(),
        ),
    ];
    for (what, how) in table {
        let database = Database::of(cluster);
        let store = database.open().await;
        let mut player = under_way(&store).await;
        database.breaks(TRIES - 1, &how);
        goes_on_to_the_end(&mut player).await;
        assert!(player.failures.is_empty(), "{what}: {}", told(&player));
        let tried = database.sql("SELECT last_value FROM broken").parse::<u32>();
        assert!(tried.unwrap() > TRIES, "{what}: it was not tried again");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_told_with_what_to_do_and_once_it_has_passed_everybody_gets_it_once()
{
    let Some(cluster) = cluster() else { return };
    let table = [
        (
            raise("53100", "could not extend file"),
            "the disk of PostgreSQL is full, free some space: could not extend file",
        ),
        (
            raise("53200", "out of memory"),
            "PostgreSQL has not enough of something",
        ),
        (raise("40P01", "deadlock detected"), "deadlock detected"),
        (
            raise("40001", "could not serialize access"),
            "could not serialize access",
        ),
        (
            raise("58030", "could not write to file"),
            "could not write to file",
        ),
        (
            raise("XX001", "invalid page in block 7"),
            "the database is damaged, restore a backup",
        ),
        (
            raise("23505", "duplicate key value"),
            "the database contradicts itself, restore a backup",
        ),
        // Really cancelled, as by an operator or a statement_timeout.
        (
            "PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(60);".to_owned(),
            "look at its statement_timeout",
        ),
        (
            "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60);".to_owned(),
            "PostgreSQL is being stopped or started",
        ),
    ];
    for (how, what_to_do) in table {
        let database = Database::of(cluster);
        let store = database.open().await;
        let mut player = under_way(&store).await;
        database.breaks(3 * TRIES, &how);
        goes_on_to_the_end(&mut player).await;
        assert!(player.failures.len() >= 3, "{how}: {}", told(&player));
        for failure in &player.failures {
            let said = failure.to_string();
            assert!(said.contains(what_to_do), "{how}: {said}");
        }
    }
}

#[tokio::test]
async fn a_database_that_takes_no_changes_says_so_and_goes_on_when_it_takes_them_again() {
    let Some(cluster) = cluster() else { return };
    let database = Database::of(cluster);
    let store = database.open().await;
    let mut player = under_way(&store).await;
    database.set("SET default_transaction_read_only = on");
    let said = refused(&mut player).await;
    assert!(
        said.contains("connect to the primary, or look at default_transaction_read_only"),
        "{said}"
    );
    // Connections that were made meanwhile stay as they are: they are given up by who has them.
    database.cluster.sql(
        "postgres",
        &format!(
            "ALTER DATABASE {} RESET default_transaction_read_only",
            database.name
        ),
    );
    goes_on_to_the_end(&mut player).await;
}

#[tokio::test]
async fn where_no_connection_is_free_that_is_said_and_waited_for() {
    let Some(cluster) = cluster() else { return };
    let database = Database::of(cluster);
    let user = format!("{}_user", database.name);
    database.sql(&format!(
        "CREATE ROLE {user} LOGIN; ALTER DATABASE {} OWNER TO {user}",
        database.name
    ));
    let url = cluster.url(&database.name);
    let url = url.replace("user=campaign", &format!("user={user}"));
    let store = PostgresStore::open(&url, Options::default()).await.unwrap();
    let mut player = under_way(&store).await;
    database.sql(&format!("ALTER ROLE {user} CONNECTION LIMIT 0"));
    database.send_away();
    let said = refused(&mut player).await;
    assert!(
        said.contains("has not enough of something, such as connections"),
        "{said}"
    );
    database.sql(&format!("ALTER ROLE {user} CONNECTION LIMIT -1"));
    goes_on_to_the_end(&mut player).await;
}

#[tokio::test]
async fn a_server_that_is_stopped_and_started_under_way_loses_nobody() {
    if cluster().is_none() {
        return;
    }
    let cluster = Cluster::start("", |_| {}).unwrap();
    for how in ["fast", "immediate"] {
        let database = Database::of(&cluster);
        let store = database.open().await;
        let mut player = under_way(&store).await;
        cluster.stop(how);
        let said = refused(&mut player).await;
        let is_told = said.contains("PostgreSQL is being stopped")
            || said.contains("connection to PostgreSQL was lost")
            || said.contains("PostgreSQL cannot be reached");
        assert!(is_told, "{how}: {said}");
        cluster.run();
        goes_on_to_the_end(&mut player).await;
    }
}

/// A server may end sessions that have nothing to say. The one that holds the runner's lock says nothing for as long as it runs.
#[tokio::test]
async fn the_runner_s_lock_outlasts_a_limit_on_idle_sessions() {
    let Some(cluster) = cluster() else { return };
    let database = Database::of(cluster);
    database.sql(&format!(
        "ALTER DATABASE {} SET idle_session_timeout = '200ms'",
        database.name
    ));
    let store = database.open().await;
    store.take_over(scene::at(0)).await.unwrap();
    // One that begins to be idle after it, and does not ask to be let be.
    let url = cluster.url(&database.name);
    let (_client, witness) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let ended = witness.await.unwrap_err();
    assert_eq!(ended.code().unwrap().code(), "57P05");
    let held = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = '{}')",
        database.name
    );
    assert_eq!(cluster.sql("postgres", &held), "1");
}

#[tokio::test]
async fn a_runner_whose_lock_was_lost_takes_it_again() {
    let Some(cluster) = cluster() else { return };
    let database = Database::of(cluster);
    let store = database.open().await;
    let mut player = under_way(&store).await;
    database.send_away();
    goes_on_to_the_end(&mut player).await;
    let other = database.open().await;
    let refused = other.take_over(scene::at(9)).await;
    assert!(
        matches!(refused, Err(StoreError::RunnerBusy { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_runner_that_was_replaced_while_its_connection_was_lost_sends_nothing_more() {
    let Some(cluster) = cluster() else { return };
    let database = Database::of(cluster);
    let (store, other) = (database.open().await, database.open().await);
    let mut player = under_way(&store).await;
    database.send_away();
    other.take_over(scene::at(60)).await.unwrap();
    let said = refused(&mut player).await;
    assert!(
        said.contains("is already sending from this database"),
        "{said}"
    );
    // What was on record before that goes out before it asks once more.
    while player.failures.len() < 3 {
        player.turn().await.unwrap();
    }
    let sent = player.gateway.sends();
    while player.failures.len() < 6 {
        assert_ne!(player.turn().await.unwrap(), Done::Send);
    }
    // What the other one left behind is found by whoever takes over next, and by nobody else.
    other.step_down().await.unwrap();
    let ended = loop {
        if let Err(error) = player.turn().await {
            break error;
        }
    };
    assert!(matches!(ended, StoreError::Unknown(_)), "{ended}");
    let later = player.elapsed() + Duration::from_secs(60);
    let mut next = Player::begin(&store, 1, later, 4).await.unwrap();
    let arrived: Vec<_> = sent.into_iter().map(|sent| sent.sending).collect();
    next.remembers(&arrived).await;
    goes_on_to_the_end(&mut next).await;
}
