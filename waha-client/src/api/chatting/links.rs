//! Sending a text with a link preview of one's own making. The types are those of WAHA's specification, but for the id,
//! which only texts of other kinds have there.

use serde::Serialize;

use super::{Chatting, sending};
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::{Content, File, Sent};

/// What is shown of a link. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[must_use]
pub struct LinkPreview<'a> {
    url: &'a str,
    title: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a Content>,
}

impl<'a> LinkPreview<'a> {
    /// A preview without a picture. The URL must be in the text too.
    pub fn new(url: &'a str, title: &'a str, description: &'a str) -> Self {
        Self {
            url,
            title,
            description,
            image: None,
        }
    }

    /// The picture; its kind and name are not sent.
    pub fn image(mut self, image: &'a File) -> Self {
        self.image = Some(image.content());
        self
    }
}

/// A text with a preview of a link in it. Borrows its parts.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct LinkMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    text: &'a str,
    preview: LinkPreview<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview_high_quality: Option<bool>,
}

impl<'a> LinkMessage<'a> {
    /// A text from a session to a chat, which has the preview's URL in it.
    pub fn new(
        session: &'a SessionName,
        chat: &'a ChatId,
        text: &'a str,
        preview: LinkPreview<'a>,
    ) -> Self {
        Self {
            session,
            chat_id: chat,
            text,
            preview,
            id: None,
            reply_to: None,
            link_preview_high_quality: None,
        }
    }

    /// The bare id the message shall have. The specification has none here: do not count on it.
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// The message it answers.
    pub fn reply_to(mut self, message: &'a MessageId) -> Self {
        self.reply_to = Some(message);
        self
    }

    /// Whether the preview's picture is a large one. WAHA's default is yes here (WAHA specification).
    pub fn link_preview_high_quality(mut self, wanted: bool) -> Self {
        self.link_preview_high_quality = Some(wanted);
        self
    }
}

impl Chatting<'_> {
    /// Sends a text with a link preview of one's own making. Only GOWS and NOWEB have it.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_text`]; not sent when the preview's URL is not in the text, which WAHA answers with 500
    /// (recorded). Before 2026.6.1 servers without a licence answer 422 (recorded). 501 on an engine without
    /// [`Feature::SendLinkPreview`](crate::Feature::SendLinkPreview).
    pub async fn send_link(&self, message: &LinkMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_link(message)).await
    }

    /// Sends a text with a link preview, with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_link`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn send_link_with(
        &self,
        message: &LinkMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_link(message), options).await
    }
}

/// `POST /api/send/link-custom-preview`. Needs [`Feature::SendLinkPreview`](crate::Feature::SendLinkPreview). Recorded.
pub fn send_link(message: &LinkMessage<'_>) -> Endpoint<Sent> {
    let wait = match message.preview.image {
        Some(_) => Wait::Media,
        None => Wait::Send,
    };
    sending("/api/send/link-custom-preview", message)
        .waiting(wait)
        .invalid_if(
            !message.text.contains(message.preview.url),
            "its text does not have the preview's URL in it",
        )
}
