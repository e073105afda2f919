//! A server that quotes in its answers what it was asked: neither the reasons that go on record nor the logs have the key in
//! them, and nobody's whole number is in the logs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use campaign_core::failure::Outcome;
use campaign_core::gateway::{Found, Gateway, NumberStatus, Session};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tracing::level_filters::LevelFilter;
use waha_gateway::{Options, WahaGateway};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use scene::{PHONE, client, clock, finding, open, phone, session, text};

const KEY: &str = "s3cret-api-key";

/// All that was logged.
#[derive(Clone, Default)]
struct Log(Arc<watch::Sender<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_modify(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects everything at every level, the records of libraries below included. It is the whole process's, as those need it.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    log
});

/// Waits until this is logged, and looks at all that was.
async fn assert_logged(told: &str) {
    let mut log = LOG.0.subscribe();
    let has_it = |log: &Vec<u8>| String::from_utf8_lossy(log).contains(told);
    let logged = tokio::time::timeout(Duration::from_secs(20), log.wait_for(has_it));
    let log = logged
        .await
        .unwrap_or_else(|_| panic!("not logged: {told}"));
    let log = String::from_utf8_lossy(&log.unwrap()).into_owned();
    for secret in [KEY, PHONE] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}

async fn server(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(&server)
        .await;
    server
}

fn gateway(server: &MockServer) -> WahaGateway {
    let client = client(&server.uri(), KEY);
    WahaGateway::new(client, Arc::new(clock()), Options::default())
}

fn sentence() -> String {
    format!("not for {PHONE} by x-api-key: {KEY}")
}

#[tokio::test]
async fn no_reason_of_a_send_or_of_a_look_up_has_the_key() {
    let _log = &*LOG;
    for (status, body) in [
        (400, json!({"message": sentence()})),
        (401, json!({"message": sentence()})),
        (404, json!({"message": [sentence()]})),
        (422, json!({"error": sentence(), "session": KEY})),
        (
            422,
            json!({"error": KEY, "session": "default", "status": KEY, "expected": ["WORKING"]}),
        ),
        (429, json!({"message": sentence()})),
        (
            500,
            json!({"exception": {"message": sentence()}, "request": {"headers": {"x-api-key": KEY}}}),
        ),
        (501, json!({"message": sentence()})),
    ] {
        let server = server(status, body).await;
        let gateway = gateway(&server);
        let (Outcome::NotHandedOver { message, .. }
        | Outcome::Refused { message }
        | Outcome::MaybeSent { message, .. }) = gateway.send(&text(), open()).await
        else {
            panic!("accepted with {status}")
        };
        assert!(message.contains(&status.to_string()), "{message}");
        let Found::Unknown { why } = gateway.find(&finding(true)).await else {
            panic!("something can be said of {status}")
        };
        for told in [message, why] {
            assert!(!told.contains(KEY) && !told.contains(PHONE), "{told}");
        }
    }
    assert_logged("waha_call").await;
}

#[tokio::test]
async fn no_log_has_the_key_or_a_whole_number() {
    let _log = &*LOG;
    let server = server(500, json!({"message": sentence()})).await;
    let gateway = gateway(&server);
    let status = gateway.check(&session(), phone(PHONE)).await;
    assert_eq!(status, NumberStatus::Unknown);
    assert_logged("it could not be found out whether a number is on WhatsApp").await;
    // Some call their sessions by their numbers.
    assert!(!gateway.restart(&Session::new(PHONE)).await);
    assert_logged("restarting a session that seems to be dead session=62812****7890").await;
    assert_logged(
        "a session could not be restarted error=the server answered 500: not for 628…90 by x-api-key: ***",
    ).await;
    assert_eq!(gateway.lid_of(&session(), phone(PHONE)).await, None);
    assert_logged("the LID of a phone could not be found out").await;
    let lid = format!("{PHONE}@lid").parse().unwrap();
    assert_eq!(gateway.phone_of(&session(), lid).await, None);
    assert_logged("it could not be found out whose phone belongs to a LID").await;
}

#[tokio::test]
async fn no_log_of_a_websocket_has_the_key_or_a_whole_number() {
    let _log = &*LOG;
    for (status, told) in [
        (401, "no events come until this is mended"),
        (404, "events may be missed"),
    ] {
        let server = server(status, json!({"message": sentence()})).await;
        let mut notices = gateway(&server).listen(&[Session::new(PHONE)]);
        // No notice comes: nobody was told that events flow.
        tokio::select! {
            notice = notices.next() => panic!("{notice:?}"),
            () = assert_logged(told) => {}
        }
    }
}
