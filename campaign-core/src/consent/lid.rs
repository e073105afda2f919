//! LIDs: WhatsApp's hidden names of people. A reply may come under one while nobody tells whose phone it is.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A person's LID, without `@lid`. `Debug` hides its middle, as it does of phone numbers.
///
/// ```
/// use campaign_core::consent::Lid;
///
/// let lid: Lid = "123456789012345@lid".parse()?;
/// assert_eq!(lid.to_string(), "123456789012345@lid");
/// assert_eq!(format!("{lid:?}"), "Lid(123****45@lid)");
/// # Ok::<(), campaign_core::consent::NoLid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lid(NonZeroU64);

/// It is no LID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a LID is a number, with or without @lid at its end")]
pub struct NoLid;

impl Lid {
    /// The LID of this number, which stores keep: at most 63 bits.
    pub fn from_number(number: u64) -> Option<Self> {
        let number = NonZeroU64::new(number)?;
        i64::try_from(number.get()).is_ok().then_some(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@lid", self.0)
    }
}

impl fmt::Debug for Lid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        match (digits.get(..3), digits.len().checked_sub(2)) {
            (Some(first), Some(last)) if digits.len() > 6 => {
                let last = digits.get(last..).unwrap_or_default();
                write!(f, "Lid({first}****{last}@lid)")
            }
            _ => write!(f, "Lid(****@lid)"),
        }
    }
}

impl FromStr for Lid {
    type Err = NoLid;

    fn from_str(text: &str) -> Result<Self, NoLid> {
        let digits = text.strip_suffix("@lid").unwrap_or(text);
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number).ok_or(NoLid)?;
        Self::from_number(number).ok_or(NoLid)
    }
}

impl TryFrom<String> for Lid {
    type Error = NoLid;

    fn try_from(text: String) -> Result<Self, NoLid> {
        text.parse()
    }
}

impl From<Lid> for String {
    fn from(lid: Lid) -> Self {
        lid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_is_a_lid() {
        let rows = [
            ("123@lid", Some(123)),
            ("123", Some(123)),
            ("0@lid", None),
            ("", None),
            ("+12@lid", None),
            ("12:3@lid", None),
            ("628@c.us", None),
            ("18446744073709551615@lid", None),
        ];
        for (text, number) in rows {
            let lid = text.parse::<Lid>().ok();
            assert_eq!(lid.map(Lid::number), number, "{text}");
        }
        assert_eq!(
            format!("{:?}", Lid::from_number(123).ok_or(NoLid)),
            "Ok(Lid(****@lid))"
        );
    }
}
