//! Backups made beside a runner, and brought back: what comes back is whole and knows that it is a copy, and what was there is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::fs;
use std::path::{Path, PathBuf};

use campaign_core::campaign::{CampaignState, Category};
use campaign_core::consent::{Consent, Origin};
use campaign_core::delivery::State;
use campaign_core::gateway::Account;
use campaign_core::store::{Change, HiddenReply, Reply, Store, StoreError, Suppression};
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
    assert_eq!(
        inspect(&kept, Depth::Thorough).unwrap().unwrap().deliveries,
        5
    );
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
    assert_eq!(
        inspect(&other, Depth::Thorough).unwrap().unwrap().campaigns,
        1
    );
    let kept = inspect(restored.kept.unwrap(), Depth::Thorough)
        .unwrap()
        .unwrap();
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
    let found = inspect(&path, Depth::Thorough).unwrap().unwrap();
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
    let found = inspect(&path, Depth::Thorough).unwrap().unwrap();
    assert_eq!((found.campaigns, found.deliveries), (2, 8));
    assert!(found.runner.unwrap().starts_with("process "));
    assert!(found.damage.is_empty(), "{:?}", found.damage);
}

fn suppressed(number: u64, origin: Origin, seconds: i64) -> Suppression {
    Suppression {
        phone: phone(number),
        origin,
        source: format!("source {number}").into(),
        since: now(seconds).wall,
    }
}

async fn listed(path: &Path) -> Vec<Suppression> {
    open(path).suppressed(None, 10_000).await.unwrap()
}

fn wrote(number: u64, seconds: i64, text: &str) -> Change {
    Change::Reply(Reply {
        account: Account(phone(999_999)),
        message_id: format!("{text} {seconds}").into(),
        from: phone(number),
        received_at: now(seconds).wall,
        text: text.into(),
    })
}

fn consent(number: u64, is_granted: bool, seconds: i64) -> Consent {
    Consent {
        phone: phone(number),
        category: Category::Marketing,
        is_granted,
        origin: Origin::Operator,
        source: "a form".into(),
        since: now(seconds).wall,
    }
}

#[tokio::test]
async fn who_asked_to_be_left_alone_after_the_backup_is_left_alone_when_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let backup = folder.path().join("backup.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    lane(&store).await;
    store
        .suppress(&[suppressed(1, Origin::Operator, 1)])
        .await
        .unwrap();
    commit(&store, 2, vec![wrote(2, 2, "STOP"), wrote(3, 2, "STOP")]).await;
    store
        .record_consents(&[consent(20, true, 3), consent(21, true, 3)])
        .await
        .unwrap();
    store.backup(&backup).await.unwrap();

    // By reply, by hand, by hand where a reply was, and one of before.
    commit(&store, 12, vec![wrote(4, 12, "STOP")]).await;
    let by_hand = [
        suppressed(2, Origin::Operator, 13),
        suppressed(5, Origin::Import, 13),
        suppressed(1, Origin::Import, 13),
    ];
    store.suppress(&by_hand).await.unwrap();
    store
        .record_consents(&[consent(20, false, 14), consent(22, false, 14)])
        .await
        .unwrap();
    let hidden = HiddenReply {
        account: Account(phone(999_999)),
        message_id: "H".into(),
        lid: "123456789012345@lid".parse().unwrap(),
        received_at: now(15).wall,
        text: "STOP".into(),
    };
    commit(&store, 15, vec![Change::HiddenReply(hidden)]).await;
    assert_eq!(store.hidden_opt_outs().await.unwrap().len(), 1);
    store.step_down().await.unwrap();
    drop(store);
    let before = listed(&path).await;

    let restored = restore(&backup, &path, Existing::Keep).unwrap();
    let since = restored.since.unwrap();
    assert_eq!(since.unread, None);
    let told: Vec<_> = since.suppressed.iter().map(|it| it.phone).collect();
    assert_eq!(told, [phone(2), phone(4), phone(5)]);
    assert_eq!(
        (since.suppressed_count, since.withdrawn, since.hidden),
        (3, 2, 1)
    );
    assert_eq!(listed(&path).await, before);

    let store = open(&path);
    store.take_over(at(30)).await.unwrap();
    assert_eq!(store.hidden_opt_outs().await.unwrap().len(), 1);
    let granted: Vec<_> = store
        .consents(None, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|it| (it.phone, it.is_granted))
        .collect();
    assert_eq!(
        granted,
        [(phone(20), false), (phone(21), true), (phone(22), false)]
    );
    // An earlier word that is read again lifts nothing; a later one does.
    let on_it = || async {
        let list = store.suppressed(None, 100).await.unwrap();
        list.iter().any(|it| it.phone == phone(4))
    };
    commit(&store, 31, vec![wrote(4, 11, "START")]).await;
    assert!(on_it().await);
    // Who was to be told that they will be left alone may have been told.
    assert_eq!(store.due_confirmations(10).await.unwrap(), []);
    commit(&store, 33, vec![wrote(4, 32, "START")]).await;
    assert!(!on_it().await);
}

#[tokio::test]
async fn who_came_back_before_the_backup_is_not_shut_out_by_an_older_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let (older, newer) = (
        folder.path().join("older.db"),
        folder.path().join("newer.db"),
    );
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    lane(&store).await;
    commit(&store, 1, vec![wrote(1, 1, "STOP")]).await;
    store.backup(&older).await.unwrap();
    commit(&store, 2, vec![wrote(1, 2, "START")]).await;
    store.backup(&newer).await.unwrap();
    drop(store);

    let to = folder.path().join("other.db");
    restore(&older, &to, Existing::Refuse).unwrap();
    let since = restore(&newer, &to, Existing::Keep).unwrap().since.unwrap();
    assert_eq!((since.suppressed_count, since.unread), (0, None));
    assert_eq!(listed(&to).await, []);
}

#[tokio::test]
async fn campaigns_that_were_stopped_or_made_after_the_backup_are_told() {
    use CampaignState::{Cancelled, Paused, Running};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let backup = folder.path().join("backup.db");
    let store = open(&path);
    store.take_over(at(0)).await.unwrap();
    let mut made = Vec::new();
    for name in ["cancelled", "paused", "goes on", "was paused"] {
        made.push(running(&store, name, 2).await);
    }
    commit(&store, 1, vec![moved(made[3], Running, Paused)]).await;
    store.backup(&backup).await.unwrap();
    commit(
        &store,
        2,
        vec![
            moved(made[0], Running, Cancelled),
            moved(made[1], Running, Paused),
        ],
    )
    .await;
    running(&store, "made since", 2).await;
    running(&store, "once:42", 1).await;
    store.step_down().await.unwrap();
    drop(store);

    let since = restore(&backup, &path, Existing::Keep)
        .unwrap()
        .since
        .unwrap();
    let told: Vec<_> = since
        .campaigns
        .iter()
        .map(|it| (it.name.as_str(), it.was, it.is))
        .collect();
    assert_eq!(
        told,
        [
            ("cancelled", Cancelled, Some(Running)),
            ("paused", Paused, Some(Running)),
            ("made since", Running, None),
        ]
    );
    assert_eq!(since.campaigns_count, 3);
}

#[tokio::test]
async fn what_cannot_be_read_of_the_replaced_database_is_said_and_stands_in_no_way() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = backed_up(folder.path(), 5).await;
    let store = open(&path);
    let many: Vec<Suppression> = (0..5_000)
        .map(|number| suppressed(number, Origin::Import, 20))
        .collect();
    store.suppress(&many).await.unwrap();
    drop(store);

    // The first of its pages can be read, a later one not.
    let whole = folder.path().join("whole.db");
    fs::copy(&path, &whole).unwrap();
    rusqlite::Connection::open(&whole)
        .unwrap()
        .pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(()))
        .unwrap();
    let mut bytes = fs::read(&whole).unwrap();
    let last = b"source 4999";
    let at = bytes.windows(last.len()).position(|it| it == last).unwrap();
    let page = at / 4_096 * 4_096;
    bytes[page..page + 4_096].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let since = restore(&backup, &path, Existing::Keep)
        .unwrap()
        .since
        .unwrap();
    assert!(since.unread.is_some());
    let kept = listed(&path).await.len() as u64;
    assert_eq!(kept, since.suppressed_count);
    assert!((1_000..5_000).contains(&kept), "{kept}");
    assert_eq!(since.suppressed.len(), 1_000, "more are counted, not named");

    for (content, why) in [
        ("nothing is left of it", "not a database"),
        ("", "no campaigns"),
    ] {
        fs::write(&path, content).unwrap();
        let since = restore(&backup, &path, Existing::Keep)
            .unwrap()
            .since
            .unwrap();
        let unread = since.unread.unwrap();
        assert!(unread.contains(why), "{unread}");
        assert_eq!(since.suppressed_count, 0);
    }
    fs::remove_file(&path).unwrap();
    let restored = restore(&backup, &path, Existing::Keep).unwrap();
    assert!(restored.since.is_none(), "there was nothing to read");
}
