//! Groups: create, list, describe, join, leave; their people, admins, picture, texts and settings.
//!
//! Every engine describes a group in its own words. [`Group`] reads NOWEB's (recorded) and GOWS's (WAHA source); what it
//! does not know is in `extra`. Sending to a group is left out: that is [`chatting`](super::chatting) with the group's id.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, json_or_empty, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::transport::Reply;
use crate::types::{Extra, File, Raw, optional_number, text_enum};

/// The group of calls about groups.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a>(pub(crate) &'a WahaClient);

text_enum! {
    /// What somebody is in a group.
    GroupRole {
        /// A member without rights over others.
        Participant = "participant",
        /// May change the group.
        Admin = "admin",
        /// Made the group; other admins cannot remove them.
        Superadmin = "superadmin",
        /// Not in it any more.
        Left = "left",
    }
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "ParticipantFields")]
#[non_exhaustive]
pub struct GroupParticipant {
    /// Who, by phone or by LID.
    pub id: ChatId,
    /// Who, by phone, when the engine knows both.
    pub phone: Option<ChatId>,
    /// What they are in the group: a plain participant unless the engine says more.
    pub role: GroupRole,
    /// Whatever else came.
    pub extra: Extra,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "GroupFields")]
#[non_exhaustive]
pub struct Group {
    /// Its id, `..@g.us`.
    pub id: ChatId,
    /// Its name.
    pub subject: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Who made it.
    pub owner: Option<ChatId>,
    /// When it was made, Unix seconds.
    pub created_s: Option<i64>,
    /// How many people are in it.
    pub size: Option<i64>,
    /// Who is in it; `None` when they were left out or the engine keeps them elsewhere. See [`Groups::participants`].
    pub participants: Option<Vec<GroupParticipant>>,
    /// Whether only admins may change its name, description and picture.
    pub info_admins_only: Option<bool>,
    /// Whether only admins may write in it.
    pub messages_admins_only: Option<bool>,
    /// Whatever else came.
    pub extra: Extra,
}

/// By what a list of groups is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupSort {
    /// By id.
    Id,
    /// By name.
    Subject,
}

/// Which picture of a group is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PictureFrom {
    /// The one WAHA knows: it keeps an answer for 24 h (WAHA specification).
    #[default]
    Cache,
    /// The one WhatsApp has now, which limits how often that may be asked (WAHA specification).
    WhatsApp,
}

/// Which groups are wanted: all of them with their people, in the engine's order, unless told.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct GroupQuery {
    limit: Option<u32>,
    offset: Option<u32>,
    sort: Option<(GroupSort, &'static str)>,
    without_participants: bool,
}

impl GroupQuery {
    /// All groups.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many at most.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }

    /// Sorted, A first.
    pub fn ascending_by(mut self, sort: GroupSort) -> Self {
        self.sort = Some((sort, "asc"));
        self
    }

    /// Sorted, Z first.
    pub fn descending_by(mut self, sort: GroupSort) -> Self {
        self.sort = Some((sort, "desc"));
        self
    }

    /// Leaves out who is in them, which is most of a large group's answer.
    pub fn without_participants(mut self) -> Self {
        self.without_participants = true;
        self
    }
}

impl Groups<'_> {
    /// Makes a group with these people in it. WhatsApp may leave out some: people choose who may add them to groups.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. Never repeated: a second call makes a second group.
    pub async fn create(
        &self,
        session: &SessionName,
        name: &str,
        people: &[ChatId],
    ) -> Result<Group, Error> {
        self.0.call(create(session, name, people)).await
    }

    /// The groups the account is in. NOWEB answers with an object keyed by id (recorded), others with an array; both read.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn list(
        &self,
        session: &SessionName,
        query: &GroupQuery,
    ) -> Result<Vec<Group>, Error> {
        self.0.call(list(session, query)).await
    }

    /// What is known of a group before joining it, by its invite code or link. No shape is documented or recorded.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn join_info(&self, session: &SessionName, code: &str) -> Result<Raw, Error> {
        self.0.call(join_info(session, code)).await
    }

    /// Joins a group by its invite code or link; answers with the group's id.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn join(&self, session: &SessionName, code: &str) -> Result<ChatId, Error> {
        self.0.call(join(session, code)).await
    }

    /// How many groups the account is in.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn count(&self, session: &SessionName) -> Result<u64, Error> {
        self.0.call(count(session)).await
    }

    /// Has WAHA fetch the groups from WhatsApp again; says whether it did.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn refresh(&self, session: &SessionName) -> Result<bool, Error> {
        self.0.call(refresh(session)).await
    }

    /// One group.
    ///
    /// # Errors
    ///
    /// 500 `Group with id '..' not found` for an unknown one on NOWEB (recorded); 422 when the session is not WORKING.
    pub async fn get(&self, session: &SessionName, group: &ChatId) -> Result<Group, Error> {
        self.0.call(get(session, group)).await
    }

    /// Deletes a group. `Some(false)` when WhatsApp did not; `None` when the engine does not say.
    ///
    /// # Errors
    ///
    /// 501 on GOWS, which cannot (WAHA source); 422 when the session is not WORKING.
    pub async fn delete(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<Option<bool>, Error> {
        self.0.call(delete(session, group)).await
    }

    /// Leaves a group.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn leave(&self, session: &SessionName, group: &ChatId) -> Result<(), Error> {
        self.0.call(leave(session, group)).await
    }

    /// Where a group's picture can be fetched; `None` when it has none or hides it.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn picture(
        &self,
        session: &SessionName,
        group: &ChatId,
        from: PictureFrom,
    ) -> Result<Option<String>, Error> {
        self.0.call(picture(session, group, from)).await
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

    /// Who is in a group, in one form for all engines.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn participants(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<Vec<GroupParticipant>, Error> {
        self.0.call(participants(session, group)).await
    }

    /// Who is in a group, in the engine's own form. No shape is documented or recorded; [`Groups::participants`] has one.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn engine_participants(
        &self,
        session: &SessionName,
        group: &ChatId,
    ) -> Result<Raw, Error> {
        self.0.call(engine_participants(session, group)).await
    }

    /// Adds people to a group. Engines answer with what became of each, or with nothing: no shape is documented or recorded.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn add_participants(
        &self,
        session: &SessionName,
        group: &ChatId,
        people: &[ChatId],
    ) -> Result<Option<Raw>, Error> {
        self.0.call(add_participants(session, group, people)).await
    }

    /// Removes people from a group. Answers as [`Groups::add_participants`].
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn remove_participants(
        &self,
        session: &SessionName,
        group: &ChatId,
        people: &[ChatId],
    ) -> Result<Option<Raw>, Error> {
        self.0
            .call(remove_participants(session, group, people))
            .await
    }

    /// Makes people admins of a group. Answers as [`Groups::add_participants`].
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn promote(
        &self,
        session: &SessionName,
        group: &ChatId,
        people: &[ChatId],
    ) -> Result<Option<Raw>, Error> {
        self.0.call(promote(session, group, people)).await
    }

    /// Makes admins of a group plain participants again. Answers as [`Groups::add_participants`].
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn demote(
        &self,
        session: &SessionName,
        group: &ChatId,
        people: &[ChatId],
    ) -> Result<Option<Raw>, Error> {
        self.0.call(demote(session, group, people)).await
    }
}

/// `POST /api/{session}/groups`
pub fn create(session: &SessionName, name: &str, people: &[ChatId]) -> Endpoint<Group> {
    let body = NewGroup {
        name,
        participants: by_id(people),
    };
    Endpoint::post("/api/{session}/groups", &[session.as_str()], json)
        .json(&body)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/groups`
pub fn list(session: &SessionName, query: &GroupQuery) -> Endpoint<Vec<Group>> {
    let sort = query.sort.map(|(sort, _)| match sort {
        GroupSort::Id => "id",
        GroupSort::Subject => "subject",
    });
    let exclude = query.without_participants.then_some("participants");
    Endpoint::get("/api/{session}/groups", &[session.as_str()], |reply| {
        json::<GroupList>(reply).map(|list| list.0)
    })
    .query_if("sortBy", sort)
    .query_if("sortOrder", query.sort.map(|(_, order)| order))
    .query_if("limit", query.limit)
    .query_if("offset", query.offset)
    .query_if("exclude", exclude)
    .waiting(Wait::Session)
}

/// `GET /api/{session}/groups/join-info`
pub fn join_info(session: &SessionName, code: &str) -> Endpoint<Raw> {
    Endpoint::get("/api/{session}/groups/join-info", &[session.as_str()], json)
        .query("code", code.to_owned())
        .waiting(Wait::Session)
}

/// `POST /api/{session}/groups/join`
pub fn join(session: &SessionName, code: &str) -> Endpoint<ChatId> {
    Endpoint::post("/api/{session}/groups/join", &[session.as_str()], |reply| {
        json::<Joined>(reply).map(|joined| joined.id)
    })
    .json(&Invite { code })
    .waiting(Wait::Session)
}

/// `GET /api/{session}/groups/count`
pub fn count(session: &SessionName) -> Endpoint<u64> {
    Endpoint::get(
        "/api/{session}/groups/count",
        &[session.as_str()],
        |reply| json::<Count>(reply).map(|answer| answer.count),
    )
    .waiting(Wait::Session)
}

/// `POST /api/{session}/groups/refresh`
pub fn refresh(session: &SessionName) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/refresh";
    Endpoint::post(PATH, &[session.as_str()], success).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}`
pub fn get(session: &SessionName, group: &ChatId) -> Endpoint<Group> {
    const PATH: &str = "/api/{session}/groups/{id}";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `DELETE /api/{session}/groups/{id}`
pub fn delete(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}";
    Endpoint::delete(PATH, &ids(session, group), verdict).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/leave`
pub fn leave(session: &SessionName, group: &ChatId) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/groups/{id}/leave";
    Endpoint::post(PATH, &ids(session, group), nothing).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/picture`
pub fn picture(
    session: &SessionName,
    group: &ChatId,
    from: PictureFrom,
) -> Endpoint<Option<String>> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    let refresh = (from == PictureFrom::WhatsApp).then_some(true);
    Endpoint::get(PATH, &ids(session, group), |reply| {
        json::<Picture>(reply).map(|picture| picture.url)
    })
    .query_if("refresh", refresh)
    .waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/picture`
pub fn set_picture(session: &SessionName, group: &ChatId, file: &File) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    Endpoint::put(PATH, &ids(session, group), success)
        .json(&NewPicture { file })
        .waiting(Wait::Media)
}

/// `DELETE /api/{session}/groups/{id}/picture`
pub fn delete_picture(session: &SessionName, group: &ChatId) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/{id}/picture";
    Endpoint::delete(PATH, &ids(session, group), success).waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/description`
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

/// `PUT /api/{session}/groups/{id}/subject`
pub fn set_subject(session: &SessionName, group: &ChatId, subject: &str) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/subject";
    Endpoint::put(PATH, &ids(session, group), verdict)
        .json(&Subject { subject })
        .waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/settings/security/info-admin-only`
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

/// `GET /api/{session}/groups/{id}/settings/security/info-admin-only`
pub fn info_admins_only(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/info-admin-only";
    Endpoint::get(PATH, &ids(session, group), admins_only).waiting(Wait::Session)
}

/// `PUT /api/{session}/groups/{id}/settings/security/messages-admin-only`
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

/// `GET /api/{session}/groups/{id}/settings/security/messages-admin-only`
pub fn messages_admins_only(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}/settings/security/messages-admin-only";
    Endpoint::get(PATH, &ids(session, group), admins_only).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/invite-code`
pub fn invite_code(session: &SessionName, group: &ChatId) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/groups/{id}/invite-code";
    Endpoint::get(PATH, &ids(session, group), code).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/invite-code/revoke`
pub fn revoke_invite_code(session: &SessionName, group: &ChatId) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/groups/{id}/invite-code/revoke";
    Endpoint::post(PATH, &ids(session, group), code).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/participants/v2`
pub fn participants(session: &SessionName, group: &ChatId) -> Endpoint<Vec<GroupParticipant>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/v2";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/participants`
pub fn engine_participants(session: &SessionName, group: &ChatId) -> Endpoint<Raw> {
    const PATH: &str = "/api/{session}/groups/{id}/participants";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/participants/add`
pub fn add_participants(
    session: &SessionName,
    group: &ChatId,
    people: &[ChatId],
) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/add";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/participants/remove`
pub fn remove_participants(
    session: &SessionName,
    group: &ChatId,
    people: &[ChatId],
) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/remove";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/admin/promote`
pub fn promote(session: &SessionName, group: &ChatId, people: &[ChatId]) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/admin/promote";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/admin/demote`
pub fn demote(session: &SessionName, group: &ChatId, people: &[ChatId]) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/admin/demote";
    about_people(PATH, session, group, people)
}

fn about_people(
    path: &'static str,
    session: &SessionName,
    group: &ChatId,
    people: &[ChatId],
) -> Endpoint<Option<Raw>> {
    let body = People {
        participants: by_id(people),
    };
    Endpoint::post(path, &ids(session, group), json_or_empty)
        .json(&body)
        .waiting(Wait::Session)
}

fn ids<'a>(session: &'a SessionName, group: &'a ChatId) -> [&'a str; 2] {
    [session.as_str(), group.as_str()]
}

fn by_id(people: &[ChatId]) -> Vec<Person<'_>> {
    people.iter().map(|id| Person { id }).collect()
}

#[derive(Serialize)]
struct Person<'a> {
    id: &'a ChatId,
}

#[derive(Serialize)]
struct People<'a> {
    participants: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct NewGroup<'a> {
    name: &'a str,
    participants: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Invite<'a> {
    code: &'a str,
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
struct Joined {
    id: ChatId,
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

#[derive(Deserialize)]
struct Done {
    success: bool,
}

#[derive(Deserialize)]
struct Picture {
    #[serde(default)]
    url: Option<String>,
}

fn admins_only(reply: Reply) -> Result<Option<bool>, String> {
    json::<AdminsOnly>(reply).map(|answer| answer.admins_only)
}

fn success(reply: Reply) -> Result<bool, String> {
    json::<Done>(reply).map(|done| done.success)
}

/// The specification promises `true` or `false` in words only; GOWS answers with an empty body (WAHA source).
fn verdict(reply: Reply) -> Result<Option<bool>, String> {
    Ok(serde_json::from_slice(&reply.body).ok())
}

/// A code comes as bare text, whatever the specification says: WAHA's framework writes texts without quotes (WAHA source).
fn code(reply: Reply) -> Result<String, String> {
    if let Ok(code) = serde_json::from_slice::<String>(&reply.body) {
        return Ok(code);
    }
    let code = std::str::from_utf8(&reply.body).map(str::trim);
    code.ok()
        .filter(|code| !code.is_empty() && !code.contains(is_never_in_a_code))
        .map(str::to_owned)
        .ok_or_else(|| "it is not an invite code".to_owned())
}

/// Other JSON, a page of HTML, a sentence.
fn is_never_in_a_code(c: char) -> bool {
    matches!(c, '{' | '[' | '<' | '"') || c.is_whitespace()
}

/// An array of groups, or NOWEB's object of groups by id.
struct GroupList(Vec<Group>);

impl<'de> Deserialize<'de> for GroupList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = GroupList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("groups, as an array or by id")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<GroupList, A::Error> {
                let mut groups = Vec::new();
                while let Some(group) = seq.next_element()? {
                    groups.push(group);
                }
                Ok(GroupList(groups))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GroupList, A::Error> {
                let mut groups = Vec::new();
                while let Some((_, group)) = map.next_entry::<String, _>()? {
                    groups.push(group);
                }
                Ok(GroupList(groups))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The names of NOWEB and the specification in small letters, those of GOWS in capitals.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupFields {
    id: Option<ChatId>,
    #[serde(rename = "JID")]
    jid: Option<ChatId>,
    subject: Option<String>,
    name: Option<String>,
    #[serde(rename = "Name")]
    gows_name: Option<String>,
    desc: Option<String>,
    description: Option<String>,
    #[serde(rename = "Topic")]
    topic: Option<String>,
    owner: Option<ChatId>,
    #[serde(rename = "OwnerJID")]
    owner_jid: Option<ChatId>,
    #[serde(deserialize_with = "optional_number")]
    creation: Option<i64>,
    #[serde(deserialize_with = "optional_number")]
    size: Option<i64>,
    participants: Option<Vec<GroupParticipant>>,
    #[serde(rename = "Participants")]
    gows_participants: Option<Vec<GroupParticipant>>,
    restrict: Option<bool>,
    #[serde(rename = "IsLocked")]
    is_locked: Option<bool>,
    announce: Option<bool>,
    #[serde(rename = "IsAnnounce")]
    is_announce: Option<bool>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<GroupFields> for Group {
    type Error = &'static str;

    fn try_from(fields: GroupFields) -> Result<Self, Self::Error> {
        Ok(Self {
            id: fields.id.or(fields.jid).ok_or("a group without an id")?,
            subject: fields.subject.or(fields.gows_name).or(fields.name),
            description: fields.desc.or(fields.description).or(fields.topic),
            owner: named(fields.owner.or(fields.owner_jid)),
            created_s: fields.creation,
            size: fields.size,
            participants: fields.participants.or(fields.gows_participants),
            info_admins_only: fields.restrict.or(fields.is_locked),
            messages_admins_only: fields.announce.or(fields.is_announce),
            extra: fields.extra,
        })
    }
}

/// `role` and `pn` are the specification's, `admin` and `phoneNumber` NOWEB's own, capitals GOWS's own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ParticipantFields {
    id: Option<ChatId>,
    #[serde(rename = "JID")]
    jid: Option<ChatId>,
    pn: Option<ChatId>,
    #[serde(rename = "phoneNumber")]
    phone_number: Option<ChatId>,
    #[serde(rename = "PhoneNumber")]
    gows_phone_number: Option<ChatId>,
    role: Option<GroupRole>,
    admin: Option<GroupRole>,
    #[serde(rename = "IsAdmin")]
    is_admin: Option<bool>,
    #[serde(rename = "IsSuperAdmin")]
    is_super_admin: Option<bool>,
    #[serde(flatten)]
    extra: Extra,
}

impl TryFrom<ParticipantFields> for GroupParticipant {
    type Error = &'static str;

    fn try_from(fields: ParticipantFields) -> Result<Self, Self::Error> {
        let id = fields.id.or(fields.jid);
        let phone = named(fields.pn)
            .or(named(fields.phone_number))
            .or(named(fields.gows_phone_number));
        let by_flags = match (fields.is_super_admin, fields.is_admin) {
            (Some(true), _) => GroupRole::Superadmin,
            (_, Some(true)) => GroupRole::Admin,
            _ => GroupRole::Participant,
        };
        Ok(Self {
            id: id.ok_or("a participant without an id")?,
            phone,
            role: fields.role.or(fields.admin).unwrap_or(by_flags),
            extra: fields.extra,
        })
    }
}

/// GOWS writes an empty text where it has no id.
fn named(id: Option<ChatId>) -> Option<ChatId> {
    id.filter(|id| !id.as_str().is_empty())
}
