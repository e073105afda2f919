//! The page that is made of a week: headings, remarks, and what the terminal shows.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Set: the pages are written. Unset: the week must go as they say.
const WRITE: &str = "WEEK_PAGES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Indonesian,
}

impl Language {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Indonesian => "id",
        }
    }

    pub(crate) fn pick<'a>(self, english: &'a str, indonesian: &'a str) -> &'a str {
        match self {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }

    fn path(self) -> PathBuf {
        let name = self.pick("docs/week.md", "docs/week.id.md");
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
    }
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) language: Language,
    text: String,
    is_inside: bool,
}

impl Page {
    pub(crate) fn new(language: Language) -> Self {
        let mut page = Self {
            language,
            text: String::new(),
            is_inside: false,
        };
        page.prose(language.pick(
            "# A week with waha-campaign\n\n\
             What the terminal of a shop shows from Monday to Saturday, as a test plays it on the simulator; the simulator's ledger has the last \
             word. Dalam Bahasa Indonesia: [week.id.md](week.id.md). How to get there: [operators.md](operators.md).",
            "# Seminggu dengan waha-campaign\n\n\
             Inilah yang tampil di terminal sebuah toko dari Senin sampai Sabtu, seperti yang dimainkan sebuah uji pada simulator; buku besar \
             simulator yang memberi putusan. In English: [week.md](week.md). Cara memulai: [operators.id.md](operators.id.md).",
        ));
        page
    }

    pub(crate) fn heading(&mut self, english: &str, indonesian: &str) {
        let words = self.language.pick(english, indonesian);
        self.prose(&format!("## {words}"));
    }

    pub(crate) fn remark(&mut self, english: &str, indonesian: &str) {
        self.prose(self.language.pick(english, indonesian));
    }

    fn prose(&mut self, words: &str) {
        self.leave();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(words);
        self.text.push('\n');
    }

    /// A line typed, or one shown.
    pub(crate) fn line(&mut self, line: &str) {
        if !self.is_inside {
            self.text.push_str("\n```text\n");
            self.is_inside = true;
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn leave(&mut self) {
        if std::mem::take(&mut self.is_inside) {
            self.text.push_str("```\n");
        }
    }

    /// Keeps the page, or holds it against the one that is kept.
    pub(crate) fn close(mut self) {
        self.leave();
        let path = self.language.path();
        if std::env::var_os(WRITE).is_some() {
            fs::write(path, self.text).unwrap();
            return;
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        let (kept, played) = (outline(&kept), outline(&self.text));
        let differs = kept.iter().zip(&played).position(|(kept, it)| kept != it);
        if let Some(line) = differs.or((kept.len() != played.len()).then_some(kept.len())) {
            let mut words = String::new();
            let _infallible = write!(
                words,
                "{} says {:?}, and the week shows {:?}: make week",
                path.display(),
                kept.get(line),
                played.get(line)
            );
            panic!("{words}\nplayed:\n{}", self.text);
        }
    }
}

/// What must be the same in every such week: headings, remarks, commands and exit codes. What else is shown depends on how fast the machine is.
fn outline(text: &str) -> Vec<&str> {
    let mut is_inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            is_inside = !is_inside;
        } else if !line.is_empty()
            && (!is_inside || line.starts_with("$ ") || line.starts_with('('))
        {
            lines.push(line);
        }
    }
    lines
}
