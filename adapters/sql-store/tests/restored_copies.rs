//! A database that was copied back from a backup knows nothing of what was sent since: it must find out that it is an older
//! copy, and nothing of it may be sent before it was looked up.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::path::{Path, PathBuf};

use campaign_core::delivery::{Doubt, Happening, Reason, State};
use campaign_core::store::{Effect, Imported, Lost, Store, StoreError};
use scene::*;

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// A running campaign with one message accepted.
async fn begun(folder: &Path) -> PathBuf {
    let path = folder.join("campaigns.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let campaign = running(&store, "tagihan", 5).await;
    let lane = lane(&store).await;
    commit(&store, 1, vec![journal(&lane, campaign, 0)]).await;
    commit(&store, 2, vec![accepted(campaign, 0)]).await;
    path
}

#[tokio::test]
async fn one_batch_makes_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(folder.path()).await;
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    {
        let store = open(&path);
        assert!(!store.take_over(at(10)).await.unwrap().is_restored);
        let campaign = record(&store, "tagihan").await.id;
        let lane = lane(&store).await;
        let effects = commit(&store, 11, vec![journal(&lane, campaign, 1)]).await;
        assert!(matches!(effects[..], [Effect::Moved { .. }]));
    }
    fs::copy(&copy, &path).unwrap();
    let store = open(&path);
    let taken = store.take_over(at(20)).await.unwrap();
    assert_eq!((taken.is_restored, taken.orphaned), (true, 0));
    let campaign = record(&store, "tagihan").await.id;
    let lane = lane(&store).await;
    let again = commit(&store, 21, vec![journal(&lane, campaign, 1)]).await;
    let Effect::Lost(Lost::Delivery(standing)) = &again[0] else {
        panic!("sent again: {again:?}");
    };
    assert_eq!(
        (standing.state, standing.reason),
        (State::Unconfirmed, Some(Reason::Restored))
    );
    let page = doubts(&store, 20).await;
    assert_eq!(page.doubts.len(), 4);
    let doubt = &page.doubts[0];
    assert_eq!(
        (doubt.delivery, doubt.lane),
        (delivery(campaign, 1), lane.id)
    );
    assert_eq!(
        (doubt.started, doubt.ended),
        (at(2), at(20)),
        "from the last moment of the copy until now"
    );
    let control = doubt.control.as_ref().expect("one was accepted");
    assert_eq!(control.delivery, delivery(campaign, 0));
    assert_counts(&store, "tagihan").await;
}

#[tokio::test]
async fn what_was_open_in_the_copy_is_open_since_its_own_attempt_and_until_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(folder.path()).await;
    {
        let store = open(&path);
        store.take_over(at(3)).await.unwrap();
        let campaign = record(&store, "tagihan").await.id;
        let lane = lane(&store).await;
        commit(&store, 4, vec![journal(&lane, campaign, 1)]).await;
        let doubt = Happening::MaybeSent(Doubt::NoAnswer);
        commit(&store, 5, vec![happened(campaign, 1, doubt)]).await;
        commit(&store, 6, vec![journal(&lane, campaign, 2)]).await;
        let held = Happening::NotHandedOver { counts: false };
        commit(&store, 7, vec![happened(campaign, 2, held)]).await;
        store.mark_restored().await.expect_err("it is running");
        store.step_down().await.unwrap();
        store.mark_restored().await.unwrap();
    }
    let store = open(&path);
    assert!(store.take_over(at(50)).await.unwrap().is_restored);
    let times: Vec<_> = doubts(&store, 50)
        .await
        .doubts
        .iter()
        .map(|doubt| (doubt.delivery.ordinal(), doubt.started, doubt.ended))
        .collect();
    assert_eq!(
        times,
        [
            (1, at(4), at(50)),
            (2, at(7), at(50)),
            (3, at(7), at(50)),
            (4, at(7), at(50)),
        ]
    );
    assert!(!store.take_over(at(60)).await.unwrap().is_restored, "once");
    assert_eq!(doubts(&store, 60).await.doubts.len(), 4);
}

#[tokio::test]
async fn without_the_file_beside_it_or_with_another_database_s_it_is_a_copy() {
    for what in ["missing", "foreign", "broken"] {
        let folder = tempfile::tempdir().unwrap();
        let path = begun(folder.path()).await;
        let seen = beside(&path, ".seen");
        match what {
            "missing" => fs::remove_file(&seen).unwrap(),
            "foreign" => {
                let other = begun(tempfile::tempdir().unwrap().keep().as_path()).await;
                fs::copy(beside(&other, ".seen"), &seen).unwrap();
            }
            _ => fs::write(&seen, "").unwrap(),
        };
        let store = open(&path);
        assert!(store.take_over(at(9)).await.unwrap().is_restored, "{what}");
    }
}

#[tokio::test]
async fn a_backup_under_another_name_is_a_copy_and_the_original_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(folder.path()).await;
    let copy = folder.path().join("backup.db");
    let store = open(&path);
    store.take_over(at(5)).await.unwrap();
    store.backup(&copy).await.unwrap();
    let again = store.backup(&copy).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
    assert!(!store.take_over(at(6)).await.unwrap().is_restored);
    let restored = open(&copy);
    assert!(restored.take_over(at(7)).await.unwrap().is_restored);
    assert_eq!(
        rows(&restored, record(&store, "tagihan").await.id)
            .await
            .len(),
        5
    );
}

#[tokio::test]
async fn a_copy_of_the_time_before_the_restoration_is_told_from_the_restored_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(folder.path()).await;
    let (early, late) = (folder.path().join("early"), folder.path().join("late"));
    fs::copy(&path, &early).unwrap();
    {
        // The first life goes on for long.
        let store = open(&path);
        store.take_over(at(10)).await.unwrap();
        let campaign = record(&store, "tagihan").await.id;
        let lane = lane(&store).await;
        for ordinal in 1..4 {
            commit(&store, 11, vec![journal(&lane, campaign, ordinal)]).await;
            commit(&store, 12, vec![accepted(campaign, ordinal)]).await;
        }
    }
    fs::rename(&path, &late).unwrap();
    fs::copy(&early, &path).unwrap();
    {
        // The second begins from the early copy and is shorter.
        let store = open(&path);
        assert!(store.take_over(at(20)).await.unwrap().is_restored);
    }
    fs::copy(&late, &path).unwrap();
    let store = open(&path);
    assert!(store.take_over(at(30)).await.unwrap().is_restored);
}

#[tokio::test]
async fn numbers_given_out_after_the_copy_are_not_given_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = begun(folder.path()).await;
    let store = open(&path);
    let importing = store
        .create(&definition("halb"), &[], now(3))
        .await
        .unwrap();
    store.import(importing, recipients(0..3), 0).await.unwrap();
    store.mark_restored().await.unwrap();
    store.take_over(at(9)).await.unwrap();
    let next = imported(&store, "later", 1).await;
    assert_eq!(next.number(), importing.number() + 1 + 1_024);
    assert_eq!(rows(&store, next).await[0].delivery.ordinal(), 0);
    let again = store
        .create(&definition("halb"), &[], now(10))
        .await
        .unwrap();
    assert_eq!(again, importing);
    let added = store.import(again, recipients(0..1), 0).await.unwrap();
    assert_eq!(added, [Imported::Added(delivery(again, 3 + 65_536))]);
}

#[tokio::test]
async fn an_empty_database_may_be_moved_about_and_an_audience_may_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    drop(open(&path));
    let moved = folder.path().join("moved.db");
    fs::rename(&path, &moved).unwrap();
    {
        let store = open(&moved);
        imported(&store, "tagihan", 3).await;
        let taken = store.take_over(at(1)).await.unwrap();
        assert!(!taken.is_restored);
    }
    let elsewhere = folder.path().join("elsewhere.db");
    fs::rename(&moved, &elsewhere).unwrap();
    let store = open(&elsewhere);
    assert!(store.take_over(at(2)).await.unwrap().is_restored);
}

/// What was frozen in the copy may have been started, and sent to everybody, after the copy was made.
#[tokio::test]
async fn a_campaign_that_was_not_started_in_the_copy_is_in_doubt_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    imported(&store, "tagihan", 3).await;
    store.mark_restored().await.unwrap();
    store.take_over(at(5)).await.unwrap();
    assert_eq!(
        record(&store, "tagihan")
            .await
            .counts
            .of(State::Unconfirmed),
        3
    );
    // Its lane becomes known when it is opened.
    assert_eq!(doubts(&store, 5).await.doubts[0].lane.0, 0);
    let lane = lane(&store).await;
    assert_eq!(doubts(&store, 5).await.doubts[0].lane, lane.id);
}
