//! The ways in which a request brings no answer. The types are ours: the names of a file that this crate alone reads.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, MaybeSent, NotSent};
use crate::guard::{GuardRefusal, GuardedBody};
use crate::transport::Lost;

/// How a call fails on its way. Which [`Error`] that is, the client judges as it does with a real server. For a call without a
/// body, read "asks for the body" as "takes the request".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Failure {
    /// Nobody listens: [`NotSent::Unreachable`].
    Refused,
    /// The connection is lost before it asks for the body: [`NotSent::Dropped`].
    ResetBeforeBody,
    /// The connection is lost once it has the body: [`MaybeSent::ConnectionLost`].
    ResetAfterBody,
    /// The response time-out passes before the connection asks for the body: [`NotSent::TimedOut`]. No time is waited.
    TimeoutBeforeBody,
    /// The response time-out passes without an answer: [`MaybeSent::TimedOut`]. No time is waited; to have it pass, delay a
    /// reply ([`Reply::after`](super::Reply::after)).
    TimeoutAfterBody,
    /// A guard says no, whatever the call's own guard says: [`NotSent::Withheld`].
    Withheld,
}

impl Failure {
    /// Fails as said. `body` is `None` when it was handed over ([`hand_over`]): for a failure that comes after it.
    pub(super) fn play(self, body: Option<GuardedBody>) -> Lost {
        match self {
            Self::Refused => Lost {
                timed_out: false,
                connecting: true,
                cause: io::Error::from(ErrorKind::ConnectionRefused).into(),
            },
            Self::ResetBeforeBody | Self::ResetAfterBody => lost(ErrorKind::ConnectionReset),
            Self::TimeoutBeforeBody | Self::TimeoutAfterBody => lost(ErrorKind::TimedOut),
            Self::Withheld => {
                let refuse = || Err(GuardRefusal::new("the test's guard says no"));
                let withheld = body.map(|body| hand_over(body.guarded_by(Arc::new(refuse))));
                match withheld {
                    Some(Err(withheld)) => withheld,
                    _ => lost(ErrorKind::ConnectionReset),
                }
            }
        }
    }

    /// Whether a server would have got the request whole.
    pub(super) fn comes_after_body(self) -> bool {
        matches!(self, Self::ResetAfterBody | Self::TimeoutAfterBody)
    }

    /// The failure that ends in such an error; `None` for answers and for requests that cannot be made.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::NotSent { why } => match why {
                NotSent::Withheld(_) => Some(Self::Withheld),
                NotSent::Unreachable(_) => Some(Self::Refused),
                NotSent::Dropped(_) => Some(Self::ResetBeforeBody),
                NotSent::TimedOut => Some(Self::TimeoutBeforeBody),
                NotSent::Limited { .. } | NotSent::Invalid(_) => None,
            },
            Error::MaybeSent { why } => match why {
                MaybeSent::TimedOut { .. } => Some(Self::TimeoutAfterBody),
                MaybeSent::ConnectionLost(_) => Some(Self::ResetAfterBody),
            },
            Error::Answered(_) => None,
        }
    }
}

/// Asks for the body as a connection does, and so its guard.
pub(super) fn hand_over(body: GuardedBody) -> Result<(), Lost> {
    body.hand_over().map_err(|refusal| Lost {
        timed_out: false,
        connecting: false,
        cause: refusal.into(),
    })
}

fn lost(kind: ErrorKind) -> Lost {
    Lost {
        timed_out: kind == ErrorKind::TimedOut,
        connecting: false,
        cause: io::Error::from(kind).into(),
    }
}
