//! Event messages: invitations with a date, which people answer within the chat.
//!
//! The types are those of WAHA's specification. What a server tells of itself, webhooks and the websocket, is
//! [`crate::events`].

use serde::Serialize;

use crate::client::{CallOptions, WahaClient};
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::Sent;

/// The group of calls about event messages.
#[derive(Debug, Clone, Copy)]
pub struct Events<'a>(pub(crate) &'a WahaClient);

/// An event to send. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct EventMessage<'a> {
    chat_id: &'a ChatId,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    event: Invitation<'a>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Invitation<'a> {
    name: &'a str,
    #[serde(rename = "startTime")]
    start_s: i64,
    #[serde(rename = "endTime", skip_serializing_if = "Option::is_none")]
    end_s: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_guests_allowed: Option<bool>,
}

#[derive(Clone, Serialize)]
struct Place<'a> {
    name: &'a str,
}

impl<'a> EventMessage<'a> {
    /// An event by its name, to a chat; it starts at this Unix second.
    pub fn new(chat: &'a ChatId, name: &'a str, start_s: i64) -> Self {
        Self {
            chat_id: chat,
            reply_to: None,
            event: Invitation {
                name,
                start_s,
                end_s: None,
                description: None,
                location: None,
                extra_guests_allowed: None,
            },
        }
    }

    /// The Unix second it ends.
    pub fn end_s(mut self, end_s: i64) -> Self {
        self.event.end_s = Some(end_s);
        self
    }

    /// What it is about.
    pub fn description(mut self, description: &'a str) -> Self {
        self.event.description = Some(description);
        self
    }

    /// Where it is: a name, no coordinates.
    pub fn location(mut self, name: &'a str) -> Self {
        self.event.location = Some(Place { name });
        self
    }

    /// Whether people may bring others.
    pub fn extra_guests_allowed(mut self, allowed: bool) -> Self {
        self.event.extra_guests_allowed = Some(allowed);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }
}

impl Events<'_> {
    /// Sends an event.
    ///
    /// # Errors
    ///
    /// Says how far the request got; only [`Error::is_not_sent`] and refusals may be sent again. 501 on engines without
    /// events. See [`Feature::SendEvent`](crate::Feature::SendEvent).
    pub async fn send(
        &self,
        session: &SessionName,
        message: &EventMessage<'_>,
    ) -> Result<Sent, Error> {
        self.0.call(send(session, message)).await
    }

    /// Sends an event with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Events::send`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_with(
        &self,
        session: &SessionName,
        message: &EventMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send(session, message), options).await
    }
}

/// `POST /api/{session}/events`. Needs [`Feature::SendEvent`](crate::Feature::SendEvent). WAHA's specification.
pub fn send(session: &SessionName, message: &EventMessage<'_>) -> Endpoint<Sent> {
    Endpoint::post("/api/{session}/events", &[session.as_str()], |reply| {
        Ok(Sent::from_body(reply.body))
    })
    .json(message)
    .waiting(Wait::Send)
}
