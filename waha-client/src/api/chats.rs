//! Chats: list them, alone or each with its last message; archive, mark as unread, delete; and what is done with their
//! messages.
//!
//! On NOWEB these need the session's store ([`SessionConfig::with_noweb_store`](crate::types::SessionConfig::with_noweb_store));
//! without it they are answered 400 ([`Error::is_store_disabled`]). Engines answer a change with nothing, with a boolean or
//! with an object (WAHA source): it counts as done unless the answer says otherwise.

mod history;
mod shapes;

use serde::{Deserialize, Serialize};

pub(in crate::api) use self::history::marked_read;
pub use self::history::{
    EditedText, MessageQuery, PinFor, ReadQuery, clear_messages, delete_message, edit_message,
    message, messages, pin_message, read_messages, unpin_message,
};
use self::shapes::ChatFields;
use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, done, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Extra, Message, PictureSource, Raw, readable_raw, text};

/// The group of chat calls.
#[derive(Debug, Clone, Copy)]
pub struct Chats<'a>(pub(crate) &'a WahaClient);

/// What chats are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChatSort {
    /// The time of the last message.
    LastMessage,
    /// The chat's id.
    Id,
    /// The chat's name.
    Name,
}

impl ChatSort {
    fn field(self) -> &'static str {
        match self {
            Self::LastMessage => "conversationTimestamp",
            Self::Id => "id",
            Self::Name => "name",
        }
    }
}

/// Which chats are wanted: all of them, as the engine has them, unless told.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct ChatQuery {
    limit: Option<u32>,
    offset: Option<u32>,
    merge: Option<bool>,
    sort_by: Option<ChatSort>,
    ascending: Option<bool>,
}

impl ChatQuery {
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

    /// Whether a person's phone chat and LID chat are told as one. WAHA's default is yes.
    pub fn merge(mut self, wanted: bool) -> Self {
        self.merge = Some(wanted);
        self
    }

    /// Sorted, the smallest or oldest first.
    pub fn ascending(mut self, by: ChatSort) -> Self {
        self.sort_by = Some(by);
        self.ascending = Some(true);
        self
    }

    /// Sorted, the largest or newest first.
    pub fn descending(mut self, by: ChatSort) -> Self {
        self.sort_by = Some(by);
        self.ascending = Some(false);
        self
    }
}

/// Which chats are wanted with their last messages: the twenty newest, unless told.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct OverviewQuery<'a> {
    limit: Option<u32>,
    offset: Option<u32>,
    merge: Option<bool>,
    ids: &'a [ChatId],
}

impl<'a> OverviewQuery<'a> {
    /// The twenty newest.
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

    /// Whether a person's phone chat and LID chat are told as one. WAHA's default is yes.
    pub fn merge(mut self, wanted: bool) -> Self {
        self.merge = Some(wanted);
        self
    }

    /// Only these chats; none given filters nothing.
    pub fn ids(mut self, ids: &'a [ChatId]) -> Self {
        self.ids = ids;
        self
    }

    // WAHA's own default, told all the same: without the object around it the POST is answered 500 (recorded).
    fn limit_or_default(&self) -> u32 {
        self.limit.unwrap_or(20)
    }
}

#[derive(Serialize)]
struct OverviewBody<'a> {
    pagination: Pagination,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<OverviewFilter<'a>>,
}

#[derive(Serialize)]
struct Pagination {
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<bool>,
}

#[derive(Serialize)]
struct OverviewFilter<'a> {
    ids: &'a [ChatId],
}

/// A chat as the engine has it: in the words of NOWEB (recorded), GOWS, WEBJS or WPP (sources of WAHA, whatsapp-web.js and
/// WPPConnect).
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "ChatFields")]
#[non_exhaustive]
pub struct Chat {
    /// Its id. NOWEB can have the same chat twice, once by each form of its id (recorded).
    pub id: ChatId,
    /// Its name. NOWEB leaves it out for most (recorded).
    pub name: Option<String>,
    /// The time of the last message, Unix seconds, if the engine says.
    pub conversation_timestamp_s: Option<i64>,
    /// How many messages in it are unread. WEBJS and WPP tell; NOWEB and GOWS do not (WAHA source).
    pub unread_count: Option<i64>,
    /// Whatever else the engine tells of it: WEBJS its `lastMessage`, WEBJS and WPP the `groupMetadata` of a group.
    pub extra: Extra,
}

/// A chat with what a list of chats shows. WAHA gives it one form for all engines (recorded for NOWEB, WAHA source for the
/// others); only [`ChatSummary::chat`] and the message's own data are the engine's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChatSummary {
    /// Its id.
    pub id: ChatId,
    /// Its name, if it has one.
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    /// The address of its picture, as far as the server has it.
    #[serde(default, deserialize_with = "text")]
    pub picture: Option<String>,
    /// Its last message; `None` as well when that does not read as one.
    #[serde(default, deserialize_with = "readable_raw")]
    pub last_message: Option<Message>,
    /// The engine's own form of it.
    #[serde(default, rename = "_chat")]
    pub chat: Option<Raw>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Deserialize)]
struct PictureUrl {
    #[serde(default)]
    url: Option<String>,
}

impl Chats<'_> {
    /// The account's chats.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn list(&self, session: &SessionName, query: ChatQuery) -> Result<Vec<Chat>, Error> {
        self.0.call(list(session, query)).await
    }

    /// The account's chats with their last messages, newest first.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn overview(
        &self,
        session: &SessionName,
        query: OverviewQuery<'_>,
    ) -> Result<Vec<ChatSummary>, Error> {
        self.0.call(overview(session, query)).await
    }

    /// As [`Chats::overview`], for more ids than an address can hold: they travel in a body.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn overview_by_body(
        &self,
        session: &SessionName,
        query: OverviewQuery<'_>,
    ) -> Result<Vec<ChatSummary>, Error> {
        self.0.call(overview_by_body(session, query)).await
    }

    /// The address of a chat's picture; `None` when it has none or does not show it.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn picture(
        &self,
        session: &SessionName,
        chat: &ChatId,
        source: PictureSource,
    ) -> Result<Option<String>, Error> {
        self.0.call(picture(session, chat, source)).await
    }

    /// Removes a chat on the account's own side. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on engines that cannot. See [`Feature::DeleteChat`](crate::Feature::DeleteChat).
    pub async fn delete(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(delete(session, chat)).await
    }

    /// Archives a chat. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::ArchiveChat`](crate::Feature::ArchiveChat).
    pub async fn archive(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(archive(session, chat)).await
    }

    /// Takes a chat out of the archive. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::ArchiveChat`](crate::Feature::ArchiveChat).
    pub async fn unarchive(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(unarchive(session, chat)).await
    }

    /// Marks a chat as unread. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn mark_unread(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(mark_unread(session, chat)).await
    }
}

const OVERVIEW: &str = "/api/{session}/chats/overview";

/// `GET /api/{session}/chats`. Recorded.
pub fn list(session: &SessionName, query: ChatQuery) -> Endpoint<Vec<Chat>> {
    let order = query
        .ascending
        .map(|ascending| if ascending { "asc" } else { "desc" });
    Endpoint::get("/api/{session}/chats", &[session.as_str()], json)
        .query_if("sortBy", query.sort_by.map(ChatSort::field))
        .query_if("sortOrder", order)
        .query_if("merge", query.merge)
        .query_if("limit", query.limit)
        .query_if("offset", query.offset)
        .waiting(Wait::Session)
}

/// `GET /api/{session}/chats/overview`. Recorded.
pub fn overview(session: &SessionName, query: OverviewQuery<'_>) -> Endpoint<Vec<ChatSummary>> {
    let endpoint = Endpoint::get(OVERVIEW, &[session.as_str()], json)
        .query_if("merge", query.merge)
        .query_if("limit", Some(query.limit_or_default()))
        .query_if("offset", query.offset);
    let ids = query.ids.iter();
    ids.fold(endpoint, |endpoint, id| {
        endpoint.query("ids", id.as_str().to_owned())
    })
    .waiting(Wait::Session)
}

/// `POST /api/{session}/chats/overview`. May be repeated: it changes nothing. Recorded.
pub fn overview_by_body(
    session: &SessionName,
    query: OverviewQuery<'_>,
) -> Endpoint<Vec<ChatSummary>> {
    Endpoint::post(OVERVIEW, &[session.as_str()], json)
        .json(&OverviewBody {
            pagination: Pagination {
                limit: query.limit_or_default(),
                offset: query.offset,
                merge: query.merge,
            },
            filter: (!query.ids.is_empty()).then_some(OverviewFilter { ids: query.ids }),
        })
        .repeatable()
        .waiting(Wait::Session)
}

/// `GET /api/{session}/chats/{chatId}/picture`. Recorded, for a chat without a picture.
pub fn picture(
    session: &SessionName,
    chat: &ChatId,
    source: PictureSource,
) -> Endpoint<Option<String>> {
    const PATH: &str = "/api/{session}/chats/{chatId}/picture";
    Endpoint::get(PATH, &[session.as_str(), chat.as_str()], |reply| {
        json::<PictureUrl>(reply).map(|picture| picture.url)
    })
    .query_if("refresh", source.refresh())
    .waiting(Wait::Session)
}

/// `DELETE /api/{session}/chats/{chatId}`. Needs [`Feature::DeleteChat`](crate::Feature::DeleteChat). WAHA's specification,
/// which leaves the answer open.
pub fn delete(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/chats/{chatId}";
    Endpoint::delete(PATH, &[session.as_str(), chat.as_str()], done).waiting(Wait::Session)
}

/// `POST /api/{session}/chats/{chatId}/archive`. Needs [`Feature::ArchiveChat`](crate::Feature::ArchiveChat). Recorded.
pub fn archive(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    change("/api/{session}/chats/{chatId}/archive", session, chat)
}

/// `POST /api/{session}/chats/{chatId}/unarchive`. Needs [`Feature::ArchiveChat`](crate::Feature::ArchiveChat). WAHA's
/// specification, which leaves the answer open.
pub fn unarchive(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    change("/api/{session}/chats/{chatId}/unarchive", session, chat)
}

/// `POST /api/{session}/chats/{chatId}/unread`. Recorded.
pub fn mark_unread(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    change("/api/{session}/chats/{chatId}/unread", session, chat)
}

fn change(path: &'static str, session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    Endpoint::post(path, &[session.as_str(), chat.as_str()], done).waiting(Wait::Session)
}
