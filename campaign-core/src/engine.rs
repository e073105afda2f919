//! The engine: inputs in, steps out. It decides who is written to, from which lane, when, and what a result means.
//!
//! [`Engine::handle`] takes what happened, [`Engine::next`] says what to do. Nothing is sent before its journal is known to
//! be durable: a [`Step::Send`] is offered only after [`Input::Committed`] of the batch that holds it. While one batch is being
//! committed the next one gathers, so there is no linger timer. Memory holds a bounded window of each campaign; the store has the rest.

mod chance;
mod commands;
mod compose;
mod job;
mod lane;
mod settle;
mod step;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::chance::Chance;
use self::commands::Waiting;
use self::job::Job;
use self::lane::{Hold, Lane};
use self::settle::Doubts;
pub use self::step::{Beginning, Input, ReadFailed, Settings, Step};
use crate::campaign::CampaignState;
use crate::clock::{BootId, Elapsed, Now};
use crate::delivery::{CampaignId, DeliveryId, Happening, Reason, State};
use crate::failure::{Next, Outcome, Trouble};
use crate::gateway::{Account, Notice, Observation, Readiness, Session};
use crate::limits::When;
use crate::message::{MessageKind, RenderedMessage};
use crate::message_id::MessageIds;
use crate::store::{
    Batch, Change, Effect, Happened, LaneId, LaneRecord, Lost, Ready, ReadyPage, Sweep,
};

/// A wall clock that moves by more than this against elapsed time has been set by somebody.
const CLOCK_JUMP: Duration = Duration::from_secs(60);
/// Deliveries that one sweep moves in one batch.
const SWEEP_BATCH: u32 = 5_000;
/// Notices with foreign ids that wait for their delivery to become known.
const PARKED_MAX: usize = 1_024;
/// A foreign id that nothing claims within this time is somebody else's.
const PARKED_FOR: Duration = Duration::from_secs(60);
/// How long a pause or cancel waits for what is in flight before it says how many are.
const QUIET_WAIT: Duration = Duration::from_secs(10);
/// A chat in which another attempt is open is tried again after this.
const BUSY_CHAT_WAIT: Duration = Duration::from_secs(15);
/// A session without sends or doubts is looked at so many times less often.
const QUIET_FACTOR: u32 = 30;
/// After a failed commit or reading the next try waits this long.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Decides. See the module.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    boot: BootId,
    ids: MessageIds,
    chance: Chance,
    sessions: BTreeMap<Session, SessionView>,
    lanes: BTreeMap<LaneId, Lane>,
    jobs: BTreeMap<CampaignId, Job>,
    flights: BTreeMap<DeliveryId, Flight>,
    doubts: Doubts,
    silent: Silent,
    /// Changes that wait for the next batch.
    changes: Vec<Change>,
    committing: Option<Committing>,
    not_before_commit: Option<Elapsed>,
    steps: VecDeque<Step>,
    /// When the first unanswered send gives its place in the limits free.
    release_at: Elapsed,
    /// When a send ended last.
    last_end: Elapsed,
    parked: VecDeque<(Elapsed, Notice)>,
    waiting: Vec<Waiting>,
    /// Both clocks as they were last seen in step.
    in_step: Option<Now>,
    /// The wall clock as it shows, where it is out of step.
    out_of_step: Option<jiff::Timestamp>,
    turn: usize,
    is_stopping: bool,
}

#[derive(Debug)]
struct Committing {
    batch: Arc<Batch>,
    journalled: Vec<DeliveryId>,
}

/// What is known of a session, whether or not it has a lane yet.
#[derive(Debug, Default)]
struct SessionView {
    lane: Option<LaneId>,
    jobs: Vec<CampaignId>,
    readiness: Option<Readiness>,
    /// What was last seen of it while it has no lane that could note it.
    seen: Option<(Observation, Now)>,
    is_observing: bool,
    is_opening: bool,
    observe_at: Elapsed,
}

/// An attempt from its journal to the end that is on record.
#[derive(Debug)]
struct Flight {
    ready: Ready,
    lane: LaneId,
    kind: MessageKind,
    message: Option<RenderedMessage>,
    started: Now,
    stage: Stage,
    deadline: Elapsed,
    foreign_id: Option<Box<str>>,
    again_after: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Journalling,
    Sending,
    /// Unanswered for so long that it no longer occupies its limits since that moment.
    Released(Elapsed),
    Closing,
}

#[derive(Debug, Default)]
struct Silent {
    is_marking: bool,
    next: Elapsed,
}

impl Engine {
    /// An engine that begins with a take-over and nothing else.
    pub fn new(settings: Settings, beginning: Beginning) -> Self {
        Self {
            chance: Chance::new(settings.seed, u64::MAX),
            boot: beginning.at.boot,
            ids: MessageIds::new(beginning.message_key),
            settings,
            sessions: BTreeMap::new(),
            lanes: BTreeMap::new(),
            jobs: BTreeMap::new(),
            flights: BTreeMap::new(),
            doubts: Doubts::default(),
            silent: Silent::default(),
            changes: Vec::new(),
            committing: None,
            not_before_commit: None,
            steps: VecDeque::new(),
            release_at: Elapsed::NEVER,
            last_end: beginning.at.elapsed,
            parked: VecDeque::new(),
            waiting: Vec::new(),
            in_step: None,
            out_of_step: None,
            turn: 0,
            is_stopping: false,
        }
    }

    /// Takes note of what happened.
    pub fn handle(&mut self, input: Input, now: Now) {
        let now = self.steady(now);
        match input {
            Input::Campaign(record) => self.campaign(*record, now),
            Input::Lane(record) => self.lane_opened(*record, now),
            Input::Loaded { campaign, page } => self.loaded(campaign, page, now),
            Input::DoubtsLoaded(page) => self.doubts.loaded(page, now),
            Input::SilentMarked(considered) => {
                self.silent.is_marking = false;
                let more = considered > 0;
                let pause = if self.is_quiet(now) {
                    self.settings.silence
                } else {
                    self.settings.silence / 6
                };
                self.silent.next = now.elapsed + if more { Duration::ZERO } else { pause };
                if more {
                    self.doubts.load_at(now.elapsed);
                }
            }
            Input::Resolved { notice, delivery } => self.resolved(notice, delivery, now),
            Input::Committed(effects) => self.committed(effects, now),
            Input::CommitFailed => self.commit_failed(now),
            Input::ReadFailed(what) => self.read_failed(what, now),
            Input::SendEnded { delivery, outcome } => self.send_ended(delivery, outcome, now),
            Input::FindEnded { delivery, found } => self.find_ended(delivery, found, now),
            Input::Observed {
                session,
                observation,
            } => self.observed(session, observation, now),
            Input::Noticed(notice) => self.noticed(notice, now),
            Input::Asked(id, command) => self.asked(id, command, now),
            Input::Stop => self.stop(),
        }
    }

    /// What to do now. Call it again until it answers [`Step::WaitUntil`], [`Step::Idle`] or [`Step::Stopped`].
    pub fn next(&mut self, now: Now) -> Step {
        let now = self.steady(now);
        self.release_unanswered(now);
        self.answer_quiet(now);
        if let Some(step) = self.steps.pop_front() {
            return step;
        }
        if self.committing.is_none()
            && self
                .not_before_commit
                .is_none_or(|moment| moment <= now.elapsed)
            && let Some(batch) = self.compose(now)
        {
            return Step::Commit(batch);
        }
        if let Some(step) = self.read_on(now) {
            return step;
        }
        if self.is_stopping && self.is_put_away() {
            return Step::Stopped;
        }
        match self.next_moment(now) {
            Some(moment) => Step::WaitUntil(moment),
            None => Step::Idle,
        }
    }

    /// Campaigns that still have something to send or to settle by themselves.
    pub fn is_busy(&self) -> bool {
        !self.flights.is_empty()
            || !self.changes.is_empty()
            || self.committing.is_some()
            || self
                .jobs
                .values()
                .any(|job| matches!(job.state, CampaignState::Running | CampaignState::Scheduled))
            || self.doubts.are_pending()
    }

    /// Where a campaign stands, and what it waits for.
    pub fn waits_for(&self, campaign: CampaignId, now: Now) -> Option<(CampaignState, WaitsFor)> {
        let job = self.jobs.get(&campaign)?;
        Some((job.state, self.waits(job, now)))
    }

    fn waits(&self, job: &Job, now: Now) -> WaitsFor {
        match job.state {
            CampaignState::Paused => return WaitsFor::Operator,
            CampaignState::Running | CampaignState::Scheduled => {}
            CampaignState::Completed if self.doubts.are_pending() => {
                return match self.lane_of(job.session()).and_then(|lane| lane.hold) {
                    Some(hold) if lane::lifts_by_itself(hold.trouble) => WaitsFor::Lane {
                        trouble: hold.trouble,
                        until: hold.until.since(now.elapsed),
                    },
                    _ => WaitsFor::Nothing,
                };
            }
            _ => return WaitsFor::Nothing,
        }
        if let Err(until) = job.open(now) {
            return WaitsFor::Hours {
                until: until.map(|moment| moment.since(now.elapsed)),
            };
        }
        let Some(lane) = self.lane_of(job.session()) else {
            let status = self
                .sessions
                .get(job.session())
                .and_then(|view| view.readiness.clone());
            return WaitsFor::Session { status };
        };
        if let Some(Hold { trouble, until }) = lane.hold {
            return WaitsFor::Lane {
                trouble,
                until: until.since(now.elapsed),
            };
        }
        match lane.pacer.when(now) {
            When::At(moment, limit) => WaitsFor::Limit {
                limit,
                until: moment.since(now.elapsed),
            },
            _ => WaitsFor::Nothing,
        }
    }

    fn campaign(&mut self, record: crate::store::CampaignRecord, now: Now) {
        let id = record.id;
        let session = record.definition.session.clone();
        let view = self.sessions.entry(session).or_default();
        if !view.jobs.contains(&id) {
            view.jobs.push(id);
        }
        match self.jobs.get_mut(&id) {
            Some(job) => {
                job.is_rereading = false;
                job.record = record;
                self.conclude(id, now);
            }
            None => {
                let mut job = Job::new(record);
                if job.state == CampaignState::Cancelled && !job.is_complete() {
                    job.sweep = Some(Sweep::Cancel);
                }
                self.steps.push_back(Step::Gate {
                    campaign: id,
                    is_open: matches!(job.state, CampaignState::Running | CampaignState::Scheduled),
                });
                self.jobs.insert(id, job);
                self.doubts.load_at(now.elapsed);
            }
        }
    }

    /// Moves a campaign on when its counters say that it has come to its end.
    fn conclude(&mut self, campaign: CampaignId, now: Now) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        if job.is_moving || job.sweep.is_some() {
            return;
        }
        let to = match job.state {
            CampaignState::Running if job.is_used_up() => {
                if job.is_complete() {
                    CampaignState::Completed
                } else {
                    // Somebody else moved deliveries back; they are in the store.
                    if job.record.counts.of(State::Scheduled) > 0 {
                        job.start_over();
                    }
                    return;
                }
            }
            // Somebody else moved deliveries back.
            CampaignState::Completed if job.record.counts.of(State::Scheduled) > 0 => {
                return self.wake(campaign);
            }
            CampaignState::Completed => {
                let since = *job.completed_at.get_or_insert(now.elapsed);
                if !job.is_settled() || now.elapsed.since(since) < self.settings.ack_time {
                    return;
                }
                CampaignState::Settled
            }
            _ => return,
        };
        job.is_moving = true;
        let from = job.state;
        self.changes.push(Change::Campaign { campaign, from, to });
    }

    fn lane_opened(&mut self, record: LaneRecord, now: Now) {
        let account = record.account;
        let opened = self.sessions.iter_mut().find(|(_, view)| view.is_opening);
        let Some((session, view)) = opened else {
            return;
        };
        view.is_opening = false;
        view.lane = Some(record.id);
        view.observe_at = now.elapsed;
        let seen = view.seen.take();
        let session = session.clone();
        let lane = match self.lanes.entry(record.id) {
            Entry::Occupied(entry) => {
                let lane = entry.into_mut();
                lane.move_to(session);
                lane
            }
            Entry::Vacant(entry) => {
                let lane = Lane::new(record, session, &self.settings, self.boot, now);
                entry.insert(lane)
            }
        };
        if let Some((observation, at)) = seen {
            lane.learn(&observation, self.boot, at);
        }
        debug_assert!(self.lanes.values().any(|lane| lane.account == account));
    }

    fn lane_of(&self, session: &Session) -> Option<&Lane> {
        self.lanes.get(&self.sessions.get(session)?.lane?)
    }

    fn loaded(&mut self, campaign: CampaignId, page: ReadyPage, now: Now) {
        let flights = &self.flights;
        if let Some(job) = self.jobs.get_mut(&campaign) {
            job.loaded(page, |delivery| flights.contains_key(&delivery), now);
        }
    }

    fn read_failed(&mut self, what: ReadFailed, now: Now) {
        let again = now.elapsed + STORE_PAUSE;
        match what {
            ReadFailed::Campaign(campaign) => {
                if let Some(job) = self.jobs.get_mut(&campaign) {
                    job.is_rereading = false;
                }
            }
            ReadFailed::Lane(session) => {
                if let Some(view) = self.sessions.get_mut(&session) {
                    view.is_opening = false;
                    view.observe_at = again;
                }
            }
            ReadFailed::Load(campaign) => {
                if let Some(job) = self.jobs.get_mut(&campaign) {
                    job.load_failed();
                }
            }
            ReadFailed::Doubts => self.doubts.load_failed(again),
            ReadFailed::Silent => {
                self.silent = Silent {
                    is_marking: false,
                    next: again,
                };
            }
        }
        self.not_before_commit = Some(again);
    }

    fn committed(&mut self, effects: Vec<Effect>, now: Now) {
        let Some(committing) = self.committing.take() else {
            return;
        };
        self.not_before_commit = None;
        let batch = committing.batch;
        for (change, effect) in batch.changes.iter().zip(effects) {
            self.take_effect(change, effect, now);
        }
        for delivery in committing.journalled {
            self.begin_sending(delivery, now);
        }
    }

    fn take_effect(&mut self, change: &Change, effect: Effect, now: Now) {
        self.answer_waiting(change, &effect);
        match change {
            Change::Journal(journal) => {
                if let Effect::Lost(lost) = effect {
                    self.journal_lost(journal.delivery, lost, now);
                }
            }
            Change::Happened(happened) => self.happened(happened, effect, now),
            Change::Campaign { campaign, to, .. } => {
                self.campaign_moved(*campaign, *to, &effect, now)
            }
            Change::Sweep {
                campaign,
                what,
                deliveries_max,
            } => self.swept(*campaign, *what, *deliveries_max, effect),
            Change::NewGeneration { delivery } => {
                if matches!(effect, Effect::Created(_)) {
                    self.wake(delivery.campaign());
                }
            }
            Change::LookNow { .. } => self.doubts.load_at(now.elapsed),
            Change::Looked { delivery, .. } => self.doubts.closed(*delivery),
            Change::Lane(_) | Change::Limits { .. } | Change::Answer { .. } => {}
        }
    }

    fn journal_lost(&mut self, delivery: DeliveryId, lost: Lost, now: Now) {
        let Some(flight) = self.flights.remove(&delivery) else {
            return;
        };
        self.give_back(flight.lane, flight.started);
        let window = self.settings.window;
        let Some(job) = self.jobs.get_mut(&delivery.campaign()) else {
            return;
        };
        job.in_flight = job.in_flight.saturating_sub(1);
        match lost {
            Lost::Suppressed => self
                .changes
                .push(happened(delivery, Happening::Skipped(Reason::Suppressed))),
            Lost::ChatBusy => job.put_off(flight.ready, now.elapsed + BUSY_CHAT_WAIT, window),
            Lost::NotOwner => {
                job.put_back(flight.ready);
                if let Some(lane) = self.lanes.remove(&flight.lane) {
                    let view = self.sessions.entry(lane.session).or_default();
                    view.lane = None;
                    view.observe_at = now.elapsed + STORE_PAUSE;
                }
            }
            Lost::Campaign(state) => {
                job.state = state;
                job.start_over();
            }
            // Somebody else moved it; what became of it is in the store.
            Lost::Delivery(_) | Lost::NotFound | Lost::NoGeneration => {}
        }
    }

    fn begin_sending(&mut self, delivery: DeliveryId, now: Now) {
        let Some(flight) = self.flights.get_mut(&delivery) else {
            return;
        };
        if flight.stage != Stage::Journalling {
            return;
        }
        flight.stage = Stage::Sending;
        self.release_at = self
            .release_at
            .min(flight.started.elapsed + self.settings.hold_horizon(flight.kind));
        let Some((message, lane)) = flight.message.take().zip(self.lanes.get(&flight.lane)) else {
            return;
        };
        debug_assert!(now.elapsed >= flight.started.elapsed);
        self.steps.push_back(Step::Send(crate::gateway::Sending {
            delivery,
            session: lane.session.clone(),
            to: flight.ready.phone,
            message_id: self.ids.encode(delivery),
            message,
            deadline: flight.deadline,
        }));
    }

    fn commit_failed(&mut self, now: Now) {
        let Some(committing) = self.committing.take() else {
            return;
        };
        self.not_before_commit = Some(now.elapsed + STORE_PAUSE);
        for delivery in committing.journalled {
            let Some(flight) = self.flights.remove(&delivery) else {
                continue;
            };
            self.give_back(flight.lane, flight.started);
            if let Some(job) = self.jobs.get_mut(&delivery.campaign()) {
                job.in_flight = job.in_flight.saturating_sub(1);
                job.put_back(flight.ready);
            }
        }
        let batch = Arc::unwrap_or_clone(committing.batch);
        let kept = batch
            .changes
            .into_iter()
            .filter(|change| !matches!(change, Change::Journal(_)));
        let since: Vec<Change> = self.changes.drain(..).collect();
        self.changes.extend(kept);
        self.changes.extend(since);
    }

    fn send_ended(&mut self, delivery: DeliveryId, outcome: Outcome, now: Now) {
        let Some(flight) = self.flights.get_mut(&delivery) else {
            return;
        };
        if flight.stage == Stage::Closing {
            return;
        }
        self.last_end = now.elapsed;
        let verdict = outcome.verdict();
        let stage = std::mem::replace(&mut flight.stage, Stage::Closing);
        let (lane_id, started, kind, counted) = (
            flight.lane,
            flight.started,
            flight.kind,
            flight.ready.attempts.saturating_add(1),
        );
        if let Outcome::Accepted {
            message_id: Some(id),
        } = &outcome
            && **id != *self.ids.encode(delivery)
        {
            flight.foreign_id = Some(id.clone());
        }
        let foreign_id = flight.foreign_id.clone();
        let given_back = matches!(verdict.next, Next::Hold | Next::Retry);
        let mut look_now = None;
        if let Some(lane) = self.lanes.get_mut(&lane_id) {
            let unit = lane.unit();
            match stage {
                Stage::Released(assumed) if !given_back => lane.pacer.ended_later(assumed, now),
                Stage::Released(_) => {}
                _ if given_back => lane.pacer.give_back(started),
                _ => lane.pacer.end(now, unit),
            }
            lane.judge(verdict.is_failure, &self.settings, now);
            if let Outcome::Accepted { message_id } = &outcome {
                lane.praise();
                if message_id.is_some() && lane.learn_id(kind, foreign_id.is_none()) {
                    look_now = Some(lane.session.clone());
                }
            }
            if let Some(trouble) = verdict.trouble {
                lane.hold_for(trouble, outcome.retry_after(), &self.settings, now);
                if let Some(view) = self.sessions.get_mut(&lane.session) {
                    view.observe_at = lane.hold.map_or(now.elapsed, |hold| hold.until);
                }
            }
        }
        if let Some(session) = look_now {
            self.look_again_at(&session);
        }
        let policy = self
            .jobs
            .get(&delivery.campaign())
            .map(|job| job.record.definition.retry.clone())
            .unwrap_or_default();
        let (happening, next) = match verdict.next {
            Next::Accepted => (Happening::Accepted, None),
            Next::Hold => (Happening::NotHandedOver { counts: false }, None),
            Next::Retry => {
                match policy.delay_after(counted, outcome.retry_after(), self.chance.unit()) {
                    Some(delay) => (Happening::NotHandedOver { counts: true }, Some(delay)),
                    None => (Happening::Exhausted, None),
                }
            }
            Next::Fail => (Happening::Refused, None),
            Next::Doubt(doubt) => (
                Happening::MaybeSent(doubt),
                Some(self.settings.first_look()),
            ),
        };
        if let Some(flight) = self.flights.get_mut(&delivery) {
            flight.again_after = next;
        }
        self.changes.push(Change::Happened(Happened {
            delivery,
            happening,
            ends_attempt: true,
            next: next.and_then(|wait| now.wall.checked_add(wait).ok()),
            foreign_id,
            message: outcome
                .message()
                .filter(|message| !message.is_empty())
                .map(Into::into),
        }));
    }

    /// What follows once a delivery's move is durable.
    fn happened(&mut self, change: &Happened, effect: Effect, now: Now) {
        let delivery = change.delivery;
        let campaign = delivery.campaign();
        let flight = if change.ends_attempt {
            self.flights.remove(&delivery)
        } else {
            None
        };
        let window = self.settings.window;
        let mut wake = false;
        if let Some(job) = self.jobs.get_mut(&campaign) {
            job.in_flight = job.in_flight.saturating_sub(u32::from(flight.is_some()));
            if let Effect::Moved { from, to } = &effect {
                if to.state == State::Scheduled {
                    match flight {
                        Some(flight) => {
                            let ready = Ready {
                                attempts: to.attempts,
                                ..flight.ready
                            };
                            match flight.again_after {
                                Some(delay) => job.put_off(ready, now.elapsed + delay, window),
                                None => job.put_back(ready),
                            }
                        }
                        None => wake = from.state != State::Scheduled,
                    }
                }
                if to.state == State::Unconfirmed {
                    let look = now.elapsed + self.settings.first_look();
                    self.doubts.load_at(look);
                }
            }
        }
        if change.foreign_id.is_some() {
            self.unpark();
        }
        if wake {
            self.wake(campaign);
        }
        self.doubts.closed(delivery);
    }

    /// There is something to send again for a campaign that may have come to its end.
    fn wake(&mut self, campaign: CampaignId) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.start_over();
        if job.is_moving {
            // It may be on its way to its end.
            job.is_woken = true;
        } else if matches!(job.state, CampaignState::Completed | CampaignState::Settled) {
            job.is_moving = true;
            let from = job.state;
            self.changes.push(Change::Campaign {
                campaign,
                from,
                to: CampaignState::Running,
            });
        }
    }

    fn campaign_moved(
        &mut self,
        campaign: CampaignId,
        to: CampaignState,
        effect: &Effect,
        now: Now,
    ) {
        let Some(job) = self.jobs.get_mut(&campaign) else {
            return;
        };
        job.is_moving = false;
        match effect {
            Effect::Done => job.state = to,
            Effect::Lost(Lost::Campaign(state)) => job.state = *state,
            _ => return,
        }
        match job.state {
            CampaignState::Cancelled => job.sweep = Some(Sweep::Cancel),
            CampaignState::Completed => job.completed_at = Some(now.elapsed),
            CampaignState::Running => job.start_over(),
            _ => {}
        }
        let is_open = job.state == CampaignState::Running;
        let is_woken = std::mem::take(&mut job.is_woken);
        self.steps.push_back(Step::Gate { campaign, is_open });
        if is_woken {
            self.wake(campaign);
        }
    }

    fn swept(&mut self, campaign: CampaignId, what: Sweep, deliveries_max: u32, effect: Effect) {
        let Effect::Swept(count) = effect else { return };
        let is_retry = matches!(what, Sweep::Retry(_));
        if let Some(job) = self.jobs.get_mut(&campaign) {
            if count >= deliveries_max {
                job.sweep = Some(what);
            } else if !is_retry {
                // What memory still holds of it was swept in the store.
                job.start_over();
            }
        }
        if is_retry && count > 0 {
            self.wake(campaign);
        }
    }

    fn noticed(&mut self, notice: Notice, now: Now) {
        match &notice {
            Notice::Ack { message_id, .. } | Notice::Echo { message_id, .. } => {
                match self.ids.decode(message_id) {
                    Some(delivery) => self.resolved(notice, Some(delivery), now),
                    None if self.steps.len() < PARKED_MAX => {
                        self.steps.push_back(Step::Resolve(notice))
                    }
                    None => {}
                }
            }
            Notice::Status {
                session,
                readiness,
                account,
            } => self.session_changed(&session.clone(), readiness.clone(), *account, now),
            // What may have been missed is found by looking: silence and doubts have their look-ups.
            Notice::Gap { session } => {
                for (name, view) in &mut self.sessions {
                    if session.as_ref().is_none_or(|session| session == name) {
                        view.observe_at = now.elapsed;
                    }
                }
            }
        }
    }

    fn resolved(&mut self, notice: Notice, delivery: Option<DeliveryId>, now: Now) {
        let Some(delivery) = delivery else {
            self.parked
                .retain(|(since, _)| now.elapsed.since(*since) < PARKED_FOR);
            if self.parked.len() < PARKED_MAX {
                self.parked.push_back((now.elapsed, notice));
            }
            return;
        };
        let (ack, account, message_id, kind) = match notice {
            Notice::Ack {
                ack,
                account,
                message_id,
                ..
            } => (ack, account, message_id, None),
            Notice::Echo {
                account,
                message_id,
                kind,
                ..
            } => (crate::delivery::Ack::Pending, account, message_id, kind),
            Notice::Status { .. } | Notice::Gap { .. } => return,
        };
        let is_ours = self.ids.decode(&message_id) == Some(delivery);
        if let Some(flight) = self.flights.get_mut(&delivery) {
            let Some(lane) = self.lanes.get_mut(&flight.lane) else {
                return;
            };
            if account.is_some_and(|account| account != lane.account) {
                return;
            }
            if !is_ours {
                flight.foreign_id = Some(message_id.clone());
            }
            if kind.is_some_and(|kind| lane.learn_id(kind, is_ours)) {
                let session = lane.session.clone();
                self.look_again_at(&session);
            }
        }
        self.changes.push(Change::Happened(Happened {
            delivery,
            happening: Happening::Evidence(ack),
            ends_attempt: false,
            next: None,
            foreign_id: (!is_ours).then_some(message_id),
            message: None,
        }));
    }

    /// Ids have proved to be honoured, or the session is back: doubts that lacked nothing else can be settled now.
    fn look_again_at(&mut self, session: &Session) {
        let campaigns = self
            .sessions
            .get(session)
            .map(|view| view.jobs.clone())
            .unwrap_or_default();
        self.changes.extend(
            campaigns
                .into_iter()
                .map(|campaign| Change::LookNow { campaign }),
        );
    }

    /// A foreign id has become known: notices that wait may be about it.
    fn unpark(&mut self) {
        for (_, notice) in self.parked.drain(..) {
            self.steps.push_back(Step::Resolve(notice));
        }
    }

    fn observed(&mut self, session: Session, observation: Observation, now: Now) {
        let is_quiet = self.is_quiet(now);
        let Some(view) = self.sessions.get_mut(&session) else {
            return;
        };
        view.is_observing = false;
        view.observe_at =
            now.elapsed + self.settings.observe_every * if is_quiet { QUIET_FACTOR } else { 1 };
        let lane = view.lane;
        self.session_changed(
            &session,
            observation.readiness.clone(),
            observation.account,
            now,
        );
        let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(&lane)) else {
            if let Some(view) = self.sessions.get_mut(&session) {
                view.seen = Some((observation, now));
            }
            return;
        };
        lane.learn(&observation, self.boot, now);
        let is_held = lane
            .hold
            .is_some_and(|hold| hold.trouble == Trouble::ClockJumped);
        let shown = self.out_of_step.unwrap_or(now.wall);
        if is_held
            && observation
                .server_time
                .is_some_and(|server| apart(server, shown) <= CLOCK_JUMP)
        {
            self.believe_the_clock(now);
        }
    }

    fn session_changed(
        &mut self,
        session: &Session,
        readiness: Readiness,
        account: Option<Account>,
        now: Now,
    ) {
        let Some(view) = self.sessions.get_mut(session) else {
            return;
        };
        view.readiness = Some(readiness.clone());
        let lane = view.lane.and_then(|lane| self.lanes.get_mut(&lane));
        let trouble = match readiness {
            Readiness::Working => None,
            Readiness::NotReady(_) | Readiness::Missing => Some(Trouble::SessionNotReady),
            Readiness::Unauthorized => Some(Trouble::Unauthorized),
            Readiness::Unreachable => Some(Trouble::Unreachable),
        };
        let Some(lane) = lane else {
            // Without a lane there is nothing to hold; opening one waits for a session that works.
            if let (Readiness::Working, Some(account), false) =
                (&readiness, account, view.is_opening)
            {
                view.is_opening = true;
                self.steps.push_back(Step::OpenLane {
                    account,
                    session: session.clone(),
                });
            } else if readiness != Readiness::Working {
                view.observe_at = view.observe_at.min(now.elapsed + self.settings.hold_min);
            }
            return;
        };
        if account.is_some_and(|account| account != lane.account) && readiness == Readiness::Working
        {
            lane.interrupted();
            view.lane = None;
            view.observe_at = now.elapsed;
            return;
        }
        match trouble {
            Some(trouble) => {
                lane.hold_for(trouble, None, &self.settings, now);
                view.observe_at = lane.hold.map_or(now.elapsed, |hold| hold.until);
            }
            None => {
                let away = lane.is_well(now);
                let lifts = lane.hold.is_some_and(|hold| {
                    let is_over = hold.trouble != Trouble::ClockJumped && hold.until <= now.elapsed;
                    is_over || lane::lifts_by_itself(hold.trouble)
                });
                if lifts {
                    lane.release();
                }
                if away > self.settings.hold_max {
                    // Looks at doubts may have been used up in the meantime.
                    self.look_again_at(session);
                }
            }
        }
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        for campaign in self.jobs.keys() {
            self.steps.push_back(Step::Gate {
                campaign: *campaign,
                is_open: false,
            });
        }
    }

    fn is_put_away(&self) -> bool {
        self.flights.is_empty() && self.changes.is_empty() && self.committing.is_none()
    }

    /// This moment, with a wall clock that moves as elapsed time does.
    ///
    /// When somebody sets the wall clock, hours, expiry and the calendar day go on as they were and the lanes are held, until
    /// the server's clock or the operator bears the new time out, or the clock is set right again.
    fn steady(&mut self, now: Now) -> Now {
        let Some(before) = self.in_step else {
            self.in_step = Some(now);
            return now;
        };
        let expected = before
            .wall
            .checked_add(now.elapsed.since(before.elapsed))
            .unwrap_or(before.wall);
        if apart(now.wall, expected) <= CLOCK_JUMP {
            self.in_step = Some(now);
            if self.out_of_step.take().is_some() {
                self.release_clock_holds();
            }
            return now;
        }
        let steady = Now {
            wall: expected,
            ..now
        };
        if self.out_of_step.replace(now.wall).is_none() {
            for lane in self.lanes.values_mut() {
                lane.hold_for(Trouble::ClockJumped, None, &self.settings, steady);
                if let Some(view) = self.sessions.get_mut(&lane.session) {
                    view.observe_at = now.elapsed;
                }
            }
        }
        steady
    }

    /// The time that the wall clock shows is right after all.
    fn believe_the_clock(&mut self, now: Now) {
        if let Some(wall) = self.out_of_step.take() {
            self.in_step = Some(Now { wall, ..now });
        }
        self.release_clock_holds();
    }

    fn release_clock_holds(&mut self) {
        for lane in self.lanes.values_mut() {
            if lane
                .hold
                .is_some_and(|hold| hold.trouble == Trouble::ClockJumped)
            {
                lane.release();
            }
        }
    }

    /// Sends that nobody answered for the hold horizon give their place in the limits free.
    fn release_unanswered(&mut self, now: Now) {
        if now.elapsed < self.release_at {
            return;
        }
        self.release_at = Elapsed::NEVER;
        for flight in self
            .flights
            .values_mut()
            .filter(|flight| flight.stage == Stage::Sending)
        {
            let release_at = flight.started.elapsed + self.settings.hold_horizon(flight.kind);
            if release_at > now.elapsed {
                self.release_at = self.release_at.min(release_at);
                continue;
            }
            if let Some(lane) = self.lanes.get_mut(&flight.lane) {
                let unit = lane.unit();
                lane.pacer.end(now, unit);
            }
            flight.stage = Stage::Released(now.elapsed);
        }
    }

    /// Nothing has been sent for a while and nothing is in doubt: sessions need no close watch.
    fn is_quiet(&self, now: Now) -> bool {
        self.flights.is_empty()
            && !self.doubts.are_pending()
            && now.elapsed.since(self.last_end) > self.settings.silence * 2
    }

    fn give_back(&mut self, lane: LaneId, started: Now) {
        if let Some(lane) = self.lanes.get_mut(&lane) {
            lane.pacer.give_back(started);
        }
    }

    fn next_moment(&self, now: Now) -> Option<Elapsed> {
        let jobs = self.jobs.values().filter_map(|job| job.next_moment(now));
        let lanes = self
            .jobs
            .values()
            .filter(|job| job.has_work(now))
            .filter_map(|job| self.lane_moment(job, now));
        let sessions = self
            .sessions
            .values()
            .filter(|view| !view.is_observing && !view.is_opening && self.is_watched(view))
            .map(|view| view.observe_at);
        let doubts = self.doubts.next_moment();
        let silent = (!self.silent.is_marking && !self.jobs.is_empty()).then_some(self.silent.next);
        let concluding = self
            .jobs
            .values()
            .filter_map(|job| Some(job.completed_at? + self.settings.ack_time));
        jobs.chain(lanes)
            .chain(sessions)
            .chain((self.release_at < Elapsed::NEVER).then_some(self.release_at))
            .chain(concluding)
            .chain(doubts)
            .chain(silent)
            .chain(self.not_before_commit)
            .filter(|moment| *moment > now.elapsed)
            .min()
    }

    fn lane_moment(&self, job: &Job, now: Now) -> Option<Elapsed> {
        if let Err(until) = job.open(now) {
            return until;
        }
        let lane = self.lane_of(job.session())?;
        if let Some(hold) = lane.hold {
            return Some(hold.until);
        }
        match lane.pacer.when(now) {
            When::At(moment, _) => Some(moment),
            When::Now | When::AfterAnEnd(_) => None,
        }
    }

    /// Whether a session has a campaign that needs it.
    fn is_watched(&self, view: &SessionView) -> bool {
        view.jobs.iter().any(|campaign| {
            self.jobs
                .get(campaign)
                .is_some_and(|job| job.state.is_live())
        })
    }
}

/// What a campaign waits for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "waits_for")]
pub enum WaitsFor {
    /// Nothing: it sends, or it has ended.
    Nothing,
    /// Its sending hours, or its start.
    Hours {
        /// How much longer; `None`: for ever.
        until: Option<Duration>,
    },
    /// A limit of its lane.
    Limit {
        /// Which.
        limit: crate::limits::Limit,
        /// How much longer.
        until: Duration,
    },
    /// A lane in trouble.
    Lane {
        /// What trouble.
        trouble: Trouble,
        /// Looked at again after this.
        until: Duration,
    },
    /// A session that is not WORKING yet.
    Session {
        /// Its status, when it is known.
        #[serde(serialize_with = "show_readiness")]
        status: Option<Readiness>,
    },
    /// The operator.
    Operator,
}

fn show_readiness<S: serde::Serializer>(
    status: &Option<Readiness>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match status {
        None => serializer.serialize_none(),
        Some(Readiness::NotReady(name)) => serializer.serialize_str(name),
        Some(other) => serializer.serialize_str(&format!("{other:?}").to_uppercase()),
    }
}

fn apart(one: jiff::Timestamp, other: jiff::Timestamp) -> Duration {
    Duration::try_from(one.duration_since(other).abs()).unwrap_or(Duration::MAX)
}

fn happened(delivery: DeliveryId, happening: Happening) -> Change {
    Change::Happened(Happened {
        delivery,
        happening,
        ends_attempt: false,
        next: None,
        foreign_id: None,
        message: None,
    })
}
