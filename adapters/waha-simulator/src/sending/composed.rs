//! Sends that are put together from fields: buttons, lists, polls, locations, contacts, links,
//! forwards, answers to buttons. NOWEB's answers and refusals are recorded; which engine can send
//! what, see [`Ability`].

use serde_json::{Value, json};

use super::outgoing::{Outgoing, chat_from, no_in, no_property, type_error};
use crate::abilities::Ability;
use crate::answer::{Answer, Thrown};
use crate::changes::key_from;
use crate::ledger::{Kind, parts_hash};
use crate::messages::{Content, Rich};
use crate::request::Request;
use crate::settings::Engine;
use crate::world::World;

type Wanted = Result<Outgoing, Answer>;

/// The functions that first touch the vcards and the preview (recorded).
const VCARDS: &str = "WhatsappSessionNoWebCore.sendContactVCard";
const PREVIEW: &str = "ChattingController.sendLinkCustomPreview";

/// What WAHA's validation refuses before it looks for the session.
pub(super) fn check(request: &Request, kind: Kind) -> Result<(), Answer> {
    if kind != Kind::Buttons {
        return Ok(());
    }
    let mut problems = Vec::new();
    let buttons = request.field("buttons").and_then(Value::as_array);
    let count = buttons.map(Vec::len);
    if count.is_none_or(|count| count > 4) {
        problems.push("buttons must contain no more than 4 elements".to_owned());
    }
    if count.is_none_or(|count| count == 0) {
        problems.push("buttons must contain at least 1 elements".to_owned());
    }
    if count.is_none() {
        problems.push("buttons must be an array".to_owned());
    }
    for (nth, button) in buttons.into_iter().flatten().enumerate() {
        let kind = button.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("reply" | "url" | "call" | "copy")) {
            problems.push(format!(
                "buttons.{nth}.type must be one of the following values: reply, url, call, copy"
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Answer::invalid(problems))
    }
}

pub(super) fn from(world: &World, request: &Request, session: &str, kind: Kind) -> Wanted {
    match kind {
        Kind::Buttons => buttons(world, request),
        Kind::List => list(world, request),
        Kind::Poll => poll(world, request),
        Kind::Location => location(world, request),
        Kind::Contact => contacts(world, request),
        Kind::Forward => forward(world, request, session),
        Kind::ButtonReply => button_reply(world, request),
        // Both calls for links: the newer one has a preview.
        _ if request.path.last().map(String::as_str) == Some("sendLinkPreview") => {
            link_with_title(world, request)
        }
        _ => link(world, request),
    }
}

/// Relayed by WAHA itself, so that Baileys tells nobody: neither stored nor echoed (recorded).
fn buttons(world: &World, request: &Request) -> Wanted {
    world.able(Ability::Buttons)?;
    let chat = chat_from(world, request)?;
    let body = request.parsed_body().cloned().unwrap_or_default();
    let mut parts: Vec<String> = ["header", "body", "footer"]
        .map(|key| text_of(&body[key]))
        .into();
    parts.extend(each(&body["buttons"], |button| text_of(&button["text"])));
    let hash = parts_hash(&parts);
    let content = Content::rich(Rich::Buttons(body));
    Ok(Outgoing {
        echoed: false,
        ..Outgoing::of(Kind::Buttons, chat, hash, content)
    })
}

/// Baileys sends no list any more: of the message only the description arrives (recorded).
fn list(world: &World, request: &Request) -> Wanted {
    world.able(Ability::List)?;
    let Some(list) = request.field("message").filter(|list| list.is_object()) else {
        return Err(no_property(
            world,
            request,
            "WhatsappSessionNoWebCore.sendList",
            "undefined",
            "description",
        ));
    };
    let chat = chat_from(world, request)?;
    if ["@g.us", "@broadcast", "@newsletter"]
        .iter()
        .any(|domain| chat.ends_with(domain))
    {
        return Err(Answer::unprocessable(
            "List message can only be sent to a direct message chat.",
        ));
    }
    let mut parts: Vec<String> = ["title", "description", "footer", "button"]
        .map(|key| text_of(&list[key]))
        .into();
    for section in list["sections"].as_array().into_iter().flatten() {
        for row in section["rows"].as_array().into_iter().flatten() {
            parts.extend([text_of(&row["title"]), text_of(&row["rowId"])]);
        }
    }
    let mut outgoing = if world.settings.engine == Engine::Noweb {
        Outgoing::text(chat, &text_of(&list["description"]))
    } else {
        let content = Content::rich(Rich::List(list.clone()));
        Outgoing::of(Kind::List, chat, [0; 32], content)
    };
    outgoing.kind = Kind::List;
    outgoing.hash = parts_hash(&parts);
    let mut outgoing = outgoing.with_options(request);
    outgoing.asked_id = None;
    Ok(outgoing)
}

fn poll(world: &World, request: &Request) -> Wanted {
    let Some(poll) = request.field("poll").filter(|poll| poll.is_object()) else {
        return Err(no_property(
            world,
            request,
            "WhatsappSessionNoWebCore.sendPoll",
            "undefined",
            "name",
        ));
    };
    let chat = chat_from(world, request)?;
    let Some(options) = poll.get("options").and_then(Value::as_array) else {
        let thrown = Thrown::boom("Invalid poll values", Value::Null);
        return Err(Answer::thrown(world, request, thrown));
    };
    let options: Vec<String> = options.iter().map(text_of).collect();
    let several = poll.get("multipleAnswers") == Some(&Value::Bool(true));
    let selectable = if several { options.len() } else { 1 };
    if selectable > options.len() {
        let message = format!(
            "poll.selectableCount in poll should be >= 0 and <= {}",
            options.len()
        );
        return Err(Answer::thrown(
            world,
            request,
            Thrown::boom(message, Value::Null).by("generateWAMessageContent"),
        ));
    }
    let name = text_of(&poll["name"]);
    let parts: Vec<&str> = std::iter::once(&name)
        .chain(&options)
        .map(String::as_str)
        .collect();
    let hash = parts_hash(&parts);
    let content = Content::rich(Rich::Poll {
        name,
        options,
        selectable,
    });
    Ok(Outgoing::of(Kind::Poll, chat, hash, content).with_options(request))
}

/// Nothing is required, and nothing is checked (recorded).
fn location(world: &World, request: &Request) -> Wanted {
    let chat = chat_from(world, request)?;
    let value = |key: &str| request.field(key).cloned().unwrap_or_default();
    let (latitude, longitude) = (value("latitude"), value("longitude"));
    let name = value("title").as_str().map(str::to_owned);
    let parts = [
        text_of(&latitude),
        text_of(&longitude),
        name.clone().unwrap_or_default(),
    ];
    let content = Content::rich(Rich::Location {
        latitude,
        longitude,
        name,
    });
    Ok(Outgoing::of(Kind::Location, chat, parts_hash(&parts), content).with_options(request))
}

fn contacts(world: &World, request: &Request) -> Wanted {
    let chat = chat_from(world, request)?;
    let contacts = match request.field("contacts") {
        Some(Value::Array(contacts)) => contacts,
        None => return Err(no_property(world, request, VCARDS, "undefined", "map")),
        Some(Value::Null) => return Err(no_property(world, request, VCARDS, "null", "map")),
        Some(_) => {
            return Err(type_error(
                world,
                request,
                VCARDS,
                "request.contacts.map is not a function",
            ));
        }
    };
    let vcards: Vec<String> = contacts.iter().map(vcard).collect();
    let hash = parts_hash(&vcards);
    let content = Content::rich(Rich::Contacts(vcards));
    Ok(Outgoing::of(Kind::Contact, chat, hash, content).with_options(request))
}

/// As it was given, or made of the fields (recorded).
fn vcard(contact: &Value) -> String {
    if let Some(vcard) = contact["vcard"].as_str() {
        return vcard.to_owned();
    }
    let part = |key: &str| text_of(&contact[key]);
    format!(
        "BEGIN:VCARD\nVERSION:3.0\nFN:{}\nORG:{};\nTEL;type=CELL;type=VOICE;waid={}:{}\nEND:VCARD",
        part("fullName"),
        part("organization"),
        part("whatsappId"),
        part("phoneNumber"),
    )
}

fn link(world: &World, request: &Request) -> Wanted {
    let Some(preview) = request.field("preview").filter(|value| value.is_object()) else {
        return Err(no_property(world, request, PREVIEW, "undefined", "url"));
    };
    let Some(text) = request.field("text").and_then(Value::as_str) else {
        return Err(no_property(
            world,
            request,
            PREVIEW,
            "undefined",
            "includes",
        ));
    };
    let url = text_of(&preview["url"]);
    if !text.contains(&url) {
        let thrown = Thrown::error("\"text\" must include the URL provided in the \"preview.url\"")
            .by(PREVIEW);
        return Err(Answer::thrown(world, request, thrown));
    }
    world.able(Ability::CustomPreview)?;
    // GOWS looks into the image without asking whether there is one (source).
    if world.settings.engine == Engine::Gows && !preview["image"].is_object() {
        return Err(no_in(world, request, "undefined"));
    }
    let chat = chat_from(world, request)?;
    let content = Content::rich(Rich::Link {
        url,
        title: preview["title"].clone(),
        description: preview["description"].clone(),
    });
    let outgoing = Outgoing::of(Kind::Link, chat, parts_hash(&[text]), content);
    let mut outgoing = outgoing.with_options(request);
    outgoing.body = text.to_owned();
    Ok(outgoing)
}

/// The deprecated call: title and address become one text (recorded).
fn link_with_title(world: &World, request: &Request) -> Wanted {
    let chat = chat_from(world, request)?;
    let part = |key: &str| {
        request
            .field(key)
            .map_or_else(|| "undefined".to_owned(), text_of)
    };
    let text = format!("{}\n{}", part("title"), part("url"));
    let mut outgoing = Outgoing::text(chat, &text);
    outgoing.kind = Kind::Link;
    Ok(outgoing)
}

fn forward(world: &World, request: &Request, session: &str) -> Wanted {
    world.able(Ability::Forward)?;
    let key = key_from(world, request, request.field("messageId"))?;
    let chat = chat_from(world, request)?;
    let message = world
        .session(session)
        .filter(|session| session.store_on())
        .and_then(|session| session.store.look_up(&key.id));
    let Some(message) = message else {
        return Err(Answer::unprocessable(&format!(
            "Message with id '{}' not found",
            text_of(&json!(request.field("messageId")))
        )));
    };
    let hash = parts_hash(&[&message.id]);
    let outgoing = Outgoing::of(Kind::Forward, chat, hash, message.content);
    let mut outgoing = outgoing.with_options(request);
    outgoing.body = message.body.into();
    outgoing.forwarded = true;
    Ok(outgoing)
}

fn button_reply(world: &World, request: &Request) -> Wanted {
    world.able(Ability::ButtonReply)?;
    let chat = chat_from(world, request)?;
    let part = |key: &str| text_of(&json!(request.field(key)));
    let (id, text) = (part("selectedButtonID"), part("selectedDisplayText"));
    let hash = parts_hash(&[&id, &text]);
    let content = Content::rich(Rich::ButtonAnswer { id, text });
    let mut outgoing = Outgoing::of(Kind::ButtonReply, chat, hash, content);
    outgoing.reply_to = Some(part("replyTo"));
    Ok(outgoing)
}

/// A value as text: strings as they are, nothing for null, the rest as JSON writes it.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn each(list: &Value, text: impl Fn(&Value) -> String) -> Vec<String> {
    list.as_array().into_iter().flatten().map(text).collect()
}
