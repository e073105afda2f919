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

mod call;
mod campaigns;
mod client;
mod errors;
mod gateway;
mod logs;
mod message;
mod phone;
mod results;
mod runtime;
mod simulator;
mod template;
mod values;
mod webhook;

#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::campaigns::{_write_rows, Store};
    #[pymodule_export]
    use super::client::{Calls, Stream};
    #[pymodule_export]
    use super::gateway::Asked;
    #[pymodule_export]
    use super::message::{Button, Message, Preview, Rendered};
    #[pymodule_export]
    use super::phone::{Numbers, Rejected, normalize, normalize_all};
    #[pymodule_export]
    use super::runtime::_end;
    #[pymodule_export]
    use super::simulator::{_faults, Simulated};
    #[pymodule_export]
    use super::template::Template;
    #[pymodule_export]
    use super::webhook::{Event, Gap, verify_and_parse};

    /// What only the package's own modules use is not for everybody.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let names: Vec<String> = module.index()?.extract()?;
        let public: Vec<_> = names.iter().filter(|it| !it.starts_with('_')).collect();
        module.setattr("__all__", public)?;
        crate::logs::begin();
        // What is registered last is done first: the handlers of `logging` are closed after the last line.
        module.py().import("logging")?;
        let at_exit = module.py().import("atexit")?;
        at_exit.call_method1("register", (module.getattr("_end")?,))?;
        Ok(())
    }
}
