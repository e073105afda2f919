//! Apps beside a session.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::apps::{self, AppKind, AppRequest};

use crate::{delete, get, post, put, puts, session};

#[tokio::test]
async fn app_calls() {
    let s = session();
    let life = Wait::Lifecycle;
    puts(apps::list(&s), get("/api/apps?session=s_1", Wait::Quick)).await;
    puts(apps::get("app_1"), get("/api/apps/app_1", Wait::Quick)).await;
    let config = json!({"dm": {"reject": true}});
    let app = AppRequest::new(&s, &AppKind::Calls, &config);
    let body = json!({"session": "s_1", "app": "calls", "enabled": true, "config": config});
    puts(apps::create(&app), post("/api/apps", Some(body), life)).await;
    let body = json!({
        "id": "app_1", "session": "s_1", "app": "calls", "enabled": false, "config": config,
    });
    let other = app.id("another").disabled();
    puts(
        apps::update("app_1", &other),
        put("/api/apps/app_1", Some(body), life),
    )
    .await;
    puts(apps::delete("app_1"), delete("/api/apps/app_1", life)).await;
}

#[test]
fn debug_shows_no_configuration() {
    let config = json!({"accountToken": "s3cret"});
    let s = session();
    let app = AppRequest::new(&s, &AppKind::Chatwoot, &config);
    assert!(!format!("{app:?}").contains("s3cret"));
}
