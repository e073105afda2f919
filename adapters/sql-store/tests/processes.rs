//! Processes that die while they send: what a commit returned is there for the next one, the lock is free, and what was under way is
//! in doubt. The other process is this test binary again, told by its environment what to do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use campaign_core::delivery::State;
use campaign_core::store::{Effect, Store, StoreError};
use scene::*;
#[cfg(target_os = "linux")]
use sql_store::{Depth, inspect};

const ROLE: &str = "SQL_STORE_TEST_ROLE";
const DATABASE: &str = "SQL_STORE_TEST_DATABASE";
const RECIPIENTS: u64 = 2_000;

/// The other process. Without a role this is no test and does nothing.
#[tokio::test]
async fn other_process() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let store = open(std::env::var(DATABASE).unwrap());
    store.take_over(at(100)).await.unwrap();
    let campaign = record(&store, "tagihan").await.id;
    let lane = lane(&store).await;
    say("started");
    match role.as_str() {
        "abort" => {
            commit(&store, 101, vec![journal(&lane, campaign, 0)]).await;
            commit(
                &store,
                102,
                vec![accepted(campaign, 0), journal(&lane, campaign, 1)],
            )
            .await;
            std::process::abort();
        }
        "wait" => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
        }
        _ => {
            let first = role.parse::<u32>().unwrap();
            for ordinal in first.. {
                let mut changes = vec![journal(&lane, campaign, ordinal)];
                if ordinal > first {
                    changes.insert(0, accepted(campaign, ordinal - 1));
                }
                let effects = commit(&store, 101, changes).await;
                let is_lost = effects
                    .iter()
                    .any(|effect| matches!(effect, Effect::Lost(_)));
                assert!(!is_lost, "{effects:?}");
                say(&ordinal.to_string());
            }
        }
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n:{line}").unwrap();
    out.flush().unwrap();
}

struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(role: &str, database: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "other_process", "--nocapture"])
            .env(ROLE, role)
            .env(DATABASE, database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut other = Self { child, lines };
        assert_eq!(other.hear().as_deref(), Some("started"));
        other
    }

    fn hear(&mut self) -> Option<String> {
        self.lines
            .find_map(|line| Some(line.ok()?.strip_prefix(':')?.to_owned()))
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        let rest = std::iter::from_fn(|| self.hear()).collect();
        self.child.wait().unwrap();
        rest
    }
}

/// When a process closes a file, POSIX ends all locks that it has on it. Another process could then take the log away from under the store.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn another_store_or_a_look_in_the_same_process_leaves_the_first_its_locks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    running(&store, "tagihan", 2).await;
    assert!(is_locked_by_us(&path));
    drop(open(&path));
    assert!(is_locked_by_us(&path), "by another store");
    inspect(&path, Depth::Quick).unwrap();
    assert!(is_locked_by_us(&path), "by a look");
}

#[tokio::test]
async fn the_lock_names_its_process_and_dies_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let store = open(&path);
    running(&store, "tagihan", 10).await;
    assert_eq!(store.runner().await.unwrap(), None);
    let other = Other::start("wait", &path);
    let holder = format!("process {} on ", other.child.id());
    match store.take_over(at(1)).await {
        Err(StoreError::RunnerBusy { holder: named }) => {
            assert!(named.starts_with(&holder), "{named}")
        }
        other => panic!("two runners: {other:?}"),
    }
    let word = store.runner().await.unwrap().unwrap();
    assert!(word.holder.starts_with(&holder), "{word:?}");
    other.kill();
    assert_eq!(store.runner().await.unwrap(), None);
    store.take_over(at(2)).await.unwrap();
}

#[tokio::test]
async fn after_an_abort_everything_committed_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let campaign = running(&open(&path), "tagihan", 3).await;
    let mut other = Other::start("abort", &path);
    assert!(!other.child.wait().unwrap().success());
    let store = open(&path);
    let taken = store.take_over(at(200)).await.unwrap();
    assert_eq!((taken.orphaned, taken.is_restored), (1, false));
    let states: Vec<State> = rows(&store, campaign)
        .await
        .iter()
        .map(|row| row.standing.state)
        .collect();
    assert_eq!(
        states,
        [State::Accepted, State::Unconfirmed, State::Scheduled]
    );
    let page = doubts(&store, 200).await;
    assert_eq!(
        (page.doubts[0].started, page.doubts[0].ended),
        (at(102), at(200))
    );
    assert_counts(&store, "tagihan").await;
}

#[tokio::test]
async fn killed_again_and_again_nothing_that_was_told_is_lost_and_nobody_is_journalled_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("campaigns.db");
    let campaign = running(&open(&path), "tagihan", RECIPIENTS).await;
    let mut next = 0u32;
    let mut in_doubt = 0;
    for round in 0..10u32 {
        let mut other = Other::start(&next.to_string(), &path);
        // While the other one writes, this one reads.
        let reader = open(&path);
        let mut told = Vec::new();
        for _ in 0..7 * round + 1 {
            told.extend(other.hear());
            assert_eq!(record(&reader, "tagihan").await.counts.total(), RECIPIENTS);
        }
        told.extend(other.kill());
        let last: u32 = told.last().unwrap().parse().unwrap();

        let store = open(&path);
        let taken = store.take_over(at(1_000)).await.unwrap();
        assert!(!taken.is_restored, "a crash is no restored copy");
        assert_eq!(taken.orphaned, 1, "one is under way at any time");
        in_doubt += 1;
        let counts = record(&store, "tagihan").await.counts;
        assert_eq!(counts.of(State::Unconfirmed), in_doubt);
        let journalled = RECIPIENTS - counts.of(State::Scheduled);
        let journalled = u32::try_from(journalled).unwrap();
        assert!(
            (last + 1..=last + 2).contains(&journalled),
            "told of {last}, found {journalled}"
        );
        let rows = rows(&store, campaign).await;
        assert!(rows.iter().all(|row| row.standing.attempts <= 1));
        assert_counts(&store, "tagihan").await;
        next = journalled;
    }
}
