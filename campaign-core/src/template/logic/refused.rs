//! What is refused before minijinja sees it: unknown names, which it would only miss when a row
//! reaches them, and whatever its fuel does not bound.

use std::ops::Range;

use super::environment::FILTERS;
use crate::template::error::{TemplateError, TemplateErrorKind, near};
use crate::template::filters;
use crate::template::parse::{Simple, arguments, filter_call, simple, syntax};
use crate::template::tokens::{Block, Inside, Token, TokenKind};

const TAGS: [&str; 9] = [
    "if", "elif", "else", "endif", "for", "endfor", "set", "raw", "endraw",
];
const TESTS: [&str; 4] = ["defined", "undefined", "startingwith", "endingwith"];

pub(super) fn check(source: &str, blocks: &[Block]) -> Result<(), TemplateError> {
    let mut positional = Vec::new();
    for block in blocks {
        if let Block::Variable(inside) = block {
            match simple(source, inside)? {
                Simple::Variable { name, .. } if name.bytes().all(|b| b.is_ascii_digit()) => {
                    positional.push(name);
                }
                Simple::Logic => check_tokens(source, &inside.tokens, false)?,
                _ => {}
            }
        }
    }
    for block in blocks {
        if let Block::Tag(inside) = block {
            check_tag(source, inside, &positional)?;
        }
    }
    Ok(())
}

fn check_tag(source: &str, inside: &Inside, positional: &[String]) -> Result<(), TemplateError> {
    let word = inside.tokens.first().and_then(|t| t.word(source));
    let Some(tag) = word.filter(|word| TAGS.contains(word)) else {
        let what = word.map_or("an empty tag".to_owned(), |word| {
            format!("the tag `{word}`")
        });
        return Err(not_offered(
            source,
            &inside.whole,
            what,
            format!("The tags are {}.", TAGS.join(", ")),
        ));
    };
    if tag == "set" && !inside.tokens.iter().any(|t| t.is_sign('=')) {
        return Err(not_offered(
            source,
            &inside.whole,
            "`set` around a block",
            "Write `{% set name = value %}`.",
        ));
    }
    for pair in inside.tokens.windows(2) {
        let [before, token] = pair else { continue };
        let starts_condition = before
            .word(source)
            .is_some_and(|word| ["if", "elif", "and", "or", "not"].contains(&word));
        if let Some(word) = token.word(source)
            && starts_condition
            && positional.iter().any(|name| name == word)
        {
            return Err(syntax(
                source,
                &token.at,
                format!("in a tag, `{word}` is the number and not the variable"),
                format!("Write `_{word}`."),
            ));
        }
    }
    check_tokens(source, &inside.tokens, matches!(tag, "set" | "for"))
}

/// `binds`: the value gets a name here, so it could be doubled in the next tag.
fn check_tokens(source: &str, tokens: &[Token], binds: bool) -> Result<(), TemplateError> {
    for (index, token) in tokens.iter().enumerate() {
        let before = |steps: usize| index.checked_sub(steps).and_then(|at| tokens.get(at));
        let word_before = |steps: usize| before(steps).and_then(|t| t.word(source));
        let refuse = |what: &str, instead: &str| {
            Err(not_offered(source, &token.at, what.to_owned(), instead))
        };
        match token.kind {
            TokenKind::Sign('*') => {
                refuse("`*`", "Calculate in the spreadsheet and use the column.")?;
            }
            TokenKind::Sign('~' | '+') => refuse(
                "joining or adding values",
                "Write them beside each other: `{{ a }}{{ b }}`; add in the spreadsheet.",
            )?,
            TokenKind::Sign('{') => {
                refuse("maps", "Write two braces around a variable: `{{ nama }}`.")?
            }
            // A slice of a missing text is an empty list: nothing would say that it is missing.
            TokenKind::Sign(':') => refuse(
                "parts of a text",
                "Use `split`, `first` and `last`, or another column.",
            )?,
            TokenKind::Sign('[') if binds => refuse(
                "lists here",
                "Split a column instead: `{% for item in items | split(\",\") %}`.",
            )?,
            TokenKind::Sign('|') => {
                let after = tokens.get(index + 1..).unwrap_or_default();
                if let Some((filter, after)) = after.split_first()
                    && let Some(name) = filter.word(source)
                {
                    let args = match arguments(source, after) {
                        Some((args, _)) if !FILTERS.contains(&name) => Some(args),
                        _ => None,
                    };
                    match args {
                        Some(args) => drop(filter_call(source, filter, &args)?),
                        None => known_filter(source, filter, name)?,
                    }
                }
            }
            TokenKind::Word => {
                let word = token.word(source).unwrap_or_default();
                let called = tokens.get(index + 1).is_some_and(|t| t.is_sign('('));
                let is_test = word_before(1) == Some("is")
                    || word_before(1) == Some("not") && word_before(2) == Some("is");
                if is_test && word != "not" {
                    if !TESTS.contains(&word) {
                        refuse(
                            &format!("the test `{word}`"),
                            &format!("The tests are {}.", TESTS.join(", ")),
                        )?;
                    }
                } else if called && !before(1).is_some_and(|t| t.is_sign('|')) {
                    const NOT_CALLS: [&str; 8] =
                        ["if", "elif", "else", "and", "or", "not", "in", "is"];
                    if !NOT_CALLS.contains(&word) {
                        refuse("functions", "Use a filter: `{{ nama | upper }}`.")?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn known_filter(source: &str, filter: &Token, name: &str) -> Result<(), TemplateError> {
    if FILTERS.contains(&name) || filters::NAMES.contains(&name) {
        return Ok(());
    }
    Err(TemplateError::at(
        TemplateErrorKind::UnknownFilter {
            name: name.to_owned(),
            near: near(name, filters::NAMES.into_iter().chain(FILTERS)),
        },
        source,
        filter.at.start,
        filter.at.end,
    ))
}

fn not_offered(
    source: &str,
    at: &Range<usize>,
    what: impl Into<String>,
    instead: impl Into<String>,
) -> TemplateError {
    TemplateError::at(
        TemplateErrorKind::NotOffered {
            what: what.into(),
            instead: instead.into(),
        },
        source,
        at.start,
        at.end,
    )
}
