//! Pairing from the first look to WORKING, as steps: what the session is, what a person has to scan, type or sign, and the
//! account at the end.
//!
//! It asks the server again and again rather than listening: proxies before WAHA often let no websocket through. What a look
//! means is [`Watch`]'s to say, without any request.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::watch::{Look, Watch, passes};
use super::{Pairing, PasskeyChallenge, QrImage};
use crate::client::WahaClient;
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Me, SessionStatus};

/// Ours: questions closer together than this would only be a load.
const POLL_MIN: Duration = Duration::from_millis(10);
/// Looks further apart than this miss QR codes: each but the first lasts 20 s (recorded).
const POLL_MAX: Duration = Duration::from_secs(20);
/// How long a QR code or a challenge is waited for. WAHA answers at once, or waits itself up to 15 s for a session that has
/// moved on (recorded): another look finds that out sooner.
const OFFER_PATIENCE: Duration = Duration::from_secs(3);
/// How many looks pass before another code is asked for: 10 s unless told. Ours: each request is one to WhatsApp, which
/// counts them.
const CODE_PAUSE_LOOKS: u32 = 5;
/// How many requests for a code may fail. Ours: enough for a session that is still on its way, and too few to annoy
/// WhatsApp.
const CODE_FAILURES_MAX: u32 = 3;

/// How a session is paired, and how patiently.
#[derive(Debug, Clone)]
#[must_use]
pub struct PairingOptions {
    way: Way,
    poll_every: Duration,
    within: Option<Duration>,
}

#[derive(Debug, Clone)]
enum Way {
    QrText,
    QrImage,
    Code(ChatId),
}

impl PairingOptions {
    fn new(way: Way) -> Self {
        Self {
            way,
            poll_every: Duration::from_secs(2),
            within: None,
        }
    }

    /// The phone scans a QR code, which the caller draws from its text ([`Step::Qr`]).
    pub fn qr() -> Self {
        Self::new(Way::QrText)
    }

    /// The phone scans a QR code, which comes as a picture ([`Step::QrImage`]).
    pub fn qr_image() -> Self {
        Self::new(Way::QrImage)
    }

    /// A code is typed on the phone with this number ([`Step::Code`]; see [`ChatId::phone`]).
    pub fn code(phone: ChatId) -> Self {
        Self::new(Way::Code(phone))
    }

    /// How often the session is looked at. 2 s unless told, and between 10 ms and 20 s: a QR code lasts 20 s or more.
    pub fn poll_every(mut self, interval: Duration) -> Self {
        self.poll_every = interval.clamp(POLL_MIN, POLL_MAX);
        self
    }

    /// How long it may take in all. Without end unless told; WAHA itself gives up an unscanned session after some minutes,
    /// which is FAILED then.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }
}

/// What happens while a session is paired.
#[non_exhaustive]
pub enum Step {
    /// The session's status, the first time and whenever it is another one.
    Status(SessionStatus),
    /// A QR code's text, whenever it is another one: every 60 s, then every 20 s (recorded). Whoever scans it takes the
    /// session into their account.
    Qr(String),
    /// The same as a picture.
    QrImage(QrImage),
    /// A code to be typed on the phone, such as `ABCD-EFGH`. Asked for once; again only when the session began anew.
    Code(String),
    /// A challenge to be signed with the account's passkey: hand the assertion in with
    /// [`Pairing::submit_passkey`] and go on.
    Passkey(Box<PasskeyChallenge>),
    /// A code to be compared with the one on the phone: confirm it with [`Pairing::confirm_passkey`] and go on.
    PasskeyCode(String),
    /// The server cannot be asked for the moment. It is asked on; the next step, whichever it is, means that it is back.
    Away(Error),
    /// The session is WORKING, with this account. The last step.
    Working(Box<Me>),
}

/// Shows no code: whoever has it can pair.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => f.debug_tuple("Status").field(status).finish(),
            Self::Qr(_) => f.write_str("Qr(..)"),
            Self::QrImage(_) => f.write_str("QrImage(..)"),
            Self::Code(_) => f.write_str("Code(..)"),
            Self::Passkey(_) => f.write_str("Passkey(..)"),
            Self::PasskeyCode(_) => f.write_str("PasskeyCode(..)"),
            Self::Away(error) => f.debug_tuple("Away").field(error).finish(),
            Self::Working(me) => f.debug_tuple("Working").field(me).finish(),
        }
    }
}

/// Why a session was not paired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairingError {
    /// No phone can pair it now. FAILED: nobody did in time, or WhatsApp refused; restart or log out. STOPPED: start it.
    #[error("the session is {0}: restart it, or log it out, and pair again")]
    Ended(SessionStatus),
    /// There is no such session.
    #[error("the server has no such session: create it first")]
    UnknownSession(#[source] Error),
    /// The key is refused, or not allowed to do this.
    #[error("the server refuses the key, or the key may not do this: use another")]
    Unauthorized(#[source] Error),
    /// The time that the caller gave is over.
    #[error("time ran out while the session was {}", .status.as_ref().map_or("unknown", SessionStatus::as_str))]
    TimedOut {
        /// What the session was last; `None` when the server never told.
        status: Option<SessionStatus>,
    },
    /// The session is WORKING, but for 10 s tells no account.
    #[error("the session is WORKING without an account: restart it")]
    NoAccount,
    /// The server answered something that waiting does not cure.
    #[error("pairing was refused: {0}")]
    Refused(#[source] Error),
}

impl From<Error> for PairingError {
    fn from(error: Error) -> Self {
        if error.is_unknown_session() {
            Self::UnknownSession(error)
        } else if error.is_unauthorized() || error.is_forbidden() {
            Self::Unauthorized(error)
        } else {
            Self::Refused(error)
        }
    }
}

/// The steps of one pairing; see [`Pairing::steps`].
#[derive(Debug)]
#[must_use = "steps happen only when they are asked for"]
pub struct PairingSteps {
    client: WahaClient,
    session: SessionName,
    way: Way,
    poll_every: Duration,
    deadline: Option<Instant>,
    watch: Watch,
    look_at: Instant,
    code_at: Instant,
    code_failures: u32,
    is_away_told: bool,
    has_ended: bool,
}

impl Pairing<'_> {
    /// Follows a session until it is WORKING, step by step.
    ///
    /// The session has to run ([`Sessions::start`](crate::api::sessions::Sessions::start)): one that is STOPPED or FAILED, or
    /// becomes so, ends the steps. STOPPED has to last 3 s, since a restart passes through it (recorded).
    ///
    /// ```no_run
    /// # async fn run(waha: waha_client::WahaClient, session: waha_client::SessionName) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use waha_client::api::pairing::{PairingOptions, Step};
    ///
    /// let options = PairingOptions::qr().within(Duration::from_secs(300));
    /// let mut steps = waha.pairing().steps(&session, options);
    /// while let Some(step) = steps.next().await {
    ///     match step? {
    ///         Step::Qr(text) => println!("scan this: {text}"),
    ///         Step::Working(me) => println!("paired with {}", me.id),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn steps(&self, session: &SessionName, options: PairingOptions) -> PairingSteps {
        let now = Instant::now();
        PairingSteps {
            client: self.0.clone(),
            session: session.clone(),
            way: options.way,
            poll_every: options.poll_every,
            deadline: options.within.and_then(|time| now.checked_add(time)),
            watch: Watch::default(),
            look_at: now,
            code_at: now,
            code_failures: 0,
            is_away_told: false,
            has_ended: false,
        }
    }

    /// Follows a session until it is WORKING, tells `on_step` every step before that, and returns the account. The same as
    /// [`Pairing::steps`], for callers who have nothing to wait for between steps. The order of statuses is recorded.
    ///
    /// # Errors
    ///
    /// When the session ends, is missing or refused, or time runs out; see [`PairingError`].
    pub async fn wait_until_working(
        &self,
        session: &SessionName,
        options: PairingOptions,
        mut on_step: impl FnMut(Step),
    ) -> Result<Me, PairingError> {
        let mut steps = self.steps(session, options);
        loop {
            match steps.advance().await? {
                Step::Working(me) => return Ok(*me),
                step => on_step(step),
            }
        }
    }
}

impl PairingSteps {
    /// The next step; `None` after the last one or an error. May be dropped and called again: no step is lost. Only a code
    /// that was being asked for then is asked for anew.
    pub async fn next(&mut self) -> Option<Result<Step, PairingError>> {
        if self.has_ended {
            return None;
        }
        let step = self.advance().await;
        self.has_ended = matches!(step, Err(_) | Ok(Step::Working(_)));
        Some(step)
    }

    async fn advance(&mut self) -> Result<Step, PairingError> {
        let Some(deadline) = self.deadline else {
            return self.look_on().await;
        };
        match timeout_at(deadline, self.look_on()).await {
            Ok(step) => step,
            Err(_) => Err(PairingError::TimedOut {
                status: self.watch.status().cloned(),
            }),
        }
    }

    async fn look_on(&mut self) -> Result<Step, PairingError> {
        loop {
            sleep_until(self.look_at).await;
            if let Some(step) = self.look().await? {
                return Ok(step);
            }
        }
    }

    /// Looks once. Whatever is noted is noted after the last await, so that a dropped look loses nothing.
    async fn look(&mut self) -> Result<Option<Step>, PairingError> {
        let found = self.client.sessions().get(&self.session).await;
        self.look_at = Instant::now() + self.poll_every;
        let info = match found {
            Ok(info) => info,
            Err(error) => return self.bear(error),
        };
        match self.watch.looked(info.status, info.me, Instant::now())? {
            Look::Changed(status) => {
                self.look_at = Instant::now();
                self.is_away_told = false;
                return Ok(Some(Step::Status(status)));
            }
            Look::Working(me) => return Ok(Some(Step::Working(me))),
            Look::Nothing => {}
            Look::Scan => return self.offer_scan().await,
            Look::Passkey => return self.offer_challenge().await,
            Look::PasskeyCode => return self.offer_confirmation().await,
        }
        self.is_away_told = false;
        Ok(None)
    }

    async fn offer_scan(&mut self) -> Result<Option<Step>, PairingError> {
        let pairing = self.client.pairing();
        match &self.way {
            Way::QrText => {
                let text = timeout(OFFER_PATIENCE, pairing.qr_text(&self.session)).await;
                self.offer(text, |text| text.clone(), Step::Qr)
            }
            Way::QrImage => {
                let image = timeout(OFFER_PATIENCE, pairing.qr_image(&self.session)).await;
                self.offer(image, |image| image.base64().to_owned(), Step::QrImage)
            }
            Way::Code(phone) => {
                if self.watch.has_shown() || Instant::now() < self.code_at {
                    self.is_away_told = false;
                    return Ok(None);
                }
                // Not given up while it is under way: the answer is the only place the code is told in.
                let code = pairing.request_code(&self.session, phone).await;
                self.take_code(code)
            }
        }
    }

    fn take_code(&mut self, code: Result<String, Error>) -> Result<Option<Step>, PairingError> {
        let now = Instant::now();
        self.code_at = now + self.poll_every * CODE_PAUSE_LOOKS;
        let error = match code {
            Ok(code) => {
                self.is_away_told = false;
                self.watch.show(&code);
                return Ok(Some(Step::Code(code)));
            }
            Err(error) => error,
        };
        self.code_failures += u32::from(!error.is_not_sent());
        if self.code_failures >= CODE_FAILURES_MAX {
            return Err(error.into());
        }
        // A plain 422 says that the session is not in SCAN_QR_CODE any more (recorded).
        if error.status() == Some(422) && !error.is_unknown_session() {
            return Ok(None);
        }
        self.bear(error)
    }

    async fn offer_challenge(&mut self) -> Result<Option<Step>, PairingError> {
        let asked = self.client.pairing();
        let asked = asked.passkey_challenge(&self.session);
        let challenge = timeout(OFFER_PATIENCE, asked).await;
        self.offer(
            challenge.map(|asked| asked.map(Box::new)),
            |challenge| challenge.challenge.clone(),
            Step::Passkey,
        )
    }

    async fn offer_confirmation(&mut self) -> Result<Option<Step>, PairingError> {
        let asked = self.client.pairing();
        let asked = asked.passkey_confirmation(&self.session);
        let code = timeout(OFFER_PATIENCE, asked).await;
        self.offer(code, |code| code.clone(), Step::PasskeyCode)
    }

    /// A step with what was asked for, if it is another than before.
    fn offer<T>(
        &mut self,
        asked: Result<Result<T, Error>, tokio::time::error::Elapsed>,
        mark: impl FnOnce(&T) -> String,
        step: impl FnOnce(T) -> Step,
    ) -> Result<Option<Step>, PairingError> {
        match asked {
            Ok(Ok(offered)) => {
                self.is_away_told = false;
                let is_new = self.watch.show(&mark(&offered));
                Ok(is_new.then(|| step(offered)))
            }
            // The session has moved on since it was looked at.
            Ok(Err(error)) if error.session_status().is_some() => Ok(None),
            Ok(Err(error)) => self.bear(error),
            Err(_elapsed) => Ok(None),
        }
    }

    /// Goes on after an error that may pass, and tells the first of several.
    fn bear(&mut self, error: Error) -> Result<Option<Step>, PairingError> {
        if !passes(&error) {
            return Err(error.into());
        }
        let pause = error.retry_after().unwrap_or_default().max(self.poll_every);
        let now = Instant::now();
        self.look_at = now.checked_add(pause).unwrap_or(now + self.poll_every);
        let is_told = std::mem::replace(&mut self.is_away_told, true);
        Ok((!is_told).then_some(Step::Away(error)))
    }
}
