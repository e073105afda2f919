//! Follows a session until a phone has paired it, and shows what the phone needs meanwhile.

use std::time::Duration;

use serde_json::json;
use waha_client::api::pairing::{PairingError, PairingOptions, PairingSteps, QrImage, Step};
use waha_client::{ChatId, SessionStatus};

use super::pair::Way;
use super::screen::Screen;
use super::show::account;
use super::{AccountWords, Desk, failure};
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::qr::Matrix;

/// How often the session is looked at. A code lives 20 s at least (recorded).
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the wait for a phone ended.
pub(super) enum End {
    Working {
        account: AccountWords,
        was_already: bool,
    },
    /// FAILED or STOPPED: no phone can pair it now.
    Lost(SessionStatus),
    TimedOut,
    Interrupted,
}

/// Follows one session.
pub(super) struct Watch<'a> {
    desk: &'a Desk<'a>,
    way: &'a Way,
    screen: Screen<'a>,
    is_anything_shown: bool,
    is_away_told: bool,
    is_passkey_told: bool,
}

impl<'a> Watch<'a> {
    pub(super) fn new(desk: &'a Desk<'a>, way: &'a Way) -> Self {
        let invert = matches!(way, Way::Qr { invert: true, .. });
        Self {
            desk,
            way,
            screen: Screen::new(&desk.setup.output, invert),
            is_anything_shown: false,
            is_away_told: false,
            is_passkey_told: false,
        }
    }

    /// Takes what was shown off the terminal.
    pub(super) fn take_back(&mut self) {
        self.screen.take_back();
    }

    /// Until no phone is needed any more, or none can pair it.
    ///
    /// # Errors
    /// When the session is not there or not one that can be paired, or the server refuses.
    pub(super) async fn until_paired(&mut self) -> Result<End, Failure> {
        let info = self.desk.look().await?;
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
        let mut steps = self.steps()?;
        while let Some(step) = steps.next().await {
            match step {
                Ok(Step::Working(me)) => {
                    return Ok(End::Working {
                        account: AccountWords::of_me(Some(&me)),
                        was_already: false,
                    });
                }
                Ok(step) => self.tell(step)?,
                Err(error) => return self.end(error),
            }
        }
        Ok(End::Interrupted)
    }

    fn steps(&self) -> Result<PairingSteps, Failure> {
        let options = match self.way {
            Way::Qr { out: None, .. } => PairingOptions::qr(),
            Way::Qr { out: Some(_), .. } => PairingOptions::qr_image(),
            Way::Code { phone } => {
                let phone = ChatId::phone(&phone.to_string()).map_err(Failure::other)?;
                PairingOptions::code(phone)
            }
        };
        let speed = self
            .desk
            .setup
            .settings
            .fast_clock
            .map_or(1.0, |fast| fast.speed);
        let options = options.poll_every(LOOK_EVERY.div_f64(speed));
        Ok(self.desk.client.pairing().steps(&self.desk.name, options))
    }

    fn tell(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Qr(text) => self.draw(&text)?,
            Step::QrImage(picture) => self.write(&picture)?,
            Step::Code(code) => self.say_code(code),
            Step::Passkey(_) | Step::PasskeyCode(_) => self.ask_for_passkey(),
            Step::Away(_) => self.tell_that_it_is_away(),
            _ => {}
        }
        Ok(())
    }

    fn end(&self, error: PairingError) -> Result<End, Failure> {
        match error {
            PairingError::Ended(status) => Ok(End::Lost(status)),
            PairingError::TimedOut { .. } => Ok(End::TimedOut),
            PairingError::NoAccount => Ok(End::Working {
                account: AccountWords::default(),
                was_already: false,
            }),
            PairingError::Refused(error) if matches!(self.way, Way::Code { .. }) => Err(
                failure::of_change(&error, &self.desk.url(), &self.desk.name),
            ),
            PairingError::UnknownSession(error)
            | PairingError::Unauthorized(error)
            | PairingError::Refused(error) => Err(self.desk.failure(&error)),
            other => Err(Failure::other(other)),
        }
    }

    fn ask_for_passkey(&mut self) {
        if !std::mem::replace(&mut self.is_passkey_told, true) {
            self.screen.note(&Text::PairPasskey);
        }
    }

    fn tell_that_it_is_away(&mut self) {
        if !std::mem::replace(&mut self.is_away_told, true) {
            let url = self.desk.url();
            self.screen.note(&Text::PairServerAway { url });
        }
    }

    fn draw(&mut self, text: &str) -> Result<(), Failure> {
        let output = &self.desk.setup.output;
        output.json_line(&json!({"event": "qr", "value": text}));
        if output.is_json() {
            return Ok(());
        }
        let matrix =
            Matrix::of(text).ok_or_else(|| Failure::new(Exit::NotReady, Text::PairUndrawable))?;
        if !std::mem::replace(&mut self.is_anything_shown, true) {
            output.say(&Text::PairScan);
        }
        self.screen.show(&matrix);
        Ok(())
    }

    fn write(&mut self, picture: &QrImage) -> Result<(), Failure> {
        let Way::Qr {
            out: Some(file), ..
        } = self.way
        else {
            return Ok(());
        };
        let bytes = picture
            .bytes()
            .ok_or_else(|| Failure::new(Exit::NotReady, Text::PairUndrawable))?;
        let shown = file.display().to_string();
        std::fs::write(file, bytes).map_err(|error| {
            Failure::other_text(Text::CannotWrite {
                path: shown.clone(),
                why: error.to_string(),
            })
        })?;
        let output = &self.desk.setup.output;
        output.json_line(&json!({"event": "qr", "file": file}));
        let is_first = !std::mem::replace(&mut self.is_anything_shown, true);
        output.say(&match is_first {
            true => Text::PairScanFile { file: shown },
            false => Text::PairNewFile { file: shown },
        });
        Ok(())
    }

    fn say_code(&self, code: String) {
        let Way::Code { phone } = self.way else {
            return;
        };
        let output = &self.desk.setup.output;
        output.json_line(&json!({"event": "code", "code": code, "phone": phone}));
        output.say(&Text::PairCode {
            code,
            phone: phone.to_string(),
        });
    }
}
