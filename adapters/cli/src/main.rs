//! `waha-campaign`: send a message to everybody on a list, once.

mod commands;
mod confirm;
mod exit;
mod import;
mod inputs;
mod language;
mod limits;
mod logs;
mod operate;
mod output;
mod progress;
mod qr;
mod rejected;
mod rows;
mod runner;
mod settings;
mod setup;
mod signals;
mod summary;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::exit::{EXIT_CODES, Exit, Failure};
use crate::language::{Language, Text};
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
    let output = Output::new(Language::default(), cli.global.json);
    let exit = match work(&output, cli) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    };
    exit.into()
}

fn work(output: &Output, cli: Cli) -> Result<Exit, Failure> {
    let settings = Settings::load(&cli.global)?;
    logs::start(&settings.log).map_err(|why| {
        Failure::new(
            Exit::Usage,
            Text::WrongSetting {
                what: "log",
                value: settings.log.clone(),
                origin: String::new(),
                example: why,
            },
        )
    })?;
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
