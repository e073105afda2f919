//! The async loop: ask the engine, do the step, report back. It decides nothing.
//!
//! [`Driver::start`] becomes the runner of a store, or one of its workers, and works on every live campaign in it until it is stopped. Steps are
//! carried out side by side; commits one after the other. Commands that other processes leave in the store are read
//! several times a second. What changes is told as it becomes durable ([`Handle::events`]).

mod duty;
mod listening;
mod once;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Mutex, Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use self::duty::{Duty, Renewal};
use self::listening::Telling;
pub use self::listening::{Events, Heard};
pub use self::once::Sent;
use crate::campaign::CampaignState;
use crate::clock::{Clock, Elapsed, SharedClock};
use crate::consent::make_confirmations;
use crate::delivery::{CampaignId, DeliveryId, State};
use crate::engine::{
    Beginning, Engine, Input, ReadFailed, SHARED_LIMITS_OF_ONE, Settings, Step, WaitsFor,
};
use crate::event::{Event, Narrator};
use crate::gateway::{Gateway, Guard, Notice};
use crate::limits::{LaneLimits, Limit};
use crate::store::{
    Batch, CampaignQuery, CampaignRecord, Command, CommandId, Effect, News, Roster, Store,
    StoreError, Workers,
};

/// How often commands are looked for, in real time: the runner must obey within a second.
const COMMANDS_EVERY: Duration = Duration::from_millis(250);
/// Events from outside that wait for the engine; whoever brings more waits.
const NOTICES_MAX: usize = 4_096;

/// What a driver is given.
#[derive(Clone)]
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The way to WhatsApp.
    pub gateway: Arc<dyn Gateway>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The engine's waits and bounds.
    pub settings: Settings,
    /// Limits for accounts that have none of their own yet.
    pub limits: LaneLimits,
    /// The same store, where several workers share it: the driver becomes one of them, and goes by the database's clock.
    pub workers: Option<Arc<dyn Workers>>,
}

impl Parts {
    /// With the waits and limits that are right for a real account: paced, capped per day.
    pub fn new(store: Arc<dyn Store>, gateway: Arc<dyn Gateway>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            gateway,
            clock,
            settings: Settings::default(),
            limits: LaneLimits::default(),
            workers: None,
        }
    }
}

/// Why a driver ended without being stopped.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// It is not known whether the last batch is durable. Starting again finds out.
    #[error("{0}. Start again: what is in doubt will be looked up first")]
    CommitUnknown(#[source] StoreError),
    /// The store could not be taken over.
    #[error(transparent)]
    TakeOver(StoreError),
    /// The lease of this worker was over, and others may be sending what it attended. What it had under way is looked up by them. Starting
    /// again joins them.
    #[error(transparent)]
    Dismissed(StoreError),
}

/// What the runner is doing, for whoever watches it.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Status {
    /// Something is still to be sent, or to be settled without a person.
    pub is_busy: bool,
    /// Each campaign at work, and what it waits for. Single messages that wait for nothing but their turn are left out: there may be
    /// thousands.
    pub campaigns: BTreeMap<u32, CampaignStatus>,
}

/// A campaign at work.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CampaignStatus {
    /// Where it stands.
    pub state: CampaignState,
    /// What it waits for.
    #[serde(flatten)]
    pub waits_for: WaitsFor,
}

/// Talks to a driver that runs.
#[derive(Clone)]
pub struct Handle {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    notices: mpsc::Sender<Input>,
    look_now: Arc<Notify>,
    telling: Telling,
    status: watch::Receiver<Status>,
    failing: watch::Receiver<Option<Arc<StoreError>>>,
    roster: watch::Receiver<Option<Roster>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &*self.status.borrow();
        f.debug_struct("Handle")
            .field("status", status)
            .finish_non_exhaustive()
    }
}

impl Handle {
    /// Brings an event. Waits while too many are waiting; does nothing once the driver has ended.
    pub async fn notify(&self, notice: Notice) {
        let _ended = self.notices.send(Input::Noticed(notice)).await;
    }

    /// Asks the driver to finish what is in flight, begin nothing, and end.
    pub async fn stop(&self) {
        let _ended = self.notices.send(Input::Stop).await;
    }

    /// Waits until nothing of a campaign is left to be sent or looked up: it is completed or cancelled, and what is still in doubt
    /// waits for a person. Acknowledgements may come after that, while the driver runs.
    ///
    /// A campaign that is paused, or never started, is not over. When the driver ends first, that is the end of the wait: the
    /// record tells how far it came.
    ///
    /// # Errors
    /// When the store cannot be read, or has no such campaign.
    pub async fn over(&self, campaign: CampaignId) -> Result<CampaignRecord, StoreError> {
        let mut looks = tokio::time::interval(COMMANDS_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.notices.closed() => return self.record(campaign).await,
                _ = looks.tick() => {}
            }
            if let Some(record) = self.record_when_over(campaign).await? {
                return Ok(record);
            }
        }
    }

    async fn record(&self, campaign: CampaignId) -> Result<CampaignRecord, StoreError> {
        record(&*self.store, campaign).await
    }

    async fn record_when_over(
        &self,
        campaign: CampaignId,
    ) -> Result<Option<CampaignRecord>, StoreError> {
        // Commands first: what an answered one has changed is in the record that is read after it.
        let commands = self.store.open_commands().await?;
        let record = self.record(campaign).await?;
        let is_asked = commands
            .iter()
            .any(|(_, command)| command.campaign() == Some(campaign));
        let has_open = [State::Scheduled, State::Sending]
            .into_iter()
            .any(|state| record.counts.of(state) > 0);
        let has_ended = matches!(
            record.state,
            CampaignState::Completed | CampaignState::Settled | CampaignState::Cancelled
        );
        if !has_ended || is_asked || has_open || !self.store.is_looked_up(&record).await? {
            return Ok(None);
        }
        Ok(Some(record))
    }

    /// What changes from now on, in order, each as soon as it is durable.
    ///
    /// Sending never waits for who listens: whoever is slow loses events, and is told how many.
    pub fn events(&self) -> Events {
        self.telling.listen()
    }

    /// What the runner is doing; renewed several times a second.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// What this worker attends, and how many workers there are; renewed with its lease. Empty until then, and for a process that sends alone.
    pub fn roster(&self) -> watch::Receiver<Option<Roster>> {
        self.roster.clone()
    }

    /// Why the store took nothing, or could not be read, the last time it was asked to; empty while it works. The driver tries again by itself:
    /// somebody should be told to free the disk, or whatever it is.
    pub fn store_failure(&self) -> watch::Receiver<Option<Arc<StoreError>>> {
        self.failing.clone()
    }
}

/// The runner of a store.
pub struct Driver {
    parts: Parts,
    engine: Engine,
    narrator: Narrator,
    telling: Telling,
    /// Told when it runs, so that who listens from the start hears it.
    began: Option<Event>,
    gates: BTreeMap<CampaignId, Arc<AtomicBool>>,
    /// Sends under way, and whether their bodies are to be withheld.
    withheld: BTreeMap<DeliveryId, Arc<AtomicBool>>,
    duty: Option<Duty>,
    asked: BTreeSet<CommandId>,
    /// Held while confirmations are being made.
    confirming: Arc<Mutex<()>>,
    tasks: JoinSet<Told>,
    notices: mpsc::Receiver<Input>,
    /// There are new commands.
    look_now: Arc<Notify>,
    reading: Reading,
    status: watch::Sender<Status>,
    failing: watch::Sender<Option<Arc<StoreError>>>,
    roster: watch::Sender<Option<Roster>>,
    /// What failed was a reading: the next one that does not fail shows that the store works.
    is_unreadable: bool,
}

/// How the reading of commands goes.
#[derive(Debug, Default)]
struct Reading {
    is_under_way: bool,
    /// Somebody has left a command since it began.
    is_wanted: bool,
    /// Word to leave for others beside it.
    word: Option<String>,
}

/// What a step that was carried out reports.
enum Told {
    Input(Input),
    Read(Result<Input, (ReadFailed, StoreError)>),
    Committed(Arc<Batch>, Vec<Effect>),
    Nothing,
    Campaigns(Vec<CampaignRecord>),
    Commands(Vec<(CommandId, Command)>),
    CommandsUnread,
    Renewed(Renewal),
    Heard(BTreeSet<News>),
    Dismissed(StoreError),
    CommitFailed(StoreError),
    CommitUnknown(StoreError),
}

impl Driver {
    /// Becomes the runner of the store.
    ///
    /// # Errors
    /// [`DriverError::TakeOver`] when another process is the runner, or when the store fails; for one of several workers also when there are
    /// limits above the accounts, which one process counts.
    pub async fn start(mut parts: Parts) -> Result<(Driver, Handle), DriverError> {
        let at = parts.clock.now().stamp(parts.clock.boot());
        let taken = match &parts.workers {
            Some(workers) => workers.join(at).await,
            None => parts.store.take_over(at).await,
        };
        let taken = taken.map_err(DriverError::TakeOver)?;
        let duty = parts.workers.as_ref().map(|workers| {
            let clock = Arc::new(SharedClock::new(Arc::clone(&parts.clock), taken.at));
            Duty::new(Arc::clone(workers), clock)
        });
        if let Some(duty) = &duty {
            parts.clock = Arc::clone(&duty.clock) as Arc<dyn Clock>;
        }
        let records = parts
            .store
            .campaigns(&CampaignQuery::Live)
            .await
            .map_err(DriverError::TakeOver)?;
        let hidden = parts
            .store
            .hidden_opt_outs()
            .await
            .map_err(DriverError::TakeOver)?;
        let shared = parts
            .store
            .shared_limits()
            .await
            .map_err(DriverError::TakeOver)?;
        if duty.is_some() && !shared.is_empty() {
            parts
                .store
                .step_down()
                .await
                .map_err(DriverError::TakeOver)?;
            return Err(DriverError::TakeOver(StoreError::Refused(
                SHARED_LIMITS_OF_ONE.into(),
            )));
        }
        let engine = Engine::new(
            parts.settings.clone(),
            Beginning {
                message_key: taken.message_key,
                at: taken.at,
                accounts: taken.accounts.clone(),
                shared,
                is_worker: duty.is_some(),
            },
        );
        let mut narrator = Narrator::default();
        let telling = Telling::new();
        let for_listeners = telling.for_listeners();
        let began = narrator.began(&taken);
        let (store, clock) = (Arc::clone(&parts.store), Arc::clone(&parts.clock));
        let (notify, notices) = mpsc::channel(NOTICES_MAX);
        let look_now = Arc::new(Notify::new());
        let (status, watched) = watch::channel(Status::default());
        let (failing, failures) = watch::channel(None);
        let (roster, rosters) = watch::channel(None);
        let mut driver = Driver {
            parts,
            engine,
            narrator,
            telling,
            began: Some(began),
            gates: BTreeMap::new(),
            withheld: BTreeMap::new(),
            duty,
            asked: BTreeSet::new(),
            confirming: Arc::default(),
            tasks: JoinSet::new(),
            notices,
            look_now: Arc::clone(&look_now),
            reading: Reading::default(),
            status,
            failing,
            roster,
            is_unreadable: false,
        };
        let now = driver.parts.clock.now();
        driver.engine.handle(Input::HiddenOptOuts(hidden), now);
        driver.introduce(records);
        driver.renew();
        driver.carry_out(Step::Confirm);
        let handle = Handle {
            store,
            clock,
            notices: notify,
            look_now,
            telling: for_listeners,
            status: watched,
            failing: failures,
            roster: rosters,
        };
        Ok((driver, handle))
    }

    /// Works until it is stopped. The store's lock is given back at the end.
    ///
    /// # Errors
    /// [`DriverError::CommitUnknown`] when it cannot be told whether the last batch is durable.
    pub async fn run(mut self) -> Result<(), DriverError> {
        let mut poll = tokio::time::interval(COMMANDS_EVERY);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.telling.tell(self.began.take());
        let ended = loop {
            let wake_at = match self.engine.next(self.parts.clock.now()) {
                Step::WaitUntil(moment) => moment,
                Step::Idle => Elapsed::NEVER,
                Step::Stopped => break Ok(()),
                step => {
                    self.carry_out(step);
                    // Results and events are taken in between steps, so that none of them waits for a long row of steps.
                    match self.tasks.try_join_next() {
                        Some(told) => {
                            if let Err(error) = self.told(told) {
                                break Err(error);
                            }
                        }
                        None => self.take_notices(),
                    }
                    continue;
                }
            };
            let clock = Arc::clone(&self.parts.clock);
            let look_now = Arc::clone(&self.look_now);
            tokio::select! {
                biased;
                Some(told) = self.tasks.join_next() => {
                    if let Err(error) = self.told(told) {
                        break Err(error);
                    }
                }
                Some(input) = self.notices.recv() => self.notice(input),
                _ = poll.tick() => self.look_around(),
                () = look_now.notified() => self.read_commands(),
                () = clock.wait_until(wake_at) => {}
            }
        };
        for gate in self.gates.values() {
            gate.store(true, Ordering::Release);
        }
        let stepped_down = self.parts.store.step_down().await;
        self.telling
            .tell([self.narrator.ended(self.parts.clock.now().wall)]);
        ended.and(stepped_down.map_err(DriverError::TakeOver))
    }

    fn take_notices(&mut self) {
        while let Ok(input) = self.notices.try_recv() {
            self.notice(input);
        }
    }

    fn notice(&mut self, input: Input) {
        if matches!(input, Input::Stop) {
            self.retire();
        }
        self.engine.handle(input, self.parts.clock.now());
    }

    /// Tells the engine of campaigns that it does not know; whether there are such that are its own.
    fn introduce(&mut self, records: Vec<CampaignRecord>) -> bool {
        let mut are_new = false;
        for record in records {
            let id = record.id;
            if !self.engine.knows(id) && self.engine.attends_any(&record.definition.sessions) {
                self.engine
                    .handle(Input::Campaign(Box::new(record)), self.parts.clock.now());
                are_new |= self.engine.knows(id);
            }
        }
        are_new
    }

    fn told(&mut self, told: Result<Told, tokio::task::JoinError>) -> Result<(), DriverError> {
        let now = self.parts.clock.now();
        match told {
            Ok(Told::Input(input)) => {
                if let Input::SendEnded { delivery, .. } = &input {
                    self.withheld.remove(delivery);
                }
                self.engine.handle(input, now);
            }
            Ok(Told::Read(Ok(input))) => {
                if std::mem::take(&mut self.is_unreadable) {
                    self.store_works();
                }
                if let Input::Lane { record, .. } = &input {
                    self.narrator.opened(record);
                }
                self.engine.handle(input, now);
            }
            Ok(Told::Read(Err((ReadFailed::Lane(session), StoreError::Attended)))) => {
                // Which of them is whose has changed.
                self.renew();
                self.engine
                    .handle(Input::AttendedElsewhere { session }, now);
            }
            Ok(Told::Dismissed(error) | Told::Read(Err((_, error @ StoreError::Dismissed)))) => {
                return Err(DriverError::Dismissed(error));
            }
            Ok(Told::Renewed(renewal)) => return self.renewed(renewal),
            Ok(Told::Heard(news)) => self.heard(news),
            Ok(Told::Read(Err((what, error)))) => {
                self.is_unreadable = true;
                self.failing.send_replace(Some(Arc::new(error)));
                self.engine.handle(Input::ReadFailed(what), now);
            }
            Ok(Told::Committed(batch, effects)) => {
                self.store_works();
                self.telling.tell(self.narrator.committed(&batch, &effects));
                self.engine.handle(Input::Committed(effects), now);
            }
            Ok(Told::CommitFailed(error)) => {
                self.is_unreadable = false;
                self.failing.send_replace(Some(Arc::new(error)));
                self.engine.handle(Input::CommitFailed, now);
            }
            Ok(Told::Nothing) => {}
            Ok(Told::Campaigns(records)) => {
                if self.introduce(records) {
                    // They were asked for because of commands.
                    self.read_commands();
                }
            }
            Ok(Told::CommandsUnread) => self.commands_read(),
            Ok(Told::Commands(commands)) => {
                self.commands_read();
                let open: BTreeSet<CommandId> = commands.iter().map(|(id, _)| *id).collect();
                self.asked.retain(|id| open.contains(id));
                let mut unknown = Vec::new();
                for (id, command) in commands {
                    match command.campaign() {
                        Some(campaign) if !self.engine.knows(campaign) => unknown.push(campaign),
                        _ if self.engine.obeys(&command) && self.asked.insert(id) => {
                            self.engine.handle(Input::Asked(id, command), now);
                        }
                        _ => {}
                    }
                }
                if !unknown.is_empty() {
                    self.get_to_know(CampaignQuery::These(unknown));
                }
            }
            Ok(Told::CommitUnknown(error)) => return Err(DriverError::CommitUnknown(error)),
            // A step that panicked or was aborted leaves its delivery in `sending`; the next take-over finds it.
            Err(error) => {
                let error = StoreError::Unknown(Box::new(error));
                return Err(DriverError::CommitUnknown(error));
            }
        }
        Ok(())
    }

    fn store_works(&self) {
        self.failing
            .send_if_modified(|failing| failing.take().is_some());
    }

    /// Looks for commands, and leaves word of what is being done.
    fn look_around(&mut self) {
        let now = self.parts.clock.now();
        let engine = &self.engine;
        self.gates.retain(|campaign, _| engine.knows(*campaign));
        self.narrator.forget(|campaign| engine.knows(campaign));
        let mut campaigns = BTreeMap::new();
        for campaign in engine.campaigns() {
            let Some((state, waits_for)) = engine.waits_for(campaign, now) else {
                continue;
            };
            let waits_for = match waits_for {
                // From one message to the next is how it sends.
                WaitsFor::Limit {
                    limit: Limit::Gap, ..
                } => WaitsFor::Nothing,
                other => other,
            };
            self.telling
                .tell(self.narrator.waits(campaign, &waits_for, now.wall));
            if waits_for == WaitsFor::Nothing && engine.is_single(campaign) {
                continue;
            }
            campaigns.insert(campaign.number(), CampaignStatus { state, waits_for });
        }
        let status = Status {
            campaigns,
            is_busy: engine.is_busy(),
        };
        let word = serde_json::to_string(&status).unwrap_or_default();
        let has_news = self.status.send_if_modified(|known| {
            let is_new = *known != status;
            *known = status;
            is_new
        });
        if has_news {
            self.reading.word = Some(word);
        }
        self.attend(now.elapsed);
        self.read_commands();
    }

    /// Looks for commands, one look at a time.
    fn read_commands(&mut self) {
        if self.reading.is_under_way {
            self.reading.is_wanted = true;
            return;
        }
        self.reading.is_under_way = true;
        let word = self.reading.word.take();
        let store = Arc::clone(&self.parts.store);
        self.tasks.spawn(async move {
            if let Some(word) = word {
                // Only for people to read; the next word comes soon.
                let _unread = store.publish(&word).await;
            }
            store
                .open_commands()
                .await
                .map_or(Told::CommandsUnread, Told::Commands)
        });
    }

    fn commands_read(&mut self) {
        self.reading.is_under_way = false;
        if std::mem::take(&mut self.reading.is_wanted) {
            self.read_commands();
        }
    }

    fn get_to_know(&mut self, query: CampaignQuery) {
        let store = Arc::clone(&self.parts.store);
        self.tasks.spawn(async move {
            store
                .campaigns(&query)
                .await
                .map_or(Told::Nothing, Told::Campaigns)
        });
    }

    fn gate(&mut self, campaign: CampaignId) -> Arc<AtomicBool> {
        Arc::clone(self.gates.entry(campaign).or_default())
    }

    fn carry_out(&mut self, step: Step) {
        let store = Arc::clone(&self.parts.store);
        let gateway = Arc::clone(&self.parts.gateway);
        match step {
            Step::Gate { campaign, is_open } => {
                self.gate(campaign).store(!is_open, Ordering::Release)
            }
            Step::Commit(batch) => {
                self.tasks.spawn(async move {
                    match store.commit(Arc::clone(&batch)).await {
                        Ok(effects) => Told::Committed(batch, effects),
                        Err(error @ StoreError::Unknown(_)) => Told::CommitUnknown(error),
                        Err(error @ StoreError::Dismissed) => Told::Dismissed(error),
                        Err(error) => Told::CommitFailed(error),
                    }
                });
            }
            Step::Send(sending) => {
                let gate = self.gate(sending.delivery.campaign());
                let withheld = Arc::new(AtomicBool::new(false));
                self.withheld
                    .insert(sending.delivery, Arc::clone(&withheld));
                let fence = self.duty.as_ref().map_or(Elapsed::NEVER, |duty| duty.fence);
                let deadline = sending.deadline.min(fence);
                let guard =
                    Guard::new(Arc::clone(&self.parts.clock), deadline, gate).unless(withheld);
                self.tasks.spawn(async move {
                    let outcome = gateway.send(&sending, guard).await;
                    Told::Input(Input::SendEnded {
                        delivery: sending.delivery,
                        outcome,
                    })
                });
            }
            Step::Find(finding) => {
                self.tasks.spawn(async move {
                    let found = gateway.find(&finding).await;
                    Told::Input(Input::FindEnded {
                        delivery: finding.delivery,
                        found,
                    })
                });
            }
            Step::Observe(session) => {
                let shared = self.duty.as_ref().map(|duty| Arc::clone(&duty.clock));
                self.tasks.spawn(async move {
                    let mut observation = gateway.observe(&session).await;
                    if let (Some(since), Some(clock)) = (&mut observation.server_up_since, shared) {
                        *since = clock.of_own(*since);
                    }
                    Told::Input(Input::Observed {
                        session,
                        observation,
                    })
                });
            }
            Step::Restart(session) => {
                self.tasks.spawn(async move {
                    let is_done = gateway.restart(&session).await;
                    Told::Input(Input::Restarted { session, is_done })
                });
            }
            Step::Check {
                lane,
                slot,
                session,
                phone,
            } => {
                self.tasks.spawn(async move {
                    let status = gateway.check(&session, phone).await;
                    Told::Input(Input::Checked { lane, slot, status })
                });
            }
            Step::PhoneOf { session, lid } => {
                self.tasks.spawn(async move {
                    let phone = gateway.phone_of(&session, lid).await;
                    Told::Input(Input::PhoneOf { lid, phone })
                });
            }
            Step::LidOf {
                lane,
                session,
                phone,
            } => {
                self.tasks.spawn(async move {
                    let lid = gateway.lid_of(&session, phone).await;
                    Told::Input(Input::LidOf { lane, lid })
                });
            }
            Step::LetGo(session) => self.let_go(session),
            Step::Withhold(delivery) => {
                if let Some(withheld) = self.withheld.get(&delivery) {
                    withheld.store(true, Ordering::Release);
                }
            }
            Step::Confirm => {
                let clock = Arc::clone(&self.parts.clock);
                let one_at_a_time = Arc::clone(&self.confirming);
                self.tasks.spawn(async move {
                    let _alone = one_at_a_time.lock().await;
                    // What cannot be made now is due still, and made with the next one or by the next runner.
                    let _due = make_confirmations(&*store, clock.now(), clock.boot()).await;
                    Told::Nothing
                });
            }
            Step::Reread(campaign) => self.read(ReadFailed::Campaign(campaign), async move {
                let record = record(&*store, campaign).await?;
                Ok(Input::Campaign(Box::new(record)))
            }),
            Step::OpenLane { account, session } => {
                let limits = self.parts.limits.clone();
                self.read(ReadFailed::Lane(session.clone()), async move {
                    let record = store.lane(account, &session, &limits).await?;
                    Ok(Input::Lane {
                        session,
                        record: Box::new(record),
                    })
                });
            }
            Step::Load(query) => self.read(ReadFailed::Load(query.campaign), async move {
                let campaign = query.campaign;
                let page = store.ready(query).await?;
                Ok(Input::Loaded { campaign, page })
            }),
            Step::LoadDoubts(query) => self.read(ReadFailed::Doubts, async move {
                Ok(Input::DoubtsLoaded(store.doubts(query).await?))
            }),
            Step::MarkSilent { before, limit } => {
                self.read(ReadFailed::Silent, async move {
                    Ok(Input::SilentMarked(store.mark_silent(before, limit).await?))
                });
            }
            Step::Resolve(notice) => {
                self.tasks.spawn(async move {
                    let (delivery, is_by_text) =
                        resolve(&*store, &notice.notice).await.unwrap_or_default();
                    Told::Input(Input::Resolved {
                        notice,
                        delivery,
                        is_by_text,
                    })
                });
            }
            Step::WaitUntil(_) | Step::Idle | Step::Stopped => {}
        }
    }

    fn read(
        &mut self,
        what: ReadFailed,
        reading: impl Future<Output = Result<Input, StoreError>> + Send + 'static,
    ) {
        self.tasks
            .spawn(async move { Told::Read(reading.await.map_err(|error| (what, error))) });
    }
}

/// One campaign as the store has it.
async fn record(store: &dyn Store, campaign: CampaignId) -> Result<CampaignRecord, StoreError> {
    let query = CampaignQuery::These(vec![campaign]);
    let found = store.campaigns(&query).await?.into_iter().next();
    found.ok_or_else(|| StoreError::NotFound {
        what: format!("campaign {}", campaign.number()),
    })
}

/// Finds the delivery that a notice with a foreign id is about: by that id, or, for an echo, by the one open attempt whose text it has.
/// Tells besides whether it was the text.
async fn resolve(
    store: &dyn Store,
    notice: &Notice,
) -> Result<(Option<crate::delivery::DeliveryId>, bool), StoreError> {
    match notice {
        Notice::Ack { message_id, .. } => Ok((store.delivery_of(message_id).await?, false)),
        Notice::Echo {
            message_id,
            account,
            to,
            kind,
            text_hash,
            ..
        } => {
            if let Some(delivery) = store.delivery_of(message_id).await? {
                return Ok((Some(delivery), false));
            }
            match (account, to, kind) {
                (Some(account), Some(to), Some(kind)) => {
                    let open = store.open_attempt(*account, *to, *kind, *text_hash);
                    Ok((open.await?, true))
                }
                _ => Ok((None, false)),
            }
        }
        Notice::Reply { .. }
        | Notice::HiddenReply { .. }
        | Notice::ByHand { .. }
        | Notice::Status { .. }
        | Notice::Gap { .. } => Ok((None, false)),
    }
}
