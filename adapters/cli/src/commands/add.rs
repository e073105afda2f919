//! `add`: more people for a campaign whose audience is whole, such as rejected rows that were mended.

use std::path::{Path, PathBuf};

use campaign_core::audience::Audience;
use campaign_core::campaign::CampaignState;
use campaign_core::store::{CampaignRecord, Command};
use serde_json::json;

use super::campaign_with_people;
use crate::confirm::{can_ask, is_agreed};
use crate::exit::{Exit, Failure};
use crate::import::{Addition, Totals};
use crate::inputs::{ReadingArgs, refused, rejects_file};
use crate::language::Text;
use crate::rejected::{replace, update};
use crate::rows::{Rejects, tell_rejects};
use crate::runner::answer_of;
use crate::setup::Setup;

/// Add people to a campaign: rejected rows that were mended, or a list of others
///
/// Who is in the campaign already is left out, however often the list is added. Of the campaign's own rejects file, what is still wrong stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign add \"tagihan mei\" \"tagihan mei.rejects.csv\"
  waha-campaign add \"tagihan mei\" pelanggan-baru.xlsx --yes")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// The list: CSV, XLSX, XLS or ODS, with the columns that the message needs
    #[arg(value_name = "FILE")]
    list: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Do not ask before adding
    #[arg(long, short = 'y')]
    yes: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, &args.name).await?;
    let definition = &record.definition;
    if !record.state.may_be_changed() {
        return Err(Failure::refused(Text::CannotChange {
            name: args.name,
            state: record.state,
        }));
    }
    let clock = setup.clock();
    if let Some(expiry) = definition.expires_at.filter(|it| *it < clock.now().wall) {
        let moment = definition.zone.show(expiry);
        return Err(Failure::refused(Text::ExpiryIsPast { moment }));
    }
    let mut options = args.reading.options(&setup.settings)?;
    options.key = key(&record, options.key)?;
    options.mends = true;
    let open = || Audience::open(&args.list, &options).map_err(refused);
    let mut audience = open()?;
    let columns = audience.columns().clone();
    let message = definition
        .message
        .bind(columns.variables())
        .map_err(refused)?;
    let variables = columns.variables();
    let place = |name: &str| variables.iter().position(|other| **other == *name);
    let addition = Addition {
        campaign: record.id,
        message: &message,
        missing: definition.missing,
        order: record.columns.iter().map(|name| place(name)).collect(),
    };
    let count = addition.look(&setup.output, &mut audience)?;
    if count == 0 {
        return Err(Failure::refused(Text::NobodyLeft));
    }
    if !args.yes && can_ask(&setup.output) {
        let session = definition.sessions.to_string();
        if !is_agreed(&setup.output, &Text::Confirm { count, session }).await? {
            return Err(Failure::new(Exit::Unfinished, Text::NotConfirmed));
        }
    }
    let mut audience = open()?;
    let told = args.reading.rejects.clone();
    // What is left of the campaign's own rejects file stays in it.
    let own = (columns.is_rejects_file() && told.is_none()).then(|| rejects_file(&args.name));
    let mut rejects = Rejects::new(
        match &own {
            Some(own) => own.with_extension("again"),
            None => told.unwrap_or_else(|| rejects_of(&args.list)),
        },
        columns,
        audience.source().delimiter(),
        setup.output.language(),
    );
    let added = addition.carry_out(
        &setup.output,
        &*store,
        clock.now(),
        &mut audience,
        &mut rejects,
    )?;
    let totals = added.totals;
    let left = match own {
        Some(own) => {
            let again = rejects.path();
            let left = match is_same(&own, &args.list) {
                // Each of its rows has come in or was rejected again.
                true => replace(&own, again, rejects.count)?,
                false => update(&own, &added.mended, again)?,
            };
            (own, left)
        }
        None => (rejects.path().to_owned(), rejects.count),
    };
    let is_running = store.runner().await?.is_some();
    if is_running && totals.deliveries > 0 && record.state != CampaignState::Paused {
        // It may have come to its end: then nothing tells its runner that there is work again.
        let campaign = record.id;
        let id = store.submit(&Command::Start { campaign }).await?;
        answer_of(&*store, id).await?;
    }
    say(setup, &args.name, &left, totals, is_running);
    Ok(if totals.deliveries > 0 && !is_running {
        Exit::Unfinished
    } else {
        Exit::Done
    })
}

/// What tells recipients apart is the campaign's: with another column the same people would count as others.
fn key(record: &CampaignRecord, asked: Option<String>) -> Result<Option<String>, Failure> {
    let source = &record.definition.source;
    match (&source.key, asked) {
        (known, Some(asked)) if known.as_ref() != Some(&asked) => {
            Err(Failure::refused(Text::OtherKey {
                known: known.clone(),
                asked,
            }))
        }
        (None, None) if source.options.contains("key column") => {
            let name = record.definition.name.clone();
            Err(Failure::refused(Text::KeyUnknown { name }))
        }
        (known, _) => Ok(known.clone()),
    }
}

fn is_same(file: &Path, other: &Path) -> bool {
    matches!((file.canonicalize(), other.canonicalize()), (Ok(one), Ok(two)) if one == two)
}

/// `mended.csv` leaves `mended.rejects.csv`: never the list itself.
fn rejects_of(list: &Path) -> PathBuf {
    list.with_extension("rejects.csv")
}

fn say(
    setup: &Setup,
    name: &str,
    (rejects, left): &(PathBuf, u64),
    totals: Totals,
    is_running: bool,
) {
    setup.output.say(&Text::Added {
        name: name.to_owned(),
        deliveries: totals.deliveries,
        skipped: totals.skipped,
        rejected: totals.rejected,
        known: totals.known,
    });
    tell_rejects(&setup.output, rejects, *left);
    if totals.deliveries > totals.skipped && !is_running {
        let name = crate::summary::quoted(name);
        setup.output.say(&Text::NextResume {
            command: format!("waha-campaign resume {name}"),
        });
    }
    setup.output.json(&json!({
        "added": totals.deliveries,
        "skipped": totals.skipped,
        "rejected": totals.rejected,
        "known": totals.known,
        "rejects_file": (*left > 0).then_some(rejects),
        "is_running": is_running,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rejects_of_a_list_are_never_the_list() {
        for list in ["a.csv", "a.rejects.csv", "a", "folder/a.b.xlsx"] {
            let list = Path::new(list);
            assert_ne!(rejects_of(list), list);
        }
    }
}
