//! Pairing a session with a phone: QR code as image or text, the code that is typed on the phone, passkeys; and a picture of
//! what the session shows. [`Pairing::steps`] and [`Pairing::wait_until_working`] do the whole of it.
//!
//! QR codes and typed codes need the session in SCAN_QR_CODE. In any other status WAHA waits 5 to 10 s and answers 422
//! ([`Error::session_status`] says which). A QR code lasts 60 s the first time, then 20 s each (recorded).

mod passkey;
mod steps;
mod watch;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub use self::passkey::{
    AllowedPasskey, PasskeyAssertion, PasskeyChallenge, PasskeySignature, confirm_passkey,
    passkey_challenge, passkey_confirmation, submit_passkey,
};
pub use self::steps::{PairingError, PairingOptions, PairingSteps, Step};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};

/// The group of pairing calls.
#[derive(Debug, Clone, Copy)]
pub struct Pairing<'a>(pub(crate) &'a WahaClient);

/// A QR code as an image, from WAHA's JSON form (recorded).
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct QrImage {
    /// `image/png`.
    pub mimetype: String,
    data: String,
}

impl QrImage {
    /// The image's base64 text, as for a `data:` URL.
    pub fn base64(&self) -> &str {
        &self.data
    }

    /// The image's bytes; `None` when the server's base64 is broken.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.data).ok()
    }
}

/// Shows no code: whoever scans it takes the account.
impl std::fmt::Debug for QrImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QrImage")
            .field("mimetype", &self.mimetype)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct QrValue {
    value: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodeRequest<'a> {
    phone_number: &'a str,
}

impl Pairing<'_> {
    /// The QR code as a PNG.
    ///
    /// # Errors
    ///
    /// 422 unless the session is in SCAN_QR_CODE.
    pub async fn qr_png(&self, session: &SessionName) -> Result<Bytes, Error> {
        self.0.call(qr_png(session)).await
    }

    /// The QR code as a PNG within JSON.
    ///
    /// # Errors
    ///
    /// 422 unless the session is in SCAN_QR_CODE.
    pub async fn qr_image(&self, session: &SessionName) -> Result<QrImage, Error> {
        self.0.call(qr_image(session)).await
    }

    /// The QR code's text, to be drawn elsewhere (a terminal).
    ///
    /// # Errors
    ///
    /// 422 unless the session is in SCAN_QR_CODE.
    pub async fn qr_text(&self, session: &SessionName) -> Result<String, Error> {
        self.0.call(qr_text(session)).await
    }

    /// Asks for a code to be typed on the phone with this number, such as `ABCD-EFGH`. Only chats with a phone number
    /// ([`ChatId::phone`]) can be asked for: WAHA itself does not check the number (recorded).
    ///
    /// # Errors
    ///
    /// 422 unless the session is in SCAN_QR_CODE; not sent for a chat that is not a phone's.
    pub async fn request_code(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<String, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("a pairing code needs a phone number"))?;
        self.0.call(request_code(session, digits)).await
    }

    /// A picture of what the session shows, PNG or JPEG whatever it is declared as. In SCAN_QR_CODE it is the QR code
    /// (recorded); otherwise only the browser engines, WEBJS and WPP, have something to show.
    ///
    /// # Errors
    ///
    /// 422 on other engines once the session is WORKING (recorded). See [`Feature::Screenshot`](crate::Feature::Screenshot).
    pub async fn screenshot(&self, session: &SessionName) -> Result<Bytes, Error> {
        self.0.call(screenshot(session)).await
    }
}

const QR: &str = "/api/{session}/auth/qr";

/// What a PNG begins with (RFC 2083).
const PNG: &[u8] = b"\x89PNG";
/// What a JPEG begins with: its start, and the first byte of the next marker (RFC 2435).
const JPEG: &[u8] = b"\xFF\xD8\xFF";

/// `GET /api/{session}/auth/qr`. Recorded.
pub fn qr_png(session: &SessionName) -> Endpoint<Bytes> {
    Endpoint::get(QR, &[session.as_str()], |reply| {
        if reply.body.starts_with(PNG) {
            Ok(reply.body)
        } else {
            Err("not a PNG".to_owned())
        }
    })
    .query("format", "image")
    .accepting("image/png")
    .waiting(Wait::Session)
}

/// `GET /api/{session}/auth/qr` as JSON. Recorded.
pub fn qr_image(session: &SessionName) -> Endpoint<QrImage> {
    Endpoint::get(QR, &[session.as_str()], json)
        .query("format", "image")
        .accepting("application/json")
        .waiting(Wait::Session)
}

/// `GET /api/{session}/auth/qr` with `format=raw`. Recorded.
pub fn qr_text(session: &SessionName) -> Endpoint<String> {
    Endpoint::get(QR, &[session.as_str()], |reply| {
        json::<QrValue>(reply).map(|qr| qr.value)
    })
    .query("format", "raw")
    .accepting("application/json")
    .waiting(Wait::Session)
}

/// `POST /api/{session}/auth/request-code`. Recorded.
pub fn request_code(session: &SessionName, phone_digits: &str) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/auth/request-code";
    Endpoint::post(PATH, &[session.as_str()], |reply| {
        json::<Code>(reply).map(|answer| answer.code)
    })
    .json(&CodeRequest {
        phone_number: phone_digits,
    })
    .waiting(Wait::Session)
}

/// `GET /api/screenshot`. Needs [`Feature::Screenshot`](crate::Feature::Screenshot). Recorded.
pub fn screenshot(session: &SessionName) -> Endpoint<Bytes> {
    Endpoint::get("/api/screenshot", &[], |reply| {
        if reply.body.starts_with(PNG) || reply.body.starts_with(JPEG) {
            Ok(reply.body)
        } else {
            Err("neither a PNG nor a JPEG".to_owned())
        }
    })
    .query("session", session.as_str().to_owned())
    .accepting("image/jpeg")
    .waiting(Wait::Session)
}
