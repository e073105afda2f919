//! Why a file could not be fetched, by what can be done about it.

use std::io;
use std::path::PathBuf;

use crate::error::{Error, masked};

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// 404: the server does not have the file, most often because it has expired (180 s by WAHA's default, WAHA
    /// documentation).
    #[error("the file is not there, or no longer: {0}")]
    Gone(#[source] Error),
    /// 401 or 403: the API key is missing, wrong, or not for this session's files.
    #[error("the key does not open the file: {0}")]
    Unauthorized(#[source] Error),
    /// The file could not be asked for, or the server refused otherwise.
    #[error("the file could not be fetched: {0}")]
    Request(#[source] Error),
    /// The connection broke, and all resumptions are used up.
    #[error("broken off after {received} bytes and {resumptions} resumptions: {source}")]
    Broken {
        /// Bytes that came whole.
        received: u64,
        /// How often the server was asked again.
        resumptions: u32,
        /// The last break.
        source: Error,
    },
    /// The connection broke, and the file is another one since.
    #[error("the file changed on the server after {received} bytes")]
    Changed {
        /// Bytes that came of the former file.
        received: u64,
    },
    /// More bytes than the caller wants.
    #[error("the file has {}, more than the {bytes_max} bytes allowed", .bytes.map_or("more".to_owned(), |bytes| format!("{bytes} bytes")))]
    TooLarge {
        /// Its size, where the server told it beforehand.
        bytes: Option<u64>,
        /// The caller's limit.
        bytes_max: usize,
    },
    /// The server sent more bytes than it announced.
    #[error("{received} bytes came of a file of {expected}")]
    WrongLength {
        /// Bytes that came.
        received: u64,
        /// Bytes that were announced.
        expected: u64,
    },
    /// The server's answer is none to what was asked.
    #[error("not the answer of a server of files: {0}")]
    Unexpected(&'static str),
    /// The file could not be written.
    #[error("{} cannot be written: {source}", masked(&path.to_string_lossy()))]
    Disk {
        /// What was to be written.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
}

impl From<Error> for DownloadError {
    fn from(error: Error) -> Self {
        match error.status() {
            Some(404) => Self::Gone(error),
            Some(401 | 403) => Self::Unauthorized(error),
            _ => Self::Request(error),
        }
    }
}
