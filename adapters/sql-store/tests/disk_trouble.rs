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
use std::time::Duration;

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

const CASES: [Case; 5] = [
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
        told: "the disk failed to read or write",
    },
    Case {
        call: Call::Sync,
        code: ffi::SQLITE_IOERR_FSYNC,
        kind: TroubleKind::Disk,
        told: "the disk failed to read or write",
    },
    Case {
        call: Call::Read,
        code: ffi::SQLITE_IOERR_READ,
        kind: TroubleKind::Disk,
        told: "the disk failed to read or write",
    },
    Case {
        call: Call::Write,
        code: ffi::SQLITE_READONLY,
        kind: TroubleKind::ReadOnly,
        told: "cannot be written by this user",
    },
];

impl Case {
    fn is_told(&self, error: &StoreError) -> bool {
        let kind = Trouble::of(error).map(Trouble::kind);
        kind == Some(self.kind) && error.to_string().contains(self.told)
    }
}

/// Refuses so many calls of a kind.
fn refuse(disk: &Disk, call: Call, code: c_int, mut times: usize) {
    disk.refuse(move |asked| {
        let is_refused = asked == call && times > 0;
        times -= usize::from(is_refused);
        is_refused.then_some(code)
    });
}

#[tokio::test]
async fn whatever_the_disk_refuses_for_a_while_everybody_gets_it_once() {
    let mut draws = Draws(7);
    // What this campaign reads is in memory by then.
    for case in CASES.iter().filter(|case| case.call != Call::Read) {
        let mut failures = 0;
        for _ in 0..12 {
            let folder = tempfile::tempdir().unwrap();
            let disk = Disk::watching(folder.path());
            let path = folder.path().join("campaigns.db");
            let store = SqliteStore::open(path, Options::default()).unwrap();
            play::start(&store, PEOPLE).await;
            let player = Player::begin(&store, 1, Duration::ZERO, draws.0).await;
            let mut player = player.unwrap();
            for _ in 0..5 + draws.below(60) {
                player.turn().await.unwrap();
            }
            refuse(&disk, case.call, case.code, 1 + draws.below(6));
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
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::watching(folder.path());
    let path = folder.path().join("campaigns.db");
    let open = || SqliteStore::open(&path, Options::default());
    refuse(&disk, Call::Open, ffi::SQLITE_CANTOPEN, usize::MAX);
    let error = open().unwrap_err();
    let kind = Trouble::of(&error).map(Trouble::kind);
    assert_eq!(kind, Some(TroubleKind::CannotOpen), "{error}");
    for case in &CASES {
        refuse(&disk, case.call, case.code, usize::MAX);
        let opened = open();
        if case.call != Call::Read {
            // There is nothing to be read in a new file.
            let error = opened.unwrap_err();
            assert!(case.is_told(&error), "{error}");
        }
        disk.mend();
    }
    let store = open().unwrap();
    play::start(&store, PEOPLE).await;
    for case in &CASES {
        disk.mend();
        let another = open().unwrap();
        refuse(&disk, case.call, case.code, usize::MAX);
        let error = another.take_over(scene::at(1)).await.unwrap_err();
        assert!(case.is_told(&error), "{error}");
    }
    disk.mend();
    let mut player = Player::begin(&store, 1, Duration::ZERO, 0).await.unwrap();
    player.go_on().await.unwrap();
    let end = play::end(&store, &player.gateway, PEOPLE).await;
    assert!(end.is_once(), "{end:?}");
}
