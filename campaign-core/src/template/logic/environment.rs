//! The minijinja environment: our filters and a few of its own, all with bounded cost.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, Rest, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, State, UndefinedBehavior};

use crate::template::error::FilterFault;
use crate::template::filters::{self, CallFault, Filter};

/// Filters that only templates with logic have.
pub(crate) const FILTERS: [&str; 8] = [
    "first", "int", "join", "last", "length", "replace", "split", "trim",
];

/// Instructions of minijinja's machine that one message may take: a bill with a hundred lines
/// takes a few thousand.
const FUEL: u64 = 50_000;
/// Pieces that `split` may make.
const PIECES_MAX: usize = 10_000;
/// Longest text a filter takes or makes: as much as the longest message holds.
const FILTER_BYTES_MAX: usize = 65_536;
/// What all filters of one message together may take and make. Fuel counts steps, and a step may
/// be a filter on a long text: this bounds their sum to tens of milliseconds.
const WORK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The name under which filters find their message's [`Work`]; no template can write it.
pub(super) const WORK: &str = "\0work";

/// What the filters of one message have taken and made, in bytes.
#[derive(Debug, Default)]
pub(super) struct Work(AtomicUsize);

impl Object for Work {}

pub(super) fn environment() -> Environment<'static> {
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
            move |state: &State<'_, '_>,
                  value: &Value,
                  args: Rest<String>|
                  -> Result<Value, minijinja::Error> {
                our_filter(state, name, value, &args)
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
pub(super) struct FilterFailed {
    pub(super) filter: &'static str,
    pub(super) value: String,
    pub(super) fault: FilterFault,
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

/// Counts what a filter does.
fn charge(state: &State<'_, '_>, bytes: usize) -> Result<(), minijinja::Error> {
    let done = state.lookup(WORK).and_then(|work| {
        let work = work.downcast_object_ref::<Work>()?;
        Some(work.0.fetch_add(bytes, Ordering::Relaxed) + bytes)
    });
    match done {
        Some(done) if done <= WORK_BYTES_MAX => Ok(()),
        _ => Err(minijinja::Error::from(ErrorKind::OutOfFuel)),
    }
}

/// A filter's input; `None` when it is missing.
fn text_of<'v>(
    state: &State<'_, '_>,
    filter: &str,
    value: &'v Value,
) -> Result<Option<Cow<'v, str>>, minijinja::Error> {
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
    charge(state, text.len())?;
    Ok(Some(text))
}

/// The same for a filter that cannot do without.
fn present<'v>(
    state: &State<'_, '_>,
    filter: &str,
    value: &'v Value,
) -> Result<Cow<'v, str>, minijinja::Error> {
    text_of(state, filter, value)?.ok_or_else(|| minijinja::Error::from(ErrorKind::UndefinedError))
}

fn our_filter(
    state: &State<'_, '_>,
    name: &str,
    value: &Value,
    args: &[String],
) -> Result<Value, minijinja::Error> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let filter = Filter::from_call(name, &args).map_err(|fault| {
        let why = match fault {
            CallFault::Unknown => "unknown filter".to_owned(),
            CallFault::Argument { takes } => takes,
        };
        minijinja::Error::new(ErrorKind::InvalidOperation, why)
    })?;
    let text = text_of(state, filter.name(), value)?;
    match filter.apply(text.clone()) {
        Ok(Some(shown)) => Ok(Value::from(shown.into_owned())),
        Ok(None) => Ok(Value::UNDEFINED),
        Err(fault) => Err(failed(filter.name(), &text.unwrap_or_default(), fault)),
    }
}

/// A number to compare: read as an amount, so `250.000` is a quarter of a million.
fn int(state: &State<'_, '_>, value: &Value) -> Result<Value, minijinja::Error> {
    let Some(text) = text_of(state, "int", value)? else {
        return Ok(Value::UNDEFINED);
    };
    let amount = filters::read_amount(&text).map_err(|fault| failed("int", &text, fault))?;
    amount.whole().map(Value::from).ok_or_else(|| {
        let fault = FilterFault::new("it is not a whole number", "compare whole numbers only");
        failed("int", &text, fault)
    })
}

fn trim(state: &State<'_, '_>, value: &Value) -> Result<String, minijinja::Error> {
    Ok(present(state, "trim", value)?.trim().to_owned())
}

fn split(
    state: &State<'_, '_>,
    value: &Value,
    sign: Option<Cow<'_, str>>,
) -> Result<Vec<String>, minijinja::Error> {
    let text = present(state, "split", value)?;
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
    // A piece is a value of its own, whatever its length.
    charge(state, pieces.len() * size_of::<Value>())?;
    Ok(pieces)
}

fn join(
    state: &State<'_, '_>,
    list: &Value,
    sign: Option<Cow<'_, str>>,
) -> Result<String, minijinja::Error> {
    let sign = sign.unwrap_or_default();
    let mut joined = String::new();
    for (at, item) in list.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(&sign);
            charge(state, sign.len())?;
        }
        joined.push_str(&text_of(state, "join", &item)?.unwrap_or_default());
        if joined.len() > FILTER_BYTES_MAX {
            return Err(too_long("join"));
        }
    }
    Ok(joined)
}

fn replace(
    state: &State<'_, '_>,
    value: &Value,
    from: Cow<'_, str>,
    to: Cow<'_, str>,
) -> Result<String, minijinja::Error> {
    let text = present(state, "replace", value)?;
    if from.is_empty() {
        return Ok(text.into_owned());
    }
    let found = text.matches(&*from).count();
    let size = text.len() + found.saturating_mul(to.len().saturating_sub(from.len()));
    if size > FILTER_BYTES_MAX {
        return Err(too_long("replace"));
    }
    charge(state, size)?;
    Ok(text.replace(&*from, &to))
}

fn too_long(filter: &str) -> minijinja::Error {
    minijinja::Error::new(
        ErrorKind::InvalidOperation,
        format!("the text for or from `{filter}` is longer than a message"),
    )
}
