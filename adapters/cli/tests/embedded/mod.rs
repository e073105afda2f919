//! A campaign run in this process, without the binary: SQLite, the real gateway, a clock as fast as the simulator's.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod dying;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::{AcceleratedClock, Clock};
use campaign_core::delivery::{CampaignId, State};
use campaign_core::driver::{CampaignStatus, Handle};
use campaign_core::gateway::Session;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{
    CampaignRecord, NewRecipient, ReportPages, ReportQuery, ReportRow, Store,
};
use sql_store::SqliteStore;
use waha_client::WahaClient;
use waha_gateway::{Options, WahaGateway};
use waha_simulator::{Builder, Simulator};

pub(crate) const KEY: &str = "test-key";
pub(crate) const ACCOUNT: &str = "6281200000001";
pub(crate) const NAME: &str = "everybody";

/// A simulator whose one session works and keeps its messages.
pub(crate) fn simulator(seed: u64, speed: f64) -> Builder {
    Simulator::builder()
        .seed(seed)
        .speed(speed)
        .key(KEY)
        .store_default(true)
        .session("default", ACCOUNT)
}

/// The clock of everybody who names the same speed and origin, in whatever process.
pub(crate) fn clock(speed: f64, origin: jiff::Timestamp) -> Arc<dyn Clock> {
    Arc::new(AcceleratedClock::new(speed, origin))
}

pub(crate) fn gateway(url: &str, clock: &Arc<dyn Clock>, speed: f64) -> WahaGateway {
    let client = WahaClient::builder(url).api_key(KEY).build().unwrap();
    WahaGateway::new(client, Arc::clone(clock), Options::at_speed(speed))
}

/// The database in a folder; what is committed survives a loss of power.
pub(crate) fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(
        folder.join("campaigns.sqlite"),
        sql_store::Options::default(),
    )
    .unwrap()
}

pub(crate) fn definition() -> Definition {
    let message = MessageTemplate::text("Halo {{nama}}, tagihan Anda sudah terbit.").unwrap();
    Definition::new(NAME, Session::new("default"), message)
}

pub(crate) fn person(index: u32) -> NewRecipient {
    let phone = PhoneNumber::from_digits(phone(index)).unwrap();
    NewRecipient::new(u64::from(index) + 2, phone, [format!("Orang {index}")])
}

pub(crate) fn phone(index: u32) -> u64 {
    6_281_300_000_000 + u64::from(index)
}

/// Makes the campaign, unless it was frozen earlier; what was begun and not frozen is begun again.
pub(crate) async fn import(
    store: &dyn Store,
    clock: &dyn Clock,
    definition: &Definition,
    people: Range<u32>,
    page: u32,
) -> CampaignId {
    if let Some(record) = store.campaign(NAME).await.unwrap()
        && record.state != CampaignState::Importing
    {
        return record.id;
    }
    let now = clock.now();
    let campaign = store
        .create(definition, &["nama".into()], now)
        .await
        .unwrap();
    for first in people.clone().step_by(page as usize) {
        let page = first..people.end.min(first + page);
        store
            .import(campaign, page.map(person).collect(), 0)
            .await
            .unwrap();
    }
    let at = now.stamp(clock.boot());
    store.freeze(campaign, at).await.unwrap();
    campaign
}

pub(crate) async fn record(store: &dyn Store) -> CampaignRecord {
    store.campaign(NAME).await.unwrap().unwrap()
}

/// Waits until nothing is left that comes about by itself.
pub(crate) async fn over(store: &dyn Store, handle: &Handle) {
    let status = handle.status();
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        let record = record(store).await;
        // What the runner says may be older than what the store holds.
        let is_quiet = {
            let status = status.borrow();
            let is_fresh = |known: &CampaignStatus| known.state == record.state;
            !status.is_busy && status.campaigns.values().any(is_fresh)
        };
        let has = |state| record.counts.of(state) > 0;
        let has_ended = match record.state {
            CampaignState::Settled => true,
            // Without doubts it will be settled yet.
            CampaignState::Completed => is_quiet && has(State::Unconfirmed),
            CampaignState::Cancelled => is_quiet && !has(State::Scheduled) && !has(State::Sending),
            _ => false,
        };
        if has_ended && store.open_commands().await.unwrap().is_empty() {
            return;
        }
    }
}

/// Every row of the report.
pub(crate) async fn report(store: &dyn Store, campaign: CampaignId) -> Vec<ReportRow> {
    let mut rows = Vec::new();
    let mut pages = ReportPages::new(store, ReportQuery::of(campaign));
    while let Some(page) = pages.next().await.unwrap() {
        rows.extend(page);
    }
    rows
}
