//! The only file that does HTTP: one request in, one answer or an error that says how far it got.
//!
//! Nothing here is ever repeated: not by us, and not by the libraries below. Redirects are not followed (307 and 308 would
//! post again, and carry the key to another host), retries and proxies are off, and idle connections are dropped before
//! WAHA drops them. The one repetition that cannot be switched off, that of hyper-util for a request its connection never
//! took, is harmless: a body is yielded once or not at all ([`crate::guard`]).

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
#[cfg(feature = "socket")]
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::redirect;
use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::error::Elapsed;
#[cfg(feature = "socket")]
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use url::Url;

use crate::answer::{Answer, KEPT_BYTES_MAX, Shape};
use crate::client::secret_header;
use crate::endpoint::{Repeat, Request};
use crate::error::{BuildError, Cause, Error, MaybeSent, NotSent};
use crate::guard::{BodyHandle, GuardedBody, HandOver, SendGuard};
#[cfg(feature = "testing")]
use crate::testing::TestTransport;
use crate::types::StoredFile;

/// WAHA (Node) closes an idle connection after 5 s (recorded): ours must go first.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Bytes that stay unacknowledged for this long end the connection, so that a request is not written long after its
/// caller gave it up. Ours: twice what connecting may take. Only where the system offers it; elsewhere the response time-out is the
/// bound.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// The largest good answer that is read. Ours: more than WAHA's own limit for a request, 50 MiB (recorded).
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The header WAHA reads its key from (recorded).
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// What the transport is built from; the headers hold the secrets, marked as such.
pub(crate) struct Settings {
    pub(crate) address: Url,
    pub(crate) key: Option<SecretString>,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
    #[cfg(feature = "testing")]
    pub(crate) stand_in: Option<TestTransport>,
}

/// Three HTTP clients of one server: one for whatever must not happen twice, one for the rest, and one for files, whose
/// bytes must come as they are stored, because an interrupted one is continued by counting them.
pub(crate) struct Transport {
    once: reqwest::Client,
    reads: reqwest::Client,
    files: reqwest::Client,
    address: Url,
    /// The address's own path without its last slash: WAHA may live below a prefix.
    prefix: String,
    #[cfg(any(feature = "socket", feature = "testing"))]
    key: Option<SecretString>,
    #[cfg(feature = "testing")]
    stand_in: Option<TestTransport>,
}

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

impl Transport {
    pub(crate) fn new(settings: Settings) -> Result<Self, BuildError> {
        let tls = tls_config(settings.address.scheme() == "https")?;
        let prefix = settings.address.path().trim_end_matches('/').to_owned();
        Ok(Self {
            once: http_client(&settings, tls.clone())?,
            reads: http_client(&settings, tls.clone())?,
            files: files_client(&settings, tls)?,
            address: settings.address,
            prefix,
            #[cfg(any(feature = "socket", feature = "testing"))]
            key: settings.key,
            #[cfg(feature = "testing")]
            stand_in: settings.stand_in,
        })
    }

    /// Sends one request, once.
    pub(crate) async fn exchange(
        &self,
        request: &Request,
        guard: Option<Arc<dyn SendGuard>>,
        response_timeout: Duration,
    ) -> Result<Reply, Error> {
        let (body, handle) = GuardedBody::new(request.body.clone(), guard);
        #[cfg(feature = "testing")]
        if let Some(stand_in) = &self.stand_in {
            let carried = Box::pin(stand_in.carry(self, request, body, response_timeout)).await?;
            let result = judged(carried, &handle, response_timeout).await;
            stand_in.ended(self, request, &result);
            return result;
        }
        let carried = self.carry(request, body, response_timeout).await;
        judged(carried, &handle, response_timeout).await
    }

    /// Puts one request on a connection and waits for the head of its answer.
    pub(crate) async fn carry(
        &self,
        request: &Request,
        body: GuardedBody,
        response_timeout: Duration,
    ) -> Result<reqwest::Response, Lost> {
        let client = match request.repeat {
            Repeat::Safe => &self.reads,
            Repeat::Never => &self.once,
        };
        let mut call = reqwest::Request::new(request.method.clone(), self.url(request));
        *call.timeout_mut() = Some(response_timeout);
        if let Some(accept) = request.accept {
            call.headers_mut()
                .insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if request.body.is_some() {
            call.headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        *call.body_mut() = Some(reqwest::Body::wrap(body));
        client.execute(call).await.map_err(Lost::from)
    }

    /// The key, for whoever has to keep it out of what it writes down.
    #[cfg(feature = "testing")]
    pub(crate) fn key(&self) -> Option<&SecretString> {
        self.key.as_ref()
    }

    fn at(&self, path: &str) -> Url {
        let mut url = self.address.clone();
        if self.prefix.is_empty() {
            url.set_path(path);
        } else {
            url.set_path(&format!("{}{path}", self.prefix));
        }
        url
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.at(&request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(
                request
                    .query
                    .iter()
                    .map(|(name, value)| (*name, value.as_ref())),
            );
        }
        url
    }
}

impl Transport {
    /// Where a stored file lies on this server, whatever host its own URL named.
    pub(crate) fn file_url(&self, file: &StoredFile) -> Url {
        let mut url = self.at(file.path());
        url.set_query(file.query());
        url
    }

    /// Asks for a file once. `silence_max` bounds the wait for the answer to begin.
    ///
    /// 416 is handed over like 200 and 206: it answers a question about a range.
    pub(crate) async fn open(
        &self,
        file: &StoredFile,
        headers: HeaderMap,
        silence_max: Duration,
    ) -> Result<Pieces, Error> {
        #[cfg(feature = "testing")]
        if self
            .stand_in
            .as_ref()
            .is_some_and(TestTransport::is_offline)
        {
            return Err(Error::invalid("a client without a server has no files"));
        }
        let (body, handle) = GuardedBody::new(None, None);
        let request = self.files.get(self.file_url(file)).headers(headers);
        let answered = async {
            let request = request.body(reqwest::Body::wrap(body));
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) => return Err(unanswered(error.into(), &handle, silence_max)),
            };
            match response.status() {
                StatusCode::OK
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::RANGE_NOT_SATISFIABLE => Ok(Pieces(response)),
                status if status.is_success() => {
                    let what = "neither a file nor a part of one".to_owned();
                    let shape = Shape::Unexpected { what };
                    let answer = Answer::unreadable(status.as_u16(), &Bytes::new(), shape);
                    Err(Error::Answered(Box::new(answer)))
                }
                _ => Err(refusal(response).await),
            }
        };
        match tokio::time::timeout(silence_max, answered).await {
            Ok(answered) => answered,
            Err(elapsed) => Err(unanswered(elapsed.into(), &handle, silence_max)),
        }
    }
}

/// An answer whose body is taken piece by piece.
pub(crate) struct Pieces(reqwest::Response);

impl Pieces {
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next piece; `None` at the end. An error when nothing comes for `silence_max` or the connection breaks.
    pub(crate) async fn next(&mut self, silence_max: Duration) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(silence_max, self.0.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(_)) => Err(cut(self.status())),
            Err(_) => Err(Error::MaybeSent {
                why: MaybeSent::TimedOut { after: silence_max },
            }),
        }
    }
}

/// The connection was lost within a body.
pub(crate) fn cut(status: u16) -> Error {
    let answer = Answer::unreadable(status, &Bytes::new(), Shape::Cut);
    Error::Answered(Box::new(answer))
}

#[cfg(feature = "socket")]
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
#[cfg(feature = "socket")]
fn unquoted(status: u16, body: Bytes, is_page: bool) -> Error {
    let answer = Answer::refused(status, body, is_page, None);
    let shape = match answer.shape() {
        shape @ (Shape::Redirect | Shape::Empty | Shape::Html) => shape.clone(),
        _ => Shape::Other,
    };
    Error::Answered(Box::new(Answer::unreadable(status, &Bytes::new(), shape)))
}

fn http_client(settings: &Settings, tls: ClientConfig) -> Result<reqwest::Client, BuildError> {
    built(http_builder(settings, tls)?)
}

fn files_client(settings: &Settings, tls: ClientConfig) -> Result<reqwest::Client, BuildError> {
    let builder = http_builder(settings, tls)?;
    built(builder.no_gzip().no_brotli().no_zstd().no_deflate())
}

fn built(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, BuildError> {
    builder
        .build()
        .map_err(|error| BuildError::Http(error.into()))
}

fn http_builder(
    settings: &Settings,
    tls: ClientConfig,
) -> Result<reqwest::ClientBuilder, BuildError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &settings.key {
        headers.insert(KEY_HEADER, secret_header(key.expose_secret(), "API key")?);
    }
    if let Some(authorization) = &settings.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    let builder = reqwest::Client::builder()
        .default_headers(headers)
        .user_agent(settings.user_agent.clone())
        .tls_backend_preconfigured(tls)
        .http1_only()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE_MAX);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED_MAX);
    Ok(builder)
}

/// TLS with a provider of our own, so that the process-wide one stays the application's choice.
///
/// Without https nothing is trusted, so a machine without CA certificates can still talk to a local server.
fn tls_config(verify: bool) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Certificates)?;
    let builder = if verify {
        with_system_certificates(builder, provider)?
    } else {
        builder.with_root_certificates(RootCertStore::empty())
    };
    Ok(builder.with_no_client_auth())
}

fn with_system_certificates(
    builder: ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    provider: Arc<CryptoProvider>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, BuildError> {
    let verifier =
        rustls_platform_verifier::Verifier::new(provider).map_err(BuildError::Certificates)?;
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

/// An answer read to its end, or how far the request got without one.
async fn judged(
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
fn unanswered(lost: Lost, body: &BodyHandle, after: Duration) -> Error {
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
async fn refusal(mut response: reqwest::Response) -> Error {
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
fn is_page(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

struct ReadBody {
    bytes: Bytes,
    end: End,
}

enum End {
    Whole,
    OverLimit,
    Cut,
}

/// Reads up to `limit` bytes. A body that came as one chunk, as most do, is not copied.
async fn read_body(response: &mut reqwest::Response, limit: usize) -> ReadBody {
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
