//! What a program that traces everything sees of a call: which, of which session, how it ended; and nobody's number, text or key.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use waha_client::{
    CallOptions, ChatId, GuardRefusal, Listing, RetryPolicy, SessionName, TextMessage, WahaClient,
};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

const KEY: &str = "s3cret-api-key";
const NUMBER: &str = "6281200000002";
const TEXT: &str = "private words";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Collects everything at every level, the records of libraries below included.
    fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    // A server that quotes what it was asked.
    let quoting =
        json!({"statusCode": 503, "message": format!("busy with {TEXT} to {NUMBER} by {KEY}")});
    Mock::given(method("GET"))
        .and(path("/api/sessions"))
        .respond_with(ResponseTemplate::new(503).set_body_json(&quoting))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/api/sessions"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/sendText"))
        .respond_with(ResponseTemplate::new(500).set_body_json(&quoting))
        .mount(&server)
        .await;
    Mock::given(path_regex("^/api/.*/chats/.*"))
        .respond_with(ResponseTemplate::new(404).set_body_json(&quoting))
        .mount(&server)
        .await;
    server
}

// One test: the subscriber is the whole process's, as the libraries below need it.
#[tokio::test]
async fn a_call_is_traced_without_number_text_or_key() {
    let log = Log::start();
    let server = server().await;
    let retry = RetryPolicy::default();
    let client = WahaClient::builder(server.uri())
        .api_key(KEY)
        .retry(retry)
        .build()
        .unwrap();
    let chat = ChatId::phone(NUMBER).unwrap();
    let sales = SessionName::new("sales").unwrap();
    let numbered = SessionName::new(NUMBER).unwrap();

    client.sessions().list(Listing::All).await.unwrap();
    for session in [&sales, &numbered] {
        let message = TextMessage::new(session, &chat, TEXT);
        client.chatting().send_text(&message).await.unwrap_err();
    }
    let message = TextMessage::new(&sales, &chat, TEXT);
    let refuse = || Err(GuardRefusal::new("paused"));
    let options = CallOptions::new()
        .guarded_by(refuse)
        .response_timeout(Duration::from_secs(5));
    client
        .chatting()
        .send_text_with(&message, options)
        .await
        .unwrap_err();
    client.chats().delete(&sales, &chat).await.unwrap_err();

    let text = log.text();
    let closed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("waha_call{") && line.contains(": close"))
        .collect();
    assert_eq!(closed.len(), 5, "{text}");
    for (line, fields) in closed.iter().zip([
        &[
            r#"method="GET""#,
            r#"path="/api/sessions""#,
            "attempt=2",
            "status=200",
            "duration_ms=",
        ][..],
        &[
            r#"method="POST""#,
            r#"path="/api/sendText""#,
            r#"session="sales""#,
            "attempt=1",
            "status=500",
        ],
        &[r#"session="628…02""#, "status=500"],
        &[r#"session="sales""#, "attempt=1", "duration_ms="],
        &[
            r#"method="DELETE""#,
            r#"path="/api/{session}/chats/{chatId}""#,
            r#"session="sales""#,
            "status=404",
        ],
    ]) {
        for field in fields {
            assert!(line.contains(field), "{field} in {line}");
        }
    }
    assert!(text.contains("asking the server again"));
    for secret in [KEY, NUMBER, TEXT, "private"] {
        let leak = text.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{secret}");
    }
}
