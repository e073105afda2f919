//! The two slots of a lane: what somebody waits for does not wait for a broadcast, and goes on while strangers may not be written to.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::campaign::{Category, Definition};
use campaign_core::delivery::{CampaignId, Doubt, State};
use campaign_core::failure::{Outcome, Signal};
use campaign_core::gateway::{Allowance, Observation, Quota, Restriction};
use campaign_core::store::{Command, Store};
use campaign_core::testing::{Hold, Play};
use paused::{Runner, Stage, definition};

const HOUR: Duration = Duration::from_secs(3_600);

/// Error 463, as WAHA tells it.
fn restricted() -> Play {
    let outcome = Outcome::MaybeSent {
        doubt: Doubt::ServerError,
        signal: Some(Signal::Restricted),
        message: "server returned error 463".into(),
    };
    Play::ends(outcome, false)
}

fn password(name: &str) -> Definition {
    Definition {
        category: Category::Authentication,
        ..definition(name)
    }
}

async fn start(stage: &Stage, campaign: CampaignId) {
    stage.asks(Command::Start { campaign }).await;
}

/// A broadcast to 100 people, begun a minute ago.
async fn broadcast(stage: &Stage) -> (CampaignId, Runner) {
    let campaign = stage.campaign(&definition("promo"), 0..100).await;
    let runner = stage.runs().await;
    start(stage, campaign).await;
    stage.passes(Duration::from_secs(60)).await;
    (campaign, runner)
}

#[tokio::test(start_paused = true)]
async fn what_somebody_waits_for_goes_out_while_a_broadcasts_answer_is_awaited() {
    let stage = Stage::new();
    let cold = stage.campaign(&definition("promo"), 0..100).await;
    let urgent = stage.campaign(&password("send:otp"), 200..201).await;
    stage
        .gateway
        .script(move |sending| match sending.delivery.campaign() {
            campaign if campaign == cold => Play::accepted().held(Hold::BeforeAnswer),
            _ => Play::accepted(),
        });
    let runner = stage.runs().await;
    start(&stage, cold).await;
    stage.passes(Duration::from_secs(5)).await;
    start(&stage, urgent).await;
    stage.passes(Duration::from_secs(3)).await;
    assert_eq!(stage.arrivals(cold).len(), 1, "its answer is awaited");
    assert_eq!(stage.arrivals(urgent).len(), 1);
    stage.gateway.release_all();
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_and_replies_keep_a_pace_each() {
    let stage = Stage::new();
    let (cold, runner) = broadcast(&stage).await;
    let urgent = stage.campaign(&password("send:otp"), 200..230).await;
    start(&stage, urgent).await;
    stage.passes(Duration::from_secs(50)).await;
    let replies = stage.arrivals(urgent);
    assert_eq!(replies.len(), 30, "one or two seconds apart");
    let gaps = replies.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(
        gaps.clone().all(|gap| (1.0..2.5).contains(&gap)),
        "{replies:?}"
    );
    let arrivals = stage.arrivals(cold);
    let gaps: Vec<f64> = arrivals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (2.0..4.5).contains(gap)), "{gaps:?}");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn replies_flow_while_the_account_is_restricted_and_strangers_wait_for_its_end() {
    let stage = Stage::new();
    let (cold, runner) = broadcast(&stage).await;
    let before = stage.arrivals(cold).len();
    assert!(before > 10);
    let mut refusals = 1;
    stage.gateway.script(move |_| {
        refusals -= 1;
        if refusals >= 0 {
            restricted()
        } else {
            Play::accepted()
        }
    });
    stage.passes(Duration::from_secs(60)).await;
    assert_eq!(stage.arrivals(cold).len(), before, "held");

    // One has written, the other has not.
    runner.hears_from(&stage, 201).await;
    let urgent = stage.campaign(&password("send:otp"), 201..203).await;
    start(&stage, urgent).await;
    stage.passes(Duration::from_secs(60)).await;
    assert_eq!(stage.arrivals(urgent).len(), 1);
    let record = stage.store.campaign("send:otp").await.unwrap().unwrap();
    assert_eq!(record.counts.of(State::Scheduled), 1, "the stranger waits");
    runner.hears_from(&stage, 202).await;
    assert_eq!(stage.arrivals(cold).len(), before);

    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(urgent).len(), 2);
    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(cold).len(), 100, "nobody is lost by it");
    assert!(
        stage
            .gateway
            .times_received()
            .values()
            .all(|times| *times == 1)
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_restriction_outlives_the_process() {
    let stage = Stage::new();
    let (cold, runner) = broadcast(&stage).await;
    let before = stage.arrivals(cold).len();
    let mut refusals = 1;
    stage.gateway.script(move |_| {
        refusals -= 1;
        if refusals >= 0 {
            restricted()
        } else {
            Play::accepted()
        }
    });
    stage.passes(Duration::from_secs(30)).await;
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(HOUR / 2).await;
    assert_eq!(stage.arrivals(cold).len(), before);
    stage.passes(HOUR).await;
    assert!(stage.arrivals(cold).len() > before);
    runner.stops().await;
}

/// Nothing has been sent from the account yet, so that there is no lane on record.
#[tokio::test(start_paused = true)]
async fn limits_that_are_set_before_the_first_message_outlive_the_process() {
    let stage = Stage::new();
    let runner = stage.runs().await;
    let given = campaign_core::limits::LaneLimits::unpaced(3);
    stage
        .asks(Command::SetLimits {
            account: paused::account(),
            limits: given.clone(),
        })
        .await;
    stage.passes(Duration::from_secs(5)).await;
    let cold = stage.campaign(&definition("promo"), 0..3).await;
    start(&stage, cold).await;
    stage.passes(Duration::from_secs(30)).await;
    runner.stops().await;
    let others = campaign_core::limits::LaneLimits::default();
    let session = paused::session();
    let record = stage.store.lane(paused::account(), &session, &others);
    assert_eq!(record.await.unwrap().limits, given);
}

/// Many may be under way at once, and a restriction is tried by one alone.
#[tokio::test(start_paused = true)]
async fn after_a_restriction_one_message_tries_for_all() {
    let stage = Stage::new();
    let cold = stage.campaign(&definition("promo"), 0..100).await;
    let runner = stage.runs().await;
    let limits = campaign_core::limits::LaneLimits::unpaced(8);
    let session = paused::session();
    stage
        .store
        .lane(paused::account(), &session, &limits)
        .await
        .unwrap();
    let refused = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&refused);
    stage.gateway.script(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        restricted()
    });
    start(&stage, cold).await;
    stage.passes(HOUR / 2).await;
    let at_once = refused.load(std::sync::atomic::Ordering::SeqCst);
    assert!((1..=8).contains(&at_once), "{at_once}");
    stage.passes(2 * HOUR).await;
    let later = refused.load(std::sync::atomic::Ordering::SeqCst);
    assert!(
        (at_once + 1..=at_once + 2).contains(&later),
        "{at_once} and {later}"
    );
    stage.gateway.script(|_| Play::accepted());
    stage.passes(2 * HOUR).await;
    assert_eq!(stage.arrivals(cold).len(), 100);
    runner.stops().await;
}

/// How the session's account stands with WhatsApp, as the next looks will tell.
fn tell(stage: &Stage, allowance: Allowance) {
    let observation = Observation {
        allowance,
        ..stage.gateway.working(paused::account())
    };
    stage.gateway.observes(&paused::session(), observation);
}

fn quota(used: u32, warnings: u8) -> Allowance {
    Allowance {
        restriction: None,
        quota: Some(Quota {
            total: 40,
            used,
            warnings,
            renews_at: None,
        }),
    }
}

#[tokio::test(start_paused = true)]
async fn a_restriction_that_the_server_tells_of_holds_before_any_message_is_refused() {
    let stage = Stage::new();
    let (cold, runner) = broadcast(&stage).await;
    let end = stage.clock.now().wall + 2 * HOUR;
    let restriction = Some(Restriction { until: Some(end) });
    tell(
        &stage,
        Allowance {
            restriction,
            quota: None,
        },
    );
    stage.passes(Duration::from_secs(20)).await;
    let before = stage.arrivals(cold).len();
    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(cold).len(), before);
    tell(&stage, Allowance::default());
    stage.passes(HOUR / 2).await;
    assert_eq!(stage.arrivals(cold).len(), before, "its end was stated");
    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(cold).len(), 100);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn the_quota_of_new_chats_is_never_crossed_and_replies_go_on() {
    let stage = Stage::new();
    tell(&stage, quota(30, 0));
    let (cold, runner) = broadcast(&stage).await;
    assert_eq!(stage.arrivals(cold).len(), 10, "as many as are left");
    tell(&stage, quota(40, 0));
    stage.passes(HOUR).await;
    assert_eq!(stage.arrivals(cold).len(), 10);
    runner.hears_from(&stage, 201).await;
    let urgent = stage.campaign(&password("send:otp"), 201..202).await;
    start(&stage, urgent).await;
    stage.passes(Duration::from_secs(10)).await;
    assert_eq!(stage.arrivals(urgent).len(), 1);
    tell(&stage, quota(0, 0));
    stage.passes(HOUR).await;
    let sent = stage.arrivals(cold).len();
    assert!(
        sent > 50,
        "a new cycle, and what was no new chat uses nothing up: {sent}"
    );
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn warnings_make_the_pauses_longer() {
    let stage = Stage::new();
    tell(&stage, quota(0, 2));
    let (cold, runner) = broadcast(&stage).await;
    let arrivals = stage.arrivals(cold);
    assert!(arrivals.len() > 2);
    let mut gaps = arrivals.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.all(|gap| (8.0..17.0).contains(&gap)), "{arrivals:?}");
    runner.stops().await;
}
