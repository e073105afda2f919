//! The async loop: ask the engine, do the step, report back. It decides nothing.
//!
//! [`Driver::start`] becomes the runner of a store and works on every live campaign in it until it is stopped. Steps are
//! carried out side by side; commits one after the other. Commands that other processes leave in the store are read
//! several times a second.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::campaign::CampaignState;
use crate::clock::{Clock, Elapsed};
use crate::delivery::{CampaignId, State};
use crate::engine::{Beginning, Engine, Input, ReadFailed, Settings, Step, WaitsFor};
use crate::gateway::{Gateway, Guard, Notice};
use crate::limits::{LaneLimits, Limit};
use crate::store::{CampaignQuery, CampaignRecord, Command, CommandId, Store, StoreError};

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
}

/// What the runner is doing, for whoever watches it.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Status {
    /// Something is still to be sent, or to be settled without a person.
    pub is_busy: bool,
    /// Each campaign at work, and what it waits for.
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
    notices: mpsc::Sender<Input>,
    status: watch::Receiver<Status>,
    failing: watch::Receiver<Option<Arc<StoreError>>>,
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
        if !has_ended || is_asked || has_open || self.store.has_pending_doubts(campaign).await? {
            return Ok(None);
        }
        Ok(Some(record))
    }

    /// What the runner is doing; renewed several times a second.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Why the store took nothing the last time it was asked to; empty while it works. The driver tries again by itself: somebody should be told
    /// to free the disk, or whatever it is.
    pub fn store_failure(&self) -> watch::Receiver<Option<Arc<StoreError>>> {
        self.failing.clone()
    }
}

/// The runner of a store.
pub struct Driver {
    parts: Parts,
    engine: Engine,
    gates: BTreeMap<CampaignId, Arc<AtomicBool>>,
    known: BTreeSet<CampaignId>,
    asked: BTreeSet<CommandId>,
    tasks: JoinSet<Told>,
    notices: mpsc::Receiver<Input>,
    status: watch::Sender<Status>,
    failing: watch::Sender<Option<Arc<StoreError>>>,
}

/// What a step that was carried out reports.
enum Told {
    Input(Input),
    Nothing,
    Campaigns(Vec<CampaignRecord>),
    Commands(Vec<(CommandId, Command)>),
    CommitFailed(StoreError),
    CommitUnknown(StoreError),
}

impl Driver {
    /// Becomes the runner of the store.
    ///
    /// # Errors
    /// [`DriverError::TakeOver`] when another process is the runner, or when the store fails.
    pub async fn start(parts: Parts) -> Result<(Driver, Handle), DriverError> {
        let at = parts.clock.now().stamp(parts.clock.boot());
        let taken = parts
            .store
            .take_over(at)
            .await
            .map_err(DriverError::TakeOver)?;
        let records = parts
            .store
            .campaigns(&CampaignQuery::Live)
            .await
            .map_err(DriverError::TakeOver)?;
        let engine = Engine::new(
            parts.settings.clone(),
            Beginning {
                message_key: taken.message_key,
                at: taken.at,
            },
        );
        let store = Arc::clone(&parts.store);
        let (notify, notices) = mpsc::channel(NOTICES_MAX);
        let (status, watched) = watch::channel(Status::default());
        let (failing, failures) = watch::channel(None);
        let mut driver = Driver {
            parts,
            engine,
            gates: BTreeMap::new(),
            known: BTreeSet::new(),
            asked: BTreeSet::new(),
            tasks: JoinSet::new(),
            notices,
            status,
            failing,
        };
        driver.introduce(records);
        let handle = Handle {
            store,
            notices: notify,
            status: watched,
            failing: failures,
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
            tokio::select! {
                biased;
                Some(told) = self.tasks.join_next() => {
                    if let Err(error) = self.told(told) {
                        break Err(error);
                    }
                }
                Some(input) = self.notices.recv() => self.engine.handle(input, clock.now()),
                _ = poll.tick() => self.look_around(),
                () = clock.wait_until(wake_at) => {}
            }
        };
        for gate in self.gates.values() {
            gate.store(true, Ordering::Release);
        }
        let stepped_down = self.parts.store.step_down().await;
        ended.and(stepped_down.map_err(DriverError::TakeOver))
    }

    fn take_notices(&mut self) {
        while let Ok(input) = self.notices.try_recv() {
            self.engine.handle(input, self.parts.clock.now());
        }
    }

    fn introduce(&mut self, records: Vec<CampaignRecord>) {
        for record in records {
            if self.known.insert(record.id) {
                self.engine
                    .handle(Input::Campaign(Box::new(record)), self.parts.clock.now());
            }
        }
    }

    fn told(&mut self, told: Result<Told, tokio::task::JoinError>) -> Result<(), DriverError> {
        let now = self.parts.clock.now();
        match told {
            Ok(Told::Input(input)) => {
                if matches!(input, Input::Committed(_)) {
                    self.failing
                        .send_if_modified(|failing| failing.take().is_some());
                }
                self.engine.handle(input, now);
            }
            Ok(Told::CommitFailed(error)) => {
                self.failing.send_replace(Some(Arc::new(error)));
                self.engine.handle(Input::CommitFailed, now);
            }
            Ok(Told::Nothing) => {}
            Ok(Told::Campaigns(records)) => {
                self.introduce(records);
            }
            Ok(Told::Commands(commands)) => {
                let open: BTreeSet<CommandId> = commands.iter().map(|(id, _)| *id).collect();
                self.asked.retain(|id| open.contains(id));
                let mut unknown = Vec::new();
                for (id, command) in commands {
                    match command.campaign() {
                        Some(campaign) if !self.known.contains(&campaign) => unknown.push(campaign),
                        _ if self.asked.insert(id) => {
                            self.engine.handle(Input::Asked(id, command), now);
                        }
                        _ => {}
                    }
                }
                if !unknown.is_empty() {
                    self.get_to_know(unknown);
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

    /// Looks for commands, and leaves word of what is being done.
    fn look_around(&mut self) {
        let now = self.parts.clock.now();
        let campaigns = self.known.iter().filter_map(|campaign| {
            let (state, waits_for) = self.engine.waits_for(*campaign, now)?;
            let waits_for = match waits_for {
                // From one message to the next is how it sends.
                WaitsFor::Limit {
                    limit: Limit::Gap, ..
                } => WaitsFor::Nothing,
                other => other,
            };
            Some((campaign.number(), CampaignStatus { state, waits_for }))
        });
        let status = Status {
            campaigns: campaigns.collect(),
            is_busy: self.engine.is_busy(),
        };
        let word = serde_json::to_string(&status).unwrap_or_default();
        let has_news = self.status.send_if_modified(|known| {
            let is_new = *known != status;
            *known = status;
            is_new
        });
        let store = Arc::clone(&self.parts.store);
        self.tasks.spawn(async move {
            if has_news {
                // Only for people to read; the next word comes soon.
                let _unread = store.publish(&word).await;
            }
            store
                .open_commands()
                .await
                .map_or(Told::Nothing, Told::Commands)
        });
    }

    fn get_to_know(&mut self, campaigns: Vec<CampaignId>) {
        let store = Arc::clone(&self.parts.store);
        self.tasks.spawn(async move {
            let query = CampaignQuery::These(campaigns);
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
                    match store.commit(batch).await {
                        Ok(effects) => Told::Input(Input::Committed(effects)),
                        Err(error @ StoreError::Unknown(_)) => Told::CommitUnknown(error),
                        Err(error) => Told::CommitFailed(error),
                    }
                });
            }
            Step::Send(sending) => {
                let gate = self.gate(sending.delivery.campaign());
                let guard = Guard::new(Arc::clone(&self.parts.clock), sending.deadline, gate);
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
                self.tasks.spawn(async move {
                    let observation = gateway.observe(&session).await;
                    Told::Input(Input::Observed {
                        session,
                        observation,
                    })
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
                let page = store.ready(query).await?;
                Ok(Input::Loaded {
                    campaign: query.campaign,
                    page,
                })
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
                    let delivery = resolve(&*store, &notice).await.unwrap_or_default();
                    Told::Input(Input::Resolved { notice, delivery })
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
            .spawn(async move { Told::Input(reading.await.unwrap_or(Input::ReadFailed(what))) });
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

/// Finds the delivery that a notice with a foreign id is about: by that id, or, for an echo, by the one open attempt it fits.
async fn resolve(
    store: &dyn Store,
    notice: &Notice,
) -> Result<Option<crate::delivery::DeliveryId>, StoreError> {
    match notice {
        Notice::Ack { message_id, .. } => store.delivery_of(message_id).await,
        Notice::Echo {
            message_id,
            account,
            to,
            kind,
            text_hash,
            ..
        } => {
            if let Some(delivery) = store.delivery_of(message_id).await? {
                return Ok(Some(delivery));
            }
            match (account, to, kind) {
                (Some(account), Some(to), Some(kind)) => {
                    store.open_attempt(*account, *to, *kind, *text_hash).await
                }
                _ => Ok(None),
            }
        }
        Notice::Reply { .. } | Notice::Status { .. } | Notice::Gap { .. } => Ok(None),
    }
}
