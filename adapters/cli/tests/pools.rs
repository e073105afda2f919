//! A campaign from two accounts, by the simulator's ledger: nobody gets it twice, everybody stays with the account that they know, and an
//! account that is away keeps only its own people waiting.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;

use waha_simulator::Status;
use waha_simulator::ledger::Fate;
use world::{World, start};

const SECOND: &str = "6281200000002";
const BOTH: [&str; 4] = ["--session", "default", "--session", "kedua"];

async fn two_accounts() -> World {
    let world = World::start(World::usual(1).session("kedua", SECOND)).await;
    world.list(20);
    world
}

/// Which session each chat received a text from.
fn senders(world: &World, skipped: usize) -> BTreeMap<String, String> {
    let ledger = world.simulator.ledger();
    let received = ledger.entries().skip(skipped);
    let received = received.filter(|entry| entry.fate() == Fate::Received);
    let mut senders = BTreeMap::new();
    for entry in received {
        let twice = senders.insert(entry.chat(), entry.session().to_owned());
        assert_eq!(twice, None, "{} got it twice", entry.chat());
    }
    senders
}

fn counts(senders: &BTreeMap<String, String>) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for session in senders.values() {
        *counts.entry(session.as_str()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn two_accounts_share_a_campaign_and_keep_their_people_in_the_next() {
    let world = two_accounts().await;
    let mut first = start("list.csv", "promo", &BOTH);
    first[9] = "10";
    // Ten a day each.
    world.run(&first).await.expect(0);
    let status = world.run(&["status", "promo"]).await.expect(0);
    status.says("from +6281200000001: 10");
    let shared = senders(&world, 0);
    assert_eq!(counts(&shared), [("default", 10), ("kedua", 10)].into());
    let report = world.run(&["report", "promo"]).await;
    assert_eq!(report.code, 0, "{report:?}");
    let report = std::fs::read_to_string(world.path("promo.report.csv")).unwrap();
    let header = report.lines().next().unwrap();
    assert!(header.ends_with("message,account"), "{header}");
    let of_second = report.lines().filter(|line| line.contains(SECOND));
    assert_eq!(of_second.count(), 10, "{report}");
    let status = world.run(&["status", "promo", "--json"]).await.json();
    let campaign = &status["campaigns"][0];
    assert_eq!(
        campaign["sessions"],
        serde_json::json!(["default", "kedua"])
    );
    assert_eq!(campaign["accounts"].as_object().unwrap().len(), 2);

    // Other sessions are another campaign; the same ones in one option are not.
    let other = start("list.csv", "promo", &["--session", "default"]);
    world.run(&other).await.expect(3).says("session");
    let twice = start("list.csv", "lain", &["--session", "kedua,kedua"]);
    world.run(&twice).await.expect(3).says("twice");

    let so_far = world.simulator.ledger().len();
    let mut next = start(
        "list.csv",
        "lagi",
        &["--session", "default,kedua", "--again"],
    );
    next[5] = "Hai {{nama}}";
    world.run(&next).await.expect(0);
    assert_eq!(senders(&world, so_far), shared);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_people_of_an_account_that_is_away_wait_or_move() {
    let world = two_accounts().await;
    let mut first = start("list.csv", "promo", &BOTH);
    first[9] = "10";
    world.run(&first).await.expect(0);
    let shared = senders(&world, 0);
    world.simulator.force("kedua", Status::Stopped).unwrap();
    let so_far = world.simulator.ledger().len();
    let waits = [&BOTH[..], &["--again", "--no-wait"]].concat();
    let mut next = start("list.csv", "lagi", &waits);
    next[5] = "Hai {{nama}}";
    world.run(&next).await.expect(7);
    let sent = senders(&world, so_far);
    assert_eq!(counts(&sent), [("default", 10)].into());
    assert!(sent.keys().all(|chat| shared[chat] == "default"));

    let moves = [&BOTH[..], &["--again", "--if-held", "move-after=2m"]].concat();
    let mut last = start("list.csv", "pindah", &moves);
    last[5] = "Selamat {{nama}}";
    let so_far = world.simulator.ledger().len();
    world.run(&["cancel", "lagi"]).await.expect(0);
    world.run(&last).await.expect(0);
    assert_eq!(counts(&senders(&world, so_far)), [("default", 20)].into());
    let wrong = start("list.csv", "x", &["--if-held", "flee"]);
    world.run(&wrong).await.expect(2).says("move-after=30m");
}
