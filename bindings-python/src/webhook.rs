//! Deliveries of webhooks, from whichever web framework.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use waha_client::events::Webhook;

use crate::errors;

#[doc = documented!("verify_and_parse")]
#[pyfunction]
#[pyo3(signature = (body, headers, key, /, *, tolerance = 300.0, now = None))]
pub(crate) fn verify_and_parse(
    py: Python<'_>,
    body: &[u8],
    headers: &Bound<'_, PyAny>,
    key: String,
    tolerance: f64,
    now: Option<f64>,
) -> PyResult<Event> {
    let tolerance = Duration::try_from_secs_f64(tolerance)
        .map_err(|_| PyValueError::new_err("tolerance is a number of seconds, 0 or more"))?;
    let now = match now {
        Some(now) => {
            UNIX_EPOCH
                + Duration::try_from_secs_f64(now).map_err(|_| {
                    PyValueError::new_err(
                        "now is a moment in seconds since 1970, as time.time() tells it",
                    )
                })?
        }
        None => SystemTime::now(),
    };
    let headers = read(headers)?;
    let opened = py.detach(|| {
        Webhook::new(key)
            .tolerance(tolerance)
            .open(&headers, body, now)
    });
    let event = opened.map_err(|error| errors::webhook(py, &error))?;
    Event::new(py, &event)
}

/// A mapping, or pairs; names and values as text or as bytes. What cannot be a header is none that is looked for.
fn read(headers: &Bound<'_, PyAny>) -> PyResult<HeaderMap> {
    let pairs = match headers.getattr_opt("items")? {
        Some(items) => items.call0()?,
        None => headers.clone(),
    };
    let mut read = HeaderMap::new();
    for pair in pairs.try_iter()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) =
            pair?.extract().map_err(|_| {
                PyTypeError::new_err(
                    "headers are wanted as a mapping, or as pairs of a name and a value",
                )
            })?;
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(&bytes(&name)?),
            HeaderValue::from_bytes(&bytes(&value)?),
        ) {
            read.append(name, value);
        }
    }
    Ok(read)
}

fn bytes(text: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    match text.cast::<PyString>() {
        Ok(text) => Ok(text.to_cow()?.as_bytes().to_vec()),
        Err(_) => text.extract(),
    }
}

#[doc = documented!("Event")]
#[pyclass(frozen, module = "waha_campaign")]
pub(crate) struct Event {
    #[doc = documented!("Event.id")]
    #[pyo3(get)]
    id: String,
    #[doc = documented!("Event.kind")]
    #[pyo3(get)]
    kind: String,
    #[doc = documented!("Event.session")]
    #[pyo3(get)]
    session: String,
    #[doc = documented!("Event.timestamp")]
    #[pyo3(get)]
    timestamp: f64,
    #[doc = documented!("Event.payload")]
    #[pyo3(get)]
    payload: Py<PyAny>,
    data: Py<PyDict>,
}

impl Event {
    pub(crate) fn new(py: Python<'_>, event: &waha_client::Event) -> PyResult<Self> {
        // Python reads it as it reads all JSON.
        let parsed = py
            .import("json")?
            .call_method1("loads", (PyBytes::new(py, event.raw()),))?;
        let data = parsed.cast_into::<PyDict>()?;
        let payload = data.get_item("payload")?;
        Ok(Self {
            id: event.id.clone(),
            kind: event.payload.kind().to_owned(),
            session: event.session.to_string(),
            timestamp: event.timestamp_ms as f64 / 1_000.0,
            payload: payload
                .unwrap_or_else(|| PyDict::new(py).into_any())
                .unbind(),
            data: data.unbind(),
        })
    }
}

#[pymethods]
impl Event {
    #[doc = documented!("Event.to_dict")]
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.data.bind(py).copy()
    }

    /// Every copy of an event has its id.
    fn __eq__(&self, other: &Self) -> bool {
        self.id == other.id
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.id.as_str().into_pyobject(py)?.hash()
    }

    fn __repr__(&self) -> String {
        format!("<Event {} of {}: {}>", self.kind, self.session, self.id)
    }
}

#[doc = documented!("Gap")]
#[pyclass(frozen, eq, hash, module = "waha_campaign")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Gap {
    #[doc = documented!("Gap.reason")]
    #[pyo3(get)]
    reason: String,
}

impl Gap {
    pub(crate) fn new(reason: String) -> Self {
        Self { reason }
    }
}

#[pymethods]
impl Gap {
    #[doc = documented!("Gap.kind")]
    #[getter]
    fn kind(&self) -> &'static str {
        "gap"
    }

    fn __repr__(&self) -> String {
        format!("<Gap: {}>", self.reason)
    }
}
