//! Events of messages as each engine builds them: NOWEB as recorded, the others as WAHA's source has them.

use serde_json::json;
use waha_client::events::Payload;
use waha_client::{Ack, ChatId};

use crate::{chat, event};

fn group() -> ChatId {
    ChatId::group("120363000000000001").unwrap()
}

#[test]
fn a_message_reads_the_same_whatever_the_engine() {
    for (engine, extra, data) in [
        (
            "NOWEB",
            json!({}),
            json!({"key": {"remoteJid": "6281200000002@s.whatsapp.net", "id": "3EB0AA"}}),
        ),
        (
            "GOWS",
            json!({"to": null, "participant": null}),
            json!({"Info": {"ID": "3EB0AA", "IsFromMe": false}}),
        ),
        (
            "WEBJS",
            json!({"to": "6281200000001@c.us", "mediaUrl": null}),
            json!({"id": {"id": "3EB0AA"}, "viewed": false}),
        ),
        (
            "WPP",
            json!({"to": {"server": "c.us", "user": "6281200000001"}, "participant": ""}),
            json!({"type": "chat", "t": 5}),
        ),
    ] {
        let mut message = json!({
            "id": "false_6281200000002@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000002@c.us", "fromMe": false,
            "source": "app", "body": "hi", "hasMedia": false, "media": null, "ack": 1, "ackName": "SERVER", "location": null,
            "vCards": null, "replyTo": {"id": "3EB0CC", "participant": "6281200000001@c.us", "body": "q"}, "_data": data,
        });
        for (name, value) in extra.as_object().unwrap() {
            message[name] = value.clone();
        }
        for kind in ["message", "message.any"] {
            let (Payload::Message(read) | Payload::AnyMessage(read)) =
                event(kind, &message).payload
            else {
                panic!("{engine}: not a message")
            };
            assert_eq!(read.id.bare(), "3EB0AA", "{engine}");
            assert_eq!(
                (read.from.as_ref(), read.body.as_deref()),
                (Some(&chat()), Some("hi")),
                "{engine}"
            );
            assert_eq!(
                (read.timestamp_s, read.is_from_me()),
                (1_795_220_409, false),
                "{engine}"
            );
            assert_eq!(
                (read.ack, &read.participant),
                (Some(Ack::Server), &None),
                "{engine}"
            );
            let quoted = read.reply_to.unwrap();
            assert_eq!(quoted.id.unwrap().bare(), "3EB0CC", "{engine}");
            assert_eq!(read.data.unwrap().to_value(), data, "{engine}");
        }
    }
}

#[test]
fn an_acknowledgement_reads_the_same_whatever_the_engine() {
    for (engine, payload) in [
        (
            "NOWEB",
            json!({"id": "true_6281200000002@c.us_3EB0AA", "from": "6281200000002@c.us", "fromMe": true, "ack": 3, "ackName": "READ"}),
        ),
        (
            "GOWS",
            json!({
                "id": "true_6281200000002@c.us_3EB0AA", "from": "6281200000002@c.us", "to": null, "participant": null,
                "fromMe": true, "ack": 3, "ackName": "READ", "_data": {"MessageIDs": ["3EB0AA"], "Type": "read"},
            }),
        ),
        (
            "WEBJS",
            json!({
                "id": "true_6281200000002@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000001@c.us", "fromMe": true,
                "source": "api", "to": "6281200000002@c.us", "body": "hi", "hasMedia": false, "media": null, "ack": 3,
                "ackName": "READ", "vCards": [], "_data": {"id": {"id": "3EB0AA"}},
            }),
        ),
        (
            "WPP",
            json!({
                "id": "true_6281200000002@c.us_3EB0AA", "from": "6281200000002@c.us", "to": "6281200000002@c.us", "participant": null,
                "fromMe": true, "ack": 3, "ackName": "READ", "_data": [{"id": {"fromMe": true}}, 3, {}],
            }),
        ),
    ] {
        let Payload::Ack(ack) = event("message.ack", &payload).payload else {
            panic!("{engine}: not an acknowledgement")
        };
        assert_eq!(
            ack.id.to_string(),
            "true_6281200000002@c.us_3EB0AA",
            "{engine}"
        );
        assert_eq!((ack.ack, ack.is_from_me()), (Ack::Read, true), "{engine}");
        assert_eq!(
            (ack.ack_name.as_deref(), &ack.participant),
            (Some("READ"), &None),
            "{engine}"
        );
    }
}

#[test]
fn a_groups_acknowledgement_tells_whose_receipt_it_is_whatever_the_engine() {
    for (engine, id, from) in [
        (
            "NOWEB",
            "true_120363000000000001@g.us_3EB0AA_6281200000001@c.us",
            "120363000000000001@g.us",
        ),
        (
            "GOWS",
            "true_120363000000000001@g.us_3EB0AA_6281200000001@c.us",
            "120363000000000001@g.us",
        ),
        (
            "WEBJS",
            "true_120363000000000001@g.us_3EB0AA_6281200000001@c.us",
            "120363000000000001@g.us",
        ),
        (
            "WPP",
            "true_120363000000000001@g.us_3EB0AA",
            "120363000000000001@g.us",
        ),
    ] {
        let payload = json!({
            "id": id, "from": from, "to": "120363000000000001@g.us", "participant": "6281200000002@c.us", "fromMe": true,
            "ack": 2, "ackName": "DEVICE", "_data": [{}, 2],
        });
        let Payload::GroupAck(ack) = event("message.ack.group", &payload).payload else {
            panic!("{engine}: not a group's acknowledgement")
        };
        assert_eq!(
            (ack.id.bare(), ack.id.chat()),
            ("3EB0AA", Some(&group())),
            "{engine}"
        );
        assert_eq!(
            (ack.participant, ack.ack),
            (Some(chat()), Ack::Device),
            "{engine}"
        );
    }
}

#[test]
fn a_reaction_reads_the_same_whatever_the_engine() {
    for (engine, time, participant) in [
        ("NOWEB", json!(1_795_220_409), json!(null)),
        ("GOWS", json!(1_795_220_409), json!(null)),
        (
            "WEBJS",
            json!(1_795_220_409.25),
            json!("6281200000002@c.us"),
        ),
        (
            "WPP, seconds",
            json!(1_795_220_409),
            json!("6281200000002@c.us"),
        ),
        ("WPP, milliseconds", json!(1_795_220_409_123_i64), json!("")),
    ] {
        let payload = json!({
            "id": "false_6281200000002@c.us_3EB0BB", "timestamp": time, "from": "6281200000002@c.us", "fromMe": false,
            "source": null, "to": "6281200000001@c.us", "participant": participant,
            "reaction": {"text": "👍", "messageId": "true_6281200000002@c.us_3EB0AA"}, "_data": {},
        });
        let Payload::Reaction(read) = event("message.reaction", &payload).payload else {
            panic!("{engine}: not a reaction")
        };
        assert_eq!(
            (read.id.bare(), read.timestamp_s),
            ("3EB0BB", 1_795_220_409),
            "{engine}"
        );
        assert_eq!(
            (read.from, read.reaction.text.as_str()),
            (Some(chat()), "👍"),
            "{engine}"
        );
        assert_eq!(
            read.reaction.message_id.unwrap().bare(),
            "3EB0AA",
            "{engine}"
        );
        let by_name = participant.as_str().is_some_and(|text| !text.is_empty());
        assert_eq!(read.participant, by_name.then(chat), "{engine}");
    }
}

#[test]
fn an_edit_and_a_deletion_name_the_message_whatever_the_engine() {
    for (engine, edited) in [
        ("NOWEB, GOWS, WEBJS", json!("3EB0AA")),
        ("WPP", json!("true_6281200000002@c.us_3EB0AA")),
    ] {
        let payload = json!({
            "id": "true_6281200000002@c.us_3EB0DD", "timestamp": 1_795_220_409, "fromMe": true, "body": "new",
            "editedMessageId": edited, "_data": [{}, "id", {}],
        });
        let Payload::Edited(read) = event("message.edited", &payload).payload else {
            panic!("{engine}: not an edit")
        };
        assert_eq!(read.edited_id.unwrap().bare(), "3EB0AA", "{engine}");
        assert_eq!(read.message.body.as_deref(), Some("new"), "{engine}");
    }
    let message = json!({"id": "true_6281200000002@c.us_3EB0DD", "timestamp": 5, "fromMe": true});
    let key = json!({"fromMe": true, "id": "3EB0DD", "remoteJid": "6281200000002@s.whatsapp.net"});
    for (engine, after, before) in [
        ("NOWEB", message.clone(), json!(null)),
        ("WEBJS", message.clone(), message),
        ("WPP", key.clone(), key),
        ("one odd field", json!({"id": 7}), json!("?")),
    ] {
        let payload =
            json!({"revokedMessageId": "3EB0AA", "after": after, "before": before, "_data": {}});
        let Payload::Revoked(read) = event("message.revoked", &payload).payload else {
            panic!("{engine}: not a deletion")
        };
        assert_eq!(
            read.revoked_message_id.unwrap().bare(),
            "3EB0AA",
            "{engine}"
        );
        let after = read
            .after
            .map(|after| (after.id.bare().to_owned(), after.is_from_me()));
        let known = engine != "one odd field";
        assert_eq!(
            after,
            known.then(|| ("3EB0DD".to_owned(), true)),
            "{engine}"
        );
        assert_eq!(
            read.before.is_some(),
            matches!(engine, "WEBJS" | "WPP"),
            "{engine}"
        );
    }
}
