//! What can go wrong with campaigns, as the exceptions of `waha_campaign.errors`.

use campaign_core::audience::AudienceError;
use campaign_core::campaign::Difference;
use campaign_core::driver::DriverError;
use campaign_core::message::MessageError;
use campaign_core::once::OnceError;
use campaign_core::store::StoreError;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::importing::Rejected;
use crate::errors;

pub(super) type Outcome<T> = Result<T, Failure>;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database.
    Store(StoreError),
    /// Whoever sends ended by itself.
    Driver(String),
    /// The list.
    Audience(AudienceError),
    /// Of everybody on the list nobody can be written to.
    NobodyLeft(Vec<Rejected>),
    /// The message does not fit the list.
    Message(MessageError),
    /// The name stands for something else.
    Taken {
        name: String,
        differences: Vec<Difference>,
    },
    /// There is no such campaign.
    Unknown { name: String, others: Vec<String> },
    /// It cannot be done as things stand.
    Refused(String),
    /// An argument makes no sense.
    Argument(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(why) => Self::Refused(why),
            other => Self::Store(other),
        }
    }
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        match error {
            DriverError::TakeOver(error) => error.into(),
            DriverError::CommitUnknown(_) | DriverError::Dismissed(_) => {
                Self::Driver(error.to_string())
            }
        }
    }
}

impl From<AudienceError> for Failure {
    fn from(error: AudienceError) -> Self {
        Self::Audience(error)
    }
}

impl From<MessageError> for Failure {
    fn from(error: MessageError) -> Self {
        Self::Message(error)
    }
}

impl From<OnceError> for Failure {
    fn from(error: OnceError) -> Self {
        match error {
            OnceError::Differs { key, differences } => Self::Taken {
                name: key.to_string(),
                differences,
            },
            OnceError::Store(error) => error.into(),
            OnceError::Message(_) | OnceError::Forgotten { .. } => Self::Refused(error.to_string()),
        }
    }
}

impl Failure {
    /// The exception.
    pub(super) fn raised(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Store(error) => store(py, &error),
            Self::Driver(why) => raised(py, "StoreError", &why, |facts| {
                facts.set_item("is_unknown", true)
            }),
            Self::Audience(error) => raised(py, "AudienceError", &error.to_string(), |facts| {
                facts.set_item("rejected", Vec::<Rejected>::new())
            }),
            Self::NobodyLeft(rejected) => {
                let text = match rejected.first() {
                    Some(first) => format!(
                        "nobody on the list can be written to; row {}: {}",
                        first.row, first.message
                    ),
                    None => "nobody is on the list".to_owned(),
                };
                raised(py, "AudienceError", &text, |facts| {
                    facts.set_item("rejected", rejected)
                })
            }
            Self::Message(error) => errors::message(py, &error),
            Self::Taken { name, differences } => taken(py, &name, &differences),
            Self::Unknown { name, others } => {
                let known = match others.is_empty() {
                    true => "there is none yet".to_owned(),
                    false => format!("there are {}", others.join(", ")),
                };
                let text = format!("there is no campaign {name:?}: {known}");
                raised(py, "UnknownCampaign", &text, |facts| {
                    facts.set_item("name", name)
                })
            }
            Self::Refused(why) => raised(py, "CampaignError", &why, |_| Ok(())),
            Self::Argument(why) => PyValueError::new_err(errors::plain(&why)),
        }
    }
}

fn store(py: Python<'_>, error: &StoreError) -> PyErr {
    raised(py, "StoreError", &error.to_string(), |facts| {
        facts.set_item("is_unknown", matches!(error, StoreError::Unknown(_)))
    })
}

fn taken(py: Python<'_>, name: &str, differences: &[Difference]) -> PyErr {
    let shown: Vec<_> = differences.iter().map(ToString::to_string).collect();
    let text = format!(
        "{name:?} was made with other inputs ({}): give the same ones, or another name",
        shown.join("; ")
    );
    raised(py, "NameTaken", &text, |facts| {
        let differs = PyDict::new(py);
        for it in differences {
            differs.set_item(it.what, (&it.was, &it.is))?;
        }
        facts.set_item("name", name)?;
        facts.set_item("differs", differs)
    })
}

fn raised(
    py: Python<'_>,
    class: &str,
    message: &str,
    facts: impl FnOnce(&Bound<'_, PyDict>) -> PyResult<()>,
) -> PyErr {
    let made = || {
        let attributes = PyDict::new(py);
        facts(&attributes)?;
        let classes = py.import("waha_campaign.errors")?;
        classes
            .getattr(class)?
            .call((errors::plain(message),), Some(&attributes))
    };
    made().map_or_else(|error| error, PyErr::from_value)
}
