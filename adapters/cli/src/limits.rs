//! What the operator wants of an account's limits: read from texts such as `2s..4s` and `30/1m`.

use std::time::Duration;

use campaign_core::limits::{
    Gap, Growth, LaneLimits, LanePreset, Rest, RestartPolicy, SharedLimits, WarmUp, Window, Zone,
};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::exit::{Exit, Failure};
use crate::language::{Cause, Text};
use crate::settings::{Origin, Setting, Settings};

/// Options that change an account's limits.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct LimitArgs {
    /// The pause between two messages, drawn anew each time: 2s..4s
    #[arg(long, value_name = "MIN..MAX", help_heading = "Limits of the account")]
    pub(crate) gap: Option<String>,
    /// The most messages of one day, or "none"
    #[arg(long, value_name = "N", help_heading = "Limits of the account")]
    pub(crate) per_day: Option<String>,
    /// The most messages in any interval of such a length: 30/1m; may be given again; or "none"
    #[arg(long, value_name = "N/TIME", help_heading = "Limits of the account")]
    pub(crate) window: Vec<String>,
    /// Limits that go together: careful, waha, 1k, 10k, 100k; what else is given here comes before them
    #[arg(long, value_name = "NAME", help_heading = "Limits of the account")]
    pub(crate) preset: Option<String>,
    /// After so many messages a longer pause: 60/45m..75m, or "none"
    #[arg(
        long,
        value_name = "N/MIN..MAX",
        help_heading = "Limits of the account"
    )]
    pub(crate) rest: Option<String>,
    /// A new number begins with few messages a day: 20+50% (each day half as many more), 20,50,120, or "none"
    #[arg(long, value_name = "GROWTH", help_heading = "Limits of the account")]
    pub(crate) warm_up: Option<String>,
    /// Whether a session that seems to be dead is restarted, at most once in 30 minutes: never, when-suspected
    #[arg(long, value_name = "POLICY", help_heading = "Limits of the account")]
    pub(crate) restart: Option<String>,
    /// Whether messages that a person sends on the phone count in the limits: yes, no
    #[arg(long, value_name = "YES|NO", help_heading = "Limits of the account")]
    pub(crate) count_by_hand: Option<String>,
}

impl LimitArgs {
    /// Nobody named any.
    pub(crate) fn is_empty(&self) -> bool {
        let others = [
            &self.preset,
            &self.rest,
            &self.warm_up,
            &self.restart,
            &self.count_by_hand,
        ];
        self.gap.is_none()
            && self.per_day.is_none()
            && self.window.is_empty()
            && others.iter().all(|other| other.is_none())
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
    preset: Option<LanePreset>,
    rest: Option<Option<Rest>>,
    /// With the moment of the wish: its first day.
    warm_up: Option<Option<(Growth, Timestamp)>>,
    restart: Option<RestartPolicy>,
    counts_by_hand: Option<bool>,
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
                windows_of(&set.value, |value| {
                    let origin = set.origin.clone();
                    let set = Setting { value, origin };
                    set.wrong("window", Cause::Example("30/1m"))
                })
            })
            .transpose()?;
        let preset = settings.preset(&args.preset).map(|set| {
            let preset = set.value.parse::<LanePreset>();
            preset.map_err(|error| set.wrong("preset", Cause::Words(error.to_string())))
        });
        let rest = settings.rest(&args.rest).map(|set| {
            rest(&set.value).ok_or_else(|| set.wrong("rest", Cause::Example("60/45m..75m")))
        });
        let wall = settings.wall();
        let warm_up = settings.warm_up(&args.warm_up).map(|set| {
            if is_none(&set.value) {
                return Ok(None);
            }
            let growth = set.value.parse::<Growth>();
            let growth = growth.map(|growth| Some((growth, wall)));
            growth.map_err(|_| set.wrong("warm-up", Cause::Example("20+50%")))
        });
        let restart = settings.restart(&args.restart).map(|set| {
            let policy = restart(&set.value);
            policy.ok_or_else(|| set.wrong("restart", Cause::Example("when-suspected")))
        });
        let by_hand = settings.count_by_hand(&args.count_by_hand).map(|set| {
            let counts = yes_or_no(&set.value);
            counts.ok_or_else(|| set.wrong("count-by-hand", Cause::Example("yes")))
        });
        Ok(Self {
            preset: preset.transpose()?,
            rest: rest.transpose()?,
            warm_up: warm_up.transpose()?,
            restart: restart.transpose()?,
            counts_by_hand: by_hand.transpose()?,
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
        let zone = self.zone.clone().unwrap_or_else(|| limits.zone.clone());
        let limits = match self.preset {
            Some(preset) => LaneLimits {
                reply_gap: limits.reply_gap,
                warm_up: limits.warm_up,
                restart: limits.restart,
                counts_by_hand: limits.counts_by_hand,
                ..preset.limits(zone.clone())
            },
            None => limits,
        };
        LaneLimits {
            gap: self.gap.unwrap_or(limits.gap),
            reply_gap: limits.reply_gap,
            windows: self.windows.clone().unwrap_or(limits.windows),
            sends_per_day_max: self.per_day.unwrap_or(limits.sends_per_day_max),
            warm_up: self.warming(limits.warm_up, &zone),
            zone,
            in_flight_max: self.in_flight_max.unwrap_or(limits.in_flight_max),
            rest: self.rest.unwrap_or(limits.rest),
            restart: self.restart.unwrap_or(limits.restart),
            counts_by_hand: self.counts_by_hand.unwrap_or(limits.counts_by_hand),
        }
    }

    /// The same growth goes on where it is: a setting that stands in a file must not begin anew with each command.
    fn warming(&self, on_record: Option<WarmUp>, zone: &Zone) -> Option<WarmUp> {
        match &self.warm_up {
            None => on_record,
            Some(None) => None,
            Some(Some((growth, at))) => on_record
                .filter(|warm_up| warm_up.growth == *growth)
                .or_else(|| {
                    Some(WarmUp {
                        starts_on: zone.date(*at),
                        growth: growth.clone(),
                    })
                }),
        }
    }
}

/// What somebody wants of limits above the account. What stands in the settings is an account's alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SharedWishes {
    per_day: Option<Option<u32>>,
    windows: Option<Vec<Window>>,
}

impl SharedWishes {
    /// From flags.
    ///
    /// # Errors
    /// Naming the text that cannot be read, or the flag that only an account has.
    pub(crate) fn read(args: &LimitArgs) -> Result<Self, Failure> {
        let of_account = [
            ("--gap", &args.gap),
            ("--preset", &args.preset),
            ("--rest", &args.rest),
            ("--warm-up", &args.warm_up),
            ("--restart", &args.restart),
            ("--count-by-hand", &args.count_by_hand),
        ];
        if let Some((option, _)) = of_account.into_iter().find(|(_, text)| text.is_some()) {
            return Err(Failure::new(Exit::Usage, Text::OnlyShared { option }));
        }
        let set = |value| Setting {
            value,
            origin: Origin::Flag,
        };
        let cap = args.per_day.as_ref().map(|text| {
            let wrong = || set(text.clone()).wrong("per-day", Cause::Example("1000"));
            per_day(text).ok_or_else(wrong)
        });
        let windows = (!args.window.is_empty()).then(|| {
            windows_of(&args.window, |value| {
                set(value).wrong("window", Cause::Example("30/1m"))
            })
        });
        Ok(Self {
            per_day: cap.transpose()?,
            windows: windows.transpose()?,
        })
    }

    /// These limits with those that were named.
    pub(crate) fn over(&self, limits: SharedLimits) -> SharedLimits {
        SharedLimits {
            windows: self.windows.clone().unwrap_or(limits.windows),
            sends_per_day_max: self.per_day.unwrap_or(limits.sends_per_day_max),
            zone: limits.zone,
        }
    }
}

/// Limits above the account in a line.
pub(crate) fn shared_shown(limits: &SharedLimits) -> Text {
    shown(&LaneLimits {
        windows: limits.windows.clone(),
        sends_per_day_max: limits.sends_per_day_max,
        ..LaneLimits::unpaced(1)
    })
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
        rest: limits.rest.map(|rest| (rest.after, rest.min, rest.max)),
        warm_up: limits
            .warm_up
            .as_ref()
            .map(|warm_up| (warm_up.growth.to_string(), warm_up.starts_on.to_string())),
        restarts: limits.restart == RestartPolicy::WhenSuspected,
        counts_by_hand: limits.counts_by_hand,
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

/// Each of them, or no window for the one word `none`.
fn windows_of(texts: &[String], wrong: impl Fn(String) -> Failure) -> Result<Vec<Window>, Failure> {
    if let [text] = texts
        && is_none(text)
    {
        return Ok(Vec::new());
    }
    let windows = texts.iter();
    let windows = windows.map(|text| window(text).ok_or_else(|| wrong(text.clone())));
    windows.collect()
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

/// `60/45m..75m`, `60/1h` or `none`.
fn rest(text: &str) -> Option<Option<Rest>> {
    if is_none(text) {
        return Some(None);
    }
    let (after, pause) = text.split_once('/')?;
    let Gap { min, max } = gap(pause)?;
    let rest = Rest {
        after: after.trim().parse().ok()?,
        min,
        max,
    };
    (rest.after > 0 && !rest.max.is_zero()).then_some(Some(rest))
}

fn restart(text: &str) -> Option<RestartPolicy> {
    match &*text.trim().to_ascii_lowercase() {
        "never" => Some(RestartPolicy::Never),
        "when-suspected" => Some(RestartPolicy::WhenSuspected),
        _ => None,
    }
}

fn yes_or_no(text: &str) -> Option<bool> {
    match &*text.trim().to_ascii_lowercase() {
        "yes" | "true" | "ya" => Some(true),
        "no" | "false" | "tidak" => Some(false),
        _ => None,
    }
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
    fn rests_restarts_and_what_counts_are_read_as_people_write_them() {
        let m = |minutes: u64| Duration::from_secs(minutes * 60);
        let rested = Rest {
            after: 60,
            min: m(45),
            max: m(75),
        };
        assert_eq!(rest("60/45m..75m"), Some(Some(rested)));
        assert_eq!(rest("none"), Some(None));
        for wrong in ["60", "0/1h", "60/none", "x/1h", "60/75m..45m"] {
            assert_eq!(rest(wrong), None, "{wrong}");
        }
        assert_eq!(
            restart("When-Suspected"),
            Some(RestartPolicy::WhenSuspected)
        );
        assert_eq!(restart("never"), Some(RestartPolicy::Never));
        assert_eq!(restart("always"), None);
        assert_eq!(
            [yes_or_no("ya"), yes_or_no("no")],
            [Some(true), Some(false)]
        );
        assert_eq!(yes_or_no("maybe"), None);
    }

    #[test]
    fn a_preset_takes_the_place_of_the_pace_and_of_nothing_else() {
        let on_record = LaneLimits {
            counts_by_hand: true,
            sends_per_day_max: Some(7),
            ..LaneLimits::default()
        };
        let wishes = LimitWishes {
            preset: Some(LanePreset::Careful),
            gap: Some(Gap::NONE),
            ..LimitWishes::default()
        };
        let limits = wishes.over(on_record);
        let careful = LanePreset::Careful.limits(Zone::default());
        assert_eq!(limits.sends_per_day_max, careful.sends_per_day_max);
        assert_eq!((limits.rest, limits.gap), (careful.rest, Gap::NONE));
        assert!(limits.counts_by_hand);
    }

    #[test]
    fn the_same_warming_up_goes_on_and_another_begins_today() {
        let wish = |growth: &str| LimitWishes {
            warm_up: Some(Some((
                growth.parse().unwrap(),
                "2026-11-20T17:00:00Z".parse().unwrap(),
            ))),
            ..LimitWishes::default()
        };
        let begun = wish("20+50%").over(LaneLimits::default());
        let starts_on =
            |limits: &LaneLimits| limits.warm_up.as_ref().unwrap().starts_on.to_string();
        assert_eq!(starts_on(&begun), "2026-11-21", "in Jakarta it is tomorrow");
        let mut earlier = begun.clone();
        earlier.warm_up.as_mut().unwrap().starts_on = "2026-11-01".parse().unwrap();
        assert_eq!(
            starts_on(&wish("20+50%").over(earlier.clone())),
            "2026-11-01"
        );
        assert_eq!(
            starts_on(&wish("30+50%").over(earlier.clone())),
            "2026-11-21"
        );
        let off = LimitWishes {
            warm_up: Some(None),
            ..LimitWishes::default()
        };
        assert_eq!(off.over(earlier).warm_up, None);
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
