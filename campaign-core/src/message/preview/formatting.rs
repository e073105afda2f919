//! WhatsApp's formatting signs, read as the applications show them.
//!
//! Blocks first (fixed width over several lines, then quotations and lists line by line), then
//! the signs within a line. Each sign is looked for once per stretch of text: a text of nothing
//! but signs takes no longer than any other.

use super::html::Html;

/// Writes `text` with its formatting.
pub(super) fn write(html: &mut Html, text: &str) {
    let text = text.replace("\r\n", "\n");
    let mut rest = text.as_str();
    let mut lines = Lines::default();
    while let Some((before, fixed, after)) = fenced(rest) {
        lines.write(html, before.strip_suffix('\n').unwrap_or(before));
        lines.end(html);
        html.open("pre", "wa-mono");
        html.text(fixed);
        html.close();
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    lines.write(html, rest);
    lines.end(html);
}

const FENCE: &str = "```";

/// What stands before, between and after the first pair of three backticks that spans lines.
/// A pair on one line is part of that line.
fn fenced(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text[from..].find(FENCE)?;
        let inside = start + FENCE.len();
        let end = inside + text[inside..].find(FENCE)?;
        let fixed = &text[inside..end];
        from = end + FENCE.len();
        if fixed.contains('\n') && !fixed.trim().is_empty() {
            return Some((&text[..start], fixed.trim_matches('\n'), &text[from..]));
        }
    }
}

/// What a line is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Block {
    Plain,
    Quote,
    List,
    Numbered,
}

impl Block {
    fn tag(self) -> Option<&'static str> {
        match self {
            Block::Plain => None,
            Block::Quote => Some("blockquote"),
            Block::List => Some("ul"),
            Block::Numbered => Some("ol"),
        }
    }
}

/// Lines of one kind after another share their block.
#[derive(Default)]
struct Lines {
    block: Option<Block>,
}

impl Lines {
    fn write(&mut self, html: &mut Html, text: &str) {
        if text.is_empty() {
            return;
        }
        for line in text.split('\n') {
            let (block, number, content) = kind(line);
            if self.block == Some(block) {
                if matches!(block, Block::Plain | Block::Quote) {
                    html.line_break();
                }
            } else {
                self.end(html);
                if let Some(tag) = block.tag() {
                    html.open(tag, "");
                }
                self.block = Some(block);
            }
            match block {
                Block::Plain | Block::Quote => inline(html, content, &SIGNS),
                Block::List | Block::Numbered => {
                    match number {
                        Some(number) => html.open_item(number),
                        None => html.open("li", ""),
                    }
                    inline(html, content, &SIGNS);
                    html.close();
                }
            }
        }
    }

    fn end(&mut self, html: &mut Html) {
        if self.block.take().is_some_and(|block| block.tag().is_some()) {
            html.close();
        }
    }
}

fn kind(line: &str) -> (Block, Option<u32>, &str) {
    if let Some(content) = line.strip_prefix("> ") {
        return (Block::Quote, None, content);
    }
    let bullet = line.strip_prefix("* ").or_else(|| line.strip_prefix("- "));
    if let Some(content) = bullet.filter(|content| !content.trim().is_empty()) {
        return (Block::List, None, content);
    }
    if let Some((digits, content)) = line.split_once(". ")
        && digits.len() <= 3
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = digits.parse()
        && !content.trim().is_empty()
    {
        return (Block::Numbered, Some(number), content);
    }
    (Block::Plain, None, line)
}

/// A pair of signs, and the tag for what stands between them.
#[derive(Clone, Copy)]
struct Sign {
    sign: char,
    tag: &'static str,
}

const SIGNS: [Sign; 4] = [
    Sign {
        sign: '`',
        tag: "code",
    },
    Sign {
        sign: '*',
        tag: "b",
    },
    Sign {
        sign: '_',
        tag: "i",
    },
    Sign {
        sign: '~',
        tag: "s",
    },
];

/// Writes a stretch of one line. Inside a pair its own sign means nothing more, so pairs are at
/// most as deep as there are signs.
fn inline(html: &mut Html, text: &str, signs: &[Sign]) {
    let mut signs = signs.to_vec();
    let mut written = 0;
    let mut at = 0;
    let mut before = None;
    let mut may_be_fixed = true;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let begins_word = before.is_none_or(|c: char| !c.is_alphanumeric());
        if begins_word && let Some(length) = address(rest) {
            html.text(&text[written..at]);
            let link = &rest[..length];
            if !html.link(link, link) {
                html.text(link);
            }
            at += length;
            written = at;
            before = link.chars().next_back();
            continue;
        }
        if may_be_fixed && let Some(after) = rest.strip_prefix(FENCE) {
            match after.find(FENCE) {
                Some(length) if !after[..length].trim().is_empty() => {
                    html.text(&text[written..at]);
                    html.open("code", "");
                    html.text(&after[..length]);
                    html.close();
                    at += length + 2 * FENCE.len();
                    written = at;
                    before = Some('`');
                    continue;
                }
                Some(_) => {}
                None => may_be_fixed = false,
            }
        }
        if begins_word && let Some(found) = signs.iter().position(|sign| sign.sign == c) {
            let Sign { sign, tag } = signs[found];
            match partner(&rest[sign.len_utf8()..], sign) {
                Pair::At(length) => {
                    html.text(&text[written..at]);
                    let inside = &rest[sign.len_utf8()..][..length];
                    html.open(tag, "");
                    if sign == '`' {
                        html.text(inside);
                    } else {
                        let others: Vec<Sign> =
                            signs.iter().copied().filter(|s| s.sign != sign).collect();
                        inline(html, inside, &others);
                    }
                    html.close();
                    at += length + 2 * sign.len_utf8();
                    written = at;
                    before = Some(sign);
                    continue;
                }
                // Nothing further on closes either.
                Pair::Nowhere => {
                    signs.remove(found);
                }
                Pair::NotFromHere => {}
            }
        }
        at += c.len_utf8();
        before = Some(c);
    }
    html.text(&text[written..]);
}

enum Pair {
    /// So many bytes further on.
    At(usize),
    /// What follows cannot be the inside of a pair.
    NotFromHere,
    /// No such sign closes anything in the rest of the line.
    Nowhere,
}

/// Where the sign stands that closes what begins with `inside`.
fn partner(inside: &str, sign: char) -> Pair {
    let mut before: Option<char> = None;
    let mut chars = inside.char_indices().peekable();
    if inside.starts_with(|c: char| c.is_whitespace() || c == sign) {
        return Pair::NotFromHere;
    }
    while let Some((at, c)) = chars.next() {
        if c == sign {
            let after_word = before.is_some_and(|c| !c.is_whitespace());
            let ends_word = chars.peek().is_none_or(|(_, c)| !c.is_alphanumeric());
            if after_word && ends_word {
                return Pair::At(at);
            }
        }
        before = Some(c);
    }
    Pair::Nowhere
}

/// The length of an address that `text` begins with. A full stop or bracket after it is the
/// sentence's.
fn address(text: &str) -> Option<usize> {
    let is_web = ["https://", "http://"].iter().any(|scheme| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if !is_web {
        return None;
    }
    let end = text
        .find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`'))
        .unwrap_or(text.len());
    let link =
        text[..end].trim_end_matches(['.', ',', '!', '?', ':', ';', ')', '\'', '*', '_', '~']);
    Some(link.len())
}
