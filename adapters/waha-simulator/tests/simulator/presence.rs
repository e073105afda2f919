//! Presence and typing.

use serde_json::{Value, json};
use waha_simulator::{Engine, Presence};

use crate::{CHAT, Listener, get, listened_to, post, simulator};

#[tokio::test]
async fn a_presence_is_set_or_refused_as_its_scope_asks() {
    let table = [
        (json!({"presence": "online"}), [201; 3]),
        (json!({"presence": "offline"}), [201; 3]),
        (json!({"presence": "typing", "chatId": CHAT}), [201; 3]),
        (json!({"presence": "typing"}), [400; 3]),
        (json!({"presence": "online", "chatId": CHAT}), [400; 3]),
        (json!({"presence": "nope", "chatId": CHAT}), [501, 500, 501]),
    ];
    for (nth, engine) in [Engine::Noweb, Engine::Gows, Engine::Webjs]
        .into_iter()
        .enumerate()
    {
        let simulator = simulator().engine(engine).start().await.unwrap();
        for (body, statuses) in &table {
            let (status, _) = post(&simulator, "/api/default/presence", body.clone()).await;
            assert_eq!(status, statuses[nth], "{engine} {body}");
        }
        let (_, session) = get(&simulator, "/api/sessions/default").await;
        assert_eq!(session["presence"], "offline", "{engine}");
        let listed = get(&simulator, "/api/default/presence").await.0;
        assert_eq!(listed, [200, 200, 501][nth], "{engine}");
    }
}

#[tokio::test]
async fn only_who_is_subscribed_to_is_told_of() {
    let simulator = listened_to().start().await.unwrap();
    let mut events = Listener::new(&simulator, "events=presence.update").await;
    let typing = || {
        simulator
            .presence("default", CHAT, Presence::Typing)
            .unwrap()
    };
    assert!(!typing());
    let path = format!("/api/default/presence/{CHAT}");
    let subscribed = post(&simulator, &format!("{path}/subscribe"), json!({})).await;
    assert_eq!(subscribed, (201, Value::Null));
    assert!(typing());
    let shown = json!({"id": CHAT, "presences": [
        {"participant": CHAT, "lastKnownPresence": "typing", "lastSeen": null},
    ]});
    assert_eq!(events.next().await.unwrap()["payload"], shown);
    assert_eq!(get(&simulator, &path).await.1, shown);
    assert_eq!(
        get(&simulator, "/api/default/presence").await.1,
        json!([shown])
    );
}

#[tokio::test]
async fn typing_starts_and_stops_in_a_chat() {
    let simulator = simulator().start().await.unwrap();
    for path in ["/api/startTyping", "/api/stopTyping"] {
        let body = json!({"session": "default", "chatId": CHAT});
        assert_eq!(
            post(&simulator, path, body).await,
            (201, json!({"result": true}))
        );
        let (status, _) = post(&simulator, path, json!({"session": "default"})).await;
        assert_eq!(status, 500, "{path}");
    }
}
