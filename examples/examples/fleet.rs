//! Three servers as one: sessions find their place, one server is drained, another is gone.
//!
//! ```sh
//! cargo run -p examples --example fleet
//! ```
//!
//! A session's login lives on one server. A call to a session whose server is gone fails and says which server that is; no other
//! could answer it.

use std::error::Error;

use examples::say;
use waha_client::api::sessions;
use waha_client::fleet::ServerName;
use waha_client::{Fleet, NewSession, SessionName, WahaClient};
use waha_simulator::Simulator;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // WAHAs without WhatsApp. With real ones: their addresses, their keys, and no simulators.
    let mut servers = Vec::new();
    let mut fleet = Fleet::builder();
    for name in ["one", "two", "three"] {
        let simulator = Simulator::builder().start().await?;
        let client = WahaClient::builder(simulator.url())
            .api_key(simulator.key())
            .build()?;
        fleet = fleet.server(name, client, 10);
        servers.push(simulator);
    }
    let fleet = fleet.build()?;
    fleet.discover().await?;

    let names = ["sales", "billing", "support"];
    let names: Vec<_> = names
        .into_iter()
        .map(SessionName::new)
        .collect::<Result<_, _>>()?;
    for name in &names {
        fleet.create(&NewSession::started(name.clone())).await?;
        say(format_args!("{name} lives on {}", home(&fleet, name)));
    }

    fleet.drain(&ServerName::new("two")?)?;
    let late = SessionName::new("late")?;
    fleet.create(&NewSession::started(late.clone())).await?;
    say(format_args!(
        "two is drained, so {late} lives on {}",
        home(&fleet, &late)
    ));

    let first = servers.remove(0);
    first.shutdown().await;
    for name in names.iter().chain([&late]) {
        match fleet.call(name, sessions::get(name)).await {
            Ok(info) => say(format_args!("{name} is {}", info.status)),
            Err(error) => say(format_args!("{name}: {error}")),
        }
    }
    for server in servers {
        server.shutdown().await;
    }
    Ok(())
}

fn home(fleet: &Fleet, session: &SessionName) -> String {
    let server = fleet.server_of(session);
    server.map_or_else(|| "no server".to_owned(), |server| server.to_string())
}
