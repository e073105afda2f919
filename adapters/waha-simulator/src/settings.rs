//! What a simulator is told when it is built: engine, version, key, speed, seed, who exists.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::FaultRates;
use crate::limits::{Quota, Refusal};

/// The engine below WAHA. Message shapes, ids and the store differ by engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Baileys. Raw keys in answers, store off unless configured.
    #[default]
    Noweb,
    /// whatsmeow. String ids, storage always on.
    Gows,
    /// whatsapp-web.js. Object ids; ids chosen by the sender are ignored.
    Webjs,
    /// wppconnect. String ids; ids chosen by the sender are ignored.
    Wpp,
}

impl Engine {
    /// WAHA's own spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noweb => "NOWEB",
            Self::Gows => "GOWS",
            Self::Webjs => "WEBJS",
            Self::Wpp => "WPP",
        }
    }

    /// Whether a sender may choose the id of a text (WAHA changelog 2026.4.3).
    pub(crate) fn takes_ids(self) -> bool {
        matches!(self, Self::Noweb | Self::Gows)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_uppercase().as_str() {
            "NOWEB" => Ok(Self::Noweb),
            "GOWS" => Ok(Self::Gows),
            "WEBJS" => Ok(Self::Webjs),
            "WPP" => Ok(Self::Wpp),
            _ => Err(format!(
                "unknown engine {text:?}: use NOWEB, GOWS, WEBJS or WPP"
            )),
        }
    }
}

/// When WhatsApp acknowledges a message, in the real server's time (divided by the speed).
///
/// Each acknowledgement follows the one before it by a time drawn between two bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AckTiming {
    /// SERVER after the message was handed to WhatsApp.
    pub server: (Duration, Duration),
    /// DEVICE after SERVER.
    pub device: (Duration, Duration),
    /// READ after DEVICE.
    pub read: (Duration, Duration),
    /// Share of messages that reach SERVER.
    pub server_rate: f64,
    /// Share of those that reach DEVICE.
    pub device_rate: f64,
    /// Share of those that are READ (read receipts can be off).
    pub read_rate: f64,
}

impl AckTiming {
    /// No acknowledgement at all: for benches, where they would only be noise.
    pub fn none() -> Self {
        Self {
            server_rate: 0.0,
            ..Self::default()
        }
    }
}

impl Default for AckTiming {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            server: (ms(30), ms(400)),
            device: (ms(60), ms(3_000)),
            read: (ms(1_000), ms(60_000)),
            server_rate: 1.0,
            device_rate: 0.97,
            read_rate: 0.6,
        }
    }
}

/// A webhook for the events of every session, as WAHA's `WHATSAPP_HOOK_*` variables set one.
#[derive(Debug, Clone, Default)]
pub struct GlobalWebhook {
    /// Where events are posted to (http only).
    pub url: String,
    /// Event names, or `*`.
    pub events: Vec<String>,
    /// The HMAC-SHA512 key, when bodies are to be signed.
    pub hmac_key: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) speed: f64,
    pub(crate) key: String,
    pub(crate) version: String,
    pub(crate) engine: Engine,
    pub(crate) worker: String,
    pub(crate) store_default: bool,
    pub(crate) faults: FaultRates,
    pub(crate) acks: AckTiming,
    pub(crate) engine_latency: (Duration, Duration),
    pub(crate) late_bands: Vec<(Duration, Duration)>,
    pub(crate) held: (usize, Duration),
    pub(crate) not_on_whatsapp: HashSet<String>,
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    /// Phone (digits) and name of people whom every account has in its address book.
    pub(crate) contacts: BTreeMap<String, String>,
    /// Numbers (digits) whose events come keyed by LID.
    pub(crate) lid_chats: HashSet<String>,
    /// The share of all other numbers whose events do.
    pub(crate) lid_share: f64,
    pub(crate) quota: Option<Quota>,
    pub(crate) refusal: Refusal,
    pub(crate) removed_after: u32,
    pub(crate) webhooks: Vec<GlobalWebhook>,
    /// Name, phone, configuration.
    pub(crate) sessions: Vec<(String, Option<String>, serde_json::Value)>,
}

impl Default for Settings {
    fn default() -> Self {
        let s = Duration::from_secs;
        Self {
            seed: 1,
            speed: 1.0,
            key: "simulator-key".to_owned(),
            version: "2026.7.1".to_owned(),
            engine: Engine::Noweb,
            worker: "simulator".to_owned(),
            store_default: false,
            faults: FaultRates::none(),
            acks: AckTiming::default(),
            engine_latency: (Duration::ZERO, Duration::ZERO),
            late_bands: vec![(s(1), s(5)), (s(5), s(20)), (s(20), s(60)), (s(60), s(200))],
            held: (8, s(20)),
            not_on_whatsapp: HashSet::new(),
            groups: BTreeMap::new(),
            contacts: BTreeMap::new(),
            lid_chats: HashSet::new(),
            lid_share: 0.0,
            quota: None,
            refusal: Refusal::default(),
            removed_after: 10,
            webhooks: Vec::new(),
            sessions: Vec::new(),
        }
    }
}

impl Settings {
    /// Ids chosen by the sender are honoured from 2026.4.3 on (WAHA changelog).
    pub(crate) fn takes_ids(&self) -> bool {
        self.engine.takes_ids() && version_numbers(&self.version) >= [2026, 4, 3]
    }

    /// Restriction and capping are told from 2026.7.2 on (WAHA source).
    pub(crate) fn tells_limits(&self) -> bool {
        version_numbers(&self.version) >= [2026, 7, 2]
    }
}

fn version_numbers(version: &str) -> [u32; 3] {
    let mut numbers = [0; 3];
    for (slot, part) in numbers.iter_mut().zip(version.split('.')) {
        *slot = part.parse().unwrap_or(0);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_taken_by_engine_and_version() {
        let takes = |engine, version: &str| {
            Settings {
                engine,
                version: version.to_owned(),
                ..Settings::default()
            }
            .takes_ids()
        };
        assert!(takes(Engine::Noweb, "2026.7.1"));
        assert!(takes(Engine::Gows, "2026.4.3"));
        assert!(!takes(Engine::Noweb, "2026.4.2"));
        assert!(!takes(Engine::Webjs, "2026.7.1"));
        assert!(!takes(Engine::Wpp, "2027.1.1"));
    }
}
