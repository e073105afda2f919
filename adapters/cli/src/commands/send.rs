//! `send`: one message to one person, within the account's limits.

use std::sync::Arc;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::State;
use campaign_core::gateway::Session;
use campaign_core::once::{self, OnceError, SendOnce};
use campaign_core::phone::{LinePolicy, Region, normalize};
use campaign_core::store::CampaignQuery;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::inputs::{CategoryArg, MessageArgs, refused};
use crate::language::Text;
use crate::limits::LimitWishes;
use crate::rows::check_message;
use crate::runner::{Goal, Run, Until, run as run_campaigns};
use crate::setup::{Setup, check_session};

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
        Some(key) => key.parse().map_err(|_| bad_key(key))?,
        None => clock
            .now()
            .wall
            .to_string()
            .parse()
            .map_err(Failure::other)?,
    };
    let session = Session::new(&setup.settings.session(&args.session).value);
    let message = SendOnce {
        category: args.category.into(),
        ..SendOnce::new(key, session, phone, message)
    };
    let store = setup.store().await?;
    if once::look(&*store, &message.key)
        .await
        .map_err(failure)?
        .is_none()
    {
        let gateway = setup.gateway(Arc::clone(&clock)).await?;
        check_session(&gateway, &message.session, &setup.settings.url.value).await?;
    }
    let left = once::leave(&*store, &message, clock.now()).await;
    let campaign = left.map_err(failure)?.campaign;
    let query = CampaignQuery::These(vec![campaign]);
    let records = store.campaigns(&query).await?;
    if records
        .iter()
        .any(|record| record.state != CampaignState::Settled)
    {
        let run = Run {
            goal: Goal::Campaigns(vec![campaign]),
            commands: Vec::new(),
            no_wait: false,
            until: Until::Acknowledged,
            limits: LimitWishes::default(),
            sessions: Vec::new(),
        };
        run_campaigns(setup, Arc::clone(&store), run).await?;
    }
    let stands = once::stands(&*store, campaign, &message.key)
        .await
        .map_err(failure)?;
    let standing = stands.standing;
    setup.output.say(&Text::SendOutcome {
        phone: phone.to_string(),
        state: standing.state,
        reason: standing.reason,
    });
    setup.output.json(&json!({
        "key": message.key.as_str(),
        "phone": phone.to_string(),
        "state": standing.state.name(),
        "reason": standing.reason.map(|reason| reason.name()),
        "message": stands.message,
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

fn bad_key(key: &str) -> Failure {
    Failure::refused(Text::BadKey {
        key: key.to_owned(),
    })
}

fn failure(error: OnceError) -> Failure {
    match error {
        OnceError::Differs { key, differences } => {
            let differences = differences.into_iter();
            Failure::refused(Text::Differs {
                name: format!("{}{key}", once::PREFIX),
                differences: differences
                    .map(|difference| (difference.what.to_owned(), difference.was, difference.is))
                    .collect(),
            })
        }
        OnceError::Forgotten { key } => Failure::refused(Text::SendForgotten {
            key: key.to_string(),
        }),
        OnceError::Store(error) => error.into(),
        OnceError::Message(error) => Failure::other(error),
    }
}
