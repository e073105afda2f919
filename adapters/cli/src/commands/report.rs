//! `report`: one line for each row of the list, with what became of it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use campaign_core::delivery::State;
use campaign_core::store::{CampaignRecord, ReportPages, ReportQuery, ReportRow};
use serde_json::{Map, Value, json};

use super::campaign_with_people;
use crate::exit::{Exit, Failure};
use crate::inputs::rejects_file;
use crate::language::{Language, Text};
use crate::rejected::{Rejected, RejectedRows};
use crate::setup::Setup;

/// Write what became of each row of the list
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign report \"tagihan mei\"
  waha-campaign report \"tagihan mei\" --only failed,unconfirmed,skipped --out todo.csv
  waha-campaign report \"tagihan mei\" --json | jq .state      (one JSON object a line)")]
pub(crate) struct Args {
    /// The campaign
    #[arg(value_name = "NAME")]
    name: String,
    /// Only these: scheduled, sending, unconfirmed, accepted, sent, delivered, read, played, failed, skipped, cancelled, rejected
    #[arg(long, value_name = "STATES", value_delimiter = ',', value_parser = which)]
    only: Vec<Which>,
    /// Where to write it; "-" is standard output [NAME.report.csv]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The file with the rows that were left out [NAME.rejects.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    State(State),
    Rejected,
}

fn which(name: &str) -> Result<Which, String> {
    let name = name.trim();
    if name == "rejected" {
        return Ok(Which::Rejected);
    }
    State::ALL
        .into_iter()
        .find(|state| state.name() == name)
        .map(Which::State)
        .ok_or_else(|| format!("there is no state {name:?}"))
}

/// Deliveries read at once.
const PAGE: u32 = 5_000;

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let record = campaign_with_people(&*store, &args.name).await?;
    let rejects = args.rejects.unwrap_or_else(|| rejects_file(&args.name));
    let wants_rejected = args.only.is_empty() || args.only.contains(&Which::Rejected);
    let states: Vec<State> = args
        .only
        .iter()
        .filter_map(|which| match which {
            Which::State(state) => Some(*state),
            Which::Rejected => None,
        })
        .collect();
    let wants_deliveries = args.only.is_empty() || !states.is_empty();
    let mut rows = Rows {
        deliveries: wants_deliveries.then(|| {
            let query = ReportQuery {
                states,
                limit: PAGE,
                ..ReportQuery::of(record.id)
            };
            ReportPages::new(&*store, query)
        }),
        rejected: match wants_rejected && record.rejected > 0 {
            true => RejectedRows::open(&rejects, &record.columns)?,
            false => None,
        },
        next_rejected: None,
        language: setup.output.language(),
    };
    let out = args
        .out
        .unwrap_or_else(|| PathBuf::from(format!("{}.report.csv", args.name)));
    let mut target: Box<dyn Target> = if setup.output.is_json() {
        Box::new(JsonLines(BufWriter::new(io::stdout())))
    } else {
        Box::new(Table::create(&out, &record)?)
    };
    let mut written = 0;
    let mut rejected = 0;
    while let Some(lines) = rows.next(&record).await? {
        for line in lines {
            written += 1;
            rejected += u64::from(line.state == REJECTED);
            target
                .write(&line)
                .map_err(|error| cannot_write(&out, &error))?;
        }
    }
    target
        .finish()
        .map_err(|error| cannot_write(&out, &error))?;
    if wants_rejected && rejected != record.rejected {
        setup.output.note(&Text::RejectsMissing {
            file: rejects.display().to_string(),
            rejected: record.rejected,
            found: rejected,
        });
    }
    if out != Path::new("-") {
        setup.output.say(&Text::ReportWritten {
            file: out.display().to_string(),
            rows: written,
        });
    }
    Ok(Exit::Done)
}

const REJECTED: &str = "rejected";

/// One row of the list.
#[derive(Debug)]
struct Line<'a> {
    columns: &'a [Box<str>],
    row: u64,
    values: Vec<Box<str>>,
    state: &'static str,
    reason: String,
    reason_code: String,
    remedy: String,
    time: String,
    is_corrected: bool,
    message: String,
}

/// Deliveries and rejected rows together, in the order of the list.
struct Rows<'a> {
    deliveries: Option<ReportPages<'a>>,
    rejected: Option<RejectedRows>,
    next_rejected: Option<Rejected>,
    language: Language,
}

impl Rows<'_> {
    async fn next<'r>(
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
        time: record.definition.zone.show(row.changed_at),
        is_corrected: row.standing.corrected,
        message: row.message.map(Into::into).unwrap_or_default(),
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
        time: record.definition.zone.show(record.created_at),
        is_corrected: false,
        message: String::new(),
    }
}

/// Where lines go.
trait Target {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()>;
    fn finish(&mut self) -> io::Result<()>;
}

/// A table that spreadsheets open: with a byte order mark, and with nothing in it that they would calculate.
struct Table(csv::Writer<Box<dyn Write>>);

impl Table {
    fn create(path: &Path, record: &CampaignRecord) -> Result<Self, Failure> {
        let mut to: Box<dyn Write> = if path == Path::new("-") {
            Box::new(BufWriter::new(io::stdout()))
        } else {
            let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
            Box::new(BufWriter::new(file))
        };
        let header = |to: &mut csv::Writer<Box<dyn Write>>| -> io::Result<()> {
            to.write_field("row")?;
            for column in record.columns.iter() {
                to.write_field(&*guarded(column))?;
            }
            for own in ["state", "reason", "remedy", "time", "corrected", "message"] {
                to.write_field(own)?;
            }
            Ok(to.write_record(None::<&[u8]>)?)
        };
        to.write_all("\u{feff}".as_bytes())
            .map_err(|error| cannot_write(path, &error))?;
        let mut csv = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(to);
        header(&mut csv).map_err(|error| cannot_write(path, &error))?;
        Ok(Self(csv))
    }
}

impl Target for Table {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.0.write_field(line.row.to_string())?;
        for column in 0..line.columns.len() {
            let value = line.values.get(column).map_or("", |value| value);
            self.0.write_field(&*guarded(value))?;
        }
        let corrected = if line.is_corrected { "yes" } else { "" };
        for own in [
            line.state,
            &line.reason,
            &line.remedy,
            &line.time,
            corrected,
            &line.message,
        ] {
            self.0.write_field(&*guarded(own))?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One object a line.
struct JsonLines<W: Write>(W);

impl<W: Write> Target for JsonLines<W> {
    fn write(&mut self, line: &Line<'_>) -> io::Result<()> {
        let values: Map<String, Value> = line
            .columns
            .iter()
            .zip(&line.values)
            .map(|(column, value)| (column.to_string(), Value::from(&**value)))
            .collect();
        let object = json!({
            "row": line.row,
            "values": values,
            "state": line.state,
            "reason": line.reason_code,
            "why": line.reason,
            "remedy": line.remedy,
            "time": line.time,
            "corrected": line.is_corrected,
            "message": line.message,
        });
        writeln!(self.0, "{object}")
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::other_text(Text::CannotWrite {
        path: path.display().to_string(),
        why: error.to_string(),
    })
}

/// The cell with an apostrophe before what a spreadsheet would calculate; the reader of lists takes it off again.
fn guarded(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_table_is_calculated() {
        for cell in ["=1+1", "+6281", "-5", "@x", "\tx"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        assert_eq!(guarded("Budi"), "Budi");
    }

    #[test]
    fn states_are_named_as_everywhere() {
        assert_eq!(which(" failed"), Ok(Which::State(State::Failed)));
        assert_eq!(which("rejected"), Ok(Which::Rejected));
        assert!(which("lost").is_err());
    }
}
