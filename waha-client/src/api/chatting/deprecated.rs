//! Calls of this group that WAHA calls deprecated, with what does their work now.

// Each method calls its function, which is deprecated with it.
#![allow(deprecated)]

use serde::Serialize;

use super::{Chatting, TextMessage, sending};
use crate::api::chats::MessageQuery;
use crate::api::contacts::NumberStatus;
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Message, Sent};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TitledLink<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    url: &'a str,
    title: &'a str,
}

impl Chatting<'_> {
    /// Sends a text to a phone number by a GET. It is not repeated, and it has no body for a guard to withhold. The text
    /// travels in the address, where proxies log it.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; not sent for a chat that is not a phone's.
    #[deprecated(note = "send_text does it, and keeps the text out of addresses")]
    pub async fn send_text_by_query(
        &self,
        session: &SessionName,
        phone: &ChatId,
        text: &str,
    ) -> Result<Sent, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only a phone number can be written to this way"))?;
        self.0.call(send_text_by_query(session, digits, text)).await
    }

    /// Messages of a chat, as [`Chats::messages`](crate::api::chats::Chats::messages).
    ///
    /// # Errors
    ///
    /// 501 on an engine without [`Feature::MessagesByQuery`](crate::Feature::MessagesByQuery).
    #[deprecated(note = "chats().messages does it")]
    pub async fn messages_by_query(
        &self,
        session: &SessionName,
        chat: &ChatId,
        query: &MessageQuery,
    ) -> Result<Vec<Message>, Error> {
        self.0.call(messages_by_query(session, chat, query)).await
    }

    /// Whether a number is on WhatsApp, as [`Contacts::check_exists`](crate::api::contacts::Contacts::check_exists).
    ///
    /// # Errors
    ///
    /// As there.
    #[deprecated(note = "contacts().check_exists does it")]
    pub async fn check_number_status(
        &self,
        session: &SessionName,
        phone: &ChatId,
    ) -> Result<NumberStatus, Error> {
        let digits = phone
            .phone_digits()
            .ok_or_else(|| Error::invalid("only phone numbers can be checked"))?;
        self.0.call(check_number_status(session, digits)).await
    }

    /// Sends a text that answers a message.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`].
    #[deprecated(note = "send_text does it, with TextMessage::reply_to")]
    pub async fn reply(&self, message: &TextMessage<'_>) -> Result<Sent, Error> {
        self.0.call(reply(message)).await
    }

    /// Sends a text that answers a message, with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text_with`].
    #[deprecated(note = "send_text_with does it, with TextMessage::reply_to")]
    pub async fn reply_with(
        &self,
        message: &TextMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(reply(message), options).await
    }

    /// Sends a title and a link below it, as one text (recorded).
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`].
    #[deprecated(note = "send_text does it, or send_link with a preview")]
    pub async fn send_link_preview(
        &self,
        session: &SessionName,
        chat: &ChatId,
        url: &str,
        title: &str,
    ) -> Result<Sent, Error> {
        let endpoint = send_link_preview(session, chat, url, title);
        self.0.call(endpoint).await
    }

    /// Sends a title and a link with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text_with`].
    #[deprecated(note = "send_text_with does it, or send_link_with with a preview")]
    pub async fn send_link_preview_with(
        &self,
        session: &SessionName,
        chat: &ChatId,
        url: &str,
        title: &str,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        let endpoint = send_link_preview(session, chat, url, title);
        self.0.call_with(endpoint, options).await
    }
}

/// `GET /api/sendText`. Never repeated: this GET sends. Recorded.
#[deprecated(note = "send_text does it, and keeps the text out of addresses")]
pub fn send_text_by_query(session: &SessionName, phone_digits: &str, text: &str) -> Endpoint<Sent> {
    Endpoint::get("/api/sendText", &[], |reply| {
        Ok(Sent::from_body(reply.body))
    })
    .query("phone", phone_digits.to_owned())
    .query("text", text.to_owned())
    .query("session", session.as_str().to_owned())
    .never_repeated()
    .waiting(Wait::Send)
}

/// `GET /api/messages`. Needs [`Feature::MessagesByQuery`](crate::Feature::MessagesByQuery). Recorded.
#[deprecated(note = "chats().messages does it")]
pub fn messages_by_query(
    session: &SessionName,
    chat: &ChatId,
    query: &MessageQuery,
) -> Endpoint<Vec<Message>> {
    let endpoint = Endpoint::get("/api/messages", &[], json)
        .query("session", session.as_str().to_owned())
        .query("chatId", chat.as_str().to_owned());
    query.applied_to(endpoint).waiting(Wait::Session)
}

/// `GET /api/checkNumberStatus`. Recorded.
#[deprecated(note = "contacts().check_exists does it")]
pub fn check_number_status(session: &SessionName, phone_digits: &str) -> Endpoint<NumberStatus> {
    Endpoint::get("/api/checkNumberStatus", &[], json)
        .query("phone", phone_digits.to_owned())
        .query("session", session.as_str().to_owned())
        .waiting(Wait::Session)
        .never_repeated()
}

/// `POST /api/reply`. Recorded.
#[deprecated(note = "send_text does it, with TextMessage::reply_to")]
pub fn reply(message: &TextMessage<'_>) -> Endpoint<Sent> {
    sending("/api/reply", message).waiting(Wait::Send)
}

/// `POST /api/sendLinkPreview`. Recorded.
#[deprecated(note = "send_text does it, or send_link with a preview")]
pub fn send_link_preview(
    session: &SessionName,
    chat: &ChatId,
    url: &str,
    title: &str,
) -> Endpoint<Sent> {
    sending(
        "/api/sendLinkPreview",
        &TitledLink {
            session,
            chat_id: chat,
            url,
            title,
        },
    )
    .waiting(Wait::Send)
}
