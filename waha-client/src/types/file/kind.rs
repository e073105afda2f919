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
    Some(match kind {
        // As WhatsApp plays a voice message (WAHA documentation); "audio/opus" is what RTP carries.
        "audio/opus" => "audio/ogg; codecs=opus",
        // The registered name.
        "audio/m4a" => "audio/mp4",
        other => other,
    })
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
            (b"hello", Some("Bill.PDF"), "application/pdf"),
            (b"hello", Some("no ending"), "application/octet-stream"),
            (b"", None, "application/octet-stream"),
        ] {
            assert_eq!(kind_of(first, name), kind, "{name:?}");
        }
    }
}
