//! `send`: one message to one person, within the account's limits.

use std::sync::Arc;

use campaign_core::campaign::{CampaignState, Definition, Source};
use campaign_core::delivery::State;
use campaign_core::gateway::Session;
use campaign_core::phone::{LinePolicy, Region, normalize};
use campaign_core::store::{Command, NewRecipient, ReportQuery};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::inputs::{CategoryArg, MessageArgs, refused};
use crate::language::Text;
use crate::limits::LimitWishes;
use crate::rows::check_message;
use crate::runner::{Goal, Run, Until, run as run_campaigns};
use crate::setup::{Setup, check_session};

/// What single messages are called among the campaigns: no campaign's name may hold a colon.
pub(super) const PREFIX: &str = "send:";
const KEY_CHARS_MAX: usize = 100;

/// Send one message to one person, within the account's limits, and say what became of it
///
/// It does not wait for campaigns of the account: they have a pace of their own.
///
/// With --key it is sent once, however often the command is given: the next time it answers with what became of the first.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign send 0812-3456-7890 --template \"Pembayaran Anda sudah kami terima.\" --key kuitansi-4711")]
pub(crate) struct Args {
    /// The number, as people write it
    #[arg(value_name = "PHONE")]
    phone: String,
    #[command(flatten)]
    message: MessageArgs,
    /// What this message is for: the same key is never sent twice
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// What kind of business it is
    #[arg(long, value_enum, default_value_t = CategoryArg::Utility)]
    category: CategoryArg,
    /// The WhatsApp session to send from (default unless told)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let clock = setup.clock();
    let region = setup.settings.region(&None);
    let region = Region::new(&region.value).map_err(|error| region.wrong("region", error))?;
    let phone = normalize(&args.phone, region, LinePolicy::AnyLine).map_err(refused)?;
    let message = args.message.read()?;
    // Without columns: a text with variables in it is a campaign's, and was not meant for one person.
    check_message(&message.bind::<&str>(&[]).map_err(refused)?)?;
    let key = match &args.key {
        Some(key) => checked_key(key)?,
        None => clock.now().wall.to_string(),
    };
    let session = Session::new(&setup.settings.session(&args.session).value);
    let definition = Definition {
        category: args.category.into(),
        is_urgent: true,
        source: Source {
            options: format!("to {phone}"),
            ..Source::default()
        },
        ..Definition::new(format!("{PREFIX}{key}"), session.clone(), message)
    };
    let store = setup.store().await?;
    let found = store.campaign(&definition.name).await?;
    let has_begun = |state| !matches!(state, CampaignState::Draft | CampaignState::Importing);
    let (campaign, state) = match found.filter(|record| has_begun(record.state)) {
        Some(record) => {
            let differences = record.definition.differences(&definition);
            if !differences.is_empty() {
                let differences = differences.into_iter();
                return Err(Failure::refused(Text::Differs {
                    name: definition.name,
                    differences: differences
                        .map(|difference| {
                            (difference.what.to_owned(), difference.was, difference.is)
                        })
                        .collect(),
                }));
            }
            (record.id, record.state)
        }
        None => {
            let gateway = setup.gateway(Arc::clone(&clock)).await?;
            check_session(&gateway, &session, &setup.settings.url.value).await?;
            let now = clock.now();
            let campaign = store.create(&definition, &[], now).await?;
            let recipient = NewRecipient::new(1, phone, Vec::<Box<str>>::new());
            store.import(campaign, vec![recipient], 0).await?;
            store.freeze(campaign, now.stamp(clock.boot())).await?;
            (campaign, CampaignState::Frozen)
        }
    };
    if state != CampaignState::Settled {
        let commands = match state {
            CampaignState::Frozen => vec![Command::Start { campaign }],
            _ => Vec::new(),
        };
        let run = Run {
            goal: Goal::Campaigns(vec![campaign]),
            commands,
            no_wait: false,
            until: Until::Acknowledged,
            limits: LimitWishes::default(),
            session: None,
        };
        run_campaigns(setup, Arc::clone(&store), run).await?;
    }
    let rows = store.report(ReportQuery::of(campaign)).await?;
    let Some(row) = rows.into_iter().next() else {
        // Its person was taken out since.
        return Err(Failure::refused(Text::SendForgotten { key }));
    };
    let standing = row.standing;
    setup.output.say(&Text::SendOutcome {
        phone: phone.to_string(),
        state: standing.state,
        reason: standing.reason,
    });
    setup.output.json(&json!({
        "key": key,
        "phone": phone.to_string(),
        "state": standing.state.name(),
        "reason": standing.reason.map(|reason| reason.name()),
        "message": row.message,
    }));
    Ok(match standing.state {
        State::Scheduled | State::Sending => Exit::Unfinished,
        State::Unconfirmed => Exit::Unconfirmed,
        State::Failed | State::Skipped | State::Cancelled => Exit::Failures,
        State::Accepted | State::Sent | State::Delivered | State::Read | State::Played => {
            Exit::Done
        }
    })
}

fn checked_key(key: &str) -> Result<String, Failure> {
    let is_good = !key.trim().is_empty()
        && key.chars().count() <= KEY_CHARS_MAX
        && !key.chars().any(char::is_control);
    if is_good {
        Ok(key.trim().to_owned())
    } else {
        Err(Failure::refused(Text::BadKey {
            key: key.to_owned(),
        }))
    }
}
