//! What a world is made from.

use std::time::Duration;

use campaign_core::campaign::NumberCheck;
use campaign_core::limits::{Hours, LaneLimits, Zone};
use jiff::Timestamp;

use super::faults::Rates;

/// How much goes wrong, and for how many people.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) recipients: u32,
    pub(crate) limits: LaneLimits,
    pub(crate) rates: Rates,
    pub(crate) crashes: u32,
    pub(crate) pauses: u32,
    pub(crate) suppressions: u32,
    /// How often the operator adds people.
    pub(crate) additions: u32,
    /// Whether numbers are asked about first.
    pub(crate) check: NumberCheck,
    /// One in so many is not on WhatsApp.
    pub(crate) absent_one_in: Option<u64>,
    pub(crate) clock_jumps: u32,
    pub(crate) restores: u32,
    pub(crate) hours: Option<Hours>,
    pub(crate) expires_after: Option<Duration>,
    pub(crate) cancelled_after: Option<Duration>,
    pub(crate) begins: Timestamp,
    /// What is drawn beforehand happens within this time; `None`: while an unpaced campaign would last.
    pub(crate) spread: Option<Duration>,
    pub(crate) steps_between_crashes: u64,
    /// Zones that the operator gives the account, one after the other.
    pub(crate) zone_changes: Vec<Zone>,
    pub(crate) store_on: bool,
    /// Where it is off: somebody turns it on during the campaign.
    pub(crate) store_turned_on: bool,
    pub(crate) honours_ids: bool,
    /// Deliveries that the engine keeps in memory.
    pub(crate) window: u32,
    /// Acks and echoes reach us.
    pub(crate) hears_events: bool,
}

impl Plan {
    pub(crate) fn new(seed: u64, recipients: u32, limits: LaneLimits) -> Self {
        Self {
            seed,
            recipients,
            limits,
            rates: Rates::default(),
            crashes: 0,
            pauses: 0,
            suppressions: 0,
            additions: 0,
            check: NumberCheck::Known,
            absent_one_in: None,
            clock_jumps: 0,
            restores: 0,
            hours: None,
            expires_after: None,
            cancelled_after: None,
            // A Saturday, 07:30 in Jakarta.
            begins: "2026-11-21T00:30:00Z".parse().unwrap(),
            spread: None,
            steps_between_crashes: 2_000,
            zone_changes: Vec::new(),
            store_on: true,
            store_turned_on: false,
            honours_ids: true,
            window: 64,
            hears_events: true,
        }
    }
}
