//! Receives what happens in a session: by websocket, and by webhook with its signature checked.
//!
//! ```sh
//! cargo run -p examples --example receive_events
//! ```
//!
//! A websocket needs no address of ours, but replays nothing: after a gap, look up what may have been missed. A webhook needs an
//! address that WAHA reaches; it comes again until it is answered with 2xx, so the same event may come several times.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use examples::say;
use tokio::sync::mpsc;
use waha_client::events::{SocketItem, Subscription, Webhook, WebhookError};
use waha_client::{ChatId, Event, Payload, SessionName, TextMessage, WahaClient};
use waha_simulator::{GlobalWebhook, Simulator};

/// Both sides know it: here, and in the session's webhook settings (`hmac.key`).
const HOOK_KEY: &str = "a long random text";

struct Hook {
    webhook: Webhook,
    events: mpsc::Sender<Event>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (events, mut received) = mpsc::channel(100);
    let hook = Arc::new(Hook {
        webhook: Webhook::new(HOOK_KEY),
        events,
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = Router::new().route("/waha", post(take)).with_state(hook);
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let simulator = Simulator::builder()
        .session("default", "6281200000001")
        .webhook(GlobalWebhook {
            url: format!("http://{address}/waha"),
            events: vec!["message.ack".to_owned()],
            hmac_key: Some(HOOK_KEY.to_owned()),
        })
        .start()
        .await?;
    let waha = WahaClient::builder(simulator.url())
        .api_key(simulator.key())
        .build()?;
    let session = SessionName::new("default")?;

    // By websocket: somebody writes to us.
    let mut stream = waha.listen(Subscription::new().session(&session).events(["message"]));
    while let Some(item) = stream.next().await {
        match item {
            Ok(SocketItem::Connected) => {
                simulator.inbound("default", "6281234567890", "Budi", "Halo juga")?;
            }
            Ok(SocketItem::Event(event)) => {
                show("websocket", &event);
                break;
            }
            Ok(SocketItem::Gap(gap)) => say(format_args!("interrupted: {}", gap.why)),
            Ok(_) => {}
            Err(error) => say(format_args!("websocket: {error}")),
        }
    }

    // By webhook: how far a message of ours got.
    let chat = ChatId::phone("6281234567890")?;
    waha.chatting()
        .send_text(&TextMessage::new(&session, &chat, "Halo!"))
        .await?;
    let event = received.recv().await.ok_or("nothing came")?;
    show("webhook", &event);
    simulator.shutdown().await;
    Ok(())
}

/// Answers at once, and leaves the work to others: WAHA waits for the answer and sends again.
async fn take(State(hook): State<Arc<Hook>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match hook.webhook.open(&headers, &body, SystemTime::now()) {
        Ok(event) => match hook.events.try_send(event) {
            Ok(()) => StatusCode::OK,
            // It will come again.
            Err(_) => StatusCode::SERVICE_UNAVAILABLE,
        },
        Err(WebhookError::NotAnEvent(_)) => StatusCode::BAD_REQUEST,
        Err(_) => StatusCode::UNAUTHORIZED,
    }
}

fn show(way: &str, event: &Event) {
    match &event.payload {
        Payload::Message(message) => {
            say(format_args!("{way}: somebody wrote {:?}", message.body));
        }
        Payload::Ack(ack) => say(format_args!("{way}: {} is at {:?}", ack.id.bare(), ack.ack)),
        other => say(format_args!("{way}: {other:?}")),
    }
}
