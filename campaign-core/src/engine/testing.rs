//! An engine with what its tests need around it: a store without rows, and servers that take everything at once.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::chance::Chance;
use super::health::Health;
use super::{Beginning, Engine, Input, ReadFailed, Settings, Step};
use crate::campaign::{CampaignState, Definition};
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Standing, State, apply};
use crate::failure::{Outcome, Trouble};
use crate::gateway::{Account, Notice, Observation, Readiness, Sending, Session};
use crate::limits::{Gap, Hours, LaneLimits};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    Answer, Batch, CampaignRecord, Change, Command, CommandId, Condition, Counts, DoubtPage,
    Effect, LaneHealth, LaneId, LaneRecord, Lost, Ready, ReadyPage, ReadyQuery, Unwell, Whom,
};

/// What becomes of a change, where that is not what it asks for.
type Otherwise = Box<dyn FnMut(&Change) -> Option<Effect>>;

/// An engine, and what it has sent.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Now,
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
    /// How campaigns are read again; whoever asks for one that is not here gets no answer.
    pub(super) records: BTreeMap<CampaignId, CampaignRecord>,
    /// So many deliveries are due, whenever they are read.
    pub(super) due: u32,
    /// What the rows of the first of them say.
    pub(super) values: Vec<&'static str>,
    /// By which account somebody is known, by their numbers.
    pub(super) known: BTreeMap<u32, u32>,
    /// What is not due any more.
    gone: BTreeSet<DeliveryId>,
    /// What a look at a session shows, where it is not its own account at work; `None`: it is not answered.
    pub(super) shows: BTreeMap<Session, Option<Observation>>,
    pub(super) otherwise: Otherwise,
    /// Commits are not answered.
    pub(super) is_store_slow: bool,
    held: Option<Arc<Batch>>,
    /// Sends are not answered.
    pub(super) is_server_mute: bool,
    pub(super) unanswered: Vec<Sending>,
    limits: LaneLimits,
}

pub(super) fn id(number: u32) -> CampaignId {
    CampaignId::new(number).unwrap()
}

/// The session with this number, and its account.
pub(super) fn session(number: u32) -> Session {
    Session::new(&number.to_string())
}

pub(super) fn account(session: &Session) -> Account {
    account_of(session.0.parse().unwrap())
}

/// The account with this number.
pub(super) fn account_of(number: u32) -> Account {
    Account(PhoneNumber::from_digits(6_281_200_000_000 + u64::from(number)).unwrap())
}

/// An account's lane; it has the account's number.
pub(super) fn lane(account: Account, limits: LaneLimits) -> LaneRecord {
    let number = account.0.digits() - 6_281_200_000_000;
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

/// A campaign with one recipient.
pub(super) fn single(number: u32, through: u32, hours: Option<&str>) -> CampaignRecord {
    let message = MessageTemplate::text("Halo").unwrap();
    let zone = crate::limits::Zone::default();
    let hours = hours.map(|text| Hours::parse(text, zone).unwrap());
    let definition = Definition {
        hours,
        is_urgent: true,
        ..Definition::new(format!("send:{number}"), session(through), message)
    };
    CampaignRecord {
        id: id(number),
        definition: Arc::new(definition),
        columns: Arc::new([]),
        state: CampaignState::Running,
        created_at: Timestamp::UNIX_EPOCH,
        rejected: 0,
        counts: Counts([((State::Scheduled, None), 1)].into()),
        pruned_at: None,
    }
}

/// The same, to somebody who does not wait for it.
pub(super) fn cold(number: u32, through: u32) -> CampaignRecord {
    let record = single(number, through, None);
    let definition = Arc::unwrap_or_clone(record.definition);
    CampaignRecord {
        definition: Arc::new(Definition {
            is_urgent: false,
            ..definition
        }),
        ..record
    }
}

impl World {
    /// One in which nothing is to be done yet, with accounts that have these limits.
    pub(super) fn new(limits: LaneLimits) -> Self {
        let now = Now {
            elapsed: Elapsed::from_micros(0),
            // 08:00 in Jakarta.
            wall: "2026-11-21T01:00:00Z".parse().unwrap(),
        };
        let beginning = Beginning {
            message_key: [0; 16],
            at: now.stamp(BootId(0)),
            accounts: BTreeMap::new(),
            shared: Vec::new(),
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
            records: BTreeMap::new(),
            due: 1,
            values: Vec::new(),
            known: BTreeMap::new(),
            gone: BTreeSet::new(),
            shows: BTreeMap::new(),
            otherwise: Box::new(|_| None),
            is_store_slow: false,
            held: None,
            is_server_mute: false,
            unanswered: Vec::new(),
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

    pub(super) fn add(&mut self, record: CampaignRecord) {
        self.engine
            .handle(Input::Campaign(Box::new(record)), self.now);
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now.elapsed = self.now.elapsed + time;
        self.now.wall = self.now.wall.checked_add(time).unwrap();
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

    /// An event tells how a session stands, and whose it is.
    pub(super) fn is_told(&mut self, number: u32, readiness: Readiness, account: Option<Account>) {
        let status = Notice::Status {
            session: session(number),
            readiness,
            account,
        };
        self.engine.handle(Input::Noticed(status), self.now);
    }

    pub(super) fn asks(&mut self, number: u64, command: Command) {
        let asked = Input::Asked(CommandId(number), command);
        self.engine.handle(asked, self.now);
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
                step => self.does(step),
            }
        }
        panic!("it goes round in a circle");
    }

    /// Lets time pass until so many seconds since the beginning, and does all that is to be done by then.
    pub(super) fn until(&mut self, second: i64) {
        let end = Elapsed::from_micros(second * 1_000_000);
        while let Some(moment) = self.until_sent(usize::MAX)
            && moment <= end
        {
            assert!(moment > self.now.elapsed, "it goes round in a circle");
            self.wait(moment.since(self.now.elapsed));
        }
        self.wait(end.since(self.now.elapsed));
        self.until_sent(usize::MAX);
    }

    fn does(&mut self, step: Step) {
        self.steps.push((self.now.elapsed, step.clone()));
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
                self.held = Some(batch);
                if !self.is_store_slow {
                    self.commits();
                }
                return;
            }
            Step::Observe(session) => {
                let usual = || Some(working(account(&session)));
                let shown = self.shows.get(&session).cloned().unwrap_or_else(usual);
                let Some(observation) = shown else { return };
                Input::Observed {
                    session,
                    observation,
                }
            }
            Step::Send(sending) => {
                self.sent.push(sending.delivery.campaign());
                self.unanswered.push(sending);
                if !self.is_server_mute {
                    self.answers_sends();
                }
                return;
            }
            _ => return,
        };
        self.engine.handle(input, self.now);
    }

    fn page(&self, query: &ReadyQuery) -> ReadyPage {
        let ready = |ordinal| Ready {
            delivery: DeliveryId::new(query.campaign, ordinal).unwrap(),
            phone: PhoneNumber::FICTITIOUS,
            account: self.known.get(&ordinal).copied().map(account_of),
            attempts: 0,
            values: self
                .values
                .get(ordinal as usize)
                .map(|value| Box::from(*value))
                .into_iter()
                .collect(),
            is_on_whatsapp: None,
        };
        let is_wanted = |it: &Ready| match &query.whom {
            Whom::KnownTo(account) => it.account == Some(*account),
            Whom::KnownToNone(accounts) => it.account.is_none_or(|it| !accounts.contains(&it)),
        };
        let due = (0..self.due).map(ready);
        let due = due.filter(|it| is_wanted(it) && !self.gone.contains(&it.delivery));
        ReadyPage {
            ready: due.collect(),
            next_due: None,
            has_more: false,
            read_to: None,
        }
    }

    /// What is being committed is on record.
    pub(super) fn commits(&mut self) {
        if let Some(batch) = self.held.take() {
            let effects = batch.changes.iter();
            let effects = effects.map(|it| (self.otherwise)(it).unwrap_or_else(|| effect(it)));
            let committed = Input::Committed(effects.collect());
            self.engine.handle(committed, self.now);
        }
    }

    /// The server has taken all that it was given.
    pub(super) fn answers_sends(&mut self) {
        for sending in std::mem::take(&mut self.unanswered) {
            self.gone.insert(sending.delivery);
            let ended = Input::SendEnded {
                delivery: sending.delivery,
                outcome: Outcome::Accepted { message_id: None },
            };
            self.engine.handle(ended, self.now);
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

    /// All that it had put on record, in order.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(|(_, step)| match step {
            Step::Commit(batch) => &batch.changes[..],
            _ => &[],
        })
    }

    /// Where campaigns went, from where.
    pub(super) fn moves(&self) -> Vec<(CampaignState, CampaignState)> {
        let of = |change: &Change| match change {
            Change::Campaign { from, to, .. } => Some((*from, *to)),
            _ => None,
        };
        self.changes().filter_map(of).collect()
    }

    /// What commands were answered.
    pub(super) fn answers(&self) -> BTreeMap<u64, Answer> {
        let mut answers = BTreeMap::new();
        for change in self.changes() {
            if let Change::Answer { command, answer } = change {
                let before = answers.insert(command.0, answer.clone());
                assert_eq!(before, None, "{command:?} was answered twice");
            }
        }
        answers
    }

    /// At which seconds such a thing was wanted.
    pub(super) fn when(&self, of: impl Fn(&Step) -> bool) -> Vec<i64> {
        let such = self.steps.iter().filter(|(_, step)| of(step));
        such.map(|(at, _)| at.as_micros() / 1_000_000).collect()
    }
}

fn effect(change: &Change) -> Effect {
    match change {
        Change::Happened(happened) => {
            let from = Standing::NEW;
            let to = apply(from, happened.happening).unwrap_or(from);
            Effect::Moved { from, to }
        }
        _ => Effect::Done,
    }
}
