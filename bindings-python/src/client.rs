//! `Client` and `AsyncClient`: the calls of one WAHA server, waited for or awaited.
//!
//! Both are one class underneath, whose methods make [`Call`]s; only who waits for them differs, which `client.py` says. `client/` has a file for
//! each group of calls.

mod chats;
mod events;
mod pairing;
mod people;
mod sending;
mod sessions;
mod stream;

pub(crate) use self::stream::Stream;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use campaign_core::phone::{self, LinePolicy, Region};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use secrecy::SecretString;
use waha_client::api::server;
use waha_client::{ChatId, Endpoint, SessionName, Timeouts, WahaClient};

use crate::call::{Call, Shown};
use crate::{errors, results, runtime};

/// Where WAHA listens unless told.
const ADDRESS: &str = "http://localhost:3000";

/// What both clients are.
#[pyclass(frozen, subclass, name = "_Calls", module = "waha_campaign._native")]
pub(crate) struct Calls {
    address: String,
    key: Option<SecretString>,
    timeouts: Timeouts,
    requests_per_second: Option<u32>,
    session: SessionName,
    region: Region,
    /// Whether its calls are awaited.
    is_async: bool,
    /// The client of this process; `None` once it is closed.
    waha: Mutex<Option<(u32, WahaClient)>>,
}

impl Calls {
    /// Held only while nobody else can run.
    fn held(&self) -> MutexGuard<'_, Option<(u32, WahaClient)>> {
        self.waha.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another client with the same settings, without connections.
    fn made(&self, py: Python<'_>) -> PyResult<WahaClient> {
        let mut builder = WahaClient::builder(&*self.address)
            .timeouts(self.timeouts)
            .user_agent(concat!("waha-campaign-python/", env!("CARGO_PKG_VERSION")));
        if let Some(key) = &self.key {
            builder = builder.api_key(key.clone());
        }
        if let Some(requests) = self.requests_per_second {
            builder = builder.requests_per_second(requests);
        }
        // Loading certificates takes a while, and the HTTP library asks for the runtime.
        let built = runtime::block_on(py, async move { builder.build() })?;
        built.map_err(|error| PyValueError::new_err(errors::plain(&error.to_string())))
    }

    /// The client of this process: connections do not outlive a fork.
    fn waha(&self, py: Python<'_>) -> PyResult<WahaClient> {
        let held = self.held().clone();
        match held {
            Some((of, waha)) if of == runtime::process() => Ok(waha),
            Some(of_parent) => {
                let waha = self.made(py)?;
                let before = self.held().replace((runtime::process(), waha.clone()));
                // Closing its connections would end them for the parent, too.
                std::mem::forget((of_parent, before));
                Ok(waha)
            }
            None => Err(PyRuntimeError::new_err(
                "this client is closed: make another one",
            )),
        }
    }

    /// A session by name, or the client's own.
    fn session(&self, name: Option<&str>) -> PyResult<SessionName> {
        name.map_or_else(|| Ok(self.session.clone()), session_name)
    }

    /// Whom a text means: a phone number as people write it, or WhatsApp's own id of a chat.
    fn chat(&self, py: Python<'_>, text: &str) -> PyResult<ChatId> {
        let chat = match text.contains('@') {
            true => ChatId::parse(text),
            false => ChatId::phone(&self.number(py, text)?),
        };
        chat.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The digits of a phone number as people write it.
    fn number(&self, py: Python<'_>, text: &str) -> PyResult<String> {
        let number = phone::normalize(text, self.region, LinePolicy::MobileOnly);
        let number = number.map_err(|error| errors::phone(py, &error))?;
        Ok(number.digits().to_string())
    }

    /// Calls an endpoint.
    fn call<T: Send + 'static>(
        &self,
        py: Python<'_>,
        endpoint: Endpoint<T>,
        shown: Shown<T>,
    ) -> PyResult<Py<PyAny>> {
        self.waited(py, Call::of(self.waha(py)?, endpoint, shown))
    }

    /// The result of a call, or what gives it when it is awaited.
    fn waited(&self, py: Python<'_>, call: Call) -> PyResult<Py<PyAny>> {
        if !self.is_async {
            return call.wait(py);
        }
        let waiting = py.import("waha_campaign._waiting")?;
        Ok(waiting.getattr("waited")?.call1((call,))?.unbind())
    }
}

fn session_name(name: &str) -> PyResult<SessionName> {
    SessionName::new(name)
        .map_err(|error| PyValueError::new_err(format!("session {name:?}: {error}")))
}

#[pymethods]
impl Calls {
    #[new]
    #[classmethod]
    #[pyo3(signature = (url = None, *, api_key = None, session = "default", region = "ID", timeout = None, requests_per_second = None))]
    fn new(
        class: &Bound<'_, PyType>,
        url: Option<String>,
        api_key: Option<String>,
        session: &str,
        region: &str,
        timeout: Option<f64>,
        requests_per_second: Option<u32>,
    ) -> PyResult<Self> {
        let setting = |given: Option<String>, name| given.or_else(|| std::env::var(name).ok());
        let mut timeouts = Timeouts::default();
        if let Some(seconds) = timeout {
            let time = Duration::try_from_secs_f64(seconds).ok();
            let time = time.filter(|time| !time.is_zero()).ok_or_else(|| {
                PyValueError::new_err("timeout is a number of seconds, more than 0")
            })?;
            (timeouts.quick, timeouts.session) = (time, time);
            (timeouts.lifecycle, timeouts.send) = (time, time);
            (timeouts.media, timeouts.download) = (time, time);
        }
        let region = Region::new(region)
            .map_err(|error| PyValueError::new_err(format!("region: {error}")))?;
        let py = class.py();
        let calls = Self {
            address: setting(url, "WAHA_URL").unwrap_or_else(|| ADDRESS.to_owned()),
            key: setting(api_key, "WAHA_API_KEY").map(SecretString::from),
            timeouts,
            requests_per_second,
            session: session_name(session)?,
            region,
            is_async: class.getattr("_is_async")?.extract()?,
            waha: Mutex::new(None),
        };
        let made = calls.made(py)?;
        *calls.held() = Some((runtime::process(), made));
        Ok(calls)
    }

    #[doc = documented!("Client.url")]
    #[getter]
    fn url(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.waha(py)?.address().to_string())
    }

    #[doc = documented!("Client.server")]
    fn server(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.call(py, server::version(), results::server)
    }

    /// Gives its connections up; nothing can be called after it.
    fn _close(&self) {
        if let Some((of, waha)) = self.held().take()
            && of != runtime::process()
        {
            std::mem::forget(waha);
        }
    }

    /// Neither the key nor a password in the address.
    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let name = slf.get_type().name()?;
        let this = slf.get();
        Ok(match &*this.held() {
            Some((_, waha)) => format!("<{name} of {}, session {}>", waha.address(), this.session),
            None => format!("<{name}, closed>"),
        })
    }
}
