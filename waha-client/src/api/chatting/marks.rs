//! What is done to chats and messages without writing: seen, typing, reactions, stars. The types are those of WAHA's
//! specification.

use serde::Serialize;

use super::Chatting;
use crate::api::chats::marked_read;
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait, done};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::Sent;

/// What the account has seen. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct SeenMessages<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    #[serde(skip_serializing_if = "<[MessageId]>::is_empty")]
    message_ids: &'a [MessageId],
    #[serde(skip_serializing_if = "Option::is_none")]
    participant: Option<&'a ChatId>,
}

impl<'a> SeenMessages<'a> {
    /// All unread messages of a chat. NOWEB finds them in its store, and answers 400 without one (recorded).
    pub fn new(session: &'a SessionName, chat: &'a ChatId) -> Self {
        Self {
            session,
            chat_id: chat,
            message_ids: &[],
            participant: None,
        }
    }

    /// Only these messages; none given means all.
    pub fn messages(mut self, messages: &'a [MessageId]) -> Self {
        self.message_ids = messages;
        self
    }

    /// Who wrote them, in a group. Only NOWEB asks for it.
    pub fn participant(mut self, participant: &'a ChatId) -> Self {
        self.participant = Some(participant);
        self
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneChat<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reaction<'a> {
    session: &'a SessionName,
    message_id: &'a MessageId,
    reaction: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Star<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    message_id: &'a MessageId,
    star: bool,
}

impl Chatting<'_> {
    /// Shows the other side that messages were seen, and tells which, as far as the engine does: none when it was told which
    /// (recorded).
    ///
    /// # Errors
    ///
    /// 400 on NOWEB without its store, unless the messages are given.
    pub async fn send_seen(&self, seen: &SeenMessages<'_>) -> Result<Vec<MessageId>, Error> {
        self.0.call(send_seen(seen)).await
    }

    /// Shows "typing..." in a chat. `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn start_typing(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(start_typing(session, chat)).await
    }

    /// Stops showing "typing...". `false` when the server says that it did not.
    ///
    /// # Errors
    ///
    /// As every call; see [`Error`].
    pub async fn stop_typing(&self, session: &SessionName, chat: &ChatId) -> Result<bool, Error> {
        self.0.call(stop_typing(session, chat)).await
    }

    /// Reacts to a message with an emoji; an empty text takes the reaction back. On NOWEB a reaction is a message of its own,
    /// and the answer has that message's id (recorded).
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]. 500 for an id that is not in the full form, `false_628..@c.us_3EB0..` (recorded).
    pub async fn react(
        &self,
        session: &SessionName,
        message: &MessageId,
        emoji: &str,
    ) -> Result<Sent, Error> {
        self.0.call(react(session, message, emoji)).await
    }

    /// Reacts to a message with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::react`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn react_with(
        &self,
        session: &SessionName,
        message: &MessageId,
        emoji: &str,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        let endpoint = react(session, message, emoji);
        self.0.call_with(endpoint, options).await
    }

    /// Stars a message. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::StarMessage`](crate::Feature::StarMessage).
    pub async fn star(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
    ) -> Result<bool, Error> {
        self.0.call(star(session, chat, message)).await
    }

    /// Takes a message's star away. `false` when the engine says that it did not.
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::StarMessage`](crate::Feature::StarMessage).
    pub async fn unstar(
        &self,
        session: &SessionName,
        chat: &ChatId,
        message: &MessageId,
    ) -> Result<bool, Error> {
        self.0.call(unstar(session, chat, message)).await
    }
}

/// `POST /api/sendSeen`. Recorded.
pub fn send_seen(seen: &SeenMessages<'_>) -> Endpoint<Vec<MessageId>> {
    Endpoint::post("/api/sendSeen", &[], marked_read)
        .json(seen)
        .waiting(Wait::Session)
}

/// `POST /api/startTyping`. Recorded.
pub fn start_typing(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    typing("/api/startTyping", session, chat)
}

/// `POST /api/stopTyping`. Recorded.
pub fn stop_typing(session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    typing("/api/stopTyping", session, chat)
}

/// `PUT /api/reaction`. Recorded.
pub fn react(session: &SessionName, message: &MessageId, emoji: &str) -> Endpoint<Sent> {
    Endpoint::put("/api/reaction", &[], |reply| {
        Ok(Sent::from_body(reply.body))
    })
    .json(&Reaction {
        session,
        message_id: message,
        reaction: emoji,
    })
    .waiting(Wait::Send)
}

/// `PUT /api/star` with `star` true. Needs [`Feature::StarMessage`](crate::Feature::StarMessage). Recorded.
pub fn star(session: &SessionName, chat: &ChatId, message: &MessageId) -> Endpoint<bool> {
    starred(session, chat, message, true)
}

/// `PUT /api/star` with `star` false. Needs [`Feature::StarMessage`](crate::Feature::StarMessage). Recorded.
pub fn unstar(session: &SessionName, chat: &ChatId, message: &MessageId) -> Endpoint<bool> {
    starred(session, chat, message, false)
}

fn typing(path: &'static str, session: &SessionName, chat: &ChatId) -> Endpoint<bool> {
    Endpoint::post(path, &[], done)
        .json(&OneChat {
            session,
            chat_id: chat,
        })
        .waiting(Wait::Session)
}

fn starred(
    session: &SessionName,
    chat: &ChatId,
    message: &MessageId,
    star: bool,
) -> Endpoint<bool> {
    Endpoint::put("/api/star", &[], done)
        .json(&Star {
            session,
            chat_id: chat,
            message_id: message,
            star,
        })
        .waiting(Wait::Session)
}
