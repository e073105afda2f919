//! A phone number that is already in E.164. How typed-in text becomes one is the parent's matter.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Region;
use super::masked::Digits;

/// The smallest and the largest E.164 number: ITU-T E.164 allows at most 15 digits with the
/// country code, and the shortest in use (Niue, Saint Helena) have seven.
const DIGITS: std::ops::RangeInclusive<u64> = 1_000_000..=999_999_999_999_999;

/// A phone number in E.164: country code and national number, at most 15 digits.
///
/// `Display` and serde write it in full (`+6281234567890`); `Debug` masks it, because what is
/// printed for debugging ends up in logs.
///
/// ```
/// use campaign_core::phone::{PhoneNumber, Region};
///
/// let phone: PhoneNumber = "+6281212345678".parse()?;
/// assert_eq!(phone.digits(), 6281212345678);
/// assert_eq!(phone.to_string(), "+6281212345678");
/// assert_eq!(phone.masked().to_string(), "+62812****5678");
/// assert_eq!(phone.region(), Some(Region::ID));
/// # Ok::<(), campaign_core::phone::UnlikelyNumber>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhoneNumber(NonZeroU64);

impl PhoneNumber {
    /// A number nobody has: +1 555 01 00 is kept free for fiction in the North American plan.
    pub const FICTITIOUS: PhoneNumber = PhoneNumber(NonZeroU64::new(12_125_550_100).unwrap());

    /// The number with these E.164 digits (country code first, no `+`), as a store keeps them.
    ///
    /// Checks only the length; whether somebody can have that number was checked by
    /// the import.
    ///
    /// # Errors
    /// [`UnlikelyNumber`] for fewer than 7 or more than 15 digits.
    pub fn from_digits(digits: u64) -> Result<Self, UnlikelyNumber> {
        NonZeroU64::new(digits)
            .filter(|digits| DIGITS.contains(&digits.get()))
            .map(Self)
            .ok_or_else(|| UnlikelyNumber(digits.to_string()))
    }

    /// The number written as E.164 digits, with or without the leading `+` and nothing else.
    ///
    /// # Errors
    /// [`UnlikelyNumber`] for other characters, a leading zero, or fewer than 7 or more than 15
    /// digits.
    pub fn from_e164_digits(text: &str) -> Result<Self, UnlikelyNumber> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(UnlikelyNumber(text.chars().take(40).collect()));
        }
        digits
            .parse()
            .ok()
            .and_then(|digits| Self::from_digits(digits).ok())
            .ok_or_else(|| UnlikelyNumber(text.chars().take(40).collect()))
    }

    /// The E.164 digits as a number: what stores keep and compare.
    #[must_use]
    pub fn digits(self) -> u64 {
        self.0.get()
    }

    /// The number with its middle hidden, for logs: `+62812****5678`.
    #[must_use]
    pub fn masked(self) -> Masked {
        Masked(self)
    }

    /// The country or territory the number belongs to; `None` for numbers that belong to no
    /// country (satellite phones, international freephone) or to nobody.
    #[must_use]
    pub fn region(self) -> Option<Region> {
        let number = PHONE_NUMBER_UTIL.parse(self.to_string(), None).ok()?;
        PHONE_NUMBER_UTIL
            .get_region_for_number(&number)
            .and_then(Region::from_library)
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

impl FromStr for PhoneNumber {
    type Err = UnlikelyNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_e164_digits(text)
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A [`PhoneNumber`] that shows at most its first five and last four digits, and hides at least
/// four.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Masked(PhoneNumber);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", Digits(&self.0.digits().to_string()))
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text or digits that cannot be an E.164 number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a number in E.164: write + and 7 to 15 digits, country code first")]
pub struct UnlikelyNumber(String);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_seven_to_fifteen_digits_are_a_number() {
        for digits in [1_000_000, 6_281_234_567_890, 999_999_999_999_999] {
            assert_eq!(PhoneNumber::from_digits(digits).unwrap().digits(), digits);
        }
        for digits in [0, 999_999, 1_000_000_000_000_000, u64::MAX] {
            assert!(PhoneNumber::from_digits(digits).is_err(), "{digits}");
        }
        for text in [
            "",
            "+",
            "62 812",
            "++6281234567890",
            "+0812345678",
            "081234567890",
            "٦٢٨١٢٣٤٥٦٧٨٩",
            "+62812345678901234567890",
        ] {
            assert!(PhoneNumber::from_e164_digits(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_mask_hides_at_least_four_digits_whatever_the_length() {
        for (text, masked) in [
            ("+6834002", "+****002"),
            ("+29051234", "+****1234"),
            ("+6581234567", "+65****4567"),
            ("+6281212345678", "+62812****5678"),
            ("+628121234567890", "+62812******7890"),
        ] {
            let phone: PhoneNumber = text.parse().unwrap();
            assert_eq!(phone.masked().to_string(), masked);
            assert_eq!(format!("{phone:?}"), format!("PhoneNumber({masked})"));
        }
    }

    #[test]
    fn an_optional_number_takes_eight_bytes() {
        assert_eq!(size_of::<Option<PhoneNumber>>(), 8);
    }

    #[test]
    fn text_comes_back_the_same() {
        let phone: PhoneNumber = "+390612345678".parse().unwrap();
        let text = serde_json::to_string(&phone).unwrap();
        assert_eq!(text, "\"+390612345678\"");
        assert_eq!(serde_json::from_str::<PhoneNumber>(&text).unwrap(), phone);
        assert_eq!(phone.region().unwrap().code(), "IT");
    }
}
