//! What does the engine itself cost for each message, does that grow with the audience or with the accounts, and how long does it take to
//! decide about a million messages of fifty accounts?
//!
//! Accounts with gaps, windows, caps, rests and hours, one campaign each, in the world of `world.rs`; the memory in the table is what the
//! process held at most, less what the world keeps for each person.

use std::time::Duration;

use benches::process::Peer;
use benches::table::{Table, megabytes, thousands};
use benches::{Failure, setting};
use campaign_core::limits::{Gap, LaneLimits, Rest, Window, Zone};

use crate::world::{Played, Scene, play};

/// The role that plays one size.
pub(crate) const RUN: &str = "engine";

const LANES: u32 = 50;
const MANY_LANES: u32 = 1_000;

pub(crate) fn bench() -> Result<(), Failure> {
    let many = setting("BENCH_PEOPLE", 1_000_000)?;
    println!("engine: every policy, virtual clock, one thread\n");
    let mut table = Table::new(&[
        "messages",
        "accounts",
        "virtual days",
        "seconds",
        "us/message",
        "steps/message",
        "ns/step",
        "peak memory",
    ]);
    for (people, lanes) in [
        (many / 100, LANES),
        (many / 10, LANES),
        (many, LANES),
        (many, MANY_LANES),
    ] {
        let arguments = [people, lanes].map(|number| number.to_string());
        let played: Played = serde_json::from_str(&Peer::start(RUN, arguments)?.line()?)?;
        played.everybody_once(people)?;
        table.row([
            thousands(f64::from(people)),
            thousands(f64::from(lanes)),
            format!("{:.1}", played.virtual_days),
            format!("{:.2}", played.seconds),
            format!("{:.1}", played.seconds * 1e6 / f64::from(people)),
            format!("{:.1}", played.steps as f64 / f64::from(people)),
            thousands(played.seconds * 1e9 / played.steps as f64),
            megabytes(played.peak_kib),
        ]);
    }
    table.print();
    Ok(())
}

pub(crate) fn run(people: u32, lanes: u32) -> Result<(), Failure> {
    let played = play(&Scene {
        people,
        lanes,
        limits: limits()?,
        seed: 1,
        commit_takes: Duration::ZERO,
    })?;
    println!("{}", serde_json::to_string(&played)?);
    Ok(())
}

fn limits() -> Result<LaneLimits, Failure> {
    let seconds = Duration::from_secs;
    Ok(LaneLimits {
        gap: Gap {
            min: seconds(1),
            max: seconds(2),
        },
        windows: vec![
            Window {
                sends_max: 40,
                span: seconds(60),
            },
            Window {
                sends_max: 2_000,
                span: seconds(3_600),
            },
        ],
        sends_per_day_max: Some(12_000),
        zone: "Asia/Jakarta".parse::<Zone>()?,
        rest: Some(Rest {
            after: 200,
            min: seconds(60),
            max: seconds(120),
        }),
        ..LaneLimits::default()
    })
}
