//! Worlds of three lanes and five campaigns, 200 deliveries and more, in which everything happens at once.

use std::time::Duration;

use campaign_core::campaign::Category;
use campaign_core::consent::{ConsentRule, FrequencyCap};
use campaign_core::delivery::State;
use campaign_core::limits::{Gap, Hours, LaneLimits, RestartPolicy, Window};

use super::campaigns::{paced, unpaced};
use super::coverage::Strike;
use super::faults::Rates;
use super::plan::{
    CampaignPlan, CommitRates, LanePlan, PeoplePlan, Plan, PowerPlan, SharedPlan, Whose,
};
use super::plays::play_so_many;

/// How many seeds an ordinary run plays.
const SEEDS: u64 = 2_000;
/// While all of it goes on.
const SPREAD: Duration = Duration::from_secs(600);

/// What a lane may do in these worlds: nothing is asked of it, the usual, or little.
fn limits(kind: u64) -> LaneLimits {
    match kind % 4 {
        0 => unpaced(),
        1 | 2 => paced(),
        _ => LaneLimits {
            gap: Gap {
                min: Duration::from_secs(1),
                max: Duration::from_secs(3),
            },
            windows: vec![
                Window {
                    sends_max: 4,
                    span: Duration::from_secs(30),
                },
                Window {
                    sends_max: 40,
                    span: Duration::from_secs(3_600),
                },
            ],
            sends_per_day_max: Some(60),
            ..paced()
        },
    }
}

/// Bits that have nothing to do with those of the number beside it (SplitMix64).
fn mixed_up(number: u64) -> u64 {
    let bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

fn mixed(seed: u64) -> Plan {
    // Each thing is drawn for itself, so that everything meets everything.
    let one_of =
        |count: u64, salt: u64| mixed_up(seed.wrapping_mul(128).wrapping_add(salt)) % count;
    let campaign = |lane, greeting, category, audience| CampaignPlan {
        greeting,
        category,
        ..CampaignPlan::new(lane, audience)
    };
    let mut campaigns = vec![
        campaign(0, "Promo", Category::Marketing, 0..60),
        // The same text from the same account to many of the same people.
        campaign(0, "Promo", Category::Utility, 30..60),
        campaign(0, "Kode", Category::Authentication, 10..40),
        // Two bills for each, to people who are in the others, too.
        CampaignPlan {
            rows_each: 2,
            is_urgent: one_of(2, 1) == 0,
            ..campaign(1, "Tagihan", Category::Utility, 20..40)
        },
        campaign(2, "Promo", Category::Marketing, 40..80),
    ];
    campaigns[2].started_after = Duration::from_secs(5 + one_of(120, 2));
    campaigns[1].started_after = Duration::from_secs(one_of(60, 3));
    if one_of(4, 4) == 0 {
        campaigns[1].cancelled_after = Some(Duration::from_secs(1 + one_of(200, 5)));
    }
    let has_jumps = one_of(4, 8) == 0;
    if one_of(4, 6) == 0 {
        campaigns[4].expires_after = Some(Duration::from_secs(10 + one_of(300, 7)));
    }
    // Some have two lanes, and more weight than what else goes through them.
    if one_of(3, 62) == 0 {
        campaigns[3].also = Some(2);
        campaigns[3].weight = 1 + one_of(5, 63) as u8;
        campaigns[3].moves_after =
            (one_of(2, 64) == 0).then(|| Duration::from_secs(5 + one_of(120, 65)));
    }
    if one_of(4, 66) == 0 {
        campaigns[2].also = Some(1);
    }
    let is_calm = one_of(3, 15) == 0;
    let has_pairings = !is_calm && one_of(5, 23) == 0;
    if one_of(5, 9) == 0 {
        let hours = Hours::parse("Mon-Sat 07:35-09:00", "Asia/Jakarta".parse().unwrap());
        campaigns[0].hours = Some(hours.unwrap());
    }
    if one_of(3, 46) == 0 {
        campaigns[1].may_repeat = false;
    }
    if one_of(3, 47) == 0 {
        campaigns[4].consent = ConsentRule::Required;
    }
    let cap = |category, max| FrequencyCap::new(category, max, 1).unwrap();
    let caps = match one_of(4, 48) {
        0 if !has_jumps => vec![cap(Some(Category::Marketing), 1)],
        1 if !has_jumps => vec![cap(None, 2), cap(Some(Category::Marketing), 2)],
        _ => Vec::new(),
    };
    if one_of(4, 53) == 0 {
        campaigns[3].catch_up.wait = Duration::from_secs(30);
    }
    if one_of(4, 54) == 0 {
        campaigns[0].catch_up.expires_after = Some(Duration::from_secs(400));
    }
    let zones = ["Asia/Jayapura", "Europe/London", "America/Los_Angeles"];
    let zone_changes = match one_of(6, 55) {
        0 => zones.map(|zone| zone.parse().unwrap()).into(),
        _ => Vec::new(),
    };
    let mut lanes: Vec<LanePlan> = (0..3)
        .map(|lane| LanePlan::new(limits(one_of(4, 10 + lane))))
        .collect();
    lanes[1].honours_ids = one_of(3, 13) > 0;
    for (lane, salt) in lanes.iter_mut().zip([56, 57, 58]) {
        lane.limits.counts_by_hand = one_of(2, salt) == 0;
        if one_of(2, salt + 3) == 0 {
            lane.limits.restart = RestartPolicy::WhenSuspected;
        }
    }
    for (lane, salt) in lanes.iter_mut().zip([35, 36, 37]) {
        lane.hides_people = one_of(3, salt) == 0;
        lane.is_keyed_by_lid = one_of(6, salt) == 3;
        lane.knows_one_in = [1, 2, 5][one_of(3, salt + 3) as usize];
    }
    lanes[2].store_on = one_of(4, 14) > 0;
    let some = |max: u64, salt| one_of(max + 1, salt) as u32;
    // One in three hears everything, so that nothing excuses a doubt there.
    let unless_calm = |count: u32| if is_calm { 0 } else { count };
    let is_restored = !is_calm && one_of(10, 16) == 0;
    // Above the accounts there are limits in one world of three, so that the others go as fast as their accounts may.
    let mut shared = Vec::new();
    if one_of(3, 70) == 0 {
        campaigns[0].is_of_tenant = true;
        campaigns[4].is_of_tenant = true;
        let all = [
            (Whose::Installation, 12, 20),
            (Whose::Server, 30, 60),
            (Whose::Tenant, 5, 15),
            (Whose::Campaign(3), 2, 7),
        ];
        for ((whose, sends_max, seconds), salt) in all.into_iter().zip(71..) {
            if one_of(2, salt) == 0 {
                shared.push(SharedPlan::window(whose, sends_max, seconds));
            }
        }
    }
    Plan {
        lanes,
        shared,
        campaigns,
        rates: Rates::all([0.002, 0.006, 0.02][one_of(3, 17) as usize]),
        commits: CommitRates {
            slow: 0.01,
            failed: 0.01,
            unknown: if is_calm { 0.0 } else { 0.001 },
            unreadable: 0.01,
        },
        crashes: unless_calm(some(4, 18)),
        steps_between_crashes: 1_500,
        pauses: some(3, 19),
        suppressions: some(6, 20),
        clock_jumps: if has_jumps { some(3, 21) } else { 0 },
        suspensions: unless_calm(u32::from(one_of(6, 22) == 0)),
        restores: u32::from(is_restored),
        power: PowerPlan {
            cuts: unless_calm(some(9, 32).saturating_sub(7)),
            loses: one_of(2, 33) == 0,
            is_announced: true,
            ..PowerPlan::default()
        },
        pairings: u32::from(has_pairings),
        decisions: some(8, 24),
        limit_changes: some(2, 25),
        people: PeoplePlan {
            wishes: some(8, 41),
            lids_learnt: some(20, 42),
            caps,
            wait_hours_max: 0,
            have_agreed: one_of(2, 43) == 0,
        },
        singles: some(6, 44),
        slow_writes: [0.0, 0.1][one_of(2, 45) as usize],
        meddling: [0.0, 0.01][one_of(2, 49) as usize],
        races: [0.0, 0.003][one_of(2, 50) as usize],
        by_hand: some(20, 51),
        deaths: unless_calm(some(3, 52).saturating_sub(1)),
        zone_changes,
        forwards: some(12, 26),
        letters: some(30, 27),
        stray_acks: some(5, 28),
        outages: unless_calm(u32::from(one_of(4, 30) == 0)),
        flaps: some(2, 31),
        spread: Some(SPREAD),
        window: [4, 16, 64][one_of(3, 29) as usize],
        heals_after: Some(SPREAD * 2),
        ..Plan::new(seed, 0, paced())
    }
}

#[test]
fn mixed_worlds_keep_every_promise() {
    let coverage = play_so_many(SEEDS, "mixed", mixed);
    println!("{coverage}");
    // A few seeds need not meet everything.
    let is_ordinary = ["SIMULATION_SEED", "SIMULATION_SEEDS"]
        .iter()
        .all(|name| super::plays::number(name).is_none());
    if is_ordinary {
        let missing = coverage.missing(REACHED);
        assert!(missing.is_empty(), "never reached: {missing:?}");
    }
}

use State::*;

/// What must have struck where in a run of the usual length: whatever did so often in a run that chance alone cannot leave it out.
const REACHED: &[(Strike, &[State])] = &[
    (Strike::Accepted, &[Sending, Accepted]),
    (Strike::Refused, &[Sending]),
    (Strike::Withheld, &[Sending]),
    (Strike::NotReady, &[Sending]),
    (Strike::Unauthorized, &[Sending]),
    (Strike::RateLimited, &[Sending]),
    (Strike::Broken, &[Sending]),
    (Strike::Restricted, &[Sending]),
    (Strike::NoAnswer, &[Sending, Delivered]),
    (Strike::ServerError, &[Sending]),
    (Strike::HandedOver, &[Sending, Unconfirmed]),
    (Strike::HandedOverLate, &[Unconfirmed]),
    (Strike::HeldLetGo, &[Sending, Unconfirmed]),
    (
        Strike::Ack,
        &[Sending, Unconfirmed, Accepted, Sent, Delivered, Failed],
    ),
    (Strike::AckError, &[Sending, Accepted]),
    (Strike::LookedUp, &[Scheduled, Unconfirmed, Accepted]),
    (
        Strike::Forwarded,
        &[Scheduled, Unconfirmed, Accepted, Sent, Delivered, Failed],
    ),
    (
        Strike::PairedAnew,
        &[
            Scheduled,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (Strike::Outage, &[Sending]),
    (
        Strike::OptedOut,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Delivered,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::OptedOutHidden,
        &[Scheduled, Accepted, Delivered, Skipped],
    ),
    (Strike::OptedIn, &[Scheduled, Delivered, Skipped]),
    (
        Strike::LidLearnt,
        &[Scheduled, Unconfirmed, Accepted, Delivered, Skipped],
    ),
    (Strike::AskedOnce, &[Scheduled, Delivered]),
    (Strike::ReplyInTime, &[Sending]),
    (
        Strike::ByHand,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Delivered,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::Died,
        &[Scheduled, Sending, Unconfirmed, Accepted, Sent, Delivered],
    ),
    (
        Strike::Failed,
        &[Scheduled, Unconfirmed, Accepted, Delivered],
    ),
    (
        Strike::Restarted,
        &[Scheduled, Unconfirmed, Accepted, Delivered],
    ),
    (
        Strike::PowerCut,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (
        Strike::CommitsLost,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (
        Strike::Suspended,
        &[Scheduled, Unconfirmed, Accepted, Delivered],
    ),
    (Strike::Meddled, &[Sending]),
    (Strike::Raced, &[Sending, Unconfirmed, Accepted]),
    (
        Strike::ServerRestarted,
        &[
            Scheduled,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (
        Strike::Flap,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
            Cancelled,
        ],
    ),
    (Strike::AckOfUnsent, &[Skipped, Cancelled]),
    (
        Strike::CommitSlow,
        &[Scheduled, Sending, Unconfirmed, Accepted, Sent],
    ),
    (
        Strike::CommitFailed,
        &[Scheduled, Sending, Unconfirmed, Accepted, Sent],
    ),
    (
        Strike::ReadFailed,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (
        Strike::CommitUnknownKept,
        &[Scheduled, Sending, Unconfirmed, Accepted],
    ),
    (
        Strike::CommitUnknownLost,
        &[Scheduled, Sending, Unconfirmed, Accepted],
    ),
    (
        Strike::RunnerEnded,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::Crash,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::Restored,
        &[Scheduled, Sending, Accepted, Sent, Delivered],
    ),
    (
        Strike::ClockJump,
        &[
            Scheduled,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
        ],
    ),
    (
        Strike::Paused,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::Cancelled,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
        ],
    ),
    (
        Strike::Suppressed,
        &[
            Scheduled,
            Unconfirmed,
            Accepted,
            Delivered,
            Skipped,
            Cancelled,
        ],
    ),
    (
        Strike::LimitsChanged,
        &[
            Scheduled,
            Sending,
            Unconfirmed,
            Accepted,
            Sent,
            Delivered,
            Failed,
            Skipped,
            Cancelled,
        ],
    ),
    (Strike::Resend, &[Unconfirmed, Accepted, Failed]),
    (Strike::Retry, &[Unconfirmed, Accepted, Failed]),
    (Strike::Confirm, &[Unconfirmed, Accepted, Failed]),
    (Strike::GiveUp, &[Unconfirmed, Accepted, Failed]),
];
