//! A download on disk: whole, or not there.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::{Download, DownloadError, Part};

impl Download {
    /// The whole file on disk. Returns its size in bytes.
    ///
    /// It is written under a temporary name in the same folder, brought to the disk and renamed when it is whole, so that
    /// nobody sees a part of it; a file that has the name already is replaced. The temporary file is removed on errors and
    /// when the future is dropped. On Unix only the owner can read the file.
    ///
    /// # Errors
    ///
    /// [`DownloadError::Disk`], and as [`Download::chunk`], but a file that changed is begun anew.
    pub async fn to_path(mut self, path: impl AsRef<Path>) -> Result<u64, DownloadError> {
        let path = path.as_ref();
        let disk = |source| DownloadError::Disk {
            path: path.to_owned(),
            source,
        };
        let (mut file, temporary) = beside(path).await.map_err(disk)?;
        loop {
            let written = match self.part().await? {
                Part::Bytes(bytes) => file.write_all(&bytes).await,
                Part::Anew => emptied(&mut file).await,
                Part::End => break,
            };
            written.map_err(disk)?;
        }
        file.flush().await.map_err(disk)?;
        file.sync_all().await.map_err(disk)?;
        drop(file);
        let target = path.to_owned();
        let renamed = blocking(move || temporary.persist(target).map_err(|error| error.error));
        renamed.await.map_err(disk)?;
        Ok(self.received)
    }
}

/// A file under a temporary name in the folder of `path`.
async fn beside(path: &Path) -> io::Result<(tokio::fs::File, TempPath)> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let (file, temporary) = blocking(move || {
        tempfile::Builder::new()
            .prefix(".")
            .suffix(".part")
            .tempfile_in(folder)
            .map(NamedTempFile::into_parts)
    })
    .await?;
    Ok((tokio::fs::File::from_std(file), temporary))
}

async fn emptied(file: &mut tokio::fs::File) -> io::Result<()> {
    file.flush().await?;
    file.set_len(0).await?;
    file.seek(SeekFrom::Start(0)).await.map(|_| ())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(io::Error::other(error)),
    }
}
