//! Events: webhook deliveries and websocket frames, as verified bytes read into types.
//!
//! Both carry the same JSON. Nothing about their order or number can be relied on: deliveries run in parallel, an event comes
//! again when the receiver answered anything but 2xx, and an acknowledgement may overtake the answer of its own send (all
//! recorded). [`Event::id`] is the same for every copy.

#[cfg(feature = "axum")]
mod extractor;
mod payload;
mod seen;
mod signature;
#[cfg(feature = "socket")]
mod socket;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

#[cfg(feature = "axum")]
pub use extractor::{SignedEvent, SignedEventRejection};
pub use payload::{
    AckError, Attendance, Call, ChangedGroup, ChatArchive, EditedMessage, EngineEvent, EventAnswer,
    EventResponse, GroupChange, LabelledChat, MessageAck, MessageDestination, MessageReaction,
    ParticipantsChange, ParticipantsChangeKind, Payload, PollVote, Reaction, RevokedMessage,
    SessionChange, StatusPoint, UnknownPayload, Vote,
};
pub use seen::Seen;
pub use signature::{Webhook, WebhookError};
#[cfg(feature = "socket")]
pub use socket::{EventStream, Gap, SocketError, SocketItem, Subscription};

use crate::error::presentable;
use crate::ids::SessionName;
#[cfg(feature = "socket")]
use crate::secrets::Secrets;
use crate::types::{Engine, Environment, Extra, Me, instant_number, readable};

/// One event of one session.
#[derive(Clone)]
#[non_exhaustive]
pub struct Event {
    /// `evt_...`: the same for every webhook and websocket that gets the event, and for every repetition.
    pub id: String,
    /// When it was made, Unix milliseconds; 0 when the server does not say.
    pub timestamp_ms: i64,
    /// The session.
    pub session: SessionName,
    /// The session's account, when it has one.
    pub me: Option<Me>,
    /// What happened.
    pub payload: Payload,
    /// The engine below the session.
    pub engine: Option<Engine>,
    /// The server's version.
    pub environment: Option<Environment>,
    /// The session's own metadata, when configured.
    pub metadata: Option<Extra>,
    raw: Bytes,
}

/// Without the bytes it came as, which hold what people write.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("timestamp_ms", &self.timestamp_ms)
            .field("session", &self.session)
            .field("me", &self.me)
            .field("payload", &self.payload)
            .field("engine", &self.engine)
            .field("environment", &self.environment)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}

/// Why bytes are not an event. Numbers of people in it are shortened.
#[derive(Debug, thiserror::Error)]
#[error("not an event of WAHA: {0}")]
pub struct EventError(#[source] serde_json::Error);

impl EventError {
    fn new(error: &serde_json::Error) -> Self {
        Self(serde_json::Error::custom(presentable(&error.to_string())))
    }

    #[cfg(feature = "socket")]
    fn without(self, secrets: &Secrets) -> Self {
        Self(serde_json::Error::custom(
            secrets.cleared(self.0.to_string()),
        ))
    }
}

/// What all events have around their payload.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(default, deserialize_with = "instant_number")]
    timestamp: i64,
    #[serde(borrow)]
    event: Cow<'a, str>,
    session: SessionName,
    #[serde(borrow, default)]
    me: Option<&'a RawValue>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "readable")]
    engine: Option<Engine>,
    #[serde(borrow, default)]
    environment: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
}

impl Event {
    /// Reads an event from a webhook's body or a websocket's frame.
    ///
    /// A kind that this version does not know, or a payload that does not read as its kind, is kept as
    /// [`Payload::Unknown`].
    ///
    /// # Errors
    ///
    /// When it is not JSON, or lacks `id`, `event` or `session`.
    pub fn parse(bytes: &[u8]) -> Result<Self, EventError> {
        let envelope: Envelope<'_> =
            serde_json::from_slice(bytes).map_err(|error| EventError::new(&error))?;
        Ok(Self {
            payload: Payload::read(&envelope.event, envelope.payload),
            id: envelope.id.into_owned(),
            timestamp_ms: envelope.timestamp,
            session: envelope.session,
            me: beside(envelope.me),
            engine: envelope.engine,
            environment: beside(envelope.environment),
            metadata: beside(envelope.metadata),
            raw: Bytes::copy_from_slice(bytes),
        })
    }

    /// The event, which is as it came, without secrets in what is wrong with it.
    #[cfg(feature = "socket")]
    fn without(mut self, secrets: &Secrets) -> Self {
        if let Payload::Unknown(UnknownPayload { problem, .. }) = &mut self.payload {
            *problem = problem.take().map(|problem| secrets.cleared(problem));
        }
        self
    }

    /// The event's JSON as it came.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }
}

/// What stands beside the payload must not cost an event when it has an unexpected shape.
fn beside<T: DeserializeOwned>(raw: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_stands_beside_the_payload_costs_no_event_when_it_is_odd() {
        let json = r#"{"id": "evt_1", "event": "message", "session": "default", "timestamp": [], "me": 7,
            "engine": {"name": "NOWEB"}, "environment": "x", "metadata": []}"#;
        let event = Event::parse(json.as_bytes()).unwrap();
        assert_eq!((event.timestamp_ms, event.engine), (0, None));
        assert!(event.me.is_none() && event.environment.is_none() && event.metadata.is_none());
    }
}
