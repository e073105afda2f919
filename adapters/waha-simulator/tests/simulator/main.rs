//! The simulator over real sockets: sessions, every group of calls, events, what people do, limits,
//! faults and connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod changes;
mod chats;
mod connections;
mod contacts;
mod engines;
mod events;
mod faults;
mod groups;
mod inbound;
mod kinds;
mod labels;
mod lids;
mod limits;
mod presence;
mod sessions;
mod truth;

use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use waha_simulator::{Builder, Simulator};

const PHONE: &str = "6281200000001";
const CHAT: &str = "6281200000002@c.us";

/// A paired session `default`, at a speed that makes waits short.
fn simulator() -> Builder {
    Simulator::builder().speed(1000.0).session("default", PHONE)
}

/// The same, slower: for tests that listen and do other things meanwhile. A websocket that nobody
/// reads for two pings is dropped, and at full speed those are 60 ms apart.
fn listened_to() -> Builder {
    simulator().speed(20.0)
}

/// One for all tests, as making one costs more than most tests do. It keeps no connection, which
/// would belong to the runtime of a test that is over.
fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .unwrap()
    })
}

/// Status and body; the body is `Null` when there is none.
async fn call(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<(u16, Value), reqwest::Error> {
    let mut request = client()
        .request(method, format!("{}{path}", simulator.url()))
        .header("X-Api-Key", simulator.key());
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(if text.is_empty() {
        Value::Null
    } else {
        text.into()
    });
    Ok((status, body))
}

async fn get(simulator: &Simulator, path: &str) -> (u16, Value) {
    call(simulator, Method::GET, path, None).await.unwrap()
}

async fn post(simulator: &Simulator, path: &str, body: Value) -> (u16, Value) {
    call(simulator, Method::POST, path, Some(body))
        .await
        .unwrap()
}

async fn put(simulator: &Simulator, path: &str, body: Value) -> (u16, Value) {
    call(simulator, Method::PUT, path, Some(body))
        .await
        .unwrap()
}

async fn delete(simulator: &Simulator, path: &str) -> (u16, Value) {
    call(simulator, Method::DELETE, path, None).await.unwrap()
}

/// A text to somebody; the status, and the body.
async fn send_to(simulator: &Simulator, chat: &str, text: &str) -> (u16, Value) {
    let body = json!({"session": "default", "chatId": chat, "text": text});
    post(simulator, "/api/sendText", body).await
}

async fn send(simulator: &Simulator, text: &str) -> Result<(u16, Value), reqwest::Error> {
    let body = json!({"session": "default", "chatId": CHAT, "text": text});
    call(simulator, Method::POST, "/api/sendText", Some(body)).await
}

/// Waits for what no event tells.
async fn until(what: impl Fn() -> bool) {
    let waiting = async {
        while !what() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .expect("it comes about");
}

/// Events of a websocket, which exists once this returns.
struct Listener(
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
);

impl Listener {
    async fn new(simulator: &Simulator, query: &str) -> Self {
        let before = simulator.sockets();
        let url = format!(
            "ws://{}/ws?{query}&x-api-key={}",
            simulator.address(),
            simulator.key()
        );
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        while simulator.sockets() == before {
            tokio::task::yield_now().await;
        }
        Self(socket)
    }

    /// The next event; `None` once the connection is gone.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next event of that name.
    async fn next_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.next().await.expect("the websocket is open");
            if event["event"] == name {
                return event;
            }
        }
    }
}
