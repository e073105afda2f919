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
