//! `resume`: goes on with a campaign, or with all that are under way.

use std::sync::Arc;

use campaign_core::campaign::CampaignState;
use campaign_core::store::{CampaignQuery, CampaignRecord, Command, Store, StoreError};

use super::start::finish;
use super::{campaign_with_people, pause};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::{LimitArgs, LimitWishes};
use crate::runner::{Goal, Run, Until, answer_of, run as run_campaigns};
use crate::setup::{Setup, check_sessions};

/// Go on with a campaign that was paused or stopped; --all for cron and the like
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign resume \"tagihan mei\"
  waha-campaign resume --all --no-wait      (every morning, from cron: goes on with all but the paused)")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME", required_unless_present = "all")]
    name: Option<String>,
    /// Every campaign that is under way; those that somebody paused stay paused
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// End when it must wait for its hours or a limit, and say until when
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let limits = LimitWishes::read(&LimitArgs::default(), None, &setup.settings)?;
    let record = match &args.name {
        Some(name) => campaign_with_people(&*store, name).await?,
        None => return all(setup, store, args.no_wait, limits).await,
    };
    if record.state == CampaignState::Cancelled {
        let name = record.definition.name.clone();
        return Err(Failure::refused(Text::WasCancelled { name }));
    }
    let campaign = record.id;
    let commands = match record.state {
        CampaignState::Completed | CampaignState::Settled => Vec::new(),
        _ => vec![Command::Resume { campaign }],
    };
    if store.runner().await?.is_some() {
        return with_the_runner(setup, &*store, &record, commands).await;
    }
    check(setup, &record).await?;
    let run = Run {
        goal: Goal::Campaigns(vec![campaign]),
        commands,
        no_wait: args.no_wait,
        until: Until::Over,
        limits,
        sessions: record.definition.sessions.iter().cloned().collect(),
    };
    Ok(finish(setup, &run_campaigns(setup, store, run).await?))
}

/// Another process sends: it goes on, this one is done.
async fn with_the_runner(
    setup: &Setup,
    store: &dyn Store,
    record: &CampaignRecord,
    commands: Vec<Command>,
) -> Result<Exit, Failure> {
    for command in commands {
        let id = store.submit(&command).await?;
        let answer = answer_of(store, id).await?;
        pause::say(setup, record.definition.name.clone(), &answer);
    }
    Ok(Exit::Done)
}

async fn all(
    setup: &Setup,
    store: Arc<dyn Store>,
    no_wait: bool,
    limits: LimitWishes,
) -> Result<Exit, Failure> {
    let records = store.campaigns(&CampaignQuery::Live).await?;
    let paused: Vec<String> = records
        .iter()
        .filter(|record| record.state == CampaignState::Paused)
        .map(|record| record.definition.name.clone())
        .collect();
    if !paused.is_empty() {
        setup.output.note(&Text::PausedStay { names: paused });
    }
    let under_way: Vec<&CampaignRecord> = records
        .iter()
        .filter(|record| record.state.is_live() && record.state != CampaignState::Paused)
        .collect();
    let sends = |record: &&&CampaignRecord| {
        matches!(
            record.state,
            CampaignState::Scheduled | CampaignState::Running
        )
    };
    if let Some(record) = under_way.iter().find(sends) {
        check(setup, record).await?;
    }
    if let Some(runner) = store.runner().await? {
        return Err(StoreError::RunnerBusy {
            holder: runner.holder,
        }
        .into());
    }
    let run = Run {
        goal: Goal::UnderWay,
        commands: Vec::new(),
        no_wait,
        until: Until::Over,
        limits,
        sessions: under_way
            .first()
            .map(|record| record.definition.sessions.iter().cloned().collect())
            .unwrap_or_default(),
    };
    Ok(finish(setup, &run_campaigns(setup, store, run).await?))
}

async fn check(setup: &Setup, record: &CampaignRecord) -> Result<(), Failure> {
    let gateway = setup.gateway(setup.clock()).await?;
    check_sessions(
        &gateway,
        &record.definition.sessions,
        &setup.settings.url.value,
    )
    .await
}
