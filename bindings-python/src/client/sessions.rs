//! Sessions, and pairing them with a phone.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use waha_client::api::{pairing, sessions};
use waha_client::types::SessionConfig;
use waha_client::{Listing, NewSession};

use super::{Calls, session_name};
use crate::results;

#[pymethods]
impl Calls {
    #[doc = documented!("Client.sessions")]
    #[pyo3(signature = (*, stopped = false))]
    fn sessions(&self, py: Python<'_>, stopped: bool) -> PyResult<Py<PyAny>> {
        let listing = match stopped {
            true => Listing::All,
            false => Listing::Running,
        };
        self.call(py, sessions::list(listing), results::sessions)
    }

    #[doc = documented!("Client.session")]
    #[pyo3(name = "session", signature = (name = None, /))]
    fn one_session(&self, py: Python<'_>, name: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(name)?;
        self.call(py, sessions::get(&session), results::session)
    }

    #[doc = documented!("Client.account")]
    #[pyo3(signature = (*, session = None))]
    fn account(&self, py: Python<'_>, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        self.call(py, sessions::me(&session), results::optional_account)
    }

    #[doc = documented!("Client.create_session")]
    #[pyo3(signature = (name, /, *, start = true, store = true, config = None))]
    fn create_session(
        &self,
        py: Python<'_>,
        name: &str,
        start: bool,
        store: bool,
        config: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let mut settings = match config {
            Some(config) => {
                let text: String = py
                    .import("json")?
                    .call_method1("dumps", (config,))?
                    .extract()?;
                serde_json::from_str::<SessionConfig>(&text).map_err(|error| {
                    PyValueError::new_err(format!(
                        "config is not a session's configuration as WAHA has it: {error}"
                    ))
                })?
            }
            None => SessionConfig::default(),
        };
        if store {
            settings = settings.with_noweb_store(false);
        }
        let mut new = NewSession::started(session_name(name)?).with_config(settings);
        new.start = Some(start);
        self.call(py, sessions::create(&new), results::optional_session)
    }

    #[doc = documented!("Client.start_session")]
    #[pyo3(signature = (name = None, /))]
    fn start_session(&self, py: Python<'_>, name: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(name)?;
        self.call(py, sessions::start(&session), results::session)
    }

    #[doc = documented!("Client.stop_session")]
    #[pyo3(signature = (name = None, /))]
    fn stop_session(&self, py: Python<'_>, name: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(name)?;
        self.call(py, sessions::stop(&session), results::optional_session)
    }

    #[doc = documented!("Client.restart_session")]
    #[pyo3(signature = (name = None, /))]
    fn restart_session(&self, py: Python<'_>, name: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(name)?;
        self.call(py, sessions::restart(&session), results::session)
    }

    #[doc = documented!("Client.log_out_session")]
    #[pyo3(signature = (name = None, /))]
    fn log_out_session(&self, py: Python<'_>, name: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(name)?;
        self.call(py, sessions::logout(&session), results::session)
    }

    #[doc = documented!("Client.delete_session")]
    #[pyo3(signature = (name, /))]
    fn delete_session(&self, py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
        self.call(py, sessions::delete(&session_name(name)?), results::none)
    }

    #[doc = documented!("Client.qr_png")]
    #[pyo3(signature = (*, session = None))]
    fn qr_png(&self, py: Python<'_>, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        self.call(py, pairing::qr_png(&session), results::bytes)
    }

    #[doc = documented!("Client.qr_text")]
    #[pyo3(signature = (*, session = None))]
    fn qr_text(&self, py: Python<'_>, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        self.call(py, pairing::qr_text(&session), results::text)
    }

    #[doc = documented!("Client.pairing_code")]
    #[pyo3(signature = (phone, /, *, session = None))]
    fn pairing_code(
        &self,
        py: Python<'_>,
        phone: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let number = self.number(py, phone)?;
        let endpoint = pairing::request_code(&session, &number);
        self.call(py, endpoint, results::text)
    }
}
