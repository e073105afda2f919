//! How much of a bare HTTP loop's speed is left when each message is on record before and after it is sent?
//!
//! The loop, and the whole path at both durabilities, take turns in one run against one server in another process: the
//! simulator, and a server that does next to nothing.

use std::path::Path;
use std::time::Duration;

use benches::bare::{self, Took};
use benches::sink::{Kind, Sink};
use benches::table::{Table, thousands};
use benches::{Failure, median, setting, whole_path};
use sql_store::Durability;
use tokio::runtime::Runtime;

/// Whose turn it is.
#[derive(Clone, Copy)]
enum Sender {
    Bare,
    WholePath(Durability),
}

const SENDERS: [(&str, Sender); 3] = [
    ("bare reqwest loop", Sender::Bare),
    ("whole path, FULL", Sender::WholePath(Durability::Full)),
    ("whole path, NORMAL", Sender::WholePath(Durability::Normal)),
];

/// One sender's turns.
#[derive(Default)]
struct Turns {
    rates: Vec<f64>,
    /// To the loop of the same round: whatever else the machine does slows both.
    ratios: Vec<f64>,
    client_us: Vec<f64>,
    server_us: Vec<f64>,
}

pub(crate) fn bench() -> Result<(), Failure> {
    let scene = Scene {
        messages: setting("BENCH_MESSAGES", 20_000)?,
        in_flight: setting("BENCH_IN_FLIGHT", 64)?,
        runtime: tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?,
    };
    let rounds = setting("BENCH_ROUNDS", 7)?;
    println!(
        "dispatch: {} messages, {} in flight, medians of {rounds} rounds\n",
        scene.messages, scene.in_flight
    );
    let mut table = Table::new(&[
        "",
        "server",
        "messages/s",
        "of the bare loop",
        "client CPU us/message",
        "server CPU us/message",
    ]);
    for kind in [Kind::Simulator, Kind::Plain] {
        let sink = Sink::start(kind)?;
        // Once before it counts: a server that has just started is cold.
        scene.send(Sender::Bare, sink.url())?;
        let mut turns = SENDERS.map(|_| Turns::default());
        for _ in 0..rounds {
            let mut bare = f64::NAN;
            for ((_, sender), turns) in SENDERS.iter().zip(&mut turns) {
                let before = sink.cpu_time();
                let took = scene.send(*sender, sink.url())?;
                let server = sink
                    .cpu_time()
                    .zip(before)
                    .map(|(after, before)| after - before);
                if matches!(sender, Sender::Bare) {
                    bare = took.rate();
                }
                turns.add(took, bare, server);
            }
        }
        for ((name, _), turns) in SENDERS.iter().zip(turns) {
            table.row([
                (*name).to_owned(),
                kind.name().to_owned(),
                thousands(median(turns.rates)),
                format!("{:.2}", median(turns.ratios)),
                format!("{:.1}", median(turns.client_us)),
                format!("{:.1}", median(turns.server_us)),
            ]);
        }
    }
    table.print();
    Ok(())
}

impl Turns {
    fn add(&mut self, took: Took, bare: f64, server: Option<Duration>) {
        self.rates.push(took.rate());
        self.ratios.push(took.rate() / bare);
        self.client_us.push(took.cpu_us());
        let server = server.map(|time| time.as_secs_f64() * 1e6 / f64::from(took.messages));
        self.server_us.extend(server);
    }
}

struct Scene {
    messages: u32,
    in_flight: u32,
    runtime: Runtime,
}

impl Scene {
    fn send(&self, sender: Sender, url: &str) -> Result<Took, Failure> {
        match sender {
            Sender::Bare => self
                .runtime
                .block_on(bare::run(url, self.messages, self.in_flight)),
            Sender::WholePath(durability) => self.runtime.block_on(self.whole(durability, url)),
        }
    }

    async fn whole(&self, durability: Durability, url: &str) -> Result<Took, Failure> {
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let database = folder.path().join("campaigns.db");
        whole_path::prepare(&database, self.messages).await?;
        let in_flight = u16::try_from(self.in_flight)?;
        let ran = whole_path::run(&database, durability, url, self.messages, in_flight).await?;
        Ok(ran.took)
    }
}
