//! The rows that an import left out, read back from the file it wrote.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use campaign_core::audience::{REJECTS_FIRST, guarded};

use crate::exit::Failure;
use crate::language::Text;

const OWN_COLUMNS: usize = REJECTS_FIRST.len();
const FIRST_HEADER: &str = REJECTS_FIRST[0];

/// A row that was left out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) row: u64,
    column: String,
    value: String,
    pub(crate) reason: String,
    pub(crate) remedy: String,
    /// The values of the columns that were asked for.
    pub(crate) values: Vec<Box<str>>,
}

/// The rows of a rejects file, one after the other.
pub(crate) struct RejectedRows {
    path: PathBuf,
    csv: csv::Reader<BufReader<File>>,
    record: csv::StringRecord,
    delimiter: u8,
    /// Where each of the columns that were asked for is.
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
        csv.headers().map_err(|error| unreadable(path, error))?;
        let mut rows = Self {
            path: path.to_owned(),
            csv,
            record: csv::StringRecord::new(),
            delimiter,
            columns: Vec::new(),
        };
        rows.ask_for(columns)?;
        Ok(Some(rows))
    }

    /// The columns of the list that the rows were rejected from.
    fn list_columns(&mut self) -> Result<Vec<Box<str>>, Failure> {
        let headers = self.csv.headers();
        let headers = headers.map_err(|error| unreadable(&self.path, error))?;
        let own = headers.iter().skip(OWN_COLUMNS);
        Ok(own.map(|header| unguarded(header).into()).collect())
    }

    fn ask_for(&mut self, columns: &[Box<str>]) -> Result<(), Failure> {
        let there = self.list_columns()?;
        let places = columns.iter().map(|wanted| {
            let place = there.iter().position(|column| column == wanted);
            place.map(|at| OWN_COLUMNS + at)
        });
        self.columns = places.collect();
        Ok(())
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
            row: cell(0).trim().parse().unwrap_or(0),
            column: unguarded(cell(1)).to_owned(),
            value: unguarded(cell(2)).to_owned(),
            reason: cell(3).to_owned(),
            remedy: cell(4).to_owned(),
            values,
        }))
    }
}

/// Brings the file of rejected rows up to date after some of them were mended in another one: those leave it, and what was rejected again,
/// with the reason of today, takes the place of what stood there. Returns how many are left; without any, there is no file any more.
///
/// # Errors
/// When a file cannot be read or written: then it is as it was.
pub(crate) fn update(path: &Path, mended: &HashSet<u64>, again: &Path) -> Result<u64, Failure> {
    let mut old = RejectedRows::open(path, &[])?;
    let mut new = RejectedRows::open(again, &[])?;
    let Some(first) = old.as_mut().or(new.as_mut()) else {
        return Ok(0);
    };
    let (columns, delimiter) = (first.list_columns()?, first.delimiter);
    for rows in [&mut old, &mut new].into_iter().flatten() {
        rows.ask_for(&columns)?;
    }
    let part = again.with_extension("part");
    let failed = |error: io::Error| cannot_write(path, &error);
    let left = {
        let file = BufWriter::new(File::create(&part).map_err(failed)?);
        let mut writer = Writer::new(file, &columns, delimiter).map_err(failed)?;
        let (mut old, mut new) = (Cursor::new(old)?, Cursor::new(new)?);
        loop {
            let row = old.row();
            if row.is_some_and(|row| mended.contains(&row)) || row.is_some() && row == new.row() {
                old.take()?;
                continue;
            }
            let is_next = match (row, new.row()) {
                (Some(old), Some(new)) => old < new,
                (old, _) => old.is_some(),
            };
            let taken = if is_next { old.take()? } else { new.take()? };
            match taken {
                Some(row) => writer.write(&row).map_err(failed)?,
                None => break,
            }
        }
        writer.finish().map_err(failed)?
    };
    gone(again).map_err(failed)?;
    replace(path, &part, left)
}

/// Puts a file with so many rejected rows in the place of another; without any, there is no file any more.
///
/// # Errors
/// When it cannot be written: then it is as it was.
pub(crate) fn replace(path: &Path, by: &Path, rows: u64) -> Result<u64, Failure> {
    let replaced = match rows {
        0 => gone(by).and_then(|()| gone(path)),
        _ => fs::rename(by, path),
    };
    match replaced {
        Ok(()) => Ok(rows),
        Err(error) => Err(cannot_write(path, &error)),
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::other_text(Text::CannotWrite {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The rows of a file that may not be there, one of them looked at ahead.
struct Cursor {
    rows: Option<RejectedRows>,
    next: Option<Rejected>,
}

impl Cursor {
    fn new(rows: Option<RejectedRows>) -> Result<Self, Failure> {
        let mut cursor = Self { rows, next: None };
        cursor.take()?;
        Ok(cursor)
    }

    fn row(&self) -> Option<u64> {
        self.next.as_ref().map(|next| next.row)
    }

    fn take(&mut self) -> Result<Option<Rejected>, Failure> {
        let next = match &mut self.rows {
            Some(rows) => rows.next_row()?,
            None => None,
        };
        Ok(std::mem::replace(&mut self.next, next))
    }
}

/// Writes rows as an import does.
struct Writer<W: Write> {
    csv: csv::Writer<W>,
    rows: u64,
}

impl<W: Write> Writer<W> {
    fn new(mut target: W, columns: &[Box<str>], delimiter: u8) -> io::Result<Self> {
        target.write_all("\u{feff}".as_bytes())?;
        let mut csv = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .terminator(csv::Terminator::CRLF)
            .from_writer(target);
        for header in REJECTS_FIRST
            .into_iter()
            .chain(columns.iter().map(|it| &**it))
        {
            csv.write_field(&*guarded(header))?;
        }
        csv.write_record(None::<&[u8]>)?;
        Ok(Self { csv, rows: 0 })
    }

    fn write(&mut self, row: &Rejected) -> io::Result<()> {
        let number = row.row.to_string();
        let own = [&number, &row.column, &row.value, &row.reason, &row.remedy];
        let cells = own.map(String::as_str).into_iter();
        let cells = cells.chain(row.values.iter().map(|value| &**value));
        for cell in cells {
            self.csv.write_field(&*guarded(cell))?;
        }
        self.csv.write_record(None::<&[u8]>)?;
        self.rows += 1;
        Ok(())
    }

    /// How many were written.
    fn finish(mut self) -> io::Result<u64> {
        self.csv.flush()?;
        Ok(self.rows)
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

    #[test]
    fn mended_rows_leave_the_file_and_what_is_still_wrong_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (path, again) = (
            folder.path().join("x.rejects.csv"),
            folder.path().join("x.again"),
        );
        let own = "rejected_row;rejected_column;rejected_value;rejected_reason;rejected_remedy";
        let old = format!(
            "\u{feff}{own};nama;hp\n4;hp;1;a;b;Ani;1\n7;hp;2;a;b;Budi;'+62\n9;hp;3;a;b;Eko;3\n12;hp;4;a;b;Tuti;4\n"
        );
        let new =
            format!("{own};hp;nama\n9;hp;33;c;d;33;Eko\n10;hp;5;c;d;5;Rina\n").replace(';', ",");
        let rows = || {
            let columns: Vec<Box<str>> = vec!["nama".into(), "hp".into()];
            let mut rows = RejectedRows::open(&path, &columns).unwrap()?;
            let mut found = Vec::new();
            while let Some(row) = rows.next_row().unwrap() {
                found.push(format!(
                    "{} {} {} {}",
                    row.row,
                    row.value,
                    row.reason,
                    row.values.join(" ")
                ));
            }
            Some(found)
        };
        fs::write(&path, &old).unwrap();
        fs::write(&again, &new).unwrap();
        assert_eq!(update(&path, &HashSet::from([4]), &again).unwrap(), 4);
        let left = [
            "7 2 a Budi +62",
            "9 33 c Eko 33",
            "10 5 c Rina 5",
            "12 4 a Tuti 4",
        ];
        assert_eq!(rows().unwrap(), left);
        assert!(!again.exists());

        let mended = HashSet::from([7, 9, 10, 12]);
        assert_eq!(update(&path, &mended, &again).unwrap(), 0);
        assert_eq!(rows(), None, "nothing is left to mend");
        fs::write(&again, &new).unwrap();
        assert_eq!(update(&path, &mended, &again).unwrap(), 2);
        assert_eq!(rows().unwrap(), ["9 33 c Eko 33", "10 5 c Rina 5"]);
    }
}
