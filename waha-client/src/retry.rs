//! When a call is made again: a pure table of (safe to repeat?, error, attempt), and the delays.
//!
//! Only look-ups are ever repeated. Sends and whatever else changes something are the caller's to repeat or not.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::endpoint::Repeat;
use crate::error::{Error, NotSent};

/// How often and how soon a look-up is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first included. 3; 1 means never again.
    pub attempts_max: u32,
    /// The delay before the second try, to which up to as much again is added by chance. 200 ms; doubles with each try.
    pub delay_min: Duration,
    /// The longest delay, chance aside, and the longest `Retry-After` that is waited for. 10 s.
    pub delay_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            delay_min: Duration::from_millis(200),
            delay_max: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// Never repeats anything.
    pub fn never() -> Self {
        Self {
            attempts_max: 1,
            ..Self::default()
        }
    }

    /// Decides what to do after try number `attempt` (from 1) ended in `error`; `seed` is the chance in the delay.
    ///
    /// The server's `Retry-After` comes first; one beyond the policy's longest delay is left to the caller.
    pub fn after(&self, repeat: Repeat, error: &Error, attempt: u32, seed: u64) -> Next {
        if repeat == Repeat::Never || attempt >= self.attempts_max || !is_passing(error) {
            return Next::Stop;
        }
        let delay = ExponentialBuilder::new()
            .with_min_delay(self.delay_min)
            .with_max_delay(self.delay_max)
            .with_factor(2.0)
            .with_jitter()
            .with_jitter_seed(seed)
            .without_max_times()
            .build()
            .nth(attempt.saturating_sub(1) as usize)
            .unwrap_or(self.delay_max);
        match error.retry_after() {
            Some(asked) if asked > self.delay_max => Next::Stop,
            Some(asked) => Next::Wait(delay.max(asked)),
            None => Next::Wait(delay),
        }
    }
}

/// What to do after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again after this long.
    Wait(Duration),
    /// Hand the error to the caller.
    Stop,
}

/// Whether the same question may get a better answer soon.
///
/// 422 for a session's status is not: WAHA has already waited for it. A plain 500 is not either: it is an engine's
/// answer, except when a call of the same session held the lock for 5 s (recorded).
pub(crate) fn is_passing(error: &Error) -> bool {
    match error {
        // What found no place within a whole time-out finds none by standing in line again.
        Error::NotSent { why } => !matches!(
            why,
            NotSent::Withheld(_) | NotSent::Limited { .. } | NotSent::Invalid(_)
        ),
        Error::MaybeSent { .. } => true,
        Error::Answered(answer) => match answer.status() {
            429 | 502 | 503 | 504 => true,
            500 => answer
                .message()
                .is_some_and(|text| text.starts_with("async-lock timed out")),
            200..300 => matches!(answer.shape(), crate::answer::Shape::Cut),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;

    use super::*;
    use crate::answer::{Answer, Shape};
    use crate::error::MaybeSent;
    use crate::guard::GuardRefusal;

    fn answered(status: u16, body: &'static str, retry_after_s: Option<u64>) -> Error {
        let wait = retry_after_s.map(Duration::from_secs);
        let body = Bytes::from_static(body.as_bytes());
        Error::Answered(Box::new(Answer::refused(status, body, false, wait)))
    }

    fn after(error: &Error, repeat: Repeat, attempt: u32) -> Next {
        RetryPolicy::default().after(repeat, error, attempt, 7)
    }

    fn not_sent(why: NotSent) -> Error {
        Error::NotSent { why }
    }

    #[test]
    fn only_what_may_pass_is_repeated_and_only_when_safe() {
        let lost = || -> crate::error::Cause { "lost".into() };
        let cut = Answer::unreadable(200, &Bytes::new(), Shape::Cut);
        let odd = Answer::unreadable(200, &Bytes::new(), Shape::TooLarge);
        let table = [
            (not_sent(NotSent::Unreachable(lost())), true),
            (not_sent(NotSent::Dropped(lost())), true),
            (not_sent(NotSent::TimedOut), true),
            (not_sent(NotSent::Invalid("no".into())), false),
            (not_sent(NotSent::Withheld(GuardRefusal::new("no"))), false),
            (
                Error::MaybeSent {
                    why: MaybeSent::ConnectionLost(lost()),
                },
                true,
            ),
            (
                Error::MaybeSent {
                    why: MaybeSent::TimedOut {
                        after: Duration::from_secs(1),
                    },
                },
                true,
            ),
            (Error::Answered(Box::new(cut)), true),
            (Error::Answered(Box::new(odd)), false),
            (answered(429, "", None), true),
            (answered(502, "<html>", None), true),
            (answered(503, "", None), true),
            (answered(504, "", None), true),
            (
                answered(
                    500,
                    r#"{"exception":{"message":"async-lock timed out in queue default"}}"#,
                    None,
                ),
                true,
            ),
            (
                answered(
                    500,
                    r#"{"exception":{"message":"Connection Closed"}}"#,
                    None,
                ),
                false,
            ),
            (
                not_sent(NotSent::Limited {
                    after: Duration::from_secs(1),
                }),
                false,
            ),
            (answered(501, "", None), false),
            (answered(400, "", None), false),
            (answered(401, "", None), false),
            (answered(403, "", None), false),
            (answered(404, "", None), false),
            (answered(422, "", None), false),
            (answered(307, "", None), false),
        ];
        for (error, repeated) in &table {
            let next = after(error, Repeat::Safe, 1);
            assert_eq!(matches!(next, Next::Wait(_)), *repeated, "{error}");
            assert_eq!(after(error, Repeat::Never, 1), Next::Stop, "{error}");
            assert_eq!(after(error, Repeat::Safe, 3), Next::Stop, "{error}");
        }
    }

    #[test]
    fn delays_double_and_chance_adds_at_most_as_much_again() {
        let error = not_sent(NotSent::TimedOut);
        let policy = RetryPolicy {
            attempts_max: 20,
            ..RetryPolicy::default()
        };
        for seed in 0..200 {
            for (attempt, base_ms) in [(1, 200), (2, 400), (3, 800), (10, 10_000)] {
                let Next::Wait(wait) = policy.after(Repeat::Safe, &error, attempt, seed) else {
                    panic!("stopped, seed {seed}")
                };
                let wait_ms = wait.as_millis();
                assert!(
                    (base_ms..=2 * base_ms).contains(&wait_ms),
                    "{wait_ms} seed {seed}"
                );
            }
        }
    }

    #[test]
    fn the_servers_word_comes_first_unless_it_is_too_long_to_wait_for() {
        let Next::Wait(wait) = after(&answered(429, "", Some(7)), Repeat::Safe, 1) else {
            panic!("stopped")
        };
        assert_eq!(wait, Duration::from_secs(7));
        assert_eq!(
            after(&answered(429, "", Some(11)), Repeat::Safe, 1),
            Next::Stop
        );
    }
}
