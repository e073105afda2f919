//! Which call belongs to which tag of WAHA's. Each tag has its own table; what is in none of them
//! is Express's 404.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use crate::answer::Answer;
use crate::request::Request;
use crate::sessions::api as sessions;
use crate::world::World;
use crate::{
    chats, chatting, contacts, control, groups, labels, lids, pairing, presence, server_info,
};

/// How a call ends, early or at its end.
pub(crate) type Outcome = Result<Answer, Answer>;

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
        // Server
        ("GET", ["ping"]) => Ok(Answer::ok(&json!({"message": "pong"}))),
        ("GET", ["health"]) => Ok(server_info::health()),
        ("GET", ["api", "version"] | ["api", "server", "version"]) => {
            Ok(Answer::ok(world.environment()))
        }
        ("GET", ["api", "server", "status"]) => Ok(server_info::status(world)),
        ("GET", ["api", "server", "environment"]) => Ok(server_info::environment(world)),
        ("GET", ["api", "keys"]) => Ok(Answer::ok(&json!([]))),

        // Pairing
        ("GET", ["api", name, "auth", "qr"]) => pairing::qr(world, request, name).await,
        ("POST", ["api", name, "auth", "request-code"]) => {
            pairing::request_code(world, request, name).await
        }
        ("GET", ["api", "screenshot"]) => pairing::screenshot(world, request).await,

        (_, ["api", "sessions", rest @ ..]) => sessions::route(world, request, method, rest).await,
        (_, ["api", "contacts", rest @ ..]) => contacts::route(world, request, method, rest).await,
        (_, ["api", _] | ["api", "send", ..]) => {
            chatting::route(world, request, method, &path[1..]).await
        }
        ("GET", ["api", name, "new-message-id"]) => server_info::message_id(world, name).await,
        (_, ["api", name, "chats", rest @ ..]) => {
            chats::route(world, request, method, name, rest).await
        }
        (_, ["api", name, "contacts", rest @ ..]) => {
            contacts::route_of_session(world, request, method, name, rest).await
        }
        (_, ["api", name, "lids", rest @ ..]) => {
            lids::route(world, request, method, name, rest).await
        }
        (_, ["api", name, "labels", rest @ ..]) => {
            labels::route(world, request, method, name, rest).await
        }
        (_, ["api", name, "groups", rest @ ..]) => {
            groups::route(world, request, method, name, rest).await
        }
        (_, ["api", name, "presence", rest @ ..]) => {
            presence::route(world, request, method, name, rest).await
        }

        // The simulator's own
        (_, ["simulator", rest @ ..]) => control::route(world, request, method, rest),
        _ => Err(not_routed(request)),
    }
}

pub(crate) fn not_routed(request: &Request) -> Answer {
    Answer::not_found(&format!("Cannot {} {}", request.method, request.target))
}
