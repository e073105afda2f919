//! Where a template's values come from, and when two names mean the same column.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

/// The values of one recipient, by name.
///
/// Implementations match names as [`same_name`] does, so that `{{ no hp }}`, `{{No_HP}}` and a
/// column headed `No. HP` are one variable. Slices of pairs and the standard maps already do.
///
/// ```
/// use campaign_core::template::Values;
///
/// let row = [("Nama", "Budi"), ("No. Invoice", "INV-7")];
/// assert_eq!(row.value("no_invoice"), Some("INV-7"));
/// assert_eq!(row.value("alamat"), None);
/// ```
pub trait Values {
    /// The value of `name`, or `None` when there is no such variable.
    fn value(&self, name: &str) -> Option<&str>;
}

impl<V: Values + ?Sized> Values for &V {
    fn value(&self, name: &str) -> Option<&str> {
        (**self).value(name)
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Values for [(K, V)] {
    fn value(&self, name: &str) -> Option<&str> {
        let exact = self.iter().find(|(key, _)| key.as_ref() == name);
        exact
            .or_else(|| self.iter().find(|(key, _)| same_name(key.as_ref(), name)))
            .map(|(_, value)| value.as_ref())
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> Values for [(K, V); N] {
    fn value(&self, name: &str) -> Option<&str> {
        self.as_slice().value(name)
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Values for Vec<(K, V)> {
    fn value(&self, name: &str) -> Option<&str> {
        self.as_slice().value(name)
    }
}

impl<S: BuildHasher> Values for HashMap<String, String, S> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name)
            .or_else(|| {
                // Of several spellings of one name the smallest wins: a map's own order is chance.
                self.iter()
                    .filter(|(key, _)| same_name(key, name))
                    .min_by_key(|(key, _)| *key)
                    .map(|(_, value)| value)
            })
            .map(String::as_str)
    }
}

impl Values for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name)
            .or_else(|| {
                self.iter()
                    .find(|(key, _)| same_name(key, name))
                    .map(|(_, value)| value)
            })
            .map(String::as_str)
    }
}

/// Whether two names mean the same column: letters and digits alone count, in any case.
///
/// ```
/// use campaign_core::template::same_name;
///
/// assert!(same_name("No. HP", "no_hp"));
/// assert!(!same_name("nama", "name"));
/// ```
#[must_use]
pub fn same_name(a: &str, b: &str) -> bool {
    // A name without a letter or digit names nothing.
    letters(a).next().is_some() && letters(a).eq(letters(b))
}

/// The form in which names are compared.
pub(crate) fn normal_form(name: &str) -> String {
    letters(name).collect()
}

/// A value that counts as missing: empty, or nothing but spaces.
pub(crate) fn is_blank(value: &str) -> bool {
    // Nearly every value starts with something visible; `trim` would also walk from the end.
    match value.as_bytes().first() {
        None => true,
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => value
            .chars()
            .all(|c| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')),
    }
}

fn letters(name: &str) -> impl Iterator<Item = char> + '_ {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_match_whatever_their_case_spaces_and_punctuation() {
        for (a, b, same) in [
            ("nama", "NAMA", true),
            ("Nama Pelanggan", "nama_pelanggan", true),
            ("No. Invoice", "no invoice", true),
            (" \u{a0}No\u{a0}HP ", "nohp", true),
            ("Größe", "größe", true),
            ("名前", "名前", true),
            ("1", "_1", true),
            ("var1", "var2", false),
            ("nama", "name", false),
            ("---", "***", false),
            ("", "", false),
        ] {
            assert_eq!(same_name(a, b), same, "{a:?} {b:?}");
        }
    }

    #[test]
    fn every_kind_of_values_prefers_the_exact_name() {
        let pairs = [("NAMA", "loud"), ("nama", "quiet")];
        let hash: HashMap<String, String> = pairs.map(|(k, v)| (k.into(), v.into())).into();
        let tree: BTreeMap<String, String> = pairs.map(|(k, v)| (k.into(), v.into())).into();
        for values in [&pairs.to_vec() as &dyn Values, &pairs, &hash, &tree] {
            assert_eq!(values.value("nama"), Some("quiet"));
            assert_eq!(values.value("NAMA"), Some("loud"));
            assert_eq!(values.value("na_ma"), Some("loud"));
            assert_eq!(values.value("alamat"), None);
        }
    }

    #[test]
    fn blank_is_empty_or_invisible() {
        for blank in ["", " ", "\t\n", "\u{a0}", "\u{200b}", " \u{feff} "] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for visible in ["0", "-", " x", "\u{a0}é"] {
            assert!(!is_blank(visible), "{visible:?}");
        }
    }
}
