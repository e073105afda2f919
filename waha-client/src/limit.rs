//! A limit of requests to one server, for all clones of a client together. Off unless it is set.
//!
//! It protects the server: WAHA answers each request with work of its own, and one that is flooded answers nobody. It is **not**
//! the pace of a campaign: it knows no sessions, no chats and no quiet hours, and forgets everything when the program ends.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

use crate::error::{BuildError, Error, NotSent};

/// How many requests a client makes of its server in a second; see [`Builder::limit`](crate::Builder::limit).
///
/// ```
/// use waha_client::{Limit, WahaClient};
///
/// let limit = Limit::per_second(20).burst(5);
/// let waha = WahaClient::builder("http://localhost:3000").limit(limit).build()?;
/// # Ok::<(), waha_client::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Limit {
    requests_per_second: u32,
    burst: u32,
}

impl Limit {
    /// So many requests in a second, evenly spread. After a quiet second as many may go at once; see [`Limit::burst`].
    pub fn per_second(requests: u32) -> Self {
        Self {
            requests_per_second: requests,
            burst: requests,
        }
    }

    /// So many at once at most, after a time in which there were none. 1 spreads them evenly always.
    pub fn burst(mut self, requests: u32) -> Self {
        self.burst = requests;
        self
    }
}

/// Lets requests pass one after another, in the order they came.
pub(crate) struct Limiter {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    clock: TokioClock,
    /// Whoever holds it is next. Tokio's lock is fair, so nobody overtakes.
    turn: Mutex<()>,
}

impl Limiter {
    pub(crate) fn new(limit: Limit) -> Result<Self, BuildError> {
        let requests = NonZeroU32::new(limit.requests_per_second).ok_or(BuildError::Limit)?;
        let burst = NonZeroU32::new(limit.burst).ok_or(BuildError::Limit)?;
        let quota = Quota::per_second(requests).allow_burst(burst);
        let clock = TokioClock(Instant::now());
        Ok(Self {
            limiter: RateLimiter::direct_with_clock(quota, clock),
            clock,
            turn: Mutex::new(()),
        })
    }

    /// Waits for a place, at most for `patience`. When the place would come later, that is said at once.
    ///
    /// Nothing of it is kept when the future is dropped: who gives up takes no place from others.
    pub(crate) async fn admit(&self, patience: Duration) -> Result<(), Error> {
        let limited = || Error::NotSent {
            why: NotSent::Limited { after: patience },
        };
        let since = Instant::now();
        let turn = timeout(patience, self.turn.lock()).await;
        let _turn = turn.map_err(|_| limited())?;
        while let Err(not_until) = self.limiter.check() {
            let wait = not_until.wait_time_from(self.clock.now());
            if since.elapsed() + wait > patience {
                return Err(limited());
            }
            sleep(wait).await;
        }
        Ok(())
    }
}

/// Time since the limiter was made, by the clock that tests can pause.
#[derive(Debug, Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn requests_pass_at_the_rate_after_the_burst() {
        let limiter = Limiter::new(Limit::per_second(10).burst(3)).unwrap();
        let start = Instant::now();
        let mut passed_ms = Vec::new();
        for _ in 0..6 {
            limiter.admit(LONG).await.unwrap();
            passed_ms.push(start.elapsed().as_millis());
        }
        assert_eq!(passed_ms[..3], [0, 0, 0]);
        for (at, expected_ms) in passed_ms[3..].iter().zip([100, 200, 300]) {
            assert!(
                (expected_ms..=expected_ms + 3).contains(at),
                "{passed_ms:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_overtakes() {
        let limiter = Limiter::new(Limit::per_second(1).burst(1)).unwrap();
        limiter.admit(LONG).await.unwrap();
        let mut first = pin!(limiter.admit(LONG));
        assert!(poll!(&mut first).is_pending());
        // The place is free, and the one who waits for it has not been woken yet.
        tokio::time::advance(Duration::from_secs(1)).await;
        let mut second = pin!(limiter.admit(LONG));
        assert!(poll!(&mut second).is_pending());
        let start = Instant::now();
        first.await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(10));
        second.await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(990));
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_no_place() {
        let limiter = Limiter::new(Limit::per_second(1).burst(1)).unwrap();
        limiter.admit(LONG).await.unwrap();
        let start = Instant::now();
        {
            let mut given_up = pin!(limiter.admit(LONG));
            assert!(poll!(&mut given_up).is_pending());
        }
        limiter.admit(LONG).await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(1100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_beyond_the_time_out_is_refused_at_once_and_takes_none() {
        let limiter = Limiter::new(Limit::per_second(1).burst(1)).unwrap();
        limiter.admit(LONG).await.unwrap();
        let start = Instant::now();
        let error = limiter.admit(Duration::from_millis(400)).await.unwrap_err();
        assert!(error.is_not_sent() && error.is_timeout(), "{error}");
        assert_eq!(start.elapsed(), Duration::ZERO);
        limiter.admit(LONG).await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(1100));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_line_ends_with_the_time_out_too() {
        let limiter = Limiter::new(Limit::per_second(1).burst(1)).unwrap();
        limiter.admit(LONG).await.unwrap();
        let start = Instant::now();
        let behind = async {
            let result = limiter.admit(Duration::from_millis(300)).await;
            (result, start.elapsed())
        };
        let (first, (behind, after)) = tokio::join!(limiter.admit(LONG), behind);
        first.unwrap();
        assert!(behind.unwrap_err().is_not_sent());
        assert!(after < Duration::from_millis(310), "{after:?}");
    }

    #[test]
    fn a_limit_of_nothing_is_refused() {
        for limit in [Limit::per_second(0), Limit::per_second(5).burst(0)] {
            assert!(matches!(Limiter::new(limit), Err(BuildError::Limit)));
        }
    }
}
