use std::sync::Arc;

use jiff::Timestamp;

use super::*;
use crate::campaign::{CampaignState, Definition};
use crate::clock::BootId;
use crate::delivery::{DeliveryId, Standing, State, apply};
use crate::engine::{Beginning, Engine, Input, Settings, Step};
use crate::failure::Outcome;
use crate::gateway::{Account, Observation, Readiness};
use crate::limits::{Hours, LaneLimits};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, CampaignRecord, Change, Counts, DoubtPage, Effect, LaneId, LaneRecord, Ready, ReadyPage,
};

/// An engine with so many single messages in one lane.
struct World {
    engine: Engine,
    now: Now,
    sent: Vec<CampaignId>,
    /// The most campaigns that one call of `next` has looked at.
    attended_max: u64,
}

const ACCOUNT: Account = Account(PhoneNumber::FICTITIOUS);

fn id(number: u32) -> CampaignId {
    CampaignId::new(number).unwrap()
}

fn single(number: u32, hours: Option<&str>) -> CampaignRecord {
    let message = MessageTemplate::text("Halo").unwrap();
    let zone = crate::limits::Zone::default();
    let hours = hours.map(|text| Hours::parse(text, zone).unwrap());
    let definition = Definition {
        hours,
        is_urgent: true,
        ..Definition::new(format!("send:{number}"), Session::new("default"), message)
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
    fn of(singles: u32, hours: Option<&str>) -> Self {
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
        let mut world = Self {
            engine: Engine::new(Settings::default(), beginning),
            now,
            sent: Vec::new(),
            attended_max: 0,
        };
        for number in 1..=singles {
            let record = Box::new(single(number, hours));
            world.engine.handle(Input::Campaign(record), now);
        }
        world
    }

    /// Goes on until so many have been sent, or nothing is to be done before the returned moment.
    fn until_sent(&mut self, count: usize) -> Option<Elapsed> {
        while self.sent.len() < count {
            let before = self.engine.jobs.attended;
            let step = self.engine.next(self.now);
            self.attended_max = self.attended_max.max(self.engine.jobs.attended - before);
            let input = match step {
                Step::WaitUntil(moment) => return Some(moment),
                Step::Idle | Step::Stopped => return None,
                Step::OpenLane { account, session } => Input::Lane {
                    session,
                    record: Box::new(lane(account)),
                },
                Step::Load(query) => Input::Loaded {
                    campaign: query.campaign,
                    page: page(query.campaign),
                },
                Step::LoadDoubts(_) => Input::DoubtsLoaded(DoubtPage::default()),
                Step::MarkSilent { .. } => Input::SilentMarked(0),
                Step::Commit(batch) => Input::Committed(effects(&batch)),
                Step::Observe(session) => Input::Observed {
                    session,
                    observation: Observation {
                        account: Some(ACCOUNT),
                        ..Observation::only(Readiness::Working)
                    },
                },
                Step::Send(sending) => {
                    self.sent.push(sending.delivery.campaign());
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

fn lane(account: Account) -> LaneRecord {
    LaneRecord::new(LaneId(1), account, LaneLimits::unpaced(1))
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

fn effects(batch: &Batch) -> Vec<Effect> {
    let effect = |change: &Change| match change {
        Change::Happened(happened) => {
            let from = Standing::NEW;
            let to = apply(from, happened.happening).unwrap_or(from);
            Effect::Moved { from, to }
        }
        _ => Effect::Done,
    };
    batch.changes.iter().map(effect).collect()
}

#[test]
fn ten_thousand_that_wait_make_no_step_longer() {
    let looked_at = |singles: u32| {
        let mut world = World::of(singles, None);
        world.until_sent(10);
        let before = world.engine.jobs.attended;
        world.attended_max = 0;
        world.until_sent(90);
        (world.engine.jobs.attended - before, world.attended_max)
    };
    let few = looked_at(100);
    assert_eq!(looked_at(10_000), few);
    assert!(few.1 <= 3, "{few:?}");
}

#[test]
fn those_that_are_closed_wait_together_for_the_moment_they_open() {
    let mut world = World::of(1_000, Some("09:00-10:00"));
    let before_the_hour = world.until_sent(1);
    assert!(world.sent.is_empty());
    let attended = world.engine.jobs.attended;
    for _ in 0..100 {
        world.until_sent(1);
    }
    assert_eq!(world.engine.jobs.attended, attended);
    assert!(before_the_hour <= Some(Elapsed::from_micros(3_600_000_000)));
    world.now.elapsed = world.now.elapsed + Duration::from_secs(3_600);
    world.now.wall = "2026-11-21T02:00:00Z".parse().unwrap();
    world.until_sent(1_000);
    assert_eq!(world.sent.len(), 1_000);
}

#[test]
fn they_take_turns_and_whoever_comes_later_is_not_overtaken_for_ever() {
    let mut world = World::of(5, None);
    world.until_sent(2);
    let late = Box::new(single(6, None));
    world.engine.handle(Input::Campaign(late), world.now);
    world.until_sent(6);
    assert_eq!(world.sent, [1, 2, 3, 4, 5, 6].map(id));
}
