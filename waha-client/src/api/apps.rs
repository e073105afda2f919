//! Apps that run within WAHA beside a session: list, create, change, delete.
//!
//! A server has apps only when its environment turns them on, and answers 422 otherwise (recorded where sessions are asked
//! for with their apps). The types are those of WAHA's specification, which tells of no answer: that answers are apps is
//! WAHA's source. `POST /mcp`, which stands here too, is left out: a protocol of its own.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::{Extra, Raw, text_enum};

/// The group of app calls.
#[derive(Debug, Clone, Copy)]
pub struct Apps<'a>(pub(crate) &'a WahaClient);

text_enum! {
    /// Which app it is.
    AppKind {
        /// Chatwoot, an inbox for teams.
        Chatwoot = "chatwoot",
        /// Refuses calls, with a message if wanted.
        Calls = "calls",
        /// Lets language models use the session.
        Mcp = "mcp",
    }
}

/// An app of a session.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct App {
    /// Its id.
    pub id: String,
    /// The session it runs beside.
    pub session: SessionName,
    /// Which app it is.
    pub app: AppKind,
    /// Whether it runs; WAHA takes `None` as yes.
    #[serde(default)]
    pub enabled: Option<bool>,
    /// Its configuration, which depends on the app and may hold secrets of other systems.
    #[serde(default)]
    pub config: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an app shall be. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[must_use]
pub struct AppRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    session: &'a SessionName,
    app: &'a AppKind,
    enabled: bool,
    config: &'a Value,
}

impl<'a> AppRequest<'a> {
    /// An app beside a session, running.
    pub fn new(session: &'a SessionName, app: &'a AppKind, config: &'a Value) -> Self {
        Self {
            id: None,
            session,
            app,
            enabled: true,
            config,
        }
    }

    /// Its id; the server makes one up when it is created without.
    pub fn id(mut self, id: &'a str) -> Self {
        self.id = Some(id);
        self
    }

    /// Keeps it without running it.
    pub fn disabled(mut self) -> Self {
        self.enabled = false;
        self
    }
}

/// Leaves out the configuration, which may hold secrets.
impl fmt::Debug for AppRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppRequest")
            .field("id", &self.id)
            .field("session", &self.session)
            .field("app", &self.app)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

impl Apps<'_> {
    /// The apps of a session.
    ///
    /// # Errors
    ///
    /// 422 on servers without apps.
    pub async fn list(&self, session: &SessionName) -> Result<Vec<App>, Error> {
        self.0.call(list(session)).await
    }

    /// One app.
    ///
    /// # Errors
    ///
    /// 404 when there is none of this id (WAHA source); 422 on servers without apps.
    pub async fn get(&self, id: &str) -> Result<App, Error> {
        self.0.call(get(id)).await
    }

    /// Creates an app. A running session is restarted for some of them (WAHA source).
    ///
    /// # Errors
    ///
    /// 404 when there is no such session, 500 when the id is taken or the session has this app (WAHA source).
    pub async fn create(&self, app: &AppRequest<'_>) -> Result<App, Error> {
        self.0.call(create(app)).await
    }

    /// Changes an app, or creates it when there is none of this id. Neither its kind nor its session can change. A running
    /// session is restarted for some apps (WAHA source).
    ///
    /// # Errors
    ///
    /// As [`Apps::create`].
    pub async fn update(&self, id: &str, app: &AppRequest<'_>) -> Result<App, Error> {
        self.0.call(update(id, app)).await
    }

    /// Deletes an app. A running session is restarted for some of them (WAHA source).
    ///
    /// # Errors
    ///
    /// 404 when there is none of this id (WAHA source).
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.0.call(delete(id)).await
    }
}

/// `GET /api/apps`. WAHA's specification; the answer is WAHA's source.
pub fn list(session: &SessionName) -> Endpoint<Vec<App>> {
    Endpoint::get("/api/apps", &[], json).query("session", session.as_str().to_owned())
}

/// `GET /api/apps/{id}`. WAHA's specification; the answer is WAHA's source.
pub fn get(id: &str) -> Endpoint<App> {
    Endpoint::get("/api/apps/{id}", &[id], json)
}

/// `POST /api/apps`. WAHA's specification; the answer is WAHA's source.
pub fn create(app: &AppRequest<'_>) -> Endpoint<App> {
    Endpoint::post("/api/apps", &[], json)
        .json(app)
        .waiting(Wait::Lifecycle)
}

/// `PUT /api/apps/{id}`. The id within the body is this one too: WAHA answers 404 to any other. WAHA's specification; the
/// answer, and this, is WAHA's source.
pub fn update(id: &str, app: &AppRequest<'_>) -> Endpoint<App> {
    Endpoint::put("/api/apps/{id}", &[id], json)
        .json(&app.id(id))
        .waiting(Wait::Lifecycle)
}

/// `DELETE /api/apps/{id}`. WAHA's specification; the answer is WAHA's source.
pub fn delete(id: &str) -> Endpoint<()> {
    Endpoint::delete("/api/apps/{id}", &[id], nothing).waiting(Wait::Lifecycle)
}
