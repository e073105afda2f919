//! A clock set by hand.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::clock::{BootId, Clock, Elapsed, Now};

/// A clock that stands still until it is moved. Clones share the same hands.
#[derive(Debug, Clone)]
pub struct ManualClock {
    hands: Arc<Mutex<Now>>,
    boot: BootId,
}

impl ManualClock {
    /// A clock that shows this wall time, on a machine that started an hour ago.
    pub fn at(wall: Timestamp) -> Self {
        let elapsed = Elapsed::from_micros(3_600_000_000);
        Self {
            hands: Arc::new(Mutex::new(Now { elapsed, wall })),
            boot: BootId(1),
        }
    }

    /// Lets time pass on both hands.
    pub fn advance(&self, by: Duration) {
        self.turn(|now| {
            now.elapsed = now.elapsed + by;
            now.wall = now.wall.checked_add(by).unwrap_or(Timestamp::MAX);
        });
    }

    /// Lets time pass until a moment, if it is still to come.
    pub fn advance_to(&self, moment: Elapsed) {
        let by = moment.since(self.now().elapsed);
        self.advance(by);
    }

    /// Sets the wall clock forth or back, as people do; elapsed time does not move.
    pub fn set_wall(&self, by: SignedDuration) {
        self.turn(|now| now.wall = now.wall.checked_add(by).unwrap_or(now.wall));
    }

    fn turn(&self, turn: impl FnOnce(&mut Now)) {
        turn(&mut self.hands.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn boot(&self) -> BootId {
        self.boot
    }

    /// Moves the hands there itself: whoever waits makes time pass. A moment that never comes is waited for in vain.
    async fn wait_until(&self, moment: Elapsed) {
        if moment == Elapsed::NEVER {
            std::future::pending::<()>().await;
        }
        self.advance_to(moment);
    }
}
