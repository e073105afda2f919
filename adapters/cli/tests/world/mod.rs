//! A simulator in this process, a folder, and the real binary run against them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(unix)]
pub(crate) mod terminal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use waha_client::types::SessionConfig;
use waha_client::{NewSession, SessionName, WahaClient};
use waha_simulator::ledger::Fate;
use waha_simulator::{Builder, Simulator, Status};

pub(crate) const SPEED: f64 = 60.0;
pub(crate) const SENDING: u8 = 1;
pub(crate) const UNCONFIRMED: u8 = 2;

/// Numbers of states as the database keeps them.
pub(crate) fn is_handed_over(state: u8) -> bool {
    (3..=7).contains(&state)
}

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) simulator: Simulator,
    /// A file in the folder, or a server's.
    database: String,
    origin: u64,
}

impl World {
    pub(crate) async fn start(builder: Builder) -> Self {
        let simulator = builder.start().await.unwrap();
        pair(&simulator).await;
        let origin = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Self {
            folder: tempfile::tempdir().unwrap(),
            database: "test.sqlite".to_owned(),
            simulator,
            origin,
        }
    }

    /// Everything `SPEED` times as fast.
    pub(crate) fn usual(seed: u64) -> Builder {
        Simulator::builder().seed(seed).speed(SPEED)
    }

    /// The commands have their database there.
    pub(crate) fn keep_in(&mut self, database: &str) {
        database.clone_into(&mut self.database);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path("test.sqlite")
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        self.write_bytes(name, content.as_bytes())
    }

    pub(crate) fn write_bytes(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A list of so many people, no two alike.
    pub(crate) fn list(&self, people: u32) -> PathBuf {
        let mut csv = String::from("nama,no hp\n");
        for person in 0..people {
            csv.push_str(&format!("Orang {person},{}\n", phone(person)));
        }
        self.write("list.csv", &csv)
    }

    /// The binary with these arguments, in the folder, at the simulator, and nothing of this machine's settings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_at(0, arguments)
    }

    /// The same, with a clock that was set by so many seconds.
    pub(crate) fn command_at(&self, seconds: i64, arguments: &[&str]) -> Command {
        // The clock shows origin + (true time - origin) * SPEED.
        let origin = self.origin.cast_signed() - seconds / (SPEED as i64 - 1);
        let mut command = bare(self.folder.path(), arguments);
        command
            .args(["--db", &self.database])
            .args(["--clock-speed", &SPEED.to_string()])
            .args(["--clock-origin", &origin.to_string()])
            .env("WAHA_URL", self.simulator.url())
            .env("WAHA_API_KEY", self.simulator.key());
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        ran(self.command(arguments)).await
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// How many deliveries stand where, read beside whoever writes.
    pub(crate) fn states(&self) -> BTreeMap<u8, u64> {
        self.query("SELECT state, count(*) FROM delivery WHERE flags & 2 = 0 GROUP BY state")
            .unwrap_or_default()
            .into_iter()
            .map(|(state, count)| (u8::try_from(state).unwrap(), count.cast_unsigned()))
            .collect()
    }

    pub(crate) fn in_state(&self, state: u8) -> u64 {
        self.states().get(&state).copied().unwrap_or(0)
    }

    /// Nothing was imported.
    pub(crate) fn reported_none(&self) -> bool {
        !self.database().exists() || self.reported().is_empty()
    }

    /// Each phone and where its newest delivery stands.
    pub(crate) fn reported(&self) -> BTreeMap<u64, u8> {
        self.query("SELECT phone, state FROM delivery WHERE flags & 2 = 0")
            .unwrap()
            .into_iter()
            .map(|(phone, state)| (phone.cast_unsigned(), u8::try_from(state).unwrap()))
            .collect()
    }

    /// Everything that the database holds of its first campaign and of nobody's in particular. A refused import may leave a draft.
    pub(crate) fn kept(&self) -> Vec<String> {
        let database = Connection::open(self.database()).unwrap();
        let mut kept = Vec::new();
        for rows in [
            "campaign WHERE id = 1",
            "campaign_count WHERE campaign = 1",
            "delivery WHERE id >> 32 = 1",
            "delivery_content WHERE id >> 32 = 1",
            "recipient WHERE campaign = 1",
            "attempt",
            "ready WHERE delivery >> 32 = 1",
            "doubt",
            "suppression",
            "lane",
            "earlier_message",
        ] {
            let mut statement = database.prepare(&format!("SELECT * FROM {rows}")).unwrap();
            let columns = statement.column_count();
            let mut found = statement.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let cells: Vec<_> = (0..columns).map(|at| row.get_ref(at).unwrap()).collect();
                kept.push(format!("{rows}: {cells:?}"));
            }
        }
        kept
    }

    fn query(&self, sql: &str) -> rusqlite::Result<Vec<(i64, i64)>> {
        let database = Connection::open_with_flags(
            self.database(),
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        database.busy_timeout(Duration::from_secs(5))?;
        let mut statement = database.prepare(sql)?;
        statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    }

    /// Copies the database as of this moment.
    pub(crate) fn back_up(&self, to: &Path) {
        let database = Connection::open(self.database()).unwrap();
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        database
            .execute("VACUUM INTO ?", [to.to_str().unwrap()])
            .unwrap();
    }

    /// Puts the copy in the place of the database.
    pub(crate) fn restore(&self, from: &Path) {
        for ending in ["", "-wal", "-shm"] {
            let _absent = std::fs::remove_file(self.path(&format!("test.sqlite{ending}")));
        }
        std::fs::copy(from, self.database()).unwrap();
    }

    /// How often each chat received something.
    pub(crate) fn received(&self) -> BTreeMap<u64, u64> {
        let mut received = BTreeMap::new();
        let ledger = self.simulator.ledger();
        for entry in ledger
            .entries()
            .filter(|entry| entry.fate() == Fate::Received)
        {
            *received.entry(entry.chat().parse().unwrap()).or_insert(0) += 1;
        }
        received
    }

    /// [`judge`], by the database in the folder.
    pub(crate) fn judge(&self, people: u32, context: &str) -> u64 {
        judge(&self.received(), &self.reported(), people, context)
    }
}

/// Judges by the ledger: nobody twice, nobody lost, and every report true. Returns how many are unconfirmed.
pub(crate) fn judge(
    received: &BTreeMap<u64, u64>,
    reported: &BTreeMap<u64, u8>,
    people: u32,
    context: &str,
) -> u64 {
    let twice: Vec<_> = received.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        twice.is_empty(),
        "{context}: {} got it twice: {twice:?}",
        twice.len()
    );
    let mut unconfirmed = 0;
    for person in 0..people {
        let phone = phone(person);
        let state = reported.get(&phone).copied();
        let has_it = received.contains_key(&phone);
        match state {
            Some(UNCONFIRMED) => unconfirmed += 1,
            Some(state) if is_handed_over(state) => {
                assert!(
                    has_it,
                    "{context}: {phone} is reported in state {state} and has nothing"
                );
            }
            Some(8..=10) => {
                assert!(
                    !has_it,
                    "{context}: {phone} is reported as not sent and has it"
                );
            }
            other => panic!("{context}: {phone} is lost, it stands at {other:?}"),
        }
    }
    assert_eq!(reported.len(), people as usize, "{context}");
    unconfirmed
}

/// A session with its message store on, made and paired as an operator does it.
async fn pair(simulator: &Simulator) {
    let client = WahaClient::builder(simulator.url())
        .api_key(simulator.key().to_owned())
        .build()
        .unwrap();
    let new = NewSession::started(SessionName::new("default").unwrap())
        .with_config(SessionConfig::default().with_noweb_store(false));
    client.sessions().create(&new).await.unwrap();
    simulator
        .wait_for("default", Status::ScanQrCode)
        .await
        .unwrap();
    simulator.pair("default", "6281200000001").unwrap();
    simulator
        .wait_for("default", Status::Working)
        .await
        .unwrap();
}

/// The phone of the nth person, as the database keeps it.
pub(crate) fn phone(person: u32) -> u64 {
    6_281_310_000_000 + u64::from(person)
}

/// The binary in a folder, without any settings of this machine.
pub(crate) fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waha-campaign"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .stdin(Stdio::null());
    command
}

/// The binary in a folder that holds one file, without any server.
pub(crate) async fn alone(file: &str, content: &[u8], arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), content).unwrap();
    let mut command = bare(folder.path(), arguments);
    command.args(["--db", "test.sqlite"]);
    command.env("WAHA_URL", "http://127.0.0.1:9");
    ran(command).await
}

/// What makes a campaign end soon.
pub(crate) const FAST: [&str; 5] = ["--gap", "none", "--per-day", "none", "--yes"];

/// A campaign that greets everybody of a list and ends soon.
pub(crate) fn start<'a>(list: &'a str, name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["start", list, "--name", name, "--template", "Halo {{nama}}"];
    words.extend(FAST);
    words.extend(more);
    words
}

/// The campaign "promo" to eight people, of whom five had their message when the day's limit came.
pub(crate) async fn capped() -> World {
    let world = World::start(World::usual(1)).await;
    world.list(8);
    let mut words = start("list.csv", "promo", &["--no-wait"]);
    words[9] = "5";
    world.run(&words).await.expect(7);
    assert_eq!(world.received().len(), 5);
    world
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout: {}\nstderr: {}",
            self.stdout, self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(
            self.stdout.contains(words) || self.stderr.contains(words),
            "{words:?} is not in\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }
}

impl Ran {
    /// What `--json` printed.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

pub(crate) async fn ran(mut command: Command) -> Ran {
    tokio::task::spawn_blocking(move || command.output().unwrap().into())
        .await
        .unwrap()
}

pub(crate) async fn ended(mut child: Child) -> i32 {
    tokio::task::spawn_blocking(move || child.wait().unwrap().code().unwrap_or(-1))
        .await
        .unwrap()
}

/// Waits for something to come about.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The seed of a test: from the environment, or from the clock.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("WAHA_CAMPAIGN_TEST_SEED").ok();
    given.map_or_else(
        || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_micros() as u64
        },
        |seed| seed.parse().unwrap(),
    )
}

/// Numbers from a seed (splitmix64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
