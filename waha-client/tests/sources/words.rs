//! The vocabulary: which words of a text name a source.

/// Besides "recorded", "RFC n" and "Ours: why". In small letters, and without the `'s` that may stand in them.
const VOCABULARY: [&str; 18] = [
    "waha specification",
    "waha documentation",
    "waha source",
    "baileys source",
    "whatsmeow source",
    "whatsapp-web.js source",
    "whatsapp documentation",
    "meta documentation",
    "rust documentation",
    "tokio documentation",
    "tokio source",
    "serde documentation",
    "reqwest documentation",
    "reqwest source",
    "hyper documentation",
    "hyper source",
    "tungstenite source",
    "node documentation",
];

/// A clause with one of these denies what it names.
const DENIALS: [&str; 6] = ["not", "no", "none", "nor", "never", "nobody"];

/// Whether a text has a word of the vocabulary.
pub(crate) fn names_source(docs: &str) -> bool {
    let plain = docs.replace(['`', '[', ']'], "").to_lowercase();
    let plain = plain.replace("'s ", " ").replace("s' ", "s ");
    let is_start = |at: usize| !plain[..at].ends_with(char::is_alphanumeric);
    let has = |phrase: &&str| {
        let mut places = plain.match_indices(*phrase);
        places.any(|(at, it)| {
            is_start(at) && !plain[at + it.len()..].starts_with(char::is_alphanumeric)
        })
    };
    let is_standard = |(at, it): (usize, &str)| {
        is_start(at) && plain[at + it.len()..].starts_with(|c: char| c.is_ascii_digit())
    };
    let is_reasoned = |(at, it): (usize, &str)| {
        let reason = sentences(&plain[at + it.len()..])
            .next()
            .unwrap_or_default();
        is_start(at) && words(reason).count() >= 3
    };
    VOCABULARY.iter().any(has)
        || plain.match_indices("rfc ").any(is_standard)
        || plain.match_indices("ours: ").any(is_reasoned)
        || says_recorded(docs)
}

/// Whether a text says "recorded" in a clause that does not deny it.
pub(crate) fn says_recorded(docs: &str) -> bool {
    let docs = docs.to_lowercase();
    let clauses = docs.split(['(', ')', ';', ':']).flat_map(sentences);
    clauses.into_iter().any(|clause| {
        let denies = words(clause).any(|word| DENIALS.contains(&word));
        words(clause).any(|word| word == "recorded") && !denies
    })
}

pub(crate) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ").flat_map(|part| part.split("\n\n"))
}

pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

#[test]
fn words_of_the_vocabulary_count_and_others_do_not() {
    for (docs, expected) in [
        ("Recorded.", true),
        ("Shown to nobody (recorded).", true),
        ("No shape is documented or recorded.", false),
        ("It does not answer; recorded with 2026.4.", true),
        ("A recorder.", false),
        ("WAHA's specification has it.", true),
        ("The [`WAHA` source](x).", true),
        ("Baileys' source says so.", true),
        ("whatsapp-web.js's source.", true),
        ("The source of it all.", false),
        ("RFC 9110.", true),
        ("An RFC says so.", false),
        ("Ours: more is of no use.", true),
        ("Ours: so. It has a long tail.", false),
    ] {
        assert_eq!(names_source(docs), expected, "{docs}");
    }
}
