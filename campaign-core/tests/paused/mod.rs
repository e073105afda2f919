//! A runner with a store in memory and a scripted way to WhatsApp, on the paused time of tokio.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::Definition;
use campaign_core::clock::{BootId, Clock, Elapsed, Now};
use campaign_core::delivery::CampaignId;
use campaign_core::driver::{Driver, DriverError, Handle, Parts};
use campaign_core::gateway::{Account, Notice, Session};
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Command, NewRecipient, Store};
use campaign_core::testing::{MemoryStore, ScriptedGateway};
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Shows tokio's time.
struct PausedClock {
    began: Instant,
}

#[async_trait::async_trait]
impl Clock for PausedClock {
    fn now(&self) -> Now {
        let passed = self.began.elapsed();
        let wall: Timestamp = "2026-01-05T01:00:00Z".parse().unwrap();
        Now {
            elapsed: Elapsed::from_micros(3_600_000_000) + passed,
            wall: wall.checked_add(passed).unwrap(),
        }
    }

    fn boot(&self) -> BootId {
        BootId(1)
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    async fn wait_until(&self, moment: Elapsed) {
        match moment {
            Elapsed::NEVER => std::future::pending().await,
            _ => tokio::time::sleep(moment.since(self.now().elapsed)).await,
        }
    }
}

/// Something to run campaigns with, on one session.
pub(crate) struct Stage {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) gateway: ScriptedGateway,
    pub(crate) clock: Arc<dyn Clock>,
}

/// A runner at work.
pub(crate) struct Runner {
    pub(crate) handle: Handle,
    driver: JoinHandle<Result<(), DriverError>>,
}

pub(crate) fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::from_digits(6_281_300_000_000 + number).unwrap()
}

pub(crate) fn session() -> Session {
    Session::new("default")
}

pub(crate) fn account() -> Account {
    Account(phone(999))
}

/// A campaign of the usual text.
pub(crate) fn definition(name: &str) -> Definition {
    let message = MessageTemplate::text("Halo {{nama}}").unwrap();
    Definition::new(name, session(), message)
}

impl Stage {
    pub(crate) fn new() -> Self {
        let clock: Arc<dyn Clock> = Arc::new(PausedClock {
            began: Instant::now(),
        });
        let gateway = ScriptedGateway::new(Arc::clone(&clock));
        gateway.observes(&session(), gateway.working(account()));
        Self {
            store: Arc::new(MemoryStore::new()),
            gateway,
            clock,
        }
    }

    /// A campaign to these people, that was not started.
    pub(crate) async fn campaign(
        &self,
        definition: &Definition,
        people: impl IntoIterator<Item = u64>,
    ) -> CampaignId {
        let now = self.clock.now();
        let columns = ["nama".into()];
        let created = self.store.create(definition, &columns, now).await;
        let campaign = created.unwrap();
        let person = |n: u64| NewRecipient::new(n + 2, phone(n), [format!("Budi {n}")]);
        let people = people.into_iter().map(person).collect();
        self.store.import(campaign, people, 0).await.unwrap();
        let at = now.stamp(self.clock.boot());
        self.store.freeze(campaign, at).await.unwrap();
        campaign
    }

    pub(crate) async fn runs(&self) -> Runner {
        let (store, gateway) = (self.store.clone(), self.gateway.clone());
        let parts = Parts::new(store, Arc::new(gateway), Arc::clone(&self.clock));
        let (driver, handle) = Driver::start(parts).await.unwrap();
        Runner {
            handle,
            driver: tokio::spawn(driver.run()),
        }
    }

    pub(crate) async fn asks(&self, command: Command) {
        self.store.submit(&command).await.unwrap();
    }

    /// So much time passes, and whatever happens in it.
    #[allow(clippy::disallowed_methods, reason = "time is paused")]
    pub(crate) async fn passes(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// When the messages of a campaign arrived, in seconds since the test began.
    pub(crate) fn arrivals(&self, campaign: CampaignId) -> Vec<f64> {
        let received = self.gateway.received().into_iter();
        let of_it = received.filter(|receipt| receipt.delivery.campaign() == campaign);
        of_it
            .map(|receipt| (receipt.at.elapsed.as_micros() - 3_600_000_000) as f64 / 1e6)
            .collect()
    }
}

impl Runner {
    /// Somebody writes to the account, now.
    pub(crate) async fn hears_from(&self, stage: &Stage, number: u64) {
        self.hears(stage, number, "halo").await;
    }

    /// Somebody writes this to the account, now.
    pub(crate) async fn hears(&self, stage: &Stage, number: u64, text: &str) {
        let received_at = stage.clock.now().wall;
        let notice = Notice::Reply {
            session: session(),
            account: account(),
            message_id: format!("IN{number}{received_at}").into(),
            from: phone(number),
            received_at,
            text: text.into(),
        };
        self.handle.notify(notice).await;
    }

    /// Its process is gone, whatever it was doing. The next one finds what the store has.
    pub(crate) fn dies(self, stage: &mut Stage) {
        self.driver.abort();
        stage.store = Arc::new(stage.store.crashed());
    }

    pub(crate) async fn stops(self) {
        self.handle.stop().await;
        self.driver.await.unwrap().unwrap();
    }
}
