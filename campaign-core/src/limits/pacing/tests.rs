use jiff::Timestamp;
use proptest::prelude::*;

use super::super::{Gap, Rest, WarmUp, Window, Zone};
use super::*;

const SECOND: i64 = 1_000_000;

fn at(micros: i64) -> Now {
    let midnight: Timestamp = "2026-11-20T17:00:00Z".parse().unwrap();
    Now {
        elapsed: Elapsed::from_micros(micros),
        wall: midnight
            .checked_add(jiff::SignedDuration::from_micros(micros))
            .unwrap(),
    }
}

fn limits() -> LaneLimits {
    LaneLimits {
        gap: Gap::NONE,
        reply_gap: Gap::NONE,
        windows: Vec::new(),
        sends_per_day_max: None,
        zone: "Asia/Jakarta".parse::<Zone>().unwrap(),
        ..LaneLimits::unpaced(8)
    }
}

fn pacer(limits: LaneLimits) -> Pacer {
    Pacer::new(limits, History::default(), [0.5; 2])
}

fn send(pacer: &mut Pacer, start: i64, end: i64) {
    assert_eq!(pacer.when(Slot::Cold, at(start)), When::Now);
    pacer.charge(Slot::Cold, at(start));
    pacer.end(Slot::Cold, at(end), 0.5);
}

#[test]
fn the_gap_runs_from_the_end_of_the_last_send() {
    let gap = Duration::from_secs(2);
    let mut pacer = pacer(LaneLimits {
        gap: Gap { min: gap, max: gap },
        ..limits()
    });
    pacer.charge(Slot::Cold, at(0));
    assert_eq!(
        pacer.when(Slot::Cold, at(SECOND)),
        When::AfterAnEnd(Limit::InFlight)
    );
    pacer.end(Slot::Cold, at(3 * SECOND), 0.0);
    assert_eq!(
        pacer.when(Slot::Cold, at(3 * SECOND)),
        When::At(Elapsed::from_micros(5 * SECOND), Limit::Gap)
    );
    assert_eq!(pacer.when(Slot::Cold, at(5 * SECOND)), When::Now);
}

#[test]
fn a_window_of_one_admits_one() {
    let window = Window {
        sends_max: 1,
        span: Duration::from_secs(10),
    };
    let mut pacer = pacer(LaneLimits {
        windows: vec![window],
        ..limits()
    });
    pacer.charge(Slot::Cold, at(0));
    assert_eq!(
        pacer.when(Slot::Cold, at(SECOND)),
        When::AfterAnEnd(Limit::Window)
    );
    pacer.end(Slot::Cold, at(2 * SECOND), 0.0);
    assert_eq!(
        pacer.when(Slot::Cold, at(12 * SECOND)),
        When::At(Elapsed::from_micros(12 * SECOND + 1), Limit::Window)
    );
    send(&mut pacer, 12 * SECOND + 1, 12 * SECOND + 2);
}

#[test]
fn what_is_waited_for_is_the_limit_that_lasts_longest() {
    let limits = |gap_s, span_s| LaneLimits {
        gap: Gap {
            min: Duration::from_secs(gap_s),
            max: Duration::from_secs(gap_s),
        },
        windows: vec![Window {
            sends_max: 1,
            span: Duration::from_secs(span_s),
        }],
        ..limits()
    };
    for (limits, until, limit) in [
        (limits(30, 10), 30 * SECOND, Limit::Gap),
        (limits(10, 30), 30 * SECOND + 1, Limit::Window),
    ] {
        let mut pacer = pacer(limits);
        send(&mut pacer, 0, 0);
        let until = When::At(Elapsed::from_micros(until), limit);
        assert_eq!(pacer.when(Slot::Cold, at(SECOND)), until);
    }
}

/// WhatsApp warns: cold messages go slower, and who waits for an answer waits no longer.
#[test]
fn only_the_pauses_between_cold_sends_are_made_longer() {
    let gap = Gap {
        min: Duration::from_secs(10),
        max: Duration::from_secs(10),
    };
    let mut pacer = pacer(LaneLimits {
        gap,
        reply_gap: gap,
        ..limits()
    });
    for slot in Slot::ALL {
        pacer.charge(slot, at(0));
        pacer.end(slot, at(0), 0.5);
    }
    let until = |second| When::At(Elapsed::from_micros(second * SECOND), Limit::Gap);
    for (times, cold) in [(1, 10), (4, 40), (0, 10)] {
        pacer.slow_down(times);
        assert_eq!(pacer.when(Slot::Cold, at(1)), until(cold), "{times}");
        assert_eq!(pacer.when(Slot::Reply, at(1)), until(10), "{times}");
    }
}

#[test]
fn a_send_that_ended_later_than_was_assumed_is_still_one() {
    let mut pacer = pacer(LaneLimits {
        windows: vec![Window {
            sends_max: 2,
            span: Duration::from_secs(60),
        }],
        ..limits()
    });
    send(&mut pacer, 0, 20 * SECOND);
    let assumed = Elapsed::from_micros(20 * SECOND);
    pacer.ended_later(Slot::Cold, assumed, at(50 * SECOND));
    send(&mut pacer, 51 * SECOND, 52 * SECOND);
    let until = Elapsed::from_micros(110 * SECOND + 1);
    let full = When::At(until, Limit::Window);
    assert_eq!(pacer.when(Slot::Cold, at(53 * SECOND)), full);
}

#[test]
fn a_cap_of_one_admits_one_a_day_of_the_named_zone() {
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(1),
        ..limits()
    });
    let day = 86_400 * SECOND;
    send(&mut pacer, 0, 1);
    assert_eq!(
        pacer.when(Slot::Cold, at(2)),
        When::At(Elapsed::from_micros(day), Limit::DailyCap)
    );
    assert_eq!(
        pacer.when(Slot::Cold, at(day - 1)),
        When::At(Elapsed::from_micros(day), Limit::DailyCap)
    );
    send(&mut pacer, day, day + 1);
}

/// Clocks on walls count in nanoseconds: the wait for midnight must not end a part of a microsecond before it.
#[test]
fn a_day_lasts_until_its_last_nanosecond() {
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(1),
        ..limits()
    });
    send(&mut pacer, 0, 1);
    let mut now = at(2);
    now.wall = now
        .wall
        .checked_add(jiff::SignedDuration::from_nanos(1))
        .unwrap();
    let When::At(until, Limit::DailyCap) = pacer.when(Slot::Cold, now) else {
        panic!("the day is used up");
    };
    let passes = jiff::SignedDuration::try_from(until.since(now.elapsed)).unwrap();
    let then = Now {
        elapsed: until,
        wall: now.wall.checked_add(passes).unwrap(),
    };
    assert_eq!(pacer.when(Slot::Cold, then), When::Now);
    assert_eq!(pacer.day(then).sends, 0, "it is another day");
}

#[test]
fn a_send_under_way_at_midnight_counts_on_both_days() {
    let day = 86_400 * SECOND;
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(1),
        ..limits()
    });
    pacer.charge(Slot::Cold, at(day - 5));
    assert!(matches!(
        pacer.when(Slot::Cold, at(day + 5)),
        When::At(_, Limit::DailyCap)
    ));
    pacer.end(Slot::Cold, at(day + 5), 0.0);
    assert!(matches!(
        pacer.when(Slot::Cold, at(day + 6)),
        When::At(_, Limit::DailyCap)
    ));
    assert_eq!(pacer.when(Slot::Cold, at(2 * day)), When::Now);
}

#[test]
fn another_zone_begins_no_day() {
    let capped = |zone: &str| LaneLimits {
        sends_per_day_max: Some(1),
        zone: zone.parse().unwrap(),
        ..limits()
    };
    let hour = 3_600 * SECOND;
    let mut pacer = pacer(capped("Asia/Jakarta"));
    send(&mut pacer, 22 * hour, 22 * hour + 1);
    // 22:30 in Jakarta is 00:30 of the next day in Jayapura.
    let half_past = 22 * hour + hour / 2;
    pacer.set_limits(capped("Asia/Jayapura"), at(half_past));
    let until = 46 * hour;
    let wait = When::At(Elapsed::from_micros(until), Limit::DailyCap);
    assert_eq!(pacer.when(Slot::Cold, at(half_past)), wait);
    send(&mut pacer, until, until + 1);
    // And back: the day in Jakarta is not over yet.
    pacer.set_limits(capped("Asia/Jakarta"), at(until + 2));
    let wait = When::At(Elapsed::from_micros(72 * hour), Limit::DailyCap);
    assert_eq!(pacer.when(Slot::Cold, at(until + 2)), wait);
}

#[test]
fn a_clock_set_back_does_not_start_the_day_anew() {
    let day = 86_400 * SECOND;
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(1),
        ..limits()
    });
    send(&mut pacer, day + 1, day + 2);
    let mut back = at(day + 10);
    back.wall = at(10).wall;
    assert!(matches!(
        pacer.when(Slot::Cold, back),
        When::At(_, Limit::DailyCap)
    ));
}

#[test]
fn a_charge_is_given_back_only_by_proof() {
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(1),
        ..limits()
    });
    pacer.charge(Slot::Cold, at(0));
    pacer.give_back(Slot::Cold);
    assert_eq!(pacer.when(Slot::Cold, at(1)), When::Now);
    // Also of what a day leaves to cold sends: 19 of 20.
    let mut pacer = super::Pacer::new(
        LaneLimits {
            sends_per_day_max: Some(20),
            ..limits()
        },
        History::default(),
        [0.5; 2],
    );
    pacer.charge(Slot::Cold, at(0));
    pacer.give_back(Slot::Cold);
    for second in 1..=19 {
        send(&mut pacer, second * SECOND, second * SECOND);
    }
    let wait = pacer.when(Slot::Cold, at(20 * SECOND));
    assert!(matches!(wait, When::At(_, Limit::DailyCap)));
}

/// The account has moved west, and its day of the east goes on: what comes to nothing must not use that day up.
#[test]
fn a_charge_is_given_back_on_the_day_that_it_counts_on() {
    let capped = |zone: &str| LaneLimits {
        sends_per_day_max: Some(2),
        zone: zone.parse().unwrap(),
        ..limits()
    };
    let hour = 3_600 * SECOND;
    let mut pacer = pacer(capped("Asia/Jayapura"));
    send(&mut pacer, 23 * hour, 23 * hour + 1);
    pacer.set_limits(capped("Asia/Jakarta"), at(23 * hour + 2));
    for second in 1..5 {
        let now = at(23 * hour + second * SECOND);
        assert_eq!(pacer.when(Slot::Cold, now), When::Now, "{second}");
        pacer.charge(Slot::Cold, now);
        pacer.give_back(Slot::Cold);
    }
    // And one that was under way when the day turned.
    let mut pacer = super::Pacer::new(capped("Asia/Jakarta"), History::default(), [0.5; 2]);
    pacer.charge(Slot::Cold, at(23 * hour));
    send(&mut pacer, 25 * hour, 25 * hour + 1);
    pacer.give_back(Slot::Cold);
    send(&mut pacer, 25 * hour + 2, 25 * hour + 3);
}

#[test]
fn a_reply_waits_for_no_cold_send_and_keeps_a_gap_of_its_own() {
    let gap = |seconds| Gap {
        min: Duration::from_secs(seconds),
        max: Duration::from_secs(seconds),
    };
    let mut pacer = pacer(LaneLimits {
        gap: gap(30),
        reply_gap: gap(2),
        ..limits()
    });
    pacer.charge(Slot::Cold, at(0));
    assert_eq!(pacer.when(Slot::Reply, at(1)), When::Now);
    pacer.charge(Slot::Reply, at(1));
    let busy = When::AfterAnEnd(Limit::InFlight);
    assert_eq!(pacer.when(Slot::Reply, at(2)), busy);
    assert_eq!(pacer.when(Slot::Cold, at(2)), busy);
    pacer.end(Slot::Reply, at(SECOND), 0.5);
    pacer.end(Slot::Cold, at(2 * SECOND), 0.5);
    let until = |second| When::At(Elapsed::from_micros(second * SECOND), Limit::Gap);
    assert_eq!(pacer.when(Slot::Reply, at(2 * SECOND)), until(3));
    assert_eq!(pacer.when(Slot::Reply, at(3 * SECOND)), When::Now);
    assert_eq!(pacer.when(Slot::Cold, at(3 * SECOND)), until(32));
    // Replies that go out meanwhile do not put the next cold one off.
    pacer.charge(Slot::Reply, at(31 * SECOND));
    pacer.end(Slot::Reply, at(31 * SECOND + 1), 0.5);
    assert_eq!(pacer.when(Slot::Cold, at(32 * SECOND)), When::Now);
}

#[test]
fn cold_sends_never_use_up_the_day_or_a_long_window() {
    let hour = Window {
        sends_max: 20,
        span: Duration::from_secs(3_600),
    };
    let caps = [
        LaneLimits {
            sends_per_day_max: Some(20),
            ..limits()
        },
        LaneLimits {
            windows: vec![hour],
            ..limits()
        },
    ];
    for limits in caps {
        let mut pacer = pacer(limits);
        for second in 0..19 {
            let now = at(second * SECOND);
            assert_eq!(pacer.when(Slot::Cold, now), When::Now, "{second}");
            pacer.charge(Slot::Cold, now);
            pacer.end(Slot::Cold, now, 0.5);
        }
        let now = at(20 * SECOND);
        assert!(matches!(pacer.when(Slot::Cold, now), When::At(..)));
        assert_eq!(pacer.when(Slot::Reply, now), When::Now);
        pacer.charge(Slot::Reply, now);
        pacer.end(Slot::Reply, now, 0.5);
        assert!(matches!(pacer.when(Slot::Reply, now), When::At(..)));
    }
}

#[test]
fn replies_may_use_what_cold_sends_leave_and_then_cold_sends_have_less() {
    let mut pacer = pacer(LaneLimits {
        sends_per_day_max: Some(20),
        ..limits()
    });
    for _ in 0..15 {
        pacer.charge(Slot::Reply, at(0));
        pacer.end(Slot::Reply, at(0), 0.5);
    }
    for _ in 0..5 {
        assert_eq!(pacer.when(Slot::Cold, at(1)), When::Now);
        pacer.charge(Slot::Cold, at(1));
        pacer.end(Slot::Cold, at(1), 0.5);
    }
    for slot in Slot::ALL {
        let capped = matches!(pacer.when(slot, at(2)), When::At(_, Limit::DailyCap));
        assert!(capped, "{slot:?}");
    }
}

#[test]
fn a_new_number_sends_more_from_day_to_day_on_which_it_sends() {
    let day = 86_400 * SECOND;
    let limits = LaneLimits {
        sends_per_day_max: Some(4),
        warm_up: Some(WarmUp {
            starts_on: "2026-11-21".parse().unwrap(),
            growth: "2+50%".parse().unwrap(),
        }),
        ..limits()
    };
    let mut pacer = pacer(limits.clone());
    // Days 0, 1, 4 and 5: what is between them warms nothing up.
    for (first, sends, limit) in [
        (0, 2, Limit::WarmUp),
        (1, 3, Limit::WarmUp),
        (4, 4, Limit::DailyCap),
        (5, 4, Limit::DailyCap),
    ] {
        for second in 0..sends {
            send(&mut pacer, first * day + second, first * day + second);
        }
        let until = Elapsed::from_micros((first + 1) * day);
        let now = at(first * day + 10);
        assert_eq!(pacer.when(Slot::Cold, now), When::At(until, limit));
        assert_eq!(pacer.when(Slot::Reply, now), When::At(until, limit));
        // Another process knows how far it has come.
        let history = History {
            sends: Vec::new(),
            day: Some(pacer.day(now)),
            warmth: pacer.warmth().clone(),
            by_hand: Vec::new(),
        };
        pacer = Pacer::new(limits.clone(), history, [0.5; 2]);
        assert_eq!(pacer.when(Slot::Cold, now), When::At(until, limit));
    }
}

#[test]
fn cold_sends_rest_after_so_many_and_replies_do_not() {
    let limits = LaneLimits {
        rest: Some(Rest {
            after: 2,
            min: Duration::from_secs(60),
            max: Duration::from_secs(60),
        }),
        ..limits()
    };
    let mut pacer = pacer(limits.clone());
    send(&mut pacer, 0, 1);
    send(&mut pacer, SECOND, 2 * SECOND);
    let rest = When::At(Elapsed::from_micros(62 * SECOND), Limit::Rest);
    assert_eq!(pacer.when(Slot::Cold, at(3 * SECOND)), rest);
    assert_eq!(pacer.when(Slot::Reply, at(3 * SECOND)), When::Now);
    let past = |started, ended| Past {
        slot: Slot::Cold,
        started: Elapsed::from_micros(started),
        ended: Elapsed::from_micros(ended),
        is_open: false,
    };
    let history = History {
        sends: vec![past(SECOND, 2 * SECOND), past(0, 1)],
        ..History::default()
    };
    let next = Pacer::new(limits, history, [0.5; 2]);
    assert_eq!(next.when(Slot::Cold, at(3 * SECOND)), rest);
    send(&mut pacer, 62 * SECOND, 63 * SECOND);
    // One that is proved not handed over makes nobody tired.
    pacer.charge(Slot::Cold, at(64 * SECOND));
    pacer.give_back(Slot::Cold);
    send(&mut pacer, 65 * SECOND, 66 * SECOND);
    assert!(matches!(
        pacer.when(Slot::Cold, at(67 * SECOND)),
        When::At(_, Limit::Rest)
    ));
}

#[test]
fn the_past_is_charged_after_a_restart() {
    let window = Window {
        sends_max: 2,
        span: Duration::from_secs(60),
    };
    let past = |ended| Past {
        slot: Slot::Cold,
        started: Elapsed::from_micros(ended),
        ended: Elapsed::from_micros(ended),
        is_open: false,
    };
    let history = History {
        sends: vec![past(5), past(SECOND)],
        ..History::default()
    };
    let pacer = Pacer::new(
        LaneLimits {
            windows: vec![window],
            ..limits()
        },
        history,
        [0.0; 2],
    );
    assert_eq!(
        pacer.when(Slot::Cold, at(2 * SECOND)),
        When::At(Elapsed::from_micros(60 * SECOND + 6), Limit::Window)
    );
}

proptest! {
    /// Whatever the latencies, no interval of the span holds more hand-overs than the window admits,
    /// wherever between start and end each hand-over really took place.
    #[test]
    fn no_interval_holds_more_than_its_window(
        sends_max in 1u32..6, span_s in 1u64..30, seed: u64, latencies in prop::collection::vec((0i64..8 * SECOND, 0.0f64..=1.0), 10..60)
    ) {
        let span = Duration::from_secs(span_s);
        let windows = vec![Window { sends_max, span }, Window { sends_max: sends_max * 3, span: span * 4 }];
        let mut pacer = pacer(LaneLimits { windows: windows.clone(), in_flight_max: 3, ..limits() });
        let mut open: Vec<(i64, i64)> = Vec::new();
        let mut handed: Vec<i64> = Vec::new();
        let mut clock = (seed % 1_000) as i64;
        for (latency, share) in latencies {
            loop {
                let next_end = open.iter().map(|(_, end)| *end).min();
                match pacer.when(Slot::Cold, at(clock)) {
                    When::Now => break,
                    When::At(moment, _) if next_end.is_none_or(|end| moment.as_micros() <= end) => clock = moment.as_micros(),
                    _ => {
                        let end = next_end.unwrap();
                        clock = clock.max(end);
                        let index = open.iter().position(|(_, other)| *other == end).unwrap();
                        let (_, end) = open.remove(index);
                        pacer.end(Slot::Cold, at(end), 0.5);
                    }
                }
            }
            pacer.charge(Slot::Cold, at(clock));
            open.push((clock, clock + latency));
            handed.push(clock + (latency as f64 * share) as i64);
        }
        handed.sort_unstable();
        for window in windows {
            let span = window.span.as_micros() as i64;
            for (index, first) in handed.iter().enumerate() {
                let within = handed[index..].iter().take_while(|moment| **moment - first <= span).count();
                prop_assert!(within <= window.sends_max as usize, "{within} in {span} us from {first}");
            }
        }
    }
}
