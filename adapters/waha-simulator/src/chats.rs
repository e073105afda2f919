//! The chats of a session: the list, the overview, and what changes how a chat is shown.
//! Recorded on NOWEB; the other engines' answers follow their sources.

pub(crate) mod messages;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use self::messages::shown;
use crate::abilities::Ability;
use crate::answer::{Answer, Body, Thrown};
use crate::changes;
use crate::messages::Filter;
use crate::page::{Page, descending, one_of};
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::sessions::{Session, Status};
use crate::settings::Engine;
use crate::shapes::{c_us, s_whatsapp};
use crate::world::{World, lock};

/// Chats that were put away.
pub(crate) type Archived = BTreeSet<String>;

/// `/api/{session}/chats...`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    name: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("GET", []) => list(world, request, name).await,
        ("GET", ["overview"]) => overview(world, request, name).await,
        ("POST", ["overview"]) => overview_by_post(world, request, name).await,
        ("DELETE", [chat]) => delete(world, name, chat, Ability::DeleteChat).await,
        ("GET", [chat, "messages"]) => messages::list(world, request, name, chat).await,
        ("DELETE", [chat, "messages"]) => delete(world, name, chat, Ability::ClearChat).await,
        ("POST", [chat, "messages", "read"]) => messages::read(world, name, chat).await,
        ("GET", [chat, "messages", id]) => messages::one(world, request, name, chat, id).await,
        ("PUT", [chat, "messages", id]) => changes::edit(world, request, name, chat, id).await,
        ("DELETE", [chat, "messages", id]) => changes::revoke(world, request, name, chat, id).await,
        ("POST", [chat, "messages", id, "pin"]) => {
            changes::pin(world, request, name, chat, id).await
        }
        ("POST", [chat, "messages", id, "unpin"]) => {
            changes::unpin(world, request, name, chat, id).await
        }
        ("POST", [chat, "archive"]) => archive(world, name, chat, true).await,
        ("POST", [chat, "unarchive"]) => archive(world, name, chat, false).await,
        ("POST", [_, "unread"]) => unread(world, name).await,
        ("GET", [_, "picture"]) => {
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!({"url": null})))
        }
        _ => Err(not_routed(request)),
    }
}

impl World {
    /// What reads the store needs a session that works and a store that is on.
    pub(crate) async fn with_store(self: &Arc<Self>, name: &str) -> Result<Arc<Session>, Answer> {
        let session = self.ready(name, &[Status::Working]).await?;
        if !session.store_on() {
            return Err(no_store());
        }
        Ok(session)
    }
}

fn no_store() -> Answer {
    Answer::bad_request(
        "Enable NOWEB store \"config.noweb.store.enabled=True\" and \
         \"config.noweb.store.full_sync=True\" when starting a new session. Read more: \
         https://waha.devlike.pro/docs/engines/noweb#store",
    )
}

async fn list(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let page = Page::of(request)?;
    let sort_by = one_of(request, "sortBy", &["conversationTimestamp", "id", "name"])?;
    let descending = descending(request, true)?;
    let session = world.with_store(name).await?;
    let mut chats = session.store.chats();
    if matches!(sort_by, Some("id" | "name")) {
        chats.sort();
        if descending {
            chats.reverse();
        }
    } else if !descending {
        chats.reverse();
    }
    let list: Vec<_> = page
        .cut(chats.into_iter())
        .map(|(jid, at_s)| raw(world, &session, &jid, at_s))
        .collect();
    Ok(Answer::ok(&list.into()))
}

/// A chat as the engine keeps it.
fn raw(world: &World, session: &Session, jid: &str, at_s: u64) -> Value {
    let archived = lock(&session.archived).contains(jid);
    match world.settings.engine {
        Engine::Noweb => {
            let mut chat = json!({"id": jid, "conversationTimestamp": at_s});
            if archived {
                chat["archived"] = true.into();
            }
            chat
        }
        Engine::Gows => json!({
            "id": c_us(jid),
            "name": called(session, jid).unwrap_or_default(),
            "conversationTimestamp": at_s,
        }),
        Engine::Webjs | Engine::Wpp => {
            let id = c_us(jid);
            let (user, server) = id.split_once('@').unwrap_or((&id, "c.us"));
            json!({
                "id": {"server": server, "user": user, "_serialized": id},
                "name": called(session, jid),
                "isGroup": server == "g.us",
                "isReadOnly": false,
                "unreadCount": 0,
                "timestamp": at_s,
                "archived": archived,
                "pinned": false,
                "isMuted": false,
            })
        }
    }
}

/// What a chat is called: by the address book, or by what its person calls himself.
fn called(session: &Session, jid: &str) -> Option<String> {
    lock(&session.contacts).shown_name(jid)
}

async fn overview(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let page = Page::of(request)?;
    let ids: Vec<String> = request.queries("ids").map(str::to_owned).collect();
    let list = overview_of(world, name, &page, &ids).await?;
    Ok(Answer::ok(&list))
}

async fn overview_by_post(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    world.with_store(name).await?;
    let Some(pagination) = request
        .field("pagination")
        .filter(|value| value.is_object())
    else {
        let message = "Cannot read properties of undefined (reading 'merge')";
        return Err(Answer::thrown(
            world,
            request,
            Thrown::type_error(message).by("WhatsappSessionNoWebCore.getChatsOverview"),
        ));
    };
    let number = |key: &str| {
        let number = pagination.get(key).and_then(Value::as_u64)?;
        usize::try_from(number).ok()
    };
    let page = Page {
        limit: number("limit"),
        offset: number("offset").unwrap_or(0),
    };
    let ids: Vec<String> = request
        .field("filter")
        .and_then(|filter| filter.get("ids")?.as_array())
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    let list = overview_of(world, name, &page, &ids).await?;
    Ok(Answer::created(&list))
}

async fn overview_of(
    world: &Arc<World>,
    name: &str,
    page: &Page,
    ids: &[String],
) -> Result<Value, Answer> {
    let session = world.with_store(name).await?;
    let wanted: Vec<String> = ids.iter().map(|id| s_whatsapp(id)).collect();
    let chats = session.store.chats().into_iter();
    let list: Vec<Value> = page
        .cut(chats.filter(|(jid, _)| wanted.is_empty() || wanted.contains(jid)))
        .map(|(jid, at_s)| {
            let newest = Filter {
                limit: Some(1),
                ..Filter::default()
            };
            let last = session.store.chat(&jid, &newest);
            json!({
                "id": c_us(&jid),
                "name": called(&session, &jid),
                "picture": null,
                "lastMessage": last.first().map(|message| shown(world, &session, message, None)),
                "_chat": raw(world, &session, &jid, at_s),
            })
        })
        .collect();
    Ok(list.into())
}

/// NOWEB and WEBJS answer nothing, GOWS that it worked; only the browser engines tell of it (source).
async fn archive(world: &Arc<World>, name: &str, chat: &str, away: bool) -> Outcome {
    let session = world.with_store(name).await?;
    world.able(Ability::Archive)?;
    let jid = s_whatsapp(chat);
    let changed = {
        let mut archived = lock(&session.archived);
        if away {
            archived.insert(jid.clone())
        } else {
            archived.remove(&jid)
        }
    };
    if changed && world.settings.engine != Engine::Noweb {
        world.emit(&session, "chat.archive", || {
            json!({
                "id": c_us(&jid),
                "archived": away,
                "timestamp": world.clock.wall_ms() / 1000,
            })
            .to_string()
        });
    }
    Ok(Answer::empty(StatusCode::CREATED))
}

/// Nothing that can be read back shows it, as in WAHA.
async fn unread(world: &Arc<World>, name: &str) -> Outcome {
    world.with_store(name).await?;
    Ok(if world.settings.engine == Engine::Gows {
        Answer::created(&json!({"success": true}))
    } else {
        Answer::empty(StatusCode::CREATED)
    })
}

/// A deleted chat and an emptied one look alike from outside. Nest sends a bare `true` as a page.
async fn delete(world: &Arc<World>, name: &str, chat: &str, ability: Ability) -> Outcome {
    let session = world.ready(name, &[Status::Working]).await?;
    world.able(ability)?;
    session.store.clear(chat);
    Ok(Answer::new(StatusCode::OK, Body::Page("true".to_owned())))
}
