//! Runs the benches that are named, or all: `cargo bench -p benches -- dispatch million`.
#![allow(clippy::print_stdout, reason = "benches print tables")]

mod acks;
mod client;
mod day;
mod dispatch;
mod engine;
mod import;
mod million;
mod paced;
mod phones;
mod python;
mod size;
mod start;
mod templates;
mod world;

use std::path::Path;

use benches::Failure;
use benches::process::role;
use benches::{receiver, sink};

type Bench = fn() -> Result<(), Failure>;

const BENCHES: [(&str, Bench); 11] = [
    ("acks", acks::bench),
    ("client", client::bench),
    ("dispatch", dispatch::bench),
    ("engine", engine::bench),
    ("import", import::bench),
    ("million", million::bench),
    ("paced", paced::bench),
    ("phones", phones::bench),
    ("python", python::bench),
    ("start", start::bench),
    ("templates", templates::bench),
];

/// These take minutes, and are played where they are named.
const LONG: [(&str, Bench); 2] = [("day", day::bench), ("size", size::bench)];

fn main() -> Result<(), Failure> {
    if let Some((role, arguments)) = role() {
        return play(&role, &arguments);
    }
    // Cargo adds `--bench`.
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let all = || BENCHES.into_iter().chain(LONG);
    let unknown = named
        .iter()
        .find(|name| all().all(|(known, _)| known != name.as_str()));
    if let Some(unknown) = unknown {
        let known: Vec<_> = all().map(|(name, _)| name).collect();
        let known = known.join(", ");
        return Err(format!("there is no bench {unknown}: there are {known}").into());
    }
    let is_named = |name: &str| named.iter().any(|wanted| wanted == name);
    for (name, bench) in BENCHES {
        if named.is_empty() || is_named(name) {
            bench()?;
        }
    }
    for (name, bench) in LONG {
        if is_named(name) {
            bench()?;
        }
    }
    Ok(())
}

/// The part of a bench that is a process of its own.
fn play(role: &str, arguments: &[String]) -> Result<(), Failure> {
    match (role, arguments) {
        (day::RUN, [worker, accounts, each, commit_ms]) => day::run(
            worker.parse()?,
            accounts.parse()?,
            each.parse()?,
            commit_ms.parse()?,
        ),
        (sink::ROLE, [kind, sessions]) => sink::serve(kind, sessions.parse()?),
        (receiver::ROLE, [way, base, url, key]) => receiver::serve(way, base, url, key),
        (engine::RUN, [people, lanes]) => engine::run(people.parse()?, lanes.parse()?),
        (million::PREPARE, [database, people]) => {
            million::prepare(Path::new(database), people.parse()?)
        }
        (million::RUN, [database, url, messages]) => {
            million::run(Path::new(database), url, messages.parse()?)
        }
        (paced::RUN, [base, url, messages]) => paced::run(base, url, messages.parse()?),
        (start::RUN, [database, url, limits]) => start::run(database, url, limits),
        _ => Err(format!("no role {role} with {} arguments", arguments.len()).into()),
    }
}
