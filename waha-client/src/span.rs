//! What a call tells to whoever traces the program: one span per call, named `waha_call`, at level DEBUG.
//!
//! Its fields: `method`, `path` (the template, never the path itself, which holds phone numbers), `session` (long runs of digits
//! shortened), and when it ended `attempt` (tries in all), `status` (of the last answer) and `duration_ms`, waits included.
//! Bodies, queries and keys are left out.

use std::time::Instant;

use tracing::Span;
use tracing::field::Empty;

use crate::endpoint::Request;
use crate::error::masked;

/// The span of one call.
pub(crate) struct CallSpan {
    pub(crate) span: Span,
    since: Instant,
}

impl CallSpan {
    pub(crate) fn new(request: &Request) -> Self {
        let span = tracing::debug_span!(
            "waha_call",
            method = request.method.as_str(),
            path = request.template,
            session = Empty,
            attempt = Empty,
            status = Empty,
            duration_ms = Empty,
        );
        if !span.is_disabled()
            && let Some(session) = request.session()
        {
            span.record("session", masked(&session));
        }
        Self {
            span,
            since: Instant::now(),
        }
    }

    /// Notes how the call ended: after how many tries, and with which status if there was an answer.
    pub(crate) fn ended(&self, attempt: u32, status: Option<u16>) {
        if self.span.is_disabled() {
            return;
        }
        self.span.record("attempt", attempt);
        if let Some(status) = status {
            self.span.record("status", status);
        }
        let duration_ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.span.record("duration_ms", duration_ms);
    }
}
