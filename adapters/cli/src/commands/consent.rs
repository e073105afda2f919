//! `consent`: who agreed to what, and the rules over all campaigns: caps, words, and what an opt-out is answered with.

use std::path::PathBuf;

use campaign_core::audience::{Audience, Options};
use campaign_core::campaign::Category;
use campaign_core::consent::{Confirmation, Consent, FrequencyCap, Origin, Rules};
use campaign_core::limits::Zone;
use campaign_core::message::MessageTemplate;
use campaign_core::phone::LinePolicy;
use clap::Subcommand;
use serde_json::json;

use super::suppress::{numbers, region};
use crate::exit::{Exit, Failure};
use crate::inputs::{CategoryArg, refused};
use crate::language::Text;
use crate::progress::Counter;
use crate::rows::{Rejects, check_message};
use crate::setup::Setup;

/// Who agreed to which messages, and how often and how people are written to over all campaigns
///
/// A campaign that is started with --consent required goes only to who agreed; whoever withdrew gets nothing of that category from any.
/// The records stay until they are replaced: a withdrawal must not be forgotten.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign consent add 0812-3456-7890 --source \"form of May\"
  waha-campaign consent import setuju.xlsx --consent-column setuju
  waha-campaign consent cap --max 2 --days 7 --category marketing
  waha-campaign consent rules")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// These people agreed
    #[command(after_help = "Example:
  waha-campaign consent add 0812-3456-7890 --source \"form of May\"")]
    Add(Given),
    /// These people agree no longer
    #[command(after_help = "Example:
  waha-campaign consent remove 0812-3456-7890 --source \"asked by telephone\"")]
    Remove(Given),
    /// The people of a spreadsheet agreed, or agree no longer
    #[command(after_help = "Example:
  waha-campaign consent import setuju.xlsx --consent-column setuju")]
    Import {
        /// CSV, XLSX, XLS or ODS
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The column with the phone numbers, where its name does not tell
        #[arg(long, value_name = "COLUMN")]
        phone_column: Option<String>,
        /// The column that says yes or no; without it, everybody on the list agreed
        #[arg(long, value_name = "COLUMN")]
        consent_column: Option<String>,
        /// To which messages
        #[arg(long, value_enum, default_value_t)]
        category: CategoryArg,
        /// Where this is known from [the file's name]
        #[arg(long, value_name = "TEXT")]
        source: Option<String>,
    },
    /// Show who agreed to what, and who withdrew it
    #[command(after_help = "Example:
  waha-campaign consent list --json")]
    List,
    /// How many messages a person gets at most, from all campaigns together
    #[command(after_help = "Example:
  waha-campaign consent cap --max 2 --days 7 --category marketing
  waha-campaign consent cap --none")]
    Cap {
        /// So many messages at most
        #[arg(long, value_name = "N", requires = "days", required_unless_present = "none", value_parser = clap::value_parser!(u32).range(1..))]
        max: Option<u32>,
        /// In any so many days
        #[arg(long, value_name = "N", requires = "max", value_parser = clap::value_parser!(u16).range(1..=366))]
        days: Option<u16>,
        /// Of this category only; otherwise of marketing and utility together
        #[arg(long, value_enum)]
        category: Option<CategoryArg>,
        /// No cap any more
        #[arg(long, conflicts_with_all = ["max", "days", "category"])]
        none: bool,
    },
    /// What an opt-out is answered with, once
    #[command(after_help = "Example:
  waha-campaign consent answer --indonesian \"Baik, Anda tidak akan menerima pesan lagi.\"
  waha-campaign consent answer --off")]
    Answer {
        /// To numbers of Indonesia
        #[arg(long, value_name = "TEXT", required_unless_present_any = ["english", "off", "on"])]
        indonesian: Option<String>,
        /// To all others
        #[arg(long, value_name = "TEXT")]
        english: Option<String>,
        /// Nothing
        #[arg(long, conflicts_with_all = ["indonesian", "english", "on"])]
        off: bool,
        /// The usual text
        #[arg(long, conflicts_with_all = ["indonesian", "english"])]
        on: bool,
    },
    /// Words for no more messages, and for messages again
    #[command(after_help = "Example:
  waha-campaign consent words --opt-out CUKUP --opt-in DAFTAR
  waha-campaign consent words --usual")]
    Words {
        /// One more that means no more messages, as a whole message
        #[arg(long, value_name = "WORD", required_unless_present_any = ["opt_in", "usual"])]
        opt_out: Vec<String>,
        /// One more that means messages again
        #[arg(long, value_name = "WORD")]
        opt_in: Vec<String>,
        /// The usual ones, before others are added
        #[arg(long)]
        usual: bool,
    },
    /// Show the rules
    #[command(after_help = "Example:
  waha-campaign consent rules --json")]
    Rules,
}

/// Some people, and what they agreed to.
#[derive(Debug, clap::Args)]
struct Given {
    /// The numbers, as people write them
    #[arg(value_name = "PHONE", required = true)]
    phones: Vec<String>,
    /// To which messages
    #[arg(long, value_enum, default_value_t)]
    category: CategoryArg,
    /// Where this is known from
    #[arg(long, value_name = "TEXT", default_value = "operator")]
    source: String,
}

/// Entries in a page of the list.
const PAGE: u32 = 5_000;

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    match args.what {
        What::Add(given) => record(setup, given, true).await?,
        What::Remove(given) => record(setup, given, false).await?,
        What::Import {
            file,
            phone_column,
            consent_column,
            category,
            source,
        } => {
            let list = List {
                file,
                phone_column,
                consent_column,
                category: category.into(),
                source,
            };
            list.import(setup).await?;
        }
        What::List => list(setup).await?,
        What::Cap {
            max,
            days,
            category,
            none,
        } => {
            let category = category.map(Category::from);
            let cap = max.zip(days);
            let cap = cap.map(|(max, days)| FrequencyCap::new(category, max, days));
            let cap = cap.transpose().map_err(Failure::other)?;
            change(setup, |rules| {
                if none {
                    rules.caps.clear();
                }
                if let Some(cap) = cap {
                    rules.caps.retain(|other| other.category != category);
                    rules.caps.push(cap);
                }
            })
            .await?;
        }
        What::Answer {
            indonesian,
            english,
            off,
            on,
        } => {
            for text in [&indonesian, &english].into_iter().flatten() {
                let message = MessageTemplate::text(text).map_err(refused)?;
                check_message(&message.bind::<&str>(&[]).map_err(refused)?)?;
            }
            change(setup, |rules| {
                let mut answer = match (on, rules.confirmation.take()) {
                    (false, Some(answer)) => answer,
                    _ => Confirmation::default(),
                };
                answer.indonesian = indonesian.unwrap_or(answer.indonesian);
                answer.english = english.unwrap_or(answer.english);
                rules.confirmation = (!off).then_some(answer);
            })
            .await?;
        }
        What::Words {
            opt_out,
            opt_in,
            usual,
        } => {
            change(setup, |rules| {
                if usual {
                    rules.words = campaign_core::consent::Words::default();
                }
                rules.words.opt_out.extend(opt_out);
                rules.words.opt_in.extend(opt_in);
            })
            .await?;
        }
        What::Rules => {
            let rules = setup.existing_store().await?.rules().await?;
            show(setup, &rules);
        }
    }
    Ok(Exit::Done)
}

async fn record(setup: &Setup, given: Given, is_granted: bool) -> Result<(), Failure> {
    let phones = numbers(setup, &given.phones)?;
    let since = setup.clock().now().wall;
    let consents: Vec<Consent> = phones
        .into_iter()
        .map(|phone| Consent {
            phone,
            category: given.category.into(),
            is_granted,
            origin: Origin::Operator,
            source: given.source.clone().into(),
            since,
        })
        .collect();
    setup.store().await?.record_consents(&consents).await?;
    let count = consents.len() as u64;
    let (granted, withdrawn) = if is_granted { (count, 0) } else { (0, count) };
    tell(setup, granted, withdrawn, None);
    Ok(())
}

/// A spreadsheet with consents.
struct List {
    file: PathBuf,
    phone_column: Option<String>,
    consent_column: Option<String>,
    category: Category,
    source: Option<String>,
}

impl List {
    async fn import(self, setup: &Setup) -> Result<(), Failure> {
        let options = Options {
            region: region(setup)?,
            lines: LinePolicy::AnyLine,
            phone: self.phone_column,
            ..Options::default()
        };
        let mut audience = Audience::open(&self.file, &options).map_err(refused)?;
        let columns = audience.columns().variables().clone();
        let column = match &self.consent_column {
            None => None,
            Some(name) => {
                let place = columns.iter().position(|it| it.eq_ignore_ascii_case(name));
                Some(place.ok_or_else(|| {
                    Failure::refused(Text::NoConsentColumn {
                        name: name.clone(),
                        others: columns.iter().map(ToString::to_string).collect(),
                    })
                })?)
            }
        };
        let mut rejects = Rejects::new(
            self.file.with_extension("rejects.csv"),
            audience.columns().clone(),
            audience.source().delimiter(),
            setup.output.language(),
        );
        let source = self.source.unwrap_or_else(|| {
            let name = self.file.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        });
        let store = setup.store().await?;
        let since = setup.clock().now().wall;
        let mut counter = Counter::new(&setup.output);
        let (mut rows, mut granted, mut withdrawn, mut unclear) = (0, 0, 0, 0);
        while let Some(page) = tokio::task::block_in_place(|| audience.next()) {
            let mut page = page.map_err(refused)?;
            rows += page.rows() as u64;
            counter.show(rows);
            let mut consents = Vec::with_capacity(page.recipients.len());
            for recipient in &page.recipients {
                let said = match column {
                    None => Some(true),
                    Some(place) => recipient.values.get(place).and_then(|said| yes_or_no(said)),
                };
                let Some(is_granted) = said else {
                    unclear += 1;
                    continue;
                };
                granted += u64::from(is_granted);
                withdrawn += u64::from(!is_granted);
                consents.push(Consent {
                    phone: recipient.phone,
                    category: self.category,
                    is_granted,
                    origin: Origin::Import,
                    source: source.clone().into(),
                    since,
                });
            }
            store.record_consents(&consents).await?;
            rejects.write(&mut page.rejects)?;
        }
        drop(counter);
        rejects.finish()?;
        if unclear > 0 {
            setup.output.note(&Text::ConsentUnclear { count: unclear });
        }
        tell(setup, granted, withdrawn, Some(&rejects));
        Ok(())
    }
}

/// What a cell says, in Indonesian or English; anything else says nothing, and changes nothing.
fn yes_or_no(said: &str) -> Option<bool> {
    match said.trim().to_lowercase().as_str() {
        "ya" | "y" | "yes" | "true" | "1" | "x" | "setuju" | "iya" => Some(true),
        "tidak" | "t" | "n" | "no" | "false" | "0" | "tidak setuju" => Some(false),
        _ => None,
    }
}

fn tell(setup: &Setup, granted: u64, withdrawn: u64, rejects: Option<&Rejects>) {
    setup
        .output
        .say(&Text::ConsentRecorded { granted, withdrawn });
    let rejects = rejects.filter(|rejects| rejects.count > 0);
    if let Some(rejects) = rejects {
        rejects.tell(&setup.output);
    }
    setup.output.json(&json!({
        "granted": granted,
        "withdrawn": withdrawn,
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
        let page = store.consents(after, PAGE).await?;
        for entry in &page {
            count += 1;
            setup.output.say(&Text::ConsentLine {
                phone: entry.phone.to_string(),
                category: entry.category,
                is_granted: entry.is_granted,
                source: entry.source.to_string(),
                since: zone.show(entry.since),
            });
            setup.output.json_line(&json!({
                "phone": entry.phone.to_string(),
                "category": entry.category.name(),
                "granted": entry.is_granted,
                "origin": entry.origin.name(),
                "source": entry.source,
                "since": entry.since,
            }));
        }
        after = page.last().map(|entry| (entry.phone, entry.category));
        if page.len() < PAGE as usize {
            break;
        }
    }
    if count == 0 {
        setup.output.note(&Text::ConsentNone);
    }
    Ok(())
}

/// Changes the rules, and shows them.
async fn change(setup: &Setup, change: impl FnOnce(&mut Rules)) -> Result<(), Failure> {
    let store = setup.store().await?;
    let mut rules = store.rules().await?;
    change(&mut rules);
    store.set_rules(&rules).await?;
    show(setup, &rules);
    Ok(())
}

fn show(setup: &Setup, rules: &Rules) {
    let output = &setup.output;
    if rules.caps.is_empty() {
        output.say(&Text::NoCap);
    }
    for cap in &rules.caps {
        output.say(&Text::CapLine {
            category: cap.category,
            messages_max: cap.messages_max.get(),
            days: cap.days.get(),
        });
    }
    output.say(&Text::AnswerLine {
        texts: rules
            .confirmation
            .as_ref()
            .map(|answer| (answer.indonesian.clone(), answer.english.clone())),
    });
    output.say(&Text::WordsLine {
        opt_out: rules.words.opt_out.clone(),
        opt_in: rules.words.opt_in.clone(),
    });
    output.json(&json!(rules));
}

#[cfg(test)]
mod tests {
    use super::yes_or_no;

    #[test]
    fn a_cell_says_yes_or_no_or_nothing() {
        for (said, meant) in [
            ("Ya", Some(true)),
            (" setuju ", Some(true)),
            ("1", Some(true)),
            ("TIDAK", Some(false)),
            ("0", Some(false)),
            ("", None),
            ("mungkin", None),
        ] {
            assert_eq!(yes_or_no(said), meant, "{said:?}");
        }
    }
}
