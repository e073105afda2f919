//! JSON of messages as each engine answers it. NOWEB as recorded; GOWS, WEBJS and WPP as their
//! sources build it. Ids, chats and numbers change form between engines: that is the point.

mod gows;
mod noweb;
mod webjs;

use serde_json::{Map, Value, json};

use crate::messages::{Message, MessageKey, Rich};
use crate::sessions::Account;
use crate::settings::Engine;

/// Domains NOWEB passes on; every other is cut and replaced.
const KEPT_DOMAINS: [&str; 5] = ["@g.us", "@broadcast", "@newsletter", "@lid", "@meta.ai"];

/// A chat id as NOWEB hands it to Baileys (recorded: nothing is checked, the rest is cut).
pub(crate) fn s_whatsapp(chat: &str) -> String {
    if KEPT_DOMAINS.iter().any(|domain| chat.ends_with(domain)) {
        return chat.to_owned();
    }
    let user = chat.split('@').next().unwrap_or_default();
    format!("{user}@s.whatsapp.net")
}

/// The same in WAHA's own form.
pub(crate) fn c_us(jid: &str) -> String {
    match jid.strip_suffix("@s.whatsapp.net") {
        Some(user) => format!("{}@c.us", user.split(':').next().unwrap_or_default()),
        None => jid.to_owned(),
    }
}

/// What a send answers.
pub(crate) fn sent(engine: Engine, account: &Account, message: &Message) -> String {
    match engine {
        Engine::Noweb => noweb::raw(account, message, Form::Event),
        Engine::Gows => gows::message(account, message).to_string(),
        Engine::Webjs => webjs::message(account, message).to_string(),
        Engine::Wpp => wa_message(engine, account, message, Form::Event, None).to_string(),
    }
}

/// Times and states are strings in what goes out at once and numbers in what the store returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Event,
    Store,
}

/// WAHA's own message, as events and look-ups have it.
pub(crate) fn wa_message(
    engine: Engine,
    account: &Account,
    message: &Message,
    form: Form,
    media_url: Option<String>,
) -> Value {
    let chat = c_us(&message.jid);
    let data = match engine {
        Engine::Noweb => {
            serde_json::from_str(&noweb::raw(account, message, form)).unwrap_or_default()
        }
        Engine::Gows => gows::message(account, message)["_data"].take(),
        Engine::Webjs => webjs::message(account, message)["_data"].take(),
        Engine::Wpp => json!({"id": full_id(message), "body": &*message.body}),
    };
    let mut value = json!({
        "id": full_id(message),
        "timestamp": message.at_s,
        "from": chat,
        "fromMe": message.from_me,
        "source": if message.by_api { "api" } else { "app" },
        "body": shown_body(message),
        "hasMedia": message.media().is_some(),
        "media": media_url.zip(message.media()).map(|(url, media)| json!({
            "url": url,
            "filename": media.filename.as_ref().filter(|_| media.field == "documentMessage"),
            "mimetype": media.mimetype,
        })),
        "ack": message.ack as i8,
        "ackName": message.ack.name(),
        "location": message.rich().and_then(|rich| location(message, rich)),
        "vCards": match message.rich() {
            Some(Rich::Contacts(vcards)) => Value::from(vcards.clone()),
            _ => Value::Null,
        },
        "replyTo": message.quoted.as_ref().map(|quoted| json!({
            "id": &*quoted.id,
            "participant": sender(account, quoted),
            "body": &*quoted.body,
            "hasMedia": quoted.media().is_some(),
            "media": null,
            "_data": noweb::content(account, quoted, Form::Event),
        })),
        "_data": data,
    });
    if let Some(participant) = message.participant.as_ref().filter(|_| !message.from_me) {
        value["to"] = chat.into();
        value["participant"] = c_us(participant).into();
    }
    // whatsapp-web.js names both ends; NOWEB always names the chat.
    if engine == Engine::Webjs && message.from_me {
        value["from"] = format!("{}@c.us", account.phone).into();
        value["to"] = c_us(&message.jid).into();
    }
    value
}

/// `{fromMe}_{chat}_{ID}[_{participant}]`.
pub(crate) fn full_id(message: &Message) -> String {
    let (from_me, chat, id) = (message.from_me, c_us(&message.jid), &message.id);
    match &message.participant {
        Some(participant) if !from_me => format!("{from_me}_{chat}_{id}_{}", c_us(participant)),
        // Own messages in groups go without it on NOWEB (recorded).
        _ => format!("{from_me}_{chat}_{id}"),
    }
}

/// What WAHA takes for a message's text: an answer's words, a list's lines; nothing of a poll, a
/// location or a contact (recorded).
fn shown_body(message: &Message) -> Option<String> {
    let lines = |parts: &[Option<&str>]| {
        let parts: Vec<_> = parts.iter().flatten().copied().collect();
        parts.join("\n")
    };
    let body = match message.rich() {
        Some(Rich::List(list)) => {
            let part = |key: &str| list.get(key).and_then(Value::as_str);
            lines(&[part("title"), part("description"), part("footer")])
        }
        Some(Rich::ButtonAnswer { text, .. }) => text.clone(),
        Some(Rich::RowAnswer {
            title, description, ..
        }) => lines(&[Some(title), description.as_deref()]),
        _ => message.body.to_string(),
    };
    Some(body).filter(|body| !body.is_empty())
}

/// Coordinates are strings here, whatever they were; without them there is no location (recorded).
fn location(message: &Message, rich: &Rich) -> Option<Value> {
    let Rich::Location {
        latitude,
        longitude,
        name,
    } = rich
    else {
        return None;
    };
    let text = |number: &Value| match number {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let mut location = Map::new();
    location.insert("live".to_owned(), false.into());
    location.insert("latitude".to_owned(), text(latitude)?.into());
    location.insert("longitude".to_owned(), text(longitude)?.into());
    if let Some(name) = name {
        location.insert("name".to_owned(), name.clone().into());
    }
    // What came in shows every field of the protocol (recorded).
    if !message.from_me {
        for key in ["address", "url", "description", "thumbnail"] {
            location.insert(key.to_owned(), Value::Null);
        }
    }
    Some(location.into())
}

/// `message.reaction`; an empty text takes the reaction back. The source is the app even for
/// reactions through the API (recorded).
pub(crate) fn reaction(message: &Message, of: &MessageKey, text: &str) -> Value {
    let mut value = json!({
        "id": full_id(message),
        "timestamp": message.at_s,
        "from": c_us(&message.jid),
        "fromMe": message.from_me,
        "source": "app",
        "reaction": {"text": text, "messageId": of.full_id()},
    });
    if let Some(participant) = message.participant.as_ref().filter(|_| !message.from_me) {
        value["to"] = c_us(&message.jid).into();
        value["participant"] = c_us(participant).into();
    }
    value
}

fn sender(account: &Account, message: &Message) -> String {
    match &message.participant {
        _ if message.from_me => format!("{}@c.us", account.phone),
        Some(participant) => c_us(participant),
        None => c_us(&message.jid),
    }
}

/// The extension of a media file's address.
pub(crate) fn extension(mimetype: &str) -> &'static str {
    match mimetype.split(';').next().unwrap_or_default() {
        "image/png" => "png",
        "image/jpeg" => "jpeg",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        "video/mp4" => "mp4",
        "audio/ogg" => "oga",
        "text/plain" => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_cut_as_recorded() {
        for (chat, jid) in [
            ("6281200000002@c.us", "6281200000002@s.whatsapp.net"),
            ("6281200000002", "6281200000002@s.whatsapp.net"),
            ("123@foo.bar", "123@s.whatsapp.net"),
            ("1@2@c.us", "1@s.whatsapp.net"),
            ("", "@s.whatsapp.net"),
            ("+6281200000002", "+6281200000002@s.whatsapp.net"),
            ("120363000000000001@g.us", "120363000000000001@g.us"),
            ("status@broadcast", "status@broadcast"),
            ("111111111111112@lid", "111111111111112@lid"),
        ] {
            assert_eq!(s_whatsapp(chat), jid);
        }
        assert_eq!(
            c_us("6281200000001:12@s.whatsapp.net"),
            "6281200000001@c.us"
        );
    }
}
