//! A process that dies at every durable step: before the write reaches the store, when it is durable and nobody has learnt of it, and
//! between the hand-over of a message and its record. By the simulator's ledger nobody gets it twice, nobody is lost, and every report
//! is true. The process is this test's own binary, run again; WAHA_CAMPAIGN_TEST_SEED draws which occurrence of each step it dies at.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod embedded;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::Clock;
use campaign_core::delivery::{CampaignId, DeliveryId, Reason, State};
use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::gateway::Account;
use campaign_core::limits::{Gap, LaneLimits, Scope, SharedLimits, Window};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Command, ReportRow, Store, Suppression};
use embedded::dying::{
    ANSWERED, ANY_WRITE, BODY, DyingGateway, DyingStore, FOUND, Never, Point, Points, Side,
    UNANSWERED,
};
use waha_simulator::ledger::Fate;
use waha_simulator::{Fault, FaultRates, Simulator};
use world::{Draws, seed};

const SPEED: f64 = 60.0;
const PEOPLE: u32 = 2_000;
/// A process that has not ended within this real time makes no progress.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many of the first occurrences of a common step are drawn from.
const OCCURRENCES: u64 = 12;

/// Calls of the store that write.
const CALLS: [&str; 10] = [
    "create",
    "import",
    "suppress",
    "unsuppress",
    "submit",
    "take-over",
    "step-down",
    "lane",
    "mark silent",
    "publish",
];
/// Changes that a batch may hold, as they occur in a campaign of many people with faults and an operator who intervenes.
const CHANGES: [&str; 31] = [
    "campaign: importing to frozen",
    "campaign: frozen to running",
    "campaign: running to paused",
    "campaign: paused to running",
    "campaign: running to completed",
    "campaign: completed to running",
    "campaign: completed to settled",
    "journal",
    "accepted",
    "not handed over",
    "exhausted",
    "refused",
    "maybe sent",
    "evidence: pending",
    "evidence: server",
    "evidence: device",
    "evidence: read",
    "evidence: error",
    "proved absent",
    "proved absent for good",
    "skipped: suppressed",
    "confirmed by operator",
    "given up by operator",
    "looked",
    "lane note",
    "sweep: retry",
    "look now",
    "limits",
    "shared limits",
    "shared past",
    "new generation",
];
const ANSWER: &str = "answer";
/// Steps that may come about in such a campaign and need not.
const CHANCY: [&str; 2] = ["not handed over: held", "campaign: settled to running"];
/// Steps of a campaign that is cancelled or expires: the small campaigns die at each of theirs.
const ENDS: [&str; 5] = [
    "campaign: running to cancelled",
    "campaign: completed to cancelled",
    "campaign: paused to cancelled",
    "sweep: cancel",
    "sweep: expire",
];
const GATEWAY: [&str; 4] = [BODY, UNANSWERED, ANSWERED, FOUND];
/// Steps that occur often enough for any of the first few to be chosen.
const COMMON: [&str; 11] = [
    "journal",
    "accepted",
    "maybe sent",
    "evidence: server",
    "evidence: device",
    "evidence: read",
    "lane note",
    "looked",
    BODY,
    UNANSWERED,
    ANSWERED,
];

fn names() -> Vec<String> {
    let all = CALLS.iter().chain(&CHANGES).chain([&ANSWER, &ANY_WRITE]);
    let all = all.chain(&CHANCY).chain(&ENDS).chain(&GATEWAY);
    all.map(|name| (*name).to_owned()).collect()
}

/// Every step to die at, with the occurrence that the seed draws.
fn points(seed: u64) -> Vec<Point> {
    let mut draws = Draws(seed);
    let writes = CALLS.iter().chain(&CHANGES).chain([&ANSWER]);
    let writes = writes.flat_map(|name| [(*name, Side::Before), (*name, Side::After)]);
    let gateway = GATEWAY.iter().map(|name| (*name, Side::Before));
    writes
        .chain(gateway)
        .map(|(name, side)| Point {
            name: name.to_owned(),
            side,
            nth: if COMMON.contains(&name) {
                1 + draws.below(OCCURRENCES) as u32
            } else {
                1
            },
        })
        .collect()
}

/// Whose messages the gateway of the dying process never hands to the server, and what it says instead.
fn never() -> BTreeMap<u32, Never> {
    [
        (3, Never::Connected),
        (500, Never::Connected),
        (700, Never::Connected),
        (1_100, Never::Connected),
        (1_300, Never::Connected),
        (1_700, Never::Connected),
        (5, Never::Taken),
        (900, Never::Taken),
        (7, Never::Answered),
        (11, Never::Answered),
        (13, Never::Answered),
        (1_000, Never::Answered),
        (1_400, Never::Answered),
        (1_600, Never::Answered),
    ]
    .into()
}

/// On the suppression list before the start.
const SUPPRESSED: [u32; 3] = [2, 450, 1_999];

/// What kind of campaign it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With everything an operator can do to it but what ends it.
    Many,
    /// Nothing but the start.
    Few,
    /// Cancelled half-way.
    Cancelled,
    /// It expires half-way.
    Expires,
    /// Nothing but the start, and limits.
    Paced,
}

/// How many a campaign that is played for each of its writes has.
const FEW: u32 = 12;
/// How long a campaign that expires lasts.
const LASTS: Duration = Duration::from_secs(30);
/// What the campaign with limits has to keep.
const GAP: Gap = Gap {
    min: Duration::from_secs(1),
    max: Duration::from_secs(2),
};
const WINDOW: Window = Window {
    sends_max: 10,
    span: Duration::from_secs(40),
};
/// So many such campaigns are played side by side: they wait more than they work.
const SIDE_BY_SIDE: u32 = 6;

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Many,
        Kind::Few,
        Kind::Cancelled,
        Kind::Expires,
        Kind::Paced,
    ];

    fn read(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| format!("{kind:?}") == name).unwrap()
    }
}

/// One campaign, its database, and the processes that die over it.
struct Scene<'a> {
    kind: Kind,
    people: Range<u32>,
    simulator: &'a Simulator,
    folder: tempfile::TempDir,
    origin: jiff::Timestamp,
    lives: u64,
    seed: u64,
}

/// How a process ended.
#[derive(Debug)]
enum Life {
    /// At this point.
    Died(Point),
    /// When nothing was left to do.
    Over,
}

impl<'a> Scene<'a> {
    fn new(kind: Kind, people: Range<u32>, seed: u64, simulator: &'a Simulator) -> Self {
        Self {
            kind,
            people,
            simulator,
            folder: tempfile::tempdir().unwrap(),
            origin: jiff::Timestamp::now(),
            lives: 0,
            seed,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.file(name)).ok()
    }

    fn spawn(&mut self, armed: &[Point]) -> Child {
        self.lives += 1;
        for name in ["hit", "written"] {
            let _absent = std::fs::remove_file(self.file(name));
        }
        let lines: Vec<String> = armed.iter().map(Point::line).collect();
        std::fs::write(self.file("points"), lines.join("\n")).unwrap();
        let log = std::fs::File::create(self.file("log")).unwrap();
        Process::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_dies", "--ignored", "--nocapture"])
            .env("CRASH_FOLDER", self.folder.path())
            .env("CRASH_URL", self.simulator.url())
            .env("CRASH_ORIGIN", self.origin.as_microsecond().to_string())
            .env("CRASH_KIND", format!("{:?}", self.kind))
            .env("CRASH_FIRST", self.people.start.to_string())
            .env("CRASH_PEOPLE", self.people.len().to_string())
            .env("CRASH_SEED", (self.seed ^ self.lives).to_string())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    /// One process, from its start to its end.
    async fn life(&mut self, armed: &[Point]) -> Life {
        let requests = self.simulator.ledger().len();
        let mut child = self.spawn(armed);
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if let Some(phone) = self.read("written") {
                world::until("the request", || {
                    let ledger = self.simulator.ledger();
                    let mut new = ledger.entries().skip(requests);
                    new.any(|entry| entry.chat() == phone)
                })
                .await;
                child.kill().unwrap();
                break child.wait().unwrap();
            }
            if Instant::now() > deadline {
                child.kill().unwrap();
                panic!("no end within {PATIENCE:?}: {}", self.state().await);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        assert_eq!(self.read("unknown"), None, "a step that no list here names");
        match self.read("hit") {
            Some(line) => Life::Died(Point::read(&line)),
            None if status.success() => Life::Over,
            None => panic!("{status}: {}", self.read("log").unwrap_or_default()),
        }
    }

    /// Where the campaign stands, and what is missing to settle its doubts.
    async fn state(&self) -> String {
        let store = embedded::open(self.folder.path());
        let log = self.read("log").unwrap_or_default();
        let Some(record) = store.campaign(embedded::NAME).await.unwrap() else {
            return log;
        };
        let mut doubts: BTreeMap<_, usize> = BTreeMap::new();
        for row in embedded::report(&store, record.id).await {
            if row.standing.state == State::Unconfirmed {
                *doubts
                    .entry((row.standing.reason, row.message))
                    .or_default() += 1;
            }
        }
        format!("{} {:?} {doubts:#?} {log}", record.state, record.counts)
    }

    /// Judges by the ledger: nobody twice, nobody lost, every report true. Returns how many stand where.
    async fn judge(&self) -> BTreeMap<State, usize> {
        let mut received: BTreeMap<u64, usize> = BTreeMap::new();
        let mut handed: BTreeSet<u64> = BTreeSet::new();
        let ledger = self.simulator.ledger();
        for entry in ledger.entries() {
            let phone: u64 = entry.chat().parse().unwrap();
            if entry.handed_us().is_some() {
                handed.insert(phone);
            }
            if entry.fate() == Fate::Received {
                *received.entry(phone).or_default() += 1;
            }
        }
        let people: BTreeSet<u64> = self.people.clone().map(embedded::phone).collect();
        let twice: Vec<_> = received
            .iter()
            .filter(|(phone, times)| people.contains(phone) && **times > 1)
            .collect();
        let context = format!("seed {}", self.seed);
        assert!(twice.is_empty(), "{context}: sent twice: {twice:?}");
        let store = embedded::open(self.folder.path());
        let record = embedded::record(&store).await;
        let rows = embedded::report(&store, record.id).await;
        let reported: BTreeSet<u64> = rows.iter().map(|row| row.phone.digits()).collect();
        assert_eq!(
            reported, people,
            "{context}: everybody has a row, and nobody else"
        );
        assert_eq!(rows.len(), people.len(), "{context}: one row each");
        assert_eq!(record.counts.total(), rows.len() as u64, "{context}");
        let mut states: BTreeMap<State, usize> = BTreeMap::new();
        for row in &rows {
            let phone = row.phone.digits();
            let state = row.standing.state;
            *states.entry(state).or_default() += 1;
            let has_it = received.contains_key(&phone);
            let fits = match state {
                State::Accepted => handed.contains(&phone),
                State::Sent | State::Delivered | State::Read | State::Played => has_it,
                State::Failed | State::Skipped | State::Cancelled => !has_it,
                State::Unconfirmed => true,
                State::Scheduled | State::Sending => false,
            };
            assert!(fits, "{context}: {row:?}, and has it: {has_it}");
        }
        for (state, count) in &states {
            assert_eq!(
                record.counts.of(*state),
                *count as u64,
                "{context}: {state}"
            );
        }
        states
    }
}

/// What the operator of the big campaign does: for each step that only an operator brings about, the command, once its time has come.
struct Operator<'a> {
    scene: &'a Scene<'a>,
    store: sql_store::SqliteStore,
    campaign: CampaignId,
    state: CampaignState,
    missing: BTreeSet<&'a str>,
    open: Vec<Command>,
}

impl<'a> Operator<'a> {
    /// Leaves commands for the next process. Nobody runs meanwhile.
    async fn act(scene: &'a Scene<'a>, missing: &'a [Point]) {
        if !scene.file("campaigns.sqlite").exists() {
            return;
        }
        let store = embedded::open(scene.folder.path());
        let Some(record) = store.campaign(embedded::NAME).await.unwrap() else {
            return;
        };
        let open = store.open_commands().await.unwrap();
        let operator = Self {
            scene,
            store,
            campaign: record.id,
            state: record.state,
            missing: missing.iter().map(|point| point.name.as_str()).collect(),
            open: open.into_iter().map(|(_, command)| command).collect(),
        };
        operator.intervene().await;
    }

    async fn intervene(&self) {
        let campaign = self.campaign;
        if self.state == CampaignState::Paused {
            self.ask(Command::Resume { campaign }).await;
        }
        let sent = self.scene.simulator.ledger().len();
        if self.misses("limits") && sent > 100 {
            let limits = limits(Kind::Many);
            self.ask(Command::SetLimits {
                account: account(),
                limits,
            })
            .await;
        }
        if self.misses("shared limits") && sent > 150 {
            // So many a day as nobody reaches: it counts, and holds nothing.
            let limits = SharedLimits {
                sends_per_day_max: Some(1_000_000),
                ..SharedLimits::default()
            };
            self.ask(Command::SetSharedLimits {
                scope: Scope::Installation,
                limits: Some(limits),
            })
            .await;
        }
        if self.misses("look now") && sent > 200 {
            self.ask(Command::Refresh { campaign }).await;
        }
        if self.misses("campaign: running to paused")
            && self.state == CampaignState::Running
            && sent > 300
        {
            self.ask(Command::Pause { campaign }).await;
        }
        let rows = embedded::report(&self.store, campaign).await;
        let of = |wanted: &dyn Fn(&ReportRow) -> bool| -> Vec<DeliveryId> {
            let wanted = rows.iter().filter(|row| wanted(row));
            wanted.map(|row| row.delivery).take(20).collect()
        };
        let is_open =
            |row: &ReportRow| matches!(row.standing.state, State::Sending | State::Unconfirmed);
        if self.misses("confirmed by operator") {
            // The operator has asked them.
            let ledger = self.scene.simulator.ledger();
            let received = ledger
                .entries()
                .filter(|entry| entry.fate() == Fate::Received);
            let received: BTreeSet<u64> = received
                .map(|entry| entry.chat().parse().unwrap())
                .collect();
            let deliveries = of(&|row| is_open(row) && received.contains(&row.phone.digits()));
            self.ask_about(deliveries, |deliveries| Command::Confirm { deliveries })
                .await;
        }
        if self.misses("given up by operator") {
            // One at a time: for the others there is proof in the end.
            let unanswered = never();
            let mut deliveries = of(&|row| {
                let person = u32::try_from(row.row - 2).unwrap();
                is_open(row) && unanswered.get(&person) == Some(&Never::Answered)
            });
            deliveries.truncate(1);
            self.ask_about(deliveries, |deliveries| Command::GiveUp { deliveries })
                .await;
        }
        let refused = of(&|row| row.standing.reason == Some(Reason::Refused));
        if self.misses("new generation") && sent > 400 {
            self.ask_about(refused.clone(), |deliveries| Command::Resend { deliveries })
                .await;
        } else if self.misses("sweep: retry") && sent > 1_000 && !refused.is_empty() {
            let reason = Some(Reason::Refused);
            self.ask(Command::Retry { campaign, reason }).await;
        }
    }

    fn misses(&self, name: &str) -> bool {
        self.missing.contains(name)
    }

    async fn ask_about(
        &self,
        deliveries: Vec<DeliveryId>,
        ask: impl Fn(Vec<DeliveryId>) -> Command,
    ) {
        if !deliveries.is_empty() {
            self.ask(ask(deliveries)).await;
        }
    }

    /// Asks, unless the same thing has been asked and not been answered.
    async fn ask(&self, command: Command) {
        let what = std::mem::discriminant(&command);
        if !self
            .open
            .iter()
            .any(|open| std::mem::discriminant(open) == what)
        {
            self.store.submit(&command).await.unwrap();
        }
    }
}

fn account() -> Account {
    Account(PhoneNumber::from_digits(embedded::ACCOUNT.parse().unwrap()).unwrap())
}

fn limits(kind: Kind) -> LaneLimits {
    match kind {
        Kind::Many => LaneLimits::unpaced(32),
        Kind::Few | Kind::Cancelled | Kind::Expires => LaneLimits::unpaced(3),
        Kind::Paced => LaneLimits {
            gap: GAP,
            windows: vec![WINDOW],
            sends_per_day_max: None,
            ..LaneLimits::default()
        },
    }
}

/// Faults whose outcome a look-up can tell, as with the processes that are killed from outside: what the server's own store never
/// learnt of, or keeps under another id, nobody can find again who did not hear its events.
fn faults() -> FaultRates {
    FaultRates::none()
        .with(Fault::Latency, 0.02)
        .with(Fault::ErrorBefore, 0.01)
        .with(Fault::ErrorAfter, 0.01)
        .with(Fault::ResetBefore, 0.01)
        .with(Fault::ResetAfter, 0.01)
        .with(Fault::AnswerLost, 0.02)
        .with(Fault::Late, 0.01)
        .with(Fault::Held, 0.01)
        .with(Fault::SessionFlap, 0.002)
        .with(Fault::Timelock, 0.002)
        .with(Fault::RateOverlimit, 0.002)
        .with(Fault::TooManyRequests, 0.002)
        .with(Fault::BadGatewayBefore, 0.005)
        .with(Fault::BadGatewayAfter, 0.005)
        .with(Fault::AcksMissing, 0.02)
        .with(Fault::AcksLate, 0.02)
        .with(Fault::AcksOutOfOrder, 0.02)
        .with(Fault::AcksTwice, 0.02)
        .with(Fault::AckError, 0.01)
}

/// What is done once, at the start. It comes first: what is done all the time may end the process at the same moment, and then this is never
/// reached again.
const BEGINNING: [&str; 7] = [
    "create",
    "import",
    "campaign: importing to frozen",
    "suppress",
    "unsuppress",
    "submit",
    "campaign: frozen to running",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_whose_process_dies_at_every_durable_step_reaches_everybody_once() {
    let seed = seed();
    println!("seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it)");
    let s = Duration::from_secs;
    let simulator = embedded::simulator(seed, SPEED)
        .faults(faults())
        .late_bands(vec![(s(1), s(5)), (s(5), s(20)), (s(20), s(60))])
        .engine_latency(s(1), s(6))
        .start()
        .await
        .unwrap();
    let mut scene = Scene::new(Kind::Many, 0..PEOPLE, seed, &simulator);
    let mut missing = points(seed);
    let all = missing.len();
    let mut fruitless = 0;
    while !missing.is_empty() && fruitless < 3 {
        Operator::act(&scene, &missing).await;
        let beginning = missing
            .iter()
            .filter(|point| BEGINNING.contains(&&*point.name));
        let beginning: Vec<Point> = beginning.cloned().collect();
        let armed = match beginning.is_empty() {
            true => &missing,
            false => &beginning,
        };
        let began = Instant::now();
        match scene.life(armed).await {
            Life::Died(at) => {
                println!(
                    "{:3} requests: died {:?} {}, {:.1?}",
                    simulator.ledger().len(),
                    at.side,
                    at.name,
                    began.elapsed()
                );
                missing.retain(|point| (&point.name, point.side) != (&at.name, at.side));
                fruitless = 0;
            }
            Life::Over => fruitless += 1,
        }
    }
    assert!(
        missing.is_empty(),
        "seed {seed}: never reached: {:?}",
        missing.iter().map(Point::line).collect::<Vec<_>>()
    );
    while !matches!(scene.life(&[]).await, Life::Over) {}
    let states = scene.judge().await;
    println!("{all} deaths in {} lives; {states:?}", scene.lives);
    for (fault, count) in simulator
        .counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
    {
        println!("  {count:5} {fault}");
    }
    let unconfirmed = states.get(&State::Unconfirmed);
    assert_eq!(unconfirmed, None, "seed {seed}: {}", scene.state().await);
    simulator.shutdown().await;
}

/// Plays one campaign for each write that there is, and dies at that one.
async fn dies_at_each_write(kind: Kind, side: Side) {
    let seed = seed();
    println!("{kind:?}, {side:?}: seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it)");
    let s = Duration::from_secs;
    let simulator = embedded::simulator(seed, SPEED)
        .faults(
            FaultRates::none()
                .with(Fault::AnswerLost, 0.05)
                .with(Fault::ErrorBefore, 0.05),
        )
        .engine_latency(s(1), s(6))
        .start()
        .await
        .unwrap();
    let mut ends: BTreeMap<State, usize> = BTreeMap::new();
    for first in (1..).step_by(SIDE_BY_SIDE as usize) {
        let campaigns =
            (first..first + SIDE_BY_SIDE).map(|nth| dies_at(kind, side, nth, seed, &simulator));
        let played = futures_util::future::join_all(campaigns).await;
        for (states, _) in &played {
            for (state, count) in states {
                *ends.entry(*state).or_default() += count;
            }
        }
        if played.iter().any(|(_, died)| !died) {
            let deaths = first - 1 + played.iter().filter(|(_, died)| *died).count() as u32;
            println!("{kind:?}: died {side:?} each of {deaths} writes; {ends:?}");
            break;
        }
    }
    simulator.shutdown().await;
}

/// One campaign whose first process dies at its nth write, and what became of everybody; whether it came so far.
async fn dies_at(
    kind: Kind,
    side: Side,
    nth: u32,
    seed: u64,
    simulator: &Simulator,
) -> (BTreeMap<State, usize>, bool) {
    let people = nth * FEW..(nth + 1) * FEW;
    let mut scene = Scene::new(kind, people, seed, simulator);
    let point = Point {
        name: ANY_WRITE.into(),
        side,
        nth,
    };
    let died = matches!(scene.life(&[point]).await, Life::Died(_));
    if died {
        assert!(matches!(scene.life(&[]).await, Life::Over));
    }
    let states = scene.judge().await;
    // What stays in doubt lacks the proof that ids are kept: nobody got anything yet, and nobody will any more.
    let is_proved = states.keys().any(|state| state.is_handed_over());
    if is_proved && states.contains_key(&State::Unconfirmed) {
        panic!("seed {seed}, write {nth}: {}", scene.state().await);
    }
    (states, died)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_campaign_whose_process_dies_after_any_of_its_writes_reaches_everybody_once() {
    dies_at_each_write(Kind::Few, Side::After).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_campaign_whose_process_dies_before_any_of_its_writes_reaches_everybody_once() {
    if std::env::var_os("ALL_SCENES").is_none() {
        println!(
            "skipped: a long run, and what is durable before a write is so after the one before it; set ALL_SCENES=1"
        );
        return;
    }
    dies_at_each_write(Kind::Few, Side::Before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_campaign_whose_process_dies_after_any_of_its_writes_stays_cancelled() {
    dies_at_each_write(Kind::Cancelled, Side::After).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_campaign_that_expires_and_whose_process_dies_after_any_of_its_writes_sends_nothing_late()
{
    dies_at_each_write(Kind::Expires, Side::After).await;
}

/// A request that is on its way when its process dies counts for as long as it may still be carried out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_by_the_servers_stamps_however_often_the_process_dies() {
    const DEATHS: u32 = 15;
    let seed = seed();
    println!("seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it)");
    let s = Duration::from_secs;
    let simulator = embedded::simulator(seed, SPEED)
        .faults(
            FaultRates::none()
                .with(Fault::AnswerLost, 0.03)
                .with(Fault::ErrorBefore, 0.03)
                .with(Fault::ErrorAfter, 0.03),
        )
        .engine_latency(s(1), s(6))
        .start()
        .await
        .unwrap();
    let mut scene = Scene::new(Kind::Paced, 0..60, seed, &simulator);
    let mut draws = Draws(seed);
    let mut deaths = 0;
    while deaths < DEATHS {
        let (name, nth) = match draws.below(3) {
            0 => (UNANSWERED, 1 + draws.below(4)),
            1 => (ANSWERED, 1 + draws.below(4)),
            _ => (ANY_WRITE, 4 + draws.below(16)),
        };
        let point = Point {
            name: name.into(),
            side: Side::Before,
            nth: nth as u32,
        };
        match scene.life(&[point]).await {
            Life::Died(_) => deaths += 1,
            Life::Over => break,
        }
    }
    while !matches!(scene.life(&[]).await, Life::Over) {}
    let states = scene.judge().await;
    let ledger = simulator.ledger();
    println!("{deaths} deaths, {} requests; {states:?}", ledger.len());
    assert!(deaths > 5, "seed {seed}: only {deaths} deaths");
    // The server's stamps are of real time.
    let real_us = |time: Duration| time.div_f64(SPEED).as_micros() as u64;
    let received: Vec<u64> = ledger.entries().map(|entry| entry.received_us()).collect();
    let handed: Vec<u64> = ledger
        .entries()
        .filter_map(|entry| entry.handed_us())
        .collect();
    for (what, mut stamps) in [("received", received), ("handed", handed)] {
        stamps.sort_unstable();
        for pair in stamps.windows(2) {
            let gap = pair[1] - pair[0];
            assert!(
                gap >= real_us(GAP.min),
                "seed {seed}: {what} with a gap of {gap} us"
            );
        }
        for interval in stamps.windows(WINDOW.sends_max as usize + 1) {
            let span = interval[interval.len() - 1] - interval[0];
            assert!(
                span > real_us(WINDOW.span),
                "seed {seed}: one too many {what} in {span} us"
            );
        }
    }
    simulator.shutdown().await;
}

#[test]
#[ignore = "the process that dies in the other tests"]
fn a_process_that_dies() {
    let Ok(folder) = std::env::var("CRASH_FOLDER") else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(live(Path::new(&folder)));
}

/// Goes on with the campaign until nothing is left to do, or until a point is reached.
async fn live(folder: &Path) {
    let told = |name: &str| std::env::var(name).unwrap();
    let number = |name: &str| told(name).parse::<u32>().unwrap();
    let kind = Kind::read(&told("CRASH_KIND"));
    let people = number("CRASH_FIRST")..number("CRASH_FIRST") + number("CRASH_PEOPLE");
    let origin = jiff::Timestamp::from_microsecond(told("CRASH_ORIGIN").parse().unwrap()).unwrap();
    let clock = embedded::clock(SPEED, origin);
    let points = Points::read(folder, names());
    let store: Arc<dyn Store> = Arc::new(DyingStore {
        inner: embedded::open(folder),
        points: Arc::clone(&points),
    });
    let campaign = prepare(&*store, &*clock, kind, people.clone()).await;
    let waha = embedded::gateway(&told("CRASH_URL"), &clock, SPEED);
    let never = match kind {
        Kind::Many => never(),
        _ => BTreeMap::new(),
    };
    let gateway = DyingGateway {
        inner: waha.clone(),
        clock: Arc::clone(&clock),
        points,
        never: never
            .into_iter()
            .map(|(person, never)| (embedded::phone(person), never))
            .collect(),
    };
    let parts = Parts {
        store: Arc::clone(&store),
        gateway: Arc::new(gateway),
        clock: Arc::clone(&clock),
        settings: settings(kind, told("CRASH_SEED").parse().unwrap()),
        limits: limits(kind),
        workers: None,
    };
    let (driver, handle) = Driver::start(parts).await.unwrap();
    let pump = tokio::spawn(waha_gateway::pump(waha, handle.clone(), Vec::new()));
    let driver = tokio::spawn(driver.run());
    if kind == Kind::Cancelled {
        cancel(Arc::clone(&store), campaign).await;
    }
    embedded::over(&*store, &handle).await;
    handle.stop().await;
    driver.await.unwrap().unwrap();
    pump.abort();
}

fn settings(kind: Kind, seed: u64) -> Settings {
    let s = Duration::from_secs;
    let settings = Settings {
        seed,
        restriction_hold: s(5),
        hold_max: s(5),
        finds_max: 16,
        ..Settings::default()
    };
    match kind {
        Kind::Many => settings,
        // No request of theirs is held for long, and there are many of these campaigns.
        _ => Settings {
            absence_horizon_text: s(30),
            ack_time: s(20),
            ..settings
        },
    }
}

/// Imports, and asks for the start, where an earlier life has not.
async fn prepare(
    store: &dyn Store,
    clock: &dyn Clock,
    kind: Kind,
    people: Range<u32>,
) -> CampaignId {
    let expires = (kind == Kind::Expires).then(|| clock.now().wall.checked_add(LASTS).unwrap());
    let definition = Definition {
        expires_at: expires,
        ..embedded::definition()
    };
    let campaign = embedded::import(store, clock, &definition, people, 500).await;
    if embedded::record(store).await.state != CampaignState::Frozen {
        return campaign;
    }
    if kind == Kind::Many {
        let suppressed = SUPPRESSED.map(|person| Suppression {
            phone: PhoneNumber::from_digits(embedded::phone(person)).unwrap(),
            origin: campaign_core::consent::Origin::Operator,
            source: "operator".into(),
            since: clock.now().wall,
        });
        store.suppress(&suppressed).await.unwrap();
        store.unsuppress(&[account().0]).await.unwrap();
    }
    if store.open_commands().await.unwrap().is_empty() {
        store.submit(&Command::Start { campaign }).await.unwrap();
    }
    campaign
}

/// Cancels the campaign once somebody has got it, unless that was asked for before.
async fn cancel(store: Arc<dyn Store>, campaign: CampaignId) {
    let cancel = Command::Cancel { campaign };
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    loop {
        looks.tick().await;
        let record = embedded::record(&*store).await;
        let open = store.open_commands().await.unwrap();
        if record.state == CampaignState::Cancelled
            || open.iter().any(|(_, asked)| *asked == cancel)
        {
            return;
        }
        let handed = State::ALL
            .into_iter()
            .filter(|state| state.is_handed_over());
        if handed.map(|state| record.counts.of(state)).sum::<u64>() > 2 {
            store.submit(&cancel).await.unwrap();
            return;
        }
    }
}
