//! Everything one simulated server shares: sessions, ledger, faults, listeners, and the process
//! that may be restarted under them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::acks::AckQueue;
use crate::clock::Clock;
use crate::draws::Draws;
use crate::events::Events;
use crate::faults::Faults;
use crate::gate::Gate;
use crate::ledger::Book;
use crate::lids::Lids;
use crate::limits::account::Accounts;
use crate::outbound::Outbound;
use crate::sending::EngineFailure;
use crate::sessions::Session;
use crate::settings::Settings;

pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) sessions: RwLock<BTreeMap<String, Arc<Session>>>,
    pub(crate) book: Book,
    pub(crate) faults: Arc<Faults>,
    pub(crate) events: Events,
    pub(crate) acks: AckQueue,
    pub(crate) gate: Gate,
    pub(crate) accounts: Accounts,
    pub(crate) lids: Lids,
    pub(crate) outbound: Outbound,
    /// Cancelled when the simulator is shut down.
    pub(crate) end: CancellationToken,
    /// The connections that are open.
    pub(crate) connections: TaskTracker,
    /// Failures of the next sends, in order.
    pub(crate) scripted: Mutex<VecDeque<EngineFailure>>,
    process: Mutex<Process>,
    repeats: Vec<Mutex<HashMap<u64, u32>>>,
    serial: AtomicU64,
    environment: Value,
}

struct Process {
    token: CancellationToken,
    started_ms: u64,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let clock = Clock::new(settings.speed);
        let end = CancellationToken::new();
        let environment = json!({
            "version": settings.version,
            "engine": settings.engine.name(),
            "tier": "CORE",
            "browser": null,
            // The one value that differs from a real server, so that tools can tell.
            "platform": "simulator/x64",
            "worker": {"id": settings.worker},
        });
        Self {
            book: Book::new(clock.wall_start_us()),
            faults: Arc::new(Faults::new(settings.faults)),
            events: Events::new(&settings),
            acks: AckQueue::default(),
            gate: Gate::new(settings.held),
            accounts: Accounts::default(),
            lids: Lids::default(),
            outbound: Outbound::new(),
            sessions: RwLock::default(),
            scripted: Mutex::default(),
            process: Mutex::new(Process {
                token: end.child_token(),
                started_ms: clock.wall_ms(),
            }),
            repeats: (0..16).map(|_| Mutex::default()).collect(),
            serial: AtomicU64::new(0),
            environment,
            end,
            connections: TaskTracker::new(),
            clock,
            settings,
        }
    }

    /// The version object that answers and events carry.
    pub(crate) fn environment(&self) -> &Value {
        &self.environment
    }

    pub(crate) fn session(&self, name: &str) -> Option<Arc<Session>> {
        read(&self.sessions).get(name).cloned()
    }

    /// A stream of chance for one message: by seed, message and how often it was asked for,
    /// whatever arrives in between.
    pub(crate) fn draws_for(&self, session: &str, chat: &str, hash: &[u8]) -> Draws {
        let parts: [&[u8]; 3] = [session.as_bytes(), chat.as_bytes(), hash];
        let key = crate::draws::stable_hash(self.settings.seed, &parts);
        let nth = {
            let shard = &self.repeats[(key % self.repeats.len() as u64) as usize];
            let mut shard = lock(shard);
            let nth = shard.entry(key).or_insert(0);
            *nth += 1;
            u64::from(*nth)
        };
        Draws::keyed(self.settings.seed, &parts, nth)
    }

    /// Chance for what is not bound to a message: codes, names, event ids.
    pub(crate) fn serial_draws(&self, purpose: &str) -> Draws {
        let nth = self.serial.fetch_add(1, Ordering::Relaxed);
        Draws::keyed(self.settings.seed, &[purpose.as_bytes()], nth)
    }

    /// Runs on until done, until the process restarts, or until the simulator ends.
    pub(crate) fn spawn<F>(&self, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let token = self.process_token();
        tokio::spawn(async move { token.run_until_cancelled_owned(future).await })
    }

    pub(crate) fn process_token(&self) -> CancellationToken {
        lock(&self.process).token.clone()
    }

    pub(crate) fn started_ms(&self) -> u64 {
        lock(&self.process).started_ms
    }

    /// The old process ends: connections, waits and retries of webhooks are gone.
    pub(crate) fn replace_process(&self) {
        let mut process = lock(&self.process);
        process.token.cancel();
        self.gate.reset();
        process.token = self.end.child_token();
        // Two starts within a millisecond must still differ.
        process.started_ms = self.clock.wall_ms().max(process.started_ms + 1);
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
