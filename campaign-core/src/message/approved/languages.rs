//! The languages a template can be in.

/// Meta's codes. Source: Meta, Message templates, supported languages.
pub const LANGUAGES: [&str; 71] = [
    "af", "sq", "ar", "az", "bn", "bg", "ca", "zh_CN", "zh_HK", "zh_TW", "hr", "cs", "da", "nl",
    "en", "en_GB", "en_US", "et", "fil", "fi", "fr", "ka", "de", "el", "gu", "ha", "he", "hi",
    "hu", "id", "ga", "it", "ja", "kn", "kk", "rw_RW", "ko", "ky_KG", "lo", "lv", "lt", "mk", "ms",
    "ml", "mr", "nb", "fa", "pl", "pt_BR", "pt_PT", "pa", "ro", "ru", "sr", "sk", "sl", "es",
    "es_AR", "es_ES", "es_MX", "sw", "sv", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "zu",
];

/// The code that `typed` was meant to be: another case, or `-` for `_`.
pub(super) fn near(typed: &str) -> Option<&'static str> {
    let typed = typed.trim().replace('-', "_");
    let exact = LANGUAGES
        .iter()
        .find(|code| code.eq_ignore_ascii_case(&typed));
    // `id_ID` is how other programs write `id`.
    exact
        .or_else(|| {
            let (language, _) = typed.split_once('_')?;
            LANGUAGES
                .iter()
                .find(|code| code.eq_ignore_ascii_case(language))
        })
        .copied()
}
