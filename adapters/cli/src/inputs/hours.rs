//! When a campaign sends: at which hours, by whose clock, on which days not, and what becomes of what is late.

use std::path::PathBuf;

use campaign_core::campaign::{Category, HoursBy};
use campaign_core::limits::{CatchUp, Hours, HoursError, HoursPreset, OwnCalendar, Zone};
use clap::Args;

use crate::exit::Failure;
use crate::language::Text;
use crate::limits::duration;

/// Columns that are taken for a recipient's time zone.
const ZONE_COLUMNS: [&str; 5] = ["zona", "zona_waktu", "zone", "time_zone", "timezone"];

#[derive(Debug, Clone, Args)]
pub(crate) struct DaysArgs {
    /// Your own days off and days of other hours, one a line: 2026-12-31, Tutup buku, 08:00-12:00
    #[arg(long, value_name = "FILE", help_heading = "Time", requires = "hours")]
    pub(crate) calendar: Option<PathBuf>,
    /// Do not send what is so late, whatever made it late: 24h
    #[arg(long, value_name = "TIME", help_heading = "Time")]
    pub(crate) too_late_after: Option<String>,
    /// After nothing ran, wait so long before sending what is overdue: 15m
    #[arg(long, value_name = "TIME", help_heading = "Time")]
    pub(crate) wait_after_downtime: Option<String>,
}

impl DaysArgs {
    /// The hours with the days of the file that is named.
    ///
    /// # Errors
    /// When the file cannot be read, or a line of it makes no sense: to pass over a day off would be to send on it.
    pub(super) fn closed_on(&self, hours: Option<Hours>) -> Result<Option<Hours>, Failure> {
        let (Some(hours), Some(path)) = (&hours, &self.calendar) else {
            return Ok(hours);
        };
        let refused =
            |what: String| Failure::refused(Text::Plain(format!("{}: {what}", path.display())));
        let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
        let own = OwnCalendar::read(&text);
        match own.faults.first() {
            Some(fault) => Err(Failure::refused(Text::CalendarLine {
                file: path.display().to_string(),
                fault: fault.clone(),
            })),
            None => Ok(Some(hours.clone().with_own(&own))),
        }
    }

    pub(super) fn catch_up(&self) -> Result<CatchUp, Failure> {
        let read = |flag: &str, given: &Option<String>| {
            let Some(text) = given else { return Ok(None) };
            duration(text).map(Some).ok_or_else(|| {
                Failure::refused(Text::Plain(format!(
                    "{flag} {text:?}: give a length of time such as 24h or 90m"
                )))
            })
        };
        Ok(CatchUp {
            wait: read("--wait-after-downtime", &self.wait_after_downtime)?.unwrap_or_default(),
            expires_after: read("--too-late-after", &self.too_late_after)?,
        })
    }
}

/// The hours that a text names; "category" is what is prudent for a kind of business.
pub(super) fn read(text: &str, category: Category, zone: Zone) -> Result<Hours, HoursError> {
    match text.trim().eq_ignore_ascii_case("category") {
        true => Ok(HoursPreset::of(category).hours(zone)),
        false => Hours::parse(text, zone),
    }
}

/// What `--zone` says: a zone, or that each recipient has their own.
#[derive(Debug, PartialEq)]
pub(super) struct Clock {
    /// The zone that it names.
    pub(super) zone: Option<String>,
    is_recipients: bool,
    column: Option<String>,
}

impl Clock {
    pub(super) fn read(flag: &Option<String>) -> Self {
        let text = flag.as_deref().unwrap_or_default().trim();
        let (word, column) = match text.split_once(':') {
            Some((word, column)) => (word, Some(column.trim().to_owned())),
            None => (text, None),
        };
        let is_recipients = word.trim().eq_ignore_ascii_case("recipient");
        Self {
            zone: flag.clone().filter(|_| !is_recipients),
            is_recipients,
            column: column.filter(|_| is_recipients),
        }
    }

    /// By whose clock, where the list has these columns.
    pub(super) fn hours_by(&self, columns: &[Box<str>]) -> HoursBy {
        if !self.is_recipients {
            return HoursBy::Campaign;
        }
        let known = || {
            let is_known = |column: &str| {
                let name = column.to_lowercase().replace([' ', '-'], "_");
                ZONE_COLUMNS.contains(&name.as_str())
            };
            columns.iter().find(|column| is_known(column)).cloned()
        };
        let column = self.column.as_deref().map(Box::from).or_else(known);
        HoursBy::Recipient { column }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_zone_is_a_name_or_each_recipients_own() {
        let columns = ["nama", "Zona Waktu", "kota"].map(Box::from);
        let by = |column: Option<&str>| HoursBy::Recipient {
            column: column.map(Box::from),
        };
        // What is given, the zone that it names, and by whose clock the hours are kept.
        let rows = [
            (None, None, HoursBy::Campaign),
            (Some("WITA"), Some("WITA"), HoursBy::Campaign),
            (Some("recipient"), None, by(Some("Zona Waktu"))),
            (Some("Recipient: kota"), None, by(Some("kota"))),
        ];
        for (given, zone, wanted) in rows {
            let clock = Clock::read(&given.map(str::to_owned));
            assert_eq!(clock.zone.as_deref(), zone, "{given:?}");
            assert_eq!(clock.hours_by(&columns), wanted, "{given:?}");
        }
        let clock = Clock::read(&Some("recipient".into()));
        assert_eq!(clock.hours_by(&[]), by(None));
    }

    #[test]
    fn hours_of_a_category_are_those_of_its_preset() {
        let hours = |text, category| {
            let read = read(text, category, Zone::default());
            read.unwrap().to_string()
        };
        let collection = "Mon-Sat 08:00-20:00 Asia/Jakarta except id-national";
        assert_eq!(hours("category", Category::Utility), collection);
        assert_eq!(
            hours("Category", Category::Service),
            "00:00-24:00 Asia/Jakarta"
        );
        assert_eq!(
            hours("07:00-21:00", Category::Utility),
            "07:00-21:00 Asia/Jakarta"
        );
    }

    #[test]
    fn a_calendar_with_a_line_that_makes_no_sense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libur.csv");
        let days = DaysArgs {
            calendar: Some(path.clone()),
            too_late_after: Some("48h".into()),
            wait_after_downtime: Some("soon".into()),
        };
        let hours = || Some(Hours::parse("08:00-20:00", Zone::default()).unwrap());
        std::fs::write(&path, "2026-12-31, Tutup buku, 08:00-12:00\n").unwrap();
        let own = days.closed_on(hours()).unwrap().unwrap();
        assert_eq!(
            own.to_string(),
            "08:00-20:00 Asia/Jakarta except 2026-12-31 08:00-12:00"
        );
        std::fs::write(&path, "31/12/2026, Tutup buku\n").unwrap();
        assert!(days.closed_on(hours()).is_err());
        assert!(days.catch_up().is_err());
    }
}
