//! A list into the database, page by page: memory holds one page and the rows that were rejected.

use std::fs::File;
use std::path::Path;

use campaign_core::audience::{
    Audience, AudienceError, Fault, Page, Recipient, Reject, Seen, SeenInMemory,
};
use campaign_core::campaign::{CampaignState, Definition};
use campaign_core::delivery::CampaignId;
use campaign_core::message::{BoundMessage, MediaFault, MediaSource};
use campaign_core::store::{CampaignRecord, Imported, NewRecipient};
use pyo3::prelude::*;

use super::definition::{Given, Inputs};
use super::failure::{Failure, Outcome};
use super::{Shared, Store, rows};
use crate::message::Message;

/// A row that cannot be written to.
#[derive(Debug, IntoPyObject)]
pub(super) struct Rejected {
    pub(super) row: u64,
    pub(super) column: Option<String>,
    pub(super) value: String,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) remedy: String,
}

impl From<&Reject> for Rejected {
    fn from(reject: &Reject) -> Self {
        Self {
            row: reject.row,
            column: reject.column.as_deref().map(str::to_owned),
            value: reject.value.to_string(),
            reason: reject.fault.reason().code(),
            message: format!("{:?} {}", reject.value, reject.fault),
            remedy: reject.fault.remedy().to_owned(),
        }
    }
}

#[pymethods]
impl Store {
    /// Makes a campaign of a list, or finds the one that was made of the same: its number, whether it is new, and whom it leaves out.
    fn create(
        &self,
        py: Python<'_>,
        given: Given,
        message: &Bound<'_, Message>,
    ) -> PyResult<(u32, bool, Vec<Rejected>)> {
        let message = message.get().message().clone();
        let mut inputs = given.read(&message)?;
        self.done(py, |shared| async move {
            let audience = tokio::task::block_in_place(|| opened(&mut inputs))?;
            let bound = message.bind(audience.columns().variables())?;
            let definition = &inputs.definition;
            if let Some(record) = shared.store.campaign(&definition.name).await?
                && !matches!(
                    record.state,
                    CampaignState::Draft | CampaignState::Importing
                )
            {
                let rejected = same(&record, &inputs, audience, &bound)?;
                return Ok((record.id.number(), false, rejected));
            }
            let now = shared.clock.now();
            check_times(definition, now.wall)?;
            let columns = audience.columns().variables().clone();
            let campaign = shared.store.create(definition, &columns, now).await?;
            let mut import = Import::new(&inputs, &bound);
            import.write(&shared, campaign, audience).await?;
            if import.taken == 0 {
                return Err(Failure::NobodyLeft(import.rejected));
            }
            let at = shared.clock.now().stamp(shared.clock.boot());
            shared.store.freeze(campaign, at).await?;
            Ok((campaign.number(), true, import.rejected))
        })
    }
}

/// The list, and its hash where a file is to be named by its own.
fn opened(inputs: &mut Inputs) -> Outcome<Audience> {
    let audience = Audience::open(&inputs.path, &inputs.options);
    let audience = match &inputs.own_columns {
        None => audience?,
        Some(columns) => own(audience, columns)?,
    };
    let source = &mut inputs.definition.source;
    if source.sha256.is_empty() {
        let hash = File::open(&inputs.path).and_then(rows::hash_of);
        source.sha256 = hash.map_err(|source| AudienceError::Unreadable {
            path: inputs.path.clone(),
            source,
        })?;
    }
    Ok(audience)
}

/// A program's own list has no file of which it could be told, and the names of its columns stand in one place alone.
fn own(audience: Result<Audience, AudienceError>, columns: &[String]) -> Outcome<Audience> {
    let is_misread = match &audience {
        Ok(audience) => audience.columns().header_row != rows::ROWS_ABOVE,
        Err(AudienceError::HeaderOnly { header_row, .. }) => *header_row != rows::ROWS_ABOVE,
        Err(_) => false,
    };
    match audience {
        _ if is_misread => Err(Failure::Audience(AudienceError::NoPhoneColumn {
            row: 1,
            headers: columns.to_vec(),
        })),
        Err(AudienceError::HeaderOnly { .. }) => Err(Failure::NobodyLeft(Vec::new())),
        other => Ok(other?),
    }
}

fn check_times(definition: &Definition, now: jiff::Timestamp) -> Outcome<()> {
    let times = [
        ("starts_at", definition.starts_at),
        ("expires_at", definition.expires_at),
    ];
    for (name, moment) in times {
        if moment.is_some_and(|moment| moment < now) {
            return Err(Failure::Argument(format!("{name} is in the past")));
        }
    }
    Ok(())
}

/// Whom a campaign that is there already leaves out, if it is the same one.
fn same(
    record: &CampaignRecord,
    inputs: &Inputs,
    audience: Audience,
    message: &BoundMessage,
) -> Outcome<Vec<Rejected>> {
    let differences = record.definition.differences(&inputs.definition);
    if !differences.is_empty() {
        let name = record.definition.name.clone();
        return Err(Failure::Taken { name, differences });
    }
    let mut import = Import::new(inputs, message);
    tokio::task::block_in_place(|| import.read(audience))?;
    Ok(import.rejected)
}

struct Import<'a> {
    message: &'a BoundMessage,
    /// Rows that stand above the first of the list, and are none of the program's.
    rows_above: u64,
    taken: u64,
    rejected: Vec<Rejected>,
    /// A campaign has one image more often than one for each.
    last_file: Option<(MediaSource, Result<(), String>)>,
}

impl<'a> Import<'a> {
    fn new(inputs: &Inputs, message: &'a BoundMessage) -> Self {
        Self {
            message,
            rows_above: match inputs.own_columns {
                Some(_) => rows::ROWS_ABOVE,
                None => 0,
            },
            taken: 0,
            rejected: Vec::new(),
            last_file: None,
        }
    }

    async fn write(
        &mut self,
        shared: &Shared,
        campaign: CampaignId,
        mut audience: Audience,
    ) -> Outcome<()> {
        // Reading a file keeps the thread for as long as a page takes.
        while let Some(page) = tokio::task::block_in_place(|| audience.next()) {
            let mut page = page?;
            let (before, good) = self.begin(&mut page);
            let new = good.iter().map(|it| NewRecipient {
                key: it.key.clone(),
                ..NewRecipient::new(it.row, it.phone, it.values.iter().cloned())
            });
            let imported = shared.store.import(campaign, new.collect(), 0).await?;
            let first_rows = imported.iter().map(|it| match it {
                Imported::Added(_) => None,
                Imported::Duplicate { first_row } => Some(*first_row),
            });
            self.finish(&mut page, before, &good, &first_rows.collect::<Vec<_>>());
            let rejected = (self.rejected.len() - before) as u64;
            shared.store.import(campaign, Vec::new(), rejected).await?;
        }
        Ok(())
    }

    /// The same, without a database: who came before is remembered here.
    fn read(&mut self, audience: Audience) -> Outcome<()> {
        let mut seen = SeenInMemory::default();
        for page in audience {
            let mut page = page?;
            let (before, good) = self.begin(&mut page);
            let first_rows = good.iter().map(|it| seen.first_row(it.identity(), it.row));
            let first_rows: Vec<_> = first_rows.collect();
            self.finish(&mut page, before, &good, &first_rows);
        }
        Ok(())
    }

    /// Leaves out whose message cannot be made; how many were rejected before, and who is left.
    fn begin(&mut self, page: &mut Page) -> (usize, Vec<Recipient>) {
        let before = self.rejected.len();
        let mut good = Vec::with_capacity(page.recipients.len());
        for mut recipient in std::mem::take(&mut page.recipients) {
            recipient.row -= self.rows_above;
            match self.check(&recipient) {
                Ok(()) => good.push(recipient),
                Err(rejected) => self.rejected.push(rejected),
            }
        }
        (before, good)
    }

    /// Counts who came in, and keeps who did not, in the order of the page.
    fn finish(
        &mut self,
        page: &mut Page,
        before: usize,
        good: &[Recipient],
        first_rows: &[Option<u64>],
    ) {
        for reject in &mut page.rejects {
            reject.row -= self.rows_above;
            if let Fault::Duplicate { first_row } = &mut reject.fault {
                *first_row -= self.rows_above;
            }
            self.rejected.push((&*reject).into());
        }
        for (recipient, first_row) in good.iter().zip(first_rows) {
            match first_row {
                None => self.taken += 1,
                Some(first_row) => self.rejected.push(twice(recipient, *first_row)),
            }
        }
        if let Some(of_page) = self.rejected.get_mut(before..) {
            of_page.sort_by_key(|it| it.row);
        }
    }

    fn check(&mut self, recipient: &Recipient) -> Result<(), Rejected> {
        let rejected = |reason, message: String, remedy: &str| Rejected {
            row: recipient.row,
            column: None,
            value: String::new(),
            reason,
            message,
            remedy: remedy.to_owned(),
        };
        let rendered = self.message.render(&recipient.values).map_err(|error| {
            let (reason, remedy) = match error.is_missing() {
                true => (
                    "missing_value",
                    "fill it in, or give the variable a default",
                ),
                false => ("bad_value", "mend the value, or the filter that shows it"),
            };
            Rejected {
                column: error.variable().map(str::to_owned),
                ..rejected(reason, error.to_string(), remedy)
            }
        })?;
        let Some(media) = rendered.media else {
            return Ok(());
        };
        if self
            .last_file
            .as_ref()
            .is_none_or(|(last, _)| *last != media)
        {
            let checked = check_file(&media);
            self.last_file = Some((media, checked));
        }
        match &self.last_file {
            Some((media, Err(why))) => Err(Rejected {
                value: media.to_string(),
                ..rejected(
                    "bad_file",
                    why.clone(),
                    "put the file there, or mend its name",
                )
            }),
            _ => Ok(()),
        }
    }
}

fn twice(recipient: &Recipient, first_row: u64) -> Rejected {
    let fault = Fault::Duplicate { first_row };
    Rejected {
        row: recipient.row,
        column: None,
        value: recipient.phone.to_string(),
        reason: fault.reason().code(),
        message: format!("{} {fault}", recipient.phone),
        remedy: fault.remedy().to_owned(),
    }
}

/// Whether a file of this machine can be sent.
fn check_file(media: &MediaSource) -> Result<(), String> {
    let MediaSource::Path(path) = media else {
        return Ok(());
    };
    if !path.is_absolute() {
        return Err(format!(
            "{} begins nowhere: give the whole path",
            path.display()
        ));
    }
    file_fault(path).map_err(|fault| crate::errors::plain(&fault.to_string()))
}

fn file_fault(path: &Path) -> Result<(), MediaFault> {
    let unreadable = |error: std::io::Error| MediaFault::Unreadable {
        why: error.to_string(),
    };
    let about = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => MediaFault::Missing {
            path: path.to_owned(),
        },
        _ => unreadable(error),
    })?;
    if !about.is_file() {
        return Err(MediaFault::NotAFile {
            path: path.to_owned(),
        });
    }
    MediaFault::check_size(about.len())?;
    File::open(path).map(drop).map_err(unreadable)
}
