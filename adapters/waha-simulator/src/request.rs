//! A request as Express would hand it to WAHA: path, query and a body parsed by its content type.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Map, Value};

use crate::answer::{Answer, Thrown};
use crate::world::World;

/// WAHA's body limit (recorded: 51 MiB is refused with this number).
const BODY_BYTES_MAX: usize = 52_428_800;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query as they came.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    /// Decoded path segments.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Body,
    /// When the request was complete.
    pub(crate) received_us: u64,
}

#[derive(Debug)]
pub(crate) enum Body {
    Absent,
    /// JSON or a form: what WAHA sees as an object.
    Parsed(Value),
    /// Present, but of a content type that no parser takes: WAHA sees nothing.
    Unread,
}

/// Why a body could not be taken; each of these comes before authentication.
pub(crate) enum Unreadable {
    Gone,
    TooLarge(usize),
    Charset(String),
    Json(String),
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn query_object(&self) -> Value {
        let mut object = Map::new();
        for (key, value) in &self.query {
            object.insert(key.clone(), value.clone().into());
        }
        Value::Object(object)
    }

    pub(crate) fn parsed_body(&self) -> Option<&Value> {
        match &self.body {
            Body::Parsed(value) => Some(value),
            Body::Absent | Body::Unread => None,
        }
    }

    /// A field of the body, `Null` standing for absent as well.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.parsed_body().and_then(|body| body.get(name))
    }

    /// The policy guard: every call that is bound to a session by body or query must name it.
    pub(crate) fn session_name(&self) -> Result<&str, Answer> {
        let named = if self.method == Method::GET {
            self.query("session")
        } else {
            self.field("session").and_then(Value::as_str)
        };
        named
            .filter(|name| !name.is_empty())
            .ok_or_else(|| Answer::bad_request("Session name is required"))
    }
}

pub(crate) async fn read_body(
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, Unreadable> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if let Some(length) = announced.filter(|length| *length > BODY_BYTES_MAX) {
        // Read to the end, or the client would see a reset instead of the answer.
        while let Some(frame) = body.frame().await {
            frame.map_err(|_| Unreadable::Gone)?;
        }
        return Err(Unreadable::TooLarge(length));
    }
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unreadable::Gone)?.into_data() else {
            continue;
        };
        match &mut rest {
            Some(all) => all.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut all =
                    BytesMut::with_capacity(announced.unwrap_or(0).max(first.len() + data.len()));
                all.extend_from_slice(&first);
                all.extend_from_slice(&data);
                rest = Some(all);
            }
        }
        if let Some(length) = rest
            .as_ref()
            .map(BytesMut::len)
            .filter(|length| *length > BODY_BYTES_MAX)
        {
            return Err(Unreadable::TooLarge(length));
        }
    }
    Ok(rest.map_or(first, BytesMut::freeze))
}

/// What Express's parsers make of a body.
pub(crate) fn parse_body(headers: &HeaderMap, body: &Bytes) -> Result<Body, Unreadable> {
    if body.is_empty() {
        return Ok(Body::Absent);
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let (kind, parameters) = content_type.split_once(';').unwrap_or((&content_type, ""));
    match kind.trim() {
        "application/json" => {
            if let Some(charset) = parameters
                .split(';')
                .find_map(|parameter| parameter.trim().strip_prefix("charset="))
                && !charset.trim_matches('"').starts_with("utf-")
            {
                return Err(Unreadable::Charset(charset.trim_matches('"').to_owned()));
            }
            parse_json(body)
        }
        "application/x-www-form-urlencoded" => Ok(Body::Parsed(
            url::form_urlencoded::parse(body)
                .map(|(key, value)| (key.into_owned(), Value::String(value.into_owned())))
                .collect::<Map<_, _>>()
                .into(),
        )),
        _ => Ok(Body::Unread),
    }
}

/// Only objects and arrays are taken; the error says what V8 says, as far as clients could look.
fn parse_json(body: &[u8]) -> Result<Body, Unreadable> {
    match serde_json::from_slice::<Value>(body) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(Body::Parsed(value)),
        Ok(_) => Err(Unreadable::Json(unexpected(body, 0))),
        Err(error) => {
            let before: usize = body
                .split_inclusive(|byte| *byte == b'\n')
                .take(error.line().saturating_sub(1))
                .map(<[u8]>::len)
                .sum();
            let position = before + error.column().saturating_sub(1);
            Err(Unreadable::Json(if error.is_eof() {
                "Unexpected end of JSON input".to_owned()
            } else if error.to_string().starts_with("key must be a string") {
                format!("Expected property name or '}}' in JSON at position {position}")
            } else {
                unexpected(body, position)
            }))
        }
    }
}

fn unexpected(body: &[u8], position: usize) -> String {
    let text = String::from_utf8_lossy(body);
    let token = text.chars().nth(position).unwrap_or('?');
    format!(
        "Unexpected token '{token}', \"{}\" is not valid JSON",
        text.chars().take(10).collect::<String>()
    )
}

impl Unreadable {
    pub(crate) fn answer(self, world: &World, request: &Request) -> Answer {
        match self {
            Self::Gone => Answer::Close,
            Self::Json(message) => Answer::bad_request(&message),
            Self::TooLarge(length) => Answer::thrown(
                world,
                request,
                Thrown {
                    name: "PayloadTooLargeError",
                    ..Thrown::error("request entity too large")
                }
                .own("expected", length)
                .own("length", length)
                .own("limit", BODY_BYTES_MAX)
                .own("type", "entity.too.large"),
            ),
            Self::Charset(charset) => Answer::thrown(
                world,
                request,
                Thrown {
                    name: "UnsupportedMediaTypeError",
                    ..Thrown::error(format!(
                        "unsupported charset \"{}\"",
                        charset.to_ascii_uppercase()
                    ))
                }
                .own("charset", charset)
                .own("type", "charset.unsupported"),
            ),
        }
    }
}

/// Decoded segments of a path; a trailing slash means nothing, as in Express.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.trim_start_matches('/')
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(decoded)
        .collect()
}

fn decoded(segment: &str) -> String {
    // In a path a plus is a plus.
    let escaped = segment.replace('+', "%2B");
    match url::form_urlencoded::parse(escaped.as_bytes()).next() {
        Some((key, value)) if value.is_empty() && !segment.contains(['=', '&']) => key.into_owned(),
        _ => segment.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn segments_are_decoded() {
        assert_eq!(
            segments("/api/x/chats/62%40c.us/"),
            ["api", "x", "chats", "62@c.us"]
        );
        assert_eq!(
            segments("/a+b/true_62@c.us_3EB0"),
            ["a+b", "true_62@c.us_3EB0"]
        );
    }

    #[test]
    fn malformed_json_is_named_as_v8_does() {
        let Err(Unreadable::Json(message)) = parse_json(b"{bad") else {
            panic!("taken");
        };
        assert_eq!(
            message,
            "Expected property name or '}' in JSON at position 1"
        );
        assert!(matches!(parse_json(b"5"), Err(Unreadable::Json(_))));
        assert!(matches!(parse_json(b"[1]"), Ok(Body::Parsed(_))));
    }
}
