//! What goes back over HTTP: WAHA's bodies and its shapes of errors (recorded), or a cut connection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::request::Request;
use crate::settings::Engine;
use crate::world::World;

/// How a request ends.
#[derive(Debug)]
pub(crate) enum Answer {
    Reply(Reply),
    /// The connection is closed without an answer.
    Close,
    /// The connection is reset without an answer.
    Reset,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// No body and no content type.
    Empty,
    Json(Bytes),
    Html(&'static str),
    /// A bare string or boolean, which Express sends as a page.
    Page(String),
    Image(&'static str, Bytes),
}

impl Answer {
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::raw_json(status, value.to_string().into())
    }

    pub(crate) fn raw_json(status: StatusCode, body: Bytes) -> Self {
        Self::new(status, Body::Json(body))
    }

    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    pub(crate) fn created(value: &Value) -> Self {
        Self::json(StatusCode::CREATED, value)
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, Body::Empty)
    }

    pub(crate) fn new(status: StatusCode, body: Body) -> Self {
        Self::Reply(Reply {
            status,
            body,
            headers: Vec::new(),
        })
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Self::Reply(reply) = &mut self {
            reply.headers.push((name, value));
        }
        self
    }

    /// Shape 1: a Nest exception; `message` is a sentence, or a list for invalid bodies.
    fn exception(status: StatusCode, message: Value) -> Self {
        Self::json(
            status,
            &json!({
                "message": message,
                "error": status.canonical_reason().unwrap_or_default(),
                "statusCode": status.as_u16(),
            }),
        )
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::exception(StatusCode::BAD_REQUEST, message.into())
    }

    pub(crate) fn invalid(problems: Vec<String>) -> Self {
        Self::exception(StatusCode::BAD_REQUEST, problems.into())
    }

    pub(crate) fn not_found(message: &str) -> Self {
        Self::exception(StatusCode::NOT_FOUND, message.into())
    }

    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::exception(StatusCode::UNPROCESSABLE_ENTITY, message.into())
    }

    pub(crate) fn not_implemented(engine: Engine) -> Self {
        Self::not_implemented_because(engine, "")
    }

    /// The same with a sentence before it.
    pub(crate) fn not_implemented_because(engine: Engine, why: &str) -> Self {
        Self::exception(
            StatusCode::NOT_IMPLEMENTED,
            format!(
                "{why}The method is not implemented by '{engine}' engine. Check the docs and try \
                 another engine: https://waha.devlike.pro/"
            )
            .into(),
        )
    }

    /// 401 and 403 lack the `error` key.
    pub(crate) fn unauthorized() -> Self {
        Self::raw_json(
            StatusCode::UNAUTHORIZED,
            Bytes::from_static(br#"{"message":"Unauthorized","statusCode":401}"#),
        )
    }

    /// What the dashboard's basic authentication answers to everything outside the API.
    pub(crate) fn basic_auth() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Body::Html(""))
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))
    }

    /// Shape 2: the session is not in a required status.
    pub(crate) fn wrong_status(session: &str, status: &str, expected: &[&str]) -> Self {
        Self::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({
                "error": "Session status is not as expected. Try again later or restart the session",
                "session": session,
                "status": status,
                "expected": expected,
            }),
        )
    }

    /// Shape 3: there is no such session.
    pub(crate) fn unknown_session(session: &str) -> Self {
        Self::json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({
                "error": format!("Session \"{session}\" does not exist"),
                "session": session,
            }),
        )
    }

    /// Shape 4: anything else that was thrown, with the request echoed and a stack.
    pub(crate) fn thrown(world: &World, request: &Request, thrown: Thrown) -> Self {
        let mut exception = thrown.own;
        let stack = format!(
            "{}: {}\n    at {} (/app/dist/core/simulator.js:1:1)",
            thrown.name, thrown.message, thrown.by
        );
        exception.insert("message".to_owned(), thrown.message.into());
        exception.insert("name".to_owned(), thrown.name.into());
        exception.insert("stack".to_owned(), stack.into());
        let mut echo = json!({
            "path": request.target,
            "method": request.method.as_str(),
            "query": request.query_object(),
        });
        if let Some(body) = request.parsed_body() {
            echo["body"] = body.clone();
        }
        Self::json(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({
                "statusCode": 500,
                "timestamp": iso(world.clock.wall_ms()),
                "exception": exception,
                "request": echo,
                "version": world.environment(),
            }),
        )
    }

    pub(crate) fn into_response(
        self,
        if_none_match: Option<&str>,
    ) -> Result<Response<Full<Bytes>>, Cut> {
        let reply = match self {
            Self::Reply(reply) => reply,
            Self::Close => return Err(Cut::Close),
            Self::Reset => return Err(Cut::Reset),
        };
        let (content_type, body) = match reply.body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(body) => (Some("application/json; charset=utf-8"), body),
            Body::Html(text) => (
                Some("text/html; charset=utf-8"),
                Bytes::from_static(text.as_bytes()),
            ),
            Body::Page(text) => (Some("text/html; charset=utf-8"), text.into()),
            Body::Image(kind, body) => (Some(kind), body),
        };
        let etag = content_type
            .filter(|kind| !kind.starts_with("image/"))
            .map(|_| etag(&body));
        let mut response = Response::builder()
            .status(reply.status)
            .header(
                HeaderName::from_static("x-powered-by"),
                HeaderValue::from_static("Express"),
            )
            .header(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
        let mut body = body;
        let mut content_type = content_type;
        if let Some(etag) = etag {
            if reply.status == StatusCode::OK && if_none_match == Some(etag.as_str()) {
                response = response.status(StatusCode::NOT_MODIFIED);
                body = Bytes::new();
                content_type = None;
            }
            if let Ok(etag) = HeaderValue::try_from(etag) {
                response = response.header(header::ETAG, etag);
            }
        }
        if let Some(kind) = content_type {
            response = response.header(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in reply.headers {
            response = response.header(name, value);
        }
        response
            .header(header::CONNECTION, HeaderValue::from_static("keep-alive"))
            .header(
                HeaderName::from_static("keep-alive"),
                HeaderValue::from_static("timeout=5"),
            )
            .body(Full::new(body))
            .map_err(|_| Cut::Close)
    }
}

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("closed without an answer")]
    Close,
    #[error("reset without an answer")]
    Reset,
}

/// An exception as JavaScript would throw it, with its own properties.
#[derive(Debug)]
pub(crate) struct Thrown {
    pub(crate) name: &'static str,
    pub(crate) message: String,
    /// The function on top of the stack, by which clients tell where it went wrong.
    pub(crate) by: &'static str,
    pub(crate) own: serde_json::Map<String, Value>,
}

impl Thrown {
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            name: "Error",
            message: message.into(),
            by: "simulated",
            own: serde_json::Map::new(),
        }
    }

    pub(crate) fn type_error(message: impl Into<String>) -> Self {
        Self {
            name: "TypeError",
            ..Self::error(message)
        }
    }

    /// As Baileys throws: only message and data survive, `output` is serialised empty.
    pub(crate) fn boom(message: impl Into<String>, data: Value) -> Self {
        let is_server = !data.is_null();
        Self::error(message)
            .own("data", data)
            .own("isBoom", true)
            .own("isServer", is_server)
            .own("output", json!({}))
    }

    /// The same, thrown by that function.
    pub(crate) fn by(mut self, function: &'static str) -> Self {
        self.by = function;
        self
    }

    pub(crate) fn own(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.own.insert(key.to_owned(), value.into());
        self
    }
}

/// A weak entity tag in Express's form: length in hex and 27 characters of a digest.
fn etag(body: &[u8]) -> String {
    let mut hasher = SipHasher13::new();
    std::hash::Hasher::write(&mut hasher, body);
    let digest = hasher.finish128();
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&digest.h1.to_be_bytes());
    bytes[8..16].copy_from_slice(&digest.h2.to_be_bytes());
    format!("W/\"{:x}-{}\"", body.len(), STANDARD_NO_PAD.encode(bytes))
}

/// Milliseconds of Unix time as JavaScript's `toISOString`.
pub(crate) fn iso(wall_ms: u64) -> String {
    jiff::Timestamp::from_millisecond(i64::try_from(wall_ms).unwrap_or(i64::MAX))
        .map(|at| format!("{at:.3}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_javascript_does() {
        assert_eq!(iso(1_795_220_401_818), "2026-11-21T00:20:01.818Z");
        assert_eq!(iso(1_795_220_401_000), "2026-11-21T00:20:01.000Z");
    }

    #[test]
    fn a_tag_has_expresss_form_and_follows_the_body() {
        let tag = etag(b"{}");
        assert!(tag.starts_with("W/\"2-") && tag.ends_with('"'), "{tag}");
        assert_eq!(tag.len(), "W/\"2-".len() + 27 + 1);
        assert_ne!(tag, etag(b"[]"));
    }
}
