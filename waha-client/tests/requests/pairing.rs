//! Pairing.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::pairing::{self, PasskeyAssertion};

use crate::{accepted, get, post, puts, session};

#[tokio::test]
async fn pairing_calls() {
    let s = session();
    let image = "/api/s_1/auth/qr?format=image";
    puts(pairing::qr_png(&s), get(image, Wait::Session)).await;
    puts(pairing::qr_image(&s), get(image, Wait::Session)).await;
    puts(
        pairing::qr_text(&s),
        get("/api/s_1/auth/qr?format=raw", Wait::Session),
    )
    .await;
    let body = Some(json!({"phoneNumber": "6281200000001"}));
    let expected = post("/api/s_1/auth/request-code", body, Wait::Session);
    puts(pairing::request_code(&s, "6281200000001"), expected).await;
}

#[tokio::test]
async fn passkey_calls() {
    let s = session();
    puts(
        pairing::passkey_challenge(&s),
        get("/api/s_1/auth/passkey/challenge", Wait::Session),
    )
    .await;
    puts(
        pairing::passkey_confirmation(&s),
        get("/api/s_1/auth/passkey/confirmation", Wait::Session),
    )
    .await;
    puts(
        pairing::confirm_passkey(&s),
        post("/api/s_1/auth/passkey/confirm", None, Wait::Session),
    )
    .await;
}

#[tokio::test]
async fn a_browsers_assertion_is_sent_without_what_waha_does_not_ask_for() {
    let body = json!({
        "id": "kid", "rawId": "a2lk", "type": "public-key",
        "response": {"clientDataJSON": "Y2Q", "authenticatorData": "YWQ", "signature": "c2ln", "userHandle": "dWg"},
    });
    let mut written = body.clone();
    written["authenticatorAttachment"] = json!("platform");
    written["clientExtensionResults"] = json!({});
    let assertion: PasskeyAssertion = serde_json::from_value(written).unwrap();
    assert!(!format!("{assertion:?} {:?}", assertion.response).contains("c2ln"));
    puts(
        pairing::submit_passkey(&session(), &assertion),
        post("/api/s_1/auth/passkey", Some(body), Wait::Session),
    )
    .await;
}

#[tokio::test]
async fn images_are_asked_for_in_the_form_that_is_read() {
    let s = session();
    puts(
        pairing::screenshot(&s),
        get("/api/screenshot?session=s_1", Wait::Session),
    )
    .await;
    assert_eq!(accepted(pairing::qr_png(&s)).await, "image/png");
    assert_eq!(accepted(pairing::qr_image(&s)).await, "application/json");
    assert_eq!(accepted(pairing::screenshot(&s)).await, "image/jpeg");
}
