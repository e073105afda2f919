//! The websocket stream against a small server: events, gaps, refusals, pings, and where the key is seen.

#![cfg(feature = "socket")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tracing_subscriber::fmt::MakeWriter;
use waha_client::events::{SocketError, SocketItem, Subscription};
use waha_client::{SessionName, WahaClient};

const KEY: &str = "s3cret key&?";

type ServerSocket = WebSocketStream<TcpStream>;

/// Accepts websockets and hands each out with the request line it came with.
async fn server() -> (String, mpsc::Receiver<(String, ServerSocket)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let nonce = head
                .lines()
                .find_map(|line| line.strip_prefix("sec-websocket-key: "))
                .unwrap();
            let reply = format!(
                "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {}\r\n\r\n",
                derive_accept_key(nonce.as_bytes())
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
            let line = head.lines().next().unwrap().to_owned();
            let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let _ = sender.send((line, socket)).await;
        }
    });
    (address, receiver)
}

fn client(address: &str) -> WahaClient {
    WahaClient::builder(address).api_key(KEY).build().unwrap()
}

fn ack(id: &str) -> Frame {
    Frame::text(format!(
        r#"{{"id":"{id}","timestamp":1,"event":"message.ack","session":"default","payload":{{"id":"true_1@c.us_AA","fromMe":true,"ack":1}}}}"#
    ))
}

async fn event_id(stream: &mut waha_client::events::EventStream) -> String {
    match stream.next().await.unwrap().unwrap() {
        SocketItem::Event(event) => event.id,
        other => panic!("expected an event, got {other:?}"),
    }
}

#[tokio::test]
async fn events_come_in_and_pings_are_answered() {
    let (address, mut accepted) = server().await;
    let session = SessionName::new("default").unwrap();
    let wanted = Subscription::new()
        .session(&session)
        .events(["message.ack", "session.status"]);
    let mut stream = client(&address).listen(wanted);
    let serving = tokio::spawn(async move {
        let (line, mut socket) = accepted.recv().await.unwrap();
        socket.send(ack("evt_1")).await.unwrap();
        socket.send(Frame::Ping("p".into())).await.unwrap();
        socket.send(Frame::text("not an event")).await.unwrap();
        socket.send(ack("evt_2")).await.unwrap();
        let answer = socket.next().await.unwrap().unwrap();
        (line, answer, socket)
    });
    assert!(matches!(
        stream.next().await,
        Some(Ok(SocketItem::Connected))
    ));
    assert_eq!(event_id(&mut stream).await, "evt_1");
    assert!(matches!(
        stream.next().await,
        Some(Err(SocketError::NotAnEvent(_)))
    ));
    assert_eq!(event_id(&mut stream).await, "evt_2");
    let (line, answer, _socket) = tokio::select! {
        served = serving => served.unwrap(),
        item = stream.next() => panic!("unexpected {item:?}"),
    };
    assert_eq!(answer, Frame::Pong("p".into()));
    assert_eq!(
        line,
        "GET /ws?session=default&events=message.ack&events=session.status&x-api-key=s3cret+key%26%3F HTTP/1.1"
    );
}

#[tokio::test]
async fn a_lost_connection_is_a_gap_and_then_events_flow_again() {
    let (address, mut accepted) = server().await;
    let mut stream = client(&address).listen(Subscription::new());
    let serving = tokio::spawn(async move {
        for id in ["evt_1", "evt_2"] {
            let (_, mut socket) = accepted.recv().await.unwrap();
            socket.send(ack(id)).await.unwrap();
        }
    });
    for id in ["evt_1", "evt_2"] {
        assert!(matches!(
            stream.next().await,
            Some(Ok(SocketItem::Connected))
        ));
        assert_eq!(event_id(&mut stream).await, id);
        assert!(matches!(stream.next().await, Some(Ok(SocketItem::Gap(_)))));
    }
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_absent_server_is_a_gap_with_growing_delays() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mut stream = client(&format!("http://{closed}")).listen(Subscription::new());
    let mut delays = Vec::new();
    for _ in 0..2 {
        match stream.next().await {
            Some(Ok(SocketItem::Gap(gap))) => delays.push(gap.retry_in),
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(
        delays[1] >= 2 * std::time::Duration::from_millis(500),
        "{delays:?}"
    );
}

#[tokio::test]
async fn a_server_silent_for_longer_than_its_pings_is_a_gap() {
    let (address, mut accepted) = server().await;
    let mut stream = client(&address).listen(Subscription::new());
    let (connected, served) = tokio::join!(stream.next(), accepted.recv());
    assert!(matches!(connected, Some(Ok(SocketItem::Connected))));
    let (_line, _socket) = served.unwrap();
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let Some(Ok(SocketItem::Gap(gap))) = stream.next().await else {
        panic!("expected a gap")
    };
    assert_eq!(began.elapsed().as_secs(), 75);
    assert!(gap.why.contains("silent"), "{gap:?}");
}

#[tokio::test]
async fn a_refused_key_ends_the_stream() {
    let (address, mut accepted) = server().await;
    let mut stream = client(&address).listen(Subscription::new());
    tokio::spawn(async move {
        let (_, mut socket) = accepted.recv().await.unwrap();
        let frame = CloseFrame {
            code: CloseCode::Policy,
            reason: "Unauthorized".into(),
        };
        socket.close(Some(frame)).await.unwrap();
        while socket.next().await.is_some() {}
    });
    let Some(Err(SocketError::Refused(why))) = stream.next().await else {
        panic!("expected a refusal")
    };
    assert_eq!(why, "Unauthorized");
    assert!(stream.next().await.is_none());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// As WAHA answers when a proxy leaves out the upgrade: with the path it was asked for, query included.
#[tokio::test]
async fn a_server_that_quotes_the_websockets_url_does_not_bring_the_key_into_a_gap() {
    for status in [200, 404, 502] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let body = format!(
                r#"{{"message":"Cannot GET {path} ({KEY})","error":"Not Found","statusCode":{status}}}"#
            );
            let reply = format!(
                "HTTP/1.1 {status} No\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
        });
        let Some(Ok(SocketItem::Gap(gap))) =
            client(&address).listen(Subscription::new()).next().await
        else {
            panic!("expected a gap")
        };
        assert!(gap.why.contains(&status.to_string()), "{gap:?}");
        assert!(!gap.why.contains("s3cret"), "{gap:?}");
    }
}

#[tokio::test]
async fn the_key_is_in_no_log_at_any_level_and_in_no_error() {
    let log = Log::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .init();
    let (address, mut accepted) = server().await;
    let waha = client(&address);
    let mut stream = waha.listen(Subscription::new());
    tokio::spawn(async move {
        let (_, mut socket) = accepted.recv().await.unwrap();
        socket.send(ack("evt_1")).await.unwrap();
    });
    assert!(matches!(
        stream.next().await,
        Some(Ok(SocketItem::Connected))
    ));
    assert_eq!(event_id(&mut stream).await, "evt_1");
    let gap = format!("{:?} {stream:?} {waha:?}", stream.next().await);
    let refused = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let failed = client(&format!("http://{refused}"));
    let gap = format!(
        "{gap} {:?}",
        failed.listen(Subscription::new()).next().await
    );
    let error = failed.server().version().await.unwrap_err();
    let seen = String::from_utf8(log.0.lock().unwrap().clone()).unwrap() + &gap;
    let seen = format!("{seen} {error} {error:?}");
    assert!(
        seen.contains("TRACE") && seen.contains("websocket"),
        "the log is on"
    );
    for secret in [KEY, "s3cret", "x-api-key="] {
        assert!(!seen.contains(secret), "{seen}");
    }
}
