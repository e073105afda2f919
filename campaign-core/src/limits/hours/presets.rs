//! Hours that go by a name.

use std::fmt;
use std::str::FromStr;

use super::Hours;
use crate::campaign::Category;
use crate::limits::calendar::Calendar;
use crate::limits::zone::Zone;

/// Hours that go by a name: those that the law sets for collecting debts in Indonesia, and prudent ones for what a message is
/// about.
///
/// ```
/// use campaign_core::limits::{Hours, HoursPreset, Zone};
///
/// let preset: HoursPreset = "collection-notices".parse()?;
/// let hours = preset.hours("WIB".parse()?);
/// assert_eq!(hours.to_string(), "Mon-Sat 08:00-20:00 Asia/Jakarta except id-national");
/// assert_eq!(Hours::parse("collection-notices WIB", Zone::default())?, hours);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoursPreset {
    /// Reminding of debts: Monday to Saturday, not on national holidays of Indonesia, 08:00 to 20:00 in the consumer's local
    /// time. That is what POJK 22 of 2023 (the Indonesian Financial Services Authority on consumer protection), article 62
    /// paragraph 2 f, allows providers of financial services, unless the consumer agreed to other times before. A prudent choice
    /// for everybody else who reminds of invoices.
    CollectionNotices,
    /// Offers: Monday to Saturday, not on national holidays of Indonesia, 08:00 to 18:00. Our own choice: stricter than
    /// collection, because nobody waits for them.
    Marketing,
    /// What belongs to a purchase: orders, deliveries, appointments. Every day, 07:00 to 21:00. Our own choice.
    Utility,
    /// Codes that somebody waits for: at any hour.
    Authentication,
    /// Answers to somebody who wrote first: at any hour.
    Service,
}

impl HoursPreset {
    /// Every preset.
    pub const ALL: [HoursPreset; 5] = [
        HoursPreset::CollectionNotices,
        HoursPreset::Marketing,
        HoursPreset::Utility,
        HoursPreset::Authentication,
        HoursPreset::Service,
    ];

    /// What is prudent for a kind of business. Bills and reminders of them are [`HoursPreset::CollectionNotices`]: a message about
    /// something between the two may be one, so that those hours are what it is given.
    pub const fn of(category: Category) -> Self {
        match category {
            Category::Marketing => HoursPreset::Marketing,
            Category::Utility => HoursPreset::CollectionNotices,
            Category::Authentication => HoursPreset::Authentication,
            Category::Service => HoursPreset::Service,
        }
    }

    /// Its name in commands and settings.
    pub const fn name(self) -> &'static str {
        match self {
            HoursPreset::CollectionNotices => "collection-notices",
            HoursPreset::Marketing => "marketing",
            HoursPreset::Utility => "utility",
            HoursPreset::Authentication => "authentication",
            HoursPreset::Service => "service",
        }
    }

    /// The hours, by the clocks of `zone`: that of the recipients, who need not live where the sender does.
    pub fn hours(self, zone: Zone) -> Hours {
        let except_holidays = |hours: Hours| hours.with_calendar(Calendar::IndonesiaNational);
        let days = |text| super::text::weekdays(text).unwrap_or_default();
        let hours = |text| Hours {
            zone: zone.clone(),
            days: days(text),
            calendars: Default::default(),
            dates: Default::default(),
        };
        match self {
            HoursPreset::CollectionNotices => except_holidays(hours("Mon-Sat 08:00-20:00")),
            HoursPreset::Marketing => except_holidays(hours("Mon-Sat 08:00-18:00")),
            HoursPreset::Utility => hours("07:00-21:00"),
            HoursPreset::Authentication | HoursPreset::Service => hours("00:00-24:00"),
        }
    }
}

impl fmt::Display for HoursPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HoursPreset {
    type Err = UnknownHoursPreset;

    /// By its name, in either case, also with a space or `_` for the hyphen.
    fn from_str(text: &str) -> Result<Self, UnknownHoursPreset> {
        let name = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == name)
            .ok_or_else(|| UnknownHoursPreset {
                name: text.to_owned(),
            })
    }
}

/// There are no hours of that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there are no hours named {name:?}: use collection-notices, marketing, utility, authentication or service"
)]
pub struct UnknownHoursPreset {
    /// What was given.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_the_hours_they_say_and_go_by_their_names() {
        let rows = [
            (
                "collection-notices",
                "Mon-Sat 08:00-20:00 Asia/Jakarta except id-national",
            ),
            (
                "Collection Notices",
                "Mon-Sat 08:00-20:00 Asia/Jakarta except id-national",
            ),
            (
                "marketing",
                "Mon-Sat 08:00-18:00 Asia/Jakarta except id-national",
            ),
            ("utility", "07:00-21:00 Asia/Jakarta"),
            ("authentication", "00:00-24:00 Asia/Jakarta"),
            ("service", "00:00-24:00 Asia/Jakarta"),
        ];
        for (name, hours) in rows {
            let preset: HoursPreset = name.parse().unwrap();
            assert_eq!(preset.hours(Zone::default()).to_string(), hours, "{name}");
            assert_eq!(preset.to_string().parse(), Ok(preset));
            assert_eq!(preset.to_string(), preset.name());
        }
        assert!("collections".parse::<HoursPreset>().is_err());
    }
}
