//! An engine with what its tests need around it: a store of people, and servers that take everything at once.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::chance::Chance;
use super::health::Health;
use super::{Beginning, Engine, Input, ReadFailed, Settings, Step};
use crate::campaign::{CampaignState, Definition};
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Happening, Standing, State, apply};
use crate::failure::{Outcome, Trouble};
use crate::gateway::{Account, Notice, Observation, Readiness, Session};
use crate::limits::{Gap, Hours, LaneLimits};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, Batch, CampaignRecord, Change, Command, CommandId, Condition, Counts, DoubtPage,
    Effect, LaneHealth, LaneId, LaneRecord, Lost, Ready, ReadyPage, ReadyQuery, Unwell, Whom,
};

/// Accounts are numbered from here on, as their lanes are from 0.
const ACCOUNTS_FROM: u64 = 6_281_200_000_000;

/// What becomes of a change, where that is not what it asks for.
type Otherwise = Box<dyn FnMut(&Change) -> Option<Effect>>;

/// An engine, and what it has sent.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Now,
    /// Whose messages were handed over, in order.
    pub(super) sent: Vec<CampaignId>,
    /// The most campaigns that one call of `next` has looked at.
    pub(super) jobs_max: u64,
    /// The most lanes that one has looked at.
    pub(super) lanes_max: u64,
    /// So many commits are going to fail.
    pub(super) failing: u32,
    /// So many pages are not going to be read.
    pub(super) unreadable: u32,
    /// All that it wanted done, and when.
    pub(super) steps: Vec<(Elapsed, Step)>,
    /// Steps that the test answers itself, or nobody.
    pub(super) leaves: fn(&Step) -> bool,
    left: Vec<Step>,
    /// All that was made durable.
    pub(super) batches: Vec<Arc<Batch>>,
    pub(super) otherwise: Otherwise,
    /// Whom the store has, and how it stands with them.
    pub(super) people: BTreeMap<DeliveryId, (Ready, Standing)>,
    /// How campaigns are read again; whoever asks for one that is not here gets no answer.
    pub(super) records: BTreeMap<CampaignId, CampaignRecord>,
    /// What a look at a session shows, where it is not its own account at work.
    pub(super) shows: BTreeMap<Session, Observation>,
    limits: LaneLimits,
}

/// So many seconds after the beginning, at 08:00 in Jakarta.
pub(super) fn at(second: i64) -> Now {
    after(second * 1_000)
}

/// The same for milliseconds.
pub(super) fn after(millis: i64) -> Now {
    let begins: Timestamp = "2026-11-21T01:00:00Z".parse().unwrap();
    let since = jiff::SignedDuration::from_millis(millis);
    Now {
        elapsed: Elapsed::from_micros(millis * 1_000),
        wall: begins.checked_add(since).unwrap(),
    }
}

pub(super) fn id(number: u32) -> CampaignId {
    CampaignId::new(number).unwrap()
}

/// Somebody in the campaign of this number.
pub(super) fn delivery(campaign: u32, ordinal: u32) -> DeliveryId {
    DeliveryId::new(id(campaign), ordinal).unwrap()
}

pub(super) fn person(delivery: DeliveryId) -> Ready {
    let number = PhoneNumber::FICTITIOUS.digits() + u64::from(delivery.ordinal());
    Ready {
        delivery,
        phone: PhoneNumber::from_digits(number).unwrap(),
        account: None,
        attempts: 0,
        values: Box::new([]),
        is_on_whatsapp: None,
    }
}

/// The session with this number; it has the account of the same number.
pub(super) fn session(number: u32) -> Session {
    Session::new(&number.to_string())
}

/// The account with this number.
pub(super) fn account_of(number: u32) -> Account {
    Account(PhoneNumber::from_digits(ACCOUNTS_FROM + u64::from(number)).unwrap())
}

/// An account's lane; it has the account's number.
pub(super) fn lane(account: Account, limits: LaneLimits) -> LaneRecord {
    let number = account.0.digits() - ACCOUNTS_FROM;
    LaneRecord::new(LaneId(u32::try_from(number).unwrap()), account, limits)
}

/// A look at a session that works shows no more than this.
pub(super) fn working(account: Account) -> Observation {
    Observation {
        account: Some(account),
        ..Observation::only(Readiness::Working)
    }
}

/// One message every second.
pub(super) fn every_second() -> LaneLimits {
    let second = Duration::from_secs(1);
    let gap = Gap {
        min: second,
        max: second,
    };
    LaneLimits {
        gap,
        reply_gap: gap,
        ..LaneLimits::unpaced(1)
    }
}

/// The usual text, from the session of this number.
pub(super) fn plain(name: &str, through: u32) -> Definition {
    let message = MessageTemplate::text("Halo").unwrap();
    Definition::new(name, session(through), message)
}

/// The same, to people who wait for it.
pub(super) fn urgent(name: &str, through: u32) -> Definition {
    Definition {
        is_urgent: true,
        ..plain(name, through)
    }
}

/// A campaign to so many people, at work.
pub(super) fn running(number: u32, definition: Definition, people: u32) -> CampaignRecord {
    CampaignRecord {
        id: id(number),
        definition: Arc::new(definition),
        columns: Arc::new([]),
        state: CampaignState::Running,
        created_at: Timestamp::UNIX_EPOCH,
        rejected: 0,
        counts: Counts([((State::Scheduled, None), u64::from(people))].into()),
        pruned_at: None,
    }
}

/// A campaign with one recipient, who waits for it.
pub(super) fn single(number: u32, through: u32, hours: Option<&str>) -> CampaignRecord {
    let zone = crate::limits::Zone::default();
    let hours = hours.map(|text| Hours::parse(text, zone).unwrap());
    let definition = Definition {
        hours,
        ..urgent(&format!("send:{number}"), through)
    };
    running(number, definition, 1)
}

impl World {
    /// One in which nothing is to be done yet, with accounts that have these limits.
    pub(super) fn new(limits: LaneLimits) -> Self {
        Self::with(limits, false)
    }

    /// The same for one of several workers, which attends nothing yet.
    pub(super) fn of_worker(limits: LaneLimits) -> Self {
        Self::with(limits, true)
    }

    fn with(limits: LaneLimits, is_worker: bool) -> Self {
        let now = at(0);
        let beginning = Beginning {
            message_key: [0; 16],
            at: now.stamp(BootId(0)),
            accounts: BTreeMap::new(),
            shared: Vec::new(),
            is_worker,
        };
        Self {
            engine: Engine::new(Settings::default(), beginning),
            now,
            sent: Vec::new(),
            jobs_max: 0,
            lanes_max: 0,
            failing: 0,
            unreadable: 0,
            steps: Vec::new(),
            leaves: |_| false,
            left: Vec::new(),
            batches: Vec::new(),
            otherwise: Box::new(|_| None),
            people: BTreeMap::new(),
            records: BTreeMap::new(),
            shows: BTreeMap::new(),
            limits,
        }
    }

    /// One with so many single messages through the first session.
    pub(super) fn of(singles: u32, hours: Option<&str>) -> Self {
        let mut world = Self::new(LaneLimits::unpaced(1));
        for number in 1..=singles {
            world.add(single(number, 1, hours));
        }
        world
    }

    /// A campaign, and the people that it has scheduled.
    pub(super) fn add(&mut self, record: CampaignRecord) {
        let people = record.counts.of(State::Scheduled);
        self.are_due(record.id, u32::try_from(people).unwrap());
        self.add_idle(record);
    }

    /// A campaign of which nobody is due for now.
    pub(super) fn add_idle(&mut self, record: CampaignRecord) {
        self.tell(Input::Campaign(Box::new(record)));
    }

    /// So many people of this campaign are to be written to.
    pub(super) fn are_due(&mut self, campaign: CampaignId, people: u32) {
        for ordinal in 0..people {
            let delivery = DeliveryId::new(campaign, ordinal).unwrap();
            let due = || (person(delivery), Standing::NEW);
            self.people.entry(delivery).or_insert_with(due);
        }
    }

    /// What the store has on somebody who is to be written to.
    pub(super) fn row(&mut self, delivery: DeliveryId) -> &mut Ready {
        &mut self.people.get_mut(&delivery).unwrap().0
    }

    pub(super) fn tell(&mut self, input: Input) {
        self.engine.handle(input, self.now);
    }

    /// An event tells how a session stands, and whose it is.
    pub(super) fn is_told(&mut self, number: u32, readiness: Readiness, account: Option<Account>) {
        self.tell(Input::Noticed(Notice::Status {
            session: session(number),
            readiness,
            account,
        }));
    }

    pub(super) fn asks(&mut self, number: u64, command: Command) {
        self.tell(Input::Asked(CommandId(number), command));
    }

    /// A lane is as well as this tells.
    pub(super) fn is_recorded(&mut self, lane: u32, health: LaneHealth) {
        let (settings, now) = (Settings::default(), self.now);
        let lane = self.engine.lanes.get_mut(LaneId(lane)).unwrap();
        lane.health = Health::new(health, Chance::new(0, 0), BootId(0), &settings, now);
        lane.is_noteworthy = false;
    }

    /// A lane's session is thought to be dead: one message may try after so many seconds.
    pub(super) fn seems_dead(&mut self, lane: u32, seconds: u64) {
        let session = self.unwell(Trouble::SuspectedDead, seconds);
        let health = LaneHealth {
            session,
            ..LaneHealth::default()
        };
        self.is_recorded(lane, health);
    }

    pub(super) fn unwell(&self, trouble: Trouble, seconds: u64) -> Condition {
        let since = self.now.wall;
        let until = since.checked_add(Duration::from_secs(seconds)).unwrap();
        Condition {
            unwell: Some(Unwell {
                trouble,
                since,
                until,
            }),
            times: 1,
        }
    }

    /// The next attempts do not take place, for these reasons in turn.
    pub(super) fn lose(&mut self, lost: impl IntoIterator<Item = Lost>) {
        let mut lost: VecDeque<Lost> = lost.into_iter().collect();
        self.otherwise = Box::new(move |change| match change {
            Change::Journal(_) => lost.pop_front().map(Effect::Lost),
            _ => None,
        });
    }

    /// Lets time pass; nothing is done in it.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now.elapsed = self.now.elapsed + time;
        self.now.wall = self.now.wall.checked_add(time).unwrap();
    }

    /// Lets time pass until so many seconds since the beginning, and does all that is to be done by then.
    pub(super) fn until(&mut self, second: i64) {
        let end = Elapsed::from_micros(second * 1_000_000);
        while let Some(moment) = self.rests()
            && moment <= end
        {
            assert!(moment > self.now.elapsed, "it goes round in a circle");
            self.wait(moment.since(self.now.elapsed));
        }
        self.wait(end.since(self.now.elapsed));
        self.rests();
    }

    /// Does all that is to be done now, and tells when there is more.
    pub(super) fn rests(&mut self) -> Option<Elapsed> {
        self.until_sent(usize::MAX)
    }

    /// Goes on until so many have been sent, or nothing is to be done before the returned moment.
    pub(super) fn until_sent(&mut self, count: usize) -> Option<Elapsed> {
        for _ in 0..50_000 {
            if self.sent.len() >= count {
                return None;
            }
            let before = (self.engine.jobs.attended, self.engine.lanes.attended);
            let step = self.engine.next(self.now);
            self.jobs_max = self.jobs_max.max(self.engine.jobs.attended - before.0);
            self.lanes_max = self.lanes_max.max(self.engine.lanes.attended - before.1);
            match step {
                Step::WaitUntil(moment) => return Some(moment),
                Step::Idle | Step::Stopped => return None,
                step => self.wants(step),
            }
        }
        panic!("it goes round in a circle");
    }

    fn wants(&mut self, step: Step) {
        self.steps.push((self.now.elapsed, step.clone()));
        if let Step::Send(sending) = &step {
            self.sent.push(sending.delivery.campaign());
        }
        if (self.leaves)(&step) {
            self.left.push(step);
        } else {
            self.does(step);
        }
    }

    fn does(&mut self, step: Step) {
        let input = match step {
            Step::OpenLane { account, session } => {
                let record = lane(account, self.limits.clone());
                Input::Lane {
                    session,
                    record: Box::new(record),
                }
            }
            Step::Reread(campaign) => match self.records.get(&campaign) {
                Some(record) => Input::Campaign(Box::new(record.clone())),
                None => return,
            },
            Step::Load(query) if self.unreadable > 0 => {
                self.unreadable -= 1;
                Input::ReadFailed(ReadFailed::Load(query.campaign))
            }
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: self.page(&query),
            },
            Step::LoadDoubts(_) => Input::DoubtsLoaded(DoubtPage::default()),
            Step::MarkSilent { .. } => Input::SilentMarked(0),
            Step::Commit(_) if self.failing > 0 => {
                self.failing -= 1;
                Input::CommitFailed
            }
            Step::Commit(batch) => {
                let changes = batch.changes.iter();
                let effects = changes.map(|change| self.effect(change)).collect();
                self.batches.push(batch);
                Input::Committed(effects)
            }
            Step::Observe(session) => {
                let usual = || working(account_of(session.0.parse().unwrap()));
                Input::Observed {
                    observation: self.shows.get(&session).cloned().unwrap_or_else(usual),
                    session,
                }
            }
            Step::Send(sending) => Input::SendEnded {
                delivery: sending.delivery,
                outcome: Outcome::Accepted { message_id: None },
            },
            _ => return,
        };
        self.tell(input);
    }

    fn page(&self, query: &ReadyQuery) -> ReadyPage {
        let (first, last) = DeliveryId::range(query.campaign);
        let first = DeliveryId::from_number(first).unwrap();
        let last = DeliveryId::from_number(last).unwrap();
        let people = self.people.range(first..=last);
        let is_asked_for = |ready: &Ready| match &query.whom {
            Whom::KnownTo(accounts) => ready.account.is_some_and(|it| accounts.contains(&it)),
            Whom::KnownToNone(accounts) => ready.account.is_none_or(|it| !accounts.contains(&it)),
        };
        let people = people.filter(|(delivery, (ready, standing))| {
            let is_after = query.after.is_none_or(|after| **delivery > after);
            standing.state == State::Scheduled && is_after && is_asked_for(ready)
        });
        let mut ready: Vec<Ready> = people.map(|(_, (ready, _))| ready.clone()).collect();
        let has_more = ready.len() > query.limit as usize;
        ready.truncate(query.limit as usize);
        ReadyPage {
            ready,
            has_more,
            ..ReadyPage::default()
        }
    }

    fn effect(&mut self, change: &Change) -> Effect {
        if let Some(effect) = (self.otherwise)(change) {
            return effect;
        }
        let (delivery, happening) = match change {
            Change::Journal(journal) => (journal.delivery, Happening::Journalled),
            Change::Happened(happened) => (happened.delivery, happened.happening),
            _ => return Effect::Done,
        };
        let Some((_, standing)) = self.people.get_mut(&delivery) else {
            return Effect::Lost(Lost::NotFound);
        };
        let from = *standing;
        *standing = apply(from, happening).unwrap();
        match happening {
            Happening::Journalled => Effect::Done,
            _ => Effect::Moved {
                from,
                to: *standing,
            },
        }
    }

    /// What was left to the test since this was asked last.
    pub(super) fn take_left(&mut self) -> Vec<Step> {
        std::mem::take(&mut self.left)
    }

    /// What was left is done after all.
    pub(super) fn catches_up(&mut self) {
        for step in self.take_left() {
            self.does(step);
        }
    }

    /// Messages that were handed over since this was asked last, where the test answers for them.
    pub(super) fn gone(&mut self) -> Vec<DeliveryId> {
        let left = self.take_left().into_iter();
        let sent = left.filter_map(|step| match step {
            Step::Send(sending) => Some(sending.delivery),
            _ => None,
        });
        sent.collect()
    }

    /// At which seconds such a thing was wanted.
    pub(super) fn when(&self, of: impl Fn(&Step) -> bool) -> Vec<i64> {
        let such = self.steps.iter().filter(|(_, step)| of(step));
        such.map(|(at, _)| at.as_micros() / 1_000_000).collect()
    }

    /// All changes of what was made durable, in order.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Change> {
        self.batches.iter().flat_map(|batch| &batch.changes)
    }

    /// Where campaigns went, from where.
    pub(super) fn moves(&self) -> Vec<(CampaignState, CampaignState)> {
        let of = |change: &Change| match change {
            Change::Campaign { from, to, .. } => Some((*from, *to)),
            _ => None,
        };
        self.kept().filter_map(of).collect()
    }

    /// What commands were answered.
    pub(super) fn answers(&self) -> BTreeMap<u64, Answer> {
        let mut answers = BTreeMap::new();
        for change in self.kept() {
            if let Change::Answer { command, answer } = change {
                let before = answers.insert(command.0, answer.clone());
                assert_eq!(before, None, "{command:?} was answered twice");
            }
        }
        answers
    }
}
