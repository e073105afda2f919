//! The server itself: is it there, is it well, which version, since when; and stopping it.
//!
//! Left out on purpose: the environment call, whose answer holds every secret of the server; and the CPU profile, the heap
//! snapshot and the browser's trace, which serve who debugs WAHA itself.

use serde::{Deserialize, Serialize};

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, json, json_or_empty, nothing};
use crate::error::Error;
use crate::types::{Environment, Health, ServerStatus};

/// The group of server calls.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a>(pub(crate) &'a WahaClient);

/// How the server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stop {
    /// It ends what it is doing first.
    #[default]
    Gracefully,
    /// It is killed a second later (WAHA source).
    AtOnce,
}

#[derive(Serialize)]
struct StopRequest {
    force: bool,
}

#[derive(Deserialize)]
struct StopAnswer {
    #[serde(default)]
    stopping: Option<bool>,
}

impl Server<'_> {
    /// Is a server there? Needs no key, so it says nothing about one.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.call(ping()).await
    }

    /// The server's own checks. A failing check is an answer, not an error: WAHA answers 503 with the same report (WAHA
    /// specification).
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

    /// Stops the server, with all its sessions. Whatever watches over it, such as Docker, may start it again. `false` when it
    /// says that it does not stop.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn stop(&self, how: Stop) -> Result<bool, Error> {
        self.0.call(stop(how)).await
    }

    /// Version, engine, edition, as [`Server::version`].
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    #[deprecated(note = "version does it")]
    #[allow(deprecated)]
    pub async fn version_by_old_path(&self) -> Result<Environment, Error> {
        self.0.call(version_by_old_path()).await
    }
}

/// `GET /ping`. Recorded.
pub fn ping() -> Endpoint<()> {
    Endpoint::get("/ping", &[], nothing)
}

/// `GET /health`. Not repeated: how the server is now is the question. Recorded.
pub fn health() -> Endpoint<Health> {
    Endpoint::get("/health", &[], json).never_repeated()
}

/// `GET /api/server/version`. Recorded.
pub fn version() -> Endpoint<Environment> {
    Endpoint::get("/api/server/version", &[], json)
}

/// `GET /api/server/status`. Recorded.
pub fn status() -> Endpoint<ServerStatus> {
    Endpoint::get("/api/server/status", &[], json)
}

/// `POST /api/server/stop`. WAHA's specification.
pub fn stop(how: Stop) -> Endpoint<bool> {
    Endpoint::post("/api/server/stop", &[], |reply| {
        let answer: Option<Option<StopAnswer>> = json_or_empty(reply)?;
        let stopping = answer.flatten().and_then(|answer| answer.stopping);
        Ok(stopping.unwrap_or(true))
    })
    .json(&StopRequest {
        force: how == Stop::AtOnce,
    })
}

/// `GET /api/version`. Recorded.
#[deprecated(note = "version does it")]
pub fn version_by_old_path() -> Endpoint<Environment> {
    Endpoint::get("/api/version", &[], json)
}
