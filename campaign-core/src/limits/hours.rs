//! Sending hours: on which weekdays, from when to when, in whose time.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// A time zone by name, such as `Asia/Jakarta`; never an offset, because offsets change and names do not.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name is not one of the IANA time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no time zone {name:?}: use a name such as Asia/Jakarta, Asia/Makassar, Asia/Jayapura or UTC"
)]
pub struct ZoneError {
    /// What was given.
    pub name: String,
}

impl Zone {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The calendar day there.
    pub fn date(&self, moment: Timestamp) -> Date {
        moment.to_zoned(self.0.clone()).date()
    }

    /// When the day after `day` begins there.
    pub fn start_of_day_after(&self, day: Date) -> Option<Timestamp> {
        let next = day.checked_add(1.day()).ok()?;
        Some(
            next.to_zoned(self.0.clone())
                .ok()?
                .start_of_day()
                .ok()?
                .timestamp(),
        )
    }

    /// The moment as it reads on a clock there: `2026-11-21 08:00`.
    pub fn show(&self, moment: Timestamp) -> String {
        moment
            .to_zoned(self.0.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }

    /// The zone, for arithmetic with jiff.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    fn at(&self, day: Date, time: Time) -> Option<Timestamp> {
        Some(
            day.to_datetime(time)
                .to_zoned(self.0.clone())
                .ok()?
                .timestamp(),
        )
    }
}

impl Default for Zone {
    /// Asia/Jakarta, or UTC where the database lacks it.
    fn default() -> Self {
        Self(TimeZone::get("Asia/Jakarta").unwrap_or(TimeZone::UTC))
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(name: &str) -> Result<Self, ZoneError> {
        let zone = TimeZone::get(name).map_err(|_| ZoneError {
            name: name.to_owned(),
        })?;
        Ok(Self(zone))
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(name: String) -> Result<Self, ZoneError> {
        name.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> String {
        zone.name().to_owned()
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// From one time of day to a later one of the same day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first moment that is inside.
    pub opens: Time,
    /// The first moment that is outside again; `None` is midnight.
    pub closes: Option<Time>,
}

/// When a campaign may send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Whose clock.
    pub zone: Zone,
    /// Monday to Sunday; a day without a span is closed.
    pub days: [Option<Span>; 7],
}

/// What is wrong with a text that should name sending hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} does not name sending hours ({why}): write 08:00-20:00, or Mon-Sat 08:00-20:00")]
pub struct HoursError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Hours {
    /// Reads `08:00-20:00` (every day) or `Mon-Sat 08:00-20:00`, also with several parts: `Mon-Fri 08:00-20:00, Sat 09:00-12:00`.
    ///
    /// # Errors
    /// [`HoursError`] when a part is neither, when a span does not end after it begins, or when a day is named twice.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, HoursError> {
        let error = |why| HoursError {
            text: text.to_owned(),
            why,
        };
        let mut days = [None; 7];
        for part in text.split(',').map(str::trim) {
            let (named, times) = match part.split_once(char::is_whitespace) {
                Some((named, times)) => (
                    weekdays(named).ok_or_else(|| error("the weekday is not Mon to Sun"))?,
                    times,
                ),
                None => ((0..7).collect(), part),
            };
            let (opens, closes) = times
                .split_once('-')
                .ok_or_else(|| error("a time range is missing"))?;
            let opens = time(opens)
                .flatten()
                .ok_or_else(|| error("the opening time is not HH:MM"))?;
            let closes = time(closes).ok_or_else(|| error("the closing time is not HH:MM"))?;
            if closes.is_some_and(|closes| closes <= opens) {
                return Err(error("it must close after it opens, on the same day"));
            }
            for day in named {
                if days[day].replace(Span { opens, closes }).is_some() {
                    return Err(error("a day is named twice"));
                }
            }
        }
        Ok(Self { zone, days })
    }

    /// When they close, if they are open at `moment`.
    pub fn closes_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let (opens, closes) = self.on(self.zone.date(moment))?;
        (opens <= moment && moment < closes).then_some(closes)
    }

    /// The first moment from `moment` on at which they are open. `None` when no day is ever open.
    pub fn next_open(&self, moment: Timestamp) -> Option<Timestamp> {
        let today = self.zone.date(moment);
        (0..=7).find_map(|days| {
            let (opens, closes) = self.on(today.checked_add(days.days()).ok()?)?;
            (moment < closes).then_some(opens.max(moment))
        })
    }

    fn on(&self, day: Date) -> Option<(Timestamp, Timestamp)> {
        let index = usize::try_from(day.weekday().to_monday_zero_offset()).ok()?;
        let span = self.days.get(index).copied().flatten()?;
        let closes = match span.closes {
            Some(time) => self.zone.at(day, time)?,
            None => self.zone.start_of_day_after(day)?,
        };
        Some((self.zone.at(day, span.opens)?, closes))
    }
}

impl fmt::Display for Hours {
    /// As [`Hours::parse`] reads it, and the zone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let mut separator = "";
        for (name, span) in NAMES.iter().zip(self.days) {
            let Some(span) = span else { continue };
            write!(f, "{separator}{name} {}-", span.opens.strftime("%H:%M"))?;
            match span.closes {
                Some(closes) => write!(f, "{}", closes.strftime("%H:%M"))?,
                None => f.write_str("24:00")?,
            }
            separator = ", ";
        }
        write!(f, " {}", self.zone)
    }
}

fn weekdays(text: &str) -> Option<Vec<usize>> {
    let index = |name: &str| {
        let day = match name.to_ascii_lowercase().get(..3)? {
            "mon" | "sen" => Weekday::Monday,
            "tue" | "sel" => Weekday::Tuesday,
            "wed" | "rab" => Weekday::Wednesday,
            "thu" | "kam" => Weekday::Thursday,
            "fri" | "jum" => Weekday::Friday,
            "sat" | "sab" => Weekday::Saturday,
            "sun" | "min" => Weekday::Sunday,
            _ => return None,
        };
        usize::try_from(day.to_monday_zero_offset()).ok()
    };
    match text.split_once('-') {
        None => Some(vec![index(text)?]),
        Some((first, last)) => {
            let (first, last) = (index(first)?, index(last)?);
            let length = (last + 7 - first) % 7;
            Some((0..=length).map(|step| (first + step) % 7).collect())
        }
    }
}

/// `None`: not a time. `Some(None)`: 24:00.
fn time(text: &str) -> Option<Option<Time>> {
    let (hour, minute) = text.trim().split_once(':')?;
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(None),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ts(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn jakarta() -> Zone {
        "Asia/Jakarta".parse().unwrap()
    }

    #[test]
    fn hours_open_and_close_by_the_clock_of_their_zone() {
        let hours = Hours::parse("Mon-Sat 08:00-20:00", jakarta()).unwrap();
        // 2026-11-21 is a Saturday; Jakarta is seven hours ahead of UTC.
        let rows = [
            ("2026-11-21T00:59:59Z", None, Some("2026-11-21T01:00:00Z")),
            (
                "2026-11-21T01:00:00Z",
                Some("2026-11-21T13:00:00Z"),
                Some("2026-11-21T01:00:00Z"),
            ),
            (
                "2026-11-21T12:59:59Z",
                Some("2026-11-21T13:00:00Z"),
                Some("2026-11-21T12:59:59Z"),
            ),
            ("2026-11-21T13:00:00Z", None, Some("2026-11-23T01:00:00Z")),
            ("2026-11-22T05:00:00Z", None, Some("2026-11-23T01:00:00Z")),
        ];
        for (moment, closes, next) in rows {
            assert_eq!(hours.closes_after(ts(moment)), closes.map(ts), "{moment}");
            assert_eq!(hours.next_open(ts(moment)), next.map(ts), "{moment}");
        }
    }

    #[test]
    fn a_day_may_last_until_midnight_and_a_week_may_have_one_day() {
        let all_day = Hours::parse("00:00-24:00", jakarta()).unwrap();
        assert_eq!(
            all_day.closes_after(ts("2026-11-21T00:00:00Z")),
            Some(ts("2026-11-21T17:00:00Z"))
        );
        let sunday = Hours::parse("Min 10:00-11:00", jakarta()).unwrap();
        assert_eq!(
            sunday.next_open(ts("2026-11-22T04:00:00Z")),
            Some(ts("2026-11-29T03:00:00Z"))
        );
        let weekend = Hours::parse("Sat-Mon 10:00-11:00", jakarta()).unwrap();
        assert_eq!(weekend.days.iter().filter(|day| day.is_some()).count(), 3);
    }

    #[test]
    fn hours_keep_their_clock_time_when_summer_time_begins() {
        let berlin = Hours::parse("08:00-20:00", "Europe/Berlin".parse().unwrap()).unwrap();
        assert_eq!(
            berlin.next_open(ts("2026-03-28T22:00:00Z")),
            Some(ts("2026-03-29T06:00:00Z"))
        );
        assert_eq!(
            berlin.next_open(ts("2026-03-27T22:00:00Z")),
            Some(ts("2026-03-28T07:00:00Z"))
        );
    }

    #[test]
    fn what_does_not_name_hours_is_refused_with_the_reason() {
        for text in [
            "",
            "8-20",
            "20:00-08:00",
            "08:00-08:00",
            "Moo 08:00-20:00",
            "25:00-26:00",
            "08:00",
            "Mon 08:00-09:00, Mon 10:00-11:00",
        ] {
            assert!(Hours::parse(text, jakarta()).is_err(), "{text}");
        }
        assert!("Asia/Jakrta".parse::<Zone>().is_err());
    }
}
