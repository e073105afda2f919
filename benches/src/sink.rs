//! The server that is sent to, in a process of its own, so that the client's memory and time are the client's alone.

mod plain;

use std::time::Duration;

use tokio::net::TcpListener;
use waha_simulator::{AckTiming, Simulator};

use crate::Failure;
use crate::process::{Peer, until_let_go};

/// The role of the process.
pub const ROLE: &str = "sink";
/// Its key.
pub const KEY: &str = "bench-key";
/// How many sessions it has.
pub const SESSIONS: u32 = 64;

/// The name of a session, by its number from 0.
pub fn session(number: u32) -> String {
    format!("bench-{number}")
}

fn number(session: &str) -> Option<u32> {
    session.strip_prefix("bench-")?.parse().ok()
}

/// Whose the session of that number is, as digits.
fn account(number: u32) -> u64 {
    6_281_200_000_001 + u64::from(number)
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// waha-simulator without faults, waits and acknowledgements: it checks requests and keeps a ledger.
    Simulator,
    /// As little as can be answered with.
    Plain,
}

impl Kind {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Plain => "plain",
        }
    }
}

/// A server in a process of its own.
pub struct Sink {
    url: String,
    process: Peer,
}

impl Sink {
    /// Starts it.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn start(kind: Kind) -> Result<Self, Failure> {
        let mut process = Peer::start(ROLE, [kind.name()])?;
        Ok(Self {
            url: process.line()?,
            process,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The time it has spent on processors, where the system says so.
    pub fn cpu_time(&self) -> Option<Duration> {
        self.process.cpu_time()
    }
}

/// Serves until it is let go.
///
/// # Errors
/// When it cannot listen.
pub fn serve(kind: &str) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    if kind == Kind::Plain.name() {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        println!("http://{}", listener.local_addr()?);
        let server = runtime.spawn(plain::run(listener));
        until_let_go();
        server.abort();
        return Ok(());
    }
    let simulator = Simulator::builder()
        .key(KEY)
        .acks(AckTiming::none())
        .engine_latency(Duration::ZERO, Duration::ZERO);
    let simulator = (0..SESSIONS).fold(simulator, |simulator, number| {
        simulator.session(session(number), account(number).to_string())
    });
    let simulator = runtime.block_on(simulator.start())?;
    println!("{}", simulator.url());
    until_let_go();
    Ok(())
}
