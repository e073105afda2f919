//! Chats: look up a message, list the messages of a chat.
//!
//! On NOWEB these need the session's store ([`SessionConfig::with_noweb_store`](crate::types::SessionConfig::with_noweb_store));
//! without it they are answered 400 ([`Error::is_store_disabled`]).

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Ack, Message};

/// The group of chat calls.
#[derive(Debug, Clone, Copy)]
pub struct Chats<'a>(pub(crate) &'a WahaClient);

/// Which messages of a chat are wanted: newest first, ten of them, without downloading media, unless told.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct MessageQuery {
    limit: Option<u32>,
    offset: Option<u32>,
    download_media: bool,
    merge: Option<bool>,
    from_me: Option<bool>,
    since_s: Option<i64>,
    until_s: Option<i64>,
    ack: Option<&'static str>,
    oldest_first: bool,
}

impl MessageQuery {
    /// The ten newest.
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

    /// Has the server download media first. Its own default is yes, which makes a look-up slow.
    pub fn download_media(mut self, wanted: bool) -> Self {
        self.download_media = wanted;
        self
    }

    /// Whether a person's phone chat and LID chat are read as one. WAHA's default is yes.
    pub fn merge(mut self, wanted: bool) -> Self {
        self.merge = Some(wanted);
        self
    }

    /// Only own messages, or only others'.
    pub fn from_me(mut self, from_me: bool) -> Self {
        self.from_me = Some(from_me);
        self
    }

    /// Not before this Unix second.
    pub fn since_s(mut self, since_s: i64) -> Self {
        self.since_s = Some(since_s);
        self
    }

    /// Not after this Unix second.
    pub fn until_s(mut self, until_s: i64) -> Self {
        self.until_s = Some(until_s);
        self
    }

    /// Only messages that are at this level now; an unknown level does not filter.
    pub fn ack(mut self, ack: Ack) -> Self {
        self.ack = ack.name();
        self
    }

    /// Oldest first.
    pub fn oldest_first(mut self) -> Self {
        self.oldest_first = true;
        self
    }
}

impl Chats<'_> {
    /// One message, by canonical or bare id. `None` when the session's store does not have it, which alone does not prove
    /// that it was never sent.
    ///
    /// # Errors
    ///
    /// As every call; 404 for anything but the message is an error.
    pub async fn message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        id: &str,
    ) -> Result<Option<Message>, Error> {
        match self.0.call(message(session, chat, id)).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.is_message_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Messages of a chat. An unknown chat has none.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn messages(
        &self,
        session: &SessionName,
        chat: &ChatId,
        query: &MessageQuery,
    ) -> Result<Vec<Message>, Error> {
        self.0.call(messages(session, chat, query)).await
    }
}

/// `GET /api/{session}/chats/{chatId}/messages/{messageId}`
pub fn message(session: &SessionName, chat: &ChatId, id: &str) -> Endpoint<Message> {
    const PATH: &str = "/api/{session}/chats/{chatId}/messages/{messageId}";
    Endpoint::get(PATH, &[session.as_str(), chat.as_str(), id], json)
        .query("downloadMedia", "false")
        .waiting(Wait::Session)
}

/// `GET /api/{session}/chats/{chatId}/messages`
pub fn messages(
    session: &SessionName,
    chat: &ChatId,
    query: &MessageQuery,
) -> Endpoint<Vec<Message>> {
    let order = query.oldest_first.then_some("asc");
    const PATH: &str = "/api/{session}/chats/{chatId}/messages";
    Endpoint::get(PATH, &[session.as_str(), chat.as_str()], json)
        .query_if("limit", Some(query.limit.unwrap_or(10)))
        .query_if("offset", query.offset)
        .query_if("downloadMedia", Some(query.download_media))
        .query_if("merge", query.merge)
        .query_if("filter.fromMe", query.from_me)
        .query_if("filter.timestamp.gte", query.since_s)
        .query_if("filter.timestamp.lte", query.until_s)
        .query_if("filter.ack", query.ack)
        .query_if("sortOrder", order)
        .waiting(Wait::Session)
}
