//! Several workers on one store: what their drivers do beside carrying steps out, and what befalls their machines.
//!
//! One of them is at hand at a time; the others stand aside with all that is their own. Whatever is for one of them names its life, by which it
//! is found again.

use std::collections::BTreeSet;
use std::time::Duration;

use campaign_core::clock::Elapsed;
use campaign_core::delivery::{DeliveryId, State};
use campaign_core::engine::{Engine, Input};
use campaign_core::gateway::{Notice, Session};
use campaign_core::store::{CommandId, LEASE, News, Store, StoreError, Workers};
use campaign_core::testing::MemoryStore;
use jiff::SignedDuration;

use super::super::coverage::Strike;
use super::clocks::Clocks;
use super::{Event, World, run};

/// How often a driver looks for news and commands.
const LOOKS_EVERY: Duration = Duration::from_millis(250);
/// When all that is drawn has happened, less often: these worlds would take long otherwise.
const LOOKS_LATER: Duration = Duration::from_secs(4);
const BUSY: Duration = Duration::from_secs(900);
/// A lease that could not be renewed is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// What another worker is to attend it has been told of, and has looked at, by then: a renewal may be slow.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(20);

/// What is one process's own.
pub(super) struct Process {
    pub(super) life: u32,
    pub(super) engine: Option<Engine>,
    pub(super) store: MemoryStore,
    pub(super) clocks: Clocks,
    pub(super) asleep_until: Option<Elapsed>,
    pub(super) down_since: Option<Elapsed>,
    pub(super) withheld: BTreeSet<DeliveryId>,
    pub(super) duty: Duty,
    /// Of each campaign whether its gate is open, and what memory holds of it.
    campaigns: Vec<(bool, BTreeSet<DeliveryId>, BTreeSet<DeliveryId>)>,
}

/// What a driver knows of its worker's lease.
#[derive(Debug, Default)]
pub(super) struct Duty {
    /// Nothing is written after this, by the database's clock.
    pub(super) fence: Elapsed,
    renew_at: Elapsed,
    is_renewing: bool,
    is_wanted: bool,
    is_to_retire: bool,
    to_let_go: BTreeSet<Session>,
    asked: BTreeSet<CommandId>,
}

impl Process {
    pub(super) fn new(life: u32, store: MemoryStore, clocks: Clocks) -> Self {
        Self {
            life,
            engine: None,
            store,
            clocks,
            asleep_until: None,
            down_since: None,
            withheld: BTreeSet::new(),
            duty: Duty::default(),
            campaigns: Vec::new(),
        }
    }
}

impl World {
    pub(super) fn are_workers(&self) -> bool {
        self.plan.workers > 1
    }

    /// All processes there are.
    pub(super) fn places(&self) -> std::ops::Range<usize> {
        0..self.aside.len()
    }

    /// Takes another process at hand.
    pub(super) fn switch(&mut self, to: usize) {
        if to == self.here {
            return;
        }
        let campaigns = self.mailings.iter_mut().map(|it| {
            let (in_memory, put_off) = (&mut it.in_memory, &mut it.put_off);
            let memory = (std::mem::take(in_memory), std::mem::take(put_off));
            (it.gate_is_open, memory.0, memory.1)
        });
        self.aside[self.here].campaigns = campaigns.collect();
        self.exchange(self.here);
        self.here = to;
        self.exchange(to);
        let mut campaigns = std::mem::take(&mut self.aside[to].campaigns).into_iter();
        for mailing in &mut self.mailings {
            // Of campaigns that came since it knows nothing: a gate that nobody has closed is open.
            let (is_open, in_memory, put_off) =
                campaigns
                    .next()
                    .unwrap_or((true, BTreeSet::new(), BTreeSet::new()));
            mailing.gate_is_open = is_open;
            mailing.in_memory = in_memory;
            mailing.put_off = put_off;
        }
    }

    fn exchange(&mut self, place: usize) {
        let aside = &mut self.aside[place];
        std::mem::swap(&mut self.life, &mut aside.life);
        std::mem::swap(&mut self.engine, &mut aside.engine);
        std::mem::swap(&mut self.store, &mut aside.store);
        std::mem::swap(&mut self.clocks, &mut aside.clocks);
        std::mem::swap(&mut self.asleep_until, &mut aside.asleep_until);
        std::mem::swap(&mut self.down_since, &mut aside.down_since);
        std::mem::swap(&mut self.withheld, &mut aside.withheld);
        std::mem::swap(&mut self.duty, &mut aside.duty);
    }

    /// Which process lives this life.
    pub(super) fn place_of(&self, life: u32) -> Option<usize> {
        if self.life == life {
            return Some(self.here);
        }
        let mut others = self.places().filter(|place| *place != self.here);
        others.find(|place| self.aside[*place].life == life)
    }

    pub(super) fn asleep_at(&self, place: usize) -> Option<Elapsed> {
        match place == self.here {
            true => self.asleep_until,
            false => self.aside[place].asleep_until,
        }
    }

    /// Until when the process sleeps that something is for.
    pub(super) fn sleeps_through(&self, event: &Event) -> Option<Elapsed> {
        let place = match event {
            Event::Restart(place) => Some(*place),
            event => self.place_of(event.life()?),
        };
        self.asleep_at(place?)
    }

    pub(super) fn is_anybody_busy(&self) -> bool {
        // What a dead worker attended is nobody's business before its lease is over, and then of whoever renews its own next.
        let last_end = self.ledger.ends.values().max();
        let is_left = |end: &Elapsed| self.now.elapsed.since(*end) < LEASE * 2;
        if self.are_workers() && last_end.is_some_and(is_left) {
            return true;
        }
        let is_busy = |engine: &Option<Engine>| engine.as_ref().is_none_or(Engine::is_busy);
        let mut others = self.places().filter(|place| *place != self.here);
        is_busy(&self.engine) || others.any(|place| is_busy(&self.aside[place].engine))
    }

    /// Every process hears of it, those that sleep when they wake.
    pub(super) fn all_hear(&mut self, after: Duration, notice: &Notice) {
        for place in self.places() {
            let (life, lives) = match place == self.here {
                true => (self.life, self.engine.is_some()),
                false => (self.aside[place].life, self.aside[place].engine.is_some()),
            };
            if lives || !self.are_workers() {
                self.later(after, Event::Tell(life, Input::Noticed(notice.clone())));
            }
        }
    }

    /// What a worker's driver does as it begins.
    pub(super) fn goes_on_duty(&mut self) {
        self.duty = Duty::default();
        self.renew();
        self.later(LOOKS_EVERY, Event::Look(self.life));
    }

    pub(super) fn let_go(&mut self, session: Session) {
        self.write_down(|| format!("lets go of {session}"));
        self.duty.to_let_go.insert(session);
        self.renew();
    }

    pub(super) fn renew(&mut self) {
        if !self.are_workers() || self.engine.is_none() {
            return;
        }
        if std::mem::replace(&mut self.duty.is_renewing, true) {
            self.duty.is_wanted = true;
            return;
        }
        let asked = self.seen_now().elapsed;
        let takes = match self.happens(self.plan.commits.slow) {
            true => self.millis(100, 8_000),
            false => self.millis(1, 10),
        };
        self.later(takes, Event::Renew(self.life, asked));
    }

    fn renew_after(&mut self, wait: Duration) {
        self.duty.renew_at = self.now.elapsed + wait;
        self.later(wait, Event::RenewAgain(self.life));
    }

    /// It is time, unless it was renewed since.
    pub(super) fn renew_if_due(&mut self) {
        if self.duty.renew_at <= self.now.elapsed {
            self.renew();
        }
    }

    /// `asked` is when the driver began.
    pub(super) fn renewed(&mut self, asked: Elapsed) {
        if self.engine.is_none() {
            return;
        }
        self.duty.is_renewing = false;
        if self.happens(self.plan.commits.failed) {
            return self.renew_after(AGAIN);
        }
        let now = self.seen_now();
        let held = self.engine.as_ref().map(|engine| engine.held_accounts(now));
        if std::mem::take(&mut self.duty.is_to_retire) {
            // Where its lease is over, renewing it says so.
            let _dismissed = run(self.store.retire());
        }
        let to_let_go: Vec<Session> = self.duty.to_let_go.iter().cloned().collect();
        let doubts = self.unconfirmed();
        let gone = run(self.store.let_go(&to_let_go));
        let roster = gone.and_then(|()| run(self.store.renew(&held.unwrap_or_default())));
        self.ledger.doubts_made += self.unconfirmed().saturating_sub(doubts);
        let roster = match roster {
            Ok(roster) => roster,
            Err(StoreError::Dismissed) => return self.crash(Strike::Dismissed),
            Err(error) => panic!("{error}"),
        };
        self.duty.to_let_go.clear();
        self.clocks.told(roster.at, self.now.elapsed);
        self.duty.fence = asked + roster.send_for();
        let (life, number) = (self.life, self.here);
        self.write_down(|| format!("worker {number}, life {life}: {:?}", roster.sessions));
        self.renew_after(roster.renew_after());
        self.handle(Input::OnDuty(Box::new(roster)));
        for record in self.records() {
            if record.state.is_live() {
                self.introduce(record.id);
            }
        }
        if std::mem::take(&mut self.duty.is_wanted) {
            self.renew();
        }
    }

    /// How much less often than at first a driver looks for news at this moment.
    pub(in super::super) fn looks_later_by(&self, at: Elapsed) -> Duration {
        match self.are_workers() && at.since(self.began) > BUSY {
            true => LOOKS_LATER - LOOKS_EVERY,
            false => Duration::ZERO,
        }
    }

    /// News of others, and commands.
    pub(super) fn look_around(&mut self) {
        let next = LOOKS_EVERY + self.looks_later_by(self.now.elapsed);
        self.later(next, Event::Look(self.life));
        if self.engine.is_none() {
            return;
        }
        let news = run(self.store.news()).unwrap();
        if news.contains(&News::Roster) {
            self.renew();
        }
        if news.contains(&News::Hidden) {
            self.tell_hidden();
        }
        for told in &news {
            if let News::Campaign(campaign) = told {
                self.introduce(*campaign);
            }
        }
        if !news.is_empty() {
            self.handle(Input::Heard(news));
        }
        for (id, command) in run(self.store.open_commands()).unwrap() {
            if let Some(campaign) = command.campaign() {
                self.introduce(campaign);
            }
            let obeys = self.engine.as_ref().is_some_and(|it| it.obeys(&command));
            if obeys && self.duty.asked.insert(id) {
                self.ask(id, command);
            }
        }
    }

    /// A machine sleeps, or somebody stops its process, for longer than a lease lasts, or less.
    pub(super) fn freeze(&mut self) {
        let place = self.rng.usize(self.places());
        self.switch(place);
        if self.asleep_until.is_some() || self.engine.is_none() {
            return;
        }
        let lasts = self.millis(5_000, 150_000);
        self.write_down(|| format!("worker {place} is frozen for {lasts:?}"));
        self.strike_all(Strike::Frozen);
        self.disturb(None, lasts + Duration::from_secs(200));
        self.asleep_until = Some(self.now.elapsed + lasts);
    }

    pub(super) fn kill(&mut self) {
        let place = self.rng.usize(self.places());
        self.switch(place);
        if self.asleep_until.is_none() {
            self.settle_commit();
            self.crash(Strike::Killed);
        }
    }

    /// A worker is to end, and hands over what it attends.
    pub(super) fn retire(&mut self) {
        let place = self.rng.usize(self.places());
        self.switch(place);
        self.write_down(|| format!("worker {place} is to end"));
        self.strike_all(Strike::Retired);
        self.disturb(None, HANDED_OVER_WITHIN);
        self.duty.is_to_retire = true;
        self.renew();
        self.handle(Input::Stop);
    }

    /// It has put everything away.
    pub(super) fn has_retired(&mut self) {
        run(self.store.step_down()).unwrap();
        self.crash(Strike::Retired);
    }

    /// The worker that wrote it has died since, and others have taken over what it attended.
    pub(super) fn has_lost_its_lease(&self, attempt: usize) -> bool {
        let attempt = &self.ledger.attempts[attempt];
        let ended = self.ledger.ends.get(&attempt.life);
        let is_over = ended.is_some() && self.now.elapsed.since(attempt.received) > LEASE;
        self.are_workers() && is_over
    }

    fn unconfirmed(&self) -> u64 {
        let records = self.records();
        records
            .iter()
            .map(|it| it.counts.of(State::Unconfirmed))
            .sum()
    }
}

impl World {
    /// The processes there are, none of which runs yet.
    pub(super) fn set_workers_up(&mut self) {
        for number in 0..self.plan.workers {
            let clocks = match self.are_workers() {
                true => {
                    let booted = Duration::from_secs(self.rng.u64(1..3_000));
                    let offset = SignedDuration::from_secs(self.rng.i64(-90_000..90_000));
                    Clocks::of_worker(booted, offset)
                }
                false => Clocks::new(),
            };
            let process = Process::new(number, self.store.other_process(), clocks);
            self.aside.push(process);
        }
        // The first is at hand.
        self.exchange(0);
    }
}
