//! The same template in names that minijinja reads, and its errors in places that the author wrote.

use std::ops::Range;

use crate::template::error::TemplateError;
use crate::template::parse::{Simple, simple, syntax};
use crate::template::tokens::{Block, Token};

/// Column names with spaces, other alphabets or a leading digit, given identifiers.
pub(super) struct Rewritten {
    pub(super) text: String,
    pub(super) words: Vec<Looked>,
    /// Where a stretch begins in `text`, and where it began in the source.
    places: Vec<(usize, usize)>,
}

/// A word that may be a variable.
pub(super) struct Looked {
    pub(super) identifier: String,
    pub(super) name: String,
    pub(super) at: Range<usize>,
}

impl Rewritten {
    pub(super) fn new(source: &str, blocks: &[Block]) -> Result<Self, TemplateError> {
        let mut words = Vec::new();
        for block in blocks {
            match block {
                Block::Variable(inside) => match simple(source, inside)? {
                    Simple::Variable { name, at, .. } => words.push(Looked {
                        identifier: identifier(&name),
                        name,
                        at,
                    }),
                    Simple::Logic => words.extend(looked_up(source, &inside.tokens)),
                    Simple::Text(_) => {}
                },
                Block::Tag(inside) => words.extend(looked_up(source, &inside.tokens)),
                Block::Text(_) | Block::Comment | Block::Raw => {}
            }
        }
        let mut text = String::with_capacity(source.len());
        let mut places = vec![(0, 0)];
        let mut done = 0;
        for word in &words {
            text.push_str(&source[done..word.at.start]);
            places.push((text.len(), word.at.start));
            text.push_str(&word.identifier);
            done = word.at.end;
            places.push((text.len(), done));
        }
        text.push_str(&source[done..]);
        Ok(Rewritten {
            text,
            words,
            places,
        })
    }

    /// What minijinja found wrong, where the author wrote it.
    pub(super) fn error(&self, source: &str, error: &minijinja::Error) -> TemplateError {
        let place = |at: usize| {
            let (new, old) = self
                .places
                .iter()
                .rev()
                .find(|(new, _)| *new <= at)
                .copied()
                .unwrap_or_default();
            old + (at - new)
        };
        let range = match error.range() {
            Some(range) => place(range.start)..place(range.end),
            None => {
                let line = error.line().unwrap_or(1).saturating_sub(1);
                let start: usize = source.split_inclusive('\n').take(line).map(str::len).sum();
                let end = source[start..]
                    .find('\n')
                    .map_or(source.len(), |at| start + at);
                start..end
            }
        };
        let range = floor(source, range.start)..floor(source, range.end);
        syntax(
            source,
            &range,
            error
                .detail()
                .map_or_else(|| error.kind().to_string(), str::to_owned),
            "A column is `{{ nama }}`, with filters `{{ jumlah | rupiah }}`; logic is `{% if alamat %}...{% endif %}`.",
        )
    }
}

fn floor(source: &str, at: usize) -> usize {
    (0..=at.min(source.len()))
        .rev()
        .find(|&at| source.is_char_boundary(at))
        .unwrap_or_default()
}

/// The words of a block of logic that may be variables; keywords among them harm nothing, since
/// minijinja says which names it looks up.
fn looked_up<'s>(source: &'s str, tokens: &'s [Token]) -> impl Iterator<Item = Looked> + 's {
    tokens.iter().enumerate().filter_map(move |(index, token)| {
        let word = token.word(source)?;
        let before = index.checked_sub(1).and_then(|at| tokens.get(at));
        let is_part = before.is_some_and(|t| t.is_sign('.') || t.is_sign('|'));
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        (!is_part && !is_number).then(|| Looked {
            identifier: if word.is_ascii() {
                word.to_owned()
            } else {
                identifier(word)
            },
            name: word.to_owned(),
            at: token.at.clone(),
        })
    })
}

/// A name as minijinja's identifier. `nama pelanggan` becomes `nama_pelanggan`, so that a tag can
/// name it too, and `1` becomes `_1`.
fn identifier(name: &str) -> String {
    let mut identifier = String::with_capacity(name.len() + 1);
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        identifier.push('_');
    }
    for c in name.chars() {
        match c {
            ' ' => identifier.push('_'),
            c if c.is_ascii() => identifier.push(c),
            c => identifier.push_str(&format!("u{:x}_", u32::from(c))),
        }
    }
    identifier
}
