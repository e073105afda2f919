//! API keys.

use secrecy::ExposeSecret;
use serde_json::json;
use waha_client::api::keys::{self, KeyRequest};

use crate::{read, session};

#[tokio::test]
async fn the_secret_of_a_key_is_shown_by_no_debug() {
    let body = json!({
        "id": "key_id_1", "key": "key_s3cret", "isActive": true, "isAdmin": false, "session": "default",
        "actions": {"read": true, "send": false, "fly": true}, "later": 1,
    });
    let key = read(keys::create(&KeyRequest::for_session(&session())), body).await;
    assert!(!format!("{key:?}").contains("s3cret"));
    assert_eq!(key.key.as_ref().unwrap().expose_secret(), "key_s3cret");
    assert_eq!(key.session, Some(session()));
    let actions = key.actions.unwrap();
    assert_eq!(
        (actions.read, actions.send, actions.control),
        (Some(true), Some(false), None)
    );
    assert_eq!(
        (&actions.extra["fly"], &key.extra["later"]),
        (&json!(true), &json!(1))
    );
}

#[tokio::test]
async fn keys_read_with_what_is_absent_or_null() {
    assert!(read(keys::list(), json!([])).await.is_empty());
    let body = json!([
        {"id": "key_id_1", "key": "k", "isActive": true, "isAdmin": true, "session": null, "actions": null},
        {"id": "key_id_2"},
    ]);
    let list = read(keys::list(), body).await;
    assert_eq!(list[0].is_admin, Some(true));
    assert!(list[0].session.is_none() && list[0].actions.is_none());
    assert!(list[1].key.is_none() && list[1].is_active.is_none());
    assert!(read(keys::delete("key_id_1"), json!({"result": true})).await);
}
