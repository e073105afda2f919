//! A message as its recipient will see it: in plain text, and as HTML for a page.
//!
//! The HTML is a fragment for a page that brings its own style sheet. Everything that comes from
//! a message is escaped; there are no scripts, no styles, no event handlers, nothing that is
//! fetched. Links go to http and https addresses alone. These class names are all there are:
//!
//! | class | on | what |
//! | --- | --- | --- |
//! | `wa-message` | `div` | the whole |
//! | `wa-media` | `div` | the kind and place of the image or file |
//! | `wa-text` | `div` | the text or caption |
//! | `wa-mono` | `pre` | text of fixed width, several lines of it |
//! | `wa-remark` | `div` | what the operator should know; not part of the message |

mod formatting;
mod html;

use super::{Language, MessageTemplate, RenderedMessage};
use crate::message::MediaSource;
use crate::template::{RenderError, Values};

use html::Html;

/// One recipient's message, ready to be shown to the operator.
///
/// ```
/// use campaign_core::message::{MessageDefinition, MessageTemplate};
///
/// let message = MessageTemplate::parse(
///     MessageDefinition::text("*Halo {{ nama }}*").with_reply_button("Hadir"),
/// )?;
/// let preview = message.full_preview(&[("nama", "Budi & Siti")])?;
/// assert!(preview.html().contains("<b>Halo Budi &amp; Siti</b>"));
/// assert!(preview.text().starts_with("*Halo Budi & Siti*\n\n1. Hadir\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    message: RenderedMessage,
    remark: Option<&'static str>,
}

impl Preview {
    /// The message, exactly as it would be sent.
    #[must_use]
    pub fn message(&self) -> &RenderedMessage {
        &self.message
    }

    /// What the operator should know besides, in the language of the message: that buttons arrive
    /// as lines. `None` without buttons.
    #[must_use]
    pub fn remark(&self) -> Option<&str> {
        self.remark
    }

    /// In plain text: the message as sent, media first, then the remark in brackets.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = self.message.preview();
        if let Some(remark) = self.remark {
            text.push_str(&format!("\n\n({remark})"));
        }
        text
    }

    /// As HTML, with WhatsApp's formatting applied. The signs are those of WhatsApp's help page on
    /// formatting: `*bold*`, `_italic_`, `~struck~`, ` ```fixed``` `, `` `code` ``, `* ` or `- `
    /// for a list, `1. ` for a numbered one, `> ` for a quotation. That page does not say which
    /// signs stay signs; here those inside a word do, those next to a space on the inner side, and
    /// those whose partner is not on the same line.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = Html::new();
        html.open("div", "wa-message");
        if let Some(media) = &self.message.media {
            html.open("div", "wa-media");
            html.text(&format!("{}: ", self.message.kind.as_str()));
            let place = media.to_string();
            match media {
                MediaSource::Url(url) if html.link(url, &place) => {}
                _ => html.text(&place),
            }
            html.close();
        }
        if !self.message.text.is_empty() {
            html.open("div", "wa-text");
            formatting::write(&mut html, &self.message.text);
            html.close();
        }
        if let Some(remark) = self.remark {
            html.open("div", "wa-remark");
            html.text(remark);
            html.close();
        }
        html.finish()
    }
}

impl MessageTemplate {
    /// The message for one recipient, to be shown before it is sent.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn full_preview(&self, values: &(impl Values + ?Sized)) -> Result<Preview, RenderError> {
        let language: Language = self.definition().language;
        let has_buttons = !self.definition().buttons.is_empty();
        Ok(Preview {
            message: self.render(values)?,
            remark: has_buttons.then(|| language.buttons_are_lines()),
        })
    }
}

#[cfg(test)]
mod tests;
