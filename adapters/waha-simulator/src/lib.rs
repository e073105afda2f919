//! A WAHA server without WhatsApp: it speaks WAHA's HTTP, webhooks and websocket as recorded from
//! a real server, goes wrong by seed and rate, and keeps a ledger of who really received what.
//!
//! It shares no code or types with the client it tests, and knows nothing of campaigns. What it
//! has are the calls that campaigns, inboxes and bots need: sends of every kind, chats, contacts,
//! labels, reading groups, presence, sessions. Real phones, media downloads and the rest of WAHA's
//! calls are left out.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use waha_simulator::{Fault, FaultRates, Simulator};
//!
//! let simulator = Simulator::builder()
//!     .seed(7)
//!     .speed(100.0)
//!     .session("default", "6281200000001")
//!     .faults(FaultRates::none().with(Fault::AnswerLost, 0.02))
//!     .start()
//!     .await?;
//! println!("send to {} with key {}", simulator.url(), simulator.key());
//! assert!(simulator.ledger().duplicates().is_empty());
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! A test is everybody else: it writes, presses buttons and votes as people do, and restricts as
//! WhatsApp does.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use waha_simulator::{Incoming, Quota, Restriction, Simulator};
//!
//! let simulator = Simulator::builder()
//!     .version("2026.7.2")
//!     .session("default", "6281200000001")
//!     .quota(Quota::of(100))
//!     .lid_chats(["6281200000005"])
//!     .start()
//!     .await?;
//! simulator.receive("default", Incoming::button("6281200000005", "stop", "Stop"))?;
//! simulator.restrict("default", &Restriction::open_ended())?;
//! assert_eq!(simulator.new_chats_used("default")?, 0);
//! # Ok(())
//! # }
//! ```

mod abilities;
mod acks;
mod answer;
mod changes;
mod chats;
mod chatting;
mod clock;
mod contacts;
mod control;
mod draws;
mod events;
mod faults;
mod gate;
mod groups;
mod inbound;
mod labels;
pub mod ledger;
mod lids;
mod limits;
mod messages;
mod outbound;
mod page;
mod pairing;
mod presence;
mod request;
mod routes;
mod sending;
mod server;
mod server_info;
mod sessions;
mod settings;
mod shapes;
mod simulator;
mod webhooks;
mod websocket;
mod world;

pub use faults::{Fault, FaultRates, Faults};
pub use inbound::Incoming;
pub use ledger::Ledger;
pub use limits::{Quota, Refusal, Restriction};
pub use presence::Presence;
pub use sending::EngineFailure;
pub use sessions::Status;
pub use settings::{AckTiming, Engine, GlobalWebhook};
pub use simulator::{Builder, NoSuchSession, Simulator};
