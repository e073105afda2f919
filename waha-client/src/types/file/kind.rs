//! What type a file has: by its first bytes, then by its name.

use std::borrow::Cow;

/// The type of a file that begins like this.
pub(super) fn kind_of(first: &[u8], filename: Option<&str>) -> Cow<'static, str> {
    let by_name = filename.and_then(kind_by_name);
    let kind = match (kind_by_content(first), by_name) {
        (Some(packed), Some(exact)) if says_only_how_it_is_packed(packed) && refines(exact) => {
            exact
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => "application/octet-stream",
    };
    Cow::Borrowed(kind)
}

/// The type that a name's ending stands for.
pub(super) fn kind_by_name(filename: &str) -> Option<&'static str> {
    mime_guess::from_path(filename).first_raw()
}

fn kind_by_content(first: &[u8]) -> Option<&'static str> {
    let kind = infer::get(first)?.mime_type();
    if is_plain_text(first) && !begins_as_text(kind) {
        return None;
    }
    Some(match kind {
        // As WhatsApp plays a voice message (WAHA documentation); "audio/opus" is what RTP carries.
        "audio/opus" => "audio/ogg; codecs=opus",
        // The registered name.
        "audio/m4a" => "audio/mp4",
        other => other,
    })
}

/// Whether this is readable all through. A list of cars that begins with "BMW" is no bitmap, nor is one of numbers that
/// begins with 070701 an archive, although those are their marks.
fn is_plain_text(first: &[u8]) -> bool {
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        // A letter that the end of the piece cuts in two.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&first[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c'))
}

/// Whether files of this type may be readable all through for as long as a piece is.
fn begins_as_text(kind: &str) -> bool {
    kind.starts_with("text/")
        || matches!(
            kind,
            "application/pdf"
                | "application/postscript"
                | "application/rtf"
                | "application/x-x509-ca-cert"
        )
}

/// Whether many formats begin like this. Without its reader of OLE files, which would need the whole file, the library calls
/// all of them Word's.
fn says_only_how_it_is_packed(kind: &str) -> bool {
    matches!(
        kind,
        "application/zip"
            | "application/msword"
            | "application/x-ole-storage"
            | "text/xml"
            | "text/html"
    )
}

/// A picture, sound or film is none of these inside, but for SVG, which is XML.
fn refines(by_name: &str) -> bool {
    by_name == "image/svg+xml"
        || !["image/", "audio/", "video/"]
            .iter()
            .any(|family| by_name.starts_with(family))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\x08\0";
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";
    const M4A: &[u8] = b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42";
    const OPUS: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01";

    #[test]
    fn the_bytes_say_first_and_the_name_says_the_rest() {
        for (first, name, kind) in [
            (PNG, None, "image/png"),
            (PNG, Some("photo.jpg"), "image/png"),
            (JPEG, Some("photo"), "image/jpeg"),
            (PDF, Some("bill.txt"), "application/pdf"),
            (MP4, Some("film.mov"), "video/mp4"),
            (M4A, None, "audio/mp4"),
            (OPUS, Some("voice.ogg"), "audio/ogg; codecs=opus"),
            (ZIP, None, "application/zip"),
            (ZIP, Some("photo.jpg"), "application/zip"),
            (
                ZIP,
                Some("app.apk"),
                "application/vnd.android.package-archive",
            ),
            (OLE, Some("list.xls"), "application/vnd.ms-excel"),
            (
                b"<?xml version=\"1.0\"?><svg/>",
                Some("a.svg"),
                "image/svg+xml",
            ),
            (b"name,phone\n", Some("list.csv"), "text/csv"),
            (b"BMW,12000\n", Some("cars.csv"), "text/csv"),
            (b"0707011234567,Ana\n", Some("list.csv"), "text/csv"),
            (
                b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0",
                Some("cars.csv"),
                "image/bmp",
            ),
            (
                b"ID3 tags explained \xc3",
                Some("notes.md"),
                "text/markdown",
            ),
            (b"hello", Some("Bill.PDF"), "application/pdf"),
            (b"hello", Some("no ending"), "application/octet-stream"),
            (b"", None, "application/octet-stream"),
        ] {
            assert_eq!(kind_of(first, name), kind, "{name:?}");
        }
    }
}
