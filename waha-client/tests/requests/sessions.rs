//! Sessions.

use secrecy::SecretString;
use serde_json::json;
use waha_client::api::sessions::{self, AfterStop};
use waha_client::types::{SessionConfig, WebhookConfig};
use waha_client::{Listing, NewSession, Wait};

use crate::{delete, get, post, put, puts, session};

#[tokio::test]
async fn session_calls() {
    let s = session();
    puts(
        sessions::list(Listing::Running),
        get("/api/sessions", Wait::Quick),
    )
    .await;
    puts(
        sessions::list(Listing::All),
        get("/api/sessions?all=true", Wait::Quick),
    )
    .await;
    puts(sessions::get(&s), get("/api/sessions/s_1", Wait::Quick)).await;
    puts(sessions::me(&s), get("/api/sessions/s_1/me", Wait::Quick)).await;
    let life = Wait::Lifecycle;
    puts(
        sessions::start(&s),
        post("/api/sessions/s_1/start", None, life),
    )
    .await;
    puts(
        sessions::stop(&s),
        post("/api/sessions/s_1/stop", None, life),
    )
    .await;
    puts(
        sessions::restart(&s),
        post("/api/sessions/s_1/restart", None, life),
    )
    .await;
    puts(
        sessions::logout(&s),
        post("/api/sessions/s_1/logout", None, life),
    )
    .await;
    puts(sessions::delete(&s), delete("/api/sessions/s_1", life)).await;
    let bare = post("/api/sessions", Some(json!({})), life);
    puts(sessions::create(&NewSession::default()), bare).await;
}

#[tokio::test]
async fn what_whatsapp_allows_is_asked_of_whatsapp() {
    let s = session();
    puts(
        sessions::capping(&s),
        get("/api/sessions/s_1/capping", Wait::Session),
    )
    .await;
    puts(
        sessions::timelock(&s),
        get("/api/sessions/s_1/timelock", Wait::Session),
    )
    .await;
}

#[tokio::test]
async fn a_session_is_created_with_its_store_on_and_its_webhook_signed() {
    let hook = WebhookConfig::new("https://h/hook", ["message.ack", "session.status"])
        .signed(SecretString::from("hook-key"));
    let config = SessionConfig::default()
        .with_noweb_store(true)
        .with_webhook(hook);
    assert!(!format!("{config:?}").contains("hook-key"));
    let body = json!({
        "name": "s_1",
        "start": true,
        "config": {
            "noweb": {"store": {"enabled": true, "fullSync": true}},
            "webhooks": [{
                "url": "https://h/hook",
                "events": ["message.ack", "session.status"],
                "hmac": {"key": "hook-key"},
            }],
        },
    });
    let new = NewSession::started(session()).with_config(config);
    puts(
        sessions::create(&new),
        post("/api/sessions", Some(body), Wait::Lifecycle),
    )
    .await;
}

#[tokio::test]
async fn a_configuration_is_sent_whole() {
    let config = SessionConfig::default().with_noweb_store(false);
    let body = json!({"config": {"noweb": {"store": {"enabled": true, "fullSync": false}}}});
    puts(
        sessions::update(&session(), &config),
        put("/api/sessions/s_1", Some(body), Wait::Lifecycle),
    )
    .await;
    puts(
        sessions::update(&session(), &SessionConfig::default()),
        put(
            "/api/sessions/s_1",
            Some(json!({"config": {}})),
            Wait::Lifecycle,
        ),
    )
    .await;
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_session_calls() {
    let s = session();
    let life = Wait::Lifecycle;
    puts(
        sessions::upsert_and_start(&s, None),
        post("/api/sessions/start", Some(json!({"name": "s_1"})), life),
    )
    .await;
    let body = json!({"name": "s_1", "config": {"debug": true}});
    let mut config = SessionConfig::default();
    config.debug = Some(true);
    puts(
        sessions::upsert_and_start(&s, Some(&config)),
        post("/api/sessions/start", Some(body), life),
    )
    .await;
    for (after, logout) in [(AfterStop::Keep, false), (AfterStop::Remove, true)] {
        let body = json!({"name": "s_1", "logout": logout});
        puts(
            sessions::stop_by_name(&s, after),
            post("/api/sessions/stop", Some(body), life),
        )
        .await;
    }
    puts(
        sessions::logout_and_delete(&s),
        post("/api/sessions/logout", Some(json!({"name": "s_1"})), life),
    )
    .await;
}
