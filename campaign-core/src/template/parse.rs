//! Decides what a template is: variables with our filters (compiled here to segments), or one with
//! logic, which goes to minijinja. Says which variables it has, and where.

use std::collections::HashMap;
use std::ops::Range;

use super::error::{TemplateError, TemplateErrorKind, near};
use super::filters::{CallFault, Filter, NAMES};
use super::logic;
use super::tokens::{Block, Inside, Token, TokenKind};
use super::values::normal_form;

/// A variable of a template.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    /// As first written.
    pub(crate) name: String,
    pub(crate) normal: String,
    /// Where it is first written.
    pub(crate) at: Range<usize>,
}

/// The variables of a template while it is read.
#[derive(Default)]
pub(crate) struct Variables {
    list: Vec<Variable>,
    slots: HashMap<String, usize>,
}

impl Variables {
    /// The place of a variable, which is added when new.
    pub(crate) fn slot_of(&mut self, name: String, at: Range<usize>) -> usize {
        let normal = normal_form(&name);
        if let Some(slot) = self.slots.get(&normal) {
            return *slot;
        }
        let slot = self.list.len();
        self.slots.insert(normal.clone(), slot);
        self.list.push(Variable { name, normal, at });
        slot
    }

    pub(crate) fn into_list(self) -> Vec<Variable> {
        self.list
    }
}

/// A piece of a compiled template.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Text(Box<str>),
    Variable { slot: usize, filters: Box<[Filter]> },
}

/// A template without logic.
pub(crate) struct Compiled {
    pub(crate) segments: Vec<Segment>,
    pub(crate) variables: Vec<Variable>,
}

/// What stands in one `{{ }}`.
pub(crate) enum Simple<'s> {
    /// A column, with our filters.
    Variable {
        /// As written, words joined by one space.
        name: String,
        at: Range<usize>,
        filters: Vec<Filter>,
    },
    /// `{{ "text" }}`: how two literal braces are written.
    Text(&'s str),
    /// Anything more.
    Logic,
}

/// The segments of a template, or `None` when it needs the logic engine.
pub(crate) fn compile(source: &str, blocks: &[Block]) -> Result<Option<Compiled>, TemplateError> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut variables = Variables::default();
    let mut text = String::new();
    let mut needs_logic = false;
    for block in blocks {
        match block {
            Block::Text(at) => text.push_str(&source[at.clone()]),
            Block::Variable(inside) => match simple(source, inside)? {
                Simple::Text(literal) => text.push_str(literal),
                Simple::Logic => needs_logic = true,
                Simple::Variable { name, at, filters } => {
                    if !text.is_empty() {
                        segments.push(Segment::Text(std::mem::take(&mut text).into()));
                    }
                    segments.push(Segment::Variable {
                        slot: variables.slot_of(name, at),
                        filters: filters.into(),
                    });
                }
            },
            Block::Tag(_) | Block::Comment | Block::Raw => needs_logic = true,
        }
    }
    if !text.is_empty() {
        segments.push(Segment::Text(text.into()));
    }
    Ok((!needs_logic).then_some(Compiled {
        segments,
        variables: variables.into_list(),
    }))
}

/// Reads `{{ name of column | filter | filter("text") }}`.
pub(crate) fn simple<'s>(source: &'s str, inside: &Inside) -> Result<Simple<'s>, TemplateError> {
    let tokens = &inside.tokens[..];
    if tokens.is_empty() {
        let whole = inside.whole.clone();
        return Err(TemplateError::at(
            TemplateErrorKind::Empty,
            source,
            whole.start,
            whole.end,
        ));
    }
    if let Some(curly) = tokens
        .iter()
        .find(|t| matches!(t.kind, TokenKind::Sign('“' | '”' | '„' | '‘' | '’')))
    {
        return Err(syntax(
            source,
            &curly.at,
            "a curly quote",
            "Write straight quotes: `\"`.",
        ));
    }
    if inside.trims {
        return Ok(Simple::Logic);
    }
    if let [only] = tokens
        && let Some(text) = only.text(source)
    {
        return Ok(Simple::Text(text));
    }
    let words = tokens
        .iter()
        .take_while(|t| t.kind == TokenKind::Word)
        .count();
    let (name_tokens, mut rest) = tokens.split_at(words);
    let names: Vec<&str> = name_tokens.iter().filter_map(|t| t.word(source)).collect();
    let (Some(first), Some(last)) = (name_tokens.first(), name_tokens.last()) else {
        return Ok(Simple::Logic);
    };
    let name = names.join(" ");
    if !is_column_name(&names) || normal_form(&name).is_empty() {
        return Ok(Simple::Logic);
    }
    let mut filters = Vec::new();
    while let Some((bar, after)) = rest.split_first() {
        if !bar.is_sign('|') {
            return Ok(Simple::Logic);
        }
        let Some((filter, after)) = after
            .split_first()
            .filter(|(t, _)| t.kind == TokenKind::Word)
        else {
            return Ok(Simple::Logic);
        };
        if after.first().is_some_and(|t| t.is_sign(':')) {
            return Err(syntax(
                source,
                &filter.at,
                "a filter's argument stands in brackets",
                "Write `date(\"long\")`.",
            ));
        }
        let Some((args, after)) = arguments(source, after) else {
            return Ok(Simple::Logic);
        };
        match filter_call(source, filter, &args)? {
            Some(filter) => filters.push(filter),
            None => return Ok(Simple::Logic),
        }
        rest = after;
    }
    Ok(Simple::Variable {
        name,
        at: first.at.start..last.at.end,
        filters,
    })
}

/// The filter a word calls; `None` for one that only the logic engine has.
pub(crate) fn filter_call(
    source: &str,
    filter: &Token,
    args: &[&str],
) -> Result<Option<Filter>, TemplateError> {
    let name = filter.word(source).unwrap_or_default();
    let kind = match Filter::from_call(name, args) {
        Ok(filter) => return Ok(Some(filter)),
        Err(CallFault::Unknown) if logic::FILTERS.contains(&name) => return Ok(None),
        Err(CallFault::Unknown) => TemplateErrorKind::UnknownFilter {
            name: name.to_owned(),
            near: near(name, NAMES.into_iter().chain(logic::FILTERS)),
        },
        Err(CallFault::Argument { takes }) => TemplateErrorKind::FilterArgument {
            filter: name.to_owned(),
            takes,
        },
    };
    Err(TemplateError::at(
        kind,
        source,
        filter.at.start,
        filter.at.end,
    ))
}

/// The texts in `( "a", "b" )`, none when no bracket follows, and what comes after; `None` when
/// an argument is anything but plain quoted text.
pub(crate) fn arguments<'s, 't>(
    source: &'s str,
    tokens: &'t [Token],
) -> Option<(Vec<&'s str>, &'t [Token])> {
    let Some((open, mut rest)) = tokens.split_first().filter(|(t, _)| t.is_sign('(')) else {
        return Some((Vec::new(), tokens));
    };
    debug_assert!(open.is_sign('('));
    let mut args = Vec::new();
    loop {
        let (token, after) = rest.split_first()?;
        if token.is_sign(')') {
            return Some((args, after));
        }
        args.push(token.text(source)?);
        let (token, after_sign) = after.split_first()?;
        rest = match token.kind {
            TokenKind::Sign(',') => after_sign,
            TokenKind::Sign(')') => after,
            _ => return None,
        };
    }
}

/// Whether words name a column rather than say something in minijinja's language.
fn is_column_name(words: &[&str]) -> bool {
    const OPERATORS: [&str; 7] = ["if", "else", "and", "or", "not", "in", "is"];
    const VALUES: [&str; 9] = [
        "true", "false", "none", "True", "False", "None", "loop", "self", "super",
    ];
    match words {
        [only] => !OPERATORS.contains(only) && !VALUES.contains(only),
        _ => !words.iter().any(|word| OPERATORS.contains(word)),
    }
}

pub(crate) fn syntax(
    source: &str,
    at: &Range<usize>,
    why: impl Into<String>,
    remedy: impl Into<String>,
) -> TemplateError {
    TemplateError::at(
        TemplateErrorKind::Syntax {
            why: why.into(),
            remedy: remedy.into(),
        },
        source,
        at.start,
        at.end,
    )
}
