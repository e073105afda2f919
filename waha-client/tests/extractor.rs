//! A webhook that axum receives: what reaches the handler, and what the sender is answered.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::response::IntoResponse;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use waha_client::events::{SignedEvent, Webhook};

const KEY: &str = "my-secret-key";

/// A state of which the webhook is a part.
#[derive(Clone)]
struct App {
    webhook: Webhook,
}

impl FromRef<App> for Webhook {
    fn from_ref(app: &App) -> Self {
        app.webhook.clone()
    }
}

fn body(timestamp_ms: u128) -> String {
    format!(
        r#"{{"id":"evt_1","timestamp":{timestamp_ms},"event":"chat.archive","session":"default","payload":{{"id":"628@c.us","archived":true}}}}"#
    )
}

fn now_ms() -> u128 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_millis()
}

fn delivery(body: &str, key: &str) -> Request {
    let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let signature: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Request::builder()
        .header("x-webhook-hmac", signature)
        .header("x-webhook-hmac-algorithm", "sha512")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

async fn answered(request: Request) -> u16 {
    let app = App {
        webhook: Webhook::new(KEY),
    };
    match SignedEvent::from_request(request, &app).await {
        Ok(SignedEvent(event)) => {
            assert_eq!(event.payload.kind(), "chat.archive");
            200
        }
        Err(rejection) => rejection.into_response().status().as_u16(),
    }
}

#[tokio::test]
async fn only_what_is_signed_and_fresh_reaches_the_handler() {
    let good = body(now_ms());
    assert_eq!(answered(delivery(&good, KEY)).await, 200);
    assert_eq!(answered(delivery(&good, "another-key")).await, 401);
    let unsigned = Request::new(Body::from(good));
    assert_eq!(answered(unsigned).await, 401);
    let stale = body(now_ms() - 600_000);
    assert_eq!(answered(delivery(&stale, KEY)).await, 401);
    assert_eq!(answered(delivery("[]", KEY)).await, 400);
}
