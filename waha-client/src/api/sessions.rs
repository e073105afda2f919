//! Sessions: list, describe, create, configure, start, stop, restart, log out, remove.
//!
//! WAHA does one of start, stop, restart, log out, configure and remove at a time per session; a second one waits 5 s and is
//! then answered 500 `async-lock timed out` (recorded). None is ever repeated by the client.

mod change;
mod limits;
mod liveness;

use serde::Serialize;

pub use self::change::{ConfigChange, ConfigEffect};
pub use self::limits::{capping, timelock};
pub use self::liveness::{Doubt, Liveness, Patience, Probe, Signs};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, json_or_empty, nothing};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::{Me, SessionConfig, SessionInfo};

/// The group of session calls.
#[derive(Debug, Clone, Copy)]
pub struct Sessions<'a>(pub(crate) &'a WahaClient);

/// Which sessions to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// Those that run. WAHA's default.
    #[default]
    Running,
    /// Stopped ones too.
    All,
}

/// A session to create (recorded).
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct NewSession {
    /// Its name; WAHA makes one up when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<SessionName>,
    /// Whether to start it at once. WAHA does only when this is true (recorded; its documentation says it is the default).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<bool>,
    /// Its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<SessionConfig>,
}

impl NewSession {
    /// A session by name, started at once.
    pub fn started(name: SessionName) -> Self {
        Self {
            name: Some(name),
            start: Some(true),
            config: None,
        }
    }

    /// With a configuration.
    #[must_use]
    pub fn with_config(mut self, config: SessionConfig) -> Self {
        self.config = Some(config);
        self
    }
}

#[derive(Serialize)]
struct Update<'a> {
    config: &'a SessionConfig,
}

#[derive(Serialize)]
struct StartByName<'a> {
    name: &'a SessionName,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a SessionConfig>,
}

#[derive(Serialize)]
struct StopByName<'a> {
    name: &'a SessionName,
    logout: bool,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a SessionName,
}

/// What becomes of a session that is stopped by the deprecated call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AfterStop {
    /// It stays, with its account.
    Keep,
    /// It is logged out and removed. WAHA's default, which is why the client always says which.
    Remove,
}

impl Sessions<'_> {
    /// The sessions of this server.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn list(&self, listing: Listing) -> Result<Vec<SessionInfo>, Error> {
        self.0.call(list(listing)).await
    }

    /// One session.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name ([`Error::is_unknown_session`]).
    pub async fn get(&self, session: &SessionName) -> Result<SessionInfo, Error> {
        self.0.call(get(session)).await
    }

    /// The account of a session; `None` when it is not paired.
    ///
    /// # Errors
    ///
    /// 404 when the session is missing, and since 2026.6 when it is stopped; before, that is `None` (both recorded).
    pub async fn me(&self, session: &SessionName) -> Result<Option<Me>, Error> {
        self.0.call(me(session)).await
    }

    /// Creates a session. `None` from servers before 2026.6 when it is not started at once: they answer with an empty body
    /// (recorded).
    ///
    /// # Errors
    ///
    /// 422 when the name is taken, 400 when the configuration is refused.
    pub async fn create(&self, new: &NewSession) -> Result<Option<SessionInfo>, Error> {
        self.0.call(create(new)).await
    }

    /// Gives a session another configuration, **the whole of it**: whatever `config` leaves out is gone afterwards, webhooks
    /// and the message store too. To change a part, see [`Sessions::change_config`]. A session that runs is stopped and
    /// started again for it (recorded); its apps are left as they are.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name, 400 when the configuration is refused.
    pub async fn update(
        &self,
        session: &SessionName,
        config: &SessionConfig,
    ) -> Result<SessionInfo, Error> {
        self.0.call(update(session, config)).await
    }

    /// Starts a session. Since 2026.6 a running one is left as it is; before, it was 422. One that is FAILED stays so
    /// (recorded): restart it.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name.
    pub async fn start(&self, session: &SessionName) -> Result<SessionInfo, Error> {
        self.0.call(start(session)).await
    }

    /// Stops a session, which takes 1 to 3 s. `None` when there is none of this name (recorded).
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn stop(&self, session: &SessionName) -> Result<Option<SessionInfo>, Error> {
        self.0.call(stop(session)).await
    }

    /// Stops a session and starts it again.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name.
    pub async fn restart(&self, session: &SessionName) -> Result<SessionInfo, Error> {
        self.0.call(restart(session)).await
    }

    /// Forgets the account; a running session goes on to show a QR code.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this name.
    pub async fn logout(&self, session: &SessionName) -> Result<SessionInfo, Error> {
        self.0.call(logout(session)).await
    }

    /// Removes a session, its configuration and its account. Removing one that is not there is fine too (recorded).
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn delete(&self, session: &SessionName) -> Result<(), Error> {
        self.0.call(delete(session)).await
    }

    /// Starts a session, which is created or given another configuration first. The answer has its name, status and
    /// configuration only (recorded).
    ///
    /// # Errors
    ///
    /// 422 when it runs already (recorded).
    #[deprecated(note = "create, update and start do it")]
    #[allow(deprecated)]
    pub async fn upsert_and_start(
        &self,
        session: &SessionName,
        config: Option<&SessionConfig>,
    ) -> Result<SessionInfo, Error> {
        self.0.call(upsert_and_start(session, config)).await
    }

    /// Stops a session, and removes it if wanted.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    #[deprecated(note = "stop and delete do it")]
    #[allow(deprecated)]
    pub async fn stop_by_name(&self, session: &SessionName, after: AfterStop) -> Result<(), Error> {
        self.0.call(stop_by_name(session, after)).await
    }

    /// Stops a session, logs it out and removes it.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    #[deprecated(note = "delete does it")]
    #[allow(deprecated)]
    pub async fn logout_and_delete(&self, session: &SessionName) -> Result<(), Error> {
        self.0.call(logout_and_delete(session)).await
    }
}

/// `GET /api/sessions`. Recorded.
pub fn list(listing: Listing) -> Endpoint<Vec<SessionInfo>> {
    let endpoint = Endpoint::get("/api/sessions", &[], json);
    match listing {
        Listing::Running => endpoint,
        Listing::All => endpoint.query("all", "true"),
    }
}

/// `GET /api/sessions/{session}`. Recorded.
pub fn get(session: &SessionName) -> Endpoint<SessionInfo> {
    Endpoint::get("/api/sessions/{session}", &[session.as_str()], json)
}

/// `GET /api/sessions/{session}/me`. Recorded.
pub fn me(session: &SessionName) -> Endpoint<Option<Me>> {
    Endpoint::get("/api/sessions/{session}/me", &[session.as_str()], |reply| {
        Ok(json_or_empty::<Option<Me>>(reply)?.flatten())
    })
}

/// `POST /api/sessions`. Recorded.
pub fn create(new: &NewSession) -> Endpoint<Option<SessionInfo>> {
    Endpoint::post("/api/sessions", &[], json_or_empty)
        .json(new)
        .waiting(Wait::Lifecycle)
}

/// `PUT /api/sessions/{session}`. Recorded.
pub fn update(session: &SessionName, config: &SessionConfig) -> Endpoint<SessionInfo> {
    Endpoint::put("/api/sessions/{session}", &[session.as_str()], json)
        .json(&Update { config })
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/{session}/start`. Recorded.
pub fn start(session: &SessionName) -> Endpoint<SessionInfo> {
    Endpoint::post("/api/sessions/{session}/start", &[session.as_str()], json)
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/{session}/stop`. Recorded.
pub fn stop(session: &SessionName) -> Endpoint<Option<SessionInfo>> {
    Endpoint::post(
        "/api/sessions/{session}/stop",
        &[session.as_str()],
        json_or_empty,
    )
    .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/{session}/restart`. Recorded.
pub fn restart(session: &SessionName) -> Endpoint<SessionInfo> {
    Endpoint::post("/api/sessions/{session}/restart", &[session.as_str()], json)
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/{session}/logout`. Recorded.
pub fn logout(session: &SessionName) -> Endpoint<SessionInfo> {
    Endpoint::post("/api/sessions/{session}/logout", &[session.as_str()], json)
        .waiting(Wait::Lifecycle)
}

/// `DELETE /api/sessions/{session}`. Recorded.
pub fn delete(session: &SessionName) -> Endpoint<()> {
    Endpoint::delete("/api/sessions/{session}", &[session.as_str()], nothing)
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/start`. Recorded.
#[deprecated(note = "create, update and start do it")]
pub fn upsert_and_start(
    session: &SessionName,
    config: Option<&SessionConfig>,
) -> Endpoint<SessionInfo> {
    Endpoint::post("/api/sessions/start", &[], json)
        .json(&StartByName {
            name: session,
            config,
        })
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/stop`. Recorded.
#[deprecated(note = "stop and delete do it")]
pub fn stop_by_name(session: &SessionName, after: AfterStop) -> Endpoint<()> {
    Endpoint::post("/api/sessions/stop", &[], nothing)
        .json(&StopByName {
            name: session,
            logout: after == AfterStop::Remove,
        })
        .waiting(Wait::Lifecycle)
}

/// `POST /api/sessions/logout`. Recorded.
#[deprecated(note = "delete does it")]
pub fn logout_and_delete(session: &SessionName) -> Endpoint<()> {
    Endpoint::post("/api/sessions/logout", &[], nothing)
        .json(&Named { name: session })
        .waiting(Wait::Lifecycle)
}
