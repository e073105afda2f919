//! The rows of a report: what was delivered and what was left out, in the order of the list, in the memory of one page.

use campaign_core::store::{CampaignRecord, ReportPages, ReportRow};
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::PAGE;
use crate::exit::Failure;
use crate::language::Language;
use crate::rejected::{Rejected, RejectedRows};

pub(super) const REJECTED: &str = "rejected";

/// One row of the list.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) columns: &'a [Box<str>],
    pub(super) row: u64,
    pub(super) values: Vec<Box<str>>,
    pub(super) state: &'static str,
    pub(super) reason: String,
    pub(super) reason_code: String,
    pub(super) remedy: String,
    /// By the clock of the campaign's zone.
    pub(super) time: DateTime,
    pub(super) is_corrected: bool,
    pub(super) message: String,
    /// The number that it was sent from.
    pub(super) account: String,
}

impl Line<'_> {
    /// The values of the list's columns, in their order.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.columns.len()).map(|column| self.values.get(column).map_or("", |value| value))
    }

    /// "yes", or nothing.
    pub(super) fn corrected(&self) -> &'static str {
        if self.is_corrected { "yes" } else { "" }
    }
}

/// Deliveries and rejected rows together, in the order of the list.
pub(super) struct Rows<'a> {
    deliveries: Option<ReportPages<'a>>,
    rejected: Option<RejectedRows>,
    next_rejected: Option<Rejected>,
    language: Language,
}

impl<'a> Rows<'a> {
    /// Either may be left out.
    pub(super) fn new(
        deliveries: Option<ReportPages<'a>>,
        rejected: Option<RejectedRows>,
        language: Language,
    ) -> Self {
        Self {
            deliveries,
            rejected,
            next_rejected: None,
            language,
        }
    }

    /// The next page of lines, never an empty one; `None` after the last.
    ///
    /// # Errors
    /// When the store fails or the file with the rejected rows cannot be read on.
    pub(super) async fn next<'r>(
        &mut self,
        record: &'r CampaignRecord,
    ) -> Result<Option<Vec<Line<'r>>>, Failure> {
        let mut lines = Vec::new();
        let page = match &mut self.deliveries {
            None => None,
            Some(pages) => pages.next().await?,
        };
        let is_last = page.is_none();
        for row in page.unwrap_or_default() {
            while let Some(rejected) = self.rejected_before(row.row)? {
                lines.push(of_rejected(record, rejected));
            }
            lines.push(of_delivery(record, row, self.language));
        }
        if is_last {
            while lines.len() < PAGE as usize
                && let Some(rejected) = self.rejected_before(u64::MAX)?
            {
                lines.push(of_rejected(record, rejected));
            }
        }
        Ok((!lines.is_empty()).then_some(lines))
    }

    fn rejected_before(&mut self, row: u64) -> Result<Option<Rejected>, Failure> {
        if self.next_rejected.is_none()
            && let Some(rows) = &mut self.rejected
        {
            self.next_rejected = rows.next_row()?;
        }
        let is_before = self
            .next_rejected
            .as_ref()
            .is_some_and(|next| next.row < row);
        Ok(is_before.then(|| self.next_rejected.take()).flatten())
    }
}

fn of_delivery(record: &CampaignRecord, row: ReportRow, language: Language) -> Line<'_> {
    let reason = row.standing.reason;
    Line {
        columns: &record.columns,
        row: row.row,
        values: row.values.into_vec(),
        state: row.standing.state.name(),
        reason: reason
            .map(|reason| language.reason(reason).to_owned())
            .unwrap_or_default(),
        reason_code: reason
            .map(|reason| reason.name().to_owned())
            .unwrap_or_default(),
        remedy: reason
            .map(|reason| language.remedy(reason).to_owned())
            .unwrap_or_default(),
        time: local(record, row.changed_at),
        is_corrected: row.standing.corrected,
        message: row.message.map(Into::into).unwrap_or_default(),
        account: row.account.map(|it| it.0.to_string()).unwrap_or_default(),
    }
}

fn of_rejected(record: &CampaignRecord, rejected: Rejected) -> Line<'_> {
    Line {
        columns: &record.columns,
        row: rejected.row,
        values: rejected.values,
        state: REJECTED,
        reason_code: rejected
            .reason
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned(),
        reason: rejected.reason,
        remedy: rejected.remedy,
        time: local(record, record.created_at),
        is_corrected: false,
        message: String::new(),
        account: String::new(),
    }
}

/// To the minute, as everywhere in the report.
fn local(record: &CampaignRecord, moment: Timestamp) -> DateTime {
    let zone = record.definition.zone.time_zone().clone();
    let local = moment.to_zoned(zone).datetime();
    local
        .with()
        .second(0)
        .subsec_nanosecond(0)
        .build()
        .unwrap_or(local)
}
