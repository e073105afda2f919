//! `check`: which numbers of a list are on WhatsApp. Nobody gets a message.

use std::path::PathBuf;
use std::sync::Arc;

use campaign_core::audience::Audience;
use campaign_core::campaign::{Definition, NumberCheck};
use campaign_core::delivery::{Reason, State};
use campaign_core::gateway::Session;
use campaign_core::message::MessageTemplate;
use campaign_core::store::{CampaignRecord, Command};
use serde_json::json;

use super::campaign_with_people;
use super::report::{Format, Only, Place, write};
use crate::exit::{Exit, Failure};
use crate::import::import;
use crate::inputs::{Inputs, ReadingArgs, refused, rejects_file};
use crate::language::Text;
use crate::limits::{LimitArgs, LimitWishes};
use crate::rows::Rejects;
use crate::runner::{Ended, Goal, How, Run, Until, run as run_campaigns};
use crate::setup::{Setup, check_session};

/// What checks are called among the campaigns: no campaign's name may hold a colon.
pub(super) const PREFIX: &str = "check:";

/// Find out which numbers of a list are on WhatsApp; nobody gets a message
///
/// One question at a time, at the account's pace, each counted like a message: asking after many numbers that are not there is what
/// accounts are restricted for. An answer holds for 90 days, and `start` knows it too. `start --check new` asks just before each message.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign check pelanggan.xlsx
  waha-campaign check pelanggan.xlsx --out periksa.xlsx --no-wait      (the same command tomorrow goes on with it)")]
pub(crate) struct Args {
    /// The list: CSV, XLSX, XLS or ODS
    #[arg(value_name = "FILE")]
    list: PathBuf,
    /// The WhatsApp session that asks (default unless told)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    limits: LimitArgs,
    /// csv, xlsx, json (an array), or jsonl (an object a line) [the ending of --out, or csv]
    #[arg(long, value_name = "FORMAT", ignore_case = true)]
    format: Option<Format>,
    /// Where to write the rows with their answers [FILE.check.report.csv]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// End when it must wait for a limit, and say until when
    #[arg(long)]
    no_wait: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let stem = args.list.file_stem().unwrap_or_default().to_string_lossy();
    let files = format!("{stem}.check");
    let place = Place::of(args.out.as_deref(), args.format, &files, false)?;
    let clock = setup.clock();
    let name = format!("{PREFIX}{}", clock.now().wall);
    let mut inputs = inputs(setup, &args, &name)?;
    let session = inputs.definition.sessions.first().clone();
    let store = setup.store().await?;
    let rejects = args.reading.rejects.clone();
    let mut rejects = Rejects::new(
        rejects.unwrap_or_else(|| rejects_file(&files)),
        inputs.audience.columns().clone(),
        inputs.audience.source().delimiter(),
        setup.output.language(),
    );
    let (campaign, totals) =
        import(&setup.output, &*store, &*clock, &mut inputs, &mut rejects).await?;
    rejects.tell(&setup.output);
    if totals.deliveries == 0 {
        return Err(Failure::refused(Text::NobodyLeft));
    }
    if totals.skipped < totals.deliveries {
        let gateway = setup.gateway(Arc::clone(&clock)).await?;
        check_session(&gateway, &session, &setup.settings.url.value).await?;
    }
    let now = clock.now();
    store.freeze(campaign, now.stamp(clock.boot())).await?;
    let run = Run {
        goal: Goal::Campaigns(vec![campaign]),
        commands: vec![Command::Start { campaign }],
        no_wait: args.no_wait,
        until: Until::Acknowledged,
        limits: inputs.limits,
        sessions: vec![session],
    };
    let ended = run_campaigns(setup, Arc::clone(&store), run).await?;
    let record = campaign_with_people(&*store, &name).await?;
    let only = Only::default();
    let written = write(setup, &*store, &record, &place, &only, rejects.path()).await?;
    tell(setup, &ended, &record, &place);
    if !place.is_stdout() {
        setup.output.say(&Text::ReportWritten {
            file: place.path.display().to_string(),
            rows: written.rows,
        });
    }
    Ok(match ended.how {
        How::Finished => Exit::Done,
        _ => Exit::Unfinished,
    })
}

fn inputs(setup: &Setup, args: &Args, name: &str) -> Result<Inputs, Failure> {
    let options = args.reading.options(&setup.settings)?;
    let audience = Audience::open(&args.list, &options).map_err(refused)?;
    // Nobody gets it: a campaign that only asks sends nothing.
    let message = MessageTemplate::text("-").map_err(refused)?;
    let bound = message.bind(audience.columns().variables());
    let session = Session::new(&setup.settings.session(&args.session).value);
    Ok(Inputs {
        message: bound.map_err(refused)?,
        definition: Definition {
            check: NumberCheck::Only,
            ..Definition::new(name, session, message)
        },
        audience,
        limits: LimitWishes::read(&args.limits, None, &setup.settings)?,
    })
}

fn tell(setup: &Setup, ended: &Ended, record: &CampaignRecord, place: &Place) {
    let because = |reason| {
        let counts = &record.counts.0;
        counts
            .get(&(State::Skipped, Some(reason)))
            .copied()
            .unwrap_or(0)
    };
    let [there, not_there, not_known] =
        [Reason::OnWhatsapp, Reason::NotOnWhatsapp, Reason::NotKnown].map(because);
    let left = record.counts.of(State::Scheduled);
    setup.output.say(&Text::Checked {
        there,
        not_there,
        not_known,
        left,
    });
    if left > 0 {
        let view = ended.views.first();
        setup.output.say(&Text::CheckAgain {
            waits: view.and_then(|view| view.waits()),
        });
    }
    setup.output.json(&json!({
        "on_whatsapp": there,
        "not_on_whatsapp": not_there,
        "not_known": not_known,
        "left": left,
        "rejected": record.rejected,
        "file": (!place.is_stdout()).then_some(&place.path),
    }));
}
