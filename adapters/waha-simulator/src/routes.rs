//! Which call is answered by what. One line per route; anything else is Express's 404.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::ledger::Kind;
use crate::request::Request;
use crate::sessions::{Status, api as sessions};
use crate::world::World;
use crate::{chats, control, pairing, sending, server_info};

type Outcome = Result<Answer, Answer>;

pub(crate) async fn route(world: &Arc<World>, request: &Request) -> Answer {
    match table(world, request).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn table(world: &Arc<World>, request: &Request) -> Outcome {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let method = match &request.method {
        &Method::HEAD => "GET",
        other => other.as_str(),
    };
    match (method, path.as_slice()) {
        // Sending
        ("POST", ["api", "sendText"]) => sending::text(world, request).await,
        ("GET", ["api", "sendText"]) => sending::text_by_query(world, request).await,
        ("POST", ["api", "sendImage"]) => sending::media(world, request, Kind::Image).await,
        ("POST", ["api", "sendFile"]) => sending::media(world, request, Kind::File).await,
        ("GET", ["api", name, "new-message-id"]) => server_info::message_id(world, name).await,
        ("GET", ["api", "contacts", "check-exists"] | ["api", "checkNumberStatus"]) => {
            chats::check_exists(world, request).await
        }

        // Server
        ("GET", ["ping"]) => Ok(Answer::ok(&json!({"message": "pong"}))),
        ("GET", ["health"]) => Ok(server_info::health()),
        ("GET", ["api", "version"] | ["api", "server", "version"]) => {
            Ok(Answer::ok(world.environment()))
        }
        ("GET", ["api", "server", "status"]) => Ok(server_info::status(world)),
        ("GET", ["api", "server", "environment"]) => Ok(server_info::environment(world)),
        ("GET", ["api", "keys"]) => Ok(Answer::ok(&json!([]))),

        // Sessions
        ("GET", ["api", "sessions"]) => sessions::list(world, request),
        ("POST", ["api", "sessions"]) => sessions::create(world, request),
        ("POST", ["api", "sessions", "start"]) => sessions::deprecated_start(world, request),
        ("POST", ["api", "sessions", "stop"]) => {
            sessions::deprecated_stop(world, request, false).await
        }
        ("POST", ["api", "sessions", "logout"]) => {
            sessions::deprecated_stop(world, request, true).await
        }
        ("GET", ["api", "sessions", name]) => sessions::show(world, name),
        ("PUT", ["api", "sessions", name]) => sessions::update(world, request, name).await,
        ("DELETE", ["api", "sessions", name]) => sessions::delete(world, request, name).await,
        ("GET", ["api", "sessions", name, "me"]) => sessions::me(world, name),
        ("POST", ["api", "sessions", name, "start"]) => sessions::start(world, request, name).await,
        ("POST", ["api", "sessions", name, "stop"]) => sessions::stop(world, request, name).await,
        ("POST", ["api", "sessions", name, "restart"]) => {
            sessions::restart(world, request, name).await
        }
        ("POST", ["api", "sessions", name, "logout"]) => {
            sessions::logout(world, request, name).await
        }

        // Pairing
        ("GET", ["api", name, "auth", "qr"]) => pairing::qr(world, request, name).await,
        ("POST", ["api", name, "auth", "request-code"]) => {
            pairing::request_code(world, request, name).await
        }
        ("GET", ["api", "screenshot"]) => pairing::screenshot(world, request).await,

        // Chats
        ("GET", ["api", name, "chats"]) => chats::list(world, request, name).await,
        ("GET", ["api", name, "chats", "overview"]) => chats::overview(world, request, name).await,
        ("POST", ["api", name, "chats", "overview"]) => {
            chats::overview_by_post(world, request, name).await
        }
        ("GET", ["api", name, "chats", chat, "messages"]) => {
            chats::messages(world, request, name, chat).await
        }
        ("DELETE", ["api", name, "chats", _, "messages"]) => {
            world.ready(name, &[Status::Working]).await?;
            Err(Answer::not_implemented(world.settings.engine))
        }
        ("GET", ["api", "messages"]) => {
            let name = request.session_name()?;
            let chat = request.query("chatId").unwrap_or_default();
            chats::messages(world, request, name, chat).await
        }
        ("GET", ["api", name, "chats", chat, "messages", id]) => {
            chats::message(world, request, name, chat, id).await
        }
        ("POST", ["api", name, "chats", chat, "messages", "read"]) => {
            chats::read(world, name, chat).await
        }
        ("POST", ["api", name, "chats", _, "unread" | "archive" | "unarchive"]) => {
            chats::touch(world, name).await
        }
        ("GET", ["api", name, "chats", _, "picture"]) => {
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!({"url": null})))
        }
        ("GET", ["api", name, "groups"]) => chats::groups(world, name).await,
        ("GET", ["api", name, "groups", jid]) => chats::group(world, request, name, jid).await,
        ("GET", ["api", name, "labels"]) => chats::nothing_stored(world, name).await,
        ("GET", ["api", name, "lids"]) => {
            world.ready(name, &[Status::Working]).await?;
            Ok(Answer::ok(&json!([])))
        }
        ("GET", ["api", name, "lids", "pn", phone]) => {
            world.ready(name, &[Status::Working]).await?;
            let phone = crate::shapes::c_us(&crate::shapes::s_whatsapp(phone));
            Ok(Answer::ok(&json!({"lid": null, "pn": phone})))
        }
        ("GET", ["api", "contacts", "all"]) => {
            chats::nothing_stored(world, request.session_name()?).await
        }

        // The simulator's own
        (_, ["simulator", ..]) => control::route(world, request, method, &path[1..]),
        _ => Err(not_routed(request)),
    }
}

pub(crate) fn not_routed(request: &Request) -> Answer {
    Answer::not_found(&format!("Cannot {} {}", request.method, request.target))
}
