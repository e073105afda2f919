//! Every recorded event, and the ids of sends.

use std::collections::BTreeMap;

use serde_json::Value;
use waha_client::events::Payload;
use waha_client::{Event, Sent};

use crate::{exchanges, is_known_message, recordings};

#[test]
fn every_recorded_event_reads_as_its_kind() {
    let Some(folder) = recordings() else { return };
    let (mut known, mut unknown) = (0, BTreeMap::<String, usize>::new());
    for (name, exchange) in exchanges(&folder) {
        let webhook = exchange["request"]["raw_body"].as_str();
        let frames = exchange["events"].as_array().into_iter().flatten();
        let frames = frames.filter_map(|frame| frame["message"].as_str());
        for text in webhook.into_iter().chain(frames) {
            let event = Event::parse(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(event.id.starts_with("evt_"), "{name}");
            assert!(
                event.environment.is_some() && event.engine.is_some(),
                "{name}"
            );
            let whole: Value = serde_json::from_str(text).unwrap();
            assert_eq!(event.me.is_some(), whole["me"].is_object(), "{name}");
            match event.payload {
                Payload::Unknown(payload) => {
                    assert_eq!(payload.problem, None, "{name}");
                    *unknown.entry(payload.event).or_default() += 1;
                }
                Payload::Message(message) | Payload::AnyMessage(message) => {
                    assert!(is_known_message(&message), "{name}");
                    known += 1;
                }
                _ => known += 1,
            }
        }
    }
    println!("{known} events of known kinds; kept as they came: {unknown:?}");
    assert!(known > 0, "no event was read from {}", folder.display());
    for kind in [
        "session.status",
        "message",
        "message.any",
        "message.ack",
        "message.ack.group",
    ] {
        assert!(!unknown.contains_key(kind), "{kind}");
    }
}

#[test]
fn sends_of_every_engine_have_one_form_of_id() {
    let Some(folder) = recordings() else { return };
    for engine in ["NOWEB", "GOWS", "WEBJS"] {
        let path = folder.join(format!("engine-shapes/sendText-{engine}.json"));
        let mut shape: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        if !shape["response"].is_null() {
            shape = shape["response"]["body"].take();
        }
        let sent = Sent::from_body(serde_json::to_vec(&shape).unwrap().into());
        let id = sent.id.unwrap_or_else(|| panic!("no id from {engine}"));
        assert_eq!(id.from_me(), Some(true), "{engine}");
        assert_eq!(
            id.to_string(),
            format!("true_6281200000002@c.us_{}", id.bare()),
            "{engine}"
        );
    }
}
