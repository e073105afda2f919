//! A text with variables.

use campaign_core::template::{self, BoundTemplate};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;
use crate::values::Names;

#[doc = documented!("Template")]
#[pyclass(frozen, module = "waha_campaign")]
pub(crate) struct Template {
    /// Bound to its own variables, in their order.
    bound: BoundTemplate,
    names: Names,
}

#[pymethods]
impl Template {
    #[new]
    #[pyo3(signature = (source, /))]
    fn new(py: Python<'_>, source: &str) -> PyResult<Self> {
        let bound = template::Template::parse(source).and_then(|template| {
            let variables: Vec<&str> = template.variables().collect();
            template.bind(&variables)
        });
        let bound = bound.map_err(|error| errors::template(py, &error, None))?;
        let names = Names::new(py, bound.template().variables());
        Ok(Self { bound, names })
    }

    #[doc = documented!("Template.source")]
    #[getter]
    fn source(&self) -> &str {
        self.bound.template().source()
    }

    #[doc = documented!("Template.variables")]
    #[getter]
    fn variables(&self) -> Vec<&str> {
        self.bound.template().variables().collect()
    }

    #[doc = documented!("Template.render")]
    #[pyo3(signature = (values = None, /, **more))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
        more: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<String> {
        let row = self.names.row(py, values, more)?;
        let rendered = self.bound.render(&row);
        rendered.map_err(|error| errors::render(py, &error))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!(
            "Template({})",
            self.source().into_pyobject(py)?.repr()?
        ))
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.source() == other.source()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.source().into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> (Bound<'py, pyo3::types::PyType>, (&str,)) {
        (py.get_type::<Self>(), (self.source(),))
    }
}
