//! What another limit would change: the campaign is played once more, with the one limit relaxed that takes most of its time.
//!
//! It is an answer to "why so long?", not advice: limits are what keeps an account from being restricted.

use jiff::Timestamp;
use serde::Serialize;

use super::{Bottleneck, Forecast, Outlook, forecast};
use crate::campaign::Definition;
use crate::limits::{Gap, LaneLimits, Window};

/// Above so many recipients nothing is played a second time.
const RECIPIENTS_MAX: u32 = 200_000;

/// What would be if one limit were another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// What would be changed.
    #[serde(flatten)]
    pub change: Relaxation,
    /// When the last message would be answered.
    pub ends_at: Option<Timestamp>,
    /// How many would go out.
    pub sends: u64,
    /// How many would be too late.
    pub expired: u64,
}

/// A limit that is not as strict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Relaxation {
    /// Half the pause between two sends.
    Gap {
        /// As it is.
        from: Gap,
        /// As it would be.
        to: Gap,
    },
    /// Twice as many in each sliding window.
    Windows {
        /// As they are.
        from: Vec<Window>,
        /// As they would be.
        to: Vec<Window>,
    },
    /// Twice as many a day.
    DailyCap {
        /// As it is.
        from: u32,
        /// As it would be.
        to: u32,
    },
    /// A number that is warmed up already.
    WarmedUp,
    /// No rests.
    NoRest,
    /// No limits above the accounts.
    NoSharedLimits,
    /// Sending at any hour, and from now on.
    AnyHour,
}

/// The campaign once more, with what takes most of its time relaxed. `None` when that would change nothing, when the server is what
/// takes the time, and above 200,000 recipients.
pub fn alternative(outlook: &Outlook<'_>, seen: &Forecast) -> Option<Alternative> {
    if outlook.recipients > RECIPIENTS_MAX {
        return None;
    }
    let (change, limits, definition) = relaxed(outlook, seen.bottleneck?)?;
    let without: &[_] = &[];
    let other = forecast(&Outlook {
        definition: &definition,
        limits: &limits,
        shared: match change {
            Relaxation::NoSharedLimits => without,
            _ => outlook.shared,
        },
        ..outlook.clone()
    });
    let is_better = other.sends > seen.sends || other.ends_at < seen.ends_at;
    is_better.then_some(Alternative {
        change,
        ends_at: other.ends_at,
        sends: other.sends,
        expired: other.expired,
    })
}

fn relaxed(
    outlook: &Outlook<'_>,
    bottleneck: Bottleneck,
) -> Option<(Relaxation, LaneLimits, Definition)> {
    let (mut limits, mut definition) = (outlook.limits.clone(), outlook.definition.clone());
    let change = match bottleneck {
        Bottleneck::Gap => {
            let from = limits.gap;
            limits.gap = Gap {
                min: from.min / 2,
                max: from.max / 2,
            };
            limits.reply_gap = Gap {
                min: limits.reply_gap.min / 2,
                max: limits.reply_gap.max / 2,
            };
            let to = limits.gap;
            Relaxation::Gap { from, to }
        }
        Bottleneck::Window => {
            let from = limits.windows.clone();
            for window in &mut limits.windows {
                window.sends_max = window.sends_max.saturating_mul(2);
            }
            let to = limits.windows.clone();
            Relaxation::Windows { from, to }
        }
        Bottleneck::DailyCap => {
            let from = limits.sends_per_day_max?;
            let to = from.saturating_mul(2);
            limits.sends_per_day_max = Some(to);
            Relaxation::DailyCap { from, to }
        }
        Bottleneck::WarmUp => {
            limits.warm_up.take()?;
            Relaxation::WarmedUp
        }
        Bottleneck::Rest => {
            limits.rest.take()?;
            Relaxation::NoRest
        }
        Bottleneck::Shared => Relaxation::NoSharedLimits,
        Bottleneck::Hours => {
            definition.hours = None;
            definition.starts_at = None;
            Relaxation::AnyHour
        }
    };
    Some((change, limits, definition))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::{Elapsed, Now};
    use crate::gateway::Session;
    use crate::limits::{Hours, Zone};
    use crate::message::MessageTemplate;

    const SECOND: Duration = Duration::from_secs(1);

    fn gap(seconds: u32) -> Gap {
        Gap {
            min: SECOND * seconds,
            max: SECOND * seconds,
        }
    }

    fn outlook<'a>(definition: &'a Definition, limits: &'a LaneLimits) -> Outlook<'a> {
        Outlook {
            definition,
            recipients: 1_000,
            limits,
            shared: &[],
            sent_today: None,
            answer_time: (SECOND / 10, SECOND / 10),
            now: Now {
                elapsed: Elapsed::from_micros(0),
                // 08:00 in Jakarta.
                wall: "2026-11-21T01:00:00Z".parse().unwrap(),
            },
            seed: 1,
        }
    }

    fn definition(hours: Option<&str>) -> Definition {
        let message = MessageTemplate::text("Halo").unwrap();
        Definition {
            hours: hours.map(|text| Hours::parse(text, Zone::default()).unwrap()),
            ..Definition::new("tagihan", Session::new("default"), message)
        }
    }

    #[test]
    fn the_limit_that_takes_the_time_is_the_one_that_is_relaxed() {
        let window = |sends_max| Window {
            sends_max,
            span: SECOND * 60,
        };
        let base = LaneLimits {
            gap: Gap::NONE,
            sends_per_day_max: None,
            ..LaneLimits::default()
        };
        let rows = [
            (
                definition(None),
                LaneLimits {
                    gap: gap(4),
                    ..base.clone()
                },
                Some(Relaxation::Gap {
                    from: gap(4),
                    to: gap(2),
                }),
            ),
            (
                definition(None),
                LaneLimits {
                    windows: vec![window(20)],
                    ..base.clone()
                },
                Some(Relaxation::Windows {
                    from: vec![window(20)],
                    to: vec![window(40)],
                }),
            ),
            (
                definition(None),
                LaneLimits {
                    sends_per_day_max: Some(200),
                    ..base.clone()
                },
                Some(Relaxation::DailyCap { from: 200, to: 400 }),
            ),
            (
                definition(Some("20:00-20:10")),
                base.clone(),
                Some(Relaxation::AnyHour),
            ),
            (definition(None), base, None),
        ];
        for (definition, limits, wanted) in rows {
            let outlook = outlook(&definition, &limits);
            let seen = forecast(&outlook);
            let found = alternative(&outlook, &seen);
            let change = found.as_ref().map(|found| found.change.clone());
            assert_eq!(change, wanted);
            if let Some(found) = found {
                assert!(found.ends_at < seen.ends_at, "{found:?}");
            }
        }
    }

    #[test]
    fn twice_as_many_a_day_take_half_the_days_and_save_those_that_were_too_late() {
        let limits = LaneLimits {
            gap: Gap::NONE,
            sends_per_day_max: Some(200),
            ..LaneLimits::default()
        };
        let definition = Definition {
            // Three days on.
            expires_at: Some("2026-11-24T01:00:00Z".parse().unwrap()),
            ..definition(None)
        };
        let outlook = outlook(&definition, &limits);
        let seen = forecast(&outlook);
        // A twentieth of each day is kept for replies, and the fourth day begins before the end.
        assert_eq!((seen.sends, seen.expired), (4 * 190, 240));
        let found = alternative(&outlook, &seen).unwrap();
        assert_eq!((found.sends, found.expired), (1_000, 0));
    }

    #[test]
    fn of_very_many_nothing_is_played_twice() {
        let limits = LaneLimits::default();
        let definition = definition(None);
        let many = Outlook {
            recipients: RECIPIENTS_MAX + 1,
            ..outlook(&definition, &limits)
        };
        let seen = Forecast {
            begins_at: None,
            ends_at: None,
            sends: 0,
            expired: 0,
            per_day: Default::default(),
            per_session: Default::default(),
            bottleneck: Some(Bottleneck::Gap),
        };
        assert_eq!(alternative(&many, &seen), None);
    }
}
