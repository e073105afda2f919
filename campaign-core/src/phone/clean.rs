//! From what people and spreadsheets write to a plus and digits. Knows no country.
//!
//! Every character that could change who is meant is refused; what is dropped is punctuation,
//! labels before the number and notes clearly after it.

use std::borrow::Cow;

use rlibphonenumber::PHONE_NUMBER_UTIL;

use super::{NotAPerson, Refusal, Why};

/// A cell with more text than this is prose, not a number.
const TEXT_BYTES_MAX: usize = 400;

/// More digits than any number has (15 in E.164, plus a dialling prefix and a trunk zero).
const DIGITS_MAX: usize = 20;

/// Fewest digits of a part that can be a number by itself.
const NUMBER_DIGITS_MIN: usize = 6;

/// Most digits of an area code or a group within one number.
const GROUP_DIGITS_MAX: usize = 5;

/// Digits as typed, and whether the country code is known to come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) international: bool,
    pub(super) digits: Digits,
}

/// At most [`DIGITS_MAX`] ASCII digits, with room for a plus in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    text: [u8; 1 + DIGITS_MAX],
    len: usize,
}

impl Digits {
    const NONE: Self = Self {
        text: [b'+'; 1 + DIGITS_MAX],
        len: 0,
    };

    /// The digits of `text`; `None` when there are too many.
    pub(super) fn from_ascii(text: &str) -> Option<Self> {
        let mut digits = Self::NONE;
        for digit in text.bytes().filter(u8::is_ascii_digit) {
            digits.len += 1;
            *digits.text.get_mut(digits.len)? = digit;
        }
        Some(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        &self.with_plus()[1..]
    }

    pub(super) fn with_plus(&self) -> &str {
        std::str::from_utf8(&self.text[..=self.len]).unwrap_or("+")
    }
}

/// The short way for the common case: nothing but digits, perhaps after a plus.
///
/// `None` means "look closer", and says nothing about the text. What it returns, [`clean`] would
/// return too (tested).
pub(super) fn plain(input: &str) -> Option<Typed> {
    let text = input.trim_matches(' ');
    let (international, text) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Typed {
        international,
        digits: Digits::from_ascii(text)?,
    })
}

/// The plus and digits that are meant, or why the text has none.
pub(super) fn clean(input: &str) -> Result<Typed, Refusal> {
    if input.len() > TEXT_BYTES_MAX {
        return Err(Refusal::Invalid(Why::TooLong));
    }
    let folded = fold(input);
    let text = unquote(&folded);
    if text.is_empty() {
        return Err(Refusal::Invalid(Why::Empty));
    }
    if text.contains('@') {
        return address(text);
    }
    if let Some(link) = link(text) {
        return link;
    }
    number(text)
}

/// One spelling for what looks the same: ASCII digits, signs and spaces, nothing invisible.
fn fold(input: &str) -> Cow<'_, str> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n') && !matches!(byte, b'`');
    if input.bytes().all(plain) {
        return Cow::Borrowed(input);
    }
    let mut folded = String::with_capacity(input.len());
    for character in input.chars() {
        // Full-width forms are ASCII at a fixed distance (Unicode block FF00).
        let character = match character {
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(character as u32 - 0xfee0).unwrap_or(character)
            }
            _ => character,
        };
        match character {
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{00ad}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{20e3}' => {}
            '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => folded.push('\n'),
            _ if character.is_whitespace() || character.is_control() => folded.push(' '),
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{30fc}' | '\u{207b}' => {
                folded.push('-');
            }
            '\u{207a}' | '\u{fe62}' | '\u{2795}' => folded.push('+'),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{b4}' | '`' => folded.push('\''),
            '\u{201c}' | '\u{201d}' => folded.push('"'),
            '\u{b7}' | '\u{2022}' | '\u{3002}' => folded.push('.'),
            '\u{223c}' | '\u{2053}' => folded.push('~'),
            _ if !character.is_ascii() && character.is_numeric() => {
                let digit = PHONE_NUMBER_UTIL.normalize_digits_only(character.to_string());
                if digit.is_empty() {
                    folded.push(character);
                } else {
                    folded.push_str(&digit);
                }
            }
            _ => folded.push(character),
        }
    }
    Cow::Owned(folded)
}

/// Without the quotes, the apostrophe or the `="..."` that keep a spreadsheet from calculating.
fn unquote(text: &str) -> &str {
    let quote = |character: char| character.is_whitespace() || matches!(character, '\'' | '"');
    let text = text.trim_matches(quote);
    text.strip_prefix("=\"").unwrap_or(text).trim_matches(quote)
}

/// `6281234567890@c.us` and its relatives. The part before the `@` begins with the country code.
fn address(text: &str) -> Result<Typed, Refusal> {
    let (user, server) = text.split_once('@').unwrap_or((text, ""));
    if server.contains('@') {
        return Err(Refusal::TwoNumbers);
    }
    match server.trim_end().to_ascii_lowercase().as_str() {
        "c.us" | "s.whatsapp.net" => {}
        "g.us" => return Err(Refusal::NotAPerson(NotAPerson::Group)),
        "lid" | "hosted.lid" => return Err(Refusal::NotAPerson(NotAPerson::Lid)),
        "newsletter" => return Err(Refusal::NotAPerson(NotAPerson::Channel)),
        "broadcast" => return Err(Refusal::NotAPerson(NotAPerson::Broadcast)),
        _ => return Err(Refusal::Invalid(Why::ForeignAddress)),
    }
    // One account has several devices: "user.agent:device".
    let (user, device) = match user.find(['.', ':']) {
        Some(at) => user.split_at(at),
        None => (user, ""),
    };
    let stray = |part: &str, allowed: &[char]| {
        part.chars()
            .find(|character| !character.is_ascii_digit() && !allowed.contains(character))
    };
    let user = user.trim_start().trim_start_matches('+');
    if let Some(character) = stray(user, &[]).or_else(|| stray(device, &['.', ':'])) {
        return Err(Refusal::Invalid(Why::StrayCharacter(character)));
    }
    digits(user, true)
}

/// `https://wa.me/6281234567890?text=...` and `...send?phone=6281234567890&...`.
fn link(text: &str) -> Option<Result<Typed, Refusal>> {
    let lower = text.to_ascii_lowercase();
    let mark = ["wa.me/", "phone="]
        .into_iter()
        .find(|mark| lower.contains(mark))?;
    let (before, after) = lower.split_once(mark)?;
    let after = after.trim_start_matches("%2b").trim_start_matches('+');
    let end = after
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(after.len());
    let another_number = count_digits(before) > 0 || after.contains(mark);
    Some(if another_number {
        Err(Refusal::TwoNumbers)
    } else {
        digits(&after[..end], true)
    })
}

/// A number with its punctuation, a label before it and a note behind it.
fn number(text: &str) -> Result<Typed, Refusal> {
    let first_digit = text
        .find(|character: char| character.is_ascii_digit())
        .ok_or(Refusal::Invalid(Why::NoDigits))?;
    let (before, from_digit) = text.split_at(first_digit);
    let international = label(before)?;

    if let Some(written_out) = exponent(from_digit) {
        return digits(&written_out?, international);
    }
    let end = from_digit
        .find(|character: char| !is_punctuation(character))
        .unwrap_or(from_digit.len());
    let (punctuated, note) = from_digit.split_at(end);
    check_note(punctuated, note)?;

    let core = punctuated.trim_end_matches(|character: char| !character.is_ascii_digit());
    let core = without_fraction(core)?;
    check_single(core)?;
    digits(core, international)
}

fn digits(text: &str, international: bool) -> Result<Typed, Refusal> {
    if count_digits(text) == 0 {
        return Err(Refusal::Invalid(Why::NoDigits));
    }
    Ok(Typed {
        international,
        digits: Digits::from_ascii(text).ok_or(Refusal::Invalid(Why::TooLong))?,
    })
}

/// Digits and what may stand between or after them.
fn is_punctuation(character: char) -> bool {
    character.is_ascii_digit()
        || matches!(
            character,
            ' ' | '\n'
                | '-'
                | '.'
                | '('
                | ')'
                | '['
                | ']'
                | '/'
                | '\\'
                | '~'
                | ','
                | ';'
                | '|'
                | '&'
                | '+'
                | '\''
                | '"'
                | ':'
        )
}

/// Looks at what stands before the first digit; true when it ends with a plus.
///
/// A letter or sign right at the digit may be one: `O812...`, `*62...`. Known labels are not.
fn label(before: &str) -> Result<bool, Refusal> {
    const LABELS: [&str; 16] = [
        "wa",
        "hp",
        "no",
        "nomor",
        "tel",
        "telp",
        "tlp",
        "telepon",
        "phone",
        "mobile",
        "whatsapp",
        "hub",
        "cp",
        "call",
        "sms",
        "handphone",
    ];
    let label = before.trim_end_matches(|character: char| {
        character.is_whitespace() || matches!(character, '+' | '(' | '[' | '-' | '.')
    });
    let international = before[label.len()..].contains('+');
    let adjacent = label.len() == before.len();
    let Some(last) = label.chars().next_back().filter(|_| adjacent) else {
        return Ok(international);
    };
    let word_start = label
        .char_indices()
        .rev()
        .take_while(|(_, character)| character.is_alphabetic())
        .last()
        .map_or(label.len(), |(at, _)| at);
    let word = label[word_start..].to_lowercase();
    let harmless = matches!(last, ':' | ')' | ']' | ',' | ';' | '/' | '\'' | '"' | '=')
        || is_pictogram(last)
        || LABELS.contains(&word.as_str());
    if harmless {
        Ok(international)
    } else {
        Err(Refusal::Invalid(Why::StrayCharacter(last)))
    }
}

/// `6.281234567890E+12` written out; `None` when the text is not of that form.
///
/// Zeros that a spreadsheet did not write may have been any digits.
fn exponent(text: &str) -> Option<Result<String, Refusal>> {
    let (mantissa, power) = text.trim_end().split_once(['E', 'e'])?;
    let power = power.strip_prefix('+').unwrap_or(power);
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    if whole.is_empty() || power.is_empty() || !all_digits(power) {
        return None;
    }
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let Some(power) = power.parse().ok().filter(|power| *power <= DIGITS_MAX) else {
        return Some(Err(Refusal::Invalid(Why::TooLong)));
    };
    Some(match fraction.split_at_checked(power) {
        None => Err(Refusal::DigitsLost),
        Some((_, rest)) if rest.bytes().any(|digit| digit != b'0') => {
            Err(Refusal::Invalid(Why::Fraction))
        }
        Some((digits, _)) => Ok(format!("{whole}{digits}")),
    })
}

/// Without the `.0` of a number that went through a spreadsheet as a float, thousands separators
/// or not. Three zeros may be digits of the number, and other decimals are no number at all.
fn without_fraction(core: &str) -> Result<&str, Refusal> {
    let Some(point) = core.rfind(['.', ',']) else {
        return Ok(core);
    };
    let (whole, fraction) = (&core[..point], &core[point + 1..]);
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let thousands = if core[point..].starts_with('.') {
        ','
    } else {
        '.'
    };
    let mut groups = whole.split(thousands);
    let leading = groups.next().unwrap_or_default();
    let in_thousands = whole.contains(thousands)
        && (1..=3).contains(&leading.len())
        && groups.all(|group| group.len() == 3 && all_digits(group));
    let is_float = all_digits(leading) && (in_thousands || all_digits(whole));
    if !is_float || count_digits(whole) <= NUMBER_DIGITS_MIN || !all_digits(fraction) {
        return Ok(core);
    }
    let zeros = fraction.bytes().all(|digit| digit == b'0');
    match fraction.len() {
        1 | 2 if zeros => Ok(whole),
        1 | 2 => Err(Refusal::Invalid(Why::Fraction)),
        _ if zeros => Err(Refusal::Invalid(Why::Fraction)),
        _ => Ok(core),
    }
}

/// Looks at what follows the number: nothing, a note, an extension, or another number.
fn check_note(punctuated: &str, note: &str) -> Result<(), Refusal> {
    const EXTENSIONS: [&str; 13] = [
        "ext",
        "extn",
        "extension",
        "ekst",
        "ekstensi",
        "eks",
        "pes",
        "pesawat",
        "x",
        "int",
        "anexo",
        "доб",
        "#",
    ];
    let Some(first) = note.chars().next() else {
        return Ok(());
    };
    let adjacent =
        punctuated.ends_with(|character: char| character.is_ascii_digit()) && !is_pictogram(first);
    if count_digits(note) > 0 {
        let word_end = note
            .find(|character: char| !character.is_alphabetic() && character != '#')
            .unwrap_or(note.len());
        let (word, rest) = note.split_at(word_end);
        let after_word = rest.trim_start_matches([' ', '.', ':', '=', '#']);
        if EXTENSIONS.contains(&word.to_lowercase().as_str())
            && after_word.starts_with(|character: char| character.is_ascii_digit())
        {
            return Err(Refusal::Extension);
        }
        let inside_a_number = adjacent
            && note
                .trim_start_matches(|character: char| !is_punctuation(character))
                .starts_with(|character: char| character.is_ascii_digit());
        let another_number = !inside_a_number
            && note
                .split(|character: char| !is_punctuation(character))
                .any(|part| count_digits(part) >= NUMBER_DIGITS_MIN);
        return Err(if another_number {
            Refusal::TwoNumbers
        } else {
            Refusal::Invalid(Why::StrayCharacter(first))
        });
    }
    // "081234567O" and "08123456 l" are slips of the keyboard, and a shorter number can exist.
    let adjacent =
        punctuated.ends_with(|character: char| character.is_ascii_digit()) && !is_pictogram(first);
    let looks_like_digits = note
        .chars()
        .all(|character| matches!(character, 'O' | 'o' | 'I' | 'l' | '?' | '*' | '_' | '#'));
    if adjacent || looks_like_digits {
        return Err(Refusal::Invalid(Why::StrayCharacter(first)));
    }
    Ok(())
}

/// Refuses what holds two numbers.
fn check_single(core: &str) -> Result<(), Refusal> {
    if core.contains(",,") {
        return Err(Refusal::Extension);
    }
    if let Some((before, after)) = core.split_once('+') {
        let two = count_digits(before).min(count_digits(after)) >= NUMBER_DIGITS_MIN;
        return Err(if two {
            Refusal::TwoNumbers
        } else {
            Refusal::Invalid(Why::StrayCharacter('+'))
        });
    }
    if core.contains(':') {
        return Err(Refusal::Invalid(Why::StrayCharacter(':')));
    }
    if !is_grouped(core) || two_halves(core) {
        return Err(Refusal::TwoNumbers);
    }
    Ok(())
}

/// True when the parts between commas, slashes and the like are groups of one number: all short,
/// or an area code and the rest (`021/5551234`).
fn is_grouped(core: &str) -> bool {
    let parts: Vec<usize> = core
        .split(['/', '\\', ',', ';', '|', '&', '\n'])
        .map(count_digits)
        .filter(|count| *count > 0)
        .collect();
    match parts.as_slice() {
        [_] => true,
        [area_code, _] => *area_code <= GROUP_DIGITS_MAX,
        parts => parts.iter().all(|count| *count <= GROUP_DIGITS_MAX),
    }
}

/// True when there are too many digits for one number and some gap leaves enough for a number on
/// each side.
fn two_halves(core: &str) -> bool {
    const E164_DIGITS_MAX: usize = 15;
    const WHOLE_NUMBER_DIGITS_MIN: usize = 8;
    let total = count_digits(core);
    let gap = |(at, character): (usize, char)| {
        let before = count_digits(&core[..at]);
        !character.is_ascii_digit() && before.min(total - before) >= WHOLE_NUMBER_DIGITS_MIN
    };
    total > E164_DIGITS_MAX && core.char_indices().any(gap)
}

/// A telephone sign or an emoji: cannot have been meant as a digit.
fn is_pictogram(character: char) -> bool {
    !character.is_ascii() && !character.is_alphanumeric()
}

fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_long_one(text in " {0,2}\\+?[0-9]{1,22} {0,2}") {
            if let Some(typed) = plain(&text) {
                prop_assert_eq!(clean(&text), Ok(typed));
            } else {
                prop_assert_eq!(clean(&text), Err(Refusal::Invalid(Why::TooLong)));
            }
        }

        #[test]
        fn the_short_way_leaves_everything_else_to_the_long_one(text in "\\PC{0,30}") {
            if let Some(typed) = plain(&text) {
                prop_assert_eq!(clean(&text), Ok(typed));
            }
        }
    }

    #[test]
    fn digits_hold_twenty_and_no_more() {
        assert_eq!(
            Digits::from_ascii(&"7".repeat(20)).unwrap().as_str().len(),
            20
        );
        assert_eq!(Digits::from_ascii(&"7".repeat(21)), None);
        assert_eq!(Digits::from_ascii("6 2").unwrap().with_plus(), "+62");
    }
}
