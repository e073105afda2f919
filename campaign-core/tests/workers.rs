//! Several drivers on one store: each attends its share, and takes over what others leave.
#![cfg(all(feature = "driver", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::panic)]

mod paused;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use campaign_core::campaign::{CampaignState, Definition, PoolPolicy, Sessions};
use campaign_core::clock::{BootId, Clock, Elapsed, Now};
use campaign_core::delivery::{CampaignId, DeliveryId, State};
use campaign_core::driver::{Driver, DriverError, Handle, Parts};
use campaign_core::gateway::{Account, Observation, Session};
use campaign_core::limits::{Gap, LaneLimits, Scope, SharedLimits, Window};
use campaign_core::store::{Answer, CampaignRecord, Command, LEASE, Store, StoreError};
use campaign_core::testing::{Hold, MemoryStore, Play, ScriptedGateway};
use paused::{Stage, definition, phone};
use tokio::task::JoinHandle;

const SECOND: Duration = Duration::from_secs(1);

fn named(number: u64) -> Session {
    Session::new(&format!("session-{number}"))
}

/// One of several processes that send.
struct Worker {
    store: Arc<MemoryStore>,
    gateway: ScriptedGateway,
    handle: Handle,
    driver: JoinHandle<Result<(), DriverError>>,
}

impl Worker {
    /// It has all of the sessions at hand, and one message every second through each.
    async fn joins(stage: &Stage, sessions: u64) -> Self {
        Self::start(stage, sessions).await.unwrap()
    }

    async fn start(stage: &Stage, sessions: u64) -> Result<Self, DriverError> {
        Self::start_by(stage, sessions, Arc::clone(&stage.clock)).await
    }

    /// By its machine's own clock.
    async fn start_by(
        stage: &Stage,
        sessions: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, DriverError> {
        let store = Arc::new(stage.store.other_process());
        let gateway = ScriptedGateway::new(Arc::clone(&stage.clock));
        for number in 0..sessions {
            let account = Account(phone(900 + number));
            gateway.observes(&named(number), gateway.working(account));
        }
        let gap = Gap {
            min: SECOND,
            max: SECOND,
        };
        let parts = Parts {
            workers: Some(store.clone()),
            limits: LaneLimits {
                gap,
                ..LaneLimits::unpaced(1)
            },
            ..Parts::new(store.clone(), Arc::new(gateway.clone()), clock)
        };
        let (driver, handle) = Driver::start(parts).await?;
        Ok(Self {
            store,
            gateway,
            handle,
            driver: tokio::spawn(driver.run()),
        })
    }

    fn sent(&self) -> usize {
        self.gateway.received().len()
    }

    async fn stops(self) {
        self.handle.stop().await;
        self.driver.await.unwrap().unwrap();
    }
}

fn pool(name: &str, sessions: u64) -> Definition {
    Definition {
        sessions: Sessions::new((0..sessions).map(named)).unwrap(),
        pool_policy: PoolPolicy::MoveAfter(Duration::from_secs(60)),
        ..definition(name)
    }
}

/// A store with a clock of its own, and a campaign over so many sessions, that was started.
async fn stage(sessions: u64, people: u64) -> (Stage, CampaignId) {
    let stage = Stage::new();
    stage.store.set_clock(Arc::clone(&stage.clock));
    let campaign = stage.campaign(&pool("tagihan", sessions), 0..people).await;
    stage.asks(Command::Start { campaign }).await;
    (stage, campaign)
}

async fn record(stage: &Stage) -> CampaignRecord {
    let record = stage.store.campaign("tagihan").await.unwrap();
    record.unwrap()
}

/// How often each of the people got it, by what the servers received.
fn received(workers: &[&Worker]) -> BTreeMap<u32, usize> {
    let mut people = BTreeMap::new();
    for receipt in workers.iter().flat_map(|it| it.gateway.received()) {
        *people.entry(receipt.delivery.ordinal()).or_default() += 1;
    }
    people
}

fn once_each(people: u32) -> BTreeMap<u32, usize> {
    (0..people).map(|ordinal| (ordinal, 1)).collect()
}

#[tokio::test(start_paused = true)]
async fn workers_share_the_sessions_and_everybody_gets_one() {
    let (stage, campaign) = stage(4, 200).await;
    let first = Worker::joins(&stage, 4).await;
    let second = Worker::joins(&stage, 4).await;
    let over = first.handle.over(campaign).await.unwrap();
    assert_eq!(over.state, CampaignState::Completed);
    assert_eq!(received(&[&first, &second]), once_each(200));
    assert!(
        first.sent() > 60 && second.sent() > 60,
        "{} and {}",
        first.sent(),
        second.sent()
    );
    first.stops().await;
    second.stops().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_worker_attended_is_taken_over_when_its_lease_is_over() {
    let (mut stage, campaign) = stage(2, 120).await;
    let first = Worker::joins(&stage, 2).await;
    let second = Worker::joins(&stage, 2).await;
    stage.passes(40 * SECOND).await;
    // What it has just written arrives, and the answer reaches nobody.
    let waits = Play::accepted().held(Hold::BeforeAnswer);
    first.gateway.script(move |_| waits.clone());
    stage.passes(2 * SECOND).await;
    first.driver.abort();
    let by_then = first.sent();
    stage.passes(LEASE).await;
    second.handle.over(campaign).await.unwrap();
    assert_eq!(first.sent(), by_then);
    assert_eq!(received(&[&first, &second]), once_each(120));
    let counts = record(&stage).await.counts;
    assert!(counts.of(State::Unconfirmed) <= 1, "{counts:?}");
    // A campaign of its own account goes on, too: through the other worker.
    stage.store = Arc::new(stage.store.other_process());
    let alone = Definition {
        sessions: Sessions::new([named(1)]).unwrap(),
        ..definition("lain")
    };
    let other = stage.campaign(&alone, 500..505).await;
    stage.asks(Command::Start { campaign: other }).await;
    second.handle.over(other).await.unwrap();
    second.stops().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_hands_over_at_once() {
    let (stage, campaign) = stage(2, 100).await;
    let first = Worker::joins(&stage, 2).await;
    let second = Worker::joins(&stage, 2).await;
    stage.passes(30 * SECOND).await;
    let gateway = first.gateway.clone();
    first.stops().await;
    let (by_first, by_second) = (gateway.received().len(), second.sent());
    stage.passes(10 * SECOND).await;
    // Two sessions, a message a second each.
    assert!(
        second.sent() >= by_second + 16,
        "{by_second}, then {}",
        second.sent()
    );
    assert_eq!(gateway.received().len(), by_first);
    second.handle.over(campaign).await.unwrap();
    assert_eq!(gateway.received().len() + second.sent(), 100);
    assert_eq!(record(&stage).await.counts.of(State::Accepted), 100);
    second.stops().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_hands_over_what_is_idle_while_an_answer_is_waited_for() {
    let (stage, campaign) = stage(2, 100).await;
    let first = Worker::joins(&stage, 2).await;
    stage.passes(2 * SECOND).await;
    first
        .gateway
        .script(|sending| match sending.session == named(0) {
            true => Play::accepted().held(Hold::BeforeAnswer),
            false => Play::accepted(),
        });
    stage.passes(3 * SECOND).await;
    let second = Worker::joins(&stage, 2).await;
    first.handle.stop().await;
    stage.passes(5 * SECOND).await;
    let by_first = first.sent();
    assert!(second.sent() >= 3, "{}", second.sent());
    assert!(!first.driver.is_finished());
    let roster = second.handle.roster().borrow().clone().unwrap();
    assert_eq!((roster.sessions, roster.workers), ([named(1)].into(), 1));
    first.gateway.release_all();
    first.driver.await.unwrap().unwrap();
    second.handle.over(campaign).await.unwrap();
    assert_eq!(by_first + second.sent(), 100);
    assert_eq!(record(&stage).await.counts.of(State::Accepted), 100);
    second.stops().await;
}

/// A machine that has run for longer than the database's time.
struct Longer(Arc<dyn Clock>);

const LONGER: Duration = Duration::from_secs(100_000);

#[async_trait]
impl Clock for Longer {
    fn now(&self) -> Now {
        let now = self.0.now();
        Now {
            elapsed: now.elapsed + LONGER,
            ..now
        }
    }

    fn boot(&self) -> BootId {
        self.0.boot()
    }

    async fn wait_until(&self, moment: Elapsed) {
        self.0.wait_until(moment - LONGER).await;
    }
}

/// Since when a server has run is told by the machine's time, and when it was written to by the database's.
#[tokio::test(start_paused = true)]
async fn absence_is_proved_however_long_the_machine_has_run() {
    let (stage, campaign) = stage(1, 3).await;
    let began = stage.clock.now().elapsed;
    let own: Arc<dyn Clock> = Arc::new(Longer(Arc::clone(&stage.clock)));
    let worker = Worker::start_by(&stage, 1, own).await.unwrap();
    let working = worker.gateway.working(Account(phone(900)));
    let observation = Observation {
        server_up_since: Some(began + LONGER),
        ..working
    };
    worker.gateway.observes(&named(0), observation);
    let doubted = DeliveryId::new(campaign, 1).unwrap();
    worker.gateway.play(doubted, [Play::answer_lost(false)]);
    worker.handle.over(campaign).await.unwrap();
    assert_eq!(received(&[&worker]), once_each(3));
    assert_eq!(record(&stage).await.counts.of(State::Unconfirmed), 0);
    worker.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_replaced_ends_and_may_join_again() {
    let (stage, campaign) = stage(1, 30).await;
    let first = Worker::joins(&stage, 1).await;
    stage.passes(10 * SECOND).await;
    first.store.end_lease();
    let ended = first.driver.await.unwrap();
    let Err(DriverError::Dismissed(StoreError::Dismissed)) = ended else {
        panic!("{ended:?}");
    };
    let sent = first.gateway.received().len();
    assert!((5..15).contains(&sent), "{sent}");
    let again = Worker::joins(&stage, 1).await;
    again.handle.over(campaign).await.unwrap();
    assert_eq!(sent + again.sent(), 30);
    again.stops().await;
}

#[tokio::test(start_paused = true)]
async fn limits_above_the_accounts_are_for_one_process() {
    let (stage, campaign) = stage(1, 3).await;
    let window = Window {
        sends_max: 1,
        span: SECOND,
    };
    let limits = Some(SharedLimits {
        windows: vec![window],
        ..SharedLimits::default()
    });
    let command = |limits| Command::SetSharedLimits {
        scope: Scope::Installation,
        limits,
    };
    let worker = Worker::joins(&stage, 1).await;
    let asked = stage.store.submit(&command(limits.clone())).await.unwrap();
    worker.handle.over(campaign).await.unwrap();
    let answer = stage.store.answer(asked).await.unwrap();
    assert!(matches!(answer, Some(Answer::Refused { .. })), "{answer:?}");
    worker.stops().await;
    let alone = stage.runs().await;
    stage.asks(command(limits)).await;
    stage.passes(SECOND).await;
    alone.stops().await;
    let refused = Worker::start(&stage, 1).await.err();
    assert!(
        matches!(&refused, Some(DriverError::TakeOver(StoreError::Refused(why))) if why.contains("one process")),
        "{refused:?}"
    );
    // It is none of the workers.
    stage.runs().await.stops().await;
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_answered_when_no_worker_has_anything_in_flight() {
    let (stage, campaign) = stage(2, 100).await;
    let first = Worker::joins(&stage, 2).await;
    let second = Worker::joins(&stage, 2).await;
    stage.passes(40 * SECOND).await;
    // Whoever does not lead waits for an answer.
    second
        .gateway
        .script(|_| Play::accepted().held(Hold::BeforeAnswer));
    stage.passes(2 * SECOND).await;
    let pause = stage
        .store
        .submit(&Command::Pause { campaign })
        .await
        .unwrap();
    stage.passes(2 * SECOND).await;
    assert_eq!(stage.store.answer(pause).await.unwrap(), None);
    assert_eq!(record(&stage).await.state, CampaignState::Paused);
    second.gateway.release_all();
    stage.passes(SECOND).await;
    let state = CampaignState::Paused;
    let quiet = Answer::Campaign {
        state,
        in_flight: 0,
    };
    assert_eq!(stage.store.answer(pause).await.unwrap(), Some(quiet));
    let sent = first.sent() + second.sent();
    stage.passes(20 * SECOND).await;
    assert_eq!(first.sent() + second.sent(), sent);
    stage.asks(Command::Resume { campaign }).await;
    second.gateway.script(|_| Play::accepted());
    first.handle.over(campaign).await.unwrap();
    assert_eq!(received(&[&first, &second]), once_each(100));
    first.stops().await;
    second.stops().await;
}
