//! Chats and their messages.

use serde_json::json;
use waha_client::api::chats::{
    self, ChatQuery, EditedText, MessageQuery, OverviewQuery, PinFor, ReadQuery,
};
use waha_client::types::{MessageSource, PictureSource};
use waha_client::{Ack, MessageId};

use crate::{chat, read, read_empty, session};

#[tokio::test]
async fn chats_of_every_engine_have_one_form_of_id() {
    let body = json!([
        {"id": "6281200000002@s.whatsapp.net", "conversationTimestamp": 1_795_220_409},
        {"id": {"server": "c.us", "user": "6281200000002", "_serialized": "6281200000002@c.us"}, "name": "Alice", "unreadCount": 2},
        {"id": "6281200000002@c.us", "name": null, "conversationTimestamp": "1795220409"},
    ]);
    let list = read(chats::list(&session(), ChatQuery::new()), body).await;
    assert!(list.iter().all(|one| one.id == chat()));
    let times: Vec<_> = list
        .iter()
        .map(|one| one.conversation_timestamp_s)
        .collect();
    assert_eq!(times, [Some(1_795_220_409), None, Some(1_795_220_409)]);
    assert_eq!(list[1].name.as_deref(), Some("Alice"));
    assert_eq!(list[1].unread_count, Some(2));
}

#[tokio::test]
async fn a_chat_reads_the_same_whatever_the_engine() {
    let wid =
        json!({"server": "c.us", "user": "6281200000002", "_serialized": "6281200000002@c.us"});
    for (engine, body, unread) in [
        (
            "NOWEB",
            json!({"id": "6281200000002@s.whatsapp.net", "name": "Alice", "conversationTimestamp": 1_795_220_409, "readOnly": false}),
            None,
        ),
        (
            "GOWS",
            json!({"id": "6281200000002@c.us", "name": "Alice", "conversationTimestamp": 1_795_220_409}),
            None,
        ),
        (
            "WEBJS",
            json!({
                "id": wid, "name": "Alice", "isGroup": false, "isReadOnly": false, "unreadCount": 2, "timestamp": 1_795_220_409,
                "pinned": false, "isMuted": false, "muteExpiration": 0, "lastMessage": {"id": {"fromMe": false}, "body": "hi"},
            }),
            Some(2),
        ),
        (
            "WPP",
            json!({
                "id": "6281200000002@c.us", "name": "Alice", "t": 1_795_220_409, "unreadCount": 2, "kind": "chat", "isUser": true,
                "contact": {"id": wid, "pushname": "Al"}, "groupMetadata": null, "presence": {"id": wid}, "msgs": null,
            }),
            Some(2),
        ),
    ] {
        let list = read(chats::list(&session(), ChatQuery::new()), json!([body])).await;
        assert_eq!(list[0].id, chat(), "{engine}");
        assert_eq!(list[0].name.as_deref(), Some("Alice"), "{engine}");
        assert_eq!(
            list[0].conversation_timestamp_s,
            Some(1_795_220_409),
            "{engine}"
        );
        assert_eq!(list[0].unread_count, unread, "{engine}");
    }
    let odd = json!([{"id": {"$1": "6281200000002@c.us"}, "name": {}, "t": [], "timestamp": null, "unreadCount": "?"}]);
    let list = read(chats::list(&session(), ChatQuery::new()), odd).await;
    assert_eq!((&list[0].id, &list[0].name), (&chat(), &None));
}

#[tokio::test]
async fn an_overview_reads_the_same_whatever_the_engine() {
    let wid =
        json!({"server": "c.us", "user": "6281200000002", "_serialized": "6281200000002@c.us"});
    for (engine, own, data) in [
        (
            "NOWEB",
            json!({"id": "6281200000002@s.whatsapp.net"}),
            json!({"key": {"id": "3EB0AA"}}),
        ),
        (
            "GOWS",
            json!({"id": "6281200000002@c.us", "name": "Alice"}),
            json!({"Info": {"ID": "3EB0AA"}}),
        ),
        (
            "WEBJS",
            json!({"id": wid, "timestamp": 1_795_220_409}),
            json!({"id": {"id": "3EB0AA"}, "t": 1_795_220_409}),
        ),
        (
            "WPP",
            json!({"id": "6281200000002@c.us", "t": 1_795_220_409}),
            json!({"id": "false_6281200000002@c.us_3EB0AA", "t": 1}),
        ),
    ] {
        let body = json!([
            {
                "id": "6281200000002@c.us", "name": "Alice", "picture": "https://h/p.jpg", "_chat": own,
                "lastMessage": {
                    "id": "false_6281200000002@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000002@c.us",
                    "fromMe": false, "body": "hi", "ack": 1, "_data": data,
                },
            },
            {"id": "6281200000002@c.us", "name": "", "lastMessage": {"id": null, "body": "?"}, "_chat": own},
        ]);
        let list = read(chats::overview(&session(), OverviewQuery::new()), body).await;
        assert_eq!(
            (&list[0].id, list[0].name.as_deref()),
            (&chat(), Some("Alice")),
            "{engine}"
        );
        let last = list[0].last_message.as_ref().unwrap();
        assert_eq!(
            (last.body.as_deref(), last.timestamp_s),
            (Some("hi"), 1_795_220_409),
            "{engine}"
        );
        assert_eq!(last.data.as_ref().unwrap().to_value(), data, "{engine}");
        assert_eq!(list[0].chat.as_ref().unwrap().to_value(), own, "{engine}");
        assert!(
            list[1].last_message.is_none() && list[1].name.is_none(),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn an_overview_has_the_last_message_and_the_engines_own_form() {
    let body = json!([
        {
            "id": "6281200000002@c.us", "name": "Alice", "picture": null,
            "lastMessage": {
                "id": "true_6281200000002@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000002@c.us",
                "fromMe": true, "source": "api", "body": "hi", "ack": 2, "ackName": "DEVICE", "_data": {"key": {}},
            },
            "_chat": {"id": "6281200000002@s.whatsapp.net", "conversationTimestamp": 1_795_220_409},
        },
        {"id": "12036300@g.us", "name": null, "picture": "https://h/p.jpg", "lastMessage": null, "_chat": {}, "later": 1},
        {"id": "1@lid"},
    ]);
    let s = session();
    for endpoint in [
        chats::overview(&s, OverviewQuery::new()),
        chats::overview_by_body(&s, OverviewQuery::new()),
    ] {
        let list = read(endpoint, body.clone()).await;
        let last = list[0].last_message.as_ref().unwrap();
        assert!(last.is_from_me() && last.body.as_deref() == Some("hi"));
        let own = list[0].chat.as_ref().unwrap().to_value();
        assert_eq!(own["conversationTimestamp"], 1_795_220_409);
        assert_eq!(list[1].picture.as_deref(), Some("https://h/p.jpg"));
        assert!(list[1].last_message.is_none() && list[2].chat.is_none());
        assert_eq!(list[1].extra["later"], 1);
    }
}

#[tokio::test]
async fn the_messages_of_a_chat_read_the_same_whatever_the_engine() {
    for (engine, extra, source) in [
        (
            "NOWEB",
            json!({"source": "app", "_data": {"key": {}}, "vCards": null, "location": null}),
            Some("app"),
        ),
        (
            "GOWS",
            json!({"source": "app", "ack": null, "ackName": "UNKNOWN", "to": null, "participant": null, "mediaUrl": null}),
            Some("app"),
        ),
        (
            "WEBJS",
            json!({"source": null, "to": "6281200000001@c.us", "vCards": [], "_data": {"quotedMsg": null}}),
            None,
        ),
        (
            "WPP",
            json!({"source": null, "to": "6281200000001@c.us", "mediaUrl": "https://h/m", "replyTo": null, "_data": {"t": 5}}),
            None,
        ),
    ] {
        let mut message = json!({
            "id": "false_6281200000002@c.us_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000002@c.us", "fromMe": false,
            "body": "hi", "hasMedia": true, "media": {"url": "https://h/m.jpg", "mimetype": "image/jpeg", "filename": null}, "ack": 3,
        });
        for (name, value) in extra.as_object().unwrap() {
            message[name] = value.clone();
        }
        let list = read(
            chats::messages(&session(), &chat(), &MessageQuery::new()),
            json!([message]),
        )
        .await;
        let one = &list[0];
        assert_eq!(
            one.id.to_string(),
            "false_6281200000002@c.us_3EB0AA",
            "{engine}"
        );
        assert_eq!(
            (one.from.as_ref(), one.is_from_me()),
            (Some(&chat()), false),
            "{engine}"
        );
        assert_eq!(
            (one.timestamp_s, one.body.as_deref()),
            (1_795_220_409, Some("hi")),
            "{engine}"
        );
        assert_eq!(one.ack, (engine != "GOWS").then_some(Ack::Read), "{engine}");
        assert_eq!(
            one.source.as_ref().map(MessageSource::as_str),
            source,
            "{engine}"
        );
        assert_eq!(
            one.media.as_ref().unwrap().url.as_deref(),
            Some("https://h/m.jpg"),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_picture_may_be_missing() {
    let (s, c) = (session(), chat());
    let picture = || chats::picture(&s, &c, PictureSource::Cache);
    assert_eq!(read(picture(), json!({"url": null})).await, None);
    assert_eq!(read(picture(), json!({})).await, None);
    let url = read(picture(), json!({"url": "https://h/p.jpg"})).await;
    assert_eq!(url.as_deref(), Some("https://h/p.jpg"));
}

#[tokio::test]
async fn a_change_is_done_unless_the_answer_says_otherwise() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    assert!(read_empty(chats::archive(&s, &c)).await);
    assert!(read_empty(chats::mark_unread(&s, &c)).await);
    for (body, done) in [
        (json!({"success": true}), true),
        (json!({"result": true}), true),
        (json!({"success": false}), false),
        (json!({"result": false}), false),
        (json!(true), true),
        (json!(false), false),
        (json!(null), true),
        (json!({"success": "yes"}), true),
        (json!(["?"]), true),
    ] {
        let pin = chats::pin_message(&s, &c, &m, PinFor::Day);
        assert_eq!(read(pin, body.clone()).await, done, "{body}");
        assert_eq!(read(chats::unarchive(&s, &c), body).await, done);
    }
}

#[tokio::test]
async fn what_was_read_is_told_by_id_or_not_at_all() {
    let (s, c) = (session(), chat());
    let marked = || chats::read_messages(&s, &c, ReadQuery::new());
    let body =
        json!({"ids": ["false_6281200000002@c.us_3EB0AA", "false_6281200000002@c.us_3EB0AB"]});
    let ids = read(marked(), body).await;
    assert_eq!(
        ids.iter().map(MessageId::bare).collect::<Vec<_>>(),
        ["3EB0AA", "3EB0AB"]
    );
    for body in [json!({"ids": []}), json!({"ids": null}), json!({})] {
        assert!(read(marked(), body).await.is_empty());
    }
    assert!(read_empty(marked()).await.is_empty());
}

#[tokio::test]
async fn an_edit_and_a_deletion_are_messages_with_ids_of_their_own() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    let body = json!({
        "key": {"remoteJid": "6281200000002@s.whatsapp.net", "fromMe": true, "id": "3EB0CD"},
        "message": {"protocolMessage": {"key": {"id": "3EB0AA"}, "type": "MESSAGE_EDIT"}},
        "messageTimestamp": "1795220408", "status": "PENDING",
    });
    let edit = || chats::edit_message(&s, &c, &m, &EditedText::new("new"));
    for endpoint in [edit(), chats::delete_message(&s, &c, &m)] {
        let sent = read(endpoint, body.clone()).await;
        assert_eq!(
            sent.id.unwrap().to_string(),
            "true_6281200000002@c.us_3EB0CD"
        );
        assert_eq!(sent.timestamp_s, Some(1_795_220_408));
    }
    assert!(read_empty(edit()).await.id.is_none());
}
