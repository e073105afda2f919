//! An answer that a test makes up.

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::transport::Parts;

/// An answer of a [`Script`](super::Script).
#[derive(Debug, Clone)]
#[must_use]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    is_cut: bool,
    pub(super) delay: Duration,
}

impl Reply {
    /// A status with a JSON body.
    pub fn json(status: u16, body: Value) -> Self {
        Self::new(status, body.to_string()).header(CONTENT_TYPE.as_str(), "application/json")
    }

    /// A status with a body of any kind, such as a picture.
    pub fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            is_cut: false,
            delay: Duration::ZERO,
        }
    }

    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self::new(status, Bytes::new())
    }

    /// A web page, as proxies answer.
    pub fn html(status: u16, page: impl Into<Bytes>) -> Self {
        Self::new(status, page).header(CONTENT_TYPE.as_str(), "text/html")
    }

    /// One more header, such as `retry-after`. One that HTTP cannot carry makes the call fail and say so.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The connection is lost within the body, after the part of it that was given.
    pub fn cut(mut self) -> Self {
        self.is_cut = true;
        self
    }

    /// The answer takes so long, in tokio's time. Longer than the call's time-out, and the call times out.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The answer as the client reads it, or what HTTP cannot carry.
    pub(super) fn together(&self) -> Result<reqwest::Response, String> {
        let status = StatusCode::from_u16(self.status)
            .map_err(|_| format!("the script answers with status {}", self.status))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let parsed = name
                .parse::<HeaderName>()
                .ok()
                .zip(HeaderValue::from_str(value).ok());
            let (name, value) =
                parsed.ok_or_else(|| format!("the script answers with header {name:?}"))?;
            headers.append(name, value);
        }
        let parts = Parts {
            status,
            headers,
            body: self.body.clone(),
            is_cut: self.is_cut,
        };
        Ok(parts.together())
    }
}
