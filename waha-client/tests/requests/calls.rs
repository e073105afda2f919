//! Calls.

use serde_json::json;
use waha_client::Wait;
use waha_client::api::calls;

use crate::{chat, post, puts, session};

#[tokio::test]
async fn a_call_is_declined_by_who_calls_and_its_id() {
    let body = Some(json!({"from": "6281200000002@c.us", "id": "CALL1"}));
    let expected = post("/api/s_1/calls/reject", body, Wait::Session);
    puts(calls::reject(&session(), &chat(), "CALL1"), expected).await;
}
