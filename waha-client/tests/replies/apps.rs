//! Apps beside a session.

use serde_json::json;
use waha_client::api::apps::{self, AppKind};

use crate::{read, read_empty, session};

#[tokio::test]
async fn apps_read_with_what_is_new_and_show_no_configuration() {
    let body = json!([
        {"id": "app_1", "session": "default", "app": "chatwoot", "enabled": false, "config": {"accountToken": "s3cret"}},
        {"id": "app_2", "session": "default", "app": "robots", "later": 1},
    ]);
    let list = read(apps::list(&session()), body).await;
    assert!(!format!("{list:?}").contains("s3cret"));
    assert_eq!(
        (&list[0].app, list[0].enabled),
        (&AppKind::Chatwoot, Some(false))
    );
    let config = list[0].config.as_ref().unwrap().to_value();
    assert_eq!(config["accountToken"], "s3cret");
    assert_eq!(list[1].app, AppKind::Unknown("robots".into()));
    assert!(list[1].config.is_none() && list[1].extra["later"] == 1);
    read_empty(apps::delete("app_1")).await;
}
