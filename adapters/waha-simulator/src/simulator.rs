//! The simulator as a library: build, start, look, and take the phone in hand.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::faults::{Fault, FaultRates, Faults};
use crate::inbound::Incoming;
use crate::ledger::{Ledger, Question, Verdict};
use crate::limits::{Quota, Refusal, Restriction};
use crate::presence::Presence;
use crate::sending::EngineFailure;
use crate::sessions::config::kept;
use crate::sessions::{Account, Session, Status};
use crate::settings::{AckTiming, Engine, GlobalWebhook, Settings};
use crate::world::{World, lock, read};
use crate::{control, server};

/// What a simulator will be; see [`Simulator::builder`].
#[derive(Debug, Clone)]
pub struct Builder {
    address: SocketAddr,
    settings: Settings,
}

impl Builder {
    /// Where to listen; a free port of 127.0.0.1 unless told.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The seed of everything that is left to chance.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Divides every wait of the server by this. Sockets stay in real time.
    #[must_use]
    pub fn speed(mut self, speed: f64) -> Self {
        self.settings.speed = speed;
        self
    }

    /// The API key.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.settings.key = key.into();
        self
    }

    /// The version it claims to be, such as `2026.7.1`; ids are honoured from 2026.4.3 on.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.settings.version = version.into();
        self
    }

    /// The engine below WAHA.
    #[must_use]
    pub fn engine(mut self, engine: Engine) -> Self {
        self.settings.engine = engine;
        self
    }

    /// What goes wrong, and how often.
    #[must_use]
    pub fn faults(mut self, rates: FaultRates) -> Self {
        self.settings.faults = rates;
        self
    }

    /// Whether a NOWEB session that does not say has its message store on (WAHA: off).
    #[must_use]
    pub fn store_default(mut self, on: bool) -> Self {
        self.settings.store_default = on;
        self
    }

    /// When acknowledgements come.
    #[must_use]
    pub fn acks(mut self, timing: AckTiming) -> Self {
        self.settings.acks = timing;
        self
    }

    /// How long the engine takes for each send, drawn between the two (divided by the speed).
    #[must_use]
    pub fn engine_latency(mut self, low: Duration, high: Duration) -> Self {
        self.settings.engine_latency = (low, high);
        self
    }

    /// The bands [`Fault::Late`] draws its delay from, each as likely (divided by the speed).
    #[must_use]
    pub fn late_bands(mut self, bands: Vec<(Duration, Duration)>) -> Self {
        self.settings.late_bands = bands;
        self
    }

    /// How many requests [`Fault::Held`] lets through together, and how long the first waits for
    /// the others (divided by the speed).
    #[must_use]
    pub fn held(mut self, together: usize, patience: Duration) -> Self {
        self.settings.held = (together, patience);
        self
    }

    /// Numbers (digits) without WhatsApp: check-exists says so, and what is sent never arrives.
    #[must_use]
    pub fn not_on_whatsapp<T: Into<String>>(
        mut self,
        numbers: impl IntoIterator<Item = T>,
    ) -> Self {
        let numbers = numbers.into_iter().map(Into::into);
        self.settings.not_on_whatsapp.extend(numbers);
        self
    }

    /// A group that exists, and its other members.
    #[must_use]
    pub fn group(mut self, jid: impl Into<String>, members: &[&str]) -> Self {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.settings.groups.insert(jid.into(), members);
        self
    }

    /// Somebody whom every account has in its address book under this name.
    #[must_use]
    pub fn contact(mut self, phone: impl Into<String>, name: impl Into<String>) -> Self {
        self.settings.contacts.insert(phone.into(), name.into());
        self
    }

    /// Numbers (digits) whose events come keyed by `@lid`: acknowledgements of what was sent to
    /// the phone, messages, votes, reactions. Only `lids` says which phone it is.
    #[must_use]
    pub fn lid_chats<T: Into<String>>(mut self, numbers: impl IntoIterator<Item = T>) -> Self {
        let numbers = numbers.into_iter().map(Into::into);
        self.settings.lid_chats.extend(numbers);
        self
    }

    /// The same for a share of all numbers (0 to 1), drawn by seed and number.
    #[must_use]
    pub fn lid_share(mut self, share: f64) -> Self {
        self.settings.lid_share = share.clamp(0.0, 1.0);
        self
    }

    /// How many new chats each account may open per cycle; without limit unless told. It is shown
    /// as `me.messageCapping` by versions from 2026.7.2 on, and holds in all.
    #[must_use]
    pub fn quota(mut self, quota: Quota) -> Self {
        self.settings.quota = Some(quota);
        self
    }

    /// How a send that WhatsApp refuses with 463 ends.
    #[must_use]
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.settings.refusal = refusal;
        self
    }

    /// After how many 463s the device is removed, as by [`Simulator::unlink`]: an account
    /// that goes on writing to strangers. 10 unless told; WhatsApp's own number is not known.
    #[must_use]
    pub fn device_removed_after(mut self, refusals: u32) -> Self {
        self.settings.removed_after = refusals.max(1);
        self
    }

    /// A webhook for all sessions.
    #[must_use]
    pub fn webhook(mut self, hook: GlobalWebhook) -> Self {
        self.settings.webhooks.push(hook);
        self
    }

    /// A session that is paired with this number and WORKING from the start.
    #[must_use]
    pub fn session(self, name: impl Into<String>, phone: impl Into<String>) -> Self {
        self.session_with(name, phone, json!({}))
    }

    /// The same with a configuration as `POST /api/sessions` takes it.
    #[must_use]
    pub fn session_with(
        mut self,
        name: impl Into<String>,
        phone: impl Into<String>,
        config: Value,
    ) -> Self {
        let (name, phone) = (name.into(), Some(phone.into()));
        self.settings.sessions.push((name, phone, config));
        self
    }

    /// A session that exists, STOPPED and without a phone.
    #[must_use]
    pub fn stopped_session(mut self, name: impl Into<String>) -> Self {
        let nothing = json!({});
        self.settings.sessions.push((name.into(), None, nothing));
        self
    }

    /// Starts to listen, on the tokio runtime of the caller.
    ///
    /// # Errors
    ///
    /// When the address cannot be bound.
    pub async fn start(self) -> io::Result<Simulator> {
        let listener = TcpListener::bind(self.address).await?;
        let address = listener.local_addr()?;
        let world = Arc::new(World::new(self.settings));
        for (name, phone, config) in world.settings.sessions.clone() {
            let session = world.add_session(&name, kept(Some(&config)));
            if let Some(phone) = phone {
                world.connected(&session, Account::new(&phone));
            }
        }
        tokio::spawn(world.clone().run_acks());
        tokio::spawn(server::run(world.clone(), listener));
        Ok(Simulator {
            url: format!("http://{address}"),
            address,
            world,
        })
    }
}

/// There is no session of that name.
#[derive(Debug, thiserror::Error)]
#[error("no session named {0:?}: create it first")]
pub struct NoSuchSession(String);

/// A running simulator. Dropping it ends it.
pub struct Simulator {
    world: Arc<World>,
    address: SocketAddr,
    url: String,
}

impl Simulator {
    /// A simulator with a NOWEB engine of 2026.7.1, no sessions, no faults, at real speed.
    pub fn builder() -> Builder {
        Builder {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            settings: Settings::default(),
        }
    }

    /// Where it listens, as a base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The API key it takes.
    pub fn key(&self) -> &str {
        &self.world.settings.key
    }

    /// Every send request so far.
    pub fn ledger(&self) -> Ledger {
        self.world.book.snapshot()
    }

    /// What the ledger proves, without copying it.
    pub fn verdict(&self, question: &Question) -> Verdict {
        self.world.book.with(|ledger| ledger.verdict(question))
    }

    /// One JSON object per send request, in the order they were received.
    pub fn ledger_lines(&self, mut write: impl FnMut(&Value) -> io::Result<()>) -> io::Result<()> {
        let ledger = self.ledger();
        ledger
            .entries()
            .try_for_each(|entry| write(&control::entry_json(&entry)))
    }

    /// Rates that may be changed while it runs.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// How often each fault really happened.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        self.world.faults.counts()
    }

    /// The next send that reaches the engine fails like this, and is not executed. Several queue up.
    pub fn fail_next(&self, failure: EngineFailure) {
        lock(&self.world.scripted).push_back(failure);
    }

    /// A session's status, if there is such a session.
    pub fn status(&self, session: &str) -> Option<Status> {
        self.world.session(session).map(|session| session.status())
    }

    /// Waits until a session has a status; at once when it has it already.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub async fn wait_for(&self, session: &str, status: Status) -> Result<(), NoSuchSession> {
        let mut seen = self.find(session)?.watch();
        // The sender lives as long as the session, so this only ends with the status.
        let _ = seen.wait_for(|current| *current == status).await;
        Ok(())
    }

    /// A phone scans the QR code (or types the pairing code) of a session.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn pair(&self, session: &str, phone: &str) -> Result<(), NoSuchSession> {
        let session = self.find(session)?;
        self.world.scanned(&session, Account::new(phone));
        Ok(())
    }

    /// The phone removes the device: the session FAILED until it is logged out and paired anew.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn unlink(&self, session: &str) -> Result<(), NoSuchSession> {
        self.world.unlinked(&self.find(session)?);
        Ok(())
    }

    /// The link is lost: WORKING for 2 s while sends fail, STARTING for `away`, WORKING again.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn flap(&self, session: &str, away: Duration) -> Result<(), NoSuchSession> {
        self.world.link_lost(&self.find(session)?, away);
        Ok(())
    }

    /// Puts a session into a status and leaves it there, timers of its own life aside.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn force(&self, session: &str, status: Status) -> Result<(), NoSuchSession> {
        self.world.force(&self.find(session)?, status);
        Ok(())
    }

    /// Somebody writes to a session's number. Returns the message id; empty without a phone.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn inbound(
        &self,
        session: &str,
        from: &str,
        name: &str,
        text: &str,
    ) -> Result<String, NoSuchSession> {
        self.receive(session, Incoming::text(from, text).named(name))
    }

    /// Something comes in at a session's number: a text, a pressed button, a chosen row, a place,
    /// a contact. It becomes `message` and `message.any` and lands in the chat. Returns the bare
    /// message id; empty without a phone, and from somebody who is blocked.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn receive(&self, session: &str, incoming: Incoming) -> Result<String, NoSuchSession> {
        self.with_account(session, |world, session, account| {
            world
                .comes_in(session, account, incoming)
                .unwrap_or_default()
        })
    }

    /// Somebody votes in a poll, named by its bare or its full id: `poll.vote`, with those options
    /// that the poll has, or `poll.vote.failed` when the poll is not in the store. Returns the
    /// vote's id; empty without a phone.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn vote(
        &self,
        session: &str,
        from: &str,
        poll: &str,
        options: &[&str],
    ) -> Result<String, NoSuchSession> {
        self.with_account(session, |world, session, account| {
            world.votes(session, account, from, poll, options)
        })
    }

    /// Somebody reacts to a message, named by its bare or its full id; an empty text takes the
    /// reaction back. Returns the reaction's id; empty without a phone.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn react(
        &self,
        session: &str,
        from: &str,
        message: &str,
        text: &str,
    ) -> Result<String, NoSuchSession> {
        self.with_account(session, |world, session, account| {
            world.reacts(session, account, from, message, text)
        })
    }

    /// The owner writes to somebody on the phone itself. Returns the message id; empty without a
    /// phone. It counts against the quota and is in no ledger.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn type_on_phone(
        &self,
        session: &str,
        chat: &str,
        text: &str,
    ) -> Result<String, NoSuchSession> {
        self.with_account(session, |world, session, account| {
            world.typed_on_phone(session, account, chat, text)
        })
    }

    /// Somebody comes, goes or types. Says whether the session learns of it: only when it has
    /// subscribed to that person.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn presence(
        &self,
        session: &str,
        who: &str,
        presence: Presence,
    ) -> Result<bool, NoSuchSession> {
        let session = self.find(session)?;
        Ok(self.world.seen_to_be(&session, who, presence))
    }

    /// WhatsApp restricts the account of a session: sends to people who never wrote to it fail
    /// with 463. Without effect on a session without a phone.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn restrict(&self, session: &str, restriction: &Restriction) -> Result<(), NoSuchSession> {
        self.world.restrict(&self.find(session)?, restriction);
        Ok(())
    }

    /// The restriction ends.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn lift_restriction(&self, session: &str) -> Result<(), NoSuchSession> {
        self.world.lift_restriction(&self.find(session)?);
        Ok(())
    }

    /// Another quota for the account of a session, or none; its cycle begins now.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn set_quota(&self, session: &str, quota: Option<Quota>) -> Result<(), NoSuchSession> {
        self.world.set_quota(&self.find(session)?, quota);
        Ok(())
    }

    /// How many new chats the account of a session opened in the cycle that is on.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn new_chats_used(&self, session: &str) -> Result<u32, NoSuchSession> {
        Ok(self.world.new_chats_used(&*self.find(session)?))
    }

    /// The server process ends and comes up again: connections, waiting requests and webhook
    /// repeats are lost, `startTimestamp` is new, sessions that ran start again.
    pub fn restart_process(&self) {
        self.world.replace_process();
        self.world.restart_sessions();
    }

    /// Cuts every websocket, without a close frame.
    pub fn drop_sockets(&self) {
        self.world.events.drop_sockets();
    }

    /// How many websockets listen.
    pub fn sockets(&self) -> usize {
        self.world.events.sockets()
    }

    /// How many acknowledgements are still to come.
    pub fn acks_outstanding(&self) -> usize {
        self.world.acks.outstanding()
    }

    /// Names of all sessions.
    pub fn sessions(&self) -> Vec<String> {
        read(&self.world.sessions).keys().cloned().collect()
    }

    /// Ends it: no new connection, every open one closed.
    pub async fn shutdown(self) {
        self.world.end.cancel();
        // Connections end at their next turn.
        tokio::task::yield_now().await;
    }

    fn with_account<T: Default>(
        &self,
        session: &str,
        work: impl FnOnce(&Arc<World>, &Arc<Session>, &Account) -> T,
    ) -> Result<T, NoSuchSession> {
        let session = self.find(session)?;
        Ok(session
            .account()
            .map(|account| work(&self.world, &session, &account))
            .unwrap_or_default())
    }

    fn find(&self, name: &str) -> Result<Arc<Session>, NoSuchSession> {
        self.world
            .session(name)
            .ok_or_else(|| NoSuchSession(name.to_owned()))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.world.end.cancel();
    }
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
