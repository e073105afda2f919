//! Images and files as WAHA takes them: an address is passed on, a file of this machine is read and encoded.
//!
//! A campaign often sends one file to everybody, so the last few are kept encoded, until they change on disk. Whether a
//! file lies where it may lie is checked before a campaign starts, not here.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use std::{fs, io};

use campaign_core::message::{MediaSource, MessageKind};
use tokio::sync::Mutex;
use waha_client::{File, FileError};

/// Encoded files kept, and their bytes in all.
const KEPT_MAX: usize = 8;
const KEPT_BYTES_MAX: usize = 72 * 1024 * 1024;

/// Why a file cannot be sent.
#[derive(Debug)]
pub(crate) struct MediaProblem {
    /// In words, for the operator.
    pub(crate) text: String,
    /// Trying again later may do.
    pub(crate) may_pass: bool,
}

/// Reads files, and keeps the last few.
pub(crate) struct MediaFiles {
    folder: Option<PathBuf>,
    kept: Mutex<VecDeque<Kept>>,
}

struct Kept {
    key: Key,
    file: Arc<File>,
}

/// One state of one file, as it is sent for one kind of message.
#[derive(PartialEq, Eq, Clone)]
struct Key {
    kind: MessageKind,
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

impl MediaFiles {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            kept: Mutex::default(),
        }
    }

    /// The file of a message.
    pub(crate) async fn file(
        &self,
        kind: MessageKind,
        source: &MediaSource,
    ) -> Result<Arc<File>, MediaProblem> {
        match source {
            MediaSource::Url(url) => Ok(Arc::new(fitting(File::from_named_url(&**url)?, kind))),
            MediaSource::Path(path) => Ok(self.read(kind, path).await?),
            _ => Err(MediaProblem {
                text: "this kind of place for a file is not known here".to_owned(),
                may_pass: false,
            }),
        }
    }

    async fn read(&self, kind: MessageKind, path: &Path) -> Result<Arc<File>, FileError> {
        let path = match &self.folder {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        };
        // Held while reading: whoever wants the same file waits for it instead of reading it too.
        let mut kept = self.kept.lock().await;
        // Looked at before it is read, so that a change in between is seen the next time. What cannot be looked at cannot
        // be read either, which says why.
        let key = tokio::fs::metadata(&path)
            .await
            .ok()
            .map(|found| Key::of(kind, &path, &found));
        if let Some(key) = &key
            && let Some(at) = kept.iter().position(|kept| kept.key == *key)
            && let Some(found) = kept.remove(at)
        {
            let file = Arc::clone(&found.file);
            kept.push_front(found);
            return Ok(file);
        }
        let file = Arc::new(fitting(File::from_path(&path).await?, kind));
        if let Some(key) = key {
            keep(&mut kept, key, &file);
        }
        Ok(file)
    }
}

impl Key {
    fn of(kind: MessageKind, path: &Path, found: &fs::Metadata) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            modified: found.modified().ok(),
            bytes: found.len(),
        }
    }
}

/// In place of what was kept of the same file, and of the oldest where room is short.
fn keep(kept: &mut VecDeque<Kept>, key: Key, file: &Arc<File>) {
    kept.retain(|kept| kept.key.path != key.path || kept.key.kind != key.kind);
    kept.push_front(Kept {
        key,
        file: Arc::clone(file),
    });
    let mut total = 0;
    let fitting = kept.iter().take_while(|kept| {
        total += kept.file.encoded_len();
        total <= KEPT_BYTES_MAX
    });
    let keep = fitting.count().min(KEPT_MAX);
    kept.truncate(keep);
}

/// A picture that nothing tells the type of goes as JPEG: WhatsApp shows nothing else as a picture.
fn fitting(file: File, kind: MessageKind) -> File {
    match kind {
        MessageKind::Image if file.mimetype() == "application/octet-stream" => {
            file.of_kind("image/jpeg")
        }
        MessageKind::Image | MessageKind::Text | MessageKind::File => file,
    }
}

impl From<FileError> for MediaProblem {
    fn from(error: FileError) -> Self {
        let may_pass = match &error {
            FileError::Unreadable { source, .. } => {
                source.kind() != io::ErrorKind::PermissionDenied
            }
            FileError::Missing { .. }
            | FileError::NotAFile { .. }
            | FileError::TooLarge { .. }
            | FileError::Empty
            | FileError::Url => false,
            // A reason that this version of the client did not have: tried again a few times.
            _ => true,
        };
        Self {
            text: error.to_string(),
            may_pass,
        }
    }
}
