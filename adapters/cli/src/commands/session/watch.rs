//! Looks at a session until a phone has paired it.
//!
//! It asks again and again rather than listening: proxies before WAHA often let no websocket through.

use std::path::Path;
use std::time::Duration;

use campaign_core::phone::PhoneNumber;
use serde_json::json;
use waha_client::{ChatId, Error, SessionStatus};

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

/// Looks at a session until a phone has paired it, and shows what the phone needs meanwhile.
pub(super) struct Watch<'a> {
    desk: &'a Desk<'a>,
    way: &'a Way,
    screen: Screen<'a>,
    /// The code that is shown.
    shown: Option<String>,
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
            shown: None,
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

    async fn write(&mut self, file: &Path) -> Result<(), Trouble> {
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
