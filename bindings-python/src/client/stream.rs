//! What comes one after another, for `for` and for `async for`.

use futures_util::future::BoxFuture;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

use super::Calls;
use crate::call::Call;
use crate::errors::Failure;

/// One of them, made by whoever holds the interpreter.
pub(super) type Item = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Asked for anew for each; whoever gives one up loses none.
type Next = dyn Fn() -> BoxFuture<'static, Result<Option<Item>, Failure>> + Send + Sync;

/// What is gone through; each item is waited for, or awaited, as the client's calls are.
#[pyclass(frozen, name = "_Stream", module = "waha_campaign._native")]
pub(crate) struct Stream {
    next: Box<Next>,
    client: Py<Calls>,
}

impl Stream {
    pub(super) fn new(
        client: &Bound<'_, Calls>,
        next: impl Fn() -> BoxFuture<'static, Result<Option<Item>, Failure>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            next: Box::new(next),
            client: client.clone().unbind(),
        }
    }

    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let client = self.client.get();
        let ended: fn() -> PyErr = match client.is_async {
            true => || PyStopAsyncIteration::new_err(()),
            false => || PyStopIteration::new_err(()),
        };
        let next = (self.next)();
        let next = async move { next.await.map(|item| (item, ended)) };
        let call = Call::new(
            true,
            |_| next,
            |py, (item, ended)| match item {
                Some(item) => item(py),
                None => Err(ended()),
            },
        );
        client.waited(py, call)
    }
}

#[pymethods]
impl Stream {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.next(py)
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.next(py)
    }
}
