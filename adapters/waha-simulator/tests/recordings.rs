//! The simulator against the recordings of a real server: every recorded exchange on its routes is
//! asked again, and must be answered with the same status, headers, keys and JSON kinds.
//!
//! Reads the folder named by `WAHA_RECORDINGS` (the one that holds `exchanges/`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use waha_simulator::{AckTiming, EngineFailure, Simulator, Status};

const KEY: &str = "test-api-key";
const PHONE: &str = "6281200000001";

/// Why a recording is not compared; nothing else is a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Skip {
    /// The call belongs to what the simulator does not have (yet).
    RouteNotSimulated,
    /// Not an exchange: a sequence of events.
    NotAnExchange,
    /// The simulator shows no secrets where the real server does.
    ShownOnPurposeOtherwise,
}

/// The reason to leave a recording out, by the number in its name.
fn skip(name: &str) -> Option<Skip> {
    let number = name
        .split(|letter: char| letter.is_ascii_lowercase())
        .next()
        .unwrap();
    let number = number.trim_end_matches('-');
    match number {
        "8-05" => Some(Skip::NotAnExchange),
        "7-09" => Some(Skip::ShownOnPurposeOtherwise),
        // Status posts.
        "4-68" => Some(Skip::RouteNotSimulated),
        _ => None,
    }
}

struct Replay {
    client: reqwest::Client,
    /// Recorded message ids and what the simulator gave instead.
    ids: BTreeMap<String, String>,
    /// Every message of the recorded store.
    stored: Vec<Value>,
    compared: usize,
    failed: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_exchange_is_answered_alike() {
    let Some(folder) = std::env::var_os("WAHA_RECORDINGS").map(PathBuf::from) else {
        println!("skipped: WAHA_RECORDINGS is not set");
        return;
    };
    let folder = folder.join("exchanges/2026.7");
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .expect("the recordings")
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    // The contacts were asked for before anybody had written, and the last send came after.
    names.sort_by_key(|name| match name.strip_prefix("4-71") {
        Some(rest) => format!("5-99{rest}"),
        None => name.clone(),
    });
    assert!(!names.is_empty(), "no recordings in {}", folder.display());

    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut replay = Replay {
        client: reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap(),
        ids: BTreeMap::new(),
        stored: stored(&folder),
        compared: 0,
        failed: Vec::new(),
    };
    let mut skipped: BTreeMap<Skip, Vec<&str>> = BTreeMap::new();
    let (main, sessions) = (working().await, empty().await);
    for name in &names {
        if let Some(reason) = skip(name) {
            skipped.entry(reason).or_default().push(name);
            continue;
        }
        let simulator = if name.starts_with("2-") {
            &sessions
        } else {
            &main
        };
        prepare(simulator, name).await;
        replay.one(&folder, simulator, name).await;
    }

    println!("{} recordings, {} compared", names.len(), replay.compared);
    for (reason, names) in &skipped {
        println!("skipped, {reason:?}: {} ({})", names.len(), names.join(" "));
    }
    let total: usize = skipped.values().map(Vec::len).sum();
    assert_eq!(replay.compared + total, names.len(), "some were forgotten");
    assert!(replay.compared >= 250, "too few were compared");
    assert!(
        replay.failed.is_empty(),
        "{} of {} differ:\n{}",
        replay.failed.len(),
        replay.compared,
        replay.failed.join("\n")
    );
}

fn stored(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("6-26-messages-limit-neg.json")).unwrap();
    let recorded: Value = serde_json::from_str(&text).unwrap();
    recorded["response"]["body"].as_array().unwrap().clone()
}

/// A paired session with its store on, and one without a store.
async fn working() -> Simulator {
    let default = json!({
        "metadata": {"tenant": "t1"},
        "noweb": {"store": {"enabled": true}},
        "webhooks": [{
            "url": "http://127.0.0.1:1/hook",
            "events": ["group.v2.join"],
            "hmac": {"key": "my-secret-key"},
            "retries": {"policy": "constant", "delaySeconds": 1, "attempts": 3},
            "customHeaders": [{"name": "X-Custom", "value": "abc"}],
        }],
    });
    Simulator::builder()
        .key(KEY)
        .speed(50.0)
        .acks(AckTiming {
            server: (Duration::ZERO, Duration::ZERO),
            device: (Duration::ZERO, Duration::ZERO),
            device_rate: 1.0,
            read_rate: 0.0,
            ..AckTiming::default()
        })
        .session_with("default", PHONE, default)
        .group("120363000000000001@g.us", &["6281200000002@c.us"])
        .not_on_whatsapp(["6281200000000"])
        .start()
        .await
        .unwrap()
}

async fn empty() -> Simulator {
    Simulator::builder()
        .key(KEY)
        .speed(50.0)
        .start()
        .await
        .unwrap()
}

/// Puts the simulator into the state a recording was made in.
async fn prepare(simulator: &Simulator, name: &str) {
    let number = name
        .split(|letter: char| letter.is_ascii_lowercase())
        .next()
        .unwrap();
    match number.trim_end_matches('-') {
        // The rigged engine of the recordings failed on purpose.
        "4-12" => simulator.fail_next(EngineFailure::Plain("fake engine failure".to_owned())),
        "4-13" => simulator.fail_next(EngineFailure::Boom("rate-overlimit".to_owned(), Some(429))),
        "4-14" => simulator.fail_next(EngineFailure::Boom("Timed Out".to_owned(), None)),
        "4-15" => simulator.fail_next(EngineFailure::Boom("Connection Closed".to_owned(), None)),
        "4-16" => simulator.fail_next(EngineFailure::FileNotFound),
        "13-01" => add_session_without_store(simulator).await,
        // Somebody wrote before the last message went out.
        "4-71" => {
            for (from, name, text) in [
                ("6281200000005", "Bob", "incoming two"),
                ("6281200000002", "Alice", "incoming one"),
                ("6281200000002", "Alice", "incoming three"),
            ] {
                simulator.inbound("default", from, name, text).unwrap();
            }
        }
        "6-01" => {
            while simulator.acks_outstanding() > 0 {
                tokio::task::yield_now().await;
            }
        }
        // Status as recorded, whatever the speed makes of it.
        "2-24" | "2-44" => simulator.force("s1", Status::Starting).unwrap(),
        "2-25" => {
            let session = simulator.url().to_owned();
            restart(&session, "s1").await;
            simulator.wait_for("s1", Status::ScanQrCode).await.unwrap();
        }
        "2-28" => {
            simulator.pair("s1", PHONE).unwrap();
            simulator.wait_for("s1", Status::Working).await.unwrap();
        }
        "2-34" => simulator.force("s2", Status::Starting).unwrap(),
        "2-39" => simulator.wait_for("s1", Status::Working).await.unwrap(),
        "2-53" => simulator.force("exp", Status::Failed).unwrap(),
        _ => {}
    }
}

async fn add_session_without_store(simulator: &Simulator) {
    let body = json!({"name": "nostore", "start": true});
    post(simulator.url(), "/api/sessions", &body).await;
    simulator
        .wait_for("nostore", Status::ScanQrCode)
        .await
        .unwrap();
    simulator.pair("nostore", PHONE).unwrap();
    simulator
        .wait_for("nostore", Status::Working)
        .await
        .unwrap();
}

async fn restart(url: &str, session: &str) {
    post(url, &format!("/api/sessions/{session}/restart"), &json!({})).await;
}

async fn post(url: &str, path: &str, body: &Value) {
    let answer = reqwest::Client::new()
        .post(format!("{url}{path}"))
        .header("X-Api-Key", KEY)
        .json(body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

impl Replay {
    async fn one(&mut self, folder: &Path, simulator: &Simulator, name: &str) {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let recorded: Value = serde_json::from_str(&text).unwrap();
        let (asked, expected) = (&recorded["request"], &recorded["response"]);
        let answer = self.ask(simulator, asked).await;
        self.compared += 1;

        let mut differences = Vec::new();
        let status = answer.status().as_u16();
        if u64::from(status) != expected["status"].as_u64().unwrap() {
            differences.push(format!("status {status}, recorded {}", expected["status"]));
        }
        for header in HEADERS {
            let ours = answer
                .headers()
                .get(*header)
                .map(|value| value.to_str().unwrap());
            let theirs = expected["headers"]
                .as_object()
                .unwrap()
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(header))
                .map(|(_, value)| value.as_str().unwrap());
            // Tags differ with every id and time; whether there is one does not.
            let same = if *header == "etag" {
                ours.is_some() == theirs.is_some()
            } else {
                ours == theirs
            };
            if !same {
                differences.push(format!("{header}: {ours:?}, recorded {theirs:?}"));
            }
        }
        let bytes = answer.bytes().await.unwrap();
        let ours = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        let theirs = self.with_stored(name, &expected["body"]);
        compare(&ours, &theirs, "", &mut differences);
        self.learn(&ours, &expected["body"]);
        if !differences.is_empty() {
            self.failed
                .push(format!("{name}: {}", differences.join("; ")));
        }
    }

    /// For lists of messages: those of the longest recorded list as well, since what lies at
    /// which place of the recorded store is not the question.
    fn with_stored(&self, name: &str, theirs: &Value) -> Value {
        match theirs {
            Value::Array(list) if name.contains("-messages") && !list.is_empty() => {
                list.iter().chain(&self.stored).cloned().collect()
            }
            other => other.clone(),
        }
    }

    async fn ask(&self, simulator: &Simulator, asked: &Value) -> reqwest::Response {
        let method = asked["method"].as_str().unwrap().parse().unwrap();
        let path = self.ours(asked["path"].as_str().unwrap());
        let mut request = self
            .client
            .request(method, format!("{}{path}", simulator.url()));
        for (name, value) in asked["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        let body = match &asked["body"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            body => Some(body.to_string()),
        };
        if let Some(body) = body {
            request = request.body(self.ours(&body));
        }
        request.send().await.unwrap()
    }

    fn ours(&self, text: &str) -> String {
        self.ids
            .iter()
            .fold(text.to_owned(), |text, (theirs, ours)| {
                text.replace(theirs, ours)
            })
    }

    fn learn(&mut self, ours: &Value, theirs: &Value) {
        let id = |body: &Value| {
            body.pointer("/key/id")
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        if let (Some(ours), Some(theirs)) = (id(ours), id(theirs)) {
            self.ids.insert(theirs, ours);
        }
    }
}

const HEADERS: &[&str] = &[
    "content-type",
    "x-powered-by",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "keep-alive",
    "connection",
    "etag",
    "vary",
    "www-authenticate",
    "cache-control",
];

/// Keys whose values are part of an error's shape, and so must be the same.
const SAME_VALUE: &[&str] = &["error", "statusCode", "message", "expected", "key"];

fn compare(ours: &Value, theirs: &Value, at: &str, differences: &mut Vec<String>) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for key in theirs.keys().filter(|key| !ours.contains_key(*key)) {
                differences.push(format!("{at}/{key} is missing"));
            }
            for key in ours.keys().filter(|key| !theirs.contains_key(*key)) {
                differences.push(format!("{at}/{key} is too much"));
            }
            for (key, theirs) in theirs {
                let Some(ours) = ours.get(key) else { continue };
                let at = format!("{at}/{key}");
                compare(ours, theirs, &at, differences);
                let is_plain = !theirs.is_object() && !theirs.is_array();
                if SAME_VALUE.contains(&key.as_str()) && is_plain && ours != theirs {
                    differences.push(format!("{at} is {ours}, recorded {theirs}"));
                }
                let (by, wanted) = (thrower(ours), thrower(theirs));
                if key == "stack" && wanted.is_some() && by != wanted {
                    differences.push(format!("{at} is thrown by {by:?}, recorded {wanted:?}"));
                }
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            if ours.is_empty() != theirs.is_empty() {
                differences.push(format!(
                    "{at}: {} elements, recorded {}",
                    ours.len(),
                    theirs.len()
                ));
            }
            // Other messages lie in the recorded store, so each of ours must be like one of them.
            for (nth, one) in ours.iter().enumerate() {
                let alike = theirs.iter().any(|other| {
                    let mut found = Vec::new();
                    compare(one, other, "", &mut found);
                    found.is_empty()
                });
                if !alike {
                    let mut found = Vec::new();
                    if let Some(first) = theirs.first() {
                        compare(one, first, "", &mut found);
                    }
                    differences.push(format!("{at}/{nth} is like none recorded ({found:?})"));
                }
            }
        }
        _ if kind(ours) != kind(theirs) => {
            differences.push(format!("{at} is {}, recorded {}", kind(ours), kind(theirs)));
        }
        _ => {}
    }
}

/// The function on top of a stack, by which clients tell where an error comes from; not that of the
/// engine below the recorded server, which was rigged.
fn thrower(stack: &Value) -> Option<&str> {
    let (_, frame) = stack.as_str()?.split_once("\n    at ")?;
    let (function, place) = frame.lines().next()?.split_once(" (")?;
    (!place.contains("socket.js")).then_some(function)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(text) if text.is_empty() => "empty string",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
