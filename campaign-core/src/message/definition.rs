//! A message as its author writes it, and what can be wrong with that.

use serde::{Deserialize, Serialize};

use super::buttons::{ButtonDefinition, ButtonError};
use super::language::{self, Language};
use super::media::MediaError;
use crate::template::{Limits, TemplateError};

/// A message as its author writes it: the form that is stored, compared and read back.
///
/// ```
/// use campaign_core::message::{MessageDefinition, MessageTemplate};
///
/// let definition: MessageDefinition = serde_json::from_str(
///     r#"{"file": "invoices/{{ no }}.pdf",
///         "text": "Halo {{ nama }}, ini tagihan Anda.",
///         "buttons": [{"label": "Bayar", "url": "https://bayar.example/{{ no }}"}]}"#,
/// )?;
/// let message = MessageTemplate::parse(definition)?
///     .render(&[("No", "INV 7"), ("Nama", "Budi")])?;
/// assert_eq!(
///     message.text,
///     "Halo Budi, ini tagihan Anda.\n\nBayar: https://bayar.example/INV%207"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageDefinition {
    /// The text, or the caption of the image or file.
    #[serde(default, alias = "caption", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where the image is: a path below the campaign's folder, or an http(s) address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Where the file is, in the same way. A message has an image or a file, not both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Buttons, sent as lines after the text: links and phone numbers first, then quick replies as
    /// numbered choices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonDefinition>,
    /// Limits other than the usual ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: Limits,
    /// The language of the line that tells how to answer numbered choices.
    #[serde(default, skip_serializing_if = "language::is_default")]
    pub language: Language,
}

fn is_default(limits: &Limits) -> bool {
    *limits == Limits::default()
}

impl MessageDefinition {
    /// A text message.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        MessageDefinition {
            text: Some(text.into()),
            ..MessageDefinition::default()
        }
    }

    /// An image from a path or address.
    #[must_use]
    pub fn image(source: impl Into<String>) -> Self {
        MessageDefinition {
            image: Some(source.into()),
            ..MessageDefinition::default()
        }
    }

    /// A file from a path or address.
    #[must_use]
    pub fn file(source: impl Into<String>) -> Self {
        MessageDefinition {
            file: Some(source.into()),
            ..MessageDefinition::default()
        }
    }

    /// The same with this text or caption.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same with one more button, which opens an address.
    #[must_use]
    pub fn with_url_button(mut self, label: impl Into<String>, url: impl Into<String>) -> Self {
        self.buttons.push(ButtonDefinition {
            label: label.into(),
            url: Some(url.into()),
            phone: None,
        });
        self
    }

    /// The same with one more button, which calls a number.
    #[must_use]
    pub fn with_phone_button(mut self, label: impl Into<String>, phone: impl Into<String>) -> Self {
        self.buttons.push(ButtonDefinition {
            label: label.into(),
            url: None,
            phone: Some(phone.into()),
        });
        self
    }

    /// The same with one more button, which answers with its label.
    #[must_use]
    pub fn with_reply_button(mut self, label: impl Into<String>) -> Self {
        self.buttons.push(ButtonDefinition {
            label: label.into(),
            url: None,
            phone: None,
        });
        self
    }

    /// The same in this language.
    #[must_use]
    pub fn with_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// The same under these limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

/// Why a message's definition cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// One of its templates is wrong.
    #[error("{part}: {error}")]
    Template {
        /// Which part: `text`, `image`, `file`, `button 1`, `button 2`.
        part: String,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// It has neither text nor media.
    #[error("the message is empty: give it a text, an image or a file")]
    Empty,
    /// It has both an image and a file.
    #[error("the message has an image and a file: send one of them, or two campaigns")]
    TwoMedia,
    /// The place of its image or file is wrong.
    #[error("{part}: {error}")]
    Media {
        /// Which part: `image` or `file`.
        part: &'static str,
        /// What is wrong with it.
        error: MediaError,
    },
    /// A button is wrong.
    #[error("button {number}: {error}")]
    Button {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        error: ButtonError,
    },
    /// There are more buttons with a link or phone number than a message may have.
    #[error("the message has {buttons} buttons, at most {buttons_max} are allowed: leave some out")]
    TooManyButtons {
        /// How many there are.
        buttons: usize,
        /// How many there may be.
        buttons_max: usize,
    },
    /// There are more quick replies than a message may have.
    #[error(
        "the message has {replies} quick replies, at most {replies_max} are allowed: leave some out"
    )]
    TooManyReplies {
        /// How many there are.
        replies: usize,
        /// How many there may be.
        replies_max: usize,
    },
    /// A quick reply whose words would not be known again as its own.
    #[error(
        "button {number}: its label {label:?} could mean another choice as well: choose other words"
    )]
    AmbiguousReply {
        /// Which button, from 1.
        number: usize,
        /// Its label.
        label: String,
    },
}
