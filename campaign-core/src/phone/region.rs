//! The country a number without its country code is read in.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A country or territory with a numbering plan, by its two-letter code (ISO 3166-1, as
/// libphonenumber knows them).
///
/// ```
/// use campaign_core::phone::Region;
///
/// let region: Region = "id".parse()?;
/// assert_eq!(region, Region::ID);
/// assert_eq!(region.calling_code(), 62);
/// # Ok::<(), campaign_core::phone::UnknownRegion>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region {
    code: [u8; 2],
    calling_code: u16,
}

impl Region {
    /// Indonesia.
    pub const ID: Self = Self {
        code: *b"ID",
        calling_code: 62,
    };

    /// The region with this two-letter code, in either case.
    ///
    /// # Errors
    /// [`UnknownRegion`] when libphonenumber has no numbering plan under that code.
    pub fn new(code: &str) -> Result<Self, UnknownRegion> {
        let unknown = || UnknownRegion(code.chars().take(20).collect());
        let [first, second] = code.trim().as_bytes() else {
            return Err(unknown());
        };
        let letters = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
        let calling_code = library_region(letters)
            .and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region))
            .and_then(|calling_code| u16::try_from(calling_code).ok())
            .ok_or_else(unknown)?;
        Ok(Self {
            code: letters,
            calling_code,
        })
    }

    /// The two letters, in upper case.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// The country calling code: 62 for Indonesia, 1 for all of North America.
    #[must_use]
    pub fn calling_code(self) -> u16 {
        self.calling_code
    }

    pub(super) fn from_library(region: rlibphonenumber::Region) -> Option<Self> {
        Self::new(&region.as_region_str()).ok()
    }

    pub(super) fn to_library(self) -> Option<rlibphonenumber::Region> {
        library_region(self.code)
    }
}

fn library_region(letters: [u8; 2]) -> Option<rlibphonenumber::Region> {
    std::str::from_utf8(&letters)
        .ok()
        .and_then(|code| rlibphonenumber::Region::from_code(code).ok())
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({})", self.code())
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::new(code)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::new(&code).map_err(de::Error::custom)
    }
}

/// A code that is no region with telephones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a country: give a two-letter code such as ID, MY or SG")]
pub struct UnknownRegion(String);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_constant_says_what_the_library_says() {
        assert_eq!(Region::new("ID").unwrap(), Region::ID);
    }

    #[test]
    fn a_code_is_read_in_either_case_and_checked() {
        assert_eq!(Region::new(" us ").unwrap().calling_code(), 1);
        for wrong in ["", "I", "IDN", "62", "ZZ", "001", "é", "İD"] {
            assert!(Region::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn text_comes_back_the_same() {
        let text = serde_json::to_string(&Region::ID).unwrap();
        assert_eq!(text, "\"ID\"");
        assert_eq!(serde_json::from_str::<Region>(&text).unwrap(), Region::ID);
        assert!(serde_json::from_str::<Region>("\"QQ\"").is_err());
    }
}
