//! A session's life: its statuses and how long each takes, pairing, loss of the link, and the
//! waits of calls that need it to be in some status (times as recorded).

use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::acks::Due;
use crate::answer::Answer;
use crate::chats::Archived;
use crate::contacts::Contacts;
use crate::draws::stable_hash;
use crate::events::Hook;
use crate::inbound::Missed;
use crate::labels::Labels;
use crate::messages::Store;
use crate::presence::Presences;
use crate::settings::Engine;
use crate::shapes::s_whatsapp;
use crate::world::{World, lock, read, write};

pub(crate) mod api;
pub(crate) mod config;

/// From STARTING to what follows (recorded below NOWEB).
const CONNECT: Duration = Duration::from_millis(300);
/// The first QR code lives 60 s, the five after it 20 s each; then the session FAILED.
const QR_FIRST: Duration = Duration::from_secs(60);
const QR_NEXT: Duration = Duration::from_secs(20);
const QR_COUNT: u32 = 6;
/// From the scan to STARTING.
const SCANNED: Duration = Duration::from_secs(2);
/// A lost link shows as WORKING for that long.
const LINK_LOST: Duration = Duration::from_secs(2);
/// How long a call waits for a session to run, then for its status, and how often it looks.
const WAIT_RUNNING: Duration = Duration::from_secs(5);
const WAIT_STATUS: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(500);

/// A session's status (WAHA's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Known, not running.
    Stopped,
    /// Connecting.
    Starting,
    /// Waits for a phone to scan the code.
    ScanQrCode,
    /// Connected.
    Working,
    /// Gave up: the code was never scanned, or the phone unlinked it.
    Failed,
}

impl Status {
    /// WAHA's own spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::ScanQrCode => "SCAN_QR_CODE",
            Self::Working => "WORKING",
            Self::Failed => "FAILED",
        }
    }

    fn from_u8(number: u8) -> Self {
        [
            Self::Stopped,
            Self::Starting,
            Self::ScanQrCode,
            Self::Working,
            Self::Failed,
        ]
        .get(usize::from(number))
        .copied()
        .unwrap_or(Self::Failed)
    }
}

/// The WhatsApp account a session is paired with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) phone: String,
    pub(crate) lid: String,
    pub(crate) push_name: String,
}

impl Account {
    pub(crate) fn new(phone: &str) -> Self {
        let phone: String = phone
            .split('@')
            .next()
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        Self {
            lid: lid_of(&phone),
            push_name: "Simulated Phone".to_owned(),
            phone,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": format!("{}@c.us", self.phone),
            "pushName": self.push_name,
            "lid": self.lid,
        })
    }
}

/// WhatsApp's second name of a phone number: stable, and without the number in it.
pub(crate) fn lid_of(phone: &str) -> String {
    let number = stable_hash(0, &[b"lid", phone.as_bytes()]) % 900_000_000_000_000;
    format!("{}@lid", 100_000_000_000_000 + number)
}

pub(crate) struct Session {
    pub(crate) name: String,
    status: AtomicU8,
    seen: watch::Sender<Status>,
    inner: Mutex<Inner>,
    /// The account behind the stored credentials, whether connected or not.
    paired: RwLock<Option<Arc<Account>>>,
    unlinked: AtomicBool,
    link_down: AtomicBool,
    has_hooks: AtomicBool,
    store_on: AtomicBool,
    pub(crate) store: Store,
    pub(crate) contacts: Mutex<Contacts>,
    pub(crate) labels: Mutex<Labels>,
    pub(crate) presences: Mutex<Presences>,
    pub(crate) archived: Mutex<Archived>,
    /// Acknowledgements that came while the session was away.
    pub(crate) parked: Mutex<Vec<Due>>,
    /// What people did meanwhile, and to which account.
    pub(crate) missed: Mutex<Vec<Missed>>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Inner {
    /// Grows with every start and stop; a timer of an older epoch does nothing.
    epoch: u64,
    me: Option<Arc<Account>>,
    config: Value,
    hooks: Arc<[Hook]>,
    statuses: Vec<(Status, u64)>,
    qr: String,
}

impl Session {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            status: AtomicU8::new(Status::Stopped as u8),
            seen: watch::Sender::new(Status::Stopped),
            inner: Mutex::new(Inner {
                epoch: 0,
                me: None,
                config: json!({}),
                hooks: Arc::new([]),
                statuses: Vec::new(),
                qr: String::new(),
            }),
            paired: RwLock::default(),
            unlinked: AtomicBool::new(false),
            link_down: AtomicBool::new(false),
            has_hooks: AtomicBool::new(false),
            store_on: AtomicBool::new(false),
            store: Store::default(),
            contacts: Mutex::default(),
            labels: Mutex::default(),
            presences: Mutex::default(),
            archived: Mutex::default(),
            parked: Mutex::default(),
            missed: Mutex::default(),
            turn: Arc::default(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        Status::from_u8(self.status.load(Ordering::Acquire))
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.seen.subscribe()
    }

    pub(crate) fn account(&self) -> Option<Arc<Account>> {
        read(&self.paired).clone()
    }

    /// The account as WAHA shows it: unknown from the start of a session until it connects.
    pub(crate) fn me(&self) -> Option<Arc<Account>> {
        lock(&self.inner).me.clone()
    }

    pub(crate) fn config(&self) -> Value {
        lock(&self.inner).config.clone()
    }

    pub(crate) fn hooks(&self) -> Arc<[Hook]> {
        lock(&self.inner).hooks.clone()
    }

    pub(crate) fn has_hooks(&self) -> bool {
        self.has_hooks.load(Ordering::Acquire)
    }

    /// Whether WhatsApp can reach the device at this moment.
    pub(crate) fn is_connected(&self) -> bool {
        self.status() == Status::Working && !self.link_down()
    }

    pub(crate) fn link_down(&self) -> bool {
        self.link_down.load(Ordering::Acquire)
    }

    /// Whether what this account was about to send can still go out. An engine that connects anew
    /// sends what waits.
    pub(crate) fn still_sends_as(&self, account: &Account) -> bool {
        matches!(self.status(), Status::Working | Status::Starting)
            && !self.link_down()
            && self.account().is_some_and(|now| now.phone == account.phone)
    }

    pub(crate) fn store_on(&self) -> bool {
        self.store_on.load(Ordering::Acquire)
    }

    pub(crate) fn qr(&self) -> String {
        lock(&self.inner).qr.clone()
    }

    pub(crate) fn set_config(&self, world: &World, config: Value) {
        let hooks: Arc<[Hook]> = Hook::all_of(&config).into();
        self.has_hooks.store(!hooks.is_empty(), Ordering::Release);
        // Only NOWEB lets its store be left out, and leaves it out by default.
        let store_on = world.settings.engine != Engine::Noweb
            || config
                .pointer("/noweb/store/enabled")
                .and_then(Value::as_bool)
                .unwrap_or(world.settings.store_default);
        self.store_on.store(store_on, Ordering::Release);
        let mut inner = lock(&self.inner);
        inner.hooks = hooks;
        inner.config = config;
    }

    pub(crate) fn metadata(&self) -> Option<Value> {
        lock(&self.inner).config.get("metadata").cloned()
    }

    fn next_epoch(&self) -> u64 {
        self.link_down.store(false, Ordering::Release);
        let mut inner = lock(&self.inner);
        inner.epoch += 1;
        inner.epoch
    }

    fn is_in(&self, epoch: u64) -> bool {
        lock(&self.inner).epoch == epoch
    }

    /// Takes a status, unless it belongs to an epoch that is over; the last three, with their times.
    fn note(&self, status: Status, epoch: Option<u64>, at_ms: u64) -> Option<Vec<(Status, u64)>> {
        let mut inner = lock(&self.inner);
        if epoch.is_some_and(|epoch| epoch != inner.epoch) {
            return None;
        }
        if inner.statuses.len() == 3 {
            inner.statuses.remove(0);
        }
        inner.statuses.push((status, at_ms));
        self.status.store(status as u8, Ordering::Release);
        Some(inner.statuses.clone())
    }
}

impl World {
    /// A new session, STOPPED; `None` when there is one of that name.
    pub(crate) fn add_session(&self, name: &str, config: Value) -> Option<Arc<Session>> {
        let session = Arc::new(Session::new(name));
        session.set_config(self, config);
        for (phone, name) in &self.settings.contacts {
            lock(&session.contacts).named(&s_whatsapp(phone), name);
        }
        match write(&self.sessions).entry(name.to_owned()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(place) => Some(place.insert(session).clone()),
        }
    }

    /// Puts a session into a status at once and tells its listeners.
    pub(crate) fn enter(self: &Arc<Self>, session: &Arc<Session>, status: Status) {
        if let Some(statuses) = session.note(status, None, self.clock.wall_ms()) {
            self.entered(session, status, &statuses);
        }
    }

    fn entered(
        self: &Arc<Self>,
        session: &Arc<Session>,
        status: Status,
        statuses: &[(Status, u64)],
    ) {
        let statuses: Vec<Value> = statuses
            .iter()
            .map(|(status, at)| json!({"status": status.name(), "timestamp": at}))
            .collect();
        let data = self.status_data(session, status);
        self.emit(session, "session.status", || {
            let mut payload = json!({
                "name": session.name,
                "status": status.name(),
                "statuses": statuses,
            });
            if let Some(data) = data {
                payload["data"] = data;
            }
            payload.to_string()
        });
        session.seen.send_replace(status);
        if status == Status::Working {
            self.unpark(session);
            self.catch_up(session);
        }
    }

    /// The same, by a timer: unless the session was started or stopped since that was set.
    fn enter_if(self: &Arc<Self>, session: &Arc<Session>, epoch: u64, status: Status) -> bool {
        match session.note(status, Some(epoch), self.clock.wall_ms()) {
            Some(statuses) => {
                self.entered(session, status, &statuses);
                true
            }
            None => false,
        }
    }

    /// STARTING, and by itself to what follows.
    pub(crate) fn begin(self: &Arc<Self>, session: &Arc<Session>) {
        let epoch = session.next_epoch();
        {
            let mut inner = lock(&session.inner);
            inner.me = None;
            inner.statuses.clear();
        }
        self.enter(session, Status::Starting);
        let (world, session) = (self.clone(), session.clone());
        self.spawn(async move {
            world.clock.pause(CONNECT).await;
            world.connect(&session, epoch).await;
        });
    }

    async fn connect(self: &Arc<Self>, session: &Arc<Session>, epoch: u64) {
        let account = session.account();
        if account.is_some() && session.is_in(epoch) {
            lock(&session.inner).me = account;
            let status = if session.unlinked.load(Ordering::Acquire) {
                Status::Failed
            } else {
                Status::Working
            };
            self.enter_if(session, epoch, status);
            return;
        }
        for nth in 0..QR_COUNT {
            lock(&session.inner).qr = self.qr_value();
            if !self.enter_if(session, epoch, Status::ScanQrCode) {
                return;
            }
            self.clock
                .pause(if nth == 0 { QR_FIRST } else { QR_NEXT })
                .await;
        }
        self.enter_if(session, epoch, Status::Failed);
    }

    /// A code in the form WhatsApp's pairing codes have: four parts of base64.
    fn qr_value(&self) -> String {
        use base64::Engine as _;
        let mut draws = self.serial_draws("qr");
        let mut part = || {
            let bytes: Vec<u8> = (0..4)
                .flat_map(|_| draws.next_u64().to_be_bytes())
                .collect();
            base64::engine::general_purpose::STANDARD.encode(bytes)
        };
        format!("2@{},{},{},{}", part(), part(), part(), part())
    }

    /// The phone scanned the code; says whether there was one to scan, or was about to be.
    pub(crate) fn scanned(self: &Arc<Self>, session: &Arc<Session>, account: Account) -> bool {
        let waits = matches!(session.status(), Status::Starting | Status::ScanQrCode);
        if !waits || session.account().is_some() {
            return false;
        }
        let account = Arc::new(account);
        *write(&session.paired) = Some(account.clone());
        session.unlinked.store(false, Ordering::Release);
        let epoch = session.next_epoch();
        lock(&session.inner).me = Some(account);
        let (world, session) = (self.clone(), session.clone());
        self.spawn(async move {
            world.clock.pause(SCANNED).await;
            if world.enter_if(&session, epoch, Status::Starting) {
                world.clock.pause(CONNECT).await;
                world.enter_if(&session, epoch, Status::Working);
            }
        });
        true
    }

    /// Paired and connected at once: for sessions that exist from the start.
    pub(crate) fn connected(self: &Arc<Self>, session: &Arc<Session>, account: Account) {
        let account = Arc::new(account);
        *write(&session.paired) = Some(account.clone());
        session.unlinked.store(false, Ordering::Release);
        session.next_epoch();
        lock(&session.inner).me = Some(account);
        self.enter(session, Status::Working);
    }

    /// The phone removed this device. A session that does not run finds that out when it starts.
    pub(crate) fn unlinked(self: &Arc<Self>, session: &Arc<Session>) {
        session.unlinked.store(true, Ordering::Release);
        if session.status() == Status::Stopped {
            return;
        }
        session.next_epoch();
        self.enter(session, Status::Failed);
    }

    /// The link is lost: first nobody notices, then the session reconnects. Without a link there is
    /// nothing to lose.
    pub(crate) fn link_lost(self: &Arc<Self>, session: &Arc<Session>, away: Duration) {
        if session.status() != Status::Working {
            return;
        }
        let epoch = session.next_epoch();
        session.link_down.store(true, Ordering::Release);
        let (world, session) = (self.clone(), session.clone());
        self.spawn(async move {
            world.clock.pause(LINK_LOST).await;
            world.away(&session, epoch, away).await;
        });
    }

    /// The session falls back to STARTING at once; says whether it was WORKING.
    pub(crate) fn falls_back(self: &Arc<Self>, session: &Arc<Session>, away: Duration) -> bool {
        if session.status() != Status::Working {
            return false;
        }
        let epoch = session.next_epoch();
        self.enter(session, Status::Starting);
        let (world, session) = (self.clone(), session.clone());
        self.spawn(async move {
            world.clock.pause(away).await;
            world.enter_if(&session, epoch, Status::Working);
        });
        true
    }

    async fn away(self: &Arc<Self>, session: &Arc<Session>, epoch: u64, away: Duration) {
        if !self.enter_if(session, epoch, Status::Starting) {
            return;
        }
        self.clock.pause(away).await;
        if session.is_in(epoch) {
            session.link_down.store(false, Ordering::Release);
        }
        self.enter_if(session, epoch, Status::Working);
    }

    /// STOPPED, and the time the engine takes to be gone.
    pub(crate) async fn halt(self: &Arc<Self>, session: &Arc<Session>) {
        if session.status() == Status::Stopped {
            return;
        }
        session.next_epoch();
        self.enter(session, Status::Stopped);
        self.clock.pause(self.stop_time()).await;
    }

    fn stop_time(&self) -> Duration {
        match self.settings.engine {
            Engine::Noweb => Duration::from_secs(1),
            Engine::Gows => Duration::from_millis(10),
            Engine::Webjs | Engine::Wpp => Duration::from_secs(3),
        }
    }

    /// The credentials are gone; the session ends up STOPPED.
    pub(crate) async fn forget(self: &Arc<Self>, session: &Arc<Session>) {
        // Nor does WhatsApp keep anything for a device that logged out.
        lock(&session.parked).clear();
        lock(&session.missed).clear();
        if session.status() == Status::Stopped {
            *write(&session.paired) = None;
            session.unlinked.store(false, Ordering::Release);
            lock(&session.inner).me = None;
            return;
        }
        session.next_epoch();
        self.clock.pause(Duration::from_secs(1)).await;
        *write(&session.paired) = None;
        session.unlinked.store(false, Ordering::Release);
        self.halt(session).await;
        lock(&session.inner).me = None;
    }

    /// A status from outside; what the session would have done by itself is off.
    pub(crate) fn force(self: &Arc<Self>, session: &Arc<Session>, status: Status) {
        session.next_epoch();
        self.enter(session, status);
    }

    /// The new process starts what the old one had running.
    pub(crate) fn restart_sessions(self: &Arc<Self>) {
        let all: Vec<_> = read(&self.sessions).values().cloned().collect();
        for session in all {
            session.link_down.store(false, Ordering::Release);
            if session.status() != Status::Stopped {
                self.begin(&session);
            }
        }
    }

    /// Waits as WAHA does: for the session to run, then for one of the statuses.
    pub(crate) async fn ready(
        &self,
        name: &str,
        expected: &[Status],
    ) -> Result<Arc<Session>, Answer> {
        let mut waited = Duration::ZERO;
        let session = loop {
            let session = self.session(name);
            match session {
                Some(session) if session.status() != Status::Stopped => break session,
                Some(session) if waited >= WAIT_RUNNING => {
                    return Err(wrong_status(&session, expected));
                }
                None if waited >= WAIT_RUNNING => return Err(Answer::unknown_session(name)),
                _ => {}
            }
            self.clock.pause(POLL).await;
            waited += POLL;
        };
        let mut waited = Duration::ZERO;
        while !expected.contains(&session.status()) {
            if waited >= WAIT_STATUS {
                return Err(wrong_status(&session, expected));
            }
            self.clock.pause(POLL).await;
            waited += POLL;
        }
        Ok(session)
    }
}

fn wrong_status(session: &Session, expected: &[Status]) -> Answer {
    let expected: Vec<_> = expected.iter().map(|status| status.name()).collect();
    Answer::wrong_status(&session.name, session.status().name(), &expected)
}
