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
//!   guessed: the body was not handed to a connection and no longer can be.
//! - **A [`SendGuard`] has the last word**: it is asked in the poll that writes the body, so a pause or a lost lease stops
//!   whatever is not on the wire.
//! - **Tomorrow's server is read too**: unknown values keep their text, unknown fields are kept, unknown events come as
//!   they are.
//! - **Secrets stay secret**: the key is in no error, `Debug`, log or kept URL; numbers of people are shortened in all texts
//!   meant for logs.
//!
//! # Where things are
//!
//! - [`WahaClient`] and its [`Builder`]; [`CallOptions`] for one call; `Limit` for a server that must not be flooded.
//! - [`api`]: the calls, by group: [sessions](api::sessions), [pairing](api::pairing), [profile](api::profile),
//!   [sending](api::chatting), [chats](api::chats), [contacts](api::contacts), [media](api::media), [apps](api::apps),
//!   [keys](api::keys), [server](api::server). Each call is also an [`Endpoint`], a value.
//! - [`SessionName`], [`ChatId`], [`MessageId`]: checked when built, one form for all engines.
//! - [`lids`]: which LID belongs to which phone number, remembered and asked for.
//! - [`types`]: what answers and events carry. [`Sent`] is one type for the answers of all engines.
//! - [`events`]: verified webhooks and the websocket stream, read into [`Event`]s.
//! - [`File`] is what is sent; [`StoredFile`] is what came, fetched by a [`Download`].
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
//! created with its store on ([`types::SessionConfig::with_noweb_store`]).
//!
//! The features `socket` and `limit`, on by default, add the websocket stream and the limit of requests; `axum` adds an
//! extractor for verified webhooks; `testing` answers calls without a server.
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
