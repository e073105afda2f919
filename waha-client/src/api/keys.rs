//! API keys of the server: list, create, change, delete.
//!
//! All need a key that may do everything. A server of 2026.4 answers 422: it manages no keys (recorded for a new one). The
//! secret of a key is shown by no `Debug`. The types are those of WAHA's specification.

mod media_access;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, done, json};
use crate::error::Error;
use crate::ids::SessionName;
use crate::types::Extra;

pub use media_access::MediaAccess;

/// The group of calls about API keys.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a>(pub(crate) &'a WahaClient);

/// An API key of the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApiKey {
    /// Its id, which is no secret.
    pub id: String,
    /// The key itself.
    #[serde(default)]
    pub key: Option<SecretString>,
    /// Whether it is accepted.
    #[serde(default)]
    pub is_active: Option<bool>,
    /// Whether it may do everything.
    #[serde(default)]
    pub is_admin: Option<bool>,
    /// The only session it is for.
    #[serde(default)]
    pub session: Option<SessionName>,
    /// What it may do with that session; `None` leaves it to the server.
    #[serde(default)]
    pub actions: Option<KeyActions>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a key may do with its session; `None` leaves it to the server. Servers of 2026.4 do not have it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeyActions {
    /// Read messages, chats, contacts, groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// Send, and change groups, labels, channels, contacts, the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<bool>,
    /// Start, stop, restart, log out, pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<bool>,
    /// Change the session's configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setting: Option<bool>,
    /// Change its apps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<bool>,
    /// Delete it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<bool>,
    /// Actions that this version of the client does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What a key shall be. Borrows its parts; the server makes the secret.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct KeyRequest<'a> {
    is_admin: bool,
    session: Option<&'a SessionName>,
    is_active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<&'a KeyActions>,
}

impl<'a> KeyRequest<'a> {
    /// A key that may do everything.
    pub fn admin() -> Self {
        Self {
            is_admin: true,
            session: None,
            is_active: true,
            actions: None,
        }
    }

    /// A key for one session.
    pub fn for_session(session: &'a SessionName) -> Self {
        Self {
            is_admin: false,
            session: Some(session),
            is_active: true,
            actions: None,
        }
    }

    /// What it may do with its session.
    pub fn actions(mut self, actions: &'a KeyActions) -> Self {
        self.actions = Some(actions);
        self
    }

    /// Has the server refuse it until it is changed.
    pub fn inactive(mut self) -> Self {
        self.is_active = false;
        self
    }
}

#[derive(Serialize)]
struct OneSession<'a> {
    session: &'a SessionName,
}

impl Keys<'_> {
    /// The keys of the server. The one it was started with is not among them (recorded).
    ///
    /// # Errors
    ///
    /// 403 for a key that may not.
    pub async fn list(&self) -> Result<Vec<ApiKey>, Error> {
        self.0.call(list()).await
    }

    /// Creates a key.
    ///
    /// # Errors
    ///
    /// 422 on servers that manage no keys (recorded), 403 for a key that may not.
    pub async fn create(&self, key: &KeyRequest<'_>) -> Result<ApiKey, Error> {
        self.0.call(create(key)).await
    }

    /// The key that may only download the media of a session, created when there is none.
    ///
    /// # Errors
    ///
    /// 404 on servers of 2026.4, which do not have it.
    pub async fn media_key(&self, session: &SessionName) -> Result<ApiKey, Error> {
        self.0.call(media_key(session)).await
    }

    /// The key that may only start, stop and pair a session, created when there is none.
    ///
    /// # Errors
    ///
    /// 404 on servers of 2026.4, which do not have it.
    pub async fn control_key(&self, session: &SessionName) -> Result<ApiKey, Error> {
        self.0.call(control_key(session)).await
    }

    /// Changes a key. All of it: what the request leaves out becomes the server's default (WAHA specification).
    ///
    /// # Errors
    ///
    /// As [`Keys::create`].
    pub async fn update(&self, id: &str, key: &KeyRequest<'_>) -> Result<ApiKey, Error> {
        self.0.call(update(id, key)).await
    }

    /// Deletes a key. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// As [`Keys::create`].
    pub async fn delete(&self, id: &str) -> Result<bool, Error> {
        self.0.call(delete(id)).await
    }
}

/// `GET /api/keys`. Recorded is an empty list; what stands in one is WAHA's specification.
pub fn list() -> Endpoint<Vec<ApiKey>> {
    Endpoint::get("/api/keys", &[], json)
}

/// `POST /api/keys`. WAHA's specification; recorded is the 422 of servers that manage no keys.
pub fn create(key: &KeyRequest<'_>) -> Endpoint<ApiKey> {
    Endpoint::post("/api/keys", &[], json).json(key)
}

/// `POST /api/keys/media`. WAHA's specification.
pub fn media_key(session: &SessionName) -> Endpoint<ApiKey> {
    Endpoint::post("/api/keys/media", &[], json).json(&OneSession { session })
}

/// `POST /api/keys/control`. WAHA's specification.
pub fn control_key(session: &SessionName) -> Endpoint<ApiKey> {
    Endpoint::post("/api/keys/control", &[], json).json(&OneSession { session })
}

/// `PUT /api/keys/{id}`. WAHA's specification.
pub fn update(id: &str, key: &KeyRequest<'_>) -> Endpoint<ApiKey> {
    Endpoint::put("/api/keys/{id}", &[id], json).json(key)
}

/// `DELETE /api/keys/{id}`. WAHA's specification, which leaves the answer open.
pub fn delete(id: &str) -> Endpoint<bool> {
    Endpoint::delete("/api/keys/{id}", &[id], done)
}
