//! Looks at a database from outside: what is seen of one that another process makes or changes at the same moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod disk;
mod scene;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use campaign_core::store::Store;
use disk::{Call, Disk};
use scene::*;
use sql_store::{Depth, Inspection, inspect};

fn look(path: &Path) -> Inspection {
    inspect(path, Depth::Quick).unwrap().unwrap()
}

/// A crash can end the making of a database after any of its steps.
#[tokio::test]
async fn a_database_that_was_begun_and_not_filled_holds_nothing_yet_and_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made.db");
    fs::write(&made, "").unwrap();
    let in_wal_mode = folder.path().join("wal.db");
    let connection = rusqlite::Connection::open(&in_wal_mode).unwrap();
    connection
        .pragma_update(None, "journal_mode", "wal")
        .unwrap();
    drop(connection);
    assert!(fs::metadata(&in_wal_mode).unwrap().len() > 0);
    for path in [made, in_wal_mode] {
        for depth in [Depth::Quick, Depth::Thorough] {
            assert!(inspect(&path, depth).unwrap().is_none(), "{path:?}");
        }
        let store = open(&path);
        running(&store, "tagihan", 2).await;
        assert!(!store.take_over(at(1)).await.unwrap().is_restored);
        assert_eq!(look(&path).deliveries, 2);
    }
}

/// What a look has read of a file without a log may be of two moments: it counts where nobody wrote to the file meanwhile.
#[tokio::test]
async fn a_look_during_which_the_file_changed_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    imported(&open(&path), "tagihan", 5).await;
    let before = fs::read(&path).unwrap();
    imported(&open(&path), "promo", 500).await;
    let after = fs::read(&path).unwrap();
    assert!(!path.with_extension("db-wal").exists());
    fs::write(&path, before).unwrap();

    let disk = Disk::watching(folder.path());
    let reads = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&reads);
    disk.refuse(move |call| {
        count.fetch_add(usize::from(call == Call::Read), Ordering::Relaxed);
        None
    });
    assert_eq!(look(&path).campaigns, 1);

    // The campaigns have been counted by the time of the last read.
    let mut left = reads.load(Ordering::Relaxed);
    let changed = path.clone();
    disk.refuse(move |call| {
        left = left.wrapping_sub(usize::from(call == Call::Read));
        if left == 0 && call == Call::Read {
            fs::write(&changed, &after).unwrap();
        }
        None
    });
    assert_eq!(look(&path).campaigns, 2);
}

/// When a process closes a file, POSIX ends all locks that it has on it: a look that opened the database by hand as well would lose its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_look_at_what_a_crash_left_keeps_its_lock_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    {
        let running_process = tempfile::tempdir().unwrap();
        let store = open(running_process.path().join("campaigns.db"));
        running(&store, "tagihan", 5).await;
        for file in files(running_process.path()) {
            fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    let disk = Disk::watching(folder.path());
    let is_locked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&is_locked);
    let looked_at = path.clone();
    disk.refuse(move |_| {
        seen.lock().unwrap().push(is_locked_by_us(&looked_at));
        None
    });
    assert_eq!(look(&path).deliveries, 5);
    let is_locked = is_locked.lock().unwrap();
    let mut since = is_locked.iter().skip_while(|is_locked| !**is_locked);
    assert!(since.next().is_some(), "it was never locked: {is_locked:?}");
    assert!(since.all(|is_locked| *is_locked), "{is_locked:?}");
}
