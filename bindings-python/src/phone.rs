//! Phone numbers: one, and columns of them.

use campaign_core::phone::{self, LinePolicy, PhoneError, PhoneNumber, Region};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

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
    let cells = cells(texts)?;
    // Other threads go on meanwhile.
    let read: Vec<Result<PhoneNumber, Rejected>> = py.detach(|| {
        let cells = cells.into_iter().enumerate();
        cells
            .map(|(index, cell)| rules.read_cell(index, cell))
            .collect()
    });
    let phones = PyList::empty(py);
    let rejected = PyList::empty(py);
    for read in read {
        match read {
            Ok(number) => phones.append(PyString::new(py, &number.to_string()))?,
            Err(refused) => {
                phones.append(py.None())?;
                rejected.append(refused)?;
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

    fn read_cell(&self, index: usize, cell: Cell) -> Result<PhoneNumber, Rejected> {
        let text = cell.map_err(|(text, message)| Rejected {
            index,
            text,
            reason: "not_text",
            message,
        })?;
        self.read(&text).map_err(|error| Rejected {
            index,
            reason: errors::reason(error.refusal),
            message: error.to_string(),
            text,
        })
    }
}

/// A cell of a column: its text, or what it is in place of one, and what is wrong with that.
type Cell = Result<String, (String, String)>;

/// The cells of a list, a column of a data frame, an Arrow array, or anything else that can be gone through.
fn cells(texts: &Bound<'_, PyAny>) -> PyResult<Vec<Cell>> {
    if texts.is_instance_of::<PyString>() || texts.is_instance_of::<PyBytes>() {
        let told = "a column of numbers is wanted, and this is one text: use normalize";
        return Err(PyTypeError::new_err(told));
    }
    // Arrow has the first, polars and pandas the second, numpy the third: each makes Python's own objects at once, as fast as it can.
    for list in ["to_pylist", "to_list", "tolist"] {
        if let Some(list) = texts.getattr_opt(list)? {
            return cells(&list.call0()?);
        }
    }
    let mut cells = Vec::with_capacity(texts.len().unwrap_or_default());
    for (index, cell) in texts.try_iter()?.enumerate() {
        cells.push(text_of(&cell?, index)?);
    }
    Ok(cells)
}

/// What is no text keeps nobody else's number from being read.
fn text_of(cell: &Bound<'_, PyAny>, index: usize) -> PyResult<Cell> {
    match values::text(cell, format_args!("place {index}")) {
        Ok(text) => Ok(Ok(text)),
        Err(error) if error.is_instance_of::<PyTypeError>(cell.py()) => {
            let shown = cell.str()?.to_string_lossy().into_owned();
            Ok(Err((shown, error.value(cell.py()).to_string())))
        }
        Err(error) => Err(error),
    }
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

#[pymethods]
impl Rejected {
    fn __repr__(&self) -> String {
        format!("<Rejected at {}: {}>", self.index, self.message)
    }
}
