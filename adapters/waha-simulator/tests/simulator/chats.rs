//! Chats as a whole: listed, read, put away, deleted.

use serde_json::{Value, json};
use waha_simulator::{AckTiming, Engine, Simulator};

use crate::{CHAT, Listener, delete, get, listened_to, post, send, simulator};

async fn with_chat(engine: Engine) -> Simulator {
    let simulator = listened_to()
        .engine(engine)
        .store_default(true)
        .acks(AckTiming::none())
        .start()
        .await
        .unwrap();
    send(&simulator, "halo").await.unwrap();
    simulator
        .inbound("default", "6281200000002", "Ani", "hi")
        .unwrap();
    simulator
}

#[tokio::test]
async fn chats_are_listed_as_the_engine_keeps_them() {
    for (engine, id) in [
        (Engine::Noweb, "/id"),
        (Engine::Gows, "/id"),
        (Engine::Webjs, "/id/_serialized"),
    ] {
        let simulator = with_chat(engine).await;
        let (_, chats) = get(&simulator, "/api/default/chats").await;
        let named = if engine == Engine::Noweb {
            "6281200000002@s.whatsapp.net"
        } else {
            CHAT
        };
        assert_eq!(chats[0].pointer(id), Some(&json!(named)), "{engine}");
        let (_, overview) = get(&simulator, "/api/default/chats/overview").await;
        assert_eq!(overview[0]["id"], CHAT, "{engine}");
        assert_eq!(overview[0]["name"], "Ani", "{engine}");
        assert_eq!(overview[0]["_chat"], chats[0], "{engine}");
    }
}

#[tokio::test]
async fn each_engine_can_do_its_part_with_a_chat() {
    // Path below the chat, and status and body on NOWEB, GOWS, WEBJS.
    let success = json!({"success": true});
    let table = [
        (
            "archive",
            [(201, Value::Null), (501, Value::Null), (201, Value::Null)],
        ),
        (
            "unarchive",
            [(201, Value::Null), (501, Value::Null), (201, Value::Null)],
        ),
        (
            "unread",
            [(201, Value::Null), (201, success), (201, Value::Null)],
        ),
    ];
    for (nth, engine) in [Engine::Noweb, Engine::Gows, Engine::Webjs]
        .into_iter()
        .enumerate()
    {
        let simulator = with_chat(engine).await;
        for (path, expected) in &table {
            let path = format!("/api/default/chats/{CHAT}/{path}");
            let (status, body) = post(&simulator, &path, json!({})).await;
            assert_eq!(status, expected[nth].0, "{engine} {path}");
            if status != 501 {
                assert_eq!(body, expected[nth].1, "{engine} {path}");
            }
        }
        let chat = format!("/api/default/chats/{CHAT}");
        let (status, _) = delete(&simulator, &format!("{chat}/messages")).await;
        assert_eq!(status, [501, 501, 200][nth], "{engine}");
        let (_, messages) = get(&simulator, &format!("{chat}/messages")).await;
        let left = messages.as_array().unwrap().len();
        assert_eq!(left, [2, 2, 0][nth], "{engine}");
        assert_eq!(
            delete(&simulator, &chat).await.0,
            [501, 501, 200][nth],
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_chat_that_is_put_away_shows_it() {
    let simulator = with_chat(Engine::Webjs).await;
    let mut events = Listener::new(&simulator, "events=chat.archive").await;
    post(
        &simulator,
        &format!("/api/default/chats/{CHAT}/archive"),
        json!({}),
    )
    .await;
    let told = events.next().await.unwrap();
    assert_eq!(
        (&told["payload"]["id"], &told["payload"]["archived"]),
        (&json!(CHAT), &json!(true))
    );
    assert_eq!(
        get(&simulator, "/api/default/chats").await.1[0]["archived"],
        true
    );
}

#[tokio::test]
async fn what_came_in_is_read_by_either_call() {
    let unread = "?filter.fromMe=false&filter.ack=DEVICE";
    for (nth, engine) in [Engine::Noweb, Engine::Gows, Engine::Webjs]
        .into_iter()
        .enumerate()
    {
        let simulator = with_chat(engine).await;
        let messages = format!("/api/default/chats/{CHAT}/messages");
        let (_, waiting) = get(&simulator, &format!("{messages}{unread}")).await;
        let id = waiting[0]["id"].clone();
        let (_, read) = post(&simulator, &format!("{messages}/read"), json!({})).await;
        let named = [json!([id]), json!([id]), Value::Null];
        assert_eq!(read["ids"], named[nth], "{engine}");
        let (_, waiting) = get(&simulator, &format!("{messages}{unread}")).await;
        assert_eq!(waiting, json!([]), "{engine}");

        let id = simulator
            .inbound("default", "6281200000002", "Ani", "hi")
            .unwrap();
        let seen = json!({
            "session": "default", "chatId": CHAT,
            "messageIds": [format!("false_{CHAT}_{id}")],
        });
        assert_eq!(
            post(&simulator, "/api/sendSeen", seen).await,
            (201, Value::Null)
        );
        let (_, waiting) = get(&simulator, &format!("{messages}{unread}")).await;
        assert_eq!(waiting, json!([]), "{engine}");
        let seen = json!({"session": "default", "chatId": CHAT});
        let (_, answer) = post(&simulator, "/api/sendSeen", seen).await;
        let expected = [json!({"ids": []}), json!({"ids": []}), Value::Null];
        assert_eq!(answer, expected[nth], "{engine}");
    }
}

#[tokio::test]
async fn a_call_that_waha_has_not_is_a_404_of_its_own() {
    let simulator = simulator().start().await.unwrap();
    for path in [
        "/api/default/chats/1@c.us/moon",
        "/api/default/lids/1/2",
        "/api/default/labels/1/2/3",
        "/api/sendMoon",
        "/api/send/moon",
        "/api/default/moon",
        "/api/sessions/default/moon",
        "/api/sessions/default/capping",
    ] {
        let (status, answer) = get(&simulator, path).await;
        let message = format!("Cannot GET {path}");
        assert_eq!(
            (status, &answer["message"]),
            (404, &json!(message)),
            "{path}"
        );
    }
}
