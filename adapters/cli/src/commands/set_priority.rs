//! `set-priority`: a campaign's share of its account, from its next message on; without any option, as it is.

use campaign_core::store::Command;
use serde_json::json;

use super::campaign;
use crate::exit::{Exit, Failure};
use crate::inputs::ShareArgs;
use crate::language::Text;
use crate::operate::carry_out;
use crate::setup::Setup;

/// Change which campaigns of an account go first, and in what proportion, while they run too; without an option, show it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign set-priority \"tagihan mei\" --priority high
  waha-campaign set-priority \"promo\" --weight 3")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    share: ShareArgs,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign(&*store, &args.name).await?;
    let share = args.share.over(record.definition.share());
    if !args.share.is_empty() {
        let command = Command::SetShare {
            campaign: record.id,
            share,
        };
        carry_out(setup, &store, vec![command]).await?;
    }
    setup.output.say(&Text::ShareIs {
        name: args.name,
        share,
    });
    setup.output.json(&json!(share));
    Ok(Exit::Done)
}
