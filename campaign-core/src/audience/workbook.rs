//! Rows of a workbook: XLSX as a stream, XLS, XLSB and ODS through memory (their reader offers
//! nothing else).

use std::io::{BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

use calamine::{
    Cell, CellErrorType, Data, DataRef, ExcelDateTime, Ods, Range, Reader, SheetType, SheetVisible,
    Xls, Xlsb, Xlsx,
};

use super::input::{Input, Opened};
use super::row::{COLUMNS_MAX, Fault, Row, Rows};
use super::{AudienceError, WorkbookKind};

/// Rows handed over at once, and how many such hands may wait: what is read ahead of use.
const ROWS_AHEAD: usize = 256;
const HANDS_AHEAD: usize = 4;

/// Which kind of workbook the file is, by what is in it; `None` when it is none.
pub(super) fn kind(input: &Input, head: &[u8]) -> Option<WorkbookKind> {
    const COMPOUND_FILE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    if head.starts_with(COMPOUND_FILE) {
        return Some(WorkbookKind::Xls);
    }
    if !head.starts_with(b"PK") {
        return None;
    }
    let mut zip = zip::ZipArchive::new(BufReader::new(input.open().ok()?)).ok()?;
    if let Ok(mimetype) = zip.by_name("mimetype") {
        let mut text = String::new();
        mimetype.take(100).read_to_string(&mut text).ok()?;
        return text
            .contains("opendocument.spreadsheet")
            .then_some(WorkbookKind::Ods);
    }
    let mut names = zip.file_names().flatten();
    if zip.index_for_name("xl/workbook.bin").is_some() {
        Some(WorkbookKind::Xlsb)
    } else if names.any(|name| name.starts_with("xl/")) {
        Some(WorkbookKind::Xlsx)
    } else {
        None
    }
}

/// Opens the named sheet, or the first that can be seen. Returns its name too.
pub(super) fn open(
    input: &Input,
    kind: WorkbookKind,
    sheet: Option<&str>,
) -> Result<(Box<dyn Rows>, String), AudienceError> {
    let broken = |detail: String| AudienceError::BrokenWorkbook {
        path: input.name().to_owned(),
        detail,
    };
    let file = BufReader::new(input.open().map_err(|source| input.unreadable(source))?);
    match kind {
        WorkbookKind::Xlsx => {
            let workbook = caught(|| Xlsx::new(file).map_err(plain)).map_err(broken)?;
            let sheet = choose(&workbook, sheet)?;
            let rows = XlsxRows::start(input.name(), workbook, &sheet);
            Ok((Box::new(rows), sheet))
        }
        WorkbookKind::Xls => whole::<Xls<_>>(file, sheet, broken),
        WorkbookKind::Xlsb => whole::<Xlsb<_>>(file, sheet, broken),
        WorkbookKind::Ods => whole::<Ods<_>>(file, sheet, broken),
    }
}

/// What comes of reading, where it may end in a panic: the library takes some of what a broken workbook holds for granted.
fn caught<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("it is not built as a workbook should be".to_owned()))
}

fn plain(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn whole<R>(
    file: BufReader<Opened>,
    sheet: Option<&str>,
    broken: impl Fn(String) -> AudienceError,
) -> Result<(Box<dyn Rows>, String), AudienceError>
where
    R: Reader<BufReader<Opened>>,
    R::Error: std::fmt::Display,
{
    let mut workbook = caught(|| R::new(file).map_err(plain)).map_err(&broken)?;
    let sheet = choose(&workbook, sheet)?;
    let range = caught(|| workbook.worksheet_range(&sheet).map_err(plain)).map_err(&broken)?;
    Ok((Box::new(RangeRows::new(range)), sheet))
}

fn choose<R: Reader<BufReader<Opened>>>(
    workbook: &R,
    wanted: Option<&str>,
) -> Result<String, AudienceError> {
    let sheets = workbook.sheets_metadata();
    let tables = || (sheets.iter()).filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let chosen = match wanted {
        None => tables().find(|sheet| sheet.visible == SheetVisible::Visible),
        Some(wanted) => tables().find(|sheet| sheet.name == wanted).or_else(|| {
            let wanted = wanted.trim().to_lowercase();
            tables().find(|sheet| sheet.name.trim().to_lowercase() == wanted)
        }),
    };
    chosen
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| AudienceError::NoSheet {
            wanted: wanted.unwrap_or("(visible)").to_owned(),
            sheets: tables().map(|sheet| sheet.name.clone()).collect(),
        })
}

/// Rows of an XLSX sheet, read ahead by a thread of its own.
///
/// The reader of cells borrows the workbook, so that both can live together only on a stack: that
/// of the thread. It ends when the rows are no longer wanted.
struct XlsxRows {
    path: PathBuf,
    hands: Receiver<Result<Vec<Row>, String>>,
    rows: std::vec::IntoIter<Row>,
}

impl XlsxRows {
    fn start(path: &Path, mut workbook: Xlsx<BufReader<Opened>>, sheet: &str) -> Self {
        let (sender, hands) = sync_channel(HANDS_AHEAD);
        let sheet = sheet.to_owned();
        std::thread::spawn(move || {
            let read = |workbook: &mut Xlsx<_>| -> Result<(), String> {
                let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(plain)?;
                let mut rows = Vec::with_capacity(ROWS_AHEAD);
                let mut row = Row::NONE;
                while let Some(cell) = cells.next_cell().map_err(plain)? {
                    let number = u64::from(cell.get_position().0) + 1;
                    if number != row.number {
                        if row.len() > 0 || row.fault.is_some() {
                            rows.push(std::mem::replace(&mut row, Row::new(number)));
                        }
                        row.number = number;
                        if rows.len() >= ROWS_AHEAD {
                            let full = std::mem::replace(&mut rows, Vec::with_capacity(ROWS_AHEAD));
                            if sender.send(Ok(full)).is_err() {
                                return Ok(());
                            }
                        }
                    }
                    put(&mut row, &cell);
                }
                if row.len() > 0 || row.fault.is_some() {
                    rows.push(row);
                }
                // Nobody wants them any more: nothing is lost.
                let _ = sender.send(Ok(rows));
                Ok(())
            };
            if let Err(detail) = caught(|| read(&mut workbook)) {
                let _ = sender.send(Err(detail));
            }
        });
        Self {
            path: path.to_owned(),
            hands,
            rows: Vec::new().into_iter(),
        }
    }
}

impl Rows for XlsxRows {
    fn next_row(&mut self) -> Result<Option<Row>, AudienceError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            match self.hands.recv() {
                Ok(Ok(rows)) => self.rows = rows.into_iter(),
                Ok(Err(detail)) => {
                    return Err(AudienceError::BrokenWorkbook {
                        path: self.path.clone(),
                        detail,
                    });
                }
                Err(_) => return Ok(None),
            }
        }
    }
}

fn put(row: &mut Row, cell: &Cell<DataRef<'_>>) {
    let column = cell.get_position().1 as usize;
    let text = match cell.get_value() {
        DataRef::SharedString(text) => (*text).to_owned(),
        value => shown(&Data::from(value.clone())),
    };
    if text.is_empty() || column < row.len() {
        return;
    }
    // A cell says itself where it is: it must not make a row of any length.
    if column >= COLUMNS_MAX {
        row.fault = Some(Fault::TooLong);
        return;
    }
    while row.len() < column {
        row.push("");
    }
    row.push(&text);
}

/// Rows of a sheet that is in memory whole.
struct RangeRows {
    range: Range<Data>,
    next: usize,
}

impl RangeRows {
    fn new(range: Range<Data>) -> Self {
        Self { range, next: 0 }
    }
}

impl Rows for RangeRows {
    fn next_row(&mut self) -> Result<Option<Row>, AudienceError> {
        let Some((first_row, first_column)) = self.range.start() else {
            return Ok(None);
        };
        if self.next >= self.range.height() {
            return Ok(None);
        }
        let mut row = Row::new(u64::from(first_row) + self.next as u64 + 1);
        for _ in 0..first_column {
            row.push("");
        }
        for column in 0..self.range.width() {
            let value = self.range.get((self.next, column));
            row.push(&value.map(shown).unwrap_or_default());
        }
        self.next += 1;
        Ok(Some(row))
    }
}

/// The value as text: dates as ISO dates, numbers with all their digits and no others.
fn shown(value: &Data) -> String {
    match value {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => shown_number(*number),
        Data::Bool(true) => "TRUE".to_owned(),
        Data::Bool(false) => "FALSE".to_owned(),
        Data::DateTime(time) => shown_time(time),
        Data::DateTimeIso(time) => {
            let time = time.strip_suffix("T00:00:00").unwrap_or(time);
            time.replacen('T', " ", 1)
        }
        Data::DurationIso(duration) => duration.clone(),
        Data::Error(error) => shown_error(error),
    }
}

/// As a spreadsheet shows it: no exponent, no `.0`, fifteen significant digits (what Excel keeps;
/// the binary number behind `0.1 + 0.2` has more).
fn shown_number(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    format!("{rounded}")
}

fn shown_time(time: &ExcelDateTime) -> String {
    /// 9999-12-31: beyond, a number was formatted as a date by mistake.
    const LAST_DAY: f64 = 2_958_466.0;
    let days = time.as_f64();
    if !(0.0..LAST_DAY).contains(&days) {
        return shown_number(days);
    }
    if time.is_duration() {
        let seconds = (days * 86_400.0).round();
        let (hours, rest) = (seconds / 3_600.0, seconds % 3_600.0);
        return format!(
            "{:.0}:{:02.0}:{:02.0}",
            hours.floor(),
            (rest / 60.0).floor(),
            rest % 60.0
        );
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let clock = match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    };
    if days < 1.0 {
        return clock;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if days.fract() == 0.0 {
        date
    } else {
        format!("{date} {clock}")
    }
}

fn shown_error(error: &CellErrorType) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for (number, text) in [
            (6_281_234_567_890.0, "6281234567890"),
            (12_345_678_901_234.0, "12345678901234"),
            (250_000.0, "250000"),
            (-3.0, "-3"),
            (0.1 + 0.2, "0.3"),
            (0.1 + 0.7, "0.8"),
            (1e15, "1000000000000000"),
            (0.000_000_1, "0.0000001"),
        ] {
            assert_eq!(shown_number(number), text);
        }
    }

    #[test]
    fn dates_are_iso_dates_and_times_are_times() {
        let time = |value| {
            shown_time(&ExcelDateTime::new(
                value,
                ExcelDateTimeType::DateTime,
                false,
            ))
        };
        assert_eq!(time(46_347.0), "2026-11-21");
        assert_eq!(time(46_347.5), "2026-11-21 12:00");
        assert_eq!(time(46_347.541_782_407), "2026-11-21 13:00:10");
        assert_eq!(time(0.25), "06:00");
        assert_eq!(time(6_281_234_567_890.0), "6281234567890");
        let long = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(shown_time(&long), "36:00:00");
        assert_eq!(
            shown(&Data::DateTimeIso("2026-11-21T00:00:00".into())),
            "2026-11-21"
        );
        assert_eq!(
            shown(&Data::DateTimeIso("2026-11-21T10:30:00".into())),
            "2026-11-21 10:30:00"
        );
    }
}
