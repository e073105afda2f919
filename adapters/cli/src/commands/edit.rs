//! `edit`: another text for those who have not been written to yet.

use std::path::PathBuf;

use campaign_core::audience::Recipient;
use campaign_core::delivery::State;
use campaign_core::message::{MessageDefinition, MessageTemplate};
use campaign_core::store::{Command, ReportPages, ReportQuery};
use serde_json::json;

use super::campaign_with_people;
use crate::exit::{Exit, Failure};
use crate::inputs::{refused, template};
use crate::language::Text;
use crate::operate::carry_out;
use crate::progress::Counter;
use crate::rows::{Check, Checked, Faults};
use crate::setup::Setup;

/// Give a campaign another text, for those who have not been written to yet
///
/// Images, files and buttons stay. The earlier text is kept, and `status NAME` shows it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign edit \"tagihan mei\" --template \"Halo {{nama}}, mohon maaf: tagihannya {{total | rupiah}}.\"")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// The text, or the caption; {{nama}} stands for the column "nama"
    #[arg(long, value_name = "TEXT", required_unless_present = "template_file")]
    template: Option<String>,
    /// The same, from a file
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    template_file: Option<PathBuf>,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, &args.name).await?;
    if !record.state.may_be_changed() {
        return Err(Failure::refused(Text::CannotChange {
            name: args.name,
            state: record.state,
        }));
    }
    let message = MessageTemplate::parse(MessageDefinition {
        text: template(args.template.as_deref(), args.template_file.as_deref())?,
        ..record.definition.message.definition().clone()
    })
    .map_err(refused)?;
    let bound = message.bind(&record.columns).map_err(refused)?;
    let mut check = Check::new(&bound, record.definition.missing);
    let mut faults = Faults::default();
    let mut counter = Counter::new(&setup.output);
    let mut left = 0;
    let query = ReportQuery {
        // Those who failed may be tried again, and those in doubt may prove never to have had it.
        states: vec![State::Scheduled, State::Failed, State::Unconfirmed],
        ..ReportQuery::of(record.id)
    };
    let mut pages = ReportPages::new(&*store, query);
    while let Some(page) = pages.next().await? {
        for row in page {
            left += u64::from(row.standing.state == State::Scheduled);
            let checked = check.check(&Recipient {
                row: row.row,
                was_rejected: false,
                phone: row.phone,
                key: row.key,
                values: row.values,
            });
            if let Checked::Fault(fault) = checked {
                faults.add(row.row, fault);
            }
        }
        counter.show(left);
    }
    drop(counter);
    faults.refuse()?;
    let campaign = record.id;
    let command = Command::Edit { campaign, message };
    carry_out(setup, &store, vec![command]).await?;
    setup.output.say(&Text::Edited {
        name: args.name,
        left,
    });
    setup.output.json(&json!({"left": left}));
    Ok(Exit::Done)
}
