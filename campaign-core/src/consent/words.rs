//! What a reply asks for: no more messages, messages again, or neither. The whole message must be such a word: what stands in a
//! sentence is for people to read.

use icu_normalizer::DecomposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};

/// What a person asks for in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// No more messages.
    OptOut,
    /// Messages again.
    OptIn,
}

/// The words for either wish, as anybody may write them: case, width, marks, punctuation and spaces do not count.
///
/// ```
/// use campaign_core::consent::{Wish, Words};
///
/// let words = Words::default();
/// assert_eq!(words.read("STOP!!"), Some(Wish::OptOut));
/// assert_eq!(words.read("stop dulu ya"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Words {
    /// For [`Wish::OptOut`].
    pub opt_out: Vec<String>,
    /// For [`Wish::OptIn`].
    pub opt_in: Vec<String>,
}

/// English: `STOP`, `STOPALL`, `UNSUBSCRIBE` and `OPTOUT` are the keywords of the CTIA's Messaging Principles that mean nothing else; its
/// `CANCEL`, `END` and `QUIT` may be about an order, and are left out. Indonesian: `UNREG` is the word for leaving an SMS service there,
/// `setop` the spelling of the KBBI dictionary; the sentences leave no doubt of whom they are about.
const OPT_OUT: [&str; 27] = [
    "stop",
    "stop all",
    "stop it",
    "stop messages",
    "stop messaging me",
    "unsubscribe",
    "unsubscribe me",
    "unsub",
    "opt out",
    "remove me",
    "berhenti",
    "berhenti langganan",
    "berhenti berlangganan",
    "hentikan",
    "setop",
    "unreg",
    "stop promo",
    "stop iklan",
    "stop wa",
    "stop kirim pesan",
    "jangan kirim lagi",
    "jangan kirim pesan lagi",
    "jangan wa lagi",
    "jangan hubungi saya lagi",
    "jangan ganggu",
    "hapus nomor saya",
    "tidak mau menerima pesan lagi",
];

/// `YES`, `YA`, `OK`, `LANJUT` answer many other questions; only words that ask for messages are here. `UNSTOP` and `START` are the
/// counterparts of `STOP` that carriers know.
const OPT_IN: [&str; 10] = [
    "start",
    "unstop",
    "subscribe",
    "resubscribe",
    "opt in",
    "mulai",
    "mulai lagi",
    "langganan",
    "berlangganan",
    "mulai berlangganan",
];

/// A longer message is no word; whoever sends a book must not have it normalised.
const CHARS_MAX: usize = 200;

impl Default for Words {
    fn default() -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            opt_out: owned(&OPT_OUT),
            opt_in: owned(&OPT_IN),
        }
    }
}

impl Words {
    /// What a message asks for, if it is one of the words and nothing else. A word on both lists is an opt-out.
    pub fn read(&self, message: &str) -> Option<Wish> {
        if message.chars().take(CHARS_MAX + 1).count() > CHARS_MAX {
            return None;
        }
        let said = bare(message);
        if said.is_empty() {
            return None;
        }
        let is_in = |words: &[String]| words.iter().any(|word| bare(word) == said);
        if is_in(&self.opt_out) {
            Some(Wish::OptOut)
        } else {
            is_in(&self.opt_in).then_some(Wish::OptIn)
        }
    }
}

/// Letters and digits alone, as they are meant: full-width and styled letters are letters, accents and case are not told apart.
fn bare(text: &str) -> String {
    let normalizer = const { DecomposingNormalizerBorrowed::new_nfkd() };
    let decomposed = normalizer.normalize(text);
    let letters = decomposed.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_the_whole_message_and_nothing_beside_it() {
        use Wish::{OptIn, OptOut};
        let words = Words::default();
        let rows = [
            ("STOP", Some(OptOut)),
            ("stop", Some(OptOut)),
            ("Stop.", Some(OptOut)),
            ("STOP!!", Some(OptOut)),
            ("  stop\n", Some(OptOut)),
            ("*STOP*", Some(OptOut)),
            ("\"STOP\"", Some(OptOut)),
            ("S T O P", Some(OptOut)),
            ("s.t.o.p", Some(OptOut)),
            ("ＳＴＯＰ", Some(OptOut)),
            ("𝗦𝗧𝗢𝗣", Some(OptOut)),
            ("stóp", Some(OptOut)),
            ("STOP 🙏", Some(OptOut)),
            ("\u{200b}STOP\u{feff}", Some(OptOut)),
            ("Stop all", Some(OptOut)),
            ("un-subscribe", Some(OptOut)),
            ("Unsubscribe", Some(OptOut)),
            ("opt-out", Some(OptOut)),
            ("OPTOUT", Some(OptOut)),
            ("BERHENTI", Some(OptOut)),
            ("Berhenti Berlangganan", Some(OptOut)),
            ("hentikan!", Some(OptOut)),
            ("Setop", Some(OptOut)),
            ("UNREG", Some(OptOut)),
            ("Jangan kirim lagi!!!", Some(OptOut)),
            ("jangan\nhubungi saya lagi", Some(OptOut)),
            ("Hapus nomor saya.", Some(OptOut)),
            ("MULAI", Some(OptIn)),
            ("mulai lagi", Some(OptIn)),
            ("Start", Some(OptIn)),
            ("UNSTOP", Some(OptIn)),
            ("opt-in", Some(OptIn)),
            ("berlangganan", Some(OptIn)),
            // Near misses: people read these.
            ("stop dulu ya", None),
            ("STOP?? kenapa", None),
            ("jangan stop", None),
            ("don't stop", None),
            ("nonstop", None),
            ("stopkontak", None),
            ("bus stop", None),
            ("berhenti di mana?", None),
            ("kapan berhenti hujan", None),
            ("saya mau berhenti kerja", None),
            ("mulai kapan?", None),
            ("mulai besok", None),
            ("restart", None),
            ("startup", None),
            // These answer other questions.
            ("CANCEL", None),
            ("batal", None),
            ("end", None),
            ("quit", None),
            ("ya", None),
            ("yes", None),
            ("ok", None),
            ("tidak", None),
            ("no", None),
            ("lanjut", None),
            ("1", None),
            ("halo", None),
            ("🛑", None),
            ("...", None),
            ("", None),
        ];
        for (message, wish) in rows {
            assert_eq!(words.read(message), wish, "{message:?}");
        }
        let long = format!("stop{}", " ".repeat(CHARS_MAX));
        assert_eq!(words.read(&long), None);
    }

    #[test]
    fn lists_are_ones_own_and_an_opt_out_goes_before() {
        let words = Words {
            opt_out: vec!["Cukup".into(), "ganti".into()],
            opt_in: vec!["ganti".into(), "Daftar!".into()],
        };
        let rows = [
            ("CUKUP", Some(Wish::OptOut)),
            ("ganti", Some(Wish::OptOut)),
            ("daftar", Some(Wish::OptIn)),
            ("STOP", None),
        ];
        for (message, wish) in rows {
            assert_eq!(words.read(message), wish, "{message:?}");
        }
        let none = Words {
            opt_out: vec!["!".into()],
            opt_in: Vec::new(),
        };
        assert_eq!(none.read("?"), None, "a word without letters means nothing");
    }

    #[test]
    fn no_word_is_on_both_lists() {
        let words = Words::default();
        for word in &words.opt_in {
            assert_eq!(words.read(word), Some(Wish::OptIn), "{word}");
        }
    }
}
