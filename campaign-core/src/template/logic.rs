//! Templates with logic (`{% if %}`, `{% for %}`, `{% set %}`, more filters), run by minijinja.
//!
//! A template is written by a user, so what it may cost is bounded: fuel bounds the time, a capped
//! writer the output. Fuel does not bound memory, so whatever could double a text again and again
//! is left out when the template is parsed: `*`, `~`, `+`, blocks that capture output, macros,
//! functions, and lists where a name is bound; the filters that can lengthen a text are capped.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Rest, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

use super::error::{FilterFault, RenderError, TemplateError, TemplateErrorKind, near, shortened};
use super::filters::{self, CallFault, Filter};
use super::parse::{Simple, Variable, Variables, arguments, filter_call, simple, syntax};
use super::tokens::{Block, Inside, Token, TokenKind};
use super::values::{is_blank, same_name};

/// Filters that only templates with logic have.
pub(crate) const FILTERS: [&str; 8] = [
    "first", "int", "join", "last", "length", "replace", "split", "trim",
];

const TAGS: [&str; 9] = [
    "if", "elif", "else", "endif", "for", "endfor", "set", "raw", "endraw",
];
const TESTS: [&str; 4] = ["defined", "undefined", "startingwith", "endingwith"];

/// Instructions of minijinja's machine that one message may take: a bill with a hundred lines
/// takes a few thousand.
const FUEL: u64 = 50_000;
/// Pieces that `split` may make.
const PIECES_MAX: usize = 10_000;
/// Longest text a filter takes or makes. A step may be a filter, so this bounds a step's cost;
/// it is also as much as the longest message holds.
const FILTER_BYTES_MAX: usize = 65_536;

/// A compiled template with logic.
#[derive(Debug)]
pub(crate) struct Logic {
    environment: Environment<'static>,
    /// Each name the template looks up, and the variable it is.
    names: Arc<[(String, usize)]>,
}

/// One recipient's values as minijinja looks them up. Missing and blank ones are undefined.
#[derive(Debug)]
struct Context {
    names: Arc<[(String, usize)]>,
    values: Vec<Option<Value>>,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        let (_, slot) = self.names.iter().find(|(name, _)| name == key)?;
        self.values.get(*slot)?.clone()
    }
}

const NAME: &str = "message";

impl Logic {
    pub(crate) fn compile(
        source: &str,
        blocks: &[Block],
    ) -> Result<(Logic, Vec<Variable>), TemplateError> {
        check(source, blocks)?;
        let rewritten = Rewritten::new(source, blocks)?;
        let mut environment = environment();
        environment
            .add_template_owned(NAME, rewritten.text.clone())
            .map_err(|error| rewritten.error(source, &error))?;
        let mut looked_up = environment
            .get_template(NAME)
            .map(|template| template.undeclared_variables(false))
            .unwrap_or_default();
        let mut names: Vec<(String, usize)> = Vec::new();
        let mut variables = Variables::default();
        for word in rewritten.words {
            // Each name once: taken out when met.
            if looked_up.remove(&word.identifier) {
                let slot = variables.slot_of(word.name, word.at);
                names.push((word.identifier, slot));
            }
        }
        let names = names.into();
        Ok((Logic { environment, names }, variables.into_list()))
    }

    /// Appends the rendered text to `out`, which is left as it was on an error.
    pub(crate) fn render<'v>(
        &self,
        variables: &[Variable],
        value: impl Fn(usize) -> Option<&'v str>,
        out: &mut String,
        bytes_max: usize,
    ) -> Result<(), RenderError> {
        let present = |slot: usize| value(slot).filter(|text| !is_blank(text));
        let context = Value::from_object(Context {
            names: Arc::clone(&self.names),
            values: (0..variables.len())
                .map(|slot| present(slot).map(Value::from))
                .collect(),
        });
        let mut written = Capped {
            bytes: Vec::new(),
            bytes_max,
        };
        let template = self
            .environment
            .get_template(NAME)
            .map_err(|error| failure(&error, "", &[], |_| None, bytes_max))?;
        if let Err(error) = template.render_captured_to(context, &mut written) {
            let blank = variables
                .iter()
                .enumerate()
                .filter(|(slot, _)| present(*slot).is_none())
                .map(|(_, variable)| variable.name.as_str())
                .collect::<Vec<_>>();
            let computed_from = |text: &str| {
                (0..variables.len())
                    .find(|slot| present(*slot) == Some(text))
                    .and_then(|slot| variables.get(slot))
                    .map(|variable| variable.name.clone())
            };
            return Err(failure(
                &error,
                template.source(),
                &blank,
                computed_from,
                bytes_max,
            ));
        }
        // Every piece minijinja writes is a str.
        out.push_str(&String::from_utf8_lossy(&written.bytes));
        Ok(())
    }
}

fn failure(
    error: &minijinja::Error,
    text: &str,
    blank: &[&str],
    computed_from: impl Fn(&str) -> Option<String>,
    bytes_max: usize,
) -> RenderError {
    let mut source = error.source();
    while let Some(inner) = source {
        if let Some(failed) = inner.downcast_ref::<FilterFailed>() {
            return RenderError::Filter {
                variable: computed_from(&failed.value).unwrap_or_default(),
                value: shortened(&failed.value),
                filter: failed.filter,
                fault: failed.fault.clone(),
            };
        }
        source = inner.source();
    }
    match error.kind() {
        ErrorKind::WriteFailure => RenderError::TooLarge {
            part: "text",
            bytes_max,
        },
        ErrorKind::OutOfFuel => RenderError::TooMuchWork,
        ErrorKind::UndefinedError => {
            let at_fault = error
                .range()
                .and_then(|range| text.get(range))
                .and_then(|expression| {
                    words(expression)
                        .find_map(|word| blank.iter().find(|name| same_name(name, word)))
                })
                .or(blank.first());
            RenderError::Missing {
                variable: at_fault.copied().unwrap_or("(worked out)").to_owned(),
            }
        }
        _ => RenderError::Logic {
            why: error
                .detail()
                .map_or_else(|| error.kind().to_string(), str::to_owned),
        },
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !super::tokens::is_word_char(c))
        .filter(|word| !word.is_empty())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // Printing a missing value fails; asking `{% if alamat %}` about it may not.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(FUEL));
    // Else errors would say more in a debug build than in a release.
    environment.set_debug(false);
    // A tag alone on its line leaves no empty line behind; the text's own end stays.
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    for name in filters::NAMES {
        environment.add_filter(
            name,
            move |value: &Value, args: Rest<String>| -> Result<Value, minijinja::Error> {
                our_filter(name, value, &args)
            },
        );
    }
    environment.add_filter("int", int);
    environment.add_filter("join", join);
    environment.add_filter("replace", replace);
    environment.add_filter("split", split);
    environment.add_filter("trim", trim);
    environment.add_filter("first", minijinja::filters::first);
    environment.add_filter("last", minijinja::filters::last);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("undefined", minijinja::tests::is_undefined);
    environment.add_test("startingwith", minijinja::tests::is_startingwith);
    environment.add_test("endingwith", minijinja::tests::is_endingwith);
    environment
}

/// What a filter refused, carried through minijinja's own error.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
struct FilterFailed {
    filter: &'static str,
    value: String,
    fault: FilterFault,
}

fn failed(filter: &'static str, value: &str, fault: FilterFault) -> minijinja::Error {
    minijinja::Error::new(ErrorKind::InvalidOperation, fault.to_string()).with_source(
        FilterFailed {
            filter,
            value: value.to_owned(),
            fault,
        },
    )
}

/// A filter's input; `None` when it is missing.
fn text_of<'v>(filter: &str, value: &'v Value) -> Result<Option<Cow<'v, str>>, minijinja::Error> {
    if value.is_undefined() {
        return Ok(None);
    }
    let text = match value.as_str() {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(value.to_string()),
    };
    if text.len() > FILTER_BYTES_MAX {
        return Err(too_long(filter));
    }
    Ok(Some(text))
}

/// The same for a filter that cannot do without.
fn present<'v>(filter: &str, value: &'v Value) -> Result<Cow<'v, str>, minijinja::Error> {
    text_of(filter, value)?.ok_or_else(|| minijinja::Error::from(ErrorKind::UndefinedError))
}

fn our_filter(name: &str, value: &Value, args: &[String]) -> Result<Value, minijinja::Error> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let filter = Filter::from_call(name, &args).map_err(|fault| {
        let why = match fault {
            CallFault::Unknown => "unknown filter".to_owned(),
            CallFault::Argument { takes } => takes,
        };
        minijinja::Error::new(ErrorKind::InvalidOperation, why)
    })?;
    let text = text_of(filter.name(), value)?;
    match filter.apply(text.clone()) {
        Ok(Some(shown)) => Ok(Value::from(shown.into_owned())),
        Ok(None) => Ok(Value::UNDEFINED),
        Err(fault) => Err(failed(filter.name(), &text.unwrap_or_default(), fault)),
    }
}

/// A number to compare: read as an amount, so `250.000` is a quarter of a million.
fn int(value: &Value) -> Result<Value, minijinja::Error> {
    let Some(text) = text_of("int", value)? else {
        return Ok(Value::UNDEFINED);
    };
    let amount = filters::read_amount(&text).map_err(|fault| failed("int", &text, fault))?;
    amount.whole().map(Value::from).ok_or_else(|| {
        let fault = FilterFault::new("it is not a whole number", "compare whole numbers only");
        failed("int", &text, fault)
    })
}

fn trim(value: &Value) -> Result<String, minijinja::Error> {
    Ok(present("trim", value)?.trim().to_owned())
}

fn split(value: &Value, sign: Option<Cow<'_, str>>) -> Result<Vec<String>, minijinja::Error> {
    let text = present("split", value)?;
    let pieces: Vec<String> = match sign.as_deref() {
        None | Some("") => text
            .split_whitespace()
            .take(PIECES_MAX + 1)
            .map(str::to_owned)
            .collect(),
        Some(sign) => text
            .split(sign)
            .take(PIECES_MAX + 1)
            .map(|piece| piece.trim().to_owned())
            .collect(),
    };
    if pieces.len() > PIECES_MAX {
        return Err(too_long("split"));
    }
    Ok(pieces)
}

fn join(list: &Value, sign: Option<Cow<'_, str>>) -> Result<String, minijinja::Error> {
    let sign = sign.unwrap_or_default();
    let mut joined = String::new();
    for (at, item) in list.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(&sign);
        }
        joined.push_str(&text_of("join", &item)?.unwrap_or_default());
        if joined.len() > FILTER_BYTES_MAX {
            return Err(too_long("join"));
        }
    }
    Ok(joined)
}

fn replace(
    value: &Value,
    from: Cow<'_, str>,
    to: Cow<'_, str>,
) -> Result<String, minijinja::Error> {
    let text = present("replace", value)?;
    if from.is_empty() {
        return Ok(text.into_owned());
    }
    let found = text.matches(&*from).count();
    let size = text.len() + found.saturating_mul(to.len().saturating_sub(from.len()));
    if size > FILTER_BYTES_MAX {
        return Err(too_long("replace"));
    }
    Ok(text.replace(&*from, &to))
}

fn too_long(filter: &str) -> minijinja::Error {
    minijinja::Error::new(
        ErrorKind::InvalidOperation,
        format!("the text for or from `{filter}` is longer than a message"),
    )
}

struct Capped {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            return Err(io::Error::other("the message is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// ---- what is refused before minijinja sees it ----

fn check(source: &str, blocks: &[Block]) -> Result<(), TemplateError> {
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
    at: &std::ops::Range<usize>,
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

// ---- the same template in names that minijinja reads ----

/// Column names with spaces, other alphabets or a leading digit, given identifiers.
struct Rewritten {
    text: String,
    words: Vec<Looked>,
    /// Where a stretch begins in `text`, and where it began in the source.
    places: Vec<(usize, usize)>,
}

struct Looked {
    identifier: String,
    name: String,
    at: std::ops::Range<usize>,
}

impl Rewritten {
    fn new(source: &str, blocks: &[Block]) -> Result<Self, TemplateError> {
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

    fn error(&self, source: &str, error: &minijinja::Error) -> TemplateError {
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
