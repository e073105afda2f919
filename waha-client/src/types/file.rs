//! Files: what is sent with a message, and what came with one.
//!
//! Fetching what came is left out: see [`crate::api::media`].

mod kind;
mod reading;
mod stored;

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub use reading::FileError;
pub use stored::{StoredFile, StoredFileError};

use super::Extra;
use crate::error::masked;

/// A file to send: by URL, which the server fetches before it answers (recorded), or with its bytes.
///
/// Cheap to clone when it holds a URL; with bytes it holds their base64 text. Build one and send it many times: nothing is
/// read or encoded again.
///
/// [`File::from_path`], [`File::from_reader`], [`File::from_named_bytes`] and [`File::from_named_url`] find out the type and
/// keep the name. The type is what the first bytes say (a wrong ending is more common than wrong bytes, and WhatsApp shows
/// what it was told), else what the name's ending says, else `application/octet-stream`. Where the bytes only say what it is
/// packed in (zip, OLE, XML), the ending says the rest. [`File::of_kind`] overrules it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct File {
    mimetype: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(flatten)]
    content: Content,
}

#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Content {
    Url(String),
    Data(String),
}

impl File {
    /// A file that the server fetches, once per send.
    pub fn from_url(mimetype: impl Into<Cow<'static, str>>, url: impl Into<String>) -> Self {
        Self {
            mimetype: mimetype.into(),
            filename: None,
            content: Content::Url(url.into()),
        }
    }

    /// A file by its bytes, carried as base64 in the request. Its size is looked at when it is sent.
    pub fn from_bytes(mimetype: impl Into<Cow<'static, str>>, bytes: impl AsRef<[u8]>) -> Self {
        Self {
            mimetype: mimetype.into(),
            filename: None,
            content: Content::Data(STANDARD.encode(bytes)),
        }
    }

    /// The type of the file, such as `image/png`, instead of the one found out.
    #[must_use]
    pub fn of_kind(mut self, mimetype: impl Into<Cow<'static, str>>) -> Self {
        self.mimetype = mimetype.into();
        self
    }

    /// The type of the file.
    pub fn mimetype(&self) -> &str {
        &self.mimetype
    }

    /// The name the receiver sees, when it has one.
    pub fn filename(&self) -> Option<&str> {
        self.filename.as_deref()
    }

    /// The name the receiver sees.
    #[must_use]
    pub fn named(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// Where WAHA takes a file without its kind: `{"url"}` or `{"data"}`.
    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    /// The file's size within a request, in bytes.
    pub fn encoded_len(&self) -> usize {
        match &self.content {
            Content::Url(text) | Content::Data(text) => text.len(),
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("mimetype", &self.mimetype)
            .field("filename", &self.filename.as_deref().map(masked))
            .field("encoded_len", &self.encoded_len())
            .finish()
    }
}

/// The media of a message, when it was downloaded. Recorded: the URL needs the API key. It expires (after 180 s by WAHA's
/// documentation).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Media {
    /// Where the file can be fetched.
    #[serde(default)]
    pub url: Option<String>,
    /// What kind of file it is.
    #[serde(default)]
    pub mimetype: Option<String>,
    /// The sender's name for it.
    #[serde(default)]
    pub filename: Option<String>,
    /// Whatever else came, such as `s3` or `error`.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Media {
    /// The file as the server keeps it, to be fetched with [`download`](crate::api::media::Media::download).
    ///
    /// # Errors
    ///
    /// When the server did not download it, or keeps it elsewhere (S3).
    pub fn stored_file(&self) -> Result<StoredFile, StoredFileError> {
        let url = self.url.as_deref();
        StoredFile::from_url(url.ok_or(StoredFileError::NotDownloaded)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_bytes_nor_the_number_in_a_name() {
        let file = File::from_bytes("text/plain", "private words").named("bill-6281200000002.txt");
        let shown = format!("{file:?}");
        assert!(!shown.contains("81200000"), "{shown}");
        assert!(!shown.contains(&STANDARD.encode("private")[..8]), "{shown}");
    }
}
