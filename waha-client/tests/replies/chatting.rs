//! Answers to sends and marks.

use serde_json::json;
use waha_client::MessageId;
use waha_client::api::chatting::{
    self, ForwardedMessage, LocationMessage, PollMessage, SeenMessages, TextMessage,
};

use crate::{chat, read, read_empty, session};

#[tokio::test]
async fn polls_and_forwarded_messages_answer_with_a_whole_message() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    let body = json!({
        "id": "true_6281200000002@c.us_3EB0CD", "timestamp": 1_795_220_408, "from": "6281200000002@c.us",
        "fromMe": true, "source": "api", "body": null, "ack": 0, "ackName": "PENDING",
        "_data": {"key": {"remoteJid": "6281200000002@s.whatsapp.net", "fromMe": true, "id": "3EB0CD"}},
    });
    for endpoint in [
        chatting::send_poll(&PollMessage::new(&s, &c, "q", &["a", "b"])),
        chatting::forward(&ForwardedMessage::new(&s, &c, &m)),
    ] {
        let sent = read(endpoint, body.clone()).await;
        assert_eq!(
            sent.id.unwrap().to_string(),
            "true_6281200000002@c.us_3EB0CD"
        );
        assert_eq!(sent.timestamp_s, Some(1_795_220_408));
    }
}

#[tokio::test]
async fn places_and_reactions_answer_with_the_engines_own_form() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    let body = json!({
        "key": {"remoteJid": "6281200000002@s.whatsapp.net", "fromMe": true, "id": "3EB0CD"},
        "message": {"reactionMessage": {"key": {"id": "3EB0AA"}, "text": ""}},
        "messageTimestamp": "1795220408", "status": "PENDING",
    });
    for endpoint in [
        chatting::send_location(&LocationMessage::new(&s, &c, -6.2, 106.8, "Jakarta")),
        chatting::react(&s, &m, ""),
    ] {
        let sent = read(endpoint, body.clone()).await;
        assert_eq!(
            sent.id.unwrap().to_string(),
            "true_6281200000002@c.us_3EB0CD"
        );
    }
}

#[tokio::test]
async fn marks_answer_with_little_or_nothing() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    let seen = SeenMessages::new(&s, &c);
    assert!(
        read(chatting::send_seen(&seen), json!({"ids": []}))
            .await
            .is_empty()
    );
    assert!(read_empty(chatting::send_seen(&seen)).await.is_empty());
    assert!(read(chatting::start_typing(&s, &c), json!({"result": true})).await);
    assert!(read(chatting::stop_typing(&s, &c), json!({"result": true})).await);
    assert!(read_empty(chatting::star(&s, &c, &m)).await);
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_calls_answer_as_what_does_their_work() {
    let (s, c) = (session(), chat());
    let body = json!({"key": {"remoteJid": "6281200000002@c.us", "fromMe": true, "id": "3EB0CD"}});
    for endpoint in [
        chatting::send_text_by_query(&s, "6281200000002", "hi"),
        chatting::send_link_preview(&s, &c, "https://e.com", "t"),
    ] {
        let sent = read(endpoint, body.clone()).await;
        assert_eq!(
            sent.id.unwrap().to_string(),
            "true_6281200000002@c.us_3EB0CD"
        );
    }
    let body = json!({"numberExists": true, "chatId": "6281200000002@c.us"});
    let status = read(chatting::check_number_status(&s, "6281200000002"), body).await;
    assert!(status.number_exists && status.chat_id == Some(c));
}

#[tokio::test]
async fn sends_of_every_kind_have_one_form_of_id_whatever_the_engine() {
    let (s, c) = (session(), chat());
    let m = MessageId::parse("true_6281200000002@c.us_3EB0AA");
    for (engine, body, time) in [
        (
            "NOWEB",
            json!({
                "key": {"remoteJid": "6281200000002@s.whatsapp.net", "fromMe": true, "id": "3EB0CD"},
                "message": {"extendedTextMessage": {"text": "hi"}}, "messageTimestamp": "1795220408", "status": "PENDING",
            }),
            Some(1_795_220_408),
        ),
        (
            "GOWS",
            json!({"id": "true_6281200000002@c.us_3EB0CD", "_data": {"Info": {"ID": "3EB0CD"}}}),
            None,
        ),
        (
            "WEBJS",
            json!({
                "_data": {"t": 1_795_220_408}, "ack": 0, "body": "hi", "fromMe": true, "timestamp": 1_795_220_408,
                "id": {"fromMe": true, "remote": "6281200000002@c.us", "id": "3EB0CD", "_serialized": "true_6281200000002@c.us_3EB0CD"},
            }),
            Some(1_795_220_408),
        ),
        (
            "WPP",
            json!({
                "id": "true_6281200000002@c.us_3EB0CD", "timestamp": 1_795_220_408, "from": "6281200000001@c.us",
                "fromMe": true, "source": "api", "to": "6281200000002@c.us", "participant": null, "body": "hi",
                "hasMedia": false, "media": null, "mediaUrl": null, "ack": 0, "ackName": "PENDING", "location": null,
                "vCards": null, "replyTo": null, "_data": {"id": "true_6281200000002@c.us_3EB0CD", "t": 1_795_220_408},
            }),
            Some(1_795_220_408),
        ),
    ] {
        for endpoint in [
            chatting::send_text(&TextMessage::new(&s, &c, "hi")),
            chatting::send_location(&LocationMessage::new(&s, &c, -6.2, 106.8, "Jakarta")),
            chatting::send_poll(&PollMessage::new(&s, &c, "q", &["a", "b"])),
        ] {
            let sent = read(endpoint, body.clone()).await;
            let id = sent.id.unwrap();
            assert_eq!(id.to_string(), "true_6281200000002@c.us_3EB0CD", "{engine}");
            assert_eq!(sent.timestamp_s, time, "{engine}");
        }
    }
    // What the browser engines answer without an id was accepted all the same.
    for (engine, body) in [
        ("WEBJS and WPP, forwarded", json!({"sent": true})),
        ("WPP, reacted", json!({"sendMsgResult": "OK"})),
    ] {
        let sent = read(
            chatting::forward(&ForwardedMessage::new(&s, &c, &m)),
            body.clone(),
        )
        .await;
        assert_eq!(
            (sent.id.is_none(), sent.raw_value()),
            (true, body),
            "{engine}"
        );
    }
}
