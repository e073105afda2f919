//! `backup`: a copy of the database as of one moment, while it may be in use.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;

/// Copy the database to a file, while messages may be going out
///
/// The copy is of one moment, and is read through before this ends. Only you can read it: it holds names and numbers of people.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign backup /media/usb/waha-campaign-2026-11-21.sqlite
  waha-campaign restore /media/usb/waha-campaign-2026-11-21.sqlite      (brings it back)")]
pub(crate) struct Args {
    /// The copy; a file that is there already is left alone
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let database = setup.existing_database()?;
    let file = args.file;
    if file.symlink_metadata().is_ok() {
        let path = file.display().to_string();
        return Err(Failure::refused(Text::FileExists { path }));
    }
    let made = database.backup(&file).await?;
    setup.output.say(&Text::BackupMade {
        file: file.display().to_string(),
        bytes: made.bytes,
        campaigns: made.campaigns,
        deliveries: made.deliveries,
    });
    setup.output.json(&json!({
        "file": file,
        "bytes": made.bytes,
        "campaigns": made.campaigns,
        "deliveries": made.deliveries,
        "schema": made.schema,
        "last_change": made.last_change,
    }));
    Ok(Exit::Done)
}
