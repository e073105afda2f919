//! Sessions as people use them: changing a part of a configuration, and asking a session whether it is alive.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use waha_client::api::sessions::{ConfigChange, ConfigEffect, Probe};
use waha_client::types::{SessionConfig, WebhookConfig};
use waha_client::{Error, RetryPolicy, SessionName, SessionStatus, WahaClient};
use wiremock::matchers::{body_json, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn session() -> SessionName {
    SessionName::new("s_1").unwrap()
}

fn info(status: &str, config: &Value) -> Value {
    let me = json!({"id": "6281200000001@c.us", "pushName": "Me"});
    json!({"name": "s_1", "status": status, "config": config, "me": me, "engine": {"engine": "NOWEB"}})
}

async fn serving(status: &str, config: &Value) -> (MockServer, WahaClient) {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/sessions/s_1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(info(status, config)))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri())
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    (server, waha)
}

async fn change(
    waha: &WahaClient,
    change: impl FnOnce(SessionConfig) -> SessionConfig,
) -> Result<ConfigChange, Error> {
    waha.sessions().change_config(&session(), change).await
}

async fn expect_put(server: &MockServer, config: &Value, times: u64) {
    Mock::given(method("PUT"))
        .and(path("/api/sessions/s_1"))
        .and(body_json(json!({"config": config})))
        .respond_with(ResponseTemplate::new(200).set_body_json(info("STARTING", config)))
        .expect(times)
        .mount(server)
        .await;
}

fn full_config() -> Value {
    json!({
        "metadata": {"a": "b"},
        "noweb": {"markOnline": true, "store": {"enabled": true, "fullSync": false, "later": 1}},
        "webhooks": [{"url": "http://h/hook", "events": ["*"], "hmac": {"key": "k", "later": 2}}],
        "later": {"deep": [1, null]},
    })
}

#[tokio::test]
async fn a_change_of_one_thing_writes_the_whole_configuration_back() {
    for (status, effect) in [
        ("WORKING", ConfigEffect::Restarted),
        ("FAILED", ConfigEffect::Restarted),
        ("STOPPED", ConfigEffect::Saved),
    ] {
        let (server, waha) = serving(status, &full_config()).await;
        let mut expected = full_config();
        expected["debug"] = json!(true);
        expect_put(&server, &expected, 1).await;
        let debugging = |mut config: SessionConfig| {
            config.debug = Some(true);
            config
        };
        let changed = change(&waha, debugging).await.unwrap();
        assert_eq!(changed.effect, effect, "{status}");
        assert_eq!(changed.session.status, SessionStatus::Starting);
        assert!(!format!("{changed:?}").contains("\"k\""), "{changed:?}");
    }
}

#[tokio::test]
async fn what_is_so_already_is_not_written_and_restarts_nothing() {
    for config in [full_config(), json!({}), json!(null)] {
        let (server, waha) = serving("WORKING", &config).await;
        let changed = change(&waha, |config| config).await.unwrap();
        assert_eq!(changed.effect, ConfigEffect::Unchanged);
        assert_eq!(changed.session.status, SessionStatus::Working);
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_session_without_configuration_gets_one() {
    let (server, waha) = serving("WORKING", &json!(null)).await;
    let expected = json!({"webhooks": [{"url": "http://h/hook", "events": ["message"]}]});
    expect_put(&server, &expected, 1).await;
    let hook = WebhookConfig::new("http://h/hook", ["message"]);
    let changed = change(&waha, |config| config.with_webhook(hook)).await;
    assert_eq!(changed.unwrap().effect, ConfigEffect::Restarted);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_not_written() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(404).set_body_json(
            json!({"message": "Session not found", "error": "Not Found", "statusCode": 404}),
        ))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let done = change(&waha, |config| config.with_noweb_store(true)).await;
    assert!(done.unwrap_err().is_unknown_session());
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

async fn probed(status: &str, answer: ResponseTemplate) -> (Result<Probe, Error>, usize) {
    let (server, waha) = serving(status, &json!({})).await;
    Mock::given(method("GET"))
        .and(path("/api/contacts/check-exists"))
        .and(query_param("phone", "6281200000001"))
        .and(query_param("session", "s_1"))
        .respond_with(answer)
        .mount(&server)
        .await;
    let probe = waha.sessions().probe(&session()).await;
    (probe, server.received_requests().await.unwrap().len())
}

#[tokio::test]
async fn a_probe_asks_whatsapp_about_the_accounts_own_number() {
    let exception = |message: &str| {
        ResponseTemplate::new(500).set_body_json(json!({
            "statusCode": 500, "exception": {"message": message, "data": null, "isBoom": true, "name": "Error"},
        }))
    };
    let found = json!({"numberExists": true, "chatId": "6281200000001@c.us"});
    let found = ResponseTemplate::new(200).set_body_json(found);
    assert!(matches!(
        probed("WORKING", found.clone()).await,
        (Ok(Probe::Alive), 2)
    ));
    let lost = ResponseTemplate::new(200).set_body_json(json!({"numberExists": false}));
    assert!(matches!(
        probed("WORKING", lost).await,
        (Ok(Probe::Unsure(None)), 2)
    ));
    for sentence in ["Connection Closed", "Timed Out"] {
        assert!(matches!(
            probed("WORKING", exception(sentence)).await,
            (Ok(Probe::Dead(_)), 2)
        ));
    }
    // WhatsApp itself refused: the session is not dead, and a restart would only make it worse.
    for refusal in [
        json!({"message": "rate-overlimit", "data": 429, "isBoom": true}),
        json!({"message": "info query returned status 429: rate-overlimit"}),
    ] {
        let answer = ResponseTemplate::new(500).set_body_json(json!({"exception": refusal}));
        assert!(matches!(
            probed("WORKING", answer).await,
            (Ok(Probe::Unsure(Some(_))), 2)
        ));
    }
    let gone = json!({"error": "Session status is not as expected", "session": "s_1", "status": "STARTING", "expected": ["WORKING"]});
    assert!(matches!(
        probed("WORKING", ResponseTemplate::new(422).set_body_json(gone)).await,
        (Ok(Probe::NotWorking(SessionStatus::Starting)), 2)
    ));
    let (unable, _) = probed("WORKING", ResponseTemplate::new(501)).await;
    assert!(matches!(unable, Ok(Probe::Unsure(Some(_)))));
    for elsewhere in [401, 403, 502, 503] {
        let (said, _) = probed("WORKING", ResponseTemplate::new(elsewhere)).await;
        assert_eq!(said.unwrap_err().status(), Some(elsewhere));
    }
    assert!(matches!(
        probed("SCAN_QR_CODE", found).await,
        (Ok(Probe::NotWorking(SessionStatus::ScanQrCode)), 1)
    ));
}

#[tokio::test]
async fn a_session_without_account_cannot_be_probed() {
    let server = MockServer::start().await;
    let body = json!({"name": "s_1", "status": "WORKING", "me": null});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let probe = waha.sessions().probe(&session()).await;
    assert!(matches!(probe, Ok(Probe::Unsure(None))));
}
