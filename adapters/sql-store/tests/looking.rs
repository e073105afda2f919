//! Looks at a database from outside: what is seen of one that another process makes or changes at the same moment.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![cfg(unix)]

mod scene;

use std::fs;
use std::path::Path;

use campaign_core::store::Store;
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
