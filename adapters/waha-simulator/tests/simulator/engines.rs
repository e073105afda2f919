//! What differs by engine and version: where the id of a sent message stands, whose id it is, and
//! whether there is a store.

use serde_json::{Value, json};
use waha_simulator::{Engine, Simulator};

use crate::{CHAT, get, post, simulator};

async fn with(engine: Engine, version: &str) -> Simulator {
    simulator()
        .engine(engine)
        .version(version)
        .start()
        .await
        .unwrap()
}

fn text(id: Option<&str>) -> Value {
    let mut body = json!({"session": "default", "chatId": CHAT, "text": "hello"});
    if let Some(id) = id {
        body["id"] = id.into();
    }
    body
}

#[tokio::test]
async fn the_id_stands_where_the_engine_puts_it() {
    let table = [
        (Engine::Noweb, "/key/id", ""),
        (Engine::Gows, "/id", "true_6281200000002@c.us_"),
        (Engine::Gows, "/_data/Info/ID", ""),
        (Engine::Webjs, "/id/_serialized", "true_6281200000002@c.us_"),
        (Engine::Webjs, "/_data/id/id", ""),
        (Engine::Wpp, "/id", "true_6281200000002@c.us_"),
    ];
    for (engine, pointer, prefix) in table {
        let simulator = with(engine, "2026.7.1").await;
        let (status, answer) = post(&simulator, "/api/sendText", text(None)).await;
        let ledger = simulator.ledger();
        let id = ledger.entries().next().unwrap().id();
        let found = answer.pointer(pointer).and_then(Value::as_str);
        assert_eq!(
            (status, found),
            (201, Some(format!("{prefix}{id}").as_str())),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn an_id_is_honoured_by_engine_version_and_kind() {
    let table = [
        (Engine::Noweb, "2026.7.1", true),
        (Engine::Gows, "2026.7.1", true),
        (Engine::Noweb, "2026.4.2", false),
        (Engine::Webjs, "2026.7.1", false),
        (Engine::Wpp, "2026.7.1", false),
    ];
    for (engine, version, honoured) in table {
        let simulator = with(engine, version).await;
        post(&simulator, "/api/sendText", text(Some("3EB0MINE"))).await;
        let image = json!({
            "session": "default", "chatId": CHAT, "id": "3EB0IMAGE",
            "file": {"mimetype": "image/png", "data": "aGVsbG8="},
        });
        let (status, _) = post(&simulator, "/api/sendImage", image).await;
        assert_eq!(status, 201, "{engine}");
        let ledger = simulator.ledger();
        let ids: Vec<_> = ledger.entries().map(|entry| entry.id()).collect();
        assert_eq!(ids[0] == "3EB0MINE", honoured, "{engine} {version}");
        assert_ne!(ids[1], "3EB0IMAGE", "{engine}");
    }
}

#[tokio::test]
async fn only_noweb_leaves_the_store_out() {
    for engine in [Engine::Noweb, Engine::Gows, Engine::Webjs, Engine::Wpp] {
        let simulator = with(engine, "2026.7.1").await;
        post(&simulator, "/api/sendText", text(None)).await;
        let (status, body) = get(&simulator, &format!("/api/default/chats/{CHAT}/messages")).await;
        if engine == Engine::Noweb {
            assert_eq!(status, 400);
            continue;
        }
        assert_eq!(status, 200, "{engine}");
        assert_eq!(body[0]["body"], "hello", "{engine}");
        let ledger = simulator.ledger();
        let id = ledger.entries().next().unwrap().id();
        assert!(body[0]["id"].as_str().unwrap().ends_with(id), "{engine}");
    }
}

#[tokio::test]
async fn the_simulator_says_what_it_is() {
    let simulator = with(Engine::Webjs, "2026.5.9").await;
    let (_, version) = get(&simulator, "/api/version").await;
    assert_eq!(version["platform"], "simulator/x64");
    assert_eq!(
        (&version["version"], &version["engine"]),
        (&json!("2026.5.9"), &json!("WEBJS"))
    );
    assert_eq!(simulator.ledger().len(), 0);
    assert_eq!(simulator.sessions(), ["default"]);
}
