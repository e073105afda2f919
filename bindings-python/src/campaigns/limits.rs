//! What a program wants of its accounts' limits: what it names holds, the rest stays as it is on record.

use std::time::Duration;

use campaign_core::gateway::{Account, Session};
use campaign_core::limits::{Gap, LaneLimits, LanePreset, Zone};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::failure::Outcome;
use super::{Shared, wrong};

/// As Python gives them: texts and numbers, each of which may be missing.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(super) struct Given {
    preset: Option<String>,
    /// Shortest and longest, in seconds.
    gap: Option<(f64, f64)>,
    /// Infinity is no cap.
    per_day: Option<f64>,
    zone: Option<String>,
}

/// The limits that are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Wishes {
    preset: Option<LanePreset>,
    gap: Option<Gap>,
    per_day: Option<Option<u32>>,
    zone: Option<Zone>,
}

impl Given {
    pub(super) fn read(self) -> PyResult<Wishes> {
        let preset = self.preset.map(|name| name.parse());
        let zone = self.zone.map(|name| name.parse());
        Ok(Wishes {
            preset: preset.transpose().map_err(|error| wrong("limits", error))?,
            gap: self.gap.map(gap).transpose()?,
            per_day: self.per_day.map(per_day).transpose()?,
            zone: zone.transpose().map_err(|error| wrong("zone", error))?,
        })
    }
}

fn gap((min, max): (f64, f64)) -> PyResult<Gap> {
    let bounds = Duration::try_from_secs_f64(min).ok();
    let bounds = bounds.zip(Duration::try_from_secs_f64(max).ok());
    let gap = bounds.map(|(min, max)| Gap { min, max });
    gap.filter(|gap| gap.min <= gap.max).ok_or_else(|| {
        PyValueError::new_err(
            "gap: give seconds, or the fewest and the most of them, such as (2, 4)",
        )
    })
}

fn per_day(sends: f64) -> PyResult<Option<u32>> {
    if sends == f64::INFINITY {
        return Ok(None);
    }
    let is_count = sends.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&sends);
    match is_count {
        true => Ok(Some(sends as u32)),
        false => Err(PyValueError::new_err(
            "per_day: give a whole number from 1, or math.inf for no cap",
        )),
    }
}

impl Wishes {
    pub(super) fn over(&self, limits: LaneLimits) -> LaneLimits {
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
            sends_per_day_max: self.per_day.unwrap_or(limits.sends_per_day_max),
            zone,
            ..limits
        }
    }

    /// Of the accounts of these sessions those that have others on record, with what is to be put there. A session without an account is
    /// left to whoever opens its lane.
    pub(super) async fn news(
        &self,
        shared: &Shared,
        sessions: &[Session],
    ) -> Outcome<Vec<(Account, LaneLimits)>> {
        let mut news = Vec::new();
        if *self == Self::default() {
            return Ok(news);
        }
        let (gateway, wanted) = (shared.way.gateway(), self.over(LaneLimits::default()));
        for session in sessions {
            let Some(account) = gateway.observe(session).await.account else {
                continue;
            };
            let on_record = shared.store.lane(account, session, &wanted).await?.limits;
            let limits = self.over(on_record.clone());
            if limits != on_record {
                news.push((account, limits));
            }
        }
        Ok(news)
    }
}
