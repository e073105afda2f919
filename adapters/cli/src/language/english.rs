//! English.

mod doctor;

use std::fmt::Write as _;
use std::time::Duration;

use campaign_core::audience::RejectReason;
use campaign_core::campaign::{CampaignState, Share};
use campaign_core::consent::Origin;
use campaign_core::delivery::{Reason, State};
use campaign_core::forecast::Relaxation;
use campaign_core::limits::Gap;
use campaign_core::limits::Scope;
use sql_store::TroubleKind;

pub(super) use self::doctor::finding;
use super::{Loss, Slowest, Text, WaitText};
use crate::rows::RowFault;

/// One text a row: a table, whatever its length.
pub(super) fn say(text: &Text) -> String {
    match text {
        Text::Plain(words) => words.clone(),
        Text::Cause(cause) => cause.to_string(),
        Text::Empty => String::new(),
        Text::Error { what } => format!("error: {what}"),

        Text::SettingsFile { path, why } => format!("the settings in {path} cannot be used: {why}"),
        Text::Unreadable { path, why } => {
            format!("cannot read {path}: {why}; check the path and the permissions")
        }
        Text::CannotWrite { path, why } => {
            format!("cannot write {path}: {why}; free space, or name another file")
        }
        Text::NoDataFolder => {
            "this system names no folder for a user's data: name a database with --db".into()
        }
        Text::WrongSetting { what, value, origin, why } => {
            format!("{what} is {value:?} ({origin}), which cannot be used; {why}")
        }
        Text::ServerAddress { url, origin, why } => format!(
            "the server's address {url} ({origin}) cannot be used: {why}; set WAHA_URL, as in http://localhost:3000"
        ),
        Text::FastClockRefused { why } => {
            format!("--clock-speed is for simulators on this machine only: {why}")
        }

        Text::ServerUnreachable { url } => format!(
            "the WAHA server at {url} does not answer: is it running, and is WAHA_URL right?"
        ),
        Text::ServerForeign { url } => format!(
            "something else than WAHA answers at {url}: set WAHA_URL to the address of WAHA itself, such as http://localhost:3000, or look at the proxy before it"
        ),
        Text::KeyRefused { url } => format!(
            "the WAHA server at {url} refuses the key: set WAHA_API_KEY, or --key-file"
        ),
        Text::SessionMissing { session, url } => format!(
            "there is no session {session:?} on {url}: make it with waha-campaign session create {session}, or name another one (waha-campaign session list)"
        ),
        Text::SessionNotReady { session, status } => match status.as_str() {
            "SCAN_QR_CODE" => format!(
                "the session {session:?} waits for a phone: pair it with waha-campaign session qr {session}, then start again"
            ),
            "STOPPED" => format!(
                "the session {session:?} is stopped: waha-campaign session start {session}, then start again"
            ),
            "FAILED" => format!(
                "the session {session:?} has FAILED: {}", session_next(session, "FAILED")
            ),
            status => format!("the session {session:?} is {status}, not WORKING: wait, or look at it in WAHA"),
        },

        Text::NoDatabase { path } => format!(
            "there is no database {path}: start a campaign first, or name another one with --db"
        ),
        Text::NoCampaign { name, others } if others.is_empty() => {
            format!("there is no campaign {name:?}: there are none in this database yet")
        }
        Text::NoCampaign { name, others } => format!(
            "there is no campaign {name:?}; there are: {}",
            others.join(", ")
        ),
        Text::NoCampaigns => "no campaigns yet".into(),
        Text::RunnerBusy { holder } => {
            format!("{holder} is already sending from this database: let it go on, or stop it first")
        }
        Text::FollowsRunner { holder } => {
            format!("{holder} is already sending from this database and does this too; watching it")
        }
        Text::ListenerWouldSend => {
            "nobody sends or listens now, and a campaign is not finished: waha-campaign resume --all goes on with it, and listens".into()
        }
        Text::WorkersNeedServer { path } => format!(
            "{path} is a file, which one process sends from: several workers need a database on a PostgreSQL server \
             (waha-campaign migrate --to postgres://user@host/name moves everything there)"
        ),
        Text::Attends { sessions, workers } => {
            format!("attending {}, of {} in all", n(*sessions, "session"), n(*workers, "worker"))
        }
        Text::JoinsAgain { why } => format!("{why}; joining the others again"),
        Text::WorkerEnded { sent } => {
            format!("{} sent; what is left is for the other workers, or for whoever comes next", n(*sent, "message"))
        }
        Text::NobodySends => "nobody is sending from this database now".into(),
        Text::NoAnswer => {
            "the command is left for the sending process, which has not answered yet; look again with: waha-campaign status".into()
        }

        Text::NoMessage => {
            "there is no message: give --template \"Halo {{nama}}\", --template-file, --image or --file".into()
        }
        Text::TwoTemplates => "give --template or --template-file, not both".into(),
        Text::ButtonForm { given } => {
            format!("--button {given:?} has no \"=\": write \"Label=https://...\"")
        }
        Text::Moment { option, given } => {
            format!("{option} {given:?} is no moment: write 2026-11-22T08:00")
        }
        Text::Repetition { file, other, since } => format!(
            "the campaign {other:?}, made on {since}, sends the same message to the same list {file:?}: go on with that one by its name, or add --again if everybody is to get it a second time"
        ),
        Text::StartIsPast { moment } => {
            format!("--at {moment} is over: give a later moment, or leave it out to start now")
        }
        Text::ExpiryIsPast { moment } => format!("--expires {moment} is over, nobody would get it"),
        Text::BadName { name } => format!(
            "{name:?} cannot be a campaign's name: at most 100 characters, none of / \\ : * ? \" < > |"
        ),
        Text::Lookalikes { found } => format!(
            "note: {} will be sent as it stands; a column is written {{{{nama}}}}",
            found.join(", ")
        ),
        Text::OtherPhoneColumns { used, others } => format!(
            "note: phone numbers are taken from {used:?}; {} could hold some too (--phone-column)",
            super::quoted(others)
        ),
        Text::HiddenRows { rows } => {
            format!("note: hidden rows of the sheet: {rows}; they count like any other")
        }
        Text::RowsRefused { count, shown, how_to_skip } => {
            let mut words = format!(
                "the message cannot be made for {count} of the rows, so nothing was started:"
            );
            for (row, fault) in shown {
                let _infallible = write!(words, "\n  row {row}: {}", row_fault(fault));
            }
            let more = *count - shown.len() as u64;
            if more > 0 {
                let _infallible = write!(words, "\n  and {more} more");
            }
            if *how_to_skip {
                words.push_str("\nmend them, or leave them out with --missing skip");
            }
            words
        }
        Text::RowFault { fault } => row_fault(fault),
        Text::NobodyLeft => "nobody in this list can be written to".into(),
        Text::Differs { name, differences } => {
            let mut words = format!("there is a campaign {name:?} already, with other inputs:");
            for (what, was, is) in differences {
                let _infallible = write!(words, "\n  {what}: was {was}, is now {is}");
            }
            words.push_str("\ngive the same inputs to go on with it, or another name for another campaign");
            words
        }
        Text::WasCancelled { name } => {
            format!("the campaign {name:?} was cancelled and cannot go on: give another name")
        }
        Text::IsPaused { name } => format!(
            "{name} is paused: waha-campaign resume {name:?} goes on with it"
        ),
        Text::TooManyRows { most } => format!("a campaign holds at most {most} recipients: split the list"),
        Text::Reading { rows } => format!("reading: {}", n(*rows, "row")),

        Text::PlanFile { name, rows, sheet, phone } => {
            let sheet = sheet.as_ref().map(|sheet| format!(", sheet {sheet:?}")).unwrap_or_default();
            format!("List      {name}{sheet}: {}, phone numbers in {phone:?}", n(*rows, "row"))
        }
        Text::PlanSplit { deliveries, sent_to, skipped, rejected } => {
            let skipped = if *skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            format!(
                "Rows      {} = {rejected} left out + {} ({sent_to} to send{skipped})",
                rejected + deliveries,
                n(*deliveries, "delivery")
            )
        }
        Text::PlanSkipped { counts, waiting } => {
            let mut parts: Vec<String> =
                counts.iter().map(|(why, count)| format!("{count} {}", reason(*why))).collect();
            if *waiting > 0 {
                parts.push(format!("{waiting} would wait for a cap"));
            }
            format!("Of these  {}", parts.join(", "))
        }
        Text::PlanLimited { limit } => {
            format!("Limit     only the first {limit}; the rest of the list was not read")
        }
        Text::PlanMessage { line, longest } => {
            format!("Message   {line}\n          {longest} characters at most")
        }
        Text::PlanFirst => "First messages:".into(),
        Text::PlanPreview { row, phone, message } => {
            let message = message.replace('\n', "\n    ");
            format!("  row {row}, {phone}\n    {message}")
        }
        Text::PlanLeftOut { counts } => {
            let counts: Vec<String> = counts.iter().map(|(why, count)| n(*count, reject_reason(*why))).collect();
            format!("Left out: {}", counts.join(", "))
        }
        Text::PlanReject { row, column, value, fault } => {
            let column = column.as_ref().map(|column| format!(", {column:?}")).unwrap_or_default();
            format!("  row {row}{column}: {value:?} {fault}: {}", fault.remedy())
        }
        Text::PlanMore { count } => format!("  and {count} more"),
        Text::RejectsFile { file, rows } => {
            format!("rows left out: {rows}, in {file}, ready to be mended")
        }
        Text::PlanLimits { gap, per_day, windows, rest, warm_up, restarts, counts_by_hand } => {
            let mut parts = Vec::new();
            if let Some((min, max)) = gap {
                parts.push(format!("{} to {} between messages", length(*min), length(*max)));
            }
            parts.extend(windows.iter().map(|(count, span)| format!("{count} in any {}", length(*span))));
            parts.extend(per_day.map(|count| format!("{count} a day")));
            parts.extend(rest.map(|(after, min, max)| {
                format!("after {after} a rest of {} to {}", length(min), length(max))
            }));
            parts.extend(warm_up.as_ref().map(|(growth, day)| format!("warming up with {growth} from {day}")));
            if *counts_by_hand {
                parts.push("what is sent on the phone counts".into());
            }
            if *restarts {
                parts.push("a dead session is restarted".into());
            }
            if parts.is_empty() {
                parts.push("none".into());
            }
            format!("Limits    {}", parts.join(", "))
        }
        Text::PlanTime { begins, ends, takes, zone, days, slowest } => {
            let days = if *days > 1 { format!(" on {days} days") } else { String::new() };
            let slowest = match slowest {
                Slowest::Gap => "; the pause between messages takes most of it",
                Slowest::Window => "; the limit per interval takes most of it",
                Slowest::DailyCap => "; the limit per day takes most of it",
                Slowest::WarmUp => "; warming the number up takes most of it",
                Slowest::Rest => "; its rests take most of it",
                Slowest::Shared => "; a limit above the account takes most of it",
                Slowest::Hours => "; the wait for its hours takes most of it",
                Slowest::Server => "",
            };
            format!("Time      {begins} to {ends} ({zone}), {}{days}{slowest}", length(*takes))
        }
        Text::CalendarLine { file, fault } => format!("{file}: {fault}"),
        Text::PlanIf { change, ends, late } => {
            let with = match change {
                Relaxation::Gap { from, to } => {
                    format!("with pauses of {} instead of {}", pause(*to), pause(*from))
                }
                Relaxation::Windows { .. } => "with twice as many in each interval".into(),
                Relaxation::DailyCap { from, to } => format!("with {to} a day instead of {from}"),
                Relaxation::WarmedUp => "with a number that is warmed up".into(),
                Relaxation::NoRest => "without rests".into(),
                Relaxation::NoSharedLimits => "without limits above the account".into(),
                Relaxation::AnyHour => "at any hour".into(),
            };
            let late = if *late > 0 { format!(", {late} too late") } else { String::new() };
            format!("          {with} it would end at {ends}{late}")
        }
        Text::PlanLate { count } => format!("          {count} would be too late and are skipped"),
        Text::PlanNothing => "Nothing was sent and nothing was saved.".into(),
        Text::PlanNext { command } => format!("To send it: {command}"),

        Text::GoesOn { name, state: CampaignState::Settled } => {
            format!("{name} is settled: nobody on it is left to write to")
        }
        Text::GoesOn { name, state } => format!("{name} is {}: going on with it", campaign_state(*state)),
        Text::Imported { deliveries, rejected, skipped } => {
            let skipped = if *skipped > 0 { format!(", {skipped} of them skipped") } else { String::new() };
            format!("{}{skipped}; {} left out", n(*deliveries, "recipient"), n(*rejected, "row"))
        }
        Text::Confirm { count, session } => {
            format!("Send to {count} people from the session {session:?}? Type yes: ")
        }
        Text::NotConfirmed => "not confirmed; nothing was sent".into(),
        Text::Stopping => "stopping: what is on its way is finished first (again to stop at once)".into(),
        Text::Progress {
            name, state, done, total, handed_over, delivered, failed, unconfirmed, skipped, per_minute, left, waits,
        } => {
            let mut words = format!("{name} {}: {done}/{total}, {handed_over} sent", campaign_state(*state));
            for (count, what) in [
                (delivered, "delivered"),
                (failed, "failed"),
                (unconfirmed, "unconfirmed"),
                (skipped, "skipped"),
            ] {
                if *count > 0 {
                    let _infallible = write!(words, ", {count} {what}");
                }
            }
            if let Some(waits) = waits {
                let _infallible = write!(words, "; {}", wait(waits));
            } else if *state == CampaignState::Completed {
                words.push_str("; waiting for acknowledgements");
            } else if let Some((rate, left)) = per_minute.zip(*left) {
                let _infallible = write!(words, "; {rate:.0}/min, {} left", length(left));
            }
            words
        }
        Text::SumName { name, state } => format!("{name}: {}", campaign_state(*state)),
        Text::SumRows { rows, rejected, deliveries } => {
            format!("  rows         {rows} = {rejected} left out + {}", n(*deliveries, "delivery"))
        }
        Text::SumState { state, count, reasons } => {
            let mut words = format!("  {:12} {count}", state_name(*state));
            let reasons: Vec<String> = reasons
                .iter()
                .map(|(why, count)| format!("{count} {}", reason(*why)))
                .collect();
            if !reasons.is_empty() {
                let _infallible = write!(words, " ({})", reasons.join("; "));
            }
            words
        }
        Text::SumWaits { waits } => format!("  {}", wait(waits)),
        Text::Stopped { name } => format!("{name} is stopped, nothing is lost"),
        Text::Aborted { name } => {
            format!("{name} was stopped at once; what was on its way is unconfirmed and looked up at the next start")
        }
        Text::StillRuns => "the sending process goes on".into(),
        Text::WaitingEnds { name } => format!("{name} is not finished"),
        Text::NextSession { command } => format!("what to do about it:       {command}"),
        Text::NextReport { command } => format!("everybody, one by one:     {command}"),
        Text::NextUnconfirmed { command } => format!("what only you can decide:  {command}"),
        Text::NextRetry { command } => format!("to try the failed again:   {command}"),
        Text::NextResume { command } => format!("to go on:                  {command}"),

        Text::StatusRunner { holder: Some(holder) } => format!("{holder} is sending"),
        Text::StatusRunner { holder: None } => "nobody is sending from this database now".into(),
        Text::StatusLine { name, state, done, total, failed, unconfirmed, waits } => {
            let mut words = format!("{name:24} {:10} {done}/{total}", campaign_state(*state));
            for (count, what) in [(failed, "failed"), (unconfirmed, "unconfirmed")] {
                if *count > 0 {
                    let _infallible = write!(words, ", {count} {what}");
                }
            }
            if let Some(waits) = waits {
                let _infallible = write!(words, "; {}", wait(waits));
            }
            words
        }

        Text::CampaignIs { name, state, in_flight } => {
            let flight = match in_flight {
                0 => ", nothing is on its way".to_owned(),
                1 => ", one message is still on its way".to_owned(),
                count => format!(", still on their way: {count}"),
            };
            format!("{name} is {}{flight}", campaign_state(*state))
        }
        Text::NothingUnderWay => "no campaign is under way".into(),
        Text::PausedStay { names } => format!(
            "paused, and left so (waha-campaign resume NAME): {}",
            names.join(", ")
        ),
        Text::Moved { moved, refused } => {
            let refused = if *refused > 0 {
                format!("; {refused} could not be, because they stand elsewhere by now")
            } else {
                String::new()
            };
            format!("{moved} done{refused}")
        }
        Text::WhichDeliveries => "say which: --phone, --row or --all".into(),
        Text::NoSuchRow { row } => format!("nothing of row {row} is unconfirmed"),
        Text::NoSuchPhone { phone } => format!("nothing to {phone} is unconfirmed"),
        Text::NoUnconfirmed { name } => format!("{name}: nothing is unconfirmed"),
        Text::UnconfirmedRow { row, phone, reason: why, since, missing } => {
            let missing = missing.as_ref().map(|missing| format!("; {missing}")).unwrap_or_default();
            format!("  row {row}, {phone}, since {since}: {}{missing}", reason(*why))
        }
        Text::UnconfirmedHelp { name } => format!(
            "Look at the chats on the phone, then:\n\
             \x20 it is there:              waha-campaign unconfirmed confirm {name} --row N\n\
             \x20 it is not there, send:    waha-campaign unconfirmed resend {name} --row N\n\
             \x20 it is not there, leave:   waha-campaign unconfirmed give-up {name} --row N\n\
             Look them up once more:     waha-campaign unconfirmed refresh {name}"
        ),
        Text::ResendWarning { count } => format!(
            "people who may get the message twice: {count}; add --yes if that is what you want"
        ),
        Text::Refreshed { settled, left } => format!("{settled} settled, {left} still unconfirmed"),
        Text::RetryReason { given } => format!(
            "{given:?} is no reason to fail: use exhausted, refused or refused_by_whatsapp"
        ),

        Text::ReportWritten { file, rows } => format!("{} in {file}", n(*rows, "row")),
        Text::Checked { there, not_there, not_known, left } => {
            let mut words = format!("on WhatsApp: {there}; not on WhatsApp: {not_there}");
            if *not_known > 0 {
                let _infallible = write!(words, "; WhatsApp did not say: {not_known}");
            }
            if *left > 0 {
                let _infallible = write!(words, "; not asked about yet: {left}");
            }
            words
        }
        Text::CheckAgain { waits } => {
            let why = waits.as_ref().map(wait).unwrap_or_default();
            let colon = if why.is_empty() { "" } else { ": " };
            format!("not finished{colon}{why}; the same command goes on with it")
        }
        Text::RejectsMissing { file, rejected, found } => format!(
            "note: {rejected} rows were left out at import, {found} of them are found in {file}; name their file with --rejects"
        ),

        Text::DemoBegins { folder, speed } => format!(
            "A messy list, a simulator of WAHA in this process (time runs {speed} times as fast), everything in {folder}"
        ),
        Text::DemoCommand { command } => format!("\n$ {command}"),
        Text::DemoFaults { faults } => {
            let faults: Vec<String> = faults.iter().map(|(what, count)| format!("{count} {what}")).collect();
            format!("What went wrong on purpose: {}", faults.join(", "))
        }
        Text::DemoVerdict { received, twice, lost, wrong, unconfirmed } => format!(
            "The simulator's own ledger: {received} messages received; {twice} people have it twice, {lost} lost, {wrong} reported wrongly, {unconfirmed} unconfirmed"
        ),
        Text::DemoFiles { report, rejects } => format!("Look at {report} and {rejects}"),

        Text::ManWritten { folder } => format!("the manual's pages are in {folder}"),
        Text::ConfigLine { name, value: Some(value), origin } => format!("{name:10} {value:32} {origin}"),
        Text::ConfigLine { name, value: None, .. } => format!("{name:10} not set"),

        Text::SuppressAdded { count } => {
            format!("on the suppression list now: {count}; nobody writes to them")
        }
        Text::SuppressRemoved { removed, asked } if removed == asked => {
            format!("taken off the suppression list: {removed}")
        }
        Text::SuppressRemoved { removed, asked } => format!(
            "taken off the suppression list: {removed}; {} not found on it",
            asked.saturating_sub(*removed)
        ),
        Text::SuppressLine { phone, origin, source, since } => match origin {
            Origin::Operator | Origin::Import => format!("{phone}  since {since}  {source}"),
            Origin::Reply => format!("{phone}  since {since}  wrote so (message {source})"),
            Origin::Block | Origin::Bounce => format!("{phone}  since {since}  {origin}: {source}"),
        },
        Text::SuppressNone => "the suppression list is empty".into(),
        Text::HiddenLine { lid, account, since } => {
            format!("{lid}  wrote so to {account} on {since}; say whose it is: waha-campaign suppress resolve {lid} PHONE")
        }
        Text::HiddenNone => "nobody who has opted out is hidden".into(),
        Text::LidResolved { lid, phone: Some(phone) } => format!("{lid} is {phone}; nobody writes to them"),
        Text::LidResolved { lid, phone: None } => format!("{lid} is nobody on any list; broadcasts go on"),

        // Consent
        Text::NoConsentColumn { name, others } => {
            format!("there is no column {name:?}; there are {}", others.join(", "))
        }
        Text::ConsentUnclear { count } => {
            format!("{} neither yes nor no: nothing was recorded for them", if *count == 1 { "1 row says".to_owned() } else { format!("{count} rows say") })
        }
        Text::ConsentRecorded { granted, withdrawn } => {
            format!("recorded: {granted} agreed, {withdrawn} agree no longer")
        }
        Text::ConsentLine { phone, category, is_granted, source, since } => {
            let said = if *is_granted { "agreed" } else { "agrees no longer" };
            format!("{phone}  {category}  {said}  since {since}  {source}")
        }
        Text::ConsentNone => "nobody has agreed to anything yet, or withdrawn it".into(),
        Text::NoCap => "Cap       none".into(),
        Text::CapLine { category, messages_max, days } => {
            let of = category.map_or("marketing and utility together".to_owned(), |it| it.to_string());
            format!("Cap       {} to one person in any {}, {of}", n(u64::from(*messages_max), "message"), n(u64::from(*days), "day"))
        }
        Text::AnswerLine { texts: None } => "Answer    none: an opt-out is obeyed without a word".into(),
        Text::AnswerLine { texts: Some((indonesian, english)) } => {
            format!("Answer    to +62: {indonesian}\n          to others: {english}")
        }
        Text::WordsLine { opt_out, opt_in } => format!(
            "No more   {}\nAgain     {}",
            opt_out.join(", "),
            opt_in.join(", ")
        ),

        // Sessions
        Text::SessionName { name, origin } => format!(
            "{name:?} ({origin}) cannot be a session's name: 1 to 54 letters, digits, hyphens and underscores"
        ),
        Text::SessionServerSays { url, what } => format!(
            "the WAHA server at {url} {what}; waha-campaign session list shows how its sessions stand"
        ),
        Text::SessionKeyForbidden { url } => format!(
            "the WAHA server at {url} knows the key but does not allow this with it: use a key that may manage sessions"
        ),
        Text::SessionInDoubt { url } => format!(
            "no answer came from the WAHA server at {url}, so it may or may not have been done: look with waha-campaign session list"
        ),
        Text::SessionNone => "no sessions yet: waha-campaign session create makes one".into(),
        Text::SessionLine { name, status, account, push_name, keeps_messages } => {
            let account = account_name(account, push_name);
            let store = match keeps_messages {
                Some(true) => "on",
                Some(false) => "off",
                None => "not known",
            };
            format!("{name}: {status}, {account}, message store {store}")
        }
        Text::SessionNext { name, status } => format!("  {}", session_next(name, status)),
        Text::SessionKeepsNone { name } => format!(
            "  its message store is off, so that a message whose answer was lost cannot be looked up:\n\
             \x20 turn it on in WAHA (config.noweb.store.enabled of {name}), which keeps the pairing"
        ),
        Text::SessionStands { name, status } => {
            format!("the session {name:?} is {status}: {}", session_next(name, status))
        }
        Text::SessionExists { name, status } => {
            let next = match status.as_str() {
                "WORKING" => "it is paired and can send".to_owned(),
                status => session_next(name, status),
            };
            format!(
                "there is a session {name:?} already, and it was left as it is. It is {status}: {next}; \
                 for one made anew, waha-campaign session delete {name} first, or give another name"
            )
        }
        Text::SessionCreated { name } => format!("{name} is created, with its message store on"),
        Text::SessionAlready { name, status } => format!("{name} is {status} already"),
        Text::SessionDeleted { name } => format!("{name} is deleted"),
        Text::SessionConfirm { name, account, loss } => {
            format!("{} Type yes: ", session_loss(name, account.as_deref(), *loss))
        }
        Text::SessionNeedsYes { name, account, loss } => format!(
            "{} Add --yes if that is what you want",
            session_loss(name, account.as_deref(), *loss)
        ),
        Text::SessionKept { name } => format!("not confirmed; {name} was left as it is"),
        Text::SessionWaits { name } => format!(
            "{name} is still STARTING: waha-campaign session list shows how it goes on"
        ),
        Text::PairScan => {
            "On the phone: WhatsApp, Linked devices, Link a device. Then scan this (it changes now and then; Ctrl-C ends):".into()
        }
        Text::PairScanFile { file } => format!(
            "On the phone: WhatsApp, Linked devices, Link a device. Then scan the picture {file} (it changes now and then; Ctrl-C ends)"
        ),
        Text::PairNewFile { file } => format!("{file} holds a new code now: open it anew"),
        Text::PairUndrawable => {
            "the server's QR code cannot be drawn here: save it as a picture with --out qr.png".into()
        }
        Text::PairWindow { columns, lines } => format!(
            "this window is too small for the code: make it {columns} columns by {lines} lines or larger (a smaller font helps), or save a picture with --out qr.png"
        ),
        Text::PairCode { code, phone } => format!(
            "On the phone with {phone}: WhatsApp, Linked devices, Link a device, Link with phone number instead. Then type:\n\n    {code}\n"
        ),
        Text::PairPasskey => {
            "WhatsApp asks for a passkey: confirm it on the phone, or look at the session in WAHA".into()
        }
        Text::PairServerAway { url } => {
            format!("the WAHA server at {url} does not answer now; asking it again")
        }
        Text::PairDone { name, account, push_name } => {
            format!("{name} is WORKING, {}", account_name(account, push_name))
        }
        Text::PairAlready { name, account, push_name } => {
            format!("{name} is WORKING already, {}: nothing to scan", account_name(account, push_name))
        }
        Text::PairLost { name, status } => match status.as_str() {
            "FAILED" => format!(
                "not paired: nobody used the code in time, and the session is FAILED now. waha-campaign session restart {name}, then once more"
            ),
            status => format!("not paired: the session is {status} now. {}", capitalised(&session_next(name, status))),
        },
        Text::PairTimedOut { name } => format!(
            "not paired within the time given; the session {name:?} still waits for a phone. Give it more with --timeout"
        ),
        Text::PairInterrupted { name } => {
            format!("not waited for any longer; waha-campaign session list shows whether {name} was paired")
        }

        Text::CannotChange { name, state } => format!(
            "campaign {name:?} is {}: it can be changed only after its list has come in, and before it is cancelled",
            campaign_state(*state)
        ),
        Text::OtherKey { known, asked } => match known {
            Some(known) => format!(
                "this campaign tells rows of one phone apart by the column {known:?}, not {asked:?}: leave --key-column out"
            ),
            None => format!(
                "this campaign has one message for each phone, and no key column {asked:?}: leave --key-column out, or begin another campaign"
            ),
        },
        Text::KeyUnknown { name } => format!(
            "campaign {name:?} was begun by an earlier version that did not note its key column: begin another campaign for these people"
        ),
        Text::Added { name, deliveries, skipped, rejected, known } => {
            let skipped = if *skipped > 0 { format!(", {skipped} of them skipped") } else { String::new() };
            let known = if *known > 0 { format!("; {known} in it already") } else { String::new() };
            format!("{name}: {} added{skipped}{known}; {} left out", n(*deliveries, "recipient"), n(*rejected, "row"))
        }
        Text::Edited { name, left } => format!("{name}: the new text goes to the {left} who have not been written to"),
        Text::PlanShares { shares } => {
            let shares = shares.iter().map(|(session, count)| format!("{session} {count}"));
            format!("Accounts  {}, where none knows anybody yet", shares.collect::<Vec<_>>().join(", "))
        }
        Text::SumAccount { phone, count } => format!("  from {phone}: {count}"),
        Text::ShareIs { name, share } => format!("{name}: {}", self::share(*share)),
        Text::SumShare { share } => format!("  {}", self::share(*share)),
        Text::SumEarlier { message, until, past } => {
            format!("  until {until}, for the first {past}: {message}")
        }
        Text::SendOutcome { phone, state, reason } => match reason {
            Some(reason) => format!("{phone}: {} ({})", state_name(*state), self::reason(*reason)),
            None => format!("{phone}: {}", state_name(*state)),
        },
        Text::SendForgotten { key } => format!(
            "the message with the key {key:?} was sent long ago; its details were taken out, and it is not sent again: take another key"
        ),
        Text::BadKey { key } => format!("{key:?} is no key: give 1 to 100 characters in one line"),
        Text::OwnNumberUnknown { session } => format!(
            "the session {session:?} does not tell its own number: give yours with --to 0812..."
        ),
        Text::LimitsAre { session, phone } => format!("{phone} (session {session:?})"),
        Text::SharedLimitsAre { scope, campaign } => match (scope, campaign) {
            (_, Some(name)) => format!("campaign {name:?}, over all its accounts"),
            (Scope::Server(name), _) => format!("server {name}, over all its sessions"),
            (Scope::Tenant(name), _) => format!("{name}, over all campaigns"),
            _ => "the whole installation".into(),
        },
        Text::OnlyShared { option } => format!(
            "{option} is a matter of one account: with --campaign, --server and --installation only --per-day and --window can be set"
        ),
        Text::ReplyLine { name, phone, at, text } => format!("{at}  {phone}  {name}: {text}"),
        Text::NoReplies => "no replies were heard: they are heard while a command sends or watches".into(),
        Text::NoSuchState { given, known } => {
            format!("--only {given:?} is no state; there are: {}", known.join(", "))
        }
        Text::NoSuchFormat { file, known } => format!(
            "a report cannot be written as {file:?}: let the name end in one of {}, or give --format",
            known.join(", ")
        ),
        Text::WorkbookNeedsFile => {
            "an XLSX report cannot go to standard output: name a file with --out report.xlsx".into()
        }
        Text::RefreshWouldSend => {
            "note: nothing was looked up, because a campaign is not finished and would send meanwhile: first waha-campaign resume --all, then this report again".into()
        }
        Text::RefreshElsewhere => {
            "note: the sending process looks them up now; this report shows how they stand at this moment".into()
        }

        Text::DatabaseTrouble { kind, path, detail } => database_trouble(*kind, path, detail),
        Text::SaveUnknown { trouble } => format!(
            "it is not known whether the last changes were saved: {}. Nothing is lost: once that is mended, \
             waha-campaign resume --all looks up whatever is in doubt before it sends anything",
            say(trouble)
        ),
        Text::StoreFails { trouble } => format!(
            "the database does not work, so nothing more is sent; it goes on by itself once this is mended: {}",
            say(trouble)
        ),
        Text::DatabaseTooNew { path, found, known } => format!(
            "{path} is of a newer version of this program (schema {found}, this one knows {known}): use the newer program. \
             Nothing was changed"
        ),
        Text::PasswordSeen { origin } => format!(
            "the password of the database stands {origin}, where others can read it: leave it out there and put it in \
             WAHA_CAMPAIGN_DB_PASSWORD, or in a file named by --db-password-file"
        ),
        Text::DatabaseUnknown { scheme } => format!(
            "{scheme}:// is no database of this program: name a file, sqlite:FILE or postgres://user@host/name"
        ),
        Text::DatabaseMoved { path, to } => format!(
            "{path} was moved to {to}: what you see is how it was then. Name that database with --db, or set it"
        ),
        Text::OnlyInFile { place } => format!(
            "{place} is on a server, and this is for databases in a file: PostgreSQL's own pg_dump and psql make backups and bring them back"
        ),
        Text::DatabaseForeign { path } => format!(
            "{path} is no database of this program, and was left as it is: name another file with --db"
        ),
        Text::FileExists { path } => format!("{path} is there already and was left as it is: name another file"),
        Text::BackupMade { file, bytes, campaigns, deliveries } => format!(
            "{file}: {}, {}, {}, read through and whole.\n\
             It holds names and numbers of people: keep it where only you can read it",
            super::size(*bytes),
            n(*campaigns, "campaign"),
            n(*deliveries, "delivery")
        ),
        Text::NotABackup { path } => format!(
            "{path} is no backup of this program: give a file that waha-campaign backup made. Nothing was changed"
        ),
        Text::RestoreOver { path, backup } => format!(
            "there is a database already: {path}. To put the backup in its place, and keep the present one beside it: \
             waha-campaign restore {} --replace",
            crate::summary::quoted(backup)
        ),
        Text::Restored { path, campaigns, deliveries, as_of } => {
            let as_of = as_of.as_ref().map(|moment| format!(", as of {moment}")).unwrap_or_default();
            format!("{path} holds {}, {} again{as_of}", n(*campaigns, "campaign"), n(*deliveries, "delivery"))
        }
        Text::RestoreKept { path } => format!("the database that was there is kept as {path}"),
        Text::RestoreSuppressed { count } => format!(
            "{} came on the suppression list after the backup was made, and stay on it:",
            n(*count, "number")
        ),
        Text::RestoreMore { count, command } => format!("and {count} more: {command}"),
        Text::RestoreWithdrawn { count } => {
            format!("{} withdrawn after the backup was made stay withdrawn", n(*count, "consent"))
        }
        Text::RestoreHidden { count } => format!(
            "{} of people whose number WhatsApp hides came after the backup was made, and are kept: waha-campaign suppress hidden",
            n(*count, "opt-out")
        ),
        Text::RestoreCampaigns => {
            "Since the backup was made, this happened to campaigns, and is not in it. Decide before you go on:".into()
        }
        Text::RestoreCampaign { name, was, is: Some(is), command } => format!(
            "{name} was {} and is {} again; to bring that back: {command}",
            campaign_state(*was),
            campaign_state(*is)
        ),
        Text::RestoreCampaign { name, was, is: None, command } => format!(
            "{name} ({}) was made since: its people may have its message, do not start it again from the list. What it sent: {command}",
            campaign_state(*was)
        ),
        Text::RestoreNothingSince => {
            "Nobody came on the suppression list and no campaign was stopped or made after the backup was made".into()
        }
        Text::RestoreUnread { why, as_of } => format!(
            "Not all of the database that was there can be read ({why}). Who else opted out{}, and what was cancelled or paused or made, \
             cannot be known. Look through the chats, and put whoever asked on the list: waha-campaign suppress add PHONE",
            since(as_of)
        ),
        Text::RestoreNoneBefore { as_of } => format!(
            "There was no database here: who opted out{}, and what was cancelled or paused or made, cannot be known. \
             Look through the chats, and put whoever asked on the list: waha-campaign suppress add PHONE",
            since(as_of)
        ),
        Text::RestoreNext { command } => format!(
            "What is not settled in it may have been sent since it was made. All of that is looked up first; nobody is written to before.\n\
             to go on:                 {command}"
        ),
        Text::PruneNone { days } => {
            format!("nothing to prune: no campaign that is over has been unchanged for {days} days")
        }
        Text::PruneCampaign { name, deliveries, last_change } => {
            format!("{name:24} {}, unchanged since {last_change}", n(*deliveries, "delivery"))
        }
        Text::PruneDry { campaigns, deliveries } => format!(
            "{} would be taken out of {}; nothing was changed",
            n(*deliveries, "recipient"),
            n(*campaigns, "campaign")
        ),
        Text::PruneConfirm { campaigns, deliveries } => format!(
            "Take {} out of {}, for good? Their reports cannot be written any more. Type yes: ",
            n(*deliveries, "recipient"),
            n(*campaigns, "campaign")
        ),
        Text::PruneNeedsYes => {
            "people are taken out for good: look with --dry-run, then add --yes".into()
        }
        Text::PruneKept => "not agreed to; nothing was changed".into(),
        Text::Pruning { deliveries } => format!("taken out: {deliveries}"),
        Text::Pruned { campaigns, deliveries, freed } => {
            let freed = match freed {
                Some(bytes) => format!("{} freed", super::size(*bytes)),
                None => "the disk is too full to make the file smaller, its space is used for what comes".into(),
            };
            format!("{} taken out of {}; {freed}", n(*deliveries, "recipient"), n(*campaigns, "campaign"))
        }
        Text::PruneCopies => {
            "backups, reports and rejects files that were made before still hold them: look after those yourself".into()
        }
        Text::MigrateToFile => {
            "--to names the database of a PostgreSQL server: postgres://user@host/name".into()
        }
        Text::MigrateFromServer { place } => {
            format!("{place} is on a server already: name the file that is to be moved with --db")
        }
        Text::Migrating { rows } => format!("copied: {}", n(*rows, "row")),
        Text::Migrated { to, campaigns, deliveries, had_arrived } => {
            let (campaigns, deliveries) = (n(*campaigns, "campaign"), n(*deliveries, "delivery"));
            match had_arrived {
                false => format!("{to} holds everything now: {campaigns}, {deliveries}"),
                true => format!("everything had arrived in {to} already: it holds {campaigns}, {deliveries}"),
            }
        }
        Text::MigrateNext { path, to } => format!(
            "From now on name that one: --db, WAHA_CAMPAIGN_DB, or db in waha-campaign.toml = {to}\n\
             {path} stays, can be read as before, and is neither sent from nor changed any more"
        ),
        Text::MigrateUnknown { why } => format!(
            "it is not known whether everything arrived ({why}). Nobody can send from either database before that is known: \
             give the same command again"
        ),
        Text::WasPruned { name, when } => format!(
            "the people of campaign {name:?} were taken out on {when}: only its counts are left (waha-campaign status {}); \
             to send again, take another name",
            crate::summary::quoted(name)
        ),
        Text::Check { mark, check, message, remedy } => {
            let remedy = remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
            format!("{:8} {check:12} {message}{remedy}", doctor::mark(*mark))
        }
        Text::SumPruned { when } => format!("  its people were taken out on {when}; the counts stay"),
    }
}

/// What is wrong with the database's file, and what to do about it.
fn database_trouble(kind: TroubleKind, path: &str, detail: &str) -> String {
    match kind {
        TroubleKind::Locked => format!(
            "another program keeps {path} locked: close it (a database browser, a backup tool) and try again. Nothing was changed"
        ),
        TroubleKind::ReadOnly => format!(
            "{path} cannot be written by this user: give the user the file and its folder, or name another with --db ({detail})"
        ),
        TroubleKind::Full => format!(
            "the disk is full, {path} cannot grow: free some space and try again. Nothing that was saved is lost ({detail})"
        ),
        TroubleKind::Disk => format!(
            "the disk does not take {path}: look at its free space, at quotas and at its health, then try again. \
             Nothing that was saved is lost ({detail})"
        ),
        TroubleKind::Damaged => format!(
            "{path} is damaged: bring a backup back with waha-campaign restore FILE --replace, which keeps the damaged one \
             beside it; waha-campaign doctor --thorough shows more ({detail})"
        ),
        TroubleKind::NotADatabase => format!(
            "{path} is not a database: name another file, or bring a backup back with waha-campaign restore FILE --replace"
        ),
        TroubleKind::CannotOpen => {
            format!("{path} cannot be opened: check the path and the permissions ({detail})")
        }
        TroubleKind::Lost => format!(
            "{path} is missing or empty, and {path}.seen says that messages were sent from it. Nothing is sent: a list that is brought in \
             again would go to everybody twice. Bring a backup back with waha-campaign restore FILE --replace, or put the database back where it was; \
             to begin anew, not knowing who was written to, remove {path}.seen"
        ),
        _ => format!("the database {path} failed: {detail}"),
    }
}

/// What to do about a session that is not WORKING.
fn session_next(name: &str, status: &str) -> String {
    match status {
        "STOPPED" => format!("start it with waha-campaign session start {name}"),
        "SCAN_QR_CODE" => format!("pair it with waha-campaign session qr {name}"),
        "FAILED" => format!(
            "try waha-campaign session restart {name}; if it fails again, the phone has unlinked it: \
             waha-campaign session logout {name}, then waha-campaign session qr {name}"
        ),
        "STARTING" => "wait some seconds and look again".into(),
        "PASSKEY_REQUIRED" | "PASSKEY_CONFIRMATION_REQUIRED" => {
            "WhatsApp asks for a passkey: confirm it on the phone, or look at the session in WAHA"
                .into()
        }
        "WORKING" => "it can send".into(),
        _ => "look at the session in WAHA".into(),
    }
}

fn session_loss(name: &str, account: Option<&str>, loss: Loss) -> String {
    let pairing = match account {
        Some(account) => format!("its pairing with {account}"),
        None => "its pairing".to_owned(),
    };
    match loss {
        Loss::Logout => {
            format!(
                "Logging {name} out ends {pairing}: nothing can be sent until a phone pairs it anew."
            )
        }
        Loss::Delete => format!(
            "Deleting {name} ends {pairing} and removes its configuration and message store for good."
        ),
    }
}

fn account_name(account: &Option<String>, push_name: &Option<String>) -> String {
    match (account, push_name) {
        (Some(account), Some(name)) => format!("{account} ({name})"),
        (Some(account), None) => account.clone(),
        (None, _) => "no account".to_owned(),
    }
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn row_fault(fault: &RowFault) -> String {
    match fault {
        RowFault::Message(error) => error.to_string(),
        RowFault::Media(fault) => fault.to_string(),
        RowFault::RelativePath(path) => format!(
            "the path {} begins nowhere: write whole paths in the column, or the folder in the option, as in /home/me/invoices/{{{{no}}}}.pdf",
            path.display()
        ),
    }
}

fn wait(waits: &WaitText) -> String {
    let until = |until: &Option<String>| {
        until
            .as_ref()
            .map(|until| format!(" until {until}"))
            .unwrap_or_default()
    };
    match waits {
        WaitText::Hours { until: None } => "its hours never open again".into(),
        WaitText::Hours { until: moment } => format!("waits for its hours{}", until(moment)),
        WaitText::DailyCap { until: moment } => {
            format!("the day's limit is reached, waits{}", until(moment))
        }
        WaitText::WarmUp { until: moment } => {
            format!("the number is being warmed up, waits{}", until(moment))
        }
        WaitText::Rest { until: moment } => format!("rests{}", until(moment)),
        WaitText::Window { until: moment } => format!("a limit is reached, waits{}", until(moment)),
        WaitText::Shared {
            scope,
            until: moment,
        } => {
            let whose = match scope {
                Scope::Installation => "of the whole installation".to_owned(),
                Scope::Server(name) => format!("of the server {name}"),
                Scope::Tenant(name) => format!("of {name}"),
                Scope::Campaign(_) => "of this campaign".to_owned(),
            };
            format!("the limit {whose} is reached, waits{}", until(moment))
        }
        WaitText::Trouble {
            trouble,
            since,
            until: moment,
        } => {
            let trouble = match trouble.as_str() {
                "unreachable" => "the server cannot be reached",
                "session_not_ready" => "the session is not WORKING",
                "unauthorized" => "the server refuses the key",
                "rate_limited" => "the server asked to wait",
                "restricted" => "WhatsApp restricts writing to people who never wrote (463)",
                "new_chats_used_up" => "WhatsApp's quota of new chats is used up",
                "repeated_failures" => {
                    "too many messages went wrong, one tries for all after a pause"
                }
                "suspected_dead" => {
                    "WhatsApp acknowledges nothing although the session says WORKING: look at the phone, \
                     restart the session (waha-campaign session restart), or resume when it is well"
                }
                "other_account" => "the session belongs to another number now",
                "clock_jumped" => "the clock was changed; resume confirms it",
                other => other,
            };
            let since = since.as_ref().map(|since| format!(" (since {since})"));
            format!(
                "{trouble}{}, waits{}",
                since.unwrap_or_default(),
                until(moment)
            )
        }
        WaitText::Session { status: None } => "looks at the session".into(),
        WaitText::Session {
            status: Some(status),
        } => format!("waits for the session, which is {status}"),
        WaitText::Operator => "waits for you: resume or cancel".into(),
        WaitText::HiddenOptOut => {
            "somebody whose number is hidden has opted out; it is being found out who".into()
        }
    }
}

fn reject_reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::InvalidNumber => "invalid number",
        RejectReason::Landline => "landline",
        RejectReason::AmbiguousNumber => "ambiguous number",
        RejectReason::Duplicate => "duplicate",
        RejectReason::UnreadableRow => "unreadable row",
    }
}

fn campaign_state(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Importing => "importing (not started)",
        CampaignState::Frozen => "ready (not started)",
        state => state.name(),
    }
}

fn share(share: Share) -> String {
    format!("priority {}, weight {}", share.priority, share.weight)
}

fn state_name(state: State) -> &'static str {
    state.name()
}

/// Why a delivery stands where it stands.
pub(super) fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Suppressed => "on the suppression list",
        Reason::NoConsent => "no consent",
        Reason::NotOnWhatsapp => "not on WhatsApp",
        Reason::FrequencyCapped => "had as many messages as allowed",
        Reason::Repeated => "had the same text within 7 days",
        Reason::Expired => "too late, the campaign had expired",
        Reason::MissingVariable => "a value is missing in the row",
        Reason::OnWhatsapp => "on WhatsApp",
        Reason::NotKnown => "WhatsApp did not say",
        Reason::Exhausted => "never handed over, all tries used up",
        Reason::Refused => "refused by WAHA",
        Reason::RefusedByWhatsapp => "refused by WhatsApp",
        Reason::GivenUp => "given up by you",
        Reason::NoAnswer => "no answer came",
        Reason::ServerError => "the server failed and does not say whether it was sent",
        Reason::OwnerDied => "the sending process died",
        Reason::Restored => "the database was restored from a copy",
        Reason::Restricted => "the account was restricted by WhatsApp (463)",
        Reason::Silent => "no acknowledgement came",
        Reason::ByOperator => "by your word",
        Reason::EarlierArrived => "an earlier message had arrived",
    }
}

/// What to do about it; empty when there is nothing to do.
pub(super) fn remedy(reason: Reason) -> &'static str {
    match reason {
        Reason::Exhausted => "look at the server, then retry",
        Reason::Refused => "read the server's words, mend the cause, then retry",
        Reason::RefusedByWhatsapp => "check that the number is on WhatsApp and did not block you",
        Reason::MissingVariable => "fill in the value and send it in another campaign",
        Reason::NoAnswer
        | Reason::ServerError
        | Reason::OwnerDied
        | Reason::Restored
        | Reason::Restricted => {
            "look at the chat on the phone, then: unconfirmed confirm, resend or give-up"
        }
        Reason::Silent => "look whether the phone of the session is online",
        Reason::NotOnWhatsapp => "ask for another number",
        Reason::NoConsent => "ask for consent",
        Reason::Suppressed => "leave it, unless the person asks for messages again",
        Reason::FrequencyCapped => "wait, then send it in another campaign",
        Reason::Repeated => "nothing: the person has that text already",
        Reason::Expired => "send it in another campaign with more time",
        Reason::NotKnown => "check it again later",
        Reason::OnWhatsapp | Reason::GivenUp | Reason::ByOperator | Reason::EarlierArrived => "",
    }
}

/// After which moment something is not known.
fn since(as_of: &Option<String>) -> String {
    let moment = as_of.as_ref().map(|moment| format!(" after {moment}"));
    moment.unwrap_or_else(|| " after the backup was made".into())
}

/// `1 row`, `2 rows`, `3 deliveries`.
fn n(count: u64, one: &str) -> String {
    match (count, one.strip_suffix('y')) {
        (1, _) => format!("1 {one}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {one}s"),
    }
}

fn pause(gap: Gap) -> String {
    match gap.min == gap.max {
        true => length(gap.min),
        false => format!("{} to {}", length(gap.min), length(gap.max)),
    }
}

/// `2 h 05 min`, `1 min 30 s`, `2.5 s`.
fn length(length: Duration) -> String {
    let seconds = length.as_secs_f64().round() as u64;
    match seconds {
        0..10 if length.subsec_millis() > 0 => format!("{:.1} s", length.as_secs_f64()),
        0..60 => format!("{seconds} s"),
        60..3_600 => match seconds % 60 {
            0 => format!("{} min", seconds / 60),
            rest => format!("{} min {rest} s", seconds / 60),
        },
        3_600..172_800 => match seconds % 3_600 / 60 {
            0 => format!("{} h", seconds / 3_600),
            rest => format!("{} h {rest:02} min", seconds / 3_600),
        },
        _ => format!("{} days {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_naturally() {
        for (seconds, words) in [
            (2.5, "2.5 s"),
            (12.0, "12 s"),
            (60.0, "1 min"),
            (93.0, "1 min 33 s"),
            (7_500.0, "2 h 05 min"),
            (200_000.0, "2 days 7 h"),
        ] {
            assert_eq!(length(Duration::from_secs_f64(seconds)), words);
        }
    }
}
