//! Where the database is: in a file, or on a PostgreSQL server that is named by a URL.
//!
//! The password of a server comes from the environment or from a file, as the API key does, never from a command line or a settings file.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::{Origin, Setting};
use crate::exit::{Exit, Failure};
use crate::language::Text;

/// Where the database is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    File(PathBuf),
    Server {
        /// The URL with the password.
        url: SecretString,
        /// What is shown of it.
        shown: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File(path) => path.display().fmt(f),
            Place::Server { shown, .. } => f.write_str(shown),
        }
    }
}

/// The file that is named, with or without `sqlite:` before it; `None`: a URL of something else.
pub(super) fn file(given: &Path) -> Option<&Path> {
    let Some(text) = given.to_str() else {
        return Some(given);
    };
    match text.strip_prefix("sqlite:") {
        Some(file) => Some(Path::new(file.strip_prefix("//").unwrap_or(file))),
        None => (!text.contains("://")).then_some(given),
    }
}

impl Place {
    /// What was set, and the password that was set beside it.
    ///
    /// # Errors
    /// When the password stands where others read it, or the URL is that of no database that this program knows.
    pub(super) fn of(
        set: Setting<PathBuf>,
        password: Option<&SecretString>,
    ) -> Result<Setting<Self>, Failure> {
        let origin = set.origin;
        if let Some(file) = file(&set.value) {
            let value = Place::File(file.to_owned());
            return Ok(Setting { value, origin });
        }
        let url = set.value.to_string_lossy().into_owned();
        let scheme = parts(&url).0;
        if !["postgres", "postgresql"].contains(&scheme) {
            let scheme = scheme.to_owned();
            return Err(Failure::new(Exit::Usage, Text::DatabaseUnknown { scheme }));
        }
        let has_password = has_password(&url);
        if has_password && origin != Origin::Environment {
            return Err(Failure::new(Exit::Usage, Text::PasswordSeen { origin }));
        }
        let shown = shown(&url);
        let url = match password {
            Some(password) if !has_password => with_password(&url, password.expose_secret()),
            _ => url,
        };
        let url = url.into();
        Ok(Setting {
            value: Place::Server { url, shown },
            origin,
        })
    }
}

/// Scheme, user and password, the rest, and what follows the question mark.
fn parts(url: &str) -> (&str, &str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (credentials, rest) = rest.split_once('@').unwrap_or(("", rest));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    (scheme, credentials, place, query)
}

fn has_password(url: &str) -> bool {
    let (_, credentials, _, query) = parts(url);
    credentials.contains(':') || query.split('&').any(|pair| pair.starts_with("password="))
}

fn shown(url: &str) -> String {
    let (scheme, credentials, place, _) = parts(url);
    match credentials.split(':').next() {
        Some(user) if !user.is_empty() => format!("{scheme}://{user}@{place}"),
        _ => format!("{scheme}://{place}"),
    }
}

fn with_password(url: &str, password: &str) -> String {
    let mut whole = format!(
        "{url}{}password=",
        if url.contains('?') { '&' } else { '?' }
    );
    for byte in password.bytes() {
        match byte {
            letter if letter.is_ascii_alphanumeric() => whole.push(letter.into()),
            other => whole.push_str(&format!("%{other:02X}")),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    const URL: &str = "postgres://app@db.example/campaigns?sslmode=verify-full";

    fn place(url: &str, origin: Origin, password: Option<&str>) -> Result<Place, Failure> {
        let set = Setting {
            value: url.into(),
            origin,
        };
        let password = password.map(SecretString::from);
        Place::of(set, password.as_ref()).map(|set| set.value)
    }

    #[test]
    fn a_password_stands_nowhere_where_it_is_seen() {
        for origin in [Origin::Flag, Origin::File("waha-campaign.toml".into())] {
            for url in [
                "postgres://app:s3cr3t@db/campaigns",
                "postgresql://db/campaigns?user=app&password=s3cr3t",
            ] {
                let refused = place(url, origin.clone(), None).unwrap_err();
                assert_eq!(refused.exit, Exit::Usage);
                assert!(!format!("{refused:?}").contains("s3cr3t"));
                let there = place(url, Origin::Environment, None).unwrap();
                assert!(!format!("{there} {there:?}").contains("s3cr3t"));
            }
        }
    }

    #[test]
    fn a_password_that_is_set_beside_the_url_comes_into_it() {
        let there = place(URL, Origin::Flag, Some("a&b %c")).unwrap();
        assert_eq!(there.to_string(), "postgres://app@db.example/campaigns");
        let Place::Server { url, .. } = there else {
            panic!("a file");
        };
        assert_eq!(url.expose_secret(), format!("{URL}&password=a%26b%20%25c"));
    }

    #[test]
    fn what_is_no_url_of_a_server_is_a_file() {
        for (given, named) in [
            ("postgres.sqlite", "postgres.sqlite"),
            ("sqlite:toko.db", "toko.db"),
            ("sqlite://toko.db", "toko.db"),
            ("sqlite:///srv/toko.db", "/srv/toko.db"),
        ] {
            let there = place(given, Origin::Flag, Some("s3cr3t")).unwrap();
            assert_eq!(there.to_string(), named);
            assert!(matches!(there, Place::File(_)), "{given}");
        }
    }

    #[test]
    fn a_database_that_is_not_known_is_refused_and_no_file_is_made_of_its_name() {
        for given in [
            "mysql://app:s3cr3t@db/campaigns",
            "postgresql+psycopg://db/x",
        ] {
            let refused = place(given, Origin::Flag, None).unwrap_err();
            assert_eq!(refused.exit, Exit::Usage);
            assert!(!format!("{refused:?}").contains("s3cr3t"));
        }
    }
}
