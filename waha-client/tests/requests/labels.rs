//! Labels.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::labels::{self, NewLabel};

use crate::{chat, delete, get, post, put, puts, session};

const WAIT: Wait = Wait::Session;

#[tokio::test]
async fn labels_are_listed_made_changed_and_deleted() {
    let s = session();
    puts(labels::list(&s), get("/api/s_1/labels", WAIT)).await;
    let bare = post("/api/s_1/labels", Some(json!({"name": "VIP"})), WAIT);
    puts(labels::create(&s, &NewLabel::new("VIP")), bare).await;
    let label = NewLabel::new("VIP").color(1).color_hex("#64c4ff");
    let body = json!({"name": "VIP", "color": 1, "colorHex": "#64c4ff"});
    let expected = put("/api/s_1/labels/7", Some(body), WAIT);
    puts(labels::update(&s, "7", &label), expected).await;
    puts(labels::delete(&s, "7"), delete("/api/s_1/labels/7", WAIT)).await;
}

#[tokio::test]
async fn labels_of_a_chat_and_chats_of_a_label() {
    let (s, c) = (session(), chat());
    let path = "/api/s_1/labels/chats/6281200000002@c.us";
    puts(labels::of_chat(&s, &c), get(path, WAIT)).await;
    let body = json!({"labels": [{"id": "1"}, {"id": "2"}]});
    let expected = put(path, Some(body), WAIT);
    puts(labels::set_of_chat(&s, &c, &["1", "2"]), expected).await;
    let none = put(path, Some(json!({"labels": []})), WAIT);
    puts(labels::set_of_chat(&s, &c, &[]), none).await;
    puts(labels::chats(&s, "7"), get("/api/s_1/labels/7/chats", WAIT)).await;
}
