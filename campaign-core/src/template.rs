//! Message templates: parsed and checked once, rendered per recipient.
//!
//! A template is text with variables, which are the columns of the audience: `{{ nama }}`,
//! `{{ Nama Pelanggan }}`, or Meta's positional `{{1}}`. Case, spaces and punctuation do not tell
//! names apart. Filters say how a value is shown: `{{ jumlah | rupiah }}`,
//! `{{ jatuh_tempo | date("full") }}`, `{{ nama | title | default("pelanggan") }}`.
//!
//! | filter | shows |
//! | --- | --- |
//! | `rupiah` | `250000`, `250.000`, `Rp 250.000,00` as `Rp250.000`; refuses `1,234`, which reads two ways |
//! | `date`, `date("full")`, `("short")`, `("numeric")` | `2026-11-21`, `21/11/2026` as `21 November 2026`, `Sabtu, 21 November 2026`, `21 Nov 2026`, `21/11/2026`; day first |
//! | `phone`, `phone("local")` | `6281234567890` as `+62 812-3456-7890`, `0812-3456-7890` |
//! | `upper`, `lower`, `title` | letters |
//! | `urlencode` | the value as part of a link in a text: `budi%20santoso` |
//! | `default("...")` | the text, when the value is missing or blank |
//!
//! That much compiles to segments and renders in one pass. A template that needs logic
//! (`{% if alamat %}...{% endif %}`, `{% for item in items | split(";") %}`, further filters) is run
//! by minijinja instead, under bounds on time and memory; both show the same where both can.
//! Two literal braces are written `{{ "{{" }}`.
//!
//! Everything is strict: an unknown filter, an unknown column or a missing value is an error that
//! names the place and the remedy, never an empty space in somebody's message. Reading the
//! audience, and deciding what to do about a row that cannot be rendered, are left to others.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod error;
mod filters;
mod limits;
mod logic;
mod parse;
mod render;
mod tokens;
mod values;

pub use error::{FilterFault, RenderError, TemplateError, TemplateErrorKind};
pub use limits::{Limits, RENDERED_BYTES_MAX};
pub use values::{Values, same_name};

pub(crate) use error::shortened;
pub(crate) use filters::percent_encoded;
pub(crate) use render::{Bounded, Piece};

use error::near;
use filters::Filter;
use logic::Logic;
use parse::{Segment, Variable};

/// A checked message template. Cheap to clone.
///
/// ```
/// use campaign_core::template::Template;
///
/// let template = Template::parse("Halo {{ nama | title }}, tagihan {{ total | rupiah }}.")?;
/// let text = template.render(&[("Nama", "BUDI"), ("Total", "250000")])?;
/// assert_eq!(text, "Halo Budi, tagihan Rp250.000.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

struct Inner {
    source: String,
    engine: Engine,
    variables: Vec<Variable>,
}

enum Engine {
    Segments(Vec<Segment>),
    Logic(Box<Logic>),
}

impl Template {
    /// Parses and checks a template.
    ///
    /// # Errors
    /// With line, column and remedy when the text is no template: something is not closed, a
    /// filter does not exist or takes no such argument, or the template uses something left out.
    pub fn parse(source: &str) -> Result<Template, TemplateError> {
        if source.len() > limits::SOURCE_BYTES_MAX {
            let kind = TemplateErrorKind::TooLong {
                bytes: source.len(),
                bytes_max: limits::SOURCE_BYTES_MAX,
            };
            return Err(TemplateError::at(kind, "", 0, 0));
        }
        let blocks = tokens::blocks(source)?;
        if let Some(compiled) = parse::compile(source, &blocks)? {
            let engine = Engine::Segments(compiled.segments);
            return Ok(Template::new(source, engine, compiled.variables));
        }
        let (logic, variables) = Logic::compile(source, &blocks)?;
        Ok(Template::new(
            source,
            Engine::Logic(Box::new(logic)),
            variables,
        ))
    }

    fn new(source: &str, engine: Engine, variables: Vec<Variable>) -> Template {
        Template {
            inner: Arc::new(Inner {
                source: source.to_owned(),
                engine,
                variables,
            }),
        }
    }

    /// The text it was parsed from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The variables, as first written, in the order of the text. Spellings of one name count once.
    pub fn variables(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.variables.iter().map(|v| v.name.as_str())
    }

    /// Whether the template holds logic, and so is run by minijinja.
    #[must_use]
    pub fn has_logic(&self) -> bool {
        matches!(self.inner.engine, Engine::Logic(_))
    }

    /// Finds each variable's column among `headers`, once for all rows.
    ///
    /// ```
    /// use campaign_core::template::Template;
    ///
    /// let template = Template::parse("Halo {{ nma }}")?;
    /// let error = template.bind(&["Nama", "No HP"]).unwrap_err();
    /// assert_eq!(error.remedy(), "Did you mean `Nama`?");
    /// # Ok::<(), campaign_core::template::TemplateError>(())
    /// ```
    ///
    /// # Errors
    /// For a variable that no header names, with the headers that look like it; and for one that
    /// several headers name.
    pub fn bind<H: AsRef<str>>(&self, headers: &[H]) -> Result<BoundTemplate, TemplateError> {
        let normal: Vec<String> = headers
            .iter()
            .map(|header| values::normal_form(header.as_ref()))
            .collect();
        let columns = self
            .inner
            .variables
            .iter()
            .map(|variable| self.column_of(variable, headers, &normal))
            .collect::<Result<_, _>>()?;
        Ok(BoundTemplate {
            template: self.clone(),
            columns,
        })
    }

    fn column_of<H: AsRef<str>>(
        &self,
        variable: &Variable,
        headers: &[H],
        normal: &[String],
    ) -> Result<usize, TemplateError> {
        let found: Vec<usize> = (0..headers.len())
            .filter(|&column| normal.get(column) == Some(&variable.normal))
            .collect();
        let name = variable.name.clone();
        let named = || headers.iter().map(AsRef::as_ref);
        let kind = match found[..] {
            [column] => return Ok(column),
            [] => TemplateErrorKind::UnknownVariable {
                near: near(&name, named()),
                columns: named().map(str::to_owned).collect(),
                name,
            },
            _ => {
                // A header spelled exactly like the variable is meant.
                let exact = found
                    .iter()
                    .copied()
                    .filter(|&column| headers.get(column).is_some_and(|h| h.as_ref() == name))
                    .collect::<Vec<_>>();
                if let [column] = exact[..] {
                    return Ok(column);
                }
                TemplateErrorKind::AmbiguousVariable {
                    columns: found
                        .iter()
                        .filter_map(|&column| headers.get(column))
                        .map(|header| header.as_ref().to_owned())
                        .collect(),
                    name,
                }
            }
        };
        Err(TemplateError::at(
            kind,
            self.source(),
            variable.at.start,
            variable.at.end,
        ))
    }

    /// The text for one recipient.
    ///
    /// # Errors
    /// When a value is missing or blank without a default, a filter refuses its value, or the text
    /// would be longer than [`RENDERED_BYTES_MAX`].
    pub fn render(&self, values: &(impl Values + ?Sized)) -> Result<String, RenderError> {
        let mut out = String::with_capacity(self.source().len() + 16 * self.inner.variables.len());
        self.render_into(values, &mut out, RENDERED_BYTES_MAX)?;
        Ok(out)
    }

    /// Appends the text for one recipient to `out`, at most `bytes_max` bytes of it. On an error
    /// `out` is as it was.
    ///
    /// # Errors
    /// As [`render`](Template::render).
    pub fn render_into(
        &self,
        values: &(impl Values + ?Sized),
        out: &mut String,
        bytes_max: usize,
    ) -> Result<(), RenderError> {
        self.render_slots(|slot| self.lookup(values, slot), out, bytes_max)
    }

    /// The text before the first variable.
    pub(crate) fn literal_prefix(&self) -> &str {
        match &self.inner.engine {
            Engine::Segments(segments) => match segments.first() {
                Some(Segment::Text(text)) => text,
                _ => "",
            },
            Engine::Logic(_) => "",
        }
    }

    /// Column names in another program's notation: see
    /// [`MessageTemplate::lookalikes`](crate::message::MessageTemplate::lookalikes).
    pub(crate) fn lookalikes<H: AsRef<str>>(&self, headers: &[H]) -> Vec<&str> {
        let is_column = |name: &str| {
            headers
                .iter()
                .any(|header| same_name(header.as_ref(), name))
        };
        tokens::blocks(self.source())
            .unwrap_or_default()
            .into_iter()
            .filter_map(|block| match block {
                tokens::Block::Text(at) => self.source().get(at),
                _ => None,
            })
            .flat_map(|text| tokens::lookalikes(text, is_column))
            .collect()
    }

    /// Whether a value is encoded for an address by the template itself.
    pub(crate) fn encodes_values(&self) -> bool {
        let Engine::Segments(segments) = &self.inner.engine else {
            return false;
        };
        segments.iter().any(|segment| match segment {
            Segment::Variable { filters, .. } => filters.contains(&Filter::UrlEncode),
            Segment::Text(_) => false,
        })
    }

    /// The text with `value` for every variable; empty for a template with logic.
    pub(crate) fn with_values(&self, value: &str) -> String {
        let Engine::Segments(segments) = &self.inner.engine else {
            return String::new();
        };
        segments
            .iter()
            .map(|segment| match segment {
                Segment::Text(text) => text,
                Segment::Variable { .. } => value,
            })
            .collect()
    }

    pub(crate) fn lookup<'v>(
        &self,
        values: &'v (impl Values + ?Sized),
        slot: usize,
    ) -> Option<&'v str> {
        let variable = self.inner.variables.get(slot)?;
        values.value(&variable.name)
    }

    /// Appends the text with the value of each variable by its place among
    /// [`variables`](Template::variables).
    #[inline]
    pub(crate) fn render_slots<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
        out: &mut String,
        bytes_max: usize,
    ) -> Result<(), RenderError> {
        let start = out.len();
        let inner = &*self.inner;
        let rendered = match &inner.engine {
            Engine::Segments(segments) => {
                let mut out = Bounded::new(out, "text", bytes_max);
                render::pieces(segments, &inner.variables, value, |piece| {
                    let (Piece::Text(text) | Piece::Value(text)) = piece;
                    out.push(text)
                })
            }
            Engine::Logic(logic) => logic.render(&inner.variables, value, out, bytes_max),
        };
        if rendered.is_err() {
            out.truncate(start);
        }
        rendered
    }

    /// The segments of a template without logic, where values and own text must be told apart.
    pub(crate) fn pieces<'v>(
        &'v self,
        value: impl Fn(usize) -> Option<&'v str>,
        sink: impl FnMut(Piece<'_>) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        match &self.inner.engine {
            Engine::Segments(segments) => {
                render::pieces(segments, &self.inner.variables, value, sink)
            }
            Engine::Logic(_) => Err(RenderError::Logic {
                why: "logic where only variables can stand".to_owned(),
            }),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source()).finish()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Template {}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, Self::Err> {
        Template::parse(source)
    }
}

/// As its text.
impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Template::parse(&source).map_err(serde::de::Error::custom)
    }
}

/// A template whose variables have their columns: rendering looks no name up.
///
/// ```
/// use campaign_core::template::Template;
///
/// let bound = Template::parse("Halo {{ nama }}")?.bind(&["No HP", "Nama"])?;
/// let mut text = String::new();
/// for row in [["0812", "Budi"], ["0813", "Siti"]] {
///     text.clear();
///     bound.render_into(&row, &mut text)?;
/// }
/// assert_eq!(text, "Halo Siti");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct BoundTemplate {
    template: Template,
    columns: Vec<usize>,
}

impl BoundTemplate {
    /// The template bound.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The columns its variables are in, in the order of [`Template::variables`].
    #[must_use]
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The text for one row of the table whose headers were bound.
    ///
    /// # Errors
    /// As [`Template::render`].
    pub fn render<C: AsRef<str>>(&self, row: &[C]) -> Result<String, RenderError> {
        let mut out = String::with_capacity(self.template.source().len() + 16 * self.columns.len());
        self.render_into(row, &mut out)?;
        Ok(out)
    }

    /// Appends the text for one row to `out`, at most [`RENDERED_BYTES_MAX`] of it. On an error
    /// `out` is as it was.
    ///
    /// # Errors
    /// As [`Template::render`].
    #[inline]
    pub fn render_into<C: AsRef<str>>(
        &self,
        row: &[C],
        out: &mut String,
    ) -> Result<(), RenderError> {
        self.template.render_slots(
            |slot| {
                let column = *self.columns.get(slot)?;
                row.get(column).map(AsRef::as_ref)
            },
            out,
            RENDERED_BYTES_MAX,
        )
    }
}

#[cfg(test)]
mod tests;
