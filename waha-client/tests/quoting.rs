//! Servers, and proxies before them, that quote what they were sent: no error and no log has the key, a password or a webhook's
//! key in it, in whatever form it was quoted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod server;

use std::error::Error as StdError;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::json;
use tracing::level_filters::LevelFilter;
use waha_client::types::{CustomHeader, ProxyConfig, SessionConfig, StoredFile, WebhookConfig};
use waha_client::{
    ChatId, DownloadError, Error, NewSession, RetryPolicy, SessionName, TextMessage, WahaClient,
};

use server::{Act, Server, answer};

/// What every secret of these tests has in it, whatever its other characters are written as.
const TELLING: &str = "s3cret";
const KEY: &str = "s3cret-api-key";
/// A key that JSON, HTML and URLs write otherwise.
const ODD_KEY: &str = r#"a/s3cret "key" <&> + 100%25 \\ c'est ça"#;

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

fn client(address: &str, key: &str) -> WahaClient {
    WahaClient::builder(address)
        .api_key(key)
        .retry(RetryPolicy::never())
        .build()
        .unwrap()
}

/// All that an error and its sources say.
fn all_of(error: &(dyn StdError + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain
        .map(|error| format!("{error}\n{error:?}\n{error:#?}\n"))
        .collect()
}

/// All that an error of a call can be asked for.
fn words(error: &Error) -> String {
    let mut words = all_of(error);
    if let Some(answer) = error.answer() {
        words += &format!("{:?}\n", answer.shape());
        words += &String::from_utf8_lossy(answer.body());
    }
    words
}

fn assert_untold(what: &str, words: &str) {
    let line = words.lines().find(|line| line.contains(TELLING));
    assert_eq!(line, None, "{what}: {words}");
}

fn assert_unlogged() {
    let log = String::from_utf8_lossy(&LOG.0.lock().unwrap()).into_owned();
    assert!(log.contains("TRACE"), "the log is on");
    let line = log.lines().find(|line| line.contains(TELLING));
    assert_eq!(line, None);
}

fn session() -> SessionName {
    SessionName::new("default").unwrap()
}

fn json_escaped(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted.trim_matches('"').to_owned()
}

/// As Go writes JSON, and more: whatever is no letter, digit or hyphen.
fn all_escaped(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    text.chars()
        .map(|c| match plain(&c) {
            true => c.to_string(),
            false => format!("\\u{:04X}", u32::from(c)),
        })
        .collect()
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn html_escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;")
}

/// Answers that quote a key, by what they are.
fn quoting(key: &str) -> Vec<(&'static str, String)> {
    let escaped = json_escaped(key);
    let as_object = |status: u16, body: serde_json::Value| answer(status, &body.to_string());
    vec![
        (
            "a message",
            as_object(
                422,
                json!({"message": format!("the key {key} is not valid"), "statusCode": 422}),
            ),
        ),
        ("messages", as_object(400, json!({"message": ["no", key]}))),
        (
            "a message of an escaping server",
            answer(
                403,
                &format!(r#"{{"message":"not with {}"}}"#, all_escaped(key)),
            ),
        ),
        (
            "a path",
            as_object(
                404,
                json!({"message": format!("Cannot GET /ws?x-api-key={}", percent_encoded(key))}),
            ),
        ),
        (
            "an exception, and the request",
            as_object(
                500,
                json!({
                    "exception": {
                        "message": format!("{key}: no"), "name": key, "code": key, "type": key,
                        "stack": format!("Error: {key}\n    at {key} (/app/{key}.js:1:1)"),
                    },
                    "request": {"headers": {"x-api-key": key}, "path": percent_encoded(key)},
                }),
            ),
        ),
        (
            "a session's status",
            as_object(
                422,
                json!({"error": key, "session": key, "status": key, "expected": [key, "WORKING"]}),
            ),
        ),
        (
            "an unknown session",
            as_object(
                422,
                json!({"error": format!("Session \"{key}\" does not exist"), "session": key}),
            ),
        ),
        (
            "a file's error",
            as_object(
                404,
                json!({"error": {"key": "FILE_NOT_FOUND", "message": format!("no {key}")}}),
            ),
        ),
        (
            "an unknown shape",
            as_object(500, json!({"headers": [["x-api-key", key]]})),
        ),
        (
            "plain text",
            format!(
                "HTTP/1.1 500 No\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nbad key: {key}"
            ),
        ),
        (
            "a page",
            answer(
                502,
                &format!("<html><pre>x-api-key: {}</pre></html>", html_escaped(key)),
            ),
        ),
        (
            "a page that looks good",
            answer(200, &format!("<html>{}</html>", html_escaped(key))),
        ),
        (
            "a redirect",
            format!(
                "HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:1/?x-api-key={}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{key}",
                percent_encoded(key),
                key.len()
            ),
        ),
        (
            "a result of another form",
            answer(200, &format!(r#""{escaped}""#)),
        ),
        (
            "a field of another form",
            as_object(200, json!({"numberExists": key, "name": [key], "id": 1})),
        ),
        (
            "a result that is cut",
            format!("HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n{{\"name\":\"{escaped}\""),
        ),
        (
            "a status line",
            format!(
                "HTTP/1.1 401 {KEY}\r\nx-{KEY}: {KEY}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            ),
        ),
        ("no HTTP", format!("{key}\r\n{key}\r\n\r\n")),
    ]
}

#[tokio::test]
async fn no_error_quotes_the_key_whatever_the_answer_is_and_nothing_logs_it() {
    let _log = &*LOG;
    for key in [KEY, ODD_KEY] {
        for (what, reply) in quoting(key) {
            let server = Server::start(vec![Act::Reply(reply); 4]).await;
            let waha = client(&server.address, key);
            let (session, phone) = (session(), ChatId::phone("6281200000002").unwrap());
            let checked = waha.contacts().check_exists(&session, &phone).await;
            assert_untold(what, &words(&checked.unwrap_err()));
            let message = TextMessage::new(&session, &phone, "Halo");
            if let Err(error) = waha.chatting().send_text(&message).await {
                assert_untold(what, &words(&error));
            }
            let file = StoredFile::from_url("http://waha:3000/api/files/default/a.png").unwrap();
            match waha.media().download(&file).await {
                Ok(_) => {}
                Err(
                    DownloadError::Gone(error)
                    | DownloadError::Unauthorized(error)
                    | DownloadError::Request(error),
                ) => {
                    assert_untold(what, &words(&error));
                }
                Err(error) => assert_untold(what, &all_of(&error)),
            }
        }
    }
    assert_unlogged();
}

#[tokio::test]
async fn what_else_a_server_says_stays() {
    let body = json!({"message": format!("the key {KEY} is not valid here"), "statusCode": 422});
    let server = Server::start(vec![Act::Reply(answer(422, &body.to_string()))]).await;
    let error = client(&server.address, KEY)
        .server()
        .version()
        .await
        .unwrap_err();
    assert_eq!(
        error.server_message(),
        Some("the key *** is not valid here")
    );
}

#[tokio::test]
async fn a_good_answer_is_given_as_it_came() {
    let body = json!({"version": KEY, "engine": "NOWEB"});
    let server = Server::start(vec![Act::Reply(answer(200, &body.to_string()))]).await;
    let version = client(&server.address, KEY).server().version().await;
    assert_eq!(version.unwrap().version, KEY);
}

#[tokio::test]
async fn no_error_quotes_the_password_for_a_proxy() {
    let _log = &*LOG;
    // Basic authentication of "proxy:p@ss s3cret word".
    const BASIC: &str = "cHJveHk6cEBzcyBzM2NyZXQgd29yZA==";
    let body = json!({"message": format!("proxy with p@ss s3cret word by Basic {BASIC}")});
    let server = Server::start(vec![Act::Reply(answer(407, &body.to_string()))]).await;
    let address = server
        .address
        .replace("http://", "http://proxy:p%40ss%20s3cret%20word@");
    let waha = WahaClient::builder(address).build().unwrap();
    let error = waha.server().version().await.unwrap_err();
    assert_eq!(
        error.server_message(),
        Some("proxy with *** by Basic ***==")
    );
    let words = words(&error);
    assert!(!words.contains(&BASIC[..30]), "{words}");
    assert_untold("a proxy", &words);
    assert_unlogged();
}

#[tokio::test]
async fn no_error_quotes_what_is_secret_in_the_request() {
    let _log = &*LOG;
    let mut webhook = WebhookConfig::new("http://h:1/", ["message"]).signed("s3cret-hmac".into());
    webhook.custom_headers = Some(vec![CustomHeader::new("X-Token", "s3cret-header".into())]);
    let mut config = SessionConfig::default().with_webhook(webhook);
    let mut proxy = ProxyConfig::new("proxy:3128");
    proxy.username = Some("toko".to_owned());
    proxy.password = Some("s3cret-password".into());
    config.proxy = Some(proxy);
    let new = NewSession::started(session()).with_config(config);
    let asked = waha_client::api::sessions::create(&new);
    let asked: serde_json::Value = serde_json::from_slice(asked.body().unwrap()).unwrap();
    for body in [
        json!({"message": [
            "config.webhooks.0.hmac.key s3cret-hmac is too short",
            "config.proxy.password must not be s3cret-password", "s3cret-header",
        ]}),
        json!({"exception": {"message": "proxy toko:s3cret-password@proxy:3128"}, "request": {"body": asked}}),
    ] {
        let server = Server::start(vec![Act::Reply(answer(400, &body.to_string()))]).await;
        let error = client(&server.address, KEY)
            .sessions()
            .create(&new)
            .await
            .unwrap_err();
        let words = words(&error);
        assert!(words.contains("***") && words.contains("proxy"), "{words}");
        assert_untold("a configuration", &words);
    }
    assert_unlogged();
}

#[tokio::test]
async fn no_error_quotes_what_is_secret_in_an_answer_that_does_not_read() {
    let body = json!({"name": "default", "status": "WORKING", "config": {"webhooks": [
        {"url": "http://h:1/", "events": ["message"], "hmac": "s3cret-hmac"},
    ]}});
    let server = Server::start(vec![Act::Reply(answer(200, &body.to_string()))]).await;
    let waha = client(&server.address, KEY);
    let error = waha.sessions().get(&session()).await.unwrap_err();
    assert_untold("a configuration", &words(&error));
}

#[cfg(feature = "socket")]
mod socket {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
    use waha_client::events::{SocketError, SocketItem, Subscription};

    use super::*;

    /// A server that answers one handshake like this; `frames` follow one that it accepts.
    async fn server(refusal: Option<String>, frames: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let line = head.lines().next().unwrap();
            let nonce = head
                .lines()
                .find_map(|line| line.strip_prefix("sec-websocket-key: "))
                .unwrap();
            let reply = match refusal {
                Some(refusal) => refusal.replace("{line}", line),
                None => format!(
                    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {}\r\n\r\n",
                    derive_accept_key(nonce.as_bytes())
                ),
            };
            stream.write_all(reply.as_bytes()).await.unwrap();
            stream.write_all(&frames).await.unwrap();
            let _ = stream.read_u8().await;
        });
        address
    }

    // By hand: the library's own server would log what it writes, in this same process.
    fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).unwrap();
        assert!(length < 126);
        [&[0x80 | opcode, length], payload].concat()
    }

    fn close(code: u16, reason: &str) -> Vec<u8> {
        frame(8, &[&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// Two that are no events, and one whose payload is none of its kind.
    fn no_events(key: &str) -> Vec<u8> {
        let event = json!({"id": "evt_1", "event": key, "session": []});
        let ack =
            json!({"id": "evt_2", "event": "message.ack", "session": "default", "payload": key});
        let texts = [json!(key).to_string(), event.to_string(), ack.to_string()];
        texts
            .iter()
            .flat_map(|text| frame(1, text.as_bytes()))
            .collect()
    }

    fn say(item: &Result<SocketItem, SocketError>) -> String {
        match item {
            Ok(item) => format!("{item:?}"),
            Err(error) => all_of(error),
        }
    }

    #[tokio::test]
    async fn a_websocket_that_quotes_the_key_brings_it_into_no_error_and_no_log() {
        let _log = &*LOG;
        for key in [KEY, ODD_KEY] {
            let unknown = json!({"message": format!("Cannot {key} {}", percent_encoded(key))});
            let refused = answer(401, &json!({"message": key}).to_string());
            let missing =
                answer(404, &unknown.to_string()).replace("connection: close", "x-asked: {line}");
            let odd = format!(
                "HTTP/1.1 101 {KEY}\r\nsec-websocket-accept: {KEY}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n"
            );
            for (what, refusal, frames, expected) in [
                (
                    "refused",
                    Some(refused),
                    Vec::new(),
                    "refused the websocket",
                ),
                ("missing", Some(missing), Vec::new(), "404"),
                ("odd", Some(odd), Vec::new(), "not a websocket"),
                (
                    "closed for good",
                    None,
                    close(1008, &format!("not {key}")),
                    "not ***",
                ),
                ("closed", None, close(1011, key), "1011"),
                ("no event", None, no_events(key), "not an event"),
                (
                    "no frame",
                    None,
                    [&[0xff_u8], key.as_bytes()].concat(),
                    "connection was lost",
                ),
            ] {
                let address = server(refusal, frames).await;
                let mut stream = client(&address, key).listen(Subscription::new());
                let mut told = String::new();
                while !told.contains(expected) {
                    match stream.next().await {
                        Some(item) => told += &say(&item),
                        None => panic!("{what}: {told}"),
                    }
                }
                if what == "no event" {
                    told += &say(&stream.next().await.unwrap());
                    told += &say(&stream.next().await.unwrap());
                    assert!(
                        told.contains(r#"problem: Some("invalid type: string"#),
                        "{told}"
                    );
                }
                assert_untold(what, &told);
            }
        }
        assert_unlogged();
    }

    #[tokio::test]
    async fn a_number_in_the_servers_words_is_shortened() {
        for frames in [
            close(1008, "not for 6281200000002"),
            frame(
                1,
                br#"{"id": "evt_1", "event": "x", "session": 6281200000002}"#,
            ),
        ] {
            let address = server(None, frames).await;
            let mut stream = client(&address, KEY).listen(Subscription::new());
            let mut told = String::new();
            while !told.contains("628") {
                told += &say(&stream.next().await.unwrap());
            }
            assert!(told.contains("628…02"), "{told}");
            assert!(!told.contains("6281200000002"), "{told}");
        }
    }
}
