//! Plays a campaign on a store, step by step: the engine, a scripted way to WhatsApp, and a clock that stands still while anything is
//! to be done. What the steps are done by is one hand, so that the same seed does the same in the same order.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{BootId, Clock, Elapsed};
use campaign_core::delivery::{DeliveryId, Standing, State};
use campaign_core::engine::{Beginning, Engine, Input, ReadFailed, Settings, Step};
use campaign_core::gateway::{Gateway, Guard, Observation, Sending, Session};
use campaign_core::retry::RetryPolicy;
use campaign_core::store::{CampaignQuery, Store, StoreError, TakeOver};
use campaign_core::testing::{ManualClock, Play, ScriptedGateway};
use campaign_core::{gateway::Account, limits::LaneLimits};

use crate::scene::{self, Draws};

pub(crate) const NAME: &str = "tagihan";
/// So many messages are under way at once.
pub(crate) const IN_FLIGHT_MAX: u16 = 4;
/// A campaign that takes more steps than this makes no progress.
const STEPS_MAX: usize = 20_000;

/// A campaign that goes on trying, started.
pub(crate) async fn start(store: &impl Store, people: u64) {
    let definition = Definition {
        retry: RetryPolicy {
            attempts_max: u8::MAX,
            ..RetryPolicy::default()
        },
        ..scene::definition(NAME)
    };
    let columns = ["nama".into()];
    let created = store.create(&definition, &columns, scene::now(0)).await;
    let campaign = created.unwrap();
    let people = scene::recipients(0..people);
    store.import(campaign, people, 0).await.unwrap();
    store.freeze(campaign, scene::at(0)).await.unwrap();
    let begins = scene::moved(campaign, CampaignState::Frozen, CampaignState::Running);
    scene::commit(store, 0, vec![begins]).await;
}

/// One process that sends, and the world around it.
pub(crate) struct Player<'a, S: Store> {
    pub(crate) store: &'a S,
    pub(crate) gateway: ScriptedGateway,
    pub(crate) taken: TakeOver,
    /// What the store did not do; it was asked again later.
    pub(crate) failures: Vec<StoreError>,
    clock: ManualClock,
    boot: BootId,
    engine: Engine,
    waiting: Vec<Step>,
    draws: Draws,
    steps: usize,
}

/// What was done last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// Something was put on record.
    Commit,
    Send,
    Other,
    /// Everything: the campaign is settled.
    All,
}

impl<'a, S: Store> Player<'a, S> {
    /// Becomes the runner so long after the world began, on a machine that was started so many times.
    pub(crate) async fn begin(
        store: &'a S,
        boot: u64,
        after: Duration,
        seed: u64,
    ) -> Result<Self, StoreError> {
        let clock = ManualClock::at(scene::now(0).wall);
        clock.advance(after);
        let gateway = ScriptedGateway::new(Arc::new(clock.clone()));
        let account = Account(scene::phone(999_999));
        let session = Session::new("default");
        gateway.observes(
            &session,
            Observation {
                // Longer than any of our machines.
                server_up_since: Some(Elapsed::from_micros(-1_000_000_000_000)),
                ..gateway.working(account)
            },
        );
        let boot = BootId(boot);
        let taken = store.take_over(clock.now().stamp(boot)).await?;
        let beginning = Beginning {
            message_key: taken.message_key,
            at: taken.at,
            accounts: taken.accounts.clone(),
            shared: store.shared_limits().await?,
            is_worker: false,
        };
        let settings = Settings {
            seed,
            batch_max: 8,
            ..Settings::default()
        };
        let mut engine = Engine::new(settings, beginning);
        for record in store.campaigns(&CampaignQuery::Live).await? {
            engine.handle(Input::Campaign(Box::new(record)), clock.now());
        }
        Ok(Self {
            store,
            gateway,
            taken,
            failures: Vec::new(),
            clock,
            boot,
            engine,
            waiting: Vec::new(),
            draws: Draws(seed),
            steps: 0,
        })
    }

    /// From the second round of messages on some answers are lost, with the message or without it, and some messages are not taken.
    pub(crate) fn loses_answers(&self, seed: u64) {
        let mut draws = Draws(seed);
        let mut first = 0..IN_FLIGHT_MAX;
        self.gateway.script(move |_| match draws.below(12) {
            _ if first.next().is_some() => Play::accepted(),
            0 | 1 => Play::answer_lost(true),
            2 => Play::answer_lost(false),
            3 => Play::not_handed_over(campaign_core::failure::NotHandedOver::Unreachable, None),
            _ => Play::accepted(),
        });
    }

    /// These messages arrived in an earlier life of the world.
    pub(crate) async fn remembers(&self, arrived: &[Sending]) {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        for sending in arrived {
            let guard = Guard::new(Arc::clone(&clock), Elapsed::NEVER, Arc::default());
            self.gateway.send(sending, guard).await;
        }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        let began = scene::now(0).wall;
        Duration::try_from(self.clock.now().wall.duration_since(began)).unwrap()
    }

    /// Goes on by one thing that reaches the store or the gateway, which of those that wait is drawn.
    pub(crate) async fn turn(&mut self) -> Result<Done, StoreError> {
        loop {
            self.steps += 1;
            if self.steps > STEPS_MAX {
                let why = self.failures.pop();
                return Err(why.unwrap_or_else(|| panic!("no progress, and nothing says why")));
            }
            if !self.waiting.is_empty() && self.draws.is_one_in(3) {
                return self.carry_out_one().await;
            }
            let wake_at = match self.engine.next(self.clock.now()) {
                Step::WaitUntil(moment) => moment,
                Step::Idle => Elapsed::NEVER,
                Step::Gate { .. } => continue,
                step => {
                    self.waiting.push(step);
                    continue;
                }
            };
            if !self.waiting.is_empty() {
                return self.carry_out_one().await;
            }
            let campaign = match self.store.campaign(NAME).await {
                Ok(found) => found.unwrap(),
                Err(error) => {
                    self.failures.push(error);
                    continue;
                }
            };
            if matches!(
                campaign.state,
                CampaignState::Settled | CampaignState::Completed
            ) && !self.engine.is_busy()
            {
                return Ok(Done::All);
            }
            assert_ne!(
                wake_at,
                Elapsed::NEVER,
                "nothing will ever happen: {campaign:?}"
            );
            self.clock.advance_to(wake_at);
        }
    }

    /// Goes on to the end.
    pub(crate) async fn go_on(&mut self) -> Result<(), StoreError> {
        while self.turn().await? != Done::All {}
        Ok(())
    }

    async fn carry_out_one(&mut self) -> Result<Done, StoreError> {
        let chosen = self.draws.below(self.waiting.len());
        let step = self.waiting.swap_remove(chosen);
        let (store, gateway) = (self.store, &self.gateway);
        let mut done = Done::Other;
        let input = match step {
            Step::Commit(batch) => {
                done = Done::Commit;
                match store.commit(batch).await {
                    Ok(effects) => Input::Committed(effects),
                    Err(error @ StoreError::Unknown(_)) => return Err(error),
                    Err(error) => {
                        self.failures.push(error);
                        Input::CommitFailed
                    }
                }
            }
            Step::Send(sending) => {
                done = Done::Send;
                let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
                let gate = Arc::new(AtomicBool::new(false));
                let guard = Guard::new(clock, sending.deadline, gate);
                Input::SendEnded {
                    delivery: sending.delivery,
                    outcome: gateway.send(&sending, guard).await,
                }
            }
            Step::Find(finding) => Input::FindEnded {
                delivery: finding.delivery,
                found: gateway.find(&finding).await,
            },
            Step::Observe(session) => Input::Observed {
                observation: gateway.observe(&session).await,
                session,
            },
            Step::OpenLane { account, session } => {
                let limits = LaneLimits::unpaced(IN_FLIGHT_MAX);
                let opened = store.lane(account, &session, &limits).await;
                let failed = ReadFailed::Lane(session.clone());
                let input = opened.map(|record| Input::Lane {
                    session,
                    record: Box::new(record),
                });
                self.read(input, failed)
            }
            Step::Reread(campaign) => {
                let query = CampaignQuery::These(vec![campaign]);
                let record = store.campaigns(&query).await;
                let input = record.map(|mut found| Input::Campaign(Box::new(found.remove(0))));
                self.read(input, ReadFailed::Campaign(campaign))
            }
            Step::Load(query) => {
                let campaign = query.campaign;
                let page = store.ready(query).await;
                let input = page.map(|page| Input::Loaded { campaign, page });
                self.read(input, ReadFailed::Load(campaign))
            }
            Step::LoadDoubts(query) => {
                let input = store.doubts(query).await.map(Input::DoubtsLoaded);
                self.read(input, ReadFailed::Doubts)
            }
            Step::MarkSilent { before, limit } => {
                done = Done::Commit;
                let marked = store.mark_silent(before, limit).await;
                self.read(marked.map(Input::SilentMarked), ReadFailed::Silent)
            }
            // Nobody opts out.
            Step::Confirm => return Ok(done),
            other => panic!("a step that such a campaign does not take: {other:?}"),
        };
        self.engine.handle(input, self.clock.now());
        Ok(done)
    }

    fn read(&mut self, read: Result<Input, StoreError>, what: ReadFailed) -> Input {
        read.unwrap_or_else(|error| {
            self.failures.push(error);
            Input::ReadFailed(what)
        })
    }
}

/// How a campaign ended, by the ledger and by its report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// Who received it how often, where that is not once.
    pub(crate) twice: BTreeMap<DeliveryId, usize>,
    /// Who never did, and whose row says nothing of the kind.
    pub(crate) lost: Vec<(DeliveryId, Standing)>,
    /// Who is left to a person.
    pub(crate) unconfirmed: Vec<DeliveryId>,
}

impl End {
    /// Everybody has it once.
    pub(crate) fn is_once(&self) -> bool {
        *self == Self::default()
    }
}

/// What the ledger says of the campaign, and whether its report agrees.
pub(crate) async fn end(store: &impl Store, gateway: &ScriptedGateway, people: u64) -> End {
    let record = scene::record(store, NAME).await;
    let rows = scene::rows(store, record.id).await;
    assert_eq!(rows.len() as u64, people, "everybody has a row");
    assert_eq!(record.counts.total(), people, "counts add up");
    scene::assert_counts(store, NAME).await;
    let received = gateway.times_received();
    let mut end = End {
        twice: received
            .clone()
            .into_iter()
            .filter(|(_, times)| *times > 1)
            .collect(),
        ..End::default()
    };
    for row in rows {
        let has_it = received.contains_key(&row.delivery);
        match row.standing.state {
            State::Unconfirmed if !has_it => end.unconfirmed.push(row.delivery),
            State::Accepted | State::Sent | State::Delivered | State::Read | State::Played
                if has_it => {}
            _ => end.lost.push((row.delivery, row.standing)),
        }
    }
    end
}
