//! `plan`: who gets what, who is left out and why, and how long it will take. Nothing is sent and nothing is saved.

use std::collections::BTreeMap;
use std::time::Duration;

use campaign_core::audience::{
    Reject, RejectReason, Seen, SeenInMemory, Source, resolve_duplicates,
};
use campaign_core::campaign::Share;
use campaign_core::forecast::{Alternative, Bottleneck, Forecast, Outlook, alternative, forecast};
use campaign_core::limits::{LaneLimits, Scope, SharedRecord};
use campaign_core::phone::PhoneNumber;
use campaign_core::store::Store;
use serde_json::{Value, json};

use super::notes;
use crate::exit::{Exit, Failure};
use crate::inputs::{InputArgs, Inputs};
use crate::language::{Slowest, Text};
use crate::left_out::LeftOut;
use crate::limits::shown;
use crate::progress::Counter;
use crate::rows::{Check, Checked, Faults, Rejects};
use crate::setup::Setup;

/// Show who would get what, who is left out and why, and how long it would take
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign plan pelanggan.xlsx --template \"Halo {{nama}}, tagihan {{total | rupiah}}\" \\
      --hours \"Mon-Sat 08:00-20:00\" --gap 3s..6s --per-day 500")]
pub(crate) struct Args {
    #[command(flatten)]
    inputs: InputArgs,
}

/// Messages and left-out rows that are shown one by one.
const PREVIEWS: usize = 3;
const REJECTS_SHOWN: usize = 10;
/// What a WAHA that is not overloaded takes to answer a send.
const ANSWER_TIME: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let name = args.inputs.list.file_stem().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let mut inputs = args.inputs.read(&name, &setup.settings)?;
    notes(setup, &inputs);
    let mut rejects = Rejects::new(
        args.inputs.rejects_file(&name),
        inputs.audience.columns().clone(),
        inputs.audience.source().delimiter(),
        setup.output.language(),
    );
    // What is known of people is known once there is a database.
    let store = match setup.has_database().await? {
        true => Some(setup.store().await?),
        false => None,
    };
    let mut counter = Counter::new(&setup.output);
    let left_out = LeftOut::of(&inputs.definition, setup.clock().now().wall);
    let plan = Plan::read(
        &mut inputs,
        &mut rejects,
        &mut counter,
        store.as_deref(),
        left_out,
    );
    let plan = plan.await?;
    drop(counter);
    let limits = inputs.limits.over(LaneLimits::default());
    let shared = match &store {
        Some(store) => above(&**store, setup).await?,
        None => Vec::new(),
    };
    let outlook = Outlook {
        definition: &inputs.definition,
        recipients: u32::try_from(plan.to_send).unwrap_or(u32::MAX),
        limits: &limits,
        shared: &shared,
        sent_today: None,
        answer_time: ANSWER_TIME,
        now: setup.clock().now(),
        seed: setup.settings.engine().seed,
    };
    let (forecast, other) = tokio::task::block_in_place(|| {
        let forecast = forecast(&outlook);
        let other = alternative(&outlook, &forecast);
        (forecast, other)
    });
    plan.say(setup, &inputs, &rejects);
    say_time(setup, &inputs, &limits, &forecast, other.as_ref());
    let mut json = plan.to_json(setup, &inputs, &rejects, &forecast);
    json["alternative"] = json!(other);
    setup.output.json(&json);
    if setup.output.is_json() && (plan.faults.count > 0 || plan.to_send == 0) {
        return Ok(Exit::InputRefused);
    }
    plan.faults.refuse()?;
    setup.output.say(&Text::PlanNothing);
    if plan.to_send == 0 {
        return Err(Failure::refused(Text::NobodyLeft));
    }
    if let Some(command) = start_command(std::env::args().skip(1), &name) {
        setup.output.say(&Text::PlanNext { command });
    }
    Ok(Exit::Done)
}

/// The limits above the account that a campaign of no tenant will keep.
async fn above(store: &dyn Store, setup: &Setup) -> Result<Vec<SharedRecord>, Failure> {
    let server = setup.server_name()?;
    let mut all = store.shared_limits().await?;
    all.retain(|record| match &record.scope {
        Scope::Installation => true,
        Scope::Server(name) => **name == *server,
        Scope::Tenant(_) | Scope::Campaign(_) => false,
    });
    Ok(all)
}

/// The command line that sends what this one has planned, ready to be pasted; `None` when this is not `plan`'s own command line.
fn start_command(arguments: impl Iterator<Item = String>, name: &str) -> Option<String> {
    let mut words = vec!["waha-campaign".to_owned()];
    // A simulator's clock is nobody's choice.
    words.extend(arguments.filter(|word| !word.starts_with("--clock-")));
    let plan = words.iter_mut().find(|word| *word == "plan")?;
    "start".clone_into(plan);
    words.extend(["--name".to_owned(), name.to_owned()]);
    let quoted = words.iter().map(|word| {
        // A zero byte cannot have come from a command line.
        shlex::try_quote(word).unwrap_or_default()
    });
    Some(quoted.collect::<Vec<_>>().join(" "))
}

/// What a list comes to.
struct Plan {
    to_send: u64,
    skipped: u64,
    reasons: BTreeMap<RejectReason, u64>,
    shown: Vec<Reject>,
    /// Row, phone and message.
    previews: Vec<(u64, String, String)>,
    longest: usize,
    faults: crate::rows::Faults,
    /// The list goes on below the last recipient that a limit lets in.
    is_limited: bool,
    /// Of those who are skipped, whom the database knows a reason for.
    left_out: LeftOut,
}

impl Plan {
    async fn read(
        inputs: &mut Inputs,
        rejects: &mut Rejects,
        counter: &mut Counter<'_>,
        store: Option<&dyn Store>,
        left_out: LeftOut,
    ) -> Result<Self, Failure> {
        let mut plan = Self {
            to_send: 0,
            skipped: 0,
            reasons: BTreeMap::new(),
            shown: Vec::new(),
            previews: Vec::new(),
            longest: 0,
            faults: Faults::default(),
            is_limited: false,
            left_out,
        };
        let mut check = Check::new(&inputs.message, inputs.definition.missing);
        let limit = inputs.definition.source.limit.map_or(u64::MAX, u64::from);
        let mut seen = SeenInMemory::default();
        let mut rows = 0;
        while !plan.is_limited {
            // Reading a file keeps the thread for as long as a page takes.
            let Some(page) = tokio::task::block_in_place(|| inputs.audience.next()) else {
                break;
            };
            let mut page = page.map_err(|error| Failure::refused(Text::Cause(error.into())))?;
            rows += page.rows() as u64;
            counter.show(rows);
            resolve_duplicates(&mut page, &mut seen as &mut dyn Seen);
            let mut last_row = u64::MAX;
            let mut written_to = Vec::new();
            for recipient in &page.recipients {
                if plan.deliveries() + plan.faults.count >= limit {
                    plan.is_limited = true;
                    break;
                }
                last_row = recipient.row;
                written_to.extend(plan.add(&mut check, recipient));
            }
            if let Some(store) = store {
                let skipped = plan.left_out.look(store, &written_to).await?;
                plan.to_send -= skipped;
                plan.skipped += skipped;
            }
            if plan.is_limited {
                page.rejects.retain(|reject| reject.row < last_row);
            }
            rejects.write(&mut page.rejects)?;
            plan.leave_out(page.rejects);
        }
        rejects.finish()?;
        Ok(plan)
    }

    /// The phone and the hash of the text, where there is one to send.
    fn add(
        &mut self,
        check: &mut Check<'_>,
        recipient: &campaign_core::audience::Recipient,
    ) -> Option<(PhoneNumber, u64)> {
        match check.check(recipient) {
            Checked::Skip(_) => {
                self.skipped += 1;
                None
            }
            Checked::Fault(fault) => {
                self.faults.add(recipient.row, fault);
                None
            }
            Checked::Message(message) => {
                self.to_send += 1;
                self.longest = self.longest.max(message.text.chars().count());
                if self.previews.len() < PREVIEWS {
                    let phone = recipient.phone.to_string();
                    self.previews
                        .push((recipient.row, phone, message.preview()));
                }
                Some((recipient.phone, message.text_hash()))
            }
        }
    }

    fn leave_out(&mut self, rejects: Vec<Reject>) {
        for reject in rejects {
            *self.reasons.entry(reject.fault.reason()).or_default() += 1;
            if self.shown.len() < REJECTS_SHOWN {
                self.shown.push(reject);
            }
        }
    }

    fn deliveries(&self) -> u64 {
        self.to_send + self.skipped
    }

    fn say(&self, setup: &Setup, inputs: &Inputs, rejects: &Rejects) {
        let output = &setup.output;
        let sheet = match inputs.audience.source() {
            Source::Workbook { sheet, .. } => Some(sheet.clone()),
            Source::Csv { .. } => None,
        };
        output.say(&Text::PlanFile {
            name: inputs.definition.source.name.clone(),
            rows: self.deliveries() + self.faults.count + rejects.count,
            sheet,
            phone: inputs.audience.columns().phone().to_owned(),
        });
        output.say(&Text::PlanSplit {
            deliveries: self.deliveries() + self.faults.count,
            sent_to: self.to_send,
            skipped: self.skipped,
            rejected: rejects.count,
        });
        if let Some(text) = self.left_out.text() {
            output.say(&text);
        }
        if let Some(limit) = inputs.definition.source.limit.filter(|_| self.is_limited) {
            output.say(&Text::PlanLimited { limit });
        }
        output.say(&Text::PlanMessage {
            line: inputs.definition.message.describe(),
            longest: self.longest,
        });
        let share = inputs.definition.share();
        if share != Share::default() {
            output.say(&Text::SumShare { share });
        }
        if !self.previews.is_empty() {
            output.say(&Text::PlanFirst);
        }
        for (row, phone, message) in &self.previews {
            output.say(&Text::PlanPreview {
                row: *row,
                phone: phone.clone(),
                message: message.clone(),
            });
        }
        self.say_left_out(setup, rejects);
    }

    fn say_left_out(&self, setup: &Setup, rejects: &Rejects) {
        if rejects.count == 0 {
            return;
        }
        setup.output.say(&Text::PlanLeftOut {
            counts: self
                .reasons
                .iter()
                .map(|(reason, count)| (*reason, *count))
                .collect(),
        });
        for reject in &self.shown {
            setup.output.say(&Text::PlanReject {
                row: reject.row,
                column: reject.column.as_deref().map(str::to_owned),
                value: reject.value.to_string(),
                fault: reject.fault.clone(),
            });
        }
        let more = rejects.count - self.shown.len() as u64;
        if more > 0 {
            setup.output.say(&Text::PlanMore { count: more });
        }
        setup.output.say(&Text::RejectsFile {
            file: rejects.path().display().to_string(),
            rows: rejects.count,
        });
    }

    fn to_json(
        &self,
        setup: &Setup,
        inputs: &Inputs,
        rejects: &Rejects,
        forecast: &Forecast,
    ) -> Value {
        let faults = self.faults.shown.iter().map(|(row, fault)| {
            let what = setup.output.words(&Text::RowFault {
                fault: fault.clone(),
            });
            json!({"row": row, "what": what})
        });
        let language = setup.output.language();
        let shown = self.shown.iter().map(|reject| {
            let (what, remedy) = language.fault(&reject.fault);
            json!({
                "row": reject.row,
                "column": reject.column,
                "value": reject.value,
                "reason": reject.fault.reason().code(),
                "what": what,
                "remedy": remedy,
            })
        });
        let previews = self
            .previews
            .iter()
            .map(|(row, phone, message)| json!({"row": row, "phone": phone, "message": message}));
        json!({
            "file": inputs.definition.source.name,
            "sha256": inputs.definition.source.sha256,
            "rows": self.deliveries() + self.faults.count + rejects.count,
            "rejected": rejects.count,
            "deliveries": self.deliveries(),
            "to_send": self.to_send,
            "skipped": self.skipped,
            "skipped_by_reason": self.left_out.counts(),
            "waiting_for_a_cap": self.left_out.waiting(),
            "cannot_be_made": self.faults.count,
            "faults": faults.collect::<Vec<_>>(),
            "rejected_by_reason": self.reasons,
            "rejects": shown.collect::<Vec<_>>(),
            "rejects_file": (rejects.count > 0).then(|| rejects.path()),
            "previews": previews.collect::<Vec<_>>(),
            "longest_chars": self.longest,
            "priority": inputs.definition.priority,
            "weight": inputs.definition.weight,
            "forecast": forecast,
        })
    }
}

fn say_time(
    setup: &Setup,
    inputs: &Inputs,
    limits: &LaneLimits,
    forecast: &Forecast,
    other: Option<&Alternative>,
) {
    setup.output.say(&shown(limits));
    let zone = &inputs.definition.zone;
    if let Some((begins, ends)) = forecast.begins_at.zip(forecast.ends_at) {
        let now = setup.clock().now().wall;
        setup.output.say(&Text::PlanTime {
            begins: zone.show(begins),
            ends: zone.show(ends),
            takes: Duration::try_from(ends.duration_since(now)).unwrap_or_default(),
            zone: zone.name().to_owned(),
            days: forecast.per_day.len(),
            slowest: match forecast.bottleneck {
                Some(Bottleneck::Gap) => Slowest::Gap,
                Some(Bottleneck::Window) => Slowest::Window,
                Some(Bottleneck::DailyCap) => Slowest::DailyCap,
                Some(Bottleneck::WarmUp) => Slowest::WarmUp,
                Some(Bottleneck::Rest) => Slowest::Rest,
                Some(Bottleneck::Shared) => Slowest::Shared,
                Some(Bottleneck::Hours) => Slowest::Hours,
                None => Slowest::Server,
            },
        });
    }
    if inputs.definition.sessions.are_pool() {
        let of = |session| forecast.per_session.get(session).copied().unwrap_or(0);
        let sessions = inputs.definition.sessions.iter();
        let shares = sessions.map(|session| (session.to_string(), of(session)));
        setup.output.say(&Text::PlanShares {
            shares: shares.collect(),
        });
    }
    if forecast.expired > 0 {
        setup.output.say(&Text::PlanLate {
            count: forecast.expired,
        });
    }
    // A campaign of minutes needs no advice.
    let is_long = forecast.expired > 0 || forecast.per_day.len() > 1;
    if let Some(other) = other.filter(|_| is_long)
        && let Some(ends) = other.ends_at
    {
        setup.output.say(&Text::PlanIf {
            change: other.change.clone(),
            ends: zone.show(ends),
            late: other.expired,
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_that_is_shown_can_be_pasted() {
        let words = [
            "plan",
            "daftar mei.csv",
            "--template",
            "Halo {{nama}}, O'Neil",
        ];
        let shown = start_command(words.map(str::to_owned).into_iter(), "daftar mei").unwrap();
        let read: Vec<String> = shlex::split(&shown).into_iter().flatten().collect();
        let expected = [
            "waha-campaign",
            "start",
            "daftar mei.csv",
            "--template",
            "Halo {{nama}}, O'Neil",
            "--name",
            "daftar mei",
        ];
        assert_eq!(read, expected);
    }
}
