//! An audience from a list, in a file or in memory: rows in, recipients and a report of every refused row out.
//!
//! Every row that is not blank becomes exactly one [`Recipient`] or one [`Reject`], page by page,
//! so that a million rows take no more memory than a thousand. Within a page the second of two
//! same recipients is refused here; across pages whoever holds all rows knows, by
//! [`resolve_duplicates`] or [`Page::refuse_duplicates`]. What is sent, and whether somebody may
//! be written to, is not decided here.

mod columns;
mod csv;
mod duplicates;
mod error;
mod hidden;
mod input;
mod report;
mod row;
mod text;
mod workbook;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;

pub use columns::Columns;
pub use duplicates::{Identity, Seen, SeenInMemory, resolve_duplicates};
pub use error::AudienceError;
pub use report::{
    Fault, REJECTS_FIRST, REPORT_FIRST, REPORT_LAST, Reject, RejectReason, RejectsWriter, guarded,
};

use crate::phone::{LinePolicy, PhoneNumber, Region, normalize};
use duplicates::IdentityMap;
use input::Input;
use row::{Row, Rows};

/// Rows among which the header is looked for; titles and blank rows may stand above it.
const HEADER_ROWS: usize = 30;

/// Looked at to tell kinds of files apart.
const HEAD_BYTES: u64 = 8 * 1024;

/// A page ends early when its rows hold this much text: rows can be long (1 MiB), memory must not
/// be.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// How a file is to be read. The default reads Indonesian mobile numbers and finds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where numbers without a country code belong.
    pub region: Region,
    /// Which lines may be written to.
    pub lines: LinePolicy,
    /// The sheet of a workbook; the first visible one unless named.
    pub sheet: Option<String>,
    /// The column with phone numbers; found by its name unless named.
    pub phone: Option<String>,
    /// The column with people's names; found by its name unless named.
    pub name: Option<String>,
    /// The column that tells several rows of one phone apart, such as `invoice_no`. Without one,
    /// a phone is one recipient.
    pub key: Option<String>,
    /// The encoding of a text file, by its WHATWG label; found unless named.
    pub encoding: Option<String>,
    /// Rows in a page, at least 1; fewer where rows are very long.
    pub page_rows: usize,
    /// A rejects file is read as what was mended of a list: its rows keep the numbers that they had there.
    pub mends: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            region: Region::ID,
            lines: LinePolicy::MobileOnly,
            sheet: None,
            phone: None,
            name: None,
            key: None,
            encoding: None,
            page_rows: 2_000,
            mends: false,
        }
    }
}

/// What kind of file an audience comes from, as found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Text with delimiters.
    Csv {
        /// The encoding it was decoded from.
        encoding: &'static str,
        /// What separates its cells.
        delimiter: char,
    },
    /// A sheet of a workbook.
    Workbook {
        /// The kind of workbook.
        kind: WorkbookKind,
        /// The name of the sheet.
        sheet: String,
    },
}

impl Source {
    /// The delimiter for files that go with this one: its own, or a comma.
    #[must_use]
    pub fn delimiter(&self) -> char {
        match self {
            Self::Csv { delimiter, .. } => *delimiter,
            Self::Workbook { .. } => ',',
        }
    }
}

/// The kinds of workbook that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkbookKind {
    /// Excel since 2007; read as a stream.
    Xlsx,
    /// Excel's binary form of it.
    Xlsb,
    /// Excel before 2007.
    Xls,
    /// LibreOffice.
    Ods,
}

/// A person to write to, as a row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The row as a spreadsheet counts; the header is a row too.
    pub row: u64,
    /// It comes from a rejects file, under the number that it had in its list: [`Options::mends`].
    pub was_rejected: bool,
    /// Whom to write to.
    pub phone: PhoneNumber,
    /// The value of the key column, when one was named.
    pub key: Option<Box<str>>,
    /// The values of [`Columns::variables`], in that order; the phone as E.164.
    pub values: Box<[Box<str>]>,
}

impl Recipient {
    /// What makes this recipient the same as another.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(self.phone, self.key.as_deref())
    }
}

/// A list opened as an audience: an iterator over its pages.
///
/// ```no_run
/// use campaign_core::audience::{Audience, Options, SeenInMemory, resolve_duplicates};
///
/// let audience = Audience::open("pelanggan.csv", &Options::default())?;
/// let mut seen = SeenInMemory::default();
/// for page in audience {
///     let mut page = page?;
///     resolve_duplicates(&mut page, &mut seen);
///     println!("{} to write to", page.recipients.len());
///     for reject in &page.rejects {
///         println!("{reject}");
///     }
/// }
/// # Ok::<(), campaign_core::audience::AudienceError>(())
/// ```
pub struct Audience {
    input: Input,
    source: Source,
    columns: Columns,
    options: Options,
    /// Read when the header was looked for.
    ahead: VecDeque<Row>,
    rows: Box<dyn Rows>,
    last_row: u64,
    failed: bool,
}

impl Audience {
    /// Opens a CSV, XLSX, XLSB, XLS or ODS file, told apart by what is in it, and finds its header.
    ///
    /// # Errors
    /// [`AudienceError`], when there is no table with a phone column and at least one row.
    pub fn open(path: impl AsRef<Path>, options: &Options) -> Result<Self, AudienceError> {
        Self::read(Input::file(path.as_ref()), options)
    }

    /// Opens a list that is in memory, such as an upload: everything is as if it were a file of that name. The bytes are read where they are,
    /// not copied; `name` is what messages call them.
    ///
    /// ```
    /// use campaign_core::audience::{Audience, Options};
    ///
    /// let upload = b"nama;no_hp\nBudi;0812-3456-7890\nSiti;12\n".to_vec();
    /// let audience = Audience::from_bytes("pelanggan.csv", upload, &Options::default())?;
    /// for page in audience {
    ///     let page = page?;
    ///     assert_eq!(page.recipients[0].phone.to_string(), "+6281234567890");
    ///     assert_eq!(page.rejects.len(), 1);
    /// }
    /// # Ok::<(), campaign_core::audience::AudienceError>(())
    /// ```
    ///
    /// # Errors
    /// [`AudienceError`], when there is no table with a phone column and at least one row.
    pub fn from_bytes(
        name: impl Into<PathBuf>,
        bytes: impl AsRef<[u8]> + Send + Sync + 'static,
        options: &Options,
    ) -> Result<Self, AudienceError> {
        Self::read(Input::memory(name.into(), bytes), options)
    }

    fn read(input: Input, options: &Options) -> Result<Self, AudienceError> {
        let head = (input.head(HEAD_BYTES)).map_err(|source| input.unreadable(source))?;
        let name = input.name().display().to_string();
        if head.is_empty() {
            return Err(AudienceError::Empty { what: name });
        }
        let (mut rows, source) = match workbook::kind(&input, &head) {
            Some(kind) => {
                let (rows, sheet) = workbook::open(&input, kind, options.sheet.as_deref())?;
                (rows, Source::Workbook { kind, sheet })
            }
            None => open_text(&input, &head, options)?,
        };
        let what = match &source {
            Source::Csv { .. } => name,
            Source::Workbook { sheet, .. } => format!("sheet \"{sheet}\""),
        };

        let mut first = Vec::new();
        while first.len() < HEADER_ROWS
            && let Some(row) = rows.next_row()?
        {
            if !row.is_blank() {
                first.push(row);
            }
        }
        if first.is_empty() {
            return Err(AudienceError::Empty { what });
        }
        let columns = Columns::find(&first, options)?;
        let header_row = columns.header_row;
        first.retain(|row| row.number > header_row);
        while first.is_empty() {
            match rows.next_row()? {
                None => return Err(AudienceError::HeaderOnly { what, header_row }),
                Some(row) if row.is_blank() => {}
                Some(row) => first.push(row),
            }
        }
        Ok(Self {
            input,
            source,
            columns,
            options: options.clone(),
            ahead: first.into(),
            rows,
            last_row: header_row,
            failed: false,
        })
    }

    /// What kind of file it is.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its columns.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// How many filled rows below the header a filter or a hand has hidden; they are read like any
    /// other, which may surprise who filtered the list before saving it. Reads the sheet once more.
    ///
    /// `None` where it cannot be told: the libraries for XLS and XLSB do not say, and text has no
    /// hidden rows.
    #[must_use]
    pub fn hidden_rows(&self) -> Option<u64> {
        let Source::Workbook { kind, sheet } = &self.source else {
            return None;
        };
        match kind {
            WorkbookKind::Xlsx => hidden::xlsx(&self.input, sheet, self.columns.header_row),
            WorkbookKind::Ods => hidden::ods(&self.input, sheet, self.columns.header_row),
            WorkbookKind::Xls | WorkbookKind::Xlsb => None,
        }
    }

    /// The value of the column with people's names.
    #[must_use]
    pub fn name_of<'a>(&self, recipient: &'a Recipient) -> Option<&'a str> {
        let name = self.columns.name_variable()?;
        recipient.values.get(name).map(|name| &**name)
    }

    fn next_row(&mut self) -> Result<Option<Row>, AudienceError> {
        match self.ahead.pop_front() {
            Some(row) => Ok(Some(row)),
            None => self.rows.next_row(),
        }
    }

    fn next_page(&mut self) -> Result<Option<Page>, AudienceError> {
        let mut page = Page::new(self.columns.clone());
        let mut in_page = IdentityMap::default();
        let mut bytes = 0;
        while page.rows() < self.options.page_rows.max(1)
            && bytes < PAGE_BYTES
            && let Some(mut row) = self.next_row()?
        {
            // Workbooks leave blank rows out altogether.
            page.blank_rows += row.number.saturating_sub(self.last_row + 1);
            self.last_row = row.number;
            if row.is_blank() {
                page.blank_rows += 1;
                continue;
            }
            bytes += row.text().len();
            if self.options.mends
                && let Some(column) = self.columns.rejected_row_column()
                && let Ok(number) = row.cell(column).trim().parse()
            {
                row.number = number;
                row.was_rejected = true;
            }
            match self.recipient(&row) {
                Err((column, value, fault)) => {
                    let reject = Reject::new(row, column.as_deref(), &value, fault);
                    page.rejects.push(reject);
                }
                Ok(recipient) => {
                    let first_row = *in_page.entry(recipient.identity()).or_insert(row.number);
                    if first_row == row.number {
                        page.recipients.push(recipient);
                        page.originals.push(row);
                    } else {
                        let reject = report::duplicate(row, &self.columns, first_row);
                        page.rejects.push(reject);
                    }
                }
            }
        }
        Ok((page.rows() > 0 || page.blank_rows > 0).then_some(page))
    }

    fn recipient(&self, row: &Row) -> Result<Recipient, Refused> {
        let columns = &self.columns;
        readable(row, columns)?;
        let typed = report::unguarded(row.cell(columns.phone_column()));
        let phone = normalize(typed, self.options.region, self.options.lines).map_err(|error| {
            let header = Some(columns.phone().into());
            (header, typed.into(), Fault::Phone(error.refusal))
        })?;
        let value = |column: usize| -> Box<str> {
            if column == columns.phone_column() {
                return phone.to_string().into();
            }
            let cell = report::unguarded(row.cell(column).trim());
            if is_error(cell) { "" } else { cell }.into()
        };
        Ok(Recipient {
            row: row.number,
            was_rejected: row.was_rejected,
            phone,
            key: (columns.key_column())
                .map(|column| report::unguarded(row.cell(column).trim()).into()),
            values: columns
                .sources()
                .iter()
                .map(|column| value(*column))
                .collect(),
        })
    }
}

impl Iterator for Audience {
    type Item = Result<Page, AudienceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let page = self.next_page().transpose();
        self.failed = matches!(page, Some(Err(_)));
        page
    }
}

/// Some rows of the file, each a recipient or a reject.
#[derive(Debug)]
pub struct Page {
    /// The rows that can be written to. May be taken out.
    pub recipients: Vec<Recipient>,
    /// The rows that cannot, in order unless duplicates were refused later.
    pub rejects: Vec<Reject>,
    /// Rows with nothing in them; they count as neither.
    pub blank_rows: u64,
    columns: Columns,
    /// The rows of the recipients as they stood when the page was read.
    originals: Vec<Row>,
}

impl Page {
    fn new(columns: Columns) -> Self {
        Self {
            recipients: Vec::new(),
            rejects: Vec::new(),
            blank_rows: 0,
            columns,
            originals: Vec::new(),
        }
    }

    /// How many rows it has, blank ones not counted.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.originals.len() + self.rejects.len()
    }

    /// Refuses recipients that stand in an earlier page. `first_rows` answers for each recipient,
    /// in the order in which the page was read: the row in which it came first, or `None` when it
    /// is new. Recipients that have been taken out of the page are reported all the same.
    pub fn refuse_duplicates(&mut self, first_rows: impl IntoIterator<Item = Option<u64>>) {
        let mut answers = first_rows.into_iter();
        let untouched = self.recipients.len() == self.originals.len();
        let recipients = std::mem::take(&mut self.recipients);
        let mut recipients = recipients.into_iter();
        let mut kept = Vec::new();
        for original in std::mem::take(&mut self.originals) {
            let recipient = if untouched { recipients.next() } else { None };
            match answers.next().flatten() {
                None => {
                    self.originals.push(original);
                    kept.extend(recipient);
                }
                Some(first_row) => {
                    let reject = report::duplicate(original, &self.columns, first_row);
                    self.rejects.push(reject);
                }
            }
        }
        kept.extend(recipients);
        self.recipients = kept;
    }
}

/// Column, value and fault of a row that is refused.
type Refused = (Option<Box<str>>, Box<str>, Fault);

/// Refuses rows whose cells cannot be told apart or read.
fn readable(row: &Row, columns: &Columns) -> Result<(), Refused> {
    let whole = |fault| {
        let value = row.cells().find(|cell| !row::is_blank(cell));
        (None, value.unwrap_or_default().into(), fault)
    };
    match row.fault {
        Some(row::Fault::OpenQuote) => return Err(whole(Fault::OpenQuote)),
        Some(row::Fault::TooLong) => return Err(whole(Fault::TooLong)),
        None => {}
    }
    let cells = (columns.width()..row.len())
        .rev()
        .find(|column| !row::is_blank(row.cell(*column)))
        .map(|column| column + 1);
    if let Some(cells) = cells {
        let columns = columns.width();
        return Err(whole(Fault::TooManyCells { cells, columns }));
    }
    // A zero is no character of any text, and databases refuse it.
    const BROKEN: [char; 2] = [char::REPLACEMENT_CHARACTER, '\0'];
    if row.text().contains(BROKEN) {
        let broken = (0..row.len())
            .find(|column| row.cell(*column).contains(BROKEN))
            .unwrap_or(0);
        let header = columns.header(broken).map(Box::from);
        return Err((header, row.cell(broken).into(), Fault::BrokenText));
    }
    Ok(())
}

/// A formula that failed: no value, whatever it was to be.
fn is_error(cell: &str) -> bool {
    const ERRORS: [&str; 9] = [
        "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!",
    ];
    cell.starts_with('#') && ERRORS.contains(&cell)
}

fn open_text(
    input: &Input,
    head: &[u8],
    options: &Options,
) -> Result<(Box<dyn Rows>, Source), AudienceError> {
    let encoding = match &options.encoding {
        Some(label) => {
            Encoding::for_label(label.as_bytes()).ok_or_else(|| AudienceError::UnknownEncoding {
                label: label.clone(),
            })?
        }
        None => text::detect(input).map_err(|source| input.unreadable(source))?,
    };
    if let Some(what) = not_a_table(head, encoding) {
        return Err(AudienceError::NotATable {
            path: input.name().to_owned(),
            what,
        });
    }
    let dialect = csv::Dialect::detect(input, encoding)?;
    let rows = csv::CsvRows::open(input, encoding, dialect)?;
    let source = Source::Csv {
        encoding: encoding.name(),
        delimiter: dialect.delimiter.into(),
    };
    Ok((Box::new(rows), source))
}

/// What a file is that is neither a workbook nor a table in text.
fn not_a_table(head: &[u8], encoding: &'static Encoding) -> Option<&'static str> {
    const KNOWN: [(&[u8], &str); 8] = [
        (b"PK", "a ZIP archive"),
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "an image"),
        (b"\xff\xd8\xff", "an image"),
        (b"GIF8", "an image"),
        (b"\x1f\x8b", "a compressed file"),
        (b"Rar!", "a RAR archive"),
        (b"SQLite format 3", "a database"),
    ];
    let known = KNOWN.iter().find(|(magic, _)| head.starts_with(magic));
    if let Some((_, what)) = known {
        return Some(what);
    }
    let wide = [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(&encoding);
    if !wide && head.contains(&0) {
        return Some("a file of bytes that are no text");
    }
    let start = String::from_utf8_lossy(&head[..head.len().min(1_000)]).to_lowercase();
    let markup = start.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    if markup.starts_with('<') {
        // Billing programs write web pages and call them .xls.
        return Some("a web page or XML under another name (open it in a spreadsheet program)");
    }
    None
}
