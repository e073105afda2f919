//! Pairing: passkeys, screenshots.

use serde_json::json;
use waha_client::api::pairing;

use crate::{read, read_bytes, read_empty, session};

#[tokio::test]
async fn a_challenge_is_handed_to_a_browser_as_it_came() {
    let body = json!({
        "challenge": "Y2g", "timeout": 60_000, "rpId": "web.whatsapp.com", "userVerification": "required",
        "allowCredentials": [{"id": "a2lk", "type": "public-key", "transports": ["internal", "hybrid"]}],
        "extensions": {"prf": {"eval": {"first": "eA"}}},
    });
    let challenge = read(pairing::passkey_challenge(&session()), body.clone()).await;
    assert_eq!(challenge.timeout_ms, Some(60_000));
    assert_eq!(serde_json::to_value(&challenge).unwrap(), body);

    let bare = json!({"challenge": "Y2g", "timeout": null});
    let challenge = read(pairing::passkey_challenge(&session()), bare).await;
    assert_eq!(
        serde_json::to_value(&challenge).unwrap(),
        json!({"challenge": "Y2g"})
    );
}

#[tokio::test]
async fn a_passkeys_code_is_told_and_its_confirmation_is_empty() {
    let code = read(
        pairing::passkey_confirmation(&session()),
        json!({"code": "1234"}),
    )
    .await;
    assert_eq!(code, "1234");
    read_empty(pairing::confirm_passkey(&session())).await;
}

#[tokio::test]
async fn a_screenshot_is_an_image_whatever_it_is_declared_as() {
    for good in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0"] {
        let image = read_bytes(pairing::screenshot(&session()), good).await;
        assert_eq!(&*image.unwrap(), good);
    }
    for bad in [&b""[..], b"<html>", b"{}"] {
        let image = read_bytes(pairing::screenshot(&session()), bad).await;
        assert!(image.is_err());
    }
}
