//! Templates with logic (`{% if %}`, `{% for %}`, `{% set %}`, more filters), run by minijinja.
//!
//! A template is written by a user, so what it may cost is bounded: fuel bounds the time, a capped
//! writer the output. Fuel does not bound memory, so whatever could double a text again and again
//! is left out when the template is parsed: `*`, `~`, `+`, blocks that capture output, macros,
//! functions, and lists where a name is bound; the filters that can lengthen a text are capped.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

use minijinja::value::{Object, Value};
use minijinja::{Environment, ErrorKind};

use super::error::{RenderError, TemplateError, shortened};
use super::parse::{Variable, Variables};
use super::tokens::Block;
use super::values::{is_blank, same_name};

mod environment;
mod refused;
mod rewritten;

pub(crate) use environment::FILTERS;

use environment::{FilterFailed, WORK, Work, environment};
use rewritten::Rewritten;

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
    work: Value,
}

impl Object for Context {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        if key == WORK {
            return Some(self.work.clone());
        }
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
        refused::check(source, blocks)?;
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
            work: Value::from_object(Work::default()),
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
