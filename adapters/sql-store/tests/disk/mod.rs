//! A disk that remembers what was written to it, and what of that was synced: from it comes what a loss of power leaves at any moment.
//! It can also refuse what SQLite asks of it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod vfs;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_int;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::scene::Draws;

/// What is written to it at once, whatever else happens.
const SECTOR: usize = 512;

/// What SQLite asks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Refused with `SQLITE_READONLY`, the file is opened to be read.
    Open,
    Read,
    Write,
    Truncate,
    Size,
    /// Refused, it loses what was written since the last one.
    Sync,
    Delete,
    /// The memory that connections share.
    Shared,
}

/// What happened to the files of a folder.
#[derive(Debug, Clone)]
enum Op {
    Created {
        name: String,
        file: usize,
    },
    Written {
        file: usize,
        offset: usize,
        bytes: Vec<u8>,
        /// A sector holds it: it is there as a whole, or not at all.
        is_whole: bool,
    },
    Truncated {
        file: usize,
        length: usize,
    },
    Synced {
        file: usize,
        with_names: bool,
    },
    /// A sync failed: what was written since the one before it has reached the disk or not, and no later sync makes up for it.
    Lost {
        file: usize,
    },
    Deleted {
        name: String,
        with_names: bool,
    },
}

/// Which file somebody writes to.
struct Ink {
    file: usize,
}

type Refusal = Box<dyn FnMut(Call) -> Option<c_int> + Send>;

#[derive(Default)]
struct State {
    ops: Vec<Op>,
    names: BTreeMap<String, usize>,
    files: usize,
    /// Journals whose first sync is still to come.
    unnamed: BTreeSet<usize>,
    refusal: Option<Refusal>,
}

/// The files of one folder.
pub(crate) struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

static DISKS: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

impl Disk {
    /// Watches a folder from now on; what is there is there for sure.
    pub(crate) fn watching(folder: &Path) -> Arc<Self> {
        vfs::register();
        let disk = Arc::new(Self {
            folder: folder.canonicalize().unwrap(),
            state: Mutex::default(),
        });
        {
            let mut state = disk.state();
            disk.read_unknown(&mut state);
            if let Some(file) = state.files.checked_sub(1) {
                state.ops.push(Op::Synced {
                    file,
                    with_names: true,
                });
            }
        }
        let mut disks = DISKS.lock().unwrap();
        disks.retain(|known| known.strong_count() > 0);
        disks.push(Arc::downgrade(&disk));
        disk
    }

    fn of(path: &Path) -> Option<Arc<Self>> {
        let disks = DISKS.lock().unwrap();
        let mut disks = disks.iter().filter_map(Weak::upgrade);
        disks.find(|disk| path.parent() == Some(&disk.folder))
    }

    /// Whatever this answers with an error of SQLite's is refused from now on.
    pub(crate) fn refuse(&self, refusal: impl FnMut(Call) -> Option<c_int> + Send + 'static) {
        self.state().refusal = Some(Box::new(refusal));
    }

    /// Nothing is refused any more.
    pub(crate) fn mend(&self) {
        self.state().refusal = None;
    }

    /// A file that is not SQLite's has been written, or been synced as well.
    pub(crate) fn note(&self, name: &str, is_synced: bool) {
        let mut state = self.state();
        let file = self.read(&mut state, name);
        if is_synced {
            state.ops.push(Op::Synced {
                file,
                with_names: false,
            });
        }
    }

    /// How much has happened so far.
    pub(crate) fn now(&self) -> usize {
        self.state().ops.len()
    }

    /// The moments right after a sync, be it that it failed.
    pub(crate) fn syncs(&self) -> Vec<usize> {
        let state = self.state();
        let numbered = state.ops.iter().zip(1..);
        numbered
            .filter_map(|(op, number)| {
                matches!(op, Op::Synced { .. } | Op::Lost { .. }).then_some(number)
            })
            .collect()
    }

    /// What is on the disk when the power fails at a moment.
    pub(crate) fn cut(&self, at: usize, what_else: &mut Survives<'_>) -> Image {
        let state = self.state();
        let mut left = Left::default();
        for op in &state.ops[..at] {
            left.take(op, what_else, || true);
        }
        left.image(what_else)
    }

    /// The same of a disk on which, of so many writes that it said it had synced, one never arrived.
    pub(crate) fn cut_of_a_liar(&self, at: usize, draws: &mut Draws, one_in: usize) -> Image {
        let state = self.state();
        let mut left = Left::default();
        for op in &state.ops[..at] {
            left.take(op, &mut Survives::Nothing, || !draws.is_one_in(one_in));
        }
        left.image(&mut Survives::Nothing)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn refuses(&self, call: Call) -> Option<c_int> {
        let refusal = &mut self.state().refusal;
        refusal.as_mut().and_then(|refusal| refusal(call))
    }

    fn opened(&self, path: &Path, is_new: bool, is_journal: bool) -> Ink {
        let mut state = self.state();
        let name = name(path);
        if is_new {
            state.names.remove(&name);
        }
        let is_known = state.names.contains_key(&name);
        let file = state.file(&name);
        if is_journal && !is_known {
            state.unnamed.insert(file);
        }
        Ink { file }
    }

    fn written(&self, ink: &Ink, offset: usize, bytes: &[u8]) {
        self.state().ops.push(Op::Written {
            file: ink.file,
            offset,
            bytes: bytes.to_vec(),
            is_whole: false,
        });
    }

    fn truncated(&self, ink: &Ink, length: usize) {
        self.state().ops.push(Op::Truncated {
            file: ink.file,
            length,
        });
    }

    fn synced(&self, ink: &Ink) {
        let mut state = self.state();
        let with_names = state.unnamed.remove(&ink.file);
        if with_names {
            self.read_unknown(&mut state);
        }
        state.ops.push(Op::Synced {
            file: ink.file,
            with_names,
        });
    }

    fn lost(&self, ink: &Ink) {
        self.state().ops.push(Op::Lost { file: ink.file });
    }

    /// Takes a file as it is now for what was written last.
    fn read(&self, state: &mut State, name: &str) -> usize {
        let bytes = fs::read(self.folder.join(name)).unwrap();
        let file = state.file(name);
        state.ops.push(Op::Written {
            file,
            offset: 0,
            is_whole: bytes.len() <= SECTOR,
            bytes,
        });
        file
    }

    /// Files that are not SQLite's: whoever made them has synced them, and their names become durable with those of SQLite's own.
    fn read_unknown(&self, state: &mut State) {
        for entry in fs::read_dir(&self.folder).unwrap() {
            let name = name(&entry.unwrap().path());
            if !name.ends_with("-shm") && !state.names.contains_key(&name) {
                let file = self.read(state, &name);
                state.ops.push(Op::Synced {
                    file,
                    with_names: false,
                });
            }
        }
    }

    fn deleted(&self, path: &Path, with_names: bool) {
        let mut state = self.state();
        let name = name(path);
        if state.names.remove(&name).is_some() {
            state.ops.push(Op::Deleted { name, with_names });
        }
    }
}

impl State {
    /// The file of this name, made where there is none.
    fn file(&mut self, name: &str) -> usize {
        if let Some(file) = self.names.get(name) {
            return *file;
        }
        let file = self.files;
        self.files += 1;
        self.names.insert(name.to_owned(), file);
        self.ops.push(Op::Created {
            name: name.to_owned(),
            file,
        });
        file
    }
}

/// What was written and not synced is on the disk all the same, or not.
pub(crate) enum Survives<'a> {
    Nothing,
    Everything,
    /// Each write and each name by chance, in any order, and of a write any of its sectors, each of which may be torn.
    Some(&'a mut Draws),
}

impl Survives<'_> {
    fn one(&mut self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Some(draws) => draws.is_one_in(2),
        }
    }

    /// How much of the end of a sector did not reach it.
    fn torn_off(&mut self, length: usize) -> usize {
        match self {
            Self::Some(draws) => draws.below(length * 16).saturating_sub(length * 15),
            _ => 0,
        }
    }
}

/// The files of a folder, by name.
#[derive(Default)]
pub(crate) struct Image(BTreeMap<String, Vec<u8>>);

impl Image {
    /// The same with one file of another.
    pub(crate) fn with(&self, name: &str, other: &Self) -> Self {
        let mut files = self.0.clone();
        if let Some(bytes) = other.0.get(name) {
            files.insert(name.to_owned(), bytes.clone());
        }
        Self(files)
    }

    pub(crate) fn put_into(&self, folder: &Path) {
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

/// What a disk holds for sure, and what it may hold.
#[derive(Default)]
struct Left<'a> {
    names: BTreeMap<&'a str, usize>,
    names_for_sure: BTreeMap<&'a str, usize>,
    files: BTreeMap<usize, (Vec<u8>, Vec<&'a Op>)>,
}

impl<'a> Left<'a> {
    fn take(&mut self, op: &'a Op, lost: &mut Survives<'_>, mut is_true: impl FnMut() -> bool) {
        match op {
            Op::Created { name, file } => {
                self.names.insert(name, *file);
                self.files.insert(*file, Default::default());
            }
            Op::Written { file, .. } | Op::Truncated { file, .. } => {
                self.files.get_mut(file).unwrap().1.push(op);
            }
            Op::Synced { file, with_names } => {
                let (bytes, waiting) = self.files.get_mut(file).unwrap();
                for op in waiting.drain(..).filter(|_| is_true()) {
                    apply(bytes, op, &mut Survives::Everything);
                }
                if *with_names {
                    self.names_for_sure = self.names.clone();
                }
            }
            Op::Lost { file } => {
                let (bytes, waiting) = self.files.get_mut(file).unwrap();
                for op in waiting.drain(..) {
                    apply(bytes, op, lost);
                }
            }
            Op::Deleted { name, with_names } => {
                self.names.remove(name.as_str());
                if *with_names {
                    self.names_for_sure = self.names.clone();
                }
            }
        }
    }

    fn image(self, what_else: &mut Survives<'_>) -> Image {
        let all: BTreeSet<&str> = self
            .names
            .keys()
            .chain(self.names_for_sure.keys())
            .copied()
            .collect();
        let mut image = BTreeMap::new();
        for name in all {
            let (sure, now) = (self.names_for_sure.get(name), self.names.get(name));
            let file = if sure == now || what_else.one() {
                now
            } else {
                sure
            };
            let Some(file) = file else { continue };
            let (bytes, waiting) = &self.files[file];
            let mut bytes = bytes.clone();
            for op in waiting {
                apply(&mut bytes, op, what_else);
            }
            image.insert(name.to_owned(), bytes);
        }
        Image(image)
    }
}

fn apply(file: &mut Vec<u8>, op: &Op, what: &mut Survives<'_>) {
    match op {
        Op::Truncated { length, .. } if what.one() => file.resize(*length, 0),
        Op::Written {
            offset,
            bytes,
            is_whole,
            ..
        } => {
            let mut from = 0;
            while from < bytes.len() {
                // Up to the next boundary of a sector.
                let room = SECTOR - (offset + from) % SECTOR;
                let until = bytes.len().min(from + room);
                if what.one() {
                    let torn_off = match is_whole {
                        true => 0,
                        false => what.torn_off(until - from),
                    };
                    let kept = until - torn_off;
                    let end = offset + kept;
                    if file.len() < end {
                        file.resize(end, 0);
                    }
                    file[offset + from..end].copy_from_slice(&bytes[from..kept]);
                }
                from = until;
            }
        }
        _ => {}
    }
}
