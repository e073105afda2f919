//! What must tell its source, and what is wrong with how it does.

use std::collections::BTreeSet;
use std::fmt;

use waha_client::Feature;
use waha_client::specification::OPERATIONS;

use crate::words::{names_source, sentences, words};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Endpoint,
    /// A method that does nothing but have an endpoint called: its source is the endpoint's.
    Performing,
    /// Any other method of a group of calls.
    Method,
    Type,
    Constant,
}

/// What must tell its source.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) kind: Kind,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) docs: String,
    /// The head of its file, which may speak for types.
    pub(crate) head: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{} {}", self.file, self.line, self.name)
    }
}

impl Told {
    /// The operation that an endpoint's docs begin with.
    pub(crate) fn operation(&self) -> Option<(&'static str, &'static str)> {
        if self.kind != Kind::Endpoint {
            return None;
        }
        let (operation, _) = self.docs.strip_prefix('`')?.split_once('`')?;
        let (method, path) = operation.split_once(' ')?;
        let known = OPERATIONS
            .iter()
            .find(|op| op.method == method && op.path == path)?;
        Some((known.method, known.path))
    }

    /// Whether the head of its file has a sentence about types with a source.
    fn is_told_in_head(&self) -> bool {
        let is_about_types = |sentence: &&str| words(sentence).any(|word| word == "types");
        let mut about_types = sentences(&self.head).filter(is_about_types);
        about_types.any(names_source)
    }

    /// The feature that an engine needs for it, as docs name it.
    pub(crate) fn needed(&self) -> Option<String> {
        let (method, path) = self.operation()?;
        let feature = Feature::needed_by(method, path)?;
        Some(format!("Feature::{feature:?}"))
    }

    /// What is wrong with its docs.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.kind == Kind::Performing {
            return None;
        }
        let is_told = names_source(&self.docs) || self.kind == Kind::Type && self.is_told_in_head();
        if !is_told {
            return Some(format!("{self}: {:?} without a source", self.kind));
        }
        if self.kind != Kind::Endpoint {
            return None;
        }
        if self.operation().is_none() {
            return Some(format!("{self}: does not begin with its operation"));
        }
        let needed = self.needed();
        let named: BTreeSet<&str> = features_in(&self.docs).collect();
        if named == needed.iter().map(String::as_str).collect() {
            return None;
        }
        Some(format!("{self}: names {named:?}, needs {needed:?}"))
    }
}

/// The features that a text names.
fn features_in(docs: &str) -> impl Iterator<Item = &str> {
    docs.match_indices("Feature::").map(|(at, start)| {
        let rest = &docs[at + start.len()..];
        let end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        &docs[at..at + start.len() + end]
    })
}
