//! The campaign engine: it decides; it holds no socket, no file, no clock.
#![warn(missing_docs)]

pub mod audience;
pub mod message;
pub mod phone;
pub mod template;
