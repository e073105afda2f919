//! How much of a bare HTTP loop's speed is left when each message is on record before and after it is sent?
//!
//! The loop and the whole path, on SQLite at both durabilities and on PostgreSQL, take turns in one run against one server in another
//! process: the simulator, and a server that does next to nothing; through one session, and through 64.

use std::path::Path;
use std::time::Duration;

use benches::bare::{self, Took};
use benches::base::{Base, Server};
use benches::sink::{Kind, SESSIONS, Sink};
use benches::table::{Table, thousands};
use benches::whole_path::{Audience, Run};
use benches::{Failure, median, setting, whole_path};
use sql_store::Durability;
use tokio::runtime::Runtime;

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq)]
enum Sender {
    Bare,
    Sqlite(Durability),
    Postgres,
}

const SENDERS: [(&str, Sender); 4] = [
    ("bare reqwest loop", Sender::Bare),
    ("SQLite, FULL", Sender::Sqlite(Durability::Full)),
    ("SQLite, NORMAL", Sender::Sqlite(Durability::Normal)),
    ("PostgreSQL, fsync on", Sender::Postgres),
];

/// Which server, and through how many of its sessions.
const RUNS: [(Kind, u32); 3] = [
    (Kind::Simulator, 1),
    (Kind::Plain, 1),
    (Kind::Plain, SESSIONS),
];

/// One sender's turns.
#[derive(Default)]
struct Turns {
    rates: Vec<f64>,
    /// To the loop of the same round: whatever else the machine does slows both.
    ratios: Vec<f64>,
    client_us: Vec<f64>,
    /// Of the database's server, where there is one.
    database_us: Vec<f64>,
    /// Of client and database, to the loop's.
    cpu_ratios: Vec<f64>,
    server_us: Vec<f64>,
}

/// What one turn took.
struct Turn {
    took: Took,
    database: Option<Duration>,
    server: Option<Duration>,
}

pub(crate) fn bench() -> Result<(), Failure> {
    let scene = Scene {
        messages: setting("BENCH_MESSAGES", 20_000)?,
        in_flight: setting("BENCH_IN_FLIGHT", 64)?,
        runtime: tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?,
        database: Server::start(),
    };
    let rounds = setting("BENCH_ROUNDS", 7)?;
    println!(
        "dispatch: {} messages, {} in flight, medians of {rounds} rounds\n",
        scene.messages, scene.in_flight
    );
    let mut table = Table::new(&[
        "",
        "server",
        "sessions",
        "messages/s",
        "of the bare loop",
        "client CPU us/message",
        "database CPU us/message",
        "of the bare loop's CPU",
        "server CPU us/message",
    ]);
    let senders = SENDERS.into_iter();
    let senders = senders.filter(|(_, it)| *it != Sender::Postgres || scene.database.is_some());
    let senders: Vec<_> = senders.collect();
    for (kind, sessions) in RUNS {
        let sink = Sink::start(kind)?;
        // Once before it counts: a server that has just started is cold.
        scene.send(Sender::Bare, &sink, sessions)?;
        let mut turns: Vec<Turns> = senders.iter().map(|_| Turns::default()).collect();
        for _ in 0..rounds {
            let mut bare = None;
            for ((_, sender), turns) in senders.iter().zip(&mut turns) {
                let turn = scene.send(*sender, &sink, sessions)?;
                turns.add(&turn, *bare.get_or_insert(turn.took));
            }
        }
        for ((name, _), turns) in senders.iter().zip(turns) {
            table.row([
                (*name).to_owned(),
                kind.name().to_owned(),
                sessions.to_string(),
                thousands(median(turns.rates)),
                format!("{:.2}", median(turns.ratios)),
                format!("{:.1}", median(turns.client_us)),
                format!("{:.1}", median(turns.database_us)),
                format!("{:.1}", median(turns.cpu_ratios)),
                format!("{:.1}", median(turns.server_us)),
            ]);
        }
    }
    table.print();
    Ok(())
}

impl Turns {
    fn add(&mut self, turn: &Turn, bare: Took) {
        let took = turn.took;
        let us = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(took.messages);
        let database_us = turn.database.map_or(0.0, us);
        self.rates.push(took.rate());
        self.ratios.push(took.rate() / bare.rate());
        self.client_us.push(took.cpu_us());
        self.database_us.push(database_us);
        self.cpu_ratios
            .push((took.cpu_us() + database_us) / bare.cpu_us());
        self.server_us.extend(turn.server.map(us));
    }
}

struct Scene {
    messages: u32,
    in_flight: u32,
    runtime: Runtime,
    database: Option<Server>,
}

impl Scene {
    fn send(&self, sender: Sender, sink: &Sink, sessions: u32) -> Result<Turn, Failure> {
        let before = sink.cpu_time();
        let (took, database) = match sender {
            Sender::Bare => {
                let run = bare::run(sink.url(), self.messages, self.in_flight, sessions);
                (self.runtime.block_on(run)?, None)
            }
            Sender::Sqlite(durability) => {
                let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
                let base = Base::Sqlite(folder.path().join("campaigns.db"));
                self.prepare(&base, sessions)?;
                let took = self.run(&base, durability, sink.url(), sessions)?;
                (took, None)
            }
            Sender::Postgres => {
                let server = self.database.as_ref().ok_or("no PostgreSQL")?;
                let database = server.create();
                let base = database.base();
                self.prepare(&base, sessions)?;
                let before = server.cpu_time();
                let took = self.run(&base, Durability::Full, sink.url(), sessions)?;
                let after = server.cpu_time().zip(before);
                (
                    took,
                    after.map(|(after, before)| after.saturating_sub(before)),
                )
            }
        };
        let after = sink.cpu_time().zip(before);
        Ok(Turn {
            took,
            database,
            server: after.map(|(after, before)| after - before),
        })
    }

    fn prepare(&self, base: &Base, sessions: u32) -> Result<(), Failure> {
        let audience = Audience {
            people: self.messages,
            sessions,
            campaigns: 1,
        };
        self.runtime.block_on(whole_path::prepare(base, audience))
    }

    fn run(
        &self,
        base: &Base,
        durability: Durability,
        url: &str,
        sessions: u32,
    ) -> Result<Took, Failure> {
        let in_flight = u16::try_from((self.in_flight / sessions).max(1))?;
        let run = Run::unpaced(base, durability, url, in_flight);
        Ok(self.runtime.block_on(run.send(self.messages))?.took)
    }
}
