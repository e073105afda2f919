//! Phone numbers: one, and columns of them.

use std::fmt::Write;
use std::panic::resume_unwind;
use std::thread;

use campaign_core::phone::{self, LinePolicy, PhoneError, PhoneNumber, Region};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::{errors, values};

/// Ours: a thread is begun for no less than what takes some milliseconds.
const THREAD_CELLS_MIN: usize = 10_000;

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
    let number = rules.read(text.as_ref());
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
    let read = py.detach(|| rules.read_column(&cells));
    let phones = PyList::empty(py);
    let rejected = PyList::empty(py);
    let mut e164 = String::new();
    for read in read {
        match read {
            Ok(number) => {
                e164.clear();
                // Writing into a text cannot fail.
                let _ = write!(e164, "{number}");
                phones.append(PyString::new(py, &e164))?;
            }
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

    /// A column, shared out among the processors when it is long.
    fn read_column(&self, cells: &[Cell]) -> Vec<Read> {
        let most = cells.len() / THREAD_CELLS_MIN + 1;
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let size = cells.len().div_ceil(threads.min(most)).max(1);
        let parts = cells.chunks(size).enumerate();
        thread::scope(|scope| {
            let parts =
                parts.map(|(part, cells)| scope.spawn(move || self.read_part(part * size, cells)));
            let parts: Vec<_> = parts.collect();
            let read = parts.into_iter().map(|part| match part.join() {
                Ok(read) => read,
                Err(panic) => resume_unwind(panic),
            });
            read.flatten().collect()
        })
    }

    /// Some cells of a column, from the one of this index.
    fn read_part(&self, first: usize, cells: &[Cell]) -> Vec<Read> {
        let cells = (first..).zip(cells);
        cells
            .map(|(index, cell)| self.read_cell(index, cell))
            .collect()
    }

    fn read_cell(&self, index: usize, cell: &Cell) -> Read {
        let text = match cell {
            Ok(text) => text.as_ref(),
            Err((text, message)) => {
                return Err(Rejected {
                    index,
                    text: text.clone(),
                    reason: "not_text",
                    message: message.clone(),
                });
            }
        };
        self.read(text).map_err(|error| Rejected {
            index,
            text: text.to_owned(),
            reason: errors::reason(error.refusal),
            message: error.to_string(),
        })
    }
}

/// What a cell is read as.
type Read = Result<PhoneNumber, Rejected>;

/// A cell of a column: its text, or what it is in place of one, and what is wrong with that.
type Cell = Result<values::Text, (String, String)>;

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
        Err(error)
            if error.is_instance_of::<PyTypeError>(cell.py())
                || error.is_instance_of::<PyValueError>(cell.py()) =>
        {
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
