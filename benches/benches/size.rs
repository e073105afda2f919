//! How many bytes does a person take on the disk, before their message and after it, in SQLite and in PostgreSQL; and how many are written for
//! each message?
//!
//! The command line brings a messy list in and sends one message, then everybody's, at a simulator that acknowledges them in steps. Disks
//! write pages: messages that go one by one take more of them than those that share a transaction, and so both are measured.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use benches::base::{Database, Server};
use benches::process::written_bytes;
use benches::table::{Table, thousands};
use benches::{Failure, UNFINISHED, command, list, setting, sink};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use waha_simulator::Simulator;

/// The clocks of server and command line run so many times as fast, so that what acknowledges a message later is soon there. Faster still, a busy
/// machine would let the moments to send pass, and each such message be put on record again.
const SPEED: f64 = 10.0;
/// Messages that go one by one wait for a disk each: of them there are fewer by so much.
const FEWER: u32 = 20;
const SQLITE: &str = "SQLite";

pub(crate) fn bench() -> Result<(), Failure> {
    let many = setting("BENCH_SIZE_ROWS", 100_000)?;
    println!("size: bytes on the disk\n");
    let runtime = Runtime::new()?;
    let server = Server::start();
    let mut table = Table::new(&[
        "",
        "people",
        "bytes each, list in",
        "bytes each, sent",
        "bytes each, copy",
        "written each, 16 under way",
        "written each, one by one",
    ]);
    let place = |name: &str| match (name, &server) {
        (SQLITE, _) => Place::file().map(Some),
        (_, server) => server.as_ref().map(Place::on).transpose(),
    };
    for name in [SQLITE, "PostgreSQL"] {
        let (Some(first), Some(second)) = (place(name)?, place(name)?) else {
            continue;
        };
        let sizes = sizes(&runtime, &first, many, 16)?;
        let one_by_one = self::sizes(&runtime, &second, many / FEWER, 1)?;
        let each = |bytes: u64| thousands(bytes as f64 / sizes.people as f64);
        table.row([
            name.to_owned(),
            thousands(sizes.people as f64),
            each(sizes.listed),
            each(sizes.sent),
            each(sizes.copied),
            sizes.written_each(),
            one_by_one.written_each(),
        ]);
    }
    table.print();
    println!(
        "Copy: what `backup` makes of a file, and `pg_dump` as text of a server's database. Written: of SQLite all that went to the disk, of\n\
         PostgreSQL what was written ahead (WAL); tables are written there as well, by checkpoints.\n"
    );
    Ok(())
}

/// What a campaign takes; an empty database is taken off.
struct Sizes {
    people: u64,
    listed: u64,
    sent: u64,
    copied: u64,
    written: Option<u64>,
}

impl Sizes {
    fn written_each(&self) -> String {
        let each = |bytes: u64| thousands(bytes as f64 / self.people as f64);
        self.written.map_or_else(|| "?".to_owned(), each)
    }
}

fn sizes(
    runtime: &Runtime,
    place: &Place<'_>,
    rows: u32,
    in_flight: u32,
) -> Result<Sizes, Failure> {
    let folder = place.folder.path();
    list::write(&folder.join("list.csv"), rows)?;
    std::fs::write(
        folder.join("waha-campaign.toml"),
        format!("[engine]\nin_flight_max = {in_flight}\n"),
    )?;
    let origin = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let simulator = Simulator::builder()
        .key(sink::KEY)
        .speed(SPEED)
        .store_default(true)
        .session("default", "6281200000001");
    let simulator = runtime.block_on(simulator.start())?;
    let call = |words: &[&str], expected: i32| -> Result<String, Failure> {
        let mut call = command(folder, simulator.url())?;
        call.args(words)
            .args(["--db", &place.database(), "--json"])
            .args(["--clock-speed", &SPEED.to_string()])
            .args(["--clock-origin", &origin.to_string()]);
        said(&mut call, expected)
    };
    let empty = place.bytes()?;
    let start = [
        "start",
        "list.csv",
        "--name",
        "bench",
        "--template",
        list::TEMPLATE,
    ];
    let one = ["--yes", "--no-wait", "--per-day", "1"];
    call(&[&start[..], &one].concat(), UNFINISHED)?;
    let listed = place.bytes()?;
    call(&["set-limit", "--gap", "none", "--per-day", "none"], 0)?;
    let before = place.written()?;
    call(&["resume", "--all"], 0)?;
    let after = place.written()?;
    let (sent, copied) = (place.bytes()?, place.copied(call)?);
    let status: serde_json::Value = serde_json::from_str(&call(&["status"], 0)?)?;
    let people = status["campaigns"][0]["deliveries"].as_u64();
    runtime.block_on(simulator.shutdown());
    Ok(Sizes {
        people: people.ok_or("the status does not say how many there are")?,
        listed: listed - empty,
        sent: sent - empty,
        copied,
        written: before.zip(after).map(|(before, after)| after - before),
    })
}

/// Runs a command to its end; what it said.
fn said(call: &mut Command, expected: i32) -> Result<String, Failure> {
    let output = call.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.code() != Some(expected) {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{call:?} ended with {}: {said}{errors}", output.status).into());
    }
    Ok(said)
}

/// Where the campaign is kept, and a folder for the rest.
struct Place<'a> {
    folder: TempDir,
    server: Option<Database<'a>>,
}

const FILE: &str = "campaigns.sqlite";

impl<'a> Place<'a> {
    fn file() -> Result<Self, Failure> {
        let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        Ok(Self {
            folder,
            server: None,
        })
    }

    fn on(server: &'a Server) -> Result<Self, Failure> {
        Ok(Self {
            server: Some(server.create()),
            ..Self::file()?
        })
    }

    fn database(&self) -> String {
        let server = self.server.as_ref().map(Database::url);
        server.unwrap_or_else(|| FILE.to_owned())
    }

    /// How much of the disk it takes now.
    fn bytes(&self) -> Result<u64, Failure> {
        match &self.server {
            Some(database) => database.bytes(),
            None => Ok(length(&self.folder.path().join(FILE))),
        }
    }

    fn written(&self) -> Result<Option<u64>, Failure> {
        match &self.server {
            Some(database) => database.written_ahead().map(Some),
            None => Ok(written_bytes()),
        }
    }

    /// The size of a copy of it.
    fn copied(
        &self,
        call: impl Fn(&[&str], i32) -> Result<String, Failure>,
    ) -> Result<u64, Failure> {
        let copy = self.folder.path().join("copy");
        match &self.server {
            Some(database) => database.dump(&copy),
            None => {
                call(&["backup", "copy"], 0)?;
            }
        }
        Ok(length(&copy))
    }
}

/// 0 where there is no such file.
fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |it| it.len())
}
