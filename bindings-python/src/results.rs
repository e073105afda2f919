//! What WAHA answers, as the frozen classes of `waha_campaign.results`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use waha_client::api::chats::Chat;
use waha_client::api::contacts::{Contact, LidPair};
use waha_client::api::pairing::Step;
use waha_client::types::{Environment, Extra, Me, Media, Message, Sent, SessionInfo};
use waha_client::{ChatId, MessageId, NumberStatus};

use crate::{errors, values};

/// One object of a class, from its fields by name.
macro_rules! made {
    ($py:ident, $class:literal { $($field:ident: $value:expr),+ $(,)? }) => {{
        let fields = PyDict::new($py);
        $(fields.set_item(pyo3::intern!($py, stringify!($field)), $value)?;)+
        let classes = $py.import("waha_campaign.results")?;
        Ok(classes.getattr($class)?.call((), Some(&fields))?.unbind())
    }};
}

type Made = PyResult<Py<PyAny>>;

pub(crate) fn none(py: Python<'_>, _: ()) -> Made {
    Ok(py.None())
}

pub(crate) fn truth(py: Python<'_>, is_so: bool) -> Made {
    Ok(is_so.into_pyobject(py)?.to_owned().into_any().unbind())
}

pub(crate) fn text(py: Python<'_>, text: String) -> Made {
    Ok(text.into_pyobject(py)?.into_any().unbind())
}

pub(crate) fn bytes(py: Python<'_>, bytes: bytes::Bytes) -> Made {
    Ok(PyBytes::new(py, &bytes).into_any().unbind())
}

pub(crate) fn optional_text(py: Python<'_>, text: Option<String>) -> Made {
    Ok(text.into_pyobject(py)?.unbind())
}

/// A chat, as it is written to.
pub(crate) fn optional_chat(py: Python<'_>, chat: Option<ChatId>) -> Made {
    optional_text(py, chat.map(|chat| chat.to_string()))
}

/// The number that a chat is with, as E.164.
pub(crate) fn optional_phone(py: Python<'_>, chat: Option<ChatId>) -> Made {
    let digits = chat.as_ref().and_then(ChatId::phone_digits);
    optional_text(py, digits.map(|digits| format!("+{digits}")))
}

fn list<T>(py: Python<'_>, items: Vec<T>, made: fn(Python<'_>, T) -> Made) -> Made {
    let items = items.into_iter().map(|item| made(py, item));
    let items: Vec<_> = items.collect::<PyResult<_>>()?;
    Ok(items.into_pyobject(py)?.unbind())
}

/// Of what may not be there.
fn optional<T>(
    py: Python<'_>,
    item: Option<T>,
    made: fn(Python<'_>, T) -> Made,
) -> PyResult<Option<Py<PyAny>>> {
    item.map(|item| made(py, item)).transpose()
}

fn shown(chat: Option<&ChatId>) -> Option<&str> {
    chat.map(ChatId::as_str)
}

fn extra(py: Python<'_>, extra: Extra) -> PyResult<Py<PyAny>> {
    values::json(py, &extra.into())
}

pub(crate) fn sent(py: Python<'_>, sent: Sent) -> Made {
    made!(py, "Sent" {
        id: sent.id.as_ref().map(MessageId::to_string),
        timestamp: sent.timestamp_s,
        data: values::json(py, &sent.raw_value())?,
    })
}

pub(crate) fn session(py: Python<'_>, session: SessionInfo) -> Made {
    let engine = session.engine.and_then(|it| it.engine);
    made!(py, "Session" {
        name: session.name.as_str(),
        status: session.status.as_str(),
        account: optional(py, session.me, account)?,
        engine: engine.as_ref().map(|it| it.as_str()),
        data: extra(py, session.extra)?,
    })
}

pub(crate) fn optional_session(py: Python<'_>, it: Option<SessionInfo>) -> Made {
    Ok(optional(py, it, session)?.into_pyobject(py)?.unbind())
}

pub(crate) fn sessions(py: Python<'_>, sessions: Vec<SessionInfo>) -> Made {
    list(py, sessions, session)
}

pub(crate) fn account(py: Python<'_>, me: Me) -> Made {
    made!(py, "Account" {
        id: me.id.as_str(),
        phone: me.id.phone_digits().map(|digits| format!("+{digits}")),
        name: me.push_name,
        lid: shown(me.lid.as_ref()),
        data: extra(py, me.extra)?,
    })
}

pub(crate) fn optional_account(py: Python<'_>, me: Option<Me>) -> Made {
    Ok(optional(py, me, account)?.into_pyobject(py)?.unbind())
}

/// What happens while a session is paired.
pub(crate) fn step(py: Python<'_>, step: Step) -> Made {
    match step {
        Step::Status(status) => {
            made!(py, "PairingStep" { kind: "status", status: status.as_str() })
        }
        Step::Qr(text) => made!(py, "PairingStep" { kind: "qr", qr: text }),
        Step::QrImage(image) => {
            let png = image.bytes();
            made!(py, "PairingStep" { kind: "qr", png: png.as_deref().map(|png| PyBytes::new(py, png)) })
        }
        Step::Code(code) => made!(py, "PairingStep" { kind: "code", code: code }),
        Step::Passkey(challenge) => {
            let challenge = serde_json::to_value(challenge);
            let challenge = challenge.map_err(|error| PyValueError::new_err(error.to_string()))?;
            made!(py, "PairingStep" { kind: "passkey", challenge: values::json(py, &challenge)? })
        }
        Step::PasskeyCode(code) => made!(py, "PairingStep" { kind: "passkey_code", code: code }),
        Step::Away(error) => {
            made!(py, "PairingStep" { kind: "away", why: errors::plain(&error.to_string()) })
        }
        Step::Working(me) => {
            made!(py, "PairingStep" { kind: "working", account: account(py, *me)? })
        }
        other => made!(py, "PairingStep" { kind: "other", why: format!("{other:?}") }),
    }
}

pub(crate) fn server(py: Python<'_>, server: Environment) -> Made {
    made!(py, "Server" {
        version: server.version,
        engine: server.engine.as_str(),
        tier: server.tier.as_ref().map(|it| it.as_str()),
        data: extra(py, server.extra)?,
    })
}

pub(crate) fn number(py: Python<'_>, number: NumberStatus) -> Made {
    made!(py, "NumberStatus" {
        exists: number.number_exists,
        chat: shown(number.chat_id.as_ref()),
        data: extra(py, number.extra)?,
    })
}

pub(crate) fn contact(py: Python<'_>, contact: Contact) -> Made {
    made!(py, "Contact" {
        id: contact.id.as_str(),
        name: contact.name,
        push_name: contact.pushname,
        is_blocked: contact.is_blocked,
        data: extra(py, contact.extra)?,
    })
}

pub(crate) fn optional_contact(py: Python<'_>, it: Option<Contact>) -> Made {
    Ok(optional(py, it, contact)?.into_pyobject(py)?.unbind())
}

pub(crate) fn contacts(py: Python<'_>, contacts: Vec<Contact>) -> Made {
    list(py, contacts, contact)
}

fn lid_pair(py: Python<'_>, pair: LidPair) -> Made {
    made!(py, "LidPair" {
        lid: shown(pair.lid.as_ref()),
        chat: shown(pair.phone.as_ref()),
    })
}

pub(crate) fn lid_pairs(py: Python<'_>, pairs: Vec<LidPair>) -> Made {
    list(py, pairs, lid_pair)
}

fn chat(py: Python<'_>, chat: Chat) -> Made {
    made!(py, "Chat" {
        id: chat.id.as_str(),
        name: chat.name,
        timestamp: chat.conversation_timestamp_s,
        unread: chat.unread_count,
        data: extra(py, chat.extra)?,
    })
}

pub(crate) fn chats(py: Python<'_>, chats: Vec<Chat>) -> Made {
    list(py, chats, chat)
}

fn media(py: Python<'_>, media: Media) -> Made {
    made!(py, "Media" {
        url: media.url,
        mimetype: media.mimetype,
        filename: media.filename,
        data: extra(py, media.extra)?,
    })
}

pub(crate) fn message(py: Python<'_>, message: Message) -> Made {
    let is_from_me = message.is_from_me();
    let replies_to = message.reply_to.and_then(|it| it.id);
    made!(py, "ChatMessage" {
        id: message.id.to_string(),
        timestamp: message.timestamp_s,
        sender: shown(message.from.as_ref()),
        recipient: shown(message.to.as_ref()),
        participant: shown(message.participant.as_ref()),
        is_from_me: is_from_me,
        text: message.body,
        media: optional(py, message.media, media)?,
        ack: message.ack.map(|ack| ack.level()),
        replies_to: replies_to.as_ref().map(MessageId::to_string),
        data: extra(py, message.extra)?,
    })
}

pub(crate) fn messages(py: Python<'_>, messages: Vec<Message>) -> Made {
    list(py, messages, message)
}

pub(crate) fn ids(py: Python<'_>, ids: Vec<MessageId>) -> Made {
    list(py, ids, |py, id| text(py, id.to_string()))
}
