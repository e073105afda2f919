//! Files from a disk, a stream or memory: read once, a piece at a time, straight into base64.
//!
//! A file that no request can carry is refused before it is read where its size is known, and else as soon as it shows.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncReadExt};
use url::Url;

use super::kind::{kind_by_name, kind_of};
use super::{Content, File};
use crate::endpoint::REQUEST_BYTES_MAX;
use crate::error::masked;

/// Read at once. Ours: a multiple of three, so that pieces of base64 join without padding, and more than what tells a type.
const PIECE_BYTES: usize = 3 * 16 * 1024;
/// The least that stands around a file in a request: converting takes no more (WAHA specification).
const AROUND: &str = r#"{"data":""}"#;

/// Why a file cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is nothing at this path.
    #[error("there is no file {}", shown(path))]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A folder, a device or another thing without an end is at this path.
    #[error("{} is not a file", shown(path))]
    NotAFile {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The system refused, or reading broke off.
    #[error(
        "{} cannot be read: {source}{}",
        .path.as_deref().map_or("the file".to_owned(), shown),
        remedy(source)
    )]
    Unreadable {
        /// Where it is; `None` for a reader.
        path: Option<PathBuf>,
        /// The system's words.
        source: io::Error,
    },
    /// More than a request can carry ([`File::BYTES_MAX`]).
    #[error(
        "the file has {} bytes, and WAHA takes at most {} with a request: make it smaller, or send it by URL",
        .bytes.map_or("more".to_owned(), |bytes| bytes.to_string()),
        File::BYTES_MAX
    )]
    TooLarge {
        /// Its size; `None` for a reader, which was left when it had given more than fits.
        bytes: Option<u64>,
    },
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Not a URL that a server can fetch.
    #[error("a file's URL must begin with http:// or https://")]
    Url,
}

impl File {
    /// The largest file that a request can carry, in bytes: 39 321 591.
    ///
    /// WAHA takes requests up to 50 MiB (recorded), in which a file stands as base64: four bytes for three. What else a
    /// message has (caption, names) makes it that much less; a send that is over says so and is not made. A larger file
    /// goes by URL.
    pub const BYTES_MAX: usize = (REQUEST_BYTES_MAX - AROUND.len()) / 4 * 3;

    /// A file of this machine, under its own name.
    ///
    /// Its size is looked at before it is read. In memory it is held once, as base64.
    ///
    /// ```no_run
    /// # use waha_client::{ChatId, File, FileMessage, SessionName, WahaClient};
    /// # async fn run(waha: WahaClient, session: SessionName, chat: ChatId) -> Result<(), Box<dyn std::error::Error>> {
    /// let bill = File::from_path("bills/2026-11.pdf").await?;
    /// let message = FileMessage::new(&session, &chat, &bill).caption("Your bill");
    /// waha.chatting().send_file(&message).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Missing, not a file, unreadable, empty, or too large.
    pub async fn from_path(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => FileError::Missing {
                path: path.to_owned(),
            },
            _ => FileError::Unreadable {
                path: Some(path.to_owned()),
                source,
            },
        };
        // Looked at before it is opened: opening a pipe waits for whoever writes to it.
        let found = tokio::fs::metadata(path).await.map_err(unreadable)?;
        if !found.is_file() {
            return Err(FileError::NotAFile {
                path: path.to_owned(),
            });
        }
        let size = found.len();
        if size > Self::BYTES_MAX as u64 {
            return Err(FileError::TooLarge { bytes: Some(size) });
        }
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
        let size = usize::try_from(size).unwrap_or_default();
        read(file, name, size).await.map_err(|error| match error {
            FileError::Unreadable { source, .. } => unreadable(source),
            other => other,
        })
    }

    /// A file from a reader, under a name. The reader is left where the file turns out too large.
    ///
    /// # Errors
    ///
    /// When the reader fails, has nothing, or has more than fits.
    pub async fn from_reader(
        filename: impl Into<String>,
        reader: impl AsyncRead + Unpin,
    ) -> Result<Self, FileError> {
        read(reader, Some(filename.into()), 0).await
    }

    /// A file by its bytes, under a name.
    ///
    /// # Errors
    ///
    /// When it is empty or too large.
    pub fn from_named_bytes(
        filename: impl Into<String>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<Self, FileError> {
        let (filename, bytes) = (filename.into(), bytes.as_ref());
        match bytes.len() {
            0 => Err(FileError::Empty),
            size if size > Self::BYTES_MAX => Err(FileError::TooLarge {
                bytes: Some(size as u64),
            }),
            _ => {
                let kind = kind_of(bytes, Some(&filename));
                Ok(Self::from_bytes(kind, bytes).named(filename))
            }
        }
    }

    /// A file that the server fetches, once per send, named and typed after the URL's last part, in which encoded slashes
    /// become `_`. There is no limit to its size but the server's patience and memory.
    ///
    /// ```
    /// use waha_client::File;
    ///
    /// let file = File::from_named_url("https://example.com/bills/November%202026.pdf?v=2")?;
    /// assert_eq!(file.filename(), Some("November 2026.pdf"));
    /// assert_eq!(file.mimetype(), "application/pdf");
    /// # Ok::<(), waha_client::types::FileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is not an http or https URL.
    pub fn from_named_url(url: impl Into<String>) -> Result<Self, FileError> {
        let text = url.into();
        let url = Url::parse(&text).map_err(|_| FileError::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FileError::Url);
        }
        let last = url.path_segments().and_then(|mut parts| parts.next_back());
        let name = last.filter(|part| !part.is_empty()).map(|part| {
            percent_decode_str(part)
                .decode_utf8_lossy()
                .replace(['/', '\\'], "_")
        });
        let kind = name.as_deref().and_then(kind_by_name);
        let file = Self::from_url(kind.unwrap_or("application/octet-stream"), text);
        Ok(match name {
            Some(name) => file.named(name),
            None => file,
        })
    }
}

/// What would help, where it is known.
fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => ": change its permissions",
        _ => "",
    }
}

/// Names of files may hold numbers of people.
fn shown(path: &Path) -> String {
    masked(&path.to_string_lossy())
}

/// Reads to the end. `size` is what is expected, to have room for it at once.
async fn read(
    mut reader: impl AsyncRead + Unpin,
    filename: Option<String>,
    size: usize,
) -> Result<File, FileError> {
    let mut data = String::with_capacity(size.div_ceil(3) * 4);
    let mut piece = vec![0; PIECE_BYTES];
    let mut kind = None;
    let mut total = 0;
    loop {
        let filled = fill(&mut reader, &mut piece).await?;
        let bytes = &piece[..filled];
        total += filled;
        if total > File::BYTES_MAX {
            return Err(FileError::TooLarge { bytes: None });
        }
        if kind.is_none() && !bytes.is_empty() {
            kind = Some(kind_of(bytes, filename.as_deref()));
        }
        STANDARD.encode_string(bytes, &mut data);
        if filled < PIECE_BYTES {
            break;
        }
    }
    Ok(File {
        mimetype: kind.ok_or(FileError::Empty)?,
        filename,
        content: Content::Data(data),
    })
}

/// Reads until `piece` is full or the reader ends.
async fn fill(reader: &mut (impl AsyncRead + Unpin), piece: &mut [u8]) -> Result<usize, FileError> {
    let mut filled = 0;
    while filled < piece.len() {
        match reader.read(&mut piece[filled..]).await {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(FileError::Unreadable { path: None, source }),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt as _, repeat};

    use super::*;

    fn encoded(file: &File) -> &str {
        match file.content() {
            Content::Data(data) => data,
            Content::Url(_) => panic!("a URL"),
        }
    }

    #[test]
    fn the_largest_file_fits_and_one_byte_more_does_not() {
        let carried = |bytes: usize| AROUND.len() + bytes.div_ceil(3) * 4;
        assert!(carried(File::BYTES_MAX) <= REQUEST_BYTES_MAX);
        assert!(carried(File::BYTES_MAX + 1) > REQUEST_BYTES_MAX);
        assert_eq!(File::BYTES_MAX, 39_321_591);
    }

    #[tokio::test]
    async fn a_file_comes_with_its_name_type_and_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foto é.dat");
        let bytes = [
            b"\x89PNG\r\n\x1a\n".as_slice(),
            &vec![7; 3 * PIECE_BYTES + 1],
        ]
        .concat();
        std::fs::write(&path, &bytes).unwrap();
        let file = File::from_path(&path).await.unwrap();
        assert_eq!(file.filename(), Some("foto é.dat"));
        assert_eq!(file.mimetype(), "image/png");
        assert_eq!(STANDARD.decode(encoded(&file)).unwrap(), bytes);
        assert_eq!(file, File::from_named_bytes("foto é.dat", &bytes).unwrap());
    }

    #[tokio::test]
    async fn what_cannot_be_sent_is_told_by_kind() {
        let folder = tempfile::tempdir().unwrap();
        let missing = File::from_path(folder.path().join("no.pdf"))
            .await
            .unwrap_err();
        assert!(matches!(missing, FileError::Missing { .. }), "{missing}");
        assert!(
            missing.to_string().starts_with("there is no file "),
            "{missing}"
        );
        let denied = FileError::Unreadable {
            path: Some("a.pdf".into()),
            source: io::ErrorKind::PermissionDenied.into(),
        };
        assert_eq!(
            denied.to_string(),
            "a.pdf cannot be read: permission denied: change its permissions"
        );
        let not_a_file = File::from_path(folder.path()).await.unwrap_err();
        assert!(
            matches!(not_a_file, FileError::NotAFile { .. }),
            "{not_a_file}"
        );
        let path = folder.path().join("empty.pdf");
        std::fs::write(&path, "").unwrap();
        let empty = File::from_path(&path).await.unwrap_err();
        assert!(matches!(empty, FileError::Empty), "{empty}");
        assert!(matches!(
            File::from_named_bytes("a", ""),
            Err(FileError::Empty)
        ));
        for url in ["", "bill.pdf", "file:///etc/passwd", "ftp://h/a.pdf"] {
            assert!(
                matches!(File::from_named_url(url), Err(FileError::Url)),
                "{url}"
            );
        }
        let escaping = File::from_named_url("https://h/a/..%2F..%5Cb.pdf").unwrap();
        assert_eq!(escaping.filename(), Some(".._.._b.pdf"));
        let unnamed = File::from_named_url("https://h/").unwrap();
        assert_eq!(
            (unnamed.filename(), unnamed.mimetype()),
            (None, "application/octet-stream")
        );
    }

    #[tokio::test]
    async fn a_large_file_is_refused_before_it_is_read_with_its_size_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.mp4");
        // Sparse: reading it would find a gigabyte of zeros.
        let size = 1 << 30;
        std::fs::File::create(&path).unwrap().set_len(size).unwrap();
        let error = File::from_path(&path).await.unwrap_err();
        assert!(matches!(error, FileError::TooLarge { bytes: Some(bytes) } if bytes == size));
        let text = error.to_string();
        for part in ["1073741824", "39321591", "smaller", "by URL"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[tokio::test]
    async fn an_endless_reader_is_left_where_it_is_too_large() {
        let mut reader = repeat(7).take(1 << 40);
        let error = File::from_reader("film.mp4", &mut reader)
            .await
            .unwrap_err();
        assert!(
            matches!(error, FileError::TooLarge { bytes: None }),
            "{error}"
        );
        let taken = (1_u64 << 40) - reader.limit();
        assert!(taken <= (File::BYTES_MAX + PIECE_BYTES) as u64, "{taken}");
    }

    #[tokio::test]
    async fn a_reader_that_fails_is_told_from_one_that_ends() {
        let broken = stepwise(vec![Ok(vec![1; 10]), Err(io::ErrorKind::BrokenPipe)]);
        let error = File::from_reader("a.bin", broken).await.unwrap_err();
        assert!(
            matches!(error, FileError::Unreadable { path: None, .. }),
            "{error}"
        );
    }

    /// A reader that gives one step per call.
    fn stepwise(steps: Vec<Result<Vec<u8>, io::ErrorKind>>) -> impl AsyncRead + Unpin {
        struct Steps(std::collections::VecDeque<Result<Vec<u8>, io::ErrorKind>>);

        impl AsyncRead for Steps {
            fn poll_read(
                mut self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
                buffer: &mut tokio::io::ReadBuf<'_>,
            ) -> std::task::Poll<io::Result<()>> {
                std::task::Poll::Ready(match self.0.pop_front() {
                    Some(Ok(bytes)) => {
                        buffer.put_slice(&bytes);
                        Ok(())
                    }
                    Some(Err(kind)) => Err(kind.into()),
                    None => Ok(()),
                })
            }
        }

        Steps(steps.into())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_a_reader_cuts_its_bytes_they_come_out_whole(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 1..40),
        ) {
            let whole = pieces.concat();
            let reader = stepwise(pieces.into_iter().map(Ok).collect());
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let file = runtime.block_on(File::from_reader("a.bin", reader)).unwrap();
            prop_assert_eq!(STANDARD.decode(encoded(&file)).unwrap(), whole);
        }
    }
}
