//! Limits above the account: a campaign's, a tenant's, a server's, and those of the whole installation.
//!
//! They have windows and a cap of the day, and no gap: pauses are an account's. Windows and days are counted as an account's are
//! ([`Pacer`]), and of what is long a part is kept for replies. Only messages count in them: questions about numbers, and what people send
//! by hand, are an account's matter.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pacing::Tallies;
use super::{
    DayCount, History, LaneLimits, Pacer, Past, SentByHand, Slot, UNDER_WAY_MAX, When, Window, Zone,
};
use crate::clock::{BootId, Elapsed, Now, Stamp};
use crate::delivery::CampaignId;

/// What is remembered of an end for a later process is its moment to within so many parts of how long it is over, or of the shortest window:
/// later by that at most, so that a limit is never passed, and what it admits is never put off by a hundredth.
const PARTS: u32 = 128;

/// Who keeps limits together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything that is sent from this database.
    Installation,
    /// All sessions of one server, by the name that the gateway gives it ([`crate::gateway::Observation::server`]).
    Server(Box<str>),
    /// All campaigns of one tenant ([`crate::campaign::Definition::tenant`]).
    Tenant(Box<str>),
    /// One campaign, over all its accounts.
    Campaign(CampaignId),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Installation => f.write_str("the installation"),
            Scope::Server(name) => write!(f, "server {name}"),
            Scope::Tenant(name) => write!(f, "tenant {name}"),
            Scope::Campaign(campaign) => write!(f, "campaign {}", campaign.number()),
        }
    }
}

/// What may be sent by all who keep these limits together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SharedLimits {
    /// So many sends in any interval of such a length.
    pub windows: Vec<Window>,
    /// The most sends of one calendar day in `zone`.
    pub sends_per_day_max: Option<u32>,
    /// Whose midnight begins the day.
    pub zone: Zone,
}

impl SharedLimits {
    /// Nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.sends_per_day_max.is_none()
    }

    fn of_lane(self) -> LaneLimits {
        LaneLimits {
            windows: self.windows,
            sends_per_day_max: self.sends_per_day_max,
            zone: self.zone,
            ..LaneLimits::unpaced(u16::MAX)
        }
    }
}

/// Limits with what was sent under them, as a store keeps both.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRecord {
    /// Whose.
    pub scope: Scope,
    /// Which.
    pub limits: SharedLimits,
    /// What was sent under them; `None`: nothing yet.
    pub past: Option<SharedPast>,
}

/// What was sent under shared limits: as much of it as they still count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedPast {
    /// The moment of this count.
    pub at: Stamp,
    /// The day last counted, and its sends.
    pub day: Option<DayCount>,
    /// Sends that have ended, the latest first.
    pub ended: Vec<Run>,
    /// Those of the cold slot among them.
    pub ended_cold: Vec<Run>,
    /// Sends that were under way: of the cold slot, and of the reply slot.
    pub under_way: [u32; 2],
}

/// Ends of sends that are remembered as one moment, the latest of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How long before the count, in microseconds.
    pub ago_micros: u64,
    /// How many.
    pub sends: u32,
}

/// Keeps all who share limits within them.
#[derive(Debug, Clone)]
pub struct Budget(Pacer);

impl Budget {
    /// The budget of limits under which this was sent. What was under way then may still be executed for a while from `now` on, at which its
    /// process is known to be dead.
    pub fn new(limits: SharedLimits, past: Option<&SharedPast>, boot: BootId, now: Now) -> Self {
        let Some(past) = past else {
            let pacer = Pacer::new(limits.of_lane(), History::default(), [0.0; 2]);
            return Self(pacer);
        };
        let counted = now.place(past.at, boot);
        let open = |slot: Slot| Past {
            slot,
            started: counted,
            ended: now.elapsed + UNDER_WAY_MAX,
            is_open: true,
        };
        let under_way = [Slot::Cold, Slot::Reply].into_iter().flat_map(|slot| {
            let count = past.under_way[slot as usize];
            (0..count).map(move |_| open(slot))
        });
        let history = History {
            sends: under_way.collect(),
            day: past.day,
            by_hand: Vec::<(SentByHand, Elapsed)>::new(),
            ..History::default()
        };
        let mut pacer = Pacer::new(limits.of_lane(), history, [0.0; 2]);
        let placed = |runs: &[Run]| -> Vec<(Elapsed, u32)> {
            let runs = runs.iter().rev();
            runs.map(|run| (counted - Duration::from_micros(run.ago_micros), run.sends))
                .collect()
        };
        pacer.recall(placed(&past.ended), placed(&past.ended_cold));
        Self(pacer)
    }

    /// Keeps other limits from now on; what was charged stays charged.
    pub fn set_limits(&mut self, limits: SharedLimits, now: Now) {
        self.0.set_limits(limits.of_lane(), now);
    }

    /// When the next send of a slot may be journalled.
    pub fn when(&self, slot: Slot, now: Now) -> When {
        self.0.when(slot, now)
    }

    /// Charges a send that is about to be journalled.
    pub fn charge(&mut self, slot: Slot, now: Now) {
        self.0.charge(slot, now);
    }

    /// The send has ended at `now`: it was answered, or waiting for its answer is over.
    pub fn end(&mut self, slot: Slot, now: Now) {
        self.0.end(slot, now, 0.0);
    }

    /// A send whose end was assumed turned out to have ended later than that.
    pub fn ended_later(&mut self, slot: Slot, assumed: Elapsed, now: Now) {
        self.0.ended_later(slot, assumed, now);
    }

    /// The send is proved not handed over: its charge is given back.
    pub fn give_back(&mut self, slot: Slot) {
        self.0.give_back(slot);
    }

    /// What a store is to keep of it.
    pub fn past(&self, boot: BootId, now: Now) -> SharedPast {
        let Tallies { all, cold } = self.0.tallies();
        let windows = self.0.limits().windows.iter();
        let shortest = windows.map(|window| window.span).min().unwrap_or_default();
        // What an earlier process had under way may still be executed, and has not ended for the next one either.
        let of = |slot| self.0.in_flight_of(slot) + self.0.left_open_of(slot, now);
        let of = |slot| u32::try_from(of(slot)).unwrap_or(u32::MAX);
        let has_ended = |(end, _): &(Elapsed, u32)| *end <= now.elapsed;
        SharedPast {
            at: now.stamp(boot),
            day: Some(self.0.day(now)),
            ended: runs(all.filter(has_ended), shortest / PARTS, now),
            ended_cold: runs(cold.filter(has_ended), shortest / PARTS, now),
            under_way: [of(Slot::Cold), of(Slot::Reply)],
        }
    }
}

/// Ends, the earliest first, as runs, the latest first.
fn runs(
    ends: impl DoubleEndedIterator<Item = (Elapsed, u32)>,
    grain: Duration,
    now: Now,
) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (end, sends) in ends.rev() {
        let ago = now.elapsed.since(end);
        let reach = grain.max(ago / PARTS);
        let latest = u64::try_from(ago.saturating_sub(reach).as_micros()).unwrap_or(u64::MAX);
        match runs.last_mut() {
            Some(run) if run.ago_micros >= latest => run.sends += sends,
            _ => runs.push(Run {
                ago_micros: u64::try_from(ago.as_micros()).unwrap_or(u64::MAX),
                sends,
            }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::super::Limit;
    use super::*;

    const SECOND: i64 = 1_000_000;
    const BOOT: BootId = BootId(1);

    fn at(micros: i64) -> Now {
        let midnight: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(micros),
            wall: midnight
                .checked_add(jiff::SignedDuration::from_micros(micros))
                .unwrap(),
        }
    }

    fn windows(windows: &[(u32, u64)]) -> SharedLimits {
        let windows = windows.iter().map(|(sends_max, seconds)| Window {
            sends_max: *sends_max,
            span: Duration::from_secs(*seconds),
        });
        SharedLimits {
            windows: windows.collect(),
            ..SharedLimits::default()
        }
    }

    /// The same in another process, by what the store keeps.
    fn handed_on(budget: &Budget, limits: &SharedLimits, micros: i64) -> Budget {
        let past = budget.past(BOOT, at(micros));
        let json = serde_json::to_string(&past).unwrap();
        let past: SharedPast = serde_json::from_str(&json).unwrap();
        Budget::new(limits.clone(), Some(&past), BOOT, at(micros))
    }

    #[test]
    fn ends_become_few_moments_none_earlier_and_none_much_later() {
        let ends: Vec<Elapsed> = (0..100_000)
            .map(|n| Elapsed::from_micros(n * 36_000))
            .collect();
        let now = at(3_600 * SECOND);
        let runs = runs(
            ends.iter().map(|end| (*end, 1)),
            Duration::from_secs(3_600) / PARTS,
            now,
        );
        assert!(runs.len() <= PARTS as usize + 1, "{}", runs.len());
        let moments = runs.iter().flat_map(|run| {
            let moment = now.elapsed - Duration::from_micros(run.ago_micros);
            (0..run.sends).map(move |_| moment)
        });
        let kept: Vec<Elapsed> = moments.collect();
        assert_eq!(kept.len(), ends.len());
        for (kept, end) in kept.iter().zip(ends.iter().rev()) {
            assert!(kept >= end);
            assert!(kept.since(*end) <= Duration::from_secs(3_600) / PARTS);
        }
    }

    #[test]
    fn the_day_and_what_was_under_way_are_handed_on() {
        let limits = SharedLimits {
            sends_per_day_max: Some(3),
            zone: "Asia/Jakarta".parse().unwrap(),
            ..SharedLimits::default()
        };
        let mut budget = Budget::new(limits.clone(), None, BOOT, at(0));
        for slot in Slot::ALL {
            budget.charge(slot, at(SECOND));
        }
        budget.end(Slot::Cold, at(2 * SECOND));
        let next = handed_on(&budget, &limits, 3 * SECOND);
        assert_eq!(next.when(Slot::Cold, at(4 * SECOND)), When::Now);
        let mut next = handed_on(&next, &limits, 5 * SECOND);
        next.charge(Slot::Reply, at(6 * SECOND));
        let day = 86_400 * SECOND;
        let capped = |micros| When::At(Elapsed::from_micros(micros), Limit::DailyCap);
        assert_eq!(next.when(Slot::Cold, at(7 * SECOND)), capped(day));
        // What a dead process had under way may be handed over tomorrow, and counts on both days.
        let windowed = SharedLimits {
            sends_per_day_max: Some(1),
            ..limits
        };
        let mut late = Budget::new(windowed.clone(), None, BOOT, at(0));
        late.charge(Slot::Cold, at(day - 10 * SECOND));
        let next = handed_on(&late, &windowed, day - 5 * SECOND);
        assert_eq!(next.when(Slot::Cold, at(day)), capped(2 * day));
    }

    #[test]
    fn what_a_dead_process_had_under_way_is_still_that_for_the_one_after_the_next() {
        let limits = windows(&[(1, 20)]);
        let mut budget = Budget::new(limits.clone(), None, BOOT, at(0));
        budget.charge(Slot::Cold, at(0));
        let next = handed_on(&budget, &limits, SECOND);
        let under_way = |micros| next.past(BOOT, at(micros)).under_way;
        let over = at(SECOND).elapsed + UNDER_WAY_MAX;
        assert_eq!(under_way(over.as_micros() - 1), [1, 0]);
        assert_eq!(under_way(over.as_micros()), [0, 0]);
        let last = handed_on(&next, &limits, 2 * SECOND);
        let over = at(2 * SECOND).elapsed + UNDER_WAY_MAX + Duration::from_secs(20);
        let until = When::At(over + Duration::from_micros(1), Limit::Window);
        assert_eq!(last.when(Slot::Cold, at(2 * SECOND)), until);
    }

    /// A budget under which so many cold messages were sent, one a minute from the first second on.
    fn sent(limits: &SharedLimits, count: i64) -> Budget {
        let mut budget = Budget::new(limits.clone(), None, BOOT, at(0));
        for minute in 0..count {
            let now = at(minute * 60 * SECOND);
            budget.charge(Slot::Cold, now);
            budget.end(Slot::Cold, now);
        }
        budget
    }

    #[test]
    fn what_is_kept_for_replies_is_free_for_cold_messages_no_later_in_the_next_process() {
        let limits = windows(&[(20, 3_600)]);
        let budget = sent(&limits, 19);
        let next = handed_on(&budget, &limits, 19 * 60 * SECOND);
        let now = at(19 * 60 * SECOND);
        assert_eq!(next.when(Slot::Reply, now), When::Now);
        let When::At(until, Limit::Window) = next.when(Slot::Cold, now) else {
            panic!("19 of 20 are all that is for cold messages");
        };
        let hour = 3_600 * SECOND;
        assert!((hour + 1..hour + hour / 100).contains(&until.as_micros()));
    }

    #[test]
    fn no_more_is_kept_than_the_largest_window_admits() {
        let limits = windows(&[(2, 60), (3, 7_200)]);
        let past = sent(&limits, 50).past(BOOT, at(3_600 * SECOND));
        for ended in [&past.ended, &past.ended_cold] {
            let sends: u32 = ended.iter().map(|run| run.sends).sum();
            assert_eq!(sends, 3);
        }
    }

    #[test]
    fn a_send_that_ended_later_than_was_assumed_counts_from_its_end() {
        let mut budget = Budget::new(windows(&[(1, 60)]), None, BOOT, at(0));
        budget.charge(Slot::Cold, at(0));
        budget.end(Slot::Cold, at(20 * SECOND));
        let assumed = at(20 * SECOND).elapsed;
        budget.ended_later(Slot::Cold, assumed, at(50 * SECOND));
        let until = Elapsed::from_micros(110 * SECOND + 1);
        assert_eq!(
            budget.when(Slot::Cold, at(51 * SECOND)),
            When::At(until, Limit::Window)
        );
        assert_eq!(budget.when(Slot::Cold, at(110 * SECOND + 1)), When::Now);
    }

    #[test]
    fn a_day_ends_at_the_midnight_of_its_own_zone() {
        let limits = SharedLimits {
            sends_per_day_max: Some(1),
            zone: "Asia/Jayapura".parse().unwrap(),
            ..SharedLimits::default()
        };
        let budget = sent(&limits, 1);
        let midnight = Elapsed::from_micros(22 * 3_600 * SECOND);
        let capped = When::At(midnight, Limit::DailyCap);
        assert_eq!(budget.when(Slot::Cold, at(SECOND)), capped);
    }

    #[test]
    fn limits_that_limit_nothing_are_none() {
        assert!(SharedLimits::default().is_empty());
        assert!(!windows(&[(1, 60)]).is_empty());
        let capped = SharedLimits {
            sends_per_day_max: Some(1),
            ..SharedLimits::default()
        };
        assert!(!capped.is_empty());
    }

    #[test]
    fn scopes_are_named_as_operators_read_them() {
        let campaign = CampaignId::new(7).unwrap();
        let rows = [
            (Scope::Installation, "the installation"),
            (Scope::Server("satu".into()), "server satu"),
            (Scope::Tenant("toko".into()), "tenant toko"),
            (Scope::Campaign(campaign), "campaign 7"),
        ];
        for (scope, name) in rows {
            assert_eq!(scope.to_string(), name);
        }
    }

    #[test]
    fn other_limits_keep_what_was_charged() {
        let mut budget = Budget::new(windows(&[(5, 60)]), None, BOOT, at(0));
        for _ in 0..2 {
            budget.charge(Slot::Cold, at(0));
            budget.end(Slot::Cold, at(0));
        }
        budget.set_limits(windows(&[(2, 60)]), at(1));
        let until = When::At(Elapsed::from_micros(60 * SECOND + 1), Limit::Window);
        assert_eq!(budget.when(Slot::Cold, at(1)), until);
        budget.charge(Slot::Cold, at(1));
        budget.give_back(Slot::Cold);
        budget.set_limits(windows(&[(3, 60)]), at(2));
        assert_eq!(budget.when(Slot::Cold, at(2)), When::Now);
    }

    proptest! {
        /// However often it is handed on to another process: never more in any interval than its windows admit, and with somebody always
        /// waiting, 99 of 100 of what they admit.
        #[test]
        fn handed_on_it_admits_no_more_and_hardly_less(
            sends_max in 1u32..40, span_s in 1u64..7_200, long in 2u32..5, hand_overs in prop::collection::vec(1i64..200, 0..8), latency in 0i64..30_000
        ) {
            let limits = windows(&[(sends_max, span_s), (sends_max * (long - 1), span_s * u64::from(long))]);
            let mut budget = Budget::new(limits.clone(), None, BOOT, at(0));
            let mut hand_overs: Vec<i64> = hand_overs;
            let (mut clock, mut sent): (i64, Vec<i64>) = (0, Vec::new());
            let end = (span_s * u64::from(long) * 3) as i64 * SECOND;
            let mut count = 0;
            loop {
                match budget.when(Slot::Reply, at(clock)) {
                    When::Now => {}
                    When::At(moment, _) => { clock = moment.as_micros(); continue; }
                    When::AfterAnEnd(_) => unreachable!("one after the other"),
                }
                if clock > end {
                    break;
                }
                budget.charge(Slot::Reply, at(clock));
                sent.push(clock);
                clock += latency;
                budget.end(Slot::Reply, at(clock));
                count += 1;
                if hand_overs.last().is_some_and(|every| count % every == 0) {
                    hand_overs.pop();
                    budget = handed_on(&budget, &limits, clock);
                }
            }
            for window in &limits.windows {
                let span = window.span.as_micros() as i64;
                for (index, first) in sent.iter().enumerate() {
                    let within = sent[index..].iter().take_while(|it| **it - first <= span).count();
                    prop_assert!(within <= window.sends_max as usize, "{within} in {window:?}");
                }
            }
            // The same without another process.
            let mut alone = Budget::new(limits.clone(), None, BOOT, at(0));
            let (mut clock, mut without) = (0, 0usize);
            loop {
                match alone.when(Slot::Reply, at(clock)) {
                    When::At(moment, _) => { clock = moment.as_micros(); continue; }
                    _ if clock > end => break,
                    _ => {}
                }
                alone.charge(Slot::Reply, at(clock));
                clock += latency;
                alone.end(Slot::Reply, at(clock));
                without += 1;
            }
            let lost = without.saturating_sub(sent.len());
            prop_assert!(lost <= without.div_ceil(100), "{lost} of {without} lost");
        }
    }
}
