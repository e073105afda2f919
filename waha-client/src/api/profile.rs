//! The account's own profile: its name, what it says about itself, its picture.

use serde::{Deserialize, Serialize};

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, done, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Extra, File};

/// The group of profile calls.
#[derive(Debug, Clone, Copy)]
pub struct Profile<'a>(pub(crate) &'a WahaClient);

/// The account's own profile (recorded).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct MyProfile {
    /// The account's chat id.
    pub id: ChatId,
    /// The name it shows to others.
    #[serde(default)]
    pub name: Option<String>,
    /// The address of its picture, if it has one.
    #[serde(default)]
    pub picture: Option<String>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Serialize)]
struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct Status<'a> {
    status: &'a str,
}

#[derive(Serialize)]
struct Picture<'a> {
    file: &'a File,
}

impl Profile<'_> {
    /// The profile as it is.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn get(&self, session: &SessionName) -> Result<MyProfile, Error> {
        self.0.call(get(session)).await
    }

    /// Changes the name it shows to others. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_name(&self, session: &SessionName, name: &str) -> Result<bool, Error> {
        self.0.call(set_name(session, name)).await
    }

    /// Changes what it says about itself. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_status(&self, session: &SessionName, status: &str) -> Result<bool, Error> {
        self.0.call(set_status(session, status)).await
    }

    /// Changes its picture. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_picture(&self, session: &SessionName, picture: &File) -> Result<bool, Error> {
        self.0.call(set_picture(session, picture)).await
    }

    /// Removes its picture. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// As [`Profile::set_picture`].
    pub async fn delete_picture(&self, session: &SessionName) -> Result<bool, Error> {
        self.0.call(delete_picture(session)).await
    }
}

const PICTURE: &str = "/api/{session}/profile/picture";

/// `GET /api/{session}/profile`. Recorded.
pub fn get(session: &SessionName) -> Endpoint<MyProfile> {
    Endpoint::get("/api/{session}/profile", &[session.as_str()], json).waiting(Wait::Session)
}

/// `PUT /api/{session}/profile/name`. WAHA's specification.
pub fn set_name(session: &SessionName, name: &str) -> Endpoint<bool> {
    Endpoint::put("/api/{session}/profile/name", &[session.as_str()], done)
        .json(&Name { name })
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/profile/status`. WAHA's specification.
pub fn set_status(session: &SessionName, status: &str) -> Endpoint<bool> {
    Endpoint::put("/api/{session}/profile/status", &[session.as_str()], done)
        .json(&Status { status })
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/profile/picture`. WAHA's specification.
pub fn set_picture(session: &SessionName, picture: &File) -> Endpoint<bool> {
    Endpoint::put(PICTURE, &[session.as_str()], done)
        .json(&Picture { file: picture })
        .waiting(Wait::Media)
}

/// `DELETE /api/{session}/profile/picture`. WAHA's specification.
pub fn delete_picture(session: &SessionName) -> Endpoint<bool> {
    Endpoint::delete(PICTURE, &[session.as_str()], done).waiting(Wait::Session)
}
