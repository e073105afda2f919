//! Sending media: images, files, voice, video.
//!
//! WAHA fetches a file that is given by URL before it answers. Before 2026.6.1 servers without a licence answer 422, for video
//! 501 (recorded).

use serde::Serialize;

use super::mentions::Mentions;
use super::{Chatting, sending};
use crate::client::CallOptions;
use crate::endpoint::{Endpoint, Wait};
use crate::error::Error;
use crate::ids::{ChatId, MessageId, SessionName};
use crate::types::{File, Sent};

/// An image or another file to send (recorded). Borrows its parts.
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
    #[serde(skip_serializing_if = "Mentions::is_nobody")]
    mentions: Mentions<'a>,
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
            mentions: Mentions::NOBODY,
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

    /// Who is mentioned in the caption (WAHA source: the specification hides it).
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = Mentions::People(people);
        self
    }

    /// Everybody in the group is mentioned in the caption. WAHA answers 422 for another chat (recorded for texts).
    pub fn mentions_everybody(mut self) -> Self {
        self.mentions = Mentions::Everybody;
        self
    }
}

/// A voice message to send (recorded). Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct VoiceMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    file: &'a File,
    convert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
}

impl<'a> VoiceMessage<'a> {
    /// A recording from a session to a chat, as it is: WhatsApp plays `audio/ogg; codecs=opus`.
    pub fn new(session: &'a SessionName, chat: &'a ChatId, file: &'a File) -> Self {
        Self {
            session,
            chat_id: chat,
            file,
            convert: false,
            id: None,
            reply_to: None,
        }
    }

    /// Has the server convert it to what WhatsApp plays first.
    pub fn converted(mut self) -> Self {
        self.convert = true;
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
}

/// A video to send (recorded). Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct VideoMessage<'a> {
    session: &'a SessionName,
    chat_id: &'a ChatId,
    file: &'a File,
    convert: bool,
    as_note: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "reply_to", skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a MessageId>,
    #[serde(skip_serializing_if = "Mentions::is_nobody")]
    mentions: Mentions<'a>,
}

impl<'a> VideoMessage<'a> {
    /// A video from a session to a chat, as it is: WhatsApp plays `video/mp4`.
    pub fn new(session: &'a SessionName, chat: &'a ChatId, file: &'a File) -> Self {
        Self {
            session,
            chat_id: chat,
            file,
            convert: false,
            as_note: false,
            caption: None,
            id: None,
            reply_to: None,
            mentions: Mentions::NOBODY,
        }
    }

    /// Has the server convert it to what WhatsApp plays first.
    pub fn converted(mut self) -> Self {
        self.convert = true;
        self
    }

    /// Shows it as a video note, the round form.
    pub fn as_note(mut self) -> Self {
        self.as_note = true;
        self
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

    /// Who is mentioned in the caption (WAHA source: the specification hides it).
    pub fn mentions(mut self, people: &'a [ChatId]) -> Self {
        self.mentions = Mentions::People(people);
        self
    }

    /// Everybody in the group is mentioned in the caption. WAHA answers 422 for another chat (recorded for texts).
    pub fn mentions_everybody(mut self) -> Self {
        self.mentions = Mentions::Everybody;
        self
    }
}

impl Chatting<'_> {
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

    /// Sends a voice message.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image`].
    pub async fn send_voice(&self, message: &VoiceMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_voice(message)).await
    }

    /// Sends a voice message with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image_with`].
    pub async fn send_voice_with(
        &self,
        message: &VoiceMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_voice(message), options).await
    }

    /// Sends a video.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image`]. Before 2026.6.1 servers without a licence answer 501 (recorded). See
    /// [`Feature::SendVideo`](crate::Feature::SendVideo).
    pub async fn send_video(&self, message: &VideoMessage<'_>) -> Result<Sent, Error> {
        self.0.call(send_video(message)).await
    }

    /// Sends a video with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Chatting::send_image_with`].
    pub async fn send_video_with(
        &self,
        message: &VideoMessage<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(send_video(message), options).await
    }
}

/// `POST /api/sendImage`. Recorded.
pub fn send_image(message: &FileMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendImage", message).waiting(Wait::Media)
}

/// `POST /api/sendFile`. Recorded.
pub fn send_file(message: &FileMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendFile", message).waiting(Wait::Media)
}

/// `POST /api/sendVoice`. Recorded.
pub fn send_voice(message: &VoiceMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendVoice", message).waiting(Wait::Media)
}

/// `POST /api/sendVideo`. Needs [`Feature::SendVideo`](crate::Feature::SendVideo). Recorded.
pub fn send_video(message: &VideoMessage<'_>) -> Endpoint<Sent> {
    sending("/api/sendVideo", message).waiting(Wait::Media)
}
