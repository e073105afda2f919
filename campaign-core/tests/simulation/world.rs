//! The world around one engine: servers with phones behind them, a store, clocks, an operator, and crashes.
//!
//! Virtual time passes from event to event. What a server has taken it carries out whether or not the engine lives; what the
//! engine was to be told is lost with it. The ledger is written by the world alone: by its servers, and by the store when a batch
//! is durable.

mod audience;
mod clocks;
mod commits;
mod copies;
mod hands;
mod handset;
mod healing;
mod ledger;
mod operator;
mod outage;
mod people;
mod phone;
mod power;
mod server;
mod shared;
mod singles;
mod steps;
mod workers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::{Elapsed, Now};
use campaign_core::delivery::{Ack, CampaignId, DeliveryId, State};
use campaign_core::engine::{Beginning, Engine, Input, Settings, Step};
use campaign_core::failure::Outcome;
use campaign_core::gateway::{Notice, Readiness, Sending};
use campaign_core::limits::{LaneLimits, Zone};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, CampaignQuery, CampaignRecord, Command, ReportQuery, ReportRow, Store, Workers,
};
use campaign_core::testing::{ManualClock, MemoryStore};
use fastrand::Rng;
use futures_util::FutureExt;

use self::audience::import;
pub(crate) use self::audience::{Mailing, Pause};
use self::clocks::Clocks;
use self::copies::Copy;
pub(crate) use self::hands::LAST_ACKS;
pub(crate) use self::handset::Handset;
pub(crate) use self::ledger::{Attempt, Fate, Ledger, Restriction, Withheld, recipient};
pub(crate) use self::people::{Wished, agreed_before};
use self::server::Request;
use self::singles::Single;
use self::workers::{Duty, Process};
use super::coverage::{Coverage, Strike};
use super::plan::Plan;

/// How long WhatsApp's 463 holds what is cold in these worlds.
pub(crate) const RESTRICTION_HOLD: Duration = Duration::from_secs(120);
/// A world in which nothing comes to an end within this time makes no progress.
const FAR: Duration = Duration::from_secs(60 * 86_400);
const STEPS_MAX: u64 = 4_000_000;
/// An engine that asks for so many steps within so little time goes round in a circle.
const STEPS_AT_ONCE: u64 = 50_000;
const STEPS_WITHIN: Duration = Duration::from_secs(10);
/// What a failure tells of what happened last.
const TAIL: usize = 80;

/// Something that will happen.
#[derive(Debug)]
enum Event {
    /// The engine is told, if it still lives.
    Tell(u32, Input),
    /// The engine is told how an attempt ended; the attempt has this place in the ledger.
    Ended(u32, usize, Outcome),
    /// A batch becomes durable, or fails to.
    Durable(u32, Arc<Batch>, commits::End),
    /// The server carries out what it received as this attempt.
    HandOver(Request),
    /// A request gets its connection, and is written unless something forbids it.
    Write(u32, Box<Sending>),
    /// The server learns from WhatsApp how far a message got.
    Acknowledged {
        lane: usize,
        id: String,
        ack: Ack,
        is_told: bool,
    },
    Restart(usize),
    /// A worker's lease is renewed, which was asked for then.
    Renew(u32, Elapsed),
    RenewAgain(u32),
    /// A worker's driver looks for what others have changed and want.
    Look(u32),
    Freeze,
    Kill,
    Retire,
    Start(usize),
    Pause,
    Resume(usize),
    Cancel(usize),
    ChangeZone(Zone),
    ChangeLimits,
    Suppress,
    AddPeople,
    Decide,
    Forward,
    Letter,
    Wish,
    LearnLid,
    SendOnce,
    ByHand,
    Die,
    /// A session is brought back by a person, if nobody else has done it.
    Revive(usize),
    StrayAck,
    Outage,
    Flaps,
    PairAnew,
    /// The session of this lane works again, as this account.
    Paired(usize),
    /// A lane's session is back from a short absence, and tells that runner.
    Back(u32, usize),
    Suspend,
    JumpClock,
    SetClockRight,
    TurnStoreOn,
    Refresh,
    TakeCopy,
    RestoreCopy,
    LeaveUnsynced,
    CutPower,
    Heal,
    DecideBlocked,
    ResolveHidden,
}

impl Event {
    /// Whether it takes place on the engine's machine, and not while that one sleeps.
    fn is_ours(&self) -> bool {
        matches!(
            self,
            Event::Tell(..)
                | Event::Ended(..)
                | Event::Durable(..)
                | Event::Write(..)
                | Event::Back(..)
                | Event::Restart(..)
                | Event::Renew(..)
                | Event::RenewAgain(..)
                | Event::Look(..)
        )
    }

    /// The life of the process that it is for, where it is for one.
    fn life(&self) -> Option<u32> {
        match self {
            Event::Tell(life, _)
            | Event::Ended(life, ..)
            | Event::Durable(life, ..)
            | Event::Write(life, _)
            | Event::Back(life, _)
            | Event::Renew(life, _)
            | Event::RenewAgain(life)
            | Event::Look(life) => Some(*life),
            _ => None,
        }
    }

    /// Whether a world that waits for nothing else has come to its end.
    fn may_be_left_over(&self) -> bool {
        matches!(
            self,
            Event::Tell(..)
                | Event::Ended(..)
                | Event::Back(..)
                | Event::Acknowledged { .. }
                | Event::DecideBlocked
                | Event::ResolveHidden
                | Event::Renew(..)
                | Event::RenewAgain(..)
                | Event::Look(..)
        )
    }
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) ledger: Ledger,
    pub(crate) handsets: Vec<Handset>,
    pub(crate) mailings: Vec<Mailing>,
    pub(crate) coverage: Coverage,
    pub(crate) hears_all: bool,
    /// The copy that was restored knew of one that can be found. Without it nothing shows that messages were kept at its time.
    pub(crate) copy_has_control: bool,
    /// When nothing went wrong any more, and by when all had to be over.
    pub(crate) healed: Option<(Elapsed, Elapsed)>,
    rng: Rng,
    now: Now,
    clocks: Clocks,
    store: MemoryStore,
    engine: Option<Engine>,
    life: u32,
    duty: Duty,
    /// The processes that are not at hand; the place of the one that is holds nothing.
    aside: Vec<Process>,
    here: usize,
    /// How many lives there were.
    lives: u32,
    /// The database's clock, which goes right.
    database: ManualClock,
    /// When the world began.
    began: Elapsed,
    events: BTreeMap<(Elapsed, u64), Event>,
    /// How many of them the end has to wait for.
    acts: usize,
    event_number: u64,
    asleep_until: Option<Elapsed>,
    /// The machine is without power until then.
    dark_until: Elapsed,
    /// Since when there has been no process, while there is none.
    down_since: Option<Elapsed>,
    copy: Option<Copy>,
    /// The last moment whose writes have reached the disk, where a loss of power takes the later ones.
    synced: Option<Copy>,
    /// People have decided what nobody else could.
    is_decided: bool,
    /// How much was committed when it was looked at last whether all is over, and was not.
    was_not_over: Option<(u64, bool)>,
    /// Bodies that are not to be written any more.
    withheld: BTreeSet<DeliveryId>,
    singles: Vec<Single>,
    steps_to_crash: Option<u64>,
    crashes_left: u32,
    is_traced: bool,
    tail: VecDeque<String>,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        Self::with_trace(plan, false)
    }

    /// A world that remembers what happens in it, which takes time.
    pub(crate) fn with_trace(plan: Plan, is_traced: bool) -> Self {
        let now = Now {
            elapsed: Elapsed::from_micros(3_600_000_000),
            wall: plan.begins,
        };
        let mut rng = Rng::with_seed(plan.seed);
        let store = MemoryStore::new();
        let database = ManualClock::at(plan.begins);
        store.set_clock(Arc::new(database.clone()));
        let handsets = Handset::all(&plan);
        people::set_up(&store, &plan);
        let mailings = import(&store, &plan, now);
        shared::set_limits(&store, &plan, &mailings, now);
        let mut world = Self {
            ledger: Ledger::default(),
            handsets,
            mailings,
            coverage: Coverage::default(),
            hears_all: plan.hears_all(),
            copy_has_control: true,
            healed: None,
            now,
            clocks: Clocks::new(),
            engine: None,
            life: 0,
            duty: Duty::default(),
            aside: Vec::new(),
            here: 0,
            lives: plan.workers,
            database,
            began: now.elapsed,
            store,
            events: BTreeMap::new(),
            acts: 0,
            event_number: 0,
            asleep_until: None,
            dark_until: Elapsed::default(),
            down_since: None,
            copy: None,
            synced: None,
            is_decided: false,
            was_not_over: None,
            withheld: BTreeSet::new(),
            singles: Vec::new(),
            steps_to_crash: (plan.crashes > 0).then(|| rng.u64(10..plan.steps_between_crashes)),
            crashes_left: plan.crashes,
            is_traced,
            tail: VecDeque::new(),
            rng,
            plan,
        };
        world.set_workers_up();
        world.arrange();
        for place in world.places() {
            world.switch(place);
            world.wake_up();
        }
        for mailing in 0..world.mailings.len() {
            let after = world.plan.campaigns[mailing].started_after;
            if after.is_zero() {
                world.start(mailing);
            } else {
                world.later(after, Event::Start(mailing));
            }
        }
        world
    }

    /// This moment, as it is.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// How long a server takes to answer a send that nothing happens to: shortest and longest.
    pub(crate) fn answer_time(&self) -> (Duration, Duration) {
        (Duration::from_millis(21), Duration::from_millis(310))
    }

    pub(crate) fn run(&mut self) {
        let end = self.now.elapsed + FAR;
        let (mut since, mut steps) = (self.now.elapsed, 0);
        for _ in 0..STEPS_MAX {
            steps += 1;
            if self.now.elapsed.since(since) > STEPS_WITHIN {
                (since, steps) = (self.now.elapsed, 0);
            }
            assert!(
                steps < STEPS_AT_ONCE,
                "P8: {steps} steps within {STEPS_WITHIN:?}: {}\n{}",
                self.counts(),
                self.tail()
            );
            if let Some(waits) = self.do_what_is_to_be_done(steps) {
                let is_idle = waits.until == Elapsed::NEVER && self.events.is_empty();
                if waits.may_be_over && (self.is_over() || is_idle) {
                    return;
                }
                self.next_event(waits.until);
            }
            let (name, end) = match self.healed {
                Some((_, end)) => ("P8: the end that its limits give it", end),
                None => ("P8: any reasonable time", end),
            };
            assert!(
                self.now.elapsed <= end,
                "no end within {name}: {}\n{}",
                self.counts(),
                self.tail()
            );
        }
        panic!(
            "P8: no end within {STEPS_MAX} steps: {}\n{}",
            self.counts(),
            self.tail()
        );
    }

    /// The first process that has something to do does it. When none has, tells for what they wait.
    fn do_what_is_to_be_done(&mut self, steps: u64) -> Option<Waits> {
        let mut waits = Waits {
            until: Elapsed::NEVER,
            may_be_over: false,
        };
        for place in self.places() {
            self.switch(place);
            if let Some(until) = self.asleep_until {
                if self.now.elapsed < until {
                    waits.until = waits.until.min(until);
                    continue;
                }
                self.asleep_until = None;
            }
            let seen = self.seen_now();
            let Some(engine) = &mut self.engine else {
                continue;
            };
            let step = engine.next(seen);
            if steps + 20 > STEPS_AT_ONCE {
                self.write_down(|| format!("{step:?}"));
            }
            match step {
                Step::WaitUntil(moment) => {
                    waits.until = waits.until.min(self.clocks.in_world(moment));
                    waits.may_be_over = true;
                }
                Step::Stopped if self.are_workers() => {
                    self.has_retired();
                    return None;
                }
                Step::Idle | Step::Stopped => waits.may_be_over = true,
                step => {
                    self.step(step);
                    return None;
                }
            }
        }
        Some(waits)
    }

    fn is_over(&mut self) -> bool {
        if self.acts > 0 {
            return false;
        }
        // Nothing ends but by what is committed, or by a doubt that is left alone.
        let seen = (self.store.commits(), self.is_decided);
        if self.was_not_over == Some(seen) {
            return false;
        }
        // What is left to look at after that is a doubt that another generation has replaced, of an account that is gone.
        let is_quiet = self.is_decided || !self.is_anybody_busy();
        let is_over = |record: &CampaignRecord| match record.state {
            _ if record.counts.of(State::Scheduled) + record.counts.of(State::Sending) > 0 => false,
            CampaignState::Settled => true,
            CampaignState::Completed | CampaignState::Cancelled => is_quiet,
            _ => false,
        };
        let records = self.records();
        let has_ended = |record: &CampaignRecord| {
            record.state >= CampaignState::Completed
                && record.counts.of(State::Scheduled) + record.counts.of(State::Sending) == 0
        };
        if !records.iter().all(has_ended) {
            self.was_not_over = Some(seen);
            return false;
        }
        records.iter().all(is_over) && run(self.store.open_commands()).unwrap().is_empty()
    }

    /// Campaigns as the store has them, the first one first.
    pub(crate) fn records(&self) -> Vec<CampaignRecord> {
        let ids = self.kept().map(|mailing| mailing.id).collect();
        let mut records = run(self.store.campaigns(&CampaignQuery::These(ids))).unwrap();
        records.sort_unstable_by_key(|record| record.id);
        records
    }

    fn some_mailing(&mut self) -> usize {
        let there: Vec<usize> = (0..self.mailings.len())
            .filter(|index| !self.mailings[*index].is_lost)
            .collect();
        there[self.rng.usize(..there.len())]
    }

    /// Campaigns that the store has.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Mailing> {
        self.mailings.iter().filter(|mailing| !mailing.is_lost)
    }

    /// The first campaign.
    pub(crate) fn record(&self) -> CampaignRecord {
        self.record_of(self.mailings[0].id)
    }

    fn record_of(&self, campaign: CampaignId) -> CampaignRecord {
        let query = CampaignQuery::These(vec![campaign]);
        let mut records = run(self.store.campaigns(&query)).unwrap();
        records.pop().unwrap()
    }

    fn counts(&self) -> String {
        let records = self.records();
        let counts = records.iter().map(|record| {
            let name = &record.definition.name;
            format!("{name} {:?} {:?}", record.state, record.counts.0)
        });
        counts.collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn report(&self, campaign: CampaignId) -> Vec<ReportRow> {
        run(self.store.report(ReportQuery {
            campaign,
            after: None,
            states: Vec::new(),
            limit: u32::MAX,
        }))
        .unwrap()
    }

    /// Where the recipient of a delivery stands.
    fn row_of(&self, delivery: DeliveryId) -> Option<ReportRow> {
        let campaign = delivery.campaign();
        let before = delivery.ordinal().checked_sub(1);
        let after = before.and_then(|ordinal| DeliveryId::new(campaign, ordinal));
        let query = ReportQuery {
            after,
            limit: 1,
            ..ReportQuery::of(campaign)
        };
        run(self.store.report(query)).unwrap().pop()
    }

    /// Notes that something struck while a delivery stood where it stands.
    fn strike(&mut self, strike: Strike, delivery: DeliveryId) {
        if let Some(row) = self.row_of(delivery) {
            self.coverage.note(strike, row.standing.state);
        }
    }

    /// Where everything stands that goes to somebody.
    fn rows_of(&self, phone: PhoneNumber) -> Vec<State> {
        let theirs = self.deliveries_to(phone).into_iter();
        let rows = theirs.filter_map(|delivery| self.row_of(delivery));
        rows.map(|row| row.standing.state).collect()
    }

    /// The first generation of everything that goes to somebody who was in an audience from the start.
    fn deliveries_to(&self, phone: PhoneNumber) -> Vec<DeliveryId> {
        let index = audience::index_of(phone);
        let kept = self.mailings.iter().zip(&self.plan.campaigns);
        let kept =
            kept.filter(|(mailing, plan)| !mailing.is_lost && plan.audience.contains(&index));
        let theirs = kept.flat_map(|(mailing, plan)| {
            let first = (index - plan.audience.start) * plan.rows_each;
            let rows = first..first + plan.rows_each;
            rows.filter_map(|ordinal| DeliveryId::new(mailing.id, ordinal))
        });
        theirs.collect()
    }

    /// Notes that something struck all of a campaign.
    fn strike_campaign(&mut self, strike: Strike, campaign: CampaignId) {
        for row in self.report(campaign) {
            self.coverage.note(strike, row.standing.state);
        }
    }

    /// Notes that something struck all that there are.
    fn strike_all(&mut self, strike: Strike) {
        for record in self.records() {
            for (state, _) in record.counts.0.keys() {
                self.coverage.note(strike, *state);
            }
        }
    }

    pub(crate) fn mailing_of(&self, campaign: CampaignId) -> usize {
        let of_it = self.mailings.iter().position(|it| it.id == campaign);
        of_it.expect("a campaign of this world")
    }

    pub(crate) fn tail(&self) -> String {
        self.tail.iter().map(|line| format!("  {line}\n")).collect()
    }

    fn write_down(&mut self, line: impl FnOnce() -> String) {
        if !self.is_traced {
            return;
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        let at = self.now.elapsed.as_micros() as f64 / 1e6;
        let line = format!("{at:.3} {}", line());
        if super::plays::is_told() {
            eprintln!("{line}");
        }
        self.tail.push_back(line);
    }

    fn later(&mut self, after: Duration, event: Event) {
        self.event_number += 1;
        let at = (self.now.elapsed + after, self.event_number);
        self.insert(at, event);
    }

    fn insert(&mut self, at: (Elapsed, u64), event: Event) {
        self.acts += usize::from(!event.may_be_left_over());
        self.events.insert(at, event);
    }

    fn tell(&mut self, after: Duration, input: Input) {
        self.later(after, Event::Tell(self.life, input));
    }

    /// The session of a lane says so when it is back.
    fn tell_when_back(&mut self, after: Duration, lane: usize) {
        self.later(after, Event::Back(self.life, lane));
    }

    /// Something is wrong with a lane, or with all of them, for so long.
    fn disturb(&mut self, lane: Option<usize>, lasts: Duration) {
        let now = self.now.elapsed;
        self.ledger.disturbed.push((lane, now, now + lasts));
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(self.rng.u64(from * 1_000..=to * 1_000))
    }

    fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.rng.f64() < share
    }

    fn pass_to(&mut self, moment: Elapsed) {
        let passes = moment.since(self.now.elapsed);
        self.database.advance(passes);
        self.now.elapsed = self.now.elapsed + passes;
        self.now.wall = self.now.wall.checked_add(passes).unwrap();
    }

    fn next_event(&mut self, no_later_than: Elapsed) {
        let next = self
            .events
            .first_key_value()
            .map_or(Elapsed::NEVER, |((moment, _), _)| *moment);
        let moment = next.min(no_later_than);
        assert!(
            moment < Elapsed::NEVER,
            "P8: nothing left to happen: {}\n{}",
            self.counts(),
            self.tail()
        );
        self.pass_to(moment);
        if next <= moment
            && let Some((at, event)) = self.events.pop_first()
        {
            self.acts -= usize::from(!event.may_be_left_over());
            match self.sleeps_through(&event).filter(|_| event.is_ours()) {
                Some(until) if at.0 < until => {
                    self.insert((until, at.1), event);
                }
                _ => self.happen(event),
            }
        }
    }

    fn handle(&mut self, input: Input) {
        let now = self.seen_now();
        if let Some(engine) = &mut self.engine {
            engine.handle(input, now);
        }
    }

    fn happen(&mut self, event: Event) {
        if let Some(life) = event.life() {
            // What is for a process that has died is lost.
            let Some(place) = self.place_of(life) else {
                return;
            };
            self.switch(place);
        }
        match event {
            Event::Renew(_, asked) => self.renewed(asked),
            Event::RenewAgain(_) => self.renew_if_due(),
            Event::Look(_) => self.look_around(),
            Event::Freeze => self.freeze(),
            Event::Kill => self.kill(),
            Event::Retire => self.retire(),
            Event::Tell(life, input) => {
                if life == self.life {
                    self.handle(input);
                }
            }
            Event::Ended(life, attempt, outcome) => {
                if life == self.life {
                    self.ended(attempt, outcome);
                }
            }
            Event::Durable(life, batch, end) => self.durable(life, &batch, end),
            Event::HandOver(request) => self.hand_over(request),
            Event::Acknowledged {
                lane,
                id,
                ack,
                is_told,
            } => self.acknowledged(lane, id, ack, is_told),
            Event::Restart(place) => {
                self.switch(place);
                self.wake_up();
            }
            Event::Start(mailing) => self.start(mailing),
            Event::Pause => self.pause(),
            Event::Resume(mailing) => self.resume(mailing),
            Event::Cancel(mailing) => self.cancel(mailing),
            Event::ChangeZone(zone) => {
                let limits = LaneLimits {
                    zone,
                    ..self.handsets[0].limits.clone()
                };
                self.set_limits(0, limits);
            }
            Event::ChangeLimits => self.change_limits(),
            Event::Suppress => self.suppress(),
            Event::AddPeople => self.add_people(),
            Event::Decide => self.decide(),
            Event::Forward => self.forward(),
            Event::Letter => self.letter(),
            Event::Wish => self.wish(),
            Event::LearnLid => self.learn_lid(),
            Event::SendOnce => self.send_once(),
            Event::ByHand => self.by_hand(),
            Event::Die => self.die(),
            Event::Revive(lane) => self.revive(lane),
            Event::Write(life, sending) => {
                if life == self.life {
                    self.write(*sending);
                }
            }
            Event::StrayAck => self.stray_ack(),
            Event::Outage => self.outage(),
            Event::Flaps => self.flaps(),
            Event::PairAnew => self.pair_anew(),
            Event::Paired(lane) => self.paired(lane),
            Event::Back(life, lane) => {
                if life == self.life && !self.handsets[lane].is_away(self.now.elapsed) {
                    let back = self.status(lane, Readiness::Working);
                    self.notice(back);
                }
            }
            Event::Suspend => self.suspend(),
            Event::JumpClock => self.jump_clock(),
            Event::SetClockRight => self.set_clock_right(),
            Event::TurnStoreOn => self.turn_store_on(),
            Event::Refresh => {
                for mailing in 0..self.mailings.len() {
                    let campaign = self.mailings[mailing].id;
                    self.command(Command::Refresh { campaign });
                }
            }
            Event::TakeCopy => self.copy = Some(self.copied()),
            Event::RestoreCopy => self.restore_copy(),
            Event::LeaveUnsynced => self.synced = Some(self.copied()),
            Event::CutPower => self.cut_power(),
            Event::Heal => self.heal(),
            Event::DecideBlocked => self.decide_blocked(),
            Event::ResolveHidden => self.resolve_hidden(),
        }
    }

    fn notice(&mut self, notice: Notice) {
        match self.are_workers() {
            true => self.all_hear(Duration::ZERO, &notice),
            false => self.handle(Input::Noticed(notice)),
        }
    }

    fn crash(&mut self, strike: Strike) {
        if self.engine.is_none() {
            return;
        }
        self.end_life(strike);
        let down = self.millis(10, 20_000);
        self.later(down, Event::Restart(self.here));
    }

    /// Nothing that the process knew and had not put on record outlives it.
    fn end_life(&mut self, strike: Strike) {
        self.write_down(|| format!("{strike:?}"));
        self.strike_all(strike);
        self.engine = None;
        self.down_since.get_or_insert(self.now.elapsed);
        self.disturb(None, Duration::from_secs(700));
        match self.are_workers() {
            true => self.ledger.forget_untold_since(self.life),
            false => self.ledger.forget_untold(self.life, self.now.elapsed),
        }
        self.ledger.ends.insert(self.life, self.now.elapsed);
        self.life = self.lives;
        self.lives += 1;
        self.store = match self.are_workers() {
            true => self.store.other_process(),
            false => self.store.crashed(),
        };
    }

    fn wake_up(&mut self) {
        if self.engine.is_some() || self.now.elapsed < self.dark_until {
            return;
        }
        let now = self.seen_now();
        let at = now.stamp(self.clocks.boot());
        let taken = match self.are_workers() {
            true => run(self.store.join(at)).unwrap(),
            false => run(self.store.take_over(at)).unwrap(),
        };
        if self.are_workers() {
            self.clocks.told(taken.at, self.now.elapsed);
        }
        self.ledger.doubts_made += taken.orphaned;
        if taken.is_restored {
            // Everything that is known as open is in doubt now.
            let deliveries: u32 = self.mailings.iter().map(|it| it.rows).sum();
            self.ledger.doubts_made += u64::from(deliveries);
        }
        let settings = Settings {
            seed: self.rng.u64(..),
            restriction_hold: RESTRICTION_HOLD,
            window: self.plan.window,
            ..Settings::default()
        };
        let engine = Engine::new(
            settings,
            Beginning {
                message_key: taken.message_key,
                at: taken.at,
                accounts: taken.accounts,
                shared: run(self.store.shared_limits()).unwrap(),
                is_worker: self.are_workers(),
            },
        );
        let began = (self.now.elapsed, self.clocks.is_wrong());
        self.ledger.lives.insert(self.life, began);
        self.ledger.has_misplaced |= self.clocks.is_wrong() && self.plan.power.cuts > 0;
        // However long it took until there is one again: its machine may have slept meanwhile.
        let down_since = self.down_since.take().unwrap_or(self.now.elapsed);
        let is_back = self.now.elapsed + Duration::from_secs(5);
        self.ledger.disturbed.push((None, down_since, is_back));
        self.write_down(|| {
            format!(
                "take-over: {} orphaned, restored {}",
                taken.orphaned, taken.is_restored
            )
        });
        self.engine = Some(engine);
        self.was_not_over = None;
        self.tell_hidden();
        for record in self.records() {
            let mailing = self.mailing_of(record.id);
            // A gate that nobody has closed is open.
            self.mailings[mailing].gate_is_open = true;
            self.mailings[mailing].in_memory.clear();
            self.mailings[mailing].put_off.clear();
            if record.state.is_live() {
                self.introduce(record.id);
            }
        }
        if self.are_workers() {
            self.goes_on_duty();
        } else {
            for (id, command) in run(self.store.open_commands()).unwrap() {
                self.ask(id, command);
            }
        }
        self.confirm_opt_outs();
    }
}

impl World {
    fn introduce(&mut self, campaign: CampaignId) {
        let is_news = |engine: &Engine| !engine.knows(campaign);
        if self.engine.as_ref().is_some_and(is_news) {
            let record = Box::new(self.record_of(campaign));
            self.handle(Input::Campaign(record));
        }
    }
}

/// For what all processes wait.
struct Waits {
    until: Elapsed,
    /// One of them has nothing to do by itself.
    may_be_over: bool,
}

/// The store in memory never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("a store in memory is always ready")
}
