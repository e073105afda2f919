//! Sending hours: on which weekdays, from when to when, on which days not, in whose time.

mod presets;
mod spans;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, Time, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

pub use self::presets::{HoursPreset, UnknownHoursPreset};
pub use self::spans::Span;
pub(super) use self::spans::Spans;
pub use self::text::HoursError;
pub(super) use self::text::{closed_or_spans, dates};
use super::calendar::{Calendar, NotCovered, OwnCalendar};
use super::zone::Zone;

/// When a campaign may send: hours for each weekday, shipped calendars of holidays on which they are closed, and dates with
/// hours of their own, which overrule both.
///
/// A day that a calendar of theirs does not know is closed, because it may be a holiday: [`check_known`](Hours::check_known)
/// tells of it before a campaign is started, and [`known_until`](Hours::known_until) says how far they reach.
///
/// They are read from text and written as the same text:
///
/// ```
/// use campaign_core::limits::{Hours, Zone};
///
/// let text = "Mon-Fri 08:00-12:00, 13:00-20:00, Sat 09:00-12:00 Asia/Makassar except id-national, 2026-12-28..2026-12-31";
/// let hours = Hours::parse(text, Zone::default())?;
/// assert_eq!(hours.to_string(), text);
/// // 25 December 2026 is a national holiday, a Friday; Saturday is open from 09:00.
/// assert_eq!(hours.next_open("2026-12-25T00:00:00Z".parse()?), Some("2026-12-26T01:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Whose clock.
    pub zone: Zone,
    /// Monday to Sunday; a day without a span is closed.
    days: [Spans; 7],
    /// Closed on their holidays.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    calendars: BTreeSet<Calendar>,
    /// What holds on single dates, whatever their weekday is and whatever the calendars say; without a span it is closed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dates: BTreeMap<Date, Spans>,
}

impl Hours {
    /// The same hours by the clocks of another zone: what a recipient who lives there is sent in.
    #[must_use]
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self {
            zone,
            ..self.clone()
        }
    }

    /// Also closed on the holidays of a shipped calendar.
    #[must_use]
    pub fn with_calendar(mut self, calendar: Calendar) -> Self {
        self.calendars.insert(calendar);
        self
    }

    /// On the days of one's own calendar, what that says.
    #[must_use]
    pub fn with_own(mut self, calendar: &OwnCalendar) -> Self {
        let days = calendar.days.iter();
        self.dates
            .extend(days.map(|(day, own)| (*day, own.spans.clone())));
        self
    }

    /// When they close, if they are open at `moment`. Always later than `moment`.
    pub fn closes_after(&self, moment: Timestamp) -> Option<Timestamp> {
        self.on(self.zone.date(moment))
            .find(|(opens, closes)| *opens <= moment && moment < *closes)
            .map(|(_, closes)| closes)
    }

    /// The first moment from `moment` on at which they are open. `None` when they never are again, as far as is known.
    pub fn next_open(&self, moment: Timestamp) -> Option<Timestamp> {
        let today = self.zone.date(moment);
        let opens_on = |day: Date| {
            let (opens, _) = self.on(day).find(|(_, closes)| moment < *closes)?;
            Some(opens.max(moment))
        };
        let own = self
            .dates
            .range(today..)
            .find_map(|(day, _)| opens_on(*day));
        let usual = self.usual_days(today).find_map(opens_on);
        [own, usual].into_iter().flatten().min()
    }

    /// What holds on a day: its spans in order, none when it is closed or not known.
    pub fn spans_on(&self, day: Date) -> &[Span] {
        if let Some(own) = self.dates.get(&day) {
            return own.as_slice();
        }
        let is_closed = |calendar: &Calendar| !matches!(calendar.holiday(day), Ok(None));
        if self.calendars.iter().any(is_closed) {
            return &[];
        }
        self.weekday(day.weekday())
    }

    /// The name of the holiday for which a day is closed by a shipped calendar.
    pub fn holiday(&self, day: Date) -> Option<&'static str> {
        if self.dates.contains_key(&day) {
            return None;
        }
        self.calendars
            .iter()
            .find_map(|calendar| calendar.holiday(day).ok().flatten())
    }

    /// Whether every day from `from` to `to` is known: what is to be asked of a campaign before it is started.
    ///
    /// # Errors
    /// [`NotCovered`] naming the first year of which a calendar of theirs does not know the holidays.
    pub fn check_known(&self, from: Date, to: Date) -> Result<(), NotCovered> {
        for year in from.year()..=to.year() {
            for calendar in &self.calendars {
                calendar.days(year)?;
            }
        }
        Ok(())
    }

    /// The last day they know of; the days after it are closed but for dates with hours of their own. `None`: they know every day.
    pub fn known_until(&self) -> Option<Date> {
        let ends = self.calendars.iter().map(|calendar| calendar.known().1);
        ends.min()
    }

    /// The days from `today` on that are open by their weekday, if at all: as many as there must be one among, if there is any.
    fn usual_days(&self, today: Date) -> impl Iterator<Item = Date> {
        let known = self.calendars.iter().map(|calendar| calendar.known().0);
        let first = known.max().map_or(today, |begins| begins.max(today));
        let last = self.known_until().unwrap_or(Date::MAX);
        // Every weekday comes within a week, but for each date that takes one away, and for clocks that skip one.
        let enough = match self.calendars.is_empty() {
            true => 7 * (self.dates.range(today..).count() + 2),
            false => usize::MAX,
        };
        first
            .series(1.day())
            .take_while(move |day| *day <= last)
            .take(enough)
            .filter(|day| !self.dates.contains_key(day))
    }

    fn weekday(&self, weekday: Weekday) -> &[Span] {
        usize::try_from(weekday.to_monday_zero_offset())
            .ok()
            .and_then(|index| self.days.get(index))
            .map_or(&[], Spans::as_slice)
    }

    /// The stretches of time of a day, in order. None reaches into a neighbouring day, or into a time of day that is outside,
    /// whatever the clocks do: of a time that comes twice, the later one opens and the earlier one closes.
    fn on(&self, day: Date) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        self.spans_on(day).iter().filter_map(move |span| {
            let opens = self.zone.last(day, span.opens)?;
            let closes = match span.closes {
                Some(time) => self.zone.first(day, time)?,
                None => self.zone.start_of_day_after(day)?,
            };
            // Where midnight comes twice, the day that ends has it no more.
            let begins = self.zone.last(day, Time::midnight())?;
            let opens = opens.max(begins);
            (opens < closes).then_some((opens, closes))
        })
    }
}

#[cfg(test)]
mod tests;
