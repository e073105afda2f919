//! What each call puts on the wire: method, path, query, headers, body.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod apps;
mod calls;
mod channels;
mod chats;
mod chatting;
mod contacts;
mod coverage;
mod events;
mod groups;
mod keys;
mod labels;
mod media;
mod pairing;
mod presence;
mod profile;
mod server;
mod sessions;
mod status;

use http::Method;
use serde_json::Value;
use waha_client::{
    ChatId, Endpoint, File, FileMessage, MessageId, Repeat, SessionName, WahaClient, Wait,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

struct Expected {
    method: Method,
    path_and_query: &'static str,
    body: Option<Value>,
    repeat: Repeat,
    wait: Wait,
}

async fn puts<T>(endpoint: Endpoint<T>, expected: Expected) {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri())
        .api_key("the-key")
        .user_agent("tests/1")
        .build()
        .unwrap();
    assert_eq!(
        (endpoint.repeat(), endpoint.wait()),
        (expected.repeat, expected.wait)
    );
    coverage::note(&endpoint);
    let error = waha.call(endpoint).await.err().expect("a 404");
    assert_eq!(error.status(), Some(404), "{error:?}");
    let requests = server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else {
        panic!("one request, not {}", requests.len())
    };
    let url = &request.url[url::Position::BeforePath..];
    assert_eq!(
        (&request.method, url),
        (&expected.method, expected.path_and_query)
    );
    assert_eq!(request.headers["x-api-key"], "the-key");
    assert_eq!(request.headers["user-agent"], "tests/1");
    let body: Option<Value> = match request.body.as_slice() {
        [] => None,
        bytes => Some(serde_json::from_slice(bytes).unwrap()),
    };
    assert_eq!(body, expected.body);
    if body.is_some() {
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(
            request.headers["content-length"],
            request.body.len().to_string()
        );
    }
}

fn get(path_and_query: &'static str, wait: Wait) -> Expected {
    Expected {
        method: Method::GET,
        path_and_query,
        body: None,
        repeat: Repeat::Safe,
        wait,
    }
}

fn post(path_and_query: &'static str, body: Option<Value>, wait: Wait) -> Expected {
    Expected {
        method: Method::POST,
        path_and_query,
        body,
        repeat: Repeat::Never,
        wait,
    }
}

fn put(path_and_query: &'static str, body: Option<Value>, wait: Wait) -> Expected {
    Expected {
        method: Method::PUT,
        ..post(path_and_query, body, wait)
    }
}

fn delete(path_and_query: &'static str, wait: Wait) -> Expected {
    Expected {
        method: Method::DELETE,
        ..post(path_and_query, None, wait)
    }
}

/// The kind of answer that a call asks for.
async fn accepted<T>(endpoint: Endpoint<T>) -> String {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let _ = waha.call(endpoint).await;
    let requests = server.received_requests().await.unwrap();
    requests[0].headers["accept"].to_str().unwrap().to_owned()
}

/// That a call is refused before anything is sent.
async fn is_not_sent<T>(endpoint: Endpoint<T>) {
    let waha = WahaClient::builder("http://127.0.0.1:9").build().unwrap();
    let error = waha.call(endpoint).await.err().expect("a refusal");
    assert!(
        matches!(
            error,
            waha_client::Error::NotSent {
                why: waha_client::NotSent::Invalid(_)
            }
        ),
        "{error:?}"
    );
}

fn session() -> SessionName {
    SessionName::new("s_1").unwrap()
}

fn chat() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

fn message() -> MessageId {
    MessageId::parse("true_6281200000002@c.us_3EB0AA")
}

#[tokio::test]
async fn a_prefix_of_the_address_comes_before_every_path_and_its_password_is_a_header() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    let address = server.uri().replace("http://", "http://me:p%40ss@") + "/waha/";
    let waha = WahaClient::builder(address).build().unwrap();
    waha.server().ping().await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.url.path(), "/waha/ping");
    assert_eq!(request.headers["authorization"], "Basic bWU6cEBzcw==");
    assert!(!request.headers.contains_key("x-api-key"));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_not_sent() {
    let waha = WahaClient::builder("http://127.0.0.1:9").build().unwrap();
    let (s, group) = (session(), ChatId::group("12036300").unwrap());
    for id in ["", ".", ".."] {
        let error = waha.chats().message(&s, &group, id).await.unwrap_err();
        assert!(
            matches!(
                error,
                waha_client::Error::NotSent {
                    why: waha_client::NotSent::Invalid(_)
                }
            ),
            "{id}"
        );
    }
    assert!(
        waha.contacts()
            .check_exists(&s, &group)
            .await
            .unwrap_err()
            .is_not_sent()
    );
    assert!(
        waha.contacts()
            .lid_of_phone(&s, &group)
            .await
            .unwrap_err()
            .is_not_sent()
    );
    assert!(
        waha.pairing()
            .request_code(&s, &group)
            .await
            .unwrap_err()
            .is_not_sent()
    );
    let file = File::from_url("video/mp4", "x".repeat(51 * 1024 * 1024));
    let message = FileMessage::new(&s, &group, &file);
    let error = waha.chatting().send_file(&message).await.unwrap_err();
    assert!(error.to_string().contains("50 MiB"), "{error}");
}
