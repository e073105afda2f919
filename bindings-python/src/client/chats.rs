//! Chats, their messages, and the files that came with those.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use waha_client::api::chats::{self, ChatQuery};
use waha_client::{MessageQuery, StoredFile};

use super::Calls;
use crate::call::Call;
use crate::results;

#[pymethods]
impl Calls {
    #[doc = documented!("Client.chats")]
    #[pyo3(signature = (*, limit = 100, offset = 0, session = None))]
    fn chats(
        &self,
        py: Python<'_>,
        limit: u32,
        offset: u32,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let query = ChatQuery::new().limit(limit).offset(offset);
        self.call(py, chats::list(&session, query), results::chats)
    }

    #[doc = documented!("Client.messages")]
    #[pyo3(signature = (chat, /, *, limit = 100, offset = 0, since = None, until = None, from_me = None, download_media = false, session = None))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn messages(
        &self,
        py: Python<'_>,
        chat: &str,
        limit: u32,
        offset: u32,
        since: Option<f64>,
        until: Option<f64>,
        from_me: Option<bool>,
        download_media: bool,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        let mut query = MessageQuery::new()
            .limit(limit)
            .offset(offset)
            .download_media(download_media);
        if let Some(since) = since {
            query = query.since_s(since.floor() as i64);
        }
        if let Some(until) = until {
            query = query.until_s(until.ceil() as i64);
        }
        if let Some(from_me) = from_me {
            query = query.from_me(from_me);
        }
        let endpoint = chats::messages(&session, &chat, &query);
        self.call(py, endpoint, results::messages)
    }

    #[doc = documented!("Client.message")]
    #[pyo3(signature = (chat, message, /, *, session = None))]
    fn message(
        &self,
        py: Python<'_>,
        chat: &str,
        message: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, chat) = (self.session(session)?, self.chat(py, chat)?);
        let endpoint = chats::message(&session, &chat, message);
        self.call(py, endpoint, results::message)
    }

    #[doc = documented!("Client.download")]
    #[pyo3(signature = (media, /, *, bytes_max = 104_857_600))]
    fn download(
        &self,
        py: Python<'_>,
        media: &Bound<'_, PyAny>,
        bytes_max: usize,
    ) -> PyResult<Py<PyAny>> {
        let url: Option<String> = match media.getattr_opt("url")? {
            Some(url) => url.extract()?,
            None => Some(media.extract()?),
        };
        let url = url.ok_or_else(|| {
            PyValueError::new_err(
                "WAHA did not download this file: ask for the messages with download_media=True",
            )
        })?;
        let file =
            StoredFile::from_url(&url).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let waha = self.waha(py)?;
        let call = |_| async move {
            let download = waha.media().download(&file).await?;
            Ok(download.to_bytes(bytes_max).await?)
        };
        self.waited(py, Call::new(true, call, results::bytes))
    }
}
