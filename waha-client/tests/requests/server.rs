//! The server itself.

use serde_json::json;
use waha_client::api::server::{self, Stop};
use waha_client::{Repeat, Wait};

use crate::{Expected, get, post, puts};

#[tokio::test]
async fn server_calls() {
    puts(server::ping(), get("/ping", Wait::Quick)).await;
    puts(server::version(), get("/api/server/version", Wait::Quick)).await;
    puts(server::status(), get("/api/server/status", Wait::Quick)).await;
    let health = Expected {
        repeat: Repeat::Never,
        ..get("/health", Wait::Quick)
    };
    puts(server::health(), health).await;
}

#[tokio::test]
async fn stopping() {
    for (how, force) in [(Stop::Gracefully, false), (Stop::AtOnce, true)] {
        let body = json!({"force": force});
        puts(
            server::stop(how),
            post("/api/server/stop", Some(body), Wait::Quick),
        )
        .await;
    }
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_server_calls() {
    puts(
        server::version_by_old_path(),
        get("/api/version", Wait::Quick),
    )
    .await;
}
