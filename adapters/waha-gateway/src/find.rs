//! Looking a message up by its id: found, not there, or nothing can be said.
//!
//! A message that is not there proves something only when the same look-up finds another one of that session, the
//! control. What the proof needs besides is the engine's business.

use campaign_core::delivery::Ack;
use campaign_core::gateway::{Finding, Found, Session};
use campaign_core::phone::PhoneNumber;
use waha_client::{CallOptions, api::chats};
use waha_client::{ChatId, Error, Message, MessageId, SessionName};

use crate::{Route, WahaGateway};

/// Where a look-up ended.
enum Looked {
    /// The message is there.
    There {
        ack: Ack,
        /// In the chat with the LID, and not in the one with the phone.
        by_lid: bool,
    },
    /// It is in no chat that was looked into.
    Nowhere {
        /// The chat with the LID was one of them.
        with_lid: bool,
    },
}

impl WahaGateway {
    pub(crate) async fn look_for(&self, finding: &Finding) -> Found {
        let session = &finding.session;
        let with_lid = match self.look_up(session, finding.to, &finding.message_id).await {
            Ok(Looked::There { ack, .. }) => return Found::Found(ack),
            Ok(Looked::Nowhere { with_lid }) => with_lid,
            Err(why) => return Found::Unknown { why },
        };
        let Some(control) = &finding.control else {
            return Found::Absent { complete: false };
        };
        match self.look_up(session, control.to, &control.message_id).await {
            // A server that keeps the control under its LID may keep this message under one that we do not know.
            Ok(Looked::There { by_lid, .. }) => Found::Absent {
                complete: !by_lid || with_lid,
            },
            Ok(Looked::Nowhere { .. }) => Found::Absent { complete: false },
            Err(why) => Found::Unknown { why },
        }
    }

    async fn look_up(
        &self,
        session: &Session,
        to: PhoneNumber,
        message_id: &str,
    ) -> Result<Looked, Box<str>> {
        let route = Route::new(session, to).map_err(|error| error.to_string())?;
        if let Some(ack) = self
            .look_into(session, &route.session, &route.chat, message_id)
            .await?
        {
            return Ok(Looked::There { ack, by_lid: false });
        }
        let Some(lid) = self.lid_of(&route).await? else {
            return Ok(Looked::Nowhere { with_lid: false });
        };
        let found = self.look_into(session, &route.session, &lid, message_id);
        Ok(match found.await? {
            Some(ack) => Looked::There { ack, by_lid: true },
            None => Looked::Nowhere { with_lid: true },
        })
    }

    /// The chat with the phone's LID, as events have told it or as the server knows it.
    async fn lid_of(&self, route: &Route) -> Result<Option<ChatId>, Box<str>> {
        match self.0.lids.of(&route.session).lid_of(&route.chat).await {
            Ok(lid) => Ok(lid),
            Err(error) if is_not_offered(&error) => Ok(None),
            Err(error) => Err(why(&error)),
        }
    }

    /// Looks for an own message in one chat.
    async fn look_into(
        &self,
        session: &Session,
        name: &SessionName,
        chat: &ChatId,
        message_id: &str,
    ) -> Result<Option<Ack>, Box<str>> {
        // The canonical form is understood by every engine; NOWEB takes the bare id as well (both recorded).
        let wanted = MessageId::own(chat.clone(), message_id);
        let endpoint = chats::message(name, chat, &wanted.to_string());
        let options = CallOptions::new().response_timeout(self.0.options.timeouts.look_up);
        match self.client_of(session).call_with(endpoint, options).await {
            Ok(message) if message.is_from_me() && message.id.bare() == message_id => {
                Ok(Some(ack_of(&message)))
            }
            Ok(_) => Err("the server answered the look-up with another message".into()),
            Err(error) if error.is_message_not_found() => Ok(None),
            Err(error) => Err(why(&error)),
        }
    }
}

/// The server has no such call, or not for this engine.
fn is_not_offered(error: &Error) -> bool {
    matches!(error.status(), Some(404 | 501)) && !error.is_unknown_session()
}

fn ack_of(message: &Message) -> Ack {
    message.ack.and_then(acknowledged).unwrap_or(Ack::Pending)
}

/// The engine's word for a level; `None` for one that WAHA did not have when this was written.
pub(crate) fn acknowledged(ack: waha_client::Ack) -> Option<Ack> {
    match ack {
        waha_client::Ack::Error => Some(Ack::Error),
        waha_client::Ack::Pending => Some(Ack::Pending),
        waha_client::Ack::Server => Some(Ack::Server),
        waha_client::Ack::Device => Some(Ack::Device),
        waha_client::Ack::Read => Some(Ack::Read),
        waha_client::Ack::Played => Some(Ack::Played),
        _ => None,
    }
}

/// Why nothing could be found out, with what would help, for the operator.
fn why(error: &Error) -> Box<str> {
    if error.is_store_disabled() {
        return "the session keeps no messages: turn its store on (config.noweb.store.enabled) and look again".into();
    }
    if let Some(status) = error.session_status() {
        return format!("the session is {status}: bring it back to WORKING and look again").into();
    }
    if error.is_unknown_session() {
        return "the server has no such session: create it or correct its name".into();
    }
    if error.is_unauthorized() || error.is_forbidden() {
        return "the server refuses the API key: correct it and look again".into();
    }
    match error {
        // Which says by itself whether it is the server that is away or our own limit.
        Error::NotSent { why } => format!("the look-up was not made: {why}").into(),
        Error::MaybeSent { .. } => format!("the server does not answer: {error}").into(),
        _ => format!("the look-up failed: {error}").into(),
    }
}
