//! Errors as Python's exceptions, which `waha_campaign.errors` defines: a message for people, and what a program asks for as attributes.

use campaign_core::message::MessageError;
use campaign_core::phone::{PhoneError, Refusal, Why};
use campaign_core::template::{RenderError, TemplateError};
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use waha_client::api::pairing::PairingError;
use waha_client::events::WebhookError;
use waha_client::{DownloadError, Error, FileError};

/// The exceptions that are raised here.
#[derive(Clone, Copy)]
enum Kind {
    InvalidPhone,
    Template,
    Message,
    Render,
    Webhook,
    NotHandedOver,
    MaybeSent,
    NoAnswer,
    Refused,
    SessionNotReady,
    UnknownSession,
    Unauthorized,
    Unsupported,
    WasDone,
}

impl Kind {
    /// The class, looked up once.
    fn class(self, py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
        static CLASSES: [PyOnceLock<Py<PyType>>; 14] = [const { PyOnceLock::new() }; 14];
        let name = match self {
            Self::InvalidPhone => "InvalidPhone",
            Self::Template => "TemplateError",
            Self::Message => "MessageError",
            Self::Render => "RenderError",
            Self::Webhook => "WebhookError",
            Self::NotHandedOver => "NotHandedOver",
            Self::MaybeSent => "MaybeSent",
            Self::NoAnswer => "NoAnswer",
            Self::Refused => "Refused",
            Self::SessionNotReady => "SessionNotReady",
            Self::UnknownSession => "UnknownSession",
            Self::Unauthorized => "Unauthorized",
            Self::Unsupported => "Unsupported",
            Self::WasDone => "WasDone",
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

/// Why a call of WAHA has no result.
pub(crate) enum Failure {
    /// What WAHA's client says.
    Waha(Error),
    /// The file that was to be sent.
    File(FileError),
    /// The file that was to be fetched.
    Download(DownloadError),
    /// The server does not let events be listened to.
    Listening(String),
    /// The session was not paired.
    Pairing(PairingError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Waha(error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<DownloadError> for Failure {
    fn from(error: DownloadError) -> Self {
        match error {
            DownloadError::Gone(error)
            | DownloadError::Unauthorized(error)
            | DownloadError::Request(error) => Self::Waha(error),
            other => Self::Download(other),
        }
    }
}

impl From<PairingError> for Failure {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::UnknownSession(error)
            | PairingError::Unauthorized(error)
            | PairingError::Refused(error) => Self::Waha(error),
            other => Self::Pairing(other),
        }
    }
}

impl Failure {
    /// The exception; `is_look_up` says that the call asked a question and changed nothing.
    pub(crate) fn raised(&self, py: Python<'_>, is_look_up: bool) -> PyErr {
        match self {
            Self::Waha(error) => call(py, error, is_look_up),
            Self::Download(error) => {
                let text = plain(&error.to_string());
                match error {
                    DownloadError::TooLarge { .. } => PyValueError::new_err(text),
                    _ => Kind::NoAnswer.raised(py, text, |_| Ok(())),
                }
            }
            Self::Listening(why) => Kind::Unauthorized.raised(py, why.clone(), |_| Ok(())),
            Self::Pairing(error) => pairing(py, error),
            Self::File(error) => {
                let text = plain(&error.to_string());
                match error {
                    FileError::Missing { .. } => PyFileNotFoundError::new_err(text),
                    FileError::NotAFile { .. } | FileError::Unreadable { .. } => {
                        PyOSError::new_err(text)
                    }
                    _ => PyValueError::new_err(text),
                }
            }
        }
    }
}

fn pairing(py: Python<'_>, error: &PairingError) -> PyErr {
    let text = error.to_string();
    let status = match error {
        PairingError::Ended(status) => status.as_str(),
        PairingError::NoAccount => "WORKING",
        _ => return PyTimeoutError::new_err(text),
    };
    Kind::SessionNotReady.raised(py, text, |facts| facts.set_item("status", status))
}

fn call(py: Python<'_>, error: &Error, is_look_up: bool) -> PyErr {
    let kind = if error.is_not_sent() {
        Kind::NotHandedOver
    } else if error.may_have_been_sent() {
        match is_look_up {
            true => Kind::NoAnswer,
            false => Kind::MaybeSent,
        }
    } else if error.session_status().is_some() {
        Kind::SessionNotReady
    } else if error.is_unknown_session() {
        Kind::UnknownSession
    } else if error.is_unauthorized() || error.is_forbidden() {
        Kind::Unauthorized
    } else if error.is_not_implemented() {
        Kind::Unsupported
    } else {
        Kind::Refused
    };
    kind.raised(py, plain(&error.to_string()), |facts| {
        facts.set_item("http_status", error.status())?;
        facts.set_item("server_message", error.server_message())?;
        facts.set_item(
            "retry_after",
            error.retry_after().map(|it| it.as_secs_f64()),
        )?;
        match error.session_status() {
            Some(status) => facts.set_item("status", status.as_str()),
            None => Ok(()),
        }
    })
}

/// A caller who left before anything was written.
pub(crate) fn given_up(py: Python<'_>) -> PyErr {
    unanswered(
        py,
        Kind::NotHandedOver,
        "it was given up in time: nothing was done",
    )
}

/// A caller who did not wait for the answer.
pub(crate) fn left(py: Python<'_>) -> PyErr {
    let text =
        "its answer was not waited for: it goes on, and what becomes of it is not known here";
    unanswered(py, Kind::MaybeSent, text)
}

fn unanswered(py: Python<'_>, kind: Kind, text: &str) -> PyErr {
    kind.raised(py, text.to_owned(), |_| Ok(()))
}

/// A caller who left when it was done already.
pub(crate) fn was_done(py: Python<'_>, result: Py<PyAny>) -> PyErr {
    let text = "it was done before its caller left".to_owned();
    Kind::WasDone.raised(py, text, |facts| facts.set_item("result", result))
}

/// Without what the standard library of Rust adds to the system's words.
pub(crate) fn plain(text: &str) -> String {
    const CODE: &str = " (os error ";
    let mut plain = text.to_owned();
    while let Some(start) = plain.find(CODE) {
        let end = plain[start..]
            .find(')')
            .map_or(plain.len(), |end| start + end + 1);
        plain.replace_range(start..end, "");
    }
    plain
}
