//! `restore`: puts a backup in the place of the database.

use std::path::{Path, PathBuf};

use campaign_core::campaign::CampaignState;
use campaign_core::limits::Zone;
use campaign_core::store::StoreError;
use serde_json::{Value, json};
use sql_store::{CampaignSince, Existing, Since, Trouble, TroubleKind};

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;
use crate::summary::quoted;

/// The command that goes on with what was brought back.
const NEXT: &str = "waha-campaign resume --all";

/// The command that shows all numbers that nobody writes to.
const SUPPRESSED: &str = "waha-campaign suppress list";

/// More of either does not help on a screen; JSON has a thousand.
const NUMBERS_SHOWN: usize = 20;
const CAMPAIGNS_SHOWN: usize = 20;

/// Put a backup in the place of the database
///
/// What was not settled in the backup may have been sent since: all of it is looked up first, and nothing of it is sent before.
/// Whoever came on the suppression list after the backup was made stays on it, where the replaced database can be read; campaigns that
/// were cancelled or paused since, or made, are listed with the command for each.
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
    let database = setup.database_file()?.to_owned();
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
    let as_of = found.last_change.map(|moment| Zone::default().show(moment));
    match &restored.since {
        Some(since) => tell_since(setup, since, restored.kept.as_deref(), as_of),
        None => setup.output.say(&Text::RestoreNoneBefore { as_of }),
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
        "since": restored.since.as_ref().map(|since| since_json(since, restored.kept.as_deref())),
        "next": NEXT,
    }));
    Ok(Exit::Done)
}

/// What the replaced database knew besides: what of it is kept, what is to be decided, and what cannot be known.
fn tell_since(setup: &Setup, since: &Since, kept: Option<&Path>, as_of: Option<String>) {
    let output = &setup.output;
    if since.suppressed_count > 0 {
        let count = since.suppressed_count;
        output.say(&Text::RestoreSuppressed { count });
        for entry in since.suppressed.iter().take(NUMBERS_SHOWN) {
            output.say(&Text::SuppressLine {
                phone: entry.phone.to_string(),
                origin: entry.origin,
                source: entry.source.to_string(),
                since: Zone::default().show(entry.since),
            });
        }
        tell_more(setup, count, NUMBERS_SHOWN, SUPPRESSED.to_owned());
    }
    if since.withdrawn > 0 {
        let count = since.withdrawn;
        output.say(&Text::RestoreWithdrawn { count });
    }
    if since.hidden > 0 {
        let count = since.hidden;
        output.say(&Text::RestoreHidden { count });
    }
    if since.campaigns_count > 0 {
        output.say(&Text::RestoreCampaigns);
        for campaign in since.campaigns.iter().take(CAMPAIGNS_SHOWN) {
            output.say(&Text::RestoreCampaign {
                name: campaign.name.clone(),
                was: campaign.was,
                is: campaign.is,
                command: command_for(campaign, kept),
            });
        }
        let command = format!("waha-campaign status{}", of_kept(kept));
        tell_more(setup, since.campaigns_count, CAMPAIGNS_SHOWN, command);
    }
    match &since.unread {
        Some(why) => output.say(&Text::RestoreUnread {
            why: why.clone(),
            as_of,
        }),
        None if is_nothing(since) => output.say(&Text::RestoreNothingSince),
        None => {}
    }
}

fn tell_more(setup: &Setup, count: u64, shown: usize, command: String) {
    let count = count.saturating_sub(shown as u64);
    if count > 0 {
        setup.output.say(&Text::RestoreMore { count, command });
    }
}

fn is_nothing(since: &Since) -> bool {
    since.suppressed_count + since.withdrawn + since.hidden + since.campaigns_count == 0
}

fn since_json(since: &Since, kept: Option<&Path>) -> Value {
    let numbers = since.suppressed.iter().map(|entry| {
        json!({
            "phone": entry.phone.to_string(),
            "origin": entry.origin.name(),
            "source": entry.source,
            "since": entry.since,
        })
    });
    let campaigns = since.campaigns.iter().map(|campaign| {
        json!({
            "name": campaign.name,
            "was": campaign.was.name(),
            "is": campaign.is.map(CampaignState::name),
            "command": command_for(campaign, kept),
        })
    });
    json!({
        "unread": since.unread,
        "suppressed": since.suppressed_count,
        "suppressed_first": numbers.collect::<Vec<_>>(),
        "withdrawn_consents": since.withdrawn,
        "hidden_opt_outs": since.hidden,
        "campaigns": since.campaigns_count,
        "campaigns_first": campaigns.collect::<Vec<_>>(),
    })
}

/// What does to the campaign again what was done to it, or shows one that is in the replaced database alone.
fn command_for(campaign: &CampaignSince, kept: Option<&Path>) -> String {
    let name = quoted(&campaign.name);
    match (campaign.is, campaign.was) {
        (None, _) => format!("waha-campaign report {name}{}", of_kept(kept)),
        (Some(_), CampaignState::Cancelled) => format!("waha-campaign cancel {name}"),
        (Some(_), _) => format!("waha-campaign pause {name}"),
    }
}

fn of_kept(kept: Option<&Path>) -> String {
    kept.map(|kept| format!(" --db {}", quoted(&kept.display().to_string())))
        .unwrap_or_default()
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
            use TroubleKind::{Disk, Full, ReadOnly};
            let is_disk = matches!(Trouble::kind_of(&error), Some(Disk | Full | ReadOnly));
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
