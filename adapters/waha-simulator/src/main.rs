//! `waha-simulator`: a WAHA server without WhatsApp, on a port.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks")]

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use waha_simulator::ledger::Question;
use waha_simulator::{AckTiming, Engine, Fault, FaultRates, GlobalWebhook, Quota, Simulator};

/// A WAHA server without WhatsApp: nothing is really sent, and a ledger says who would have got what.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  waha-simulator --listen 127.0.0.1:3000 --key secret --session default=6281200000001 \\\n      \
        --store --speed 10 --fault answer-lost=0.02 --fault late=0.01 --ledger ledger.jsonl\n\n\
        While it runs (with the key in X-Api-Key):\n  \
        GET  /simulator/ledger, /simulator/ledger/verdict?window_ms=60000&zone=Asia/Jakarta\n  \
        GET  /simulator/faults, PUT /simulator/faults {\"answer-lost\": 0.02}\n  \
        POST /simulator/sessions/{name}/pair {\"phone\": \"628...\"}, .../unlink, .../flap,\n       \
        .../inbound {\"from\": \"628...\", \"name\": \"Ani\", \"text\": \"halo\"}\n       \
        (or \"button\": {\"id\", \"text\"}, \"row\": {\"id\", \"title\"}, \"location\": {\"latitude\", \"longitude\"};\n       \
        \"group\" and \"answering\" besides),\n       \
        .../vote {\"from\", \"poll\", \"options\": [..]}, .../react {\"from\", \"message\", \"reaction\"},\n       \
        .../presence {\"from\", \"presence\": \"typing\"}, .../phone {\"chat\", \"text\"},\n       \
        .../quota {\"new_chats\": 100}, .../restrict {\"lasts_ms\": 60000}, .../lift\n  \
        POST /simulator/restart"
)]
struct Arguments {
    /// Address and port; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,

    /// API key that clients must send
    #[arg(
        long,
        env = "WAHA_API_KEY",
        hide_env_values = true,
        default_value = "simulator-key"
    )]
    key: String,

    /// NOWEB, GOWS, WEBJS or WPP
    #[arg(long, default_value = "NOWEB")]
    engine: Engine,

    /// Version it claims to be
    #[arg(long, default_value = "2026.7.1")]
    claim_version: String,

    /// Seed of everything left to chance
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Divides every wait of the server
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,

    /// NAME=PHONE: a session that is WORKING; NAME alone: one that is STOPPED (repeatable)
    #[arg(long, value_name = "NAME=PHONE")]
    session: Vec<String>,

    /// NOWEB's message store is on unless a session says otherwise
    #[arg(long)]
    store: bool,

    /// NAME=RATE: what goes wrong, and how often (repeatable); `all=RATE` for every fault not named
    #[arg(long, value_name = "NAME=RATE", value_parser = fault)]
    fault: Vec<(Option<Fault>, f64)>,

    /// Engine time of each send in ms, LOW..HIGH
    #[arg(long, value_name = "LOW..HIGH", value_parser = range_ms)]
    engine_latency_ms: Option<(Duration, Duration)>,

    /// No acknowledgements at all
    #[arg(long)]
    no_acks: bool,

    /// A number without WhatsApp (repeatable)
    #[arg(long, value_name = "PHONE")]
    not_on_whatsapp: Vec<String>,

    /// New chats per account and cycle; at the quota, sends to strangers fail with 463
    #[arg(long, value_name = "CHATS")]
    quota: Option<u32>,

    /// Share of chats (0 to 1) whose events come keyed by LID
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    lid_share: f64,

    /// Webhook for the events of all sessions (plain http)
    #[arg(long, env = "WHATSAPP_HOOK_URL", value_parser = hook_url)]
    hook_url: Option<String>,

    /// Its events, comma separated
    #[arg(long, env = "WHATSAPP_HOOK_EVENTS", default_value = "*")]
    hook_events: String,

    /// Its HMAC key
    #[arg(long, env = "WHATSAPP_HOOK_HMAC_KEY", hide_env_values = true)]
    hook_hmac_key: Option<String>,

    /// Write the ledger here at the end, one JSON object per line
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,

    /// Print address and verdict as JSON
    #[arg(long)]
    json: bool,
}

fn fault(text: &str) -> Result<(Option<Fault>, f64), String> {
    let (name, rate) = text
        .split_once('=')
        .ok_or("use NAME=RATE, such as late=0.01")?;
    let rate = rate
        .parse()
        .ok()
        .filter(|rate| (0.0..=1.0).contains(rate))
        .ok_or("the rate must be from 0 to 1")?;
    let fault = match name {
        "all" => None,
        name => Some(name.parse()?),
    };
    Ok((fault, rate))
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|speed: &f64| speed.is_finite() && *speed > 0.0)
        .ok_or_else(|| "use a number above 0, such as 10".to_owned())
}

fn hook_url(text: &str) -> Result<String, String> {
    match text.starts_with("http://") {
        true => Ok(text.to_owned()),
        false => Err("webhooks are delivered over plain http only: use http://...".to_owned()),
    }
}

/// Faults that are named have their own rate, wherever `all` stands.
fn rates(faults: &[(Option<Fault>, f64)]) -> FaultRates {
    let all = faults.iter().rfind(|(fault, _)| fault.is_none());
    let rates = all.map_or_else(FaultRates::none, |(_, rate)| FaultRates::every(*rate));
    faults.iter().fold(rates, |rates, (fault, rate)| {
        fault.map_or(rates, |fault| rates.with(fault, *rate))
    })
}

fn range_ms(text: &str) -> Result<(Duration, Duration), String> {
    let (low, high) = text.split_once("..").unwrap_or((text, text));
    let ms = |text: &str| {
        text.parse()
            .map(Duration::from_millis)
            .map_err(|_| "use LOW..HIGH in ms, such as 20..80".to_owned())
    };
    Ok((ms(low)?, ms(high)?))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("waha-simulator: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let mut builder = Simulator::builder()
        .listen(arguments.listen)
        .key(arguments.key)
        .engine(arguments.engine)
        .version(arguments.claim_version)
        .seed(arguments.seed)
        .speed(arguments.speed)
        .store_default(arguments.store)
        .faults(rates(&arguments.fault))
        .not_on_whatsapp(arguments.not_on_whatsapp)
        .lid_share(arguments.lid_share);
    if let Some(new_chats) = arguments.quota {
        builder = builder.quota(Quota::of(new_chats));
    }
    if arguments.no_acks {
        builder = builder.acks(AckTiming::none());
    }
    if let Some((low, high)) = arguments.engine_latency_ms {
        builder = builder.engine_latency(low, high);
    }
    for session in &arguments.session {
        builder = match session.split_once('=') {
            Some((name, phone)) => builder.session(name, phone),
            None => builder.stopped_session(session),
        };
    }
    if let Some(url) = arguments.hook_url {
        builder = builder.webhook(GlobalWebhook {
            url,
            events: arguments
                .hook_events
                .split(',')
                .map(str::to_owned)
                .collect(),
            hmac_key: arguments.hook_hmac_key,
        });
    }
    let simulator = builder
        .start()
        .await
        .map_err(|error| format!("cannot start on {}: {error}", arguments.listen))?;
    if arguments.json {
        println!("{}", serde_json::json!({"url": simulator.url()}));
    } else {
        println!("listening on {}", simulator.url());
    }
    std::io::stdout().flush()?;

    stopped().await?;

    if let Some(path) = &arguments.ledger {
        let mut file = BufWriter::new(
            File::create(path).map_err(|error| format!("{}: {error}", path.display()))?,
        );
        simulator.ledger_lines(|line| writeln!(file, "{line}"))?;
        file.flush()?;
    }
    let verdict = simulator.verdict(&Question::default());
    if arguments.json {
        println!("{}", verdict.to_json());
    } else {
        println!(
            "{} requests, {} handed to WhatsApp, {} received, {} duplicates",
            verdict.requests,
            verdict.handed,
            verdict.received,
            verdict.duplicates.len()
        );
        for (fault, times) in simulator.counts().iter().filter(|(_, times)| **times > 0) {
            println!("  {fault}: {times}");
        }
    }
    simulator.shutdown().await;
    Ok(())
}

/// Until Ctrl-C, or SIGTERM where there is one.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn arguments(words: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["waha-simulator"], words].concat())
    }

    #[test]
    fn a_named_fault_keeps_its_rate_wherever_all_stands() -> Result<(), clap::Error> {
        for words in [
            ["--fault", "late=0.2", "--fault", "all=0.01"],
            ["--fault", "all=0.01", "--fault", "late=0.2"],
        ] {
            let rates = rates(&arguments(&words)?.fault);
            let found = [Fault::Late, Fault::Held].map(|fault| rates.rate(fault));
            assert_eq!(found, [0.2, 0.01], "{words:?}");
        }
        Ok(())
    }

    #[test]
    fn what_could_not_work_is_refused() {
        for words in [
            ["--speed", "0"],
            ["--speed", "-1"],
            ["--speed", "NaN"],
            ["--hook-url", "https://example.com/hook"],
            ["--fault", "late=2"],
            ["--fault", "nope=0.1"],
        ] {
            assert!(arguments(&words).is_err(), "{words:?}");
        }
        assert!(arguments(&["--speed", "0.5", "--hook-url", "http://h/"]).is_ok());
    }
}
