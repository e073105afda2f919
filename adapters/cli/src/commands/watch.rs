//! `watch`: follows a campaign that another process sends.

use super::campaign;
use super::start::finish;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::runner::{Goal, follow};
use crate::setup::Setup;

/// Follow a campaign that another process sends, until it is over
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign watch \"tagihan mei\"")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign(&*store, &args.name).await?;
    if store.runner().await?.is_none() {
        setup.output.note(&Text::NobodySends);
    }
    let ended = follow(setup, store, Goal::Campaigns(vec![record.id])).await?;
    Ok(finish(setup, &ended))
}
