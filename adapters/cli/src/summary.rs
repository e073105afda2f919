//! What a campaign has come to, and what to do next.

use std::collections::BTreeMap;

use campaign_core::campaign::{CampaignState, Share};
use campaign_core::delivery::{Reason, State};
use campaign_core::store::CampaignRecord;

use crate::commands::shown_name;
use crate::language::Text;
use crate::output::Output;
use crate::runner::{Ended, How};
use crate::view::{View, Waiting};

/// Says how a run ended, for each campaign it was about.
pub(crate) fn show(output: &Output, ended: &Ended) {
    for view in &ended.views {
        output.say(&Text::Empty);
        show_one(output, view);
        let name = shown_name(&view.record.definition.name).to_owned();
        let is_over = matches!(
            view.record.state,
            CampaignState::Completed | CampaignState::Settled | CampaignState::Cancelled
        );
        match ended.how {
            How::Finished => {}
            How::Waiting => output.say(&Text::WaitingEnds { name }),
            How::Stopped if is_over => {}
            How::Stopped => output.say(&Text::Stopped { name }),
            How::Aborted => output.say(&Text::Aborted { name }),
            How::Left => output.say(&Text::StillRuns),
        }
        let remedy = view.waiting.as_ref().and_then(Waiting::remedy);
        if let Some(remedy) = remedy.filter(|_| ended.how == How::Waiting) {
            output.say(&Text::NextSession {
                command: remedy.to_owned(),
            });
        }
        if !view.record.definition.is_single() {
            next_commands(output, &view.record, ended.how);
        }
    }
    if ended.views.is_empty() {
        output.say(&Text::NothingUnderWay);
    }
    let views: Vec<_> = ended.views.iter().map(View::to_json).collect();
    output.json(&serde_json::json!({
        "ended": match ended.how {
            How::Finished => "finished",
            How::Waiting => "waiting",
            How::Stopped => "stopped",
            How::Aborted => "aborted",
            How::Left => "left",
        },
        "exit_code": ended.exit() as u8,
        "campaigns": views,
    }));
}

/// One campaign: where its rows stand.
pub(crate) fn show_one(output: &Output, view: &View) {
    let record = &view.record;
    output.say(&Text::SumName {
        name: shown_name(&record.definition.name).to_owned(),
        state: record.state,
    });
    output.say(&Text::SumRows {
        rows: record.rejected + record.counts.total(),
        rejected: record.rejected,
        deliveries: record.counts.total(),
    });
    let mut states: BTreeMap<State, (u64, Vec<(Reason, u64)>)> = BTreeMap::new();
    for ((state, reason), count) in record.counts.0.iter().filter(|(_, count)| **count > 0) {
        let (total, reasons) = states.entry(*state).or_default();
        *total += count;
        reasons.extend(reason.map(|reason| (reason, *count)));
    }
    for (state, (count, reasons)) in states {
        output.say(&Text::SumState {
            state,
            count,
            reasons,
        });
    }
    if let Some(waits) = view.waits() {
        output.say(&Text::SumWaits { waits });
    }
    let share = record.definition.share();
    if share != Share::default() {
        output.say(&Text::SumShare { share });
    }
    if let Some(moment) = record.pruned_at {
        let when = record.definition.zone.show(moment);
        output.say(&Text::SumPruned { when });
    }
}

fn next_commands(output: &Output, record: &CampaignRecord, how: How) {
    let name = quoted(&record.definition.name);
    let command = |what: &str| format!("waha-campaign {what} {name}");
    if record.counts.of(State::Unconfirmed) > 0 && how == How::Finished {
        output.say(&Text::NextUnconfirmed {
            command: command("unconfirmed list"),
        });
    }
    let can_retry = record.counts.0.iter().any(|((state, reason), count)| {
        *state == State::Failed && *reason != Some(Reason::GivenUp) && *count > 0
    });
    if can_retry && how == How::Finished {
        output.say(&Text::NextRetry {
            command: command("retry"),
        });
    }
    if matches!(how, How::Waiting | How::Stopped | How::Aborted)
        && !matches!(
            record.state,
            CampaignState::Settled | CampaignState::Cancelled
        )
    {
        output.say(&Text::NextResume {
            command: command("resume"),
        });
    }
    if how != How::Left {
        output.say(&Text::NextReport {
            command: command("report"),
        });
    }
}

/// A name as it is typed in a shell.
pub(crate) fn quoted(name: &str) -> String {
    let is_plain = name
        .chars()
        .all(|c| c.is_alphanumeric() || "-_.".contains(c));
    if is_plain && !name.starts_with('-') {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}
