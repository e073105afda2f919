//! API keys.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::keys::{self, KeyActions, KeyRequest};

use crate::{delete, get, is_not_sent, post, put, puts, session};

#[tokio::test]
async fn key_calls() {
    let s = session();
    let wait = Wait::Quick;
    puts(keys::list(), get("/api/keys", wait)).await;
    let admin = json!({"isAdmin": true, "session": null, "isActive": true});
    puts(
        keys::create(&KeyRequest::admin()),
        post("/api/keys", Some(admin.clone()), wait),
    )
    .await;
    puts(
        keys::update("key_1", &KeyRequest::admin()),
        put("/api/keys/key_1", Some(admin), wait),
    )
    .await;
    let mut actions = KeyActions::default();
    (actions.read, actions.delete) = (Some(true), Some(false));
    let body = json!({
        "isAdmin": false, "session": "s_1", "isActive": false, "actions": {"read": true, "delete": false},
    });
    let key = KeyRequest::for_session(&s).actions(&actions).inactive();
    puts(keys::create(&key), post("/api/keys", Some(body), wait)).await;
    let body = json!({"session": "s_1"});
    puts(
        keys::media_key(&s),
        post("/api/keys/media", Some(body.clone()), wait),
    )
    .await;
    puts(
        keys::control_key(&s),
        post("/api/keys/control", Some(body), wait),
    )
    .await;
    puts(keys::delete("a/b"), delete("/api/keys/a%2Fb", wait)).await;
    is_not_sent(keys::delete("")).await;
}
