//! What came of a request: an answer read to its end, or how far the request got without one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
#[cfg(feature = "testing")]
use http::header::HeaderMap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::time::error::Elapsed;

use crate::answer::{Answer, KEPT_BYTES_MAX, Shape};
use crate::error::{Cause, Error, MaybeSent, NotSent};
use crate::guard::{BodyHandle, HandOver};

/// The largest good answer that is read. Ours: more than WAHA's own limit for a request, 50 MiB (recorded).
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A request that brought no answer, whoever carried it.
pub(crate) struct Lost {
    pub(crate) timed_out: bool,
    pub(crate) connecting: bool,
    pub(crate) cause: Cause,
}

impl From<reqwest::Error> for Lost {
    fn from(error: reqwest::Error) -> Self {
        Self {
            timed_out: error.is_timeout(),
            connecting: error.is_connect(),
            // URLs hold phone numbers, and texts of errors end up in logs.
            cause: error.without_url().into(),
        }
    }
}

impl From<Elapsed> for Lost {
    fn from(elapsed: Elapsed) -> Self {
        Self {
            timed_out: true,
            connecting: false,
            cause: elapsed.into(),
        }
    }
}

/// A good answer (2xx).
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// An answer read to its end, or how far the request got without one.
pub(super) async fn judged(
    carried: Result<reqwest::Response, Lost>,
    body: &BodyHandle,
    response_timeout: Duration,
) -> Result<Reply, Error> {
    match carried {
        Ok(response) => read(response).await,
        Err(lost) => Err(unanswered(lost, body, response_timeout)),
    }
}

/// No answer: who had the body decides what can be said.
pub(super) fn unanswered(lost: Lost, body: &BodyHandle, after: Duration) -> Error {
    let Lost {
        timed_out,
        connecting,
        cause,
    } = lost;
    let why = match body.give_up() {
        HandOver::Yielded => {
            let why = if timed_out {
                MaybeSent::TimedOut { after }
            } else {
                MaybeSent::ConnectionLost(cause)
            };
            return Error::MaybeSent { why };
        }
        HandOver::Withheld(refusal) => NotSent::Withheld(refusal),
        HandOver::Never if connecting => NotSent::Unreachable(cause),
        HandOver::Never if timed_out => NotSent::TimedOut,
        HandOver::Never => NotSent::Dropped(cause),
    };
    Error::NotSent { why }
}

async fn read(mut response: reqwest::Response) -> Result<Reply, Error> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let status = response.status().as_u16();
    let body = read_body(&mut response, ANSWER_BYTES_MAX).await;
    let shape = match body.end {
        End::Whole => {
            return Ok(Reply {
                status,
                body: body.bytes,
            });
        }
        End::OverLimit => Shape::TooLarge,
        End::Cut => Shape::Cut,
    };
    let answer = Answer::unreadable(status, &body.bytes, shape);
    Err(Error::Answered(Box::new(answer)))
}

/// The error that an answer without a good status is.
pub(super) async fn refusal(mut response: reqwest::Response) -> Error {
    let body = read_body(&mut response, KEPT_BYTES_MAX).await;
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let status = response.status().as_u16();
    let answer = Answer::refused(status, body.bytes, is_page(&response), retry_after);
    Error::Answered(Box::new(answer))
}

/// Whether an answer says that it is a web page.
pub(super) fn is_page(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

pub(super) struct ReadBody {
    pub(super) bytes: Bytes,
    end: End,
}

enum End {
    Whole,
    OverLimit,
    Cut,
}

/// Reads up to `limit` bytes. A body that came as one chunk, as most do, is not copied.
pub(super) async fn read_body(response: &mut reqwest::Response, limit: usize) -> ReadBody {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if first.is_empty() && all.is_empty() => first = chunk,
            Ok(Some(chunk)) => {
                if all.is_empty() {
                    all.extend_from_slice(&first);
                }
                all.extend_from_slice(&chunk);
            }
            Ok(None) => break End::Whole,
            Err(_) => break End::Cut,
        }
        if first.len().max(all.len()) > limit {
            break End::OverLimit;
        }
    };
    let mut bytes = if all.is_empty() { first } else { all.freeze() };
    bytes.truncate(limit);
    ReadBody { bytes, end }
}

/// An answer in parts, as tests keep and make them.
#[cfg(feature = "testing")]
pub(crate) struct Parts {
    pub(crate) status: http::StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the connection was lost within the body.
    pub(crate) is_cut: bool,
}

#[cfg(feature = "testing")]
impl Parts {
    /// Reads an answer to its end. One that is larger than this client reads stays so.
    pub(crate) async fn of(mut response: reqwest::Response) -> Self {
        let body = read_body(&mut response, ANSWER_BYTES_MAX + 1).await;
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            body: body.bytes,
            is_cut: matches!(body.end, End::Cut),
        }
    }

    /// The answer that reads like the one these are the parts of.
    pub(crate) fn together(self) -> reqwest::Response {
        let mut chunks = vec![Ok(self.body)];
        if self.is_cut {
            chunks.push(Err(std::io::Error::from(
                std::io::ErrorKind::ConnectionReset,
            )));
        }
        let stream = futures_util::stream::iter(chunks);
        let mut response = http::Response::new(reqwest::Body::wrap_stream(stream));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response.into()
    }
}
