//! Which LID belongs to which phone number, as the session knows it. WAHA gives them one form for all engines (WAHA source);
//! what the session does not know is null, or left out.

use serde::Deserialize;

use super::Contacts;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, ChatKind, SessionName, any_chat};
use crate::types::Extra;

/// Which of a person's two ids go together, as far as the session knows. Recorded is a phone without a known LID.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct LidPair {
    /// The LID.
    #[serde(default, deserialize_with = "any_chat")]
    pub lid: Option<ChatId>,
    /// The chat by phone number.
    #[serde(default, rename = "pn", deserialize_with = "any_chat")]
    pub phone: Option<ChatId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Which pairs of LID and phone number are wanted: the first hundred, by LID, unless told.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct LidQuery {
    limit: Option<u32>,
    offset: Option<u32>,
}

impl LidQuery {
    /// The first hundred.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many at most. WAHA's default is 100 (WAHA specification).
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How many to skip.
    pub fn offset(mut self, offset: u32) -> Self {
        self.offset = Some(offset);
        self
    }
}

impl Contacts<'_> {
    /// The LID of a phone, as far as the session knows it: WhatsApp may keep a person's chat under either. `None` when the
    /// session has not come across one, which does not mean that there is none.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; not sent for a chat that is not a phone's.
    pub async fn lid_of_phone(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<Option<ChatId>, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only a phone number has a LID"))?;
        self.0.call(lid_of_phone(session, digits)).await
    }

    /// The phone number behind a LID, as far as the session knows it.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; not sent for a chat that is not a LID's.
    pub async fn phone_of_lid(
        &self,
        session: &SessionName,
        lid: &ChatId,
    ) -> Result<Option<ChatId>, Error> {
        self.0.call(phone_of_lid(session, lid)).await
    }

    /// The pairs of LID and phone number that the session knows, sorted by LID.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn lids(
        &self,
        session: &SessionName,
        query: LidQuery,
    ) -> Result<Vec<LidPair>, Error> {
        self.0.call(lids(session, query)).await
    }

    /// How many LIDs the session knows.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn lid_count(&self, session: &SessionName) -> Result<u64, Error> {
        self.0.call(lid_count(session)).await
    }
}

#[derive(Deserialize)]
struct Count {
    count: u64,
}

/// `GET /api/{session}/lids/pn/{phoneNumber}`. Recorded, for a phone without a known LID.
pub fn lid_of_phone(session: &SessionName, phone_digits: &str) -> Endpoint<Option<ChatId>> {
    const PATH: &str = "/api/{session}/lids/pn/{phoneNumber}";
    Endpoint::get(PATH, &[session.as_str(), phone_digits], |reply| {
        json::<LidPair>(reply).map(|pair| pair.lid)
    })
    .waiting(Wait::Session)
}

/// `GET /api/{session}/lids/{lid}`. WAHA's specification.
pub fn phone_of_lid(session: &SessionName, lid: &ChatId) -> Endpoint<Option<ChatId>> {
    const PATH: &str = "/api/{session}/lids/{lid}";
    Endpoint::get(PATH, &[session.as_str(), lid.as_str()], |reply| {
        json::<LidPair>(reply).map(|pair| pair.phone)
    })
    .waiting(Wait::Session)
    .invalid_if(
        lid.kind() != ChatKind::Lid,
        "only a LID is asked about here",
    )
}

/// `GET /api/{session}/lids`. Recorded is an empty list; what stands in one is WAHA's specification.
pub fn lids(session: &SessionName, query: LidQuery) -> Endpoint<Vec<LidPair>> {
    Endpoint::get("/api/{session}/lids", &[session.as_str()], json)
        .query_if("limit", query.limit)
        .query_if("offset", query.offset)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/lids/count`. WAHA's specification.
pub fn lid_count(session: &SessionName) -> Endpoint<u64> {
    Endpoint::get("/api/{session}/lids/count", &[session.as_str()], |reply| {
        json::<Count>(reply).map(|answer| answer.count)
    })
    .waiting(Wait::Session)
}
