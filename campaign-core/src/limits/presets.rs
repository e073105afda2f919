//! Limits of an account that go by a name.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Gap, LaneLimits, Rest, Window, Zone};

/// Limits of an account that go by a name.
///
/// WhatsApp gives ordinary accounts, the kind WAHA drives, no number of messages that is safe, and no tier. The tiers one reads of
/// (250, 2,000, 10,000, 100,000 or any number of people in a moving day) are those of Meta's WhatsApp Business Platform, for
/// businesses it has verified and for messages outside an open conversation. `per-day-…` here is a pace that can be kept, not a
/// leave to keep it.
///
/// The `per-day` presets are made to be reached within 12 hours (43,200 s), as from 08:00 to 20:00. A send takes one gap and the
/// answer of the server, one after the other:
///
/// | Preset | Time for each | Gap, mean | Left for an answer | Window |
/// | --- | --- | --- | --- | --- |
/// | `per-day-1000` | 43.2 s | 30 to 45 s, 37.5 s | 5.7 s | 100 in an hour |
/// | `per-day-10000` | 4.32 s | 2 to 4 s, 3 s | 1.3 s | 1,000 in an hour |
/// | `per-day-100000` | 0.43 s | none | 2.9 s, with up to 16 under way | 30 in 10 seconds |
///
/// The cap of the day is as much higher as is kept for replies ([`LaneLimits::kept_for_replies`]), so that a broadcast reaches so many.
/// A window is free again a whole span after the end of a send, so 30 in 10 seconds with answers of 2.9 s is 30 in 12.9 s:
/// 2.3 each second, and 100,000 in 12 hours.
///
/// ```
/// use campaign_core::limits::{LanePreset, Zone};
///
/// let preset: LanePreset = "advised".parse()?;
/// assert_eq!(preset.limits(Zone::default()).gap.min.as_secs(), 30);
/// # Ok::<(), campaign_core::limits::UnknownLanePreset>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LanePreset {
    /// For a new number, or one that was restricted: 30 to 60 seconds between messages, 45 to 75 minutes of rest after every 60,
    /// 250 a day. WAHA's documentation ("How to Avoid Blocking") advises such gaps, and an hour of silence after an hour
    /// of sending; the cap is our own, and can be reached: 60 messages and a rest take 106 minutes, 250 take about 7 hours.
    Careful,
    /// WAHA's advice for people who do not know the number: 30 to 60 seconds between messages ("How to Avoid Blocking", dos and
    /// don'ts, 4). That is about 80 an hour. The cap is the usual 1,000 a day; 12 hours hold 960.
    Advised,
    /// 1,000 a day, no faster than WAHA advises.
    PerDay1000,
    /// 10,000 a day: for people who expect the messages, from a number that is known to them. Ten times faster than WAHA advises.
    PerDay10000,
    /// 100,000 a day. We know of no report of an ordinary account that was allowed this for long; it is for simulators, for
    /// measuring, and for those who know better.
    PerDay100000,
}

impl LanePreset {
    /// Every preset, the slowest first.
    pub const ALL: [LanePreset; 5] = [
        LanePreset::Careful,
        LanePreset::Advised,
        LanePreset::PerDay1000,
        LanePreset::PerDay10000,
        LanePreset::PerDay100000,
    ];

    /// Its name in commands and settings.
    pub const fn name(self) -> &'static str {
        match self {
            LanePreset::Careful => "careful",
            LanePreset::Advised => "advised",
            LanePreset::PerDay1000 => "per-day-1000",
            LanePreset::PerDay10000 => "per-day-10000",
            LanePreset::PerDay100000 => "per-day-100000",
        }
    }

    /// The preset made for so many messages a day: 1,000, 10,000 or 100,000.
    pub fn per_day(sends: u32) -> Option<Self> {
        match sends {
            1_000 => Some(LanePreset::PerDay1000),
            10_000 => Some(LanePreset::PerDay10000),
            100_000 => Some(LanePreset::PerDay100000),
            _ => None,
        }
    }

    /// The limits, with days as `zone` counts them. They warm nothing up: that needs a day to begin on.
    pub fn limits(self, zone: Zone) -> LaneLimits {
        let base = LaneLimits {
            zone,
            ..LaneLimits::default()
        };
        let within = |sends_max, seconds| {
            let span = Duration::from_secs(seconds);
            vec![Window { sends_max, span }]
        };
        match self {
            LanePreset::Careful => LaneLimits {
                gap: gap(30, 60),
                sends_per_day_max: Some(250),
                rest: Some(Rest {
                    after: 60,
                    min: Duration::from_secs(45 * 60),
                    max: Duration::from_secs(75 * 60),
                }),
                ..base
            },
            LanePreset::Advised => LaneLimits {
                gap: gap(30, 60),
                ..base
            },
            LanePreset::PerDay1000 => LaneLimits {
                gap: gap(30, 45),
                windows: within(100, 3_600),
                sends_per_day_max: Some(LaneLimits::cap_for(1_000)),
                ..base
            },
            LanePreset::PerDay10000 => LaneLimits {
                gap: gap(2, 4),
                windows: within(1_000, 3_600),
                sends_per_day_max: Some(LaneLimits::cap_for(10_000)),
                ..base
            },
            LanePreset::PerDay100000 => LaneLimits {
                gap: Gap::NONE,
                windows: within(30, 10),
                sends_per_day_max: Some(LaneLimits::cap_for(100_000)),
                in_flight_max: 16,
                ..base
            },
        }
    }
}

fn gap(min_s: u64, max_s: u64) -> Gap {
    Gap {
        min: Duration::from_secs(min_s),
        max: Duration::from_secs(max_s),
    }
}

impl fmt::Display for LanePreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LanePreset {
    type Err = UnknownLanePreset;

    /// By its name, in either case, or by a shorter one: `waha` is what WAHA advises, `1k`, `10k` and `100k` are so many a day.
    fn from_str(text: &str) -> Result<Self, UnknownLanePreset> {
        let name = text.trim().to_ascii_lowercase();
        let name = match &*name {
            "waha" => Self::Advised.name(),
            "1k" => Self::PerDay1000.name(),
            "10k" => Self::PerDay10000.name(),
            "100k" => Self::PerDay100000.name(),
            name => name,
        };
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| UnknownLanePreset {
                name: text.to_owned(),
            })
    }
}

/// There are no limits of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are no limits named {name:?}: use careful, advised, per-day-1000, per-day-10000 or per-day-100000"
)]
pub struct UnknownLanePreset {
    /// What was given.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Definition;
    use crate::clock::{Elapsed, Now};
    use crate::forecast::{Outlook, forecast};
    use crate::gateway::Session;
    use crate::message::MessageTemplate;

    /// How many go out from 08:00 on, and how many hours they take, with answers that take so long.
    fn taken(preset: LanePreset, recipients: u32, answer_ms: (u64, u64)) -> (u64, f64) {
        let message = MessageTemplate::text("Halo").unwrap();
        let forecast = forecast(&Outlook {
            definition: &Definition::new("preset", Session::new("default"), message),
            recipients,
            limits: &preset.limits(Zone::default()),
            shared: &[],
            sent_today: None,
            answer_time: (
                Duration::from_millis(answer_ms.0),
                Duration::from_millis(answer_ms.1),
            ),
            now: Now {
                elapsed: Elapsed::from_micros(0),
                wall: "2026-11-21T01:00:00Z".parse().unwrap(),
            },
            seed: 1,
        });
        let (begins, ends) = (forecast.begins_at.unwrap(), forecast.ends_at.unwrap());
        (
            forecast.sends,
            ends.duration_since(begins).as_secs_f64() / 3_600.0,
        )
    }

    #[test]
    fn what_a_preset_promises_a_day_is_reached_in_twelve_hours() {
        let rows = [
            (LanePreset::PerDay1000, 1_000, (5_500, 5_700)),
            (LanePreset::PerDay10000, 10_000, (900, 1_300)),
            (LanePreset::PerDay100000, 100_000, (2_500, 2_900)),
        ];
        for (preset, recipients, answers) in rows {
            let (sends, hours) = taken(preset, recipients, answers);
            assert_eq!(sends, u64::from(recipients), "{preset}");
            assert!((9.0..12.0).contains(&hours), "{preset}: {hours} h");
            assert_eq!(LanePreset::per_day(recipients), Some(preset));
        }
        let (_, hours) = taken(LanePreset::Advised, 950, (200, 300));
        assert!((11.5..12.5).contains(&hours), "{hours} h");
    }

    #[test]
    fn presets_are_the_pace_that_their_descriptions_tell() {
        let minutes = |count: u64| Duration::from_secs(60 * count);
        let hour_of_rest = Rest {
            after: 60,
            min: minutes(45),
            max: minutes(75),
        };
        let hourly = |sends_max| vec![(sends_max, minutes(60))];
        let in_ten_seconds = vec![(30, Duration::from_secs(10))];
        let rows = [
            (LanePreset::Careful, (30, 60), vec![], 250),
            (LanePreset::Advised, (30, 60), vec![], 1_000),
            (LanePreset::PerDay1000, (30, 45), hourly(100), 1_053),
            (LanePreset::PerDay10000, (2, 4), hourly(1_000), 10_527),
            (LanePreset::PerDay100000, (0, 0), in_ten_seconds, 105_264),
        ];
        for (preset, (gap_min, gap_max), windows, cap) in rows {
            let limits = preset.limits(Zone::default());
            assert_eq!(limits.gap, gap(gap_min, gap_max), "{preset}");
            let found = limits.windows.iter();
            let found: Vec<_> = found.map(|it| (it.sends_max, it.span)).collect();
            assert_eq!(found, windows, "{preset}");
            assert_eq!(limits.sends_per_day_max, Some(cap), "{preset}");
            let rest = (preset == LanePreset::Careful).then_some(hour_of_rest);
            assert_eq!(limits.rest, rest, "{preset}");
            let at_once = if gap_max == 0 { 16 } else { 1 };
            assert_eq!(limits.concurrency(crate::limits::Slot::Cold), at_once);
        }
    }

    #[test]
    fn a_careful_number_reaches_its_cap_within_twelve_hours() {
        let limits = LanePreset::Careful.limits(Zone::default());
        let (rest, cap) = (limits.rest.unwrap(), limits.sends_per_day_max.unwrap());
        let each = limits.gap.draw(0.5) + Duration::from_secs(2);
        let rests = (cap - 1) / rest.after;
        let all = each * cap + rest.max * rests;
        assert!(all < Duration::from_secs(12 * 3_600), "{all:?}");
    }

    #[test]
    fn presets_go_by_their_names_and_take_the_zone_they_are_given() {
        let zone: Zone = "WIT".parse().unwrap();
        for preset in LanePreset::ALL {
            assert_eq!(preset.name().to_uppercase().parse(), Ok(preset));
            assert_eq!(preset.to_string(), preset.name());
            assert_eq!(preset.limits(zone.clone()).zone, zone);
        }
        for (short, preset) in [
            ("waha", LanePreset::Advised),
            ("1k", LanePreset::PerDay1000),
            ("10K", LanePreset::PerDay10000),
            (" 100k", LanePreset::PerDay100000),
        ] {
            assert_eq!(short.parse(), Ok(preset), "{short}");
        }
        assert!("per-day-2000".parse::<LanePreset>().is_err());
        assert_eq!(LanePreset::per_day(2_000), None);
    }
}
