//! A WAHA server without WhatsApp, within this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use waha_simulator::ledger::Question;
use waha_simulator::{AckTiming, Fault, FaultRates, Incoming, NoSuchSession, Simulator};

use crate::{errors, runtime, values};

/// What `waha_campaign.simulator.Simulator` is.
#[pyclass(frozen, name = "_Simulator", module = "waha_campaign._native")]
pub(crate) struct Simulated {
    url: String,
    key: String,
    process: u32,
    simulator: Mutex<Option<Simulator>>,
}

impl Simulated {
    /// Does something with the server, unless it is closed or another process has it.
    fn with<T>(&self, py: Python<'_>, work: impl FnOnce(&Simulator) -> PyResult<T>) -> PyResult<T> {
        if self.process != runtime::process() {
            return Err(PyRuntimeError::new_err(
                "this simulator runs in the process that made it: only its url can be used here",
            ));
        }
        let simulator = self
            .simulator
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // What somebody does to it may begin something that goes on.
        let _entered = runtime::runtime(py)?.enter();
        match &*simulator {
            Some(simulator) => work(simulator),
            None => Err(PyRuntimeError::new_err("this simulator is closed")),
        }
    }
}

#[pymethods]
impl Simulated {
    #[new]
    #[pyo3(signature = (*, sessions, port, api_key, seed, speed, acks, faults, not_on_whatsapp))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn new(
        py: Python<'_>,
        sessions: Vec<(String, String)>,
        port: u16,
        api_key: &str,
        seed: u64,
        speed: f64,
        acks: bool,
        faults: Vec<(String, f64)>,
        not_on_whatsapp: Vec<String>,
    ) -> PyResult<Self> {
        let mut builder = Simulator::builder()
            .listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            .key(api_key)
            .seed(seed)
            .speed(speed)
            .store_default(true)
            .faults(rates(&faults)?)
            .not_on_whatsapp(not_on_whatsapp.iter().map(|phone| digits(phone)));
        if !acks {
            builder = builder.acks(AckTiming::none());
        }
        for (name, phone) in sessions {
            builder = builder.session(name, digits(&phone));
        }
        let simulator = runtime::block_on(py, builder.start())?;
        let simulator = simulator.map_err(|error| {
            PyOSError::new_err(format!(
                "no server can be started at port {port}: {}",
                errors::plain(&error.to_string())
            ))
        })?;
        Ok(Self {
            url: simulator.url().to_owned(),
            key: simulator.key().to_owned(),
            process: runtime::process(),
            simulator: Mutex::new(Some(simulator)),
        })
    }

    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    #[getter]
    fn api_key(&self) -> &str {
        &self.key
    }

    fn receive(
        &self,
        py: Python<'_>,
        phone: &str,
        text: &str,
        name: &str,
        session: &str,
    ) -> PyResult<String> {
        let incoming = Incoming::text(digits(phone), text).named(name);
        self.with(py, |it| it.receive(session, incoming).map_err(unknown))
    }

    fn pair(&self, py: Python<'_>, session: &str, phone: &str) -> PyResult<bool> {
        self.with(py, |it| it.pair(session, &digits(phone)).map_err(unknown))
    }

    fn unlink(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        self.with(py, |it| it.unlink(session).map_err(unknown))
    }

    fn set_faults(&self, py: Python<'_>, faults: Vec<(String, f64)>) -> PyResult<()> {
        let rates = rates(&faults)?;
        self.with(py, |it| {
            it.faults().set(rates);
            Ok(())
        })
    }

    fn ledger(&self, py: Python<'_>) -> PyResult<Vec<Py<PyAny>>> {
        let mut lines = Vec::new();
        self.with(py, |it| {
            let written = it.ledger_lines(|line| {
                lines.push(line.clone());
                Ok(())
            });
            written.map_err(|error| PyRuntimeError::new_err(error.to_string()))
        })?;
        lines.iter().map(|line| values::json(py, line)).collect()
    }

    fn verdict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let verdict = self.with(py, |it| Ok(it.verdict(&Question::default()).to_json()))?;
        values::json(py, &verdict)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let held = self
            .simulator
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match held {
            Some(simulator) if self.process == runtime::process() => {
                runtime::block_on(py, simulator.shutdown())
            }
            // Its threads are the parent's.
            held => {
                std::mem::forget(held);
                Ok(())
            }
        }
    }
}

/// The names of everything that can go wrong, each with what happens.
#[pyfunction]
pub(crate) fn _faults() -> Vec<(&'static str, &'static str)> {
    Fault::ALL
        .iter()
        .map(|it| (it.name(), it.describe()))
        .collect()
}

fn rates(faults: &[(String, f64)]) -> PyResult<FaultRates> {
    let mut rates = FaultRates::none();
    for (name, rate) in faults {
        let fault = Fault::ALL
            .iter()
            .find(|it| it.name() == name)
            .ok_or_else(|| {
                let names: Vec<_> = Fault::ALL.iter().map(|it| it.name()).collect();
                PyValueError::new_err(format!(
                    "there is no fault {name:?}; there are {}",
                    names.join(", ")
                ))
            })?;
        if !(0.0..=1.0).contains(rate) {
            return Err(PyValueError::new_err(format!(
                "the rate of {name} is a share from 0 to 1, not {rate}"
            )));
        }
        rates = rates.with(*fault, *rate);
    }
    Ok(rates)
}

fn unknown(error: NoSuchSession) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The simulator knows people by the digits of their numbers.
fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}
