//! The world around one engine: a server with a phone behind it, a store, clocks, an operator, and crashes.
//!
//! Virtual time passes from event to event. What the server has taken it carries out whether or not the engine lives; what the
//! engine was to be told is lost with it. The ledger is written by the server alone.

mod operator;
mod server;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{BootId, Elapsed, Now};
use campaign_core::delivery::{Ack, CampaignId, State};
use campaign_core::engine::{Beginning, Engine, Input, ReadFailed, Settings, Step};
use campaign_core::gateway::{Account, Notice, NumberStatus, Session};
use campaign_core::limits::{LaneLimits, Zone};
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    Batch, CampaignRecord, Change, Command, NewRecipient, ReportQuery, ReportRow, Store,
};
use campaign_core::testing::{MemoryStore, Snapshot};
use fastrand::Rng;
use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};

use self::server::{Kept, Request};
use super::plan::Plan;

const BOOT: BootId = BootId(1);
/// A world in which nothing comes to an end within this time makes no progress.
const FAR: Duration = Duration::from_secs(60 * 86_400);
const STEPS_MAX: u64 = 4_000_000;

/// A message that the server really handed over.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) to: PhoneNumber,
    pub(crate) received: Elapsed,
    pub(crate) received_wall: Timestamp,
    pub(crate) handed: Elapsed,
    pub(crate) handed_wall: Timestamp,
}

/// Something that will happen.
#[derive(Debug)]
enum Event {
    /// The engine is told, if it still lives.
    Tell(u32, Input),
    /// The server carries a request out.
    HandOver(Request),
    /// The server learns from WhatsApp how far a message got.
    Acknowledged {
        id: String,
        ack: Ack,
        is_told: bool,
    },
    Restart,
    Pause,
    Resume(Elapsed),
    Cancel,
    ChangeZone(Zone),
    Suppress,
    AddPeople,
    JumpClock,
    SetClockRight,
    TurnStoreOn,
    Refresh,
    TakeCopy,
    RestoreCopy,
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) ledger: Vec<Delivered>,
    pub(crate) requests: Vec<Delivered>,
    pub(crate) paused: Vec<(Elapsed, Elapsed)>,
    pub(crate) suppressed: Vec<(PhoneNumber, Elapsed)>,
    /// People who were in the audience from the start or added to it.
    pub(crate) people: u32,
    /// What the server was asked about, and whether it is on WhatsApp, if it said so.
    pub(crate) checks: Vec<(PhoneNumber, Elapsed, NumberStatus)>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) doubts_made: u64,
    /// The copy that was restored knew of one that can be found. Without it nothing shows that messages were kept at its time.
    pub(crate) copy_has_control: bool,
    pub(crate) cancelled_since: Option<Elapsed>,
    /// From when on the operator has given the account which zone.
    pub(crate) zones: Vec<(Timestamp, Zone)>,
    rng: Rng,
    now: Now,
    wall_offset: SignedDuration,
    store: MemoryStore,
    engine: Option<Engine>,
    life: u32,
    gate_is_open: bool,
    campaign: CampaignId,
    events: BTreeMap<(Elapsed, u64), Event>,
    event_number: u64,
    flap_until: Elapsed,
    store_is_on: bool,
    kept: BTreeMap<String, Kept>,
    copy: Option<Snapshot>,
    steps_to_crash: Option<u64>,
    crashes_left: u32,
    paused_since: Option<Elapsed>,
    tail: VecDeque<String>,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let now = Now {
            elapsed: Elapsed::from_micros(3_600_000_000),
            wall: plan.begins,
        };
        let expires_at = plan
            .expires_after
            .map(|after| now.wall.checked_add(after).unwrap());
        let mut rng = Rng::with_seed(plan.seed);
        let store = MemoryStore::new();
        let campaign = import(&store, &plan, now, expires_at);
        let mut world = Self {
            expires_at,
            ledger: Vec::new(),
            requests: Vec::new(),
            paused: Vec::new(),
            suppressed: Vec::new(),
            people: plan.recipients,
            checks: Vec::new(),
            doubts_made: 0,
            copy_has_control: true,
            cancelled_since: None,
            zones: Vec::new(),
            now,
            wall_offset: SignedDuration::ZERO,
            store,
            engine: None,
            life: 0,
            gate_is_open: true,
            campaign,
            events: BTreeMap::new(),
            event_number: 0,
            flap_until: Elapsed::default(),
            store_is_on: plan.store_on,
            kept: BTreeMap::new(),
            copy: None,
            steps_to_crash: (plan.crashes > 0).then(|| rng.u64(10..plan.steps_between_crashes)),
            crashes_left: plan.crashes,
            paused_since: None,
            tail: VecDeque::new(),
            rng,
            plan,
        };
        world.arrange();
        world.wake_up();
        world.command(Command::Start { campaign });
        world
    }

    /// This moment, as it is.
    pub(crate) fn now(&self) -> Now {
        self.now
    }

    /// How long the server takes to answer a send that nothing happens to: shortest and longest.
    pub(crate) fn answer_time(&self) -> (Duration, Duration) {
        (Duration::from_millis(21), Duration::from_millis(310))
    }

    pub(crate) fn run(&mut self) {
        let end = self.now.elapsed + FAR;
        for _ in 0..STEPS_MAX {
            let Some(engine) = &mut self.engine else {
                self.next_event(Elapsed::NEVER);
                continue;
            };
            let seen = Now {
                wall: self.now.wall.checked_add(self.wall_offset).unwrap(),
                ..self.now
            };
            match engine.next(seen) {
                Step::WaitUntil(moment) => {
                    if self.is_over() {
                        return;
                    }
                    self.next_event(moment);
                }
                Step::Idle | Step::Stopped => {
                    if self.is_over() || self.events.is_empty() {
                        return;
                    }
                    self.next_event(Elapsed::NEVER);
                }
                step => self.step(step),
            }
            assert!(
                self.now.elapsed < end,
                "no end within {FAR:?}: {:?}\n{}",
                self.record().counts,
                self.tail()
            );
        }
        panic!(
            "no end within {STEPS_MAX} steps: {:?}\n{}",
            self.record().counts,
            self.tail()
        );
    }

    fn is_over(&self) -> bool {
        let acts = self
            .events
            .values()
            .any(|event| !matches!(event, Event::Tell(..) | Event::Acknowledged { .. }));
        let record = self.record();
        let is_quiet = self.engine.as_ref().is_some_and(|engine| !engine.is_busy());
        !acts
            && match record.state {
                CampaignState::Settled => true,
                CampaignState::Completed => is_quiet,
                CampaignState::Cancelled => {
                    let open = [State::Scheduled, State::Sending];
                    is_quiet && open.iter().all(|state| record.counts.of(*state) == 0)
                }
                _ => false,
            }
    }

    pub(crate) fn record(&self) -> CampaignRecord {
        run(self.store.campaign("simulation")).unwrap().unwrap()
    }

    /// Somebody is on record as having it whose message can be found: what look-ups of others can be measured by.
    pub(crate) fn has_control(&self) -> bool {
        let stored: BTreeSet<PhoneNumber> = self
            .kept
            .values()
            .filter(|kept| kept.is_stored)
            .map(|kept| kept.to)
            .collect();
        self.report()
            .iter()
            .any(|row| row.standing.state.is_handed_over() && stored.contains(&row.phone))
    }

    /// An answer under an id of ours is on record.
    pub(crate) fn trusts_ids(&self) -> bool {
        let lane = run(self.store.lane(account(), &session(), &self.plan.limits));
        !lane.unwrap().trusted.kinds.is_empty()
    }

    pub(crate) fn report(&self) -> Vec<ReportRow> {
        run(self.store.report(ReportQuery {
            campaign: self.campaign,
            after: None,
            states: Vec::new(),
            limit: u32::MAX,
        }))
        .unwrap()
    }

    pub(crate) fn tail(&self) -> String {
        self.tail.iter().map(|line| format!("  {line}\n")).collect()
    }

    fn write_down(&mut self, line: impl Fn() -> String) {
        if self.tail.len() == 60 {
            self.tail.pop_front();
        }
        let at = self.now.elapsed.as_micros() as f64 / 1e6;
        if std::env::var_os("SIMULATION_TRACE").is_some() {
            eprintln!("{at:.3} {}", line());
        }
        self.tail.push_back(format!("{at:.3} {}", line()));
    }

    fn later(&mut self, after: Duration, event: Event) {
        self.event_number += 1;
        self.events
            .insert((self.now.elapsed + after, self.event_number), event);
    }

    fn tell(&mut self, after: Duration, input: Input) {
        self.later(after, Event::Tell(self.life, input));
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_micros(self.rng.u64(from * 1_000..=to * 1_000))
    }

    fn pass_to(&mut self, moment: Elapsed) {
        let passes = moment.since(self.now.elapsed);
        self.now.elapsed = self.now.elapsed + passes;
        self.now.wall = self.now.wall.checked_add(passes).unwrap();
    }

    fn next_event(&mut self, no_later_than: Elapsed) {
        let next = self
            .events
            .keys()
            .next()
            .map_or(Elapsed::NEVER, |(moment, _)| *moment);
        let moment = next.min(no_later_than);
        assert!(
            moment < Elapsed::NEVER,
            "nothing left to happen: {:?}\n{}",
            self.record().counts,
            self.tail()
        );
        self.pass_to(moment);
        if next <= moment
            && let Some((_, event)) = self.events.pop_first()
        {
            self.happen(event);
        }
    }

    fn seen_now(&self) -> Now {
        Now {
            wall: self.now.wall.checked_add(self.wall_offset).unwrap(),
            ..self.now
        }
    }

    fn handle(&mut self, input: Input) {
        let now = self.seen_now();
        if let Some(engine) = &mut self.engine {
            engine.handle(input, now);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tell(life, input) => {
                if life == self.life {
                    self.handle(input);
                }
            }
            Event::HandOver(request) => self.hand_over(request),
            Event::Acknowledged { id, ack, is_told } => {
                if let Some(kept) = self.kept.get_mut(&id) {
                    kept.ack = match (kept.ack, ack) {
                        (Ack::Pending, Ack::Error) => Ack::Error,
                        (known, new) => known.max(new),
                    };
                }
                if is_told {
                    let notice = Notice::Ack {
                        session: session(),
                        account: Some(account()),
                        message_id: id.into(),
                        ack,
                    };
                    self.handle(Input::Noticed(notice));
                }
            }
            Event::Restart => self.wake_up(),
            Event::Pause => self.pause(),
            Event::Resume(since) => {
                if self.engine.is_some() {
                    self.paused.push((since, self.now.elapsed));
                    self.paused_since = None;
                    self.command(Command::Resume {
                        campaign: self.campaign,
                    });
                } else {
                    self.later(Duration::from_secs(5), Event::Resume(since));
                }
            }
            Event::Cancel => {
                if self.engine.is_some() {
                    self.cancelled_since = Some(self.now.elapsed);
                    self.command(Command::Cancel {
                        campaign: self.campaign,
                    });
                } else {
                    self.later(Duration::from_secs(1), Event::Cancel);
                }
            }
            Event::ChangeZone(zone) => {
                if self.engine.is_some() {
                    let limits = LaneLimits {
                        zone,
                        ..self.plan.limits.clone()
                    };
                    self.command(Command::SetLimits {
                        account: account(),
                        limits,
                    });
                } else {
                    self.later(Duration::from_secs(1), Event::ChangeZone(zone));
                }
            }
            Event::Suppress => self.suppress(),
            Event::AddPeople => self.add_people(),
            Event::JumpClock => {
                let seconds = self.rng.i64(-90_000..90_000);
                self.write_down(|| format!("wall clock set by {seconds} s"));
                self.wall_offset = SignedDuration::from_secs(seconds);
                self.later(Duration::from_secs(600), Event::SetClockRight);
            }
            Event::SetClockRight => self.wall_offset = SignedDuration::ZERO,
            Event::TurnStoreOn => {
                self.write_down(|| "message store turned on".into());
                self.store_is_on = true;
                // The session restarts with it, faster than anybody may notice.
                let lasts = self.millis(50, 8_000);
                self.flap_until = self.now.elapsed + lasts;
            }
            Event::Refresh => {
                if self.engine.is_some() {
                    self.command(Command::Refresh {
                        campaign: self.campaign,
                    });
                } else {
                    self.later(Duration::from_secs(30), Event::Refresh);
                }
            }
            Event::TakeCopy => self.copy = Some(self.store.snapshot()),
            Event::RestoreCopy => {
                if let Some(copy) = self.copy.take() {
                    self.write_down(|| "restored from a copy".into());
                    self.crash();
                    // Everything that the copy knows as open is in doubt now.
                    self.doubts_made += u64::from(self.plan.recipients);
                    self.store = MemoryStore::restored_from(&copy);
                    self.copy_has_control = self.has_control();
                }
            }
        }
    }

    fn crash(&mut self) {
        if self.engine.take().is_none() {
            return;
        }
        self.write_down(|| "crash".into());
        self.life += 1;
        self.doubts_made += 8;
        self.store = self.store.crashed();
        let down = self.millis(10, 20_000);
        self.later(down, Event::Restart);
    }

    fn wake_up(&mut self) {
        if self.engine.is_some() {
            return;
        }
        let now = self.seen_now();
        let taken = run(self.store.take_over(now.stamp(BOOT))).unwrap();
        let settings = Settings {
            seed: self.rng.u64(..),
            restriction_hold: Duration::from_secs(120),
            window: self.plan.window,
            ..Settings::default()
        };
        let engine = Engine::new(
            settings,
            Beginning {
                message_key: taken.message_key,
                at: taken.at,
            },
        );
        self.write_down(|| {
            format!(
                "take-over: {} orphaned, restored {}",
                taken.orphaned, taken.is_restored
            )
        });
        self.engine = Some(engine);
        let record = self.record();
        self.gate_is_open = record.state == CampaignState::Running;
        self.handle(Input::Campaign(Box::new(record)));
        for (id, command) in run(self.store.open_commands()).unwrap() {
            self.handle(Input::Asked(id, command));
        }
    }

    fn step(&mut self, step: Step) {
        if let Some(left) = &mut self.steps_to_crash {
            *left -= 1;
            if *left == 0 {
                self.crashes_left -= 1;
                self.steps_to_crash = (self.crashes_left > 0)
                    .then(|| self.rng.u64(10..self.plan.steps_between_crashes));
                // Before the step, or after it and before anybody is told.
                if self.rng.bool() {
                    self.carry_out(step);
                }
                return self.crash();
            }
        }
        self.carry_out(step);
    }

    fn carry_out(&mut self, step: Step) {
        // Longer and shorter than a commit, so that one overtakes the other.
        let quick = self.millis(1, 30);
        match step {
            Step::Commit(batch) => self.commit(batch),
            Step::Send(sending) => self.send(sending),
            Step::Find(finding) => {
                let found = self.find(&finding);
                let delivery = finding.delivery;
                self.write_down(|| format!("look-up of {} -> {found:?}", finding.to));
                self.tell(quick, Input::FindEnded { delivery, found });
            }
            Step::Check {
                lane, slot, phone, ..
            } => {
                let status = self.number_status(phone);
                self.tell(quick, Input::Checked { lane, slot, status });
            }
            Step::Observe(session) => {
                let observation = self.observe();
                self.tell(
                    quick,
                    Input::Observed {
                        session,
                        observation,
                    },
                );
            }
            Step::Gate { is_open, .. } => self.gate_is_open = is_open,
            Step::Reread(_) => {
                let record = Box::new(self.record());
                self.tell(quick, Input::Campaign(record));
            }
            Step::OpenLane { account, session } => {
                let record = run(self.store.lane(account, &session, &self.plan.limits)).unwrap();
                let record = Box::new(record);
                self.tell(quick, Input::Lane { session, record });
            }
            Step::Load(query) => {
                let input = match run(self.store.ready(query)) {
                    Ok(page) => Input::Loaded {
                        campaign: query.campaign,
                        page,
                    },
                    Err(_) => Input::ReadFailed(ReadFailed::Load(query.campaign)),
                };
                self.tell(quick, input);
            }
            Step::LoadDoubts(query) => {
                let page = run(self.store.doubts(query)).unwrap();
                self.tell(quick, Input::DoubtsLoaded(page));
            }
            Step::MarkSilent { before, limit } => {
                let marked = run(self.store.mark_silent(before, limit)).unwrap();
                self.tell(quick, Input::SilentMarked(marked));
            }
            Step::Resolve(notice) => {
                let delivery = match &notice {
                    Notice::Ack { message_id, .. } | Notice::Echo { message_id, .. } => {
                        let known = run(self.store.delivery_of(message_id)).unwrap();
                        known.or_else(|| match &notice {
                            Notice::Echo {
                                to: Some(to),
                                kind: Some(kind),
                                text_hash,
                                ..
                            } => run(self.store.open_attempt(account(), *to, *kind, *text_hash))
                                .unwrap(),
                            _ => None,
                        })
                    }
                    _ => None,
                };
                self.tell(quick, Input::Resolved { notice, delivery });
            }
            Step::WaitUntil(_) | Step::Idle | Step::Stopped => {}
        }
    }

    fn commit(&mut self, batch: Arc<Batch>) {
        let takes = self.millis(1, 8);
        for change in &batch.changes {
            if matches!(
                change,
                Change::Campaign { .. } | Change::Sweep { .. } | Change::Answer { .. }
            ) {
                self.write_down(|| format!("{change:?}"));
            }
        }
        for change in &batch.changes {
            if let Change::Limits { limits, .. } = change {
                self.write_down(|| format!("zone {}", limits.zone));
                self.zones.push((self.now.wall, limits.zone.clone()));
            }
        }
        let effects = run(self.store.commit(batch)).unwrap();
        self.tell(takes, Input::Committed(effects));
    }
}

fn import(store: &MemoryStore, plan: &Plan, now: Now, expires_at: Option<Timestamp>) -> CampaignId {
    let message = MessageTemplate::text("Halo {{nama}}").unwrap();
    let definition = Definition {
        hours: plan.hours.clone(),
        expires_at,
        check: plan.check,
        ..Definition::new("simulation", session(), message)
    };
    let columns: [Box<str>; 1] = ["nama".into()];
    let id = run(store.create(&definition, &columns, now)).unwrap();
    run(store.import(id, people(0..plan.recipients), 0)).unwrap();
    run(store.freeze(id, now.stamp(BOOT))).unwrap();
    id
}

fn people(indices: Range<u32>) -> Vec<NewRecipient> {
    let person = |index| {
        let values = [format!("Orang {index}")];
        NewRecipient::new(u64::from(index) + 2, phone(index), values)
    };
    indices.map(person).collect()
}

/// The store in memory never waits.
fn run<T>(future: impl Future<Output = T>) -> T {
    future
        .now_or_never()
        .expect("a store in memory is always ready")
}

fn session() -> Session {
    Session::new("default")
}

fn account() -> Account {
    Account(PhoneNumber::from_digits(6_281_200_000_001).unwrap())
}

fn phone(index: u32) -> PhoneNumber {
    PhoneNumber::from_digits(6_281_300_000_000 + u64::from(index)).unwrap()
}
