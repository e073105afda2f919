//! Phone numbers as people read them. Display only: whether a number can be written to is decided
//! where numbers are normalised, not here.

use crate::template::error::FilterFault;

/// How a number is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PhoneStyle {
    /// `+62 812-3456-7890`.
    #[default]
    International,
    /// `0812-3456-7890`; numbers of other countries stay international.
    Local,
}

impl PhoneStyle {
    pub(super) const NAMES: &str = "international, local (lokal)";

    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "international" | "internasional" => Some(PhoneStyle::International),
            "local" | "lokal" => Some(PhoneStyle::Local),
            _ => None,
        }
    }
}

/// `text` as a phone number. A leading 0 or 8 is read as an Indonesian number.
pub(super) fn show(text: &str, style: PhoneStyle) -> Result<String, FilterFault> {
    let text = text.trim();
    let fault =
        |why: &str| FilterFault::new(why, "write it like +62 812-3456-7890 or 0812-3456-7890");
    let plus = text.starts_with('+');
    let mut digits = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if at == 0 => {}
            ' ' | '-' | '.' | '(' | ')' | '\u{a0}' => {}
            _ => return Err(fault("it holds other things than one phone number")),
        }
    }
    // E.164: at most 15 digits; nobody's number has fewer than 7.
    if !(7..=15).contains(&digits.len()) {
        return Err(fault("a phone number has 7 to 15 digits"));
    }
    let national = match digits.as_bytes() {
        [b'6', b'2', ..] => digits.get(2..),
        [b'0', ..] if !plus => digits.get(1..),
        [b'8', ..] if !plus => Some(digits.as_str()),
        _ => None,
    };
    let Some(national) = national else {
        return Ok(format!("+{digits}"));
    };
    let grouped = grouped(national);
    Ok(match style {
        PhoneStyle::International => format!("+62 {grouped}"),
        PhoneStyle::Local => format!("0{grouped}"),
    })
}

/// Mobile numbers in the groups Indonesians read them in: 812-3456-7890.
fn grouped(national: &str) -> String {
    match (national.as_bytes().first(), national.len()) {
        (Some(b'8'), length @ 9..=12) => {
            let second = if length == 9 { 6 } else { 7 };
            format!(
                "{}-{}-{}",
                &national[..3],
                &national[3..second],
                &national[second..]
            )
        }
        _ => national.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_are_grouped_for_reading() {
        for (typed, international, local) in [
            ("6281234567890", "+62 812-3456-7890", "0812-3456-7890"),
            ("+6281234567890", "+62 812-3456-7890", "0812-3456-7890"),
            ("0812 3456 7890", "+62 812-3456-7890", "0812-3456-7890"),
            ("81234567890", "+62 812-3456-7890", "0812-3456-7890"),
            ("0812345678", "+62 812-345-678", "0812-345-678"),
            ("08123456789", "+62 812-3456-789", "0812-3456-789"),
            ("0812345678901", "+62 812-3456-78901", "0812-3456-78901"),
            ("(021) 1234567", "+62 211234567", "0211234567"),
            ("+65 8123 4567", "+6581234567", "+6581234567"),
        ] {
            assert_eq!(
                show(typed, PhoneStyle::International).unwrap(),
                international
            );
            assert_eq!(show(typed, PhoneStyle::Local).unwrap(), local);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in [
            "",
            "-",
            "12345",
            "1234567890123456",
            "0812 / 0813",
            "6.28E+12",
            "WA 0812345678",
        ] {
            assert!(show(typed, PhoneStyle::Local).is_err(), "{typed}");
        }
    }
}
