//! What the operator sees: text for people, or JSON for programs, decided here and nowhere else.
//!
//! Results go to standard output, progress and warnings to standard error. With `--json` standard output carries JSON alone.

use std::io::{self, Write};

use console::Term;
use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;
use crate::language::{Language, Text};
use crate::screen;

/// Writes for people or for programs.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    language: Language,
    is_json: bool,
    is_quiet: bool,
}

impl Output {
    pub(crate) fn new(language: Language, is_json: bool) -> Self {
        Self {
            language,
            is_json,
            is_quiet: false,
        }
    }

    /// The same, without a word.
    pub(crate) fn quiet(&self) -> Self {
        Self {
            language: self.language,
            is_json: false,
            is_quiet: true,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether progress is watched by a person at a terminal.
    pub(crate) fn is_watched(&self) -> bool {
        !self.is_json && !self.is_quiet && screen::can_redraw()
    }

    /// The language it speaks.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The words for it.
    pub(crate) fn words(&self, text: &Text) -> String {
        self.language.say(text)
    }

    /// A line of the result, for people.
    pub(crate) fn say(&self, text: &Text) {
        if !self.is_json && !self.is_quiet {
            let words = fitted(self.words(text), &Term::stdout());
            screen::beside_bars(|| write_line(io::stdout().lock(), &words));
        }
    }

    /// A note beside the result.
    pub(crate) fn note(&self, text: &Text) {
        if !self.is_quiet {
            let words = fitted(self.words(text), &Term::stderr());
            screen::beside_bars(|| write_line(io::stderr().lock(), &words));
        }
    }

    /// The result, for programs.
    pub(crate) fn json(&self, value: &impl Serialize) {
        if self.is_json
            && let Ok(text) = serde_json::to_string_pretty(value)
        {
            write_line(io::stdout().lock(), &text);
        }
    }

    /// One of several results, on one line.
    pub(crate) fn json_line(&self, value: &impl Serialize) {
        if self.is_json
            && let Ok(text) = serde_json::to_string(value)
        {
            write_line(io::stdout().lock(), &text);
        }
    }

    /// Why the command ended early.
    pub(crate) fn failure(&self, failure: &Failure) {
        let words = self.words(&failure.text);
        self.json(&json!({"error": {"exit_code": failure.exit as u8, "message": words}}));
        if !self.is_json {
            let words = fitted(self.words(&Text::Error { what: words }), &Term::stderr());
            write_line(io::stderr().lock(), &words);
        }
    }
}

/// As the terminal can show it; what goes elsewhere stays as it is.
fn fitted(words: String, terminal: &Term) -> String {
    let Some(width) = screen::width(terminal) else {
        return words;
    };
    let words = if screen::knows_unicode() {
        words
    } else {
        screen::plain_letters(&words)
    };
    screen::broken(&words, width)
}

/// Nobody is left to tell when the reader has gone away, as with `| head`.
fn write_line(mut to: impl Write, line: &str) {
    let _gone = writeln!(to, "{line}");
}
