//! What a server says about itself. The types are recorded.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Extra, optional_number, text_enum};

text_enum! {
    /// The engine below a session: the library that talks to WhatsApp.
    Engine {
        /// Baileys: websocket, Node.
        Noweb = "NOWEB",
        /// whatsmeow: websocket, Go.
        Gows = "GOWS",
        /// whatsapp-web.js: a browser.
        Webjs = "WEBJS",
        /// WPPConnect: a browser.
        Wpp = "WPP",
    }
}

text_enum! {
    /// The edition of a server. Since 2026.6.1 the features that were once Plus are in Core.
    Tier {
        /// The free edition.
        Core = "CORE",
        /// The paid edition.
        Plus = "PLUS",
    }
}

/// Version and engine of a server; also part of every event.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Environment {
    /// Such as `2026.7.1`.
    pub version: String,
    /// The server's default engine.
    pub engine: Engine,
    /// The edition.
    #[serde(default)]
    pub tier: Option<Tier>,
    /// The browser's path, for engines that have one.
    #[serde(default)]
    pub browser: Option<String>,
    /// Such as `linux/x64`.
    #[serde(default)]
    pub platform: Option<String>,
    /// The worker.
    #[serde(default)]
    pub worker: Option<Worker>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The name a server goes by among several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Worker {
    /// `None` when not set.
    #[serde(default)]
    pub id: Option<String>,
}

/// Since when a server runs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ServerStatus {
    /// When it started, Unix milliseconds. It changes with every restart.
    #[serde(
        rename = "startTimestamp",
        default,
        deserialize_with = "optional_number"
    )]
    pub start_timestamp_ms: Option<i64>,
    /// How long it has run, milliseconds.
    #[serde(rename = "uptime", default, deserialize_with = "optional_number")]
    pub uptime_ms: Option<i64>,
    /// The worker.
    #[serde(default)]
    pub worker: Option<Worker>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A health report; a failing check is an answer too (503).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// `ok`, `error` or `shutting_down`.
    pub status: String,
    /// The checks that pass.
    #[serde(default)]
    pub info: Option<Map<String, Value>>,
    /// The checks that fail.
    #[serde(default)]
    pub error: Option<Map<String, Value>>,
    /// All checks.
    #[serde(default)]
    pub details: Option<Map<String, Value>>,
}

impl Health {
    /// Whether all checks pass.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}
