//! The commands, one file for each.

mod add;
mod backup;
mod cancel;
mod check;
mod completions;
mod config;
mod consent;
mod demo;
mod doctor;
mod edit;
mod man;
mod migrate;
mod pause;
mod plan;
mod prune;
pub(crate) mod replies;
mod report;
mod restore;
mod resume;
mod retry;
mod send;
mod session;
mod set_limit;
mod set_priority;
mod start;
mod status;
mod suppress;
mod test;
mod unconfirmed;
mod watch;
mod worker;

use std::io::{self, Write};

use campaign_core::store::{CampaignQuery, CampaignRecord, Store};
use jiff::Timestamp;

use crate::exit::{Exit, Failure};
use crate::inputs::Inputs;
use crate::language::Text;
use crate::setup::Setup;

/// What can be asked for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Plan(plan::Args),
    Start(start::Args),
    Test(test::Args),
    Send(send::Args),
    Status(status::Args),
    Watch(watch::Args),
    Worker(worker::Args),
    Check(check::Args),
    Add(add::Args),
    Edit(edit::Args),
    SetLimit(set_limit::Args),
    SetPriority(set_priority::Args),
    Replies(replies::Args),
    Pause(pause::Args),
    Resume(resume::Args),
    Cancel(cancel::Args),
    Unconfirmed(unconfirmed::Args),
    Retry(retry::Args),
    Report(report::Args),
    Suppress(suppress::Args),
    Consent(consent::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Prune(prune::Args),
    Migrate(migrate::Args),
    Session(session::Args),
    Config(config::Args),
    Doctor(doctor::Args),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Does it.
///
/// # Errors
/// Whatever keeps it from being done.
pub(crate) async fn run(setup: &Setup, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Plan(args) => plan::run(setup, args).await,
        Command::Start(args) => start::run(setup, args).await,
        Command::Test(args) => test::run(setup, args).await,
        Command::Send(args) => send::run(setup, args).await,
        Command::Status(args) => status::run(setup, args).await,
        Command::Watch(args) => watch::run(setup, args).await,
        Command::Worker(args) => worker::run(setup, args).await,
        Command::Check(args) => check::run(setup, args).await,
        Command::Add(args) => add::run(setup, args).await,
        Command::Edit(args) => edit::run(setup, args).await,
        Command::SetLimit(args) => set_limit::run(setup, args).await,
        Command::SetPriority(args) => set_priority::run(setup, args).await,
        Command::Replies(args) => replies::run(setup, args).await,
        Command::Pause(args) => pause::run(setup, args).await,
        Command::Resume(args) => resume::run(setup, args).await,
        Command::Cancel(args) => cancel::run(setup, args).await,
        Command::Unconfirmed(args) => unconfirmed::run(setup, args).await,
        Command::Retry(args) => retry::run(setup, args).await,
        Command::Report(args) => report::run(setup, args).await,
        Command::Suppress(args) => suppress::run(setup, args).await,
        Command::Consent(args) => consent::run(setup, args).await,
        Command::Backup(args) => backup::run(setup, args).await,
        Command::Restore(args) => restore::run(setup, args).await,
        Command::Prune(args) => prune::run(setup, args).await,
        Command::Migrate(args) => migrate::run(setup, args).await,
        Command::Session(args) => session::run(setup, args).await,
        Command::Config(args) => config::run(setup, args),
        Command::Doctor(args) => doctor::run(setup, args).await,
        Command::Demo(args) => demo::run(setup, args).await,
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(setup, args),
    }
}

/// A campaign's name as its operator knows it.
pub(crate) fn shown_name(name: &str) -> &str {
    match name.split_once(':') {
        Some(("test", _)) => "test",
        Some(("check", _)) => "check",
        _ => name,
    }
}

/// The campaign of that name.
///
/// # Errors
/// Naming those that there are.
pub(crate) async fn campaign(store: &dyn Store, name: &str) -> Result<CampaignRecord, Failure> {
    const NAMED_MAX: usize = 10;
    if let Some(record) = store.campaign(name).await? {
        return Ok(record);
    }
    let others = store.campaigns(&CampaignQuery::Named).await?;
    let others = others.iter().take(NAMED_MAX);
    let others = others.map(|record| record.definition.name.clone());
    Err(Failure::refused(Text::NoCampaign {
        name: name.to_owned(),
        others: others.collect(),
    }))
}

/// The same, with its people.
///
/// # Errors
/// When they were taken out, too.
pub(crate) async fn campaign_with_people(
    store: &dyn Store,
    name: &str,
) -> Result<CampaignRecord, Failure> {
    let record = campaign(store, name).await?;
    match record.pruned_at {
        None => Ok(record),
        Some(moment) => Err(was_pruned(&record, moment)),
    }
}

fn was_pruned(record: &CampaignRecord, moment: Timestamp) -> Failure {
    Failure::refused(Text::WasPruned {
        name: record.definition.name.clone(),
        when: record.definition.zone.show(moment),
    })
}

/// Writes to standard output. Nobody is left to tell when the reader has gone away.
fn print(bytes: &[u8]) -> Result<Exit, Failure> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(Exit::Done),
    }
}

/// Points out what may not be meant as it stands.
fn notes(setup: &Setup, inputs: &Inputs) {
    let columns = inputs.audience.columns();
    let found = inputs.definition.message.lookalikes(columns.variables());
    if !found.is_empty() {
        setup.output.note(&Text::Lookalikes {
            found: found.into_iter().map(str::to_owned).collect(),
        });
    }
    let others: Vec<String> = columns.also_phones().map(str::to_owned).collect();
    if !others.is_empty() {
        setup.output.note(&Text::OtherPhoneColumns {
            used: columns.phone().to_owned(),
            others,
        });
    }
    if let Some(rows) = inputs.audience.hidden_rows().filter(|rows| *rows > 0) {
        setup.output.note(&Text::HiddenRows { rows });
    }
}
