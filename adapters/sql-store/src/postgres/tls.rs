//! TLS to the server, as `sslmode` of the URL asks for it: with rustls, as the calls to WAHA have it, without the process-wide provider.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use super::fault::{Fault, Result};

/// What `sslmode` says, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mode {
    Disable,
    /// Where the server has it. It keeps no one out who sits between and says that the server does not.
    #[default]
    Prefer,
    /// Always, with whoever answers; with `sslrootcert`, as `verify-ca`.
    Require,
    /// Only with somebody whom an authority vouches for.
    VerifyCa,
    /// Only with the host of the URL, for which an authority vouches.
    VerifyFull,
}

impl Mode {
    pub(super) fn read(word: &str) -> Result<Self> {
        Ok(match word {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => {
                return Err(Fault::refused(
                    "sslmode is one of disable, prefer, require, verify-ca and verify-full",
                ));
            }
        })
    }

    /// What of it is negotiated with the server.
    pub(super) fn negotiated(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

/// Makes the TLS of connections.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// `authorities` is a file with their certificates; without it those of the system count.
    pub(super) fn new(mode: Mode, authorities: Option<&Path>) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let is_verified = match (mode, authorities) {
            (Mode::VerifyFull, _) => Some(Name::Matters),
            (Mode::VerifyCa, _) | (Mode::Require, Some(_)) => Some(Name::Whatever),
            _ => None,
        };
        let verifier: Arc<dyn ServerCertVerifier> = match is_verified {
            Some(name) => Arc::new(Vouched {
                by: trusted(authorities, &provider)?,
                name,
            }),
            None => Arc::new(Anybody(Arc::clone(&provider))),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

fn trusted(
    authorities: Option<&Path>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>> {
    let Some(file) = authorities else {
        let system = rustls_platform_verifier::Verifier::new(Arc::clone(provider));
        return Ok(Arc::new(system.map_err(unusable)?));
    };
    let mut roots = RootCertStore::empty();
    let unreadable = |error: &dyn std::fmt::Display| {
        let file: PathBuf = file.into();
        Fault::refused(format!(
            "sslrootcert, {}, is no file of certificates in PEM: {error}",
            file.display()
        ))
    };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(verifier.map_err(|error| unreadable(&error))?)
}

fn unusable(error: impl std::fmt::Display) -> Fault {
    Fault::refused(format!("TLS cannot be used here: {error}"))
}

/// Whether the name in a certificate has to be that of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Matters,
    Whatever,
}

/// Takes whom an authority vouches for.
#[derive(Debug)]
struct Vouched {
    by: Arc<dyn ServerCertVerifier>,
    name: Name,
}

impl ServerCertVerifier for Vouched {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let verified = self
            .by
            .verify_server_cert(certificate, between, host, stapled, now);
        match verified {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.name == Name::Whatever => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.by
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        self.by
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by.supported_verify_schemes()
    }
}

/// Takes whoever answers, as libpq does where nothing is to be verified.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Why there is no TLS with the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoTls {
    #[error(
        "the server's certificate is not trusted ({0}): name its authority by sslrootcert=FILE in the URL, and the host by the name that the certificate has"
    )]
    Untrusted(rustls::Error),
    #[error("{0}")]
    Other(io::Error),
}

impl From<io::Error> for NoTls {
    fn from(error: io::Error) -> Self {
        let inner = error.get_ref().and_then(|it| it.downcast_ref());
        match inner {
            Some(told @ rustls::Error::InvalidCertificate(_)) => Self::Untrusted(told.clone()),
            _ => Self::Other(error),
        }
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = TlsTo;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> std::result::Result<TlsTo, Self::Error> {
        // A unix socket has no name, and its server no TLS.
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(TlsTo {
            connector: self.0.clone(),
            host: ServerName::try_from(host.to_owned())?,
        })
    }
}

/// The TLS of one connection to be made.
pub(super) struct TlsTo {
    connector: TlsConnector,
    host: ServerName<'static>,
}

impl TlsConnect<Socket> for TlsTo {
    type Stream = Encrypted;
    type Error = NoTls;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Encrypted, NoTls>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.connect(self.host, stream).await?;
            Ok(Encrypted(stream))
        })
    }
}

/// A stream with TLS. Without channel binding: the name and the authority are what is verified.
pub(super) struct Encrypted(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, to)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
