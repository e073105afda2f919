//! What Python programs have in their rows, as the text that a spreadsheet would hold.

use std::fmt;

use campaign_core::template::same_name;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyType};
use serde::de::DeserializeOwned;

/// Floats count whole numbers exactly up to here.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The names of a template's variables, ready to be looked up.
pub(crate) struct Names(Vec<Py<PyString>>);

impl Names {
    pub(crate) fn new<'n>(py: Python<'_>, names: impl IntoIterator<Item = &'n str>) -> Self {
        let names = names.into_iter();
        Self(
            names
                .map(|name| PyString::intern(py, name).unbind())
                .collect(),
        )
    }

    /// The texts of one row, in the order of the names. A variable that the row does not have is blank, which is how a template knows it for
    /// missing.
    pub(crate) fn row<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
        more: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Vec<Text>> {
        let values = values.map(as_dict).transpose()?;
        let mut texts = Vec::with_capacity(self.0.len());
        for name in &self.0 {
            let name = name.bind(py);
            let by_keyword = more.map(|it| look_up(it, name)).transpose()?.flatten();
            let found = match (by_keyword, &values) {
                (None, Some(values)) => look_up(values, name)?,
                (found, _) => found,
            };
            texts.push(match found {
                Some(value) => text(&value, name)?,
                None => Text::Made(String::new()),
            });
        }
        Ok(texts)
    }
}

/// What a row holds, copied only where it is no text.
pub(crate) enum Text {
    Python(PyBackedStr),
    Made(String),
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        match self {
            Self::Python(text) => text,
            Self::Made(text) => text,
        }
    }
}

/// A dictionary as it is; a row of a database or of a data frame as one.
fn as_dict<'py>(values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(values) = values.cast::<PyDict>() {
        return Ok(values.clone());
    }
    let dict = values.py().get_type::<PyDict>();
    let told = || {
        let found = values.get_type();
        PyTypeError::new_err(format!(
            "values by name are wanted, such as a dict, and this is {found}"
        ))
    };
    let made = dict.call1((values,)).map_err(|_| told())?;
    Ok(made.cast_into::<PyDict>()?)
}

/// By the exact name, or by one that means the same.
fn look_up<'py>(
    values: &Bound<'py, PyDict>,
    name: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if let Some(found) = values.get_item(name)? {
        return Ok(Some(found));
    }
    let name = name.to_cow()?;
    for (key, value) in values.iter() {
        if let Ok(key) = key.cast::<PyString>()
            && same_name(&key.to_cow()?, &name)
        {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Text, a number, a date, or nothing: `None`, and what data frames have in its place. `name` tells whose value it is.
///
/// # Errors
///
/// A `TypeError` for what is none of these, and a `ValueError` for text with half a character in it, which cannot be written anywhere.
pub(crate) fn text(value: &Bound<'_, PyAny>, name: impl fmt::Display) -> PyResult<Text> {
    if let Ok(text) = value.cast::<PyString>() {
        return text.clone().try_into().map(Text::Python).map_err(|_| {
            PyValueError::new_err(format!(
                "{name}: half a character in it (a surrogate without its other half): read it again from where it comes from, as UTF-8"
            ))
        });
    }
    if value.is_none() || is_absent(value)? {
        return Ok(Text::Made(String::new()));
    }
    let refused = || {
        let found = value.get_type();
        PyTypeError::new_err(format!(
            "{name}: {found} is not text, a number or a date: say what it reads as"
        ))
    };
    if value.is_instance_of::<PyBool>() {
        return Err(refused());
    }
    if value.is_instance_of::<PyInt>() {
        return Ok(Text::Made(value.str()?.to_cow()?.into_owned()));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return float(number.value()).map(Text::Made).ok_or_else(refused);
    }
    let py = value.py();
    if value.is_instance(class(py, &DECIMAL, "decimal", "Decimal")?)? {
        // Never with an exponent, in which digits would be hidden.
        let written = value.call_method1("__format__", ("f",))?;
        return written.extract().map(Text::Made);
    }
    if value.is_instance(class(py, &DATE, "datetime", "date")?)? {
        return date(value).map(Text::Made);
    }
    // A number of numpy's is the number that it holds.
    match value.getattr_opt("item")? {
        Some(item) if value.getattr_opt("dtype")?.is_some() => text(&item.call0()?, name),
        _ => Err(refused()),
    }
}

static DATE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn class<'py>(
    py: Python<'py>,
    known: &'static PyOnceLock<Py<PyType>>,
    module: &str,
    name: &str,
) -> PyResult<&'py Bound<'py, PyType>> {
    known.import(py, module, name)
}

/// NaN and NaT are unlike themselves; of pandas' NA not even that can be told.
fn is_absent(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.ne(value) {
        Ok(differs) => Ok(differs),
        Err(_) => Ok(value.get_type().name()?.to_cow()? == "NAType"),
    }
}

/// As a spreadsheet shows it: a whole number without decimals. `None` for what is no number.
fn float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    Some(match number.fract() == 0.0 && number.abs() <= WHOLE_MAX {
        true => format!("{number:.0}"),
        false => format!("{number}"),
    })
}

/// A moment at midnight is how data frames hold a day.
fn date(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text: String = value.call_method0("isoformat")?.extract()?;
    let day = text.strip_suffix("T00:00:00").map(str::to_owned);
    Ok(day.unwrap_or(text))
}

/// What a server sent, as Python reads JSON.
pub(crate) fn json(py: Python<'_>, value: &serde_json::Value) -> PyResult<Py<PyAny>> {
    let read = py
        .import("json")?
        .call_method1("loads", (value.to_string(),))?;
    Ok(read.unbind())
}

/// What Python holds, read as what a server takes; `wrong` says what it is not.
pub(crate) fn from_json<T: DeserializeOwned>(value: &Bound<'_, PyAny>, wrong: &str) -> PyResult<T> {
    let dumps = value.py().import("json")?.getattr("dumps")?;
    let text: String = dumps.call1((value,))?.extract()?;
    serde_json::from_str(&text).map_err(|error| PyValueError::new_err(format!("{wrong}: {error}")))
}
