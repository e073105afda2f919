//! How often a delivery is tried, and how long it waits in between. Only what was proved not handed over gets here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How often, and how long in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts_max: u8,
    /// The pause before the second attempt; it doubles with each further one.
    pub delay: Duration,
    /// The longest pause.
    pub delay_max: Duration,
}

impl Default for RetryPolicy {
    /// Three attempts, 2, 4 and 8 seconds apart.
    fn default() -> Self {
        Self {
            attempts_max: 3,
            delay: Duration::from_secs(2),
            delay_max: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// How long to wait after `attempts` attempts that counted; `None` when those were all.
    ///
    /// The server's own word comes first. `unit` (0 to 1) draws up to a quarter more, so that deliveries that failed
    /// together do not come back together.
    pub fn delay_after(
        &self,
        attempts: u8,
        retry_after: Option<Duration>,
        unit: f64,
    ) -> Option<Duration> {
        if attempts >= self.attempts_max {
            return None;
        }
        let doublings = u32::from(attempts.saturating_sub(1)).min(16);
        let pause = (self.delay * 2u32.pow(doublings)).min(self.delay_max);
        let jittered = pause + pause.mul_f64(0.25 * unit.clamp(0.0, 1.0));
        Some(jittered.max(retry_after.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_attempts_are_used_up() {
        let policy = RetryPolicy {
            attempts_max: 4,
            ..RetryPolicy::default()
        };
        let seconds = |attempts| {
            policy
                .delay_after(attempts, None, 0.0)
                .map(|delay| delay.as_secs())
        };
        assert_eq!(
            [seconds(1), seconds(2), seconds(3), seconds(4)],
            [Some(2), Some(4), Some(8), None]
        );
        assert_eq!(
            policy.delay_after(1, None, 1.0),
            Some(Duration::from_millis(2_500))
        );
    }

    #[test]
    fn one_attempt_means_one() {
        let once = RetryPolicy {
            attempts_max: 1,
            ..RetryPolicy::default()
        };
        assert_eq!(once.delay_after(1, Some(Duration::from_secs(9)), 0.5), None);
    }

    #[test]
    fn the_servers_word_comes_first_but_never_shortens_the_pause() {
        let policy = RetryPolicy::default();
        assert_eq!(
            policy.delay_after(1, Some(Duration::from_secs(30)), 0.0),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            policy.delay_after(1, Some(Duration::from_millis(1)), 0.0),
            Some(Duration::from_secs(2))
        );
    }
}
