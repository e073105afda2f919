//! `restore`: puts a backup in the place of the database.

use std::path::{Path, PathBuf};

use campaign_core::limits::Zone;
use campaign_core::store::StoreError;
use serde_json::json;
use sql_store::{Existing, Trouble, TroubleKind};

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;

/// The command that goes on with what was brought back.
const NEXT: &str = "waha-campaign resume --all";

/// Put a backup in the place of the database
///
/// What was not settled in the backup may have been sent since: all of it is looked up first, and nothing of it is sent before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign restore waha-campaign-2026-11-21.sqlite
  waha-campaign restore waha-campaign-2026-11-21.sqlite --replace      (keeps the present one beside it)
  waha-campaign resume --all")]
pub(crate) struct Args {
    /// The backup; it stays as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where there is a database already, keep that one under another name
    #[arg(long)]
    replace: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let database = setup.settings.db.value.clone();
    let existing = match args.replace {
        true => Existing::Keep,
        false => Existing::Refuse,
    };
    setup.database_folder()?;
    let file = args.file.clone();
    let restored = {
        let (file, database) = (file.clone(), database.clone());
        tokio::task::spawn_blocking(move || sql_store::restore(file, database, existing))
            .await
            .map_err(Failure::other)?
    };
    let restored = restored.map_err(|error| refused(error, &args, &database))?;
    let found = restored.inspection;
    setup.output.say(&Text::Restored {
        path: database.display().to_string(),
        campaigns: found.campaigns,
        deliveries: found.deliveries,
        as_of: found.last_change.map(|moment| Zone::default().show(moment)),
    });
    if let Some(kept) = &restored.kept {
        let path = kept.display().to_string();
        setup.output.say(&Text::RestoreKept { path });
    }
    let command = NEXT.to_owned();
    setup.output.say(&Text::RestoreNext { command });
    setup.output.json(&json!({
        "database": database,
        "from": file,
        "bytes": found.bytes,
        "campaigns": found.campaigns,
        "deliveries": found.deliveries,
        "last_change": found.last_change,
        "kept": restored.kept,
        "next": NEXT,
    }));
    Ok(Exit::Done)
}

/// Why nothing was brought back. Where that is not the disk's doing, it was refused.
fn refused(error: StoreError, args: &Args, database: &Path) -> Failure {
    let path = args.file.display().to_string();
    match &error {
        StoreError::Refused(_) if database.exists() && !args.replace => {
            Failure::refused(Text::RestoreOver {
                path: database.display().to_string(),
                backup: path,
            })
        }
        StoreError::Refused(_) => Failure::refused(Text::NotABackup { path }),
        StoreError::TooNew { found, known } => Failure::refused(Text::DatabaseTooNew {
            path,
            found: *found,
            known: *known,
        }),
        _ => {
            let is_disk = Trouble::of(&error).is_some_and(|trouble| {
                use TroubleKind::{Disk, Full, ReadOnly};
                matches!(trouble.kind(), Disk | Full | ReadOnly)
            });
            let failure = Failure::from(error);
            match is_disk {
                true => failure,
                false => Failure {
                    exit: Exit::InputRefused,
                    ..failure
                },
            }
        }
    }
}
