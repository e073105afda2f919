//! What is recorded of a server is said again, errors too, and holds no secret.

#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::json;
use waha_client::testing::{LoadError, Recorder, Recording, Replay};
use waha_client::{
    CallOptions, ChatId, Error, GuardRefusal, Listing, RetryPolicy, Sent, SessionName, TextMessage,
    WahaClient,
};
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "s3cret-api-key";

async fn send(client: &WahaClient, text: &str, options: CallOptions) -> Result<Sent, Error> {
    let session = SessionName::new("default").unwrap();
    let chat = ChatId::phone("6281200000002").unwrap();
    let message = TextMessage::new(&session, &chat, text);
    client.chatting().send_text_with(&message, options).await
}

/// Everything a test asks, and how it ended.
async fn story(client: &WahaClient) -> Vec<String> {
    let mut told = Vec::new();
    let mut tell = |what: String| told.push(what);
    tell(format!("{:?}", client.server().version().await));
    tell(format!(
        "{:?}",
        client.sessions().list(Listing::All).await.map(|all| all
            .into_iter()
            .map(|info| (info.name, info.status))
            .collect::<Vec<_>>())
    ));
    tell(format!(
        "{:?}",
        client
            .keys()
            .list()
            .await
            .map(|keys| keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>())
    ));
    let session = SessionName::new("default").unwrap();
    tell(format!("{:?}", client.pairing().qr_png(&session).await));
    for text in ["good", "refused", "slow"] {
        let options = CallOptions::new().response_timeout(Duration::from_millis(500));
        tell(format!("{:?}", send(client, text, options).await));
    }
    let guarded =
        CallOptions::new().guarded_by(|| Err(GuardRefusal::new("the test's guard says no")));
    let withheld = send(client, "withheld", guarded).await.unwrap_err();
    tell(format!("{withheld}"));
    told
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    let mount = async |what: &str, at: &str, answer: ResponseTemplate| {
        Mock::given(method(what))
            .and(path(at))
            .respond_with(answer)
            .mount(&server)
            .await;
    };
    let version = json!({"version": "2026.7.1", "engine": "NOWEB", "tier": "PLUS", "note": KEY});
    mount(
        "GET",
        "/api/server/version",
        ResponseTemplate::new(200).set_body_json(version),
    )
    .await;
    let sessions = json!([{
        "name": "default",
        "status": "WORKING",
        "config": {"webhooks": [{"url": "http://h", "events": ["*"], "hmac": {"key": "hidden-hmac"}}]},
    }]);
    mount(
        "GET",
        "/api/sessions",
        ResponseTemplate::new(200).set_body_json(sessions),
    )
    .await;
    let keys = json!([{"id": "key_1", "key": "hidden-key", "isActive": true, "isAdmin": true}]);
    mount(
        "GET",
        "/api/keys",
        ResponseTemplate::new(200).set_body_json(keys),
    )
    .await;
    let picture = ResponseTemplate::new(200).set_body_raw(vec![0x89, b'P', 0xff, 0], "image/png");
    mount("GET", "/api/default/auth/qr", picture).await;
    for (text, answer) in [
        (
            "good",
            ResponseTemplate::new(201).set_body_json(json!({"id": "3EB0AA"})),
        ),
        (
            "refused",
            ResponseTemplate::new(429)
                .insert_header("retry-after", "7")
                .insert_header("set-cookie", "hidden-cookie"),
        ),
        (
            "slow",
            ResponseTemplate::new(201).set_delay(Duration::from_secs(30)),
        ),
    ] {
        Mock::given(method("POST"))
            .and(path("/api/sendText"))
            .and(body_partial_json(json!({"text": text})))
            .respond_with(answer)
            .mount(&server)
            .await;
    }
    server
}

async fn recorded() -> (Vec<String>, Recorder) {
    let server = server().await;
    let recorder = Recorder::new();
    let address = server.uri().replace("http://", "http://me:hidden-pass@");
    let client = WahaClient::builder(address)
        .api_key(KEY)
        .retry(RetryPolicy::never())
        .transport(&recorder)
        .build()
        .unwrap();
    (story(&client).await, recorder)
}

#[tokio::test]
async fn a_replay_of_the_saved_file_tells_the_same_story_and_the_file_holds_no_secret() {
    let (told, recorder) = recorded().await;
    let file = std::env::temp_dir().join(format!("waha-client-replay-{}.json", std::process::id()));
    recorder.save(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let recording = Recording::load(&file).unwrap();
    std::fs::remove_file(&file).unwrap();

    assert!(!text.contains(KEY) && !text.contains("hidden"), "{text}");
    assert!(
        text.contains("6281200000002"),
        "numbers are what is replayed"
    );
    assert_eq!(recording, recorder.recording());

    let replay = Replay::new(recording);
    let client = WahaClient::builder("http://replay")
        .retry(RetryPolicy::never())
        .transport(&replay)
        .build()
        .unwrap();
    let again = story(&client).await;
    for (again, told) in again.iter().zip(&told) {
        assert_eq!(&again.replace("***", KEY), told);
    }
    assert_eq!(again.len(), told.len());
    assert!(replay.left().is_empty(), "{:?}", replay.left());
}

#[tokio::test]
async fn a_replay_is_strict_about_the_order_of_one_call_and_about_what_it_carries() {
    let (_, recorder) = recorded().await;
    let replay = Replay::new(recorder.recording());
    let client = replay.client().unwrap();

    let error = send(&client, "refused", CallOptions::new())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("another body"), "{error}");
    assert!(error.is_not_sent() && !error.to_string().contains("refused"));
    send(&client, "good", CallOptions::new()).await.unwrap();
    let error = send(&client, "refused", CallOptions::new())
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));

    let error = client.sessions().list(Listing::Running).await.unwrap_err();
    assert!(error.to_string().contains("another query"), "{error}");
    client.sessions().list(Listing::All).await.unwrap();
    let error = client.sessions().list(Listing::All).await.unwrap_err();
    assert!(
        error.to_string().contains("no more GET /api/sessions"),
        "{error}"
    );

    let any = Replay::new(recorder.recording()).with_any_body();
    send(&any.client().unwrap(), "anything", CallOptions::new())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_call_that_its_own_guard_withholds_leaves_the_recording_where_it_was() {
    let (_, recorder) = recorded().await;
    let replay = Replay::new(recorder.recording());
    let client = replay.client().unwrap();
    let before = replay.left();
    let refuse = || Err(GuardRefusal::new("paused"));
    let options = CallOptions::new().guarded_by(refuse);
    let error = send(&client, "good", options).await.unwrap_err();
    assert!(error.refusal().is_some(), "{error}");
    assert_eq!(replay.left(), before);
    send(&client, "good", CallOptions::new()).await.unwrap();
}

#[test]
fn a_file_of_another_form_is_refused() {
    let later = Recording::from_json(r#"{"format": 2, "exchanges": []}"#);
    assert!(matches!(later, Err(LoadError::Format(2))));
    assert!(matches!(
        Recording::from_json("{}"),
        Err(LoadError::Form(_))
    ));
    assert!(matches!(
        Recording::load("no/such/file.json"),
        Err(LoadError::File(_))
    ));
}
