//! Hours as text: `Mon-Sat 08:00-20:00 Asia/Jakarta except id-national, 2026-12-31`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};

use super::{Hours, HoursPreset, Span, Spans};
use crate::limits::calendar::Calendar;
use crate::limits::zone::Zone;

const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What stands between the hours of the weekdays and the days on which they do not hold, in both languages.
const EXCEPT: [&str; 2] = ["except", "kecuali"];

/// No hours at all, in both languages.
const CLOSED: [&str; 2] = ["closed", "tutup"];

/// The most days that one range of dates may name: more is a slip of the pen.
const RANGE_DAYS_MAX: usize = 366;

/// What is wrong with a text that should name sending hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} does not name sending hours ({why}): write 08:00-20:00, Mon-Sat 08:00-20:00, or \
     Mon-Sat 08:00-20:00 except id-national, 2026-12-31"
)]
pub struct HoursError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Hours {
    /// Reads hours, by the clocks of `zone` unless the text names another one.
    ///
    /// - `08:00-20:00` is every day; `Mon-Sat 08:00-20:00` some days, also in Indonesian (`Senin-Sabtu`).
    /// - Several parts are separated by commas. One that begins with a time belongs to the same days as the one before it:
    ///   `Mon-Fri 08:00-12:00, 13:00-20:00, Sat 09:00-12:00`. A weekday that no part names is closed.
    /// - A [preset](HoursPreset) goes by its name: `collection-notices`. `closed` is no weekday at all.
    /// - Then the name of a zone may follow: `08:00-20:00 WITA`.
    /// - After `except` (or `kecuali`) stand [calendars](Calendar) on whose holidays they are closed, and dates, or ranges of
    ///   dates, which are closed or have hours of their own: `except id-national, 2026-12-24..2026-12-27, 2026-12-31 08:00-12:00`.
    ///   A date overrules the calendars.
    ///
    /// `Display` writes a text that is read as the same hours, whatever `zone` is.
    ///
    /// # Errors
    /// [`HoursError`] when a part is none of these, when a span does not end after it begins, when spans of one day overlap,
    /// or when a day is named twice.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, HoursError> {
        let (weekly, exceptions) = split_exceptions(text);
        week(weekly, zone)
            .and_then(|mut hours| {
                if let Some(exceptions) = exceptions {
                    add_exceptions(&mut hours, exceptions)?;
                }
                Ok(hours)
            })
            .map_err(|why| HoursError {
                text: text.to_owned(),
                why,
            })
    }
}

fn split_exceptions(text: &str) -> (&str, Option<&str>) {
    let is_except = |word: &str| EXCEPT.iter().any(|name| name.eq_ignore_ascii_case(word));
    let words = text.split(char::is_whitespace);
    let mut before = 0;
    for word in words {
        if is_except(word) {
            let (weekly, rest) = text.split_at(before);
            let exceptions = rest.get(word.len()..).unwrap_or_default();
            return (weekly.trim(), Some(exceptions.trim()));
        }
        let space = text
            .get(before + word.len()..)
            .and_then(|rest| rest.chars().next());
        before += word.len() + space.map_or(0, char::len_utf8);
    }
    (text.trim(), None)
}

/// The part before the exceptions, with its zone if it names one.
fn week(text: &str, zone: Zone) -> Result<Hours, &'static str> {
    if let Ok(preset) = text.parse::<HoursPreset>() {
        return Ok(preset.hours(zone));
    }
    let (text, zone) = match text.rsplit_once(char::is_whitespace) {
        Some((rest, last)) if last.starts_with(|c: char| c.is_alphabetic()) => (
            rest.trim(),
            last.parse().map_err(|_| "there is no such time zone")?,
        ),
        _ => (text, zone),
    };
    if let Ok(preset) = text.parse::<HoursPreset>() {
        return Ok(preset.hours(zone));
    }
    Ok(Hours {
        zone,
        days: weekdays(text)?,
        calendars: BTreeSet::new(),
        dates: BTreeMap::new(),
    })
}

pub(super) fn weekdays(text: &str) -> Result<[Spans; 7], &'static str> {
    if is_closed(text) {
        return Ok(Default::default());
    }
    let mut days: [Vec<Span>; 7] = Default::default();
    let mut named: Vec<usize> = (0..7).collect();
    for part in text.split(',').map(str::trim) {
        let times = if begins_with_time(part) {
            part
        } else {
            let (names, times) = part
                .split_once(char::is_whitespace)
                .ok_or("a time range is missing")?;
            named = days_named(names).ok_or("the weekday is not Mon to Sun")?;
            if named.iter().any(|day| !days[*day].is_empty()) {
                return Err("a day is named twice");
            }
            times
        };
        let span = span(times)?;
        for day in &named {
            days[*day].push(span);
        }
    }
    let mut checked: [Spans; 7] = Default::default();
    for (checked, spans) in checked.iter_mut().zip(days) {
        *checked = Spans::new(spans)?;
    }
    Ok(checked)
}

fn add_exceptions(hours: &mut Hours, text: &str) -> Result<(), &'static str> {
    let mut named: Vec<(Vec<Date>, Vec<Span>)> = Vec::new();
    for part in text.split(',').map(str::trim) {
        if let Ok(calendar) = part.parse::<Calendar>() {
            hours.calendars.insert(calendar);
        } else if part.starts_with(|c: char| c.is_alphabetic()) {
            return Err("there is no such calendar: use id-national or id-joint-leave");
        } else if begins_with_time(part) {
            let (_, spans) = named.last_mut().ok_or("hours stand before any date")?;
            spans.push(span(part)?);
        } else {
            let (days, times) = match part.split_once(char::is_whitespace) {
                Some((days, times)) => (days, vec![span(times)?]),
                None => (part, Vec::new()),
            };
            named.push((dates(days)?, times));
        }
    }
    for (days, spans) in named {
        let spans = Spans::new(spans)?;
        for day in days {
            if hours.dates.insert(day, spans.clone()).is_some() {
                return Err("a date is named twice");
            }
        }
    }
    Ok(())
}

/// `2026-12-24`, or `2026-12-24..2026-12-27`.
pub(in crate::limits) fn dates(text: &str) -> Result<Vec<Date>, &'static str> {
    let date = |text: &str| {
        let text = text.trim();
        let is_written_out = text.len() == "2026-12-24".len();
        let date = text.parse::<Date>().ok().filter(|_| is_written_out);
        date.ok_or("a date is not written as 2026-12-24")
    };
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (date(first)?, date(last)?),
        None => (date(text)?, date(text)?),
    };
    if last < first {
        return Err("a range of dates ends before it begins");
    }
    let days: Vec<Date> = first
        .series(1.day())
        .take_while(|day| *day <= last)
        .take(RANGE_DAYS_MAX + 1)
        .collect();
    match days.len() {
        0..=RANGE_DAYS_MAX => Ok(days),
        _ => Err("a range of dates is longer than a year"),
    }
}

/// `closed`, `08:00-12:00`, or `08:00-12:00, 13:00-15:00`.
pub(in crate::limits) fn closed_or_spans(text: &str) -> Result<Spans, &'static str> {
    if is_closed(text) {
        return Ok(Spans::default());
    }
    Spans::new(text.split(',').map(span).collect::<Result<_, _>>()?)
}

fn is_closed(text: &str) -> bool {
    let text = text.trim();
    CLOSED.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// `08:00-12:00` does, `2026-12-24` and `Mon 08:00-12:00` do not.
fn begins_with_time(part: &str) -> bool {
    let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < part.len() && rest.starts_with([':', '.'])
}

fn span(text: &str) -> Result<Span, &'static str> {
    let (opens, closes) = text
        .split_once(['-', '–'])
        .ok_or("a time range is missing")?;
    let opens = time(opens)
        .flatten()
        .ok_or("the opening time is not HH:MM")?;
    let closes = time(closes).ok_or("the closing time is not HH:MM")?;
    Ok(Span { opens, closes })
}

/// `None`: not a time. `Some(None)`: 24:00. Indonesians write a point between hour and minute.
fn time(text: &str) -> Option<Option<Time>> {
    let (hour, minute) = text.trim().split_once([':', '.'])?;
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(None),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok().map(Some),
    }
}

fn days_named(text: &str) -> Option<Vec<usize>> {
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
    match text.split_once(['-', '–']) {
        None => Some(vec![index(text)?]),
        Some((first, last)) => {
            let (first, last) = (index(first)?, index(last)?);
            let length = (last + 7 - first) % 7;
            Some((0..=length).map(|step| (first + step) % 7).collect())
        }
    }
}

impl fmt::Display for Hours {
    /// As [`Hours::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (first, last, spans) in self.weekdays_alike() {
            f.write_str(separator)?;
            match (NAMES.get(first), NAMES.get(last)) {
                _ if last - first == 6 => {}
                (Some(only), _) if first == last => write!(f, "{only} ")?,
                (Some(first), Some(last)) => write!(f, "{first}-{last} ")?,
                _ => {}
            }
            write!(f, "{}", Shown(spans.as_slice()))?;
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str(CLOSED[0])?;
        }
        write!(f, " {}", self.zone)?;
        let mut separator = " except ";
        for calendar in &self.calendars {
            write!(f, "{separator}{calendar}")?;
            separator = ", ";
        }
        for (first, last, spans) in self.dates_alike() {
            write!(f, "{separator}{first}")?;
            if first != last {
                write!(f, "..{last}")?;
            }
            if !spans.as_slice().is_empty() {
                write!(f, " {}", Shown(spans.as_slice()))?;
            }
            separator = ", ";
        }
        Ok(())
    }
}

impl Hours {
    /// Open weekdays in a row that have the same hours: the first, the last, and their hours.
    fn weekdays_alike(&self) -> Vec<(usize, usize, &Spans)> {
        let mut found: Vec<(usize, usize, &Spans)> = Vec::new();
        let open = self.days.iter().enumerate();
        for (index, spans) in open.filter(|(_, spans)| !spans.as_slice().is_empty()) {
            match found.last_mut() {
                Some((_, last, same)) if *last + 1 == index && *same == spans => *last = index,
                _ => found.push((index, index, spans)),
            }
        }
        found
    }

    /// Dates in a row on which the same holds, at most as many as a range may have.
    fn dates_alike(&self) -> Vec<(Date, Date, &Spans)> {
        let mut found: Vec<(Date, Date, &Spans)> = Vec::new();
        let mut length = 0;
        for (day, spans) in &self.dates {
            length += 1;
            match found.last_mut() {
                Some((_, last, same))
                    if last.tomorrow().is_ok_and(|next| next == *day)
                        && *same == spans
                        && length <= RANGE_DAYS_MAX =>
                {
                    *last = *day;
                }
                _ => {
                    found.push((*day, *day, spans));
                    length = 1;
                }
            }
        }
        found
    }
}

struct Shown<'a>(&'a [Span]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for span in self.0 {
            write!(f, "{separator}{}-", span.opens.strftime("%H:%M"))?;
            match span.closes {
                Some(closes) => write!(f, "{}", closes.strftime("%H:%M"))?,
                None => f.write_str("24:00")?,
            }
            separator = ", ";
        }
        Ok(())
    }
}
