//! Requests that are ready byte for byte, over connections that stay open: who answers is measured, so that asking must cost next to nothing.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Failure;
use crate::bare::{Took, together};

/// A POST of JSON as it goes over the wire.
pub fn post(path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("POST {path} HTTP/1.1\r\nhost: bench\r\n");
    let length = body.len().to_string();
    let own = [
        ("content-type", "application/json"),
        ("content-length", &length),
    ];
    for (name, value) in own.iter().chain(headers) {
        // Writing to a text cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

/// Sends requests in their order, `in_flight` at a time, and waits for each answer.
///
/// # Errors
/// When one of them is not answered with 200.
pub async fn send(address: &str, requests: Vec<Vec<u8>>, in_flight: u32) -> Result<Took, Failure> {
    let messages = u32::try_from(requests.len())?;
    let requests: Arc<[Vec<u8>]> = requests.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut streams = Vec::new();
    for _ in 0..in_flight {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let tasks = streams.into_iter().map(move |mut stream| {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        async move {
            let mut answer = Vec::with_capacity(1_024);
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                stream.write_all(request).await?;
                read(&mut stream, &mut answer).await?;
            }
            Ok(())
        }
    });
    together(messages, tasks).await
}

/// One answer, to its last byte.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(), Failure> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the receiver hung up".into());
        }
        if length(answer)?.is_some_and(|length| answer.len() >= length) {
            return Ok(());
        }
    }
}

/// How long the answer is that begins so; `None` until its head has come.
fn length(answer: &[u8]) -> Result<Option<usize>, Failure> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let mut lines = std::str::from_utf8(&answer[..end])?.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("the receiver answered {status}").into());
    }
    let of_body = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, of_body) = of_body.ok_or("an answer without a length")?;
    Ok(Some(end + 4 + of_body.parse::<usize>()?))
}
