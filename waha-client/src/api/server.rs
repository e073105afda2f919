//! The server itself: is it there, is it well, which version, since when.
//!
//! The environment call is left out on purpose: its answer holds every secret of the server.

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, json, nothing};
use crate::error::Error;
use crate::types::{Environment, Health, ServerStatus};

/// The group of server calls.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a>(pub(crate) &'a WahaClient);

impl Server<'_> {
    /// Is a server there? Needs no key, so it says nothing about one.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.call(ping()).await
    }

    /// The server's own checks. A failing check is an answer, not an error.
    ///
    /// # Errors
    ///
    /// 422 on servers without a licence before 2026.6.1, and as every call.
    pub async fn health(&self) -> Result<Health, Error> {
        let error = match self.0.call(health()).await {
            Ok(report) => return Ok(report),
            Err(error) => error,
        };
        let unwell = error
            .answer()
            .filter(|answer| answer.status() == 503)
            .and_then(|answer| serde_json::from_slice(answer.body()).ok());
        unwell.ok_or(error)
    }

    /// Version, engine, edition.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn version(&self) -> Result<Environment, Error> {
        self.0.call(version()).await
    }

    /// Since when it runs.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn status(&self) -> Result<ServerStatus, Error> {
        self.0.call(status()).await
    }
}

/// `GET /ping`
pub fn ping() -> Endpoint<()> {
    Endpoint::get("/ping", &[], nothing)
}

/// `GET /health`. Not repeated: how the server is now is the question.
pub fn health() -> Endpoint<Health> {
    Endpoint::get("/health", &[], json).never_repeated()
}

/// `GET /api/server/version`
pub fn version() -> Endpoint<Environment> {
    Endpoint::get("/api/server/version", &[], json)
}

/// `GET /api/server/status`
pub fn status() -> Endpoint<ServerStatus> {
    Endpoint::get("/api/server/status", &[], json)
}
