//! Labels: NOWEB as recorded, the others as WAHA's source has them.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::labels::{self, Label};
use wiremock::ResponseTemplate;

use crate::{answered, ok, session};

#[tokio::test]
async fn labels_read() {
    let none = answered(labels::list(&session()), ok(json!([])));
    assert!(none.await.unwrap().is_empty());

    let body = json!([{"id": "1", "name": "VIP", "color": 1, "colorHex": "#64c4ff"}, {"id": "2"}]);
    let chat = ChatId::phone("6281200000002").unwrap();
    let labels: Vec<Label> = answered(labels::of_chat(&session(), &chat), ok(body))
        .await
        .unwrap();
    assert_eq!(labels[0].name.as_deref(), Some("VIP"));
    assert_eq!(labels[0].color, Some(1));
    assert_eq!(labels[0].color_hex.as_deref(), Some("#64c4ff"));
    assert!(labels[1].name.is_none() && labels[1].color.is_none());
}

#[test]
fn a_label_reads_the_same_whatever_the_engine() {
    for (engine, body) in [
        (
            "NOWEB, GOWS, WEBJS, WPP",
            json!({"id": "4", "name": "Lunas", "color": 3, "colorHex": "#64c4ff"}),
        ),
        (
            "an id as a number",
            json!({"id": 4, "name": "Lunas", "color": "3", "colorHex": "#64c4ff"}),
        ),
        (
            "WPP, within an event",
            json!({"id": "4", "name": "Lunas", "color": 4_284_794_111_i64, "colorIndex": 3, "hexColor": "#64c4ff", "count": 2}),
        ),
    ] {
        let label: Label = serde_json::from_value(body).unwrap();
        assert_eq!(
            (label.id.as_str(), label.name.as_deref()),
            ("4", Some("Lunas")),
            "{engine}"
        );
        assert_eq!(
            (label.color, label.color_hex.as_deref()),
            (Some(3), Some("#64c4ff")),
            "{engine}"
        );
    }
    assert!(serde_json::from_value::<Label>(json!({"id": null})).is_err());
}

#[tokio::test]
async fn the_chats_of_a_label_are_chats_whatever_the_engine() {
    let chat = ChatId::phone("6281200000002").unwrap();
    let wid =
        json!({"server": "c.us", "user": "6281200000002", "_serialized": "6281200000002@c.us"});
    for (engine, body, name) in [
        (
            "NOWEB",
            json!({"id": "6281200000002@s.whatsapp.net", "conversationTimestamp": 1_795_220_409}),
            None,
        ),
        ("GOWS", json!({"id": "6281200000002@c.us"}), None),
        (
            "WEBJS",
            json!({"id": wid, "name": "Alice", "isGroup": false, "timestamp": 1_795_220_409}),
            Some("Alice"),
        ),
        (
            "WPP",
            json!({"id": wid, "name": "Alice", "t": 1_795_220_409, "labels": ["4"]}),
            Some("Alice"),
        ),
    ] {
        let chats = answered(labels::chats(&session(), "4"), ok(json!([body])))
            .await
            .unwrap();
        assert_eq!(chats.len(), 1, "{engine}");
        assert_eq!(chats[0].id, chat, "{engine}");
        assert_eq!(chats[0].name.as_deref(), name, "{engine}");
        let time = (engine != "GOWS").then_some(1_795_220_409);
        assert_eq!(chats[0].conversation_timestamp_s, time, "{engine}");
    }
}

#[tokio::test]
async fn labels_without_a_store_are_an_error_of_its_own() {
    let message = "Enable NOWEB store \"config.noweb.store.enabled=True\" and \
                   \"config.noweb.store.full_sync=True\" when starting a new session. Read more: \
                   https://waha.devlike.pro/docs/engines/noweb#store";
    let body = json!({"message": message, "error": "Bad Request", "statusCode": 400});
    let answer = ResponseTemplate::new(400).set_body_json(body);
    let error = answered(labels::list(&session()), answer)
        .await
        .unwrap_err();
    assert!(error.is_store_disabled());
}

#[tokio::test]
async fn a_deleted_label_needs_no_answer() {
    for answer in [ok(json!({"result": true})), ResponseTemplate::new(200)] {
        answered(labels::delete(&session(), "1"), answer)
            .await
            .unwrap();
    }
}
