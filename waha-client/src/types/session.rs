//! Sessions: status, account, configuration. The types are those of WAHA's specification, but for the engine of a session, which is
//! recorded.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use url::Url;

use super::{
    Engine, Extra, MessageCapping, ReachoutTimelock, optional_number, readable, text_enum,
};
use crate::error::masked;
use crate::ids::{ChatId, SessionName};

text_enum! {
    /// What a session is doing.
    SessionStatus {
        /// Not running.
        Stopped = "STOPPED",
        /// On its way to one of the others.
        Starting = "STARTING",
        /// Waits for a phone to scan its QR code, or for a pairing code to be typed.
        ScanQrCode = "SCAN_QR_CODE",
        /// Waits for a passkey (GOWS, since 2026.7.1).
        PasskeyRequired = "PASSKEY_REQUIRED",
        /// Waits for the passkey to be confirmed on the phone (GOWS, since 2026.7.1).
        PasskeyConfirmationRequired = "PASSKEY_CONFIRMATION_REQUIRED",
        /// Connected.
        Working = "WORKING",
        /// Lost for good: unlinked on the phone, or its QR code was never scanned. Starting does nothing; restart or log out.
        Failed = "FAILED",
    }
}

/// One session as the server describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SessionInfo {
    /// The session's name.
    pub name: SessionName,
    /// What it is doing.
    pub status: SessionStatus,
    /// Its configuration; absent when it never had one.
    #[serde(default)]
    pub config: Option<SessionConfig>,
    /// The account. `None` right after a start even when paired, and not to be trusted before the session is WORKING
    /// (NOWEB reports the number that asked for a pairing code).
    #[serde(default)]
    pub me: Option<Me>,
    /// `online` or `offline`, when set.
    #[serde(default)]
    pub presence: Option<String>,
    /// Times.
    #[serde(default)]
    pub timestamps: Option<SessionTimestamps>,
    /// The engine; lists leave it out.
    #[serde(default)]
    pub engine: Option<SessionEngine>,
    /// The worker the session runs on; only lists have it.
    #[serde(default)]
    pub assigned_worker: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Times of a session.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SessionTimestamps {
    /// Last activity, Unix milliseconds.
    #[serde(rename = "activity", default, deserialize_with = "optional_number")]
    pub activity_ms: Option<i64>,
}

/// The engine below a session.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SessionEngine {
    /// Which one; `None` while the session is stopped.
    #[serde(default)]
    pub engine: Option<Engine>,
    /// Whatever else the engine tells of itself.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The account of a session. `Debug` hides most of its number, wherever it stands.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Me {
    /// The account's chat id, `628..@c.us`.
    pub id: ChatId,
    /// The name it shows to others.
    #[serde(default)]
    pub push_name: Option<String>,
    /// Its LID.
    #[serde(default)]
    pub lid: Option<ChatId>,
    /// Its id with the device.
    #[serde(default)]
    pub jid: Option<String>,
    /// WhatsApp's lock on new chats; `None` when none has been seen (WAHA source, servers after 2026.7.1).
    #[serde(default, deserialize_with = "readable")]
    pub reachout_timelock: Option<ReachoutTimelock>,
    /// The quota of new chats; `None` until the server has asked for it (WAHA source, servers after 2026.7.1).
    #[serde(default, deserialize_with = "readable")]
    pub message_capping: Option<MessageCapping>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl fmt::Debug for Me {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Me")
            .field("id", &self.id)
            .field("push_name", &self.push_name)
            .field("lid", &self.lid)
            .field("jid", &self.jid.as_deref().map(masked))
            .field("reachout_timelock", &self.reachout_timelock)
            .field("message_capping", &self.message_capping)
            .field("extra", &masked(&format!("{:?}", self.extra)))
            .finish()
    }
}

/// The configuration of a session. What this version does not know is kept in `extra` and written back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Carried by every event of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, Value>>,
    /// The proxy the session connects through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyConfig>,
    /// More logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debug: Option<bool>,
    /// Chats whose events are not wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<IgnoredChats>,
    /// Settings of the NOWEB engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noweb: Option<NowebConfig>,
    /// Where events go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<Vec<WebhookConfig>>,
    /// The rest: settings of other engines, and of later versions.
    #[serde(flatten)]
    pub extra: Extra,
}

impl SessionConfig {
    /// Turns NOWEB's message store on. Without it NOWEB can look up neither messages nor chats nor contacts (recorded), so
    /// nothing can be found out about a send whose answer was lost. `full_sync` also fetches the phone's whole history when
    /// it is paired. Other engines ignore it.
    #[must_use]
    pub fn with_noweb_store(mut self, full_sync: bool) -> Self {
        let noweb = self.noweb.get_or_insert_default();
        let store = noweb.store.get_or_insert_default();
        store.enabled = true;
        store.full_sync = full_sync;
        self
    }

    /// Adds a webhook.
    #[must_use]
    pub fn with_webhook(mut self, webhook: WebhookConfig) -> Self {
        self.webhooks.get_or_insert_default().push(webhook);
        self
    }
}

/// Settings of the NOWEB engine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NowebConfig {
    /// Whether the account shows as online when it connects. WAHA's default is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark_online: Option<bool>,
    /// The message store. Off by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<NowebStore>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// NOWEB's store of contacts, chats and messages.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NowebStore {
    /// Whether it is on.
    #[serde(default)]
    pub enabled: bool,
    /// Whether pairing fetches the whole history.
    #[serde(default)]
    pub full_sync: bool,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Chats whose events are not wanted; `None` leaves WAHA's default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IgnoredChats {
    /// Status posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<bool>,
    /// Groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<bool>,
    /// Channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<bool>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The proxy a session connects through.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProxyConfig {
    /// `host:port`.
    pub server: String,
    /// The proxy's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The proxy's password.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed"
    )]
    pub password: Option<SecretString>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ProxyConfig {
    /// A proxy without a password.
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            username: None,
            password: None,
            extra: Extra::new(),
        }
    }
}

/// Where events go, and which. `Debug` leaves out what a URL may carry of secrets: user, password and query.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WebhookConfig {
    /// An http or https URL.
    pub url: String,
    /// Names of events; `*` for nearly all.
    #[serde(default)]
    pub events: Vec<String>,
    /// The key deliveries are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hmac: Option<Hmac>,
    /// How deliveries are repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryConfig>,
    /// Headers to add.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_headers: Option<Vec<CustomHeader>>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl WebhookConfig {
    /// A webhook for some events.
    pub fn new<E: Into<String>>(
        url: impl Into<String>,
        events: impl IntoIterator<Item = E>,
    ) -> Self {
        Self {
            url: url.into(),
            events: events.into_iter().map(Into::into).collect(),
            hmac: None,
            retries: None,
            custom_headers: None,
            extra: Extra::new(),
        }
    }

    /// Signs deliveries; see [`Webhook`](crate::events::Webhook).
    #[must_use]
    pub fn signed(mut self, key: SecretString) -> Self {
        self.hmac = Some(Hmac::new(key));
        self
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.url).ok();
        let host = url.as_ref().and_then(Url::host_str);
        f.debug_struct("WebhookConfig")
            .field("host", &host)
            .field("path", &url.as_ref().map(Url::path))
            .field("events", &self.events)
            .field("hmac", &self.hmac)
            .field("retries", &self.retries)
            .field("custom_headers", &self.custom_headers)
            .field("extra", &self.extra)
            .finish()
    }
}

/// The key deliveries are signed with. WAHA returns it in clear; here it is shown by no `Debug`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hmac {
    /// The key.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed"
    )]
    pub key: Option<SecretString>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Hmac {
    /// Signs with this key.
    pub fn new(key: SecretString) -> Self {
        Self {
            key: Some(key),
            extra: Extra::new(),
        }
    }
}

/// How deliveries of a webhook are repeated. WAHA's default: 15 times, every 2 s.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetryConfig {
    /// `constant`, `linear` or `exponential`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Seconds between deliveries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<f64>,
    /// How many repetitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<f64>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A header that a webhook's deliveries carry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomHeader {
    /// Its name.
    pub name: String,
    /// Its value, which may well be a secret.
    #[serde(serialize_with = "exposed_value")]
    pub value: SecretString,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

impl CustomHeader {
    /// A header.
    pub fn new(name: impl Into<String>, value: SecretString) -> Self {
        Self {
            name: name.into(),
            value,
            extra: Extra::new(),
        }
    }
}

// The server needs the secret itself; these are the only places where one is written.
fn exposed<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => exposed_value(secret, serializer),
        None => serializer.serialize_none(),
    }
}

fn exposed_value<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn debug_hides_most_of_the_accounts_number_wherever_it_stands() {
        let me = json!({"id": "6281200000002@c.us", "jid": "6281200000002:12@s.whatsapp.net",
            "lid": "123456789012@lid", "other": {"pn": "6281200000002"}});
        let me: Me = serde_json::from_value(me).unwrap();
        let shown = format!("{me:?}");
        assert!(
            !shown.contains("81200000") && !shown.contains("45678"),
            "{shown}"
        );
        assert!(shown.contains("628…02:12@s.whatsapp.net"), "{shown}");
    }

    #[test]
    fn debug_shows_no_secret_of_a_webhook() {
        let webhook = json!({"url": "https://me:hidden@h/in?token=hidden", "events": ["message"],
            "hmac": {"key": "hidden"}, "customHeaders": [{"name": "X-Key", "value": "hidden"}]});
        let webhook: WebhookConfig = serde_json::from_value(webhook).unwrap();
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("/in") && shown.contains("X-Key"), "{shown}");
    }
}
