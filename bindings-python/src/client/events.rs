//! What happens, as it happens.

use std::sync::Arc;

use pyo3::prelude::*;
use tokio::sync::Mutex;
use waha_client::events::{EventStream, SocketError, SocketItem, Subscription};

use super::Calls;
use super::stream::{Item, Stream};
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
    ) -> PyResult<Stream> {
        let (py, this) = (slf.py(), slf.get());
        let wanted = Subscription::new()
            .session(&this.session(session)?)
            .events(names);
        let waha = this.waha(py)?;
        let _entered = runtime::runtime(py)?.enter();
        let stream = Arc::new(Mutex::new(waha.listen(wanted)));
        Ok(Stream::new(slf, move || {
            let stream = stream.clone();
            Box::pin(async move { next(&mut *stream.lock().await).await })
        }))
    }
}

/// The next event or gap; `None` when the stream has ended.
async fn next(stream: &mut EventStream) -> Result<Option<Item>, Failure> {
    loop {
        match stream.next().await {
            None => return Ok(None),
            Some(Ok(SocketItem::Event(event))) => {
                return Ok(Some(Box::new(move |py| {
                    let shown = webhook::Event::new(py, &event)?;
                    Ok(Bound::new(py, shown)?.into_any().unbind())
                })));
            }
            Some(Ok(SocketItem::Gap(gap))) => {
                return Ok(Some(Box::new(|py| {
                    let shown = webhook::Gap::new(gap.why);
                    Ok(Bound::new(py, shown)?.into_any().unbind())
                })));
            }
            Some(Err(SocketError::Refused(why))) => return Err(Failure::Listening(why)),
            // A frame that is no event is nobody's loss, and a connection is no news.
            Some(_) => {}
        }
    }
}
