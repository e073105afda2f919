//! Limits are exact: never more than they say, in any interval and on any day, and with a full queue as much as they say.
//!
//! The judge knows nothing of how the pacer counts: it looks at every send ever made, and takes it for handed over at any
//! moment between its journal and its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use campaign_core::clock::{Elapsed, Now};
use campaign_core::limits::{
    Gap, History, LaneLimits, Pacer, Past, Rest, Slot, WarmUp, When, Window, Zone,
};
use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// After a restart an unanswered send is taken to have ended so much later (`Settings::hold_horizon_text`).
const HOLD_HORIZON: i64 = 20 * SECOND;
/// Kept for replies: one of twenty.
const KEPT_ONE_OF: u32 = 20;

/// Clocks changed in New York at 06:00 UTC of that 1 November, and nowhere else here.
const BEGINNINGS: [&str; 4] = [
    "2026-10-31T03:59:30Z",
    "2026-11-01T04:58:00Z",
    "2026-11-01T16:59:00Z",
    "2026-12-31T16:59:50Z",
];
const ZONES: [&str; 4] = [
    "Asia/Jakarta",
    "Asia/Jayapura",
    "America/New_York",
    "Asia/Kathmandu",
];

#[derive(Debug, Clone, Copy)]
struct Send {
    slot: Slot,
    start: i64,
    end: i64,
    /// Its process died while it was under way.
    is_left: bool,
}

/// Every send of an account, and what it had to keep to.
#[derive(Debug)]
struct Judge {
    limits: LaneLimits,
    began: Timestamp,
    sends: Vec<Send>,
}

impl Judge {
    fn now(&self, micros: i64) -> Now {
        Now {
            elapsed: Elapsed::from_micros(micros),
            wall: self.began + jiff::SignedDuration::from_micros(micros),
        }
    }

    fn date(&self, micros: i64) -> Date {
        self.limits.zone.date(self.now(micros).wall)
    }

    /// The most sends of these that any interval of the span may hold.
    fn fullest(&self, span: Duration, is_of: impl Fn(&Send) -> bool) -> usize {
        let span = i64::try_from(span.as_micros()).unwrap();
        let sends: Vec<&Send> = self.sends.iter().filter(|send| is_of(send)).collect();
        let from = sends.iter().map(|first| first.end);
        from.map(|from| {
            let touches = |send: &&&Send| send.start <= from + span && send.end >= from;
            sends.iter().filter(touches).count()
        })
        .max()
        .unwrap_or(0)
    }

    /// The most of these that any day may hold.
    fn fullest_day(&self, is_of: impl Fn(&Send) -> bool) -> usize {
        let sends: Vec<&Send> = self.sends.iter().filter(|send| is_of(send)).collect();
        let days: Vec<(Date, Date)> = sends
            .iter()
            .map(|send| (self.date(send.start), self.date(send.end)))
            .collect();
        let on = |day: Date| {
            let on_it = |(first, last): &&(Date, Date)| *first <= day && day <= *last;
            days.iter().filter(on_it).count()
        };
        days.iter().map(|(first, _)| on(*first)).max().unwrap_or(0)
    }

    fn is_cold(send: &Send) -> bool {
        send.slot == Slot::Cold
    }

    fn verdict(&self) -> Result<(), String> {
        for window in &self.limits.windows {
            let all = self.fullest(window.span, |_| true);
            let mut cold_max = window.sends_max;
            if window.span >= Duration::from_secs(3_600) {
                cold_max -= cold_max / KEPT_ONE_OF;
            }
            let cold = self.fullest(window.span, Self::is_cold);
            if all > window.sends_max as usize || cold > cold_max as usize {
                return Err(format!("{all} sends, {cold} cold, in {window:?}"));
            }
        }
        if let Some(cap) = self.limits.sends_per_day_max {
            let (all, cold) = (self.fullest_day(|_| true), self.fullest_day(Self::is_cold));
            if all > cap as usize || cold > (cap - cap / KEPT_ONE_OF) as usize {
                return Err(format!("{all} sends, {cold} cold, on a day of {cap}"));
            }
        }
        for slot in Slot::ALL {
            let gap = i64::try_from(self.limits.gap(slot).min.as_micros()).unwrap();
            let of_slot = self.sends.iter().filter(|send| send.slot == slot);
            let mut ended = i64::MIN / 2;
            for send in of_slot {
                if gap > 0 && send.start - ended < gap {
                    return Err(format!("{slot:?}: a pause of {} us", send.start - ended));
                }
                ended = ended.max(send.end);
            }
        }
        Ok(())
    }

    /// Whether one more of this slot may begin then, by everything there is to keep to.
    fn allows(&self, slot: Slot, start: i64) -> bool {
        let under_way = |send: &&Send| send.slot == slot && send.end > start;
        if self.sends.iter().filter(under_way).count() >= self.limits.concurrency(slot) {
            return false;
        }
        let mut with = Judge {
            limits: self.limits.clone(),
            began: self.began,
            sends: self.sends.clone(),
        };
        with.sends.push(Send {
            slot,
            start,
            end: start,
            is_left: false,
        });
        with.verdict().is_ok()
    }

    /// The first moment from `from` on at which one more may begin: found among those at which anything changes.
    fn earliest(&self, slot: Slot, from: i64) -> i64 {
        let gap = i64::try_from(self.limits.gap(slot).min.as_micros()).unwrap();
        let midnight = |send: &Send| {
            let next = self.limits.zone.start_of_day_after(self.date(send.end));
            let next = next.unwrap().duration_since(self.began).as_micros();
            i64::try_from(next).unwrap()
        };
        let mut moments: Vec<i64> = vec![from];
        for send in &self.sends {
            moments.extend([send.end, send.end + gap, midnight(send)]);
            let spans = self.limits.windows.iter().map(|window| window.span);
            moments
                .extend(spans.map(|span| send.end + i64::try_from(span.as_micros()).unwrap() + 1));
        }
        moments.retain(|moment| *moment >= from);
        moments.sort_unstable();
        moments.dedup();
        let allowed = |moment: &i64| self.allows(slot, *moment);
        moments.into_iter().find(allowed).unwrap()
    }
}

/// An account that is played with a pacer.
struct Account {
    judge: Judge,
    pacer: Pacer,
    clock: i64,
    under_way: Vec<Send>,
}

impl Account {
    fn new(limits: LaneLimits, began: &str) -> Self {
        Self {
            pacer: Pacer::new(limits.clone(), History::default(), [0.0; 2]),
            judge: Judge {
                limits,
                began: began.parse().unwrap(),
                sends: Vec::new(),
            },
            clock: 0,
            under_way: Vec::new(),
        }
    }

    /// Sends one as soon as the pacer lets it, and no later than `until`.
    fn send(&mut self, slot: Slot, latency: i64, until: i64) -> bool {
        loop {
            self.end_those_over();
            let next_end = self.under_way.iter().map(|send| send.end).min();
            let moment = match self.pacer.when(slot, self.judge.now(self.clock)) {
                When::Now => break,
                When::At(moment, _) => {
                    next_end.map_or(moment.as_micros(), |end| end.min(moment.as_micros()))
                }
                When::AfterAnEnd(_) => next_end.unwrap(),
            };
            if moment > until {
                return false;
            }
            assert!(moment > self.clock, "a moment that has been: {moment}");
            self.clock = moment;
        }
        self.pacer.charge(slot, self.judge.now(self.clock));
        self.under_way.push(Send {
            slot,
            start: self.clock,
            end: self.clock + latency,
            is_left: false,
        });
        if latency == 0 {
            self.end_those_over();
        }
        true
    }

    fn end_those_over(&mut self) {
        self.under_way.sort_by_key(|send| send.end);
        while let Some(send) = self.under_way.first().copied()
            && send.end <= self.clock
        {
            self.under_way.remove(0);
            self.pacer.end(send.slot, self.judge.now(send.end), 0.0);
            self.judge.sends.push(send);
        }
    }

    fn wait(&mut self, micros: i64) {
        self.clock += micros;
        self.end_those_over();
    }

    /// The process dies, and another one knows what a store remembers.
    fn restart(&mut self, pause: i64) {
        self.end_those_over();
        let day = self.pacer.day(self.judge.now(self.clock));
        self.clock += pause;
        for send in self.under_way.drain(..) {
            self.judge.sends.push(Send {
                end: self.clock + HOLD_HORIZON,
                is_left: true,
                ..send
            });
        }
        let (all, cold) = self.judge.limits.remembers();
        self.judge.sends.sort_by_key(|send| send.start);
        let mut left = [all, cold, 1];
        let mut kept = Vec::new();
        for send in self.judge.sends.iter().rev() {
            let mut is_wanted = false;
            let claims = [true, send.slot == Slot::Cold, send.slot == Slot::Reply];
            for (left, _) in left.iter_mut().zip(claims).filter(|(_, claims)| *claims) {
                is_wanted |= *left > 0;
                *left = left.saturating_sub(1);
            }
            if is_wanted || send.is_left {
                kept.push(Past {
                    slot: send.slot,
                    started: Elapsed::from_micros(send.start),
                    ended: Elapsed::from_micros(send.end),
                    is_open: send.is_left,
                });
            }
        }
        let history = History {
            sends: kept,
            day: Some(day),
            warmth: self.pacer.warmth().clone(),
            ..History::default()
        };
        self.pacer = Pacer::new(self.judge.limits.clone(), history, [0.0; 2]);
    }

    fn verdict(mut self) -> Result<(), String> {
        self.judge.sends.append(&mut self.under_way);
        self.judge.sends.sort_by_key(|send| send.start);
        self.judge.verdict()
    }
}

fn windows() -> impl Strategy<Value = Vec<Window>> {
    let window = (
        1u32..=25,
        prop::sample::select(vec![1u64, 10, 60, 3_600, 86_400]),
    );
    let window = window.prop_map(|(sends_max, seconds)| Window {
        sends_max,
        span: Duration::from_secs(seconds),
    });
    prop::collection::vec(window, 0..4)
}

fn limits() -> impl Strategy<Value = LaneLimits> {
    let gap = prop::sample::select(vec![0u64, 1, 30]);
    let cap = prop::option::of(1u32..=40);
    let zone = prop::sample::select(ZONES.to_vec());
    (windows(), gap, cap, zone, 1u16..4).prop_map(|(windows, gap, cap, zone, in_flight_max)| {
        let gap = Duration::from_secs(gap);
        LaneLimits {
            gap: Gap { min: gap, max: gap },
            windows,
            sends_per_day_max: cap,
            zone: zone.parse::<Zone>().unwrap(),
            ..LaneLimits::unpaced(in_flight_max)
        }
    })
}

/// What happens next in a history.
#[derive(Debug, Clone, Copy)]
enum Next {
    Send(Slot, i64),
    GivenBack(Slot),
    Wait(i64),
    Restart(i64),
}

fn histories() -> impl Strategy<Value = Vec<Next>> {
    let slot = || prop::sample::select(vec![Slot::Cold, Slot::Cold, Slot::Reply]);
    let next = prop_oneof![
        12 => (slot(), 0..8 * SECOND).prop_map(|(slot, latency)| Next::Send(slot, latency)),
        1 => slot().prop_map(Next::GivenBack),
        1 => (0..3 * HOUR).prop_map(Next::Wait),
        1 => (0..60 * SECOND).prop_map(Next::Restart),
    ];
    prop::collection::vec(next, 10..80)
}

/// At least 400 cases; `PROPTEST_CASES` asks for more.
fn many() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.max(400),
        ..usual
    }
}

proptest! {
    #![proptest_config(many())]

    /// Through latencies, restarts in the middle of a send, midnights and changes of the clocks, in both slots.
    #[test]
    fn no_interval_and_no_day_ever_holds_more_than_its_limit(
        limits in limits(), began in prop::sample::select(BEGINNINGS.to_vec()), history in histories()
    ) {
        let mut account = Account::new(limits, began);
        for next in history {
            match next {
                Next::Send(slot, latency) => { account.send(slot, latency, i64::MAX / 4); }
                Next::GivenBack(slot) => {
                    if account.send(slot, HOUR, i64::MAX / 4) {
                        account.under_way.retain(|send| send.end != account.clock + HOUR);
                        account.pacer.give_back(slot);
                    }
                }
                Next::Wait(micros) => account.wait(micros),
                Next::Restart(pause) => account.restart(pause),
            }
        }
        prop_assert_eq!(account.verdict(), Ok(()));
    }

    /// With a full queue an account sends whatever one who tries every moment would find allowed.
    #[test]
    fn a_full_queue_sends_all_that_is_allowed(
        limits in limits(), began in prop::sample::select(BEGINNINGS.to_vec()), slot in prop::sample::select(Slot::ALL.to_vec()),
        latency in prop::sample::select(vec![0, 200_000, 3 * SECOND]), restart_every in prop::option::of(5usize..20)
    ) {
        let mut account = Account::new(limits.clone(), began);
        let mut greedy = Account::new(limits, began).judge;
        let mut clock = 0;
        for sent in 0..60 {
            account.send(slot, latency, i64::MAX / 4);
            clock = greedy.earliest(slot, clock);
            greedy.sends.push(Send { slot, start: clock, end: clock + latency, is_left: false });
            if restart_every.is_some_and(|every| sent % every == 0) {
                // With nothing under way: that would cost the hold horizon.
                account.wait(latency);
                account.restart(0);
                clock += latency;
            }
        }
        let took = account.clock;
        prop_assert_eq!(account.verdict(), Ok(()));
        prop_assert!(greedy.verdict().is_ok());
        prop_assert!(took * 99 <= clock * 100, "{took} us for what is allowed within {clock}");
    }
}

/// The day's cap grows by the warming up, and rests are whole: the sends of many days, counted day by day.
#[test]
fn a_number_that_is_warmed_up_and_rests_keeps_to_both_day_by_day() {
    let limits = LaneLimits {
        sends_per_day_max: Some(60),
        warm_up: Some(WarmUp {
            starts_on: "2026-10-30".parse().unwrap(),
            growth: "10+50%".parse().unwrap(),
        }),
        rest: Some(Rest {
            after: 7,
            min: Duration::from_secs(600),
            max: Duration::from_secs(600),
        }),
        zone: "America/New_York".parse::<Zone>().unwrap(),
        ..LaneLimits::unpaced(1)
    };
    let mut account = Account::new(limits, BEGINNINGS[0]);
    let mut sent = 0;
    while account.send(Slot::Reply, SECOND, 8 * 24 * HOUR) {
        sent += 1;
        if sent % 11 == 0 {
            account.wait(SECOND);
            account.restart(0);
        }
    }
    let judge = account.judge;
    let mut days: Vec<(Date, usize)> = Vec::new();
    for send in &judge.sends {
        let date = judge.date(send.start);
        match days.last_mut() {
            Some((last, count)) if *last == date => *count += 1,
            _ => days.push((date, 1)),
        }
    }
    let counts: Vec<usize> = days.into_iter().map(|(_, count)| count).collect();
    assert_eq!(counts[..7], [10, 15, 22, 33, 49, 60, 60], "{counts:?}");
}
