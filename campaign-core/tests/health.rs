//! An account that is unwell: what it has to say waits, one message tries for all, and nobody is lost by it.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::time::Duration;

use campaign_core::delivery::{Ack, CampaignId, DeliveryId, State};
use campaign_core::engine::WaitsFor;
use campaign_core::failure::{NotHandedOver, Trouble};
use campaign_core::gateway::{Account, Notice, Observation, Readiness};
use campaign_core::limits::{LaneLimits, RestartPolicy};
use campaign_core::store::{Command, Store};
use campaign_core::testing::{Hold, Play};
use paused::{Runner, Stage, account, definition, phone, session};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// A broadcast to so many, begun.
async fn broadcast(stage: &Stage, people: u64) -> (CampaignId, Runner) {
    let campaign = stage.campaign(&definition("promo"), 0..people).await;
    let runner = stage.runs().await;
    stage.asks(Command::Start { campaign }).await;
    (campaign, runner)
}

/// Gives the account, whose lane is open by then, these limits.
async fn limit(stage: &Stage, limits: LaneLimits) {
    stage.passes(Duration::from_secs(5)).await;
    let account = account();
    stage.asks(Command::SetLimits { account, limits }).await;
    stage.passes(Duration::from_secs(1)).await;
}

fn restarting() -> LaneLimits {
    LaneLimits {
        restart: RestartPolicy::WhenSuspected,
        ..LaneLimits::default()
    }
}

/// What the campaign waits for: the trouble of its lane, if that is it.
fn trouble(runner: &Runner, campaign: CampaignId) -> Option<Trouble> {
    let status = runner.handle.status();
    let status = status.borrow();
    match status.campaigns.get(&campaign.number())?.waits_for {
        WaitsFor::Lane { trouble, since, .. } => {
            assert!(since.is_some(), "it says since when");
            Some(trouble)
        }
        _ => None,
    }
}

fn fails() -> Play {
    Play::not_handed_over(NotHandedOver::Broken, None)
}

/// WhatsApp's word on a message, as an event brings it.
async fn ack(runner: &Runner, message_id: &str, ack: Ack) {
    let notice = Notice::Ack {
        session: session(),
        account: Some(account()),
        message_id: message_id.into(),
        ack,
    };
    runner.handle.notify(notice).await;
}

/// Acknowledges every message as it arrives, for so long.
async fn acknowledged_for(stage: &Stage, runner: &Runner, time: Duration, how: Ack) {
    let ends = stage.clock.now().elapsed + time;
    let mut told = stage.gateway.received().len();
    while stage.clock.now().elapsed < ends {
        stage.passes(Duration::from_millis(500)).await;
        let received = stage.gateway.received();
        for receipt in &received[told..] {
            ack(runner, &receipt.message_id, how).await;
        }
        told = received.len();
    }
}

/// From now on WAHA accepts everything and WhatsApp has none of it.
fn dies(stage: &Stage, campaign: CampaignId) {
    for number in 0..1_000 {
        let delivery = DeliveryId::new(campaign, number).unwrap();
        stage.gateway.got_as_far_as(delivery, Ack::Pending);
    }
}

async fn state_count(stage: &Stage, state: State) -> u64 {
    let record = stage.store.campaign("promo").await.unwrap().unwrap();
    record.counts.of(state)
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_hold_a_lane_and_one_message_tries_for_all() {
    let stage = Stage::new();
    stage.gateway.script(|_| fails());
    let (campaign, runner) = broadcast(&stage, 100).await;
    stage.passes(Duration::from_secs(25)).await;
    assert_eq!(stage.gateway.sends().len(), 5, "then it is held");
    assert_eq!(trouble(&runner, campaign), Some(Trouble::RepeatedFailures));
    stage.passes(10 * MINUTE).await;
    let tried = stage.gateway.sends().len() - 5;
    assert!((3..=5).contains(&tried), "one for each pause: {tried}");
    stage.gateway.script(|_| Play::accepted());
    stage.passes(HOUR).await;
    assert_eq!(trouble(&runner, campaign), None);
    assert_eq!(stage.arrivals(campaign).len(), 100);
    assert_eq!(state_count(&stage, State::Failed).await, 0, "nobody lost");
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_whatsapp_refuses_counts_although_waha_accepted_it() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 100).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    let before = stage.arrivals(campaign).len();
    assert!(before > 10);
    acknowledged_for(&stage, &runner, 2 * MINUTE, Ack::Error).await;
    assert_eq!(trouble(&runner, campaign), Some(Trouble::RepeatedFailures));
    let refused = stage.arrivals(campaign).len() - before;
    assert!((5..=8).contains(&refused), "{refused}");
    acknowledged_for(&stage, &runner, HOUR, Ack::Server).await;
    assert_eq!(stage.arrivals(campaign).len(), 100);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_itself_holds_nobody_else() {
    let stage = Stage::new();
    stage.gateway.script(|_| Play::refused("bad file"));
    let (campaign, runner) = broadcast(&stage, 20).await;
    stage.passes(2 * MINUTE).await;
    assert_eq!(trouble(&runner, campaign), None);
    assert_eq!(stage.gateway.sends().len(), 20);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_for_failures_outlives_the_process() {
    let stage = Stage::new();
    stage.gateway.script(|_| fails());
    let (campaign, runner) = broadcast(&stage, 100).await;
    stage.passes(20 * MINUTE).await;
    let before = stage.gateway.sends().len();
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(2 * MINUTE).await;
    assert_eq!(stage.gateway.sends().len(), before);
    assert_eq!(trouble(&runner, campaign), Some(Trouble::RepeatedFailures));
    // The operator has seen to it: one message tries at once.
    stage.gateway.script(|_| Play::accepted());
    stage.asks(Command::Resume { campaign }).await;
    stage.passes(10 * MINUTE).await;
    assert_eq!(stage.arrivals(campaign).len(), 100);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_silent_is_suspected_and_an_ack_lifts_that() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 500).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    dies(&stage, campaign);
    let before = stage.arrivals(campaign).len();
    stage.passes(2 * MINUTE).await;
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SuspectedDead));
    let unheard = stage.arrivals(campaign).len() - before;
    assert!((15..40).contains(&unheard), "{unheard}");
    // One after each pause, and no more than that.
    stage.passes(20 * MINUTE).await;
    let tried = stage.arrivals(campaign).len() - before - unheard;
    assert!((2..=6).contains(&tried), "{tried}");
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SuspectedDead));
    assert_eq!(state_count(&stage, State::Failed).await, 0);
    let last = stage.gateway.received().pop().unwrap();
    ack(&runner, &last.message_id, Ack::Server).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    assert_eq!(trouble(&runner, campaign), None);
    assert!(stage.arrivals(campaign).len() > before + unheard + tried + 10);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn look_ups_alone_make_a_session_suspect_and_lift_it() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("promo"), 0..500).await;
    dies(&stage, campaign);
    let runner = stage.runs().await;
    stage.asks(Command::Start { campaign }).await;
    stage.passes(3 * MINUTE).await;
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SuspectedDead));
    for number in 0..1_000 {
        let delivery = DeliveryId::new(campaign, number).unwrap();
        stage.gateway.got_as_far_as(delivery, Ack::Server);
    }
    stage.passes(5 * MINUTE).await;
    assert_eq!(trouble(&runner, campaign), None);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn acks_that_were_missed_make_nothing_suspect() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 300).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    // The websocket broke, and look-ups find what arrived.
    runner.handle.notify(Notice::Gap { session: None }).await;
    stage.passes(5 * MINUTE).await;
    assert_eq!(trouble(&runner, campaign), None);
    assert!(stage.arrivals(campaign).len() > 80);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_who_writes_shows_that_a_session_is_alive() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 500).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    dies(&stage, campaign);
    stage.passes(90 * Duration::from_secs(1)).await;
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SuspectedDead));
    runner.hears_from(&stage, 700).await;
    stage.passes(Duration::from_secs(5)).await;
    assert_eq!(trouble(&runner, campaign), None);
    runner.stops().await;
}

/// A session that dies a minute after a broadcast began, under these limits.
async fn dead(stage: &Stage, limits: LaneLimits) -> (CampaignId, Runner) {
    let (campaign, runner) = broadcast(stage, 500).await;
    limit(stage, limits).await;
    acknowledged_for(stage, &runner, MINUTE, Ack::Server).await;
    dies(stage, campaign);
    stage.passes(3 * MINUTE).await;
    (campaign, runner)
}

#[tokio::test(start_paused = true)]
async fn nobody_restarts_a_session_unless_that_is_allowed() {
    let stage = Stage::new();
    let (_, runner) = dead(&stage, LaneLimits::default()).await;
    stage.passes(2 * HOUR).await;
    assert_eq!(stage.gateway.restarts().len(), 0);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_session_is_restarted_once_in_half_an_hour_whoever_runs() {
    let stage = Stage::new();
    let (campaign, runner) = dead(&stage, restarting()).await;
    assert_eq!(stage.gateway.restarts().len(), 1);
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SuspectedDead));
    stage.passes(10 * MINUTE).await;
    runner.stops().await;
    let runner = stage.runs().await;
    stage.passes(10 * MINUTE).await;
    assert_eq!(stage.gateway.restarts().len(), 1);
    stage.passes(2 * HOUR).await;
    let times: Vec<_> = stage
        .gateway
        .restarts()
        .iter()
        .map(|(_, at)| at.elapsed)
        .collect();
    assert!((4..=5).contains(&times.len()), "{times:?}");
    let mut pairs = times.windows(2);
    assert!(pairs.all(|pair| pair[1].since(pair[0]) >= HOUR / 2));
    // Never while a message is under way.
    let sends = stage.gateway.sends();
    for (_, at) in stage.gateway.restarts() {
        let last = sends.iter().rfind(|sent| sent.at.elapsed <= at.elapsed);
        assert!(last.is_some_and(|sent| sent.outcome.is_some()));
    }
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_restarts_a_session_for_an_account_that_it_had_before() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 1_000).await;
    limit(&stage, restarting()).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Device).await;
    dies(&stage, campaign);
    stage.passes(30 * Duration::from_secs(1)).await;
    // Several messages are without an ack by then, and none for long enough to suspect it.
    let other = stage.gateway.working(Account(phone(998)));
    stage.gateway.observes(&session(), other);
    let working = Notice::Status {
        session: session(),
        readiness: Readiness::Working,
        account: Some(Account(phone(998))),
    };
    runner.handle.notify(working).await;
    stage.passes(5 * MINUTE).await;
    assert_eq!(stage.gateway.restarts().len(), 0);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_waha_gave_up_is_restarted_but_not_while_a_message_is_under_way() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 500).await;
    limit(&stage, restarting()).await;
    stage.passes(20 * Duration::from_secs(1)).await;
    stage
        .gateway
        .script(|_| Play::answer_lost(true).held(Hold::BeforeAnswer));
    stage.gateway.sends_held(1).await;
    let failed = Observation::only(Readiness::NotReady("FAILED".into()));
    stage.gateway.observes(&session(), failed);
    stage.passes(2 * MINUTE).await;
    assert_eq!(stage.gateway.restarts().len(), 0, "a message is under way");
    assert_eq!(trouble(&runner, campaign), Some(Trouble::SessionNotReady));
    stage.gateway.script(|_| Play::accepted());
    stage.gateway.release_all();
    stage.passes(Duration::from_secs(2)).await;
    assert_eq!(stage.gateway.restarts().len(), 1);
    stage
        .gateway
        .observes(&session(), stage.gateway.working(account()));
    let before = stage.arrivals(campaign).len();
    stage.passes(5 * MINUTE).await;
    assert!(stage.arrivals(campaign).len() > before + 20, "it goes on");
    assert_eq!(stage.gateway.restarts().len(), 1);
    runner.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_restarted_session_is_not_steady() {
    let stage = Stage::new();
    let (campaign, runner) = broadcast(&stage, 500).await;
    limit(&stage, restarting()).await;
    acknowledged_for(&stage, &runner, MINUTE, Ack::Server).await;
    dies(&stage, campaign);
    let mut is_lost = true;
    stage
        .gateway
        .script(move |_| match std::mem::take(&mut is_lost) {
            true => Play::answer_lost(false),
            false => Play::accepted(),
        });
    // The doubt began before the restart, so that what the session kept since then proves nothing for a whole horizon.
    stage.passes(2 * MINUTE).await;
    let restarted = stage.gateway.restarts()[0].1.elapsed;
    let doubtful = stage.gateway.sends().into_iter().find(|sent| {
        !stage
            .gateway
            .times_received()
            .contains_key(&sent.sending.delivery)
    });
    let delivery = doubtful.unwrap().sending.delivery;
    stage.passes(10 * MINUTE).await;
    let again: Vec<_> = stage
        .gateway
        .sends()
        .into_iter()
        .filter(|sent| sent.sending.delivery == delivery)
        .collect();
    if let Some(second) = again.get(1) {
        assert!(second.at.elapsed.since(restarted) >= 2 * MINUTE);
    }
    runner.stops().await;
}
