//! What went wrong, told by how far the request got: not sent, may have been sent, answered.
//!
//! An error reports facts and answers questions; whether to send again is the caller's decision. It never holds the
//! API key or a URL, whatever the server quotes ([`crate::secrets`]), and its texts leave out what WAHA echoes of the request,
//! stack traces and whole phone numbers.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::answer::{Answer, Shape};
use crate::guard::GuardRefusal;
use crate::secrets::Secrets;
use crate::types::SessionStatus;

/// An error of somebody else's library, kept as the source.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// Why a call has no result, by how far its request got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server cannot have executed the request: its body (its head, when it has none) was never written, or there was no
    /// connection.
    #[error("not sent: {why}")]
    NotSent {
        /// What stopped it.
        #[source]
        why: NotSent,
    },
    /// The request was written, at least in part, and no answer came: it may have been executed.
    #[error("may have been sent: {why}")]
    MaybeSent {
        /// What is known.
        #[source]
        why: MaybeSent,
    },
    /// The server (or a proxy before it) answered, but not with what was asked for.
    #[error("the server {0}")]
    Answered(Box<Answer>),
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// The send's guard said no when the connection asked for the body.
    #[error("withheld by its guard: {0}")]
    Withheld(#[source] GuardRefusal),
    /// No connection: name not found, refused, TLS failed, or it took too long.
    #[error("no connection to the server: {}", root(&**.0))]
    Unreachable(#[source] Cause),
    /// The connection was lost before it asked for the body.
    #[error("the connection was lost before the body was written: {}", root(&**.0))]
    Dropped(#[source] Cause),
    /// The response time-out passed before the connection asked for the body.
    #[error("time ran out before the body was written")]
    TimedOut,
    /// The client's own limit (`Builder::limit`) had no place for the call within its time-out.
    #[error("the client's own limit had no place for it within {} s", .after.as_secs_f32())]
    Limited {
        /// The response time-out of the call.
        after: Duration,
    },
    /// The request cannot be made as asked for.
    #[error("the request cannot be made: {0}")]
    Invalid(String),
}

/// Why it is not known whether a request was executed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaybeSent {
    /// No answer within the response time-out. WAHA goes on with a request whose client has left (recorded).
    #[error("no answer within {} s", .after.as_secs_f32())]
    TimedOut {
        /// The response time-out of the call.
        after: Duration,
    },
    /// The connection was lost before an answer came.
    #[error("the connection was lost before an answer came: {}", root(&**.0))]
    ConnectionLost(#[source] Cause),
}

impl Error {
    pub(crate) fn invalid(why: impl Into<String>) -> Self {
        Self::NotSent {
            why: NotSent::Invalid(why.into()),
        }
    }

    /// The error without what is secret in it: on the way of every error from the transport to the caller.
    pub(crate) fn without(self, secrets: &Secrets) -> Self {
        match self {
            Self::Answered(answer) => Self::Answered(Box::new(answer.without(secrets))),
            Self::NotSent { why } => Self::NotSent {
                why: match why {
                    NotSent::Unreachable(cause) => {
                        NotSent::Unreachable(quoting_none(cause, secrets))
                    }
                    NotSent::Dropped(cause) => NotSent::Dropped(quoting_none(cause, secrets)),
                    why => why,
                },
            },
            Self::MaybeSent { why } => Self::MaybeSent {
                why: match why {
                    MaybeSent::ConnectionLost(cause) => {
                        MaybeSent::ConnectionLost(quoting_none(cause, secrets))
                    }
                    why => why,
                },
            },
        }
    }

    /// Whether it is certain that the server did not execute the request because it was never written whole.
    ///
    /// An answer is not covered, not even one that says the request was refused: see [`Error::answer`].
    pub fn is_not_sent(&self) -> bool {
        matches!(self, Self::NotSent { .. })
    }

    /// Whether the server may have executed the request.
    ///
    /// True without an answer, for every 5xx except the bodies known to come before the engine
    /// ([`Answer::came_before_engine`]), for 408 (a proxy's, which may have passed the request on), and for a 2xx that
    /// could not be read. False for any other 3xx or 4xx and for a request that was not sent.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::NotSent { .. } => false,
            Self::MaybeSent { .. } => true,
            Self::Answered(answer) => {
                let status = answer.status();
                status < 300 || status == 408 || (status >= 500 && !answer.came_before_engine())
            }
        }
    }

    /// Whether the server answered that it failed before its engine was asked ([`Answer::came_before_engine`]).
    pub fn came_before_engine(&self) -> bool {
        self.answer().is_some_and(Answer::came_before_engine)
    }

    /// The answer, when there was one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// The HTTP status, when there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.answer().map(Answer::status)
    }

    /// How long the server asked us to wait (`Retry-After` in seconds).
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(Answer::retry_after)
    }

    /// The refusal of the send's guard, when that is what stopped it.
    pub fn refusal(&self) -> Option<&GuardRefusal> {
        match self {
            Self::NotSent {
                why: NotSent::Withheld(refusal),
            } => Some(refusal),
            _ => None,
        }
    }

    /// Whether time ran out, before or after the request was written.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            Self::NotSent {
                why: NotSent::TimedOut | NotSent::Limited { .. }
            } | Self::MaybeSent {
                why: MaybeSent::TimedOut { .. }
            }
        )
    }

    /// 404: the session, message, file or route is not there. The server's sentence says which.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// 404 from the message look-up: this message is not in the session's store.
    pub fn is_message_not_found(&self) -> bool {
        self.is_not_found() && self.server_message() == Some("Message not found")
    }

    /// 401: the key is missing or wrong, or the address is not WAHA's API.
    pub fn is_unauthorized(&self) -> bool {
        self.status() == Some(401)
    }

    /// 403: the key is valid but not allowed to do this.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }

    /// 501: this engine does not have the method. [`Error::unsupported`] says which engine, and tells editions apart.
    pub fn is_not_implemented(&self) -> bool {
        self.status() == Some(501)
    }

    /// 400 because the NOWEB store, which look-ups need, is off (it is unless the session's configuration turns it on).
    pub fn is_store_disabled(&self) -> bool {
        self.status() == Some(400)
            && self
                .server_message()
                .is_some_and(|text| text.starts_with("Enable NOWEB store"))
    }

    /// The session's status, when the request was refused because of it (422).
    pub fn session_status(&self) -> Option<&SessionStatus> {
        match self.answer()?.shape() {
            Shape::SessionStatus { status, .. } => Some(status),
            _ => None,
        }
    }

    /// Whether the server does not know the session (422, since 2026.6, or 404).
    pub fn is_unknown_session(&self) -> bool {
        match self.answer().map(Answer::shape) {
            Some(Shape::UnknownSession { .. }) => true,
            Some(Shape::Http { messages, .. }) => {
                self.is_not_found()
                    && messages.iter().any(|text| {
                        text == "Session not found"
                            || text.starts_with("We didn't find a session with name")
                    })
            }
            _ => false,
        }
    }

    /// The server's own sentence, whatever the shape of its body. May hold numbers of people: not for logs.
    pub fn server_message(&self) -> Option<&str> {
        self.answer().and_then(Answer::message)
    }
}

/// The error of another library, or what it says in place of it when a secret is in any of its texts.
fn quoting_none(cause: Cause, secrets: &Secrets) -> Cause {
    let first: &(dyn StdError + 'static) = &*cause;
    let chain = std::iter::successors(Some(first), |&error| error.source());
    let said: String = chain.map(|error| format!("{error}\n{error:?}\n")).collect();
    match secrets.left_out_of(said.as_bytes()) {
        Some(_) => secrets.cleared(root(first)).into(),
        None => cause,
    }
}

/// The innermost text of a chain: the outer ones only say "error sending request".
fn root(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// Shortens a text and hides most of every phone-like run of digits, for display.
pub(crate) fn presentable(text: &str) -> String {
    /// Ours: a few lines of a log, and more than any sentence of WAHA's has.
    const LENGTH_MAX: usize = 300;
    let mut shown = masked(text);
    if let Some((cut, _)) = shown.char_indices().nth(LENGTH_MAX) {
        shown.truncate(cut);
        shown.push('…');
    }
    shown
}

/// Hides all but the first three and last two digits of every run of seven or more.
pub(crate) fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, tail) = rest.split_at(start);
        let end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (digits, after) = tail.split_at(end);
        shown.push_str(before);
        if digits.len() < 7 {
            shown.push_str(digits);
        } else {
            shown.push_str(&digits[..3]);
            shown.push('…');
            shown.push_str(&digits[digits.len() - 2..]);
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The address is not an absolute http or https URL.
    #[error("the server's address must look like http://host:3000 ({0})")]
    Address(&'static str),
    /// The key or user agent cannot be a header value.
    #[error("the {0} has characters that a header cannot carry")]
    Header(&'static str),
    /// The operating system's certificates could not be loaded.
    #[error("no certificates to check the server with: install the system's CA certificates")]
    Certificates(#[source] rustls::Error),
    /// The limit lets no request pass.
    #[error("a limit must let at least one request pass in a second, and one at once")]
    Limit,
    /// The HTTP library refused its settings.
    #[error("the HTTP client could not be set up")]
    Http(#[source] Cause),
}

/// The shown form of a status with its body, shared by `Answer`'s Display.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answered {}", self.status())?;
        match self.shape() {
            Shape::SessionStatus {
                status, expected, ..
            } => {
                let expected: Vec<_> = expected.iter().map(SessionStatus::as_str).collect();
                let told = format!(": the session is {status}, not {}", expected.join(" or "));
                f.write_str(&presentable(&told))
            }
            Shape::Redirect => f.write_str(" with a redirect: use the final address of the server"),
            Shape::Html => {
                f.write_str(" with a web page: a proxy or another server answered, not WAHA")
            }
            Shape::Empty => Ok(()),
            Shape::Cut => f.write_str(" and the connection was lost within the answer"),
            Shape::TooLarge => f.write_str(" with more than this client reads"),
            Shape::Unexpected { what } => {
                write!(
                    f,
                    " with something else than expected: {}",
                    presentable(what)
                )
            }
            _ => match self.message() {
                Some(text) => write!(f, ": {}", presentable(text)),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io;

    use super::*;

    #[test]
    fn what_a_library_says_is_kept_as_it_is_unless_it_quotes_a_secret() {
        let mut secrets = Secrets::default();
        secrets.add("s3cret-key");
        let told = |cause: io::Error| {
            let why = NotSent::Unreachable(cause.into());
            Error::NotSent { why }.without(&secrets)
        };
        let kept = told(io::Error::other("no route"));
        let source = kept.source().and_then(StdError::source).unwrap();
        assert!(source.is::<io::Error>());
        let quoting = told(io::Error::other("not valid for s3cret-key.example"));
        let source = quoting.source().and_then(StdError::source).unwrap();
        let words = format!("{quoting} {quoting:?} {source} {source:?}");
        assert!(!words.contains("s3cret"), "{words}");
        assert!(
            quoting.to_string().ends_with("not valid for ***.example"),
            "{words}"
        );
    }

    #[test]
    fn long_runs_of_digits_are_hidden() {
        for (text, shown) in [
            ("not in '6281200000002@c.us'", "not in '628…02@c.us'"),
            ("limit 52428800", "limit 524…00"),
            ("status 422, 123456", "status 422, 123456"),
            ("", ""),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
