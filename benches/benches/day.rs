//! What does a day of ten thousand accounts with a thousand messages each take, shared out among several workers: of a core, of memory,
//! and in transactions?
//!
//! Each worker is an engine of its own with its share of the accounts, as workers will have them, in the world of `world.rs`; they are
//! played one after another. Accounts keep the pace of `per-day-1000` and send from 08:00 to 20:00, a campaign each. It takes minutes, so it is
//! played where it is named, and not with the others.

use std::time::Duration;

use benches::process::Peer;
use benches::table::{Table, megabytes, thousands};
use benches::{Failure, setting};
use campaign_core::limits::{LaneLimits, LanePreset, Zone};

use crate::world::{Played, Scene, play};

/// The role that plays one worker.
pub(crate) const RUN: &str = "day";

pub(crate) fn bench() -> Result<(), Failure> {
    let workers = setting("BENCH_WORKERS", 10)?;
    let accounts = setting("BENCH_ACCOUNTS", 1_000)?;
    let each = setting("BENCH_PER_ACCOUNT", 1_000)?;
    let commit_ms = setting("BENCH_COMMIT_MS", 5)?;
    let people = accounts * each;
    println!(
        "day: {} accounts, {} messages each, virtual clock, a transaction takes {commit_ms} ms\n",
        thousands(f64::from(workers) * f64::from(accounts)),
        thousands(f64::from(each)),
    );
    let mut table = Table::new(&[
        "worker",
        "accounts",
        "messages",
        "hours",
        "messages/s",
        "most in 1 s",
        "commits/s",
        "most in 1 s",
        "changes/commit",
        "CPU s",
        "of a core",
        "peak memory",
    ]);
    let mut sum = Sum::default();
    for worker in 1..=workers {
        let arguments = [worker, accounts, each, commit_ms].map(|number| number.to_string());
        let played: Played = serde_json::from_str(&Peer::start(RUN, arguments)?.line()?)?;
        played.everybody_once(people)?;
        let share = Sum::of(&played);
        table.row(share.cells(worker.to_string(), accounts));
        sum.add(&share);
    }
    table.row(sum.cells("all".to_owned(), workers * accounts));
    table.print();
    println!(
        "The row of all has the longest hours, the greatest memory and the sums of the rest. \"Of a core\" is over those hours.\n"
    );
    Ok(())
}

pub(crate) fn run(worker: u32, accounts: u32, each: u32, commit_ms: u32) -> Result<(), Failure> {
    let zone: Zone = "Asia/Jakarta".parse()?;
    let played = play(&Scene {
        people: accounts * each,
        lanes: accounts,
        limits: LaneLimits {
            // The few that have to be sent once more would wait for the next day.
            sends_per_day_max: None,
            ..LanePreset::PerDay1000.limits(zone)
        },
        seed: u64::from(worker),
        commit_takes: Duration::from_millis(u64::from(commit_ms)),
    })?;
    println!("{}", serde_json::to_string(&played)?);
    Ok(())
}

/// What one worker took, or several together.
#[derive(Default)]
struct Sum {
    sending_seconds: f64,
    cpu_seconds: f64,
    messages: u64,
    sends_in_a_second: u64,
    commits: u64,
    commits_in_a_second: u64,
    changes: u64,
    peak_kib: Option<u64>,
}

impl Sum {
    fn of(played: &Played) -> Self {
        Self {
            sending_seconds: played.sending_seconds,
            cpu_seconds: played.cpu_seconds,
            messages: played.handed_over + played.others,
            sends_in_a_second: played.sends.most,
            commits: played.commits.all,
            commits_in_a_second: played.commits.most,
            changes: played.changes.all,
            peak_kib: played.peak_kib,
        }
    }

    fn add(&mut self, other: &Self) {
        self.sending_seconds = self.sending_seconds.max(other.sending_seconds);
        self.cpu_seconds += other.cpu_seconds;
        self.messages += other.messages;
        self.sends_in_a_second += other.sends_in_a_second;
        self.commits += other.commits;
        self.commits_in_a_second += other.commits_in_a_second;
        self.changes += other.changes;
        self.peak_kib = self.peak_kib.max(other.peak_kib);
    }

    fn cells(&self, who: String, accounts: u32) -> [String; 12] {
        let a_second = |count: u64| count as f64 / self.sending_seconds;
        [
            who,
            thousands(f64::from(accounts)),
            thousands(self.messages as f64),
            format!("{:.1}", self.sending_seconds / 3_600.0),
            format!("{:.1}", a_second(self.messages)),
            thousands(self.sends_in_a_second as f64),
            format!("{:.1}", a_second(self.commits)),
            thousands(self.commits_in_a_second as f64),
            format!("{:.1}", self.changes as f64 / self.commits as f64),
            format!("{:.0}", self.cpu_seconds),
            format!("{:.2} %", 100.0 * self.cpu_seconds / self.sending_seconds),
            megabytes(self.peak_kib),
        ]
    }
}
