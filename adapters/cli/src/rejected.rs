//! The rows that an import left out, read back from the file it wrote.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::language::Text;

/// How many columns stand before those of the list: row, column, value, reason, remedy.
const OWN_COLUMNS: usize = 5;
const FIRST_HEADER: &str = "rejected_row";

/// A row that was left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) row: u64,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    /// The values of the campaign's columns.
    pub(crate) values: Vec<Box<str>>,
}

/// The rows of a rejects file, one after the other.
pub(crate) struct RejectedRows {
    path: PathBuf,
    csv: csv::Reader<BufReader<File>>,
    record: csv::StringRecord,
    /// Where each of the campaign's columns is.
    columns: Vec<Option<usize>>,
}

impl RejectedRows {
    /// Opens the file; `None` when there is none, or it is something else.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(crate) fn open(path: &Path, columns: &[Box<str>]) -> Result<Option<Self>, Failure> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(path, error)),
        };
        let mut file = BufReader::new(file);
        let Some((start, delimiter)) =
            beginning(&mut file).map_err(|error| unreadable(path, error))?
        else {
            return Ok(None);
        };
        file.seek(SeekFrom::Start(start))
            .map_err(|error| unreadable(path, error))?;
        let mut csv = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(file);
        let headers = csv.headers().map_err(|error| unreadable(path, error))?;
        let columns = columns
            .iter()
            .map(|wanted| {
                (OWN_COLUMNS..headers.len())
                    .find(|at| headers.get(*at).map(unguarded) == Some(&**wanted))
            })
            .collect();
        Ok(Some(Self {
            path: path.to_owned(),
            csv,
            record: csv::StringRecord::new(),
            columns,
        }))
    }

    /// The next row that was left out.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub(crate) fn next_row(&mut self) -> Result<Option<Rejected>, Failure> {
        let is_there = self
            .csv
            .read_record(&mut self.record)
            .map_err(|error| unreadable(&self.path, error))?;
        if !is_there {
            return Ok(None);
        }
        let cell = |at: usize| self.record.get(at).unwrap_or_default();
        let values = self
            .columns
            .iter()
            .map(|at| at.map_or("", |at| unguarded(cell(at))).into())
            .collect();
        Ok(Some(Rejected {
            row: cell(0).parse().unwrap_or(0),
            reason: cell(3).to_owned(),
            remedy: cell(4).to_owned(),
            values,
        }))
    }
}

/// Where the text begins, and what separates its cells: it stands right after the first header.
fn beginning(file: &mut impl BufRead) -> std::io::Result<Option<(u64, u8)>> {
    let mark = "\u{feff}".len();
    let mut head = vec![0; mark + FIRST_HEADER.len() + 1];
    let length = file.by_ref().take(head.len() as u64).read(&mut head)?;
    let head = &head[..length];
    let (start, text) = match head.strip_prefix("\u{feff}".as_bytes()) {
        Some(text) => (mark as u64, text),
        None => (0, head),
    };
    let delimiter = text
        .strip_prefix(FIRST_HEADER.as_bytes())
        .and_then(|rest| rest.first());
    Ok(delimiter.map(|delimiter| (start, *delimiter)))
}

fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r']) => rest,
        _ => cell,
    }
}

fn unreadable(path: &Path, error: impl ToString) -> Failure {
    Failure::refused(Text::Unreadable {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_come_back_by_the_names_of_their_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.rejects.csv");
        let text = "\u{feff}rejected_row;rejected_column;rejected_value;rejected_reason;rejected_remedy;nama;hp\r\n\
                    7;hp;021;landline: is a landline;give a mobile number;\"Budi; S\";'+6221\r\n";
        std::fs::write(&path, text).unwrap();
        let columns: Vec<Box<str>> = vec!["hp".into(), "nama".into(), "kota".into()];
        let mut rows = RejectedRows::open(&path, &columns).unwrap().unwrap();
        let row = rows.next_row().unwrap().unwrap();
        assert_eq!(row.row, 7);
        assert_eq!(row.reason, "landline: is a landline");
        assert_eq!(*row.values, ["+6221".into(), "Budi; S".into(), "".into()]);
        assert_eq!(rows.next_row().unwrap(), None);
        assert!(
            RejectedRows::open(&folder.path().join("no.csv"), &columns)
                .unwrap()
                .is_none()
        );
        std::fs::write(&path, "something,else\n").unwrap();
        assert!(RejectedRows::open(&path, &columns).unwrap().is_none());
    }
}
