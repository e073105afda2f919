//! Backups made beside a runner, and brought back: what comes back is whole and knows that it is a copy, and what was there is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::path::{Path, PathBuf};

use campaign_core::delivery::State;
use campaign_core::store::{Store, StoreError};
use scene::*;
use sql_store::{Depth, Existing, Trouble, TroubleKind, inspect, restore};

/// A running campaign with one message accepted, and a backup of it.
async fn backed_up(folder: &Path, size: u64) -> (PathBuf, PathBuf) {
    let path = folder.join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "tagihan", size).await;
    let lane = lane(&store).await;
    commit(&store, 1, vec![journal(&lane, campaign, 0)]).await;
    commit(&store, 2, vec![accepted(campaign, 0)]).await;
    let backup = folder.join("backup.db");
    let made = store.backup(&backup).await.unwrap();
    assert_eq!((made.campaigns, made.deliveries), (1, size));
    assert_eq!(made.bytes, fs::metadata(&backup).unwrap().len());
    assert_eq!(made.last_change, Some(now(2).wall));
    (path, backup)
}

fn kind(error: &StoreError) -> TroubleKind {
    Trouble::of(error).expect("a file is in trouble").kind()
}

#[tokio::test]
async fn a_backup_that_is_brought_back_is_looked_up_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    let before = fs::read(&backup).unwrap();
    let refused = restore(&backup, &path, Existing::Refuse);
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );

    // Nothing was sent since the copy was made: its number of batches tells nothing.
    let restored = restore(&backup, &path, Existing::Keep).unwrap();
    assert_eq!(restored.inspection.deliveries, 5);
    let kept = restored.kept.unwrap();
    assert_eq!(kept, folder.path().join("campaigns.db.before-restore"));
    assert_eq!(inspect(&kept, Depth::Thorough).unwrap().deliveries, 5);
    assert_eq!(
        fs::read(&backup).unwrap(),
        before,
        "the backup stays as it is"
    );

    let store = open(&path);
    let taken = store.take_over(at(10)).await.unwrap();
    assert!(taken.is_restored);
    let counts = record(&store, "tagihan").await.counts;
    assert_eq!(
        (counts.of(State::Accepted), counts.of(State::Unconfirmed)),
        (1, 4)
    );
    assert!(!store.take_over(at(11)).await.unwrap().is_restored, "once");
    drop(store);

    let again = restore(&backup, &path, Existing::Keep).unwrap();
    let second = folder.path().join("campaigns.db.before-restore.1");
    assert_eq!(again.kept, Some(second));
    let names: Vec<String> = files(folder.path())
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "backup.db",
            "campaigns.db",
            "campaigns.db.before-restore",
            "campaigns.db.before-restore.1",
            "campaigns.db.lock",
            "campaigns.db.seen",
        ]
    );
}

#[tokio::test]
async fn a_log_left_behind_is_not_taken_for_the_log_of_what_is_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    // As a runner leaves it that was killed: what it wrote last is in the log alone.
    let crashed = tempfile::tempdir().unwrap();
    let other = crashed.path().join("campaigns.db");
    {
        let store = open(&path);
        imported(&store, "later", 3).await;
        for ending in ["", "-wal"] {
            let from = format!("{}{ending}", path.display());
            fs::copy(from, format!("{}{ending}", other.display())).unwrap();
        }
    }
    let restored = restore(&backup, &other, Existing::Keep).unwrap();
    assert_eq!(restored.inspection.campaigns, 1);
    assert_eq!(inspect(&other, Depth::Thorough).unwrap().campaigns, 1);
    let kept = inspect(restored.kept.unwrap(), Depth::Thorough).unwrap();
    assert_eq!(kept.campaigns, 2, "what was in the log alone is kept too");

    // The same with nothing but the log.
    fs::remove_file(&other).unwrap();
    fs::write(
        crashed.path().join("campaigns.db-wal"),
        "what another database left",
    )
    .unwrap();
    restore(&backup, &other, Existing::Refuse).unwrap();
    assert_eq!(record(&open(&other), "tagihan").await.counts.total(), 5);
}

#[tokio::test]
async fn a_damaged_database_is_kept_as_it_is_when_its_backup_is_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    fs::write(&path, "nothing is left of it").unwrap();
    let restored = restore(&backup, &path, Existing::Keep).unwrap();
    let kept = fs::read_to_string(restored.kept.unwrap()).unwrap();
    assert_eq!(kept, "nothing is left of it");
    assert_eq!(record(&open(&path), "tagihan").await.counts.total(), 5);
}

#[tokio::test]
async fn what_is_in_use_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    {
        let store = open(&path);
        store.take_over(at(5)).await.unwrap();
        let refused = restore(&backup, &path, Existing::Keep);
        assert!(
            matches!(refused, Err(StoreError::RunnerBusy { .. })),
            "{refused:?}"
        );
        store.step_down().await.unwrap();
        let refused = restore(&backup, &path, Existing::Keep).unwrap_err();
        assert_eq!(kind(&refused), TroubleKind::Locked, "{refused}");
        assert_eq!(record(&store, "tagihan").await.counts.total(), 5);
    }
    let refused = restore(&path, &path, Existing::Keep);
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert!(!folder.path().join("campaigns.db.before-restore").exists());
}

#[tokio::test]
async fn what_is_no_whole_backup_of_ours_is_not_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 2_000).await;
    let before = fs::read(&path).unwrap();
    let bad = folder.path().join("bad.db");
    let refused = |what: &str| {
        let refused = restore(&bad, &path, Existing::Keep).expect_err(what);
        assert_eq!(fs::read(&path).unwrap(), before, "{what}");
        refused
    };

    fs::write(&bad, "").unwrap();
    assert!(matches!(refused("empty"), StoreError::Refused(_)));
    fs::write(&bad, "dear diary, today I sent nothing to nobody").unwrap();
    assert_eq!(kind(&refused("text")), TroubleKind::NotADatabase);
    fs::remove_file(&bad).unwrap();
    assert_eq!(kind(&refused("missing")), TroubleKind::CannotOpen);
    rusqlite::Connection::open(&bad)
        .unwrap()
        .execute_batch("CREATE TABLE contact (name TEXT)")
        .unwrap();
    assert!(matches!(
        refused("another program's"),
        StoreError::Refused(_)
    ));

    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0x5a);
    fs::write(&bad, bytes).unwrap();
    assert_eq!(kind(&refused("damaged")), TroubleKind::Damaged);
    let mut bytes = fs::read(&backup).unwrap();
    bytes.truncate(middle);
    fs::write(&bad, bytes).unwrap();
    assert_eq!(kind(&refused("cut short")), TroubleKind::Damaged);

    fs::copy(&backup, &bad).unwrap();
    let newer = rusqlite::Connection::open(&bad).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(matches!(
        refused("newer"),
        StoreError::TooNew { found: 99, .. }
    ));
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_and_writes_over_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    let store = open(&path);
    let before = fs::read(&backup).unwrap();
    let refused = store.backup(&backup).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read(&backup).unwrap(), before);
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    assert!(
        store.backup(&empty).await.is_err(),
        "an empty file is a file"
    );
    let nowhere = store.backup(folder.path().join("missing/backup.db")).await;
    assert_eq!(kind(&nowhere.unwrap_err()), TroubleKind::CannotOpen);
    let left: Vec<PathBuf> = files(folder.path());
    assert!(
        !left
            .iter()
            .any(|file| file.to_str().unwrap().contains(".part"))
    );
}

#[tokio::test]
async fn looking_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = backed_up(folder.path(), 5).await;
    let listing = || -> Vec<(PathBuf, Vec<u8>)> {
        let files = files(folder.path()).into_iter();
        files
            .map(|file| (file.clone(), fs::read(file).unwrap()))
            .collect()
    };
    let before = listing();
    let found = inspect(&path, Depth::Thorough).unwrap();
    assert_eq!(
        (found.is_wal, found.runner, found.deliveries),
        (true, None, 5)
    );
    assert_eq!(found.lanes.len(), 1);
    assert_eq!(listing(), before);

    // Beside a runner, whose latest words are in the log alone.
    let store = open(&path);
    store.take_over(at(10)).await.unwrap();
    imported(&store, "later", 3).await;
    let found = inspect(&path, Depth::Thorough).unwrap();
    assert_eq!((found.campaigns, found.deliveries), (2, 8));
    assert!(found.runner.unwrap().starts_with("process "));
    assert!(found.damage.is_empty(), "{:?}", found.damage);
}
