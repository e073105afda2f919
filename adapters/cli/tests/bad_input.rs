//! Input that cannot be used as it is: each is told of with what to do about it, exits as the help says, and loses nobody. What a database
//! can have is in `database.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::io::{Read, Write};
use std::net::TcpListener;

use waha_simulator::{Simulator, Status};
use world::{FAST, Ran, World, alone, bare, capped, phone, ran, start, until};

/// A list, what is asked of it, and words of the answer.
type Case<'a> = (&'a [u8], Vec<&'a str>, &'a str);

const GOOD: &[u8] = b"nama,hp\nBudi,081234567890\n";

/// Lists that no command can use.
fn lists(endless: &[u8]) -> Vec<Case<'_>> {
    let none = Vec::new;
    vec![
        (b"", none(), "is empty"),
        (b"nama,hp\n", none(), "no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", none(), "not a table"),
        (b"nama,kota\nBudi,Bandung\n", none(), "phone"),
        (GOOD, vec!["--phone-column", "telp"], "telp"),
        (b"nama,hp\nBudi,12\n", none(), "nobody in this list"),
        (endless, none(), "nobody in this list"),
    ]
}

/// A line that has no end.
fn endless() -> Vec<u8> {
    [b"nama,hp\nBudi,\"", vec![b'x'; 3 << 20].as_slice()].concat()
}

/// A list of whose second person the message would be too long.
fn too_long() -> Vec<u8> {
    let name = "x".repeat(70_000);
    format!("nama,hp\nAni,081234567890\nBudi {name},081234567891\n").into_bytes()
}

/// Messages that this list cannot be sent.
fn messages() -> Vec<Case<'static>> {
    let template = |text| vec!["--template", text];
    vec![
        (GOOD, template("Halo {{nma}}"), "Did you mean `nama`"),
        (GOOD, template("Halo {{nama"), "line 1, column 6"),
        (GOOD, template("{{nama | rupia}}"), "rupiah"),
        (GOOD, vec!["--template-file", "text.txt"], "text.txt"),
        (
            GOOD,
            vec!["--file", "bills/{{nama}}.pdf"],
            "row 2: there is no file",
        ),
        (GOOD, vec!["--file", "{{nama}}"], "begins nowhere"),
        (
            b"nama,hp\n,081234567890\n",
            template("Halo {{nama}}"),
            "row 2: the value of `nama` is missing",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_cannot_be_used_exits_3_and_says_what_to_do() {
    let endless = endless();
    let anything = |mut case: Case<'static>| {
        case.1.splice(0..0, ["plan", "x.csv"]);
        case
    };
    let mut cases: Vec<Case<'_>> = messages().into_iter().map(anything).collect();
    for (content, options, words) in lists(&endless) {
        let plan = ["plan", "x.csv", "--template", "a"];
        cases.push((content, [&plan[..], &options].concat(), words));
    }
    cases.extend([
        (
            GOOD,
            vec!["plan", "y.csv", "--template", "a"],
            "cannot read y.csv",
        ),
        (
            GOOD,
            vec!["start", "x.csv", "--template", "a", "--name", "a/b"],
            "a campaign's name",
        ),
        (GOOD, vec!["status"], "no database"),
        (GOOD, vec!["report", "promo"], "no database"),
    ]);
    for (content, arguments, words) in cases {
        alone("x.csv", content, &arguments)
            .await
            .expect(3)
            .says(words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_leaves_a_campaign_on_its_way_whole() {
    let world = capped().await;
    let before = world.kept();
    let endless = endless();
    let mut commands: Vec<Case<'_>> = Vec::new();
    for (content, options, words) in lists(&endless) {
        let start = ["start", "x.csv", "--name", "other", "--template", "a"];
        commands.push((content, [&start[..], &FAST, &options].concat(), words));
        let add = ["add", "promo", "x.csv", "--yes"];
        commands.push((content, [&add[..], &options].concat(), words));
    }
    for (content, options, words) in messages() {
        let start = ["start", "x.csv", "--name", "other"];
        commands.push((content, [&start[..], &FAST, &options].concat(), words));
    }
    let too_long = too_long();
    commands.extend([
        (&*too_long, start("x.csv", "other", &[]), "row 3: "),
        (
            &*too_long,
            vec!["add", "promo", "x.csv", "--yes"],
            "row 3: ",
        ),
        (GOOD, vec!["add", "promo", "y.csv", "--yes"], "y.csv"),
        (
            b"name,hp\nBudi,081234567890\n",
            vec!["add", "promo", "x.csv", "--yes"],
            "Did you mean `name`",
        ),
        (
            b"nama,hp\n,081234567890\n",
            vec!["add", "promo", "x.csv", "--yes"],
            "row 2: the value of `nama` is missing",
        ),
        (
            GOOD,
            vec!["edit", "promo", "--template", "Halo {{nma}}"],
            "Did you mean `nama`",
        ),
        (
            GOOD,
            vec!["edit", "promo", "--template", "Halo {{nama"],
            "line 1, column 6",
        ),
        (
            GOOD,
            start("list.csv", "promo", &["--session", "other"]),
            "other inputs",
        ),
    ]);
    for (content, arguments, words) in &commands {
        world.write_bytes("x.csv", content);
        world.run(arguments).await.expect(3).says(words);
        assert!(world.kept() == before, "after {arguments:?}");
        assert_eq!(std::fs::read(world.path("x.csv")).unwrap(), *content);
    }
    let free = ["set-limit", "--per-day", "none"];
    world.run(&free).await.expect(0);
    world.run(&["resume", "promo"]).await.expect(0);
    let everybody_once = (0..8).map(|person| (phone(person), 1)).collect();
    assert_eq!(world.received(), everybody_once);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_or_session_that_is_not_ready_exits_4_and_imports_nothing() {
    let good = b"nama,hp\nBudi,081234567890\n";
    let arguments = [
        "start",
        "x.csv",
        "--name",
        "promo",
        "--template",
        "a",
        "--yes",
    ];
    alone("x.csv", good, &arguments)
        .await
        .expect(4)
        .says("does not answer");

    let world = World::start(World::usual(1).stopped_session("tidur")).await;
    world.list(3);
    world
        .run(&start("list.csv", "promo", &["--session", "lain"]))
        .await
        .expect(4)
        .says("no session \"lain\"");
    world
        .run(&start("list.csv", "promo", &["--session", "tidur"]))
        .await
        .expect(4)
        .says("stopped");
    let mut command = bare(world.folder.path(), &start("list.csv", "promo", &[]));
    command
        .env("WAHA_URL", world.simulator.url())
        .env("WAHA_API_KEY", "not-the-key")
        .args(["--db", "test.sqlite"]);
    let refused = ran(command).await.expect(4).says("refuses the key");
    assert!(!refused.stderr.contains("not-the-key") && !refused.stdout.contains("not-the-key"));
    assert!(world.simulator.ledger().is_empty());
    assert!(world.reported_none());
}

/// A plan of this list, and the rows that it left out.
async fn planned(content: &[u8]) -> (Ran, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), content).unwrap();
    let plan = ["plan", "x.csv", "--template", "Halo {{nama}}"];
    let ran = ran(bare(folder.path(), &plan)).await;
    let rejects = std::fs::read_to_string(folder.path().join("x.rejects.csv"));
    (ran, rejects.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_left_out_by_its_number_and_the_good_ones_go_on() {
    let endless = format!("nama,hp\nAni,081234567890\nBudi,\"{}", "x".repeat(3 << 20));
    let ragged = "nama,hp\nAni,081234567890\nBudi,081234567891,Solo,\"a\"b\nEko,081234567892\n";
    for (content, good, row, why) in [
        (endless.as_str(), "1 ", "3,", "quote"),
        (ragged, "2 ", "3,", "cells"),
        ("nama,hp\nAni,0812 3456 7890\nBudi,12\n", "1 ", "3,", "hp"),
    ] {
        let (ran, rejects) = planned(content.as_bytes()).await;
        let ran = ran.expect(0);
        assert!(ran.stdout.contains(good), "{ran:?}");
        let line = rejects.lines().nth(1).unwrap_or_default();
        let told = &line[..line.len().min(200)];
        assert!(
            told.trim_start_matches('\u{feff}').starts_with(row) && told.contains(why),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_read_in_whatever_encoding_they_were_saved() {
    let text = "nama,hp\nJosé Ñáñez,081234567890\n";
    let windows: Vec<u8> = text
        .chars()
        .map(|letter| u8::try_from(u32::from(letter)).unwrap())
        .collect();
    let utf16: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for content in [text.as_bytes(), &windows, &utf16] {
        let (ran, _) = planned(content).await;
        ran.expect(0).says("Halo José Ñáñez");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_long_names_its_row() {
    let (ran, _) = planned(&too_long()).await;
    ran.expect(3).says("row 3: ").says("65536");
}

/// Answers every request with a page of its own.
fn another_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let _asked = connection.read(&mut [0; 4096]);
            let page = "<html>It works!</html>";
            let _gone = write!(
                connection,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_at_which_something_else_answers_exits_4() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("list.csv"),
        "nama,hp\nAni,081234567890\n",
    )
    .unwrap();
    let url = another_server();
    for (language, words) in [
        ("en", "something else than WAHA answers at"),
        ("id", "bukan WAHA"),
    ] {
        let mut command = bare(folder.path(), &start("list.csv", "promo", &[]));
        command
            .args(["--db", "test.sqlite", "--lang", language])
            .env("WAHA_URL", &url);
        ran(command).await.expect(4).says(words).says(&url);
    }
    let list = ["session", "list"];
    let mut command = bare(folder.path(), &list);
    command.env("WAHA_URL", &url);
    ran(command).await.expect(4).says("not WAHA");
    let mut command = bare(folder.path(), &["doctor"]);
    command.env("WAHA_URL", &url);
    ran(command).await.expect(4).says("not WAHA");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_waits_for_its_phone_exits_4_and_goes_on_once_it_is_paired() {
    // A code stays for twelve true seconds.
    let world = World::start(Simulator::builder().seed(1).speed(5.0)).await;
    world.run(&["session", "create", "toko"]).await.expect(0);
    world.list(2);
    let words = start("list.csv", "promo", &["--session", "toko"]);
    world
        .run(&words)
        .await
        .expect(4)
        .says("waha-campaign session qr toko");
    assert!(world.reported_none());
    world.simulator.pair("toko", "6281298765432").unwrap();
    world
        .simulator
        .wait_for("toko", Status::Working)
        .await
        .unwrap();
    world.run(&words).await.expect(0);
    assert_eq!(world.judge(2, "paired"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_kicked_on_the_way_exits_7_and_goes_on_once_it_is_paired_again() {
    let world = World::start(World::usual(1)).await;
    world.list(30);
    let mut words = start("list.csv", "promo", &["--no-wait"]);
    words[7] = "10s";
    let mut command = world.command(&words);
    let runner = tokio::task::spawn_blocking(move || Ran::from(command.output().unwrap()));
    until("some have it", || world.simulator.ledger().len() > 3).await;
    world.simulator.unlink("default").unwrap();
    runner
        .await
        .unwrap()
        .expect(7)
        .says("waha-campaign session list");
    let had = world.received().len();
    assert!(had < 30, "{had}");

    world
        .run(&["resume", "promo"])
        .await
        .expect(4)
        .says("session logout default");
    world
        .run(&["session", "logout", "default", "--yes"])
        .await
        .expect(0)
        .says("session qr");
    world.simulator.pair("default", "6281200000001").unwrap();
    world
        .simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
    world.run(&["resume", "promo"]).await.expect(0);
    assert_eq!(world.judge(30, "paired again"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_list_under_another_name_is_refused_unless_it_is_meant() {
    let world = World::start(World::usual(1)).await;
    world.list(3);
    world.run(&start("list.csv", "promo", &[])).await.expect(0);
    std::fs::copy(world.path("list.csv"), world.path("copy.csv")).unwrap();
    for list in ["list.csv", "copy.csv"] {
        world
            .run(&start(list, "promo 2", &[]))
            .await
            .expect(3)
            .says("the campaign \"promo\"")
            .says("--again");
    }
    assert_eq!(world.judge(3, "refused"), 0);

    let other = [
        "start",
        "list.csv",
        "--name",
        "reminder",
        "--template",
        "Hai {{nama}}",
    ];
    world.run(&[&other[..], &FAST].concat()).await.expect(0);
    world
        .run(&start("list.csv", "promo 2", &["--again"]))
        .await
        .expect(0);
    let received = world.received();
    assert!(received.values().all(|times| *times == 3), "{received:?}");
}
