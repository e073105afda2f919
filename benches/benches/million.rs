//! Does a campaign of a million people start as soon, run as fast, and take as little memory as one of ten thousand?

use std::path::Path;

use benches::base::Base;
use benches::process::{Peer, peak_memory_kib};
use benches::sink::{Kind, Sink};
use benches::table::{Table, megabytes, thousands};
use benches::whole_path::{Audience, Run};
use benches::{Failure, setting, whole_path};
use serde::{Deserialize, Serialize};
use sql_store::Durability;

/// The role that makes a database: what that takes is not part of the question.
pub(crate) const PREPARE: &str = "prepare";
/// The role that runs its campaign.
pub(crate) const RUN: &str = "run";

pub(crate) fn bench() -> Result<(), Failure> {
    let many = setting("BENCH_PEOPLE", 1_000_000)?;
    let few = many / 100;
    let messages = (many / 10).max(few);
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    println!("million: SQLite FULL, 64 in flight, no pace\n");
    let mut table = Table::new(&[
        "people",
        "sent",
        "first send after",
        "messages/s",
        "peak memory",
    ]);
    for (people, messages) in [(few, few), (few * 10, few), (many, few), (many, messages)] {
        let database = folder.path().join(format!("{people}-{messages}.db"));
        Peer::start(PREPARE, [&path(&database)?, &people.to_string()])?.line()?;
        let sink = Sink::start(Kind::Simulator)?;
        let arguments = [&path(&database)?, sink.url(), &messages.to_string()];
        let ran: Ran = serde_json::from_str(&Peer::start(RUN, arguments)?.line()?)?;
        table.row([
            thousands(f64::from(people)),
            thousands(f64::from(messages)),
            format!("{:.2} s", ran.seconds_to_first_send),
            thousands(ran.rate),
            megabytes(ran.peak_kib),
        ]);
    }
    table.print();
    Ok(())
}

fn path(path: &Path) -> Result<String, Failure> {
    Ok(path.to_str().ok_or("a path that is no text")?.to_owned())
}

#[derive(Serialize, Deserialize)]
struct Ran {
    seconds_to_first_send: f64,
    rate: f64,
    peak_kib: Option<u64>,
}

pub(crate) fn prepare(database: &Path, people: u32) -> Result<(), Failure> {
    let audience = Audience::of_one_session(people);
    runtime()?.block_on(whole_path::prepare(&base(database), audience))?;
    println!("done");
    Ok(())
}

pub(crate) fn run(database: &Path, url: &str, messages: u32) -> Result<(), Failure> {
    let base = base(database);
    let run = Run::unpaced(&base, Durability::Full, url, 64);
    let ran = runtime()?.block_on(run.send(messages))?;
    let ran = Ran {
        seconds_to_first_send: ran.to_first_send.as_secs_f64(),
        rate: ran.took.rate(),
        peak_kib: peak_memory_kib(None),
    };
    println!("{}", serde_json::to_string(&ran)?);
    Ok(())
}

fn base(database: &Path) -> Base {
    Base::Sqlite(database.to_path_buf())
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
