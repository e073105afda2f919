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

    /// What a wait of the real server takes here; a wait beyond all measure stays one.
    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        Duration::try_from_secs_f64(wait.as_secs_f64() / self.speed).unwrap_or(Duration::MAX)
    }

    pub(crate) async fn pause(&self, wait: Duration) {
        let wait = self.scaled(wait);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// A time in microseconds, as stamps have it; what is too long for them is the longest there is.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_beyond_all_measure_is_one() {
        for speed in [1e-9, 1.0, 0.0, f64::NAN] {
            let clock = Clock::new(speed);
            let longest = Duration::from_secs(u64::MAX);
            assert!(micros(clock.scaled(longest)) > 0, "{speed}");
        }
        assert_eq!(Clock::new(1e-9).scaled(Duration::MAX), Duration::MAX);
        assert_eq!(
            Clock::new(2.0).scaled(Duration::from_secs(3)),
            Duration::from_millis(1500)
        );
        assert_eq!(
            (micros(Duration::MAX), micros(Duration::from_millis(2))),
            (u64::MAX, 2000)
        );
    }
}
