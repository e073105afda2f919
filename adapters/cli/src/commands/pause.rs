//! `pause`: sends nothing more of a campaign until it is resumed.

use campaign_core::store::{Answer, Command};

use super::campaign;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::operate::carry_out;
use crate::setup::Setup;

/// Send nothing more of a campaign until it is resumed
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign pause \"tagihan mei\"
  waha-campaign resume \"tagihan mei\"")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let campaign = campaign(&*store, &args.name).await?.id;
    let done = carry_out(setup, &store, vec![Command::Pause { campaign }]).await?;
    say(setup, args.name, &done.answer);
    Ok(Exit::Done)
}

/// Where the campaign stands after the command.
pub(super) fn say(setup: &Setup, name: String, answer: &Answer) {
    setup.output.json(answer);
    if let Answer::Campaign { state, in_flight } = answer {
        setup.output.say(&Text::CampaignIs {
            name,
            state: *state,
            in_flight: *in_flight,
        });
    }
}
