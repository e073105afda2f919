//! Limits above the account, by the simulator's ledger: a campaign's own over both of its accounts, the server's, and the installation's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use waha_simulator::ledger::Fate;
use world::{World, start};

const SECOND: &str = "6281200000002";
const BOTH: [&str; 5] = ["--session", "default", "--session", "kedua", "--no-wait"];

async fn two_accounts() -> World {
    let world = World::start(World::usual(1).session("kedua", SECOND)).await;
    world.list(20);
    world
}

fn received(world: &World) -> usize {
    let ledger = world.simulator.ledger();
    let received = ledger.entries();
    received
        .filter(|entry| entry.fate() == Fate::Received)
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installation_and_the_server_keep_a_cap_over_both_accounts() {
    let world = two_accounts().await;
    let shown = world.run(&["set-limit", "--installation"]).await.expect(0);
    shown.says("the whole installation").says("none");
    let cap = ["set-limit", "--installation", "--per-day", "6"];
    world.run(&cap).await.expect(0).says("6 a day");
    // 6 of 20 today, whichever account sends them.
    let first = start("list.csv", "promo", &BOTH);
    let waits = world.run(&first).await.expect(7);
    waits.says("the limit of the whole installation is reached");
    assert_eq!(received(&world), 6);

    // The server's is the next to be reached, by the name that its address gives it.
    let none = ["set-limit", "--installation", "--per-day", "none"];
    world.run(&none).await.expect(0).says("none");
    let cap = ["set-limit", "--server", "--per-day", "3", "--json"];
    let set = world.run(&cap).await.json();
    assert_eq!(set["sends_per_day_max"], 3);
    let resumed = world.run(&["resume", "promo", "--no-wait"]).await.expect(7);
    resumed.says("the limit of the server 127.0.0.1:");
    assert_eq!(received(&world), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_keeps_its_own_limit_and_others_go_on() {
    let world = two_accounts().await;
    let planned = ["set-limit", "--campaign", "promo", "--per-day", "4"];
    world.run(&planned).await.expect(3).says("promo");
    world
        .run(&["set-limit", "--installation", "--per-day", "2"])
        .await
        .expect(0);
    world
        .run(&start("list.csv", "promo", &BOTH))
        .await
        .expect(7);
    assert_eq!(received(&world), 2);
    world
        .run(&planned)
        .await
        .expect(0)
        .says("over all its accounts");
    let free = ["set-limit", "--installation", "--per-day", "none"];
    world.run(&free).await.expect(0);
    let resumed = world.run(&["resume", "promo", "--no-wait"]).await.expect(7);
    resumed.says("the limit of this campaign is reached");
    // Those of before the limit was set are not counted in it.
    assert_eq!(received(&world), 6);
    let mut other = start("list.csv", "lain", &BOTH);
    other[5] = "Hai {{nama}}";
    world.run(&other).await.expect(0);
    assert_eq!(received(&world), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_knows_the_limits_above_the_account() {
    let world = two_accounts().await;
    let cap = ["set-limit", "--installation", "--per-day", "5"];
    world.run(&cap).await.expect(0);
    let mut plan = start("list.csv", "promo", &[]);
    plan[0] = "plan";
    let plan: Vec<&str> = plan.into_iter().filter(|it| *it != "promo").collect();
    let plan: Vec<&str> = plan
        .into_iter()
        .filter(|it| !["--name", "--yes"].contains(it))
        .collect();
    let planned = world.run(&plan).await.expect(0);
    let planned = planned.says("a limit above the account takes most of it");
    planned.says("without limits above the account it would end at");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_an_account_has_is_refused_with_the_way_out() {
    let world = two_accounts().await;
    for (option, value) in [("--gap", "2s..4s"), ("--warm-up", "20+50%")] {
        let wrong = ["set-limit", "--installation", option, value];
        let refused = world.run(&wrong).await.expect(2);
        refused.says(option).says("--per-day and --window");
    }
    let wrong = ["set-limit", "--installation", "--window", "x"];
    world.run(&wrong).await.expect(2).says("30/1m");
    let both = ["set-limit", "--installation", "--session", "default"];
    world.run(&both).await.expect(2);
}
