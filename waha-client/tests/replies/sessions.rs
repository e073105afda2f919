//! Sessions: what a change of configuration and the deprecated calls answer.

use serde_json::json;
use waha_client::SessionStatus;
use waha_client::api::sessions::{self, AfterStop};
use waha_client::types::{CappingStatus, NewChats, SessionConfig};
use waha_client::{Event, Payload};

use crate::{read, read_empty, session};

#[tokio::test]
async fn a_new_configuration_answers_with_the_session_as_it_starts_again() {
    let body = json!({
        "name": "default", "status": "STARTING", "config": {"metadata": {"a": "b"}}, "me": null, "presence": null,
        "timestamps": {}, "engine": {"engine": "NOWEB"},
    });
    let info = read(
        sessions::update(&session(), &SessionConfig::default()),
        body,
    )
    .await;
    assert_eq!(info.status, SessionStatus::Starting);
    assert_eq!(info.config.unwrap().metadata.unwrap()["a"], "b");
    assert!(info.me.is_none() && info.extra.is_empty());
}

#[tokio::test]
async fn a_quota_and_a_lock_read_with_what_whatsapp_leaves_out() {
    let body = json!({
        "cappingStatus": "FIRST_WARNING", "totalQuota": 1000, "usedQuota": 640, "cycleStart": 1_782_874_800,
        "cycleEnd": 1_785_553_199, "mvStatus": "NOT_ELIGIBLE", "oteStatus": null,
    });
    let capping = read(sessions::capping(&session()), body).await;
    assert_eq!(capping.status, Some(CappingStatus::FirstWarning));
    assert_eq!(
        (capping.left(), capping.total_quota),
        (Some(360), Some(1000))
    );
    assert_eq!(
        (capping.cycle_start_s, capping.cycle_end_s),
        (Some(1_782_874_800), Some(1_785_553_199))
    );
    assert_eq!(capping.extra["mvStatus"], "NOT_ELIGIBLE");
    let none = json!({"cappingStatus": "SOON", "totalQuota": -1, "usedQuota": 0, "cycleStart": null, "cycleEnd": null});
    let capping = read(sessions::capping(&session()), none).await;
    assert_eq!(capping.status, Some(CappingStatus::Unknown("SOON".into())));
    assert_eq!((capping.left(), capping.cycle_end_s), (None, None));

    let body = json!({"enforcementType": "RESTRICT_ALL_COMPANIONS", "isActive": true, "timeEnforcementEnds": 1_784_477_333});
    let lock = read(sessions::timelock(&session()), body).await;
    assert_eq!(
        (lock.is_active, lock.ends_s),
        (Some(true), Some(1_784_477_333))
    );
    assert_eq!(
        lock.enforcement_type.as_deref(),
        Some("RESTRICT_ALL_COMPANIONS")
    );
}

#[test]
fn a_restriction_comes_with_the_sessions_own_event() {
    let event = json!({
        "id": "evt_1", "timestamp": 1, "event": "session.status", "session": "default",
        "me": {
            "id": "6281200000001@c.us", "pushName": "Me",
            "reachoutTimelock": {"enforcementType": "DEFAULT", "isActive": true, "timeEnforcementEnds": 1_784_477_333},
            "messageCapping": {"cappingStatus": "CAPPED", "totalQuota": 5, "usedQuota": 5, "cycleStart": 1, "cycleEnd": 1_785_553_199},
        },
        "payload": {"name": "default", "status": "WORKING"},
    });
    let event = Event::parse(event.to_string().as_bytes()).unwrap();
    assert!(matches!(event.payload, Payload::SessionStatus(_)));
    let me = event.me.unwrap();
    assert_eq!(
        me.new_chats(1_784_000_000),
        NewChats::ClosedUntil(1_785_553_199)
    );
    assert!(me.extra.is_empty());
}

#[tokio::test]
#[allow(deprecated)]
async fn deprecated_calls_answer_with_little_or_nothing() {
    let s = session();
    for body in [
        json!({"name": "default", "status": "STARTING"}),
        json!({"name": "default", "status": "STARTING", "config": {}}),
    ] {
        let info = read(sessions::upsert_and_start(&s, None), body).await;
        assert_eq!(info.status, SessionStatus::Starting);
    }
    read_empty(sessions::stop_by_name(&s, AfterStop::Keep)).await;
    read_empty(sessions::logout_and_delete(&s)).await;
}
