//! `session qr` and `session code`: pairs a session with a phone, and waits until it works.

use std::path::PathBuf;
use std::time::Duration;

use campaign_core::phone::{LinePolicy, PhoneNumber, Region, normalize};
use serde_json::{Value, json};
use waha_client::SessionStatus;

use super::Desk;
use super::watch::{End, Watch};
use crate::exit::{Exit, Failure};
use crate::language::{Cause, Text};
use crate::limits::duration;
use crate::settings::{Origin, Setting};
use crate::setup::Setup;
use crate::signals::Signals;

/// How a phone is paired.
#[derive(Debug)]
pub(super) enum Way {
    /// It scans a QR code.
    Qr { out: Option<PathBuf>, invert: bool },
    /// A code is typed on it.
    Code { phone: PhoneNumber },
}

impl Way {
    /// By code, with the phone of this number.
    ///
    /// # Errors
    /// When the number is none.
    pub(super) fn code(
        setup: &Setup,
        phone: &str,
        region: &Option<String>,
    ) -> Result<Self, Failure> {
        let region = setup.settings.region(region);
        let region = Region::new(&region.value).map_err(|error| region.wrong("region", error))?;
        let phone = normalize(phone, region, LinePolicy::AnyLine)
            .map_err(|error| Failure::refused(Text::Plain(error.to_string())))?;
        Ok(Self::Code { phone })
    }
}

/// What came of a pairing. With `--json` it answers line by line, so what went wrong is a line as well.
pub(super) fn in_lines(setup: &Setup, ended: Result<Exit, Failure>) -> Result<Exit, Failure> {
    match ended {
        Err(failure) if setup.output.is_json() => {
            setup.output.json_line(&json!({
                "event": "end",
                "outcome": "error",
                "error": {
                    "exit_code": failure.exit as u8,
                    "message": setup.output.words(&failure.text),
                },
            }));
            Ok(failure.exit)
        }
        ended => ended,
    }
}

/// Pairs the session and says how that went.
pub(super) async fn pair(
    setup: &Setup,
    name: Option<String>,
    way: Way,
    timeout: Option<String>,
) -> Result<Exit, Failure> {
    let patience = patience(timeout)?;
    let desk = Desk::open(setup, name).await?;
    let mut watch = Watch::new(&desk, &way);
    let mut signals = Signals::listen().map_err(Failure::other)?;
    let time_out = async {
        match patience {
            Some(patience) => desk.pause(patience).await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        end = watch.until_paired() => end,
        () = time_out => Ok(End::TimedOut),
        () = signals.next() => Ok(End::Interrupted),
    };
    watch.take_back();
    Ok(tell(&desk, end?))
}

fn patience(timeout: Option<String>) -> Result<Option<Duration>, Failure> {
    let Some(given) = timeout else {
        return Ok(None);
    };
    match duration(&given).filter(|time| !time.is_zero()) {
        Some(time) => Ok(Some(time)),
        None => {
            let set = Setting {
                value: given,
                origin: Origin::Flag,
            };
            Err(set.wrong("timeout", Cause::Example("90s or 5m")))
        }
    }
}

/// Says how it ended, and what to do next.
fn tell(desk: &Desk<'_>, end: End) -> Exit {
    let name = desk.name();
    let output = &desk.setup.output;
    let line = |outcome: &str, rest: Value| {
        let mut line = json!({"event": "end", "outcome": outcome, "name": desk.name});
        if let (Some(line), Value::Object(rest)) = (line.as_object_mut(), rest) {
            line.extend(rest);
        }
        output.json_line(&line);
    };
    let (outcome, status, text) = match end {
        End::Working {
            account,
            was_already,
        } => {
            line(
                "working",
                json!({
                    "status": SessionStatus::Working,
                    "account": account.number,
                    "push_name": account.push_name,
                }),
            );
            let (account, push_name) = (account.number, account.push_name);
            output.say(&if was_already {
                Text::PairAlready {
                    name,
                    account,
                    push_name,
                }
            } else {
                Text::PairDone {
                    name,
                    account,
                    push_name,
                }
            });
            return Exit::Done;
        }
        End::Lost(status) => {
            let outcome = match status {
                SessionStatus::Failed => "failed",
                _ => "stopped",
            };
            let text = Text::PairLost {
                name,
                status: status.to_string(),
            };
            (outcome, Some(status), text)
        }
        End::TimedOut => ("timed_out", None, Text::PairTimedOut { name }),
        End::Interrupted => ("interrupted", None, Text::PairInterrupted { name }),
    };
    line(outcome, json!({"status": status}));
    output.note(&text);
    Exit::Unfinished
}
