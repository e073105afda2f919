//! One campaign at work: the bounded windows of its deliveries, and what it waits for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::duty::Adopting;
use super::lane::wait_between;
use super::pools::Pool;
use super::recipient_hours::Clocks;
use super::window::Window;
use crate::campaign::{CampaignState, Sessions};
use crate::clock::{Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, State};
use crate::gateway::{Account, Session};
use crate::limits::{Overdue, Slot};
use crate::message::{BoundMessage, MessageTemplate};
use crate::store::{CampaignRecord, CommandId, Ready, ReadyPage, ReadyQuery, Sweep, Whom};

/// Nothing is begun in the last moments of an opening, so that the server does not see it after.
pub(super) const CLOSING_MARGIN: Duration = Duration::from_secs(1);

/// However many accounts share the half of a campaign's room that is theirs, each has so much.
const WINDOW_MIN: u32 = 16;

/// When a campaign is to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moments {
    /// It has something to do then.
    pub(super) next: Option<Elapsed>,
    /// From then on its counters may be read again, when something else makes the engine look.
    pub(super) rereads: Option<Elapsed>,
}

/// Through which of its sessions a campaign has something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Nowhere,
    Everywhere,
    There(BTreeSet<Session>),
}

impl Wanted {
    pub(super) fn is_through(&self, session: &Session) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Everywhere => true,
            Self::There(sessions) => sessions.contains(session),
        }
    }
}

/// When the counters of a campaign were read, and when it was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// They are from before that.
    Before,
    /// They are being read since then.
    Asked,
    Since,
}

/// A campaign that the engine works on.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) record: CampaignRecord,
    pub(super) state: CampaignState,
    /// `None` when its message does not fit its columns, which the import rules out: then it sends nothing.
    pub(super) message: Option<BoundMessage>,
    pub(super) in_flight: u32,
    /// It is settled, and forgotten when nothing of it is under way.
    pub(super) is_leaving: bool,
    /// Pauses and cancels that are answered when nothing is in flight, or when this time is over.
    pub(super) awaiting_quiet: Vec<(CommandId, Elapsed)>,
    /// What the last sweep could not finish.
    pub(super) sweep: Option<Sweep>,
    pub(super) is_rereading: bool,
    /// Of several workers, another one may have moved it.
    pub(super) adopting: Option<Adopting>,
    /// Whether its counters are from after it was moved last.
    pub(super) counted: Counted,
    /// Other workers send for it as well: its own counters tell when it has come to its end.
    pub(super) is_shared: bool,
    pub(super) is_moving: bool,
    /// Another message is on its way to the store: what is journalled before it is there would say the old one.
    pub(super) is_edited: bool,
    /// There was something to send again while it was moving.
    pub(super) is_woken: bool,
    pub(super) completed_at: Option<Elapsed>,
    /// Its counters are not read more often than this.
    pub(super) reread_at: Elapsed,
    pub(super) has_expiry_swept: bool,
    /// One for each account of a pool, of those whom it knows, and one of everybody else.
    windows: BTreeMap<Option<Account>, Window>,
    /// The windows that are being read into.
    loading: Vec<Option<Account>>,
    /// The last of those that were read into last: they take turns.
    loaded_last: Option<Account>,
    /// The page that is being read is from before everything was forgotten: what stands on it may have been swept meanwhile.
    is_page_stale: bool,
    /// Its accounts, where it has several sessions.
    pub(super) pool: Pool,
    /// For each account, who was given up when it was asked last, and whose people were left alone therefore.
    left: BTreeMap<Account, (Vec<Account>, Arc<[Account]>)>,
    /// Since when its runner has been running.
    back: Elapsed,
    /// Its own limits, or its tenant's, let nothing of it go until then; [`Elapsed::NEVER`]: until something under way has ended.
    pub(super) over_budget_until: Option<Elapsed>,
    /// The hours of recipients, where those are kept by their own clocks.
    pub(super) clocks: Clocks,
}

impl Job {
    pub(super) fn new(record: CampaignRecord, back: Elapsed) -> Self {
        Self {
            back,
            over_budget_until: None,
            clocks: Clocks::of(&record.definition, &record.columns),
            state: record.state,
            message: record.definition.message.bind(&record.columns).ok(),
            record,
            in_flight: 0,
            is_leaving: false,
            awaiting_quiet: Vec::new(),
            sweep: None,
            is_rereading: false,
            adopting: None,
            counted: Counted::Before,
            is_shared: false,
            is_moving: false,
            is_edited: false,
            is_woken: false,
            completed_at: None,
            reread_at: Elapsed::default(),
            has_expiry_swept: false,
            windows: [(None, Window::default())].into(),
            loading: Vec::new(),
            loaded_last: None,
            is_page_stale: false,
            pool: Pool::default(),
            left: BTreeMap::new(),
        }
    }

    /// Says something else from now on.
    pub(super) fn say(&mut self, message: MessageTemplate) {
        self.message = message.bind(&self.record.columns).ok();
        Arc::make_mut(&mut self.record.definition).message = message;
    }

    pub(super) fn id(&self) -> CampaignId {
        self.record.id
    }

    /// The slot of its lane that it goes through.
    pub(super) fn slot(&self) -> Slot {
        self.record.definition.slot()
    }

    pub(super) fn sessions(&self) -> &Sessions {
        &self.record.definition.sessions
    }

    /// Expired with deliveries that were not swept yet.
    pub(super) fn must_expire(&mut self, now: Now) -> bool {
        let must =
            self.has_expired(now) && !self.has_expiry_swept && self.state == CampaignState::Running;
        self.has_expiry_swept |= must;
        must
    }

    /// A delivery came back that was on its way when the others were swept.
    pub(super) fn sweep_again(&mut self) {
        self.has_expiry_swept = false;
        if self.state == CampaignState::Cancelled {
            self.sweep.get_or_insert(Sweep::Cancel);
        }
    }

    pub(super) fn has_expired(&self, now: Now) -> bool {
        self.expiry().is_some_and(|expiry| expiry <= now.wall)
    }

    /// When all of it was due: messages that are late are late by this.
    fn due(&self) -> Timestamp {
        let starts_at = self.record.definition.starts_at;
        starts_at.unwrap_or(self.record.created_at)
    }

    fn expiry(&self) -> Option<Timestamp> {
        self.record.definition.expires_by(self.due())
    }

    /// When it may send: the moment after which it may not any more, or the moment from which it may.
    pub(super) fn open(&self, now: Now) -> Result<Option<Timestamp>, Option<Elapsed>> {
        let definition = &self.record.definition;
        if let Some(start) = definition.starts_at.filter(|start| *start > now.wall) {
            return Err(Some(now.elapsed + wait_between(now, start)));
        }
        // Made in what is the future by a clock that was set back since: due now.
        let due = self.due().min(now.wall);
        // By elapsed time: somebody may have set the clock since.
        let back = now.wall_at(self.back).unwrap_or(now.wall);
        let overdue = definition.catch_up.decide(due, back, now.wall);
        if let Overdue::NotBefore(moment) = overdue {
            return Err(Some(now.elapsed + wait_between(now, moment)));
        }
        let closes = match &definition.hours {
            // Each recipient has hours of their own.
            _ if self.clocks.are_kept() => None,
            None => None,
            Some(hours) => match hours.closes_after(now.wall) {
                Some(closes) => Some(closes),
                None => {
                    let opens = hours.next_open(now.wall);
                    return Err(opens.map(|opens| now.elapsed + wait_between(now, opens)));
                }
            },
        };
        Ok([closes, self.expiry()].into_iter().flatten().min())
    }

    /// The windows that a session's account may send from, its own first.
    fn open_to(&self, session: &Session, now: Now) -> impl Iterator<Item = Option<Account>> {
        let own = self.pool.account_of(session);
        let given_up = self.pool.given_up(self.record.definition.pool_policy, now);
        let others = given_up.filter(move |other| Some(*other) != own);
        let own = own.map(Some).into_iter();
        own.chain([None]).chain(others.map(Some))
    }

    /// The next delivery that is due for this session to send, if one is in memory.
    pub(super) fn take(&mut self, session: &Session, now: Now) -> Option<Ready> {
        let open: Vec<Option<Account>> = self.open_to(session, now).collect();
        let mut windows = open.into_iter();
        windows.find_map(|whose| self.windows.get_mut(&whose)?.take(now))
    }

    /// The accounts that somebody whom they know is left to, for a message from this one.
    pub(super) fn left_to_others(&mut self, account: Account, now: Now) -> Arc<[Account]> {
        let policy = self.record.definition.pool_policy;
        let given_up: Vec<Account> = self.pool.given_up(policy, now).collect();
        if let Some((known, left)) = self.left.get(&account)
            && *known == given_up
        {
            return Arc::clone(left);
        }
        let others = self.pool.accounts();
        let others = others.filter(|other| *other != account && !given_up.contains(other));
        let left: Arc<[Account]> = others.collect();
        self.left.insert(account, (given_up, Arc::clone(&left)));
        left
    }

    /// Its accounts, or what holds them, have changed.
    pub(super) fn set_pool(&mut self, pool: Pool) {
        self.pool = pool;
        self.left.clear();
    }

    fn window_of(&mut self, ready: &Ready) -> Option<&mut Window> {
        let own = ready
            .account
            .filter(|_| self.windows.contains_key(&ready.account));
        self.windows.get_mut(&own)
    }

    /// Puts back what was not sent after all.
    pub(super) fn put_back(&mut self, ready: Ready) {
        if let Some(window) = self.window_of(&ready) {
            window.put_back(ready);
        }
    }

    /// Keeps a delivery until it is due again. What does not fit stays in the store and is read again.
    pub(super) fn put_off(&mut self, ready: Ready, until: Elapsed, window: u32) {
        let room = self.room(ready.account, window);
        if let Some(window) = self.window_of(&ready) {
            window.put_off(ready, until, room);
        }
    }

    /// What was put off is due at once.
    pub(super) fn hasten(&mut self, delivery: DeliveryId, now: Now) {
        let mut windows = self.windows.values_mut();
        if windows.any(|window| window.hasten(delivery)) {
            return;
        }
        // It did not fit into memory, or is read anew as it is.
        for window in self.windows.values_mut() {
            window.read_again_at(now.elapsed);
        }
    }

    /// What a window may hold. In a pool the people of its accounts share one half of the room: most people are known to none.
    fn room(&self, whose: Option<Account>, window: u32) -> u32 {
        let accounts = u32::try_from(self.windows.len() - 1).unwrap_or(u32::MAX);
        match whose {
            _ if accounts == 0 => window,
            None => window / 2,
            Some(_) => (window / 2 / accounts).max(WINDOW_MIN.min(window)),
        }
    }

    /// Forgets what is in memory and reads from the start again: the store has it all, and there may be new ones among those passed.
    pub(super) fn start_over(&mut self) {
        let accounts = self.pool.accounts().map(Some);
        let windows = accounts.chain([None]).map(|of| (of, Window::default()));
        self.windows = windows.collect();
        self.clocks.closed_until = None;
        self.is_page_stale = !self.loading.is_empty();
        self.completed_at = None;
        self.reread_at = Elapsed::default();
    }

    pub(super) fn loaded(
        &mut self,
        page: ReadyPage,
        is_known: impl Fn(DeliveryId) -> bool,
        now: Now,
    ) {
        let loading = std::mem::take(&mut self.loading);
        if std::mem::take(&mut self.is_page_stale) {
            return;
        }
        // What was put back while the page was being read may be on it, and who came to be known by another account.
        let held: BTreeSet<DeliveryId> = if page.ready.is_empty() {
            BTreeSet::new()
        } else {
            self.windows.values().flat_map(Window::deliveries).collect()
        };
        let is_known = |delivery| is_known(delivery) || held.contains(&delivery);
        let last = page.ready.last().map(|ready| ready.delivery);
        let read_to = page.read_to.or(last);
        let mut others = page.ready;
        for whose in loading {
            let is_theirs = |ready: &Ready| whose.is_none() || ready.account == whose;
            let ready;
            (ready, others) = others.into_iter().partition(is_theirs);
            if let Some(window) = self.windows.get_mut(&whose) {
                let page = ReadyPage {
                    ready,
                    read_to,
                    ..page
                };
                window.loaded(page, is_known, now);
            }
        }
    }

    pub(super) fn load_failed(&mut self) {
        self.loading.clear();
        self.is_page_stale = false;
    }

    /// What to read next, when memory runs low.
    pub(super) fn wants(&mut self, window: u32, now: Now) -> Option<ReadyQuery> {
        if self.state != CampaignState::Running || !self.loading.is_empty() {
            return None;
        }
        let after = (Excluded(self.loaded_last), Unbounded);
        let in_turn = self.windows.range(after).chain(&self.windows);
        let policy = self.record.definition.pool_policy;
        let is_ours = |of: Option<Account>| self.pool.is_ours(of, policy, now);
        let mut wanting =
            in_turn.filter(|(of, it)| is_ours(**of) && it.wants(self.room(**of, window), now));
        let (whose, place) = wanting.next().map(|(of, it)| (*of, it.reads_after()))?;
        let room = self.room(whose, window);
        // Whoever is as far is read for at once: otherwise each account would have the store look at everybody.
        let with_it = self.windows.iter().filter(|(of, it)| {
            of.is_some() == whose.is_some()
                && is_ours(**of)
                && it.reads_after() == place
                && it.wants(room, now)
        });
        self.loading = with_it.map(|(of, _)| *of).collect();
        self.loaded_last = self.loading.last().copied().flatten();
        for whose in &self.loading {
            if let Some(window) = self.windows.get_mut(whose) {
                window.begin_to_read();
            }
        }
        Some(ReadyQuery {
            campaign: self.id(),
            after: place,
            whom: match whose {
                Some(_) => Whom::KnownTo(self.loading.iter().copied().flatten().collect()),
                None => Whom::KnownToNone(self.pool.accounts().collect()),
            },
            due: now.wall,
            limit: (room / 2).max(1),
        })
    }

    /// Nothing of it is in memory, and the store has nothing more that is due or will be.
    pub(super) fn is_used_up(&self) -> bool {
        // Whoever attends an account has its people in memory.
        let mut own = self
            .windows
            .iter()
            .filter(|(of, _)| !self.is_of_others(**of));
        self.loading.is_empty() && self.in_flight == 0 && own.all(|(_, it)| it.is_used_up())
    }

    /// Another worker attends this account.
    fn is_of_others(&self, account: Option<Account>) -> bool {
        account.is_some_and(|it| self.pool.others().any(|other| other == it))
    }

    /// Somebody turned out to be known to this account.
    pub(super) fn leave_to(&mut self, account: Account, ready: Ready) {
        if !self.is_of_others(Some(account)) {
            let account = Some(account);
            self.put_back(Ready { account, ..ready });
        }
    }

    /// It may have come to its end, for all that is known here: what memory still holds of it may have been sent by others.
    pub(super) fn may_be_over(&self) -> bool {
        self.is_shared || self.is_used_up()
    }

    /// Somebody waits until nothing of it is in flight, of others neither.
    pub(super) fn counts_for_quiet(&self) -> bool {
        self.is_shared && !self.awaiting_quiet.is_empty()
    }

    /// What is in flight of it. Where others send for it as well, that is known when it was counted since it was moved last.
    pub(super) fn in_flight_of_all(&self) -> Option<u32> {
        match (self.is_shared, self.counted) {
            (false, _) => Some(self.in_flight),
            (true, Counted::Since) => {
                let sending = self.record.counts.of(State::Sending);
                Some(
                    u32::try_from(sending)
                        .unwrap_or(u32::MAX)
                        .max(self.in_flight),
                )
            }
            (true, Counted::Before | Counted::Asked) => None,
        }
    }

    /// The moments at which it has something to do by itself, and those from which on its counters are worth reading again.
    pub(super) fn moments(&self, ack_time: Duration, now: Now) -> Moments {
        let has_ended = matches!(
            self.state,
            CampaignState::Settled | CampaignState::Cancelled | CampaignState::Completed
        );
        let at = |moment: Timestamp| now.elapsed + wait_between(now, moment);
        let quiet = self.awaiting_quiet.iter().map(|(_, until)| *until).min();
        let expiry = self.expiry().filter(|_| !has_ended).map(at);
        let is_running = self.state == CampaignState::Running;
        let opens = match self.state {
            CampaignState::Scheduled => self.open(now).err().flatten(),
            CampaignState::Running if self.has_work(now) => self.opens_again(now),
            _ => None,
        };
        let windows = self.windows.values().flat_map(Window::moments).flatten();
        let waiting = self
            .windows
            .iter()
            .filter(|(_, window)| window.has_work(now));
        let policy = self.record.definition.pool_policy;
        let moves = waiting.filter_map(|(of, _)| self.pool.moves_at((*of)?, policy));
        let foreign = self.pool.others();
        let moves_here = foreign.filter_map(|account| self.pool.moves_at(account, policy));
        let due = windows
            .chain(moves)
            .chain(moves_here)
            .filter(|moment| *moment > now.elapsed)
            .min();
        let concludes = self.completed_at.map(|since| since + ack_time);
        let is_over = self.state == CampaignState::Completed
            || (is_running && self.may_be_over())
            || self.counts_for_quiet();
        let rereads = (is_over && !self.is_rereading && !self.is_moving)
            .then(|| concludes.map_or(self.reread_at, |moment| moment.max(self.reread_at)));
        let budget = self
            .over_budget_until
            .filter(|until| is_running && *until < Elapsed::NEVER);
        let due = due.filter(|_| is_running);
        // Nothing else may tell that others have sent the last of it, or have ended what they had under way.
        let counts = rereads.filter(|_| self.is_shared);
        let next = [quiet, expiry, opens, due, concludes, budget, counts];
        Moments {
            next: next
                .into_iter()
                .flatten()
                .filter(|moment| *moment > now.elapsed)
                .min(),
            rereads: rereads.filter(|moment| *moment > now.elapsed),
        }
    }

    /// When it may send again, where it may not now; a moment before it closes it may not any more.
    fn opens_again(&self, now: Now) -> Option<Elapsed> {
        match self.open(now) {
            Err(opens) => opens,
            Ok(Some(closes)) if wait_between(now, closes) <= CLOSING_MARGIN => {
                Some(now.elapsed + wait_between(now, closes))
            }
            Ok(_) => None,
        }
    }

    /// Until when a message that this session begins now may be written; `None` when it has nothing to send for it now, or may not.
    pub(super) fn may_send(&self, session: &Session, latest: Elapsed, now: Now) -> Option<Elapsed> {
        let is_able = self.state == CampaignState::Running && !self.is_moving && !self.is_edited;
        let is_over_budget = self
            .over_budget_until
            .is_some_and(|until| until > now.elapsed);
        if !is_able || is_over_budget || !self.has_work_for(session, now) {
            return None;
        }
        match self.open(now).ok()?.map(|closes| wait_between(now, closes)) {
            None => Some(latest),
            Some(left) if left <= CLOSING_MARGIN => None,
            Some(left) => Some(latest.min(now.elapsed + (left - CLOSING_MARGIN))),
        }
    }

    /// Through which of its sessions it has something to send now.
    pub(super) fn wanted(&self, now: Now) -> Wanted {
        // Whether it may is the same for all of them, and asked of one that has something to send.
        let may_send = |session| self.may_send(session, Elapsed::NEVER, now).is_some();
        let of_all = self.windows.get(&None).is_some_and(|it| it.has_work(now));
        if of_all || !self.sessions().are_pool() {
            return match may_send(self.sessions().first()) {
                true => Wanted::Everywhere,
                false => Wanted::Nowhere,
            };
        }
        let sessions = self.sessions().iter();
        Wanted::There(sessions.filter(|it| may_send(it)).cloned().collect())
    }

    pub(super) fn has_work(&self, now: Now) -> bool {
        let mut windows = self.windows.values();
        self.message.is_some() && windows.any(|window| window.has_work(now))
    }

    /// The same, for the account of this session.
    pub(super) fn has_work_for(&self, session: &Session, now: Now) -> bool {
        let has_work = |of| self.windows.get(&of).is_some_and(|it| it.has_work(now));
        self.message.is_some() && self.open_to(session, now).any(has_work)
    }

    /// Nothing is scheduled or sending, by the store's own counters.
    pub(super) fn is_complete(&self) -> bool {
        self.record.counts.of(State::Scheduled) == 0 && self.record.counts.of(State::Sending) == 0
    }

    /// Some are in doubt, as the store's counters were when they were read last.
    pub(super) fn has_doubts(&self) -> bool {
        self.record.counts.of(State::Unconfirmed) > 0
    }

    pub(super) fn is_settled(&self) -> bool {
        self.is_complete() && self.record.counts.of(State::Unconfirmed) == 0
    }
}

#[cfg(test)]
mod tests;
