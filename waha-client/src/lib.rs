//! A typed async client of [WAHA], the WhatsApp HTTP API server.
//!
//! ```no_run
//! use waha_client::{ChatId, SessionName, TextMessage, WahaClient};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let waha = WahaClient::builder("http://localhost:3000").api_key("secret").build()?;
//! let session = SessionName::new("default")?;
//! let chat = ChatId::phone("6281234567890")?;
//!
//! match waha.chatting().send_text(&TextMessage::new(&session, &chat, "Hello!")).await {
//!     Ok(sent) => println!("accepted as {:?}", sent.id),
//!     Err(error) if error.is_not_sent() => println!("safe to try again: {error}"),
//!     Err(error) if error.may_have_been_sent() => println!("find out first: {error}"),
//!     Err(error) => println!("refused: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **A send goes out once or not at all.** Nothing repeats it: not the client, no redirect, no proxy, no connection pool.
//!   Look-ups are repeated as a [`RetryPolicy`] says.
//! - **An [`Error`] says how far the request got**: not sent, may have been sent, answered. "Not sent" is proved, never
//!   guessed: the body, or the head of what has none, was not handed to a connection and no longer can be.
//! - **A [`SendGuard`] has the last word**: it is asked in the poll that writes the body, so a pause or a lost lease stops
//!   whatever is not on the wire.
//! - **Tomorrow's server is read too**: unknown values keep their text, unknown fields are kept, unknown events come as
//!   they are.
//! - **Secrets stay secret**: the key is in no error, `Debug`, log or kept URL, also where a server or a proxy quotes it; nor are
//!   the secrets of a request, such as a webhook's key. Numbers of people are shortened in all texts meant for logs.
//!
//! # Pairing a phone
//!
//! ```no_run
//! # async fn run(waha: waha_client::WahaClient) -> Result<(), Box<dyn std::error::Error>> {
//! use waha_client::api::pairing::{PairingOptions, Step};
//! use waha_client::types::SessionConfig;
//! use waha_client::{NewSession, SessionName};
//!
//! let session = SessionName::new("default")?;
//! // With its message store on: without it NOWEB can tell nothing about a message whose answer was lost.
//! let config = SessionConfig::default().with_noweb_store(false);
//! waha.sessions().create(&NewSession::started(session.clone()).with_config(config)).await?;
//! let me = waha
//!     .pairing()
//!     .wait_until_working(&session, PairingOptions::qr(), |step| match step {
//!         Step::Qr(text) => println!("draw this as a QR code, in place of the one before: {text}"),
//!         Step::Away(error) => println!("the server is away: {error}"),
//!         _ => {}
//!     })
//!     .await?;
//! println!("paired with {}", me.id);
//! # Ok(())
//! # }
//! ```
//!
//! # Receiving
//!
//! By webhook, verified and each event once (feature `axum`; [`events::Webhook`] serves any other framework):
//!
//! ```
//! # #[cfg(feature = "axum")]
//! # fn app() -> axum::Router {
//! use std::sync::{Arc, Mutex, PoisonError};
//!
//! use axum::{Router, routing::post};
//! use waha_client::Payload;
//! use waha_client::events::{Seen, SignedEvent, Webhook};
//!
//! let seen = Arc::new(Mutex::new(Seen::new(100_000)));
//! let receive = move |SignedEvent(event): SignedEvent| async move {
//!     let is_new = seen.lock().unwrap_or_else(PoisonError::into_inner).is_new(&event);
//!     if is_new && let Payload::Message(message) = &event.payload {
//!         println!("{:?} wrote {:?}", message.from, message.body);
//!     }
//! };
//! Router::new().route("/waha", post(receive)).with_state(Webhook::new("the session's hmac.key"))
//! # }
//! ```
//!
//! Or over a websocket, which needs no address of ours: [`WahaClient::listen`] reconnects by itself and says where events may be
//! missing.
//!
//! # Several servers
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use waha_client::{Fleet, SessionName, WahaClient, api};
//!
//! let one = WahaClient::builder("http://10.0.0.1:3000").api_key("secret-1").build()?;
//! let two = WahaClient::builder("http://10.0.0.2:3000").api_key("secret-2").build()?;
//! let fleet = Fleet::builder().server("one", one, 50).server("two", two, 50).build()?;
//! fleet.discover().await?;
//! let sales = SessionName::new("sales")?;
//! // To the one server that the session lives on, and never to another.
//! let info = fleet.call(&sales, api::sessions::get(&sales)).await?;
//! println!("{} is {}", info.name, info.status);
//! # Ok(())
//! # }
//! ```
//!
//! # Where things are
//!
//! - [`WahaClient`] and its [`Builder`]; [`CallOptions`] for one call.
//! - [`api`]: the calls, by group, all that WAHA 2026.7 has but for five ([`specification`] names them). Each call is also an
//!   [`Endpoint`], a value.
//!     - Accounts: [sessions](api::sessions), [pairing](api::pairing), [profile](api::profile), [presence](api::presence).
//!     - Messages: [sending](api::chatting), [chats](api::chats), [media](api::media), [status posts](api::status),
//!       [event messages](api::events), [calls](api::calls).
//!     - People: [contacts](api::contacts), [groups](api::groups), [channels](api::channels), [labels](api::labels).
//!     - The server: [server](api::server), [keys](api::keys), [apps](api::apps).
//! - [`SessionName`], [`ChatId`], [`MessageId`]: checked when built, one form for all engines. [`lids`]: which LID belongs to
//!   which phone number, remembered and asked for.
//! - [`types`]: what answers and events carry. [`Sent`] is one type for the answers of all engines.
//! - [`File`] is what is sent, from a path, a reader, bytes or a URL; [`StoredFile`] is what came, fetched by a [`Download`].
//! - [`events`]: every kind of event as a type, verified webhooks, the websocket stream.
//! - [`Feature`]: what the engines can do, as data; [`Unsupported`] when a server refuses for the lack of it.
//! - [`Error`], [`Answer`], [`Shape`]: what went wrong, in WAHA's several forms.
//! - [`fleet`]: several servers as one, each session on its own.
#![cfg_attr(
    feature = "testing",
    doc = "- [`testing`]: answers from a script or a recording, for tests of code that uses this client."
)]
//!
//! # What to know about WAHA
//!
//! An accepted message is not yet a sent one: only acknowledgements tell ([`types::Ack`]). WAHA has no idempotency and sends
//! a message whose client has left. It checks no number. On the NOWEB engine nothing can be looked up unless the session was
//! created with its store on ([`types::SessionConfig::with_noweb_store`]). A configuration is taken as a whole only: change a
//! part with [`Sessions::change_config`](api::sessions::Sessions::change_config).
//!
//! # Features
//!
//! `socket` (on by default) adds the websocket stream and `limit` (on by default) a limit of requests per server; `axum` adds an
//! extractor for verified webhooks, `testing` answers without a server. Each only leaves out a dependency, or code for tests.
//!
//! [WAHA]: https://waha.devlike.pro
#![deny(missing_docs)]

mod answer;
pub mod api;
mod client;
mod endpoint;
mod error;
pub mod events;
mod features;
pub mod fleet;
mod guard;
mod ids;
pub mod lids;
#[cfg(feature = "limit")]
mod limit;
mod retry;
mod secrets;
mod span;
pub mod specification;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
pub mod types;
mod unsupported;

pub use answer::{Answer, Exception, Shape};
pub use api::chats::MessageQuery;
pub use api::chatting::{FileMessage, TextMessage};
pub use api::contacts::NumberStatus;
pub use api::media::{Download, DownloadError, DownloadOptions};
pub use api::sessions::{Listing, NewSession};
pub use client::{Builder, CallOptions, WahaClient};
pub use endpoint::{Endpoint, Repeat, Timeouts, Wait};
pub use error::{BuildError, Cause, Error, MaybeSent, NotSent};
pub use events::{Event, Payload};
pub use features::{Feature, Support};
pub use fleet::{Fleet, FleetError};
pub use guard::{GuardRefusal, SendGuard};
pub use ids::{ChatId, ChatKind, IdError, MessageId, SessionName};
pub use lids::{LidCache, LidResolver};
#[cfg(feature = "limit")]
pub use limit::Limit;
pub use retry::{Next, RetryPolicy};
pub use types::{
    Ack, File, FileError, Message, Sent, SessionInfo, SessionStatus, StoredFile, StoredFileError,
};
pub use unsupported::{Lack, Unsupported};
