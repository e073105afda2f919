//! The clock that workers share: the server's. Its elapsed time is what its wall clock has moved since the time line began; where somebody sets
//! that clock, a new line begins, as a reboot does.

use std::time::{Duration, Instant};

use campaign_core::clock::{BootId, Elapsed, Stamp};

use super::NOW;
use crate::codes;
use crate::postgres::fault::{Fault, Result};
use crate::postgres::transaction::{Columns, Tx};
use crate::random::random;

/// Clocks that are further apart than this were set, or stood still: what runs by itself drifts by milliseconds from one renewal to the next.
const APART_MAX: Duration = Duration::from_secs(2);

/// What the clock showed, and between which moments of this process it was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) stamp: Stamp,
    asked: Instant,
    answered: Instant,
}

impl Told {
    /// Whether the clock has moved otherwise than time has passed here since it was told earlier. How long either answer took does not matter.
    pub(super) fn is_apart_from(&self, earlier: &Told) -> bool {
        let [now, before] = [self, earlier].map(|told| told.stamp.elapsed.as_micros());
        let least = self.asked.saturating_duration_since(earlier.answered);
        let most = self.answered.saturating_duration_since(earlier.asked);
        now - before < micros(least) - micros(APART_MAX)
            || now - before > micros(most) + micros(APART_MAX)
    }
}

/// What it shows, where workers have a clock.
pub(super) async fn tell(tx: &Tx<'_>) -> Result<Option<Told>> {
    let asked = Instant::now();
    let sql = format!("SELECT {NOW}, began, boot FROM clock");
    let Some(row) = tx.maybe(&sql, &[]).await? else {
        return Ok(None);
    };
    let answered = Instant::now();
    let (now, began): (i64, i64) = (row.at(0)?, row.at(1)?);
    let stamp = Stamp {
        elapsed: Elapsed::from_micros(now.saturating_sub(began)),
        wall: codes::moment(now)?,
        boot: BootId(row.at::<i64>(2)?.cast_unsigned()),
    };
    Ok(Some(Told {
        stamp,
        asked,
        answered,
    }))
}

/// The same, for whoever comes first.
pub(super) async fn started(tx: &Tx<'_>) -> Result<Told> {
    if let Some(told) = tell(tx).await? {
        return Ok(told);
    }
    begin_anew(tx).await?;
    let told = tell(tx).await?;
    told.ok_or_else(|| Fault::unreadable("a clock that does not start"))
}

/// Begins another time line, under a number of its own.
pub(super) async fn begin_anew(tx: &Tx<'_>) -> Result<()> {
    let [a, b, c, d, e, f, g, h, ..] = random()?;
    let boot = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let sql = format!(
        "INSERT INTO clock (one, boot, began) VALUES (1, $1, {NOW})
         ON CONFLICT (one) DO UPDATE SET boot = excluded.boot, began = excluded.began"
    );
    tx.execute(&sql, &[&boot]).await?;
    Ok(())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_a_slow_answer() {
        let began = Instant::now();
        let told = |shown: i64, asked: u64, answered: u64| Told {
            stamp: Stamp {
                elapsed: Elapsed::from_micros(shown * 1_000_000),
                wall: jiff::Timestamp::UNIX_EPOCH,
                boot: BootId(1),
            },
            asked: began + Duration::from_secs(asked),
            answered: began + Duration::from_secs(answered),
        };
        let earlier = told(100, 0, 0);
        for (later, is_apart) in [
            (told(110, 10, 10), false),
            (told(112, 10, 10), false),
            (told(108, 10, 10), false),
            (told(113, 10, 10), true),
            (told(107, 10, 10), true),
            (told(90, 10, 10), true),
            // It may have been asked by the server at any moment in between.
            (told(110, 10, 25), false),
            (told(125, 10, 25), false),
            (told(128, 10, 25), true),
        ] {
            assert_eq!(later.is_apart_from(&earlier), is_apart, "{later:?}");
        }
        let slow = told(100, 0, 15);
        assert!(!told(101, 16, 16).is_apart_from(&slow));
        assert!(!told(116, 16, 16).is_apart_from(&slow));
    }
}
