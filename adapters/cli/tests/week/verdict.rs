//! What the ledger says of the week.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::{Date, Time, time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use waha_simulator::ledger::{Fate, Ledger};

use crate::clock::{Clock, ZONE};

pub(crate) const PER_DAY: usize = 12;
pub(crate) const GAP_MIN: Duration = Duration::from_secs(30);
const HOURS: (Time, Time) = (time(8, 0, 0, 0), time(20, 0, 0, 0));

/// The sends of a week, as WhatsApp had them.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) messages: usize,
    pub(crate) days: usize,
    pub(crate) most_in_a_day: usize,
    pub(crate) smallest_gap: Duration,
    pub(crate) first: Time,
    pub(crate) last: Time,
}

impl Verdict {
    /// Judges the week's messages: each of `people` has one, nobody else has any, and no limit was violated.
    pub(crate) fn of(ledger: &Ledger, clock: &Clock, people: &BTreeSet<u64>, own: u64) -> Self {
        let mut received: BTreeMap<u64, usize> = BTreeMap::new();
        let mut moments: Vec<(u64, Timestamp)> = Vec::new();
        for entry in ledger.entries() {
            let phone = entry.chat().parse().unwrap();
            let handed = entry.handed_us().unwrap_or_else(|| entry.received_us());
            let at = clock.at(i64::try_from(entry.wall_us(handed)).unwrap());
            moments.push((phone, at));
            *received.entry(phone).or_default() += usize::from(entry.fate() == Fate::Received);
        }
        received.remove(&own);
        received.retain(|_, times| *times > 0);
        assert!(received.values().all(|times| *times == 1), "{received:?}");
        let got: BTreeSet<u64> = received.keys().copied().collect();
        assert_eq!(&got, people, "who has it, and who should have it");

        moments.sort_by_key(|(_, at)| *at);
        let zone = TimeZone::get(ZONE).unwrap();
        let local = |at: Timestamp| -> Zoned { at.to_zoned(zone.clone()) };
        let messages = moments.len();
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        for (_, at) in &moments {
            *days.entry(local(*at).date()).or_default() += 1;
        }
        // One's own test is no part of the campaign, whose hours and pauses these are: somebody waits for it.
        moments.retain(|(phone, _)| *phone != own);
        let gaps = moments.windows(2).map(|pair| {
            let gap = pair[1].1.duration_since(pair[0].1);
            Duration::try_from(gap).unwrap()
        });
        let times: BTreeSet<Time> = moments.iter().map(|(_, at)| local(*at).time()).collect();
        let verdict = Self {
            messages,
            days: days.len(),
            most_in_a_day: days.values().copied().max().unwrap(),
            smallest_gap: gaps.min().unwrap(),
            first: *times.first().unwrap(),
            last: *times.last().unwrap(),
        };
        assert!(verdict.most_in_a_day <= PER_DAY, "{verdict:?} {days:?}");
        assert!(verdict.smallest_gap >= GAP_MIN, "{verdict:?}");
        assert!(
            HOURS.0 <= verdict.first && verdict.last < HOURS.1,
            "{verdict:?}"
        );
        verdict
    }
}
