//! Where campaigns stand, whoever sends.

use std::collections::BTreeSet;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::{CampaignId, State};
use campaign_core::gateway::{Readiness, Session};
use campaign_core::store::{CampaignQuery, CampaignRecord, RunnerWord, SinglesLeft};
use pyo3::prelude::*;
use serde_json::{Value, json};

use super::failure::{Failure, Outcome};
use super::{Shared, Store, campaign_id};
use crate::values;

impl Shared {
    async fn views(&self, query: &CampaignQuery) -> Outcome<Value> {
        // Commands first: what an answered one has changed is in the records that are read after it.
        let asked = self.asked().await?;
        let runner = self.store.runner().await?;
        let mut records = self.store.campaigns(query).await?;
        let mut singles = SinglesLeft::default();
        if *query == CampaignQuery::LiveNamed {
            let there: BTreeSet<_> = records.iter().map(|it| it.id).collect();
            if !asked.campaigns.is_subset(&there) {
                // What is to be started is under way as well.
                let mut more = self.store.campaigns(&CampaignQuery::Named).await?;
                more.retain(|it| asked.campaigns.contains(&it.id) && !there.contains(&it.id));
                records.extend(more);
            }
            singles = self.store.singles_left().await?;
        }
        let mut views = Vec::new();
        // What was never imported to its end is no campaign yet.
        for record in records
            .iter()
            .filter(|it| it.state > CampaignState::Importing)
        {
            let is_over = !asked.campaigns.contains(&record.id) && self.is_over(record).await?;
            views.push(view(record, runner.as_ref(), is_over));
        }
        Ok(json!({
            "runner": runner.map(|it| it.holder),
            "is_asked": asked.is_some,
            "has_singles": singles.is_some,
            "awaits_acks": singles.awaits_acks || records.iter().any(CampaignRecord::awaits_acks),
            "campaigns": views,
        }))
    }

    async fn asked(&self) -> Outcome<Asked> {
        let commands = self.store.open_commands().await?;
        let campaigns = commands.iter().filter_map(|(_, it)| it.campaign());
        Ok(Asked {
            is_some: !commands.is_empty(),
            campaigns: campaigns.collect(),
        })
    }

    /// The sessions of the single messages that are to be started, sent or looked up. Reads all that are live.
    async fn sessions_of_singles(&self) -> Outcome<BTreeSet<Vec<String>>> {
        let asked = self.asked().await?.campaigns;
        let to_start = CampaignQuery::These(asked.iter().copied().collect());
        let mut sessions = BTreeSet::new();
        for query in [to_start, CampaignQuery::Live] {
            for record in self.store.campaigns(&query).await? {
                if record.definition.is_single()
                    && (asked.contains(&record.id) || self.is_left(&record).await?)
                {
                    let names = record.definition.sessions.iter().map(ToString::to_string);
                    sessions.insert(names.collect());
                }
            }
        }
        Ok(sessions)
    }

    /// Nothing of it is left to be sent, and nothing will be looked up without a person asking for it.
    async fn is_over(&self, record: &CampaignRecord) -> Outcome<bool> {
        let has_ended = matches!(
            record.state,
            CampaignState::Completed | CampaignState::Settled | CampaignState::Cancelled
        );
        Ok(has_ended && !record.has_open() && self.store.is_looked_up(record).await?)
    }

    /// Whether a single message is to be sent, or looked up. There may be many, of which few are in doubt.
    async fn is_left(&self, single: &CampaignRecord) -> Outcome<bool> {
        let is_in_doubt = single.counts.of(State::Unconfirmed) > 0;
        Ok(single.has_open() || is_in_doubt && !self.store.is_looked_up(single).await?)
    }

    /// A campaign by name.
    pub(super) async fn named(&self, name: &str) -> Outcome<CampaignRecord> {
        const NAMED_MAX: usize = 10;
        let found = self.store.campaign(name).await?;
        if let Some(record) = found.filter(|it| it.state > CampaignState::Importing) {
            return Ok(record);
        }
        let others = self.store.campaigns(&CampaignQuery::Named).await?;
        let others = others.iter().take(NAMED_MAX);
        let others = others.map(|it| format!("{:?}", it.definition.name));
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

/// What was asked of whoever sends, and is not answered yet.
struct Asked {
    is_some: bool,
    /// Of these campaigns, single messages among them.
    campaigns: BTreeSet<CampaignId>,
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
        let query = match campaigns {
            Some(numbers) => {
                let ids = numbers.into_iter().map(campaign_id);
                CampaignQuery::These(ids.collect::<PyResult<_>>()?)
            }
            None if live => CampaignQuery::LiveNamed,
            None => CampaignQuery::Named,
        };
        let views = |shared: std::sync::Arc<Shared>| async move { shared.views(&query).await };
        values::json(py, &self.done(py, views)?)
    }

    /// The sessions of single messages that are left to be sent or looked up.
    fn sessions_of_singles(&self, py: Python<'_>) -> PyResult<Vec<Vec<String>>> {
        let sessions = self.done(
            py,
            |shared| async move { shared.sessions_of_singles().await },
        )?;
        Ok(sessions.into_iter().collect())
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
