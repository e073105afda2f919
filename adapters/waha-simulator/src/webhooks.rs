//! Delivery of one event to one webhook: signed, repeated until somebody takes it, independent of
//! every other delivery. Lost when the process restarts, as in WAHA.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::Full;
use sha2::Sha512;

use crate::draws::Draws;
use crate::events::{Hook, Retries, RetryPolicy};
use crate::ledger::verdict::hex;
use crate::world::World;

impl World {
    /// Starts a delivery; nobody waits for it.
    pub(crate) fn post(self: &Arc<Self>, hook: Hook, body: String, at_ms: u64) {
        let (world, body) = (self.clone(), Bytes::from(body));
        self.spawn(async move { world.deliver(&hook, &body, at_ms).await });
    }

    async fn deliver(&self, hook: &Hook, body: &Bytes, at_ms: u64) {
        let mut draws = self.serial_draws("webhook");
        // One per delivery, the same in every repeat.
        let request_id = format!("{:016x}", draws.next_u64());
        for attempt in 0..=hook.retries.attempts {
            let mut retry_after = None;
            if let Some(request) = self.request(hook, body, at_ms, &request_id)
                && let Ok(answer) = self.outbound.post(request).await
            {
                let status = answer.status();
                if status.is_success() {
                    return;
                }
                if status.is_redirection() {
                    // Followed as a GET without the body; counts as delivered (recorded).
                    self.follow(hook, answer.headers()).await;
                    return;
                }
                retry_after = answer
                    .headers()
                    .get(header::RETRY_AFTER)
                    .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
                    .map(Duration::from_secs);
            }
            if attempt < hook.retries.attempts {
                let wait = hook.retries.wait(attempt, &mut draws);
                self.clock
                    .pause(wait.max(retry_after.unwrap_or_default()))
                    .await;
            }
        }
    }

    fn request(
        &self,
        hook: &Hook,
        body: &Bytes,
        at_ms: u64,
        request_id: &str,
    ) -> Option<Request<Full<Bytes>>> {
        let agent = format!("WAHA/{}", self.settings.version);
        let mut request = Request::post(&hook.url)
            .header(header::ACCEPT, "application/json, text/plain, */*")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, agent);
        for (name, value) in &hook.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                request = request.header(name, value);
            }
        }
        request = request
            .header("x-webhook-request-id", request_id)
            .header("x-webhook-timestamp", at_ms);
        if let Some(key) = &hook.hmac_key {
            request = request
                .header("x-webhook-hmac", signature(key, body))
                .header("x-webhook-hmac-algorithm", "sha512");
        }
        request.body(Full::new(body.clone())).ok()
    }

    async fn follow(&self, hook: &Hook, headers: &http::HeaderMap) {
        let target = headers
            .get(header::LOCATION)
            .and_then(|location| location.to_str().ok())
            .and_then(|location| url::Url::parse(&hook.url).ok()?.join(location).ok());
        if let Some(target) = target
            && let Ok(request) = Request::get(target.as_str()).body(Full::default())
        {
            // Whatever comes of it: WAHA takes it for delivered.
            let _: Result<StatusCode, _> = self
                .outbound
                .post(request)
                .await
                .map(|answer| answer.status());
        }
    }
}

impl Retries {
    fn wait(&self, attempt: u32, draws: &mut Draws) -> Duration {
        match self.policy {
            RetryPolicy::Constant => self.delay,
            RetryPolicy::Linear => self.delay.saturating_mul(attempt.saturating_add(1)),
            RetryPolicy::Exponential => {
                let base = self
                    .delay
                    .saturating_mul(2_u32.saturating_pow(attempt.min(16)));
                // Up to a fifth more.
                let more = (base / 5).as_secs_f64() * draws.unit();
                base.saturating_add(Duration::try_from_secs_f64(more).unwrap_or_default())
            }
        }
    }
}

fn signature(key: &str, body: &[u8]) -> String {
    // A key of any length is taken.
    Hmac::<Sha512>::new_from_slice(key.as_bytes())
        .map(|mut mac| {
            mac.update(body);
            hex(&mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_docs() {
        let body = br#"{"event":"message","session":"default","engine":"WEBJS"}"#;
        let hmac = signature("my-secret-key", body);
        assert!(hmac.starts_with("208f8a55"), "{hmac}");
        assert!(hmac.ends_with("7076153fa89"), "{hmac}");
    }

    #[test]
    fn waits_follow_the_policy() {
        let wait = |policy, attempt| {
            let retries = Retries {
                policy,
                ..Retries::default()
            };
            retries
                .wait(attempt, &mut Draws::keyed(1, &[], 0))
                .as_secs_f64()
        };
        assert_eq!(wait(RetryPolicy::Constant, 5), 2.0);
        assert_eq!(wait(RetryPolicy::Linear, 2), 6.0);
        for policy in [
            RetryPolicy::Constant,
            RetryPolicy::Linear,
            RetryPolicy::Exponential,
        ] {
            let endless = Retries {
                policy,
                delay: Duration::MAX,
                attempts: u32::MAX,
            };
            let wait = endless.wait(u32::MAX, &mut Draws::keyed(1, &[], 0));
            assert_eq!(wait, Duration::MAX, "{policy:?}");
        }
        let exponential = wait(RetryPolicy::Exponential, 3);
        assert!((16.0..=19.2).contains(&exponential), "{exponential}");
    }
}
