//! Status posts: NOWEB as recorded, the others as WAHA's source has them.

use serde_json::json;
use waha_client::api::status::{self, TextStatus};
use wiremock::ResponseTemplate;

use crate::{answered, ok, read, session};

#[tokio::test]
async fn a_post_has_the_id_of_a_message_in_the_chat_of_posts() {
    let noweb = ResponseTemplate::new(201).set_body_json(json!({
        "key": {"remoteJid": "status@broadcast", "fromMe": true, "id": "3EB06FA06966BDE385040F"},
        "message": {"extendedTextMessage": {"text": "hi", "backgroundArgb": 4_281_906_223_u32}},
        "messageTimestamp": "1795220409", "status": "PENDING",
        "participant": "6281200000001:12@s.whatsapp.net",
    }));
    let sent = answered(status::post_text(&session(), &TextStatus::new("hi")), noweb)
        .await
        .unwrap();
    let id = sent.id.unwrap();
    assert_eq!(
        id.to_string(),
        "true_status@broadcast_3EB06FA06966BDE385040F"
    );
    assert_eq!(sent.timestamp_s, Some(1_795_220_409));
}

#[tokio::test]
async fn a_post_that_was_taken_is_one_whatever_the_answer_says() {
    let empty = ResponseTemplate::new(201);
    let sent = answered(status::post_text(&session(), &TextStatus::new("hi")), empty)
        .await
        .unwrap();
    assert!(sent.id.is_none());
}

#[tokio::test]
async fn other_answers_about_posts_read() {
    let body = ok(json!({"id": "3EB0AA"}));
    let id = answered(status::new_message_id(&session()), body).await;
    assert_eq!(id.unwrap(), "3EB0AA");

    let delete = || status::delete(&session(), "3EB0AA", None);
    let said = json!({"id": "true_status@broadcast_3EB0AB", "_data": null});
    let raw = answered(delete(), ok(said.clone())).await.unwrap();
    assert_eq!(raw.unwrap().to_value(), said);
    let unsaid = answered(delete(), ResponseTemplate::new(201)).await;
    assert!(unsaid.unwrap().is_none());
}

#[tokio::test]
async fn a_posts_id_reads_the_same_whatever_the_engine() {
    for (engine, body) in [
        (
            "NOWEB",
            json!({"key": {"remoteJid": "status@broadcast", "fromMe": true, "id": "3EB0AA"}, "messageTimestamp": "1795220409"}),
        ),
        (
            "GOWS",
            json!({"id": "true_status@broadcast_3EB0AA_6281200000001@c.us", "_data": null}),
        ),
        (
            "WEBJS",
            json!({"id": {"fromMe": true, "remote": "status@broadcast", "id": "3EB0AA", "_serialized": "true_status@broadcast_3EB0AA"}}),
        ),
        (
            "WPP",
            json!({"id": "true_status@broadcast_3EB0AA", "timestamp": 1_795_220_409, "from": "6281200000001@c.us", "ack": 0}),
        ),
        (
            "WPP, not found again",
            json!({"id": "true_status@broadcast_3EB0AA_6281200000001@c.us", "_data": {"ack": 0}}),
        ),
    ] {
        let sent = read(status::post_text(&session(), &TextStatus::new("hi")), body).await;
        let id = sent.id.unwrap();
        assert_eq!(
            (id.bare(), id.from_me()),
            ("3EB0AA", Some(true)),
            "{engine}"
        );
        assert_eq!(id.chat().unwrap().as_str(), "status@broadcast", "{engine}");
    }
    let unknown = read(
        status::post_text(&session(), &TextStatus::new("hi")),
        json!({"id": null, "_data": {}}),
    )
    .await;
    assert!(unknown.id.is_none());
}
