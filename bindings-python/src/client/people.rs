//! People: who is on WhatsApp, whom the account knows, which hidden id is whose.

use pyo3::prelude::*;
use waha_client::api::contacts::{self, ContactQuery, LidQuery};
use waha_client::types::PictureSource;

use super::Calls;
use crate::results;

#[pymethods]
impl Calls {
    #[doc = documented!("Client.check_number")]
    #[pyo3(signature = (phone, /, *, session = None))]
    fn check_number(
        &self,
        py: Python<'_>,
        phone: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let number = self.number(py, phone)?;
        let endpoint = contacts::check_exists(&session, &number);
        self.call(py, endpoint, results::number)
    }

    #[doc = documented!("Client.contacts")]
    #[pyo3(signature = (*, limit = 100, offset = 0, session = None))]
    fn contacts(
        &self,
        py: Python<'_>,
        limit: u32,
        offset: u32,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let query = ContactQuery::new().limit(limit).offset(offset);
        self.call(py, contacts::list(&session, query), results::contacts)
    }

    #[doc = documented!("Client.contact")]
    #[pyo3(signature = (person, /, *, session = None))]
    fn contact(&self, py: Python<'_>, person: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let (session, person) = (self.session(session)?, self.chat(py, person)?);
        let endpoint = contacts::get(&session, &person);
        self.call(py, endpoint, results::optional_contact)
    }

    #[doc = documented!("Client.picture_url")]
    #[pyo3(signature = (person, /, *, session = None))]
    fn picture_url(
        &self,
        py: Python<'_>,
        person: &str,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let (session, person) = (self.session(session)?, self.chat(py, person)?);
        let endpoint = contacts::profile_picture(&session, &person, PictureSource::Cache);
        self.call(py, endpoint, results::optional_text)
    }

    #[doc = documented!("Client.block")]
    #[pyo3(signature = (person, /, *, session = None))]
    fn block(&self, py: Python<'_>, person: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let (session, person) = (self.session(session)?, self.chat(py, person)?);
        self.call(py, contacts::block(&session, &person), results::truth)
    }

    #[doc = documented!("Client.unblock")]
    #[pyo3(signature = (person, /, *, session = None))]
    fn unblock(&self, py: Python<'_>, person: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let (session, person) = (self.session(session)?, self.chat(py, person)?);
        self.call(py, contacts::unblock(&session, &person), results::truth)
    }

    #[doc = documented!("Client.lid_of")]
    #[pyo3(signature = (phone, /, *, session = None))]
    fn lid_of(&self, py: Python<'_>, phone: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let number = self.number(py, phone)?;
        let endpoint = contacts::lid_of_phone(&session, &number);
        self.call(py, endpoint, results::optional_chat)
    }

    #[doc = documented!("Client.phone_of")]
    #[pyo3(signature = (lid, /, *, session = None))]
    fn phone_of(&self, py: Python<'_>, lid: &str, session: Option<&str>) -> PyResult<Py<PyAny>> {
        let (session, lid) = (self.session(session)?, self.chat(py, lid)?);
        let endpoint = contacts::phone_of_lid(&session, &lid);
        self.call(py, endpoint, results::optional_phone)
    }

    #[doc = documented!("Client.lids")]
    #[pyo3(signature = (*, limit = 100, offset = 0, session = None))]
    fn lids(
        &self,
        py: Python<'_>,
        limit: u32,
        offset: u32,
        session: Option<&str>,
    ) -> PyResult<Py<PyAny>> {
        let session = self.session(session)?;
        let query = LidQuery::new().limit(limit).offset(offset);
        self.call(py, contacts::lids(&session, query), results::lid_pairs)
    }
}
