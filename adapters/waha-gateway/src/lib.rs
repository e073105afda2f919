//! The campaign engine's way to WhatsApp through WAHA: [`WahaGateway`] is the engine's [`Gateway`] over `waha-client`.
//!
//! It sends once, looks up, observes, and turns events into notices. What failed answers mean is one table,
//! [`failures`]. It repeats nothing and decides nothing; sessions all live on one server.
//!
//! ```no_run
//! use std::sync::Arc;
//! use campaign_core::clock::SystemClock;
//! use campaign_core::gateway::{Gateway, Session};
//! use waha_client::WahaClient;
//! use waha_gateway::{Options, WahaGateway};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = WahaClient::builder("http://localhost:3000").api_key("secret").build()?;
//! let gateway = WahaGateway::new(client, Arc::new(SystemClock::new()), Options::default());
//! println!("{:?}", gateway.observe(&Session::new("default")).await);
//! # Ok(())
//! # }
//! ```
//!
//! Acks reach the driver by [`pump`], or from verified webhooks by [`WahaGateway::notices`].
#![deny(missing_docs)]

mod events;
pub mod failures;
mod find;
mod lids;
mod media;
mod observe;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use campaign_core::clock::Clock;
use campaign_core::consent::Lid;
use campaign_core::failure::Outcome;
use campaign_core::gateway::{
    Finding, Found, Gateway, Guard, NumberStatus, Observation, Sending, Session,
};
use campaign_core::message::{MediaSource, MessageKind};
use campaign_core::phone::{PhoneNumber, masked};
use waha_client::{
    CallOptions, ChatId, Error, FileMessage, GuardRefusal, IdError, Sent, SessionName, TextMessage,
    WahaClient,
};

use crate::lids::Lids;
use crate::media::{MediaFiles, MediaProblem};
use crate::observe::Platform;

pub use crate::events::pump;
pub use crate::observe::server_name;

/// How long the gateway waits for answers.
///
/// WAHA sends a message whose client has left all the same (recorded), so a send is kept open rather than given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// A text. 120 s.
    pub text: Duration,
    /// An image or file, which WAHA may have to fetch and to upload first. 300 s.
    pub media: Duration,
    /// A look-up. 30 s: WAHA itself waits up to 15 s for a session (recorded).
    pub look_up: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            text: Duration::from_secs(120),
            media: Duration::from_secs(300),
            look_up: Duration::from_secs(30),
        }
    }
}

impl Timeouts {
    /// All of them times `factor`: `1.0 / speed` for a simulator that runs at `speed`. A factor that is not a positive
    /// number changes nothing.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let scale = |wait: Duration| {
            if factor > 0.0 {
                Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(wait)
            } else {
                wait
            }
        };
        Self {
            text: scale(self.text),
            media: scale(self.media),
            look_up: scale(self.look_up),
        }
    }
}

/// What a gateway may be told.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long it waits.
    pub timeouts: Timeouts,
    /// How many times as fast as the server's clock ours runs; 1 but for a simulator under an accelerated clock. The
    /// server's uptime is counted in our time by it, and its wall clock is left out of account unless it is 1.
    pub clock_speed: f64,
    /// Where relative paths of images and files begin; the current directory unless told.
    pub media_folder: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            clock_speed: 1.0,
            media_folder: None,
        }
    }
}

impl Options {
    /// For a simulator that runs at `speed`, under a clock that does so too.
    #[must_use]
    pub fn at_speed(speed: f64) -> Self {
        Self {
            timeouts: Timeouts::default().scaled(1.0 / speed),
            clock_speed: speed,
            media_folder: None,
        }
    }
}

/// The gateway to one WAHA server. Cheap to clone; clones share what it has learnt.
#[derive(Clone)]
pub struct WahaGateway(Arc<Inner>);

struct Inner {
    client: WahaClient,
    clock: Arc<dyn Clock>,
    options: Options,
    media: MediaFiles,
    lids: Lids,
    platform: Platform,
}

impl WahaGateway {
    /// A gateway over a client; `clock` is the engine's.
    pub fn new(client: WahaClient, clock: Arc<dyn Clock>, options: Options) -> Self {
        Self(Arc::new(Inner {
            lids: Lids::new(&client),
            client,
            clock,
            media: MediaFiles::new(options.media_folder.clone()),
            options,
            platform: Platform::default(),
        }))
    }

    /// The client of the server that a session lives on.
    fn client_of(&self, _session: &Session) -> &WahaClient {
        &self.0.client
    }

    async fn ask_about(&self, session: &Session, phone: PhoneNumber) -> NumberStatus {
        let Ok(route) = Route::new(session, phone) else {
            return NumberStatus::Unknown;
        };
        let contacts = self.client_of(session).contacts();
        match contacts.check_exists(&route.session, &route.chat).await {
            Ok(status) if status.number_exists => NumberStatus::OnWhatsapp,
            Ok(_) => NumberStatus::NotOnWhatsapp,
            Err(error) => {
                tracing::warn!(%error, phone = %phone.masked(), "it could not be found out whether a number is on WhatsApp");
                NumberStatus::Unknown
            }
        }
    }

    /// WAHA stops the session and starts it, and answers as soon as it is starting (recorded).
    async fn start_again(&self, session: &Session) -> bool {
        let Ok(name) = SessionName::new(&*session.0) else {
            return false;
        };
        // Some call their sessions by their numbers.
        let shown = masked(&session.0);
        tracing::warn!(session = %shown, "restarting a session that seems to be dead");
        match self.client_of(session).sessions().restart(&name).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, session = %shown, "a session could not be restarted");
                false
            }
        }
    }

    async fn send_text(
        &self,
        sending: &Sending,
        route: &Route,
        guard: Guard,
    ) -> Result<Sent, Error> {
        let message = TextMessage::new(&route.session, &route.chat, &sending.message.text)
            .id(&sending.message_id)
            .link_preview(false);
        let options = guarded(guard).response_timeout(self.0.options.timeouts.text);
        self.client_of(&sending.session)
            .chatting()
            .send_text_with(&message, options)
            .await
    }

    async fn send_media(
        &self,
        sending: &Sending,
        route: &Route,
        media: &MediaSource,
        guard: Guard,
    ) -> Result<Result<Sent, Error>, MediaProblem> {
        let file = self.0.media.file(sending.message.kind, media).await?;
        let mut message =
            FileMessage::new(&route.session, &route.chat, &file).id(&sending.message_id);
        if !sending.message.text.is_empty() {
            message = message.caption(&sending.message.text);
        }
        let options = guarded(guard).response_timeout(self.0.options.timeouts.media);
        let chatting = self.client_of(&sending.session).chatting();
        Ok(match sending.message.kind {
            MessageKind::Image => chatting.send_image_with(&message, options).await,
            MessageKind::Text | MessageKind::File => {
                chatting.send_file_with(&message, options).await
            }
        })
    }
}

#[async_trait]
impl Gateway for WahaGateway {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        let route = match Route::new(&sending.session, sending.to) {
            Ok(route) => route,
            Err(error @ IdError::SessionName) => return failures::no_session(&error.to_string()),
            Err(error) => return failures::refused(&error.to_string()),
        };
        self.0.lids.sent(&sending.message_id, &route.chat);
        let (result, fetches_url) = match &sending.message.media {
            None => (self.send_text(sending, &route, guard).await, false),
            Some(media) => match self.send_media(sending, &route, media, guard).await {
                Ok(result) => (result, matches!(media, MediaSource::Url(_))),
                Err(problem) if problem.may_pass => return failures::broken(&problem.text),
                Err(problem) => return failures::refused(&problem.text),
            },
        };
        if let Ok(sent) = &result
            && let Some(chat) = sent.id.as_ref().and_then(|id| id.chat())
        {
            self.0.lids.of(&route.session).learn(&route.chat, chat);
        }
        failures::outcome(result, fetches_url)
    }

    async fn find(&self, finding: &Finding) -> Found {
        self.look_for(finding).await
    }

    async fn check(&self, session: &Session, phone: PhoneNumber) -> NumberStatus {
        self.ask_about(session, phone).await
    }

    async fn restart(&self, session: &Session) -> bool {
        self.start_again(session).await
    }

    async fn phone_of(&self, session: &Session, lid: Lid) -> Option<PhoneNumber> {
        let session = SessionName::new(&*session.0).ok()?;
        let chat = ChatId::lid(&lid.number().to_string()).ok()?;
        match self.0.lids.of(&session).phone_of(&chat).await {
            Ok(phone) => PhoneNumber::from_e164_digits(phone?.phone_digits()?).ok(),
            Err(error) => {
                tracing::warn!(%error, ?lid, "it could not be found out whose phone belongs to a LID");
                None
            }
        }
    }

    async fn lid_of(&self, session: &Session, phone: PhoneNumber) -> Option<Lid> {
        let route = Route::new(session, phone).ok()?;
        match self.0.lids.of(&route.session).lid_of(&route.chat).await {
            Ok(lid) => lids::lid_in(&lid?),
            Err(error) => {
                tracing::warn!(%error, phone = %phone.masked(), "the LID of a phone could not be found out");
                None
            }
        }
    }

    async fn observe(&self, session: &Session) -> Observation {
        self.look_at(session).await
    }
}

/// A session and a chat as WAHA names them.
struct Route {
    session: SessionName,
    chat: ChatId,
}

impl Route {
    fn new(session: &Session, to: PhoneNumber) -> Result<Self, IdError> {
        Ok(Self {
            session: SessionName::new(&*session.0)?,
            chat: ChatId::phone(&to.to_string())?,
        })
    }
}

/// Has the connection ask the engine's guard in the poll that writes the body.
fn guarded(guard: Guard) -> CallOptions {
    CallOptions::new().guarded_by(move || guard.ask().map_err(GuardRefusal::new))
}
