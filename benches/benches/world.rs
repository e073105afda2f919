//! A world for the engine on a virtual clock: a campaign for each account, a store that is memory, and a server by which some messages are
//! refused, unanswered, found or proved absent, and all others acknowledged in steps.
//!
//! It keeps a few bytes for each person, as a store would on its disk; the memory that is told is what the process held at most, less those.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::Failure;
use benches::process::{cpu_time, peak_memory_kib};
use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{BootId, Elapsed, Now};
use campaign_core::delivery::{
    Ack, CampaignId, DeliveryId, Doubt, Happening, Standing, State, apply,
};
use campaign_core::engine::{Beginning, Engine, Input, Settings, Step};
use campaign_core::failure::{NotHandedOver, Outcome};
use campaign_core::gateway::{
    Account, Found, Notice, NumberStatus, Observation, Readiness, Sending, Session,
};
use campaign_core::limits::{Hours, LaneLimits};
use campaign_core::message::{MessageKind, MessageTemplate};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, CampaignRecord, Change, ControlRow, Counts, DoubtPage, DoubtQuery, Doubtful, Effect,
    Happened, LaneId, LaneRecord, Lost, Ready, ReadyPage, ReadyQuery,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const BOOT: BootId = BootId(1);
/// What the world keeps for each person.
const BYTES_EACH: usize = size_of::<Standing>();

/// What is played.
pub(crate) struct Scene {
    pub(crate) people: u32,
    pub(crate) lanes: u32,
    /// Of each account.
    pub(crate) limits: LaneLimits,
    pub(crate) seed: u64,
    /// How long the disk takes to make a transaction durable; the engine goes on meanwhile, and makes the next one of what came up.
    pub(crate) commit_takes: Duration,
}

/// How it went.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Played {
    pub(crate) seconds: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) steps: u64,
    pub(crate) virtual_days: f64,
    /// From the first message to the last.
    pub(crate) sending_seconds: f64,
    pub(crate) handed_over: u64,
    pub(crate) others: u64,
    pub(crate) twice: u64,
    pub(crate) sends: Tally,
    pub(crate) commits: Tally,
    pub(crate) changes: Tally,
    pub(crate) peak_kib: Option<u64>,
}

impl Played {
    /// # Errors
    /// When somebody has no end, or a message twice.
    pub(crate) fn everybody_once(&self, people: u32) -> Result<(), Failure> {
        if self.handed_over + self.others != u64::from(people) || self.twice > 0 {
            return Err(format!("not everybody once: {self:?}").into());
        }
        Ok(())
    }
}

/// How many there were of something, and the most in a second of the virtual clock.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) all: u64,
    pub(crate) most: u64,
    second: u64,
    in_second: u64,
}

impl Tally {
    fn add(&mut self, now: Now, count: u64) {
        let second = now.elapsed.since(Elapsed::default()).as_secs();
        if second != self.second {
            (self.second, self.in_second) = (second, 0);
        }
        self.all += count;
        self.in_second += count;
        self.most = self.most.max(self.in_second);
    }
}

/// Plays until every campaign is settled.
///
/// # Errors
/// When the engine stops before that.
pub(crate) fn play(scene: &Scene) -> Result<Played, Failure> {
    let mut world = World::new(scene)?;
    let (began, cpu) = (Instant::now(), cpu_time());
    let steps = world.play()?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_time() - cpu);
    let table_kib = (scene.people as usize * BYTES_EACH / 1024) as u64;
    let standing = world
        .campaigns
        .values()
        .flat_map(|campaign| &campaign.standing);
    let handed_over = standing.filter(|it| it.state.is_handed_over()).count() as u64;
    let sending = world.first_and_last.unwrap_or_default();
    Ok(Played {
        seconds,
        cpu_seconds: cpu.as_secs_f64(),
        steps,
        virtual_days: world.now.elapsed.since(Elapsed::default()).as_secs_f64() / 86_400.0,
        sending_seconds: sending.1.since(sending.0).as_secs_f64(),
        handed_over,
        others: u64::from(scene.people) - handed_over,
        twice: world.twice,
        sends: world.sends,
        commits: world.commits,
        changes: world.changes,
        peak_kib: peak_memory_kib(None).map(|kib| kib.saturating_sub(table_kib)),
    })
}

/// One campaign as a store would have it.
struct Campaign {
    record: CampaignRecord,
    standing: Vec<Standing>,
    waiting: BTreeMap<u32, Timestamp>,
    /// Deliveries of earlier campaigns.
    before: usize,
}

struct InDoubt {
    doubtful: Doubtful,
    next: Option<Timestamp>,
    arrived: bool,
}

/// What will happen, the next first.
struct Event {
    at: Elapsed,
    number: u64,
    input: Input,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}
impl Eq for Event {}
impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

struct World {
    engine: Engine,
    now: Now,
    chance: fastrand::Rng,
    campaigns: BTreeMap<CampaignId, Campaign>,
    doubts: BTreeMap<DeliveryId, InDoubt>,
    events: BinaryHeap<Reverse<Event>>,
    event_number: u64,
    limits: LaneLimits,
    commit_takes: Duration,
    sent: Vec<u64>,
    twice: u64,
    first_and_last: Option<(Elapsed, Elapsed)>,
    sends: Tally,
    commits: Tally,
    changes: Tally,
}

fn session(lane: u32) -> Session {
    Session::new(&format!("kasir-{lane}"))
}

fn account(lane: u32) -> Result<Account, Failure> {
    Ok(Account(PhoneNumber::from_digits(
        6_281_100_000_000 + u64::from(lane),
    )?))
}

fn phone(delivery: DeliveryId) -> Result<PhoneNumber, Failure> {
    let number =
        u64::from(delivery.campaign().number()) * 2_000_000 + u64::from(delivery.ordinal());
    Ok(PhoneNumber::from_digits(6_281_300_000_000 + number)?)
}

impl World {
    fn new(scene: &Scene) -> Result<Self, Failure> {
        let (people, lanes) = (scene.people, scene.lanes);
        let zone = &scene.limits.zone;
        let now = Now {
            elapsed: Elapsed::default(),
            wall: "2026-11-20T00:00:00Z".parse()?,
        };
        let settings = Settings {
            seed: scene.seed,
            ..Settings::default()
        };
        let beginning = Beginning {
            message_key: [7; 16],
            at: now.stamp(BOOT),
            accounts: BTreeMap::new(),
            shared: Vec::new(),
            is_worker: false,
        };
        let mut world = Self {
            engine: Engine::new(settings, beginning),
            now,
            chance: fastrand::Rng::with_seed(scene.seed),
            campaigns: BTreeMap::new(),
            doubts: BTreeMap::new(),
            events: BinaryHeap::new(),
            event_number: 0,
            limits: scene.limits.clone(),
            commit_takes: scene.commit_takes,
            sent: vec![0; people.div_ceil(64) as usize],
            twice: 0,
            first_and_last: None,
            sends: Tally::default(),
            commits: Tally::default(),
            changes: Tally::default(),
        };
        let message =
            MessageTemplate::text("Halo {{nama | title}}, tagihan Anda {{jumlah | rupiah}}.")?;
        let mut before = 0;
        for lane in 0..lanes {
            let id = CampaignId::new(lane + 1).ok_or("too many campaigns")?;
            let definition = Definition {
                hours: Some(Hours::parse("08:00-20:00", zone.clone())?),
                ..Definition::new(format!("tagihan {lane}"), session(lane), message.clone())
            };
            let count = people / lanes + u32::from(lane < people % lanes);
            let mut counts = Counts::default();
            counts.0.insert((State::Scheduled, None), u64::from(count));
            let record = CampaignRecord {
                id,
                definition: Arc::new(definition),
                columns: ["nama", "jumlah"].map(Box::from).into(),
                state: CampaignState::Running,
                created_at: now.wall,
                rejected: 0,
                counts,
                pruned_at: None,
            };
            let campaign = Campaign {
                record: record.clone(),
                standing: vec![Standing::NEW; count as usize],
                waiting: BTreeMap::new(),
                before,
            };
            before += count as usize;
            world.campaigns.insert(id, campaign);
            world.engine.handle(Input::Campaign(Box::new(record)), now);
        }
        Ok(world)
    }

    /// Plays until every campaign is settled; returns how many steps that took.
    fn play(&mut self) -> Result<u64, Failure> {
        let is_over = |world: &Self| {
            let mut campaigns = world.campaigns.values();
            campaigns.all(|campaign| campaign.record.state == CampaignState::Settled)
        };
        let mut steps = 0;
        loop {
            steps += 1;
            match self.engine.next(self.now) {
                Step::WaitUntil(moment) => {
                    if is_over(self) {
                        return Ok(steps);
                    }
                    self.pass_until(moment);
                }
                Step::Idle | Step::Stopped => {
                    if is_over(self) {
                        return Ok(steps);
                    }
                    if self.events.is_empty() {
                        return Err("the engine is idle before its end".into());
                    }
                    self.pass_until(Elapsed::NEVER);
                }
                step => self.carry_out(step)?,
            }
        }
    }

    fn pass_until(&mut self, moment: Elapsed) {
        let next = self
            .events
            .peek()
            .map_or(Elapsed::NEVER, |event| event.0.at);
        let passes = moment.min(next).since(self.now.elapsed);
        self.now.elapsed = self.now.elapsed + passes;
        self.now.wall = self
            .now
            .wall
            .saturating_add(passes)
            .unwrap_or(self.now.wall);
        if next <= self.now.elapsed
            && let Some(Reverse(event)) = self.events.pop()
        {
            self.engine.handle(event.input, self.now);
        }
    }

    fn tell(&mut self, after: Duration, input: Input) {
        self.event_number += 1;
        self.events.push(Reverse(Event {
            at: self.now.elapsed + after,
            number: self.event_number,
            input,
        }));
    }

    fn carry_out(&mut self, step: Step) -> Result<(), Failure> {
        let answer = match step {
            Step::Commit(batch) => {
                self.commits.add(self.now, 1);
                self.changes.add(self.now, batch.changes.len() as u64);
                let committed = Input::Committed(self.commit(&batch)?);
                if self.commit_takes > Duration::ZERO {
                    self.tell(self.commit_takes, committed);
                    return Ok(());
                }
                committed
            }
            Step::Send(sending) => {
                self.send(sending);
                return Ok(());
            }
            Step::Load(query) => Input::Loaded {
                campaign: query.campaign,
                page: self.page(query)?,
            },
            Step::LoadDoubts(query) => Input::DoubtsLoaded(self.doubts(query)),
            Step::Reread(id) => Input::Campaign(Box::new(
                self.campaigns
                    .get(&id)
                    .ok_or("no such campaign")?
                    .record
                    .clone(),
            )),
            Step::OpenLane { account, session } => Input::Lane {
                session,
                record: Box::new(self.lane(account)),
            },
            Step::Observe(session) => {
                let lane = session.0.rsplit('-').next().ok_or("no lane")?.parse()?;
                Input::Observed {
                    session,
                    observation: Observation {
                        account: Some(account(lane)?),
                        server_up_since: Some(Elapsed::default()),
                        server_time: Some(self.now.wall),
                        store_on: Some(true),
                        platform: Some("2026.7 NOWEB".into()),
                        ..Observation::only(Readiness::Working)
                    },
                }
            }
            Step::Find(finding) => {
                let arrived = self
                    .doubts
                    .get(&finding.delivery)
                    .is_some_and(|it| it.arrived);
                let found = if arrived {
                    Found::Found(Ack::Device)
                } else {
                    Found::Absent { complete: true }
                };
                let delivery = finding.delivery;
                self.tell(
                    Duration::from_millis(80),
                    Input::FindEnded { delivery, found },
                );
                return Ok(());
            }
            Step::Check { lane, slot, .. } => Input::Checked {
                lane,
                slot,
                status: NumberStatus::OnWhatsapp,
            },
            Step::MarkSilent { .. } => Input::SilentMarked(0),
            Step::Resolve(notice) => Input::Resolved {
                notice,
                delivery: None,
                is_by_text: false,
            },
            _ => return Ok(()),
        };
        self.engine.handle(answer, self.now);
        Ok(())
    }

    fn send(&mut self, sending: Sending) {
        self.sends.add(self.now, 1);
        let first = self.first_and_last.map_or(self.now.elapsed, |it| it.0);
        self.first_and_last = Some((first, self.now.elapsed));
        let place = self.place(sending.delivery);
        let drawn = self.chance.u32(0..1_000);
        let accepted = Outcome::Accepted {
            message_id: Some(sending.message_id.as_str().into()),
        };
        let answer = Duration::from_millis(self.chance.u64(40..400));
        let (after, outcome, arrives) = match drawn {
            0..5 => (
                answer,
                Outcome::Refused {
                    message: "no such number".into(),
                },
                false,
            ),
            5..15 => {
                let outcome = Outcome::NotHandedOver {
                    why: NotHandedOver::Broken,
                    retry_after: None,
                    message: "reset".into(),
                };
                (answer, outcome, false)
            }
            15..25 => {
                let outcome = Outcome::MaybeSent {
                    doubt: Doubt::NoAnswer,
                    signal: None,
                    message: "no answer".into(),
                };
                (Duration::from_secs(20), outcome, drawn < 20)
            }
            _ => (answer, accepted, true),
        };
        if arrives && let Some((word, bit)) = place {
            let word = &mut self.sent[word];
            self.twice += (*word >> bit) & 1;
            *word |= 1 << bit;
        }
        if drawn >= 25 {
            for (seconds, ack) in [(1, Ack::Server), (3, Ack::Device), (240, Ack::Read)] {
                let notice = Notice::Ack {
                    session: sending.session.clone(),
                    account: None,
                    message_id: sending.message_id.as_str().into(),
                    ack,
                };
                self.tell(after + Duration::from_secs(seconds), Input::Noticed(notice));
            }
        }
        let delivery = sending.delivery;
        self.tell(after, Input::SendEnded { delivery, outcome });
    }

    /// Where a delivery's bit stands.
    fn place(&self, delivery: DeliveryId) -> Option<(usize, u32)> {
        let campaign = self.campaigns.get(&delivery.campaign())?;
        let bit = campaign.before + delivery.ordinal() as usize;
        (bit / 64 < self.sent.len()).then_some((bit / 64, (bit % 64) as u32))
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<Effect>, Failure> {
        batch
            .changes
            .iter()
            .map(|change| self.change(change))
            .collect()
    }

    fn change(&mut self, change: &Change) -> Result<Effect, Failure> {
        match change {
            Change::Journal(journal) => {
                self.moved(journal.delivery, Happening::Journalled)?;
                Ok(Effect::Done)
            }
            Change::Happened(happened) => self.happened(happened),
            Change::Looked { delivery, next, .. } => {
                if let Some(doubt) = self.doubts.get_mut(delivery) {
                    doubt.next = *next;
                    doubt.doubtful.looks += 1;
                }
                Ok(Effect::Done)
            }
            Change::Campaign { campaign, from, to } => {
                let campaign = self.campaigns.get_mut(campaign).ok_or("no such campaign")?;
                if campaign.record.state != *from {
                    return Ok(Effect::Lost(Lost::Campaign(campaign.record.state)));
                }
                campaign.record.state = *to;
                Ok(Effect::Done)
            }
            _ => Ok(Effect::Done),
        }
    }

    fn happened(&mut self, happened: &Happened) -> Result<Effect, Failure> {
        let delivery = happened.delivery;
        let effect = self.moved(delivery, happened.happening)?;
        if let Effect::Moved { from, to } = &effect {
            let campaign = self
                .campaigns
                .get_mut(&delivery.campaign())
                .ok_or("no such campaign")?;
            if to.state == State::Scheduled
                && let Some(next) = happened.next
            {
                campaign.waiting.insert(delivery.ordinal(), next);
            }
            if to.state == State::Unconfirmed && from.state != State::Unconfirmed {
                let at = self.now.stamp(BOOT);
                let session = campaign.record.definition.sessions.first().0.clone();
                let lane: u32 = session.rsplit('-').next().ok_or("no lane")?.parse()?;
                let (word, bit) = self.place(delivery).ok_or("no place")?;
                let control = ControlRow {
                    delivery,
                    phone: phone(delivery)?,
                    foreign_id: None,
                    accepted_before: true,
                };
                let doubtful = Doubtful {
                    delivery,
                    phone: phone(delivery)?,
                    standing: *to,
                    lane: LaneId(lane + 1),
                    is_restored: false,
                    kind: MessageKind::Text,
                    started: at,
                    ended: at,
                    foreign_id: None,
                    looks: 0,
                    control: Some(control),
                };
                let doubt = InDoubt {
                    doubtful,
                    next: happened.next,
                    arrived: (self.sent[word] >> bit) & 1 == 1,
                };
                self.doubts.insert(delivery, doubt);
            } else if to.state != State::Unconfirmed {
                self.doubts.remove(&delivery);
            }
        }
        Ok(effect)
    }

    fn moved(&mut self, delivery: DeliveryId, happening: Happening) -> Result<Effect, Failure> {
        let campaign = self
            .campaigns
            .get_mut(&delivery.campaign())
            .ok_or("no such campaign")?;
        let standing = campaign
            .standing
            .get_mut(delivery.ordinal() as usize)
            .ok_or("no such delivery")?;
        let from = *standing;
        let Ok(to) = apply(from, happening) else {
            return Ok(Effect::Lost(Lost::Delivery(from)));
        };
        *standing = to;
        let counts = &mut campaign.record.counts.0;
        if let Some(count) = counts.get_mut(&(from.state, from.reason)) {
            *count -= 1;
        }
        *counts.entry((to.state, to.reason)).or_default() += 1;
        Ok(Effect::Moved { from, to })
    }

    fn lane(&self, account: Account) -> LaneRecord {
        let id = LaneId(u32::try_from(account.0.digits() % 1_000_000).unwrap_or(0) + 1);
        LaneRecord::new(id, account, self.limits.clone())
    }

    fn page(&mut self, query: ReadyQuery) -> Result<ReadyPage, Failure> {
        let campaign = self
            .campaigns
            .get_mut(&query.campaign)
            .ok_or("no such campaign")?;
        let first = query.after.map_or(0, |after| after.ordinal() + 1);
        let mut page = ReadyPage::default();
        for (ordinal, standing) in (first..).zip(&campaign.standing[first as usize..]) {
            if standing.state != State::Scheduled {
                continue;
            }
            if let Some(due) = campaign
                .waiting
                .get(&ordinal)
                .filter(|due| **due > query.due)
            {
                page.next_due = Some(page.next_due.map_or(*due, |other| other.min(*due)));
                continue;
            }
            if page.ready.len() == query.limit as usize {
                page.has_more = true;
                break;
            }
            let delivery = DeliveryId::new(query.campaign, ordinal).ok_or("no such delivery")?;
            page.ready.push(Ready {
                delivery,
                phone: phone(delivery)?,
                account: None,
                attempts: standing.attempts,
                values: ["budi santoso", "250000"].map(Box::from).into(),
                is_on_whatsapp: None,
            });
        }
        Ok(page)
    }

    fn doubts(&self, query: DoubtQuery) -> DoubtPage {
        let mut page = DoubtPage::default();
        for (id, doubt) in &self.doubts {
            let Some(next) = doubt.next else { continue };
            let is_after = query.after.is_none_or(|after| *id > after);
            if next > query.due {
                page.next_due = Some(page.next_due.map_or(next, |other| other.min(next)));
            } else if is_after && page.doubts.len() < query.limit as usize {
                page.doubts.push(doubt.doubtful.clone());
            }
        }
        page
    }
}
