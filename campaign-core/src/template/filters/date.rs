//! Dates as Indonesians read them.
//!
//! Read: `2026-11-21` (and `2026/11/21`), `21/11/2026`, `21-11-2026`, `21.11.2026`, `21 November
//! 2026` with Indonesian or English months, each with or without a time after it. A date in
//! figures that does not begin with the year is always day first: `03/04/2026` is 3 April, as
//! everywhere in Indonesia. The date is taken as written: a time or zone after it moves nothing.
//!
//! Refused: days that do not exist, two-digit years, month-first dates, and the bare day numbers
//! that a spreadsheet writes when its column is not formatted as a date.

use jiff::civil::{Date, Weekday};

use crate::template::error::FilterFault;

/// How a date is shown. Names in Indonesian and English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DateStyle {
    /// `21 November 2026`.
    #[default]
    Long,
    /// `Sabtu, 21 November 2026`.
    Full,
    /// `21 Nov 2026`.
    Short,
    /// `21/11/2026`.
    Numeric,
}

impl DateStyle {
    pub(super) const NAMES: &str =
        "long (panjang), full (lengkap, with the weekday), short (singkat), numeric (angka)";

    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "long" | "panjang" => Some(DateStyle::Long),
            "full" | "lengkap" => Some(DateStyle::Full),
            "short" | "singkat" => Some(DateStyle::Short),
            "numeric" | "angka" => Some(DateStyle::Numeric),
            _ => None,
        }
    }
}

/// Source: Kamus Besar Bahasa Indonesia.
const MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
];

/// Other spellings people type, lower case: English names and usual abbreviations.
const MONTHS_TYPED: [&[&str]; 12] = [
    &["january", "jan"],
    &["february", "feb", "pebruari"],
    &["march", "mar"],
    &["apr"],
    &["may"],
    &["june", "jun"],
    &["july", "jul"],
    &["august", "agu", "agt", "ags", "aug"],
    &["sep", "sept"],
    &["october", "okt", "oct"],
    &["nov", "nopember"],
    &["december", "des", "dec"],
];

const EXAMPLE: &str = "write it like 2026-11-21 or 21/11/2026";

pub(super) fn show(text: &str, style: DateStyle) -> Result<String, FilterFault> {
    let date = read(text)?;
    let (day, year) = (date.day(), date.year());
    let month = month_name(date);
    Ok(match style {
        DateStyle::Long => format!("{day} {month} {year}"),
        DateStyle::Full => format!("{}, {day} {month} {year}", weekday_name(date)),
        // Every Indonesian month is told apart by three letters, August by custom as `Agu`.
        DateStyle::Short => format!("{day} {} {year}", &month[..3]),
        DateStyle::Numeric => format!("{day:02}/{:02}/{year}", date.month()),
    })
}

fn month_name(date: Date) -> &'static str {
    let index = usize::try_from(date.month() - 1).unwrap_or_default();
    MONTHS.get(index).copied().unwrap_or_default()
}

fn weekday_name(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Senin",
        Weekday::Tuesday => "Selasa",
        Weekday::Wednesday => "Rabu",
        Weekday::Thursday => "Kamis",
        Weekday::Friday => "Jumat",
        Weekday::Saturday => "Sabtu",
        Weekday::Sunday => "Minggu",
    }
}

fn read(text: &str) -> Result<Date, FilterFault> {
    let text = text.trim();
    if text.contains(|c: char| c.is_alphabetic() && c != 'T' && c != 'Z')
        && let Some(date) = read_words(text)
    {
        return date;
    }
    read_figures(text)
}

/// `21 November 2026`, `Sabtu, 21 Nov 2026`. `None` when no month's name is in it.
fn read_words(text: &str) -> Option<Result<Date, FilterFault>> {
    let words: Vec<&str> = text
        .split([' ', '-', '/', ',', '.', '\u{a0}'])
        .filter(|word| !word.is_empty())
        .collect();
    let at = words.iter().position(|word| month_number(word).is_some())?;
    let month = month_number(words.get(at)?)?;
    let refused = || FilterFault::new("it is not a day, a month and a year", EXAMPLE);
    let [day] = words
        .get(..at)?
        .iter()
        .filter(|w| !is_weekday(w))
        .collect::<Vec<_>>()[..]
    else {
        return Some(Err(refused()));
    };
    let [year] = words.get(at + 1..)? else {
        return Some(Err(refused()));
    };
    Some(match (number(day), number(year)) {
        (Some(day), Some(year)) => {
            date_of(year, month, day, year_digits_missing(words.get(at + 1)))
        }
        _ => Err(refused()),
    })
}

fn read_figures(text: &str) -> Result<Date, FilterFault> {
    let refused = || FilterFault::new("it is not a date", EXAMPLE);
    if !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.matches('.').count() < 2
    {
        return Err(FilterFault::new(
            "it is a bare number, perhaps a spreadsheet's count of days",
            "format the column as a date and save the file again",
        ));
    }
    let (date, time) = match text.find(['T', ' ', '\u{a0}']) {
        Some(at) => {
            let rest = &text[at..];
            let rest = rest.strip_prefix('T').unwrap_or(rest).trim();
            (&text[..at], Some(rest))
        }
        None => (text, None),
    };
    if let Some(time) = time
        && !is_time(time)
    {
        return Err(FilterFault::new(
            "what follows the date is not a time",
            EXAMPLE,
        ));
    }
    let sign = date
        .chars()
        .find(|c| matches!(c, '-' | '/' | '.'))
        .ok_or_else(refused)?;
    let parts: Vec<&str> = date.split(sign).collect();
    let [first, second, third] = parts[..] else {
        return Err(refused());
    };
    let (Some(a), Some(month), Some(c)) = (number(first), number(second), number(third)) else {
        return Err(refused());
    };
    if first.len() == 4 {
        date_of(a, month, c, false)
    } else {
        date_of(c, month, a, year_digits_missing(Some(&third)))
    }
}

fn date_of(year: i16, month: i16, day: i16, short_year: bool) -> Result<Date, FilterFault> {
    if short_year {
        return Err(FilterFault::new(
            "its year does not have four digits",
            EXAMPLE,
        ));
    }
    if month > 12 && day <= 12 {
        return Err(FilterFault::new(
            format!("there is no month {month}; dates are read day first"),
            EXAMPLE,
        ));
    }
    // Years outside are slips of the keyboard: 0026, 20206 is no four digits.
    let exists = (1900..=2999).contains(&year);
    match (i8::try_from(month), i8::try_from(day)) {
        (Ok(month), Ok(day)) if exists => Date::new(year, month, day).map_err(|_| {
            FilterFault::new(
                format!("there is no day {day} in month {month} of {year}"),
                EXAMPLE,
            )
        }),
        _ => Err(FilterFault::new("there is no such day", EXAMPLE)),
    }
}

fn year_digits_missing(year: Option<&&str>) -> bool {
    year.is_none_or(|year| year.len() != 4)
}

fn number(text: &str) -> Option<i16> {
    (matches!(text.len(), 1..=4) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn month_number(word: &str) -> Option<i16> {
    let word = word.to_lowercase();
    let index = MONTHS
        .iter()
        .zip(MONTHS_TYPED)
        .position(|(name, typed)| name.to_lowercase() == word || typed.contains(&word.as_str()))?;
    i16::try_from(index + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    const WEEKDAYS: [&str; 15] = [
        "senin",
        "selasa",
        "rabu",
        "kamis",
        "jumat",
        "jum'at",
        "sabtu",
        "minggu",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    WEEKDAYS.contains(&word.to_lowercase().as_str())
}

/// `10:00`, `10:00:00.5`, with `Z`, an offset, AM or PM after it.
fn is_time(text: &str) -> bool {
    let clock_end = text
        .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
        .unwrap_or(text.len());
    let (clock, zone) = text.split_at(clock_end);
    let clock = clock.parse::<jiff::civil::Time>().is_ok();
    let zone = zone.trim();
    let offset = zone.strip_prefix(['+', '-']).is_some_and(|offset| {
        matches!(offset.len(), 2..=6) && offset.bytes().all(|b| b.is_ascii_digit() || b == b':')
    });
    clock && (zone.is_empty() || offset || ["Z", "AM", "PM", "am", "pm"].contains(&zone))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_read_as_people_and_files_write_them() {
        for written in [
            "2026-11-21",
            "2026/11/21",
            "21/11/2026",
            "21-11-2026",
            "21.11.2026",
            "2026-11-21T10:00:00",
            "2026-11-21 10:00",
            "2026-11-21 00:00:00",
            "2026-11-21T23:59:59.999Z",
            "2026-11-21T10:00:00+07:00",
            "21/11/2026 10:00 PM",
            "21 November 2026",
            "21 nov 2026",
            "21-Nov-2026",
            "Sabtu, 21 Nopember 2026",
            "Saturday, 21 November 2026",
            "  21/11/2026  ",
        ] {
            assert_eq!(
                show(written, DateStyle::Long).as_deref(),
                Ok("21 November 2026"),
                "{written}"
            );
        }
    }

    #[test]
    fn every_style_has_its_form() {
        for (style, shown) in [
            ("panjang", "3 Agustus 2026"),
            ("long", "3 Agustus 2026"),
            ("lengkap", "Senin, 3 Agustus 2026"),
            ("full", "Senin, 3 Agustus 2026"),
            ("singkat", "3 Agu 2026"),
            ("short", "3 Agu 2026"),
            ("angka", "03/08/2026"),
            ("numeric", "03/08/2026"),
        ] {
            let style = DateStyle::from_name(style).unwrap();
            assert_eq!(show("2026-08-03", style).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn figures_are_day_first() {
        assert_eq!(
            show("03/04/2026", DateStyle::Long).as_deref(),
            Ok("3 April 2026")
        );
        assert_eq!(
            show("3-4-2026", DateStyle::Long).as_deref(),
            Ok("3 April 2026")
        );
    }

    #[test]
    fn what_is_no_date_is_refused_with_its_reason() {
        for (written, reason) in [
            ("31/02/2026", "no day 31 in month 2"),
            ("29/02/2026", "no day 29 in month 2"),
            ("11/21/2026", "day first"),
            ("2026-13-40", "no day 40 in month 13"),
            ("2026-21-11", "no month 21"),
            ("21/11/26", "four digits"),
            ("21 November 26", "four digits"),
            ("46347", "bare number"),
            ("46347.0", "bare number"),
            ("", "not a date"),
            ("besok", "not a date"),
            ("November 2026", "a day, a month and a year"),
            ("21/11", "not a date"),
            ("21/11/2026 sore", "not a time"),
            ("21/11/2026 25:00", "not a time"),
            ("0001-01-01", "no such day"),
            ("١/١/2026", "not a date"),
        ] {
            let fault = show(written, DateStyle::Long).expect_err(written);
            assert!(fault.to_string().contains(reason), "{written}: {fault}");
        }
    }

    #[test]
    fn a_leap_day_exists_in_leap_years() {
        assert_eq!(
            show("29/02/2028", DateStyle::Long).as_deref(),
            Ok("29 Februari 2028")
        );
    }

    proptest! {
        #[test]
        fn all_ways_to_write_a_day_are_that_day(days in 0i32..40_000) {
            let date = jiff::civil::date(1990, 1, 1)
                .checked_add(jiff::Span::new().days(days)).unwrap();
            let (d, m, y) = (date.day(), date.month(), date.year());
            for written in [
                date.to_string(),
                format!("{d}/{m}/{y}"),
                format!("{d:02}-{m:02}-{y}"),
                show(&date.to_string(), DateStyle::Long).unwrap(),
                show(&date.to_string(), DateStyle::Full).unwrap(),
                show(&date.to_string(), DateStyle::Short).unwrap(),
                show(&date.to_string(), DateStyle::Numeric).unwrap(),
            ] {
                prop_assert_eq!(read(&written), Ok(date), "{}", written);
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,30}|[-0-9/.: TZNovember]{0,30}") {
            let _ = show(&text, DateStyle::Full);
        }
    }
}
