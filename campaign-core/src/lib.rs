//! The campaign engine: it decides; it holds no socket, no file, no clock.
//!
//! The life of a delivery, the promises with the tests that keep them, and how to embed the engine with or without the driver stand in the
//! README beside this crate.
#![warn(missing_docs)]

pub mod audience;
pub mod campaign;
pub mod clock;
pub mod consent;
pub mod delivery;
#[cfg(feature = "driver")]
pub mod driver;
pub mod engine;
pub mod event;
pub mod evidence;
pub mod failure;
pub mod forecast;
pub mod gateway;
pub mod limits;
pub mod message;
pub mod message_id;
pub mod once;
pub mod phone;
pub mod progress;
pub mod retry;
pub mod store;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
