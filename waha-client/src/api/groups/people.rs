//! Who is in a group, and who of them are its admins.

use serde::Serialize;

use super::{GroupParticipant, Groups, Person, by_id, ids};
use crate::endpoint::{Endpoint, Wait, json, json_or_empty};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::Raw;

impl Groups<'_> {
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

    /// Who is in a group, in the engine's own form. Those of all engines read as a list of [`GroupParticipant`] too (sources
    /// of WAHA and of the engines); [`Groups::participants`] has one form for all.
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

    /// Adds people to a group. Engines answer with what became of each, in their own form (WAHA source): NOWEB a list with
    /// `jid` and `status`, GOWS its participants with `Error`, WEBJS and WPP an object by id with `code`. For the other
    /// changes of people, WEBJS, WPP and GOWS may only say that it was done, or nothing.
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

/// `GET /api/{session}/groups/{id}/participants/v2`. WAHA's specification.
pub fn participants(session: &SessionName, group: &ChatId) -> Endpoint<Vec<GroupParticipant>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/v2";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `GET /api/{session}/groups/{id}/participants`. WAHA's specification, which leaves the answer open.
pub fn engine_participants(session: &SessionName, group: &ChatId) -> Endpoint<Raw> {
    const PATH: &str = "/api/{session}/groups/{id}/participants";
    Endpoint::get(PATH, &ids(session, group), json).waiting(Wait::Session)
}

/// `POST /api/{session}/groups/{id}/participants/add`. WAHA's specification, which leaves the answer open.
pub fn add_participants(
    session: &SessionName,
    group: &ChatId,
    people: &[ChatId],
) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/add";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/participants/remove`. WAHA's specification, which leaves the answer open.
pub fn remove_participants(
    session: &SessionName,
    group: &ChatId,
    people: &[ChatId],
) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/participants/remove";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/admin/promote`. WAHA's specification, which leaves the answer open.
pub fn promote(session: &SessionName, group: &ChatId, people: &[ChatId]) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/groups/{id}/admin/promote";
    about_people(PATH, session, group, people)
}

/// `POST /api/{session}/groups/{id}/admin/demote`. WAHA's specification, which leaves the answer open.
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

#[derive(Serialize)]
struct People<'a> {
    participants: Vec<Person<'a>>,
}
