//! Whatever bytes a webhook receives, signed or not: no panic, and nothing is believed that is not signed.
#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use sha2::Sha512;
use waha_client::events::{Event, Webhook, WebhookError};

const KEY: &str = "my-secret-key";

fuzz_target!(|body: &[u8]| {
    // The moment of the seeds.
    let now = UNIX_EPOCH + Duration::from_millis(1_795_220_390_000);
    let webhook = Webhook::new(KEY);

    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(&body[..body.len().min(128)]) {
        headers.insert("x-webhook-hmac", value);
    }
    let unsigned = webhook.open(&headers, body, now);
    assert!(unsigned.is_err(), "believed without its key");

    let signed = HeaderValue::from_str(&signature(body)).expect("hex digits");
    headers.insert("x-webhook-hmac", signed);
    match (webhook.open(&headers, body, now), Event::parse(body)) {
        (Ok(one), Ok(other)) => assert_eq!(one.id, other.id),
        (Err(WebhookError::Stale { .. }), Ok(_)) => {}
        (Err(WebhookError::NotAnEvent(_)), Err(_)) => {}
        (opened, parsed) => panic!("opened {opened:?}, parsed {parsed:?}"),
    }
});

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha512>::new_from_slice(KEY.as_bytes()).expect("any key");
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
