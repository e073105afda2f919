//! What a terminal can show: how wide it is, whether lines can be drawn anew, and which letters it knows.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use console::{Term, measure_text_width};
use indicatif::MultiProgress;

/// The bars that are on the terminal now. Whatever else is written to it has to come between two drawings of them.
static BARS: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// Says which bars are on the terminal from now on.
pub(crate) fn set_bars(bars: Option<MultiProgress>) {
    *BARS.lock().unwrap_or_else(PoisonError::into_inner) = bars;
}

/// Writes to the terminal without disturbing the bars on it.
pub(crate) fn beside_bars(write: impl FnOnce()) {
    let bars = BARS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bars {
        Some(bars) => bars.suspend(write),
        None => write(),
    }
}

/// Whether standard error is a terminal on which lines can be drawn anew.
pub(crate) fn can_redraw() -> bool {
    io::stderr().is_terminal() && !console::is_dumb()
}

/// Whether what is shown may hold more than ASCII.
pub(crate) fn knows_unicode() -> bool {
    // A Windows console takes UTF-16 from the standard library, whatever its code page.
    cfg!(windows) || is_utf8(|name| std::env::var(name).ok())
}

/// By the rules of POSIX: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is set.
fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The width that lines are broken to; none where nobody looks at them through a window.
pub(crate) fn width(terminal: &Term) -> Option<usize> {
    let (_, columns) = terminal
        .is_term()
        .then(|| terminal.size_checked())
        .flatten()?;
    Some(usize::from(columns)).filter(|columns| *columns >= NARROWEST)
}

/// Below, broken lines are no easier to read.
const NARROWEST: usize = 20;

/// Breaks lines between words. A command stays in one piece, so that it can be copied.
pub(crate) fn broken(text: &str, width: usize) -> String {
    let lines = text.split('\n').map(|line| broken_line(line, width));
    lines.collect::<Vec<_>>().join("\n")
}

fn broken_line(line: &str, width: usize) -> String {
    const COMMAND: &str = "waha-campaign ";
    if measure_text_width(line) <= width {
        return line.to_owned();
    }
    let (words, command) = match line.find(COMMAND) {
        Some(at) => line.split_at(at),
        None => (line, ""),
    };
    let indent = line.len() - line.trim_start_matches(' ').len();
    let hang = " ".repeat((indent + 2).min(width / 2));
    let mut out = String::new();
    let mut used = 0;
    let pieces = words
        .split_inclusive(' ')
        .chain(Some(command).filter(|it| !it.is_empty()));
    for piece in pieces {
        let length = measure_text_width(piece.trim_end());
        if used > 0 && used + length > width && !out.trim().is_empty() {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&hang);
            used = hang.len();
        }
        out.push_str(piece);
        used += measure_text_width(piece);
    }
    out.truncate(out.trim_end().len());
    out
}

/// The same in ASCII, of what we write ourselves.
pub(crate) fn plain_letters(text: &str) -> String {
    text.replace('\u{2026}', "...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_names_the_letters() {
        let of = |set: &[(&str, &str)]| {
            is_utf8(|name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(of(&[("LANG", "id_ID.UTF-8")]));
        assert!(of(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "id_ID.UTF-8")]));
        assert!(!of(&[("LANG", "id_ID.ISO-8859-1")]));
        assert!(!of(&[]));
    }

    #[test]
    fn long_lines_are_broken_between_words_and_commands_are_not() {
        assert_eq!(broken("short", 20), "short");
        assert_eq!(
            broken("  failed  3 (2 refused by WhatsApp; 1 given up)", 24),
            "  failed  3 (2 refused\n    by WhatsApp; 1 given\n    up)"
        );
        assert_eq!(
            broken("to go on:   waha-campaign resume \"tagihan mei\"", 24),
            "to go on:\n  waha-campaign resume \"tagihan mei\""
        );
        assert_eq!(broken(&"x".repeat(30), 24), "x".repeat(30));
        assert_eq!(broken("a\n  b", 24), "a\n  b");
    }
}
