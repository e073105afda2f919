//! `completions`: what a shell needs to complete commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;
use crate::exit::{Exit, Failure};

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign completions bash > ~/.local/share/bash-completion/completions/waha-campaign
  waha-campaign completions zsh > ~/.zfunc/_waha-campaign")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // Written in one go: the generator itself panics when its reader goes away.
    let mut words = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut words);
    super::print(&words)
}
