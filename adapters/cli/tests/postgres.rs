//! The database on a PostgreSQL server: named by a URL, with a password that nobody sees.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

#[path = "../../sql-store/tests/cluster/mod.rs"]
mod cluster;
mod world;

use cluster::cluster;
use world::{World, bare, ran, start};

const PASSWORD: &str = "s3cr3t";

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_goes_out_once_from_a_database_on_a_server() {
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let url = cluster.url(&name);
    let mut world = World::start(World::usual(1)).await;
    world.keep_in(&url);
    world.list(8);
    let words = start("list.csv", "promo", &[]);
    world.run(&words).await.expect(0);
    world.run(&words).await.expect(0);
    let received = world.received();
    assert_eq!(received.len(), 8);
    assert!(received.values().all(|times| *times == 1), "{received:?}");
    let status = world.run(&["status", "promo", "--json"]).await.expect(0);
    assert_eq!(status.json()["campaigns"][0]["deliveries"], 8);
    assert_eq!(
        cluster.sql(
            &name,
            "SELECT count(*) FROM delivery WHERE state BETWEEN 3 AND 7"
        ),
        "8"
    );
    let plan = ["plan", "list.csv", "--template", "Halo"];
    world.run(&plan).await.expect(0);
    world
        .run(&["backup", "copy.sqlite"])
        .await
        .expect(3)
        .says("pg_dump");
    cluster.remove(&name);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_campaigns_are_pruned_on_a_server_as_in_a_file() {
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let mut world = World::start(World::usual(1)).await;
    world.keep_in(&cluster.url(&name));
    world.list(8);
    world.run(&start("list.csv", "lama", &[])).await.expect(0);
    world
        .run(&["prune", "--yes"])
        .await
        .expect(0)
        .says("nothing to prune");
    cluster.sql(
        &name,
        "UPDATE delivery SET changed_at = changed_at - 200 * 86400000000;
         UPDATE campaign SET created_at = created_at - 200 * 86400000000",
    );
    let dry = world.run(&["prune", "--dry-run", "--json"]).await.expect(0);
    assert_eq!(dry.json()["campaigns"][0]["deliveries"], 8);
    world
        .run(&["prune", "--yes"])
        .await
        .expect(0)
        .says("8 recipients taken out of 1 campaign")
        .says("freed");
    assert_eq!(cluster.sql(&name, "SELECT count(*) FROM delivery"), "0");
    let status = ["status", "lama", "--json"];
    let status = world.run(&status).await.expect(0).json();
    assert_eq!(status["campaigns"][0]["deliveries"], 8);
    cluster.remove(&name);
}

/// The checks of the doctor, by name: their marks and what they say.
async fn looked_over(world: &World) -> serde_json::Value {
    let ran = world.run(&["doctor", "--thorough", "--json"]).await;
    let checks = ran.json()["checks"].as_array().unwrap().clone();
    let named = checks
        .into_iter()
        .map(|check| (check["check"].as_str().unwrap().to_owned(), check));
    serde_json::Value::Object(named.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_looks_at_a_database_on_a_server_and_makes_nothing() {
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let mut world = World::start(World::usual(1)).await;
    world.keep_in(&cluster.url(&name));
    world.list(3);
    let empty = looked_over(&world).await;
    assert_eq!(empty["database"]["mark"], "ok");
    world
        .run(&["status"])
        .await
        .expect(3)
        .says("there is no database");
    world.run(&["prune", "--yes"]).await.expect(3);
    let plan = ["plan", "list.csv", "--template", "Halo"];
    world.run(&plan).await.expect(0);
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(cluster.sql(&name, tables), "0");

    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    let held = r#"UPDATE lane SET hold = '"restricted"', hold_until = 4102444800000000, hold_told = '{"elapsed":0,"wall":"2026-01-01T00:00:00Z","boot":0}'"#;
    cluster.sql(&name, held);
    let full = looked_over(&world).await;
    let holds = full["database"]["message"].as_str().unwrap();
    assert!(holds.contains("1 campaigns, 3 deliveries"), "{holds}");
    assert_eq!(full["schema"]["mark"], "ok");
    assert_eq!(full["runner"]["message"], "nobody sends at this moment");
    assert_eq!(full["hold"]["mark"], "warning");
    let pages = full["integrity"]["message"].as_str().unwrap();
    assert!(pages.contains("pg_amcheck"), "{pages}");
    // The cluster of these tests does not wait for its disk.
    assert_eq!(full["durability"]["mark"], "warning");
    assert!(full["doubts"]["message"].as_str().unwrap().contains("ids"));
    cluster.remove(&name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_moves_to_a_server_and_goes_on_there() {
    let Some(cluster) = cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let url = cluster.url(&name);
    let mut world = World::start(World::usual(1)).await;
    world.list(8);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    let add = ["suppress", "add", "081299999999"];
    world.run(&add).await.expect(0);
    let moved = world.run(&["migrate", "--to", &url, "--json"]).await;
    let moved = moved.expect(0).json();
    assert_eq!(
        (&moved["campaigns"], &moved["deliveries"]),
        (&1.into(), &8.into())
    );
    world
        .run(&["migrate", "--to", &url])
        .await
        .expect(0)
        .says("had arrived")
        .says("From now on")
        .says(&url);

    // The file tells of what was, and takes nothing more.
    world
        .run(&["status", "promo"])
        .await
        .expect(0)
        .says("was moved to");
    let again = start("list.csv", "lain", &["--again"]);
    world.run(&again).await.expect(3).says("was moved to");
    world.run(&add).await.expect(3);
    let checks = looked_over(&world).await;
    assert_eq!(checks["database"]["mark"], "problem");

    world.keep_in(&url);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    world.run(&again).await.expect(0);
    let received = world.received();
    assert!(received.values().all(|times| *times == 2), "{received:?}");
    let list = world.run(&["suppress", "list", "--json"]).await.expect(0);
    assert!(list.stdout.contains("6281299999999"), "{}", list.stdout);
    world
        .run(&["migrate", "--to", &url])
        .await
        .expect(2)
        .says("on a server already");
    cluster.remove(&name);
}

#[tokio::test]
async fn where_to_move_is_a_server_without_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let with_password = format!("postgres://app:{PASSWORD}@127.0.0.1:9/campaigns");
    for (to, word) in [
        (with_password.as_str(), "WAHA_CAMPAIGN_DB_PASSWORD"),
        ("other.sqlite", "PostgreSQL server"),
    ] {
        let words = ["migrate", "--db", "test.sqlite", "--to", to];
        let refused = ran(bare(folder.path(), &words)).await.expect(2).says(word);
        assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
    }
}

#[tokio::test]
async fn a_password_on_the_command_line_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let with_password = format!("postgres://app:{PASSWORD}@127.0.0.1:9/campaigns");
    let refused = ran(bare(folder.path(), &["status", "--db", &with_password])).await;
    let refused = refused.expect(2).says("WAHA_CAMPAIGN_DB_PASSWORD");
    assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
    let settings = format!("db = \"{with_password}\"");
    std::fs::write(folder.path().join("waha-campaign.toml"), settings).unwrap();
    let refused = ran(bare(folder.path(), &["status"])).await.expect(2);
    assert!(!refused.stderr.contains(PASSWORD), "{}", refused.stderr);
}

#[tokio::test]
async fn a_password_from_the_environment_or_a_file_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://app@127.0.0.1:9/campaigns";
    let words = ["config", "--json", "--db", url];
    let mut by_environment = bare(folder.path(), &words);
    by_environment.env("WAHA_CAMPAIGN_DB_PASSWORD", PASSWORD);
    let shown = ran(by_environment).await.expect(0);
    assert!(shown.stdout.contains(url) && !shown.stdout.contains(PASSWORD));
    std::fs::write(folder.path().join("password"), PASSWORD).unwrap();
    let words = ["status", "--db", url, "--db-password-file", "password"];
    let failed = ran(bare(folder.path(), &words)).await.expect(1);
    assert!(!failed.stderr.contains(PASSWORD), "{}", failed.stderr);
}
