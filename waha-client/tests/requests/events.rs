//! Event messages.

use serde_json::json;
use waha_client::api::events::{self, EventMessage};
use waha_client::{MessageId, Wait};

use crate::{chat, post, puts, session};

#[tokio::test]
async fn events_are_sent() {
    let (s, c) = (session(), chat());
    let plain = EventMessage::new(&c, "Opening", 1_795_220_000);
    let body = json!({
        "chatId": "6281200000002@c.us", "event": {"name": "Opening", "startTime": 1_795_220_000},
    });
    let expected = post("/api/s_1/events", Some(body), Wait::Send);
    puts(events::send(&s, &plain), expected).await;

    let quoted = MessageId::parse("false_6281200000002@c.us_AA");
    let full = plain
        .end_s(1_795_223_600)
        .description("Come!")
        .location("Shop")
        .extra_guests_allowed(true)
        .reply_to(&quoted);
    let body = json!({
        "chatId": "6281200000002@c.us", "reply_to": "false_6281200000002@c.us_AA",
        "event": {
            "name": "Opening", "startTime": 1_795_220_000, "endTime": 1_795_223_600, "description": "Come!",
            "location": {"name": "Shop"}, "extraGuestsAllowed": true,
        },
    });
    let expected = post("/api/s_1/events", Some(body), Wait::Send);
    puts(events::send(&s, &full), expected).await;
}
