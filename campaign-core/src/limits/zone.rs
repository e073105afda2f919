//! A time zone: by its name, by what Indonesians call theirs, or by the country of a phone number.

mod countries;

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::phone::PhoneNumber;

/// The names that Indonesian law gives its three zones (Keputusan Presiden 41/1987), and the zones of the IANA database.
const INDONESIAN: [(&str, &str); 3] = [
    ("WIB", "Asia/Jakarta"),
    ("WITA", "Asia/Makassar"),
    ("WIT", "Asia/Jayapura"),
];

/// A time zone by name, such as `Asia/Jakarta`; never an offset, because offsets change and names do not.
///
/// `WIB`, `WITA` and `WIT` are read too, in either case and with spaces around, as they stand in lists of customers. They are
/// written as the IANA names they stand for.
///
/// ```
/// use campaign_core::limits::Zone;
///
/// let zone: Zone = "WITA".parse()?;
/// assert_eq!(zone.name(), "Asia/Makassar");
/// # Ok::<(), campaign_core::limits::ZoneError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

/// The name is not one of the IANA time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no time zone {name:?}: use WIB, WITA, WIT, or a name such as Asia/Jakarta, Europe/London or UTC"
)]
pub struct ZoneError {
    /// What was given.
    pub name: String,
}

impl Zone {
    /// The zone of the country a phone number belongs to, where that country has but one clock. `None` for countries with
    /// several, and for numbers of no country.
    ///
    /// It is the likely zone, not the certain one: people travel with their number. An Indonesian mobile number says nothing of
    /// WIB, WITA or WIT, so Indonesia has none here; take the zone from a column of the audience, or the campaign's.
    ///
    /// ```
    /// use campaign_core::limits::Zone;
    ///
    /// let singapore = "+6581234567".parse()?;
    /// assert_eq!(Zone::of_phone(singapore), Some("Asia/Singapore".parse()?));
    /// let jakarta_or_papua = "+6281212345678".parse()?;
    /// assert_eq!(Zone::of_phone(jakarta_or_papua), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_phone(phone: PhoneNumber) -> Option<Self> {
        let region = phone.region()?;
        countries::zone_name(region.code())?.parse().ok()
    }

    /// The zone a recipient is written to in: what the audience says of them (a cell with a zone's name), or else the one of their
    /// phone's country if that has but one clock, or else the campaign's.
    ///
    /// ```
    /// use campaign_core::limits::Zone;
    ///
    /// let campaign = Zone::default();
    /// let of = |cell, phone: &str| Zone::of_recipient(cell, phone.parse().ok(), &campaign).map(|zone| zone.to_string());
    /// assert_eq!(of("WIT", "+6281212345678"), Ok("Asia/Jayapura".to_owned()));
    /// assert_eq!(of("", "+6281212345678"), Ok("Asia/Jakarta".to_owned()));
    /// assert_eq!(of("", "+6581234567"), Ok("Asia/Singapore".to_owned()));
    /// assert!(of("Papua", "+6281212345678").is_err());
    /// ```
    ///
    /// # Errors
    /// [`ZoneError`] when the cell says something that names no zone: to guess would be to write to somebody at night.
    pub fn of_recipient(
        cell: &str,
        phone: Option<PhoneNumber>,
        campaign: &Zone,
    ) -> Result<Self, ZoneError> {
        if !cell.trim().is_empty() {
            return cell.parse();
        }
        Ok(phone
            .and_then(Zone::of_phone)
            .unwrap_or_else(|| campaign.clone()))
    }

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
        self.first(day.checked_add(1.day()).ok()?, Time::midnight())
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

    /// When it is `time` of `day` there for the first time. A time that the clock skips is there the moment it is skipped.
    pub(super) fn first(&self, day: Date, time: Time) -> Option<Timestamp> {
        self.at(day.to_datetime(time), |before, _| before)
    }

    /// When it is `time` of `day` there for the last time, which differs where a clock is set back.
    pub(super) fn last(&self, day: Date, time: Time) -> Option<Timestamp> {
        self.at(day.to_datetime(time), |_, after| after)
    }

    fn at(
        &self,
        reading: DateTime,
        of_two: impl FnOnce(Offset, Offset) -> Offset,
    ) -> Option<Timestamp> {
        match self.0.to_ambiguous_timestamp(reading).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(reading).ok(),
            AmbiguousOffset::Fold { before, after } => {
                of_two(before, after).to_timestamp(reading).ok()
            }
            AmbiguousOffset::Gap { after, .. } => {
                let before_the_skip = after.to_timestamp(reading).ok()?;
                let skip = self.0.following(before_the_skip).next()?;
                Some(skip.timestamp())
            }
        }
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
        let text = name.trim();
        let named = INDONESIAN
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(text))
            .map_or(text, |(_, named)| named);
        let zone = TimeZone::get(named).map_err(|_| ZoneError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_read_as_lists_of_customers_name_them() {
        let rows = [
            ("WIB", "Asia/Jakarta"),
            (" wita ", "Asia/Makassar"),
            ("Wit", "Asia/Jayapura"),
            ("Asia/Jayapura", "Asia/Jayapura"),
            ("UTC", "UTC"),
        ];
        for (text, name) in rows {
            assert_eq!(text.parse::<Zone>().unwrap().name(), name, "{text}");
        }
        for text in ["", "WIBB", "+07:00", "UTC+7", "Asia/Jakrta"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_shown_as_clocks_there_show_them() {
        let moment: Timestamp = "2026-11-21T01:00:59Z".parse().unwrap();
        for (zone, name, shown) in [
            ("WIB", "Asia/Jakarta", "2026-11-21 08:00"),
            ("WIT", "Asia/Jayapura", "2026-11-21 10:00"),
        ] {
            let zone: Zone = zone.parse().unwrap();
            assert_eq!(zone.show(moment), shown);
            assert_eq!(zone.to_string(), name);
            assert_eq!(format!("{zone:?}"), format!("Zone({name})"));
        }
    }

    #[test]
    fn an_alias_is_stored_as_the_zone_it_stands_for() {
        let zone: Zone = serde_json::from_str("\"WIT\"").unwrap();
        assert_eq!(serde_json::to_string(&zone).unwrap(), "\"Asia/Jayapura\"");
    }

    #[test]
    fn a_skipped_time_is_the_moment_of_the_skip_and_a_time_that_comes_twice_has_a_first_and_a_last()
    {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let apia: Zone = "Pacific/Apia".parse().unwrap();
        let rows = [
            (&berlin, "2026-03-29T02:30", "2026-03-29T01:00:00Z", None),
            (
                &berlin,
                "2026-10-25T02:30",
                "2026-10-25T00:30:00Z",
                Some("2026-10-25T01:30:00Z"),
            ),
            (&berlin, "2026-10-25T03:00", "2026-10-25T02:00:00Z", None),
            // Samoa left out 30 December 2011.
            (&apia, "2011-12-30T08:00", "2011-12-30T10:00:00Z", None),
        ];
        for (zone, reading, first, last) in rows {
            let reading: DateTime = reading.parse().unwrap();
            let moment = |text: &str| Some(text.parse::<Timestamp>().unwrap());
            let (day, time) = (reading.date(), reading.time());
            assert_eq!(zone.first(day, time), moment(first), "{reading}");
            assert_eq!(
                zone.last(day, time),
                moment(last.unwrap_or(first)),
                "{reading}"
            );
        }
    }

    #[test]
    fn a_phone_has_the_zone_of_its_country_if_that_has_one() {
        let rows = [
            ("+6281212345678", None),
            ("+6581234567", Some("Asia/Singapore")),
            ("+60123456789", Some("Asia/Kuala_Lumpur")),
            ("+4915112345678", Some("Europe/Berlin")),
            ("+447400123456", Some("Europe/London")),
            ("+12125550100", None),
            ("+61412345678", None),
        ];
        for (phone, zone) in rows {
            let found = Zone::of_phone(phone.parse().unwrap());
            assert_eq!(found.as_ref().map(Zone::name), zone, "{phone}");
        }
    }
}
