//! What happens to messages that are late because nothing ran when they were due.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What happens to overdue deliveries. A delivery is due from a moment on (its campaign's start, its own reminder, its next
/// attempt) and stays due until it is sent or expires: nothing is lost because the runner was down at that moment.
///
/// By default all that is overdue is sent, at the usual pace. There is no burst, because the lane's limits know nothing of being
/// late. A campaign may also
///
/// - wait: what fell due while nothing ran is held for `wait` after the runner is back, so that an operator can look first;
/// - let messages expire: one that is not sent `expires_after` its due moment is not sent any more, because a reminder of
///   yesterday's appointment is worse than none. That counts whatever made it late: an outage, closed hours, or a long queue. So
///   it must be longer than the campaign takes at its pace; a forecast tells how many would be too late.
///
/// ```
/// use campaign_core::limits::{CatchUp, Overdue};
/// use std::time::Duration;
///
/// let catch_up = CatchUp { expires_after: Some(Duration::from_secs(86_400)), ..CatchUp::default() };
/// let due = "2026-11-21T01:00:00Z".parse()?;
/// let back = "2026-11-22T00:59:00Z".parse()?;
/// assert_eq!(catch_up.decide(due, back, back), Overdue::Send);
/// assert_eq!(catch_up.decide(due, back, "2026-11-22T01:00:00Z".parse()?), Overdue::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CatchUp {
    /// How long what fell due while nothing ran waits once the runner is back. Zero: not at all.
    pub wait: Duration,
    /// How long after its due moment a delivery is too late. `None`: never.
    pub expires_after: Option<Duration>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdue {
    /// It may be sent, when its lane may.
    Send,
    /// It may be sent from this moment on: it is not due yet, or is held.
    NotBefore(Timestamp),
    /// It is too late.
    Expired,
}

impl CatchUp {
    /// What becomes at `now` of a delivery that was due at `due`, if the runner has been running since `back`.
    pub fn decide(&self, due: Timestamp, back: Timestamp, now: Timestamp) -> Overdue {
        if now < due {
            return Overdue::NotBefore(due);
        }
        if self.expires_at(due).is_some_and(|expiry| expiry <= now) {
            return Overdue::Expired;
        }
        let held_until = later(back, self.wait);
        if due < back && now < held_until {
            return Overdue::NotBefore(held_until);
        }
        Overdue::Send
    }

    /// From when on a delivery that was due at `due` is too late.
    pub fn expires_at(&self, due: Timestamp) -> Option<Timestamp> {
        self.expires_after.map(|after| later(due, after))
    }
}

/// The end of time, where there is no later moment.
fn later(moment: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| moment.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn catch_up(wait: u64, expires_after: Option<u64>) -> CatchUp {
        CatchUp {
            wait: Duration::from_secs(wait),
            expires_after: expires_after.map(Duration::from_secs),
        }
    }

    #[test]
    fn what_is_overdue_is_sent_held_or_too_late() {
        use Overdue::{Expired, NotBefore, Send};
        // The policy, when it was due, since when the runner runs, now, and what becomes of it.
        let rows = [
            (catch_up(0, None), 100, 0, 99, NotBefore(at(100))),
            (catch_up(0, None), 100, 0, 100, Send),
            (catch_up(0, None), 100, 1_000_000, 1_000_000, Send),
            (catch_up(60, None), 100, 500, 500, NotBefore(at(560))),
            (catch_up(60, None), 100, 500, 560, Send),
            // It fell due while the runner ran: nothing to hold.
            (catch_up(60, None), 510, 500, 510, Send),
            (catch_up(60, None), 500, 500, 500, Send),
            (catch_up(0, Some(50)), 100, 0, 149, Send),
            (catch_up(0, Some(50)), 100, 0, 150, Expired),
            (catch_up(60, Some(450)), 100, 500, 500, NotBefore(at(560))),
            (catch_up(60, Some(450)), 100, 500, 550, Expired),
            (catch_up(0, Some(0)), 100, 0, 100, Expired),
            (
                catch_up(u64::MAX, Some(u64::MAX)),
                100,
                500,
                600,
                NotBefore(Timestamp::MAX),
            ),
        ];
        for (policy, due, back, now, wanted) in rows {
            let found = policy.decide(at(due), at(back), at(now));
            assert_eq!(found, wanted, "{policy:?} {due} {back} {now}");
        }
    }

    #[test]
    fn the_default_sends_on_and_is_what_older_definitions_mean() {
        assert_eq!(
            serde_json::from_str::<CatchUp>("{}").unwrap(),
            CatchUp::default()
        );
        assert_eq!(CatchUp::default(), catch_up(0, None));
    }

    proptest! {
        /// Every delivery is sent or expires in the end, and what was too late stays too late.
        #[test]
        fn nothing_waits_for_ever_and_nothing_comes_back(
            wait in 0u64..1_000, expires in prop::option::of(0u64..1_000), due in 0i64..1_000, back in 0i64..1_000, now in 0i64..3_000
        ) {
            let policy = catch_up(wait, expires);
            match policy.decide(at(due), at(back), at(now)) {
                Overdue::NotBefore(then) => {
                    prop_assert!(then > at(now));
                    let found = policy.decide(at(due), at(back), then);
                    prop_assert!(!matches!(found, Overdue::NotBefore(later) if later <= then), "{found:?}");
                }
                Overdue::Expired => prop_assert_eq!(policy.decide(at(due), at(back), at(now + 1)), Overdue::Expired),
                Overdue::Send => prop_assert!(now >= due),
            }
        }
    }
}
