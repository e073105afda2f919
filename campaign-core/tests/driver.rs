//! The driver with a store in memory, a scripted way to WhatsApp, and the paused time of tokio: it passes when everybody waits.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used)]

mod paused;

use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, DeliveryId, State};
use campaign_core::driver::Handle;
use campaign_core::engine::Settings;
use campaign_core::gateway::Found;
use campaign_core::store::{CampaignQuery, Command, Counts, Store, StoreError};
use campaign_core::testing::{Play, ScriptedGateway};
use paused::{Runner, Stage, definition};

const PEOPLE: u64 = 20;

struct Scene {
    store: Arc<dyn Store>,
    gateway: ScriptedGateway,
    campaign: CampaignId,
    runner: Runner,
    handle: Handle,
}

impl Scene {
    /// A runner, and a campaign that was not started.
    async fn new() -> Self {
        Self::of(PEOPLE).await
    }

    async fn of(people: u64) -> Self {
        let stage = Stage::new();
        let campaign = stage.campaign(&definition("tagihan"), 0..people).await;
        let runner = stage.runs().await;
        Self {
            store: stage.store,
            gateway: stage.gateway,
            campaign,
            handle: runner.handle.clone(),
            runner,
        }
    }

    async fn asks(&self, command: Command) {
        self.store.submit(&command).await.unwrap();
    }

    async fn stops(self) {
        self.runner.stops().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_campaign_is_over_when_everybody_has_it() {
    let scene = Scene::new().await;
    let campaign = scene.campaign;
    scene.asks(Command::Start { campaign }).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.state, CampaignState::Completed);
    assert_eq!(record.counts.of(State::Accepted), PEOPLE);
    assert_eq!(scene.gateway.received().len() as u64, PEOPLE);
    scene.stops().await;
}

/// A doubt is settled between two reads of whoever waits: the campaign was completed in the first, and has something to send again by now.
#[tokio::test(start_paused = true)]
async fn what_was_put_back_since_a_record_was_read_is_not_looked_up() {
    let scene = Scene::new().await;
    let query = CampaignQuery::These(vec![scene.campaign]);
    let record = scene.store.campaigns(&query).await.unwrap().remove(0);
    let mut stale = record.clone();
    stale.state = CampaignState::Completed;
    stale.counts = Counts([((State::Unconfirmed, None), PEOPLE)].into());
    assert!(!scene.store.is_looked_up(&stale).await.unwrap());
    stale.state = record.state;
    assert!(!scene.store.is_looked_up(&stale).await.unwrap());
    assert!(scene.store.is_looked_up(&record).await.unwrap());
    scene.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_campaign_is_not_over_while_a_retry_is_asked_for() {
    let scene = Scene::new().await;
    let campaign = scene.campaign;
    let mut refusals = 3;
    scene.gateway.script(move |_| {
        refusals -= 1;
        match refusals {
            0.. => Play::refused("no such number"),
            _ => Play::accepted(),
        }
    });
    scene.asks(Command::Start { campaign }).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Failed), 3);
    let retry = Command::Retry {
        campaign,
        reason: None,
    };
    scene.asks(retry).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Accepted), PEOPLE);
    scene.stops().await;
}

#[tokio::test(start_paused = true)]
async fn doubts_that_settle_by_themselves_are_waited_for() {
    let scene = Scene::new().await;
    let campaign = scene.campaign;
    let mut sends = 0;
    scene.gateway.script(move |_| {
        sends += 1;
        match sends {
            4 => Play::answer_lost(true),
            7 => Play::answer_lost(false),
            _ => Play::accepted(),
        }
    });
    scene.asks(Command::Start { campaign }).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Unconfirmed), 0);
    assert!(
        scene
            .gateway
            .times_received()
            .values()
            .all(|times| *times == 1)
    );
    assert_eq!(scene.gateway.times_received().len() as u64, PEOPLE);
    scene.stops().await;
}

/// While the server chose other ids for a while, the look-ups of that time proved nothing; what came before is settled when ids are kept again.
#[tokio::test(start_paused = true)]
async fn a_doubt_outlasts_a_time_in_which_ids_were_not_kept() {
    let scene = Scene::of(80).await;
    let campaign = scene.campaign;
    let mut sends = 0;
    scene.gateway.script(move |_| {
        sends += 1;
        match sends {
            4 => Play::answer_lost(false),
            // Over two minutes at the usual gap, which is when an absence begins to mean something.
            5..=60 => Play::accepted_as(&format!("FOREIGN{sends}")),
            _ => Play::accepted(),
        }
    });
    scene.asks(Command::Start { campaign }).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Unconfirmed), 0);
    let times = scene.gateway.times_received();
    assert_eq!(times.len(), 80);
    assert!(times.values().all(|times| *times == 1));
    scene.stops().await;
}

/// Nothing could be looked up for so long that a doubt was left to a person; a retry looks again.
#[tokio::test(start_paused = true)]
async fn a_retry_looks_again_at_what_is_in_doubt() {
    let scene = Scene::new().await;
    let campaign = scene.campaign;
    let lost = DeliveryId::new(campaign, 3).unwrap();
    scene.gateway.play(lost, [Play::answer_lost(false)]);
    let nothing = || Found::Unknown {
        why: "no answer".into(),
    };
    let looks = Settings::default().looks_max + 1;
    scene.gateway.finds(lost, (0..looks).map(|_| nothing()));
    scene.asks(Command::Start { campaign }).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Unconfirmed), 1);
    let retry = Command::Retry {
        campaign,
        reason: None,
    };
    scene.asks(retry).await;
    let record = scene.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Unconfirmed), 0);
    let times = scene.gateway.times_received();
    assert_eq!(times.len() as u64, PEOPLE);
    assert!(times.values().all(|times| *times == 1));
    scene.stops().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_when_the_driver_has_ended() {
    let scene = Scene::new().await;
    let waits = tokio::spawn({
        let (handle, campaign) = (scene.handle.clone(), scene.campaign);
        async move { handle.over(campaign).await }
    });
    scene.stops().await;
    let record = waits.await.unwrap().unwrap();
    assert_eq!(record.state, CampaignState::Frozen);
}

#[tokio::test(start_paused = true)]
async fn a_campaign_that_is_none_is_an_error_and_not_a_wait() {
    let scene = Scene::new().await;
    let none = CampaignId::new(77).unwrap();
    let told = scene.handle.over(none).await;
    assert!(matches!(told, Err(StoreError::NotFound { .. })), "{told:?}");
    scene.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_or_cancel_that_is_asked_for_while_a_start_is_on_its_way_is_not_lost() {
    for (stop, state) in [
        (
            (|campaign| Command::Pause { campaign }) as fn(_) -> _,
            CampaignState::Paused,
        ),
        (
            |campaign| Command::Cancel { campaign },
            CampaignState::Cancelled,
        ),
    ] {
        let stage = Stage::new();
        let campaign = stage.campaign(&definition("tagihan"), 0..PEOPLE).await;
        let runner = stage.runs().await;
        stage.asks(Command::Start { campaign }).await;
        stage.asks(stop(campaign)).await;
        stage.passes(Duration::from_secs(60)).await;
        let record = stage.store.campaign("tagihan").await.unwrap().unwrap();
        assert_eq!(record.state, state);
        assert!(stage.gateway.received().is_empty());
        runner.stops().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_read_is_told_until_it_can() {
    let stage = Stage::new();
    let campaign = stage.campaign(&definition("tagihan"), 0..PEOPLE).await;
    stage.store.fail_pages(5);
    let runner = stage.runs().await;
    let mut failure = runner.handle.store_failure();
    stage.asks(Command::Start { campaign }).await;
    let told = failure.wait_for(Option::is_some).await.unwrap().clone();
    assert!(
        matches!(told.as_deref(), Some(StoreError::Failed(_))),
        "{told:?}"
    );
    let record = runner.handle.over(campaign).await.unwrap();
    assert_eq!(record.counts.of(State::Accepted), PEOPLE);
    assert!(failure.borrow().is_none());
    // It was left alone for a second each time.
    let arrivals = stage.arrivals(campaign);
    assert!(arrivals[0] >= 5.0, "{arrivals:?}");
    runner.stops().await;
}
