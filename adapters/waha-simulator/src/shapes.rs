//! JSON of messages as each engine answers it. NOWEB as recorded; GOWS, WEBJS and WPP as their
//! sources build it. Ids, chats and numbers change form between engines: that is the point.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::acks::Ack;
use crate::draws::Draws;
use crate::messages::{Content, Media, Message};
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
        Engine::Noweb => raw(message, Form::Event),
        Engine::Gows => gows(account, message).to_string(),
        Engine::Webjs => webjs(account, message).to_string(),
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
        Engine::Noweb => serde_json::from_str(&raw(message, form)).unwrap_or_default(),
        Engine::Gows => gows(account, message)["_data"].take(),
        Engine::Webjs => webjs(account, message)["_data"].take(),
        Engine::Wpp => json!({"id": full_id(message), "body": &*message.body}),
    };
    let mut value = json!({
        "id": full_id(message),
        "timestamp": message.at_s,
        "from": chat,
        "fromMe": message.from_me,
        "source": if message.by_api { "api" } else { "app" },
        "body": Some(&*message.body).filter(|body| !body.is_empty()),
        "hasMedia": message.media().is_some(),
        "media": media_url.zip(message.media()).map(|(url, media)| json!({
            "url": url,
            "filename": media.filename.as_ref().filter(|_| media.field == "documentMessage"),
            "mimetype": media.mimetype,
        })),
        "ack": message.ack as i8,
        "ackName": message.ack.name(),
        "location": null,
        "vCards": null,
        "replyTo": message.quoted.as_ref().map(|quoted| json!({
            "id": &*quoted.id,
            "participant": sender(account, quoted),
            "body": &*quoted.body,
            "hasMedia": quoted.media().is_some(),
            "media": null,
            "_data": content(quoted, Form::Event),
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

fn sender(account: &Account, message: &Message) -> String {
    match &message.participant {
        _ if message.from_me => format!("{}@c.us", account.phone),
        Some(participant) => c_us(participant),
        None => c_us(&message.jid),
    }
}

/// Baileys' own message, written by hand: it is the answer to every NOWEB send.
fn raw(message: &Message, form: Form) -> String {
    let mut key = format!(
        "{{\"remoteJid\":{},\"fromMe\":{},\"id\":{}",
        quoted(&message.jid),
        message.from_me,
        quoted(&message.id)
    );
    if let Some(participant) = message.participant.as_ref().filter(|_| !message.from_me) {
        key += &format!(",\"participant\":{}", quoted(participant));
    }
    key.push('}');
    let content = match &message.content {
        Content::Text
            if message.from_me && message.quoted.is_none() && message.mentions.is_empty() =>
        {
            format!(
                "{{\"extendedTextMessage\":{{\"text\":{}}}}}",
                quoted(&message.body)
            )
        }
        _ => content(message, form).to_string(),
    };
    let (at, status) = match form {
        Form::Event => (
            format!("\"{}\"", message.at_s),
            format!("\"{}\"", baileys_status(message.ack)),
        ),
        Form::Store => (message.at_s.to_string(), message.ack.baileys().to_string()),
    };
    let mut text = format!(
        "{{\"key\":{key},\"message\":{content},\"messageTimestamp\":{at},\"status\":{status}"
    );
    if message.from_me {
        if let Some(participant) = &message.participant {
            text += &format!(",\"participant\":{}", quoted(participant));
        }
        if form == Form::Store && !message.receipts.is_empty() {
            let receipts: Vec<_> = message
                .receipts
                .iter()
                .map(|(member, at_s)| json!({"userJid": member, "receiptTimestamp": at_s}))
                .collect();
            text += &format!(",\"userReceipt\":{}", Value::from(receipts));
        }
    } else {
        text += ",\"broadcast\":false";
        if let Some(name) = &message.push_name {
            text += &format!(",\"pushName\":{}", quoted(name));
        }
    }
    text.push('}');
    text
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn baileys_status(ack: Ack) -> &'static str {
    match ack {
        Ack::Error => "ERROR",
        Ack::Pending => "PENDING",
        Ack::Server => "SERVER_ACK",
        Ack::Device => "DELIVERY_ACK",
        Ack::Read => "READ",
    }
}

/// The content as WhatsApp's protocol has it.
fn content(message: &Message, form: Form) -> Value {
    match &message.content {
        Content::Text if !message.from_me => json!({"conversation": &*message.body}),
        Content::Text => {
            let mut text = json!({"text": &*message.body});
            let mut context = json!({});
            if let Some(quoted) = &message.quoted {
                context["stanzaId"] = (*quoted.id).into();
                context["participant"] =
                    quoted.participant.as_deref().unwrap_or(&quoted.jid).into();
                context["quotedMessage"] = content(quoted, form);
            }
            if !message.mentions.is_empty() {
                let jids: Vec<_> = message
                    .mentions
                    .iter()
                    .map(|chat| s_whatsapp(chat))
                    .collect();
                context["mentionedJid"] = jids.into();
            }
            if context
                .as_object()
                .is_some_and(|context| !context.is_empty())
            {
                text["contextInfo"] = context;
            }
            json!({"extendedTextMessage": text})
        }
        Content::Media(media) => json!({media.field: media_content(media, message, form)}),
    }
}

fn media_content(media: &Media, message: &Message, form: Form) -> Value {
    let path = "/v/t62.7118-24/simulated?ccb=11-4&oh=0&oe=0&_nc_sid=5e03e0";
    let mut draws = Draws::keyed(0, &[&media.sha256, message.id.as_bytes()], 0);
    let mut secret = || -> Vec<u8> {
        (0..4)
            .flat_map(|_| draws.next_u64().to_be_bytes())
            .collect()
    };
    let bytes = |bytes: &[u8]| match form {
        Form::Event => Value::from(STANDARD.encode(bytes)),
        Form::Store => json!({"type": "Buffer", "data": STANDARD.encode(bytes)}),
    };
    let number = |number: u64| match form {
        Form::Event => Value::from(number.to_string()),
        Form::Store => Value::from(number),
    };
    let mut value = json!({
        "url": format!("https://mmg.whatsapp.net{path}"),
        "mimetype": media.mimetype,
        "caption": &*message.body,
        "fileSha256": bytes(&media.sha256),
        "fileLength": number(media.length as u64),
        "mediaKey": bytes(&secret()),
        "fileEncSha256": bytes(&secret()),
        "directPath": path,
        "mediaKeyTimestamp": number(message.at_s),
    });
    if let Some(name) = media
        .filename
        .as_ref()
        .filter(|_| media.field == "documentMessage")
    {
        value["fileName"] = name.clone().into();
    }
    value
}

fn gows(account: &Account, message: &Message) -> Value {
    let chat = c_us(&message.jid);
    let is_group = message.participant.is_some();
    let suffix = if is_group {
        format!("_{}@c.us", account.phone)
    } else {
        String::new()
    };
    let at = jiff::Timestamp::from_second(i64::try_from(message.at_s).unwrap_or_default())
        .unwrap_or_default();
    json!({
        "id": format!("{}_{chat}_{}{suffix}", message.from_me, message.id),
        "_data": {
            "Info": {
                "Chat": &*message.jid,
                "Sender": s_whatsapp(&sender(account, message)),
                "IsFromMe": message.from_me,
                "IsGroup": is_group,
                "ID": &*message.id,
                "ServerID": 0,
                "Type": "",
                "PushName": message.push_name.as_deref().unwrap_or_default(),
                "Timestamp": at.to_string(),
            },
            "Message": content(message, Form::Event),
        },
    })
}

fn webjs(account: &Account, message: &Message) -> Value {
    let chat = c_us(&message.jid);
    let me = format!("{}@c.us", account.phone);
    let wid = |chat: &str| {
        let (user, server) = chat.split_once('@').unwrap_or((chat, "c.us"));
        json!({"server": server, "user": user, "_serialized": chat})
    };
    let (from, to) = if message.from_me {
        (&me, &chat)
    } else {
        (&chat, &me)
    };
    let id = json!({
        "fromMe": message.from_me,
        "remote": chat,
        "id": &*message.id,
        "_serialized": full_id(message),
    });
    let kind = match message.media().map(|media| media.field) {
        None => "chat",
        Some("imageMessage") => "image",
        Some(_) => "document",
    };
    json!({
        "_data": {
            "id": id,
            "viewed": false,
            "body": &*message.body,
            "type": kind,
            "t": message.at_s,
            "from": wid(from),
            "to": wid(to),
            "ack": message.ack as i8,
            "isNewMsg": true,
            "star": false,
            "kicNotified": false,
            "isFromTemplate": false,
            "mentionedJidList": message.mentions,
            "groupMentions": [],
            "isVcardOverMmsDocument": false,
            "isForwarded": false,
            "hasReaction": false,
            "links": [],
        },
        "id": id,
        "ack": message.ack as i8,
        "hasMedia": message.media().is_some(),
        "body": &*message.body,
        "type": kind,
        "timestamp": message.at_s,
        "from": from,
        "to": to,
        "deviceType": "web",
        "isForwarded": false,
        "forwardingScore": 0,
        "isStatus": false,
        "isStarred": false,
        "fromMe": message.from_me,
        "hasQuotedMsg": message.quoted.is_some(),
        "hasReaction": false,
        "vCards": [],
        "mentionedIds": message.mentions,
        "groupMentions": [],
        "isGif": false,
        "links": [],
    })
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
