//! Receipts out of a billing program: each goes out once, however often the program says so.
//!
//! ```sh
//! cargo run -p examples --example send_once
//! ```
//!
//! The key is the receipt's number. The billing job may run again after a crash, or twice at once: nobody gets a receipt twice, and
//! every call learns what became of the first.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::clock::{Clock, SystemClock};
use campaign_core::driver::{Driver, Handle, Parts};
use campaign_core::gateway::Session;
use campaign_core::message::MessageTemplate;
use campaign_core::once::{Goal, OnceError, SendOnce};
use campaign_core::store::Store;
use examples::say;
use sql_store::{Options, SqliteStore};
use waha_client::WahaClient;
use waha_gateway::WahaGateway;
use waha_simulator::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::builder()
        .session("default", "6281200000001")
        .store_default(true)
        .start()
        .await?;
    let folder = tempfile::tempdir()?;
    let database = folder.path().join("receipts.sqlite");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(database, Options::default())?);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;
    let gateway = WahaGateway::new(waha, Arc::clone(&clock), waha_gateway::Options::default());

    // One driver for the whole program, for as long as it runs.
    let parts = Parts::new(store, Arc::new(gateway.clone()), clock);
    let (driver, handle) = Driver::start(parts).await?;
    let runner = tokio::spawn(driver.run());
    let events = tokio::spawn(waha_gateway::pump(gateway, handle.clone(), Vec::new()));

    // The same receipt from two tasks at once, and a second one.
    let (one, again) = tokio::join!(
        receipt(&handle, "4711", "+6281234567890", "250000"),
        receipt(&handle, "4711", "+6281234567890", "250000"),
    );
    say(format_args!("{}; {}", one?, again?));
    say(receipt(&handle, "4712", "+6281311112222", "175000").await?);
    // A number that was used for something else is a mistake, and is told.
    if let Err(error) = receipt(&handle, "4712", "+6281311112222", "999000").await {
        say(error);
    }

    handle.stop().await;
    runner.await??;
    events.abort();
    let ledger = simulator.ledger();
    say(format_args!("{} messages went out", ledger.len()));
    assert_eq!((ledger.len(), ledger.duplicates().len()), (2, 0));
    simulator.shutdown().await;
    Ok(())
}

async fn receipt(
    handle: &Handle,
    number: &str,
    phone: &str,
    amount: &str,
) -> Result<String, Box<dyn Error>> {
    let text = "Pembayaran kuitansi {{nomor}} sebesar {{jumlah | rupiah}} sudah kami terima.";
    let receipt = SendOnce {
        values: vec![
            ("nomor".into(), number.into()),
            ("jumlah".into(), amount.into()),
        ],
        ..SendOnce::new(
            format!("kuitansi-{number}").parse()?,
            Session::new("default"),
            phone.parse()?,
            MessageTemplate::text(text)?,
        )
    };
    let sent = handle.send_once(&receipt).await?;
    let stands: Result<_, OnceError> = sent.reaches(Goal::Sent, Duration::from_secs(30)).await;
    Ok(format!(
        "{}: {:?}{}",
        receipt.key,
        stands?.outcome(),
        if sent.is_new() { "" } else { " (again)" }
    ))
}
