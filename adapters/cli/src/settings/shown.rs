//! Settings as the operator looks at them: each with its value and where it comes from, and never the key, nor a password in the
//! address.

use std::time::Duration;

use campaign_core::limits::{LaneLimits, Zone};

use super::{Origin, Setting, Settings};
use crate::setup::without_secrets;

/// A setting to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    /// `None`: it is not set, and nothing takes its place.
    pub(crate) value: Option<String>,
    pub(crate) origin: Origin,
}

impl Settings {
    /// All settings that commands start from; options of their own come before them.
    pub(crate) fn shown(&self) -> Vec<Shown> {
        let limits = LaneLimits::default();
        let gap = span(limits.gap.min, limits.gap.max);
        let per_day = limits
            .sends_per_day_max
            .map_or("none".to_owned(), |most| most.to_string());
        let windows = self.windows(&[]).map(|set| Setting {
            value: set.value.join(", "),
            origin: set.origin,
        });
        let sessions = self.sessions(&[]);
        let sessions = Setting {
            value: sessions.value.join(", "),
            origin: sessions.origin,
        };
        let mut shown = vec![
            Shown {
                name: "url",
                value: Some(without_secrets(&self.url.value)),
                origin: self.url.origin.clone(),
            },
            Shown {
                name: "key",
                value: self.key.as_ref().map(|_| "***".to_owned()),
                origin: self
                    .key
                    .as_ref()
                    .map_or(Origin::Default, |key| key.origin.clone()),
            },
            Shown {
                name: "db",
                value: Some(self.db.value.to_string()),
                origin: self.db.origin.clone(),
            },
            Shown {
                name: "lang",
                value: Some(self.language.value.tag().to_owned()),
                origin: self.language.origin.clone(),
            },
            given("log", Some(self.log.clone()), None),
            given("session", Some(sessions), None),
            given("region", Some(self.region(&None)), None),
            given("zone", self.zone(&None), Some(Zone::default().to_string())),
            given("hours", self.hours(&None), None),
            given("gap", self.gap(&None), Some(gap)),
            given("per_day", self.per_day(&None), Some(per_day)),
            given("window", windows, None),
        ];
        // Few have a use for these: they are shown where somebody set them.
        let special = [
            ("if_held", self.if_held(&None)),
            ("preset", self.preset(&None)),
            ("rest", self.rest(&None)),
            ("warm_up", self.warm_up(&None)),
            ("restart", self.restart(&None)),
            ("count_by_hand", self.count_by_hand(&None)),
        ];
        let set = special.into_iter().filter(|(_, set)| set.is_some());
        shown.extend(set.map(|(name, set)| given(name, set, None)));
        shown
    }
}

fn given(name: &'static str, set: Option<Setting<String>>, default: Option<String>) -> Shown {
    match set {
        Some(set) => Shown {
            name,
            value: Some(set.value),
            origin: set.origin,
        },
        None => Shown {
            name,
            value: default,
            origin: Origin::Default,
        },
    }
}

/// As the option is written.
fn span(min: Duration, max: Duration) -> String {
    format!("{}s..{}s", min.as_secs_f64(), max.as_secs_f64())
}
