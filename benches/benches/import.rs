//! Does a list of a million rows take more memory than one of a hundred thousand, and how fast does it come in?
//!
//! `waha-campaign plan` and `start` read a messy CSV: phones normalised, duplicates found, every message rendered once, rejects
//! written to a file; `start` also stores everything and sends one message, then meets a daily cap of one and ends. With one text for all there is
//! nothing to render. Beside them the same job in Python (import.py). Each is a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use benches::process::peak_memory_kib;
use benches::sink::{self, Kind, Sink};
use benches::table::{Table, megabytes, thousands};
use benches::{Failure, UNFINISHED, command, list, python, setting};
use serde::Deserialize;

/// How often the memory of a process is looked at; what it takes in its very last moment is not seen.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// A message in which there is nothing to render.
const PLAIN: &str = "Toko kami pindah ke Jl. Melati 7. Terima kasih.";

pub(crate) fn bench() -> Result<(), Failure> {
    let many = setting("BENCH_ROWS", 1_000_000)?;
    let few = many / 10;
    let python_rows = setting("BENCH_PYTHON_ROWS", many)?.min(many);
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let sink = Sink::start(Kind::Simulator)?;
    println!(
        "import: a messy CSV of {} rows\n",
        thousands(f64::from(many))
    );

    let mut table = Table::new(&["", "rows", "seconds", "rows/s", "peak memory"]);
    let mut add = |name: &str, rows: u32, job: Job| {
        table.row([
            name.to_owned(),
            thousands(f64::from(rows)),
            format!("{:.1}", job.time.as_secs_f64()),
            thousands(job.rate(rows)),
            megabytes(job.peak_kib),
        ]);
    };
    let lists = [few, many].map(|rows| (rows, folder.path().join(format!("{rows}.csv"))));
    for (rows, list) in &lists {
        list::write(list, *rows)?;
    }
    let mut both = |name: &str, command: &str, text: &str| {
        let mut one = |(rows, list): &(u32, PathBuf)| {
            let job = ours(command, text, list, sink.url())?;
            add(&format!("waha-campaign {name}"), *rows, job);
            Ok::<_, Failure>(job)
        };
        let [small, large] = &lists;
        Ok::<_, Failure>([one(small)?, one(large)?])
    };
    let plan = both("plan", "plan", list::TEMPLATE)?;
    let start = both("start", "start", list::TEMPLATE)?;
    let [_, plain] = both("start, one text for all", "start", PLAIN)?;
    let python = python(folder.path(), python_rows);
    if let Ok(job) = &python {
        add("Python: csv, phonenumbers, sqlite3", python_rows, *job);
    }
    table.print();
    for (name, [few_of, many_of]) in [("start", start), ("plan", plan)] {
        say_growth(name, few_of.peak_kib, many_of.peak_kib, many - few);
    }
    match python {
        Ok(job) => {
            let [_, start] = start;
            let ratio = |ours: Job| ours.rate(many) / job.rate(python_rows);
            println!(
                "start against Python: {:.1} times the rows/s, with one text for all {:.1}",
                ratio(start),
                ratio(plain),
            );
        }
        Err(why) => println!("skipped: the same job in Python: {why}"),
    }
    println!();
    Ok(())
}

fn say_growth(command: &str, few: Option<u64>, many: Option<u64>, rows: u32) {
    if let (Some(few), Some(many)) = (few, many) {
        println!(
            "{command}: {:.2} times the memory for ten times the rows, {:.1} bytes for each row more",
            many as f64 / few as f64,
            (many.saturating_sub(few) * 1_024) as f64 / f64::from(rows),
        );
    }
}

/// What a job took.
#[derive(Clone, Copy)]
struct Job {
    time: Duration,
    peak_kib: Option<u64>,
}

impl Job {
    fn rate(&self, rows: u32) -> f64 {
        f64::from(rows) / self.time.as_secs_f64()
    }
}

/// The program from its start to its end, in a folder of its own.
fn ours(name: &str, text: &str, list: &Path, url: &str) -> Result<Job, Failure> {
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    // With `--json` it says there what went wrong.
    let said = folder.path().join("said.json");
    let mut call = command(folder.path(), url)?;
    call.arg(name)
        .arg(list)
        .args(["--template", text, "--json"])
        .args(["--db", "campaigns.db"])
        .stdout(File::create(&said)?);
    if name == "start" {
        call.args(["--session", &sink::session(0)]);
        call.args(["--name", "bench", "--yes", "--no-wait", "--per-day", "1"]);
    }
    let began = Instant::now();
    let mut child = call.spawn()?;
    let mut peak_kib = None;
    let status = loop {
        // Nothing can be read of a process that has just ended.
        peak_kib = peak_memory_kib(Some(child.id())).or(peak_kib);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(LOOK_EVERY),
        }
    };
    let time = began.elapsed();
    // `start` says that it is not finished: its cap of one message a day was met.
    let expected = if name == "start" { UNFINISHED } else { 0 };
    if status.code() != Some(expected) {
        let said = std::fs::read_to_string(&said)?;
        return Err(format!("waha-campaign {name} ended with {status}: {said}").into());
    }
    Ok(Job { time, peak_kib })
}

#[derive(Deserialize)]
struct Answer {
    seconds: f64,
    peak_kib: Option<u64>,
}

/// The same job by import.py. Its clock starts after its imports.
fn python(folder: &Path, rows: u32) -> Result<Job, Failure> {
    let list = folder.join("python.csv");
    list::write(&list, rows)?;
    let answer: Answer = python::run("import.py", [list, folder.join("python.db")])?;
    Ok(Job {
        time: Duration::from_secs_f64(answer.seconds),
        peak_kib: answer.peak_kib,
    })
}
