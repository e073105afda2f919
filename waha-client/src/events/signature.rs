//! Webhook verification: that a delivery comes from the server that knows the key, as sent, and lately.
//!
//! WAHA signs the raw body with HMAC-SHA512 and writes it in hex (recorded, 337 of 337). Only the body is signed, so freshness is
//! judged by the timestamp within it and not by the header of the same name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha512;

use super::{Event, EventError};

/// The header with the signature (recorded).
const SIGNATURE: &str = "x-webhook-hmac";
/// The header that names its algorithm (recorded).
const ALGORITHM: &str = "x-webhook-hmac-algorithm";
/// Ours: ten times as long as WAHA repeats a delivery, which is 15 times every 2 s unless told otherwise (WAHA documentation),
/// with the timestamp of the first (recorded).
const TOLERANCE: Duration = Duration::from_secs(300);

/// Opens deliveries that are signed with a key.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use waha_client::events::{Webhook, WebhookError};
///
/// let webhook = Webhook::new("my-secret-key");
/// let now = UNIX_EPOCH + Duration::from_secs(1_795_220_390);
/// let unsigned = webhook.open(&http::HeaderMap::new(), b"{}", now);
/// assert!(matches!(unsigned, Err(WebhookError::NotSigned)));
/// ```
#[derive(Debug, Clone)]
pub struct Webhook {
    key: SecretString,
    tolerance: Duration,
}

/// Why a delivery is refused. Answer 401 to all but [`WebhookError::NotAnEvent`]; WAHA repeats anything that is not 2xx.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no key to verify with: an empty one would be everybody's. Set it in the receiver.
    #[error("there is no key to verify deliveries with")]
    NoKey,
    /// No signature: the sender is not WAHA, or the session's webhook has no `hmac.key`.
    #[error("the delivery is not signed: set hmac.key in the session's webhook")]
    NotSigned,
    /// Another algorithm than SHA-512.
    #[error("the delivery is signed with another algorithm than sha512")]
    Algorithm,
    /// Not 128 hex digits.
    #[error("the signature is not the hex text of 64 bytes")]
    Malformed,
    /// Another key, or another body.
    #[error(
        "the signature does not fit: another key, or a body that is not byte for byte as received"
    )]
    Mismatch,
    /// Signed correctly, but too long ago or ahead of our clock: repeated by somebody, or a clock is wrong.
    #[error("the delivery is dated {seconds} s {}", if *.ahead { "ahead of this clock" } else { "ago" })]
    Stale {
        /// How far from now.
        seconds: u64,
        /// Whether it is dated in the future.
        ahead: bool,
    },
    /// Signed correctly, but not an event.
    #[error(transparent)]
    NotAnEvent(#[from] EventError),
}

impl Webhook {
    /// Deliveries signed with `key`, at most 5 minutes old.
    pub fn new(key: impl Into<SecretString>) -> Self {
        Self {
            key: key.into(),
            tolerance: TOLERANCE,
        }
    }

    /// How far a delivery's date may be from now. Must exceed the time WAHA goes on repeating one.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a delivery and reads it. `body` must be the bytes as received, before anything parsed them.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it; nothing of the body is believed before its signature fits.
    pub fn open(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Event, WebhookError> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or(""));
        if text(ALGORITHM).is_some_and(|name| !name.eq_ignore_ascii_case("sha512")) {
            return Err(WebhookError::Algorithm);
        }
        let signature = text(SIGNATURE).ok_or(WebhookError::NotSigned)?;
        self.verify(signature, body)?;
        let event = Event::parse(body)?;
        self.is_fresh(event.timestamp_ms, now)?;
        Ok(event)
    }

    /// Verifies a signature alone, in constant time.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NoKey`], [`WebhookError::Malformed`] or [`WebhookError::Mismatch`].
    pub fn verify(&self, signature_hex: &str, body: &[u8]) -> Result<(), WebhookError> {
        let key = self.key.expose_secret().as_bytes();
        if key.is_empty() {
            return Err(WebhookError::NoKey);
        }
        let signature = unhex(signature_hex.trim()).ok_or(WebhookError::Malformed)?;
        let mut mac = Hmac::<Sha512>::new_from_slice(key).map_err(|_| WebhookError::Mismatch)?;
        mac.update(body);
        mac.verify_slice(&signature)
            .map_err(|_| WebhookError::Mismatch)
    }

    fn is_fresh(&self, timestamp_ms: i64, now: SystemTime) -> Result<(), WebhookError> {
        let dated = Duration::from_millis(timestamp_ms.max(0).unsigned_abs());
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (distance, ahead) = match now.checked_sub(dated) {
            Some(age) => (age, false),
            None => (dated - now, true),
        };
        if distance <= self.tolerance {
            return Ok(());
        }
        Err(WebhookError::Stale {
            seconds: distance.as_secs(),
            ahead,
        })
    }
}

fn unhex(text: &str) -> Option<[u8; 64]> {
    let digits = text.as_bytes();
    if digits.len() != 128 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut bytes = [0; 64];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// The example of WAHA's documentation.
    const BODY: &[u8] = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
    const SIGNATURE_OF_BODY: &str = "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89";

    fn sign(key: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(body);
        let bytes = mac.finalize().into_bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn open(
        signature: Option<&str>,
        algorithm: Option<&str>,
        body: &[u8],
        now_ms: u64,
    ) -> Result<Event, WebhookError> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(SIGNATURE, signature), (ALGORITHM, algorithm)] {
            if let Some(value) = value {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let now = UNIX_EPOCH + Duration::from_millis(now_ms);
        Webhook::new("my-secret-key").open(&headers, body, now)
    }

    const EVENT: &[u8] =
        br#"{"id":"evt_1","timestamp":1000000000,"event":"x","session":"default","payload":{}}"#;

    #[test]
    fn the_documented_example_verifies() {
        let webhook = Webhook::new("my-secret-key");
        webhook.verify(SIGNATURE_OF_BODY, BODY).unwrap();
        webhook
            .verify(&SIGNATURE_OF_BODY.to_uppercase(), BODY)
            .unwrap();
        assert!(matches!(
            Webhook::new("other").verify(SIGNATURE_OF_BODY, BODY),
            Err(WebhookError::Mismatch)
        ));
        assert!(matches!(
            webhook.verify(SIGNATURE_OF_BODY, &BODY[1..]),
            Err(WebhookError::Mismatch)
        ));
    }

    #[test]
    fn a_delivery_is_opened_only_when_signed_right_and_fresh() {
        let good = sign("my-secret-key", EVENT);
        let sha256 = "a".repeat(64);
        let now = 1_000_000_000;
        assert_eq!(
            open(Some(&good), Some("sha512"), EVENT, now).unwrap().id,
            "evt_1"
        );
        assert!(open(Some(&good), None, EVENT, now + 300_000).is_ok());
        assert!(open(Some(&good), None, EVENT, now - 300_000).is_ok());
        assert!(matches!(
            open(Some(&good), None, EVENT, now + 300_001),
            Err(WebhookError::Stale { ahead: false, .. })
        ));
        assert!(matches!(
            open(Some(&good), None, EVENT, now - 300_001),
            Err(WebhookError::Stale { ahead: true, .. })
        ));
        assert!(matches!(
            open(None, None, EVENT, now),
            Err(WebhookError::NotSigned)
        ));
        assert!(matches!(
            open(Some(&good), Some("sha256"), EVENT, now),
            Err(WebhookError::Algorithm)
        ));
        assert!(matches!(
            open(Some(&sha256), None, EVENT, now),
            Err(WebhookError::Malformed)
        ));
        assert!(matches!(
            open(Some(&"g".repeat(128)), None, EVENT, now),
            Err(WebhookError::Malformed)
        ));
        assert!(matches!(
            open(Some(&"0".repeat(128)), None, EVENT, now),
            Err(WebhookError::Mismatch)
        ));
        let not_json = sign("my-secret-key", b"hello");
        assert!(matches!(
            open(Some(&not_json), None, b"hello", now),
            Err(WebhookError::NotAnEvent(_))
        ));
    }

    #[test]
    fn without_a_key_nothing_is_believed() {
        let signature = sign("", EVENT);
        let verified = Webhook::new("").verify(&signature, EVENT);
        assert!(matches!(verified, Err(WebhookError::NoKey)));
    }

    #[test]
    fn dates_at_the_ends_of_their_range_are_stale_and_not_a_panic() {
        for timestamp in [
            "-9223372036854775808",
            "9223372036854775807",
            "null",
            "\"x\"",
        ] {
            let body = format!(r#"{{"id":"e","timestamp":{timestamp},"event":"x","session":"s"}}"#);
            let signature = sign("my-secret-key", body.as_bytes());
            let result = open(Some(&signature), None, body.as_bytes(), 1_000_000_000);
            assert!(
                matches!(result, Err(WebhookError::Stale { .. })),
                "{timestamp}"
            );
        }
    }
}
