//! Time as the engine sees it: an argument, never something it looks up.
//!
//! Two times travel together. [`Elapsed`] only moves forward and counts sleep of the machine; gaps,
//! windows and waits run on it. The wall clock may be set back or forth by people; hours, expiry
//! and the calendar day run on it. Reading real clocks is left to [`Clock`] and who implements it.

use std::ops::{Add, Sub};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[cfg(feature = "driver")]
mod shared;
#[cfg(feature = "driver")]
mod tokio;
#[cfg(feature = "driver")]
pub(crate) use self::shared::SharedClock;
#[cfg(feature = "driver")]
pub use self::tokio::{AcceleratedClock, SystemClock};

/// A point on the clock that only moves forward: microseconds since this machine started
/// (`CLOCK_BOOTTIME` on Linux). Negative for moments before the machine started, as they occur
/// when a history written before a reboot is read again.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Elapsed(i64);

impl Elapsed {
    /// Later than every moment that can be reached.
    pub const NEVER: Elapsed = Elapsed(i64::MAX);

    /// The moment so many microseconds after the machine started.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the machine started.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// How long `earlier` has been over; zero when it is not over yet.
    pub fn since(self, earlier: Elapsed) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Elapsed {
    type Output = Elapsed;

    /// Not before the wait is over: a part of a microsecond counts as a whole one. What ends with a day must not end within the day.
    fn add(self, wait: Duration) -> Elapsed {
        let is_more = !wait.subsec_nanos().is_multiple_of(1_000);
        Elapsed(
            self.0
                .saturating_add(micros(wait))
                .saturating_add(i64::from(is_more)),
        )
    }
}

impl Sub<Duration> for Elapsed {
    type Output = Elapsed;

    fn sub(self, wait: Duration) -> Elapsed {
        Elapsed(self.0.saturating_sub(micros(wait)))
    }
}

/// The moment at which a decision is taken, on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The clock that only moves forward.
    pub elapsed: Elapsed,
    /// The clock on the wall.
    pub wall: Timestamp,
}

impl Now {
    /// Where a stored moment stands on this clock's elapsed time.
    ///
    /// A moment of the same boot is taken as it was measured; one of another boot is placed by the
    /// wall clock. A stored time in the future counts as now.
    pub fn place(&self, stored: Stamp, boot: BootId) -> Elapsed {
        let moment = if stored.boot == boot {
            stored.elapsed
        } else {
            let ago = self.wall.duration_since(stored.wall);
            Elapsed(self.elapsed.0.saturating_sub(
                i64::try_from(ago.as_micros().clamp(0, i64::MAX as i128)).unwrap_or(i64::MAX),
            ))
        };
        moment.min(self.elapsed)
    }

    /// What the wall clock shows, or showed, at that moment if nobody sets it; `None` beyond the calendar's end.
    pub fn wall_at(&self, moment: Elapsed) -> Option<Timestamp> {
        let ahead = moment.0.saturating_sub(self.elapsed.0);
        self.wall
            .checked_add(jiff::SignedDuration::from_micros(ahead))
            .ok()
    }

    /// This moment as it is stored.
    pub fn stamp(&self, boot: BootId) -> Stamp {
        Stamp {
            elapsed: self.elapsed,
            wall: self.wall,
            boot,
        }
    }
}

/// Tells one run of a machine from the next, so that elapsed times of different runs are never compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub u64);

/// A moment as it is stored: readable again after a restart of the process or of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Elapsed time on the boot it was taken on.
    pub elapsed: Elapsed,
    /// Wall time.
    pub wall: Timestamp,
    /// The boot `elapsed` belongs to.
    pub boot: BootId,
}

/// Reads the clocks and waits. The engine never sees it; the driver does.
#[async_trait::async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Both clocks, now.
    fn now(&self) -> Now;

    /// The boot that [`Now::elapsed`] belongs to.
    fn boot(&self) -> BootId;

    /// Waits until the moment has come. May return early; callers look again.
    async fn wait_until(&self, moment: Elapsed);
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(elapsed: i64, wall: i64) -> Now {
        Now {
            elapsed: Elapsed::from_micros(elapsed),
            wall: Timestamp::from_second(wall).unwrap(),
        }
    }

    #[test]
    fn a_stored_moment_is_placed_by_its_own_boot_or_by_the_wall() {
        let boot = BootId(1);
        let stored = now(5_000_000, 1_000).stamp(boot);
        assert_eq!(now(9_000_000, 1_004).place(stored, boot), stored.elapsed);
        let rebooted = now(2_000_000, 1_010);
        assert_eq!(
            rebooted.place(stored, BootId(2)),
            Elapsed::from_micros(2_000_000 - 10_000_000)
        );
    }

    #[test]
    fn a_wait_is_over_no_earlier_than_it_says() {
        let start = Elapsed::from_micros(5);
        for (nanos, micros) in [(0, 5), (1, 6), (999, 6), (1_000, 6), (1_001, 7)] {
            let end = start + Duration::from_nanos(nanos);
            assert_eq!(end.as_micros(), micros, "{nanos} ns");
        }
        assert_eq!(Elapsed::NEVER + Duration::from_nanos(1), Elapsed::NEVER);
    }

    #[test]
    fn a_stored_moment_in_the_future_counts_as_now() {
        let stored = now(5_000_000, 9_999).stamp(BootId(1));
        let later = now(1_000, 1_000);
        assert_eq!(later.place(stored, BootId(2)), later.elapsed);
        assert_eq!(later.place(stored, BootId(1)), later.elapsed);
    }
}
