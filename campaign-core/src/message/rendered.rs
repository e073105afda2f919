//! A message as one recipient gets it, and the hash by which its echo is known again.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use super::MessageKind;
use super::media::{MediaCheck, MediaFault, MediaSource};

/// A message ready to be sent to one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RenderedMessage {
    /// How it is sent.
    pub kind: MessageKind,
    /// The text or caption, button lines included, exactly as sent. Empty when an image or file
    /// goes without a caption.
    pub text: String,
    /// The image or file; `None` for a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaSource>,
}

impl RenderedMessage {
    /// A text message.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        RenderedMessage {
            kind: MessageKind::Text,
            text: text.into(),
            media: None,
        }
    }

    /// An image with a caption, which may be empty.
    #[must_use]
    pub fn image(media: MediaSource, caption: impl Into<String>) -> Self {
        RenderedMessage {
            kind: MessageKind::Image,
            text: caption.into(),
            media: Some(media),
        }
    }

    /// A file with a caption, which may be empty.
    #[must_use]
    pub fn file(media: MediaSource, caption: impl Into<String>) -> Self {
        RenderedMessage {
            kind: MessageKind::File,
            text: caption.into(),
            media: Some(media),
        }
    }

    /// A hash of the text that is the same on every machine and in every version, for telling
    /// which message an echo is: [`text_hash`] of [`text`](Self::text).
    #[must_use]
    pub fn text_hash(&self) -> u64 {
        text_hash(&self.text)
    }

    /// The whole message in plain text, media first.
    #[must_use]
    pub fn preview(&self) -> String {
        let mut preview = String::new();
        if let Some(media) = &self.media {
            preview = format!("[{}: {media}]", self.kind.as_str());
            if !self.text.is_empty() {
                preview.push('\n');
            }
        }
        preview.push_str(&self.text);
        preview
    }

    /// Asks `check` about the image or file; a text has nothing to ask about.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_media(&self, check: &(impl MediaCheck + ?Sized)) -> Result<(), MediaFault> {
        match &self.media {
            Some(media) => check.check(self.kind, media),
            None => Ok(()),
        }
    }
}

/// The key of the hashes here. Anything but secret: the hashes tell apart, they protect nothing.
/// It never changes, or stored hashes would match nothing.
pub(super) const HASH_KEY: (u64, u64) = (0x7761_6861_2d63_616d, 0x7061_6967_6e2d_7631);

/// The hash of a text as it was sent or as it came back. White space at the ends and the kind of
/// line break do not count: they are what engines and phones change.
///
/// ```
/// use campaign_core::message::text_hash;
///
/// assert_eq!(text_hash("Halo\nBudi"), text_hash("Halo\r\nBudi\n"));
/// assert_ne!(text_hash("Halo Budi"), text_hash("Halo Siti"));
/// ```
#[must_use]
pub fn text_hash(text: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(HASH_KEY.0, HASH_KEY.1);
    let text = text.trim();
    if text.as_bytes().contains(&b'\r') {
        hasher.write(text.replace("\r\n", "\n").as_bytes());
    } else {
        hasher.write(text.as_bytes());
    }
    hasher.finish()
}
