//! The simulator over real sockets: sessions, events, faults and connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod connections;
mod engines;
mod events;
mod faults;
mod sessions;

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

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .no_proxy()
        .build()
        .unwrap()
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

async fn send(simulator: &Simulator, text: &str) -> Result<(u16, Value), reqwest::Error> {
    let body = json!({"session": "default", "chatId": CHAT, "text": text});
    call(simulator, Method::POST, "/api/sendText", Some(body)).await
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
