//! A recording: what was asked and what came back, as a file that people can read and change. The types are ours:
//! this crate alone reads such a file.

use std::path::Path;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Failure;
use super::secrets::{before_secrets, leave_out};
use crate::secrets::Secrets;
use crate::transport::Parts;

/// Ours: the headers that a client reads of an answer; others may hold secrets.
const KEPT_HEADERS: [HeaderName; 2] = [CONTENT_TYPE, RETRY_AFTER];
/// Ours: the only form of file so far.
const FORMAT: u32 = 1;

/// Exchanges with a server, in the order they ended.
///
/// The client's key is in none of it, nor are other secrets that calls carry (keys, passwords, tokens, headers of webhooks):
/// `***` stands in their places. **Phone numbers, names and texts of people are kept**: they are what is replayed. Record
/// with numbers of your own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Recording {
    /// The form of the file: 1.
    pub format: u32,
    /// What was said.
    pub exchanges: Vec<Exchange>,
}

/// One call and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Exchange {
    /// The HTTP method.
    pub method: String,
    /// The path, percent-encoded.
    pub path: String,
    /// The query, not encoded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// The JSON body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// What came back.
    pub outcome: Outcome,
}

/// What came back of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An answer, good or bad.
    Reply(RecordedReply),
    /// None.
    Failure(Failure),
}

/// An answer as it was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedReply {
    /// The HTTP status.
    pub status: u16,
    /// `content-type` and `retry-after`, when they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Whether the connection was lost within the body.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_cut: bool,
}

/// A body in the most readable form that holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// Any other text.
    Text(String),
    /// Anything else, in base64.
    Base64(String),
}

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("the recording cannot be read: {0}")]
    File(#[from] io::Error),
    /// It is not a recording.
    #[error("this is not a recording: {0}")]
    Form(#[from] serde_json::Error),
    /// A form that this version does not know.
    #[error("the recording has form {0}; this version reads form {FORMAT}")]
    Format(u32),
}

impl Recording {
    pub(super) fn new(exchanges: Vec<Exchange>) -> Self {
        Self {
            format: FORMAT,
            exchanges,
        }
    }

    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// When the text is not one, or one of a later form.
    pub fn from_json(text: &str) -> Result<Self, LoadError> {
        let recording: Self = serde_json::from_str(text)?;
        match recording.format {
            FORMAT => Ok(recording),
            other => Err(LoadError::Format(other)),
        }
    }

    /// The recording as JSON text, with line breaks for whoever compares two.
    pub fn to_json(&self) -> String {
        // Maps with keys of text are all there is, so nothing in it can fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a recording from a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or holds something else.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        Self::from_json(&fs::read_to_string(path)?)
    }

    /// Writes the recording into a file, over whatever was there.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        fs::write(path, self.to_json())
    }
}

impl RecordedReply {
    /// The answer without secrets.
    pub(super) fn of(parts: &Parts, template: &str, secrets: &Secrets) -> Self {
        let headers = KEPT_HEADERS.iter().filter_map(|name| {
            let value = parts.headers.get(name)?.to_str().ok()?;
            Some((name.to_string(), secrets.cleared(value.to_owned())))
        });
        Self {
            status: parts.status.as_u16(),
            headers: headers.collect(),
            body: Body::of(&parts.body, template, secrets),
            is_cut: parts.is_cut,
        }
    }

    /// The answer in parts again, or what a changed file has wrong.
    pub(super) fn parts(&self) -> Result<Parts, String> {
        let status = StatusCode::from_u16(self.status)
            .map_err(|_| format!("the recording has status {}", self.status))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = name.parse::<HeaderName>().ok();
            let (name, value) = name
                .zip(HeaderValue::from_str(value).ok())
                .ok_or("the recording has a header that HTTP cannot carry")?;
            headers.append(name, value);
        }
        Ok(Parts {
            status,
            headers,
            body: self.body.bytes()?,
            is_cut: self.is_cut,
        })
    }
}

impl Body {
    fn of(bytes: &Bytes, template: &str, secrets: &Secrets) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        if let Ok(mut value) = serde_json::from_slice(bytes) {
            leave_out(&mut value, template, secrets);
            return Self::Json(value);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(secrets.cleared(before_secrets(text).to_owned())),
            Err(_) => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn bytes(&self) -> Result<Bytes, String> {
        match self {
            Self::Empty => Ok(Bytes::new()),
            Self::Json(value) => Ok(value.to_string().into()),
            Self::Text(text) => Ok(text.clone().into()),
            Self::Base64(text) => STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|_| "the recording has a body that is not base64".to_owned()),
        }
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_is_cut_is_kept_up_to_the_first_name_that_may_hold_a_secret() {
        for (text, kept) in [
            (
                r#"[{"name":"a","status":"WOR"#,
                r#"[{"name":"a","status":"WOR"#,
            ),
            (
                r#" {"name":"a","webhooks":[{"hmac":{"key":"hidden","#,
                r#" {"name":"a","webhooks":[{"hmac":{"#,
            ),
            (r#"{"proxy":{"Password":"hid"#, r#"{"proxy":{"#),
            (r#"{"customHeaders":[{"name":"a","value":"hid"#, "{"),
            (r#"{"n":1,"accountToken":"hid"#, r#"{"n":1,"#),
            ("not a token: JSON", "not a token: JSON"),
        ] {
            let bytes = Bytes::copy_from_slice(text.as_bytes());
            let body = Body::of(&bytes, "/api/sessions", &Secrets::default());
            assert_eq!(body, Body::Text(kept.to_owned()), "{text}");
        }
    }
}
