//! Cuts a template into text and `{{ }}`, `{% %}`, `{# #}` blocks, and a block into words, quoted
//! texts and signs. It judges nothing but what is never closed.

use std::ops::Range;

use super::error::{TemplateError, TemplateErrorKind};

/// A stretch of a template.
#[derive(Debug)]
pub(crate) enum Block {
    /// Text as it stands.
    Text(Range<usize>),
    /// `{{ ... }}`.
    Variable(Inside),
    /// `{% ... %}`.
    Tag(Inside),
    /// `{# ... #}`.
    Comment,
    /// What stands between `{% raw %}` and `{% endraw %}`.
    Raw,
}

/// The inside of a block.
#[derive(Debug)]
pub(crate) struct Inside {
    /// The whole block, braces included.
    pub(crate) whole: Range<usize>,
    pub(crate) tokens: Vec<Token>,
    /// Written with `{{-` or `-}}`: white space beside it goes.
    pub(crate) trims: bool,
}

/// A word, quoted text or sign, with its place in the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) at: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Letters, digits, underscores.
    Word,
    /// Quoted text; the place includes the quotes.
    Text {
        escaped: bool,
    },
    Sign(char),
}

impl Token {
    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    pub(crate) fn word<'s>(&self, source: &'s str) -> Option<&'s str> {
        (self.kind == TokenKind::Word).then(|| &source[self.at.clone()])
    }

    /// The text between the quotes, when nothing in it is escaped.
    pub(crate) fn text<'s>(&self, source: &'s str) -> Option<&'s str> {
        (self.kind == TokenKind::Text { escaped: false })
            .then(|| &source[self.at.start + 1..self.at.end - 1])
    }
}

pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || matches!(c, '\u{300}'..='\u{36f}')
}

/// All blocks of `source`, in order.
pub(crate) fn blocks(source: &str) -> Result<Vec<Block>, TemplateError> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(open) = next_open(source, at) {
        if open > at {
            blocks.push(Block::Text(at..open));
        }
        at = match &source.as_bytes()[open + 1] {
            b'#' => {
                let end = source[open + 2..]
                    .find("#}")
                    .ok_or_else(|| unclosed(source, open, "{#", "#}"))?;
                blocks.push(Block::Comment);
                open + 2 + end + 2
            }
            b'%' => {
                let inside = inside(source, open, "{%", "%}")?;
                let end = inside.whole.end;
                let raw = matches!(&inside.tokens[..], [only] if only.word(source) == Some("raw"));
                blocks.push(Block::Tag(inside));
                if raw {
                    let (start, end) = end_of_raw(source, end)
                        .ok_or_else(|| unclosed(source, open, "{% raw %}", "{% endraw %}"))?;
                    blocks.push(Block::Raw);
                    blocks.push(Block::Tag(self::inside(source, start, "{%", "%}")?));
                    end
                } else {
                    end
                }
            }
            _ => {
                let inside = inside(source, open, "{{", "}}")?;
                let end = inside.whole.end;
                blocks.push(Block::Variable(inside));
                end
            }
        };
    }
    if at < source.len() {
        blocks.push(Block::Text(at..source.len()));
    }
    Ok(blocks)
}

/// The stretches of `text` that are a column's name in another notation: `{name}`, `[name]`,
/// `<name>`, `%name%`.
pub(crate) fn lookalikes(text: &str, is_column: impl Fn(&str) -> bool) -> Vec<&str> {
    const NAME_BYTES_MAX: usize = 100;
    let mut found = Vec::new();
    for (open, close) in [('{', '}'), ('[', ']'), ('<', '>'), ('%', '%')] {
        for (start, _) in text.match_indices(open) {
            let inside = &text[start + 1..];
            if let Some(end) = inside.find([open, close])
                && end <= NAME_BYTES_MAX
                && inside[end..].starts_with(close)
                && is_column(&inside[..end])
            {
                found.push((start, &text[start..start + end + 2]));
            }
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

fn next_open(source: &str, from: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    (from..bytes.len().saturating_sub(1))
        .find(|&at| bytes[at] == b'{' && matches!(bytes[at + 1], b'{' | b'%' | b'#'))
}

fn end_of_raw(source: &str, from: usize) -> Option<(usize, usize)> {
    let mut close = from;
    for (start, _) in source[from..].match_indices("{%") {
        let start = from + start;
        // Searched for only once it is passed: the text may hold many `{%` and few `%}`.
        if close < start + 4 {
            close = start + 2 + source[start + 2..].find("%}")? + 2;
        }
        let word = source[start + 2..close - 2].trim_matches(['-', '+']);
        if word.len() < 40 && word.trim() == "endraw" {
            return Some((start, close));
        }
    }
    None
}

fn inside(
    source: &str,
    open: usize,
    opened: &'static str,
    closed_by: &'static str,
) -> Result<Inside, TemplateError> {
    let unclosed_here = || unclosed(source, open, opened, closed_by);
    let mut tokens = Vec::new();
    let mut at = open + 2;
    let mut trims = false;
    if source[at..].starts_with(['-', '+']) {
        trims = true;
        at += 1;
    }
    loop {
        let rest = &source[at..];
        if rest.starts_with(closed_by) {
            return Ok(Inside {
                whole: open..at + 2,
                tokens,
                trims,
            });
        }
        if rest.starts_with(['-', '+']) && rest[1..].starts_with(closed_by) {
            trims = true;
            at += 1;
            continue;
        }
        let Some(c) = rest.chars().next() else {
            return Err(unclosed_here());
        };
        if rest.starts_with("{{") || rest.starts_with("{%") {
            // Far more often a forgotten `}}` than anything else.
            return Err(unclosed_here());
        }
        let end = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if is_word_char(c) {
            at + rest.find(|c| !is_word_char(c)).unwrap_or(rest.len())
        } else if matches!(c, '"' | '\'') {
            let (end, escaped) = quoted(source, at, c).ok_or_else(|| {
                TemplateError::at(
                    TemplateErrorKind::Unclosed {
                        opened: if c == '"' { "\"" } else { "'" },
                        closed_by: if c == '"' { "\"" } else { "'" },
                    },
                    source,
                    at,
                    at + 1,
                )
            })?;
            tokens.push(Token {
                kind: TokenKind::Text { escaped },
                at: at..end,
            });
            at = end;
            continue;
        } else {
            tokens.push(Token {
                kind: TokenKind::Sign(c),
                at: at..at + c.len_utf8(),
            });
            at += c.len_utf8();
            continue;
        };
        tokens.push(Token {
            kind: TokenKind::Word,
            at: at..end,
        });
        at = end;
    }
}

fn quoted(source: &str, open: usize, quote: char) -> Option<(usize, bool)> {
    let mut escaped = false;
    let mut chars = source[open + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                escaped = true;
                chars.next();
            }
            _ if c == quote => return Some((open + 1 + at + 1, escaped)),
            _ => {}
        }
    }
    None
}

fn unclosed(
    source: &str,
    open: usize,
    opened: &'static str,
    closed_by: &'static str,
) -> TemplateError {
    TemplateError::at(
        TemplateErrorKind::Unclosed { opened, closed_by },
        source,
        open,
        open + 2,
    )
}
