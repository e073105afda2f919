//! What a group shows and allows: picture, texts, what only admins may do, its invite code.

use serde::{Deserialize, Serialize};

use super::{Groups, ids, success, verdict};
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::transport::Reply;
use crate::types::{File, PictureSource};

impl Groups<'_> {
    /// Where a group's picture can be fetched; `None` when it has none or hides it.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn picture(
        &self,
        session: &SessionName,
        group: &ChatId,
        source: PictureSource,
    ) -> Result<Option<String>, Error> {
        self.0.call(picture(session, group, source)).await
    }

    /// Sets a group's picture; says whether that was done.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_picture(
        &self,
        session: &SessionName,
        group: &ChatId,
        file: &File,
    ) -> Result<bool, Error> {
        self.0.call(set_picture(session, group, file)).await
    }

    /// Removes a group's picture; says whether that was done, and says so always (WAHA source).
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn delete_picture(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<bool, Error> {
        self.0.call(delete_picture(session, group)).await
    }

    /// Sets a group's description. `Some(false)` when the account may not; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_description(
        &self,
        session: &SessionName,
        group: &ChatId,
        description: &str,
    ) -> Result<Option<bool>, Error> {
        self.0
            .call(set_description(session, group, description))
            .await
    }

    /// Sets a group's name. `Some(false)` when the account may not; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_subject(
        &self,
        session: &SessionName,
        group: &ChatId,
        subject: &str,
    ) -> Result<Option<bool>, Error> {
        self.0.call(set_subject(session, group, subject)).await
    }

    /// Sets whether only admins may change the group's name, description and picture. `Some(false)` when the account may
    /// not; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_info_admins_only(
        &self,
        session: &SessionName,
        group: &ChatId,
        admins_only: bool,
    ) -> Result<Option<bool>, Error> {
        self.0
            .call(set_info_admins_only(session, group, admins_only))
            .await
    }

    /// Whether only admins may change the group's name, description and picture; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn info_admins_only(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<Option<bool>, Error> {
        self.0.call(info_admins_only(session, group)).await
    }

    /// Sets whether only admins may write in the group. `Some(false)` when the account may not; `None` when the engine does
    /// not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn set_messages_admins_only(
        &self,
        session: &SessionName,
        group: &ChatId,
        admins_only: bool,
    ) -> Result<Option<bool>, Error> {
        self.0
            .call(set_messages_admins_only(session, group, admins_only))
            .await
    }

    /// Whether only admins may write in the group; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn messages_admins_only(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<Option<bool>, Error> {
        self.0.call(messages_admins_only(session, group)).await
    }

    /// The code of the group's invite link, `https://chat.whatsapp.com/<code>`. Whoever has it can join.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn invite_code(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<String, Error> {
        self.0.call(invite_code(session, group)).await
    }

    /// Makes the group's invite link worthless and answers with a new code.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. Never repeated: each call revokes the code before it.
    pub async fn revoke_invite_code(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<String, Error> {
        self.0.call(revoke_invite_code(session, group)).await
    }
}

/// `GET /api/{session}/groups/{id}/picture`. WAHA's specification.
pub fn picture(
    session: &SessionName,
    group: &ChatId,
    source: PictureSource,
) -> Endpoint<Option<String>> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    Endpoint::get(PATH, &ids(session, group), |reply| {
        json::<Picture>(reply).map(|picture| picture.url)
    })
    .query_if("refresh", source.refresh())
    .waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/picture`. WAHA's specification.
pub fn set_picture(session: &SessionName, group: &ChatId, file: &File) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    Endpoint::put(PATH, &ids(session, group), success)
        .json(&NewPicture { file })
        .waiting(Wait::Media)
}

/// `DELETE /api/{session}/groups/{id}/picture`. WAHA's specification.
pub fn delete_picture(session: &SessionName, group: &ChatId) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    Endpoint::delete(PATH, &ids(session, group), success).waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/description`. WAHA's specification, which leaves the answer open.
pub fn set_description(
    session: &SessionName,
    group: &ChatId,
    description: &str,
) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/description";
    Endpoint::put(PATH, &ids(session, group), verdict)
        .json(&Description { description })
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/subject`. WAHA's specification, which leaves the answer open.
pub fn set_subject(session: &SessionName, group: &ChatId, subject: &str) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/subject";
    Endpoint::put(PATH, &ids(session, group), verdict)
        .json(&Subject { subject })
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/settings/security/info-admin-only`. WAHA's specification, which leaves the answer open.
pub fn set_info_admins_only(
    session: &SessionName,
    group: &ChatId,
    admins_only: bool,
) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/info-admin-only";
    Endpoint::put(PATH, &ids(session, group), verdict)
        .json(&AdminsOnly::from(admins_only))
        .waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/settings/security/info-admin-only`. WAHA's specification.
pub fn info_admins_only(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/info-admin-only";
    Endpoint::get(PATH, &ids(session, group), admins_only).waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/settings/security/messages-admin-only`. WAHA's specification, which leaves the answer
/// open.
pub fn set_messages_admins_only(
    session: &SessionName,
    group: &ChatId,
    admins_only: bool,
) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/messages-admin-only";
    Endpoint::put(PATH, &ids(session, group), verdict)
        .json(&AdminsOnly::from(admins_only))
        .waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/settings/security/messages-admin-only`. WAHA's specification.
pub fn messages_admins_only(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/messages-admin-only";
    Endpoint::get(PATH, &ids(session, group), admins_only).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/invite-code`. WAHA's specification.
pub fn invite_code(session: &SessionName, group: &ChatId) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/groups/{id}/invite-code";
    Endpoint::get(PATH, &ids(session, group), code).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/invite-code/revoke`. WAHA's specification.
pub fn revoke_invite_code(session: &SessionName, group: &ChatId) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/groups/{id}/invite-code/revoke";
    Endpoint::post(PATH, &ids(session, group), code).waiting(Wait::Session)
}

#[derive(Serialize)]
struct NewPicture<'a> {
    file: &'a File,
}

#[derive(Serialize)]
struct Description<'a> {
    description: &'a str,
}

#[derive(Serialize)]
struct Subject<'a> {
    subject: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdminsOnly {
    #[serde(default)]
    admins_only: Option<bool>,
}

impl From<bool> for AdminsOnly {
    fn from(admins_only: bool) -> Self {
        Self {
            admins_only: Some(admins_only),
        }
    }
}

#[derive(Deserialize)]
struct Picture {
    #[serde(default)]
    url: Option<String>,
}

fn admins_only(reply: Reply) -> Result<Option<bool>, String> {
    json::<AdminsOnly>(reply).map(|answer| answer.admins_only)
}

/// A code comes as bare text, whatever the specification says: WAHA's framework writes texts without quotes (WAHA source).
fn code(reply: Reply) -> Result<String, String> {
    let quoted = serde_json::from_slice::<String>(&reply.body).ok();
    let bare = std::str::from_utf8(&reply.body).ok();
    let code = quoted.as_deref().or(bare).map(str::trim);
    code.filter(|code| !code.is_empty() && !code.contains(is_never_in_a_code))
        .map(str::to_owned)
        .ok_or_else(|| "it is not an invite code".to_owned())
}

/// Other JSON, a page of HTML, a sentence.
fn is_never_in_a_code(c: char) -> bool {
    matches!(c, '{' | '[' | '<' | '"') || c.is_whitespace()
}
