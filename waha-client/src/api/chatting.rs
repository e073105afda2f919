//! Sending: texts here, and whatever else a message can be in the parts of this group; the id a message will have; and what
//! is done to chats and messages without writing: seen, typing, reactions, stars.
//!
//! No send is ever repeated by the client. WAHA has no idempotency: the same id sent twice arrives twice (recorded), so an
//! id chosen beforehand makes a lost answer answerable, not a repetition safe. WAHA honours `id` from 2026.4.3 on NOWEB and
//! GOWS, in texts; elsewhere it is ignored silently.

mod cards;
mod deprecated;
mod interactive;
mod links;
mod marks;
mod media;
mod mentions;
mod polls;

use serde::{Deserialize, Serialize};

pub use self::cards::{
    ContactCard, ContactsMessage, LocationMessage, send_contacts, send_location,
};
#[allow(deprecated)]
pub use self::deprecated::{
    check_number_status, messages_by_query, reply, send_link_preview, send_text_by_query,
};
#[allow(deprecated)]
pub use self::interactive::send_buttons;
pub use self::interactive::{
    Button, ButtonReply, ButtonsMessage, ListMessage, ListRow, ListSection, reply_to_button,
    send_list,
};
pub use self::links::{LinkMessage, LinkPreview, send_link};
pub use self::marks::{SeenMessages, react, send_seen, star, start_typing, stop_typing, unstar};
pub use self::media::{
    FileMessage, VideoMessage, VoiceMessage, send_file, send_image, send_video, send_voice,
};
use self::mentions::Mentions;
pub use self::polls::{PollMessage, PollVote, send_poll, vote};
use crate::client::{CallOptions, WahaClient};
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::transport::Reply;
use crate::types::Sent;

/// The group of sending calls.
#[derive(Debug, Clone, Copy)]
pub struct Chatting<'a>(pub(crate) &'a WahaClient);

/// A text to send (recorded). Borrows its parts: it is serialised at once.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct TextMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    #[serde(skip_serializing_if = "Mentions::is_nobody")]
    mentions: Mentions<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview_high_quality: Option<bool>,
}

impl<'a> TextMessage<'a> {
    /// A text from a session to a chat.
    pub fn new(session: &'a SessionName, chat: &'a ChatId, text: &'a str) -> Self {
        Self {
            session,
            chat_id: chat,
            text,
            id: None,
            reply_to: None,
            mentions: Mentions::NOBODY,
            link_preview: None,
            link_preview_high_quality: None,
        }
    }

    /// The bare id the message shall have.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// The message it answers. An unknown one is left out silently by WAHA (recorded).
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Who is mentioned in it (recorded: the specification hides it).
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = Mentions::People(people);
        self
    }

    /// Everybody in the group is mentioned in it. WAHA answers 422 for another chat (recorded).
    pub fn mentions_everybody(mut self) -> Self {
        self.mentions = Mentions::Everybody;
        self
    }

    /// Whether WAHA looks up the first link for a preview: its default is yes, and it makes sends slower and fail more.
    pub fn link_preview(mut self, wanted: bool) -> Self {
        self.link_preview = Some(wanted);
        self
    }

    /// Whether the preview's picture is a large one.
    pub fn link_preview_high_quality(mut self, wanted: bool) -> Self {
        self.link_preview_high_quality = Some(wanted);
        self
    }
}

/// A message to send on to another chat (recorded). Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct ForwardedMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    message_id: &'a MessageId,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

impl<'a> ForwardedMessage<'a> {
    /// A message that the session has, to a chat.
    pub fn new(session: &'a SessionName, chat: &'a ChatId, message: &'a MessageId) -> Self {
        Self {
            session,
            chat_id: chat,
            message_id: message,
            id: None,
        }
    }

    /// The bare id the forwarded message shall have.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }
}

impl Chatting<'_> {
    /// Sends a text.
    ///
    /// # Errors
    ///
    /// Says how far the request got; only [`Error::is_not_sent`] and refusals may be sent again.
    pub async fn send_text(&self, message: &TextMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_text(message)).await
    }

    /// Sends a text with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_text_with(
        &self,
        message: &TextMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_text(message), options).await
    }

    /// Sends a message on to another chat. WEBJS and WPP answer with no message but with `sent` alone, `false` when they did
    /// not ([`Sent::raw_value`]; WAHA source).
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]. 422 when the session does not have the message (recorded), 500 for an id that is not in
    /// the full form (recorded for reactions), 501 on GOWS. See [`Feature::ForwardMessage`](crate::Feature::ForwardMessage).
    pub async fn forward(&self, message: &ForwardedMessage<'_>) -> Result<Sent, Error> {
        self.0.call(forward(message)).await
    }

    /// Sends a message on with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::forward`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn forward_with(
        &self,
        message: &ForwardedMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(forward(message), options).await
    }

    /// A bare id for a message yet to be sent, in the engine's own form. Since 2026.7.1.
    ///
    /// # Errors
    ///
    /// 404 on servers that do not have it.
    pub async fn new_message_id(&self, session: &SessionName) -> Result<String, Error> {
        self.0.call(new_message_id(session)).await
    }
}

/// `POST /api/sendText`. Recorded.
pub fn send_text(message: &TextMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendText", message).waiting(Wait::Send)
}

/// `POST /api/forwardMessage`. Needs [`Feature::ForwardMessage`](crate::Feature::ForwardMessage). Recorded.
pub fn forward(message: &ForwardedMessage<'_>) -> Endpoint<Sent> {
    sending("/api/forwardMessage", message).waiting(Wait::Send)
}

/// `GET /api/{session}/new-message-id`. Recorded.
pub fn new_message_id(session: &SessionName) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/new-message-id";
    Endpoint::get(PATH, &[session.as_str()], new_id).waiting(Wait::Session)
}

#[derive(Deserialize)]
struct NewId {
    id: String,
}

/// The id that messages and status posts get beforehand.
pub(in crate::api) fn new_id(reply: Reply) -> Result<String, String> {
    json::<NewId>(reply).map(|answer| answer.id)
}

fn sending(path: &'static str, message: &impl Serialize) -> Endpoint<Sent> {
    Endpoint::post(path, &[], |reply| Ok(Sent::from_body(reply.body))).json(message)
}
