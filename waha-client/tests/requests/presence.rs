//! Presence.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::presence::{self, OwnPresence};

use crate::{chat, get, post, puts, session};

const WAIT: Wait = Wait::Session;

#[tokio::test]
async fn a_chat_is_named_exactly_where_waha_wants_one() {
    let (s, c) = (session(), chat());
    for (own, body) in [
        (OwnPresence::Online, json!({"presence": "online"})),
        (OwnPresence::Offline, json!({"presence": "offline"})),
        (
            OwnPresence::Typing(&c),
            json!({"presence": "typing", "chatId": "6281200000002@c.us"}),
        ),
        (
            OwnPresence::Recording(&c),
            json!({"presence": "recording", "chatId": "6281200000002@c.us"}),
        ),
        (
            OwnPresence::Paused(&c),
            json!({"presence": "paused", "chatId": "6281200000002@c.us"}),
        ),
    ] {
        let expected = post("/api/s_1/presence", Some(body), WAIT);
        puts(presence::set(&s, own), expected).await;
    }
}

#[tokio::test]
async fn others_presence() {
    let (s, c) = (session(), chat());
    puts(presence::all(&s), get("/api/s_1/presence", WAIT)).await;
    let path = "/api/s_1/presence/6281200000002@c.us";
    puts(presence::of_chat(&s, &c), get(path, WAIT)).await;
    let path = "/api/s_1/presence/6281200000002@c.us/subscribe";
    puts(presence::subscribe(&s, &c), post(path, None, WAIT)).await;
}
