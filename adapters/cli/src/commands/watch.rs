//! `watch`: follows a campaign that another process sends, and hears what WhatsApp and people say of it after that.

use std::sync::Arc;

use campaign_core::campaign::CampaignState;
use campaign_core::store::{CampaignQuery, CampaignRecord, Store};

use super::start::finish;
use super::{campaign, campaign_with_people};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::LimitWishes;
use crate::runner::{Goal, How, Run, Until, follow, run_telling};
use crate::setup::{Setup, check_sessions};

/// Follow a campaign that another process sends, and hear the acknowledgements and replies that come after it
///
/// It ends when the campaign is over; with --stay when you end it, and shows each reply. When nobody sends, it listens itself; while
/// another campaign waits for its hours or a limit it does not, because whoever listens sends: resume --all does both.
///
/// With --json each change is a line of its own as it happens, and the result comes last.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign watch \"tagihan mei\"
  waha-campaign watch \"tagihan mei\" --stay      (until Ctrl-C: who has read it, who answers)")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// Stay after it is over, until Ctrl-C, and show what people write
    #[arg(long)]
    stay: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign(&*store, &args.name).await?;
    let goal = Goal::Campaigns(vec![record.id]);
    if !args.stay && store.runner().await?.is_some() {
        let ended = follow(setup, store, goal, true).await?;
        return Ok(finish(setup, &ended));
    }
    loop {
        let record = campaign_with_people(&*store, &args.name).await?;
        let is_over = record.state == CampaignState::Settled && !args.stay;
        let would_send = would_send(&*store).await?;
        if store.runner().await?.is_none() && (is_over || would_send) {
            let text = match is_over {
                true => Text::NobodySends,
                false => Text::ListenerWouldSend,
            };
            setup.output.note(&text);
            let ended = follow(setup, store, goal, true).await?;
            return Ok(finish(setup, &ended));
        }
        let run = listening(setup, &args, &record).await?;
        let ended = run_telling(setup, Arc::clone(&store), run, true).await?;
        // Whoever sent has ended: from now on it is this process that listens.
        if !(args.stay && ended.how == How::Stopped) {
            return Ok(finish(setup, &ended));
        }
    }
}

async fn listening(setup: &Setup, args: &Args, record: &CampaignRecord) -> Result<Run, Failure> {
    let sessions = &record.definition.sessions;
    let gateway = setup.gateway(setup.clock()).await?;
    check_sessions(&gateway, sessions, &setup.settings.url.value).await?;
    Ok(Run {
        goal: Goal::Campaigns(vec![record.id]),
        commands: Vec::new(),
        no_wait: false,
        until: match args.stay {
            true => Until::Told,
            false => Until::Over,
        },
        limits: LimitWishes::default(),
        sessions: Vec::new(),
    })
}

/// Whether whoever runs would send.
///
/// # Errors
/// When the store fails.
pub(super) async fn would_send(store: &dyn Store) -> Result<bool, Failure> {
    let records = store.campaigns(&CampaignQuery::Live).await?;
    Ok(records.iter().any(|record| {
        matches!(
            record.state,
            CampaignState::Scheduled | CampaignState::Running
        )
    }))
}
