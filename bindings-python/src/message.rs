//! A whole message: text, an image or a file, and buttons as what really arrives.

use campaign_core::message::{
    BoundMessage, ButtonDefinition, Language, MessageDefinition, MessageKind, MessageTemplate,
    RenderedMessage, chosen,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors;
use crate::values::{Names, Text};

#[doc = documented!("Button")]
#[pyclass(frozen, eq, hash, get_all, from_py_object, module = "waha_campaign")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Button {
    #[doc = documented!("Button.label")]
    label: String,
    #[doc = documented!("Button.url")]
    url: Option<String>,
    #[doc = documented!("Button.phone")]
    phone: Option<String>,
}

#[pymethods]
impl Button {
    #[new]
    #[pyo3(signature = (label, /, *, url = None, phone = None))]
    fn new(label: String, url: Option<String>, phone: Option<String>) -> Self {
        Self { label, url, phone }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut shown = format!("Button({}", self.label.as_str().into_pyobject(py)?.repr()?);
        for (name, value) in [("url", &self.url), ("phone", &self.phone)] {
            if let Some(value) = value {
                shown.push_str(&format!(
                    ", {name}={}",
                    value.as_str().into_pyobject(py)?.repr()?
                ));
            }
        }
        shown.push(')');
        Ok(shown)
    }
}

#[doc = documented!("Message")]
#[pyclass(frozen, module = "waha_campaign")]
pub(crate) struct Message {
    /// Bound to its own variables, in their order.
    bound: BoundMessage,
    names: Names,
}

impl Message {
    fn parse(py: Python<'_>, definition: MessageDefinition) -> PyResult<Self> {
        let bound = MessageTemplate::parse(definition).and_then(|message| {
            let variables = message.variables();
            message.bind(&variables)
        });
        let bound = bound.map_err(|error| errors::message(py, &error))?;
        let names = Names::new(py, bound.message().variables());
        Ok(Self { bound, names })
    }

    /// What the engine makes of it.
    pub(crate) fn message(&self) -> &MessageTemplate {
        self.bound.message()
    }
}

#[pymethods]
impl Message {
    #[new]
    #[pyo3(signature = (text = None, /, *, image = None, file = None, buttons = Vec::new(), language = "id"))]
    fn new(
        py: Python<'_>,
        text: Option<String>,
        image: Option<String>,
        file: Option<String>,
        buttons: Vec<Button>,
        language: &str,
    ) -> PyResult<Self> {
        let definition = MessageDefinition {
            text,
            image,
            file,
            buttons: buttons.into_iter().map(ButtonDefinition::from).collect(),
            language: spoken(language)?,
            ..MessageDefinition::default()
        };
        Self::parse(py, definition)
    }

    #[doc = documented!("Message.kind")]
    #[getter]
    fn kind(&self) -> &'static str {
        self.message().kind().as_str()
    }

    #[doc = documented!("Message.variables")]
    #[getter]
    fn variables(&self) -> Vec<&str> {
        self.message().variables()
    }

    #[doc = documented!("Message.choices")]
    #[getter]
    fn choices(&self) -> Vec<&str> {
        self.message().choices()
    }

    #[doc = documented!("Message.chosen")]
    #[pyo3(signature = (answer, /))]
    fn chosen(&self, answer: &str) -> Option<&str> {
        let choices = self.message().choices();
        choices.get(chosen(&choices, answer)?).copied()
    }

    #[doc = documented!("Message.render")]
    #[pyo3(signature = (values = None, /, **more))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
        more: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Rendered> {
        let row = self.names.row(py, values, more)?;
        let rendered = self.bound.render(&row);
        let rendered = rendered.map_err(|error| errors::render(py, &error))?;
        Ok(rendered.into())
    }

    #[doc = documented!("Message.preview")]
    #[pyo3(signature = (values = None, /, **more))]
    fn preview<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
        more: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Preview> {
        let row = self.names.row(py, values, more)?;
        let pairs: Vec<(&str, Text)> = self.message().variables().into_iter().zip(row).collect();
        let preview = self.message().full_preview(&pairs);
        let preview = preview.map_err(|error| errors::render(py, &error))?;
        Ok(Preview {
            text: preview.text(),
            html: preview.html(),
        })
    }

    #[doc = documented!("Message.to_json")]
    fn to_json(&self) -> PyResult<String> {
        serde_json::to_string(self.message())
            .map_err(|error| PyValueError::new_err(error.to_string()))
    }

    #[doc = documented!("Message.from_json")]
    #[staticmethod]
    #[pyo3(signature = (json, /))]
    fn from_json(py: Python<'_>, json: &str) -> PyResult<Self> {
        let definition = serde_json::from_str(json).map_err(|error| {
            PyValueError::new_err(format!("this is not a message in JSON: {error}"))
        })?;
        Self::parse(py, definition)
    }

    fn __repr__(&self) -> String {
        format!("<Message: {}>", self.message().describe())
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.message() == other.message()
    }

    fn __hash__(&self) -> u64 {
        // Half of it tells messages apart as well as the whole.
        self.message().content_hash() as u64
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let made_by = py.get_type::<Self>().getattr("from_json")?;
        Ok((made_by, (self.to_json()?,)))
    }
}

fn spoken(language: &str) -> PyResult<Language> {
    match language {
        "id" => Ok(Language::Indonesian),
        "en" => Ok(Language::English),
        other => {
            let told = format!("the language {other:?} is not one of \"id\" and \"en\"");
            Err(PyValueError::new_err(told))
        }
    }
}

impl From<Button> for ButtonDefinition {
    fn from(button: Button) -> Self {
        Self {
            label: button.label,
            url: button.url,
            phone: button.phone,
        }
    }
}

#[doc = documented!("Rendered")]
#[pyclass(frozen, eq, hash, get_all, module = "waha_campaign")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Rendered {
    #[doc = documented!("Rendered.kind")]
    kind: &'static str,
    #[doc = documented!("Rendered.text")]
    text: String,
    #[doc = documented!("Rendered.media")]
    media: Option<String>,
}

impl From<RenderedMessage> for Rendered {
    fn from(message: RenderedMessage) -> Self {
        Self {
            kind: message.kind.as_str(),
            media: message.media.map(|media| media.to_string()),
            text: message.text,
        }
    }
}

impl Rendered {
    /// The text, or the caption.
    pub(crate) fn words(&self) -> &str {
        &self.text
    }

    /// Where its file is, and whether it is shown as a picture.
    pub(crate) fn file(&self) -> Option<(&str, bool)> {
        let media = self.media.as_deref()?;
        Some((media, self.kind == MessageKind::Image.as_str()))
    }
}

#[pymethods]
impl Rendered {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let text = self.text.as_str().into_pyobject(py)?.repr()?;
        Ok(match &self.media {
            Some(media) => format!("<Rendered {} {media}: {text}>", self.kind),
            None => format!("<Rendered {}: {text}>", self.kind),
        })
    }
}

#[doc = documented!("Preview")]
#[pyclass(frozen, eq, hash, get_all, module = "waha_campaign")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Preview {
    #[doc = documented!("Preview.text")]
    text: String,
    #[doc = documented!("Preview.html")]
    html: String,
}

#[pymethods]
impl Preview {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        format!("<Preview of {} characters>", self.text.chars().count())
    }

    /// What a notebook shows.
    fn _repr_html_(&self) -> &str {
        &self.html
    }
}
