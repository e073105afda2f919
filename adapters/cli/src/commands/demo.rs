//! `demo`: the whole way, from a messy list to the report, against a simulator in this process. Needs no WAHA and no account.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use campaign_core::delivery::State;
use campaign_core::store::ReportQuery;
use clap::Parser;
use jiff::Timestamp;
use serde_json::json;
use waha_client::types::SessionConfig;
use waha_client::{NewSession, SessionName};
use waha_simulator::ledger::Fate;
use waha_simulator::{Fault, FaultRates, Simulator, Status};

use super::Command;
use crate::Cli;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::settings::{FastClock, Settings};
use crate::setup::Setup;

/// Try everything on a simulator: no WAHA server and no account needed, takes less than a minute
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign demo
  waha-campaign demo --seed 7 --folder /tmp/demo")]
pub(crate) struct Args {
    /// Where its files go; those of an earlier demo are replaced
    #[arg(long, value_name = "FOLDER", default_value = "demo-output")]
    folder: PathBuf,
    /// Other faults at other moments
    #[arg(long, value_name = "N", default_value_t = 3)]
    seed: u64,
}

const LIST: &str = include_str!("../../demo/pelanggan.csv");
const SPEED: f64 = 60.0;
const NAME: &str = "demo";
const TEMPLATE: &str = "Halo {{Nama Pelanggan | title | default(\"Pelanggan\")}}, tagihan Anda {{Total Tagihan | rupiah}} jatuh tempo {{Jatuh Tempo | date}}.";
const BUTTON: &str = "Bayar=https://bayar.example/?no={{No}}";

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let folder = &args.folder;
    prepare(folder).map_err(Failure::other)?;
    let simulator = simulator(args.seed).await.map_err(Failure::other)?;
    let mut settings = Settings::alone(
        simulator.url().to_owned(),
        simulator.key().to_owned().into(),
        folder.join("demo.sqlite"),
        &setup.settings,
    );
    settings.fast_clock = Some(FastClock {
        speed: SPEED,
        origin_seconds: Timestamp::now().as_second(),
        restarts: 0,
    });
    let here = Setup {
        settings,
        output: setup.output.clone(),
    };
    pair(&here, &simulator).await.map_err(Failure::other)?;
    let list = folder.join("pelanggan.csv");
    setup.output.say(&Text::DemoBegins {
        folder: folder.display().to_string(),
        speed: SPEED,
    });

    let rejects = folder.join("demo.rejects.csv");
    let report = folder.join("demo.report.csv");
    let message = [
        "--template",
        TEMPLATE,
        "--button",
        BUTTON,
        "--missing",
        "skip",
    ];
    let (list_text, rejects_text) = (list.display().to_string(), rejects.display().to_string());
    let mut plan = vec!["plan", &list_text, "--rejects", &rejects_text];
    plan.extend(message);
    let mut start = vec![
        "start",
        &list_text,
        "--name",
        NAME,
        "--yes",
        "--rejects",
        &rejects_text,
    ];
    start.extend(message);
    let report_text = report.display().to_string();
    let report_command = [
        "report",
        NAME,
        "--rejects",
        &rejects_text,
        "--out",
        &report_text,
    ];

    // With --json only the verdict is answered: three documents in a row would be none.
    let quiet = here.quiet();
    let steps = if setup.output.is_json() {
        &quiet
    } else {
        &here
    };
    perform(steps, &plan).await?;
    perform(steps, &start).await?;
    perform(steps, &report_command).await?;

    let verdict = Verdict::of(&here, &simulator).await?;
    say(setup, &simulator, &verdict, &report, &rejects);
    simulator.shutdown().await;
    Ok(if verdict.is_good() {
        Exit::Done
    } else {
        Exit::Other
    })
}

/// The folder, with the list and nothing of an earlier demo.
fn prepare(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for ending in ["", "-wal", "-shm", ".lock", ".seen"] {
        match std::fs::remove_file(folder.join(format!("demo.sqlite{ending}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::write(folder.join("pelanggan.csv"), LIST)
}

/// A WAHA on which much goes wrong.
async fn simulator(seed: u64) -> std::io::Result<Simulator> {
    let s = Duration::from_secs;
    let rates = FaultRates::none()
        .with(Fault::AnswerLost, 0.06)
        .with(Fault::ErrorBefore, 0.06)
        .with(Fault::ErrorAfter, 0.06)
        .with(Fault::ResetBefore, 0.04)
        .with(Fault::ResetAfter, 0.04)
        .with(Fault::BadGatewayBefore, 0.04)
        .with(Fault::BadGatewayAfter, 0.04)
        .with(Fault::SessionFlap, 0.05)
        .with(Fault::Late, 0.04)
        .with(Fault::AcksMissing, 0.05)
        .with(Fault::AcksOutOfOrder, 0.05)
        .with(Fault::AcksTwice, 0.05);
    Simulator::builder()
        .seed(seed)
        .speed(SPEED)
        .engine_latency(Duration::from_millis(200), Duration::from_millis(800))
        .late_bands(vec![(s(1), s(5)), (s(5), s(20)), (s(20), s(60))])
        .faults(rates)
        .start()
        .await
}

/// A session as it should be: with its message store on, so that a lost answer can be looked up.
async fn pair(setup: &Setup, simulator: &Simulator) -> Result<(), Box<dyn std::error::Error>> {
    const SESSION: &str = "default";
    let client = setup
        .client()
        .map_err(|failure| setup.output.words(&failure.text))?;
    let new = NewSession::started(SessionName::new(SESSION)?)
        .with_config(SessionConfig::default().with_noweb_store(false));
    client.sessions().create(&new).await?;
    simulator.wait_for(SESSION, Status::ScanQrCode).await?;
    simulator.pair(SESSION, "6281200000001")?;
    simulator.wait_for(SESSION, Status::Working).await?;
    Ok(())
}

/// Does what the operator would type, and shows it.
async fn perform(setup: &Setup, words: &[&str]) -> Result<(), Failure> {
    let shown: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    setup.output.say(&Text::DemoCommand {
        command: format!("waha-campaign {}", shown.join(" ")),
    });
    let line = std::iter::once("waha-campaign").chain(words.iter().copied());
    let cli = Cli::try_parse_from(line).map_err(Failure::other)?;
    if let Command::Demo(_) = cli.command {
        return Ok(());
    }
    // How a step ends is judged by the ledger at the end.
    let _exit = Box::pin(super::run(setup, cli.command)).await?;
    Ok(())
}

fn quoted(word: &str) -> String {
    let is_plain = word
        .chars()
        .all(|c| c.is_alphanumeric() || "-_./".contains(c));
    if is_plain {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

/// What the simulator's ledger says of the report.
#[derive(Debug, Default)]
struct Verdict {
    received: usize,
    twice: usize,
    lost: usize,
    wrong: usize,
    unconfirmed: usize,
}

impl Verdict {
    async fn of(setup: &Setup, simulator: &Simulator) -> Result<Self, Failure> {
        let mut received: BTreeMap<String, usize> = BTreeMap::new();
        let ledger = simulator.ledger();
        for entry in ledger
            .entries()
            .filter(|entry| entry.fate() == Fate::Received)
        {
            *received.entry(entry.chat()).or_default() += 1;
        }
        let mut verdict = Self {
            received: received.values().sum(),
            twice: received.values().filter(|times| **times > 1).count(),
            ..Self::default()
        };
        let store = setup.existing_store().await?;
        let record = super::campaign(&*store, NAME).await?;
        let query = ReportQuery {
            limit: u32::MAX,
            ..ReportQuery::of(record.id)
        };
        for row in store.report(query).await? {
            let has_it = received.contains_key(&row.phone.digits().to_string());
            match row.standing.state {
                State::Scheduled | State::Sending => verdict.lost += 1,
                State::Unconfirmed => verdict.unconfirmed += 1,
                state if state.is_handed_over() => verdict.wrong += usize::from(!has_it),
                _ => verdict.wrong += usize::from(has_it),
            }
        }
        Ok(verdict)
    }

    fn is_good(&self) -> bool {
        self.twice == 0 && self.lost == 0 && self.wrong == 0
    }
}

fn say(setup: &Setup, simulator: &Simulator, verdict: &Verdict, report: &Path, rejects: &Path) {
    let faults: Vec<(String, u64)> = simulator
        .counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(fault, count)| (fault.name().to_owned(), count))
        .collect();
    setup.output.json(&json!({
        "received": verdict.received,
        "twice": verdict.twice,
        "lost": verdict.lost,
        "reported_wrongly": verdict.wrong,
        "unconfirmed": verdict.unconfirmed,
        "faults": faults.iter().cloned().collect::<BTreeMap<_, _>>(),
        "report": report,
        "rejects": rejects,
    }));
    setup.output.say(&Text::Empty);
    setup.output.say(&Text::DemoFaults { faults });
    setup.output.say(&Text::DemoVerdict {
        received: verdict.received,
        twice: verdict.twice,
        lost: verdict.lost,
        wrong: verdict.wrong,
        unconfirmed: verdict.unconfirmed,
    });
    setup.output.say(&Text::DemoFiles {
        report: report.display().to_string(),
        rejects: rejects.display().to_string(),
    });
}
