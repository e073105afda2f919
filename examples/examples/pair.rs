//! Makes a session and follows it from its first QR code to WORKING.
//!
//! ```sh
//! cargo run -p examples --example pair
//! ```
//!
//! With a real WAHA a person scans the code with a phone. Here the simulator's phone does, once it has seen a second code: WAHA
//! shows a new one after 60 s and then every 20 s, which pass 600 times as fast here.

use std::error::Error;
use std::time::Duration;

use examples::say;
use waha_client::api::pairing::{PairingOptions, Step};
use waha_client::types::SessionConfig;
use waha_client::{NewSession, SessionName, WahaClient};
use waha_simulator::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A WAHA without WhatsApp. With a real one: its address, its key, and no simulator.
    let simulator = Simulator::builder().speed(600.0).start().await?;
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;

    let session = SessionName::new("default")?;
    // With its message store on: without it NOWEB can tell nothing about a message whose answer was lost.
    let config = SessionConfig::default().with_noweb_store(false);
    let new = NewSession::started(session.clone()).with_config(config);
    waha.sessions().create(&new).await?;

    let options = PairingOptions::qr()
        .poll_every(Duration::from_millis(20))
        .within(Duration::from_secs(60));
    let mut steps = waha.pairing().steps(&session, options);
    let mut codes = 0;
    while let Some(step) = steps.next().await {
        match step? {
            Step::Status(status) => say(format_args!("the session is {status}")),
            Step::Qr(text) => {
                codes += 1;
                say(format_args!("QR code {codes}: {} characters", text.len()));
                if codes == 2 {
                    simulator.pair("default", "6281200000001")?;
                }
            }
            Step::Working(me) => say(format_args!("paired with {}", me.id)),
            other => say(format_args!("{other:?}")),
        }
    }
    simulator.shutdown().await;
    Ok(())
}
