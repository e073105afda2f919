//! Templates as Meta defines them: written in six parts, every limit checked, reviewed, and then
//! frozen into the message that a campaign sends.
//!
//! A [`TemplateDefinition`] is what its author writes; [`TemplateDefinition::faults`] names
//! everything that is wrong with it at once. A [`ReviewedTemplate`] is a definition on its way
//! through the review: only an approved one becomes a [`MessageDefinition`](super::MessageDefinition).
//! Nothing here speaks to Meta: WAHA sends from a linked number, and the review is the operator's
//! own. What differs from an official template is therefore told in the preview: buttons arrive
//! as lines.
//!
//! # Where the rules come from
//!
//! Meta's pages are those of its developer documentation: *Template components* (November 2025),
//! *Template fundamentals* (May 2026), *Message templates, supported languages*. Some rules Meta
//! only tells whoever submits; they are taken from the documentation of its partners.
//!
//! | part | rule | source |
//! | --- | --- | --- |
//! | 1 | name of `a-z`, `0-9`, `_`, at most 512 characters | Meta, Template fundamentals |
//! | 1 | language one of [`LANGUAGES`] | Meta, supported languages |
//! | 1 | marketing, utility or authentication | Meta, Template fundamentals |
//! | 2 | header text at most 60 characters, one variable | Meta, Template components |
//! | 2 | header text without line break, emoji, formatting signs | Meta advises against the signs; Twilio (error 63040) and Bird name all three as refused |
//! | 2 | image jpg, jpeg, png of at most 5 MB; video mp4, 3gp of at most 16 MB; document PDF of at most 100 MB | Meta, supported media types |
//! | 2 | video of at most 30 seconds | the CRM's own limit; Meta names none |
//! | 3 | body present, at most 1,024 characters | Meta, Template components |
//! | 3 | variables all numbered or all named; numbers from 1 without gaps; names without special characters | Meta, Template components and common rejection reasons |
//! | 3 | body neither begins nor ends with a variable, no two side by side | Twilio (error 63040), Maqsam |
//! | 3 | at least 2x + 1 words beside x variables; at most 100 variables | Maqsam, as observed |
//! | 3 | footer at most 60 characters, without variables | Meta, Template components |
//! | 3 | footer without line break and emoji | Twilio (error 63040) |
//! | 4 | at most two links and phone numbers, or three quick replies, not mixed; label at most 20 characters | the CRM's own limits, stricter than Meta's (ten buttons, mixed in groups, 25 characters) |
//! | 4 | one phone number, with country code, of at most 20 characters; address of at most 2,000 characters | Meta, by Gupshup and Braze |
//! | 4 | address https; one variable, at its end | https is the CRM's own; the variable Meta, Template components |
//! | 1-4 | authentication without header and buttons | Alibaba Cloud and Gupshup: no header, and no button but for a one-time password, which a linked number cannot send |
//! | 5 | an example for every variable, on one line, with at most four spaces in a row | Meta, Template components; Clickatell for the form |
//!
//! Lengths are counted in Unicode characters of the text as written, variables included.
//!
//! Left out, because pages contradict one another or a program cannot judge it: whether a variable
//! followed by nothing but a full stop ends a body, shortened links, spelling, and content that
//! breaks Meta's policies.

mod check;
mod conversion;
mod definition;
mod fault;
mod languages;
mod placeholders;
mod review;

pub use conversion::{ConversionError, TemplateVariable};
pub use definition::{
    Example, Header, HeaderMedia, TemplateCategory, TemplateDefinition, template_name,
};
pub use fault::{FaultKind, Part, TemplateFault, UnknownPart};
pub use languages::LANGUAGES;
pub use review::{Review, ReviewError, ReviewedTemplate};

/// Longest name. Source: Meta, Template fundamentals.
pub const NAME_CHARS_MAX: usize = 512;
/// Longest header text. Source: Meta, Template components.
pub const HEADER_CHARS_MAX: usize = 60;
/// Longest body. Source: Meta, Template components.
pub const BODY_CHARS_MAX: usize = 1_024;
/// Longest footer. Source: Meta, Template components.
pub const FOOTER_CHARS_MAX: usize = 60;
/// Most variables. Source: Maqsam, on creating templates with variables.
pub const VARIABLES_MAX: usize = 100;
/// Largest image, in bytes: 5 MB. Source: Meta, supported media types.
pub const IMAGE_BYTES_MAX: u64 = 5 * 1024 * 1024;
/// Largest video, in bytes: 16 MB. Source: Meta, supported media types.
pub const VIDEO_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Longest video, in milliseconds: the CRM's own limit of 30 seconds.
pub const VIDEO_MS_MAX: u64 = 30_000;
/// Largest document, in bytes: 100 MB. Source: Meta, supported media types. A file sent from a
/// path is also under [`MEDIA_BYTES_MAX`](super::MEDIA_BYTES_MAX), which is less.
pub const DOCUMENT_BYTES_MAX: u64 = 100 * 1024 * 1024;
/// Most links and phone numbers. The CRM's own limit; Meta allows two links and one number.
pub const ACTIONS_MAX: usize = 2;
/// Most phone numbers. Source: Meta's limit by button type, as in Gupshup's documentation.
pub const PHONES_MAX: usize = 1;
/// Most quick replies. The CRM's own limit; Meta allows ten.
pub const REPLIES_MAX: usize = 3;
/// Longest label of a button. The CRM's own limit; Meta allows 25.
pub const LABEL_CHARS_MAX: usize = 20;
/// Longest phone number of a button, as written. Source: Meta's limit, as in Braze's documentation.
pub const PHONE_CHARS_MAX: usize = 20;
/// Longest address of a button. Source: Meta's limit, as in Braze's documentation.
pub const URL_CHARS_MAX: usize = 2_000;

#[cfg(test)]
mod tests;
