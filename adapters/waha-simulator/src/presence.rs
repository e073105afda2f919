//! Presence: the account's own, the others' as they were told, and "is typing". Setting it is
//! recorded on NOWEB; the rest follows WAHA's source.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::abilities::Ability;
use crate::answer::{Answer, Thrown};
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sending::{CHAT, no_property};
use crate::sessions::{Session, Status};
use crate::shapes::s_whatsapp;
use crate::world::{World, lock};

/// What somebody does in a chat (WAHA's words).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Not there.
    Offline,
    /// There.
    Online,
    /// Writes.
    Typing,
    /// Records a voice message.
    Recording,
    /// Stopped writing.
    Paused,
}

impl Presence {
    /// WAHA's own spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Online => "online",
            Self::Typing => "typing",
            Self::Recording => "recording",
            Self::Paused => "paused",
        }
    }

    /// The presence of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [
            Self::Offline,
            Self::Online,
            Self::Typing,
            Self::Recording,
            Self::Paused,
        ]
        .into_iter()
        .find(|presence| presence.name() == name)
    }

    /// Whether it is about the account as a whole, not about a chat.
    fn is_global(self) -> bool {
        matches!(self, Self::Offline | Self::Online)
    }
}

/// What a session shows, and what it knows of others.
#[derive(Debug, Default)]
pub(crate) struct Presences {
    own: Option<Presence>,
    subscribed: BTreeSet<String>,
    others: BTreeMap<String, BTreeMap<String, Presence>>,
}

impl Presences {
    /// `presence` of the session's information: online, offline, or never set.
    pub(crate) fn own(&self) -> Value {
        self.own
            .map_or(Value::Null, |presence| presence.name().into())
    }
}

/// `/api/{session}/presence...`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("POST", []) => set(world, request, name).await,
        ("GET", []) => {
            let session = world.ready(name, &[Status::Working]).await?;
            world.able(Ability::ListPresences)?;
            let known = lock(&session.presences);
            let chats: Vec<_> = known
                .others
                .iter()
                .map(|(jid, people)| shown(world, jid, people))
                .collect();
            Ok(Answer::ok(&chats.into()))
        }
        ("GET", [chat]) => {
            let session = world.ready(name, &[Status::Working]).await?;
            let jid = s_whatsapp(chat);
            let mut known = lock(&session.presences);
            known.subscribed.insert(jid.clone());
            let nobody = BTreeMap::new();
            let people = known.others.get(&jid).unwrap_or(&nobody);
            Ok(Answer::ok(&shown(world, &jid, people)))
        }
        ("POST", [chat, "subscribe"]) => {
            let session = world.ready(name, &[Status::Working]).await?;
            let jid = s_whatsapp(chat);
            lock(&session.presences).subscribed.insert(jid);
            Ok(Answer::empty(StatusCode::CREATED))
        }
        _ => Err(not_routed(request)),
    }
}

/// `startTyping` and `stopTyping`.
pub(crate) async fn typing(world: &Arc<World>, request: &Request) -> Outcome {
    let name = request.session_name()?;
    world.ready(name, &[Status::Working]).await?;
    match request.field("chatId") {
        Some(Value::String(_)) => Ok(Answer::created(&json!({"result": true}))),
        Some(Value::Null) => Err(no_property(world, request, CHAT, "null", "includes")),
        _ => Err(no_property(world, request, CHAT, "undefined", "includes")),
    }
}

async fn set(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let session = world.ready(name, &[Status::Working]).await?;
    let word = request
        .field("presence")
        .and_then(Value::as_str)
        .unwrap_or("undefined");
    let has_chat = request
        .field("chatId")
        .and_then(Value::as_str)
        .is_some_and(|chat| !chat.is_empty());
    let presence = Presence::named(word);
    // The refusal is an object of its own (WAHA source).
    let refused = |detail: String| {
        Err(Answer::json(
            StatusCode::BAD_REQUEST,
            &json!({"detail": detail}),
        ))
    };
    match (presence.is_some_and(Presence::is_global), has_chat) {
        (true, true) => {
            return refused(format!(
                "'{word}' presence works on the global scope and doesn't require 'chatId' field."
            ));
        }
        (false, false) => return refused(format!("'{word}' presence requires 'chatId' field.")),
        _ => {}
    }
    let Some(presence) = presence else {
        return Err(unsupported(world, request, word));
    };
    if presence.is_global() {
        lock(&session.presences).own = Some(presence);
    }
    Ok(Answer::empty(StatusCode::CREATED))
}

/// Recorded on NOWEB; whatsmeow's side throws an ordinary error (source).
fn unsupported(world: &World, request: &Request, word: &str) -> Answer {
    match world.settings.engine {
        crate::settings::Engine::Gows => {
            Answer::thrown(world, request, Thrown::error("Invalid presence status"))
        }
        engine => Answer::not_implemented_because(
            engine,
            &format!("{engine} engine doesn't support '{word}' presence. "),
        ),
    }
}

impl World {
    /// Somebody is seen to do something in a chat. Only who was subscribed to is told of.
    pub(crate) fn seen_to_be(
        self: &Arc<Self>,
        session: &Arc<Session>,
        who: &str,
        presence: Presence,
    ) -> bool {
        let jid = s_whatsapp(who);
        let people = {
            let mut known = lock(&session.presences);
            if !known.subscribed.contains(&jid) {
                return false;
            }
            let people = known.others.entry(jid.clone()).or_default();
            people.insert(jid.clone(), presence);
            people.clone()
        };
        self.emit(session, "presence.update", || {
            shown(self, &jid, &people).to_string()
        });
        true
    }
}

fn shown(world: &World, jid: &str, people: &BTreeMap<String, Presence>) -> Value {
    let presences: Vec<_> = people
        .iter()
        .map(|(participant, presence)| {
            json!({
                "participant": world.event_chat(participant),
                "lastKnownPresence": presence.name(),
                "lastSeen": null,
            })
        })
        .collect();
    json!({"id": world.event_chat(jid), "presences": presences})
}
