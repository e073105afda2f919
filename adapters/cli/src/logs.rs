//! Logs: to stderr, through one writer that masks phone numbers whatever wrote them.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::screen;

/// A run of digits of this length is taken for a phone number.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

/// Starts logging. `filter` is as tracing's `EnvFilter` reads it: `info`, `waha_gateway=debug`.
///
/// # Errors
/// What is wrong with the filter.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(MaskingWriter)
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())
}

struct MaskingWriter;

impl<'a> MakeWriter<'a> for MaskingWriter {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// One event's text, written whole and masked.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = masked(&String::from_utf8_lossy(&self.0));
        // A log that cannot be written must not end the program.
        screen::beside_bars(|| {
            let _unwritten = io::stderr().lock().write_all(text.as_bytes());
        });
    }
}

/// Replaces the middle of everything that looks like a phone number.
fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let length = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (digits, after) = from.split_at(length);
        out.push_str(before);
        let is_part_of_a_word = before.ends_with(|c: char| c.is_alphanumeric())
            || after.starts_with(|c: char| c.is_alphabetic());
        if PHONE_DIGITS.contains(&length) && !is_part_of_a_word {
            out.push_str(&digits[..2]);
            out.push_str("****");
            out.push_str(&digits[length - 3..]);
        } else {
            out.push_str(digits);
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn phone_numbers_are_masked_and_ids_and_times_are_not() {
        for (text, expected) in [
            ("to 6281212345678@c.us", "to 62****678@c.us"),
            ("+6281212345678, 081234567890", "+62****678, 08****890"),
            (
                "2026-11-21T02:33:00.123456Z took 120000 ms",
                "2026-11-21T02:33:00.123456Z took 120000 ms",
            ),
            (
                "id 3EB0923012345678901234 ok",
                "id 3EB0923012345678901234 ok",
            ),
            ("", ""),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
