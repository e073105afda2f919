//! A database that is gone, beside the file that knows it was sent from: whoever imports the list again would write to everybody twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use campaign_core::store::{Store, StoreError};
use scene::*;
use sql_store::{Depth, Existing, Options, SqliteStore, Trouble, TroubleKind, inspect, restore};

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn is_lost<T>(result: Result<T, StoreError>) -> bool {
    let told = result.err().map(|error| (Trouble::kind_of(&error), error));
    match told {
        Some((Some(TroubleKind::Lost), error)) => {
            let told = error.to_string();
            ["restore a backup", "campaigns.db.seen"]
                .iter()
                .all(|it| told.contains(it))
        }
        _ => false,
    }
}

#[tokio::test]
async fn a_database_that_was_sent_from_is_not_made_anew() {
    let before = tempfile::tempdir().unwrap();
    let path = before.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "tagihan", 5).await;
    let lane = lane(&store).await;
    commit(&store, 1, vec![journal(&lane, campaign, 0)]).await;
    let backup = before.path().join("backup.db");
    store.backup(&backup).await.unwrap();
    // As the power would leave them: nearly all of it is in the log.
    let left = files(before.path());
    let [main, log, seen] = ["", "-wal", ".seen"]
        .map(|ending| left[&before.path().join(format!("campaigns.db{ending}"))].clone());
    assert!(!main.is_empty() && main.len() < log.len(), "{}", main.len());

    let nothing = Vec::new();
    let losses = [
        ("gone", None, None),
        ("gone, and its log left", None, Some(&log)),
        ("emptied", Some(&nothing), None),
        ("emptied, and its log left", Some(&nothing), Some(&log)),
        ("robbed of its log", Some(&main), None),
    ];
    for (loss, main, log) in losses {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("campaigns.db");
        let parts = [("", main), ("-wal", log), (".seen", Some(&seen))];
        for (ending, bytes) in parts {
            if let Some(bytes) = bytes {
                fs::write(folder.path().join(format!("campaigns.db{ending}")), bytes).unwrap();
            }
        }
        let as_it_was = files(folder.path());
        assert!(is_lost(inspect(&path, Depth::Quick)), "{loss}");
        for _ in 0..2 {
            assert!(
                is_lost(SqliteStore::open(&path, Options::default())),
                "{loss}"
            );
        }
        let mut after = files(folder.path());
        if main.is_some_and(|main| !main.is_empty()) {
            // SQLite has made and removed its own.
            after.retain(|path, _| as_it_was.contains_key(path));
        }
        assert_eq!(after, as_it_was, "{loss}: nothing is made or removed");

        restore(&backup, &path, Existing::Keep).unwrap();
        let store = open(&path);
        assert!(store.take_over(at(9)).await.unwrap().is_restored, "{loss}");
        assert_eq!(doubts(&store, 9).await.doubts.len(), 5, "{loss}");
    }
}

#[tokio::test]
async fn what_was_never_sent_from_and_what_is_given_up_are_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    {
        let store = open(&path);
        store.take_over(at(0)).await.unwrap();
        imported(&store, "tagihan", 3).await;
    }
    fs::remove_file(&path).unwrap();
    {
        let store = open(&path);
        assert!(store.campaign("tagihan").await.unwrap().is_none());
        store.take_over(at(1)).await.unwrap();
        let campaign = running(&store, "tagihan", 5).await;
        let lane = lane(&store).await;
        commit(&store, 2, vec![journal(&lane, campaign, 0)]).await;
    }
    fs::remove_file(&path).unwrap();
    assert!(is_lost(SqliteStore::open(&path, Options::default())));
    fs::remove_file(folder.path().join("campaigns.db.seen")).unwrap();
    let store = open(&path);
    assert!(store.campaign("tagihan").await.unwrap().is_none());
}
