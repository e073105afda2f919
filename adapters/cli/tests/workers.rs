//! Several real workers on one PostgreSQL, against a simulator with faults, killed and frozen beyond their leases, while the database is started
//! anew and loses its connections: by the simulator's ledger nobody gets it twice, nobody is lost, no pace is exceeded, and every report is true.
//! `RECIPIENTS=n`, `SESSIONS=n` and `STRIKES=n` are the size of it. Unix only: there a process can be killed without any warning.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "../../sql-store/tests/cluster/mod.rs"]
mod cluster;
mod world;

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cluster::Cluster;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use waha_simulator::{Builder, Fault, FaultRates, Simulator};
use world::{Draws, Ran, UNCONFIRMED, World, bare, ended, judge, ran, seed};

const PEOPLE: u32 = 1_000;
const SESSIONS: usize = 16;
const WORKERS: usize = 4;
/// From one message of a session to the next.
const GAP: Duration = Duration::from_millis(500);
/// One thing happens to a worker every second, so many times.
const STRIKES: usize = 24;
const LEASE: Duration = Duration::from_secs(3);
const SETTINGS: &str = "[engine]
lease_seconds = 3
send_deadline_seconds = 2
hold_horizon_text_seconds = 3
absence_horizon_text_seconds = 8
silence_seconds = 5
ack_time_seconds = 6
observe_every_seconds = 2
hold_min_seconds = 0.2
hold_max_seconds = 2
pause_min_seconds = 0.5
pause_max_seconds = 3
";

fn size(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// Faults that a look-up can settle, over before absence is proved.
fn faulty(seed: u64, sessions: usize) -> Builder {
    let rates = FaultRates::none()
        .with(Fault::Latency, 0.01)
        .with(Fault::ErrorBefore, 0.005)
        .with(Fault::ErrorAfter, 0.005)
        .with(Fault::ResetBefore, 0.005)
        .with(Fault::ResetAfter, 0.005)
        .with(Fault::AnswerLost, 0.01)
        .with(Fault::Late, 0.005)
        .with(Fault::AcksMissing, 0.02)
        .with(Fault::AcksOutOfOrder, 0.02)
        .with(Fault::AcksTwice, 0.02);
    let ms = Duration::from_millis;
    let mut builder = Simulator::builder()
        .seed(seed)
        .faults(rates)
        .late_bands(vec![(ms(100), ms(1_000)), (ms(1_000), ms(4_000))])
        .engine_latency(ms(0), ms(200));
    let kept = json!({"noweb": {"store": {"enabled": true}}});
    for number in 1..sessions {
        let phone = format!("62812000{:05}", number + 1);
        builder = builder.session_with(named(number), &phone, kept.clone());
    }
    builder
}

/// The first one is called as sessions are by default.
fn named(number: usize) -> String {
    match number {
        0 => "default".to_owned(),
        number => format!("sesi-{number}"),
    }
}

/// Workers and what they have in common.
struct Company {
    world: World,
    cluster: Cluster,
    sessions: usize,
    workers: Vec<Worker>,
}

struct Worker {
    process: Child,
    /// Until when it is frozen.
    frozen_until: Option<Instant>,
}

const DATABASE: &str = "company";

impl Company {
    /// `None` where there is no PostgreSQL.
    async fn meet(builder: Builder, sessions: usize, workers: usize) -> Option<Self> {
        let Some(cluster) = Cluster::start("", |_| {}) else {
            println!("skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)");
            return None;
        };
        cluster.create(DATABASE);
        let world = World::start(builder).await;
        world.write("waha-campaign.toml", SETTINGS);
        let mut company = Self {
            world,
            cluster,
            sessions,
            workers: Vec::new(),
        };
        for _ in 0..workers {
            let process = company.spawn(&["worker"]);
            company.workers.push(Worker {
                process,
                frozen_until: None,
            });
        }
        company
            .until("all have joined", |company| {
                company.sql("SELECT to_regclass('worker') IS NOT NULL") == "t"
                    && company.sql("SELECT count(*) FROM worker") == workers.to_string()
            })
            .await;
        Some(company)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = bare(self.world.folder.path(), words);
        command
            .args(["--db", &self.cluster.url(DATABASE)])
            .env("WAHA_URL", self.world.simulator.url())
            .env("WAHA_API_KEY", self.world.simulator.key());
        command
    }

    fn spawn(&self, words: &[&str]) -> Child {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.world.path("workers.log"))
            .unwrap();
        self.command(words)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    async fn run(&self, words: &[&str]) -> Ran {
        ran(self.command(words)).await
    }

    /// A command that sends to the list at a pace of one message in each [`GAP`].
    fn start(&self) -> Vec<String> {
        let sessions: Vec<String> = (0..self.sessions).map(named).collect();
        let gap = format!("{}ms", GAP.as_millis());
        let words = [
            "start",
            "list.csv",
            "--name",
            "crash",
            "--template",
            "Halo {{nama}}",
            "--gap",
            &gap,
            "--per-day",
            "none",
            "--yes",
            "--session",
            &sessions.join(","),
        ];
        words.map(str::to_owned).to_vec()
    }

    /// Has the campaign started by a process that only follows, and is not there any more then.
    async fn begin(&self) {
        let words = self.start();
        let follower = self.spawn(&words.iter().map(String::as_str).collect::<Vec<_>>());
        self.until("the campaign is started", |company| {
            company.sql("SELECT count(*) FROM campaign WHERE state = 4") == "1"
        })
        .await;
        signal(&follower, Signal::INT);
        ended(follower).await;
    }

    /// Follows it to its end.
    async fn finish(&self) -> Ran {
        let words = self.start();
        self.run(&words.iter().map(String::as_str).collect::<Vec<_>>())
            .await
    }

    fn sql(&self, sql: &str) -> String {
        self.cluster.sql(DATABASE, sql)
    }

    fn reported(&self) -> BTreeMap<u64, u8> {
        let rows = self.sql("SELECT phone, state FROM delivery WHERE flags & 2 = 0");
        let rows = rows.lines().map(|row| row.split_once('|').unwrap());
        rows.map(|(phone, state)| (phone.parse().unwrap(), state.parse().unwrap()))
            .collect()
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !is_so(self) {
            assert!(
                Instant::now() < deadline,
                "{what} did not come about: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.world.path("workers.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    fn kill(&mut self, number: usize) {
        let next = self.spawn(&["worker"]);
        let mut dead = std::mem::replace(&mut self.workers[number].process, next);
        dead.kill().unwrap();
        dead.wait().unwrap();
    }

    /// Starts those anew that came while the database was away, as whatever looks after them does.
    fn revive(&mut self) {
        for number in 0..self.workers.len() {
            if let Some(ended) = self.workers[number].process.try_wait().unwrap() {
                assert_eq!(ended.code(), Some(1), "{}", self.log());
                self.workers[number].process = self.spawn(&["worker"]);
            }
        }
    }

    fn freeze(&mut self, number: usize, lasts: Duration) {
        signal(&self.workers[number].process, Signal::STOP);
        self.workers[number].frozen_until = Some(Instant::now() + lasts);
    }

    /// Those whose time has come, or all.
    fn thaw(&mut self, are_all: bool) {
        for worker in &mut self.workers {
            let is_due = |until: &mut Instant| are_all || *until <= Instant::now();
            if worker.frozen_until.as_mut().is_some_and(is_due) {
                worker.frozen_until = None;
                signal(&worker.process, Signal::CONT);
            }
        }
    }

    /// Each of them hands over, and ends well.
    fn part(mut self) {
        for number in 0..self.workers.len() {
            let worker = &mut self.workers[number].process;
            signal(worker, Signal::TERM);
            let ended = tokio::task::block_in_place(|| worker.wait().unwrap());
            assert_eq!(ended.code(), Some(0), "{}", self.log());
        }
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        self.thaw(true);
        for worker in &mut self.workers {
            let _gone = worker.process.kill();
            let _reaped = worker.process.wait();
        }
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_are_killed_and_frozen_send_once_to_everybody() {
    let seed = seed();
    let people = u32::try_from(size("RECIPIENTS", PEOPLE as usize)).unwrap();
    let sessions = size("SESSIONS", SESSIONS);
    let strikes = size("STRIKES", STRIKES);
    println!(
        "seed {seed} (WAHA_CAMPAIGN_TEST_SEED repeats it), {people} people, {sessions} sessions"
    );
    let Some(mut company) = Company::meet(faulty(seed, sessions), sessions, WORKERS).await else {
        return;
    };
    company.world.list(people);
    company.begin().await;
    let mut draws = Draws(seed);
    let (mut kills, mut freezes, mut restarts, mut storms) = (0, 0, 0, 0);
    for strike in 0..strikes {
        tokio::time::sleep(Duration::from_secs(1)).await;
        company.thaw(false);
        company.revive();
        let number = draws.below(WORKERS as u64) as usize;
        if company.workers[number].frozen_until.is_none() {
            if draws.below(2) == 0 {
                company.kill(number);
                kills += 1;
            } else {
                let lasts = LEASE + Duration::from_millis(500 + draws.below(2_000));
                company.freeze(number, lasts);
                freezes += 1;
            }
        }
        if strike % 5 == 2 {
            company.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
            );
            storms += 1;
        }
        if strike == strikes / 3 || strike == strikes * 2 / 3 {
            company.cluster.stop(["fast", "immediate"][restarts % 2]);
            company.cluster.run();
            restarts += 1;
        }
    }
    company.thaw(true);
    company.revive();
    let reached = company.world.simulator.ledger().len();
    println!(
        "{kills} killed, {freezes} frozen beyond their leases, {restarts} restarts and {storms} storms by {reached} requests"
    );
    assert!(kills > 0 && freezes > 0 && restarts == 2, "seed {seed}");
    assert!(
        reached < people as usize,
        "seed {seed}: it was over before that"
    );
    let ran = company.finish().await;
    let context = format!("seed {seed}");
    let reported = company.reported();
    let unconfirmed = judge(&company.world.received(), &reported, people, &context);
    keeps_its_pace(&company.world, &context);
    println!("{unconfirmed} unconfirmed, exit {}", ran.code);
    println!("{}\n{:?}", ran.stdout, company.world.simulator.counts());
    let has_failed = reported.values().any(|state| *state == 8);
    let expected = match (unconfirmed > 0, has_failed) {
        (true, _) => 6,
        (false, true) => 5,
        (false, false) => 0,
    };
    assert_eq!(ran.code, expected, "{context}: {}", ran.stderr);
    let listed = ["unconfirmed", "list", "crash", "--json"];
    let listed = company.run(&listed).await.stdout;
    println!("{listed}");
    // It was not, and every machine must see that by whichever clock.
    assert!(!listed.contains("restarted"), "{context}");
    let listed = listed.lines().map(serde_json::from_str::<Value>);
    assert_eq!(listed.map(Result::unwrap).count() as u64, unconfirmed);
    let are_unconfirmed = reported.values().filter(|state| **state == UNCONFIRMED);
    assert_eq!(are_unconfirmed.count() as u64, unconfirmed);
    company.part();
}

/// In no time is more sent from an account than its gap allows; a request that was late on its way may be near the next one.
fn keeps_its_pace(world: &World, context: &str) {
    const IN_A_ROW: usize = 20;
    const LATE: Duration = Duration::from_secs(2);
    let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let ledger = world.simulator.ledger();
    for entry in ledger.entries() {
        let of_session = sent.entry(entry.session().to_owned()).or_default();
        of_session.push(entry.received_us());
    }
    for (session, mut moments) in sent {
        moments.sort_unstable();
        for row in moments.windows(IN_A_ROW + 1) {
            let took = Duration::from_micros(row[IN_A_ROW] - row[0]);
            let least = GAP * IN_A_ROW as u32 - LATE;
            assert!(
                took >= least,
                "{context}: {session} sent {IN_A_ROW} messages in {took:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_sessions_hand_over_and_say_so() {
    let Some(mut company) = Company::meet(faulty(1, 2).faults(FaultRates::none()), 2, 1).await
    else {
        return;
    };
    company.world.list(40);
    company.begin().await;
    company
        .until("the first attends both", |company| {
            company
                .log()
                .contains("attending 2 sessions, of 1 worker in all")
        })
        .await;
    let mut second = company.command(&["worker", "--json"]);
    let second = second
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    company
        .until("they share", |company| {
            company.sql("SELECT count(DISTINCT worker) FROM session") == "2"
        })
        .await;
    // One more that wants to be alone is told who works.
    company
        .run(&["resume", "--all"])
        .await
        .expect(7)
        .says("already sending");
    let first = company.workers.remove(0).process;
    signal(&first, Signal::TERM);
    assert_eq!(ended(first).await, 0, "{}", company.log());
    assert!(
        company.log().contains("sent; what is left"),
        "{}",
        company.log()
    );
    company.finish().await.expect(0);
    signal(&second, Signal::TERM);
    let output = tokio::task::spawn_blocking(move || second.wait_with_output().unwrap());
    let second = Ran::from(output.await.unwrap()).expect(0);
    let told: Vec<Value> = second
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut attends = told.iter().filter(|it| it["event"] == "attends");
    let last = attends.next_back().unwrap();
    assert_eq!(last["sessions"], json!(["default", "sesi-1"]));
    let ended = told.last().unwrap();
    assert_eq!(ended["event"], "worker_ended");
    let sent = ended["sent"].as_u64().unwrap();
    assert!((1..40).contains(&sent), "{sent}");
    judge(&company.world.received(), &company.reported(), 40, "shared");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_in_a_file_takes_no_workers() {
    let world = World::start(World::usual(1)).await;
    let mut command = bare(world.folder.path(), &["worker", "--db", "toko.sqlite"]);
    command.env("WAHA_URL", world.simulator.url());
    ran(command)
        .await
        .expect(3)
        .says("waha-campaign migrate --to");
    assert!(!world.path("toko.sqlite").exists());
}
