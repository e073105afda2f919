//! Query parameters that lists share: pages, and words from a list.

use crate::answer::Answer;
use crate::request::Request;

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Page {
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
}

impl Page {
    pub(crate) fn of(request: &Request) -> Result<Self, Answer> {
        let mut problems = Vec::new();
        let mut number = |name: &str| {
            let text = request.query(name)?;
            if text.parse::<f64>().is_err() {
                problems.push(format!(
                    "{name} must be a number conforming to the specified constraints"
                ));
            }
            text.parse::<usize>().ok()
        };
        let page = Self {
            limit: number("limit"),
            offset: number("offset").unwrap_or(0),
        };
        if problems.is_empty() {
            Ok(page)
        } else {
            Err(Answer::invalid(problems))
        }
    }

    pub(crate) fn cut<T>(&self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.offset).take(self.limit.unwrap_or(usize::MAX))
    }
}

/// A query parameter that must be one of the words, if it is there.
pub(crate) fn one_of<'a>(
    request: &'a Request,
    name: &str,
    allowed: &[&str],
) -> Result<Option<&'a str>, Answer> {
    match request.query(name) {
        Some(value) if !allowed.contains(&value) => Err(Answer::invalid(vec![format!(
            "{name} must be one of the following values: {}",
            allowed.join(", ")
        )])),
        value => Ok(value),
    }
}

/// Whether `sortOrder` says so.
pub(crate) fn descending(request: &Request, otherwise: bool) -> Result<bool, Answer> {
    let order = one_of(request, "sortOrder", &["desc", "asc"])?;
    Ok(order.map_or(otherwise, |order| order == "desc"))
}
