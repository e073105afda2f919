//! A machine's clock that somebody sets, forward or back: between two commands, and under a running one. It is told of, nothing goes out by a
//! day or an hour that was only claimed, and nobody gets anything twice.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod world;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use world::{World, capped, ended, ran, start, until};

const DAY: i64 = 86_400;
const CHANGED: &str = "the clock was changed";

/// A library that lets one process see another wall clock, and nothing else changed. Where it lies in Debian's package `faketime`.
const LIBRARIES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// A machine's wall clock that somebody sets while a command runs.
struct WallClock {
    library: &'static str,
    file: PathBuf,
}

impl WallClock {
    fn of(world: &World) -> Option<Self> {
        let library = LIBRARIES.into_iter().find(|it| Path::new(it).exists())?;
        let file = world.write("wall-clock", "+0");
        Some(Self { library, file })
    }

    /// Puts it so far from the true time.
    fn set(&self, offset: &str) {
        // Whoever reads it meets one or the other.
        let new = self.file.with_extension("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }

    /// The binary at this clock, by which it is off by as many times as much as its time is fast.
    fn command(&self, world: &World, arguments: &[&str]) -> Command {
        let mut command = world.command(arguments);
        command
            .env("LD_PRELOAD", self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.file)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    }
}

/// A campaign on its way when the clock is set; `None` where no clock can be set.
async fn set_on_the_way(offset: &str, more: &[&str]) -> Option<(World, WallClock, Child)> {
    let world = World::start(World::usual(1)).await;
    let Some(clock) = WallClock::of(&world) else {
        println!("skipped: faketime is not installed, no clock can be set under a running command");
        return None;
    };
    world.list(30);
    let mut words = start("list.csv", "promo", more);
    words[7] = "10s";
    let mut command = clock.command(&world, &words);
    let told = File::create(world.path("told")).unwrap();
    command.stdout(told.try_clone().unwrap()).stderr(told);
    let child = command.spawn().unwrap();
    until("some have it", || world.simulator.ledger().len() >= 3).await;
    clock.set(offset);
    Some((world, clock, child))
}

/// What the command said on its way.
fn told(world: &World) -> String {
    std::fs::read_to_string(world.path("told")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_under_a_running_command_exits_7_and_nothing_goes_out_by_it() {
    for offset in ["-2m", "+1h"] {
        let Some((world, clock, child)) = set_on_the_way(offset, &["--no-wait"]).await else {
            return;
        };
        assert_eq!(ended(child).await, 7);
        assert!(told(&world).contains(CHANGED), "{}", told(&world));
        let had = world.received().len();
        assert!((3..30).contains(&had), "{offset}: {had} of 30");

        let held = ["resume", "--all", "--no-wait"];
        let again = ran(clock.command(&world, &held)).await;
        again.expect(7).says(CHANGED);
        assert_eq!(world.received().len(), had, "{offset}");
        clock.set("+0");
        ran(clock.command(&world, &["resume", "--all"]))
            .await
            .expect(0);
        assert_eq!(world.judge(30, offset), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_on_by_itself_once_its_clock_is_right_again() {
    let Some((world, clock, child)) = set_on_the_way("-2m", &[]).await else {
        return;
    };
    until("it is told of", || told(&world).contains(CHANGED)).await;
    clock.set("+0");
    assert_eq!(ended(child).await, 0);
    assert_eq!(world.judge(30, "right again"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_is_told_of_and_nobody_gets_it_twice() {
    let world = capped().await;
    let go_on = ["resume", "--all", "--no-wait"];
    let ran_back = ran(world.command_at(-DAY, &go_on)).await;
    ran_back.expect(7).says("the clock was changed");
    assert_eq!(world.received().len(), 5, "the day before is no new day");

    world.run(&go_on).await.expect(7).says("the day's limit");
    let free = ["set-limit", "--per-day", "none"];
    world.run(&free).await.expect(0);
    world.run(&["resume", "promo"]).await.expect(0);
    assert_eq!(world.judge(8, "the clock is right again"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_forward_is_no_new_day_until_somebody_says_so() {
    let world = capped().await;
    let go_on = ["resume", "--all", "--no-wait"];
    let ran_ahead = ran(world.command_at(DAY, &go_on)).await;
    ran_ahead.expect(7).says("the clock was changed");
    assert_eq!(world.received().len(), 5);

    ran(world.command_at(DAY, &["resume", "promo"]))
        .await
        .expect(0);
    assert_eq!(world.judge(8, "confirmed"), 0);
}
