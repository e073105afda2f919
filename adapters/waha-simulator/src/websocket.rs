//! `/ws`: the upgrade always succeeds, the key is looked at afterwards, and nothing is replayed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::time::{MissedTickBehavior, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};

use crate::events::Wanted;
use crate::world::World;

/// Who does not answer a ping until the next one is dropped.
const PING_EVERY: Duration = Duration::from_secs(60);

pub(crate) fn is_upgrade(request: &hyper::Request<Incoming>) -> bool {
    request
        .headers()
        .get(header::UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

pub(crate) fn upgrade(
    world: Arc<World>,
    request: hyper::Request<Incoming>,
) -> Response<Full<Bytes>> {
    let accept = request
        .headers()
        .get(header::SEC_WEBSOCKET_KEY)
        .map(|key| derive_accept_key(key.as_bytes()))
        .and_then(|accept| HeaderValue::try_from(accept).ok());
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    world.spawn({
        let world = world.clone();
        async move {
            if let Ok(upgraded) = hyper::upgrade::on(request).await {
                let socket =
                    WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None);
                serve(&world, socket.await, &query).await;
            }
        }
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Some(accept) = accept {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn serve(world: &World, mut socket: Socket, query: &[(String, String)]) {
    let values = |name: &'static str| {
        query
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    if values("x-api-key").next() != Some(world.settings.key.as_str()) {
        let frame = CloseFrame {
            code: CloseCode::Policy,
            reason: "Unauthorized".into(),
        };
        let _ = socket.close(Some(frame)).await;
        // Until the other side has seen it.
        while let Some(Ok(_)) = socket.next().await {}
        return;
    }
    let wanted = (
        Wanted::new(values("session")),
        Wanted::new(values("events")),
    );
    let (number, mut events) = world.events.subscribe(wanted.0, wanted.1);
    let mut pings = tokio::time::interval(world.clock.scaled(PING_EVERY));
    // Two at once would drop a client that could not answer the first.
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    // Who reads nothing cannot answer pings either; what he leaves must not pile up.
    let patience = world.clock.scaled(PING_EVERY * 2);
    let mut answered = true;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => {
                    // Everything that is there goes out in one write.
                    let last = events.is_empty();
                    let written = timeout(patience, async {
                        socket.feed(Message::Text(event)).await?;
                        if last { socket.flush().await } else { Ok(()) }
                    });
                    if !matches!(written.await, Ok(Ok(()))) {
                        break;
                    }
                }
                None => break,
            },
            _ = pings.tick() => {
                if !answered || socket.send(Message::Ping(Bytes::new())).await.is_err() {
                    break;
                }
                answered = false;
            }
            message = socket.next() => match message {
                Some(Ok(Message::Pong(_))) => answered = true,
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                // What clients send is ignored.
                Some(Ok(_)) => {}
            },
        }
    }
    world.events.unsubscribe(number);
}
