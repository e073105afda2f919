//! Sessions: what a change of configuration and the deprecated calls answer.

use serde_json::json;
use waha_client::SessionStatus;
use waha_client::api::sessions::{self, AfterStop};
use waha_client::types::SessionConfig;

use crate::{read, read_empty, session};

#[tokio::test]
async fn a_new_configuration_answers_with_the_session_as_it_starts_again() {
    let body = json!({
        "name": "default", "status": "STARTING", "config": {"metadata": {"a": "b"}}, "me": null, "presence": null,
        "timestamps": {}, "engine": {"engine": "NOWEB"},
    });
    let info = read(
        sessions::update(&session(), &SessionConfig::default()),
        body,
    )
    .await;
    assert_eq!(info.status, SessionStatus::Starting);
    assert_eq!(info.config.unwrap().metadata.unwrap()["a"], "b");
    assert!(info.me.is_none() && info.extra.is_empty());
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_calls_answer_with_little_or_nothing() {
    let s = session();
    for body in [
        json!({"name": "default", "status": "STARTING"}),
        json!({"name": "default", "status": "STARTING", "config": {}}),
    ] {
        let info = read(sessions::upsert_and_start(&s, None), body).await;
        assert_eq!(info.status, SessionStatus::Starting);
    }
    read_empty(sessions::stop_by_name(&s, AfterStop::Keep)).await;
    read_empty(sessions::logout_and_delete(&s)).await;
}
