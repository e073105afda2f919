//! One pass from segments to text. A value goes to the output as it is: nothing in it is read as
//! template again.

use std::borrow::Cow;

use super::error::{RenderError, shortened};
use super::parse::{Segment, Variable};
use super::values::is_blank;

/// A part of a rendered text: the template's own, or a value's.
pub(crate) enum Piece<'p> {
    Text(&'p str),
    Value(&'p str),
}

/// Gives each piece of the rendered text to `sink`, in order.
#[inline]
pub(crate) fn pieces<'v>(
    segments: &'v [Segment],
    variables: &'v [Variable],
    value: impl Fn(usize) -> Option<&'v str>,
    mut sink: impl FnMut(Piece<'_>) -> Result<(), RenderError>,
) -> Result<(), RenderError> {
    for segment in segments {
        match segment {
            Segment::Text(text) => sink(Piece::Text(text))?,
            Segment::Variable { slot, filters } => {
                let raw = value(*slot).filter(|text| !is_blank(text));
                let name = || {
                    variables
                        .get(*slot)
                        .map(|variable| variable.name.clone())
                        .unwrap_or_default()
                };
                if filters.is_empty() {
                    match raw {
                        Some(text) => sink(Piece::Value(text))?,
                        None => return Err(RenderError::Missing { variable: name() }),
                    }
                    continue;
                }
                let mut shown = raw.map(Cow::Borrowed);
                for filter in filters {
                    shown = filter.apply(shown).map_err(|fault| RenderError::Filter {
                        variable: name(),
                        value: shortened(raw.unwrap_or_default()),
                        filter: filter.name(),
                        fault,
                    })?;
                }
                match shown {
                    Some(text) => sink(Piece::Value(&text))?,
                    None => return Err(RenderError::Missing { variable: name() }),
                }
            }
        }
    }
    Ok(())
}

/// Appends to a text up to a size.
pub(crate) struct Bounded<'o> {
    out: &'o mut String,
    part: &'static str,
    bytes_max: usize,
    /// The length at which `out` is full.
    full: usize,
}

impl<'o> Bounded<'o> {
    /// At most `bytes_max` bytes after what `out` already holds; `part` names it in errors.
    pub(crate) fn new(out: &'o mut String, part: &'static str, bytes_max: usize) -> Self {
        let full = out.len().saturating_add(bytes_max);
        Bounded {
            out,
            part,
            bytes_max,
            full,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &str) -> Result<(), RenderError> {
        if self.out.len() + text.len() > self.full {
            return Err(RenderError::TooLarge {
                part: self.part,
                bytes_max: self.bytes_max,
            });
        }
        self.out.push_str(text);
        Ok(())
    }
}
