//! Whatever bytes a list of recipients is: no panic, and every row is a recipient or a reject.
//! After `=` the bytes are a sheet inside a workbook, so that its checksum does not hide it.
#![no_main]

use std::fs;
use std::io::{Cursor, Write};

use campaign_core::audience::{Audience, Options, RejectsWriter};
use libfuzzer_sys::fuzz_target;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

fuzz_target!(|bytes: &[u8]| {
    let file = match bytes.split_first() {
        Some((b'=', sheet)) => workbook(sheet),
        _ => bytes.to_vec(),
    };
    let path = std::env::temp_dir().join(format!("audience-{}", std::process::id()));
    fs::write(&path, file).expect("a file for the list");
    let options = Options {
        page_rows: 7,
        ..Options::default()
    };
    if let Ok(audience) = Audience::open(&path, &options) {
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

fn workbook(sheet: &[u8]) -> Vec<u8> {
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
    let parts = PARTS.map(|(name, text)| (name, text.as_bytes()));
    for (name, content) in parts
        .into_iter()
        .chain([("xl/worksheets/sheet1.xml", sheet)])
    {
        zip.start_file(name, stored).expect("memory is written");
        zip.write_all(content).expect("memory is written");
    }
    zip.finish().expect("memory is written").into_inner()
}
