//! Runs the benches that are named, or all: `cargo bench -p benches -- dispatch million`.
#![allow(clippy::print_stdout, reason = "benches print tables")]

mod client;
mod dispatch;
mod engine;
mod import;
mod million;
mod phones;
mod templates;

use std::path::Path;

use benches::Failure;
use benches::process::role;
use benches::sink;

type Bench = fn() -> Result<(), Failure>;

const BENCHES: [(&str, Bench); 7] = [
    ("client", client::bench),
    ("dispatch", dispatch::bench),
    ("engine", engine::bench),
    ("import", import::bench),
    ("million", million::bench),
    ("phones", phones::bench),
    ("templates", templates::bench),
];

fn main() -> Result<(), Failure> {
    if let Some((role, arguments)) = role() {
        return play(&role, &arguments);
    }
    // Cargo adds `--bench`.
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let unknown = named
        .iter()
        .find(|name| BENCHES.iter().all(|(known, _)| known != name));
    if let Some(unknown) = unknown {
        let known = BENCHES.map(|(name, _)| name).join(", ");
        return Err(format!("there is no bench {unknown}: there are {known}").into());
    }
    for (name, bench) in BENCHES {
        if named.is_empty() || named.iter().any(|wanted| wanted == name) {
            bench()?;
        }
    }
    Ok(())
}

/// The part of a bench that is a process of its own.
fn play(role: &str, arguments: &[String]) -> Result<(), Failure> {
    match (role, arguments) {
        (sink::ROLE, [kind]) => sink::serve(kind),
        (engine::RUN, [people, lanes]) => engine::run(people.parse()?, lanes.parse()?),
        (million::PREPARE, [database, people]) => {
            million::prepare(Path::new(database), people.parse()?)
        }
        (million::RUN, [database, url, messages]) => {
            million::run(Path::new(database), url, messages.parse()?)
        }
        _ => Err(format!("no role {role} with {} arguments", arguments.len()).into()),
    }
}
