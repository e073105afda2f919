//! What the operator wants of an account's limits: read from texts such as `2s..4s` and `30/1m`.

use std::time::Duration;

use campaign_core::limits::{Gap, LaneLimits, Window, Zone};
use clap::Args;
use jiff::SignedDuration;

use crate::exit::Failure;
use crate::language::{Cause, Text};
use crate::settings::{Setting, Settings};

/// Options that change an account's limits.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LimitArgs {
    /// The pause between two messages, drawn anew each time: 2s..4s
    #[arg(long, value_name = "MIN..MAX", help_heading = "Limits of the account")]
    pub(crate) gap: Option<String>,
    /// The most messages of one day, or "none"
    #[arg(long, value_name = "N", help_heading = "Limits of the account")]
    pub(crate) per_day: Option<String>,
    /// The most messages in any interval of such a length: 30/1m; may be given again
    #[arg(long, value_name = "N/TIME", help_heading = "Limits of the account")]
    pub(crate) window: Vec<String>,
}

impl LimitArgs {
    /// Nobody named any.
    pub(crate) fn is_empty(&self) -> bool {
        self.gap.is_none() && self.per_day.is_none() && self.window.is_empty()
    }
}

/// The limits that somebody named; the others stay as they are on record.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LimitWishes {
    gap: Option<Gap>,
    per_day: Option<Option<u32>>,
    windows: Option<Vec<Window>>,
    zone: Option<Zone>,
    in_flight_max: Option<u16>,
}

impl LimitWishes {
    /// From flags and settings.
    ///
    /// # Errors
    /// Naming the text that cannot be read, and where it stands.
    pub(crate) fn read(
        args: &LimitArgs,
        zone: Option<Zone>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let gap = settings
            .gap(&args.gap)
            .map(|set| gap(&set.value).ok_or_else(|| set.wrong("gap", Cause::Example("2s..4s"))))
            .transpose()?;
        let per_day = settings
            .per_day(&args.per_day)
            .map(|set| {
                per_day(&set.value).ok_or_else(|| set.wrong("per-day", Cause::Example("1000")))
            })
            .transpose()?;
        let windows = settings
            .windows(&args.window)
            .map(|set| {
                set.value
                    .iter()
                    .map(|text| {
                        window(text).ok_or_else(|| {
                            let set = Setting {
                                value: text.clone(),
                                origin: set.origin.clone(),
                            };
                            set.wrong("window", Cause::Example("30/1m"))
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .transpose()?;
        Ok(Self {
            gap,
            per_day,
            windows,
            zone,
            in_flight_max: settings.in_flight_max(),
        })
    }

    /// Nobody named any.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// These limits with those that were named.
    pub(crate) fn over(&self, limits: LaneLimits) -> LaneLimits {
        LaneLimits {
            gap: self.gap.unwrap_or(limits.gap),
            reply_gap: limits.reply_gap,
            windows: self.windows.clone().unwrap_or(limits.windows),
            sends_per_day_max: self.per_day.unwrap_or(limits.sends_per_day_max),
            zone: self.zone.clone().unwrap_or(limits.zone),
            in_flight_max: self.in_flight_max.unwrap_or(limits.in_flight_max),
            warm_up: limits.warm_up,
            rest: limits.rest,
        }
    }
}

/// Limits in a line.
pub(crate) fn shown(limits: &LaneLimits) -> Text {
    Text::PlanLimits {
        gap: (limits.gap != Gap::NONE).then_some((limits.gap.min, limits.gap.max)),
        per_day: limits.sends_per_day_max,
        windows: limits
            .windows
            .iter()
            .map(|window| (window.sends_max, window.span))
            .collect(),
    }
}

/// `2s..4s`, `3s` or `none`.
fn gap(text: &str) -> Option<Gap> {
    if is_none(text) {
        return Some(Gap::NONE);
    }
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let gap = Gap {
        min: duration(min)?,
        max: duration(max)?,
    };
    (gap.min <= gap.max).then_some(gap)
}

/// A number above zero, or `none`.
fn per_day(text: &str) -> Option<Option<u32>> {
    if is_none(text) {
        return Some(None);
    }
    let digits: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, '_' | '.' | ','))
        .collect();
    digits.parse().ok().filter(|count| *count > 0).map(Some)
}

/// `30/1m`.
fn window(text: &str) -> Option<Window> {
    let (sends, span) = text.split_once('/')?;
    let window = Window {
        sends_max: sends.trim().parse().ok()?,
        span: duration(span)?,
    };
    (window.sends_max > 0 && !window.span.is_zero()).then_some(window)
}

/// `2s`, `500ms`, `1m 30s`; a bare number is seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
}

fn is_none(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("none")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn limits_are_read_as_people_write_them() {
        let s = Duration::from_secs;
        assert_eq!(
            gap("2s..4s"),
            Some(Gap {
                min: s(2),
                max: s(4)
            })
        );
        assert_eq!(
            gap("3"),
            Some(Gap {
                min: s(3),
                max: s(3)
            })
        );
        assert_eq!(gap("none"), Some(Gap::NONE));
        assert_eq!(per_day("1.000"), Some(Some(1_000)));
        assert_eq!(per_day("none"), Some(None));
        assert_eq!(
            window("30/1m"),
            Some(Window {
                sends_max: 30,
                span: s(60)
            })
        );
        for wrong in ["4s..2s", "", "x", "-1s"] {
            assert_eq!(gap(wrong), None, "{wrong}");
        }
        for wrong in ["0", "-3", "many"] {
            assert_eq!(per_day(wrong), None, "{wrong}");
        }
        for wrong in ["30", "0/1m", "30/0s", "30/x"] {
            assert_eq!(window(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_nobody_named_stays_as_it_is_on_record() {
        let on_record = LaneLimits {
            sends_per_day_max: Some(7),
            ..LaneLimits::default()
        };
        let wishes = LimitWishes {
            gap: Some(Gap::NONE),
            ..LimitWishes::default()
        };
        let limits = wishes.over(on_record);
        assert_eq!((limits.gap, limits.sends_per_day_max), (Gap::NONE, Some(7)));
        assert!(!wishes.is_empty() && LimitWishes::default().is_empty());
    }
}
