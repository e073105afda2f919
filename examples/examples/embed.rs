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
use std::time::Duration;

use campaign_core::campaign::{CampaignState, Definition, Missing, Source};
use campaign_core::clock::{Clock, SystemClock};
use campaign_core::driver::{Driver, Parts};
use campaign_core::engine::Settings;
use campaign_core::gateway::Session;
use campaign_core::limits::{LaneLimits, Zone};
use campaign_core::message::MessageTemplate;
use campaign_core::phone::{LinePolicy, Region, normalize};
use campaign_core::retry::RetryPolicy;
use campaign_core::store::{Batch, Change, Command, NewRecipient, ReportQuery, Store};
use examples::say;
use sql_store::SqliteStore;
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

    // What the campaign needs: a place to keep it, a way to WhatsApp, and the time.
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(
        folder.path().join("campaigns.sqlite"),
        sql_store::Options::default(),
    )?);
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;
    let gateway = WahaGateway::new(waha, Arc::clone(&clock), waha_gateway::Options::default());

    // Who gets what. Rows that cannot be written to are counted, never dropped in silence.
    let definition = Definition {
        name: "tagihan mei".into(),
        session: Session::new("default"),
        message: MessageTemplate::text("Halo {{nama | title}}, tagihan Anda {{jumlah | rupiah}}.")?,
        source: Source {
            name: "customers".into(),
            sha256: String::new(),
            options: String::new(),
            limit: None,
        },
        missing: Missing::Refuse,
        hours: None,
        zone: Zone::default(),
        starts_at: None,
        expires_at: None,
        retry: RetryPolicy::default(),
    };
    let columns: [Box<str>; 2] = ["nama", "jumlah"].map(Box::from);
    let campaign = store.create(&definition, &columns, clock.now()).await?;
    let mut recipients = Vec::new();
    let mut rejected = 0;
    for (row, (name, phone, amount)) in (1..).zip(CUSTOMERS) {
        match normalize(phone, Region::ID, LinePolicy::MobileOnly) {
            Ok(phone) => recipients.push(NewRecipient {
                row,
                phone,
                key: None,
                values: [name, amount].map(Box::from).into(),
                skip: None,
            }),
            Err(why) => {
                say(format_args!("row {row} is left out: {why}"));
                rejected += 1;
            }
        }
    }
    for imported in store.import(campaign, recipients, rejected).await? {
        say(format_args!("{imported:?}"));
    }
    let freeze = Change::Campaign {
        campaign,
        from: CampaignState::Importing,
        to: CampaignState::Frozen,
    };
    let at = clock.now().stamp(clock.boot());
    let changes = vec![freeze];
    store.commit(Arc::new(Batch { at, changes })).await?;

    // Send, until nothing is left to be sent.
    store.submit(&Command::Start { campaign }).await?;
    let (driver, handle) = Driver::start(Parts {
        store: Arc::clone(&store),
        gateway: Arc::new(gateway.clone()),
        clock,
        settings: Settings::default(),
        limits: LaneLimits::default(),
    })
    .await?;
    let runner = tokio::spawn(driver.run());
    let (events, listener) = (gateway, handle.clone());
    let pump = tokio::spawn(async move { waha_gateway::pump(&events, &listener, &[]).await });
    while !is_over(&*store).await? {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    handle.stop().await;
    runner.await??;
    pump.abort();

    // The truth about each.
    let query = ReportQuery {
        campaign,
        after: None,
        states: Vec::new(),
        limit: 100,
    };
    for row in store.report(query).await? {
        say(format_args!(
            "row {}: {} {}",
            row.row, row.phone, row.standing.state
        ));
    }
    say(format_args!(
        "the simulator's own ledger: {} people got it twice",
        simulator.ledger().duplicates().len()
    ));
    simulator.shutdown().await;
    Ok(())
}

async fn is_over(store: &dyn Store) -> Result<bool, Box<dyn Error>> {
    let campaigns = store.campaigns().await?;
    Ok(campaigns.iter().all(|campaign| {
        matches!(
            campaign.state,
            CampaignState::Completed | CampaignState::Settled
        )
    }))
}
