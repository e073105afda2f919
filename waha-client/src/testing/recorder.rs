//! A recorder: passes calls on to the server, and keeps what was said.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::recording::RecordedReply;
use super::secrets::leave_out;
use super::{Call, Exchange, Failure, Outcome, Recording, locked};
use crate::endpoint::Request;
use crate::error::Error;
use crate::guard::GuardedBody;
use crate::secrets::Secrets;
use crate::transport::{Lost, Parts, Transport};

/// Keeps every exchange of a client with its server. Clones share everything. What is kept and what is left out:
/// [`Recording`].
///
/// ```no_run
/// use waha_client::WahaClient;
/// use waha_client::testing::{Recorder, Recording, Replay};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let recorder = Recorder::new();
/// let waha = WahaClient::builder("http://localhost:3000")
///     .api_key("secret")
///     .transport(&recorder)
///     .build()?;
/// waha.server().version().await?;
/// recorder.save("version.json")?;
///
/// let replay = Replay::new(Recording::load("version.json")?);
/// assert!(replay.client()?.server().version().await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Exchange>>>);

impl Recorder {
    /// A recorder that has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was said so far.
    pub fn recording(&self) -> Recording {
        Recording::new(locked(&self.0).clone())
    }

    /// Writes what was said so far into a file, over whatever was there.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.recording().save(path)
    }

    pub(super) async fn carry(
        &self,
        transport: &Transport,
        request: &Request,
        body: GuardedBody,
        response_timeout: Duration,
    ) -> Result<reqwest::Response, Lost> {
        let response = transport.carry(request, body, response_timeout).await?;
        let parts = Parts::of(response).await;
        let secrets = transport.secrets();
        let reply = RecordedReply::of(&parts, request.template, secrets);
        self.keep(request, secrets, Outcome::Reply(reply));
        Ok(parts.together())
    }

    /// Keeps a call that brought no answer. Answers are kept by [`Recorder::carry`], bad ones too.
    pub(super) fn lost(&self, transport: &Transport, request: &Request, error: &Error) {
        if let Some(failure) = Failure::of(error) {
            self.keep(request, transport.secrets(), Outcome::Failure(failure));
        }
    }

    fn keep(&self, request: &Request, secrets: &Secrets, outcome: Outcome) {
        let mut call = Call::of(request);
        if let Some(body) = &mut call.body {
            leave_out(body, request.template, secrets);
        }
        for (_, value) in &mut call.query {
            *value = secrets.cleared(std::mem::take(value));
        }
        locked(&self.0).push(Exchange {
            method: call.method,
            path: secrets.cleared(call.path),
            query: call.query,
            body: call.body,
            outcome,
        });
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} exchanges)", locked(&self.0).len())
    }
}
