//! What `plan` and `start` are given: the file, the message, when and how; turned into a campaign's definition.

mod hours;
mod message;
mod pool;
mod reading;
mod share;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use campaign_core::audience::Audience;
use campaign_core::campaign::{Category, Definition, Missing, NumberCheck, Share, Source};
use campaign_core::consent::ConsentRule;
use campaign_core::limits::Zone;
use campaign_core::message::BoundMessage;
use campaign_core::retry::RetryPolicy;
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use sha2::{Digest, Sha256};

use self::hours::{Clock, DaysArgs};
pub(crate) use self::message::{MessageArgs, template};
use self::pool::PoolArgs;
pub(crate) use self::reading::ReadingArgs;
pub(crate) use self::share::ShareArgs;
use crate::exit::{Exit, Failure};
use crate::language::{Cause, Text};
use crate::limits::{LimitArgs, LimitWishes};
use crate::settings::Settings;

/// Rows read, checked and imported at once.
pub(crate) const PAGE_ROWS: usize = 5_000;

/// What to send to whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct InputArgs {
    /// The list: CSV, XLSX, XLS or ODS
    #[arg(value_name = "FILE")]
    pub(crate) list: PathBuf,
    #[command(flatten)]
    pub(crate) message: MessageArgs,
    /// What to do with rows that lack a value the message needs
    #[arg(long, value_enum, default_value_t, help_heading = "Message")]
    pub(crate) missing: MissingArg,

    /// What kind of business it is
    #[arg(long, value_enum, default_value_t, help_heading = "Message")]
    pub(crate) category: CategoryArg,

    /// Whether only people are written to who agreed to such messages (see `consent`)
    #[arg(long, value_enum, default_value_t, help_heading = "Message")]
    pub(crate) consent: ConsentArg,
    /// Send to people too whom another campaign has sent the same text within 7 days
    #[arg(long, help_heading = "Message")]
    pub(crate) again: bool,

    #[command(flatten)]
    pub(crate) pool: PoolArgs,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
    /// Whether to ask WhatsApp first if a number is there; who is not is skipped
    #[arg(long, value_enum, default_value_t, help_heading = "List")]
    pub(crate) check: CheckArg,
    /// Only the first N that can be written to
    #[arg(long, value_name = "N", help_heading = "List", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,

    /// Send only then: "08:00-20:00", "Mon-Sat 08:00-20:00 except id-national", "collection-notices", or "category" for what suits that
    #[arg(long, value_name = "HOURS", help_heading = "Time")]
    pub(crate) hours: Option<String>,
    /// The time zone of all times [Asia/Jakarta]; "recipient" keeps the hours by each recipient's own clock, "recipient:COLUMN" names the
    /// column that tells it
    #[arg(long, value_name = "NAME", help_heading = "Time")]
    pub(crate) zone: Option<String>,
    #[command(flatten)]
    pub(crate) days: DaysArgs,
    /// Not before: 2026-11-22T08:00
    #[arg(long, value_name = "TIME", help_heading = "Time")]
    pub(crate) at: Option<String>,
    /// Not after: 2026-11-30T20:00
    #[arg(long, value_name = "TIME", help_heading = "Time")]
    pub(crate) expires: Option<String>,

    #[command(flatten)]
    pub(crate) share: ShareArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What to do with rows that lack a value.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum MissingArg {
    /// Do not start
    #[default]
    Refuse,
    /// Skip those rows and report them
    Skip,
}

/// What kind of business a message is.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum CategoryArg {
    /// An offer, news, a greeting
    #[default]
    Marketing,
    /// A bill, a receipt, a reminder, an order on its way
    Utility,
    /// A one-time password; goes out beside everything else, not after it
    Authentication,
    /// An answer to what the person asked; goes out beside everything else, not after it
    Service,
}

impl From<CategoryArg> for Category {
    fn from(category: CategoryArg) -> Self {
        match category {
            CategoryArg::Marketing => Category::Marketing,
            CategoryArg::Utility => Category::Utility,
            CategoryArg::Authentication => Category::Authentication,
            CategoryArg::Service => Category::Service,
        }
    }
}

/// Whether consent is needed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ConsentArg {
    /// Write to everybody who did not withdraw it
    #[default]
    NotRequired,
    /// Write only to who agreed; the others are skipped
    Required,
}

/// Whether to ask WhatsApp if a number is there.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum CheckArg {
    /// Ask about numbers that were not asked about for 90 days, each before its message
    New,
    /// Ask nothing; skip those that were found not to be there
    #[default]
    Known,
    /// Ask nothing, and write to all of them
    Never,
}

/// Everything given, checked and ready.
pub(crate) struct Inputs {
    pub(crate) definition: Definition,
    pub(crate) message: BoundMessage,
    pub(crate) audience: Audience,
    pub(crate) limits: LimitWishes,
}

impl InputArgs {
    /// Reads and checks everything but the rows.
    ///
    /// # Errors
    /// Naming what is wrong and what to do.
    pub(crate) fn read(&self, name: &str, settings: &Settings) -> Result<Inputs, Failure> {
        let clock = Clock::read(&self.zone);
        let zone = zone(&clock.zone, settings)?;
        let limits = LimitWishes::read(
            &self.limits,
            settings.zone(&clock.zone).map(|_| zone.clone()),
            settings,
        )?;
        let hours = settings
            .hours(&self.hours)
            .map(|set| {
                hours::read(&set.value, self.category.into(), zone.clone())
                    .map_err(|error| set.wrong("hours", error))
            })
            .transpose()?;
        let hours = self.days.closed_on(hours)?;
        let options = self.reading.options(settings)?;
        let message = self.message.read()?;
        let audience = Audience::open(&self.list, &options).map_err(refused)?;
        let bound = message
            .bind(audience.columns().variables())
            .map_err(refused)?;
        let share = self.share.over(Share::default());
        let sessions = self.pool.sessions(settings)?;
        let definition = Definition {
            name: name.to_owned(),
            pool_policy: self.pool.policy(&sessions, settings)?,
            sessions,
            message,
            category: self.category.into(),
            is_urgent: false,
            priority: share.priority,
            weight: share.weight,
            source: Source {
                name: file_name(&self.list),
                sha256: sha256(&self.list)?,
                options: self.reading.describe(&options),
                key: options.key.clone(),
                limit: self.limit,
            },
            missing: match self.missing {
                MissingArg::Refuse => Missing::Refuse,
                MissingArg::Skip => Missing::Skip,
            },
            check: match self.check {
                CheckArg::New => NumberCheck::New,
                CheckArg::Known => NumberCheck::Known,
                CheckArg::Never => NumberCheck::Never,
            },
            hours_by: clock.hours_by(audience.columns().variables()),
            catch_up: self.days.catch_up()?,
            hours,
            starts_at: moment("--at", &self.at, &zone)?,
            expires_at: moment("--expires", &self.expires, &zone)?,
            zone,
            retry: RetryPolicy::default(),
            consent: match self.consent {
                ConsentArg::NotRequired => ConsentRule::NotRequired,
                ConsentArg::Required => ConsentRule::Required,
            },
            may_repeat: self.again,
            tenant: None,
            confirms_opt_out: false,
        };
        Ok(Inputs {
            definition,
            message: bound,
            audience,
            limits,
        })
    }

    /// Where the rejected rows go.
    pub(crate) fn rejects_file(&self, name: &str) -> PathBuf {
        let told = self.reading.rejects.clone();
        told.unwrap_or_else(|| rejects_file(name))
    }
}

pub(crate) fn zone(flag: &Option<String>, settings: &Settings) -> Result<Zone, Failure> {
    match settings.zone(flag) {
        None => Ok(Zone::default()),
        Some(set) => set.value.parse().map_err(|error| set.wrong("zone", error)),
    }
}

/// Where a campaign's rejected rows go unless told otherwise.
pub(crate) fn rejects_file(name: &str) -> PathBuf {
    PathBuf::from(format!("{name}.rejects.csv"))
}

/// A name that can be a file's name everywhere.
///
/// # Errors
/// When it cannot.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let is_good = !name.trim().is_empty()
        && name.trim() == name
        && name.chars().count() <= 100
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|c| c.is_control() || "/\\:*?\"<>|".contains(c));
    if is_good {
        Ok(())
    } else {
        Err(Failure::refused(Text::BadName {
            name: name.to_owned(),
        }))
    }
}

pub(crate) fn refused(error: impl Into<Cause>) -> Failure {
    Failure::refused(Text::Cause(error.into()))
}

/// `2026-11-22T08:00` in the campaign's zone, or with an offset of its own; a date is its first moment.
fn moment(
    option: &'static str,
    given: &Option<String>,
    zone: &Zone,
) -> Result<Option<Timestamp>, Failure> {
    let Some(given) = given.as_deref().map(str::trim) else {
        return Ok(None);
    };
    let civil = given
        .parse::<DateTime>()
        .or_else(|_| given.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    // jiff reads a civil time out of a text with an offset too, and would leave the offset out.
    let moment = given.parse::<Timestamp>().ok().or_else(|| {
        Some(
            civil
                .ok()?
                .to_zoned(zone.time_zone().clone())
                .ok()?
                .timestamp(),
        )
    });
    moment.map(Some).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            Text::Moment {
                option,
                given: given.to_owned(),
            },
        )
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn sha256(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::refused(Text::Unreadable {
            path: path.display().to_string(),
            why: error.to_string(),
        })
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => break,
            length => hasher.update(&chunk[..length]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_moment_is_read_in_the_campaigns_zone_unless_it_names_its_own() {
        let zone = Zone::default();
        let read = |text: &str| {
            moment("--at", &Some(text.to_owned()), &zone)
                .unwrap()
                .unwrap()
                .to_string()
        };
        assert_eq!(read("2026-11-22T08:00"), "2026-11-22T01:00:00Z");
        assert_eq!(read("2026-11-22 08:00"), "2026-11-22T01:00:00Z");
        assert_eq!(read("2026-11-22T08:00:00Z"), "2026-11-22T08:00:00Z");
        assert_eq!(read("2026-11-22T08:00+09:00"), "2026-11-21T23:00:00Z");
        assert_eq!(read("2026-11-22"), "2026-11-21T17:00:00Z");
        assert!(moment("--at", &Some("tomorrow".into()), &zone).is_err());
    }

    #[test]
    fn a_name_must_be_one_that_a_file_can_have() {
        for good in ["tagihan mei", "promo-11.11", "пример"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", " a", "a/b", "a:b", ".x", "a\nb"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
