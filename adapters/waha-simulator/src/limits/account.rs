//! The limits of the accounts of a running server: whose they are, when they change, and who is
//! told.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Limits, Quota, Refusal, Restriction, Verdict};
use crate::clock::micros;
use crate::draws::stable_hash;
use crate::sessions::{Account, Session, Status};
use crate::world::{World, lock};

/// Every account's limits, by its phone number.
#[derive(Default)]
pub(crate) struct Accounts {
    /// Whether any account has limits: without, a send costs one look at this.
    any: AtomicBool,
    by_phone: Mutex<HashMap<String, Limits>>,
    /// Messages that WhatsApp refused after the call had been answered.
    refused: Mutex<HashSet<Box<str>>>,
}

/// A send that WhatsApp refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The call fails.
    Now,
    /// The call succeeds, and an acknowledgement tells.
    Later,
}

impl World {
    /// A send is about to be handed over; counts it where it counts.
    pub(crate) fn admits(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Account,
        jid: &str,
    ) -> Result<(), Refused> {
        if self.settings.quota.is_none() && !self.accounts.any.load(Ordering::Acquire) {
            return Ok(());
        }
        let Some(person) = self.person(jid) else {
            return Ok(());
        };
        let (turned, verdict) = self.limits_of(account, |limits| {
            let turned = limits.turn(self.clock.now_us());
            (turned, limits.send(person, self.settings.removed_after))
        });
        if turned || verdict == Verdict::GoesAndWarns {
            self.tell_limits(session);
        }
        match verdict {
            Verdict::Goes | Verdict::GoesAndWarns => return Ok(()),
            Verdict::Refused => {}
            Verdict::RefusedAndRemoved => self.unlinked(session),
        }
        Err(match self.settings.refusal {
            Refusal::Answer => Refused::Now,
            Refusal::Ack => Refused::Later,
        })
    }

    /// Somebody wrote: no stranger any more.
    pub(crate) fn wrote(&self, account: &Account, jid: &str) {
        if let Some(person) = self.person(jid) {
            self.limits_of(account, |limits| limits.wrote(person));
        }
    }

    /// The owner wrote to somebody on the phone.
    pub(crate) fn phone_wrote(
        self: &Arc<Self>,
        session: &Arc<Session>,
        account: &Account,
        jid: &str,
    ) {
        let Some(person) = self.person(jid) else {
            return;
        };
        let now = self.clock.now_us();
        let changed = self.limits_of(account, |limits| {
            let turned = limits.turn(now);
            limits.sent_elsewhere(person) == Verdict::GoesAndWarns || turned
        });
        if changed {
            self.tell_limits(session);
        }
    }

    pub(crate) fn set_quota(self: &Arc<Self>, session: &Arc<Session>, quota: Option<Quota>) {
        let Some(account) = session.account() else {
            return;
        };
        self.accounts.any.store(true, Ordering::Release);
        self.limits_of(&account, |limits| {
            limits.set_quota(quota, self.clock.now_us(), self.cycle_us(quota));
        });
        self.tell_limits(session);
    }

    /// Restricts an account. When the restriction ends by itself, that is told as well.
    pub(crate) fn restrict(self: &Arc<Self>, session: &Arc<Session>, restriction: &Restriction) {
        let Some(account) = session.account() else {
            return;
        };
        self.accounts.any.store(true, Ordering::Release);
        let lasts = restriction.lasts.map(|lasts| self.clock.scaled(lasts));
        let ends_us = lasts.map(|lasts| self.clock.now_us().saturating_add(micros(lasts)));
        self.limits_of(&account, |limits| limits.restrict(restriction, ends_us));
        if restriction.shown {
            self.tell_limits(session);
        }
        let Some(lasts) = lasts else { return };
        let (world, session) = (self.clone(), session.clone());
        let end = self.end.clone();
        // WhatsApp's clock goes on whether the server runs or not.
        tokio::spawn(end.run_until_cancelled_owned(async move {
            // Rounded up, or the timer could come a moment before the end.
            tokio::time::sleep(lasts.saturating_add(Duration::from_millis(1))).await;
            let now = world.clock.now_us();
            if world.limits_of(&account, |limits| limits.expire(now)) {
                world.tell_limits(&session);
            }
        }));
    }

    pub(crate) fn lift_restriction(self: &Arc<Self>, session: &Arc<Session>) {
        let Some(account) = session.account() else {
            return;
        };
        if self.limits_of(&account, Limits::lift) {
            self.tell_limits(session);
        }
    }

    /// New chats that an account opened in the cycle that is on.
    pub(crate) fn new_chats_used(&self, session: &Session) -> u32 {
        session.account().map_or(0, |account| {
            self.limits_of(&account, |limits| {
                limits.turn(self.clock.now_us());
                limits.used()
            })
        })
    }

    /// The capping of an account as `GET /api/sessions/{session}/capping` has it.
    pub(crate) fn capping(&self, account: &Account) -> Value {
        self.limits_of(account, |limits| {
            limits.turn(self.clock.now_us());
            limits.capping(|us| self.wall_s(us))
        })
    }

    fn timelock(&self, account: &Account) -> Value {
        self.limits_of(account, |limits| limits.timelock(|us| self.wall_s(us)))
    }

    /// The account as WAHA shows it, its limits included where the version knows them.
    pub(crate) fn me_json(&self, account: &Account) -> Value {
        let mut me = account.to_json();
        if self.settings.tells_limits() {
            me["reachoutTimelock"] = self.timelock(account);
            me["messageCapping"] = self.capping(account);
        }
        me
    }

    /// What `session.status` carries as `data` while WORKING; `None` where the version has no such
    /// field. Keys are those that WAHA knows something of (its source attaches no others).
    pub(crate) fn status_data(&self, session: &Session, status: Status) -> Option<Value> {
        if !self.settings.tells_limits() {
            return None;
        }
        let account = session.account().filter(|_| status == Status::Working);
        Some(account.map_or(Value::Null, |account| {
            let mut data = json!({});
            let timelock = self.timelock(&account);
            if !timelock.is_null() {
                data["reachoutTimelock"] = timelock;
            }
            let limited = self.limits_of(&account, |limits| !limits.is_free());
            if limited {
                data["messageCapping"] = self.capping(&account);
            }
            match data.as_object() {
                Some(known) if known.is_empty() => Value::Null,
                _ => data,
            }
        }))
    }

    /// Re-issues `session.status`, still WORKING, with what is new.
    fn tell_limits(self: &Arc<Self>, session: &Arc<Session>) {
        if self.settings.tells_limits() && session.status() == Status::Working {
            self.enter(session, Status::Working);
        }
    }

    /// A message that an acknowledgement will refuse.
    pub(crate) fn refuse_later(&self, id: &str) {
        lock(&self.accounts.refused).insert(id.into());
    }

    /// The `error` of an acknowledgement, when WhatsApp refused the message with 463 and the
    /// version tells.
    pub(crate) fn ack_error(&self, account: &Account, id: &str) -> Option<Value> {
        if !lock(&self.accounts.refused).remove(id) || !self.settings.tells_limits() {
            return None;
        }
        let timelock = self.timelock(account);
        let until = timelock["timeEnforcementEnds"]
            .as_u64()
            .map(|until_s| crate::answer::iso(until_s.saturating_mul(1000)));
        let mut error = json!({
            "code": "463",
            "blocked": true,
            "reason": "account_restricted",
            "until": until,
        });
        if let Some(kind) = timelock.get("enforcementType") {
            error["enforcementType"] = kind.clone();
        }
        Some(error)
    }

    fn limits_of<T>(&self, account: &Account, look: impl FnOnce(&mut Limits) -> T) -> T {
        let mut accounts = lock(&self.accounts.by_phone);
        if !accounts.contains_key(&account.phone) {
            let mut limits = Limits::default();
            limits.set_quota(self.settings.quota, 0, self.cycle_us(self.settings.quota));
            accounts.insert(account.phone.clone(), limits);
        }
        match accounts.get_mut(&account.phone) {
            Some(limits) => look(limits),
            None => look(&mut Limits::default()),
        }
    }

    fn cycle_us(&self, quota: Option<Quota>) -> u64 {
        quota.map_or(1, |quota| micros(self.clock.scaled(quota.cycle)))
    }

    fn wall_s(&self, stamp_us: u64) -> u64 {
        self.clock.wall_start_us().saturating_add(stamp_us) / 1_000_000
    }

    /// A person as a number, whichever of their names a chat is under; `None` for groups.
    fn person(&self, jid: &str) -> Option<u64> {
        let phone = self.phone_of(jid)?;
        Some(stable_hash(0, &[b"person", phone.as_bytes()]))
    }
}
