//! Baileys' own messages, as recorded; the content is the protocol's, which GOWS shows as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Form, s_whatsapp, sender};
use crate::acks::Ack;
use crate::draws::Draws;
use crate::messages::{Content, Media, Message, Rich};
use crate::sessions::Account;

/// Baileys' own message, written by hand: it is the answer to every NOWEB send.
pub(super) fn raw(account: &Account, message: &Message, form: Form) -> String {
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
            if message.push_name.is_none()
                && !message.forwarded
                && message.quoted.is_none()
                && message.mentions.is_empty() =>
        {
            format!(
                "{{\"extendedTextMessage\":{{\"text\":{}}}}}",
                quoted(&message.body)
            )
        }
        _ => content(account, message, form).to_string(),
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
    }
    if let Some(name) = &message.push_name {
        text += &format!(",\"broadcast\":false,\"pushName\":{}", quoted(name));
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
pub(super) fn content(account: &Account, message: &Message, form: Form) -> Value {
    let context = context(account, message, form);
    match &message.content {
        // What was typed on a phone, by whomever, is plain (recorded).
        Content::Text if message.push_name.is_some() && context.is_none() => {
            json!({"conversation": &*message.body})
        }
        Content::Text => {
            let mut text = json!({"text": &*message.body});
            if let Some(context) = context {
                text["contextInfo"] = context;
            }
            json!({"extendedTextMessage": text})
        }
        Content::Rich(rich) => rich_content(rich, message, form, context),
    }
}

/// Whom a message answers, whom it mentions, and that it was forwarded; `None` without any of it.
fn context(account: &Account, message: &Message, form: Form) -> Option<Value> {
    let mut context = Map::new();
    if let Some(quoted) = &message.quoted {
        context.insert("stanzaId".to_owned(), (*quoted.id).into());
        let author = s_whatsapp(&sender(account, quoted));
        context.insert("participant".to_owned(), author.into());
        let content = content(account, quoted, form);
        context.insert("quotedMessage".to_owned(), content);
        // Baileys names the chat when it is not the one that is written to.
        if quoted.jid != message.jid {
            context.insert("remoteJid".to_owned(), (*quoted.jid).into());
        }
    }
    if !message.mentions.is_empty() {
        let jids: Vec<_> = message
            .mentions
            .iter()
            .map(|chat| s_whatsapp(chat))
            .collect();
        context.insert("mentionedJid".to_owned(), jids.into());
    }
    if message.forwarded {
        context.insert("forwardingScore".to_owned(), 1.into());
        context.insert("isForwarded".to_owned(), true.into());
    }
    (!context.is_empty()).then(|| context.into())
}

fn rich_content(rich: &Rich, message: &Message, form: Form, context: Option<Value>) -> Value {
    let (field, mut value) = match rich {
        Rich::Media(media) => (media.field, media_content(media, message, form)),
        Rich::Poll {
            name,
            options,
            selectable,
        } => {
            let options: Vec<_> = options
                .iter()
                .map(|option| json!({"optionName": option}))
                .collect();
            let poll = json!({
                "name": name,
                "options": options,
                "selectableOptionsCount": selectable,
            });
            return json!({
                "messageContextInfo": {"messageSecret": bytes(&secret(message, 1), form)},
                "pollCreationMessageV3": poll,
            });
        }
        Rich::Location {
            latitude,
            longitude,
            name,
        } => {
            let mut value = Map::new();
            let fields = [
                ("degreesLatitude", latitude),
                ("degreesLongitude", longitude),
            ];
            for (key, number) in fields.into_iter().filter(|(_, number)| !number.is_null()) {
                value.insert(key.to_owned(), number.clone());
            }
            if let Some(name) = name {
                value.insert("name".to_owned(), name.clone().into());
            }
            ("locationMessage", Value::from(value))
        }
        Rich::Contacts(vcards) => match vcards.as_slice() {
            [vcard] => ("contactMessage", json!({"vcard": vcard})),
            several => {
                let contacts: Vec<_> = several
                    .iter()
                    .map(|vcard| json!({"vcard": vcard}))
                    .collect();
                ("contactsArrayMessage", json!({"contacts": contacts}))
            }
        },
        Rich::Buttons(body) => return buttons(body, message),
        Rich::List(list) => ("listMessage", list.clone()),
        Rich::Link {
            url,
            title,
            description,
        } => {
            let mut value = json!({
                "text": &*message.body,
                "matchedText": url,
                "description": description,
                "title": title,
            });
            match form {
                Form::Event => value["previewType"] = "NONE".into(),
                Form::Store => {
                    value["previewType"] = 0.into();
                    value["jpegThumbnail"] = Value::Null;
                }
            }
            ("extendedTextMessage", value)
        }
        Rich::ButtonAnswer { id, text } => (
            "buttonsResponseMessage",
            json!({
                "selectedButtonId": id,
                "selectedDisplayText": text,
                "type": "DISPLAY_TEXT",
            }),
        ),
        Rich::RowAnswer {
            id,
            title,
            description,
        } => {
            let mut value = json!({
                "title": title,
                "listType": "SINGLE_SELECT",
                "singleSelectReply": {"selectedRowId": id},
            });
            if let Some(description) = description {
                value["description"] = description.clone().into();
            }
            ("listResponseMessage", value)
        }
        Rich::Pin { of, at_ms, seconds } => {
            let mut value = json!({
                "pinInChatMessage": {
                    "key": of.to_json(),
                    "type": if seconds.is_some() { 1 } else { 2 },
                    "senderTimestampMs": number(*at_ms, form),
                },
                "messageContextInfo": {},
            });
            if let Some(seconds) = seconds {
                value["messageContextInfo"]["messageAddOnDurationInSecs"] = (*seconds).into();
            }
            return value;
        }
        Rich::Change(change) => return change.clone(),
    };
    if let Some(context) = context {
        value["contextInfo"] = context;
    }
    json!({field: value})
}

/// What Baileys makes of `sendButtons`: an interactive message in one that is seen once (recorded).
fn buttons(body: &Value, message: &Message) -> Value {
    let mut draws = Draws::keyed(0, &[message.id.as_bytes()], 2);
    let mut number = || format!("{:016}", draws.next_u64() % 10_000_000_000_000_000);
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let buttons: Vec<_> = body
        .get("buttons")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|button| {
            let part = |key: &str| button.get(key).cloned().unwrap_or_default();
            let id = match part("id") {
                Value::String(id) => id,
                _ => number(),
            };
            let mut params = json!({"display_text": part("text"), "id": id, "disabled": false});
            let name = match button.get("type").and_then(Value::as_str) {
                Some("url") => {
                    params["url"] = part("url");
                    params["merchant_url"] = part("url");
                    "cta_url"
                }
                Some("call") => {
                    params["phone_number"] = part("phoneNumber");
                    "cta_call"
                }
                Some("copy") => {
                    params["copy_code"] = part("copyCode");
                    "cta_copy"
                }
                _ => "quick_reply",
            };
            json!({"name": name, "buttonParamsJson": params.to_string()})
        })
        .collect();
    let params = json!({"from": "api", "templateId": number()});
    let mut interactive = json!({
        "nativeFlowMessage": {"buttons": buttons, "messageParamsJson": params.to_string()},
        "header": {"title": text("header"), "hasMediaAttachment": false},
    });
    for key in ["body", "footer"] {
        if let Some(text) = text(key) {
            interactive[key] = json!({"text": text});
        }
    }
    json!({"viewOnceMessage": {"message": {
        "messageContextInfo": {"deviceListMetadata": {}, "deviceListMetadataVersion": 2},
        "interactiveMessage": interactive,
    }}})
}

fn media_content(media: &Media, message: &Message, form: Form) -> Value {
    let path = "/v/t62.7118-24/simulated?ccb=11-4&oh=0&oe=0&_nc_sid=5e03e0";
    let mut value = json!({
        "url": format!("https://mmg.whatsapp.net{path}"),
        "mimetype": media.mimetype,
        "fileSha256": bytes(&media.sha256, form),
        "fileLength": number(media.length as u64, form),
        "mediaKey": bytes(&secret(message, 3), form),
        "fileEncSha256": bytes(&secret(message, 4), form),
        "directPath": path,
        "mediaKeyTimestamp": number(message.at_s, form),
    });
    match media.field {
        "audioMessage" => value["ptt"] = true.into(),
        _ => value["caption"] = (*message.body).into(),
    }
    if media.field == "videoMessage" {
        value["jpegThumbnail"] = bytes(&[0], form);
    }
    if let Some(name) = media
        .filename
        .as_ref()
        .filter(|_| media.field == "documentMessage")
    {
        value["fileName"] = name.clone().into();
    }
    value
}

/// 32 bytes that belong to a message.
fn secret(message: &Message, nth: u64) -> Vec<u8> {
    let mut draws = Draws::keyed(0, &[message.id.as_bytes()], nth);
    (0..4)
        .flat_map(|_| draws.next_u64().to_be_bytes())
        .collect()
}

fn bytes(bytes: &[u8], form: Form) -> Value {
    match form {
        Form::Event => Value::from(STANDARD.encode(bytes)),
        Form::Store => json!({"type": "Buffer", "data": STANDARD.encode(bytes)}),
    }
}

fn number(number: u64, form: Form) -> Value {
    match form {
        Form::Event => Value::from(number.to_string()),
        Form::Store => Value::from(number),
    }
}
