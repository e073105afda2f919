//! From a template in six parts to the message that a campaign freezes and sends.

use super::definition::{Header, TemplateDefinition};
use super::fault::Part;
use super::placeholders::{self, Piece};
use super::review::Review;
use crate::message::{Language, MessageDefinition, MessageError, MessageTemplate, Preview};
use crate::template::{RenderError, Template, same_name};

/// A variable of a template, and the column that fills it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemplateVariable {
    /// The part it stands in.
    pub part: Part,
    /// As written between the braces.
    pub name: String,
    /// The column that fills it unless another is named: its own name, or, of a number, `var1`,
    /// `var2` and so on through header, body and buttons.
    pub column: String,
}

/// Why a template cannot become a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// It is not approved.
    #[error("the template is {review}: only an approved one can be sent")]
    NotApproved {
        /// Where it is in its review.
        review: Review,
    },
    /// A column's name is none.
    #[error(
        "{part}: the column {column:?} cannot fill {{{{{variable}}}}}: name one that has letters or digits"
    )]
    Column {
        /// The part the variable stands in.
        part: Part,
        /// The variable.
        variable: String,
        /// The column named for it.
        column: String,
    },
    /// A part is wrong.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The examples do not make a message.
    #[error("with its examples: {0}")]
    Render(#[from] RenderError),
}

impl TemplateDefinition {
    /// Its variables in the order in which they are numbered: header, body, then buttons.
    ///
    /// ```
    /// use campaign_core::message::approved::{Header, TemplateCategory, TemplateDefinition};
    ///
    /// let template = TemplateDefinition::new("a", "id", TemplateCategory::Utility)
    ///     .with_header(Header::Text { text: "Tagihan {{1}}".into() })
    ///     .with_body("Nomor {{2}} atas nama {{1}} jatuh tempo besok");
    /// let columns: Vec<_> = template
    ///     .variables()
    ///     .into_iter()
    ///     .map(|variable| format!("{} {} = {}", variable.part, variable.name, variable.column))
    ///     .collect();
    /// assert_eq!(columns, ["header 1 = var1", "body 1 = var2", "body 2 = var3"]);
    /// ```
    #[must_use]
    pub fn variables(&self) -> Vec<TemplateVariable> {
        let mut variables = Vec::new();
        let mut numbered = 0;
        for (part, text) in self.texts() {
            let mut names = placeholders::variables(text);
            // Named ones keep the order of the text.
            names.sort_by_key(|name| name.parse::<u32>().unwrap_or_default());
            for name in names {
                let column = if name.parse::<u32>().is_ok() {
                    numbered += 1;
                    format!("var{numbered}")
                } else {
                    name.to_owned()
                };
                variables.push(TemplateVariable {
                    part,
                    name: name.to_owned(),
                    column,
                });
            }
        }
        variables
    }

    /// The whole message with its examples as values.
    ///
    /// # Errors
    /// When a part is wrong or an example is missing: [`faults`](Self::faults) says all of it.
    pub fn preview(&self) -> Result<Preview, ConversionError> {
        let message = MessageTemplate::parse(self.to_message(|_| None)?)?;
        let values: Vec<(String, &str)> = self
            .variables()
            .into_iter()
            .filter_map(|variable| {
                let example = self
                    .examples
                    .iter()
                    .find(|e| e.part == variable.part && e.variable == variable.name)?;
                Some((variable.column, example.value.as_str()))
            })
            .collect();
        Ok(message.full_preview(&values)?)
    }

    /// The message that a campaign sends: the header's text bold above the body, the footer in
    /// italics below it, the header's file as image or file. `column` names the column of a
    /// variable where it is not its usual one.
    pub(super) fn to_message(
        &self,
        column: impl Fn(&TemplateVariable) -> Option<String>,
    ) -> Result<MessageDefinition, ConversionError> {
        let mut columns = Vec::new();
        for variable in self.variables() {
            let wanted = column(&variable).unwrap_or_else(|| variable.column.clone());
            let written = written(&wanted).ok_or_else(|| ConversionError::Column {
                part: variable.part,
                variable: variable.name.clone(),
                column: wanted,
            })?;
            columns.push((variable, written));
        }
        let in_part = |part: Part, text: &str| {
            text_of(&placeholders::pieces(text).0, |name| {
                let (_, column) = columns
                    .iter()
                    .find(|(v, _)| v.part == part && v.name == name)?;
                Some(column.clone())
            })
        };
        let mut message = MessageDefinition::default();
        let mut text = String::new();
        match &self.header {
            Some(Header::Text { text: header }) => {
                text = format!("*{}*\n\n", in_part(Part::Header, header.trim()));
            }
            Some(Header::Image(media)) => message.image = Some(escaped(media.source.trim())),
            // Sent as a document, which every session can; the recipient taps it to play.
            Some(Header::Video(media) | Header::Document(media)) => {
                message.file = Some(escaped(media.source.trim()));
            }
            None => {}
        }
        text.push_str(&in_part(Part::Body, self.body.trim()));
        if let Some(footer) = &self.footer {
            text.push_str(&format!("\n\n_{}_", escaped(footer.trim())));
        }
        message.text = Some(text);
        for (button, number) in self.buttons.iter().zip(1..) {
            let mut button = button.clone();
            let part = Part::Button(number);
            button.url = button.url.map(|url| in_part(part, url.trim()));
            message.buttons.push(button);
        }
        message.language = match self.language.as_str() {
            "id" => Language::Indonesian,
            _ => Language::English,
        };
        Ok(message)
    }

    /// The parts that can have variables.
    fn texts(&self) -> Vec<(Part, &str)> {
        let mut texts = Vec::new();
        if let Some(Header::Text { text }) = &self.header {
            texts.push((Part::Header, text.as_str()));
        }
        texts.push((Part::Body, self.body.as_str()));
        for (button, number) in self.buttons.iter().zip(1..) {
            if let Some(url) = &button.url {
                texts.push((Part::Button(number), url.as_str()));
            }
        }
        texts
    }
}

/// The pieces as a message's text, with `column` for each variable. One without a column stays as
/// it is written, so that it is found wrong.
pub(super) fn text_of(pieces: &[Piece<'_>], column: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(&escaped(text)),
            Piece::Variable(name) => match column(name) {
                Some(column) => out.push_str(&format!("{{{{ {column} }}}}")),
                None => out.push_str(&format!("{{{{{name}}}}}")),
            },
        }
    }
    out
}

/// A text in which nothing is a tag or comment: Meta's templates have variables alone.
pub(super) fn escaped(text: &str) -> String {
    text.replace("{%", "{{ \"{%\" }}")
        .replace("{#", "{{ \"{#\" }}")
}

/// How a column is written as a variable: its letters and digits, and not as a word that means
/// something else there.
fn written(column: &str) -> Option<String> {
    let words: Vec<&str> = column
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let joined = words.join("_");
    [joined.clone(), format!("_{joined}")]
        .into_iter()
        .find(|candidate| {
            Template::parse(&format!("{{{{ {candidate} }}}}")).is_ok_and(|template| {
                !template.has_logic()
                    && template.variables().len() == 1
                    && template.variables().all(|name| same_name(name, column))
            })
        })
}
