//! A throw-away PostgreSQL cluster, one for a test binary: in a temporary folder, reached by a unix socket in it alone, and gone when the
//! process is, however it ends.

// Each test binary uses a part of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const USER: &str = "campaign";
/// Names the folder of PostgreSQL's programs.
const BIN_VARIABLE: &str = "PG_BIN";

pub(crate) struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    options: String,
    is_root: bool,
    databases: AtomicU32,
    /// A shell waits for the end of this pipe, to stop the server and remove the folder.
    _pipe: Option<ChildStdin>,
}

/// The cluster of this process; `None`, and a word about it, where there is no PostgreSQL.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Cluster::start("", |_| {}));
    let cluster = cluster.as_ref();
    if cluster.is_none() {
        println!("skipped: PostgreSQL is not installed (Debian: apt-get install postgresql)");
    }
    cluster
}

impl Cluster {
    /// Starts one with more options, after something was done in its folder.
    pub(crate) fn start(more: &str, prepare: impl FnOnce(&Self)) -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap().keep();
        let mut cluster = Self {
            programs,
            options: format!(
                "-k {} -c listen_addresses='' -c fsync=off -c max_connections=500 {more}",
                folder.display()
            ),
            folder,
            is_root: is_root(),
            databases: AtomicU32::new(0),
            _pipe: None,
        };
        if cluster.is_root {
            // The server refuses root.
            succeed(Command::new("chown").arg("postgres:").arg(&cluster.folder));
        }
        cluster._pipe = cluster.stopped_with_us();
        let data = cluster.folder.join("data");
        let mut initdb = cluster.program("initdb");
        initdb.args([
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--no-locale",
            "-U",
            USER,
        ]);
        succeed(initdb.arg("-D").arg(&data));
        prepare(&cluster);
        cluster.run();
        Some(cluster)
    }

    /// Starts its server, for the first time or again.
    pub(crate) fn run(&self) {
        let mut start = self.program("pg_ctl");
        start.args(["-w", "-o", &self.options, "-l"]);
        start.arg(self.folder.join("log"));
        start.arg("-D").arg(self.folder.join("data"));
        // What the server writes to would otherwise be what whoever started the tests waits for.
        start.stdin(Stdio::null());
        start.stdout(Stdio::null()).stderr(Stdio::null());
        let started = start.arg("start").status().unwrap();
        if !started.success() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            panic!("PostgreSQL did not start: {log}");
        }
    }

    /// Stops its server: `fast`, or `immediate` as by a crash.
    pub(crate) fn stop(&self, how: &str) {
        let mut stop = self.program("pg_ctl");
        stop.args(["-w", "-m", how, "-D"]);
        succeed(stop.arg(self.folder.join("data")).arg("stop"));
    }

    fn stopped_with_us(&self) -> Option<ChildStdin> {
        let script = r#"read _; "$0" -D "$1/data" -m immediate stop; cd /; rm -rf "$1""#;
        let mut shell = self.as_server("sh");
        shell.args(["-c", script]);
        shell
            .arg(self.programs.join("pg_ctl"))
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        shell.spawn().unwrap().stdin.take()
    }

    /// A new name for a database.
    pub(crate) fn new_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn create(&self, name: &str) {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
    }

    pub(crate) fn remove(&self, name: &str) {
        self.sql(
            "postgres",
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        );
    }

    pub(crate) fn url(&self, name: &str) -> String {
        self.url_at(name, &self.folder)
    }

    /// The same by another socket.
    pub(crate) fn url_at(&self, name: &str, folder: &Path) -> String {
        format!("postgres:///{name}?user={USER}&host={}", folder.display())
    }

    /// Where its socket is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs statements, and returns what they print.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        printed(&mut self.client("psql", database), sql)
    }

    /// The same on a server that has another port than is usual.
    pub(crate) fn sql_at(&self, port: u16, database: &str, sql: &str) -> String {
        let mut psql = self.client("psql", database);
        psql.args(["-p", &port.to_string()]);
        printed(&mut psql, sql)
    }

    /// Writes the database's dump to a file.
    pub(crate) fn dump(&self, database: &str, to: &Path) {
        succeed(self.client("pg_dump", database).arg("-f").arg(to));
    }

    /// Reads a dump into an empty database.
    pub(crate) fn read_dump(&self, database: &str, from: &Path) {
        let mut psql = self.client("psql", database);
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f"]);
        succeed(psql.arg(from));
    }

    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(&self.folder);
        command.args(["-U", USER, "-d", database]);
        command
    }

    fn program(&self, name: &str) -> Command {
        self.as_server(self.programs.join(name))
    }

    /// As a user that the server runs as.
    pub(crate) fn as_server(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = if self.is_root {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        // Where the tests were started may not be a place for that user.
        command.current_dir("/");
        command
    }
}

fn printed(psql: &mut Command, sql: &str) -> String {
    psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
    let output = succeed(psql);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    output
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}

/// Where PostgreSQL's programs are: where the variable says, `pg_config` does, where Debian has them, or in the PATH.
fn programs() -> Option<PathBuf> {
    let named = std::env::var_os(BIN_VARIABLE).map(PathBuf::from);
    let configured = Command::new("pg_config").arg("--bindir").output().ok();
    let configured = configured
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map(|folder| PathBuf::from(folder.trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    named
        .into_iter()
        .chain(configured)
        .chain(debian())
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// The newest first.
fn debian() -> Vec<PathBuf> {
    let found = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<(u32, PathBuf)> = found
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version = folder.file_name()?.to_str()?.parse().ok()?;
            Some((version, folder.join("bin")))
        })
        .collect();
    versions.sort_unstable_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder).collect()
}
