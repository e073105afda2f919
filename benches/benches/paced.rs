//! Does one process keep a thousand sessions at the pace that each is allowed, in time and never too fast?
//!
//! Each session has a campaign of its own and a gap of two seconds. The simulator acknowledges every message over the websocket, and its
//! ledger is what is judged: a lane may send again two seconds after the end of its last send, and how long after that the next
//! message came is its lateness. SQLite and PostgreSQL take turns.

use std::path::Path;
use std::time::Duration;

use benches::base::{Base, Server};
use benches::process::{Peer, peak_memory_kib};
use benches::sink::{Arrival, Kind, Received, Sink};
use benches::table::{Table, megabytes, thousands};
use benches::whole_path::{self, Audience, Run};
use benches::{Failure, median, percentile, setting};
use campaign_core::limits::{Gap, LaneLimits};
use serde::{Deserialize, Serialize};
use sql_store::Durability;

/// The role that sends.
pub(crate) const RUN: &str = "paced";

const GAP: Duration = Duration::from_secs(2);
/// People of each session who are not written to any more when the run ends: none may run out of them before.
const LEFT_OVER: u32 = 5;

pub(crate) fn bench() -> Result<(), Failure> {
    let scene = Scene {
        sessions: setting("BENCH_SESSIONS", 1_000)?,
        seconds: setting("BENCH_SECONDS", 60)?,
        database: Server::start(),
    };
    let campaigns = setting("BENCH_CAMPAIGNS", scene.sessions)?.clamp(1, scene.sessions.max(1));
    let rounds = setting("BENCH_ROUNDS", 5)?;
    println!(
        "paced: {} sessions in {} campaigns, a message every {} s each, {} s a turn, medians of {rounds} rounds\n",
        thousands(f64::from(scene.sessions)),
        thousands(f64::from(campaigns)),
        GAP.as_secs(),
        scene.seconds,
    );
    let mut keepers = vec![("SQLite, FULL", false, Turns::default())];
    if scene.database.is_some() {
        keepers.push(("PostgreSQL, fsync on", true, Turns::default()));
    }
    for _ in 0..rounds {
        for (_, is_server, turns) in &mut keepers {
            turns.add(&scene.turn(*is_server, campaigns)?);
        }
    }
    let mut table = Table::new(&[
        "",
        "messages",
        "of the allowed rate",
        "late, half",
        "late, 99 of 100",
        "late, the latest",
        "too near",
        "cores",
        "database cores",
        "peak memory",
    ]);
    for (name, _, turns) in keepers {
        table.row(turns.cells(name));
    }
    table.print();
    Ok(())
}

struct Scene {
    sessions: u32,
    seconds: u32,
    database: Option<Server>,
}

impl Scene {
    fn turn(&self, is_server: bool, campaigns: u32) -> Result<Turn, Failure> {
        // Two at least: it is from one message to the next that is judged.
        let each = (self.seconds / GAP.as_secs() as u32).max(2);
        let audience = Audience {
            people: self.sessions * (each + LEFT_OVER),
            sessions: self.sessions,
            campaigns,
        };
        let server = self.database.as_ref().filter(|_| is_server);
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let database = server.map(Server::create);
        let base = match &database {
            Some(database) => database.base(),
            None => Base::Sqlite(folder.path().join("campaigns.db")),
        };
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(whole_path::prepare(&base, audience))?;
        let sink = Sink::with_sessions(Kind::Acknowledging, self.sessions)?;
        let before = server.and_then(Server::cpu_time);
        let messages = (self.sessions * each).to_string();
        let arguments = [&base.argument()?, sink.url(), &messages];
        let ran: Ran = serde_json::from_str(&Peer::start(RUN, arguments)?.line()?)?;
        let database_cpu = server.and_then(Server::cpu_time).zip(before);
        let database_cpu = database_cpu.map(|(after, before)| after.saturating_sub(before));
        Ok(Turn {
            paces: Paces::of(&sink.received()?),
            database_cores: database_cpu.map_or(0.0, |cpu| cpu.as_secs_f64() / ran.seconds),
            ran,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Ran {
    /// From the opening of the database to the end.
    seconds: f64,
    cpu_seconds: f64,
    peak_kib: Option<u64>,
}

pub(crate) fn run(base: &str, url: &str, messages: u32) -> Result<(), Failure> {
    let base = Base::named(base);
    let gap = Gap { min: GAP, max: GAP };
    let run = Run {
        base: &base,
        durability: Durability::Full,
        url,
        limits: LaneLimits {
            gap,
            sends_per_day_max: None,
            ..LaneLimits::default()
        },
        hears_events: true,
    };
    let ran = tokio::runtime::Runtime::new()?.block_on(run.send(messages))?;
    let ran = Ran {
        seconds: (ran.to_first_send + ran.took.time).as_secs_f64(),
        cpu_seconds: ran.took.cpu.as_secs_f64(),
        peak_kib: peak_memory_kib(None),
    };
    println!("{}", serde_json::to_string(&ran)?);
    Ok(())
}

/// How one turn went.
struct Turn {
    paces: Paces,
    database_cores: f64,
    ran: Ran,
}

/// How the messages of all sessions followed one another.
struct Paces {
    messages: usize,
    /// Of one message every gap, from the first of each session to its last.
    of_allowed: f64,
    /// In milliseconds, in order.
    late: Vec<f64>,
    /// Messages that came sooner after the one before than the gap.
    too_near: usize,
}

impl Paces {
    fn of(received: &Received) -> Self {
        let gap_us = GAP.as_micros() as u64;
        let followed = received.iter().flat_map(|session| session.windows(2));
        let pairs: Vec<(Arrival, Arrival)> = followed.map(|pair| (pair[0], pair[1])).collect();
        let apart = |(one, next): &(Arrival, Arrival)| next.received_us - one.received_us;
        let late = pairs.iter().map(|(one, next)| {
            let allowed = one.handed_us + gap_us;
            next.received_us.saturating_sub(allowed) as f64 / 1e3
        });
        let mut late: Vec<f64> = late.collect();
        late.sort_by(f64::total_cmp);
        let took_us: u64 = pairs.iter().map(apart).sum();
        Self {
            messages: received.iter().map(Vec::len).sum(),
            of_allowed: pairs.len() as f64 * gap_us as f64 / took_us as f64,
            late,
            too_near: pairs.iter().filter(|pair| apart(pair) < gap_us).count(),
        }
    }
}

/// The turns of one store.
#[derive(Default)]
struct Turns {
    messages: Vec<f64>,
    of_allowed: Vec<f64>,
    half: Vec<f64>,
    most: Vec<f64>,
    latest: f64,
    too_near: usize,
    cores: Vec<f64>,
    database_cores: Vec<f64>,
    peak_kib: Option<u64>,
}

impl Turns {
    fn add(&mut self, turn: &Turn) {
        let Turn { paces, ran, .. } = turn;
        self.messages.push(paces.messages as f64);
        self.of_allowed.push(paces.of_allowed);
        self.half.push(percentile(&paces.late, 50.0));
        self.most.push(percentile(&paces.late, 99.0));
        self.latest = self.latest.max(percentile(&paces.late, 100.0));
        self.too_near += paces.too_near;
        self.cores.push(ran.cpu_seconds / ran.seconds);
        self.database_cores.push(turn.database_cores);
        self.peak_kib = self.peak_kib.max(ran.peak_kib);
    }

    fn cells(self, name: &str) -> [String; 10] {
        [
            name.to_owned(),
            thousands(median(self.messages)),
            format!("{:.2} %", median(self.of_allowed) * 100.0),
            format!("{:.1} ms", median(self.half)),
            format!("{:.1} ms", median(self.most)),
            format!("{:.1} ms", self.latest),
            self.too_near.to_string(),
            format!("{:.2}", median(self.cores)),
            format!("{:.2}", median(self.database_cores)),
            megabytes(self.peak_kib),
        ]
    }
}
