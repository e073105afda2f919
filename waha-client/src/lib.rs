//! Typed async client of one WAHA server.
#![cfg_attr(not(test), deny(missing_docs))]

mod answer;
pub mod api;
mod client;
mod endpoint;
mod error;
pub mod events;
mod guard;
mod ids;
mod retry;
mod transport;
pub mod types;

pub use answer::{Answer, Exception, Shape};
pub use api::chats::MessageQuery;
pub use api::chatting::{FileMessage, TextMessage};
pub use api::contacts::NumberStatus;
pub use api::sessions::{Listing, NewSession};
pub use client::{Builder, CallOptions, WahaClient};
pub use endpoint::{Endpoint, Repeat, Timeouts, Wait};
pub use error::{BuildError, Cause, Error, MaybeSent, NotSent};
pub use events::{Event, Payload};
pub use guard::{GuardRefusal, SendGuard};
pub use ids::{ChatId, ChatKind, IdError, MessageId, SessionName};
pub use retry::{Next, RetryPolicy};
pub use types::{Ack, File, Message, Sent, SessionInfo, SessionStatus};
