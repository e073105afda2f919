//! Buttons as what really arrives: a line of text with its link, or a numbered choice.

use serde::{Deserialize, Serialize};

use super::media::{self, UrlTemplate};
use crate::template::{Limits, RenderError, Template, TemplateError};

/// A button as its author writes it: a label, and an address or a phone number. A label alone is a
/// quick reply: a choice that people answer with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ButtonDefinition {
    /// What it says: plain text.
    pub label: String,
    /// The https address it opens, with variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The number it calls, with country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// Why a button cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ButtonError {
    /// Its address is no template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Its address is not one that a button can open.
    #[error(transparent)]
    Url(#[from] media::MediaError),
    /// It has no label, or one that is not plain text on one line.
    #[error("its label must be plain text on one line, without variables")]
    Label,
    /// Its label is too long.
    #[error("its label has {chars} characters, at most {chars_max} are allowed: shorten it")]
    LabelTooLong {
        /// How many there are.
        chars: usize,
        /// How many there may be.
        chars_max: usize,
    },
    /// It has both an address and a phone number.
    #[error("give it either an address (url) or a phone number (phone), or neither for a reply")]
    Target,
    /// Its phone number has no country code or is none.
    #[error("its phone number must begin with + and the country code: +6281234567890")]
    Phone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Button {
    label: String,
    target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Url(UrlTemplate),
    Phone(String),
    Reply,
}

impl Button {
    pub(super) fn parse(button: &ButtonDefinition, limits: &Limits) -> Result<Self, ButtonError> {
        let label = button.label.trim();
        if label.is_empty() || label.chars().any(char::is_control) || label.contains("{{") {
            return Err(ButtonError::Label);
        }
        let chars = label.chars().count();
        if chars > limits.label_chars_max {
            return Err(ButtonError::LabelTooLong {
                chars,
                chars_max: limits.label_chars_max,
            });
        }
        let target = match (&button.url, &button.phone) {
            (Some(url), None) => Target::Url(UrlTemplate::https(Template::parse(url.trim())?)?),
            (None, Some(phone)) => Target::Phone(international(phone)?),
            (None, None) => Target::Reply,
            (Some(_), Some(_)) => return Err(ButtonError::Target),
        };
        Ok(Button {
            label: label.to_owned(),
            target,
        })
    }

    pub(super) fn url(&self) -> Option<&Template> {
        match &self.target {
            Target::Url(url) => Some(url.template()),
            Target::Phone(_) | Target::Reply => None,
        }
    }

    /// What a person answers with, of a quick reply.
    pub(super) fn reply(&self) -> Option<&str> {
        matches!(self.target, Target::Reply).then_some(self.label.as_str())
    }

    /// Appends `Label: link`; of a quick reply the label.
    pub(super) fn render_into<'v>(
        &'v self,
        out: &mut String,
        value: impl Fn(&'v Template, usize) -> Option<&'v str>,
    ) -> Result<(), RenderError> {
        out.push_str(&self.label);
        match &self.target {
            Target::Url(url) => {
                let address = url.render(|slot| value(url.template(), slot))?;
                out.push_str(": ");
                out.push_str(&address);
            }
            Target::Phone(phone) => {
                out.push_str(": ");
                out.push_str(phone);
            }
            Target::Reply => {}
        }
        Ok(())
    }
}

/// `+` and the digits, which every phone makes a link of.
fn international(phone: &str) -> Result<String, ButtonError> {
    let rest = phone.trim().strip_prefix('+').ok_or(ButtonError::Phone)?;
    let mut digits = String::from("+");
    for c in rest.chars() {
        match c {
            '0'..='9' => digits.push(c),
            ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
            _ => return Err(ButtonError::Phone),
        }
    }
    // E.164: at most 15 digits, the first of them not 0.
    if (9..=16).contains(&digits.len()) && !digits.starts_with("+0") {
        Ok(digits)
    } else {
        Err(ButtonError::Phone)
    }
}
