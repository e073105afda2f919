//! Sending: text, image, file, and the id a message will have.
//!
//! No send is ever repeated by the client. WAHA has no idempotency: the same id sent twice arrives twice (recorded), so an
//! id chosen beforehand makes a lost answer answerable, not a repetition safe. WAHA honours `id` from 2026.4.3 on NOWEB and
//! GOWS, in texts; elsewhere it is ignored silently.

use serde::{Deserialize, Serialize};

use crate::client::{CallOptions, WahaClient};
use crate::endpoint::{Endpoint, Wait, json};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::{File, Sent};

/// The group of sending calls.
#[derive(Debug, Clone, Copy)]
pub struct Chatting<'a>(pub(crate) &'a WahaClient);

/// A text to send. Borrows its parts: it is serialised at once.
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
    #[serde(skip_serializing_if = "<[ChatId]>::is_empty")]
    mentions: &'a [ChatId],
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
            mentions: &[],
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

    /// Who is mentioned in it.
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = people;
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

/// An image or another file to send. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct FileMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    file: &'a File,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    #[serde(skip_serializing_if = "<[ChatId]>::is_empty")]
    mentions: &'a [ChatId],
}

impl<'a> FileMessage<'a> {
    /// A file from a session to a chat.
    pub fn new(session: &'a SessionName, chat: &'a ChatId, file: &'a File) -> Self {
        Self {
            session,
            chat_id: chat,
            file,
            caption: None,
            id: None,
            reply_to: None,
            mentions: &[],
        }
    }

    /// The text below it.
    pub fn caption(mut self, caption: &'a str) -> Self {
        self.caption = Some(caption);
        self
    }

    /// The bare id the message shall have. The specification has none for media: do not count on it.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Who is mentioned in the caption.
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = people;
        self
    }
}

#[derive(Deserialize)]
struct NewId {
    id: String,
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

    /// Sends an image.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]. Before 2026.6.1 servers without a licence answer 422.
    pub async fn send_image(&self, message: &FileMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_image(message)).await
    }

    /// Sends an image with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_image_with(
        &self,
        message: &FileMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_image(message), options).await
    }

    /// Sends a file as a document.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image`].
    pub async fn send_file(&self, message: &FileMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_file(message)).await
    }

    /// Sends a file with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image_with`].
    pub async fn send_file_with(
        &self,
        message: &FileMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_file(message), options).await
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

/// `POST /api/sendText`
pub fn send_text(message: &TextMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendText", message).waiting(Wait::Send)
}

/// `POST /api/sendImage`
pub fn send_image(message: &FileMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendImage", message).waiting(Wait::Media)
}

/// `POST /api/sendFile`
pub fn send_file(message: &FileMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendFile", message).waiting(Wait::Media)
}

/// `GET /api/{session}/new-message-id`
pub fn new_message_id(session: &SessionName) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/new-message-id";
    Endpoint::get(PATH, &[session.as_str()], |reply| {
        json::<NewId>(reply).map(|answer| answer.id)
    })
    .waiting(Wait::Session)
}

fn sending(path: &'static str, message: &impl Serialize) -> Endpoint<Sent> {
    Endpoint::post(path, &[], |reply| Ok(Sent::from_body(reply.body))).json(message)
}
