//! What became of each person, a page at a time.

use campaign_core::delivery::{DeliveryId, State};
use campaign_core::store::{ReportQuery, ReportRow};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::{Store, campaign_id};

/// A row, as Python's class takes it.
#[derive(IntoPyObject)]
struct Row {
    row: u64,
    phone: String,
    key: Option<String>,
    values: Vec<String>,
    state: &'static str,
    reason: Option<&'static str>,
    /// Microseconds since 1970.
    changed_at: i64,
    account: Option<String>,
    message: Option<String>,
}

impl From<ReportRow> for Row {
    fn from(row: ReportRow) -> Self {
        Self {
            row: row.row,
            phone: row.phone.to_string(),
            key: row.key.map(String::from),
            values: row.values.into_iter().map(String::from).collect(),
            state: row.standing.state.name(),
            reason: row.standing.reason.map(|it| it.name()),
            changed_at: row.changed_at.as_microsecond(),
            account: row.account.map(|it| it.0.to_string()),
            message: row.message.map(String::from),
        }
    }
}

#[pymethods]
impl Store {
    /// The columns of a campaign's list.
    fn columns(&self, py: Python<'_>, campaign: u32) -> PyResult<Vec<String>> {
        let campaign = campaign_id(campaign)?;
        let record = self.done(
            py,
            move |shared| async move { shared.record(campaign).await },
        )?;
        Ok(record.columns.iter().map(|it| it.to_string()).collect())
    }

    /// The rows after a place, in these states or in any; and the place after them, when more may follow.
    fn page<'py>(
        &self,
        py: Python<'py>,
        campaign: u32,
        after: Option<u64>,
        states: Vec<String>,
        limit: u32,
    ) -> PyResult<(Vec<Bound<'py, PyAny>>, Option<u64>)> {
        let query = ReportQuery {
            after: after.and_then(DeliveryId::from_number),
            states: states.iter().map(|it| state(it)).collect::<PyResult<_>>()?,
            limit,
            ..ReportQuery::of(campaign_id(campaign)?)
        };
        let rows = self.done(
            py,
            |shared| async move { Ok(shared.store.report(query).await?) },
        )?;
        let last = rows.last().map(|it| it.delivery.number());
        let next = last.filter(|_| rows.len() >= limit as usize);
        let rows = rows.into_iter().map(|it| {
            let row = Row::from(it).into_pyobject(py)?;
            Ok(row.into_any())
        });
        Ok((rows.collect::<PyResult<_>>()?, next))
    }
}

fn state(name: &str) -> PyResult<State> {
    let found = State::ALL.into_iter().find(|it| it.name() == name);
    found.ok_or_else(|| {
        let names: Vec<_> = State::ALL.into_iter().map(State::name).collect();
        PyValueError::new_err(format!(
            "{name:?} is no state; there are {}",
            names.join(", ")
        ))
    })
}
