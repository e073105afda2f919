//! One's own calendar: a small text file with a date, a name and perhaps hours on each line.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::limits::hours::{Span, Spans, closed_or_spans, dates};

/// Names of the first column in a line that heads the others, in both languages.
const HEADERS: [&str; 3] = ["date", "tanggal", "tgl"];

/// How much of a cell a fault repeats: enough to find it.
const SHOWN_CHARS: usize = 60;

/// The days of one's own calendar, and the lines that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OwnCalendar {
    /// What holds on which day.
    pub days: BTreeMap<Date, OwnDay>,
    /// Lines that give no day, in order. Each may be a holiday on which messages would go out, so a campaign should not start
    /// while there are any, unless its operator says that it may.
    pub faults: Vec<CalendarFault>,
}

/// A day of one's own calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDay {
    /// What it is called; empty when the file does not say.
    pub name: String,
    pub(in crate::limits) spans: Spans,
}

impl OwnDay {
    /// When it is open; a day without a span is closed.
    pub fn spans(&self) -> &[Span] {
        self.spans.as_slice()
    }
}

/// A line of a calendar that could not be read: which, which part of it, and what to do. The other lines hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {field}: {value:?}: {why}")]
pub struct CalendarFault {
    /// Its number, from 1.
    pub line: usize,
    /// Which part: date, name or hours, or the whole line.
    pub field: &'static str,
    /// What stands there, cut after 60 characters.
    pub value: String,
    /// What is wrong, and how it is written.
    pub why: String,
}

impl OwnCalendar {
    /// Reads lines of `date, name` or `date, name, hours`, separated by commas, semicolons or tabs.
    ///
    /// - The date is `2026-12-24`, or a range `2026-12-24..2026-12-27`.
    /// - The name may be left out. One with a separator in it stands in double quotes.
    /// - Without hours the day is closed; `08:00-12:00` are hours of its own, and several stand in quotes:
    ///   `"08:00-12:00, 13:00-15:00"`.
    /// - Empty lines, lines that begin with `#`, and a first line of headings (`date` or `tanggal`) are passed over.
    ///
    /// ```
    /// use campaign_core::limits::{Hours, OwnCalendar, Zone};
    ///
    /// let own = OwnCalendar::read("tanggal;nama;jam\n2026-12-31;Tutup buku;08:00-12:00\n31/12/2026;Tutup\n");
    /// assert_eq!(own.days.len(), 1);
    /// assert_eq!(
    ///     own.faults[0].to_string(),
    ///     r#"line 3, date: "31/12/2026": a date is not written as 2026-12-24"#
    /// );
    /// let hours = Hours::parse("Mon-Sat 08:00-20:00", Zone::default())?.with_own(&own);
    /// assert_eq!(hours.to_string(), "Mon-Sat 08:00-20:00 Asia/Jakarta except 2026-12-31 08:00-12:00");
    /// # Ok::<(), campaign_core::limits::HoursError>(())
    /// ```
    ///
    /// A date that comes twice with the same hours is one day with both names; with other hours it is a fault.
    pub fn read(text: &str) -> Self {
        let mut calendar = Self::default();
        let text = text.trim_start_matches('\u{feff}');
        for (index, line) in text.lines().enumerate() {
            if let Err(fault) = calendar.read_line(index + 1, line.trim()) {
                calendar.faults.push(fault);
            }
        }
        calendar
    }

    fn read_line(&mut self, line: usize, text: &str) -> Result<(), CalendarFault> {
        if text.is_empty() || text.starts_with('#') {
            return Ok(());
        }
        let fault = |field, value: &str, why: &str| CalendarFault {
            line,
            field,
            value: value.chars().take(SHOWN_CHARS).collect(),
            why: why.to_owned(),
        };
        let cells = cells(text).map_err(|why| fault("line", text, why))?;
        let cell = |index: usize| cells.get(index).map_or("", String::as_str);
        if self.days.is_empty() && self.faults.is_empty() && is_heading(cell(0)) {
            return Ok(());
        }
        if let Some(surplus) = cells.iter().skip(3).find(|cell| !cell.is_empty()) {
            let why = "a line has a date, a name and hours: put a name with a separator in it in double quotes";
            return Err(fault("line", surplus, why));
        }
        let days = dates(cell(0)).map_err(|why| fault("date", cell(0), why))?;
        let spans = match cell(2) {
            "" => Spans::default(),
            hours => closed_or_spans(hours).map_err(|why| {
                let why = format!("{why}: write 08:00-12:00, or leave it out for a closed day");
                fault("hours", hours, &why)
            })?,
        };
        for day in days {
            self.add(day, cell(1), &spans)
                .map_err(|why| fault("date", &day.to_string(), why))?;
        }
        Ok(())
    }

    fn add(&mut self, day: Date, name: &str, spans: &Spans) -> Result<(), &'static str> {
        match self.days.get_mut(&day) {
            Some(known) if known.spans != *spans => {
                Err("a line above gives this date other hours: leave one of them out")
            }
            Some(known) => {
                if !name.is_empty() && known.name != name {
                    let separator = if known.name.is_empty() { "" } else { ", " };
                    known.name.push_str(separator);
                    known.name.push_str(name);
                }
                Ok(())
            }
            None => {
                let own = OwnDay {
                    name: name.to_owned(),
                    spans: spans.clone(),
                };
                self.days.insert(day, own);
                Ok(())
            }
        }
    }
}

fn is_heading(cell: &str) -> bool {
    HEADERS.iter().any(|name| name.eq_ignore_ascii_case(cell))
}

/// The cells of one line. A quote that is not closed in its line is refused: read on, it would swallow the days below it.
fn cells(line: &str) -> Result<Vec<String>, &'static str> {
    let separator = line
        .chars()
        .find(|c| [',', ';', '\t'].contains(c))
        .unwrap_or(',');
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(cell) = cells.last_mut() else { break };
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => is_quoted = !is_quoted,
            _ if character == separator && !is_quoted => cells.push(String::new()),
            _ => cell.push(character),
        }
    }
    if is_quoted {
        return Err("a double quote is not closed on its line");
    }
    Ok(cells
        .into_iter()
        .map(|cell| cell.trim().to_owned())
        .collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn shown(calendar: &OwnCalendar) -> Vec<String> {
        let day =
            |(day, own): (&Date, &OwnDay)| format!("{day} {} {}", own.name, own.spans().len());
        calendar.days.iter().map(day).collect()
    }

    #[test]
    fn days_are_read_whatever_separates_their_parts() {
        let rows = [
            ("2026-12-25,Natal", vec!["2026-12-25 Natal 0"]),
            ("2026-12-25", vec!["2026-12-25  0"]),
            (
                "\u{feff}tanggal;nama\r\n2026-12-25;Natal\r\n",
                vec!["2026-12-25 Natal 0"],
            ),
            (
                "# kantor\n\n2026-12-25\tNatal\t\t",
                vec!["2026-12-25 Natal 0"],
            ),
            (
                "2026-12-25..2026-12-26,\"Natal, dan lagi\"",
                vec![
                    "2026-12-25 Natal, dan lagi 0",
                    "2026-12-26 Natal, dan lagi 0",
                ],
            ),
            ("2026-12-24,Pagi,08:00-12:00", vec!["2026-12-24 Pagi 1"]),
            (
                "2026-12-24,Pagi,\"08.00-12.00, 13:00-15:00\"",
                vec!["2026-12-24 Pagi 2"],
            ),
            (
                "2026-12-24,\"\"\"Pagi\"\"\",tutup",
                vec!["2026-12-24 \"Pagi\" 0"],
            ),
            (
                "2026-05-01,Buruh\n2026-05-01,Kenaikan",
                vec!["2026-05-01 Buruh, Kenaikan 0"],
            ),
            (
                "2026-05-01,Buruh\n2026-05-01\n2026-05-01,Buruh",
                vec!["2026-05-01 Buruh 0"],
            ),
            ("2026-05-01\n2026-05-01,Buruh", vec!["2026-05-01 Buruh 0"]),
            ("", vec![]),
        ];
        for (text, days) in rows {
            let calendar = OwnCalendar::read(text);
            assert_eq!(calendar.faults, [], "{text:?}");
            assert_eq!(shown(&calendar), days, "{text:?}");
        }
    }

    #[test]
    fn a_bad_line_is_named_with_its_part_and_its_remedy_and_the_others_hold() {
        let rows = [
            (
                "25/12/2026,Natal",
                r#"line 2, date: "25/12/2026": a date is not written as 2026-12-24"#,
            ),
            (
                "2026-02-30,Tidak ada",
                r#"line 2, date: "2026-02-30": a date is not written as 2026-12-24"#,
            ),
            (
                "2026-12-26..2026-12-25",
                r#"line 2, date: "2026-12-26..2026-12-25": a range of dates ends before it begins"#,
            ),
            (
                "2026-01-01..9999-12-31",
                r#"line 2, date: "2026-01-01..9999-12-31": a range of dates is longer than a year"#,
            ),
            (
                "tanggal,nama",
                r#"line 2, date: "tanggal": a date is not written as 2026-12-24"#,
            ),
            (
                "2026-12-31,Tutup buku,pagi",
                r#"line 2, hours: "pagi": a time range is missing: write 08:00-12:00, or leave it out for a closed day"#,
            ),
            (
                "2026-12-31,Tutup, buku, akhir",
                r#"line 2, line: "akhir": a line has a date, a name and hours: put a name with a separator in it in double quotes"#,
            ),
            (
                "2026-12-31,\"Tutup buku",
                r#"line 2, line: "2026-12-31,\"Tutup buku": a double quote is not closed on its line"#,
            ),
            (
                "2026-01-01,Baru,08:00-12:00",
                r#"line 2, date: "2026-01-01": a line above gives this date other hours: leave one of them out"#,
            ),
        ];
        for (line, said) in rows {
            let calendar =
                OwnCalendar::read(&format!("2026-01-01,Tahun baru\n{line}\n2026-12-25,Natal"));
            let faults: Vec<String> = calendar.faults.iter().map(ToString::to_string).collect();
            assert_eq!(faults, [said], "{line}");
            let days: Vec<Date> = calendar.days.keys().copied().collect();
            assert_eq!(days, [date(2026, 1, 1), date(2026, 12, 25)], "{line}");
        }
    }
}
