//! Which column holds what: found by the names people give, in Indonesian and English, or named by
//! the caller.

use std::sync::Arc;

use super::row::{Row, is_blank};
use super::{AudienceError, Options, report};
use crate::template::same_name;

/// Words for a telephone, best first: of "Telepon" and "WhatsApp", the second is meant.
const TELEPHONES: [&[&str]; 4] = [
    &["whatsapp", "wa", "msisdn", "chatid", "jid", "waid"],
    &[
        "hp",
        "handphone",
        "mobile",
        "mobilephone",
        "cell",
        "cellphone",
        "seluler",
        "ponsel",
        "gsm",
    ],
    &["phone"],
    &["telepon", "telpon", "telp", "tlp", "tel", "telephone"],
];

/// Whole names that mean a telephone number without naming a telephone.
const NUMBERS: [&str; 12] = [
    "nomor",
    "nomer",
    "number",
    "kontak",
    "nomor kontak",
    "no kontak",
    "contact number",
    "contact no",
    "nomor tujuan",
    "no tujuan",
    "nomor penerima",
    "no penerima",
];

/// Words that may stand beside those without changing the meaning.
const BESIDE: [&str; 25] = [
    "no",
    "nr",
    "num",
    "nomor",
    "nomer",
    "number",
    "1",
    "utama",
    "primary",
    "contact",
    "contacts",
    "kontak",
    "customer",
    "customers",
    "pelanggan",
    "konsumen",
    "client",
    "klien",
    "penerima",
    "recipient",
    "member",
    "nasabah",
    "siswa",
    "pemilik",
    "orangtua",
];

const NAMES: [&str; 5] = ["nama", "name", "fullname", "namalengkap", "customername"];

const BESIDE_NAMES: [&str; 20] = [
    "lengkap",
    "full",
    "1",
    "panggilan",
    "contact",
    "contacts",
    "kontak",
    "customer",
    "customers",
    "pelanggan",
    "konsumen",
    "client",
    "klien",
    "penerima",
    "recipient",
    "member",
    "nasabah",
    "siswa",
    "pemilik",
    "orangtua",
];

/// The columns of a file, and what they are for.
///
/// Every column with a name is a variable of the campaign, under its header as written; templates
/// find it whatever the case, spaces and punctuation.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The row of the header, as a spreadsheet counts.
    pub header_row: u64,
    headers: Vec<Box<str>>,
    variables: Arc<[Box<str>]>,
    /// The column of each variable.
    sources: Vec<usize>,
    phone: usize,
    name: Option<usize>,
    key: Option<usize>,
    also_phones: Vec<usize>,
}

impl Columns {
    /// Reads the header from the first rows of a file: it may stand below titles.
    pub(super) fn find(rows: &[Row], options: &Options) -> Result<Self, AudienceError> {
        let header = header_row(rows, options.phone.as_deref())?;
        let headers: Vec<Box<str>> = (header.cells())
            .map(|cell| report::unguarded(cell).trim().into())
            .collect();
        let named = |role, wanted: &Option<String>| {
            (wanted.as_deref())
                .map(|wanted| column_named(&headers, role, wanted))
                .transpose()
        };
        let mut phones = phone_columns(header);
        let phone = match named("phone", &options.phone)? {
            Some(phone) => phone,
            None => *phones.first().ok_or_else(|| no_phone_column(header))?,
        };
        phones.retain(|column| *column != phone);
        let name = match named("name", &options.name)? {
            Some(name) => Some(name),
            None => (0..headers.len())
                .filter(|column| *column != phone)
                .find(|column| is_name(&headers[*column])),
        };
        let key = named("key", &options.key)?;
        let (sources, variables) = variables(&headers);
        Ok(Self {
            header_row: header.number,
            headers,
            variables: variables.into(),
            sources,
            phone,
            name,
            key,
            also_phones: phones,
        })
    }

    /// The names of the variables, in the order in which [`Recipient::values`](super::Recipient)
    /// holds their values.
    #[must_use]
    pub fn variables(&self) -> &Arc<[Box<str>]> {
        &self.variables
    }

    /// The header of the column with phone numbers.
    #[must_use]
    pub fn phone(&self) -> &str {
        &self.headers[self.phone]
    }

    /// Other columns that could have been meant for phone numbers.
    pub fn also_phones(&self) -> impl Iterator<Item = &str> {
        self.also_phones
            .iter()
            .map(|column| &*self.headers[*column])
    }

    /// The header of the column with people's names, when there is one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.map(|column| &*self.headers[column])
    }

    /// The header of the key column, when one was named.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.map(|column| &*self.headers[column])
    }

    /// The headers of all columns as written, for the report.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(|header| &**header)
    }

    pub(super) fn width(&self) -> usize {
        self.headers.len()
    }

    pub(super) fn header(&self, column: usize) -> Option<&str> {
        self.headers.get(column).map(|header| &**header)
    }

    pub(super) fn phone_column(&self) -> usize {
        self.phone
    }

    pub(super) fn key_column(&self) -> Option<usize> {
        self.key
    }

    /// Where a rejects file keeps the number that a row had in its list.
    pub(super) fn rejected_row_column(&self) -> Option<usize> {
        let [rejected_row, ..] = report::REJECTS_FIRST;
        let mut headers = self.headers.iter();
        headers.position(|header| **header == *rejected_row)
    }

    /// Whether it is the file of rejected rows that an import wrote.
    #[must_use]
    pub fn is_rejects_file(&self) -> bool {
        self.rejected_row_column().is_some()
    }

    /// Which variable holds the name.
    pub(super) fn name_variable(&self) -> Option<usize> {
        let name = self.name?;
        self.sources.iter().position(|column| *column == name)
    }

    pub(super) fn sources(&self) -> &[usize] {
        &self.sources
    }
}

/// The row with the header: the first that names the phone column. One of several cells is
/// preferred, since a title can be called "WhatsApp" too.
fn header_row<'a>(rows: &'a [Row], phone: Option<&str>) -> Result<&'a Row, AudienceError> {
    let names_phone = |row: &&Row| match phone {
        Some(wanted) => row.cells().any(|cell| same_name(cell, wanted)),
        None => phone_column(row).is_some(),
    };
    let mut candidates = rows.iter().filter(names_phone);
    let several_cells = |row: &&Row| filled(row) > 1;
    let first = candidates.clone().next();
    if let Some(row) = candidates.find(several_cells).or(first) {
        return Ok(row);
    }
    let likeliest = likeliest_header(rows);
    Err(match phone {
        Some(wanted) => unknown_column(&cells_of(likeliest), "phone", wanted),
        None => no_phone_column(likeliest),
    })
}

/// The first row with the most cells: to tell the operator what was seen.
fn likeliest_header(rows: &[Row]) -> &Row {
    static NONE: Row = Row::NONE;
    let most = rows.iter().map(filled).max().unwrap_or(0);
    (rows.iter().find(|row| filled(row) == most)).unwrap_or(&NONE)
}

fn filled(row: &Row) -> usize {
    row.cells().filter(|cell| !is_blank(cell)).count()
}

fn cells_of(row: &Row) -> Vec<Box<str>> {
    row.cells().map(Box::from).collect()
}

fn no_phone_column(header: &Row) -> AudienceError {
    AudienceError::NoPhoneColumn {
        row: header.number,
        headers: seen(&cells_of(header)),
    }
}

fn column_named(
    headers: &[Box<str>],
    role: &'static str,
    wanted: &str,
) -> Result<usize, AudienceError> {
    let exact = headers.iter().position(|header| **header == *wanted.trim());
    exact
        .or_else(|| headers.iter().position(|header| same_name(header, wanted)))
        .ok_or_else(|| unknown_column(headers, role, wanted))
}

fn unknown_column(headers: &[Box<str>], role: &'static str, wanted: &str) -> AudienceError {
    const SIMILAR: f64 = 0.6;
    let headers = seen(headers);
    let lower = wanted.to_lowercase();
    let likeness = |header: &String| strsim::normalized_levenshtein(&header.to_lowercase(), &lower);
    let nearest = (headers.iter())
        .max_by(|one, other| likeness(one).total_cmp(&likeness(other)))
        .filter(|header| likeness(header) >= SIMILAR)
        .cloned();
    AudienceError::UnknownColumn {
        role,
        wanted: wanted.to_owned(),
        headers,
        nearest,
    }
}

fn seen(headers: &[Box<str>]) -> Vec<String> {
    (headers.iter())
        .filter(|header| !is_blank(header))
        .map(|header| header.trim().to_owned())
        .collect()
}

/// The columns that are variables, and their names: every column with a header, but for those that
/// a rejects file or a report has of its own. A second column of the same name is numbered.
fn variables(headers: &[Box<str>]) -> (Vec<usize>, Vec<Box<str>>) {
    let mut columns = Vec::new();
    let mut names: Vec<Box<str>> = Vec::new();
    let own = report::own_columns(headers.iter().map(|header| &**header));
    for (column, header) in headers.iter().enumerate() {
        if is_blank(header) || own.get(column).is_some_and(|own| *own) {
            continue;
        }
        let taken = |name: &str| names.iter().any(|other| **other == *name);
        let name = if taken(header) {
            let numbered = (2..).map(|count| format!("{header} {count}"));
            numbered
                .into_iter()
                .find(|name| !taken(name))
                .unwrap_or_default()
                .into()
        } else {
            header.clone()
        };
        columns.push(column);
        names.push(name);
    }
    (columns, names)
}

/// The column for phone numbers by its name.
pub(super) fn phone_column(row: &Row) -> Option<usize> {
    phone_columns(row).first().copied()
}

/// All columns whose names mean phone numbers, best first.
fn phone_columns(row: &Row) -> Vec<usize> {
    let mut ranked: Vec<(usize, usize)> = (row.cells().enumerate())
        .filter_map(|(column, cell)| Some((phone_rank(cell)?, column)))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, column)| column).collect()
}

/// How well a header names phone numbers, 0 best; `None` when it does not.
fn phone_rank(header: &str) -> Option<usize> {
    const LONGEST: usize = 60;
    // Most cells are no headers, and many of those are numbers.
    if header.len() > LONGEST || !header.chars().any(char::is_alphabetic) {
        return None;
    }
    let words = words(header);
    if NUMBERS.contains(&words.join(" ").as_str()) {
        return Some(TELEPHONES.len());
    }
    let rank_of = |word: &str| {
        let bare = ["nomor", "nomer", "no"]
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .unwrap_or(word);
        let bare = bare.strip_suffix("number").unwrap_or(bare);
        let bare = bare.strip_suffix("no").unwrap_or(bare);
        let bare = bare.strip_suffix('1').unwrap_or(bare);
        (TELEPHONES.iter()).position(|names| names.contains(&bare))
    };
    if let Some(rank) = rank_of(&words.concat()) {
        return Some(rank);
    }
    let harmless = |word: &String| rank_of(word).is_some() || BESIDE.contains(&word.as_str());
    if !words.iter().all(harmless) {
        return None;
    }
    words.iter().filter_map(|word| rank_of(word)).min()
}

fn is_name(header: &str) -> bool {
    let words = words(header);
    words.iter().any(|word| NAMES.contains(&word.as_str()))
        && words
            .iter()
            .all(|word| NAMES.contains(&word.as_str()) || BESIDE_NAMES.contains(&word.as_str()))
}

/// The words of a header in lower case: `contacts_name`, `phoneNumber` and `No. HP/WA` have two,
/// two and three.
fn words(header: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    // One word, whatever its capitals.
    for character in header.replace("WhatsApp", "Whatsapp").chars() {
        if !character.is_alphanumeric() || (after_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(cells: &[&str]) -> Row {
        let mut row = Row::new(1);
        for cell in cells {
            row.push(cell);
        }
        row
    }

    fn find(rows: &[Row]) -> Result<Columns, AudienceError> {
        Columns::find(rows, &Options::default())
    }

    #[test]
    fn names_of_phone_columns_are_known() {
        for header in [
            "phone",
            "Phone",
            "PHONE NUMBER",
            "phoneNumber",
            "phone_number",
            "Phone No.",
            "phone1",
            "no_hp",
            "No HP",
            "No. HP",
            "NoHP",
            "nomor hp",
            "Nomor HP",
            "hp",
            "HP 1",
            "nomor",
            "Nomor",
            "whatsapp",
            "WhatsApp",
            "No WhatsApp",
            "nomor_wa",
            "wa",
            "WA",
            "NoWA",
            "No. HP/WA",
            "No HP (WhatsApp)",
            "customerWhatsApp",
            "telepon",
            "Telp",
            "No. Telp",
            "telp/hp",
            "notelp",
            "nomortelepon",
            "handphone",
            "No Handphone",
            "mobile",
            "Mobile Number",
            "MobilePhone",
            "contacts_phone",
            "Contact Number",
            "customer phone",
            "HP Pelanggan",
            "Nomor WA Pelanggan",
            "Nomor Tujuan",
            "telephone",
            "msisdn",
            "chatId",
            "Ponsel",
            "No. Ponsel",
            "Nomor Seluler",
            "Kontak",
            " phone ",
            "phone\u{a0}number",
        ] {
            assert!(phone_rank(header).is_some(), "{header}");
        }
    }

    #[test]
    fn names_of_other_columns_are_not_taken_for_phones() {
        for header in [
            "",
            "no",
            "No.",
            "nama",
            "Nomor Invoice",
            "Nomor Pelanggan",
            "No Rekening",
            "Order Number",
            "invoice_no",
            "tipe hp",
            "WA Status",
            "alamat",
            "jumlah",
            "tanggal",
            "merk hp",
            "number of items",
            "customer",
            "pelanggan",
            "phone type",
            "hotel",
            "tell",
            "081234567890",
            "Daftar nomor HP pelanggan bulan ini",
        ] {
            assert_eq!(phone_rank(header), None, "{header}");
        }
    }

    #[test]
    fn of_several_phone_columns_whatsapp_comes_first() {
        let columns = find(&[row(&["Nama", "Telepon", "HP", "WhatsApp", "Nomor"])]).unwrap();
        assert_eq!(columns.phone(), "WhatsApp");
        let also: Vec<&str> = columns.also_phones().collect();
        assert_eq!(also, ["HP", "Telepon", "Nomor"]);
        assert_eq!(columns.name(), Some("Nama"));
    }

    #[test]
    fn names_of_people_are_found_and_names_of_things_are_not() {
        for header in [
            "nama",
            "Name",
            "contacts_name",
            "Nama Pelanggan",
            "Full Name",
            "customerName",
        ] {
            assert!(is_name(header), "{header}");
        }
        for header in ["nama produk", "file name", "username", "pelanggan", ""] {
            assert!(!is_name(header), "{header}");
        }
    }

    #[test]
    fn the_header_is_found_below_titles() {
        let mut rows = vec![
            row(&["WhatsApp"]),
            row(&["Tagihan November 2026", "", "PT Contoh"]),
            row(&["No", "Nama", "No HP", "Jumlah"]),
            row(&["1", "Budi", "081212345678", "250000"]),
        ];
        for (at, row) in rows.iter_mut().enumerate() {
            row.number = at as u64 + 1;
        }
        let columns = find(&rows).unwrap();
        assert_eq!(columns.header_row, 3);
        assert_eq!(columns.phone(), "No HP");
        let alone = find(&[row(&["whatsapp"]), row(&["081212345678"])]).unwrap();
        assert_eq!(alone.header_row, 1);
    }

    #[test]
    fn headers_without_a_name_are_no_variables_and_twins_are_numbered() {
        let columns = find(&[row(&[
            "phone",
            "",
            "jumlah",
            "jumlah",
            "rejected_row",
            "jumlah 2",
            " nama ",
        ])])
        .unwrap();
        let variables: Vec<&str> = columns.variables().iter().map(|name| &**name).collect();
        assert_eq!(
            variables,
            ["phone", "jumlah", "jumlah 2", "jumlah 2 2", "nama"]
        );
        assert_eq!(columns.sources(), [0, 2, 3, 5, 6]);
    }

    #[test]
    fn a_missing_column_is_named_with_what_there_is() {
        let rows = [row(&["Judul"]), row(&["nama", "jumlah", "invoice_number"])];
        let message = find(&rows).unwrap_err().to_string();
        assert!(
            message.contains("\"nama\", \"jumlah\", \"invoice_number\"")
                && message.contains("no_hp"),
            "{message}"
        );

        let options = Options {
            phone: Some("jumlah".into()),
            key: Some("invoice_nomber".into()),
            ..Options::default()
        };
        let message = Columns::find(&rows, &options).unwrap_err().to_string();
        assert!(
            message.contains("no column \"invoice_nomber\" for the key")
                && message.contains("did you mean \"invoice_number\"?"),
            "{message}"
        );
        let options = Options {
            phone: Some("INVOICE NUMBER".into()),
            ..Options::default()
        };
        let columns = Columns::find(&rows, &options).unwrap();
        assert_eq!(columns.phone(), "invoice_number");
    }
}
