//! `unconfirmed`: what may have been sent and only a person can decide.

use std::sync::Arc;

use campaign_core::delivery::{DeliveryId, State};
use campaign_core::phone::{LinePolicy, PhoneNumber, normalize};
use campaign_core::store::{Answer, CampaignRecord, Command, ReportPages, ReportQuery, Store};
use serde_json::json;

use super::campaign_with_people;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::LimitWishes;
use crate::operate::{Done, carry_out};
use crate::runner::{Ended, Goal, How, Run, Until, answer_of, run as run_campaigns};
use crate::setup::Setup;
use crate::summary::quoted;

/// Rows read, and deliveries named in one command, at once.
const PAGE: u32 = 5_000;

/// List and settle messages of which it is not known whether they were sent
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign unconfirmed list \"tagihan mei\"
  waha-campaign unconfirmed confirm \"tagihan mei\" --row 17     (the chat shows it)
  waha-campaign unconfirmed resend \"tagihan mei\" --phone 08123456789 --yes")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Each of them, and what is missing to settle it
    #[command(after_help = "Example:
  waha-campaign unconfirmed list \"tagihan mei\"")]
    List {
        /// The campaign
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Look them up once more
    #[command(after_help = "Example:
  waha-campaign unconfirmed refresh \"tagihan mei\"")]
    Refresh {
        /// The campaign
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// You have seen that these arrived
    #[command(after_help = "Example:
  waha-campaign unconfirmed confirm \"tagihan mei\" --row 17 --row 21")]
    Confirm(Selection),
    /// Send these again; they may arrive twice
    #[command(after_help = "Example:
  waha-campaign unconfirmed resend \"tagihan mei\" --phone 08123456789 --yes")]
    Resend {
        #[command(flatten)]
        selection: Selection,
        /// Yes, even if somebody gets it twice
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Leave these as not sent
    #[command(after_help = "Example:
  waha-campaign unconfirmed give-up \"tagihan mei\" --all")]
    GiveUp(Selection),
}

#[derive(Debug, clap::Args)]
struct Selection {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// To this number; may be given again
    #[arg(long, value_name = "NUMBER")]
    phone: Vec<String>,
    /// Of this row of the list; may be given again
    #[arg(long, value_name = "N")]
    row: Vec<u64>,
    /// All that are unconfirmed
    #[arg(long, conflicts_with_all = ["phone", "row"])]
    all: bool,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    match args.what {
        What::List { name } => list(setup, &name).await,
        What::Refresh { name } => refresh(setup, &name).await,
        What::Confirm(selection) => {
            decide(setup, selection, |deliveries| Command::Confirm {
                deliveries,
            })
            .await
        }
        What::GiveUp(selection) => {
            decide(setup, selection, |deliveries| Command::GiveUp {
                deliveries,
            })
            .await
        }
        What::Resend { selection, yes } => {
            if !yes {
                let store = setup.existing_store().await?;
                let record = campaign_with_people(&*store, &selection.name).await?;
                let count = chosen(&*store, &record, &selection).await?.len() as u64;
                return Err(Failure::new(Exit::Usage, Text::ResendWarning { count }));
            }
            decide(setup, selection, |deliveries| Command::Resend {
                deliveries,
            })
            .await
        }
    }
}

/// How many were moved, and how it goes on.
pub(super) fn say(setup: &Setup, name: &str, done: &Done) {
    setup.output.json(&done.answer);
    if let Answer::Deliveries { moved, refused } = done.answer {
        setup.output.say(&Text::Moved { moved, refused });
        if !done.is_running && moved > 0 {
            setup.output.say(&Text::NextResume {
                command: format!("waha-campaign resume {}", quoted(name)),
            });
        }
    }
}

async fn list(setup: &Setup, name: &str) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, name).await?;
    let zone = &record.definition.zone;
    let mut count = 0;
    let mut rows = unconfirmed(&*store, &record);
    while let Some(page) = rows.next().await? {
        for row in page {
            count += 1;
            setup.output.json_line(&json!({
                "row": row.row,
                "phone": row.phone,
                "key": row.key,
                "reason": row.standing.reason.map(|reason| reason.name()),
                "since": row.changed_at,
                "missing": row.message,
            }));
            if let Some(reason) = row.standing.reason {
                setup.output.say(&Text::UnconfirmedRow {
                    row: row.row,
                    phone: row.phone.to_string(),
                    reason,
                    since: zone.show(row.changed_at),
                    missing: row.message.map(Into::into),
                });
            }
        }
    }
    if count == 0 {
        setup.output.say(&Text::NoUnconfirmed {
            name: name.to_owned(),
        });
        return Ok(Exit::Done);
    }
    setup
        .output
        .say(&Text::UnconfirmedHelp { name: quoted(name) });
    Ok(Exit::Unconfirmed)
}

async fn refresh(setup: &Setup, name: &str) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, name).await?;
    let before = record.counts.of(State::Unconfirmed);
    let ended = match look_up(setup, &store, &record).await? {
        Looked::Elsewhere(answer) => {
            setup.output.json(&answer);
            return Ok(Exit::Done);
        }
        Looked::Here(ended) => ended,
    };
    let left = ended
        .views
        .iter()
        .map(|view| view.counts().of(State::Unconfirmed))
        .sum();
    let settled = before.saturating_sub(left);
    setup
        .output
        .json(&json!({"settled": settled, "left": left}));
    setup.output.say(&Text::Refreshed { settled, left });
    Ok(match left {
        _ if ended.how != How::Finished => Exit::Unfinished,
        0 => Exit::Done,
        _ => Exit::Unconfirmed,
    })
}

/// Who looks a campaign's open messages up.
pub(super) enum Looked {
    /// The process that sends; it was asked to, and goes on with it.
    Elsewhere(Answer),
    /// This process, and how that ended.
    Here(Ended),
}

/// Looks up once more what is open in a campaign.
///
/// # Errors
/// When the server is none, or the store fails.
pub(super) async fn look_up(
    setup: &Setup,
    store: &Arc<dyn Store>,
    record: &CampaignRecord,
) -> Result<Looked, Failure> {
    let campaign = record.id;
    let command = Command::Refresh { campaign };
    if store.runner().await?.is_some() {
        let id = store.submit(&command).await?;
        return Ok(Looked::Elsewhere(answer_of(&**store, id).await?));
    }
    let run = Run {
        goal: Goal::Campaigns(vec![campaign]),
        commands: vec![command],
        no_wait: false,
        until: Until::LookedUp,
        limits: LimitWishes::default(),
        sessions: Vec::new(),
    };
    let ended = run_campaigns(setup, Arc::clone(store), run).await?;
    Ok(Looked::Here(ended))
}

async fn decide(
    setup: &Setup,
    selection: Selection,
    command: impl Fn(Vec<DeliveryId>) -> Command,
) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, &selection.name).await?;
    let deliveries = chosen(&*store, &record, &selection).await?;
    let commands = deliveries
        .chunks(PAGE as usize)
        .map(|part| command(part.to_vec()))
        .collect();
    let done = carry_out(setup, &store, commands).await?;
    say(setup, &selection.name, &done);
    Ok(Exit::Done)
}

/// The unconfirmed deliveries that were meant.
async fn chosen(
    store: &dyn Store,
    record: &CampaignRecord,
    selection: &Selection,
) -> Result<Vec<DeliveryId>, Failure> {
    if !selection.all && selection.phone.is_empty() && selection.row.is_empty() {
        return Err(Failure::new(Exit::Usage, Text::WhichDeliveries));
    }
    let phones = selection
        .phone
        .iter()
        .map(|given| phone(given))
        .collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    let mut rows_left = selection.row.clone();
    let mut phones_left = phones.clone();
    let mut rows = unconfirmed(store, record);
    while let Some(page) = rows.next().await? {
        for row in page {
            let is_meant =
                selection.all || selection.row.contains(&row.row) || phones.contains(&row.phone);
            if is_meant {
                rows_left.retain(|wanted| *wanted != row.row);
                phones_left.retain(|wanted| *wanted != row.phone);
                found.push(row.delivery);
            }
        }
    }
    if let Some(row) = rows_left.first() {
        return Err(Failure::refused(Text::NoSuchRow { row: *row }));
    }
    if let Some(phone) = phones_left.first() {
        return Err(Failure::refused(Text::NoSuchPhone {
            phone: phone.to_string(),
        }));
    }
    if found.is_empty() {
        return Err(Failure::refused(Text::NoUnconfirmed {
            name: record.definition.name.clone(),
        }));
    }
    Ok(found)
}

fn phone(given: &str) -> Result<PhoneNumber, Failure> {
    normalize(given, campaign_core::phone::Region::ID, LinePolicy::AnyLine)
        .map_err(|error| Failure::refused(Text::Cause(error.into())))
}

/// The unconfirmed rows of a campaign, page by page.
fn unconfirmed<'a>(store: &'a dyn Store, record: &CampaignRecord) -> ReportPages<'a> {
    let query = ReportQuery {
        states: vec![State::Unconfirmed],
        limit: PAGE,
        ..ReportQuery::of(record.id)
    };
    ReportPages::new(store, query)
}
