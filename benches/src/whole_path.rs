//! The whole path as the command line puts it together: driver, engine, store, gateway, client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use campaign_core::campaign::{CampaignState, Definition, Sessions};
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::delivery::State;
use campaign_core::driver::{Driver, DriverError, Handle, Parts};
use campaign_core::failure::Outcome;
use campaign_core::gateway::{Finding, Found, Gateway, Guard, Observation, Sending, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{CampaignQuery, CampaignRecord, Command, NewRecipient, Store};
use sql_store::Durability;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use waha_client::WahaClient;
use waha_gateway::{Options, WahaGateway, pump};

use crate::bare::Took;
use crate::base::Base;
use crate::process::cpu_time;
use crate::{Failure, sink};

/// Rows imported at once, as the command line does.
const PAGE_ROWS: usize = 5_000;
const TEXT: &str = "Halo {{nama}}, tagihan {{no}} sebesar {{jumlah | rupiah}} jatuh tempo {{jatuh_tempo | date}}. Terima kasih.";

/// The phone of the nth person, as digits.
pub fn phone(number: u32) -> u64 {
    6_281_300_000_000 + u64::from(number)
}

/// Whom to write to, from where, in how many campaigns.
#[derive(Debug, Clone, Copy)]
pub struct Audience {
    /// People in all.
    pub people: u32,
    /// Sessions in all.
    pub sessions: u32,
    /// Campaigns, which share people and sessions evenly.
    pub campaigns: u32,
}

impl Audience {
    /// One campaign to so many people from one session.
    pub fn of_one_session(people: u32) -> Self {
        Self {
            people,
            sessions: 1,
            campaigns: 1,
        }
    }

    /// What the campaign of this number has of so many things.
    fn share(self, things: u32, campaign: u32) -> impl Iterator<Item = u32> {
        (campaign..things).step_by(self.campaigns as usize)
    }
}

/// Makes a database with campaigns that are ready to start.
///
/// # Errors
/// When the store fails.
pub async fn prepare(base: &Base, audience: Audience) -> Result<(), Failure> {
    let store = base.open(Durability::Full).await?;
    let clock = SystemClock::new();
    let columns = ["nama", "no", "jumlah", "jatuh_tempo"].map(Box::from);
    for number in 0..audience.campaigns {
        let definition = definition(audience, number)?;
        let campaign = store.create(&definition, &columns, clock.now()).await?;
        let mut people = audience.share(audience.people, number);
        loop {
            let page = people.by_ref().take(PAGE_ROWS);
            let page: Vec<_> = page.map(person).collect::<Result<_, _>>()?;
            if page.is_empty() {
                break;
            }
            store.import(campaign, page, 0).await?;
        }
        let at = clock.now().stamp(clock.boot());
        store.freeze(campaign, at).await?;
    }
    Ok(())
}

fn definition(audience: Audience, number: u32) -> Result<Definition, Failure> {
    let message = MessageTemplate::text(TEXT)?;
    let sessions = audience.share(audience.sessions, number);
    let sessions = sessions.map(|number| Session::new(&sink::session(number)));
    let name = format!("bench-{number}");
    Ok(Definition::new(&name, Sessions::new(sessions)?, message))
}

fn person(number: u32) -> Result<NewRecipient, Failure> {
    let phone = PhoneNumber::from_digits(phone(number))?;
    let values = [
        format!("Orang {number}"),
        format!("INV-{number}"),
        "250000".to_owned(),
        "2026-11-21".to_owned(),
    ];
    Ok(NewRecipient::new(u64::from(number) + 2, phone, values))
}

/// How a run went.
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    /// From the opening of the database to the first message that is handed to the HTTP client.
    pub to_first_send: Duration,
    /// From there to the last outcome that is on record. The processor's time is that of the whole run.
    pub took: Took,
}

/// What campaigns are run with.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// Where their record is.
    pub base: &'a Base,
    /// What of it survives.
    pub durability: Durability,
    /// The server.
    pub url: &'a str,
    /// Of accounts that have none on record yet.
    pub limits: LaneLimits,
    /// Events are heard, over a websocket.
    pub hears_events: bool,
}

impl<'a> Run<'a> {
    /// Without a pace, so many in flight through each session, and without events.
    pub fn unpaced(base: &'a Base, durability: Durability, url: &'a str, in_flight: u16) -> Self {
        Self {
            base,
            durability,
            url,
            limits: LaneLimits::unpaced(in_flight),
            hears_events: false,
        }
    }

    /// Starts the campaigns of a database and runs them until so many of their messages have their outcome on record.
    ///
    /// # Errors
    /// When something fails, or when a message is not accepted.
    pub async fn send(&self, messages: u32) -> Result<Ran, Failure> {
        let (began, cpu) = (Instant::now(), cpu_time());
        let work = self.begin(messages).await?;
        let before = work.before;
        let mut begun = work.watched.begun();
        let begun = *begun.wait_for(|it| it.first_send.is_some()).await?;
        let first = begun.first_send.unwrap_or(began);
        work.watched.enough.notified().await;
        while accepted(&*work.store).await? < before + u64::from(messages) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let took = Took {
            messages,
            time: first.elapsed(),
            cpu: cpu_time() - cpu,
        };
        work.end().await?;
        Ok(Ran {
            to_first_send: first - began,
            took,
        })
    }

    /// Becomes the runner, and starts whatever campaign was not started yet. Word is given when so many messages have ended.
    ///
    /// # Errors
    /// When something fails.
    pub async fn begin(&self, wanted: u32) -> Result<Work, Failure> {
        let store = self.base.open(self.durability).await?;
        let opened = Instant::now();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let client = WahaClient::builder(self.url).api_key(sink::KEY).build()?;
        let gateway = WahaGateway::new(client, Arc::clone(&clock), Options::default());
        let watched = Arc::new(Watched::new(gateway.clone(), wanted));
        let before = count(&*store, State::is_handed_over).await?;
        let parts = Parts {
            limits: self.limits.clone(),
            ..Parts::new(
                Arc::clone(&store),
                Arc::clone(&watched) as Arc<dyn Gateway>,
                clock,
            )
        };
        let (driver, handle) = Driver::start(parts).await?;
        let taken_over = Instant::now();
        let pump = pump(gateway, handle.clone(), Vec::new());
        let pump = self.hears_events.then(|| tokio::spawn(pump));
        let driver = tokio::spawn(driver.run());
        for record in store.campaigns(&CampaignQuery::All).await? {
            if record.state == CampaignState::Frozen {
                let campaign = record.id;
                store.submit(&Command::Start { campaign }).await?;
            }
        }
        Ok(Work {
            store,
            watched,
            opened,
            taken_over,
            handle,
            before,
            driver,
            pump,
        })
    }
}

/// Campaigns at work.
pub struct Work {
    /// Where their record is.
    pub store: Arc<dyn Store>,
    /// What goes through the gateway.
    pub watched: Arc<Watched>,
    /// When the database was open.
    pub opened: Instant,
    /// When this process had become the runner.
    pub taken_over: Instant,
    /// Talks to the driver.
    pub handle: Handle,
    before: u64,
    driver: JoinHandle<Result<(), DriverError>>,
    pump: Option<JoinHandle<()>>,
}

impl Work {
    /// Finishes what is in flight, and gives the database back.
    ///
    /// # Errors
    /// When the driver failed.
    pub async fn end(self) -> Result<(), Failure> {
        self.handle.stop().await;
        self.driver.await??;
        if let Some(pump) = self.pump {
            pump.abort();
        }
        Ok(())
    }
}

/// How many messages were handed over, when none came to anything else.
async fn accepted(store: &dyn Store) -> Result<u64, Failure> {
    let lost = count(store, |it| matches!(it, State::Failed | State::Unconfirmed)).await?;
    if lost > 0 {
        return Err(format!("{lost} messages were not accepted").into());
    }
    count(store, State::is_handed_over).await
}

/// How many deliveries stand at such states.
///
/// # Errors
/// When the store fails.
pub async fn count(store: &dyn Store, counts: impl Fn(State) -> bool) -> Result<u64, Failure> {
    let records = store.campaigns(&CampaignQuery::All).await?;
    let states = State::ALL.into_iter().filter(|state| counts(*state));
    let states: Vec<State> = states.collect();
    let of = |record: &CampaignRecord| states.iter().map(|it| record.counts.of(*it)).sum::<u64>();
    Ok(records.iter().map(of).sum())
}

/// The gateway, with word of what goes through it.
pub struct Watched {
    gateway: WahaGateway,
    begun: watch::Sender<Begun>,
    enough: Notify,
    ended: AtomicU32,
    wanted: u32,
}

/// What was begun so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Begun {
    /// When the first message was handed to the HTTP client.
    pub first_send: Option<Instant>,
    /// When the first message was looked up.
    pub first_look: Option<Instant>,
    /// Messages.
    pub sends: u32,
}

impl Watched {
    fn new(gateway: WahaGateway, wanted: u32) -> Self {
        Self {
            gateway,
            begun: watch::Sender::default(),
            enough: Notify::new(),
            ended: AtomicU32::new(0),
            wanted,
        }
    }

    /// Follows what is begun.
    pub fn begun(&self) -> watch::Receiver<Begun> {
        self.begun.subscribe()
    }
}

#[async_trait]
impl Gateway for Watched {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        self.begun.send_modify(|begun| {
            begun.first_send.get_or_insert_with(Instant::now);
            begun.sends += 1;
        });
        let outcome = self.gateway.send(sending, guard).await;
        if self.ended.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            self.enough.notify_one();
        }
        outcome
    }

    async fn find(&self, finding: &Finding) -> Found {
        self.begun.send_modify(|begun| {
            begun.first_look.get_or_insert_with(Instant::now);
        });
        self.gateway.find(finding).await
    }

    async fn observe(&self, session: &Session) -> Observation {
        self.gateway.observe(session).await
    }
}
