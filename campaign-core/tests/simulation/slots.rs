//! What somebody waits for, beside a broadcast that goes wrong in every way.

use std::time::Duration;

use campaign_core::campaign::Category;
use campaign_core::limits::LaneLimits;

use super::campaigns::paced;
use super::checks::{p6_nobody_fails_for_a_restriction, p10_replies_first};
use super::faults::{Fault, Rates};
use super::plan::{CampaignPlan, Plan};
use super::plays::play_judged;

const SEEDS: u64 = 60;

/// A broadcast to 150, and two dozen people each in two urgent campaigns that begin while it goes on.
fn beside_a_broadcast(seed: u64) -> Plan {
    let limits = LaneLimits {
        windows: Vec::new(),
        sends_per_day_max: None,
        ..paced()
    };
    let urgent = |greeting, category, is_urgent, audience, started_after| CampaignPlan {
        greeting,
        category,
        is_urgent,
        started_after: Duration::from_secs(started_after),
        ..CampaignPlan::new(0, audience)
    };
    Plan {
        campaigns: vec![
            CampaignPlan::new(0, 0..150),
            urgent(
                "Kode",
                Category::Authentication,
                false,
                200..224,
                20 + seed % 40,
            ),
            urgent("Lunas", Category::Utility, true, 224..248, 30 + seed % 90),
        ],
        ..Plan::new(seed, 0, limits)
    }
}

/// Only what nobody notices before the answer is late: the lane is well as far as anybody knows.
#[test]
fn replies_never_wait_for_a_broadcasts_answer() {
    for fault in [
        Fault::Slow,
        Fault::AckMissing,
        Fault::AckError,
        Fault::Vanished,
    ] {
        play_judged(
            SEEDS,
            &format!("replies beside {fault:?}"),
            |seed| Plan {
                rates: Rates::only(fault, 0.4).sparing_replies(),
                ..beside_a_broadcast(seed)
            },
            p10_replies_first,
        );
    }
}

/// Everybody in the urgent campaigns has written; the account is restricted again and again.
#[test]
fn replies_go_on_while_strangers_may_not_be_written_to() {
    play_judged(
        SEEDS,
        "replies while restricted",
        |seed| Plan {
            rates: Rates::only(Fault::Restricted, 0.05).sparing_replies(),
            all_have_written: true,
            ..beside_a_broadcast(seed)
        },
        p10_replies_first,
    );
}

/// A message that gets error 463 is looked up, proved absent and sent again after the hold, as often as it takes.
#[test]
fn nobody_fails_because_the_account_was_restricted() {
    play_judged(
        SEEDS,
        "restricted again and again",
        |seed| Plan {
            rates: Rates::only(Fault::Restricted, 0.3),
            ..Plan::new(seed, 40, paced())
        },
        p6_nobody_fails_for_a_restriction,
    );
}
