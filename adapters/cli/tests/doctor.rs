//! `waha-campaign doctor`: what it finds in good and in bad installations, and that it leaves them as they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::clock::{BootId, Elapsed, Stamp};
use campaign_core::failure::Trouble;
use campaign_core::gateway::{Account, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{Batch, Change, Condition, LaneHealth, LaneNote, Store, Unwell};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;
use sql_store::{Options, SqliteStore};
use waha_simulator::{Builder, Quota, Restriction, Simulator};
use world::{Ran, World, bare, ran};

const KEY: &str = "a-key-of-its-own-that-nobody-guesses";
const ACCOUNT: &str = "6281200000001";

/// A server in real time, whose one session works and keeps its messages.
fn usual() -> Builder {
    Simulator::builder()
        .key(KEY)
        .store_default(true)
        .session("default", ACCOUNT)
}

/// A look at this server, from a folder of its own.
fn look(folder: &Path, url: &str, key: &str, arguments: &[&str]) -> Command {
    let mut command = bare(folder, &["doctor"]);
    command
        .args(arguments)
        .args(["--db", "test.sqlite"])
        .env("WAHA_URL", url)
        .env("WAHA_API_KEY", key);
    command
}

/// Each check's mark.
fn marks(ran: &Ran) -> BTreeMap<String, String> {
    checks(ran)
        .into_iter()
        .map(|(check, found)| (check, found["mark"].as_str().unwrap().to_owned()))
        .collect()
}

fn checks(ran: &Ran) -> BTreeMap<String, Value> {
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(report["exit_code"], ran.code);
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|check| (check["check"].as_str().unwrap().to_owned(), check.clone()))
        .collect()
}

#[track_caller]
fn assert_marks(ran: &Ran, expected: &[(&str, &str)]) {
    let marks = marks(ran);
    for (check, mark) in expected {
        assert_eq!(
            marks.get(*check).map(String::as_str),
            Some(*mark),
            "{check}: {ran:?}"
        );
    }
}

/// Every file in a folder, and what is in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_installation_is_found_good_and_nothing_is_made() {
    let simulator = usual().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let found = ran(look(folder.path(), simulator.url(), KEY, &["--json"]))
        .await
        .expect(0);
    assert!(!found.stdout.contains(KEY) && !found.stderr.contains(KEY));
    let marks = marks(&found);
    assert!(marks.values().all(|mark| mark == "ok"), "{marks:?}");
    let named: Vec<&str> = marks.keys().map(String::as_str).collect();
    assert_eq!(
        named,
        [
            "access", "clock", "database", "disk", "doubts", "events", "key", "messages", "phone",
            "server", "session"
        ]
    );
    assert!(
        checks(&found)["database"]["message"]
            .as_str()
            .unwrap()
            .contains("there is none yet")
    );
    assert_eq!(files(folder.path()), BTreeMap::new());
    assert!(simulator.ledger().is_empty());

    let told = ran(look(folder.path(), simulator.url(), KEY, &["--lang", "id"]))
        .await
        .expect(0);
    assert!(!told.stdout.contains(KEY));
    told.says("key")
        .says("***")
        .says("baik     server")
        .says("WORKING, +6281200000001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_in_the_address_is_not_shown() {
    let simulator = usual().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = simulator
        .url()
        .replace("http://", "http://proxy:katasandi@");
    for arguments in [&[][..], &["--json"]] {
        let found = ran(look(folder.path(), &url, KEY, arguments)).await;
        let told = found.stdout + &found.stderr;
        assert!(told.contains("127.0.0.1"), "{told}");
        assert!(!told.contains("katasandi"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_rest_is_looked_at_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{nobody}");
    let found = ran(look(folder.path(), &url, KEY, &["--json"]))
        .await
        .expect(4);
    assert_marks(
        &found,
        &[("server", "problem"), ("database", "ok"), ("disk", "ok")],
    );
    let found = ran(look(folder.path(), "toko.example", KEY, &["--json"]))
        .await
        .expect(4);
    assert_marks(&found, &[("server", "problem"), ("database", "ok")]);
    let said = checks(&found)["server"]["message"].to_string();
    assert!(said.contains("cannot be used"), "{said}");
    let simulator = usual().start().await.unwrap();
    let found = ran(look(
        folder.path(),
        simulator.url(),
        "another key",
        &["--json"],
    ))
    .await
    .expect(4);
    assert_marks(&found, &[("server", "problem")]);
    let said = checks(&found)["server"]["message"].to_string();
    assert!(said.contains("refuses the key"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_cannot_send_is_a_problem_and_one_that_keeps_nothing_a_warning() {
    let simulator = Simulator::builder()
        .key(KEY)
        .session("default", ACCOUNT)
        .stopped_session("tidur")
        .start()
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = simulator.url();
    let forgetful = ran(look(folder.path(), url, KEY, &["--json"]))
        .await
        .expect(0);
    assert_marks(
        &forgetful,
        &[
            ("session", "ok"),
            ("messages", "warning"),
            ("doubts", "warning"),
        ],
    );
    let doubts = &checks(&forgetful)["doubts"];
    assert!(
        doubts["message"]
            .as_str()
            .unwrap()
            .contains("keeps no messages")
    );
    assert!(doubts["remedy"].is_string());
    for name in ["tidur", "lain"] {
        let found = ran(look(
            folder.path(),
            url,
            KEY,
            &["--session", name, "--json"],
        ))
        .await
        .expect(4);
        assert_marks(&found, &[("server", "ok"), ("session", "problem")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_from_the_documentation_and_servers_without_one_are_problems() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = usual().key("yoursecretkey").start().await.unwrap();
    let found = ran(look(
        folder.path(),
        simulator.url(),
        "yoursecretkey",
        &["--json"],
    ))
    .await;
    assert_marks(&found.expect(1), &[("access", "ok"), ("key", "problem")]);
    let simulator = usual().key("pendek").start().await.unwrap();
    let found = ran(look(folder.path(), simulator.url(), "pendek", &["--json"])).await;
    assert_marks(&found.expect(0), &[("key", "warning")]);

    let behind_a_proxy = serves(Asks::OurKey);
    let found = ran(look(folder.path(), &behind_a_proxy, KEY, &["--json"])).await;
    assert_marks(&found, &[("access", "ok"), ("key", "warning")]);

    let url = serves(Asks::Password);
    let with_password = url.replace("http://", "http://proxy:katasandi@");
    let found = ran(look(folder.path(), &with_password, KEY, &["--json"])).await;
    assert_marks(&found, &[("server", "ok"), ("access", "warning")]);
    let access = checks(&found)["access"]["message"].to_string();
    assert!(access.contains("the proxy's password"), "{access}");
    assert!(!marks(&found).contains_key("key"), "{found:?}");

    let open = serves(Asks::Nothing);
    let found = ran(look(folder.path(), &open, KEY, &["--json"])).await;
    assert_marks(
        &found,
        &[
            ("server", "ok"),
            ("access", "problem"),
            ("clock", "warning"),
            ("session", "problem"),
            ("events", "warning"),
        ],
    );
    let clock = checks(&found)["clock"]["message"].to_string();
    assert!(clock.contains("behind this one"), "{clock}");
    assert_eq!(found.code, 4, "it has no session either");
}

/// What a server, or a proxy before it, asks for.
#[derive(Clone, Copy)]
enum Asks {
    Nothing,
    /// By a proxy that takes none but ours, and is ill when it gets another one.
    OurKey,
    /// By a proxy before a server that asks for nothing.
    Password,
}

fn serves(asks: Asks) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = Vec::new();
            let mut bytes = [0; 1_024];
            while !asked.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut bytes).unwrap();
                if read == 0 {
                    break;
                }
                asked.extend_from_slice(&bytes[..read]);
            }
            let asked = String::from_utf8_lossy(&asked);
            let has = |header: &str| asked.to_ascii_lowercase().contains(header);
            let refused = match asks {
                Asks::OurKey if !has("x-api-key:") => Some("401 Unauthorized"),
                Asks::OurKey if !asked.contains(KEY) => Some("502 Bad Gateway"),
                Asks::Password if !has("authorization: basic") => Some("401 Unauthorized"),
                _ => None,
            };
            let path = asked.split(' ').nth(1).unwrap_or_default();
            let (status, body) = match (refused, path) {
                (Some(refused), _) => (refused, "{}"),
                (None, "/api/server/version") => (
                    "200 OK",
                    r#"{"version":"2026.7.1","engine":"NOWEB","tier":"CORE"}"#,
                ),
                // It has been up for a day, and it is 2001.
                (None, "/api/server/status") => (
                    "200 OK",
                    r#"{"startTimestamp":1000000000000,"uptime":86400000}"#,
                ),
                (None, path) if path.starts_with("/api/sessions?") => ("200 OK", "[]"),
                (None, _) => (
                    "404 Not Found",
                    r#"{"message":"Session not found","error":"Not Found","statusCode":404}"#,
                ),
            };
            let length = body.len();
            let _gone = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learnt_by_sending_counts_and_the_database_stays_as_it_is() {
    let world = World::start(World::usual(1).key(KEY)).await;
    world.list(5);
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--gap",
            "none",
            "--yes",
        ])
        .await
        .expect(0);
    let before = files(world.folder.path());
    let found = world
        .run(&["doctor", "--thorough", "--json"])
        .await
        .expect(0);
    assert_eq!(files(world.folder.path()), before);
    assert_marks(
        &found,
        &[
            ("connections", "ok"),
            ("database", "ok"),
            ("schema", "ok"),
            ("durability", "ok"),
            ("integrity", "ok"),
            ("runner", "ok"),
            ("doubts", "ok"),
        ],
    );
    let checks = checks(&found);
    let says = |check: &str, words: &str| {
        let said = checks[check]["message"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
    };
    says("database", "1 campaigns, 5 deliveries");
    says("doubts", "ids are honoured (text)");
    says("connections", "closed after 5");
    says("durability", "WAL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_database_is_a_problem_of_its_own() {
    let simulator = usual().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut numbers = String::from("no hp\n");
    for number in 0..3_000 {
        numbers.push_str(&format!("0813{number:08}\n"));
    }
    fs::write(folder.join("list.csv"), numbers).unwrap();
    ran(bare(
        folder,
        &["suppress", "import", "list.csv", "--db", "test.sqlite"],
    ))
    .await
    .expect(0);
    let path = folder.join("test.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 8_192 * 4_096;
    bytes[middle..middle + 4_096].fill(0x5a);
    fs::write(&path, bytes).unwrap();

    let quick = ran(look(folder, simulator.url(), KEY, &["--json"]))
        .await
        .expect(0);
    assert_marks(&quick, &[("database", "ok")]);
    let thorough = ran(look(folder, simulator.url(), KEY, &["--thorough"]))
        .await
        .expect(1);
    let thorough = thorough
        .says("problem  database")
        .says("is damaged")
        .says("restore FILE --replace");
    assert!(!thorough.stdout.contains("--thorough"), "{thorough:?}");
    fs::write(&path, "no database").unwrap();
    let before = files(folder);
    let found = ran(look(folder, simulator.url(), KEY, &["--json"]))
        .await
        .expect(1);
    assert_marks(&found, &[("server", "ok"), ("database", "problem")]);
    assert_eq!(files(folder), before);
}

/// As a crash leaves it between making a database and filling it.
#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_database_that_holds_nothing_yet() {
    let simulator = usual().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("test.sqlite"), "").unwrap();
    let before = files(folder.path());
    let found = ran(look(folder.path(), simulator.url(), KEY, &["--json"]))
        .await
        .expect(0);
    assert_marks(&found, &[("database", "ok"), ("disk", "ok")]);
    let said = checks(&found)["database"]["message"].to_string();
    assert!(said.contains("is empty yet"), "{said}");
    assert_eq!(files(folder.path()), before);
    let add = ["suppress", "add", "081299999999", "--db", "test.sqlite"];
    ran(bare(folder.path(), &add)).await.expect(0);
}

fn stamp() -> Stamp {
    Stamp {
        elapsed: Elapsed::from_micros(1),
        wall: Timestamp::now(),
        boot: BootId(1),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_an_older_schema_and_a_move_are_told() {
    let simulator = usual().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    let said = async |check: &str| {
        let found = ran(look(folder.path(), simulator.url(), KEY, &["--json"])).await;
        checks(&found)[check]["message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    {
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        store.take_over(stamp()).await.unwrap();
        let sends = format!("process {} on ", std::process::id());
        assert!(said("runner").await.starts_with(&sends));
    }
    assert_eq!(said("runner").await, "nobody sends at this moment");
    assert!(!said("database").await.contains("was moved"));
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch("INSERT INTO moved (one, place, name) VALUES (1, 'a', 'postgres://db/toko')")
        .unwrap();
    let moved = said("database").await;
    assert!(moved.contains("was moved to postgres://db/toko"), "{moved}");
    database
        .execute_batch("PRAGMA user_version = 3; PRAGMA journal_mode = delete")
        .unwrap();
    let older = said("schema").await;
    assert!(older.starts_with("version 3; the next command"), "{older}");
    let durable = said("durability").await;
    assert!(
        durable.contains("WAL from the next command on"),
        "{durable}"
    );
}

/// What WhatsApp forbids, what it allows, and what the sending process has put on record about the account.
#[tokio::test(flavor = "multi_thread")]
async fn what_holds_an_account_is_told_with_its_end_and_in_either_language() {
    let simulator = usual()
        .version("2026.7.2")
        .quota(Quota::of(10))
        .start()
        .await
        .unwrap();
    let restriction = Restriction::lasting(Duration::from_secs(86_400));
    simulator.restrict("default", &restriction).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.sqlite");
    let now = Timestamp::now();
    let in_an_hour = now.checked_add(Duration::from_secs(3_600)).unwrap();
    {
        let store = SqliteStore::open(&path, Options::default()).unwrap();
        let at = stamp();
        store.take_over(at).await.unwrap();
        let account = Account(ACCOUNT.parse().unwrap());
        let session = Session::new("default");
        let limits = LaneLimits::default();
        let lane = store.lane(account, &session, &limits).await.unwrap();
        let unwell = Unwell {
            trouble: Trouble::SuspectedDead,
            since: now,
            until: in_an_hour,
        };
        let note = LaneNote {
            lane: lane.id,
            epoch: lane.epoch,
            day: None,
            warmth: lane.warmth,
            hold: None,
            cold_hold: None,
            trusted: lane.trusted,
            store_on: None,
            health: LaneHealth {
                session: Condition {
                    unwell: Some(unwell),
                    times: 1,
                },
                ..LaneHealth::default()
            },
        };
        let changes = vec![Change::Lane(Box::new(note))];
        store.commit(Arc::new(Batch { at, changes })).await.unwrap();
        store.step_down().await.unwrap();
    }
    let look = |arguments| ran(look(folder.path(), simulator.url(), KEY, arguments));
    let found = look(&["--json"]).await;
    let expected = [
        ("restriction", "warning"),
        ("new chats", "ok"),
        ("hold", "warning"),
    ];
    assert_marks(&found, &expected);
    let told = look(&["--lang", "en"]).await;
    told.says("463")
        .says("0 of 10 new chats")
        .says("the next cycle begins")
        .says("WhatsApp acknowledges nothing")
        .says("session restart");
    let told = look(&["--lang", "id"]).await;
    told.says("awas     pembatasan")
        .says("baik     obrolan baru")
        .says("awas     tertahan")
        .says("0 dari 10 obrolan baru")
        .says("WhatsApp tidak menjawab");
}
