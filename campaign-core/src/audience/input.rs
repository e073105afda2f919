//! Where a list lies: in a file, or in memory. Whoever reads it asks for it from the beginning, as often as need be.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AudienceError;

/// A list that can be read again and again.
#[derive(Clone)]
pub(super) struct Input {
    /// The file, or what the bytes are called: for errors.
    name: PathBuf,
    /// The list itself, where it is not in the file of that name.
    bytes: Option<Bytes>,
}

impl Input {
    pub(super) fn file(path: &Path) -> Self {
        Self {
            name: path.to_owned(),
            bytes: None,
        }
    }

    pub(super) fn memory(name: PathBuf, bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self {
            name,
            bytes: Some(Bytes(Arc::new(bytes))),
        }
    }

    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// A reader that stands at the beginning.
    pub(super) fn open(&self) -> io::Result<Opened> {
        Ok(match &self.bytes {
            Some(bytes) => Opened::Memory(Cursor::new(bytes.clone())),
            None => Opened::File(File::open(&self.name)?),
        })
    }

    /// The first `len` bytes, or as many as there are.
    pub(super) fn head(&self, len: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(len).read_to_end(&mut head)?;
        Ok(head)
    }

    /// The error of a list that cannot be read.
    pub(super) fn unreadable(&self, source: io::Error) -> AudienceError {
        AudienceError::Unreadable {
            path: self.name.clone(),
            source,
        }
    }
}

/// Bytes of whatever kind, shared by all who read them.
#[derive(Clone)]
pub(super) struct Bytes(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// A list that is being read.
pub(super) enum Opened {
    File(File),
    Memory(Cursor<Bytes>),
}

impl Opened {
    /// How much is worth reading at once, at most `max`: room for more than there is would only be cleared.
    pub(super) fn chunk_bytes(&self, max: usize) -> usize {
        match self {
            Self::File(_) => max,
            Self::Memory(memory) => memory.get_ref().as_ref().len().clamp(1, max),
        }
    }
}

impl Read for Opened {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(memory) => memory.read(buffer),
        }
    }
}

impl Seek for Opened {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(memory) => memory.seek(to),
        }
    }
}
