//! Reading groups: those a simulator was told of, as each engine shows them. NOWEB's list is
//! recorded, an object keyed by group; the rest follows the engines' sources.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Body, Thrown};
use crate::draws::stable_hash;
use crate::page::{Page, descending, one_of};
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::{Session, Status, lid_of};
use crate::settings::Engine;
use crate::shapes::{c_us, s_whatsapp};
use crate::world::World;

const SUBJECT: &str = "Simulated group";
const DESCRIPTION: &str = "A group that nobody reads";
const CREATED_S: u64 = 1_700_000_000;

/// `/api/{session}/groups...`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("GET", []) => list(world, request, name).await,
        ("GET", ["count"]) => {
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!({"count": world.settings.groups.len()})))
        }
        ("POST", ["refresh"]) => {
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!({"success": true})))
        }
        ("GET", [jid]) => one(world, request, name, jid).await,
        ("GET", [jid, "participants"]) => participants(world, request, name, jid).await,
        ("GET", [jid, "participants", "v2"]) => {
            let group = found(world, request, name, jid).await?;
            let list: Vec<_> = group.members.iter().map(Member::v2).collect();
            Ok(Answer::ok(&list.into()))
        }
        ("GET", [jid, "invite-code"]) => {
            let group = found(world, request, name, jid).await?;
            // Nest sends a bare string as a page.
            let code = format!(
                "{:022X}",
                stable_hash(0, &[b"invite", group.jid.as_bytes()])
            );
            Ok(Answer::new(http::StatusCode::OK, Body::Page(code)))
        }
        ("GET", [jid, "picture"]) => {
            found(world, request, name, jid).await?;
            Ok(Answer::ok(&json!({"url": null})))
        }
        _ => Err(not_routed(request)),
    }
}

struct Group<'a> {
    jid: &'a str,
    owner: String,
    members: Vec<Member>,
}

struct Member {
    phone: String,
    owns: bool,
}

impl Member {
    fn jid(&self) -> String {
        s_whatsapp(&self.phone)
    }

    /// The one shape that every engine agrees on.
    fn v2(&self) -> Value {
        let id = c_us(&self.jid());
        json!({
            "id": id,
            "pn": id,
            "role": if self.owns { "superadmin" } else { "participant" },
        })
    }

    fn raw(&self, engine: Engine) -> Value {
        match engine {
            Engine::Noweb => json!({
                "id": self.jid(),
                "admin": if self.owns { Some("superadmin") } else { None },
            }),
            Engine::Gows => json!({
                "JID": self.jid(),
                "PhoneNumber": self.jid(),
                "LID": lid_of(c_us(&self.jid()).split('@').next().unwrap_or_default()),
                "IsAdmin": self.owns,
                "IsSuperAdmin": self.owns,
                "DisplayName": "",
                "Error": 0,
                "AddRequest": null,
            }),
            Engine::Webjs | Engine::Wpp => json!({
                "id": wid(&c_us(&self.jid())),
                "isAdmin": self.owns,
                "isSuperAdmin": self.owns,
            }),
        }
    }
}

fn groups<'a>(world: &'a World, session: &Session) -> Vec<Group<'a>> {
    let owner = session
        .account()
        .map(|account| account.phone.clone())
        .unwrap_or_default();
    world
        .settings
        .groups
        .iter()
        .map(|(jid, members)| {
            let me = Member {
                phone: owner.clone(),
                owns: true,
            };
            let others = members.iter().map(|member| Member {
                phone: member.clone(),
                owns: false,
            });
            Group {
                jid,
                owner: s_whatsapp(&owner),
                members: std::iter::once(me).chain(others).collect(),
            }
        })
        .collect()
}

async fn list(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let page = Page::of(request)?;
    one_of(request, "sortBy", &["id", "subject"])?;
    let descending = descending(request, false)?;
    let bare = request
        .queries("exclude")
        .any(|excluded| excluded == "participants");
    let session = world.ready(name, &[Status::Working]).await?;
    let mut all = groups(world, &session);
    if descending {
        all.reverse();
    }
    let engine = world.settings.engine;
    let page = page.cut(all.iter());
    Ok(Answer::ok(&if engine == Engine::Noweb {
        let by_id: Map<String, Value> = page
            .map(|group| (group.jid.to_owned(), shown(group, engine, bare)))
            .collect();
        by_id.into()
    } else {
        let list: Vec<_> = page.map(|group| shown(group, engine, bare)).collect();
        list.into()
    }))
}

fn shown(group: &Group<'_>, engine: Engine, bare: bool) -> Value {
    let members: Vec<_> = group
        .members
        .iter()
        .map(|member| member.raw(engine))
        .collect();
    let (mut value, pointer, key) = match engine {
        Engine::Noweb => (
            json!({
                "id": group.jid,
                "subject": SUBJECT,
                "owner": group.owner,
                "creation": CREATED_S,
                "size": members.len(),
                "desc": DESCRIPTION,
                "addressingMode": "pn",
            }),
            "",
            "participants",
        ),
        Engine::Gows => (
            json!({
                "JID": group.jid,
                "OwnerJID": group.owner,
                "Name": SUBJECT,
                "Topic": DESCRIPTION,
                "IsLocked": false,
                "IsAnnounce": false,
                "IsEphemeral": false,
                "AddressingMode": "pn",
                "GroupCreated": "2023-11-14T22:13:20Z",
                "MemberAddMode": "admin_add",
            }),
            "",
            "Participants",
        ),
        Engine::Webjs | Engine::Wpp => (
            json!({
                "id": wid(group.jid),
                "name": SUBJECT,
                "isGroup": true,
                "isReadOnly": false,
                "unreadCount": 0,
                "timestamp": CREATED_S,
                "archived": false,
                "pinned": false,
                "groupMetadata": {
                    "id": wid(group.jid),
                    "subject": SUBJECT,
                    "desc": DESCRIPTION,
                    "creation": CREATED_S,
                    "owner": wid(&c_us(&group.owner)),
                    "announce": false,
                    "restrict": false,
                },
            }),
            "/groupMetadata",
            "participants",
        ),
    };
    if let Some(place) = value.pointer_mut(pointer).filter(|_| !bare) {
        place[key] = members.into();
    }
    value
}

/// `id` as WhatsApp Web keeps it.
fn wid(chat: &str) -> Value {
    let (user, server) = chat.split_once('@').unwrap_or((chat, "c.us"));
    json!({"server": server, "user": user, "_serialized": chat})
}

async fn one(world: &Arc<World>, request: &Request, name: &str, jid: &str) -> Outcome {
    let group = found(world, request, name, jid).await?;
    Ok(Answer::ok(&shown(&group, world.settings.engine, false)))
}

async fn participants(world: &Arc<World>, request: &Request, name: &str, jid: &str) -> Outcome {
    let group = found(world, request, name, jid).await?;
    let engine = world.settings.engine;
    let list: Vec<_> = group
        .members
        .iter()
        .map(|member| member.raw(engine))
        .collect();
    Ok(Answer::ok(&list.into()))
}

/// An unknown group is an ordinary error (recorded).
async fn found<'a>(
    world: &'a Arc<World>,
    request: &Request,
    name: &str,
    jid: &str,
) -> Result<Group<'a>, Answer> {
    let session = world.ready(name, &[Status::Working]).await?;
    groups(world, &session)
        .into_iter()
        .find(|group| group.jid == jid)
        .ok_or_else(|| {
            let thrown = Thrown::error(format!("Group with id '{jid}' not found"))
                .by("WhatsappSessionNoWebCore.getGroup");
            Answer::thrown(world, request, thrown)
        })
}
