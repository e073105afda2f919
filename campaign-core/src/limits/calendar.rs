//! Calendars of holidays: those that are shipped, and one's own from a file.
//!
//! A shipped calendar knows certain years and says so. Of a day beyond them it does not say that it is no holiday.

mod file;
mod indonesia;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

pub use self::file::{CalendarFault, OwnCalendar, OwnDay};

/// A calendar that is shipped. National holidays and joint leave are two, because the law treats them differently: private
/// companies decide for themselves whether they keep joint leave.
///
/// Both are those of the joint decrees of three Indonesian ministers (*SKB 3 Menteri*):
///
/// | Year | Decree | Of | National holidays | Joint leave |
/// | --- | --- | --- | --- | --- |
/// | 2026 | 1497/2025, 2/2025, 5/2025 | 19 September 2025 | 17 | 8 |
/// | 2027 | 1205/2026, 3/2026, 2/2026 | 15 September 2026 | 18 | 8 |
///
/// A decree may be amended, and Idulfitri and Iduladha are set for good only shortly before: name such a day in the hours
/// themselves, which overrules the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Calendar {
    /// National holidays of Indonesia (*libur nasional*).
    #[serde(rename = "id-national")]
    IndonesiaNational,
    /// Days of joint leave in Indonesia (*cuti bersama*), without the national holidays.
    #[serde(rename = "id-joint-leave")]
    IndonesiaJointLeave,
}

impl Calendar {
    /// Every shipped calendar.
    pub const ALL: [Calendar; 2] = [Calendar::IndonesiaNational, Calendar::IndonesiaJointLeave];

    /// Its name in hours and in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Calendar::IndonesiaNational => "id-national",
            Calendar::IndonesiaJointLeave => "id-joint-leave",
        }
    }

    /// The first and the last day it knows.
    pub fn known(self) -> (Date, Date) {
        let years = indonesia::YEARS;
        (date(*years.start(), 1, 1), date(*years.end(), 12, 31))
    }

    /// Its days of a year, in order, with their names.
    ///
    /// ```
    /// use campaign_core::limits::Calendar;
    ///
    /// assert_eq!(Calendar::IndonesiaNational.days(2027)?.len(), 18);
    /// assert!(Calendar::IndonesiaNational.days(2028).is_err());
    /// # Ok::<(), campaign_core::limits::NotCovered>(())
    /// ```
    ///
    /// # Errors
    /// [`NotCovered`] for a year whose holidays were not decreed when this was written.
    pub fn days(self, year: i16) -> Result<Vec<(Date, &'static str)>, NotCovered> {
        if !indonesia::YEARS.contains(&year) {
            return Err(NotCovered {
                calendar: self,
                year,
            });
        }
        let days = self.table().iter().filter(|(day, _)| day.year() == year);
        Ok(days.copied().collect())
    }

    /// The name of the holiday on `day`, if it is one.
    ///
    /// # Errors
    /// [`NotCovered`] for a day of a year it does not know.
    pub fn holiday(self, day: Date) -> Result<Option<&'static str>, NotCovered> {
        let table = self.table();
        match table.binary_search_by_key(&day, |(day, _)| *day) {
            Ok(index) => Ok(table.get(index).map(|(_, name)| *name)),
            Err(_) if indonesia::YEARS.contains(&day.year()) => Ok(None),
            Err(_) => Err(NotCovered {
                calendar: self,
                year: day.year(),
            }),
        }
    }

    fn table(self) -> &'static [(Date, &'static str)] {
        match self {
            Calendar::IndonesiaNational => indonesia::NATIONAL,
            Calendar::IndonesiaJointLeave => indonesia::JOINT_LEAVE,
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Calendar {
    type Err = UnknownCalendar;

    /// By its name, or by what Indonesians call it: `libur-nasional`, `cuti-bersama`.
    fn from_str(text: &str) -> Result<Self, UnknownCalendar> {
        match text.trim().to_ascii_lowercase().as_str() {
            "id-national" | "libur-nasional" => Ok(Calendar::IndonesiaNational),
            "id-joint-leave" | "cuti-bersama" => Ok(Calendar::IndonesiaJointLeave),
            _ => Err(UnknownCalendar {
                name: text.to_owned(),
            }),
        }
    }
}

/// There is no shipped calendar of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no calendar {name:?}: use id-national, id-joint-leave, or a file of your own")]
pub struct UnknownCalendar {
    /// What was given.
    pub name: String,
}

/// A shipped calendar does not know a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the calendar {calendar} does not know the holidays of {year}, only those from {} to {}: use a newer version, end before, \
     or list the holidays of {year} in a file of your own instead",
    .calendar.known().0.year(), .calendar.known().1.year()
)]
pub struct NotCovered {
    /// Which calendar.
    pub calendar: Calendar,
    /// Which year.
    pub year: i16,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_of_a_year_are_all_that_it_knows_of_that_year() {
        for calendar in [Calendar::IndonesiaNational, Calendar::IndonesiaJointLeave] {
            let of = |year| calendar.days(year).map_err(|error| error.year);
            let mut all = Vec::new();
            for year in [2026, 2027] {
                let days = of(year).unwrap();
                assert!(days.iter().all(|(day, _)| day.year() == year), "{calendar}");
                all.extend(days);
            }
            assert_eq!(all, calendar.table());
            assert_eq!(of(2028), Err(2028));
        }
    }

    #[test]
    fn a_calendar_tells_holidays_other_days_and_days_it_does_not_know() {
        let (national, joint) = (Calendar::IndonesiaNational, Calendar::IndonesiaJointLeave);
        let proclamation = Some("Proklamasi Kemerdekaan");
        let christmas = Some("Kelahiran Yesus Kristus (Natal)");
        let rows = [
            (national, date(2026, 8, 17), Ok(proclamation)),
            (national, date(2027, 8, 17), Ok(proclamation)),
            (national, date(2026, 8, 18), Ok(None)),
            (national, date(2026, 12, 24), Ok(None)),
            (joint, date(2026, 12, 24), Ok(christmas)),
            (joint, date(2026, 12, 25), Ok(None)),
            (national, date(2025, 12, 31), Err(2025)),
            (national, date(2028, 1, 1), Err(2028)),
        ];
        for (calendar, day, holiday) in rows {
            let found = calendar.holiday(day).map_err(|error| error.year);
            assert_eq!(found, holiday, "{calendar} {day}");
        }
    }

    #[test]
    fn a_year_that_is_not_known_is_refused_with_the_years_that_are() {
        let error = Calendar::IndonesiaNational.days(2028).unwrap_err();
        let said = error.to_string();
        for part in [
            "id-national",
            "2028",
            "from 2026 to 2027",
            "file of your own",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn calendars_are_named_in_both_languages() {
        for calendar in Calendar::ALL {
            assert_eq!(calendar.name().parse(), Ok(calendar));
            let stored = serde_json::to_string(&calendar).unwrap();
            assert_eq!(stored, format!("\"{calendar}\""));
        }
        assert_eq!("Cuti-Bersama".parse(), Ok(Calendar::IndonesiaJointLeave));
        assert!("id".parse::<Calendar>().is_err());
    }
}
