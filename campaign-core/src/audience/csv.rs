//! Rows of a text file: comma, semicolon, tab or bar between cells, quotes around what needs them.
//!
//! Broken quoting must not swallow people: a row that never closes its quote is refused by itself
//! and reading goes on with the next line.

use std::path::{Path, PathBuf};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::Encoding;

use super::input::Input;
use super::row::{COLUMNS_MAX, Fault, Row, Rows};
use super::text::Text;
use super::{AudienceError, columns};

/// The longest row that is read. A longer one is a quote that is never closed, or no table.
const ROW_BYTES_MAX: usize = 1024 * 1024;

/// The window is moved on when this much of it is done with.
const WINDOW_BYTES_DONE: usize = 128 * 1024;

/// Rows looked at to find the delimiter.
const SAMPLE_ROWS: usize = 40;

/// What separates cells, and where the table begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Excel's `sep=;` stands in the first line.
    pub(super) first_line_is_dialect: bool,
}

impl Dialect {
    /// The delimiter under which the first rows look most like a table with a phone column.
    pub(super) fn detect(
        input: &Input,
        encoding: &'static Encoding,
    ) -> Result<Self, AudienceError> {
        let sample = |delimiter| -> Result<Vec<Row>, AudienceError> {
            let dialect = Self {
                delimiter,
                first_line_is_dialect: false,
            };
            let mut rows = CsvRows::open(input, encoding, dialect)?;
            let mut sample = Vec::new();
            while sample.len() < SAMPLE_ROWS
                && let Some(row) = rows.next_row()?
            {
                if !row.is_blank() {
                    sample.push(row);
                }
            }
            Ok(sample)
        };
        let mut best = None;
        for delimiter in *b",;\t|" {
            let rows = sample(delimiter)?;
            if let Some(named) = rows.first().and_then(|row| named_delimiter(row, delimiter)) {
                return Ok(Self {
                    delimiter: named,
                    first_line_is_dialect: true,
                });
            }
            let score = score(&rows);
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, delimiter));
            }
        }
        Ok(Self {
            delimiter: best.map_or(b',', |(_, delimiter)| delimiter),
            first_line_is_dialect: false,
        })
    }
}

/// The delimiter in `sep=;`, which reads as one or two cells.
fn named_delimiter(first: &Row, delimiter: u8) -> Option<u8> {
    let named = first.cell(0).trim().strip_prefix("sep=")?;
    match named.as_bytes() {
        [named] => Some(*named),
        [] if first.len() == 2 && first.cell(1).is_empty() => Some(delimiter),
        _ => None,
    }
}

/// First whether some row names a phone column, then how many rows have as many cells as the
/// widest usual row, then how wide that is.
fn score(rows: &[Row]) -> (bool, usize, usize) {
    let named = rows.iter().any(|row| columns::phone_column(row).is_some());
    let mut widths: Vec<usize> = rows
        .iter()
        .map(Row::len)
        .filter(|width| *width > 1)
        .collect();
    widths.sort_unstable();
    let usual = widths
        .chunk_by(|one, other| one == other)
        .max_by_key(|same| (same.len(), same[0]));
    usual.map_or((named, 0, 0), |same| (named, same.len(), same[0]))
}

/// A reader of rows from a text file.
pub(super) struct CsvRows {
    path: PathBuf,
    text: Text,
    /// Where the next row begins in the window.
    position: usize,
    number: u64,
    delimiter: u8,
    parser: Reader,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl CsvRows {
    pub(super) fn open(
        input: &Input,
        encoding: &'static Encoding,
        dialect: Dialect,
    ) -> Result<Self, AudienceError> {
        let text = Text::open(input, encoding).map_err(|source| input.unreadable(source))?;
        let mut rows = Self::new(input.name(), text, dialect.delimiter);
        if dialect.first_line_is_dialect {
            rows.skip_line()?;
        }
        Ok(rows)
    }

    /// Rows of `text`; `path` is for errors.
    fn new(path: &Path, text: Text, delimiter: u8) -> Self {
        Self {
            path: path.to_owned(),
            text,
            position: 0,
            number: 0,
            delimiter,
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            cells: vec![0; 1024],
            ends: vec![0; 64],
        }
    }

    /// The text from where the next row begins.
    fn ahead(&self) -> &[u8] {
        self.text.window().get(self.position..).unwrap_or_default()
    }

    fn fill(&mut self) -> Result<bool, AudienceError> {
        self.text
            .fill()
            .map_err(|source| AudienceError::Unreadable {
                path: self.path.clone(),
                source,
            })
    }

    /// Moves on by `len`, past a row.
    fn advance(&mut self, len: usize) {
        self.position += len;
        if self.position > WINDOW_BYTES_DONE {
            self.text.drop_front(self.position);
            self.position = 0;
        }
    }

    /// The length of a line break at the beginning of what is ahead.
    fn line_break(&mut self) -> Result<usize, AudienceError> {
        while self.ahead().len() < 2 && self.fill()? {}
        Ok(match self.ahead() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        })
    }

    /// Past the end of the line, however far that is. Keeps none of it in memory.
    fn skip_line(&mut self) -> Result<(), AudienceError> {
        self.number += 1;
        loop {
            let end = (self.ahead().iter()).position(|byte| matches!(byte, b'\r' | b'\n'));
            if let Some(end) = end {
                self.advance(end);
                let line_break = self.line_break()?;
                self.advance(line_break);
                return Ok(());
            }
            self.advance(self.ahead().len());
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Reads a record from what is ahead into `cells` and `ends`: its length in the window and
    /// how much of `cells` and `ends` is used. `None` when it is longer than a row can be.
    fn record(&mut self) -> Result<Option<Record>, AudienceError> {
        self.parser.reset();
        let mut record = Record::default();
        loop {
            let window = self.text.window();
            let input = window.get(self.position + record.len..).unwrap_or_default();
            let (result, read, written, ended) = self.parser.read_record(
                input,
                &mut self.cells[record.text_len..],
                &mut self.ends[record.cells..],
            );
            record.len += read;
            record.text_len += written;
            record.cells += ended;
            if record.len > ROW_BYTES_MAX || record.cells > COLUMNS_MAX {
                return Ok(None);
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => return Ok(Some(record)),
                ReadRecordResult::OutputFull => self.cells.resize(2 * self.cells.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                // An empty window tells the parser that this is the end.
                ReadRecordResult::InputEmpty => _ = self.fill()?,
            }
        }
    }

    fn row(&self, record: &Record) -> Row {
        let text = String::from_utf8_lossy(&self.cells[..record.text_len]).into_owned();
        Row::from_parts(self.number, text, self.ends[..record.cells].to_vec())
    }

    /// The first line of what is ahead as a row by itself, its quote closed at its end.
    fn broken_row(&mut self) -> Result<Row, AudienceError> {
        let line_end = (self.ahead().iter())
            .position(|byte| matches!(byte, b'\r' | b'\n'))
            .unwrap_or(0);
        self.parser.reset();
        let line = self.ahead()[..line_end].to_vec();
        self.cells.resize(self.cells.len().max(line.len() + 1), 0);
        self.ends.resize(self.ends.len().max(line.len() + 2), 0);
        let (_, _, text_len, cells) =
            (self.parser).read_record(&line, &mut self.cells, &mut self.ends);
        let (_, _, more_text, more_cells) =
            self.parser
                .read_record(&[], &mut self.cells[text_len..], &mut self.ends[cells..]);
        let mut row = self.row(&Record {
            len: line_end,
            text_len: text_len + more_text,
            cells: cells + more_cells,
        });
        row.number += 1;
        row.fault = Some(Fault::OpenQuote);
        self.skip_line()?;
        Ok(row)
    }

    /// A row of which only the beginning is kept.
    fn endless_row(&mut self) -> Result<Row, AudienceError> {
        const KEPT_BYTES: usize = 200;
        let mut row = Row::new(self.number + 1);
        let beginning =
            String::from_utf8_lossy(&self.ahead()[..self.ahead().len().min(KEPT_BYTES)])
                .into_owned();
        row.push(beginning.lines().next().unwrap_or_default());
        row.fault = Some(Fault::TooLong);
        self.skip_line()?;
        Ok(row)
    }
}

/// How much of the window, of the cells' text and of the ends belongs to one record.
#[derive(Debug, Default)]
struct Record {
    len: usize,
    text_len: usize,
    cells: usize,
}

impl Rows for CsvRows {
    fn next_row(&mut self) -> Result<Option<Row>, AudienceError> {
        let line_break = self.line_break()?;
        if line_break > 0 {
            self.number += 1;
            self.advance(line_break);
            return Ok(Some(Row::new(self.number)));
        }
        if self.ahead().is_empty() {
            return Ok(None);
        }
        let Some(record) = self.record()? else {
            return self.endless_row().map(Some);
        };
        let broken = (self.cells[..record.text_len].iter())
            .any(|byte| matches!(byte, b'\r' | b'\n'))
            && !is_well_quoted(&self.ahead()[..record.len], self.delimiter);
        if broken {
            return self.broken_row().map(Some);
        }
        self.number += 1;
        let row = self.row(&record);
        let ended_at_return = self.ahead()[..record.len].ends_with(b"\r");
        self.advance(record.len);
        if ended_at_return && self.line_break()? == 1 && self.ahead().starts_with(b"\n") {
            self.advance(1);
        }
        Ok(Some(row))
    }
}

/// True when every quote that opens a cell is closed where the cell ends.
///
/// Asked of rows with line breaks in a cell only: there, a quote that is closed somewhere else
/// means that rows have run together.
fn is_well_quoted(record: &[u8], delimiter: u8) -> bool {
    let mut rest = record;
    loop {
        let Some(quoted) = rest.strip_prefix(b"\"") else {
            let end = rest.iter().position(|byte| *byte == delimiter);
            match end {
                Some(end) => rest = &rest[end + 1..],
                None => return true,
            }
            continue;
        };
        let mut at = 0;
        loop {
            match quoted[at..].iter().position(|byte| *byte == b'"') {
                None => return false,
                Some(quote) if quoted.get(at + quote + 1) == Some(&b'"') => at += quote + 2,
                Some(quote) => {
                    at += quote + 1;
                    break;
                }
            }
        }
        match quoted.get(at) {
            None | Some(b'\r' | b'\n') => return true,
            Some(byte) if *byte == delimiter => rest = &quoted[at + 1..],
            Some(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn list(bytes: &[u8]) -> Input {
        Input::memory("list.csv".into(), bytes.to_vec())
    }

    fn rows_of(bytes: &[u8], delimiter: u8) -> Vec<Row> {
        let input = list(bytes);
        let dialect = Dialect {
            delimiter,
            first_line_is_dialect: false,
        };
        let mut rows = CsvRows::open(&input, encoding_rs::UTF_8, dialect).unwrap();
        std::iter::from_fn(|| rows.next_row().unwrap()).collect()
    }

    fn shown(rows: &[Row]) -> Vec<(u64, Vec<&str>, Option<Fault>)> {
        rows.iter()
            .map(|row| (row.number, row.cells().collect(), row.fault))
            .collect()
    }

    #[test]
    fn rows_are_numbered_as_a_spreadsheet_shows_them() {
        for line_break in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "", "1,\"x\ny\"", "2,z", "", "3"].join(line_break);
            assert_eq!(
                shown(&rows_of(text.as_bytes(), b',')),
                [
                    (1, vec!["a", "b"], None),
                    (2, vec![], None),
                    (3, vec!["1", "x\ny"], None),
                    (4, vec!["2", "z"], None),
                    (5, vec![], None),
                    (6, vec!["3"], None),
                ],
                "{line_break:?}"
            );
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_row_only() {
        for (text, broken) in [
            ("a,b\n1,\"x\n2,y\n3,z\n", vec!["1", "x"]),
            ("a,b\n1,\"x\n2,y\n3,\"z\"\n", vec!["1", "x"]),
        ] {
            assert_eq!(
                shown(&rows_of(text.as_bytes(), b',')),
                [
                    (1, vec!["a", "b"], None),
                    (2, broken, Some(Fault::OpenQuote)),
                    (3, vec!["2", "y"], None),
                    (4, vec!["3", "z"], None),
                ],
            );
        }
        // A quote inside a cell is a quote.
        assert_eq!(
            shown(&rows_of(b"pipa 5\",0812\nx,y", b','))[0].1,
            ["pipa 5\"", "0812"]
        );
    }

    #[test]
    fn a_row_without_end_is_refused_and_the_rest_is_read() {
        let long = format!("a,b\n1,{}\n2,y\n", "x".repeat(3 * ROW_BYTES_MAX));
        let rows = rows_of(long.as_bytes(), b',');
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1].fault, Some(Fault::TooLong));
        assert_eq!(rows[1].number, 2);
        assert_eq!(shown(&rows[2..]), [(3, vec!["2", "y"], None)]);

        let open = format!("a,b\n1,\"x\n{}", "2,y\n".repeat(ROW_BYTES_MAX / 2));
        let rows = rows_of(open.as_bytes(), b',');
        assert_eq!(rows.len(), 2 + ROW_BYTES_MAX / 2);
        assert_eq!(rows[1].fault, Some(Fault::TooLong));
        assert!(rows[2..].iter().all(|row| row.fault.is_none()));
    }

    /// Gives few bytes at a time, as pipes and network disks may.
    struct Dripping {
        bytes: std::io::Cursor<Vec<u8>>,
        bytes_max: usize,
    }

    impl std::io::Read for Dripping {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let len = buffer.len().min(self.bytes_max);
            self.bytes.read(&mut buffer[..len])
        }
    }

    #[test]
    fn rows_do_not_depend_on_how_the_file_is_read() {
        let text = "a,\u{1f4f1}é\r\n\r\n\"x\r\ny\",\"\"\"z\"\n№,\"open\nlast,ü";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), encoding_rs::UTF_8),
            (wide, encoding_rs::UTF_16LE),
        ] {
            for bytes_max in 1..9 {
                let source = Dripping {
                    bytes: std::io::Cursor::new(bytes.clone()),
                    bytes_max,
                };
                let mut rows = CsvRows::new(Path::new(""), Text::new(source, 64, encoding), b',');
                let rows: Vec<Row> = std::iter::from_fn(|| rows.next_row().unwrap()).collect();
                assert_eq!(
                    shown(&rows),
                    [
                        (1, vec!["a", "\u{1f4f1}é"], None),
                        (2, vec![], None),
                        (3, vec!["x\r\ny", "\"z"], None),
                        (4, vec!["№", "open"], Some(Fault::OpenQuote)),
                        (5, vec!["last", "ü"], None),
                    ],
                    "{encoding:?} {bytes_max}"
                );
            }
        }
    }

    #[test]
    fn the_delimiter_is_found() {
        for (text, delimiter) in [
            ("phone,nama\n0812,Budi\n", b','),
            ("phone;nama\n0812;\"Budi, S.Kom\"\n", b';'),
            ("nama;no_hp;jumlah\nBudi, S.E.;0812;1.000,00\n", b';'),
            ("phone\tnama\n0812\tBudi\n", b'\t'),
            ("phone|nama\n0812|Budi; Siti\n", b'|'),
            ("phone\n0812\n", b','),
            ("Daftar, lama\n\nno hp;nama\n0812;a, b\n", b';'),
            ("satu;dua;tiga\n1,5;2,5;3,5\n", b';'),
        ] {
            let input = list(text.as_bytes());
            let found = Dialect::detect(&input, encoding_rs::UTF_8).unwrap();
            assert_eq!(found.delimiter, delimiter, "{text:?}");
            assert!(!found.first_line_is_dialect);
        }
        for (text, delimiter) in [("sep=;\nphone;nama\n", b';'), ("sep=,\nphone,nama\n", b',')] {
            let input = list(text.as_bytes());
            let found = Dialect::detect(&input, encoding_rs::UTF_8).unwrap();
            assert_eq!(found.delimiter, delimiter, "{text:?}");
            let mut rows = CsvRows::open(&input, encoding_rs::UTF_8, found).unwrap();
            let header = rows.next_row().unwrap().unwrap();
            assert_eq!(shown(&[header]), [(2, vec!["phone", "nama"], None)]);
        }
    }
}
