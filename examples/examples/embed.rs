//! A campaign inside another program: from its own list of people to a report, in SQLite, through crashes.
//!
//! ```sh
//! cargo run -p examples --example embed
//! ```
//!
//! This is what the command line does, without files and flags. Run it again after a crash: what was sent stays sent, what is
//! in doubt is looked up, and the rest goes on.

use std::error::Error;
use std::sync::Arc;

use campaign_core::campaign::Definition;
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::driver::{Driver, Parts};
use campaign_core::gateway::Session;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::{LinePolicy, Region, normalize};
use campaign_core::store::{Command, NewRecipient, ReportPages, ReportQuery, Store};
use examples::say;
use sql_store::{Options, SqliteStore};
use waha_client::WahaClient;
use waha_gateway::WahaGateway;
use waha_simulator::Simulator;

const CUSTOMERS: [(&str, &str, &str); 4] = [
    ("Budi Santoso", "0812-3456-7890", "250000"),
    ("Siti Rahma", "+62 813 1111 2222", "175.000"),
    ("Budi Santoso", "6281234567890", "250000"),
    ("Kantor", "021-5550123", "900000"),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::builder()
        .session("default", "6281200000001")
        .store_default(true)
        .start()
        .await?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("campaigns.sqlite");

    // What a campaign needs: a place to keep it, a way to WhatsApp, and the time.
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(database, Options::default())?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;
    let gateway = WahaGateway::new(waha, Arc::clone(&clock), waha_gateway::Options::default());

    // Who gets what. Whoever cannot be written to is counted, never dropped in silence; whoever is on the list twice gets it once.
    let message =
        MessageTemplate::text("Halo {{nama | title}}, tagihan Anda {{jumlah | rupiah}}.")?;
    let definition = Definition::new("tagihan mei", Session::new("default"), message);
    let columns = ["nama", "jumlah"].map(Box::from);
    let campaign = store.create(&definition, &columns, clock.now()).await?;
    let (mut recipients, mut rejected) = (Vec::new(), 0);
    for (row, (name, phone, amount)) in (1..).zip(CUSTOMERS) {
        match normalize(phone, Region::ID, LinePolicy::MobileOnly) {
            Ok(phone) => recipients.push(NewRecipient::new(row, phone, [name, amount])),
            Err(why) => {
                say(format_args!("row {row} is left out: {why}"));
                rejected += 1;
            }
        }
    }
    for imported in store.import(campaign, recipients, rejected).await? {
        say(format_args!("{imported:?}"));
    }
    store
        .freeze(campaign, clock.now().stamp(clock.boot()))
        .await?;

    // Send, until nothing is left to be sent. A program that serves others leaves its driver running.
    store.submit(&Command::Start { campaign }).await?;
    let parts = Parts::new(Arc::clone(&store), Arc::new(gateway.clone()), clock);
    let (driver, handle) = Driver::start(parts).await?;
    let runner = tokio::spawn(driver.run());
    let events = tokio::spawn(waha_gateway::pump(gateway, handle.clone(), Vec::new()));
    let record = handle.over(campaign).await?;
    handle.stop().await;
    runner.await??;
    events.abort();

    // The truth about each.
    say(format_args!("{}: {:?}", record.state, record.counts));
    let mut pages = ReportPages::new(&*store, ReportQuery::of(campaign));
    while let Some(page) = pages.next().await? {
        for row in page {
            say(format_args!(
                "row {}: {} {}",
                row.row, row.phone, row.standing.state
            ));
        }
    }
    let twice = simulator.ledger().duplicates().len();
    say(format_args!(
        "the simulator's own ledger: {twice} people got it twice"
    ));
    simulator.shutdown().await;
    Ok(())
}
