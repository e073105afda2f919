//! Phone numbers with their middle hidden, for logs: where it is known that they are numbers, and in any text.

use std::fmt;
use std::ops::RangeInclusive;

/// Digits of a number in a text. Ours: fewer are amounts and times, more are ids.
const PHONE_DIGITS: RangeInclusive<usize> = 9..=15;

/// A text with the middle of everything hidden that looks like a phone number, for logs. Ids, whose digits have letters beside
/// them, stay as they are.
///
/// ```
/// let line = "to 6281212345678@c.us as 3EB0923012345678, 120000 ms";
/// let masked = campaign_core::phone::masked(line);
/// assert_eq!(masked, "to 62812****5678@c.us as 3EB0923012345678, 120000 ms");
/// ```
#[must_use]
pub fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit());
        let (digits, after) = from.split_at(end.unwrap_or(from.len()));
        shown.push_str(before);
        let is_part_of_a_word =
            before.ends_with(char::is_alphabetic) || after.starts_with(char::is_alphabetic);
        if PHONE_DIGITS.contains(&digits.len()) && !is_part_of_a_word {
            shown.push_str(&Digits(digits).to_string());
        } else {
            shown.push_str(digits);
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

/// Digits of which at most the first five and the last four are shown, and at least four are not.
pub(super) struct Digits<'a>(pub(super) &'a str);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(digits) = self;
        let tail = digits.len().saturating_sub(4).min(4);
        let head = digits.len().saturating_sub(4 + tail).min(5);
        let hidden = digits.len() - head - tail;
        write!(
            f,
            "{}{:*<hidden$}{}",
            &digits[..head],
            "",
            &digits[head + hidden..]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn phone_numbers_are_masked_and_ids_and_times_are_not() {
        for (text, expected) in [
            ("to 6281212345678@c.us", "to 62812****5678@c.us"),
            (
                "+6281212345678, 081234567890",
                "+62812****5678, 0812****7890",
            ),
            (
                "true_6281212345678@c.us_3EB0",
                "true_62812****5678@c.us_3EB0",
            ),
            (
                "2026-11-21T02:33:00.123456Z took 120000 ms",
                "2026-11-21T02:33:00.123456Z took 120000 ms",
            ),
            ("id 3EB0923012345678 ok", "id 3EB0923012345678 ok"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
            ("+62812****5678", "+62812****5678"),
            ("é6281212345678", "é6281212345678"),
            ("", ""),
        ] {
            assert_eq!(masked(text), expected);
        }
    }
}
