//! A report as an Excel workbook. What people wrote stays text, so that a phone number keeps its zero and nothing is calculated; what is
//! plainly a date becomes one. Rows go to the disk as they come, whatever their number.

use std::io;
use std::path::{Path, PathBuf};

use campaign_core::audience::{REPORT_FIRST, REPORT_LAST};
use jiff::civil::{Date, DateTime, Time};
use rust_xlsxwriter::{ExcelDateTime, Format, IgnoreError, Workbook, Worksheet, XlsxError};

use super::Target;
use super::lines::Line;

/// Excel's own bounds.
const ROWS_MAX: u32 = 1_048_576;
const CELL_UNITS_MAX: usize = 32_767;
/// Excel takes 1900 for a leap year: its days are sure from the next year on.
const FIRST_YEAR: i16 = 1901;
const WIDTH: f64 = 18.0;
const NARROW: f64 = 8.0;

/// The sheets of a workbook; another one is begun when one is full.
pub(super) struct Sheets {
    workbook: Workbook,
    path: PathBuf,
    columns: Vec<String>,
    rows_max: u32,
    sheets: usize,
    /// The next row of the sheet.
    row: u32,
    formats: Formats,
}

struct Formats {
    header: Format,
    text: Format,
    date: Format,
    moment: Format,
}

impl Sheets {
    /// A workbook that will be written to this file.
    ///
    /// # Errors
    /// When its folder cannot be written to.
    pub(super) fn new(path: &Path, columns: &[Box<str>]) -> io::Result<Self> {
        Self::of(path, columns, ROWS_MAX)
    }

    fn of(path: &Path, columns: &[Box<str>], rows_max: u32) -> io::Result<Self> {
        let mut workbook = Workbook::new();
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // Beside the report, where there must be room for it anyway; a system's own folder for such files may be a small one in memory.
        workbook.set_tempdir(folder).map_err(plain)?;
        let mut sheets = Self {
            workbook,
            path: path.to_owned(),
            columns: std::iter::once(REPORT_FIRST)
                .chain(columns.iter().map(|column| &**column))
                .chain(REPORT_LAST)
                .map(str::to_owned)
                .collect(),
            rows_max,
            sheets: 0,
            row: 0,
            formats: Formats {
                header: Format::new().set_bold(),
                text: Format::new().set_num_format("@"),
                date: Format::new().set_num_format("yyyy-mm-dd"),
                moment: Format::new().set_num_format("yyyy-mm-dd hh:mm"),
            },
        };
        sheets.begin_sheet().map_err(plain)?;
        Ok(sheets)
    }

    fn begin_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        self.row = 1;
        let last = column(self.columns.len().saturating_sub(1))?;
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(match self.sheets {
            1 => "report".to_owned(),
            number => format!("report {number}"),
        })?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.ignore_error_range(1, 0, ROWS_MAX - 1, last, IgnoreError::NumberStoredAsText)?;
        let own = self.columns.len() - REPORT_LAST.len();
        for (place, header) in self.columns.iter().enumerate() {
            let place_of = column(place)?;
            sheet.set_column_width(place_of, if place == 0 { NARROW } else { WIDTH })?;
            if (1..own).contains(&place) {
                // What is typed into it later stays text too.
                sheet.set_column_format(place_of, &self.formats.text)?;
            }
            sheet.write_string_with_format(0, place_of, fitting(header), &self.formats.header)?;
        }
        Ok(())
    }

    fn put(&mut self, line: &Line<'_>) -> Result<(), XlsxError> {
        if self.row >= self.rows_max {
            self.begin_sheet()?;
        }
        let Self {
            workbook,
            formats,
            row,
            sheets,
            ..
        } = self;
        let sheet = workbook.worksheet_from_index(*sheets - 1)?;
        let row_number = *row;
        *row += 1;
        // A row number is far below 2^53.
        sheet.write_number(row_number, 0, line.row as f64)?;
        let mut place = 1;
        for value in line.cells() {
            put_value(sheet, row_number, column(place)?, value, formats)?;
            place += 1;
        }
        let corrected = line.corrected();
        put_text(sheet, row_number, column(place)?, line.state)?;
        put_text(sheet, row_number, column(place + 1)?, &line.reason)?;
        put_text(sheet, row_number, column(place + 2)?, &line.remedy)?;
        match excel(line.time) {
            Some(time) => {
                sheet.write_datetime_with_format(
                    row_number,
                    column(place + 3)?,
                    &time,
                    &formats.moment,
                )?;
            }
            None => put_text(
                sheet,
                row_number,
                column(place + 3)?,
                &line.time.to_string(),
            )?,
        }
        put_text(sheet, row_number, column(place + 4)?, corrected)?;
        put_text(sheet, row_number, column(place + 5)?, &line.message)?;
        put_text(sheet, row_number, column(place + 6)?, &line.account)
    }
}

impl Target for Sheets {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.put(line).map_err(plain)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.workbook.save(&self.path).map_err(plain)
    }
}

fn put_text(sheet: &mut Worksheet, row: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    if !text.is_empty() {
        sheet.write_string(row, column, fitting(text))?;
    }
    Ok(())
}

/// What stands in the list. A date is one when the import made that text of a date, or would make it again.
fn put_value(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: &str,
    formats: &Formats,
) -> Result<(), XlsxError> {
    if value.is_empty() {
        return Ok(());
    }
    let date = date_of(value).and_then(|(moment, is_day)| Some((excel(moment)?, is_day)));
    match date {
        Some((date, true)) => sheet.write_datetime_with_format(row, column, &date, &formats.date),
        Some((date, false)) => {
            sheet.write_datetime_with_format(row, column, &date, &formats.moment)
        }
        None => sheet.write_string_with_format(row, column, fitting(value), &formats.text),
    }?;
    Ok(())
}

/// `2026-11-30` or `2026-11-30 08:00`, written exactly so; and whether it is a whole day.
fn date_of(value: &str) -> Option<(DateTime, bool)> {
    const DAY: &str = "%Y-%m-%d";
    const MOMENT: &str = "%Y-%m-%d %H:%M";
    let bytes = value.as_bytes();
    if !matches!(bytes.len(), 10 | 16) || bytes.get(4) != Some(&b'-') {
        return None;
    }
    if let Ok(day) = Date::strptime(DAY, value) {
        return (day.strftime(DAY).to_string() == value)
            .then(|| (day.to_datetime(Time::midnight()), true));
    }
    let moment = DateTime::strptime(MOMENT, value).ok()?;
    // Midnight would be read back as the day alone.
    let is_same = moment.time() != Time::midnight() && moment.strftime(MOMENT).to_string() == value;
    is_same.then_some((moment, false))
}

fn excel(moment: DateTime) -> Option<ExcelDateTime> {
    if moment.year() < FIRST_YEAR {
        return None;
    }
    let part = |part: i8| u8::try_from(part).ok();
    let day = ExcelDateTime::from_ymd(
        u16::try_from(moment.year()).ok()?,
        part(moment.month())?,
        part(moment.day())?,
    );
    let hour = u16::try_from(moment.hour()).ok()?;
    day.ok()?
        .and_hms(hour, part(moment.minute())?, part(moment.second())?)
        .ok()
}

/// As much of it as a cell can hold.
fn fitting(text: &str) -> &str {
    if text.len() <= CELL_UNITS_MAX {
        return text;
    }
    let mut units = 0;
    let end = text.char_indices().find(|(_, letter)| {
        units += letter.len_utf16();
        units > CELL_UNITS_MAX
    });
    end.map_or(text, |(end, _)| &text[..end])
}

fn column(place: usize) -> Result<u16, XlsxError> {
    u16::try_from(place).map_err(|_| XlsxError::RowColumnLimitError)
}

fn plain(error: XlsxError) -> io::Error {
    match error {
        XlsxError::IoError(error) => error,
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use calamine::{Data, Reader, Xlsx, open_workbook};
    use jiff::civil::date;

    use super::*;

    #[test]
    fn only_what_would_be_read_back_the_same_is_a_date() {
        for (value, is_day) in [("2026-11-30", true), ("2026-11-30 08:05", false)] {
            assert_eq!(
                date_of(value).map(|(_, is_day)| is_day),
                Some(is_day),
                "{value}"
            );
        }
        for value in [
            "2026-11-31",
            "2026-1-30",
            "30/11/2026",
            "2026-11-30 00:00",
            "2026-11-30T08:05",
            "0812-345678",
            "+2026-11-3",
        ] {
            assert_eq!(date_of(value), None, "{value}");
        }
        assert!(excel(date(1900, 2, 28).at(0, 0, 0, 0)).is_none());
    }

    #[test]
    fn a_full_sheet_is_followed_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long.xlsx");
        let columns: Vec<Box<str>> = vec!["hp".into()];
        let mut sheets = Sheets::of(&path, &columns, 3).unwrap();
        for row in 0..5 {
            sheets
                .write(&Line {
                    columns: &columns,
                    row,
                    values: vec![format!("0812{row}").into()],
                    state: "sent",
                    reason: String::new(),
                    reason_code: String::new(),
                    remedy: String::new(),
                    time: date(2026, 11, 21).at(8, 0, 0, 0),
                    is_corrected: false,
                    message: "x".repeat(40_000),
                    account: String::new(),
                })
                .unwrap();
        }
        sheets.finish().unwrap();
        let mut book: Xlsx<_> = open_workbook(&path).unwrap();
        let names = book.sheet_names();
        assert_eq!(names, ["report", "report 2", "report 3"]);
        let last = book.worksheet_range("report 3").unwrap();
        assert_eq!(last.height(), 2, "a header, and the fifth row");
        assert_eq!(last.get((1, 1)), Some(&Data::String("08124".into())));
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left behind"
        );
    }
}
