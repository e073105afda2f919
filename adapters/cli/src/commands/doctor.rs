//! `doctor`: looks the installation over, and changes nothing.

mod database;
mod idle;
mod server;
mod session;

use serde_json::{Value, json};

use super::config;
use crate::exit::{Exit, Failure};
use crate::language::{Finding, Mark, Text};
use crate::setup::Setup;

/// Look the installation over: settings, server, session, database; and what settles a lost answer
///
/// One line for each check, with what to do where something is wrong. Nothing is changed, sent or made. Ends with 0 when there is no problem, with 4 when the
/// server or the session is not ready, and with 1 when there is another problem.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign doctor
  waha-campaign doctor --thorough --session toko")]
pub(crate) struct Args {
    /// The session to look at
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// Also read every page of the database, and wait for the server to close an idle connection
    #[arg(long)]
    thorough: bool,
}

/// What was found so far, told as it is found.
struct Report<'a> {
    setup: &'a Setup,
    checks: Vec<Value>,
    worst: Mark,
    is_ready: bool,
}

impl Report<'_> {
    fn add(&mut self, finding: Finding) {
        let (mark, check) = (finding.mark(), finding.check());
        let (message, remedy) = self.setup.output.language().finding(&finding);
        self.worst = self.worst.max(mark);
        self.is_ready &= !finding.is_not_ready();
        self.checks.push(json!({
            "check": check,
            "mark": mark.name(),
            "message": message,
            "remedy": remedy,
        }));
        self.setup.output.say(&Text::Check {
            mark,
            check,
            message,
            remedy,
        });
    }

    fn exit(&self) -> Exit {
        match self.worst {
            Mark::Problem if !self.is_ready => Exit::NotReady,
            Mark::Problem => Exit::Other,
            Mark::Fine | Mark::Warning => Exit::Done,
        }
    }
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let settings = config::show(setup);
    setup.output.say(&Text::Empty);
    let mut report = Report {
        setup,
        checks: Vec::new(),
        worst: Mark::Fine,
        is_ready: true,
    };
    let session = setup.settings.session(&args.session).value;
    let mut server = None;
    let mut seen = session::Seen::default();
    match setup.client() {
        Ok(client) => {
            server = server::look(&mut report, &client, args.thorough).await;
            if server.is_some() {
                seen = session::look(&mut report, &client, &session).await;
            }
        }
        Err(Failure { text: why, .. }) => report.add(Finding::ServerFails { why }),
    }
    let lanes = database::look(&mut report, args.thorough).await?;
    if let Some(server) = &server {
        session::holds(&mut report, &seen, &lanes);
        let evidence = session::evidence(&seen, &lanes, server);
        report.add(Finding::Doubts(evidence));
    }
    let exit = report.exit();
    setup.output.json(&json!({
        "settings": settings,
        "checks": report.checks,
        "exit_code": exit as u8,
    }));
    Ok(exit)
}
