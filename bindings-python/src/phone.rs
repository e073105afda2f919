//! Phone numbers: one, and columns of them.

use campaign_core::phone::{self, LinePolicy, PhoneError, PhoneNumber, Region};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use crate::{errors, values};

#[doc = documented!("normalize")]
#[pyfunction]
#[pyo3(signature = (text, /, *, region = "ID", landlines = false))]
pub(crate) fn normalize(
    text: &Bound<'_, PyAny>,
    region: &str,
    landlines: bool,
) -> PyResult<String> {
    let py = text.py();
    let rules = Rules::new(region, landlines)?;
    let text = values::text(text, "text")?;
    let number = rules.read(&text);
    number
        .map(|it| it.to_string())
        .map_err(|error| errors::phone(py, &error))
}

#[doc = documented!("normalize_all")]
#[pyfunction]
#[pyo3(signature = (texts, /, *, region = "ID", landlines = false))]
pub(crate) fn normalize_all(
    texts: &Bound<'_, PyAny>,
    region: &str,
    landlines: bool,
) -> PyResult<Numbers> {
    let py = texts.py();
    let rules = Rules::new(region, landlines)?;
    let texts = column(texts)?;
    // Other threads go on meanwhile.
    let read = py.detach(|| {
        texts
            .iter()
            .map(|text| rules.read(text))
            .collect::<Vec<_>>()
    });
    let phones = PyList::empty(py);
    let rejected = PyList::empty(py);
    for (index, (read, text)) in read.into_iter().zip(texts).enumerate() {
        match read {
            Ok(number) => phones.append(PyString::new(py, &number.to_string()))?,
            Err(error) => {
                phones.append(py.None())?;
                rejected.append(Rejected::new(index, text, &error))?;
            }
        }
    }
    Ok(Numbers {
        phones: phones.unbind(),
        rejected: rejected.unbind(),
    })
}

/// Where numbers without a country code belong, and which lines are taken.
struct Rules {
    region: Region,
    lines: LinePolicy,
}

impl Rules {
    fn new(region: &str, landlines: bool) -> PyResult<Self> {
        Ok(Self {
            region: Region::new(region)
                .map_err(|error| PyValueError::new_err(error.to_string()))?,
            lines: match landlines {
                true => LinePolicy::AnyLine,
                false => LinePolicy::MobileOnly,
            },
        })
    }

    fn read(&self, text: &str) -> Result<PhoneNumber, PhoneError> {
        phone::normalize(text, self.region, self.lines)
    }
}

/// The texts of a list, a column of a data frame, an Arrow array, or anything else that can be gone through.
fn column(texts: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    if texts.is_instance_of::<PyString>() {
        let told = "a column of numbers is wanted, and this is one text: use normalize";
        return Err(pyo3::exceptions::PyTypeError::new_err(told));
    }
    // Arrow has the first, polars and pandas the second: each makes Python's own objects at once, as fast as it can.
    for list in ["to_pylist", "to_list"] {
        if let Some(list) = texts.getattr_opt(list)? {
            return cells(&list.call0()?);
        }
    }
    cells(texts)
}

fn cells(texts: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let mut cells = Vec::with_capacity(texts.len().unwrap_or_default());
    for (index, cell) in texts.try_iter()?.enumerate() {
        let cell = cell?;
        let text = match cell.cast::<PyString>() {
            Ok(text) => text.to_cow()?.into_owned(),
            Err(_) => values::text(&cell, format_args!("place {index}"))?,
        };
        cells.push(text);
    }
    Ok(cells)
}

#[doc = documented!("Numbers")]
#[pyclass(frozen, module = "waha_campaign")]
pub(crate) struct Numbers {
    #[doc = documented!("Numbers.phones")]
    #[pyo3(get)]
    phones: Py<PyList>,
    #[doc = documented!("Numbers.rejected")]
    #[pyo3(get)]
    rejected: Py<PyList>,
}

#[pymethods]
impl Numbers {
    fn __len__(&self, py: Python<'_>) -> usize {
        self.phones.bind(py).len()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let (all, rejected) = (self.__len__(py), self.rejected.bind(py).len());
        format!("<Numbers: {} read, {rejected} rejected>", all - rejected)
    }
}

#[doc = documented!("Rejected")]
#[pyclass(frozen, eq, hash, get_all, module = "waha_campaign")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Rejected {
    #[doc = documented!("Rejected.index")]
    index: usize,
    #[doc = documented!("Rejected.text")]
    text: String,
    #[doc = documented!("Rejected.reason")]
    reason: &'static str,
    #[doc = documented!("Rejected.message")]
    message: String,
}

impl Rejected {
    fn new(index: usize, text: String, error: &PhoneError) -> Self {
        Self {
            index,
            text,
            reason: errors::reason(error.refusal),
            message: error.to_string(),
        }
    }
}

#[pymethods]
impl Rejected {
    fn __repr__(&self) -> String {
        format!("<Rejected at {}: {}>", self.index, self.message)
    }
}
