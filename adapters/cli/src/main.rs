//! `waha-campaign`: send a message to everybody on a list, once.

mod commands;
mod confirm;
mod exit;
mod import;
mod inputs;
mod language;
mod left_out;
mod limits;
mod logs;
mod operate;
mod output;
mod progress;
mod qr;
mod rejected;
mod rows;
mod runner;
mod screen;
mod settings;
mod setup;
mod signals;
mod summary;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::language::{Cause, Language};
use crate::output::Output;
use crate::settings::{GlobalArgs, Settings};
use crate::setup::Setup;

/// Send a WhatsApp message to everybody on a list, once, through a WAHA server.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let language = cli.global.lang.or_else(Language::of_environment);
    let mut output = Output::new(language.unwrap_or_default(), cli.global.json);
    let exit = match work(&mut output, cli) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    };
    exit.into()
}

fn work(output: &mut Output, cli: Cli) -> Result<Exit, Failure> {
    let settings = Settings::load(&cli.global)?;
    *output = Output::new(settings.language.value, cli.global.json);
    logs::start(&settings.log.value).map_err(|why| settings.log.wrong("log", Cause::Words(why)))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::other)?;
    let setup = Setup {
        settings,
        output: output.clone(),
    };
    let result = runtime.block_on(commands::run(&setup, cli.command));
    // A second Ctrl-C must not wait for requests that are under way.
    runtime.shutdown_background();
    result
}
