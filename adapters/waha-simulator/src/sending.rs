//! Sends: what a request asks for, the one fault it may have, and the moment the message really
//! goes to WhatsApp. Everything from that moment on happens whether the client still waits or not.

mod composed;
mod going_wrong;
mod outgoing;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use self::going_wrong::{fails_after, fails_before, holds, timelock};
pub(crate) use self::outgoing::{CHAT, TEXT, no_property};
use self::outgoing::{Outgoing, media_from, text_from};
use crate::acks::{self, Ack, Delivery};
use crate::answer::{Answer, Thrown};
use crate::draws::Draws;
use crate::faults::Fault;
use crate::ledger::{Fate, Kind, Received};
use crate::limits::account::Refused;
use crate::messages::Message;
use crate::request::Request;
use crate::routes::Outcome;
use crate::sessions::{Account, Session, Status};
use crate::settings::Engine;
use crate::shapes::{self, Form};
use crate::world::{World, lock};

/// How the engine fails a send that it has not executed.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum EngineFailure {
    /// An ordinary error with this message: 500.
    Plain(String),
    /// As Baileys throws: a message, and the status WhatsApp gave, if it gave one: 500.
    Boom(String, Option<u16>),
    /// A file is gone: WAHA answers 404 with an object as `error`.
    FileNotFound,
}

impl EngineFailure {
    fn answer(self, world: &World, request: &Request) -> Answer {
        match self {
            Self::Plain(message) => Answer::thrown(world, request, Thrown::error(message)),
            Self::Boom(message, data) => {
                let data = data.map_or(Value::Null, Value::from);
                Answer::thrown(world, request, Thrown::boom(message, data))
            }
            Self::FileNotFound => Answer::json(
                StatusCode::NOT_FOUND,
                &json!({"error": {
                    "code": 404,
                    "key": "FILE_NOT_FOUND",
                    "message": "File not found",
                    "details": "File not found or no longer available",
                }}),
            ),
        }
    }
}

/// `POST /api/sendText`.
pub(crate) async fn text(world: &Arc<World>, request: &Request) -> Outcome {
    let session = request.session_name()?.to_owned();
    let wanted = text_from(world, request);
    send(world, request, &session, wanted, StatusCode::CREATED).await
}

/// `GET /api/sendText` (deprecated): answers 200.
pub(crate) async fn text_by_query(world: &Arc<World>, request: &Request) -> Outcome {
    let session = request.session_name()?.to_owned();
    let wanted = match (request.query("phone"), request.query("text")) {
        (None, _) => Err(no_property(world, request, CHAT, "undefined", "includes")),
        (_, None) => Err(no_property(world, request, TEXT, "undefined", "match")),
        (Some(phone), Some(text)) => Ok(Outgoing::text(phone, text)),
    };
    send(world, request, &session, wanted, StatusCode::OK).await
}

/// `POST /api/reply` (deprecated).
pub(crate) async fn reply(world: &Arc<World>, request: &Request) -> Outcome {
    let session = request.session_name()?.to_owned();
    let wanted = text_from(world, request).map(|mut outgoing| {
        // NOWEB passes the chat on as it came (recorded).
        if world.settings.engine == Engine::Noweb {
            outgoing.jid = Some(outgoing.chat.clone());
        }
        outgoing
    });
    send(world, request, &session, wanted, StatusCode::CREATED).await
}

/// Every other kind but media: buttons, lists, polls, locations, contacts, links, forwards.
pub(crate) async fn composed(world: &Arc<World>, request: &Request, kind: Kind) -> Outcome {
    let session = request.session_name()?.to_owned();
    composed::check(request, kind)?;
    let wanted = composed::from(world, request, &session, kind);
    send(world, request, &session, wanted, StatusCode::CREATED).await
}

/// `POST /api/sendImage`, `/api/sendFile`, `/api/sendVoice` and `/api/sendVideo`.
pub(crate) async fn media(world: &Arc<World>, request: &Request, kind: Kind) -> Outcome {
    let session = request.session_name()?.to_owned();
    // WAHA looks for the session first, and fetches the file only then.
    if let Err(answer) = world.ready(&session, &[Status::Working]).await {
        if let Ok(mut outgoing) = media_from(world, request, kind, false).await {
            let jid = outgoing.take_jid();
            noted(world, request, &session, &outgoing, &jid);
        }
        return Err(answer);
    }
    let wanted = media_from(world, request, kind, true).await;
    send(world, request, &session, wanted, StatusCode::CREATED).await
}

async fn send(
    world: &Arc<World>,
    request: &Request,
    session: &str,
    wanted: Result<Outgoing, Answer>,
    success: StatusCode,
) -> Outcome {
    let Ok(mut outgoing) = wanted else {
        // WAHA notices what is wrong with the body only after it has found the session.
        world.ready(session, &[Status::Working]).await?;
        return wanted.map(|_| Answer::Close);
    };
    let jid = outgoing.take_jid();
    let place = noted(world, request, session, &outgoing, &jid);
    let mut draws = world.draws_for(session, &outgoing.chat, &outgoing.hash);
    let fault = world.faults.draw(&mut draws);
    if fault == Some(Fault::SessionFlap)
        && let Some(session) = world.session(session)
    {
        let away = draws.between(Duration::from_millis(500), Duration::from_secs(15));
        if world.falls_back(&session, away) {
            world.faults.happened(Fault::SessionFlap);
        }
    }
    let session = world.ready(session, &[Status::Working]).await?;
    if jid.ends_with("@g.us") && !world.settings.groups.contains_key(&jid) {
        let thrown = Thrown::boom("item-not-found", 404.into());
        return Err(Answer::thrown(world, request, thrown));
    }
    let closed = || {
        let thrown = Thrown::boom("Connection Closed", Value::Null);
        Err(Answer::thrown(world, request, thrown))
    };
    let Some(account) = session.account().filter(|_| !session.link_down()) else {
        return closed();
    };
    if let Some(failure) = lock(&world.scripted).pop_front() {
        return Err(failure.answer(world, request));
    }
    if let Some(answer) = fails_before(world, request, fault, &mut draws) {
        return Err(answer);
    }
    let (low, high) = world.settings.engine_latency;
    if !high.is_zero() {
        world.clock.pause(draws.between(low, high)).await;
    }
    holds(world, fault, &mut draws).await;
    // Nothing goes out by a device that is gone, or is another, since the request was taken.
    if !session.still_sends_as(&account) {
        return closed();
    }
    let refused = world.admits(&session, &account, &jid).err();
    if refused == Some(Refused::Now) {
        return Err(Answer::thrown(
            world,
            request,
            timelock(world.settings.engine),
        ));
    }
    let kind = outgoing.kind;
    let sending = Sending {
        world,
        session: &session,
        account: &account,
        place,
        fault,
        refused: refused.is_some(),
        draws,
    };
    let message = sending.hand_over(outgoing, jid);
    fails_after(world, request, fault).map_or_else(
        || {
            let body = answered(world.settings.engine, &account, &message, kind);
            Ok(Answer::raw_json(success, body.into()))
        },
        Err,
    )
}

/// Enters a request in the ledger, before anything can come of it; its place there.
fn noted(world: &World, request: &Request, session: &str, outgoing: &Outgoing, jid: &str) -> usize {
    let account = world.session(session).and_then(|session| session.account());
    world.book.received(&Received {
        at_us: request.received_us,
        account: account.as_ref().map_or("", |account| &account.phone),
        session,
        chat: &world.chat_of_person(jid),
        hash: outgoing.hash,
        kind: outgoing.kind,
    })
}

/// NOWEB makes WAHA's own message of a poll and of a forward (recorded); WEBJS says of a forward
/// only that it went (source).
fn answered(engine: Engine, account: &Account, message: &Message, kind: Kind) -> String {
    match (engine, kind) {
        (Engine::Noweb, Kind::Poll | Kind::Forward) => {
            shapes::wa_message(engine, account, message, Form::Event, None).to_string()
        }
        (Engine::Webjs, Kind::Forward) => json!({"sent": true}).to_string(),
        _ => shapes::sent(engine, account, message),
    }
}

/// A send that has come through to the engine.
struct Sending<'a> {
    world: &'a Arc<World>,
    session: &'a Arc<Session>,
    account: &'a Arc<Account>,
    /// Its place in the ledger.
    place: usize,
    fault: Option<Fault>,
    /// WhatsApp will refuse it, and an acknowledgement will say so.
    refused: bool,
    draws: Draws,
}

impl Sending<'_> {
    /// The message goes to WhatsApp, now: ledger, store, echo, and acknowledgements to come.
    fn hand_over(mut self, outgoing: Outgoing, jid: String) -> Message {
        let (world, session, account) = (self.world, self.session, self.account);
        let user = jid.split('@').next().unwrap_or_default();
        let is_phone = jid.ends_with("@s.whatsapp.net") || jid.ends_with("@c.us");
        let on_whatsapp = !is_phone || world.on_whatsapp(user);
        let is_group = jid.ends_with("@g.us") || jid.ends_with("@broadcast");
        // Bodies of media have no id, so that none is asked for there.
        let honoured = outgoing.asked_id.filter(|_| world.settings.takes_ids());
        let message = Message {
            id: self.id(honoured).into(),
            participant: is_group.then(|| format!("{}:12@s.whatsapp.net", account.phone).into()),
            from_me: true,
            at_s: world.clock.wall_ms() / 1000,
            by_api: true,
            quoted: outgoing
                .reply_to
                .filter(|_| session.store_on())
                .and_then(|id| session.store.find(&jid, &id))
                .map(Box::new),
            jid: jid.into(),
            body: outgoing.body.into(),
            content: outgoing.content,
            forwarded: outgoing.forwarded,
            mentions: outgoing.mentions,
            push_name: None,
            ack: Ack::Pending,
            receipts: Vec::new(),
        };
        let fate = if self.fault == Some(Fault::AckError) || self.refused || !on_whatsapp {
            Fate::NotDelivered
        } else {
            Fate::Received
        };
        let now = world.clock.now_us();
        world
            .book
            .handed(self.place, now, &account.phone, &message.id, fate);
        if outgoing.echoed {
            self.store(&message);
            world.emit(session, "message.any", || {
                shapes::wa_message(world.settings.engine, account, &message, Form::Event, None)
                    .to_string()
            });
        }
        // From here on the LID can be looked up, if its acknowledgements come under one.
        world.lid_for(&message.jid);
        self.expect_acks(&message, on_whatsapp, now);
        message
    }

    fn id(&mut self, honoured: Option<String>) -> String {
        match honoured {
            Some(id) if self.fault != Some(Fault::IdIgnored) => id,
            Some(_) => {
                self.world.faults.happened(Fault::IdIgnored);
                new_id(&mut self.draws)
            }
            None => new_id(&mut self.draws),
        }
    }

    fn store(&self, message: &Message) {
        if !self.session.store_on() {
            return;
        }
        if self.fault == Some(Fault::NeverStored) {
            self.world.faults.happened(Fault::NeverStored);
        } else {
            self.session.store.keep(message.clone());
        }
    }

    fn expect_acks(mut self, message: &Message, on_whatsapp: bool, now_us: u64) {
        let world = self.world;
        let fault = if self.refused {
            world.refuse_later(&message.id);
            Some(Fault::AckError)
        } else {
            if let Some(
                fault @ (Fault::AcksMissing
                | Fault::AcksLate
                | Fault::AcksOutOfOrder
                | Fault::AcksTwice
                | Fault::AckErrorThenDevice
                | Fault::AckError),
            ) = self.fault
            {
                world.faults.happened(fault);
            }
            self.fault
        };
        let plan = acks::plan(&world.settings.acks, fault, on_whatsapp, &mut self.draws);
        if plan.is_empty() {
            return;
        }
        let plan = plan
            .into_iter()
            .map(|(after, ack)| (world.clock.scaled(after), ack))
            .collect();
        let members = world.settings.groups.get(&*message.jid);
        let delivery = Delivery {
            session: self.session.clone(),
            account: self.account.clone(),
            jid: message.jid.clone(),
            id: message.id.clone(),
            members: members.cloned().unwrap_or_default(),
        };
        world.acks.expect(now_us, plan, delivery);
    }
}

/// An id as Baileys and whatsmeow make them: 3EB0 and 18 hex digits.
pub(crate) fn new_id(draws: &mut Draws) -> String {
    format!(
        "3EB0{:016X}{:02X}",
        draws.next_u64(),
        draws.next_u64() as u8
    )
}

impl World {
    /// Whether a number has WhatsApp: digits of a plausible length, unless told otherwise.
    pub(crate) fn on_whatsapp(&self, digits: &str) -> bool {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !self.settings.not_on_whatsapp.contains(digits)
    }

    /// A chat as the ledger has it, however it was written: under the phone, where its LID is known.
    fn chat_of_person<'a>(&self, chat: &'a str) -> Cow<'a, str> {
        if chat.ends_with("@lid") {
            self.phone_of(chat).unwrap_or(Cow::Borrowed(chat))
        } else {
            Cow::Borrowed(chat)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_the_engines() {
        let id = new_id(&mut Draws::keyed(1, &[], 1));
        assert_eq!(id.len(), 22);
        assert!(id.starts_with("3EB0") && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
