//! What is done to messages that are there: answers by engine, events, and what the store keeps.

use reqwest::Method;
use serde_json::{Value, json};
use waha_simulator::{Engine, Simulator};

use crate::{CHAT, Listener, call, get, listened_to, post, put, send};

async fn with_message(engine: Engine) -> (Simulator, String) {
    let simulator = listened_to()
        .engine(engine)
        .store_default(true)
        .acks(waha_simulator::AckTiming::none())
        .start()
        .await
        .unwrap();
    send(&simulator, "halo").await.unwrap();
    let id = simulator.ledger().entries().next().unwrap().id().to_owned();
    (simulator, format!("true_{CHAT}_{id}"))
}

#[tokio::test]
async fn each_change_is_answered_as_the_engine_does() {
    const NONE: Value = Value::Null;
    // Method, path, body, and the status on NOWEB, GOWS and WEBJS.
    let table: [(Method, &str, Value, [u16; 3]); 11] = [
        (
            Method::PUT,
            "/api/reaction",
            json!({"reaction": "👍"}),
            [200; 3],
        ),
        (
            Method::PUT,
            "/api/star",
            json!({"star": true}),
            [200, 501, 200],
        ),
        (Method::PUT, "MESSAGE", json!({"text": "edited"}), [200; 3]),
        (Method::PUT, "MESSAGE", json!({}), [500; 3]),
        (Method::DELETE, "MESSAGE", NONE, [200; 3]),
        (
            Method::POST,
            "MESSAGE/pin",
            json!({"duration": 86400}),
            [201, 501, 201],
        ),
        (
            Method::POST,
            "MESSAGE/pin",
            json!({"duration": 5}),
            [400; 3],
        ),
        (Method::POST, "MESSAGE/unpin", NONE, [201, 501, 201]),
        (
            Method::POST,
            "/api/sendPollVote",
            json!({"votes": ["a"]}),
            [501, 201, 501],
        ),
        (Method::POST, "/api/sendPollVote", json!({}), [400; 3]),
        (Method::POST, "MESSAGE/fold", NONE, [404; 3]),
    ];
    for (nth, engine) in [Engine::Noweb, Engine::Gows, Engine::Webjs]
        .into_iter()
        .enumerate()
    {
        let (simulator, id) = with_message(engine).await;
        for (method, path, fields, statuses) in &table {
            let path = path.replace(
                "MESSAGE",
                &format!("/api/default/chats/{CHAT}/messages/{id}"),
            );
            let mut body = fields.clone();
            if path.starts_with("/api/s") || path.starts_with("/api/r") {
                body["session"] = "default".into();
                body["chatId"] = CHAT.into();
                body["messageId"] = id.as_str().into();
                body["pollMessageId"] = id.as_str().into();
            }
            let body = (body != NONE).then_some(body);
            let (status, answer) = call(&simulator, method.clone(), &path, body).await.unwrap();
            assert_eq!(status, statuses[nth], "{engine} {method} {path}: {answer}");
        }
        assert_eq!(simulator.ledger().len(), 1, "{engine}: no change is a send");
    }
}

#[tokio::test]
async fn malformed_ids_are_errors_of_the_code_that_reads_them() {
    let (simulator, _) = with_message(Engine::Noweb).await;
    let react = |id: Value| json!({"session": "default", "messageId": id, "reaction": "x"});
    for (id, sentence) in [
        (json!("garbage"), "Message id be in format"),
        (
            Value::Null,
            "Cannot read properties of null (reading 'includes')",
        ),
    ] {
        let (status, answer) = put(&simulator, "/api/reaction", react(id)).await;
        assert_eq!(status, 500);
        let message = answer["exception"]["message"].as_str().unwrap();
        assert!(message.starts_with(sentence), "{message}");
    }
}

#[tokio::test]
async fn changes_are_events_and_an_edit_stays() {
    let (simulator, id) = with_message(Engine::Noweb).await;
    let bare = id.rsplit('_').next().unwrap().to_owned();
    let mut events = Listener::new(&simulator, "session=default").await;
    let message = format!("/api/default/chats/{CHAT}/messages/{id}");

    put(&simulator, &message, json!({"text": "edited"})).await;
    let edited = events.next().await.unwrap();
    assert_eq!(edited["event"], "message.edited");
    assert_eq!(
        (
            &edited["payload"]["body"],
            &edited["payload"]["editedMessageId"]
        ),
        (&json!("edited"), &json!(bare))
    );
    assert_eq!(get(&simulator, &message).await.1["body"], "edited");

    let reaction = json!({"session": "default", "messageId": id, "reaction": ""});
    put(&simulator, "/api/reaction", reaction).await;
    let reacted = events.next().await.unwrap();
    assert_eq!(reacted["event"], "message.reaction");
    assert_eq!(
        reacted["payload"]["reaction"],
        json!({"text": "", "messageId": id})
    );

    crate::delete(&simulator, &message).await;
    let revoked = events.next().await.unwrap();
    assert_eq!(revoked["event"], "message.revoked");
    assert_eq!(revoked["payload"]["revokedMessageId"], bare.as_str());
    assert_eq!(revoked["payload"]["before"], Value::Null);

    post(
        &simulator,
        &format!("{message}/pin"),
        json!({"duration": 604800}),
    )
    .await;
    let pinned = events.next().await.unwrap();
    assert_eq!(pinned["event"], "message.any");
    assert_eq!(pinned["payload"]["source"], "app");
}

#[tokio::test]
async fn without_the_link_nothing_is_changed() {
    let (simulator, id) = with_message(Engine::Noweb).await;
    simulator
        .flap("default", std::time::Duration::from_secs(1))
        .unwrap();
    let reaction = json!({"session": "default", "messageId": id, "reaction": "x"});
    let (status, answer) = put(&simulator, "/api/reaction", reaction).await;
    assert_eq!(
        (status, &answer["exception"]["message"]),
        (500, &json!("Connection Closed"))
    );
}
