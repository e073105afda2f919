//! Pairing a session with a phone.

use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tokio::sync::Mutex;
use waha_client::ChatId;
use waha_client::api::pairing::{self, PairingOptions};

use super::Calls;
use super::stream::{Item, Stream};
use crate::call::Call;
use crate::{results, runtime, values};

#[pymethods]
impl Calls {
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

    #[doc = documented!("Client.pairing")]
    #[pyo3(signature = (phone = None, /, *, png = false, session = None, timeout = None))]
    fn pairing(
        slf: &Bound<'_, Self>,
        phone: Option<&str>,
        png: bool,
        session: Option<&str>,
        timeout: Option<f64>,
    ) -> PyResult<Stream> {
        let (py, this) = (slf.py(), slf.get());
        let session = this.session(session)?;
        let options = match phone {
            Some(phone) => {
                let chat = ChatId::phone(&this.number(py, phone)?);
                let chat = chat.map_err(|error| PyValueError::new_err(error.to_string()))?;
                PairingOptions::code(chat)
            }
            None if png => PairingOptions::qr_image(),
            None => PairingOptions::qr(),
        };
        let options = within(options, timeout)?;
        let waha = this.waha(py)?;
        let _entered = runtime::runtime(py)?.enter();
        let steps = Arc::new(Mutex::new(waha.pairing().steps(&session, options)));
        Ok(Stream::new(slf, move || {
            let steps = steps.clone();
            Box::pin(async move {
                let step = steps.lock().await.next().await.transpose()?;
                Ok(step.map(|step| -> Item { Box::new(|py| results::step(py, step)) }))
            })
        }))
    }

    #[doc = documented!("Client.wait_until_working")]
    #[pyo3(signature = (*, session = None, timeout = None))]
    fn wait_until_working(
        &self,
        py: Python<'_>,
        session: Option<&str>,
        timeout: Option<f64>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let options = within(PairingOptions::qr(), timeout)?;
        let waha = self.waha(py)?;
        let work = |_| async move {
            let pairing = waha.pairing();
            let waits = pairing.wait_until_working(&session, options, drop);
            Ok(waits.await?)
        };
        self.waited(py, Call::new(true, work, results::account))
    }

    #[doc = documented!("Client.submit_passkey")]
    #[pyo3(signature = (assertion, /, *, session = None))]
    fn submit_passkey(
        &self,
        py: Python<'_>,
        assertion: &Bound<'_, PyAny>,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let wrong = "assertion is not what a browser's toJSON() makes";
        let assertion = values::from_json(assertion, wrong)?;
        self.call(
            py,
            pairing::submit_passkey(&session, &assertion),
            results::none,
        )
    }

    #[doc = documented!("Client.confirm_passkey")]
    #[pyo3(signature = (*, session = None))]
    fn confirm_passkey(&self, py: Python<'_>, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        self.call(py, pairing::confirm_passkey(&session), results::none)
    }
}

/// How long it may take in all.
fn within(options: PairingOptions, timeout: Option<f64>) -> PyResult<PairingOptions> {
    let Some(seconds) = timeout else {
        return Ok(options);
    };
    let time = Duration::try_from_secs_f64(seconds);
    let time = time.map_err(|_| PyValueError::new_err("timeout is a number of seconds"))?;
    Ok(options.within(time))
}
