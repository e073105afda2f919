//! A call of WAHA from Python: it begins when somebody waits for it, and who stops waiting leaves nothing uncertain that need not be.
//!
//! Whether a request is written is decided once, in the poll that writes it ([`Gate`]). Who leaves before that has sent nothing, for certain;
//! who leaves after it is told so, and the request goes on to its answer: WAHA would do it all the same.

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;
use waha_client::{CallOptions, Endpoint, GuardRefusal, WahaClient};

use crate::errors::{self, Failure};
use crate::runtime::{self, Running};

/// Ours: how long somebody who leaves waits for the answer to what is written already. WAHA answers most sends within two seconds.
const GRACE: Duration = Duration::from_secs(5);

/// A result or an exception, made by whoever holds the interpreter.
type Made = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// What a call came to.
struct Outcome {
    is_done: bool,
    shown: Made,
}

/// How a result becomes Python's.
pub(crate) type Shown<T> = fn(Python<'_>, T) -> PyResult<Py<PyAny>>;

/// Not written, and nobody has decided.
const OPEN: u8 = 0;
/// Handed to the connection.
const WRITTEN: u8 = 1;
/// Never to be written.
const CLOSED: u8 = 2;

/// Whether a request may still be written.
#[derive(Debug, Default)]
pub(crate) struct Gate(AtomicU8);

impl Gate {
    /// Lets a request through unless its caller has left. A look-up that is repeated passes again.
    pub(crate) fn pass(&self) -> Result<(), GuardRefusal> {
        let decided = self
            .0
            .compare_exchange(OPEN, WRITTEN, Ordering::AcqRel, Ordering::Acquire);
        match decided {
            Ok(_) | Err(WRITTEN) => Ok(()),
            Err(_) => Err(GuardRefusal::new("its caller has left")),
        }
    }

    /// Whether nothing was let through, and nothing will be.
    pub(crate) fn close(&self) -> bool {
        let decided = self
            .0
            .compare_exchange(OPEN, CLOSED, Ordering::AcqRel, Ordering::Acquire);
        matches!(decided, Ok(_) | Err(CLOSED))
    }
}

/// A call that waits for somebody who wants its result.
#[pyclass(frozen, name = "_Call", module = "waha_campaign._native")]
pub(crate) struct Call {
    work: Mutex<Option<BoxFuture<'static, Outcome>>>,
    task: Mutex<Option<tokio::task::AbortHandle>>,
    gate: Arc<Gate>,
    /// Whether it asks a question and changes nothing.
    is_look_up: bool,
}

impl Call {
    /// A call of an endpoint.
    pub(crate) fn of<T: Send + 'static>(
        waha: WahaClient,
        endpoint: Endpoint<T>,
        shown: Shown<T>,
    ) -> Self {
        let is_look_up = endpoint.method() == Some("GET");
        let call = |options| async move { Ok(waha.call_with(endpoint, options).await?) };
        Self::new(is_look_up, call, shown)
    }

    /// A call that takes more than one step; whatever is written goes by the options.
    pub(crate) fn new<T: Send + 'static, W>(
        is_look_up: bool,
        work: impl FnOnce(CallOptions) -> W,
        shown: Shown<T>,
    ) -> Self
    where
        W: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let gate = Arc::new(Gate::default());
        let guard = gate.clone();
        let work = work(CallOptions::new().guarded_by(move || guard.pass()));
        let work = async move {
            let outcome = work.await;
            Outcome {
                is_done: outcome.is_ok(),
                shown: Box::new(move |py| match outcome {
                    Ok(result) => shown(py, result),
                    Err(failure) => Err(failure.raised(py, is_look_up)),
                }),
            }
        };
        Self {
            work: Mutex::new(Some(Box::pin(work))),
            task: Mutex::default(),
            gate,
            is_look_up,
        }
    }

    fn work(&self) -> PyResult<BoxFuture<'static, Outcome>> {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.take()
            .ok_or_else(|| PyRuntimeError::new_err("this call has begun already"))
    }

    /// Makes the call and waits for its result, while other threads go on.
    ///
    /// # Errors
    ///
    /// As the call; and `KeyboardInterrupt`, whose cause says what became of the request.
    pub(crate) fn wait(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let mut running = Running::begin(py, self.work()?)?;
        let interrupt = match running.wait_for_ever(py) {
            Ok(outcome) => return shown(py, outcome),
            Err(interrupt) => interrupt,
        };
        let cause = if self.is_look_up || self.gate.close() {
            running.abort();
            errors::given_up(py)
        } else {
            // Whoever presses Ctrl-C again leaves at once.
            match running.wait(py, GRACE) {
                Ok(Some(outcome)) => became(py, outcome),
                Ok(None) | Err(_) => errors::left(py),
            }
        };
        interrupt.set_cause(py, Some(cause));
        Err(interrupt)
    }
}

/// An outcome as its caller gets it. Ctrl-C may have been pressed while it came, and may be while it is shown.
fn shown(py: Python<'_>, outcome: Outcome) -> PyResult<Py<PyAny>> {
    if let Err(interrupt) = py.check_signals() {
        interrupt.set_cause(py, Some(became(py, outcome)));
        return Err(interrupt);
    }
    let is_done = outcome.is_done;
    (outcome.shown)(py).inspect_err(|error| {
        if error.is_instance_of::<PyKeyboardInterrupt>(py) {
            let cause = match is_done {
                true => errors::was_done(py, py.None()),
                false => errors::left(py),
            };
            error.set_cause(py, Some(cause));
        }
    })
}

/// An outcome as the cause of an interruption.
fn became(py: Python<'_>, outcome: Outcome) -> PyErr {
    match (outcome.shown)(py) {
        Ok(result) => errors::was_done(py, result),
        Err(error) => error,
    }
}

/// What `waha_campaign._waiting` needs of it, which waits as asyncio does.
#[pymethods]
impl Call {
    #[classattr]
    const GRACE: f64 = GRACE.as_secs_f64();

    /// Begins; `told` is called with the result and `None`, or with `None` and the exception, in a thread of its own.
    fn begin(&self, py: Python<'_>, told: Py<PyAny>) -> PyResult<()> {
        let work = self.work()?;
        let task = runtime::spawn_and_tell(py, work, move |py, outcome| {
            let arguments = match (outcome.shown)(py) {
                Ok(result) => (result, py.None()),
                Err(error) => (py.None(), error.into_value(py).into_any()),
            };
            // A loop that was closed takes nothing any more.
            let _ = told.call1(py, arguments);
        })?;
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Ok(())
    }

    /// Gives it up: the exception that says that nothing was done, or `None` when it is written already and goes on.
    fn give_up(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        if !self.is_look_up && !self.gate.close() {
            return None;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.abort();
        }
        Some(errors::given_up(py).into_value(py).into_any())
    }
}
