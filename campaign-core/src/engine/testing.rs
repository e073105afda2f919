//! An engine with what its tests need around it: a store without rows, and servers that take everything at once.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Beginning, Engine, Input, ReadFailed, Settings, Step};
use crate::campaign::{CampaignState, Definition};
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Standing, State, apply};
use crate::failure::Outcome;
use crate::gateway::{Account, Observation, Readiness, Session};
use crate::limits::{Hours, LaneLimits};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, CampaignRecord, Change, Counts, DoubtPage, Effect, LaneId, LaneRecord, Lost, Ready,
    ReadyPage,
};

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
    /// Servers answer no send.
    pub(super) is_mute: bool,
    /// When what is silent was marked.
    pub(super) marked: Vec<Elapsed>,
    /// Why the next journal does not take place.
    pub(super) losing: Option<Lost>,
    /// What has been committed.
    pub(super) batches: Vec<Arc<Batch>>,
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
    let number: u64 = session.0.parse().unwrap();
    Account(PhoneNumber::from_digits(6_281_200_000_000 + number).unwrap())
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
            is_mute: false,
            marked: Vec::new(),
            losing: None,
            batches: Vec::new(),
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

    /// What has been committed, one after the other.
    pub(super) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.batches.iter().flat_map(|batch| &batch.changes)
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now.elapsed = self.now.elapsed + time;
        self.now.wall = self.now.wall.checked_add(time).unwrap();
    }

    /// Goes on until so many have been sent, or nothing is to be done before the returned moment.
    pub(super) fn until_sent(&mut self, count: usize) -> Option<Elapsed> {
        while self.sent.len() < count {
            let before = (self.engine.jobs.attended, self.engine.lanes.attended);
            let step = self.engine.next(self.now);
            self.jobs_max = self.jobs_max.max(self.engine.jobs.attended - before.0);
            self.lanes_max = self.lanes_max.max(self.engine.lanes.attended - before.1);
            let input = match step {
                Step::WaitUntil(moment) => return Some(moment),
                Step::Idle | Step::Stopped => return None,
                Step::OpenLane { account, session } => {
                    let id = LaneId(session.0.parse().unwrap());
                    let record = LaneRecord::new(id, account, self.limits.clone());
                    Input::Lane {
                        session,
                        record: Box::new(record),
                    }
                }
                Step::Load(query) if self.unreadable > 0 => {
                    self.unreadable -= 1;
                    Input::ReadFailed(ReadFailed::Load(query.campaign))
                }
                Step::Load(query) => Input::Loaded {
                    campaign: query.campaign,
                    page: page(query.campaign),
                },
                Step::LoadDoubts(_) => Input::DoubtsLoaded(DoubtPage::default()),
                Step::MarkSilent { .. } => {
                    self.marked.push(self.now.elapsed);
                    Input::SilentMarked(0)
                }
                Step::Commit(_) if self.failing > 0 => {
                    self.failing -= 1;
                    Input::CommitFailed
                }
                Step::Commit(batch) => {
                    let effects = effects(&batch, &mut self.losing);
                    self.batches.push(batch);
                    Input::Committed(effects)
                }
                Step::Observe(session) => Input::Observed {
                    observation: Observation {
                        account: Some(account(&session)),
                        ..Observation::only(Readiness::Working)
                    },
                    session,
                },
                Step::Send(sending) => {
                    self.sent.push(sending.delivery.campaign());
                    if self.is_mute {
                        continue;
                    }
                    Input::SendEnded {
                        delivery: sending.delivery,
                        outcome: Outcome::Accepted { message_id: None },
                    }
                }
                _ => continue,
            };
            self.engine.handle(input, self.now);
        }
        None
    }
}

fn page(campaign: CampaignId) -> ReadyPage {
    let ready = Ready {
        delivery: DeliveryId::new(campaign, 0).unwrap(),
        phone: PhoneNumber::FICTITIOUS,
        account: None,
        attempts: 0,
        values: Box::new([]),
        is_on_whatsapp: None,
    };
    ReadyPage {
        ready: vec![ready],
        next_due: None,
        has_more: false,
        read_to: None,
    }
}

fn effects(batch: &Batch, losing: &mut Option<Lost>) -> Vec<Effect> {
    let effect = |change: &Change| match change {
        Change::Journal(_) => losing.take().map_or(Effect::Done, Effect::Lost),
        Change::Happened(happened) => {
            let from = Standing::NEW;
            let to = apply(from, happened.happening).unwrap_or(from);
            Effect::Moved { from, to }
        }
        _ => Effect::Done,
    };
    batch.changes.iter().map(effect).collect()
}
