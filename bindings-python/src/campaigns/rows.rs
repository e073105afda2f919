//! A program's own list of people, on its way to the engine's reader of lists: as a table of text, row by row, whatever its length.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use campaign_core::template::same_name;
use pyo3::exceptions::{PyOSError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use sha2::{Digest, Sha256};

use crate::values;

/// Names the delimiter, so that it is not guessed from what stands in the rows; with the names of the columns below it, two rows stand
/// above the first of the list.
const DIALECT: &[u8] = b"sep=,\n";
pub(super) const ROWS_ABOVE: u64 = 2;

/// Writes a table, and returns its hash: which list it is. In the columns that are needed, what cannot be read as text is an error; in others
/// it is shown as Python shows it.
#[pyfunction]
pub(crate) fn _write_rows(
    path: PathBuf,
    columns: Vec<String>,
    needed: Vec<String>,
    rows: &Bound<'_, PyAny>,
) -> PyResult<String> {
    let told = |error: &dyn std::fmt::Display| {
        PyOSError::new_err(format!("the list cannot be kept for a moment: {error}"))
    };
    let file = File::create(path).map_err(|error| told(&error))?;
    let mut table = Hashed::new(BufWriter::new(file));
    table.write_all(DIALECT).map_err(|error| told(&error))?;
    let mut table = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .flexible(true)
        .from_writer(table);
    table.write_record(&columns).map_err(|error| told(&error))?;
    let is_needed: Vec<bool> = columns
        .iter()
        .map(|column| needed.iter().any(|name| same_name(name, column)))
        .collect();
    for (place, row) in rows.try_iter()?.enumerate() {
        let row = row?;
        let mut cells = 0;
        for cell in row.try_iter()? {
            let column = columns.get(cells).map_or("", String::as_str);
            let is_needed = is_needed.get(cells).copied().unwrap_or_default();
            let field = field(&cell?, place, column, is_needed)?;
            table.write_field(field).map_err(|error| told(&error))?;
            cells += 1;
        }
        if cells != columns.len() {
            return Err(PyValueError::new_err(format!(
                "place {place} of the list has {cells} values for {} columns",
                columns.len()
            )));
        }
        table
            .write_record(None::<&[u8]>)
            .map_err(|error| told(&error))?;
    }
    let table = table.into_inner().map_err(|error| told(&error.error()))?;
    table.finish().map_err(|error| told(&error))
}

/// A cell as it is written. One with half a character in it is written so that the reader rejects its row, and no other.
fn field(cell: &Bound<'_, PyAny>, place: usize, column: &str, is_needed: bool) -> PyResult<Field> {
    let py = cell.py();
    match values::text(cell, format_args!("place {place} of the list, {column}")) {
        Ok(text) => Ok(Field::Text(text)),
        Err(_) if cell.is_instance_of::<PyString>() => {
            let bytes = cell.call_method1("encode", ("utf-8", "surrogatepass"))?;
            Ok(Field::Bytes(bytes.extract()?))
        }
        Err(error) if !is_needed && error.is_instance_of::<PyTypeError>(py) => {
            let shown = cell.str()?.to_string_lossy().into_owned();
            Ok(Field::Text(values::Text::Made(shown)))
        }
        Err(error) => Err(error),
    }
}

enum Field {
    Text(values::Text),
    Bytes(Vec<u8>),
}

impl AsRef<[u8]> for Field {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_ref().as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Hashes what is written.
struct Hashed<W> {
    target: W,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn new(target: W) -> Self {
        Self {
            target,
            hash: Sha256::new(),
        }
    }

    fn finish(mut self) -> io::Result<String> {
        self.target.flush()?;
        Ok(hex(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.target.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

/// The hash of a file.
pub(super) fn hash_of(mut file: File) -> io::Result<String> {
    let mut hashed = Hashed::new(io::sink());
    io::copy(&mut file, &mut hashed)?;
    hashed.finish()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
