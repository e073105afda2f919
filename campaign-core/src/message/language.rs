//! The language of the few words that a message gets besides its author's own.

use serde::{Deserialize, Serialize};

/// The language in which a message tells how to answer it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Language {
    /// Bahasa Indonesia, `id` in data.
    #[default]
    #[serde(rename = "id")]
    Indonesian,
    /// English, `en` in data.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// The line below numbered choices.
    pub(super) fn how_to_answer(self) -> &'static str {
        match self {
            Language::Indonesian => "Balas dengan nomor atau kata pilihan Anda.",
            Language::English => "Reply with the number or the words of your choice.",
        }
    }

    /// What a preview says of buttons.
    pub(super) fn buttons_are_lines(self) -> &'static str {
        match self {
            Language::Indonesian => {
                "Tombol tiba sebagai baris teks: WhatsApp tidak menampilkan tombol dari nomor yang ditautkan."
            }
            Language::English => {
                "Buttons arrive as lines of text: WhatsApp shows no buttons from a linked number."
            }
        }
    }
}

pub(super) fn is_default(language: &Language) -> bool {
    *language == Language::default()
}
