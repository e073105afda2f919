//! Campaigns of one account share it by priority and weight.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::{Definition, NumberCheck, Priority, Share, Weight};
use campaign_core::consent::Origin;
use campaign_core::delivery::CampaignId;
use campaign_core::store::{Answer, Command, Store, Suppression};
use paused::{Stage, definition, phone};

const MINUTE: Duration = Duration::from_secs(60);

fn share(priority: Priority, weight: u8) -> Share {
    Share {
        priority,
        weight: Weight::new(weight).unwrap(),
    }
}

/// A started campaign of 200 people with this share.
async fn begun(stage: &Stage, name: &str, first: u64, share: Share) -> CampaignId {
    let mut definition = Definition {
        check: NumberCheck::Never,
        ..definition(name)
    };
    definition.set_share(share);
    let campaign = stage.campaign(&definition, first..first + 200).await;
    stage.asks(Command::Start { campaign }).await;
    campaign
}

fn sent(stage: &Stage, campaigns: &[CampaignId]) -> Vec<usize> {
    let counts = campaigns.iter().map(|it| stage.arrivals(*it).len());
    counts.collect()
}

#[tokio::test(start_paused = true)]
async fn messages_are_shared_in_proportion_to_the_weights() {
    let stage = Stage::new();
    let heavy = begun(&stage, "berat", 0, share(Priority::Normal, 3)).await;
    let light = begun(&stage, "ringan", 1_000, share(Priority::Normal, 1)).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 8).await;
    let counts = sent(&stage, &[heavy, light]);
    assert!(counts[0] > 90, "{counts:?}");
    assert!(counts[0].abs_diff(counts[1] * 3) <= 3, "{counts:?}");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_may_not_be_written_to_costs_a_campaign_no_turn() {
    let stage = Stage::new();
    let all = begun(&stage, "semua", 0, Share::default()).await;
    let few = begun(&stage, "sebagian", 1_000, Share::default()).await;
    let barred = (1_000..1_200).filter(|n| n % 3 != 0).map(|n| Suppression {
        phone: phone(n),
        origin: Origin::Operator,
        source: "daftar".into(),
        since: stage.clock.now().wall,
    });
    stage
        .store
        .suppress(&barred.collect::<Vec<_>>())
        .await
        .unwrap();
    let runner = stage.runs().await;
    stage.passes(MINUTE * 4).await;
    let counts = sent(&stage, &[all, few]);
    assert!(counts[0].abs_diff(counts[1]) <= 2, "{counts:?}");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_higher_priority_goes_first_and_starves_nobody() {
    let stage = Stage::new();
    let low = begun(&stage, "rendah", 0, share(Priority::Low, 100)).await;
    let normal = begun(&stage, "biasa", 1_000, Share::default()).await;
    let high = begun(&stage, "penting", 2_000, share(Priority::High, 1)).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 9).await;
    let counts = sent(&stage, &[high, normal, low]);
    assert!(counts[0] > 130, "{counts:?}");
    assert!((14..=20).contains(&counts[1]), "{counts:?}");
    assert!((1..=2).contains(&counts[2]), "{counts:?}");
    stage.passes(MINUTE * 60).await;
    assert_eq!(sent(&stage, &[high, normal, low]), [200, 200, 200]);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn another_share_holds_from_the_next_message_on_and_after_a_restart() {
    let stage = Stage::new();
    let one = begun(&stage, "satu", 0, Share::default()).await;
    let two = begun(&stage, "dua", 1_000, Share::default()).await;
    let runner = stage.runs().await;
    stage.passes(MINUTE).await;
    let before = sent(&stage, &[one, two]);
    let command = Command::SetShare {
        campaign: two,
        share: share(Priority::Normal, 4),
    };
    let id = stage.store.submit(&command).await.unwrap();
    stage.passes(MINUTE * 2).await;
    assert_eq!(stage.store.answer(id).await.unwrap(), Some(Answer::Done));
    let between = sent(&stage, &[one, two]);
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(MINUTE * 2).await;
    let after = sent(&stage, &[one, two]);
    for (before, after) in [(&before, &between), (&between, &after)] {
        let (of_one, of_two) = (after[0] - before[0], after[1] - before[1]);
        assert!(of_one > 3 && of_two.abs_diff(of_one * 4) <= 5, "{after:?}");
    }
    runner.stops().await;
}
