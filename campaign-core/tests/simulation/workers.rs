//! Worlds of several workers, which are killed, frozen past their leases and thawed, and come and go, while everything else goes on.

use std::time::Duration;

use campaign_core::campaign::Category;
use campaign_core::limits::LaneLimits;

use super::campaigns::{paced, unpaced};
use super::coverage::Strike;
use super::faults::Rates;
use super::plan::{CampaignPlan, CommitRates, LanePlan, PeoplePlan, Plan};
use super::plays::play_so_many;

/// How many seeds an ordinary run plays.
const SEEDS: u64 = 300;
const SPREAD: Duration = Duration::from_secs(600);

fn workers(seed: u64) -> Plan {
    // Each thing is drawn for itself.
    let one_of = |count: u64, salt: u64| {
        fastrand::Rng::with_seed(seed.wrapping_mul(64).wrapping_add(salt)).u64(..count)
    };
    let campaign = |lane, greeting, category, audience| CampaignPlan {
        greeting,
        category,
        ..CampaignPlan::new(lane, audience)
    };
    let mut campaigns = vec![
        campaign(0, "Promo", Category::Marketing, 0..50),
        campaign(1, "Tagihan", Category::Utility, 20..60),
        campaign(2, "Kode", Category::Authentication, 10..30),
        campaign(3, "Promo", Category::Marketing, 40..80),
        campaign(0, "Kabar", Category::Utility, 0..40),
    ];
    campaigns[2].started_after = Duration::from_secs(1 + one_of(200, 1));
    for (index, salt) in [(1, 2), (3, 3), (4, 4)] {
        if one_of(2, salt) == 0 {
            let lane = campaigns[index].lane;
            campaigns[index].also = Some((lane + 1 + one_of(3, salt + 10) as usize) % 4);
            campaigns[index].moves_after =
                (one_of(2, salt + 20) == 0).then(|| Duration::from_secs(10 + one_of(120, 5)));
        }
    }
    if one_of(4, 6) == 0 {
        campaigns[4].cancelled_after = Some(Duration::from_secs(5 + one_of(300, 7)));
    }
    if one_of(4, 8) == 0 {
        campaigns[3].expires_after = Some(Duration::from_secs(30 + one_of(400, 9)));
    }
    let limits = |kind: u64| -> LaneLimits {
        match kind {
            0 => unpaced(),
            _ => paced(),
        }
    };
    let lanes = (0..4).map(|lane| {
        let mut plan = LanePlan::new(limits(one_of(3, 30 + lane)));
        plan.limits.counts_by_hand = one_of(2, 62) == 0;
        plan.hides_people = one_of(3, 34 + lane) == 0;
        plan.knows_one_in = [1, 2, 5][one_of(3, 70 + lane) as usize];
        plan
    });
    let some = |max: u64, salt| one_of(max + 1, salt) as u32;
    Plan {
        workers: 2 + some(2, 40),
        freezes: some(4, 41),
        kills: some(4, 42),
        retirements: some(2, 43),
        lanes: lanes.collect(),
        campaigns,
        rates: Rates::all([0.0, 0.004, 0.02][one_of(3, 44) as usize]),
        commits: CommitRates {
            slow: [0.0, 0.01][one_of(2, 45) as usize],
            failed: [0.0, 0.01][one_of(2, 46) as usize],
            unknown: [0.0, 0.001][one_of(2, 47) as usize],
            unreadable: [0.0, 0.01][one_of(2, 48) as usize],
        },
        pauses: some(3, 49),
        suppressions: some(4, 50),
        decisions: some(6, 51),
        limit_changes: some(2, 52),
        people: PeoplePlan {
            wishes: some(6, 53),
            lids_learnt: some(20, 74),
            ..PeoplePlan::default()
        },
        singles: some(6, 54),
        slow_writes: [0.0, 0.1][one_of(2, 55) as usize],
        meddling: [0.0, 0.01][one_of(2, 56) as usize],
        letters: some(20, 57),
        by_hand: some(10, 75),
        stray_acks: some(3, 58),
        outages: u32::from(one_of(4, 59) == 0),
        flaps: some(2, 60),
        spread: Some(SPREAD),
        window: [4, 16, 64][one_of(3, 61) as usize],
        heals_after: Some(SPREAD * 2),
        ..Plan::new(seed, 0, paced())
    }
}

#[test]
fn worlds_of_workers_keep_every_promise() {
    let coverage = play_so_many(SEEDS, "workers", workers);
    println!("{coverage}");
    let is_ordinary = ["SIMULATION_SEED", "SIMULATION_SEEDS"]
        .iter()
        .all(|name| super::plays::number(name).is_none());
    if is_ordinary {
        let missing = coverage.missing(REACHED);
        assert!(missing.is_empty(), "never reached: {missing:?}");
    }
}

use campaign_core::delivery::State::*;

/// What must have struck where in a run of the usual length.
const REACHED: &[(Strike, &[campaign_core::delivery::State])] = &[
    (Strike::Frozen, &[Scheduled, Sending, Unconfirmed, Accepted]),
    (Strike::Killed, &[Scheduled, Sending, Unconfirmed, Accepted]),
    (Strike::Dismissed, &[Scheduled, Unconfirmed, Accepted]),
    (Strike::HandedOverAfterLease, &[Unconfirmed]),
    (Strike::Retired, &[Scheduled, Sending, Accepted]),
];
