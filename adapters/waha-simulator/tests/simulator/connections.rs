//! Sockets: kept alive for 5 s, reset and closed when a fault says so, bodies too large.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waha_simulator::{AckTiming, Fault, FaultRates, Simulator};

use crate::{Listener, simulator, until};

async fn ask(simulator: &Simulator, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(simulator.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

fn send_text(simulator: &Simulator) -> String {
    let body = r#"{"session":"default","chatId":"6281200000002@c.us","text":"x"}"#;
    format!(
        "POST /api/sendText HTTP/1.1\r\nHost: x\r\nX-Api-Key: {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        simulator.key(),
        body.len()
    )
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_five_seconds() {
    // The speed must not matter: sockets live in real time.
    let simulator = simulator().start().await.unwrap();
    let mut stream = ask(&simulator, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let begun = Instant::now();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
    assert!(all.contains("keep-alive: timeout=5"), "{all}");
    assert!(all.ends_with(r#"{"message":"pong"}"#), "{all}");
    let open = begun.elapsed();
    assert!(
        (Duration::from_millis(4_500)..Duration::from_secs(8)).contains(&open),
        "{open:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_shut_down_answers_on_no_connection_any_more() {
    for _ in 0..50 {
        let simulator = simulator().start().await.unwrap();
        let request = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
        let mut stream = ask(&simulator, request).await;
        let mut answer = [0; 4096];
        assert!(stream.read(&mut answer).await.unwrap() > 0);
        simulator.shutdown().await;
        let _reset = stream.write_all(request.as_bytes()).await;
        let answered = stream.read(&mut answer).await;
        assert!(matches!(answered, Ok(0) | Err(_)), "{answered:?}");
    }
}

#[tokio::test]
async fn resets_and_silent_closes_are_told_apart() {
    for (fault, reset) in [
        (Fault::ResetBefore, true),
        (Fault::ResetAfter, true),
        (Fault::AnswerLost, false),
    ] {
        let simulator = simulator()
            .faults(FaultRates::none().with(fault, 1.0))
            .start()
            .await
            .unwrap();
        let mut stream = ask(&simulator, &send_text(&simulator)).await;
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{fault}");
        let kind = read.err().map(|error| error.kind());
        assert_eq!(
            kind == Some(std::io::ErrorKind::ConnectionReset),
            reset,
            "{fault}: {kind:?}"
        );
    }
}

#[tokio::test]
async fn a_body_over_fifty_mebibytes_answers_500_before_authentication() {
    let simulator = simulator().start().await.unwrap();
    let length = 51 * 1024 * 1024;
    let head = format!(
        "POST /api/sendText HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let mut stream = ask(&simulator, &head).await;
    stream.write_all(&vec![b' '; length]).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains("entity.too.large"), "{answer}");
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let simulator = simulator().start().await.unwrap();
    let ask = |tag: Option<String>| {
        let mut request = crate::client()
            .get(format!("{}/api/version", simulator.url()))
            .header("X-Api-Key", simulator.key());
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        request.send()
    };
    let tag = ask(None).await.unwrap().headers()["etag"]
        .to_str()
        .unwrap()
        .to_owned();
    let again = ask(Some(tag)).await.unwrap();
    assert_eq!(again.status(), 304);
    assert!(again.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_websocket_that_reads_nothing_is_dropped() {
    let simulator = simulator().acks(AckTiming::none()).start().await.unwrap();
    let _deaf = Listener::new(&simulator, "events=message").await;
    let large = "x".repeat(1 << 20);
    // More than the buffers of two sockets hold.
    for _ in 0..32 {
        simulator
            .inbound("default", "6281200000002", "Ani", &large)
            .unwrap();
    }
    until(|| simulator.sockets() == 0).await;
}
