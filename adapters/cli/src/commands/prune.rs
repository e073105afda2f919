//! `prune`: takes people out of campaigns that are long over.

use campaign_core::limits::Zone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sql_store::{Prunable, Prune};

use super::shown_name;
use crate::confirm::{can_ask, is_agreed};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::progress::Counter;
use crate::setup::Setup;

/// Nothing that limits or caps look back at is older.
const DAYS_MIN: u32 = 31;

/// Take people out of campaigns that are long over; their counts stay
///
/// Of campaigns that are settled or cancelled, with nothing unconfirmed: names, numbers, texts and attempts go, for good. The name stays taken,
/// and status still shows what came of it. Nothing may be sending meanwhile. The list of numbers that nobody writes to is not touched.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign prune --older-than 365d --dry-run
  waha-campaign prune --older-than 365d --yes      (from cron)")]
pub(crate) struct Args {
    /// Only campaigns of which nothing has changed for so long: days, at least 31d
    #[arg(long, value_name = "DAYS", default_value = "180d", value_parser = days)]
    older_than: u32,
    /// Show what would go, and leave it
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

/// `180d`; a bare number is days.
fn days(given: &str) -> Result<u32, String> {
    let digits = given.trim();
    let digits = digits.strip_suffix('d').unwrap_or(digits);
    match digits.trim().parse() {
        Ok(days) if days >= DAYS_MIN => Ok(days),
        Ok(_) => Err(format!(
            "give at least {DAYS_MIN}d: limits look back that far"
        )),
        Err(_) => Err("write it like 180d".to_owned()),
    }
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let database = setup.database_to_prune().await?;
    let now = setup.clock().now().wall;
    let age = SignedDuration::from_hours(24 * i64::from(args.older_than));
    let before = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let old = database.prunable(before).await?;
    for campaign in &old {
        setup.output.say(&Text::PruneCampaign {
            name: shown_name(&campaign.name).to_owned(),
            deliveries: campaign.deliveries,
            last_change: Zone::default().show(campaign.last_change),
        });
    }
    let deliveries = old.iter().map(|campaign| campaign.deliveries).sum();
    let campaigns = old.len() as u64;
    if old.is_empty() || args.dry_run {
        setup.output.say(&match old.is_empty() {
            true => Text::PruneNone {
                days: args.older_than,
            },
            false => Text::PruneDry {
                campaigns,
                deliveries,
            },
        });
        tell(setup, &old, None, true);
        return Ok(Exit::Done);
    }
    if !args.yes {
        agree(setup, campaigns, deliveries).await?;
    }
    let freed = prune(setup, &*database, &old, now).await?;
    setup.output.say(&Text::Pruned {
        campaigns,
        deliveries,
        freed,
    });
    setup.output.note(&Text::PruneCopies);
    tell(setup, &old, freed, false);
    Ok(Exit::Done)
}

/// Page by page: stopped at any moment, the same command goes on.
async fn prune(
    setup: &Setup,
    database: &dyn Prune,
    old: &[Prunable],
    now: Timestamp,
) -> Result<Option<u64>, Failure> {
    let pruning = database.begin_prune().await?;
    let mut counter = Counter::new(&setup.output);
    let mut gone = 0;
    for campaign in old {
        while let Some(went) = pruning.page(campaign.campaign, now).await? {
            gone += went;
            counter.show_text(&Text::Pruning { deliveries: gone });
        }
    }
    drop(counter);
    Ok(pruning.shrink().await?)
}

fn tell(setup: &Setup, old: &[Prunable], freed: Option<u64>, is_dry: bool) {
    let campaigns: Vec<Value> = old
        .iter()
        .map(|campaign| {
            json!({
                "name": campaign.name,
                "deliveries": campaign.deliveries,
                "last_change": campaign.last_change,
            })
        })
        .collect();
    setup.output.json(&json!({
        "dry_run": is_dry,
        "campaigns": campaigns,
        "bytes_freed": freed,
    }));
}

async fn agree(setup: &Setup, campaigns: u64, deliveries: u64) -> Result<(), Failure> {
    if !can_ask(&setup.output) {
        return Err(Failure::new(Exit::Usage, Text::PruneNeedsYes));
    }
    let question = Text::PruneConfirm {
        campaigns,
        deliveries,
    };
    match is_agreed(&setup.output, &question).await? {
        true => Ok(()),
        false => Err(Failure::new(Exit::Unfinished, Text::PruneKept)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_given_in_days_and_is_never_short() {
        assert_eq!(days("180d"), Ok(180));
        assert_eq!(days(" 31 "), Ok(31));
        for wrong in ["30d", "0", "-5d", "1y", "", "d"] {
            assert!(days(wrong).is_err(), "{wrong}");
        }
    }
}
