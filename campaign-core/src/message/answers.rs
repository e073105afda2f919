//! Which choice an answer means.
//!
//! Choices are sent as numbered lines, so people answer with the number, with the words, or with
//! both; a pressed button, a chosen list row or a vote in a poll brings the words, or the number
//! as its id. Anything that could mean two choices means none: a person is asked again rather
//! than misunderstood.

/// Longest text that is still read as an answer, in bytes: six times a label of 20 characters.
const ANSWER_BYTES_MAX: usize = 480;

/// Words that people put before the number of their choice, in Indonesian and in English.
const BEFORE_A_NUMBER: [&str; 15] = [
    "no", "nomor", "nomer", "angka", "pilih", "pilihan", "opsi", "saya", "yang", "number",
    "option", "choice", "choose", "i", "my",
];

/// The place among `labels`, from 0, of the one choice that `answer` means; `None` when it means
/// none of them, or could mean several.
///
/// An answer is a choice's words whatever their case and whatever punctuation, emoji or white
/// space surrounds them, its number (`1`, `1.`, `no 1`, `pilih nomor 1`, `1️⃣`), or both (`1. Ya`).
///
/// ```
/// use campaign_core::message::chosen;
///
/// let labels = ["Ya, lanjut", "Tidak"];
/// assert_eq!(chosen(&labels, "ya, lanjut 👍"), Some(0));
/// assert_eq!(chosen(&labels, "pilih nomor 2"), Some(1));
/// assert_eq!(chosen(&labels, "1 atau 2"), None);
/// ```
#[must_use]
pub fn chosen<L: AsRef<str>>(labels: &[L], answer: &str) -> Option<usize> {
    if answer.len() > ANSWER_BYTES_MAX {
        return None;
    }
    let answer = plain(answer);
    let by_words = words_among(labels, &answer);
    let by_number = number_among(labels, undecorated(&answer));
    match (by_words, by_number) {
        (Meant::One(words), Meant::One(number)) => (words == number).then_some(words),
        (Meant::One(only), Meant::None) | (Meant::None, Meant::One(only)) => Some(only),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Meant {
    None,
    One(usize),
    Several,
}

/// By the words, exactly if they are somebody's exactly, and otherwise without what surrounds them:
/// labels may differ in an emoji alone.
fn words_among<L: AsRef<str>>(labels: &[L], answer: &str) -> Meant {
    if answer.is_empty() {
        return Meant::None;
    }
    let exactly = only_one(labels, |label| label == answer);
    if !matches!(exactly, Meant::None) {
        return exactly;
    }
    let words = undecorated(answer);
    if words.is_empty() {
        return Meant::None;
    }
    only_one(labels, |label| undecorated(label) == words)
}

fn only_one<L: AsRef<str>>(labels: &[L], is_meant: impl Fn(&str) -> bool) -> Meant {
    let mut meant = Meant::None;
    for (at, label) in labels.iter().enumerate() {
        if is_meant(&plain(label.as_ref())) {
            meant = match meant {
                Meant::None => Meant::One(at),
                Meant::One(_) | Meant::Several => Meant::Several,
            };
        }
    }
    meant
}

/// By the number, alone or with the words that belong to it.
fn number_among<L: AsRef<str>>(labels: &[L], answer: &str) -> Meant {
    let mut rest = answer;
    while let Some((word, after)) = rest.split_once(' ') {
        if !BEFORE_A_NUMBER.contains(&undecorated(word)) {
            break;
        }
        rest = undecorated(after);
    }
    // `no.1` has no space.
    if let Some(after) = rest.strip_prefix("no.") {
        rest = undecorated(after);
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, words) = rest.split_at(digits);
    let Some(at) = place(number, labels.len()) else {
        return Meant::None;
    };
    if words.is_empty() {
        return Meant::One(at);
    }
    // `1 ya`, `1. ya`, `1) ya`; in `1.5` and `1st` the digits are part of something else.
    if !words.contains(' ') {
        return Meant::None;
    }
    match words_among(labels, undecorated(words)) {
        Meant::One(same) if same == at => Meant::One(at),
        _ => Meant::None,
    }
}

fn place(number: &str, choices: usize) -> Option<usize> {
    let at = number.parse::<u16>().ok()?.checked_sub(1)?;
    Some(usize::from(at)).filter(|at| *at < choices)
}

/// In lower case, with single spaces, and with plain digits for digits in a box.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        // A variation selector and the box around a digit are characters of their own.
        out.extend(
            word.chars()
                .filter(|c| {
                    !matches!(
                        c,
                        '\u{fe0f}' | '\u{fe0e}' | '\u{20e3}' | '\u{200d}' | '\u{200b}' | '\u{feff}'
                    )
                })
                .flat_map(char::to_lowercase),
        );
    }
    out.trim().to_owned()
}

/// Without the punctuation and emoji around it. Signs that change what a number says stay:
/// `+1` and `1%` are no choices.
fn undecorated(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphanumeric() && !"+%$&/=<>^|\\@€£¥".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_a_number_or_words_in_either_language() {
        let indonesian = ["Ya, lanjut", "Tidak", "Tanya dulu"];
        let english = ["Yes", "No", "Ask me later"];
        for (labels, answer, meant) in [
            (indonesian, "Ya, lanjut", Some(0)),
            (indonesian, "ya, LANJUT!!", Some(0)),
            (indonesian, "  tidak. 🙏", Some(1)),
            (indonesian, "*Tidak*", Some(1)),
            (indonesian, "\"Tanya   dulu\"", Some(2)),
            (indonesian, "tanya\ndulu", Some(2)),
            (indonesian, "1", Some(0)),
            (indonesian, "1.", Some(0)),
            (indonesian, " 2) ", Some(1)),
            (indonesian, "#3", Some(2)),
            (indonesian, "03", Some(2)),
            (indonesian, "no 1", Some(0)),
            (indonesian, "No. 1", Some(0)),
            (indonesian, "no.1", Some(0)),
            (indonesian, "nomor 1", Some(0)),
            (indonesian, "Nomer 2 ya", None),
            (indonesian, "pilih 1", Some(0)),
            (indonesian, "Pilih: 1", Some(0)),
            (indonesian, "saya pilih nomor 3 🙏🙏", Some(2)),
            (indonesian, "yang no 2", Some(1)),
            (indonesian, "1️⃣", Some(0)),
            (indonesian, "3️⃣ 👍", Some(2)),
            (indonesian, "2. Tidak", Some(1)),
            (indonesian, "2 tidak", Some(1)),
            (indonesian, "1. Tidak", None),
            (indonesian, "1 atau 2", None),
            (indonesian, "1,2", None),
            (indonesian, "1.5", None),
            (indonesian, "12", None),
            (indonesian, "4", None),
            (indonesian, "0", None),
            (indonesian, "+1", None),
            (indonesian, "1%", None),
            (indonesian, "ya", None),
            (indonesian, "tidak tahu", None),
            (indonesian, "", None),
            (indonesian, "👍", None),
            (english, "yes", Some(0)),
            (english, "NO", Some(1)),
            (english, "no 1", Some(0)),
            (english, "no 2", Some(1)),
            (english, "Option 3", Some(2)),
            (english, "my choice: 3", Some(2)),
            (english, "I choose number 2.", Some(1)),
            (english, "ask me LATER :)", Some(2)),
            (english, "1st", None),
            (english, "yes no", None),
        ] {
            assert_eq!(chosen(&labels, answer), meant, "{answer:?}");
        }
    }

    #[test]
    fn what_could_mean_two_choices_means_none() {
        for (labels, answer, meant) in [
            (["Ya", "ya"], "ya", None),
            (["Ya", "ya"], "1", Some(0)),
            (["Ya", "Ya!"], "ya!!", None),
            (["Ya", "Ya!"], "ya!", Some(1)),
            (["👍", "👎"], "👎", Some(1)),
            (["👍", "👎"], "👎 👎", None),
            (["2", "Dua"], "2", None),
            (["2", "Dua"], "1", Some(0)),
            (["2. Dua", "Dua"], "2. dua", None),
            (["100%", "100"], "100", Some(1)),
            (["", ""], "", None),
        ] {
            assert_eq!(chosen(&labels, answer), meant, "{labels:?} {answer:?}");
        }
        assert_eq!(chosen::<&str>(&[], "1"), None);
        assert_eq!(chosen(&["x".repeat(481)], &"x".repeat(481)), None);
    }

    fn label() -> impl Strategy<Value = String> {
        prop_oneof![
            "[1-4]{1,2}",
            "(no|pilih|nomor|1\\.|2) ?[1-3a-c]{0,2}",
            "[A-Ca-c!.👍 ]{0,6}",
            "\\PC{0,20}"
        ]
    }

    proptest! {
        #[test]
        fn no_answer_panics_or_leaves_the_list(
            labels in proptest::collection::vec(label(), 0..6),
            answer in prop_oneof![label(), any::<String>()],
        ) {
            if let Some(at) = chosen(&labels, &answer) {
                prop_assert!(at < labels.len());
            }
        }

        #[test]
        fn the_words_of_one_choice_never_mean_another(
            labels in proptest::collection::vec(label(), 1..6),
            at in any::<proptest::sample::Index>(),
        ) {
            let at = at.index(labels.len());
            let meant = chosen(&labels, &labels[at]);
            let is_blank = plain(&labels[at]).is_empty();
            prop_assert!(meant.is_none() || (meant == Some(at) && !is_blank), "{:?} {}", labels, at);
        }

        #[test]
        fn the_same_words_twice_are_nobodys(words in "[a-z]{2,8}", decoration in "[!?. 👍]{0,3}") {
            let labels = [words.clone(), words.to_uppercase()];
            prop_assert_eq!(chosen(&labels, &format!("{decoration}{words}{decoration}")), None);
        }
    }
}
