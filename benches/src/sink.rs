//! The server that is sent to, in a process of its own, so that the client's memory and time are the client's alone.

mod plain;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use waha_simulator::{AckTiming, Ledger, Simulator};

use crate::Failure;
use crate::process::{Peer, until_let_go};

/// The role of the process.
pub const ROLE: &str = "sink";
/// Its key.
pub const KEY: &str = "bench-key";
/// How many sessions it has unless told.
pub const SESSIONS: u32 = 64;

/// The name of a session, by its number from 0.
pub fn session(number: u32) -> String {
    format!("bench-{number}")
}

fn number(session: &str) -> Option<u32> {
    session.strip_prefix("bench-")?.parse().ok()
}

/// Whose the session of that number is, as digits.
pub fn account(number: u32) -> u64 {
    6_281_200_000_001 + u64::from(number)
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// waha-simulator without faults, waits and acknowledgements: it checks requests and keeps a ledger.
    Simulator,
    /// As little as can be answered with.
    Plain,
    /// waha-simulator with acknowledgements and its message store on. Let go, it says what it received when.
    Acknowledging,
    /// The same, and each message takes it a second.
    Slow,
}

impl Kind {
    const ALL: [Kind; 4] = [
        Kind::Simulator,
        Kind::Plain,
        Kind::Acknowledging,
        Kind::Slow,
    ];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simulator => "simulator",
            Self::Plain => "plain",
            Self::Acknowledging => "acknowledging",
            Self::Slow => "slow",
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
        Self::with_sessions(kind, SESSIONS)
    }

    /// Starts it with so many sessions.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub fn with_sessions(kind: Kind, sessions: u32) -> Result<Self, Failure> {
        let mut process = Peer::start(ROLE, [kind.name(), &sessions.to_string()])?;
        Ok(Self {
            url: process.line()?,
            process,
        })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it, and returns what it received.
    ///
    /// # Errors
    /// When it is of a kind that does not say.
    pub fn received(self) -> Result<Received, Failure> {
        Ok(serde_json::from_str(&self.process.let_go()?)?)
    }

    /// The time it has spent on processors, where the system says so.
    pub fn cpu_time(&self) -> Option<Duration> {
        self.process.cpu_time()
    }
}

/// When the messages of each session came, in order.
pub type Received = Vec<Vec<Arrival>>;

/// A message that came, in microseconds of the server's clock.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Arrival {
    /// Its request was whole.
    pub received_us: u64,
    /// It went on, and its request was answered.
    pub handed_us: u64,
}

/// Serves until it is let go.
///
/// # Errors
/// When it cannot listen.
pub fn serve(kind: &str, sessions: u32) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let kind = Kind::ALL.into_iter().find(|it| it.name() == kind);
    let kind = kind.ok_or("no such kind of server")?;
    if kind == Kind::Plain {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        println!("http://{}", listener.local_addr()?);
        let server = runtime.spawn(plain::run(listener));
        until_let_go();
        server.abort();
        return Ok(());
    }
    let latency = match kind {
        Kind::Slow => Duration::from_secs(1),
        _ => Duration::ZERO,
    };
    let simulator = Simulator::builder()
        .key(KEY)
        .engine_latency(latency, latency);
    let simulator = match kind {
        Kind::Simulator => simulator.acks(AckTiming::none()),
        _ => simulator.store_default(true),
    };
    let simulator = (0..sessions).fold(simulator, |simulator, number| {
        simulator.session(session(number), account(number).to_string())
    });
    let simulator = runtime.block_on(simulator.start())?;
    println!("{}", simulator.url());
    until_let_go();
    if kind != Kind::Simulator {
        let received = received(&simulator.ledger(), sessions);
        println!("{}", serde_json::to_string(&received)?);
    }
    Ok(())
}

fn received(ledger: &Ledger, sessions: u32) -> Received {
    let mut received = vec![Vec::new(); sessions as usize];
    for entry in ledger.entries() {
        let session = number(entry.session()).and_then(|it| received.get_mut(it as usize));
        if let Some((session, handed_us)) = session.zip(entry.handed_us()) {
            session.push(Arrival {
                received_us: entry.received_us(),
                handed_us,
            });
        }
    }
    for session in &mut received {
        session.sort_unstable_by_key(|arrival| arrival.received_us);
    }
    received
}
