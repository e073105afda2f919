//! Ten thousand people, every fault the simulator has, real HTTP: by the simulator's own ledger nobody gets it twice, and what is
//! reported is true. `SEEDS=20` plays so many worlds, `SEED=n` one of them again, `RECIPIENTS=n` another size.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[cfg(unix)]
#[path = "../../sql-store/tests/cluster/mod.rs"]
mod cluster;
mod embedded;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use campaign_core::campaign::Definition;
use campaign_core::clock::Clock;
use campaign_core::delivery::{CampaignId, Reason, State};
use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::limits::LaneLimits;
use campaign_core::message::{MessageDefinition, MessageTemplate};
use campaign_core::store::{CampaignRecord, Command, ReportRow, Store};
#[cfg(unix)]
use sql_store::{Options, PostgresStore};
use waha_gateway::WahaGateway;
use waha_simulator::ledger::Fate;
use waha_simulator::{Engine, Fault, FaultRates, Simulator};

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
    _folder: Option<tempfile::TempDir>,
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
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(embedded::open(folder.path()));
        Self::in_store(scene, store, Some(folder)).await
    }

    async fn in_store(
        scene: Scene,
        store: Arc<dyn Store>,
        folder: Option<tempfile::TempDir>,
    ) -> Self {
        let simulator = embedded::simulator(scene.seed, SPEED)
            .engine(scene.engine)
            .store_default(scene.store_on)
            .faults(FaultRates::every(FAULT_RATE))
            .start()
            .await
            .unwrap();
        let clock = embedded::clock(SPEED, jiff::Timestamp::now());
        let gateway = embedded::gateway(simulator.url(), &clock, SPEED);
        let definition = Definition {
            message: MessageTemplate::parse(scene.message).unwrap(),
            ..embedded::definition()
        };
        let people = 0..scene.recipients;
        let campaign = embedded::import(&*store, &*clock, &definition, people, 5_000).await;
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
            workers: None,
        };
        let (driver, handle) = Driver::start(parts).await.unwrap();
        let pump = tokio::spawn(waha_gateway::pump(
            self.gateway.clone(),
            handle.clone(),
            Vec::new(),
        ));
        let driver = tokio::spawn(driver.run());
        self.store.submit(&command).await.unwrap();
        let over = tokio::time::timeout(PATIENCE, handle.over(self.campaign)).await;
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

    async fn record(&self) -> CampaignRecord {
        embedded::record(&*self.store).await
    }

    async fn report(&self) -> Vec<ReportRow> {
        embedded::report(&*self.store, self.campaign).await
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
            if entry.fate() == Fate::Received {
                has.insert(phone);
            }
        }
        let mut received: BTreeMap<String, usize> = BTreeMap::new();
        for entry in ledger
            .entries()
            .filter(|entry| entry.fate() == Fate::Received)
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

/// Of ten thousand requests each fault strikes more than a hundred, whatever the seed; together they strike a third.
const FAULT_RATE: f64 = 0.015;

/// Chance leaves fewer in one world of a million: that is four standard deviations less than the mean.
fn strikes_min(requests: u32) -> u64 {
    let mean = f64::from(requests) * FAULT_RATE;
    (mean - 4.0 * mean.sqrt()) as u64
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
        exactly_once(&world, seed, recipients).await;
        world.simulator.shutdown().await;
    }
}

/// Connections to the server end all the time, in the middle of whatever they do.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_gets_it_exactly_once_from_a_server_whose_connections_end() {
    let Some(cluster) = cluster::cluster() else {
        return;
    };
    let name = cluster.new_name();
    cluster.create(&name);
    let store = PostgresStore::open(&cluster.url(&name), Options::default()).await;
    let (seed, recipients) = (1, 2_000);
    let scene = Scene {
        seed,
        recipients,
        engine: Engine::Noweb,
        store_on: true,
        message: text(),
    };
    let world = World::in_store(scene, Arc::new(store.unwrap()), None).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let ending = {
        let (is_over, name) = (Arc::clone(&is_over), name.clone());
        std::thread::spawn(move || {
            let mut ended = 0;
            while !is_over.load(Ordering::Relaxed) {
                let one = "SELECT count(pg_terminate_backend(pid)) FROM (
                    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                    ORDER BY random() LIMIT 1) AS one";
                ended += cluster.sql(&name, one).parse::<u32>().unwrap();
                std::thread::sleep(Duration::from_millis(50));
            }
            ended
        })
    };
    exactly_once(&world, seed, recipients).await;
    is_over.store(true, Ordering::Relaxed);
    println!("{} connections ended", ending.join().unwrap());
    world.simulator.shutdown().await;
    cluster.remove(&name);
}

async fn exactly_once(world: &World, seed: u64, recipients: u32) {
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
            count >= strikes_min(recipients),
            "SEED={seed}: {fault} struck only {count} times"
        );
    }
    let unconfirmed = states.get(&State::Unconfirmed).copied().unwrap_or_default() as u64;
    assert!(
        unconfirmed <= world.doubts_injected(),
        "SEED={seed}: {unconfirmed} unconfirmed"
    );
    // The faults stop: while WhatsApp refuses one message in a hundred, some are refused however often they are tried.
    world.simulator.faults().set(FaultRates::none());
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
    assert!(left.is_empty(), "SEED={seed}: {left:?}");
    // Nobody has it twice, by the judge; so everybody has it exactly once.
    let ledger = world.simulator.ledger();
    let received = ledger
        .entries()
        .filter(|entry| entry.fate() == Fate::Received);
    let people: BTreeSet<String> = received.map(|entry| entry.chat()).collect();
    assert_eq!(people.len(), recipients as usize, "SEED={seed}");
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
