//! The files of a database are its owner's alone. Rights are read, not tried: the one who runs the tests may be allowed everything.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use campaign_core::store::Store;
use scene::*;

#[tokio::test]
async fn every_file_can_be_read_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "tagihan", 2).await;
    let lane = lane(&store).await;
    commit(&store, 1, vec![journal(&lane, campaign, 0)]).await;
    store.backup(folder.path().join("backup.db")).await.unwrap();
    let names: Vec<String> = files(folder.path())
        .iter()
        .map(|file| {
            let mode = fs::metadata(file).unwrap().permissions().mode();
            let name = file.file_name().unwrap().to_str().unwrap();
            assert_eq!(mode & 0o777, 0o600, "{name}");
            name.to_owned()
        })
        .collect();
    assert_eq!(
        names,
        [
            "backup.db",
            "campaigns.db",
            "campaigns.db-shm",
            "campaigns.db-wal",
            "campaigns.db.lock",
            "campaigns.db.seen"
        ]
    );
}

#[tokio::test]
async fn a_file_that_others_could_read_is_closed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let _store = open(&path);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
