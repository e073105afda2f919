//! The address book of a session, and the calls on it; check-exists and profile pictures as well.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::abilities::Ability;
use crate::answer::{Answer, Thrown};
use crate::page::{Page, descending, one_of};
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::Status;
use crate::settings::Engine;
use crate::shapes::{c_us, s_whatsapp};
use crate::world::{World, lock};

/// Who is known to a session. Small: people that were named, and people who wrote.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    known: BTreeMap<String, Names>,
    blocked: BTreeSet<String>,
}

#[derive(Debug, Clone, Default)]
struct Names {
    /// In the address book.
    name: Option<String>,
    /// What the person calls himself.
    push_name: Option<String>,
}

impl Contacts {
    pub(crate) fn named(&mut self, jid: &str, name: &str) {
        self.known.entry(jid.to_owned()).or_default().name = Some(name.to_owned());
    }

    /// Somebody wrote.
    pub(crate) fn wrote(&mut self, jid: &str, push_name: &str) {
        self.known.entry(jid.to_owned()).or_default().push_name = Some(push_name.to_owned());
    }

    pub(crate) fn is_blocked(&self, jid: &str) -> bool {
        self.blocked.contains(jid)
    }

    /// What a chat with that person is called.
    pub(crate) fn shown_name(&self, jid: &str) -> Option<String> {
        let names = self.known.get(jid)?;
        names.name.clone().or_else(|| names.push_name.clone())
    }
}

/// `/api/contacts...` and `/api/checkNumberStatus`.
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("GET", []) => {
            let contact = wanted(request)?;
            one(world, request.session_name()?, contact).await
        }
        ("GET", ["all"]) => all(world, request).await,
        ("GET", ["check-exists"]) => check_exists(world, request).await,
        ("GET", ["about"]) => about(world, request).await,
        ("GET", ["profile-picture"]) => {
            let name = request.session_name()?;
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!({"profilePictureURL": null})))
        }
        ("POST", ["block"]) => block(world, request, true).await,
        ("POST", ["unblock"]) => block(world, request, false).await,
        _ => Err(not_routed(request)),
    }
}

/// `/api/{session}/contacts/{id}`.
pub(crate) async fn route_of_session(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("GET", [id]) => one(world, name, id).await,
        ("PUT", [id]) => update(world, request, name, id).await,
        _ => Err(not_routed(request)),
    }
}

fn wanted(request: &Request) -> Result<&str, Answer> {
    request.session_name()?;
    Ok(request.query("contactId").unwrap_or_default())
}

/// Recorded on NOWEB: an empty answer for somebody unknown. The other engines make up a contact
/// without names (their sources).
async fn one(world: &Arc<World>, name: &str, id: &str) -> Outcome {
    let session = world.with_store(name).await?;
    let jid = s_whatsapp(id);
    let contacts = lock(&session.contacts);
    let names = contacts.known.get(&jid).cloned();
    if names.is_none() && world.settings.engine == Engine::Noweb {
        return Ok(Answer::empty(StatusCode::OK));
    }
    let names = names.unwrap_or_default();
    let blocked = contacts.is_blocked(&jid);
    Ok(Answer::ok(&shown(world, &jid, &names, blocked)))
}

async fn all(world: &Arc<World>, request: &Request) -> Outcome {
    let name = request.session_name()?;
    let page = Page::of(request)?;
    let sort_by = one_of(request, "sortBy", &["id", "name"])?;
    let descending = descending(request, false)?;
    let session = world.with_store(name).await?;
    let contacts = lock(&session.contacts);
    let mut known: Vec<_> = contacts.known.iter().collect();
    if sort_by == Some("name") {
        known.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    }
    if descending {
        known.reverse();
    }
    let list: Vec<_> = page
        .cut(known.into_iter())
        .map(|(jid, names)| shown(world, jid, names, contacts.is_blocked(jid)))
        .collect();
    Ok(Answer::ok(&list.into()))
}

fn shown(world: &World, jid: &str, names: &Names, blocked: bool) -> Value {
    let id = c_us(jid);
    match world.settings.engine {
        // What is undefined is absent (recorded).
        Engine::Noweb => {
            let mut contact = json!({"id": id});
            for (key, name) in [("name", &names.name), ("pushname", &names.push_name)] {
                if let Some(name) = name {
                    contact[key] = name.clone().into();
                }
            }
            contact
        }
        Engine::Gows => json!({
            "id": id,
            "name": names.name.clone().unwrap_or_default(),
            "pushname": names.push_name.clone().unwrap_or_default(),
        }),
        // The class of whatsapp-web.js.
        Engine::Webjs | Engine::Wpp => json!({
            "id": id,
            "number": id.split('@').next(),
            "isBusiness": false,
            "isEnterprise": false,
            "name": names.name,
            "pushname": names.push_name,
            "shortName": names.name.as_deref().and_then(|name| name.split(' ').next()),
            "type": "in",
            "isMe": false,
            "isUser": true,
            "isGroup": false,
            "isWAContact": true,
            "isMyContact": names.name.is_some(),
            "isBlocked": blocked,
        }),
    }
}

/// `PUT /api/{session}/contacts/{chatId}`: first and last name make one (WAHA source).
async fn update(world: &Arc<World>, request: &Request, name: &str, id: &str) -> Outcome {
    let session = world.ready(name, &[Status::Working]).await?;
    let part = |key: &str| {
        request
            .field(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let full = format!("{} {}", part("firstName"), part("lastName"));
    lock(&session.contacts).named(&s_whatsapp(id), full.trim());
    Ok(Answer::ok(&json!({"success": true})))
}

/// `GET /api/contacts/check-exists`. Nothing is normalised beyond what is cut at the `@`.
pub(crate) async fn check_exists(world: &Arc<World>, request: &Request) -> Outcome {
    let session = request.session_name()?;
    world.ready(session, &[Status::Working]).await?;
    let Some(phone) = request.query("phone") else {
        let message = "Cannot read properties of undefined (reading 'split')";
        return Err(Answer::thrown(
            world,
            request,
            Thrown::type_error(message).by("WhatsappSessionNoWebCore.checkNumberStatus"),
        ));
    };
    let user = phone.split('@').next().unwrap_or_default();
    let digits = user.strip_prefix('+').unwrap_or(user);
    Ok(Answer::ok(&if world.on_whatsapp(digits) {
        json!({"numberExists": true, "chatId": format!("{digits}@c.us")})
    } else if world.settings.engine == Engine::Gows {
        json!({"numberExists": false, "chatId": null})
    } else {
        json!({"numberExists": false})
    }))
}

/// Nobody here has anything to say of himself.
async fn about(world: &Arc<World>, request: &Request) -> Outcome {
    world
        .ready(request.session_name()?, &[Status::Working])
        .await?;
    world.able(Ability::About)?;
    Ok(Answer::ok(&json!({"about": null})))
}

/// Who is blocked cannot write any more; see [`crate::Simulator::receive`].
async fn block(world: &Arc<World>, request: &Request, blocked: bool) -> Outcome {
    let session = world
        .ready(request.session_name()?, &[Status::Working])
        .await?;
    world.able(Ability::Block)?;
    let jid = s_whatsapp(
        request
            .field("contactId")
            .and_then(Value::as_str)
            .unwrap_or_default(),
    );
    let mut contacts = lock(&session.contacts);
    if blocked {
        contacts.blocked.insert(jid);
    } else {
        contacts.blocked.remove(&jid);
    }
    Ok(Answer::empty(StatusCode::CREATED))
}
