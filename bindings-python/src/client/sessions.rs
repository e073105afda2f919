//! Sessions.

use pyo3::prelude::*;
use waha_client::api::sessions;
use waha_client::types::SessionConfig;
use waha_client::{Listing, NewSession};

use super::{Calls, session_name};
use crate::{results, values};

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
                let wrong = "config is not a session's configuration as WAHA has it";
                values::from_json::<SessionConfig>(config, wrong)?
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
}
