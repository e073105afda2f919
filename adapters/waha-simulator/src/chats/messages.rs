//! Reading the messages of a chat, and marking them as read. Recorded.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::messages::{Filter, Message};
use crate::page::{Page, one_of};
use crate::request::Request;
use crate::routes::Outcome;
use crate::sessions::{Account, Session, Status};
use crate::settings::Engine;
use crate::shapes::{self, Form};
use crate::world::World;

const ACKS: [&str; 6] = ["ERROR", "PENDING", "SERVER", "DEVICE", "READ", "PLAYED"];

pub(crate) async fn list(world: &Arc<World>, request: &Request, name: &str, chat: &str) -> Outcome {
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
    let session = world.with_store(name).await?;
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

pub(crate) async fn one(
    world: &Arc<World>,
    request: &Request,
    name: &str,
    chat: &str,
    id: &str,
) -> Outcome {
    let session = world.with_store(name).await?;
    let download = request.query("downloadMedia") != Some("false");
    let host = download.then(|| request.header("host").unwrap_or_default());
    let message = session
        .store
        .find(chat, id)
        .ok_or_else(|| Answer::not_found("Message not found"))?;
    Ok(Answer::ok(&shown(world, &session, &message, host)))
}

pub(crate) fn shown(
    world: &World,
    session: &Session,
    message: &Message,
    host: Option<&str>,
) -> Value {
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

/// What came in is marked as read; the answer names it, except on WEBJS (source).
pub(crate) async fn read(world: &Arc<World>, name: &str, chat: &str) -> Outcome {
    let session = world.with_store(name).await?;
    let read = session.store.read(chat);
    if matches!(world.settings.engine, Engine::Webjs | Engine::Wpp) {
        return Ok(Answer::created(&json!({"ids": null})));
    }
    let ids: Vec<_> = read.iter().map(shapes::full_id).collect();
    Ok(Answer::created(&json!({"ids": ids})))
}

/// `POST /api/sendSeen`. Named messages are marked without an answer, and without a look at the
/// store; otherwise the whole chat is, as by the newer call (recorded).
pub(crate) async fn seen(world: &Arc<World>, request: &Request) -> Outcome {
    let name = request.session_name()?;
    let field = |key: &str| request.field(key).filter(|value| !value.is_null());
    let many = field("messageIds")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let ids: Vec<&str> = field("messageId")
        .into_iter()
        .chain(many)
        .filter_map(Value::as_str)
        .collect();
    let whole_chat = ids.is_empty();
    if whole_chat && !matches!(world.settings.engine, Engine::Webjs | Engine::Wpp) {
        let chat = field("chatId").and_then(Value::as_str).unwrap_or_default();
        return read(world, name, chat).await;
    }
    let session = world.ready(name, &[Status::Working]).await?;
    if whole_chat && let Some(chat) = field("chatId").and_then(Value::as_str) {
        session.store.read(chat);
    }
    for id in ids {
        session.store.mark_read(id);
    }
    Ok(Answer::empty(StatusCode::CREATED))
}
