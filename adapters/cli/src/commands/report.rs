//! `report`: one line for each row of the list, with what became of it.

mod lines;
mod text;
mod workbook;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use campaign_core::campaign::CampaignState;
use campaign_core::delivery::State;
use campaign_core::store::{CampaignRecord, ReportPages, ReportQuery, Store};
use serde_json::json;

use self::lines::{Line, REJECTED, Rows};
use self::text::{Csv, Json};
use self::workbook::Sheets;
use super::campaign_with_people;
use super::unconfirmed::{Looked, look_up};
use super::watch::would_send;
use crate::exit::{Exit, Failure};
use crate::inputs::rejects_file;
use crate::language::Text;
use crate::rejected::RejectedRows;
use crate::runner::How;
use crate::setup::{Setup, check_sessions};

/// Write what became of each row of the list
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign report \"tagihan mei\"
  waha-campaign report \"tagihan mei\" --out tagihan.xlsx
  waha-campaign report \"tagihan mei\" --only failed,unconfirmed,skipped --refresh --out todo.xlsx
  waha-campaign report \"tagihan mei\" --json | jq .state      (one JSON object a line)

A file of failed rows can be sent to again as it is: its own columns (row, state, reason, remedy, time, ...) are left out.
  waha-campaign report \"tagihan mei\" --only failed --out gagal.xlsx
  waha-campaign start gagal.xlsx --name \"tagihan mei, lagi\" --template \"...\"")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// Only these: scheduled, sending, unconfirmed, accepted, sent, delivered, read, played, failed, skipped, cancelled, rejected
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    only: Vec<String>,
    /// csv, xlsx, json (an array), or jsonl (an object a line) [the ending of --out, or csv]
    #[arg(long, value_name = "FORMAT", ignore_case = true)]
    format: Option<Format>,
    /// Where to write it; "-" is standard output [NAME.report.csv]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// First look up what is unconfirmed, and, until the campaign is settled, what is accepted without an acknowledgement
    #[arg(long)]
    refresh: bool,
    /// The file with the rows that were left out [NAME.rejects.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// Deliveries read at once.
const PAGE: u32 = 5_000;

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let only = Only::read(&args.only)?;
    let is_json = setup.output.is_json();
    let place = Place::of(args.out.as_deref(), args.format, &args.name, is_json)?;
    let store = setup.existing_store().await?;
    let mut record = campaign_with_people(&*store, &args.name).await?;
    let mut exit = Exit::Done;
    if args.refresh {
        exit = refresh(setup, &store, &record).await?;
        record = campaign_with_people(&*store, &args.name).await?;
    }
    let rejects = args.rejects.unwrap_or_else(|| rejects_file(&args.name));
    let written = write(setup, &*store, &record, &place, &only, &rejects).await?;
    if only.wants_rejected() && written.rejected != record.rejected {
        setup.output.note(&Text::RejectsMissing {
            file: rejects.display().to_string(),
            rejected: record.rejected,
            found: written.rejected,
        });
    }
    if !place.is_stdout() {
        let file = place.path.display().to_string();
        let Written { rows, rejected } = written;
        setup
            .output
            .json(&json!({"file": file, "rows": rows, "rejected": rejected}));
        setup.output.say(&Text::ReportWritten { file, rows });
    }
    Ok(exit)
}

/// How many lines a report has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) rows: u64,
    /// Of them, rows that were left out of the campaign.
    pub(super) rejected: u64,
}

/// Writes a campaign's report.
///
/// # Errors
/// When the store fails, or a file cannot be read or written.
pub(super) async fn write(
    setup: &Setup,
    store: &dyn Store,
    record: &CampaignRecord,
    place: &Place,
    only: &Only,
    rejects: &Path,
) -> Result<Written, Failure> {
    let deliveries = only.wants_deliveries().then(|| {
        let query = ReportQuery {
            states: only.states.clone(),
            limit: PAGE,
            ..ReportQuery::of(record.id)
        };
        ReportPages::new(store, query)
    });
    let rejected = match only.wants_rejected() && record.rejected > 0 {
        true => RejectedRows::open(rejects, &record.columns)?,
        false => None,
    };
    let mut rows = Rows::new(deliveries, rejected, setup.output.language());
    let mut target = place
        .target(record)
        .map_err(|error| cannot_write(&place.path, &error))?;
    let mut written = Written::default();
    while let Some(lines) = rows.next(record).await? {
        for line in lines {
            written.rows += 1;
            written.rejected += u64::from(line.state == REJECTED);
            target
                .write(&line)
                .map_err(|error| cannot_write(&place.path, &error))?;
        }
    }
    target
        .finish()
        .map_err(|error| cannot_write(&place.path, &error))?;
    Ok(written)
}

/// Looks up what is open, where nothing but looking would come of it.
async fn refresh(
    setup: &Setup,
    store: &Arc<dyn Store>,
    record: &CampaignRecord,
) -> Result<Exit, Failure> {
    if record.state == CampaignState::Settled {
        // Nothing is unconfirmed, and nobody waits for acknowledgements any more.
        return Ok(Exit::Done);
    }
    if store.runner().await?.is_none() && would_send(&**store).await? {
        setup.output.note(&Text::RefreshWouldSend);
        return Ok(Exit::Unfinished);
    }
    let gateway = setup.gateway(setup.clock()).await?;
    let sessions = &record.definition.sessions;
    check_sessions(&gateway, sessions, &setup.settings.url.value).await?;
    Ok(match look_up(setup, store, record).await? {
        Looked::Elsewhere(_) => {
            setup.output.note(&Text::RefreshElsewhere);
            Exit::Done
        }
        Looked::Here(ended) if ended.how == How::Finished => Exit::Done,
        Looked::Here(_) => Exit::Unfinished,
    })
}

/// Which rows are wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Only {
    states: Vec<State>,
    rejected: bool,
}

impl Only {
    fn read(given: &[String]) -> Result<Self, Failure> {
        let mut only = Self::default();
        for name in given.iter().map(|name| name.trim()) {
            let state = State::ALL.into_iter().find(|state| state.name() == name);
            match state {
                Some(state) => only.states.push(state),
                None if name == REJECTED => only.rejected = true,
                None => {
                    let known = State::ALL.into_iter().map(State::name).chain([REJECTED]);
                    let text = Text::NoSuchState {
                        given: name.to_owned(),
                        known: known.collect(),
                    };
                    return Err(Failure::new(Exit::Usage, text));
                }
            }
        }
        Ok(only)
    }

    fn wants_all(&self) -> bool {
        self.states.is_empty() && !self.rejected
    }

    fn wants_deliveries(&self) -> bool {
        self.wants_all() || !self.states.is_empty()
    }

    fn wants_rejected(&self) -> bool {
        self.wants_all() || self.rejected
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// A table as text
    Csv,
    /// An Excel workbook
    Xlsx,
    /// One JSON array
    Json,
    /// One JSON object a line
    Jsonl,
}

impl Format {
    const ALL: [Self; 4] = [Self::Csv, Self::Xlsx, Self::Json, Self::Jsonl];

    fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
        }
    }
}

/// Where a report goes, and how it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: PathBuf,
    format: Format,
}

impl Place {
    /// As told, or by the ending of the file, or `NAME.report.csv`.
    ///
    /// # Errors
    /// When a format is not known, or cannot go there.
    pub(super) fn of(
        out: Option<&Path>,
        format: Option<Format>,
        name: &str,
        is_json: bool,
    ) -> Result<Self, Failure> {
        if is_json && format.is_none() && out.is_none_or(is_stdout) {
            return Ok(Self {
                path: PathBuf::from("-"),
                format: Format::Jsonl,
            });
        }
        let format = match (format, out) {
            (Some(format), _) => format,
            (None, Some(out)) => format_of(out)?,
            (None, None) => Format::Csv,
        };
        let path = match out {
            Some(out) => out.to_owned(),
            None => PathBuf::from(format!("{name}.report.{}", format.name())),
        };
        if format == Format::Xlsx && is_stdout(&path) {
            return Err(Failure::new(Exit::Usage, Text::WorkbookNeedsFile));
        }
        Ok(Self { path, format })
    }

    pub(super) fn is_stdout(&self) -> bool {
        is_stdout(&self.path)
    }

    fn target(&self, record: &CampaignRecord) -> io::Result<Box<dyn Target>> {
        Ok(match self.format {
            Format::Csv => Box::new(Csv::new(text::open(&self.path)?, &record.columns)?),
            Format::Xlsx => Box::new(Sheets::new(&self.path, &record.columns)?),
            Format::Json => Box::new(Json::array(text::open(&self.path)?)),
            Format::Jsonl => Box::new(Json::lines(text::open(&self.path)?)),
        })
    }
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// By the ending of the file's name; a table when it has none.
fn format_of(path: &Path) -> Result<Format, Failure> {
    let Some(ending) = path.extension().map(|ending| ending.to_string_lossy()) else {
        return Ok(Format::Csv);
    };
    let ending = ending.to_ascii_lowercase();
    Format::ALL
        .into_iter()
        .find(|format| format.name() == ending)
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                Text::NoSuchFormat {
                    file: path.display().to_string(),
                    known: Format::ALL.map(Format::name).to_vec(),
                },
            )
        })
}

/// Where lines go.
trait Target {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::other_text(Text::CannotWrite {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn states_are_named_as_everywhere() {
        let read = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            Only::read(&names).map_err(|failure| failure.exit)
        };
        let only = read(&[" failed", "rejected"]).unwrap();
        assert_eq!((only.states, only.rejected), (vec![State::Failed], true));
        let all = read(&[]).unwrap();
        assert!(all.wants_deliveries() && all.wants_rejected());
        assert!(!read(&["rejected"]).unwrap().wants_deliveries());
        assert_eq!(read(&["lost"]), Err(Exit::Usage));
    }

    #[test]
    fn the_ending_of_the_file_names_the_format() {
        let format = |name: &str| format_of(Path::new(name)).map_err(|failure| failure.exit);
        assert_eq!(format("a.XLSX"), Ok(Format::Xlsx));
        assert_eq!(format("a.b.jsonl"), Ok(Format::Jsonl));
        assert_eq!(format("laporan"), Ok(Format::Csv));
        assert_eq!(format("a.ods"), Err(Exit::Usage));
    }
}
