//! Every kind of event that WAHA's specification names is read to its type, from as little as the specification requires.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waha_client::api::groups::GroupRole;
use waha_client::api::presence::PresenceStatus;
use waha_client::events::{Attendance, ParticipantsChangeKind};
use waha_client::{Event, Payload};

fn read(kind: &str, payload: &Value) -> Payload {
    let event = json!({"id": "evt_1", "timestamp": 1, "event": kind, "session": "default", "payload": payload});
    let event = Event::parse(event.to_string().as_bytes()).unwrap();
    if let Payload::Unknown(unknown) = &event.payload {
        panic!("{kind}: {:?}", unknown.problem);
    }
    assert_eq!(event.payload.kind(), kind);
    event.payload
}

fn samples() -> Vec<(&'static str, Value)> {
    let message = json!({"id": "false_628@c.us_AA", "timestamp": 1_795_220_089, "from": "628@c.us", "fromMe": false, "body": "ya"});
    let ack = json!({"id": "true_628@c.us_AA", "from": "628@c.us", "fromMe": true, "ack": 3, "ackName": "READ"});
    let mut edited = message.clone();
    edited["editedMessageId"] = json!("BB");
    let destination =
        json!({"id": "true_1@g.us_CC", "to": "1@g.us", "from": "628@c.us", "fromMe": true});
    let vote = json!({
        "vote": {"id": "false_1@g.us_DD", "selectedOptions": ["Senin"], "timestamp": "1795220089123", "from": "628@c.us"},
        "poll": destination,
    });
    let response = json!({
        "id": "false_628@c.us_EE", "timestamp": 1.5, "from": "628@c.us", "eventCreationKey": destination,
        "eventResponse": {"response": "MAYBE", "timestampMs": 1, "extraGuestCount": 2},
    });
    let group = json!({
        "timestamp": 1_795_220_089_123_i64,
        "group": {"id": "1@g.us", "subject": "Arisan", "participants": [{"id": "2@lid", "pn": "628@c.us", "role": "admin"}]},
    });
    let call = json!({"id": "CALL1", "from": "628@c.us", "timestamp": 1, "isVideo": false, "isGroup": false, "_data": {}});
    let label = json!({"id": "4", "name": "Lunas", "color": "3", "colorHex": "#00ff00"});
    let labelled = json!({"labelId": "4", "chatId": "628@c.us", "label": null});
    vec![
        (
            "session.status",
            json!({"name": "default", "status": "WORKING"}),
        ),
        ("message", message.clone()),
        ("message.any", message.clone()),
        ("message.waiting", message.clone()),
        ("message.ack", ack.clone()),
        ("message.ack.group", ack),
        (
            "message.reaction",
            json!({"id": "false_628@c.us_FF", "timestamp": 1_795_220_089.25, "reaction": {"text": "👍", "messageId": "true_628@c.us_AA"}}),
        ),
        ("message.edited", edited),
        (
            "message.revoked",
            json!({"after": message, "before": null, "revokedMessageId": "AA"}),
        ),
        ("group.v2.join", group.clone()),
        (
            "group.v2.leave",
            json!({"timestamp": 1, "group": {"id": "1@g.us"}}),
        ),
        ("group.v2.update", group),
        (
            "group.v2.participants",
            json!({"type": "promote", "timestamp": 1, "group": {"id": "1@g.us"}, "participants": [{"id": "628@c.us", "role": "left"}]}),
        ),
        ("group.join", json!({"anything": 1})),
        ("group.leave", json!({})),
        (
            "presence.update",
            json!({"id": "628@c.us", "presences": [{"participant": "628@c.us", "lastSeen": null, "lastKnownPresence": "typing"}]}),
        ),
        ("poll.vote", vote.clone()),
        ("poll.vote.failed", vote),
        ("event.response", response.clone()),
        ("event.response.failed", response),
        (
            "chat.archive",
            json!({"id": "628@c.us", "archived": true, "timestamp": 1}),
        ),
        ("call.received", call.clone()),
        ("call.accepted", call.clone()),
        ("call.rejected", call),
        ("label.upsert", label.clone()),
        ("label.deleted", label),
        ("label.chat.added", labelled.clone()),
        ("label.chat.deleted", labelled),
        ("state.change", json!("CONNECTED")),
        (
            "engine.event",
            json!({"event": "connection.update", "data": {"connection": "open"}}),
        ),
    ]
}

#[test]
fn every_kind_is_read_to_its_type() {
    let samples = samples();
    for (kind, payload) in &samples {
        read(kind, payload);
    }
    let known: BTreeSet<&str> = Payload::KINDS.iter().copied().collect();
    let sampled: BTreeSet<&str> = samples.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(sampled, known);
}

fn sample(kind: &str) -> Payload {
    let samples = samples();
    let (_, payload) = samples.iter().find(|(name, _)| *name == kind).unwrap();
    read(kind, payload)
}

#[test]
fn what_a_kind_says_is_where_its_type_says() {
    let Payload::Edited(edit) = sample("message.edited") else {
        panic!("another kind");
    };
    assert_eq!(edit.edited_id.unwrap().bare(), "BB");
    assert_eq!(edit.message.body.as_deref(), Some("ya"));
    let Payload::Revoked(revoked) = sample("message.revoked") else {
        panic!("another kind");
    };
    assert_eq!(revoked.revoked_message_id.unwrap().bare(), "AA");
    assert!(revoked.after.is_some() && revoked.before.is_none());
    let Payload::Reaction(reaction) = sample("message.reaction") else {
        panic!("another kind");
    };
    assert_eq!(
        (reaction.timestamp_s, &*reaction.reaction.text),
        (1_795_220_089, "👍")
    );
    let Payload::PollVote(vote) = sample("poll.vote") else {
        panic!("another kind");
    };
    assert_eq!(vote.vote.selected_options, ["Senin"]);
    assert_eq!(vote.vote.timestamp_ms, 1_795_220_089_123);
    let Payload::EventResponse(response) = sample("event.response") else {
        panic!("another kind");
    };
    assert_eq!(response.event_response.unwrap().response, Attendance::Maybe);
    let Payload::GroupJoined(joined) = sample("group.v2.join") else {
        panic!("another kind");
    };
    let people = joined.group.participants.unwrap();
    assert_eq!(people[0].role, GroupRole::Admin);
    let Payload::GroupParticipants(change) = sample("group.v2.participants") else {
        panic!("another kind");
    };
    assert_eq!(change.kind, ParticipantsChangeKind::Promote);
    let Payload::Presence(presence) = sample("presence.update") else {
        panic!("another kind");
    };
    assert_eq!(
        presence.presences.unwrap()[0].last_known_presence,
        Some(PresenceStatus::Typing)
    );
    let Payload::LabelChanged(label) = sample("label.upsert") else {
        panic!("another kind");
    };
    assert_eq!(label.color, Some(3));
}
