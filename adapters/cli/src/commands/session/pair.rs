//! `session qr` and `session code`: pairs a session with a phone, and waits until it works.

use std::path::PathBuf;
use std::time::Duration;

use campaign_core::phone::{LinePolicy, PhoneNumber, Region, normalize};
use serde_json::{Value, json};
use waha_client::{ChatId, Error, SessionStatus};

use super::screen::Screen;
use super::show::account;
use super::{AccountWords, Desk, failure};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::duration;
use crate::output::Output;
use crate::qr::Matrix;
use crate::settings::Setting;
use crate::setup::Setup;
use crate::signals::Signals;

/// How often the session is looked at. A code lives 20 s at least (recorded).
const LOOK_EVERY: Duration = Duration::from_secs(1);

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
        let region = Region::new(&region.value)
            .map_err(|error| usage("region", &region, error.to_string()))?;
        let phone = normalize(phone, region, LinePolicy::AnyLine)
            .map_err(|error| Failure::refused(Text::Plain(error.to_string())))?;
        Ok(Self::Code { phone })
    }
}

/// How the wait for a phone ended.
enum End {
    Working {
        account: AccountWords,
        was_already: bool,
    },
    /// FAILED or STOPPED: no phone can pair it now.
    Lost(SessionStatus),
    TimedOut,
    Interrupted,
}

/// Pairs the session. With `--json` everything is one line after the other, what went wrong included.
pub(super) async fn pair(
    setup: &Setup,
    name: Option<String>,
    way: Way,
    timeout: Option<String>,
) -> Result<Exit, Failure> {
    let ended = wait_for_phone(setup, name, &way, timeout).await;
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

async fn wait_for_phone(
    setup: &Setup,
    name: Option<String>,
    way: &Way,
    timeout: Option<String>,
) -> Result<Exit, Failure> {
    let patience = patience(&setup.output, timeout)?;
    let desk = Desk::open(setup, name).await?;
    let invert = matches!(way, Way::Qr { invert: true, .. });
    let mut watch = Watch {
        desk: &desk,
        way,
        screen: Screen::new(&setup.output, invert),
        shown: None,
        is_away_told: false,
        is_passkey_told: false,
    };
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
    watch.screen.take_back();
    tell(&desk, end?).await
}

fn patience(output: &Output, timeout: Option<String>) -> Result<Option<Duration>, Failure> {
    let Some(given) = timeout else {
        return Ok(None);
    };
    match duration(&given).filter(|time| !time.is_zero()) {
        Some(time) => Ok(Some(time)),
        None => {
            let set = Setting {
                value: given,
                origin: crate::settings::Origin::Flag,
            };
            Err(usage("timeout", &set, output.words(&Text::PairTimeout)))
        }
    }
}

fn usage(what: &'static str, set: &Setting<String>, example: String) -> Failure {
    Failure::new(
        Exit::Usage,
        Text::WrongSetting {
            what,
            value: set.value.clone(),
            origin: set.origin.to_string(),
            example,
        },
    )
}

/// Looks at a session until a phone has paired it, and shows what the phone needs meanwhile.
struct Watch<'a> {
    desk: &'a Desk<'a>,
    way: &'a Way,
    screen: Screen<'a>,
    /// The code that is shown.
    shown: Option<String>,
    is_away_told: bool,
    is_passkey_told: bool,
}

impl Watch<'_> {
    async fn until_paired(&mut self) -> Result<End, Failure> {
        let mut info = self.desk.look().await?;
        match info.status {
            SessionStatus::Working => {
                return Ok(End::Working {
                    account: account(self.desk, &info).await,
                    was_already: true,
                });
            }
            SessionStatus::Stopped | SessionStatus::Failed => {
                return Err(Failure::new(
                    Exit::NotReady,
                    Text::SessionStands {
                        name: self.desk.name(),
                        status: info.status.to_string(),
                    },
                ));
            }
            _ => {}
        }
        loop {
            match info.status {
                SessionStatus::Working => {
                    return Ok(End::Working {
                        account: account(self.desk, &info).await,
                        was_already: false,
                    });
                }
                SessionStatus::Stopped | SessionStatus::Failed => {
                    return Ok(End::Lost(info.status));
                }
                SessionStatus::ScanQrCode => self.offer().await?,
                SessionStatus::PasskeyRequired | SessionStatus::PasskeyConfirmationRequired => {
                    self.ask_for_passkey();
                }
                _ => {}
            }
            info = loop {
                self.desk.pause(LOOK_EVERY).await;
                match self.desk.client.sessions().get(&self.desk.name).await {
                    Ok(info) => break info,
                    Err(error) => self.bear(&error)?,
                }
            };
        }
    }

    fn ask_for_passkey(&mut self) {
        if !std::mem::replace(&mut self.is_passkey_told, true) {
            self.screen.note(&Text::PairPasskey);
        }
    }

    /// Shows the phone what it needs, if that is new.
    async fn offer(&mut self) -> Result<(), Failure> {
        let offered = match self.way {
            Way::Qr { out: None, .. } => self.draw().await,
            Way::Qr {
                out: Some(file), ..
            } => self.write(file).await,
            Way::Code { phone } => return self.ask_for_code(*phone).await,
        };
        match offered {
            Ok(()) => Ok(()),
            Err(Trouble::Failure(failure)) => Err(failure),
            // It was scanned, or gave up, since it was looked at.
            Err(Trouble::Client(error)) if error.session_status().is_some() => Ok(()),
            Err(Trouble::Client(error)) => self.bear(&error),
        }
    }

    /// The QR code's text, when it is another one than before.
    async fn new_text(&mut self) -> Result<Option<String>, Error> {
        let text = self.desk.client.pairing().qr_text(&self.desk.name).await?;
        Ok(Some(text).filter(|text| self.shown.as_ref() != Some(text)))
    }

    async fn draw(&mut self) -> Result<(), Trouble> {
        let Some(text) = self.new_text().await? else {
            return Ok(());
        };
        let output = &self.desk.setup.output;
        output.json_line(&json!({"event": "qr", "value": text}));
        if !output.is_json() {
            let matrix = Matrix::of(&text)
                .ok_or_else(|| Failure::new(Exit::NotReady, Text::PairUndrawable))?;
            if self.shown.is_none() {
                output.say(&Text::PairScan);
            }
            self.screen.show(&matrix);
        }
        self.shown = Some(text);
        Ok(())
    }

    async fn write(&mut self, file: &PathBuf) -> Result<(), Trouble> {
        let Some(text) = self.new_text().await? else {
            return Ok(());
        };
        let picture = self.desk.client.pairing().qr_png(&self.desk.name).await?;
        let shown = file.display().to_string();
        std::fs::write(file, &picture).map_err(|error| {
            Failure::other_text(Text::CannotWrite {
                path: shown.clone(),
                why: error.to_string(),
            })
        })?;
        let output = &self.desk.setup.output;
        output.json_line(&json!({"event": "qr", "value": text, "file": file}));
        output.say(&match self.shown {
            None => Text::PairScanFile { file: shown },
            Some(_) => Text::PairNewFile { file: shown },
        });
        self.shown = Some(text);
        Ok(())
    }

    /// Asks once: each code makes the one before it worthless.
    async fn ask_for_code(&mut self, phone: PhoneNumber) -> Result<(), Failure> {
        if self.shown.is_some() {
            return Ok(());
        }
        let desk = self.desk;
        let chat = ChatId::phone(&phone.to_string()).map_err(Failure::other)?;
        let code = desk.client.pairing().request_code(&desk.name, &chat).await;
        let code = code.map_err(|error| failure::of_change(&error, &desk.url(), &desk.name))?;
        let output = &desk.setup.output;
        output.json_line(&json!({"event": "code", "code": code, "phone": phone}));
        output.say(&Text::PairCode {
            code: code.clone(),
            phone: phone.to_string(),
        });
        self.shown = Some(code);
        Ok(())
    }

    /// Goes on after an error that may pass; the phone can still be paired meanwhile.
    fn bear(&mut self, error: &Error) -> Result<(), Failure> {
        if !failure::is_passing(error) {
            return Err(self.desk.failure(error));
        }
        if !std::mem::replace(&mut self.is_away_told, true) {
            let url = self.desk.url();
            self.screen.note(&Text::PairServerAway { url });
        }
        Ok(())
    }
}

/// Why nothing could be shown.
enum Trouble {
    Client(Error),
    Failure(Failure),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Client(error)
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Says how it ended, and what to do next.
async fn tell(desk: &Desk<'_>, end: End) -> Result<Exit, Failure> {
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
            return Ok(Exit::Done);
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
    Ok(Exit::Unfinished)
}
