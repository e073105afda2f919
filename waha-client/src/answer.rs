//! An answer that is not what was asked for: its status, its body, and which of WAHA's body shapes it has.
//!
//! WAHA has several untagged error shapes (recorded with 2026.4 and 2026.7). The body is read field by field, so that one
//! that was cut because it echoes a large request still tells what it says first.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::secrets::Secrets;
use crate::types::SessionStatus;

/// At most this much of an error body is read and kept. Ours: WAHA says what is wrong before it echoes the request.
pub(crate) const KEPT_BYTES_MAX: usize = 64 * 1024;

/// An answer that carries no result: status, kept body, shape.
pub struct Answer {
    status: u16,
    body: Bytes,
    shape: Shape,
    retry_after: Option<Duration>,
}

/// Which of the known body shapes an answer has.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// `{"message": text or list, "error": .., "statusCode": ..}`: a deliberate refusal by a rule of the API.
    Http {
        /// One sentence, or one per field that failed validation.
        messages: Vec<String>,
    },
    /// The session is not in a status that allows this (422). WAHA has already waited 5 to 15 s for it.
    SessionStatus {
        /// The session.
        session: String,
        /// What it is.
        status: SessionStatus,
        /// What it should be.
        expected: Vec<SessionStatus>,
        /// The server's sentence.
        error: String,
    },
    /// The server has no such session (422, since 2026.6).
    UnknownSession {
        /// The session.
        session: String,
        /// The server's sentence.
        error: String,
    },
    /// Something was thrown (500): an engine's error, or a bug that a missing field ran into.
    Exception(Exception),
    /// A file is not there (404), with WAHA's file error object.
    FileNotFound {
        /// The server's sentence.
        message: String,
    },
    /// A redirect, which is never followed: it would repeat the request and carry the key elsewhere.
    Redirect,
    /// No body (401 of the dashboard's own authentication, outside `/api`).
    Empty,
    /// A web page: a proxy before WAHA answered, or WAHA is elsewhere. With a good status too.
    Html,
    /// The connection was lost within the answer's body.
    Cut,
    /// A good status, but a body larger than this client reads.
    TooLarge,
    /// A good status, but a body that does not read as this call's result.
    Unexpected {
        /// What did not fit.
        what: String,
    },
    /// Anything else.
    Other,
}

/// What WAHA reports of an error it did not expect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exception {
    /// The error's sentence.
    pub message: String,
    /// The error's class, such as `TypeError`.
    pub name: Option<String>,
    /// The system's code, such as `ECONNREFUSED` when WAHA could not fetch a media URL.
    pub code: Option<String>,
    /// The engine's number, such as 429 for `rate-overlimit` or 404 for `item-not-found`.
    pub data: Option<i64>,
    /// The body parser's kind, such as `entity.too.large`.
    pub kind: Option<String>,
    /// The innermost function of the stack; the stack itself is not kept.
    pub thrown_by: Option<String>,
}

impl Exception {
    /// Whether the engine's number, or a number in the error's code or sentence, is this one; 463 is not found in 4631.
    ///
    /// Engines put WhatsApp's refusals in different places: Baileys in `data`, whatsmeow in the sentence.
    pub fn has_code(&self, number: i64) -> bool {
        let wanted = number.to_string();
        let texts = [Some(self.message.as_str()), self.code.as_deref()];
        let mut runs = texts
            .into_iter()
            .flatten()
            .flat_map(|text| text.split(|c: char| !c.is_ascii_digit()));
        self.data == Some(number) || runs.any(|run| run == wanted)
    }

    /// Whether this very error is known to be thrown before the engine is asked to send anything.
    ///
    /// Recorded on 2026.4 and 2026.7: the body parser's refusals, and the type errors of a missing or wrongly typed
    /// `chatId`, `text` or `file` together with the function that throws them.
    pub fn came_before_engine(&self) -> bool {
        /// What throws, and what it says (recorded).
        const TYPE_ERRORS: [(&str, &[&str]); 3] = [
            (
                "ensureSuffix",
                &[
                    "Cannot read properties of undefined (reading 'includes')",
                    "Cannot read properties of null (reading 'includes')",
                    "phone.includes is not a function",
                ],
            ),
            (
                "extractUrlFromText",
                &[
                    "Cannot read properties of undefined (reading 'match')",
                    "Cannot read properties of null (reading 'match')",
                    "text.match is not a function",
                ],
            ),
            (
                "fileToMessage",
                &[
                    "Cannot use 'in' operator to search for 'url' in undefined",
                    "Cannot use 'in' operator to search for 'url' in null",
                ],
            ),
        ];
        match (self.name.as_deref(), self.kind.as_deref()) {
            (Some("PayloadTooLargeError"), Some("entity.too.large")) => true,
            (Some("UnsupportedMediaTypeError"), Some("charset.unsupported")) => true,
            (Some("TypeError"), None) => TYPE_ERRORS.iter().any(|(function, messages)| {
                self.thrown_by.as_deref() == Some(*function)
                    && messages.contains(&self.message.as_str())
            }),
            _ => false,
        }
    }
}

impl Answer {
    pub(crate) fn refused(
        status: u16,
        body: Bytes,
        is_html: bool,
        retry_after: Option<Duration>,
    ) -> Self {
        let shape = if (300..400).contains(&status) {
            Shape::Redirect
        } else {
            read_shape(&body, is_html)
        };
        Self {
            status,
            body,
            shape,
            retry_after,
        }
    }

    pub(crate) fn unreadable(status: u16, body: &Bytes, shape: Shape) -> Self {
        let kept = Bytes::copy_from_slice(&body[..body.len().min(KEPT_BYTES_MAX)]);
        Self {
            status,
            body: kept,
            shape,
            retry_after: None,
        }
    }

    /// The answer without what is secret in it, neither in the bytes nor in what was read of them. It was read before, so that a
    /// secret that looks like a part of the form does not change it.
    pub(crate) fn without(mut self, secrets: &Secrets) -> Self {
        let secrets = secrets.with_those_in(&self.body, false);
        if let Some(body) = secrets.left_out_of(&self.body) {
            self.body = body.into();
        }
        self.shape.leave_out(&secrets);
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body, up to 64 KiB of it, with `***` in the places of secrets. It may echo the request and hold a stack trace: not for
    /// logs.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Which of the known shapes the body has.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// `Retry-After`, when the server gave it in seconds.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The exception that WAHA reports, when that is what it answered.
    pub fn exception(&self) -> Option<&Exception> {
        match &self.shape {
            Shape::Exception(exception) => Some(exception),
            _ => None,
        }
    }

    /// Whether this is one of the few 5xx that are known to come before the engine was asked
    /// ([`Exception::came_before_engine`]), or a 501 that says so in WAHA's own words.
    pub fn came_before_engine(&self) -> bool {
        match &self.shape {
            Shape::Exception(exception) => exception.came_before_engine(),
            Shape::Http { messages } => {
                self.status == 501
                    && messages
                        .iter()
                        .any(|text| text.starts_with("The method is not implemented by"))
            }
            _ => false,
        }
    }

    /// The server's own sentence, whatever the shape.
    pub fn message(&self) -> Option<&str> {
        match &self.shape {
            Shape::Http { messages } => messages.first().map(String::as_str),
            Shape::SessionStatus { error, .. } | Shape::UnknownSession { error, .. } => Some(error),
            Shape::Exception(exception) => Some(&exception.message),
            Shape::FileNotFound { message } => Some(message),
            _ => None,
        }
    }
}

impl Shape {
    fn leave_out(&mut self, secrets: &Secrets) {
        for text in self.texts() {
            *text = secrets.cleared(std::mem::take(text));
        }
    }

    /// The server's words.
    fn texts(&mut self) -> Vec<&mut String> {
        match self {
            Self::Http { messages } => messages.iter_mut().collect(),
            Self::SessionStatus {
                session,
                status,
                expected,
                error,
            } => {
                let statuses = expected.iter_mut().chain([status]);
                let unknown = statuses.filter_map(|status| match status {
                    SessionStatus::Unknown(text) => Some(text),
                    _ => None,
                });
                unknown.chain([session, error]).collect()
            }
            Self::UnknownSession { session, error } => vec![session, error],
            Self::Exception(Exception {
                message,
                name,
                code,
                data: _,
                kind,
                thrown_by,
            }) => {
                let others = [name, code, kind, thrown_by];
                others.into_iter().flatten().chain([message]).collect()
            }
            Self::FileNotFound { message } => vec![message],
            Self::Unexpected { what } => vec![what],
            Self::Redirect
            | Self::Empty
            | Self::Html
            | Self::Cut
            | Self::TooLarge
            | Self::Other => Vec::new(),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("shape", &format_args!("{self}"))
            .field("retry_after", &self.retry_after)
            .finish()
    }
}

fn read_shape(body: &Bytes, is_html: bool) -> Shape {
    let text = body.trim_ascii();
    if text.is_empty() {
        return Shape::Empty;
    }
    if is_html || text.starts_with(b"<") {
        return Shape::Html;
    }
    let mut fields = Fields::default();
    // A cut body ends in an error; what was read before it counts.
    let _ = FieldsSeed(&mut fields).deserialize(&mut serde_json::Deserializer::from_slice(text));
    fields.shape()
}

/// The top-level fields of all shapes together.
#[derive(Default)]
struct Fields {
    messages: Vec<String>,
    error: Option<Value>,
    session: Option<String>,
    status: Option<SessionStatus>,
    expected: Vec<SessionStatus>,
    exception: Option<Exception>,
}

impl Fields {
    fn shape(self) -> Shape {
        if let Some(exception) = self.exception {
            return Shape::Exception(exception);
        }
        if !self.messages.is_empty() {
            return Shape::Http {
                messages: self.messages,
            };
        }
        match (self.error, self.session, self.status) {
            (Some(Value::String(error)), Some(session), Some(status)) => Shape::SessionStatus {
                session,
                status,
                expected: self.expected,
                error,
            },
            (Some(Value::String(error)), Some(session), None) => {
                Shape::UnknownSession { session, error }
            }
            (Some(Value::String(error)), None, _) => Shape::Http {
                messages: vec![error],
            },
            (Some(Value::Object(error)), _, _)
                if error.get("key").and_then(Value::as_str) == Some("FILE_NOT_FOUND") =>
            {
                let message = error.get("message").and_then(Value::as_str);
                Shape::FileNotFound {
                    message: message.unwrap_or("File not found").to_owned(),
                }
            }
            _ => Shape::Other,
        }
    }
}

struct FieldsSeed<'a>(&'a mut Fields);

impl<'de> DeserializeSeed<'de> for FieldsSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "message" => self.0.messages = texts(&map.next_value()?),
                "error" => self.0.error = Some(map.next_value()?),
                "session" => self.0.session = text(&map.next_value()?),
                "status" => {
                    self.0.status =
                        text(&map.next_value()?).map(|name| SessionStatus::from(name.as_str()));
                }
                "expected" => {
                    let names = texts(&map.next_value()?);
                    self.0.expected = names
                        .iter()
                        .map(|n| SessionStatus::from(n.as_str()))
                        .collect();
                }
                "exception" => {
                    self.0.exception = Some(Exception::default());
                    if let Some(exception) = &mut self.0.exception {
                        map.next_value_seed(ExceptionSeed(exception))?;
                    }
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct ExceptionSeed<'a>(&'a mut Exception);

impl<'de> DeserializeSeed<'de> for ExceptionSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ExceptionSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception: an object or a text")
    }

    fn visit_str<E>(self, message: &str) -> Result<(), E> {
        self.0.message = message.to_owned();
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "message" => self.0.message = text(&map.next_value()?).unwrap_or_default(),
                "name" => self.0.name = text(&map.next_value()?),
                "code" => self.0.code = text(&map.next_value()?),
                "type" => self.0.kind = text(&map.next_value()?),
                "data" => self.0.data = integer(&map.next_value()?),
                "stack" => self.0.thrown_by = text(&map.next_value()?).and_then(|s| thrower(&s)),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The function of the first stack line: `at Class.name (file:1:2)` or `at async name (file:1:2)` -> `name`.
fn thrower(stack: &str) -> Option<String> {
    let line = stack
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("at "))?;
    let (function, _) = line.split_once(" (")?;
    function
        .rsplit([' ', '.'])
        .next()
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}

fn integer(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;

    fn exception(json: &str) -> Exception {
        let body = Bytes::copy_from_slice(json.as_bytes());
        let answer = Answer::refused(500, body, false, None);
        answer.exception().expect("an exception").clone()
    }

    #[test]
    fn a_code_is_found_wherever_the_engine_puts_it_and_only_whole() {
        for (json, found) in [
            (
                r#"{"exception":{"message":"rate-overlimit","data":463}}"#,
                true,
            ),
            (r#"{"exception":{"message":"x","data":"463"}}"#, true),
            (
                r#"{"exception":{"message":"server returned error 463"}}"#,
                true,
            ),
            (r#"{"exception":{"message":"x","code":463}}"#, true),
            (r#"{"exception":"error 463: no"}"#, true),
            (
                r#"{"exception":{"message":"server returned error 4631"}}"#,
                false,
            ),
            (r#"{"exception":{"message":"14630","data":4631}}"#, false),
        ] {
            assert_eq!(exception(json).has_code(463), found, "{json}");
        }
    }

    #[test]
    fn the_thrower_is_the_innermost_function_of_the_stack() {
        for (stack, function) in [
            (
                "TypeError: x\n    at ensureSuffix (/app/a.js:1:2)\n    at b (c)",
                Some("ensureSuffix"),
            ),
            (
                "Error\n    at Session.fileToMessage (/a.js:1:2)",
                Some("fileToMessage"),
            ),
            ("Error\n    at async relay (/a.js:1:2)", Some("relay")),
            ("Error\n    at /app/a.js:1:2", None),
            ("Error", None),
            ("", None),
        ] {
            assert_eq!(thrower(stack).as_deref(), function, "{stack}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_body_cut_anywhere_panics_nothing_and_loses_nothing_before_the_cut(cut in 0_usize..200) {
            let body = r#"{"statusCode":500,"exception":{"message":"rate-overlimit","data":429,"isBoom":true,"stack":"Error: x\n at a (b)"},"request":{"path":"/api/sendText","body":{"text":"é"}}}"#;
            let bytes = &body.as_bytes()[..cut.min(body.len())];
            let answer = Answer::refused(500, Bytes::copy_from_slice(bytes), false, None);
            let data_end = body.find(r#","isBoom"#).unwrap();
            if cut > data_end {
                prop_assert_eq!(answer.exception().and_then(|e| e.data), Some(429));
            }
            let _ = format!("{answer} {answer:?}");
        }
    }
}
