//! Why a file cannot be used at all. What is wrong with single rows is in the report.

use std::io;
use std::path::PathBuf;

/// A file that gives no audience. The message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AudienceError {
    /// The file is missing, or cannot be read.
    #[error("cannot read {}: {source}; check the path and the permissions", .path.display())]
    Unreadable {
        /// The file, or what the bytes were called.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nothing in the file, or in the sheet.
    #[error("{what} is empty: export the list again")]
    Empty {
        /// The file or the sheet.
        what: String,
    },
    /// A header and no row below it.
    #[error("{what} has a header (row {header_row}) and no rows below it: export the list again")]
    HeaderOnly {
        /// The file or the sheet.
        what: String,
        /// The row of the header.
        header_row: u64,
    },
    /// Something else than a table.
    #[error("{} is {what}, not a table: save the list as CSV or XLSX", .path.display())]
    NotATable {
        /// The file, or what the bytes were called.
        path: PathBuf,
        /// What it looks like.
        what: &'static str,
    },
    /// A workbook that cannot be opened.
    #[error(
        "{} cannot be opened as a workbook ({detail}): if it has a password, remove it; otherwise \
         save it again as XLSX or CSV", .path.display()
    )]
    BrokenWorkbook {
        /// The file, or what the bytes were called.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// No sheet of that name, or none to be seen.
    #[error("there is no sheet \"{wanted}\": the workbook has {}", listed(.sheets))]
    NoSheet {
        /// The name asked for.
        wanted: String,
        /// The sheets there are.
        sheets: Vec<String>,
    },
    /// No column is known for phone numbers.
    #[error(
        "no column holds phone numbers by its name: row {row} has {}; name one of them \"phone\" \
         (or no_hp, whatsapp, telepon), or say which column it is", listed(.headers)
    )]
    NoPhoneColumn {
        /// The row that looks most like a header.
        row: u64,
        /// What it holds.
        headers: Vec<String>,
    },
    /// A column was named that the file does not have.
    #[error(
        "there is no column \"{wanted}\" for the {role}: the file has {}{}", listed(.headers),
        .nearest.as_ref().map(|nearest| format!("; did you mean \"{nearest}\"?")).unwrap_or_default()
    )]
    UnknownColumn {
        /// What the column is for: phone, name or key.
        role: &'static str,
        /// The name asked for.
        wanted: String,
        /// The columns there are.
        headers: Vec<String>,
        /// The most similar of them.
        nearest: Option<String>,
    },
    /// An encoding was named that nobody knows.
    #[error("\"{label}\" is no text encoding: give utf-8, windows-1252, utf-16le, or leave it out")]
    UnknownEncoding {
        /// The name asked for.
        label: String,
    },
}

/// At most twelve names, quoted.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = (names.iter().take(SHOWN))
        .map(|name| format!("\"{}\"", name.chars().take(40).collect::<String>()))
        .collect::<Vec<_>>()
        .join(", ");
    match names.len() {
        0 => text.push_str("none"),
        count if count > SHOWN => text.push_str(&format!(" and {} more", count - SHOWN)),
        _ => {}
    }
    text
}
