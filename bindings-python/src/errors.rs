//! Errors as Python's exceptions, which `waha_campaign.errors` defines: a message for people, and what a program asks for as attributes.

use campaign_core::message::MessageError;
use campaign_core::phone::{PhoneError, Refusal, Why};
use campaign_core::template::{RenderError, TemplateError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use waha_client::events::WebhookError;

/// The exceptions that are raised here.
#[derive(Clone, Copy)]
enum Kind {
    InvalidPhone,
    Template,
    Message,
    Render,
    Webhook,
}

impl Kind {
    /// The class, looked up once.
    fn class(self, py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
        static CLASSES: [PyOnceLock<Py<PyType>>; 5] = [const { PyOnceLock::new() }; 5];
        let name = match self {
            Self::InvalidPhone => "InvalidPhone",
            Self::Template => "TemplateError",
            Self::Message => "MessageError",
            Self::Render => "RenderError",
            Self::Webhook => "WebhookError",
        };
        CLASSES[self as usize].import(py, "waha_campaign.errors", name)
    }

    /// The exception, or what kept it from being made.
    fn raised(
        self,
        py: Python<'_>,
        message: String,
        facts: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
    ) -> PyErr {
        let made = || {
            let attributes = PyDict::new(py);
            facts(&attributes)?;
            self.class(py)?.call((message,), Some(&attributes))
        };
        made().map_or_else(|error| error, PyErr::from_value)
    }
}

pub(crate) fn phone(py: Python<'_>, error: &PhoneError) -> PyErr {
    Kind::InvalidPhone.raised(py, error.to_string(), |facts| {
        facts.set_item("text", &*error.input)?;
        facts.set_item("reason", reason(error.refusal))?;
        facts.set_item("remedy", error.refusal.remedy())
    })
}

/// Why a number is refused, as one word for programs.
pub(crate) fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Landline { .. } => "landline",
        Refusal::Ambiguous { .. } => "ambiguous",
        Refusal::TwoNumbers => "two_numbers",
        Refusal::Extension => "extension",
        Refusal::NotAPerson(_) => "not_a_person",
        Refusal::DigitsLost => "digits_lost",
        Refusal::Invalid(why) => match why {
            Why::Empty => "empty",
            Why::NoDigits => "no_digits",
            Why::StrayCharacter(_) => "stray_character",
            Why::ForeignAddress => "foreign_address",
            Why::Fraction => "fraction",
            Why::UnknownCountryCode => "unknown_country_code",
            Why::TooShort => "too_short",
            Why::TooLong => "too_long",
            Why::Unassigned => "unassigned",
        },
    }
}

/// `part` names the part of a message that it is about.
pub(crate) fn template(py: Python<'_>, error: &TemplateError, part: Option<&str>) -> PyErr {
    let message = match part {
        Some(part) => format!("{part}: {error}"),
        None => error.to_string(),
    };
    Kind::Template.raised(py, message, |facts| {
        facts.set_item("part", part)?;
        facts.set_item("line", error.line())?;
        facts.set_item("column", error.column())?;
        facts.set_item("excerpt", error.excerpt())?;
        facts.set_item("remedy", error.remedy())
    })
}

pub(crate) fn message(py: Python<'_>, error: &MessageError) -> PyErr {
    match error {
        MessageError::Template { part, error } => template(py, error, Some(part)),
        other => Kind::Message.raised(py, other.to_string(), |_| Ok(())),
    }
}

pub(crate) fn render(py: Python<'_>, error: &RenderError) -> PyErr {
    Kind::Render.raised(py, error.to_string(), |facts| {
        facts.set_item("variable", error.variable())?;
        facts.set_item("is_missing", error.is_missing())
    })
}

pub(crate) fn webhook(py: Python<'_>, error: &WebhookError) -> PyErr {
    Kind::Webhook.raised(py, error.to_string(), |facts| {
        facts.set_item(
            "is_signed",
            matches!(
                error,
                WebhookError::Stale { .. } | WebhookError::NotAnEvent(_)
            ),
        )
    })
}
