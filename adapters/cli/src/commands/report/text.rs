//! A report as text: a table that spreadsheets open, or JSON.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use campaign_core::audience::{REPORT_FIRST, REPORT_LAST, guarded};
use serde_json::{Map, Value, json};

use super::Target;
use super::lines::Line;

/// The file, or standard output for "-".
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Write>> {
    Ok(if path == Path::new("-") {
        Box::new(BufWriter::new(io::stdout()))
    } else {
        Box::new(BufWriter::new(File::create(path)?))
    })
}

/// A moment as it is read everywhere else.
fn moment(line: &Line<'_>) -> String {
    line.time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A table that spreadsheets open: with a byte order mark, and with nothing in it that they would calculate.
pub(super) struct Csv(csv::Writer<Box<dyn Write>>);

impl Csv {
    pub(super) fn new(mut to: Box<dyn Write>, columns: &[Box<str>]) -> io::Result<Self> {
        to.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(to);
        csv.write_field(REPORT_FIRST)?;
        for column in columns {
            csv.write_field(&*guarded(column))?;
        }
        for own in REPORT_LAST {
            csv.write_field(own)?;
        }
        csv.write_record(None::<&[u8]>)?;
        Ok(Self(csv))
    }
}

impl Target for Csv {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.0.write_field(line.row.to_string())?;
        for value in line.cells() {
            self.0.write_field(&*guarded(value))?;
        }
        let corrected = line.corrected();
        let own = [
            line.state,
            &line.reason,
            &line.remedy,
            &moment(line),
            corrected,
            &line.message,
            &line.account,
        ];
        for own in own {
            self.0.write_field(&*guarded(own))?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// An object for each row: all in one array, or one on each line.
pub(super) struct Json {
    to: Box<dyn Write>,
    is_array: bool,
    written: u64,
}

impl Json {
    pub(super) fn array(to: Box<dyn Write>) -> Self {
        Self {
            to,
            is_array: true,
            written: 0,
        }
    }

    pub(super) fn lines(to: Box<dyn Write>) -> Self {
        Self {
            to,
            is_array: false,
            written: 0,
        }
    }
}

impl Target for Json {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let values: Map<String, Value> = line
            .columns
            .iter()
            .zip(line.cells())
            .map(|(column, value)| (column.to_string(), Value::from(value)))
            .collect();
        let object = json!({
            "row": line.row,
            "values": values,
            "state": line.state,
            "reason": line.reason_code,
            "why": line.reason,
            "remedy": line.remedy,
            "time": moment(line),
            "corrected": line.is_corrected,
            "message": line.message,
            "account": line.account,
        });
        let before = match (self.is_array, self.written) {
            (false, 0) => "",
            (true, 0) => "[\n",
            (false, _) => "\n",
            (true, _) => ",\n",
        };
        self.written += 1;
        write!(self.to, "{before}{object}")
    }

    fn finish(&mut self) -> io::Result<()> {
        let end = match (self.is_array, self.written) {
            (false, 0) => "",
            (true, 0) => "[]\n",
            (false, _) => "\n",
            (true, _) => "\n]\n",
        };
        self.to.write_all(end.as_bytes())?;
        self.to.flush()
    }
}
