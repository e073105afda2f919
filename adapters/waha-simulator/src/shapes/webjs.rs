//! Messages of WEBJS: whatsapp-web.js' own class, whose id is an object, as its source builds it.

use serde_json::{Value, json};

use super::{c_us, full_id};
use crate::messages::{Message, Rich};
use crate::sessions::Account;

pub(super) fn message(account: &Account, message: &Message) -> Value {
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
    let kind = kind(message);
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
            "isForwarded": message.forwarded,
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
        "isForwarded": message.forwarded,
        "forwardingScore": u8::from(message.forwarded),
        "isStatus": false,
        "isStarred": false,
        "fromMe": message.from_me,
        "hasQuotedMsg": message.quoted.is_some(),
        "hasReaction": false,
        "vCards": match message.rich() {
            Some(Rich::Contacts(vcards)) => vcards.as_slice(),
            _ => &[],
        },
        "mentionedIds": message.mentions,
        "groupMentions": [],
        "isGif": false,
        "links": [],
    })
}

/// The type as WhatsApp Web names it.
fn kind(message: &Message) -> &'static str {
    match (message.media().map(|media| media.field), message.rich()) {
        (Some("imageMessage"), _) => "image",
        (Some("videoMessage"), _) => "video",
        (Some("audioMessage"), _) => "ptt",
        (Some(_), _) => "document",
        (None, Some(Rich::Poll { .. })) => "poll_creation",
        (None, Some(Rich::Location { .. })) => "location",
        (None, Some(Rich::Contacts(vcards))) if vcards.len() > 1 => "multi_vcard",
        (None, Some(Rich::Contacts(_))) => "vcard",
        (None, Some(Rich::List(_))) => "list",
        (None, Some(Rich::ButtonAnswer { .. })) => "buttons_response",
        (None, Some(Rich::RowAnswer { .. })) => "list_response",
        (None, _) => "chat",
    }
}
