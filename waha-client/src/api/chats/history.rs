//! The messages of a chat: look up, mark as read, edit, delete, pin.

use serde::{Deserialize, Serialize};

use super::Chats;
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait, done, json, json_or_empty};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::transport::Reply;
use crate::types::{Ack, Message, Sent};

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

    pub(in crate::api) fn applied_to<T>(&self, endpoint: Endpoint<T>) -> Endpoint<T> {
        let order = self.oldest_first.then_some("asc");
        endpoint
            .query_if("limit", Some(self.limit.unwrap_or(10)))
            .query_if("offset", self.offset)
            .query_if("downloadMedia", Some(self.download_media))
            .query_if("merge", self.merge)
            .query_if("filter.fromMe", self.from_me)
            .query_if("filter.timestamp.gte", self.since_s)
            .query_if("filter.timestamp.lte", self.until_s)
            .query_if("filter.ack", self.ack)
            .query_if("sortOrder", order)
    }
}

/// Which unread messages are marked as read: those of the last seven days, unless told.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct ReadQuery {
    messages: Option<u32>,
    days: Option<u32>,
}

impl ReadQuery {
    /// Those of the last seven days.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most this many, newest first.
    pub fn messages(mut self, messages: u32) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Those of the last days. WAHA's default is 7 (WAHA specification).
    pub fn days(mut self, days: u32) -> Self {
        self.days = Some(days);
        self
    }
}

/// What an own message shall say from now on (WAHA specification). Borrows its text.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct EditedText<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview_high_quality: Option<bool>,
    #[serde(skip_serializing_if = "<[ChatId]>::is_empty")]
    mentions: &'a [ChatId],
}

impl<'a> EditedText<'a> {
    /// A new text, or a new caption.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            link_preview: None,
            link_preview_high_quality: None,
            mentions: &[],
        }
    }

    /// Whether WAHA looks up the first link for a preview. Its default is yes.
    pub fn link_preview(mut self, wanted: bool) -> Self {
        self.link_preview = Some(wanted);
        self
    }

    /// Whether the preview's picture is a large one.
    pub fn link_preview_high_quality(mut self, wanted: bool) -> Self {
        self.link_preview_high_quality = Some(wanted);
        self
    }

    /// Who is mentioned in it (WAHA source: the specification hides it).
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = people;
        self
    }
}

/// How long a message stays pinned. WhatsApp has these three; WAHA answers 400 to any other (recorded).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PinFor {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl PinFor {
    fn seconds(self) -> u32 {
        match self {
            Self::Day => 86_400,
            Self::Week => 604_800,
            Self::Month => 2_592_000,
        }
    }
}

#[derive(Serialize)]
struct Pin {
    duration: u32,
}

#[derive(Deserialize)]
struct MarkedRead {
    #[serde(default)]
    ids: Option<Vec<MessageId>>,
}

impl Chats<'_> {
    /// One message, by canonical or bare id. `None` when the session's store does not have it (a recorded 404), which alone
    /// does not prove that it was never sent.
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

    /// Messages of a chat. An unknown chat has none (recorded).
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

    /// Marks a chat's unread messages as read, and tells which they were, as far as the engine does.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn read_messages(
        &self,
        session: &SessionName,
        chat: &ChatId,
        query: ReadQuery,
    ) -> Result<Vec<MessageId>, Error> {
        self.0.call(read_messages(session, chat, query)).await
    }

    /// Removes all messages of a chat on the account's own side. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on NOWEB (recorded). See [`Feature::ClearMessages`](crate::Feature::ClearMessages).
    pub async fn clear_messages(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<bool, Error> {
        self.0.call(clear_messages(session, chat)).await
    }

    /// Takes an own message back, for everyone. NOWEB sends a message for that, and its answer has that message's id
    /// (recorded).
    ///
    /// # Errors
    ///
    /// As [`Chats::edit_message`].
    pub async fn delete_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
    ) -> Result<Sent, Error> {
        self.0.call(delete_message(session, chat, message)).await
    }

    /// Changes the text of an own message. NOWEB sends a message for that, and its answer has that message's id (recorded).
    ///
    /// # Errors
    ///
    /// 500 for an id that is not in the full form, `true_628..@c.us_3EB0..` (recorded for reactions).
    pub async fn edit_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
        text: &EditedText<'_>,
    ) -> Result<Sent, Error> {
        let endpoint = edit_message(session, chat, message, text);
        self.0.call(endpoint).await
    }

    /// Changes the text of an own message with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chats::edit_message`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn edit_message_with(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
        text: &EditedText<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        let endpoint = edit_message(session, chat, message, text);
        self.0.call_with(endpoint, options).await
    }

    /// Pins a message in its chat. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::PinMessage`](crate::Feature::PinMessage).
    pub async fn pin_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
        pin_for: PinFor,
    ) -> Result<bool, Error> {
        let endpoint = pin_message(session, chat, message, pin_for);
        self.0.call(endpoint).await
    }

    /// Unpins a message. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::PinMessage`](crate::Feature::PinMessage).
    pub async fn unpin_message(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
    ) -> Result<bool, Error> {
        self.0.call(unpin_message(session, chat, message)).await
    }
}

const MESSAGES: &str = "/api/{session}/chats/{chatId}/messages";
const MESSAGE: &str = "/api/{session}/chats/{chatId}/messages/{messageId}";

/// `GET /api/{session}/chats/{chatId}/messages/{messageId}`. Recorded.
pub fn message(session: &SessionName, chat: &ChatId, id: &str) -> Endpoint<Message> {
    Endpoint::get(MESSAGE, &[session.as_str(), chat.as_str(), id], json)
        .query("downloadMedia", "false")
        .waiting(Wait::Session)
}

/// `GET /api/{session}/chats/{chatId}/messages`. Recorded.
pub fn messages(
    session: &SessionName,
    chat: &ChatId,
    query: &MessageQuery,
) -> Endpoint<Vec<Message>> {
    let ids = [session.as_str(), chat.as_str()];
    query
        .applied_to(Endpoint::get(MESSAGES, &ids, json))
        .waiting(Wait::Session)
}

/// `POST /api/{session}/chats/{chatId}/messages/read`. Recorded.
pub fn read_messages(
    session: &SessionName,
    chat: &ChatId,
    query: ReadQuery,
) -> Endpoint<Vec<MessageId>> {
    const PATH: &str = "/api/{session}/chats/{chatId}/messages/read";
    Endpoint::post(PATH, &[session.as_str(), chat.as_str()], marked_read)
        .query_if("messages", query.messages)
        .query_if("days", query.days)
        .waiting(Wait::Session)
}

/// `DELETE /api/{session}/chats/{chatId}/messages`. Needs [`Feature::ClearMessages`](crate::Feature::ClearMessages). WAHA's
/// specification leaves the answer open; NOWEB's 501 is recorded.
pub fn clear_messages(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    Endpoint::delete(MESSAGES, &[session.as_str(), chat.as_str()], done).waiting(Wait::Session)
}

/// `DELETE /api/{session}/chats/{chatId}/messages/{messageId}`. Recorded.
pub fn delete_message(session: &SessionName, chat: &ChatId, message: &MessageId) -> Endpoint<Sent> {
    let message = message.to_string();
    let ids = [session.as_str(), chat.as_str(), &message];
    Endpoint::delete(MESSAGE, &ids, |reply| Ok(Sent::from_body(reply.body))).waiting(Wait::Send)
}

/// `PUT /api/{session}/chats/{chatId}/messages/{messageId}`. Recorded.
pub fn edit_message(
    session: &SessionName,
    chat: &ChatId,
    message: &MessageId,
    text: &EditedText<'_>,
) -> Endpoint<Sent> {
    let message = message.to_string();
    let ids = [session.as_str(), chat.as_str(), &message];
    Endpoint::put(MESSAGE, &ids, |reply| Ok(Sent::from_body(reply.body)))
        .json(text)
        .waiting(Wait::Send)
}

/// `POST /api/{session}/chats/{chatId}/messages/{messageId}/pin`. Needs [`Feature::PinMessage`](crate::Feature::PinMessage).
/// Recorded.
pub fn pin_message(
    session: &SessionName,
    chat: &ChatId,
    message: &MessageId,
    pin_for: PinFor,
) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/chats/{chatId}/messages/{messageId}/pin";
    let message = message.to_string();
    let ids = [session.as_str(), chat.as_str(), &message];
    Endpoint::post(PATH, &ids, done)
        .json(&Pin {
            duration: pin_for.seconds(),
        })
        .waiting(Wait::Session)
}

/// `POST /api/{session}/chats/{chatId}/messages/{messageId}/unpin`. Needs
/// [`Feature::PinMessage`](crate::Feature::PinMessage). WAHA's specification, which leaves the answer open.
pub fn unpin_message(session: &SessionName, chat: &ChatId, message: &MessageId) -> Endpoint<bool> {
    const PATH: &str = "/api/{session}/chats/{chatId}/messages/{messageId}/unpin";
    let message = message.to_string();
    let ids = [session.as_str(), chat.as_str(), &message];
    Endpoint::post(PATH, &ids, done).waiting(Wait::Session)
}

/// The messages that a call marked as read. None when the body is empty, as it is when WAHA was told which (recorded).
pub(in crate::api) fn marked_read(reply: Reply) -> Result<Vec<MessageId>, String> {
    let answer: Option<Option<MarkedRead>> = json_or_empty(reply)?;
    let ids = answer.flatten().and_then(|answer| answer.ids);
    Ok(ids.unwrap_or_default())
}
