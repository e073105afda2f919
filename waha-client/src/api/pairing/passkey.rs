//! Passkeys, which WhatsApp may ask for when a session is paired. Only GOWS since 2026.7.1 has them; none is recorded. The
//! types are those of WAHA's specification.
//!
//! While a session is in PASSKEY_REQUIRED, its challenge is signed in a browser on WhatsApp's own site
//! (`navigator.credentials.get({publicKey: challenge})`), and the assertion goes back. In PASSKEY_CONFIRMATION_REQUIRED, which
//! most pairings leave out, a code is compared with the phone's and confirmed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Pairing;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::{Extra, optional_number};

/// What a passkey has to sign. Serialises to what a browser takes as `publicKey`, unknown fields included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasskeyChallenge {
    /// The challenge, base64url.
    pub challenge: String,
    /// How long it is valid, milliseconds.
    #[serde(
        rename = "timeout",
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "optional_number"
    )]
    pub timeout_ms: Option<i64>,
    /// The site it is for, `web.whatsapp.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rp_id: Option<String>,
    /// The passkeys that may sign it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<Vec<AllowedPasskey>>,
    /// Whether the device has to make sure who is using it: `required`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_verification: Option<String>,
    /// Whatever else came, such as `extensions`.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A passkey that may sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AllowedPasskey {
    /// Its id, base64url.
    pub id: String,
    /// `public-key`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// How a browser may reach it, such as `internal` and `hybrid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transports: Option<Vec<String>>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A signed challenge, as a browser's `toJSON()` writes it. What else a browser writes is not sent on.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasskeyAssertion {
    /// The passkey's id.
    pub id: String,
    /// The same, base64url.
    pub raw_id: String,
    /// `public-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the device signed, and with what.
    pub response: PasskeySignature,
}

/// The device's part of a signed challenge, all base64url.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PasskeySignature {
    /// What was signed on the browser's side.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// What was signed on the device's side.
    pub authenticator_data: String,
    /// The signature.
    pub signature: String,
    /// Whose passkey it is, if the device told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_handle: Option<String>,
}

/// Shows no signature: it pairs a session with the account.
impl fmt::Debug for PasskeyAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasskeyAssertion").finish_non_exhaustive()
    }
}

/// Shows no signature: it pairs a session with the account.
impl fmt::Debug for PasskeySignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasskeySignature").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

impl Pairing<'_> {
    /// What a passkey has to sign.
    ///
    /// # Errors
    ///
    /// 422 unless the session is in PASSKEY_REQUIRED (WAHA source). 501 on an engine without
    /// [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing).
    pub async fn passkey_challenge(
        &self,
        session: &SessionName,
    ) -> Result<PasskeyChallenge, Error> {
        self.0.call(passkey_challenge(session)).await
    }

    /// Hands in the signed challenge. That it was taken is no pairing yet: the session's status tells.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing).
    pub async fn submit_passkey(
        &self,
        session: &SessionName,
        assertion: &PasskeyAssertion,
    ) -> Result<(), Error> {
        self.0.call(submit_passkey(session, assertion)).await
    }

    /// The code to compare with the one on the phone.
    ///
    /// # Errors
    ///
    /// 422 unless the session is in PASSKEY_CONFIRMATION_REQUIRED (WAHA source). 501 on an engine without
    /// [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing).
    pub async fn passkey_confirmation(&self, session: &SessionName) -> Result<String, Error> {
        self.0.call(passkey_confirmation(session)).await
    }

    /// Confirms that the phone shows the same code.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing).
    pub async fn confirm_passkey(&self, session: &SessionName) -> Result<(), Error> {
        self.0.call(confirm_passkey(session)).await
    }
}

/// `GET /api/{session}/auth/passkey/challenge`. Needs [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing). WAHA's
/// specification.
pub fn passkey_challenge(session: &SessionName) -> Endpoint<PasskeyChallenge> {
    const PATH: &str = "/api/{session}/auth/passkey/challenge";
    Endpoint::get(PATH, &[session.as_str()], json).waiting(Wait::Session)
}

/// `POST /api/{session}/auth/passkey`. Needs [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing). WAHA's
/// specification, which leaves the answer open.
pub fn submit_passkey(session: &SessionName, assertion: &PasskeyAssertion) -> Endpoint<()> {
    Endpoint::post("/api/{session}/auth/passkey", &[session.as_str()], nothing)
        .json(assertion)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/auth/passkey/confirmation`. Needs [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing). WAHA's
/// specification.
pub fn passkey_confirmation(session: &SessionName) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/auth/passkey/confirmation";
    Endpoint::get(PATH, &[session.as_str()], |reply| {
        json::<Code>(reply).map(|answer| answer.code)
    })
    .waiting(Wait::Session)
}

/// `POST /api/{session}/auth/passkey/confirm`. Needs [`Feature::PasskeyPairing`](crate::Feature::PasskeyPairing). WAHA's
/// specification, which leaves the answer open.
pub fn confirm_passkey(session: &SessionName) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/auth/passkey/confirm";
    Endpoint::post(PATH, &[session.as_str()], nothing).waiting(Wait::Session)
}
