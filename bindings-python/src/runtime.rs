//! The threads that calls run on: one small runtime for a process, made when the first call needs it.
//!
//! A fork leaves threads behind, and with them whatever they were doing; so whoever holds on to something that has threads of its own asks
//! for the process it was made in ([`process`]), and makes it anew in another one, or says that it cannot go on there.

use std::future::Future;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{AbortHandle, JoinHandle};

use crate::logs::Lines;

/// Ours: few enough for a process of a web server, and two so that a slow callback of one call does not hold up the others.
const THREADS: usize = 2;

/// Ours: how often a thread that waits looks whether Ctrl-C was pressed.
const SIGNALS: Duration = Duration::from_millis(50);

/// What runs, and the process that has its threads.
static RUNNING: Mutex<Option<(u32, &'static Threads)>> = Mutex::new(None);

/// The threads of one process.
struct Threads {
    runtime: Runtime,
    /// Whether the interpreter is about to end. Whoever is told something from one of the threads holds it meanwhile.
    is_over: RwLock<bool>,
    lines: Lines,
}

/// The process that this is; a child that was forked is another one.
pub(crate) fn process() -> u32 {
    std::process::id()
}

/// The threads of this process. They are asked for by threads that hold the interpreter: nobody else is within when the process is forked.
fn threads(_py: Python<'_>) -> PyResult<&'static Threads> {
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    match *running {
        Some((of, made)) if of == process() => Ok(made),
        _ => {
            let (lines, waiting) = Lines::new();
            let taken = lines.clone();
            let runtime = Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("waha-campaign")
                .on_thread_start(move || taken.take_from_here())
                .enable_all()
                .build()
                .map_err(|error| {
                    PyRuntimeError::new_err(format!("no threads can be started: {error}"))
                })?;
            // A runtime that is dropped waits for its threads, and a forked one has none: it lives as long as its process.
            let made: &'static Threads = Box::leak(Box::new(Threads {
                runtime,
                is_over: RwLock::new(false),
                lines,
            }));
            made.runtime.spawn(waiting.hand_on(Interpreter(made)));
            *running = Some((process(), made));
            Ok(made)
        }
    }
}

/// The runtime of this process.
pub(crate) fn runtime(py: Python<'_>) -> PyResult<&'static Runtime> {
    Ok(&threads(py)?.runtime)
}

/// The way from the threads of this process to Python, until the interpreter ends.
#[derive(Clone, Copy)]
pub(crate) struct Interpreter(&'static Threads);

impl Interpreter {
    /// That of this process.
    pub(crate) fn of(py: Python<'_>) -> PyResult<Self> {
        threads(py).map(Self)
    }

    /// Does something in Python, which must not take long: the end of the interpreter waits for it. Nothing is done once that has come.
    pub(crate) fn with<T>(self, work: impl FnOnce(Python<'_>) -> T) -> Option<T> {
        let is_over = self.0.is_over.read();
        let is_over = is_over.unwrap_or_else(PoisonError::into_inner);
        (!*is_over).then(|| Python::try_attach(work))?
    }
}

/// Does something to its end, and then tells Python in the thread that it ended in; nobody is told once the interpreter ends.
pub(crate) fn spawn_and_tell<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send + 'static,
    tell: impl FnOnce(Python<'_>, T) + Send + 'static,
) -> PyResult<AbortHandle> {
    let interpreter = Interpreter::of(py)?;
    let task = interpreter.0.runtime.spawn(async move {
        let outcome = work.await;
        // Nobody is left to tell when it is over.
        let _ = interpreter.with(|py| tell(py, outcome));
    });
    Ok(task.abort_handle())
}

/// Waits until nobody is being told anything, what was logged included, and lets nobody be told any more: a thread that is within the interpreter when that ends
/// takes the process with it.
#[pyfunction]
pub(crate) fn _end(py: Python<'_>) {
    let running = *RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, threads)) = running
        && of == process()
    {
        py.detach(|| {
            threads.lines.flush();
            *threads
                .is_over
                .write()
                .unwrap_or_else(PoisonError::into_inner) = true
        });
    }
}

/// Something that runs, and what it comes to.
pub(crate) struct Running<T> {
    outcome: mpsc::Receiver<T>,
    task: JoinHandle<()>,
}

impl<T: Send + 'static> Running<T> {
    /// Begins it.
    pub(crate) fn begin(
        py: Python<'_>,
        work: impl Future<Output = T> + Send + 'static,
    ) -> PyResult<Self> {
        let (tell, outcome) = mpsc::sync_channel(1);
        let task = runtime(py)?.spawn(async move {
            // Whoever waited may have left.
            let _ = tell.send(work.await);
        });
        Ok(Self { outcome, task })
    }

    /// Waits for its end, at most so long, while other threads go on; `None` when it goes on for longer.
    ///
    /// # Errors
    ///
    /// What the handler of a signal raised: `KeyboardInterrupt` for Ctrl-C. It goes on all the same, and may be waited for again.
    pub(crate) fn wait(&mut self, py: Python<'_>, patience: Duration) -> PyResult<Option<T>> {
        let begun = Instant::now();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let outcome = &mut self.outcome;
            match py.detach(move || outcome.recv_timeout(left.min(SIGNALS))) {
                Ok(outcome) => return Ok(Some(outcome)),
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Ok(None),
                Err(RecvTimeoutError::Timeout) => py.check_signals()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err(
                        "it ended without an outcome: please report this, with what was called",
                    ));
                }
            }
        }
    }

    /// Waits for its end, however long.
    ///
    /// # Errors
    ///
    /// As [`Running::wait`].
    pub(crate) fn wait_for_ever(&mut self, py: Python<'_>) -> PyResult<T> {
        loop {
            if let Some(outcome) = self.wait(py, Duration::from_secs(3_600))? {
                return Ok(outcome);
            }
        }
    }

    /// Ends it where it stands.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }
}

/// Does something to its end, while other threads go on.
///
/// # Errors
///
/// What the handler of a signal raised; then it is ended where it stands.
pub(crate) fn block_on<T: Send + 'static>(
    py: Python<'_>,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let mut running = Running::begin(py, work)?;
    running.wait_for_ever(py).inspect_err(|_| running.abort())
}
