//! The native half of the Python package `waha_campaign`.
//!
//! Its other half, in `python/`, names what is public, types it, and holds the exceptions. Names and documentation are Python's there: this
//! half only reads what Python has and hands over what the engine says.
#![allow(
    clippy::doc_lazy_continuation,
    reason = "what documents the module is Python's, not Markdown"
)]

/// What the stub says of something.
macro_rules! documented {
    ($name:literal) => {
        include_str!(concat!(env!("OUT_DIR"), "/", $name))
    };
}

mod errors;
mod message;
mod phone;
mod template;
mod values;
mod webhook;

#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::message::{Button, Message, Preview, Rendered};
    #[pymodule_export]
    use super::phone::{Numbers, Rejected, normalize, normalize_all};
    #[pymodule_export]
    use super::template::Template;
    #[pymodule_export]
    use super::webhook::{Event, verify_and_parse};
}
