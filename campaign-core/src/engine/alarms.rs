//! One moment for each of many, the earliest first: whoever has nothing to do until then costs a step nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::{Elapsed, Now};

/// When the two clocks drift apart by more than this, moments on the wall clock are worked out anew.
pub(super) const DRIFT_MICROS: u64 = 100_000;

/// One moment for each.
#[derive(Debug)]
pub(super) struct Alarms<K> {
    in_order: BTreeSet<(Elapsed, K)>,
    of: BTreeMap<K, Elapsed>,
}

impl<K> Default for Alarms<K> {
    fn default() -> Self {
        Self {
            in_order: BTreeSet::new(),
            of: BTreeMap::new(),
        }
    }
}

impl<K: Ord + Clone> Alarms<K> {
    /// Another moment, or none any more.
    pub(super) fn set(&mut self, id: K, moment: Option<Elapsed>) {
        let before = match moment {
            Some(moment) => self.of.insert(id.clone(), moment),
            None => self.of.remove(&id),
        };
        if before == moment {
            return;
        }
        if let Some(before) = before {
            self.in_order.remove(&(before, id.clone()));
        }
        if let Some(moment) = moment {
            self.in_order.insert((moment, id));
        }
    }

    /// When the first goes off.
    pub(super) fn first(&self) -> Option<Elapsed> {
        self.in_order.first().map(|(moment, _)| *moment)
    }

    /// Whose moment has come. It has none any more.
    pub(super) fn take_due(&mut self, now: Elapsed) -> Option<K> {
        if self.first()? > now {
            return None;
        }
        let (_, id) = self.in_order.pop_first()?;
        self.of.remove(&id);
        Some(id)
    }
}

/// How far the wall clock was from elapsed time when alarms were set by it.
#[derive(Debug, Default)]
pub(super) struct Drift(Option<i64>);

impl Drift {
    /// Somebody has set the wall clock since, or corrects it: every alarm may be wrong.
    pub(super) fn is_noticed(&mut self, now: Now) -> bool {
        let apart = now.wall.as_microsecond() - now.elapsed.as_micros();
        let is_off = |before: i64| apart.abs_diff(before) > DRIFT_MICROS;
        let is_noticed = self.0.is_none_or(is_off);
        if is_noticed {
            self.0 = Some(apart);
        }
        is_noticed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> Elapsed {
        Elapsed::from_micros(micros)
    }

    #[test]
    fn each_goes_off_once_at_the_last_moment_it_was_given() {
        let mut alarms = Alarms::default();
        for (id, moment) in [
            ('a', Some(30)),
            ('b', Some(20)),
            ('a', Some(10)),
            ('c', Some(20)),
        ] {
            alarms.set(id, moment.map(at));
        }
        alarms.set('c', None);
        assert_eq!(alarms.first(), Some(at(10)));
        assert_eq!(alarms.take_due(at(9)), None);
        assert_eq!(alarms.take_due(at(30)), Some('a'));
        assert_eq!(alarms.take_due(at(30)), Some('b'));
        assert_eq!(alarms.take_due(at(30)), None);
        assert_eq!(alarms.first(), None);
    }

    #[test]
    fn a_wall_clock_that_is_set_or_corrected_is_noticed_once() {
        let now = |elapsed, wall| Now {
            elapsed: at(elapsed),
            wall: jiff::Timestamp::from_microsecond(wall).unwrap_or_default(),
        };
        let mut drift = Drift::default();
        for (moment, expected) in [
            (now(0, 5_000_000), true),
            (now(1_000_000, 6_100_000), false),
            (now(2_000_000, 7_100_001), true),
            (now(3_000_000, 8_100_001), false),
            (now(3_000_000, 1), true),
        ] {
            assert_eq!(drift.is_noticed(moment), expected, "{moment:?}");
        }
    }
}
