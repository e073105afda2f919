//! The real clocks, waited for with tokio: the machine's own, and one that runs N times as fast
//! for demonstrations against a simulator. The only file of the crate that looks at a clock.
#![allow(clippy::disallowed_methods)]

use std::hash::Hasher;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use siphasher::sip::SipHasher13;

use super::{BootId, Clock, Elapsed, Now};

/// The machine's own clocks.
#[derive(Debug, Clone)]
pub struct SystemClock {
    boot: BootId,
    #[cfg(not(target_os = "linux"))]
    started: std::time::Instant,
}

impl SystemClock {
    /// The clocks of this machine.
    pub fn new() -> Self {
        Self {
            boot: boot(),
            #[cfg(not(target_os = "linux"))]
            started: std::time::Instant::now(),
        }
    }

    fn elapsed(&self) -> Elapsed {
        #[cfg(target_os = "linux")]
        {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
            Elapsed::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
        }
        #[cfg(not(target_os = "linux"))]
        {
            Elapsed::from_micros(super::micros(self.started.elapsed()))
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now {
            elapsed: self.elapsed(),
            wall: Timestamp::now(),
        }
    }

    fn boot(&self) -> BootId {
        self.boot
    }

    async fn wait_until(&self, moment: Elapsed) {
        wait(moment.since(self.elapsed())).await;
    }
}

/// The machine's clocks, `speed` times as fast: an hour's campaign in a minute, with every gap, window
/// and horizon in proportion. Meant for simulators that run at the same speed; against a real server
/// it would break every limit.
#[derive(Debug, Clone)]
pub struct AcceleratedClock {
    real: SystemClock,
    origin: Timestamp,
    speed: f64,
    restarts: u64,
}

impl AcceleratedClock {
    /// A clock that shows the true wall time at `origin` and runs `speed` times as fast. A speed that is
    /// not above zero is taken as 1. Processes that share a machine, an origin and a speed agree on both clocks.
    pub fn new(speed: f64, origin: Timestamp) -> Self {
        Self {
            real: SystemClock::new(),
            origin,
            speed: if speed > 0.0 { speed } else { 1.0 },
            restarts: 0,
        }
    }

    /// The same, as if the machine had been started anew so many times: moments stored before are placed by the wall clock.
    #[must_use]
    pub fn after_restarts(mut self, restarts: u64) -> Self {
        self.restarts = restarts;
        self
    }
}

#[async_trait]
impl Clock for AcceleratedClock {
    fn now(&self) -> Now {
        let real = self.real.now();
        let virtual_elapsed = (real.elapsed.as_micros() as f64 * self.speed) as i64;
        let passed = real.wall.duration_since(self.origin).mul_f64(self.speed);
        Now {
            elapsed: Elapsed::from_micros(virtual_elapsed),
            wall: self.origin.checked_add(passed).unwrap_or(Timestamp::MAX),
        }
    }

    fn boot(&self) -> BootId {
        let BootId(real) = self.real.boot();
        BootId(real.wrapping_add(self.restarts))
    }

    async fn wait_until(&self, moment: Elapsed) {
        wait(moment.since(self.now().elapsed).div_f64(self.speed)).await;
    }
}

/// Waits at most an hour at a time: timers overflow or drift over months, and callers look again.
async fn wait(duration: Duration) {
    ::tokio::time::sleep(duration.min(Duration::from_secs(3600))).await;
}

#[cfg(target_os = "linux")]
fn boot() -> BootId {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let mut hasher = SipHasher13::new();
    hasher.write(&id);
    BootId(hasher.finish())
}

/// Without a boot id of the system each process is a boot of its own: stored moments are then placed by the wall clock.
#[cfg(not(target_os = "linux"))]
fn boot() -> BootId {
    let mut hasher = SipHasher13::new();
    hasher.write_u32(std::process::id());
    hasher.write_i128(Timestamp::now().as_nanosecond());
    BootId(hasher.finish())
}
