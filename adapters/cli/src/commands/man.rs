//! `man`: the manual, as pages for man(1).

use std::path::PathBuf;

use clap::CommandFactory;

use crate::Cli;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;

/// Print the manual page, or write a page for each command
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign man | man -l -
  waha-campaign man --out ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Write a page for each command into this folder, which is made if there is none
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let command = Cli::command();
    let Some(folder) = args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(Failure::other)?;
        return super::print(&page);
    };
    std::fs::create_dir_all(&folder)
        .and_then(|()| clap_mangen::generate_to(command, &folder))
        .map_err(|error| {
            Failure::other_text(Text::CannotWrite {
                path: folder.display().to_string(),
                why: error.to_string(),
            })
        })?;
    setup.output.say(&Text::ManWritten {
        folder: folder.display().to_string(),
    });
    Ok(Exit::Done)
}
