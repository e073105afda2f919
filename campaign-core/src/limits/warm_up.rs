//! A new number begins with few messages a day, and sends more from day to day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How many messages a number may send on each of its first days, counted in local days of the lane's zone. The lane's daily cap
/// holds as well: the smaller of the two counts.
///
/// Only a day on which something was sent is a step: a number that was silent for a week goes on where it stopped, because
/// silence warms nothing up. [`WarmthSoFar`] counts the steps.
///
/// It is switched on by giving it `starts_on`, today as a rule. What was sent before that day does not count, so switching it on
/// again begins anew. Before that day the cap of the first day holds.
///
/// WhatsApp publishes no schedule for ordinary accounts; how fast to grow is the operator's judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmUp {
    /// Its first day, in the lane's zone.
    pub starts_on: Date,
    /// How it grows.
    pub growth: Growth,
}

/// How many messages on which day of warming up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// So many on the first day, and each day so many percent more than the day before: at least one more, unless it is 0.
    /// It never ends by itself; the daily cap overtakes it.
    Percent {
        /// On the first day, at least 1.
        first: u32,
        /// How many percent more each day: 50 makes 20, 30, 45, 67.
        more: u16,
    },
    /// So many on the first day, so many on the second. After the last one the number is warm.
    Table(Vec<u32>),
}

impl WarmUp {
    /// The most sends of the day that is the `step`th of warming up, counted from 1. `None`: the number is warm, and only the daily
    /// cap holds. Never 0, because a day without a send is no step and the number would stay cold for ever.
    ///
    /// ```
    /// use campaign_core::limits::{Growth, WarmUp};
    /// use jiff::civil::date;
    ///
    /// let warm_up = |growth| WarmUp { starts_on: date(2026, 11, 21), growth };
    /// let half_more = warm_up(Growth::Percent { first: 20, more: 50 });
    /// assert_eq!([1, 2, 3, 4].map(|step| half_more.cap_on(step)), [Some(20), Some(30), Some(45), Some(67)]);
    /// let table = warm_up(Growth::Table(vec![20, 50, 120]));
    /// assert_eq!([1, 3, 4].map(|step| table.cap_on(step)), [Some(20), Some(120), None]);
    /// ```
    pub fn cap_on(&self, step: u32) -> Option<u32> {
        let steps_before = step.saturating_sub(1);
        match &self.growth {
            Growth::Table(caps) => {
                let cap = caps.get(usize::try_from(steps_before).ok()?)?;
                Some((*cap).max(1))
            }
            Growth::Percent { first, more: 0 } => Some((*first).max(1)),
            Growth::Percent { first, more } => Some(grown((*first).max(1), *more, steps_before)),
        }
    }
}

fn grown(first: u32, percent: u16, times: u32) -> u32 {
    let mut cap = first;
    for _ in 0..times {
        if cap == u32::MAX {
            break;
        }
        let more = (u64::from(cap) * u64::from(percent) / 100).max(1);
        cap = u32::try_from(u64::from(cap) + more).unwrap_or(u32::MAX);
    }
    cap
}

/// How far a number has come: the days on which it sent since its warming up began.
///
/// A lane keeps it beside its daily count. It follows from the local days of the lane's sends, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WarmthSoFar {
    /// The warming up it belongs to, by its first day. `None`: nothing was sent in any.
    pub since: Option<Date>,
    /// How many days something was sent on.
    pub days: u32,
    /// The last of them.
    pub last: Option<Date>,
}

impl WarmthSoFar {
    /// Which step of warming up a day is, counted from 1.
    ///
    /// A day before the last one that was counted (a clock set back) is no new step.
    pub fn step(&self, warm_up: &WarmUp, today: Date) -> u32 {
        if self.since != Some(warm_up.starts_on) {
            return 1;
        }
        match self.last {
            Some(last) if today <= last => self.days.max(1),
            _ => self.days.saturating_add(1),
        }
    }

    /// Something was sent on `day`.
    pub fn sent(&mut self, warm_up: &WarmUp, day: Date) {
        if day < warm_up.starts_on {
            return;
        }
        if self.since != Some(warm_up.starts_on) {
            *self = Self {
                since: Some(warm_up.starts_on),
                ..Self::default()
            };
        }
        if self.last.is_none_or(|last| last < day) {
            self.days = self.days.saturating_add(1);
            self.last = Some(day);
        }
    }
}

impl fmt::Display for Growth {
    /// `20+50%`, or `20, 50, 120`: as it is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Growth::Percent { first, more } => write!(f, "{first}+{more}%"),
            Growth::Table(caps) => {
                let mut separator = "";
                for cap in caps {
                    write!(f, "{separator}{cap}")?;
                    separator = ", ";
                }
                Ok(())
            }
        }
    }
}

/// The text is no growth.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} does not say how a number warms up: write 20+50% (20 messages on the first day, then half as many more each day), or \
     20, 50, 120 (each day's messages)"
)]
pub struct GrowthError {
    /// What was given.
    pub text: String,
}

impl FromStr for Growth {
    type Err = GrowthError;

    fn from_str(text: &str) -> Result<Self, GrowthError> {
        let number = |text: &str| text.trim().parse::<u32>().ok().filter(|cap| *cap > 0);
        let growth = match text.split_once('+') {
            Some((first, more)) => number(first).and_then(|first| {
                let more = more.trim().strip_suffix('%')?.trim().parse().ok()?;
                Some(Growth::Percent { first, more })
            }),
            None => {
                let caps: Option<Vec<u32>> = text.split(',').map(number).collect();
                caps.map(Growth::Table)
            }
        };
        growth.ok_or_else(|| GrowthError {
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn warm_up(growth: &str) -> WarmUp {
        WarmUp {
            starts_on: date(2026, 11, 21),
            growth: growth.parse().unwrap(),
        }
    }

    #[test]
    fn a_number_may_send_more_from_day_to_day() {
        let rows = [
            ("20+50%", 1, Some(20)),
            ("20+50%", 2, Some(30)),
            ("20+50%", 4, Some(67)),
            ("20+50%", 0, Some(20)),
            ("1+10%", 2, Some(2)),
            ("7+0%", 1_000_000, Some(7)),
            ("1+1%", u32::MAX, Some(u32::MAX)),
            ("20+100%", 9, Some(5_120)),
            ("4000000000+65535%", 2, Some(u32::MAX)),
            ("20, 50, 120", 1, Some(20)),
            ("20, 50, 120", 3, Some(120)),
            ("20, 50, 120", 4, None),
        ];
        for (growth, step, cap) in rows {
            assert_eq!(warm_up(growth).cap_on(step), cap, "{growth} {step}");
        }
        let growth = Growth::Table(vec![0]);
        let never_none = WarmUp {
            growth,
            ..warm_up("1")
        };
        assert_eq!(never_none.cap_on(1), Some(1));
    }

    #[test]
    fn only_days_on_which_something_was_sent_are_steps() {
        let warm_up = warm_up("20, 50, 120");
        let mut so_far = WarmthSoFar::default();
        // The day, which step it is, and whether something is sent on it.
        let rows = [
            (date(2026, 11, 20), 1, true),
            (date(2026, 11, 21), 1, false),
            (date(2026, 11, 22), 1, true),
            (date(2026, 11, 22), 1, true),
            (date(2026, 11, 29), 2, false),
            (date(2026, 11, 30), 2, true),
            // A clock that was set back.
            (date(2026, 11, 29), 2, true),
            (date(2026, 12, 1), 3, true),
            (date(2026, 12, 2), 4, false),
        ];
        for (day, step, sends) in rows {
            assert_eq!(so_far.step(&warm_up, day), step, "{day}");
            if sends {
                so_far.sent(&warm_up, day);
            }
        }
    }

    #[test]
    fn switching_it_on_again_begins_anew() {
        let first = warm_up("20, 50, 120");
        let mut so_far = WarmthSoFar::default();
        so_far.sent(&first, date(2026, 11, 21));
        so_far.sent(&first, date(2026, 11, 22));
        assert_eq!(so_far.step(&first, date(2026, 11, 23)), 3);
        let again = WarmUp {
            starts_on: date(2026, 12, 1),
            ..first
        };
        assert_eq!(so_far.step(&again, date(2026, 12, 1)), 1);
        so_far.sent(&again, date(2026, 12, 1));
        assert_eq!(so_far.step(&again, date(2026, 12, 2)), 2);
    }

    #[test]
    fn what_is_no_growth_is_refused() {
        for text in [
            "", "20+", "20+50", "+50%", "0+50%", "20, 0", "20,,50", "many", "-1", "20+-1%",
        ] {
            assert!(text.parse::<Growth>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cap_never_shrinks_and_is_never_none_at_all(first: u32, more: u16, step in 1u32..5_000) {
            let growth = Growth::Percent { first, more };
            let warm_up = WarmUp { growth, ..warm_up("1") };
            let (cap, next) = (warm_up.cap_on(step).unwrap(), warm_up.cap_on(step + 1).unwrap());
            prop_assert!(cap >= 1 && next >= cap);
            prop_assert!(next > cap || more == 0 || cap == u32::MAX);
        }

        #[test]
        fn a_step_counts_the_days_with_sends_before_it(gaps in prop::collection::vec(0i32..5, 0..40)) {
            let warm_up = warm_up("1+10%");
            let (mut so_far, mut day) = (WarmthSoFar::default(), warm_up.starts_on);
            let mut days = std::collections::BTreeSet::new();
            for gap in gaps {
                day = day.checked_add(gap.days()).unwrap();
                let before = days.range(..day).count() as u32;
                prop_assert_eq!(so_far.step(&warm_up, day), before + 1);
                so_far.sent(&warm_up, day);
                days.insert(day);
                prop_assert_eq!(so_far.step(&warm_up, day), before + 1);
            }
        }

        #[test]
        fn growth_is_read_as_it_was_written(first in 1u32.., more: u16, caps in prop::collection::vec(1u32.., 1..9)) {
            for growth in [Growth::Percent { first, more }, Growth::Table(caps)] {
                prop_assert_eq!(growth.to_string().parse(), Ok(growth.clone()));
                let json = serde_json::to_string(&growth).unwrap();
                prop_assert_eq!(serde_json::from_str::<Growth>(&json).unwrap(), growth);
            }
        }
    }
}
