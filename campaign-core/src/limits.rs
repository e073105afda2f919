//! How fast one account may send, and when. Each part answers "when may I?"; none of them sleeps.
//!
//! [`Pacer`] holds an account's gap, sliding windows and daily cap; [`WarmUp`] tells a new number's cap from day to day, [`Rest`]
//! when it pauses. [`Hours`] tells when a campaign may send at all, [`CatchUp`] what becomes of what is late. What is charged
//! is charged when the attempt is journalled, and stays charged unless the send is proved not handed over.

mod calendar;
mod catch_up;
mod hours;
mod pacing;
mod presets;
mod rest;
mod warm_up;
mod zone;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::calendar::{
    Calendar, CalendarFault, NotCovered, OwnCalendar, OwnDay, UnknownCalendar,
};
pub use self::catch_up::{CatchUp, Overdue};
pub use self::hours::{Hours, HoursError, HoursPreset, Span, UnknownHoursPreset};
pub use self::pacing::{History, Pacer, Past, When};
pub use self::presets::{LanePreset, UnknownLanePreset};
pub use self::rest::{Rest, Resting, Spell};
pub use self::warm_up::{Growth, GrowthError, WarmUp, WarmthSoFar};
pub use self::zone::{Zone, ZoneError};

/// What one account may do. Limits hold over all campaigns and single sends of the account.
///
/// The default is slow on purpose: one message every 2 to 4 seconds and 1,000 a day, which users of WAHA
/// report as sustainable for warmed-up numbers. WAHA's own advice for unknown people is 30 to 60 seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneLimits {
    /// The pause between the end of one send and the beginning of the next.
    pub gap: Gap,
    /// So many sends in any interval of such a length.
    pub windows: Vec<Window>,
    /// The most sends of one calendar day in `zone`.
    pub sends_per_day_max: Option<u32>,
    /// Whose midnight begins the day.
    pub zone: Zone,
    /// The most sends under way at once. A lane with a gap has one.
    pub in_flight_max: u16,
    /// How the number is warmed up; the smaller of its cap and `sends_per_day_max` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<WarmUp>,
    /// When it pauses for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
}

impl LaneLimits {
    /// No limit but the number of sends under way: for benches and simulators.
    pub fn unpaced(in_flight_max: u16) -> Self {
        Self {
            gap: Gap::NONE,
            windows: Vec::new(),
            sends_per_day_max: None,
            zone: Zone::default(),
            in_flight_max,
            warm_up: None,
            rest: None,
        }
    }

    /// The most sends of a day that is the `step`th of warming up ([`WarmthSoFar::step`]): by the warming up, the daily cap, or
    /// both. `None`: any number.
    pub fn sends_per_day_max_on(&self, step: u32) -> Option<u32> {
        let warm_up = self.warm_up.as_ref();
        let warming = warm_up.and_then(|warm_up| warm_up.cap_on(step));
        [warming, self.sends_per_day_max]
            .into_iter()
            .flatten()
            .min()
    }

    /// The most sends that may be under way at once under these limits.
    pub fn concurrency(&self) -> usize {
        if self.gap == Gap::NONE {
            usize::from(self.in_flight_max.max(1))
        } else {
            1
        }
    }
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self {
            gap: Gap {
                min: Duration::from_secs(2),
                max: Duration::from_secs(4),
            },
            windows: Vec::new(),
            sends_per_day_max: Some(1_000),
            zone: Zone::default(),
            in_flight_max: 16,
            warm_up: None,
            rest: None,
        }
    }
}

/// A pause drawn anew each time, evenly between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl Gap {
    /// No pause at all.
    pub const NONE: Gap = Gap {
        min: Duration::ZERO,
        max: Duration::ZERO,
    };

    /// The pause that stands at `unit` (0 to 1) between the bounds.
    pub fn draw(self, unit: f64) -> Duration {
        self.min
            + self
                .max
                .saturating_sub(self.min)
                .mul_f64(unit.clamp(0.0, 1.0))
    }
}

/// At most `sends_max` sends in any interval of length `span`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The most sends.
    pub sends_max: u32,
    /// The length of the interval.
    pub span: Duration,
}

/// Which limit is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The pause between two sends.
    Gap,
    /// A sliding window.
    Window,
    /// The day's cap.
    DailyCap,
    /// Sends still under way.
    InFlight,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn limits_that_older_databases_hold_are_read_as_they_were() {
        let json = r#"{"gap":{"min":{"secs":2,"nanos":0},"max":{"secs":4,"nanos":0}},"windows":[],"sends_per_day_max":1000,"zone":"Asia/Jakarta","in_flight_max":16}"#;
        let read: LaneLimits = serde_json::from_str(json).unwrap();
        assert_eq!(read, LaneLimits::default());
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        let limits = LaneLimits {
            warm_up: Some(WarmUp {
                starts_on: date(2026, 11, 21),
                growth: "20+50%".parse().unwrap(),
            }),
            ..LanePreset::Careful.limits(Zone::default())
        };
        let json = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<LaneLimits>(&json).unwrap(), limits);
    }

    #[test]
    fn the_smaller_of_two_caps_holds() {
        let limits = |growth: Option<&str>, sends_per_day_max| LaneLimits {
            warm_up: growth.map(|growth| WarmUp {
                starts_on: date(2026, 11, 21),
                growth: growth.parse().unwrap(),
            }),
            sends_per_day_max,
            ..LaneLimits::default()
        };
        let rows = [
            (limits(Some("20+50%"), Some(40)), 1, Some(20)),
            (limits(Some("20+50%"), Some(40)), 3, Some(40)),
            (limits(Some("20, 50"), None), 2, Some(50)),
            (limits(Some("20, 50"), None), 3, None),
            (limits(None, Some(40)), 1, Some(40)),
            (limits(None, None), 1, None),
        ];
        for (limits, step, cap) in rows {
            assert_eq!(limits.sends_per_day_max_on(step), cap, "{limits:?} {step}");
        }
    }
}
