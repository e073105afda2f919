//! Campaigns: a database, the way to WhatsApp, and what a program asks of both. `campaigns.py` says what is public; this half has no more
//! than its methods, each of which may be called from any thread, and none of them in a forked child.

mod definition;
mod driving;
mod failure;
mod importing;
mod limits;
mod looking;
mod nowhere;
mod once;
mod plan;
mod report;
mod rows;
mod way;

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use campaign_core::clock::{Clock, SystemClock};
use campaign_core::delivery::CampaignId;
use campaign_core::store;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use sql_store::{Options, PostgresStore, SqliteStore};
use tokio::sync::Mutex as TurnTaking;

use self::driving::Drive;
use self::failure::{Failure, Outcome};
pub(crate) use self::rows::_write_rows;
use self::way::Way;
use crate::gateway::OwnGateway;
use crate::{errors, runtime};

/// What all threads of this process share.
struct Shared {
    store: Arc<dyn store::Store>,
    way: Way,
    clock: Arc<dyn Clock>,
    /// Whoever sends from here; held while somebody becomes that, because a store lets its own process in twice.
    drive: TurnTaking<Option<Drive>>,
}

/// What `waha_campaign.Campaigns` works with.
#[pyclass(frozen, name = "_Store", module = "waha_campaign._native")]
pub(crate) struct Store {
    process: u32,
    /// `None` once it is closed.
    shared: Mutex<Option<Arc<Shared>>>,
}

impl Store {
    /// What it works with, unless it is closed or another process has it.
    fn shared(&self) -> PyResult<Arc<Shared>> {
        if self.process != runtime::process() {
            return Err(PyRuntimeError::new_err(
                "these campaigns were opened before a fork: open them in the process that uses them",
            ));
        }
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared
            .clone()
            .ok_or_else(|| PyRuntimeError::new_err("these campaigns are closed: open them again"))
    }

    /// Does something with it to its end, while other threads go on.
    fn done<T: Send + 'static, W>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(Arc<Shared>) -> W,
    ) -> PyResult<T>
    where
        W: Future<Output = Outcome<T>> + Send + 'static,
    {
        let outcome = runtime::block_on(py, work(self.shared()?))?;
        outcome.map_err(|failure| failure.raised(py))
    }

    fn take(&self) -> Option<Arc<Shared>> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.take()
    }
}

#[pymethods]
impl Store {
    /// `file` or `server` is where campaigns are kept; `calling` asks a gateway that the program has made, otherwise `url` is WAHA's.
    #[new]
    fn new(
        py: Python<'_>,
        file: Option<PathBuf>,
        server: Option<String>,
        url: Option<String>,
        api_key: Option<String>,
        calling: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let own = calling.map(|calling| OwnGateway::new(calling, clock.clone()));
        let own = own.transpose()?;
        let opened = async move {
            let way = match own {
                Some(gateway) => Way::Own(gateway),
                None => Way::to_waha(url, api_key, &clock)?,
            };
            Ok::<_, Failure>(Shared {
                store: opened(file, server).await?,
                way,
                clock,
                drive: TurnTaking::new(None),
            })
        };
        let shared = runtime::block_on(py, opened)?.map_err(|failure| failure.raised(py))?;
        Ok(Self {
            process: runtime::process(),
            shared: Mutex::new(Some(Arc::new(shared))),
        })
    }

    /// The server's address, without a password, or what the gateway is called.
    #[getter]
    fn way(&self) -> PyResult<String> {
        Ok(self.shared()?.way.name())
    }

    /// Tells whoever sends from here how far a message got.
    fn tell(&self, session: &str, message_id: &str, state: &str) -> PyResult<()> {
        let is_known = match &self.shared()?.way {
            Way::Own(gateway) => gateway.told(session, message_id, state),
            // Its server tells by itself.
            Way::Waha { .. } => true,
        };
        match is_known {
            true => Ok(()),
            false => Err(PyValueError::new_err(format!(
                "{state:?} is not how far a message gets: say \"accepted\", \"sent\", \"delivered\", \"read\", \"played\" or \"failed\""
            ))),
        }
    }

    /// Gives the database up.
    fn close(&self, py: Python<'_>) {
        let shared = self.take();
        if self.process == runtime::process() {
            // The last one waits for the database's thread.
            py.detach(|| drop(shared));
        } else {
            // Its threads and its connections are the parent's.
            std::mem::forget(shared);
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.process != runtime::process() {
            std::mem::forget(self.take());
        }
    }
}

async fn opened(file: Option<PathBuf>, server: Option<String>) -> Outcome<Arc<dyn store::Store>> {
    match (file, server) {
        (Some(file), _) => Ok(Arc::new(SqliteStore::open(file, Options::default())?)),
        (None, Some(server)) => Ok(Arc::new(
            PostgresStore::open(&server, Options::default()).await?,
        )),
        (None, None) => Err(Failure::Argument("a database is needed".to_owned())),
    }
}

fn campaign_id(number: u32) -> PyResult<CampaignId> {
    CampaignId::new(number)
        .ok_or_else(|| PyValueError::new_err(format!("{number} is no campaign's number")))
}

/// An argument that cannot be used, by its name.
fn wrong(name: &str, error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(format!("{name}: {}", errors::plain(&error.to_string())))
}
