//! Time inside the simulator. Stamps are real and monotonic; waits are divided by the speed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub(crate) struct Clock {
    start: Instant,
    wall_start_us: u64,
    speed: f64,
}

impl Clock {
    pub(crate) fn new(speed: f64) -> Self {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            start: Instant::now(),
            wall_start_us: wall.as_micros() as u64,
            speed: if speed.is_finite() && speed > 0.0 {
                speed
            } else {
                1.0
            },
        }
    }

    /// Microseconds since the simulator started, never going back.
    pub(crate) fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Unix time in microseconds at the simulator's start; add a stamp to it.
    pub(crate) fn wall_start_us(&self) -> u64 {
        self.wall_start_us
    }

    /// Unix time in milliseconds.
    pub(crate) fn wall_ms(&self) -> u64 {
        (self.wall_start_us + self.now_us()) / 1000
    }

    /// What a wait of the real server takes here.
    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        wait.div_f64(self.speed)
    }

    pub(crate) async fn pause(&self, wait: Duration) {
        let wait = self.scaled(wait);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
