//! How many rows of a sheet are hidden, which the workbook library does not tell.

use std::io::{BufRead, BufReader};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

use super::input::{Input, Opened};

type Zip = ZipArchive<BufReader<Opened>>;

/// Hidden rows of an XLSX sheet below `header_row` that have a value; `None` when the workbook is
/// built in a way that is not understood.
pub(super) fn xlsx(input: &Input, sheet: &str, header_row: u64) -> Option<u64> {
    let mut zip = open(input)?;
    let part = sheet_part(&mut zip, sheet)?;
    let mut xml = part_reader(&mut zip, &part)?;
    let mut buffer = Vec::new();
    let (mut number, mut hidden, mut filled, mut count) = (0, false, false, 0);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).ok()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "row" => {
                    let stated = attribute(&element, "r").and_then(|row| row.parse().ok());
                    number = stated.unwrap_or(number + 1);
                    hidden = attribute(&element, "hidden").is_some_and(|value| is_true(&value));
                    filled = false;
                }
                "v" | "is" => filled = true,
                _ => {}
            },
            Event::Empty(element) if element.local_name().as_ref() == "row" => number += 1,
            Event::End(element) => match element.local_name().as_ref() {
                "row" => count += u64::from(hidden && filled && number > header_row),
                "sheetData" => return Some(count),
                _ => {}
            },
            Event::Eof => return Some(count),
            _ => {}
        }
    }
}

/// The same of an ODS sheet, where a filter and a hand hide rows by two words.
pub(super) fn ods(input: &Input, sheet: &str, header_row: u64) -> Option<u64> {
    let mut zip = open(input)?;
    let mut xml = part_reader(&mut zip, "content.xml")?;
    let mut buffer = Vec::new();
    let (mut in_sheet, mut number, mut count) = (false, 0, 0);
    let (mut repeated, mut hidden, mut filled) = (1, false, false);
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).ok()? {
            Event::Start(element) | Event::Empty(element) => match element.local_name().as_ref() {
                "table" => in_sheet = attribute(&element, "name").as_deref() == Some(sheet),
                "table-row" if in_sheet => {
                    repeated = attribute(&element, "number-rows-repeated")
                        .and_then(|rows| rows.parse().ok())
                        .unwrap_or(1);
                    number += repeated;
                    let visibility = attribute(&element, "visibility");
                    hidden = visibility.is_some_and(|value| value != "visible");
                    filled = false;
                }
                "table-cell" if attribute(&element, "value-type").is_some() => filled = true,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "table-row" if in_sheet && hidden && filled && number > header_row => {
                    count += repeated;
                }
                "table" if in_sheet => return Some(count),
                _ => {}
            },
            Event::Eof => return Some(count),
            _ => {}
        }
    }
}

fn open(input: &Input) -> Option<Zip> {
    ZipArchive::new(BufReader::new(input.open().ok()?)).ok()
}

fn part_reader<'a>(zip: &'a mut Zip, part: &str) -> Option<Reader<impl BufRead + 'a>> {
    Some(Reader::from_reader(BufReader::new(zip.by_name(part).ok()?)))
}

/// The name of the part that holds the sheet: the workbook names an id, its relations the part.
fn sheet_part(zip: &mut Zip, sheet: &str) -> Option<String> {
    let id = find(zip, "xl/workbook.xml", "sheet", ("name", sheet), "id")?;
    let part = find(
        zip,
        "xl/_rels/workbook.xml.rels",
        "Relationship",
        ("Id", &id),
        "Target",
    )?;
    Some(match part.strip_prefix('/') {
        Some(absolute) => absolute.to_owned(),
        None => format!("xl/{part}"),
    })
}

/// The `wanted` attribute of the first element of that name which has the given attribute.
fn find(
    zip: &mut Zip,
    part: &str,
    element: &str,
    given: (&str, &str),
    wanted: &str,
) -> Option<String> {
    let mut xml = part_reader(zip, part)?;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).ok()? {
            Event::Start(found) | Event::Empty(found)
                if found.local_name().as_ref() == element
                    && attribute(&found, given.0).as_deref() == Some(given.1) =>
            {
                return attribute(&found, wanted);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The value of an attribute by its local name.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = (element.attributes().flatten())
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    Some(
        found
            .normalized_value(XmlVersion::Implicit1_0)
            .ok()?
            .into_owned(),
    )
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true")
}
