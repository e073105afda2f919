//! An endpoint is a value: what is asked of the server, how the answer reads, whether it may be repeated, how long it
//! may take. Nothing here does HTTP; [`WahaClient::call`](crate::WahaClient::call) performs it.

mod session;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::transport::Reply;
use crate::types::File;

/// WAHA refuses a larger request, with status 500 (recorded).
pub(crate) const REQUEST_BYTES_MAX: usize = 50 * 1024 * 1024;

/// Whether a call may be made again when its first try has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// Asking twice is the same as asking once: look-ups.
    Safe,
    /// Asking twice may do it twice. The client never repeats it, nor does anything below.
    Never,
}

/// How long a call of this kind may take; the figures are in [`Timeouts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// Answered by the server itself.
    Quick,
    /// Bound to a session: WAHA waits up to 15 s for the session before it answers (recorded).
    Session,
    /// Starts, stops or removes a session: WAHA does one at a time, each up to 30 s (WAHA source).
    Lifecycle,
    /// Sends a message without media.
    Send,
    /// Sends media, which WAHA may have to fetch and to upload first.
    Media,
    /// Fetches a file: not the time for all of it, but for the answer to begin and for each piece to come.
    Download,
}

/// Response time-outs per kind of call: of one try, from looking for a connection to the last byte of the answer, but for downloads.
///
/// WAHA sends a message whose client has left all the same (recorded), so sends are kept open rather than given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Time to connect, TLS included. 5 s.
    pub connect: Duration,
    /// [`Wait::Quick`]. 10 s.
    pub quick: Duration,
    /// [`Wait::Session`]. 30 s; must exceed WAHA's own 15 s.
    pub session: Duration,
    /// [`Wait::Lifecycle`]. 60 s.
    pub lifecycle: Duration,
    /// [`Wait::Send`]. 120 s.
    pub send: Duration,
    /// [`Wait::Media`]. 300 s.
    pub media: Duration,
    /// [`Wait::Download`]. 30 s; the longest silence, as large files take as long as they take.
    pub download: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            quick: Duration::from_secs(10),
            session: Duration::from_secs(30),
            lifecycle: Duration::from_secs(60),
            send: Duration::from_secs(120),
            media: Duration::from_secs(300),
            download: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// The time-out of a kind of call.
    pub fn of(&self, wait: Wait) -> Duration {
        match wait {
            Wait::Quick => self.quick,
            Wait::Session => self.session,
            Wait::Lifecycle => self.lifecycle,
            Wait::Send => self.send,
            Wait::Media => self.media,
            Wait::Download => self.download,
        }
    }
}

/// The request half of an endpoint.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    pub(crate) path: Cow<'static, str>,
    pub(crate) query: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) body: Option<Bytes>,
    pub(crate) accept: Option<&'static str>,
    pub(crate) repeat: Repeat,
    pub(crate) wait: Wait,
}

/// How a good answer becomes a `T`, or what did not fit.
pub(crate) type Read<T> = fn(Reply) -> Result<T, String>;

/// One call of the API as a value.
#[must_use = "an endpoint does nothing until a client calls it"]
pub struct Endpoint<T> {
    pub(crate) request: Result<Request, Error>,
    pub(crate) read: Read<T>,
}

impl<T> Endpoint<T> {
    /// `ids` take the places of the names in the path as WAHA's specification has it, in order.
    fn new(
        method: Method,
        template: &'static str,
        ids: &[&str],
        repeat: Repeat,
        read: Read<T>,
    ) -> Self {
        let Some(path) = filled(template, ids) else {
            return Self {
                request: Err(Error::invalid("an id in its path is empty or only dots")),
                read,
            };
        };
        let request = Request {
            method,
            template,
            path,
            query: Vec::new(),
            body: None,
            accept: None,
            repeat,
            wait: Wait::Quick,
        };
        Self {
            request: Ok(request),
            read,
        }
    }

    pub(crate) fn get(template: &'static str, ids: &[&str], read: Read<T>) -> Self {
        Self::new(Method::GET, template, ids, Repeat::Safe, read)
    }

    pub(crate) fn post(template: &'static str, ids: &[&str], read: Read<T>) -> Self {
        Self::new(Method::POST, template, ids, Repeat::Never, read)
    }

    pub(crate) fn put(template: &'static str, ids: &[&str], read: Read<T>) -> Self {
        Self::new(Method::PUT, template, ids, Repeat::Never, read)
    }

    pub(crate) fn delete(template: &'static str, ids: &[&str], read: Read<T>) -> Self {
        Self::new(Method::DELETE, template, ids, Repeat::Never, read)
    }

    fn with(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    pub(crate) fn waiting(self, wait: Wait) -> Self {
        self.with(|request| request.wait = wait)
    }

    pub(crate) fn never_repeated(self) -> Self {
        self.with(|request| request.repeat = Repeat::Never)
    }

    /// For what WAHA takes as a change and what asks nothing but a question all the same.
    pub(crate) fn repeatable(self) -> Self {
        self.with(|request| request.repeat = Repeat::Safe)
    }

    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        self.with(|request| request.accept = Some(accept))
    }

    pub(crate) fn query(self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        let value = value.into();
        self.with(|request| request.query.push((name, value)))
    }

    pub(crate) fn query_if<V: ToString>(self, name: &'static str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.query(name, value.to_string()),
            None => self,
        }
    }

    /// Serialised here and once: whatever carries the body further shares these bytes.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) if bytes.len() > REQUEST_BYTES_MAX => {
                self.request = Err(Error::invalid(format!(
                    "its body has {} bytes and WAHA takes {REQUEST_BYTES_MAX} (50 MiB), which is a file of at most {} \
                     bytes as base64: send the file by URL",
                    bytes.len(),
                    File::BYTES_MAX,
                )));
                self
            }
            Ok(bytes) => self.with(|request| request.body = Some(Bytes::from(bytes))),
            Err(error) => {
                self.request = Err(Error::invalid(format!("its body: {error}")));
                self
            }
        }
    }

    /// For what WAHA would take and get wrong, or refuse in a way that leaves open whether it was done.
    pub(crate) fn invalid_if(mut self, is_invalid: bool, why: &'static str) -> Self {
        if is_invalid {
            self.request = Err(Error::invalid(why));
        }
        self
    }

    /// The HTTP method, or `None` for a request that cannot be made.
    pub fn method(&self) -> Option<&str> {
        Some(self.request.as_ref().ok()?.method.as_str())
    }

    /// The path as WAHA's specification has it, with names in the places of ids: `/api/{session}/chats`.
    pub fn template(&self) -> Option<&'static str> {
        Some(self.request.as_ref().ok()?.template)
    }

    /// The path from the server's root, percent-encoded.
    pub fn path(&self) -> Option<&str> {
        Some(&self.request.as_ref().ok()?.path)
    }

    /// The query, not encoded.
    pub fn query_pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.request.as_ref().map(|r| r.query.as_slice());
        pairs
            .unwrap_or_default()
            .iter()
            .map(|(name, value)| (*name, value.as_ref()))
    }

    /// The JSON body.
    pub fn body(&self) -> Option<&Bytes> {
        self.request.as_ref().ok()?.body.as_ref()
    }

    /// Whether the call may be repeated.
    pub fn repeat(&self) -> Repeat {
        self.request.as_ref().map_or(Repeat::Never, |r| r.repeat)
    }

    /// How long the call may take.
    pub fn wait(&self) -> Wait {
        self.request.as_ref().map_or(Wait::Quick, |r| r.wait)
    }
}

/// Leaves out the body, which holds what people write to each other, and the query, which holds phone numbers.
impl<T> fmt::Debug for Endpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("method", &self.method())
            .field("path", &self.path().map(crate::error::masked))
            .field("repeat", &self.repeat())
            .field("wait", &self.wait())
            .finish_non_exhaustive()
    }
}

/// Left as they are within a path segment: unreserved characters, and `@` and `:` as in WhatsApp's ids.
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':');

/// The path with ids in the places of names. `None` when one is empty, "." or "..": it would lead the request to another endpoint.
fn filled(template: &'static str, ids: &[&str]) -> Option<Cow<'static, str>> {
    debug_assert_eq!(template.matches('{').count(), ids.len(), "{template}");
    if ids.is_empty() {
        return Some(template.into());
    }
    let mut path = String::with_capacity(template.len() + 32 * ids.len());
    let mut ids = ids.iter();
    for segment in template.split('/').skip(1) {
        path.push('/');
        if segment.starts_with('{') {
            let id = ids.next().filter(|id| !matches!(**id, "" | "." | ".."))?;
            path.extend(utf8_percent_encode(id, SEGMENT));
        } else {
            path.push_str(segment);
        }
    }
    Some(path.into())
}

/// Reads a JSON body.
pub(crate) fn json<T: DeserializeOwned>(reply: Reply) -> Result<T, String> {
    serde_json::from_slice(&reply.body).map_err(|error| error.to_string())
}

/// Reads a JSON body; an empty one is `None`.
pub(crate) fn json_or_empty<T: DeserializeOwned>(reply: Reply) -> Result<Option<T>, String> {
    if reply.body.trim_ascii().is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&reply.body).map_err(|error| error.to_string())
}

/// Takes whatever body there is as "done".
pub(crate) fn nothing(_reply: Reply) -> Result<(), String> {
    Ok(())
}

/// Takes a good status as "done" unless the body says that it was not. Engines answer the same call with no body, with a
/// boolean, with `success` or with `result`.
pub(crate) fn done(reply: Reply) -> Result<bool, String> {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let said = [Some(&body), body.get("success"), body.get("result")];
    let said = said.into_iter().flatten().find_map(Value::as_bool);
    Ok(said.unwrap_or(true))
}
