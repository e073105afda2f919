//! How long a message may be. The numbers are defaults; a campaign may set its own.

use serde::{Deserialize, Serialize};

/// Limits of a message's parts, counted in Unicode characters.
///
/// ```
/// use campaign_core::template::Limits;
///
/// let cloud_api = Limits { text_chars_max: 4_096, ..Limits::default() };
/// assert_eq!(cloud_api.caption_chars_max, 1_024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest text message, button lines included. 65,536 is what the WhatsApp application itself
    /// is reported to accept (no official page says so); Meta's Cloud API takes 4,096.
    pub text_chars_max: usize,
    /// Longest caption of an image or file, button lines included. Source: Meta, Cloud API,
    /// media messages: 1,024.
    pub caption_chars_max: usize,
    /// Longest label of a button. Source: Meta, interactive messages and templates: 20.
    pub label_chars_max: usize,
    /// Most buttons with a link or phone number on a message. Source: Meta, templates: two
    /// call-to-action buttons.
    pub buttons_max: usize,
    /// Most quick replies on a message. Source: Meta, interactive messages: three reply buttons.
    #[serde(skip_serializing_if = "is_usual")]
    pub replies_max: usize,
}

const REPLIES_MAX: usize = 3;

/// Left out of the data: limits that were stored before there were replies keep their hash.
fn is_usual(replies_max: &usize) -> bool {
    *replies_max == REPLIES_MAX
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            text_chars_max: 65_536,
            caption_chars_max: 1_024,
            label_chars_max: 20,
            buttons_max: 2,
            replies_max: REPLIES_MAX,
        }
    }
}

/// Longest template text in bytes: a message is at most 65,536 characters of up to 4 bytes.
pub(crate) const SOURCE_BYTES_MAX: usize = 4 * 65_536;

/// Longest rendered text in bytes that [`Template::render`](super::Template::render) builds.
/// Room for 65,536 characters of 4 bytes each; a message's own limits are checked after it.
pub const RENDERED_BYTES_MAX: usize = 4 * 65_536;
