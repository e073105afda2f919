//! `suppress`: the numbers that nobody writes to, over all campaigns.

use std::path::PathBuf;

use campaign_core::audience::{Audience, Options};
use campaign_core::consent::{Lid, Origin};
use campaign_core::limits::Zone;
use campaign_core::phone::{LinePolicy, PhoneNumber, Region, normalize};
use campaign_core::store::{Command, Store, Suppression};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::language::{Cause, Text};
use crate::operate::carry_out;
use crate::progress::Counter;
use crate::rows::Rejects;
use crate::setup::Setup;

/// Numbers that nobody writes to, over all campaigns
///
/// What is on the list when a message is due is not sent; a message that is on its way already arrives.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign suppress add 0812-3456-7890 --source \"asked by telephone\"
  waha-campaign suppress import berhenti.xlsx
  waha-campaign suppress list")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Put numbers on the list
    #[command(after_help = "Example:
  waha-campaign suppress add 0812-3456-7890 --source \"asked by telephone\"")]
    Add {
        /// The numbers, as people write them
        #[arg(value_name = "PHONE", required = true)]
        phones: Vec<String>,
        /// How they came on the list
        #[arg(long, value_name = "TEXT", default_value = "operator")]
        source: String,
    },
    /// Take numbers off the list
    #[command(after_help = "Example:
  waha-campaign suppress remove 0812-3456-7890")]
    Remove {
        /// The numbers, as people write them
        #[arg(value_name = "PHONE", required = true)]
        phones: Vec<String>,
    },
    /// Put the numbers of a spreadsheet on the list
    #[command(after_help = "Example:
  waha-campaign suppress import berhenti.xlsx --source \"list of May\"")]
    Import {
        /// CSV, XLSX, XLS or ODS
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The column with the phone numbers, where its name does not tell
        #[arg(long, value_name = "COLUMN")]
        phone_column: Option<String>,
        /// How they came on the list
        #[arg(long, value_name = "TEXT", default_value = "operator")]
        source: String,
    },
    /// Show the list
    #[command(after_help = "Example:
  waha-campaign suppress list --json")]
    List,
    /// Show who has opted out and is known by a WhatsApp id (LID) alone
    ///
    /// Until it is known whose phone that is, broadcasts of the account go only to people who are known to be somebody else. It is asked
    /// for again and again; you may know it from the chat.
    #[command(after_help = "Example:
  waha-campaign suppress hidden")]
    Hidden,
    /// Say whose phone belongs to a WhatsApp id (LID) that has opted out
    #[command(after_help = "Example:
  waha-campaign suppress resolve 123456789012345@lid 0812-3456-7890
  waha-campaign suppress resolve 123456789012345@lid --nobody")]
    Resolve {
        /// The id, as `suppress hidden` shows it
        #[arg(value_name = "LID")]
        lid: Lid,
        /// The person's number
        #[arg(value_name = "PHONE", required_unless_present = "nobody")]
        phone: Option<String>,
        /// It is nobody on any list
        #[arg(long, conflicts_with = "phone")]
        nobody: bool,
    },
}

/// Entries in a page of the list.
const PAGE: u32 = 5_000;

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    match args.what {
        What::Add { phones, source } => {
            let phones = numbers(setup, &phones)?;
            let store = setup.store().await?;
            suppress(
                &*store,
                &phones,
                (Origin::Operator, &source),
                setup.clock().now().wall,
            )
            .await?;
            tell_added(setup, phones.len() as u64, None);
        }
        What::Remove { phones } => {
            let phones = numbers(setup, &phones)?;
            let store = setup.existing_store().await?;
            let removed = store.unsuppress(&phones).await?;
            setup.output.say(&Text::SuppressRemoved {
                removed,
                asked: phones.len() as u64,
            });
            setup.output.json(&json!({"removed": removed}));
        }
        What::Import {
            file,
            phone_column,
            source,
        } => import(setup, file, phone_column, &source).await?,
        What::List => list(setup).await?,
        What::Hidden => hidden(setup).await?,
        What::Resolve { lid, phone, .. } => {
            let phone = match phone {
                Some(phone) => numbers(setup, &[phone])?.into_iter().next(),
                None => None,
            };
            let store = setup.existing_store().await?;
            carry_out(setup, &store, vec![Command::ResolveLid { lid, phone }]).await?;
            let phone = phone.map(|phone| phone.to_string());
            setup.output.json(&json!({"lid": lid, "phone": phone}));
            setup.output.say(&Text::LidResolved {
                lid: lid.to_string(),
                phone,
            });
        }
    }
    Ok(Exit::Done)
}

/// All of them, or none: a number that was meant to be left alone must not be passed over.
pub(super) fn numbers(setup: &Setup, given: &[String]) -> Result<Vec<PhoneNumber>, Failure> {
    let region = region(setup)?;
    let read = given
        .iter()
        .map(|given| normalize(given, region, LinePolicy::AnyLine));
    read.collect::<Result<_, _>>()
        .map_err(|error| Failure::refused(Text::Cause(error.into())))
}

pub(super) fn region(setup: &Setup) -> Result<Region, Failure> {
    let set = setup.settings.region(&None);
    Region::new(&set.value).map_err(|error| set.wrong("region", error))
}

async fn suppress(
    store: &dyn Store,
    phones: &[PhoneNumber],
    (origin, source): (Origin, &str),
    since: Timestamp,
) -> Result<(), Failure> {
    let entries: Vec<Suppression> = phones
        .iter()
        .map(|phone| Suppression {
            phone: *phone,
            origin,
            source: source.into(),
            since,
        })
        .collect();
    store.suppress(&entries).await?;
    Ok(())
}

async fn import(
    setup: &Setup,
    file: PathBuf,
    phone: Option<String>,
    source: &str,
) -> Result<(), Failure> {
    let options = Options {
        region: region(setup)?,
        lines: LinePolicy::AnyLine,
        phone,
        ..Options::default()
    };
    let refused = |error| Failure::refused(Text::Cause(Cause::from(error)));
    let mut audience = Audience::open(&file, &options).map_err(refused)?;
    let mut rejects = Rejects::new(
        file.with_extension("rejects.csv"),
        audience.columns().clone(),
        audience.source().delimiter(),
        setup.output.language(),
    );
    let store = setup.store().await?;
    let since = setup.clock().now().wall;
    let mut counter = Counter::new(&setup.output);
    let (mut rows, mut added) = (0, 0);
    while let Some(page) = tokio::task::block_in_place(|| audience.next()) {
        let mut page = page.map_err(refused)?;
        rows += page.rows() as u64;
        counter.show(rows);
        let phones: Vec<PhoneNumber> = page.recipients.iter().map(|it| it.phone).collect();
        suppress(&*store, &phones, (Origin::Import, source), since).await?;
        added += phones.len() as u64;
        rejects.write(&mut page.rejects)?;
    }
    drop(counter);
    rejects.finish()?;
    tell_added(setup, added, Some(&rejects));
    Ok(())
}

fn tell_added(setup: &Setup, added: u64, rejects: Option<&Rejects>) {
    setup.output.say(&Text::SuppressAdded { count: added });
    let rejects = rejects.filter(|rejects| rejects.count > 0);
    if let Some(rejects) = rejects {
        rejects.tell(&setup.output);
    }
    setup.output.json(&json!({
        "added": added,
        "rejected": rejects.map_or(0, |rejects| rejects.count),
        "rejects_file": rejects.map(Rejects::path),
    }));
}

async fn list(setup: &Setup) -> Result<(), Failure> {
    let store = setup.existing_store().await?;
    let zone = Zone::default();
    let mut after = None;
    let mut count = 0u64;
    loop {
        let page = store.suppressed(after, PAGE).await?;
        for entry in &page {
            count += 1;
            setup.output.say(&Text::SuppressLine {
                phone: entry.phone.to_string(),
                origin: entry.origin,
                source: entry.source.to_string(),
                since: zone.show(entry.since),
            });
            setup.output.json_line(&json!({
                "phone": entry.phone.to_string(),
                "origin": entry.origin.name(),
                "source": entry.source,
                "since": entry.since,
            }));
        }
        after = page.last().map(|entry| entry.phone);
        if page.len() < PAGE as usize {
            break;
        }
    }
    if count == 0 {
        setup.output.note(&Text::SuppressNone);
    }
    Ok(())
}

async fn hidden(setup: &Setup) -> Result<(), Failure> {
    let hidden = setup.existing_store().await?.hidden_opt_outs().await?;
    let zone = Zone::default();
    for entry in &hidden {
        setup.output.say(&Text::HiddenLine {
            lid: entry.lid.to_string(),
            account: entry.account.0.to_string(),
            since: zone.show(entry.since),
        });
        setup.output.json_line(&json!({
            "lid": entry.lid,
            "account": entry.account.0.to_string(),
            "since": entry.since,
        }));
    }
    if hidden.is_empty() {
        setup.output.note(&Text::HiddenNone);
    }
    Ok(())
}
