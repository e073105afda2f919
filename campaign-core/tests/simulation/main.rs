//! The engine in worlds that go wrong: faults, crashes, clocks that jump, all drawn from a seed, judged by the world's own
//! ledger. [`checks`] has a function for each promise of the design. [`campaigns`] plays worlds of one campaign, each about one thing,
//! and [`aimed`] those in which machine, people and operator do what is hardest at the worst moment;
//! [`mixed`] worlds of several lanes and campaigns in which everything happens at once; [`slots`] what somebody waits for beside a
//! broadcast; [`forecasts`] holds forecasts against what happens.
//!
//! A failure prints the command that plays its seed again and what happened last. For all tests, or for the one that is named after `--`:
//!
//! - `SIMULATION_SEED=n` plays that seed again; with `SIMULATION_TRACE=1` it tells all that happens.
//! - `SIMULATION_SEEDS=n` plays so many seeds instead of the usual few, from `SIMULATION_FROM` on if that is given.
//! - `SIMULATION_GO_ON=1` tells of every seed that fails instead of stopping at the first.
//!
//! A long run, on every core there is, with a line of progress every 500 seeds and the table of what struck where at the end:
//!
//! ```text
//! SIMULATION_SEEDS=200000 cargo test -p campaign-core --all-features --test simulation -- mixed --nocapture
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod aimed;
mod campaigns;
mod checks;
mod coverage;
mod faults;
mod forecasts;
mod mixed;
mod plan;
mod plays;
mod slots;
mod workers;
mod world;
