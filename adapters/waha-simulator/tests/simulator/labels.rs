//! Labels: made, changed, put on chats, told of.

use serde_json::{Value, json};
use waha_simulator::Engine;

use crate::{CHAT, Listener, delete, get, listened_to, post, put, simulator};

#[tokio::test]
async fn labels_are_made_changed_and_put_on_chats() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs] {
        let simulator = simulator()
            .engine(engine)
            .store_default(true)
            .start()
            .await
            .unwrap();
        let labels = "/api/default/labels";
        let of_chat = format!("{labels}/chats/{CHAT}");
        let vip = json!({"id": "1", "name": "VIP", "color": 1, "colorHex": "#64c4ff"});
        let lead = json!({"id": "2", "name": "Lead", "color": 0, "colorHex": "#ff9485"});
        let chat = if engine == Engine::Noweb {
            "6281200000002@s.whatsapp.net"
        } else {
            CHAT
        };
        let table: Vec<(&str, String, Value, u16, Value)> = vec![
            ("GET", labels.into(), Value::Null, 200, json!([])),
            (
                "POST",
                labels.into(),
                json!({"name": "VIP", "colorHex": "#64C4FF"}),
                201,
                vip.clone(),
            ),
            (
                "POST",
                labels.into(),
                json!({"name": "Lead"}),
                201,
                lead.clone(),
            ),
            ("GET", of_chat.clone(), Value::Null, 200, json!([])),
            (
                "PUT",
                of_chat.clone(),
                json!({"labels": [{"id": "1"}, {"id": "2"}]}),
                200,
                Value::Null,
            ),
            ("GET", of_chat.clone(), Value::Null, 200, json!([vip, lead])),
            (
                "PUT",
                of_chat.clone(),
                json!({"labels": [{"id": "2"}]}),
                200,
                Value::Null,
            ),
            ("GET", of_chat.clone(), Value::Null, 200, json!([lead])),
            (
                "GET",
                format!("{labels}/2/chats"),
                Value::Null,
                200,
                json!([{"id": chat}]),
            ),
            (
                "GET",
                format!("{labels}/1/chats"),
                Value::Null,
                200,
                json!([]),
            ),
            (
                "DELETE",
                format!("{labels}/2"),
                Value::Null,
                200,
                json!({"result": true}),
            ),
            ("GET", of_chat, Value::Null, 200, json!([])),
            ("GET", labels.into(), Value::Null, 200, json!([vip])),
        ];
        for (method, path, body, status, answer) in table {
            let found = match method {
                "GET" => get(&simulator, &path).await,
                "POST" => post(&simulator, &path, body).await,
                "PUT" => put(&simulator, &path, body).await,
                _ => delete(&simulator, &path).await,
            };
            assert_eq!(found, (status, answer), "{engine} {method} {path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_label_is_refused() {
    let simulator = simulator().store_default(true).start().await.unwrap();
    let labels = "/api/default/labels";
    post(&simulator, labels, json!({"name": "VIP"})).await;
    let table = [
        (
            json!({"name": "VIP"}),
            422,
            "Label with 'VIP' already exists, id: 1",
        ),
        (
            json!({"name": "x", "color": 20}),
            422,
            "Invalid label color",
        ),
        (
            json!({"name": "x", "colorHex": "#000000"}),
            422,
            "Invalid label color",
        ),
    ];
    for (body, status, message) in table {
        let (found, answer) = post(&simulator, labels, body.clone()).await;
        assert_eq!(
            (found, &answer["message"]),
            (status, &json!(message)),
            "{body}"
        );
    }
    assert_eq!(post(&simulator, labels, json!({})).await.0, 400);
    assert_eq!(delete(&simulator, "/api/default/labels/9").await.0, 404);
    assert_eq!(
        put(&simulator, "/api/default/labels/9", json!({"name": "y"}))
            .await
            .0,
        404
    );
    for nth in 1..20 {
        let (status, _) = post(&simulator, labels, json!({"name": format!("L{nth}")})).await;
        assert_eq!(status, 201);
    }
    let (status, answer) = post(&simulator, labels, json!({"name": "one more"})).await;
    assert_eq!(
        (status, &answer["message"]),
        (422, &json!("Maximum 20 labels allowed"))
    );
}

#[tokio::test]
async fn labels_are_told_of() {
    let simulator = listened_to().store_default(true).start().await.unwrap();
    let mut events = Listener::new(&simulator, "session=default").await;
    post(
        &simulator,
        "/api/default/labels",
        json!({"name": "VIP", "color": 1}),
    )
    .await;
    let chat = format!("/api/default/labels/chats/{CHAT}");
    put(&simulator, &chat, json!({"labels": [{"id": "1"}]})).await;
    put(&simulator, &chat, json!({"labels": []})).await;
    delete(&simulator, "/api/default/labels/1").await;
    let vip = json!({"id": "1", "name": "VIP", "color": 1, "colorHex": "#64c4ff"});
    let put_on = json!({"labelId": "1", "chatId": CHAT, "label": vip});
    for (event, payload) in [
        ("label.upsert", &vip),
        ("label.chat.added", &put_on),
        ("label.chat.deleted", &put_on),
        ("label.deleted", &vip),
    ] {
        let told = events.next().await.unwrap();
        assert_eq!((&told["event"], &told["payload"]), (&json!(event), payload));
    }
}
