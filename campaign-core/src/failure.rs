//! What became of an attempt, and what follows from it for the delivery and for the lane: two pure tables.
//!
//! The gateway says what happened; [`Outcome::verdict`] says what to do about it. A lane in trouble harms
//! nobody: what is the account's or the server's fault holds the lane and costs the delivery nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delivery::Doubt;

/// What became of one attempt to hand a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// WAHA answered with success.
    Accepted {
        /// The bare id in the answer, if it had one.
        message_id: Option<Box<str>>,
    },
    /// Proved: nothing was handed over.
    NotHandedOver {
        /// What stood in the way.
        why: NotHandedOver,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
        /// The server's words, for the report.
        message: Box<str>,
    },
    /// WAHA refused this message for good; the same request would be refused again.
    Refused {
        /// The server's words, for the report.
        message: Box<str>,
    },
    /// The message may have been sent.
    MaybeSent {
        /// What makes it doubtful.
        doubt: Doubt,
        /// What the answer says about the account besides.
        signal: Option<Signal>,
        /// The server's or the connection's words, for the report.
        message: Box<str>,
    },
}

/// Why nothing was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotHandedOver {
    /// Our own guard withheld the body: too late, paused, cancelled, or no longer the lane's owner.
    Withheld,
    /// The server cannot be reached.
    Unreachable,
    /// The session is not WORKING (422).
    SessionNotReady,
    /// The key is refused (401, 403).
    Unauthorized,
    /// The server asks to wait (429).
    RateLimited,
    /// The connection broke before the body was written, or the server failed before its engine saw the request.
    Broken,
}

/// What an answer says about the account rather than about the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Error 463: WhatsApp's reach-out timelock on writing to people who never wrote.
    Restricted,
    /// WhatsApp's own rate limit (`rate-overlimit`).
    TooFast,
    /// The engine has lost its connection.
    Disconnected,
}

/// Why a lane does not send at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The server cannot be reached.
    Unreachable,
    /// The session is not WORKING.
    SessionNotReady,
    /// The key is refused.
    Unauthorized,
    /// The server, or WhatsApp, asked to wait.
    RateLimited,
    /// WhatsApp's reach-out timelock.
    Restricted,
    /// WhatsApp's quota of new chats is used up.
    NewChatsUsedUp,
    /// Too many messages went wrong, in a row or of the latest: the breaker is open.
    RepeatedFailures,
    /// The session says that it works, and WhatsApp acknowledges nothing of what it sends.
    SuspectedDead,
    /// The session is another account's than before.
    OtherAccount,
    /// The wall clock jumped against elapsed time, and the server's clock does not bear it out.
    ClockJumped,
}

/// What follows for the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is with WAHA.
    Accepted,
    /// It goes back to its place; no attempt is counted.
    Hold,
    /// It is tried again after a pause, while attempts are left.
    Retry,
    /// It has failed.
    Fail,
    /// Evidence decides.
    Doubt(Doubt),
}

/// What follows from an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// For the delivery.
    pub next: Next,
    /// For the lane: why it must be held, if it must.
    pub trouble: Option<Trouble>,
    /// Whether WAHA's or WhatsApp's side failed: it counts towards "too many went wrong". Limits do not, nor what was refused for
    /// what it is or withheld by ourselves.
    pub is_failure: bool,
}

impl Outcome {
    /// What follows, for the delivery and for the lane.
    pub fn verdict(&self) -> Verdict {
        let verdict = |next, trouble, is_failure| Verdict {
            next,
            trouble,
            is_failure,
        };
        match self {
            Outcome::Accepted { .. } => verdict(Next::Accepted, None, false),
            Outcome::NotHandedOver { why, .. } => match why {
                NotHandedOver::Withheld => verdict(Next::Hold, None, false),
                NotHandedOver::Unreachable => verdict(Next::Hold, Some(Trouble::Unreachable), true),
                NotHandedOver::SessionNotReady => {
                    verdict(Next::Hold, Some(Trouble::SessionNotReady), false)
                }
                NotHandedOver::Unauthorized => {
                    verdict(Next::Hold, Some(Trouble::Unauthorized), false)
                }
                NotHandedOver::RateLimited => {
                    verdict(Next::Hold, Some(Trouble::RateLimited), false)
                }
                NotHandedOver::Broken => verdict(Next::Retry, None, true),
            },
            Outcome::Refused { .. } => verdict(Next::Fail, None, false),
            Outcome::MaybeSent { doubt, signal, .. } => {
                let trouble = signal.map(|signal| match signal {
                    Signal::Restricted => Trouble::Restricted,
                    Signal::TooFast => Trouble::RateLimited,
                    Signal::Disconnected => Trouble::SessionNotReady,
                });
                let doubt = match signal {
                    Some(Signal::Restricted) => Doubt::Restricted,
                    _ => *doubt,
                };
                let is_limit = matches!(signal, Some(Signal::Restricted | Signal::TooFast));
                verdict(Next::Doubt(doubt), trouble, !is_limit)
            }
        }
    }

    /// How long the server asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Outcome::NotHandedOver { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The server's words, for the report.
    pub fn message(&self) -> Option<&str> {
        match self {
            Outcome::Accepted { .. } => None,
            Outcome::NotHandedOver { message, .. }
            | Outcome::Refused { message }
            | Outcome::MaybeSent { message, .. } => Some(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_may_have_been_sent_is_repeated_and_no_lane_trouble_costs_an_attempt() {
        let not = |why| Outcome::NotHandedOver {
            why,
            retry_after: None,
            message: "".into(),
        };
        let maybe = |signal| Outcome::MaybeSent {
            doubt: Doubt::ServerError,
            signal,
            message: "".into(),
        };
        let doubt = Next::Doubt(Doubt::ServerError);
        let rows = [
            (
                Outcome::Accepted { message_id: None },
                Next::Accepted,
                None,
                false,
            ),
            (not(NotHandedOver::Withheld), Next::Hold, None, false),
            (
                not(NotHandedOver::Unreachable),
                Next::Hold,
                Some(Trouble::Unreachable),
                true,
            ),
            (
                not(NotHandedOver::SessionNotReady),
                Next::Hold,
                Some(Trouble::SessionNotReady),
                false,
            ),
            (
                not(NotHandedOver::Unauthorized),
                Next::Hold,
                Some(Trouble::Unauthorized),
                false,
            ),
            (
                not(NotHandedOver::RateLimited),
                Next::Hold,
                Some(Trouble::RateLimited),
                false,
            ),
            (not(NotHandedOver::Broken), Next::Retry, None, true),
            (
                Outcome::Refused { message: "".into() },
                Next::Fail,
                None,
                false,
            ),
            (maybe(None), doubt, None, true),
            (
                maybe(Some(Signal::Restricted)),
                Next::Doubt(Doubt::Restricted),
                Some(Trouble::Restricted),
                false,
            ),
            (
                maybe(Some(Signal::TooFast)),
                doubt,
                Some(Trouble::RateLimited),
                false,
            ),
            (
                maybe(Some(Signal::Disconnected)),
                doubt,
                Some(Trouble::SessionNotReady),
                true,
            ),
        ];
        for (outcome, next, trouble, is_failure) in rows {
            let verdict = outcome.verdict();
            assert_eq!(
                (verdict.next, verdict.trouble, verdict.is_failure),
                (next, trouble, is_failure),
                "{outcome:?}"
            );
        }
    }
}
