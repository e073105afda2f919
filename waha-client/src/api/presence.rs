//! Presence: who is online, typing or recording; and what the account itself shows.
//!
//! WhatsApp tells of nobody who was not asked about: subscribe to a chat first, then ask, or listen to `presence.update`
//! events. People can hide when they were last online. The types are those of WAHA's specification; presences have one form for
//! all engines (WAHA source).

use serde::{Deserialize, Serialize};

use crate::client::WahaClient;
use crate::endpoint::{Endpoint, Wait, json, nothing};
use crate::error::Error;
use crate::ids::{ChatId, SessionName};
use crate::types::{Extra, optional_number, readable, text_enum};

/// The group of presence calls.
#[derive(Debug, Clone, Copy)]
pub struct Presence<'a>(pub(crate) &'a WahaClient);

text_enum! {
    /// What somebody does.
    PresenceStatus {
        /// Not in WhatsApp.
        Offline = "offline",
        /// In WhatsApp.
        Online = "online",
        /// Writes.
        Typing = "typing",
        /// Records a voice message.
        Recording = "recording",
        /// Has stopped writing or recording.
        Paused = "paused",
    }
}

/// Who does what in a chat.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ChatPresences {
    /// The chat.
    pub id: ChatId,
    /// Each person in it that something is known of.
    #[serde(default)]
    pub presences: Option<Vec<PersonPresence>>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What one person in a chat does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PersonPresence {
    /// Who.
    pub participant: ChatId,
    /// What they did last, as far as the session knows.
    #[serde(default, deserialize_with = "readable")]
    pub last_known_presence: Option<PresenceStatus>,
    /// When they were last online, Unix seconds; `None` when that is hidden or they still are, and always on WPP (WAHA
    /// source).
    #[serde(rename = "lastSeen", default, deserialize_with = "optional_number")]
    pub last_seen_s: Option<i64>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What the account shows: to everybody, or in one chat. WAHA answers 400 for a mix of the two (WAHA source).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnPresence<'a> {
    /// In WhatsApp. While it is, the phone may show no notifications.
    Online,
    /// Not in WhatsApp.
    Offline,
    /// Writes in a chat.
    Typing(&'a ChatId),
    /// Records a voice message in a chat.
    Recording(&'a ChatId),
    /// Has stopped writing or recording in a chat.
    Paused(&'a ChatId),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    presence: PresenceStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<&'a ChatId>,
}

impl<'a> From<OwnPresence<'a>> for Shown<'a> {
    fn from(own: OwnPresence<'a>) -> Self {
        let (presence, chat_id) = match own {
            OwnPresence::Online => (PresenceStatus::Online, None),
            OwnPresence::Offline => (PresenceStatus::Offline, None),
            OwnPresence::Typing(chat) => (PresenceStatus::Typing, Some(chat)),
            OwnPresence::Recording(chat) => (PresenceStatus::Recording, Some(chat)),
            OwnPresence::Paused(chat) => (PresenceStatus::Paused, Some(chat)),
        };
        Self { presence, chat_id }
    }
}

impl Presence<'_> {
    /// Shows the account as online, offline, typing, and so on.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING; 501 for what the engine cannot show (recorded).
    pub async fn set(&self, session: &SessionName, own: OwnPresence<'_>) -> Result<(), Error> {
        self.0.call(set(session, own)).await
    }

    /// All chats that are subscribed to.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING. 501 on WEBJS (WAHA documentation and source), an engine without
    /// [`Feature::AllPresences`](crate::Feature::AllPresences).
    pub async fn all(&self, session: &SessionName) -> Result<Vec<ChatPresences>, Error> {
        self.0.call(all(session)).await
    }

    /// Who does what in a chat. Subscribes to it, too, so that the first answer may know nobody yet.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn of_chat(
        &self,
        session: &SessionName,
        chat: &ChatId,
    ) -> Result<ChatPresences, Error> {
        self.0.call(of_chat(session, chat)).await
    }

    /// Subscribes to a chat: `presence.update` events tell of it from now on.
    ///
    /// # Errors
    ///
    /// 422 when the session is not WORKING.
    pub async fn subscribe(&self, session: &SessionName, chat: &ChatId) -> Result<(), Error> {
        self.0.call(subscribe(session, chat)).await
    }
}

/// `POST /api/{session}/presence`. Recorded.
pub fn set(session: &SessionName, own: OwnPresence<'_>) -> Endpoint<()> {
    Endpoint::post("/api/{session}/presence", &[session.as_str()], nothing)
        .json(&Shown::from(own))
        .waiting(Wait::Session)
}

/// `GET /api/{session}/presence`. Needs [`Feature::AllPresences`](crate::Feature::AllPresences). Recorded is an empty list;
/// what stands in one is WAHA's specification.
pub fn all(session: &SessionName) -> Endpoint<Vec<ChatPresences>> {
    Endpoint::get("/api/{session}/presence", &[session.as_str()], json).waiting(Wait::Session)
}

/// `GET /api/{session}/presence/{chatId}`. WAHA's specification.
pub fn of_chat(session: &SessionName, chat: &ChatId) -> Endpoint<ChatPresences> {
    const PATH: &str = "/api/{session}/presence/{chatId}";
    Endpoint::get(PATH, &[session.as_str(), chat.as_str()], json).waiting(Wait::Session)
}

/// `POST /api/{session}/presence/{chatId}/subscribe`. WAHA's specification, which leaves the answer open.
pub fn subscribe(session: &SessionName, chat: &ChatId) -> Endpoint<()> {
    const PATH: &str = "/api/{session}/presence/{chatId}/subscribe";
    Endpoint::post(PATH, &[session.as_str(), chat.as_str()], nothing).waiting(Wait::Session)
}
