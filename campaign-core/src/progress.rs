//! How fast a campaign goes, and how long the rest will take, from counters that are looked at now and then.
//!
//! The rate is that of the time spent sending: hours, holds and pauses do not count, so that it is right again after each of them. It is
//! pure; whoever shows a campaign feeds it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Elapsed;

/// The rate is that of the last so much time spent sending.
const SPAN: Duration = Duration::from_secs(300);
/// Of fewer deliveries than this no rate is told.
const DONE_MIN: u64 = 5;
/// Looks are kept at least this far apart: enough for a rate, and few to remember.
const LOOKS_APART: Duration = Duration::from_secs(2);

/// What has been seen of a campaign.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    looks: VecDeque<Look>,
    last: Option<(Elapsed, Look, bool)>,
}

/// How many were done after so much time spent sending.
#[derive(Debug, Clone, Copy, Default)]
struct Look {
    spent: Duration,
    done: u64,
}

/// How long it will take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// So long, at the rate it goes.
    Sending(Duration),
    /// First it waits for so long, then it sends for so long.
    AfterWaiting {
        /// Until it sends again.
        wait: Duration,
        /// From then on, while it may send.
        sending: Duration,
    },
}

impl Left {
    /// All of it.
    pub fn total(self) -> Duration {
        match self {
            Left::Sending(time) => time,
            Left::AfterWaiting { wait, sending } => wait.saturating_add(sending),
        }
    }
}

impl Progress {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// At this moment so many deliveries have left the queue, and it sends, or waits for something.
    ///
    /// A count that became smaller, because failed ones are tried anew, begins the counting anew.
    pub fn look(&mut self, now: Elapsed, done: u64, is_sending: bool) {
        let Some((since, last, was_sending)) = self.last else {
            let first = Look {
                spent: Duration::ZERO,
                done,
            };
            self.looks.push_back(first);
            self.last = Some((now, first, is_sending));
            return;
        };
        // What was done while it was said to wait was done on the way there.
        let has_sent = was_sending || done > last.done;
        let spent = match has_sent {
            true => last.spent + now.since(since),
            false => last.spent,
        };
        let look = Look { spent, done };
        if done < last.done {
            self.looks.clear();
        }
        let is_apart = |kept: &Look| look.spent.saturating_sub(kept.spent) >= LOOKS_APART;
        if self.looks.back().is_none_or(is_apart) {
            self.looks.push_back(look);
        }
        while self.looks.len() > 2
            && let Some(second) = self.looks.get(1)
            && look.spent.saturating_sub(second.spent) >= SPAN
        {
            self.looks.pop_front();
        }
        self.last = Some((now, look, is_sending));
    }

    /// Deliveries per minute of sending; `None` until enough has been seen.
    pub fn per_minute(&self) -> Option<f64> {
        let (_, last, _) = self.last?;
        let first = self.looks.front()?;
        let done = last.done.saturating_sub(first.done);
        let minutes = last.spent.saturating_sub(first.spent).as_secs_f64() / 60.0;
        (done >= DONE_MIN && minutes > 0.0).then(|| done as f64 / minutes)
    }

    /// How long so many more will take: at the rate seen, or, where none is known yet, at one that somebody expects. It waits for
    /// `wait` before that.
    pub fn left(
        &self,
        more: u64,
        wait: Option<Duration>,
        expected_per_minute: Option<f64>,
    ) -> Option<Left> {
        let rate = self.per_minute().or(expected_per_minute)?;
        let sending = Duration::try_from_secs_f64(more as f64 / rate * 60.0).ok()?;
        Some(match wait {
            None => Left::Sending(sending),
            Some(wait) => Left::AfterWaiting { wait, sending },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks at so many seconds, with so many done, sending or not.
    fn seen(looks: &[(u64, u64, bool)]) -> Progress {
        let mut progress = Progress::new();
        for (second, done, is_sending) in looks {
            let now = Elapsed::default() + Duration::from_secs(*second);
            progress.look(now, *done, *is_sending);
        }
        progress
    }

    #[test]
    fn the_rate_is_that_of_the_time_spent_sending() {
        // What was seen, and the deliveries per minute.
        type Looks<'a> = &'a [(u64, u64, bool)];
        let rows: [(&str, Looks<'_>, Option<f64>); 9] = [
            ("nothing", &[], None),
            ("one look", &[(0, 0, true)], None),
            ("too few", &[(0, 0, true), (60, 4, true)], None),
            ("a minute", &[(0, 0, true), (60, 20, true)], Some(20.0)),
            (
                "resumed half-way",
                &[(0, 700, true), (60, 720, true)],
                Some(20.0),
            ),
            (
                "a night of waiting",
                &[
                    (0, 0, true),
                    (60, 20, false),
                    (36_060, 20, true),
                    (36_120, 40, true),
                ],
                Some(20.0),
            ),
            (
                "paused at once",
                &[
                    (0, 0, false),
                    (600, 0, false),
                    (1_200, 0, true),
                    (1_260, 10, true),
                ],
                Some(10.0),
            ),
            (
                "faster of late",
                &[
                    (0, 0, true),
                    (300, 10, true),
                    (600, 310, true),
                    (900, 610, true),
                ],
                Some(60.0),
            ),
            (
                "failed ones anew",
                &[
                    (0, 0, true),
                    (60, 60, true),
                    (61, 10, true),
                    (121, 40, true),
                ],
                Some(30.0),
            ),
        ];
        for (name, looks, wanted) in rows {
            assert_eq!(seen(looks).per_minute(), wanted, "{name}");
        }
    }

    #[test]
    fn what_is_left_follows_from_the_rate_the_wait_and_what_was_expected() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        let going = seen(&[(0, 0, true), (60, 20, true)]);
        let new = seen(&[(0, 0, true)]);
        let wait = Some(minutes(30));
        let rows = [
            (&going, 100, None, None, Some(Left::Sending(minutes(5)))),
            (
                &going,
                100,
                None,
                Some(1.0),
                Some(Left::Sending(minutes(5))),
            ),
            (
                &new,
                100,
                None,
                Some(10.0),
                Some(Left::Sending(minutes(10))),
            ),
            (&new, 100, None, None, None),
            (&new, 100, None, Some(0.0), None),
            (
                &going,
                100,
                wait,
                None,
                Some(Left::AfterWaiting {
                    wait: minutes(30),
                    sending: minutes(5),
                }),
            ),
            (&going, 0, None, None, Some(Left::Sending(Duration::ZERO))),
        ];
        for (progress, more, wait, expected, wanted) in rows {
            let found = progress.left(more, wait, expected);
            assert_eq!(found, wanted, "{more} {wait:?} {expected:?}");
        }
        let both = Left::AfterWaiting {
            wait: minutes(30),
            sending: minutes(5),
        };
        assert_eq!(both.total(), minutes(35));
    }

    #[test]
    fn a_day_of_looks_is_kept_in_few() {
        let mut progress = Progress::new();
        for look in 0..400_000u64 {
            let now = Elapsed::default() + Duration::from_millis(look * 250);
            progress.look(now, look, true);
        }
        assert!(progress.looks.len() <= 160, "{}", progress.looks.len());
        assert_eq!(progress.per_minute(), Some(240.0));
    }
}
