//! What an operator does to a campaign on its way, and around it: people added, a text edited, limits changed, numbers checked, single
//! messages, tests, replies. By the simulator's ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;
use std::process::Child;

use serde_json::Value;
use waha_simulator::ledger::{BodyHash, Fate, text_hash};
use world::{Ran, World, phone, start};

async fn calm() -> World {
    World::start(World::usual(1)).await
}

/// What each chat received, in order.
fn received(world: &World) -> BTreeMap<String, Vec<BodyHash>> {
    let mut texts: BTreeMap<String, Vec<BodyHash>> = BTreeMap::new();
    let ledger = world.simulator.ledger();
    for entry in ledger
        .entries()
        .filter(|entry| entry.fate() == Fate::Received)
    {
        let chat = entry.chat();
        let digits = chat.split('@').next().unwrap_or_default().to_owned();
        texts.entry(digits).or_default().push(entry.body_hash());
    }
    texts
}

fn texts(phone: &str, texts: &[&str]) -> (String, Vec<BodyHash>) {
    (
        phone.to_owned(),
        texts.iter().map(|text| text_hash(text)).collect(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn mended_rejects_are_added_once_each_and_nobody_twice() {
    let world = calm().await;
    let list = format!(
        "nama,no hp,kota\nBudi,{},Bandung\nSiti,0812,Solo\nAgus,,Medan\n",
        phone(1)
    );
    world.write("list.csv", &list);
    let ran = world.run(&start("list.csv", "promo", &[])).await;
    assert_eq!(ran.code, 0, "{ran:?}");

    // As a person would mend it: in the file of rejected rows, with its own columns, and with a row of his own, of somebody who has it.
    let rejects = std::fs::read_to_string(world.path("promo.rejects.csv")).unwrap();
    let mended = rejects.replace("Siti,0812", &format!("Siti,{}", phone(2)));
    assert_ne!(mended, rejects);
    let of_his_own = format!(",,,,,Budi,{},Bandung", phone(1));
    world.write("promo.rejects.csv", &format!("{mended}{of_his_own}\n"));
    let add = ["add", "promo", "promo.rejects.csv", "--json"];
    let ran = world.run(&add).await;
    assert_eq!(ran.code, 7, "added, and not sent yet: {ran:?}");
    let told = ran.json();
    assert_eq!(
        (&told["added"], &told["rejected"]),
        (&1.into(), &2.into()),
        "{told}"
    );
    // What is still wrong stays in the file, under its own row, and what was mended has left it.
    let left = std::fs::read_to_string(world.path("promo.rejects.csv")).unwrap();
    assert!(left.contains("Agus") && left.contains("Budi"), "{left}");
    assert!(!left.contains("Siti"), "{left}");

    let ran = world.run(&["resume", "promo"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = world.run(&add).await.json();
    assert_eq!(told["added"], 0, "a list added again adds nobody: {told}");
    let expected = BTreeMap::from([
        texts(&phone(1).to_string(), &["Halo Budi"]),
        texts(&phone(2).to_string(), &["Halo Siti"]),
    ]);
    assert_eq!(received(&world), expected);
    let status = world.run(&["status", "promo", "--json"]).await.json();
    let campaign = &status["campaigns"][0];
    // Budi, Siti, Agus, and the row that was written by hand.
    assert_eq!(
        (&campaign["rows"], &campaign["deliveries"]),
        (&4.into(), &2.into())
    );
    let report = world.run(&["report", "promo"]).await.expect(0);
    assert!(!report.stderr.contains("--rejects"), "{report:?}");
    let report = std::fs::read_to_string(world.path("promo.report.csv")).unwrap();
    let of = |name: &str| report.lines().filter(|line| line.contains(name)).count();
    assert_eq!((of("Siti"), of("Agus")), (1, 1), "{report}");

    world.write("promo.rejects.csv", &mended);
    let told = world.run(&add).await.json();
    assert_eq!(
        (&told["added"], &told["known"]),
        (&0.into(), &1.into()),
        "Siti's row has come in: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_does_not_fit_the_campaign_adds_nobody() {
    let world = calm().await;
    world.list(2);
    let ran = world.run(&start("list.csv", "promo", &[])).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let other = format!("name,no hp\nBudi,{}\n", phone(70));
    world.write("other.csv", &other);
    let without_name = format!("nama,no hp\nBudi,{}\n,{}\n", phone(71), phone(72));
    world.write("gap.csv", &without_name);
    for (arguments, words) in [
        (vec!["add", "promo", "other.csv"], "nama"),
        (vec!["add", "promo", "gap.csv"], "row 3"),
        (
            vec!["add", "promo", "list.csv", "--key-column", "nama"],
            "key",
        ),
        (vec!["add", "promo", "none.csv"], "none.csv"),
        (vec!["add", "other", "list.csv"], "promo"),
    ] {
        let ran = world.run(&arguments).await;
        assert_eq!(ran.code, 3, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {ran:?}");
    }
    assert_eq!(world.reported().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_text_goes_to_those_who_have_not_been_written_to() {
    let world = calm().await;
    world.list(3);
    let first = ["--per-day", "1", "--gap", "none", "--yes", "--no-wait"];
    let mut words = vec![
        "start",
        "list.csv",
        "--name",
        "promo",
        "--template",
        "Halo {{nama}}",
    ];
    words.extend(first);
    let ran = world.run(&words).await;
    assert_eq!(ran.code, 7, "{ran:?}");
    let ran = world
        .run(&["edit", "promo", "--template", "Hai {{alamat}}"])
        .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("alamat"), "{ran:?}");
    let ran = world
        .run(&["edit", "promo", "--template", "Hai {{nama}}"])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let status = world.run(&["status", "promo"]).await;
    assert!(status.stdout.contains("Halo {{nama}}"), "{status:?}");
    let ran = world
        .run(&["set-limit", "--per-day", "none", "--json"])
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["sends_per_day_max"], Value::Null);
    let ran = world.run(&["resume", "promo"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let got: Vec<BodyHash> = received(&world).into_values().flatten().collect();
    assert_eq!(
        got,
        texts("", &["Halo Orang 0", "Hai Orang 1", "Hai Orang 2"]).1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_message_is_sent_once_for_its_key() {
    let world = calm().await;
    let to = phone(5).to_string();
    let local = format!("0{}", &to[2..]);
    let send = |text| {
        [
            "send",
            &local,
            "--template",
            text,
            "--key",
            "kuitansi 4711",
            "--json",
        ]
    };
    let words = send("Terima kasih");
    let first = world.run(&words).await;
    assert_eq!(first.code, 0, "{first:?}");
    let again = world.run(&words).await;
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.json()["phone"], format!("+{to}"));
    let other = send("Terima kasih banyak");
    let refused = world.run(&other).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    let ran = world
        .run(&["send", &local, "--template", "Halo {{nama}}"])
        .await;
    assert_eq!(
        ran.code, 3,
        "a campaign's text is for no single person: {ran:?}"
    );
    assert_eq!(
        received(&world),
        BTreeMap::from([texts(&to, &["Terima kasih"])])
    );
    let status = world.run(&["status", "--json"]).await.json();
    assert_eq!(
        status["campaigns"],
        Value::Array(Vec::new()),
        "it is no campaign"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_goes_to_ones_own_number_and_counts_nowhere() {
    let world = calm().await;
    world.list(9);
    let own = phone(800).to_string();
    let words = [
        "test",
        "list.csv",
        "--template",
        "Halo {{nama}}",
        "--to",
        &own,
        "--rows",
        "2",
        "--gap",
        "none",
    ];
    let ran = world.run(&words).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        received(&world),
        BTreeMap::from([texts(&own, &["Halo Orang 0", "Halo Orang 1"])])
    );
    let ran = world.run(&start("list.csv", "promo", &[])).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(received(&world).len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_on_whatsapp_is_found_out_first_and_remembered() {
    let absent = [phone(1).to_string()];
    let world = World::start(World::usual(1).not_on_whatsapp(absent.clone())).await;
    world.list(4);
    let ran = world
        .run(&start("list.csv", "promo", &["--check", "new"]))
        .await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let status = world.run(&["status", "promo", "--json"]).await.json();
    let reasons = &status["campaigns"][0]["reasons"];
    assert_eq!(reasons[0]["reason"], "not_on_whatsapp", "{status}");
    assert_eq!(received(&world).len(), 3);
    let mut words = start("list.csv", "promo", &[]);
    words[5] = "Hai {{nama}}";
    words[3] = "second";
    let ran = world.run(&words).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let status = world.run(&["status", "second", "--json"]).await.json();
    assert_eq!(status["campaigns"][0]["states"]["skipped"], 1, "{status}");
    assert!(!received(&world).contains_key(&absent[0]));
}

/// A campaign over `list.csv` in a process of its own, so slow that it can be met on its way: its first message has gone out.
async fn on_its_way(world: &World, gap: &str) -> Child {
    let words = [
        "start",
        "list.csv",
        "--name",
        "promo",
        "--template",
        "Halo {{nama}}",
        "--gap",
        gap,
        "--per-day",
        "none",
        "--yes",
    ];
    let runner = world.spawn(&words);
    world::until("the first message", || !received(world).is_empty()).await;
    runner
}

async fn ends_well(mut runner: Child) {
    let ended = tokio::task::spawn_blocking(move || runner.wait()).await;
    assert!(ended.unwrap().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_recipients_write_while_a_command_sends_can_be_read_afterwards() {
    let world = calm().await;
    world.list(2);
    let runner = on_its_way(&world, "20s").await;
    for (from, text) in [(0, "STOP\n jangan kirim lagi"), (77, "siapa ini?")] {
        let from = phone(from).to_string();
        world
            .simulator
            .inbound("default", &from, "Ani", text)
            .unwrap();
    }
    ends_well(runner).await;
    let ran = world.run(&["replies", "promo"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("STOP jangan kirim lagi"), "{ran:?}");
    assert!(
        !ran.stdout.contains("siapa"),
        "who is in no campaign is nobody's business: {ran:?}"
    );
    let ran = world.run(&["suppress", "add", &phone(0).to_string()]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_added_beside_the_sending_process_are_sent_to_by_it() {
    let world = calm().await;
    world.list(20);
    let runner = on_its_way(&world, "20s").await;
    let more = format!("nama,no hp\nTuti,{}\nOrang 0,{}\n", phone(50), phone(0));
    world.write("more.csv", &more);
    let ran = world.run(&["add", "promo", "more.csv", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.json()["added"], 1, "{ran:?}");
    ends_well(runner).await;
    let got = received(&world);
    assert!(got.values().all(|texts| texts.len() == 1), "{got:?}");
    assert_eq!(got.len(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sending_process_says_the_edited_text_from_then_on() {
    let world = calm().await;
    world.list(30);
    let runner = on_its_way(&world, "10s").await;
    let edit = ["edit", "promo", "--template", "Hai {{nama}}"];
    for words in [&["pause", "promo"][..], &edit] {
        let ran = world.run(words).await;
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let before = received(&world);
    let ran = world.run(&["resume", "promo"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    ends_well(runner).await;
    let after = received(&world);
    assert_eq!(after.len(), 30);
    for person in 0..30 {
        let to = phone(person).to_string();
        let greeting = if before.contains_key(&to) {
            "Halo"
        } else {
            "Hai"
        };
        let (to, text) = texts(&to, &[&format!("{greeting} Orang {person}")]);
        assert_eq!(after.get(&to), Some(&text), "person {person}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_checked_once_and_nobody_on_it_gets_anything() {
    let absent = [phone(1).to_string()];
    let world = World::start(World::usual(1).not_on_whatsapp(absent)).await;
    world.list(4);
    let check = ["check", "list.csv", "--gap", "10s", "--json"];
    let told = (world.run(&check).await.expect(0)).json();
    let counts = |told: &Value| {
        ["on_whatsapp", "not_on_whatsapp", "not_known", "left"].map(|what| told[what].as_u64())
    };
    let expected = [Some(3), Some(1), Some(0), Some(0)];
    assert_eq!(counts(&told), expected, "{told}");
    assert!(world.simulator.ledger().is_empty());
    let report = std::fs::read_to_string(world.path("list.check.report.csv")).unwrap();
    let row = report.lines().nth(2).unwrap_or_default();
    assert!(row.contains("not on WhatsApp"), "{report}");

    // Nothing is asked again, so that no session is needed.
    world.run(&["session", "stop", "default"]).await.expect(0);
    let again = ["check", "list.csv", "--out", "again.xlsx", "--json"];
    let told = (world.run(&again).await.expect(0)).json();
    assert_eq!(counts(&told), expected, "{told}");
    assert!(world.path("again.xlsx").exists());
    let status = world.run(&["status", "--json"]).await.json();
    assert_eq!(status["campaigns"], Value::Array(Vec::new()));
    world.run(&["session", "start", "default"]).await.expect(0);
    let start = start("list.csv", "promo", &[]);
    world.run(&start).await.expect(0);
    assert_eq!(received(&world).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_ends_at_the_days_limit_and_the_same_command_goes_on() {
    let world = calm().await;
    world.list(5);
    let check = ["check", "list.csv", "--gap", "none", "--no-wait"];
    let capped = [&check[..], &["--per-day", "3"]].concat();
    world
        .run(&capped)
        .await
        .expect(7)
        .says("on WhatsApp: 3")
        .says("not asked about yet: 2")
        .says("the day's limit");
    let on = [&check[..], &["--per-day", "none"]].concat();
    world.run(&on).await.expect(0).says("on WhatsApp: 5");
}

/// Tells it once to end, as Ctrl-C does, and waits.
async fn interrupted(child: Child) -> Ran {
    let id = i32::try_from(child.id()).unwrap();
    let process = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output());
    Ran::from(ended.await.unwrap().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_on_after_the_end_sees_what_people_write() {
    let world = calm().await;
    world.list(2);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    world.run(&["watch", "promo"]).await.expect(0);

    let mut watch = world.command(&["watch", "promo", "--stay"]);
    watch
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let watching = watch.spawn().unwrap();
    world::until("it listens", || world.simulator.sockets() > 0).await;
    let from = phone(1).to_string();
    world
        .simulator
        .inbound("default", &from, "Ani", "sudah saya bayar")
        .unwrap();
    let mut heard = String::new();
    while !heard.contains("sudah saya bayar") {
        heard = world.run(&["replies", "promo"]).await.expect(0).stdout;
    }
    // Whoever sends meanwhile leaves it to the one that listens.
    let other = [
        "start",
        "list.csv",
        "--name",
        "second",
        "--template",
        "Hai {{nama}}",
        "--gap",
        "none",
        "--yes",
    ];
    world.run(&other).await.expect(0);
    assert!(received(&world).values().all(|texts| texts.len() == 2));
    interrupted(watching)
        .await
        .expect(0)
        .says("sudah saya bayar");
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_alone_never_sends_what_waits() {
    let world = calm().await;
    world.list(3);
    let capped = [
        "start",
        "list.csv",
        "--name",
        "promo",
        "--template",
        "a",
        "--per-day",
        "1",
        "--no-wait",
        "--yes",
    ];
    world.run(&capped).await.expect(7);
    for watch in [&["watch", "promo"][..], &["watch", "promo", "--stay"]] {
        world.run(watch).await.expect(7).says("resume --all");
    }
    assert_eq!(received(&world).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_go_together_and_special_ones_are_set_and_shown() {
    let world = calm().await;
    let set = [
        "set-limit",
        "--preset",
        "careful",
        "--per-day",
        "100",
        "--warm-up",
        "20+50%",
        "--restart",
        "when-suspected",
        "--count-by-hand",
        "yes",
    ];
    let ran = world.run(&set).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    for words in [
        "after 60 a rest of",
        "warming up with 20+50%",
        "what is sent on the phone counts",
        "a dead session is restarted",
        "100 a day",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {ran:?}");
    }
    let ran = world.run(&["set-limit", "--rest", "none", "--json"]).await;
    let limits = ran.json();
    assert_eq!(limits["rest"], Value::Null);
    assert_eq!(limits["restart"], "when_suspected");
    assert_eq!(limits["counts_by_hand"], true);
    for (flag, wrong) in [
        ("--preset", "fast"),
        ("--rest", "60"),
        ("--warm-up", "slow"),
        ("--restart", "always"),
        ("--count-by-hand", "perhaps"),
    ] {
        let ran = world.run(&["set-limit", flag, wrong]).await;
        assert_eq!(ran.code, 2, "{flag} {wrong}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaigns_share_is_given_at_the_start_and_changed_later() {
    let world = calm().await;
    world.list(3);
    let begin = |more: &[&'static str]| {
        let mut words = start("list.csv", "promo", &["--no-wait"]);
        words[9] = "1";
        words.extend(more);
        words
    };
    let ran = world.run(&begin(&["--weight", "3"])).await;
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(ran.stdout.contains("priority normal, weight 3"), "{ran:?}");
    let share = ["set-priority", "promo", "--priority", "high", "--json"];
    let told = world.run(&share).await.json();
    assert_eq!(
        told,
        serde_json::json!({"priority": "high", "weight": 3}),
        "what is not given stays"
    );
    // Another share is no other campaign.
    let ran = world.run(&begin(&["--weight", "5", "--lang", "id"])).await;
    assert_eq!(ran.code, 7, "{ran:?}");
    assert!(ran.stdout.contains("prioritas tinggi, bobot 5"), "{ran:?}");
    let status = world.run(&["status", "--json"]).await.json();
    assert_eq!(status["campaigns"][0]["priority"], "high");
    assert_eq!(status["campaigns"][0]["weight"], 5);
    let ran = world
        .run(&["set-priority", "promo", "--weight", "101"])
        .await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("1 to 100"), "{ran:?}");
}
