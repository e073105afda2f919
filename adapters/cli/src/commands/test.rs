//! `test`: some rows of a list as their people would get them, sent to a number of one's own.

use std::sync::Arc;

use campaign_core::campaign::{Category, Definition, Source};
use campaign_core::gateway::{Gateway, Session};
use campaign_core::phone::{LinePolicy, PhoneNumber, Region, normalize};
use campaign_core::store::{Command, NewRecipient};

use super::start::finish;
use crate::exit::{Exit, Failure};
use crate::inputs::{InputArgs, Inputs, refused};
use crate::language::Text;
use crate::rows::{Check, Checked, Faults};
use crate::runner::{Goal, Run, Until, run as run_campaigns};
use crate::setup::{Setup, check_session};

/// What tests are called among the campaigns: no campaign's name may hold a colon.
pub(super) const PREFIX: &str = "test:";

/// Send the messages of some rows to a number of your own, within the account's limits
///
/// The people on the list get nothing, and no campaign counts it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign test pelanggan.xlsx --template-file pesan.txt --to 0812-3456-7890
  waha-campaign test pelanggan.xlsx --template-file pesan.txt --rows 5      (to the session's own number)")]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: InputArgs,
    /// Your own number; the session's own unless given
    #[arg(long, value_name = "PHONE")]
    to: Option<String>,
    /// How many rows, from the top of the list
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    rows: u16,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let clock = setup.clock();
    let name = format!("{PREFIX}{}", clock.now().wall);
    let mut inputs = args.inputs.read(&name, &setup.settings)?;
    let session = inputs.definition.sessions.first().clone();
    let gateway = setup.gateway(Arc::clone(&clock)).await?;
    check_session(&gateway, &session, &setup.settings.url.value).await?;
    let to = match &args.to {
        Some(given) => own_number(setup, given)?,
        None => accounts_number(&gateway, &session).await?,
    };
    let people = rows(&mut inputs, to, usize::from(args.rows))?;
    let store = setup.store().await?;
    let definition = Definition {
        // It is for the operator, whatever it will be to others: no cap and no consent of his is asked for.
        category: Category::Service,
        is_urgent: true,
        sessions: session.clone().into(),
        source: Source::default(),
        hours: None,
        starts_at: None,
        expires_at: None,
        ..inputs.definition
    };
    let now = clock.now();
    let columns = inputs.audience.columns().variables().clone();
    let campaign = store.create(&definition, &columns, now).await?;
    store.import(campaign, people, 0).await?;
    store.freeze(campaign, now.stamp(clock.boot())).await?;
    let run = Run {
        goal: Goal::Campaigns(vec![campaign]),
        commands: vec![Command::Start { campaign }],
        no_wait: false,
        until: Until::Acknowledged,
        limits: inputs.limits,
        sessions: vec![session],
    };
    Ok(finish(setup, &run_campaigns(setup, store, run).await?))
}

fn own_number(setup: &Setup, given: &str) -> Result<PhoneNumber, Failure> {
    let region = setup.settings.region(&None);
    let region = Region::new(&region.value).map_err(|error| region.wrong("region", error))?;
    normalize(given, region, LinePolicy::AnyLine).map_err(refused)
}

async fn accounts_number(gateway: &dyn Gateway, session: &Session) -> Result<PhoneNumber, Failure> {
    let account = gateway.observe(session).await.account;
    account.map(|account| account.0).ok_or_else(|| {
        let session = session.to_string();
        Failure::new(Exit::NotReady, Text::OwnNumberUnknown { session })
    })
}

/// The first rows that make a message, each for the same phone.
fn rows(inputs: &mut Inputs, to: PhoneNumber, most: usize) -> Result<Vec<NewRecipient>, Failure> {
    let mut check = Check::new(&inputs.message, inputs.definition.missing);
    let mut faults = Faults::default();
    let mut people = Vec::new();
    while people.len() < most {
        let Some(page) = inputs.audience.next() else {
            break;
        };
        for recipient in page.map_err(refused)?.recipients {
            if people.len() == most {
                break;
            }
            match check.check(&recipient) {
                Checked::Message(_) => people.push(NewRecipient {
                    key: Some(recipient.row.to_string().into()),
                    ..NewRecipient::new(recipient.row, to, recipient.values)
                }),
                Checked::Fault(fault) => faults.add(recipient.row, fault),
                Checked::Skip(_) => {}
            }
        }
    }
    if people.is_empty() {
        faults.refuse()?;
        return Err(Failure::refused(Text::NobodyLeft));
    }
    Ok(people)
}
