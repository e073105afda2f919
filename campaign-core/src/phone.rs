//! Typed-in text to a phone number, or the reason why not.
//!
//! [`PhoneNumber`] is the identity of a person everywhere in the engine: an E.164 number in eight
//! bytes.

mod number;
mod region;

pub use number::{Masked, PhoneNumber, UnlikelyNumber};
pub use region::{Region, UnknownRegion};
