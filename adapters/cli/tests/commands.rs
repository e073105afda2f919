//! The real binary as an operator meets it: what it says, what it sends, how it exits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod world;

use std::time::Duration;

use serde_json::Value;
use waha_simulator::{Engine, Fault, FaultRates};
use world::{World, alone, bare, phone, ran, start};

async fn calm() -> World {
    World::start(World::usual(1)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_command_line_exits_2() {
    let good = b"nama,hp\nBudi,081234567890\n";
    for (arguments, words) in [
        (vec![], "Usage"),
        (vec!["sned"], "sned"),
        (vec!["plan", "x.csv"], "no message"),
        (
            vec!["plan", "x.csv", "--template", "a", "--template-file", "b"],
            "cannot be used with",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--gap", "4s..2s"],
            "gap",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--hours", "noon"],
            "hours",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--zone", "Asia/Bandung"],
            "Asia/Jakarta",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--region", "XX"],
            "region",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--window", "30"],
            "30/1m",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--at", "tomorrow"],
            "2026-11-22T08:00",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--button", "Bayar"],
            "Label=",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--limit", "0"],
            "limit",
        ),
        (
            vec!["plan", "x.csv", "--template", "a", "--config", "none.toml"],
            "none.toml",
        ),
        (vec!["status", "--clock-speed", "60"], "clock-origin"),
    ] {
        alone("x.csv", good, &arguments).await.expect(2).says(words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_has_it_once_however_often_it_is_started() {
    let world = calm().await;
    world.list(40);
    let first = world.run(&start("list.csv", "promo", &[])).await.expect(0);
    first.says("40 deliveries");
    assert_eq!(world.judge(40, "first"), 0);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    assert_eq!(
        world.simulator.ledger().len(),
        40,
        "the second start sends nothing"
    );

    let other = world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "Hai {{nama}}",
            "--yes",
        ])
        .await
        .expect(3);
    other
        .says("message: was text: Halo {{nama}}")
        .says("is now text: Hai {{nama}}");
    world.write("list.csv", "nama,no hp\nLain,081234567890\n");
    world
        .run(&start("list.csv", "promo", &[]))
        .await
        .expect(3)
        .says("file: was list.csv");
    assert_eq!(world.simulator.ledger().len(), 40);

    let status = world.run(&["status", "promo", "--json"]).await.expect(0);
    assert_eq!(status.json()["campaigns"][0]["state"], "settled");
    assert_eq!(status.json()["campaigns"][0]["deliveries"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_rejected_rows_and_deliveries_in_plan_status_and_report() {
    let world = calm().await;
    world.write(
        "list.csv",
        "nama;no hp;catatan\nBudi;0812-3456-7890;=1+1\nSiti;021-5550123;x\nBudi lagi;+62 812 3456 7890;y\n;081234567891;z\nEko;081234567892;\"dua\nbaris\"\n",
    );
    let plan = world
        .run(&[
            "plan",
            "list.csv",
            "--template",
            "Halo {{nama}}",
            "--missing",
            "skip",
            "--json",
        ])
        .await
        .expect(0);
    let plan = plan.json();
    assert_eq!(
        (
            &plan["rows"],
            &plan["rejected"],
            &plan["deliveries"],
            &plan["to_send"],
            &plan["skipped"]
        ),
        (&5.into(), &2.into(), &3.into(), &2.into(), &1.into())
    );
    assert_eq!(plan["rejected_by_reason"]["landline"], 1);
    assert_eq!(plan["rejected_by_reason"]["duplicate"], 1);
    assert_eq!(plan["previews"][0]["message"], "Halo Budi");
    assert!(plan["forecast"]["ends_at"].is_string());

    let ran = world
        .run(&start(
            "list.csv",
            "promo",
            &["--missing", "skip", "--json"],
        ))
        .await
        .expect(0);
    let campaign = &ran.json()["campaigns"][0];
    assert_eq!(
        (&campaign["rows"], &campaign["rejected"]),
        (&5.into(), &2.into())
    );
    assert_eq!(campaign["states"]["skipped"], 1);

    world
        .run(&["report", "promo"])
        .await
        .expect(0)
        .says("5 rows in promo.report.csv");
    let report = std::fs::read_to_string(world.path("promo.report.csv")).unwrap();
    let mut table = csv::Reader::from_reader(report.trim_start_matches('\u{feff}').as_bytes());
    let headers = table.headers().unwrap().clone();
    assert_eq!(
        headers.iter().take(5).collect::<Vec<_>>(),
        ["row", "nama", "no hp", "catatan", "state"]
    );
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let states: Vec<(&str, &str)> = rows.iter().map(|row| (&row[0], &row[4])).collect();
    assert_eq!(
        rows[0].get(3),
        Some("'=1+1"),
        "a formula is not one any more"
    );
    assert_eq!(rows[4].get(3), Some("dua\nbaris"));
    assert_eq!(
        states.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
        ["2", "3", "4", "5", "6"]
    );
    assert_eq!(
        (states[1].1, states[2].1, states[3].1),
        ("rejected", "rejected", "skipped")
    );
    assert!(
        ["sent", "delivered", "read"].contains(&states[0].1),
        "{states:?}"
    );

    let only = world
        .run(&["report", "promo", "--only", "skipped", "--json"])
        .await
        .expect(0);
    let lines: Vec<Value> = only
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["reason"], "missing_variable");
    assert_eq!(lines[0]["values"]["catatan"], "z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_lets_so_many_in_and_leaves_the_rest_unread() {
    let world = calm().await;
    world.write(
        "list.csv",
        "nama,no hp\nA,081234567890\nB,081234567890\nC,081234567891\nD,12\nE,081234567892\n",
    );
    let ran = world
        .run(&start("list.csv", "promo", &["--limit", "2", "--json"]))
        .await
        .expect(0);
    let campaign = &ran.json()["campaigns"][0];
    assert_eq!(
        (&campaign["deliveries"], &campaign["rejected"]),
        (&2.into(), &1.into())
    );
    assert_eq!(world.simulator.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_exit_5_and_a_retry_brings_them_back() {
    let world =
        World::start(World::usual(1).faults(FaultRates::none().with(Fault::AckError, 1.0))).await;
    world.list(3);
    world
        .run(&start("list.csv", "promo", &[]))
        .await
        .expect(5)
        .says("refused by WhatsApp");
    world.judge(3, "refused");
    world.simulator.faults().set(FaultRates::none());
    world
        .run(&["retry", "promo", "--reason", "never"])
        .await
        .expect(2);
    world
        .run(&["retry", "promo"])
        .await
        .expect(7)
        .says("3 done");
    world.run(&["resume", "promo"]).await.expect(0);
    assert_eq!(world.judge(3, "retried"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_decide_exits_6_and_is_decided() {
    // This engine sends under ids of its own, so that a look-up by ours proves nothing.
    let world = World::start(
        World::usual(1)
            .engine(Engine::Webjs)
            .faults(FaultRates::none().with(Fault::ErrorBefore, 1.0)),
    )
    .await;
    world.list(4);
    world
        .run(&start("list.csv", "promo", &[]))
        .await
        .expect(6)
        .says("unconfirmed list");
    let listed = world
        .run(&["unconfirmed", "list", "promo", "--json"])
        .await
        .expect(6);
    assert_eq!(listed.stdout.lines().count(), 4);

    let first = phone(0).to_string();
    world
        .run(&["unconfirmed", "confirm", "promo"])
        .await
        .expect(2)
        .says("--all");
    world
        .run(&["unconfirmed", "confirm", "promo", "--row", "99"])
        .await
        .expect(3)
        .says("row 99");
    world
        .run(&["unconfirmed", "confirm", "promo", "--phone", &first])
        .await
        .expect(0)
        .says("1 done");
    world
        .run(&["unconfirmed", "give-up", "promo", "--row", "3"])
        .await
        .expect(0)
        .says("1 done");
    world
        .run(&["unconfirmed", "resend", "promo", "--row", "4"])
        .await
        .expect(2)
        .says("twice");
    world
        .run(&["unconfirmed", "resend", "promo", "--row", "4", "--yes"])
        .await
        .expect(0)
        .says("1 done");
    world.simulator.faults().set(FaultRates::none());
    world.run(&["resume", "promo"]).await.expect(6);
    assert_eq!(
        world.received().len(),
        1,
        "only the one that was sent again"
    );
    world
        .run(&["unconfirmed", "refresh", "promo"])
        .await
        .expect(6)
        .says("1 still unconfirmed");
    world
        .run(&["unconfirmed", "give-up", "promo", "--all"])
        .await
        .expect(0);
    world
        .run(&["status", "promo"])
        .await
        .expect(0)
        .says("given up by you");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_ends_with_7_when_told_not_to_wait() {
    let world = calm().await;
    world.list(8);
    let capped = world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--gap",
            "none",
            "--per-day",
            "5",
            "--no-wait",
            "--yes",
        ])
        .await
        .expect(7);
    capped.says("the day's limit is reached");
    assert_eq!(world.simulator.ledger().len(), 5);
    world.run(&["resume", "--all", "--no-wait"]).await.expect(7);
    assert_eq!(world.simulator.ledger().len(), 5, "the cap holds over runs");

    let other_day = jiff::Zoned::now()
        .with_time_zone(jiff::tz::TimeZone::get("Asia/Jakarta").unwrap())
        .checked_add(jiff::Span::new().days(3))
        .unwrap()
        .strftime("%a 08:00-09:00")
        .to_string();
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "later",
            "--template",
            "b",
            "--hours",
            &other_day,
            "--no-wait",
            "--yes",
        ])
        .await
        .expect(7)
        .says("waits for its hours until");
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "past",
            "--template",
            "a",
            "--at",
            "2020-01-01T08:00",
            "--yes",
        ])
        .await
        .expect(3)
        .says("is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_without_a_runner_are_carried_out_and_send_nothing() {
    let world = calm().await;
    world.list(8);
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--per-day",
            "2",
            "--no-wait",
            "--yes",
            "--gap",
            "none",
        ])
        .await
        .expect(7);
    let sent = world.simulator.ledger().len();
    world
        .run(&["pause", "promo"])
        .await
        .expect(0)
        .says("promo is paused");
    world
        .run(&["resume", "--all", "--no-wait"])
        .await
        .expect(0)
        .says("paused, and left so");
    world
        .run(&["cancel", "promo"])
        .await
        .expect(0)
        .says("promo is cancelled");
    assert_eq!(
        world.in_state(10),
        6,
        "everybody who was waiting is cancelled"
    );
    world
        .run(&["resume", "promo"])
        .await
        .expect(3)
        .says("cancelled");
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--yes",
        ])
        .await
        .expect(3)
        .says("cancelled");
    assert_eq!(world.simulator.ledger().len(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fast_clock_meets_no_real_server() {
    let world = calm().await;
    world.list(1);
    let mut command = bare(
        world.folder.path(),
        &[
            "start",
            "list.csv",
            "--name",
            "x",
            "--template",
            "a",
            "--clock-speed",
            "60",
            "--clock-origin",
            "1",
        ],
    );
    command.env("WAHA_URL", "http://192.0.2.1:3000");
    ran(command).await.expect(2).says("not on this machine");
    assert!(world.simulator.ledger().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_come_from_a_file_beside_the_list_too() {
    let world = calm().await;
    world.list(2);
    world.write(
        "waha-campaign.toml",
        "gap = \"none\"\nper_day = \"1\"\nunknown = 3\n",
    );
    world.run(&["status"]).await.expect(2).says("unknown");
    world.write("waha-campaign.toml", "gap = \"none\"\nper_day = \"1\"\n");
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--no-wait",
            "--yes",
        ])
        .await
        .expect(7)
        .says("the day's limit is reached");
    // A flag comes first, and changes the limit that is on record.
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--no-wait",
            "--yes",
            "--per-day",
            "2",
        ])
        .await
        .expect(0);
    assert_eq!(world.simulator.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_ends_well_and_shows_the_ledgers_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let began = std::time::Instant::now();
    let demo = ran(bare(folder.path(), &["demo"])).await.expect(0);
    demo.says("0 people have it twice, 0 lost, 0 reported wrongly")
        .says("Left out:");
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert!(folder.path().join("demo-output/demo.report.csv").exists());
    let again = ran(bare(folder.path(), &["demo", "--json", "--seed", "7"]))
        .await
        .expect(0);
    assert_eq!(again.json()["twice"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_an_example_in_its_help() {
    let folder = tempfile::tempdir().unwrap();
    let mut waiting = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = waiting.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = ran(bare(folder.path(), &arguments)).await.expect(0).stdout;
        let name = path.join(" ");
        if path.is_empty() {
            for code in 0..=7 {
                assert!(help.contains(&format!("\n  {code}  ")), "{code}: {help}");
            }
        } else {
            let example = help
                .split_once("Example:")
                .map_or("", |(_, example)| example);
            let command = format!("waha-campaign {name}");
            assert!(example.contains(&command), "{name} has no example: {help}");
        }
        seen += 1;
        let below = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty());
        for line in below {
            let Some(next) = line
                .split_whitespace()
                .next()
                .filter(|next| *next != "help")
            else {
                continue;
            };
            // A description that goes on in the next line is indented further.
            if line.starts_with("  ") && !line.starts_with("   ") {
                let mut path = path.clone();
                path.push(next.to_owned());
                waiting.push(path);
            }
        }
    }
    assert!(seen > 30, "only {seen} commands were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn suppressed_numbers_are_left_out_and_the_list_is_kept() {
    let world = calm().await;
    let people = phone(0);
    let add = world
        .run(&["suppress", "add", &people.to_string(), "--source", "asked"])
        .await
        .expect(0);
    assert!(add.stdout.contains("suppression list now: 1"), "{add:?}");
    world.write("stop.csv", "nama,no hp\nSatu,6281310000001\nDua,x\n");
    let import = world
        .run(&["suppress", "import", "stop.csv", "--json"])
        .await;
    let told = import.json();
    assert_eq!((&told["added"], &told["rejected"]), (&1.into(), &1.into()));
    assert!(world.path("stop.rejects.csv").exists());
    world.list(3);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    let reported = world.reported();
    let skipped = reported.values().filter(|state| **state == 9).count();
    assert_eq!((reported.len(), skipped), (3, 2), "{reported:?}");
    let list = world.run(&["suppress", "list"]).await.expect(0);
    assert_eq!(list.stdout.lines().count(), 2, "{list:?}");
    assert!(list.stdout.contains("asked"), "{list:?}");
    let remove = ["suppress", "remove", &people.to_string(), "0815 1234 5678"];
    let remove = world.run(&remove).await.expect(0);
    assert!(remove.stdout.contains("1 not found"), "{remove:?}");
    let wrong = world
        .run(&["suppress", "add", "0813", &people.to_string()])
        .await;
    assert_eq!(wrong.code, 3, "{wrong:?}");
    let list = world.run(&["suppress", "list"]).await.expect(0);
    assert_eq!(
        list.stdout.lines().count(),
        1,
        "nothing of a wrong line is added: {list:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn config_shows_where_settings_come_from_and_never_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let settings = "gap = \"3s..6s\"\nsession = \"toko\"\n";
    std::fs::write(folder.path().join("waha-campaign.toml"), settings).unwrap();
    for is_json in [false, true] {
        let mut command = bare(folder.path(), &["config", "--db", "here.sqlite"]);
        command.args(is_json.then_some("--json"));
        command.env("WAHA_API_KEY", "very-secret");
        command.env("WAHA_CAMPAIGN_REGION", "MY");
        let ran = ran(command).await.expect(0);
        assert!(!ran.stdout.contains("secret"), "{ran:?}");
        if is_json {
            let told = ran.json();
            let origin = |name: &str| told[name]["origin"].as_str().unwrap().to_owned();
            assert_eq!(origin("key"), "in the environment");
            assert_eq!(origin("gap"), "in waha-campaign.toml");
            assert_eq!(origin("db"), "on the command line");
            assert_eq!(origin("per_day"), "by default");
            assert_eq!(told["gap"]["value"], "3s..6s");
            assert_eq!(told["region"]["value"], "MY");
            assert_eq!(told["per_day"]["value"], "1000");
            assert_eq!(told["hours"]["value"], Value::Null);
        } else {
            let line = ran.stdout.lines().find(|line| line.starts_with("session"));
            assert!(
                line.is_some_and(
                    |line| line.contains("toko") && line.contains("waha-campaign.toml")
                ),
                "{ran:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_the_manual_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = ran(bare(folder.path(), &["completions", shell]))
            .await
            .expect(0);
        assert!(ran.stdout.contains("unconfirmed"), "{shell}: {ran:?}");
    }
    let page = ran(bare(folder.path(), &["man"])).await.expect(0);
    assert!(page.stdout.contains(".TH waha-campaign 1"), "{page:?}");
    let pages = ran(bare(folder.path(), &["man", "--out", "man1"]))
        .await
        .expect(0);
    assert!(pages.stdout.contains("man1"), "{pages:?}");
    let start = std::fs::read_to_string(folder.path().join("man1/waha-campaign-start.1")).unwrap();
    assert!(start.contains("Example"), "{start}");
}
