//! Who is the same recipient as somebody before.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13Wide};

use super::Page;
use crate::phone::PhoneNumber;

/// What makes a recipient the same: the phone, or the phone and the key.
///
/// 16 bytes whatever the key: with a key it is a 128-bit hash (two of a million recipients share
/// one by chance once in 10^26 files), without one it is the number itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(u128);

impl Identity {
    /// The identity of this phone with this value of the key column.
    #[must_use]
    pub fn new(phone: PhoneNumber, key: Option<&str>) -> Self {
        let Some(key) = key else {
            return Self(phone.digits().into());
        };
        let mut hasher = SipHasher13Wide::new();
        phone.digits().hash(&mut hasher);
        hasher.write(key.as_bytes());
        // The highest bit keeps hashes and plain numbers apart.
        Self(hasher.finish128().as_u128() | 1 << 127)
    }

    /// The value, for a store's unique key.
    #[must_use]
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

/// Whoever remembers which recipients came.
///
/// A store does so by a unique key, for any number of rows; [`SeenInMemory`] does for files of
/// ordinary size.
pub trait Seen {
    /// The row in which this recipient came first; `None` when it is this one, which is
    /// remembered.
    fn first_row(&mut self, recipient: Identity, row: u64) -> Option<u64>;
}

pub(super) type IdentityMap<V> = HashMap<Identity, V, BuildHasherDefault<SipHasher13>>;

/// Remembers recipients in memory, 34 to 70 bytes each.
#[derive(Debug, Default)]
pub struct SeenInMemory(IdentityMap<u64>);

impl Seen for SeenInMemory {
    fn first_row(&mut self, recipient: Identity, row: u64) -> Option<u64> {
        let first_row = *self.0.entry(recipient).or_insert(row);
        (first_row != row).then_some(first_row)
    }
}

/// Refuses the recipients of a page that came in an earlier page.
pub fn resolve_duplicates(page: &mut Page, seen: &mut dyn Seen) {
    let first_rows: Vec<Option<u64>> = (page.recipients.iter())
        .map(|recipient| seen.first_row(recipient.identity(), recipient.row))
        .collect();
    page.refuse_duplicates(first_rows);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn phone_and_key_together_are_the_identity() {
        let phone = |digits| PhoneNumber::from_digits(digits).unwrap();
        let one = Identity::new(phone(6_281_212_345_678), None);
        assert_eq!(one, Identity::new(phone(6_281_212_345_678), None));
        let others = [
            Identity::new(phone(6_281_212_345_679), None),
            Identity::new(phone(6_281_212_345_678), Some("")),
            Identity::new(phone(6_281_212_345_678), Some("INV-1")),
            Identity::new(phone(6_281_212_345_678), Some("INV-2")),
            Identity::new(phone(6_281_212_345_679), Some("INV-1")),
        ];
        for (at, other) in others.iter().enumerate() {
            assert_ne!(*other, one);
            assert!(!others[..at].contains(other));
        }
    }

    #[test]
    fn the_first_row_is_remembered() {
        let phone = PhoneNumber::from_digits(6_281_212_345_678).unwrap();
        let mut seen = SeenInMemory::default();
        let identity = Identity::new(phone, None);
        assert_eq!(seen.first_row(identity, 2), None);
        assert_eq!(seen.first_row(identity, 5), Some(2));
        assert_eq!(seen.first_row(identity, 9), Some(2));
    }
}
