//! Worlds of one campaign on one lane, each about one thing.

use std::time::Duration;

use campaign_core::campaign::{CampaignState, NumberCheck};
use campaign_core::delivery::State;
use campaign_core::limits::{Gap, Hours, LaneLimits, Window, Zone};

use super::checks::{self, p2_nothing_is_claimed_by_content, p8_nothing_is_looked_for_without_end};
use super::faults::Rates;
use super::plan::Plan;
use super::plays::{play, play_judged, play_so_many};
use super::world::World;

/// How long the longest histories last.
const WEEKS: Duration = Duration::from_secs(21 * 86_400);
/// How many seeds an ordinary run plays of each plan that lasts for days.
const LONG_SEEDS: u64 = 4;

/// How many seeds an ordinary run plays of each plan whose histories are short.
const MANY_SEEDS: u64 = 120;

pub(crate) fn capped(sends_per_day_max: u32, zone: &str) -> LaneLimits {
    LaneLimits {
        sends_per_day_max: Some(sends_per_day_max),
        zone: zone.parse().unwrap(),
        ..paced()
    }
}

pub(crate) fn unpaced() -> LaneLimits {
    LaneLimits::unpaced(8)
}

pub(crate) fn paced() -> LaneLimits {
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
    // One that is settled is not looked at any more: there must be a doubt left.
    let with_a_doubt = (0..100).find_map(|seed| {
        let mut world = World::new(Plan {
            rates: Rates::all(0.02),
            ..Plan::new(seed, 200, unpaced())
        });
        world.run();
        let record = world.record();
        let fits = record.state == CampaignState::Completed && record.counts.of(State::Failed) > 0;
        fits.then_some(world)
    });
    let mut world = with_a_doubt.expect("one of a hundred has a doubt that waits for a person");
    let failed = world.record().counts.of(State::Failed);
    world.die_over_a_retry();
    assert_eq!(world.record().counts.of(State::Scheduled), failed);
    world.run();
    assert_eq!(world.record().counts.of(State::Scheduled), 0);
    checks::all(&world);
}

#[test]
fn everybody_once_with_little_in_memory() {
    play("small window", small_window);
}

fn small_window(seed: u64) -> Plan {
    Plan {
        rates: Rates::all(0.03),
        crashes: (seed % 3) as u32,
        window: 4,
        ..Plan::new(seed, 300, unpaced())
    }
}

/// One look-up of this world begins just before the time is over in which the server may carry the request out, and ends just after.
#[test]
fn a_look_up_proves_nothing_of_the_time_after_it_began() {
    let mut world = World::new(small_window(44));
    world.run();
    checks::all(&world);
}

#[test]
fn numbers_that_are_not_on_whatsapp_are_found_at_the_lanes_pace() {
    play("number checks", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: (seed % 4) as u32,
        pauses: (seed % 2) as u32,
        ..Plan::new(seed, 120, paced()).campaign(|it| {
            it.check = NumberCheck::New;
            it.absent_one_in = Some(2 + seed % 5);
        })
    });
}

#[test]
fn numbers_are_only_asked_about_when_nothing_else_is_wanted() {
    play("only number checks", |seed| Plan {
        rates: Rates::all(0.01),
        crashes: (seed % 4) as u32,
        pauses: (seed % 2) as u32,
        ..Plan::new(seed, 120, paced()).campaign(|it| {
            it.check = NumberCheck::Only;
            it.absent_one_in = Some(2 + seed % 5);
        })
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
        ..Plan::new(seed, 100, paced()).campaign(|it| {
            it.expires_after = (seed % 2 == 0).then_some(Duration::from_secs(600));
            it.cancelled_after = (seed % 3 == 0).then_some(Duration::from_secs(300));
        })
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
        ..Plan::new(seed, 600, paced()).campaign(|it| {
            it.hours =
                Some(Hours::parse("Mon-Sat 08:00-09:00", "Asia/Jakarta".parse().unwrap()).unwrap());
            it.expires_after = Some(Duration::from_secs(5 * 86_400));
        })
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
        ..Plan::new(seed, 18, capped(1, "Asia/Jakarta")).campaign(|it| {
            it.hours =
                Some(Hours::parse("Mon-Sat 08:00-24:00", "Asia/Jakarta".parse().unwrap()).unwrap());
        })
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
            ..Plan::new(seed, 80, capped(20, name)).campaign(|it| {
                it.hours = (seed % 2 == 0)
                    .then(|| Hours::parse("01:30-03:30", name.parse().unwrap()).unwrap());
            })
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
        rates: Rates::all(0.04),
        ..Plan::new(seed, 300, unpaced())
    };
    play_so_many(MANY_SEEDS, "expires", |seed| Plan {
        ..faulty(seed).campaign(|it| {
            it.expires_after = Some(Duration::from_secs(3));
        })
    });
    play_so_many(MANY_SEEDS, "cancelled", |seed| Plan {
        ..faulty(seed).campaign(|it| {
            it.cancelled_after = Some(Duration::from_secs(2));
        })
    });
    play_so_many(MANY_SEEDS, "cancelled and crashed", |seed| Plan {
        crashes: 3,
        ..faulty(seed).campaign(|it| {
            it.cancelled_after = Some(Duration::from_secs(2));
        })
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
        ..Plan::new(seed, 300, unpaced()).lane(|lane| {
            lane.store_on = false;
        })
    });
}

#[test]
fn a_message_store_turned_on_too_late_is_no_evidence_of_absence() {
    play_so_many(60, "store turned on", |seed| Plan {
        rates: Rates::all(0.03),
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
        .lane(|lane| {
            lane.store_on = false;
            lane.store_turned_on = true;
        })
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
        crashes: 4,
        ..Plan::new(seed, 300, unpaced()).lane(|lane| {
            lane.honours_ids = false;
        })
    });
}

/// The design lets a text claim a delivery only where ids cannot be trusted. A driver asks the store for the one open attempt of the chat
/// wherever it hears a text of ours under another id.
#[test]
fn where_ids_are_kept_another_id_is_another_message() {
    play_judged(
        MANY_SEEDS,
        "forwarded",
        |seed| Plan {
            rates: Rates::all(0.02),
            forwards: 60,
            ..Plan::new(seed, 30, paced())
        },
        p2_nothing_is_claimed_by_content,
    );
}

/// The account is paired anew while some of its messages are in doubt: they are read again every second for as long as the runner lives, and
/// whoever waits for the campaign to be over waits for ever.
#[test]
fn doubts_of_an_account_that_is_gone_are_left_to_a_person() {
    let plan = |seed| Plan {
        rates: Rates::all(0.01),
        pairings: 1,
        spread: Some(Duration::from_secs(60)),
        heals_after: Some(Duration::from_secs(300)),
        ..Plan::new(
            seed,
            60,
            LaneLimits {
                windows: Vec::new(),
                sends_per_day_max: None,
                ..paced()
            },
        )
    };
    play_judged(
        MANY_SEEDS,
        "paired anew",
        plan,
        p8_nothing_is_looked_for_without_end,
    );
}
