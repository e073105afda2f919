//! Where campaigns stand, whoever sends.

use std::collections::BTreeSet;

use campaign_core::campaign::CampaignState;
use campaign_core::consent;
use campaign_core::delivery::{CampaignId, State};
use campaign_core::gateway::{Readiness, Session};
use campaign_core::once;
use campaign_core::store::{CampaignQuery, CampaignRecord, RunnerWord};
use pyo3::prelude::*;
use serde_json::{Value, json};

use super::failure::{Failure, Outcome};
use super::{Shared, Store, campaign_id};
use crate::values;

/// What is a campaign for the engine and none for people: single messages, tests, checks, answers to opt-outs.
fn is_single(record: &CampaignRecord) -> bool {
    let name = &record.definition.name;
    name.starts_with(once::PREFIX)
        || name.starts_with(consent::NAME_PREFIX)
        || name.starts_with("test:")
        || name.starts_with("check:")
}

/// Something of it is left to be sent, or under way.
fn has_open(record: &CampaignRecord) -> bool {
    let mut open = [State::Scheduled, State::Sending].into_iter();
    open.any(|state| record.counts.of(state) > 0)
}

/// It was sent, and WhatsApp may still acknowledge it.
fn awaits_acks(record: &CampaignRecord) -> bool {
    record.state == CampaignState::Completed && record.counts.of(State::Accepted) > 0
}

impl Shared {
    async fn views(&self, query: &CampaignQuery, with_singles: bool) -> Outcome<Value> {
        // Commands first: what an answered one has changed is in the records that are read after it.
        let commands = self.store.open_commands().await?;
        let runner = self.store.runner().await?;
        let asked: BTreeSet<_> = commands
            .iter()
            .filter_map(|(_, it)| it.campaign())
            .collect();
        let mut records = self.store.campaigns(query).await?;
        if *query == CampaignQuery::Live {
            // What is to be started is under way as well.
            let is_there = |id: &CampaignId| records.iter().any(|it| it.id == *id);
            let more = asked.iter().copied().filter(|id| !is_there(id));
            let more = CampaignQuery::These(more.collect());
            records.extend(self.store.campaigns(&more).await?);
        }
        let (mut views, mut open_singles) = (Vec::new(), BTreeSet::new());
        let awaits_acks = records.iter().any(awaits_acks);
        for record in records {
            let is_asked = asked.contains(&record.id);
            if is_single(&record) && (is_asked || self.is_left(&record).await?) {
                let sessions = record.definition.sessions.iter().map(ToString::to_string);
                open_singles.insert(sessions.collect::<Vec<_>>());
            }
            // What was never imported to its end is no campaign yet.
            let is_shown = record.state > CampaignState::Importing && !is_single(&record);
            if with_singles || is_shown {
                let is_over = !is_asked && self.is_over(&record).await?;
                views.push(view(&record, runner.as_ref(), is_over));
            }
        }
        Ok(json!({
            "runner": runner.map(|it| it.holder),
            "is_asked": !commands.is_empty(),
            "open_singles": open_singles,
            "awaits_acks": awaits_acks,
            "campaigns": views,
        }))
    }

    /// Nothing of it is left to be sent, and nothing will be looked up without a person asking for it.
    async fn is_over(&self, record: &CampaignRecord) -> Outcome<bool> {
        let has_ended = matches!(
            record.state,
            CampaignState::Completed | CampaignState::Settled | CampaignState::Cancelled
        );
        Ok(has_ended && !has_open(record) && self.store.is_looked_up(record).await?)
    }

    /// Whether a single message is to be sent, or looked up. There may be many, of which few are in doubt.
    async fn is_left(&self, single: &CampaignRecord) -> Outcome<bool> {
        let is_in_doubt = single.counts.of(State::Unconfirmed) > 0;
        Ok(has_open(single) || is_in_doubt && !self.store.is_looked_up(single).await?)
    }

    /// A campaign by name.
    pub(super) async fn named(&self, name: &str) -> Outcome<CampaignRecord> {
        const NAMED_MAX: usize = 10;
        let found = self.store.campaign(name).await?;
        if let Some(record) = found.filter(|it| it.state > CampaignState::Importing) {
            return Ok(record);
        }
        let all = self.store.campaigns(&CampaignQuery::All).await?;
        let others = all.iter().filter(|it| !is_single(it));
        let others = others
            .take(NAMED_MAX)
            .map(|it| format!("{:?}", it.definition.name));
        Err(Failure::Unknown {
            name: name.to_owned(),
            others: others.collect(),
        })
    }

    /// A campaign by its number.
    pub(super) async fn record(&self, campaign: CampaignId) -> Outcome<CampaignRecord> {
        let query = CampaignQuery::These(vec![campaign]);
        let found = self.store.campaigns(&query).await?.into_iter().next();
        found.ok_or_else(|| Failure::Unknown {
            name: campaign.number().to_string(),
            others: Vec::new(),
        })
    }
}

fn view(record: &CampaignRecord, runner: Option<&RunnerWord>, is_over: bool) -> Value {
    let definition = &record.definition;
    let counts = record.counts.0.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<_> = counts
        .map(|((state, reason), count)| json!([state.name(), reason.map(|it| it.name()), count]))
        .collect();
    json!({
        "id": record.id.number(),
        "name": definition.name,
        "state": record.state.name(),
        "sessions": definition.sessions,
        "created_at": record.created_at.as_microsecond(),
        "rejected": record.rejected,
        "counts": counts,
        "waits": runner.and_then(|runner| waits(runner, record)),
        "is_over": is_over,
    })
}

/// What a campaign waits for, as whoever sends leaves word of it.
fn waits(runner: &RunnerWord, record: &CampaignRecord) -> Option<Value> {
    let word: Value = serde_json::from_str(&runner.word).ok()?;
    let waits = word.get("campaigns")?.get(record.id.number().to_string())?;
    let what = waits
        .get("waits_for")?
        .as_str()
        .filter(|it| *it != "nothing")?;
    let because = ["trouble", "limit", "status"]
        .into_iter()
        .find_map(|it| waits.get(it)?.as_str());
    let until = waits.get("until").and_then(Value::as_str);
    let until = until.and_then(|it| it.parse::<jiff::Timestamp>().ok());
    Some(json!([what, because, until.map(|it| it.as_microsecond())]))
}

#[pymethods]
impl Store {
    /// Where these stand; without numbers, all of them. `live` are those that whoever sends has something to do for.
    #[pyo3(signature = (campaigns = None, *, live = false))]
    fn look(&self, py: Python<'_>, campaigns: Option<Vec<u32>>, live: bool) -> PyResult<Py<PyAny>> {
        let with_singles = campaigns.is_some();
        let query = match campaigns {
            Some(numbers) => {
                let ids = numbers.into_iter().map(campaign_id);
                CampaignQuery::These(ids.collect::<PyResult<_>>()?)
            }
            None if live => CampaignQuery::Live,
            None => CampaignQuery::All,
        };
        let views = |shared: std::sync::Arc<Shared>| async move {
            shared.views(&query, with_singles).await
        };
        values::json(py, &self.done(py, views)?)
    }

    /// The number of the campaign of this name.
    fn find(&self, py: Python<'_>, name: String) -> PyResult<u32> {
        self.done(py, |shared| async move {
            Ok(shared.named(&name).await?.id.number())
        })
    }

    /// How these sessions stand: `working`, `unreachable`, `unauthorized`, `missing`, `foreign`, or WAHA's own word.
    fn sessions(&self, py: Python<'_>, sessions: Vec<String>) -> PyResult<Vec<String>> {
        self.done(py, |shared| async move {
            let (gateway, mut found) = (shared.way.gateway(), Vec::new());
            for name in sessions {
                let session = Session::new(&name);
                found.push(match gateway.observe(&session).await.readiness {
                    Readiness::Working => "working".to_owned(),
                    Readiness::Unreachable => "unreachable".to_owned(),
                    Readiness::Unauthorized => "unauthorized".to_owned(),
                    Readiness::Missing => "missing".to_owned(),
                    Readiness::Foreign => "foreign".to_owned(),
                    Readiness::NotReady(status) => status.into(),
                });
            }
            Ok(found)
        })
    }
}
