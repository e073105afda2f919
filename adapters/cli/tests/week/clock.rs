//! The week's clock: it runs fast, and between two commands it is put forward, as if the computer had been off meanwhile.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub(crate) const SPEED: i64 = 61;
pub(crate) const ZONE: &str = "Asia/Jakarta";

/// Since some true moment, the week's time is `origin + (true time - origin) * SPEED`, in seconds.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    since_us: i64,
    origin: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Clock {
    stretches: Vec<Stretch>,
    restarts: u64,
}

impl Clock {
    /// Puts it to a local moment, or a little later: an origin is whole seconds, which is up to a minute of the week's.
    pub(crate) fn put(&mut self, local: &str) {
        let moment = moment(local).as_second();
        let now = true_time_us();
        let origin = (now / 1_000_000 * SPEED - moment).div_euclid(SPEED - 1);
        let stretch = Stretch {
            since_us: now,
            origin,
        };
        assert!(
            self.stretches.is_empty() || self.at(now).as_second() <= moment,
            "{local} is over: it is {}",
            self.at(now)
        );
        self.stretches.push(stretch);
        self.restart();
    }

    /// The computer is started anew.
    pub(crate) fn restart(&mut self) {
        self.restarts += 1;
    }

    /// What the binary is told of it.
    pub(crate) fn arguments(&self) -> [String; 3] {
        let origin = self.stretches.last().unwrap().origin;
        [
            format!("--clock-speed={SPEED}"),
            format!("--clock-origin={origin}"),
            format!("--clock-restarts={}", self.restarts),
        ]
    }

    /// The week's time at a true one.
    pub(crate) fn at(&self, true_us: i64) -> Timestamp {
        let mut stretches = self.stretches.iter();
        let stretch = stretches.rfind(|stretch| stretch.since_us <= true_us);
        let origin = stretch.unwrap().origin * 1_000_000;
        Timestamp::from_microsecond(origin + (true_us - origin) * SPEED).unwrap()
    }
}

fn true_time_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

fn moment(local: &str) -> Timestamp {
    let local: DateTime = local.parse().unwrap();
    local
        .to_zoned(TimeZone::get(ZONE).unwrap())
        .unwrap()
        .timestamp()
}
