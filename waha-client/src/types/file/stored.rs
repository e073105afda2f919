//! A file that the server keeps for a while: its place, taken from the URL in a message.

use std::fmt;

use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::endpoint::SEGMENT;
use crate::error::masked;
use crate::ids::SessionName;

/// Where WAHA keeps files (recorded).
const FOLDER: &str = "/api/files/";

/// A file among those the server keeps, such as the media of a received message. They vanish after 180 s by WAHA's default.
///
/// It holds path and query of a URL and never its host. WAHA writes the host it believes to have, often `localhost` or a
/// container's name, so a file is fetched from the address of the client instead; and a forged URL cannot lead the API key
/// to another host. `Debug` hides numbers and leaves out the query, which may hold a key.
///
/// ```
/// use waha_client::types::StoredFile;
///
/// let file = StoredFile::from_url("http://localhost:3000/api/files/default/3EB0A1.jpeg")?;
/// assert_eq!((file.session(), file.name().as_str()), (Some("default"), "3EB0A1.jpeg"));
/// assert!(StoredFile::from_url("https://bucket.s3.amazonaws.com/default/3EB0A1.jpeg").is_err());
/// # Ok::<(), waha_client::types::StoredFileError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoredFile {
    /// From the server's root, percent-encoded.
    path: String,
    query: Option<String>,
}

/// Why a URL is not that of a file that the server keeps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredFileError {
    /// The message has media, but the server did not download it.
    #[error("the server did not download this file")]
    NotDownloaded,
    /// Not under `/api/files/`: the server keeps its files elsewhere, such as on S3. Such a URL is fetched without the API
    /// key, by other means than this client.
    #[error("the file is not kept by the server itself")]
    Elsewhere,
    /// Not a URL, or a name that leads out of the folder of files.
    #[error("this is not the URL of a file")]
    Unusable,
}

impl StoredFile {
    /// A file of a session by its name, such as `3EB0A1.jpeg`.
    ///
    /// # Errors
    ///
    /// [`StoredFileError::Unusable`] for a name that is empty, only dots, or has a slash; also when the session's is, as a server
    /// may name it.
    pub fn new(session: &SessionName, name: &str) -> Result<Self, StoredFileError> {
        if leads_elsewhere(session.as_str()) || leads_elsewhere(name) {
            return Err(StoredFileError::Unusable);
        }
        let session = utf8_percent_encode(session.as_str(), SEGMENT);
        let name = utf8_percent_encode(name, SEGMENT);
        Ok(Self {
            path: format!("{FOLDER}{session}/{name}"),
            query: None,
        })
    }

    /// The file that a message's `media.url` names. Its host is left out, and so is what comes before `/api/files/`.
    ///
    /// # Errors
    ///
    /// When it is not the URL of a file that the server itself keeps.
    pub fn from_url(url: &str) -> Result<Self, StoredFileError> {
        let url = Url::parse(url).map_err(|_| StoredFileError::Unusable)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(StoredFileError::Unusable);
        }
        // Dots are resolved by now, also encoded ones.
        let start = url.path().find(FOLDER).ok_or(StoredFileError::Elsewhere)?;
        let path = &url.path()[start..];
        let mut parts = path[FOLDER.len()..].split('/');
        if parts.any(|part| leads_elsewhere(&decoded(part))) {
            return Err(StoredFileError::Unusable);
        }
        Ok(Self {
            path: path.to_owned(),
            query: url.query().map(str::to_owned),
        })
    }

    /// The session whose file it is, where the path tells.
    pub fn session(&self) -> Option<&str> {
        let (session, _) = self.path[FOLDER.len()..].split_once('/')?;
        Some(session)
    }

    /// Its name on the server: an id and an ending, not what the sender called it.
    pub fn name(&self) -> String {
        decoded(self.path.rsplit('/').next().unwrap_or_default())
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

impl fmt::Debug for StoredFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoredFile")
            .field(&masked(&self.path))
            .finish()
    }
}

fn decoded(part: &str) -> String {
    percent_decode_str(part).decode_utf8_lossy().into_owned()
}

/// Whether a decoded part of a path would name another folder to a server that decodes before it looks.
fn leads_elsewhere(part: &str) -> bool {
    matches!(part, "" | "." | "..") || part.contains(['/', '\\', '\0'])
}

#[cfg(test)]
mod tests {
    use super::StoredFileError::{Elsewhere, Unusable};
    use super::*;

    #[test]
    fn only_path_and_query_of_a_url_are_kept() {
        for (url, expected) in [
            (
                "http://localhost:3000/api/files/s1/a.png",
                Ok("/api/files/s1/a.png"),
            ),
            (
                "https://waha.internal/prefix/api/files/s1/a%20b.png?v=1&x=%2F#top",
                Ok("/api/files/s1/a%20b.png?v=1&x=%2F"),
            ),
            (
                "http://evil.example/api/files/true_628@c.us_AAA.oga",
                Ok("/api/files/true_628@c.us_AAA.oga"),
            ),
            (
                "http://user:pass@h/api/files/s1/a.png",
                Ok("/api/files/s1/a.png"),
            ),
            (
                "https://bucket.s3.amazonaws.com/s1/a.png?X-Amz-Signature=1",
                Err(Elsewhere),
            ),
            ("http://h/api/sessions", Err(Elsewhere)),
            ("http://h/api/files/../sessions", Err(Elsewhere)),
            ("http://h/api/files/%2e%2e/sessions", Err(Elsewhere)),
            ("http://h/api/files/..%2fsessions", Err(Unusable)),
            ("http://h/api/files/s1/..%5c..%5cx", Err(Unusable)),
            ("http://h/api/files/s1//a.png", Err(Unusable)),
            ("http://h/api/files/", Err(Unusable)),
            ("ftp://h/api/files/s1/a.png", Err(Unusable)),
            ("/api/files/s1/a.png", Err(Unusable)),
            ("", Err(Unusable)),
        ] {
            let kept = StoredFile::from_url(url).map(|file| match &file.query {
                Some(query) => format!("{}?{query}", file.path),
                None => file.path,
            });
            assert_eq!(kept, expected.map(str::to_owned), "{url}");
        }
    }

    #[test]
    fn a_name_is_one_part_of_a_path() -> Result<(), Box<dyn std::error::Error>> {
        let session = SessionName::new("s1")?;
        let file = StoredFile::new(&session, "a b?#é.png")?;
        assert_eq!(file.path, "/api/files/s1/a%20b%3F%23%C3%A9.png");
        assert_eq!(file.name(), "a b?#é.png");
        assert_eq!(file.session(), Some("s1"));
        for bad in ["", ".", "..", "a/b", "a\\b", "../b"] {
            assert_eq!(StoredFile::new(&session, bad), Err(Unusable), "{bad}");
        }
        // As a server may name a session, which is read unchecked.
        for (name, path) in [
            ("a/../../keys", None),
            ("..", None),
            ("a?b", Some("/api/files/a%3Fb/x.png")),
        ] {
            let session: SessionName = serde_json::from_value(name.into())?;
            let file = StoredFile::new(&session, "x.png").ok();
            assert_eq!(file.as_ref().map(StoredFile::path), path, "{name}");
        }
        Ok(())
    }

    #[test]
    fn debug_shows_neither_numbers_nor_the_query() -> Result<(), StoredFileError> {
        let url = "http://h/api/files/s1/true_6281200000002@c.us_A.png?x-api-key=s3cret";
        let shown = format!("{:?}", StoredFile::from_url(url)?);
        assert!(
            !shown.contains("s3cret") && !shown.contains("6281200000002"),
            "{shown}"
        );
        Ok(())
    }
}
