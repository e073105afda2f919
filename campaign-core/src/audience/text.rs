//! From the bytes of a text file to UTF-8: which encoding it is, and decoding as a stream.

use std::io::{self, Read, Seek, SeekFrom};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::input::{Input, Opened};

/// Read from the file at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Looked at, from the first byte that is not ASCII, when the file is not UTF-8.
const DETECTION_BYTES: usize = 1024 * 1024;

/// The encoding of the file: its byte order mark, else UTF-8 if it is that, else the likeliest.
///
/// The whole file is read once, in chunks: a list can be ASCII for a thousand rows before the
/// first name with an accent. A few broken sequences in a file that has more sound ones do not
/// make it something else; the rows that hold them are refused.
pub(super) fn detect(input: &Input) -> io::Result<&'static Encoding> {
    let mut file = input.open()?;
    let mut chunk = vec![0; file.chunk_bytes(CHUNK_BYTES)];
    let first = read_full(&mut file, &mut chunk)?;
    if let Some((encoding, _)) = Encoding::for_bom(&chunk[..first]) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf_16_without_mark(&chunk[..first]) {
        return Ok(encoding);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut utf8 = Utf8Count::default();
    loop {
        let len = read_full(&mut file, &mut chunk)?;
        utf8.feed(&chunk[..len]);
        if len < chunk.len() {
            break;
        }
    }
    utf8.finish();
    if utf8.broken == 0 || utf8.sound > 10 * utf8.broken {
        return Ok(UTF_8);
    }
    file.seek(SeekFrom::Start(utf8.first_not_ascii))?;
    let mut sample = Vec::new();
    file.take(DETECTION_BYTES as u64).read_to_end(&mut sample)?;
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample, true);
    Ok(detector.guess(None, Utf8Detection::Deny))
}

/// Every other byte of Latin text in UTF-16 is zero.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let (mut even, mut odd) = (0, 0);
    for pair in bytes.chunks_exact(2) {
        even += usize::from(pair[0] == 0);
        odd += usize::from(pair[1] == 0);
    }
    let mostly = bytes.len() / 4;
    if odd > mostly && even == 0 {
        Some(UTF_16LE)
    } else if even > mostly && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Counts sequences of more than one byte, sound and broken, over any division into chunks.
#[derive(Debug, Default)]
struct Utf8Count {
    sound: u64,
    broken: u64,
    first_not_ascii: u64,
    seen_not_ascii: bool,
    position: u64,
    rest: Vec<u8>,
}

impl Utf8Count {
    fn feed(&mut self, chunk: &[u8]) {
        if self.rest.is_empty() && chunk.is_ascii() {
            self.position += chunk.len() as u64;
            return;
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let start = self.position - bytes.len() as u64;
        bytes.extend_from_slice(chunk);
        self.position += chunk.len() as u64;
        if !self.seen_not_ascii
            && let Some(at) = bytes.iter().position(|byte| !byte.is_ascii())
        {
            self.seen_not_ascii = true;
            self.first_not_ascii = start + at as u64;
        }
        let mut left = bytes.as_slice();
        loop {
            match std::str::from_utf8(left) {
                Ok(text) => return self.count_sound(text.as_bytes()),
                Err(error) => {
                    let (sound, broken) = left.split_at(error.valid_up_to());
                    self.count_sound(sound);
                    match error.error_len() {
                        Some(len) => {
                            self.broken += 1;
                            left = &broken[len..];
                        }
                        None => {
                            self.rest = broken.to_vec();
                            return;
                        }
                    }
                }
            }
        }
    }

    fn count_sound(&mut self, bytes: &[u8]) {
        // Every sequence has exactly one byte that leads it: 0b11......
        self.sound += bytes.iter().filter(|byte| **byte >= 0xc0).count() as u64;
    }

    fn finish(&mut self) {
        self.broken += u64::from(!self.rest.is_empty());
    }
}

fn read_full(file: &mut Opened, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match file.read(&mut buffer[len..])? {
            0 => break,
            more => len += more,
        }
    }
    Ok(len)
}

/// The text of a file, decoded piece by piece into a window that the reader moves along.
pub(super) struct Text {
    source: Box<dyn Read + Send>,
    decoder: Decoder,
    bytes: Vec<u8>,
    undecoded: std::ops::Range<usize>,
    window: Vec<u8>,
    at_end: bool,
}

impl Text {
    pub(super) fn open(input: &Input, encoding: &'static Encoding) -> io::Result<Self> {
        let source = input.open()?;
        let chunk_bytes = source.chunk_bytes(CHUNK_BYTES);
        Ok(Self::new(source, chunk_bytes, encoding))
    }

    /// Text of a source that is read in chunks of that size.
    pub(super) fn new(
        source: impl Read + Send + 'static,
        chunk_bytes: usize,
        encoding: &'static Encoding,
    ) -> Self {
        Self {
            source: Box::new(source),
            decoder: encoding.new_decoder_with_bom_removal(),
            bytes: vec![0; chunk_bytes],
            undecoded: 0..0,
            window: Vec::new(),
            at_end: false,
        }
    }

    /// What has been decoded and not been dropped.
    pub(super) fn window(&self) -> &[u8] {
        &self.window
    }

    /// Forgets the first `len` bytes of the window.
    pub(super) fn drop_front(&mut self, len: usize) {
        self.window.drain(..len.min(self.window.len()));
    }

    /// Decodes more behind the window; false at the end of the file, and only there.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        let len = self.window.len();
        while self.window.len() == len && !self.at_end {
            self.decode()?;
        }
        Ok(self.window.len() > len)
    }

    /// One read and what it decodes to, which is nothing when it ends within a character.
    fn decode(&mut self) -> io::Result<()> {
        if self.undecoded.is_empty() {
            let len = self.source.read(&mut self.bytes)?;
            self.undecoded = 0..len;
        }
        let last = self.undecoded.is_empty();
        let bytes = &self.bytes[self.undecoded.clone()];
        let room = (self.decoder)
            .max_utf8_buffer_length(bytes.len())
            .unwrap_or(4 * self.bytes.len());
        let len = self.window.len();
        self.window.resize(len + room, 0);
        let (_, read, written, _) =
            (self.decoder).decode_to_utf8(bytes, &mut self.window[len..], last);
        self.window.truncate(len + written);
        self.undecoded.start += read;
        self.at_end = last;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn count(bytes: &[u8], chunk: usize) -> (u64, u64, u64) {
        let mut count = Utf8Count::default();
        for chunk in bytes.chunks(chunk) {
            count.feed(chunk);
        }
        count.finish();
        (count.sound, count.broken, count.first_not_ascii)
    }

    #[test]
    fn sequences_are_counted_whatever_the_chunks() {
        let text = "nama,alamat\nSönke,Jalan Bengkulu № 3 \u{1f4f1}\n".as_bytes();
        let cut = &text[..text.len() - 2];
        let latin = b"nama\nS\xf6nke\nM\xfcller";
        for chunk in 1..9 {
            assert_eq!(count(text, chunk), (3, 0, 13), "{chunk}");
            assert_eq!(count(cut, chunk), (2, 1, 13), "{chunk}");
            assert_eq!(count(latin, chunk), (0, 2, 6), "{chunk}");
        }
    }

    #[test]
    fn utf_16_is_known_without_its_mark() {
        let text = "phone;nama\r\n0812;Budi\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf_16_without_mark(&little), Some(UTF_16LE));
        assert_eq!(utf_16_without_mark(&big), Some(UTF_16BE));
        assert_eq!(utf_16_without_mark(text.as_bytes()), None);
    }
}
