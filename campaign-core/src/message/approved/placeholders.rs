//! A part's text as words and `{{variables}}`, in Meta's strict form.

use super::fault::FaultKind;
use crate::template::shortened;

/// A stretch of a part's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    /// What stands between two pairs of braces.
    Variable(&'t str),
}

/// How a template names its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VariableForm {
    /// `{{1}}`, `{{2}}`.
    Numbered,
    /// `{{nama}}`.
    Named,
}

/// The stretches of `text`, and what in it is no variable although it has braces.
pub(super) fn pieces(text: &str) -> (Vec<Piece<'_>>, Vec<FaultKind>) {
    let mut pieces = Vec::new();
    let mut faults = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, from) = rest.split_at(open);
        push_text(&mut pieces, &mut faults, before);
        let inside = &from[2..];
        let end = inside.find("}}");
        let next = inside.find("{{");
        match end {
            Some(end) if next.is_none_or(|next| end < next) => {
                let name = &inside[..end];
                if form(name).is_none() {
                    faults.push(fault_of(name));
                }
                pieces.push(Piece::Variable(name));
                rest = &inside[end + 2..];
            }
            _ => {
                faults.push(braces(from));
                rest = inside;
            }
        }
    }
    push_text(&mut pieces, &mut faults, rest);
    (pieces, faults)
}

fn push_text<'t>(pieces: &mut Vec<Piece<'t>>, faults: &mut Vec<FaultKind>, text: &'t str) {
    if let Some(at) = text.find("}}") {
        faults.push(braces(
            text.get(at.saturating_sub(12)..).unwrap_or(&text[at..]),
        ));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

fn braces(found: &str) -> FaultKind {
    FaultKind::Braces {
        found: found.chars().take(16).collect(),
    }
}

fn fault_of(name: &str) -> FaultKind {
    // `{{ 1 }}` and `{{}}` are a matter of the braces.
    if name.trim().is_empty() || (name.trim() != name && form(name.trim()).is_some()) {
        return FaultKind::Braces {
            found: format!("{{{{{}}}}}", shortened(name)),
        };
    }
    FaultKind::VariableName {
        found: shortened(name),
    }
}

/// Whether a name is a number or a word; `None` when it is neither.
pub(super) fn form(name: &str) -> Option<VariableForm> {
    let is_number = !name.starts_with('0') && name.len() <= 9;
    if !name.is_empty() && is_number && name.bytes().all(|b| b.is_ascii_digit()) {
        return Some(VariableForm::Numbered);
    }
    let is_word = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    is_word.then_some(VariableForm::Named)
}

/// The variables of `text` that are ones, each once, in its order.
pub(super) fn variables(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for piece in pieces(text).0 {
        if let Piece::Variable(name) = piece
            && form(name).is_some()
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}
