//! Status posts, the pictures and texts that contacts see for a day: post, delete.
//!
//! A post is a message and is treated like one: none is ever repeated by the client. WhatsApp's privacy settings say who sees
//! it, unless `contacts` names them. The types are those of WAHA's specification.

use serde::Serialize;

use super::chatting::new_id;
use crate::client::{CallOptions, WahaClient};
use crate::endpoint::{Endpoint, Wait, json_or_empty};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{File, Raw, Sent};

/// The group of calls about status posts.
#[derive(Debug, Clone, Copy)]
pub struct Status<'a>(pub(crate) &'a WahaClient);

/// The colour behind texts and voices that is the default in WAHA's specification.
const BACKGROUND: &str = "#38b42f";

/// A text to post. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct TextStatus<'a> {
    text: &'a str,
    background_color: &'a str,
    font: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a [ChatId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_preview_high_quality: Option<bool>,
}

impl<'a> TextStatus<'a> {
    /// A text on green, in WhatsApp's first font.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            background_color: BACKGROUND,
            font: 0,
            id: None,
            contacts: None,
            link_preview: None,
            link_preview_high_quality: None,
        }
    }

    /// The colour behind it, as `#38b42f`.
    pub fn background_color(mut self, color: &'a str) -> Self {
        self.background_color = color;
        self
    }

    /// Its font: a place in WhatsApp's own list of fonts.
    pub fn font(mut self, font: u32) -> Self {
        self.font = font;
        self
    }

    /// The bare id the post shall have ([`Status::new_message_id`]).
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// Who sees it. The same id in several calls makes one post for all of them (WAHA specification).
    pub fn contacts(mut self, contacts: &'a [ChatId]) -> Self {
        self.contacts = Some(contacts);
        self
    }

    /// Whether WAHA looks up the first link for a preview: its default is yes.
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

/// An image to post. Borrows its parts.
#[derive(Clone, Serialize)]
#[must_use]
pub struct ImageStatus<'a> {
    file: &'a File,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a [ChatId]>,
}

impl<'a> ImageStatus<'a> {
    /// An image.
    pub fn new(file: &'a File) -> Self {
        Self {
            file,
            caption: None,
            id: None,
            contacts: None,
        }
    }

    /// The text below it.
    pub fn caption(mut self, caption: &'a str) -> Self {
        self.caption = Some(caption);
        self
    }

    /// The bare id the post shall have ([`Status::new_message_id`]).
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// Who sees it. The same id in several calls makes one post for all of them (WAHA specification).
    pub fn contacts(mut self, contacts: &'a [ChatId]) -> Self {
        self.contacts = Some(contacts);
        self
    }
}

/// A voice recording to post. Borrows its parts.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[must_use]
pub struct VoiceStatus<'a> {
    file: &'a File,
    convert: bool,
    background_color: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a [ChatId]>,
}

impl<'a> VoiceStatus<'a> {
    /// A recording in the form WhatsApp plays, `audio/ogg; codecs=opus`, on green.
    pub fn new(file: &'a File) -> Self {
        Self {
            file,
            convert: false,
            background_color: BACKGROUND,
            id: None,
            contacts: None,
        }
    }

    /// Has WAHA bring the file into the form that WhatsApp plays first.
    pub fn convert(mut self, wanted: bool) -> Self {
        self.convert = wanted;
        self
    }

    /// The colour behind it, as `#38b42f`.
    pub fn background_color(mut self, color: &'a str) -> Self {
        self.background_color = color;
        self
    }

    /// The bare id the post shall have ([`Status::new_message_id`]).
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// Who sees it. The same id in several calls makes one post for all of them (WAHA specification).
    pub fn contacts(mut self, contacts: &'a [ChatId]) -> Self {
        self.contacts = Some(contacts);
        self
    }
}

/// A video to post. Borrows its parts.
#[derive(Clone, Serialize)]
#[must_use]
pub struct VideoStatus<'a> {
    file: &'a File,
    convert: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a [ChatId]>,
}

impl<'a> VideoStatus<'a> {
    /// A video in the form WhatsApp plays, `video/mp4`. The specification wants its file [named](File::named).
    pub fn new(file: &'a File) -> Self {
        Self {
            file,
            convert: false,
            caption: None,
            id: None,
            contacts: None,
        }
    }

    /// Has WAHA bring the file into the form that WhatsApp plays first.
    pub fn convert(mut self, wanted: bool) -> Self {
        self.convert = wanted;
        self
    }

    /// The text below it.
    pub fn caption(mut self, caption: &'a str) -> Self {
        self.caption = Some(caption);
        self
    }

    /// The bare id the post shall have ([`Status::new_message_id`]).
    pub fn id(mut self, bare: &'a str) -> Self {
        self.id = Some(bare);
        self
    }

    /// Who sees it. The same id in several calls makes one post for all of them (WAHA specification).
    pub fn contacts(mut self, contacts: &'a [ChatId]) -> Self {
        self.contacts = Some(contacts);
        self
    }
}

#[derive(Serialize)]
struct Deletion<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a [ChatId]>,
}

impl Status<'_> {
    /// Posts a text.
    ///
    /// # Errors
    ///
    /// Says how far the request got; only [`Error::is_not_sent`] and refusals may be posted again.
    pub async fn post_text(
        &self,
        session: &SessionName,
        status: &TextStatus<'_>,
    ) -> Result<Sent, Error> {
        self.0.call(post_text(session, status)).await
    }

    /// Posts a text with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Status::post_text`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn post_text_with(
        &self,
        session: &SessionName,
        status: &TextStatus<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(post_text(session, status), options).await
    }

    /// Posts an image.
    ///
    /// # Errors
    ///
    /// As [`Status::post_text`]. Before 2026.6.1 servers without a licence answer 422, as they do for image messages.
    pub async fn post_image(
        &self,
        session: &SessionName,
        status: &ImageStatus<'_>,
    ) -> Result<Sent, Error> {
        self.0.call(post_image(session, status)).await
    }

    /// Posts an image with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Status::post_image`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn post_image_with(
        &self,
        session: &SessionName,
        status: &ImageStatus<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(post_image(session, status), options).await
    }

    /// Posts a voice recording.
    ///
    /// # Errors
    ///
    /// As [`Status::post_image`].
    pub async fn post_voice(
        &self,
        session: &SessionName,
        status: &VoiceStatus<'_>,
    ) -> Result<Sent, Error> {
        self.0.call(post_voice(session, status)).await
    }

    /// Posts a voice recording with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Status::post_image_with`].
    pub async fn post_voice_with(
        &self,
        session: &SessionName,
        status: &VoiceStatus<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(post_voice(session, status), options).await
    }

    /// Posts a video.
    ///
    /// # Errors
    ///
    /// As [`Status::post_image`].
    pub async fn post_video(
        &self,
        session: &SessionName,
        status: &VideoStatus<'_>,
    ) -> Result<Sent, Error> {
        self.0.call(post_video(session, status)).await
    }

    /// Posts a video with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`Status::post_image_with`].
    pub async fn post_video_with(
        &self,
        session: &SessionName,
        status: &VideoStatus<'_>,
        options: CallOptions,
    ) -> Result<Sent, Error> {
        self.0.call_with(post_video(session, status), options).await
    }

    /// Takes a post back, by its bare id; GOWS takes a canonical one, too (WAHA source). `contacts` are those it was posted to,
    /// if it was to some only; WEBJS wants none. NOWEB and GOWS answer with the message that takes it back, in the form of their
    /// sends, WEBJS with whatever WhatsApp Web says, or with nothing (WAHA source).
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. 501 on an engine without
    /// [`Feature::DeleteStatus`](crate::Feature::DeleteStatus).
    pub async fn delete(
        &self,
        session: &SessionName,
        id: &str,
        contacts: Option<&[ChatId]>,
    ) -> Result<Option<Raw>, Error> {
        self.0.call(delete(session, id, contacts)).await
    }

    /// A bare id for a post yet to be made, in the engine's own form: one id for many calls, each to a part of the contacts.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. 501 on an engine without [`Feature::NewStatusId`](crate::Feature::NewStatusId).
    pub async fn new_message_id(&self, session: &SessionName) -> Result<String, Error> {
        self.0.call(new_message_id(session)).await
    }
}

/// `POST /api/{session}/status/text`. Recorded.
pub fn post_text(session: &SessionName, status: &TextStatus<'_>) -> Endpoint<Sent> {
    posting("/api/{session}/status/text", session, status).waiting(Wait::Send)
}

/// `POST /api/{session}/status/image`. WAHA's specification, which leaves the answer open.
pub fn post_image(session: &SessionName, status: &ImageStatus<'_>) -> Endpoint<Sent> {
    posting("/api/{session}/status/image", session, status).waiting(Wait::Media)
}

/// `POST /api/{session}/status/voice`. WAHA's specification, which leaves the answer open.
pub fn post_voice(session: &SessionName, status: &VoiceStatus<'_>) -> Endpoint<Sent> {
    posting("/api/{session}/status/voice", session, status).waiting(Wait::Media)
}

/// `POST /api/{session}/status/video`. WAHA's specification, which leaves the answer open.
pub fn post_video(session: &SessionName, status: &VideoStatus<'_>) -> Endpoint<Sent> {
    posting("/api/{session}/status/video", session, status).waiting(Wait::Media)
}

/// `POST /api/{session}/status/delete`. Needs [`Feature::DeleteStatus`](crate::Feature::DeleteStatus). WAHA's specification,
/// which leaves the answer open.
pub fn delete(
    session: &SessionName,
    id: &str,
    contacts: Option<&[ChatId]>,
) -> Endpoint<Option<Raw>> {
    const PATH: &str = "/api/{session}/status/delete";
    Endpoint::post(PATH, &[session.as_str()], json_or_empty)
        .json(&Deletion { id, contacts })
        .waiting(Wait::Send)
}

/// `GET /api/{session}/status/new-message-id`. Needs [`Feature::NewStatusId`](crate::Feature::NewStatusId). WAHA's
/// specification.
pub fn new_message_id(session: &SessionName) -> Endpoint<String> {
    const PATH: &str = "/api/{session}/status/new-message-id";
    Endpoint::get(PATH, &[session.as_str()], new_id).waiting(Wait::Session)
}

fn posting(path: &'static str, session: &SessionName, status: &impl Serialize) -> Endpoint<Sent> {
    Endpoint::post(path, &[session.as_str()], |reply| {
        Ok(Sent::from_body(reply.body))
    })
    .json(status)
}
