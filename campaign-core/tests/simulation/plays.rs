//! Plays seeds, on every core there is, and tells which one failed.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::checks;
use campaign_core::delivery::State;

use super::coverage::{Coverage, Strike};
use super::plan::Plan;
use super::world::World;

/// How many seeds an ordinary run plays of each plan.
const SEEDS: u64 = 12;
/// A long run tells how far it is after every so many seeds.
const TOLD_EVERY: u64 = 500;
/// Where all failing seeds are told of, so many characters of why.
const TOLD_OF_EACH: usize = 300;

pub(crate) fn play(name: &str, plan: impl Fn(u64) -> Plan + Sync) -> Coverage {
    play_so_many(SEEDS, name, plan)
}

/// Plays so many seeds, and judges them by one check more.
pub(crate) fn play_judged(
    ordinary: u64,
    name: &str,
    plan: impl Fn(u64) -> Plan + Sync,
    check: fn(&World),
) {
    play_all(ordinary, name, plan, check);
}

pub(crate) fn play_so_many(
    ordinary: u64,
    name: &str,
    plan: impl Fn(u64) -> Plan + Sync,
) -> Coverage {
    play_all(ordinary, name, plan, |_| {})
}

/// Plays so many seeds, or as many as `SIMULATION_SEEDS` says, or the one that `SIMULATION_SEED` says.
fn play_all(
    ordinary: u64,
    name: &str,
    plan: impl Fn(u64) -> Plan + Sync,
    check: fn(&World),
) -> Coverage {
    let seeds = match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("SIMULATION_FROM").unwrap_or(0);
            first..first + number("SIMULATION_SEEDS").unwrap_or(ordinary)
        }
    };
    let run = Run {
        next: AtomicU64::new(seeds.start),
        has_failed: AtomicBool::new(false),
        failed: Mutex::new(None),
        coverage: Mutex::default(),
    };
    let players = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let count = seeds.end - seeds.start;
    std::thread::scope(|scope| {
        for _ in 0..players.min(count) {
            scope.spawn(|| run.play(name, seeds.start, seeds.end, &plan, check));
        }
    });
    if let Some(seed) = run.failed.into_inner().unwrap() {
        // Once more, and this time it is told what happened before.
        let mut world = World::with_trace(plan(seed), true);
        let again = judge(&mut world, check);
        let text = again.err().unwrap_or_else(|| "not again".into());
        let test = std::thread::current();
        let test = test.name().unwrap_or_default();
        panic!(
            "{name}: SIMULATION_SEED={seed} cargo test -p campaign-core --all-features --test simulation -- {test}: {text}"
        );
    }
    run.coverage.into_inner().unwrap()
}

struct Run {
    next: AtomicU64,
    has_failed: AtomicBool,
    /// The lowest seed that failed.
    failed: Mutex<Option<u64>>,
    coverage: Mutex<Coverage>,
}

impl Run {
    fn play(
        &self,
        name: &str,
        first: u64,
        end: u64,
        plan: &(impl Fn(u64) -> Plan + Sync),
        check: fn(&World),
    ) {
        let mut coverage = Coverage::default();
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= end || self.has_failed.load(Ordering::Relaxed) {
                break;
            }
            let mut world = World::with_trace(plan(seed), is_told());
            if let Err(why) = judge(&mut world, check) {
                if goes_on() {
                    let why: String = why
                        .lines()
                        .next()
                        .unwrap_or_default()
                        .chars()
                        .take(TOLD_OF_EACH)
                        .collect();
                    eprintln!("{name}: SIMULATION_SEED={seed}: {why}");
                } else {
                    self.has_failed.store(true, Ordering::Relaxed);
                }
                let mut failed = self.failed.lock().unwrap();
                *failed = Some(failed.map_or(seed, |other| other.min(seed)));
            }
            coverage.add(&world.coverage);
            let played = seed - first + 1;
            if played.is_multiple_of(TOLD_EVERY) {
                eprintln!("{name}: {played} of {} seeds", end - first);
            }
        }
        self.coverage.lock().unwrap().add(&coverage);
    }
}

/// Plays a world to its end and judges it.
fn judge(world: &mut World, check: fn(&World)) -> Result<(), String> {
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
        world.run();
        checks::all(world);
        check(world);
        let judged = checks::p10_replies_first_where_nothing_is_wrong(world);
        world
            .coverage
            .note_many(Strike::ReplyInTime, State::Sending, judged);
    }));
    outcome.map_err(|panic| said(&*panic))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

/// All that happens is told as it happens.
pub(crate) fn is_told() -> bool {
    static TOLD: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *TOLD.get_or_init(|| std::env::var_os("SIMULATION_TRACE").is_some())
}

/// Seeds that fail are told of as they come, and the others are played all the same.
fn goes_on() -> bool {
    static GOES_ON: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *GOES_ON.get_or_init(|| std::env::var_os("SIMULATION_GO_ON").is_some())
}

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
