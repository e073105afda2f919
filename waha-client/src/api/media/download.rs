//! Fetching files that the server keeps, piece by piece, and going on where a connection broke.

mod disk;
mod error;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub use error::DownloadError;

use super::Media;
use super::resume::{Head, Verdict, question, verdict};
use crate::client::WahaClient;
use crate::endpoint::{Repeat, Wait};
use crate::error::Error;
use crate::retry::{Next, is_passing};
use crate::transport::{Pieces, cut};
use crate::types::StoredFile;

/// The status of a part of a file (RFC 9110).
const PARTIAL: u16 = 206;

/// How a download may go about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct DownloadOptions {
    resumptions_max: u32,
    silence_max: Option<Duration>,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        Self {
            resumptions_max: 8,
            silence_max: None,
        }
    }
}

impl DownloadOptions {
    /// Up to 8 resumptions, and the client's time-out for downloads.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often in all the server may be asked again. Without a byte in between, the client's
    /// [`RetryPolicy`](crate::RetryPolicy) may end it sooner.
    pub fn resumptions_max(mut self, resumptions: u32) -> Self {
        self.resumptions_max = resumptions;
        self
    }

    /// The longest wait for the answer to begin and for each piece, instead of [`Timeouts::download`](crate::Timeouts).
    pub fn silence_max(mut self, silence: Duration) -> Self {
        self.silence_max = Some(silence);
        self
    }
}

impl Media<'_> {
    /// Begins to fetch a file that the server keeps, with the client's key, which WAHA asks for (recorded), and from the
    /// client's address.
    ///
    /// ```no_run
    /// # use waha_client::{Message, WahaClient};
    /// # async fn run(waha: WahaClient, message: Message) -> Result<(), Box<dyn std::error::Error>> {
    /// if let Some(media) = &message.media {
    ///     let file = media.stored_file()?;
    ///     waha.media().download(&file).await?.to_path(file.name()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the server does not answer with the file; passing errors are tried again as the client's policy says.
    pub async fn download(&self, file: &StoredFile) -> Result<Download, DownloadError> {
        self.download_with(file, DownloadOptions::default()).await
    }

    /// Like [`Media::download`], with options. That WAHA serves ranges is recorded.
    ///
    /// # Errors
    ///
    /// As [`Media::download`].
    pub async fn download_with(
        &self,
        file: &StoredFile,
        options: DownloadOptions,
    ) -> Result<Download, DownloadError> {
        let timeout = self.0.timeouts().of(Wait::Download);
        let mut download = Download {
            waha: self.0.clone(),
            file: file.clone(),
            silence_max: options.silence_max.unwrap_or(timeout),
            resumptions_left: options.resumptions_max,
            resumptions: 0,
            idle_breaks: 0,
            first: None,
            reading: Reading::Broken,
            received: 0,
            skip: 0,
        };
        download.connect().await?;
        Ok(download)
    }
}

/// A file on its way from the server.
///
/// Take it piece by piece with [`Download::chunk`], or whole with [`Download::to_path`] and [`Download::to_bytes`]. When
/// the connection breaks or falls silent, it goes on behind the last byte with a range request, if the server still has the
/// same version of the file (ETag, Last-Modified); the length announced is checked.
pub struct Download {
    waha: WahaClient,
    file: StoredFile,
    silence_max: Duration,
    resumptions_left: u32,
    resumptions: u32,
    /// Breaks in a row without a byte in between.
    idle_breaks: u32,
    /// The head of the version that is being read.
    first: Option<Head>,
    reading: Reading,
    received: u64,
    /// Bytes to come that were had already.
    skip: u64,
}

enum Reading {
    Open(Pieces),
    /// To be taken up again, which is counted already: a wait that is dropped goes on here.
    Interrupted,
    /// Not to be taken up without a pause.
    Broken,
    Done,
}

/// What comes next.
enum Part {
    Bytes(Bytes),
    /// The file begins anew: what came belongs to another version.
    Anew,
    End,
}

/// What an answer means for the parts handed out.
enum Reopened {
    Fits,
    Anew,
}

impl Download {
    /// The size of the file in bytes, where the server tells it.
    pub fn size(&self) -> Option<u64> {
        self.first.as_ref()?.total
    }

    /// The type of the file as the server tells it.
    pub fn content_type(&self) -> Option<&str> {
        self.first.as_ref()?.content_type.as_deref()
    }

    /// How many bytes have come of this version of the file.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How often the server was asked again.
    pub fn resumptions(&self) -> u32 {
        self.resumptions
    }

    /// The next piece, of whatever length; `None` when the file is whole. Dropping the future loses no byte and costs no
    /// resumption.
    ///
    /// # Errors
    ///
    /// When the connection broke and could not be taken up again. [`DownloadError::Changed`] says that the pieces so far are
    /// of no use; the next call gives the start of the file as it is now.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, DownloadError> {
        let received = self.received;
        match self.part().await? {
            Part::Bytes(bytes) => Ok(Some(bytes)),
            Part::Anew => Err(DownloadError::Changed { received }),
            Part::End => Ok(None),
        }
    }

    /// The whole file in memory, up to `bytes_max`.
    ///
    /// # Errors
    ///
    /// [`DownloadError::TooLarge`], before anything is read where the server tells the size; and as [`Download::chunk`], but
    /// a file that changed is begun anew.
    pub async fn to_bytes(mut self, bytes_max: usize) -> Result<Bytes, DownloadError> {
        let mut all = BytesMut::new();
        loop {
            let size = self.size();
            if size.is_some_and(|size| size > bytes_max as u64) {
                return Err(DownloadError::TooLarge {
                    bytes: size,
                    bytes_max,
                });
            }
            match self.part().await? {
                Part::Bytes(bytes) if all.len() + bytes.len() > bytes_max => {
                    return Err(DownloadError::TooLarge {
                        bytes: None,
                        bytes_max,
                    });
                }
                Part::Bytes(bytes) => all.extend_from_slice(&bytes),
                Part::Anew => all.clear(),
                Part::End => return Ok(all.freeze()),
            }
        }
    }

    async fn part(&mut self) -> Result<Part, DownloadError> {
        loop {
            let error = match &mut self.reading {
                Reading::Done => return Ok(Part::End),
                Reading::Interrupted => None,
                Reading::Broken => Some(cut(PARTIAL)),
                Reading::Open(pieces) => {
                    let status = pieces.status();
                    match pieces.next(self.silence_max).await {
                        Ok(Some(bytes)) => match self.taken(bytes)? {
                            Some(bytes) => return Ok(Part::Bytes(bytes)),
                            None => continue,
                        },
                        Ok(None) if self.is_whole() => {
                            self.reading = Reading::Done;
                            continue;
                        }
                        Ok(None) => Some(cut(status)),
                        Err(error) => Some(error),
                    }
                }
            };
            if let Some(error) = error {
                self.pause(error).await?;
            }
            let reopened = self.connect().await;
            if reopened.is_err() {
                self.reading = Reading::Broken;
            }
            if let Reopened::Anew = reopened? {
                return Ok(Part::Anew);
            }
        }
    }

    /// Counts a piece, without the part of it that was had already; `None` when that is all of it.
    fn taken(&mut self, mut bytes: Bytes) -> Result<Option<Bytes>, DownloadError> {
        let known = usize::try_from(self.skip).map_or(bytes.len(), |skip| skip.min(bytes.len()));
        let bytes = bytes.split_off(known);
        self.skip -= known as u64;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.received += bytes.len() as u64;
        self.idle_breaks = 0;
        match self.size() {
            Some(expected) if self.received > expected => {
                self.reading = Reading::Broken;
                Err(DownloadError::WrongLength {
                    received: self.received,
                    expected,
                })
            }
            _ => Ok(Some(bytes)),
        }
    }

    fn is_whole(&self) -> bool {
        self.skip == 0 && self.size().is_none_or(|size| self.received == size)
    }

    /// Asks until there is an answer that can be used, and sets `reading` to it.
    async fn connect(&mut self) -> Result<Reopened, DownloadError> {
        let mut ask_for_whole = false;
        loop {
            let comparable = self.first.as_ref().filter(|_| !ask_for_whole);
            let headers = question(comparable, self.received);
            let transport = self.waha.transport();
            let opened = transport.open(&self.file, headers, self.silence_max).await;
            let pieces = match opened {
                Ok(pieces) => pieces,
                Err(error) => {
                    self.pause(error).await?;
                    continue;
                }
            };
            let head = Head::read(pieces.status(), pieces.headers());
            self.skip = 0;
            match verdict(self.first.as_ref(), &head, self.received) {
                Verdict::GoesOn => {
                    if let Some(first) = &mut self.first {
                        first.total = first.total.or(head.total);
                    }
                    self.reading = Reading::Open(pieces);
                }
                Verdict::WholeAgain => {
                    self.skip = self.received;
                    self.reading = Reading::Open(pieces);
                }
                Verdict::Complete => self.reading = Reading::Done,
                Verdict::Anew => {
                    let had_some = self.received > 0;
                    self.first = Some(head);
                    self.received = 0;
                    self.reading = Reading::Open(pieces);
                    if had_some {
                        return Ok(Reopened::Anew);
                    }
                }
                Verdict::AskForWhole if ask_for_whole => {
                    return Err(DownloadError::Unexpected(
                        "a part came, although the whole was asked for",
                    ));
                }
                Verdict::AskForWhole => {
                    ask_for_whole = true;
                    continue;
                }
                Verdict::Unusable(what) => return Err(DownloadError::Unexpected(what)),
            }
            return Ok(Reopened::Fits);
        }
    }

    /// Waits before the server is asked again, or gives up with what `error` means.
    async fn pause(&mut self, error: Error) -> Result<(), DownloadError> {
        self.reading = Reading::Broken;
        if !is_passing(&error) {
            return Err(error.into());
        }
        self.idle_breaks += 1;
        let seed = RandomState::new().build_hasher().finish();
        let policy = self.waha.retry_policy();
        let next = policy.after(Repeat::Safe, &error, self.idle_breaks, seed);
        match next {
            Next::Wait(delay) if self.resumptions_left > 0 => {
                self.resumptions_left -= 1;
                self.resumptions += 1;
                self.reading = Reading::Interrupted;
                // Not the error's text: it may quote the server.
                let (status, received) = (error.status(), self.received);
                tracing::debug!(status, received, ?delay, "taking a download up again");
                tokio::time::sleep(delay).await;
                Ok(())
            }
            _ if self.first.is_none() => Err(error.into()),
            _ => Err(DownloadError::Broken {
                received: self.received,
                resumptions: self.resumptions,
                source: error,
            }),
        }
    }
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Download")
            .field("file", &self.file)
            .field("size", &self.size())
            .field("received", &self.received)
            .field("resumptions", &self.resumptions)
            .finish_non_exhaustive()
    }
}
