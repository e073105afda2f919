//! The URL of a database: what of it is ours to read, and what is the driver's.

use std::path::PathBuf;
use std::str::FromStr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::fault::{Fault, Result};
use super::tls::Mode;

/// What a URL says.
pub(super) struct Url {
    pub(super) config: Config,
    pub(super) mode: Mode,
    /// The file of the authorities that may vouch for the server.
    pub(super) authorities: Option<PathBuf>,
}

impl Url {
    /// What is wrong with it is not told in its own words: they may hold the password.
    pub(super) fn read(url: &str) -> Result<Self> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(no_url());
        }
        // As the driver does: up to the first @ it is user and password.
        let credentials = url.find('@').map_or(0, |at| at + 1);
        let (server, query) = match url[credentials..].find('?') {
            Some(mark) => (&url[..credentials + mark], &url[credentials + mark + 1..]),
            None => (url, ""),
        };
        let (mut mode, mut authorities) = (None, None);
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", word)) => mode = Some(Mode::read(word)?),
                // libpq's word for what is the default here.
                Some(("sslrootcert", "system")) => authorities = None,
                Some(("sslrootcert", file)) => authorities = Some(plain(file)?),
                Some(("sslcert" | "sslkey" | "sslpassword", _)) => {
                    return Err(Fault::refused(
                        "certificates of clients are not supported: let the user log in with a password",
                    ));
                }
                _ => others.push(pair),
            }
        }
        let url = format!("{server}?{}", others.join("&"));
        let mut config = Config::from_str(&url).map_err(|_| no_url())?;
        let mode = mode.unwrap_or_default();
        let is_local = config.get_hostaddrs().is_empty()
            && config
                .get_hosts()
                .iter()
                .all(|host| !matches!(host, Host::Tcp(_)));
        // Nobody sits between the ends of a unix socket, and the server has no TLS there.
        let mode = if is_local { Mode::Disable } else { mode };
        config.ssl_mode(mode.negotiated());
        Ok(Self {
            config,
            mode,
            authorities,
        })
    }
}

fn no_url() -> Fault {
    Fault::refused(
        "this is no URL of a PostgreSQL database: write postgres://user:password@host/database, and what is unusual in the password as %xx",
    )
}

/// A value without its escapes.
fn plain(value: &str) -> Result<PathBuf> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|it| it.unwrap_or_default());
                let digits = std::str::from_utf8(&digits).map_err(|_| no_url())?;
                u8::from_str_radix(digits, 16).map_err(|_| no_url())?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| no_url())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use tokio_postgres::config::SslMode;

    use super::{Mode, Url};

    #[test]
    fn sslmode_means_what_it_means_to_libpq() {
        let table = [
            ("", Mode::Prefer, SslMode::Prefer),
            ("?sslmode=disable", Mode::Disable, SslMode::Disable),
            ("?sslmode=prefer", Mode::Prefer, SslMode::Prefer),
            ("?sslmode=require", Mode::Require, SslMode::Require),
            (
                "?connect_timeout=3&sslmode=verify-ca",
                Mode::VerifyCa,
                SslMode::Require,
            ),
            (
                "?sslmode=verify-full&connect_timeout=3",
                Mode::VerifyFull,
                SslMode::Require,
            ),
        ];
        for (query, mode, negotiated) in table {
            let url = Url::read(&format!("postgres://app:p%3Fw@db.example/campaigns{query}"));
            let url = url.unwrap();
            assert_eq!(
                (url.mode, url.config.get_ssl_mode()),
                (mode, negotiated),
                "{query}"
            );
            assert_eq!(url.config.get_password(), Some(b"p?w".as_slice()));
            assert_eq!(url.config.get_dbname(), Some("campaigns"));
        }
    }

    #[test]
    fn a_unix_socket_has_no_tls() {
        let url = Url::read("postgres:///campaigns?host=/run/postgresql&sslmode=require").unwrap();
        assert_eq!(url.mode, Mode::Disable);
    }

    #[test]
    fn authorities_are_a_file_or_the_system_s() {
        let url = Url::read("postgres://db/campaigns?sslrootcert=/etc/our%20ca.pem").unwrap();
        assert_eq!(
            url.authorities.as_deref(),
            Some(Path::new("/etc/our ca.pem"))
        );
        let url = Url::read("postgres://db/campaigns?sslrootcert=system").unwrap();
        assert_eq!(url.authorities, None);
    }

    #[test]
    fn what_is_not_understood_is_refused_without_its_words() {
        for url in [
            "host=db user=app password=s3cr3t",
            "mysql://app:s3cr3t@db/campaigns",
            "postgres://app:s3cr3t@db/campaigns?sslmode=s3cr3t",
            "postgres://app:s3cr3t@db/campaigns?sslmode=allow",
            "postgres://app:s3cr3t@db/campaigns?sslkey=s3cr3t",
            "postgres://app:s3cr3t@db/campaigns?sslrootcert=%s3cr3t",
            "postgres://app:s3cr3t@db/campaigns?s3cr3t=1",
        ] {
            let refused = Url::read(url).map(|_| ()).unwrap_err();
            let told = format!("{refused} {refused:?}");
            assert!(!told.contains("s3cr3t"), "{told}");
        }
    }
}
