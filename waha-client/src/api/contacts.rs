//! People: is a number on WhatsApp, which LID belongs to it, what does the account know of a person, who is blocked.
//!
//! On NOWEB the account's contacts need the session's store
//! ([`SessionConfig::with_noweb_store`](crate::types::SessionConfig::with_noweb_store)); without it they are answered 400
//! ([`Error::is_store_disabled`]).

mod lids;

use serde::{Deserialize, Serialize};

pub use self::lids::{LidPair, LidQuery, lid_count, lid_of_phone, lids, phone_of_lid};
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Read, Wait, done, json, json_or_empty};
use crate::error::Error;
use crate::ids::{ChatId, SessionName, any_chat};
use crate::transport::Reply;
use crate::types::{Extra, PictureSource, readable, text};

/// The group of contact calls.
#[derive(Debug, Clone, Copy)]
pub struct Contacts<'a>(pub(crate) &'a WahaClient);

/// Whether a number is on WhatsApp (recorded).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct NumberStatus {
    /// Whether it is.
    pub number_exists: bool,
    /// The chat to write to, which can have other digits than the number (Brazil, Mexico, Argentina). Most engines leave it
    /// out for a number that is not on WhatsApp; GOWS may give one all the same (WAHA source).
    #[serde(default, deserialize_with = "any_chat")]
    pub chat_id: Option<ChatId>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A person, as far as the account knows. NOWEB (recorded) and GOWS (WAHA source) tell the names alone; WEBJS and WPP all
/// that whatsapp-web.js and WPPConnect know, under the same names (WAHA source).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Contact {
    /// The person's chat.
    pub id: ChatId,
    /// The name in the account's own address book. NOWEB leaves it out when there is none.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// The name that the person shows to others.
    #[serde(default, deserialize_with = "text")]
    pub pushname: Option<String>,
    /// Whether the account has blocked them. Only WEBJS tells (whatsapp-web.js source).
    #[serde(default, rename = "isBlocked", deserialize_with = "readable")]
    pub is_blocked: Option<bool>,
    /// Whatever else the engine tells. The browser engines tell more than the others.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What contacts are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactSort {
    /// The id.
    Id,
    /// The name.
    Name,
}

impl ContactSort {
    fn field(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
        }
    }
}

/// Which contacts are wanted: all of them, as the engine has them, unless told.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct ContactQuery {
    limit: Option<u32>,
    offset: Option<u32>,
    sort_by: Option<ContactSort>,
    ascending: Option<bool>,
}

impl ContactQuery {
    /// All of them.
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

    /// Sorted, A to Z.
    pub fn ascending(mut self, by: ContactSort) -> Self {
        self.sort_by = Some(by);
        self.ascending = Some(true);
        self
    }

    /// Sorted, Z to A.
    pub fn descending(mut self, by: ContactSort) -> Self {
        self.sort_by = Some(by);
        self.ascending = Some(false);
        self
    }
}

#[derive(Deserialize)]
struct About {
    #[serde(default, deserialize_with = "text")]
    about: Option<String>,
}

#[derive(Deserialize)]
struct PictureUrl {
    #[serde(default, rename = "profilePictureURL", deserialize_with = "text")]
    url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneContact<'a> {
    session: &'a SessionName,
    contact_id: &'a ChatId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FullName<'a> {
    first_name: &'a str,
    last_name: &'a str,
}

impl Contacts<'_> {
    /// Asks WhatsApp about a number. Many such questions can themselves get an account restricted: ask slowly, and keep
    /// the answers. The client never asks again by itself.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; not sent for a chat that is not a phone's.
    pub async fn check_exists(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<NumberStatus, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only phone numbers can be checked"))?;
        self.0.call(check_exists(session, digits)).await
    }

    /// The account's contacts.
    ///
    /// # Errors
    ///
    /// 400 on NOWEB without its store.
    pub async fn list(
        &self,
        session: &SessionName,
        query: ContactQuery,
    ) -> Result<Vec<Contact>, Error> {
        self.0.call(list(session, query)).await
    }

    /// One person. NOWEB knows nobody that is not in its store: `None` (recorded at the older path). Other engines can tell
    /// of a person who is not on WhatsApp at all: ask [`Contacts::check_exists`] for that.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn get(
        &self,
        session: &SessionName,
        contact: &ChatId,
    ) -> Result<Option<Contact>, Error> {
        self.0.call(get(session, contact)).await
    }

    /// As [`Contacts::get`], at its older path.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn get_by_query(
        &self,
        session: &SessionName,
        contact: &ChatId,
    ) -> Result<Option<Contact>, Error> {
        self.0.call(get_by_query(session, contact)).await
    }

    /// Writes a person's name into the phone's address book, new or changed. `false` when the server says that it did not.
    /// It may do nothing on a phone with more than one WhatsApp app (WAHA specification).
    ///
    /// # Errors
    ///
    /// 501 on engines that cannot. See [`Feature::UpdateContact`](crate::Feature::UpdateContact).
    pub async fn update(
        &self,
        session: &SessionName,
        contact: &ChatId,
        first_name: &str,
        last_name: &str,
    ) -> Result<bool, Error> {
        let endpoint = update(session, contact, first_name, last_name);
        self.0.call(endpoint).await
    }

    /// What a person says about themselves; `None` when they do not show it.
    ///
    /// # Errors
    ///
    /// 501 on NOWEB (recorded). See [`Feature::ContactAbout`](crate::Feature::ContactAbout).
    pub async fn about(
        &self,
        session: &SessionName,
        contact: &ChatId,
    ) -> Result<Option<String>, Error> {
        self.0.call(about(session, contact)).await
    }

    /// The address of a person's picture; `None` when there is none or it is not shown.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn profile_picture(
        &self,
        session: &SessionName,
        contact: &ChatId,
        source: PictureSource,
    ) -> Result<Option<String>, Error> {
        let endpoint = profile_picture(session, contact, source);
        self.0.call(endpoint).await
    }

    /// Blocks a person. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on NOWEB (recorded). See [`Feature::BlockContact`](crate::Feature::BlockContact).
    pub async fn block(&self, session: &SessionName, contact: &ChatId) -> Result<bool, Error> {
        self.0.call(block(session, contact)).await
    }

    /// Unblocks a person. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on NOWEB (recorded for blocking). See [`Feature::BlockContact`](crate::Feature::BlockContact).
    pub async fn unblock(&self, session: &SessionName, contact: &ChatId) -> Result<bool, Error> {
        self.0.call(unblock(session, contact)).await
    }
}

/// `GET /api/contacts/check-exists`. Takes digits: WAHA passes anything else on as it is. Recorded.
pub fn check_exists(session: &SessionName, phone_digits: &str) -> Endpoint<NumberStatus> {
    Endpoint::get("/api/contacts/check-exists", &[], json)
        .query("phone", phone_digits.to_owned())
        .query("session", session.as_str().to_owned())
        .waiting(Wait::Session)
        .never_repeated()
}

/// `GET /api/contacts/all`. Recorded.
pub fn list(session: &SessionName, query: ContactQuery) -> Endpoint<Vec<Contact>> {
    let order = query
        .ascending
        .map(|ascending| if ascending { "asc" } else { "desc" });
    Endpoint::get("/api/contacts/all", &[], json)
        .query("session", session.as_str().to_owned())
        .query_if("sortBy", query.sort_by.map(ContactSort::field))
        .query_if("sortOrder", order)
        .query_if("limit", query.limit)
        .query_if("offset", query.offset)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/contacts/{id}`. WAHA's specification leaves the answer open: it is read as that of
/// `GET /api/contacts`.
pub fn get(session: &SessionName, contact: &ChatId) -> Endpoint<Option<Contact>> {
    const PATH: &str = "/api/{session}/contacts/{id}";
    Endpoint::get(PATH, &[session.as_str(), contact.as_str()], known).waiting(Wait::Session)
}

/// `GET /api/contacts`. Recorded, for an unknown person; a known one is read as in `GET /api/contacts/all`.
pub fn get_by_query(session: &SessionName, contact: &ChatId) -> Endpoint<Option<Contact>> {
    about_one("/api/contacts", session, contact, known)
}

/// `PUT /api/{session}/contacts/{chatId}`. Needs [`Feature::UpdateContact`](crate::Feature::UpdateContact). WAHA's
/// specification.
pub fn update(
    session: &SessionName,
    contact: &ChatId,
    first_name: &str,
    last_name: &str,
) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/contacts/{chatId}";
    Endpoint::put(PATH, &[session.as_str(), contact.as_str()], done)
        .json(&FullName {
            first_name,
            last_name,
        })
        .waiting(Wait::Session)
}

/// `GET /api/contacts/about`. Needs [`Feature::ContactAbout`](crate::Feature::ContactAbout). WAHA's specification, which
/// leaves the answer open; NOWEB's 501 is recorded.
pub fn about(session: &SessionName, contact: &ChatId) -> Endpoint<Option<String>> {
    about_one("/api/contacts/about", session, contact, |reply| {
        let answer: Option<Option<About>> = json_or_empty(reply)?;
        Ok(answer.flatten().and_then(|answer| answer.about))
    })
}

/// `GET /api/contacts/profile-picture`. Recorded, for a person without a picture.
pub fn profile_picture(
    session: &SessionName,
    contact: &ChatId,
    source: PictureSource,
) -> Endpoint<Option<String>> {
    about_one("/api/contacts/profile-picture", session, contact, |reply| {
        json::<PictureUrl>(reply).map(|picture| picture.url)
    })
    .query_if("refresh", source.refresh())
}

/// `POST /api/contacts/block`. Needs [`Feature::BlockContact`](crate::Feature::BlockContact). WAHA's specification, which
/// leaves the answer open; NOWEB's 501 is recorded.
pub fn block(session: &SessionName, contact: &ChatId) -> Endpoint<bool> {
    change("/api/contacts/block", session, contact)
}

/// `POST /api/contacts/unblock`. Needs [`Feature::BlockContact`](crate::Feature::BlockContact). WAHA's specification, which
/// leaves the answer open.
pub fn unblock(session: &SessionName, contact: &ChatId) -> Endpoint<bool> {
    change("/api/contacts/unblock", session, contact)
}

fn about_one<T>(
    path: &'static str,
    session: &SessionName,
    contact: &ChatId,
    read: Read<T>,
) -> Endpoint<T> {
    Endpoint::get(path, &[], read)
        .query("contactId", contact.as_str().to_owned())
        .query("session", session.as_str().to_owned())
        .waiting(Wait::Session)
}

fn change(path: &'static str, session: &SessionName, contact: &ChatId) -> Endpoint<bool> {
    Endpoint::post(path, &[], done)
        .json(&OneContact {
            session,
            contact_id: contact,
        })
        .waiting(Wait::Session)
}

/// An unknown person is an empty body (recorded) or null.
fn known(reply: Reply) -> Result<Option<Contact>, String> {
    Ok(json_or_empty::<Option<Contact>>(reply)?.flatten())
}
