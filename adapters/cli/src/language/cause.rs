//! What is wrong with an input, in the types that found it, so that each language has its own words for it.

use std::fmt;
use std::sync::Arc;

use campaign_core::audience::AudienceError;
use campaign_core::limits::{HoursError, ZoneError};
use campaign_core::message::MessageError;
use campaign_core::phone::{PhoneError, UnknownRegion};

/// What is wrong with an input. `Display` is English.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// Words that come from below, as they are.
    Words(String),
    /// It should look like this.
    Example(&'static str),
    Audience(Arc<AudienceError>),
    Message(Box<MessageError>),
    Phone(PhoneError),
    Hours(HoursError),
    Zone(ZoneError),
    Region(UnknownRegion),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Words(words) => f.write_str(words),
            Cause::Example(example) => write!(f, "write it like {example}"),
            Cause::Audience(error) => error.fmt(f),
            Cause::Message(error) => error.fmt(f),
            Cause::Phone(error) => error.fmt(f),
            Cause::Hours(error) => error.fmt(f),
            Cause::Zone(error) => error.fmt(f),
            Cause::Region(error) => error.fmt(f),
        }
    }
}

impl From<AudienceError> for Cause {
    fn from(error: AudienceError) -> Self {
        Self::Audience(Arc::new(error))
    }
}

impl From<MessageError> for Cause {
    fn from(error: MessageError) -> Self {
        Self::Message(Box::new(error))
    }
}

impl From<PhoneError> for Cause {
    fn from(error: PhoneError) -> Self {
        Self::Phone(error)
    }
}

impl From<HoursError> for Cause {
    fn from(error: HoursError) -> Self {
        Self::Hours(error)
    }
}

impl From<ZoneError> for Cause {
    fn from(error: ZoneError) -> Self {
        Self::Zone(error)
    }
}

impl From<UnknownRegion> for Cause {
    fn from(error: UnknownRegion) -> Self {
        Self::Region(error)
    }
}
