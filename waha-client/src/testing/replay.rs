//! A replay: says again what a recording holds.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::failure::hand_over;
use super::secrets::{is_same, is_same_text};
use super::{Call, Exchange, Outcome, Recording, locked};
use crate::client::WahaClient;
use crate::endpoint::Request;
use crate::error::{BuildError, Error};
use crate::guard::GuardedBody;
use crate::transport::Lost;

/// Answers a client's calls from a recording. Clones share everything.
///
/// Calls of one method and path must come in the order they were recorded, with the query and the body they had; calls of
/// different ones may come in any order. A call that does not fit fails with [`NotSent::Invalid`](crate::NotSent::Invalid),
/// which says what is different, and leaves the recording where it was. So does a call that its own guard withholds.
#[derive(Clone)]
pub struct Replay {
    left: Arc<Mutex<Vec<Exchange>>>,
    any_body: bool,
}

impl Replay {
    /// Answers from this recording, from its beginning.
    pub fn new(recording: Recording) -> Self {
        Self {
            left: Arc::new(Mutex::new(recording.exchanges)),
            any_body: false,
        }
    }

    /// Takes calls with any body, for code that puts times or chance into what it sends.
    #[must_use]
    pub fn with_any_body(mut self) -> Self {
        self.any_body = true;
        self
    }

    /// A client that is answered from this recording. For one with settings of its own, give the replay to
    /// [`Builder::transport`](crate::Builder::transport).
    ///
    /// # Errors
    ///
    /// When the HTTP library cannot be set up.
    pub fn client(&self) -> Result<WahaClient, BuildError> {
        WahaClient::builder("http://replay").transport(self).build()
    }

    /// The exchanges that nobody has asked for yet.
    pub fn left(&self) -> Vec<Exchange> {
        locked(&self.left).clone()
    }

    pub(super) fn carry(
        &self,
        request: &Request,
        body: GuardedBody,
    ) -> Result<Result<reqwest::Response, Lost>, Error> {
        let (at, exchange) = self.take(&Call::of(request)).map_err(Error::invalid)?;
        if let Outcome::Failure(failure) = &exchange.outcome
            && !failure.comes_after_body()
        {
            return Ok(Err(failure.play(Some(body))));
        }
        // The guard is the caller's code: it is asked without the lock.
        if let Err(withheld) = hand_over(body) {
            self.put_back(at, exchange);
            return Ok(Err(withheld));
        }
        match exchange.outcome {
            Outcome::Failure(failure) => Ok(Err(failure.play(None))),
            Outcome::Reply(reply) => {
                let parts = reply.parts().map_err(Error::invalid)?;
                Ok(Ok(parts.together()))
            }
        }
    }

    fn put_back(&self, at: usize, exchange: Exchange) {
        let mut left = locked(&self.left);
        let at = at.min(left.len());
        left.insert(at, exchange);
    }

    /// The next exchange of this method and path with its place, or why the call is not it.
    fn take(&self, call: &Call) -> Result<(usize, Exchange), String> {
        let mut left = locked(&self.left);
        let at = left.iter().position(|exchange| {
            exchange.method == call.method && is_same_text(&exchange.path, &call.path)
        });
        let at = at.ok_or_else(|| format!("the recording has no more {call}"))?;
        let recorded = &left[at];
        let same_query = recorded.query.len() == call.query.len()
            && recorded
                .query
                .iter()
                .zip(&call.query)
                .all(|(a, b)| a.0 == b.0 && is_same_text(&a.1, &b.1));
        if !same_query {
            return Err(format!("the recording has {call} with another query"));
        }
        let same_body = match (&recorded.body, &call.body) {
            (Some(recorded), Some(asked)) => self.any_body || is_same(recorded, asked),
            (None, None) => true,
            _ => false,
        };
        if !same_body {
            return Err(format!("the recording has {call} with another body"));
        }
        Ok((at, left.remove(at)))
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replay({} exchanges left)", locked(&self.left).len())
    }
}
