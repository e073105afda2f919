//! Names in mixed case.

/// Each word's first letter large, the others small. A word ends at anything that is neither a
/// letter, a digit nor an apostrophe: `siti nur-aini` is `Siti Nur-Aini`, `jum'at` is `Jum'at`.
pub(super) fn title(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut inside_word = false;
    for c in text.chars() {
        if inside_word {
            shown.extend(c.to_lowercase());
        } else {
            shown.extend(c.to_uppercase());
        }
        inside_word =
            c.is_alphanumeric() || matches!(c, '\'' | '’' | '\u{300}'..='\u{36f}') && inside_word;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn every_word_begins_large() {
        for (typed, shown) in [
            ("BUDI SANTOSO", "Budi Santoso"),
            ("siti nur-aini (rt 02)", "Siti Nur-Aini (Rt 02)"),
            ("jum'at", "Jum'at"),
            ("élodie ÇELİK", "Élodie Çeli\u{307}k"),
            ("", ""),
            ("3 ekor", "3 Ekor"),
        ] {
            assert_eq!(title(typed), shown, "{typed}");
        }
    }
}
