//! Look-ups and observations against a server that answers what it is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::sync::Arc;
use std::time::Duration;

use campaign_core::clock::Clock;
use campaign_core::delivery::Ack;
use campaign_core::gateway::{Account, Found, Gateway, Observation, Readiness};
use serde_json::{Value, json};
use waha_client::events::Event;
use waha_gateway::{Options, WahaGateway};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use scene::{
    ID, OTHER_ID, OTHER_PHONE, PHONE, client, clock, finding, gateway, gateway_with, hasty, open,
    phone, session, text,
};

const LID: &str = "222222222222222@lid";

/// One GET that the server knows; all others are 404 "Message not found".
async fn on(server: &MockServer, at: String, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(answer)
        .with_priority(1)
        .mount(server)
        .await;
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    let absent = json!({"message": "Message not found", "error": "Not Found", "statusCode": 404});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(404).set_body_json(absent))
        .with_priority(9)
        .mount(&server)
        .await;
    server
}

fn message_at(chat: &str, id: &str) -> String {
    format!("/api/default/chats/{chat}/messages/true_{chat}_{id}")
}

fn phone_chat(phone: &str) -> String {
    format!("{phone}@c.us")
}

fn message(chat: &str, id: &str, ack: Value) -> ResponseTemplate {
    ok(json!({
        "id": format!("true_{chat}_{id}"), "timestamp": 1795220401, "from": chat, "fromMe": true,
        "source": "api", "body": "x", "ack": ack,
    }))
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn a_message_is_found_with_its_ack() {
    for (ack, expected) in [
        (json!(-1), Ack::Error),
        (json!(0), Ack::Pending),
        (json!(1), Ack::Server),
        (json!(2), Ack::Device),
        (json!(3), Ack::Read),
        (json!(4), Ack::Played),
        (json!(9), Ack::Pending),
        (Value::Null, Ack::Pending),
    ] {
        let server = server().await;
        let chat = phone_chat(PHONE);
        on(&server, message_at(&chat, ID), message(&chat, ID, ack)).await;
        let found = gateway(&server.uri()).find(&finding(false)).await;
        assert_eq!(found, Found::Found(expected));
    }
}

#[tokio::test]
async fn absence_is_complete_only_with_a_control_that_is_found() {
    let server = server().await;
    let gateway = gateway(&server.uri());
    let incomplete = Found::Absent { complete: false };
    assert_eq!(gateway.find(&finding(false)).await, incomplete);
    assert_eq!(gateway.find(&finding(true)).await, incomplete);
    let control = phone_chat(OTHER_PHONE);
    let there = message(&control, OTHER_ID, json!(1));
    on(&server, message_at(&control, OTHER_ID), there).await;
    assert_eq!(
        gateway.find(&finding(true)).await,
        Found::Absent { complete: true }
    );
    assert_eq!(gateway.find(&finding(false)).await, incomplete);
}

#[tokio::test]
async fn somebody_elses_message_is_not_taken_for_ours() {
    let server = server().await;
    let chat = phone_chat(PHONE);
    let theirs = ok(json!({"id": format!("false_{chat}_{ID}"), "from": chat, "fromMe": false}));
    on(&server, message_at(&chat, ID), theirs).await;
    let found = gateway(&server.uri()).find(&finding(true)).await;
    assert!(matches!(found, Found::Unknown { .. }), "{found:?}");
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_unknown_with_the_remedy() {
    let store_off = "Enable NOWEB store \"config.noweb.store.enabled=True\" and \"config.noweb.store.full_sync=True\" when starting a new session. Read more: https://waha.devlike.pro/docs/engines/noweb#store";
    let rows = [
        (
            400,
            json!({"message": store_off, "statusCode": 400}),
            "config.noweb.store.enabled",
        ),
        (
            422,
            json!({"error": "Session status is not as expected.", "session": "default", "status": "FAILED", "expected": ["WORKING"]}),
            "FAILED",
        ),
        (
            422,
            json!({"error": "Session \"default\" does not exist", "session": "default"}),
            "no such session",
        ),
        (
            401,
            json!({"message": "Unauthorized", "statusCode": 401}),
            "API key",
        ),
        (
            404,
            json!({"message": "Cannot GET /api/x", "statusCode": 404}),
            "look-up failed",
        ),
        (500, json!({"exception": {"message": "boom"}}), "boom"),
        (502, json!({}), "502"),
        (200, json!({"unexpected": true}), "look-up failed"),
    ];
    let chat = phone_chat(PHONE);
    let control = phone_chat(OTHER_PHONE);
    for (status, body, word) in rows {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        // On the message, and on the control alone.
        for at in [message_at(&chat, ID), message_at(&control, OTHER_ID)] {
            let server = server().await;
            on(&server, at, answer.clone()).await;
            match gateway(&server.uri()).find(&finding(true)).await {
                Found::Unknown { why } => assert!(why.contains(word), "{status}: {why}"),
                found => panic!("{status}: {found:?}"),
            }
        }
    }
    let found = gateway("http://127.0.0.1:1").find(&finding(true)).await;
    assert!(
        matches!(&found, Found::Unknown { why } if why.contains("no connection to the server")),
        "{found:?}"
    );
    let server = server().await;
    let never = ok(json!({})).set_delay(Duration::from_secs(600));
    on(&server, message_at(&chat, ID), never).await;
    let found = gateway_with(&server.uri(), hasty())
        .find(&finding(true))
        .await;
    assert!(
        matches!(&found, Found::Unknown { why } if why.contains("does not answer")),
        "{found:?}"
    );
}

/// Sends our message, and lets an ack tell that its chat is kept under a LID.
async fn learns_the_lid(gateway: &WahaGateway, server: &MockServer) {
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(500))
        .mount(server)
        .await;
    gateway.send(&text(), open()).await;
    let ack = json!({
        "id": "evt_1", "event": "message.ack", "session": "default",
        "payload": {"id": format!("true_{LID}_{ID}"), "from": LID, "fromMe": true, "ack": 1},
    });
    gateway.notices(&Event::parse(ack.to_string().as_bytes()).unwrap());
}

#[tokio::test]
async fn a_message_is_also_looked_for_under_its_lid() {
    let server = server().await;
    let gateway = gateway(&server.uri());
    on(&server, message_at(LID, ID), message(LID, ID, json!(2))).await;
    assert_eq!(
        gateway.find(&finding(false)).await,
        Found::Absent { complete: false }
    );
    learns_the_lid(&gateway, &server).await;
    assert_eq!(
        gateway.find(&finding(false)).await,
        Found::Found(Ack::Device)
    );
}

fn lid_question(phone: &str) -> String {
    format!("/api/default/lids/pn/{phone}")
}

#[tokio::test]
async fn the_server_is_asked_for_the_lid_before_a_message_is_called_absent() {
    let server = server().await;
    let gateway = gateway(&server.uri());
    let lid = ok(json!({"lid": LID, "pn": phone_chat(PHONE)}));
    on(&server, lid_question(PHONE), lid).await;
    on(&server, message_at(LID, ID), message(LID, ID, json!(3))).await;
    assert_eq!(gateway.find(&finding(false)).await, Found::Found(Ack::Read));
}

#[tokio::test]
async fn a_control_found_under_its_lid_alone_proves_nothing_for_a_phone_without_one() {
    let server = server().await;
    let gateway = gateway(&server.uri());
    let none = ok(json!({"lid": null, "pn": phone_chat(PHONE)}));
    on(&server, lid_question(PHONE), none).await;
    let lid = ok(json!({"lid": LID, "pn": phone_chat(OTHER_PHONE)}));
    on(&server, lid_question(OTHER_PHONE), lid).await;
    let control = message(LID, OTHER_ID, json!(1));
    on(&server, message_at(LID, OTHER_ID), control).await;
    assert_eq!(
        gateway.find(&finding(true)).await,
        Found::Absent { complete: false }
    );
}

#[tokio::test]
async fn a_lid_that_cannot_be_asked_for_now_leaves_the_answer_open() {
    let server = server().await;
    let failing = ResponseTemplate::new(500).set_body_json(json!({}));
    on(&server, lid_question(PHONE), failing).await;
    let found = gateway(&server.uri()).find(&finding(true)).await;
    assert!(matches!(found, Found::Unknown { .. }), "{found:?}");
}

async fn observed(info: Value) -> Observation {
    let server = server().await;
    on(&server, "/api/sessions/default".into(), ok(info)).await;
    serve_status(&server, 1_795_220_958_590, 125_290).await;
    gateway(&server.uri()).observe(&session()).await
}

async fn serve_status(server: &MockServer, started_ms: i64, uptime_ms: i64) {
    let status = json!({"startTimestamp": started_ms, "uptime": uptime_ms, "worker": {"id": null}});
    let version =
        json!({"version": "2026.7.1", "engine": "NOWEB", "tier": "CORE", "browser": null});
    on(server, "/api/server/status".into(), ok(status)).await;
    on(server, "/api/server/version".into(), ok(version)).await;
}

#[tokio::test]
async fn a_working_session_is_seen_with_account_platform_store_and_times() {
    let observation = observed(json!({
        "name": "default", "status": "WORKING", "engine": {"engine": "NOWEB"},
        "me": {"id": "6281200000001@c.us", "pushName": "Toko"},
        "config": {"noweb": {"store": {"enabled": true, "fullSync": false}}},
    }))
    .await;
    let uptime = Duration::from_millis(125_290);
    let server = observation.server.clone();
    let is_named = server
        .as_deref()
        .is_some_and(|it| it.starts_with("127.0.0.1:"));
    assert!(is_named, "{server:?}");
    assert_eq!(
        observation,
        Observation {
            server,
            account: Some(Account(phone("6281200000001"))),
            server_up_since: Some(clock().now().elapsed - uptime),
            server_time: Some("2026-11-21T00:31:23.880Z".parse().unwrap()),
            store_on: Some(true),
            platform: Some("2026.7.1 NOWEB".into()),
            ..Observation::only(Readiness::Working)
        }
    );
}

#[tokio::test]
async fn a_session_that_does_not_work_has_no_account() {
    for status in [
        "STOPPED",
        "STARTING",
        "SCAN_QR_CODE",
        "FAILED",
        "SOMETHING_NEW",
    ] {
        let observation = observed(json!({
            "name": "default", "status": status, "engine": {"engine": "NOWEB"},
            "me": {"id": "6299999999999@c.us", "pushName": "~", "lid": ""},
        }))
        .await;
        assert_eq!(observation.readiness, Readiness::NotReady(status.into()));
        assert_eq!(observation.account, None);
    }
}

#[tokio::test]
async fn whether_the_store_is_on_depends_on_the_engine() {
    let rows = [
        // Not configured: the server is asked, and knows the call.
        ("NOWEB", json!(null), Some(true)),
        ("NOWEB", json!({}), Some(true)),
        ("NOWEB", json!({"noweb": {"markOnline": true}}), Some(true)),
        (
            "NOWEB",
            json!({"noweb": {"store": {"enabled": false}}}),
            Some(false),
        ),
        (
            "NOWEB",
            json!({"noweb": {"store": {"enabled": true}}}),
            Some(true),
        ),
        ("GOWS", json!({}), Some(true)),
        (
            "GOWS",
            json!({"gows": {"storage": {"messages": null}}}),
            Some(true),
        ),
        (
            "GOWS",
            json!({"gows": {"storage": {"messages": false}}}),
            Some(false),
        ),
        ("WEBJS", json!({}), None),
        ("WPP", json!({}), None),
    ];
    for (engine, config, expected) in rows {
        let observation = observed(json!({
            "name": "default", "status": "WORKING", "engine": {"engine": engine}, "config": config,
            "me": {"id": "6281200000001@c.us"},
        }))
        .await;
        assert_eq!(observation.store_on, expected, "{engine} {config}");
        let platform = format!("2026.7.1 {engine}");
        assert_eq!(observation.platform.as_deref(), Some(&*platform));
    }
}

#[tokio::test]
async fn a_store_that_is_not_configured_is_asked_for_only_while_the_session_works() {
    let store_off = json!({"message": "Enable NOWEB store \"config.noweb.store.enabled=True\" and so on", "statusCode": 400});
    for (status, me, expected, questions) in [
        (
            "WORKING",
            json!({"id": "6281200000001@c.us"}),
            Some(false),
            1,
        ),
        ("WORKING", json!(null), None, 0),
        ("STARTING", json!({"id": "6281200000001@c.us"}), None, 0),
    ] {
        let server = server().await;
        let info =
            json!({"name": "default", "status": status, "engine": {"engine": "NOWEB"}, "me": me});
        on(&server, "/api/sessions/default".into(), ok(info)).await;
        serve_status(&server, 1_000, 5_000).await;
        let question = "/api/default/chats/6281200000001@c.us/messages/0".to_owned();
        let answer = ResponseTemplate::new(400).set_body_json(&store_off);
        on(&server, question.clone(), answer).await;
        let observation = gateway(&server.uri()).observe(&session()).await;
        assert_eq!(observation.store_on, expected, "{status}");
        assert_eq!(asked(&server, &question).await, questions, "{status}");
    }
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_session_is_told() {
    let rows = [
        (
            401,
            json!({"message": "Unauthorized", "statusCode": 401}),
            Readiness::Unauthorized,
        ),
        (
            403,
            json!({"message": "Forbidden", "statusCode": 403}),
            Readiness::Unauthorized,
        ),
        (
            404,
            json!({"message": "Session not found", "statusCode": 404}),
            Readiness::Missing,
        ),
        (
            404,
            json!({"message": "Cannot GET /api/sessions/default"}),
            Readiness::Foreign,
        ),
        (200, json!("It works!"), Readiness::Foreign),
        (302, json!({}), Readiness::Foreign),
        (405, json!({}), Readiness::Foreign),
        (429, json!({}), Readiness::Unreachable),
        (502, json!({}), Readiness::Unreachable),
    ];
    for (status, body, expected) in rows {
        let server = server().await;
        let answer = ResponseTemplate::new(status).set_body_json(&body);
        on(&server, "/api/sessions/default".into(), answer).await;
        let observation = gateway(&server.uri()).observe(&session()).await;
        assert_eq!(observation.readiness, expected, "{status} {body}");
        assert_eq!(observation.store_on, None);
    }
    let observation = gateway("http://127.0.0.1:1").observe(&session()).await;
    assert_eq!(observation.readiness, Readiness::Unreachable);
}

#[tokio::test]
async fn the_platform_is_asked_for_once_in_the_life_of_a_server_process() {
    let server = server().await;
    let info = ok(json!({"name": "default", "status": "WORKING", "engine": {"engine": "GOWS"}}));
    on(&server, "/api/sessions/default".into(), info).await;
    serve_status(&server, 1_000, 5_000).await;
    let gateway = gateway(&server.uri());
    for _ in 0..3 {
        assert!(gateway.observe(&session()).await.platform.is_some());
    }
    assert_eq!(asked_for_version(&server).await, 1);

    server.reset().await;
    let info = ok(json!({"name": "default", "status": "WORKING", "engine": {"engine": "GOWS"}}));
    on(&server, "/api/sessions/default".into(), info).await;
    serve_status(&server, 2_000, 10).await;
    assert!(gateway.observe(&session()).await.platform.is_some());
    assert_eq!(asked_for_version(&server).await, 1);
}

async fn asked_for_version(server: &MockServer) -> usize {
    asked(server, "/api/server/version").await
}

async fn asked(server: &MockServer, at: &str) -> usize {
    let requests = server.received_requests().await.unwrap();
    let paths = requests.iter().map(|request| request.url.path());
    paths.filter(|path| *path == at).count()
}

#[tokio::test]
async fn under_an_accelerated_clock_uptime_is_counted_in_its_time() {
    let server = server().await;
    let info = ok(json!({"name": "default", "status": "WORKING"}));
    on(&server, "/api/sessions/default".into(), info).await;
    serve_status(&server, 1_000, 5_000).await;
    let clock = clock();
    let gateway = WahaGateway::new(
        client(&server.uri(), "k"),
        Arc::new(clock.clone()),
        Options::at_speed(10.0),
    );
    let observation = gateway.observe(&session()).await;
    let since = clock.now().elapsed - Duration::from_secs(50);
    assert_eq!(observation.server_up_since, Some(since));
    assert_eq!(observation.server_time, None);
}
