//! People who opt out in the middle of a campaign, over HTTP and websocket: by the simulator's ledger they get the answer and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;

use waha_simulator::ledger::{BodyHash, Fate, text_hash};
use world::{World, phone, start};

/// What each chat received.
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

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_stop_by_phone_or_by_lid_in_the_middle_of_a_campaign_gets_the_answer_alone() {
    let hidden = phone(9).to_string();
    let world = World::start(World::usual(1).lid_chats([hidden])).await;
    world.list(10);
    let words = [
        "start",
        "list.csv",
        "--name",
        "promo",
        "--template",
        "Halo {{nama}}",
        "--gap",
        "20s",
        "--per-day",
        "none",
        "--yes",
    ];
    let runner = world.spawn(&words);
    world::until("the first message", || !received(&world).is_empty()).await;
    for (from, text) in [(8, "Stop!!"), (9, "BERHENTI"), (7, "stop dulu ya")] {
        let from = phone(from).to_string();
        let written = world.simulator.inbound("default", &from, "Ani", text);
        written.unwrap();
    }
    assert_eq!(world::ended(runner).await, 0);
    let answer = text_hash(
        "Baik, Anda tidak akan menerima pesan dari kami lagi. Balas MULAI jika ingin menerimanya kembali.",
    );
    let received = received(&world);
    for person in 0..10 {
        let theirs = &received[&phone(person).to_string()];
        let is_answered = *theirs == [answer];
        assert_eq!(theirs.len(), 1, "{person}");
        assert_eq!(is_answered, person >= 8, "{person}");
    }
    let status = world.run(&["status", "promo"]).await.expect(0);
    status.says("2 on the suppression list");
    let list = world.run(&["suppress", "list"]).await.expect(0);
    for person in [8, 9] {
        let line = format!("+{}", phone(person));
        assert!(list.stdout.contains(&line), "{list:?}");
    }
    list.says("wrote so");
    world
        .run(&["suppress", "hidden"])
        .await
        .expect(0)
        .says("nobody who has opted out is hidden");

    // The plan of the next one says so beforehand, and who had the same text.
    let plan = ["plan", "list.csv", "--template", "Halo {{nama}}", "--json"];
    let plan = world.run(&plan).await.expect(3).json();
    assert_eq!(plan["skipped_by_reason"]["suppressed"], 2, "{plan}");
    assert_eq!(plan["skipped_by_reason"]["repeated"], 8, "{plan}");
    assert_eq!(plan["to_send"], 0, "{plan}");
    let plan = ["plan", "list.csv", "--template", "Hai {{nama}}"];
    let plan = world.run(&plan).await.expect(0);
    plan.says("2 on the suppression list");
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_and_caps_are_kept_from_the_command_line() {
    let world = World::start(World::usual(1)).await;
    world.list(4);
    let agreed = format!(
        "no hp,setuju\n{},ya\n{},tidak\n{},mungkin\n",
        phone(0),
        phone(1),
        phone(2)
    );
    world.write("setuju.csv", &agreed);
    let import = [
        "consent",
        "import",
        "setuju.csv",
        "--consent-column",
        "setuju",
        "--json",
    ];
    let import = world.run(&import).await.expect(0).json();
    assert_eq!(
        (&import["granted"], &import["withdrawn"]),
        (&1.into(), &1.into())
    );
    let third = phone(3).to_string();
    world.run(&["consent", "add", &third]).await.expect(0);
    world.run(&["consent", "remove", &third]).await.expect(0);
    let list = world.run(&["consent", "list"]).await.expect(0);
    list.says("agreed").says("agrees no longer");

    let words = start("list.csv", "promo", &["--consent", "required"]);
    world.run(&words).await.expect(0);
    assert_eq!(received(&world).len(), 1, "the one who agreed");
    let status = world.run(&["status", "promo"]).await.expect(0);
    status.says("3 no consent");

    let cap = ["consent", "cap", "--max", "1", "--days", "30", "--json"];
    let rules = world.run(&cap).await.expect(0).json();
    assert_eq!(rules["caps"][0]["messages_max"], 1, "{rules}");
    let words = [
        "start",
        "list.csv",
        "--name",
        "second",
        "--template",
        "Hai {{nama}}",
    ];
    let words = [&words[..], &world::FAST].concat();
    world.run(&words).await.expect(0);
    let received = received(&world);
    let times = |person| received.get(&phone(person).to_string()).map_or(0, Vec::len);
    let times: Vec<usize> = (0..4).map(times).collect();
    assert_eq!(times, [1, 0, 1, 0], "capped, withdrawn, free, withdrawn");
    world
        .run(&["consent", "answer", "--off"])
        .await
        .expect(0)
        .says("without a word");
    world
        .run(&["consent", "cap", "--none"])
        .await
        .expect(0)
        .says("none");
}
