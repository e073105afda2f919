//! The simulator as a library: build, start, look, and take the phone in hand.

mod builder;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

pub use self::builder::Builder;
use crate::control;
use crate::faults::{Fault, Faults};
use crate::inbound::Incoming;
use crate::ledger::{Ledger, Question, Verdict};
use crate::limits::{Quota, Restriction};
use crate::presence::Presence;
use crate::sending::EngineFailure;
use crate::sessions::{Account, Session, Status};
use crate::settings::Settings;
use crate::world::{World, lock, read};

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

    /// A phone scans the QR code (or types the pairing code) of a session. `false`, and nothing
    /// happens, when the session has none to show: it does not run, or has a phone already.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn pair(&self, session: &str, phone: &str) -> Result<bool, NoSuchSession> {
        let session = self.find(session)?;
        Ok(self.world.scanned(&session, Account::new(phone)))
    }

    /// The phone removes the device: the session FAILED until it is logged out and paired anew. One
    /// that is STOPPED finds out when it starts.
    ///
    /// # Errors
    ///
    /// When there is no such session.
    pub fn unlink(&self, session: &str) -> Result<(), NoSuchSession> {
        self.world.unlinked(&self.find(session)?);
        Ok(())
    }

    /// The link is lost: WORKING for 2 s while sends fail, STARTING for `away`, WORKING again. Without
    /// effect on a session that is not WORKING.
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

    /// Ends it: no new connection, every open one closed when this returns.
    pub async fn shutdown(self) {
        self.world.end.cancel();
        self.world.connections.close();
        self.world.connections.wait().await;
    }

    fn with_account<T: Default>(
        &self,
        session: &str,
        work: impl FnOnce(&Arc<World>, &Arc<Session>, &Arc<Account>) -> T,
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
