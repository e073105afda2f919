//! What an answer of WAHA, or the lack of one, means for a message: the one table from the client's errors to
//! [`Outcome`]s. What follows for the delivery and for its lane is decided in the engine.
//!
//! "Not handed over" and "refused" are said only where WAHA is known to answer so before its engine sees the message;
//! whatever else has no success in it may have been sent.

use std::time::Duration;

use campaign_core::delivery::Doubt;
use campaign_core::failure::{NotHandedOver, Outcome, Signal};
use waha_client::{Answer, Error, Exception, NotSent, Sent, Shape};

/// The longest text that goes on record, in characters.
const MESSAGE_CHARS_MAX: usize = 300;

/// What became of a send. `fetches_url`: the server was asked to fetch the message's file from an address.
pub fn outcome(result: Result<Sent, Error>, fetches_url: bool) -> Outcome {
    match result {
        Ok(sent) if is_web_page(&sent) => maybe(
            Doubt::ServerError,
            None,
            "answered with a web page: a proxy answered, not WAHA",
        ),
        Ok(sent) => Outcome::Accepted {
            message_id: sent.id.map(|id| id.bare().into()),
        },
        Err(error) => failed(&error, fetches_url),
    }
}

fn failed(error: &Error, fetches_url: bool) -> Outcome {
    let text = error.to_string();
    match error {
        Error::NotSent { why } => match why {
            NotSent::Withheld(_) => not(NotHandedOver::Withheld, &text),
            NotSent::Unreachable(_) => not(NotHandedOver::Unreachable, &text),
            NotSent::Dropped(_) => not(NotHandedOver::Broken, &text),
            // The whole time went by without a connection that took the body: that is no fault of the recipient.
            NotSent::TimedOut => not(NotHandedOver::Unreachable, &text),
            // The client was too busy for that long: that is nobody's fault, and more haste would not help.
            NotSent::Limited { after } => rate_limited(Some(*after), &text),
            NotSent::Invalid(_) => refused(&text),
            // A reason that this version of the client did not have: not sent all the same, and tried again a few times.
            _ => not(NotHandedOver::Broken, &text),
        },
        Error::Answered(answer) => answered(error, answer, fetches_url, &text),
        Error::MaybeSent { .. } => maybe(Doubt::NoAnswer, None, &text),
        // An error that this version of the client did not have: find out first.
        _ => maybe(Doubt::NoAnswer, None, &text),
    }
}

fn answered(error: &Error, answer: &Answer, fetches_url: bool, text: &str) -> Outcome {
    match answer.status() {
        // WAHA said yes; only the rest of its answer is missing.
        200..300 => Outcome::Accepted { message_id: None },
        // WAHA redirects nothing under /api: a proxy stands at this address, and it passed nothing on.
        300..400 => not(NotHandedOver::Unreachable, text),
        401 | 403 => not(NotHandedOver::Unauthorized, text),
        // A proxy's, which may have passed the request on.
        408 => maybe(Doubt::ServerError, None, text),
        429 => rate_limited(answer.retry_after(), text),
        _ if error.is_unknown_session() => not(NotHandedOver::SessionNotReady, text),
        _ if error.session_status().is_some() => not(NotHandedOver::SessionNotReady, text),
        404 => not_found(answer, text),
        // WAHA answers no POST of its own with 405: this is not its address.
        405 => not(NotHandedOver::Unreachable, text),
        400..500 => refused(text),
        _ => server_error(answer, fetches_url, text),
    }
}

fn not_found(answer: &Answer, text: &str) -> Outcome {
    match answer.shape() {
        // Any error with the code ENOENT ends as this, also one that the engine throws while it sends (recorded).
        Shape::FileNotFound { .. } => maybe(Doubt::ServerError, None, text),
        Shape::Http { messages } if !messages.iter().any(|m| m.starts_with("Cannot POST ")) => {
            refused(text)
        }
        // No such route, or a proxy's own page: WAHA is not at this address.
        Shape::Http { .. } | Shape::Html | Shape::Empty | Shape::Other => {
            not(NotHandedOver::Unreachable, text)
        }
        // A shape that is read differently: it may be the engine's ENOENT.
        _ => maybe(Doubt::ServerError, None, text),
    }
}

/// All may have been sent, but for the few that are known to come before the engine.
fn server_error(answer: &Answer, fetches_url: bool, text: &str) -> Outcome {
    if answer.came_before_engine() {
        return refused(text);
    }
    if fetches_url && let Some(exception) = answer.exception() {
        match fetch_failure(exception) {
            Some(Fetch::Refused) => return refused(text),
            Some(Fetch::Failed) => return not(NotHandedOver::Broken, text),
            None => {}
        }
    }
    maybe(Doubt::ServerError, signal(answer), text)
}

/// How the server failed to fetch a file, which it does before it sends anything.
enum Fetch {
    /// The file's server said no: asking again would be answered alike.
    Refused,
    /// The file's server was not reached or failed.
    Failed,
}

/// Whether this is axios' error of fetching the message's file: told by the code together with the function of axios
/// that made the error, because codes such as ECONNRESET also come from the engine's own connection.
fn fetch_failure(exception: &Exception) -> Option<Fetch> {
    match (exception.thrown_by.as_deref()?, exception.code.as_deref()?) {
        // `AxiosError.from` wraps errors of the socket. ECONNREFUSED is recorded; the others take the same way (axios
        // source, adapters/http.js).
        (
            "from",
            "ECONNREFUSED" | "ECONNRESET" | "ECONNABORTED" | "EHOSTUNREACH" | "ENETUNREACH"
            | "ENOTFOUND" | "EAI_AGAIN" | "ETIMEDOUT" | "EPIPE",
        ) => Some(Fetch::Failed),
        // `settle` judges the status of the file's server (axios source, core/settle.js): 4xx and 5xx.
        ("settle", "ERR_BAD_REQUEST") => Some(Fetch::Refused),
        ("settle", "ERR_BAD_RESPONSE") => Some(Fetch::Failed),
        _ => None,
    }
}

/// What an error of the engine says about the account.
fn signal(answer: &Answer) -> Option<Signal> {
    let text = answer.message().unwrap_or_default();
    let exception = answer.exception();
    // WhatsApp's reach-out timelock. As a whole number only: 4631 is something else.
    let is_restricted = match exception {
        Some(exception) => exception.has_code(463),
        None => text
            .split(|c: char| !c.is_ascii_digit())
            .any(|run| run == "463"),
    };
    if is_restricted {
        return Some(Signal::Restricted);
    }
    if text.contains("rate-overlimit") || exception.is_some_and(|it| it.data == Some(429)) {
        return Some(Signal::TooFast);
    }
    // Baileys (recorded), and whatsmeow's ErrNotConnected.
    if text.contains("Connection Closed") || text.contains("websocket not connected") {
        return Some(Signal::Disconnected);
    }
    None
}

/// WAHA answers a send with JSON or with nothing; a page comes from something before it.
fn is_web_page(sent: &Sent) -> bool {
    sent.raw().trim_ascii_start().starts_with(b"<")
}

fn not(why: NotHandedOver, text: &str) -> Outcome {
    Outcome::NotHandedOver {
        why,
        retry_after: None,
        message: shortened(text),
    }
}

/// Asked to wait, for so long where it is known: by the server, or by the client's own limit.
fn rate_limited(retry_after: Option<Duration>, text: &str) -> Outcome {
    Outcome::NotHandedOver {
        why: NotHandedOver::RateLimited,
        retry_after,
        message: shortened(text),
    }
}

/// Refused for good, for a reason in words.
pub(crate) fn refused(text: &str) -> Outcome {
    Outcome::Refused {
        message: shortened(text),
    }
}

/// Not handed over because of something on our side that may pass.
pub(crate) fn broken(text: &str) -> Outcome {
    not(NotHandedOver::Broken, text)
}

/// Not handed over: no server has a session of this name.
pub(crate) fn no_session(text: &str) -> Outcome {
    not(NotHandedOver::SessionNotReady, text)
}

fn maybe(doubt: Doubt, signal: Option<Signal>, text: &str) -> Outcome {
    Outcome::MaybeSent {
        doubt,
        signal,
        message: shortened(text),
    }
}

fn shortened(text: &str) -> Box<str> {
    match text.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((cut, _)) => text[..cut].into(),
        None => text.into(),
    }
}
