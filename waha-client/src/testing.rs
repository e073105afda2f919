//! For tests of code that uses this client: clients without a server (feature `testing`).
//!
//! A [`Script`] answers as a test says, and remembers what was asked. A [`Recorder`] passes calls on to a real server and
//! keeps what was said; a [`Replay`] says it again. Only the wire is replaced: guards, time-outs, repetition and errors are
//! those of every client. Websockets and downloads are left out: a client without a server has none.
//!
//! ```
//! use serde_json::json;
//! use waha_client::testing::{Failure, Reply, Script};
//! use waha_client::{ChatId, SessionName, TextMessage};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let script = Script::new();
//! script.on("POST", "/api/sendText").fails(Failure::ResetAfterBody);
//! script.on("POST", "/api/sendText").answers(Reply::json(201, json!({"id": "3EB0AA"})));
//!
//! let waha = script.client()?;
//! let session = SessionName::new("default")?;
//! let chat = ChatId::phone("6281234567890")?;
//! let message = TextMessage::new(&session, &chat, "Hello!");
//! assert!(waha.chatting().send_text(&message).await.is_err_and(|error| error.may_have_been_sent()));
//! assert!(waha.chatting().send_text(&message).await.is_ok());
//!
//! assert_eq!(script.calls()[1].body.as_ref().map(|body| &body["text"]), Some(&json!("Hello!")));
//! script.check()?;
//! # Ok(())
//! # }
//! ```

mod failure;
mod recorder;
mod recording;
mod replay;
mod reply;
mod script;
mod secrets;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

pub use failure::Failure;
pub use recorder::Recorder;
pub use recording::{Body, Exchange, LoadError, Outcome, RecordedReply, Recording};
pub use replay::Replay;
pub use reply::Reply;
pub use script::{Expectation, Mismatch, Script};

use crate::endpoint::Request;
use crate::error::Error;
use crate::guard::GuardedBody;
use crate::transport::{Lost, Reply as Good, Transport};

/// What carries a client's calls in a test; see [`Builder::transport`](crate::Builder::transport).
#[derive(Debug, Clone)]
pub struct TestTransport(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Script(Script),
    Recorder(Recorder),
    Replay(Replay),
}

impl From<&Script> for TestTransport {
    fn from(script: &Script) -> Self {
        Self(Kind::Script(script.clone()))
    }
}

impl From<&Recorder> for TestTransport {
    fn from(recorder: &Recorder) -> Self {
        Self(Kind::Recorder(recorder.clone()))
    }
}

impl From<&Replay> for TestTransport {
    fn from(replay: &Replay) -> Self {
        Self(Kind::Replay(replay.clone()))
    }
}

impl TestTransport {
    /// Whether there is no server behind it.
    pub(crate) fn is_offline(&self) -> bool {
        !matches!(self.0, Kind::Recorder(_))
    }

    /// Carries one request. The outer error is the test's own: a call that nobody expected.
    pub(crate) async fn carry(
        &self,
        transport: &Transport,
        request: &Request,
        body: GuardedBody,
        response_timeout: Duration,
    ) -> Result<Result<reqwest::Response, Lost>, Error> {
        match &self.0 {
            Kind::Recorder(recorder) => Ok(recorder
                .carry(transport, request, body, response_timeout)
                .await),
            Kind::Script(script) => {
                let answer = script.carry(request, body);
                within(response_timeout, answer).await
            }
            Kind::Replay(replay) => replay.carry(request, body),
        }
    }

    /// Learns how far a request got.
    pub(crate) fn ended(
        &self,
        transport: &Transport,
        request: &Request,
        result: &Result<Good, Error>,
    ) {
        if let (Kind::Recorder(recorder), Err(error)) = (&self.0, result) {
            recorder.lost(transport, request, error);
        }
    }
}

/// The response time-out, as a server that says nothing lets it pass.
async fn within<T>(
    response_timeout: Duration,
    answer: impl Future<Output = Result<Result<T, Lost>, Error>>,
) -> Result<Result<T, Lost>, Error> {
    match tokio::time::timeout(response_timeout, answer).await {
        Ok(answer) => answer,
        Err(elapsed) => Ok(Err(elapsed.into())),
    }
}

/// One call as it was asked. `Debug` shows all of it: it is for tests.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path as WAHA's specification has it: `/api/{session}/chats`.
    pub template: String,
    /// The path, percent-encoded.
    pub path: String,
    /// The query, not encoded.
    pub query: Vec<(String, String)>,
    /// The JSON body.
    pub body: Option<Value>,
    /// Whether a server would have got the call whole: not when its guard withheld it, nor after [`Failure::Refused`].
    pub handed_over: bool,
}

impl Call {
    fn of(request: &Request) -> Self {
        let query = request.query.iter();
        let body = request.body.as_ref();
        Self {
            method: request.method.to_string(),
            template: request.template.to_owned(),
            path: request.path.to_string(),
            query: query
                .map(|(name, value)| ((*name).to_owned(), value.to_string()))
                .collect(),
            body: body.and_then(|bytes| serde_json::from_slice(bytes).ok()),
            handed_over: false,
        }
    }
}

/// Method and template: enough to name a call, and without the numbers of its path.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

/// A test that panics with the lock held must not make others panic for another reason.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
