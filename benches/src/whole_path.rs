//! The whole path as the command line puts it together, without a pace: driver, engine, store, gateway, client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use campaign_core::campaign::{Definition, Sessions};
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::delivery::State;
use campaign_core::driver::{Driver, Parts};
use campaign_core::failure::Outcome;
use campaign_core::gateway::{Finding, Found, Gateway, Guard, Observation, Sending, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Command, NewRecipient, Store};
use sql_store::Durability;
use tokio::sync::Notify;
use waha_client::WahaClient;
use waha_gateway::{Options, WahaGateway};

use crate::bare::Took;
use crate::base::Base;
use crate::process::cpu_time;
use crate::{Failure, sink};

/// Rows imported at once, as the command line does.
const PAGE_ROWS: u32 = 5_000;
const NAME: &str = "bench";
const TEXT: &str = "Halo {{nama}}, tagihan {{no}} sebesar {{jumlah | rupiah}} jatuh tempo {{jatuh_tempo | date}}. Terima kasih.";

/// The phone of the nth person, as digits.
pub fn phone(number: u32) -> u64 {
    6_281_300_000_000 + u64::from(number)
}

/// Makes a database with one campaign to so many people from so many sessions, ready to start.
///
/// # Errors
/// When the store fails.
pub async fn prepare(base: &Base, people: u32, sessions: u32) -> Result<(), Failure> {
    let store = base.open(Durability::Full).await?;
    let clock = SystemClock::new();
    let columns = ["nama", "no", "jumlah", "jatuh_tempo"].map(Box::from);
    let campaign = store
        .create(&definition(sessions)?, &columns, clock.now())
        .await?;
    let mut first = 0;
    while first < people {
        let end = people.min(first + PAGE_ROWS);
        let page = (first..end).map(person).collect::<Result<_, _>>()?;
        store.import(campaign, page, 0).await?;
        first = end;
    }
    let at = clock.now().stamp(clock.boot());
    store.freeze(campaign, at).await?;
    Ok(())
}

fn definition(sessions: u32) -> Result<Definition, Failure> {
    let message = MessageTemplate::text(TEXT)?;
    let sessions = (0..sessions).map(|number| Session::new(&sink::session(number)));
    Ok(Definition::new(NAME, Sessions::new(sessions)?, message))
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

/// Starts the campaign of a database and runs it, so many in flight through each session, until so many of its messages have their outcome
/// on record.
///
/// # Errors
/// When something fails, or when a message is not accepted.
pub async fn run(
    base: &Base,
    durability: Durability,
    url: &str,
    messages: u32,
    in_flight: u16,
) -> Result<Ran, Failure> {
    let (began, cpu) = (Instant::now(), cpu_time());
    let store = base.open(durability).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let client = WahaClient::builder(url).api_key(sink::KEY).build()?;
    let gateway = WahaGateway::new(client, Arc::clone(&clock), Options::default());
    let watched = Arc::new(Watched {
        gateway,
        first: Notify::new(),
        enough: Notify::new(),
        begun: AtomicU32::new(0),
        ended: AtomicU32::new(0),
        wanted: messages,
    });
    let record = store.campaign(NAME).await?.ok_or("there is no campaign")?;
    let before = accepted(&*store).await?;
    let parts = Parts {
        limits: LaneLimits::unpaced(in_flight),
        ..Parts::new(
            Arc::clone(&store),
            Arc::clone(&watched) as Arc<dyn Gateway>,
            clock,
        )
    };
    let (driver, handle) = Driver::start(parts).await?;
    let driver = tokio::spawn(driver.run());
    let start = Command::Start {
        campaign: record.id,
    };
    store.submit(&start).await?;
    watched.first.notified().await;
    let first = Instant::now();
    watched.enough.notified().await;
    while accepted(&*store).await? < before + u64::from(messages) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = Took {
        messages,
        time: first.elapsed(),
        cpu: cpu_time() - cpu,
    };
    handle.stop().await;
    driver.await??;
    Ok(Ran {
        to_first_send: first - began,
        took,
    })
}

async fn accepted(store: &dyn Store) -> Result<u64, Failure> {
    let record = store.campaign(NAME).await?.ok_or("there is no campaign")?;
    let failed = record.counts.of(State::Failed) + record.counts.of(State::Unconfirmed);
    if failed > 0 {
        return Err(format!("{failed} messages were not accepted").into());
    }
    Ok(record.counts.of(State::Accepted))
}

/// The gateway, with word of the first send and of the last that is wanted.
struct Watched {
    gateway: WahaGateway,
    first: Notify,
    enough: Notify,
    begun: AtomicU32,
    ended: AtomicU32,
    wanted: u32,
}

#[async_trait]
impl Gateway for Watched {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        if self.begun.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first.notify_one();
        }
        let outcome = self.gateway.send(sending, guard).await;
        if self.ended.fetch_add(1, Ordering::Relaxed) + 1 == self.wanted {
            self.enough.notify_one();
        }
        outcome
    }

    async fn find(&self, finding: &Finding) -> Found {
        self.gateway.find(finding).await
    }

    async fn observe(&self, session: &Session) -> Observation {
        self.gateway.observe(session).await
    }
}
