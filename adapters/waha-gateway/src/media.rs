//! Images and files as WAHA takes them: an address is passed on, a file of this machine is read, checked and encoded.
//!
//! A campaign often sends one file to everybody, so the last few are kept encoded, until they change on disk. Whether a
//! file lies where it may lie is checked before a campaign starts, not here.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use campaign_core::message::{MEDIA_BYTES_MAX, MediaSource, MessageKind};
use tokio::sync::Mutex;
use waha_client::File;

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
        let name = source.file_name();
        let mimetype = mimetype(kind, name.as_deref());
        match source {
            MediaSource::Url(url) => Ok(Arc::new(named(
                File::from_url(mimetype, url.as_str()),
                name,
            ))),
            MediaSource::Path(path) => self.read(kind, path, mimetype, name).await,
            _ => Err(MediaProblem {
                text: "this kind of place for a file is not known here".to_owned(),
                may_pass: false,
            }),
        }
    }

    async fn read(
        &self,
        kind: MessageKind,
        path: &Path,
        mimetype: String,
        name: Option<String>,
    ) -> Result<Arc<File>, MediaProblem> {
        let path = match &self.folder {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        };
        // Held while reading: whoever wants the same file waits for it instead of reading it too.
        let mut kept = self.kept.lock().await;
        let looked_at = path.clone();
        let key = blocking(move || look_at(kind, &looked_at)).await?;
        if let Some(at) = kept.iter().position(|kept| kept.key == key)
            && let Some(found) = kept.remove(at)
        {
            let file = Arc::clone(&found.file);
            kept.push_front(found);
            return Ok(file);
        }
        let file = blocking(move || {
            let bytes =
                std::fs::read(&path).map_err(|error| MediaProblem::reading(&path, &error))?;
            check_size(bytes.len() as u64)?;
            Ok(Arc::new(named(File::from_bytes(mimetype, bytes), name)))
        })
        .await?;
        kept.retain(|kept| kept.key.path != key.path || kept.key.kind != key.kind);
        kept.push_front(Kept {
            key,
            file: Arc::clone(&file),
        });
        let mut total = 0;
        let fitting = kept.iter().take_while(|kept| {
            total += kept.file.encoded_len();
            total <= KEPT_BYTES_MAX
        });
        let keep = fitting.count().min(KEPT_MAX);
        kept.truncate(keep);
        Ok(file)
    }
}

fn look_at(kind: MessageKind, path: &Path) -> Result<Key, MediaProblem> {
    let metadata = std::fs::metadata(path).map_err(|error| MediaProblem::reading(path, &error))?;
    if !metadata.is_file() {
        return Err(MediaProblem::for_good(format!(
            "{} is not a file",
            path.display()
        )));
    }
    check_size(metadata.len())?;
    Ok(Key {
        kind,
        path: path.to_owned(),
        modified: metadata.modified().ok(),
        bytes: metadata.len(),
    })
}

fn check_size(bytes: u64) -> Result<(), MediaProblem> {
    if bytes > MEDIA_BYTES_MAX {
        return Err(MediaProblem::for_good(format!(
            "the file has {bytes} bytes, at most {MEDIA_BYTES_MAX} fit into a request: make it smaller, or send it by its address"
        )));
    }
    Ok(())
}

/// What WAHA is told about a file's content, by its name's extension.
fn mimetype(kind: MessageKind, name: Option<&str>) -> String {
    let guessed = name.and_then(|name| mime_guess::from_path(name).first_raw());
    let otherwise = match kind {
        // WhatsApp shows nothing else as a picture.
        MessageKind::Image => "image/jpeg",
        MessageKind::Text | MessageKind::File => "application/octet-stream",
    };
    guessed.unwrap_or(otherwise).to_owned()
}

fn named(file: File, name: Option<String>) -> File {
    match name {
        Some(name) => file.named(name),
        None => file,
    }
}

/// Runs work on files where blocking does no harm.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MediaProblem> + Send + 'static,
) -> Result<T, MediaProblem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(MediaProblem {
            text: "reading the file was interrupted".to_owned(),
            may_pass: true,
        }),
    }
}

impl MediaProblem {
    fn for_good(text: String) -> Self {
        Self {
            text,
            may_pass: false,
        }
    }

    fn reading(path: &Path, error: &io::Error) -> Self {
        let path = path.display();
        match error.kind() {
            io::ErrorKind::NotFound => Self::for_good(format!("there is no file {path}")),
            io::ErrorKind::PermissionDenied => {
                Self::for_good(format!("{path} may not be read: change its permissions"))
            }
            _ => Self {
                text: format!("{path} cannot be read: {error}"),
                may_pass: true,
            },
        }
    }
}
