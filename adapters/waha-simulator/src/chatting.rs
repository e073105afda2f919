//! The calls of WAHA's tag "Chatting": one line each, to what does them.

use std::sync::Arc;

use crate::ledger::Kind;
use crate::request::Request;
use crate::routes::{Outcome, not_routed};
use crate::world::World;
use crate::{changes, chats, contacts, presence, sending};

/// `/api/{call}`
pub(crate) async fn route(
    world: &Arc<World>,
    request: &Request,
    method: &str,
    path: &[&str],
) -> Outcome {
    match (method, path) {
        ("POST", ["sendText"]) => sending::text(world, request).await,
        ("GET", ["sendText"]) => sending::text_by_query(world, request).await,
        ("POST", ["reply"]) => sending::reply(world, request).await,
        ("POST", ["sendImage"]) => sending::media(world, request, Kind::Image).await,
        ("POST", ["sendFile"]) => sending::media(world, request, Kind::File).await,
        ("POST", ["sendVoice"]) => sending::media(world, request, Kind::Voice).await,
        ("POST", ["sendVideo"]) => sending::media(world, request, Kind::Video).await,
        ("POST", ["sendButtons"]) => sending::composed(world, request, Kind::Buttons).await,
        ("POST", ["sendList"]) => sending::composed(world, request, Kind::List).await,
        ("POST", ["sendPoll"]) => sending::composed(world, request, Kind::Poll).await,
        ("POST", ["sendLocation"]) => sending::composed(world, request, Kind::Location).await,
        ("POST", ["sendContactVcard"]) => sending::composed(world, request, Kind::Contact).await,
        ("POST", ["send", "link-custom-preview"] | ["sendLinkPreview"]) => {
            sending::composed(world, request, Kind::Link).await
        }
        ("POST", ["forwardMessage"]) => sending::composed(world, request, Kind::Forward).await,
        ("POST", ["send", "buttons", "reply"]) => {
            sending::composed(world, request, Kind::ButtonReply).await
        }
        ("POST", ["sendPollVote"]) => changes::vote(world, request).await,
        ("POST", ["sendSeen"]) => chats::messages::seen(world, request).await,
        ("POST", ["startTyping" | "stopTyping"]) => presence::typing(world, request).await,
        ("PUT", ["reaction"]) => changes::react(world, request).await,
        ("PUT", ["star"]) => changes::star(world, request).await,
        ("GET", ["messages"]) => {
            let name = request.session_name()?;
            let chat = request.query("chatId").unwrap_or_default();
            chats::messages::list(world, request, name, chat).await
        }
        ("GET", ["checkNumberStatus"]) => contacts::check_exists(world, request).await,
        _ => Err(not_routed(request)),
    }
}
