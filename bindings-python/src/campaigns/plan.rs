//! What a campaign will do, before it does: the engine's own forecast, and its first messages.

use std::collections::BTreeMap;
use std::time::Duration;

use campaign_core::consent::Barred;
use campaign_core::delivery::State;
use campaign_core::forecast::{Outlook, forecast};
use campaign_core::limits::{LaneLimits, Scope};
use campaign_core::store::{CampaignRecord, Inquiry, ReportPages, ReportQuery};
use pyo3::prelude::*;
use serde_json::{Value, json};

use super::failure::Outcome;
use super::limits::{Given, Wishes};
use super::{Shared, Store, campaign_id};
use crate::values;

/// Messages that are shown.
const PREVIEWS: usize = 3;
/// What a WAHA that is not overloaded takes to answer a send.
const ANSWER_TIME: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

#[pymethods]
impl Store {
    /// What a campaign will do under these limits.
    fn plan(&self, py: Python<'_>, campaign: u32, limits: Given) -> PyResult<Py<PyAny>> {
        let (campaign, wishes) = (campaign_id(campaign)?, limits.read()?);
        let planned = |shared: std::sync::Arc<Shared>| async move {
            let record = shared.record(campaign).await?;
            shared.planned(&record, &wishes).await
        };
        values::json(py, &self.done(py, planned)?)
    }
}

/// Who is still to be sent to.
#[derive(Default)]
struct People {
    to_send: u64,
    /// Who would be skipped by what is known of them, and why.
    skipped: BTreeMap<&'static str, u64>,
    previews: Vec<Value>,
}

impl Shared {
    async fn planned(&self, record: &CampaignRecord, wishes: &Wishes) -> Outcome<Value> {
        let people = self.people(record).await?;
        let mut shared = self.store.shared_limits().await?;
        let server = self.way.server();
        shared.retain(|it| match &it.scope {
            Scope::Installation => true,
            Scope::Server(name) => server.as_deref() == Some(&**name),
            Scope::Tenant(_) => false,
            Scope::Campaign(of) => *of == record.id,
        });
        let limits = wishes.over(LaneLimits::default());
        let outlook = Outlook {
            definition: &record.definition,
            recipients: u32::try_from(people.to_send).unwrap_or(u32::MAX),
            limits: &limits,
            shared: &shared,
            sent_today: None,
            answer_time: ANSWER_TIME,
            now: self.clock.now(),
            seed: 1,
        };
        let seen = tokio::task::block_in_place(|| forecast(&outlook));
        let per_day = seen
            .per_day
            .iter()
            .map(|(day, sends)| (day.to_string(), *sends));
        Ok(json!({
            "to_send": people.to_send,
            "skipped": people.skipped,
            "rejected": record.rejected,
            "begins_at": seen.begins_at.map(|it| it.as_microsecond()),
            "ends_at": seen.ends_at.map(|it| it.as_microsecond()),
            "too_late": seen.expired,
            "per_day": per_day.collect::<BTreeMap<_, _>>(),
            "bottleneck": seen.bottleneck,
            "previews": people.previews,
        }))
    }

    async fn people(&self, record: &CampaignRecord) -> Outcome<People> {
        let mut people = People::default();
        let message = record.definition.message.bind(&record.columns)?;
        let query = ReportQuery {
            states: vec![State::Scheduled],
            ..ReportQuery::of(record.id)
        };
        let mut pages = ReportPages::new(&*self.store, query);
        while let Some(page) = pages.next().await? {
            let mut inquiries = Vec::with_capacity(page.len());
            for row in page {
                let Ok(rendered) = message.render(&row.values) else {
                    continue;
                };
                people.to_send += 1;
                if people.previews.len() < PREVIEWS {
                    let phone = row.phone.to_string();
                    people
                        .previews
                        .push(json!([row.row, phone, rendered.preview()]));
                }
                inquiries.push(Inquiry {
                    phone: row.phone,
                    slot: record.definition.slot(),
                    terms: record.definition.terms(),
                    text_hash: rendered.text_hash(),
                });
            }
            let now = self.clock.now().wall;
            let barred = self.store.may_not(&inquiries, now).await?;
            for why in barred.into_iter().flatten().filter_map(reason) {
                *people.skipped.entry(why).or_default() += 1;
                people.to_send -= 1;
            }
        }
        Ok(people)
    }
}

/// Why somebody would be skipped; nothing for who would wait.
fn reason(barred: Barred) -> Option<&'static str> {
    match barred {
        Barred::Suppressed => Some("suppressed"),
        Barred::NoConsent => Some("no_consent"),
        Barred::Repeated => Some("repeated"),
        Barred::Capped { may_wait, .. } => (!may_wait).then_some("frequency_capped"),
        Barred::MayBeHidden => None,
    }
}
