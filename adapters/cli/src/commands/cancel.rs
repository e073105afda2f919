//! `cancel`: ends a campaign for good.

use campaign_core::store::Command;

use super::{campaign, pause};
use crate::exit::{Exit, Failure};
use crate::operate::carry_out;
use crate::setup::Setup;

/// End a campaign for good: what has not been sent never will be
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign cancel \"tagihan mei\"")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let campaign = campaign(&*store, &args.name).await?.id;
    let done = carry_out(setup, &store, vec![Command::Cancel { campaign }]).await?;
    pause::say(setup, args.name, &done.answer);
    Ok(Exit::Done)
}
