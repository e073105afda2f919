//! The filters a template may use: money, dates, phones, letters, defaults. Each reads text and
//! gives text; what reads two ways is refused, never guessed.
//!
//! Two paths lead here, the compiled segments and minijinja: both call [`Filter::apply`], so they
//! cannot disagree.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::FilterFault;
use super::values::is_blank;

mod date;
mod letters;
mod phone;
mod rupiah;

use date::DateStyle;
use phone::PhoneStyle;
pub(crate) use rupiah::read_amount;

/// The filters of both engines, for error messages.
pub(crate) const NAMES: [&str; 8] = [
    "rupiah",
    "date",
    "phone",
    "upper",
    "lower",
    "title",
    "default",
    "urlencode",
];

/// A filter with its argument, checked when the template was parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    Rupiah,
    Date(DateStyle),
    Phone(PhoneStyle),
    Upper,
    Lower,
    Title,
    Default(String),
    UrlEncode,
}

/// `text` as a part of an address: RFC 3986's unreserved characters stay, all others are encoded.
pub(crate) fn percent_encoded(text: &str) -> Cow<'_, str> {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, ENCODED).into()
}

/// Why a filter call is not one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CallFault {
    Unknown,
    Argument { takes: String },
}

impl Filter {
    /// The filter called `name` with the text arguments `args`.
    pub(crate) fn from_call(name: &str, args: &[&str]) -> Result<Filter, CallFault> {
        let none = |filter: Filter| match args {
            [] => Ok(filter),
            _ => Err(CallFault::Argument {
                takes: format!("It takes no argument: `{name}`."),
            }),
        };
        match name {
            "rupiah" => none(Filter::Rupiah),
            "upper" => none(Filter::Upper),
            "lower" => none(Filter::Lower),
            "title" => none(Filter::Title),
            "urlencode" => none(Filter::UrlEncode),
            "date" => style(name, args, DateStyle::from_name, DateStyle::NAMES).map(Filter::Date),
            "phone" => {
                style(name, args, PhoneStyle::from_name, PhoneStyle::NAMES).map(Filter::Phone)
            }
            "default" => match args {
                [text] => Ok(Filter::Default((*text).to_owned())),
                _ => Err(CallFault::Argument {
                    takes: "It takes the text to use instead: `default(\"pelanggan\")`.".to_owned(),
                }),
            },
            _ => Err(CallFault::Unknown),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Filter::Rupiah => "rupiah",
            Filter::Date(_) => "date",
            Filter::Phone(_) => "phone",
            Filter::Upper => "upper",
            Filter::Lower => "lower",
            Filter::Title => "title",
            Filter::Default(_) => "default",
            Filter::UrlEncode => "urlencode",
        }
    }

    /// The value as this filter shows it. `None` is a missing value: only `default` mends it,
    /// every other filter passes it on, so that the order of filters does not matter to it.
    pub(crate) fn apply<'v>(
        &'v self,
        value: Option<Cow<'v, str>>,
    ) -> Result<Option<Cow<'v, str>>, FilterFault> {
        let Some(value) = value else {
            return Ok(match self {
                Filter::Default(text) => Some(Cow::Borrowed(text)),
                _ => None,
            });
        };
        Ok(Some(match self {
            Filter::Rupiah => Cow::Owned(read_amount(&value)?.to_string()),
            Filter::Date(style) => Cow::Owned(date::show(&value, *style)?),
            Filter::Phone(style) => Cow::Owned(phone::show(&value, *style)?),
            Filter::Upper => Cow::Owned(value.to_uppercase()),
            Filter::Lower => Cow::Owned(value.to_lowercase()),
            Filter::Title => Cow::Owned(letters::title(&value)),
            Filter::Default(text) if is_blank(&value) => Cow::Borrowed(text),
            Filter::Default(_) => value,
            Filter::UrlEncode => Cow::Owned(percent_encoded(&value).into_owned()),
        }))
    }
}

fn style<S: Default>(
    filter: &str,
    args: &[&str],
    from_name: fn(&str) -> Option<S>,
    names: &str,
) -> Result<S, CallFault> {
    let style = match args {
        [] => Some(S::default()),
        [name] => from_name(name),
        _ => None,
    };
    style.ok_or_else(|| CallFault::Argument {
        takes: format!("It is `{filter}` alone, or `{filter}(\"...\")` with one of {names}."),
    })
}
