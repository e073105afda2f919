//! A campaign as it stands, with what it waits for and how fast it goes: read from the store, whoever the runner is.

use std::time::Duration;

use campaign_core::campaign::CampaignState;
use campaign_core::clock::Now;
use campaign_core::delivery::{CampaignId, State};
use campaign_core::driver::Status;
use campaign_core::limits::Scope;
use campaign_core::progress::Progress;
use campaign_core::store::{CampaignRecord, Counts};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::commands::shown_name;
use crate::language::{Text, WaitText};

/// What a campaign waits for, as a runner leaves word of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) waits_for: String,
    #[serde(default)]
    pub(crate) limit: Option<String>,
    /// Whose limit, where it is none of the account.
    #[serde(default)]
    pub(crate) scope: Option<Scope>,
    #[serde(default)]
    pub(crate) trouble: Option<String>,
    #[serde(default)]
    pub(crate) status: Option<String>,
    #[serde(default)]
    pub(crate) until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) since: Option<Timestamp>,
}

impl Waiting {
    /// From a runner's word, for one campaign.
    pub(crate) fn read(word: &str, campaign: CampaignId) -> Option<Self> {
        let word: Value = serde_json::from_str(word).ok()?;
        Self::from_json(word.get("campaigns")?.get(campaign.number().to_string())?)
    }

    /// From the runner in this process.
    pub(crate) fn of(status: &Status, campaign: CampaignId) -> Option<Self> {
        let status = status.campaigns.get(&campaign.number())?;
        Self::from_json(&serde_json::to_value(status).ok()?)
    }

    fn from_json(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// In words; `None` when it waits for nothing worth telling.
    pub(crate) fn text(&self, record: &CampaignRecord) -> Option<WaitText> {
        let zone = &record.definition.zone;
        let until = self.until.map(|moment| zone.show(moment));
        Some(match self.waits_for.as_str() {
            "hours" => WaitText::Hours { until },
            "limit" => match self.limit.as_deref() {
                Some("daily_cap") => WaitText::DailyCap { until },
                Some("window") => WaitText::Window { until },
                Some("warm_up") => WaitText::WarmUp { until },
                Some("rest") => WaitText::Rest { until },
                _ => return None,
            },
            "shared_limit" => WaitText::Shared {
                scope: self.scope.clone()?,
                until,
            },
            "lane" => WaitText::Trouble {
                trouble: self.trouble.clone().unwrap_or_default(),
                since: self.since.map(|moment| zone.show(moment)),
                until,
            },
            "session" => WaitText::Session {
                // One that works is looked at before it sends.
                status: self.status.clone().filter(|status| status != "WORKING"),
            },
            "operator" => WaitText::Operator,
            "hidden_opt_out" => WaitText::HiddenOptOut,
            _ => return None,
        })
    }

    /// Whether its session or its server is away.
    pub(crate) fn is_trouble(&self) -> bool {
        matches!(self.waits_for.as_str(), "lane" | "session")
    }

    /// The command that says what to do about it, where waiting alone may not help.
    pub(crate) fn remedy(&self) -> Option<&'static str> {
        match (self.waits_for.as_str(), self.trouble.as_deref()) {
            ("lane", Some("session_not_ready" | "other_account")) | ("session", _) => {
                Some("waha-campaign session list")
            }
            ("hidden_opt_out", _) => Some("waha-campaign suppress hidden"),
            (
                "lane",
                Some("unreachable" | "unauthorized" | "repeated_failures" | "suspected_dead"),
            ) => Some("waha-campaign doctor"),
            _ => None,
        }
    }

    /// Whether it is a wait that `--no-wait` does not sit out, and until when.
    pub(crate) fn is_long(&self, now: Now) -> bool {
        const PATIENCE: SignedDuration = SignedDuration::from_secs(60);
        match self.waits_for.as_str() {
            "hours" | "operator" | "hidden_opt_out" => true,
            "limit" | "shared_limit" | "lane" => self
                .until
                .is_some_and(|until| until.duration_since(now.wall) > PATIENCE),
            _ => false,
        }
    }
}

/// A campaign as it stands at one moment.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) record: CampaignRecord,
    pub(crate) waiting: Option<Waiting>,
    pub(crate) now: Now,
}

impl View {
    pub(crate) fn counts(&self) -> &Counts {
        &self.record.counts
    }

    /// Deliveries that have left the queue.
    pub(crate) fn done(&self) -> u64 {
        let counts = self.counts();
        counts.total() - counts.of(State::Scheduled) - counts.of(State::Sending)
    }

    /// Deliveries that WAHA took.
    pub(crate) fn handed_over(&self) -> u64 {
        State::ALL
            .into_iter()
            .filter(|state| state.is_handed_over())
            .map(|state| self.counts().of(state))
            .sum()
    }

    pub(crate) fn waits(&self) -> Option<WaitText> {
        match self.record.state {
            CampaignState::Scheduled | CampaignState::Running | CampaignState::Completed => {
                self.waiting.as_ref()?.text(&self.record)
            }
            CampaignState::Paused => Some(WaitText::Operator),
            _ => None,
        }
    }

    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut states = serde_json::Map::new();
        for state in State::ALL {
            states.insert(state.name().to_owned(), self.counts().of(state).into());
        }
        let reasons: Vec<Value> = self
            .counts()
            .0
            .iter()
            .filter(|(_, count)| **count > 0)
            .filter_map(|((state, reason), count)| {
                let reason = (*reason)?;
                Some(json!({"state": state.name(), "reason": reason.name(), "count": count}))
            })
            .collect();
        let waiting = self.waiting.as_ref().filter(|_| self.waits().is_some());
        let until = waiting.and_then(|waiting| waiting.until);
        json!({
            "name": self.record.definition.name,
            "state": self.record.state.name(),
            "session": self.record.definition.sessions.to_string(),
            "sessions": self.record.definition.sessions,
            "priority": self.record.definition.priority,
            "weight": self.record.definition.weight,
            "created_at": self.record.created_at,
            "rows": self.record.rejected + self.counts().total(),
            "rejected": self.record.rejected,
            "deliveries": self.counts().total(),
            "states": states,
            "reasons": reasons,
            "waits_for": waiting.map(|waiting| waiting.waits_for.as_str()),
            "waits_because": waiting.and_then(|waiting| waiting.trouble.as_deref()
                .or(waiting.limit.as_deref()).or(waiting.status.as_deref())),
            "waits_since": waiting.and_then(|waiting| waiting.since),
            "waits_until": until,
            "pruned_at": self.record.pruned_at,
        })
    }
}

/// How fast a campaign goes, from what has been seen of it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: Progress,
}

impl Pace {
    /// Deliveries per minute of sending, and how long the rest will take at that, with what it waits first; `None` until enough is known.
    pub(crate) fn of(&mut self, view: &View) -> Option<(f64, Duration)> {
        let is_running = view.record.state == CampaignState::Running;
        let is_sending = is_running && view.waits().is_none();
        self.seen.look(view.now.elapsed, view.done(), is_sending);
        let until = view.waiting.as_ref().and_then(|waiting| waiting.until);
        let wait = until
            .filter(|_| !is_sending)
            .and_then(|until| Duration::try_from(until.duration_since(view.now.wall)).ok());
        let more = view.counts().total() - view.done();
        let left = self.seen.left(more, wait, None)?;
        Some((self.seen.per_minute()?, left.total()))
    }
}

/// A text that shows where a campaign stands.
pub(crate) fn progress(view: &View, pace: Option<(f64, Duration)>) -> Text {
    let counts = view.counts();
    Text::Progress {
        name: shown_name(&view.record.definition.name).to_owned(),
        state: view.record.state,
        done: view.done(),
        total: counts.total(),
        handed_over: view.handed_over(),
        delivered: counts.of(State::Delivered) + counts.of(State::Read) + counts.of(State::Played),
        failed: counts.of(State::Failed),
        unconfirmed: counts.of(State::Unconfirmed),
        skipped: counts.of(State::Skipped),
        per_minute: pace.map(|(rate, _)| rate),
        left: pace.map(|(_, left)| left),
        waits: view.waits(),
    }
}
