//! Every recorded exchange of a real WAHA: the client builds the same request, and reads the answer to its type or to a typed error.
//!
//! Reads the folder named by WAHA_RECORDINGS; without it the tests are skipped, and say so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod asked;
mod chats;
mod events;
mod sending;
#[path = "../server/mod.rs"]
mod server;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use asked::{Asked, Replayed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use serde_json::Value;
use server::{Act, Server};
use waha_client::{Error, NotSent, RetryPolicy, Shape, WahaClient};

/// Requests that differ from what the client builds of the same wish: why, and the exchanges by their whole names.
const BUILT_OTHERWISE: [(&str, &[&str]); 5] = [
    (
        "the key is in the address",
        &[
            "2026.4/1-05-auth-query-param",
            "2026.7/1-05-auth-query-param",
            "2026.7/1-06-auth-query-wrong",
        ],
    ),
    (
        "it has what the client does not ask for",
        &[
            "2026.4/12-01-strict-unknown-query",
            "2026.4/2-17-create-unknown-fields",
            "2026.4/2-39-list-expand-apps",
            "2026.4/2-40-get-expand-apps",
            "2026.4/3-07-qr-format-bad",
            "2026.4/3-15-request-code-method-sms",
            "2026.4/4-06-sendText-bad-unknown-field",
            "2026.4/4-47b-sendSeen-messageId",
            "2026.7/2-16-create-no-start",
            "2026.7/4-06-sendText-bad-unknown-field",
            "2026.7/4-47b-sendSeen-messageId",
        ],
    ),
    (
        "it has what no type of the client can hold",
        &[
            "2026.4/12-08-sessions-put-bad-webhook",
            "2026.4/2-16-create-invalid-webhook",
            "2026.4/4-33-sendButtons-bad-type",
            "2026.4/4-34-sendButtons-none",
            "2026.4/4-43-sendContactVcard",
            "2026.4/4-45-sendContactVcard-missing",
            "2026.7/4-33-sendButtons-bad-type",
            "2026.7/4-34-sendButtons-none",
            "2026.7/4-43-sendContactVcard",
            "2026.7/4-45-sendContactVcard-missing",
        ],
    ),
    (
        "the client writes the same in another form",
        &[
            "2026.4/2-54-deprecated-stop",
            "2026.4/2-64-create-empty-body",
            "2026.4/3-01-qr-default",
            "2026.4/3-02-qr-accept-png",
            "2026.4/3-03-qr-accept-json",
            "2026.4/3-08-qr-accept-html",
            "2026.4/3-09-qr-unknown-session",
            "2026.4/3-16-qr-when-stopped",
            "2026.4/3-17-qr-when-working",
            "2026.4/4-05-chatid-swhatsapp",
            "2026.4/4-47-sendSeen-ids",
            "2026.7/2-12-qr-missing-session",
            "2026.7/2-36-create-no-body",
            "2026.7/2-48-deprecated-stop",
            "2026.7/2-55-qr-failed",
            "2026.7/4-05-chatid-swhatsapp",
            "2026.7/4-47-sendSeen-ids",
        ],
    ),
    (
        "the client refuses it before it is sent",
        &[
            "2026.4/4-39-sendPoll-one-option",
            "2026.4/4-59-link-custom-preview-mismatch",
            "2026.7/4-39-sendPoll-one-option",
            "2026.7/4-59-link-custom-preview-mismatch",
        ],
    ),
];

/// Why an exchange is not replayed. `None` for one that is.
fn skipped(asked: &Value, response: &Value) -> Option<&'static str> {
    let (Some(method), Some(path)) = (asked["method"].as_str(), asked["path"].as_str()) else {
        return Some("not one request with one answer");
    };
    if response["status"].as_u64().is_none() {
        return Some("an event, read by the other test");
    }
    if response["body"] == "<echo of message omitted>" {
        return Some("its answer was left out of the recording");
    }
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if path.starts_with("//") || path.ends_with('/') && path != "/" || path.starts_with("/API/") {
        return Some("a path that no client builds");
    }
    let is_none_of_wahas = matches!(method, "OPTIONS" | "HEAD")
        || matches!(
            (method, path),
            ("GET", "/" | "/-json" | "/nope" | "/api/nope") | ("DELETE", "/api/sendText")
        );
    if is_none_of_wahas {
        return Some("none of WAHA's operations");
    }
    if path == "/api/server/environment" {
        return Some("an operation that the client leaves out");
    }
    if path == "/api/screenshot" && response["body"]["mimetype"].is_string() {
        return Some("a form of the screenshot that the client does not ask for");
    }
    if path.starts_with("/api/files/") {
        return Some("a file, which is read by downloads");
    }
    None
}

/// Makes the same call at a server that gives the recorded answer.
async fn replay(asked: &Asked, response: &Value) -> Option<Replayed> {
    let server = Server::start(vec![Act::Bytes(answer_of(response))]).await;
    let waha = WahaClient::builder(&*server.address)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    if let Some(replayed) = sessions::replay(&waha, asked, response).await {
        return Some(replayed);
    }
    if let Some(replayed) = sending::replay(&waha, asked).await {
        return Some(replayed);
    }
    chats::replay(&waha, asked).await
}

#[derive(Default)]
struct Tally {
    files: usize,
    parsed: usize,
    errors: usize,
    exact: usize,
    lacking: usize,
    refused: usize,
    otherwise: BTreeMap<&'static str, usize>,
    explained: BTreeSet<&'static str>,
    skipped: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    fn request(&mut self, name: &str, asked: &Asked, replayed: &Replayed) {
        let Some(difference) = replayed.difference(asked) else {
            self.exact += 1;
            return;
        };
        if asked.lacks() || !asked.body.is_object() && !asked.body.is_null() {
            self.lacking += 1;
            return;
        }
        let explained = BUILT_OTHERWISE.iter().find_map(|(why, names)| {
            let known = names.iter().find(|known| **known == name)?;
            Some((why, known))
        });
        match explained {
            Some((why, known)) => {
                *self.otherwise.entry(why).or_default() += 1;
                self.explained.insert(known);
            }
            None => self.wrong.push(format!("{name}: {difference}")),
        }
    }

    fn answer(&mut self, name: &str, status: u64, outcome: Result<bool, Error>) {
        match outcome {
            Ok(true) if status < 300 => self.parsed += 1,
            Ok(false) => self
                .wrong
                .push(format!("{name}: read, but something was lost")),
            Ok(true) => self
                .wrong
                .push(format!("{name}: {status} read as a result")),
            Err(Error::NotSent {
                why: NotSent::Invalid(_),
            }) => self.refused += 1,
            Err(error) => match error.answer().map(|answer| answer.shape()) {
                Some(Shape::Other | Shape::Unexpected { .. }) | None => {
                    self.wrong.push(format!("{name}: {error}"));
                }
                Some(_) if u64::from(error.status().unwrap()) == status => self.errors += 1,
                Some(_) => self.wrong.push(format!("{name}: {error}")),
            },
        }
    }
}

#[tokio::test]
async fn every_recorded_exchange_is_asked_and_read_the_same_way() {
    let Some(folder) = recordings() else { return };
    let mut tally = Tally::default();
    for (name, exchange) in exchanges(&folder) {
        tally.files += 1;
        let (request, response) = (&exchange["request"], &exchange["response"]);
        if let Some(why) = skipped(request, response) {
            *tally.skipped.entry(why).or_default() += 1;
            continue;
        }
        let method = request["method"].as_str().unwrap();
        let asked = Asked::new(method, request["path"].as_str().unwrap(), &request["body"]);
        let Some(replayed) = replay(&asked, response).await else {
            tally.wrong.push(format!(
                "{name}: no call of this client is {method} {:?}",
                asked.path
            ));
            continue;
        };
        tally.request(&name, &asked, &replayed);
        let status = response["status"].as_u64().unwrap();
        tally.answer(&name, status, replayed.outcome);
    }
    let Tally {
        files,
        parsed,
        errors,
        exact,
        lacking,
        refused,
        otherwise,
        explained,
        skipped,
        wrong,
    } = tally;
    println!(
        "{files} files: {parsed} parsed, {errors} typed errors, {refused} refused before they are sent; {exact} requests built exactly, {lacking} lack what the client demands, built otherwise: {otherwise:?}; skipped: {skipped:?}"
    );
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
    let names = BUILT_OTHERWISE.iter().flat_map(|(_, names)| names.iter());
    let stale: Vec<_> = names.filter(|name| !explained.contains(*name)).collect();
    assert!(
        stale.is_empty(),
        "nothing differs by these any more: {stale:?}"
    );
    assert!(files > 0, "no exchange was read from {}", folder.display());
    assert!(parsed + errors >= 450, "{parsed} + {errors}");
}

fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

pub(crate) fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("WAHA_RECORDINGS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: WAHA_RECORDINGS is not set");
    }
    folder
}

pub(crate) fn exchanges(folder: &Path) -> Vec<(String, Value)> {
    let mut files = Vec::new();
    for version in ["2026.4", "2026.7"] {
        let Ok(entries) = std::fs::read_dir(folder.join("exchanges").join(version)) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = format!("{version}/{}", path.file_stem().unwrap().to_string_lossy());
            let text = std::fs::read(&path).unwrap();
            files.push((name, serde_json::from_slice(&text).unwrap()));
        }
    }
    files.sort_by(|one, two| one.0.cmp(&two.0));
    files
}

pub(crate) fn is_known_session(info: &waha_client::SessionInfo) -> bool {
    let known = !matches!(info.status, waha_client::SessionStatus::Unknown(_));
    known && info.extra.is_empty()
}

pub(crate) fn is_known_message(message: &waha_client::Message) -> bool {
    let from_id = message.id.from_me();
    from_id == Some(message.is_from_me()) && message.timestamp_s > 0 && message.data.is_some()
}

fn body_of(response: &Value) -> Bytes {
    match &response["body"] {
        Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
        Value::Null => Bytes::new(),
        body if body["__binary__"] == true => {
            let text = body["first_bytes_base64"].as_str().unwrap();
            STANDARD_NO_PAD
                .decode(text.trim_end_matches('='))
                .unwrap()
                .into()
        }
        body => serde_json::to_vec(body).unwrap().into(),
    }
}

fn answer_of(response: &Value) -> Vec<u8> {
    let body = body_of(response);
    let status = response["status"].as_u64().unwrap();
    let kind = response["headers"]["Content-Type"].as_str().unwrap_or("");
    let mut bytes = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(&body);
    bytes
}
