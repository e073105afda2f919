//! What a person sends from the account on the phone: it counts in every limit, once, in whichever process, and is never stopped.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::gateway::Notice;
use campaign_core::limits::{LaneLimits, Window};
use campaign_core::store::{Command, Store};
use paused::{Runner, Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);

fn limits(sends_max: u32, counts_by_hand: bool) -> LaneLimits {
    LaneLimits {
        windows: vec![Window {
            sends_max,
            span: 10 * MINUTE,
        }],
        counts_by_hand,
        ..LaneLimits::unpaced(1)
    }
}

/// Somebody types a message to somebody else, now.
async fn types(stage: &Stage, runner: &Runner, message_id: &str) {
    let notice = Notice::ByHand {
        session: session(),
        account: account(),
        to: phone(800),
        at: stage.clock.now().wall,
        message_id: message_id.into(),
    };
    runner.handle.notify(notice).await;
    stage.passes(Duration::from_millis(500)).await;
}

/// A stage whose account has these limits, and a runner on it.
async fn under(limits: LaneLimits) -> (Stage, Runner) {
    let stage = Stage::new();
    stage
        .store
        .lane(account(), &session(), &limits)
        .await
        .unwrap();
    let runner = stage.runs().await;
    (stage, runner)
}

#[tokio::test(start_paused = true)]
async fn it_fills_the_window_once_each_and_in_every_process() {
    let (stage, runner) = under(limits(5, true)).await;
    let first = stage.campaign(&definition("first"), 900..901).await;
    stage.asks(Command::Start { campaign: first }).await;
    stage.passes(Duration::from_secs(5)).await;
    assert_eq!(stage.arrivals(first).len(), 1);
    for id in ["A", "B", "A", "A"] {
        types(&stage, &runner, id).await;
    }
    let campaign = stage.campaign(&definition("promo"), 0..20).await;
    stage.asks(Command::Start { campaign }).await;
    stage.passes(MINUTE).await;
    assert_eq!(stage.arrivals(campaign).len(), 2, "of five three are used");
    // It is never stopped: now there are eight in ten minutes.
    for id in ["C", "D", "E"] {
        types(&stage, &runner, id).await;
    }
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(8 * MINUTE).await;
    assert_eq!(stage.arrivals(campaign).len(), 2);
    // Told again by a webhook that did not hear us: it is known.
    types(&stage, &runner, "C").await;
    stage.passes(MINUTE + MINUTE / 2).await;
    let after = stage.arrivals(campaign).len();
    assert_eq!(
        after, 4,
        "two of the five, whose last three are still there"
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_typed_before_the_lane_was_open_counts() {
    let (stage, runner) = under(limits(5, true)).await;
    for id in ["A", "B", "C"] {
        types(&stage, &runner, id).await;
    }
    let campaign = stage.campaign(&definition("promo"), 0..20).await;
    stage.asks(Command::Start { campaign }).await;
    stage.passes(MINUTE).await;
    let sent = stage.arrivals(campaign).len();
    // One or more may have gone before the lane heard of them, and none after.
    assert!((2..=5).contains(&sent), "{sent}");
    stage.passes(5 * MINUTE).await;
    assert_eq!(stage.arrivals(campaign).len(), sent);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_asked_for_it_does_not_count() {
    let (stage, runner) = under(limits(5, false)).await;
    let campaign = stage.campaign(&definition("promo"), 0..20).await;
    for id in ["A", "B", "C", "D", "E"] {
        types(&stage, &runner, id).await;
    }
    stage.asks(Command::Start { campaign }).await;
    stage.passes(MINUTE).await;
    assert_eq!(stage.arrivals(campaign).len(), 5);
    runner.stops().await;
}
