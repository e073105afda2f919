//! What each call puts on the wire: method, path, query, headers, body.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod calls;
mod channels;
mod events;
mod groups;
mod labels;
mod presence;
mod status;

use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use waha_client::api::{chats, chatting, contacts, pairing, server, sessions};
use waha_client::types::{SessionConfig, WebhookConfig};
use waha_client::{
    Ack, ChatId, Endpoint, File, FileMessage, Listing, MessageId, MessageQuery, NewSession, Repeat,
    SessionName, TextMessage, WahaClient, Wait,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) struct Expected {
    pub(crate) method: Method,
    pub(crate) path_and_query: &'static str,
    pub(crate) body: Option<Value>,
    pub(crate) repeat: Repeat,
    pub(crate) wait: Wait,
}

pub(crate) async fn puts<T>(endpoint: Endpoint<T>, expected: Expected) {
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

pub(crate) fn get(path_and_query: &'static str, wait: Wait) -> Expected {
    Expected {
        method: Method::GET,
        path_and_query,
        body: None,
        repeat: Repeat::Safe,
        wait,
    }
}

pub(crate) fn post(path_and_query: &'static str, body: Option<Value>, wait: Wait) -> Expected {
    Expected {
        method: Method::POST,
        path_and_query,
        body,
        repeat: Repeat::Never,
        wait,
    }
}

pub(crate) fn put(path_and_query: &'static str, body: Option<Value>, wait: Wait) -> Expected {
    Expected {
        method: Method::PUT,
        ..post(path_and_query, body, wait)
    }
}

pub(crate) fn delete(path_and_query: &'static str, wait: Wait) -> Expected {
    Expected {
        method: Method::DELETE,
        ..post(path_and_query, None, wait)
    }
}

pub(crate) fn session() -> SessionName {
    SessionName::new("s_1").unwrap()
}

pub(crate) fn chat() -> ChatId {
    ChatId::phone("6281200000002").unwrap()
}

#[tokio::test]
async fn session_calls() {
    let s = session();
    puts(
        sessions::list(Listing::Running),
        get("/api/sessions", Wait::Quick),
    )
    .await;
    puts(
        sessions::list(Listing::All),
        get("/api/sessions?all=true", Wait::Quick),
    )
    .await;
    puts(sessions::get(&s), get("/api/sessions/s_1", Wait::Quick)).await;
    puts(sessions::me(&s), get("/api/sessions/s_1/me", Wait::Quick)).await;
    let life = Wait::Lifecycle;
    puts(
        sessions::start(&s),
        post("/api/sessions/s_1/start", None, life),
    )
    .await;
    puts(
        sessions::stop(&s),
        post("/api/sessions/s_1/stop", None, life),
    )
    .await;
    puts(
        sessions::restart(&s),
        post("/api/sessions/s_1/restart", None, life),
    )
    .await;
    puts(
        sessions::logout(&s),
        post("/api/sessions/s_1/logout", None, life),
    )
    .await;
    puts(sessions::delete(&s), delete("/api/sessions/s_1", life)).await;
    let bare = post("/api/sessions", Some(json!({})), life);
    puts(sessions::create(&NewSession::default()), bare).await;
}

#[tokio::test]
async fn a_session_is_created_with_its_store_on_and_its_webhook_signed() {
    let hook = WebhookConfig::new("https://h/hook", ["message.ack", "session.status"])
        .signed(SecretString::from("hook-key"));
    let config = SessionConfig::default()
        .with_noweb_store(true)
        .with_webhook(hook);
    assert!(!format!("{config:?}").contains("hook-key"));
    let body = json!({
        "name": "s_1",
        "start": true,
        "config": {
            "noweb": {"store": {"enabled": true, "fullSync": true}},
            "webhooks": [{
                "url": "https://h/hook",
                "events": ["message.ack", "session.status"],
                "hmac": {"key": "hook-key"},
            }],
        },
    });
    let new = NewSession::started(session()).with_config(config);
    puts(
        sessions::create(&new),
        post("/api/sessions", Some(body), Wait::Lifecycle),
    )
    .await;
}

#[tokio::test]
async fn pairing_calls() {
    let s = session();
    let image = "/api/s_1/auth/qr?format=image";
    puts(pairing::qr_png(&s), get(image, Wait::Session)).await;
    puts(pairing::qr_image(&s), get(image, Wait::Session)).await;
    puts(
        pairing::qr_text(&s),
        get("/api/s_1/auth/qr?format=raw", Wait::Session),
    )
    .await;
    let body = Some(json!({"phoneNumber": "6281200000001"}));
    let expected = post("/api/s_1/auth/request-code", body, Wait::Session);
    puts(pairing::request_code(&s, "6281200000001"), expected).await;
}

#[tokio::test]
async fn sends() {
    let (s, c) = (session(), chat());
    let plain = json!({"session": "s_1", "chatId": "6281200000002@c.us", "text": "héllo"});
    let text = TextMessage::new(&s, &c, "héllo");
    let expected = post("/api/sendText", Some(plain), Wait::Send);
    puts(chatting::send_text(&text), expected).await;

    let quoted = MessageId::parse("false_6281200000002@c.us_AA");
    let people = [c.clone()];
    let text = text
        .id("3EB0AA")
        .reply_to(&quoted)
        .mentions(&people)
        .link_preview(false)
        .link_preview_high_quality(true);
    let full = json!({
        "session": "s_1", "chatId": "6281200000002@c.us", "text": "héllo", "id": "3EB0AA",
        "reply_to": "false_6281200000002@c.us_AA", "mentions": ["6281200000002@c.us"],
        "linkPreview": false, "linkPreviewHighQuality": true,
    });
    puts(
        chatting::send_text(&text),
        post("/api/sendText", Some(full), Wait::Send),
    )
    .await;

    let file = File::from_bytes("image/png", [1, 2, 3]).named("a.png");
    let image = FileMessage::new(&s, &c, &file).caption("cap").id("3EB0AB");
    let body = json!({
        "session": "s_1", "chatId": "6281200000002@c.us", "caption": "cap", "id": "3EB0AB",
        "file": {"mimetype": "image/png", "filename": "a.png", "data": "AQID"},
    });
    puts(
        chatting::send_image(&image),
        post("/api/sendImage", Some(body), Wait::Media),
    )
    .await;

    let file = File::from_url("application/pdf", "https://h/a.pdf");
    let document = FileMessage::new(&s, &c, &file);
    let body = json!({
        "session": "s_1", "chatId": "6281200000002@c.us",
        "file": {"mimetype": "application/pdf", "url": "https://h/a.pdf"},
    });
    puts(
        chatting::send_file(&document),
        post("/api/sendFile", Some(body), Wait::Media),
    )
    .await;

    let expected = get("/api/s_1/new-message-id", Wait::Session);
    puts(chatting::new_message_id(&s), expected).await;
}

#[tokio::test]
async fn look_ups() {
    let (s, c) = (session(), chat());
    let expected = "/api/s_1/chats/6281200000002@c.us/messages/3EB0AA?downloadMedia=false";
    puts(
        chats::message(&s, &c, "3EB0AA"),
        get(expected, Wait::Session),
    )
    .await;
    let odd = chats::message(&s, &c, "a/b?c d");
    let expected = "/api/s_1/chats/6281200000002@c.us/messages/a%2Fb%3Fc%20d?downloadMedia=false";
    puts(odd, get(expected, Wait::Session)).await;

    let plain = "/api/s_1/chats/6281200000002@c.us/messages?limit=10&downloadMedia=false";
    puts(
        chats::messages(&s, &c, &MessageQuery::new()),
        get(plain, Wait::Session),
    )
    .await;
    let query = MessageQuery::new()
        .limit(50)
        .offset(20)
        .download_media(true)
        .merge(false)
        .from_me(true)
        .since_s(10)
        .until_s(20)
        .ack(Ack::Device)
        .oldest_first();
    let full = "/api/s_1/chats/6281200000002@c.us/messages?limit=50&offset=20&downloadMedia=true&merge=false&filter.fromMe=true&filter.timestamp.gte=10&filter.timestamp.lte=20&filter.ack=DEVICE&sortOrder=asc";
    puts(chats::messages(&s, &c, &query), get(full, Wait::Session)).await;

    let expected = "/api/contacts/check-exists?phone=6281200000002&session=s_1";
    let check = contacts::check_exists(&s, "6281200000002");
    puts(check, get(expected, Wait::Session)).await;

    let lid = contacts::lid_of_phone(&s, "6281200000002");
    puts(lid, get("/api/s_1/lids/pn/6281200000002", Wait::Session)).await;
}

#[tokio::test]
async fn server_calls() {
    puts(server::ping(), get("/ping", Wait::Quick)).await;
    puts(server::version(), get("/api/server/version", Wait::Quick)).await;
    puts(server::status(), get("/api/server/status", Wait::Quick)).await;
    let health = Expected {
        repeat: Repeat::Never,
        ..get("/health", Wait::Quick)
    };
    puts(server::health(), health).await;
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

#[tokio::test]
async fn qr_calls_ask_for_the_form_they_read() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(404))
        .mount(&server)
        .await;
    let waha = WahaClient::builder(server.uri()).build().unwrap();
    let _ = waha.pairing().qr_png(&session()).await;
    let _ = waha.pairing().qr_image(&session()).await;
    let requests = server.received_requests().await.unwrap();
    let accepts: Vec<_> = requests
        .iter()
        .map(|r| r.headers["accept"].to_str().unwrap())
        .collect();
    assert_eq!(accepts, ["image/png", "application/json"]);
}
