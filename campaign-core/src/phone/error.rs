//! Why a text is no phone number to write to, and what to do about it.

use std::fmt;

use super::PhoneNumber;

/// How much of the text an error repeats: enough to find the cell, not a whole document.
const SHOWN_CHARS: usize = 60;

/// A text that was not taken for a phone number, and why.
///
/// The message names the text as typed and the remedy: show it to the operator, do not log it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{input}\" {refusal}: {remedy}", remedy = refusal.remedy())]
pub struct PhoneError {
    /// The text as typed, cut after 60 characters.
    pub input: Box<str>,
    /// What is wrong with it.
    pub refusal: Refusal,
}

impl PhoneError {
    pub(super) fn new(input: &str, refusal: Refusal) -> Self {
        Self {
            input: input.chars().take(SHOWN_CHARS).collect(),
            refusal,
        }
    }
}

/// Why a text was not taken for a phone number. Each case has its own remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No number anybody can have.
    Invalid(Why),
    /// A real number, but not of a mobile phone; [`LinePolicy::AnyLine`](super::LinePolicy)
    /// allows it.
    Landline {
        /// The number the text stands for.
        number: PhoneNumber,
        /// What kind of line that is.
        line: Line,
    },
    /// Two different people could have been meant.
    Ambiguous {
        /// Both readings, the likelier one first.
        readings: [PhoneNumber; 2],
    },
    /// More than one number in the text.
    TwoNumbers,
    /// A number with an extension: WhatsApp cannot reach a desk behind a switchboard.
    Extension,
    /// A WhatsApp address that is not one person's phone number.
    NotAPerson(NotAPerson),
    /// A spreadsheet wrote the number as `6.28E+12` and left digits out.
    DigitsLost,
}

impl Refusal {
    /// What to do, as the end of a sentence.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Invalid(why) => why.remedy(),
            Self::Landline { .. } => "give a mobile number, or allow landlines",
            Self::Ambiguous { .. } => "write the one you mean, with its +",
            Self::TwoNumbers => "keep one number, or give each its own row",
            Self::Extension => "give a direct number",
            Self::NotAPerson(_) => "give the person's phone number",
            Self::DigitsLost => {
                "format the column as text or as a number without decimals and export it again"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(why) => why.fmt(f),
            Self::Landline { number, line } => write!(f, "is {line} ({number})"),
            Self::Ambiguous {
                readings: [first, second],
            } => write!(f, "can mean {first} or {second}"),
            Self::TwoNumbers => f.write_str("holds more than one number"),
            Self::Extension => f.write_str("is a number with an extension"),
            Self::NotAPerson(what) => write!(f, "is {what}"),
            Self::DigitsLost => f.write_str("was shortened by a spreadsheet, digits are missing"),
        }
    }
}

/// What keeps a text from being a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing was typed.
    Empty,
    /// There is no digit in it.
    NoDigits,
    /// A letter or sign stands among the digits or right beside them, where a digit may be meant.
    StrayCharacter(char),
    /// An address with an `@` that WhatsApp does not use: an e-mail address, most often.
    ForeignAddress,
    /// A number with a fraction, or with zeros after the point that could be digits.
    Fraction,
    /// What follows `+` or `00` is no country code.
    UnknownCountryCode,
    /// Fewer digits than any number of that country.
    TooShort,
    /// More digits than any number of that country.
    TooLong,
    /// The right length for the country, but nobody can have it.
    Unassigned,
}

impl Why {
    fn remedy(self) -> &'static str {
        match self {
            Self::Empty | Self::NoDigits => "give a phone number",
            Self::StrayCharacter(_) => {
                "write only the number; put a space before any note that follows it"
            }
            Self::ForeignAddress => "give a phone number",
            Self::Fraction => "format the column as text or as a number without decimals",
            Self::UnknownCountryCode => "begin with + and the country code, such as +62",
            Self::TooShort | Self::TooLong | Self::Unassigned => {
                "compare it with the source; begin with + and the country code if it is abroad"
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::NoDigits => "has no digits",
            Self::StrayCharacter(character) => {
                return write!(f, "has {character:?} where only digits belong");
            }
            Self::ForeignAddress => "is an address, not a phone number",
            Self::Fraction => "is a number with decimals",
            Self::UnknownCountryCode => "has no country code that exists",
            Self::TooShort => "is too short for a phone number",
            Self::TooLong => "is too long for a phone number",
            Self::Unassigned => "is a number that nobody can have",
        })
    }
}

/// A line that is not a mobile phone's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// A fixed line.
    Fixed,
    /// A number of an internet telephone (VoIP).
    Internet,
    /// Toll-free, premium, shared cost, company-wide, pager, voice mail, personal numbers.
    Service,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed => "a landline",
            Self::Internet => "an internet telephone",
            Self::Service => "a service number",
        })
    }
}

/// A WhatsApp address of something else than a person's phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAPerson {
    /// A group (`@g.us`).
    Group,
    /// A hidden identity (`@lid`): a person, but not a phone number.
    Lid,
    /// A channel (`@newsletter`).
    Channel,
    /// A broadcast list or the status (`@broadcast`).
    Broadcast,
}

impl fmt::Display for NotAPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "a WhatsApp group",
            Self::Lid => "a WhatsApp identity without a phone number (LID)",
            Self::Channel => "a WhatsApp channel",
            Self::Broadcast => "a WhatsApp broadcast list",
        })
    }
}
