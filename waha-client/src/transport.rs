//! The only part that does HTTP: one request in, one answer or an error that says how far it got.
//!
//! Nothing here is ever repeated: not by us, and not by the libraries below. Redirects are not followed (307 and 308 would
//! post again, and carry the key to another host), retries and proxies are off, and idle connections are dropped before
//! WAHA drops them. The one repetition that cannot be switched off, that of hyper-util for a request its connection never
//! took, is harmless: a body is yielded once or not at all ([`crate::guard`]).

mod files;
mod reading;
#[cfg(feature = "socket")]
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect;
use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(crate) use files::{Pieces, cut};
#[cfg(feature = "testing")]
pub(crate) use reading::Parts;
use reading::judged;
pub(crate) use reading::{Lost, Reply};

use crate::client::secret_header;
use crate::endpoint::{Repeat, Request};
use crate::error::{BuildError, Error};
use crate::guard::{GuardedBody, SendGuard};
use crate::secrets::Secrets;
#[cfg(feature = "testing")]
use crate::testing::TestTransport;

/// WAHA (Node) closes an idle connection after 5 s (recorded): ours must go first.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// Bytes that stay unacknowledged for this long end the connection, so that a request is not written long after its
/// caller gave it up. Ours: twice what connecting may take. Only where the system offers it; elsewhere the response time-out is the
/// bound.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// The header WAHA reads its key from (recorded).
const KEY_HEADER: HeaderName = HeaderName::from_static("x-api-key");

/// What the transport is built from; the headers hold the secrets, marked as such.
pub(crate) struct Settings {
    pub(crate) address: Url,
    pub(crate) key: Option<SecretString>,
    pub(crate) authorization: Option<BasicAuthorization>,
    pub(crate) user_agent: HeaderValue,
    pub(crate) connect_timeout: Duration,
    #[cfg(feature = "testing")]
    pub(crate) stand_in: Option<TestTransport>,
}

/// A user and a password for a proxy before WAHA.
pub(crate) struct BasicAuthorization {
    pub(crate) header: HeaderValue,
    pub(crate) password: SecretString,
    /// What the header says after `Basic`.
    pub(crate) encoded: SecretString,
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
    #[cfg(feature = "socket")]
    key: Option<SecretString>,
    /// What every request carries: the key, and the authorization.
    secrets: Secrets,
    #[cfg(feature = "testing")]
    stand_in: Option<TestTransport>,
}

impl Transport {
    pub(crate) fn new(settings: Settings) -> Result<Self, BuildError> {
        let tls = tls_config(settings.address.scheme() == "https")?;
        let prefix = settings.address.path().trim_end_matches('/').to_owned();
        Ok(Self {
            once: http_client(&settings, tls.clone())?,
            reads: http_client(&settings, tls.clone())?,
            files: files_client(&settings, tls)?,
            secrets: settings.secrets(),
            address: settings.address,
            prefix,
            #[cfg(feature = "socket")]
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
        let exchanged = self
            .exchange_quoting(request, guard, response_timeout)
            .await;
        exchanged.map_err(|error| error.without(&self.secrets_of(request)))
    }

    /// What an error about this request must not quote.
    pub(crate) fn secrets_of(&self, request: &Request) -> Secrets {
        let names_keys = request.template.starts_with("/api/keys");
        let body = request.body.as_deref().unwrap_or_default();
        self.secrets.with_those_in(body, names_keys)
    }

    /// What nothing that is told of this server must quote.
    #[cfg(any(feature = "socket", feature = "testing"))]
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// As [`Transport::exchange`], with errors that may quote secrets.
    async fn exchange_quoting(
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

impl Settings {
    fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        if let Some(key) = &self.key {
            secrets.add(key.expose_secret());
        }
        if let Some(authorization) = &self.authorization {
            secrets.add(authorization.password.expose_secret());
            // Whoever quotes it may leave out the padding.
            secrets.add(authorization.encoded.expose_secret().trim_end_matches('='));
        }
        secrets
    }
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
        headers.insert(AUTHORIZATION, authorization.header.clone());
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
