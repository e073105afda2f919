//! The engine in a world that goes wrong: faults, crashes, clocks that jump, all drawn from a seed, judged by the world's own
//! ledger. A failure prints its seed; `SIMULATION_SEED=n cargo test -p campaign-core --test simulation` plays it again, and
//! `SIMULATION_SEEDS=n` plays so many, and `SIMULATION_TRACE=1` tells all that happens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod checks;
mod faults;
mod forecasts;
mod plan;
mod world;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use campaign_core::campaign::NumberCheck;
use campaign_core::delivery::State;
use campaign_core::limits::{Gap, Hours, LaneLimits, Window, Zone};

use self::faults::Rates;
use self::plan::Plan;
use self::world::World;

/// How many seeds an ordinary run plays of each plan.
const SEEDS: u64 = 12;

fn play(name: &str, plan: impl Fn(u64) -> Plan) {
    play_so_many(SEEDS, name, plan);
}

fn play_so_many(ordinary: u64, name: &str, plan: impl Fn(u64) -> Plan) {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(ordinary),
    };
    for seed in seeds {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let mut world = World::new(plan(seed));
            world.run();
            checks::all(&world);
        }));
        if let Err(panic) = outcome {
            let text = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            panic!("{name}: SIMULATION_SEED={seed}: {text}");
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How long the longest histories last.
const WEEKS: Duration = Duration::from_secs(21 * 86_400);
/// How many seeds an ordinary run plays of each plan that lasts for days.
const LONG_SEEDS: u64 = 4;

/// How many seeds an ordinary run plays of each plan whose histories are short.
const MANY_SEEDS: u64 = 120;

fn capped(sends_per_day_max: u32, zone: &str) -> LaneLimits {
    LaneLimits {
        sends_per_day_max: Some(sends_per_day_max),
        zone: zone.parse().unwrap(),
        ..paced()
    }
}

fn unpaced() -> LaneLimits {
    LaneLimits::unpaced(8)
}

fn paced() -> LaneLimits {
    LaneLimits {
        gap: Gap {
            min: Duration::from_secs(2),
            max: Duration::from_secs(4),
        },
        reply_gap: Gap::between_replies(),
        windows: vec![Window {
            sends_max: 10,
            span: Duration::from_secs(60),
        }],
        sends_per_day_max: Some(150),
        zone: "Asia/Jakarta".parse::<Zone>().unwrap(),
        ..LaneLimits::unpaced(4)
    }
}

#[test]
fn everybody_once_when_nothing_goes_wrong() {
    play("calm", |seed| Plan::new(seed, 200, unpaced()));
}

#[test]
fn everybody_once_under_every_fault() {
    play("faults", |seed| Plan {
        rates: Rates::all(0.02),
        ..Plan::new(seed, 300, unpaced())
    });
}

#[test]
fn everybody_once_through_crashes_at_any_step() {
    play("crashes", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 20,
        ..Plan::new(seed, 300, unpaced())
    });
}

/// The campaign had come to its end; nothing but the deliveries tells the next runner that there is work again.
#[test]
fn a_retry_that_its_runner_did_not_live_to_see_is_gone_on_with() {
    let mut world = World::new(Plan {
        rates: Rates::all(0.02),
        ..Plan::new(1, 200, unpaced())
    });
    world.run();
    let failed = world.record().counts.of(State::Failed);
    assert!(failed > 0);
    world.die_over_a_retry();
    assert_eq!(world.record().counts.of(State::Scheduled), failed);
    world.run();
    assert_eq!(world.record().counts.of(State::Scheduled), 0);
    checks::all(&world);
}

#[test]
fn everybody_once_with_little_in_memory() {
    play("small window", |seed| Plan {
        rates: Rates::all(0.03),
        crashes: (seed % 3) as u32,
        window: 4,
        ..Plan::new(seed, 300, unpaced())
    });
}

#[test]
fn numbers_that_are_not_on_whatsapp_are_found_at_the_lanes_pace() {
    play("number checks", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: (seed % 4) as u32,
        pauses: (seed % 2) as u32,
        check: NumberCheck::New,
        absent_one_in: Some(2 + seed % 5),
        ..Plan::new(seed, 120, paced())
    });
}

#[test]
fn numbers_are_only_asked_about_when_nothing_else_is_wanted() {
    play("only number checks", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: (seed % 4) as u32,
        pauses: (seed % 2) as u32,
        check: NumberCheck::Only,
        absent_one_in: Some(2 + seed % 5),
        ..Plan::new(seed, 120, paced())
    });
}

#[test]
fn who_is_added_gets_it_once_too() {
    play("additions", |seed| Plan {
        rates: Rates::all(0.02),
        crashes: (seed % 6) as u32,
        additions: 6,
        window: 16,
        ..Plan::new(seed, 100, unpaced())
    });
    play("additions to what ends early", |seed| Plan {
        crashes: (seed % 3) as u32,
        additions: 6,
        expires_after: (seed % 2 == 0).then_some(Duration::from_secs(600)),
        cancelled_after: (seed % 3 == 0).then_some(Duration::from_secs(300)),
        ..Plan::new(seed, 100, paced())
    });
}

#[test]
fn limits_hold_through_faults_and_crashes() {
    play("limits", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 5,
        ..Plan::new(seed, 400, paced())
    });
}

#[test]
fn a_limit_of_one_is_one() {
    play("one", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 3,
        ..Plan::new(
            seed,
            30,
            LaneLimits {
                gap: Gap::NONE,
                windows: vec![Window {
                    sends_max: 1,
                    span: Duration::from_secs(3_600),
                }],
                sends_per_day_max: Some(3),
                ..paced()
            },
        )
    });
}

#[test]
fn nothing_goes_out_outside_its_hours_or_after_its_expiry() {
    play("hours", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 3,
        hours: Some(Hours::parse("Mon-Sat 08:00-09:00", "Asia/Jakarta".parse().unwrap()).unwrap()),
        expires_after: Some(Duration::from_secs(5 * 86_400)),
        ..Plan::new(seed, 600, paced())
    });
}

/// Every midnight of three weeks, every Sunday, every restart, and clocks set back and forth by a day.
#[test]
fn a_limit_of_one_a_day_is_one_for_weeks() {
    play_so_many(LONG_SEEDS, "weeks", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 8,
        steps_between_crashes: 6_000,
        clock_jumps: 6,
        spread: Some(WEEKS),
        hours: Some(Hours::parse("Mon-Sat 08:00-24:00", "Asia/Jakarta".parse().unwrap()).unwrap()),
        ..Plan::new(seed, 18, capped(1, "Asia/Jakarta"))
    });
}

/// The clocks of Berlin go back on 25 October 2026 and ahead on 28 March 2027, those of New York back on 1 November 2026; those of
/// Auckland go ahead on 27 September 2026, those of Lord Howe by half an hour on 4 October.
#[test]
fn limits_and_hours_hold_while_the_clocks_of_their_zone_change() {
    for (name, begins) in [
        ("Europe/Berlin", "2026-10-23T20:00:00Z"),
        ("Europe/Berlin", "2027-03-26T20:00:00Z"),
        ("America/New_York", "2026-10-30T20:00:00Z"),
        ("Pacific/Auckland", "2026-09-25T10:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-02T10:00:00Z"),
    ] {
        play_so_many(LONG_SEEDS, name, |seed| Plan {
            rates: Rates::all(0.01),
            crashes: 4,
            steps_between_crashes: 4_000,
            begins: begins.parse().unwrap(),
            // Every other time around the hour that is missing or comes twice.
            hours: (seed % 2 == 0)
                .then(|| Hours::parse("01:30-03:30", name.parse().unwrap()).unwrap()),
            ..Plan::new(seed, 80, capped(20, name))
        });
    }
}

#[test]
fn an_account_that_moves_to_another_zone_begins_no_day() {
    let zones = [
        "Asia/Jayapura",
        "Europe/London",
        "Pacific/Auckland",
        "America/Los_Angeles",
    ];
    play_so_many(LONG_SEEDS, "moves", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: 4,
        steps_between_crashes: 4_000,
        zone_changes: zones.map(|zone| zone.parse().unwrap()).into(),
        spread: Some(Duration::from_secs(5 * 86_400)),
        ..Plan::new(seed, 100, capped(15, "Asia/Jakarta"))
    });
}

/// What was on its way when the others were swept may come back afterwards.
#[test]
fn nobody_is_left_scheduled_when_a_campaign_expires_or_is_cancelled() {
    let faulty = |seed| Plan {
        rates: Rates::all(0.05),
        ..Plan::new(seed, 300, unpaced())
    };
    play_so_many(MANY_SEEDS, "expires", |seed| Plan {
        expires_after: Some(Duration::from_secs(3)),
        ..faulty(seed)
    });
    play_so_many(MANY_SEEDS, "cancelled", |seed| Plan {
        cancelled_after: Some(Duration::from_secs(2)),
        ..faulty(seed)
    });
    play_so_many(MANY_SEEDS, "cancelled and crashed", |seed| Plan {
        cancelled_after: Some(Duration::from_secs(2)),
        crashes: 3,
        ..faulty(seed)
    });
}

#[test]
fn clocks_that_are_set_back_and_forth_break_no_limit() {
    play("clocks", |seed| Plan {
        rates: Rates::all(0.005),
        crashes: 3,
        clock_jumps: 6,
        ..Plan::new(seed, 300, paced())
    });
}

#[test]
fn pause_resume_and_suppression_are_obeyed() {
    play("pauses", |seed| Plan {
        rates: Rates::all(0.01),
        pauses: 6,
        suppressions: 40,
        crashes: 2,
        ..Plan::new(seed, 300, paced())
    });
}

#[test]
fn a_restored_copy_sends_nobody_twice() {
    play("restored", |seed| Plan {
        rates: Rates::all(0.01),
        restores: 1,
        ..Plan::new(seed, 200, unpaced())
    });
}

#[test]
fn without_a_message_store_doubts_stay_and_are_listed() {
    play("store off", |seed| Plan {
        rates: Rates::all(0.02),
        store_on: false,
        ..Plan::new(seed, 300, unpaced())
    });
}

#[test]
fn a_message_store_turned_on_too_late_is_no_evidence_of_absence() {
    play("store turned on", |seed| Plan {
        rates: Rates::all(0.03),
        store_on: false,
        store_turned_on: true,
        hears_events: false,
        crashes: (seed % 3) as u32,
        ..Plan::new(
            seed,
            300,
            LaneLimits {
                gap: Gap {
                    min: Duration::from_secs(1),
                    max: Duration::from_secs(2),
                },
                ..unpaced()
            },
        )
    });
}

#[test]
fn everybody_once_where_no_event_is_heard() {
    play("deaf", |seed| Plan {
        rates: Rates::all(0.01),
        hears_events: false,
        crashes: (seed % 2) as u32 * 5,
        ..Plan::new(seed, 300, unpaced())
    });
}

#[test]
fn where_ids_are_ignored_nobody_gets_it_twice() {
    play("ids ignored", |seed| Plan {
        rates: Rates::all(0.02),
        honours_ids: false,
        crashes: 4,
        ..Plan::new(seed, 300, unpaced())
    });
}
