//! The table of what engines can do, against every recorded exchange of a real WAHA on NOWEB.
//!
//! Reads the folder named by WAHA_RECORDINGS; without it the test is skipped, and says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod server;

use std::path::{Path, PathBuf};

use serde_json::Value;
use server::{Act, Server, answer};
use waha_client::types::Engine;
use waha_client::{Feature, Lack, RetryPolicy, Support, Unsupported, WahaClient};

fn recordings() -> Option<PathBuf> {
    let folder = std::env::var_os("WAHA_RECORDINGS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: WAHA_RECORDINGS is not set");
    }
    folder
}

struct Exchange {
    name: String,
    method: String,
    path: String,
    status: u16,
    body: String,
}

/// The exchanges that are one request and one answer; the others are series of something else.
fn exchanges(folder: &Path) -> Vec<Exchange> {
    let mut found = Vec::new();
    for version in ["2026.4", "2026.7"] {
        for entry in std::fs::read_dir(folder.join("exchanges").join(version)).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read(&path).unwrap();
            let exchange: Value = serde_json::from_slice(&text).unwrap();
            let (request, response) = (&exchange["request"], &exchange["response"]);
            let (Some(method), Some(target), Some(status)) = (
                request["method"].as_str(),
                request["path"].as_str(),
                response["status"].as_u64(),
            ) else {
                continue;
            };
            found.push(Exchange {
                name: format!("{version}/{}", path.file_name().unwrap().to_string_lossy()),
                method: method.to_owned(),
                path: target.split('?').next().unwrap().to_owned(),
                status: u16::try_from(status).unwrap(),
                body: response["body"].to_string(),
            });
        }
    }
    found
}

/// What a client makes of an answer with this body.
async fn unsupported(status: u16, body: &str) -> Option<Unsupported> {
    let server = Server::start(vec![Act::Reply(answer(status, body))]).await;
    let waha = WahaClient::builder(&server.address)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    waha.server().ping().await.unwrap_err().unsupported()
}

#[tokio::test]
async fn every_recorded_501_is_in_the_table_and_names_its_engine() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    for exchange in exchanges(&folder) {
        if exchange.status != 501 {
            continue;
        }
        let name = &exchange.name;
        let what = unsupported(501, &exchange.body).await.expect(name);
        assert_eq!(what.engine, Some(Engine::Noweb), "{name}");
        checked += 1;
        let feature = Feature::needed_by(&exchange.method, &exchange.path);
        match (what.lack, feature) {
            // A value of the request is not supported, the call is.
            (Lack::Value, None) => assert!(exchange.path.ends_with("/presence"), "{name}"),
            // The free edition before 2026.6.1; the table begins there.
            (Lack::Method, Some(Feature::SendVideo)) => {
                assert!(name.starts_with("2026.4/"), "{name}");
            }
            (Lack::Method, Some(feature)) => {
                assert_eq!(Engine::Noweb.supports(feature), Support::No, "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(checked >= 13, "{checked}");
}

#[tokio::test]
async fn every_recorded_refusal_for_the_edition_is_told_from_what_the_engine_lacks() {
    let Some(folder) = recordings() else { return };
    let mut checked = 0;
    for exchange in exchanges(&folder) {
        let name = &exchange.name;
        let of_edition = exchange.body.contains("Plus version")
            || exchange.body.contains("PLUS version")
            || exchange.body.contains("in this edition");
        if exchange.status != 422 {
            assert!(!of_edition, "{name}");
            continue;
        }
        let lack = unsupported(422, &exchange.body).await.map(|what| what.lack);
        let expected = match exchange.path.as_str() {
            "/api/screenshot" if exchange.body.contains("non chrome") => Some(Lack::Method),
            _ => of_edition.then_some(Lack::Edition),
        };
        assert_eq!(lack, expected, "{name}");
        checked += usize::from(of_edition);
    }
    assert!(checked >= 17, "{checked}");
}

#[test]
fn nothing_that_noweb_was_recorded_doing_is_denied_to_it() {
    let Some(folder) = recordings() else { return };
    let mut done = Vec::new();
    for exchange in exchanges(&folder) {
        let feature = Feature::needed_by(&exchange.method, &exchange.path);
        let Some(feature) = feature.filter(|_| (200..300).contains(&exchange.status)) else {
            continue;
        };
        // The QR code, which every engine shows.
        if feature != Feature::Screenshot {
            let support = Engine::Noweb.supports(feature);
            assert_eq!(support, Support::Yes, "{}", exchange.name);
            done.push(feature);
        }
    }
    for feature in [
        Feature::SendList,
        Feature::ForwardMessage,
        Feature::StarMessage,
        Feature::PinMessage,
        Feature::ArchiveChat,
    ] {
        assert!(done.contains(&feature), "{feature:?}");
    }
}
