//! Events of WAHA as notices, and the websocket that brings them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use campaign_core::delivery::Ack;
use campaign_core::gateway::{Account, Notice, Readiness};
use campaign_core::message::{MessageKind, text_hash};
use serde_json::{Value, json};
use waha_client::events::Event;
use waha_gateway::WahaGateway;

use scene::{ID, PHONE, phone, session};

fn heard(event: &str, payload: Value) -> Vec<Notice> {
    hear(&scene::gateway("http://localhost:3000"), event, payload)
}

fn hear(gateway: &WahaGateway, event: &str, payload: Value) -> Vec<Notice> {
    let event = json!({
        "id": "evt_1", "timestamp": 1, "event": event, "session": "default",
        "me": {"id": "6281200000001@c.us", "pushName": "Toko", "lid": "1@lid"},
        "payload": payload, "engine": "NOWEB",
    });
    gateway.notices(&Event::parse(event.to_string().as_bytes()).unwrap())
}

fn account() -> Option<Account> {
    Some(Account(phone("6281200000001")))
}

#[test]
fn acks_of_own_messages_are_told_whatever_chat_they_are_in() {
    let rows = [
        (
            "message.ack",
            format!("true_{PHONE}@c.us_{ID}"),
            json!(1),
            Some(Ack::Server),
        ),
        (
            "message.ack",
            format!("true_222@lid_{ID}"),
            json!(2),
            Some(Ack::Device),
        ),
        (
            "message.ack",
            format!("true_{PHONE}@c.us_{ID}"),
            json!(-1),
            Some(Ack::Error),
        ),
        (
            "message.ack",
            format!("true_{PHONE}@c.us_{ID}"),
            json!(99),
            None,
        ),
        (
            "message.ack",
            format!("false_{PHONE}@c.us_{ID}"),
            json!(3),
            None,
        ),
        (
            "message.ack.group",
            format!("true_120363000000000001@g.us_{ID}_6281200000001@c.us"),
            json!(3),
            Some(Ack::Read),
        ),
    ];
    for (event, id, level, expected) in rows {
        let from_me = id.starts_with("true");
        let told = heard(event, json!({"id": id, "fromMe": from_me, "ack": level}));
        let expected = expected.map(|ack| Notice::Ack {
            session: session(),
            account: account(),
            message_id: ID.into(),
            ack,
        });
        assert_eq!(told, Vec::from_iter(expected), "{id} {level}");
    }
}

fn echo(change: Value) -> Vec<Notice> {
    let mut payload = json!({
        "id": format!("true_{PHONE}@c.us_{ID}"), "timestamp": 1, "from": format!("{PHONE}@c.us"),
        "fromMe": true, "source": "api", "body": "Halo Budi", "hasMedia": false, "ack": 0,
        "_data": {"message": {"extendedTextMessage": {"text": "Halo Budi"}}},
    });
    let fields = payload.as_object_mut().unwrap();
    for (key, value) in change.as_object().unwrap() {
        fields.insert(key.clone(), value.clone());
    }
    heard("message.any", payload)
}

#[test]
fn an_echo_tells_chat_kind_and_text() {
    let phone_there = Some(phone(PHONE));
    let text = Some(MessageKind::Text);
    let lid = format!("true_222@lid_{ID}");
    let alt = json!({"remoteJid": "222@lid", "remoteJidAlt": format!("{PHONE}@s.whatsapp.net")});
    let own = json!({"remoteJid": "222@lid", "remoteJidAlt": "6281200000001@s.whatsapp.net"});
    let rows = [
        (json!({}), phone_there, text),
        (json!({"id": lid, "from": "222@lid"}), None, text),
        (
            json!({"id": lid, "from": "222@lid", "_data": {"key": alt, "message": {"conversation": "Halo Budi"}}}),
            phone_there,
            text,
        ),
        (
            json!({"id": lid, "from": "222@lid", "_data": {"key": own, "message": {"conversation": "Halo Budi"}}}),
            None,
            text,
        ),
        (
            json!({"hasMedia": true, "_data": {"message": {"imageMessage": {"caption": "Halo Budi"}}}}),
            phone_there,
            Some(MessageKind::Image),
        ),
        (
            json!({"hasMedia": true, "_data": {"message": {"documentWithCaptionMessage": {}}}}),
            phone_there,
            Some(MessageKind::File),
        ),
        (
            json!({"hasMedia": true, "_data": {"Message": {"documentMessage": {}}}}),
            phone_there,
            Some(MessageKind::File),
        ),
        (
            json!({"hasMedia": true, "_data": {"type": "image"}}),
            phone_there,
            Some(MessageKind::Image),
        ),
        (
            json!({"hasMedia": true, "_data": {"type": "document"}}),
            phone_there,
            Some(MessageKind::File),
        ),
        (
            json!({"from": "6281200000001@c.us", "_data": {"type": "chat"}}),
            phone_there,
            text,
        ),
        (json!({"hasMedia": true, "_data": {}}), phone_there, None),
        (json!({"hasMedia": false, "_data": null}), phone_there, text),
        (json!({"hasMedia": null, "_data": null}), phone_there, None),
    ];
    for (change, to, kind) in rows {
        let expected = Notice::Echo {
            session: session(),
            account: account(),
            message_id: ID.into(),
            to,
            kind,
            text_hash: text_hash("Halo Budi"),
        };
        assert_eq!(echo(change.clone()), [expected], "{change}");
    }
}

#[test]
fn what_was_typed_on_the_phone_or_came_from_others_is_no_echo() {
    let typed = echo(json!({"source": "app"}));
    assert!(matches!(typed[..], [Notice::ByHand { .. }]), "{typed:?}");
    assert_eq!(echo(json!({"source": null})), []);
    assert_eq!(
        heard(
            "message",
            json!({"id": format!("false_{PHONE}@c.us_{ID}"), "fromMe": false})
        ),
        []
    );
    assert_eq!(heard("presence.update", json!({})), []);
    assert_eq!(heard("message.ack", json!({"ack": "?"})), []);
}

#[test]
fn a_session_tells_its_account_only_while_it_works() {
    for (status, readiness, whose) in [
        ("WORKING", Readiness::Working, account()),
        ("STARTING", Readiness::NotReady("STARTING".into()), None),
        ("NEW_ONE", Readiness::NotReady("NEW_ONE".into()), None),
    ] {
        let told = heard(
            "session.status",
            json!({"name": "default", "status": status}),
        );
        let expected = Notice::Status {
            session: session(),
            readiness,
            account: whose,
        };
        assert_eq!(told, [expected]);
    }
}

#[test]
fn what_a_person_writes_is_a_reply_and_what_groups_write_is_not() {
    let lid = "222@lid";
    let gateway = scene::gateway("http://localhost:3000");
    let written = |chat: &str, data: Value| {
        hear(
            &gateway,
            "message.any",
            json!({
                "id": format!("false_{chat}_ABC"), "timestamp": 1_800_000_000, "from": chat, "fromMe": false,
                "body": "STOP", "hasMedia": false, "_data": data,
            }),
        )
    };
    let reply = [Notice::Reply {
        session: session(),
        account: account().unwrap(),
        message_id: "ABC".into(),
        from: phone(PHONE),
        received_at: "2027-01-15T08:00:00Z".parse().unwrap(),
        text: "STOP".into(),
    }];
    assert_eq!(written(&format!("{PHONE}@c.us"), json!({})), reply);
    let hidden = Notice::HiddenReply {
        session: session(),
        account: account().unwrap(),
        message_id: "ABC".into(),
        lid: lid.parse().unwrap(),
        received_at: "2027-01-15T08:00:00Z".parse().unwrap(),
        text: "STOP".into(),
    };
    assert_eq!(
        written(lid, json!({})),
        [hidden],
        "nothing has told whose chat it is"
    );
    let alt = format!("{PHONE}@s.whatsapp.net");
    for key in [
        json!({"remoteJid": lid, "remoteJidAlt": alt}),
        json!({"remoteJid": lid, "senderPn": alt}),
    ] {
        assert_eq!(written(lid, json!({"key": key})), reply, "{key}");
    }
    assert_eq!(
        written(lid, json!({})),
        reply,
        "an earlier message has told"
    );
    for elsewhere in [
        "120363000000000000@g.us",
        "status@broadcast",
        "1@newsletter",
    ] {
        assert_eq!(written(elsewhere, json!({})), [], "{elsewhere}");
    }
}

/// `source` is "app" for what is typed on the phone, "api" for what was sent through WAHA (recorded).
#[test]
fn what_a_person_sends_is_told_but_for_groups_and_statuses_and_never_our_own() {
    let message = |id: &str, chat: &str, source: Value| {
        json!({
            "id": id, "timestamp": 1_700_000_000, "from": chat, "fromMe": true, "source": source,
            "body": "Siap", "hasMedia": false, "ack": 1, "ackName": "SERVER", "_data": {},
        })
    };
    let chat = format!("{PHONE}@c.us");
    let id = format!("true_{chat}_3A0123456789");
    let told = heard("message.any", message(&id, &chat, json!("app")));
    let by_hand = Notice::ByHand {
        session: session(),
        account: account().unwrap(),
        to: phone(PHONE),
        // The end of the second that WAHA tells.
        at: "2023-11-14T22:13:21Z".parse().unwrap(),
        message_id: "3A0123456789".into(),
    };
    assert_eq!(told, [by_hand]);
    let echo = heard("message.any", message(&id, &chat, json!("api")));
    assert!(matches!(echo[..], [Notice::Echo { .. }]), "{echo:?}");
    assert_eq!(heard("message.any", message(&id, &chat, json!(null))), []);
    for elsewhere in [
        "120363000000000000@g.us",
        "status@broadcast",
        "1@newsletter",
    ] {
        let id = format!("true_{elsewhere}_3A0123456789");
        let told = heard("message.any", message(&id, elsewhere, json!("app")));
        assert_eq!(told, [], "{elsewhere}");
    }
    let received = json!({
        "id": format!("false_{chat}_3A0123456789"), "timestamp": 1_700_000_000, "from": chat, "fromMe": false,
        "source": "app", "body": "Siap", "hasMedia": false, "_data": {},
    });
    let told = heard("message.any", received);
    assert!(matches!(told[..], [Notice::Reply { .. }]), "{told:?}");
}
