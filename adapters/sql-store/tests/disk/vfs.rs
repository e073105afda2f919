//! SQLite's way to its files, with somebody on it who writes down what reaches them, in what order, and who can refuse it.
//!
//! It is registered as the default of this process, so that a store is opened as it always is. What it does not know it passes on to the
//! system's own; only syncs are never passed on, because what these tests lose they lose by what was written down.
#![allow(
    unsafe_code,
    reason = "SQLite calls a VFS by C functions on memory that it owns, and takes no other"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;
use std::slice;
use std::sync::{Arc, Once};

use rusqlite::ffi;

use super::{Call, Disk, Ink};

/// A file as SQLite has it. The system's own file follows it in the same memory, which SQLite reserves by `szOsFile`.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// Made by `Box::into_raw` when the file is opened and taken back when it is closed; null where nobody watches the file.
    watched: *mut Watched,
}

struct Watched {
    disk: Arc<Disk>,
    ink: Ink,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // The second version: files with shared memory, and none that are mapped into memory themselves.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes it the way to every database that this process opens from now on.
pub(super) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the system's VFS lives as long as the process, and so does the copy of it, which is leaked.
        unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
            let system = ffi::sqlite3_vfs_find(ptr::null());
            let own = Box::leak(Box::new(*system));
            own.zName = c"watched".as_ptr();
            own.szOsFile += size_of::<File>() as c_int;
            own.pAppData = system.cast();
            own.xOpen = Some(open);
            own.xDelete = Some(delete);
            assert_eq!(ffi::sqlite3_vfs_register(own, 1), ffi::SQLITE_OK);
        }
    });
}

/// Calls a method of the system's own file behind this one.
macro_rules! system {
    ($file:ident . $method:ident ( $($argument:expr),* )) => {{
        // SAFETY: SQLite hands over a file that `open` has filled, and none that was closed; what follows it is the system's file, whose
        // methods are there from its opening on.
        unsafe {
            let own = behind($file);
            match (*(*own).pMethods).$method {
                Some(method) => method(own $(, $argument)*),
                None => unreachable!("a method that the system's VFS has"),
            }
        }
    }};
}

/// Asks whoever watches the file; what is refused ends with that error.
macro_rules! ask {
    ($file:ident, $call:expr) => {
        if let Some(watched) = watched($file)
            && let Some(refused) = watched.disk.refuses($call)
        {
            return refused;
        }
    };
}

/// # Safety
/// The memory behind `file` is as large as `szOsFile` says.
unsafe fn behind(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: as the caller promises.
    unsafe { file.cast::<File>().add(1).cast() }
}

fn watched<'a>(file: *mut ffi::sqlite3_file) -> Option<&'a Watched> {
    // SAFETY: SQLite hands over a file that `open` has filled; what it points to lives until the file is closed, and is changed by nobody.
    unsafe { (*file.cast::<File>()).watched.as_ref() }
}

/// The file that a name of SQLite's means; it names none for a file that only it knows.
fn path<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: SQLite ends its names with NUL and keeps them during the call.
    let name = unsafe { CStr::from_ptr(name) };
    name.to_str().ok().map(Path::new)
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    mut flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let disk = path(name).and_then(Disk::of);
    let is_new = path(name).is_some_and(|path| !path.exists());
    // SAFETY: SQLite reserves as much memory for `file` as `szOsFile` says, and `pAppData` is the system's VFS.
    unsafe {
        let file = file.cast::<File>();
        (*file).base.pMethods = ptr::null();
        (*file).watched = ptr::null_mut();
        if let Some(disk) = &disk
            && let Some(refused) = disk.refuses(Call::Open)
        {
            if refused != ffi::SQLITE_READONLY {
                return refused;
            }
            flags &= !(ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE);
            flags |= ffi::SQLITE_OPEN_READONLY;
        }
        let system: *mut ffi::sqlite3_vfs = (*vfs).pAppData.cast();
        let Some(open) = (*system).xOpen else {
            return ffi::SQLITE_CANTOPEN;
        };
        let own = behind(file.cast());
        let opened = open(system, name, own, flags, flags_out);
        if !(*own).pMethods.is_null() {
            (*file).base.pMethods = &METHODS;
        }
        if opened == ffi::SQLITE_OK
            && let (Some(disk), Some(path)) = (disk, path(name))
        {
            // The first sync of a new journal makes the names in its folder durable too: so does the system's VFS.
            let journals = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
            let ink = disk.opened(path, is_new, flags & journals != 0);
            (*file).watched = Box::into_raw(Box::new(Watched { disk, ink }));
        }
        opened
    }
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    if let Some(path) = path(name)
        && let Some(disk) = Disk::of(path)
    {
        if let Some(refused) = disk.refuses(Call::Delete) {
            return refused;
        }
        disk.deleted(path, sync_folder != 0);
    }
    // SAFETY: `pAppData` is the system's VFS.
    unsafe {
        let system: *mut ffi::sqlite3_vfs = (*vfs).pAppData.cast();
        match (*system).xDelete {
            Some(delete) => delete(system, name, 0),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let closed = system!(file.xClose());
    // SAFETY: SQLite closes a file once and uses it no more.
    unsafe {
        let file = file.cast::<File>();
        if !(*file).watched.is_null() {
            drop(Box::from_raw((*file).watched));
            (*file).watched = ptr::null_mut();
        }
    }
    closed
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    ask!(file, Call::Write);
    if let Some(watched) = watched(file) {
        // SAFETY: SQLite lends so many bytes for the call.
        let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), length as usize) };
        watched.disk.written(&watched.ink, offset as usize, bytes);
    }
    system!(file.xWrite(bytes, length, offset))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    ask!(file, Call::Truncate);
    if let Some(watched) = watched(file) {
        watched.disk.truncated(&watched.ink, length as usize);
    }
    system!(file.xTruncate(length))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    if let Some(watched) = watched(file) {
        if let Some(refused) = watched.disk.refuses(Call::Sync) {
            watched.disk.lost(&watched.ink);
            return refused;
        }
        watched.disk.synced(&watched.ink);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    bytes: *mut c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    ask!(file, Call::Read);
    system!(file.xRead(bytes, length, offset))
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    ask!(file, Call::Size);
    system!(file.xFileSize(size))
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file.xLock(level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    system!(file.xUnlock(level))
}

unsafe extern "C" fn check_reserved_lock(
    file: *mut ffi::sqlite3_file,
    is_held: *mut c_int,
) -> c_int {
    system!(file.xCheckReservedLock(is_held))
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    what: c_int,
    argument: *mut c_void,
) -> c_int {
    system!(file.xFileControl(what, argument))
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file.xSectorSize())
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    system!(file.xDeviceCharacteristics())
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    memory: *mut *mut c_void,
) -> c_int {
    ask!(file, Call::Shared);
    system!(file.xShmMap(page, size, extend, memory))
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    system!(file.xShmLock(offset, count, flags))
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    system!(file.xShmBarrier());
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    system!(file.xShmUnmap(delete))
}
