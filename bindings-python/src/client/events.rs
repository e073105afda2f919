//! What happens, as it happens.

use std::sync::Arc;

use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;
use tokio::sync::Mutex;
use waha_client::events::{EventStream, SocketError, SocketItem, Subscription};

use super::Calls;
use crate::call::Call;
use crate::errors::Failure;
use crate::{runtime, webhook};

#[pymethods]
impl Calls {
    #[doc = documented!("Client.events")]
    #[pyo3(signature = (*names, session = None))]
    fn events(
        slf: &Bound<'_, Self>,
        names: Vec<String>,
        session: Option<&str>,
    ) -> PyResult<Events> {
        let (py, this) = (slf.py(), slf.get());
        let wanted = Subscription::new()
            .session(&this.session(session)?)
            .events(names);
        let waha = this.waha(py)?;
        let _entered = runtime::runtime(py)?.enter();
        Ok(Events {
            stream: Arc::new(Mutex::new(waha.listen(wanted))),
            client: slf.clone().unbind(),
        })
    }
}

/// Events one after another, for `for` and for `async for`.
#[pyclass(frozen, name = "_Events", module = "waha_campaign._native")]
pub(crate) struct Events {
    stream: Arc<Mutex<EventStream>>,
    client: Py<Calls>,
}

impl Events {
    fn next(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let stream = self.stream.clone();
        let is_async = self.client.get().is_async;
        let call = |_| async move { next(&mut *stream.lock().await).await };
        let shown: fn(Python<'_>, Option<Next>) -> PyResult<Py<PyAny>> = match is_async {
            true => |py, it| {
                it.map_or_else(|| Err(PyStopAsyncIteration::new_err(())), |it| it.shown(py))
            },
            false => {
                |py, it| it.map_or_else(|| Err(PyStopIteration::new_err(())), |it| it.shown(py))
            }
        };
        self.client.get().waited(py, Call::new(true, call, shown))
    }
}

#[pymethods]
impl Events {
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

/// What the loop gets.
enum Next {
    Event(Box<waha_client::Event>),
    Gap(String),
}

impl Next {
    fn shown(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Event(event) => {
                let shown = webhook::Event::new(py, &event)?;
                Ok(Bound::new(py, shown)?.into_any().unbind())
            }
            Self::Gap(why) => Ok(Bound::new(py, webhook::Gap::new(why))?.into_any().unbind()),
        }
    }
}

/// The next event or gap; `None` when the stream has ended.
async fn next(stream: &mut EventStream) -> Result<Option<Next>, Failure> {
    loop {
        match stream.next().await {
            None => return Ok(None),
            Some(Ok(SocketItem::Event(event))) => return Ok(Some(Next::Event(event))),
            Some(Ok(SocketItem::Gap(gap))) => return Ok(Some(Next::Gap(gap.why))),
            Some(Err(SocketError::Refused(why))) => return Err(Failure::Listening(why)),
            // A frame that is no event is nobody's loss, and a connection is no news.
            Some(_) => {}
        }
    }
}
