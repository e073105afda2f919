//! The table from what a server does to what became of the message, row by row, over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scene;

use std::sync::Arc;
use std::time::Duration;

use campaign_core::delivery::Doubt;
use campaign_core::failure::{Next, NotHandedOver, Outcome, Signal};
use campaign_core::gateway::{Gateway, Sending};
use campaign_core::message::{MediaSource, RenderedMessage};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waha_client::{Error, Limit, NotSent, WahaClient};
use waha_gateway::failures::outcome;
use waha_gateway::{Options, WahaGateway};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use scene::{ID, clock, closed, gateway, gateway_with, hasty, late, open, sending, text};

/// What is expected, without the words.
#[derive(Debug, PartialEq)]
enum Is {
    Accepted(Option<&'static str>),
    Not(NotHandedOver),
    Refused,
    Maybe(Doubt, Option<Signal>),
}

fn kind(outcome: &Outcome) -> Is {
    match outcome {
        Outcome::Accepted { message_id } => Is::Accepted(message_id.as_deref().map(|id| {
            assert!(id == ID || id == "3EB0OTHER", "{id}");
            if id == ID { ID } else { "3EB0OTHER" }
        })),
        Outcome::NotHandedOver { why, .. } => Is::Not(*why),
        Outcome::Refused { .. } => Is::Refused,
        Outcome::MaybeSent { doubt, signal, .. } => Is::Maybe(*doubt, *signal),
    }
}

const MAYBE: Is = Is::Maybe(Doubt::ServerError, None);

fn http(status: u16, message: &str) -> Value {
    json!({"message": message, "error": "Some Error", "statusCode": status})
}

/// WAHA's body for whatever is thrown, with all that must not come out again.
fn thrown(exception: Value) -> Value {
    let mut exception = exception;
    if exception.get("stack").is_none() {
        exception["stack"] = json!("Error: x\n    at sendMessage (/app/SECRET-STACK.js:1:1)");
    }
    json!({
        "statusCode": 500,
        "timestamp": "2026-11-21T00:20:07.672Z",
        "exception": exception,
        "request": {"path": "/api/sendText", "method": "POST", "body": {"text": "SECRET-ECHO"}, "query": {}},
        "version": {"version": "2026.7.1", "engine": "NOWEB"},
    })
}

fn type_error(message: &str, thrower: &str) -> Value {
    thrown(json!({
        "name": "TypeError",
        "message": message,
        "stack": format!("TypeError: {message}\n    at Session.{thrower} (/app/a.js:1:1)\n    at b (/app/b.js:1:1)"),
    }))
}

fn axios(thrower: &str, code: &str, message: &str) -> Value {
    thrown(json!({
        "name": "Error", "code": code, "message": message, "config": {},
        "stack": format!("Error: {message}\n    at {thrower} (/app/node_modules/axios/dist/node/axios.cjs:863:14)"),
    }))
}

fn image_by_url() -> Sending {
    sending(RenderedMessage::image(
        MediaSource::Url("https://toko.example/a.png".into()),
        "cap",
    ))
}

async fn answer(sending: &Sending, template: ResponseTemplate) -> Outcome {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(template)
        .expect(1)
        .mount(&server)
        .await;
    let outcome = gateway(&server.uri()).send(sending, open()).await;
    server.verify().await;
    outcome
}

#[tokio::test]
async fn every_answer_has_its_outcome_and_none_is_asked_for_twice() {
    use NotHandedOver::{RateLimited, SessionNotReady, Unauthorized, Unreachable};
    let restricted = Is::Maybe(Doubt::ServerError, Some(Signal::Restricted));
    let too_fast = Is::Maybe(Doubt::ServerError, Some(Signal::TooFast));
    let disconnected = Is::Maybe(Doubt::ServerError, Some(Signal::Disconnected));
    let long = "x".repeat(2_000);
    let rows: Vec<(&str, u16, Value, Is)> = vec![
        (
            "NOWEB",
            201,
            json!({"key": {"remoteJid": "6281234567890@s.whatsapp.net", "fromMe": true, "id": ID}, "status": "PENDING"}),
            Is::Accepted(Some(ID)),
        ),
        (
            "GOWS",
            201,
            json!({"id": format!("true_6281234567890@c.us_{ID}"), "_data": null}),
            Is::Accepted(Some(ID)),
        ),
        (
            "WEBJS, an id of its own",
            201,
            json!({"id": {"fromMe": true, "remote": "6281234567890@c.us", "id": "3EB0OTHER", "_serialized": "true_6281234567890@c.us_3EB0OTHER"}}),
            Is::Accepted(Some("3EB0OTHER")),
        ),
        (
            "no id in it",
            201,
            json!({"status": "PENDING"}),
            Is::Accepted(None),
        ),
        ("not an object", 201, json!([1]), Is::Accepted(None)),
        (
            "validation",
            400,
            json!({"message": ["chatId must be a string"], "error": "Bad Request", "statusCode": 400}),
            Is::Refused,
        ),
        (
            "malformed",
            400,
            http(400, "Expected property name or '}' in JSON at position 1"),
            Is::Refused,
        ),
        (
            "key",
            401,
            json!({"message": "Unauthorized", "statusCode": 401}),
            Is::Not(Unauthorized),
        ),
        (
            "scope of the key",
            403,
            json!({"message": "Forbidden", "statusCode": 403}),
            Is::Not(Unauthorized),
        ),
        (
            "session gone",
            404,
            http(404, "Session not found"),
            Is::Not(SessionNotReady),
        ),
        (
            "session gone, other words",
            404,
            http(
                404,
                "We didn't find a session with name 's1'.\nPlease start it first",
            ),
            Is::Not(SessionNotReady),
        ),
        (
            "no such route",
            404,
            http(404, "Cannot POST /api/sendText"),
            Is::Not(Unreachable),
        ),
        (
            "something not there",
            404,
            http(404, "Chat not found"),
            Is::Refused,
        ),
        (
            "ENOENT within the engine",
            404,
            json!({"error": {"code": 404, "key": "FILE_NOT_FOUND", "message": "File not found", "details": "x"}}),
            MAYBE,
        ),
        ("a proxy's method", 405, json!({}), Is::Not(Unreachable)),
        ("a proxy's patience", 408, json!({}), MAYBE),
        ("a proxy's size", 413, json!({}), Is::Refused),
        (
            "session stopped",
            422,
            json!({"error": "Session status is not as expected. Try again later or restart the session", "session": "default", "status": "STOPPED", "expected": ["WORKING"]}),
            Is::Not(SessionNotReady),
        ),
        (
            "unknown session",
            422,
            json!({"error": "Session \"default\" does not exist", "session": "default"}),
            Is::Not(SessionNotReady),
        ),
        (
            "no file",
            422,
            http(
                422,
                "Either \"file.url\" or \"file.data\" must be specified.",
            ),
            Is::Refused,
        ),
        (
            "Plus wall",
            422,
            http(
                422,
                "The feature is available only in Plus version for 'NOWEB' engine.",
            ),
            Is::Refused,
        ),
        ("told to wait", 429, json!({}), Is::Not(RateLimited)),
        (
            "engine error",
            500,
            thrown(json!({"name": "Error", "message": "fake engine failure"})),
            MAYBE,
        ),
        (
            "timed out within",
            500,
            thrown(json!({"name": "Error", "message": "Timed Out", "data": null, "isBoom": true})),
            MAYBE,
        ),
        (
            "WhatsApp's rate limit",
            500,
            thrown(
                json!({"name": "Error", "message": "rate-overlimit", "data": 429, "isBoom": true}),
            ),
            too_fast,
        ),
        (
            "429 as data alone",
            500,
            thrown(json!({"name": "Error", "message": "x", "data": 429})),
            Is::Maybe(Doubt::ServerError, Some(Signal::TooFast)),
        ),
        (
            "link lost",
            500,
            thrown(json!({"name": "Error", "message": "Connection Closed", "data": null})),
            disconnected,
        ),
        (
            "whatsmeow's link lost",
            500,
            thrown(json!({"name": "Error", "message": "2 UNKNOWN: websocket not connected"})),
            Is::Maybe(Doubt::ServerError, Some(Signal::Disconnected)),
        ),
        (
            "463 as data",
            500,
            thrown(json!({"name": "Error", "message": "not-allowed", "data": 463})),
            restricted,
        ),
        (
            "463 in the sentence",
            500,
            thrown(json!({"name": "Error", "message": "2 UNKNOWN: server returned error 463"})),
            Is::Maybe(Doubt::ServerError, Some(Signal::Restricted)),
        ),
        (
            "463 without an exception",
            500,
            json!({"message": "server returned error 463"}),
            Is::Maybe(Doubt::ServerError, Some(Signal::Restricted)),
        ),
        (
            "4631 is not 463",
            500,
            thrown(json!({"name": "Error", "message": "server returned error 4631", "data": 1463})),
            MAYBE,
        ),
        (
            "463 in another number, no exception",
            500,
            json!({"message": "error 14630"}),
            MAYBE,
        ),
        (
            "a lock that took too long",
            500,
            thrown(json!({"name": "Error", "message": "async-lock timed out in queue default"})),
            MAYBE,
        ),
        (
            "no chat id",
            500,
            type_error(
                "Cannot read properties of undefined (reading 'includes')",
                "ensureSuffix",
            ),
            Is::Refused,
        ),
        (
            "no text",
            500,
            type_error(
                "Cannot read properties of undefined (reading 'match')",
                "extractUrlFromText",
            ),
            Is::Refused,
        ),
        (
            "no file",
            500,
            type_error(
                "Cannot use 'in' operator to search for 'url' in undefined",
                "fileToMessage",
            ),
            Is::Refused,
        ),
        (
            "the same words from within the engine",
            500,
            type_error(
                "Cannot read properties of undefined (reading 'includes')",
                "relayMessage",
            ),
            MAYBE,
        ),
        (
            "too large",
            500,
            thrown(
                json!({"name": "PayloadTooLargeError", "message": "request entity too large", "type": "entity.too.large"}),
            ),
            Is::Refused,
        ),
        (
            "a fetch's error, but nothing to fetch",
            500,
            axios(
                "AxiosError.from",
                "ECONNREFUSED",
                "connect ECONNREFUSED 127.0.0.1:1",
            ),
            MAYBE,
        ),
        ("empty 500", 500, Value::Null, MAYBE),
        (
            "a long text",
            500,
            thrown(json!({"name": "Error", "message": long})),
            MAYBE,
        ),
        (
            "not implemented",
            501,
            http(
                501,
                "The method is not implemented by 'NOWEB' engine. Check the docs",
            ),
            Is::Refused,
        ),
        ("another 501", 501, json!({}), MAYBE),
        ("bad gateway", 502, json!({}), MAYBE),
        ("unavailable", 503, json!({}), MAYBE),
        ("gateway time-out", 504, json!({}), MAYBE),
        ("a proxy's own", 520, json!({}), MAYBE),
    ];
    for (row, status, body, expected) in rows {
        let template = match body {
            Value::Null => ResponseTemplate::new(status),
            body => ResponseTemplate::new(status).set_body_json(body),
        };
        let outcome = answer(&text(), template).await;
        assert_eq!(kind(&outcome), expected, "{row}: {outcome:?}");
        let words = outcome.message().unwrap_or_default();
        assert!(words.chars().count() <= 300, "{row}: {words}");
        for secret in ["SECRET", "the-key", "6281234567890"] {
            assert!(!words.contains(secret), "{row}: {words}");
        }
    }
}

#[tokio::test]
async fn a_file_that_the_server_cannot_fetch_was_not_sent() {
    use NotHandedOver::Broken;
    let fetch = |code| axios("AxiosError.from", code, "connect failed");
    let rows = [
        (fetch("ECONNREFUSED"), Is::Not(Broken)),
        (fetch("ENOTFOUND"), Is::Not(Broken)),
        (fetch("ECONNRESET"), Is::Not(Broken)),
        (
            axios(
                "settle",
                "ERR_BAD_REQUEST",
                "Request failed with status code 404",
            ),
            Is::Refused,
        ),
        (
            axios(
                "settle",
                "ERR_BAD_RESPONSE",
                "Request failed with status code 503",
            ),
            Is::Not(Broken),
        ),
        // The same code from the engine's own connection.
        (
            axios("Socket.onerror", "ECONNRESET", "read ECONNRESET"),
            MAYBE,
        ),
        (axios("AxiosError.from", "E_OTHER", "x"), MAYBE),
    ];
    for (body, expected) in rows {
        let template = ResponseTemplate::new(500).set_body_json(&body);
        let outcome = answer(&image_by_url(), template).await;
        assert_eq!(kind(&outcome), expected, "{body}");
    }
}

#[tokio::test]
async fn what_a_proxy_answers_in_place_of_waha_is_no_success() {
    use NotHandedOver::{Unauthorized, Unreachable};
    let page = "<html>hello</html>";
    for (status, expected) in [
        (200, MAYBE),
        (201, MAYBE),
        (301, Is::Not(Unreachable)),
        (307, Is::Not(Unreachable)),
        (308, Is::Not(Unreachable)),
        (401, Is::Not(Unauthorized)),
        (404, Is::Not(Unreachable)),
        (502, MAYBE),
    ] {
        let template = ResponseTemplate::new(status)
            .insert_header("location", "http://elsewhere.example/")
            .set_body_raw(page, "text/html");
        let outcome = answer(&text(), template).await;
        assert_eq!(kind(&outcome), expected, "{status}: {outcome:?}");
    }
}

#[tokio::test]
async fn an_empty_201_is_accepted_without_an_id() {
    let outcome = answer(&text(), ResponseTemplate::new(201)).await;
    assert_eq!(kind(&outcome), Is::Accepted(None));
}

#[tokio::test]
async fn the_servers_own_waiting_time_comes_along() {
    let template = ResponseTemplate::new(429).insert_header("retry-after", "17");
    let outcome = answer(&text(), template).await;
    assert_eq!(outcome.retry_after(), Some(Duration::from_secs(17)));
}

#[tokio::test]
async fn a_withheld_message_reaches_no_server() {
    let server = MockServer::start().await;
    let gateway = gateway(&server.uri());
    for guard in [closed(), late()] {
        let outcome = gateway.send(&text(), guard).await;
        assert_eq!(kind(&outcome), Is::Not(NotHandedOver::Withheld));
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[tokio::test]
async fn without_a_server_nothing_is_handed_over() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    for address in [
        format!("http://127.0.0.1:{port}"),
        "http://no.such.host.invalid".to_owned(),
    ] {
        let outcome = gateway(&address).send(&text(), open()).await;
        assert_eq!(
            kind(&outcome),
            Is::Not(NotHandedOver::Unreachable),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn no_answer_leaves_the_message_in_doubt() {
    let server = MockServer::start().await;
    let never = ResponseTemplate::new(201).set_delay(Duration::from_secs(600));
    Mock::given(any()).respond_with(never).mount(&server).await;
    let outcome = gateway_with(&server.uri(), hasty())
        .send(&text(), open())
        .await;
    assert_eq!(kind(&outcome), Is::Maybe(Doubt::NoAnswer, None));

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let closing = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"}") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
    });
    let outcome = gateway(&address).send(&text(), open()).await;
    closing.await.unwrap();
    assert_eq!(kind(&outcome), Is::Maybe(Doubt::NoAnswer, None));
}

/// Answers one request with a head that promises more than comes.
async fn cut(status: &'static str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let cutting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"}") {
            assert!(stream.read_buf(&mut read).await.unwrap() > 0);
        }
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{{\"key\":"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
    });
    let outcome = gateway(&address).send(&text(), open()).await;
    cutting.await.unwrap();
    outcome
}

#[tokio::test]
async fn what_is_cut_off_is_what_its_status_alone_proves() {
    for (status, expected) in [
        ("201 Created", Is::Accepted(None)),
        ("500 Internal Server Error", MAYBE),
    ] {
        let outcome = cut(status).await;
        assert_eq!(kind(&outcome), expected, "{status}: {outcome:?}");
    }
}

#[test]
fn what_the_clients_own_limit_holds_back_waits_and_is_nobodys_fault() {
    let after = Duration::from_secs(120);
    let why = NotSent::Limited { after };
    let outcome = outcome(Err(Error::NotSent { why }), false);
    assert_eq!(kind(&outcome), Is::Not(NotHandedOver::RateLimited));
    assert_eq!(outcome.retry_after(), Some(after));
    let verdict = outcome.verdict();
    assert_eq!((verdict.next, verdict.is_failure), (Next::Hold, false));
}

#[tokio::test]
async fn the_clients_own_limit_keeps_a_send_from_the_server() {
    let server = MockServer::start().await;
    let accepted = ResponseTemplate::new(201).set_body_json(json!({}));
    Mock::given(any())
        .respond_with(accepted)
        .mount(&server)
        .await;
    let client = WahaClient::builder(server.uri())
        .api_key("the-key")
        .limit(Limit::per_second(1).burst(1))
        .build()
        .unwrap();
    let mut options = Options::default();
    options.timeouts.text = Duration::from_millis(900);
    let gateway = WahaGateway::new(client, Arc::new(clock()), options.clone());
    let (first, second) = (text(), text());
    let (first, second) = tokio::join!(gateway.send(&first, open()), gateway.send(&second, open()));
    assert_eq!(kind(&first), Is::Accepted(None), "{first:?}");
    assert_eq!(kind(&second), Is::Not(NotHandedOver::RateLimited));
    assert_eq!(second.retry_after(), Some(options.timeouts.text));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_name_that_cannot_exist_holds_the_lane_and_fails_nobody() {
    let mut sending = text();
    sending.session = campaign_core::gateway::Session::new("not/allowed");
    let outcome = gateway("http://127.0.0.1:1").send(&sending, open()).await;
    assert_eq!(kind(&outcome), Is::Not(NotHandedOver::SessionNotReady));
}
