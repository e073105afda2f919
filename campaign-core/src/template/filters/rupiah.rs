//! Amounts in rupiah: read from what people and spreadsheets write, shown the Indonesian way.
//!
//! An amount is text, digit by digit, and then integers: money is never a float.
//!
//! How a number is read:
//! - `250.000`, `1.250.000`: dots before groups of exactly three digits are thousands, as
//!   Indonesian writes them. No sum in rupiah has three decimals, so `1.234` has one reading.
//! - `250.000,50`, `250000,5`: a comma with one or two digits after it begins the sen.
//! - `250000.0`, `250000.50`: a single dot with one or two digits after it (what a spreadsheet
//!   writes for a number) begins the sen; so does a dot after more than three digits.
//! - `12,345.00`, `1,234,567`: commas as thousands, where nothing else is possible.
//! - `1,234`: refused. It is Rp1.234 to an English spreadsheet and Rp1,234 to an Indonesian one.
//!
//! How it is shown: `Rp250.000`, no space after Rp, dots for thousands, a comma before the sen,
//! and the sen only when there are some: `Rp250.000,50`. Source: Ejaan Yang Disempurnakan (EYD V)
//! and PUEBI before it: on numbers, the full stop (thousands) and the comma (rupiah and sen).

use std::fmt;

use crate::template::error::FilterFault;

/// A sum in rupiah and sen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    negative: bool,
    rupiah: u64,
    sen: u8,
}

impl Amount {
    /// The sum when it has no sen: what a template may compare.
    pub(crate) fn whole(self) -> Option<i64> {
        let rupiah = i64::try_from(self.rupiah).ok()?;
        match (self.sen, self.negative) {
            (0, false) => Some(rupiah),
            (0, true) => Some(-rupiah),
            _ => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.rupiah.to_string();
        f.write_str(if self.negative { "-Rp" } else { "Rp" })?;
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(".")?;
            }
            write!(f, "{digit}")?;
        }
        if self.sen > 0 {
            write!(f, ",{:02}", self.sen)?;
        }
        Ok(())
    }
}

const EXAMPLE: &str = "write it like 250000, 250.000 or Rp250.000,50";

/// The amount that `text` says, by the rules above.
///
/// # Errors
/// When it is no amount, or can be read as two different ones.
pub(crate) fn read_amount(text: &str) -> Result<Amount, FilterFault> {
    let (negative, number) = without_signs(text)?;
    if number.is_empty() {
        return Err(FilterFault::new("there is no number in it", EXAMPLE));
    }
    if number.bytes().any(|b| matches!(b, b'e' | b'E'))
        && number
            .bytes()
            .all(|b| b.is_ascii_digit() || b"eE+-.,".contains(&b))
    {
        return Err(FilterFault::new(
            "a spreadsheet shortened it and may have lost digits",
            "format the column as a number without exponent and save the file again",
        ));
    }
    if let Some(other) = number
        .chars()
        .find(|c| !c.is_ascii_digit() && !matches!(c, '.' | ','))
    {
        return Err(FilterFault::new(
            format!("{other:?} is not part of an amount"),
            EXAMPLE,
        ));
    }
    let (whole, fraction) = split(number)?;
    if whole.len() > 1 && whole.starts_with('0') {
        return Err(FilterFault::new(
            "it begins with 0, like a phone number or a code",
            "check that the column holds amounts",
        ));
    }
    // Every sum of money in rupiah is far below; account and identity numbers are above.
    const DIGITS_MAX: usize = 15;
    let rupiah = match whole.parse::<u64>() {
        Ok(rupiah) if whole.len() <= DIGITS_MAX => rupiah,
        _ => {
            return Err(FilterFault::new(
                format!("it has more than {DIGITS_MAX} digits"),
                "check that the column holds amounts",
            ));
        }
    };
    let sen = sen(fraction)?;
    Ok(Amount {
        negative: negative && (rupiah > 0 || sen > 0),
        rupiah,
        sen,
    })
}

/// Takes off the sign, `Rp` or `IDR`, and the `,-` that stands for "no sen".
fn without_signs(text: &str) -> Result<(bool, &str), FilterFault> {
    let mut rest = text.trim();
    let mut negative = false;
    let mut currency = false;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(['-', '\u{2212}']) {
            if negative {
                return Err(FilterFault::new("it has two minus signs", EXAMPLE));
            }
            negative = true;
            rest = after;
        } else if let Some(after) = without_currency(rest).filter(|_| !currency) {
            currency = true;
            rest = after;
        } else {
            break;
        }
    }
    let rest = rest
        .strip_suffix(",-")
        .or_else(|| rest.strip_suffix(".-"))
        .unwrap_or(rest);
    Ok((negative, rest))
}

fn without_currency(text: &str) -> Option<&str> {
    let rp = |at: usize, name: &str| {
        text.get(..at)
            .filter(|start| start.eq_ignore_ascii_case(name))
            .and(text.get(at..))
    };
    let after = rp(2, "rp").or_else(|| rp(3, "idr"))?;
    Some(after.strip_prefix('.').unwrap_or(after))
}

/// The digits before and after the decimal sign.
fn split(number: &str) -> Result<(String, &str), FilterFault> {
    let dots = number.matches('.').count();
    let commas = number.matches(',').count();
    let not_grouped = || {
        FilterFault::new(
            "its dots and commas do not stand before groups of three digits",
            EXAMPLE,
        )
    };
    match (dots, commas) {
        (0, 0) => Ok((number.to_owned(), "")),
        // One kind of sign, once: thousands or sen?
        (1, 0) | (0, 1) => {
            let comma = commas == 1;
            let (head, tail) = number
                .split_once(['.', ','])
                .filter(|(head, tail)| !head.is_empty() && !tail.is_empty())
                .ok_or_else(not_grouped)?;
            let thousands = is_grouped(number, if comma { ',' } else { '.' });
            match (thousands, comma) {
                (true, false) => Ok((format!("{head}{tail}"), "")),
                (true, true) => Err(FilterFault::ambiguous(
                    [
                        format!("Rp{head}.{tail} (comma before thousands)"),
                        format!("Rp{head},{tail} (comma before the sen)"),
                    ],
                    "write thousands with a dot (250.000) or without any sign (250000)",
                )),
                (false, _) => Ok((head.to_owned(), tail)),
            }
        }
        (_, 0) => grouped(number, '.')
            .ok_or_else(not_grouped)
            .map(|w| (w, "")),
        (0, _) => grouped(number, ',')
            .ok_or_else(not_grouped)
            .map(|w| (w, "")),
        // Both kinds: the last one begins the sen, the other groups the thousands.
        _ => {
            let (thousands, decimal) = if number.rfind(',') > number.rfind('.') {
                ('.', ',')
            } else {
                (',', '.')
            };
            let (head, tail) = number.rsplit_once(decimal).ok_or_else(not_grouped)?;
            match grouped(head, thousands) {
                Some(whole) if !tail.is_empty() => Ok((whole, tail)),
                _ => Err(not_grouped()),
            }
        }
    }
}

fn is_grouped(number: &str, sign: char) -> bool {
    let mut groups = number.split(sign);
    let head = groups.next().unwrap_or_default();
    (1..=3).contains(&head.len())
        && !head.starts_with('0')
        && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
        && head.bytes().all(|b| b.is_ascii_digit())
}

fn grouped(number: &str, sign: char) -> Option<String> {
    is_grouped(number, sign).then(|| number.replace(sign, ""))
}

fn sen(fraction: &str) -> Result<u8, FilterFault> {
    let significant = fraction.trim_end_matches('0');
    match significant.len() {
        0 => Ok(0),
        1 | 2 => format!("{significant:0<2}")
            .parse()
            .map_err(|_| FilterFault::new("its sen are not digits", EXAMPLE)),
        _ => Err(FilterFault::new(
            "it has parts smaller than a sen",
            "round the column to whole rupiah",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (written, shown) in [
            ("250000", "Rp250.000"),
            ("250000.0", "Rp250.000"),
            ("250000.00", "Rp250.000"),
            ("250.000", "Rp250.000"),
            ("1.234", "Rp1.234"),
            ("Rp 250.000,00", "Rp250.000"),
            ("Rp250.000", "Rp250.000"),
            ("rp. 250.000,-", "Rp250.000"),
            ("Rp250.000.-", "Rp250.000"),
            ("IDR 250.000", "Rp250.000"),
            ("Rp\u{a0}250.000", "Rp250.000"),
            ("1.250.000,50", "Rp1.250.000,50"),
            ("1.250.000,5", "Rp1.250.000,50"),
            ("250000,05", "Rp250.000,05"),
            ("250000.5", "Rp250.000,50"),
            ("1,5", "Rp1,50"),
            ("12,345.00", "Rp12.345"),
            ("1,234,567", "Rp1.234.567"),
            ("1,234,567.89", "Rp1.234.567,89"),
            ("2500.000", "Rp2.500"),
            ("0", "Rp0"),
            ("0,5", "Rp0,50"),
            ("999", "Rp999"),
            ("-250000", "-Rp250.000"),
            ("-Rp250.000", "-Rp250.000"),
            ("Rp -250.000", "-Rp250.000"),
            ("\u{2212}1", "-Rp1"),
            ("-0", "Rp0"),
            ("  250000  ", "Rp250.000"),
            ("999.999.999.999.999", "Rp999.999.999.999.999"),
        ] {
            assert_eq!(
                read_amount(written).map(|a| a.to_string()),
                Ok(shown.to_owned()),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for (written, reason) in [
            ("1,234", "Rp1.234 (comma before thousands)"),
            ("250,000", "Rp250,000 (comma before the sen)"),
            ("", "no number"),
            ("Rp", "no number"),
            ("gratis", "'g' is not part"),
            ("250 000", "' ' is not part"),
            ("250rb", "'r' is not part"),
            ("١٢٣", "is not part"),
            ("2.5E+5", "may have lost digits"),
            ("1.23.456", "groups of three"),
            ("1.250,000.00", "groups of three"),
            ("1,250.000,00", "groups of three"),
            ("1.2345.678", "groups of three"),
            ("250.", "groups of three"),
            (".5", "groups of three"),
            ("250.000,", "groups of three"),
            ("1.250,505", "smaller than a sen"),
            ("250000.123", "smaller than a sen"),
            ("250000.10000000001", "smaller than a sen"),
            ("081234567890", "phone number"),
            ("0.250.000", "groups of three"),
            ("3171234567890001", "more than 15 digits"),
            ("--5", "two minus signs"),
            ("5-", "'-' is not part"),
            ("RpRp5", "'R' is not part"),
        ] {
            let fault = read_amount(written).expect_err(written);
            assert!(fault.to_string().contains(reason), "{written}: {fault}");
        }
    }

    #[test]
    fn an_ambiguous_amount_shows_both_readings() {
        let fault = read_amount("1,234").unwrap_err();
        assert_eq!(fault.readings().len(), 2);
        assert!(fault.remedy().contains("250.000"));
    }

    #[test]
    fn only_whole_amounts_compare() {
        assert_eq!(read_amount("-1.000").unwrap().whole(), Some(-1_000));
        assert_eq!(read_amount("1,50").unwrap().whole(), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_as_the_same_sum(
            negative: bool, rupiah in 0u64..1_000_000_000_000_000, sen in 0u8..100,
        ) {
            let amount = Amount { negative: negative && (rupiah, sen) != (0, 0), rupiah, sen };
            prop_assert_eq!(read_amount(&amount.to_string()), Ok(amount));
        }

        #[test]
        fn plain_and_dotted_digits_are_one_sum(rupiah in 0u64..1_000_000_000_000_000) {
            let plain = read_amount(&rupiah.to_string());
            prop_assert_eq!(&plain, &read_amount(&format!("{rupiah}.0")));
            prop_assert_eq!(&plain, &read_amount(&plain.clone().unwrap().to_string()));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[-0-9.,RpE ]{0,20}") {
            let _ = read_amount(&text);
        }
    }
}
