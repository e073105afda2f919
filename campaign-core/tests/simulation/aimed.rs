//! Worlds of one campaign in which the machine, the people or the operator do what is hardest at the worst moment.

use std::time::Duration;

use campaign_core::limits::{Hours, RestartPolicy};

use super::campaigns::{capped, paced, unpaced};
use super::checks::p2_acks_move_nothing_back;
use super::faults::{Fault, Rates};
use super::plan::{CommitRates, PeoplePlan, Plan, PowerPlan};

use super::plays::{play, play_judged, play_so_many};

/// How many seeds an ordinary run plays of each plan whose histories are short.
const SEEDS: u64 = 60;
/// The same of worlds of two days whose clocks jump.
const SEEDS_OF_CLOCKS: u64 = 12;

/// Nothing is lost of which anybody was told; the machine begins another boot, by whose clock nothing is on record.
#[test]
fn a_loss_of_power_costs_nobody_anything_where_commits_are_synced() {
    play("power", |seed| Plan {
        rates: Rates::all(0.01),
        power: PowerPlan {
            cuts: 3,
            ..PowerPlan::default()
        },
        crashes: (seed % 3) as u32,
        ..Plan::new(seed, 200, paced())
    });
}

/// Commits that were said to be durable are gone, and the store knows that it is an older copy of itself.
#[test]
fn commits_that_power_took_are_looked_up_first_where_that_is_noticed() {
    let losing = |seed, limits| Plan {
        rates: Rates::all(0.01),
        power: PowerPlan {
            cuts: 2,
            loses: true,
            is_announced: true,
            ..PowerPlan::default()
        },
        ..Plan::new(seed, 200, limits)
    };
    play("commits lost", |seed| losing(seed, paced()));
    play("commits lost in a hurry", |seed| Plan {
        spread: Some(Duration::from_secs(8)),
        ..losing(seed, unpaced())
    });
}

/// What is on record for a moment that lies ahead, as this machine sees it: holds, looks, waits.
#[test]
fn a_machine_without_a_clock_of_its_own_goes_on_when_it_is_told_the_time() {
    play("no clock", |seed| Plan {
        rates: Rates::all(0.01),
        power: PowerPlan {
            cuts: 3,
            forgets_time: true,
            ..PowerPlan::default()
        },
        singles: 10,
        spread: Some(Duration::from_secs(900)),
        heals_after: Some(Duration::from_secs(1_800)),
        ..Plan::new(seed, 150, paced()).campaign(|it| {
            it.expires_after = (seed % 2 == 0).then_some(Duration::from_secs(86_400));
        })
    });
}

/// Somebody decides something while a request waits for its connection: it is written or withheld, and never what it must not be.
#[test]
fn whatever_is_decided_between_a_journal_and_its_write_is_obeyed() {
    play_so_many(SEEDS, "meddling", |seed| Plan {
        rates: Rates::all(0.005),
        slow_writes: 0.6,
        meddling: 0.15,
        crashes: (seed % 3) as u32,
        letters: 20,
        commits: CommitRates {
            slow: 0.05,
            failed: 0.02,
            unknown: 0.0,
            unreadable: 0.02,
        },
        ..Plan::new(seed, 150, paced())
    });
}

/// The operator sends again, confirms and gives up just as the acks and the late hand-overs come in that tell what became of a message.
#[test]
fn decisions_that_race_with_evidence_send_no_more_than_was_asked_for() {
    for fault in [
        Fault::Late,
        Fault::Held,
        Fault::AckDisorder,
        Fault::AckErrorThenDevice,
        Fault::ResetAfter,
    ] {
        play_so_many(SEEDS / 2, &format!("races with {fault:?}"), |seed| Plan {
            rates: Rates::only(fault, 0.25),
            races: 0.3,
            decisions: 40,
            crashes: (seed % 3) as u32,
            ..Plan::new(seed, 100, paced())
        });
    }
}

/// Clocks jump by minutes and by weeks around hours, expiry, the cap of the day and the change of a zone's clocks; the machine sleeps.
#[test]
fn clocks_that_jump_change_nothing_of_hours_expiry_and_the_day() {
    for (name, begins) in [
        ("Asia/Jakarta", "2026-11-21T00:30:00Z"),
        ("Europe/Berlin", "2026-10-24T23:30:00Z"),
        ("Europe/Berlin", "2027-03-27T23:30:00Z"),
    ] {
        play_so_many(SEEDS_OF_CLOCKS, name, |seed| Plan {
            rates: Rates::all(0.005),
            crashes: 4,
            steps_between_crashes: 1_000,
            clock_jumps: 8,
            suspensions: 2,
            begins: begins.parse().unwrap(),
            spread: Some(Duration::from_secs(2 * 86_400)),
            ..Plan::new(seed, 90, capped(25, name)).campaign(|it| {
                it.hours =
                    Some(Hours::parse("01:30-03:30, 08:00-20:00", name.parse().unwrap()).unwrap());
                it.expires_after = (seed % 2 == 0).then_some(Duration::from_secs(3 * 86_400));
                it.catch_up.wait = Duration::from_secs(seed % 3 * 300);
            })
        });
    }
}

/// People hide behind LIDs, write that they want no more, and want it again; sessions learn late who they are.
#[test]
fn who_opts_out_is_left_alone_by_phone_and_by_lid() {
    play_so_many(SEEDS, "opt-outs", |seed| Plan {
        rates: Rates::all(0.005),
        crashes: (seed % 4) as u32,
        people: PeoplePlan {
            wishes: 40,
            lids_learnt: 60,
            ..PeoplePlan::default()
        },
        slow_writes: 0.2,
        spread: Some(Duration::from_secs(600)),
        heals_after: Some(Duration::from_secs(900)),
        ..Plan::new(seed, 150, paced()).lane(|lane| {
            lane.hides_people = true;
            lane.is_keyed_by_lid = seed % 3 == 0;
            lane.knows_one_in = 3;
        })
    });
}

/// A server on the same machine sleeps with it, and carries out afterwards what it held before: the hours in between prove nothing.
#[test]
fn what_a_sleeping_server_holds_is_not_taken_for_absent() {
    play_so_many(SEEDS, "sleep", |seed| Plan {
        rates: Rates::only(Fault::Late, 0.3),
        suspensions: 3,
        spread: Some(Duration::from_secs(400)),
        crashes: (seed % 3) as u32,
        ..Plan::new(seed, 60, unpaced())
    });
}

/// A server that is started anew has lost what it stored last: that it does not find a message then proves nothing.
#[test]
fn what_a_server_forgets_as_it_starts_anew_is_not_taken_for_absent() {
    play_so_many(SEEDS, "restarts that forget", |seed| Plan {
        rates: Rates::only(Fault::ResetAfter, 0.3),
        hears_events: false,
        outages: 6,
        restarts_forget: true,
        crashes: (seed % 3) as u32,
        ..Plan::new(seed, 200, paced())
    });
}

/// What a look-up tells was so when it was asked for, and not when its answer comes.
#[test]
fn an_answer_that_takes_long_is_as_old_as_its_question() {
    play_so_many(SEEDS, "slow look-ups", |seed| Plan {
        rates: Rates::only(Fault::Late, 0.2),
        hears_events: false,
        slow_finds: true,
        heals_after: Some(Duration::from_secs(1_800)),
        ..Plan::new(seed, 100, paced())
    });
}

/// Acks come in any order, and what has arrived has arrived.
#[test]
fn an_ack_that_comes_late_moves_nothing_back() {
    play_judged(
        SEEDS / 2,
        "acks backwards",
        |seed| Plan {
            rates: Rates::only(Fault::AckBackwards, 0.5),
            ..Plan::new(seed, 60, paced())
        },
        p2_acks_move_nothing_back,
    );
}

/// Sessions die and say that they work, or are given up; a person types on the phone.
#[test]
fn sessions_that_die_unnoticed_are_found_out() {
    play_so_many(SEEDS, "dead", |seed| Plan {
        rates: Rates::all(0.001),
        deaths: 3,
        by_hand: 10,
        spread: Some(Duration::from_secs(600)),
        heals_after: Some(Duration::from_secs(3_600)),
        ..Plan::new(seed, 250, paced()).lane(|lane| {
            lane.limits.counts_by_hand = true;
            if seed % 2 == 0 {
                lane.limits.restart = RestartPolicy::WhenSuspected;
            }
        })
    });
}

/// Where nobody notices, only those can get it twice who were written to in the moments that are lost; everything else holds.
#[test]
fn commits_that_power_took_unnoticed_harm_nobody_else() {
    play("commits lost unnoticed", |seed| Plan {
        rates: Rates::all(0.01),
        power: PowerPlan {
            cuts: 2,
            loses: true,
            is_announced: false,
            ..PowerPlan::default()
        },
        ..Plan::new(seed, 200, paced())
    });
}
