//! What a person sends from the account, beside what we send: it counts, and nothing stops it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{DayCount, LaneLimits, Slot, Zone};
use crate::clock::{Elapsed, Now};

/// A message that a person sent from the phone or from WhatsApp Web.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentByHand {
    /// In the slot it counts in: that of replies where the other had written within a day before.
    pub slot: Slot,
    /// When.
    pub at: Timestamp,
}

impl SentByHand {
    /// With its place on elapsed time. One of the future counts as now.
    pub(crate) fn placed(self, now: Now) -> (Self, Elapsed) {
        let ago = Duration::try_from(now.wall.duration_since(self.at)).unwrap_or_default();
        let at = self.at.min(now.wall);
        (Self { at, ..self }, now.elapsed - ago)
    }
}

/// The latest of them, and how many there were on each day that may still count.
#[derive(Debug, Clone, Default)]
pub(super) struct ByHand {
    latest: VecDeque<SentByHand>,
    /// In the lane's zone.
    days: BTreeMap<Date, (u32, u32)>,
}

/// Days that are counted: a lane's day may be the one before or after that of the calendar.
const DAYS_MAX: usize = 3;

impl ByHand {
    pub(super) fn new(mut sent: Vec<SentByHand>, limits: &LaneLimits) -> Self {
        sent.sort_unstable_by_key(|sent| sent.at);
        let mut by_hand = Self::default();
        for sent in sent {
            by_hand.add(sent, limits);
        }
        by_hand
    }

    pub(super) fn add(&mut self, sent: SentByHand, limits: &LaneLimits) {
        self.latest.push_back(sent);
        while self.latest.len() > limits.remembers_by_hand() as usize {
            self.latest.pop_front();
        }
        self.count(sent, &limits.zone);
    }

    /// Other limits hold, perhaps those of another zone with other days.
    pub(super) fn recount(&mut self, zone: &Zone) {
        self.days.clear();
        for sent in std::mem::take(&mut self.latest) {
            self.count(sent, zone);
            self.latest.push_back(sent);
        }
    }

    /// What was sent on a day, by hand and otherwise.
    pub(super) fn beside(&self, day: DayCount) -> DayCount {
        let (sends, cold) = self.days.get(&day.date).copied().unwrap_or_default();
        DayCount {
            sends: day.sends.saturating_add(sends),
            cold: day.cold.saturating_add(cold),
            ..day
        }
    }

    fn count(&mut self, sent: SentByHand, zone: &Zone) {
        let (sends, cold) = self.days.entry(zone.date(sent.at)).or_default();
        *sends = sends.saturating_add(1);
        *cold = cold.saturating_add(u32::from(sent.slot == Slot::Cold));
        while self.days.len() > DAYS_MAX {
            self.days.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{History, Limit, Pacer, When, Window};

    fn at(second: i64) -> Now {
        let midnight: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(second * 1_000_000),
            wall: midnight
                .checked_add(jiff::SignedDuration::from_secs(second))
                .unwrap(),
        }
    }

    fn limits(sends_per_day_max: Option<u32>, windows: &[(u32, u64)]) -> LaneLimits {
        let window = |(sends_max, seconds): &(u32, u64)| Window {
            sends_max: *sends_max,
            span: Duration::from_secs(*seconds),
        };
        LaneLimits {
            sends_per_day_max,
            windows: windows.iter().map(window).collect(),
            counts_by_hand: true,
            ..LaneLimits::unpaced(8)
        }
    }

    fn sent(slot: Slot, second: i64) -> SentByHand {
        let at = at(second).wall;
        SentByHand { slot, at }
    }

    /// A pacer that counts these, and one of another process that read them.
    fn both(limits: &LaneLimits, sent: &[SentByHand], now: Now) -> [Pacer; 2] {
        let mut one = Pacer::new(limits.clone(), History::default(), [0.5; 2]);
        for sent in sent {
            one.sent_by_hand(*sent, now);
        }
        let history = History {
            by_hand: sent.iter().rev().map(|it| it.placed(now)).collect(),
            ..History::default()
        };
        [one, Pacer::new(limits.clone(), history, [0.5; 2])]
    }

    #[test]
    fn what_is_sent_by_hand_fills_every_window_and_may_overdraw_it() {
        let limits = limits(None, &[(3, 60), (5, 600)]);
        let rows = [
            (&[10, 20][..], When::Now),
            (
                &[10, 20, 30],
                When::At(Elapsed::from_micros(70_000_001), Limit::Window),
            ),
            // The long window is full as well: until five minutes and ten.
            (
                &[10, 11, 12, 20, 30],
                When::At(Elapsed::from_micros(610_000_001), Limit::Window),
            ),
            // Overdrawn by two: it is free when the fifth last is over.
            (
                &[10, 11, 12, 13, 14, 20, 30],
                When::At(Elapsed::from_micros(612_000_001), Limit::Window),
            ),
        ];
        for (seconds, expected) in rows {
            let by_hand: Vec<_> = seconds.iter().map(|it| sent(Slot::Cold, *it)).collect();
            for pacer in both(&limits, &by_hand, at(40)) {
                assert_eq!(pacer.when(Slot::Cold, at(40)), expected, "{seconds:?}");
            }
        }
    }

    #[test]
    fn it_counts_on_its_day_in_its_slot_and_outlives_the_process() {
        let day = 86_400;
        let limits = limits(Some(20), &[]);
        let mut by_hand = vec![sent(Slot::Cold, -10), sent(Slot::Cold, -20)];
        by_hand.extend((0..19).map(|second| sent(Slot::Cold, second)));
        let full = When::At(Elapsed::from_micros(day * 1_000_000), Limit::DailyCap);
        for pacer in both(&limits, &by_hand, at(40)) {
            assert_eq!(pacer.when(Slot::Cold, at(40)), full, "19 of 19");
            assert_eq!(pacer.when(Slot::Reply, at(40)), When::Now, "one is kept");
            assert_eq!(pacer.when(Slot::Cold, at(day)), When::Now);
        }
        by_hand.extend([sent(Slot::Reply, 30), sent(Slot::Reply, 31)]);
        for pacer in both(&limits, &by_hand, at(40)) {
            assert_eq!(pacer.when(Slot::Reply, at(40)), full, "overdrawn");
            assert_eq!(pacer.when(Slot::Reply, at(day)), When::Now);
        }
        let replies: Vec<_> = (0..18).map(|second| sent(Slot::Reply, second)).collect();
        for pacer in both(&limits, &replies, at(40)) {
            assert_eq!(pacer.when(Slot::Cold, at(40)), When::Now);
        }
    }

    #[test]
    fn what_a_clock_that_was_ahead_told_counts_as_sent_now() {
        let day = 86_400;
        let limits = limits(Some(1), &[(1, 60)]);
        let ahead = [sent(Slot::Reply, 2 * day)];
        for pacer in both(&limits, &ahead, at(40)) {
            let midnight = Elapsed::from_micros(day * 1_000_000);
            let tomorrow = When::At(midnight, Limit::DailyCap);
            assert_eq!(pacer.when(Slot::Reply, at(41)), tomorrow);
            assert_eq!(pacer.when(Slot::Reply, at(2 * day)), When::Now);
        }
    }

    #[test]
    fn in_another_zone_it_counts_on_the_day_of_that_zone() {
        let mut limits = limits(Some(1), &[]);
        limits.zone = "Asia/Jakarta".parse().unwrap();
        let hour = 3_600;
        // 22:30 in Jakarta is 00:30 of the next day in Jayapura.
        let [mut pacer, _] = both(
            &limits,
            &[sent(Slot::Cold, 22 * hour + 1_800)],
            at(23 * hour),
        );
        assert!(matches!(
            pacer.when(Slot::Cold, at(23 * hour)),
            When::At(..)
        ));
        limits.zone = "Asia/Jayapura".parse().unwrap();
        pacer.set_limits(limits, at(23 * hour));
        let until = When::At(Elapsed::from_micros(46 * hour * 1_000_000), Limit::DailyCap);
        assert_eq!(pacer.when(Slot::Cold, at(23 * hour)), until);
    }

    #[test]
    fn no_more_of_it_is_remembered_than_limits_need() {
        let limits = limits(Some(20), &[(3, 60)]);
        let mut by_hand = ByHand::default();
        for second in 0..1_000 {
            by_hand.add(sent(Slot::Cold, second * 600), &limits);
        }
        assert_eq!(by_hand.latest.len(), 20);
        // 144 a day until 22:30 of the seventh.
        let days: Vec<u32> = by_hand.days.values().map(|(sends, _)| *sends).collect();
        assert_eq!(days, [144, 144, 136]);
    }
}
