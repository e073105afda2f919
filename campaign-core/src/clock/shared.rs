//! The clock of a database that several machines share, told by this machine's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{BootId, Clock, Elapsed, Now, Stamp};

/// Shows the time of a database, as it was told last and has passed by this machine's elapsed time since. What the wall clock of this machine
/// shows does not matter.
pub(crate) struct SharedClock {
    own: Arc<dyn Clock>,
    boot: BootId,
    /// So many microseconds the database's elapsed time is ahead of this machine's.
    ahead: AtomicI64,
    /// The database's wall clock as its elapsed time began, in microseconds since 1970.
    began: AtomicI64,
    /// It never goes back.
    shown: AtomicI64,
}

impl SharedClock {
    /// The database has just told its time.
    pub(crate) fn new(own: Arc<dyn Clock>, told: Stamp) -> Self {
        let clock = Self {
            own,
            boot: told.boot,
            ahead: AtomicI64::new(0),
            began: AtomicI64::new(0),
            shown: AtomicI64::new(i64::MIN),
        };
        clock.set(told);
        clock
    }

    /// It has told its time again: clocks drift apart.
    pub(crate) fn set(&self, told: Stamp) {
        let elapsed = told.elapsed.as_micros();
        let own = self.own.now().elapsed.as_micros();
        self.ahead.store(elapsed - own, Ordering::Release);
        let began = told.wall.as_microsecond().saturating_sub(elapsed);
        self.began.store(began, Ordering::Release);
    }

    /// What the database's clock showed at a moment of this machine's.
    pub(crate) fn of_own(&self, own: Elapsed) -> Elapsed {
        Elapsed::from_micros(own.as_micros().saturating_add(self.ahead()))
    }

    fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Acquire)
    }
}

#[async_trait]
impl Clock for SharedClock {
    fn now(&self) -> Now {
        let micros = self.own.now().elapsed.as_micros() + self.ahead();
        let micros = self.shown.fetch_max(micros, Ordering::AcqRel).max(micros);
        let began = Timestamp::from_microsecond(self.began.load(Ordering::Acquire));
        let wall = began.unwrap_or_default();
        Now {
            elapsed: Elapsed::from_micros(micros),
            wall: wall
                .checked_add(SignedDuration::from_micros(micros))
                .unwrap_or(Timestamp::MAX),
        }
    }

    fn boot(&self) -> BootId {
        self.boot
    }

    async fn wait_until(&self, moment: Elapsed) {
        let own = moment.as_micros().saturating_sub(self.ahead());
        self.own.wait_until(Elapsed::from_micros(own)).await;
    }
}

#[cfg(all(test, feature = "testing"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::ManualClock;

    fn told(seconds: i64, wall: &str) -> Stamp {
        Stamp {
            elapsed: Elapsed::from_micros(seconds * 1_000_000),
            wall: wall.parse().unwrap(),
            boot: BootId(9),
        }
    }

    #[test]
    fn the_databases_time_passes_by_this_machines_and_never_goes_back() {
        let own = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
        let clock = SharedClock::new(own.clone(), told(100, "2026-11-21T00:00:00Z"));
        let is = |seconds: i64, wall: &str| {
            let now = clock.now();
            let shown = (now.elapsed.as_micros() / 1_000_000, now.wall.to_string());
            assert_eq!(shown, (seconds, wall.to_owned()));
        };
        assert_eq!(clock.boot(), BootId(9));
        is(100, "2026-11-21T00:00:00Z");
        own.advance(Duration::from_secs(30));
        is(130, "2026-11-21T00:00:30Z");
        clock.set(told(131, "2026-11-21T00:00:31Z"));
        is(131, "2026-11-21T00:00:31Z");
        // This machine was ahead: time stands until the database's has come that far.
        clock.set(told(129, "2026-11-21T00:00:29Z"));
        is(131, "2026-11-21T00:00:31Z");
        own.advance(Duration::from_secs(5));
        is(134, "2026-11-21T00:00:34Z");
        assert_eq!(clock.of_own(own.now().elapsed), clock.now().elapsed);
    }
}
