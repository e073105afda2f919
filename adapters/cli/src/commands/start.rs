//! `start`: imports a list, sends to everybody on it, and goes on where an earlier run ended.

use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::clock::Clock;
use campaign_core::delivery::{CampaignId, State};
use campaign_core::store::{CampaignQuery, CampaignRecord, Command, Store};
use jiff::{SignedDuration, Timestamp};

use super::{notes, was_pruned};
use crate::confirm::{can_ask, is_agreed};
use crate::exit::{Exit, Failure};
use crate::import::{Totals, import};
use crate::inputs::{InputArgs, Inputs, check_name};
use crate::language::Text;
use crate::rows::Rejects;
use crate::runner::{Ended, Goal, How, Run, Until, run as run_campaigns};
use crate::setup::{Setup, check_sessions};
use crate::summary;
use crate::view::View;

/// Send a message to everybody on a list; the same command again goes on with it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign start pelanggan.xlsx --name \"tagihan mei\" \\
      --template \"Halo {{nama}}, tagihan {{total | rupiah}} jatuh tempo {{jatuh_tempo | date}}.\" \\
      --button \"Bayar=https://bayar.example/{{no}}\" --hours \"Mon-Sat 08:00-20:00\"
  waha-campaign start pelanggan.xlsx --name promo --template-file pesan.txt \\
      --session toko --session toko2 --if-held move-after=30m --priority low")]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: InputArgs,
    /// The campaign's name; with the same inputs it goes on, with others it is refused
    #[arg(long, value_name = "NAME")]
    name: String,
    /// End when it must wait for its hours or a limit, and say until when
    #[arg(long)]
    no_wait: bool,
    /// Do not ask before sending
    #[arg(long, short = 'y')]
    yes: bool,
}

/// As long as a text counts as the same one sent again.
const REPETITION: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    check_name(&args.name)?;
    let mut inputs = args.inputs.read(&args.name, &setup.settings)?;
    let clock = setup.clock();
    let gateway = setup.gateway(Arc::clone(&clock)).await?;
    let store = setup.store().await?;
    let found = store.campaign(&args.name).await?;
    let (campaign, commands) = match found {
        Some(record) if has_begun(record.state) => {
            goes_on(setup, &inputs, &record)?;
            if record.state == CampaignState::Settled {
                let view = View {
                    now: clock.now(),
                    waiting: None,
                    record,
                };
                return Ok(finish(
                    setup,
                    &Ended {
                        how: How::Finished,
                        views: vec![view],
                    },
                ));
            }
            let start = Command::Start {
                campaign: record.id,
            };
            let mut commands = match record.state {
                CampaignState::Frozen => vec![start],
                _ => Vec::new(),
            };
            let share = args.inputs.share.over(record.definition.share());
            if share != record.definition.share() {
                commands.push(Command::SetShare {
                    campaign: record.id,
                    share,
                });
            }
            (record.id, commands)
        }
        _ => {
            check_times(&inputs, &*clock)?;
            if !args.inputs.again {
                refuse_repetition(&*store, &inputs, clock.now().wall).await?;
            }
            check_sessions(
                &gateway,
                &inputs.definition.sessions,
                &setup.settings.url.value,
            )
            .await?;
            notes(setup, &inputs);
            let campaign = bring_in(setup, &args, &*store, &*clock, &mut inputs).await?;
            (campaign, vec![Command::Start { campaign }])
        }
    };
    drop(inputs.audience);
    let ended = run_campaigns(
        setup,
        store,
        Run {
            goal: Goal::Campaigns(vec![campaign]),
            commands,
            no_wait: args.no_wait,
            until: Until::Over,
            limits: inputs.limits,
            sessions: inputs.definition.sessions.iter().cloned().collect(),
        },
    )
    .await?;
    Ok(finish(setup, &ended))
}

/// Sums a run up.
pub(crate) fn finish(setup: &Setup, ended: &Ended) -> Exit {
    summary::show(&setup.output, ended);
    ended.exit()
}

fn has_begun(state: CampaignState) -> bool {
    !matches!(state, CampaignState::Draft | CampaignState::Importing)
}

/// An earlier run got further than the import: the inputs must be the same.
fn goes_on(setup: &Setup, inputs: &Inputs, record: &CampaignRecord) -> Result<(), Failure> {
    if let Some(moment) = record.pruned_at {
        return Err(was_pruned(record, moment));
    }
    let name = record.definition.name.clone();
    let differences = record.definition.differences(&inputs.definition);
    if !differences.is_empty() {
        let differences = differences
            .into_iter()
            .map(|difference| (difference.what.to_owned(), difference.was, difference.is))
            .collect();
        return Err(Failure::refused(Text::Differs { name, differences }));
    }
    match record.state {
        CampaignState::Cancelled => Err(Failure::refused(Text::WasCancelled { name })),
        CampaignState::Paused => Err(Failure::new(Exit::Unfinished, Text::IsPaused { name })),
        state => {
            setup.output.note(&Text::GoesOn { name, state });
            Ok(())
        }
    }
}

/// The same message to the same list under another name would reach everybody a second time.
async fn refuse_repetition(
    store: &dyn Store,
    inputs: &Inputs,
    now: Timestamp,
) -> Result<(), Failure> {
    let Definition {
        name,
        source,
        message,
        zone,
        ..
    } = &inputs.definition;
    for query in [CampaignQuery::Since(now - REPETITION), CampaignQuery::Live] {
        let records = store.campaigns(&query).await?;
        let other = records.into_iter().find(|record| {
            let other = &record.definition;
            let reaches = |state| ![State::Skipped, State::Cancelled].contains(&state);
            let counts = &record.counts.0;
            has_begun(record.state)
                && other.name != *name
                && other.source.sha256 == source.sha256
                && other.message == *message
                && counts
                    .iter()
                    .any(|((state, _), count)| reaches(*state) && *count > 0)
        });
        if let Some(other) = other {
            return Err(Failure::refused(Text::Repetition {
                file: source.name.clone(),
                other: other.definition.name.clone(),
                since: zone.show(other.created_at),
            }));
        }
    }
    Ok(())
}

fn check_times(inputs: &Inputs, clock: &dyn Clock) -> Result<(), Failure> {
    let now = clock.now().wall;
    let zone = &inputs.definition.zone;
    if let Some(start) = inputs.definition.starts_at.filter(|start| *start < now) {
        let moment = zone.show(start);
        return Err(Failure::refused(Text::StartIsPast { moment }));
    }
    if let Some(expiry) = inputs.definition.expires_at.filter(|expiry| *expiry < now) {
        let moment = zone.show(expiry);
        return Err(Failure::refused(Text::ExpiryIsPast { moment }));
    }
    Ok(())
}

/// Imports, asks, and freezes the audience.
async fn bring_in(
    setup: &Setup,
    args: &Args,
    store: &dyn Store,
    clock: &dyn Clock,
    inputs: &mut Inputs,
) -> Result<CampaignId, Failure> {
    let mut rejects = Rejects::new(
        args.inputs.rejects_file(&args.name),
        inputs.audience.columns().clone(),
        inputs.audience.source().delimiter(),
        setup.output.language(),
    );
    let (campaign, totals) = import(&setup.output, store, clock, inputs, &mut rejects).await?;
    say_totals(setup, &rejects, totals);
    if totals.deliveries == totals.skipped {
        return Err(Failure::refused(Text::NobodyLeft));
    }
    if !args.yes {
        let count = totals.deliveries - totals.skipped - totals.left_out;
        confirm(setup, count, inputs.definition.sessions.to_string()).await?;
    }
    store
        .freeze(campaign, clock.now().stamp(clock.boot()))
        .await?;
    Ok(campaign)
}

fn say_totals(setup: &Setup, rejects: &Rejects, totals: Totals) {
    setup.output.note(&Text::Imported {
        deliveries: totals.deliveries,
        rejected: totals.rejected,
        skipped: totals.skipped,
    });
    rejects.tell(&setup.output);
}

/// Asks a person at a terminal; scripts have nobody to ask.
async fn confirm(setup: &Setup, count: u64, session: String) -> Result<(), Failure> {
    if !can_ask(&setup.output)
        || is_agreed(&setup.output, &Text::Confirm { count, session }).await?
    {
        Ok(())
    } else {
        Err(Failure::new(Exit::Unfinished, Text::NotConfirmed))
    }
}
