//! `status`: where campaigns stand, and who is sending.

use std::collections::BTreeMap;

use campaign_core::delivery::State;
use campaign_core::gateway::Account;
use campaign_core::store::{CampaignQuery, CampaignRecord, ReportPages, ReportQuery, Store};

use super::campaign;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::setup::Setup;
use crate::summary;
use crate::view::{View, Waiting};

/// Where campaigns stand: all of them, or one in detail
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign status
  waha-campaign status \"tagihan mei\" --json")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let runner = store.runner().await?;
    let now = setup.clock().now();
    let records = match &args.name {
        Some(name) => vec![campaign(&*store, name).await?],
        None => store.campaigns(&CampaignQuery::Named).await?,
    };
    let view = |record: CampaignRecord| View {
        waiting: runner
            .as_ref()
            .and_then(|runner| Waiting::read(&runner.word, record.id)),
        record,
        now,
    };
    let views: Vec<View> = records.into_iter().map(view).collect();
    let holder = runner.as_ref().map(|runner| runner.holder.clone());
    setup.output.say(&Text::StatusRunner {
        holder: holder.clone(),
    });
    let mut campaigns: Vec<serde_json::Value> = views.iter().map(View::to_json).collect();
    if args.name.is_some() {
        for (view, json) in views.iter().zip(&mut campaigns) {
            summary::show_one(&setup.output, view);
            let accounts = by_account(&*store, &view.record).await?;
            json["accounts"] = serde_json::json!(accounts);
            for (account, count) in accounts {
                setup.output.say(&Text::SumAccount {
                    phone: account.0.to_string(),
                    count,
                });
            }
            let zone = &view.record.definition.zone;
            for earlier in store.earlier_messages(view.record.id).await? {
                setup.output.say(&Text::SumEarlier {
                    message: earlier.message.describe(),
                    until: zone.show(earlier.replaced_at),
                    past: earlier.past,
                });
            }
        }
    } else {
        for view in &views {
            line(setup, view);
        }
        if views.is_empty() {
            setup.output.say(&Text::NoCampaigns);
        }
    }
    setup.output.json(&serde_json::json!({
        "runner": holder,
        "campaigns": campaigns,
    }));
    Ok(Exit::Done)
}

/// How many messages each account of several was given.
async fn by_account(
    store: &dyn Store,
    record: &CampaignRecord,
) -> Result<BTreeMap<Account, u64>, Failure> {
    let mut counts = BTreeMap::new();
    if !record.definition.sessions.are_pool() || record.pruned_at.is_some() {
        return Ok(counts);
    }
    let mut pages = ReportPages::new(store, ReportQuery::of(record.id));
    while let Some(page) = pages.next().await? {
        let given = page.into_iter().filter(|row| {
            let state = row.standing.state;
            state.is_handed_over() || state.is_open()
        });
        for account in given.filter_map(|row| row.account) {
            *counts.entry(account).or_default() += 1;
        }
    }
    Ok(counts)
}

fn line(setup: &Setup, view: &View) {
    let counts = view.counts();
    setup.output.say(&Text::StatusLine {
        name: view.record.definition.name.clone(),
        state: view.record.state,
        done: view.done(),
        total: counts.total(),
        failed: counts.of(State::Failed),
        unconfirmed: counts.of(State::Unconfirmed),
        waits: view.waits(),
    });
}
