//! A disk that is full, fails, or takes no writes while a campaign runs: what could not be done is told with what to do about it, and once the
//! cause is gone everybody gets it once. The refusals are SQLite's own codes, given where its writes come by: no right of root's passes them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]
#![cfg(unix)]

mod disk;
mod play;
mod scene;

use std::ffi::c_int;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use campaign_core::gateway::Sending;
use campaign_core::store::{Store, StoreError};
use disk::{Call, Disk};
use play::Player;
use rusqlite::ffi;
use scene::Draws;
use sql_store::{Options, SqliteStore, Trouble, TroubleKind};

const PEOPLE: u64 = 16;

/// What is refused, with what, and what is to be told of it.
struct Case {
    call: Call,
    code: c_int,
    kind: TroubleKind,
    told: &'static str,
}

/// What a disk refuses at any time.
const ALWAYS: [Case; 5] = [
    Case {
        call: Call::Write,
        code: ffi::SQLITE_FULL,
        kind: TroubleKind::Full,
        told: "the disk is full, free some space",
    },
    Case {
        call: Call::Write,
        code: ffi::SQLITE_IOERR_WRITE,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
    Case {
        call: Call::Sync,
        code: ffi::SQLITE_IOERR_FSYNC,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
    Case {
        call: Call::Read,
        code: ffi::SQLITE_IOERR_READ,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
    Case {
        call: Call::Write,
        code: ffi::SQLITE_READONLY,
        kind: TroubleKind::ReadOnly,
        told: MAY_NOT,
    },
];

/// What is asked of it when a database is opened, and not later.
const WHEN_OPENED: [Case; 5] = [
    Case {
        call: Call::Open,
        code: ffi::SQLITE_CANTOPEN,
        kind: TroubleKind::CannotOpen,
        told: "cannot be opened",
    },
    Case {
        call: Call::Open,
        code: ffi::SQLITE_READONLY,
        kind: TroubleKind::ReadOnly,
        told: MAY_NOT,
    },
    Case {
        call: Call::Size,
        code: ffi::SQLITE_IOERR_FSTAT,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
    Case {
        call: Call::Delete,
        code: ffi::SQLITE_IOERR_DELETE,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
    Case {
        call: Call::Shared,
        code: ffi::SQLITE_IOERR_SHMMAP,
        kind: TroubleKind::Disk,
        told: FAILS,
    },
];

const FAILS: &str = "the disk failed to read or write";
const MAY_NOT: &str = "cannot be written by this user";

impl Case {
    fn is_told(&self, error: &StoreError) -> bool {
        let kind = Trouble::kind_of(error);
        kind == Some(self.kind) && error.to_string().contains(self.told)
    }

    /// Refuses it so many times; how often that came about can be read meanwhile.
    fn refuse(&self, disk: &Disk, times: usize) -> Arc<AtomicUsize> {
        let (call, code) = (self.call, self.code);
        let refused = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&refused);
        disk.refuse(move |asked| {
            let is_refused = asked == call && count.load(Relaxed) < times;
            count.fetch_add(usize::from(is_refused), Relaxed);
            is_refused.then_some(code)
        });
        refused
    }

    /// Ends the refusals, of which each was told; how many there were.
    #[track_caller]
    fn told<T>(&self, disk: &Disk, refused: &AtomicUsize, done: &Result<T, StoreError>) -> usize {
        disk.mend();
        let refused = refused.load(Relaxed);
        match done {
            Ok(_) => assert_eq!(refused, 0, "not told: {:?}", self.call),
            Err(error) => assert!(refused > 0 && self.is_told(error), "{error}"),
        }
        refused
    }
}

fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(folder.join("campaigns.db"), Options::default())
}

/// A campaign that was started, by a process that has gone: another one has nothing of it in memory yet.
async fn started(folder: &Path) {
    play::start(&open(folder).unwrap(), PEOPLE).await;
}

#[tokio::test]
async fn whatever_the_disk_refuses_for_a_while_everybody_gets_it_once() {
    let mut draws = Draws(7);
    for case in &ALWAYS {
        let mut failures = 0;
        for _ in 0..12 {
            let folder = tempfile::tempdir().unwrap();
            let disk = Disk::watching(folder.path());
            started(folder.path()).await;
            let store = open(folder.path()).unwrap();
            let player = Player::begin(&store, 1, Duration::ZERO, draws.0).await;
            let mut player = player.unwrap();
            // Later everything that is read is in memory.
            let turns = match case.call {
                Call::Read => draws.below(5),
                _ => 5 + draws.below(60),
            };
            for _ in 0..turns {
                player.turn().await.unwrap();
            }
            case.refuse(&disk, 1 + draws.below(6));
            player.go_on().await.unwrap();
            for failure in &player.failures {
                assert!(case.is_told(failure), "{failure}");
            }
            failures += player.failures.len();
            let end = play::end(&store, &player.gateway, PEOPLE).await;
            assert!(end.is_once(), "{}: {end:?}", case.told);
        }
        println!("{} {failures} times", case.told);
        assert!(failures > 0, "nothing was refused: {}", case.told);
    }
}

/// Opening and taking over are refused as well, and do once the cause is gone.
#[tokio::test]
async fn a_database_that_cannot_be_opened_or_taken_over_says_why_and_can_be_later() {
    for case in ALWAYS.iter().chain(&WHEN_OPENED) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watching(folder.path());
        let mut times = 0;
        let refused = case.refuse(&disk, usize::MAX);
        times += case.told(&disk, &refused, &open(folder.path()));
        started(folder.path()).await;
        let refused = case.refuse(&disk, usize::MAX);
        times += case.told(&disk, &refused, &open(folder.path()));
        let store = open(folder.path()).unwrap();
        let refused = case.refuse(&disk, usize::MAX);
        let taken = store.take_over(scene::at(1)).await;
        times += case.told(&disk, &refused, &taken);
        println!("{:?} was refused {times} times", case.call);
        assert!(times > 0, "{:?} was never asked", case.call);

        let mut player = Player::begin(&store, 1, Duration::ZERO, 0).await.unwrap();
        player.go_on().await.unwrap();
        let end = play::end(&store, &player.gateway, PEOPLE).await;
        assert!(end.is_once(), "{end:?}");
    }
}

/// The disk goes away at the end of a batch: whether that was saved cannot be read either, so nothing more is sent until it can.
#[tokio::test]
async fn a_batch_that_may_have_been_saved_is_in_doubt_and_everybody_gets_it_once() {
    let mut in_doubt = 0;
    for turns in 0..30 {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::watching(folder.path());
        started(folder.path()).await;
        let store = open(folder.path()).unwrap();
        let player = Player::begin(&store, 1, Duration::ZERO, 7).await;
        let mut player = player.unwrap();
        for _ in 0..turns {
            player.turn().await.unwrap();
        }
        let mut is_gone = false;
        disk.refuse(move |asked| {
            is_gone |= asked == Call::Sync;
            is_gone.then_some(match asked {
                Call::Sync => ffi::SQLITE_IOERR_FSYNC,
                _ => ffi::SQLITE_IOERR_READ,
            })
        });
        let error = player
            .go_on()
            .await
            .expect_err(&format!("after {turns} turns"));
        // Of what was not saved for sure the engine goes on.
        in_doubt += usize::from(matches!(error, StoreError::Unknown(_)));
        let kind = Trouble::kind_of(&error);
        assert_eq!(kind, Some(TroubleKind::Disk), "{error}");
        let sends = player.gateway.sends().into_iter();
        let arrived: Vec<Sending> = sends.map(|sent| sent.sending).collect();
        let after = player.elapsed();
        drop(player);
        drop(store);
        disk.mend();

        let store = open(folder.path()).unwrap();
        let mut player = Player::begin(&store, 1, after, 7).await.unwrap();
        player.remembers(&arrived).await;
        player.go_on().await.unwrap();
        let end = play::end(&store, &player.gateway, PEOPLE).await;
        assert!(end.is_once(), "{end:?}");
    }
    println!("{in_doubt} batches were in doubt");
    assert!(in_doubt > 10, "{in_doubt}");
}
