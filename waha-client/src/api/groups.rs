//! Groups: create, list, describe, join, leave; their people, admins, picture, texts and settings.
//!
//! Every engine describes a group in its own words. [`Group`] reads those of NOWEB (recorded), of GOWS, WEBJS and WPP
//! (sources of WAHA, whatsmeow, whatsapp-web.js and wa-js); what it does not know is in `extra`. Sending to a group is left
//! out: that is [`chatting`](super::chatting) with the group's id.

mod people;
mod settings;
mod shapes;

use serde::{Deserialize, Serialize};

pub use self::people::{
    add_participants, demote, engine_participants, participants, promote, remove_participants,
};
pub use self::settings::{
    delete_picture, info_admins_only, invite_code, messages_admins_only, picture,
    revoke_invite_code, set_description, set_info_admins_only, set_messages_admins_only,
    set_picture, set_subject,
};
use self::shapes::{GroupFields, GroupList, ParticipantFields};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::transport::Reply;
use crate::types::{Extra, text_enum};

/// The group of calls about groups.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a>(pub(crate) &'a WahaClient);

text_enum! {
    /// What somebody is in a group (WAHA specification).
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

/// Somebody in a group: in the form of WAHA's specification, or as NOWEB (recorded) and GOWS (WAHA source) tell it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "ParticipantFields")]
#[non_exhaustive]
pub struct GroupParticipant {
    /// Who, by phone or by LID.
    pub id: ChatId,
    /// Who, by phone, as far as the engine tells: the id itself when that is a phone's.
    pub phone: Option<ChatId>,
    /// What they are in the group: a plain participant unless the engine says more.
    pub role: GroupRole,
    /// Whatever else came.
    pub extra: Extra,
}

/// A group, as NOWEB (recorded) and GOWS (WAHA source) tell it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "GroupFields")]
#[non_exhaustive]
pub struct Group {
    /// Its id, `..@g.us`.
    pub id: ChatId,
    /// Its name. WPP does not repeat it for a group just made.
    pub subject: Option<String>,
    /// Its description; `None` when it is empty.
    pub description: Option<String>,
    /// Who made it.
    pub owner: Option<ChatId>,
    /// When it was made, Unix seconds.
    pub created_s: Option<i64>,
    /// How many people are in it: as stated, or else as many as were told of.
    pub size: Option<i64>,
    /// Who is in it; `None` when they were left out or the engine keeps them elsewhere. See [`Groups::participants`]. For a
    /// group just made, WEBJS and WPP tell in `extra` what became of each person (whatsapp-web.js and wa-js source).
    pub participants: Option<Vec<GroupParticipant>>,
    /// Whether only admins may change its name, description and picture.
    pub info_admins_only: Option<bool>,
    /// Whether only admins may write in it.
    pub messages_admins_only: Option<bool>,
    /// Whatever else came. WEBJS and WPP tell of the group's chat here, and of the group in `groupMetadata`.
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
    /// 422 when the session is not WORKING. Never repeated: a second call makes a second group. An answer that is not a group
    /// when WEBJS could not make it: whatsapp-web.js then answers with a sentence (whatsapp-web.js source).
    pub async fn create(
        &self,
        session: &SessionName,
        name: &str,
        people: &[ChatId],
    ) -> Result<Group, Error> {
        self.0.call(create(session, name, people)).await
    }

    /// The groups the account is in. NOWEB answers with an object keyed by id (recorded), the others with
    /// an array (WAHA source); both read.
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

    /// What is known of a group before joining it, by its invite code or link. Every engine describes it as it describes its
    /// own groups (WAHA source).
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn join_info(&self, session: &SessionName, code: &str) -> Result<Group, Error> {
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
    /// 501 on GOWS and NOWEB, which cannot (WAHA source); 422 when the session is not WORKING. See
    /// [`Feature::DeleteGroup`](crate::Feature::DeleteGroup).
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
}

/// `POST /api/{session}/groups`. Recorded.
pub fn create(session: &SessionName, name: &str, people: &[ChatId]) -> Endpoint<Group> {
    let body = NewGroup {
        name,
        participants: by_id(people),
    };
    Endpoint::post("/api/{session}/groups", &[session.as_str()], json)
        .json(&body)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/groups`. Recorded.
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

/// `GET /api/{session}/groups/join-info`. WAHA's specification leaves the answer open; its form is WAHA source's.
pub fn join_info(session: &SessionName, code: &str) -> Endpoint<Group> {
    Endpoint::get("/api/{session}/groups/join-info", &[session.as_str()], json)
        .query("code", code.to_owned())
        .waiting(Wait::Session)
}

/// `POST /api/{session}/groups/join`. WAHA's specification.
pub fn join(session: &SessionName, code: &str) -> Endpoint<ChatId> {
    Endpoint::post("/api/{session}/groups/join", &[session.as_str()], |reply| {
        json::<Joined>(reply).map(|joined| joined.id)
    })
    .json(&Invite { code })
    .waiting(Wait::Session)
}

/// `GET /api/{session}/groups/count`. WAHA's specification.
pub fn count(session: &SessionName) -> Endpoint<u64> {
    Endpoint::get(
        "/api/{session}/groups/count",
        &[session.as_str()],
        |reply| json::<Count>(reply).map(|answer| answer.count),
    )
    .waiting(Wait::Session)
}

/// `POST /api/{session}/groups/refresh`. Recorded.
pub fn refresh(session: &SessionName) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/groups/refresh";
    Endpoint::post(PATH, &[session.as_str()], success).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}`. WAHA's specification leaves the answer open: it is read as in the recorded list of
/// groups; recorded is the 500 for an unknown one.
pub fn get(session: &SessionName, group: &ChatId) -> Endpoint<Group> {
    const PATH: &str = "/api/{session}/groups/{id}";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `DELETE /api/{session}/groups/{id}`. Needs [`Feature::DeleteGroup`](crate::Feature::DeleteGroup). WAHA's specification,
/// which leaves the answer open.
pub fn delete(session: &SessionName, group: &ChatId) -> Endpoint<Option<bool>> {
    const PATH: &str = "/api/{session}/groups/{id}";
    Endpoint::delete(PATH, &ids(session, group), verdict).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/leave`. WAHA's specification, which leaves the answer open.
pub fn leave(session: &SessionName, group: &ChatId) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/groups/{id}/leave";
    Endpoint::post(PATH, &ids(session, group), nothing).waiting(Wait::Session)
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
struct NewGroup<'a> {
    name: &'a str,
    participants: Vec<Person<'a>>,
}

#[derive(Serialize)]
struct Invite<'a> {
    code: &'a str,
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

fn success(reply: Reply) -> Result<bool, String> {
    json::<Done>(reply).map(|done| done.success)
}

/// The specification promises `true` or `false` in words only; GOWS answers with an empty body (WAHA source).
fn verdict(reply: Reply) -> Result<Option<bool>, String> {
    Ok(serde_json::from_slice(&reply.body).ok())
}
