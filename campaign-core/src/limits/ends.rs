//! When the sends that windows count have ended, in memory that does not grow with the windows.
//!
//! Some thousands are remembered exactly. Of more, those that ended at nearly the same time become one moment, the latest of theirs: a
//! window then counts a send for longer than it has to, by [`PARTS`] at most, and never for less.

use std::collections::VecDeque;
use std::time::Duration;

use super::Window;
use crate::clock::Elapsed;

/// So many moments are remembered before any are made one.
const MOMENTS_MAX: usize = 8_192;
/// Ends become one where they lie apart by no more than this part of how long they are over: of what a window admits, not a two-hundredth is
/// put off.
const PARTS: u32 = 256;

/// Ends of finished sends, the earliest first; no more than the largest window admits.
#[derive(Debug, Clone)]
pub(super) struct Ends {
    moments: VecDeque<Moment>,
    sends: usize,
    condense_at: usize,
}

/// Sends that count as if they had all ended with the latest of them.
#[derive(Debug, Clone, Copy)]
struct Moment {
    earliest: Elapsed,
    latest: Elapsed,
    sends: u32,
}

impl Default for Ends {
    fn default() -> Self {
        Self {
            moments: VecDeque::new(),
            sends: 0,
            condense_at: MOMENTS_MAX,
        }
    }
}

impl Ends {
    /// The moment from which a window admits one more beside what is `in_flight`; `None`: when something has ended.
    pub(super) fn free_at(
        &self,
        in_flight: usize,
        sends_max: u32,
        window: &Window,
    ) -> Option<Elapsed> {
        let free = (sends_max as usize).checked_sub(in_flight);
        let free = free.filter(|free| *free > 0)?;
        let blocking = self
            .sends
            .checked_sub(free)
            .and_then(|index| self.at(index));
        // One microsecond more: an interval of exactly the span must not hold both ends.
        Some(blocking.map_or(Elapsed::default(), |end| {
            end + window.span + Duration::from_micros(1)
        }))
    }

    /// When the send of this place ended.
    fn at(&self, index: usize) -> Option<Elapsed> {
        if self.moments.len() == self.sends {
            return self.moments.get(index).map(|moment| moment.latest);
        }
        // From the nearer side: a great window asks for one of the first, a small one beside it for one of the last.
        let from_behind = self.sends.checked_sub(index + 1)?;
        if index <= from_behind {
            after(self.moments.iter(), index)
        } else {
            after(self.moments.iter().rev(), from_behind)
        }
    }

    /// Remembers that so many ended at a moment.
    pub(super) fn insert(&mut self, end: Elapsed, sends: u32) {
        let after = self.moments.iter().rposition(|moment| moment.latest <= end);
        let moment = Moment {
            earliest: end,
            latest: end,
            sends,
        };
        self.moments
            .insert(after.map_or(0, |index| index + 1), moment);
        self.sends += sends as usize;
        if self.moments.len() > self.condense_at {
            self.condense();
        }
    }

    /// One did not end at that moment after all. Where it is no longer known by itself, it goes on counting.
    pub(super) fn forget(&mut self, end: Elapsed) {
        let of_it = |moment: &Moment| moment.latest == end;
        let Some(index) = self.moments.iter().rposition(of_it) else {
            return;
        };
        self.sends -= 1;
        if self.moments[index].sends > 1 {
            self.moments[index].sends -= 1;
        } else {
            self.moments.remove(index);
        }
    }

    /// Remembers no more than so many, the latest.
    pub(super) fn keep(&mut self, sends_max: usize) {
        while let Some(first) = self.moments.front_mut()
            && self.sends > sends_max
        {
            let surplus = u32::try_from(self.sends - sends_max).unwrap_or(u32::MAX);
            let goes = first.sends.min(surplus);
            self.sends -= goes as usize;
            first.sends -= goes;
            if first.sends == 0 {
                self.moments.pop_front();
            }
        }
    }

    /// The moments and how many ended at each, the earliest first.
    pub(super) fn moments(&self) -> impl DoubleEndedIterator<Item = (Elapsed, u32)> + use<'_> {
        let moments = self.moments.iter();
        moments.map(|moment| (moment.latest, moment.sends))
    }

    fn condense(&mut self) {
        let Some(newest) = self.moments.back().map(|moment| moment.latest) else {
            return;
        };
        let mut condensed: VecDeque<Moment> = VecDeque::new();
        for moment in self.moments.drain(..).rev() {
            match condensed.front_mut() {
                Some(later)
                    if later.latest.since(moment.earliest)
                        <= newest.since(moment.latest) / PARTS =>
                {
                    later.earliest = moment.earliest;
                    later.sends = later.sends.saturating_add(moment.sends);
                }
                _ => condensed.push_front(moment),
            }
        }
        self.moments = condensed;
        self.condense_at = MOMENTS_MAX.max(self.moments.len() * 2);
    }
}

/// The moment of the send after so many others.
fn after<'a>(mut moments: impl Iterator<Item = &'a Moment>, sends: usize) -> Option<Elapsed> {
    let mut passed = 0;
    let found = moments.find(|moment| {
        passed += moment.sends as usize;
        passed > sends
    });
    found.map(|moment| moment.latest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(micros: i64) -> Elapsed {
        Elapsed::from_micros(micros)
    }

    /// A million in a day: a few thousand moments, and each window is free when it has to be or a little later.
    #[test]
    fn a_great_window_is_remembered_in_little_and_is_never_free_too_early() {
        let window = Window {
            sends_max: 1_000_000,
            span: Duration::from_secs(86_400),
        };
        let mut ends = Ends::default();
        let mut exact = Vec::new();
        for n in 0..1_200_000i64 {
            let end = n * 80_000 + (n * 7_919) % 40_000;
            exact.push(end);
            ends.insert(at(end), 1);
            ends.keep(window.sends_max as usize);
        }
        assert!(
            ends.moments.len() <= 3 * MOMENTS_MAX,
            "{}",
            ends.moments.len()
        );
        exact.sort_unstable();
        for in_flight in [0, 1, 10, 300] {
            let first = exact[200_000 + in_flight] + 86_400 * SECOND + 1;
            let free = ends.free_at(in_flight, 1_000_000, &window).unwrap();
            let late = free.as_micros() - first;
            assert!((0..86_400 * SECOND / 200).contains(&late), "{late} us");
        }
        // A small window beside it is exact: what has just ended is told apart.
        let small = Window {
            sends_max: 3,
            span: Duration::from_secs(1),
        };
        let last = exact[exact.len() - 3] + SECOND + 1;
        assert_eq!(ends.free_at(0, 3, &small), Some(at(last)));
    }

    #[test]
    fn few_are_remembered_exactly_and_forgotten_one_by_one() {
        let window = Window {
            sends_max: 3,
            span: Duration::from_secs(10),
        };
        let mut ends = Ends::default();
        for end in [5, 1, 3, 3] {
            ends.insert(at(end), 1);
        }
        ends.keep(3);
        let free = |ends: &Ends| ends.free_at(0, 3, &window).unwrap().as_micros();
        assert_eq!(free(&ends), 3 + 10 * SECOND + 1);
        ends.forget(at(3));
        assert_eq!(free(&ends), 0, "two of three");
        ends.forget(at(4));
        ends.insert(at(9), 2);
        ends.keep(3);
        let moments: Vec<_> = ends.moments().collect();
        assert_eq!(moments, [(at(5), 1), (at(9), 2)]);
        assert_eq!(ends.free_at(3, 3, &window), None);
    }

    #[test]
    fn what_is_long_over_is_told_apart_while_it_is_little() {
        let window = Window {
            sends_max: 3,
            span: Duration::from_secs(10_000),
        };
        let mut ends = Ends::default();
        for second in [0, 1, 1_000] {
            ends.insert(at(second * SECOND), 1);
        }
        assert_eq!(ends.free_at(0, 3, &window), Some(at(10_000 * SECOND + 1)));
    }

    #[test]
    fn each_of_several_that_ended_together_takes_its_place() {
        let mut ends = Ends::default();
        ends.insert(at(1), 5);
        ends.insert(at(9), 3);
        // The last three ended at 9, the five before them at 1.
        for (sends_max, end) in [
            (9, None),
            (8, Some(1)),
            (4, Some(1)),
            (3, Some(9)),
            (1, Some(9)),
        ] {
            let window = Window {
                sends_max,
                span: Duration::from_secs(1),
            };
            let free = end.map_or(0, |end| end + SECOND + 1);
            assert_eq!(
                ends.free_at(0, sends_max, &window),
                Some(at(free)),
                "{sends_max}"
            );
        }
    }

    #[test]
    fn of_several_that_ended_together_one_at_a_time_is_forgotten() {
        let mut ends = Ends::default();
        ends.insert(at(1), 5);
        ends.insert(at(9), 3);
        ends.forget(at(9));
        let moments = |ends: &Ends| ends.moments().collect::<Vec<_>>();
        assert_eq!(moments(&ends), [(at(1), 5), (at(9), 2)]);
        ends.keep(3);
        assert_eq!(moments(&ends), [(at(1), 1), (at(9), 2)]);
        ends.forget(at(1));
        assert_eq!(moments(&ends), [(at(9), 2)]);
        ends.keep(1);
        assert_eq!(moments(&ends), [(at(9), 1)]);
    }
}
