//! The handshake of a websocket.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use secrecy::ExposeSecret;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::Transport;
use super::reading::{is_page, read_body, unanswered};
use crate::answer::{Answer, KEPT_BYTES_MAX, Shape};
use crate::error::Error;
use crate::guard::GuardedBody;
#[cfg(feature = "testing")]
use crate::testing::TestTransport;

impl Transport {
    /// Opens a websocket's connection, whose frames are the caller's business.
    ///
    /// WAHA takes the key of a websocket from the URL alone (recorded). That URL lives in this function only.
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        query: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<reqwest::Upgraded, Error> {
        let upgraded = self.upgrade_quoting(path, query, timeout).await;
        upgraded.map_err(|error| error.without(&self.secrets))
    }

    /// As [`Transport::upgrade`], with errors that may quote secrets.
    async fn upgrade_quoting(
        &self,
        path: &str,
        query: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<reqwest::Upgraded, Error> {
        #[cfg(feature = "testing")]
        if self
            .stand_in
            .as_ref()
            .is_some_and(TestTransport::is_offline)
        {
            return Err(Error::invalid("a client without a server has no websocket"));
        }
        let mut url = self.at(path);
        url.query_pairs_mut().extend_pairs(query);
        if let Some(key) = &self.key {
            url.query_pairs_mut()
                .append_pair("x-api-key", key.expose_secret());
        }
        let nonce = generate_key();
        let (body, handle) = GuardedBody::new(None, None);
        let request = self
            .reads
            .get(url)
            .timeout(timeout)
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &nonce)
            .body(reqwest::Body::wrap(body));
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(unanswered(error.into(), &handle, timeout)),
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            let status = response.status().as_u16();
            let is_page = is_page(&response);
            let body = read_body(&mut response, KEPT_BYTES_MAX).await.bytes;
            return Err(unquoted(status, body, is_page));
        }
        let expected = derive_accept_key(nonce.as_bytes());
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|value| value.as_bytes() != expected.as_bytes()) {
            let what = "not a websocket's handshake".to_owned();
            let answer = Answer::unreadable(101, &Bytes::new(), Shape::Unexpected { what });
            return Err(Error::Answered(Box::new(answer)));
        }
        match response.upgrade().await {
            Ok(upgraded) => Ok(upgraded),
            Err(error) => Err(unanswered(error.into(), &handle, timeout)),
        }
    }
}

/// An answer to a handshake without its words: WAHA quotes the address it does not find (WAHA source: Nest), and that one holds
/// the key.
fn unquoted(status: u16, body: Bytes, is_page: bool) -> Error {
    let answer = Answer::refused(status, body, is_page, None);
    let shape = match answer.shape() {
        shape @ (Shape::Redirect | Shape::Empty | Shape::Html) => shape.clone(),
        _ => Shape::Other,
    };
    Error::Answered(Box::new(Answer::unreadable(status, &Bytes::new(), shape)))
}
