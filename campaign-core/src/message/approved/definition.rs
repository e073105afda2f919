//! A template as its author writes it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::fault::Part;
use crate::message::ButtonDefinition;

/// A template in Meta's parts: the form that is stored and read back.
///
/// ```
/// use campaign_core::message::approved::{Header, Part, TemplateDefinition, TemplateCategory};
///
/// let template = TemplateDefinition::new("tagihan_bulanan", "id", TemplateCategory::Utility)
///     .with_header(Header::Text { text: "Tagihan {{1}}".into() })
///     .with_body("Halo {{1}}, tagihan Anda bulan ini {{2}}. Mohon dibayar sebelum jatuh tempo.")
///     .with_footer("Balas STOP untuk berhenti")
///     .with_example(Part::Header, "1", "November")
///     .with_example(Part::Body, "1", "Budi")
///     .with_example(Part::Body, "2", "Rp250.000");
/// assert!(template.faults().is_empty());
/// assert_eq!(
///     template.preview()?.text(),
///     "*Tagihan November*\n\n\
///      Halo Budi, tagihan Anda bulan ini Rp250.000. Mohon dibayar sebelum jatuh tempo.\n\n\
///      _Balas STOP untuk berhenti_"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TemplateDefinition {
    /// Its name, of lower-case letters, digits and underscores: see [`template_name`].
    pub name: String,
    /// Meta's code of its language: `id`, `en_US`.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// What stands above the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Header>,
    /// Its text, with variables `{{1}}` or `{{nama}}`.
    pub body: String,
    /// A line below the body, without variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<String>,
    /// Its buttons: links and phone numbers, or quick replies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonDefinition>,
    /// A value for every variable, for whoever reviews it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// What a template is for: Meta's three categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TemplateCategory {
    /// Offers, news, invitations: anything that is not one of the others.
    Marketing,
    /// About something the person ordered, owes or agreed to.
    Utility,
    /// A one-time password.
    Authentication,
}

/// What stands above a template's body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Header {
    /// A line of text, with at most one variable.
    Text {
        /// The line.
        text: String,
    },
    /// A picture.
    Image(HeaderMedia),
    /// A video.
    Video(HeaderMedia),
    /// A PDF.
    Document(HeaderMedia),
}

/// The file of a header, as it was uploaded. Whoever keeps the files measures it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderMedia {
    /// Where it is: a path below the campaign's folder, or an http(s) address, ending in the
    /// file's extension.
    pub source: String,
    /// Its size.
    pub bytes: u64,
    /// How long it plays, of a video.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
}

/// An example of one variable's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The part the variable stands in: each part of a template numbers its variables anew.
    pub part: Part,
    /// The variable as written between the braces.
    pub variable: String,
    /// What could stand there.
    pub value: String,
}

impl TemplateDefinition {
    /// A template without content.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        language: impl Into<String>,
        category: TemplateCategory,
    ) -> Self {
        TemplateDefinition {
            name: name.into(),
            language: language.into(),
            category,
            header: None,
            body: String::new(),
            footer: None,
            buttons: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// The same with this header.
    #[must_use]
    pub fn with_header(mut self, header: Header) -> Self {
        self.header = Some(header);
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// The same with this footer.
    #[must_use]
    pub fn with_footer(mut self, footer: impl Into<String>) -> Self {
        self.footer = Some(footer.into());
        self
    }

    /// The same with one more button.
    #[must_use]
    pub fn with_button(mut self, button: ButtonDefinition) -> Self {
        self.buttons.push(button);
        self
    }

    /// The same with one more example.
    #[must_use]
    pub fn with_example(
        mut self,
        part: Part,
        variable: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.examples.push(Example {
            part,
            variable: variable.into(),
            value: value.into(),
        });
        self
    }
}

/// A template's name from what somebody typed: white space becomes underscores, capitals become
/// small letters. Borrowed when nothing changed; show the changed name before it is used. Other
/// characters stay, and are faults.
///
/// ```
/// use campaign_core::message::approved::template_name;
///
/// assert_eq!(template_name(" Promo  Akhir Tahun "), "promo_akhir_tahun");
/// assert_eq!(template_name("promo-7"), "promo-7");
/// ```
#[must_use]
pub fn template_name(typed: &str) -> Cow<'_, str> {
    let is_changed = |c: char| c.is_whitespace() || c.is_uppercase();
    if !typed.contains(is_changed) {
        return Cow::Borrowed(typed);
    }
    let words: Vec<&str> = typed.split_whitespace().collect();
    Cow::Owned(words.join("_").to_lowercase())
}
