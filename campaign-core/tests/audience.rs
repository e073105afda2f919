//! Files as people have them, and the recipients and refused rows that come out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use campaign_core::audience::{
    Audience, AudienceError, Fault, Options, Page, Recipient, Reject, RejectReason, RejectsWriter,
    SeenInMemory, Source, WorkbookKind, resolve_duplicates,
};
use campaign_core::phone::LinePolicy;
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use tempfile::{NamedTempFile, TempDir};

fn file(bytes: impl AsRef<[u8]>) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes.as_ref()).unwrap();
    file
}

fn key(column: &str) -> Options {
    Options {
        key: Some(column.into()),
        ..Options::default()
    }
}

/// Everything in a list, duplicates across pages refused.
#[derive(Debug)]
struct Read {
    source: Source,
    variables: Vec<String>,
    recipients: Vec<Recipient>,
    rejects: Vec<Reject>,
    blank_rows: u64,
    hidden_rows: Option<u64>,
}

impl Read {
    /// What the file gives, which is what its bytes give under its name.
    fn from(path: &Path, options: &Options) -> Result<Self, AudienceError> {
        let from_file = Audience::open(path, options).and_then(Self::whole);
        if let Ok(bytes) = std::fs::read(path) {
            let from_bytes = Audience::from_bytes(path, bytes, options).and_then(Self::whole);
            assert_eq!(format!("{from_bytes:?}"), format!("{from_file:?}"));
        }
        from_file
    }

    fn whole(audience: Audience) -> Result<Self, AudienceError> {
        let mut read = Self {
            source: audience.source().clone(),
            variables: (audience.columns().variables().iter())
                .map(|name| name.to_string())
                .collect(),
            recipients: Vec::new(),
            rejects: Vec::new(),
            blank_rows: 0,
            hidden_rows: audience.hidden_rows(),
        };
        let mut seen = SeenInMemory::default();
        for page in audience {
            let mut page = page?;
            let rows = page.rows();
            resolve_duplicates(&mut page, &mut seen);
            assert_eq!(page.rows(), rows);
            assert_eq!(page.recipients.len() + page.rejects.len(), rows);
            read.recipients.append(&mut page.recipients);
            read.rejects.append(&mut page.rejects);
            read.blank_rows += page.blank_rows;
        }
        Ok(read)
    }

    fn text(text: impl AsRef<[u8]>) -> Self {
        Self::from(file(text).path(), &Options::default()).unwrap()
    }

    fn phones(&self) -> Vec<(u64, String)> {
        (self.recipients.iter())
            .map(|recipient| (recipient.row, recipient.phone.to_string()))
            .collect()
    }

    fn values(&self, at: usize) -> Vec<&str> {
        self.recipients[at]
            .values
            .iter()
            .map(|value| &**value)
            .collect()
    }

    fn faults(&self) -> Vec<(u64, RejectReason, &str)> {
        (self.rejects.iter())
            .map(|reject| (reject.row, reject.fault.reason(), &*reject.value))
            .collect()
    }
}

fn error(bytes: impl AsRef<[u8]>) -> String {
    let file = file(bytes);
    match Read::from(file.path(), &Options::default()) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_row_is_a_recipient_or_a_reject_with_its_reason() {
    let read = Read::text(
        "Nama,No HP,Jumlah\n\
         Budi,0812-1234-5678,250000\n\
         \n\
         Siti,021-55501234,100000\n\
         Agus,123,50000\n\
         ,,\n\
         Dewi,00919175551234,1\n\
         Budi lagi,+62 812 1234 5678,1\n\
         Eka,0813 1234 5678/79,1\n\
         Joko,081312345678,\"1,000\",lebih\n\
         Rina,081412345678\n",
    );
    assert_eq!(
        read.phones(),
        [
            (2, "+6281212345678".to_owned()),
            (11, "+6281412345678".to_owned())
        ]
    );
    assert_eq!(
        read.faults(),
        [
            (4, RejectReason::Landline, "021-55501234"),
            (5, RejectReason::InvalidNumber, "123"),
            (7, RejectReason::AmbiguousNumber, "00919175551234"),
            (8, RejectReason::Duplicate, "+62 812 1234 5678"),
            (9, RejectReason::InvalidNumber, "0813 1234 5678/79"),
            (10, RejectReason::UnreadableRow, "Joko"),
        ]
    );
    assert_eq!(read.blank_rows, 2);
    assert_eq!(read.variables, ["Nama", "No HP", "Jumlah"]);
    assert_eq!(read.values(0), ["Budi", "+6281212345678", "250000"]);
    assert_eq!(read.values(1), ["Rina", "+6281412345678", ""]);
    assert_eq!(
        read.rejects[3].to_string(),
        "row 8: \"+62 812 1234 5678\" is the same recipient as row 2: nothing, if one message is \
         enough; otherwise name a key column that tells the rows apart"
    );
    assert_eq!(read.rejects[0].column.as_deref(), Some("No HP"));
    let original: Vec<&str> = read.rejects[5].cells().collect();
    assert_eq!(original, ["Joko", "081312345678", "1,000", "lebih"]);
}

#[test]
fn landlines_are_let_in_by_policy() {
    let options = Options {
        lines: LinePolicy::AnyLine,
        ..Options::default()
    };
    let file = file("phone\n021-55501234\n");
    let read = Read::from(file.path(), &options).unwrap();
    assert_eq!(read.phones(), [(2, "+622155501234".to_owned())]);
}

#[test]
fn text_is_read_whatever_its_encoding_and_line_breaks() {
    let text = "phone;nama\n081212345678;Bjørn Müller\n081312345678;Renée\n";
    let windows = text.replace('\n', "\r\n");
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), "UTF-8"),
        (windows.clone().into_bytes(), "UTF-8"),
        (format!("\u{feff}{windows}").into_bytes(), "UTF-8"),
        (latin.to_vec(), "windows-1252"),
        (utf16.clone(), "UTF-16LE"),
        (utf16[2..].to_vec(), "UTF-16LE"),
    ] {
        let read = Read::text(bytes);
        assert_eq!(
            read.source,
            Source::Csv {
                encoding,
                delimiter: ';'
            }
        );
        assert_eq!(
            read.values(0),
            ["+6281212345678", "Bjørn Müller"],
            "{encoding}"
        );
        assert_eq!(read.values(1), ["+6281312345678", "Renée"], "{encoding}");
    }
}

#[test]
fn an_accent_far_down_the_file_is_found() {
    let mut bytes = b"phone,nama\n".to_vec();
    for row in 0..20_000 {
        bytes.extend(format!("0812{row:08},Budi\n").bytes());
    }
    bytes.extend(b"081912345678,Ren\xe9e M\xfcller\n");
    let read = Read::text(&bytes);
    assert_eq!(read.values(20_000), ["+6281912345678", "Renée Müller"]);
}

#[test]
fn a_few_broken_bytes_cost_their_rows_only() {
    let mut bytes = b"phone,nama\n".to_vec();
    for row in 0..50 {
        bytes.extend(format!("0812{row:08},Renée\n").bytes());
    }
    bytes.extend(b"081912345678,Ren\xe9e\n");
    let read = Read::text(&bytes);
    assert_eq!(read.recipients.len(), 50);
    assert_eq!(read.rejects[0].fault, Fault::BrokenText);
    assert_eq!(read.rejects[0].column.as_deref(), Some("nama"));
}

#[test]
fn very_long_rows_make_short_pages() {
    let long = "x".repeat(900_000);
    let mut text = "phone,catatan\n".to_owned();
    for row in 0..30 {
        text.push_str(&format!("0812{row:08},{long}\n"));
    }
    let file = file(text);
    let pages: Vec<Page> = Audience::open(file.path(), &Options::default())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(pages.iter().map(Page::rows).sum::<usize>(), 30);
    assert!(pages.iter().all(|page| page.rows() <= 10));
}

#[test]
fn a_zero_byte_costs_its_row_only() {
    let mut text = "phone,nama\n".to_owned();
    for row in 0..1_000 {
        text.push_str(&format!("0812{row:08},Budi\n"));
    }
    text.push_str("081912345678,Bu\0di\n");
    let read = Read::text(text);
    assert_eq!(read.recipients.len(), 1_000);
    assert_eq!(read.rejects[0].fault, Fault::BrokenText);
}

#[test]
fn cells_may_hold_quotes_separators_and_line_breaks() {
    let read = Read::text(
        "phone,alamat\n081212345678,\"Jl. Mawar 1,\nRT 2 \"\"Blok A\"\"\"\n081312345678,x\n",
    );
    assert_eq!(read.values(0)[1], "Jl. Mawar 1,\nRT 2 \"Blok A\"");
    assert_eq!(read.recipients[1].row, 3);
}

#[test]
fn an_open_quote_does_not_swallow_the_people_below_it() {
    let read = Read::text("phone,nama\n081212345678,\"Budi\n081312345678,Siti\n081412345678,Eka\n");
    assert_eq!(read.recipients.len(), 2);
    assert_eq!(read.rejects[0].fault, Fault::OpenQuote);
    assert_eq!(read.rejects[0].row, 2);
    let cells: Vec<&str> = read.rejects[0].cells().collect();
    assert_eq!(cells, ["081212345678", "Budi"]);
}

#[test]
fn the_same_row_twice_is_one_recipient_and_two_bills_are_two() {
    let text = "invoice_no,phone\n\
                INV-1,081212345678\n\
                INV-2,0812 1234 5678\n\
                INV-1,6281212345678\n\
                INV-1,081312345678\n";
    let by_phone = Read::text(text);
    assert_eq!(
        by_phone.faults(),
        [
            (3, RejectReason::Duplicate, "0812 1234 5678"),
            (4, RejectReason::Duplicate, "6281212345678")
        ]
    );
    for page_rows in [1, 2, 3, 100] {
        let options = Options {
            page_rows,
            ..key("Invoice No")
        };
        let by_bill = Read::from(file(text).path(), &options).unwrap();
        assert_eq!(
            by_bill.faults(),
            [(4, RejectReason::Duplicate, "6281212345678 INV-1")],
            "{page_rows}"
        );
        assert_eq!(by_bill.rejects[0].fault, Fault::Duplicate { first_row: 2 });
        assert_eq!(by_bill.recipients[0].key.as_deref(), Some("INV-1"));
    }
}

#[test]
fn a_store_that_takes_the_recipients_can_refuse_them_afterwards() {
    let file = file("phone\n081212345678\n081312345678\n081412345678\n");
    let mut audience = Audience::open(file.path(), &Options::default()).unwrap();
    let mut page: Page = audience.next().unwrap().unwrap();
    let taken = std::mem::take(&mut page.recipients);
    assert_eq!(taken.len(), 3);
    page.refuse_duplicates([None, Some(1), None]);
    assert_eq!(page.rejects.len(), 1);
    assert_eq!(page.rejects[0].row, 3);
    assert_eq!(page.rows(), 3);
    assert!(audience.next().is_none());
}

#[test]
fn values_are_trimmed_and_failed_formulas_are_no_values() {
    let read = Read::text(
        "phone, nama ,tagihan,catatan\n'081212345678,  Budi  ,#N/A,'=A1\n081312345678,'s-Gravenhage,#REF!,'-5\n",
    );
    assert_eq!(read.variables, ["phone", "nama", "tagihan", "catatan"]);
    assert_eq!(read.values(0), ["+6281212345678", "Budi", "", "=A1"]);
    assert_eq!(
        read.values(1),
        ["+6281312345678", "'s-Gravenhage", "", "-5"]
    );
}

#[test]
fn a_mended_rejects_file_can_be_added_as_it_is() {
    let list =
        "No HP;Nama;Catatan\n123;Budi;=1+1\n021-55501234;\"Siti; A\";baris\n081312345678;Eka;\n";
    let file = file(list);
    let audience = Audience::open(file.path(), &Options::default()).unwrap();
    let columns = audience.columns().clone();
    let delimiter = audience.source().delimiter();
    let rejects: Vec<Reject> = audience.flat_map(|page| page.unwrap().rejects).collect();
    let mut writer = RejectsWriter::new(Vec::new(), &columns, delimiter).unwrap();
    for reject in &rejects {
        writer.write(reject).unwrap();
    }
    let written = String::from_utf8(writer.finish().unwrap()).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(
        lines,
        [
            "\u{feff}rejected_row;rejected_column;rejected_value;rejected_reason;rejected_remedy;No HP;Nama;Catatan",
            "2;No HP;123;invalid_number: is too short for a phone number;\"compare it with the source; begin with + and the country code if it is abroad\";123;Budi;'=1+1",
            "3;No HP;021-55501234;landline: is a landline (+622155501234);give a mobile number, or allow landlines;021-55501234;\"Siti; A\";baris",
        ]
    );

    let mended = written
        .replace(";123;Budi", ";0812-1234-5678;Budi")
        .replace(";021-55501234;\"Siti", ";+6281412345678;\"Siti");
    let read = Read::text(&mended);
    assert_eq!(read.variables, ["No HP", "Nama", "Catatan"]);
    assert_eq!(read.values(0), ["+6281212345678", "Budi", "=1+1"]);
    assert_eq!(read.values(1), ["+6281412345678", "Siti; A", "baris"]);

    // What is refused again does not carry the old reasons along.
    let audience = Audience::open(self::file(&written).path(), &Options::default()).unwrap();
    let columns = audience.columns().clone();
    let mut writer = RejectsWriter::new(Vec::new(), &columns, ';').unwrap();
    for reject in audience.flat_map(|page| page.unwrap().rejects) {
        writer.write(&reject).unwrap();
    }
    let again = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert_eq!(again, written);
}

#[test]
fn a_mended_row_keeps_the_number_that_it_had_in_its_list() {
    let file =
        file("rejected_row,rejected_reason,hp\n48,x,081234567890\n,x,081234567891\n50,x,123\n");
    let read = |mends| {
        let options = Options {
            mends,
            ..Options::default()
        };
        let mut audience = Audience::open(file.path(), &options).unwrap();
        assert!(audience.columns().is_rejects_file());
        let page = audience.next().unwrap().unwrap();
        let recipients = page.recipients.iter().map(|it| (it.row, it.was_rejected));
        let rejects = page.rejects.iter().map(|it| (it.row, it.was_rejected));
        recipients.chain(rejects).collect::<Vec<_>>()
    };
    assert_eq!(
        read(true),
        [(48, true), (3, false), (50, true)],
        "a row without a number is a new one"
    );
    assert_eq!(read(false), [(2, false), (3, false), (4, false)]);
}

#[test]
fn files_that_are_no_list_say_what_they_are_and_what_to_do() {
    for (bytes, expected) in [
        (&b""[..], "is empty: export the list again"),
        (b"\n\n  \n", "is empty: export the list again"),
        (
            b"phone,nama\n",
            "has a header (row 1) and no rows below it: export the list again",
        ),
        (b"phone,nama\n\n,\n", "and no rows below it"),
        (
            b"nama,jumlah\nBudi,1\n",
            "no column holds phone numbers by its name: row 1 has \"nama\", \"jumlah\"",
        ),
        (
            b"081212345678,Budi\n081312345678,Siti\n",
            "row 1 has \"081212345678\", \"Budi\"",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is an image, not a table"),
        (b"%PDF-1.7\n", "is a PDF document, not a table"),
        (b"PK\x03\x04 no workbook", "is a ZIP archive, not a table"),
        (b"\x01\x02\0\0\x03phone", "bytes that are no text"),
        (
            b"<html><table><tr><td>phone</td></tr></table>",
            "open it in a spreadsheet program",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken",
            "cannot be opened as a workbook",
        ),
    ] {
        let message = error(bytes);
        assert!(message.contains(expected), "{message}");
    }
    let missing = Audience::open("/nowhere/list.csv", &Options::default())
        .err()
        .unwrap();
    assert!(
        missing
            .to_string()
            .contains("cannot read /nowhere/list.csv")
    );
}

#[test]
fn bytes_are_a_list_and_go_by_their_name_in_messages() {
    const LIST: &[u8] = b"phone,nama\n081234567890,Budi\n";
    let pages = |audience: Result<Audience, AudienceError>| -> Vec<Page> {
        audience.unwrap().collect::<Result<_, _>>().unwrap()
    };
    for pages in [
        pages(Audience::from_bytes("upload", LIST, &Options::default())),
        pages(Audience::from_bytes(
            "upload",
            LIST.to_vec(),
            &Options::default(),
        )),
        pages(Audience::from_bytes(
            "upload",
            Arc::<[u8]>::from(LIST),
            &Options::default(),
        )),
    ] {
        assert_eq!(pages[0].recipients[0].phone.to_string(), "+6281234567890");
    }
    for (bytes, message) in [
        ("", "pelanggan.csv is empty"),
        ("%PDF-1.7", "pelanggan.csv is a PDF document"),
        ("phone\n", "pelanggan.csv has a header (row 1)"),
    ] {
        let refused = Audience::from_bytes("pelanggan.csv", bytes, &Options::default());
        let said = refused.err().unwrap().to_string();
        assert!(said.starts_with(message), "{said}");
    }
}

#[test]
fn a_named_column_must_exist() {
    let file = file("nama,nomor_hape\nBudi,081212345678\n");
    let message = |options: Options| match Audience::open(file.path(), &options) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    let phone = |column: &str| Options {
        phone: Some(column.into()),
        ..Options::default()
    };
    let unknown = message(phone("nomor_hapee"));
    assert!(
        unknown.contains("no column \"nomor_hapee\" for the phone: the file has \"nama\", \"nomor_hape\"; did you mean \"nomor_hape\"?"),
        "{unknown}"
    );
    let unknown = message(Options {
        key: Some("invoice".into()),
        ..phone("Nomor Hape")
    });
    assert!(
        unknown.contains("no column \"invoice\" for the key"),
        "{unknown}"
    );
    let label = message(Options {
        encoding: Some("klingon".into()),
        ..Options::default()
    });
    assert!(label.contains("\"klingon\" is no text encoding"), "{label}");
    let read = Read::from(file.path(), &phone("Nomor Hape")).unwrap();
    assert_eq!(read.values(0), ["Budi", "+6281212345678"]);
}

/// A workbook as an office writes it: titles, dates, numbers, hidden rows, a hidden sheet first.
fn messy_workbook(path: &Path) {
    let mut workbook = Workbook::new();
    let secret = workbook.add_worksheet().set_name("Rahasia").unwrap();
    secret.write(0, 0, "phone").unwrap();
    secret.write(1, 0, "081912345678").unwrap();
    secret.set_hidden(true);

    let sheet = workbook.add_worksheet().set_name("Tagihan Nov").unwrap();
    sheet.set_active(true);
    sheet.write(0, 0, "Daftar Tagihan").unwrap();
    sheet.write(1, 1, "November 2026").unwrap();
    for (column, header) in ["No", "Nama", "No. HP", "Jatuh Tempo", "Jumlah", "ID"]
        .iter()
        .enumerate()
    {
        sheet
            .write(3, u16::try_from(column).unwrap(), *header)
            .unwrap();
    }
    let date = Format::new().set_num_format("dd/mm/yyyy");
    let rupiah = Format::new().set_num_format("\"Rp\" #,##0");
    for (row, (name, amount)) in [
        (4, ("Budi", 250_000.0)),
        (5, ("Siti", 1_234.1)),
        (7, ("Eka", 0.1 + 0.2)),
    ] {
        sheet.write(row, 0, row - 3).unwrap();
        sheet.write(row, 1, name).unwrap();
        sheet
            .write(row, 2, 6_281_212_345_670.0 + f64::from(row))
            .unwrap();
        let due = ExcelDateTime::from_ymd(2026, 11, 21).unwrap();
        sheet.write_with_format(row, 3, &due, &date).unwrap();
        sheet.write_with_format(row, 4, amount, &rupiah).unwrap();
        sheet.write(row, 5, 12_345_678_901_234.0).unwrap();
    }
    sheet.write(8, 2, "021-55501234").unwrap();
    sheet.set_row_hidden(0).unwrap();
    sheet.set_row_hidden(5).unwrap();
    sheet.set_row_hidden(6).unwrap();
    workbook.save(path).unwrap();
}

fn assert_messy(read: &Read, kind: WorkbookKind, hidden_rows: Option<u64>) {
    let sheet = "Tagihan Nov".to_owned();
    assert_eq!(read.source, Source::Workbook { kind, sheet });
    assert_eq!(
        read.variables,
        ["No", "Nama", "No. HP", "Jatuh Tempo", "Jumlah", "ID"]
    );
    assert_eq!(
        read.values(0),
        [
            "1",
            "Budi",
            "+6281212345674",
            "2026-11-21",
            "250000",
            "12345678901234"
        ]
    );
    assert_eq!(read.values(1)[4], "1234.1");
    assert_eq!(read.values(2)[4], "0.3");
    let rows: Vec<u64> = read
        .recipients
        .iter()
        .map(|recipient| recipient.row)
        .collect();
    assert_eq!(rows, [5, 6, 8]);
    assert_eq!(read.faults(), [(9, RejectReason::Landline, "021-55501234")]);
    assert_eq!(read.blank_rows, 1);
    assert_eq!(read.hidden_rows, hidden_rows);
}

#[test]
fn a_workbook_is_read_as_its_people_see_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("list.xlsx");
    messy_workbook(&path);
    let read = Read::from(&path, &Options::default()).unwrap();
    assert_messy(&read, WorkbookKind::Xlsx, Some(1));

    let named = Options {
        sheet: Some("rahasia".into()),
        ..Options::default()
    };
    assert_eq!(
        Read::from(&path, &named).unwrap().phones(),
        [(2, "+6281912345678".to_owned())]
    );
    let missing = Options {
        sheet: Some("Desember".into()),
        ..Options::default()
    };
    let message = Audience::open(&path, &missing).err().unwrap().to_string();
    assert!(
        message.contains("no sheet \"Desember\": the workbook has \"Rahasia\", \"Tagihan Nov\""),
        "{message}"
    );
}

#[test]
fn the_workbooks_of_other_programs_are_read_alike() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audience");
    for (name, kind, hidden_rows) in [
        ("list.ods", WorkbookKind::Ods, Some(1)),
        ("list.xls", WorkbookKind::Xls, None),
        ("list.xlsx", WorkbookKind::Xlsx, Some(1)),
    ] {
        let read = Read::from(&fixtures.join(name), &Options::default()).unwrap();
        assert_messy(&read, kind, hidden_rows);
    }
}

#[test]
fn a_long_workbook_is_read_in_pages_and_can_be_left_half_way() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.xlsx");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write(0, 0, "phone").unwrap();
    for row in 1..=10_000_u32 {
        sheet.write(row, 0, format!("0812{row:08}")).unwrap();
    }
    workbook.save(&path).unwrap();

    let options = Options {
        page_rows: 1_000,
        ..Options::default()
    };
    let mut audience = Audience::open(&path, &options).unwrap();
    assert_eq!(audience.next().unwrap().unwrap().recipients.len(), 1_000);
    drop(audience);
    let read = Read::from(&path, &options).unwrap();
    assert_eq!(read.recipients.len(), 10_000);
    assert_eq!(read.recipients[9_999].row, 10_001);
}

#[test]
fn a_workbook_cut_short_is_an_error_and_not_a_shorter_list() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("list.xlsx");
    messy_workbook(&path);
    let bytes = std::fs::read(&path).unwrap();
    let message = error(&bytes[..bytes.len() / 2]);
    assert!(
        message.contains("ZIP archive") || message.contains("cannot be opened"),
        "{message}"
    );
}

/// A workbook of one sheet with these rows, as no spreadsheet program would write it.
fn crafted(rows: &str) -> Vec<u8> {
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = format!(
        r#"<Relationships><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let sheets = format!(
        r#"<workbook xmlns:r="{RELATIONS}"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let relations = format!(
        r#"<Relationships><Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#
    );
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in [
        ("_rels/.rels", package),
        ("xl/workbook.xml", sheets),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/worksheets/sheet1.xml", sheet),
    ] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn crafted_cell(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

/// Read as if nothing were wrong, the list would be shorter than it is, and nobody would know.
#[test]
fn a_sheet_on_which_the_reading_breaks_off_is_an_error_and_not_a_shorter_list() {
    let rows = format!(
        "<row>{}</row><row>{}</row><row>{}</row>",
        crafted_cell("A1", "phone"),
        crafted_cell("A2", "081234567890"),
        crafted_cell("A99999999999999999999", "081234567891"),
    );
    let read = Audience::from_bytes("list.xlsx", crafted(&rows), &Options::default())
        .and_then(|audience| audience.collect::<Result<Vec<_>, _>>());
    // Without checks for overflow the number of the row is a wrong one, and the row is there.
    match read {
        Err(error) => assert!(
            error.to_string().contains("cannot be opened as a workbook"),
            "{error}"
        ),
        Ok(pages) => assert_eq!(pages.iter().map(Page::rows).sum::<usize>(), 2),
    }
}

#[test]
fn a_cell_in_a_column_that_no_sheet_has_costs_its_row_only() {
    let rows = format!(
        "<row>{}</row><row>{}{}</row><row>{}</row>",
        crafted_cell("A1", "phone"),
        crafted_cell("A2", "081234567890"),
        crafted_cell("ZZZZZZ2", "far away"),
        crafted_cell("A3", "081234567891"),
    );
    let file = file(crafted(&rows));
    let read = Read::from(file.path(), &Options::default()).unwrap();
    assert_eq!(read.phones(), [(3, "+6281234567891".to_owned())]);
    assert_eq!(
        read.faults(),
        [(2, RejectReason::UnreadableRow, "081234567890")]
    );
}

/// What may stand in a cell, written as CSV would have it or not.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(0|62|\\+62)8[1-9][0-9]{7,9}",
        2 => "[a-zA-Z ]{0,8}",
        1 => "\"[a-z,;\n]{0,6}\"",
        1 => "[\"',;\r\n=+\\-x\u{e9}]{0,4}",
        1 => Just(String::new()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn rows_are_recipients_and_rejects_whatever_the_mess(
        rows in prop::collection::vec(prop::collection::vec(cell(), 0..5), 1..40),
        delimiter in prop_oneof![Just(','), Just(';'), Just('\t')],
        line_break in prop_oneof![Just("\n"), Just("\r\n")],
        page_rows in 1_usize..20,
    ) {
        let mut text = format!("phone{delimiter}nama{delimiter}ket{line_break}");
        for row in &rows {
            text.push_str(&row.join(&delimiter.to_string()));
            text.push_str(line_break);
        }
        let file = file(&text);
        let options = Options { page_rows, encoding: Some("utf-8".into()), ..Options::default() };
        let Ok(read) = Read::from(file.path(), &options) else { return Ok(()) };
        let again = Read::from(file.path(), &Options { page_rows: 1_000, ..options.clone() }).unwrap();
        let mut one: Vec<u64> = read.recipients.iter().map(|recipient| recipient.row).collect();
        one.extend(read.rejects.iter().map(|reject| reject.row));
        one.sort_unstable();
        let rows = one.len();
        one.dedup();
        prop_assert_eq!(one.len(), rows, "a row came twice");
        prop_assert_eq!(&read.recipients, &again.recipients);
        prop_assert_eq!(read.rejects.len(), again.rejects.len());
        prop_assert_eq!(read.blank_rows, again.blank_rows);
        // Every row between the header and the end is a recipient, a reject or blank.
        let last = one.last().copied().unwrap_or(1);
        prop_assert!(rows as u64 + read.blank_rows + 1 >= last);
        // Without quotes a row is a line.
        if !text.contains('"') {
            let filled = |line: &&str| !line.chars().all(|c| c == delimiter || c.is_whitespace());
            let lines = text.split(['\r', '\n']).skip(1).filter(filled).count();
            prop_assert_eq!(rows, lines);
        }
        for recipient in &read.recipients {
            prop_assert_eq!(recipient.values.len(), read.variables.len());
        }
    }

    #[test]
    fn sound_lists_come_back_whole(
        people in prop::collection::vec(("0812[0-9]{8}", "[^\u{0}\u{fffd}]{0,12}"), 1..60),
        delimiter in prop_oneof![Just(b','), Just(b';'), Just(b'\t'), Just(b'|')],
    ) {
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["phone", "nama"]).unwrap();
        for (phone, name) in &people {
            writer.write_record([phone, name]).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let options = Options { encoding: Some("utf-8".into()), key: Some("nama".into()), ..Options::default() };
        let read = Read::from(file(bytes).path(), &options).unwrap();
        prop_assert_eq!(read.recipients.len() + read.rejects.len(), people.len());
        for reject in &read.rejects {
            prop_assert_eq!(reject.fault.reason(), RejectReason::Duplicate);
        }
        for recipient in &read.recipients {
            let (phone, _) = &people[usize::try_from(recipient.row).unwrap() - 2];
            prop_assert_eq!(recipient.phone.to_string(), format!("+62{}", &phone[1..]));
        }
    }
}
