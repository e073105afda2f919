//! Ten thousand people, every fault the simulator has, real HTTP: by the simulator's own ledger nobody gets it twice, and what is
//! reported is true. `SEEDS=20` plays so many worlds, `SEED=n` one of them again, `RECIPIENTS=n` another size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition, Missing, Source};
use campaign_core::clock::{AcceleratedClock, Clock};
use campaign_core::delivery::{CampaignId, Reason, State};
use campaign_core::driver::{Driver, Handle, Parts};
use campaign_core::engine::Settings;
use campaign_core::gateway::Session;
use campaign_core::limits::{LaneLimits, Zone};
use campaign_core::message::{MessageDefinition, MessageTemplate};
use campaign_core::phone::PhoneNumber;
use campaign_core::retry::RetryPolicy;
use campaign_core::store::{
    Batch, CampaignRecord, Change, Command, NewRecipient, ReportQuery, ReportRow, Store,
};
use sql_store::SqliteStore;
use waha_client::WahaClient;
use waha_gateway::{Options, WahaGateway};
use waha_simulator::{Engine, Fault, FaultRates, Simulator};

const KEY: &str = "test-key";
const ACCOUNT: &str = "6281200000001";
/// The simulator and our clock run so many times as fast as the wall.
const SPEED: f64 = 60.0;
/// A run that is not over within this real time makes no progress.
const PATIENCE: Duration = Duration::from_secs(420);

struct World {
    simulator: Simulator,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    gateway: WahaGateway,
    settings: Settings,
    campaign: CampaignId,
    _folder: tempfile::TempDir,
}

struct Scene {
    seed: u64,
    recipients: u32,
    engine: Engine,
    store_on: bool,
    message: MessageDefinition,
}

impl World {
    async fn new(scene: Scene) -> Self {
        let simulator = Simulator::builder()
            .seed(scene.seed)
            .speed(SPEED)
            .key(KEY)
            .engine(scene.engine)
            .store_default(scene.store_on)
            .faults(faults())
            .session("default", ACCOUNT)
            .start()
            .await
            .unwrap();
        let clock: Arc<dyn Clock> = Arc::new(AcceleratedClock::new(SPEED, jiff::Timestamp::now()));
        let client = WahaClient::builder(simulator.url())
            .api_key(KEY)
            .build()
            .unwrap();
        let gateway = WahaGateway::new(client, Arc::clone(&clock), Options::at_speed(SPEED));
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(
            folder.path().join("campaigns.sqlite"),
            sql_store::Options::default(),
        )
        .unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let campaign = import(&*store, &*clock, &scene).await;
        let settings = Settings {
            seed: scene.seed,
            // WhatsApp's holds, cut short: a hundred restrictions would otherwise take a hundred hours.
            restriction_hold: Duration::from_secs(5),
            hold_max: Duration::from_secs(5),
            finds_max: 16,
            ..Settings::default()
        };
        Self {
            simulator,
            clock,
            store,
            gateway,
            settings,
            campaign,
            _folder: folder,
        }
    }

    /// Runs until nothing is left that comes about by itself.
    async fn run(&self, command: Command) {
        let parts = Parts {
            store: Arc::clone(&self.store),
            gateway: Arc::new(self.gateway.clone()),
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            limits: LaneLimits::unpaced(32),
        };
        let (driver, handle) = Driver::start(parts).await.unwrap();
        let pump = tokio::spawn(pump(self.gateway.clone(), handle.clone()));
        let driver = tokio::spawn(driver.run());
        self.store.submit(&command).await.unwrap();
        let over = tokio::time::timeout(PATIENCE, self.over(&handle)).await;
        let status = handle.status().borrow().clone();
        handle.stop().await;
        driver.await.unwrap().unwrap();
        pump.abort();
        let record = self.record().await;
        assert!(
            over.is_ok(),
            "no end within {PATIENCE:?}: {:?} {:?} {status:?}",
            record.state,
            record.counts
        );
    }

    async fn over(&self, handle: &Handle) {
        let status = handle.status();
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            looks.tick().await;
            let is_busy = status.borrow().is_busy;
            let record = self.record().await;
            let has_ended = record.state == CampaignState::Settled
                || (record.state == CampaignState::Completed && !is_busy);
            if has_ended && self.store.open_commands().await.unwrap().is_empty() {
                return;
            }
        }
    }

    async fn record(&self) -> CampaignRecord {
        self.store.campaign("everybody").await.unwrap().unwrap()
    }

    async fn report(&self) -> Vec<ReportRow> {
        let mut rows = Vec::new();
        loop {
            let page = self
                .store
                .report(ReportQuery {
                    campaign: self.campaign,
                    after: rows.last().map(|row: &ReportRow| row.delivery),
                    states: Vec::new(),
                    limit: 1_000,
                })
                .await
                .unwrap();
            if page.is_empty() {
                return rows;
            }
            rows.extend(page);
        }
    }

    /// Judges the report by the ledger.
    async fn judge(&self) -> BTreeMap<State, usize> {
        let ledger = self.simulator.ledger();
        let mut handed: BTreeMap<String, usize> = BTreeMap::new();
        let mut has: BTreeSet<String> = BTreeSet::new();
        for entry in ledger.entries() {
            let phone = entry
                .chat()
                .trim_end_matches("@s.whatsapp.net")
                .trim_end_matches("@c.us")
                .to_owned();
            if entry.handed_us().is_some() {
                *handed.entry(phone.clone()).or_default() += 1;
            }
            if entry.fate() == waha_simulator::ledger::Fate::Received {
                has.insert(phone);
            }
        }
        let mut received: BTreeMap<String, usize> = BTreeMap::new();
        for entry in ledger
            .entries()
            .filter(|entry| entry.fate() == waha_simulator::ledger::Fate::Received)
        {
            *received
                .entry(
                    entry
                        .chat()
                        .trim_end_matches("@s.whatsapp.net")
                        .trim_end_matches("@c.us")
                        .to_owned(),
                )
                .or_default() += 1;
        }
        let twice: Vec<_> = received.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "sent twice: {twice:?}");
        let mut states: BTreeMap<State, usize> = BTreeMap::new();
        for row in self.report().await {
            let phone = row.phone.digits().to_string();
            *states.entry(row.standing.state).or_default() += 1;
            let claim = row.standing.state;
            let fits = match claim {
                State::Accepted => handed.contains_key(&phone),
                State::Sent | State::Delivered | State::Read | State::Played => {
                    has.contains(&phone)
                }
                State::Failed | State::Skipped | State::Cancelled => !has.contains(&phone),
                State::Unconfirmed => true,
                State::Scheduled | State::Sending => false,
            };
            assert!(
                fits,
                "{} is {claim} ({:?}), and has it: {}",
                row.phone.masked(),
                row.standing.reason,
                has.contains(&phone)
            );
        }
        states
    }

    fn doubts_injected(&self) -> u64 {
        let counts = self.simulator.counts();
        let kinds = [
            Fault::ErrorBefore,
            Fault::ErrorAfter,
            Fault::ResetBefore,
            Fault::ResetAfter,
            Fault::AnswerLost,
            Fault::Late,
            Fault::Held,
            Fault::Timelock,
            Fault::RateOverlimit,
            Fault::BadGatewayBefore,
            Fault::BadGatewayAfter,
            Fault::SessionFlap,
        ];
        kinds.iter().filter_map(|kind| counts.get(kind)).sum()
    }
}

async fn pump(gateway: WahaGateway, handle: Handle) {
    waha_gateway::pump(&gateway, &handle, &[]).await;
}

/// So much that each fault strikes at least one request in a hundred, whatever the seed; together a third of them.
fn faults() -> FaultRates {
    FaultRates::every(0.015)
}

async fn import(store: &dyn Store, clock: &dyn Clock, scene: &Scene) -> CampaignId {
    let definition = Definition {
        name: "everybody".into(),
        session: Session::new("default"),
        message: MessageTemplate::parse(scene.message.clone()).unwrap(),
        source: Source {
            name: "people.csv".into(),
            sha256: "0".into(),
            options: String::new(),
            limit: None,
        },
        missing: Missing::Refuse,
        hours: None,
        zone: Zone::default(),
        starts_at: None,
        expires_at: None,
        retry: RetryPolicy::default(),
    };
    let now = clock.now();
    let campaign = store
        .create(&definition, &["nama".into()], now)
        .await
        .unwrap();
    let people: Vec<NewRecipient> = (0..scene.recipients)
        .map(|index| NewRecipient {
            row: u64::from(index) + 2,
            phone: PhoneNumber::from_digits(6_281_300_000_000 + u64::from(index)).unwrap(),
            key: None,
            values: [format!("Orang {index}").into()].into(),
            skip: None,
        })
        .collect();
    for page in people.chunks(5_000) {
        store.import(campaign, page.to_vec(), 0).await.unwrap();
    }
    let freeze = Batch {
        at: now.stamp(clock.boot()),
        changes: vec![Change::Campaign {
            campaign,
            from: CampaignState::Importing,
            to: CampaignState::Frozen,
        }],
    };
    store.commit(Arc::new(freeze)).await.unwrap();
    campaign
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SEEDS").unwrap_or(1)).collect(),
    }
}

fn recipients(ordinary: u32) -> u32 {
    std::env::var("RECIPIENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ordinary)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_it_exactly_once_under_every_fault() {
    for seed in seeds() {
        let recipients = recipients(10_000);
        println!("SEED={seed} RECIPIENTS={recipients}");
        let world = World::new(Scene {
            seed,
            recipients,
            engine: Engine::Noweb,
            store_on: true,
            message: text(),
        })
        .await;
        world
            .run(Command::Start {
                campaign: world.campaign,
            })
            .await;
        let states = world.judge().await;
        println!("after the run: {states:?}");
        for (fault, count) in world.simulator.counts() {
            println!("  {count:5} {fault}");
            assert!(
                count >= u64::from(recipients) / 100,
                "SEED={seed}: {fault} struck only {count} times"
            );
        }
        let unconfirmed = states.get(&State::Unconfirmed).copied().unwrap_or_default() as u64;
        assert!(
            unconfirmed <= world.doubts_injected(),
            "SEED={seed}: {unconfirmed} unconfirmed"
        );
        world
            .run(Command::Retry {
                campaign: world.campaign,
                reason: None,
            })
            .await;
        let states = world.judge().await;
        println!("after one retry: {states:?}");
        let mut doubts: BTreeMap<(Option<Reason>, Option<Box<str>>), usize> = BTreeMap::new();
        for row in world
            .report()
            .await
            .into_iter()
            .filter(|row| row.standing.state == State::Unconfirmed)
        {
            *doubts
                .entry((row.standing.reason, row.message))
                .or_default() += 1;
        }
        assert!(
            doubts.is_empty(),
            "SEED={seed}: in doubt after settling and a retry: {doubts:?}"
        );
        let left: Vec<ReportRow> = world
            .report()
            .await
            .into_iter()
            .filter(|row| !row.standing.state.is_handed_over())
            .collect();
        // What WhatsApp refuses twice, or what fails three times twice over, is what is left; it is reported as failed.
        assert!(
            left.iter().all(|row| row.standing.state == State::Failed),
            "SEED={seed}: {left:?}"
        );
        assert!(
            left.len() <= recipients as usize / 500,
            "SEED={seed}: {} left after a retry",
            left.len()
        );
        assert!(
            left.iter()
                .all(|row| row.standing.reason != Some(Reason::GivenUp))
        );
        world.simulator.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_message_store_off_doubts_stay_and_nobody_gets_it_twice() {
    without_evidence("store off", Engine::Noweb, false, text()).await;
}

/// Ids of images are not honoured by any version recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_images_doubts_stay_and_nobody_gets_it_twice() {
    let picture = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    std::fs::write(picture.path(), b"\x89PNG\r\n\x1a\n").unwrap();
    let image =
        MessageDefinition::image(picture.path().display().to_string()).with_text("Halo {{nama}}");
    without_evidence("images", Engine::Noweb, true, image).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_webjs_doubts_stay_and_nobody_gets_it_twice() {
    without_evidence("WEBJS", Engine::Webjs, true, text()).await;
}

fn text() -> MessageDefinition {
    MessageDefinition::text("Halo {{nama}}, tagihan Anda sudah terbit.")
}

/// Where a look-up proves nothing, doubts are for the operator, and he is told each.
async fn without_evidence(what: &str, engine: Engine, store_on: bool, message: MessageDefinition) {
    for seed in seeds() {
        println!("{what}: SEED={seed}");
        let world = World::new(Scene {
            seed,
            recipients: recipients(300),
            engine,
            store_on,
            message: message.clone(),
        })
        .await;
        world
            .run(Command::Start {
                campaign: world.campaign,
            })
            .await;
        let states = world.judge().await;
        println!("{what}: {states:?}");
        let unconfirmed = states.get(&State::Unconfirmed).copied().unwrap_or_default() as u64;
        assert!(
            unconfirmed <= world.doubts_injected(),
            "{what} SEED={seed}: {unconfirmed} unconfirmed"
        );
        for row in world.report().await {
            assert!(
                row.standing.state != State::Unconfirmed || row.message.is_some(),
                "{what} SEED={seed}: in doubt without a word why: {row:?}"
            );
        }
        world.simulator.shutdown().await;
    }
}
