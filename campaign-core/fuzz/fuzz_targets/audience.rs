//! Whatever bytes a list of recipients is: no panic, and every row is a recipient or a reject.
//! After `=` the bytes are a sheet inside a workbook, so that its checksum does not hide it.
#![no_main]

use std::io::{Cursor, Write};
use std::panic;
use std::sync::OnceLock;

use campaign_core::audience::{Audience, Options, RejectsWriter};
use libfuzzer_sys::fuzz_target;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A panic in the library for workbooks is an error by the time it reaches whoever opens a list. Any other ends the run.
fn let_workbooks_panic() {
    let end = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_there = |place: &panic::Location<'_>| place.file().contains("/calamine-");
        if !info.location().is_some_and(is_there) {
            end(info);
        }
    }));
}

fuzz_target!(init: let_workbooks_panic(), |bytes: &[u8]| {
    let file = match bytes.split_first() {
        Some((b'=', sheet)) => workbook(sheet),
        _ => bytes.to_vec(),
    };
    let options = Options {
        page_rows: 7,
        ..Options::default()
    };
    if let Ok(audience) = Audience::from_bytes("list", file, &options) {
        let _ = audience.hidden_rows();
        let columns = audience.columns().clone();
        let mut writer = RejectsWriter::new(Vec::new(), &columns, audience.source().delimiter())
            .expect("memory is written");
        // A sheet may say that its last row is the millionth.
        for page in audience.take(64) {
            let Ok(page) = page else { break };
            assert!(page.recipients.len() + page.rejects.len() <= 7);
            for recipient in &page.recipients {
                assert_eq!(recipient.values.len(), columns.variables().len());
            }
            for reject in &page.rejects {
                writer.write(reject).expect("memory is written");
            }
        }
        writer.finish().expect("memory is written");
    }
});

/// A workbook with that sheet. What surrounds the sheet is made once; the bytes of a ZIP archive are few enough to be put together here.
fn workbook(sheet: &[u8]) -> Vec<u8> {
    static FRAME: OnceLock<Frame> = OnceLock::new();
    let frame = FRAME.get_or_init(Frame::new);
    let crc = crc32fast::hash(sheet).to_le_bytes();
    let len = (sheet.len() as u32).to_le_bytes();
    let mut file = frame.before.clone();
    let sheet_at = file.len() as u32;
    // Made by version 2.0, no flags, stored, no time.
    let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &crc, &len, &len].concat();
    let name_len = (SHEET.len() as u16).to_le_bytes();
    file.extend(
        [
            b"PK\x03\x04",
            &common[..],
            &name_len,
            &[0; 2],
            SHEET.as_bytes(),
            sheet,
        ]
        .concat(),
    );
    let directory_at = file.len() as u32;
    file.extend(&frame.directory);
    file.extend([b"PK\x01\x02", &[20, 0][..], &common, &name_len, &[0; 12]].concat());
    file.extend([&sheet_at.to_le_bytes(), SHEET.as_bytes()].concat());
    let directory_len = file.len() as u32 - directory_at;
    let parts = (frame.parts + 1).to_le_bytes();
    file.extend([b"PK\x05\x06", &[0; 4][..], &parts, &parts].concat());
    file.extend([directory_len.to_le_bytes(), directory_at.to_le_bytes()].concat());
    file.extend([0; 2]);
    file
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// The archive without its sheet: the parts, and what its directory says of them.
struct Frame {
    before: Vec<u8>,
    directory: Vec<u8>,
    parts: u16,
}

impl Frame {
    fn new() -> Self {
        const PARTS: [(&str, &str); 4] = [
            (
                "[Content_Types].xml",
                r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#,
            ),
            (
                "_rels/.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
            ),
            (
                "xl/workbook.xml",
                r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
            ),
            (
                "xl/_rels/workbook.xml.rels",
                r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#,
            ),
        ];
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in PARTS {
            zip.start_file(name, stored).expect("memory is written");
            zip.write_all(text.as_bytes()).expect("memory is written");
        }
        let mut before = zip.finish().expect("memory is written").into_inner();
        // The last of its bytes say where the directory is.
        let end = before.len() - 22;
        let at: [u8; 4] = before[end + 16..end + 20].try_into().expect("four bytes");
        let directory = before[u32::from_le_bytes(at) as usize..end].to_vec();
        before.truncate(end - directory.len());
        Self {
            before,
            directory,
            parts: PARTS.len() as u16,
        }
    }
}
