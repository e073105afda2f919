//! What can be wrong with a template, a value, or a rendered message, and what to do about it.

use std::fmt;

/// A template that cannot be used, with the place and the remedy.
///
/// Its text shows the line of the template with a caret under the fault:
///
/// ```
/// use campaign_core::template::Template;
///
/// let error = Template::parse("Tagihan {{ amount | rupia }}").unwrap_err();
/// assert_eq!((error.line(), error.column()), (1, 21));
/// assert_eq!(
///     error.to_string(),
///     "line 1, column 21: unknown filter `rupia`\n\
///      \x20 Tagihan {{ amount | rupia }}\n\
///      \x20                     ^^^^^\n\
///      Did you mean `rupiah`?"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    inner: Box<Inner>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: TemplateErrorKind,
    line: usize,
    column: usize,
    excerpt: String,
    caret: String,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// `{{`, `{%`, `{#` or a quote that is never closed.
    Unclosed {
        /// What was opened.
        opened: &'static str,
        /// What closes it.
        closed_by: &'static str,
    },
    /// `{{ }}` with nothing in it.
    Empty,
    /// A filter that does not exist.
    UnknownFilter {
        /// As written.
        name: String,
        /// Existing names that look like it, best first.
        near: Vec<String>,
    },
    /// A filter with an argument it does not take.
    FilterArgument {
        /// The filter.
        filter: String,
        /// What it takes.
        takes: String,
    },
    /// A variable that no column has.
    UnknownVariable {
        /// As written.
        name: String,
        /// Columns that look like it, best first.
        near: Vec<String>,
        /// All columns there are.
        columns: Vec<String>,
    },
    /// A variable that several columns could be.
    AmbiguousVariable {
        /// As written.
        name: String,
        /// The columns, as headed.
        columns: Vec<String>,
    },
    /// Something that the template language deliberately leaves out.
    NotOffered {
        /// What.
        what: String,
        /// What to do instead.
        instead: String,
    },
    /// Anything else that is not a template.
    Syntax {
        /// What was found or expected.
        why: String,
        /// How it is written.
        remedy: String,
    },
    /// The template's text is too long.
    TooLong {
        /// Its size.
        bytes: usize,
        /// The largest accepted.
        bytes_max: usize,
    },
}

impl TemplateError {
    pub(crate) fn at(kind: TemplateErrorKind, source: &str, start: usize, end: usize) -> Self {
        const BEFORE: usize = 60;
        const AFTER: usize = 30;
        let start = start.min(source.len());
        let end = end.clamp(start, source.len());
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..]
            .find('\n')
            .map_or(source.len(), |at| start + at);
        let before: Vec<char> = source[line_start..start].chars().collect();
        let marked_end = end.min(line_end);
        let width = source[start..marked_end].chars().count().max(1);
        let shown_before = &before[before.len().saturating_sub(BEFORE)..];
        let mut excerpt = String::new();
        if shown_before.len() < before.len() {
            excerpt.push('…');
        }
        excerpt.extend(
            shown_before
                .iter()
                .map(|&c| if c.is_control() { ' ' } else { c }),
        );
        let indent = excerpt.chars().count();
        let after: Vec<char> = source[start..line_end].chars().collect();
        let shown_after = &after[..after.len().min(width + AFTER)];
        excerpt.extend(
            shown_after
                .iter()
                .map(|&c| if c.is_control() { ' ' } else { c }),
        );
        if shown_after.len() < after.len() {
            excerpt.push('…');
        }
        let inner = Inner {
            kind,
            line: source[..line_start].matches('\n').count() + 1,
            column: before.len() + 1,
            excerpt,
            caret: format!("{}{}", " ".repeat(indent), "^".repeat(width.min(60))),
        };
        TemplateError {
            inner: Box::new(inner),
        }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &TemplateErrorKind {
        &self.inner.kind
    }

    /// Line of the fault, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.inner.line
    }

    /// Column of the fault in characters, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.inner.column
    }

    /// The line of the template around the fault, and carets under it: two lines, indented.
    #[must_use]
    pub fn excerpt(&self) -> String {
        format!("  {}\n  {}", self.inner.excerpt, self.inner.caret)
    }

    /// What to do about it, as a sentence.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.inner.kind.remedy()
    }
}

impl TemplateErrorKind {
    fn remedy(&self) -> String {
        match self {
            TemplateErrorKind::Unclosed { opened, closed_by } if *opened == "{{" => format!(
                "Close it with `{closed_by}`, or write `{{{{ \"{{{{\" }}}}` for two literal braces."
            ),
            TemplateErrorKind::Unclosed { closed_by, .. } => {
                format!("Close it with `{closed_by}`.")
            }
            TemplateErrorKind::Empty => {
                "Write the name of a column between the braces: `{{ nama }}`.".to_owned()
            }
            TemplateErrorKind::UnknownFilter { near, .. } if near.is_empty() => {
                format!("The filters are {}.", super::filters::NAMES.join(", "))
            }
            TemplateErrorKind::UnknownFilter { near, .. } => did_you_mean(near),
            TemplateErrorKind::FilterArgument { takes, .. } => takes.clone(),
            TemplateErrorKind::UnknownVariable { near, columns, .. } if near.is_empty() => {
                let shown: Vec<&str> = columns.iter().take(20).map(String::as_str).collect();
                let more = columns.len() - shown.len();
                let more = if more == 0 {
                    String::new()
                } else {
                    format!(" and {more} more")
                };
                format!("The columns are: {}{more}.", shown.join(", "))
            }
            TemplateErrorKind::UnknownVariable { near, .. } => did_you_mean(near),
            TemplateErrorKind::AmbiguousVariable { columns, .. } => format!(
                "Rename one of the columns {}: only letters and digits tell names apart.",
                quoted(columns)
            ),
            TemplateErrorKind::NotOffered { instead, .. } => instead.clone(),
            TemplateErrorKind::Syntax { remedy, .. } => remedy.clone(),
            TemplateErrorKind::TooLong { .. } => "Shorten the template.".to_owned(),
        }
    }
}

impl fmt::Display for TemplateErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateErrorKind::Unclosed { opened, .. } => {
                write!(f, "`{opened}` is never closed")
            }
            TemplateErrorKind::Empty => f.write_str("there is no variable between the braces"),
            TemplateErrorKind::UnknownFilter { name, .. } => write!(f, "unknown filter `{name}`"),
            TemplateErrorKind::FilterArgument { filter, .. } => {
                write!(f, "the filter `{filter}` cannot be used like this")
            }
            TemplateErrorKind::UnknownVariable { name, .. } => {
                write!(f, "there is no column for the variable `{name}`")
            }
            TemplateErrorKind::AmbiguousVariable { name, columns } => {
                write!(
                    f,
                    "the variable `{name}` could be any of {}",
                    quoted(columns)
                )
            }
            TemplateErrorKind::NotOffered { what, .. } => {
                write!(f, "templates do not offer {what}")
            }
            TemplateErrorKind::Syntax { why, .. } => f.write_str(why),
            TemplateErrorKind::TooLong { bytes, bytes_max } => {
                write!(
                    f,
                    "the template has {bytes} bytes, at most {bytes_max} are accepted"
                )
            }
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: {}\n{}\n{}",
            self.inner.line,
            self.inner.column,
            self.inner.kind,
            self.excerpt(),
            self.remedy()
        )
    }
}

impl std::error::Error for TemplateError {}

/// Why a recipient's message cannot be rendered.
///
/// The text names variable, value, filter and remedy: it is for the campaign's operator, whose
/// data it is. Logs should carry [`variable`](RenderError::variable) alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// A variable is missing or blank, and the template gives no default.
    #[error(
        "the value of `{variable}` is missing: fill in the column, or write {{{{ {variable} | default(\"...\") }}}}"
    )]
    Missing {
        /// As written in the template.
        variable: String,
    },
    /// A filter cannot read its value.
    #[error("`{variable}` is {value:?}, which `{filter}` cannot show: {fault}")]
    Filter {
        /// As written in the template; empty when the value was worked out by the template.
        variable: String,
        /// The value refused, shortened.
        value: String,
        /// The filter.
        filter: &'static str,
        /// Why, and the remedy.
        fault: FilterFault,
    },
    /// The text is longer than its limit.
    #[error("the {part} is longer than {chars_max} characters: shorten the template or the values")]
    TooLong {
        /// Which part of the message.
        part: &'static str,
        /// The limit.
        chars_max: usize,
    },
    /// A part is larger than anything that is ever sent.
    #[error("the {part} is larger than {bytes_max} bytes: shorten the template or the values")]
    TooLarge {
        /// Which part of the message.
        part: &'static str,
        /// The limit.
        bytes_max: usize,
    },
    /// The template's loops do too much work for one message.
    #[error("the template works too long on this row: loop over fewer things")]
    TooMuchWork,
    /// The template's logic failed on this row.
    #[error("the template fails on this row: {why}; check its logic against the row's values")]
    Logic {
        /// What failed.
        why: String,
    },
    /// The message would be empty.
    #[error("the message is empty: give the template some text")]
    Empty,
    /// A value may not stand in a file's path.
    #[error("`{value}` cannot be part of a file's path: {why}; mend the value in its column")]
    Path {
        /// The path or value refused, shortened.
        value: String,
        /// Why.
        why: &'static str,
    },
    /// The rendered address is not one that can be fetched.
    #[error("`{value}` is not an address that can be used: {why}")]
    Url {
        /// The address refused, shortened.
        value: String,
        /// Why, and the remedy.
        why: String,
    },
}

impl RenderError {
    /// The variable at fault, where one is known.
    #[must_use]
    pub fn variable(&self) -> Option<&str> {
        match self {
            RenderError::Missing { variable } => Some(variable),
            RenderError::Filter { variable, .. } if !variable.is_empty() => Some(variable),
            _ => None,
        }
    }

    /// Whether the row merely lacks a value: what a campaign may choose to skip.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, RenderError::Missing { .. })
    }
}

/// Why a filter refuses a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterFault {
    fault: Box<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    why: String,
    remedy: &'static str,
    readings: Vec<String>,
}

impl FilterFault {
    pub(crate) fn new(why: impl Into<String>, remedy: &'static str) -> Self {
        FilterFault::with_readings(why.into(), remedy, Vec::new())
    }

    pub(crate) fn ambiguous(readings: [String; 2], remedy: &'static str) -> Self {
        let why = format!("it can be read as {} or as {}", readings[0], readings[1]);
        FilterFault::with_readings(why, remedy, readings.into())
    }

    fn with_readings(why: String, remedy: &'static str, readings: Vec<String>) -> Self {
        let fault = Fault {
            why,
            remedy,
            readings,
        };
        FilterFault {
            fault: Box::new(fault),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.fault.remedy
    }

    /// The two readings of an ambiguous value; empty for any other fault.
    #[must_use]
    pub fn readings(&self) -> &[String] {
        &self.fault.readings
    }
}

impl fmt::Display for FilterFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.fault.why, self.fault.remedy)
    }
}

impl std::error::Error for FilterFault {}

/// A value short enough to stand in an error.
pub(crate) fn shortened(value: &str) -> String {
    const CHARS_MAX: usize = 80;
    match value.char_indices().nth(CHARS_MAX) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// The candidates that a person may have meant by `wanted`, best first, at most three.
pub(crate) fn near<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<String> {
    let wanted = super::values::normal_form(wanted);
    let mut scored: Vec<(f64, &str)> = candidates
        .map(|candidate| {
            let normal = super::values::normal_form(candidate);
            // `nama` for a column `nama pelanggan` is a likely slip that edit distance hides.
            let contained = wanted.chars().count() >= 3
                && !normal.is_empty()
                && (normal.contains(&wanted) || (normal.len() >= 3 && wanted.contains(&normal)));
            let alike = strsim::normalized_damerau_levenshtein(&wanted, &normal);
            (if contained { alike.max(0.75) } else { alike }, candidate)
        })
        .filter(|(score, _)| *score >= 0.6)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn did_you_mean(near: &[String]) -> String {
    format!("Did you mean {}?", quoted(near))
}

fn quoted(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(" or ")
}
