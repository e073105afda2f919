//! What is sent: a text, an image or a file, with variables in every part and a few buttons.
//!
//! WAHA's interactive buttons do not arrive (its own documentation says they do not work at the
//! moment), so a button is honestly a line of text with its link, and a quick reply a numbered
//! choice, in the preview and in the message; [`chosen`] says which choice an answer means.
//! This module builds messages; it reads no file, fetches no address and sends nothing:
//! whether a file is there and small enough is asked of a [`MediaCheck`].

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::template::{RENDERED_BYTES_MAX, RenderError, Template, Values};

pub mod approved;

mod answers;
mod buttons;
mod definition;
mod language;
mod media;
mod preview;
mod rendered;

pub use answers::chosen;
pub use buttons::{ButtonDefinition, ButtonError};
pub use definition::{MessageDefinition, MessageError};
pub use language::Language;
pub use media::{MEDIA_BYTES_MAX, MediaCheck, MediaError, MediaFault, MediaSource};
pub use preview::Preview;
pub use rendered::{RenderedMessage, text_hash};

use buttons::Button;
use media::MediaTemplate;
use rendered::HASH_KEY;

/// The kinds of message, as WAHA's three ways to send know them.
///
/// The numbers are what stores keep: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum MessageKind {
    /// Text alone.
    Text = 0,
    /// A picture, with or without a caption.
    Image = 1,
    /// Any other file, shown as a document, with or without a caption.
    File = 2,
}

impl MessageKind {
    /// The kind's name in data: `text`, `image`, `file`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Text => "text",
            MessageKind::Image => "image",
            MessageKind::File => "file",
        }
    }
}

/// A checked message: all its templates parsed, ready to render per recipient. It is its
/// [`MessageDefinition`] in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "MessageDefinition", try_from = "MessageDefinition")]
pub struct MessageTemplate {
    definition: MessageDefinition,
    kind: MessageKind,
    text: Option<Template>,
    media: Option<MediaTemplate>,
    buttons: Vec<Button>,
}

/// A part of a message that has variables: text, media, then buttons.
type Part = usize;
const TEXT: Part = 0;
const MEDIA: Part = 1;
const FIRST_BUTTON: Part = 2;

impl MessageTemplate {
    /// Parses and checks every part of a message.
    ///
    /// # Errors
    /// Naming the part, what is wrong with it and the remedy.
    pub fn parse(definition: MessageDefinition) -> Result<MessageTemplate, MessageError> {
        let (kind, media) = match (&definition.image, &definition.file) {
            (Some(_), Some(_)) => return Err(MessageError::TwoMedia),
            (Some(image), None) => (MessageKind::Image, Some(image)),
            (None, Some(file)) => (MessageKind::File, Some(file)),
            (None, None) => (MessageKind::Text, None),
        };
        let text = definition
            .text
            .as_deref()
            .filter(|text| !text.trim().is_empty())
            .map(|text| template("text", text))
            .transpose()?;
        if text.is_none() && media.is_none() {
            return Err(MessageError::Empty);
        }
        let media = media
            .map(|source| {
                let part = kind.as_str();
                let template = template(part, source.trim())?;
                MediaTemplate::new(template).map_err(|error| MessageError::Media { part, error })
            })
            .transpose()?;
        let limits = &definition.limits;
        let buttons: Vec<Button> = definition
            .buttons
            .iter()
            .zip(1..)
            .map(|(button, number)| {
                Button::parse(button, limits).map_err(|error| match error {
                    ButtonError::Template(error) => MessageError::Template {
                        part: format!("button {number}"),
                        error,
                    },
                    error => MessageError::Button { number, error },
                })
            })
            .collect::<Result<_, _>>()?;
        let message = MessageTemplate {
            kind,
            text,
            media,
            buttons,
            definition,
        };
        message.check_buttons()?;
        Ok(message)
    }

    fn check_buttons(&self) -> Result<(), MessageError> {
        let limits = &self.definition.limits;
        let choices = self.choices();
        let links = self.buttons.len() - choices.len();
        if links > limits.buttons_max {
            return Err(MessageError::TooManyButtons {
                buttons: links,
                buttons_max: limits.buttons_max,
            });
        }
        if choices.len() > limits.replies_max {
            return Err(MessageError::TooManyReplies {
                replies: choices.len(),
                replies_max: limits.replies_max,
            });
        }
        let replies = (1..)
            .zip(&self.buttons)
            .filter(|(_, b)| b.reply().is_some());
        for (choice, (number, button)) in replies.enumerate() {
            let label = button.reply().unwrap_or_default();
            if chosen(&choices, label) != Some(choice) {
                return Err(MessageError::AmbiguousReply {
                    number,
                    label: label.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// A text message: [`parse`](Self::parse) of a text alone.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn text(source: impl Into<String>) -> Result<MessageTemplate, MessageError> {
        MessageTemplate::parse(MessageDefinition::text(source))
    }

    /// What it was parsed from.
    #[must_use]
    pub fn definition(&self) -> &MessageDefinition {
        &self.definition
    }

    /// In one line, for people: its kind, what it carries, how it begins, and the first half of
    /// its [`content_hash`](Self::content_hash), so that two messages never have the same line.
    #[must_use]
    pub fn describe(&self) -> String {
        const CHARS_MAX: usize = 60;
        let mut line = self.kind.as_str().to_owned();
        if let Some(media) = &self.media {
            line.push(' ');
            line.push_str(media.template().source());
        }
        if let Some(text) = &self.text {
            let words: Vec<&str> = text.source().split_whitespace().collect();
            let words = words.join(" ");
            line.push_str(": ");
            line.extend(words.chars().take(CHARS_MAX));
            if words.chars().count() > CHARS_MAX {
                line.push('…');
            }
        }
        for button in &self.definition.buttons {
            line.push_str(" [");
            line.push_str(button.label.trim());
            line.push(']');
        }
        line.push_str(&format!(" #{:016x}", self.content_hash() >> 64));
        line
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The labels of its quick replies, in the order of their numbers: what [`chosen`] finds an
    /// answer among.
    ///
    /// ```
    /// use campaign_core::message::{MessageDefinition, MessageTemplate, chosen};
    ///
    /// let message = MessageTemplate::parse(
    ///     MessageDefinition::text("Hadir besok?")
    ///         .with_reply_button("Ya")
    ///         .with_reply_button("Tidak"),
    /// )?;
    /// assert_eq!(
    ///     message.render(&[("", "")])?.text,
    ///     "Hadir besok?\n\n1. Ya\n2. Tidak\nBalas dengan nomor atau kata pilihan Anda."
    /// );
    /// assert_eq!(chosen(&message.choices(), "tidak 🙏"), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn choices(&self) -> Vec<&str> {
        self.buttons.iter().filter_map(Button::reply).collect()
    }

    /// The variables of all parts, as first written; spellings of one name count once.
    #[must_use]
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, template) in self.parts() {
            for name in template.variables() {
                if !names
                    .iter()
                    .any(|known| crate::template::same_name(known, name))
                {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Places in the message's own text that look like a column in another program's notation
    /// (`{nama}`, `[nama]`, `<nama>`, `%nama%`) and so would be sent as they stand: worth asking
    /// about before ten thousand people read them.
    ///
    /// ```
    /// use campaign_core::message::MessageTemplate;
    ///
    /// let message = MessageTemplate::text("Halo {nama}, tagihan {{ total }} [lunas]")?;
    /// assert_eq!(message.lookalikes(&["Nama", "Total"]), ["{nama}"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lookalikes<H: AsRef<str>>(&self, headers: &[H]) -> Vec<&str> {
        self.parts()
            .flat_map(|(_, template)| template.lookalikes(headers))
            .collect()
    }

    /// A hash of the definition that is the same on every machine and in every version: equal
    /// hashes mean the same message. Write it as `{:032x}`.
    #[must_use]
    pub fn content_hash(&self) -> u128 {
        // The definition's fields have one order, and a default is left out: one form per message.
        let canonical = serde_json::to_vec(&self.definition).unwrap_or_default();
        let mut hasher = SipHasher13::new_with_keys(HASH_KEY.0, HASH_KEY.1);
        hasher.write(&canonical);
        hasher.finish128().as_u128()
    }

    /// The message for one recipient.
    ///
    /// # Errors
    /// When a value is missing, a filter or the place of a file or address refuses its value, or a
    /// part is too long.
    pub fn render(&self, values: &(impl Values + ?Sized)) -> Result<RenderedMessage, RenderError> {
        self.render_parts(|_, template, slot| template.lookup(values, slot))
    }

    /// The whole message as the recipient will see it, in plain text.
    ///
    /// ```
    /// use campaign_core::message::{MessageDefinition, MessageTemplate};
    ///
    /// let message = MessageTemplate::parse(
    ///     MessageDefinition::image("https://toko.example/promo.png").with_text("Halo {{ nama }}"),
    /// )?;
    /// assert_eq!(
    ///     message.preview(&[("nama", "Budi")])?,
    ///     "[image: https://toko.example/promo.png]\nHalo Budi"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn preview(&self, values: &(impl Values + ?Sized)) -> Result<String, RenderError> {
        self.render(values).map(|message| message.preview())
    }

    /// Finds every variable's column among `headers`, once for all rows.
    ///
    /// # Errors
    /// For a variable that no header names, or several do, with the part and the near matches.
    pub fn bind<H: AsRef<str>>(&self, headers: &[H]) -> Result<BoundMessage, MessageError> {
        let mut columns = vec![Vec::new(); FIRST_BUTTON + self.buttons.len()];
        for (part, template) in self.parts() {
            let bound = template
                .bind(headers)
                .map_err(|error| MessageError::Template {
                    part: self.part_name(part),
                    error,
                })?;
            if let Some(place) = columns.get_mut(part) {
                *place = bound.columns().to_vec();
            }
        }
        Ok(BoundMessage {
            message: self.clone(),
            columns,
        })
    }

    fn part_name(&self, part: Part) -> String {
        match part {
            TEXT => "text".to_owned(),
            MEDIA => self.kind.as_str().to_owned(),
            button => format!("button {}", button - FIRST_BUTTON + 1),
        }
    }

    fn parts(&self) -> impl Iterator<Item = (Part, &Template)> {
        let text = self.text.iter().map(|text| (TEXT, text));
        let media = self.media.iter().map(|media| (MEDIA, media.template()));
        let buttons = self
            .buttons
            .iter()
            .enumerate()
            .filter_map(|(at, button)| Some((FIRST_BUTTON + at, button.url()?)));
        text.chain(media).chain(buttons)
    }

    fn render_parts<'v>(
        &'v self,
        value: impl Fn(Part, &'v Template, usize) -> Option<&'v str>,
    ) -> Result<RenderedMessage, RenderError> {
        let mut text = String::new();
        if let Some(template) = &self.text {
            text.reserve(template.source().len() + 16 * template.variables().len());
            template.render_slots(
                |slot| value(TEXT, template, slot),
                &mut text,
                RENDERED_BYTES_MAX,
            )?;
            text.truncate(text.trim_end().len());
        }
        let media = match &self.media {
            Some(media) => Some(media.render(|slot| value(MEDIA, media.template(), slot))?),
            None => None,
        };
        let mut is_first = true;
        for (at, button) in self.buttons.iter().enumerate() {
            if button.reply().is_some() {
                continue;
            }
            if !text.is_empty() {
                text.push_str(if is_first { "\n\n" } else { "\n" });
            }
            is_first = false;
            button.render_into(&mut text, |template, slot| {
                value(FIRST_BUTTON + at, template, slot)
            })?;
        }
        self.push_choices(&mut text);
        if text.is_empty() && media.is_none() {
            return Err(RenderError::Empty);
        }
        let limits = &self.definition.limits;
        let (part, chars_max) = match self.kind {
            MessageKind::Text => ("text", limits.text_chars_max),
            MessageKind::Image | MessageKind::File => ("caption", limits.caption_chars_max),
        };
        // A text has at least as many bytes as characters.
        if text.len() > chars_max && text.chars().count() > chars_max {
            return Err(RenderError::TooLong { part, chars_max });
        }
        Ok(RenderedMessage {
            kind: self.kind,
            text,
            media,
        })
    }

    /// Appends the quick replies as numbered lines, and how to answer them.
    fn push_choices(&self, text: &mut String) {
        let choices = self.choices();
        if choices.is_empty() {
            return;
        }
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        for (number, label) in (1..).zip(choices) {
            text.push_str(&format!("{number}. {label}\n"));
        }
        text.push_str(self.definition.language.how_to_answer());
    }
}

impl TryFrom<MessageDefinition> for MessageTemplate {
    type Error = MessageError;

    fn try_from(definition: MessageDefinition) -> Result<Self, Self::Error> {
        MessageTemplate::parse(definition)
    }
}

impl From<MessageTemplate> for MessageDefinition {
    fn from(template: MessageTemplate) -> Self {
        template.definition
    }
}

fn template(part: &str, source: &str) -> Result<Template, MessageError> {
    Template::parse(source).map_err(|error| MessageError::Template {
        part: part.to_owned(),
        error,
    })
}

/// A message whose variables have their columns: rendering looks no name up.
///
/// ```
/// use campaign_core::message::MessageTemplate;
///
/// let bound = MessageTemplate::text("Halo {{ nama }}")?.bind(&["No HP", "Nama"])?;
/// assert_eq!(bound.render(&["0812", "Budi"])?.text, "Halo Budi");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundMessage {
    message: MessageTemplate,
    columns: Vec<Vec<usize>>,
}

impl BoundMessage {
    /// The message bound.
    #[must_use]
    pub fn message(&self) -> &MessageTemplate {
        &self.message
    }

    /// The message for one row of the table whose headers were bound.
    ///
    /// # Errors
    /// As [`MessageTemplate::render`].
    pub fn render<C: AsRef<str>>(&self, row: &[C]) -> Result<RenderedMessage, RenderError> {
        // The values and the templates live apart; both outlive the call.
        self.message.render_parts(|part, _, slot| {
            let column = *self.columns.get(part)?.get(slot)?;
            row.get(column).map(AsRef::as_ref)
        })
    }
}

#[cfg(test)]
mod tests;
