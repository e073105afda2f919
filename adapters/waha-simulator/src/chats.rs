//! Reading the store: chats, messages of a chat, one message; and check-exists.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Thrown};
use crate::messages::{Filter, Message};
use crate::request::Request;
use crate::sessions::{Account, Session, Status};
use crate::shapes::{self, Form};
use crate::world::World;

type Outcome = Result<Answer, Answer>;

const ACKS: [&str; 6] = ["ERROR", "PENDING", "SERVER", "DEVICE", "READ", "PLAYED"];

/// Every chat call needs a session that works and a store that is on.
async fn session_with_store(world: &Arc<World>, name: &str) -> Result<Arc<Session>, Answer> {
    let session = world.ready(name, &[Status::Working]).await?;
    if !session.store_on() {
        return Err(no_store());
    }
    Ok(session)
}

fn no_store() -> Answer {
    Answer::bad_request(
        "Enable NOWEB store \"config.noweb.store.enabled=True\" and \
         \"config.noweb.store.full_sync=True\" when starting a new session. Read more: \
         https://waha.devlike.pro/docs/engines/noweb#store",
    )
}

/// For calls that only have to say whether there is a store.
pub(crate) async fn nothing_stored(world: &Arc<World>, name: &str) -> Outcome {
    session_with_store(world, name).await?;
    Ok(Answer::ok(&json!([])))
}

pub(crate) async fn list(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let page = Page::of(request)?;
    let sort_by = one_of(request, "sortBy", &["conversationTimestamp", "id", "name"])?;
    let descending = one_of(request, "sortOrder", &["desc", "asc"])? != Some("asc");
    let session = session_with_store(world, name).await?;
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
        .map(|(jid, at_s)| json!({"id": jid, "conversationTimestamp": at_s}))
        .collect();
    Ok(Answer::ok(&list.into()))
}

pub(crate) async fn overview(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    let page = Page::of(request)?;
    let ids: Vec<String> = request.queries("ids").map(str::to_owned).collect();
    let list = overview_of(world, name, &page, &ids).await?;
    Ok(Answer::ok(&list))
}

pub(crate) async fn overview_by_post(world: &Arc<World>, request: &Request, name: &str) -> Outcome {
    session_with_store(world, name).await?;
    let Some(pagination) = request
        .field("pagination")
        .filter(|value| value.is_object())
    else {
        let message = "Cannot read properties of undefined (reading 'merge')";
        return Err(Answer::thrown(world, request, Thrown::type_error(message)));
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
    let session = session_with_store(world, name).await?;
    let wanted: Vec<String> = ids.iter().map(|id| shapes::s_whatsapp(id)).collect();
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
                "id": shapes::c_us(&jid),
                "name": session.store.chat_name(&jid),
                "picture": null,
                "lastMessage": last.first().map(|message| shown(world, &session, message, None)),
                "_chat": {"id": jid, "conversationTimestamp": at_s},
            })
        })
        .collect();
    Ok(list.into())
}

pub(crate) async fn messages(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
) -> Outcome {
    let page = Page::of(request)?;
    let limit = match request.query("limit").map(str::parse::<i64>) {
        None => Some(10),
        Some(Ok(limit)) => usize::try_from(limit).ok(),
        Some(Err(_)) => page.limit,
    };
    let ack = one_of(request, "filter.ack", &ACKS)?
        .and_then(|name| ACKS.iter().position(|ack| *ack == name))
        .map(|place| place as i8 - 1);
    let seconds = |name: &str| request.query(name).and_then(|text| text.parse().ok());
    let filter = Filter {
        limit,
        offset: page.offset,
        from_me: request.query("filter.fromMe").map(|text| text == "true"),
        at_s_min: seconds("filter.timestamp.gte"),
        at_s_max: seconds("filter.timestamp.lte"),
        ack,
    };
    let session = session_with_store(world, name).await?;
    let download = request.query("downloadMedia") != Some("false");
    let host = download.then(|| request.header("host").unwrap_or_default());
    let list: Vec<_> = session
        .store
        .chat(chat, &filter)
        .iter()
        .map(|message| shown(world, &session, message, host))
        .collect();
    Ok(Answer::ok(&list.into()))
}

pub(crate) async fn message(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    let session = session_with_store(world, name).await?;
    let download = request.query("downloadMedia") != Some("false");
    let host = download.then(|| request.header("host").unwrap_or_default());
    let message = session
        .store
        .find(chat, id)
        .ok_or_else(|| Answer::not_found("Message not found"))?;
    Ok(Answer::ok(&shown(world, &session, &message, host)))
}

fn shown(world: &World, session: &Session, message: &Message, host: Option<&str>) -> Value {
    let nobody = Account::new("");
    let account = session.account();
    let account = account.as_deref().unwrap_or(&nobody);
    let url = host.zip(message.media()).map(|(host, media)| {
        let extension = shapes::extension(&media.mimetype);
        format!(
            "http://{host}/api/files/{}/{}.{extension}",
            session.name, message.id
        )
    });
    shapes::wa_message(world.settings.engine, account, message, Form::Store, url)
}

/// What came in is marked as read; the answer names it.
pub(crate) async fn read(world: &Arc<World>, name: &str, chat: &str) -> Outcome {
    let session = session_with_store(world, name).await?;
    let read = session.store.read(chat);
    let ids: Vec<_> = read.iter().map(shapes::full_id).collect();
    Ok(Answer::created(&json!({"ids": ids})))
}

/// Calls that change how a chat is shown, and nothing else.
pub(crate) async fn touch(world: &Arc<World>, name: &str) -> Outcome {
    session_with_store(world, name).await?;
    Ok(Answer::empty(StatusCode::CREATED))
}

/// NOWEB answers an object keyed by group, not a list (recorded).
pub(crate) async fn groups(world: &Arc<World>, name: &str) -> Outcome {
    let session = world.ready(name, &[Status::Working]).await?;
    let owner = session
        .account()
        .map(|account| format!("{}@s.whatsapp.net", account.phone))
        .unwrap_or_default();
    let groups: Map<String, Value> = world
        .settings
        .groups
        .iter()
        .map(|(jid, members)| {
            let mut participants = vec![json!({"id": owner, "admin": "superadmin"})];
            participants.extend(
                members
                    .iter()
                    .map(|member| json!({"id": shapes::s_whatsapp(member), "admin": null})),
            );
            let group = json!({
                "id": jid,
                "subject": "Simulated group",
                "owner": owner,
                "creation": 1_700_000_000,
                "size": participants.len(),
                "desc": "A group that nobody reads",
                "addressingMode": "pn",
                "participants": participants,
            });
            (jid.clone(), group)
        })
        .collect();
    Ok(Answer::ok(&groups.into()))
}

pub(crate) async fn group(world: &Arc<World>, request: &Request, name: &str, jid: &str) -> Outcome {
    world.ready(name, &[Status::Working]).await?;
    let thrown = Thrown::error(format!("Group with id '{jid}' not found"));
    Err(Answer::thrown(world, request, thrown))
}

/// `GET /api/contacts/check-exists`. Nothing is normalised beyond what is cut at the `@`.
pub(crate) async fn check_exists(world: &Arc<World>, request: &Request) -> Outcome {
    let session = request.session_name()?;
    world.ready(session, &[Status::Working]).await?;
    let Some(phone) = request.query("phone") else {
        let message = "Cannot read properties of undefined (reading 'split')";
        return Err(Answer::thrown(world, request, Thrown::type_error(message)));
    };
    let user = phone.split('@').next().unwrap_or_default();
    let digits = user.strip_prefix('+').unwrap_or(user);
    Ok(Answer::ok(&if world.on_whatsapp(digits) {
        json!({"numberExists": true, "chatId": format!("{digits}@c.us")})
    } else if world.settings.engine == crate::settings::Engine::Gows {
        json!({"numberExists": false, "chatId": null})
    } else {
        json!({"numberExists": false})
    }))
}

struct Page {
    limit: Option<usize>,
    offset: usize,
}

impl Page {
    fn of(request: &Request) -> Result<Self, Answer> {
        let mut problems = Vec::new();
        let mut number = |name: &str| {
            let text = request.query(name)?;
            if text.parse::<f64>().is_err() {
                problems.push(format!(
                    "{name} must be a number conforming to the specified constraints"
                ));
            }
            text.parse::<usize>().ok()
        };
        let page = Self {
            limit: number("limit"),
            offset: number("offset").unwrap_or(0),
        };
        if problems.is_empty() {
            Ok(page)
        } else {
            Err(Answer::invalid(problems))
        }
    }

    fn cut<T>(&self, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        all.skip(self.offset).take(self.limit.unwrap_or(usize::MAX))
    }
}

fn one_of<'a>(
    request: &'a Request,
    name: &str,
    allowed: &[&str],
) -> Result<Option<&'a str>, Answer> {
    match request.query(name) {
        Some(value) if !allowed.contains(&value) => Err(Answer::invalid(vec![format!(
            "{name} must be one of the following values: {}",
            allowed.join(", ")
        )])),
        value => Ok(value),
    }
}
