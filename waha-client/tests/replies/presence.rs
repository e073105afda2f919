//! Presence, as NOWEB was recorded.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::presence::{self, OwnPresence, PresenceStatus};
use wiremock::ResponseTemplate;

use crate::{answered, ok, session};

#[tokio::test]
async fn showing_ones_presence_is_answered_with_nothing_or_501() {
    let shown = answered(
        presence::set(&session(), OwnPresence::Online),
        ResponseTemplate::new(201),
    );
    shown.await.unwrap();

    let body = json!({
        "message": "NOWEB engine doesn't support 'nope' presence. The method is not implemented by 'NOWEB' engine. Check the docs and try another engine: https://waha.devlike.pro/",
        "error": "Not Implemented", "statusCode": 501,
    });
    let refused = answered(
        presence::set(&session(), OwnPresence::Offline),
        ResponseTemplate::new(501).set_body_json(body),
    );
    assert!(refused.await.unwrap_err().is_not_implemented());
}

#[tokio::test]
async fn what_people_do_reads() {
    let none = answered(presence::all(&session()), ok(json!([])));
    assert!(none.await.unwrap().is_empty());

    let chat = ChatId::phone("6281200000002").unwrap();
    let body = json!({
        "id": "6281200000002@c.us",
        "presences": [
            {"participant": "6281200000002@c.us", "lastKnownPresence": "typing", "lastSeen": null},
            {"participant": "1@lid", "lastKnownPresence": "dancing", "lastSeen": 1_686_568_773},
            {"participant": "2@lid"},
        ],
    });
    let read = answered(presence::of_chat(&session(), &chat), ok(body))
        .await
        .unwrap();
    assert_eq!(read.id, chat);
    let people = read.presences.unwrap();
    assert_eq!(people[0].last_known_presence, Some(PresenceStatus::Typing));
    assert_eq!(people[0].last_seen_s, None);
    assert_eq!(
        people[1].last_known_presence.as_ref().unwrap().as_str(),
        "dancing"
    );
    assert_eq!(people[1].last_seen_s, Some(1_686_568_773));
    assert!(people[2].last_known_presence.is_none());
}
