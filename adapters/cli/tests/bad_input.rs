//! Input that cannot be used as it is: each is told of with what to do about it, exits as the help says, and loses nobody. What a database
//! can have is in `database.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::io::{Read, Write};
use std::net::TcpListener;

use waha_simulator::{Simulator, Status};
use world::{Ran, World, bare, ran, until};

/// A folder with one file in it, and the binary run there without any server.
async fn alone(file: &str, content: &[u8], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), content).unwrap();
    let mut command = bare(folder.path(), arguments);
    command.args(["--db", "test.sqlite"]);
    command.env("WAHA_URL", "http://127.0.0.1:9");
    ran(command).await
}

/// What a sending process is told so that it ends soon.
const FAST: [&str; 5] = ["--gap", "none", "--per-day", "none", "--yes"];

fn start<'a>(list: &'a str, name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["start", list, "--name", name, "--template", "Halo {{nama}}"];
    words.extend(FAST);
    words.extend(more);
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_cannot_be_used_exits_3_and_says_what_to_do() {
    let good: &[u8] = b"nama,hp\nBudi,081234567890\n";
    let long = [b"nama,hp\nBudi,\"", vec![b'x'; 3 << 20].as_slice()].concat();
    let cases: Vec<(&[u8], Vec<&str>, &str)> = vec![
        (
            good,
            vec!["plan", "y.csv", "--template", "a"],
            "cannot read y.csv",
        ),
        (b"", vec!["plan", "x.csv", "--template", "a"], "is empty"),
        (
            b"nama,hp\n",
            vec!["plan", "x.csv", "--template", "a"],
            "no rows",
        ),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            vec!["plan", "x.csv", "--template", "a"],
            "not a table",
        ),
        (
            b"nama,kota\nBudi,Bandung\n",
            vec!["plan", "x.csv", "--template", "a"],
            "phone",
        ),
        (
            good,
            vec!["plan", "x.csv", "--template", "a", "--phone-column", "telp"],
            "telp",
        ),
        (
            good,
            vec!["plan", "x.csv", "--template", "Halo {{nma}}"],
            "Did you mean `nama`",
        ),
        (
            good,
            vec!["plan", "x.csv", "--template", "Halo {{nama"],
            "line 1, column 6",
        ),
        (
            good,
            vec!["plan", "x.csv", "--template", "{{nama | rupia}}"],
            "rupiah",
        ),
        (
            good,
            vec!["plan", "x.csv", "--template-file", "text.txt"],
            "text.txt",
        ),
        (
            good,
            vec!["plan", "x.csv", "--file", "bills/{{nama}}.pdf"],
            "row 2: there is no file",
        ),
        (
            good,
            vec!["plan", "x.csv", "--file", "{{nama}}"],
            "begins nowhere",
        ),
        (
            b"nama,hp\n,081234567890\n",
            vec!["plan", "x.csv", "--template", "Halo {{nama}}"],
            "row 2: the value of `nama` is missing",
        ),
        (
            b"nama,hp\nBudi,12\n",
            vec!["plan", "x.csv", "--template", "a"],
            "nobody in this list",
        ),
        (
            &long,
            vec!["plan", "x.csv", "--template", "a"],
            "nobody in this list",
        ),
        (
            good,
            vec!["start", "x.csv", "--template", "a", "--name", "a/b"],
            "a campaign's name",
        ),
        (good, vec!["status"], "no database"),
        (good, vec!["report", "promo"], "no database"),
    ];
    for (content, arguments, words) in cases {
        alone("x.csv", content, &arguments)
            .await
            .expect(3)
            .says(words);
    }
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
    let long = format!(
        "nama,hp\nAni,081234567890\nBudi {},081234567891\n",
        "x".repeat(70_000)
    );
    let (ran, _) = planned(long.as_bytes()).await;
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
    let mut command = bare(folder.path(), &start("list.csv", "promo", &[]));
    command
        .args(["--db", "test.sqlite"])
        .env("WAHA_URL", another_server());
    ran(command).await.expect(4).says("WAHA");
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

/// A clock that is set under a running process is the engine's business: its simulation sets clocks both ways. Here it was set between two
/// runs.
const DAY: i64 = 86_400;

/// Eight people of whom five have had their message when the day's limit came.
async fn capped() -> World {
    let world = World::start(World::usual(1)).await;
    world.list(8);
    let mut words = start("list.csv", "promo", &["--no-wait"]);
    words[9] = "5";
    world.run(&words).await.expect(7);
    assert_eq!(world.received().len(), 5);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_is_told_of_and_nobody_gets_it_twice() {
    let world = capped().await;
    let go_on = ["resume", "--all", "--no-wait"];
    let ran_back = ran(world.command_at(-DAY, &go_on)).await;
    ran_back.expect(7).says("the clock was changed");
    assert_eq!(world.received().len(), 5, "the day before is no new day");

    world.run(&go_on).await.expect(7).says("the day's limit");
    let free = ["set-limit", "--per-day", "none"];
    world.run(&free).await.expect(0);
    world.run(&["resume", "promo"]).await.expect(0);
    assert_eq!(world.judge(8, "the clock is right again"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_forward_is_no_new_day_until_somebody_says_so() {
    let world = capped().await;
    let go_on = ["resume", "--all", "--no-wait"];
    let ran_ahead = ran(world.command_at(DAY, &go_on)).await;
    ran_ahead.expect(7).says("the clock was changed");
    assert_eq!(world.received().len(), 5);

    ran(world.command_at(DAY, &["resume", "promo"]))
        .await
        .expect(0);
    assert_eq!(world.judge(8, "confirmed"), 0);
}
