//! What is done to messages that are already there: reactions, stars, edits, deletions, pins, poll
//! votes. NOWEB's answers and events are recorded. None of it is a message that somebody gets
//! twice, so none of it is in the ledger.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::abilities::Ability;
use crate::acks::Ack;
use crate::answer::{Answer, Thrown};
use crate::messages::{Content, Message, MessageKey, Rich};
use crate::request::Request;
use crate::routes::Outcome;
use crate::sending::{TEXT, new_id, no_property};
use crate::sessions::{Account, Session, Status};
use crate::settings::Engine;
use crate::shapes::{self, Form, s_whatsapp};
use crate::world::World;

/// The function that takes ids apart (recorded).
const IDS: &str = "parseMessageIdSerialized";

/// A full message id of a request. Anything else is an error of the code that takes it apart.
pub(crate) fn key_from(
    world: &World,
    request: &Request,
    id: Option<&Value>,
) -> Result<MessageKey, Answer> {
    let id = match id {
        Some(Value::String(id)) => id,
        Some(Value::Null) => return Err(no_property(world, request, IDS, "null", "includes")),
        _ => return Err(no_property(world, request, IDS, "undefined", "includes")),
    };
    MessageKey::parse(id).ok_or_else(|| {
        let message =
            "Message id be in format false_11111111111@c.us_AAAAAAAAAAAAAAAAAAAA[_participant]";
        Answer::thrown(world, request, Thrown::error(message).by(IDS))
    })
}

/// `PUT /api/reaction`. An empty text takes the reaction back.
pub(crate) async fn react(world: &Arc<World>, request: &Request) -> Outcome {
    let scene = Scene::of(world, request, request.session_name()?).await?;
    let key = key_from(world, request, request.field("messageId"))?;
    let text = request
        .field("reaction")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let change = json!({"reactionMessage": {
        "key": key.to_json(),
        "text": text,
        "senderTimestampMs": world.clock.wall_ms().to_string(),
    }});
    let message = scene.change(&key.jid, "", change);
    world.emit(&scene.session, "message.reaction", || {
        shapes::reaction(&message, &key, text).to_string()
    });
    Ok(scene.answer(&message, StatusCode::OK))
}

/// `PUT /api/star`: nothing that can be read back shows it.
pub(crate) async fn star(world: &Arc<World>, request: &Request) -> Outcome {
    Scene::of(world, request, request.session_name()?).await?;
    world.able(Ability::Star)?;
    key_from(world, request, request.field("messageId"))?;
    Ok(Answer::empty(StatusCode::OK))
}

/// `PUT /api/{session}/chats/{chatId}/messages/{messageId}`: text or caption is another.
pub(crate) async fn edit(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    let scene = Scene::of(world, request, name).await?;
    let key = key_from(world, request, Some(&id.into()))?;
    let Some(text) = request.field("text").and_then(Value::as_str) else {
        return Err(no_property(world, request, TEXT, "undefined", "match"));
    };
    let change = json!({"protocolMessage": {
        "key": key.to_json(),
        "type": "MESSAGE_EDIT",
        "editedMessage": {"extendedTextMessage": {"text": text}},
        "timestampMs": world.clock.wall_ms().to_string(),
    }});
    let message = scene.change(&s_whatsapp(chat), text, change);
    scene.session.store.edit(&key.id, text);
    world.emit(&scene.session, "message.edited", || {
        let mut payload = scene.shown(&message);
        payload["editedMessageId"] = key.id.as_str().into();
        payload.to_string()
    });
    Ok(scene.answer(&message, StatusCode::OK))
}

/// `DELETE` of the same: deleted for everybody. The store keeps the message (recorded).
pub(crate) async fn revoke(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    let scene = Scene::of(world, request, name).await?;
    let key = key_from(world, request, Some(&id.into()))?;
    let change = json!({"protocolMessage": {"key": key.to_json(), "type": "REVOKE"}});
    let message = scene.change(&s_whatsapp(chat), "", change);
    world.emit(&scene.session, "message.revoked", || {
        let after = scene.shown(&message);
        json!({
            "_data": after["_data"],
            "after": after,
            "before": null,
            "revokedMessageId": key.id,
        })
        .to_string()
    });
    Ok(scene.answer(&message, StatusCode::OK))
}

/// `POST .../pin`, for a day, a week or 30 days.
pub(crate) async fn pin(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    let seconds = request
        .field("duration")
        .and_then(Value::as_u64)
        .filter(|seconds| [86_400, 604_800, 2_592_000].contains(seconds));
    if seconds.is_none() {
        return Err(Answer::invalid(vec![
            "duration must be one of the following values: 86400, 604800, 2592000".to_owned(),
        ]));
    }
    pinned(world, request, name, chat, id, seconds).await
}

/// `POST .../unpin`
pub(crate) async fn unpin(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    pinned(world, request, name, chat, id, None).await
}

/// Baileys sends a message of its own, which lands in the chat as if typed on a phone (recorded).
async fn pinned(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
    seconds: Option<u64>,
) -> Outcome {
    let scene = Scene::of(world, request, name).await?;
    world.able(Ability::Pin)?;
    let rich = Rich::Pin {
        of: key_from(world, request, Some(&id.into()))?,
        at_ms: world.clock.wall_ms(),
        seconds,
    };
    let mut message = scene.message(&s_whatsapp(chat), "", rich);
    message.by_api = false;
    if world.settings.engine == Engine::Noweb {
        if scene.session.store_on() {
            scene.session.store.keep(message.clone());
        }
        world.emit(&scene.session, "message.any", || {
            scene.shown(&message).to_string()
        });
    }
    Ok(Answer::created(&json!({"success": true})))
}

/// `POST /api/sendPollVote`: the account's own vote in somebody's poll.
pub(crate) async fn vote(world: &Arc<World>, request: &Request) -> Outcome {
    let name = request.session_name()?;
    if request.field("votes").is_none_or(|votes| !votes.is_array()) {
        return Err(Answer::invalid(vec!["votes must be an array".to_owned()]));
    }
    let scene = Scene::of(world, request, name).await?;
    world.able(Ability::PollVote)?;
    let key = key_from(world, request, request.field("pollMessageId"))?;
    let chat = request
        .field("chatId")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let change = json!({"pollUpdateMessage": {
        "pollCreationMessageKey": key.to_json(),
        "senderTimestampMs": world.clock.wall_ms(),
    }});
    let message = scene.change(&s_whatsapp(chat), "", change);
    Ok(scene.answer(&message, StatusCode::CREATED))
}

/// A session that is connected, and its account.
struct Scene<'a> {
    world: &'a Arc<World>,
    session: Arc<Session>,
    account: Arc<Account>,
}

impl<'a> Scene<'a> {
    async fn of(world: &'a Arc<World>, request: &Request, name: &str) -> Result<Self, Answer> {
        let session = world.ready(name, &[Status::Working]).await?;
        let Some(account) = session.account().filter(|_| !session.link_down()) else {
            let thrown = Thrown::boom("Connection Closed", Value::Null);
            return Err(Answer::thrown(world, request, thrown));
        };
        Ok(Self {
            world,
            session,
            account,
        })
    }

    fn change(&self, jid: &str, body: &str, change: Value) -> Message {
        self.message(jid, body, Rich::Change(change))
    }

    fn message(&self, jid: &str, body: &str, rich: Rich) -> Message {
        let is_group = jid.ends_with("@g.us") || jid.ends_with("@broadcast");
        let account = &self.account;
        Message {
            id: new_id(&mut self.world.serial_draws("change")).into(),
            jid: jid.into(),
            from_me: true,
            participant: is_group.then(|| format!("{}:12@s.whatsapp.net", account.phone).into()),
            at_s: self.world.clock.wall_ms() / 1000,
            by_api: true,
            body: body.into(),
            content: Content::rich(rich),
            forwarded: false,
            mentions: Vec::new(),
            quoted: None,
            push_name: None,
            ack: Ack::Pending,
            receipts: Vec::new(),
        }
    }

    fn shown(&self, message: &Message) -> Value {
        let engine = self.world.settings.engine;
        shapes::wa_message(engine, &self.account, message, Form::Event, None)
    }

    /// The browser engines answer nothing to what is no message (source).
    fn answer(&self, message: &Message, success: StatusCode) -> Answer {
        let engine = self.world.settings.engine;
        let is_edit = !message.body.is_empty();
        if matches!(engine, Engine::Webjs | Engine::Wpp) && !is_edit {
            return Answer::empty(success);
        }
        let body = shapes::sent(engine, &self.account, message);
        Answer::raw_json(success, body.into())
    }
}
