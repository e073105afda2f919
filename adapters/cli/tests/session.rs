//! `waha-campaign session` as an operator meets it: sessions made, paired and looked after through the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use qrcode::{Color, EcLevel, QrCode};
use serde_json::Value;
use waha_client::{SessionName, WahaClient};
use waha_simulator::{Simulator, Status};
use world::{Ran, World, bare, ended, ran};

const PHONE: &str = "6281298765432";
/// Twelve real seconds for the first code, and the last one is over after half a minute.
const PATIENT_SPEED: f64 = 5.0;

/// A world in which a code stays for a while.
async fn patient() -> World {
    World::start(Simulator::builder().seed(1).speed(PATIENT_SPEED)).await
}

/// A world in which `toko` is made and waits for a phone.
async fn unpaired(world: World) -> World {
    world.run(&["session", "create", "toko"]).await.expect(0);
    world
}

fn client(world: &World) -> WahaClient {
    WahaClient::builder(world.simulator.url())
        .api_key(world.simulator.key().to_owned())
        .build()
        .unwrap()
}

fn lines(ran: &Ran) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    ran.stdout.lines().map(read).collect()
}

/// The binary while it runs, and what it says on standard output.
struct Running {
    child: Child,
    said: Option<BufReader<ChildStdout>>,
}

impl Running {
    fn new(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = child.stdout.take().map(BufReader::new);
        Self { child, said }
    }

    /// The next line; none when there are no more.
    async fn line(&mut self) -> Option<String> {
        let mut said = self.said.take().unwrap();
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let length = said.read_line(&mut line).unwrap();
            (said, (length > 0).then_some(line))
        });
        let read = tokio::time::timeout(Duration::from_secs(60), reading).await;
        let (said, line) = read.expect("it says nothing more").unwrap();
        self.said = Some(said);
        line
    }

    async fn event(&mut self, event: &str) -> Value {
        while let Some(line) = self.line().await {
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["event"] == event {
                return value;
            }
        }
        panic!("no {event} came");
    }

    async fn ended(self) -> i32 {
        ended(self.child).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_created_scanned_and_works() {
    let world = patient().await;
    let created = world
        .run(&["session", "create", "toko", "--json"])
        .await
        .expect(0);
    let created = created.json();
    assert_eq!(created["status"], "SCAN_QR_CODE");
    assert_eq!(created["message_store"], true);
    assert_eq!(created["account"], Value::Null);
    assert_eq!(created["next"], "waha-campaign session qr toko");

    let mut pairing = Running::new(world.command(&["session", "qr", "toko", "--json"]));
    let code = pairing.event("qr").await;
    assert!(code["value"].as_str().unwrap().starts_with("2@"), "{code}");
    world.simulator.pair("toko", PHONE).unwrap();
    let end = pairing.event("end").await;
    assert_eq!(end["outcome"], "working", "{end}");
    assert_eq!(end["account"], format!("+{PHONE}"), "{end}");
    assert_eq!(pairing.line().await, None, "the end is the last line");
    assert_eq!(pairing.ended().await, 0);

    world
        .run(&["session", "me", "toko"])
        .await
        .expect(0)
        .says(&format!("toko is WORKING, +{PHONE} (Simulated Phone)"));
    let me = world
        .run(&["session", "me", "toko", "--json"])
        .await
        .expect(0);
    assert_eq!(me.json()["account"], format!("+{PHONE}"));
    world
        .run(&["session", "qr", "toko"])
        .await
        .expect(0)
        .says("nothing to scan");
    world.list(2);
    world
        .run(&[
            "start",
            "list.csv",
            "--name",
            "promo",
            "--template",
            "a",
            "--session",
            "toko",
            "--gap",
            "none",
            "--yes",
        ])
        .await
        .expect(0);
    assert_eq!(world.simulator.ledger().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_can_be_typed_on_the_phone_instead() {
    let world = unpaired(patient().await).await;
    let mut pairing = Running::new(world.command(&[
        "session",
        "code",
        "0812-9876-5432",
        "--session",
        "toko",
        "--json",
    ]));
    let code = pairing.event("code").await;
    assert_eq!(code["phone"], format!("+{PHONE}"));
    assert_eq!(code["code"].as_str().unwrap().len(), "ABCD-EFGH".len());
    world.simulator.pair("toko", PHONE).unwrap();
    assert_eq!(pairing.event("end").await["outcome"], "working");
    assert_eq!(pairing.ended().await, 0);

    let wrong = world
        .run(&["session", "code", "12", "--session", "toko", "--json"])
        .await
        .expect(3);
    assert_eq!(lines(&wrong)[0]["outcome"], "error");
    world
        .run(&["session", "code", "0812-9876-5432"])
        .await
        .expect(0)
        .says("default is WORKING already");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_new_code_is_shown_until_waha_gives_up() {
    // All codes together live eight seconds.
    let world = unpaired(World::start(Simulator::builder().seed(1).speed(20.0)).await).await;
    let waited = world
        .run(&["session", "qr", "toko", "--json"])
        .await
        .expect(7);
    let lines = lines(&waited);
    let (end, codes) = lines.split_last().unwrap();
    assert_eq!(
        (&end["event"], &end["outcome"], &end["status"]),
        (&"end".into(), &"failed".into(), &"FAILED".into())
    );
    let values: Vec<&str> = codes
        .iter()
        .map(|code| code["value"].as_str().unwrap())
        .collect();
    assert!(values.len() > 1, "{values:?}");
    assert!(
        values.windows(2).all(|pair| pair[0] != pair[1]),
        "each once: {values:?}"
    );
    waited.says("waha-campaign session restart toko");

    let failed = world.run(&["session", "qr", "toko"]).await.expect(4);
    failed.says("is FAILED").says("session restart toko");
    world
        .run(&["session", "start", "toko"])
        .await
        .expect(4)
        .says("session restart toko");
    world
        .run(&["session", "restart", "toko"])
        .await
        .expect(0)
        .says("toko: SCAN_QR_CODE")
        .says("waha-campaign session qr toko");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_does_not_end_the_wait() {
    let world = unpaired(patient().await).await;
    let mut pairing = Running::new(world.command(&["session", "qr", "toko", "--json"]));
    let first = pairing.event("qr").await;
    world.simulator.restart_process();
    let second = pairing.event("qr").await;
    assert_ne!(first["value"], second["value"]);
    world.simulator.pair("toko", PHONE).unwrap();
    assert_eq!(pairing.event("end").await["outcome"], "working");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_ends_with_7_when_its_time_is_over() {
    let world = unpaired(patient().await).await;
    let waited = world
        .run(&["session", "qr", "toko", "--timeout", "20s"])
        .await
        .expect(7);
    waited.says("not paired within the time given");
    let waited = world
        .run(&[
            "session",
            "code",
            PHONE,
            "--session",
            "toko",
            "--timeout",
            "20",
            "--json",
        ])
        .await
        .expect(7);
    assert_eq!(lines(&waited).last().unwrap()["outcome"], "timed_out");
    for wrong in ["soon", "0s", "-3s"] {
        let timeout = format!("--timeout={wrong}");
        world
            .run(&["session", "qr", "toko", &timeout])
            .await
            .expect(2)
            .says("90s");
    }
}

/// Reads half blocks that are light on a dark background.
fn modules(drawn: &[String]) -> Vec<Vec<bool>> {
    const BORDER: usize = 4;
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for line in drawn {
        let halves = line.chars().map(|drawn| match drawn {
            '█' => (false, false),
            '▀' => (false, true),
            '▄' => (true, false),
            ' ' => (true, true),
            other => panic!("{other:?}"),
        });
        let (upper, lower): (Vec<bool>, Vec<bool>) = halves.unzip();
        rows.extend([upper, lower]);
    }
    let side = rows[0].len();
    rows.truncate(side - BORDER);
    rows.drain(..BORDER);
    for row in &mut rows {
        row.truncate(side - BORDER);
        row.drain(..BORDER);
    }
    rows
}

fn code_of(text: &str) -> Vec<Vec<bool>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).unwrap();
    let colors = code.to_colors();
    let rows = colors.chunks(code.width());
    rows.map(|row| row.iter().map(|color| *color == Color::Dark).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_the_code_in_plain_blocks_and_no_control_characters() {
    let world = unpaired(patient().await).await;
    let session = SessionName::new("toko").unwrap();
    let before = client(&world).pairing().qr_text(&session).await.unwrap();
    let mut pairing = Running::new(world.command(&["session", "qr", "toko"]));
    let mut said = pairing.line().await.unwrap();
    assert!(said.contains("Linked devices"), "{said}");
    let mut drawn = Vec::new();
    loop {
        let line = pairing.line().await.unwrap();
        said.push_str(&line);
        let line = line.trim_end_matches('\n');
        if line.is_empty() {
            break;
        }
        drawn.push(line.to_owned());
    }
    let after = client(&world).pairing().qr_text(&session).await.unwrap();
    let drawn = modules(&drawn);
    assert!(
        drawn == code_of(&before) || drawn == code_of(&after),
        "another code is drawn"
    );
    world.simulator.pair("toko", PHONE).unwrap();
    while let Some(line) = pairing.line().await {
        said.push_str(&line);
    }
    assert_eq!(pairing.ended().await, 0);
    assert!(said.contains("toko is WORKING"), "{said}");
    let strange: Vec<char> = said
        .chars()
        .filter(|c| c.is_control() && *c != '\n')
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_is_written_as_a_picture_when_asked_for() {
    let world = unpaired(patient().await).await;
    let mut pairing = Running::new(world.command(&["session", "qr", "toko", "--out", "qr.png"]));
    let line = pairing.line().await.unwrap();
    assert!(line.contains("qr.png"), "{line}");
    let picture = std::fs::read(world.path("qr.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    world.simulator.pair("toko", PHONE).unwrap();
    assert_eq!(pairing.ended().await, 0);

    let world = unpaired(patient().await).await;
    world
        .run(&["session", "qr", "toko", "--out", "nowhere/qr.png"])
        .await
        .expect(1)
        .says("cannot write nowhere/qr.png");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_says_how_sessions_stand_and_what_to_do() {
    let builder =
        World::usual(1)
            .stopped_session("tidur")
            .session_with("lama", PHONE, serde_json::json!({}));
    let world = World::start(builder).await;
    let list = world.run(&["session", "list"]).await.expect(0);
    list.says("default: WORKING, +6281200000001 (Simulated Phone), message store on")
        .says("tidur: STOPPED, no account")
        .says("waha-campaign session start tidur")
        .says("lama: WORKING, +6281298765432 (Simulated Phone), message store off")
        .says("config.noweb.store.enabled of lama");

    let list = world.run(&["session", "list", "--json"]).await.expect(0);
    let list = list.json();
    let stores: Vec<(&str, &Value)> = list["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| (session["name"].as_str().unwrap(), &session["message_store"]))
        .collect();
    assert_eq!(
        stores,
        [
            ("default", &true.into()),
            ("lama", &false.into()),
            ("tidur", &Value::Null)
        ]
    );

    world.simulator.unlink("lama").unwrap();
    world
        .run(&["session", "list"])
        .await
        .expect(0)
        .says("lama: FAILED, +6281298765432")
        .says("waha-campaign session logout lama");
    world
        .run(&["session", "delete", "default", "--yes"])
        .await
        .expect(0);
    world
        .run(&["session", "delete", "lama", "--yes"])
        .await
        .expect(0);
    world
        .run(&["session", "delete", "tidur", "--yes"])
        .await
        .expect(0);
    world
        .run(&["session", "list"])
        .await
        .expect(0)
        .says("waha-campaign session create");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_stops_starts_and_restarts_without_losing_its_phone() {
    let world = World::start(World::usual(1)).await;
    world
        .run(&["session", "stop"])
        .await
        .expect(0)
        .says("default: STOPPED")
        .says("session start default");
    assert_eq!(world.simulator.status("default"), Some(Status::Stopped));
    world
        .run(&["session", "stop"])
        .await
        .expect(0)
        .says("STOPPED already");
    world
        .run(&["session", "me"])
        .await
        .expect(4)
        .says("session start default");
    world
        .run(&["session", "qr"])
        .await
        .expect(4)
        .says("session start default");
    world
        .run(&["session", "start"])
        .await
        .expect(0)
        .says("default: WORKING, +6281200000001");
    world
        .run(&["session", "start"])
        .await
        .expect(0)
        .says("WORKING already");
    let restarted = world.run(&["session", "restart", "--json"]).await.expect(0);
    assert_eq!(restarted.json()["status"], "WORKING");
    assert_eq!(restarted.json()["next"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_must_say_yes_before_a_pairing_is_lost() {
    let world = World::start(World::usual(1)).await;
    for act in ["logout", "delete"] {
        world
            .run(&["session", act])
            .await
            .expect(2)
            .says("+6281200000001")
            .says("--yes");
    }
    assert_eq!(world.simulator.status("default"), Some(Status::Working));
    world
        .run(&["session", "logout", "--yes"])
        .await
        .expect(0)
        .says("default: SCAN_QR_CODE, no account");
    let deleted = world
        .run(&["session", "delete", "--yes", "--json"])
        .await
        .expect(0);
    assert_eq!(deleted.json()["deleted"], true);
    assert!(world.simulator.sessions().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_never_changed_by_create() {
    let builder = World::usual(1).session_with("lama", PHONE, serde_json::json!({}));
    let world = World::start(builder).await;
    world
        .run(&["session", "create", "lama"])
        .await
        .expect(3)
        .says("already")
        .says("session delete lama");
    let session = SessionName::new("lama").unwrap();
    let info = client(&world).sessions().get(&session).await.unwrap();
    assert!(info.config.unwrap_or_default().noweb.is_none());
    assert_eq!(world.simulator.status("lama"), Some(Status::Working));

    world
        .run(&["session", "create", "baru", "--no-start"])
        .await
        .expect(0)
        .says("message store on")
        .says("session start baru");
    assert_eq!(world.simulator.status("baru"), Some(Status::Stopped));
    world
        .run(&["session", "create", "baru"])
        .await
        .expect(3)
        .says("session start baru");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_do_next() {
    let world = World::start(World::usual(1)).await;
    for words in [
        vec!["session", "start", "lain"],
        vec!["session", "stop", "lain"],
        vec!["session", "restart", "lain"],
        vec!["session", "logout", "lain", "--yes"],
        vec!["session", "delete", "lain", "--yes"],
        vec!["session", "me", "lain"],
        vec!["session", "qr", "lain"],
        vec!["session", "code", PHONE, "--session", "lain"],
    ] {
        world
            .run(&words)
            .await
            .expect(4)
            .says("no session \"lain\"");
    }
    world
        .run(&["session", "me", "a b"])
        .await
        .expect(2)
        .says("cannot be a session's name");
    let missing = world
        .run(&["session", "qr", "lain", "--json"])
        .await
        .expect(4);
    let lines = lines(&missing);
    assert_eq!(
        (lines.len(), &lines[0]["error"]["exit_code"]),
        (1, &4.into())
    );

    for words in [
        vec!["session", "list"],
        vec!["session", "create"],
        vec!["session", "stop"],
        vec!["session", "qr"],
        vec!["session", "code", PHONE],
    ] {
        let mut command = bare(world.folder.path(), &words);
        command.env("WAHA_URL", "http://127.0.0.1:9");
        ran(command).await.expect(4).says("does not answer");
        let mut command = bare(world.folder.path(), &words);
        command
            .env("WAHA_URL", world.simulator.url())
            .env("WAHA_API_KEY", "not-the-key");
        let refused = ran(command).await.expect(4).says("refuses the key");
        assert!(!format!("{refused:?}").contains("not-the-key"));
    }
    assert_eq!(world.simulator.sessions(), ["default"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_the_settings_is_meant_when_none_is_named() {
    let world = World::start(World::usual(1).session("kedua", PHONE)).await;
    world.write("waha-campaign.toml", "session = \"kedua\"\n");
    world
        .run(&["session", "me"])
        .await
        .expect(0)
        .says("kedua is WORKING");
    let mut command = world.command(&["session", "me"]);
    command.env("WAHA_CAMPAIGN_SESSION", "default");
    ran(command).await.expect(0).says("default is WORKING");
    world
        .run(&["session", "me", "kedua"])
        .await
        .expect(0)
        .says("kedua is WORKING");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_session_command_has_an_example_in_its_help() {
    let folder = tempfile::tempdir().unwrap();
    for command in [
        "list", "create", "start", "stop", "restart", "logout", "delete", "me", "qr", "code",
    ] {
        let help = ran(bare(folder.path(), &["session", command, "--help"]))
            .await
            .expect(0);
        help.says("Example:")
            .says(&format!("waha-campaign session {command}"));
    }
}

/// A terminal with a person at it.
#[cfg(unix)]
mod terminal {
    use rustix::process::{Pid, Signal, kill_process};
    use waha_simulator::Status;

    use super::{PHONE, patient, unpaired};
    use crate::world::terminal::Terminal;
    use crate::world::{World, until};

    const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16m\u{1b}[48;5;231m";

    fn run(world: &World, rows: u16, columns: u16, arguments: &[&str]) -> Terminal {
        let mut command = world.command(arguments);
        command.env("TERM", "xterm-256color");
        Terminal::run(command, rows, columns)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_terminal_has_the_code_in_black_on_white_and_in_one_place() {
        let world = unpaired(patient().await).await;
        let terminal = run(&world, 60, 120, &["session", "qr", "toko"]);
        terminal.shows("▀").await;
        assert!(terminal.text().contains(BLACK_ON_WHITE));
        world.simulator.restart_process();
        // The cursor goes up by as many lines as were drawn, for the next code and after the last one.
        until("another code", || ups(&terminal.text()) >= 1).await;
        world.simulator.pair("toko", PHONE).unwrap();
        terminal.shows("toko is WORKING").await;
        assert!(ups(&terminal.text()) >= 2, "{}", terminal.text());
        assert_eq!(terminal.ended().await, 0);
    }

    /// How often a whole code was taken back: up to its first line, and up again after its lines were cleared.
    fn ups(text: &str) -> usize {
        let far_up = |part: &str| {
            let digits = part
                .split_once('A')
                .map(|(digits, _)| digits.parse::<u32>());
            matches!(digits, Some(Ok(lines)) if lines > 10)
        };
        text.split("\u{1b}[").filter(|part| far_up(part)).count() / 2
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_small_window_is_told_how_large_it_must_be() {
        let world = unpaired(patient().await).await;
        let terminal = run(&world, 24, 80, &["session", "qr", "toko"]);
        terminal.shows("this window is too small").await;
        let pid = Pid::from_child(&terminal.child);
        kill_process(pid, Signal::INT).unwrap();
        terminal.shows("waha-campaign session list").await;
        assert_eq!(ups(&terminal.text()), 0);
        assert_eq!(terminal.ended().await, 7);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_person_is_asked_before_a_pairing_is_lost() {
        let world = World::start(World::usual(1)).await;
        let mut terminal = run(&world, 24, 80, &["session", "logout"]);
        terminal.shows("Type yes").await;
        terminal.types("tidak");
        assert_eq!(terminal.ended().await, 7);
        assert_eq!(world.simulator.status("default"), Some(Status::Working));
        let mut terminal = run(&world, 24, 80, &["session", "delete"]);
        terminal.shows("Type yes").await;
        terminal.types("ya");
        assert_eq!(terminal.ended().await, 0);
        assert!(world.simulator.sessions().is_empty());
    }
}
