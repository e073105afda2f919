//! Labels, as NOWEB was recorded.

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

#[tokio::test]
async fn chats_of_a_label_stay_as_they_came() {
    let body = json!([{"id": "6281200000002@s.whatsapp.net"}]);
    let chats = answered(labels::chats(&session(), "1"), ok(body.clone()));
    assert_eq!(chats.await.unwrap().to_value(), body);
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
