//! The client of one server, and its builder: address, key, time-outs, repetition.
//!
//! What a call asks is an [`Endpoint`]; what groups there are is in [`crate::api`].

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::SecretString;
use tracing::Instrument;
use url::{Host, Url};

use crate::answer::{Answer, Shape};
use crate::endpoint::{Endpoint, Read, Request, Timeouts};
use crate::error::{BuildError, Error};
use crate::guard::SendGuard;
#[cfg(feature = "limit")]
use crate::limit::{Limit, Limiter};
use crate::retry::{Next, RetryPolicy};
use crate::span::CallSpan;
#[cfg(feature = "testing")]
use crate::testing::TestTransport;
use crate::transport::{BasicAuthorization, Settings, Transport};

/// A client of one WAHA server. Cheap to clone; build one and share it.
#[derive(Clone)]
pub struct WahaClient(Arc<Inner>);

struct Inner {
    transport: Transport,
    address: Url,
    timeouts: Timeouts,
    retry: RetryPolicy,
    #[cfg(feature = "limit")]
    limiter: Option<Limiter>,
}

impl WahaClient {
    /// Starts building a client of the server at `address`, such as `http://localhost:3000`.
    pub fn builder(address: impl Into<String>) -> Builder {
        Builder {
            address: address.into(),
            key: None,
            user_agent: concat!("waha-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            #[cfg(feature = "limit")]
            limit: None,
            #[cfg(feature = "testing")]
            transport: None,
        }
    }

    /// The server's address, without credentials.
    pub fn address(&self) -> &Url {
        &self.0.address
    }

    /// The time-outs in force.
    pub fn timeouts(&self) -> &Timeouts {
        &self.0.timeouts
    }

    pub(crate) fn retry_policy(&self) -> &RetryPolicy {
        &self.0.retry
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Performs an endpoint. One that is safe to repeat is repeated as the client's [`RetryPolicy`] says.
    ///
    /// # Errors
    ///
    /// Says how far the request got; see [`Error`].
    pub async fn call<T>(&self, endpoint: Endpoint<T>) -> Result<T, Error> {
        self.call_with(endpoint, CallOptions::default()).await
    }

    /// Performs an endpoint with a guard or a time-out of its own.
    ///
    /// # Errors
    ///
    /// As [`WahaClient::call`]; a guard's refusal is [`NotSent::Withheld`](crate::NotSent::Withheld).
    pub async fn call_with<T>(
        &self,
        endpoint: Endpoint<T>,
        options: CallOptions,
    ) -> Result<T, Error> {
        let Endpoint { request, read } = endpoint;
        let request = request?;
        let call = CallSpan::new(&request);
        self.repeated(&request, read, &options, &call)
            .instrument(call.span.clone())
            .await
    }

    async fn repeated<T>(
        &self,
        request: &Request,
        read: Read<T>,
        options: &CallOptions,
        call: &CallSpan,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let error = match self.attempt(request, read, options).await {
                Ok((output, status)) => {
                    call.ended(attempt, Some(status));
                    return Ok(output);
                }
                Err(error) => error,
            };
            let seed = RandomState::new().build_hasher().finish();
            match self.0.retry.after(request.repeat, &error, attempt, seed) {
                Next::Stop => {
                    call.ended(attempt, error.status());
                    return Err(error);
                }
                Next::Wait(delay) => {
                    // Not the error's text: it may quote the server, and the server what people write.
                    let (status, not_sent) = (error.status(), error.is_not_sent());
                    tracing::debug!(attempt, status, not_sent, ?delay, "asking the server again");
                    tokio::time::sleep(delay).await;
                    attempt += 1;
                }
            }
        }
    }

    async fn attempt<T>(
        &self,
        request: &Request,
        read: Read<T>,
        options: &CallOptions,
    ) -> Result<(T, u16), Error> {
        let wait = options
            .response_timeout
            .unwrap_or_else(|| self.0.timeouts.of(request.wait));
        #[cfg(feature = "limit")]
        if let Some(limiter) = &self.0.limiter {
            limiter.admit(wait).await?;
        }
        let guard = options.guard.clone();
        let reply = self.0.transport.exchange(request, guard, wait).await?;
        let (status, body) = (reply.status, reply.body.clone());
        let output = read(reply).map_err(|what| {
            let shape = match body.trim_ascii_start().first() {
                Some(b'<') => Shape::Html,
                _ => Shape::Unexpected { what },
            };
            let answer = Answer::unreadable(status, &body, shape);
            let secrets = self.0.transport.secrets_of(request);
            Error::Answered(Box::new(answer)).without(&secrets)
        })?;
        Ok((output, status))
    }
}

impl fmt::Debug for WahaClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WahaClient")
            .field("address", &self.0.address.as_str())
            .finish_non_exhaustive()
    }
}

/// What one call may have of its own.
#[derive(Clone, Default)]
#[must_use]
pub struct CallOptions {
    guard: Option<Arc<dyn SendGuard>>,
    response_timeout: Option<Duration>,
}

impl CallOptions {
    /// Nothing of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks `guard` in the poll that writes the request's body, or its head when it has none.
    pub fn guarded_by(self, guard: impl SendGuard) -> Self {
        self.guarded_by_shared(Arc::new(guard))
    }

    /// Like [`CallOptions::guarded_by`], with a guard that is shared already.
    pub fn guarded_by_shared(mut self, guard: Arc<dyn SendGuard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// A response time-out instead of the one for this kind of call.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = Some(timeout);
        self
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("guarded", &self.guard.is_some())
            .field("response_timeout", &self.response_timeout)
            .finish()
    }
}

/// Builds a [`WahaClient`].
#[derive(Clone)]
#[must_use = "a builder does nothing until build() is called"]
pub struct Builder {
    address: String,
    key: Option<SecretString>,
    user_agent: String,
    timeouts: Timeouts,
    retry: RetryPolicy,
    #[cfg(feature = "limit")]
    limit: Option<Limit>,
    #[cfg(feature = "testing")]
    transport: Option<TestTransport>,
}

impl Builder {
    /// The API key, sent as `X-Api-Key`.
    pub fn api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The `User-Agent`; `waha-client/<version>` unless told.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Time-outs per kind of call.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How look-ups are repeated. Sends never are.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// At most so many requests in a second, by all clones of the client together; the rest waits, in the order it came.
    /// Nothing is limited unless this is set.
    ///
    /// This protects the server. It is not the pace of a campaign, which is a matter of sessions and chats. A call waits at most
    /// as long as its response time-out, which begins anew when it has a place; then it is
    /// [`NotSent::Limited`](crate::NotSent::Limited). A [`SendGuard`] is asked after the wait. Each try of a call that is repeated
    /// takes a place; websockets take none.
    #[cfg(feature = "limit")]
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// [`Builder::limit`] with nothing but a rate.
    #[cfg(feature = "limit")]
    pub fn requests_per_second(self, requests: u32) -> Self {
        self.limit(Limit::per_second(requests))
    }

    /// For tests: carries the calls in the place of the network, or listens to them; see [`crate::testing`].
    #[cfg(feature = "testing")]
    pub fn transport(mut self, transport: impl Into<TestTransport>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Builds the client. Takes some milliseconds, more for https, whose certificates are loaded here.
    ///
    /// A user and password in the address are sent as basic authentication, for a proxy before WAHA. A plain http address
    /// beyond loopback and private networks is warned about: the key and every message would travel readable.
    ///
    /// # Errors
    ///
    /// When the address, the key, the limit or the machine's certificates are unusable.
    pub fn build(self) -> Result<WahaClient, BuildError> {
        let mut address =
            Url::parse(&self.address).map_err(|_| BuildError::Address("it is not a URL"))?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(BuildError::Address(
                "it must begin with http:// or https://",
            ));
        }
        let authorization = take_credentials(&mut address)?;
        address.set_query(None);
        address.set_fragment(None);
        if address.scheme() == "http" && !address.host().is_some_and(|host| is_near(&host)) {
            tracing::warn!(
                host = address.host_str(),
                "plain http to a public address: the API key and every message can be read on the way; use https"
            );
        }
        let transport = Transport::new(Settings {
            address: address.clone(),
            key: self.key,
            authorization,
            user_agent: HeaderValue::from_str(&self.user_agent)
                .map_err(|_| BuildError::Header("user agent"))?,
            connect_timeout: self.timeouts.connect,
            #[cfg(feature = "testing")]
            stand_in: self.transport,
        })?;
        Ok(WahaClient(Arc::new(Inner {
            transport,
            address,
            timeouts: self.timeouts,
            retry: self.retry,
            #[cfg(feature = "limit")]
            limiter: self.limit.map(Limiter::new).transpose()?,
        })))
    }
}

/// Shows neither the key nor a password in the address.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Url::parse(&self.address).ok();
        let host = address.as_ref().and_then(Url::host_str);
        f.debug_struct("Builder")
            .field("host", &host)
            .field("user_agent", &self.user_agent)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

pub(crate) fn secret_header(value: &str, what: &'static str) -> Result<HeaderValue, BuildError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| BuildError::Header(what))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Moves user and password from the address into a header, so that no URL holds them.
fn take_credentials(address: &mut Url) -> Result<Option<BasicAuthorization>, BuildError> {
    if address.username().is_empty() && address.password().is_none() {
        return Ok(None);
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let user = decoded(address.username());
    let password = decoded(address.password().unwrap_or_default());
    let cleared = address.set_username("").and(address.set_password(None));
    cleared.map_err(|()| BuildError::Address("it cannot hold a user and password"))?;
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    Ok(Some(BasicAuthorization {
        header: secret_header(&format!("Basic {encoded}"), "password in the address")?,
        password: password.into(),
        encoded: encoded.into(),
    }))
}

/// Whether a host is this machine or in a private network: loopback, private and link-local addresses, names without a
/// dot (containers), and names that only resolve locally (RFC 6761, RFC 6762, RFC 8375 and ICANN's `internal`).
pub(crate) fn is_near(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(ip) => is_near_ip(IpAddr::V4(*ip)),
        Host::Ipv6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_near_ip(IpAddr::V4(ip)),
            None => is_near_ip(IpAddr::V6(*ip)),
        },
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || [".localhost", ".local", ".internal", ".home.arpa"]
                    .iter()
                    .any(|suffix| name.ends_with(suffix))
        }
    }
}

fn is_near_ip(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_hosts_of_this_machine_or_network_are_near() {
        for (address, near) in [
            ("http://localhost:3000", true),
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://10.1.2.3", true),
            ("http://192.168.1.1", true),
            ("http://172.16.0.1", true),
            ("http://169.254.0.1", true),
            ("http://[fd00::1]", true),
            ("http://[::ffff:10.0.0.1]", true),
            ("http://waha:3000", true),
            ("http://waha.local", true),
            ("http://waha.internal", true),
            ("http://8.8.8.8", false),
            ("http://172.32.0.1", false),
            ("http://[2001:db8::1]", false),
            ("http://waha.example.com", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(is_near(&url.host().unwrap()), near, "{address}");
        }
    }

    #[test]
    fn unusable_settings_are_refused_and_credentials_leave_the_address() {
        for bad in ["", "localhost:3000", "ftp://host", "http://"] {
            assert!(
                matches!(
                    WahaClient::builder(bad).build(),
                    Err(BuildError::Address(_))
                ),
                "{bad}"
            );
        }
        let key = WahaClient::builder("http://h").api_key("a\nb").build();
        assert!(matches!(key, Err(BuildError::Header("API key"))));
        let client = WahaClient::builder("http://me:pass@h/waha?x=1#y")
            .build()
            .unwrap();
        assert_eq!(client.address().as_str(), "http://h/waha");
    }

    #[derive(Clone, Default)]
    struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn plain_http_to_a_public_address_is_warned_about_once_without_its_password() {
        for (address, warnings) in [
            ("http://me:pass@waha.example.com/", 1),
            ("http://10.0.0.1", 0),
            ("https://waha.example.com", 0),
        ] {
            let log = Log::default();
            let writer = log.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_writer(move || writer.clone())
                .finish();
            tracing::subscriber::with_default(subscriber, || {
                let _ = WahaClient::builder(address).build();
            });
            let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
            assert_eq!(text.matches("plain http").count(), warnings, "{text}");
            assert!(!text.contains("pass"), "{text}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let builder = WahaClient::builder("http://me:hidden@h").api_key("s3cret");
        let unusable = WahaClient::builder("h ttp://me:hidden@h");
        let shown = format!("{builder:?} {unusable:?} {:?}", builder.clone().build());
        assert!(
            !shown.contains("s3cret") && !shown.contains("hidden"),
            "{shown}"
        );
    }
}
