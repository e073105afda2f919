//! Every refused row, why, and what to do: for people and as a file ready to be mended and added.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::Columns;
use super::row::Row;
use crate::phone::Refusal;

/// The columns that a rejects file has before those of the list. The reader knows them again and leaves them out, so that a mended file
/// can be added as it is.
pub const REJECTS_FIRST: [&str; 5] = [
    "rejected_row",
    "rejected_column",
    "rejected_value",
    "rejected_reason",
    "rejected_remedy",
];

/// The column that a campaign's report has before those of the list.
pub const REPORT_FIRST: &str = "row";

/// The columns that a campaign's report has after those of the list.
pub const REPORT_LAST: [&str; 7] = [
    "state",
    "reason",
    "remedy",
    "time",
    "corrected",
    "message",
    "account",
];

/// Which columns are ours and not the list's. Those of a rejects file are known by their names. Those of a report have everyday
/// names, which a list may have too: they are known by standing together, so that a file of failed rows can be sent to as it is.
pub(super) fn own_columns<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let headers: Vec<&str> = headers.collect();
    let mut own: Vec<bool> = headers
        .iter()
        .map(|header| REJECTS_FIRST.contains(header))
        .collect();
    // The last three may have been deleted by whoever worked with the file, and earlier reports do not name the account.
    let known = REPORT_LAST.len() - 3;
    let ends = headers
        .windows(known)
        .rposition(|window| *window == REPORT_LAST[..known]);
    if let Some(begin) = ends.filter(|_| headers.first() == Some(&REPORT_FIRST)) {
        own[0] = true;
        for (own, (header, expected)) in own[begin..]
            .iter_mut()
            .zip(headers[begin..].iter().zip(REPORT_LAST))
        {
            *own = *header == expected;
        }
    }
    own
}

/// Which kind of fault keeps a row out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// No phone number that a person can have.
    InvalidNumber,
    /// A number that is not of a mobile phone.
    Landline,
    /// A number that can mean two people.
    AmbiguousNumber,
    /// The same recipient stands in an earlier row.
    Duplicate,
    /// Cells that cannot be told apart or read.
    UnreadableRow,
}

impl RejectReason {
    /// The word for it in reports.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidNumber => "invalid_number",
            Self::Landline => "landline",
            Self::AmbiguousNumber => "ambiguous_number",
            Self::Duplicate => "duplicate",
            Self::UnreadableRow => "unreadable_row",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What exactly is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The phone number.
    Phone(Refusal),
    /// The same recipient came earlier.
    Duplicate {
        /// In this row.
        first_row: u64,
    },
    /// More cells than the header has columns: a separator inside a value, without quotes.
    TooManyCells {
        /// Cells of the row, up to the last that is not empty.
        cells: usize,
        /// Columns of the header.
        columns: usize,
    },
    /// A quote is opened and not closed in the row.
    OpenQuote,
    /// Longer than a row can be (1 MiB).
    TooLong,
    /// Bytes that are no text in the file's encoding.
    BrokenText,
}

impl Fault {
    /// Its kind.
    #[must_use]
    pub fn reason(&self) -> RejectReason {
        match self {
            Self::Phone(Refusal::Landline { .. }) => RejectReason::Landline,
            Self::Phone(Refusal::Ambiguous { .. }) => RejectReason::AmbiguousNumber,
            Self::Phone(_) => RejectReason::InvalidNumber,
            Self::Duplicate { .. } => RejectReason::Duplicate,
            Self::TooManyCells { .. } | Self::OpenQuote | Self::TooLong | Self::BrokenText => {
                RejectReason::UnreadableRow
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Phone(refusal) => refusal.remedy(),
            Self::Duplicate { .. } => {
                "nothing, if one message is enough; otherwise name a key column that tells the \
                 rows apart"
            }
            Self::TooManyCells { .. } => "put quotes around the value that holds the separator",
            Self::OpenQuote => "close the quote, or remove it",
            Self::TooLong => "look for a quote that is not closed",
            Self::BrokenText => "save the file as UTF-8 and check this row",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(refusal) => refusal.fmt(f),
            Self::Duplicate { first_row } => write!(f, "is the same recipient as row {first_row}"),
            Self::TooManyCells { cells, columns } => {
                write!(f, "has {cells} cells where the header has {columns}")
            }
            Self::OpenQuote => f.write_str("opens a quote that it does not close"),
            Self::TooLong => f.write_str("is longer than a row can be"),
            Self::BrokenText => f.write_str("holds bytes that are no text"),
        }
    }
}

/// A row that is left out, with everything needed to mend it.
///
/// `Display` is a line for the operator; it holds the value, so it does not belong into logs.
#[derive(Debug, Clone)]
pub struct Reject {
    /// The row as a spreadsheet counts; the header is a row too.
    pub row: u64,
    /// The header of the cell at fault, when it is one cell.
    pub column: Option<Box<str>>,
    /// What stands there, at most 60 characters of it.
    pub value: Box<str>,
    /// What is wrong.
    pub fault: Fault,
    /// It comes from a rejects file, under the number that it had in its list: [`Options::mends`](super::Options::mends).
    pub was_rejected: bool,
    original: Row,
}

impl Reject {
    pub(super) fn new(original: Row, column: Option<&str>, value: &str, fault: Fault) -> Self {
        const SHOWN_CHARS: usize = 60;
        Self {
            row: original.number,
            column: column.map(Box::from),
            value: value.chars().take(SHOWN_CHARS).collect(),
            fault,
            was_rejected: original.was_rejected,
            original,
        }
    }

    /// The row's cells as they stand in the file.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.original.cells()
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            row, value, fault, ..
        } = self;
        write!(f, "row {row}: \"{value}\" {fault}: {}", fault.remedy())
    }
}

/// Writes refused rows to a CSV file: row, column, value, reason, remedy, then all columns of the
/// list, ready to be mended and added.
///
/// The file begins with a byte order mark, since Excel takes UTF-8 without one for the system's
/// old encoding and would spoil the names in it; our own reader and others take it off. What a
/// spreadsheet would calculate (`=`, `+`, `-`, `@` in front) gets an apostrophe, which the reader
/// takes off again.
pub struct RejectsWriter<W: Write> {
    csv: csv::Writer<W>,
    own: Vec<bool>,
}

impl<W: Write> RejectsWriter<W> {
    /// Writes the header. `delimiter` as in the list, so that the same program opens both:
    /// [`Source::delimiter`](super::Source::delimiter).
    ///
    /// # Errors
    /// What `target` says.
    pub fn new(mut target: W, columns: &Columns, delimiter: char) -> io::Result<Self> {
        target.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(target);
        let own = own_columns(columns.headers());
        for header in REJECTS_FIRST {
            csv.write_field(header)?;
        }
        for (header, _) in columns.headers().zip(&own).filter(|(_, own)| !**own) {
            csv.write_field(&*guarded(header))?;
        }
        csv.write_record(None::<&[u8]>)?;
        Ok(Self { csv, own })
    }

    /// Writes one row, with English words.
    ///
    /// # Errors
    /// What the target says.
    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        self.write_in(reject, &reject.fault.to_string(), reject.fault.remedy())
    }

    /// Writes one row, with the words of another language for what is wrong and what to do. The reason's code stays before them.
    ///
    /// # Errors
    /// What the target says.
    pub fn write_in(&mut self, reject: &Reject, fault: &str, remedy: &str) -> io::Result<()> {
        self.csv.write_field(reject.row.to_string())?;
        let column = reject.column.as_deref().unwrap_or_default();
        self.csv.write_field(&*guarded(column))?;
        self.csv.write_field(&*guarded(&reject.value))?;
        let reason = format!("{}: {fault}", reject.fault.reason());
        self.csv.write_field(reason)?;
        self.csv.write_field(remedy)?;
        for column in 0..reject.original.len().max(self.own.len()) {
            if !self.own.get(column).copied().unwrap_or(false) {
                self.csv
                    .write_field(&*guarded(reject.original.cell(column)))?;
            }
        }
        self.csv.write_record(None::<&[u8]>)?;
        Ok(())
    }

    /// Writes what is still held back and returns the target.
    ///
    /// # Errors
    /// What the target says.
    pub fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}

/// The cell with an apostrophe before what a spreadsheet would calculate. The reader of lists takes it off again.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

/// The cell without the apostrophe that marks text in a spreadsheet, ours or somebody else's.
/// A name such as `'s-Gravenhage` keeps its own.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest)
            if rest.starts_with(|first: char| {
                first.is_ascii_digit() || "=+-@\t\r".contains(first)
            }) =>
        {
            rest
        }
        _ => cell,
    }
}

/// The report of a row whose recipient came earlier.
pub(super) fn duplicate(original: Row, columns: &Columns, first_row: u64) -> Reject {
    let phone = unguarded(original.cell(columns.phone_column())).trim();
    let value = match columns.key_column() {
        Some(key) => format!("{phone} {}", original.cell(key).trim()),
        None => phone.to_owned(),
    };
    let header = Some(columns.phone());
    Reject::new(original, header, &value, Fault::Duplicate { first_row })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_comes_off_again() {
        for cell in [
            "=1+1",
            "+62812",
            "-5",
            "@x",
            "\tx",
            "",
            "Budi",
            "0812",
            "'s-Gravenhage",
        ] {
            assert_eq!(unguarded(&guarded(cell)), cell);
        }
        assert_eq!(guarded("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(unguarded("'0812"), "0812");
    }

    #[test]
    fn the_columns_of_a_report_are_known_by_standing_together() {
        let own = |headers: &str| -> String {
            let own = own_columns(headers.split(','));
            own.iter().map(|own| if *own { 'x' } else { '.' }).collect()
        };
        assert_eq!(
            own("row,nama,hp,state,reason,remedy,time,corrected,message"),
            "x..xxxxxx"
        );
        assert_eq!(
            own("row,nama,hp,state,reason,remedy,time,corrected,message,account"),
            "x..xxxxxxx"
        );
        assert_eq!(own("row,nama,hp,state,reason,remedy,time"), "x..xxxx");
        assert_eq!(
            own("row,state,hp,state,reason,remedy,time,corrected,message"),
            "x..xxxxxx"
        );
        assert_eq!(own("row,hp,state,reason,remedy,time,note"), "x.xxxx.");
        assert_eq!(own("row,nama,hp,state"), "....");
        assert_eq!(own("nama,hp,state,reason,remedy,time"), "......");
        assert_eq!(own("rejected_row,hp"), "x.");
    }
}
