//! `retry`: tries the failed ones of a campaign anew.

use campaign_core::delivery::Reason;
use campaign_core::store::{Answer, Command};

use super::{campaign_with_people, unconfirmed};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::operate::carry_out;
use crate::setup::Setup;

/// Try the failed ones of a campaign anew, and look up again what is unconfirmed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign retry \"tagihan mei\"
  waha-campaign retry \"tagihan mei\" --reason exhausted")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// Only those that failed for this reason: exhausted, refused, refused_by_whatsapp
    #[arg(long, value_name = "REASON")]
    reason: Option<String>,
}

/// What can be tried anew. Who was given up may have the message.
const REASONS: [Reason; 3] = [
    Reason::Exhausted,
    Reason::Refused,
    Reason::RefusedByWhatsapp,
];

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let reason = args.reason.map(|given| reason(&given)).transpose()?;
    let store = setup.existing_store().await?;
    let campaign = campaign_with_people(&*store, &args.name).await?.id;
    let done = carry_out(setup, &store, vec![Command::Retry { campaign, reason }]).await?;
    unconfirmed::say(setup, &args.name, &done);
    let has_work = matches!(done.answer, Answer::Deliveries { moved, .. } if moved > 0);
    Ok(if has_work && !done.is_running {
        Exit::Unfinished
    } else {
        Exit::Done
    })
}

fn reason(given: &str) -> Result<Reason, Failure> {
    REASONS
        .into_iter()
        .find(|reason| reason.name() == given)
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                Text::RetryReason {
                    given: given.to_owned(),
                },
            )
        })
}
