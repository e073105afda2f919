//! The campaign engine: it decides; it holds no socket, no file, no clock.
#![warn(missing_docs)]

pub mod audience;
pub mod campaign;
pub mod clock;
pub mod delivery;
#[cfg(feature = "driver")]
pub mod driver;
pub mod engine;
pub mod evidence;
pub mod failure;
pub mod forecast;
pub mod gateway;
pub mod limits;
pub mod message;
pub mod message_id;
pub mod phone;
pub mod retry;
pub mod store;
pub mod template;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
