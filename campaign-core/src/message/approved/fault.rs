//! What is wrong with a template: the part, the limit, what was found, and the remedy.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::conversion::ConversionError;
use crate::message::{ButtonError, MediaError};

/// A part of a template. In data and for people: `name`, `header`, `button 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Its name.
    Name,
    /// Its language.
    Language,
    /// What stands above the body.
    Header,
    /// Its text.
    Body,
    /// The line below the body.
    Footer,
    /// All buttons together.
    Buttons,
    /// One button, counted from 1.
    Button(u8),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Name => f.write_str("name"),
            Part::Language => f.write_str("language"),
            Part::Header => f.write_str("header"),
            Part::Body => f.write_str("body"),
            Part::Footer => f.write_str("footer"),
            Part::Buttons => f.write_str("buttons"),
            Part::Button(number) => write!(f, "button {number}"),
        }
    }
}

/// A text that names no part of a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no part of a template: write header, body, footer or button 1")]
pub struct UnknownPart(String);

impl FromStr for Part {
    type Err = UnknownPart;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "name" => Part::Name,
            "language" => Part::Language,
            "header" => Part::Header,
            "body" => Part::Body,
            "footer" => Part::Footer,
            "buttons" => Part::Buttons,
            other => other
                .strip_prefix("button ")
                .and_then(|number| number.parse().ok())
                .filter(|number| *number > 0)
                .map(Part::Button)
                .ok_or_else(|| UnknownPart(other.to_owned()))?,
        })
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Something wrong with one part of a template.
///
/// ```
/// use campaign_core::message::approved::{TemplateCategory, TemplateDefinition};
///
/// let template = TemplateDefinition::new("Promo", "id", TemplateCategory::Marketing)
///     .with_body("{{1}} diskon 20% sampai akhir bulan ini");
/// let faults: Vec<String> = template.faults().iter().map(ToString::to_string).collect();
/// assert_eq!(
///     faults,
///     [
///         "name: \"Promo\" has other characters than a-z, 0-9 and _: write \"promo\"",
///         "body: it begins with the variable {{1}}: write a word before it",
///         "body: the variable {{1}} has no example: give one",
///     ]
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {kind}")]
#[non_exhaustive]
pub struct TemplateFault {
    /// Which part.
    pub part: Part,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a part of a template, with what was found and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// It is missing or blank.
    #[error("it is empty: write it")]
    Empty,
    /// It is too long.
    #[error("it has {chars} characters, at most {chars_max} are allowed: shorten it")]
    TooLong {
        /// How many characters there are.
        chars: usize,
        /// How many there may be.
        chars_max: usize,
    },
    /// The name has characters that a name cannot have.
    #[error("{name:?} has other characters than a-z, 0-9 and _: write {suggestion:?}")]
    NameCharacters {
        /// As written.
        name: String,
        /// The same without them.
        suggestion: String,
    },
    /// The language is none of Meta's.
    #[error("{code:?} is no language code of Meta's: {}", .near.map_or("write one like id or en_US".to_owned(), |near| format!("write {near}")))]
    UnknownLanguage {
        /// As written.
        code: String,
        /// The code that was probably meant.
        near: Option<&'static str>,
    },
    /// Braces that make no variable.
    #[error(
        "{found:?} is not a variable: write it like {{{{1}}}} or {{{{nama}}}}, with two braces on either side and without spaces"
    )]
    Braces {
        /// The place.
        found: String,
    },
    /// A variable whose name has other characters.
    #[error(
        "{found:?} is no name of a variable: use a number, or small letters, digits and _ after a letter"
    )]
    VariableName {
        /// What stands between the braces.
        found: String,
    },
    /// Numbered and named variables together.
    #[error(
        "{{{{{numbered}}}}} is numbered and {{{{{named}}}}} is named: number all variables or name all"
    )]
    MixedVariables {
        /// The first that is numbered.
        numbered: String,
        /// The first that is named.
        named: String,
    },
    /// A number is left out.
    #[error(
        "the variable {{{{{missing}}}}} is missing, the highest is {{{{{highest}}}}}: number them from 1 without gaps"
    )]
    Gap {
        /// The first number that is missing.
        missing: u32,
        /// The highest there is.
        highest: u32,
    },
    /// It begins with a variable.
    #[error("it begins with the variable {{{{{variable}}}}}: write a word before it")]
    BeginsWithVariable {
        /// Which.
        variable: String,
    },
    /// It ends with a variable.
    #[error("it ends with the variable {{{{{variable}}}}}: write a word after it")]
    EndsWithVariable {
        /// Which.
        variable: String,
    },
    /// Two variables with nothing between them.
    #[error("{{{{{first}}}}} and {{{{{second}}}}} stand side by side: write a word between them")]
    AdjacentVariables {
        /// The first of them.
        first: String,
        /// The second.
        second: String,
    },
    /// More variables than this part may have.
    #[error(
        "it has {variables} variables, at most {variables_max} are allowed: write the others out"
    )]
    TooManyVariables {
        /// How many there are.
        variables: usize,
        /// How many there may be.
        variables_max: usize,
    },
    /// Hardly anything but variables.
    #[error(
        "it has {words} words beside {variables} variables, at least {words_min} are needed: write more, or use fewer variables"
    )]
    FewWords {
        /// How many words there are.
        words: usize,
        /// How many variables, each counted as often as it stands there.
        variables: usize,
        /// How many words there must be.
        words_min: usize,
    },
    /// A variable where none can stand.
    #[error("it cannot have variables: write {found:?} out")]
    Variable {
        /// The first of them.
        found: String,
    },
    /// A line break or other control character.
    #[error("it must be one line: leave line breaks and tabs out")]
    LineBreak,
    /// An emoji.
    #[error("it cannot have emoji: leave {found} out")]
    Emoji {
        /// The first of them.
        found: char,
    },
    /// A sign of formatting.
    #[error("it cannot be formatted, it is shown bold: leave {sign} out")]
    Formatting {
        /// The first of them.
        sign: char,
    },
    /// A file of another kind.
    #[error("it ends in {found:?}, allowed are {}: convert the file", .allowed.join(", "))]
    FileKind {
        /// The file's extension.
        found: String,
        /// The extensions that are allowed.
        allowed: &'static [&'static str],
    },
    /// The file is too large.
    #[error("its file has {bytes} bytes, at most {bytes_max} are allowed: make it smaller")]
    FileSize {
        /// Its size.
        bytes: u64,
        /// The largest allowed.
        bytes_max: u64,
    },
    /// The video is too long.
    #[error("its video plays {duration_ms} ms, at most {duration_ms_max} are allowed: cut it")]
    VideoLength {
        /// How long it is.
        duration_ms: u64,
        /// The longest allowed.
        duration_ms_max: u64,
    },
    /// Nobody measured the video.
    #[error(
        "its video has no duration, at most {duration_ms_max} ms are allowed: say how long it plays"
    )]
    VideoLengthUnknown {
        /// The longest allowed.
        duration_ms_max: u64,
    },
    /// The place of the file is wrong.
    #[error(transparent)]
    Media(MediaError),
    /// Links or phone numbers beside quick replies.
    #[error(
        "{actions} with a link or phone number and {replies} quick replies: use one kind, not both"
    )]
    MixedButtons {
        /// How many have a link or phone number.
        actions: usize,
        /// How many are replies.
        replies: usize,
    },
    /// Too many links and phone numbers.
    #[error(
        "{actions} with a link or phone number, at most {actions_max} are allowed: leave some out"
    )]
    TooManyActions {
        /// How many there are.
        actions: usize,
        /// How many there may be.
        actions_max: usize,
    },
    /// Too many phone numbers.
    #[error("{phones} with a phone number, at most {phones_max} is allowed: leave the others out")]
    TooManyPhones {
        /// How many there are.
        phones: usize,
        /// How many there may be.
        phones_max: usize,
    },
    /// Too many quick replies.
    #[error("{replies} quick replies, at most {replies_max} are allowed: leave some out")]
    TooManyReplies {
        /// How many there are.
        replies: usize,
        /// How many there may be.
        replies_max: usize,
    },
    /// A quick reply whose words would not be known again as its own.
    #[error("its label {label:?} could mean another choice as well: choose other words")]
    AmbiguousReply {
        /// Its label.
        label: String,
    },
    /// The button is wrong in itself.
    #[error(transparent)]
    Button(ButtonError),
    /// A variable in an address that is not its end.
    #[error("its address has the variable {{{{{variable}}}}} before its end: put it last")]
    VariableInAddress {
        /// Which.
        variable: String,
    },
    /// Two names that are one column.
    #[error("{{{{{first}}}}} and {{{{{second}}}}} would be one column: rename one of them")]
    SameColumn {
        /// The first of them.
        first: String,
        /// The second.
        second: String,
    },
    /// Something that an authentication template cannot have.
    #[error("a template for authentication has none: leave it out, or choose another category")]
    NotInAuthentication,
    /// A variable without an example.
    #[error("the variable {{{{{variable}}}}} has no example: give one")]
    ExampleMissing {
        /// Which.
        variable: String,
    },
    /// An example that cannot be a value.
    #[error(
        "the example of {{{{{variable}}}}} has a line break, a tab or more than {spaces_max} spaces in a row: write it on one line"
    )]
    ExampleForm {
        /// Of which variable.
        variable: String,
        /// Most spaces in a row.
        spaces_max: usize,
    },
    /// An example of no variable.
    #[error(
        "there is an example of {{{{{variable}}}}}, which does not occur: leave it out, or mend its name"
    )]
    ExampleUnknown {
        /// Of which.
        variable: String,
    },
    /// A second example of one variable.
    #[error("the variable {{{{{variable}}}}} has several examples: keep one")]
    ExampleTwice {
        /// Of which.
        variable: String,
    },
    /// The parts are right, but together they make no message that can be sent.
    #[error("{0}")]
    Whole(Box<ConversionError>),
}
