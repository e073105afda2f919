//! Presence: NOWEB as recorded, the others as WAHA's source has them.

use serde_json::json;
use waha_client::ChatId;
use waha_client::api::presence::{self, OwnPresence, PresenceStatus};
use wiremock::ResponseTemplate;

use crate::{answered, ok, read, session};

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

#[tokio::test]
async fn who_does_what_reads_the_same_whatever_the_engine() {
    let chat = ChatId::phone("6281200000002").unwrap();
    for (engine, person, last_seen) in [
        (
            "NOWEB",
            json!({"lastKnownPresence": "online", "lastSeen": 1_795_220_409}),
            Some(1_795_220_409),
        ),
        (
            "GOWS",
            json!({"lastKnownPresence": "online", "lastSeen": null}),
            None,
        ),
        (
            "WEBJS",
            json!({"lastSeen": 1_795_220_409, "lastKnownPresence": "online"}),
            Some(1_795_220_409),
        ),
        (
            "WPP",
            json!({"lastKnownPresence": "online", "lastSeen": null}),
            None,
        ),
    ] {
        let mut person = person;
        person["participant"] = json!("6281200000002@c.us");
        let body = json!({"id": "6281200000002@c.us", "presences": [person]});
        let told = read(presence::of_chat(&session(), &chat), body.clone()).await;
        assert_eq!(told.id, chat, "{engine}");
        let people = told.presences.unwrap();
        assert_eq!(people[0].participant, chat, "{engine}");
        assert_eq!(
            people[0].last_known_presence,
            Some(PresenceStatus::Online),
            "{engine}"
        );
        assert_eq!(people[0].last_seen_s, last_seen, "{engine}");
        // WEBJS does not tell of all chats at once.
        if engine != "WEBJS" {
            let all = read(presence::all(&session()), json!([body])).await;
            assert_eq!(all[0].id, chat, "{engine}");
        }
    }
    // GOWS knows nobody, or a state of its own (WAHA source).
    for body in [
        json!({"id": "6281200000002@c.us"}),
        json!({"id": "6281200000002@c.us", "presences": []}),
        json!({"id": "6281200000002@c.us", "presences": null}),
    ] {
        let told = read(presence::of_chat(&session(), &chat), body).await;
        assert!(told.presences.unwrap_or_default().is_empty());
    }
}
